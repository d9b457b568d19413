#!/usr/bin/env bats
# elf-uuid-stamp: ELF files get an identity, in place, or stay what they were.

load lib/common

ONE=0f3c2a51-8d7e-4b6a-9c1d-2e5f7a8b9c0d
TWO=6b1f0c2e-1111-4222-8333-123456789abc
UUID4='[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'

setup_file() {
	F=$BATS_FILE_TMPDIR
	export F
	unset OBJCOPY
	printf '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n' >"$F/hello.c"
	printf '#include <stdio.h>\nint main(void) { puts("up"); fflush(stdout); return getchar() + 1; }\n' \
		>"$F/wait.c"
	${CC:-cc} -Wl,--build-id=sha1 -o "$F/hello" "$F/hello.c"
	${CC:-cc} -Wl,--build-id=sha1 -o "$F/wait" "$F/wait.c"
	${CC:-cc} -Wl,--build-id=none -o "$F/none" "$F/hello.c"
}

# stamped UUID FILE: its .uuid section is that, 36 bytes and no more, and the only one.
stamped() {
	printf '%s' "$1" >wanted-uuid
	elf-uuid -r -s .uuid -- "$2" >got-uuid && cmp wanted-uuid got-uuid || return 1
	[ "$(readelf -SW "$2" | grep -c ' \.uuid ')" -eq 1 ] || { readelf -SW "$2"; return 1; }
}

# quiet COMMAND…: exits 0 and says nothing.
quiet() {
	run -0 --separate-stderr "$@"
	[ -z "$output$stderr" ] || { echo "it says: $output$stderr"; return 1; }
}

# tree DIR: all that is in it: names, modes, owners, times, sums.
tree() {
	(cd "$1" && find . -printf '%P %y %m %U:%G %T@ %l\n' | sed '/^ d /d' | sort &&
		find . -type f -exec cksum {} + | sort)
}

# could_not DIR COMMAND…: exits 2, with at least a line of its own; DIR stays what it was.
could_not() {
	local dir=$1
	shift
	tree "$dir" >before
	run -2 --separate-stderr "$@"
	tree "$dir" | diff before - || return 1
	[ -z "$output" ] || { echo "unexpected output: $output"; return 1; }
	[[ $'\n'$stderr == *$'\nelf-uuid-stamp: '* ]] || { echo "no line of its own: $stderr"; return 1; }
}

# as_version_8 HEX: the UUID of RFC 9562 section 5.8 of the first 16 bytes.
as_version_8() {
	python3 -c '
import sys, uuid
b = bytearray.fromhex(sys.argv[1])[:16]
b[6] = b[6] & 0x0f | 0x80
b[8] = b[8] & 0x3f | 0x80
print(uuid.UUID(bytes=bytes(b)))' "$1"
}

# program OBJECT [OPTION…]: hello linked with it.
program() {
	local object=$1
	shift
	${CC:-cc} "$@" -o linked "$F/hello.c" "$object"
}

@test "elf-uuid-stamp: -h and -V answer on standard output, a bad option is misuse" {
	answers elf-uuid-stamp
}

@test "elf-uuid-stamp: options that exclude each other are misuse, and touch nothing" {
	mkdir d
	cp "$F/hello" d
	tree d >before
	usage_error elf-uuid-stamp
	usage_error elf-uuid-stamp -b
	usage_error elf-uuid-stamp -b -u $ONE d/hello
	usage_error elf-uuid-stamp -u $ONE -b d/hello
	usage_error elf-uuid-stamp -O d/o d/hello
	usage_error elf-uuid-stamp -b -O d/o
	usage_error elf-uuid-stamp -f -O d/o
	usage_error elf-uuid-stamp -s .x -O d/o
	usage_error elf-uuid-stamp -O
	usage_error elf-uuid-stamp -u
	usage_error elf-uuid-stamp -s
	tree d | diff before -
}

@test "elf-uuid-stamp: a file gets a random UUID, another each time" {
	local name
	for name in a b c d; do
		cp "$F/hello" $name
		quiet elf-uuid-stamp $name
		elf-uuid $name >>uuids
		stamped "$(tail -n 1 uuids)" $name
	done
	[ "$(grep -cxE "$UUID4" uuids)" -eq 4 ] || { cat uuids; false; }
	[ "$(sort -u uuids | wc -l)" -eq 4 ]
}

@test "elf-uuid-stamp: several files get UUIDs of their own, and with -u the same" {
	cp "$F/hello" a
	cp "$F/hello" b
	cp "$F/wait" c
	quiet elf-uuid-stamp a b c
	[ "$(for f in a b c; do elf-uuid $f; done | sort -u | grep -cxE "$UUID4")" -eq 3 ]
	quiet elf-uuid-stamp -f -u $ONE a b c
	for f in a b c; do
		stamped $ONE $f
	done
}

@test "elf-uuid-stamp: -u gives the UUID, in either case, stored in lower case" {
	cp "$F/hello" .
	quiet elf-uuid-stamp -u $ONE hello
	stamped $ONE hello
	quiet elf-uuid-stamp -f -u 0123ABCD-EFab-CDEF-0123-456789ABCDEF hello
	stamped 0123abcd-efab-cdef-0123-456789abcdef hello
	quiet elf-uuid-stamp -f -u 00000000-0000-0000-0000-000000000000 hello
	stamped 00000000-0000-0000-0000-000000000000 hello
}

@test "elf-uuid-stamp: -u with no UUID is an error, and touches nothing" {
	local u
	mkdir d
	cp "$F/hello" d
	tree d >before
	for u in '' x "${ONE%?}" "${ONE}0" " $ONE" "$ONE " "{$ONE}" "urn:uuid:$ONE" "${ONE//-/}" \
		"${ONE//-/_}" "g${ONE#?}" "${ONE/-/}-" "${ONE//?/-}" '*' .uuid -x; do
		fails_with 2 elf-uuid-stamp -u "$u" d/hello
		tree d | diff before -
		fails_with 2 elf-uuid-stamp -u "$u" -O d/object
		tree d | diff before - || { echo "$u"; false; }
	done
}

@test "elf-uuid-stamp: -u with a UUID and another line is an error" {
	local u
	mkdir d
	cp "$F/hello" d
	for u in "$ONE"$'\n' "$ONE"$'\nx' $'x\n'"$ONE" $'\n'"$ONE" "$ONE"$'\n'"$TWO"; do
		could_not d elf-uuid-stamp -u "$u" d/hello
		could_not d elf-uuid-stamp -u "$u" -O d/object
	done
}

@test "elf-uuid-stamp: an identity that is there stays, unless -f is given" {
	mkdir d
	cp "$F/hello" d
	quiet elf-uuid-stamp -u $ONE d/hello
	tree d >before
	for how in "" "-u $TWO" "-b"; do
		quiet elf-uuid-stamp $how d/hello
		tree d | diff before -
	done
	stamped $ONE d/hello
	quiet elf-uuid-stamp -f -u $TWO d/hello
	stamped $TWO d/hello
	quiet elf-uuid-stamp -f d/hello
	elf-uuid d/hello | grep -qxE "$UUID4"
	run ! stamped $TWO d/hello
	quiet elf-uuid-stamp -fb d/hello
	stamped "$(as_version_8 "$(elf-uuid -b d/hello)")" d/hello
	[ "$(d/hello)" = hello ]
}

@test "elf-uuid-stamp: an identity of another form, put there by other means, stays too" {
	need objcopy
	printf 'release 7' >text
	printf '\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017\020' >raw
	for form in text raw; do
		objcopy --add-section .uuid=$form "$F/hello" $form.elf
		quiet elf-uuid-stamp $form.elf
		elf-uuid -r $form.elf | cmp $form -
		quiet elf-uuid-stamp -f -u $ONE $form.elf
		stamped $ONE $form.elf
	done
	# One without a byte is none.
	: >nothing
	objcopy --add-section .uuid=nothing "$F/hello" empty.elf
	quiet elf-uuid-stamp -u $ONE empty.elf
	stamped $ONE empty.elf
}

@test "elf-uuid-stamp: -b gives files of the same build-id the same UUID, of version 8" {
	local name uuid
	mkdir one two
	# hello with other build-ids: each value of the bits where the variant will be, and the extremes.
	python3 -c '
import os, sys
b = open(sys.argv[1], "rb").read()
i = b.index(b"\4\0\0\0\x14\0\0\0\3\0\0\0GNU\0") + 16
ids = ["00112233445566f%x%x899aabbccddeeff01234567" % (n, n) for n in range(16)] + ["00" * 20, "ff" * 20]
for n in ids:
    for where, more in ("one/", b""), ("two/", b"another file"):
        with open(where + n, "wb") as f:
            f.write(b[:i] + bytes.fromhex(n) + b[i + 20:] + more)
    u = bytearray.fromhex(n)[:16]
    u[6] = u[6] & 0x0f | 0x80
    u[8] = u[8] & 0x3f | 0x80
    h = u.hex()
    print(n, "-".join((h[:8], h[8:12], h[12:16], h[16:20], h[20:])))' "$F/hello" >wanted
	[ "$(wc -l <wanted)" -eq 18 ]
	# Those of the test are right.
	grep -qx '0\{40\} 00000000-0000-8000-8000-000000000000' wanted
	grep -qx 'f\{40\} ffffffff-ffff-8fff-bfff-ffffffffffff' wanted
	quiet elf-uuid-stamp -b one/*
	while read -r name uuid; do
		stamped "$uuid" "one/$name"
		[ "$(elf-uuid -b "one/$name")" = "$name" ]
	done <wanted
	rm -r two/*[1-9a-e]8*
	quiet elf-uuid-stamp -b -f two/*
	for name in two/*; do
		[ "$(elf-uuid "$name")" = "$(elf-uuid "one/${name#two/}")" ]
	done
}

@test "elf-uuid-stamp: -b takes build-ids of 16 bytes and more" {
	local hex
	for hex in 0123456789abcdef0123456789abcdef \
		f123456789abcdeff123456789abcdeff123456789abcdeff123456789abcdef; do
		${CC:-cc} -Wl,--build-id=0x$hex -o prog "$F/hello.c"
		quiet elf-uuid-stamp -b prog
		stamped "$(as_version_8 $hex)" prog
	done
}

@test "elf-uuid-stamp: -b refuses a file without a build-id, or with a short one" {
	mkdir d
	cp "$F/none" d/none
	fails_with 2 elf-uuid-stamp -b d/none
	[[ $stderr == *d/none* ]]
	could_not d elf-uuid-stamp -b d/none
	for hex in 1234 0123456789abcdef0123456789abcd; do
		${CC:-cc} -Wl,--build-id=0x$hex -o d/short "$F/hello.c"
		fails_with 2 elf-uuid-stamp -b d/short
		[[ $stderr == *d/short* ]]
		could_not d elf-uuid-stamp -b -f d/short
	done
	# Without -b it is no obstacle.
	quiet elf-uuid-stamp -u $ONE d/none d/short
	stamped $ONE d/none
	stamped $ONE d/short
}

@test "elf-uuid-stamp: -s names another section" {
	cp "$F/hello" .
	quiet elf-uuid-stamp -s .build.uuid -u $TWO hello
	[ "$(elf-uuid -s .build.uuid hello)" = $TWO ]
	run -1 --separate-stderr elf-uuid -s .uuid hello
	# Each is kept on its own.
	quiet elf-uuid-stamp -u $ONE hello
	stamped $ONE hello
	[ "$(elf-uuid -s .build.uuid hello)" = $TWO ]
	quiet elf-uuid-stamp -s .build.uuid hello
	[ "$(elf-uuid -s .build.uuid hello)" = $TWO ]
	quiet elf-uuid-stamp -f -s .build.uuid hello
	elf-uuid -s .build.uuid hello | grep -qxE "$UUID4"
	stamped $ONE hello
	[ "$(readelf -SW hello | grep -c 'uuid')" -eq 2 ]
	[ "$(./hello)" = hello ]
}

@test "elf-uuid-stamp: a bad file does not keep the others from being stamped" {
	mkdir d
	cp "$F/hello" d/a
	echo text >d/text
	cp "$F/wait" d/z
	fails_with 2 elf-uuid-stamp -u $ONE d/a d/text d/z
	[ "$stderr" = 'elf-uuid-stamp: d/text: not an ELF file' ]
	stamped $ONE d/a
	stamped $ONE d/z
	echo text | cmp - d/text
	[ "$(ls -A d | xargs)" = 'a text z' ]
	# Each of several bad ones is said, also when the bad ones come first.
	run -2 --separate-stderr elf-uuid-stamp -f -u $TWO d/missing d/text d/a
	printf '%s\n' "elf-uuid-stamp: d/missing: No such file or directory" \
		"elf-uuid-stamp: d/text: not an ELF file" | diff - <(echo "$stderr")
	stamped $TWO d/a
}

@test "elf-uuid-stamp: a file that is not ELF is an error, and stays unchanged" {
	mkdir d d/dir
	mkfifo d/fifo
	: >d/empty
	echo text >d/text
	noise 5000 >d/garbage
	printf '\177ELF' >d/four
	head -c 100 "$F/hello" >d/cut
	tree d >before
	run -2 timeout 120 elf-uuid-stamp d/fifo
	[[ $output == "elf-uuid-stamp: d/fifo: "* ]]
	for f in empty text garbage four cut dir; do
		fails_with 2 elf-uuid-stamp d/$f
		[[ $stderr == "elf-uuid-stamp: d/$f: "* ]]
		tree d | diff before -
	done
	fails_with 2 elf-uuid-stamp d/missing
	[[ $stderr == *d/missing* && $stderr == *"No such file or directory"* ]]
	fails_with 2 elf-uuid-stamp d/none/missing
	fails_with 2 elf-uuid-stamp ''
	fails_with 2 elf-uuid-stamp /dev/null
	[ -c /dev/null ]
	tree d | diff before -
}

@test "elf-uuid-stamp: the program runs on as before, and nothing else has changed in it" {
	cp "$F/hello" .
	quiet elf-uuid-stamp hello
	[ "$(./hello)" = hello ]
	cmp <(readelf -lW "$F/hello" | grep -v 'Entry point\|^$') <(readelf -lW hello | grep -v 'Entry point\|^$')
	cmp <(objdump -d "$F/hello" | sed 1,3d) <(objdump -d hello | sed 1,3d)
	[ "$(elf-uuid -b hello)" = "$(elf-uuid -b "$F/hello")" ]
	# It is not loaded: no address, no flag A.
	readelf -SW hello | grep -qE ' \.uuid +PROGBITS +0+ [0-9a-f]+ 000024 00 +0 +0 +1$'
}

# patched FILE: patchelf moves what is loaded to new segments at its end, in a way that objcopy does not keep.
patched() {
	patchelf --set-rpath "/$(printf 'x%.0s' {1..3000})" "$1"
}

@test "elf-uuid-stamp: objcopy changes what a program loads: refused, the file stays unchanged" {
	need patchelf llvm-objcopy
	mkdir d
	for how in -pie -no-pie; do
		${CC:-cc} $how -o plain "$F/hello.c"
		for tool in objcopy llvm-objcopy; do
			cp plain d/p
			OBJCOPY=$tool quiet elf-uuid-stamp d/p
			[ "$(d/p)" = hello ]
			cp plain d/p
			patched d/p
			[ "$(d/p)" = hello ]
			cp d/p before-it
			OBJCOPY=$tool elf-uuid-stamp d/p 2>err && status=0 || status=$?
			# Whatever it says, the program runs.
			[ "$(d/p)" = hello ] || { echo "$how $tool: $status: it no longer runs"; cat err; return 1; }
			case $status in
			0) elf-uuid d/p ;;
			2)
				cmp before-it d/p
				grep -q "^elf-uuid-stamp: d/p: $tool changes what is loaded: " err
				;;
			*) false ;;
			esac
		done
	done
	[ "$(ls -A d)" = p ]
}

@test "elf-uuid-stamp: headers with too small an alignment: the program still runs, or is refused" {
	need llvm-objcopy
	cat >align.py <<-'EOF'
	import struct, sys
	b = bytearray(open(sys.argv[1], "rb").read())
	phoff, = struct.unpack_from("<Q", b, 32)
	for at in range(phoff, phoff + 56 * struct.unpack_from("<H", b, 56)[0], 56):
	    if struct.unpack_from("<I", b, at)[0] == 1:
	        struct.pack_into("<Q", b, at + 48, int(sys.argv[2]))
	open(sys.argv[1], "wb").write(b)
	EOF
	mkdir d
	for align in 0 1 16; do
		for tool in objcopy llvm-objcopy; do
			cp "$F/hello" d/p
			python3 align.py d/p $align
			[ "$(d/p)" = hello ]
			cp d/p before-it
			OBJCOPY=$tool elf-uuid-stamp d/p 2>err && status=0 || status=$?
			[ "$(d/p)" = hello ] || { echo "$align $tool: $status: it no longer runs"; return 1; }
			case $status in
			0) elf-uuid d/p ;;
			2)
				cmp before-it d/p
				grep -q "^elf-uuid-stamp: d/p: $tool changes what is loaded: .* does not fit " err
				;;
			*) false ;;
			esac
		done
	done
}

@test "elf-uuid-stamp: objcopy changes a loaded byte, address or right: refused" {
	mkdir d
	cp "$F/hello" d
	cat >objcopy <<-'EOF'
	#!/bin/sh
	for last; do
		before=${this-}
		this=$last
	done
	objcopy "$@" && exec python3 "$CHANGE" "$last"
	EOF
	chmod 755 objcopy
	cat >change.py <<-'EOF'
	import os, struct, sys
	b = bytearray(open(sys.argv[1], "rb").read())
	phoff, = struct.unpack_from("<Q", b, 32)
	phnum, = struct.unpack_from("<H", b, 56)
	heads = [phoff + 56 * i for i in range(phnum)]
	kind = lambda at: struct.unpack_from("<I", b, at)[0]
	loads = [at for at in heads if kind(at) == 1]
	def add(at, form, n):
	    struct.pack_into(form, b, at, struct.unpack_from(form, b, at)[0] + n)
	how = os.environ["HOW"]
	if how in ("first", "last", "middle"):
	    offset, = struct.unpack_from("<Q", b, loads[1] + 8)
	    size, = struct.unpack_from("<Q", b, loads[1] + 32)
	    b[offset + {"first": 0, "last": size - 1, "middle": size // 2}[how]] ^= 1
	elif how == "entry":
	    add(24, "<Q", 1)
	elif how == "rights":
	    add(loads[0] + 4, "<I", 1)
	elif how in ("offset", "vaddr", "paddr", "filesz", "memsz", "align"):
	    add(loads[1] + 8 + 8 * ["offset", "vaddr", "paddr", "filesz", "memsz", "align"].index(how), "<Q",
	        4096 if how in ("offset", "align") else 8)
	elif how == "interp":
	    b[struct.unpack_from("<Q", b, next(h for h in heads if kind(h) == 3) + 8)[0] + 1] ^= 1
	elif how == "dynamic":
	    add(next(h for h in heads if kind(h) == 2) + 16, "<Q", 16)
	elif how == "stack":
	    add(next(h for h in heads if kind(h) == 0x6474e551) + 4, "<I", 1)
	elif how == "phdr":
	    add(next(h for h in heads if kind(h) == 6) + 16, "<Q", 8)
	elif how == "lost":
	    struct.pack_into("<I", b, heads[-1], 0)
	elif how == "type":
	    add(16, "<H", -1)
	open(sys.argv[1], "wb").write(b)
	EOF
	export CHANGE=$PWD/change.py
	for HOW in first last middle entry rights offset vaddr paddr filesz memsz align interp dynamic stack phdr lost type; do
		export HOW
		OBJCOPY=$PWD/objcopy could_not d elf-uuid-stamp -u $ONE d/hello || { echo "$HOW"; return 1; }
		[[ $stderr == *"changes what is loaded: "* ]] || { echo "$HOW: $stderr"; return 1; }
	done
	# And one that changes nothing is not.
	HOW=nothing OBJCOPY=$PWD/objcopy quiet elf-uuid-stamp -u $ONE d/hello
	stamped $ONE d/hello
}

@test "elf-uuid-stamp: a core, an archive or another kind of file is refused, stamped or not" {
	need gdb
	mkdir d
	cp "$F/hello" one
	cp "$F/hello" two
	quiet elf-uuid-stamp two
	${CC:-cc} -c -o object.o "$F/hello.c"
	cp object.o stamped.o
	quiet elf-uuid-stamp stamped.o
	for p in one two; do
		gdb -nx -batch -ex 'break main' -ex run -ex "generate-core-file $PWD/d/$p.core" ./$p >gdb.log 2>&1
		[ -s d/$p.core ] || { cat gdb.log; return 1; }
		gzip -c d/$p.core >d/$p.core.gz
	done
	ar rc d/one.a object.o
	ar rc d/two.a stamped.o
	ar rcT thin.a stamped.o
	mv thin.a d/
	printf '!<arch>\n' >d/empty.a
	python3 - "$F/hello" <<-'EOF'
	import sys
	b = bytearray(open(sys.argv[1], "rb").read())
	for kind in 0, 4, 5, 0xfe00, 0xffff:
	    b[16:18] = kind.to_bytes(2, "little")
	    open("d/type%x" % kind, "wb").write(b)
	EOF
	for f in d/*; do
		for options in "" -f; do
			could_not d elf-uuid-stamp $options "$f" || { echo "$f"; return 1; }
			[ "$(wc -l <<<"$stderr")" -eq 1 ]
			case $f in
			*.gz) [[ $stderr == *": not an ELF file" ]] ;;
			*) [[ $stderr == *", no program, library or object" ]] ;;
			esac || { echo "$f: $stderr"; return 1; }
		done
	done
}

@test "elf-uuid-stamp: bytes that no header leads to are not lost, unless -f is given" {
	cat >gap.py <<-'EOF'
	import struct, sys
	b = bytearray(open(sys.argv[1], "rb").read())
	shoff, = struct.unpack_from("<Q", b, 40)
	gap = eval(sys.argv[2])
	struct.pack_into("<Q", b, 40, shoff + len(gap))
	b[shoff:shoff] = gap
	open(sys.argv[1], "wb").write(b)
	print(shoff, shoff + len(gap))
	EOF
	mkdir d
	cp "$F/hello" d
	read -r from to < <(python3 gap.py d/hello 'b"payload" + bytes(9)')
	[ "$(d/hello)" = hello ]
	could_not d elf-uuid-stamp -u $ONE d/hello
	[[ $stderr =~ ^"elf-uuid-stamp: d/hello: no header leads to bytes "([0-9]+)" to $((to - 1)): they would be lost (-f)"$ ]]
	[ "${BASH_REMATCH[1]}" -le "$from" ]
	quiet elf-uuid-stamp -fu $ONE d/hello
	stamped $ONE d/hello
	# One byte far inside.
	cp "$F/hello" d
	python3 gap.py d/hello 'bytes(200000) + b"x" + bytes(7)'
	could_not d elf-uuid-stamp -u $ONE d/hello
	# Zeros are none.
	cp "$F/hello" d
	python3 gap.py d/hello 'bytes(200000)'
	quiet elf-uuid-stamp -u $ONE d/hello
	stamped $ONE d/hello
}

@test "elf-uuid-stamp: the linker's filling behind code is no content" {
	need ld.lld
	mkdir d
	${CC:-cc} -B. -Wl,-z,separate-code -fuse-ld=lld -o d/hello "$F/hello.c"
	quiet elf-uuid-stamp -u $ONE d/hello
	stamped $ONE d/hello
	[ "$(d/hello)" = hello ]
}

@test "elf-uuid-stamp: bytes behind the ELF file are not lost, unless -f is given" {
	local n
	mkdir d
	for n in 1 7 5000; do
		[ $n = 1 ] && follow='byte follows' || follow='bytes follow'
		for tool in objcopy llvm-objcopy; do
			need $tool
			{ cat "$F/hello"; noise $n; } >d/hello
			chmod 755 d/hello
			OBJCOPY=$tool could_not d elf-uuid-stamp d/hello
			[ "$stderr" = "elf-uuid-stamp: d/hello: $n $follow the ELF file, which ends at byte $(
				stat -c %s "$F/hello"): they would be lost (-f)" ]
			OBJCOPY=$tool quiet elf-uuid-stamp -f -u $ONE d/hello
			stamped $ONE d/hello
			[ "$(d/hello)" = hello ]
		done
	done
	# What has an identity is kept as it is.
	cp "$F/hello" d/hello
	quiet elf-uuid-stamp -u $ONE d/hello
	noise 9 >>d/hello
	tree d >before
	quiet elf-uuid-stamp d/hello
	tree d | diff before -
}

@test "elf-uuid-stamp: an object of more than 65,535 sections is stamped" {
	python3 -c '
for i in range(66000):
    print(".section .text.f%d,\"ax\"\n.byte 0" % i)' >many.s
	${CC:-cc} -c -o many.o many.s
	[ "$(od -An -t u2 -j 60 -N 2 many.o | tr -d ' ')" = 0 ]
	for tool in objcopy llvm-objcopy; do
		need $tool
		cp many.o x.o
		run -1 elf-uuid x.o
		OBJCOPY=$tool quiet elf-uuid-stamp -u $ONE x.o
		[ "$(elf-uuid x.o)" = $ONE ]
	done
}

@test "elf-uuid-stamp: without /proc, as where packages are built, -b and -u stamp" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	need_mounts
	cp "$F/hello" .
	# The sanitizer of leaks takes /proc.
	ASAN_OPTIONS=detect_leaks=0 unshare -m sh -c 'mount -t tmpfs none /proc && elf-uuid-stamp -b hello && elf-uuid-stamp -f -u "$1" hello' - $ONE
	stamped $ONE hello
}

@test "elf-uuid-stamp: strip keeps it" {
	need strip
	cp "$F/hello" .
	quiet elf-uuid-stamp -u $ONE hello
	strip hello
	stamped $ONE hello
	# And a stripped file can be stamped.
	cp "$F/hello" .
	strip hello
	quiet elf-uuid-stamp -u $TWO hello
	stamped $TWO hello
	[ "$(./hello)" = hello ]
}

@test "elf-uuid-stamp: objects, libraries and static programs can be stamped" {
	printf 'int f(void) { return 7; }\n' >f.c
	printf 'int f(void); int main(void) { return f(); }\n' >main.c
	${CC:-cc} -c f.c
	${CC:-cc} -shared -fPIC -o libf.so f.c
	quiet elf-uuid-stamp -u $ONE f.o
	quiet elf-uuid-stamp -u $TWO libf.so
	stamped $ONE f.o
	stamped $TWO libf.so
	${CC:-cc} -o a main.c f.o
	run -7 ./a
	${CC:-cc} -o b main.c ./libf.so
	run -7 ./b
	printf 'void _start(void) { for (;;); }\n' >start.c
	${CC:-cc} -static -nostdlib -o static start.c
	quiet elf-uuid-stamp -u $ONE static
	stamped $ONE static
}

@test "elf-uuid-stamp: mode and time of the file are kept" {
	local mode
	for mode in 755 644 400 555 700 4755 2755 6711 1755; do
		rm -f hello
		cp "$F/hello" .
		chmod $mode hello
		touch -d '2001-02-03 04:05:06.123456789' hello
		(umask 077 && elf-uuid-stamp -u $ONE hello)
		stamped $ONE hello
		[ "$(stat -c '%a %y' hello)" = "$mode 2001-02-03 04:05:06.123456789 +0000" ] ||
			{ stat -c '%a %y' hello; false; }
	done
}

@test "elf-uuid-stamp: owner and group of the file are kept, set-id bits with them" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	cp "$F/hello" .
	chown 12345:54321 hello
	chmod 6755 hello
	quiet elf-uuid-stamp hello
	[ "$(stat -c '%u:%g %a' hello)" = '12345:54321 6755' ]
	elf-uuid hello | grep -qxE "$UUID4"
}

@test "elf-uuid-stamp: nothing but the file is left in its directory" {
	mkdir d
	cp "$F/hello" d
	quiet elf-uuid-stamp d/hello
	[ "$(ls -A d)" = hello ]
	[ "$(stat -c %h d/hello)" -eq 1 ]
}

@test "elf-uuid-stamp: a program that runs can be stamped, and runs on" {
	cp "$F/wait" prog
	mkfifo in out
	./prog <in >out 3>&- &
	exec 5>in 6<out
	read -r line <&6
	[ "$line" = up ]
	quiet elf-uuid-stamp -u $ONE prog
	stamped $ONE prog
	printf '\6' >&5
	exec 5>&-
	wait $! && status=0 || status=$?
	[ "$status" -eq 7 ]
	exec 6<&-
	[ "$(./prog </dev/null)" = up ]
}

@test "elf-uuid-stamp: a link is followed, and stays one" {
	mkdir -p d/real d/far
	cp "$F/hello" d/real/hello
	ln -s real/hello d/link
	ln -s ../link d/far/link2
	quiet elf-uuid-stamp -u $ONE d/far/link2
	stamped $ONE d/real/hello
	[ "$(readlink d/link)" = real/hello ]
	[ "$(readlink d/far/link2)" = ../link ]
	[ "$(find d | sort | xargs)" = 'd d/far d/far/link2 d/link d/real d/real/hello' ]
	# One that leads nowhere, or in a circle.
	ln -s nowhere d/dangling
	ln -s loop d/loop
	tree d >before
	fails_with 2 elf-uuid-stamp d/dangling
	fails_with 2 elf-uuid-stamp d/loop
	tree d | diff before -
}

@test "elf-uuid-stamp: names with spaces, newlines, quotes, stars and a leading dash" {
	local name
	mkdir d
	cd d
	for name in 'a b' $'new\nline' '-x' '--help' '*' 'it'"'"'s' '"$(id)"' '%s' 'a=b' '\n' $'\e[m' '-' ' '; do
		cp "$F/hello" "./$name"
		quiet elf-uuid-stamp -u $ONE -- "$name"
		stamped $ONE "./$name"
		[ "$("./$name")" = hello ]
		rm -f wanted-uuid got-uuid
		[ "$(ls -A | wc -l)" -eq "$(printf '%s\n' "$name" | wc -l)" ]
		rm -- "./$name"
	done
	# And directories of such names.
	for name in 'a b' $'new\nline' '-x' '*' 'a=b' ' '; do
		mkdir -- "./$name"
		cp "$F/hello" "./$name/hello"
		quiet elf-uuid-stamp -u $ONE -- "$name/hello"
		stamped $ONE "./$name/hello"
		[ "$(ls -A "./$name")" = hello ]
	done
}

@test "elf-uuid-stamp: a name that ends in a newline is not another's" {
	mkdir d
	cp "$F/hello" d/x
	cp "$F/hello" d/x$'\n'
	cp d/x x
	elf-uuid-stamp -u $ONE d/x$'\n' || [ $? -eq 2 ]
	cmp x d/x
}

@test "elf-uuid-stamp: finds elf-uuid beside itself" {
	cp "$F/hello" .
	quiet env PATH=/usr/bin:/bin "$BUILD/elf-uuid-stamp" -u $ONE hello
	stamped $ONE hello
}

@test "elf-uuid-stamp: an objcopy that fails leaves the file as it was" {
	mkdir d
	cp "$F/hello" d
	chmod 4755 d/hello
	for tool in false /none/objcopy 'sh -c "exit 3"'; do
		OBJCOPY=$tool could_not d elf-uuid-stamp -u $ONE d/hello
		[[ $stderr == *d/hello* ]]
	done
	# One that fails half way, one that does nothing, one that loses the file, and one that lies.
	cat >objcopy <<-'EOF'
	#!/bin/sh
	for last; do
		before=${this-}
		this=$last
	done
	case $HOW in
	half) head -c 1000 "$before" >"$last"; exit 1 ;;
	nothing) ;;
	copy) cp "$before" "$last" ;;
	empty) : >"$last" ;;
	text) echo text >"$last" ;;
	half0) head -c 1000 "$before" >"$last" ;;
	other) objcopy --add-section .uuid=/etc/passwd "$before" "$last" ;;
	killed) cp "$before" "$last"; kill -9 $$ ;;
	esac
	EOF
	chmod 755 objcopy
	for HOW in half nothing copy empty text half0 other killed; do
		export HOW
		OBJCOPY=$PWD/objcopy could_not d elf-uuid-stamp -u $ONE d/hello
		[[ $stderr == *d/hello* ]] || { echo "$HOW: $stderr"; false; }
	done
}

@test "elf-uuid-stamp: OBJCOPY may hold options" {
	cp "$F/hello" .
	OBJCOPY='objcopy --strip-all' quiet elf-uuid-stamp -u $ONE hello
	stamped $ONE hello
	run ! grep -q '\.symtab' <(readelf -SW hello)
	OBJCOPY= quiet elf-uuid-stamp -f -u $TWO hello
	stamped $TWO hello
}

@test "elf-uuid-stamp: a signal leaves the file as it was, and nothing beside it" {
	local sig sh
	mkdir d
	cp "$F/hello" d
	tree d >before
	cat >tool <<-'EOF'
	#!/bin/sh
	echo started >&9
	sleep 0.3
	exit 1
	EOF
	chmod 755 tool
	mkfifo started
	for sh in dash 'busybox ash'; do
		need ${sh%% *}
		for sig in TERM INT HUP; do
			exec 9<>started
			# A job in the background of a shell without job control ignores SIGINT.
			OBJCOPY=$PWD/tool python3 -c '
import signal, subprocess, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.alarm(60)
p = subprocess.Popen(sys.argv[2:], pass_fds=[9])
open("started").readline()
p.send_signal(getattr(signal, "SIG" + sys.argv[1]))
sys.exit(p.wait() == 0)' $sig $sh "$BUILD/elf-uuid-stamp" d/hello 2>err
			tree d | diff before - || { echo "$sh, $sig"; false; }
		done
	done
}

@test "elf-uuid-stamp: -O: a signal leaves the old object as it was, and nothing beside it" {
	local sig sh
	mkdir d
	echo mine >d/object.o
	tree d >before
	cat >tool <<-'EOF'
	#!/bin/sh
	echo started >&9
	sleep 0.3
	exit 1
	EOF
	chmod 755 tool
	mkfifo started
	for sh in dash 'busybox ash'; do
		need ${sh%% *}
		for sig in TERM INT HUP; do
			exec 9<>started
			CC=$PWD/tool python3 -c '
import signal, subprocess, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.alarm(60)
p = subprocess.Popen(sys.argv[2:], pass_fds=[9])
open("started").readline()
p.send_signal(getattr(signal, "SIG" + sys.argv[1]))
sys.exit(p.wait() == 0)' $sig $sh "$BUILD/elf-uuid-stamp" -O d/object.o 2>err
			tree d | diff before - || { echo "$sh, $sig"; false; }
		done
	done
}

@test "elf-uuid-stamp: a directory that cannot be written leaves the file as it was" {
	mkdir d
	cp "$F/hello" d
	if [ "$(id -u)" -ne 0 ]; then
		chmod 555 d
		could_not d elf-uuid-stamp -u $ONE d/hello
		[[ $stderr == *d/hello* ]]
		chmod 755 d
		return
	fi
	need_mounts
	cat >readonly <<-'EOF'
	#!/bin/sh
	mount --bind d d && mount -o remount,bind,ro d || exit 77
	exec elf-uuid-stamp "$@"
	EOF
	could_not d unshare -m sh readonly -u $ONE d/hello
	[[ $stderr == *d/hello* ]]
	could_not d unshare -m sh readonly -O d/object
}

@test "elf-uuid-stamp: a full disk leaves the file as it was" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	need_mounts
	mkdir d
	cat >full <<-'EOF'
	mount -t tmpfs -o size=64k none d || exit 77
	cp "$1" d/hello
	chmod 4755 d/hello
	touch -d 2001-02-03 d/hello
	# Room for a directory and a small file, for a part of the copy, or for nothing.
	dd if=/dev/zero of=d/filling bs=4096 count="$2" 2>/dev/null
	df --output=avail d | tail -n 1
	sum=$(cksum <d/hello)
	stat -c '%a %y %s' d/hello
	elf-uuid-stamp d/hello
	echo "status $?"
	[ "$sum" = "$(cksum <d/hello)" ] && echo same
	stat -c '%a %y %s' d/hello
	elf-uuid-stamp -O d/object
	echo "status $?"
	ls -A d
	EOF
	size=$(stat -c %s "$F/hello")
	for left in 0 1 2 3; do
		run -0 --separate-stderr unshare -m sh full "$F/hello" $((16 - (size + 4095) / 4096 - left))
		[ "${lines[0]}" -le $((4 * left)) ] || { echo "$output"; false; }
		printf '%s\n' "${lines[@]:1}" >said
		cat >wanted <<-EOF
		4755 2001-02-03 00:00:00.000000000 +0000 $size
		status 2
		same
		4755 2001-02-03 00:00:00.000000000 +0000 $size
		status 2
		filling
		hello
		EOF
		if [ $left -gt 0 ]; then
			# The object is small enough.
			sed -i -e '5s/.*/status 0/' -e '$a object' wanted
		fi
		diff wanted said || { echo "$left left: $stderr"; false; }
	done
}

@test "elf-uuid-stamp: with llvm-objcopy files of any byte order can be stamped" {
	local target
	need clang ld.lld llvm-objcopy
	printf 'void _start(void) { for (;;); }\n' >start.c
	for target in powerpc-linux-gnu mips-linux-gnu aarch64-linux-gnu powerpc64-linux-gnu arm-linux-gnueabi; do
		clang --target=$target -nostdlib -static -fuse-ld=lld -Wl,--build-id=sha1 -o prog start.c 2>err ||
			{ cat err; false; }
		OBJCOPY=llvm-objcopy quiet elf-uuid-stamp -u $ONE prog
		stamped $ONE prog
		OBJCOPY=llvm-objcopy quiet elf-uuid-stamp prog
		stamped $ONE prog
		OBJCOPY=llvm-objcopy quiet elf-uuid-stamp -b -f prog
		stamped "$(as_version_8 "$(elf-uuid -b prog)")" prog
	done
	cp "$F/hello" .
	OBJCOPY=llvm-objcopy quiet elf-uuid-stamp -u $TWO hello
	stamped $TWO hello
	[ "$(./hello)" = hello ]
}

@test "elf-uuid-stamp: the same under dash, busybox ash and bash" {
	local sh
	for sh in dash 'busybox ash' 'bash --posix'; do
		need ${sh%% *}
		stamp="$sh $BUILD/elf-uuid-stamp"
		rm -rf d
		mkdir d
		cp "$F/hello" "d/a b"
		cp "$F/wait" d/-x
		chmod 4755 d/-x
		touch -d 2001-02-03 d/-x
		$stamp -h >usage 2>err
		[ ! -s err ]
		elf-uuid-stamp -h | diff - usage
		$stamp -V | diff <(elf-uuid-stamp -V) -
		run -2 --separate-stderr $stamp -Z
		[[ $stderr == 'elf-uuid-stamp: '* ]]
		diff usage <(printf '%s\n' "${stderr_lines[@]:1}")
		run -2 --separate-stderr $stamp
		diff usage <(echo "$stderr")
		(cd d && quiet $stamp -- 'a b' -x)
		elf-uuid 'd/a b' | grep -qxE "$UUID4"
		elf-uuid -- d/-x | grep -qxE "$UUID4"
		[ "$(stat -c '%a %y' d/-x)" = '4755 2001-02-03 00:00:00.000000000 +0000' ]
		quiet $stamp -f -u "${ONE^^}" 'd/a b'
		stamped $ONE 'd/a b'
		quiet $stamp -fb 'd/a b'
		stamped "$(as_version_8 "$(elf-uuid -b 'd/a b')")" 'd/a b'
		OBJCOPY=false could_not d $stamp -f 'd/a b'
		could_not d $stamp d/missing
		could_not d $stamp -u nothing 'd/a b'
		cp "$F/none" d/none
		could_not d $stamp -b d/none
		quiet $stamp -O d/object.o -u $TWO
		[ "$(elf-uuid d/object.o)" = $TWO ]
		[ "$(stat -c %a d/object.o)" = 644 ]
		CC=false could_not d $stamp -O d/object.o
		[ "$(ls -A d | xargs)" = '-x a b none object.o' ]
	done
}

@test "elf-uuid-stamp: -O makes an object whose note is the program's, when linked" {
	mkdir d
	cd d
	for how in '' -static-pie '-Wl,--gc-sections -ffunction-sections -fdata-sections' '-s' '-no-pie' \
		'-Wl,-z,noseparate-code' '-O2 -flto'; do
		quiet elf-uuid-stamp -O note.o -u "${ONE^^}"
		[ "$(elf-uuid note.o)" = $ONE ]
		[ "$(stat -c %a note.o)" = 644 ]
		program note.o $how || { [ "$how" = -static-pie ] && continue; }
		[ "$(./linked)" = hello ]
		[ "$(elf-uuid linked)" = $ONE ] || { echo "$how"; false; }
		# The other notes are not disturbed.
		[ -n "$(elf-uuid -b linked)" ]
	done
	# A library has one too.
	${CC:-cc} -shared -fPIC -Wl,--gc-sections -o lib.so "$F/hello.c" note.o
	[ "$(elf-uuid lib.so)" = $ONE ]
	[ "$(ls -A | xargs)" = 'lib.so linked note.o' ]
}

@test "elf-uuid-stamp: the note of -O is loaded, in a segment of notes" {
	need strip eu-readelf
	quiet elf-uuid-stamp -O note.o -u $ONE
	program note.o -Wl,--gc-sections
	readelf -lW linked >headers
	awk '$1 ~ /^(PHDR|INTERP|LOAD|DYNAMIC|NOTE|TLS|GNU_.*)$/ { type[n++] = $1 }
		$1 ~ /^[0-9][0-9]$/ { for (i = 2; i <= NF; i++) if ($i == ".note.uuid") print type[$1 + 0] }' \
		headers | sort >types
	printf 'LOAD\nNOTE\n' | diff - types || { cat headers; false; }
	# As others read it.
	eu-readelf -n linked | grep -qE '^  gzcore +16  '
	strip linked
	[ "$(elf-uuid linked)" = $ONE ]
	# By the program headers alone, as in a core.
	python3 -c '
import struct
b = bytearray(open("linked", "rb").read())
big = b[5] == 2
e = ">" if big else "<"
if b[4] == 2:
    struct.pack_into(e + "Q", b, 40, 0)
    struct.pack_into(e + "HHH", b, 58, 0, 0, 0)
else:
    struct.pack_into(e + "I", b, 32, 0)
    struct.pack_into(e + "HHH", b, 46, 0, 0, 0)
open("headless", "wb").write(b)'
	[ "$(elf-uuid headless)" = $ONE ]
}

@test "elf-uuid-stamp: the note of -O is on the first page, which cores have, beside a build-id" {
	local linker how size
	quiet elf-uuid-stamp -O note.o -u $ONE
	for linker in bfd gold lld; do
		command -v ld.$linker >/dev/null || continue
		for how in '' -no-pie -static -static-pie '-shared -fPIC'; do
			# shellcheck disable=SC2086 # options
			program note.o -fuse-ld=$linker $how -Wl,--build-id 2>/dev/null || continue
			size=$(readelf -SW linked | sed -nE 's/^.* \.note\.uuid +NOTE +[0-9a-f]+ ([0-9a-f]+) .*$/\1/p')
			[ $((0x$size + 36)) -le 4096 ] || { echo "$linker $how: at 0x$size"; return 1; }
		done
	done
}

@test "elf-uuid-stamp: -O makes no stack executable" {
	quiet elf-uuid-stamp -O note.o
	program note.o
	readelf -lW linked | grep -qE '^ +GNU_STACK .* RW +0x[0-9a-f]+$'
}

@test "elf-uuid-stamp: -O without -u takes a random UUID, another each time" {
	quiet elf-uuid-stamp -O a.o
	quiet elf-uuid-stamp -O b.o
	[ "$({ elf-uuid a.o; elf-uuid b.o; } | sort -u | grep -cxE "$UUID4")" -eq 2 ]
}

@test "elf-uuid-stamp: -O runs CC with its options" {
	local t target class data
	need clang ld.lld eu-readelf
	printf 'void _start(void) { for (;;); }\n' >start.c
	for t in powerpc-linux-gnu:ELF32:big powerpc64-linux-gnu:ELF64:big mips-linux-gnu:ELF32:big \
		arm-linux-gnueabi:ELF32:little aarch64-linux-gnu:ELF64:little i386-linux-gnu:ELF32:little \
		s390x-linux-gnu:ELF64:big; do
		IFS=: read -r target class data <<<"$t"
		CC="clang --target=$target" quiet elf-uuid-stamp -O note.o -u $ONE
		[ "$(elf-uuid note.o)" = $ONE ]
		readelf -hW note.o >header 2>/dev/null
		grep -qE "Class: +$class$" header
		grep -qE "Data: .*$data endian" header
		[ $target != s390x-linux-gnu ] || continue
		clang --target=$target -nostdlib -static -fuse-ld=lld -Wl,--gc-sections -o prog start.c note.o 2>err ||
			{ cat err; false; }
		[ "$(elf-uuid prog)" = $ONE ]
	done
}

@test "elf-uuid-stamp: an object of -O has the caller's mode" {
	for mask in 022:644 077:600 027:640 002:664 000:666; do
		(umask "${mask%:*}" && quiet elf-uuid-stamp -O "o$mask")
		[ "$(stat -c %a "o$mask")" = "${mask#*:}" ]
	done
}

@test "elf-uuid-stamp: -O with a compiler that fails leaves what was there" {
	mkdir d
	for tool in false /none/cc 'sh -c "exit 3"'; do
		rm -f d/*
		CC=$tool could_not d elf-uuid-stamp -O d/object.o
		[[ $stderr == *d/object.o* ]]
		echo mine >d/object.o
		CC=$tool could_not d elf-uuid-stamp -O d/object.o
	done
	cat >cc <<-'EOF'
	#!/bin/sh
	for arg; do
		[ "$before" != -o ] || echo half >"$arg"
		before=$arg
	done
	exit 1
	EOF
	chmod 755 cc
	CC=$PWD/cc could_not d elf-uuid-stamp -O d/object.o
	quiet elf-uuid-stamp -O d/object.o -u $ONE
	[ "$(elf-uuid d/object.o)" = $ONE ]
}

@test "elf-uuid-stamp: -O into a directory that is missing is an error" {
	mkdir d
	could_not d elf-uuid-stamp -O d/none/object.o
}

@test "elf-uuid-stamp: -O does not take a directory for the object" {
	mkdir -p d/dir
	could_not d elf-uuid-stamp -O d/dir
	could_not d elf-uuid-stamp -O d/dir/
}

@test "elf-uuid-stamp: -O takes names with spaces, newlines and stars" {
	local name
	mkdir d
	cd d
	for name in 'a b.o' $'new\nline.o' '*' '%s' 'a=b' $'end\n'; do
		quiet elf-uuid-stamp -u $ONE -O "$name"
		[ "$(elf-uuid -- "$name")" = $ONE ]
		rm -- "./$name"
		[ -z "$(ls -A)" ]
	done
}

@test "elf-uuid-stamp: -O takes a name with a leading dash" {
	mkdir d
	cd d
	quiet elf-uuid-stamp -u $ONE -O -x.o
	[ "$(elf-uuid -- -x.o)" = $ONE ]
	[ "$(ls -A)" = -x.o ]
}
