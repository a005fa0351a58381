# Sourced: fetches the sources of Debian's packages from where this machine's apt fetches, checked by apt. No root is
# needed, and nothing outside of $work is touched, a directory of the caller's.

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# Where the packages of this machine's release come from.
codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
site=$(apt-get update --print-uris | sed -n "s#^'\\(.*\\)/dists/$codename/.*#\\1#p" | head -n 1)
[[ -n $site ]] || { echo "apt knows no source of Debian's packages" >&2; exit 1; }

fetch() { # release, packages; their archives come into $work/RELEASE/sources
	local release=$1 apt
	shift
	mkdir -p "$work/$release/lists/partial" "$work/$release/sources"
	echo "deb-src [signed-by=$KEYRING] $site $release main" >"$work/$release/sources.list"
	apt=(
		apt-get -qq -o Dir::Etc::SourceList="$work/$release/sources.list" -o Dir::Etc::SourceParts=/dev/null
		-o Dir::State::Lists="$work/$release/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
		-o APT::Sandbox::User=root -o Acquire::Retries=3
	)
	"${apt[@]}" update
	(cd "$work/$release/sources" && "${apt[@]}" source --download-only --tar-only "$@")
}
