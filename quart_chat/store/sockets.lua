-- Count an address's sockets over all workers.
--
-- KEYS  1 sockets
-- ARGV  1 worker  2 its own count now  3 ms until that lapses  4 the most of all workers; 0: any number
-- Gives 1 when it is within the limit and noted, else 0 and nothing is noted.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local sum, lapsed = tonumber(ARGV[2]), {}
local held = redis.call('HGETALL', KEYS[1])
for i = 1, #held, 2 do
  local count, expires = string.match(held[i + 1], '^(%d+) (%d+)$')
  if tonumber(expires) <= now then
    table.insert(lapsed, held[i])
  elseif held[i] ~= ARGV[1] then
    sum = sum + tonumber(count)
  end
end
if #lapsed > 0 then redis.call('HDEL', KEYS[1], unpack(lapsed)) end
local most = tonumber(ARGV[4])
if most > 0 and sum > most then return 0 end
if ARGV[2] == '0' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%s %.0f', ARGV[2], now + ARGV[3]))
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return 1
