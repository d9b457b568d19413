# For tests that crash real programs through the real kernel.
#
# kernel_install in setup_file and kernel_remove in teardown_file put an installation of its own
# below $P and restore the kernel's settings after it.  One such file runs at a time.

KERNEL=/proc/sys/kernel
KERNEL_KEYS='core_pattern core_pipe_limit core_file_note_size_limit core_sort_vma'

# kernel_writable: skips where core_pattern is out of reach, which in CI is a failure.
kernel_writable() {
	[ -w $KERNEL/core_pattern ] && return
	[ -z "${CI-}" ] || { echo "core_pattern cannot be written"; return 1; }
	skip "core_pattern cannot be written: no root, or a container"
}

kernel_restore() {
	local key
	for key in $KERNEL_KEYS; do
		[ ! -e "$1/$key" ] || cat "$1/$key" >$KERNEL/$key
	done
}

# kernel_install [SETTING=VALUE ...]: takes the lock, saves the settings, installs, gzcoredump -i.
kernel_install() {
	local key
	kernel_writable || return
	# Short, since the kernel cuts a pattern of over 127 bytes.
	P=$(mktemp -d /tmp/gzct.XXXXXX)
	DIR=$P/var/lib/gzcoredump
	export P DIR
	exec 20>/tmp/gzcoredump-kernel.lock
	flock 20
	mkdir "$P/saved"
	for key in $KERNEL_KEYS; do
		[ ! -e $KERNEL/$key ] || cat $KERNEL/$key >"$P/saved/$key"
	done
	# Whatever ends this test run, the kernel gets its settings back.
	setsid bash -c '
		while kill -0 "$1" 2>/dev/null && [ -d "$2/saved" ]; do sleep 1; done
		[ -d "$2/saved" ] || exit 0
		for f in "$2"/saved/*; do cat "$f" >/proc/sys/kernel/"${f##*/}"; done' \
		guard "$$" "$P" 3>&- 20>&- >/dev/null 2>&1 &
	env -u MAKEFLAGS -u MAKEOVERRIDES make -s -C "$T/.." install-built B="$BUILD" PREFIX="$P" \
		SYSCONFDIR="$P/etc" LOCALSTATEDIR="$P/var" || return
	mkdir -p "$P/var/log" "$P/var/lib"
	conf "$@"
	"$P/bin/gzcoredump" -i
}

kernel_remove() {
	[ -n "${P-}" ] || return 0
	kernel_restore "$P/saved"
	kernel_idle
	rm -rf "$P"
	exec 20>&-
}

# kernel_idle: waits until no handler runs any more.
kernel_idle() {
	local i
	for i in $(seq 600); do
		pgrep -f "$P/bin/gzcoredump -k" >/dev/null || return 0
		sleep 0.1
	done
	echo "handlers still run"
	return 1
}

# conf [KEY=VALUE ...]: the whole configuration.
conf() {
	printf '%s\n' "$@" >"$P/etc/gzcoredump.conf"
}

# crash COMMAND ...: runs it until it dies of a signal; its PID is in $pid.
crash() {
	"$@" 3>&- 20>&- &
	pid=$!
	wait "$pid" 2>/dev/null && return 1
	[ $? -gt 128 ]
}

# stored [PID]: waits for the complete record of that process ($pid); $txt, $name (path without
# .txt) and $gz are its files.
stored() {
	local i
	for i in $(seq 600); do
		for txt in "$DIR"/*.txt; do
			[ -f "$txt" ] || continue
			if grep -qx "pid=${1:-$pid}" "$txt" && grep -q '^complete=' "$txt"; then
				name=${txt%.txt}
				gz=$name.gz
				return 0
			fi
		done
		sleep 0.1
	done
	echo "no complete record of ${1:-$pid}:"
	ls -la "$DIR"
	cat "$P/var/log/gzcoredump.log"
	return 1
}

# has KEY=VALUE ...: the record $txt has exactly these lines.
has() {
	local line
	for line; do
		grep -qxF -- "$line" "$txt" || { echo "no line: $line"; cat "$txt"; return 1; }
	done
}
