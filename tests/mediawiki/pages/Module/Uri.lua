local Show = require('Module:Show')
local p = {}

function p.main(frame)
	local out, uri = Show.new(), mw.uri
	out:say('encode', uri.encode('a b/c?d=é&f'), uri.encode('a b', 'PATH'), uri.encode('a b_c', 'WIKI'))
	out:say('decode', uri.decode('a+b%20c%D0%B6'), uri.decode('a+b', 'PATH'), uri.decode('a_b', 'WIKI'))
	out:say('anchor', uri.anchorEncode('Ein Überblick & mehr'))
	out:say('build', uri.buildQueryString{ a = 1 }, uri.buildQueryString{ k = { 'x', 'y z' } }, uri.buildQueryString{ e = false })
	out:say('parse', uri.parseQueryString('a=1&b=2&b=3&c&d[x]=4&%D0%B6=%D1%8B'))
	out:say('urls', tostring(uri.localUrl('Main Page')), tostring(uri.fullUrl('Text', 'action=raw')), tostring(uri.canonicalUrl('Жук', { x = 'y' })))
	local u = uri.new('https://user:pw@example.org:8080/path/x?query=1#frag')
	out:say('parts', u.protocol, u.user, u.password, u.host, u.port, u.path, u.query, u.fragment, u.hostPort, u.authority, u.userInfo, u.relativePath, u.queryString)
	u.fragment, u.port = 'other', 443
	out:say('changed', tostring(u), tostring(u:clone():extend{ query = 'other' }))
	out:say('parsed again', tostring(u:parse('//host/p')))
	out:say('validate', uri.validate{ protocol = 'http', host = 'x', path = '/' }, uri.validate{ port = 'x' })
	out:say('new', tostring(uri.new{ host = 'example.org', path = '/p' }), tostring(uri.new('mailto:me@example.org')))
	out:try('bad port', function () return uri.new('http://host:port/') end)
	out:try('bad encoding name', uri.encode, 'x', 'NOSUCH')
	return out:text()
end

return p
