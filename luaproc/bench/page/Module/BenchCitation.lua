-- A citation: many optional parts, joined with the right separators.
local p = {}

local function author(args, i)
	local last, first = args['last' .. i], args['first' .. i]
	return last and (first and last .. ', ' .. first or last)
end

function p.main(frame)
	local args, parts, authors = frame:getParent().args, {}, {}
	for i = 1, 5 do
		authors[#authors + 1] = author(args, i)
	end
	parts[#parts + 1] = #authors > 0 and table.concat(authors, '; ') or nil
	if args.title then
		local title = mw.text.nowiki(args.title)
		parts[#parts + 1] = args.url and '[' .. args.url .. ' ' .. title .. ']' or "''" .. title .. "''"
	end
	for _, name in ipairs({ 'work', 'publisher', 'date', 'pages', 'isbn' }) do
		if args[name] then
			parts[#parts + 1] = name == 'pages' and 'pp. ' .. args[name]:gsub('-', '–') or args[name]
		end
	end
	return '<cite>' .. table.concat(parts, '. ') .. '.</cite>'
end

function p.age(frame)
	local year, month, day = frame.args[1]:match('^(%d+)-(%d+)-(%d+)$')
	local years = 1920 - tonumber(year)
	if tonumber(month) > 6 or tonumber(month) == 6 and tonumber(day) > 15 then
		years = years - 1
	end
	return years
end

return p
