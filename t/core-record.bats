# core-record: the record of a crash, from its beginning to its end.

load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	printf 'uuid=1\nrecord=1\npid=7\nexe=/a b\ncmdline=b secret\ntime=2026-11-26T10:00:00Z\nhost=h\n' >live
}

# held PID COMMAND …: runs a command with a pidfd of the process on 3, as the kernel starts the handler.
held() {
	python3 -c '
import os, sys
fd = os.pidfd_open(int(sys.argv[1]))
os.dup2(fd, 3) if fd != 3 else os.set_inheritable(3, True)
os.execvp(sys.argv[2], sys.argv[2:])' "$@"
}

# sleeper [COMMAND …]: a process, its number in $pid, that ends with the test.
sleeper() {
	"$@" sleep 1000 3>&- &
	pid=$!
	until [ "$(cat /proc/$pid/comm)" = sleep ]; do sleep 0.01; done
}

teardown() {
	[ -z "${pid-}" ] || kill "$pid" || :
}

# begins STATUS ARG …: core-record begin ends so; the answer's keys are in "answer", the record's lines in "record", the
# environment's in "environment".
begins() {
	local want=$1
	shift
	core-record begin "$@" >all 2>err && status=0 || status=$?
	[ "$status" = "$want" ] && [ ! -s err ] || { echo "status $status"; cat all err; return 1; }
	awk -v RS= -v ORS='\n' 'NR == 1 { print }' all >answer
	awk 'part == 1 && /./ { print } /^$/ { part++ }' all >record
	awk 'part == 2 { print } /^$/ { part++ }' all >environment
}

# says LINE …: the answer has these lines.
says() {
	local l
	for l; do
		grep -qxF -- "$l" answer || { echo "no $l"; cat answer; return 1; }
	done
}

# ends STATUS ARG …: core-record end ends so, with standard input from "said"; the answer is in "answer" and "facts".
ends() {
	local want=$1
	shift
	core-record end -i 7 "$@" 7<begun <said >all 2>err && status=0 || status=$?
	[ "$status" = "$want" ] && [ ! -s err ] || { echo "status $status"; cat all err; return 1; }
	awk -v RS= -v ORS='\n' 'NR == 1 { print }' all >answer
	awk 'part == 1 { print } /^$/ { part++ }' all >facts
}

@test "core-record: -h and -V answer, and fail on a full disk; a bad option shows the usage" {
	answers core-record
}

@test "core-record: misuse exits 2, says why, and makes nothing" {
	local bad
	for bad in '' nothing begin 'begin d' 'begin -x d t' 'begin -Ep d t' end 'end d' 'end -x d n' set 'set -x f' \
		'set -a a -b b f k=v' 'variables x' 'variables -x'; do
		usage_error core-record $bad </dev/null
	done
	for bad in 'begin -b none d t' 'begin -F x d t' 'begin -k x d t' 'begin -M 9 d t' 'begin -s a/b d t' 'begin -w x d t' \
		'end -k x d n' 'end -M 9 d n' 'end -n 99 d n' 'end -o no-such-user d n' 'end -s a/b d n' 'end -i 77 d n' \
		'end d a/b' 'set f novalue' 'set f'; do
		run -2 --separate-stderr core-record $bad </dev/null
		[ -z "$output" ]
		[[ $stderr == 'core-record: '* ]]
	done
	diff <(ls -I 'separate-stderr-*') - <<<live
}

@test "core-record: begin: the record has what core-info -p prints and the kernel's words" {
	sleeper env A=1 A_SECRET=2
	held $pid core-info -p $pid -P 3 -t $pid -E >info
	core-record begin -E d 'x.%p' >all2 && cat all2 >/dev/null
	rm -r d
	held $pid core-record begin -cE -o "$(id -u)" -M 640 -- d '%f.%p.%s' P$pid I$pid u$(id -u) g0 s11 t17 c9 d1 F3 hbox e'a b' c \
		>all
	awk -v RS= 'NR == 1' all >answer
	says verdict=store "name=sleep.$pid.11" "own=$(id -u)" mode=0640 heir= "pid=$pid" "tid=$pid" "uid=$(id -u)" gid=0 signal=11 \
		limit=9 dumpable=1 epoch=17 "ask=-p $pid -P 3" loop_count=
	run ! grep ^log= answer
	[ "$(stat -c %a d d/*.txt)" = $'700\n640' ]
	grep -v -e ^env -e ^uptime_ms -e ^time= info >want
	printf '%s\n' container_host=box limit=9 dumpable=1 signal=11 signame=SIGSEGV >>want
	grep -v -e ^uptime_ms -e ^time= "d/sleep.$pid.11.txt" | diff want -
	# What was printed of it is the same, and behind it is the environment.
	sed '1,/^$/d' all >rest
	{ cat d/*.txt; echo; grep ^env info; } | diff - rest
	grep -qx env=A=1 rest
	run ! grep A_SECRET rest
}

@test "core-record: begin: a process ID that was given to another process is not asked" {
	sleeper
	held 1 core-record begin d x P$pid F3 u0 e'odd [31m' 'hb x' >answer
	says verdict=store 'log=pid '$pid': not the process of descriptor 3' "ask=-p $pid -P 3"
	diff <(grep -v -e ^time= -e ^host= d/x.txt) - <<-EOF
	uuid=
	record=1
	pid=$pid
	uid=0
	comm=odd??31m
	EOF
	rm -r d
	# Without a pidfd: it is not being dumped.
	begins 0 d x P$pid u0
	says "log=pid $pid: not a process of user 0 that is being dumped" "ask=-p $pid -C 0"
	begins 0 d x P$pid
	says ask= name=x-1
	begins 0 d x P0 I0 ux g-1 s1x t c d 'h' F-1
	says pid= tid= uid= gid= signal= limit= dumpable= epoch= ask=
	grep -v -e ^time= -e ^host= d/x-2.txt | diff - <(printf 'uuid=\nrecord=1\n')
	# No number of a descriptor at all: whoever has the PID is not believed.
	begins 0 d y P$pid u0 F4294967295
	says "log=pid $pid: not a process of user 0 that is being dumped"
	run ! grep -E '^(exe|cwd)=' d/y.txt
}

@test "core-record: begin: words of a host's name are not the kernel's numbers" {
	mkdir d
	# As Linux before 5.3 makes them of the name "box P1 u0 d2 s6 c0 F9".
	core-record begin d x.%p P999999 I999999 u4711 g4712 s11 d1 c7 hbox P1 u0 g0 d2 s6 c0 F9 eprog >answer
	for line in pid=999999 uid=4711 gid=4712 signal=11 dumpable=1 limit=7; do
		grep -qx "$line" answer || { echo "$line"; cat answer; return 1; }
	done
	[ -e d/x.999999.txt ]
}

@test "core-record: begin: the first name that no file of a dump has" {
	local end
	mkdir d
	for end in .txt .gz .gz.partial .small.gz; do
		rm -f d/*
		ln -s nowhere "d/x$end"
		begins 0 d x
		says name=x-1
		[ "$(cat d/x-1.txt)" = "$(cat record)" ]
		[ -L "d/x$end" ]
		begins 0 d x
		says name=x-2
	done
	# A name that would be another dump's file.
	begins 0 d y.small
	says name=y.small_
	begins 0 d y.gz
	says name=y.gz
	begins 0 -s gz.age d y.gz
	says name=y.gz_
	begins 0 -s gz.age d y.gz.age
	says name=y.gz.age_
	begins 0 d 'a/b%{none}%'
	says name=core.0.0 'log=a lone % at the end of the template'
	begins 0 d '%{nothing}%{bad' P7 t9
	says name=core.7.9 'log=%{bad: no } ends it'
	begins 0 "$(printf 'new\nline')" x
	says verdict=store
	[ -f $'new\nline/x.txt' ]
}

@test "core-record: begin: at once, each gets a name of its own" {
	local i
	for i in $(seq 30); do
		core-record begin d x P$i >out.$i &
	done
	wait
	cat out.* | grep -c ^verdict=store | grep -qx 30
	cat out.* | grep ^name= | sort -u | wc -l | grep -qx 30
	[ "$(ls d | wc -l)" = 30 ]
	cat d/*.txt | grep ^pid= | sort -u | wc -l | grep -qx 30
}

@test "core-record: begin: a process with more rights than its user's goes to root alone" {
	[ "$(id -u)" = 0 ] || skip 'not root'
	begins 0 -o 1234:5678 -M 644 d a d2
	says own=root:root mode=0600 heir=
	[ "$(stat -c %u:%g:%a d/a.txt)" = 0:0:600 ]
	begins 0 -o 1234:5678 -M 644 d b d1
	says own=1234:5678 mode=0644 heir=
	[ "$(stat -c %u:%g:%a d/b.txt)" = 1234:5678:644 ]
	sleeper setpriv --reuid 1234 --regid 1234 --clear-groups
	for words in "d1 u1234 g1234 1234" "u1234 g1234 " "d1 u1234 g1 " "d1 u1 g1234 " "d2 u1234 g1234 "; do
		held $pid core-record begin -o crashed d c P$pid F3 ${words% *} >answer
		says own=root:root mode=0600 "heir=${words##* }"
	done
	sleeper
	held $pid core-record begin -o crashed d c P$pid F3 d1 u0 g0 >answer
	says heir=
}

@test "core-record: begin: an unknown owner: the record is made without one" {
	begins 0 -o no-such-user -M 644 d x
	says verdict=store own= mode=0600 'log=d/x.txt: no record can be made: no-such-user: no such user or group'
	[ "$(stat -c %a d/x.txt)" = 600 ]
}

@test "core-record: begin: a directory that cannot be used: failed, with all that is known" {
	: >file
	begins 2 -o "$(id -u)" file x P7
	says verdict=failed own= mode=0600 heir= pid=7 'log=file/x.txt: no record can be made: Not a directory'
	grep -Exq 'name=x-[0-9a-f]{16}' answer
	# A name that others have is not taken: what is theirs would be ended and given away as this one's.
	mkdir taken
	echo victim=1 >taken/x.txt
	(ulimit -f 0 && trap '' XFSZ && core-record begin -o crashed taken x P7 u7 2>&1) | cat >answer
	says verdict=failed heir=
	grep -Exq 'name=x-[0-9a-f]{16}' answer
	[ "$(cat taken/*)" = victim=1 ]
	begins 2 -k 1 no/such x
	says verdict=failed
	grep -q '^log=no/such/x.txt: no record can be made: No such' answer
}

@test "core-record: begin: -l: with the limit 0 the record is finished at once" {
	begins 0 -l d a c1
	begins 0 d b c0
	begins 1 -l -c d x P7 c0 s11 d1 hbox u0
	says verdict=limit name=x
	diff <(sed 's/^time=.*/time=T/; s/^host=.*/host=H/' d/x.txt) - <<-EOF
	uuid=
	record=1
	pid=7
	uid=0
	signal=11
	signame=SIGSEGV
	time=T
	host=H
	container_host=box
	limit=0
	dumpable=1
	small=no
	stored=no
	complete=no
	EOF
	begins 1 -l d x c0
	says name=x-1
	[ "$(tail -n 3 d/x-1.txt | cut -c 1-5)" = $'host=\nstore\ncompl' ] || [ "$(tail -n 2 d/x-1.txt)" = $'stored=no\ncomplete=no' ]
}

@test "core-record: begin: -F: too little room makes and counts nothing" {
	begins 1 -c -k 1 -F 900000T d x P1 u0 ecomm
	says verdict=room name=x
	[ -z "$(ls d)" ]
	begins 0 -c -k 1 d x P1 u0 ecomm
	says loop_count=
	begins 0 -c -k 1 -F 1 d x P1 u0 ecomm
	says loop_count=1 'kind=comm comm of user 0' name=x-1 spare=1
	# A part of the file system is told in bytes.
	begins 0 -F 1K,1%,64K new x P1 u0 ecomm
	says verdict=store spare=65536
	begins 1 -F 100% d x P1 u0 ecomm
	says verdict=room
	grep -q '^spare=[0-9]' answer
	begins 0 d x P1 u0 ecomm
	says spare=
}

@test "core-record: begin: -k: one record counts what is too many; with -c each has its own" {
	begins 0 -k 2 d a u0 ecomm
	begins 0 -k 2 d b u0 ecomm
	begins 1 -k 2 d c u0 ecomm
	says verdict=alone name=c loop_count=1
	begins 1 -k 2 d d u0 ecomm
	says name=c loop_count=2
	[ "$(ls d)" = $'a.txt\nb.txt\nc.txt' ]
	run -1 core-loop -k 2 'comm comm of user 0' d e < <(printf 'uuid=\n')
	[ "$output" = 'c 3' ]
	tail -n 4 d/c.txt | sed 's/^loop_last=2.*Z$/loop_last=T/' | diff - <(
		printf 'loop_count=3\nloop_last=T\nstored=no\ncomplete=no\n')
	# Others are another kind.
	begins 0 -k 2 d e u1 ecomm
	says loop_count=
	begins 0 -k 2 -b user d e u0 ecomm
	says 'kind=user 0' loop_count=
	begins 0 -k 2 -b unit d e u0
	says kind=unknown
	# Each has its own, and is counted.
	begins 0 -c -k 2 d f u0 ecomm
	says verdict=store name=f loop_count=4
	begins 0 -c -k 2 -w 1 d f u0 enew
	sleep 1.1
	begins 0 -c -k 1 -w 1 d f u0 enew
	says loop_count=
}

@test "core-record: begin: many loops of a user: a service's loop is still known" {
	local i
	begins 0 -k 1 d x P1 u33 eweb
	for i in $(seq 100); do
		begins 0 -k 1 d x P1 u4711 "eprogram$i"
	done
	begins 1 -k 1 d x P1 u33 eweb
	says verdict=alone loop_count=1 payer=33 service=yes
	begins 1 -k 1 d x P1 u4711 eprogram100
	says verdict=alone payer=4711 service=no
	begins 0 d x P1 ewho
	says payer= service=no
}

# placed PLACE UID ARG …: a crash of that user gets this place, which is held by $fd if it is one.
placed() {
	local want=$1 uid=$2 status=0
	shift 2
	exec {fd}<>places
	[ "$want" != none ] || status=1
	begins "$status" "$@" -Q "$fd" d x P1 "u$uid" ecomm
	says "place=$want"
}

@test "core-record: begin: -Q: users have places for whole dumps, then for small ones, then none" {
	local i
	# crashes PLACE UID ARG …: the place is kept.
	crashes() {
		placed "$@" -q 16 || return
		held+=("$fd")
	}
	held=()
	for i in 1 2 3 4; do
		crashes whole 4711 -c
	done
	# One user has at most half of what the others leave.
	crashes small 4711 -c
	for i in 1 2 3; do
		crashes whole $((i + 5000)) -c
	done
	crashes small 6000 -c
	crashes none 4711 -c
	says verdict=places
	diff <(tail -n 4 record) - <<-'EOS'
	error=core-record: no place: too many crashes of users are being stored
	small=no
	stored=no
	complete=no
	EOS
	crashes small 6000 -c
	crashes small 6001 -c
	crashes small 6002 -c
	crashes none 6003 -c
	# Places come back; a service needs none.
	for i in "${held[@]:0:5}"; do
		exec {i}<&-
	done
	crashes whole 4711 -c
	for i in 33 61184 0; do
		crashes whole $i -c
	done
	crashes small 4711 -c
	# Without small cores there is nothing else to store.
	crashes none 4711
	for i in "${held[@]:5}"; do
		exec {i}<&-
	done
	# Asked again with the same descriptor, it has one place, not two.
	exec {fd}<>places
	for i in 1 2 3 4 5 6 7 8; do
		begins 0 -q 16 -Q "$fd" d x P1 u8000 ecomm
		says place=whole
	done
	exec {fd}<&-
	# With one place, a user may have it; and more are counted than there can be.
	exec {fd}<>places
	begins 0 -q 1 -Q "$fd" d x P1 u4711 ecomm
	says place=whole
	exec {i}<>places
	begins 1 -q 1 -Q "$i" d x P1 u4712 ecomm
	says place=none
	begins 0 -q 4294967295 -Q "$i" d x P1 u4712 ecomm
	says place=whole
	# What cannot be counted is stored, and said.
	begins 0 -q 16 -Q 9 d x P1 u4711 ecomm 9</dev/null
	says place=whole
	grep -q '^log=places: ' answer
	usage_error core-record begin -q 1 d x
	exec {fd}<&-
	fails_with 2 core-record begin -Q x d x
}

@test "core-record: begin: -A: so many users' crashes have a turn, half of one user; others wait" {
	local waiting
	turn() {
		placed "$@" -q 64 -A 4
	}
	turn whole 4711 -W 0
	one=$fd
	turn whole 4711 -W 0
	# A user has no more than half, and another user does not wait.
	turn none 4711 -W 0
	says verdict=places
	grep -qx complete=no record
	cmp record "d/$(sed -n 's/^name=//p' answer).txt"
	turn whole 4712 -W 0
	turn none 4712 -W 0
	turn whole 4713 -W 0
	turn none 4714 -W 1
	# Services have turns always.
	turn whole 33 -W 0
	# As soon as one is given back, who waits has it.
	exec {fd}<>places
	core-record begin -Q "$fd" -q 64 -A 4 -W 60 d x P1 u4715 ecomm >later {one}<&- &
	waiting=$!
	sleep 0.3
	kill -0 $waiting
	[ ! -s later ]
	# Its record is there, and in use.
	touch -d '1 hour ago' d/*.txt
	core-list d >list
	[ "$(grep -cw open list)" = 1 ]
	exec {one}<&-
	wait $waiting
	grep -qx place=whole later
	# The end gives the place back, but not the turn.
	exec {fd}<>taken {one}<>taken
	begins 0 -Q "$fd" -q 1 -A 1 d x P1 u4711 ecomm
	sed -n 's/^name=//p' answer >named
	begins 1 -Q "$one" -q 1 d x P1 u4711 ecomm
	echo status=0 | core-record end -Q "$fd" d "$(cat named)" >ended
	begins 0 -Q "$one" -q 1 d x P1 u4711 ecomm
	begins 1 -Q "$one" -q 1 -A 1 -W 0 d x P1 u4711 ecomm
	usage_error core-record begin -A 1 d x
	usage_error core-record begin -Q 9 -W 1 d x 9<>places
}

@test "core-record: begin: counts that cannot be read are logged, and the record is begun" {
	mkdir d
	mkfifo d/.gzcore.loops
	begins 0 -k 1 d x
	says verdict=store
	grep -q '^log=d/.gzcore.loops: ' answer
}

@test "core-record: begin: -p: private keys are not in the record, but may be in the name" {
	sleeper
	held $pid core-record begin -p d '%{cmdline}' P$pid F3 >answer
	says name=sleep_1000
	grep -qx comm=sleep d/sleep_1000.txt
	run ! grep -e cmdline= d/sleep_1000.txt answer
}

# --- end

@test "core-record: end: the record has all that was said, in the order of keys" {
	mkdir d
	cat live - >begun <<-'EOF'
	limit=5

	env=A=1
	env_left_out=2
	EOF
	cat >said <<-'EOF'
	uuid=other
	record=1
	pid=9
	signal=11
	signame=SIGSEGV
	comm=b
	threads=2
	bytes=100
	promised=100
	modules=1
	secure_exec=no
	complete=yes
	kept=x
	thread=1 b
	module=0x1-0x2 - /a
	module_uuid=0x1 u
	core-trim: a message 
	error=core-store: sh: exit status 1
	no key here: café \x
	error=third
	error=fourth
	status=0
	bytes=1
	EOF
	: >d/n.gz
	printf 12345 >d/n.small.gz
	ends 0 -cP d n 'error=first'
	cat >want <<-'EOF'
	uuid=1
	record=1
	pid=7
	signal=11
	signame=SIGSEGV
	comm=b
	exe=/a b
	cmdline=b secret
	threads=2
	time=2026-11-26T10:00:00Z
	host=h
	limit=5
	bytes=100
	promised=100
	modules=1
	secure_exec=no
	env=A=1
	env_left_out=2
	module=0x1-0x2 - /a
	module_uuid=0x1 u
	pending=stack
	error=first
	error=core-trim: a message 
	error=core-store: sh: exit status 1
	small=whole
	small_bytes=5
	stored=whole
	complete=yes
	EOF
	diff want d/n.txt
	[ "$(stat -c %a d/n.txt)" = 600 ]
	grep -v -e ^env -e '^module[_=]' want | diff - facts
	diff answer - <<-'EOF'
	log=first
	log=core-trim: a message 
	log=core-store: sh: exit status 1
	log=no key here: caf\0303\0251 \0134x
	log=third
	log=fourth
	status=0
	stored=whole
	complete=yes
	bytes=100
	file=d/n.gz
	small_file=d/n.small.gz
	pending=yes
	object_whole=
	EOF
}

@test "core-record: end: what became of the files" {
	mkdir d
	cp live begun
	# stored STATUS OPTION …: what the answer and the record's end say, in one line.
	stored() {
		printf "bytes=5\ncomplete=yes\n${1:+status=$1\n}" >said
		ends 0 "${@:2}" d n
		grep -e ^status -e ^stored -e ^file -e ^small_file -e ^pending -e ^object_whole answer | cut -d = -f 2 | tr '\n' ,
		sed -n '/^host/,$p' d/n.txt | sed 1d | tr '\n' ' '
	}
	[ "$(stored 0)" = '0,whole,d/n.gz,,,,bytes=5 stored=whole complete=yes ' ]
	[ "$(stored 1 -P -s zst)" = '1,partial,d/n.zst.partial,,yes,,bytes=5 pending=stack stored=partial complete=yes ' ]
	[ "$(stored 2 -P)" = '2,no,,,,,bytes=5 stored=no complete=yes ' ]
	[ "$(stored '' -P)" = '2,no,,,,,bytes=5 stored=no complete=yes ' ]
	[ "$(stored 77)" = '2,no,,,,,bytes=5 stored=no complete=yes ' ]
	[ "$(stored 0 -c -W only)" = '0,no,,,,,small=no small_why=only stored=no complete=no ' ]
	[ "$(stored 0 -c -W loop -k 3 -P)" = '0,no,,,,,loop_count=3 small=no small_why=loop stored=no complete=no ' ]
	echo >d/n.small.gz
	[ "$(stored 2 -cP)" = '2,no,,d/n.small.gz,yes,,bytes=5 pending=stack small=whole small_bytes=1 stored=no complete=yes ' ]
	[ "$(stored 2 -c -k 4 -P)" = '2,no,,d/n.small.gz,,,bytes=5 loop_count=4 small=whole small_bytes=1 stored=no complete=yes ' ]
	[ "$(stored 0 -O a/b)" = '0,no,,,,yes,bytes=5 object=a/b object_whole=yes stored=no complete=yes ' ]
	[ "$(stored 2 -O a/b)" = '2,no,,,,no,bytes=5 object=a/b object_whole=no stored=no complete=yes ' ]
	# Of a small core alone, what is true of the whole one.
	printf 'bytes=5\npromised=5\ntrimmed_of=99\nsegments=1\nsegments_there=1\nmissing=0\nmodules=3\ncomplete=yes\nstatus=0\n' >said
	ends 0 -c -W only d n
	[ "$(sed -n '/^host/,$p' d/n.txt | sed 1d | tr '\n' ' ')" = \
		'promised=99 modules=3 small=whole small_bytes=1 small_why=only stored=no complete=no ' ]
	# A filter encrypts: nothing private, wherever it is from.
	printf 'cmdline=b secret\nstatus=0\n' >said
	ends 0 -p d n
	run ! grep secret d/n.txt
}

@test "core-record: end: many messages, modules and long lines are bounded" {
	mkdir d
	cp live begun
	{
		for i in $(seq 100); do echo "line $i"; done
		for i in $(seq 2000); do echo "module=0x$i"; done
		head -c 100000 /dev/zero | tr '\0' x
		echo
		printf 'errors_left_out=7\nstatus=0\n'
	} >said
	ends 0 -n 6 d n
	[ "$(grep -c ^module= d/n.txt)" = 1000 ]
	[ "$(grep ^error= d/n.txt)" = "$(printf 'error=line %d\n' 1 2 3 4 5 6)" ]
	[ "$(grep -c ^log= answer)" = 21 ]
	grep -qx 'log=... and 88 lines more' answer
	head -c 3000 /dev/zero | tr '\0' y >said
	ends 0 d n
	[ "$(grep ^error= d/n.txt | wc -c)" = 507 ]
}

@test "core-record: end: any bytes leave a record in which each line has a key" {
	local i
	mkdir d
	for i in $(seq 20); do
		head -c 3000 /dev/urandom >begun
		{ head -c 20000 /dev/urandom; printf '\nerror=\nstatus=0\nx'; } >said
		ends 0 d n
		run ! env LC_ALL=C grep -avnE '^[a-z0-9_]+=[ -~]*$' d/n.txt
	done
}

@test "core-record: end: a record that cannot be replaced: its end is appended, status 2" {
	need_mounts
	cp live begun
	printf 'status=0\n' >said
	mkdir m
	unshare -m bash -ec '
		mount -t tmpfs -o nr_inodes=3,mode=755 none m
		cp live m/n.txt
		: >m/n.gz
		core-record end -i 7 m n 7<begun <said >all && exit 1
		[ $? = 2 ]
		cp m/n.txt after'
	cat live - <<<$'stored=whole\ncomplete=no' | diff - after
	grep -qx status=2 all
	grep -q '^log=m/n.txt: No space' all
}

# --- set

@test "core-record: set: a known key is replaced in its place, others go where asked" {
	printf 'uuid=\nrecord=1\nframe=a\nframe=b\nenv=x\nmodule=y\npending=stack\nstored=no\n' >r.txt
	chmod 640 r.txt
	core-record set -d pending -b env -b module -b pending r.txt $'frame=1\nframe=2' stack_end=e$'\n'
	[ "$(tr '\n' ' ' <r.txt)" = 'uuid= record=1 frame=1 frame=2 stack_end=e env=x module=y stored=no ' ]
	[ "$(stat -c %a r.txt)" = 640 ]
	core-record set -a record r.txt object=o
	core-record set -a record r.txt object=p new=n
	[ "$(tr '\n' ' ' <r.txt)" = 'uuid= record=1 new=n object=p frame=1 frame=2 stack_end=e env=x module=y stored=no ' ]
	core-record set -d frame -d nothing r.txt sent=1
	core-record set -b nothing -- r.txt verified=2
	core-record set -d module r.txt
	[ "$(tr '\n' ' ' <r.txt)" = 'uuid= record=1 new=n object=p stack_end=e env=x stored=no sent=1 verified=2 ' ]
	[ "$(ls)" = $'live\nr.txt' ]
}

@test "core-record: set: bytes of any kind stay, and so do the lines behind a NUL" {
	printf 'uuid=\nrecord=1\nx=\0\377\nno key\nlast=1' >r.txt
	core-record set -a record r.txt a=b
	printf 'uuid=\nrecord=1\na=b\nx=?\377\nno key\nlast=1\n' | cmp - r.txt
}

@test "core-record: set: a file that is no record, or no line: refused, nothing changes" {
	cp live r.txt
	ln -s r.txt l.txt
	mkfifo f.txt
	for f in none.txt l.txt f.txt live .; do
		run -2 --separate-stderr timeout 120 core-record set $f a=b
		[ -z "$output" ]
		[[ $stderr == "core-record: $f: "* ]]
	done
	for l in x 'a b=c' $'a=b\nc' '=x' 'A=b'; do
		run -2 core-record set r.txt "$l"
		[ "$output" = 'core-record: not lines KEY=VALUE' ]
	done
	cmp live r.txt
	[ ! -e none.txt ]
}

# --- variables

@test "core-record: variables: each key is printed once, as a hook gets it" {
	printf 'uuid=\npid=1\npid=2\nenv=A=1\nenv_left_out=1\nmodule=x\nmodules=1\nframe=f\nerror=a=b\nno key\nk2=x\n' |
		core-record variables >out
	diff out - <<-'EOF'
	GZCORE_UUID=
	GZCORE_PID=1
	GZCORE_ERROR=a=b
	EOF
}

@test "core-record: a full disk and a reader that has gone are errors" {
	run -2 bash -c 'core-record begin d x >/dev/full'
	run -2 bash -c 'core-record end d x </dev/null >/dev/full'
	run -2 bash -c 'core-record variables <live >/dev/full'
	run -2 bash -c 'core-record begin d x >&-'
}
