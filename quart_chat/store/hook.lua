-- Note how far a hook has come, unless somebody else did meanwhile, or the hook is gone.
--
-- KEYS  1 rules
-- ARGV  1 its field  2 what was read of it  3 what it is from now on
-- Gives 1; 0 where nothing was noted.

if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
