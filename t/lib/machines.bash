# For tests of other processors' cores: programs that crash under qemu-user, which writes the core.

# Each processor that eu-readelf describes: clang's name, qemu's name, and e_machine if lld cannot link for it.
MACHINES='i386-linux-gnu:i386 x86_64-linux-gnu:x86_64 arm-linux-gnueabi:arm aarch64-linux-gnu:aarch64
	powerpc-linux-gnu:ppc powerpc64-linux-gnu:ppc64 powerpc64le-linux-gnu:ppc64le s390x-linux-gnu:s390x:22
	m68k-linux-gnu:m68k:4'

# machine_core MACHINE: crashes crash.$cpu on that processor; the file core is its core, and the file notes is
# eu-readelf's description of the core.
machine_core() {
	local target=${1%%:*} elf=
	cpu=${1#*:}
	case $cpu in
	*:*) elf=${cpu#*:} cpu=${cpu%:*} ;;
	esac
	need clang ld.lld llvm-objcopy eu-readelf "qemu-$cpu"
	printf 'void _start(void) { *(volatile int *)16 = 1; for (;;); }\n' >crash.c
	if [ -n "$elf" ]; then
		clang --target="$target" -O1 -c -o crash.o crash.c || return
		llvm-objcopy -O binary -j .text crash.o crash.bin || return
		big_endian_program "$elf" "crash.$cpu"
	else
		clang --target="$target" -O1 -nostdlib -static -fuse-ld=lld -Wl,--build-id=sha1 -o "crash.$cpu" \
			crash.c 2>clang.log || { cat clang.log; return 1; }
	fi
	# After writing the core, qemu dies of the signal too.  It must not dump, since the handler of a test of the
	# kernel that runs at the same time would see that crash.
	local undumped=$BATS_FILE_TMPDIR/undumped.so
	[ -e "$undumped" ] || ${CC:-cc} -shared -fPIC -o "$undumped" -xc - <<-'EOF' || return
	#include <sys/prctl.h>

	__attribute__((constructor)) static void
	undumped(void)
	{
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	}
	EOF
	# A static qemu, as in Debian 13, does not load the library, so it waits until no test of the kernel runs.
	local alone=
	readelf -l "$(type -P "qemu-$cpu")" | grep -q INTERP || alone='flock /tmp/gzcoredump-kernel.lock'
	rm -f qemu_*.core
	(
		ulimit -c unlimited
		exec 3>&-
		LD_PRELOAD=$undumped exec $alone "qemu-$cpu" "./crash.$cpu" one 'two words'
	) 2>/dev/null && return 1
	mv qemu_*.core core && eu-readelf -n core >notes
}

# big_endian_program E_MACHINE FILE: makes a program from crash.bin, which is only code.
big_endian_program() {
	python3 - "$@" <<-'EOS'
	import os, struct, sys
	machine, code, at = int(sys.argv[1]), open("crash.bin", "rb").read(), 0x1000000
	start = b"\x7fELF" + bytes((1 if machine == 4 else 2, 2, 1)) + bytes(9)
	if machine == 4:
	    size = 84 + len(code)
	    b = start + struct.pack(">HHIIIIIHHHHHH", 2, machine, 1, at + 84, 52, 0, 0, 52, 32, 1, 0, 0, 0)
	    b += struct.pack(">IIIIIIII", 1, 0, at, at, size, size, 7, 4096)
	else:
	    size = 120 + len(code)
	    b = start + struct.pack(">HHIQQQIHHHHHH", 2, machine, 1, at + 120, 64, 0, 0, 64, 56, 1, 0, 0, 0)
	    b += struct.pack(">IIQQQQQQ", 1, 7, 0, at, at, size, size, 4096)
	with open(sys.argv[2], "wb") as f:
	    f.write(b + code)
	os.chmod(sys.argv[2], 0o755)
	EOS
}
