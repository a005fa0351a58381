-- LuaData: bytes that scripts read and write in place, by index, by fields of a layout, and as segments that share them.
-- For states of NFLua (Lua 5.3, 5.1, LuaJIT) and for `luaproc lua`. Arguments: the module's name, a table that modules
-- of luaproc's share (here goes what nflua.lua and state.lua need beside the library), and a function that tells the
-- machine's byte order, "little" or "big".
--
-- An object is userdata in Lua 5.1 and LuaJIT, since `#` asks no table's __len there, and a table in Lua 5.3. What
-- belongs to it is in `records`, out of a script's reach: { buffer, offset, size, fields }, in bytes.

local _, shared, byte_order = ...
local error, getmetatable, newproxy, next, rawequal, setmetatable, tonumber, type =
	error, getmetatable, newproxy, next, rawequal, setmetatable, tonumber, type
local byte, char, pack, sub = string.byte, string.char, string.pack, string.sub
local ceil, concat, floor, min = math.ceil, table.concat, math.floor, math.min

-- 1. Buffers. One that is only read is a string (`text`); one that was written to is a list of strings of BLOCK bytes, so
-- that writing a byte copies a block. As numbers in a table, a message's 4,012 bytes would take 64 KiB.

local BLOCK = 64
local ZEROS = string.rep("\0", BLOCK)

local function text_of(buffer)
	if not buffer.text then
		buffer.text = concat(buffer)
	end
	return buffer.text
end

local function split(buffer)
	local text = buffer.text
	if text then
		for at = 1, #text, BLOCK do
			buffer[(at - 1) / BLOCK + 1] = sub(text, at, at + BLOCK - 1)
		end
		buffer.text = nil
	end
end

local function get(buffer, at)
	if buffer.text then
		return byte(buffer.text, at + 1)
	end
	return byte(buffer[floor(at / BLOCK) + 1], at % BLOCK + 1)
end

local function put(buffer, at, text)
	split(buffer)
	local from, length = 1, #text
	while from <= length do
		local index, start = floor(at / BLOCK) + 1, at % BLOCK
		local count = min(BLOCK - start, length - from + 1)
		local block = buffer[index]
		buffer[index] = sub(block, 1, start) .. sub(text, from, from + count - 1) .. sub(block, start + count + 1)
		from, at = from + count, at + count
	end
end

local function zeros(size)
	local buffer = {}
	for index = 1, floor(size / BLOCK) do
		buffer[index] = ZEROS
	end
	if size % BLOCK > 0 then
		buffer[#buffer + 1] = sub(ZEROS, 1, size % BLOCK)
	end
	return buffer
end

-- 2. Bits, the most significant first. POWER holds integers in Lua 5.3, where 2 ^ n is a float.

local POWER = { [0] = 1 }
for n = 1, 16 do
	POWER[n] = POWER[n - 1] * 2
end

-- Up to 8 bits from a bit's index on.
local function get_bits(buffer, bit, count)
	local at, start = floor(bit / 8), bit % 8
	local last = start + count
	if last <= 8 then
		return floor(get(buffer, at) / POWER[8 - last]) % POWER[count]
	end
	return floor((get(buffer, at) * 256 + get(buffer, at + 1)) / POWER[16 - last]) % POWER[count]
end

local function put_bits(buffer, bit, count, value)
	local at, start = floor(bit / 8), bit % 8
	local last = start + count
	if last <= 8 then
		local scale = POWER[8 - last]
		put(buffer, at, char(get(buffer, at) + (value - get_bits(buffer, bit, count)) * scale))
	else
		local low = last - 8
		put_bits(buffer, bit, count - low, floor(value / POWER[low]))
		put_bits(buffer, at * 8 + 8, low, value % POWER[low])
	end
end

-- A number as 8 bytes, two's complement: what Lua 5.3 packs; else by arithmetic, exact up to 2^53.
local function eight_bytes(value)
	if pack then
		return pack(">i8", value)
	end
	local bytes = {}
	for index = 8, 1, -1 do
		bytes[index] = char(value % 256)
		value = floor(value / 256)
	end
	return concat(bytes)
end

-- A number is cut into groups of 8 bits from its first bit on; endian says whether the first is the highest or the lowest.

local function get_number(buffer, bit, length, little)
	local value, scale = 0, 1
	for done = 0, length - 1, 8 do
		local count = min(8, length - done)
		local group = get_bits(buffer, bit + done, count)
		if little then
			value, scale = value + group * scale, scale * 256
		else
			value = value * POWER[count] + group
		end
	end
	return value
end

local function put_number(buffer, bit, length, little, value)
	local eight = { text = eight_bytes(value) }
	for done = 0, length - 1, 8 do
		local count = min(8, length - done)
		local from = little and 64 - done - count or 64 - length + done
		put_bits(buffer, bit + done, count, get_bits(eight, from, count))
	end
end

-- 3. Layouts.

local TYPES = { number = "number", string = "string" }
local LITTLE = { big = false, net = false, little = true, host = byte_order() == "little" }
local entries_of = setmetatable({}, { __mode = "k" }) -- layout -> field -> { offset, length, type, little }

-- The whole number that a value is, or nil; 3.0 is 3.
local function whole(value)
	value = tonumber(value)
	if value and value % 1 == 0 and value >= -2 ^ 53 and value <= 2 ^ 53 then
		return value
	end
end

local function entry(name, given)
	local offset, length = given.offset or given[1] or 0, given.length or given[2] or 0
	local made = { whole(offset), whole(length), "number", false }
	if not made[1] or not made[2] or made[1] < 0 or made[2] < 0 then
		error("bad layout: a field has an offset and a length, whole numbers from 0 on", 4)
	end
	-- The third may be an endian, where the type is left out.
	for _, word in next, { given[3] or false, given[4] or false, given.type or false, given.endian or false } do
		if TYPES[word] then
			made[3] = word
		elseif LITTLE[word] ~= nil then
			made[4] = LITTLE[word]
		elseif word then
			error("bad layout: expected 'number' or 'string', and 'big', 'net', 'little' or 'host'", 4)
		end
	end
	return made
end

local function layout(fields)
	if type(fields) ~= "table" then
		return nil
	elseif entries_of[fields] then
		return fields
	end
	local entries = {}
	for name, given in next, fields do
		if type(given) == "table" then
			local made = entry(name, given)
			entries[name] = made[2] > 0 and made or nil
		end
	end
	local made = {}
	entries_of[made] = entries
	return made
end

-- 4. Objects.

local records = setmetatable({}, { __mode = "k" })
local metatable
local prototype = newproxy and newproxy(true)
if prototype then
	metatable = getmetatable(prototype)
else
	metatable = {}
end

local function object(buffer, offset, size)
	local made
	if prototype then
		made = newproxy(prototype)
	else
		made = setmetatable({}, metatable)
	end
	records[made] = { buffer, offset, size }
	return made
end

local function record_of(value, name)
	local record = records[value]
	if not record then
		error("bad argument #1 to '" .. name .. "' (data expected, got " .. type(value) .. ")", 3)
	end
	return record
end

local methods = {}

-- The object itself, so that calls can be chained; nil for what is no table.
function methods.layout(self, fields)
	local record = record_of(self, "layout")
	local made = layout(fields)
	if made then
		record[4] = entries_of[made]
		return self
	end
end

-- Another object on the same bytes; nil where it would not lie within, or be empty. Offset and length in bytes.
function methods.segment(self, offset, length)
	local record = record_of(self, "segment")
	local from = whole(offset == nil and 0 or offset)
	local count = from and whole(length == nil and record[3] - from or length)
	if count and from >= 0 and count > 0 and from + count <= record[3] then
		return object(record[1], record[2] + from, count)
	end
end

function metatable.__index(self, key)
	local record = records[self]
	if not record or key == nil then
		return nil
	elseif methods[key] then
		return methods[key]
	elseif type(key) == "number" then
		if key >= 0 and key < record[3] and key % 1 == 0 then
			return get(record[1], record[2] + key)
		end
		return nil
	end
	local field = record[4] and record[4][key]
	if not field then
		return nil
	end
	local offset, length = field[1], field[2]
	if field[3] == "string" then
		if offset + length <= record[3] then
			local from = record[2] + offset
			return sub(text_of(record[1]), from + 1, from + length)
		end
	elseif length <= 64 and offset + length <= record[3] * 8 then
		return get_number(record[1], record[2] * 8 + offset, length, field[4])
	end
end

local function integer(value)
	local number = tonumber(value)
	if not number or number ~= number or number >= 2 ^ 64 or number <= -2 ^ 64 then
		error("number expected, got " .. (number and "one out of range" or type(value)), 3)
	end
	return number >= 0 and floor(number) or ceil(number)
end

-- Where nothing is (an index outside, a field that the layout does not have, or that does not fit), nothing is written.
function metatable.__newindex(self, key, value)
	local record = records[self]
	if not record or key == nil or methods[key] then
		return
	elseif type(key) == "number" then
		if key >= 0 and key < record[3] and key % 1 == 0 then
			put(record[1], record[2] + key, char(integer(value) % 256))
		end
		return
	end
	local field = record[4] and record[4][key]
	if not field then
		return
	end
	local offset, length = field[1], field[2]
	if field[3] == "string" then
		if type(value) ~= "string" and type(value) ~= "number" then
			error("string expected, got " .. type(value), 2)
		end
		if offset + length <= record[3] then
			put(record[1], record[2] + offset, sub(value, 1, length))
		end
	elseif length <= 64 and offset + length <= record[3] * 8 then
		put_number(record[1], record[2] * 8 + offset, length, field[4], integer(value))
	end
end

function metatable.__len(self)
	local record = records[self]
	return record and record[3] or 0
end

local function bytes(self)
	local record = records[self]
	if not record then
		return ""
	end
	local text = text_of(record[1])
	if record[3] == #text then
		return text
	end
	return sub(text, record[2] + 1, record[2] + record[3])
end

metatable.__tostring = bytes
metatable.__metatable = "data"

-- 5. The library.

local data = { layout = layout }

-- Of a string, a list of bytes, or a size (then all are zero). nil for an empty one and for anything else.
function data.new(source)
	local kind = type(source)
	if kind == "string" and source ~= "" then
		return object({ text = source }, 0, #source)
	elseif kind == "number" and whole(source) and source > 0 then
		return object(zeros(source), 0, floor(source))
	elseif kind == "table" and #source > 0 then
		local buffer = zeros(#source)
		for index = 1, #source do
			put(buffer, index - 1, char(integer(source[index]) % 256))
		end
		return object(buffer, 0, #source)
	end
end

-- For the modules of luaproc's: whether a value is an object; its bytes; write bytes, which must fit, from an offset on.
shared.data = {
	is = function(value)
		return records[value] ~= nil
	end,
	bytes = bytes,
	put = function(value, offset, text)
		local record = records[value]
		put(record[1], record[2] + offset, text)
	end,
}

return data
