-- Take one event of a limit, if it has one left (GCRA: one number a key, the time at which all would be earned back).
--
-- KEYS  1 allowance
-- ARGV  1 ms in which one event is earned  2 events that may come at once
-- Gives 0 when taken, else the ms until one will be.

local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
-- a clock set back leaves a time far ahead: more than all events earned at once it cannot be
local held = math.min(tonumber(redis.call('GET', KEYS[1]) or 0), now + ARGV[1] * ARGV[2])
local full = math.max(held, now) + ARGV[1]
local wait = full - ARGV[1] * ARGV[2] - now
if wait > 0 then return math.ceil(wait) end
redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.max(1, math.ceil(full - now)))
return 0
