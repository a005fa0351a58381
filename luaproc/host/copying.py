"""Copies of Lua values that the wire can carry: what cannot cross is a mark in them, and a `Placeholder` on this side.

The copies are made by Lua code of ours, in the server: any server will do.
"""

from __future__ import annotations

from typing import Any

_MARK = "\0luaproc\0"

COPY = """
local next, type, tostring, pairs, pcall, getmetatable = next, type, tostring, pairs, pcall, getmetatable
local function copier( functions, metatables, tables )
	local left, above = tables, {}
	local function mark( text )
		return '\\0luaproc\\0' .. text
	end
	local function copy( value, level )
		local kind = type( value )
		if kind == 'function' then
			return functions == 'keep' and value or mark( 'function' )
		elseif kind == 'thread' or kind == 'userdata' then
			return mark( 'a ' .. kind )
		elseif kind ~= 'table' then
			return value
		end
		left = left - 1
		if above[value] then
			return mark( 'a table around it' )
		elseif left < 0 or level > 90 then
			return mark( 'more' )
		end
		local meta = metatables ~= 'ignore' and getmetatable( value )
		if meta and metatables == 'mark' then
			return mark( 'a table with a metatable' )
		end
		if type( meta ) == 'table' and meta.__tostring then
			local ok, text = pcall( tostring, value )
			if ok then
				return mark( text )
			end
		end
		above[value] = true
		local copied = {}
		local function take( ... )
			for key, item in ... do
				local key_kind = type( key )
				local plain = key_kind == 'string' or key_kind == 'number' and key % 1 == 0
				copied[plain and key or mark( tostring( key ) )] = copy( item, level + 1 )
			end
		end
		if not meta or not pcall( function() take( pairs( value ) ) end ) then
			take( next, value )
		end
		above[value] = nil
		return copied
	end
	return function( value ) return copy( value, 1 ) end
end
"""
"""Lua that makes the local function `copier( functions, metatables, tables )`, which returns one that copies a value.

functions: ``keep``, or anything else for a mark. metatables: ``ignore`` looks at none; ``mark`` puts a mark for a table
that has one; anything else asks `__tostring` for a mark, and `__pairs` (where `pairs` does) for the contents. tables:
as many at most: one that holds others twice at each level would be endless; 90 levels at most, of the wire's 100.
"""


class Placeholder(str):
    """Stands where a value could not be passed; shown as ``<a table around it>``."""

    __slots__ = ()


def with_placeholders(value: Any) -> Any:
    """A value that `COPY` copied, as the host's interpreter gives it, with a `Placeholder` for each mark."""
    if isinstance(value, bytes) and value.startswith(_MARK.encode()):
        return Placeholder(f"<{value[len(_MARK) :].decode('utf-8', 'replace')}>")
    if isinstance(value, str) and value.startswith(_MARK):
        return Placeholder(f"<{value[len(_MARK) :]}>")
    if isinstance(value, dict):
        return {with_placeholders(key): with_placeholders(item) for key, item in value.items()}
    return value
