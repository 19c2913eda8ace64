-- Write fields of a room's rules, say so on its channel, and let them stay as long as the room; nothing where there is no room.
--
-- KEYS  1 meta  2 rules  3 channel  4 members
-- ARGV  1 what is said; '': nothing  2 a role that this gives, or '': then a room keeps an owner  3 whose role it is, or ''
--       4 who becomes a member, under which name, or is none any more: "+PUBLIC NAME", "-PUBLIC" or ''
--       and then fields and their values; a value '' takes its field away
-- Gives 1; 0 where there is no such room; -1 where it would be left without an owner.

if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end

if ARGV[3] ~= '' and ARGV[2] ~= 'owner' and redis.call('HGET', KEYS[2], ARGV[3] .. ' role') == 'owner' then
  local held, others = redis.call('HGETALL', KEYS[2]), false
  for i = 1, #held, 2 do
    if held[i + 1] == 'owner' and string.sub(held[i], -5) == ' role' and held[i] ~= ARGV[3] .. ' role' then others = true end
  end
  if not others then return -1 end
end

local how, public, name = string.match(ARGV[4], '^([+-])(%x+) ?(.*)$')
if how == '+' then redis.call('HSET', KEYS[4], public, name) end
if how == '-' then redis.call('HDEL', KEYS[4], public) end
for i = 5, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', KEYS[2], ARGV[i])
  else
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  end
end
local stays = redis.call('PTTL', KEYS[1])
for _, key in ipairs({ KEYS[2], KEYS[4] }) do
  if stays > 0 then redis.call('PEXPIRE', key, stays) else redis.call('PERSIST', key) end
end
if ARGV[1] ~= '' then redis.call('SPUBLISH', KEYS[3], ARGV[1]) end
return 1
