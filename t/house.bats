# The house itself: manuals, scripts, the Makefile.

load lib/common

TOOLS='core-capture core-forward core-info core-keep core-list core-loop core-match core-name core-open core-prune core-record core-store core-trace core-trim elf-uuid elf-uuid-stamp gzcoredump gzdeflate zdeflate zinflate'

manual() {
	ls "$T/../tools/$1".[18]
}

# fold: white space as single blanks.
fold() {
	tr -s ' \n\t' ' ' | sed 's/^ //; s/ $//'
}

@test "house: mandoc -Tlint finds nothing in the manuals" {
	cd "$T/.."
	run -0 mandoc -Tlint -W warning tools/*.[158] "$BUILD"/*.5 lib/*.3 lib/*/*.3
	[ -z "$output" ]
}

@test "house: every program has its manual, whose SYNOPSIS is the usage text" {
	for tool in $TOOLS; do
		"$tool" -h | sed 's/^usage: //' | fold >usage
		mandoc -Tascii "$(manual "$tool")" | col -b |
			sed -n '/^SYNOPSIS/,/^DESCRIPTION/p' | sed '1d;$d' | fold >synopsis
		diff usage synopsis
	done
}

@test "house: every program's first comment is its manual's .Nd" {
	for tool in $TOOLS; do
		source=$T/../tools/$tool
		[ ! -d "$source" ] || source=$source/$tool
		[ -f "$source" ] || source=$source.c
		sed -nE "1,2s,^(/\*|#) $tool - (.*[^ */])( \*/)?\$,\2,p" "$source" >said
		sed -n 's/^\.Nd //p' "$(manual "$tool")" | tr -d '\\&' >nd
		diff said nd
	done
}

@test "house: every program says its version, and is in the README's table" {
	for tool in $TOOLS; do
		run -0 "$tool" -V
		[[ $output == "$tool "[0-9]* ]]
		grep -q "^| \[*.$tool" "$T/../README.md"
	done
}

@test "house: every option of the usage is in the manual, and the options are in order" {
	for tool in $TOOLS; do
		sed -n '/^\.Sh DESCRIPTION/,/^\.Sh EXIT/p' "$(manual "$tool")" |
			sed -nE 's/^\.It Fl ([A-Za-z0-9]).*/\1/p' | grep -v '[0-9]' >listed
		LC_ALL=C sort -f -s listed | diff - listed
		"$tool" -h | grep -oE '(^|[[ |])-[A-Za-z0-9]+' | tr -d ' [|0123456789-' | fold |
			sed 's/./&\n/g' | grep '[A-Za-z]' | sort -u >used
		sort -u listed | diff used - || { echo "in $tool"; return 1; }
	done
}

@test "house: the manuals' examples run" {
	ulimit -c 0
	printf '%s\n' '#include <unistd.h>' 'int main(void) { pause(); return 0; }' >prog.c
	${CC:-cc} -g -Wl,--build-id -o "$BATS_FILE_TMPDIR/prog" prog.c
	elf-uuid-stamp "$BATS_FILE_TMPDIR/prog"
	"$BATS_FILE_TMPDIR/prog" 3>&- &
	gdb -nx -q -batch -p $! -ex "generate-core-file $BATS_FILE_TMPDIR/core" >/dev/null 2>&1
	kill %%
	gzdeflate <"$BATS_FILE_TMPDIR/core" >"$BATS_FILE_TMPDIR/core.gz"
	for tool in $TOOLS gzcoredump.conf; do
		for m in "$T/../tools/$tool".[158]; do
			mandoc -Tascii -O width=1000 "$m" | col -b |
				sed -n '/^EXAMPLES/,/^[A-Z]/p' | sed -nE 's/^ *\$ //p' >commands
			rm -rf work
			mkdir work
			cp "$BATS_FILE_TMPDIR"/{core,core.gz,prog} work
			while IFS= read -r line; do
				(cd work && sh -euc "$line" </dev/null >out 2>&1) || {
					echo "$m: $line"
					cat work/out
					return 1
				}
			done <commands
		done
	done
}

@test "house: shellcheck finds nothing in the scripts" {
	cd "$T/.."
	run -0 shellcheck -s sh tools/elf-uuid-stamp t/demo.sh
	# With -x the parts that these read are looked at too.
	run -0 shellcheck -x -s sh tools/gzcoredump/{gzcoredump,handle,install,self-test}
	run -0 shellcheck -x -s sh tools/core-forward/core-forward
	run -0 shellcheck .ci/run
}

@test "house: fronts and parts: none over 300 lines, no function over 40, the table aside" {
	# long FILE ...: what is too long.
	long() {
		awk 'FNR == 301 { print FILENAME }
			/^[a-z_]+\(\) \{$/ { name = $1; start = FNR }
			/^\}$/ && FNR - start >= 40 && name != "settings()" { print FILENAME ": " name }' "$@"
	}
	cd "$T/../tools/"
	run -0 long gzcoredump/* core-forward/*
	[ -z "$output" ] || { echo "$output"; false; }
	[ "$(wc -l <gzcoredump/gzcoredump)" -le 120 ]
	[ "$(wc -l <gzcoredump/handle)" -le 200 ]
	cd "$BATS_TEST_TMPDIR"
	{ echo 'one() {'; seq 39; echo '}'; seq 300; } >bad
	run -0 long bad
	[ "$output" = $'bad: one()\nbad' ]
}

@test "house: dash and busybox ash can read the scripts" {
	cd "$T/../tools"
	for script in gzcoredump/* elf-uuid-stamp core-forward/*; do
		dash -n $script
		busybox ash -n $script
	done
}

@test "house: a second make does nothing, a header rebuilds what includes it, V=1 shows commands" {
	git -C "$T/.." ls-files | (cd "$T/.." && tar -cf - -T -) | tar -xf -
	# shellcheck disable=SC2030
	unset MAKEFLAGS MAKEOVERRIDES MFLAGS MAKELEVEL CFLAGS LDFLAGS B TESTS BATS_FLAGS
	make -j2 CFLAGS=-O0
	run -0 make CFLAGS=-O0
	[ -z "$output" ] || [[ $output == "make: Nothing to be done"* ]]
	run -0 make -q CFLAGS=-O0
	run -1 make -q CFLAGS=-O1
	run -1 make -q CFLAGS=-O0 SYSCONFDIR=/x
	sleep 1
	touch lib/base/progress.h
	run -0 make V=1 CFLAGS=-O0
	[[ $output == *"-c -o build/tools/zinflate.o"* ]]
	[[ $output != *"-c -o build/lib/core/core.o"* ]]
	run -0 make clean
	[ ! -e build ]
}

@test "house: make deps installs what the goals beside it need, and no more" {
	# wants GOAL ...: the packages that deps would look for.
	wants() {
		make -np -C "$T/.." deps "$@" 2>/dev/null | sed -n 's/.*missing=; for p in \(.*\); do .*/\1/p' | head -n 1 |
			tr -s ' ' '\n' | sort
	}
	unset MAKEFLAGS MAKELEVEL
	wants >build
	wants demo >demo
	wants check >check
	grep -qx libdw-dev build
	run ! grep -xE 'gdb|bats|elfutils' build
	grep -qx elfutils demo
	run ! grep -xE 'bats|clang|rclone|openssh-server' demo
	grep -qx openssh-server check
	# Each has all of the one before it.
	[ -z "$(comm -23 build demo)" ]
	[ -z "$(grep -vx gdb demo | comm -23 - check)" ]
}

@test "house: make deps: packages that the release lacks are named, the rest is installed" {
	[ "$(id -u)" = 0 ] || skip 'not root'
	git -C "$T/.." ls-files Makefile | (cd "$T/.." && tar -cf - -T -) | tar -xf -
	mkdir bin
	printf '#!/bin/sh\nexit 1\n' >bin/dpkg
	printf '#!/bin/sh\nprintf "%%s\\n" "$*" >>asked\n' >bin/apt-get
	cat >bin/apt-cache <<-'EOF'
	#!/bin/sh
	shift
	for p; do
		case $p in
		elfutils) ;;
		libdw-dev) printf '%s:\n  Installed: (none)\n  Candidate: (none)\n' "$p" ;;
		*) printf '%s:\n  Installed: (none)\n  Candidate: 1.2-3\n' "$p" ;;
		esac
	done
	EOF
	chmod 755 bin/*
	unset MAKEFLAGS MAKELEVEL
	PATH=$PWD/bin:$PATH run -0 make deps demo -o demo
	[[ $output == *'left out; tests that need it skip: libdw-dev elfutils'* ]]
	grep -q 'install .* gcc ' asked
	run ! grep -E 'libdw-dev|elfutils' asked
	[ "$(cat build/lacking)" = 'libdw-dev elfutils' ]
}

@test "house: the manuals that are installed name the paths of the build" {
	make -s -C "$T/.." install-built B="$BUILD" DESTDIR="$PWD/root" PREFIX=/p SYSCONFDIR=/s LOCALSTATEDIR=/l RUNSTATEDIR=/r
	run ! grep -rE '(/usr/local/(libexec|share)|/etc|/var/[a-z]+|/run)/(sysctl.d/99-|logrotate.d/)?gzcoredump' root/p/share/man
	for path in /p/libexec/gzcoredump /p/share/gzcoredump /s/gzcoredump.conf /s/sysctl.d/99-gzcoredump.conf /s/logrotate.d/gzcoredump \
		/l/lib/gzcoredump /l/log/gzcoredump.log /r/gzcoredump.places; do
		grep -rqF "$path" root/p/share/man || { echo "$path"; return 1; }
	done
}

@test "house: make install and uninstall, with DESTDIR, leave only the configuration" {
	make -s -C "$T/.." install-built B="$BUILD" DESTDIR="$PWD/root" PREFIX=/usr
	for tool in $TOOLS gzCoredump; do
		[ -x "root/usr/bin/$tool" ]
	done
	[ "$(readlink root/usr/bin/gzCoredump)" = gzcoredump ]
	for part in handle install self-test; do
		[ -x root/usr/libexec/gzcoredump/$part ]
	done
	for front in core-forward gzcoredump; do
		ls root/usr/libexec/$front | diff - <(cd "$T/../tools/$front" && ls -I $front)
	done
	grep -qx 'sysconfdir=/etc' root/usr/libexec/gzcoredump/common
	run -0 man -l root/usr/share/man/man8/gzcoredump.8
	for page in "$T"/../lib/*.3 "$T"/../lib/*/*.3; do
		cmp "$page" "root/usr/share/man/man3/${page##*/}"
	done
	for file in include/gzcore/core.h lib/libgzcore.a lib/pkgconfig/gzcore.pc; do
		[ -s "root/usr/$file" ]
	done
	echo level=7 >root/etc/gzcoredump.conf
	make -s -C "$T/.." install-built B="$BUILD" DESTDIR="$PWD/root" PREFIX=/usr
	make -s -C "$T/.." uninstall B="$BUILD" DESTDIR="$PWD/root" PREFIX=/usr
	run -0 find root -type f -o -type l
	[ "$output" = root/etc/gzcoredump.conf ]
	[ ! -e root/usr/include/gzcore ]
	[ -z "$(ls root/usr/libexec)" ]
	grep -qx level=7 root/etc/gzcoredump.conf
}

@test "house: make deps without apt-get prints the lists and exits 2" {
	mkdir bin
	for tool in make sh id echo; do
		ln -s "$(command -v $tool)" bin/
	done
	run -2 env -i PATH="$PWD/bin" make -C "$T/.." deps
	[[ $output == *"apk add "* && $output == *"dnf install "* ]]
}

@test "house: no line of a C file is over 120 columns" {
	# wide FILE ...: the lines that are too long, with tabs of 8.
	wide() {
		for file; do
			expand "$file" | awk -v file="$file" 'length($0) > 120 { print file ":" FNR }'
		done
	}
	cd "$T/.."
	run -0 wide lib/*/*.[ch] tools/*.[ch] examples/*.c
	[ -z "$output" ] || { echo "$output"; false; }
	printf '\t%0112d\n\t%0113d\n' 1 2 >"$BATS_TEST_TMPDIR/bad.c"
	run -0 wide "$BATS_TEST_TMPDIR/bad.c"
	[ "$output" = "$BATS_TEST_TMPDIR/bad.c:2" ]
}

@test "house: each header stands on its own" {
	cd "$T/../lib"
	for header in */*.h; do
		echo "#include \"$header\"" >"$BATS_TEST_TMPDIR/one.c"
		${CC:-cc} -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror -fsyntax-only \
			-I. "$BATS_TEST_TMPDIR/one.c"
	done
}

@test "house: nothing warns with 32 bits, with time_t of either size" {
	echo '#include <stdlib.h>' | ${CC:-cc} -m32 -x c -fsyntax-only - 2>/dev/null || skip "no headers for -m32"
	# Without gcc-multilib, the kernel's headers are only in the folder of the 64-bit ones.
	multi="-m32 -idirafter /usr/include/$(${CC:-cc} -print-multiarch)"
	env -u MAKEFLAGS make -s -C "$T/.." B="$PWD" CFLAGS="$multi" "$PWD/syscalls.h"
	# What knows no time is the same with both.
	for size in 32 64; do
		files=("$T"/../lib/*/*.c "$T"/../tools/*.c)
		[ "$size" = 64 ] || mapfile -t files < <(grep -lE 'time|tv_' "${files[@]}")
		# shellcheck disable=SC2046,SC2086 # several words
		${CC:-cc} $multi -fsyntax-only -O2 -std=c11 -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=$size \
			-DVERSION='""' -DDUMPS_DIR='""' -DCONF_FILE='""' -I"$T/../lib" -I. \
			$(pkg-config --exists libisal && echo -DWITH_ISAL='""') \
			$(pkg-config --exists libdeflate && echo -DWITH_LIBDEFLATE) \
			-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion -Werror "${files[@]}"
	done
}

@test "house: a room of lib/ includes only those that stand before it in the Makefile" {
	cd "$T/.."
	sed -n 's/^ROOMS = //p' Makefile | tr ' ' '\n' >"$BATS_TEST_TMPDIR/rooms"
	ls -d lib/*/ | cut -d/ -f2 | diff - <(sort "$BATS_TEST_TMPDIR/rooms")
	# above: the #include "..." of files of lib/ that lead to a room behind theirs, or to none.
	above() {
		grep -H '^#include "' "$@" | grep -v '"syscalls.h"' | sed 's/:/ /' |
			awk -v rooms="$BATS_TEST_TMPDIR/rooms" '
			BEGIN { while ((getline room <rooms) > 0) rank[room] = ++n }
			{
				split($1, from, "/")
				split(substr($3, 2), to, "/")
				if (!(from[2] in rank) || !(to[1] in rank) || rank[to[1]] > rank[from[2]])
					print $1 ": " $3
			}'
	}
	run -0 above lib/*/*.[ch]
	[ -z "$output" ] || { echo "$output"; false; }
	mkdir -p "$BATS_TEST_TMPDIR/lib/gzip"
	printf '#include "core/core.h"\n#include "base/io.h"\n' >"$BATS_TEST_TMPDIR/lib/gzip/bad.c"
	cd "$BATS_TEST_TMPDIR"
	run -0 above lib/gzip/bad.c
	[ "$output" = 'lib/gzip/bad.c: "core/core.h"' ]
}

@test "house: no two files of the library define the same name" {
	# twice ARCHIVE: the external names that more than one of its members defines.
	twice() {
		nm -A --defined-only --extern-only "$1" 2>/dev/null | awk '{ print $NF }' | sort | uniq -d
	}
	nm --defined-only "$BUILD/libgzcore.a" 2>/dev/null | grep -q ' T io_read$'
	run -0 twice "$BUILD/libgzcore.a"
	[ -z "$output" ] || { echo "$output"; false; }
	for one in a b; do
		echo 'int same(void) { return 0; }' | ${CC:-cc} -x c -c -o $one.o -
	done
	ar qc two.a a.o b.o
	run -0 twice two.a
	[ "$output" = same ]
}

@test "house: no C file lies in lib/ itself, and no room has more than 14" {
	cd "$T/../lib"
	run ! ls ./*.c ./*.h
	for room in */; do
		[ "$(ls "$room" | grep -c '\.c$')" -le 14 ] || { echo "$room"; return 1; }
	done
}

# keys_in_table: NAME TYPE SOURCES of each key, as gzcoredump-record(5) has them from the table.
keys_in_table() {
	sed -n '/^\.It Cm /{ s/^\.It Cm //; h; }; /^\.Pq /{ s/^\.Pq //; H; x; s/\n/ /; p; }' "$BUILD/gzcoredump-record.5"
}

@test "house: a key of a record that the library writes is in the table, with its type" {
	keys_in_table | sed 's/;.*//' | sort >table
	[ "$(wc -l <table)" -gt 90 ]
	[ "$(cut -d' ' -f1 table | sort -u | wc -l)" = "$(wc -l <table)" ]
	# What the facts of a core and of a process are put into a record with.
	written() {
		sed -nE 's/.*(record|put)_(number|flag|text|bytes|known|hex)\(r, "([a-z_]+)".*/\3 \2/p' "$@" |
			sed -E 's/ (text|bytes|known|hex)$/ text/; s/ flag$/ yes or no/' | sort -u
	}
	written "$T"/../lib/*/*.c >written
	[ "$(wc -l <written)" -gt 50 ]
	comm -13 table written >unknown
	[ ! -s unknown ] || { cat unknown; false; }
	echo '	record_text(r, "pid", text);' >bad.c
	[ "$(written bad.c | comm -13 table -)" = 'pid text' ]
}

@test "house: a key of a record that a manual describes is in the table" {
	keys_in_table | cut -d' ' -f1 | sort >table
	# described PAGE SECTION: the keys in its lists.
	described() {
		sed -n "/^\.Ss $2/,/^\.S[sh]/p" "$T/../tools/$1" | sed -n 's/^\.It Cm //p' | sed 's/ Ns.*//' |
			tr -s ' ,' '\n' | grep -vx Cm | sort
	}
	described core-info.1 'The keys' >info
	described core-info.1 'The lists' >>info
	[ "$(wc -l <info)" -gt 60 ]
	sort info | comm -13 table - >unknown
	described gzcoredump.8 'The record' >record
	[ "$(wc -l <record)" -gt 60 ]
	comm -13 table record >>unknown
	[ ! -s unknown ] || { cat unknown; false; }
}

@test "house: only lib/base/io.c calls read, write and close" {
	cd "$T/.."
	run -1 grep -nE '[^a-z_.>](read|write|pread|pwrite|close)\(' $(ls lib/*/*.c tools/*.c | grep -v lib/base/io.c)
	[ -z "$output" ]
}

@test "house: the library never prints and never exits" {
	cd "$T/../lib"
	run -1 grep -nE '\b(printf|fprintf|puts|perror|err|errx|warn|warnx|exit)\(' */*.c
	[ -z "$output" ]
}

@test "house: only the tables of ELF layouts and of machines know a class's sizes and a processor" {
	cd "$T/../lib"
	run -1 grep -nE 'is64 \? *(\(?sizeof|[0-9])' $(ls */*.[ch] | grep -vxF -e elf/layout.c -e proc/facts.c)
	[ -z "$output" ]
	# A processor's number in a comment is an example.
	run -1 grep -nE '^[^*]*\bEM_[A-Z0-9]' $(ls */*.[ch] | grep -vxF -e elf/machine_table.c -e elf/machine.h)
	[ -z "$output" ]
}

@test "house: the programs that run at a crash load neither libelf nor libdw" {
	for tool in core-capture core-info core-keep core-loop core-match core-name core-open core-prune core-record core-store core-trim gzdeflate; do
		readelf -dW "$BUILD/$tool" >needed
		grep -q 'NEEDED.*libc' needed
		run ! grep -E 'NEEDED.*(libelf|libdw)' needed
	done
}

@test "house: no title of a test is over 90 characters" {
	# overlong FILE ...: the titles that are too long.
	overlong() {
		sed -n 's/^@test "\(.*\)" {$/\1/p' "$@" | grep -E '^.{91}' || :
	}
	cd "$T"
	[ "$(cat ./*.bats kernel/*.bats | grep -c '^@test ')" = \
		"$(cat ./*.bats kernel/*.bats | grep -c '^@test ".*" {$')" ]
	run -0 overlong ./*.bats kernel/*.bats
	[ -z "$output" ] || { echo "$output"; false; }
	printf '@test "%090d" {\n@test "%091d" {\n' 1 2 >"$BATS_TEST_TMPDIR/titles"
	run -0 overlong "$BATS_TEST_TMPDIR/titles"
	[ "$output" = "$(printf '%091d' 2)" ]
}

@test "house: every line of a test that looks like a check can fail" {
	# bash passes over the status of ! COMMAND, and of what stands before && or ||, unless a function ends with it.
	cat >blind.py <<-'EOS'
	import re, sys
	test = r"(\[\[? .* \]\]?|(grep|cmp|diff|test) .*)"
	blind = [
	    (r"! ", r"\|\||&&"),
	    (test[:-1] + r"|!.*) \|\| (:|true)$", r">\w+ \|\||\|\|.*\|\|"),
	    (test + r" \|\| ! ", r" ! .*\|\|"),
	    (test + r" && (!|\[|grep|cmp|diff|test|run)", r"\|\||&& ?(continue|break|return|skip|echo)|\]\]$"),
	]
	for name in sys.argv[1:]:
	    lines = open(name).read().split("\n") + [""]
	    for n, line in enumerate(lines[:-1]):
	        of = line.strip()
	        if lines[n + 1].strip() in ("}", ")") or of.endswith("&&"):
	            continue
	        if any(re.match(bad, of) and not re.search(but, of) for bad, but in blind):
	            print(f"{name}:{n + 1}: {of}")
	EOS
	sed 's/^: //' >sample <<-'EOS'
	: ! false
	: ! true || skip
	: [ a = b ] || :
	: [ a = b ] || ! true
	: [ a = b ] && [ b = c ]
	: [ a = b ] && continue
	: grep -q a b && ! grep c d
	: [[ a == b && c == d ]]
	: [ a = b ] && [ b = c ]
	}
	EOS
	python3 blind.py sample | cut -d: -f2 | paste -sd' ' | grep -qx '1 3 4 5 7'
	run -0 python3 blind.py "$T"/*.bats "$T"/*/*.bats "$T"/lib/*.bash
	[ -z "$output" ] || { echo "$output"; false; }
}

@test "house: no line of C with code in it is over 100 columns" {
	# overlong FILE ...: lines over 100 columns, tabs of 8, but those with a comment alone.
	overlong() {
		python3 - "$@" <<-'EOS'
		import re, sys
		for name in sys.argv[1:]:
		    text = open(name).read()
		    code = re.sub(r"/\*.*?\*/", lambda m: re.sub(r".", "\0", m[0]), text, flags=re.S)
		    for n, (line, bare) in enumerate(zip(text.split("\n"), code.split("\n")), 1):
		        if len(line.expandtabs(8)) > 100 and bare.strip("\0\t "):
		            print(f"{name}:{n}: {line.strip()}")
		EOS
	}
	cd "$T/.."
	run -0 overlong lib/*/*.[ch] tools/*.[ch] t/lib/*.c
	[ -z "$output" ] || { echo "$output"; false; }
	printf '/* %0100d */\n%0100d;\n%0100d;\n' 1 2 3 | sed '2s/0//' >"$BATS_TEST_TMPDIR/lines.c"
	run -0 overlong "$BATS_TEST_TMPDIR/lines.c"
	[ "$(cut -d: -f2 <<<"$output")" = 3 ]
}
