# The handler at real crashes when something goes wrong, when many come at once, when it is slow.

load ../lib/common
load ../lib/kernel

setup_file() {
	export BATS_NO_PARALLELIZE_WITHIN_FILE=true
	kernel_install || return
	[ -n "${P-}" ] || return 0
	cp "$HANDLE" "$P/handler"
	cat $KERNEL/core_pattern >"$P/pattern"
	# A stage that stops after its first bytes until the file go is there.
	cat >"$P/bin/slow" <<-EOF
	#!/bin/sh
	head -c 4096
	: >$P/slow
	until [ -e $P/go ]; do sleep 0.05; done
	exec cat
	EOF
	# A stage that passes all on and then stays.
	cat >"$P/bin/stays" <<-EOF
	#!/bin/sh
	cat
	exec >&-
	: >$P/slow
	until [ -e $P/go ]; do sleep 0.05; done
	EOF
	chmod 755 "$P/bin/slow" "$P/bin/stays"
	crasher "$P/prog"
}

teardown_file() {
	[ -z "${P-}" ] || : >"$P/go"
	kernel_remove
}

setup() {
	kernel_ready
	cd "$BATS_TEST_TMPDIR" || return 1
	rm -rf "$P/go" "$P/slow" "$DIR"
	: >"$P/var/log/gzcoredump.log"
	cp "$P/handler" "$HANDLE"
	conf
	uuid=$(elf-uuid "$P/prog")
}

teardown() {
	[ -n "${P-}" ] || return 0
	: >"$P/go"
	kernel_idle
	! mountpoint -q "$P/var" || umount "$P/var"
	[ ! -e "$P/bin/core-trace.there" ] || mv "$P/bin/core-trace.there" "$P/bin/core-trace"
}

# stage NAME: the process of the running handler, in $stage.
stage() {
	stage=$(
		for p in $(pgrep -x "$1"); do
			case $(tr '\0' ' ' 2>/dev/null <"/proc/$p/cmdline") in
			*"$P/"*) echo "$p" ;;
			*) [[ $(readlink "/proc/$p/exe") != "$P/"* ]] || echo "$p" ;;
			esac
		done
	)
	[ -n "$stage" ] && [ "$(wc -w <<<"$stage")" = 1 ]
}

# not_final: the crash left a record, and nothing that has a name as if it were whole.
not_final() {
	local f
	case $(value stored) in
	partial) [ -s "$gz.slow.partial" ] || { ls -la "$DIR"; return 1; } ;;
	no) [ ! -e "$gz.slow.partial" ] || { ls -la "$DIR"; return 1; } ;;
	*) cat "$txt"; return 1 ;;
	esac
	[ ! -e "$gz.slow" ]
	has "pid=$pid" "uuid=$uuid"
	# No hidden file stays behind either.
	for f in "$name"* "$DIR"/.[!.]*; do
		case $f in
		*.txt | *.partial | "$DIR/.[!.]*" | "$DIR"/.gzcore.*) ;;
		*) echo "left behind: $f"; return 1 ;;
		esac
	done
}

@test "gzcoredump: a stage that is killed in the middle of a dump leaves no final name" {
	local victim
	conf filter=slow suffix=gz.slow
	for victim in core-info gzdeflate slow core-store; do
		rm -f "$P/go" "$P/slow"
		start "$P/prog" fill 80000000
		soon test -e "$P/slow"
		stage $victim
		kill -KILL "$stage"
		sleep 0.2
		: >"$P/go"
		gone
		stored
		echo "killed: $victim"
		not_final
		has complete=no
		[ "$victim" != core-store ] || has stored=no
		grep -qF "stored=$(value stored) complete=no" "$P/var/log/gzcoredump.log"
		[ "$victim" = core-store ] || grep -q "$victim: killed by signal 9" "$P/var/log/gzcoredump.log"
	done
}

@test "gzcoredump: a stage that is told to end in mid-dump leaves a partial file" {
	local victim
	conf filter=slow suffix=gz.slow
	for victim in core-info gzdeflate core-store; do
		rm -f "$P/go" "$P/slow"
		start "$P/prog" fill 80000000
		soon test -e "$P/slow"
		stage $victim
		kill -TERM "$stage"
		[ "$victim" = core-store ] || : >"$P/go"
		gone
		stored
		echo "told to end: $victim"
		not_final
		has stored=partial complete=no
	done
}

# ours: who is at work in the handler, once that waits: the program, its user, its capabilities and its filter.
ours() {
	for p in $(pgrep -f "$P/bin|core-info -d|core-trim|gzdeflate|core-errands"); do
		[[ $(readlink "/proc/$p/exe") == "$P/"* ]] || continue
		awk -v ORS=' ' '/^(Name|Uid|CapEff|Seccomp):/ { print $2 }' "/proc/$p/status"
		echo
	done | sort -u
}

@test "gzcoredump: while a crash is handled, who parses is nobody, and confined" {
	none=0000000000000000
	confined() {
		gzdeflate -V | grep -q '^confined by seccomp' || [ -n "${CI-}" ]
	}
	confined || skip 'no seccomp here'
	conf compress=slow suffix=slow small=yes
	start "$P/prog" fill 30000000
	soon test -e "$P/slow"
	# The small core is more than a pipe holds: its maker waits.
	ours >small
	cat small
	grep -qx "core-trim 65534 $none 2 " small
	run -1 grep -vE "^(core-trim 65534 $none 2|(core-trim|core-store|core-errands) 0 .*) $" small
	: >"$P/go"
	stored
	has stored=whole complete=yes small=whole
	# The stages of the whole core.
	rm "$P/go" "$P/slow"
	conf filter=slow suffix=gz.slow capture=no
	start "$P/prog" fill 90000000
	soon test -e "$P/slow"
	soon test "$(ours | grep -c ' 2 $')" = 2
	ours >whole
	cat whole
	run -1 grep -vE "^((core-info|gzdeflate) 65534 $none 2|(core-store|core-errands) 0 .*) $" whole
	: >"$P/go"
	stored
	has stored=whole complete=yes
}

@test "gzcoredump: a handler that is told to end as a whole still leaves a true record" {
	local all victim
	conf filter=slow suffix=gz.slow
	start "$P/prog" fill 80000000
	soon test -e "$P/slow"
	# As a machine that goes down does it.
	all=$(pgrep -f "$HANDLE P")
	for victim in core-store core-info gzdeflate slow; do
		stage $victim
		all="$all $stage"
	done
	kill -TERM $all 2>/dev/null || :
	: >"$P/go"
	gone
	stored
	not_final
	has stored=partial complete=no
	# What the tap had seen by then is there too.
	[ "$(value promised)" -gt 80000000 ]
	[ "$(value bytes)" -lt "$(value promised)" ]
}

@test "gzcoredump: a process killed while it is dumped: what came is stored" {
	# With memory to wait in it is all read before the stage stops.
	conf capture_memory=0 filter=slow suffix=gz.slow
	start "$P/prog" fill 80000000
	soon test -e "$P/slow"
	kill -KILL "$pid"
	: >"$P/go"
	gone
	stored
	has stored=whole complete=no "uuid=$uuid"
	[ "$(value bytes)" -lt "$(value promised)" ]
	[ "$(value promised)" -gt 80000000 ]
	mv "$gz.slow" got.gz
	zinflate got.gz >core
	[ "$(stat -c %s core)" = "$(value bytes)" ]
	core-info core | grep -qx complete=no
}

# released: the crashed process is its parent's to reap while a stage still works.
released() {
	conf filter=stays suffix=gz.slow
	start "$P/prog"
	gone
	soon test -e "$P/slow"
	pgrep -f "$P/bin/stays" >tail.pid
	txt=$(grep -lx "pid=$pid" "$DIR"/*.txt)
	run ! grep -q '^complete=' "$txt"
	[ ! -e "${txt%.txt}.gz.slow" ]
	: >"$P/go"
	stored
	has stored=whole complete=yes
	gzip -dc <"$gz.slow" >core
	backtrace "$P/prog" crash_here
}

@test "gzcoredump: under dash the process is released while a stage still works" {
	need dash
	under dash
	released
}

@test "gzcoredump: under busybox ash the process is released while a stage still works" {
	need busybox
	under busybox ash
	released
}

@test "gzcoredump: under bash the process is released while a stage still works" {
	under bash
	released
}

@test "gzcoredump: under busybox ash a crash is stored whole" {
	need busybox
	under busybox ash
	crash "$P/prog" fill 3000000
	restored
	keys
	has "uuid=$uuid" signame=SIGSEGV
	backtrace "$P/prog" crash_here
}

# pairs: each core has its record, each record its core, and there is nothing else.
pairs() {
	ls -A -I ".gzcore.*" "$DIR" | grep -v '\.gz$' | sed 's/\.txt$//' >records
	ls -A -I ".gzcore.*" "$DIR" | grep -v '\.txt$' | sed 's/\.gz$//' | diff records -
}

@test "gzcoredump: two crashes in one second never overwrite each other" {
	local first
	conf 'template=same'
	crash "$P/prog"
	first=$pid
	crash "$P/prog"
	restored
	[[ ${name##*/} == same-[1-9]* ]]
	core-info core | grep -qx "pid=$pid"
	pid=$first
	restored
	[ "${name##*/}" = same ]
	core-info core | grep -qx "pid=$pid"
	pairs
}

@test "gzcoredump: eight crashes at once are all stored, each with its own core" {
	local p all=
	conf 'template=same'
	for _ in 1 2 3 4 5 6 7 8; do
		start "$P/prog" fill 4000000
		all="$all $pid"
	done
	for pid in $all; do
		gone
	done
	for pid in $all; do
		restored
		core-info core | grep -qx "pid=$pid"
		backtrace "$P/prog" crash_here
	done
	pairs
}

@test "gzcoredump: a core limit of 0 is ignored unless honour_limit=yes" {
	conf honour_limit=no
	(ulimit -c 0 && crash "$P/prog" && echo "$pid" >pid)
	pid=$(cat pid)
	restored
	has limit=0
	conf honour_limit=yes
	(ulimit -c 0 && crash "$P/prog" && echo "$pid" >pid)
	pid=$(cat pid)
	stored
	has limit=0 stored=no complete=no "uuid=$uuid" signame=SIGSEGV
	ls "$name"* | diff <(echo "$txt") -
	# Another limit than 0 does not cut the core.
	(ulimit -c 8 && crash "$P/prog" && echo "$pid" >pid)
	pid=$(cat pid)
	restored
	(ulimit -c unlimited && crash "$P/prog" && echo "$pid" >pid)
	pid=$(cat pid)
	restored
	has limit=18446744073709551615
}

@test "gzcoredump: filter=age: only the key opens the core, and no command line is stored" {
	need age age-keygen
	age-keygen -o key 2>/dev/null
	conf "filter=age -r $(age-keygen -y key)" suffix=gz.age
	crash "$P/prog" segv swordfish
	stored
	has stored=whole complete=yes "uuid=$uuid" "bytes=$(value promised)"
	run ! grep -qE '^cmdline=|swordfish' "$txt"
	run ! grep -aq swordfish "$gz.age"
	[ ! -e "$gz" ]
	age -d -i key "$gz.age" >core.gz
	zinflate core.gz >core
	[ "$(stat -c %s core)" = "$(value bytes)" ]
	backtrace "$P/prog" crash_here
	# Inside, the header has no comment: flag 16.
	[ $((0x$(od -An -tx1 -j3 -N1 core.gz | tr -d ' ') & 16)) = 0 ]
	run ! grep -q swordfish "$P/var/log/gzcoredump.log"
}

@test "gzcoredump: two stages of a filter follow each other" {
	conf 'filter=cat -u |  tr A-Za-z N-ZA-Mn-za-m ' suffix=gz.rot13
	crash "$P/prog"
	stored
	has stored=whole complete=yes
	tr A-Za-z N-ZA-Mn-za-m <"$gz.rot13" | zinflate >core
	[ "$(stat -c %s core)" = "$(value bytes)" ]
}

@test "gzcoredump: a filter that fails, or is not there, leaves no final name and a true record" {
	conf filter=false suffix=gz.slow
	crash "$P/prog"
	stored
	not_final
	conf filter=/no/such/program suffix=gz.slow
	crash "$P/prog"
	stored
	not_final
	grep -q '/no/such/program: not started' "$P/var/log/gzcoredump.log"
	# One that writes all and then fails: what it wrote may be of use.
	conf 'filter=tee /proc/self/fd/1 /no/such/file' suffix=gz.slow
	crash "$P/prog"
	stored
	not_final
	has stored=partial
}

@test "gzcoredump: dir= is not a directory: the core is lost, the process released, the log tells" {
	local n
	: >file
	for n in "$PWD/file" "$PWD/file/below" "$PWD/no/such" /proc/none; do
		conf "dir=$n"
		: >"$P/var/log/gzcoredump.log"
		start "$P/prog"
		gone
		soon grep -qF "$n" "$P/var/log/gzcoredump.log"
		soon grep -q 'stored=no' "$P/var/log/gzcoredump.log"
		kernel_idle
		grep -q SIGSEGV "$P/var/log/gzcoredump.log"
	done
	[ ! -s file ]
}

@test "gzcoredump: no record and no log can be written: the kernel's log says what crashed" {
	need dmesg
	mount --bind "$P/var" "$P/var"
	mount -o remount,bind,ro "$P/var"
	start "$P/prog" name $'odd\e[31m\nname'
	gone
	for i in $(seq 600); do
		! dmesg | grep -F "(pid $pid, uid 0)" >said || break
		sleep 0.05
	done
	kernel_idle
	umount "$P/var"
	[ "$(wc -l <said)" = 1 ]
	grep -qE "gzcoredump\[[0-9]+\]: SIGSEGV of odd[^ ]*31m[^ ]*name \(pid $pid, uid 0\): no record, no log: .*Read-only file system" said
	run ! grep -qP '[^ -~]' said
	# Where one of them can be, it is not.
	conf "log=$PWD/log"
	mount --bind "$P/var" "$P/var"
	mount -o remount,bind,ro "$P/var"
	start "$P/prog"
	gone
	soon grep -q 'stored=no' log
	kernel_idle
	umount "$P/var"
	run ! grep -q "(pid $pid, uid 0)" <(dmesg)
}

@test "gzcoredump: a missing directory is made for root alone, whatever the log's mode" {
	conf "dir=$PWD/cores" "log=$PWD/no/such/log"
	DIR=$PWD/cores
	crash "$P/prog"
	restored
	[ "$(stat -c '%a %u' cores)" = '700 0' ]
	conf "dir=$PWD/cores" "log=$PWD/log" mode=640 owner=4711:4712
	crash "$P/prog"
	stored
	[ "$(stat -c '%a %u %g' "$gz" "$txt")" = $'640 4711 4712\n640 4711 4712' ]
	soon grep -q 'SIGSEGV .. prog' log
	[ "$(stat -c %a log)" = 600 ]
}

@test "gzcoredump: a full disk: what fits is kept as a partial file, and the record says so" {
	mkdir small
	mount -t tmpfs -o size=6m tmpfs small || skip "no file system can be mounted here"
	conf "dir=$PWD/small"
	DIR=$PWD/small
	crash "$P/prog" fill 30000000
	stored
	cp "$txt" record
	ls -la small >listing
	zinflate -k "$gz.partial" >part 2>err || :
	umount small
	txt=record
	cat listing
	has stored=partial complete=no "uuid=$uuid"
	run ! grep -q '\.gz$' listing
	[ "$(stat -c %s part)" -gt 1000000 ]
}

@test "gzcoredump: the legacy command works as core_pattern" {
	# For %e the kernel itself makes ! of a slash.
	kernel_set kernel/core_pattern "|$P/bin/gzCoredump -c -p $P/old -a %e"
	crash "$P/prog" name 'a/../b $c'
	DIR=$P/old
	stored
	kernel_set kernel/core_pattern "$(cat "$P/pattern")"
	[[ ${name##*/} =~ ^Core_20[0-9]{6}_[0-9]{6}_a!..!b__c$ ]]
	restored
	# What the core alone tells, the .uuid section of the file that it names included.
	has "uuid=$uuid" uuid_from=section "build_id=$(elf-uuid -b "$P/prog")" uid=0 gid=0 signal=11 \
		signame=SIGSEGV "exe=$P/prog" threads=1
	grep -qF "stored=whole complete=yes bytes=$(value bytes): $gz" "$P/var/log/gzcoredump.log"
	backtrace "$P/prog" crash_here
}

# with_stack: the record $txt of $pid, once no handler is at work any more.
with_stack() {
	stored
	kernel_idle
}

@test "gzcoredump: the record gets the crashed thread's stack, as core-trace shows it" {
	need jq
	conf stack=yes
	# Whoever reads the stack may read the program.
	chmod 711 "$P"
	for shell in dash 'busybox ash'; do
		# shellcheck disable=SC2086
		under $shell
		rm -rf "$DIR"
		crash "$P/prog" threads 5
		with_stack
		has stored=whole complete=yes "pid=$pid"
		core-trace -u 65534:65534 "$gz" >trace
		sed -e '1d;/^$/,$d' -e 's/^ *ends here: /stack_end=/' -e 's/^#/frame=#/' trace >wanted
		printf 'fingerprint=%s\nfingerprint_version=2\n' "$(core-trace -s -u 65534:65534 "$gz")" >>wanted
		printf 'where=%s\n' "$(core-trace -j -u 65534:65534 "$gz" | jq -r .where)" >>wanted
		[ "$(grep -c ^frame= wanted)" -ge 3 ]
		grep -E '^(frame|stack_end|fingerprint|fingerprint_version|where)=' "$txt" | diff wanted -
		has 'reason=write to 0x0: a null pointer'
		core-trace -r "$gz" | grep -E '^(registers|code)=' >wanted
		grep -E '^(registers|code)=' "$txt" | diff wanted -
		[ "$(wc -l <wanted)" -eq 2 ]
		grep -q 'bytes=[0-9]*: .*: access to 0x0: a null pointer$' "$P/var/log/gzcoredump.log"
		grep -qF "${name##*/}: write to 0x0: a null pointer" "$P/var/log/gzcoredump.log"
		keys
		gzip -t "$gz"
	done
	# Another who reads sees more.
	chmod 700 "$P"
	conf stack=all stack_user=root
	crash "$P/prog" threads 5
	with_stack
	grep -q '^frame=#0 .*  crash_here+' "$txt"
	[ "$(value fingerprint)" = "$(core-trace -s "$gz")" ]
	core-trace "$gz" | awk '$1 == "thread" { tid = $2; n++ } /^#/ && n > 1 { print tid, $2 }' |
		diff - <(sed -nE 's/^thread_frame=([0-9]+) #[0-9]+ +(0x[0-9a-f]+) .*/\1 \2/p' "$txt")
	core-list -aj "$DIR" | jq -e '[.[].stacks | select(. != null) | length] == [4]'
	# The window on a core is larger than the memory that its reader may have.
	crash "$P/prog" hole 3221225472
	with_stack
	grep -q '^frame=#0 .*  crash_here+' "$txt"
}

@test "gzcoredump: a core-trace that fails or writes nonsense costs only the stack" {
	conf stack=yes
	mv "$P/bin/core-trace" "$P/bin/core-trace.there"
	cat >"$P/bin/core-trace" <<-EOF
	#!/bin/sh
	id >$P/ran
	case \$(cat $P/how) in
	dies) kill -SEGV \$\$ ;;
	lies)
		printf 'stored=no\nuuid=x\nframe=a\033[31m\nfingerprint=0123456789abcdeX\nfingerprint=1\n'
		printf 'frame=#0 good\nfingerprint=0123456789abcdef\nframe=cut short'
		;;
	much) yes frame=0123456789 ;;
	removes) rm -f "$DIR"/*.txt; echo frame=x ;;
	esac
	EOF
	chmod 755 "$P/bin/core-trace"
	local n=0
	for how in dies lies much; do
		echo $how >"$P/how"
		rm -f "$P/ran"
		crash "$P/prog"
		with_stack
		[ -s "$P/ran" ]
		has stored=whole complete=yes "uuid=$uuid"
		gzip -t "$gz"
		n=$((n + 1))
		# What died left no record of its own.
		[ "$(ls "$DIR"/*.txt | wc -l)" = $n ]
		case $how in
		dies) run -1 grep -E '^(frame|fingerprint)=' "$txt" ;;
		lies)
			grep -E '^(stored|uuid|frame|fingerprint)=' "$txt" | sort |
				diff <(printf '%s\n' "uuid=$uuid" stored=whole 'frame=#0 good' \
					fingerprint=0123456789abcdef | sort) -
			;;
		much) [ "$(stat -c %s "$txt")" -lt 140000 ] ;;
		esac
	done
	# A record that is removed meanwhile stays away.
	echo removes >"$P/how"
	crash "$P/prog"
	soon test -e "$P/ran"
	kernel_idle
	run ! grep -sl "^pid=$pid\$" "$DIR"/*.txt
	mv "$P/bin/core-trace.there" "$P/bin/core-trace"
	# Not asked for.
	rm -f "$P/ran"
	conf stack=no
	crash "$P/prog"
	with_stack
	run -1 grep -E '^(frame|fingerprint)=' "$txt"
	conf stack=yes filter=cat suffix=gz.cat
	crash "$P/prog"
	with_stack
	run -1 grep -E '^(frame|fingerprint)=' "$txt"
}

@test "gzcoredump: many crashes at once: all get their stacks, found by one process at a time" {
	conf stack=yes
	mv "$P/bin/core-trace" "$P/bin/core-trace.there"
	cat >"$P/bin/core-trace" <<-EOF
	#!/bin/sh
	exec strace -qq -e trace=fcntl,flock -o $P/locks.\$\$ $P/bin/core-trace.there "\$@"
	EOF
	chmod 755 "$P/bin/core-trace"
	local pids='' i
	for i in 1 2 3 4 5 6; do
		"$P/prog" threads 3 3>&- 20>&- &
		pids="$pids $!"
	done
	wait
	for pid in $pids; do
		stored
	done
	kernel_idle
	mv "$P/bin/core-trace.there" "$P/bin/core-trace"
	[ "$(grep -l '^fingerprint=' "$DIR"/*.txt | wc -l)" = 6 ]
	[ "$(cat "$P"/locks.* | grep -c "F_OFD_SETLKW, .*) *= 0")" = 6 ]
}

@test "gzcoredump: environment=yes: the record has the environment without what looks secret" {
	conf environment=yes
	crash env -i A=1 TOKEN=hunter2 $'B=\e' "$P/prog"
	stored
	has env=A=1 'env=B=\0033' env_left_out=1
	keys
	run -1 grep -r hunter2 "$DIR"/*.txt "$P/var/log"
	run ! grep -q env= <(head -c 4096 "$gz")
	conf environment=yes filter=cat suffix=gz.cat
	crash env -i A=1 "$P/prog"
	stored
	run -1 grep ^env "$txt"
}

@test "gzcoredump: the kernel leaves NT_FILE out: the record still has the modules" {
	local limit=$KERNEL/core_file_note_size_limit long
	crash "$P/prog"
	stored
	sed -n 's/^module=[^ ]* //p' "$txt" >wanted
	[ "$(wc -l <wanted)" -ge 4 ]
	run -1 grep ^files= "$txt"
	# The least that the kernel takes is 4 MiB: paths of 250 bytes, 17000 times.
	long=$P/$(printf 'x%.0s' $(seq $((249 - ${#P}))))
	echo no ELF file >"$long"
	[ ! -e "$limit" ] || kernel_set kernel/core_file_note_size_limit 4194304
	crash "$P/prog" maps 34000 "$long"
	[ ! -e "$limit" ] || kernel_set kernel/core_file_note_size_limit 16777216
	stored
	has files=dropped captured=process complete=yes "build_id=$(elf-uuid -b "$P/prog")"
	sed -n 's/^module=[^ ]* //p' "$txt" | diff wanted -
}

@test "gzcoredump: max_size or a full disk leaves a partial file, or the record alone" {
	conf max_size=1M
	crash "$P/prog" fill 20000000
	stored
	has stored=partial "pid=$pid"
	[ "$(stat -c %s "$name.gz.partial")" -le 1048576 ]
	gzip -t "$name.gz.partial"
	conf max_size=1M keep_part=no
	crash "$P/prog" fill 20000000
	stored
	has stored=no "pid=$pid" signame=SIGSEGV
	[ ! -e "$name.gz.partial" ]
	# More free than there is.
	conf min_free=999999G
	crash "$P/prog"
	stored
	has stored=no "pid=$pid"
	grep -q 'File too large' "$P/var/log/gzcoredump.log"
	# What fits is whole.
	conf max_size=100M min_free=1K
	crash "$P/prog"
	restored
}

@test "gzcoredump: a filter that hangs is ended, and the process is held no longer" {
	conf stage_time=1 'filter=sleep 61' suffix=gz.never
	crash "$P/prog" fill 20000000
	stored
	has stored=no "pid=$pid"
	grep -q 'not done in 1 s' "$P/var/log/gzcoredump.log"
	run ! pgrep -f '^sleep 61$'
}

@test "gzcoredump: at_once are stored at a time; a crash that waits too long gets a record" {
	conf at_once=1 queue_wait=30 filter=slow suffix=gz.slow
	local pids='' i
	for i in 1 2 3; do
		"$P/prog" 3>&- 20>&- &
		pids="$pids $!"
	done
	soon test -e "$P/slow"
	sleep 0.5
	[ "$(pgrep -xc slow)" = 1 ]
	: >"$P/go"
	wait
	for pid in $pids; do
		stored
		has stored=whole
	done
	rm -f "$P/go" "$P/slow"
	conf at_once=1 queue_wait=0 filter=slow suffix=gz.slow
	"$P/prog" 3>&- 20>&- &
	local first=$!
	soon test -e "$P/slow"
	crash "$P/prog"
	stored
	has stored=no signame=SIGSEGV "uuid=$uuid"
	grep -q 'no place in 0 s among the 1 that store at once' "$P/var/log/gzcoredump.log"
	: >"$P/go"
	pid=$first
	wait $first || :
	stored
	has stored=whole
}

# begun_or_gone: the crash $pid has a record, or has been released without one.
begun_or_gone() {
	grep -qsx "pid=$pid" "$DIR"/*.txt || is_released
}

# place_test CAPTURE: users crash until the kernel has no place left; a service's crash is still stored.
place_test() {
	local user i pids=()
	kernel_set kernel/core_pipe_limit 8
	conf small=yes "capture=$1" capture_memory=0 buffer=slow at_once=64
	for user in 4711 4711 4711 4711 4711 4711 4711 4711 4711 4712 4712 4712 4713; do
		start setpriv --reuid $user --clear-groups "$P/prog" fill 20000000
		soon begun_or_gone
		pids+=("$pid")
		# What is not stored whole has a place for a moment only, which the next one is to find free.
		case ${#pids[@]} in
		1 | 2 | 10 | 13) ;;
		*) stored ;;
		esac
	done
	start "$P/prog" fill 20000000
	soon begun_or_gone
	grep -lx "pid=$pid" "$DIR"/*.txt
	# It and those that are stored whole still wait; the others have gone on.
	soon still_held 5
	: >"$P/go"
	stored
	has stored=whole complete=yes small=whole uid=0
	for i in "${!pids[@]}"; do
		stored "${pids[i]}"
		case $i in
		0 | 1 | 9 | 12) has stored=whole complete=yes small=whole ;;
		*) has stored=no small=whole small_why=places ;;
		esac
	done
	# All places have been given back.
	crash setpriv --reuid 4711 --clear-groups "$P/prog" fill 20000000
	stored
	has stored=whole
	kernel_set kernel/core_pipe_limit 256
}

# still_held N: so many of our processes are being dumped.
still_held() {
	[ "$(grep -lsx 'CoreDumping:.1' /proc/[0-9]*/status | wc -l)" = "$1" ]
}

@test "gzcoredump: users cannot hold all processes that the kernel waits for: a service is stored" {
	local shell
	for shell in '' 'busybox ash' bash; do
		rm -rf "$DIR" "$P/go"
		# shellcheck disable=SC2086
		[ -z "$shell" ] || under $shell
		place_test no
		kernel_idle
	done
	rm -rf "$DIR" "$P/go"
	place_test yes
}

@test "gzcoredump: a dump's surplus is pruned, another's only dump is not; the log says why" {
	conf keep_each=2 keep=3
	cp "$P/prog" "$P/other"
	elf-uuid-stamp -f -u 11111111-2222-4333-8444-555555555555 "$P/other"
	crash "$P/other"
	stored
	local other=$pid first
	crash "$P/prog"
	stored
	first=$pid
	sleep 1.1
	for _ in 1 2 3; do
		crash "$P/prog"
		stored
		sleep 1.1
	done
	kernel_idle
	core-list "$DIR" | sed 1d | awk '{ print $NF }' | sort | cut -d. -f 1,2 |
		diff <(printf '%s\n' "other.$other" "prog.$first" "prog.$pid" | sort) -
	[ "$(ls -A "$DIR" | grep -c '\.gz$')" = 3 ]
	[ "$(grep -c ': removed prog\..*: too many of one identity$' "$P/var/log/gzcoredump.log")" = 2 ]
	# Old ones, however long the next crash takes to be stored.
	conf keep_age=1h keep=0 keep_each=0
	sed -i 's/^time=.*/time=2020-01-01T00:00:00Z/' "$DIR"/*.txt
	crash "$P/prog"
	stored
	kernel_idle
	[ "$(core-list "$DIR" | sed 1d | wc -l)" = 1 ]
}

@test "gzcoredump: forward=: a dump is sent with its stack when all else is done" {
	need rclone jq
	conf "forward=$P/there" stack=yes
	crash "$P/prog"
	stored
	kernel_idle
	has stored=whole verified=sha256
	run -1 grep ^pending= "$txt"
	local object
	object=$P/there/$(value object)
	cmp "$gz" "$object"
	jq -e ".pid == $pid and .state == \"whole\" and (.frame | length) > 0" "$object.json"
	grep -q ': sent as .* verified by sha256$' "$P/var/log/gzcoredump.log"
	[ "$(find "$P/there" -type f | wc -l)" = 2 ]
}
