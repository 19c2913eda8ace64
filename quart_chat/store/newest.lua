-- Read a room's newest messages as it stands, or what came after those that are known.
--
-- KEYS  1 last  2 meta  3 messages
-- ARGV  1 messages of a page, and what is known: 2 place  3 id of the newest message; '': nothing  4 how many there were
--       5 the last change
-- Gives the place, how many messages there are, the title, the topic, the pins and the id of the last change (nil for
-- what there is not), and the rows: nil where nothing has changed; with a 1 after them those that follow the known ones,
-- with a 0 the whole page.

local place = redis.call('GET', KEYS[1]) or '0-0'
local count = redis.call('XLEN', KEYS[3])
local title, topic, pins, changed = unpack(redis.call('HMGET', KEYS[2], 'title', 'topic', 'pins', 'changed'))
local most = tonumber(ARGV[1])
if ARGV[3] ~= '' and (changed or '') == ARGV[5] then
  if place == ARGV[2] then
    if count == tonumber(ARGV[4]) then return { place, count, title, topic, pins, changed } end
  else
    -- the room goes on from what is known if it still holds the newest of that: it loses its oldest messages alone
    local rows = redis.call('XRANGE', KEYS[3], ARGV[3], '+', 'COUNT', most)
    if rows[1] and rows[1][1] == ARGV[3] and #rows < most then
      table.remove(rows, 1)
      return { place, count, title, topic, pins, changed, rows, 1 }
    end
  end
end
local rows = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', most)
return { place, count, title, topic, pins, changed, rows, 0 }
