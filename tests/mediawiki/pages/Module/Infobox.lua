-- What wikis use Scribunto for most: a box of rows from a template's arguments, with data from another module.
local colours = mw.loadData('Module:LoadDataColours')
local p = {}

local ROWS = { { 'Born', 'born' }, { 'Died', 'died' }, { 'Occupation', 'occupation' }, { 'Website', 'url' }, { 'Population', 'population' } }

local function value(args, name)
	local text = args[name] and mw.text.trim(args[name])
	return text ~= '' and text or nil
end

function p.main(frame)
	local args, lang = frame:getParent().args, mw.language.getContentLanguage()
	local box = mw.html.create('table'):addClass('infobox'):css('background', colours.red.hex)
	box:tag('caption'):wikitext("'''" .. (value(args, 'name') or mw.title.getCurrentTitle().text) .. "'''")
	for _, row in ipairs(ROWS) do
		local text = value(args, row[2])
		if text then
			if row[2] == 'born' or row[2] == 'died' then
				text = lang:formatDate('j F Y', text)
			elseif row[2] == 'population' then
				text = lang:formatNum(tonumber(text))
			elseif row[2] == 'url' then
				text = '[' .. text .. ' ' .. mw.uri.new(text).host .. ']'
			end
			box:tag('tr'):tag('th'):wikitext(row[1]):done():tag('td'):wikitext(text)
		end
	end
	for i = 1, 9 do
		local text = value(args, 'note' .. i)
		if text then
			box:tag('tr'):tag('td'):attr('colspan', 2):wikitext(text, frame:extensionTag('ref', text))
		end
	end
	return tostring(box)
end

return p
