# core-open: a stored core and its executable in a debugger.

load lib/common
load lib/trace
load lib/stored
load lib/kept
load lib/soon

setup_file() {
	need gdb zstd age
	cd "$BATS_FILE_TMPDIR" || return 1
	victim
	identities
	gzdeflate core >core.gz
	core-info core | sed '/^complete=/d' >record
	core-trim core >small
	gzdeflate small >small.gz
	# The same program, built otherwise.
	${CC:-cc} -g -O1 -Wl,--build-id -o another victim.c
	# Debuggers: gdb in batch, and one that waits until told.
	printf '#!/bin/sh\nexec gdb -nx -q -batch -ex bt "$@"\n' >bt
	printf '#!/bin/sh\necho $$ >pid.new\nmv pid.new pid\nwhile [ ! -e go ]; do sleep 0.05; done\nexit 7\n' >waits
	chmod +x bt waits
	mkdir conf own
	configured "$PWD/conf" core-open core-info
	# Where nothing else is said, the debugger is the user who runs the tests, also if that is root.
	mv conf/core-open conf/built
	for of in "own $BUILD/core-open" "conf $PWD/conf/built"; do
		printf '#!/bin/bash\nexec -a core-open "%s" -U "$(id -u)" "$@"\n' "${of#* }" >"${of%% *}/core-open"
		chmod +x "${of%% *}/core-open"
	done
	# Other users get to the files that they may read.
	[ "$(id -u)" != 0 ] || (while [ "$PWD" != /tmp ] && [ "$PWD" != / ]; do chmod go+x .; cd ..; done)
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	F=$BATS_FILE_TMPDIR
	mkdir d tmp
	export TMPDIR=$PWD/tmp
	PATH=$F/own:$PATH
	unset SUDO_UID SUDO_GID
	GDB='gdb -iex set auto-load off'
}

teardown() {
	[ ! -e "$F/victim.away" ] || mv -f "$F/victim.away" "$F/victim"
}

# stored NAME [FILE [SUFFIX [STORED [COMPLETE [TIME]]]]]: a dump in d.
stored() {
	cp "${2-$F/core.gz}" "d/$1.${3-gz}"
	{
		cat "$F/record"
		printf '%s\n' "time=${6-2026-11-25T10:20:30Z}" "stored=${4-whole}" "complete=${5-yes}"
	} >"d/$1.txt"
}

@test "core-open: -h and -V answer on standard output, a bad option is misuse" {
	for tool_option in -h -V; do
		run -0 core-open $tool_option
		run -2 bash -c "core-open $tool_option >/dev/full"
	done
	usage_error core-open
	usage_error core-open a b
	usage_error core-open -z a
	stored one
	run -2 bash -c 'core-open -n d/one >/dev/full'
}

@test "core-open: gdb shows the frame of main, whatever the core is stored as" {
	stored gz
	stored bare "$F/core" core
	zstd -q <"$F/core" >zst
	stored zst zst zst
	gzdeflate -0 "$F/core" | zstd -q >gz.zst
	stored gz.zst gz.zst gz.zst
	age -r "$RECIPIENT" "$F/core.gz" >age
	stored age age gz.age
	for name in gz bare zst gz.zst age; do
		run -0 --separate-stderr core-open -i "$F/key" -x "$F/bt" d/$name
		[[ $output == *' in main ('* && $output == *price* ]] || { echo "$name: $output $stderr"; return 1; }
		[[ $stderr != *core-open:* ]]
	done
	[ -z "$(ls -A tmp)" ]
}

@test "core-open: gdb itself, in the foreground, and its exit status" {
	stored one
	mkdir bin
	printf '#!/bin/sh\nexec %s -nx -q -batch "$@" -ex "info files" -ex bt -ex "show debug-file-directory"\n' "$(command -v gdb)" >bin/gdb
	printf '#!/bin/sh\nkill -9 $$\n' >bin/dies
	chmod +x bin/*
	PATH=$PWD/bin:$PATH
	run -0 core-open -d tmp d/one
	[[ $output == *"$PWD/tmp:/usr/lib/debug"* && $output == *' in main ('* ]]
	printf '#!/bin/sh\nexit 7\n' >seven
	chmod +x seven
	run -7 core-open -x ./seven d/one
	run -137 core-open -x dies d/one
	run -2 core-open -x missing d/one
	[[ $output == 'core-open: missing: '* ]]
	run -2 env PATH="$PWD/none" "$BUILD/core-open" -U "$(id -u)" d/one
	[[ $output == *'core-open: gdb: not found: -x names another debugger' ]]
	# What one starts can read the core too, though it was given no descriptor.
	printf '#!/bin/sh\nexec cmp "$2" "%s"\n' "$F/core" >cmps
	printf '#!/usr/bin/env python3\nimport subprocess, sys\nsys.exit(subprocess.run(["./cmps"] + sys.argv[1:]).returncode)\n' >py
	chmod +x cmps py
	run -0 core-open -x ./py d/one
}

@test "core-open: -n prints the command and starts nothing; -v says how the core was restored" {
	stored one
	run -0 --separate-stderr core-open -n d/one
	[ "$output" = "$GDB $F/victim CORE" ]
	[ -z "$stderr" ]
	run -0 --separate-stderr core-open -n -d tmp -x ./no d/one.gz
	[ "$output" = "./no $F/victim CORE" ]
	age -r "$RECIPIENT" "$F/core.gz" >age
	run -0 core-open -n -i "$F/key" ./age
	[ "$output" = "$GDB $F/victim CORE" ]
	run -0 --separate-stderr core-open -v -x true d/one
	[[ ${stderr_lines[0]} == 'core-open: d/one.gz: restored in memory: '*' in, '*' out, '* ]]
	[ "${stderr_lines[1]}" = "core-open: true $F/victim CORE" ]
	# Without a record nobody knows how much it will be.
	cp d/one.gz alone.gz
	run -0 --separate-stderr core-open -v -x true ./alone.gz
	[[ ${stderr_lines[0]} == "core-open: ./alone.gz: restored in $TMPDIR: "* ]]
	# On a terminal there is progress, which leaves nothing on the line.
	terminal 2 core-open -x true d/one
	[ "$(tr -d '\r' <terminal)" = $'\e[K' ]
}

@test "core-open: a name, a file, last or a user's dump in the configured directory" {
	mkdir d/4711 d/x
	stored old "$F/core.gz" gz whole yes 2026-11-24T00:00:00Z
	stored new "$F/core.gz" gz whole yes 2026-11-25T00:00:00Z
	stored newer "$F/core.gz" gz no no 2026-11-26T00:00:00Z
	stored gone "$F/core.gz" gz whole yes 2026-11-26T00:00:00Z
	rm d/gone.gz
	stored busy "$F/core.gz" gz '' '' 2026-11-26T00:00:00Z
	rm d/busy.gz
	sed -i '/^complete=/d' d/busy.txt
	mv d/new.* d/x/
	for f in txt gz; do cp d/x/new.$f d/4711/theirs.$f; done
	sed -i 's/^time=.*/time=2026-11-25T12:00:00Z/' d/4711/theirs.txt
	opens() {
		local wanted=$1
		shift
		run -0 --separate-stderr "$@"
		[[ ${stderr_lines[0]} == "core-open: $wanted: restored"* ]] || { echo "$*: $stderr"; return 1; }
	}
	open="$F/conf/core-open -v -x true"
	printf 'dir=%s\n' "$PWD/d" >"$F/conf/gzcoredump.conf"
	opens "$PWD/d/old.gz" $open old
	opens "$PWD/d/old.gz" $open old.gz
	opens "$PWD/d/4711/theirs.gz" $open last
	opens "$PWD/d/4711/theirs.gz" $open 4711/theirs
	opens "$PWD/d/4711/theirs.gz" $open 4711/theirs.gz
	opens d/old.gz $open d/old
	opens ./d/old.gz $open ./d/old.gz
	opens d/x/new.gz $open d/x/last
	opens d/4711/theirs.gz $open d/4711/theirs
	for wrong in none x/none 4711/none d/none newer gone busy d/newer /; do
		fails_with 2 "$F/conf/core-open" $wrong
	done
	fails_with 2 "$F/conf/core-open" newer
	[[ $stderr == *'record alone'* ]]
	fails_with 2 "$F/conf/core-open" d
	ln -s old.gz d/link.gz
	{ cat "$F/record"; printf 'time=9\nstored=whole\ncomplete=yes\n'; } >d/link.txt
	fails_with 2 "$F/conf/core-open" link
	mkfifo fifo
	fails_with 2 core-open ./fifo
	[[ $stderr == *'not a regular file' ]]
	echo nothing >text
	fails_with 2 core-open ./text
	fails_with 2 "$F/conf/core-open" text
	[[ $stderr == *': the file here is ./text' ]]
	rm "$F/conf/gzcoredump.conf"
	mkdir -p "$F/conf/dumps"
	fails_with 2 "$F/conf/core-open" last
	[[ $stderr == *"no such dump in $F/conf/dumps"* ]]
}

# small NAME …: as stored, with a small core beside it, and without the file when that is -.
small() {
	stored "$1" "${2/#-//dev/null}" "${@:3}"
	[ "$2" != - ] || rm "d/$1.$3"
	cp "$F/small.gz" "d/$1.small.gz"
}

# reads PROGRAM …: which core it reads, "whole" or "small", and what it says of that.
reads() {
	"$@" >said 2>err || { echo "status $?: $(cat err)"; return 1; }
	grep -q '^trimmed=' said && echo "small$(sed -n 's/.*: the small core//p' err)" || echo "whole$(cat err)"
}

@test "core-open: reads the small core with -S or without a whole full one; so do other readers" {
	need jq
	small both "$F/core.gz" gz whole yes 2026-11-25T00:00:01Z
	small alone - gz no no 2026-11-25T00:00:02Z
	small gone - gz whole yes 2026-11-25T00:00:03Z
	small part "$F/core.gz" gz.partial partial no 2026-11-25T00:00:04Z
	small cut "$F/core.gz" gz whole no 2026-11-25T00:00:05Z
	stored none "$F/core.gz" gz whole yes 2026-11-25T00:00:00Z
	small busy - gz '' '' 2026-11-25T00:00:06Z
	sed -i '/^complete=/d' d/busy.txt
	stored less "$F/core.gz" gz.partial partial no 2026-11-25T00:00:00Z
	cp "$F/small.gz" d/less.small.gz.partial
	printf 'dir=%s\n' "$PWD/d" >"$F/conf/gzcoredump.conf"
	info=$F/conf/core-info
	while read -r name says; do
		[ "$(reads $info $name)" = "$says" ] || { echo "$name: $(reads $info $name)"; return 1; }
		[ "$(reads core-info d/$name)" = "$says" ]
		run -0 --separate-stderr core-open -n -v -e "$F/victim" d/$name
		[[ $says != *:* || ${stderr_lines[0]} == *"the small core${says#small}" ]] || { echo "$name: $stderr"; return 1; }
	done <<-'EOS'
	both whole
	both.gz whole
	both.small.gz small
	alone small: the full one is not there
	gone small: the full one is not there
	part small: only a part of the full one is there
	part.gz.partial whole
	cut small: the full one was cut short
	cut.gz whole
	busy small: the full one is being written
	last small: the full one is being written
	none whole
	less whole
	EOS
	for name in both alone part cut cut.gz both.small.gz; do
		[ "$(reads $info -S $name)" = small ]
		[ "$(reads core-info -S d/$name)" = small ]
	done
	fails_with 2 core-info -S d/none
	[ "$stderr" = 'core-info: d/none: it has no small core' ]
	fails_with 2 core-open -S d/none.gz
	fails_with 2 core-info -S "$F/core"
	fails_with 2 core-info -S - <"$F/core"
	fails_with 2 $info -S missing
	fails_with 2 $info missing
	[ "$stderr" = 'core-info: missing: No such file or directory' ]
	usage_error core-info -S -p 1
	# A file is a file, also when a dump has its name.
	cp "$F/core" last
	[ "$(reads $info last)" = whole ]
	rm last "$F/conf/gzcoredump.conf"
	# In a debugger, and the programs that share the way.
	run -0 --separate-stderr core-open -S -v -x "$F/bt" d/both
	[[ $output == *' in main ('* && $output == *price* ]]
	[[ ${stderr_lines[0]} == 'core-open: d/both.small.gz: restored in memory: '* ]]
	core-info -S -j d/both >json
	valid_json core-info json
	jq -e --argjson bytes "$(stat -c %s "$F/core")" \
		'.trimmed == "file" and .trimmed_of == $bytes and (.kept | length > 1) and .complete' json
	core-trace -s d/both >whole
	core-trace -s -S d/both >small
	core-trace -s d/alone >alone 2>err
	[ "$(cat err)" = 'core-trace: d/alone.small.gz: the small core: the full one is not there' ]
	diff whole small
	diff whole alone
	run -0 --separate-stderr core-match d/alone "$F/victim"
	[[ $output == 'yes: build-id '* && $stderr == 'core-match: d/alone.small.gz: the small core: '* ]]
	run -1 --separate-stderr core-match -S d/both "$F/another"
	[ -z "$stderr" ]
	run -0 --separate-stderr elf-uuid -b d/alone
	[ "$output" = "$(elf-uuid -b "$F/victim")" ]
	[ "$stderr" = 'elf-uuid: d/alone.small.gz: the small core: the full one is not there' ]
	[ "$(elf-uuid -b d/both d/both.small.gz | sort -u | wc -l)" -eq 2 ]
	fails_with 2 elf-uuid d/missing
	[ "$stderr" = 'elf-uuid: d/missing: No such file or directory' ]
	fails_with 2 core-trace d/missing
	fails_with 2 core-match d/missing "$F/victim"
	[ "$stderr" = 'core-match: d/missing: No such file or directory' ]
}

@test "core-open: refuses an executable that is not the core's" {
	cp "$F/victim" victim
	cp "$F/core.gz" here.gz
	id=$(elf-uuid -b "$F/victim")
	mv "$F/victim" "$F/victim.away"
	# Not there.
	fails_with 2 core-open -n ./here.gz
	[[ $stderr == "core-open: $F/victim: the executable is not there any more"*-f* ]]
	run -0 --separate-stderr core-open -fn ./here.gz
	[ "$output" = "$GDB -c CORE" ]
	[[ $stderr == *'not there any more' ]]
	run -0 core-open -f -x "$F/bt" ./here.gz
	[[ $output == *'#0 '* && $output != *' in main ('* ]]
	# By hand.
	run -0 --separate-stderr core-open -e victim -n ./here.gz
	[ "$output" = "$GDB $PWD/victim CORE" ]
	[ -z "$stderr" ]
	fails_with 2 core-open -e "$F/another" -n ./here.gz
	[[ $stderr == *'another build'* ]]
	fails_with 2 core-open -fe /etc/passwd -n ./here.gz
	fails_with 2 core-open -fe missing -n ./here.gz
	# In a directory by build-id.
	mkdir -p "debug/.build-id/${id:0:2}"
	cp victim "debug/.build-id/${id:0:2}/${id:2}"
	run -0 --separate-stderr core-open -d debug -nx true ./here.gz
	[ "$output" = "true $PWD/debug/.build-id/${id:0:2}/${id:2} CORE" ]
	cp "$F/another" "debug/.build-id/${id:0:2}/${id:2}"
	fails_with 2 core-open -d debug -nx true ./here.gz
	# From servers, asked only when they are set.
	mkdir bin
	printf '#!/bin/sh\necho "$@" >>%s/asked\n[ "$2" = %s ] && echo %s/victim\n' "$PWD" "$id" "$PWD" >bin/debuginfod-find
	chmod +x bin/debuginfod-find
	PATH=$PWD/bin:$PATH
	fails_with 2 core-open -n ./here.gz
	[ ! -e asked ]
	DEBUGINFOD_URLS=http://localhost:1 run -0 --separate-stderr core-open -n ./here.gz
	[ "$output" = "$GDB $PWD/victim CORE" ]
	[ "$(cat asked)" = "executable $id" ]
	# Another build in its place; what the path leads to may keep nobody waiting.
	cp "$F/another" "$F/victim"
	fails_with 2 core-open -n ./here.gz
	[[ $stderr == "core-open: $F/victim: not the executable of this core, but another build"* ]]
	run -0 --separate-stderr core-open -fn ./here.gz
	[ "$output" = "$GDB $F/victim CORE" ]
	rm "$F/victim"
	mkfifo "$F/victim"
	# Not so much as opened, as by who waits for that to write to it: it might be a watchdog.
	timeout 120 sh -c ': >"$1"' sh "$F/victim" >/dev/null 2>&1 3>&- &
	fails_with 2 core-open -n ./here.gz
	run -0 core-info ./here.gz
	run -2 core-match -q ./here.gz "$F/victim"
	kill $!
}

@test "core-open: the kept file of a library is used, and another build of it is not" {
	linked -Wl,--build-id
	crash_core core ./victim
	dump_of core
	printf '#!/bin/sh\nexec /usr/bin/gdb -nx -q -batch "$@" -ex bt -ex "echo tree=$CORE_OPEN_TREE\\\\n"\n' >gdb
	chmod +x gdb
	PATH=$PWD:$PATH
	run -0 --separate-stderr core-open d/one
	[[ $output == *' in price ('*'lib.c:1'*' in main ('*'tree=' ]]
	cp libx.so.1.2 right
	sed -i 's/1/7/' lib.c
	${CC:-cc} -g -shared -fPIC -Wl,--build-id -Wl,-soname,libx.so.1 -o libx.so.1.2 lib.c
	sed 's/7/1/' lib.c >lib.old
	mv lib.old lib.c
	run -0 --separate-stderr core-open -n d/one
	[ "$output" = "$GDB -iex set sysroot TREE/root $PWD/victim CORE" ]
	[ "$stderr" = "core-open: $PWD/libx.so.1.2: another build than the process had: left out" ]
	id=$(kept_as buildid right)
	run -0 --separate-stderr core-open -n d/one
	[ "$output$stderr" = "$GDB -iex set sysroot TREE/root $PWD/victim CORE" ]
	[ -z "$(ls -A tmp)" ]
	cp victim gone
	kept_as buildid victim
	rm victim
	run -0 --separate-stderr core-open d/one
	[[ $output == *'#0 '*' in price (p=0x0) at lib.c:1'*'#1 '*' in called ('*'#2 '*' in main () at victim.c:2'*"tree=$TMPDIR/core-open."?????? ]]
	[[ $stderr != *core-open:* ]]
	soon eval '[ -z "$(ls -A tmp)" ]'
	# None at its path, which the tree has not.
	rm -r d/modules/$id
	run -0 --separate-stderr core-open d/one
	[[ $output != *' in price ('* ]]
	[[ $stderr == *"core-open: $PWD/libx.so.1.2: another build than the process had: left out"* ]]
	# From a tree of a container's files.
	mkdir -p "root$PWD"
	gzdeflate -d d/one.gz >core
	cp gone "root$PWD/victim"
	run -0 --separate-stderr core-open -R root -n ./core
	[ "$output" = "$GDB -iex set sysroot TREE/root $PWD/root$PWD/victim CORE" ]
	fails_with 2 core-open -R core ./core
	# What is there and closed is not called gone.
	[ "$(id -u)" = 0 ] || skip 'not root'
	weak=(setpriv --inh-caps=-all --bounding-set=-dac_override,-dac_read_search)
	chmod 700 d/modules
	chown 1234 d/modules
	run -2 --separate-stderr "${weak[@]}" core-open -n d/one
	[ "${stderr_lines[0]}" = "core-open: $PWD/d/modules: Permission denied: -e names it, -f goes on" ]
	rm -r d/modules
	mkdir -m 700 victim
	chown 1234 victim
	run -2 --separate-stderr "${weak[@]}" core-open -n d/one
	[ "${stderr_lines[0]}" = "core-open: $PWD/victim: not a regular file: -e names it, -f goes on" ]
	rmdir victim
	ln -s closed/victim victim
	mkdir -m 700 closed
	chown 1234 closed
	run -2 --separate-stderr "${weak[@]}" core-open -n d/one
	[ "${stderr_lines[0]}" = "core-open: $PWD/victim: Permission denied: -e names it, -f goes on" ]
}

@test "core-open: a path that leads through the file of another module has no link" {
	for f in plain through; do
		echo "int $f(void) { return 1; }" >$f.c
		${CC:-cc} -shared -fPIC -Wl,--build-id -Wl,-z,noseparate-code -o $f $f.c
	done
	python3 - "$T" <<-'EOS'
	import os, sys
	sys.path.insert(0, sys.argv[1] + "/lib")
	from cores import Core, R, X
	c = Core()
	c.thread(sp=0x70000, pc=0x400010)
	for start, name, path in (0x400000, "plain", "/plain"), (0x600000, "through", "/plain/through"):
	    with open(name, "rb") as f:
	        c.load(start, f.read()[:8192].ljust(8192, b"\0"), R | X)
	    c.file(start, start + 8192, os.getcwd() + path)
	c.write("d/core")
	EOS
	kept_as buildid through
	printf '#!/bin/sh\nfind "$CORE_OPEN_TREE/root" -type l -printf "/%%P %%l\\n"\n' >links
	chmod +x links
	run -0 --separate-stderr core-open -f -x ./links d/core
	[ "$output" = "$PWD/plain $PWD/plain" ]
}

@test "core-open: an encrypted core: -i, a question at the terminal, or a clear error" {
	age -r "$RECIPIENT" "$F/core.gz" >core.gz.age
	run -2 --separate-stderr setsid -w core-open -n ./core.gz.age
	[[ $stderr == 'core-open: ./core.gz.age: encrypted with age: -i '*'no terminal'* ]]
	run -2 --separate-stderr core-open -i "$F/other" -n ./core.gz.age
	[[ $stderr == 'core-open: ./core.gz.age: age: error: no identity matched'* && ${#stderr_lines[@]} = 1 ]]
	asked() {
		python3 - "$@" <<-'EOS'
		import os, pty, sys
		pid, m = pty.fork()
		if pid == 0:
		    os.execvp("core-open", ["core-open", "-n", "./core.gz.age"])
		said = b""
		while b"identity file: " not in said:
		    said += os.read(m, 4096)
		os.write(m, sys.argv[1].encode() + b"\n")
		while True:
		    try:
		        b = os.read(m, 4096)
		    except OSError:
		        break
		    if not b:
		        break
		    said += b
		print(said.decode())
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
		EOS
	}
	run -0 --separate-stderr core-open -v -x true -i "$F/key" ./core.gz.age
	[[ ${stderr_lines[0]} == 'core-open: ./core.gz.age: restored in memory: '* ]]
	run -0 asked "$F/key"
	[[ $output == *"$GDB $F/victim CORE"* ]]
	run -2 asked ''
	[[ $output == *'no identity file was named'* ]]
	run -2 asked /missing
}

@test "core-open: a cut, partial or damaged core opens with a warning" {
	stored part "$F/core.gz" gz.partial partial no
	run -0 --separate-stderr core-open -n d/part
	[[ $stderr == 'core-open: d/part.gz.partial: only a part was stored' ]]
	head -c 600000 "$F/core" >cut
	stored cut cut core whole no
	run -0 --separate-stderr core-open -n d/cut
	[[ $stderr == 'core-open: d/cut.core: cut short: 600000 of '*' bytes' ]]
	gzdeflate -b 16K "$F/core" >long.gz
	cp long.gz bad.gz
	printf 'xxxx' | dd of=bad.gz bs=1 seek=$(($(stat -c %s bad.gz) / 2)) conv=notrunc status=none
	printf '#!/bin/sh\ncp "$2" restored\n' >keeps
	chmod +x keeps
	run -0 --separate-stderr core-open -x ./keeps ./bad.gz
	[[ $stderr == 'core-open: ./bad.gz: byte '*': lost: data bytes '*' are zeros instead' ]]
	run ! bash -c 'zinflate -k bad.gz >truth'
	cmp truth restored
	# The end became zeros, as a power cut leaves it.
	head -c $(($(stat -c %s long.gz) / 2)) long.gz >tail.gz
	truncate -s "$(stat -c %s long.gz)" tail.gz
	run -0 --separate-stderr core-open -x ./keeps ./tail.gz
	[[ $stderr == 'core-open: ./tail.gz: byte '*': data lost from offset '*' on: '* ]]
	[[ $stderr == *'core-open: ./tail.gz: byte '*': not everything could be verified, see above'* ]]
	[[ $stderr == *'cut short: '* ]]
	zstd -q --no-check <"$F/core" | head -c 300 >cut.zst
	run -2 --separate-stderr core-open -n ./cut.zst
	[[ $stderr == 'core-open: ./cut.zst: zstd: '* && ${#stderr_lines[@]} = 1 ]]
	# A record that lies about how much there is.
	stored lies
	sed -i 's/^bytes=.*/bytes=5000/' d/lies.txt
	run -0 core-open -x ./keeps d/lies
	cmp "$F/core" restored
	zstd -q <"$F/core" >zst
	stored lies zst zst
	rm d/lies.gz
	sed -i 's/^bytes=.*/bytes=5000/' d/lies.txt
	run -0 core-open -x ./keeps d/lies
	cmp "$F/core" restored
	run -2 core-open -x true ./keeps
}

@test "core-open: core-prune leaves a dump that is open" {
	stored one
	core-open -x "$F/waits" d/one 3>&- &
	soon test -e pid
	run -1 core-prune -b 1 d
	[[ $output == *'in use: it stays'* ]]
	[ -e d/one.gz ]
	: >go
	wait $! && status=0 || status=$?
	[ "$status" -eq 7 ]
	run -0 core-prune -b 1 d
	[ ! -e d/one.gz ]
	# And what core-prune has is not opened.
	stored one
	run -2 flock d/one.gz core-open -n d/one
	[[ $output == *'locked'* ]]
}

@test "core-open: nothing is left behind when it exits, is ended, or the debugger is killed" {
	cp "$F/core.gz" alone.gz
	for signal in TERM KILL; do
		rm -f pid
		core-open -x "$F/waits" ./alone.gz 3>&- &
		soon test -e pid
		# The debugger is the process that was started, and its core has no name.
		[ "$(cat pid)" = $! ]
		[ -z "$(ls -A tmp)" ]
		ls -l /proc/$!/fd | grep -q "$TMPDIR/.*deleted"
		kill -$signal $!
		wait $! && status=0 || status=$?
		[ "$status" -gt 128 ]
		[ -z "$(ls -A tmp)" ]
	done
	# In the middle of restoring.
	mkdir bin
	printf '#!/bin/sh\necho $$ >pid2.new\nmv pid2.new pid2\nhead -c 100000 /dev/zero\nexec sleep 60\n' >bin/zstd
	chmod +x bin/zstd
	zstd -q <"$F/core" >core.zst
	PATH=$PWD/bin:$PATH core-open -x true ./core.zst 3>&- &
	soon test -e pid2
	kill -TERM $!
	wait $! && status=0 || status=$?
	[ "$status" -eq 143 ]
	[ -z "$(ls -A tmp)" ]
	kill "$(cat pid2)"
}

# need_root: skips the test unless root runs it, in whose place another user can run the debugger.
need_root() {
	[ "$(id -u)" = 0 ] || skip 'not root'
	chmod go+x .
	id -u gzcore >lesser 2>/dev/null || echo 65534 >lesser
	lesser=$(cat lesser)
	PATH=${PATH#"$F/own:"}
}

# landlocked: whether the kernel has Landlock.
landlocked() {
	gzdeflate -V | grep -q '^confined by .*landlock' && ! grep -q UNCONFINED "$BUILD/.flags"
}

@test "core-open: root: the debugger is SUDO_UID, else gzcore or nobody, and has no capability" {
	need_root
	stored one
	cat >who <<-'EOS'
	#!/bin/sh
	echo "$(id -u):$(id -g):$(id -G):$HOME"
	grep -E '^(Cap(Inh|Prm|Eff|Amb)|NoNewPrivs|Uid):' /proc/self/status | tr -s '\t\n' '  '
	EOS
	chmod 755 who
	# is UID GID COMMAND…: who the debugger is.
	is() {
		local uid=$1 gid=$2
		shift 2
		run -0 --separate-stderr "$@" core-open -x ./who d/one
		[[ ${lines[0]} == "$uid:$gid:$gid:"* && ${lines[0]} != *:/root ]] || { echo "$*: $output"; return 1; }
		[[ ${lines[1]} == "Uid: $uid $uid $uid $uid CapInh: "*" CapPrm: 0000000000000000 CapEff: 0000000000000000 CapAmb: 0000000000000000 NoNewPrivs: 1 " ]] ||
			{ echo "$*: $output"; return 1; }
	}
	group=$(id -g gzcore 2>/dev/null || echo 65534)
	is "$lesser" "$group" env
	is 4711 4712 env SUDO_UID=4711 SUDO_GID=4712
	for wrong in 0 -1 x '' ' 4711' 4711x 0x10 4294967295 4294967296 99999999999999999999; do
		is "$lesser" "$group" env SUDO_UID="$wrong" SUDO_GID=4712
		# A user without a passwd entry, whose group nobody knows.
		is "$lesser" "$group" env SUDO_UID=4711 SUDO_GID="$wrong"
	done
	is "$lesser" "$group" env SUDO_GID=4712
	is "$lesser" "$group" setpriv --inh-caps +sys_admin,+setuid --ambient-caps +sys_admin,+setuid
	is "$lesser" "$group" setpriv --securebits +no_setuid_fixup
	# By the passwd file of a system that has such a user.
	if unshare --mount true 2>/dev/null; then
		{ cat /etc/passwd; echo "gzcore:x:4713:4714::$PWD/home:/bin/sh"; } | sed '/^gzcore:/{/4713/!d}' >passwd
		run -0 unshare --mount sh -c 'mount --bind passwd /etc/passwd && exec "$@"' sh "$BUILD/core-open" -x ./who d/one
		[ "${lines[0]}" = "4713:4714:4714:$PWD/home" ] || { echo "$output"; return 1; }
	fi
	# By hand.
	run -0 core-open -U 4711:4712 -x ./who d/one
	[[ ${lines[0]} == '4711:4712:4712:/nonexistent' ]]
	run -0 env SUDO_UID=4711 SUDO_GID=4712 "$BUILD/core-open" -U root -x ./who d/one
	[[ ${lines[0]} == 0:0:* && ${lines[1]} != *'CapEff: 0000000000000000'* ]]
	fails_with 2 core-open -U nosuch -x ./who d/one
	[ "$stderr" = 'core-open: -U nosuch: no such user, or one without a group' ]
	cp "$BUILD/core-open" .
	chmod -R go+rX d core-open
	run -2 --separate-stderr setpriv --reuid 4711 --regid 4712 --clear-groups ./core-open -U 0:0 -x ./who d/one
	[ "$stderr" = 'core-open: -U 0:0: only root can run the debugger as another user' ]
	run -0 setpriv --reuid 4711 --regid 4712 --clear-groups ./core-open -x ./who d/one
	[[ ${lines[0]} == 4711:4712:4712:* ]]
	# What servers send has a place.
	printf '#!/bin/sh\nmkdir "$DEBUGINFOD_CACHE_PATH" && ls -d "$CORE_OPEN_TREE/debuginfod"\n' >caches
	chmod 755 caches
	run -0 env DEBUGINFOD_URLS=http://localhost:1 "$BUILD/core-open" -x ./caches d/one
	[[ $output == */core-open.??????/debuginfod ]]
	# And it is said.
	run -0 --separate-stderr core-open -n d/one
	[ "$output" = "setpriv --reuid $lesser --regid $group --clear-groups --no-new-privs $GDB -iex set sysroot TREE/root $F/victim CORE" ]
	run -0 env SUDO_UID=4711 SUDO_GID=4712 "$BUILD/core-open" -n -x ./who d/one
	[ "$output" = "setpriv --reuid 4711 --regid 4712 --clear-groups --no-new-privs ./who $F/victim CORE" ]
}

@test "core-open: root: gdb reads what root alone can: a dump, an executable, a kept library" {
	need_root
	printf '#!/bin/sh\nexec /usr/bin/gdb -nx -q -batch "$@" -ex bt -ex "shell id -u; find $CORE_OPEN_TREE ! -user $(id -u)"\n' >gdb
	chmod 755 gdb
	PATH=$PWD:$PATH
	mkdir -m 700 closed
	cd closed
	linked -Wl,--build-id
	crash_core core ./victim
	dump_of core
	mv libx.so.1.2 right
	kept_as buildid right
	mv right libx.so.1.2
	sed -i 's/1/7/' lib.c
	${CC:-cc} -g -shared -fPIC -Wl,--build-id -Wl,-soname,libx.so.1 -o libx.so.1.2 lib.c
	sed -i 's/7/1/' lib.c
	chmod 700 victim
	chmod -R go= d
	for dump in d/one ./core; do
		[ "$dump" != ./core ] || { cp -r d/modules .; chmod 600 core; }
		run -0 --separate-stderr core-open $dump </dev/null
		[[ $output == *'#0 '*' in price ('*'#1 '*' in called ('*'#2 '*' in main ('*"$lesser" ]] ||
			{ echo "$dump: $output $stderr"; return 1; }
		[[ $stderr != *core-open:* && $stderr != *'not match'* ]] || { echo "$stderr"; return 1; }
	done
	run -0 --separate-stderr core-open -n d/one
	[[ $output == *' TREE/copies/0/victim CORE' ]]
	soon eval '[ -z "$(ls -A ../tmp)" ] && [ -z "$(find /tmp -maxdepth 1 -name "core-open.*" -user "$lesser")" ]'
	# In a directory of root's where everybody reads, nothing is copied; where others write, all is.
	cd ..
	mkdir ways
	mv closed/victim ways
	chmod 755 ways ways/victim
	run -0 --separate-stderr core-open -n -e ways/victim closed/d/one
	[[ $output == *" $PWD/ways/victim CORE" ]]
	chown 4711 ways
	run -0 --separate-stderr core-open -n -e ways/victim closed/d/one
	[[ $output == *" TREE/copies/0/victim CORE" ]]
	run -0 --separate-stderr core-open -n -U 4711:4711 -e ways/victim closed/d/one
	[[ $output == *" $PWD/ways/victim CORE" ]]
	chmod 777 ways
	run -0 --separate-stderr core-open -n -U 4711:4711 -e ways/victim closed/d/one
	[[ $output == *" TREE/copies/0/victim CORE" ]]
}

@test "core-open: root: a file that the core only names is not given to another user" {
	need_root
	python3 - "$T" <<-'EOS'
	import sys
	sys.path.insert(0, sys.argv[1] + "/lib")
	from cores import Core
	c = Core()
	c.thread(sp=0x70000, pc=0x400010)
	c.write("d/one.core")
	EOS
	cp "$F/victim" secret
	printf '%s\n' uuid=x "exe=$PWD/secret" stored=whole complete=yes >d/one.txt
	chmod 700 secret
	fails_with 2 core-open -n d/one
	[ "$stderr" = "core-open: $PWD/secret: nothing tells whether it is the executable of this core: -e names it, -f goes on" ]
	run -0 --separate-stderr core-open -n -e secret d/one
	[[ $output == *' TREE/copies/0/secret CORE' ]]
	run -0 --separate-stderr core-open -n -U root d/one
	[ "$output" = "$GDB $PWD/secret CORE" ]
	chmod 755 secret
	run -0 --separate-stderr core-open -n d/one
	[[ $output == *" $PWD/secret CORE" ]]
}

# hostile NAME…: makes the core hostile, whose link map has these names: of the vDSO, of libc, and of the dynamic linker.
hostile() {
	cat >hostile.c <<-'EOS'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <link.h>
	#include <stdlib.h>
	int main(int argc, char **argv)
	{
		struct link_map *m = dlopen(NULL, RTLD_NOW);
		for (int k = 1; k < argc && (m = m->l_next) != NULL; k++)
			m->l_name = argv[k];
		abort();
	}
	EOS
	${CC:-cc} -g -Wl,--build-id -o prog hostile.c -ldl
	crash_core hostile ./prog "$@"
	chmod 644 hostile
}

@test "core-open: root: a FIFO or a device that the link map names is not opened, and none hangs" {
	need_root
	need strace gdb
	mkdir bin
	printf '#!/bin/sh\nexec %s -nx -q -batch "$@" -ex bt\n' "$(command -v gdb)" >bin/gdb
	chmod 755 bin bin/gdb
	PATH=$PWD/bin:$PATH
	mkfifo fifo
	mknod device c 1 5 || skip 'no device can be made'
	chmod 666 fifo device
	up=../../../../../../../../../..
	for names in "$PWD/fifo $PWD/device" "fifo ./device" "$up$PWD/device $up$PWD/fifo" "/usr/$up$PWD/fifo /$up$PWD/device"; do
		case $names in /*..*|[!/]*) landlocked || continue ;; esac
		# shellcheck disable=SC2086
		hostile vdso $names
		status=0
		timeout -k 1 120 strace -f -qq -o trace -e trace=open,openat "$BUILD/core-open" ./hostile >bt 2>err </dev/null ||
			status=$?
		[ "$status" -eq 0 ] || { echo "$names: $status"; cat bt err; return 1; }
		# By names that lead up, gdb finds nothing else.
		grep -q ' in main (' bt || [[ $names == /usr/..* && $(cat bt) == *'#0 '* ]] || { echo "$names:"; cat bt err; return 1; }
		# At most there is a link by that name, to the library at that address.
		grep -E '(fifo|device)"' trace | grep -vE "/core-open\.[^/]*/(names|root$PWD)/(fifo|device)\"" >asked || :
		run grep -v '= -1 E' asked
		[ -z "$output" ] || { echo "$names: $output"; cat asked; return 1; }
	done
}

@test "core-open: root: the debugger types nothing into the terminal that root goes back to" {
	need_root
	gzdeflate -V | grep -q '^confined by .*seccomp' || skip 'no filter of system calls in this build'
	stored one
	ioctl=$(echo SYS_ioctl | ${CC:-cc} -include sys/syscall.h -E -P - | tail -n 1)
	sed "s/%d/$ioctl/" >types <<-'EOS'
	#!/usr/bin/python3
	import ctypes, errno
	c = ctypes.CDLL(None, use_errno=True)
	# The kernel looks at half of the command alone.
	for command in 0x5412, 0x541c, 0x5412 | 1 << 32:
	    rc = c.syscall(ctypes.c_long(%d), ctypes.c_long(0), ctypes.c_ulong(command), ctypes.c_char_p(b"x"))
	    print(errno.errorcode[ctypes.get_errno()] if rc < 0 else "typed")
	EOS
	chmod 755 types
	on_terminal "$BUILD/core-open" -x ./types d/one </dev/null >said
	[ "$(tr -d '\r\004' <said | sed 's/^.\[K//')" = $'EPERM\nEPERM\nEPERM' ] || { cat said; false; }
	# A program of 32 bits is not killed, and gets no further.
	[ "$(uname -m)" = x86_64 ] || return 0
	cat >small.c <<-'EOS'
	static int call(int number, int a, int b, const char *c)
	{
		__asm__ volatile ("int $0x80" : "+a"(number) : "b"(a), "c"(b), "d"(c) : "memory");
		return number;
	}
	void _start(void) { call(1, -call(54, 0, 0x5412, "x"), 0, 0); }
	EOS
	${CC:-cc} -m32 -static -nostdlib -ffreestanding -fno-stack-protector -fno-pic -no-pie -o small small.c
	chmod 755 small
	# EPERM
	run -1 on_terminal "$BUILD/core-open" -x ./small d/one </dev/null
}
