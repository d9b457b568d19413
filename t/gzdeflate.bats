load lib/common

# A judge that fails behind a pipe has failed.
set -o pipefail

# chunks FILE: the size of the data of each member.
chunks() {
	members "$1" | cut -d ' ' -f 4 | tr '\n' ' '
}

@test "gzdeflate: -h and -V answer, and fail on a full disk; a bad option shows the usage" {
	answers gzdeflate
}

@test "gzdeflate: -V names the version and the engines" {
	run -0 --separate-stderr gzdeflate -V
	[[ ${lines[0]} =~ ^gzdeflate\ [0-9]+\.[0-9]+\.[0-9]+\ \(.*zlib\ [0-9.]+.*\)$ ]]
	[ -z "$stderr" ]
}

@test "gzdeflate: an unknown option, a missing argument or a second operand is misuse" {
	usage_error gzdeflate -x
	[ "${stderr_lines[0]}" = "gzdeflate: invalid option -- 'x'" ]
	usage_error gzdeflate -5x
	usage_error gzdeflate --fast
	usage_error gzdeflate -b
	usage_error gzdeflate -C
	usage_error gzdeflate -m
	usage_error gzdeflate -N
	usage_error gzdeflate one two
}

@test "gzdeflate: -d decompresses as zinflate does, and -c changes nothing" {
	mixed 300000 >data
	gzdeflate -c -b 10K data >data.z
	gzdeflate -b 10K data | cmp - data.z
	gzip -c data >data.gz
	for n in 1 3; do
		gzdeflate -d -T $n data.z | cmp - data
		gzdeflate -cd <data.gz | cmp - data
	done
	run -0 --separate-stderr gzdeflate -dv data.z
	[[ $stderr == "gzdeflate: data.z: "*" out, "* ]]
	head -c 20000 data.z >cut.z
	for file in cut.z data /dev/null missing; do
		zinflate "$file" >out 2>err && status=0 || status=$?
		run -$status bash -c 'gzdeflate -d "$1" 2>err2 | cmp - out; exit "${PIPESTATUS[0]}"' - "$file"
		[ -z "$output" ]
		sed 's/^zinflate/gzdeflate/' err | diff - err2
	done
	if [ -e /dev/full ]; then
		run -2 bash -c 'gzdeflate -d data.z >/dev/full'
	fi
}

@test "gzdeflate: a chunk size that is not from 1K to 512M is refused" {
	local size
	for size in '' 0 1 1023 -1024 1k 4KB K 1K1 ' 4K' 0x1000 1.5K 513M 536870913 1G 1T 16777216T \
	    18446744073709551616 99999999999999999999; do
		fails_with 2 gzdeflate -b "$size" </dev/null
		[ "$stderr" = "gzdeflate: -b $size: not a size from 1K to 512M" ]
	done
}

@test "gzdeflate: an MTIME that is not a 32-bit number is refused" {
	local seconds
	for seconds in '' -1 x 1K 4294967296 18446744073709551617; do
		fails_with 2 gzdeflate -m "$seconds" </dev/null
		[ "$stderr" = "gzdeflate: -m $seconds: not a number of seconds from 0 to 4294967295" ]
	done
}

@test "gzdeflate: -N: a name with a slash, or an empty one, is refused" {
	local name
	for name in '' a/b /a ../a; do
		fails_with 2 gzdeflate -N "$name" </dev/null
		[[ $stderr == "gzdeflate: -N $name: "* ]]
	done
}

@test "gzdeflate: a missing file exits 2" {
	fails_with 2 gzdeflate missing
	[ "$stderr" = "gzdeflate: missing: No such file or directory" ]
}

@test "gzdeflate: a directory exits 2, as operand and as standard input" {
	mkdir directory
	fails_with 2 gzdeflate directory
	[ "$stderr" = "gzdeflate: directory: Is a directory" ]
	run -2 bash -c 'gzdeflate <directory'
	[ "$output" = "gzdeflate: <stdin>: Is a directory" ]
}

@test "gzdeflate: input that cannot be read exits 2" {
	run -2 bash -c 'gzdeflate <&-'
	[ "$output" = "gzdeflate: <stdin>: Bad file descriptor" ]
	run -2 bash -c 'gzdeflate 0>file'
	[ "$output" = "gzdeflate: <stdin>: Bad file descriptor" ]
	run -2 bash -c 'gzdeflate /proc/self/mem'
	[ "$output" = "gzdeflate: /proc/self/mem: Input/output error" ]
}

@test "gzdeflate: -- ends the options, and - is standard input" {
	printf 'dashed\n' >./-5
	gzdeflate -m 0 -- -5 >dashed.gz
	gzip -dc dashed.gz | cmp - ./-5
	gzdeflate - <./-5 >stdin.gz
	cmp dashed.gz stdin.gz
}

@test "gzdeflate: an empty input makes one whole member of nothing" {
	gzdeflate </dev/null >empty.gz
	[ "$(chunks empty.gz)" = "0 " ]
	gzip -t empty.gz
	gzip -dc empty.gz | cmp - /dev/null
	gzdeflate -s </dev/null >empty.gz
	[ "$(chunks empty.gz)" = "0 " ]
	gzip -t empty.gz
	: >empty
	gzdeflate -N name empty >empty.gz
	[ "$(chunks empty.gz)" = "0 " ]
}

@test "gzdeflate: every level comes back, as members and as one" {
	local level
	mixed 700000 >data
	for level in 0 1 2 3 4 5 6 7 8 9; do
		gzdeflate -$level data >members.gz
		gzip -dc members.gz | cmp - data
		gzdeflate -$level -s data >single.gz
		gzip -dc single.gz | cmp - data
	done
}

@test "gzdeflate: bytes that do not compress come back at every level" {
	local level
	noise 300000 >data
	for level in 0 1 2 3 4 5 6 7 8 9; do
		gzdeflate -$level data >members.gz
		gzip -dc members.gz | cmp - data
		gzdeflate -$level -s data >single.gz
		gzip -dc single.gz | cmp - data
		# Two members, and no more than a few bytes for each 16 KiB.
		[ "$(stat -c %s members.gz)" -lt 300500 ]
		[ "$(stat -c %s single.gz)" -lt 300500 ]
	done
}

@test "gzdeflate: higher levels make smaller files" {
	mixed 700000 >data
	gzdeflate -0 data >0.gz
	gzdeflate -1 data >1.gz
	gzdeflate -9 data >9.gz
	[ "$(stat -c %s 0.gz)" -gt 700000 ]
	[ "$(stat -c %s 1.gz)" -lt 600000 ]
	[ "$(stat -c %s 9.gz)" -lt "$(stat -c %s 1.gz)" ]
}

@test "gzdeflate: the level is 6 unless another is given, and the last given counts" {
	mixed 100000 >data
	gzdeflate -6 data >6.gz
	gzdeflate data >default.gz
	cmp default.gz 6.gz
	gzdeflate -1 -96 data >last.gz
	cmp last.gz 6.gz
	gzdeflate -1 data >1.gz
	run ! cmp -s 1.gz 6.gz
}

@test "gzdeflate: a member holds 256 KiB unless -b says otherwise" {
	noise 600000 >data
	gzdeflate -1 data >data.gz
	[ "$(chunks data.gz)" = "262144 262144 75712 " ]
	gzdeflate -1 -b 1K data >data.gz
	[ "$(chunks data.gz)" = "$(printf '1024 %.0s' {1..585})960 " ]
	gzip -dc data.gz | cmp - data
	gzdeflate -1 -b 3000 data >data.gz
	[ "$(chunks data.gz)" = "$(printf '3000 %.0s' {1..200})" ]
	gzip -dc data.gz | cmp - data
	gzdeflate -1 -b 128K data >data.gz
	[ "$(chunks data.gz)" = "131072 131072 131072 131072 75712 " ]
	gzip -dc data.gz | cmp - data
	gzdeflate -1 -b 600000 data >data.gz
	[ "$(chunks data.gz)" = "600000 " ]
	gzdeflate -1 -b 1M data >data.gz
	[ "$(chunks data.gz)" = "600000 " ]
	gzdeflate -1 -b 512M data >most.gz
	cmp most.gz data.gz
}

@test "gzdeflate: inputs around the border of a chunk come back, and none ends in an empty member" {
	local n format
	noise 2049 >data
	for n in 1 1023 1024 1025 2047 2048 2049; do
		head -c $n data >part
		gzdeflate -b 1K part >part.gz
		gzip -dc part.gz | cmp - part
		[ "$(members part.gz | wc -l)" -eq $(((n + 1023) / 1024)) ]
		gzdeflate -s -b 1K part >part.gz
		gzip -dc part.gz | cmp - part
		[ "$(members part.gz | wc -l)" -eq 1 ]
	done
}

@test "gzdeflate: each member starts with its size and nothing else, and its data is a chunk" {
	mixed 500000 >data
	gzdeflate -b 20000 -9 <data >data.gz
	python3 - <<'END'
import struct, zlib
b, data = open("data.gz", "rb").read(), open("data", "rb").read()
at = n = 0
while at < len(b):
    fixed, xlen, field, size = struct.unpack_from("<10sH4sI", b, at)
    assert fixed == b"\x1f\x8b\x08\x04\0\0\0\0\x02\x03", fixed
    assert xlen == 8 and field == b"IG\x04\0", (xlen, field)
    member = b[at:at + size]
    assert len(member) == size
    d = zlib.decompressobj(-15)
    chunk = d.decompress(member[20:])
    assert d.eof and len(d.unused_data) == 8
    assert chunk == data[n * 20000:(n + 1) * 20000]
    assert struct.unpack("<II", d.unused_data) == (zlib.crc32(chunk), len(chunk))
    at, n = at + size, n + 1
assert at == len(b) and n == 25
END
}

@test "gzdeflate: the first member alone carries the name, the comment and the time" {
	noise 3000 >data
	gzdeflate -b 1K -N 'a name' -C $'uuid=1\npid=2\n' -m 1234567890 data >data.gz
	[ "$(chunks data.gz)" = "1024 1024 952 " ]
	members data.gz | cut -d ' ' -f 6,7,9- >heads
	diff heads - <<-'END'
	28 1234567890 a name uuid=1\npid=2\n
	4 0 - -
	4 0 - -
	END
	# The size counts them too.
	members data.gz | awk '{ printf "%d %s\n", $2, substr($8, 9) }' | while read -r size field; do
		printf '%02x%02x%02x%02x\n' $((size & 255)) $((size >> 8 & 255)) $((size >> 16)) 0
		echo "$field" >&3
	done 3>fields >sizes
	diff fields sizes
	gzip -dc data.gz | cmp - data
}

@test "gzdeflate: a name, a comment or a time stands alone, and may hold any byte" {
	printf x >data
	gzdeflate -N $'\xff\xc3\xa9\x01' -m 0 data >data.gz
	[ "$(members data.gz | cut -d ' ' -f 6,7,9-)" = '12 0 \xff\xc3\xa9\x01 -' ]
	gzdeflate -C 'some comment' -m 0 data >data.gz
	COMMENT='some comment' gzdeflate -E COMMENT -m 0 data | cmp - data.gz
	unset COMMENT
	fails_with 2 gzdeflate -E COMMENT data
	[ "$stderr" = 'gzdeflate: -E COMMENT: not in the environment' ]
	gzdeflate -C '' -m 0 data >data.gz
	[ "$(members data.gz | cut -d ' ' -f 6,7,9-)" = '20 0 - ' ]
	gzdeflate -m 4294967295 data >data.gz
	[ "$(members data.gz | cut -d ' ' -f 6,7,9-)" = '4 4294967295 - -' ]
	long=$(head -c 100000 /dev/zero | tr '\0' c)
	gzdeflate -C "$long" -m 0 data >data.gz
	[ "$(members data.gz | cut -d ' ' -f 6,7,9-)" = "20 0 - $long" ]
	gzip -dc data.gz | cmp - data
}

@test "gzdeflate: MTIME is the named file's, none for standard input, and what -m says for both" {
	mtime() {
		members "$1" | cut -d ' ' -f 7
	}
	printf x >data
	touch -d @1234567890 data
	gzdeflate data >data.gz
	[ "$(mtime data.gz)" = 1234567890 ]
	gzdeflate -s data >data.gz
	[ "$(mtime data.gz)" = 1234567890 ]
	gzdeflate <data >data.gz
	[ "$(mtime data.gz)" = 0 ]
	gzdeflate - <data >data.gz
	[ "$(mtime data.gz)" = 0 ]
	gzdeflate -m 7 data >data.gz
	[ "$(mtime data.gz)" = 7 ]
	gzdeflate -m 0 data >data.gz
	[ "$(mtime data.gz)" = 0 ]
	gzdeflate -m 7 <data >data.gz
	[ "$(mtime data.gz)" = 7 ]
	gzdeflate /dev/null >data.gz
	[ "$(mtime data.gz)" = 0 ]
}

@test "gzdeflate: a file time that MTIME cannot hold is left out" {
	printf x >data
	touch -d @-1 data
	gzdeflate data >data.gz
	[ "$(members data.gz | cut -d ' ' -f 7)" = 0 ]
	touch -d @4294967296 data
	# Not every file system has such a time either.
	if [ "$(stat -c %Y data)" = 4294967296 ]; then
		gzdeflate data >data.gz
		[ "$(members data.gz | cut -d ' ' -f 7)" = 0 ]
	fi
}

@test "gzdeflate: a file's name is in the header only when -N says so" {
	printf x >data
	gzdeflate data >data.gz
	[ "$(members data.gz | cut -d ' ' -f 9-)" = "- -" ]
}

@test "gzdeflate: the same bytes come out however the input arrives" {
	local format
	mixed 50000 >data
	for format in '-b 3000' '-s -b 3000' '-1 -b 40000' -s; do
		# shellcheck disable=SC2086
		{
			gzdeflate $format -m 0 data >operand.gz
			gzdeflate $format <data >file.gz
			cat data | gzdeflate $format >pipe.gz
			slowly <data | gzdeflate $format >slow.gz
		}
		gzip -dc operand.gz | cmp - data
		cmp operand.gz file.gz
		cmp operand.gz pipe.gz
		cmp operand.gz slow.gz
	done
}

@test "gzdeflate: -b 3K and -b 3072 are the same, and so are two runs" {
	mixed 50000 >data
	gzdeflate -b 3K data >one.gz
	gzdeflate -b 3072 data >two.gz
	cmp one.gz two.gz
	gzdeflate -b 3K data >two.gz
	cmp one.gz two.gz
}

@test "gzdeflate: pipes that do not block are waited for" {
	mixed 3000000 >data
	python3 - <<'END'
import fcntl, os, subprocess, time
data = open("data", "rb").read()
def pipe():
    ends = os.pipe()
    for fd in ends:
        fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_NONBLOCK)
    return ends
r, w = pipe()
out_r, out_w = pipe()
p = subprocess.Popen(["gzdeflate", "-1"], stdin=r, stdout=out_w)
os.close(r)
os.close(out_w)
fcntl.fcntl(w, fcntl.F_SETFL, 0)
fcntl.fcntl(out_r, fcntl.F_SETFL, 0)
if os.fork() == 0:
    time.sleep(0.1)
    with open(w, "wb") as f:
        f.write(data)
    os._exit(0)
os.close(w)
time.sleep(0.3)
out = open("data.gz", "wb")
while b := os.read(out_r, 65536):
    out.write(b)
assert p.wait() == 0
END
	gzip -dc data.gz | cmp - data
}

@test "gzdeflate: -s makes one ordinary member, which readers of a single member read whole" {
	mixed 600000 >data
	gzdeflate -s -b 64K -N name -C comment -m 5 data >data.gz
	[ "$(members data.gz | cut -d ' ' -f 1,3,4,6-)" = "0 0 600000 24 5 - name comment" ]
	python3 -c '
import sys, zlib
sys.stdout.buffer.write(zlib.decompress(open("data.gz", "rb").read(), 31))' | cmp - data
}

@test "gzdeflate: -s uses what came before a chunk" {
	# A chunk that repeats the one before costs next to nothing in a stream, all of it in a member.
	noise 20000 >half
	cat half half >data
	gzdeflate -s -b 20000 data >single.gz
	gzdeflate -b 20000 data >members.gz
	[ "$(stat -c %s single.gz)" -lt 21000 ]
	[ "$(stat -c %s members.gz)" -gt 40000 ]
	gzip -dc single.gz | cmp - data
}

@test "gzdeflate: a file that may not grow keeps its whole members only" {
	noise 300000 >data
	gzdeflate -b 10000 data >whole.gz
	run -2 bash -c 'trap "" XFSZ; ulimit -f 100; gzdeflate -b 10000 data >cut.gz'
	[ "$output" = "gzdeflate: <stdout>: write: File too large" ]
	gzip -t cut.gz
	is_prefix cut.gz whole.gz
	# As many as fit: the next would end beyond the limit.
	size=$(stat -c %s cut.gz)
	[ "$size" -gt 0 ]
	[ "$size" -le 102400 ]
	[ "$(members whole.gz | awk -v at="$size" '$1 == at { print $1 + $2 }')" -gt 102400 ]
}

@test "gzdeflate: a file system without room is left with whole members only" {
	need_mounts
	noise 300000 >data
	gzdeflate -b 10000 data >whole.gz
	mkdir small
	run -2 unshare -m sh -c '
		mount -t tmpfs -o size=128k small small || exit 99
		gzdeflate -b 10000 data >small/cut.gz
		status=$?
		cp small/cut.gz .
		exit $status'
	[ "$output" = "gzdeflate: <stdout>: write: No space left on device" ]
	gzip -t cut.gz
	is_prefix cut.gz whole.gz
	size=$(stat -c %s cut.gz)
	[ "$size" -gt 0 ]
	[ "$(members whole.gz | awk -v at="$size" '$1 == at { print $1 + $2 }')" -gt 131072 ]
}

@test "gzdeflate: what was in the file before stays when the disk is full" {
	noise 100000 >data
	printf before | gzdeflate >cut.gz
	gzdeflate -b 10000 data >>whole.gz
	run -2 bash -c 'trap "" XFSZ; ulimit -f 50; gzdeflate -b 10000 data >>cut.gz'
	gzip -t cut.gz
	[ "$(stat -c %s cut.gz)" -gt 40000 ]
	gzip -dc cut.gz >out
	{ printf before; cat data; } >truth
	is_prefix out truth
}

@test "gzdeflate: a full disk exits 2" {
	mixed 100000 >data
	run -2 bash -c 'gzdeflate data >/dev/full'
	[ "$output" = "gzdeflate: <stdout>: write: No space left on device" ]
	run -2 bash -c 'gzdeflate -s data >/dev/full'
	run -2 bash -c 'gzdeflate </dev/null >/dev/full'
}

@test "gzdeflate: a closed standard output exits 2" {
	printf x >data
	run -2 bash -c 'gzdeflate data >&-'
	[ "$output" = "gzdeflate: <stdout>: write: Bad file descriptor" ]
	run -2 bash -c 'gzdeflate -s <data >&-'
	run -2 bash -c 'gzdeflate -V >&-'
	# The first descriptor that is free is not taken for the output.
	run -2 bash -c 'gzdeflate data >&- 2>&-'
	[ "$(cat data)" = x ]
}

@test "gzdeflate: a reader that has gone is an error when SIGPIPE is ignored" {
	mixed 100000 >data
	run -2 reader_gone gzdeflate data
	run -2 reader_gone gzdeflate -s data
	run -2 reader_gone gzdeflate /dev/null
}

@test "gzdeflate: a reader that has gone ends an endless input" {
	run -0 timeout 120 env --default-signal=PIPE bash -c '
		gzdeflate -0 </dev/zero | head -c 1 >byte
		echo "${PIPESTATUS[@]}"'
	[ "$output" = "141 0" ]
	[ "$(od -An -tx1 byte)" = " 1f" ]
}

@test "gzdeflate: compressed bytes go to a terminal only with -f" {
	printf x >data
	run -2 terminal 1 gzdeflate data
	[ "$output" = "gzdeflate: <stdout>: is a terminal: -f writes compressed bytes there" ]
	[ ! -s terminal ]
	run -0 terminal 1 gzdeflate -f data
	[ -z "$output" ]
	gzip -dc terminal | cmp - data
}

@test "gzdeflate: -v sums up on standard error, in one line unless that is a terminal" {
	noise 200000 >data
	run -0 --separate-stderr bash -c 'gzdeflate -v -b 100K <data >data.gz'
	[ -z "$output" ]
	[[ $stderr =~ ^gzdeflate:\ \<stdin\>:\ 200\.0\ kB\ in,\ 200\.[01]\ kB\ out,\ (99\.9|100\.0)\ %,\ [0-9.]+\ [kMGT]?B/s$ ]]
	gzip -dc data.gz | cmp - data
	run -0 --separate-stderr bash -c 'gzdeflate -v /dev/null >data.gz'
	[[ $stderr =~ ^gzdeflate:\ /dev/null:\ 0\ B\ in,\ [0-9]+\ B\ out,\ 0\.0\ %,\ .*/s$ ]]
	run -0 bash -c 'gzdeflate <data >data.gz'
	[ -z "$output" ]
	run -0 terminal 2 bash -c 'gzdeflate -v data >data.gz'
	[[ $(tr '\r' '\n' <terminal | tail -n 1) == *"gzdeflate: data: 200.0 kB in, "* ]]
}

@test "gzdeflate: -V names zlib, and the engines that it was built with, as the others do" {
	names_engines gzdeflate
}

@test "gzdeflate: a number of threads that is not from 1 to 256 is refused" {
	refuses_threads gzdeflate
}

@test "gzdeflate: -A: anything but two levels, the first no larger, is refused" {
	refuses_levels gzdeflate
}

@test "gzdeflate: any number of threads makes the same members" {
	same_by_threads zcat gzdeflate
}

@test "gzdeflate: wherever an engine's memory lies, it makes the same bytes at every level" {
	${CC:-cc} ${CFLAGS-} -I"$T/../lib" -o addresses "$T/lib/addresses.c" "$BUILD/libgzcore.a" \
		$(pkg-config --libs $(sed -n 's/^Requires: //p' "$BUILD/gzcore.pc.in")) ${LDFLAGS-}
	run -0 ./addresses
	[ "$output" = "10240 addresses, 0 others" ]
}

# bats test_tags=slow
@test "gzdeflate: any number of threads makes the same single member" {
	same_by_threads zcat gzdeflate -s
}

@test "gzdeflate: 256 threads make what one does" {
	noise 300000 >data
	gzdeflate -1 -b 1K -T 1 data >one.gz
	gzdeflate -1 -b 1K -T 256 data | cmp - one.gz
	gzdeflate -1 -b 1K -T 256 -s data >single.gz
	gzip -dc single.gz | cmp - data
}

@test "gzdeflate: it starts as many threads as there are processors, and none where there is one" {
	need strace taskset
	noise 100000 >data
	follows_processors 3 gzdeflate data
	follows_processors 3 gzdeflate -s data
	[ "$(threads gzdeflate -T 1 data)" -eq 0 ]
	[ "$(threads taskset -c "$(taskset -cp $$ | sed 's/.* //; s/[-,].*//')" gzdeflate -T 5 data)" -eq 6 ]
}

@test "gzdeflate: programs: no level's output is larger than that of the level before" {
	local grace=0
	[[ $(gzdeflate -V) == *libdeflate* ]] || grace=2
	no_larger $grace gzdeflate
}

@test "gzdeflate: -A: comes back; for a slow reader smaller than at the lowest level" {
	adapts zcat gzdeflate -m 0
	adapts zcat gzdeflate -s -m 0
}

@test "gzdeflate: zeros are small with -A from 0 on too" {
	head -c 64M /dev/zero | gzdeflate -A 0-9 >out
	[ "$(stat -c %s out)" -lt 700000 ]
	head -c 64M /dev/zero | cmp - <(zcat out)
}

@test "gzdeflate: peak memory does not grow with the input, stored zeros included" {
	if grep -q sanitize "$BUILD/.flags"; then
		skip "a sanitizer's memory counts too"
	fi
	for level in 0 1 8; do
		python3 - $level <<'END'
import re, subprocess, sys
p = subprocess.Popen(["gzdeflate", "-T", "2", "-" + sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
for _ in range(8):
    p.stdin.write(bytes(16 << 20))
    p.stdin.write(bytes(i % 251 for i in range(1 << 20)) * 3)
peak = int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/%d/status" % p.pid).read())[1])
p.stdin.close()
assert p.wait() == 0
assert peak <= 8192, peak
END
	done
}

@test "gzdeflate: interrupted reads and writes change nothing" {
	need strace
	not_interrupted gzdeflate -m 0
	not_interrupted gzdeflate -m 0 -s
}

@test "gzdeflate: a read error leaves the members before it, with any number of threads" {
	need strace
	noise 600000 >data
	gzdeflate -b 8K data >whole
	for at in 1 2 6 13; do
		unreadable_at $at 1 gzdeflate -b 8K
		[ "$(members out | wc -l)" -eq $((at - 1)) ]
		unreadable_at $at 3 gzdeflate -b 8K
		[ "$(members out | wc -l)" -ge $((at - 1)) ]
	done
	gzdeflate -s -b 8K data >whole
	for n in 1 3; do
		unreadable_at 6 $n gzdeflate -s -b 8K
		[ "$(stat -c %s out)" -gt 40960 ]
	done
}

@test "gzdeflate: a disk that becomes full leaves whole members, with any number of threads" {
	need strace
	noise 600000 >data
	gzdeflate -b 8K data >whole
	for at in 1 2 6 13; do
		full_at $at 1 gzdeflate -b 8K
		[ "$(members out | wc -l)" -eq $((at - 1)) ]
		full_at $at 3 gzdeflate -b 8K
		[ "$(members out | wc -l)" -ge $((at - 1)) ]
	done
	gzdeflate -s -b 8K data >whole
	for n in 1 3; do
		for at in 1 2 6 13; do
			full_at $at $n gzdeflate -s -b 8K
		done
	done
	# Where one thread writes all: the header, the chunks, the end.
	full_at 76 1 gzdeflate -s -b 8K
}

@test "gzdeflate: a reader that goes, early or late, ends any number of threads" {
	loses_readers gzdeflate -b 8K
	loses_readers gzdeflate -s -b 8K
}

@test "gzdeflate: a reader that goes at any time never makes it hang" {
	# More than the pipe holds is still to come whenever it goes.
	noise 200000 >data
	for i in $(seq 25); do
		run -0 reader_leaves $((i * 3001)) gzdeflate -b 1K -T 8 data
		[ "$output" = 141 ]
	done
}

@test "gzdeflate: fewer threads than wanted, or none, can be started: the output is the same" {
	need strace
	few_threads gzdeflate -m 0
	few_threads gzdeflate -m 0 -s
}
