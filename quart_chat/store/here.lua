-- Renew a worker's lease on who is in a room, drop what others let lapse, and tell who is left.
--
-- KEYS  1 here  2 channel
-- ARGV  1 worker  2 its people as JSON; '': leave as it is  3 ms of the lease; 0: give it up  4 '1': tell the room
--       5 ms of the longest lease
-- Gives the JSON of every worker whose lease holds.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[3] == '0' then
  redis.call('HDEL', KEYS[1], ARGV[1])
elseif ARGV[2] ~= '' then
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %s', now + ARGV[3], ARGV[2]))
  redis.call('PEXPIRE', KEYS[1], 120000)
end

local people, lapsed = {}, {}
local held = redis.call('HGETALL', KEYS[1])
for i = 1, #held, 2 do
  local expires, json = string.match(held[i + 1], '^(%d+) (.*)$')
  -- further ahead than a lease it was written before the clock was set back
  if tonumber(expires) <= now or tonumber(expires) > now + ARGV[5] then
    table.insert(lapsed, held[i])
  else
    table.insert(people, json)
  end
end
if #lapsed > 0 then redis.call('HDEL', KEYS[1], unpack(lapsed)) end
if ARGV[4] == '1' then redis.call('SPUBLISH', KEYS[2], 'here') end
return people
