# The other Debian, in a chroot that is kept for the next run; sourced.

cache=${LEMO_CACHE:-/var/cache/lemonade-tests}

other_codename()
{
	case $1 in
	bookworm) echo trixie ;;
	trixie) echo bookworm ;;
	*) return 1 ;;
	esac
}

# apt_sources THIS OTHER: this machine's sources of Debian, for OTHER.
apt_sources()
{
	apt-get indextargets \
		--format '$(REPO_URI) $(RELEASE) $(CREATED_BY)' |
		awk -v this="$1" -v other="$2" '
		$3 != "Packages" { next }
		$2 == this || $2 == this "-updates" || $2 == this "-security" {
			sub("^" this, other, $2)
			if (!seen[$1, $2]++)
				print "deb " $1 " " $2 " main"
		}'
}

# How this machine reaches its mirrors (proxy, time-outs, dates).
apt_acquire()
{
	apt-config dump Acquire | grep -E '^Acquire::(http|https|ftp|Retries|Check-)'
	echo 'Acquire::Languages "none";'
	echo 'APT::Install-Recommends "0";'
}

make_chroot()
{
	local root=$1 this=$2 other=$3 mirror

	rm -rf "$root" "$root".new.*
	apt_sources "$this" "$other" > "$cache/sources.$other"
	mirror=$(awk -v r="$other" '$3 == r { print $2; exit }' \
		"$cache/sources.$other")
	if [ -z "$mirror" ]; then
		echo "no source of Debian among this machine's apt sources"
		return 1
	fi
	new=$root.new.$$
	timeout 1200 debootstrap --variant=minbase "$other" "$new" \
		"$mirror" || return 1
	mv "$cache/sources.$other" "$new/etc/apt/sources.list"
	apt_acquire > "$new/etc/apt/apt.conf.d/90lemonade-tests"
	# a chroot that is half made by a power cut is remade anyway
	echo force-unsafe-io > "$new/etc/dpkg/dpkg.cfg.d/lemonade-tests"
	printf '#!/bin/sh\nexit 101\n' > "$new$policy"
	chmod 755 "$new$policy"
	mv "$new" "$root"
}

# Made, and not broken off in the middle of an installation
chroot_is_good()
{
	[ -x "$1/usr/bin/dpkg" ] && chroot "$1" /bin/true &&
		[ -z "$(chroot "$1" dpkg --audit 2>&1)" ]
}

# In a mount namespace of our own, so nothing has to be unmounted.
mount_chroot()
{
	local root=$1 out=$2

	mount --make-rprivate /
	# unshare inside needs / to be a mount point
	mount --bind "$root" "$root"
	mount -t proc proc "$root/proc"
	mount --rbind /sys "$root/sys"
	mount --rbind /dev "$root/dev"
	mkdir -p "$root$work" "$out/tmp"
	chmod 1777 "$out/tmp"
	mount --bind "$work" "$root$work"
	mount --bind "$out/tmp" "$root/tmp"
	# name servers and proxies are the machine's
	cat /etc/resolv.conf > "$root/etc/resolv.conf"
	cat /etc/hosts > "$root/etc/hosts"
}

# run_in_chroot OTHER NUMBER: the same tests there.
run_in_chroot()
{
	local root=$cache/$1 out=$work/$2 log=$work/$2/logs/chroot.log start

	start=$SECONDS
	mkdir -p "$out/logs" "$cache"
	# one run at a time uses the chroot
	exec 8> "$cache/lock"
	if ! flock -w 3600 8; then
		echo "$2 chroot FAILED: it is in use"
		return 1
	fi
	# a chroot that a power cut or Ctrl-C left half made is remade
	if ! chroot_is_good "$root" >> "$log" 2>&1; then
		if ! {
			echo debootstrap > "$out/needs" &&
			install_packages "$out/needs" &&
			make_chroot "$root" "$(debian_codename)" "$1"
		} >> "$log" 2>&1; then
			echo "$2 chroot FAILED"
			tail -n 20 "$log"
			return 1
		fi
		echo "$2 chroot made ($((SECONDS - start)) s)"
	fi
	unshare --mount bash -c '
		. "$1/src/tests/run.d/common.sh"
		. "$1/src/tests/run.d/chroot.sh"
		work=$1
		mount_chroot "$2" "$3" || exit 1
		exec chroot "$2" env -i HOME=/root LANG=C.UTF-8 \
			PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			"$1/src/tests/run.d/debian" "$3" "$4" "$5"
		' - "$work" "$root" "$out" "$stock" "$pattern" 8>&-
}
