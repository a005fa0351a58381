-- What a script sees of its command line.
local low, high = 0, 0
for index in pairs(arg) do
	low, high = math.min(low, index), math.max(high, index)
end
for index = low, high do
	print(index, index == low and "(program)" or arg[index])
end
print(select("#", ...), ...)
