# core-forward: finished dumps to a remote, against rclone's own servers and a proxy that fails.

load lib/common
load lib/dumps

# started LOG PATTERN: waits for the line of a server that tells its port, and prints the port.
started() {
	soon grep -qE "$2:[0-9]" "$1" >&2 || { cat "$1" >&2; return 1; }
	sed -nE "s/.*$2:([0-9]+).*/\\1/p" "$1"
}

setup_file() {
	command -v rclone >/dev/null || return 0
	cd "$BATS_FILE_TMPDIR" || return 1
	mkdir there proxy
	echo ok >proxy/mode
	rclone serve webdav there --addr 127.0.0.1:0 --dir-cache-time 0 >dav.log 2>&1 3>&- &
	echo $! >pids
	rclone serve sftp there --addr 127.0.0.1:0 --dir-cache-time 0 --user u --pass p >sftp.log 2>&1 3>&- &
	echo $! >>pids
	local dav sftp
	dav=$(started dav.log 'Server started on .*127.0.0.1')
	sftp=$(started sftp.log 'listening on 127.0.0.1')
	python3 "$T/lib/faults.py" "$dav" proxy >proxy.log 2>&1 3>&- &
	echo $! >>pids
	soon [ -e proxy/port ]
	cat >rclone.conf <<-EOS
	[dav]
	type = webdav
	url = http://127.0.0.1:$(cat proxy/port)
	vendor = other
	[sftp]
	type = sftp
	host = 127.0.0.1
	port = $sftp
	user = u
	pass = $(rclone obscure p)
	EOS
}

teardown_file() {
	[ ! -e "$BATS_FILE_TMPDIR/pids" ] || kill $(cat "$BATS_FILE_TMPDIR/pids")
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	P=$BATS_FILE_TMPDIR/proxy
	# Each test has a folder of its own there.
	THERE=$BATS_FILE_TMPDIR/there/$BATS_TEST_NUMBER
	REMOTE=dav:$BATS_TEST_NUMBER
	mode ok
	: >"$P/uploads"
	mkdir -p d
}

# mode NAME: what goes wrong from now on.
mode() {
	echo "$1" >"$P/mode.new"
	mv "$P/mode.new" "$P/mode"
}

# forward [OPTION …]: d is sent to $REMOTE, as by the handler: without an environment.
forward() {
	env -i PATH="$PATH" ${SANITIZER_OPTIONS:-} "$BUILD/core-forward" -c "$BATS_FILE_TMPDIR/rclone.conf" "$@" d "$REMOTE"
}

# stored NAME [BYTES [KEY=VALUE …]]: a whole dump with a body that does not compress.
stored() {
	dump "$1" "${@:3}"
	head -c "${2-3000}" /dev/urandom >"d/$1.gz"
}

# arrived: what is there, without the tags by chance.
arrived() {
	(cd "$THERE" 2>/dev/null && find . -type f) | sed -E 's,^\./,,; s/-[0-9a-f]{8}(\.|$)/-TAG\1/' | sort
}

# whole NAME …: each body is there once, the same, and so is its record, which says so.
whole() {
	local name object
	for name; do
		[ "$(find "$THERE" -name "$name-????????.gz" | wc -l)" = 1 ] || { echo "$name: not once"; return 1; }
		[ "$(find "$THERE" -name "$name-????????.gz.json" | wc -l)" = 1 ] || { echo "$name: record"; return 1; }
		object=$(cd "$THERE" && find . -name "$name-????????.gz")
		cmp "d/$name.gz" "$THERE/$object" || return 1
		[ "$(jq -r .object "$THERE/$object.json")" = "${object#./}" ] || return 1
		grep -qx "object=${object#./}" "d/$name.txt" && grep -q '^sent=20' "d/$name.txt" || return 1
	done
}

@test "core-forward: -h and -V answer on standard output, nonsense is misuse" {
	need rclone
	for option in -h -V; do
		run -0 --separate-stderr core-forward $option
		[ -n "$output" ]
		[ -z "$stderr" ]
		run -2 bash -c "core-forward $option >/dev/full"
	done
	usage_error core-forward
	usage_error core-forward d
	usage_error core-forward d dav: x
	usage_error core-forward -x d dav:
	[[ $stderr == 'core-forward: -x: no such option'$'\n'* ]]
	fails_with 2 core-forward -c
	usage_error core-forward d -- -dav:
	fails_with 2 core-forward -O
	usage_error core-forward -O a b c
	fails_with 2 core-forward missing dav:
	fails_with 2 core-forward d backup
	fails_with 2 core-forward d ''
	fails_with 2 core-forward -c missing d dav:
	for wrong in '' x -1 1h 99999999; do
		fails_with 2 core-forward -w "$wrong" d dav:
	done
	mkdir bin
	for program in sh dirname core-list core-store core-name core-record; do
		ln -s "$(command -v $program)" bin/
	done
	cp -R "$BUILD/core-forward" "$BUILD/libexec" bin/
	run -2 env -i PATH="$PWD/bin" bin/core-forward d dav:
	[ "$output" = 'core-forward: rclone: not found' ]
	stored one
	REMOTE=none:
	run -2 forward
	[[ $output == *"core-forward: "*"didn't find section in config file" ]]
}

@test "core-forward: each dump is sent once with its record; unfinished and foreign files stay" {
	need rclone jq
	stored one 100000 host=web1
	stored two 0 uuid= time=nonsense
	echo host=web/../1 >>d/two.txt
	dump part stored=partial complete=no build_id= uuid=
	echo part >d/part.gz.partial
	dump none stored=no complete=no
	dump gone
	dump open stored= complete=
	at_work open
	echo stray >d/stray.gz
	echo 'no record' >d/note.txt
	echo host=web1 >>d/one.txt
	printf 'frame=#0 a\nframe=#1 b\\0134\nenv=A=1\n' >>d/one.txt
	run -0 --separate-stderr forward -n
	[ -z "$stderr" ]
	sort <<<"$output" | diff - <(printf 'would send %s\n' gone none 'one, 100000 bytes' 'part, 5 bytes' 'two, 0 bytes')
	[ -z "$(arrived)" ]
	run -0 --separate-stderr forward
	[ -z "$output" ]
	[ "$(grep -cE '^core-forward: /.*/d/[a-z]+: sent as .*, verified by size$' <<<"$stderr")" = 5 ]
	id=33d849c9-ff5b-4fbb-9307-242b9c133e5c day=2026-11-25
	arrived | diff - <(sort <<-EOS
	unknown/$day/$id/gone-TAG.json
	unknown/$day/$id/none-TAG.json
	unknown/$day/unknown/part-TAG.gz.partial
	unknown/$day/unknown/part-TAG.gz.partial.json
	web1/$day/$id/one-TAG.gz
	web1/$day/$id/one-TAG.gz.json
	web_.._1/unknown/b23b98b4bd3f853963613715bcede0b83cdf8066/two-TAG.gz
	web_.._1/unknown/b23b98b4bd3f853963613715bcede0b83cdf8066/two-TAG.gz.json
	EOS
	)
	whole one two
	cmp d/part.gz.partial "$THERE/$(sed -n s/^object=//p d/part.txt)"
	valid_json core-forward $(find "$THERE" -name '*.json')
	jq -c '[.name, .state, .size, .pid, .complete, .frame, .env]' "$THERE"/web1/*/*/*.json |
		diff - <(echo '["one","whole",100000,10,true,["#0 a","#1 b\\0134"],["A=1"]]')
	jq -c '[.state, .stored, .file, .size]' "$THERE"/unknown/*/*/{gone,none}*.json |
		diff - <(printf '%s\n' '["gone","whole",null,null]' '["none","no",null,null]')
	# The body comes first.
	grep -E '/one-' "$P/uploads" | sed 's/.*-[0-9a-f]*\.//' | diff - <(printf 'gz\ngz.json\n')
	[ "$(core-list -j d | jq '[.[] | select(.sent)] | length')" = 5 ]
	# The records are as they were, but for what is new.
	grep -vE '^(object|sent|verified)=' d/none.txt >before
	dump again stored=no complete=no
	diff before d/again.txt
	rm d/again.txt
	: >"$P/uploads"
	run -0 forward
	[ -z "$output" ]
	[ ! -s "$P/uploads" ]
	run -0 forward -n
	[ -z "$output" ]
	# Finished now.
	echo complete=no >>d/open.txt
	run -0 forward
	[ "$(wc -l <"$P/uploads")" = 1 ]
	ls -A d | grep -F .gzcore | diff - <(echo .gzcore.forward)
}

@test "core-forward: wrong bytes of the right size are found by checksum, or by reading back" {
	need rclone
	for way in sftp dav; do
		REMOTE=$way:$BATS_TEST_NUMBER
		stored $way 5000
		# Begun, and then something else was there.
		echo "object=h/2026-11-25/i/$way-12345678.gz" >>d/$way.txt
		mkdir -p "$THERE/h/2026-11-25/i"
		head -c 5000 /dev/zero >"$THERE/h/2026-11-25/i/$way-12345678.gz"
		run -0 forward -r
		whole $way
		grep -qxE 'verified=(sha1|bytes)' d/$way.txt
		[[ $way = dav || $output == *', verified by sha1' ]]
	done
	# Half of it, that a run before has left.
	stored half 5000
	echo "object=h/2026-11-25/i/half-12345678.gz" >>d/half.txt
	head -c 2500 d/half.gz >"$THERE/h/2026-11-25/i/half-12345678.gz"
	run -0 forward
	whole half
	# Without more the size has to do.
	stored blind 5000
	echo "object=h/2026-11-25/i/blind-12345678.gz" >>d/blind.txt
	head -c 5000 /dev/zero >"$THERE/h/2026-11-25/i/blind-12345678.gz"
	run -0 forward
	run ! cmp -s d/blind.gz "$THERE/h/2026-11-25/i/blind-12345678.gz"
	grep -qx verified=size d/blind.txt
}

@test "core-forward: every third request fails, and every dump arrives once, whole" {
	need rclone
	for i in 1 2 3 4; do
		stored v.$i $((i * 40000))
	done
	mode third
	run -0 forward
	whole v.1 v.2 v.3 v.4
	[ "$(arrived | wc -l)" = 8 ]
}

@test "core-forward: half a body, no room, no rights, no server: not sent, and not pruned" {
	need rclone
	stored large 9000 time=2026-11-25T10:00:01Z
	for wrong in half denied down full; do
		[ $wrong != down ] || {
			stored larger 10000 time=2026-11-25T10:00:02Z
			stored small 10 time=2026-11-25T10:00:03Z
		}
		mode $wrong
		run -1 --separate-stderr forward -w 0
		case $wrong in
		half) [ "$(arrived | grep -c json)" = 0 ] ;;
		denied) [ "$(grep -c ': not sent: .*403 Forbidden$' <<<"$stderr")" = 1 ] ;;
		# With nobody there one is tried, and the others wait.
		down) [ "${#stderr_lines[@]}" = 1 ] ;;
		full)
			[[ ${stderr_lines[0]} == *'/d/large: not sent: '*'507 Insufficient Storage' ]]
			[[ ${stderr_lines[1]} == *'/d/larger: not sent: no room there' ]]
			[[ ${stderr_lines[2]} == *'/d/small: sent as '* ]]
			;;
		esac
		run -1 grep -l ^sent= d/large*.txt
		core-prune -s -k 1 -i 1 -a 0s d >/dev/null
		[ -e d/large.gz ]
	done
	[ -e d/larger.gz ]
	# What was sent may go.
	[ ! -e d/small.gz ]
	mode ok
	run -0 forward
	whole large larger
	[ "$(arrived | wc -l)" = 6 ]
	core-prune -s -k 1 d >/dev/null
	[ "$(ls d)" = $'larger.gz\nlarger.txt' ]
}

@test "core-forward: a server that comes back is used again; a lost answer makes no second object" {
	need rclone
	stored one 5000
	mode down
	(
		soon grep -q 'again in 1 s' said 2>/dev/null
		mode lost
		soon grep -q /one- "$P/uploads"
		mode ok
	) 3>&- &
	forward -v >said 2>&1
	wait
	whole one
	[ "$(arrived | wc -l)" = 2 ]
}

@test "core-forward: a remote whose answer never ends is not waited for" {
	stored a
	python3 -c '
import socket, time
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
kept = []
while True:
    c = s.accept()[0]
    c.recv(65536)
    c.sendall(b"HTTP/1.1 207 Multi-Status\r\nContent-Type: text/xml\r\n\r\n")
    kept.append(c)' >port 3>&- &
	soon [ -s port ]
	mkdir bin
	printf '#!/bin/sh\n[ "$3" = 600 ] || exit 1\nshift 3\nexec %s 0.5 "$@"\n' "$(command -v timeout)" >bin/timeout
	chmod +x bin/timeout
	PATH=$PWD/bin:$PATH REMOTE=:webdav,url=\"http://127.0.0.1:$(cat port)\":x run -1 --separate-stderr forward -w 1
	kill $!
	[[ $stderr == *'d/a: not sent: no end within 600 s' ]]
	run -1 grep '^sent=' d/a.txt
}

@test "core-forward: one run at a time, which also sends what came while it was at work" {
	need rclone
	stored first 300000
	mode slow
	forward >said 2>&1 3>&- &
	soon grep -q ^object= d/first.txt
	stored second 1000
	run -1 forward
	[ -z "$output" ]
	run -1 forward -v
	[[ $output == *'/d: another is at work' ]]
	[ ! -s "$P/uploads" ]
	wait $!
	whole first second
	[ ! -e d/.gzcore.forward.again ]
}

@test "core-forward: a dump after the last look, whose run finds the lock taken, is still sent" {
	need rclone
	mkdir bin
	ln -s "$BUILD"/core-* bin/
	rm bin/core-list bin/core-forward
	cp -R "$BUILD/core-forward" "$BUILD/libexec" bin/
	# The list that shows nothing: right behind it a dump is finished.
	cat >bin/core-list <<-EOS
	#!/bin/sh
	"$BUILD/core-list" "\$@" >"$PWD/list"
	status=\$?
	if [ \$status = 1 ] && [ -e "$PWD/late.txt" ]; then
		mv "$PWD/late.gz" "$PWD/late.txt" "$PWD/d/"
		"$BUILD/core-forward" "$PWD/d" dav:
		echo \$? >"$PWD/second"
	fi
	cat "$PWD/list"
	exit \$status
	EOS
	chmod +x bin/core-list
	stored late
	mv d/late.* .
	stored early
	env -i PATH="$PATH" bin/core-forward -c "$BATS_FILE_TMPDIR/rclone.conf" d "$REMOTE"
	[ "$(cat second)" = 1 ]
	whole early late
	[ ! -e d/.gzcore.forward.again ]
}

@test "core-forward: killed at any moment, rclone too or not: the next run completes each object" {
	need rclone setsid
	for i in 1 2 3; do
		stored v.$i 150000
	done
	mode slow
	for uploads in 0 1 2 3 4 5; do
		setsid env -i PATH="$PATH" "$BUILD/core-forward" -c "$BATS_FILE_TMPDIR/rclone.conf" d "$REMOTE" \
			>said 2>&1 3>&- &
		pid=$!
		until [ "$(wc -l <"$P/uploads")" -ge $uploads ] && grep -q ^object= d/v.1.txt; do
			kill -0 $pid 2>/dev/null || break
			sleep 0.01
		done
		# Not ours: setsid made it a leader.
		if [ $((uploads % 2)) = 0 ]; then
			kill -9 -- -$pid 2>/dev/null || :
		else
			kill -9 $pid 2>/dev/null || :
		fi
		wait $pid || :
	done
	mode ok
	# An rclone that was left holds the lock until it has ended.
	until forward >said 2>&1; do sleep 0.05; done
	whole v.1 v.2 v.3
	[ "$(arrived | wc -l)" = 6 ]
}

@test "core-forward: a hostile record harms nothing" {
	need rclone
	stored $'a\nb $(touch owned)'
	stored 'c;touch owned;`touch owned`' 100 'uuid=../../..' 'time=2026-11-25T../../x'
	printf 'host=\0057\0012..\n' >>'d/c;touch owned;`touch owned`.txt'
	stored -n 10
	stored long 10
	{ printf 'host='; head -c 200000 /dev/zero | tr '\0' h; echo; } >>d/long.txt
	{ printf 'odd='; head -c 200000 /dev/urandom | tr '\n' x; printf '\nno line\nBAD=1\n=\nstate=open\nname=x\npid=010\npid=x'; } >>d/long.txt
	for i in $(seq 300); do printf 'key%d=1\n' $i; done >>d/long.txt
	stored up 10
	echo 'object=../../up' >>d/up.txt
	stored root 10
	echo 'object=/etc/a/b/c' >>d/root.txt
	stored deep 10
	echo 'object=a/b/.c/d' >>d/deep.txt
	stored link 10
	mv d/link.gz elsewhere
	ln -s ../elsewhere d/link.gz
	ln -s /etc/passwd d/passwd.txt
	run -1 forward
	[ "$(grep -c 'its object= is no path of ours$' <<<"$output")" = 3 ]
	[ ! -e owned ]
	[ ! -e d/owned ]
	for name in up root deep; do
		run -1 grep -q ^sent= d/$name.txt
	done
	whole long
	valid_json core-forward $(find "$THERE" -name '*.json' | tr '\n' ' ')
	[ "$(find "$THERE" -name '*.json' | wc -l)" = 5 ]
	[ "$(find "$THERE" -name '*.gz' | wc -l)" = 4 ]
	# Nothing in a path but what is safe, four deep.
	run -1 bash -c 'cd "$1" && find . -type f | grep -vxE "\./[A-Za-z0-9_][A-Za-z0-9._+,=@!-]*(/[A-Za-z0-9_][A-Za-z0-9._+,=@!-]*){3}"' - "$THERE"
	[ "$(jq -c '[.name, .state, has("pid")]' "$THERE"/hhhh*/*/*/*.json)" = '["long","whole",false]' ]
	[ "$(ls "$THERE" | sort | tail -n 1 | wc -c)" -le 65 ]
	# A lock that leads elsewhere is none.
	rm d/.gzcore.forward
	ln -s "$PWD/precious" d/.gzcore.forward
	run -2 forward
	[ ! -e precious ]
}

@test "core-forward: a record that counts more crashes is sent again, to the same place" {
	need rclone jq
	loop() { printf 'uuid=u\nrecord=1\nhost=h\ntime=2026-11-25T10:20:30Z\n' | core-loop -k 1 u d loop; }
	run -0 loop
	run -1 loop
	forward 2>/dev/null
	[ "$(cat "$THERE"/*/*/*/*.json | jq .loop_count)" = 1 ]
	run -0 forward
	[ -z "$output" ]
	run -1 loop
	run -1 loop
	forward 2>/dev/null
	[ "$(cat "$THERE"/*/*/*/*.json | jq .loop_count)" = 3 ]
	valid_json core-forward "$THERE"/*/*/*/*.json
}

@test "core-forward: a full disk: nothing is sent that could not be marked as sent" {
	need rclone
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	mount -t tmpfs -o size=512k none d || skip "no tmpfs can be mounted"
	stored one 3000
	touch d/.gzcore.forward
	cat /dev/zero >d/zero 2>/dev/null || :
	run -1 --separate-stderr forward
	[ "${#stderr_lines[@]}" = 1 ]
	[ ! -s "$P/uploads" ]
	rm d/zero
	run -0 forward
	cp -r d copy
	umount d
	cp copy/* d
	whole one
	[ "$(wc -l <"$P/uploads")" = 2 ]
}

@test "core-forward: a streamed dump gets its record beside it; a pending one waits" {
	need rclone
	dump streamed stored=no
	printf 'object=h/2026-11-25/i/streamed-0123abcd.gz\nobject_whole=yes\n' >>d/streamed.txt
	stored pending
	echo pending=stack >>d/pending.txt
	stored lost
	echo pending=stack >>d/lost.txt
	touch -d '1 hour ago' d/lost.txt
	run -0 forward
	[ "${#lines[@]}" = 2 ]
	whole lost
	[ "$(jq -c '[.object, .object_whole]' "$THERE/h/2026-11-25/i/streamed-0123abcd.gz.json")" = \
		'["h/2026-11-25/i/streamed-0123abcd.gz",true]' ]
	run -1 grep -q ^object= d/pending.txt
	sed -i /^pending=/d d/pending.txt
	run -0 forward
	whole pending
}

@test "core-forward: -O makes a path from a record's lines, a new one each time" {
	path() { core-forward "$@" <<<$'uuid=abc\nhost=a b\ntime=2026-11-25T10:20:30Z\ncomm=x'; }
	path -O prog.1 gz.age >one
	grep -qxE 'a_b/2026-11-25/abc/prog\.1-[0-9a-f]{8}\.gz\.age' one
	path -O prog.1 gz.age >two
	run ! cmp -s one two
	path -H unit7 -O 'a/../b' | grep -qxE 'unit7/2026-11-25/abc/a_.._b-[0-9a-f]{8}'
	core-forward -O x gz </dev/null | grep -qxE 'unknown/unknown/unknown/x-[0-9a-f]{8}\.gz'
	long=$(head -c 500 /dev/zero | tr '\0' n)
	run -0 core-forward -H "$long" -O "$long" "$long" </dev/null
	[ "$(tr / '\n' <<<"$output" | awk '{ print length }' | sort -n | tail -n 1)" -le 240 ]
	run -2 core-forward -O $'a\nb' </dev/null
}

@test "core-forward: jq alone groups a fleet's crashes by their stacks" {
	need rclone jq
	for host in a b c; do
		stored $host 100 fingerprint=$([ $host = c ] && echo 1111111111111111 || echo 2222222222222222)
		echo host=$host >>d/$host.txt
	done
	forward 2>/dev/null
	env -i PATH="$PATH" rclone --config "$BATS_FILE_TMPDIR/rclone.conf" copy --include '*.json' "$REMOTE" fleet
	find fleet -name '*.json' -exec cat {} + |
		jq -r '[.fingerprint, .comm, .host] | @tsv' | sort | awk '{ n[$1]++; who[$1] = $2 } END { for (f in n) print n[f], who[f], f }' |
		sort -rn | diff - <(printf '%s\n' '2 victim 2222222222222222' '1 victim 1111111111111111')
}

# small NAME [BYTES [SMALL [KEY=VALUE …]]]: as stored, with a small core; BYTES -: that alone.
small() {
	stored "$1" "${2/#-/0}" "${@:4}"
	[ "$2" != - ] || rm "d/$1.gz"
	head -c "$3" /dev/urandom >"d/$1.small.gz"
}

# there NAME: the small core and its record are there, the same, and the record says so.
there() {
	local object
	object=$(sed -n 's/^small_object=//p' "d/$1.txt")
	[[ $object == */$1-????????.small.gz ]] && cmp "d/$1.small.gz" "$THERE/$object" || return 1
	[ "$(jq -r .small_object "$THERE/$(sed -n 's/^object=//p' "d/$1.txt").json")" = "$object" ] || return 1
	grep -q '^small_sent=20' "d/$1.txt" && grep -qxE 'small_verified=(size|sha1)' "d/$1.txt"
}

@test "core-forward: all small cores first, then the full ones, one JSON for both, nothing twice" {
	need rclone jq
	small one 50000 500 time=2026-11-25T10:00:01Z
	small two 60000 600 time=2026-11-25T10:00:02Z
	small alone - 700 time=2026-11-25T10:00:03Z stored=no complete=no
	stored plain 800 time=2026-11-25T10:00:04Z
	run -0 --separate-stderr forward -n
	diff - <(echo "$output") <<-'EOS'
	would send one: the small core, 500 bytes
	would send two: the small core, 600 bytes
	would send alone: the small core, 700 bytes
	would send one, 50000 bytes
	would send two, 60000 bytes
	would send plain, 800 bytes
	EOS
	run -0 --separate-stderr forward -v
	[ "$(grep -c ', the small core, [567]00 bytes, verified by size$' <<<"$stderr")" = 3 ]
	sed -E 's,^.*/,,; s/-[0-9a-f]{8}/-TAG/' "$P/uploads" | diff - <(cat <<-'EOS'
	one-TAG.small.gz
	one-TAG.gz.json
	two-TAG.small.gz
	two-TAG.gz.json
	alone-TAG.small.gz
	alone-TAG.json
	one-TAG.gz
	one-TAG.gz.json
	two-TAG.gz
	two-TAG.gz.json
	plain-TAG.gz
	plain-TAG.gz.json
	EOS
	)
	whole one two plain
	for name in one two alone; do
		there $name
		grep -q ^sent= d/$name.txt
	done
	valid_json core-forward $(find "$THERE" -name '*.json')
	jq -r '[.name, .state, .small_file, .small_size] | @tsv' "$THERE"/*/*/*/*.json | sort | tr '\t' ' ' |
		diff - <(printf '%s\n' 'alone small alone.small.gz 700' 'one whole one.small.gz 500' 'plain whole  ' \
			'two whole two.small.gz 600')
	: >"$P/uploads"
	run -0 forward
	[ -z "$output" ]
	[ ! -s "$P/uploads" ]
	run -1 core-list -w d
}

@test "core-forward: -s sends small cores and records; -N or a run without -s sends the full core" {
	need rclone jq
	small one 50000 500
	small two 60000 600
	stored plain 800
	dump none stored=no complete=no
	run -0 --separate-stderr forward -s -n
	sort <<<"$output" | diff - <(printf '%s\n' 'would send none: the record' 'would send one: the small core, 500 bytes' \
		'would send plain: the record' 'would send two: the small core, 600 bytes')
	forward -s 2>/dev/null
	arrived | sed 's,.*/,,' | diff - <(printf '%s\n' none-TAG.json one-TAG.gz.json one-TAG.small.gz plain-TAG.gz.json \
		two-TAG.gz.json two-TAG.small.gz | sort)
	there one && there two
	jq -c '[.name, has("object"), has("small_object")]' "$THERE"/*/*/*/*.json | sort |
		diff - <(printf '%s\n' '["none",true,false]' '["one",false,true]' '["plain",false,false]' '["two",false,true]')
	valid_json core-forward $(find "$THERE" -name '*.json')
	[ "$(grep -l '^on_request=full$' d/*.txt | paste -sd' ')" = 'd/one.txt d/plain.txt d/two.txt' ]
	[ "$(grep -l '^sent=' d/*.txt)" = d/none.txt ]
	: >"$P/uploads"
	run -0 forward -s
	[ -z "$output" ]
	[ ! -s "$P/uploads" ]
	# It was not sent by mistake: what waits for a request may go, what waits for a line may not.
	core-prune -n -s -k 1 d | grep -c ^would | grep -qx 3
	fails_with 2 core-forward -N missing d dav:
	[ "$stderr" = 'core-forward: missing: no such dump' ]
	run -0 forward -N two
	whole two
	there two
	[ "$(wc -l <"$P/uploads")" = 2 ]
	run -0 forward -N two
	[ -z "$output" ]
	run -0 forward
	whole one two plain
	[ "$(arrived | wc -l)" = 9 ]
	valid_json core-forward $(find "$THERE" -name '*.json')
	jq -e .object "$THERE"/*/*/*/*.json >/dev/null
	# What a run without -s has begun may be left too.
	small three 900 90
	echo small_sent=2026-11-25T12:00:00Z >>d/three.txt
	run -0 forward -s
	grep -qx on_request=full d/three.txt
}

@test "core-forward: a small core that comes during a full one's transfer is sent next" {
	need rclone
	stored a 300000 time=2026-11-25T10:00:01Z
	stored b 1000 time=2026-11-25T10:00:02Z
	mode slow
	forward >said 2>&1 3>&- &
	soon grep -q ^object= d/a.txt
	small c 2000 200 time=2026-11-25T10:00:03Z
	run -1 forward
	mode ok
	wait $!
	whole a b c
	there c
	sed -E 's,^.*/,,; s/-[0-9a-f]{8}/-TAG/' "$P/uploads" | grep -v json | uniq |
		diff - <(printf '%s\n' a-TAG.gz c-TAG.small.gz b-TAG.gz c-TAG.gz)
}

@test "core-forward: small cores: no room, streamed dumps, parts, and paths that are not ours" {
	need rclone jq
	small tight 5000 4000
	mode full
	run -1 --separate-stderr forward -w 0
	[[ $stderr == *'/d/tight: not sent: '*'507 Insufficient Storage' ]]
	run -1 grep -E '^(small_)?sent=' d/tight.txt
	[ "$(core-prune -s -n -k 1 -K 1 d | wc -l)" = 0 ]
	mode ok
	# The body is there: with the small core all is.
	small streamed - 300 stored=no
	printf 'object=h/2026-11-25/i/streamed-0123abcd.gz\nobject_whole=yes\n' >>d/streamed.txt
	dump part stored=no complete=no
	echo part >d/part.small.gz.partial
	small bad 100 10
	printf 'object=a/b/c/d\nsmall_object=../up\n' >>d/bad.txt
	small odd 100 10
	echo 'object=a/b/c/other' >>d/odd.txt
	run -1 --separate-stderr forward
	[ "$(grep -c 'its object= is no path of ours$' <<<"$stderr")" = 1 ]
	whole tight
	there tight
	[ -e "$THERE/h/2026-11-25/i/streamed-0123abcd.small.gz" ]
	jq -e '.object_whole and .object and .small_object' "$THERE/h/2026-11-25/i/streamed-0123abcd.gz.json"
	grep -q ^sent= d/streamed.txt
	cmp d/part.small.gz.partial "$THERE/$(sed -n s/^small_object=//p d/part.txt)"
	# One that is gone before it was sent is named nowhere.
	stored went 100
	printf 'object=a/b/c/went\nsmall_object=a/b/c/went.small\n' >>d/went.txt
	run -1 forward
	[ "$(jq -c '[.object, .small_object]' "$THERE/a/b/c/went.json")" = '["a/b/c/went",null]' ]
	[ -e "$THERE/a/b/c/other" ]
	[ -e "$THERE/a/b/c/other.small.gz" ]
	run -1 grep -E '^(small_)?sent=' d/bad.txt
	valid_json core-forward $(find "$THERE" -name '*.json')
}

# module KIND HEX BYTES [FILE]: a file of a module, kept for the dumps in d.
module() {
	mkdir -p "d/modules/$1/$2"
	head -c "$3" /dev/urandom >"d/modules/$1/$2/${4-executable}"
}

# names NAME KIND/HEX ...: the record says that these modules of its are kept.
names() {
	local id at=16
	for id in "${@:2}"; do
		printf 'kept_module=0x%x %s\n' $((at *= 2)) "$id"
	done >>"d/$1.txt"
}

# sent_paths: what was uploaded, in order, without the tags.
sent_paths() {
	sed -E "s,^/$BATS_TEST_NUMBER/,,; s/-[0-9a-f]{8}\./-TAG./; s,.*/([^/]*-TAG),\1," "$P/uploads"
}

@test "core-forward: each module is sent once, after small cores and before the whole ones" {
	need rclone jq
	id=$(printf 'ab%038d' 1) uuid=$(printf '%032d' 2) sum=$(printf '%064d' 3)
	module buildid $id 3000
	module buildid $id 2000 debuginfo
	module uuid $uuid 1000
	module digest $sum 500
	echo /srv/app >d/modules/uuid/$uuid/paths
	module buildid 0123 700
	mkdir -p debug/.build-id/01
	echo debug >debug/.build-id/01/23.debug
	small one 9000 400 time=2026-11-25T10:00:01Z
	stored two 800 time=2026-11-25T10:00:02Z
	names one buildid/$id uuid/$uuid buildid/$id
	names two buildid/$id digest/$sum
	run -0 --separate-stderr forward -n
	diff - <(echo "$output") <<-EOS
	would send one: the small core, 400 bytes
	would send one, 9000 bytes
	would send two, 800 bytes
	would send buildid/0123/executable, 700 bytes
	would send buildid/$id/executable, 3000 bytes
	would send uuid/$uuid/executable, 1000 bytes
	would send digest/$sum/executable, 500 bytes
	EOS
	forward -d debug 2>said
	diff - <(sent_paths) <<-EOS
	one-TAG.small.gz
	one-TAG.gz.json
	buildid/$id/executable
	buildid/$id/debuginfo
	uuid/$uuid/executable
	one-TAG.gz.json
	one-TAG.gz
	one-TAG.gz.json
	digest/$sum/executable
	two-TAG.gz
	two-TAG.gz.json
	buildid/0123/executable
	buildid/0123/debuginfo
	EOS
	whole one two
	(cd d/modules && find . -name executable -exec cmp {} "$THERE/{}" ';')
	cmp d/modules/buildid/$id/debuginfo "$THERE/buildid/$id/debuginfo"
	cmp debug/.build-id/01/23.debug "$THERE/buildid/0123/debuginfo"
	grep -qx "core-forward: $PWD/d/modules/uuid/$uuid/executable: sent as uuid/$uuid/executable, 1000 bytes, verified by size" said
	for name in one two; do
		jq -er .modules_sent "$THERE"/*/*/*/$name-*.json | grep -q ^20
	done
	valid_json core-forward $(find "$THERE" -name '*-*.json')
	[ "$(grep -lE '^sent=20' d/*.txt | wc -l)" = 2 ]
	# Once: another dump of the same program costs no request for them, nor does a run without dumps.
	: >"$P/uploads"
	run -0 forward -d debug
	[ -z "$output" ]
	small three - 400
	names three buildid/$id
	forward -d debug 2>/dev/null
	sent_paths | diff - <(printf '%s\n' three-TAG.small.gz three-TAG.json)
	jq -e .modules_sent "$THERE"/*/*/*/three-*.json
	# Another directory finds by asking that they are there.
	: >"$P/uploads"
	rm d/.gzcore.forward.modules
	forward 2>said
	[ ! -s "$P/uploads" ]
	[ ! -s said ]
	grep -c ' there ' d/.gzcore.forward.modules | grep -qx 4
	# What was there a week ago may have been removed.
	sed -i 's/^[0-9]*/1000000000/' d/.gzcore.forward.modules
	rm "$THERE/buildid/0123/executable"
	forward 2>/dev/null
	sent_paths | diff - <(echo buildid/0123/executable)
	[ "$(forward -n -m; echo $?)" = 0 ]
}

@test "core-forward: a remote that refuses modules, or has another file there, gets the dumps" {
	need rclone jq
	id=$(printf 'cd%038d' 1) other=$(printf 'ef%038d' 1)
	module buildid $id 3000
	module buildid $other 3000
	small one - 400 time=2026-11-25T10:00:01Z
	stored two 800 time=2026-11-25T10:00:02Z
	names one buildid/$id
	names two buildid/$other buildid/$id
	mode picky
	run -1 --separate-stderr forward
	[ "$(grep -c 'buildid/.*/executable: not sent: .*403 Forbidden' <<<"$stderr")" = 1 ]
	whole two
	there one
	grep -q ^sent=20 d/one.txt
	[ "$(cat "$THERE"/*/*/*/*.json | jq -c .modules_sent | sort -u)" = null ]
	# -m leaves them out.
	run -0 forward -m
	[ -z "$output" ]
	mode down
	run -1 --separate-stderr forward -w 0
	[ "${#stderr_lines[@]}" = 1 ]
	mode ok
	mkdir -p "$THERE/buildid/$other"
	echo theirs >"$THERE/buildid/$other/executable"
	run -0 --separate-stderr forward
	[[ $stderr == *"core-forward: buildid/$other/executable: left as it is: has 7 bytes there"* ]]
	grep -qx theirs "$THERE/buildid/$other/executable"
	cmp d/modules/buildid/$id/executable "$THERE/buildid/$id/executable"
	run -0 forward
	[ -z "$output" ]
	# A part that a killed run of ours has left is replaced.
	module buildid 4567 3000
	printf '1 begun buildid/4567/executable 3000 %s/\n' "$REMOTE" >>d/.gzcore.forward.modules
	mkdir "$THERE/buildid/4567"
	echo part >"$THERE/buildid/4567/executable"
	forward 2>/dev/null
	cmp d/modules/buildid/4567/executable "$THERE/buildid/4567/executable"
	# What is no module of ours is not looked at: links, names out of the tree, those of users.
	module buildid 89ab 10
	mv d/modules/buildid/89ab/executable secret
	ln -s ../../../../secret d/modules/buildid/89ab/executable
	module buildid XY 10
	mkdir -p d/1000
	cp -R d/modules d/1000/modules
	stored three 800
	names three ../../secret buildid/../../../secret buildid/ uuid/12 buildid/XY buildid/89ab
	: >"$P/uploads"
	forward 2>/dev/null
	sent_paths | diff - <(printf '%s\n' three-TAG.gz three-TAG.gz.json)
	# A list of them that leads elsewhere is none.
	rm d/.gzcore.forward.modules
	ln -s "$PWD/precious" d/.gzcore.forward.modules
	run -2 forward
	[ ! -e precious ]
	# It is written anew in a file that nobody has put there.
	rm d/.gzcore.forward.modules
	echo mine >precious
	ln -s "$PWD/precious" d/.gzcore.forward.modules.new
	yes "1 begun x 1 none" | head -n 9000 >d/.gzcore.forward.modules
	forward 2>/dev/null
	[ "$(cat precious)" = mine ]
	[ ! -L d/.gzcore.forward.modules ]
	[ "$(wc -l <d/.gzcore.forward.modules)" -lt 4200 ]
}

# of_user NAME UID ID:OWNER:BUILDID ...: the record names kept modules of a process of a user, by whom each was made, and
# which build-id it has.
of_user() {
	local module at=16 owner id
	printf 'uid=%s\n' "$2" >>"d/$1.txt"
	for module in "${@:3}"; do
		IFS=: read -r module owner id <<<"$module"
		at=$(printf 0x%x $((at * 2)))
		printf 'kept_module=%s %s\nmodule=%s-0x99999 %s /home/a - b/prog\n' "$at" "$module" "$at" "${id:--}"
		[ -z "$owner" ] || printf 'kept_owner=%s %s\n' "$at" "$owner"
	done >>"d/$1.txt"
}

@test "core-forward: files of users go to a symbol server of that user of that host alone" {
	need rclone jq
	libc=$(printf 'ab%038d' 1) prog=$(printf 'cd%038d' 2) other=$(printf 'ef%038d' 3)
	for n in 1 2 3 4 5 6; do
		sum[n]=digest/$(printf '%064d' $n)
		module digest ${sum[n]#*/} ${n}00
	done
	module buildid $libc 3000
	module digest ${sum[1]#*/} 50 debuginfo
	small one - 400 time=2026-11-25T10:00:01Z
	# Their own libc; one of another user, one that all may write; without a build-id, with a bad one; and the host's.
	of_user one 1000 ${sum[1]}:1000:$libc ${sum[2]}:1001:$prog ${sum[3]}::$prog ${sum[4]}:1000: ${sum[5]}:1000:../../up \
		buildid/$libc::$libc
	# Root's program of a file that others might replace.
	stored two 800 time=2026-11-25T10:00:02Z host=unit7
	of_user two 0 ${sum[2]}:0:$libc ${sum[3]}:1000:$prog
	# In a container without root, of who made that.
	stored three 800 time=2026-11-25T10:00:03Z
	echo host=unit7 >>d/three.txt
	echo container_owner=1000 >>d/three.txt
	of_user three 100033 ${sum[6]}:1000:$other ${sum[1]}:1001:$libc
	forward -n -d debug | grep users | diff - <(cat <<-EOS
	would send users/unknown/1000/buildid/$libc/executable, 100 bytes
	would send users/unknown/1000/buildid/$libc/debuginfo, 50 bytes
	would send users/unit7/100033/buildid/$other/executable, 600 bytes
	EOS
	)
	forward -d debug 2>said
	(cd "$THERE" && find users -type f | sort) | diff - <(cat <<-EOS
	users/unit7/100033/buildid/$other/executable
	users/unknown/1000/buildid/$libc/debuginfo
	users/unknown/1000/buildid/$libc/executable
	EOS
	)
	cmp "d/modules/${sum[1]}/executable" "$THERE/users/unknown/1000/buildid/$libc/executable"
	cmp "d/modules/${sum[1]}/debuginfo" "$THERE/users/unknown/1000/buildid/$libc/debuginfo"
	cmp "d/modules/buildid/$libc/executable" "$THERE/buildid/$libc/executable"
	cmp "d/modules/${sum[6]}/executable" "$THERE/${sum[6]}/executable"
	grep -q "/modules/${sum[6]}/executable: sent as users/unit7/100033/buildid/$other/executable, 600 bytes, verified by" said
	jq -r '[.name, .symbols, has("modules_sent")] | @tsv' "$THERE"/*/*/*/*-????????*.json | sort | diff - <(
		printf '%s\t%s\ttrue\n' one users/unknown/1000 three users/unit7/100033 two '')
	valid_json core-forward $(find "$THERE" -name '*-*.json')
	# Once: another dump of the same program says at once where its modules are.
	: >"$P/uploads"
	small four - 300
	of_user four 1000 ${sum[1]}:1000:$libc
	forward -d debug 2>/dev/null
	sent_paths | diff - <(printf '%s\n' four-TAG.small.gz four-TAG.json)
	jq -e '.symbols == "users/unknown/1000" and .modules_sent' "$THERE"/*/*/*/four-*.json
	# The same id of another user, and of another host, is another file; without modules there is no server.
	: >"$P/uploads"
	stored five 800
	of_user five 1001 ${sum[2]}:1001:$libc
	forward -H web 2>/dev/null
	sent_paths | diff - <(printf '%s\n' users/web/1001/buildid/$libc/executable five-TAG.gz five-TAG.gz.json)
	cmp "d/modules/${sum[2]}/executable" "$THERE/users/web/1001/buildid/$libc/executable"
	stored six 800
	of_user six 1000 ${sum[1]}:1000:$libc
	forward -m 2>/dev/null
	jq -e '.symbols == null' "$THERE"/*/*/*/six-*.json
}

@test "core-forward: an HTTP server of the remote's files is a symbol server" {
	need rclone debuginfod-find
	printf 'int main(void) { return 0; }\n' >prog.c
	${CC:-cc} -Wl,--build-id -o prog prog.c
	id=$(elf-uuid -b prog)
	mkdir -p "d/modules/buildid/$id" there
	mv prog "d/modules/buildid/$id/executable"
	stored one 800
	names one "buildid/$id"
	env -i PATH="$PATH" ${SANITIZER_OPTIONS:-} "$BUILD/core-forward" d "$PWD/there" 2>said
	grep -q "verified by sha256" said
	python3 -u -m http.server -b 127.0.0.1 -d there 0 >served 2>&1 3>&- &
	# Serving HTTP on 127.0.0.1 port 40000 (http://127.0.0.1:40000/) ...
	port=$(started served '127.*127.0.0.1')
	HOME=$PWD DEBUGINFOD_CACHE_PATH=$PWD/cache DEBUGINFOD_URLS=http://127.0.0.1:$port/ \
		run -0 --separate-stderr debuginfod-find executable "$id"
	kill %%
	cmp "d/modules/buildid/$id/executable" "$output"
}
