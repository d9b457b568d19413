# t/captured/captured.py notices what is wrong in a captured core.  All kinds of processes: make captured.

load ../lib/common
load ../lib/kernel

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	if ! [ -w $KERNEL/core_pattern ] || ! [ /proc/2/root/. -ef /. ]; then
		[ -n "${CI-}" ] || skip "core_pattern is out of reach: no root, a container, or a chroot"
	fi
}

# as WORDS: captured.py, with this Python in place of core-capture; d is the kernel's core, which it may change.
as() {
	cat >instead <<-EOF
	#!$(python3 -c 'import sys; print(sys.executable)')
	import sys
	d = bytearray(sys.stdin.buffer.read())
	$1
	sys.stdout.buffer.write(d)
	EOF
	chmod 755 instead
	CAPTURE=$PWD/instead run python3 "$T/captured/captured.py" "$BUILD" one-page
}

# row CELLS: the row of the table ends with them.
row() {
	grep -qE "^\| one-page \| [0-9]+ \| [0-9]+ \| [0-9]+ \| \+[0-9]+ \| $1 \|\$" <<<"$output" ||
		{ echo "$output"; return 1; }
}

@test "captured: the kernel's own bytes: the same" {
	as pass
	[ "$status" = 0 ]
	row 'same \| same \| whole \| yes'
	[[ $output == *"1 kinds: 1 the same, 0 different; 0 skipped" ]]
}

@test "captured: one wrong byte: noticed, with its segment and mapping" {
	as 'd[-5000] ^= 1'
	[ "$status" = 1 ]
	row 'first at 0x[0-9a-f]+ \| first at 0x[0-9a-f]+ \| whole \| \*\*no\*\*'
	grep -qE 'memory first: segment 0x[0-9a-f]+ rw-: 1 of [0-9]+ pages, .*: other bytes: .* \[stack\]' <<<"$output"
	[[ $output == *"1 kinds: 0 the same, 1 different; 0 skipped" ]]
}

@test "captured: memory that comes out as zeros: noticed, and called so" {
	as 'n = len(d) - 3 * 4096; d[n:] = bytes(len(d) - n)'
	[ "$status" = 1 ]
	grep -q 'kernel first: segment .*: zeros captured: ' <<<"$output"
}

@test "captured: a core that is cut, or too long: noticed" {
	as 'del d[-1:]'
	[ "$status" = 1 ]
	row '[0-9]+ bytes for [0-9]+ \| [0-9]+ bytes for [0-9]+ \| [0-9]+ bytes for [0-9]+ \| \*\*no\*\*'
	as 'd += b"\0"'
	[ "$status" = 1 ]
	row '[0-9]+ bytes for [0-9]+ \| [0-9]+ bytes for [0-9]+ \| [0-9]+ bytes for [0-9]+ \| \*\*no\*\*'
}

@test "captured: right bytes, and a status that is not 0: noticed" {
	as 'sys.stdout.buffer.write(d); sys.stdout.buffer.flush(); sys.exit(1)'
	[ "$status" = 1 ]
	row 'status 1: +\| status 1: +\| status 1: +\| \*\*no\*\*'
}

@test "captured: a program that hangs: ended, and called so" {
	export PATIENCE=2
	as 'import time; time.sleep(1000)'
	[ "$status" = 1 ]
	row 'hangs \| hangs \| hangs \| \*\*no\*\*'
}
