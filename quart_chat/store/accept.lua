-- Let somebody in by an invite, which is for so many people and until some time.
--
-- KEYS  1 rules
-- ARGV  1 the invite's field, "LEFT UNTIL"  2 the field that says that they are invited  3 now, ms
-- Gives 1; 0 where the invite is over or there is none. Who is invited takes no place of it.

local left, till = string.match(redis.call('HGET', KEYS[1], ARGV[1]) or '', '^(%d+) (%d+)$')
if not left or tonumber(till) <= tonumber(ARGV[3]) then return 0 end
if redis.call('HEXISTS', KEYS[1], ARGV[2]) == 1 then return 1 end
if tonumber(left) < 1 then return 0 end
redis.call('HSET', KEYS[1], ARGV[2], '1', ARGV[1], string.format('%.0f %s', left - 1, till))
return 1
