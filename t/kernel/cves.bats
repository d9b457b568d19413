# Published weaknesses of other crash handlers, each as an attack on this one; SECURITY.md has the list.

load ../lib/common
load ../lib/kernel
load ../lib/hostile

setup_file() {
	hostile_install
}

teardown_file() {
	kernel_remove
}

setup() {
	kernel_ready
	cd "$BATS_TEST_TMPDIR" || return 1
	rm -rf "$DIR"
	: >"$LOG"
	conf owner=crashed
	kernel_set fs/suid_dumpable 2
}

teardown() {
	go_on
	[ -z "${P-}" ] || kernel_idle
	all_answered
	[ -z "${P-}" ] || rm -rf "$P"/{more,open,planted,ran,root,victim}
}

# all_roots DIR: nothing there belongs to anybody else, or may be read by anybody else.
all_roots() {
	ls -lR "$1"
	[ -z "$(find "$1" ! -uid 0)" ] && [ -z "$(find "$1" -type f -perm /077)" ]
}

# nothing_ran: no planted program was run, whether in the process's root or here.
nothing_ran() {
	[ ! -e "$P/ran" ] && [ ! -e "$P/root$P/ran" ]
}

@test "gzcoredump: CVE-2015-1318: no program of the process's root is run" {
	local name
	${CC:-cc} -static -x c -o planted - <<-EOF
	#include <fcntl.h>
	int main(void) { return creat("$P/ran", 0666) < 0; }
	EOF
	${CC:-cc} -static -pthread -o static "$T/kernel/crash.c"
	mkdir -p "$P/root/"{bin,usr/bin,usr/sbin} "$P/root$P/libexec/gzcoredump"
	for name in sh date nice head timeout gdb core-info core-record core-trace core-store gzdeflate; do
		cp planted "$P/root/bin/$name"
		cp planted "$P/root/usr/bin/$name"
	done
	cp planted "$P/root$P/libexec/gzcoredump/handle"
	cp static "$P/root/prog"
	conf owner=crashed stack=yes small=yes keep_modules=all
	# As the process's own, not the handler's.
	crash env PATH=/bin LD_PRELOAD="$P/root/evil.so" "$(type -P chroot)" "$P/root" /prog
	stored
	kernel_idle
	has stored=whole "root=$P/root"
	nothing_ran
	# In a user namespace root of it can do the same, and mount over what the handler uses.
	if $user unshare -Ur true; then
		chmod -R a+rX "$P/root"
		start $user unshare -Ur --mount sh -c "mount --bind $P/root/bin /usr/bin; exec chroot $P/root /prog"
		gone
		stored
		kernel_idle
		nothing_ran
	fi
}

@test "gzcoredump: CVE-2015-5287: links where the process stands and where it can write stay" {
	mkdir "$P/victim" here
	chmod 700 "$P/victim"
	echo mine >"$P/victim/file"
	chmod 777 . here
	cd here || return 1
	# What other handlers write there.
	start $user "$P/prog" wait
	for name in core core.$pid "core.prog.$pid" coredump maps "prog.$pid.gz" "prog.$pid.txt"; do
		$user ln -s "$P/victim/file" "$name"
	done
	ls -lA >../before
	soon grep -qx 'Name:	prog' "/proc/$pid/status"
	kill -SEGV "$pid"
	gone
	logged 'of prog'
	kernel_idle
	ls -lA | diff ../before -
	[ "$(cat "$P/victim/file")" = mine ]
	[ "$(stat -c '%u %h' "$P/victim/file")" = '0 1' ]
}

@test "gzcoredump: CVE-2020-8831: a lock that is a link is neither followed nor made elsewhere" {
	local name
	mkdir "$P/open" "$P/planted"
	chmod 1777 "$P/open"
	conf "dir=$P/open" small=yes stack=yes keep_modules=all loop_most=5 keep=10 at_once=2
	for name in queue loops prune prune.next forward keep; do
		$user ln -s "$P/planted/$name" "$P/open/.gzcore.$name"
	done
	$user ln -s "$P/planted" "$P/open/modules"
	crash $user "$P/prog" fill 100000
	logged 'of prog'
	kernel_idle
	cat "$LOG"
	[ -z "$(ls -A "$P/planted")" ]
	# The record at least is there.
	DIR=$P/open stored
}

@test "gzcoredump: CVE-2022-4415: set-user-ID, set-group-ID, capabilities: the dump is root's" {
	local dumpable
	for dumpable in 1 2; do
		kernel_set fs/suid_dumpable $dumpable
		for how in 4755 2755 capable; do
			cp "$P/prog" "$P/more"
			if [ $how = capable ]; then
				# cap_net_raw, permitted and effective: struct vfs_cap_data, revision 2.
				python3 -c 'import os, struct, sys
os.setxattr(sys.argv[1], "security.capability", struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0))' "$P/more"
			else
				chmod $how "$P/more"
			fi
			crash $user "$P/more" fill 100000
			stored
			has uid=4711 stored=whole
			kernel_idle
			all_roots "$DIR"
		done
	done
}

# taken_over PATTERN: a set-user-ID program is killed in mid-dump, and its user's process gets its number.
taken_over() {
	kernel_set kernel/core_pattern "$1"
	suid
	slow_to_ask
	start $user "$P/suid" a-secret-of-root
	killed
	again "${@:2}"
	: >"$P/answer"
	# Without a pidfd it may get the other's name.
	soon grep -qE 'of suid|not given to user 4711' "$LOG"
	kernel_idle
	rm "$P/suid"
	ls -lR "$DIR"
	# Nothing of the program with more rights is where the user can read it.
	for file in "$DIR"/4711/*; do
		[[ $file != *.gz* ]] || { zinflate "$file" >core || :; file=core; }
		run -1 grep -q a-secret-of-root "$file"
	done
	[ -n "$(find "$DIR" -maxdepth 1 -name '*.txt')" ]
}

@test "gzcoredump: CVE-2025-4598: the user's process gets the number of a killed set-user-ID one" {
	conf owner=crashed small=yes
	taken_over "$(cat /proc/sys/kernel/core_pattern)" user "$P/prog" segv
}

@test "gzcoredump: CVE-2025-5054: one in a container gets the number: its maker gets nothing" {
	$user unshare -Ur true || skip 'no user namespaces here'
	conf owner=crashed small=yes
	# As kernels that give no pidfd, and thus know the process by its number alone.
	taken_over "|$HANDLE P%P I%I u%u g%g s%s t%t c%c d%d h%h e%e" user "$(type -P unshare)" -Ur "$P/prog" segv
}

@test "gzcoredump: CVE-2025-5467: mode=0660: no group of the process can read its dump" {
	conf owner=crashed small=yes mode=0660
	crash setpriv --reuid 4711 --regid 5000 --groups 5001,5002 "$P/prog" fill 100000
	logged 'of prog'
	kernel_idle
	ls -ln "$DIR/4711"
	[ -n "$(ls "$DIR"/4711/*.gz)" ]
	[ "$(stat -c %g "$DIR"/4711/* | sort -u)" = 0 ]
	for gid in 5000 5001; do
		run setpriv --reuid 4712 --regid $gid --clear-groups cat "$DIR"/4711/*.txt
		[ "$status" != 0 ]
	done
}

@test "gzcoredump: CVE-2025-12744: no shell sees a container's names, paths and arguments" {
	local evil="\$(>$P/ran)\`>$P/ran\`;>$P/ran"
	unshare --uts --pid --fork true || skip 'no namespaces here'
	mkdir -p "$evil"
	cp "$P/prog" "$evil/\$(id>ran)"
	script hook <<-EOF
	env >$P/hook.env
	EOF
	conf small=yes stack=yes "before=$P/hook" "after=$P/hook" 'template=%h.%E.%f' syslog=yes environment=yes
	run -139 unshare --uts --pid --fork bash -c 'printf %s "$1" >/proc/sys/kernel/hostname; cd "$2"
		(exec -a "$1" "./\$(id>ran)" name "$1" "$1"); exit $?' bash "\$(>/gzc-ran)" "$PWD/$evil" 3>&- 20>&-
	kernel_idle
	txt=$(grep -lxF 'comm=$(>/gzc-ran)' "$DIR"/*.txt)
	has stored=whole
	crash env "X=$evil" "$evil/\$(id>ran)" name "\$(>/gzc-ran)" "$evil"
	stored
	kernel_idle
	has stored=whole
	grep -q GZCORE_CMDLINE "$P/hook.env"
	for ran in "$P" "" "$evil"; do
		[ ! -e "$ran/ran" ]
		[ ! -e "$ran/gzc-ran" ]
	done
	rm -r "$P/hook" "$P/hook.env"
}

@test "gzcoredump: CVE-2026-54228 to -54230: a user who races for the names changes no file" {
	local racer
	mkdir "$P/victim"
	echo mine >"$P/victim/file"
	chmod 600 "$P/victim/file"
	chmod 755 "$P/victim"
	conf owner=crashed small=yes template=next
	crash $user "$P/prog" fill 100000
	logged 'of prog'
	kernel_idle
	# Links to a file and to a directory come and go at each name, thousands of times a second.
	cat >race.py <<-'EOF'
	import contextlib, os, sys
	os.chdir(sys.argv[1])
	names = ["next.gz", "next.txt", "next.small.gz", "next-1.gz", "next-1.txt"]
	while True:
	    for to in sys.argv[2] + "/file", sys.argv[2]:
	        for name in names:
	            with contextlib.suppress(OSError):
	                os.symlink(to, name)
	        for name in names:
	            with contextlib.suppress(OSError):
	                os.unlink(name)
	EOF
	$user python3 -c "$(cat race.py)" "$DIR/4711" "$P/victim" >/dev/null 2>&1 3>&- 20>&- &
	racer=$!
	for _ in 1 2 3 4; do
		crash $user "$P/prog" fill 100000
	done
	kernel_idle
	kill $racer
	[ "$(stat -c '%a %u %h' "$P/victim/file")" = '600 0 1' ]
	[ "$(cat "$P/victim/file"; ls -A "$P/victim")" = $'mine\nfile' ]
	[ "$(find "$DIR" -maxdepth 1 -type f ! -uid 0)" = '' ]
}

@test "gzcoredump: CVE-2026-54231: a name adds no line to the log and no field to the journal" {
	local socket=/run/systemd/journal/socket
	[ ! -e $socket ] || skip "this machine has a $socket of its own"
	mkdir -p ${socket%/*}
	python3 - $socket heard <<-'EOF' 3>&- 20>&- &
	import os, socket, sys
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	s.settimeout(100)
	s.bind(sys.argv[1])
	with open(sys.argv[2], "wb", 0) as out:
	    while True:
	        out.write(s.recv(65536) + b"\n")
	EOF
	listener=$!
	soon [ -S $socket ]
	conf syslog=yes small=yes
	crash "$P/prog" name $'x\nPRIORITY=0' $'y\nGZCORE_UID=0\nMESSAGE=forged'
	stored
	kernel_idle
	kill $listener
	rm -f $socket
	grep -qax "GZCORE_PID=$pid" heard
	run -1 grep -aE '^(PRIORITY=0|GZCORE_UID=0.+|MESSAGE=forged)' heard
	[ "$(grep -ac '^MESSAGE=' heard)" = 1 ]
	run -1 grep -vE '^[0-9-]+T[0-9:]+Z gzcoredump\[[0-9]+\]: ' "$LOG"
}
