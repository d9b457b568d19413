# core-prune: a directory of dumps within its limits.

load lib/common
load lib/dumps
load lib/soon
load lib/stored

# stored NAME SECOND IDENTITY [BYTES]: a whole dump of that second, with a file of that size.
stored() {
	dump "$1" "time=2026-11-25T10:00:$2Z" "uuid=$3"
	head -c "${4-1000}" /dev/zero >"d/$1.gz"
}

# whose NAME UID [OWNER]: a dump of that user, in a container of that owner.
whose() {
	sed -i "s/^record=1\$/&\nuid=$2${3:+\ncontainer_owner=$3}/" "d/$1.txt"
}

# room SIZE: d is a file system of that size; removed by teardown.
room() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	mkdir -p d
	mount -t tmpfs -o "size=$1" none d || skip "no tmpfs can be mounted"
}

teardown() {
	! mountpoint -q "$BATS_TEST_TMPDIR/d" || umount -R "$BATS_TEST_TMPDIR/d"
}

# left: the names of the dumps that are there, oldest first.
left() {
	core-list d | sed 1d | awk '{ print $NF }' | tac | paste -sd' '
}

@test "core-prune: -h and -V answer on standard output; no rule, no directory, nonsense: misuse" {
	for option in -h -V; do
		run -0 core-prune $option
		run -2 bash -c "core-prune $option >/dev/full"
	done
	stored one 01 a
	usage_error core-prune d
	usage_error core-prune -n d
	[[ $stderr == 'core-prune: no rule is given'* ]]
	usage_error core-prune -S 1M d
	[[ $stderr == 'core-prune: -S has no effect without -F PART'* ]]
	usage_error core-prune -k 1 -u d
	[[ $stderr == 'core-prune: -u has no effect without -F PART'* ]]
	usage_error core-prune -v d
	usage_error core-prune -k 1
	usage_error core-prune -k 1 d d
	for wrong in 0 -1 x '' 1x 99999999999; do
		fails_with 2 core-prune -k "$wrong" d
		fails_with 2 core-prune -i "$wrong" d
	done
	for wrong in 0 x 1X ''; do
		fails_with 2 core-prune -b "$wrong" d
		fails_with 2 core-prune -F "$wrong" d
		[ "$wrong" = 0 ] || fails_with 2 core-prune -F 1 -S "$wrong" d
	done
	for wrong in 1 x d 1y '' -1d; do
		fails_with 2 core-prune -a "$wrong" d
	done
	fails_with 2 core-prune -k 1 missing
	[ "$(left)" = one ]
}

@test "core-prune: a record alone is not the newest of its identity while there are cores" {
	stored one 01 a
	stored two 02 a
	stored three 03 a
	dump counted stored=no complete=no time=2026-11-25T10:20:59Z uuid=a
	core-prune -i 2 d >/dev/null
	[ "$(left)" = "one three" ]
	dump counted stored=no complete=no time=2026-11-25T10:20:59Z uuid=a
	core-prune -k 1 d >/dev/null
	[ "$(left)" = three ]
	# Where there is nothing else it is.
	dump old stored=no complete=no time=2026-11-25T10:20:57Z uuid=b
	dump new stored=no complete=no time=2026-11-25T10:20:59Z uuid=b
	core-prune -k 2 d >/dev/null
	[ "$(left)" = "three new" ]
}

@test "core-prune: a program that keeps crashing pushes out its own dumps, first and newest last" {
	stored other 00 b
	for i in 1 2 3 4 5 6 7 8 9; do
		stored loop$i 0$i a
	done
	run -0 core-prune -n -k 4 d
	diff - <(echo "$output") <<-'EOF'
	would remove loop2: too many
	would remove loop3: too many
	would remove loop4: too many
	would remove loop5: too many
	would remove loop6: too many
	would remove loop7: too many
	EOF
	[ "$(left | wc -w)" = 10 ]
	run -0 core-prune -k 4 d
	diff - <(echo "$output") <<-'EOF'
	removed loop2: too many
	removed loop3: too many
	removed loop4: too many
	removed loop5: too many
	removed loop6: too many
	removed loop7: too many
	EOF
	[ "$(left)" = 'other loop1 loop8 loop9' ]
	[ "$(ls d | wc -l)" = 8 ]
	# Each has its file and its record, or neither.
	core-prune -k 2 d >/dev/null
	[ "$(left)" = 'other loop9' ]
	run -0 core-prune -k 2 -v d
	[ "$output" = $'stays other\nstays loop9' ]
	core-prune -k 1 d >/dev/null
	[ "$(left)" = loop9 ]
}

@test "core-prune: -i bounds each identity, be it a UUID, a build-id or a command" {
	for i in 1 2 3 4; do
		stored a$i 1$i a
		dump b$i time=2026-11-25T10:00:2${i}Z uuid= build_id=bb
		: >d/b$i.gz
		dump c$i time=2026-11-25T10:00:3${i}Z uuid= build_id= comm=cc stored=no complete=no
	done
	core-prune -i 3 d | diff - <(printf 'removed %s: too many of one identity\n' a2 b2 c2)
	[ "$(left)" = 'a1 a3 a4 b1 b3 b4 c1 c3 c4' ]
	core-prune -i 1 d >/dev/null
	[ "$(left)" = 'a4 b4 c4' ]
}

@test "core-prune: two users' dumps of one identity do not push out each other's" {
	for i in 1 2 3; do
		dump a$i time=2026-11-25T10:00:1${i}Z uuid=a
		dump b$i time=2026-11-25T10:00:2${i}Z uuid=a
		sed -i 's/^record=1$/&\nuid=4711/' d/b$i.txt
		: >d/a$i.gz >d/b$i.gz
	done
	core-prune -i 2 d | diff - <(printf 'removed %s: too many of one identity\n' a2 b2)
	core-prune -k 2 d >/dev/null
	[ "$(left)" = 'a3 b3' ]
}

@test "core-prune: a user with many identities pushes out nobody else's dumps" {
	for i in 1 2 3 4 5 6; do
		dump a$i time=2026-11-25T10:00:1${i}Z uuid=a$i
		dump b$i time=2026-11-25T10:00:2${i}Z uuid=b$i
		sed -i 's/^record=1$/&\nuid=4711/' d/b$i.txt
		: >d/a$i.gz >d/b$i.gz
	done
	core-prune -k 9 d >/dev/null
	[ "$(left)" = 'a3 a4 a5 a6 b2 b3 b4 b5 b6' ]
	rm d/a[456].*
	core-prune -k 4 d >/dev/null
	[ "$(left)" = 'a3 b4 b5 b6' ]
}

@test "core-prune: another user's directory: neither a held lock nor planted records hold it up" {
	need strace
	stored a 01 a
	stored b 02 a
	exec 9>d/.gzcore.prune
	flock 9
	# Each wait is over at once.
	run -2 --separate-stderr strace -qq -e trace=clock_nanosleep \
		-e inject=clock_nanosleep:retval=0 -o waits core-prune -k 1 d
	[[ $stderr == 'core-prune: d/.gzcore.prune: '*'timed out' ]]
	[ -s waits ]
	# Its owner can keep it for good, and so that one is not waited for at all.
	if [ "$(id -u)" = 0 ]; then
		chown 4711 d
		run -2 --separate-stderr strace -qq -e trace=clock_nanosleep -o waits core-prune -k 1 d
		[ ! -s waits ]
		chown 0 d
	fi
	[ "$(left)" = 'a b' ]
	exec 9>&-
	# Of a directory that is another's not all is read that may be put there.
	[ "$(id -u)" = 0 ] || [ -n "${CI-}" ] || skip 'not root'
	truncate -s 16M d/b.txt
	for i in 1 2 3 4 5 6 7 8; do
		ln d/b.txt d/b$i.txt
	done
	[ "$(core-list d | wc -l)" = 11 ]
	chown 4711 d
	[ "$(core-list d | wc -l)" -lt 7 ]
	[ "$(core-prune -nv -k 50 d | wc -l)" -lt 6 ]
}

@test "core-prune: -b bounds the bytes, records included; -a removes what is too old" {
	for i in 1 2 3 4 5; do
		stored a$i 1$i a 100000
	done
	core-prune -b 350K d | diff - <(printf 'removed %s: too many bytes\n' a2 a3)
	[ "$(cat d/* | wc -c)" -le $((350 * 1024)) ]
	[ "$(left)" = 'a1 a4 a5' ]
	core-prune -b 1 d >/dev/null
	[ "$(left)" = '' ]
	stored old 00 a
	dump new "time=$(date -u +%Y-%m-%dT%H:%M:%SZ)" uuid=b
	core-prune -a 36500d d
	[ "$(left)" = 'old new' ]
	touch -d '2026-11-25 10:00:00' d/old.txt
	dump old time=2020-01-01T00:00:00Z uuid=a
	core-prune -a 30d d | diff - <(echo 'removed old: too old')
	[ "$(left)" = new ]
}

@test "core-prune: -F keeps that much of the disk free" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	mkdir d
	mount -t tmpfs -o size=8m none d || skip "no tmpfs can be mounted"
	for i in 1 2 3 4 5 6; do
		stored a$i 1$i a 1000000
	done
	core-prune -F 4M d >said
	grep -q ': too little room$' said
	free=$(($(stat -f -c '%a * %S' d)))
	names=$(left)
	umount d
	[ "$free" -ge 4194304 ]
	[ "$free" -lt 5500000 ]
	[[ $names == 'a1 '*' a6' ]]
	# A disk that others have filled is no reason to lose all.
	mount -t tmpfs -o size=8m none d
	for i in 1 2 3; do
		stored a$i 1$i a 1000000
		stored b$i 2$i b 1000000
	done
	dump alone time=2026-11-25T10:00:00Z uuid=a stored=no complete=no
	core-prune -F 1T d >said
	names=$(left)
	umount d
	[ "$names" = 'alone a3 b3' ]
}

@test "core-prune: bytes and free space may be parts of the file system" {
	room 8m
	for i in 1 2 3 4 5 6; do
		stored a$i 1$i a 1000000
	done
	run -0 core-prune -n -F 10%,1M d
	[ -z "$output" ]
	# Half of 8 MiB.
	core-prune -F 1M,50%,4G d >/dev/null
	[ "$(left)" = 'a1 a4 a5 a6' ]
	run -0 core-prune -n -b 40% d
	[ "$output" = 'would remove a4: too many bytes' ]
	core-prune -b 10%,2100000 d >/dev/null
	[ -z "$(left)" ]
	fails_with 2 core-prune -b 0% d
	fails_with 2 core-prune -F 1M,2M d
}

@test "core-prune: dumps being written, dumps in use and foreign files stay" {
	dump open time=2020-01-01T00:00:00Z stored= complete=
	at_work open
	for i in 1 2 3; do
		stored a$i 1$i a
	done
	echo stray >d/stray.gz
	echo note >d/note.txt
	mkdir d/dir.txt
	ln -s a2.txt d/link.txt
	exec 9<d/a2.gz
	flock -s 9
	run -1 --separate-stderr core-prune -k 1 -i 1 d
	[ "$stderr" = 'core-prune: d/a2: in use: it stays' ]
	exec 9<&-
	[ "$(left)" = 'open a2 a3' ]
	ls d | grep -cxE 'stray.gz|note.txt|dir.txt|link.txt' | grep -qx 4
	core-prune -k 1 d >/dev/null
	[ "$(left)" = 'open a3' ]
	# Its handler gone, it is as any other.
	exec 6<&-
	touch -d '1 minute ago' d/open.txt
	echo part >d/open.gz.partial
	core-prune -k 1 d >/dev/null
	[ "$(left)" = a3 ]
	[ ! -e d/open.gz.partial ]
	[ -e d/stray.gz ]
}

@test "core-prune: a file is removed before its record, and nothing outside the directory is" {
	need strace
	stored a 01 a
	stored b 02 a
	echo precious >precious
	ln -s ../precious d/c.gz
	dump c time=2026-11-25T10:00:00Z uuid=a
	strace -f -qq -e trace=unlinkat -o trace core-prune -k 1 d >/dev/null
	grep -o '"[^"]*"' trace | diff - <(printf '"%s"\n' c.txt a.gz a.txt)
	[ "$(cat precious)" = precious ]
	[ "$(left)" = b ]
}

@test "core-prune: -s: unsent dumps go only for bytes and free space, and last" {
	for i in 1 2 3 4 5 6; do
		stored a$i 1$i a 100000
	done
	for i in 2 4; do
		echo sent=2026-11-25T12:00:00Z >>d/a$i.txt
	done
	# Pending is not sent.
	echo pending=stack >>d/a1.txt
	core-prune -s -a 0s -i 1 -k 1 d | diff - <(printf 'removed a%s: too old\n' 2 4)
	[ "$(left)" = 'a1 a3 a5 a6' ]
	for i in 5 6; do
		echo sent=2026-11-25T12:00:00Z >>d/a$i.txt
	done
	# They do not count for those that were.
	core-prune -s -i 2 -k 2 d | diff - /dev/null
	core-prune -s -n -b 250K d | diff - <(printf 'would remove a%s: too many bytes\n' 5 6)
	core-prune -s -b 150K d >/dev/null
	[ "$(left)" = a1 ]
	core-prune -s -b 1 d >/dev/null
	[ "$(left)" = '' ]
	for i in 1 2 3; do
		stored a$i 1$i a 100000
	done
	echo sent=2026-11-25T12:00:00Z >>d/a2.txt
	# Never all of it, as without -s: the newest stays.
	core-prune -s -F 7000T d | diff - <(printf 'removed a%s: too little room\n' 1 2)
	[ "$(left)" = a3 ]
}

@test "core-prune: two runs at once remove no more than one run does" {
	for i in $(seq 10 59); do
		stored a$i $i "$((i % 7))"
	done
	for i in 1 2 3 4 5; do
		core-prune -k 20 d >said.$i 3>&- &
	done
	wait
	[ "$(left | wc -w)" = 20 ]
	[ "$(cat said.* | wc -l)" = 30 ]
	[ "$(ls d | wc -l)" = 40 ]
	ls -A d | grep -qx .gzcore.prune
}

@test "core-prune: -l: of many at once one works and one waits; the last dump is seen" {
	local waits
	for i in $(seq 10 14); do
		stored a$i $i "$i"
	done
	: >d/.gzcore.prune
	exec 9<d/.gzcore.prune
	flock 9
	core-prune -l -k 3 d >said 3>&- 9>&- &
	waits=$!
	soon [ -e d/.gzcore.prune.next ]
	# To ask by locking could take it from the one that is to wait.
	taken() { grep -q ":$(stat -c %i d/.gzcore.prune.next) " /proc/locks; }
	soon taken
	# What comes now is for the one that waits.
	stored a15 15 15
	for i in 1 2 3; do
		run -0 core-prune -l -k 3 d
		[ "$output" = "" ]
	done
	kill -0 $waits
	exec 9>&-
	wait $waits
	[ "$(left)" = 'a13 a14 a15' ]
	# Nobody waits any more.
	stored a16 16 16
	core-prune -l -k 3 d
	[ "$(left)" = 'a14 a15 a16' ]
}

# small NAME SECOND IDENTITY [BYTES [SMALL]]: as stored, with a small core; BYTES -: that alone.
small() {
	local size=${4-1000}
	stored "$1" "$2" "$3" "${size/#-/0}"
	[ "$size" != - ] || { rm "d/$1.gz"; sed -i 's/^stored=.*/stored=no/; s/^complete=.*/complete=no/' "d/$1.txt"; }
	head -c "${5-100}" /dev/zero >"d/$1.small.gz"
}

# states: what is there, oldest first, each with its state and whether it has a small core.
states() {
	core-list -j d | jq -r '[.[] | .name + ":" + .state + (if .small_file then "+" else "" end)] | reverse | join(" ")'
}

@test "core-prune: small cores without a budget of their own stay and go with their dumps" {
	need jq
	for i in 1 2 3; do
		small a$i 1$i a
	done
	small a4 14 a - 5000
	[ "$(states)" = 'a1:whole+ a2:whole+ a3:whole+ a4:small+' ]
	core-prune -k 3 d | diff - <(echo 'removed a2: too many')
	[ "$(ls d | wc -l)" = 8 ]
	core-prune -b 6500 d | diff - <(echo 'removed a3: too many bytes')
	[ "$(states)" = 'a1:whole+ a4:small+' ]
}

@test "core-prune: full files and small cores go by their own rules; the record stays with either" {
	need jq
	for i in 1 2 3 4; do
		small a$i 1$i a
	done
	stored b1 21 b
	small c1 31 c -
	core-prune -n -v -i 2 -K 0 d | diff - <(cat <<-'EOS'
	stays a1
	would remove a2.gz: too many of one identity
	stays a2
	would remove a3.gz: too many of one identity
	stays a3
	stays a4
	stays b1
	stays c1
	EOS
	)
	core-prune -i 2 -I 3 d | diff - <(printf '%s\n' 'removed a2: too many of one identity' \
		'removed a3.gz: too many of one identity')
	[ "$(states)" = 'a1:whole+ a3:small+ a4:whole+ b1:whole c1:small+' ]
	# What has no full file does not count among those that have.
	core-prune -k 3 -I 9 d | diff - /dev/null
	core-prune -k 2 -K 2 d | diff - <(printf '%s\n' 'removed a1: too many' 'removed a3: too many small cores')
	[ "$(states)" = 'a4:whole+ b1:whole c1:small+' ]
	core-prune -I 9 -k 1 d | diff - <(echo 'removed a4.gz: too many')
	[ "$(states)" = 'a4:small+ b1:whole c1:small+' ]
	core-prune -K 1 d | diff - <(echo 'removed a4: too many small cores')
	[ "$(states)" = 'b1:whole c1:small+' ]
	[ "$(ls d | paste -sd' ')" = 'b1.gz b1.txt c1.small.gz c1.txt' ]
	# Too old is too old.
	small d1 41 d
	core-prune -a 0s -K 9 d >/dev/null
	[ "$(ls d | wc -l)" = 0 ]
}

@test "core-prune: -B bounds the bytes of small cores; a record counts where it stays" {
	need jq
	for i in 1 2 3 4 5; do
		small a$i 1$i a 100000 30000
	done
	core-prune -n -b 500K -B 140K d | diff - <(echo 'would remove a2.small.gz: too many bytes of small cores')
	core-prune -b 200000 -B 100K d | diff - <(cat <<-'EOS'
	removed a2: too many bytes
	removed a3: too many bytes
	removed a4.gz: too many bytes
	EOS
	)
	[ "$(states)" = 'a1:whole+ a4:small+ a5:whole+' ]
	core-prune -b 1 -B 0 d >/dev/null
	[ "$(states)" = 'a1:small+ a4:small+ a5:small+' ]
	core-prune -B 1 d >/dev/null
	[ "$(ls d | wc -l)" = 0 ]
}

@test "core-prune: lack of room: small cores go last, and each user keeps one" {
	need jq
	for i in 1 2 3; do
		small a$i 1$i a 1000 1000
		small b$i 2$i b 1000 1000
		sed -i 's/^record=1$/&\nuid=4711/' d/b$i.txt
	done
	# More than there is: all but the newest of each identity.
	core-prune -n -F 7000T -K 9 d | grep -c 'too little room' | grep -qx 4
	core-prune -n -F 7000T d | grep -c 'too little room' | grep -qx 4
	core-prune -F 7000T -K 9 d >/dev/null
	[ "$(states)" = 'a3:whole+ b3:whole+' ]
	for i in 1 2 4 5 6; do
		small b$i 2$i b$i -
		sed -i 's/^record=1$/&\nuid=4711/' d/b$i.txt
	done
	core-prune -K 4 d >/dev/null
	[ "$(states)" = 'a3:whole+ b3:whole b4:small+ b5:small+ b6:small+' ] || { states; false; }
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	mkdir e
	mount -t tmpfs -o size=8m none e || skip "no tmpfs can be mounted"
	rm -r d
	ln -s e d
	for i in 1 2 3 4 5 6; do
		small a$i 1$i a 1000000 100000
		whose a$i 0
	done
	core-prune -F 4M -K 0 d >said
	there=$(states)
	# Small cores go for as much of it as -S says.
	for n in 0 1 4M; do
		core-prune -n -F 7300K -S $n d >said.$n
	done
	core-prune -n -F 7300K -S 6700K d >said.some
	core-prune -n -F 7300K -S 7300K d >said.all
	core-prune -n -F 7300K -S 9999G d | cmp - said.all
	core-prune -n -F 7300K -K 0 d | cmp - said.all
	# Full files were not enough: the room is for more than they had.
	core-prune -F 7300K -K 0 d >said2
	last=$(states)
	umount e
	[ "$there" = 'a1:whole+ a2:small+ a3:small+ a4:small+ a5:whole+ a6:whole+' ] || { echo "$there"; cat said; false; }
	[ "$(grep -c small.gz said)" = 0 ]
	for n in 0 1 4M; do
		printf 'would remove a%s.gz: too little room\n' 1 5 | diff - said.$n
	done
	[ "$(grep -c 'small.gz:\|a[1-5]:' said.some)" = 2 ] || { cat said.some; false; }
	[ "$(grep -c 'small.gz:\|a[1-5]:' said.all)" = 5 ]
	[ "$last" = a6:whole+ ]
	run ! grep -q a6 said2
	grep -q 'small.gz: too little room\|removed a[1-5]: too little room' said2 || { cat said2; false; }
}

@test "core-prune: -s: a small core stays until it was sent, its full file until that was sent" {
	need jq
	for i in 1 2 3 4; do
		small a$i 1$i a
	done
	echo small_sent=2026-11-25T12:00:00Z | tee -a d/a1.txt d/a2.txt >>d/a3.txt
	echo sent=2026-11-25T12:00:00Z >>d/a2.txt
	# The full one only when somebody asks for it.
	echo on_request=full >>d/a3.txt
	core-prune -s -k 1 -K 1 d | diff - <(printf '%s\n' 'removed a2: too many' 'removed a3.small.gz: too many small cores')
	[ "$(states)" = 'a1:whole+ a3:whole a4:whole+' ]
	core-prune -s -a 0s d | diff - <(echo 'removed a3: too old')
}

@test "core-prune: a small core in use, or a file that only looks like one, stays with its record" {
	need jq
	small a 11 a
	small b 12 b
	small c 13 c
	echo x >d/c.small.txt
	dump c.small time=2026-11-25T10:00:14Z uuid=d
	echo part >d/b.small.gz.partial
	echo part >d/odd.small.gz
	[ "$(states)" = 'a:whole+ b:whole+ c:whole c.small:whole' ]
	[ "$(core-list -j d | jq -r '.[] | select(.name == "b") | .small_file')" = b.small.gz ]
	rm d/b.small.gz.partial
	exec 9<d/a.small.gz
	flock -s 9
	run -1 --separate-stderr core-prune -k 1 d
	[ "$stderr" = 'core-prune: d/a: in use: it stays' ]
	exec 9<&-
	[ -e d/a.txt ]
	core-prune -k 1 d >/dev/null
	[ "$(ls d | paste -sd' ')" = 'c.small.gz c.small.txt odd.small.gz' ] || { ls d; false; }
}

@test "core-prune: a dump larger than the whole limit is removed alone" {
	need jq
	for i in $(seq 10 49); do
		small a$i $i a$i 1000 1000
	done
	small big 59 big 1000 1
	truncate -s 152M d/big.small.gz
	core-prune -B 64M d | diff - <(echo 'removed big.small.gz: too many bytes of small cores')
	[ "$(states | wc -w)" = 41 ]
	truncate -s 152M d/big.gz
	core-prune -K 0 -b 64M d | diff - <(echo 'removed big: too many bytes')
	[ "$(states | wc -w)" = 40 ]
	# With small cores as a part of their dumps; and what was not sent yet.
	small big 59 big 1000 1
	truncate -s 152M d/big.small.gz
	core-prune -s -b 64M d | diff - <(echo 'removed big: too many bytes')
	# One that just fits pushes out others, as any does.
	small big 59 big 1000 1
	truncate -s 65530K d/big.small.gz
	core-prune -B 64M d | grep -c . | grep -qx 36
	[ -e d/big.small.gz ]
}

# service: ten dumps of one program of a service.
service() {
	local i
	for i in $(seq 10 19); do
		stored s$i $i service "${1-1000}"
		whose s$i 33
	done
}

# services: how many of these are left.
services() {
	ls d/s*.gz | wc -l
}

@test "core-prune: a user with a hundred identities takes nothing from a service" {
	service
	for i in $(seq 100 199); do
		dump u$i "time=2026-11-25T11:00:00Z" uuid=u$i
		whose u$i 4711
		: >d/u$i.gz
	done
	core-prune -n -i 10 -k 100 d | grep -c '^would remove u[0-9]*: too many$' | grep -qx 10
	core-prune -n -i 10 -b 30K d | grep -qx 'would remove u100: too many bytes'
	core-prune -i 10 -k 100 d >/dev/null
	[ "$(services)" = 10 ]
	core-prune -k 10 d >/dev/null
	[ "$(services)" = 10 ]
	[ "$(left | wc -w)" = 10 ]
	core-prune -k 9 d | diff - <(echo 'removed s11: too many')
}

@test "core-prune: a dump from a container is charged to the user who made the container" {
	service
	for i in $(seq 100 199); do
		dump u$i "time=2026-11-25T11:00:00Z" uuid=u$i
		whose u$i $((i < 150 ? 100000 + i : 0)) 4711
		: >d/u$i.gz
	done
	stored other 01 other
	whose other 4712
	core-prune -k 100 d >/dev/null
	[ "$(services)" = 10 ]
	[ -e d/other.gz ]
	# Nor may an identity that is forged under a hundred uids be kept a hundred times.
	sed -i 's/^uuid=.*/uuid=service/' d/u*.txt
	core-prune -i 10 d >/dev/null
	[ "$(services)" = 10 ]
	[ "$(ls d/u*.gz | wc -l)" = 10 ]
	# In a container of a service's what a user's uid runs is the user's.
	for i in 1 2 3; do
		stored c$i 3$i c$i
	done
	whose c1 100033 33
	whose c2 4711 0
	whose c3 33 0
	core-prune -k 11 d >/dev/null
	[ "$(left)" = "$(echo s{10..19}) c3" ]
}

@test "core-prune: uids that /etc/subuid gives to a user are charged to that user" {
	unshare -m true || skip 'no mount namespaces here'
	service
	for i in $(seq 100 199); do
		dump u$i "time=2026-11-25T11:00:00Z" uuid=u$i
		whose u$i $((100000 + i))
		: >d/u$i.gz
	done
	for i in 1 2 3; do
		stored o$i 5$i o$i
		whose o$i 4712
		stored r$i 5$i r$i
		whose r$i $((300000 + i))
	done
	printf '%s\n' 4711:100000:65536 root:300000:65536 nobodys:400000:10 5000:x:1 5001: : >subuid
	# Not known to be of one, they are a hundred users, of whom none has more than another.
	core-prune -n -k 100 d | grep -c '^would remove o' | grep -qx 3
	mkdir etc
	cp /etc/passwd subuid etc
	run -0 unshare -m sh -c 'mount --bind etc /etc && core-prune -k 100 d'
	[ "$(grep -c '^removed u' <<<"$output")" = 16 ]
	[ "${#lines[@]}" = 16 ]
	# What root has given to a container is no service's: whoever is root inside can take any uid of it.
	stored n 20 n
	whose n 400001
	run -0 unshare -m sh -c 'mount --bind etc /etc && core-prune -k 10 d'
	[ "$(left)" = 's10 s11 s12 s13 s14 s15 s16 s17 s18 s19' ]
}

@test "core-prune: -u: made-up sizes in a user's directory cost nobody else a dump" {
	room 24m
	mkdir d/1001 d/1002
	for i in 1 2 3; do
		dump v$i "time=2026-11-25T10:00:0${i}Z" uuid=v$i
		mv d/v$i.txt d/1002/
		head -c 1000000 /dev/urandom >d/1002/v$i.gz
	done
	dump big time=2026-11-25T09:00:00Z uuid=big
	mv d/big.txt d/1001/
	head -c 5000000 /dev/urandom >d/1001/big.gz
	# Sizes whose sum is beyond 64 bits, of which nothing is on the disk; and a second name of a file elsewhere.
	for i in 1 2; do
		dump x$i time=2026-11-25T08:00:00Z uuid=x$i
		mv d/x$i.txt d/1001/
		truncate -s 9223372036854775807 d/1001/x$i.gz
	done
	cp d/1001/big.gz d/elsewhere
	dump y time=2026-11-25T07:00:00Z uuid=y
	mv d/y.txt d/1001/
	ln d/elsewhere d/1001/y.gz
	local free
	free=$(stat -f -c '%a*%S' d)
	run -0 core-prune -n -u -F $((free + 4000000)) d
	grep -q '^would remove 1001/big' <<<"$output"
	run ! grep 'would remove 1002' <<<"$output"
}

@test "core-prune: a dump without a uid does not count as a service's" {
	service
	for i in 20 21 22; do
		stored n$i $i n$i
		stored m$i $i m$i
		whose m$i x
		stored l$i $i l$i
		whose l$i 0 x
	done
	core-prune -k 10 d >/dev/null
	[ "$(services)" = 10 ]
	[ "$(left | wc -w)" = 10 ]
}

@test "core-prune: the user who holds most loses, the first and the newest dumps too" {
	for i in $(seq 10 29); do
		stored a$i $i a$i 1000
		whose a$i 4711
	done
	for i in 1 2 3; do
		stored b$i 3$i b 1000
		whose b$i 4712
	done
	core-prune -n -k 6 d | cut -d: -f1 | diff - <(printf 'would remove a%s\n' $(seq 10 26))
	core-prune -n -k 5 d | grep -qx 'would remove b2: too many'
	# By bytes it is who has most of these.
	truncate -s 1M d/b3.gz
	core-prune -n -b 1030K d | diff - <(cat <<-'EOS'
	would remove b1: too many bytes
	would remove b2: too many bytes
	would remove b3: too many bytes
	EOS
	)
	# One who is alone may have it all.
	rm d/b*
	[ "$(core-prune -k 20 d)" = '' ]
}

@test "core-prune: a full disk: users' dumps go before any service's" {
	room 16m
	service 200000
	for i in 1 2 3 4 5 6; do
		stored u$i 3$i u$i 2000000
		whose u$i 4711
	done
	stored o 20 o 500000
	whose o 4712
	# The next is to find room, a service's or not.
	core-prune -F 6M d | cut -d: -f1 | diff - <(printf 'removed u%s\n' 1 2 3)
	[ "$(services)" = 10 ]
	core-prune -F 13M d >/dev/null
	[ "$(services)" = 10 ]
	[ "$(left | wc -w)" = 11 ]
	[ -e d/o.gz ]
	# What has not been sent is no more than what has.
	for i in 4 5; do
		stored u$i 3$i u$i 2000000
		whose u$i 4711
	done
	for i in d/s*.txt; do
		echo sent=2026-11-25T12:00:00Z >>"$i"
	done
	core-prune -s -F 13M d >/dev/null
	[ "$(services)" = 10 ]
	[ ! -e d/u4.gz ]
	[ ! -e d/u5.gz ]
	# Others have filled it so far that not half of the room can be made: the newest of each identity stays.
	core-prune -F 1T d >/dev/null
	[ "$(left)" = 's19 o' ]
	# Where half can, they have not.
	head -c 6000000 /dev/zero >d/stray
	core-prune -F 14M d | diff - <(echo 'removed o: too little room')
}

@test "core-prune: small cores: users' go first too, but each user's last one stays" {
	room 8m
	for i in $(seq 10 19); do
		small s$i $i s$i - 100000
		whose s$i 33
		small u$i $i u$i - 400000
		whose u$i 4711
	done
	small o 09 o - 100000
	whose o 4712
	core-prune -K 0 -F 4M -S 4M d | cut -d: -f1 | diff - <(printf 'removed u%s\n' $(seq 10 12))
	core-prune -K 0 -F 6400K -S 6400K d >/dev/null
	[ "$(left)" = "o $(echo s{10..19}) u19" ] || { left; false; }
}

@test "core-prune: -u: dumps in users' directories go too, but only for lack of room" {
	room 16m
	service 200000
	mkdir d/4711 d/4712 d/100000
	for i in 1 2 3 4 5; do
		stored u$i 3$i u$i 2000000
		# It is the user's to change: whose it is, the directory says.
		whose u$i 0
		mv d/u$i.* d/4711
	done
	stored o 01 o 500000
	mv d/o.* d/4712
	printf '%s\n' x >d/4711/stray.gz
	ln -s .. d/4713
	core-prune -u -F 1 -k 10 -i 10 -b 5M -a 36500d d | diff - /dev/null
	core-prune -nv -F 7M d | grep -c ' 4' | grep -qx 0
	core-prune -nu -F 7M d | diff - <(printf 'would remove 4711/u%s: too little room\n' 1 2)
	core-prune -u -F 7M d | diff - <(printf 'removed 4711/u%s: too little room\n' 1 2)
	[ "$(ls d/4711 | paste -sd' ')" = 'stray.gz u3.gz u3.txt u4.gz u4.txt u5.gz u5.txt' ]
	core-prune -u -F 13M d >/dev/null
	[ "$(services)" = 10 ]
	[ "$(ls d/4711)" = stray.gz ]
	[ -e d/4712/o.gz ]
	# One in use is named.
	exec 9<d/4712/o.gz
	flock -s 9
	run -1 --separate-stderr core-prune -u -F 13900K d
	[[ $stderr == 'core-prune: d/4712/o: in use: it stays' ]]
	exec 9<&-
	# Nor is what a user has mounted there looked at.
	mkdir m
	stored p 01 p
	mv d/p.* m
	mount --bind m d/100000
	core-prune -nuv -F 13900K d >said
	umount d/100000
	grep -q 4712/o said
	run -1 grep 100000 said
}

@test "core-prune: without a rule: the dumps that are named go, and no other" {
	local before
	stored one 01 a
	stored two 02 b
	stored three 03 c
	head -c 100 /dev/zero >d/two.small.gz
	dump four time=2026-11-25T10:00:04Z
	before=$(ls d)
	run -0 core-prune -n -d d two.gz last
	[ "$output" = $'would remove two\nwould remove three' ]
	# One that is not there, and all stay.
	fails_with 2 core-prune -d d two none three
	[ "$stderr" = 'core-prune: none: no such dump in d' ]
	fails_with 2 core-prune -d d ../d/two
	fails_with 2 core-prune -d d -c none two
	[ "$stderr" = 'core-prune: -c none: no such dump in d' ]
	[ "$(ls d)" = "$before" ]
	run -0 core-prune -d d two one two.small.gz
	[ "$output" = $'removed one\nremoved two' ]
	[ "$(left)" = 'three four' ]
	[ ! -e d/two.small.gz ]
	[ -s d/three.gz ]
	# A record alone goes too.
	run -0 core-prune -d d four
	run -0 core-prune -d d last
	[ -z "$(left)" ]
	fails_with 2 core-prune -d d last
	fails_with 2 core-prune -d none last
	usage_error core-prune -d d
	usage_error core-prune -d d -k 1
	usage_error core-prune -c prog -k 1 d
	usage_error core-prune -v -d d one
	usage_error core-prune -l -d d one
	usage_error core-prune -s -d d one
	usage_error core-prune -d d -c ''
}

@test "core-prune: -c: all dumps of a command, but for what is in use or being written" {
	stored one 01 a
	stored two 02 b
	stored three 03 c
	sed -i 's/^comm=.*/comm=other/' d/two.txt
	run -0 core-prune -n -d d -c "$(sed -n 's/^comm=//p' d/one.txt)"
	[ "$output" = $'would remove one\nwould remove three' ]
	exec {held}<d/one.gz
	flock -s $held
	run -1 --separate-stderr core-prune -d d -c "$(sed -n 's/^comm=//p' d/one.txt)"
	[ "$output" = 'removed three' ]
	[ "$stderr" = 'core-prune: d/one: in use: it stays' ]
	exec {held}<&-
	# One of its files is enough.
	echo small >d/one.small.gz
	exec {held}<d/one.small.gz
	flock -s $held
	run -1 core-prune -d d one
	[ -s d/one.gz ]
	exec {held}<&-
	# Its handler is to add its stack yet.
	echo pending=stack >>d/one.txt
	run -1 --separate-stderr core-prune -d d one
	[ "$stderr" = 'core-prune: d/one: is being written: it stays' ]
	sed -i /^pending=/d d/one.txt
	run -0 core-prune -n -d d -c '[o]the?'
	[ "$output" = 'would remove two' ]
	# Its handler is at work.
	sed -i '/^complete=/d; /^stored=/d' d/two.txt
	touch d/two.txt
	run -1 --separate-stderr core-prune -d d two one
	[ "$output" = 'removed one' ]
	[ "$stderr" = 'core-prune: d/two: is being written: it stays' ]
	[ "$(left)" = two ]
}

@test "core-prune: named: in the directory of a user too, but through no link" {
	stored one 01 a
	mkdir d/4711
	mv d/one.* d/4711
	run -0 core-prune -d d 4711/one
	[ "$output" = 'removed 4711/one' ]
	[ -z "$(ls d/4711)" ]
	# Another file of that name is none of the dumps.
	stored one 01 a
	mv d/one.* d/4711
	fails_with 2 core-prune -d d one
	ln -s 4711 d/4712
	fails_with 2 core-prune -d d 4712/one
	[ -s d/4711/one.gz ]
}

@test "core-prune: named: it waits for the lock, as with a rule" {
	stored one 01 a
	: >d/.gzcore.prune
	exec 9<d/.gzcore.prune
	flock 9
	core-prune -d d one >said 3>&- 9>&- &
	sleep 1
	[ -s d/one.gz ]
	exec 9>&-
	wait $!
	[ "$(cat said)" = 'removed one' ]
}

@test "core-prune: named: in the directory of the configuration; none when it cannot be read" {
	configured "$PWD/built" core-prune
	stored one 01 a
	stored two 02 b
	mkdir built/dumps
	mv d/one.* built/dumps
	run -0 built/core-prune one
	[ "$output" = 'removed one' ]
	echo "dir=$PWD/d" >built/gzcoredump.conf
	run -0 built/core-prune -n two
	mv d/two.* built/dumps
	rm built/gzcoredump.conf
	mkfifo built/gzcoredump.conf
	fails_with 2 built/core-prune two
	[ "$stderr" = "core-prune: $PWD/built/gzcoredump.conf: Invalid argument" ]
	[ -s built/dumps/two.gz ]
}
