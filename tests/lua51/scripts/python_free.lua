-- Every value that a script can reach, debug library and registry included. Prints what is no plain part of Lua.
local seen, userdata = {}, {}
local function visit(value, path)
	local kind = type(value)
	if kind == "userdata" then
		local text = tostring(value):gsub("0x%x+", "0x")
		userdata[text] = path
	end
	if kind == "string" and value:lower():find("python", 1, true) and not path:find("ARG", 1, true) then
		print("a string", path, value)
	end
	if (kind ~= "table" and kind ~= "function" and kind ~= "userdata" and kind ~= "thread") or seen[value] then
		return
	end
	seen[value] = true
	visit(debug.getmetatable(value), path .. "<metatable>")
	visit(debug.getfenv(value), path .. "<fenv>")
	if kind == "table" then
		for key, inner in next, value do
			visit(key, path .. "<key>")
			visit(inner, path .. "." .. (type(key) == "userdata" and "(userdata)" or tostring(key):gsub("0x%x+", "0x")))
		end
	elseif kind == "function" then
		for index = 1, 255 do
			local name, inner = debug.getupvalue(value, index)
			if not name then break end
			visit(inner, path .. "<upvalue " .. name .. ">")
		end
	end
end
arg = nil
package.path, package.cpath = "", ""
visit(_G, "_G")
visit(debug.getregistry(), "registry")
for level = 0, 10 do
	local info = debug.getinfo(level, "f")
	if info then visit(info.func, "level " .. level) end
end
for text, path in pairs(userdata) do
	if not text:find("^file %(") then print(text) end
end
print(python, package.loaded.python)
