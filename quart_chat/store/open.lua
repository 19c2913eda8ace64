-- Open a room under a title; whoever does owns it. An open room keeps what it has. It follows shut.lua.
--
-- KEYS  1 meta  2 rules  3 members
-- ARGV  1 title  2 now, ms  3 ms an unused room stays, 0: ever  4 who opens it, and 5 how they are called
-- Gives 1; 0 where the address is closed to them.

if is_shut(KEYS[1], KEYS[2], ARGV[4]) then return 0 end
if redis.call('HSETNX', KEYS[1], 'title', ARGV[1]) == 1 then
  redis.call('HSET', KEYS[1], 'opened', ARGV[2])
  redis.call('DEL', KEYS[2], KEYS[3])  -- of a room of that name before
  redis.call('HSET', KEYS[2], ARGV[4] .. ' role', 'owner', ARGV[4] .. ' name', ARGV[5])
end
if ARGV[3] ~= '0' then
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[3]) end
end
return 1
