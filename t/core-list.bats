# core-list: what is stored in a directory.

load lib/common
load lib/dumps
load lib/stored

# table: what is listed without the header, a blank between two columns.
table() {
	core-list "$@" d | sed 1d | tr -s ' '
}

@test "core-list: -h and -V answer on standard output, a bad option is misuse" {
	for tool_option in -h -V; do
		run -0 core-list $tool_option
		run -2 bash -c "core-list $tool_option >/dev/full"
	done
	usage_error core-list -x
	usage_error core-list a b
	fails_with 2 core-list missing
	[ "$stderr" = 'core-list: missing: No such file or directory' ]
	: >file
	fails_with 2 core-list file
}

@test "core-list: newest first, each with its state and its size" {
	dump old time=2026-11-24T00:00:00Z
	head -c 1500 /dev/zero >d/old.gz
	dump cut time=2026-11-26T00:00:00Z complete=no comm=b
	: >d/cut.gz
	dump part time=2026-11-25T00:00:01Z stored=partial complete=no uuid= signame=SIGABRT
	head -c 999 /dev/zero >d/part.gz.partial
	dump none time=2026-11-25T00:00:02Z stored=no complete=no fingerprint= build_id= uuid=
	dump open time=2026-11-25T00:00:03Z stored= complete= fingerprint=
	at_work open
	dump gone time=2026-11-25T00:00:04Z
	dump a.b.c time=2026-11-25T00:00:05Z
	head -c 3145728 /dev/zero >d/a.b.c.gz.age
	dump a.b time=2026-11-25T00:00:05Z
	truncate -s 20G d/a.b.gz
	run -0 core-list d
	[ "${lines[0]}" = "$(printf '%-20s  %-15s  %-8s  %5s  %-7s  %-16s  %-8s  %s' TIME COMMAND SIGNAL SIZE STATE \
		STACK IDENTITY NAME)" ]
	table | diff - <(cat <<-'EOF'
	2026-11-26T00:00:00Z b SIGSEGV 0 cut e6e54d0c0ab3be17 33d849c9 cut
	2026-11-25T00:00:05Z victim SIGSEGV 3.0M whole e6e54d0c0ab3be17 33d849c9 a.b.c
	2026-11-25T00:00:05Z victim SIGSEGV 20G whole e6e54d0c0ab3be17 33d849c9 a.b
	2026-11-25T00:00:04Z victim SIGSEGV - gone e6e54d0c0ab3be17 33d849c9 gone
	2026-11-25T00:00:03Z victim SIGSEGV - open - 33d849c9 open
	2026-11-25T00:00:02Z victim SIGSEGV - none - - none
	2026-11-25T00:00:01Z victim SIGABRT 999 partial e6e54d0c0ab3be17 b23b98b4 part
	2026-11-24T00:00:00Z victim SIGSEGV 1.5K whole e6e54d0c0ab3be17 33d849c9 old
	EOF
	)
	core-list -j d | jq -c '[.[] | [.name, .state, .file, .size]]' | diff - <(printf '%s\n' \
		'[["cut","cut","cut.gz",0],["a.b.c","whole","a.b.c.gz.age",3145728],["a.b","whole","a.b.gz",21474836480],["gone","gone",null,null],["open","open",null,null],["none","none",null,null],["part","partial","part.gz.partial",999],["old","whole","old.gz",1500]]')
	core-list -j d | jq -e '.[0].exe == "/opt/victim" and .[0].comm == "b" and (.[6] | has("uuid") | not)'
	# Of one second: the number of the process grows, and so does that of a name that was taken.
	mkdir e
	for name in p.999 p.1001 p.1000-2 p.1000 p.1000-1 p.1000-10; do cp d/old.txt e/$name.txt; done
	core-list -j e | jq -r '.[].name' | diff - <(printf 'p.%s\n' 1001 1000-10 1000-2 1000-1 1000 999)
}

@test "core-list: a dump without an end is open while its record is new or locked, and then lost" {
	dump one stored= complete=
	state() { core-list d | awk 'NR > 1 { print $5, $4, $NF }'; }
	[ "$(state)" = 'open - one' ]
	touch -d '11 seconds ago' d/one.txt
	[ "$(state)" = 'lost - one' ]
	# A clock that jumped back.
	touch -d '1 hour' d/one.txt
	[ "$(state)" = 'lost - one' ]
	core-store -l 6 other sh -c ': >started; until [ -e go ]; do sleep 0.02; done' </dev/null 6<d/one.txt 3>&- &
	soon [ -e started ]
	[ "$(state)" = 'open - one' ]
	# Whoever looks is not in the way of the next.
	[ "$(state)" = 'open - one' ]
	: >go
	wait $!
	[ "$(state)" = 'lost - one' ]
	# It can have come as far as a file, of either kind.
	echo part >d/one.gz.partial
	[ "$(state)" = 'lost 5 one' ]
	mv d/one.gz.partial d/one.gz
	[ "$(state)" = 'lost 5 one' ]
	# The end is what counts.
	echo complete=no >>d/one.txt
	[ "$(state)" = 'none - one' ]
}

@test "core-list: -c, -i, -s and -u select by command, identity and time" {
	dump one comm=cron time=2026-11-24T10:00:00Z
	dump two comm=crond time=2026-11-25T10:00:00Z uuid= fingerprint=0123456789abcdef
	dump three comm=nginx time=2026-10-31T23:59:59Z build_id=ff00 uuid=
	names() { core-list "$@" d | sed 1d | awk '{ print $NF }' | paste -sd' '; }
	[ "$(names)" = 'two one three' ]
	[ "$(names -c cron)" = one ]
	[ "$(names -c 'cron*')" = 'two one' ]
	[ "$(names -i 33d8)" = one ]
	[ "$(names -i ff)" = three ]
	[ "$(names -i 0123456789abcdef)" = two ]
	[ "$(names -s 2026-11-24T10:00:00Z)" = 'two one' ]
	[ "$(names -s 2026-11-24T10:00:01Z)" = two ]
	[ "$(names -u 2026-11-24)" = 'one three' ]
	[ "$(names -u 2026-10)" = three ]
	[ "$(names -s 2026-11 -u 2026-11-24 -c 'c*')" = one ]
	[ "$(names -s 36500d)" = 'two one three' ]
	run -1 core-list -s 0s -u 2026 d
	dump before time="$(date -u -d '1 day ago' +%Y-%m-%d)T00:00:00Z"
	[ "$(names -s yesterday -u yesterday)" = before ]
	[ "$(names -u yesterday)" = 'before two one three' ]
	rm d/before.txt
	dump now time="$(date -u +%Y-%m-%dT%H:%M:%SZ)"
	[ "$(names -s today)" = now ]
	[ "$(names -s 1h)" = now ]
	[ "$(names -u 1m)" = 'two one three' ]
	for wrong in '' x 1 202 2026-1x 2026-11-25T10:00:00Zx 1y -1d 99999999d 5hh; do
		fails_with 2 core-list -s "$wrong" d
		fails_with 2 core-list -u "$wrong" d
	done
}

@test "core-list: -k selects by a line of the record" {
	dump one signame=SIGABRT
	dump two
	printf 'unit=nginx.service\nframe=#0  first\nframe=#1  second\n' >>d/two.txt
	dump three
	printf 'unit=\nunits=nginx.service\n' >>d/three.txt
	names() { core-list "$@" d | sed 1d | awk '{ print $NF }' | sort | paste -sd' '; }
	[ "$(names -k signame=SIGABRT)" = one ]
	[ "$(names -k signame=SIG*)" = 'one three two' ]
	[ "$(names -k 'unit=nginx*')" = two ]
	[ "$(names -k 'frame=*second')" = two ]
	[ "$(names -k unit=)" = three ]
	run -1 core-list -k 'unit=NGINX*' d
	run -1 core-list -k 'none=*' d
	for wrong in '' unit =x; do
		fails_with 2 core-list -k "$wrong" d
		[[ $stderr == "core-list: -k $wrong: not KEY=PATTERN"* ]]
	done
}

@test "core-list: -a prints everything in the record; a key always has the same type" {
	need jq
	dump one
	: >d/one.gz
	cat >>d/one.txt <<-'EOF'
	frame=#0 a
	pid=7
	frame=#1 \0134 \0303\0251 \0377 "
	limit=18446744073709551615
	env=A=b=c
	exe_deleted=no
	sigcode=1
	new_key=12
	uid=-1
	gid=00
	object_whole=maybe
	sent=2026-11-25T12:00:00Z
	verified=md5
	object=a/b/c/d
	state=open
	=x
	Bad=x
	EOF
	printf 'signame=SIG' >>d/one.txt
	core-list -aj d | sed '1s/^\[//; $s/\]$//' >json
	valid_json core-forward json
	jq -S -c . json | diff - <(jq -S -c . <<-'EOF'
	{"name": "one", "state": "whole", "file": "one.gz", "size": 0, "object": "a/b/c/d", "record": 1, "complete": true,
	 "uuid": "33d849c9-ff5b-4fbb-9307-242b9c133e5c", "build_id": "b23b98b4bd3f853963613715bcede0b83cdf8066",
	 "pid": 7, "signame": "SIG", "comm": "victim", "exe": "/opt/victim", "time": "2026-11-25T10:20:30Z",
	 "fingerprint": "e6e54d0c0ab3be17", "stored": "whole", "frame": ["#0 a", "#1 \\0134 é \\0377 \""],
	 "limit": 18446744073709551615, "env": ["A=b=c"], "exe_deleted": false, "sigcode": "1", "new_key": "12"}
	EOF
	)
	core-list -j d | jq -e '.[0] | .object == "a/b/c/d" and .sent == "2026-11-25T12:00:00Z"'
	usage_error core-list -a d
	usage_error core-list -rj d
	dump two
	core-list -aj d | jq -e length | grep -qx 2
}

@test "core-list: each key has the type of its schema, and core-info's schema agrees" {
	need jq
	mkdir d
	# A record of all keys that either has, whose types the program's answer must be.
	python3 - "$BUILD" >types <<-'EOS'
	import json, sys
	def types(schema):
	    kinds = {int: "number", bool: "boolean", str: "string", "integer": "number"}
	    made = {}
	    for key, what in json.load(open(f"{sys.argv[1]}/{schema}.schema.json"))["properties"].items():
	        of = what.get("type") or type(what.get("const", what.get("enum", [""])[0]))
	        made[key] = kinds.get(of, of)
	    return made
	sent, info = types("core-forward"), types("core-info")
	assert len(info) > 50 and len(sent) > 60
	# Its lists are no lines of a record.
	info = {key: of for key, of in info.items() if of != "array"}
	own = {"name", "state", "file", "size", "small_file", "small_size", "object", "small_object", "pending",
	       "frames", "stacks"}
	with open("d/all.txt", "w") as record:
	    record.write("uuid=\n")
	    for key in sorted((sent.keys() | info.keys()) - own - {"uuid"}):
	        of = sent.get(key, "string")
	        assert info.get(key, of) == of, f"{key}: {info[key]} in core-info's schema, {of} in core-forward's"
	        record.write(f"{key}={'yes' if of == 'boolean' else 7}\n")
	        print(key, of)
	EOS
	core-list -aj d | jq -r '.[0] | to_entries[] | .key + " " + (.value | type)' >said
	grep -xE '(name|state|uuid) string' said | grep -c . | grep -qx 3
	grep -vE '^(name|state|uuid) ' said | sort | diff <(sort types) -
}

@test "core-list: -aj has frames as objects; a line that is no frame is in none of them" {
	need jq
	dump one 'comm=victim'
	cat >>d/one.txt <<-'EOF'
	frame=#0   0x0000555555555139  a::b [inlined]  x.h:7  /opt/victim+0x1139  [b23b98b4]
	frame=#1   0x0000555555555139  price(a, b)+0x2d  /src/vic tim.c:12  /opt/victim+0x1139  [b23b98b4]  [?]
	frame=#2   0x10
	frame=#3   0x00007ff100000000  /lib/\0344.so+0x10
	frame=#12  0x00007ff100000000  [inlined]  x.c:1  /lib/x.so+0x10
	frame=#1000 0x00007ff100000000  main+0x1  [vdso]+0x10
	frame=#4   0x10  a+0x1  b+0x2  c+0x3
	frame=#5   0x10  a:b
	frame=#6   0x10 a+0x1
	frame=#7   0x10  a+0x1  
	frame=#8   none
	frame=9
	frame=
	frame=#9   0x10  operator+(a)+0x2  /lib/libstdc++.so+0x10
	frame=#10  0x10  a+b  /lib/x.so+0x10
	frame=#10  0x10  a+0x1  b.c:1234567890
	frame=#10  0x10  a+0x1  [no-id]
	note=#11  0x10
	where=price() victim.c:2
	thread_frame=12 #0   0x0000000000001000  wait+0x1  w.c:1  /lib/libc.so.6+0x1000
	thread_frame=x #1   0x0000000000001000
	thread_frame=12 #1   0x0000000000001100
	thread_frame=13 #0   0x0000000000001200
	thread_frame=99999999999 #0   0x0000000000001200
	thread_frame=
	EOF
	core-list -aj d >json
	sed '1s/^\[//; $s/\]$//' json >one.json
	valid_json core-forward one.json
	jq -c '.[0].frames[]' json | diff - <(cat <<-'EOF'
	{"pc":"0x0000555555555139","module":"/opt/victim","offset":"0x1139","build_id":"b23b98b4","function":"a::b","file":"x.h","line":7,"inlined":true}
	{"pc":"0x0000555555555139","module":"/opt/victim","offset":"0x1139","build_id":"b23b98b4","function":"price(a, b)","function_offset":"0x2d","file":"/src/vic tim.c","line":12,"unsure":true}
	{"pc":"0x10"}
	{"pc":"0x00007ff100000000","module":"/lib/\\0344.so","offset":"0x10"}
	{"pc":"0x00007ff100000000","module":"/lib/x.so","offset":"0x10","file":"x.c","line":1,"inlined":true}
	{"pc":"0x00007ff100000000","module":"[vdso]","offset":"0x10","function":"main","function_offset":"0x1"}
	{"pc":"0x10","module":"/lib/libstdc++.so","offset":"0x10","function":"operator+(a)","function_offset":"0x2"}
	EOF
	)
	jq -c '.[0].stacks[]' json | diff - <(cat <<-'EOF'
	{"tid":12,"frames":[{"pc":"0x0000000000001000","module":"/lib/libc.so.6","offset":"0x1000","function":"wait","function_offset":"0x1","file":"w.c","line":1},{"pc":"0x0000000000001100"}]}
	{"tid":13,"frames":[{"pc":"0x0000000000001200"}]}
	EOF
	)
	jq -e '.[0] | (.frame | length) == 17 and .where == "price() victim.c:2"' json
	core-list -r d | grep -qx 'where=price() victim.c:2'
}

@test "core-list: -r prints lines, -w what waits to be sent, -N one dump by its name" {
	dump $'a\nb' 'comm=\0033[31m'
	printf 'host=\e[31m\nsent=' >>d/$'a\nb.txt'
	: >d/$'a\nb.gz'
	core-list -r d | diff - <(cat <<-'EOF'
	name=a\0012b
	state=whole
	file=a\0012b.gz
	size=0
	time=2026-11-25T10:20:30Z
	host=\0033[31m
	comm=\0033[31m
	exe=/opt/victim
	signame=SIGSEGV
	uuid=33d849c9-ff5b-4fbb-9307-242b9c133e5c
	build_id=b23b98b4bd3f853963613715bcede0b83cdf8066
	fingerprint=e6e54d0c0ab3be17

	EOF
	)
	dump sent
	echo sent=2026-11-25T12:00:00Z >>d/sent.txt
	dump open stored= complete=
	at_work open
	dump pending
	echo pending=stack >>d/pending.txt
	dump lost
	echo pending=stack >>d/lost.txt
	touch -d '11 minutes ago' d/lost.txt
	dump future
	echo pending=stack >>d/future.txt
	touch -d '1 hour' d/future.txt
	core-list -rw d | sed -n s/^name=//p | sort | diff - <(printf '%s\n' 'a\0012b' future lost)
	core-list -r -N 'a\0012b' d | grep -c ^name= | grep -qx 1
	core-list -N sent d | sed 1d | grep -q ' sent$'
	run -1 core-list -N 'sen*' d
	run -1 core-list -w -N sent d
	# A record with a NUL still says what comes behind it.
	printf 'x\0y\nsent=1\n' >>d/lost.txt
	run -1 core-list -w -N lost d
}

@test "core-list: on a terminal lines fit its width, with the frame that counts; no pipe does" {
	dump victim.12345.20261125T102030Z
	echo 'where=shop::(anonymous namespace)::hidden() t1.cc:18' >>d/victim.12345.20261125T102030Z.txt
	dump two comm=$'long\e[31mcommand'
	echo 'where=main.ship() go1.go:6' >>d/two.txt
	: >d/two.gz
	core-list d >plain
	run ! grep -q WHERE plain
	local columns
	for columns in 200 120 100 80 60 40; do
		COLUMNS=$columns on_terminal core-list d </dev/null >shown
		run ! grep -E ".{$((columns + 1))}" shown
		grep -q 'NAME$' shown
		[ $columns -lt 60 ] || grep -q ' victim.12345.20261125T102030Z$' shown
		[ $columns -lt 80 ] || grep -q '  WHERE  ' shown
		run ! grep -aq $'\e' shown
	done
	python3 -c 'import fcntl, os, pty, struct, subprocess, termios
m, s = pty.openpty()
fcntl.ioctl(s, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
subprocess.run(["core-list", "d"], stdout=s, check=True)
os.close(s)
print(os.read(m, 4096).decode().replace("\r", ""), end="")' | diff - <(COLUMNS=60 on_terminal core-list d </dev/null)
	core-list d | diff plain -
	COLUMNS=200 on_terminal core-list d </dev/null | grep -q '^2026-11-25 10:20  .*  shop::(anonymous namespace)::hidden() t1.cc:18  e6e5'
	COLUMNS=80 on_terminal core-list d </dev/null | grep -q '^11-25 10:20  victim   SIGSEGV  shop::(\.\.\.\.cc:18  victim'
}

@test "core-list: nothing matches: status 1 and no header" {
	mkdir d
	run -1 core-list d
	[ -z "$output" ]
	run -1 core-list -j d
	[ "$output" = '[]' ]
	dump one
	run -1 core-list -c other d
	[ -z "$output" ]
	run -2 bash -c 'core-list d >/dev/full'
	run -2 bash -c 'core-list d >&-'
}

@test "core-list: foreign files are passed over, and nothing hostile reaches the terminal" {
	dump ok
	dump $'a\nb\e[31m' 'comm=\0033[31m\0012' 'exe=/\0377\0134'
	: >d/empty.txt
	echo 'no record' >d/note.txt
	printf 'uuid=' >d/cut.txt
	mkdir d/dir.txt d/dir.gz
	mkfifo d/fifo.txt
	ln -s ok.txt d/link.txt
	ln -s /etc/passwd d/ok.gz
	truncate -s 1G d/huge.txt
	printf 'uuid=x\nrecord=1\n=\n=x\nnoequals\ntime=\0a=b\ncomm' >d/odd.txt
	: >d/.hidden.txt
	: >d/stray.gz
	run -0 core-list d
	[ "$(core-list d | grep -c '[^ -~]')" = 0 ]
	# A record that a user has written.
	for key in time comm signame fingerprint uuid; do
		dump raw $key=$'\e[2J'
		[ "$(core-list d | grep -c '?\[2J')" = 1 ]
		[ "$(core-list d | grep -c '[^ -~]')" = 0 ]
	done
	rm d/raw.txt
	core-list d | sed 1d | awk '{ print $NF }' | sort | diff - <(printf '%s\n' 'a\0012b\0033[31m' cut odd ok)
	core-list -j d >json
	jq -r '.[] | select(.name | startswith("a")) | .comm + .exe + .name' json >said
	printf '\e[31m\n/\\0377\\0134a\nb\e[31m\n' | diff - said
	# A link is no file of ours.
	core-list -c victim d | grep -q ' gone .* ok$'
}

@test "core-list: ten thousand dumps are listed" {
	dump one
	python3 - <<-'EOF'
	text = open("d/one.txt").read()
	for i in range(10000):
	    with open("d/v.%d.txt" % i, "w") as f:
	        f.write(text.replace("10:20:30", "%02d:%02d:%02d" % (i // 3600, i // 60 % 60, i % 60)))
	    with open("d/v.%d.gz" % i, "w") as f:
	        f.write("x")
	EOF
	core-list d >out
	[ "$(wc -l <out)" = 10002 ]
	sed 1d out | awk '{ print $1 }' | sort -r | diff - <(sed 1d out | awk '{ print $1 }')
	[ "$(core-list -j d | jq length)" = 10001 ]
	[ "$(grep -c ' whole ' out)" = 10000 ]
}

@test "core-list: users' directories are listed too; links and other directories are not" {
	dump one time=2026-11-25T00:00:02Z
	dump two time=2026-11-25T00:00:03Z
	: >d/two.gz
	mkdir d/4711 d/47x d/12345678901 d/0 elsewhere
	mv d/two.* d/4711/
	cp d/4711/two.txt d/0/one.txt
	# Of one name in two directories each has its own file.
	cp d/0/one.txt d/4711/one.txt
	: >d/4711/one.gz
	cp d/one.txt d/47x/
	cp d/one.txt d/12345678901/
	cp d/one.txt elsewhere/
	ln -s ../elsewhere d/99
	: >d/77
	table | awk '{ print $(NF - 3), $NF }' | diff - <(printf '%s\n' 'whole 4711/two' 'whole 4711/one' 'gone 0/one' 'gone one')
	core-list -j d | jq -c '[.[] | [.name, .file]]' |
		diff - <(echo '[["4711/two","4711/two.gz"],["4711/one","4711/one.gz"],["0/one",null],["one",null]]')
	# core-prune takes each directory by itself.
	core-prune -k 1 d >said
	[ ! -s said ]
	[ -e d/4711/two.gz ]
}

@test "core-list: users who may not list the directory see their own dumps" {
	local top uid=65533 as=(setpriv --reuid 65533 --regid 65533 --clear-groups)
	if [ "$(id -u)" != 0 ]; then
		uid=$(id -u) as=()
	fi
	# The folder of the test is root's alone.
	top=$(mktemp -d /tmp/core-list.XXXXXX)
	chmod 755 "$top"
	dump own
	mkdir "d/$uid" d/1
	mv d/own.txt "d/$uid/"
	cp "d/$uid/own.txt" d/others.txt
	cp d/others.txt d/1/
	cp -r d "$top/d"
	cp "$(command -v core-list)" "$top/"
	chmod 700 "$top/d/$uid" "$top/d/1"
	[ -z "${as[*]}" ] || chown -R $uid:$uid "$top/d/$uid"
	chmod 0 "$top/d/1"
	chmod 755 "$top/d"
	run -0 --separate-stderr "${as[@]}" "$top/core-list" "$top/d"
	[ -z "$stderr" ]
	printf '%s\n' "${lines[@]}" | sed 1d | awk '{ print $NF }' >all
	chmod 311 "$top/d"
	run -0 --separate-stderr "${as[@]}" "$top/core-list" "$top/d"
	[ -z "$stderr" ]
	printf '%s\n' "${lines[@]}" | sed 1d | awk '{ print $NF }' >own
	rm -r "$top/d/$uid"
	run -2 "${as[@]}" "$top/core-list" "$top/d"
	chmod -R u+rwx "$top"
	rm -r "$top"
	[[ $output == *'Permission denied' ]]
	printf '%s\n' others "$uid/own" | diff all -
	echo "$uid/own" | diff own -
}

@test "core-list: the directory is that of the configuration, as the handler reads it" {
	configured "$PWD/built" core-list
	lists() {
		local wanted=$1
		shift
		printf "$@" >built/gzcoredump.conf
		built/core-list | sed 1d | awk '{ print $NF }' | diff - <(echo "$wanted") || { cat built/gzcoredump.conf; return 1; }
	}
	dump one
	mv d 'a b'
	dump two
	mkdir built/dumps
	cp d/two.txt built/dumps/usual.txt
	built/core-list | grep -q ' usual$'
	lists usual ''
	lists usual '#dir=%s/d\n' "$PWD"
	lists two 'dir=%s/d\n' "$PWD"
	lists two ' \t dir \t=  %s/d/ \r\n' "$PWD"
	lists two 'dir=%s/d \v\f\n' "$PWD"
	lists one 'dir="%s/a b"\n' "$PWD"
	lists one 'dir=%s/a b' "$PWD"
	lists two 'dir=%s/a b\ndir=%s/d\ndir=d\ndir=\ndirs=/\n=\nx\n' "$PWD" "$PWD"
	lists usual 'dir=d\n'
	lists usual "dir='%s/d'\n" "$PWD"
	lists one 'dir="%s/a b"\n#dir=%s/d\nDir=%s/d\n' "$PWD" "$PWD" "$PWD"
	# What cannot be read is said, and is as if it were not there.
	rm built/gzcoredump.conf
	mkfifo built/gzcoredump.conf
	run -0 --separate-stderr built/core-list
	[[ $stderr == 'core-list: '*'gzcoredump.conf: '* ]]
	[[ $output == *' usual' ]]
	# And a directory that is given is not looked for there.
	run -0 --separate-stderr built/core-list d
	[ -z "$stderr" ]
}

@test "core-list: a small core belongs to its dump; alone it is the state small" {
	dump both small=whole
	printf 'small=whole\nsmall_bytes=700\n' >>d/both.txt
	head -c 5000 /dev/zero >d/both.gz
	head -c 700 /dev/zero >d/both.small.gz
	dump alone stored=no complete=no
	echo small_why=room >>d/alone.txt
	head -c 800 /dev/zero >d/alone.small.gz.age
	dump gone
	: >d/gone.small.gz
	dump part stored=partial complete=no
	echo part >d/part.gz.partial
	: >d/part.small.gz
	dump open stored= complete=
	at_work open
	: >d/open.small.gz
	# A part of a small core is no part of the full one; a link and a folder are none.
	dump cut
	echo part >d/cut.small.gz.partial
	dump odd stored=partial complete=no
	echo part >d/odd.small.gz.partial
	ln -s /etc/passwd d/odd.small.gz
	dump link
	ln -s both.gz d/link.small.gz
	dump folder
	mkdir d/folder.small.gz
	# A dump's name may end so.
	dump one
	: >d/one.small
	dump one.small
	: >d/one.small.gz
	dump one.small.small
	: >d/one.small.small.gz
	# Of a user too.
	mkdir d/4711
	cp d/alone.txt d/4711/a.txt
	: >d/4711/a.small.gz
	table | awk '{ print $5, $4, $NF }' | sort | diff - <(sort <<-'EOS'
	whole 4.9K both
	small 800 alone
	small 0 gone
	partial 5 part
	open 0 open
	small 5 cut
	small 5 odd
	gone - link
	gone - folder
	whole 0 one
	whole 0 one.small
	whole 0 one.small.small
	small 0 4711/a
	EOS
	)
	core-list -j -N both d | jq -S -c '.[0] | [.file, .size, .small_file, .small_size, .small, .small_bytes]' |
		diff - <(echo '["both.gz",5000,"both.small.gz",700,"whole",700]')
	core-list -r -N both d | grep -E '^(small|file|size)' | diff - <(cat <<-'EOS'
	file=both.gz
	size=5000
	small_file=both.small.gz
	small_size=700
	small=whole
	small_bytes=700
	EOS
	)
	core-list -r -N 4711/a d | grep -x small_file=4711/a.small.gz
	core-list -aj d | jq -c '.[]' >all
	split -l 1 all one.
	valid_json core-forward one.a?
	jq -c 'select(.name == "both") | [.small, .small_bytes, .small_file]' all |
		diff - <(echo '["whole",700,"both.small.gz"]')
}

@test "core-list: -o prints one object a line; -x leaves out where a missing file would be" {
	dump one
	printf 'object=h/a.gz\nsmall_object=h/a.small.gz\n' >>d/one.txt
	dump two
	core-list -aj d | sed 's/^[[ ]//; s/[],]$//' >want
	core-list -ajo d >got
	diff want got
	[ "$(wc -l <got)" = 2 ]
	core-list -jo d | jq -s length | grep -qx 2
	core-list -ajo -N one -x object d | diff - <(core-list -ajo -N one d | sed 's/, "object": "[^"]*"//')
	core-list -ajo -N one -x small_object d | diff - <(core-list -ajo -N one d | sed 's/, "small_object": "[^"]*"//')
	core-list -ajo -N one d | grep -q '"object": "h/a.gz", "small_object": "h/a.small.gz"'
	run -1 core-list -ajo -N none d
	[ -z "$output" ]
	usage_error core-list -o d
	usage_error core-list -x object d
	run -2 core-list -aj -x name d
	[ "$output" = 'core-list: -x name: neither object nor small_object' ]
}
