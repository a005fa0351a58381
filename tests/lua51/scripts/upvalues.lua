-- debug, setfenv, coroutines and collector: what test runners and profilers lean on.
local function inner() local a, b = 1, "two" return debug.traceback("trace", 1), debug.getlocal(1, 2) end
print(inner())
print(debug.getinfo(1, "S").source, debug.getinfo(1, "l").currentline, debug.getinfo(print).what)
local environment = setmetatable({ seen = {} }, { __index = _G })
local chunk = loadstring("seen[1] = 5 return seen[1]", "=named")
print(setfenv(chunk, environment)(), getfenv(chunk) == environment)
print(xpcall(function() local x = nil; return x.y end, function(m) return "handled " .. m end))
print(xpcall(function() error({ code = 7 }) end, function(m) return m.code end))
local worker = coroutine.create(function(a) local b = coroutine.yield(a + 1) error("in a coroutine " .. b) end)
print(coroutine.resume(worker, 1))
print(coroutine.resume(worker, 2))
print(coroutine.status(worker), debug.traceback(worker))
local count = 0
debug.sethook(function() count = count + 1 end, "l")
local y = 1
y = y + 1
debug.sethook()
print(count, debug.gethook())
local proxy = newproxy(true)
getmetatable(proxy).__gc = function() print("collected") end
proxy = nil
collectgarbage()
getmetatable(newproxy(true)).__gc = nil
print(loadfile("no_such_file.lua"))
print(pcall(dofile, "syntax_error.lua"))
print(select(2, load(function() return nil end)), load(function() error("from the reader") end))
print(string.dump(function() end):sub(2, 4) ~= "", #arg, ...)
