-- What wikis use Scribunto for most: a box of rows from a template's arguments.
local data = mw.loadData('Module:BenchData')
local p = {}

local function value(args, name)
	local text = args[name] and mw.text.trim(args[name])
	return text ~= '' and text or nil
end

local function row(box, label, text)
	if text then
		box:tag('tr'):tag('th'):attr('scope', 'row'):wikitext(label):done():tag('td'):wikitext(text)
	end
end

local function list(text)
	if not text then
		return nil
	end
	local out = mw.html.create('ul')
	for part in mw.text.gsplit(text, ';', true) do
		out:tag('li'):wikitext(mw.text.trim(part))
	end
	return tostring(out)
end

local function place(text)
	local code = text and text:match('^%u%u')
	return code and ('%s (%s)'):format(text:sub(4), data.countries[code].name) or text
end

function p.main(frame)
	local args, language = frame:getParent().args, mw.language.getContentLanguage()
	local box = mw.html.create('table'):addClass('infobox'):css('background', data.colours[value(args, 'kind')] or 'none')
	box:tag('caption'):wikitext("'''" .. (value(args, 'name') or mw.title.getCurrentTitle().text) .. "'''")
	row(box, 'Born', value(args, 'born') and language:formatDate('j F Y', value(args, 'born')))
	row(box, 'Place', place(value(args, 'place')))
	row(box, 'Occupation', list(value(args, 'occupation')))
	row(box, 'Inhabitants', value(args, 'inhabitants') and language:formatNum(tonumber(value(args, 'inhabitants'))))
	row(box, 'Known as', value(args, 'name') and mw.ustring.upper(mw.ustring.sub(value(args, 'name'), 1, 12)))
	for i = 1, 9 do
		row(box, 'Note ' .. i, value(args, 'note' .. i))
	end
	return tostring(box)
end

return p
