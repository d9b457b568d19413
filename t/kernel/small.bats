# The small core of a real crash: first, whole, and there whatever becomes of the whole one.

load ../lib/common
load ../lib/kernel

setup_file() {
	export BATS_NO_PARALLELIZE_WITHIN_FILE=true
	kernel_install || return
	[ -n "${P-}" ] || return 0
	chmod 755 "$P"
	export LOG=$P/var/log/gzcoredump.log
	cp "$HANDLE" "$P/handler"
	# A stage that takes nothing until the file go is there.
	cat >"$P/bin/slow" <<-END
	#!/bin/sh
	: >$P/slow
	until [ -e $P/go ]; do sleep 0.02; done
	exec cat
	END
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
	rm -rf "$P/go" "$P/slow" "$DIR"
	: >"$LOG"
	uuid=$(elf-uuid "$P/prog")
	# A sanitizer takes more memory than the reader of stacks may have.
	stack=yes
	! grep -qs sanitize=address "$BUILD/.flags" || stack=no
}

teardown() {
	[ -n "${P-}" ] || return 0
	: >"$P/go"
	kernel_idle
	cp "$P/handler" "$HANDLE"
	rm -rf "$P/raw"
	for there in "$P"/bin/*.there; do
		[ ! -e "$there" ] || mv "$there" "${there%.there}"
	done
	! mountpoint -q "$BATS_TEST_TMPDIR/disk" || umount "$BATS_TEST_TMPDIR/disk"
}

# frames CORE: every thread's functions, as gdb sees them.
frames() {
	gdb -nx -q -batch -ex 'thread apply all bt' "$P/prog" "$1" 2>/dev/null | grep -E '^(Thread|#)' | sed 's/ (.*//'
}

# small FILE: it is the small core of the crash, whole, with a backtrace; it is restored as ./small.
small() {
	gzip -t "$1" && zinflate "$1" >small || return
	[ "$(stat -c '%a %u' "$1")" = '600 0' ] || return
	has small=whole "small_bytes=$(stat -c %s "$1")" "pid=$pid" "uuid=$uuid" || return
	core-info small >info && grep -qx "pid=$pid" info && grep -qx complete=yes info && grep -q '^trimmed=' info || return
	frames small >small.frames
	grep -qE '^#[0-9]+ .*\<crash_here\>' small.frames || { cat small.frames; return 1; }
}

# alone WHY: the record is that of a small core which was to be alone, and is.
alone() {
	has stored=no complete=no "small_why=$1" || return
	[ "$(value promised)" -gt 300000 ] || return
	run ! grep -E '^(bytes|segments|missing)=' "$txt"
	ls "$name"* | diff <(printf '%s\n' "$name.small.gz" "$txt") -
}

@test "gzcoredump: the small core has the whole one's backtraces and the record's stack" {
	conf small=yes stack=$stack stack_user=root
	kernel_tee
	crash "$P/prog" threads 5
	restored
	kernel_idle
	small "$name.small.gz"
	keys
	ls "$name"* | diff <(printf '%s\n' "$gz" "$name.small.gz" "$txt") -
	run -1 grep ^small_why= "$txt"
	frames core | diff - small.frames
	[ "$(grep -c ^Thread small.frames)" = 5 ]
	# Without the program, what is noted of it names its frames (small_unwind=yes).
	named() {
		core-trace "$name.small.gz" | sed -nE 's/^#[0-9]+ +0x[0-9a-f]+ +([^ ]+)  .*/\1/p'
	}
	named >with_program
	grep -q '^crash_here+' with_program
	mv "$P/prog" "$P/prog.away"
	named | diff with_program - || { mv "$P/prog.away" "$P/prog"; false; }
	mv "$P/prog.away" "$P/prog"
	# Nothing of the heap, and what says so is in it.
	[ "$(stat -c %s small)" -lt "$(stat -c %s core)" ]
	grep -q "stored=whole complete=yes bytes=$(value bytes): $gz: " "$LOG"
	[ $stack = yes ] || return 0
	[ "$(value fingerprint)" = "$(core-trace -s "$gz")" ]
	core-trace "$gz" | sed -n 's/^#/frame=#/p' | head -n "$(grep -c ^frame= "$txt")" >wanted
	[ -s wanted ]
	grep ^frame= "$txt" | diff wanted -
}

@test "gzcoredump: a stack that ends too soon in the small core comes from the whole one, if any" {
	conf small=yes stack=yes
	mv "$P/bin/core-trace" "$P/bin/core-trace.there"
	cat >"$P/bin/core-trace" <<-EOF
	#!/bin/sh
	for file; do :; done
	case \$file in
	*.small.gz) printf 'frame=#0 small\nstack_end=too soon\n' ;;
	*) cat $P/whole ;;
	esac
	EOF
	chmod 755 "$P/bin/core-trace"
	for frame in 'frame=#0 whole' ''; do
		printf '%s' "${frame:+$frame$'\n'}" >"$P/whole"
		crash "$P/prog"
		stored
		kernel_idle
		grep -E '^(frame|stack_end)=' "$txt" | diff <(printf '%b\n' "${frame:-frame=#0 small\nstack_end=too soon}") -
	done
}

@test "gzcoredump: the small core is named before the whole one is read, and survives its failure" {
	# With memory to wait in it is all read before the process is killed.
	conf capture_memory=0 small=yes buffer=slow
	start "$P/prog" fill 30000000
	soon test -e "$P/slow"
	txt=$(grep -lx "pid=$pid" "$DIR"/*.txt)
	name=${txt%.txt}
	gzip -t "$name.small.gz"
	# The process is killed, as by a service manager that has waited long enough.
	kill -KILL "$pid"
	: >"$P/go"
	gone
	stored
	kernel_idle
	has stored=whole complete=no
	small "$name.small.gz"
	# All that stores it is killed.
	rm "$P/go" "$P/slow"
	start "$P/prog" fill 30000000
	soon test -e "$P/slow"
	txt=$(grep -lx "pid=$pid" "$DIR"/*.txt)
	pkill -KILL -f "$HANDLE P"
	pkill -KILL -f "$DIR/"
	pkill -KILL -f "$P/bin/slow"
	gone
	kernel_idle
	run ! grep ^complete= "$txt"
	gzip -t "${txt%.txt}.small.gz"
	zinflate "${txt%.txt}.small.gz" >small
	frames small | grep -q crash_here
}

@test "gzcoredump: small=only: nothing else is stored, and the process waits for nothing else" {
	local shell
	for shell in dash 'busybox ash'; do
		# shellcheck disable=SC2086
		under $shell
		conf small=only stack=$stack stack_user=root
		crash "$P/prog" fill 30000000
		stored
		kernel_idle
		small "$name.small.gz"
		alone only
		core-list "$DIR" | grep -qE " small .*${name##*/}\$"
		[ $stack = no ] || grep -q '^frame=#0 .*  crash_here+' "$txt"
		grep -q "SIGSEGV of prog: stored=no small=whole complete=no bytes=unknown: $name.small.gz alone: " "$LOG"
	done
}

@test "gzcoredump: a crash loop: each crash has a small core, and a record that counts" {
	local i
	conf small=yes loop_most=1 "after=touch $P/hook"
	for i in $(seq 12); do
		crash "$P/prog" fill 300000
		stored
		if [ "$i" = 1 ]; then
			has stored=whole small=whole
			run -1 grep ^loop_count= "$txt"
			soon test -e "$P/hook"
			rm "$P/hook"
		else
			has "loop_count=$((i - 1))"
			alone loop
		fi
	done
	kernel_idle
	small "$name.small.gz"
	[ ! -e "$P/hook" ]
	[ "$(ls "$DIR"/*.gz | wc -l)" = 13 ]
	# Each of the first nine, then one in ten.
	[ "$(grep -c "uuid $uuid of user 0: over 1 crashes in 600 s: .* not stored whole: .*small.gz alone$" "$LOG")" = 10 ]
	# Kept within a budget of their own, which is not that of the others.
	conf small=yes loop_most=0 keep=1 keep_small=4
	crash "$P/prog" fill 300000
	stored
	kernel_idle
	[ "$(ls "$DIR"/*.small.gz | wc -l)" = 4 ]
	[ -e "$gz" ] && [ -e "$name.small.gz" ]
}

@test "gzcoredump: a disk without room: three crashes keep their small cores" {
	mkdir disk
	mount -t tmpfs -o size=12m tmpfs disk || skip 'no file system can be mounted here'
	DIR=$PWD/disk
	conf "dir=$DIR" small=yes min_free=4M
	# Somebody else's.
	head -c 9000000 /dev/zero >disk/other
	for _ in 1 2 3; do
		crash "$P/prog" fill 6000000
		stored
		has stored=no small=whole
		small "$name.small.gz"
		ls "$name"* | diff <(printf '%s\n' "$name.small.gz" "$txt") -
	done
	kernel_idle
	[ "$(grep -c "SIGSEGV of prog: stored=no small=whole complete=no .*small.gz alone: " "$LOG")" = 3 ]
	[ "$(ls disk/*.small.gz | wc -l)" = 3 ]
	[ "$(df -B1 --output=avail disk | tail -n 1)" -gt 2621440 ]
	# There is less than they may take: they make room for the next, as the oldest of one identity go.
	first=$(ls -tr disk/*.small.gz | head -n 1)
	head -c $(($(df -B1 --output=avail disk | tail -n 1) - 2500000)) /dev/zero >disk/more
	crash "$P/prog" fill 6000000
	stored
	has stored=no small=whole
	kernel_idle
	[ ! -e "$first" ]
	[ -e "$name.small.gz" ]
}

@test "gzcoredump: a crash that finds no place in the queue has a small core" {
	conf small=yes at_once=1 queue_wait=0 buffer=slow
	start "$P/prog"
	first=$pid
	soon test -e "$P/slow"
	crash "$P/prog"
	stored
	has stored=no
	small "$name.small.gz"
	grep -q 'no place in 0 s' "$LOG"
	: >"$P/go"
	pid=$first
	gone
	stored
	has stored=whole small=whole
}

@test "gzcoredump: filter= and compress= apply to the small core; a hanging one is ended in time" {
	conf small=yes 'filter=cat -u | tr A-Za-z N-ZA-Mn-za-m' suffix=gz.rot13
	crash "$P/prog" segv swordfish
	stored
	has stored=whole
	tr A-Za-z N-ZA-Mn-za-m <"$name.small.gz.rot13" >small.gz
	# Nor has its header a comment: flag 16.
	[ $((0x$(od -An -tx1 -j3 -N1 small.gz | tr -d ' ') & 16)) = 0 ]
	run ! gzip -t "$name.small.gz.rot13"
	cat small.gz >"$name.small.gz.rot13"
	small "$name.small.gz.rot13"
	conf small=yes 'compress=zstd -q -1' suffix=zst
	crash "$P/prog"
	stored
	has stored=whole
	zstd -dqc "$name.small.zst" >small
	frames small | grep -q crash_here
	conf small=yes stage_time=1 'filter=sleep 61' suffix=gz.never
	crash "$P/prog"
	stored
	has small=no stored=no
	[ "$(grep -c 'not done in 1 s' "$LOG")" = 2 ]
}

@test "gzcoredump: 200 threads are all in the small core" {
	conf small=yes
	kernel_tee
	crash "$P/prog" threads 200
	restored
	small "$name.small.gz"
	frames core | diff - small.frames
	[ "$(grep -c ^Thread small.frames)" = 200 ]
}

@test "gzcoredump: a program of 2,500 threads has a small core that pushes out no other" {
	conf small=yes stack=$stack stack_user=root
	crash "$P/prog" fill 300000
	restored
	other=$name
	# Each with a stack that does not compress.
	crash "$P/prog" noise 2500
	stored
	kernel_idle
	small "$name.small.gz"
	[ "$(stat -c %s "$name.small.gz")" -lt 9000000 ]
	[ $stack = no ] || grep -q '^frame=#0 .*  crash_here+' "$txt"
	[ -e "$other.small.gz" ]
	# Where it may have any size it is the one that is not kept.
	conf small=only small_budget=0 keep_small_bytes=32M
	crash "$P/prog" noise 2500
	# Its record goes with it, as soon as that is complete.
	kernel_idle
	grep -q "removed prog\.$pid\.[0-9TZ]*: too many bytes of small cores" "$LOG"
	[ "$(ls "$DIR"/*.small.gz | wc -l)" = 2 ]
}

@test "gzcoredump: core-trim fails or gets wrong options: the whole core is stored" {
	cat >"$P/bin/later" <<-END
	#!/bin/sh
	[ -e $P/go ] || { : >$P/go; cat >/dev/null; exit 3; }
	exec gzip -1
	END
	chmod 755 "$P/bin/later"
	conf small=yes compress=later suffix=gz
	crash "$P/prog" fill 300000
	restored no-small
	has small=no
	grep -q 'later: exit status 3' "$LOG"
	mv "$P/bin/core-trim" "$P/bin/core-trim.there"
	conf small=yes
	crash "$P/prog" fill 300000
	restored
	run -1 grep ^small "$txt"
	grep -q 'core-trim: not there: no small core' "$LOG"
	conf small=only loop_most=1 loop_by=user
	crash "$P/prog" fill 300000
	restored
	crash "$P/prog" fill 300000
	soon grep -q 'over 1 crashes in 600 s: 1 not stored' "$LOG"
	mv "$P/bin/core-trim.there" "$P/bin/core-trim"
	# A word that is the end of the small core's stages.
	conf small=yes 'filter=sed ; s/x/x/' suffix=gz
	run -2 "$P/bin/gzcoredump" -t
	[[ $output == *'a word ; needs small=no'* ]]
	conf small=no
	crash "$P/prog" fill 300000
	restored
	run -1 grep ^small "$txt"
	# A process of which nothing is known any more: from the stream.
	conf small=yes
	pid=4194000
	"$P/bin/gzcoredump" -k "P$pid" s11 eprog <core
	stored
	has small=whole stored=whole
	zinflate "$gz" | cmp core -
	zinflate "$name.small.gz" >small
	frames core | diff - <(frames small)
}

@test "gzcoredump: owner=crashed: the small core goes to its user too, and names do not collide" {
	local user='setpriv --reuid 4711 --regid 4711 --clear-groups'
	conf small=yes owner=crashed template=x
	crash $user "$P/prog" fill 300000
	DIR=$DIR/4711 stored
	kernel_idle
	[ "$(stat -c '%a %u' "$DIR/4711/x.small.gz" "$DIR/4711/x.gz" "$DIR/4711/x.txt")" = $'600 4711\n600 4711\n600 4711' ]
	$user gzip -t "$DIR/4711/x.small.gz"
	conf small=yes 'template=%e'
	crash "$P/prog" name x.small
	crash "$P/prog" name x
	stored
	kernel_idle
	ls "$DIR" | grep -v 4711 | diff <(printf '%s\n' x.gz x.small.gz x.small_.gz x.small_.small.gz x.small_.txt x.txt) -
	# What is there already is not replaced.
	: >"$DIR/y.small.gz"
	crash "$P/prog" name y
	stored
	[ "${name##*/}" = y-1 ]
	[ ! -s "$DIR/y.small.gz" ]
}

@test "gzcoredump: stream=yes: the small core stays here" {
	need rclone
	conf small=yes stream=yes "forward=$P/there"
	crash "$P/prog" fill 300000
	stored
	kernel_idle
	has object_whole=yes stored=no
	small "$name.small.gz"
	[ ! -e "$gz" ]
}

@test "gzcoredump: forward_full=no: the small core is sent, the whole one only on request" {
	need rclone
	rm -rf "$P/there"
	conf small=yes "forward=$P/there" forward_full=no
	crash "$P/prog" fill 300000
	stored
	kernel_idle
	has small=whole stored=whole on_request=full
	find "$P/there" -name '*.small.gz' | grep -q .
	run -1 bash -c 'find "$1" -name "*.gz" | grep -v small' - "$P/there"
	core-forward -N "${name##*/}" "$DIR" "$P/there"
	cmp "$gz" "$(find "$P/there" -name '*.gz' | grep -v small)"
}
