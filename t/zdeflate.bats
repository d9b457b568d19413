load lib/common

# A judge that fails behind a pipe has failed.
set -o pipefail

# python_inflate FILE: what Python reads there; fails unless it is one zlib stream and no more.
python_inflate() {
	python3 -c '
import sys, zlib
d = zlib.decompressobj()
b = d.decompress(open(sys.argv[1], "rb").read())
assert d.eof and not d.unused_data
sys.stdout.buffer.write(b)' "$1"
}

@test "zdeflate: -h and -V answer, and fail on a full disk; a bad option shows the usage" {
	answers zdeflate
}

@test "zdeflate: -V names the version and the engines" {
	run -0 --separate-stderr zdeflate -V
	[[ ${lines[0]} =~ ^zdeflate\ [0-9]+\.[0-9]+\.[0-9]+\ \(.*zlib\ [0-9.]+.*\)$ ]]
	[ -z "$stderr" ]
}

@test "zdeflate: an unknown option, a missing argument or a second operand is misuse" {
	usage_error zdeflate -x
	[ "${stderr_lines[0]}" = "zdeflate: invalid option -- 'x'" ]
	usage_error zdeflate -5x
	usage_error zdeflate -b
	usage_error zdeflate one two
	# What only gzip has.
	usage_error zdeflate -s
	usage_error zdeflate -N name
	usage_error zdeflate -C comment
	usage_error zdeflate -m 0
}

@test "zdeflate: -d decompresses as zinflate does, and -c changes nothing" {
	mixed 300000 >data
	zdeflate -c -b 10K data >data.z
	zdeflate -b 10K data | cmp - data.z
	gzip -c data >data.gz
	for n in 1 3; do
		zdeflate -d -T $n data.z | cmp - data
		zdeflate -cd <data.gz | cmp - data
	done
	run -0 --separate-stderr zdeflate -dv data.z
	[[ $stderr == "zdeflate: data.z: "*" out, "* ]]
	head -c 20000 data.z >cut.z
	for file in cut.z data /dev/null missing; do
		zinflate "$file" >out 2>err && status=0 || status=$?
		run -$status bash -c 'zdeflate -d "$1" 2>err2 | cmp - out; exit "${PIPESTATUS[0]}"' - "$file"
		[ -z "$output" ]
		sed 's/^zinflate/zdeflate/' err | diff - err2
	done
	if [ -e /dev/full ]; then
		run -2 bash -c 'zdeflate -d data.z >/dev/full'
	fi
}

@test "zdeflate: a chunk size that is not from 1K to 512M is refused" {
	local size
	for size in '' 0 1023 -1024 1k K 513M 1G 16777216T 99999999999999999999; do
		fails_with 2 zdeflate -b "$size" </dev/null
		[ "$stderr" = "zdeflate: -b $size: not a size from 1K to 512M" ]
	done
}

@test "zdeflate: a missing file exits 2" {
	fails_with 2 zdeflate missing
	[ "$stderr" = "zdeflate: missing: No such file or directory" ]
}

@test "zdeflate: a directory exits 2, as operand and as standard input" {
	mkdir directory
	fails_with 2 zdeflate directory
	[ "$stderr" = "zdeflate: directory: Is a directory" ]
	run -2 bash -c 'zdeflate <directory'
	[ "$output" = "zdeflate: <stdin>: Is a directory" ]
}

@test "zdeflate: input that cannot be read exits 2" {
	run -2 bash -c 'zdeflate <&- >out'
	[ "$output" = "zdeflate: <stdin>: Bad file descriptor" ]
	run -2 bash -c 'zdeflate 0>file >out'
	[ "$output" = "zdeflate: <stdin>: Bad file descriptor" ]
	run -2 bash -c 'zdeflate /proc/self/mem >out'
	[ "$output" = "zdeflate: /proc/self/mem: Input/output error" ]
}

@test "zdeflate: -- ends the options, and - is standard input" {
	printf 'dashed\n' >./-5
	zdeflate -- -5 >dashed.zz
	python_inflate dashed.zz | cmp - ./-5
	zdeflate - <./-5 >stdin.zz
	cmp dashed.zz stdin.zz
}

@test "zdeflate: an empty input makes one whole stream of nothing" {
	zdeflate </dev/null >empty.zz
	[ -s empty.zz ]
	python_inflate empty.zz | cmp - /dev/null
	: >empty
	zdeflate -9 empty >empty.zz
	python_inflate empty.zz | cmp - /dev/null
}

@test "zdeflate: every level is one stream that Python reads, and says its level" {
	local level
	mixed 700000 >data
	for level in 0 1 2 3 4 5 6 7 8 9; do
		zdeflate -$level data >data.zz
		python_inflate data.zz | cmp - data
		od -An -tx1 -N2 data.zz
	done >heads
	# RFC 1950: a window of 32 KiB; FLEVEL 0 to 3 for fastest, fast, default and best.
	diff heads - <<-'END'
	 78 01
	 78 01
	 78 5e
	 78 5e
	 78 5e
	 78 5e
	 78 9c
	 78 da
	 78 da
	 78 da
	END
}

@test "zdeflate: bytes that do not compress come back at every level" {
	local level
	noise 300000 >data
	for level in 0 1 2 3 4 5 6 7 8 9; do
		zdeflate -$level data >data.zz
		python_inflate data.zz | cmp - data
		[ "$(stat -c %s data.zz)" -lt 300500 ]
	done
}

@test "zdeflate: pigz and zlib-flate read it" {
	need pigz zlib-flate
	mixed 700000 >data
	for options in '' -0 '-1 -b 1K' '-9 -b 100000'; do
		# shellcheck disable=SC2086
		zdeflate $options data >data.zz
		pigz -dzc <data.zz | cmp - data
		zlib-flate -uncompress <data.zz | cmp - data
	done
}

@test "zdeflate: higher levels make smaller streams" {
	mixed 700000 >data
	zdeflate -0 data >0.zz
	zdeflate -1 data >1.zz
	zdeflate -9 data >9.zz
	[ "$(stat -c %s 0.zz)" -gt 700000 ]
	[ "$(stat -c %s 1.zz)" -lt 600000 ]
	[ "$(stat -c %s 9.zz)" -lt "$(stat -c %s 1.zz)" ]
}

@test "zdeflate: the level is 6 unless another is given, and the last given counts" {
	mixed 100000 >data
	zdeflate -6 data >6.zz
	zdeflate data >default.zz
	cmp default.zz 6.zz
	zdeflate -1 -96 data >last.zz
	cmp last.zz 6.zz
	zdeflate -1 data >1.zz
	run ! cmp -s 1.zz 6.zz
}

@test "zdeflate: any size of chunk makes one stream, and 256 KiB is the default" {
	local size
	mixed 600000 >data
	for size in 1K 3000 32767 32768 32769 128K 600000 1M 512M; do
		zdeflate -b $size data >data.zz
		python_inflate data.zz | cmp - data
	done
	zdeflate -b 256K data >data.zz
	zdeflate data | cmp - data.zz
}

@test "zdeflate: inputs around the border of a chunk come back" {
	local n
	noise 2049 >data
	for n in 1 1023 1024 1025 2047 2048 2049; do
		head -c $n data >part
		zdeflate -b 1K part >part.zz
		python_inflate part.zz | cmp - part
	done
}

@test "zdeflate: a chunk uses what came before it" {
	noise 20000 >half
	cat half half >data
	zdeflate -b 20000 data >data.zz
	[ "$(stat -c %s data.zz)" -lt 21000 ]
	python_inflate data.zz | cmp - data
}

@test "zdeflate: the same bytes come out however the input arrives" {
	local options
	mixed 50000 >data
	for options in '-b 3000' '-1 -b 40000' ''; do
		# shellcheck disable=SC2086
		{
			zdeflate $options data >operand.zz
			zdeflate $options <data >file.zz
			cat data | zdeflate $options >pipe.zz
			slowly <data | zdeflate $options >slow.zz
			zdeflate $options data >again.zz
		}
		python_inflate operand.zz | cmp - data
		cmp operand.zz file.zz
		cmp operand.zz pipe.zz
		cmp operand.zz slow.zz
		cmp operand.zz again.zz
	done
}

@test "zdeflate: the file's time makes no difference" {
	printf x >data
	touch -d @1 data
	zdeflate data >one.zz
	touch -d @2 data
	zdeflate data | cmp - one.zz
}

@test "zdeflate: a file that may not grow exits 2, and what is there is a prefix" {
	noise 300000 >data
	zdeflate -b 10000 data >whole.zz
	run -2 bash -c 'trap "" XFSZ; ulimit -f 100; zdeflate -b 10000 data >cut.zz'
	[ "$output" = "zdeflate: <stdout>: write: File too large" ]
	[ "$(stat -c %s cut.zz)" -le 102400 ]
	is_prefix cut.zz whole.zz
}

@test "zdeflate: a full disk exits 2" {
	mixed 100000 >data
	run -2 bash -c 'zdeflate data >/dev/full'
	[ "$output" = "zdeflate: <stdout>: write: No space left on device" ]
	run -2 bash -c 'zdeflate </dev/null >/dev/full'
}

@test "zdeflate: a closed standard output exits 2" {
	printf x >data
	run -2 bash -c 'zdeflate data >&-'
	[ "$output" = "zdeflate: <stdout>: write: Bad file descriptor" ]
	run -2 bash -c 'zdeflate <data >&-'
	run -2 bash -c 'zdeflate -V >&-'
	# The first descriptor that is free is not taken for the output.
	run -2 bash -c 'zdeflate data >&- 2>&-'
	[ "$(cat data)" = x ]
}

@test "zdeflate: a reader that has gone is an error when SIGPIPE is ignored" {
	mixed 100000 >data
	run -2 reader_gone zdeflate data
	run -2 reader_gone zdeflate /dev/null
}

@test "zdeflate: a reader that has gone ends an endless input" {
	run -0 timeout 120 env --default-signal=PIPE bash -c '
		zdeflate -0 </dev/zero | head -c 1 >byte
		echo "${PIPESTATUS[@]}"'
	[ "$output" = "141 0" ]
	[ "$(od -An -tx1 byte)" = " 78" ]
}

@test "zdeflate: compressed bytes go to a terminal only with -f" {
	printf x >data
	run -2 terminal 1 zdeflate data
	[ "$output" = "zdeflate: <stdout>: is a terminal: -f writes compressed bytes there" ]
	[ ! -s terminal ]
	run -0 terminal 1 zdeflate -f data
	[ -z "$output" ]
	python_inflate terminal | cmp - data
}

@test "zdeflate: -v sums up on standard error, in one line unless that is a terminal" {
	noise 200000 >data
	run -0 --separate-stderr bash -c 'zdeflate -v <data >data.zz'
	[ -z "$output" ]
	[[ $stderr =~ ^zdeflate:\ \<stdin\>:\ 200\.0\ kB\ in,\ 200\.1\ kB\ out,\ (99\.9|100\.0)\ %,\ [0-9.]+\ [kMGT]?B/s$ ]]
	python_inflate data.zz | cmp - data
	run -0 bash -c 'zdeflate data >data.zz'
	[ -z "$output" ]
	run -0 terminal 2 bash -c 'zdeflate -v data >data.zz'
	[[ $(tr '\r' '\n' <terminal | tail -n 1) == *"zdeflate: data: 200.0 kB in, "* ]]
}

@test "zdeflate: -V names zlib, and the engines that it was built with, as the others do" {
	names_engines zdeflate
}

@test "zdeflate: a number of threads that is not from 1 to 256 is refused" {
	refuses_threads zdeflate
}

@test "zdeflate: -A: anything but two levels, the first no larger, is refused" {
	refuses_levels zdeflate
}

@test "zdeflate: any number of threads makes the same stream" {
	same_by_threads python_inflate zdeflate
}

@test "zdeflate: it starts as many threads as there are processors, and none where there is one" {
	need strace taskset
	noise 100000 >data
	follows_processors 3 zdeflate data
	[ "$(threads zdeflate -T 1 data)" -eq 0 ]
}

@test "zdeflate: programs: no level's output is larger than that of the level before" {
	no_larger 2 zdeflate
}

@test "zdeflate: -A: comes back; for a slow reader smaller than at the lowest level" {
	adapts python_inflate zdeflate
}

@test "zdeflate: interrupted reads and writes change nothing" {
	need strace
	not_interrupted zdeflate
}

@test "zdeflate: a read error in mid-stream, or a disk that becomes full, leaves a prefix" {
	need strace
	noise 600000 >data
	zdeflate -b 8K data >whole
	for n in 1 3; do
		unreadable_at 1 $n zdeflate -b 8K
		unreadable_at 6 $n zdeflate -b 8K
		[ "$(stat -c %s out)" -gt 40960 ]
		for at in 1 2 6 13; do
			full_at $at $n zdeflate -b 8K
		done
	done
	# Where one thread writes all: the header, the chunks, the end.
	full_at 76 1 zdeflate -b 8K
}

@test "zdeflate: a reader that goes, early or late, ends any number of threads" {
	loses_readers zdeflate -b 8K
}

@test "zdeflate: fewer threads than wanted, or none, can be started: the output is the same" {
	need strace
	few_threads zdeflate
}
