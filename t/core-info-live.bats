# core-info -p: what is around a process, its lists, and processes that do not answer.

load lib/common

setup_file() {
	cat >"$BATS_FILE_TMPDIR/quiet.c" <<-'EOF'
	/* Threads with names that wait. */
	#include <pthread.h>
	#include <stdio.h>
	#include <sys/prctl.h>
	#include <unistd.h>

	static void *
	wait_here(void *name)
	{
		prctl(PR_SET_NAME, name);
		for (;;)
			pause();
	}

	int
	main(void)
	{
		static char names[][16] = { "worker 1", "a\n\033[31m", "\xff" };
		pthread_t t;

		for (int i = 0; i < 3; i++)
			pthread_create(&t, NULL, wait_here, names[i]);
		usleep(100000);
		puts("up");
		fflush(stdout);
		for (;;)
			pause();
	}
	EOF
	${CC:-cc} -pthread -Wl,--build-id=sha1 -o "$BATS_FILE_TMPDIR/quiet" "$BATS_FILE_TMPDIR/quiet.c"
}

teardown() {
	[ -z "${pid-}" ] || kill -9 "$pid" 2>/dev/null || :
	[ -z "${server-}" ] || kill -9 "$server" 2>/dev/null || :
	[ ! -e prog ] || umount -l prog 2>/dev/null || :
}

# start COMMAND…: in the background until it says that it is up; its number is in $pid.
start() {
	rm -f up
	"$@" >up 2>&1 3>&- &
	pid=$!
	soon test -s up
}

# value KEY: what the file said has of it.
value() {
	sed -n "s/^$1=//p" said
}

# need_root: what follows takes it.
need_root() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
}

@test "core-info: -p says where a process stands and what it has, as /proc and prlimit do" {
	mkdir 'a b'
	cd 'a b'
	start prlimit --core=4096:8192 --nofile=100 --stack=1048576:2097152 "$BATS_FILE_TMPDIR/quiet"
	core-info -p "$pid" >said
	[ "$(value cwd)" = "$PWD" ]
	[ "$(value root)" = / ]
	[[ " $(value limits) " == *" stack=1048576:2097152 core=4096:8192 "*" nofile=100:100 "* ]]
	[[ "$(value limits)" != *unlimited:unlimited* ]]
	[ "$(value open_files)" = "$(ls "/proc/$pid/fd" | wc -l)" ]
	[ "$(value cgroup)" ]
	for pair in vsize:VmSize rss:VmRSS rss_peak:VmHWM swap:VmSwap; do
		kb=$(awk -v k="${pair#*:}:" '$1 == k { print $2 }' "/proc/$pid/status")
		[ "$(value ${pair%:*})" = $((kb * 1024)) ]
	done
	# Between two looks at the clock of ps, which knows seconds.
	before=$(ps -o etimes= -p "$pid")
	core-info -p "$pid" >said
	after=$(ps -o etimes= -p "$pid")
	[ "$(value uptime_ms)" -ge $((before * 1000 - 1000)) ]
	[ "$(value uptime_ms)" -le $((after * 1000 + 2000)) ]
	core-info -j -p "$pid" | jq -e '(.uptime_ms | type) == "number" and (.rss | type) == "number" and
		(.open_files | type) == "number" and .cwd == $cwd' --arg cwd "$PWD"
}

@test "core-info: -p says who a process acts as, and its root" {
	need_root
	mkdir -p root/dev
	${CC:-cc} -static -pthread -o root/quiet "$BATS_FILE_TMPDIR/quiet.c"
	start setpriv --ruid=1234 --euid=0 --rgid=1234 --egid=4321 --clear-groups chroot root /quiet
	core-info -p "$pid" >said
	[ "$(value root)" = "$PWD/root" ]
	[ "$(value uid) $(value euid) $(value gid) $(value egid)" = '1234 0 1234 4321' ]
	core-info -p $$ >said
	run -1 grep -E '^e[ug]id=' said
}

@test "core-info: -p -t says the name of a thread" {
	start "$BATS_FILE_TMPDIR/quiet"
	local tid found=0
	for tid in $(ls "/proc/$pid/task"); do
		core-info -p "$pid" -t "$tid" >said
		[ "$(value tid)" = "$tid" ]
		[ "$(value comm)" = quiet ]
		case $(cat "/proc/$pid/task/$tid/comm") in
		'worker 1') [ "$(value thread_name)" = 'worker 1' ] && found=$((found + 1)) ;;
		a*) [ "$(value thread_name)" = 'a\0012\0033[31m' ] && found=$((found + 1)) ;;
		esac
	done
	[ $found = 2 ]
	# One that it has not.
	core-info -p "$pid" -t 1 >said
	[ -z "$(value thread_name)" ]
	fails_with 2 core-info -p "$pid" -t 0
	[ "$stderr" = 'core-info: -t 0: not a thread ID' ]
}

@test "core-info: -p: the first thread has ended: facts come from another thread" {
	cat >leader.c <<-'EOF'
	#include <pthread.h>
	#include <stdio.h>
	#include <sys/syscall.h>
	#include <unistd.h>
	static void *
	thread(void *leader)
	{
		pthread_join(*(pthread_t *)leader, NULL);
		printf("%ld\n", (long)syscall(SYS_gettid));
		fflush(stdout);
		for (;;)
			pause();
	}
	int
	main(void)
	{
		static pthread_t self, t;
		self = pthread_self();
		pthread_create(&t, NULL, thread, &self);
		pthread_exit(NULL);
	}
	EOF
	${CC:-cc} -pthread -Wl,--build-id=sha1 -o leader leader.c
	start "$PWD/leader" argument
	tid=$(cat up)
	[ "$tid" != "$pid" ]
	for i in $(seq 200); do
		! grep -q '^State:.Z' "/proc/$pid/status" || break
		sleep 0.05
	done
	for t in '' "-t $tid"; do
		core-info -a -p "$pid" $t >said
		[ "$(value comm)" = leader ]
		[ "$(value cwd)" = "$PWD" ]
		[ "$(value root)" = / ]
		[ "$(value exe)" = "$PWD/leader" ]
		[ "$(value build_id)" = "$(elf-uuid -b leader)" ]
		[ "$(value cmdline)" = "$PWD/leader argument" ]
		[ "$(value open_files)" = "$(ls "/proc/$pid/task/$tid/fd" | wc -l)" ]
		[ "$(value open_files)" -ge 3 ]
		[ "$(value vsize)" -gt 0 ]
		grep -qE "^module=.* $PWD/leader\$" said
	done
	kill -9 "$pid"
	# A zombie has nothing left: no files are not none.
	start python3 -c 'import os, time
child = os.fork() or os._exit(0)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
print(child, flush=True)
time.sleep(1000)'
	zombie=$(cat up)
	core-info -p "$zombie" >said
	[ "$(value pid)" = "$zombie" ]
	run -1 grep -E '^(open_files|cwd|exe|io_uring)=' said
}

@test "core-info: -p says whether a process has rings of io_uring" {
	cat >ring.py <<-'EOF'
	import ctypes, time
	p = ctypes.create_string_buffer(120)
	print("none" if ctypes.CDLL(None).syscall(425, 4, p) < 0 else "rings", flush=True)
	time.sleep(1000)
	EOF
	start python3 ring.py
	grep -q rings up || skip "this kernel has no io_uring for us"
	core-info -p "$pid" >said
	[ "$(value io_uring)" = yes ]
	[ "$(value open_files)" = "$(ls "/proc/$pid/fd" | wc -l)" ]
	core-info -jp "$pid" >json
	valid_json core-info json
	jq -e '.io_uring == true' json
	kill -9 "$pid"
	start "$BATS_FILE_TMPDIR/quiet"
	core-info -p "$pid" >said
	run -1 grep io_uring said
}

@test "core-info: -p says whether a process has more rights than its user" {
	need_root
	need setpriv
	local quiet=$BATS_FILE_TMPDIR/quiet way
	chmod 755 "$BATS_FILE_TMPDIR"
	rights() {
		start "$@" sleep 1000 &&
			core-info -p "$pid" >said && value rights
		kill -9 "$pid"
	}
	start() {
		local i
		"$@" 3>&- &
		pid=$!
		for i in $(seq 200); do
			[ "$(cat "/proc/$pid/comm")" != sleep ] || return 0
			sleep 0.05
		done
		return 1
	}
	[ "$(rights setpriv --reuid 4711 --regid 4711 --clear-groups)" = user ]
	while IFS= read -r way; do
		# shellcheck disable=SC2086
		[ "$(rights setpriv $way --clear-groups)" = more ] || { echo "$way"; return 1; }
	done <<-'EOF'
	--ruid 4711 --euid 0 --regid 4711
	--ruid 0 --euid 4711 --regid 4711
	--reuid 4711 --rgid 4711 --egid 4712
	--reuid 4711 --regid 4711 --inh-caps +net_raw --ambient-caps +net_raw
	--reuid 0
	EOF
	# Its capabilities are those of its own namespace.
	! unshare -Ur true || [ "$(rights setpriv --reuid 4711 --regid 4711 --clear-groups unshare -Ur)" = user ]
}

@test "core-info: -p -C believes only a process of that user that the kernel is dumping" {
	start "$BATS_FILE_TMPDIR/quiet"
	fails_with 2 core-info -p "$pid" -C "$(id -u)"
	[ "$stderr" = "core-info: pid $pid: not a process of user $(id -u) that is being dumped" ]
	fails_with 2 core-info -p "$pid" -C x
	usage_error core-info -C 0
	[[ $stderr == 'core-info: -C needs -p'* ]]
	usage_error core-info -P 3
	[[ $stderr == 'core-info: -P needs -p'* ]]
	usage_error core-info -C 0 -o new
	# As a tap it passes on what comes, and takes nothing from there.
	head -c 1000 /dev/urandom >noise
	core-info -d 4 -p "$pid" -C 0 <noise 4>lines | cmp noise -
	core-info -d 4 -p $(($(cat /proc/sys/kernel/pid_max) + 1)) -C 0 <noise 4>lines | cmp noise -
}

@test "core-info: -p -a lists the threads with names, and the same modules as a core would" {
	need gdb
	start "$BATS_FILE_TMPDIR/quiet"
	core-info -a -p "$pid" >said
	[ "$(grep -c ^thread= said)" = 4 ]
	grep -qx "thread=$pid quiet" said
	grep -qxE 'thread=[0-9]+ worker 1' said
	grep -qxE 'thread=[0-9]+ a\\0012\\0033\[31m' said
	grep -qxE 'thread=[0-9]+ \\0377' said
	gdb -nx -q -batch -p "$pid" -ex "generate-core-file core" >/dev/null 2>&1
	core-info -a core | grep ^module= | sort >wanted
	[ "$(wc -l <wanted)" -ge 4 ]
	grep ^module= said | sort | diff wanted -
	core-info -aj -p "$pid" | jq -r '.module_list[] | "module=\(.start)-\(.end) \(.build_id) \(.path)"' | sort | diff wanted -
	[ "$(core-info -aj -p "$pid" | jq -r '.thread_list[] | select(.name == "a\n\u001b[31m") | .tid' | wc -l)" = 1 ]
}

@test "core-info: -p -E lists the environment without variables that look secret" {
	start env -i A=1 'LONG NAME=x y' $'CTRL=\e[31m\n\xff' EMPTY= PWD=/tmp DB_PASSWORD=hunter2 api_key=hunter2 \
		AWS_SESSION_TOKEN=hunter2 URL=https://u:hunter2@h/ 'TWO=x ftp://h/ amqp://u:hunter2@h' \
		GIT=https://hunter2@h/ 'ODD=amqp://u:hunt/er2@h' SITE=https://h:80/ab:c MAIL=a@b PATH="$PATH" "$BATS_FILE_TMPDIR/quiet"
	core-info -E -p "$pid" >said
	grep ^env said | diff - <(printf '%s\n' 'env=A=1' 'env=LONG NAME=x y' 'env=CTRL=\0033[31m\0012\0377' \
		'env=EMPTY=' 'env=PWD=/tmp' 'env=SITE=https://h:80/ab:c' env=MAIL=a@b "env=PATH=$PATH" env_left_out=7)
	run ! grep hunter2 said
	core-info -Ej -p "$pid" >json
	jq -e '.environment[0] == "A=1" and .environment[2] == "CTRL=\u001b[31m\n\\0377" and .env_left_out == 7' json
	run ! grep hunter2 json
	core-info -aEj -p "$pid" -t "$pid" >all
	valid_json core-info json all
	core-info -p "$pid" >said
	run -1 grep ^env said
	# Nobody asked, and of no core.
	usage_error core-info -E
	usage_error core-info -o new -E
}

# of_group TEXT: what is said of a process whose /proc/PID/cgroup has this text.
of_group() {
	printf '%b' "$1" >group
	unshare -m sh -c 'mount --bind group /proc/$1/cgroup && exec core-info -p "$1"' sh $$ |
		grep -E '^(cgroup|unit|user_unit|container)=' || :
}

@test "core-info: -p finds systemd's unit and the container in the control group" {
	need_root
	need_mounts
	local id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
	{
		of_group '0::/system.slice/cron.service\n'
		of_group '0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope/deeper\n'
		of_group '0::/user.slice/user-0.slice/session-3.scope\n'
		of_group "0::/system.slice/docker-$id.scope\n"
		of_group "12:pids:/other\n1:name=systemd:/docker/$id\n0::/\n"
		of_group "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-$id.scope/init\n"
		of_group '0::/lxc.payload.web/system.slice/nginx.service\n'
		of_group '0::/machine.slice/machine-my\\x2dbox.scope/payload\n'
		of_group '4:cpu:/only\n'
		of_group '0::/_odd.service\n'
		of_group "0::/docker/$id/docker/${id//0/f}\n"
		of_group "0::/user.slice/user-1.slice/user@1.service/docker-$id.scope\n"
		of_group 'no colon\n'
		of_group ''
		of_group "0::/$(printf 'x%.0s' $(seq 5000))\n" | cut -c 1-12
		of_group '0::/a\033[31m\n'
	} >said
	diff - said <<-EOF
	cgroup=/system.slice/cron.service
	unit=cron.service
	cgroup=/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope/deeper
	unit=user@1000.service
	user_unit=app-x.scope
	cgroup=/user.slice/user-0.slice/session-3.scope
	unit=session-3.scope
	cgroup=/system.slice/docker-$id.scope
	unit=docker-$id.scope
	container=$id
	cgroup=/docker/$id
	container=$id
	cgroup=/kubepods.slice/kubepods-pod1.slice/cri-containerd-$id.scope/init
	unit=cri-containerd-$id.scope
	container=$id
	cgroup=/lxc.payload.web/system.slice/nginx.service
	container=web
	cgroup=/machine.slice/machine-my\0134x2dbox.scope/payload
	unit=machine-my\0134x2dbox.scope
	container=my-box
	cgroup=/only
	cgroup=/_odd.service
	unit=odd.service
	cgroup=/docker/$id/docker/${id//0/f}
	container=$id
	cgroup=/user.slice/user-1.slice/user@1.service/docker-$id.scope
	unit=user@1.service
	user_unit=docker-$id.scope
	cgroup=/xxxx
	cgroup=/a\0033[31m
	EOF
}

@test "core-info: -p: a process that is stopped or frozen is described as any other" {
	start "$BATS_FILE_TMPDIR/quiet"
	core-info -a -p "$pid" | sed -E '/^(time|uptime_ms|rss|rss_peak|cgroup)=/d' >wanted
	kill -STOP "$pid"
	core-info -a -p "$pid" | sed -E '/^(time|uptime_ms|rss|rss_peak|cgroup)=/d' | diff wanted -
	kill -CONT "$pid"
	local unified group
	unified=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	[ -n "$unified" ] || skip "no cgroup2: of a frozen process nothing is known"
	group=$unified/gzct.$$
	mkdir "$group" 2>/dev/null || skip "no control group can be made: of a frozen process nothing is known"
	echo "$pid" >"$group/cgroup.procs"
	echo 1 >"$group/cgroup.freeze"
	run -0 core-info -a -p "$pid"
	echo 0 >"$group/cgroup.freeze"
	kill -9 "$pid"
	soon rmdir "$group" 2>/dev/null
	diff wanted <(sed -E '/^(time|uptime_ms|rss|rss_peak|cgroup)=/d' <<<"$output")
}

# moody FILE: makes it a program on a file system of its own, which answers until there is a file
# "deaf"; its server is $server.
moody() {
	: >"$1"
	# So long that what a program's start reads is far from the end, where the sections are told of.
	head -c 4194304 /dev/zero >ballast
	objcopy --add-section .ballast=ballast "$BATS_FILE_TMPDIR/quiet" behind
	python3 - "$1" 3>&- <<-'EOF' &
	import ctypes, os, struct, sys
	data = open("behind", "rb").read()
	fd = os.open("/dev/fuse", os.O_RDWR)
	options = b"fd=%d,rootmode=100000,user_id=0,group_id=0,allow_other" % fd
	if ctypes.CDLL(None, use_errno=True).mount(b"moody", sys.argv[1].encode(), b"fuse", 0, options) < 0:
	    sys.exit("no mount")
	while True:
	    b = os.read(fd, 1 << 18)
	    opcode, unique = struct.unpack_from("<IQ", b, 4)
	    out, error = b"", 0
	    if opcode == 26:                                        # INIT
	        out = struct.pack("<IIIIHHIIHHI28x", 7, 31, 4096, 0, 8, 8, 4096, 1, 1, 0, 0)
	    elif opcode == 3:                                       # GETATTR
	        out = struct.pack("<QII6Q3I7I", 3600, 0, 0, 1, len(data), len(data) // 512, 0, 0, 0, 0, 0, 0, 0o100555, 1,
	            0, 0, 0, 4096, 0)
	    elif opcode == 14:                                      # OPEN
	        out = struct.pack("<QII", 1, 0, 0)
	    elif opcode == 15:                                      # READ
	        if os.path.exists("deaf"):
	            continue
	        at, size = struct.unpack_from("<QI", b, 48)
	        out = data[at:at + size]
	    else:
	        error = -38
	    os.write(fd, struct.pack("<IiQ", 16 + len(out), error, unique) + out)
	EOF
	server=$!
	soon grep -q " $(readlink -f "$1") fuse " /proc/mounts
}

@test "core-info: -p: the executable's file system hangs: prints what is known, and ends" {
	need_root
	need gdb objcopy
	need_fuse
	moody prog
	start "$PWD/prog"
	gdb -nx -q -batch -p "$pid" -ex "generate-core-file core" >/dev/null 2>&1
	: >deaf
	timeout 120 core-info -o lines <core | cmp core - || echo "status $?" >tapped
	status=0
	timeout 120 core-info -p "$pid" >said 2>err || status=$?
	kill -9 "$server" "$pid"
	umount -l prog
	[ ! -e tapped ]
	grep -qx "exe=$PWD/prog" lines
	[ "$status" = 1 ]
	[ "$(cat err)" = "core-info: pid $pid: not all was read: facts are missing" ]
	[ "$(value comm)" = prog ]
	[ "$(value exe)" = "$PWD/prog" ]
	[ "$(value cmdline)" = "$PWD/prog" ]
	[ "$(value cwd)" = "$PWD" ]
	[ -z "$(value build_id)" ]
	# Whoever hung with it has ended with it.
	none_is_left() {
		local p
		for p in $(pgrep -x core-info); do
			[ "$(readlink "/proc/$p/cwd")" != "$PWD" ] || return 1
		done
	}
	soon none_is_left
}

@test "core-info: a tap with -p: the files come from the process when the core lacks NT_FILE" {
	need gdb
	start "$BATS_FILE_TMPDIR/quiet"
	gdb -nx -q -batch -p "$pid" -ex "generate-core-file core" >/dev/null 2>&1
	core-info -a core | grep ^module= | sort >wanted
	# The notes first, as the kernel writes them, and NT_FILE under a name that nobody knows.
	python3 - core >dropped <<-'EOF'
	import struct, sys
	b = bytearray(open(sys.argv[1], "rb").read())
	phoff, = struct.unpack_from("<Q", b, 32)
	n, = struct.unpack_from("<H", b, 56)
	segments = [list(struct.unpack_from("<IIQQQQQQ", b, phoff + 56 * i)) for i in range(n)]
	head = bytearray(b[:64]) + b"\0" * (56 * n)
	out, at = bytearray(), 64 + 56 * n
	for s in sorted(segments, key=lambda s: s[0] != 4):
	    piece = b[s[2]:s[2] + s[5]]
	    if s[0] == 4:
	        k = piece.index(struct.pack("<I", 0x46494c45) + b"CORE\0")
	        piece[k:k + 4] = b"none"
	    s[2] = at
	    out += piece
	    at += len(piece)
	struct.pack_into("<Q", head, 32, 64)
	struct.pack_into("<Q", head, 40, 0)
	struct.pack_into("<HHH", head, 58, 0, 0, 0)
	for i, s in enumerate(segments):
	    struct.pack_into("<IIQQQQQQ", head, 64 + 56 * i, *s)
	sys.stdout.buffer.write(head + out)
	EOF
	core-info -a dropped >said
	grep -qx files=dropped said
	[ "$(grep -c ^module= said)" -lt "$(wc -l <wanted)" ]
	core-info -a -o lines -p "$pid" <dropped | cmp dropped -
	grep -qx files=dropped lines
	grep ^module= lines | sort | diff wanted -
	# Not from another process.
	cat >other.py <<-'EOF'
	import os, subprocess, sys
	fd = os.pidfd_open(os.getpid())
	sys.exit(subprocess.call(["core-info", "-a", "-o", "other", "-p", sys.argv[1], "-P", str(fd)], pass_fds=[fd]))
	EOF
	python3 other.py "$pid" <dropped | cmp dropped -
	diff <(grep ^module= said) <(grep ^module= other)
}
