-- Settle who has which name in a room: a name is one person's while they are there. Names are compared by their looks.
--
-- KEYS  1 names  2 here
-- ARGV  1 worker; '': only look, and write nothing  2 ms of its lease, where it has none yet  3 ms of the longest lease
--       4 how many names are given up; for each: person, look
--       and then, for each who wants a name: person, how many looks would do, the best first, and these
-- Gives for each who wants one which of their looks is theirs now, from 1; 0: none is free.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local worker, at = ARGV[1], 5
local alive = {}  -- workers whose lease holds: what others say of names is forgotten

local function is_alive(one)
  if alive[one] == nil then
    local expires = tonumber(string.match(redis.call('HGET', KEYS[2], one) or '', '^(%d+) '))
    alive[one] = expires ~= nil and expires > now and expires <= now + ARGV[3]
  end
  return alive[one]
end

-- Give whose a look is, and the workers on which they are there, but `but`; nil where it is nobody's.
local function holder(look, but)
  local person, workers = string.match(redis.call('HGET', KEYS[1], look) or '', '^(%S+) (.*)$')
  local left = {}
  for one in string.gmatch(workers or '', '%S+') do
    if one ~= but and is_alive(one) then table.insert(left, one) end
  end
  if #left > 0 then return person, left end
end

for _ = 1, ARGV[4] do
  local person, look = ARGV[at], ARGV[at + 1]
  at = at + 2
  if holder(look) == person then
    local _, left = holder(look, worker)
    if left then
      redis.call('HSET', KEYS[1], look, person .. ' ' .. table.concat(left, ' '))
    else
      redis.call('HDEL', KEYS[1], look)
    end
  end
end

local answers = {}
while at <= #ARGV do
  local person, count = ARGV[at], tonumber(ARGV[at + 1])
  local found, free = 0, 0
  for i = 1, count do
    local whose = holder(ARGV[at + 1 + i])
    if whose == person and found == 0 then found = i end  -- by another worker, or told again
    if not whose and free == 0 then free = i end
  end
  if found == 0 then found = free end
  if found > 0 and worker ~= '' then
    if not is_alive(worker) then
      local lease = string.format('%.0f {"n":0,"p":[]}', now + ARGV[2])
      redis.call('HSET', KEYS[2], worker, lease)
      redis.call('PEXPIRE', KEYS[2], 120000)
      alive[worker] = true
    end
    local look = ARGV[at + 1 + found]
    local _, others = holder(look, worker)
    others = others or {}
    table.insert(others, worker)
    redis.call('HSET', KEYS[1], look, person .. ' ' .. table.concat(others, ' '))
  end
  table.insert(answers, found)
  at = at + 2 + count
end
if worker ~= '' then redis.call('PEXPIRE', KEYS[1], 120000) end
return answers
