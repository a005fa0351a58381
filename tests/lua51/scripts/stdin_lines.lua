-- A filter, as in a pipeline.
local number = 0
for line in io.lines() do
	number = number + 1
	io.write(number, ": ", line:upper(), "\n")
end
io.stderr:write("read ", number, "\n")
