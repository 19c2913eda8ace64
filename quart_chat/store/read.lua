-- Note how far people have read a room; nobody goes back, or further than the room has come.
--
-- KEYS  1 read  2 channel  3 meta  4 last
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
local last = redis.call('GET', KEYS[4]) or '0-0'
for i = 3, #ARGV, 2 do
  local place = before(last, ARGV[i + 1]) and last or ARGV[i + 1]
  local held = redis.call('HGET', KEYS[1], ARGV[i])
  if not held or before(held, place) then
    redis.call('HSET', KEYS[1], ARGV[i], place)
    if not held then table.insert(newcomers, ARGV[i]) end
    table.insert(told, ARGV[i] .. ' ' .. place)
  end
end
if #told == 1 then return newcomers end

-- a tenth of the people is forgotten at once, those who have not been here for longest: 15 ms, once for a thousand more
local most = tonumber(ARGV[2])
if redis.call('HLEN', KEYS[1]) > most then
  local held, times = redis.call('HGETALL', KEYS[1]), {}
  for i = 2, #held, 2 do table.insert(times, tonumber(string.match(held[i], '^%d+'))) end
  local sorted = {}
  for i = 1, #times do sorted[i] = times[i] end
  table.sort(sorted)
  local over = #times - math.floor(most * 0.9)
  local oldest, gone = sorted[over], 0
  for i = 1, #times do
    if times[i] <= oldest and gone < over then
      redis.call('HDEL', KEYS[1], held[2 * i - 1])
      gone = gone + 1
    end
  end
end
if ARGV[1] == '0' then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
redis.call('SPUBLISH', KEYS[2], table.concat(told, '\n'))
return newcomers
