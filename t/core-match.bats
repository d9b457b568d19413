#!/usr/bin/env bats
# core-match: does a core belong to an executable?

load lib/common

setup_file() {
	F=$BATS_FILE_TMPDIR
	export F DEBUGINFOD_URLS=
	cd "$F" || return
	cat >c.c <<-'EOF'
	#include <stdlib.h>
	int main(void) { abort(); }
	EOF
	sed 's/abort/__builtin_trap/' c.c >d.c
	for n in c d; do
		${CC:-cc} -Wl,--build-id=sha1 -o $n $n.c
		${CC:-cc} -Wl,--build-id=none -o $n.none $n.c
		${CC:-cc} -no-pie -Wl,--build-id=none -o $n.fixed $n.c
	done
	for n in c none fixed; do
		gdb -nx -batch -ex 'run >/dev/null' -ex "generate-core-file core.$n" "$(echo c.$n | sed s/c.c/c/)" >gdb.log 2>&1
		[ -s core.$n ] || { cat gdb.log; return 1; }
	done
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	cp "$F"/c "$F"/d "$F"/*.none "$F"/*.fixed "$F"/core.c .
}

@test "core-match: -h and -V answer on standard output, a bad option is misuse" {
	answers core-match
	usage_error core-match
}

@test "core-match: without a file, it names the kept executable, or that at its path" {
	id=$(elf-uuid -b c)
	run -0 --separate-stderr core-match core.c
	[ "$output$stderr" = "$F/c: yes: build-id $id" ]
	mkdir -p dumps/modules/buildid/$id
	cp c dumps/modules/buildid/$id/executable
	gzdeflate core.c >dumps/core.gz
	run -0 --separate-stderr core-match dumps/core.gz
	[ "$output$stderr" = "$PWD/dumps/modules/buildid/$id/executable: yes: build-id $id" ]
	[ "$(core-match core.c dumps/modules)" = "dumps/modules/buildid/$id/executable: yes: build-id $id" ]
	# Another program under its build-id; none at all.
	cp d dumps/modules/buildid/$id/executable
	run -0 core-match dumps/core.gz
	[ "$output" = "$F/c: yes: build-id $id" ]
	sed 's,'"$F"'/c,'"$F"'/x,g' core.c >moved
	run -1 --separate-stderr core-match moved
	[ -z "$output$stderr" ]
	fails_with 2 core-match /dev/null
}

@test "core-match: the build-id decides where both have one" {
	id=$(elf-uuid -b c)
	run -0 --separate-stderr core-match core.c c
	[ "$output$stderr" = "yes: build-id $id" ]
	run -1 --separate-stderr core-match core.c d
	[ "$output$stderr" = "no: build-id $id, not $(elf-uuid -b d)" ]
	gzdeflate core.c >core.gz
	run -0 core-match core.gz c
	gzip -c core.c >one.gz
	run -1 core-match one.gz d
	run -0 core-match - c <core.c
	[ "$output" = "yes: build-id $id" ]
	# A name is no evidence.
	cp d other && mv other c
	run -1 core-match core.c c
}

@test "core-match: several files or a directory: those that fit are named" {
	id=$(elf-uuid -b c)
	run -0 --separate-stderr core-match core.c d c
	[ "$output$stderr" = "c: yes: build-id $id" ]
	mkdir -p 'dir/a b'
	cp d dir
	cp c $'dir/a b/c\n\e[m'
	echo text >dir/text
	: >dir/empty
	mkfifo dir/fifo
	ln -s ../c dir/link
	run -0 --separate-stderr core-match core.c dir
	[ "$output$stderr" = "dir/a b/c\\0012\\0033[m: yes: build-id $id" ]
	rm -r 'dir/a b'
	run -1 --separate-stderr core-match core.c dir d
	[ "$output$stderr" = "" ]
}

@test "core-match: without identities the bytes that the core holds decide" {
	for kind in none fixed; do
		run -0 --separate-stderr core-match core.$kind c.$kind
		[[ $output$stderr =~ ^'yes: '[0-9]+' bytes of it are in the core'$ ]]
		run -1 --separate-stderr core-match core.$kind d.$kind
		[[ $output$stderr =~ ^'no: the bytes at 0x'[0-9a-f]+' differ'$ ]]
	done
	run -1 core-match core.none c.fixed
	# One that has an identity is not one that has none.
	run -1 core-match core.none c
	run -1 core-match core.c c.none
}

@test "core-match: a uuid note decides where there is no build-id" {
	# GNU ld from 2.44 on keeps the note on the first page, which is in the core, only beside a build-id.
	need ld.lld
	elf-uuid-stamp -u 0f3c2a51-8d7e-4b6a-9c1d-2e5f7a8b9c0d -O one.o
	elf-uuid-stamp -u 1f3c2a51-8d7e-4b6a-9c1d-2e5f7a8b9c0d -O two.o
	for n in one two; do
		${CC:-cc} -fuse-ld=lld -Wl,--build-id=none -o $n "$F/c.c" $n.o
	done
	gdb -nx -batch -ex 'run >/dev/null' -ex 'generate-core-file core' ./one >gdb.log 2>&1
	run -0 core-match core one
	[ "$output" = 'yes: uuid 0f3c2a51-8d7e-4b6a-9c1d-2e5f7a8b9c0d' ]
	run -1 core-match core two
	[ "$output" = 'no: uuid 0f3c2a51-8d7e-4b6a-9c1d-2e5f7a8b9c0d, not 1f3c2a51-8d7e-4b6a-9c1d-2e5f7a8b9c0d' ]
}

@test "core-match: the core holds no bytes of the executable: cannot tell" {
	# Headers and notes alone are there.
	python3 - <<'END'
import struct
b = bytearray(open("core.c", "rb").read())
phoff, = struct.unpack_from("<Q", b, 32)
count, = struct.unpack_from("<H", b, 56)
for i in range(count):
    at = phoff + 56 * i
    if struct.unpack_from("<I", b, at)[0] == 1:
        struct.pack_into("<Q", b, at + 32, 0)
open("none", "wb").write(b)
END
	run -2 --separate-stderr core-match none c
	[ "$output$stderr" = 'cannot tell: no identity in both, and none of its bytes in the core' ]
	run -2 core-match none c d
	[ "$output" = '' ]
}

@test "core-match: a file that is not a core or not ELF is refused, in one line" {
	echo text >text
	: >empty
	mkfifo fifo
	for core in text empty c absent; do
		fails_with 2 core-match $core c
	done
	for elf in text empty core.c absent fifo; do
		fails_with 2 core-match core.c $elf
	done
	# Without an end, or a writer.
	run -2 timeout 120 core-match /dev/zero c
	[ "$output" = 'core-match: /dev/zero: not an ELF file' ]
	run -2 timeout 120 core-match core.c /dev/zero
	[ "$output" = 'core-match: /dev/zero: not a regular file' ]
	# Nor one to read which may do something, as it takes messages from /proc/kmsg.
	run -2 core-match core.c /proc/version
	[ "$output" = 'core-match: /proc/version: not a regular file' ]
	mkdir dir
	mkfifo dir/fifo
	ln -s /dev/zero dir/zero
	run -1 timeout 120 core-match core.c dir
	[ -z "$output" ]
}

@test "core-match: cut and flipped cores and files give an answer or a refusal" {
	python3 - <<'END'
import random, subprocess
r = random.Random(5)
core, elf = open("core.c", "rb").read(), open("c", "rb").read()
def judge(what):
    p = subprocess.run(["core-match", "bad.core", "bad.elf"], capture_output=True, timeout=60)
    assert p.returncode in (0, 1, 2) and p.stderr.count(b"\n") <= 1, (what, p)
for i in range(150):
    a, b = bytearray(core[:40000]), bytearray(elf)
    for _ in range(r.randrange(4)):
        a[r.randrange(5000)] = r.randrange(256)
        b[r.randrange(1500)] = r.randrange(256)
    open("bad.core", "wb").write(a[:r.choice([len(a), r.randrange(len(a))])])
    open("bad.elf", "wb").write(b[:r.choice([len(b), r.randrange(len(b))])])
    judge(i)
END
}
