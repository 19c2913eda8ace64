-- What every script that adds entries to a room's log goes on with after held.lua: each id is greater than the last, each entry has the
-- id before it, and all that one call adds comes out in one publication.
--
-- KEYS  1 log  2 last  3 messages  4 meta  5 channel  6 changes  7 files  8 rules  9 members
-- ARGV  1 entries and 2 ms the log keeps  3 messages kept  4 ms an unused room stays, 0: ever
--       5 title for a room that has none

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local at = string.format('%.0f', now)
local last = redis.call('GET', KEYS[2]) or '0-0'
local ms, n = string.match(last, '^(%d+)-(%d+)$')
local before  -- author, time and name of the newest message; nil: not looked for yet
local published = { 'entry' }
local opener, opener_name  -- who wrote the first message of this call: a new room is theirs

local function newest_message()
  if not before then
    before = ''
    local newest = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)[1]
    if newest then
      local held = {}
      for j = 1, #newest[2], 2 do held[newest[2][j]] = newest[2][j + 1] end
      before = held.author .. ' ' .. held.at .. ' ' .. held.name
    end
  end
  return before
end

-- Add one entry and give its id. author, name: of a message, which stays with `kept` as its body; else nil.
local function add(body, author, name, kept)
  -- a clock set back must not tear the order: then the id goes on from the last one
  if now > tonumber(ms) then
    ms, n = at, 0
  else
    n = n + 1
  end
  local id = string.format('%s-%.0f', ms, n)
  local neighbour = author and newest_message() or ''
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], id,
    'prev', last, 'at', at, 'before', neighbour, 'body', body)
  if author then
    opener, opener_name = opener or author, opener_name or name
    forget_the_oldest(ARGV[3])
    redis.call('XADD', KEYS[3], 'MAXLEN', '=', ARGV[3], id,
      'at', at, 'author', author, 'name', name, 'before', neighbour, 'body', kept)
    before = author .. ' ' .. at .. ' ' .. name
  end
  for _, field in ipairs({ id, last, at, neighbour, body }) do table.insert(published, field) end
  last = id
  return id
end

local function finish()
  if #published == 1 then return end
  redis.call('SET', KEYS[2], last, 'KEEPTTL')
  redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f', math.max(now - ARGV[2], 0)))
  if redis.call('HSETNX', KEYS[4], 'title', ARGV[5]) == 1 then
    redis.call('HSET', KEYS[4], 'opened', at)
    redis.call('DEL', KEYS[8], KEYS[9])  -- of a room of that name before
    if opener then redis.call('HSET', KEYS[8], opener .. ' role', 'owner', opener .. ' name', opener_name) end
  end
  local stays = tonumber(ARGV[4])
  local of_room, young = { KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[6] }, { KEYS[2], KEYS[6] }
  if files_held then
    table.insert(of_room, KEYS[7])
    table.insert(young, KEYS[7])
  end
  table.insert(of_room, KEYS[8])
  table.insert(of_room, KEYS[9])
  table.insert(young, KEYS[8])
  if stays == 0 then
    for _, key in ipairs(of_room) do redis.call('PERSIST', key) end
  else
    -- an hour of slack spares five writes on most messages
    for _, key in ipairs(young) do
      local left = redis.call('PTTL', key)
      if left ~= -2 and left < stays - 3600000 then
        for _, other in ipairs(of_room) do redis.call('PEXPIRE', other, ARGV[4]) end
      end
    end
  end
  redis.call('SPUBLISH', KEYS[5], table.concat(published, '\n'))
end
