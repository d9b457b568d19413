# What every test file loads: the programs under test first in PATH, and a clean environment.

bats_require_minimum_version 1.5.0

T=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# The folder with the programs, absolute; make check sets it.
: "${BUILD:=$(cd "$T/.." && pwd)/build}"
PATH=$BUILD:$PATH
export PATH BUILD LC_ALL=C TZ=UTC
umask 022

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

# fails_with STATUS COMMAND…: the exact status, one line on standard error that starts with the
# program's name, and nothing on standard output.  The line is left in $stderr.
fails_with() {
	local status_wanted=$1 out
	shift
	run --separate-stderr "-$status_wanted" "$@"
	[ -z "$output" ] || { echo "unexpected output: $output"; return 1; }
	[ "${#stderr_lines[@]}" -eq 1 ] || { echo "not one line: $stderr"; return 1; }
	[[ $stderr == "${1##*/}: "* ]] || { echo "not from ${1##*/}: $stderr"; return 1; }
}

# usage_error COMMAND…: exits 2 with the usage at the end of standard error, and no output.
usage_error() {
	run -2 --separate-stderr "$@"
	[ -z "$output" ] || { echo "unexpected output: $output"; return 1; }
	[[ $stderr == *"usage: ${1##*/} "* ]] || { echo "no usage: $stderr"; return 1; }
}

# noise BYTES: bytes that do not compress, the same each time.
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

# mixed BYTES: text, noise and zeros in turn, the same each time, as a core has them.
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

# need COMMAND…: skips the test when one is not installed; on CI, which installs all but the
# runtimes of other languages, that is a failure.
need() {
	local c
	for c; do
		command -v "$c" >/dev/null && continue
		case $c in
		node | java | javac | go) ;;
		*) [ -z "${CI:-}" ] || { echo "not installed: $c"; return 1; } ;;
		esac
		skip "$c is not installed"
	done
}

# slowly: standard input to standard output, a byte with each write.
slowly() {
	python3 -c '
import os, sys
for b in sys.stdin.buffer.read():
    os.write(1, bytes([b]))'
}

# terminal FD COMMAND…: runs it with FD a terminal; what it writes there goes to the file terminal.
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

# members FILE: a line for each gzip member, as RFC 1952 read anew says: offset, size, data offset,
# data size, CRC-32; then flags, MTIME, the bytes of FEXTRA, FNAME and FCOMMENT, "-" when absent.
# Fails when the members do not tile the file, or a checksum or a length is wrong.
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

# reader_gone COMMAND…: its standard output is a pipe that nobody reads; SIGPIPE is ignored.
reader_gone() {
	python3 -c '
import os, signal, subprocess, sys
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
r, w = os.pipe()
os.close(r)
sys.exit(subprocess.call(sys.argv[1:], stdout=w, restore_signals=False))' "$@"
}

# on_terminal COMMAND…: descriptors 0 to 2 are a terminal, where our standard input is typed and
# then ^D.  What the terminal shows, without an echo, comes on standard output.
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

# answers PROGRAM: -h and -V on standard output, a bad option with the usage on standard error.
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
