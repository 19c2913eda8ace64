-- Count an address's sockets over all workers.
--
-- KEYS  1 sockets
-- ARGV  1 worker  2 how many it has more or less now; 'all 3': it has three  3 ms until that lapses
--       4 the most of all workers
-- Gives 1 when it is within the limit and noted; 0 when one more would be too many, and nothing is noted.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local own, others, lapsed = 0, 0, {}
local held = redis.call('HGETALL', KEYS[1])
for i = 1, #held, 2 do
  local count, expires = string.match(held[i + 1], '^(%d+) (%d+)$')
  -- further ahead than the lapse it was written before the clock was set back
  if tonumber(expires) <= now or tonumber(expires) > now + ARGV[3] then
    table.insert(lapsed, held[i])
  elseif held[i] == ARGV[1] then
    own = tonumber(count)
  else
    others = others + tonumber(count)
  end
end
if #lapsed > 0 then redis.call('HDEL', KEYS[1], unpack(lapsed)) end

local all = string.match(ARGV[2], '^all (%d+)$')
if all then
  own = tonumber(all)
else
  local more = tonumber(ARGV[2])
  if more > 0 and own + others + more > tonumber(ARGV[4]) then return 0 end
  own = math.max(0, own + more)
end
if own == 0 then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %.0f', own, now + ARGV[3]))
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return 1
