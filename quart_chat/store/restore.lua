-- Write messages that were kept elsewhere into a room, with their own ids and times. All come out in one publication. It follows
-- held.lua.
--
-- KEYS  1 log  2 last  3 messages  4 meta  5 channel  6 changes  7 files  8 rules  9 members
-- ARGV  1 the id that the room ends with now; '' where it is to be empty  2 title  3 opened, ms
--       4 entries the log keeps  5 messages kept  6 ms an unused room stays, 0: ever
--       7 topic and 8 pins; '': none  9 the rules' hash and 10 the members', as JSON lists of fields and values
--       and then, for each message, oldest first: id, at, author, the author's name, before, body, what befell it,
--       earlier texts, its files as held.lua has them; '': none
-- Gives 1; 0 where the room ends elsewhere: somebody has written meanwhile, and nothing was done.

local last = redis.call('GET', KEYS[2])
if (last or '') ~= ARGV[1] then return 0 end
last = last or '0-0'

local published, changed = { 'entry' }, ARGV[7] ~= '' or ARGV[8] ~= ''
if ARGV[1] == '' and redis.call('EXISTS', KEYS[4]) == 0 then  -- one that somebody opened keeps its rules and its owner
  redis.call('DEL', KEYS[8], KEYS[9])  -- of a room of that name before
  for i, key in ipairs({ KEYS[8], KEYS[9] }) do
    local held = cjson.decode(ARGV[8 + i])
    for j = 1, #held, 2 do redis.call('HSET', key, held[j], held[j + 1]) end
  end
end
for i = 11, #ARGV, 9 do
  local id, at, author, name, before, body, held, versions, files = unpack(ARGV, i, i + 8)
  forget_the_oldest(ARGV[5])
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], id, 'prev', last, 'at', at, 'before', before, 'body', body)
  redis.call('XADD', KEYS[3], 'MAXLEN', '=', ARGV[5], id,
    'at', at, 'author', author, 'name', name, 'before', before, 'body', body)
  for _, field in ipairs({ id, last, at, before, body }) do table.insert(published, field) end
  hold(id, files)
  if held ~= '' then
    changes_held = true
    redis.call('HSET', KEYS[6], id, held)
    if versions ~= '' then redis.call('HSET', KEYS[6], id .. ' versions', versions) end
    changed = true
  end
  last = id
end

redis.call('HSET', KEYS[4], 'title', ARGV[2], 'opened', ARGV[3])
if last ~= '0-0' then redis.call('SET', KEYS[2], last) end
if ARGV[7] ~= '' then redis.call('HSET', KEYS[4], 'topic', ARGV[7]) end
if ARGV[8] ~= '' then redis.call('HSET', KEYS[4], 'pins', ARGV[8]) end
if changed then redis.call('HSET', KEYS[4], 'changed', last) end
for _, i in ipairs({ 1, 2, 3, 4, 6, 7, 8, 9 }) do
  if ARGV[6] == '0' then redis.call('PERSIST', KEYS[i]) else redis.call('PEXPIRE', KEYS[i], ARGV[6]) end
end
if #published > 1 then redis.call('SPUBLISH', KEYS[5], table.concat(published, '\n')) end
return 1
