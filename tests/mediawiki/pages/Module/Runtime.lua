-- Which virtual machine runs this, told by what only one of them has.
return { main = function () return table.move and 'LuaJIT' or math.mod and 'PUC Lua' or 'neither' end }
