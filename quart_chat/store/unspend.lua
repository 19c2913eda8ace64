-- Give back events that were taken for nothing; begins with `allowance.lua`, which tells KEYS and ARGV.

for n = 1, #KEYS do
  local one = read(n)
  one.full = math.max(now, one.full - tonumber(ARGV[1]) * one.interval)
  local earned = math.max(now, one.full + one.interval - one.interval * one.most)
  -- who was told to wait for what is there again need not; a pause stays
  if one.tries <= one.free then one.till = math.min(one.till, earned) end
  keep(one)
end
return 1
