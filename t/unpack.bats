# core-info and core-trace: of cores that other programs have compressed or encrypted.

load lib/common
load lib/trace
load lib/stored

setup_file() {
	need gdb zstd lz4 xz bzip2 age
	cd "$BATS_FILE_TMPDIR" || return 1
	victim
	identities
	packed core
	core-info core >info
	core-trace core >trace
	grep -q '  main+' trace
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	F=$BATS_FILE_TMPDIR
}

# alone COMMAND…: its status; 99 when a process that it started is left once it has ended.
alone() {
	python3 -c '
import ctypes, os, subprocess, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)    # PR_SET_CHILD_SUBREAPER: orphans become ours
rc = subprocess.run(sys.argv[1:]).returncode
try:
    os.waitpid(-1, os.WNOHANG)
    sys.exit(99)
except ChildProcessError:
    sys.exit(rc if rc >= 0 else 128 - rc)' "$@"
}

@test "core-info: each format, as a file and through a pipe, gives the same facts as the core" {
	for file in "$F"/packed/*; do
		echo "$file"
		core-info -i "$F/key" "$file" | diff "$F/info" -
		cat "$file" | core-info -i "$F/key" - | diff "$F/info" -
	done
	gzdeflate "$F/core" | core-info | diff "$F/info" -
	zdeflate "$F/core" | core-info | diff "$F/info" -
	core-info -i "$F/key" <"$F/packed/core.gz.age" | diff "$F/info" -
	slowly <"$F/packed/core.bz2" | core-info | diff "$F/info" -
}

@test "core-trace: each format, as a file and through a pipe: the core's stacks, no file is left" {
	mkdir tmp
	export TMPDIR=$PWD/tmp
	for file in "$F"/packed/*; do
		echo "$file"
		core-trace -i "$F/key" "$file" | diff "$F/trace" -
		cat "$file" | core-trace -i "$F/key" | diff "$F/trace" -
	done
	[ -z "$(ls -A tmp)" ]
	# What was encrypted goes to no disk.
	export TMPDIR=$PWD/missing
	core-trace -i "$F/key" "$F/packed/core.gz.age" | diff "$F/trace" -
	fails_with 2 core-trace "$F/packed/core.zst"
	[[ $stderr == *": restoring it in $TMPDIR: No such file or directory" ]]
}

@test "core-info, core-trace: cut or damaged compressed files are described as far as they go" {
	# Blocks of their own, so that there is something before the cut.
	cat "$F/core" <(head -c 9000000 /dev/urandom) >long
	zstd -q long
	head -c $(($(stat -c %s long.zst) - 100000)) long.zst >cut.zst
	core-info "$F/core" >whole
	run -0 --separate-stderr core-info cut.zst
	diff <(sed 's/^bytes=.*//' whole) <(printf '%s\n' "$output" | sed 's/^bytes=.*//')
	[[ $stderr == 'core-info: cut.zst: zstd: '*premature* && ${#stderr_lines[@]} = 1 ]]
	run -1 --separate-stderr core-trace cut.zst
	[[ $output == *main+* && $stderr == 'core-trace: cut.zst: zstd: '* ]]
	for format in lz4 gz.age gz.zst; do
		head -c 300 "$F/packed/core.$format" >cut
		fails_with 2 core-info -i "$F/key" cut
		fails_with 2 core-trace -i "$F/key" cut
	done
	# The checksum at the end counts, though all has come by then.
	xz -0 --check=sha256 <"$F/core" >bad.xz
	python3 - <<-'EOS'
	b = bytearray(open("bad.xz", "rb").read())
	b[-40] ^= 1
	open("bad.xz", "wb").write(b)
	EOS
	run -0 --separate-stderr core-info bad.xz
	[[ $stderr == 'core-info: bad.xz: xz: '* ]]
	run -1 --separate-stderr core-trace bad.xz
	# Inside of what decrypts well.
	gzdeflate "$F/core" >bad.gz
	printf 'xxxx' | dd of=bad.gz bs=1 seek=3000 conv=notrunc status=none
	age -r "$RECIPIENT" bad.gz >bad.gz.age
	run --separate-stderr core-info -i "$F/key" bad.gz.age
	[[ ${stderr_lines[0]} == 'core-info: bad.gz.age: byte '*': damaged'* ]]
}

@test "core-info, core-trace: a missing program, a missing or wrong identity: one clear line" {
	mkdir none
	for tool in core-info core-trace; do
		run -2 --separate-stderr env PATH="$PWD/none" "$BUILD/$tool" "$F/packed/core.zst"
		[ "$stderr" = "$tool: $F/packed/core.zst: zstd: not found" ]
		fails_with 2 $tool "$F/packed/core.age"
		[[ $stderr == *": encrypted with age: "*-i* ]]
		fails_with 2 $tool -i "$F/other" "$F/packed/core.gz.age"
		[[ $stderr == *": age: error: no identity matched"* ]]
		fails_with 2 $tool -i missing "$F/packed/core.gz.age"
		[[ $stderr == *": age: error: "*missing* ]]
		# One that only a shell of ours would have run.
		fails_with 2 $tool -i '$(touch ran)' "$F/packed/core.gz.age"
		[ ! -e ran ]
	done
	core-info -i <(cat "$F/key") "$F/packed/core.age" | diff "$F/info" -
	usage_error core-info -i "$F/key" -p 1
	usage_error core-info -i "$F/key" -o lines
}

@test "core-info, core-trace: endless data without a core: ends, and leaves nothing behind" {
	yes | zstd -q --no-progress | head -c 100000 >yes.zst
	for tool in core-info core-trace; do
		run -2 --separate-stderr $tool yes.zst
		[[ $stderr == "$tool: yes.zst: not an ELF file"* ]]
		(yes | zstd -q 2>/dev/null) | (run -2 alone $tool)
		run -2 alone $tool yes.zst
		zstd -q </dev/null | (run -2 $tool)
	done
	# Deeper than anybody packs.
	cp "$F/core" deep
	for i in 1 2 3 4 5; do
		zstd -q <deep >deeper
		mv deeper deep
	done
	fails_with 2 core-info deep
	[[ $stderr == *'too many times'* ]]
}

@test "core-info: input that only begins like a compressed format is read as it is" {
	for start in BZh BZh9 '\x28\xb5\x2f' 'age-encryption.org/v2\n'; do
		printf "$start" >short
		fails_with 2 core-info short
		[[ $stderr != *': zstd'* && $stderr != *bzip2* && $stderr != *age:* ]]
	done
}

@test "core-info: ignored SIGCHLD and SIGPIPE change nothing" {
	python3 - "$F" <<-'EOS'
	import signal, subprocess, sys
	F = sys.argv[1]
	def ignore():
	    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
	    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
	p = subprocess.run(["core-info", "-i", F + "/key", F + "/packed/core.zst.age"], preexec_fn=ignore,
	    restore_signals=False, capture_output=True)
	assert p.returncode == 0 and p.stdout == open(F + "/info", "rb").read(), p
	EOS
}
