# core-trim on real cores and on cores made by hand; of real crashes, as a handler: t/kernel/.

load lib/common
load lib/trace

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	need gdb
	${CC:-cc} -g -O1 -pthread -o calls "$T/kernel/crash.c" || return
	crash_core calls.core ./calls threads 5 || return
	# Its notes before its memory, as the kernel writes it: what is left of it is all that is asked for.
	core-trim -m 1G -r 0:0xffffffffffff0000 calls.core >ordered.core
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	CALLS=$BATS_FILE_TMPDIR/calls
	export PYTHONPATH=$T/lib PYTHONDONTWRITEBYTECODE=1
}

teardown() {
	[ -z "${held-}" ] || kill "$held"
}

# made FILE: the lines of Python on standard input make the core c, which is written there.
made() {
	{
		printf 'from cores import *\nimport struct\n'
		cat
		printf 'c.write("%s")\n' "$1"
	} | python3 -
}

# judge: the lines of Python on standard input see the small core r, and what of it is kept.
judge() {
	{
		printf 'from cores import *\nr = Read("small")\nassert not r.ends_early()\nkept = r.kept()\n'
		cat
	} | python3 -
}

# bt ELF CORE: gdb's backtrace of all threads.
bt() {
	gdb -nx -q -batch -ex 'set debuginfod enabled off' -ex 'thread apply all bt' "$1" "$2" 2>/dev/null
}

@test "core-trim: -h, -V and a bad option" {
	answers core-trim
	usage_error core-trim -P 3
	[[ $stderr == 'core-trim: -P needs -p'* ]]
	usage_error core-trim -C 0
	[[ $stderr == 'core-trim: -C needs -p'* ]]
	usage_error core-trim a b
	usage_error core-trim -o small file
	usage_error core-trim -c true
	usage_error core-trim -c true ';'
	for bad in '-d x' '-d 17' '-m 0' '-m 1X' '-M 0' '-p 0' '-s 100' '-r 5' '-r 0x10:0' '-r -1:4K' '-x main'; do
		# shellcheck disable=SC2086 # an option and its value
		fails_with 2 core-trim $bad "$CALLS"
	done
}

@test "core-trim: the small core is an ELF core for which gdb and eu-stack show the same stacks" {
	core-trim "$CALLS.core" >small
	[ "$(stat -c %s small)" -lt 400000 ]
	readelf -lW small >segments 2>readelf.err
	[ ! -s readelf.err ]
	bt "$CALLS" "$CALLS.core" >whole.bt
	[ "$(grep -c '^Thread' whole.bt)" -eq 5 ]
	bt "$CALLS" small | diff whole.bt -
	eu_frames "$CALLS.core" >whole.eu
	eu_frames small | diff whole.eu -
	eu-unstrip -n --core "$CALLS.core" >whole.modules
	eu-unstrip -n --core small | diff whole.modules -
	core-trace "$CALLS.core" | diff - <(core-trace small)
	core-info -a small | grep -E '^(thread|module|signal|exe)' | diff - <(core-info -a "$CALLS.core" |
		grep -E '^(thread|module|signal|exe)')
}

@test "core-trim: memory that was left out cannot be accessed: it does not read as zeros" {
	cat >heap.c <<-'EOF'
	#include <stdlib.h>
	#include <string.h>
	char *heap;
	int main(void) { heap = malloc(1 << 20); memset(heap, 'x', 1 << 20); abort(); }
	EOF
	${CC:-cc} -g -o heap heap.c
	crash_core core ./heap
	core-trim core >small
	run -0 gdb -nx -q -batch -ex 'p heap[500000]' -ex 'x/1xb heap + 500000' ./heap core
	[[ $output == *"120 'x'"* ]]
	run gdb -nx -q -batch -ex 'p/d sizeof(heap)' -ex 'x/1xb heap + 500000' ./heap small
	[[ $output == *"= 8"*"Cannot access memory"* ]]
	core-trim -r "$(gdb -nx -q -batch -ex 'output/d heap' ./heap core 2>/dev/null | tail -n 1):1M" core >more
	run gdb -nx -q -batch -ex 'p heap[500000]' ./heap more
	[[ $output == *"120 'x'"* ]]
}

@test "core-trim: gzip and zlib files, and standard input that can be sought" {
	core-trim "$CALLS.core" >small
	gzdeflate <"$CALLS.core" >core.gz
	zdeflate <"$CALLS.core" >core.z
	core-trim core.gz | cmp - small
	core-trim core.z | cmp - small
	core-trim <"$CALLS.core" | cmp - small
	core-trim - <"$CALLS.core" | cmp - small
}

@test "core-trim: a stored dump by its name" {
	local lines='record=1\ncomm=calls\ntime=2026-11-26T10:00:00Z\nstored=whole\ncomplete=yes\n'
	mkdir d
	printf "uuid=\n$lines" >d/one.txt
	gzdeflate <"$CALLS.core" >d/one.gz
	core-trim d/one | cmp - <(core-trim "$CALLS.core")
	core-trim d/last | cmp - <(core-trim "$CALLS.core")
	fails_with 2 core-trim d/two
	fails_with 2 core-trim ./none
}

@test "core-trim: a stream gives what the file does, a byte at a time too" {
	local ordered=$BATS_FILE_TMPDIR/ordered.core
	core-trim "$ordered" >file
	cat "$ordered" | core-trim >stream
	core-info file | grep -E '^kept=' | diff - <(core-info stream | grep -E '^kept=')
	bt "$CALLS" stream | diff <(bt "$CALLS" file) -
	made core <<-'EOF'
	c = Core()
	c.thread(sp=0x70010)
	c.load(0x70000, 0x3000)
	EOF
	cat core | core-trim >stream
	slowly <core | core-trim | cmp - stream
	cp stream small
	judge <<<'assert kept == {0x70000, 0x71000, 0x72000}, kept'
}

@test "core-trim: bytes behind a stream's core are passed on and do not change the small core" {
	local ordered=$BATS_FILE_TMPDIR/ordered.core
	cat "$ordered" | core-trim >wanted
	for n in 1 4096 200000 300000 3000000; do
		for how in zeros noise; do
			if [ $how = zeros ]; then
				head -c $n /dev/zero >behind
			else
				noise $n >behind
			fi
			cat "$ordered" behind | core-trim >stream || { echo "$n $how: $?"; return 1; }
			cmp wanted stream
			cat "$ordered" behind | core-trim -o small | cmp - <(cat "$ordered" behind)
			cmp wanted small
			rm small
		done
	done
	cat "$ordered" "$ordered" | core-trim | cmp - wanted
	# A core of no memory at all.
	made core <<-'EOF'
	c = Core()
	c.thread(sp=0x70010)
	EOF
	cat core | core-trim >wanted
	cat core behind | core-trim | cmp - wanted
}

@test "readers of cores: bytes behind a core are ignored, plain, in gzip, files, pipes" {
	local ordered=$BATS_FILE_TMPDIR/ordered.core
	noise 300000 >behind
	printf '#!/bin/sh\nfor core; do :; done\nexec cat "$core"\n' >shows
	chmod +x shows
	cat "$ordered" behind >longer
	gzip -1 <longer >longer.gz
	{ gzip -1 <"$ordered"; cat behind; } >tail.gz
	{ gzip -1 <"$ordered"; head -c 300000 /dev/zero; } >padded.gz
	core-info "$ordered" | grep -v ^bytes= >info
	core-trace "$ordered" >trace
	core-match "$ordered" "$CALLS" >match
	elf-uuid -ab "$ordered" | sed 's/^[^:]*: //' >uuids
	core-trim "$ordered" >small
	for f in longer longer.gz tail.gz padded.gz; do
		core-info $f | grep -v ^bytes= | diff info - || { echo "core-info $f"; return 1; }
		core-trace $f >trace.out || { echo "core-trace $f: $?"; return 1; }
		diff trace trace.out
		core-match $f "$CALLS" | diff match -
		elf-uuid -ab $f | sed 's/^[^:]*: //' | diff uuids -
		core-trim $f | cmp small -
		core-open -U "$(id -u)" -f -x "$PWD/shows" ./$f | head -c "$(stat -c %s "$ordered")" | cmp - "$ordered"
		cat $f | core-info | grep -v ^bytes= | diff info -
		core-trace - < <(cat $f) | diff trace -
		core-match - "$CALLS" < <(cat $f) | diff match -
		cat $f | elf-uuid -ab | sed 's/^[^:]*: //' | diff uuids -
		cat $f | core-info -o info.$f | cmp - $f
	done
	grep -v ^bytes= info.longer | diff info -
}

@test "core-trim: a stream whose notes come after its memory is refused, and the message says why" {
	run -2 --separate-stderr bash -c 'cat "$1" | core-trim' - "$CALLS.core"
	[ -z "$output" ]
	[ "$stderr" = "core-trim: <stdin>: its notes come behind its memory, which a stream cannot be asked for again" ]
	run -2 --separate-stderr bash -c 'cat "$1" | core-trim -d 1' - "$CALLS.core"
	[[ $stderr == "core-trim: -d: the memory of a stream cannot be asked for again"* ]]
}

@test "core-trim: the note says how much each rule kept, and the size of the whole core" {
	made core <<-'EOF'
	c = Core()
	c.thread(sp=0x70010, pc=0x400010)
	c.thread(sp=0x90000)
	c.load(0x400000, 0x12000, R | X)
	c.load(0x70000, 0x40000)
	c.load(0x100000, 0x20000)
	EOF
	core-trim -s 8K core >small
	judge <<-'EOF'
	text, = [d for o, n, d in r.notes if (o, n) == ("gzcore", SMALL_NOTE)]
	size = len(open("core", "rb").read())
	assert text.decode() == ("trimmed=file\ntrimmed_of=%d\nkept=crashed_stack 1 8192\n"
	    "kept=registers 1 4096\nkept=stacks 1 12288\n") % size, text
	assert kept == {0x70000, 0x71000, 0x400000, 0x8f000, 0x90000, 0x91000}, list(map(hex, kept))
	left = [(v, m) for k, _, v, f, m in r.headers if k == LEFT_OUT and f == 0]
	assert (0x100000, 0x20000) in left and (0x401000, 0x11000) in left, left
	assert sum(m for _, m in left) == 0x72000 - 6 * 0x1000
	whole = Read("core")
	for page in kept:
	    assert r.memory(page, PAGE) == whole.memory(page, PAGE)
	EOF
}

@test "core-trim: -o: a tap passes on its input and stores a whole small core, replacing nothing" {
	local ordered=$BATS_FILE_TMPDIR/ordered.core
	core-trim -o small <"$ordered" | cmp - "$ordered"
	[ "$(stat -c %a small)" = 600 ]
	bt "$CALLS" small | diff <(bt "$CALLS" "$CALLS.core") -
	ln small same
	run -0 --separate-stderr bash -c 'core-trim -o small <"$1" | cmp - "$1"' - "$ordered"
	[ "$stderr" = "core-trim: small: File exists" ]
	cmp small same
	ln -s nowhere link
	core-trim -o link <"$ordered" 2>err | cmp - "$ordered"
	[ "$(cat err)" = "core-trim: link: File exists" ]
	[ ! -e nowhere ]
	noise 3000000 >noise
	run -0 --separate-stderr bash -c 'core-trim -o none <noise | cmp - noise'
	[ "$stderr" = "core-trim: <stdin>: not an ELF file" ]
	[ ! -e none ]
	core-trim -o none <"$CALLS.core" 2>err | cmp - "$CALLS.core"
	[ ! -e none ]
	core-trim -o none </dev/null 2>err | cmp - /dev/null
	[ ! -e none ]
}

@test "core-trim: a tap whose reader goes, or whose output is full, ends with 2" {
	local ordered=$BATS_FILE_TMPDIR/ordered.core
	run -2 --separate-stderr bash -c 'core-trim -o small <"$1" >/dev/full' - "$ordered"
	[[ $stderr == "core-trim: <stdout>: write: No space left on device" ]]
	[ ! -e small ]
	run bash -c 'core-trim -o small2 <"$1" | head -c 10 >/dev/null; echo "${PIPESTATUS[0]}"' - "$ordered"
	[ "${lines[-1]}" = 2 ]
	fails_with 2 bash -c 'exec -a core-trim core-trim "$1" >/dev/full' - "$CALLS.core" || [[ $stderr == *"No space left"* ]]
	run -2 bash -c 'core-trim "$1" >&-' - "$CALLS.core"
}

@test "core-trim: -c: one command gets the small core, then another the whole; its status counts" {
	local ordered=$BATS_FILE_TMPDIR/ordered.core
	run -7 --separate-stderr core-trim -c sh -c 'cat >small' ';' sh -c 'cat >whole; exit 7' <"$ordered"
	[ -z "$stderr" ]
	cmp whole "$ordered"
	bt "$CALLS" small | diff <(bt "$CALLS" "$CALLS.core") -
	# Without one the first command is not told that it had all of it.
	noise 100000 >noise
	run -0 --separate-stderr core-trim -c sh -c 'cat >none; echo done >>none' ';' sh -c 'cat >whole' <noise
	[ "$stderr" = "core-trim: <stdin>: not an ELF file" ]
	cmp whole noise
	[ ! -e none ] || [ ! -s none ]
	# A first command that fails, is not there, or does not read is said, and costs the whole core nothing.
	for command in false no-such-command; do
		run -0 --separate-stderr core-trim -c $command ';' sh -c 'cat >whole' <"$ordered"
		[[ ${stderr_lines[0]} == "core-trim: $command: "* ]]
		cmp whole "$ordered"
	done
	run -127 core-trim -c cat ';' no-such-command <noise
	run -127 core-trim -c cat ';' no-such-command <"$ordered"
}

@test "core-trim: -c: a mistake in the options is reported, and the whole core is stored" {
	local ordered=$BATS_FILE_TMPDIR/ordered.core wrong
	while IFS= read -r wrong; do
		rm -f whole
		# shellcheck disable=SC2086
		run -5 --separate-stderr core-trim -c $wrong sh -c 'cat >small' ';' sh -c 'cat >whole; exit 5' <"$ordered"
		[ -n "$stderr" ]
		cmp whole "$ordered"
		[ ! -e small ]
	done <<-'EOF'
	-p 0
	-p x
	-p 99999999999
	-P 3
	-P x -p 1
	-C 0
	-C x -p 1
	-m 0
	-s 1
	-r 0x10
	-x symbol
	-d 1
	-d 99
	-o small
	-Z
	EOF
	# Without a first command, too; without a second there is none to start.
	run -0 core-trim -c ';' sh -c 'cat >whole' <"$ordered"
	cmp whole "$ordered"
	run -2 core-trim -c -p 0 cat <"$ordered"
	run -2 core-trim -c -p 0 cat ';' <"$ordered"
	run -127 core-trim -c -p 0 cat ';' no-such-command <"$ordered"
}

@test "core-trim: -c: of an empty input too, the second command runs and its status counts" {
	run -5 --separate-stderr core-trim -c cat ';' sh -c 'wc -c >count; exit 5' </dev/null
	[ "$(cat count)" = 0 ]
	[ "$stderr" = 'core-trim: <stdin>: cut short' ]
	rm count
	: | { run -5 --separate-stderr core-trim -c cat ';' sh -c 'wc -c >count; exit 5'; }
	[ "$(cat count)" = 0 ]
	: | core-trim -c core-store -d small.gz gzdeflate ';' core-store whole.gz gzdeflate 2>said
	[ "$(zinflate whole.gz | wc -c)" = 0 ]
	[ ! -e small.gz ]
}

@test "core-trim: -c leaves SIGHUP ignored, as nohup has it, for both commands" {
	local ordered=$BATS_FILE_TMPDIR/ordered.core
	run -0 sh -c 'trap "" HUP; core-trim -c sh -c "cat >small; grep SigIgn /proc/self/status >first" ";" \
		sh -c "cat >whole; grep SigIgn /proc/self/status"' <"$ordered"
	# The lowest bit is that of signal 1.
	[[ $output == SigIgn:*[13579bdf] ]]
	[[ $(cat first) == SigIgn:*[13579bdf] ]]
}

@test "core-trim: -m bounds the file, and fills it in the order of worth" {
	made core <<-'EOF'
	c = Core()
	c.thread(sp=0x70010)
	for k in range(20):
	    c.thread(sp=0x1000000 * (k + 1) + 16)
	    c.load(0x1000000 * (k + 1), 0x8000)
	c.load(0x70000, 0x80000)
	EOF
	core-trim core >small
	judge <<<'assert len(kept) == 16 + 20 * 8, len(kept)'
	last=0
	for budget in 60K 100K 200K 400K 2M; do
		core-trim -m $budget core >small
		judge <<-EOF
		n = len(r.b)
		most = int("$budget"[:-1]) * (1024 if "$budget"[-1] == "K" else 1 << 20)
		assert $last < n <= most, (n, most)
		# The crashed thread's comes first, and nothing of worth is left out before the room is used.
		assert 0x70000 in kept
		assert most < 1 << 20 or len(kept) == 0x80 + 20 * 8, len(kept)
		assert most >= 1 << 20 or most - n < 4096 + 24 * 112 + 8192 + len(kept) * 112, (n, most)
		EOF
		last=$(stat -c %s small)
	done
	fails_with 2 core-trim -m 1K core
	[ "$stderr" = "core-trim: core: its headers and notes alone are over the budget" ]
	run -0 --separate-stderr bash -c 'core-trim -m 1K -o none <core | cmp - core'
	[ "$stderr" = "core-trim: <stdin>: its headers and notes alone are over the budget" ]
	[ ! -e none ]
}

@test "core-trim: -M bounds the memory alone, in the order of worth, and fills nothing" {
	made core <<-'EOF'
	c = Core()
	c.thread(sp=0x70010)
	for k in range(2000):
	    c.thread(sp=0x1000000 * (k + 1) + 16)
	    c.load(0x1000000 * (k + 1), 0x2000)
	c.load(0x70000, 0x80000)
	EOF
	core-trim core >all
	core-trim -M 1G core | cmp - all
	for from in file stream; do
		if [ $from = file ]; then
			core-trim -M 100K core >small
		else
			core-trim -M 100K <core >small
		fi
		judge <<-'EOF'
		assert 0x70000 in kept
		assert 20 <= len(kept) <= 25, len(kept)
		assert len(r.b) > 200000, len(r.b)
		EOF
	done
	# Its headers and notes alone are more than that.
	fails_with 2 core-trim -m 100K core
}

@test "core-trim: -r, -k and -x keep more" {
	made core <<-'EOF'
	c = Core()
	c.thread(sp=0x70010)
	c.load(0x70000, 0x1000)
	c.load(0x500000, 0x14000)
	c.load(0x600000, 0x13000, R)
	c.load(0x700000, 0x13000, R)
	c.file(0x600000, 0x613000, "/data/one.map")
	c.file(0x700000, 0x713000, "/data/two.map")
	EOF
	core-trim -r 0x501000:4K -r 5251072:1 -k 'one.*' core >small
	judge <<<'assert kept == {0x70000, 0x501000, 0x502000} | set(range(0x600000, 0x613000, PAGE)), list(map(hex, kept))'
	core-trim -k '/data/*' -r 0x500000:0xffffffffffffffff core >small
	judge <<<'assert len(kept) == 1 + 0x14 + 0x13 + 0x13'
	# A symbol of a program whose data is too large to be kept anyway.
	cat >data.c <<-'EOF'
	#include <stdlib.h>
	char before[300000] = "b", wanted[5000] = "find me", after[300000] = "a";
	int main(void) { before[1] = wanted[4999] = after[1] = 'x'; abort(); }
	EOF
	${CC:-cc} -g -o data data.c
	crash_core core ./data
	core-trim -x 'data!wanted' core >small
	judge <<<'assert b"find me" in r.b'
	core-trim core >small
	judge <<<'assert b"find me" not in r.b'
	run -0 --separate-stderr core-trim -x 'data!nothing' core
	[ "$stderr" = "core-trim: -x data!nothing: not found" ]
}

@test "core-trim: -x: a module that claims endless symbols takes little memory" {
	cat >data.c <<-'EOF'
	#include <stdlib.h>
	int main(void) { abort(); }
	EOF
	${CC:-cc} -Wl,--build-id -o data data.c
	crash_core core ./data
	for which in 2 3; do
		cp data whole
		# Its table of symbols, or of their names, is a hole of 3 GiB.
		python3 - $which <<-'EOF'
		import struct, sys
		b = bytearray(open("data", "rb").read())
		shoff, = struct.unpack_from("<Q", b, 40)
		shnum, = struct.unpack_from("<H", b, 60)
		heads = [shoff + 64 * i for i in range(shnum)]
		symbols = next(h for h in heads if struct.unpack_from("<I", b, h + 4)[0] == 2)
		at = symbols if sys.argv[1] == "2" else heads[struct.unpack_from("<I", b, symbols + 40)[0]]
		struct.pack_into("<QQ", b, at + 24, 1 << 20, 3 << 30)
		with open("data", "r+b") as f:
		    f.write(b)
		    f.truncate((1 << 20) + (3 << 30))
		EOF
		python3 - <<-'EOF'
		import resource, subprocess, sys
		p = subprocess.run(["core-trim", "-x", "data!nothing", "core"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
		most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
		print(p.returncode, p.stderr, most, "KiB")
		sys.exit(p.returncode != 0 or b"not found" not in p.stderr or most > 500 * 1024)
		EOF
		mv whole data
	done
}

@test "core-trim: -d follows what the stacks point to" {
	made core <<-'EOF'
	c = Core()
	c.thread(sp=0x70000)
	c.load(0x70000, struct.pack("<Q", 0x500010).ljust(0x1000, b"\0"))
	c.load(0x500000, struct.pack("<QQQ", 0, 0, 0x600ff8).ljust(0x11000, b"\0"))
	c.load(0x600000, 2 * struct.pack("<Q", 0x700000).ljust(0x1000, b"\0") + bytes(0x10000))
	c.load(0x700000, struct.pack("<Q", 0x700000).ljust(0x11000, b"\0"))
	EOF
	core-trim core >small
	judge <<<'assert kept == {0x70000}'
	core-trim -d 1 core >small
	judge <<<'assert kept == {0x70000, 0x500000}, list(map(hex, kept))'
	core-trim -d 2 core >small
	# What stands at a page's end goes on in the next.
	judge <<<'assert kept == {0x70000, 0x500000, 0x600000, 0x601000}, list(map(hex, kept))'
	core-trim -d 16 core >small
	judge <<<'assert kept == {0x70000, 0x500000, 0x600000, 0x601000, 0x700000}, list(map(hex, kept))'
}

@test "core-trim: a handler on its own stack: the interrupted stack is kept, on four machines" {
	for machine in x86-64 386 aarch64 arm; do
		made core <<-EOF
		c = Core("$machine")
		sp, pc = 0x900800, 0x400100
		w = "<%dQ" if c.is64 else "<%dI"
		if "$machine" == "x86-64":
		    frame = [8, 9, 10, 11, 12, 13, 14, 15, 1, 2, 3, 4, 5, 6, 7, sp, pc, 0x10246, 0x2b000000000033]
		elif "$machine" == "386":
		    frame = [0x33, 0, 0x2b, 0x2b, 1, 2, 3, sp, 4, 5, 6, 7, 14, 4, pc, 0x23, 0x10246, sp, 0x2b]
		elif "$machine" == "aarch64":
		    frame = [0] + list(range(31)) + [sp, pc, 0x80000000, 0, 0x0000021046508001]
		else:
		    frame = [14, 0x817, 0] + list(range(11)) + [1, 2, sp, pc, pc, 0x60000010, 0]
		stack = struct.pack(w % 8, *range(8)) + struct.pack(w % len(frame), *frame)
		c.thread(sp=0x70000, pc=pc)
		c.load(0x70000, stack.ljust(0x1000, b"\0"))
		c.load(0x900000, 0x20000)
		EOF
		core-trim -s 8K core >small
		judge <<<'assert kept == {0x70000, 0x900000, 0x901000, 0x902000}, list(map(hex, kept))' ||
			{ echo "$machine"; return 1; }
		cat core | core-trim -s 8K >small
		judge <<<'assert kept == {0x70000, 0x900000, 0x901000, 0x902000}, list(map(hex, kept))' ||
			{ echo "$machine, as a stream"; return 1; }
	done
}

@test "core-trim: stacks that overflowed, have no end, or are not mapped" {
	made core <<-'EOF'
	c = Core()
	c.thread(sp=0x5fff0)                    # in the guard below
	c.thread(sp=0x7f000)                    # the same stack
	c.thread(sp=0xdeadbeef0000)             # nowhere
	c.thread(sp=0xffffffffffffffff)
	c.thread(sp=0x400010)                   # code
	c.thread(sp=0)
	c.load(0x5f000, b"", memsz=0x1000)
	c.load(0x60000, 0x20000)
	c.load(0x80000, 0x13000)                # it goes on here
	c.load(0x400000, 0x11000, R | X)
	EOF
	core-trim -s 8K core >small
	judge <<<'assert kept == {0x60000, 0x61000, 0x7e000, 0x7f000, 0x80000}, list(map(hex, kept))'
}

@test "core-trim: hostile segments and link maps end in bounded time and memory" {
	made overlap <<-'EOF'
	c = Core()
	c.thread(sp=0x70000)
	c.load(0x70000, 0x4000)
	for k in range(3000):
	    c.load(0x70000 + k % 3 * 0x1000, b"", filesz=0x4000, offset=0x1000, memsz=0x4000)
	EOF
	made wrap <<-'EOF'
	c = Core()
	c.thread(sp=0xfffffffffffff010)
	c.load(0xfffffffffffff000, 0x1000)
	c.load(0x70000, b"", filesz=2**63, offset=2**40, memsz=1)
	c.load(2**64 - 4096, b"", filesz=2**64 - 1, offset=0, memsz=2**64 - 1)
	c.load(0x1000, 0x1000, memsz=2**64 - 1)
	EOF
	made loop <<-'EOF'
	def words(*w):
	    return struct.pack("<%dQ" % len(w), *w)
	c = Core()
	c.auxv = [(3, 0x400040), (9, 0x400100)]
	c.thread(sp=0x70000)
	c.load(0x70000, 0x1000)
	# The executable: its header, PT_LOAD and PT_DYNAMIC, whose DT_DEBUG leads to a link map that loops.
	exe = b"\x7fELF\2\1\1".ljust(16, b"\0") + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x400100, 64, 0, 0, 64, 56, 2, 0, 0, 0)
	exe += struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0, 0x1000, 0x1000, 4096)
	exe += struct.pack("<IIQQQQQQ", 2, 6, 0x200, 0x500000, 0, 64, 64, 8)
	c.load(0x400000, exe.ljust(0x1000, b"\0"), R | X)
	c.load(0x500000, words(21, 0x600000, 0, 0).ljust(0x1000, b"\0"))
	c.load(0x600000, words(2, 0x700000, 0, 0, 0, 0x600000).ljust(0x1000, b"\0"))
	c.load(0x700000, words(0, 0x800000, 0, 0x700800, 0).ljust(0x800, b"\0") + words(0, 0, 0, 0x700000).ljust(0x800, b"\0"))
	c.load(0x800000, b"x" * 0x1000)
	c.load(0x900000, 0x11000)
	c.file(0x400000, 0x401000, "/bin/loops")
	EOF
	for core in overlap wrap loop; do
		run -0 --separate-stderr timeout 120 core-trim $core
		timeout 120 core-trim $core >small
		[ "$(stat -c %s small)" -lt 400000 ]
		timeout 120 core-trim -o none <$core 2>err | cmp - $core
		timeout 120 core-trim -m 1M -d 16 $core >/dev/null
	done
	core-trim loop >small
	judge <<<'assert {0x400000, 0x500000, 0x600000, 0x700000} < kept and 0x900000 not in kept, list(map(hex, kept))'
}

@test "core-trim: overlapping segments, endless stacks, pointers to thousands of files: ends soon" {
	made segments <<-'EOF'
	c = Core()
	c.thread(sp=0x70000)
	c.load(0x70000, 0x1000)
	for k in range(4000):
	    c.load(0x10000000, b"", filesz=1 << 40, offset=0x80000, memsz=1 << 40)
	for k in range(4000):
	    c.load(0x10000000 + k * 0x10000, b"", filesz=0x10000, offset=0x80000, memsz=0x10000)
	c.load(0x80000, 0x10000)
	c.file(0x10000000, 0x7fffffff0000, "/x")
	EOF
	timeout 120 core-trim segments >/dev/null
	made stacks <<-'EOF'
	c = Core()
	for k in range(100):
	    c.thread(sp=0x100000000 + k * 4096)
	c.load(0x100000000, b"", filesz=1 << 45, offset=1 << 20, memsz=1 << 45)
	EOF
	timeout 120 core-trim -s 8000000T stacks >/dev/null
	made files <<-'EOF'
	c = Core()
	c.thread(sp=0x70000)
	c.load(0x70000, 0x1000)
	c.load(0x7000000000, struct.pack("<Q", 0x2000000000 + 0x10000 * 15999) * (1 << 23))
	for k in range(16000):
	    c.file(0x2000000000 + k * 0x10000, 0x2000001000 + k * 0x10000, "/%d" % k)
	EOF
	cat files | timeout 120 core-trim >/dev/null
}

@test "core-trim: code that is in no file: the page before a function's start is kept too" {
	made core <<-'EOF'
	c = Core()
	c.thread(sp=0x70000)
	c.load(0x70000, struct.pack("<Q", 0x802010).ljust(0x1000, b"\0"))
	c.load(0x800000, 0x20000, R | X)
	EOF
	core-trim core >small
	judge <<<'assert kept == {0x70000, 0x801000, 0x802000}, list(map(hex, kept))'
}

@test "core-trim: a pipe that stalls loses nothing and ends nothing" {
	made core <<-'EOF'
	c = Core()
	c.thread(sp=0x70000)
	c.load(0x70000, 0x3000)
	EOF
	for at in 10 70 300; do
		{ head -c $at core; sleep 0.1; tail -c +$((at + 1)) core; } | core-trim -p $$ -o small.$at 2>err | cmp - core
		grep -q 'not the process of the core' err
		ln -f small.$at small
		judge <<<'assert kept == {0x70000, 0x71000, 0x72000}, kept'
	done
}

@test "core-trim: commands inherit signals as they were; an ignored SIGCHLD hides no status" {
	local ordered=$BATS_FILE_TMPDIR/ordered.core
	core-trim -c sh -c 'cat >/dev/null; grep SigIgn /proc/self/status >first' ';' \
		sh -c 'cat >/dev/null; grep SigIgn /proc/self/status >second' <"$ordered"
	diff first second
	grep SigIgn /proc/self/status | diff first -
	run -3 python3 -c 'if 1:
	import os, signal, sys
	signal.signal(signal.SIGCHLD, signal.SIG_IGN)
	os.execvp(sys.argv[1], sys.argv[1:])' core-trim -c cat ';' sh -c 'cat >/dev/null; exit 3' <"$ordered"
}

@test "core-trim: no room for what is put aside: the core is still passed on" {
	local ordered=$BATS_FILE_TMPDIR/ordered.core
	TMPDIR=/nowhere core-trim -o small <"$ordered" 2>err | cmp - "$ordered"
	[ "$(cat err)" = "core-trim: <stdin>: No such file or directory" ]
	# The head has been looked at alone; the memory must not be put into memory.
	cat "$ordered" | TMPDIR=/nowhere core-trim -p $$ -o small 2>err | cmp - "$ordered"
	[[ $(cat err) == *"not the process of the core"*"core-trim: <stdin>: No such file or directory" ]]
	[ ! -e small ]
	(ulimit -f 100 && core-trim -o small <"$ordered" 2>err | cmp - "$ordered")
	[ "$(cat err)" = "core-trim: <stdin>: File too large" ]
	[ ! -e small ]
}

@test "core-trim: no threads, an unknown machine, or cut notes: refused, the core is passed on" {
	made none <<-'EOF'
	c = Core()
	c.note(3, bytes(136))
	c.load(0x70000, 0x1000)
	EOF
	made other <<-'EOF'
	c = Core()
	c.machine = 9999
	c.thread(sp=0x70000)
	c.load(0x70000, 0x1000)
	EOF
	made short <<-'EOF'
	c = Core()
	c.note(1, bytes(16))
	c.load(0x70000, 0x1000)
	EOF
	made whole <<-'EOF'
	c = Core()
	c.thread(sp=0x70000)
	c.load(0x70000, 0x1000)
	EOF
	head -c 300 whole >cut
	head -c 90 whole >cut2
	for core in none:"its notes have no thread's registers" short:"its notes have no thread's registers" \
		other:"of a machine whose registers are not known" cut:"it ends before its memory" cut2:"it ends before its memory"; do
		fails_with 2 core-trim "${core%%:*}"
		[ "$stderr" = "core-trim: ${core%%:*}: ${core#*:}" ]
		run -2 --separate-stderr bash -c 'cat "$1" | core-trim' - "${core%%:*}"
		[ "$stderr" = "core-trim: <stdin>: ${core#*:}" ]
		run -0 --separate-stderr bash -c 'cat "$1" | core-trim -o small | cmp - "$1"' - "${core%%:*}"
		[ "$stderr" = "core-trim: <stdin>: ${core#*:}" ]
		[ ! -e small ]
	done
	# Cut in its memory: what is there is kept.
	head -c $(($(stat -c %s whole) - 4096)) whole >part
	core-trim part >small
	judge <<<'assert kept == set()'
}

@test "core-trim: notes that no file can hold, by their size: no small core is begun" {
	made whole <<-'EOF'
	c = Core()
	c.thread(sp=0x70010, pc=0x400010)
	c.load(0x70000, 8192)
	c.load(0x400000, 4096)
	EOF
	# Their header comes last, so that the table of headers is whole.
	python3 - <<-'EOF'
	import struct
	b = bytearray(open("whole", "rb").read())
	notes, *loads = (bytes(b[at:at + 56]) for at in range(64, 64 + 3 * 56, 56))
	b[64:64 + 3 * 56] = b"".join([*loads, notes])
	struct.pack_into("<Q", b, 64 + 2 * 56 + 32, 2**64 - 1)
	open("damaged", "wb").write(b)
	EOF
	fails_with 2 core-trim damaged
	[ "$stderr" = "core-trim: damaged: its notes have no thread's registers" ]
}

@test "core-trim: -p: program headers at the end of all files: the whole core is passed on" {
	python3 - <<-'EOF'
	import struct
	from cores import *
	b = bytearray(ehdr(True, 62, PN_XNUM).ljust(4096, b"\0"))
	# How many there are is not said, and a table of as many as we read would end at byte 200.
	struct.pack_into("<Q", b, 32, 2**64 - (4 << 20) * 56 + 200)
	open("odd", "wb").write(b)
	EOF
	cat odd | timeout 20 core-trim -p $$ -o small 2>err >whole
	cmp odd whole
	[ ! -e small ]
	[ "$(cat err)" = 'core-trim: <stdin>: it ends before its memory' ]
}

@test "core-trim: damage and cuts at any place give a small core or one line of error" {
	core-trim -m 300K "$CALLS.core" >base
	python3 - <<-'EOF'
	import random
	b = open("base", "rb").read()
	r = random.Random(7)
	for k in range(60):
	    d = bytearray(b)
	    for _ in range(r.randrange(1, 30)):
	        d[r.randrange(0, 8000 if k % 2 else len(d))] = r.choice((0, 255, r.randrange(256)))
	    if k % 5 == 0:
	        del d[r.randrange(len(d)):]
	    open("damaged.%d" % k, "wb").write(d)
	EOF
	for f in damaged.*; do
		for how in file stream; do
			status=0
			if [ $how = file ]; then
				timeout 120 core-trim -d 2 "$f" >out 2>err || status=$?
			else
				cat "$f" | { timeout 120 core-trim >out 2>err || echo $? >st; }
				[ ! -e st ] || status=$(cat st)
				rm -f st
			fi
			case $status in
			0) [ ! -s err ] ;;
			2) [ "$(wc -l <err)" -eq 1 ] ;;
			*) false ;;
			esac || { echo "$f $how: status $status"; cat err; return 1; }
			[ "$(stat -c %s out)" -le 40000000 ]
		done
		timeout 120 core-trim -o small <"$f" 2>/dev/null | cmp - "$f"
		rm -f small
	done
}

# held_process: $pid, until the test ends, and in the file first its core, with its notes first, as the kernel writes them.
held_process() {
	"$CALLS" wait 3>&- &
	pid=$! held=$!
	soon grep -q ' S ' /proc/$pid/stat
	gdb -nx -q -batch -ex "attach $pid" -ex 'generate-core-file live' >gdb.out 2>&1 </dev/null 3>&-
	core-trim -m 1G -r 0:0xffffffffffff0000 live >first
}

@test "core-trim: -p takes the memory of the core's process alone, otherwise the stream's" {
	local ordered=$BATS_FILE_TMPDIR/ordered.core
	# Another process: its random addresses are others.
	sleep 100 3>&- &
	other=$!
	run -0 --separate-stderr bash -c 'cat "$1" | core-trim -p "$2" -o small | cmp - "$1"' - "$ordered" $other
	kill $other
	[ "$stderr" = "core-trim: pid $other: not the process of the core: No such process" ]
	judge <<<'assert b"trimmed=stream" in r.b'
	bt "$CALLS" small | diff <(bt "$CALLS" "$CALLS.core") -
	rm small
	wait $other || :
	run -0 --separate-stderr bash -c 'cat "$1" | core-trim -p "$2" -c sh -c "cat >small" ";" sh -c "cat >whole"' - "$ordered" $other
	[[ $stderr == "core-trim: pid $other: its memory: No such process" ]] || { echo "<$stderr>"; false; }
	cmp whole "$ordered"
	judge <<<'assert b"trimmed=stream" in r.b'
	# The very process.
	held_process
	cat first | core-trim -p $pid >small
	judge <<<'assert b"trimmed=process" in r.b and len(r.b) < 400000'
	bt "$CALLS" small | grep -q 'pause'
	# One that only lives is not one that is dumped.
	cat first | core-trim -p $pid -C "$(id -u)" >small3 2>err
	[ "$(cat err)" = "core-trim: pid $pid: not the process of the core: No such process" ]
	core-info small3 | grep -qx trimmed=stream
	# Looked at alone, the core reaches the command untouched, by the very pipe.
	cat first | core-trim -p $pid -c sh -c 'cat >small2' ';' sh -c 'cat >whole; readlink /proc/$PPID/exe'
	cmp whole first
	cmp small small2
	# Who does not take the small core is not asked again; a signal before the whole has a command ends it.
	cat first | core-trim -s 1M -p $pid -c sh -c 'echo >>asked; exit 1' ';' sh -c 'cat >whole'
	cmp whole first
	[ "$(wc -l <asked)" -eq 1 ]
	run -143 bash -c 'cat first | exec core-trim -p "$1" -c sh -c "cat >/dev/null; kill \$PPID" ";" touch started; exit "${PIPESTATUS[1]}"' - $pid
	[ ! -e started ]
	{ cat first; echo more >&2; } 2>said | core-trim -p $pid >/dev/null
}

@test "core-trim: -c: the child that makes the small core dies: only the whole core is stored" {
	held_process
	# Killed while it waits for the first command, which must not take that for the end of its input.
	for signal in SEGV KILL; do
		rm -f whole small
		run -3 --separate-stderr bash -c 'cat first | core-trim -s 1M -p "$1" -c sh -c "pkill -$2 -P \$PPID core-trim; cat >part; mv part small" \
			";" sh -c "cat >whole; exit 3"' - "$pid" $signal
		# A sanitizer makes an exit of the first.
		[ $signal = SEGV ] || [[ $stderr == *"core-trim: <stdin>: the small core: killed by signal 9"* ]]
		cmp whole first
		[ ! -e small ]
	done
}

@test "core-trim: -p does not take the memory of a child that the process forked" {
	cat >forks.c <<-'EOF'
	#include <stdio.h>
	#include <unistd.h>
	char *volatile here;
	int main(void) {
		char text[4096];
		pid_t child = fork();
		here = text;
		snprintf(text, sizeof(text), "this is %s", child ? "parent" : "child");
		if (child) { printf("%d\n", child); fflush(stdout); }
		pause();
	}
	EOF
	${CC:-cc} -g -o forks forks.c
	./forks >child 3>&- &
	pid=$!
	soon [ -s child ]
	gdb -nx -q -batch -ex "attach $pid" -ex 'generate-core-file live' >gdb.out 2>&1 </dev/null 3>&-
	core-trim -m 1G -r 0:0xffffffffffff0000 live >first
	cat first | core-trim -p "$(cat child)" >small 2>err
	kill $pid "$(cat child)"
	[ "$(cat err)" = "core-trim: pid $(cat child): not the process of the core: No such process" ]
	judge <<<'assert b"trimmed=stream" in r.b and b"this is parent" in r.b and b"this is child" not in r.b'
}

@test "core-trim: a signal ends a tap's input, with a message" {
	local ordered=$BATS_FILE_TMPDIR/ordered.core
	mkfifo in
	core-trim -o small <in >out 2>err 3>&- &
	pid=$!
	exec 8>in
	head -c 200000 "$ordered" >&8
	until [ "$(stat -c %s out)" -ge 100000 ] || ! kill -0 $pid; do sleep 0.05; done
	kill $pid
	status=0
	wait $pid || status=$?
	[ $status -eq 2 ]
	exec 8>&-
	grep -q 'ended by signal 15' err
	[ ! -e small ]
}

# other_build FILE …: gives them build-ids of their own, so that no file of the machine is taken for them.
other_build() {
	local file
	for file; do
		python3 - "$file" "$(elf-uuid -b "$file")" <<-'EOS'
		import sys
		b, old = open(sys.argv[1], "rb").read(), bytes.fromhex(sys.argv[2])
		open(sys.argv[1], "wb").write(b.replace(old, bytes(255 - x for x in old)))
		EOS
	done
}

@test "core-trim: -u: on a machine without any of the files, core-trace shows the same stacks" {
	mkdir there
	cp "$CALLS" there/calls
	strip -g there/calls
	# shellcheck disable=SC2046 # several paths
	cp $(ldd "$CALLS" | awk '$2 == "=>" { print $3 }') there
	loader=$(readelf -lW "$CALLS" | sed -n 's/.*interpreter: \(.*\)]/\1/p')
	cp "$loader" there/loader
	other_build there/*
	crash_core core there/loader --library-path there there/calls threads 5
	core-trace core | sed -E 's/^(thread [0-9]+: SIG[A-Z]+): .*/\1/' >with_files
	grep -q ' crash_here+' with_files
	[ "$(grep -c '^thread' with_files)" = 5 ]
	core-trim -u core >small
	core-trim core >without
	mv there gone
	# But for the first line: the code at the pc is in the file alone, unless the process was asked.
	core-trace small | sed 1d | diff <(sed 1d with_files) -
	[ "$(core-trace without | grep -c '^#')" = 5 ]
	# Trimmed again, it still has them.
	core-trim small | core-trace | sed 1d | diff <(sed 1d with_files) -
	core-info small | grep -E '^kept=unwind [0-9]+ [0-9]+$' | {
		read -r _ functions bytes
		[ "$functions" -gt 5 ]
		[ "$bytes" -lt 20000 ]
	}
	for name in without small; do
		gzip -1c $name | wc -c
	done | paste -sd' ' | awk '{ exit !($2 < $1 * 1.1) }'
	# gdb and elfutils pass over the note.
	eu_frames without | diff - <(eu_frames small)
	bt gone/calls without | diff - <(bt gone/calls small)
	mv gone there
	core-trim -u -m 60000 core | wc -c | awk '{ exit !($1 <= 60000) }'
}

@test "core-trim: -u: a note with any byte wrong does no harm to core-trace" {
	core-trim -u "$CALLS.core" >small
	mv "$CALLS" "$CALLS.away"
	python3 - <<-'EOS' || { mv "$CALLS.away" "$CALLS"; false; }
	import cores, random, struct, subprocess
	whole = open("small", "rb").read()
	at = whole.index(b"\x03czggzcore\0")
	n = int.from_bytes(whole[at - 4:at], "little")
	assert n > 1000, n
	r = random.Random(5)
	for k in range(24):
	    b = bytearray(whole)
	    for _ in range(1 + k):
	        b[at + 12 + r.randrange(n)] = r.choice((0, 1, 0x7f, 0x80, 0xff, r.randrange(256)))
	    p = subprocess.run(["core-trace", "-"], input=bytes(b), capture_output=True, timeout=60)
	    assert p.returncode in (0, 1), (k, p)
	    assert p.stdout.startswith(b"thread "), (k, p)
	# Where the note is wrong it ends: as if nothing sensible was behind that.
	start, kinds, places = at + 12, {}, []
	place = start
	while place < start + n:
	    kind, size = struct.unpack_from("<II", whole, place)
	    places.append(place)
	    kinds.setdefault(kind, []).append(place)
	    place += 8 + (size + 3 & ~3)
	def shown(change):
	    b = bytearray(whole)
	    change(b)
	    p = subprocess.run(["core-trace", "-"], input=bytes(b), capture_output=True, timeout=60)
	    assert p.returncode in (0, 1), p
	    return p.stdout
	def end_at(place):
	    return shown(lambda b: b.__setitem__(slice(place, start + n), b"\xff" * (start + n - place)))
	good = shown(lambda b: None)
	load = kinds[2][0]
	assert end_at(load) != good
	for size in (12, 15, start + n - load - 8 + 1, start + n - load, 0xfffffff0):
	    assert shown(lambda b: struct.pack_into("<I", b, load + 4, size)) == end_at(load), size
	# A name with a NUL, and a description whose end wraps: the rest of the module is good.
	symbol = next(k for k in kinds[5] if whole[k + 28:].startswith(b"crash_here"))
	module = max(k for k in kinds[1] if k < symbol)
	described = next(k for k in kinds[3] if k > module)
	assert b" crash_here+" in good
	assert b" crash+" not in shown(lambda b: b.__setitem__(symbol + 28 + 5, 0))
	assert b" crash_here+" in shown(lambda b: struct.pack_into("<q", b, described + 16, -4))
	# More segments than a module may have.
	c = cores.Core("x86-64")
	c.thread(0x7000, 0x1000)
	c.load(0x7000, bytes(4096), 6)
	c.note(0x677a6303, struct.pack("<IIQII", 1, 16, 0x1000, 3, 1) + struct.pack("<IIQQQI", 2, 28, 0, 4096, 4096, 5) * 9000, b"gzcore")
	c.write("many")
	subprocess.run(["core-trace", "many"], check=True, capture_output=True)
	# The last record's padding is not there.
	last = places[-1]
	def cut(b):
	    struct.pack_into("<I", b, at - 4, n - 1)
	    struct.pack_into("<I", b, last + 4, start + n - 1 - last - 8)
	shown(cut)
	EOS
	mv "$CALLS.away" "$CALLS"
}

@test "core-trim: -u: a program without .eh_frame_hdr, and one whose file has gone or changed" {
	# As musl-gcc links.  The loader would not take it from a file that is not its own build.
	${CC:-cc} -O1 -pthread -Wl,--build-id -Wl,--no-eh-frame-hdr -o prog "$T/kernel/crash.c"
	run -1 grep -q EH_FRAME <(readelf -lW prog)
	crash_core core ./prog segv
	core-trace core | sed 's/: SIGSEGV: .*//' >with_file
	grep -q ' crash_here+' with_file
	core-trim -u core >small
	mv prog away
	core-trace small | sed 's/: SIGSEGV: .*//' | diff with_file -
	# Nothing is noted of another build, or without a file.
	core-trim -u core >none
	cp away prog
	other_build prog
	core-trim -u core | cmp - none
	core-trace none | grep -q 'ends here: prog: not the file that the process had'
	# What was noted is not overruled by it.
	core-trace small | sed 's/: SIGSEGV: .*//' | diff with_file -
}
