-- Renew a worker's lease on who is in a room, drop what others let lapse, and tell who is left.
--
-- KEYS  1 here  2 channel  3 names
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
  redis.call('PEXPIRE', KEYS[3], 120000)
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
if #lapsed > 0 then
  redis.call('HDEL', KEYS[1], unpack(lapsed))
  -- what is left of the names that those workers' people had; seldom enough to look through all
  local names = redis.call('HGETALL', KEYS[3])
  for i = 1, #names, 2 do
    local left = false
    for worker in string.gmatch(string.match(names[i + 1], ' (.*)$'), '%S+') do
      left = left or redis.call('HEXISTS', KEYS[1], worker) == 1
    end
    if not left then redis.call('HDEL', KEYS[3], names[i]) end
  end
end
if ARGV[4] == '1' then redis.call('SPUBLISH', KEYS[2], 'here') end
return people
