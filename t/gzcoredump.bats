# gzcoredump, called by hand: -c and -d of old, and -k with a core that gdb wrote.  What is done by a
# real crash, -i, -u and -t are in t/kernel.

load lib/common
load lib/kernel

setup_file() {
	export BATS_NO_PARALLELIZE_WITHIN_FILE=true
	export P DIR MEM PROG=$BATS_FILE_TMPDIR/prog CORE=$BATS_FILE_TMPDIR/core LIVE
	P=$(mktemp -d /tmp/gzct.XXXXXX)
	DIR=$P/var/lib/gzcoredump
	# What is stored is synced, hundreds of times here: in memory, where that can be.
	MEM=$(mktemp -d /dev/shm/gzct.XXXXXX) || MEM=$(mktemp -d /tmp/gzct.XXXXXX)
	chmod 755 "$P" "$MEM"
	ln -s "$MEM" "$P/var"
	install_below "$P" || return
	cp -R "$P/etc" "$P/etc.fresh"
	for_shell dash dash || return
	for_shell ash busybox ash || return
	crasher "$PROG" || return
	held "$P/held" || return
	# A process that lives on, so that there are live facts to read, and its core.  It stays on one
	# processor, whose number is in its memory (rseq), so that its memory stays that of the core.
	taskset -c "$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')" "$PROG" wait 'its argument' 3>&- >/dev/null 2>&1 &
	LIVE=$!
	until [ "$(readlink "/proc/$LIVE/exe")" = "$PROG" ] && grep -q '^State:.S' "/proc/$LIVE/status"; do sleep 0.05; done
	gcore -o "$CORE" "$LIVE" >"$BATS_FILE_TMPDIR/gcore.log" 2>&1 3>&- || return
	notes_first <"$CORE.$LIVE" >"$CORE"
}

# for_shell NAME COMMAND [ARG]: another installation, $P/NAME, whose first lines name this shell.
for_shell() {
	local file into=$P/$1 interpreter
	interpreter=$(command -v "$2")${3:+ $3}
	mkdir -p "$into/bin" "$into/libexec"
	ln -s "$P"/bin/* "$into/bin"
	rm "$into/bin/gzcoredump"
	cp -R "$P/libexec/gzcoredump" "$into/libexec"
	cp "$P/bin/gzcoredump" "$into/bin"
	for file in "$into/bin/gzcoredump" "$into"/libexec/gzcoredump/{handle,install,self-test}; do
		sed -i "1s|.*|#!$interpreter|" "$file"
	done
}

# held FILE: a program that runs a command with the pidfd of a process on 3, as the kernel does: FILE PID COMMAND ...
held() {
	cat >"$BATS_FILE_TMPDIR/held.c" <<-'EOF'
	#define _GNU_SOURCE
	#include <stdlib.h>
	#include <sys/syscall.h>
	#include <unistd.h>
	int
	main(int argc, char **argv)
	{
		int fd = (int)syscall(SYS_pidfd_open, atoi(argv[1]), 0);
		if (argc < 3 || fd < 0 || (fd == 3 ? fd = dup(3) : 3) < 0 || dup2(fd, 3) < 0)
			return 99;
		close(fd);
		execvp(argv[2], argv + 2);
		return 99;
	}
	EOF
	${CC:-cc} -o "$1" "$BATS_FILE_TMPDIR/held.c"
}

# notes_first: a core of gdb's, which has its notes at the end, in the order of the kernel's, so that
# what a stream tells early is known early.
notes_first() {
	python3 -c '
import struct, sys
b = sys.stdin.buffer.read()
head = bytearray(b[:64])
phoff, = struct.unpack_from("<Q", head, 32)
phnum, = struct.unpack_from("<H", head, 56)
segments = [list(struct.unpack_from("<IIQQQQQQ", b, phoff + 56 * i)) for i in range(phnum)]
segments.sort(key=lambda s: s[0] != 4)
struct.pack_into("<QQ", head, 32, 64, 0)
struct.pack_into("<HH", head, 60, 0, 0)
at = 64 + 56 * phnum
table, data = b"", b""
for s in segments:
    data += bytes(-at % (4096 if s[0] == 1 else 4)) + b[s[2]:s[2] + s[5]]
    s[2] = at = at + -at % (4096 if s[0] == 1 else 4)
    at += s[5]
    table += struct.pack("<IIQQQQQQ", *s)
sys.stdout.buffer.write(bytes(head) + table + data)'
}

teardown_file() {
	kill -KILL "$LIVE" 2>/dev/null || :
	wait "$LIVE" 2>/dev/null || :
	rm -rf "$P" "$MEM"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	uuid=$(elf-uuid "$PROG")
	build_id=$(elf-uuid -b "$PROG")
	pid=$LIVE
	LOG=$P/var/log/gzcoredump.log
}

teardown() {
	! mountpoint -q "$DIR" || umount "$DIR"
	# What begun has started, should the test have failed before its end.
	[ ! -s "$MEM/here/session" ] || kill -KILL -- "-$(cat "$MEM/here/session")" 2>/dev/null || :
}

# need_root: skips what only root can give away or read, and so no CI, which is root.
need_root() {
	[ "$(id -u)" = 0 ] || [ -n "${CI-}" ] || skip "not root"
}

# in_each_shell FUNCTION: runs it under dash and under busybox ash, each time in a fresh directory with
# nothing stored and no log, and with no stack asked for.
in_each_shell() {
	local shell
	for shell in dash ash; do
		need dash busybox
		echo "# under $shell"
		rm -rf "$DIR" "$P/etc/gzcoredump.conf" "$LOG" "$MEM/here"
		conf
		mkdir "$MEM/here"
		cd "$MEM/here"
		"$1"
		cd "$BATS_TEST_TMPDIR"
	done
}

# gz ARG …: gzcoredump in the shell of in_each_shell.
gz() {
	runs
	# First, since what follows the name is part of it.
	[ "${1-}" != -k ] || set -- -k F3 "${@:2}"
	"${run[@]}" "$@"
}

# runs: the words of gz, in $run, for what needs a command.
runs() {
	run=("$P/held" "${held-$LIVE}" "$P/$shell/bin/gzcoredump")
}

# handle ARG …: a crash of $LIVE by hand, with more letters, its core on standard input; says nothing.
handle() {
	run -0 --separate-stderr gz -k "P$LIVE" "I$LIVE" u0 g0 s11 t1700000000 c18446744073709551615 d1 \
		hbox eprog "$@" <"$CORE"
	[ -z "$output$stderr" ] || { echo "said: $output$stderr"; return 1; }
}

# only_record [DIR]: there is one record there, $txt.
only_record() {
	local all=("${1-$DIR}"/*.txt)
	txt=${all[0]}
	[ "${#all[@]}" = 1 ] && [ -f "$txt" ] || { echo "not one record: ${all[*]}"; cat "$LOG"; return 1; }
}

# whole [DIR [SUFFIX]]: one crash is stored there, whole, with its record, and a small core if that says so.
whole() {
	local dir=${1-$DIR} suffix=${2-gz} small=
	only_record "$dir" || return
	name=${txt%.txt} gz=${txt%.txt}.$suffix
	! grep -qx small=whole "$txt" || small=$name.small.$suffix
	ls -A -I ".gzcore.*" -I modules "$dir" | diff <(printf '%s\n' "${gz##*/}" ${small:+"${small##*/}"} "${txt##*/}" | sort) - || return
	has stored=whole complete=yes "bytes=$(stat -c %s "$CORE")" "promised=$(stat -c %s "$CORE")"
}

# same_core [FILE]: the file holds the core.
same_core() {
	gzip -dc <"${1-$gz}" | cmp - "$CORE"
}

# logged TEXT: the log has it.
logged() {
	grep -qF -- "$1" "$LOG" || { echo "not in the log: $1"; cat "$LOG"; return 1; }
}

# misuse ARG …: exits 2, says why or how, and nothing on standard output.
misuse() {
	run -2 --separate-stderr gz "$@"
	[ -z "$output" ] || { echo "$*: on standard output: $output"; return 1; }
	[[ $stderr == 'usage: gzcoredump -c'* || $stderr == 'gzcoredump: '* ]] || { echo "$*: $stderr"; return 1; }
}

# --- the command line

@test "gzcoredump: -h and -V answer, and fail on a full disk; a bad option shows the usage" {
	answers gzcoredump
}

@test "gzcoredump: -h and no arguments print the usage on standard output" {
	asked() {
		run -0 --separate-stderr gz -h
		[[ ${lines[0]} == 'usage: gzcoredump -c [-p PATH] [-a ARG]' ]]
		[ -z "$stderr" ]
		printf '%s\n' "$output" >usage
		run -0 --separate-stderr gz
		diff usage <(printf '%s\n' "$output")
		[ -z "$stderr" ]
		run -0 --separate-stderr gz -V
		[[ $output =~ ^gzcoredump\ [0-9.]+$ ]]
	}
	in_each_shell asked
}

@test "gzcoredump: misuse exits 2, says so on standard error, and does nothing" {
	misused() {
		local n
		for n in -x -a -p -f -o -c\ -a -cx operand -c\ operand -d -d\ -f\ in -d\ -o\ out -c\ -d -p\ d -f\ in \
			-i\ -u -t\ -c --help; do
			# shellcheck disable=SC2086
			misuse $n </dev/null
		done
		[ -z "$(ls -A)" ]
		[ ! -e "$DIR" ]
	}
	in_each_shell misused
}

@test "gzcoredump: shellcheck finds nothing in the installed parts" {
	need shellcheck
	run -0 shellcheck -x -s sh "$P"/libexec/gzcoredump/{handle,install,self-test}
	[ -z "$output" ]
}

@test "gzcoredump: gzCoredump is a link to it, and works as before" {
	ls -l "$P/bin/gzCoredump"
	[ "$(readlink "$P/bin/gzCoredump")" = gzcoredump ]
	run -0 "$P/bin/gzCoredump" -h
	[[ ${lines[0]} == usage:* ]]
	"$P/bin/gzCoredump" -c -p cores -a old <"$CORE"
	"$P/bin/gzCoredump" -d -f cores/*_old.gz -o core
	cmp core "$CORE"
}

# --- -c

@test "gzcoredump: -c -p DIR -a ARG stores a core under its legacy name, with its record" {
	named() {
		local before after stamp
		export TZ=FAR-13:45
		before=$(date +%Y%m%d%H%M%S)
		run -0 --separate-stderr gz -c -p "$PWD/cores" -a 'demo' <"$CORE"
		after=$(date +%Y%m%d%H%M%S)
		TZ=UTC
		[ -z "$output$stderr" ]
		whole cores
		same_core
		[[ ${gz##*/} =~ ^Core_([0-9]{8})_([0-9]{6})_demo\.gz$ ]]
		stamp=${BASH_REMATCH[1]}${BASH_REMATCH[2]}
		[[ $before -le $stamp && $stamp -le $after ]]
		[ "$(stat -c %a cores "$gz" "$txt")" = $'700\n600\n600' ]
		has "uuid=$uuid" uuid_from=section "build_id=$build_id" "pid=$LIVE" "uid=$(id -u)" comm=prog \
			"exe=$PROG" threads=1 "host=$(uname -n)"
		[ "$(head -n 2 "$txt")" = "uuid=$uuid"$'\nrecord=1' ]
		[ "$(tail -n 2 "$txt")" = $'stored=whole\ncomplete=yes' ]
	}
	in_each_shell named
}

@test "gzcoredump: -c without -a, or with an empty one, adds nothing to the name" {
	plain() {
		gz -c -p one <"$CORE"
		whole one
		[[ ${gz##*/} =~ ^Core_[0-9]{8}_[0-9]{6}\.gz$ ]]
		gz -c -p two/ -a '' <"$CORE"
		whole two
		[[ ${gz##*/} =~ ^Core_[0-9]{8}_[0-9]{6}\.gz$ ]]
		same_core
	}
	in_each_shell plain
}

@test "gzcoredump: -c stays inside the directory, whatever the argument is" {
	hostile() {
		local n i=0
		while IFS= read -r -d '' n; do
			i=$((i + 1))
			gz -c -p "cores$i" -a "$n" </dev/null
			only_record "cores$i"
			[[ ${txt##*/} =~ ^Core_[0-9]{8}_[0-9]{6}_[A-Za-z0-9!+,.=@_-]+\.txt$ ]] ||
				{ printf 'not safe: %q\n' "$txt"; return 1; }
			[ "$(ls -A "cores$i" | wc -l)" = 2 ]
			rm -r "cores$i"
		done < <(printf '%s\0' ../x ../../../tmp/x /abs .. . a/b $'new\nline' $'end\n' "it's" '"q"' \
			'$(touch pwned)' '`touch pwned`' '; touch pwned' '%s%n%e' '%{uuid}' '\0057x' '*' \
			' blank ' $'\e[2J' -rf "$(printf '%0500d' 0)" naïveté $'\xff')
		# Nothing beside them, and nothing was run.
		[ -z "$(ls -A)" ]
	}
	in_each_shell hostile
}

@test "gzcoredump: -c takes any directory" {
	anywhere() {
		local n
		for n in 'two words' $'new\nline' "it's" '$(touch pwned)' '[ab]*' 'a%b' '\0101'; do
			gz -c -p "$n" -a x <"$CORE"
			whole "$n"
			same_core
			rm -r "$n"
		done
		mkdir -m 755 there
		gz -c -p there <"$CORE"
		whole there
		[ "$(stat -c %a there)" = 755 ]
	}
	in_each_shell anywhere
}

@test "gzcoredump: -c and -d take names that begin with a dash" {
	dashed() {
		gz -c -p -cores <"$CORE"
		whole ./-cores
		cp "$gz" ./-in.gz
		gz -d -f -in.gz -o -out
		cmp ./-out "$CORE"
	}
	in_each_shell dashed
}

@test "gzcoredump: -c writes to /home without -p" {
	at_home() {
		cp "$CORE" core
		runs
		run -0 unshare -m bash -c 'mount -t tmpfs tmpfs /home && "$@" -c -a x <core && ls /home' bash "${run[@]}"
		[[ ${lines[0]} =~ ^Core_.*_x\.gz$ ]]
		[[ ${lines[1]} =~ ^Core_.*_x\.txt$ ]]
	}
	unshare -m mount -t tmpfs tmpfs /home 2>/dev/null || skip "no file system can be mounted here"
	in_each_shell at_home
}

@test "gzcoredump: -c never replaces a file, nor follows a link" {
	kept() {
		local now i stamp
		# Whatever second it will be, its names are taken.
		mkdir cores
		now=$(date +%s)
		for i in $(seq 0 20); do
			stamp=Core_$(date -d "@$((now + i))" +%Y%m%d_%H%M%S)
			echo old >"cores/${stamp}_file.gz"
			echo old >"cores/${stamp}_record.txt"
			ln -s "$PWD/outside" "cores/${stamp}_link.gz"
			ln -s "$PWD/outside" "cores/${stamp}_txtlink.txt"
			echo old >"cores/${stamp}_partial.gz.partial"
		done
		tar -cf before.tar cores
		for i in file record link txtlink partial; do
			gz -c -p cores -a $i <"$CORE"
			[ "$(ls cores/*_$i-1.gz cores/*_$i-1.txt | wc -l)" = 2 ]
			same_core cores/*_$i-1.gz
		done
		[ ! -e outside ]
		tar -df before.tar
		[ "$(ls -A cores | wc -l)" = $((21 * 5 + 10)) ]
	}
	in_each_shell kept
}

@test "gzcoredump: two crashes in one second never overwrite each other" {
	at_once() {
		local i
		for i in 1 2 3 4 5 6; do
			{ cat "$CORE"; echo "$i"; } >"core$i"
			gz -c -p cores -a same <"core$i" 3>&- 2>"err$i" &
		done
		wait
		cat err?
		for gz in cores/*.gz; do
			zinflate "$gz" | tail -c 2
			[ -e "${gz%.gz}.txt" ]
			grep -qx stored=whole "${gz%.gz}.txt"
		done | sort | tr -d '\n' | grep -x 123456
		ls -A cores | grep -vE '^Core_[0-9]{8}_[0-9]{6}_same(-[0-9])?\.(gz|txt)$' | diff /dev/null -
		[ "$(ls -A cores | wc -l)" = 12 ]
	}
	in_each_shell at_once
}

@test "gzcoredump: -c works with nothing but standard input, as the kernel calls it" {
	bare() {
		runs
		set -- "${run[@]}"
		env -i "$@" -c -p "$PWD/cores" -a x <"$CORE" >&- 2>&-
		whole cores
		same_core
		logged 'stored=whole complete=yes'
		run -2 bash -c 'exec "$@" >&- 2>&-' bash env -i "$@" -c -p "$PWD/no/such" -a x <"$CORE"
		logged "$PWD/no/such"
	}
	in_each_shell bare
}

@test "gzcoredump: -c says when it cannot store, and exits 2" {
	cannot() {
		runs
		: >file
		run -2 --separate-stderr gz -c -p file <"$CORE"
		[ -z "$output" ]
		[[ $stderr == *file/Core_* ]]
		run -2 --separate-stderr gz -c -p no/such <"$CORE"
		[[ $stderr == *no/such/Core_* ]]
		run -2 --separate-stderr gz -c -p /proc <"$CORE"
		[[ $stderr == */proc/Core_* ]]
		[ "$(ls -A)" = file ]
		[ ! -s file ]
		run -2 bash -c '"$@" <&-' bash "${run[@]}" -c -p cores
		run -2 terminal 0 "$P/bin/gzcoredump" -c -p cores
	}
	in_each_shell cannot
}

@test "gzcoredump: -c stores a cut core, or no core, too, and the record says so" {
	other() {
		gz -c -p empty </dev/null
		only_record empty
		has uuid= record=1 bytes=0 stored=whole complete=no
		gzip -dc "${txt%.txt}.gz" | cmp - /dev/null
		gz -c -p text <"$T/gzcoredump.bats"
		only_record text
		has uuid= stored=whole complete=no "bytes=$(stat -c %s "$T/gzcoredump.bats")"
		gzip -dc "${txt%.txt}.gz" | cmp - "$T/gzcoredump.bats"
		head -c 20000 "$CORE" >cut
		gz -c -p part <cut
		only_record part
		has stored=whole complete=no bytes=20000 "promised=$(stat -c %s "$CORE")"
		gzip -dc "${txt%.txt}.gz" | cmp - cut
	}
	in_each_shell other
}

@test "gzcoredump: -c makes a file that gunzip reads, whatever filter= says" {
	plain() {
		conf 'filter=tr a b' suffix=gz.b owner=4711 level=0
		gz -c -p cores <"$CORE"
		whole cores
		same_core
		[ "$(stat -c %s "$gz")" -gt "$(stat -c %s "$CORE")" ]
		[ "$(stat -c %u "$gz")" = "$(id -u)" ]
	}
	in_each_shell plain
}

# --- -d

@test "gzcoredump: -d restores gzip and zlib, and replaces the whole of OUT" {
	decoded() {
		gzdeflate <"$CORE" >in.gz
		zdeflate <"$CORE" >in.zz
		gzip -c "$CORE" >other.gz
		for n in in.gz in.zz other.gz; do
			# An old file that is longer leaves no tail.
			{ cat "$CORE"; echo tail; } >out
			run -0 --separate-stderr gz -d -f $n -o out
			[ -z "$output$stderr" ]
			cmp out "$CORE"
			gz -d -f $n -o new
			cmp new "$CORE"
			rm new
		done
		gzdeflate </dev/null >empty.gz
		gz -d -f empty.gz -o out
		cmp out /dev/null
		# Over itself.
		gz -d -f in.gz -o in.gz
		cmp in.gz "$CORE"
	}
	in_each_shell decoded
}

@test "gzcoredump: -d leaves OUT as it was when not all of IN could be decoded" {
	undecoded() {
		local n size
		gzdeflate -b 64K <"$CORE" >in.gz
		zdeflate <"$CORE" >in.zz
		size=$(stat -c %s in.gz)
		head -c $((size - 5)) in.gz >cut.gz
		head -c 3 in.gz >stub.gz
		head -c 2000 in.zz >cut.zz
		cp in.gz damaged.gz
		printf 'xxxx' | dd of=damaged.gz bs=1 seek=$((size / 2)) conv=notrunc status=none
		cp in.gz early.gz
		printf 'xxxx' | dd of=early.gz bs=1 seek=40 conv=notrunc status=none
		{ cat in.gz; echo trailing; } >trailing.gz
		: >empty
		echo "the old file" >out
		cp -p out keep
		stat -c '%i %a %Y %s' out >stat
		for n in cut.gz stub.gz cut.zz damaged.gz early.gz trailing.gz empty missing . "$CORE"; do
			run --separate-stderr gz -d -f $n -o out
			[ "$status" = 1 ] || [ "$status" = 2 ]
			[ -z "$output" ]
			[ -n "$stderr" ]
			cmp out keep
			stat -c '%i %a %Y %s' out | diff stat -
			# Nor is there an OUT where none was.
			run --separate-stderr gz -d -f $n -o new
			[ "$status" = 1 ] || [ "$status" = 2 ]
			[ ! -e new ]
		done
	}
	in_each_shell undecoded
}

@test "gzcoredump: -d does not turn a device or a pipe into a file" {
	special() {
		gzdeflate <"$CORE" >in.gz
		mknod "$BATS_TEST_TMPDIR/device" c 1 3 || skip "no device can be made here"
		run -0 gz -d -f in.gz -o "$BATS_TEST_TMPDIR/device"
		[ -c "$BATS_TEST_TMPDIR/device" ]
		rm "$BATS_TEST_TMPDIR/device"
		mkfifo pipe
		timeout 120 cat pipe >got 3>&- &
		runs
		run -0 timeout 120 "${run[@]}" -d -f in.gz -o pipe
		wait
		[ -p pipe ]
		cmp got "$CORE"
		head -c 5000 in.gz >cut.gz
		timeout 120 cat pipe >got 3>&- &
		run -2 timeout 120 "${run[@]}" -d -f cut.gz -o pipe
		wait
		[ -p pipe ]
	}
	in_each_shell special
}

@test "gzcoredump: -d replaces what a link leads to, and no directory" {
	linked() {
		gzdeflate <"$CORE" >in.gz
		mkdir there
		echo old >there/target
		ln -s there/target link
		gz -d -f in.gz -o link
		[ -L link ]
		cmp there/target "$CORE"
		run -2 gz -d -f in.gz -o there
		[ "$(ls -A there)" = target ]
	}
	in_each_shell linked
}

@test "gzcoredump: -d that is told to end leaves OUT as it was" {
	# reads_in: a zinflate of ours has opened the input.
	reads_in() {
		local p
		for p in $(pgrep -x zinflate); do
			[ -z "$(find "/proc/$p/fd" -lname "$PWD/in" 2>/dev/null)" ] || return 0
		done
		return 1
	}
	told() {
		echo "the old file" >out
		cp out keep
		mkfifo in
		{ gzdeflate <"$CORE"; exec sleep 30; } >in 3>&- &
		local writer=$!
		gz -d -f in -o out 3>&- 2>err &
		local reader=$!
		soon reads_in
		# The script has become core-store, unless the shell forks first.
		pkill -TERM -P $reader core-store 2>/dev/null || kill -TERM $reader
		wait $reader && return 1
		kill $writer
		cmp out keep
	}
	in_each_shell told
}

# --- -k

@test "gzcoredump: -k stores a core with all its facts, in the order of the record" {
	need_root
	recorded() {
		handle
		whole
		keys
		sed -e '/^module_\{0,1\}[a-z]*=0x/d' -e '/^\(user_\)\{0,1\}unit=/d' -e '/^container=/d' \
			-e 's/=.*//' "$txt" | diff - <(printf '%s\n' uuid record uuid_from build_id pid tid uid gid signal \
			signame comm exe cmdline threads time host container_host limit dumpable bytes promised machine \
			class byteorder modules segments segments_there missing secure_exec \
			thread_name rights cwd root cgroup limits \
			open_files uptime_ms vsize rss rss_peak swap captured held_ms stored complete)
		has "uuid=$uuid" record=1 uuid_from=section "build_id=$build_id" "pid=$LIVE" "tid=$LIVE" uid=0 gid=0 \
			signal=11 signame=SIGSEGV comm=prog "exe=$PROG" "cmdline=$PROG wait its argument" threads=1 \
			"host=$(uname -n)" container_host=box limit=18446744073709551615 dumpable=1
		[[ ${name##*/} =~ ^prog\.$LIVE\.20[0-9]{6}T[0-9]{6}Z$ ]]
		[ "$(stat -c '%a %u %g' "$gz" "$txt")" = $'600 0 0\n600 0 0' ]
		[ "$(stat -c %a "$DIR" "$LOG")" = $'700\n600' ]
		same_core
		grep -qE "^20[-0-9]{8}T[:0-9]{8}Z gzcoredump\[[0-9]+\]: SIGSEGV (in|of) prog: $(
			)stored=whole complete=yes bytes=$(stat -c %s "$CORE"): $gz\$" "$LOG"
		[ "$(wc -l <"$LOG")" = 1 ]
	}
	in_each_shell recorded
}

@test "gzcoredump: the first gzip header names the file and holds the identity lines" {
	headed() {
		handle
		whole
		python3 - "$gz" >header <<-'EOF'
		import struct, sys
		b = open(sys.argv[1], 'rb').read()
		magic, method, flags, mtime = struct.unpack_from('<HBBI', b)
		assert (magic, method, flags) == (0x8b1f, 8, 4 | 8 | 16), (magic, method, flags)
		n, = struct.unpack_from('<H', b, 10)
		assert n == 8 and b[12:16] == b'IG\4\0', b[12:20]
		size, = struct.unpack_from('<I', b, 16)
		name, comment, _ = b[20:].split(b'\0', 2)
		# The next member has none of it.
		assert size == len(b) or b[size + 3] == 4, b[size:size + 20]
		sys.stdout.buffer.write(name + b'\n' + comment)
		EOF
		[ "$(head -n 1 header)" = "${name##*/}" ]
		[ "$(sed -n 2p header)" = "uuid=$uuid" ]
		tail -n +2 header | sort | diff <(sed -E -e '/^bytes=/,/^secure_exec=/d' \
			-e '/^(module[a-z_]*=0x|(captured|held_ms|stored|complete)=)/d' "$txt" | sort) -
	}
	in_each_shell headed
}

@test "gzcoredump: with a filter, header and record keep the command line to themselves" {
	filtered() {
		conf 'filter=tr a-z n-za-m | cat -u' suffix=gz.rot
		handle
		whole "$DIR" gz.rot
		run ! grep -qE '^cmdline=|its argument' "$txt" "$LOG"
		sed -e '/^module_\{0,1\}[a-z]*=0x/d' -e '/^\(user_\)\{0,1\}unit=/d' -e '/^container=/d' \
			-e 's/=.*//' "$txt" | diff - <(printf '%s\n' uuid record uuid_from build_id pid tid uid gid signal \
			signame comm exe threads time host container_host limit dumpable bytes promised machine \
			class byteorder modules segments segments_there missing secure_exec \
			thread_name rights cwd root cgroup limits \
			open_files uptime_ms vsize rss rss_peak swap captured held_ms stored complete)
		tr n-za-m a-z <"$gz" >plain.gz
		same_core plain.gz
		python3 - plain.gz <<-'EOF'
		import sys
		b = open(sys.argv[1], 'rb').read(4)
		assert b[3] & 16 == 0, b
		EOF
	}
	in_each_shell filtered
}

@test "gzcoredump: -k accepts arguments that are missing, empty, unknown or nonsense" {
	letters() {
		local n=0 line
		while IFS= read -r line; do
			rm -rf "$DIR" "$LOG"
			# shellcheck disable=SC2086
			run -0 --separate-stderr gz -k $line <"$CORE"
			[ -z "$output$stderr" ]
			whole
			# What the core itself knows.
			has "pid=$LIVE" comm=prog "exe=$PROG"
			same_core
			[ "$(sed 's/=.*//' "$txt" | grep -v '^module' | sort | uniq -d)" = '' ]
			run ! grep -qE '=$' <(grep -v '^uuid=$' "$txt")
			n=$((n + 1))
		done <<-EOF

		P$LIVE
		P I u g s t c d F h e
		Pabc I-1 u1x g+1 s0x11 t1.5 cunlimited d? Fx
		s11 X Y99 zzz 1 = - --
		I1 s99999999999 t99999999999999999999
		P$LIVE F99
		P0 I0 F3 s11
		P99999999999 I99999999999 u99999999999 F99999999999 s11
		EOF
		[ $n = 9 ]
		run -0 gz -k '' 'P' '' "P$LIVE" '' <"$CORE"
	}
	in_each_shell letters
}

@test "gzcoredump: -k of a process that cannot be seen here stores the core and a small one" {
	unseen() {
		local n
		for n in 0 00 99999999999 -1; do
			rm -rf "$DIR"
			conf small=yes
			gz -k "P$n" "I$n" u0 g0 s11 d1 eprog <"$CORE"
			whole
			has small=whole comm=prog "exe=$PROG"
			same_core
		done
		# Of what core-trim makes nothing the whole one is stored all the same.
		rm -rf "$DIR"
		rm -f "$MEM/go"
		conf small=yes compress="$MEM/later" suffix=gz
		handle
		whole
		has small=no
	}
	printf '#!/bin/sh\n[ -e "%s/go" ] || { : >"%s/go"; exit 3; }\nexec gzip -1\n' "$MEM" "$MEM" >"$MEM/later"
	chmod 755 "$MEM/later"
	in_each_shell unseen
}

@test "gzcoredump: -k: the process cannot be read: the record has what the kernel passed" {
	gone() {
		local n
		# A number that no process has.
		n=$(($(cat /proc/sys/kernel/pid_max) + 1))
		run -0 gz -k P$n I$n u1000 g100 s6 t1700000000 c0 d2 'hbo x/../$(touch pwned)' \
			$'e../a b\n$(touch pwned)=\\' </dev/null
		only_record
		cat "$txt"
		has uuid= record=1 pid=$n tid=$n uid=1000 gid=100 signal=6 signame=SIGABRT limit=0 dumpable=2 \
			stored=whole complete=no bytes=0
		has 'comm=..?a?b???touch?pwned???'
		has 'container_host=bo?x?..???touch?pwned?' "host=$(uname -n)"
		[ "$(ls -A)" = '' ]
		[ "$(ls -A -I ".gzcore.*" "$DIR" | wc -l)" = 2 ]
		[[ ${txt##*/} == [A-Za-z0-9_]* ]]
		logged "pid $n"
	}
	in_each_shell gone
}

@test "gzcoredump: -k believes the process only when the descriptor is that process" {
	checked() {
		gz -k "P$LIVE" s11 eother <"$CORE"
		whole
		has comm=prog "uuid=$uuid" "cmdline=$PROG wait its argument" "host=$(uname -n)"
		rm -rf "$DIR"
		# Its number belongs to another process by now: nothing of that one may be in the record.
		held=$$ gz -k "P$LIVE" s11 eother </dev/null
		only_record
		has comm=other uuid= "pid=$LIVE"
		run ! grep -qE "^(exe|cmdline|threads)=|$uuid" "$txt"
		logged 'not the process of descriptor 3'
	}
	in_each_shell checked
}

@test "gzcoredump: -k works with nothing but the core on 0, as the kernel calls it" {
	bare() {
		runs
		set -- "${run[@]}"
		cd /
		env -i "$@" -k F3 "P$LIVE" s11 eprog <"$CORE" 1>&- 2>&- 3>&-
		cd "$OLDPWD"
		whole
		same_core
		keys_here=$(head -n 1 "$txt")
		[ "$keys_here" = "uuid=$uuid" ]
	}
	in_each_shell bare
}

@test "gzcoredump: -k takes the next free name when a name is taken" {
	taken() {
		conf 'template=name'
		mkdir -p "$DIR"
		echo old >"$DIR/name.gz"
		echo old >"$DIR/name-1.txt"
		echo old >"$DIR/name-2.gz.partial"
		ln -s "$PWD/outside" "$DIR/name-3.txt"
		ln -s "$PWD/outside" "$DIR/name-4.gz"
		mkdir "$DIR/name-5.gz"
		handle
		[ -f "$DIR/name-6.txt" ]
		same_core "$DIR/name-6.gz"
		[ ! -e outside ]
		cat "$DIR/name.gz" "$DIR/name-1.txt" "$DIR/name-2.gz.partial" | diff <(printf 'old\nold\nold\n') -
		handle
		same_core "$DIR/name-7.gz"
		[ "$(ls -A -I ".gzcore.*" "$DIR" | wc -l)" = 10 ]
	}
	in_each_shell taken
}

@test "gzcoredump: honour_limit applies to cores whose limit is 0, and to no others" {
	limited() {
		local c
		conf honour_limit=yes
		run -0 --separate-stderr gz -k "P$LIVE" s11 c0 eprog <"$CORE"
		[ -z "$output$stderr" ]
		only_record
		[ "$(ls -A -I ".gzcore.*" "$DIR")" = "${txt##*/}" ]
		has limit=0 stored=no complete=no "uuid=$uuid" signame=SIGSEGV
		[ "$(tail -n 2 "$txt")" = $'stored=no\ncomplete=no' ]
		run ! grep -qE '^(bytes|promised)=' "$txt"
		logged 'the limit of its core is 0'
		for c in c1 c4096 c18446744073709551615 c; do
			rm -rf "$DIR"
			gz -k "P$LIVE" s11 $c <"$CORE"
			whole
		done
		conf honour_limit=no
		rm -rf "$DIR"
		gz -k "P$LIVE" s11 c0 <"$CORE"
		whole
		has limit=0
	}
	in_each_shell limited
}

@test "gzcoredump: -k says that a core was cut" {
	cut() {
		# The process is there, so its memory would be read whatever became of the pipe.
		conf capture=no
		head -c 100000 "$CORE" >cut
		gz -k "P$LIVE" s11 <cut
		only_record
		has stored=whole complete=no bytes=100000 "promised=$(stat -c %s "$CORE")" "uuid=$uuid"
		gzip -dc "${txt%.txt}.gz" | cmp - cut
	}
	in_each_shell cut
}

# begun VICTIM: a handler in the background, in the middle of a core that does not compress; VICTIM, a
# stage of it, is in $victim.  The rest of the core comes when the file rest is there.
begun() {
	rm -f rest fed
	noise 3000000 >noise
	cat noise noise >all
	{
		cat noise
		: >fed
		soon test -e rest
		cat noise
	} 3>&- 2>/dev/null | setsid bash -c 'echo $$ >session; exec "$@"' session \
		"${run[@]}" -k F3 "P$LIVE" s11 eprog 3>&- &
	soon test -e fed
	# The core-store of the stages, not that of the record, nor core-capture, which starts it.  A
	# program may have made a process of the same name: the oldest is the program.
	[ "$1" = core-store ] && set -- -o -f '^core-store .*core-info -d' || set -- -o -x "$1"
	victim=$(pgrep -s "$(cat session)" "$@")
}

# ended: no process of the handler runs; one that nobody has waited for yet may be there.
ended() {
	! ps -o stat= -s "$(cat session)" | grep -q '^[^Z]'
}

# left: what the handler in the background has left agrees with its record.
left() {
	: >rest
	# The shell that was killed has no say in when the others end.
	soon ended
	only_record
	gz=${txt%.txt}.gz
	echo "victim: $victim"
	ls -la "$DIR"
	cat "$txt"
	[ ! -e "$gz" ]
	has complete=no "uuid=$uuid"
	if [ -e "$gz.partial" ]; then
		has stored=partial
		# What is there decodes to what came first.
		zinflate -k "$gz.partial" >part 2>err || :
		[ ! -s part ] || is_prefix part all
		[ "$(ls -A -I ".gzcore.*" "$DIR" | wc -l)" = 2 ]
	else
		has stored=no
		[ "$(ls -A -I ".gzcore.*" "$DIR" | wc -l)" = 1 ]
	fi
}

@test "gzcoredump: stages that are told to end leave a partial file and a record that says so" {
	told() {
		local n
		runs
		for n in core-capture core-info gzdeflate core-store; do
			rm -rf "$DIR" session
			begun $n
			kill -TERM "$victim"
			# All the others end with it, though there is more to come.
			[ $n != core-store ] || soon grep -q '^complete=' "$DIR"/*.txt
			left
			has stored=partial
			logged 'stored=partial'
		done
	}
	in_each_shell told
}

@test "gzcoredump: a handler whose processes are all told to end leaves a true record" {
	told() {
		runs
		begun core-store
		kill -TERM -- "-$(cat session)"
		left
		has stored=partial
	}
	in_each_shell told
}

@test "gzcoredump: stages that are killed leave no final name" {
	killed() {
		local n
		runs
		for n in core-info gzdeflate core-store; do
			rm -rf "$DIR" session
			begun $n
			kill -KILL "$victim"
			left
		done
		has stored=no
	}
	in_each_shell killed
}

@test "gzcoredump: core-list says open of a handler at work, and lost of one that was killed" {
	lost() {
		state() { core-list "$DIR" | awk 'NR > 1 { print $5 }'; }
		runs
		begun core-store
		touch -d '1 minute ago' "$DIR"/*.txt
		[ "$(state)" = open ]
		# The group, not a list of it: a list lacks what is forked after it was made.
		kill -KILL -- "-$(cat session)"
		: >rest
		soon ended
		[ "$(state)" = lost ]
		# What is stored next to it leaves the record, which is all there is.
		handle
		[ "$(ls -A "$DIR" | grep -c '^prog.*txt$')" = 2 ]
		[ "$(ls -A "$DIR" | grep -c '^\.gzcore\.[0-9a-f]\{16\}$')" = 0 ]
		[ "$(state)" = $'whole\nlost' ] || [ "$(state)" = $'lost\nwhole' ]
	}
	in_each_shell lost
}

@test "gzcoredump: a directory that everyone may write to: the log warns, the core is stored" {
	everyone() {
		mkdir "$DIR"
		chmod 777 "$DIR"
		handle
		whole
		logged "everyone may write to its directory"
	}
	in_each_shell everyone
}

@test "gzcoredump: dir= is not a directory: the core is lost, the log says so, exit 2" {
	none() {
		local n
		: >file
		for n in "$PWD/file" "$PWD/file/below" "$PWD/no/such" /proc/none; do
			conf "dir=$n"
			rm -f "$LOG"
			run -2 --separate-stderr gz -k "P$LIVE" s11 <"$CORE"
			[ -z "$output$stderr" ]
			logged "$n"
			logged stored=no
			[ ! -s file ]
		done
		[ "$(ls -A)" = file ]
	}
	in_each_shell none
}

@test "gzcoredump: dir= may not be written: the core is lost, exit 2" {
	need_root
	need setpriv
	unwritable() {
		runs
		mkdir -m 755 kept
		conf "dir=$PWD/kept" owner=4711
		chmod 644 "$P/etc/gzcoredump.conf"
		mkdir -p "${LOG%/*}"
		install -m 666 /dev/null "$LOG"
		run -2 setpriv --reuid 4711 --regid 4711 --clear-groups "${run[@]}" -k s11 <"$CORE"
		[ -z "$output" ]
		logged 'Permission denied'
		logged stored=no
		[ -z "$(ls -A kept)" ]
	}
	in_each_shell unwritable
}

@test "gzcoredump: a log that cannot be written: the core is stored all the same" {
	unlogged() {
		mkdir -p "$LOG"
		handle
		whole
		rm -rf "$DIR"
		conf "log=$PWD/no/such/log"
		handle
		whole
		rmdir "$LOG"
		rm -rf "$DIR"
		conf "log=$PWD/file/log"
		: >file
		handle
		whole
		same_core
	}
	in_each_shell unlogged
}

# --- the configuration

@test "gzcoredump: every key of the configuration does what it says" {
	need_root
	keyed() {
		conf "dir=$PWD/cores/" template='%e-%s_%{uuid:8}' level=0 suffix=gzip owner=4711:4712 mode=0640 \
			"log=$PWD/log"
		handle
		whole cores gzip
		[ "${name##*/}" = "prog-11_${uuid:0:8}" ]
		[ "$(stat -c %s "$gz")" -gt "$(stat -c %s "$CORE")" ]
		[ "$(stat -c '%a %u %g' "$gz" "$txt")" = $'640 4711 4712\n640 4711 4712' ]
		grep -q 'stored=whole' log
		[ ! -e "$LOG" ] || [ ! -s "$LOG" ]
		conf level=9
		handle
		whole
		[ "$(stat -c %s "$gz")" -lt "$(($(stat -c %s "$CORE") / 2))" ]
		rm -rf "$DIR"
		conf 'filter=tr a b' suffix=gz.b
		handle
		whole "$DIR" gz.b
		gzdeflate -1 -N "${name##*/}" <"$CORE" | tr a b | cmp - "$gz"
		rm -rf "$DIR"
		# Without a group, the owner's file keeps ours.
		conf owner=4711
		handle
		whole
		[ "$(stat -c '%u %g' "$gz")" = '4711 0' ]
	}
	in_each_shell keyed
}

@test "gzcoredump: comments, blanks, quotes and a missing last newline are read as meant" {
	need_root
	written() {
		printf '%s' '# a comment with dir=/nowhere

	  # another
	template = "a b"
	template="two words"
	  dir=	'"$PWD"'/a dir  
	level="0"
	suffix=gz.last' | sed 's/^template = .*//' >"$P/etc/gzcoredump.conf"
		handle
		cat "$LOG"
		whole "$PWD/a dir" gz.last
		[ "${name##*/}" = two_words ]
		[ "$(stat -c %s "$gz")" -gt "$(stat -c %s "$CORE")" ]
		[ "$(wc -l <"$LOG")" = 1 ]
	}
	in_each_shell written
}

@test "gzcoredump: blanks around the equals sign do not count" {
	need_root
	spaced() {
		conf 'level = 0'
		handle
		whole
		[ "$(stat -c %s "$gz")" -gt "$(stat -c %s "$CORE")" ]
		[ "$(wc -l <"$LOG")" = 1 ]
	}
	in_each_shell spaced
}

@test "gzcoredump: carriage returns in the configuration do not end up in names" {
	returned() {
		printf '# one\r\n\r\ndir=%s/cores\r\nlog=%s/log\r\nlevel=1\r\n' "$PWD" "$PWD" >"$P/etc/gzcoredump.conf"
		handle
		# Taken without it, or a mistake and the default.
		[ ! -e cores$'\r' ]
		[ ! -e log$'\r' ]
		[ -d cores ] || logged gzcoredump.conf
		whole "$([ -d cores ] && echo cores || echo "$DIR")"
	}
	in_each_shell returned
}

@test "gzcoredump: nothing in the configuration is ever run" {
	quoted() {
		local n
		for n in '$(touch pwned)' '`touch pwned`' '; touch pwned' '"; touch pwned; "' '$HOME/../pwned' \
			'&& touch pwned' '>pwned' $'\'$(touch pwned)\''; do
			mkdir in
			conf "dir=$PWD/in/$n" "template=$n" "level=$n" "filter=cat $n" "suffix=$n" "owner=$n" \
				"mode=$n" "log=$PWD/in/log$n" "honour_limit=$n" "nosuchkey=$n" "dir$n" "$n=x"
			run gz -k "P$LIVE" s11 </dev/null
			# What is a value, or an argument of cat, is no command.
			[ -z "$(find . / -maxdepth 2 -name pwned)" ]
			rm -r in
			# No value makes it lose the record.
			conf "template=$n" "level=$n" "suffix=$n" "mode=$n" "honour_limit=$n" "nosuchkey=$n"
			handle
			whole
			rm -rf "$DIR"
		done
		[ -z "$(ls -A)" ]
	}
	in_each_shell quoted
}

@test "gzcoredump: loop_by: a unit of the system, a unit of a user, or a container" {
	need_root
	local id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef user group
	user=/user.slice/user-7.slice/user@7.service
	counted() {
		conf loop_most=1 "loop_by=$1"
		shift
		for group; do
			echo "0::$group" >group
			unshare -m sh -c 'mount --bind group "/proc/$1/cgroup" && shift && exec "$@"' sh "$LIVE" \
				"$P/held" "$LIVE" "$P/bin/gzcoredump" -k F3 "P$LIVE" u0 s11 eprog <"$CORE"
		done
	}
	rm -rf "$DIR"
	echo 0::/ >group
	unshare -m mount --bind group "/proc/$LIVE/cgroup" || skip "nothing can be mounted over a file of /proc"
	counted unit /system.slice/a.service $user/x.service $user/y.service $user/x.service /none
	counted container /docker/$id
	cut -f 1,3 "$DIR/.gzcore.loops" | sed 1d | diff - <(printf '%s\t%s\n' 'unit a.service' 1 \
		'unit user@7.service x.service' 2 'unit user@7.service y.service' 1 "uuid $uuid of user 0" 1 "container $id" 1)
	[ "$(grep -l '^loop_count=1$' "$DIR"/*.txt | wc -l)" = 1 ]
	# Whatever the unit is, a process that has none is counted by what it is.
	counted unit /none
	grep -q "^uuid $uuid of user 0	.*	2	" "$DIR/.gzcore.loops"
}

@test "gzcoredump: a mistake in the configuration: a warning and the default, the core is stored" {
	need_root
	cat >mistakes <<-'EOF'
	nosuchkey=1
	not a setting
	=value
	Level=3
	level=10
	level=-1
	level=fast
	level=
	dir=relative/path
	dir=
	log=log
	template=
	template=%e.%
	template=%{comm
	template=%y
	template=%{comm:x}
	suffix=a/b
	suffix=.gz
	suffix=../../x
	suffix=123456789012345678901234567890123
	mode=0999
	mode=u=rw
	mode=04755
	owner=a b
	owner=
	honour_limit=perhaps
	suffix=gz.partial
	min_free=08M
	min_free=51%
	min_free=0%
	min_free=1M,2M
	min_free=5%%
	min_free=5%,4G,8G
	min_free=4G,5%,1G
	keep_bytes=101%
	keep_bytes=1M,
	keep_bytes=,1%
	max_size=00
	at_once=00
	at_once=4097
	hook_time=09
	stage_time=00
	keep_age=0d
	small=maybe
	small_stack=0
	small_stack=3K
	small_stack=4095
	small_stack=x
	small_budget=1k
	keep_small=-1
	keep_small_each=10000
	keep_small_bytes=all
	suffix=small.gz
	capture=process
	capture_memory=91%
	capture_memory=%
	capture_memory=05%
	capture_memory=-1
	EOF
	mistaken() {
		local line lines
		rm -rf "$DIR" "$LOG"
		conf '# first'
		cat "$BATS_TEST_TMPDIR/mistakes" >>"$P/etc/gzcoredump.conf"
		echo mode=0644 >>"$P/etc/gzcoredump.conf"
		handle
		whole
		same_core
		logged 'stored=whole'
		# Each is said, the line behind them counts, and the defaults stand.
		lines=$(grep -nxFf "$BATS_TEST_TMPDIR/mistakes" "$P/etc/gzcoredump.conf" | cut -d: -f1)
		[ "$(wc -w <<<"$lines")" = 58 ]
		for line in $lines; do
			logged "line $line: "
		done
		[ "$(stat -c '%a %u %g' "$gz")" = '644 0 0' ]
		[[ ${name##*/} =~ ^prog\.$LIVE\.20[0-9]{6}T[0-9]{6}Z$ ]]
	}
	in_each_shell mistaken
}

@test "gzcoredump: user_size: of a user's core so much is read, of a service's all" {
	need_root
	# crashed STATUS UID: a crash of that user.
	crashed() {
		rm -rf "$DIR"
		run "-$1" gz -k "P$LIVE" "I$LIVE" "u$2" g0 s11 t1700000000 d1 hbox eprog <"$CORE"
	}
	bounded() {
		local uid
		conf user_size=100000
		# Systemd's dynamic users are services.
		for uid in 0 33 61184; do
			crashed 0 "$uid"
			whole
			same_core
		done
		conf user_size=100000 small=yes
		for uid in 4711 1000 99999 ''; do
			crashed 1 "$uid"
			only_record
			has stored=partial complete=no bytes=100000 small=whole \
				'error=core-store: copy: the input has over 100000 bytes: the rest was not read'
			zinflate "${txt%.txt}.gz.partial" | cmp - <(head -c 100000 "$CORE")
			zinflate "${txt%.txt}.small.gz" | core-info | grep -qx complete=yes
		done
	}
	in_each_shell bounded
}

@test "gzcoredump: 8 MiB of flash: the defaults store a dump and leave an eighth free" {
	need_root
	on_flash() {
		mkdir -p "$DIR"
		mount -t tmpfs -o size=8m none "$DIR" || skip "no file system can be mounted here"
		: >"$P/etc/gzcoredump.conf"
		handle
		whole
		has small=whole
		# With less than that free there is no whole core, but still a small one.
		rm "$name".*
		head -c "$(($(stat -f -c '%a * %S' "$DIR") - 800000))" /dev/zero >"$DIR/others"
		handle || [ "$status" = 2 ]
		only_record
		has small=whole stored=no
		logged 'nothing was stored'
		umount "$DIR"
	}
	in_each_shell on_flash
}

@test "gzcoredump: a crash loop of one user: other users' dumps of that program are stored" {
	need_root
	looped() {
		local i
		conf loop_most=1 'template=%{uid}'
		for i in 1 2 3; do
			gz -k "P$LIVE" u4711 s11 d1 eprog <"$CORE"
		done
		grep -q "uuid $uuid of user 4711: over 1 crashes" "$LOG"
		rm -rf "$DIR"/*
		handle
		whole
		has stored=whole
	}
	in_each_shell looped
}

@test "gzcoredump: users who log in have half of the places: a service is always stored" {
	need_root
	held() {
		local holder
		mkdir -p "$DIR"
		chmod 700 "$DIR"
		conf at_once=2 queue_wait=0
		python3 -c '
import fcntl, sys, time
f = open(sys.argv[1], "w")
fcntl.lockf(f, fcntl.LOCK_EX, 1, 0)
print(flush=True)
time.sleep(100)' "$DIR/.gzcore.queue" >held 3>&- &
		holder=$!
		soon [ -s held ]
		# Whose it is must be known for it to be a service's.
		for uid in u1000 ''; do
			gz -k "P$LIVE" $uid s11 d1 eprog <"$CORE" || :
			only_record
			has stored=no
			rm "$txt"
		done
		gz -k "P$LIVE" u999 s11 d1 eprog <"$CORE"
		kill "$holder"
		whole
	}
	in_each_shell held
}

@test "gzcoredump: users who log in have half of the places for stacks: a service gets its stack" {
	need_root
	held() {
		local holder
		mkdir -p "$DIR"
		chmod 700 "$DIR"
		conf stack=yes stack_user=root
		# The places of users, and their lock.
		python3 -c '
import fcntl, sys, time
f = open(sys.argv[1], "w")
fcntl.lockf(f, fcntl.LOCK_EX, 8, 4096)
fcntl.lockf(f, fcntl.LOCK_EX, 1, 4113)
print(flush=True)
time.sleep(100)' "$DIR/.gzcore.queue" >held 3>&- &
		holder=$!
		soon [ -s held ]
		for uid in u1000 ''; do
			gz -k "P$LIVE" $uid s11 d1 eprog <"$CORE"
			only_record
			has 'stack_end=not looked for: 8 others wait for it to be their turn'
			rm "$DIR"/*
		done
		gz -k "P$LIVE" u999 s11 d1 eprog <"$CORE"
		kill "$holder"
		only_record
		grep -q ^frame= "$txt"
	}
	in_each_shell held
}

@test "gzcoredump: stack_user as numbers: all that parses is that user" {
	need_root
	numbers() {
		local user
		for user in 4711:4712 0:4712 root 4711 65534:65534; do
			rm -f "$MEM/known"
			conf stack=no "stack_user=$user" "after=$MEM/knows"
			handle
			whole
			case $user in
			[1-9]*:*) grep -qx "GZCORE_CONFINE=$user" "$MEM/known" ;;
			*) run ! grep '^GZCORE_CONFINE' "$MEM/known" ;;
			esac
			rm "$DIR"/*
		done
	}
	printf '#!/bin/sh\nenv >"%s"\n' "$MEM/known" >"$MEM/knows"
	chmod 755 "$MEM/knows"
	in_each_shell numbers
}

@test "gzcoredump: stage_user: the administrator's own stages have the rights of that user" {
	need_root
	staged() {
		: >"$MEM/known"
		chmod 666 "$MEM/known"
		conf small=yes stack=no stage_user=4711:4712 "buffer=$MEM/knows" "compress=$MEM/knows gzip" "filter=$MEM/knows" suffix=gz.x
		handle
		whole "$DIR" gz.x
		has small=whole
		# The filter and compress of the small core, and all three of the whole one.
		[ "$(sort "$MEM/known" | uniq -c | awk '{ $1 = $1 } 1')" = '5 4711 4712' ]
		rm "$DIR"/*
	}
	printf '#!/bin/sh\necho "$(id -u) $(id -G)" >>"%s"\nexec ${1:-cat}\n' "$MEM/known" >"$MEM/knows"
	chmod 755 "$MEM/knows"
	in_each_shell staged
}

@test "gzcoredump: the hook after a crash knows its stack, and that nothing is pending" {
	need_root
	known() {
		rm -f "$MEM/known"
		conf stack=yes stack_user=root "after=$MEM/knows"
		handle
		whole
		has "$(sed -n 's/^GZCORE_FINGERPRINT/fingerprint/p' "$MEM/known")"
		run ! grep -q '^GZCORE_PENDING' "$MEM/known"
		run ! grep -q '^pending=' "$txt"
	}
	printf '#!/bin/sh\nenv >"%s"\n' "$MEM/known" >"$MEM/knows"
	chmod 755 "$MEM/knows"
	in_each_shell known
}

@test "gzcoredump: owner=crashed: hooks see root's files; set-id programs' dumps stay root's" {
	need_root
	# The second stays what it was started as, but for its effective user.
	cp "$PROG" "$MEM/prog"
	setpriv --reuid 4711 --regid 4711 --clear-groups "$MEM/prog" wait 3>&- >/dev/null 2>&1 &
	local theirs=$! both
	setpriv --ruid 4711 --euid 0 --regid 4711 --clear-groups "$MEM/prog" wait 3>&- >/dev/null 2>&1 &
	both=$!
	for pid in $theirs $both; do
		until [ "$(sed 's/.*) //; s/ .*//' "/proc/$pid/stat")" = S ] && [ "$(cat "/proc/$pid/comm")" = prog ]; do
			sleep 0.05
		done
	done
	pid=$LIVE
	printf '#!/bin/sh\nstat -c "%%u %%a" "$GZCORE_FILE" "$GZCORE_RECORD" "$GZCORE_DIR" >"%s"\n' "$MEM/seen" >"$MEM/hook"
	chmod 755 "$MEM/hook"
	given() {
		conf owner=crashed "after=$MEM/hook"
		held=$theirs gz -k "P$theirs" u4711 g4711 s11 d1 eprog <"$CORE"
		[ "$(cat "$MEM/seen")" = $'0 600\n0 600\n0 700' ]
		whole "$DIR/4711"
		[ "$(stat -c %u "$gz" "$txt")" = $'4711\n4711' ]
		rm -rf "$DIR"
		held=$both gz -k "P$both" u4711 g4711 s11 d1 eprog <"$CORE"
		whole
		has euid=0 rights=more dumpable=1
		[ ! -e "$DIR/4711" ]
		# Nor when the kernel says another user, or group, or nothing is known of the process.
		for letters in 'u4712 g4711' 'u4711 g4712' 'u4711' ''; do
			rm -rf "$DIR"
			# shellcheck disable=SC2086
			held=$theirs gz -k "P$theirs" $letters s11 d1 eprog <"$CORE"
			whole
			[ -z "$(find "$DIR" -uid +0)" ]
		done
		rm -rf "$DIR"
		gz -k P$(($(cat /proc/sys/kernel/pid_max) + 1)) u4711 g4711 s11 d1 eprog <"$CORE"
		whole
		[ -z "$(find "$DIR" -uid +0)" ]
	}
	in_each_shell given
	kill -KILL "$theirs" "$both"
	wait "$theirs" "$both" 2>/dev/null || :
}

@test "gzcoredump: an owner that does not exist: the core is stored as root's" {
	need_root
	unowned() {
		local n
		conf owner=no-such-user-here honour_limit=yes
		run -0 gz -k "P$LIVE" s11 c0 <"$CORE"
		only_record
		has stored=no "uuid=$uuid"
		[ "$(stat -c '%u %g' "$txt")" = '0 0' ]
		for n in no-such-user-here root:no-such-group-here; do
			rm -rf "$DIR" "$LOG"
			conf "owner=$n"
			handle
			whole
			[ "$(stat -c '%u %g' "$gz")" = '0 0' ]
			logged "$n"
		done
	}
	in_each_shell unowned
}

@test "gzcoredump: a suffix that is the record's: the core is stored with another" {
	suffixed() {
		local n
		for n in txt; do
			rm -rf "$DIR" "$LOG"
			conf "suffix=$n"
			handle
			whole
			same_core
			logged suffix
		done
	}
	in_each_shell suffixed
}

@test "gzcoredump: a filter without a suffix: a warning, and the file is not named as gzip" {
	unsuffixed() {
		conf 'filter=tr a b'
		handle
		only_record
		has stored=whole complete=yes
		logged 'a filter needs a suffix'
		[ ! -e "${txt%.txt}.gz" ]
		gzdeflate -1 -N "$(basename "${txt%.txt}")" <"$CORE" | tr a b | cmp - "${txt%.txt}".gz.*
	}
	in_each_shell unsuffixed
}

@test "gzcoredump: a filter that cannot be started: nothing is stored unencrypted, stored=no" {
	unfiltered() {
		local n
		for n in no-such-program 'cat | no-such-program' '| cat' 'cat | | cat' 'cat |'; do
			rm -rf "$DIR" "$LOG"
			conf "filter=$n" suffix=gz.x
			run gz -k "P$LIVE" s11 <"$CORE"
			[ "$status" = 1 ] || [ "$status" = 2 ]
			only_record
			run ! grep -q '^stored=whole' "$txt"
			[ "$(ls -A -I ".gzcore.*" "$DIR" | grep -vE '\.(txt|partial)$')" = '' ]
			run ! grep -q '^cmdline=' "$txt"
			[ "$(wc -l <"$LOG")" -ge 2 ]
		done
	}
	in_each_shell unfiltered
}

@test "gzcoredump: a configuration that cannot be read: a warning and the defaults" {
	need_root
	unreadable() {
		rm "$P/etc/gzcoredump.conf"
		mkdir "$P/etc/gzcoredump.conf"
		handle
		whole
		logged 'gzcoredump.conf: cannot be read'
		rmdir "$P/etc/gzcoredump.conf"
		rm -rf "$DIR" "$LOG"
		# Reading this one would never end.
		mkfifo "$P/etc/gzcoredump.conf"
		handle
		whole
		logged 'gzcoredump.conf: cannot be read'
		rm -rf "$DIR" "$LOG" "$P/etc/gzcoredump.conf"
		# None at all is no mistake.
		handle
		whole
		[ "$(wc -l <"$LOG")" = 1 ]
	}
	in_each_shell unreadable
}

@test "gzcoredump: a configuration that is a dangling link: a warning" {
	dangling() {
		ln -sf "$PWD/nowhere" "$P/etc/gzcoredump.conf"
		handle
		whole
		logged gzcoredump.conf
	}
	in_each_shell dangling
}

# settings_of FILE: KEY=DEFAULT lines of the table, the manual or the installed configuration; of a suffix that is
# not set the files' is gz.
settings_of() {
	case $1 in
	*/settings)
		sh -c 'parts=$1; . "$1/common"; . "$1/settings"; show() { echo "$1=$2"; }; settings show' sh "${1%/*}" |
			sed 's/^suffix=$/suffix=gz/'
		;;
	*.conf) sed -n 's/^#\([a-z_]*=\)/\1/p' "$1" ;;
	*.5)
		sed -n '/^\.Ss Keys/,/^\.Ss Hooks/p' "$1" | awk '
			$1 == ".It" { if (key) print key "=" value; key = $3; value = "not said" }
			$1 == ".El" { print key "=" value }
			said && /^\./ { value = $2 }
			{ said = 0 }
			/^The default is$/ { said = 1 }
			/^The default is ./ { value = $4; sub(/[.,;]$/, "", value); sub(/^none$/, "", value) }' |
			sed "s|=/var/|=$P/var/|"
		;;
	esac | sort
}

@test "gzcoredump: settings: the table, the manual and the installed file agree" {
	settings_of "$P/libexec/gzcoredump/settings" >table
	[ "$(wc -l <table)" -gt 40 ]
	settings_of "$P/etc.fresh/gzcoredump.conf" | diff table -
	settings_of "$T/../tools/gzcoredump.conf.5" | diff table -
	# A key that is in one place only, and a default that is another, are seen.
	sed -e '/^#queue_wait/d' -e 's/64K/65K/' "$P/etc.fresh/gzcoredump.conf" >changed.conf
	settings_of ./changed.conf >changed
	run -1 diff table changed
	[ "$(grep -c '^[<>]' <<<"$output")" = 3 ]
	sed -e '/^\.It Cm queue_wait/,/^The default/d' -e 's/is 64K/is 65K/' "$T/../tools/gzcoredump.conf.5" >changed.5
	settings_of ./changed.5 >changed
	run -1 diff table changed
	[ "$(grep -c '^[<>]' <<<"$output")" = 3 ]
}

@test "gzcoredump: the installed configuration has the defaults" {
	need_root
	defaults() {
		rm "$P/etc/gzcoredump.conf"
		install_below "$P"
		handle
		whole
		[ "$(wc -l <"$LOG")" = 1 ]
		# What it shows in comments is read without a complaint, and changes nothing.
		rm -rf "$DIR" "$LOG"
		sed 's/^#\([a-z_]*=\)/\1/' "$P/etc/gzcoredump.conf" >conf
		[ "$(grep -c '^[a-z]' conf)" -ge 40 ]
		cp conf "$P/etc/gzcoredump.conf"
		handle
		whole
		[[ ${name##*/} =~ ^prog\.$LIVE\.20[0-9]{6}T[0-9]{6}Z$ ]]
		[ "$(stat -c '%a %u %g' "$gz")" = '600 0 0' ]
		[ "$(wc -l <"$LOG")" = 1 ]
	}
	in_each_shell defaults
}
