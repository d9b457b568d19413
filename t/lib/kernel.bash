# For tests that crash real programs through the real kernel.
#
# kernel_install in setup_file and kernel_remove in teardown_file put an installation of its own
# below $P and restore the kernel's settings after it.  One such file runs at a time.

# Python's programs have this file alone.
. "$(dirname "${BASH_SOURCE[0]}")/soon.bash"

SYS=/proc/sys
KERNEL=$SYS/kernel
SYS_KEYS='kernel/core_pattern kernel/core_pipe_limit kernel/core_file_note_size_limit
	kernel/core_sort_vma fs/suid_dumpable vm/max_map_count'
# No look at the network for symbols.
unset DEBUGINFOD_URLS

# kernel_ready: in setup; skips the test where kernel_install could not, which in CI is a failure.
kernel_ready() {
	[ -n "${P-}" ] || skip "core_pattern is out of reach: no root, a container, or a chroot"
}

kernel_save() {
	local key
	mkdir -p "$1/kernel" "$1/fs" "$1/vm"
	for key in $SYS_KEYS; do
		[ ! -e "$SYS/$key" ] || cat "$SYS/$key" >"$1/$key"
	done
}

kernel_restore() {
	local key
	for key in $SYS_KEYS; do
		[ ! -e "$1/$key" ] || cat "$1/$key" >"$SYS/$key"
	done
}

# kernel_set KEY VALUE: for a while, such as kernel/core_pattern: kernel_remove restores it.
kernel_set() {
	[ -e "$P/saved/$1" ] || { echo "$1: not saved"; return 1; }
	printf '%s\n' "$2" >"$SYS/$1"
	[ "$(cat "$SYS/$1")" = "$2" ]
}

# kernel_install [SETTING=VALUE ...]: takes the lock, saves the settings, installs, gzcoredump -i.
# Where core_pattern is out of reach there is no $P after it.
kernel_install() {
	unset P
	# The kernel looks for its handler in the root of its own threads, such as kthreadd, whatever ours is.
	if ! [ -w $KERNEL/core_pattern ] || ! [ /proc/2/root/. -ef /. ]; then
		[ -n "${CI-}" ] || return 0
		echo "core_pattern is out of reach"
		return 1
	fi
	exec 20>/tmp/gzcoredump-kernel.lock
	flock 20
	# Short, since the kernel cuts a pattern of over 127 bytes.
	P=$(mktemp -d /tmp/gzct.XXXXXX)
	DIR=$P/var/lib/gzcoredump
	# What the kernel calls.
	HANDLE=$P/libexec/gzcoredump/handle
	export P DIR HANDLE
	kernel_save "$P/saved"
	# Whatever ends this test run, the kernel gets its settings back before the lock is free.
	setsid bash -c '
		while kill -0 "$1" 2>/dev/null && [ -d "$2/saved" ]; do sleep 1; done
		[ -d "$2/saved" ] || exit 0
		cd "$2/saved" && for f in */*; do cat "$f" >/proc/sys/"$f"; done
		cd / && rm -rf "$2"' \
		guard "$$" "$P" 3>&- >/dev/null 2>&1 &
	export GUARD=$!
	install_below "$P" || return
	conf "$@"
	"$P/bin/gzcoredump" -i
}

# install_below PREFIX: what has been built, with its configuration and data there too.
install_below() {
	env -u MAKEFLAGS -u MAKEOVERRIDES make -s -C "$T/.." install-built B="$BUILD" PREFIX="$1" \
		SYSCONFDIR="$1/etc" LOCALSTATEDIR="$1/var" || return
	mkdir -p "$1/var/log" "$1/var/lib"
}

# need_stack: skips the test where the handler finds no stacks: a sanitizer takes more memory than it allows their reader,
# whose end is then a crash too.
need_stack() {
	! grep -qs sanitize=address "$BUILD/.flags" || skip "no stacks with this sanitizer"
}

# kernel_tee: from now on what the kernel wrote of each core is also kept, as $P/raw/PID.
kernel_tee() {
	mkdir "$P/raw"
	mv "$HANDLE" "${HANDLE%/*}/handler"
	cat >"$HANDLE" <<-EOF
	#!/bin/sh
	PATH=/usr/local/bin:/usr/bin:/bin
	exec >>$P/var/log/tee.log 2>&1
	for arg; do
		case \$arg in P*) pid=\${arg#P} ;; esac
	done
	tee "$P/raw/\$pid" | ${HANDLE%/*}/handler "\$@"
	EOF
	chmod 755 "$HANDLE"
}

# under SHELL [ARG]: the first lines of gzcoredump and its parts name this shell, as #!/bin/busybox ash does.
under() {
	local part
	for part in "$P/bin/gzcoredump" "${HANDLE%/*}"/{handle,install,self-test}; do
		sed "1s|.*|#!$(command -v "$1")${2:+ $2}|" "$part" >"$part.new"
		chmod 755 "$part.new"
		mv "$part.new" "$part"
	done
}

kernel_remove() {
	[ -n "${P-}" ] || return 0
	kernel_restore "$P/saved"
	kill "$GUARD" || :
	kernel_idle
	rm -rf "$P"
	exec 20>&-
}

# kernel_idle: waits until no handler runs any more.
kernel_idle() {
	soon none_handles
}

none_handles() {
	! pgrep -f "$HANDLE P" >/dev/null
}

# conf [KEY=VALUE ...]: the whole configuration; without more about them the stack, which comes after all else, is
# not asked for, the disk may be filled, all is kept, and there are no small cores.
conf() {
	local default
	printf '%s\n' "$@" >"$P/etc/gzcoredump.conf"
	for default in small=no stack=no min_free=0 keep=0 keep_each=0 loop_most=0; do
		[[ " $*" == *" ${default%=*}="* ]] || echo $default >>"$P/etc/gzcoredump.conf"
	done
}

# crasher FILE: the program that crashes in the way of its first argument, with an identity in $uuid.
crasher() {
	${CC:-cc} -g -pthread -o "$1" "$T/kernel/crash.c" || return
	uuid=$(cat /proc/sys/kernel/random/uuid)
	elf-uuid-stamp -f -u "$uuid" "$1" || return
	build_id=$(elf-uuid -b "$1")
}

# crash COMMAND ...: runs it until it dies of a signal; its PID is in $pid.
crash() {
	"$@" 3>&- 20>&- &
	pid=$!
	wait "$pid" 2>/dev/null && return 1
	[ $? -gt 128 ]
}

# start COMMAND …: one that will crash, in the background; its PID is in $pid.
start() {
	"$@" 3>&- 20>&- 2>/dev/null &
	pid=$!
}

# gone: $pid has been released, and we, its parent, have its status, which is that of a crash.
gone() {
	soon is_released || return
	wait "$pid" 2>/dev/null && return 1
	[ $? -gt 128 ]
}

# Z: released, and waiting for us.
is_released() {
	! grep -qs '^State:.[^Z]' "/proc/$pid/status"
}

# stored [PID]: waits for the complete record of that process ($pid); $txt, $name (path without
# .txt) and $gz are its files.
stored() {
	soon is_complete "${1:-$pid}" && return
	ls -la "$DIR"
	cat "$P/var/log/gzcoredump.log"
	return 1
}

is_complete() {
	for txt in "$DIR"/*.txt; do
		[ -f "$txt" ] || continue
		if grep -qx "pid=$1" "$txt" && grep -q '^complete=' "$txt"; then
			name=${txt%.txt}
			gz=$name.gz
			return 0
		fi
	done
	return 1
}

# has KEY=VALUE ...: the record $txt has exactly these lines.
has() {
	local line
	for line; do
		grep -qxF -- "$line" "$txt" || { echo "no line: $line"; cat "$txt"; return 1; }
	done
}

# keys: the record $txt holds all the keys of a crash that was seen alive, in their order.
keys() {
	local plain='record build_id pid tid uid gid signal signame comm exe cmdline threads time host bytes
		promised'
	if grep -qx uuid= "$txt"; then
		plain="uuid $plain"
	else
		plain="uuid record uuid_from ${plain#record}"
	fi
	# Of modules, variables and frames there are many.
	sed -e '/^module_\{0,1\}[a-z]*=0x/d' -e '/^env=/d' -e '/^frame=/d' -e '/^error=/d' -e 's/=.*//' "$txt" >keys.all
	# What later work adds stands anywhere but at the end.
	grep -xF "$(printf '%s\n' $plain)" keys.all | diff <(printf '%s\n' $plain) - || return
	tail -n 2 "$txt" | sed 's/=.*//' | diff <(printf 'stored\ncomplete\n') - || return
	head -n 2 keys.all | diff <(printf 'uuid\nrecord\n') - || return
	sort keys.all | uniq -d | diff /dev/null - || return
	run ! grep -qvE '^[a-z_]+=[ -~]*$' "$txt"
}

# value KEY: of the record $txt, with the escapes undone; what follows the last byte is lost.
value() {
	printf %b "$(sed -n "s/^$1=//p" "$txt")"
}

# restored: waits for the record of $pid and makes ./core of the file, which must be whole, and ./small of the small
# core, if there was to be one.
restored() {
	stored || return
	gzip -t "$gz" || return
	zinflate "$gz" >core || return
	[ ! -d "$P/raw" ] || cmp "$P/raw/$pid" core || return
	rm -f small
	! grep -q ^small= "$txt" || [ "${1-}" = no-small ] || {
		has small=whole "small_bytes=$(stat -c %s "$name.small.gz")" && zinflate "$name.small.gz" >small
	} || return
	has "pid=$pid" "bytes=$(stat -c %s core)" "promised=$(stat -c %s core)" stored=whole complete=yes || return
	[ "$(stat -c '%a %u %g' "$gz" "$txt")" = $'600 0 0\n600 0 0' ] || { ls -l "$gz" "$txt"; return 1; }
}

# backtrace ELF FUNCTION: gdb finds the function on the stack of the thread that crashed, in ./core and any ./small.
backtrace() {
	local core
	for core in core small; do
		[ $core = core ] || [ -e small ] || continue
		gdb -nx -q -batch -ex bt "$1" $core >bt 2>bt.err
		grep -qE "^#[0-9]+ .*\<$2\>" bt || { echo "$core: no $2:"; cat bt bt.err; return 1; }
	done
}
