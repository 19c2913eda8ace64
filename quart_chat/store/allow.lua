-- Take events of a limit, as many as it has left (GCRA: one number a key, the time at which all would be earned back).
--
-- KEYS  1 allowance
-- ARGV  1 ms in which one event is earned  2 events that may come at once  3 events wanted
-- Gives how many were taken, and the ms until the next one will be left; 0 where all were.

local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local interval, most, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
-- a clock set back leaves a time far ahead: more than all events earned at once it cannot be
local held = math.min(tonumber(redis.call('GET', KEYS[1]) or 0), now + interval * most)
local full = math.max(held, now)
-- the time of day has 12 digits before the point: what rounding takes off its end must not cost an event
local left = math.floor((now + interval * most - full + 0.002) / interval)
local taken = math.max(0, math.min(wanted, left))
if taken > 0 then
  full = full + taken * interval
  redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.max(1, math.ceil(full - now)))
end
if taken == wanted then return { taken, 0 } end
return { taken, math.max(1, math.ceil(full + interval - interval * most - now)) }
