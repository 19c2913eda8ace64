-- Change something of a room, if all that is to be changed stands as it was read: compare, then write, and append the
-- entry that tells of it. It follows rewrite.lua and shut.lua.
--
-- ARGV  6 body of the entry (JSON)
--       7 author, 8 name and 9 body of the message that tells of it; '': none does
--       10 the message that this is about; '': none  11 bytes of a room in which nothing that it said may stay; '': it may
--       and then, for each value: 'changes' or 'meta', its field, what it has to be, what it becomes; '': there is none
-- Gives 1 and the entry's id; 0 where something stands otherwise; -1 where there is no such message;
-- -3 where the address is closed to who changes it.

if is_shut(KEYS[4], KEYS[8], ARGV[7]) then return { -3 } end
local about = ARGV[10]
if about ~= '' and #redis.call('XRANGE', KEYS[3], about, about) == 0 then return { -1 } end

local hashes = { changes = KEYS[6], meta = KEYS[4] }
for i = 12, #ARGV, 4 do
  if (redis.call('HGET', hashes[ARGV[i]], ARGV[i + 1]) or '') ~= ARGV[i + 2] then return { 0 } end
end
for i = 12, #ARGV, 4 do
  if ARGV[i + 3] == '' then
    redis.call('HDEL', hashes[ARGV[i]], ARGV[i + 1])
  else
    redis.call('HSET', hashes[ARGV[i]], ARGV[i + 1], ARGV[i + 3])
  end
end

-- A body without what the message said: itself, what quotes it, and what changed it, which now says that it is gone.
local function without(id, body)
  if not string.find(body, about, 1, true) and id ~= about then return body end
  local whole, held = pcall(cjson.decode, body)
  if not whole or type(held) ~= 'table' then return body end  -- torn: nobody is shown it
  local found = id == about
  if held.k == 'c' and held.m == about then return ARGV[6] end
  if found then held.t, held.r, held.p, held.f = '', nil, nil, nil end
  if type(held.r) == 'table' and held.r[1] == about then held.r[4], found = '', true end
  local pins = type(held.h) == 'table' and type(held.h[2]) == 'table' and held.h[2] or {}
  for _, pin in ipairs(pins) do
    if type(pin) == 'table' and pin[1] == about then pin[4], found = '', true end
  end
  return found and cjson.encode(held) or body
end

if ARGV[11] ~= '' then
  release(about)
  rewrite(KEYS[1], without)
  if redis.call('MEMORY', 'USAGE', KEYS[3]) <= tonumber(ARGV[11]) then rewrite(KEYS[3], without) end
end

local author = ARGV[7] ~= '' and ARGV[7] or nil
local id = add(ARGV[6], author, ARGV[8], ARGV[9])
redis.call('HSET', KEYS[4], 'changed', id)
finish()
return { 1, id }
