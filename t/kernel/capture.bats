# Real crashes whose memory is read from the process: what is stored, and when the process is let go.

load ../lib/common
load ../lib/kernel

setup_file() {
	export BATS_NO_PARALLELIZE_WITHIN_FILE=true
	kernel_install || return
	[ -n "${P-}" ] || return 0
	cp "$HANDLE" "$P/handler"
	# A stage that takes nothing, or stops after its first bytes, until the file go is there.
	cat >"$P/bin/slow" <<-EOF2
	#!/bin/sh
	[ -z "\$1" ] || head -c "\$1"
	: >$P/slow
	until [ -e $P/go ]; do sleep 0.02; done
	exec cat
	EOF2
	chmod 755 "$P/bin/slow"
	crasher "$P/prog"
}

teardown_file() {
	[ -z "${P-}" ] || : >"$P/go"
	kernel_remove
}

setup() {
	kernel_ready
	cd "$BATS_TEST_TMPDIR" || return 1
	rm -rf "$P/go" "$P/slow" "$P/raw" "$DIR"
	: >"$P/var/log/gzcoredump.log"
	uuid=$(elf-uuid "$P/prog")
	conf
}

teardown() {
	[ -n "${P-}" ] || return 0
	: >"$P/go"
	kernel_idle
	cp "$P/handler" "$HANDLE"
	[ -z "${group-}" ] || remove_group
}

# stacks CORE: the functions of every thread, as gdb and eu-stack see them.
stacks() {
	gdb -nx -q -batch -ex 'set debuginfod enabled off' -ex 'thread apply all bt' "$P/prog" "$1" 2>/dev/null |
		grep '^#' | sed 's/ (.*//'
	eu-stack --core="$1" --executable="$P/prog" 2>/dev/null | grep '^#'
}

@test "gzcoredump: capture: the record says where memory came from, and for how long it was held" {
	conf small=yes
	crash "$P/prog" fill 3000000
	restored
	keys
	has captured=process
	grep -qxE 'held_ms=[0-9]+' "$txt"
	run ! grep -qE '^(shared_memory|holes_left_out|error)=' "$txt"
	backtrace "$P/prog" crash_here
	# The budget's file, which no one else can use.
	[ "$(stat -c '%a %u' "$P/run/gzcoredump.capture")" = '600 0' ]
	conf capture=no
	crash "$P/prog" fill 3000000
	restored
	run ! grep -qE '^(captured|held_ms)=' "$txt"
}

@test "gzcoredump: capture: the core is the kernel's own, byte for byte" {
	kernel_tee
	for how in 'threads 20' 'fill 30000000' 'hole 268435456' leave 'vast 1073741824 3000000' thread; do
		# shellcheck disable=SC2086
		crash "$P/prog" $how
		restored
		has captured=process
		rm "$P/raw/$pid"
	done
}

@test "gzcoredump: capture=yes and no give cores of one size, with the same stacks" {
	need gdb eu-stack setarch
	for capture in yes no; do
		conf capture=$capture
		# At the same addresses.
		crash setarch -R "$P/prog" fill 3000000
		restored
		mv core $capture.core
		stacks $capture.core >$capture.stacks
		core-info -a $capture.core | grep -vE '^(pid|tid|thread)=' >$capture.info
	done
	[ "$(grep -c crash_here no.stacks)" -ge 2 ]
	diff no.stacks yes.stacks
	diff no.info yes.info
	[ "$(stat -c %s no.core)" = "$(stat -c %s yes.core)" ]
}

# let_go SETTING …: the process has been let go while a stage waits, and then all is stored.
let_go() {
	conf "$@"
	rm -f "$P/slow" "$P/go"
	start "$P/prog" fill 60000000
	gone
	soon test -e "$P/slow"
	txt=$(grep -lx "pid=$pid" "$DIR"/*.txt)
	run ! grep -q '^complete=' "$txt"
	: >"$P/go"
	stored
	has stored=whole complete=yes captured=process
}

@test "gzcoredump: capture: the process is let go before a slow stage has read anything" {
	local shell
	for shell in dash 'busybox ash' bash; do
		need ${shell% *}
		# shellcheck disable=SC2086
		under $shell
		rm -rf "$DIR"
		let_go filter=slow suffix=gz.slow
		zinflate <"$gz.slow" >core
		core-info core | grep -qx complete=yes
		backtrace "$P/prog" crash_here
	done
	let_go compress=slow suffix=slow
	[ "$(stat -c %s "$name.slow")" = "$(value bytes)" ]
}

@test "gzcoredump: capture: the process is let go although a stage of its small core hangs" {
	let_go compress=slow suffix=slow small=yes
	grep -q '^error=core-trim: ' "$txt"
	mv "$name.slow" core
	core-info core | grep -qx complete=yes
	backtrace "$P/prog" crash_here
}

@test "gzcoredump: capture: the process does not wait for its turn in the queue" {
	conf at_once=1 filter=slow suffix=gz.slow
	start "$P/prog" fill 3000000
	gone
	first=$pid
	soon test -e "$P/slow"
	start "$P/prog" fill 3000000
	gone
	: >"$P/go"
	stored
	has stored=whole complete=yes captured=process
	stored "$first"
	has stored=whole complete=yes
}

@test "gzcoredump: capture_memory=0: the process waits for the stages, and all is stored" {
	conf capture_memory=0 filter=slow suffix=gz.slow
	start "$P/prog" fill 60000000
	soon test -e "$P/slow"
	sleep 1
	run ! is_released
	: >"$P/go"
	gone
	stored
	has stored=whole complete=yes captured=process
	zinflate <"$gz.slow" >core
	backtrace "$P/prog" crash_here
}

@test "gzcoredump: capture: 15 TB of memory, 47 MB of it touched, is stored in seconds" {
	local since=$SECONDS
	need gdb
	start "$P/prog" vast 15000000000000 47000000
	gone
	stored
	[ $((SECONDS - since)) -lt 120 ]
	has stored=whole complete=yes captured=process "bytes=$(value promised)"
	[ "$(value holes_left_out)" -gt 14999000000000 ]
	[ "$(value holes_left_out)" -lt 15000000000000 ]
	[ "$(value bytes)" -lt 60000000 ]
	zinflate "$gz" >core
	[ "$(stat -c %s core)" = "$(value bytes)" ]
	backtrace "$P/prog" crash_here
	readelf -lW core >segments 2>readelf.err
	[ ! -s readelf.err ]
	eu-stack --core=core --executable="$P/prog" | grep -q crash_here
	core-info core | grep -qx "holes_left_out=$(value holes_left_out)"
	core-trace core | grep -q crash_here
	# The page of bytes n is the nth that was touched; behind the last nobody touched any.
	T=$T python3 - 47000000 <<-'END'
	import os, subprocess, sys
	sys.path.insert(0, os.environ["T"] + "/lib")
	from cores import Read
	r = Read("core")
	first = next(a for a, o, n in r.loads if r.memory(a, 16) == b"\1" + bytes(7) + b"\1" + bytes(7))
	last = int(sys.argv[1]) // 8 * 8 - 8
	assert r.memory(first + last, 8) == (last // 4096 + 1).to_bytes(8, "little")
	x = subprocess.run(["gdb", "-nx", "-q", "-batch", "-ex", "x/gx %d" % (first + 14000000000000), "-c", "core"],
	                   capture_output=True, text=True)
	assert x.stdout.split()[-1] == "0x0000000000000000", x
	END
}

@test "gzcoredump: capture: a process killed in mid-dump: what came is stored, and known as cut" {
	conf capture_memory=0 'filter=slow 4096' suffix=gz.slow
	start "$P/prog" fill 80000000
	soon test -e "$P/slow"
	kill -KILL "$pid"
	: >"$P/go"
	gone
	stored
	has stored=whole complete=no captured=process "uuid=$uuid"
	[ "$(value bytes)" -lt "$(value promised)" ]
	grep -q "^error=core-capture: pid $pid: ended before all of it was read" "$txt"
	zinflate <"$gz.slow" >core
	[ "$(stat -c %s core)" = "$(value bytes)" ]
	core-info core | grep -qx complete=no
	backtrace "$P/prog" crash_here || :
}

# stage NAME: the process of the running handler, in $stage.
stage() {
	stage=$(pgrep -x "$1" | while read -r p; do
		[[ $(readlink "/proc/$p/exe") != "$P/"* ]] || echo "$p"
	done)
	[ -n "$stage" ] && [ "$(wc -w <<<"$stage")" = 1 ]
}

@test "gzcoredump: capture: core-capture is killed, or told to end: a cut core is known as cut" {
	local signal memory
	for memory in 0 25%; do
		for signal in KILL TERM; do
			echo "$memory $signal"
			conf capture_memory=$memory 'filter=slow 4096' suffix=gz.slow
			rm -f "$P/slow" "$P/go"
			start "$P/prog" fill 80000000
			soon test -e "$P/slow"
			stage core-capture
			kill -$signal $stage
			sleep 0.2
			: >"$P/go"
			gone
			stored
			has "uuid=$uuid"
			# With memory for all of it, it was told to end when there was nothing left to read.
			if [ "$memory $signal" != '25% TERM' ]; then
				has complete=no
				[ "$(value stored)" != whole ] || [ "$(value bytes)" -lt "$(value promised)" ]
			elif [ "$(value complete)" = yes ]; then
				[ "$(value bytes)" = "$(value promised)" ]
			fi
		done
	done
}

@test "gzcoredump: capture: core-capture is not installed, or does not start: the core is stored" {
	mv "$P/bin/core-capture" "$P/bin/core-capture.there"
	crash "$P/prog" fill 3000000
	mv "$P/bin/core-capture.there" "$P/bin/core-capture"
	restored
	grep -q 'core-capture: not there: the process waits until its core is stored' "$P/var/log/gzcoredump.log"
	run ! grep -q ^captured= "$txt"
	# Its file cannot be made.
	mv "$P/run" "$P/run.there"
	crash "$P/prog" fill 3000000
	mv "$P/run.there" "$P/run"
	restored
	has captured=process
	grep -q '^error=core-capture: .*: the memory is not shared with other captures: No such file' "$txt"
}

# A memory control group of our own, of either version, as $group.
need_group() {
	local dir
	[ -d /sys/fs/cgroup/memory ] && dir=/sys/fs/cgroup/memory || dir=/sys/fs/cgroup
	group=$dir/gzct.$$
	mkdir "$group" 2>/dev/null || {
		group=
		skip 'no control group can be made'
	}
	[ -e "$group/memory.max_usage_in_bytes" ] || [ -e "$group/memory.peak" ] || skip 'no memory control group with a peak'
}

remove_group() {
	soon rmdir "$group" 2>/dev/null
}

# group_file OLD NEW: prints the file of the group, by its name in version 1 and 2.
group_file() {
	if [ -e "$group/$1" ]; then
		cat "$group/$1"
	else
		cat "$group/$2"
	fi
}

@test "gzcoredump: capture: what waits in memory is not charged to the process's control group" {
	need_group
	conf filter=slow suffix=gz.slow
	start sh -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' - "$group" "$P/prog" fill 60000000
	gone
	soon test -e "$P/slow"
	peak=$(group_file memory.max_usage_in_bytes memory.peak)
	echo "$peak"
	[ "$peak" -gt 60000000 ]
	[ "$peak" -lt 75000000 ]
	: >"$P/go"
	stored
	has stored=whole complete=yes captured=process
}

@test "gzcoredump: capture: many crashes at once, in little memory: none lost, the budget held" {
	local all='' number=${CRASHES:-${CI:+12}} mib=200 limit=$((1536 << 20)) most sampler
	: "${number:=50}"
	# The processes themselves must have room.
	available=$(sed -nE 's/^MemAvailable: *([0-9]+) kB/\1/p' /proc/meminfo)
	while [ $((number * mib * 1024 + 3145728)) -gt "$available" ] && [ $number -gt 8 ]; do
		number=$((number / 2))
	done
	need_group
	echo $limit >"$group/memory.limit_in_bytes" 2>/dev/null || echo $limit >"$group/memory.max"
	mv "$HANDLE" "${HANDLE%/*}/handler"
	cat >"$HANDLE" <<-EOF
	#!/bin/sh
	echo \$\$ >$group/cgroup.procs
	exec ${HANDLE%/*}/handler "\$@"
	EOF
	chmod 755 "$HANDLE"
	conf small=yes queue_wait=900
	# All the while: the captures may be over before the first process is waited for.
	while sed -n 's/^total_rss //p; s/^anon //p' "$group/memory.stat"; do
		sleep 0.02
	done >held 3>&- 20>&- &
	sampler=$!
	for _ in $(seq $number); do
		start "$P/prog" vast $((mib << 20)) $((mib << 20))
		all="$all $pid"
	done
	for pid in $all; do
		gone
	done
	kill $sampler
	most=$(sort -n held | tail -n 1)
	for pid in $all; do
		stored
		has stored=whole complete=yes small=whole captured=process
	done
	kernel_idle
	echo "$number crashes, at most $most bytes of memory"
	[ "$(ls "$DIR"/*.gz | wc -l)" = $((2 * number)) ]
	# The last one, whose core is in $gz, for all.
	restored
	backtrace "$P/prog" crash_here
	[ "$(group_file memory.oom_control memory.events | sed -n 's/^oom_kill //p')" = 0 ]
	[ "$most" -gt 10000000 ]
	[ "$most" -lt $((limit / 2)) ]
}
