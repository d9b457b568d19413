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
