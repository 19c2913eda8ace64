-- Say which files may be taken away: no message holds them, and none is on its way in.
--
-- KEYS  1 uploads  2 files
-- ARGV  1 key of the upload that ends; '': none  2 ms that taking away may take  and then digests
-- Gives those digests, which nobody may bring in until they are gone or that time is over.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[1] ~= '' then redis.call('HDEL', KEYS[1], ARGV[1]) end
local busy = {}
local held = redis.call('HGETALL', KEYS[1])
for i = 1, #held, 2 do
  local expires, digests = string.match(held[i + 1], '^(%d+) ?(.*)$')
  if tonumber(expires) <= now then
    redis.call('HDEL', KEYS[1], held[i])
  else
    for digest in string.gmatch(digests, '%x+') do busy[digest] = true end
  end
end
local gone = {}
for i = 3, #ARGV do
  local digest = ARGV[i]
  if not busy[digest] and redis.call('HEXISTS', KEYS[2], digest) == 0 then
    busy[digest] = true
    redis.call('HSET', KEYS[1], '-' .. digest, string.format('%.0f', now + ARGV[2]))
    table.insert(gone, digest)
  end
end
if #gone > 0 and redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return gone
