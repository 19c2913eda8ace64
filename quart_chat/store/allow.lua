-- Take events of limits, of each as many as all have left; begins with `allowance.lua`, which tells KEYS and ARGV.
-- Gives how many were taken, the ms until the next one will be left, 0 where all were, and which limit was met, 0: none.

local limits, taken, met = {}, tonumber(ARGV[1]), 0
local patient = ARGV[2] == 'patient'
for n = 1, #KEYS do
  local one = read(n)
  limits[n] = one
  local left = math.floor((now + one.interval * one.most - one.full + SLACK) / one.interval)
  -- who waits as told is not kept waiting by what somebody else, or their other tab, does meanwhile
  if not patient and now + SLACK < one.till then left = 0 end
  if left < taken then taken, met = math.max(0, left), n end
end
if taken > 0 then
  for _, one in ipairs(limits) do
    one.full = one.full + taken * one.interval
    keep(one)
  end
end
if met == 0 then return { taken, 0, 0 } end

local one = limits[met]
local earned = one.full + one.interval - one.interval * one.most
if patient then return { taken, math.max(1, math.ceil(earned - now)), met } end
if now + SLACK < one.till then
  strike(one)
elseif one.free >= 0 then
  put_off(one, earned, 0)
  keep(one)
end
return { taken, math.max(1, math.ceil(math.max(earned, one.till) - now)), met }
