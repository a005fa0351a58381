local Show = require('Module:Show')
local p = {}

function p.main(frame)
	local out, message = Show.new(), mw.message
	out:say('plain', message.new('aboutpage'):plain())
	out:say('parameters', message.newRawMessage('$1, $2 and $3', 'a', 2, 'ж'):plain())
	out:say('number parameters', message.newRawMessage('$1 $2', message.numParam(1234567.5), message.rawParam('<b>')):plain())
	out:say('list', message.newRawMessage('$1|$2'):params{ 'one', 'two' }:plain())
	out:say('chained', message.newRawMessage('$1$2$3'):params('x'):rawParams('<y>'):numParams(3000):plain())
	out:say('languages', message.new('january'):inLanguage('de'):plain(), message.new('january'):inLanguage('ru'):plain())
	out:say('content language', message.new('january'):inLanguage(mw.language.getContentLanguage()):plain())
	out:say('fallback', message.newFallbackSequence('no-such-message', 'january'):plain(), message.new('no-such-message'):plain())
	out:say('states', message.new('january'):exists(), message.new('no-such-message'):exists(), message.new('no-such-message'):isBlank(), message.newRawMessage('-'):isDisabled())
	out:say('tostring', tostring(message.new('february')))
	out:say('database', message.new('january'):useDatabase(false):plain())
	out:say('default language', message.getDefaultLanguage():getCode())
	out:say('expanded by the parser', frame:preprocess('{{int:january}} {{PLURAL:2|one|two}}'))
	out:try('bad parameter', function () return message.newRawMessage('$1', {}):plain() end)
	out:try('bad key', message.new, {})
	return out:text()
end

return p
