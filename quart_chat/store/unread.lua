-- Count what is new to somebody in a room, and give the last that was said there.
--
-- KEYS  1 read  2 messages  3 meta  4 changes  5 last
-- ARGV  1 their public id  2 messages that are looked at, at most, and what is known: 3 the last entry's id and 4 how far
--       they had read then; '': nothing  5 how many messages the room had  6, 7 the last entry's id and how many messages
--       there were as its last line was read  8 deleted messages, at most, behind which one is looked for
-- Gives the room's title (nil: there is no such room), its last entry's id (nil: none), how far they have read (nil: not
-- known) and how many messages it has (0 where they have read all); '' where the last line is known, else how many
-- messages there are and, if there is a line, its id, its fields and what befell it; and where the count is not as it is
-- known, how many messages of others came since, how many of these mean them, and the id of the first that was looked at.

local title, read = redis.call('HGET', KEYS[3], 'title'), redis.call('HGET', KEYS[1], ARGV[1])
local last, most = redis.call('GET', KEYS[5]), tonumber(ARGV[2])
if not title then return { title, last, read, 0, '', 0, 0, '' } end
local length = redis.call('XLEN', KEYS[2])  -- it loses messages by their age, too, and no entry tells of that
local changed, count, meant, first

local function newest()
  local from = '+'
  for _ = 1, tonumber(ARGV[8]) do
    local row = redis.call('XREVRANGE', KEYS[2], from, '-', 'COUNT', 1)[1]
    if not row then break end
    local change = redis.call('HGET', KEYS[4], row[1])
    if not change or not string.find(change, '"d":1', 1, true) then return { length, row[1], row[2], change } end
    from = '(' .. row[1]
  end
  return { length }
end

local line = (last == ARGV[6] and length == tonumber(ARGV[7])) and '' or newest()
if not read or read == last then return { title, last, read, 0, line, 0, 0, '' } end
if read == ARGV[4] and last == ARGV[3] and length == tonumber(ARGV[5]) then return { title, last, read, length, line } end
changed, count, meant, first = redis.call('HLEN', KEYS[4]) > 0, 0, 0, ''

local function means(body, change)
  if not string.find(body .. (change or ''), ARGV[1], 1, true) then return false end  -- few are taken apart
  local whole, held = pcall(cjson.decode, body)
  local known, changed = pcall(cjson.decode, change or '{}')
  if not whole or not known or type(held) ~= 'table' or type(changed) ~= 'table' then return false end  -- torn
  if held.x == 'pin' or held.x == 'topic' then return false end
  if type(held.r) == 'table' and held.r[2] == ARGV[1] then return true end
  local named = changed.t and changed.p or (not changed.t and held.p) or {}  -- an edit says anew who is meant
  for _, mention in ipairs(type(named) == 'table' and named or {}) do
    if type(mention) == 'table' and mention[2] == ARGV[1] then return true end
  end
  return false
end

local function look_at(id, fields)
  local held = {}
  for i = 1, #fields, 2 do held[fields[i]] = fields[i + 1] end
  if held.author == ARGV[1] then return end
  local change = changed and redis.call('HGET', KEYS[4], id)
  if change and string.find(change, '"d":1', 1, true) then return end
  count = count + 1
  first = id
  if means(held.body, change) then meant = meant + 1 end
end

-- from the newest backwards: of those who have been away for long, what means them now counts more than what did
for _, row in ipairs(redis.call('XREVRANGE', KEYS[2], '+', '(' .. read, 'COUNT', most)) do
  look_at(row[1], row[2])
end
return { title, last, read, length, line, count, meant, first }
