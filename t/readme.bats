# Runs what the README shows, and the CMake and Meson files of elf-uuid-stamp(1), as they stand there.

load lib/common

README=$T/../README.md

# block LANGUAGE [N]: the Nth fenced block of that language.
block() {
	awk -v lang="$1" -v want="${2-1}" '
		/^```/ { if (inside) { inside = 0; next }
			if ($0 == "```" lang) { n++; inside = 1; next } inside = 2; next }
		inside == 1 && n == want' "$README"
}

# display TEXT: the literal display that follows the line TEXT in elf-uuid-stamp(1).
display() {
	sed -n "/^$1/,/^\.Ed/p" "$T/../tools/elf-uuid-stamp.1" | sed '1,2d; $d'
}

prog_c() {
	printf '%s\n' '#include <unistd.h>' 'int main(void) { pause(); return 0; }'
}

@test "readme: the cookbook's lines run" {
	prog_c >prog.c
	${CC:-cc} -g -Wl,--build-id -o prog prog.c
	./prog 3>&- &
	gdb -nx -q -batch -p $! -ex "generate-core-file core" >/dev/null 2>&1
	kill %%
	cp core truth
	# The host is this one.
	mkdir bin
	printf '#!/bin/sh\nshift\nexec sh -c "$*"\n' >bin/ssh
	chmod +x bin/ssh
	PATH=$PWD/bin:$PATH
	age-keygen -o key.txt 2>recipient
	RECIPIENT=$(sed -n 's/^Public key: //p' recipient)
	export RECIPIENT
	# In a member between others, which prove how much is lost.
	gzdeflate -b 4K <core >damaged.gz
	printf 'xxxx' | dd of=damaged.gz bs=1 seek=20000 conv=notrunc status=none
	block sh 4 >cookbook
	[ "$(grep -c zinflate cookbook)" -gt 5 ]
	run -0 sh -eu cookbook
	[[ $output == *"status 1"* ]]
	[[ $output == *"$(elf-uuid -b prog)"* ]]
	zinflate core.gz | cmp - truth
	age -d -i key.txt core.gz.age | zinflate | cmp - truth
	zstd -dc core.zst | cmp - truth
	grep -qx 'comm=prog' core.txt
}

@test "readme: the Python example runs" {
	cp "$(command -v gzdeflate)" elf
	gzdeflate -b 4K <elf >core.gz
	block python >example.py
	echo "assert chunk == open('elf', 'rb').read(4096)" >>example.py
	python3 example.py
}

@test "readme: the Makefile snippet stamps the same UUID for the same build" {
	prog_c >prog.c
	block make >Makefile
	make -s prog
	run -0 elf-uuid prog
	[[ $output == *-8???-* ]]
	one=$output
	rm prog
	make -s prog
	[ "$(elf-uuid prog)" = "$one" ]
}

@test "readme: the CMake example of elf-uuid-stamp(1) stamps" {
	prog_c >prog.c
	display 'With CMake:' >CMakeLists.txt
	unset MAKEFLAGS MAKELEVEL
	cmake -S . -B out >log 2>&1
	cmake --build out >>log 2>&1
	run -0 elf-uuid out/prog
	[[ $output == *-8???-* ]]
}

@test "readme: the Meson example of elf-uuid-stamp(1) stamps" {
	prog_c >prog.c
	display 'Meson has' >meson.build
	meson setup out >log 2>&1
	ninja -C out >>log 2>&1
	run -0 elf-uuid out/prog
	[[ $output == *-4???-* ]]
}

@test "readme: each test that SECURITY.md names is there" {
	grep -oE '`(gzcoredump|core-[a-z]+|confine|elf-uuid|zinflate|gzdeflate): [^`]+`' "$T/../SECURITY.md" | tr -d '`' | sort -u >named
	[ "$(wc -l <named)" -gt 40 ]
	sed -n 's/^@test "\(.*\)" {$/\1/p' "$T"/*.bats "$T"/kernel/*.bats | sort -u | comm -23 named - >missing
	[ ! -s missing ] || { cat missing; return 1; }
}
