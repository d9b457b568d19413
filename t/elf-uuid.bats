# elf-uuid: the identity of ELF files.

load lib/common

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	UUID=0f3c2a51-8d7e-4b6a-9c1d-2e5f7a8b9c0d
	NOTE=c0ffee00-1122-4344-9566-778899aabbcc
	BUILD_ID=00112233445566778899aabbccddeeff00112233
	export UUID NOTE BUILD_ID PYTHONPATH=$BATS_FILE_TMPDIR PYTHONDONTWRITEBYTECODE=1

	# The notes, for any machine; the preprocessor chooses.
	cat >id.S <<-'EOF'
		.section .note.GNU-stack,"",%progbits
	#ifdef NOTE
		.section .note.uuid,"a",%note
		.balign 4
		.4byte 7
		.4byte 16
		.4byte 1
		.asciz "gzcore"
		.balign 4
		.byte 0xc0, 0xff, 0xee, 0x00, 0x11, 0x22, 0x43, 0x44
		.byte 0x95, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc
	#endif
	#ifdef BUILD_ID
		.section .note.gnu.build-id,"a",%note
		.balign 4
		.4byte 4
		.4byte 20
		.4byte 3
		.asciz "GNU"
		.byte 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99
		.byte 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x00, 0x11, 0x22, 0x33
	#endif
	#ifdef UUID
		.section .uuid,"",%progbits
		.ascii "0f3c2a51-8d7e-4b6a-9c1d-2e5f7a8b9c0d"
	#endif
	EOF
	echo 'int x; int main(void) { return x; }' >main.c
	echo 'int x; int _start(void); int _start(void) { return x; }' >start.c
	# prog has a build-id alone; none has no identity; all has each; note has it and a build-id.
	build -o prog main.c "-Wl,--build-id=0x$BUILD_ID"
	build -o none main.c -Wl,--build-id=none
	build -o note main.c id.S -DNOTE "-Wl,--build-id=0x$BUILD_ID"
	build -o all main.c id.S -DNOTE -DUUID "-Wl,--build-id=0x$BUILD_ID"
	# A small one for the hostile changes.
	build -o small -static -nostdlib -Wl,-z,noseparate-code start.c id.S -DNOTE -DUUID \
		"-Wl,--build-id=0x$BUILD_ID"

	# For the tests that change bytes.
	cat >hostile.py <<-'EOF'
	import re, struct, subprocess, sys

	class Elf:
	    """A 64-bit little-endian ELF file whose fields can be changed by name."""
	    EHDR = dict(shoff=(40, "Q"), phoff=(32, "Q"), ehsize=(52, "H"), phentsize=(54, "H"),
	        phnum=(56, "H"), shentsize=(58, "H"), shnum=(60, "H"), shstrndx=(62, "H"))
	    SHDR = dict(name=(0, "I"), type=(4, "I"), flags=(8, "Q"), offset=(24, "Q"), size=(32, "Q"),
	        link=(40, "I"), align=(48, "Q"), entsize=(56, "Q"))
	    PHDR = dict(type=(0, "I"), offset=(8, "Q"), filesz=(32, "Q"), align=(48, "Q"))
	    def __init__(self, path):
	        self.b = bytearray(open(path, "rb").read())
	    def at(self, field, base, table):
	        return base + table[field][0], "<" + table[field][1]
	    def get(self, field, base=0, table=EHDR):
	        off, f = self.at(field, base, table)
	        return struct.unpack_from(f, self.b, off)[0]
	    def set(self, value, field, base=0, table=EHDR):
	        off, f = self.at(field, base, table)
	        struct.pack_into(f, self.b, off, value & (1 << 8 * struct.calcsize(f)) - 1)
	        return self
	    def sections(self):
	        return [self.get("shoff") + 64 * i for i in range(self.get("shnum"))]
	    def segments(self):
	        return [self.get("phoff") + 56 * i for i in range(self.get("phnum"))]
	    def section(self, name):
	        names = self.get("offset", self.sections()[self.get("shstrndx")], self.SHDR)
	        for s in self.sections():
	            p = names + self.get("name", s, self.SHDR)
	            if self.b[p:self.b.index(b"\0", p)] == name:
	                return s

	failed = 0

	def check(data, what, *args, may=(0, 1, 2), out=None):
	    """elf-uuid takes these bytes with one of the statuses and at most a line of complaint."""
	    global failed
	    with open("x", "wb") as f:
	        f.write(data)
	    try:
	        p = subprocess.run(["elf-uuid", *args, "x"], capture_output=True, timeout=20)
	    except subprocess.TimeoutExpired:
	        print(what, args, "has not ended after 20 s")
	        failed += 1
	        return None
	    lines = p.stderr.count(b"\n") if p.stderr.endswith(b"\n") or not p.stderr else -1
	    if p.returncode not in may or \
	        lines != (p.returncode != 0) or (lines and not p.stderr.startswith(b"elf-uuid: x: ")) or \
	        not re.fullmatch(rb"[ -~]+\n" if p.returncode == 0 else rb"", p.stdout) or \
	        (out is not None and p.stdout != out):
	        print(what, args, "status", p.returncode, p.stdout, p.stderr)
	        open("bad.%d" % failed, "wb").write(data)
	        failed += 1
	    return p.returncode

	def end():
	    sys.exit(failed > 0)
	EOF
}

build() {
	${CC:-cc} "$@"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	F=$BATS_FILE_TMPDIR
}

# with_section OUT FROM [NAME]: FROM with standard input as its section NAME, .uuid unless given.
with_section() {
	cat >section
	objcopy --add-section "${3:-.uuid}=section" --set-section-flags "${3:-.uuid}=readonly" "$2" "$1"
}

# says ARG… TEXT: elf-uuid with the arguments prints the text, a newline, and nothing else.
says() {
	local n=$(($# - 1)) rc=0
	elf-uuid "${@:1:n}" >out 2>err </dev/null || rc=$?
	[ $rc -eq 0 ] || { echo "elf-uuid ${*:1:n}: status $rc: $(cat err)"; return 1; }
	printf '%s\n' "${!#}" | diff - out || return 1
	[ ! -s err ]
}

# none ARG…: exit 1, one line that says so.
none() {
	fails_with 1 elf-uuid "$@"
	[ "$stderr" = "elf-uuid: ${!#}: no identity" ]
}

# readelf_id FILE: the build-id as readelf has it.
readelf_id() {
	readelf -n "$1" 2>/dev/null | sed -n 's/^ *Build ID: //p' | head -n 1
}

# --- misuse, input and output -------------------------------------------------------------------

@test "elf-uuid: -h and -V answer on standard output, a bad option is misuse" {
	answers elf-uuid
}

@test "elf-uuid: -b excludes -s, -r takes one FILE, -s needs a section" {
	usage_error elf-uuid -b -s .uuid "$F/all"
	usage_error elf-uuid -s
	fails_with 2 elf-uuid -r "$F/all" "$F/all"
	fails_with 2 elf-uuid -r -b "$F/all" -
}

@test "elf-uuid: a missing file and a directory are errors" {
	mkdir d
	fails_with 2 elf-uuid missing
	[ "$stderr" = "elf-uuid: missing: No such file or directory" ]
	fails_with 2 elf-uuid d
	[ "$stderr" = "elf-uuid: d: Is a directory" ]
	fails_with 2 elf-uuid <d
	fails_with 2 elf-uuid ''
	run -2 bash -c 'elf-uuid <&-'
	[[ $output == 'elf-uuid: <stdin>: '* ]]
}

@test "elf-uuid: a file that may not be read is an error" {
	[ "$(id -u)" -eq 0 ] || skip "not root"
	need setpriv
	cp "$F/all" .
	chmod 0 all
	cp "$(command -v elf-uuid)" .
	run -2 setpriv --reuid 65534 --regid 65534 --clear-groups ./elf-uuid all
	[ "$output" = "elf-uuid: all: Permission denied" ]
}

@test "elf-uuid: empty input, garbage and other formats are not ELF files" {
	: >empty
	noise 5000 >garbage
	printf '\177ELF' >magic
	printf '\177EL' >almost
	head -c 15 "$F/all" >fifteen
	head -c 63 "$F/all" >header
	head -c 5000 /dev/zero >zeros
	echo '#!/bin/sh' >script
	for f in empty garbage magic almost fifteen header zeros script; do
		for option in '' -b -r -s.uuid; do
			fails_with 2 elf-uuid $option $f
			[[ $stderr == "elf-uuid: $f: not an ELF file" || $f =~ magic|fifteen|header ]]
			fails_with 2 elf-uuid $option <$f
			run -2 bash -c "cat $f | elf-uuid $option"
			[ "${#lines[@]}" -eq 1 ]
			[[ $output == "elf-uuid: <stdin>: "* ]]
		done
	done
}

@test "elf-uuid: endless input that is no ELF file is refused at its start" {
	run -2 timeout 120 elf-uuid /dev/zero
	[ "$output" = "elf-uuid: /dev/zero: not an ELF file" ]
	run -2 timeout 120 elf-uuid </dev/zero
	run -2 timeout 120 bash -c 'yes | elf-uuid'
	[ "$output" = "elf-uuid: <stdin>: not an ELF file" ]
	run -2 timeout 120 bash -c 'yes | elf-uuid /dev/fd/0'
}

@test "elf-uuid: refuses to read from a terminal" {
	run -2 on_terminal elf-uuid < <(echo typed)
	[ "$output" = "elf-uuid: <stdin>: is a terminal: an ELF file is not read from there" ]
	run -2 on_terminal elf-uuid - < <(echo typed)
	run -2 on_terminal elf-uuid /dev/tty </dev/null
}

@test "elf-uuid: a full disk, a closed standard output and a reader that has gone are errors" {
	for option in '' -b -r; do
		run -2 bash -c "elf-uuid $option '$F/all' 2>&1 >/dev/full"
		[[ $output == 'elf-uuid: <stdout>: '* ]]
		run -2 bash -c "elf-uuid $option '$F/all' 2>&1 >&-"
		[[ $output == 'elf-uuid: <stdout>: '* ]]
		run -2 reader_gone elf-uuid $option "$F/all"
		[[ $output == 'elf-uuid: <stdout>: '* ]]
	done
}

@test "elf-uuid: a file, standard input, a pipe and a FIFO say the same" {
	cp "$F/all" .
	says all "$UUID"
	says ./all "$UUID"
	elf-uuid <all >out.1
	elf-uuid - <all >out.2
	cat all | elf-uuid >out.3
	slowly <all | elf-uuid - >out.4
	mkfifo fifo
	cat all >fifo 3>&- &
	elf-uuid fifo >out.5
	elf-uuid <(cat all) >out.6
	wait
	for i in 1 2 3 4 5 6; do
		echo "$UUID" | cmp - out.$i
	done
}

@test "elf-uuid: a pipe that held no ELF file does not spoil the next" {
	mkfifo a b c d
	echo garbage >a 3>&- &
	cat "$F/all" >b 3>&- &
	: >c 3>&- &
	cat "$F/prog" >d 3>&- &
	rc=0
	elf-uuid a b c d >out 2>err || rc=$?
	wait
	[ $rc -eq 2 ]
	printf '%s\n' "b: $UUID" "d: $BUILD_ID" | diff - out
	printf 'elf-uuid: %s\n' 'a: not an ELF file' 'c: not an ELF file' | diff - err
}

@test "elf-uuid: a pipe needs a place for its copy" {
	run -2 bash -c "TMPDIR=$PWD/nowhere elf-uuid < <(cat '$F/all') 2>&1"
	[ "$output" = "elf-uuid: <stdin>: No such file or directory" ]
	# A file needs none, and standard input that is one neither.
	TMPDIR=$PWD/nowhere says "$F/all" "$UUID"
	run -0 bash -c "TMPDIR=$PWD/nowhere elf-uuid <'$F/all'"
	mkdir tmp
	run -0 bash -c "TMPDIR=$PWD/tmp elf-uuid < <(cat '$F/all')"
	[ "$output" = "$UUID" ]
	[ -z "$(ls -A tmp)" ]
}

@test "elf-uuid: a copy that does not fit is an error" {
	[ "$(id -u)" -eq 0 ] || skip "not root"
	mkdir mnt
	mount -t tmpfs -o size=8k none mnt || skip "no tmpfs can be mounted"
	run -2 bash -c "TMPDIR=$PWD/mnt elf-uuid < <(cat '$F/all') 2>&1"
	umount mnt
	[ "$output" = "elf-uuid: <stdin>: No space left on device" ]
}

@test "elf-uuid: several files have a line each, with their names, and the worst status counts" {
	cp "$F"/{all,note,prog,none} .
	run -0 elf-uuid all note prog
	printf '%s\n' "all: $UUID" "note: $NOTE" "prog: $BUILD_ID" | diff - <(echo "$output")
	run -0 elf-uuid -b all all
	printf '%s\n' "all: $BUILD_ID" "all: $BUILD_ID" | diff - <(echo "$output")
	rc=0
	elf-uuid none all missing prog none >out 2>err || rc=$?
	[ $rc -eq 2 ]
	printf '%s\n' "all: $UUID" "prog: $BUILD_ID" | diff - out
	printf 'elf-uuid: %s\n' 'none: no identity' 'missing: No such file or directory' \
		'none: no identity' | diff - err
	run -1 elf-uuid all none all
	run -2 elf-uuid missing all
	run -2 elf-uuid missing none
	run -1 elf-uuid none none
	run -0 bash -c 'elf-uuid - note <all'
	printf '%s\n' "<stdin>: $UUID" "note: $NOTE" | diff - <(echo "$output")
}

@test "elf-uuid: a file name of odd bytes is escaped, so that a line is a line" {
	name=$'a\e[2J\nb\\\xff'
	cp "$(command -v bash)" "$name"
	cp "$(command -v bash)" other
	id=$(elf-uuid -b other)
	run -0 --separate-stderr elf-uuid -b "$name" other
	[ "$output$stderr" = 'a\0033[2J\0012b\0134\0377: '"$id"$'\n'"other: $id" ]
	fails_with 2 elf-uuid $'no\e\n'
	[ "$stderr" = 'elf-uuid: no\0033\0012: No such file or directory' ]
}

@test "elf-uuid: a name that starts with a dash stands behind --" {
	cp "$F/all" ./-b
	says -- -b "$UUID"
}

# --- the section --------------------------------------------------------------------------------

@test "elf-uuid: the text of a UUID is printed in lower case, white space at its end is left out" {
	for text in "$UUID" "${UUID^^}" "$UUID\\n" "${UUID^^}\\n" "$UUID\\r\\n" "$UUID\\0" "$UUID \\t\\n\\0\\0"; do
		# shellcheck disable=SC2059
		printf "$text" | with_section x "$F/prog"
		says x "$UUID"
		says -s .uuid x "$UUID"
		says -b x "$BUILD_ID"
	done
}

@test "elf-uuid: a text that is no UUID is printed as it is" {
	while IFS= read -r text; do
		printf '%s\n' "$text" | with_section x "$F/prog"
		says x "$text"
	done <<-'EOF'
	b-42
	X
	Version 1.2 (ABC)
	 a blank at the start
	0F3C2A51-8D7E-4B6A-9C1D-2E5F7A8B9C0G
	0F3C2A51x8D7E-4B6A-9C1D-2E5F7A8B9C0D
	0F3C2A518D7E4B6A9C1D2E5F7A8B9C0D
	{0F3C2A51-8D7E-4B6A-9C1D-2E5F7A8B9C0D}
	EOF
}

@test "elf-uuid: 16 bytes that are no text are a UUID" {
	raw='\x0f\x3c\x2a\x51\x8d\x7e\x4b\x6a\x9c\x1d\x2e\x5f\x7a\x8b\x9c\x0d'
	printf '%b' "$raw" | with_section x "$F/prog"
	says x "$UUID"
	says -s .uuid x "$UUID"
	head -c 16 /dev/zero | with_section x "$F/prog"
	says x 00000000-0000-0000-0000-000000000000
	printf '\xff%.0s' {1..16} | with_section x "$F/prog"
	says x ffffffff-ffff-ffff-ffff-ffffffffffff
	printf 'abcdefgh\x01jklmnop' | with_section x "$F/prog"
	says x 61626364-6566-6768-016a-6b6c6d6e6f70
	# A byte more or less is text.
	printf '%b\x01' "$raw" | with_section x "$F/prog"
	says x '\0017<*Q\0215~Kj\0234\0035._z\0213\0234\0015\0001'
	printf '%b' "${raw%\\*}" | with_section x "$F/prog"
	says x '\0017<*Q\0215~Kj\0234\0035._z\0213\0234'
}

@test "elf-uuid: a text that makes 16 bytes with its newline is a text" {
	printf '0123456789abcdef' | with_section x "$F/prog"
	says x 0123456789abcdef
	printf '0123456789abcde\n' | with_section x "$F/prog"
	says x 0123456789abcde
	printf '0123456789abcd\r\n' | with_section x "$F/prog"
	says x 0123456789abcd
	printf '0123456789abcde\0' | with_section x "$F/prog"
	says x 0123456789abcde
	printf 'build 7\0\0\0\0\0\0\0\0\0' | with_section x "$F/prog"
	says x 'build 7'
}

@test "elf-uuid: odd bytes of a text are escaped, so that a line is a line" {
	printf 'a\nb\tc\\d\033[2J\177\200\377 e\n' | with_section x "$F/prog"
	says x 'a\0012b\0011c\0134d\0033[2J\0177\0200\0377 e'
	printf 'a\0b\n' | with_section x "$F/prog"
	says x 'a\0000b'
	printf 'grün\n' | with_section x "$F/prog"
	says x 'gr\0303\0274n'
}

@test "elf-uuid: a text of 256 bytes is an identity, a longer one is passed over" {
	local text
	text=$(head -c 256 /dev/zero | tr '\0' t)
	objcopy --remove-section .uuid "$F/all" plain
	printf '%s' "$text" | with_section x plain
	says x "$text"
	printf '%s\n\n\n' "$text" | with_section x plain
	says x "$text"
	# The most escapes that there can be.
	printf '\001%.0s' {1..256} | with_section x plain
	says x "$(printf '\\0001%.0s' {1..256})"
	for bytes in 257 4096; do
		head -c $bytes /dev/zero | tr '\0' t | with_section x plain
		says x "$NOTE"
		says -b x "$BUILD_ID"
		none -s .uuid x
	done
	head -c 257 /dev/zero | tr '\0' t | with_section x "$F/prog"
	says x "$BUILD_ID"
	head -c 257 /dev/zero | tr '\0' t | with_section x "$F/none"
	none x
}

@test "elf-uuid: a section over 4096 bytes is an error, but not when it was not asked for" {
	head -c 4097 /dev/zero | tr '\0' t | with_section x "$F/prog"
	fails_with 2 elf-uuid x
	[ "$stderr" = "elf-uuid: x: section .uuid: over 4096 bytes" ]
	fails_with 2 elf-uuid -r x
	fails_with 2 elf-uuid -s .uuid x
	says -b x "$BUILD_ID"
}

@test "elf-uuid: an empty section is no identity" {
	for text in '' ' ' '\n' '\0\0\0' ' \t\r\n'; do
		# shellcheck disable=SC2059
		printf "$text" | with_section x "$F/prog"
		says x "$BUILD_ID"
		none -s .uuid x
	done
}

@test "elf-uuid: the section counts first, then the note, then the build-id" {
	says "$F/all" "$UUID"
	objcopy --remove-section .uuid "$F/all" x
	says x "$NOTE"
	objcopy --remove-section .uuid --remove-section .note.uuid "$F/small" x
	says x "$BUILD_ID"
	says "$F/note" "$NOTE"
	says "$F/prog" "$BUILD_ID"
	none "$F/none"
	echo text | with_section x "$F/none"
	says x text
}

@test "elf-uuid: -b prints the build-id and nothing in its place" {
	for f in all note prog small; do
		says -b "$F/$f" "$BUILD_ID"
	done
	none -b "$F/none"
	build -o x "$F/main.c" "$F/id.S" -DNOTE -DUUID -Wl,--build-id=none
	says x "$UUID"
	none -b x
}

@test "elf-uuid: -r prints the bytes as they stand in the file" {
	printf '%s\n' "${UUID^^}" | with_section x "$F/prog"
	elf-uuid -r x >out
	printf '%s\n' "${UUID^^}" | cmp - out
	printf '\x0f\x3c\x2a\x51\x8d\x7e\x4b\x6a\x9c\x1d\x2e\x5f\x7a\x8b\x9c\x0d' >raw
	with_section x "$F/prog" <raw
	elf-uuid -r x >out
	cmp raw out
	elf-uuid -rs .uuid x >out
	cmp raw out
	elf-uuid -r "$F/note" >out
	printf '\xc0\xff\xee\x00\x11\x22\x43\x44\x95\x66\x77\x88\x99\xaa\xbb\xcc' | cmp - out
	for option in -r -rb; do
		elf-uuid $option "$F/prog" >out
		printf '\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff\x00\x11\x22\x33' |
			cmp - out
	done
	none -r "$F/none"
	none -rb "$F/none"
	cat "$F/all" | elf-uuid -r - >out
	printf '%s' "$UUID" | cmp - out
}

@test "elf-uuid: -s prints what the section holds, and nothing in its place" {
	printf 'release 7\n' | with_section x "$F/all" .release
	says -s .release x 'release 7'
	says x "$UUID"
	none -s .releas x
	none -s .release2 x
	none -s .uuid "$F/note"
	none -s .uuid "$F/prog"
	none -s .uuid "$F/none"
	none -s '' "$F/all"
	# What a section has no bytes for in the file.
	none -s .bss "$F/all"
	none -rs .bss "$F/all"
	printf '%b' '\x0f\x3c\x2a\x51\x8d\x7e\x4b\x6a\x9c\x1d\x2e\x5f\x7a\x8b\x9c\x0d' |
		with_section x "$F/all" .other
	says -s .other x "$UUID"
	noise 4096 >bytes
	with_section x "$F/all" .long <bytes
	elf-uuid -rs .long x >out
	cmp bytes out
	none -s .long x
	noise 4097 | with_section x "$F/all" .long
	fails_with 2 elf-uuid -rs .long x
	[ "$stderr" = "elf-uuid: x: section .long: over 4096 bytes" ]
}

@test "elf-uuid: two sections of the same name: the first that is not empty counts" {
	: | with_section x "$F/none"
	echo first | with_section y x .uuix
	echo second | with_section z y .uuiy
	sed -i 's/\.uui[xy]/.uuid/g' z
	says z first
}

# --- the notes ----------------------------------------------------------------------------------

# noted OUT OWNER TYPE BYTES: a program with a note of this owner (with its NUL), type and value.
noted() {
	{
		printf '\t.section .note.GNU-stack,"",%%progbits\n'
		printf '\t.section .note.x,"a",%%note\n\t.balign 4\n'
		# shellcheck disable=SC2059
		printf '\t.4byte %d\n' "$(printf "$2" | wc -c)" $((${#4} / 2)) "$3"
		printf '\t.ascii "%s"\n\t.balign 4\n' "$2"
		sed 's/../\t.byte 0x&\n/g' <<<"$4"
		printf '\t.balign 4\n'
	} >note.S
	build -o "$1" -static -nostdlib "$F/start.c" note.S -Wl,--build-id=none
}

@test "elf-uuid: a note counts when its owner, its type and its size are right" {
	bytes=${NOTE//-/}
	noted x 'gzcore\0' 1 "$bytes"
	says x "$NOTE"
	while read -r owner type value; do
		noted x "$owner" "$type" "$value"
		none x
	done <<-EOF
	gzcore\0 2 $bytes
	gzcore\0 0 $bytes
	gzcor\0 1 $bytes
	gzcorf\0 1 $bytes
	gzcore 1 $bytes
	gzcore\0\0 1 $bytes
	Gzcore\0 1 $bytes
	gzcore\0 1 ${bytes}00
	gzcore\0 1 ${bytes:2}
	GNU\0 1 $bytes
	GNU\0 4 $bytes
	GNU 3 $bytes
	Gnu\0 3 $bytes
	EOF
	noted x 'GNU\0' 3 "$bytes"
	says x "$bytes"
}

@test "elf-uuid: a build-id has 1 to 64 bytes" {
	for n in 1 4 8 16 20 32 63 64; do
		id=$(noise $n | od -A n -t x1 | tr -d ' \n')
		noted x 'GNU\0' 3 "$id"
		says x "$id"
		[ "$(readelf_id x)" = "$id" ]
		elf-uuid -r x >out
		noise $n | cmp - out
	done
	for n in 0 65 1000; do
		noted x 'GNU\0' 3 "$(noise $n | od -A n -t x1 | tr -d ' \n')"
		none x
		none -b x
		none -rb x
	done
}

@test "elf-uuid: the linker's build-ids are those that readelf prints" {
	for kind in sha1 md5 uuid 0x0123456789abcdef; do
		build -o x "$F/main.c" "-Wl,--build-id=$kind"
		id=$(readelf_id x)
		[ -n "$id" ]
		says x "$id"
		says -b x "$id"
	done
}

@test "elf-uuid: objects, static, shared and position-independent programs have their identity" {
	id=-Wl,--build-id=0x$BUILD_ID
	build -c -o object.o "$F/id.S" -DNOTE -DUUID -DBUILD_ID
	build -o static -static "$F/main.c" "$F/id.S" -DNOTE -DUUID "$id"
	build -o pie -pie -fPIE "$F/main.c" "$F/id.S" -DNOTE -DUUID "$id"
	build -o no-pie -no-pie "$F/main.c" "$F/id.S" -DNOTE -DUUID "$id"
	build -o shared -shared -fPIC "$F/main.c" "$F/id.S" -DNOTE -DUUID "$id"
	build -o debug -g3 "$F/main.c" "$F/id.S" -DNOTE -DUUID "$id"
	for f in object.o static pie no-pie shared debug; do
		says $f "$UUID"
		says -b $f "$BUILD_ID"
		objcopy --remove-section .uuid $f x
		says x "$NOTE"
	done
}

@test "elf-uuid: a program that runs says the same by /proc" {
	build -o x -x c - <<-'EOF'
	#include <unistd.h>
	int main(void) { write(1, "x", 1); pause(); return 0; }
	EOF
	with_section y x <<<"$UUID"
	./y >started 3>&- &
	pid=$!
	# Before that it may not have been started from the file yet.
	soon test -s started
	rm y
	rc=0
	elf-uuid /proc/$pid/exe >out || rc=$?
	kill $pid
	[ $rc -eq 0 ]
	echo "$UUID" | cmp - out
}

@test "elf-uuid: every identity survives strip, the notes also eu-strip" {
	for option in --strip-all --strip-debug --strip-unneeded; do
		objcopy $option "$F/all" x
		says x "$UUID"
		objcopy --remove-section .uuid x y
		says y "$NOTE"
		says -b y "$BUILD_ID"
	done
	cp "$F/all" x
	strip x
	says x "$UUID"
	need eu-strip
	cp "$F/all" x
	eu-strip x
	says x "$NOTE"
	says -b x "$BUILD_ID"
}

@test "elf-uuid: a file of one section, and one of debug information, are read too" {
	objcopy --only-section=.uuid "$F/all" x 2>/dev/null
	says x "$UUID"
	none -b x
	objcopy --only-section=.note.gnu.build-id "$F/all" x 2>/dev/null
	says x "$BUILD_ID"
	objcopy --only-section=.note.uuid "$F/all" x 2>/dev/null
	says x "$NOTE"
	objcopy --only-keep-debug "$F/all" x
	says -b x "$BUILD_ID"
}

@test "elf-uuid: without section headers the notes are found by the program headers" {
	for f in all small; do
		python3 -c '
import hostile, sys
e = hostile.Elf(sys.argv[1])
end = e.get("shoff")
for field in "shoff", "shnum", "shstrndx", "shentsize":
    e.set(0, field)
open("zeroed", "wb").write(e.b)
# As sstrip does, with what only sections need cut off.
open("cut", "wb").write(e.b[:max(e.get("offset", s, e.PHDR) + e.get("filesz", s, e.PHDR)
    for s in e.segments())])' "$F/$f"
		for x in zeroed cut; do
			says $x "$NOTE"
			says -b $x "$BUILD_ID"
			[ "$(readelf_id $x)" = "$BUILD_ID" ]
			none -s .uuid $x
		done
	done
}

@test "elf-uuid: notes aligned to 8 bytes are read as such" {
	cat >note.S <<-'EOF'
		.section .note.GNU-stack,"",%progbits
		.section .note.x,"a",%note
		.balign 8
		.4byte 4, 12, 9
		.asciz "GNU"
		.4byte 0, 0, 0
		.balign 8
		.4byte 4, 3, 3
		.asciz "GNU"
		.byte 1, 2, 3
		.balign 8
		.4byte 7, 16, 1
		.asciz "gzcore"
		.balign 8
		.ascii "0123456789abcdef"
	EOF
	build -o x "$F/main.c" note.S -Wl,--build-id=none
	says -b x 010203
	[ "$(readelf_id x)" = 010203 ]
	# By the program headers too.
	python3 -c '
import hostile
e = hostile.Elf("x")
for field in "shoff", "shnum", "shstrndx":
    e.set(0, field)
open("x", "wb").write(e.b)'
	says -b x 010203
	says x 30313233-3435-3637-3839-616263646566
}

# --- every kind of ELF file ---------------------------------------------------------------------

# foreign TARGET CLASS DATA: objects of that target, and a program where ld.lld can link it.
foreign() {
	local target=$1 id
	clang --target="$target" -c -o uuid.o "$F/id.S" -DUUID -DNOTE -DBUILD_ID
	clang --target="$target" -c -o note.o "$F/id.S" -DNOTE -DBUILD_ID
	clang --target="$target" -c -o id.o "$F/id.S" -DBUILD_ID
	clang --target="$target" -c -o none.o "$F/id.S"
	readelf -h uuid.o | grep -q "Class: *$2\$"
	readelf -h uuid.o | grep -q "Data: .*, $3 endian\$"
	says uuid.o "$UUID"
	says note.o "$NOTE"
	says id.o "$BUILD_ID"
	[ "$(readelf_id id.o)" = "$BUILD_ID" ]
	says -b uuid.o "$BUILD_ID"
	none none.o
	clang --target="$target" -nostdlib -ffreestanding -static -fuse-ld=lld -Wl,--build-id=sha1 \
		-o prog "$F/start.c" "$F/id.S" -DNOTE 2>/dev/null || return 0
	linked="$linked $target"
	id=$(readelf_id prog)
	[ "${#id}" -eq 40 ]
	says prog "$NOTE"
	says -b prog "$id"
	cat prog | elf-uuid -b | diff - <(echo "$id")
	# Without section headers: e_shoff and the three fields of e_shnum are zeros.
	python3 -c '
b = bytearray(open("prog", "rb").read())
shoff, shent = ((32, 4), 46) if b[4] == 1 else ((40, 8), 58)
b[shoff[0]:sum(shoff)] = bytes(shoff[1])
b[shent:shent + 6] = bytes(6)
open("zeroed", "wb").write(b)'
	says zeroed "$NOTE"
	says -b zeroed "$id"
}

@test "elf-uuid: 32 and 64 bits, little and big endian" {
	need clang ld.lld readelf
	linked=
	foreign powerpc-linux-gnu ELF32 big
	foreign powerpc64-linux-gnu ELF64 big
	foreign s390x-linux-gnu ELF64 big
	foreign mips-linux-gnu ELF32 big
	foreign armeb-linux-gnueabi ELF32 big
	foreign i386-linux-gnu ELF32 little
	foreign armv7-linux-gnueabihf ELF32 little
	foreign aarch64-linux-gnu ELF64 little
	foreign riscv64-linux-gnu ELF64 little
	foreign x86_64-linux-gnu ELF64 little
	# Each class and order was there as a program too.
	[[ $linked == *powerpc-*powerpc64*i386*aarch64* ]]
}

# system_files: a hundred of the programs that are here, and as many libraries.
system_files() {
	local lib
	lib=$(dirname "$(${CC:-cc} -print-file-name=libc.so.6)")
	python3 -c '
import os, sys
def elves(folder):
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if os.path.isfile(path) and not os.path.islink(path):
            with open(path, "rb") as f:
                if f.read(4) == b"\x7fELF":
                    yield path
for folder in sys.argv[1:]:
    found = list(elves(folder))
    step = max(1, len(found) // 100)
    print(*found[::step][:100], sep="\n")' /usr/bin "$(realpath "$lib")"
}

@test "elf-uuid: -rs takes the bytes out of system files that readelf says are the section's" {
	system_files >files
	[ "$(wc -l <files)" -ge 50 ]
	run -0 python3 - files <<-'EOS'
	import re, subprocess, sys
	row = re.compile(r"^ *\[ *\d+\] (\.\S+) +(?!NOBITS)[A-Z_]+ +[0-9a-f]+ ([0-9a-f]+) ([0-9a-f]+) ", re.M)
	seen = 0
	for path in open(sys.argv[1]).read().split():
	    out = subprocess.run(["readelf", "-SW", path], capture_output=True, text=True).stdout
	    found = [(n, int(at, 16), int(size, 16)) for n, at, size in row.findall(out)]
	    small = [s for s in found if 0 < s[2] <= 4096 and [f[0] for f in found].count(s[0]) == 1]
	    with open(path, "rb") as f:
	        for name, at, size in small[::3]:
	            f.seek(at)
	            want = f.read(size)
	            got = subprocess.run(["elf-uuid", "-rs", name, path], capture_output=True).stdout
	            assert got == want, (path, name)
	            seen += 1
	print(seen)
	EOS
	[ "$output" -gt 200 ]
}

@test "elf-uuid: -b says of the system's programs and libraries what readelf says" {
	system_files >files
	[ "$(wc -l <files)" -ge 50 ]
	mapfile -t files <files
	readelf -n "${files[@]}" 2>/dev/null |
		awk '/^File: /{ f = $2 } /^ *Build ID: /{ if (!seen[f]++) print f ": " $3 }' >want
	[ -s want ]
	rc=0
	elf-uuid -b "${files[@]}" >got 2>err || rc=$?
	diff want got
	# Those that have none, and no others, are complained about.
	grep -vxFf <(sed 's/: .*//' want) files | sed 's/.*/elf-uuid: &: no identity/' | diff - err
	[ $rc -eq $(($(wc -l <err) > 0)) ]
}

# --- hostile files ------------------------------------------------------------------------------

@test "elf-uuid: section headers that lead to nowhere are an error or no identity" {
	cat >x.py <<-'EOF'
	from hostile import *
	import sys
	src = sys.argv[1]
	size = len(Elf(src).b)
	big = [0, 1, 63, size - 1, size, size + 1, 1 << 31, (1 << 32) - 1, (1 << 63) - 1, 1 << 63,
	    (1 << 64) - 1, (1 << 64) - 64, (1 << 64) - size]
	n = 0
	for field in "shoff", "phoff":
	    for v in big:
	        check(Elf(src).set(v, field).b, "%s=%d" % (field, v))
	for field in "shentsize", "phentsize", "shnum", "phnum", "shstrndx", "ehsize":
	    for v in 0, 1, 2, 7, 63, 64, 65, 255, 0xff00, 0xfff1, 0xfffe, 0xffff:
	        check(Elf(src).set(v, field).b, "%s=%d" % (field, v))
	for i in range(Elf(src).get("shnum")):
	    for field, values in ("name", big), ("offset", big), ("size", big), ("align", big), \
	        ("type", [0, 3, 7, 8, 1 << 31]), ("link", [0, 1, 0xffffffff]), ("flags", [0xffffffff]):
	        for v in values[::3] + values[1::3]:
	            e = Elf(src)
	            check(e.set(v, field, e.sections()[i], e.SHDR).b, "section %d %s=%d" % (i, field, v))
	for i in range(Elf(src).get("phnum")):
	    for field, values in ("offset", big), ("filesz", big), ("align", [0, 1, 2, 3, 8, 16, 1 << 63]):
	        for v in values:
	            e = Elf(src)
	            check(e.set(v, field, e.segments()[i], e.PHDR).b, "segment %d %s=%d" % (i, field, v))
	end()
	EOF
	run -0 python3 x.py "$F/small"
}

@test "elf-uuid: an identity whose section does not lie in the file is not read" {
	cat >x.py <<-'EOF'
	from hostile import *
	import sys
	uuid, note, build_id = (s.encode() + b"\n" for s in sys.argv[2:])
	for offset, size in ((1 << 63) - 1, 36), ((1 << 64) - 36, 72), (1 << 40, 36), (len(Elf(sys.argv[1]).b) - 35, 36):
	    e = Elf(sys.argv[1])
	    s = e.section(b".uuid")
	    e.set(offset, "offset", s, e.SHDR).set(size, "size", s, e.SHDR)
	    check(e.b, "offset %d size %d" % (offset, size), may=[2])
	    check(e.b, "offset %d size %d" % (offset, size), "-r", "-s", ".uuid", may=[2])
	# Two that overlap are two.
	e = Elf(sys.argv[1])
	note_at = e.get("offset", e.section(b".note.uuid"), e.SHDR)
	e.set(note_at + 20, "offset", e.section(b".uuid"), e.SHDR).set(16, "size", e.section(b".uuid"), e.SHDR)
	check(e.b, "overlapping", may=[0], out=note)
	check(e.b, "overlapping", "-b", may=[0], out=build_id)
	end()
	EOF
	run -0 python3 x.py "$F/small" "$UUID" "$NOTE" "$BUILD_ID"
}

@test "elf-uuid: note sizes that overrun are no identity" {
	cat >x.py <<-'EOF'
	from hostile import *
	import struct, sys
	for name in b".note.uuid", b".note.gnu.build-id":
	    for field in 0, 4:
	        for v in 0, 1, 3, 8, 17, 21, 64, 100, 0x7fffffff, 0xfffffffc, 0xffffffff, 0xfffffff0:
	            e = Elf(sys.argv[1])
	            at = e.get("offset", e.section(name), e.SHDR)
	            e.set(0, "size", e.section(b".uuid"), e.SHDR)
	            struct.pack_into("<I", e.b, at + field, v)
	            for args in [], ["-b"], ["-b", "-r"]:
	                if "-r" not in args:
	                    check(e.b, "%s %d=%d" % (name, field, v), *args)
	end()
	EOF
	run -0 python3 x.py "$F/small"
}

@test "elf-uuid: a file that was cut short anywhere is an error" {
	cat >x.py <<-'EOF'
	from hostile import *
	import sys
	whole = Elf(sys.argv[1]).b
	for n in sorted({*range(0, len(whole), 64), *range(0, 600, 7), len(whole) - 1}):
	    for args in [], ["-b"]:
	        check(whole[:n], "cut at %d" % n, *args, may=[2])
	check(whole, "whole", may=[0])
	end()
	EOF
	run -0 python3 x.py "$F/small"
}

@test "elf-uuid: the same from a pipe that breaks off" {
	size=$(stat -c %s "$F/small")
	for n in 0 3 4 5 16 63 64 65 100 1000 $((size / 2)) $((size - 1)); do
		run -2 bash -c "head -c $n '$F/small' | elf-uuid"
		[ "${#lines[@]}" -eq 1 ]
		[[ $output == "elf-uuid: <stdin>: "* ]]
	done
}

@test "elf-uuid: flipped bits never end it by a signal, nor make it say more than a line" {
	cat >x.py <<-'EOF'
	from hostile import *
	import random, sys
	r = random.Random(7)
	statuses = {}
	for i in range(400):
	    src = sys.argv[1 + i % (len(sys.argv) - 1)]
	    e = Elf(src)
	    # Heads: the file's and the notes' at the start, the sections' at the end.
	    where = [*range(4, min(4096, len(e.b)))]
	    if r.random() < .5:
	        where = [*range(e.get("shoff"), e.get("shoff") + 64 * e.get("shnum")), *range(16, 64)]
	    for _ in range(r.choice((1, 1, 2, 8, 40))):
	        e.b[r.choice(where)] ^= 1 << r.randrange(8)
	    args = r.choice(([], [], ["-b"], ["-s", ".uuid"], ["-s", ".comment"]))
	    st = check(e.b, "flip %d of %s" % (i, src), *args)
	    statuses[st] = statuses.get(st, 0) + 1
	print(statuses)
	if len(statuses) < 3:
	    sys.exit(1)
	end()
	EOF
	run -0 python3 x.py "$F/small" "$F/all" "$F/prog"
	echo "$output"
}

@test "elf-uuid: flipped bits of other classes and byte orders do no harm either" {
	need clang
	for target in powerpc-linux-gnu s390x-linux-gnu i386-linux-gnu; do
		clang --target=$target -c -o $target.o "$F/id.S" -DUUID -DNOTE -DBUILD_ID
	done
	cat >x.py <<-'EOF'
	from hostile import *
	import random, sys
	r = random.Random(8)
	for i in range(300):
	    b = bytearray(open(sys.argv[1 + i % (len(sys.argv) - 1)], "rb").read())
	    for _ in range(r.choice((1, 1, 2, 8, 40))):
	        b[r.randrange(4, len(b))] ^= 1 << r.randrange(8)
	    check(b, "flip %d" % i, *r.choice(([], ["-b"], ["-s", ".uuid"])))
	end()
	EOF
	run -0 python3 x.py ./*.o
}

@test "elf-uuid: thousands of notes that overlap do not take memory without bound" {
	cat >x.py <<-'EOF'
	import resource, struct, subprocess, sys
	# A header, a program header for each of n overlapping mebibytes of notes without an identity.
	n, mb = 1000, 1 << 20
	notes = struct.pack("<III8s", 8, mb // 2, 9, b"nothing") * (2 * mb // 20)
	at = 64 + 56 * n
	ehdr = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, 0, 0, 64, 56, n, 0, 0, 0)
	phdrs = b"".join(struct.pack("<IIQQQQQQ", 4, 4, at + 20 * i, 0, 0, mb - i, 0, 4) for i in range(n))
	open("segments", "wb").write(ehdr + phdrs + notes)
	ehdr = ehdr[:32] + struct.pack("<QQIHHHHHH", 0, 64, 0, 64, 0, 0, 64, n, n - 1)
	shdrs = bytes(64) + b"".join(struct.pack("<IIQQQQIIQQ", 0, 7, 2, 0, 64 + 64 * n + 20 * i, mb - i, 0, 0, 4, 0)
	    for i in range(n - 2)) + struct.pack("<IIQQQQIIQQ", 0, 3, 0, 0, 0, 64, 0, 0, 1, 0)
	open("sections", "wb").write(ehdr + shdrs + notes)
	for f in "segments", "sections":
	    p = subprocess.run(["elf-uuid", f], stdout=subprocess.DEVNULL, timeout=60)
	    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
	    print(f, "status", p.returncode, "KiB", most)
	    if p.returncode not in (1, 2) or most > 200 * 1024:
	        sys.exit(1)
	EOF
	run -0 python3 x.py
}

@test "elf-uuid: a sparse file of a terabyte is read as fast as a small one" {
	cp "$F/all" x
	truncate -s 1T x || skip "no file of that size here"
	timeout 120 elf-uuid x >out
	echo "$UUID" | cmp - out
}

@test "elf-uuid: a sparse file with endless names, sections or segments takes little memory" {
	cat >x.py <<-'EOF'
	import os, struct
	def make(name, phnum, shnum, names, first, last=b"", size=1 << 32):
	    shoff = 4096
	    eh = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, shoff, 0, 64, 56,
	        phnum, 64, shnum, names)
	    with open(name, "wb") as f:
	        f.write(eh)
	        f.seek(shoff)
	        f.write(first + last)
	        f.truncate(size)
	def shdr(size, info=0, flags=0):
	    return struct.pack("<IIQQQQIIQQ", 1, 3, flags, 0, 8192, size, 0, info, 1, 0)
	make("names", 0, 2, 1, shdr(0), shdr(1 << 31))
	make("packed", 0, 2, 1, shdr(0), shdr(4096, flags=0x800))
	make("sections", 0, 0, 0, shdr(1 << 24))
	make("segments", 0xffff, 1, 0, shdr(0, info=1 << 25))
	EOF
	python3 x.py
	for f in names packed sections segments; do
		fails_with 2 elf-uuid $f
		[[ $stderr == *"more sections, segments or names"* ]]
	done
}

@test "elf-uuid: a core: prints the executable's identity, with -a that of each module" {
	need gdb eu-unstrip
	printf '#include <stdlib.h>\nint main(void) { abort(); }\n' >c.c
	cc -Wl,--build-id=sha1 -o prog c.c
	gdb -nx -batch -ex 'run >/dev/null' -ex 'generate-core-file core' ./prog >gdb.log 2>&1
	[ -s core ] || { cat gdb.log; false; }
	id=$(elf-uuid -b prog)
	[ "$(elf-uuid core)" = "$id" ]
	[ "$(elf-uuid <core)" = "$id" ]
	[ "$(cat core | elf-uuid -b)" = "$id" ]
	gzip -c core >one.gz
	gzdeflate core >core.gz
	[ "$(elf-uuid -b one.gz)" = "$id" ]
	[ "$(elf-uuid core.gz)" = "$id" ]
	# The section comes from the file, which the core names, as long as it is that file.
	echo b-42 >uuid
	objcopy --add-section .uuid=uuid prog
	[ "$(elf-uuid core)" = b-42 ]
	[ "$(elf-uuid -b core)" = "$id" ]
	cp /bin/true prog
	[ "$(elf-uuid core)" = "$id" ]
	elf-uuid -ab core >modules
	grep -qx "$PWD/prog: $id" modules
	libc=$(ldd /bin/true | sed -n 's/^.*=> \([^ ]*libc\.so[^ ]*\) .*/\1/p')
	grep -qx ".*/${libc##*/}: $(elf-uuid -b "$libc")" modules
	eu-unstrip -n --core core | sed 's/^[^ ]* \([0-9a-f]*\)@.*/\1/' | sort | diff - <(sed 's/^.*: //' modules | sort)
	elf-uuid -ab core core.gz | diff - <(sed 's/^/core: /' modules; sed 's/^/core.gz: /' modules)
	usage_error elf-uuid -a -s .uuid core
	fails_with 2 elf-uuid -ar core
	head -c 1000 core >cut
	fails_with 1 elf-uuid cut
	fails_with 1 elf-uuid -a cut
	[ "$stderr" = 'elf-uuid: cut: no identity' ]
	# A compressed program is one; what is neither that nor a core is refused, an archive too.
	gzip -c prog >prog.gz
	[ "$(elf-uuid prog.gz)" = "$(elf-uuid prog)" ]
	ar rc lib.a prog
	seq 1000 >text
	for file in lib.a text; do
		gzip -c $file >other.gz
		fails_with 2 elf-uuid other.gz
		[ "$stderr" = 'elf-uuid: other.gz: not an ELF file' ]
	done
}

@test "elf-uuid: each member of an archive has its line" {
	echo 'int x;' >a.c
	cc -c -o a.o a.c
	printf 'one' >uuid
	objcopy --add-section .uuid=uuid a.o one.o
	printf 'two' >uuid
	objcopy --add-section .uuid=uuid a.o a_name_that_is_longer_than_an_archive_holds.o
	echo text >text
	ar rc lib.a one.o text a_name_that_is_longer_than_an_archive_holds.o
	printf '%s\n' 'one.o: one' 'a_name_that_is_longer_than_an_archive_holds.o: two' >wanted
	elf-uuid lib.a | diff wanted -
	cat lib.a | elf-uuid | diff wanted -
	elf-uuid lib.a lib.a | diff <(sed 's/^/lib.a: /' wanted wanted) -
	ar rc lib.a a.o
	run -1 --separate-stderr elf-uuid lib.a
	diff wanted <(echo "$output")
	[ "$stderr" = 'elf-uuid: a.o: no identity' ]
	# Wherever it is cut or damaged there is an answer or a refusal.
	for n in 7 8 9 60 68 69 200 700 1500; do
		head -c $n lib.a >cut.a
		run elf-uuid cut.a
		[ "$status" -le 2 ]
	done
	noise 3000 >tail
	for n in 8 68 130 300; do
		{ head -c $n lib.a; cat tail; } >bad.a
		run elf-uuid bad.a
		[ "$status" -le 2 ]
	done
}

@test "elf-uuid: BSD, thin and empty archives: their members or an error, never nothing" {
	need llvm-ar
	echo 'int x;' >a.c
	cc -c -o a.o a.c
	mkdir lib 'lib/in a folder'
	printf 'one' >uuid
	objcopy --add-section .uuid=uuid a.o lib/one.o
	printf 'two' >uuid
	objcopy --add-section .uuid=uuid a.o lib/a_name_that_is_longer_than_an_archive_holds.o
	printf 'three' >uuid
	objcopy --add-section .uuid=uuid a.o 'lib/in a folder/three.o'
	echo text >lib/text
	(
		cd lib
		set -- one.o text a_name_that_is_longer_than_an_archive_holds.o
		llvm-ar rc --format=bsd bsd.a "$@"
		llvm-ar rc --format=darwin darwin.a "$@"
		llvm-ar rc --format=gnu gnu.a "$@"
		ar rcT thin.a "$@" 'in a folder/three.o'
		ar rc none.a text
		ar rc nested.a gnu.a one.o
		ar rcT outer.a gnu.a thin.a
		printf '!<arch>\n' >empty.a
	)
	printf '%s\n' 'one.o: one' 'a_name_that_is_longer_than_an_archive_holds.o: two' >wanted
	for f in bsd darwin gnu; do
		elf-uuid lib/$f.a | diff wanted -
		cat lib/$f.a | elf-uuid | diff wanted -
	done
	echo 'in a folder/three.o: three' | cat wanted - >wanted.thin
	elf-uuid lib/thin.a | diff wanted.thin -
	(cd lib && elf-uuid thin.a) | diff wanted.thin -
	(cd / && elf-uuid "$OLDPWD/lib/thin.a") | diff wanted.thin -
	# Its members are not where a stream is.
	run -2 --separate-stderr bash -c 'elf-uuid <lib/thin.a'
	[ -z "$output" ]
	[ "${stderr_lines[0]}" = "elf-uuid: <stdin>: one.o: listed in the thin archive: only an archive with a name has files beside it" ]
	rm lib/one.o
	mkfifo lib/one.o
	run -2 --separate-stderr timeout 120 elf-uuid lib/thin.a
	diff <(tail -n +2 wanted.thin) <(echo "$output")
	[ "$stderr" = "elf-uuid: lib/thin.a: one.o: listed in the thin archive: not a regular file" ]
	rm lib/one.o
	run -2 --separate-stderr elf-uuid lib/thin.a
	diff <(tail -n +2 wanted.thin) <(echo "$output")
	[ "$stderr" = "elf-uuid: lib/thin.a: one.o: listed in the thin archive: No such file or directory" ]
	for f in none empty; do
		run -1 --separate-stderr elf-uuid lib/$f.a
		[ -z "$output" ]
		[ "$stderr" = "elf-uuid: lib/$f.a: no identity" ]
	done
	run -2 --separate-stderr elf-uuid lib/nested.a
	[ "$output" = 'one.o: one' ]
	[ "$stderr" = "elf-uuid: lib/nested.a: gnu.a: an archive in an archive: its members are not read" ]
	run elf-uuid lib/outer.a
	[ -n "$output" ]
	# Wherever it is cut or damaged there is an answer or a refusal, and not an endless one.
	cat >x.py <<-'EOF'
	import random, subprocess, sys
	r = random.Random(3)
	for i in range(300):
	    b = bytearray(open(sys.argv[1 + i % (len(sys.argv) - 1)], "rb").read())
	    if i % 5 == 0:
	        del b[r.randrange(len(b)):]
	    for _ in range(r.choice((1, 1, 3, 9))):
	        if b:
	            b[r.randrange(len(b) if i % 2 else min(len(b), 300))] = r.choice(b"/#1 09\n\0:" + bytes([r.randrange(256)]))
	    open("lib/x.a", "wb").write(b)
	    p = subprocess.run(["elf-uuid", "lib/x.a"], capture_output=True, timeout=20)
	    if p.returncode not in (0, 1, 2) or (p.returncode == 0) != (p.stderr == b"") or not p.stdout + p.stderr:
	        print(i, p)
	        open("bad.%d" % i, "wb").write(b)
	        sys.exit(1)
	EOF
	run -0 python3 x.py lib/bsd.a lib/gnu.a lib/thin.a lib/darwin.a
}

@test "elf-uuid: more than 65,535 sections" {
	# Their number, and that of the section of names, stand in the first section header.
	python3 -c '
for i in range(66000):
    print(".section .text.f%d,\"ax\"\n.byte 0" % i)
print(".section .uuid,\"\",%progbits\n.ascii \"the last\"")' >many.s
	cc -c -o many.o many.s
	[ "$(elf-uuid many.o)" = "the last" ]
	run -1 elf-uuid -b many.o
	ar rc many.a many.o
	[ "$(elf-uuid many.a)" = "many.o: the last" ]
	head -c $(($(stat -c %s many.o) - 1)) many.o >cut.o
	fails_with 2 elf-uuid cut.o
}

@test "elf-uuid: -c says what follows an ELF file, and whether another loads the same" {
	usage_error elf-uuid -c
	usage_error elf-uuid -c "$F/all" "$F/all" "$F/all"
	usage_error elf-uuid -cb "$F/all"
	usage_error elf-uuid -c -s .uuid "$F/all"
	for f in all prog small none note; do
		run -0 elf-uuid -c "$F/$f"
		[ -z "$output" ]
		run -0 elf-uuid -c "$F/$f" "$F/$f"
		[ -z "$output" ]
		strip -o stripped "$F/$f"
		run -0 elf-uuid -c "$F/$f" stripped
		[ -z "$output" ]
		{ cat "$F/$f"; printf x; } >longer
		fails_with 1 elf-uuid -c longer
		[[ $stderr == "elf-uuid: longer: 1 byte follows the ELF file, which ends at byte $(stat -c %s "$F/$f")" ]]
		run -0 elf-uuid -c "$F/$f" longer
		# patchelf 0.18 leaves a zero there.
		for n in 1 4095; do
			{ cat "$F/$f"; head -c $n /dev/zero; } >longer
			run -0 elf-uuid -c longer
		done
		printf x >>longer
		fails_with 1 elf-uuid -c longer
		{ cat "$F/$f"; head -c 5000 /dev/zero; } >longer
		fails_with 1 elf-uuid -c longer
	done
	fails_with 1 elf-uuid -c "$F/all" "$F/prog"
	[[ $stderr == "elf-uuid: $F/prog: "* ]]
	head -c 1000 "$F/all" >cut
	for f in cut /dev/null /none "$F" "$F/hostile.py"; do
		fails_with 2 elf-uuid -c "$f"
		fails_with 2 elf-uuid -c "$F/all" "$f"
		fails_with 2 elf-uuid -c "$f" "$F/all"
	done
	mkfifo fifo
	for f in fifo /dev/null "$F"; do
		run -2 --separate-stderr timeout 120 elf-uuid -c "$f"
		[ "$stderr" = "elf-uuid: $f: not a regular file: -c needs one" ]
		run -2 --separate-stderr timeout 120 elf-uuid -c "$F/all" "$f"
		[ "$stderr" = "elf-uuid: $f: not a regular file: -c needs one" ]
	done
	# Without section headers, so that only its segments show that it was cut.
	python3 -c '
import sys
b = bytearray(open(sys.argv[1], "rb").read())
b[40:48] = bytes(8)
b[58:64] = bytes(6)
open("headless", "wb").write(b[:len(b) // 4])' "$F/small"
	fails_with 2 elf-uuid -c headless
	[[ $stderr == "elf-uuid: headless: cut short, or debug data alone: "* ]]
	# Of any class and byte order.
	need clang ld.lld
	for target in powerpc-linux-gnu s390x-linux-gnu i386-linux-gnu; do
		clang --target=$target -c -o $target.o "$F/id.S" -DUUID -DNOTE
		run -0 elf-uuid -c $target.o
		{ cat $target.o; printf xyz; } >longer
		run -1 elf-uuid -c longer
	done
}

@test "elf-uuid: -d finds the debug file that a stripped one names, if it is that file" {
	echo 'int main(void) { return 0; }' >c.c
	cc -g -Wl,--build-id=sha1 -o whole c.c
	echo in-the-debug-file >uuid
	objcopy --add-section .uuid=uuid whole
	cp whole prog.debug
	cp whole prog
	objcopy --strip-all --remove-section .uuid --add-gnu-debuglink=prog.debug prog
	id=$(elf-uuid -b prog)
	[ "$(elf-uuid prog)" = "$id" ]
	[ "$(elf-uuid -d prog)" = in-the-debug-file ]
	mkdir .debug
	mv prog.debug .debug
	[ "$(elf-uuid -d prog)" = in-the-debug-file ]
	mkdir other
	ln -s ../prog other/link
	[ "$(elf-uuid -d other/link)" = in-the-debug-file ]
	# Another file of that name is not the one.
	echo >>.debug/prog.debug
	[ "$(elf-uuid -d prog)" = "$id" ]
	rm .debug/prog.debug
	mkfifo .debug/prog.debug
	[ "$(elf-uuid -d prog)" = "$id" ]
	[ "$(elf-uuid -d whole)" = in-the-debug-file ]
}
