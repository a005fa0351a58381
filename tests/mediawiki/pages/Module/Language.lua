local Show = require('Module:Show')
local p = {}

local STAMP = '2001-02-03 04:05:06'

function p.main(frame)
	local out, language = Show.new(), mw.language
	out:say('content', language.getContentLanguage():getCode(), mw.getContentLanguage():isRTL())
	out:say('known', language.isKnownLanguageTag('de'), language.isSupportedLanguage('xx'), language.isValidCode('a/b'), language.isValidBuiltInCode('en-gb'))
	out:say('names', language.fetchLanguageName('ru'), language.fetchLanguageName('ru', 'de'), language.fetchLanguageName('xx'))
	local names = 0
	for code, name in pairs(language.fetchLanguageNames()) do
		names = names + 1
	end
	out:say('all names', names > 300)
	out:say('fallbacks', language.getFallbacksFor('de-at'), language.getFallbacksFor('zh-hk'))
	for _, code in ipairs{ 'en', 'ru', 'ar', 'tr' } do
		local lang = language.new(code)
		out:say(code, lang:getCode(), lang:isRTL(), lang:getDir(), lang:getArrow(), lang:getDirMark(true))
		out:say('case', lang:ucfirst('istanbul'), lang:lcfirst('IRMAK'), lang:uc('жûi'), lang:lc('ЖÛI'), lang:caseFold('Straße'))
		out:say('numbers', lang:formatNum(1234567.891), lang:formatNum(-12), lang:formatNum(0.5, { noCommafy = true }), lang:parseFormattedNumber('1,234.5'))
		out:say('plural', lang:plural(1, 'one', 'few', 'many'), lang:plural(2, 'one', 'few', 'many'), lang:convertPlural(5, { 'one', 'few', 'many' }))
		out:say('date', lang:formatDate('j F Y, H:i:s D N U', STAMP), lang:formatDate('xij xiF xiY', STAMP))
		out:say('duration', lang:formatDuration(100000), lang:formatDuration(3661, { 'minutes', 'seconds' }))
		out:say('gender', lang:gender('male', 'he', 'she', 'they'), lang:gender('female', { 'he', 'she' }), lang:gender('unknown', 'he', 'she', 'they'))
		out:say('interval', lang:getDurationIntervals(90061))
	end
	out:say('grammar', language.new('ru'):grammar('genitive', 'Википедия'), language.new('ru'):convertGrammar('Викисловарь', 'genitive'))
	out:try('bad code', language.new, '<>')
	out:try('bad date', function () return language.new('en'):formatDate('Y', 'no date at all') end)
	out:try('bad number', function () return language.new('en'):formatNum('x') end)
	out:try('bad self', language.new('en').formatNum, 12)
	return out:text()
end

return p
