local Show = require('Module:Show')
local p = {}

local FIELDS = { 'namespace', 'nsText', 'text', 'prefixedText', 'fullText', 'fragment', 'rootText', 'baseText', 'subpageText',
	'interwiki', 'isSubpage', 'isTalkPage', 'isContentPage', 'isRedirect', 'isLocal', 'isExternal', 'canTalk', 'exists', 'contentModel' }

function p.main(frame)
	local out, title = Show.new(), mw.title
	for _, text in ipairs{ 'Title', 'Template:Box', 'module:text', 'Talk:A/B/C#Section', 'wikipedia:X', 'Жук_жужжит', ':Category:Cats', 'No page here' } do
		local t = title.new(text)
		local values = {}
		for i, field in ipairs(FIELDS) do
			values[i] = field .. '=' .. tostring(t and t[field])
		end
		out:say(text, table.concat(values, ' '))
	end
	local current = title.getCurrentTitle()
	out:say('current', current.prefixedText, current.id > 0, current == title.new('Title'), tostring(current))
	out:say('compared', title.equals(title.new('a'), title.new('A')), title.compare(title.new('B'), title.new('A')), title.new('A') < title.new('B'))
	out:say('made', title.makeTitle('Template', 'Box').prefixedText, title.makeTitle(10, 'x', 'frag').fullText)
	out:say('new with namespace', title.new('Box', 'Template').prefixedText, title.new('<bad>'), title.new(''))
	out:say('by id', title.new(current.id) == current, title.new(99999999))
	out:say('content', title.new('Template:Box'):getContent():sub(1, 17), title.new('No page here'):getContent())
	out:say('urls', current:fullUrl(), current:localUrl('action=edit'), current:canonicalUrl{ a = 'b c é' }, title.new('Жук'):fullUrl('x=1', 'https'))
	out:say('partial', current:partialUrl(), title.new('A b/ü'):partialUrl())
	out:say('relatives', title.new('A/B'):subPageTitle('C').text, title.new('A/B').basePageTitle.text, title.new('A').talkPageTitle.prefixedText, title.new('Talk:A').subjectPageTitle.text)
	out:say('in namespaces', current:inNamespace(0), current:inNamespaces(10, 'Module'), title.new('Template talk:X'):hasSubjectNamespace(10))
	out:say('redirect', title.new('Redirecting').isRedirect, tostring(title.new('Redirecting').redirectTarget))
	out:say('protection', current.protectionLevels, current.cascadingProtection)
	out:say('file', title.new('File:None.png').file and title.new('File:None.png').file.exists)
	out:say('subject', current:isSubpageOf(title.new('X')), title.new('X/Y'):isSubpageOf(title.new('X')))
	out:try('write a field', function () current.text = 'x' end)
	out:try('an unknown field', function () return current.nosuch end)
	out:try('no such namespace', title.makeTitle, 'No ns', 'x')
	out:try('bad type', title.new, {})
	out:try('bad self', function () return current.fullUrl('x') end)
	return out:text()
end

-- Every look at a page costs one expensive call: the count is part of the limit report.
function p.expensive(frame)
	for i = 1, tonumber(frame.args[1]) do
		local _ = mw.title.new('Page number ' .. i).exists
	end
	return frame.args[1] .. ' titles looked up'
end

return p
