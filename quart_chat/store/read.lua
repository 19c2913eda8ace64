-- Note how far people have read a room; nobody goes back.
--
-- KEYS  1 read  2 channel  3 meta
-- ARGV  1 ms it stays, 0: ever  2 people who are remembered, at most
--       and then, for each of them: their public id, the id of the last entry that they were shown
-- Tells the room of those who went on, and gives those who had not been known; nil where there is no such room, of which
-- nothing is noted.

if redis.call('EXISTS', KEYS[3]) == 0 then return false end

local function before(one, other)
  local ms, n = string.match(one, '^(%d+)-(%d+)$')
  local other_ms, other_n = string.match(other, '^(%d+)-(%d+)$')
  ms, other_ms = tonumber(ms), tonumber(other_ms)
  return ms < other_ms or (ms == other_ms and tonumber(n) < tonumber(other_n))
end

local told, newcomers = { 'read' }, {}
for i = 3, #ARGV, 2 do
  local held = redis.call('HGET', KEYS[1], ARGV[i])
  if not held or before(held, ARGV[i + 1]) then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
    if not held then table.insert(newcomers, ARGV[i]) end
    table.insert(told, ARGV[i] .. ' ' .. ARGV[i + 1])
  end
end
if #told == 1 then return newcomers end

-- those who have not been here for longest are forgotten, half of them at once: that costs some ms, and seldom
local most = tonumber(ARGV[2])
if redis.call('HLEN', KEYS[1]) > most then
  local held, places = redis.call('HGETALL', KEYS[1]), {}
  for i = 1, #held, 2 do table.insert(places, { held[i], held[i + 1] }) end
  table.sort(places, function(one, other) return before(one[2], other[2]) end)
  for i = 1, #places - math.floor(most / 2) do redis.call('HDEL', KEYS[1], places[i][1]) end
end
if ARGV[1] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
redis.call('SPUBLISH', KEYS[2], table.concat(told, '\n'))
return newcomers
