# The handler at real crashes as the configuration wants it: loops, whose dump it is, hooks, other stages, logs.

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
	conf
	uuid=$(elf-uuid "$P/prog")
}

teardown() {
	go_on
	[ -z "${P-}" ] || kernel_idle
	! mountpoint -q "$BATS_TEST_TMPDIR/small" || umount "$BATS_TEST_TMPDIR/small"
	all_answered
	[ ! -e "${P-}/bin/core-capture.there" ] || mv "$P/bin/core-capture.there" "$P/bin/core-capture"
}

@test "gzcoredump: a crash loop: loop_most are stored, the rest counted; others are stored" {
	local i
	conf loop_most=2 loop_window=1000
	cp "$P/prog" "$P/other"
	elf-uuid-stamp -f -u "$(cat /proc/sys/kernel/random/uuid)" "$P/other"
	for i in $(seq 25); do
		crash "$P/prog" fill 100000
	done
	crash "$P/other" fill 100000
	stored
	has stored=whole comm=other
	# Nor does it keep another user's out.
	crash $user "$P/prog" fill 100000
	stored
	has stored=whole uid=4711
	rm -f "$name".*
	kernel_idle
	[ "$(grep -lx "comm=prog" "$DIR"/*.txt | wc -l)" = 3 ]
	[ "$(ls "$DIR"/*.gz | wc -l)" = 3 ]
	txt=$(grep -l '^loop_count=' "$DIR"/*.txt)
	has loop_count=23 "uuid=$uuid" stored=no complete=no
	# Each of the first, then one in ten.
	[ "$(grep -c "uuid $uuid of user 0: over 2 crashes in 1000 s: .* not stored: $txt counts" "$LOG")" = 11 ]
	rm "$P/other"
}

@test "gzcoredump: loop_by=user counts all crashes of a user; loop_most=0 turns the limit off" {
	local i
	conf loop_most=1 loop_by=user
	crash setpriv --reuid 4711 --clear-groups "$P/prog" fill 100000
	stored
	crash setpriv --reuid 4711 --clear-groups "$P/prog" fill 100000
	logged 'user 4711: over 1 crashes in 600 s: 1 not stored'
	crash setpriv --reuid 4712 --clear-groups "$P/prog" fill 100000
	stored
	has stored=whole
	conf loop_most=0
	for i in 1 2 3; do
		crash setpriv --reuid 4711 --clear-groups "$P/prog" fill 100000
		stored
		has stored=whole
	done
}

@test "gzcoredump: owner=crashed: users can read and delete their own dumps, and no others" {
	conf owner=crashed
	crash $user "$P/prog" fill 100000
	DIR=$DIR/4711 stored
	has stored=whole complete=yes uid=4711
	[ "$(stat -c '%a %u' "$DIR/4711" "$gz" "$txt")" = $'700 4711\n600 4711\n600 4711' ]
	$user gzip -t "$gz"
	run setpriv --reuid 4712 --clear-groups cat "$gz"
	[ "$status" != 0 ]
	$user rm "$gz" "$txt"
	# Root's stays where it always is.
	crash "$P/prog" fill 100000
	stored
	has uid=0
}

@test "gzcoredump: owner=crashed: a process with more rights than its user: the dump stays root's" {
	conf owner=crashed
	kernel_set fs/suid_dumpable 2
	cp "$P/prog" "$P/suid"
	chmod 4755 "$P/suid"
	crash $user "$P/suid" fill 100000
	stored
	has dumpable=2 uid=4711 stored=whole
	kernel_idle
	[ ! -e "$DIR/4711" ]
	[ "$(stat -c '%a %u' "$gz")" = '600 0' ]
	rm "$P/suid"
}

@test "gzcoredump: owner=crashed: a set-user-ID program killed in mid-dump stays root's" {
	conf owner=crashed small=yes
	suid
	slow_to_ask
	start $user "$P/suid" fill 100000
	killed
	: >"$P/answer"
	logged 'of suid'
	kernel_idle
	ls -lR "$DIR"
	[ -z "$(find "$DIR" -uid +0)" ]
	stored
	has dumpable=1 uid=4711
}

@test "gzcoredump: owner=crashed: a crash of a process that reuses the PID does not get the dump" {
	conf owner=crashed small=yes
	suid
	# As kernels that give no pidfd.
	kernel_set kernel/core_pattern "|$HANDLE P%P I%I u%u g%g s%s t%t c%c d%d h%h e%e"
	slow_to_ask
	start $user "$P/suid" fill 100000
	killed
	again user "$P/prog" segv
	: >"$P/answer"
	logged 'not given to user 4711'
	kernel_idle
	# What the user's own process left is the user's; the other is not.
	ls -lR "$DIR"
	[ "$(find "$DIR/4711" -name 'prog.*.txt' | wc -l)" -ge 1 ]
	txt=$(grep -lx secure_exec=yes -r "$DIR")
	[ "$(stat -c %u "$txt" "${txt%.txt}.gz"*)" = $'0\n0' ]
}

@test "gzcoredump: no pidfd: a process that reuses the PID is not taken for the crashed one" {
	local sleep
	kernel_set kernel/core_pattern "|$HANDLE P%P I%I u%u g%g s%s t%t c%c d%d h%h e%e"
	sleep=$(readlink -f "$(type -P sleep)")
	slow_to_ask
	start $user "$P/prog" fill 100000
	killed
	again root "$sleep" 1000
	: >"$P/answer"
	soon [ -e "$P/answered" ]
	kill -KILL "$pid"
	logged "pid $pid: not a process of user 4711 that is being dumped"
	stored
	has uid=4711
	run ! grep -E '^(exe=.*sleep|cmdline=.*sleep|rights=|cwd=)' "$txt"
	# The process itself is believed.
	mv "$P/bin/core-record.there" "$P/bin/core-record"
	crash $user "$P/prog" fill 100000
	stored
	has uid=4711 "exe=$P/prog" "cmdline=$P/prog fill 100000" rights=user
}

@test "gzcoredump: owner=crashed: others can write there: nothing is given, no link followed" {
	mkdir "$P/open" "$P/victim"
	chmod 1777 "$P/open"
	conf owner=crashed "dir=$P/open"
	$user ln -s "$P/victim" "$P/open/4711"
	crash $user "$P/prog" fill 100000
	DIR=$P/open stored
	logged 'not given to user 4711'
	grep -qF "$P/open/: others than root may write to it" "$LOG"
	kernel_idle
	[ "$(stat -c %u "$P/victim" "$gz" "$txt" | sort -u)" = 0 ]
	[ -z "$(ls -A "$P/victim")" ]
	# Nor below such a directory, where all could be exchanged.
	chmod 777 "$P/open"
	mkdir "$P/open/below"
	conf owner=crashed "dir=$P/open/below"
	crash $user "$P/prog" fill 100000
	DIR=$P/open/below stored
	logged "$P/open/below/"
	kernel_idle
	[ -z "$(find "$P/open/below" -uid +0)" ]
	rm -r "$P/open" "$P/victim"
}

@test "gzcoredump: owner=crashed: a crash in a container goes to the user who made the container" {
	conf owner=crashed
	$user unshare -Ur true || skip 'no user namespaces here'
	crash $user unshare -Ur "$P/prog" fill 100000
	logged SIGSEGV
	kernel_idle
	ls -R "$DIR"
	grep -qx container_owner=4711 "$DIR"/4711/*.txt
	$user gzip -t "$DIR"/4711/*.gz
}

@test "gzcoredump: user_size: a user's huge core is cut there, also in a container; root's is not" {
	local capture in
	$user unshare -Ur true || skip 'no user namespaces here'
	for capture in yes no; do
		conf user_size=32M small=yes capture=$capture
		for in in '' 'unshare -Ur'; do
			# shellcheck disable=SC2086
			crash $user $in "$P/prog" vast 8000000000 100000
			stored
			has stored=partial complete=no bytes=33554432 small=whole
			[ "$(zinflate "$name.gz.partial" | wc -c)" = 33554432 ]
		done
		crash "$P/prog" fill 40000000
		stored
		has stored=whole complete=yes
	done
}

@test "gzcoredump: owner=crashed: a hostile user directory costs that user alone" {
	conf owner=crashed
	crash $user "$P/prog" fill 100000
	DIR=$DIR/4711 stored
	mkdir "$P/victim"
	chmod 700 "$P/victim"
	# The names of the next dump, as links to a directory of root's.
	conf owner=crashed template=next
	$user ln -s "$P/victim" "$DIR/4711/next.gz"
	$user ln -s "$P/victim" "$DIR/4711/next.txt"
	crash $user "$P/prog" fill 100000
	logged "not given to user 4711"
	kernel_idle
	stored
	has stored=whole
	[ "$(stat -c %u "$gz")" = 0 ]
	[ -z "$(ls -A "$P/victim")" ]
	rm -r "$P/victim"
}

@test "gzcoredump: hooks run before and after, with the record in their environment" {
	script before <<-EOF
	env | grep ^GZCORE_ >$P/before.env
	[ ! -e "\$GZCORE_DIR/\$GZCORE_NAME.gz" ]
	EOF
	script after <<-EOF
	env | grep ^GZCORE_ >$P/after.env
	gzip -t "\$GZCORE_FILE" && echo "\$1 \$2: fine"
	EOF
	conf "before=$P/before" "after=$P/after one *"
	crash "$P/prog" fill 100000
	stored
	kernel_idle
	grep -qx "GZCORE_PID=$pid" "$P/before.env"
	grep -qx "GZCORE_SIGNAME=SIGSEGV" "$P/before.env"
	grep -qx "GZCORE_UUID=$uuid" "$P/before.env"
	grep -qE '^GZCORE_HANDLER=[0-9]+$' "$P/before.env"
	run ! grep -q GZCORE_STORED "$P/before.env"
	for line in "PID=$pid" STORED=whole COMPLETE=yes "FILE=$gz" "NAME=${name##*/}" "DIR=$DIR" COMM=prog; do
		grep -qxF "GZCORE_$line" "$P/after.env"
	done
	logged "after: one *: fine"
}

@test "gzcoredump: a hook that hangs, floods, fails, lingers or kills its parent loses no dump" {
	local size
	script hang <<-EOF
	echo \$\$ >$P/hang.pid
	exec sleep 1000
	EOF
	script flood <<-'EOF'
	exec yes "$(printf 'x%.0s\001' 1 2 3 4 5 6 7 8 9)"
	EOF
	script fail <<-'EOF'
	echo no such luck >&2
	exit 3
	EOF
	script stay <<-EOF
	sleep 1000 &
	echo \$! >$P/stay.pid
	EOF
	script parent <<-'EOF'
	kill -KILL $PPID
	EOF
	for n in hang flood fail stay parent missing; do
		conf hook_time=1 "before=$P/$n" "after=$P/$n"
		: >"$LOG"
		crash "$P/prog" fill 100000
		stored
		has stored=whole complete=yes
		gzip -t "$gz"
		kernel_idle
		size=$(stat -c %s "$LOG")
		[ "$size" -lt 30000 ]
		case $n in
		hang)
			logged "before: $P/hang: not done in 1 s"
			logged "after: $P/hang: not done in 1 s"
			run ! kill -0 "$(cat "$P/hang.pid")"
			;;
		fail)
			logged 'before: no such luck'
			logged "after: $P/fail: exit status 3"
			;;
		missing) logged "before: $P/missing: exit status 127" ;;
		stay) kill "$(cat "$P/stay.pid")" ;;
		esac
	done
}

@test "gzcoredump: a hook and the processes it leaves do not hold the crashed process" {
	script slow <<-EOF
	until [ -e $P/go ]; do sleep 0.05; done
	EOF
	rm -f "$P/go"
	conf "before=$P/slow" "after=$P/slow"
	crash "$P/prog" fill 100000
	# Released while the hook is at work.
	soon pgrep -f "$P/slow"
	: >"$P/go"
	stored
	has stored=whole
}

@test "gzcoredump: what the record says is in no list of processes" {
	script look <<-EOF
	until grep -qs gzdeflate /proc/[0-9]*/cmdline; do sleep 0.05; done
	cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' >$P/lines
	exec cat
	EOF
	conf "buffer=$P/look" small=no
	crash "$P/prog" a-secret-word
	restored
	grep -qx gzdeflate "$P/lines"
	run -1 grep -E '^(exe|cwd|cmdline|uuid)=' "$P/lines"
}

@test "gzcoredump: buffer= and compress= are used, and a stage that fails is named" {
	conf "buffer=mbuffer -q -m 4M" level=9
	crash "$P/prog" fill 9000000
	restored
	# The process is released though nothing behind the buffer has read a byte yet.
	script late <<-EOF
	until [ -e $P/go ]; do sleep 0.05; done
	exec gzip -1
	EOF
	rm -f "$P/go"
	conf "buffer=mbuffer -q -m 32M" "compress=$P/late" suffix=gz stage_time=20
	crash "$P/prog" fill 9000000
	: >"$P/go"
	restored
	conf "compress=zstd -1 -q" suffix=zst
	crash "$P/prog" fill 9000000
	stored
	has stored=whole complete=yes
	zstd -dqc "$name.zst" >core
	[ "$(stat -c %s core)" = "$(value bytes)" ]
	conf "compress=sh -c false" suffix=x
	crash "$P/prog" fill 9000000
	stored
	has complete=no 'error=core-store: sh: exit status 1'
	logged 'core-store: sh: exit status 1'
}

@test "gzcoredump: core-capture is not there: the whole core comes through the pipe" {
	mv "$P/bin/core-capture" "$P/bin/core-capture.there"
	crash "$P/prog" fill 9000000
	restored
	run -1 grep ^captured= "$txt"
	logged 'core-capture: not there: the process waits until its core is stored'
}

@test "gzcoredump: messages of stages go to the log and the record, and cannot flood them" {
	script loud <<-'EOF'
	i=0
	while [ $i -lt 1000 ]; do
		printf 'line %d\033\n' $i >&2
		i=$((i + 1))
	done
	exec cat
	EOF
	conf "filter=$P/loud" suffix=gz
	crash "$P/prog" fill 9000000
	stored
	has stored=whole complete=yes 'error=line 0\0033' 'error=line 2\0033'
	run ! grep -q 'line 3' "$txt"
	logged 'lines more'
	[ "$(wc -l <"$LOG")" -lt 30 ]
}

# serve SCRIPT ARG …: a server in Python, until the test ends; its port is in $port.
serve() {
	# <&0: else it is /dev/null in the background.
	timeout 100 python3 - "$@" <&0 >port 2>serve.err 3>&- 20>&- &
	server=$!
	soon test -s port
	port=$(cat port)
}

# listen SOCKET: writes down, in $P/heard, what is sent to a datagram socket there while the test crashes a program.
listen() {
	[ ! -e "$1" ] || skip "this machine has a $1 of its own"
	mkdir -p "${1%/*}"
	serve "$1" "$P/heard" <<-'EOF'
	import os, socket, sys
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	s.bind(sys.argv[1])
	os.chmod(sys.argv[1], 0o666)
	print("there", flush=True)
	with open(sys.argv[2], "wb", 0) as out:
	    while True:
	        out.write(s.recv(65536) + b"\n")
	EOF
	conf syslog=yes
	crash "$P/prog" fill 100000
	stored
	kernel_idle
	kill $server
	rm -f "$1" port
}

@test "gzcoredump: with syslog=yes syslog has the lines of the log" {
	listen /dev/log
	grep -a "gzcoredump\[[0-9]*\]: SIGSEGV of prog: stored=whole complete=yes" "$P/heard"
}

@test "gzcoredump: with syslog=yes the journal has a crash with the record's fields" {
	listen /run/systemd/journal/socket
	grep -qax "GZCORE_PID=$pid" "$P/heard"
	grep -qax "GZCORE_STORED=whole" "$P/heard"
	grep -qax "SYSLOG_IDENTIFIER=gzcoredump" "$P/heard"
	grep -qa "^MESSAGE=SIGSEGV of prog: stored=whole" "$P/heard"
}

@test "gzcoredump: a full disk: the rules make room before the dump is stored" {
	local all=
	mkdir small
	mount -t tmpfs -o size=12m tmpfs small
	DIR=$PWD/small
	conf "dir=$DIR" min_free=1M
	for _ in 1 2 3; do
		crash "$P/prog" fill 3000000
		stored
		all="$all ${name##*/}"
	done
	# Somebody else fills the disk.
	head -c 2M /dev/zero >small/other
	crash "$P/prog" fill 3000000
	stored
	kernel_idle
	free=$(stat -f -c '%a*%S' small)
	ls -la small
	has stored=whole complete=yes
	umount small
	[ $((free)) -ge 1048576 ]
	# Neither the first nor the newest.
	set -- $all
	grep -q "small: removed $2: " "$LOG"
	[ "$(grep -c "small: removed" "$LOG")" = 1 ]
}

@test "gzcoredump: hook-watchdog stops the watchdog during a dump, and always starts it again" {
	# A control file of which each write is to be seen.
	mkfifo dog
	cat dog >said 3>&- 20>&- &
	exec 7>dog
	export WATCHDOG_RUN=$PWD/run
	script slow <<-EOF
	cat
	until [ -e $P/go ]; do sleep 0.05; done
	EOF
	script dog <<-EOF
	WATCHDOG_RUN=$PWD/run exec $T/../examples/hook-watchdog $PWD/dog "\$@"
	EOF
	rm -f "$P/go"
	conf "before=$P/dog 100" "filter=$P/slow" suffix=gz
	crash "$P/prog" fill 100000
	soon grep -q end said
	sleep 1.5
	run ! grep -q start said
	: >"$P/go"
	soon grep -qx 'start 60000' said
	[ "$(wc -l <said)" = 2 ]
	# The handler hangs: it is started all the same.
	rm "$P/go"
	conf "before=$P/dog 1" "filter=$P/slow" suffix=gz
	crash "$P/prog" fill 100000
	twice() { [ "$(grep -c start said)" = 2 ]; }
	soon twice
	[ ! -e "$P/go" ]
	: >"$P/go"
	# One that was lost, as by SIGKILL, has left its file: it counts no longer.
	: >run/4194999
	conf "before=$P/dog 100"
	crash "$P/prog" fill 100000
	thrice() { [ "$(grep -c start said)" = 3 ]; }
	soon thrice
	# What cannot stop it leaves nothing either.
	run -1 env GZCORE_HANDLER=$$ WATCHDOG_RUN="$PWD/run2" "$T/../examples/hook-watchdog" "$PWD"
	[ -z "$(ls run2)" ]
	exec 7>&-
}

@test "gzcoredump: the hooks for a webhook and for an upload, with a real server" {
	serve <<-'EOF'
	import http.server
	class Handler(http.server.BaseHTTPRequestHandler):
	    def do_PUT(self):
	        body = self.rfile.read(int(self.headers["Content-Length"]))
	        open("got" + self.path.replace("/", "_"), "wb").write(body)
	        self.send_response(201)
	        self.end_headers()
	    do_POST = do_PUT
	s = http.server.HTTPServer(("127.0.0.1", 0), Handler)
	print(s.server_port, flush=True)
	s.serve_forever()
	EOF
	conf "after=$T/../examples/hook-webhook http://127.0.0.1:$port/crash"
	crash "$P/prog" fill 100000
	stored
	kernel_idle
	jq -e '.[0].pid == $pid and .[0].signame == "SIGSEGV" and .[0].state == "whole"' --argjson pid "$pid" got_crash
	conf small=yes "after=$T/../examples/hook-upload http://127.0.0.1:$port/dir"
	crash "$P/prog" fill 100000
	stored
	kernel_idle
	kill $server
	cmp "$gz" "got_dir_${gz##*/}"
	cmp "$name.small.gz" "got_dir_${name##*/}.small.gz"
	cmp "$txt" "got_dir_${txt##*/}"
	# Nobody listens any more.
	crash "$P/prog" fill 100000
	stored
	logged 'after: curl:'
	logged "hook-upload http://127.0.0.1:$port/dir: exit status"
	has stored=whole
}

@test "gzcoredump: the hook for mail, with a real mail server" {
	serve <<-'EOF'
	import socket
	s = socket.create_server(("127.0.0.1", 0))
	print(s.getsockname()[1], flush=True)
	c, _ = s.accept()
	f = c.makefile("rwb")
	def say(line):
	    f.write(line + b"\r\n")
	    f.flush()
	say(b"220 here")
	data = None
	for line in f:
	    if data is not None:
	        data.append(line)
	        if line == b".\r\n":
	            open("mail.new", "wb").writelines(data)
	            data = None
	            say(b"250 taken")
	    elif line.upper().startswith(b"DATA"):
	        data = []
	        say(b"354 go on")
	    elif line.upper().startswith(b"QUIT"):
	        say(b"221 bye")
	        break
	    else:
	        say(b"250 fine")
	import os
	os.rename("mail.new", "mail")
	EOF
	# What stands in for sendmail(8) reads a message and delivers it.
	script mta <<-EOF
	exec curl -sS --mail-from root@localhost --mail-rcpt ops@localhost -T - smtp://127.0.0.1:$port
	EOF
	script mailer <<-EOF
	SENDMAIL=$P/mta exec $T/../examples/hook-mail ops@localhost
	EOF
	conf "after=$P/mailer"
	crash "$P/prog" fill 100000
	stored
	kernel_idle
	cat "$LOG"
	grep -q "^Subject: SIGSEGV of prog on " mail
	tr -d '\r' <mail | grep -qxF "$gz"
	tr -d '\r' <mail | grep -qx "pid=$pid"
}

@test "gzcoredump: stream=yes: only the record is stored here, the core goes to the remote" {
	local object
	conf "forward=$PWD/remote" stream=yes
	crash "$P/prog" fill 3000000
	stored
	kernel_idle
	has stored=no complete=yes object_whole=yes
	object=$(value object)
	[ "$(ls "$DIR")" = "${txt##*/}" ]
	gzip -dc "remote/$object" >core
	[ "$(stat -c %s core)" = "$(value bytes)" ]
	jq -e '.object == $o and .pid == $pid' --arg o "$object" --argjson pid "$pid" "remote/$object.json"
	grep -q "^sent=" "$txt"
	# What fails half-way is named so there too.
	script half <<-'EOF2'
	head -c 100000
	exit 1
	EOF2
	conf "forward=$PWD/remote" stream=yes "filter=$P/half" suffix=gz
	crash "$P/prog" fill 3000000
	stored
	kernel_idle
	has stored=no object_whole=no
	object=$(value object)
	[[ "$object" == *.gz.partial ]]
	[ -s "remote/$object" ]
	jq -e '.object == $o' --arg o "$object" "remote/$object.json"
	# Without a remote that answers: the record, and the cause.
	conf forward=nowhere:x stream=yes
	crash "$P/prog" fill 3000000
	stored
	has stored=no object_whole=no
	grep -q '^error=' "$txt"
	pkill -f "core-forward .*$DIR" || :
}

@test "gzcoredump: unsent dumps stay, sent ones are pruned by the rules" {
	local i
	conf forward=nowhere:x keep=1
	for i in 1 2 3; do
		crash "$P/prog" fill 100000
		stored
		pkill -f "core-forward .*$DIR" || :
		kernel_idle
	done
	[ "$(ls "$DIR"/*.gz | wc -l)" = 3 ]
	conf "forward=$PWD/remote" keep=1
	crash "$P/prog" fill 100000
	stored
	kernel_idle
	crash "$P/prog" fill 100000
	stored
	kernel_idle
	[ "$(find remote -name '*.gz' | wc -l)" = 5 ]
	[ "$(ls "$DIR"/*.gz | wc -l)" -le 2 ]
}

# disk SIZE: the dumps are on a file system of that size, which teardown removes.
disk() {
	mkdir small
	mount -t tmpfs -o "size=$1" tmpfs small || skip 'no file system can be mounted here'
	DIR=$PWD/small
}

@test "gzcoredump: six programs of a user fill the disk: a service's dump is still stored" {
	local i
	disk 24m
	conf "dir=$DIR" min_free=2M keep_each=10 keep=100
	for i in 1 2 3 4 5 6; do
		cp "$P/prog" "$P/prog$i"
		elf-uuid-stamp -f -u "$(cat /proc/sys/kernel/random/uuid)" "$P/prog$i"
		crash $user "$P/prog$i" fill 5000000
		stored
	done
	for i in 1 2 3; do
		crash "$P/prog" fill 1000000
		stored
		has stored=whole complete=yes uid=0
	done
	kernel_idle
	[ "$(grep -lx uid=0 "$DIR"/*.txt | wc -l)" = 3 ]
	run -1 grep -h 'removed prog\.' "$LOG"
	# Nor do more of the user's cost it one.
	for i in 1 2 3 4; do
		crash $user "$P/prog$i" fill 5000000
		stored
	done
	kernel_idle
	for txt in $(grep -lx uid=0 "$DIR"/*.txt); do
		has stored=whole complete=yes
		[ -e "${txt%.txt}.gz" ] || { cat "$LOG"; false; }
	done
	[ "$(grep -lx uid=0 "$DIR"/*.txt | wc -l)" = 3 ]
	rm "$P"/prog[1-6]
}

@test "gzcoredump: owner=crashed: the user who holds most makes room, whoever crashes" {
	local i
	disk 24m
	conf "dir=$DIR" owner=crashed min_free=2M keep_each=10 keep=100
	chmod 755 "$DIR"
	for i in 1 2 3 4; do
		cp "$P/prog" "$P/prog$i"
		elf-uuid-stamp -f -u "$(cat /proc/sys/kernel/random/uuid)" "$P/prog$i"
		crash $user "$P/prog$i" fill 5000000
		kernel_idle
	done
	crash setpriv --reuid 4712 --regid 4712 --clear-groups "$P/prog" fill 1000000
	kernel_idle
	crash "$P/prog" fill 3000000
	stored
	kernel_idle
	ls -R "$DIR"
	has stored=whole complete=yes uid=0
	# The other user's too is there, though it is one of few bytes and the newest of its identity.
	[ "$(ls "$DIR"/4712/*.gz | wc -l)" = 1 ]
	grep -q "small: removed 4711/prog1\..*: too little room" "$LOG"
	rm "$P"/prog[1-4]
}

@test "gzcoredump: no dump gets a name whose files could be another dump's" {
	conf template=%e filter=cat suffix=gz.x
	crash "$P/prog" name y
	stored
	crash $user "$P/prog" name y.gz
	stored
	crash $user "$P/prog" name y.gz.x
	stored
	kernel_idle
	core-list -j "$DIR" | jq -r '.[] | .name + " " + .state + " " + .file' | sort | diff - <(cat <<-'EOF'
	y whole y.gz.x
	y.gz.x_ whole y.gz.x_.gz.x
	y.gz_ whole y.gz_.gz.x
	EOF
	)
}
