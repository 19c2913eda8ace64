-- Let somebody in by an invite, which is for so many people and until some time.
--
-- KEYS  1 meta  2 rules  3 members
-- ARGV  1 the invite's field, "LEFT UNTIL"  2 who it is, and 3 how they are called  4 now, ms
-- Gives 1; 0 where the invite is over or there is none. Who was let in before takes no place of it.

local left, till = string.match(redis.call('HGET', KEYS[2], ARGV[1]) or '', '^(%d+) (%d+)$')
if not left or tonumber(till) <= tonumber(ARGV[4]) then return 0 end
if redis.call('HEXISTS', KEYS[3], ARGV[2]) == 1 then return 1 end
if tonumber(left) < 1 then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], string.format('%.0f %s', left - 1, till))
redis.call('HSET', KEYS[3], ARGV[2], ARGV[3])
local stays = redis.call('PTTL', KEYS[1])
if stays > 0 then redis.call('PEXPIRE', KEYS[3], stays) end
return 1
