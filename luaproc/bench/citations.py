"""A page of citations with modules of the weight that large wikis have: five thousand lines, three of them data.

The modules that do the work lie in page/Module/BenchCite*.lua. What is many lines alike is written here: the data
module, and the one that knows identifiers.
"""

from __future__ import annotations

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_NAMES = ("last", "first", "title", "url", "journal", "volume", "pages", "publisher", "date", "accessed", "doi", "link")
_METADATA = ("title", "journal", "volume", "pages", "date", "publisher", "last1", "first1")

ALIASES = 1400
"""Names of parameters that the data module knows besides those that the page uses."""

IDENTIFIERS = 90
"""Kinds of identifiers, 20 lines of code each."""

_IDENTIFIER = """
handlers.id{n} = function ( text, problems )
	local value = mw.text.trim( text )
	if value == '' then
		return nil
	end
	local digits = value:gsub( '[%s%-]', '' )
	if #digits < {least} or #digits > {most} then
		problems[#problems + 1] = 'id{n} has ' .. #digits .. ' characters'
		return nil
	end
	local sum = 0
	for i = 1, #digits do
		local digit = tonumber( digits:sub( i, i ) )
		if not digit then
			problems[#problems + 1] = 'id{n}: ' .. mw.ustring.sub( value, i, i ) .. ' is no digit'
			return nil
		end
		sum = sum + digit * ( i % {modulus} + 1 )
	end
	return '[https://id{n}.example/' .. mw.uri.encode( digits, 'PATH' ) .. ' ' .. value .. ']' .. sum % {modulus}
end
"""

_ALL = """
local i = {}

function i.all( args, problems )
	local found = {}
	for _, name in ipairs( data.identifiers ) do
		local text = args[name]
		if text then
			found[#found + 1] = handlers[name]( text, problems )
		end
	end
	if args.doi then
		local prefix, suffix = mw.ustring.match( args.doi, '^(10%.%d+)/(%S+)$' )
		found[#found + 1] = prefix and '[https://doi.example/' .. prefix .. '/' .. mw.uri.encode( suffix ) .. ' doi]'
	end
	return found
end

return i
"""


def modules() -> dict[str, str]:
    """The generated modules: name -> text."""
    handlers = "".join(
        _IDENTIFIER.format(n=number, least=4 + number % 5, most=12 + number % 7, modulus=7 + number % 5)
        for number in range(IDENTIFIERS)
    )
    head = "-- Identifiers: each kind is checked in its own way.\nlocal data = mw.loadData( 'Module:BenchCiteData' )\n"
    return {
        "BenchCiteIdentifiers": head + "local handlers = {}\n" + handlers + _ALL,
        "BenchCiteData": _data(),
    }


def _data() -> str:
    known = [*_NAMES, *(f"id{number}" for number in range(IDENTIFIERS))]
    aliases = [f"\t\t['{name}'] = '{name}'," for name in known]
    aliases += [f"\t\t['alias-{number}'] = 'name{number}', -- of an older template" for number in range(ALIASES)]
    allowed = [f"\t\t['name{number}'] = {str(number % 3 > 0).lower()}," for number in range(ALIASES)]
    months = [f"\t\t['{name}'] = {number}, ['{name[:3]}'] = {number}," for number, name in enumerate(_MONTHS, 1)]
    return "\n".join(
        [
            "-- What the citation knows of its parameters.",
            "return {",
            "\taliases = {", *aliases, "\t},",
            "\tallowed = {", *allowed, "\t},",
            "\tmonths = {", *months, "\t},",
            f"\tidentifiers = {{ {', '.join(repr(name) for name in known[len(_NAMES) :])} }},",
            f"\tmetadata = {{ {', '.join(map(repr, _METADATA))} }},",
            "\tseparators = { people = '; ', parts = '. ' },",
            "\tmessages = { others = 'and others', volume = 'vol. $1', pages = 'pp. $1', accessed = 'Seen on $1' },",
            "\tmost_people = 3,",
            "\tinitials = true,",
            "}",
            "",
        ]
    )  # fmt: skip


def wikitext(count: int) -> str:
    """A page of so many citations, each with a dozen arguments and more."""
    return "".join(_citation(number) for number in range(1, count + 1))


def _citation(number: int) -> str:
    return (
        f"* {{{{BenchCite|last1=Novák {number}|first1=Jana Marie|last2=Smith|first2=Anna|last3=Li|last4=Жуковский"
        f"|link1=Person {number % 7}|title=Lives &amp; letters,  volume “{number}”|url=https://example.org/?n={number}"
        f"|journal=Journal of [[Life|Lives]] {number % 9}|volume={number % 40 + 1}"
        f"|pages={number}-{number + 12}, {number + 30}"
        f"|publisher=Press|date={number % 28 + 1} June {1900 + number % 99}|accessed=2020-0{number % 9 + 1}-11"
        f"|doi=10.{1000 + number}/j.{number}|id{number % IDENTIFIERS}=12345{number:04}|unknown{number}=x}}}}\n"
    )
