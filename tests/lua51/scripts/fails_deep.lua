-- An error below three calls, one of them a tail call, one a method.
local object = {}
function object:method(value)
	error("deep " .. value)
end
local function tail(value)
	return object:method(value)
end
function global(value)
	tail(value)
	print("not reached")
end
global(...)
