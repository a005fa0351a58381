local Show = require('Module:Show')
local p = {}

function p.main(frame)
	local out, site = Show.new(), mw.site
	out:say('site', site.siteName, site.server, site.scriptPath, site.stylePath, site.currentVersion)
	local names = {}
	for id, ns in pairs(site.namespaces) do
		names[#names + 1] = string.format('%d %s %s %s %s', id, ns.name, ns.canonicalName, tostring(ns.isTalk), table.concat(ns.aliases, '/'))
	end
	table.sort(names)
	out:say('namespaces', table.concat(names, '; '))
	out:say('by name', site.namespaces.Template.id, site.namespaces['module talk'].id, site.namespaces.File.subject == site.namespaces[6])
	out:say('groups', site.contentNamespaces[0].name, site.talkNamespaces[1].name, site.subjectNamespaces[10].talk.name)
	out:say('statistics', type(site.stats.pages), site.stats.pages > 10, site.stats.admins, site.stats.files)
	out:say('in category', site.stats.pagesInCategory('No such category'), site.stats.pagesInCategory('No such category', '*'))
	out:say('in namespace', site.stats.pagesInNamespace(10) > 3)
	out:say('interwiki', type(site.interwikiMap()), site.interwikiMap('local') ~= nil)
	out:try('unknown namespace', function () return site.namespaces.Nosuch end)
	out:try('bad group', site.stats.pagesInCategory, 'C', 'nosuch')
	return out:text()
end

return p
