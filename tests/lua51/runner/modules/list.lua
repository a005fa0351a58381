-- A wiki module as editors write them: p.main(frame), helpers beside it, strings and tables.
local p = {}

function p.join(items, separator, last)
	local count = #items
	if count < 2 then return items[1] or "" end
	return table.concat(items, separator, 1, count - 1) .. last .. items[count]
end

function p.main(frame)
	local items = {}
	for index, text in ipairs(frame.args) do
		items[index] = mw.text.trim(text)
	end
	if #items == 0 then
		error("no items were given", 2)
	end
	local text = p.join(items, ", ", frame.args.last or " and ")
	return frame.args.upper and mw.ustring.upper(text) or text
end

return p
