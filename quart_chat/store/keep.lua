-- Put off the end of a room that is there; what is left of one that is not ends when it would have.
--
-- KEYS  1 meta  and then all that a room is made of
-- ARGV  1 ms an unused room stays

if redis.call('EXISTS', KEYS[1]) == 0 then return end
for i = 2, #KEYS do redis.call('PEXPIRE', KEYS[i], ARGV[1]) end
