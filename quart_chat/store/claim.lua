-- Say that files are on their way in, so that nobody takes them away before a message holds them.
--
-- KEYS  1 uploads
-- ARGV  1 the upload's key  2 ms that it may take  and then the files' digests
-- Gives 1; 0 where one of them is just being taken away, and nothing was done.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 3, #ARGV do
  if tonumber(redis.call('HGET', KEYS[1], '-' .. ARGV[i]) or 0) > now then return 0 end
end
local stays = string.format('%.0f', now + ARGV[2])
redis.call('HSET', KEYS[1], ARGV[1], stays .. ' ' .. table.concat(ARGV, ' ', 3))
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1
