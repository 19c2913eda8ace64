-- Let go of a room's oldest messages with all that they held, and of what its log still says of them. It follows rewrite.lua.
--
-- ARGV  6 ms for which messages stay  7 messages that one call lets go, at most
-- Gives false where there is no such room; else how many went, in how many ms the oldest that is left is to go (0: now,
-- there is more to look at), and the digests of files that they held.

if redis.call('EXISTS', KEYS[4]) == 0 then return false end
local stays, most = tonumber(ARGV[6]), tonumber(ARGV[7])
local cut = now - stays

-- An id is the time of day or, after a clock was set back, above it, so the time of day counts: it is this store's own.
-- What was written while its clock ran ahead says nothing of when that was; it came before the next that does.
local function written(fields)
  for i = 1, #fields, 2 do
    if fields[i] == 'at' then return tonumber(fields[i + 1]) or math.huge end
  end
  return math.huge
end

-- Where more of those come first than one call looks at, the next call goes on from the one that `ahead` names: nobody
-- has to know of those before it but that they came before it.
local from = redis.call('HGET', KEYS[4], 'ahead')
local rows, old, due = redis.call('XRANGE', KEYS[3], from or '-', '+', 'COUNT', most + 1), 0, nil
for i = 1, math.min(#rows, most) do
  local when = written(rows[i][2])
  if when <= cut then
    old = i
  elseif when <= now then
    due = when - cut
    break
  end
end
local more = not due and #rows > most
local ahead = more and old < most and rows[most + 1][1] or nil

-- What goes is the oldest of all, up to the last that is old enough.
local going = rows
if from and old > 0 then
  going = redis.call('XRANGE', KEYS[3], '-', rows[old][1], 'COUNT', most + 1)
  if #going > most then more, ahead = true, rows[old][1] end
end
local count = going == rows and old or math.min(#going, most)
if ahead then
  redis.call('HSET', KEYS[4], 'ahead', ahead)
elseif from then
  redis.call('HDEL', KEYS[4], 'ahead')
end

local function past(id)
  local id_ms, id_n = string.match(id, '^(%d+)-(%d+)$')
  return id_ms .. '-' .. string.format('%.0f', id_n + 1)
end

local files = {}
if count > 0 then
  local befell = {}
  for i = 1, count do
    local id = going[i][1]
    if changes_held then
      table.insert(befell, id)
      table.insert(befell, id .. ' versions')
    end
    for digest in string.gmatch(release(id), '(%x+) %d+') do table.insert(files, digest) end
  end
  if #befell > 0 then redis.call('HDEL', KEYS[6], unpack(befell)) end
  local first = past(going[count][1])
  redis.call('XTRIM', KEYS[3], 'MINID', '=', first)
  redis.call('XTRIM', KEYS[1], 'MINID', '=', first)
  redis.call('HSETNX', KEYS[4], 'changed', going[count][1])  -- pages look anew at what their messages quote
  redis.call('SPUBLISH', KEYS[5], 'expired')
end
redis.call('XTRIM', KEYS[1], 'MINID', '=', string.format('%.0f', math.max(cut, 0)))
if more then return { count, 0, files } end

-- These were all. What the log has left is younger, but an edit and a pin may tell what something said that went. A quote
-- stays in the answer that has it, and whoever reads it leaves it out: answers are many, and writing them anew costs the
-- disk more than they do.
local oldest = (redis.call('XRANGE', KEYS[3], '-', '+', 'COUNT', 1)[1] or {})[1]
local oldest_ms, oldest_n = string.match(oldest or '', '^(%d+)-(%d+)$')

local function is_gone(id)
  local id_ms, id_n = string.match(tostring(id), '^(%d+)-(%d+)$')
  if not id_ms or not oldest then return id_ms ~= nil end
  id_ms, id_n = tonumber(id_ms), tonumber(id_n)
  return id_ms < tonumber(oldest_ms) or (id_ms == tonumber(oldest_ms) and id_n < tonumber(oldest_n))
end

local function left_of(_, body)
  -- few are taken apart: what tells of an edit, and what carries pins
  local edits = string.find(body, '"k":"c"', 1, true) and string.find(body, '"t":"', 1, true)
  if not (edits or string.find(body, '"h":[', 1, true)) then return body end
  local whole, held = pcall(cjson.decode, body)
  if not whole or type(held) ~= 'table' then return body end  -- torn: nobody is shown it
  local found = false
  local pins = type(held.h) == 'table' and type(held.h[2]) == 'table' and held.h[2] or {}
  for _, pin in ipairs(pins) do
    if type(pin) == 'table' and is_gone(pin[1]) and pin[4] ~= '' then pin[4], found = '', true end
  end
  if held.k == 'c' and is_gone(held.m) and type(held.s) == 'table' and held.s.t then
    held, found = held.h and { k = 'h', h = held.h } or { k = '-' }, true  -- it keeps its place in the order
  end
  return found and cjson.encode(held) or body
end
rewrite(KEYS[1], left_of)

local topic, written_pins = unpack(redis.call('HMGET', KEYS[4], 'topic', 'pins'))
local whole, pins = pcall(cjson.decode, written_pins or '[]')
local left = {}
for _, pin in ipairs(whole and type(pins) == 'table' and pins or {}) do
  if type(pin) == 'table' and not is_gone(pin[1]) then table.insert(left, pin) end
end
if whole and type(pins) == 'table' and #left < #pins then
  local now_pinned = #left > 0 and cjson.encode(left) or '[]'
  if #left > 0 then redis.call('HSET', KEYS[4], 'pins', now_pinned) else redis.call('HDEL', KEYS[4], 'pins') end
  local id = add('{"k":"h","h":[' .. cjson.encode(topic or '') .. ',' .. now_pinned .. ']}')
  redis.call('HSET', KEYS[4], 'changed', id)
  redis.call('SET', KEYS[2], last, 'KEEPTTL')
  -- nobody used the room by this, so it ends when it would have ended
  local ends = redis.call('PTTL', KEYS[4])
  if ends > 0 and redis.call('PTTL', KEYS[1]) == -1 then redis.call('PEXPIRE', KEYS[1], ends) end
  redis.call('SPUBLISH', KEYS[5], table.concat(published, '\n'))
end
return { count, due or stays, files }
