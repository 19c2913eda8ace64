-- Append messages to a room's log, each one whole: first its checks, then its writes. It follows entry.lua and
-- shut.lua.
--
-- KEYS  10 and on: for each message, its nonce
-- ARGV  6 ms a nonce is kept
--       and then, for each message: body (JSON), author, the author's name, digest of the text, the message that it
--       answers, and its body where that one was deleted meanwhile; '' and '' where it answers none; its files, as
--       "MOST DIGEST SIZE DIGEST SIZE …", MOST: bytes that all files of the room may have, 0 for any; '': none
-- Gives for each message two values: 1, id: appended; 0, id: that nonce was appended before; -1, id: it was, with
-- another text; -2, '': its files are more than the room may hold; -3, '': the address is closed to its author,
-- or a program wrote to a room that is gone.

local answers, is_new = {}, redis.call('EXISTS', KEYS[4]) == 0
for i = 10, #KEYS do
  local body, author, name, digest, answered, without, carried = unpack(ARGV, 7 + (i - 10) * 7, 13 + (i - 10) * 7)
  local most, files = string.match(carried, '^(%d+) (.*)$')
  local seen = redis.call('GET', KEYS[i])
  if seen then
    local id, held = string.match(seen, '^(%S+) (%S+)$')
    table.insert(answers, held == digest and 0 or -1)
    table.insert(answers, id)
  elseif is_new and (string.byte(name) == 5 or is_shut(KEYS[4], KEYS[8], author)) then  -- 5: of bots, which open none
    table.insert(answers, -3)
    table.insert(answers, '')
  elseif files and most ~= '0' and bytes_with(files) > tonumber(most) then
    table.insert(answers, -2)
    table.insert(answers, '')
  else
    if answered ~= '' and string.find(redis.call('HGET', KEYS[6], answered) or '', '"d":1', 1, true) then
      body = without
    end
    local id = add(body, author, name, body)
    hold(id, files or '')
    redis.call('SET', KEYS[i], id .. ' ' .. digest, 'PX', ARGV[6])
    table.insert(answers, 1)
    table.insert(answers, id)
  end
end
finish()
return answers
