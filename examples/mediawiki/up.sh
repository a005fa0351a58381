#!/bin/sh
# A MediaWiki of Debian's package, on SQLite, that runs its Lua modules with luaproc: installs it into a directory of its
# own, saves a module and a page, renders the page and shows what came out. Nothing of the system is changed.
#
#     sh examples/mediawiki/up.sh                    render the page, and clean up
#     sh examples/mediawiki/up.sh --serve 8080       and look at it in a browser, until Ctrl-C
#
# Needs: apt-get install --no-install-recommends mediawiki php-cli php-sqlite3, and luaproc.
set -eu

usage() {
	cat <<'END'
usage: up.sh [--dir DIR] [--luaproc PATH] [--runtime lua51|luajit21] [--serve PORT]

  --dir DIR       where the wiki is made and stays; one that is there is used again.
                  Default: a temporary directory that is removed at the end.
  --luaproc PATH  the executable for luaPath. Default: the luaproc on PATH.
  --runtime NAME  the Lua to run modules with. Default: lua51.
  --serve PORT    after rendering, run PHP's own web server on 127.0.0.1:PORT.
END
}

fail() {
	echo "up.sh: $*" >&2
	exit 1
}

dir='' luaproc='' runtime='' port=''
while [ $# -gt 0 ]; do
	case $1 in
		-h | --help) usage; exit 0 ;;
		--dir | --luaproc | --runtime | --serve) [ $# -ge 2 ] || fail "$1 needs a value" ;;
		*) usage >&2; fail "unknown option: $1" ;;
	esac
	case $1 in
		--dir) dir=$2 ;;
		--luaproc) luaproc=$2 ;;
		--runtime) runtime=$2 ;;
		--serve) port=$2 ;;
	esac
	shift 2
done

# What must be there, each with what to do when it is not.
mediawiki=${MW_INSTALL_PATH:-/usr/share/mediawiki}
packages='apt-get install --no-install-recommends mediawiki php-cli php-sqlite3'
command -v php >/dev/null || fail "php is missing. On Debian: $packages"
[ -f "$mediawiki/maintenance/install.php" ] || fail "no MediaWiki in $mediawiki. On Debian: $packages"
[ -d "$mediawiki/extensions/Scribunto" ] || fail "$mediawiki has no extension Scribunto"
for extension in pdo_sqlite intl mbstring xml; do
	php -r "exit( extension_loaded( '$extension' ) ? 0 : 1 );" || fail "PHP has no $extension. On Debian: $packages"
done
[ -n "$luaproc" ] || luaproc=$(command -v luaproc) ||
	fail "luaproc is not on PATH: pip install luaproc, or name it with --luaproc PATH"
[ -x "$luaproc" ] && [ -f "$luaproc" ] || fail "$luaproc is not an executable file"
luaproc=$(cd "$(dirname "$luaproc")" && pwd)/$(basename "$luaproc")
version=$(LUAPROC_RUNTIME=$runtime "$luaproc" -v 2>&1) || fail "$luaproc -v failed: $version"
case $version in
	Lua*) ;;
	*) fail "$luaproc is no Lua for a wiki: $luaproc -v says '$version'" ;;
esac
if [ -n "$port" ]; then
	case $port in *[!0-9]*) fail "--serve needs a port number, not $port" ;; esac
	[ "$port" -ge 1 ] 2>/dev/null && [ "$port" -le 65535 ] || fail "--serve needs a port from 1 to 65535, not $port"
	php -r 'exit( @stream_socket_server( "tcp://127.0.0.1:$argv[1]" ) ? 0 : 1 );' -- "$port" ||
		fail "port $port of 127.0.0.1 is taken, or not for you: name another one with --serve"
fi

server='' temporary=''
clean_up() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || :
	[ -z "$temporary" ] || rm -rf "$temporary"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM
if [ -z "$dir" ]; then
	temporary=$(mktemp -d)
	dir=$temporary
fi
mkdir -p "$dir/data"
dir=$(cd "$dir" && pwd)

if [ ! -f "$dir/LocalSettings.php" ]; then
	echo "Installing MediaWiki in $dir"
	password=$(php -r 'echo bin2hex( random_bytes( 12 ) );')
	php "$mediawiki/maintenance/install.php" --dbtype sqlite --dbpath "$dir/data" --dbname wiki --confpath "$dir" \
		--server http://127.0.0.1 --scriptpath '' --skins Vector --extensions Scribunto,ParserFunctions \
		--pass "$password" 'Lua wiki' Admin >"$dir/install.log" </dev/null || {
		cat "$dir/install.log" >&2
		fail "MediaWiki's installer failed"
	}
	echo "Installed; Admin's password is $password"
	mv "$dir/LocalSettings.php" "$dir/InstalledSettings.php"
fi

# A string of PHP.
quoted() {
	printf "'%s'" "$(printf %s "$1" | sed "s/[\\\\']/\\\\&/g")"
}

# These are the lines that make a wiki use luaproc.
cat >"$dir/LocalSettings.php" <<END
<?php
require $(quoted "$dir/InstalledSettings.php");
\$wgScribuntoDefaultEngine = 'luastandalone';
\$wgScribuntoEngineConf['luastandalone']['luaPath'] = $(quoted "$luaproc");
\$wgScribuntoEngineConf['luastandalone']['errorFile'] = $(quoted "$dir/luaproc.log");
${runtime:+putenv( 'LUAPROC_RUNTIME=$runtime' );}

\$wgServer = 'http://127.0.0.1:${port:-80}';
\$wgMainCacheType = \$wgParserCacheType = CACHE_NONE;
\$wgShowExceptionDetails = true;
END
export MW_CONFIG_FILE="$dir/LocalSettings.php"

php "$mediawiki/maintenance/edit.php" --summary 'Made by up.sh' Module:Hello >"$dir/edit.log" <<'END' || { cat "$dir/edit.log"; exit 1; }
local p = {}

function p.main(frame)
	local name = mw.text.trim(frame.args[1] or 'World')
	local box = mw.html.create('table'):addClass('wikitable')
	box:tag('caption'):wikitext("Hello, '''", name, "''', from ", _VERSION)
	for _, word in ipairs{ 'luaproc', 'Привет', 'Γειά' } do
		box:tag('tr')
			:tag('td'):wikitext(word):done()
			:tag('td'):wikitext(mw.ustring.upper(word), ', ', mw.ustring.len(word), ' letters')
	end
	return tostring(box)
end

return p
END
php "$mediawiki/maintenance/edit.php" --summary 'Made by up.sh' Hello >"$dir/edit.log" <<'END' || { cat "$dir/edit.log"; exit 1; }
This table was made by [[Module:Hello]].
{{#invoke:Hello|main|reader}}
END

echo "Rendered with $version:"
echo '{{:Hello}}' >"$dir/page.wikitext"
php "$mediawiki/maintenance/parse.php" --title Hello "$dir/page.wikitext" >"$dir/page.html"
cat "$dir/page.html"
echo
if grep -q scribunto-error "$dir/page.html" || ! grep -q 'ПРИВЕТ' "$dir/page.html"; then
	[ ! -s "$dir/luaproc.log" ] || cat "$dir/luaproc.log" >&2
	fail "the module did not run"
fi

[ -n "$port" ] || exit 0
echo "The wiki is at http://127.0.0.1:$port/index.php/Hello (Ctrl-C ends it)"
php -S "127.0.0.1:$port" -t "$mediawiki" >"$dir/http.log" 2>&1 </dev/null &
server=$!
wait "$server" || fail "PHP's web server ended: $(tail -n 3 "$dir/http.log")"
