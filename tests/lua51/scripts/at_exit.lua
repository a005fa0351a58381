-- What is written and collected on the way out.
local keep = newproxy(true)
getmetatable(keep).__gc = function() print("closed") end
io.write("no newline at the end")
if arg[1] then os.exit(tonumber(arg[1])) end
