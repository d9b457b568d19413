# The packages of dist/, made from what is built here, and installed in a root of their own.  dist/debian/tests also crashes
# a process, on a machine that may be spoilt.

load lib/common

setup_file() {
	need dpkg-buildpackage dh lintian
	! grep -qs sanitize= "$BUILD/.flags" || skip 'a sanitizer is no part of a package'
	make -s -C "$T/.." deb B="$BATS_FILE_TMPDIR" BUILT="$BUILD" DEB_FLAGS="-d -j2" >"$BATS_FILE_TMPDIR/said" 2>&1 || {
		cat "$BATS_FILE_TMPDIR/said"
		return 1
	}
	export DEBS=$BATS_FILE_TMPDIR/deb
}

# in_root COMMAND: runs it in a root of its own, over this machine's, with settings of the kernel that are only files.
# What it has changed is in upper afterwards.
in_root() {
	mkdir -p layer root
	unshare -m --propagation private sh -eu -c '
		mount -t tmpfs none layer
		mkdir layer/upper layer/work layer/kernel layer/fs
		for setting in core_pattern=core core_pipe_limit=0 core_file_note_size_limit=4194304; do
			echo ${setting#*=} >layer/kernel/${setting%=*}
		done
		echo 0 >layer/fs/suid_dumpable
		mount -t overlay -o lowerdir=/,upperdir=layer/upper,workdir=layer/work overlay root
		mount --bind "$1" root/mnt
		mount --bind /dev root/dev
		mount -t proc none root/proc
		mount --bind layer/kernel root/proc/sys/kernel
		mount --bind layer/fs root/proc/sys/fs
		# With a thread of the kernel to be seen, its root would tell that this is another one.
		mount -t tmpfs none root/proc/2
		mount -t tmpfs none root/run
		chroot root sh -eu -c "$2"
		cp -a layer/upper .
	' sh "$DEBS" "export PATH=/usr/sbin:/usr/bin:/sbin:/bin
		cd /mnt
		pattern() { cat /proc/sys/kernel/core_pattern; }
		handler_is_on() { [ \"\$(pattern | cut -c1-33)\" = '|/usr/libexec/gzcoredump/handle P' ] || { pattern; exit 1; }; }
		handler_is_off() { [ \"\$(pattern)\" = core ] || { pattern; exit 1; }; }
		dpkg_run() { dpkg --no-triggers --force-depends \"\$@\"; }
		$1"
}

@test "packages: Debian: lintian is silent, pedantic too" {
	run -0 --separate-stderr lintian --pedantic -I --fail-on error "$DEBS"/*.changes
	[ -z "$output" ] || { echo "$output"; false; }
	run -0 sh -c 'dpkg-deb -f "$1"/gzcoredump_*.deb Provides Conflicts' sh "$DEBS"
	[ "$output" = $'Provides: core-dump-handler\nConflicts: core-dump-handler' ]
}

@test "packages: Debian: what is in them" {
	dpkg-deb -c "$DEBS"/gzcoredump_*.deb >list
	for tool in $(find "$T/../tools" -maxdepth 1 -name '*.[18]' -exec basename -a {} + | sed 's/\.[18]$//'); do
		grep -qE "^-rwxr-xr-x .* \./usr/bin/$tool$" list || { echo "$tool"; return 1; }
	done
	grep -qE '^-rwxr-xr-x .* \./usr/libexec/gzcoredump/handle$' list
	grep -qE '^-rw-r--r-- .* \./usr/libexec/gzcoredump/store$' list
	dpkg-deb -x "$DEBS"/gzcoredump_*.deb there
	run ! grep -rF -e /usr/local/libexec -e /usr/local/share there
	grep -qx 'stack_user=gzcore:gzcore' there/etc/gzcoredump.conf
	dpkg-deb -c "$DEBS"/libgzcore-dev_*.deb >list
	grep -q '/libgzcore\.a$' list
	grep -q '/usr/include/gzcore/core\.h$' list
	grep -q '/man3/gzcore\.3\.gz$' list
}

@test "packages: Debian: the handler: on after installing, as it was in upgrades, off once gone" {
	need_mounts
	in_root '
		dpkg_run -i gzcoredump_*.deb
		handler_is_on
		getent passwd gzcore
		dpkg_run -i gzcoredump_*.deb
		handler_is_on
		# What was turned off stays off.
		gzcoredump -u
		dpkg_run -i gzcoredump_*.deb
		handler_is_off
		/var/lib/dpkg/info/gzcoredump.prerm deconfigure in-favour x 1
		/var/lib/dpkg/info/gzcoredump.postinst abort-deconfigure in-favour x 1
		handler_is_off
		gzcoredump -i
		/var/lib/dpkg/info/gzcoredump.prerm deconfigure in-favour x 1
		handler_is_off
		/var/lib/dpkg/info/gzcoredump.postinst abort-deconfigure in-favour x 1
		handler_is_on
		dpkg_run -r gzcoredump
		handler_is_off
		[ ! -e /etc/sysctl.d/99-gzcoredump.conf ]
		# Once more after a removal is as the first time.
		dpkg_run -i gzcoredump_*.deb
		handler_is_on
		dpkg_run -r gzcoredump
		dpkg_run -P gzcoredump
		handler_is_off'
}

@test "packages: Debian: nothing is left after purging, but the user and what dpkg notes" {
	need_mounts
	in_root '
		dpkg_run -i gzcoredump_*.deb libgzcore-dev_*.deb
		mkdir -p /var/lib/gzcoredump/modules
		echo >/var/lib/gzcoredump/some.txt
		echo >/var/log/gzcoredump.log.1.gz
		dpkg_run -P gzcoredump libgzcore-dev
		handler_is_off'
	run -0 find upper '(' -type f -o -type l ')' ! -path 'upper/var/lib/dpkg/*' ! -path 'upper/etc/*' ! -path 'upper/var/log/*'
	[ -z "$output" ] || { echo "$output"; false; }
	run -0 sh -c "find upper/etc upper/var/log -type f | sort | sed 's|.*/||; s/-$//' | uniq"
	[ "$output" = $'.pwd.lock\ngroup\ngshadow\npasswd\nshadow\nalternatives.log\ndpkg.log' ] ||
		[ "$output" = $'.pwd.lock\ngroup\ngshadow\npasswd\nshadow\ndpkg.log' ] || { echo "$output"; false; }
	run -0 find upper -iname '*gzcore*'
	[ -z "$output" ] || { echo "$output"; false; }
}

@test "packages: Debian: in a chroot the handler of the machine stays what it is" {
	need_mounts
	in_root '
		umount /proc/2
		[ ! /proc/2/root/ -ef / ] || exit 9
		echo "|/usr/libexec/gzcoredump/handle P%P" >/proc/sys/kernel/core_pattern
		dpkg_run -i gzcoredump_*.deb
		dpkg_run -P gzcoredump
		handler_is_on' >said 2>&1
	grep -F 'run it on the host' said
}

@test "packages: Debian: installed where settings cannot be written: the handler says it is off" {
	need_mounts
	in_root '
		mount -o remount,bind,ro /proc/sys/kernel
		dpkg_run -i gzcoredump_*.deb
		handler_is_off
		dpkg_run -P gzcoredump' >said 2>&1
	grep -F 'gzcoredump: the handler of crashes could not be turned on' said
}
