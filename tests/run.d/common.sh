# Helpers of tests/run and tests/demo; sourced by bash.

fatal()
{
	echo "$(basename "$0"): $*" >&2
	exit 1
}

parse_arguments()
{
	where=here stock= pattern=
	while [ $# -gt 0 ]; do
		case $1 in
		--all) where=all ;;
		--other) where=other ;;
		--stock) stock=1 ;;
		-k) [ $# -gt 1 ] || return 1; pattern=$2; shift ;;
		*) return 1 ;;
		esac
		shift
	done
}

# list_files TOP: the files of the project below TOP, without what was built.
list_files()
{
	(
		cd "$1" || exit 1
		# somebody else's checkout is fine to read
		git -c safe.directory='*' ls-files -co --exclude-standard \
			2>/dev/null |
			while IFS= read -r file; do
				[ ! -e "$file" ] || printf '%s\n' "$file"
			done
		if [ "${PIPESTATUS[0]}" != 0 ]; then
			find . -type f -o -type l | sed 's,^\./,,'
		fi
	)
}

# copy_tree FROM TO: also leaves TO.files, the list of what was copied.
copy_tree()
{
	mkdir -p "$2" && list_files "$1" > "$2.files" &&
		tar -C "$1" -cf - -T "$2.files" | tar -C "$2" -xf -
}

debian_codename()
{
	(. /etc/os-release; echo "${VERSION_CODENAME:-}")
}

debian_number()
{
	case $1 in
	bookworm) echo 12 ;;
	trixie) echo 13 ;;
	*) echo "$1" ;;
	esac
}

# missing_packages FILE...: "NAME", or "NAME unless COMMAND" for what may have
# come from elsewhere
missing_packages()
{
	sed 's/#.*//; /^[[:space:]]*$/d' "$@" | while read -r name _ command
	do
		[ -z "$command" ] || ! type "$command" >/dev/null 2>&1 ||
			continue
		dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null |
			grep -qx installed || echo "$name"
	done
}

# Installing a mail server for tests shall not start it.
policy=/usr/sbin/policy-rc.d
policy_mark="# made by Lemonade's tests, removed when they end"

forbid_services()
{
	[ ! -e "$policy" ] || return 0
	printf '#!/bin/sh\n%s\nexit 101\n' "$policy_mark" > "$policy"
	chmod 755 "$policy"
}

allow_services()
{
	if grep -qsxF "$policy_mark" "$policy"; then
		rm -f "$policy"
	fi
}

# install_packages FILE...: what the files name and the machine lacks.
install_packages()
{
	local missing

	missing=$(missing_packages "$@")
	[ -n "$missing" ] || return 0
	echo "installing" $missing
	(
		# a directory's lock leaves no file behind
		flock 9
		forbid_services
		export DEBIAN_FRONTEND=noninteractive
		timeout 300 apt-get -q update &&
			timeout 900 apt-get -q -y --no-install-recommends \
				-o Dpkg::Use-Pty=0 install $missing </dev/null
		status=$?
		allow_services
		exit $status
	) 9< /var/lib/dpkg
}

# build DIR CONFIGURE-ARGUMENT...: configures and makes in DIR; the source is
# $src. dash, since configure and libtool are quicker with it.
build()
{
	local dir=$1

	shift
	mkdir -p "$dir" && cd "$dir" &&
		CONFIG_SHELL=/bin/dash /bin/dash "$src/configure" -q "$@" &&
		make -s -k -j2
}

# dovecot_dir VARIABLE: a directory from dovecot-config
dovecot_dir()
{
	(. /usr/lib/dovecot/dovecot-config; eval "echo \$$1")
}

# overlay_stage STAGE: lays the staged install over the installed Dovecot,
# which finds its plugins in no other place. In a mount namespace of our own.
overlay_stage()
{
	local dir

	dir=$(dovecot_dir dovecot_pkglibdir)
	mount -t overlay overlay -o "lowerdir=$1$dir:$dir" "$dir"
}
