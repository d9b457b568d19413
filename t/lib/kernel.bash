# For tests that crash real programs through the real kernel.
#
# kernel_install in setup_file makes an installation below $P and sets the kernel up; kernel_remove in teardown_file
# restores the kernel's settings.  Only one such file of tests runs at a time.

# The Python programs load only this file, so it loads what it needs.
. "$(dirname "${BASH_SOURCE[0]}")/soon.bash"

SYS=/proc/sys
KERNEL=$SYS/kernel
SYS_KEYS='kernel/core_pattern kernel/core_pipe_limit kernel/core_file_note_size_limit
	kernel/core_sort_vma fs/suid_dumpable vm/max_map_count'
# Nothing looks for symbols over the network.
unset DEBUGINFOD_URLS

# kernel_ready: call it in setup; skips the test if kernel_install could not work, which fails in CI.
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

# kernel_set KEY VALUE: sets a key such as kernel/core_pattern, until kernel_remove restores it.
kernel_set() {
	[ -e "$P/saved/$1" ] || { echo "$1: not saved"; return 1; }
	printf '%s\n' "$2" >"$SYS/$1"
	[ "$(cat "$SYS/$1")" = "$2" ]
}

# kernel_install [SETTING=VALUE ...]: takes the lock, saves the settings, installs, and runs gzcoredump -i.  If
# core_pattern cannot be set here, $P is not set.
kernel_install() {
	unset P
	# The kernel looks up its handler in the root directory of its own threads, such as kthreadd, not in ours.
	if ! [ -w $KERNEL/core_pattern ] || ! [ /proc/2/root/. -ef /. ]; then
		[ -n "${CI-}" ] || return 0
		echo "core_pattern is out of reach"
		return 1
	fi
	exec 20>/tmp/gzcoredump-kernel.lock
	flock 20
	# A short path, since the kernel cuts a pattern of over 127 bytes.
	P=$(mktemp -d /tmp/gzct.XXXXXX)
	DIR=$P/var/lib/gzcoredump
	# What the kernel calls.
	HANDLE=$P/libexec/gzcoredump/handle
	export P DIR HANDLE
	kernel_save "$P/saved"
	# Whatever ends this test run, the kernel's settings are restored before the lock is released.
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

# install_below PREFIX: installs the build there, with its configuration and data.
install_below() {
	env -u MAKEFLAGS -u MAKEOVERRIDES make -s -C "$T/.." install-built B="$BUILD" PREFIX="$1" \
		SYSCONFDIR="$1/etc" LOCALSTATEDIR="$1/var" RUNSTATEDIR="$1/run" || return
	mkdir -p "$1/var/log" "$1/var/lib" "$1/run"
}

# need_stack: skips the test if the handler cannot read stacks: a sanitizer needs more memory than the handler allows, and
# the reader of the stack would crash.
need_stack() {
	! grep -qs sanitize=address "$BUILD/.flags" || skip "no stacks with this sanitizer"
}

# kernel_tee: from now on, also keeps what the kernel wrote of each core, as $P/raw/PID.
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
	# The handler reads no more of it than it needs; tee goes on.
	tee -p "$P/raw/\$pid" | ${HANDLE%/*}/handler "\$@"
	EOF
	chmod 755 "$HANDLE"
}

# under SHELL [ARG]: makes this shell run gzcoredump and its parts, by their first line, such as #!/bin/busybox ash.
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

# kernel_idle: waits until no handler runs.
kernel_idle() {
	soon none_handles
}

none_handles() {
	! pgrep -f "$HANDLE P" >/dev/null
}

# conf [KEY=VALUE ...]: writes the whole configuration.  Unless given, no stack is looked for, no room is left free,
# everything is kept, and no small cores and modules are.
conf() {
	local default
	printf '%s\n' "$@" >"$P/etc/gzcoredump.conf"
	for default in small=no stack=no keep_modules=no min_free=0 max_size=0 keep=0 keep_each=0 keep_bytes=0 \
		loop_most=0; do
		[[ " $*" == *" ${default%=*}="* ]] || echo $default >>"$P/etc/gzcoredump.conf"
	done
}

# crasher FILE: makes the program that crashes as its first argument says, and sets $uuid and $build_id.
crasher() {
	${CC:-cc} -g -pthread -o "$1" "$T/kernel/crash.c" || return
	uuid=$(cat /proc/sys/kernel/random/uuid)
	elf-uuid-stamp -f -u "$uuid" "$1" || return
	build_id=$(elf-uuid -b "$1")
}

# crash COMMAND ...: runs it until it dies of a signal, and sets $pid.
crash() {
	"$@" 3>&- 20>&- &
	pid=$!
	wait "$pid" 2>/dev/null && return 1
	[ $? -gt 128 ]
}

# start COMMAND …: starts a command that will crash in the background, and sets $pid.
start() {
	"$@" 3>&- 20>&- 2>/dev/null &
	pid=$!
}

# gone: waits until $pid has been released, and checks that its status is that of a crash.
gone() {
	soon is_released || return
	wait "$pid" 2>/dev/null && return 1
	[ $? -gt 128 ]
}

# A zombie (Z) was released and waits for us, its parent.
is_released() {
	! grep -qs '^State:.[^Z]' "/proc/$pid/status"
}

# stored [PID]: waits for the complete record of that process (or $pid), and sets $txt, $name (the path without .txt) and
# $gz.
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

# has KEY=VALUE ...: checks that the record $txt has these lines.
has() {
	local line
	for line; do
		grep -qxF -- "$line" "$txt" || { echo "no line: $line"; cat "$txt"; return 1; }
	done
}

# keys: checks that the record $txt has all keys of a crash whose process was read live, in their order.
keys() {
	local plain='record build_id pid tid uid gid signal signame comm exe cmdline threads time host bytes
		promised'
	if grep -qx uuid= "$txt"; then
		plain="uuid $plain"
	else
		plain="uuid record uuid_from ${plain#record}"
	fi
	# Modules, variables, frames and errors have several lines.
	sed -e '/^\(kept_\)\{0,1\}module_\{0,1\}[a-z]*=0x/d' -e '/^env=/d' -e '/^frame=/d' -e '/^error=/d' -e 's/=.*//' "$txt" >keys.all
	# Other keys may be anywhere except at the end.
	grep -xF "$(printf '%s\n' $plain)" keys.all | diff <(printf '%s\n' $plain) - || return
	tail -n 2 "$txt" | sed 's/=.*//' | diff <(printf 'stored\ncomplete\n') - || return
	head -n 2 keys.all | diff <(printf 'uuid\nrecord\n') - || return
	sort keys.all | uniq -d | diff /dev/null - || return
	run ! grep -qvE '^[a-z_]+=[ -~]*$' "$txt"
}

# value KEY: prints the value in the record $txt as bytes; newlines at its end are lost.
value() {
	printf %b "$(sed -n "s/^$1=//p" "$txt")"
}

# restored [no-small]: waits for the record of $pid, decompresses the file, which must be whole, into ./core, and the
# small core, if the record has one, into ./small.
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

# backtrace ELF FUNCTION: checks that gdb finds the function on the crashed thread's stack, in ./core and in ./small, if
# there is one.
backtrace() {
	local core
	for core in core small; do
		[ $core = core ] || [ -e small ] || continue
		gdb -nx -q -batch -ex bt "$1" $core >bt 2>bt.err
		grep -qE "^#[0-9]+ .*\<$2\>" bt || { echo "$core: no $2:"; cat bt bt.err; return 1; }
	done
}
