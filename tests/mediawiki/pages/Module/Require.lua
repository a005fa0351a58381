local Show = require('Module:Show')
local p = {}

function p.main(frame)
	local out = Show.new()
	local counter = require('Module:RequireCounter')
	out:say('same table', counter == require('Module:RequireCounter'), package.loaded['Module:RequireCounter'] == counter)
	out:say('state is kept in one #invoke', counter.up(), counter.up(), require('Module:RequireCounter').up())
	out:say('without a return value', require('Module:RequireNothing'))
	out:say('side effect', RequireNothingWasHere)
	out:say('libraries', type(require('libraryUtil').checkType), type(require('bit32').band))
	out:say('bits', require('bit32').bxor(0xF0F0, 0x0FF0))
	out:say('ustring', require('ustring').upper('ж'))
	out:try('a missing module', require, 'Module:No such module')
	out:try('a missing library', require, 'nosuchlibrary')
	out:try('a template', require, 'Template:Box')
	out:try('a circle', require, 'Module:RequireCircle')
	out:try('a module that fails', require, 'Module:RequireFails')
	out:try('a module with a syntax error', require, 'Module:SyntaxError')
	out:try('no name', require)
	out:say('preloaded', (function ()
		package.preload['made.up'] = function (name) return { name = name } end
		return require('made.up').name
	end)())
	return out:text()
end

-- An old library of Scribunto that needs math.mod, which LuaJIT does not have.
function p.luabit()
	return require('luabit.bit').band(12, 10) .. ' ' .. require('luabit.hex').to_hex(255)
end

function p.again()
	return 'A new #invoke starts at ' .. require('Module:RequireCounter').up()
		.. ', and sees ' .. tostring(rawget(_G, 'RequireNothingWasHere'))
end

return p
