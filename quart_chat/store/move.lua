-- Put something off that is to be done, or take it off the list, unless it was listed anew meanwhile.
--
-- KEYS  1 the list
-- ARGV  1 what is to be done  2 when it was due, ms  3 when it is due from now on, ms; '': it is done
-- Gives 1; 0 where it is due at another time, and stays so.

local due = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not due or tonumber(due) ~= tonumber(ARGV[2]) then return 0 end
if ARGV[3] == '' then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
end
return 1
