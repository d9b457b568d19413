# core-loop: so many of a kind in a window, then a count.

load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	printf 'uuid=1\nrecord=1\npid=7\ntime=2026-11-26T10:00:00Z\n' >record
}

# crash STATUS [ARG …]: one of the kind "k" is judged so; what was printed is in $output.
crash() {
	local want=$1
	shift
	run core-loop "$@" <record
	[ "$status" = "$want" ]
}

@test "core-loop: up to -k crashes are to be stored, the others are counted in one record" {
	crash 0 -k 2 k dir one
	[ -z "$output" ]
	crash 0 -k 2 k dir two
	crash 1 -k 2 k dir three
	[ "$output" = "three 1" ]
	crash 1 -k 2 k dir four
	[ "$output" = "three 2" ]
	[ "$(ls dir)" = three.txt ]
	[ "$(stat -c %a dir dir/three.txt)" = $'700\n600' ]
	head -n 4 dir/three.txt | cmp - record
	sed -n 5,99p dir/three.txt | sed 's/^loop_last=2.*Z$/loop_last=T/' | diff - <(
		printf 'loop_count=2\nloop_last=T\nstored=no\ncomplete=no\n')
	# Another kind.
	crash 0 -k 2 other dir five
}

@test "core-loop: a record that is gone, or is not a record any more, is made anew" {
	crash 0 -k 1 k dir a
	crash 1 -k 1 k dir b
	rm dir/b.txt
	crash 1 -k 1 k dir c
	[ "$output" = "c 2" ]
	grep -qx loop_count=2 dir/c.txt
	# Not through a link.
	echo untouched >else
	ln -sf "$PWD/else" dir/c.txt
	crash 1 -k 1 k dir c
	[ "$output" = "c-1 3" ]
	grep -qx untouched else
	grep -qx loop_count=3 dir/c-1.txt
	head -c 100000 /dev/zero >dir/c-1.txt
	crash 1 -k 1 k dir d
	[ "$output" = "d 4" ]
}

@test "core-loop: a window ends: the next one has a record of its own" {
	crash 0 -k 1 -w 1 k dir a
	crash 1 -k 1 -w 1 k dir a
	sleep 1.1
	crash 0 -k 1 -w 1 k dir b
	crash 1 -k 1 -w 1 k dir b
	[ "$output" = "b 1" ]
	[ "$(ls dir)" = $'a.txt\nb.txt' ]
}

@test "core-loop: the clock may jump, and what another boot counted does not count" {
	crash 0 -k 1 k dir a
	# A start in the future, as of a boot that lasted longer.
	sed -i '2s/\t[0-9]*\t/\t99999999999999\t/' dir/.gzcore.loops
	crash 0 -k 1 k dir a
	crash 1 -k 1 k dir a
	sed -i '1s/.*/00000000-0000-0000-0000-000000000000/' dir/.gzcore.loops
	crash 0 -k 1 k dir a
}

@test "core-loop: crashes at the same time are each counted once" {
	local i
	for i in $(seq 40); do
		core-loop -k 10 k dir name <record >"out.$i" &
	done
	wait
	[ "$(cat out.* | sort -k 2n | awk '{ print $2 }' | tr '\n' ' ')" = "$(seq -s ' ' 30) " ]
	[ "$(ls dir)" = name.txt ]
	grep -qx loop_count=30 dir/name.txt
}

@test "core-loop: many keys, long keys, and garbage in the file of counts" {
	local i long
	for i in $(seq 100); do
		crash 0 -k 1 "kind $i" dir a
	done
	# Of the last 64 each is known.
	crash 1 -k 1 "kind 60" dir a
	[ "$(wc -l <dir/.gzcore.loops)" = 65 ]
	long=$(printf 'x%.0s' $(seq 5000))
	crash 0 -k 1 "/a/$long" dir b
	crash 1 -k 1 "/a/$long" dir b
	for i in 'head -c 300000 /dev/urandom' 'head -c 300000 /dev/zero' 'yes' "printf %s\\t\\t\\t"; do
		$i 2>/dev/null | head -c 200000 >dir/.gzcore.loops
		crash 0 -k 1 k dir c
		crash 1 -k 1 k dir c
	done
	# A name that leads elsewhere, by who may write to the directory: that file is no record of ours.
	printf 'uuid=\nloop_count=7\nkept=1\n' >outside.txt
	cp outside.txt before
	rm dir/.gzcore.loops
	crash 0 -k 1 k dir c
	crash 1 -k 1 k dir c
	sed -i 's,\tc.*$,\t../outside,' dir/.gzcore.loops
	grep -q outside dir/.gzcore.loops
	core-loop -k 1 k dir c <<<uuid= >/dev/null || :
	cmp outside.txt before
	rm dir/.gzcore.loops
	ln -s "$PWD/else" dir/.gzcore.loops
	crash 2 -k 1 k dir c
	[ ! -e else ]
	rm dir/.gzcore.loops
	mkfifo dir/.gzcore.loops
	crash 2 -k 1 k dir c
}

@test "core-loop: -u: a user's many keys push out neither a service's nor another user's" {
	local i
	crash 0 -u 33 -k 1 'unit web' dir a
	crash 0 -u 61184 -k 1 'unit dynamic' dir a
	crash 0 -u 4712 -k 1 'exe other' dir a
	for i in $(seq 100); do
		crash 0 -u 4711 -k 1 "exe $i" dir a
	done
	crash 1 -u 33 -k 1 'unit web' dir a
	crash 1 -u 61184 -k 1 'unit dynamic' dir a
	crash 1 -u 4712 -k 1 'exe other' dir a
	# Of the user's own the last are known; a key is not another's.
	crash 1 -u 4711 -k 1 'exe 100' dir a
	crash 0 -u 4711 -k 1 'exe 1' dir a
	crash 0 -u 4711 -k 1 'unit web' dir a
	# Nor do many services push out a user's.
	for i in $(seq 100); do
		crash 0 -u $((i + 100)) -k 1 "unit $i" dir a
	done
	crash 1 -u 4712 -k 1 'exe other' dir a
	[ "$(wc -l <dir/.gzcore.loops)" = 129 ]
	# A file that others have filled with one kind leaves the other its places.
	for i in $(seq 128); do
		printf 'k%s\t1\t1\t\tu4711\n' "$i"
	done | cat <(head -n 1 dir/.gzcore.loops) - >made && cat made >dir/.gzcore.loops
	crash 0 -u 33 -k 1 'unit web' dir a
	crash 1 -u 33 -k 1 'unit web' dir a
	for i in -1 x '' 4294967295; do
		run -2 core-loop -u "$i" k dir a <record
	done
}

@test "core-loop: a locked file of counts is not waited for long" {
	crash 0 k dir a
	exec 9<dir/.gzcore.loops
	flock 9
	run timeout 120 core-loop k dir a <record 9<&-
	[ "$status" = 2 ]
	[ "$output" = 'core-loop: dir/.gzcore.loops: Connection timed out' ]
}

@test "core-loop: errors are reported, and nothing is counted" {
	local bad
	for bad in '-k 0 k dir a' '-k x k dir a' '-w 0 k dir a' '-M 888 k dir a' '-o no-such-user k dir a' 'k dir a/b' 'k dir' \
		'k dir a b' '-x k dir a'; do
		run core-loop $bad <record
		[ "$status" = 2 ]
		[ -n "$output" ]
	done
	for bad in '' 'key=1\n' 'uuid=1' 'uuid=1\n\0x\n'; do
		run core-loop k dir a < <(printf "$bad")
		[ "$status" = 2 ]
		[ "$output" = 'core-loop: <stdin>: not the lines of a record' ]
	done
	run core-loop '' dir a <record
	[ "$status" = 2 ]
	run core-loop $'a\tb' dir a <record
	[ "$status" = 2 ]
	[ ! -e dir ]
	echo >file
	run core-loop k file a <record
	[ "$status" = 2 ]
	[ "$output" = 'core-loop: file: Not a directory' ]
}

@test "core-loop: -c counts without reading or making a record; kept records count on" {
	run core-loop -c -k 2 k dir </dev/null
	[ "$status" = 0 ]
	[ -z "$output" ]
	crash 0 -k 2 k dir a
	for n in 1 2; do
		run core-loop -c -k 2 k dir <&-
		[ "$status" = 1 ]
		[ "$output" = $n ]
		[ -z "$(ls dir)" ]
	done
	crash 1 -k 2 k dir b
	[ "$output" = 'b 3' ]
	run core-loop -c -k 2 k dir
	[ "$output" = 4 ]
	grep -qx loop_count=3 dir/b.txt
	for bad in '-c k dir a' '-c k' '-c -M 600 k dir' '-c -o 0 k dir'; do
		usage_error core-loop $bad
	done
}
