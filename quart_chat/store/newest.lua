-- Read a room's newest messages as it stands, or what came after those that are known.
--
-- KEYS  1 last  2 meta  3 messages
-- ARGV  1 messages of a page, and what is known: 2 place  3 id of the newest message; '': nothing  4 how many there were
-- Gives the place, the title or nil, how many messages there are, and the rows: nil where nothing has changed; with a 1
-- after them those that follow the known ones, with a 0 the whole page.

local place = redis.call('GET', KEYS[1]) or '0-0'
local title = redis.call('HGET', KEYS[2], 'title')
local count = redis.call('XLEN', KEYS[3])
local most = tonumber(ARGV[1])
if ARGV[3] ~= '' then
  if place == ARGV[2] then
    if count == tonumber(ARGV[4]) then return { place, title, count } end
  else
    -- the room goes on from what is known if it still holds the newest of that: it loses its oldest messages alone
    local rows = redis.call('XRANGE', KEYS[3], ARGV[3], '+', 'COUNT', most)
    if rows[1] and rows[1][1] == ARGV[3] and #rows < most then
      table.remove(rows, 1)
      return { place, title, count, rows, 1 }
    end
  end
end
local rows = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', most)
return { place, title, count, rows, 0 }
