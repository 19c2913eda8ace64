-- Whether an address is closed to somebody: a private room that was there was deleted, not long ago, by somebody else.
local function is_shut(meta, rules, public)
  return redis.call('HEXISTS', rules, 'gone') == 1 and redis.call('EXISTS', meta) == 0
    and redis.call('HGET', rules, public .. ' role') ~= 'owner'
end
