-- Invite all who are known to have read a room, and all who are named as here: it closes, and they stay.
--
-- KEYS  1 rules  2 read  3 here

local function stay(public) redis.call('HSET', KEYS[1], public .. ' invited', '1') end

for _, public in ipairs(redis.call('HKEYS', KEYS[2])) do stay(public) end
for _, lease in ipairs(redis.call('HVALS', KEYS[3])) do
  local whole, held = pcall(cjson.decode, string.match(lease, '^%d+ (.*)$') or '')
  for _, person in ipairs(whole and held.p or {}) do stay(person[1]) end
end
