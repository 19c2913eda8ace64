-- What messages hold besides themselves: their files, and what befell them. It goes with the message.
--
-- KEYS  3 messages  6 changes  7 files: by a message's id "DIGEST SIZE DIGEST SIZE …", by a digest the number of times that
--       messages hold it, and `bytes`: of all of them, each counted once

local changes_held = redis.call('HLEN', KEYS[6]) > 0
local files_held = redis.call('EXISTS', KEYS[7]) == 1

local function hold(id, files)
  if files == '' then return end
  files_held = true
  redis.call('HSET', KEYS[7], id, files)
  for digest, size in string.gmatch(files, '(%x+) (%d+)') do
    if redis.call('HINCRBY', KEYS[7], digest, 1) == 1 then redis.call('HINCRBY', KEYS[7], 'bytes', size) end
  end
end

-- Gives what it held of files; '': nothing.
local function release(id)
  local files = files_held and redis.call('HGET', KEYS[7], id)
  if not files then return '' end
  redis.call('HDEL', KEYS[7], id)
  for digest, size in string.gmatch(files, '(%x+) (%d+)') do
    if redis.call('HINCRBY', KEYS[7], digest, -1) <= 0 then
      redis.call('HDEL', KEYS[7], digest)
      redis.call('HINCRBY', KEYS[7], 'bytes', '-' .. size)
    end
  end
  return files
end

-- Bytes that the room's files would have with these.
local function bytes_with(files)
  local total, seen = tonumber(redis.call('HGET', KEYS[7], 'bytes') or 0), {}
  for digest, size in string.gmatch(files, '(%x+) (%d+)') do
    if not seen[digest] and redis.call('HEXISTS', KEYS[7], digest) == 0 then total = total + size end
    seen[digest] = true
  end
  return total
end

-- One more message is to come where `most` are kept.
local function forget_the_oldest(most)
  if not (changes_held or files_held) then return end
  local over = redis.call('XLEN', KEYS[3]) + 1 - most
  if over > 0 then
    for _, row in ipairs(redis.call('XRANGE', KEYS[3], '-', '+', 'COUNT', over)) do
      redis.call('HDEL', KEYS[6], row[1], row[1] .. ' versions')
      release(row[1])
    end
  end
end

