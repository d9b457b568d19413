# gzcoredump -i, -u and -t, and what make uninstall does of it.

load ../lib/common
load ../lib/kernel

setup_file() {
	export BATS_NO_PARALLELIZE_WITHIN_FILE=true
	kernel_install
}

teardown_file() {
	kernel_remove
}

setup() {
	kernel_ready
	cd "$BATS_TEST_TMPDIR" || return 1
	# As it was before the file: kernel_remove's state, without giving the lock away.
	kernel_restore "$P/saved"
	rm -rf "$P/bin" "$P/libexec" "$P/etc" "$P/var"
	install_below "$P"
	conf
	export TMPDIR=$PWD/tmp
	mkdir tmp
	SYSCTL=$P/etc/sysctl.d/99-gzcoredump.conf
	PATTERN="|$HANDLE P%P I%I u%u g%g s%s t%t c%c d%d F%F h%h e%e"
}

# sys: every setting of ours as it is now.
sys() {
	local key
	for key in kernel.core_pattern kernel.core_pipe_limit kernel.core_file_note_size_limit kernel.core_sort_vma \
		fs.suid_dumpable; do
		[ ! -e "$SYS/${key/.//}" ] || echo "$key=$(cat "$SYS/${key/.//}")"
	done
}

# refuses COMMAND …: exits 2, says why on standard error, and leaves the kernel and the files as
# they were.
refuses() {
	sys >before
	(cd "$P" && find etc -type f -exec cksum {} +) >files
	run -2 --separate-stderr "$@"
	[ -z "$output" ] || { echo "unexpected output: $output"; return 1; }
	[[ $stderr == gzcoredump:* ]] || { echo "no reason: $stderr"; return 1; }
	sys | diff before - || return
	(cd "$P" && find etc -type f -exec cksum {} +) | diff files -
}

# quick_sleep: the self-test's waits, of 1 s each, become short.
quick_sleep() {
	printf '#!/bin/sh\nexec %s 0.1\n' "$(type -P sleep)" >"$P/bin/sleep"
	chmod 755 "$P/bin/sleep"
}

@test "gzcoredump: -i sets the kernel up, writes it down, and -u restores all of it" {
	kernel_set kernel/core_pattern '/var/crash/core.%p'
	kernel_set kernel/core_pipe_limit 3
	sys >before
	run -0 --separate-stderr "$P/bin/gzcoredump" -i
	[ -z "$stderr" ]
	[ "${lines[0]}" = "gzcoredump: replaces a file: kernel.core_pattern was '/var/crash/core.%p'; -u restores it" ]
	[ "${lines[1]}" = "gzcoredump: installed: cores go to $P/var/lib/gzcoredump; gzcoredump -t tests it" ]
	[ "${#lines[@]}" = 2 ]
	[ "$(cat $KERNEL/core_pattern)" = "$PATTERN" ]
	[ "${#PATTERN}" -le 127 ]
	[ "$(cat $KERNEL/core_pipe_limit)" = 256 ]
	[ "$(cat $SYS/fs/suid_dumpable)" = 2 ]
	# This is not ours to set: sorted cores are some that elfutils cannot read.
	sys | grep sort_vma | diff - <(grep sort_vma before)
	[ ! -e $KERNEL/core_file_note_size_limit ] || [ "$(cat $KERNEL/core_file_note_size_limit)" -ge 4194304 ]
	# The file says the same to sysctl, and what was before.
	grep -v '^#' "$SYSCTL" | sort | diff <(sys | grep -v sort_vma | sort) -
	sed -n 's/^# was //p' "$SYSCTL" | sort | diff <(grep -v sort_vma before | sort) -
	[ "$(stat -c %a "$SYSCTL")" = 644 ]
	[ "$(stat -c '%a %u' "$P/var/lib/gzcoredump")" = '700 0' ]
	run -0 --separate-stderr "$P/bin/gzcoredump" -u
	[ -z "$stderr" ]
	[ "$output" = "gzcoredump: removed: kernel.core_pattern is '/var/crash/core.%p' again" ]
	sys | diff before -
	[ ! -e "$SYSCTL" ]
}

@test "gzcoredump: the file of settings sorts after systemd's, and sysctl can load it" {
	need sysctl
	"$P/bin/gzcoredump" -i
	printf '%s\n' 50-coredump.conf "${SYSCTL##*/}" | LC_ALL=C sort | tail -n 1 | grep -x "${SYSCTL##*/}"
	kernel_set kernel/core_pattern elsewhere
	kernel_set kernel/core_pipe_limit 1
	sysctl -q -p "$SYSCTL"
	[ "$(cat $KERNEL/core_pattern)" = "$PATTERN" ]
	[ "$(cat $KERNEL/core_pipe_limit)" = 256 ]
}

@test "gzcoredump: -i says what it replaces, by its name where it is known" {
	local line pattern
	while IFS='=' read -r line pattern; do
		kernel_set kernel/core_pattern "$pattern"
		run -0 "$P/bin/gzcoredump" -i
		[ "${lines[0]}" = "gzcoredump: replaces $line: kernel.core_pattern was '$pattern'; -u restores it" ]
		run -0 "$P/bin/gzcoredump" -u
		[ "$(cat $KERNEL/core_pattern)" = "$pattern" ]
	done <<-'EOF'
	systemd-coredump=|/lib/systemd/systemd-coredump %P %u %g %s %t 9223372036854775808 %h
	apport=|/usr/share/apport/apport -p%p -s%s -c%c -d%d -P%P -u%u -g%g -F%F -- %E
	abrt=|/usr/libexec/abrt-hook-ccpp %s %c %p %u %g %t P %I %h
	another handler=|/bin/false
	a file=core
	EOF
}

@test "gzcoredump: -i again keeps the configuration and what was before the first" {
	kernel_set kernel/core_pattern 'mine.%p'
	kernel_set kernel/core_pipe_limit 5
	sys >before
	conf '# by hand' level=3
	"$P/bin/gzcoredump" -i
	cp "$SYSCTL" first
	run -0 "$P/bin/gzcoredump" -i
	[[ $output != *replaces* ]]
	cmp first "$SYSCTL"
	[ "$(cat "$P/etc/gzcoredump.conf")" = $'# by hand\nlevel=3\nsmall=no\nstack=no\nkeep_modules=no\nmin_free=0\nmax_size=0\nkeep=0\nkeep_each=0\nkeep_bytes=0\nloop_most=0' ]
	# A newer version is installed over it.
	install_below "$P"
	[ "$(cat "$P/etc/gzcoredump.conf")" = $'# by hand\nlevel=3\nsmall=no\nstack=no\nkeep_modules=no\nmin_free=0\nmax_size=0\nkeep=0\nkeep_each=0\nkeep_bytes=0\nloop_most=0' ]
	"$P/bin/gzcoredump" -i
	"$P/bin/gzcoredump" -u
	sys | diff before -
}

@test "gzcoredump: -i after somebody else's pattern still knows what the limits were before" {
	kernel_set kernel/core_pattern first
	kernel_set kernel/core_pipe_limit 5
	"$P/bin/gzcoredump" -i
	kernel_set kernel/core_pattern second
	"$P/bin/gzcoredump" -i
	"$P/bin/gzcoredump" -u
	[ "$(cat $KERNEL/core_pattern)" = second ]
	[ "$(cat $KERNEL/core_pipe_limit)" = 5 ]
}

@test "gzcoredump: -i and -u take back the order of mappings that an earlier version set" {
	local way
	[ -e $KERNEL/core_sort_vma ] || skip "this kernel has no core_sort_vma"
	for way in '-i 0 0' '-u 0 0' '-i 1 1'; do
		set -- $way
		kernel_set kernel/core_sort_vma 1
		mkdir -p "${SYSCTL%/*}"
		printf '%s\n' '# Made by gzcoredump -i; gzcoredump -u restores what was and removes this file.' \
			'# was kernel.core_pipe_limit=7' "# was kernel.core_sort_vma=$2" '# was kernel.core_pattern=old.%p' \
			kernel.core_pipe_limit=256 kernel.core_sort_vma=1 "kernel.core_pattern=$PATTERN" >"$SYSCTL"
		kernel_set kernel/core_pattern "$PATTERN"
		kernel_set kernel/core_pipe_limit 256
		"$P/bin/gzcoredump" "$1"
		[ "$(cat $KERNEL/core_sort_vma)" = "$3" ]
		[ ! -e "$SYSCTL" ] || ! grep sort_vma "$SYSCTL"
		# The rest is still known.
		"$P/bin/gzcoredump" -u
		[ "$(cat $KERNEL/core_pattern)" = old.%p ]
		[ "$(cat $KERNEL/core_pipe_limit)" = 7 ]
		[ "$(cat $KERNEL/core_sort_vma)" = "$3" ]
	done
}

@test "gzcoredump: -t says when fs.suid_dumpable is 0, and -i sets it" {
	local said='gzcoredump: fs.suid_dumpable is 0: no dump of a daemon that gave up root, '
	quick_sleep
	kernel_set fs/suid_dumpable 0
	"$P/bin/gzcoredump" -i
	run -0 --separate-stderr "$P/bin/gzcoredump" -t
	[ -z "$stderr" ]
	kernel_set fs/suid_dumpable 0
	run -0 --separate-stderr "$P/bin/gzcoredump" -t
	[[ $stderr == "$said"* ]] || { echo "$stderr"; return 1; }
	"$P/bin/gzcoredump" -i
	[ "$(cat $SYS/fs/suid_dumpable)" = 2 ]
	"$P/bin/gzcoredump" -u
	[ "$(cat $SYS/fs/suid_dumpable)" = 0 ]
}

@test "gzcoredump: -i refuses in a chroot, a container, or where other files are mounted" {
	local d
	need unshare
	mkdir -p root "$P/other"
	cp -R "$P/bin/." "$P/other"
	for d in bin dev etc lib lib64 proc sys tmp usr; do
		[ ! -e /$d ] || mkdir root/$d
	done
	refuses unshare -m sh -c 'for d in root/*; do mount --rbind "/${d#*/}" "$d" || exit 3; done
		exec chroot root "$0" -i' "$P/bin/gzcoredump"
	[ "$stderr" = "gzcoredump: /: the kernel finds another file under this name: run it on the host" ]
	refuses unshare -m sh -c 'mount --bind "$1" "${0%/*}" && exec "$0" -i' "$P/bin/gzcoredump" "$P/other"
	[[ $stderr == "gzcoredump: $P/bin/gzcoredump: the kernel finds another file under this name"* ]]
	refuses unshare -mpf --mount-proc "$P/bin/gzcoredump" -i
	[[ $stderr == *"run -i and -t on the host"* ]]
	# Another namespace with the same files is as good as this one.
	run -0 unshare -m "$P/bin/gzcoredump" -i
}

@test "gzcoredump: -u leaves a pattern that is not ours alone" {
	local pattern
	"$P/bin/gzcoredump" -i
	for pattern in 'core.%p' '|/bin/false %p' '|/usr/bin/gzcoredump-like -k' '/gzcoredump -k x' \
		'|/elsewhere/bin/gzcoredump -k P%P' '|/elsewhere/libexec/gzcoredump/handle P%P'; do
		kernel_set kernel/core_pattern "$pattern"
		run -0 "$P/bin/gzcoredump" -u
		[ "$output" = "gzcoredump: kernel.core_pattern is '$pattern', not ours: left alone" ]
		[ "$(cat $KERNEL/core_pattern)" = "$pattern" ]
		# What that one wants is not for us to take away.
		[ "$(cat $SYS/fs/suid_dumpable)" = 2 ]
	done
	# Nor does it come back at the next start of the machine.
	[ ! -e "$SYSCTL" ]
}

@test "gzcoredump: the pattern of an earlier version is ours, for -i and for -u" {
	local earlier="|$P/bin/gzcoredump -k P%P I%I u%u g%g s%s t%t c%c d%d F%F h%h e%e"
	kernel_set kernel/core_pattern 'mine.%p'
	"$P/bin/gzcoredump" -i
	kernel_set kernel/core_pattern "$earlier"
	run -0 "$P/bin/gzcoredump" -i
	[[ $output != *replaces* ]]
	[ "$(cat $KERNEL/core_pattern)" = "$PATTERN" ]
	kernel_set kernel/core_pattern "$earlier"
	run -0 "$P/bin/gzcoredump" -u
	[ "$output" = "gzcoredump: removed: kernel.core_pattern is 'mine.%p' again" ]
	[ ! -e "$SYSCTL" ]
}

@test "gzcoredump: -u without -i changes nothing" {
	kernel_set kernel/core_pattern 'mine.%p'
	kernel_set kernel/core_pipe_limit 256
	sys >before
	run -0 "$P/bin/gzcoredump" -u
	sys | diff before -
}

@test "gzcoredump: -i: a path that the kernel would cut is refused, and everything is restored" {
	local long
	kernel_set kernel/core_pattern 'mine.%p'
	kernel_set kernel/core_pipe_limit 5
	long=$P/$(printf '%050d' 0)/$(printf '%030d' 0)
	install_below "$long"
	sys >before
	run -2 --separate-stderr "$long/bin/gzcoredump" -i
	[[ $stderr == *"the kernel did not keep"* ]]
	sys | diff before -
	[ ! -e "$long/etc/sysctl.d/99-gzcoredump.conf" ]
	# Cut in the middle of the program's own path, what the kernel has is still put back.
	mv "$long" "$P/$(printf '%0120d' 0)"
	long=$P/$(printf '%0120d' 0)
	run -2 --separate-stderr "$long/bin/gzcoredump" -i
	[[ $stderr == *"the kernel did not keep"* ]]
	sys | diff before -
	rm -rf "$long" "$P/$(printf '%050d' 0)"
}

@test "gzcoredump: a path with a blank or a percent sign is refused" {
	local n
	for n in 'a b' 'a%b'; do
		mkdir "$P/$n"
		cp -R "$P/bin" "$P/libexec" "$P/$n"
		refuses "$P/$n/bin/gzcoredump" -i
		[[ $stderr == *'blanks or %'* ]]
		rm -rf "${P:?}/$n"
	done
}

@test "gzcoredump: -i and -t refuse a configuration with a mistake, and name the line" {
	local line
	while IFS= read -r line; do
		conf '# one' "$line"
		refuses "$P/bin/gzcoredump" -i
		[[ ${stderr_lines[0]} == *"gzcoredump.conf"*"2"* ]] || { echo "$line: $stderr"; return 1; }
		refuses "$P/bin/gzcoredump" -t
	done <<-'EOF'
	nosuchkey=1
	not a setting
	level=10
	level=
	dir=relative
	dir=
	log=log
	template=
	template=%e.%
	template=%{comm
	template=%y
	suffix=a/b
	suffix=.gz
	mode=0999
	mode=rw
	mode=06000
	owner=a b
	owner=
	honour_limit=perhaps
	EOF
}

@test "gzcoredump: -i and -t refuse an owner, a filter or a file that cannot work" {
	conf owner=no-such-user-here
	refuses "$P/bin/gzcoredump" -i
	[[ $stderr == *no-such-user-here* ]]
	conf owner=root:no-such-group-here
	refuses "$P/bin/gzcoredump" -i
	conf 'filter=no-such-program -x' suffix=gz.x
	refuses "$P/bin/gzcoredump" -i
	[[ $stderr == *'no-such-program: not found'* ]]
	refuses "$P/bin/gzcoredump" -t
	conf 'filter=cat | no-such-program' suffix=gz.x
	refuses "$P/bin/gzcoredump" -i
	conf 'filter=cat'
	refuses "$P/bin/gzcoredump" -i
	[[ $stderr == *'needs a suffix'* ]]
	conf 'filter=cat | | cat' suffix=gz.x
	refuses "$P/bin/gzcoredump" -i
	conf 'filter=| cat' suffix=gz.x
	refuses "$P/bin/gzcoredump" -i
	conf 'filter=cat |' suffix=gz.x
	refuses "$P/bin/gzcoredump" -i
	conf "filter=$(printf 'cat | %.0s' {1..13})cat" suffix=gz.x "forward=$P/there" stream=yes
	refuses "$P/bin/gzcoredump" -i
	[[ $stderr == *'over 16 stages'* ]]
	# What sends it later is none of them.
	sed -i /^stream/d "$P/etc/gzcoredump.conf"
	run -0 "$P/bin/gzcoredump" -i
	kernel_restore "$P/saved"
	rm "$SYSCTL"
	# A small core alone comes from one stage more.
	echo small=yes >>"$P/etc/gzcoredump.conf"
	refuses "$P/bin/gzcoredump" -i
	[[ $stderr == *'over 16 stages'* ]]
	conf small=yes 'filter=sed ; p' suffix=gz.x
	refuses "$P/bin/gzcoredump" -i
	[[ $stderr == *'compress, filter: a word ; needs small=no'* ]]
	conf level=1
	chmod 666 "$P/etc/gzcoredump.conf"
	refuses "$P/bin/gzcoredump" -i
	[[ $stderr == *'everyone may write'* ]]
	rm "$P/etc/gzcoredump.conf"
	mkdir "$P/open"
	chmod 777 "$P/open"
	conf "dir=$P/open"
	refuses "$P/bin/gzcoredump" -i
	[[ $stderr == *"dir: $P/open: everyone may write to it" ]]
	# What is for users must be where only root writes, all the way up; /tmp, with its sticky bit, may be above.
	chmod 1777 "$P/open"
	conf "dir=$P/open" owner=crashed
	refuses "$P/bin/gzcoredump" -i
	[[ $stderr == *"dir: $P/open/: others than root may write to it: not with owner=crashed" ]]
	chmod 775 "$P/open"
	refuses "$P/bin/gzcoredump" -t
	chmod 755 "$P/open"
	chown 4711 "$P/open"
	refuses "$P/bin/gzcoredump" -i
	mkdir "$P/open/below"
	conf "dir=$P/open/below" owner=crashed
	refuses "$P/bin/gzcoredump" -i
	[[ $stderr == *"$P/open/: others than root"* ]]
	ln -s "$P/open/below" "$P/link"
	conf "dir=$P/link" owner=crashed
	refuses "$P/bin/gzcoredump" -i
	rm "$P/link"
	rmdir "$P/open/below"
	conf "dir=$P/bin/core-info"
	refuses "$P/bin/gzcoredump" -t
	[[ $stderr == *"dir: $P/bin/core-info: not a directory" ]]
	rm "$P/etc/gzcoredump.conf"
	mkdir "$P/etc/gzcoredump.conf"
	refuses "$P/bin/gzcoredump" -i
	refuses "$P/bin/gzcoredump" -t
}

@test "gzcoredump: -i and -t refuse the record's suffix" {
	conf filter=cat suffix=txt
	refuses "$P/bin/gzcoredump" -i
	refuses "$P/bin/gzcoredump" -t
}

@test "gzcoredump: -i refuses when a program of ours is missing" {
	local n
	for n in core-capture core-info core-name core-record core-store gzdeflate; do
		mv "$P/bin/$n" "$P/away"
		# Not one of another installation either.
		refuses env "PATH=/usr/bin:/bin" "$P/bin/gzcoredump" -i
		mv "$P/away" "$P/bin/$n"
	done
	mv "$P/bin/core-trim" "$P/away"
	conf small=yes
	refuses "$P/bin/gzcoredump" -i
	[[ $stderr == *'core-trim: not there'* ]]
	mv "$P/away" "$P/bin/core-trim"
}

@test "gzcoredump: -i without root says so" {
	need setpriv
	chmod -R a+rX "$P"
	refuses setpriv --reuid 4711 --regid 4711 --clear-groups "$P/bin/gzcoredump" -i
	[[ $stderr == *'not writable'* ]]
}

@test "gzcoredump: -t passes after -i, says each step, and takes its own dump away" {
	quick_sleep
	conf small=yes
	"$P/bin/gzcoredump" -i
	run -0 --separate-stderr "$P/bin/gzcoredump" -t
	[ "${lines[0]}" = "ok: kernel.core_pattern calls $HANDLE" ]
	[[ ${lines[1]} =~ ^ok:\ stamped\ with\ [0-9a-f-]{36}$ ]]
	[[ ${lines[2]} == "ok: came back with its uuid: $P/var/lib/gzcoredump/"* ]]
	[[ ${lines[3]} =~ ^ok:\ [0-9]+\ bytes,\ all\ that\ were\ promised ]]
	[[ ${lines[4]} =~ ^ok:\ backtrace:\ [1-9][0-9]*\ frames$ ]]
	[ "${lines[5]}" = "ok: backtrace of the small core: ${lines[4]#ok: backtrace: }" ]
	[ "${lines[6]}" = 'gzcoredump: self-test passed' ]
	[ "${#lines[@]}" = 7 ]
	[ -z "$(find "$P/var/lib" -name "crash-test*")" ]
	[ -z "$(ls -A "$TMPDIR")" ]
}

@test "gzcoredump: -t needs no other program: a build-id for objcopy, core-trace for a debugger" {
	local hidden='' program
	quick_sleep
	"$P/bin/gzcoredump" -i
	for program in objcopy gdb eu-stack; do
		hidden+="mount --bind /dev/null $(command -v $program) && "
	done
	run -0 --separate-stderr unshare -m --propagation private sh -c "$hidden exec \"$P/bin/gzcoredump\" -t"
	[[ ${lines[1]} =~ ^ok:\ by\ its\ build-id,\ since\ objcopy\ is\ not\ here:\ [0-9a-f]{40}$ ]]
	[[ ${lines[4]} =~ ^ok:\ backtrace:\ [1-9][0-9]*\ frames$ ]]
	[ "${lines[-1]}" = 'gzcoredump: self-test passed' ]
	[ -z "$(find "$P/var/lib" -name "crash-test*")" ]
}

@test "gzcoredump: -t passes under busybox ash, handler and self-test alike" {
	need busybox
	quick_sleep
	under busybox ash
	"$P/bin/gzcoredump" -i
	run -0 "$P/bin/gzcoredump" -t
	[ "${lines[-1]}" = 'gzcoredump: self-test passed' ]
	conf small=only
	run -0 "$P/bin/gzcoredump" -t
	[[ ${lines[-2]} == 'ok: backtrace of the small core: '* ]]
	[ "${lines[-1]}" = 'gzcoredump: self-test passed' ]
	[ -z "$(find "$P/var/lib" -name "crash-test*")" ]
}

@test "gzcoredump: -t passes with other settings, and with a filter as far as it can check" {
	need age age-keygen
	quick_sleep
	age-keygen -o key 2>/dev/null
	conf "dir=$P/var/elsewhere" 'template=%e.%s' level=9 mode=640 honour_limit=yes
	"$P/bin/gzcoredump" -i
	run -0 "$P/bin/gzcoredump" -t
	[ "${lines[-1]}" = 'gzcoredump: self-test passed' ]
	conf small=yes "filter=age -r $(age-keygen -y key)" suffix=gz.age
	run -0 "$P/bin/gzcoredump" -t
	[ "${lines[-2]}" = 'ok: the small core is there' ]
	[[ ${lines[-1]} == 'gzcoredump: self-test passed, as far as it can see behind the filter'* ]]
	[ -z "$(find "$P/var" -name "crash-test*" -o -name "core-name*")" ]
}

@test "gzcoredump: -t says when the memory of a process that crashes cannot be read" {
	need setpriv
	quick_sleep
	"$P/bin/gzcoredump" -i
	run -0 --separate-stderr "$P/bin/gzcoredump" -t
	[ -z "$stderr" ]
	mv "$P/bin/core-capture" "$P/bin/core-capture.there"
	printf '#!/bin/sh\nexec setpriv --bounding-set -sys_ptrace %s "$@"\n' "$P/bin/core-capture.there" \
		>"$P/bin/core-capture"
	chmod 755 "$P/bin/core-capture"
	run -0 --separate-stderr "$P/bin/gzcoredump" -t
	[[ $stderr == 'gzcoredump: captured=stream: the memory of a crashed process cannot be read, '* ]]
	[ "${#stderr_lines[@]}" = 1 ]
	[ "${lines[-1]}" = 'gzcoredump: self-test passed' ]
	conf capture=no
	run -0 --separate-stderr "$P/bin/gzcoredump" -t
	[ -z "$stderr" ]
}

# fails_test TEXT: the self-test exits 2, says TEXT, and never that it passed.
fails_test() {
	run -2 --separate-stderr "$P/bin/gzcoredump" -t
	[[ ${stderr_lines[-1]} == "gzcoredump: "*"$1"* ]] || { echo "not '$1': $stderr"; return 1; }
	[[ $output != *passed* ]]
	[ -z "$(ls -A "$TMPDIR")" ]
}

@test "gzcoredump: -t fails when the handler is not installed, or another one is" {
	fails_test 'gzcoredump -i installs it'
	"$P/bin/gzcoredump" -i
	kernel_set kernel/core_pattern '|/bin/false'
	fails_test "kernel.core_pattern is '|/bin/false', not ours"
	# Ours, but with other letters.
	kernel_set kernel/core_pattern "|$HANDLE P%P"
	fails_test 'not ours'
}

@test "gzcoredump: -t fails when core-store stores nothing" {
	quick_sleep
	"$P/bin/gzcoredump" -i
	cp "$(type -P false)" "$P/bin/core-store"
	fails_test 'stored=partial, not whole'
	# It does not even read.
	cp "$(type -P true)" "$P/bin/core-store"
	fails_test 'stored=no, not whole'
	rm "$P/bin/core-store"
	printf '#!/bin/sh\nexec cat >/dev/null\n' >"$P/bin/core-store"
	chmod 755 "$P/bin/core-store"
	fails_test '.gz: not there'
}

@test "gzcoredump: a disk too small for min_free: -i warns, -t fails at once: nothing stored" {
	local said="gzcoredump: $P/etc/gzcoredump.conf: min_free: 999999T, and the file system of $DIR has "
	quick_sleep
	conf stack=yes min_free=999999T
	run -0 --separate-stderr "$P/bin/gzcoredump" -i
	[[ $stderr == "$said"[0-9]*"K in all: nothing can be stored" ]]
	run -2 --separate-stderr "$P/bin/gzcoredump" -t
	[[ "${stderr_lines[1]}" == *": stored=no, not whole: see $P/var/log/gzcoredump.log" ]]
}

@test "gzcoredump: -t fails when the compressor or the tap is broken" {
	quick_sleep
	"$P/bin/gzcoredump" -i
	cp "$P/bin/gzdeflate" keep
	cp "$(type -P false)" "$P/bin/gzdeflate"
	fails_test 'stored='
	# It stores, but not the core.
	printf '#!/bin/sh\nhead -c 1000 | gzip; exec cat >/dev/null\n' >"$P/bin/gzdeflate"
	chmod 755 "$P/bin/gzdeflate"
	fails_test 'another size'
	printf '#!/bin/sh\nexec cat\n' >"$P/bin/gzdeflate"
	fails_test 'does not decompress'
	cp keep "$P/bin/gzdeflate"
	cp "$(type -P false)" "$P/bin/core-info"
	fails_test ''
}

@test "gzcoredump: -t fails when a filter fails, and the partial dump keeps its record" {
	local f
	quick_sleep
	"$P/bin/gzcoredump" -i
	for f in false 'tee /no/such/file'; do
		conf "filter=$f" suffix=gz.x
		fails_test 'stored='
		for f in "$P/var/lib/gzcoredump"/*.partial; do
			[ ! -e "$f" ] || [ -e "${f%.gz.x.partial}.txt" ] || { ls -la "$P/var/lib/gzcoredump"; return 1; }
		done
	done
}

@test "gzcoredump: make uninstall restores the pattern and leaves what was stored" {
	kernel_set kernel/core_pattern 'mine.%p'
	sys >before
	"$P/bin/gzcoredump" -i
	crasher prog
	DIR=$P/var/lib/gzcoredump
	crash ./prog
	stored
	env -u MAKEFLAGS -u MAKEOVERRIDES make -s -C "$T/.." uninstall PREFIX="$P" SYSCONFDIR="$P/etc" \
		LOCALSTATEDIR="$P/var"
	sys | diff before -
	[ ! -e "$P/bin/gzcoredump" ]
	[ ! -e "$SYSCTL" ]
	[ -z "$(find "$P/bin" "$P/share" ! -type d)" ]
	[ ! -e "$P/libexec/gzcoredump" ]
	[ -e "$gz" ]
	[ -e "$txt" ]
	[ -e "$P/etc/gzcoredump.conf" ]
}

@test "gzcoredump: make uninstall leaves the handler of another installation alone" {
	"$P/bin/gzcoredump" -i
	install_below "$P/other"
	env -u MAKEFLAGS -u MAKEOVERRIDES make -s -C "$T/.." uninstall PREFIX="$P/other" \
		SYSCONFDIR="$P/other/etc" LOCALSTATEDIR="$P/other/var"
	[ "$(cat $KERNEL/core_pattern)" = "$PATTERN" ]
	[ -e "$SYSCTL" ]
	rm -rf "$P/other"
}
