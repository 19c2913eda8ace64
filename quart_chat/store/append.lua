-- Append messages to a room's log, each one whole: first its checks, then its writes. It begins with entry.lua.
--
-- KEYS  7 and on: for each message, its nonce
-- ARGV  6 ms a nonce is kept
--       and then, for each message: body (JSON), author, the author's name, digest of the text, the message that it
--       answers, and its body where that one was deleted meanwhile; '' and '' where it answers none
-- Gives for each message two values: 1, id: appended; 0, id: that nonce was appended before; -1, id: it was, with
-- another text.

local answers = {}
for i = 7, #KEYS do
  local body, author, name, digest, answered, without = unpack(ARGV, 7 + (i - 7) * 6, 12 + (i - 7) * 6)
  local seen = redis.call('GET', KEYS[i])
  if seen then
    local id, held = string.match(seen, '^(%S+) (%S+)$')
    table.insert(answers, held == digest and 0 or -1)
    table.insert(answers, id)
  else
    if answered ~= '' and string.find(redis.call('HGET', KEYS[6], answered) or '', '"d":1', 1, true) then
      body = without
    end
    local id = add(body, author, name, body)
    redis.call('SET', KEYS[i], id .. ' ' .. digest, 'PX', ARGV[6])
    table.insert(answers, 1)
    table.insert(answers, id)
  end
end
finish()
return answers
