-- Give a room other hooks, if it still has those that whoever asks has read. They stay as long as its rules.
--
-- KEYS  1 meta  2 rules  3 last
-- ARGV  1 the hooks that were read, and 2 as they are to be, as JSON; '': none  3 id of one that begins here; '': none
--       4 id of one that goes; '': none
-- Gives 1; 0 where it has others by now; -1 where there is no such room.

if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
if (redis.call('HGET', KEYS[2], 'hooks') or '') ~= ARGV[1] then return 0 end
if ARGV[2] == '' then
  redis.call('HDEL', KEYS[2], 'hooks')
else
  redis.call('HSET', KEYS[2], 'hooks', ARGV[2])
end
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[2], 'hook ' .. ARGV[3], (redis.call('GET', KEYS[3]) or '0-0') .. ' 1 0 0 0 0 ')
end
if ARGV[4] ~= '' then redis.call('HDEL', KEYS[2], 'hook ' .. ARGV[4]) end
local stays = redis.call('PTTL', KEYS[1])
if stays > 0 then redis.call('PEXPIRE', KEYS[2], stays) else redis.call('PERSIST', KEYS[2]) end
return 1
