-- Delete a room. One that is closed stays so for a while, and nobody is let in but who deletes it.
--
-- KEYS  1 rules  and then all that a room is made of
-- ARGV  1 public id of who deletes it, '' for nobody  2 ms for which it stays closed (`shut.lua`)
-- Gives how many of them there were.

local rules = redis.call('HGET', KEYS[1], 'rules')
local name = redis.call('HGET', KEYS[1], ARGV[1] .. ' name')
local gone = redis.call('DEL', unpack(KEYS, 2))
local whole, held = pcall(cjson.decode, rules or '')
local torn = not whole or type(held) ~= 'table' or held.writers == nil  -- which let in nobody, either
if gone > 0 and rules and (torn or held.closed) then
  redis.call('HSET', KEYS[1], 'rules', rules, 'gone', '1')
  if ARGV[1] ~= '' then redis.call('HSET', KEYS[1], ARGV[1] .. ' role', 'owner', ARGV[1] .. ' name', name or '') end
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return gone
