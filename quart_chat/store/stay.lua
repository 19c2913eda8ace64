-- Invite all who are known to have read a room, and all who are named as here: it closes, and they stay. Not who is banned.
--
-- KEYS  1 rules  2 read  3 here
-- ARGV  1 now, ms

local fields = {}

local function write()
  if #fields > 0 then redis.call('HSET', KEYS[1], unpack(fields)) end
  fields = {}
end

local banned = {}
local held = redis.call('HGETALL', KEYS[1])
for i = 1, #held, 2 do
  local public = string.match(held[i], '^(%x+) banned$')
  if public and tonumber(held[i + 1]) > tonumber(ARGV[1]) then banned[public] = true end
end

local function stay(public)
  if banned[public] then return end
  table.insert(fields, public .. ' invited')
  table.insert(fields, '1')
  if #fields >= 400 then write() end
end

for _, public in ipairs(redis.call('HKEYS', KEYS[2])) do stay(public) end
for _, lease in ipairs(redis.call('HVALS', KEYS[3])) do
  local till, people = string.match(lease, '^(%d+) (.*)$')
  local whole, listed = pcall(cjson.decode, people or '')
  if whole and tonumber(till) > tonumber(ARGV[1]) then
    for _, person in ipairs(listed.p or {}) do stay(person[1]) end
  end
end
write()
