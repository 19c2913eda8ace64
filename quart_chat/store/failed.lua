-- Count what was taken, and then found to be wrong, as a try too many; begins with `allowance.lua`, which tells KEYS and
-- ARGV.

for n = 1, #KEYS do strike(read(n)) end
return 1
