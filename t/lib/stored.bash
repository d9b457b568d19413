# For tests of programs that read stored cores: makes a core in the kernel's order, and compresses it in many ways.

# notes_first CORE: prints a core of gdb, which has its notes after the memory, with the notes first, as the kernel writes
# them.
notes_first() {
	python3 - "$1" <<-'EOS'
	import struct, sys
	b = open(sys.argv[1], "rb").read()
	phoff, = struct.unpack_from("<Q", b, 32)
	count, = struct.unpack_from("<H", b, 56)
	heads = [list(struct.unpack_from("<IIQQQQQQ", b, phoff + 56 * i)) for i in range(count)]
	heads.sort(key=lambda h: h[0] != 4)
	at, data = 64 + 56 * count, b""
	for h in heads:
	    bytes_ = b[h[2]:h[2] + h[5]]
	    h[2] = at + len(data)
	    data += bytes_
	eh = bytearray(b[:64])
	struct.pack_into("<Q", eh, 32, 64)
	struct.pack_into("<Q", eh, 40, 0)
	struct.pack_into("<HHH", eh, 58, 0, 0, 0)
	sys.stdout.buffer.write(bytes(eh) + b"".join(struct.pack("<IIQQQQQQ", *h) for h in heads) + data)
	EOS
}

# victim: makes a program that crashes in a function called from main, and its core.
victim() {
	printf '%s\n' '#include <stdlib.h>' 'static int price(int n) { if (n > 3) abort(); return n; }' \
		'int main(int argc, char **argv) { (void)argv; return price(argc + 5); }' >victim.c
	${CC:-cc} -g -O0 -Wl,--build-id -o victim victim.c
	crash_core behind "$PWD/victim"
	notes_first behind >core
	rm behind
}

# identities: makes two identities of age; the first belongs to $RECIPIENT.
identities() {
	age-keygen -o key 2>pub
	age-keygen -o other 2>/dev/null
	RECIPIENT=$(sed -n 's/^Public key: //p' pub)
	export RECIPIENT
}

# packed CORE: compresses and encrypts it in all ways that are read, into the directory packed.
packed() {
	mkdir packed
	zstd -q <"$1" >packed/core.zst
	zstd -q --no-progress -T2 -1 <"$1" >packed/core.threads.zst
	lz4 -q <"$1" >packed/core.lz4
	xz -0 <"$1" >packed/core.xz
	bzip2 -1 <"$1" >packed/core.bz2
	gzdeflate -0 <"$1" | zstd -q >packed/core.gz.zst
	age -r "$RECIPIENT" <"$1" >packed/core.age
	gzdeflate -1 <"$1" | age -r "$RECIPIENT" >packed/core.gz.age
	zdeflate -1 <"$1" | age -a -r "$RECIPIENT" >packed/core.zz.age
	zstd -q <"$1" | age -a -r "$RECIPIENT" >packed/core.zst.age
	xz -0 <"$1" | age -r "$RECIPIENT" | zstd -q | bzip2 >packed/core.xz.age.zst.bz2
}

# configured DIR TOOL…: builds the programs again, into DIR, with the configuration DIR/gzcoredump.conf and the default
# directory DIR/dumps.
configured() {
	local dir=$1 tool parts libs=(zlib libelf libdw) one
	shift
	for one in libisal libdeflate libseccomp; do
		! pkg-config --exists $one || libs+=($one)
	done
	mkdir -p "$dir"
	for tool; do
		parts=("$T/../tools/$tool.c")
		[ "$tool" != core-open ] || parts+=("$T"/../tools/{lesser,restoring}.c)
		[ "$tool" != core-prune ] || parts+=("$T"/../tools/removing.c)
		# shellcheck disable=SC2046,SC2086
		${CC:-cc} ${CFLAGS--O1} -std=c11 -pthread -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64 \
			-DVERSION='"0"' -I"$T/../lib" -DCONF_FILE="\"$dir/gzcoredump.conf\"" \
			-DDUMPS_DIR="\"$dir/dumps\"" -o "$dir/$tool" "${parts[@]}" "$BUILD/libgzcore.a" \
			-Wl,--as-needed $(pkg-config --libs "${libs[@]}") ${LDFLAGS-}
	done
}
