-- A module that does at random what brings memory and stacks to their ends, and talks to PHP all the while.
-- Arguments: a seed, and how many steps.

local seed, steps_left = ...
local php, pcall, xpcall, error, setmetatable = php, pcall, xpcall, error, setmetatable
local rep, gsub, sort = string.rep, string.gsub, table.sort

local function random( n )
	seed = ( seed * 16807 ) % 2147483647
	return seed % n + 1
end

local SLOTS = 3000
local slots, pile = {}, {}
for i = 1, SLOTS do
	slots[i] = false
end
local function any()
	return slots[random( SLOTS )]
end

local SIZES = { 10, 40, 100, 300, 1000, 5000, 30000, 200000 }
local KINDS = { 'nil', 'huge', 'table', 'number', 'true', 'false', 'function' }
local walk

local steps = {
	-- Fill memory, in pieces of every size.
	function ()
		local size = SIZES[random( 8 )]
		for _ = 1, random( 3 ) == 1 and 3000 or 300 do
			slots[random( SLOTS )] = rep( 'x', size ) .. seed
		end
	end,
	function ()
		for i = 1, random( 3 ) == 1 and 4000 or 1000 do
			slots[random( SLOTS )] = { slots[1] and 1, i }
		end
	end,
	function () while true do local o = pile[1] pile[1] = function () return o end end end,
	function () while true do pile[2] = { pile[2] } end end,
	function () for i = 1, 1e9 do pile[i] = seed + i end end,
	-- Free some of it, or all.
	function () for i = 1, SLOTS do if random( 3 ) ~= 1 then slots[i] = false end end end,
	function ()
		for i = 1, SLOTS do slots[i] = false end
		for i = #pile, 1, -1 do pile[i] = nil end
	end,
	-- Talk to PHP.
	function () php.echo( 1 ) end,
	function () php.echo( any(), any() ) end,
	function () php.echo( { any(), { any() } } ) end,
	function () php.echo( setmetatable( {}, { __pairs = function () walk() return next, { 1, walk } end } ) ) end,
	function () php.echo( function () return seed end, walk ) end,
	function () php.fail( KINDS[random( 7 )] ) end,
	function () php.status() end,
	function () php.cleanup() end,
	function () php.huge( random( 70000 ) ) end,
	function () php.huge( random( 700000 ) ) end,
	function () slots[random( SLOTS )] = php.huge( random( 9000 ), seed ) end,
	function () php.tab( random( 500 ) ) end,
	function () php.many( random( 8200 ) ) end,
	function () php.deep( random( 90 ) ) end,
	function () php.load( 'return 1' ) end,
	function () php.load( rep( 'x=1 ', random( 3000 ) ) ) end,
	function () php.register( 'l' .. random( 50 ) ) end,
	function () slots[random( SLOTS )] = php.wrapped() end,
	function () php.call( walk ) end,
	function () php.pcall( walk ) end,
	function () php.pcall( any ) end,
	function () php.forget( walk ) end,
	function () php.stale() end,
	-- Go on in odd places.
	function () gsub( 'ab', '.', setmetatable( {}, { __index = function () walk() return 'v' end } ) ) end,
	function () gsub( 'a', 'a', walk ) end,
	function () sort( { 3, 1, 2 }, function ( a, b ) walk() return a < b end ) end,
	function () xpcall( walk, function ( err ) if random( 2 ) == 1 then php.echo( err ) end walk() return err end ) end,
	function () error( { any() } ) end,
	function () local function down( n ) if n == 0 then return walk() end return ( down( n - 1 ) ) end down( random( 3000 ) ) end,
	function () local function down( n ) if n == 0 then return walk() end return ( pcall( down, n - 1 ) ) end down( random( 60 ) ) end,
}

local depth = 0
function walk()
	depth = depth + 1
	if depth < 25 then
		for _ = 1, random( 5 ) do
			steps_left = steps_left - 1
			if steps_left < 0 then
				break
			end
			local step = steps[random( #steps )]
			if random( 6 ) == 1 then
				step()
			else
				pcall( step )
			end
		end
	end
	depth = depth - 1
	return 1
end

while steps_left > 0 do
	depth = 0
	pcall( walk )
end
slots, pile = nil, nil
return 'end'
