-- Append messages to a room's log, each one whole: first its checks, then its writes. All come out in one publication.
--
-- KEYS  1 log  2 last  3 messages  4 meta  5 channel  and then, for each message, its nonce
-- ARGV  1 title for a room that has none  2 ms a nonce is kept  3 entries and 4 ms the log keeps
--       5 messages kept  6 ms an unused room stays, 0: ever
--       and then, for each message: body (JSON), author, the author's name, digest of the text
-- Gives for each message two values: 1, id: appended; 0, id: that nonce was appended before; -1, id: it was, with
-- another text.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local at = string.format('%.0f', now)
local last = redis.call('GET', KEYS[2]) or '0-0'
local ms, n = string.match(last, '^(%d+)-(%d+)$')
local before  -- author, time and name of the message before; nil: not looked for yet
local answers, published = {}, { 'entry' }

for i = 6, #KEYS do
  local first = 7 + (i - 6) * 4
  local body, author, name, digest = ARGV[first], ARGV[first + 1], ARGV[first + 2], ARGV[first + 3]
  local seen = redis.call('GET', KEYS[i])
  if seen then
    local id, held = string.match(seen, '^(%S+) (%S+)$')
    table.insert(answers, held == digest and 0 or -1)
    table.insert(answers, id)
  else
    -- a clock set back must not tear the order: then the id goes on from the last one
    if now > tonumber(ms) then
      ms, n = at, 0
    else
      n = n + 1
    end
    local id = string.format('%s-%.0f', ms, n)

    if not before then
      before = ''
      local newest = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)[1]
      if newest then
        local held = {}
        for j = 1, #newest[2], 2 do held[newest[2][j]] = newest[2][j + 1] end
        before = held.author .. ' ' .. held.at .. ' ' .. held.name
      end
    end

    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], id,
      'prev', last, 'at', at, 'before', before, 'body', body)
    redis.call('XADD', KEYS[3], 'MAXLEN', '=', ARGV[5], id,
      'at', at, 'author', author, 'name', name, 'before', before, 'body', body)
    redis.call('SET', KEYS[i], id .. ' ' .. digest, 'PX', ARGV[2])
    for _, field in ipairs({ id, last, at, before, body }) do table.insert(published, field) end
    table.insert(answers, 1)
    table.insert(answers, id)
    last, before = id, author .. ' ' .. at .. ' ' .. name
  end
end

if #published == 1 then return answers end

redis.call('SET', KEYS[2], last, 'KEEPTTL')
redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f', math.max(now - ARGV[4], 0)))
if redis.call('HSETNX', KEYS[4], 'title', ARGV[1]) == 1 then
  redis.call('HSET', KEYS[4], 'opened', at)
end

local stays = tonumber(ARGV[6])
if stays > 0 then
  -- an hour of slack spares four writes on most messages
  if redis.call('PTTL', KEYS[2]) < stays - 3600000 then
    for i = 1, 4 do redis.call('PEXPIRE', KEYS[i], ARGV[6]) end
  end
else
  for i = 1, 4 do redis.call('PERSIST', KEYS[i]) end
end

redis.call('SPUBLISH', KEYS[5], table.concat(published, '\n'))
return answers
