local p = {}

function p.greet( name )
	if not php.exists( name ) then
		error( 'no such page: ' .. name )
	end
	return 'Hello, ' .. name, { length = #name }
end

return p
