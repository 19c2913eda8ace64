-- Give somebody a proved name, or give it up.
--
-- KEYS  1 deed
-- ARGV  1 person  2 name; '': give it up for all who have it  3 the phrase's new hash; '': as it is
--       4 the hash that the person's phrase was found to fit; ''  for none  5 ms it stays unused  6 most people of it
-- Gives, where it is taken: 1: it is theirs; 0: it is somebody else's, or too many have it. Where it is given up: who had it.

local field = 'p:' .. ARGV[1]
local held = redis.call('HGET', KEYS[1], 'phrase')
local theirs = redis.call('HEXISTS', KEYS[1], field) == 1

if ARGV[2] == '' then
  local people = {}
  if not theirs then return people end
  for _, one in ipairs(redis.call('HKEYS', KEYS[1])) do
    local person = string.match(one, '^p:(.*)$')
    if person then table.insert(people, person) end
  end
  redis.call('DEL', KEYS[1])
  return people
end

if held then
  if not theirs and (ARGV[4] == '' or held ~= ARGV[4]) then return 0 end
elseif ARGV[3] == '' then
  return 0
end
-- two fields are the name and the phrase
if held and not theirs and redis.call('HLEN', KEYS[1]) - 2 >= tonumber(ARGV[6]) then return 0 end
redis.call('HSET', KEYS[1], 'name', ARGV[2], field, '')
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'phrase', ARGV[3]) end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1
