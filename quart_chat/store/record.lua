-- Note what was done in a room's record, which stays as long as the room; nothing where there is no room.
--
-- KEYS  1 meta  2 record
-- ARGV  1 deeds that are kept  and then fields and their values

if redis.call('EXISTS', KEYS[1]) == 0 then return end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[1], '*', unpack(ARGV, 2))
local stays = redis.call('PTTL', KEYS[1])
if stays > 0 then redis.call('PEXPIRE', KEYS[2], stays) end
