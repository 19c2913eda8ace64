-- Let in for good all who are known to have read a room, wrote in it lately, or are named as here: it closes, and they stay.
-- Not who is banned.
--
-- KEYS  1 rules  2 read  3 here  4 meta  5 members  6 messages
-- ARGV  1 now, ms  2 messages that are looked through for who wrote; 0: none

local banned, written = {}, {}
local held = redis.call('HGETALL', KEYS[1])
for i = 1, #held, 2 do
  local public = string.match(held[i], '^(%x+) banned$')
  if public and tonumber(held[i + 1]) > tonumber(ARGV[1]) then banned[public] = true end
end

local function stay(public, name)
  if not banned[public] and (name ~= '' or redis.call('HEXISTS', KEYS[5], public) == 0) then
    redis.call('HSET', KEYS[5], public, name)
  end
end

for _, public in ipairs(redis.call('HKEYS', KEYS[2])) do stay(public, '') end
local rows = ARGV[2] ~= '0' and redis.call('XREVRANGE', KEYS[6], '+', '-', 'COUNT', ARGV[2]) or {}
for _, row in ipairs(rows) do
  local author, name
  for i = 1, #row[2], 2 do
    if row[2][i] == 'author' then author = row[2][i + 1] end
    if row[2][i] == 'name' then name = row[2][i + 1] end
  end
  if author and not written[author] then
    written[author] = true  -- the newest name
    stay(author, name or '')
  end
end
for _, lease in ipairs(redis.call('HVALS', KEYS[3])) do
  local till, people = string.match(lease, '^(%d+) (.*)$')
  local whole, listed = pcall(cjson.decode, people or '')
  if whole and tonumber(till) > tonumber(ARGV[1]) then
    for _, person in ipairs(listed.p or {}) do stay(person[1], person[2]) end
  end
end
local stays = redis.call('PTTL', KEYS[4])
if stays > 0 then redis.call('PEXPIRE', KEYS[5], stays) end
