-- Append one message to a room's log: first every check, then every write, all in one step.
--
-- KEYS  1 log  2 last  3 messages  4 meta  5 nonce  6 channel
-- ARGV  1 body (JSON)  2 author  3 digest of the text  4 title for a room that has none
--       5 ms the nonce is kept  6 entries and 7 ms the log keeps  8 messages kept  9 ms an unused room stays, 0: ever
--       10 the author's name
-- Gives {1, id} appended; {0, id} that nonce was appended before; {-1, id} it was, with another text.

local seen = redis.call('GET', KEYS[5])
if seen then
  local id, digest = string.match(seen, '^(%S+) (%S+)$')
  return { digest == ARGV[3] and 0 or -1, id }
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local last = redis.call('GET', KEYS[2]) or '0-0'
local ms, n = string.match(last, '^(%d+)-(%d+)$')
-- a clock set back must not tear the order: then the id goes on from the last one
local id
if now > tonumber(ms) then
  id = string.format('%.0f-0', now)
else
  id = string.format('%s-%.0f', ms, n + 1)
end
local at = string.format('%.0f', now)

local before = ''
local newest = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)[1]
if newest then
  local held = {}
  for i = 1, #newest[2], 2 do held[newest[2][i]] = newest[2][i + 1] end
  before = held.author .. ' ' .. held.at .. ' ' .. held.name
end

redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[6], id,
  'prev', last, 'at', at, 'before', before, 'body', ARGV[1])
redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f', math.max(now - ARGV[7], 0)))
redis.call('XADD', KEYS[3], 'MAXLEN', '=', ARGV[8], id,
  'at', at, 'author', ARGV[2], 'name', ARGV[10], 'before', before, 'body', ARGV[1])
redis.call('SET', KEYS[2], id, 'KEEPTTL')
redis.call('SET', KEYS[5], id .. ' ' .. ARGV[3], 'PX', ARGV[5])
if redis.call('HSETNX', KEYS[4], 'title', ARGV[4]) == 1 then
  redis.call('HSET', KEYS[4], 'opened', at)
end

local stays = tonumber(ARGV[9])
if stays > 0 then
  -- an hour of slack spares four writes on most messages
  if redis.call('PTTL', KEYS[2]) < stays - 3600000 then
    for i = 1, 4 do redis.call('PEXPIRE', KEYS[i], ARGV[9]) end
  end
else
  for i = 1, 4 do redis.call('PERSIST', KEYS[i]) end
end

redis.call('SPUBLISH', KEYS[6], table.concat({ 'entry', id, last, at, before, ARGV[1] }, '\n'))
return { 1, id }
