# Why a process died, as core-info and core-trace say it, on cores that are made; crashes of the kernel: t/kernel/trace.bats,
# and by hundreds: make reasons.

load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

# judge: reads rows of a machine, an instruction in hexadecimal, siginfo (CODE ADDRESS, or -), registers, and what is to
# be said, with blanks around each |.  The pc is 0x400100; 0x500000 is writable, 0x600000 read-only, 0x700000 has no
# rights, nor has 0x702000, a guard, and a stack ends at 0x800000.  Prints the rows of which something else is said.
judge() {
	python3 - "$T" <<-'EOS'
	import struct, subprocess, sys
	sys.path.insert(0, sys.argv[1] + "/lib")
	from cores import Core
	WORDS = {"x86-64": "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base".split(),
	         "aarch64": ["x%d" % i for i in range(31)] + ["sp", "pc", "cpsr"],
	         "arm": ["r%d" % i for i in range(16)] + ["cpsr"]}
	rows = [line.rstrip("\n") for line in open("/dev/fd/9")]
	for row in rows:
	    machine, code, info, regs, expected = (part.strip() for part in row.split("|"))
	    c = Core(machine)
	    size = 8 if c.is64 else 4
	    given = dict(r.split("=") for r in regs.split())
	    signal = int(given.pop("signal", "11"))
	    behind = given.pop("behind", None)
	    pc, sp = int(given.pop("pc", "0x400100"), 0), int(given.pop("sp", "0x7f8000"), 0)
	    c.thread(sp, pc, {WORDS[machine].index(k): int(v, 0) for k, v in given.items()}, signal)
	    if info != "-":
	        number, address = (int(x, 0) for x in info.split())
	        fields = b"\0" * (4 if c.is64 else 0) + address.to_bytes(size, "little")
	        c.note(0x53494749, (struct.pack("<iii", signal, 0, number) + fields).ljust(128, b"\0"))
	    page = bytearray(4096)
	    b = bytes.fromhex(code)
	    at = 0x100 - len(b) if behind else 0x100
	    page[at:at + len(b)] = b
	    c.load(0x400000, bytes(page), 5)
	    c.load(0x500000, struct.pack("<512Q", *range(0x600, 0x800)), 6)
	    c.load(0x600000, bytes(4096), 4)
	    c.load(0x700000, b"", 0, 4096)
	    c.load(0x702000, b"", 0, 4096)
	    c.load(0x703000, bytes(4096), 4)
	    c.load(0x7f8000, struct.pack("<Q", 0x400100) + bytes(32760), 6)
	    c.write("core")
	    out = subprocess.run(["core-trace", "-r", "core"], capture_output=True, text=True, timeout=20)
	    said = next((line[7:] for line in out.stdout.split("\n") if line.startswith("reason=")), "")
	    if said != expected:
	        print(row, "| said: " + said, out.stderr)
	EOS
}

@test "reason: the instruction tells reads from writes, and what the address was made of" {
	run -0 judge 9<<-'EOF'
	x86-64 | c7401001000000 | 1 0x10 | | write to 0x10: a field of a null pointer
	x86-64 | 8b4010 | 1 0x10 | | read of 0x10: a field of a null pointer
	x86-64 | 83401001 | 1 0x10 | | write to 0x10: a field of a null pointer
	x86-64 | 394010 | 1 0x10 | | read of 0x10: a field of a null pointer
	x86-64 | 8b4010 | 1 0x20 | rax=0x10 | read of 0x20: perhaps a field of a null pointer
	x86-64 | 8b0488 | 1 0x40000 | rcx=0x10000 | read of 0x40000: an element behind a null pointer
	x86-64 | 418b4510 | 1 0x10 | | read of 0x10: a field of a null pointer
	x86-64 | 418b4510 | 1 0x20 | r13=0x10 | read of 0x20: perhaps a field of a null pointer
	x86-64 | 833801 | 1 0x0 | | read of 0x0: a null pointer
	x86-64 | 8b00 | 1 0x501000 | rax=0x500ffe | read of 0x501000, where nothing is mapped
	x86-64 | 0f114010 | 1 0x10 | | write to 0x10: a field of a null pointer
	x86-64 | c5fc114010 | 1 0x10 | | write to 0x10: a field of a null pointer
	x86-64 | c4e27d2e10 | 1 0x0 | | write to 0x0: a null pointer
	x86-64 | 62f17c481100 | 1 0x0 | | write to 0x0: a null pointer
	x86-64 | f3a4 | 1 0x900000 | rsi=0x500000 rdi=0x900000 rcx=9 | write to 0x900000, where nothing is mapped
	x86-64 | f3a4 | 1 0x900000 | rdi=0x500000 rsi=0x900000 rcx=9 | read of 0x900000, where nothing is mapped
	x86-64 | dd00 | 1 0x900000 | rax=0x900000 | read of 0x900000, where nothing is mapped
	x86-64 | dd18 | 1 0x900000 | rax=0x900000 | write to 0x900000, where nothing is mapped
	x86-64 | 8900 | 2 0x600000 | rax=0x600000 | write to 0x600000, which is read-only memory
	x86-64 | 8b00 | 2 0x700000 | rax=0x700000 | read of 0x700000, which may not be accessed
	x86-64 | 8900 | 4 0x500000 | rax=0x500000 | write to 0x500000: its protection key forbids that
	x86-64 | 0f | 1 0x900000 | | access to 0x900000, where nothing is mapped
	x86-64 | 00 | 1 0x900000 | pc=0x400fff rax=0x900000 | access to 0x900000, where nothing is mapped
	x86-64 | 48 | 1 0x900000 | | access to 0x900000, where nothing is mapped
	x86-64 | 8900 | 0x80 0 | rax=0x4141414141414141 | write to 0x4141414141414141, which can be no address
	x86-64 | 0f2900 | 0x80 0 | rax=0x500008 | misaligned access: write to 0x500008, which is no multiple of 16
	x86-64 | f4 | 0x80 0 | | privileged instruction: f4 (hlt)
	x86-64 | f7f1 | 1 0x400100 | signal=8 | division by zero
	x86-64 | 48f7f9 | 1 0x400100 | signal=8 rcx=0xffffffffffffffff | division overflow: the quotient is too large
	x86-64 | f73425f0ff5000 | 1 0x400100 | signal=8 | division by zero, or perhaps a quotient that is too large
	x86-64 | 0f0b | 2 0x400100 | signal=4 | illegal instruction: 0f 0b (a trap by the compiler)
	x86-64 | c5fc | 2 0x400100 | signal=4 | illegal instruction: c5 fc 00 00 (perhaps one that this processor lacks)
	x86-64 | ffd0 | 1 0x0 | pc=0 | jump to 0x0: perhaps a null function pointer
	x86-64 | ffd0 | 1 0x0 | pc=0 behind=1 | call of a null function pointer
	x86-64 | ff5010 | 1 0x0 | pc=0 rax=0x5ffff0 behind=1 | call of a null function pointer
	x86-64 | ff1424 | 1 0x0 | pc=0 behind=1 | call of a null function pointer
	x86-64 | e800000000 | 1 0x0 | pc=0 behind=1 | jump to 0x0: perhaps a null function pointer
	x86-64 | 50 | 1 0x7f7ff8 | sp=0x7f8000 | stack overflow: 0x7f7ff8 is below the stack's limit, 32 KiB
	x86-64 | 50 | 0x80 0 | sp=0x7f8000 | stack overflow: 0x7f7ff8 is below the stack's limit, 32 KiB
	x86-64 | 8900 | 1 0x7f0000 | sp=0x7fff00 rax=0x7f0000 | write to 0x7f0000, where nothing is mapped
	x86-64 | 8b0500005000 | - | | read of 0x900106, where nothing is mapped
	x86-64 | c7050000500001000000 | - | |
	x86-64 | 8b8000001000 | - | rax=0x800000 | read of 0x900000, where nothing is mapped
	x86-64 | 62f17c48114001 | - | rax=0x900000 |
	x86-64 | 648b00 | - | rax=0x10 fs_base=0x900000 | read of 0x900010, where nothing is mapped
	x86-64 | d7 | - | rbx=0x900000 rax=0x10 | read of 0x900010, where nothing is mapped
	x86-64 | a30000900000000000 | - | | write to 0x900000, where nothing is mapped
	x86-64 | f6f4 | 1 0x400100 | signal=8 rax=0x500 | division overflow: the quotient is too large
	x86-64 | d8f1 | 3 0x400100 | signal=8 | floating-point division by zero
	x86-64 | 4883c0108b00 | 1 0x10 | pc=0x400104 rax=0x10 | read of 0x10: a field of a null pointer
	x86-64 | 4883c1108b00 | 1 0x10 | pc=0x400104 rax=0x10 | read of 0x10: perhaps a field of a null pointer
	x86-64 | 4881c0000800008b00 | 1 0x800 | pc=0x400107 rax=0x800 | read of 0x800: a field of a null pointer
	x86-64 | 4805000800008b00 | 1 0x800 | pc=0x400106 rax=0x800 | read of 0x800: a field of a null pointer
	x86-64 | c34141414141414141 | 0x80 0 | sp=0x400101 | return to 0x4141414141414141, which can be no address: perhaps the stack was overwritten
	x86-64 | ffd0 | 0x80 0 | rax=0x4141414141414141 | call of 0x4141414141414141, which can be no address
	x86-64 | c3 | 10 0x0 | | control-flow protection: a return or a jump leads elsewhere than it should
	x86-64 | 8b00 | 8 0x500000 | rax=0x500000 | read of 0x500000: the tag of the memory is not the pointer's
	x86-64 | 8b00 | 2 0x702000 | rax=0x702000 | read of 0x702000, which may not be accessed (a guard page)
	x86-64 | 8b00 | 2 0x500000 | signal=7 rax=0x500000 | read of 0x500000, which has no memory behind it
	x86-64 | 8b00 | 1 0x500001 | signal=7 rax=0x500001 | misaligned access: read of 0x500001
	x86-64 | cc | 0x80 0 | signal=5 behind=1 | breakpoint: cc (int3) in the program
	x86-64 | 90 | -6 0x3e800000007 | signal=6 | SIGABRT sent by pid 7 of user 1000
	aarch64 | 00004058 | - | | read of 0x480100, where nothing is mapped
	aarch64 | 02c861f8 | - | x0=0x900010 x1=0xfffffff0 | read of 0x900000, where nothing is mapped
	arm | 021190e7 | - | r0=0x900000 r2=4 | read of 0x900010, where nothing is mapped
	arm | 060020e9 | - | r0=0x900010 | write to 0x900008, where nothing is mapped
	aarch64 | 011000b9 | - | | write to 0x10: a field of a null pointer
	aarch64 | 011040b9 | - | | read of 0x10: a field of a null pointer
	aarch64 | 01100039 | 1 0x900004 | x0=0x900000 | write to 0x900004, where nothing is mapped
	aarch64 | 207841b8 | - | x1=0x900000 | read of 0x900017, where nothing is mapped
	aarch64 | 027861b8 | - | x1=0x20000 | read of 0x80000: an element behind a null pointer
	aarch64 | 200841a9 | - | x1=0x900000 | read of 0x900010, where nothing is mapped
	aarch64 | fd7bbfa9 | 1 0x7f7ff0 | | stack overflow: 0x7f7ff0 is below the stack's limit, 32 KiB
	aarch64 | 007d20d4 | 1 0x400100 | signal=5 | breakpoint: brk d4207d00 (a trap by the compiler, or a breakpoint)
	aarch64 | 00000000 | 1 0x400100 | signal=4 | illegal instruction: 00000000 (a trap by the compiler)
	arm | 101080e5 | - | | write to 0x10: a field of a null pointer
	arm | 101090e5 | - | | read of 0x10: a field of a null pointer
	arm | 0161 | - | cpsr=0x20 | write to 0x10: a field of a null pointer
	arm | 0169 | - | cpsr=0x20 | read of 0x10: a field of a null pointer
	arm | c0f81010 | - | cpsr=0x20 | write to 0x10: a field of a null pointer
	arm | f000f0e7 | 1 0x400100 | signal=4 | illegal instruction: e7f000f0 (a trap by the compiler)
	EOF
	[ -z "$output" ] || { echo "$output"; false; }
}

@test "reason: code= has no bytes of data that a wild jump led to, or that are beside code" {
	python3 - "$T" <<-'EOS'
	import sys
	sys.path.insert(0, sys.argv[1] + "/lib")
	from cores import Core
	for pc in 0x501100, 0x400000, 0x400ffc:
	    c = Core()
	    c.thread(sp=0x7f8000, pc=pc, signal=11)
	    c.load(0x3ff000, b"s" * 4096, 6)
	    c.load(0x400000, b"\x90" * 4096, 5)
	    c.load(0x401000, b"s" * 4096, 4)
	    c.load(0x501000, b"s" * 4096, 6)
	    c.write("core.%x" % pc)
	EOS
	for pc in 501100 400000 400ffc; do
		core-trace -r core.$pc
		core-trim core.$pc >small
		core-trace -r small
	done >said
	grep ^code= said | uniq -c | sed 's/^ *//' | diff - <(
		echo "2 code=<90>$(printf ' 90%.0s' {1..15})"
		echo "2 code=$(printf '90 %.0s' {1..16})<90> 90 90 90"
	)
}
