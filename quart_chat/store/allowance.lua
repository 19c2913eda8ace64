-- What `allow.lua`, `unspend.lua` and `failed.lua` know of a limit's count for one person or address: GCRA, one
-- time at which all events would be earned back, and the pauses of who keeps on (`room/limits.Limit`).
--
-- An allowance is "FULL UNTIL TRIES": that time, ms; the time before which who was refused was told not to come, ms; and
-- how often they did all the same, of which one is forgotten in each calm span after UNTIL.
--
-- KEYS  allowances, one a limit
-- ARGV  1 events  2 'patient' where who asks comes when they were told, else ''  3 ms of a calm span  and for each limit
--       ms in which one event is earned; events that may come at once; tries that are free, -1: any; pauses, ms

local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local calm = tonumber(ARGV[3])
local SLACK = 0.002 -- ms: the time of day has 12 digits before the point; what rounding takes off must cost nothing

local function pauses_of(one)
  local pauses = {}
  for pause in string.gmatch(one.pauses, '%S+') do table.insert(pauses, tonumber(pause)) end
  return pauses
end

local function read(n)
  local at = 4 * n
  local one = {
    key = KEYS[n], interval = tonumber(ARGV[at]), most = tonumber(ARGV[at + 1]), free = tonumber(ARGV[at + 2]),
    pauses = ARGV[at + 3], full = now, till = 0, tries = 0,
  }
  local held = redis.call('GET', one.key)
  if not held then return one end
  local full, till, tries = string.match(held, '^(%S+) ?(%S*) ?(%S*)$')
  -- a clock set back leaves times far ahead: more than these they cannot be
  one.full = math.max(now, math.min(tonumber(full), now + one.interval * one.most))
  one.tries = tonumber(tries) or 0
  one.till = tonumber(till) or 0
  if one.till > now then
    local longest = tonumber(string.match(one.pauses, '%S+$') or 0)
    one.till = math.min(one.till, now + math.max(longest, one.interval))
  end
  return one
end

local function keep(one)
  local ends = one.full
  if one.tries > 0 then ends = math.max(ends, one.till + one.tries * calm) end
  if ends - now < SLACK then
    redis.call('DEL', one.key)
  else
    local held = string.format('%.3f %.3f %d', one.full, one.till, one.tries)
    redis.call('SET', one.key, held, 'PX', math.ceil(ends - now))
  end
end

-- Put off till when somebody is told not to come; what is forgotten by then is forgotten for good.
local function put_off(one, till, more)
  one.tries = math.max(0, one.tries - math.floor(math.max(0, now - one.till) / calm)) + more
  one.till = math.max(one.till, till)
end

-- Count one try too many; who floods with them is written down a few times a minute, and not each time.
local function strike(one)
  if one.free < 0 then return end
  local pauses, before, told = pauses_of(one), one.tries, one.till
  put_off(one, now, 1)
  one.tries = math.min(one.free + #pauses, one.tries)
  local pause = pauses[one.tries - one.free] or 0
  one.till = math.max(one.till, now + pause)
  if one.tries == before and one.till - told <= pause / 10 then
    one.till = told
  else
    keep(one)
  end
end
