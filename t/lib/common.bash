# Every test file loads this: it puts the programs under test first in PATH, and cleans the environment.

bats_require_minimum_version 1.5.0

T=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# The directory of the programs, absolute; make check sets it.
: "${BUILD:=$(cd "$T/.." && pwd)/build}"
# A version manager's shims go last: through a shim, Python takes ten times as long to start, and tests start it often.
shims=
IFS=: read -ra folders <<<"$PATH"
PATH=$BUILD
for folder in "${folders[@]}"; do
	case $folder in
	*/shims) shims=$shims:$folder ;;
	*) PATH=$PATH:$folder ;;
	esac
done
PATH=$PATH$shims
unset shims folders folder
# Of very many damaged inputs every so-manieth is tried; 1 tries all.
: "${EVERY:=5}"
export PATH BUILD EVERY LC_ALL=C TZ=UTC
umask 022

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

# fails_with STATUS COMMAND…: checks the exact status, that one line on standard error starts with the program's name,
# and that standard output is empty.  The line is left in $stderr.
fails_with() {
	local status_wanted=$1 out
	shift
	run --separate-stderr "-$status_wanted" "$@"
	[ -z "$output" ] || { echo "unexpected output: $output"; return 1; }
	[ "${#stderr_lines[@]}" -eq 1 ] || { echo "not one line: $stderr"; return 1; }
	[[ $stderr == "${1##*/}: "* ]] || { echo "not from ${1##*/}: $stderr"; return 1; }
}

# usage_error COMMAND…: checks for exit status 2, the usage at the end of standard error, and no output.
usage_error() {
	run -2 --separate-stderr "$@"
	[ -z "$output" ] || { echo "unexpected output: $output"; return 1; }
	[[ $stderr == *"usage: ${1##*/} "* ]] || { echo "no usage: $stderr"; return 1; }
}

# noise BYTES: prints bytes that do not compress, the same each time.
noise() {
	python3 -c '
import random, sys
r = random.Random(1)
n = int(sys.argv[1])
while n > 0:
    k = min(n, 1 << 20)
    sys.stdout.buffer.write(r.randbytes(k))
    n -= k' "$1"
}

# mixed BYTES: prints text, noise and zeros in turn, like a core, the same each time.
mixed() {
	python3 -c '
import random, sys
r = random.Random(2)
n = int(sys.argv[1])
out = sys.stdout.buffer
while n > 0:
    k = min(n, r.randrange(1, 70000))
    kind = r.randrange(3)
    if kind == 0:
        b = r.randbytes(k)
    elif kind == 1:
        b = bytes(k)
    else:
        b = (b"".join(b"word%d " % r.randrange(500) for _ in range(k // 5 + 1)))[:k]
    out.write(b)
    n -= len(b)' "$1"
}

# need COMMAND…: skips the test if one is not installed.  CI installs everything except the runtimes of other languages
# and packages that the release lacks, so there a missing command is a failure.
need() {
	local c
	for c; do
		# The leak checker of a sanitized build cannot be traced.
		[ "$c" != strace ] || export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
		command -v "$c" >/dev/null && continue
		case $c in
		bun | go | java | javac | node | ruby) ;;
		*) [ -z "${CI:-}" ] || [ -s "$T/../build/lacking" ] || { echo "not installed: $c"; return 1; } ;;
		esac
		skip "$c is not installed"
	done
}

. "$T/lib/soon.bash"

# need_fuse: skips the test if it cannot mount a FUSE file system.
need_fuse() {
	need fusermount3
	[ -w /dev/fuse ] || skip "no /dev/fuse"
}

# need_mounts: skips the test if no mount namespace can be made, as in a chroot that is no mount point.
need_mounts() {
	unshare --mount true 2>/dev/null || skip "no mount namespace can be made"
}

# slowly: copies standard input to standard output, one byte with each write.
slowly() {
	python3 -c '
import os, sys
for b in sys.stdin.buffer.read():
    os.write(1, bytes([b]))'
}

# terminal FD COMMAND…: runs the command with a terminal as FD; what it writes there goes to the file terminal.
terminal() {
	python3 -c '
import os, pty, subprocess, sys, tty
m, s = pty.openpty()
tty.setraw(s)
fd = ("stdin", "stdout", "stderr")[int(sys.argv[1])]
p = subprocess.Popen(sys.argv[2:], **{fd: s})
os.close(s)
with open("terminal", "wb") as f:
    while True:
        try:
            b = os.read(m, 65536)
        except OSError:
            break
        f.write(b)
        if not b:
            break
rc = p.wait()
sys.exit(rc if rc >= 0 else 128 - rc)' "$@"
}

# members FILE: prints a line for each gzip member, by an implementation of RFC 1952 of its own: offset, size, data
# offset, data size, CRC-32; then flags, MTIME, the bytes of FEXTRA, FNAME and FCOMMENT, "-" if absent.  Fails if there
# are bytes between members, or a checksum or a length is wrong.
members() {
	python3 -c '
import struct, sys, zlib
b = open(sys.argv[1], "rb").read()
at = data_at = 0
def string(p):
    end = b.index(b"\0", p)
    return b[p:end].decode("latin-1").encode("unicode_escape").decode(), end + 1
while at < len(b):
    magic, method, flags, mtime, xfl, system = struct.unpack_from("<HBBIBB", b, at)
    assert magic == 0x8b1f and method == 8 and flags & 0xe0 == 0, "header at %d" % at
    p = at + 10
    extra = name = comment = "-"
    if flags & 4:
        n, = struct.unpack_from("<H", b, p)
        extra = b[p + 2:p + 2 + n].hex()
        p += 2 + n
    if flags & 8:
        name, p = string(p)
    if flags & 16:
        comment, p = string(p)
    if flags & 2:
        assert struct.unpack_from("<H", b, p)[0] == zlib.crc32(b[at:p]) & 0xffff, "FHCRC"
        p += 2
    d = zlib.decompressobj(-15)
    data = d.decompress(b[p:])
    assert d.eof, "cut at %d" % at
    end = len(b) - len(d.unused_data) + 8
    crc, size = struct.unpack_from("<II", b, end - 8)
    assert crc == zlib.crc32(data) and size == len(data) & 0xffffffff, "trailer at %d" % (end - 8)
    print(at, end - at, data_at, len(data), "%08x" % crc, flags, mtime, extra, name, comment)
    at, data_at = end, data_at + len(data)' "$1"
}

# is_prefix FILE WHOLE: whether WHOLE starts with FILE.
is_prefix() {
	cmp -n "$(stat -c %s "$1")" "$1" "$2"
}

# reader_gone COMMAND…: runs it with SIGPIPE ignored and a pipe without a reader as standard output.
reader_gone() {
	python3 -c '
import os, signal, subprocess, sys
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
r, w = os.pipe()
os.close(r)
sys.exit(subprocess.call(sys.argv[1:], stdout=w, restore_signals=False))' "$@"
}

# on_terminal COMMAND…: runs it with a terminal as descriptors 0 to 2, and types our standard input and ^D there.  Prints
# what the terminal shows, without an echo.
on_terminal() {
	python3 -c '
import os, pty, subprocess, sys, termios
typed = sys.stdin.buffer.read()
m, s = pty.openpty()
a = termios.tcgetattr(s)
a[1] &= ~termios.OPOST
a[3] &= ~termios.ECHO
termios.tcsetattr(s, termios.TCSANOW, a)
p = subprocess.Popen(sys.argv[1:], stdin=s, stdout=s, stderr=s)
os.close(s)
os.write(m, typed + b"\4")
while True:
    try:
        shown = os.read(m, 4096)
    except OSError:
        break
    if not shown:
        break
    sys.stdout.buffer.write(shown)
rc = p.wait()
sys.exit(rc if rc >= 0 else 128 - rc)' "$@"
}

# answers PROGRAM: checks -h and -V on standard output, and a bad option with the usage on standard error.
answers() {
	"$1" -h >usage 2>err && [ ! -s err ] || { echo "-h: $?"; cat err; return 1; }
	head -n 1 usage | grep -q "^usage: $1 " || { echo "no usage:"; cat usage; return 1; }
	"$1" -V >version 2>err && [ ! -s err ] || { echo "-V: $?"; cat err; return 1; }
	grep -qx "$1 [0-9].*" version || { echo "no version:"; cat version; return 1; }
	run "-2" "$1" -Z
	# The first line is getopt's.
	diff usage <(printf '%s\n' "${lines[@]:1}") || return 1
	run "-2" bash -c '"$0" -h >/dev/full' "$1"
	run "-2" bash -c '"$0" -V >/dev/full' "$1"
	run "-2" reader_gone "$1" -h
}

# odd_pieces: copies standard input to standard output in pieces of odd sizes, with pauses, the same each time.
odd_pieces() {
	python3 -c '
import os, random, sys, time
r, b, at = random.Random(3), sys.stdin.buffer.read(), 0
while at < len(b):
    n = r.choice((1, 7, 511, 4097, 13001, 65537))
    at += os.write(1, b[at:at + n])
    if r.randrange(3) == 0:
        time.sleep(0.001)'
}

# programs BYTES: prints at most this many bytes of executables: our programs, bash, Python and its libraries.
programs() {
	{
		cat "$BUILD/gzdeflate" "$BUILD/zinflate" "$(command -v bash)"
		python3 -c '
import ctypes, os, sys
seen = dict.fromkeys(line.split(None, 5)[5].strip() for line in open("/proc/self/maps") if "/" in line)
for path in [sys.executable, "/usr/bin/python3", *seen]:
    if os.path.isfile(path):
        sys.stdout.buffer.write(open(path, "rb").read())'
	} 2>/dev/null | head -c "$1" || :
}

# injected INJECTION [PATH…] -- COMMAND…: runs it under strace, which injects a failure into its system calls, such as
# read:error=EIO:when=3.  With paths, only calls on these count; every thread counts its own calls.  Returns 124 if it
# runs for 20 seconds, and 99 if nothing was injected.
injected() {
	local injection=$1 status=0 on=()
	shift
	while [ "$1" != -- ]; do
		on+=(-P "$(realpath "$1")")
		shift
	done
	shift
	timeout 120 strace -f -qq -o trace \
		-e "trace=${injection%%:*}" -e "inject=$injection" "${on[@]}" "$@" || status=$?
	grep -q INJECTED trace || return 99
	return "$status"
}

# cloned: how many processes and threads were started, by what strace says of clone and clone3.  A program that confines
# itself has no clone3, and makes the other call after it.
cloned() {
	awk '/clone3?\(/ { n++ } /clone3.*ENOSYS/ { n-- } END { print n + 0 }'
}

# threads COMMAND…: prints how many threads it starts, not counting those of a sanitizer.
threads() {
	local with without
	strace -f -qq -o with -e trace=clone,clone3 "$@" >/dev/null || return 1
	strace -f -qq -o without -e trace=clone,clone3 "$BUILD/gzdeflate" -V >/dev/null
	with=$(cloned <with)
	without=$(cloned <without)
	echo $((with - without))
}

# counts_threads: skips the test where the program is not the only one that starts threads.
counts_threads() {
	! grep -q sanitize=thread "$BUILD/.flags" || skip 'the thread sanitizer has threads of its own'
}

# follows_processors MORE COMMAND…: checks that it starts no thread on one processor, and MORE on two.
follows_processors() {
	local one two n more=$1
	shift
	counts_threads
	read -r one two < <(python3 -c 'import os; print(*sorted(os.sched_getaffinity(0))[:2])')
	n=$(threads taskset -c "$one" "$@") || return 1
	[ "$n" -eq 0 ] || { echo "$n threads on one processor"; return 1; }
	[ -n "$two" ] || return 0
	# A quota may leave less than that.
	! grep -qs '^[0-9]' /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us || return 0
	n=$(threads taskset -c "$one,$two" "$@") || return 1
	[ "$n" -eq "$more" ] || { echo "$n threads on two processors, not $more"; return 1; }
}

# slow_reader: copies standard input to standard output, far slower than any compression.
slow_reader() {
	python3 -c '
import os, time
while b := os.read(0, 16384):
    os.write(1, b)
    time.sleep(0.01)'
}

# reader_leaves BYTES COMMAND…: runs it with a reader that goes after this many bytes, and SIGPIPE at its default.  Prints
# the status: 141 for death by that signal, 124 if it hangs.
reader_leaves() {
	env --default-signal=PIPE timeout 120 bash -c '
		n=$1
		shift
		"$@" 2>err | head -c "$n" >/dev/null
		echo "${PIPESTATUS[0]}"' - "$@"
}

# Checks for both gzdeflate and zdeflate; DECODE is a command that prints the decompressed content of a file.

# same_by_threads DECODE COMMAND…: checks that any number of threads makes the same, correct bytes, from a file and from a
# slow pipe.
same_by_threads() {
	local decode=$1 data size level n
	shift
	{ head -c 16384 /dev/zero; noise 8192; mixed 16384; head -c 24576 /dev/zero; noise 5000; } >zeros_first
	{ mixed 30000; head -c 40536 /dev/zero; } >zeros_last
	for level in 0 1 2 6 9; do
		for data in zeros_first zeros_last; do
			for size in 0 1 8191 8192 8193 16385 70536; do
				head -c $size $data >part
				"$@" -b 8K -$level -T 1 <part >one
				"$decode" one | cmp - part
				for n in 2 3 7; do
					"$@" -b 8K -$level -T $n <part >many
					cmp one many
				done
			done
			for n in 1 3; do
				odd_pieces <$data | "$@" -b 8K -$level -T $n >slow
				cmp one slow
			done
		done
	done
}

# adapts DECODE COMMAND…: checks that -A makes correct output, and a smaller one for a slow reader.
adapts() {
	local decode=$1 n
	shift
	programs 2000000 >data
	"$@" -1 -b 32K data >1
	for n in 1 3; do
		"$@" -A 1-9 -b 32K -T $n data >fast
		"$decode" fast | cmp - data
		"$@" -A 1-9 -b 32K -T $n data | slow_reader >slow
		"$decode" slow | cmp - data
		[ "$(stat -c %s slow)" -lt "$(stat -c %s 1)" ]
	done
	# With one level there is nothing to choose from.  The last option that is given counts.
	head -c 300000 data >part
	"$@" -3 part >3
	"$@" -9 part >9
	run ! cmp -s 3 9
	"$@" -A 3-3 part | cmp - 3
	"$@" -A 1-9 -3 part | cmp - 3
	"$@" -9 -A 3-3 part | cmp - 3
	"$@" -A 3-3 -9 part | cmp - 9
	"$@" -A 0-9 </dev/null >empty
	"$decode" empty | cmp - /dev/null
}

# refuses_levels PROGRAM, refuses_threads PROGRAM: check that wrong arguments of -A, and of -T, are refused.
refuses_levels() {
	local levels
	for levels in '' x 1 1- -9 9-1 1-10 10-11 1-9x 1--9 ' 1-9' a-b; do
		fails_with 2 "$1" -A "$levels" </dev/null
		[ "$stderr" = "$1: -A $levels: not two levels from 0 to 9 such as 1-9" ]
	done
	usage_error "$1" -A
}
refuses_threads() {
	local n
	for n in '' 0 257 -1 x 1K 2x ' 2' 4294967297 18446744073709551617; do
		fails_with 2 "$1" -T "$n" </dev/null
		[ "$stderr" = "$1: -T $n: not a number of threads from 1 to 256" ]
	done
	usage_error "$1" -T
}

# no_larger GRACE COMMAND…: checks that each level from 1 to 9 makes programs no larger than the level before, or by at
# most GRACE in 1000.
no_larger() {
	local grace=$1 level size before=
	shift
	programs 8000000 >data
	[ "$(stat -c %s data)" -gt 1000000 ]
	for level in 1 2 3 4 5 6 7 8 9; do
		size=$("$@" -$level data | wc -c)
		echo "level $level: $size"
		[ -z "$before" ] || [ "$size" -le $((before + before * grace / 1000)) ]
		before=$size
	done
}

# ends STATUS COMMAND…: checks the exact status and for one line in the file err; the output goes to the file out.
ends() {
	local wanted=$1 status=0
	shift
	"$@" >out 2>err || status=$?
	[ "$status" -eq "$wanted" ] || { echo "status $status: $*"; cat err; return 1; }
	[ "$(wc -l <err)" -eq 1 ] || { echo "not one line: $*"; cat err; return 1; }
}

# not_interrupted COMMAND…: checks that EINTR now and then changes nothing.
not_interrupted() {
	local n
	noise 100000 >data
	"$@" -b 8K data >whole
	for n in 1 3; do
		injected read,write:error=EINTR:when=1+2 data out -- "$@" -b 8K -T $n data >out
		cmp out whole
	done
}

# unreadable_at N THREADS COMMAND…, full_at N THREADS COMMAND…: make the Nth read, or the Nth write, of the data fail, and
# check for status 2 and that the file out is a prefix of the file whole.  Every thread counts its own calls, and any may
# read or write: with threads there have to be enough chunks that one of them gets as far as N.
unreadable_at() {
	local at=$1 n=$2
	shift 2
	ends 2 injected "read:error=EIO:when=$at" data -- "$@" -T "$n" data
	[ "$(cat err)" = "$1: data: Input/output error" ]
	is_prefix out whole
}
full_at() {
	local at=$1 n=$2
	shift 2
	ends 2 injected "write:error=ENOSPC:when=$at" out -- "$@" -T "$n" data
	[ "$(cat err)" = "$1: <stdout>: write: No space left on device" ]
	is_prefix out whole
}

# loses_readers COMMAND…: checks that it dies by SIGPIPE, or exits 2, if its reader goes at once or after a while.
loses_readers() {
	local n bytes
	noise 300000 >data
	for n in 1 3; do
		for bytes in 0 1 20000 110000; do
			run -0 reader_leaves $bytes "$@" -T $n data
			[ "$output" = 141 ]
			run -0 reader_leaves $bytes python3 -c '
import signal, subprocess, sys
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
sys.exit(subprocess.call(sys.argv[1:], restore_signals=False))' "$@" -T $n data
			[ "$output" = 2 ]
			[ "$(wc -l <err)" -eq 1 ]
		done
	done
}

# few_threads COMMAND…: checks that fewer threads than wanted, even only its own, make the same output.
few_threads() {
	local from
	noise 100000 >data
	"$@" -b 8K data >whole
	for from in 1 2 3 4; do
		injected "clone,clone3:error=EAGAIN:when=$from+" -- "$@" -b 8K -T 4 data >out
		cmp out whole
		injected "clone,clone3:error=EAGAIN:when=$from+" -- "$@" -b 8K -T 4 <data >out
		cmp out whole
	done
	# Only the writer's thread fails, or only one worker's.
	for from in 1 2 3; do
		injected "clone,clone3:error=EAGAIN:when=$from" -- "$@" -b 8K -T 4 data >out
		cmp out whole
	done
}

# names_engines PROGRAM: checks that -V names zlib and the engines that were built in, like the other programs.
names_engines() {
	local p flag
	"$1" -V | sed 's/[^(]*//' >named
	grep -q '^(zlib [0-9][0-9.]*.*)$' named
	for p in gzdeflate zdeflate zinflate; do
		"$p" -V | sed 's/[^(]*//' | diff named -
	done
	# make's flags, if the programs are still in their build directory.
	[ -e "$BUILD/.engines" ] || return 0
	for flag in ISAL:ISA-L LIBDEFLATE:libdeflate; do
		if grep -q -- "-DWITH_${flag%:*}" "$BUILD/.engines"; then
			grep -q ", ${flag#*:} [0-9]" named
		else
			run ! grep -q "${flag#*:}" named
		fi
	done
}

# valid_json PROGRAM FILE …: checks that each file is one line of JSON without control characters that fits the schema.
valid_json() {
	local python schema
	for python in python3 /usr/bin/python3; do
		! "$python" -c 'import jsonschema' 2>/dev/null || break
	done
	schema=$BUILD/$1.schema.json
	[ -f "$schema" ] || schema=$T/../tools/$1.schema.json
	"$python" - "$schema" "${@:2}" <<-'EOS'
	import json, jsonschema, re, sys
	with open(sys.argv[1]) as f:
	    schema = json.load(f)
	jsonschema.Draft202012Validator.check_schema(schema)
	judge = jsonschema.Draft202012Validator(schema)
	for name in sys.argv[2:]:
	    raw = open(name, "rb").read()
	    assert raw.endswith(b"\n") and raw.count(b"\n") == 1, name
	    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", raw), name
	    wrong = [e.json_path + ": " + e.message for e in judge.iter_errors(json.loads(raw.decode("utf-8")))]
	    if wrong:
	        sys.exit("%s: %s" % (name, "\n".join(wrong)))
	EOS
}
