# libgzcore as others have it: installed, found by pkg-config, described in section 3; and the examples.

load lib/common
load lib/trace

setup_file() {
	need gdb eu-stack mandoc
	F=$BATS_FILE_TMPDIR
	export F PKG_CONFIG_PATH=$F/usr/lib/pkgconfig
	make -s -C "$T/.." install-built B="$BUILD" DESTDIR= PREFIX="$F/usr" SYSCONFDIR="$F/etc"
	cd "$F" || return 1
	for example in crash-summary crashed-stack; do
		cp "$T/../examples/$example.c" .
		compile $example $example.c || return 1
	done
	${CC:-cc} -g -pthread -Wl,--build-id -o prog "$T/kernel/crash.c"
	crash_core core ./prog threads 3
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	PATH=$F:$PATH
}

# compile OUTPUT SOURCE [OPTION…]: against what is installed, and nothing else of ours; with the
# sanitizers that the library was built with.
compile() {
	local out=$1
	shift
	${CC:-cc} ${CFLAGS-} -Wall -Wextra -Wshadow -Wconversion -pedantic -Werror -o "$out" "$@" \
		$(${PKG_CONFIG:-pkg-config} --cflags --libs gzcore) ${LDFLAGS-}
}

# The headers that are installed.
headers() {
	(cd "$F/usr/include/gzcore" && ls)
}

# functions HEADER: the names of those that it declares.
functions() {
	python3 - "$F/usr/include/gzcore/$1" <<-'EOS'
	import re, sys
	text = re.sub(r"/\*.*?\*/", " ", open(sys.argv[1]).read(), flags=re.S)
	text = re.sub(r"#ifdef __cplusplus\n.*?#endif\n", "", text, flags=re.S)
	text = re.sub(r"^#.*(\\\n.*)*", "", text, flags=re.M)
	while "{" in text:
	    text = re.sub(r"\{[^{}]*\}", " ", text)
	for declaration in text.split(";"):
	    name = re.search(r"(\w+)\s*\(", declaration)
	    if name:
	        print(name[1])
	EOS
}

@test "lib: pkg-config names the library and what this build of it needs" {
	run -0 pkg-config --cflags --libs gzcore
	[[ "$output " == *"-I$F/usr/include "*"-L$F/usr/lib "*"-lgzcore "* ]]
	for l in z elf dw; do
		[[ "$output " == *" -l$l "* ]]
	done
	run -0 pkg-config --modversion gzcore
	[ "core-info $output" = "$(core-info -V | head -n 1)" ]
	pkg-config --print-requires gzcore | sort >named
	run ! grep -rF -e @ -e "$BUILD" "$F/usr/lib/pkgconfig/gzcore.pc"
	{
		printf '%s\n' zlib libelf libdw
		gzdeflate -V | sed -n 's/.*ISA-L.*/libisal/p'
		gzdeflate -V | sed -n 's/.*libdeflate.*/libdeflate/p'
		gzdeflate -V | sed -n 's/.*seccomp.*/libseccomp/p'
	} | sort | diff - named
}

@test "lib: values are written as lines and as JSON, of the type that the table of keys has" {
	${CC:-cc} ${CFLAGS-} -std=c11 -I"$T/../lib" -Wall -Wextra -Wconversion -Werror -o written \
		"$T/lib/written.c" "$BUILD/libgzcore.a" ${LDFLAGS-}
	run -0 ./written
	[ -z "$output" ] || { echo "$output"; false; }
}

@test "lib: DESTDIR and LIBDIR set where it is installed; gzcore.pc names LIBDIR alone" {
	make -s -C "$T/.." install-built B="$BUILD" DESTDIR="$PWD/root" PREFIX=/opt/x LIBDIR=/opt/x/lib64
	[ -s root/opt/x/lib64/libgzcore.a ]
	[ -s root/opt/x/include/gzcore/core.h ]
	grep -qx libdir=/opt/x/lib64 root/opt/x/lib64/pkgconfig/gzcore.pc
	grep -qx includedir=/opt/x/include root/opt/x/lib64/pkgconfig/gzcore.pc
	make -s -C "$T/.." uninstall B="$BUILD" DESTDIR="$PWD/root" PREFIX=/opt/x LIBDIR=/opt/x/lib64
	run -0 find root '(' -type f -o -type l -o -name gzcore ')' ! -name gzcoredump.conf
	[ -z "$output" ]
}

@test "lib: each installed header stands on its own, in strict C11 too" {
	[ "$(headers | wc -l)" -gt 10 ]
	for header in $(headers); do
		printf '#include <gzcore/%s>\n' "$header" "$header" >one.c
		echo 'int main(void) { return 0; }' >>one.c
		for std in gnu17 c11; do
			compile one one.c -std=$std -Wstrict-prototypes
		done
	done
}

@test "lib: a program in C++ includes all headers and reads the threads of a core" {
	command -v "${CXX:-c++}" || skip "no C++ compiler"
	headers | sed 's,.*,#include <gzcore/&>,' >prog.cc
	cat >>prog.cc <<-'EOS'
	#include <cstdio>

	int
	main(int, char **argv)
	{
		struct image *i;
		struct core c;
		uint64_t size;

		if (image_open_file(&i, argv[1]) < 0)
			return 1;
		core_open(&c);
		if (core_read_image(&c, i, &size) < 0 || !c.is_core)
			return 1;
		for (size_t k = 0; k < c.thread_count; k++) {
			const struct core_thread *t = &c.thread[k];

			std::printf("%u\n", static_cast<unsigned>(t->tid));
		}
		core_close(&c);
		image_close(i);
		return 0;
	}
	EOS
	${CXX:-c++} ${CFLAGS-} -std=c++11 -Wall -Wextra -pedantic -Werror -o prog prog.cc \
		$(${PKG_CONFIG:-pkg-config} --cflags --libs gzcore) ${LDFLAGS-}
	run -0 ./prog "$F/core"
	core-trace "$F/core" | awk '$1 == "thread" { sub(":", "", $2); print $2 }' | diff - <(echo "$output")
}

@test "lib: every function of an installed header is in the library and in a page of section 3" {
	nm -g --defined-only "$F/usr/lib/libgzcore.a" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort >defined
	for header in $(headers); do
		for f in $(functions "$header"); do
			echo "$header $f" >>declared
		done
		grep -q "^\.In gzcore/$header\$" "$F"/usr/share/man/man3/* || { echo "not in a page: $header"; return 1; }
	done
	[ "$(wc -l <declared)" -gt 50 ]
	while read -r header f; do
		grep -qx "$f" defined || { echo "not defined: $f"; return 1; }
		page=$(grep -lE "^\.Nm $f( ,)?\$" "$F"/usr/share/man/man3/*) || { echo "no page: $f of $header"; return 1; }
		grep -qE "^\.F[no] $f( |\$)" $page && grep -qx "\.In gzcore/$header" $page ||
			{ echo "not in the SYNOPSIS of $page: $f of $header"; return 1; }
	done <declared
	# And the pages name no function that is not there.
	sed -nE 's/^\.Nm ([a-z_]+)( ,)?$/\1/p' "$F"/usr/share/man/man3/gzcore-*.3 | sort >named
	cut -d' ' -f2 declared | sort | diff named -
}

@test "lib: every name that the library defines begins as gzcore(3) says" {
	mandoc -Tascii -O width=1000 "$F/usr/share/man/man3/gzcore.3" | col -b |
		grep -oE '\b([a-z0-9]+_|fingerprint|cut_guard|in_use|open_guard)( |$)' | tr -d ' ' | sort -u >prefixes
	[ "$(wc -l <prefixes)" -gt 25 ]
	nm -g --defined-only "$F/usr/lib/libgzcore.a" | awk 'NF == 3 && $3 !~ /^__/ { print $3 }' >defined
	[ "$(wc -l <defined)" -gt 100 ]
	run -1 grep -vE "^($(paste -sd'|' prefixes)|open(64)?\$)" defined
	[ -z "$output" ]
	# And each of these is in use.
	while read -r prefix; do
		grep -q "^$prefix" defined || { echo "nothing is named $prefix"; return 1; }
	done <prefixes
}

@test "lib: the code of the pages compiles, and says what the tools say" {
	code() {
		mandoc -Tascii -O width=1000 "$F/usr/share/man/man3/$1.3" | col -bx |
			sed -n '/^EXAMPLES/,/^SEE/p' | sed -n 's/^           //p'
	}
	headers='#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <gzcore/core_read.h>
#include <gzcore/core_threads.h>
int main(void) {'
	gzdeflate "$F/core" >core.gz
	code gzcore >whole
	grep -q core_read_image whole
	printf '%s\n' "$headers" "$(cat whole)" 'return 0; }' >whole.c
	compile first whole.c
	run -0 ./first
	[ "$output" = whole ]
	head -c 100000 "$F/core" >core.gz
	run -0 ./first
	[ "$output" = 'cut short' ]
	gzdeflate "$F/core" >core.gz
	code gzcore-threads >threads
	grep -q core_threads_next threads
	{
		echo "$headers"
		sed '/^puts/,$d' whole
		cat threads
		echo 'core_close(&c); image_close(i); return 0; }'
	} >threads.c
	compile second threads.c
	run -0 ./second
	core-trace "$F/core" | awk '$1 == "thread" { sub(":", "", $2); tid = $2 }
		$1 == "#0" { sub("0x0*", "0x", $2); print tid, $2 }' | diff - <(echo "$output")
	[ "${#lines[@]}" -eq 3 ]
}

@test "lib: the lines of the README compile an example and run it" {
	mkdir bin examples
	printf '#!/bin/sh\nPATH="%s"\nexec %s %s "$@" %s\n' "$PATH" "${CC:-cc}" "${CFLAGS-}" "${LDFLAGS-}" >bin/cc
	chmod +x bin/cc
	cp "$T"/../examples/*.c examples
	gzdeflate "$F/core" >core.gz
	sed -n '/^## From C/,/^## The house/p' "$T/../README.md" | sed -n '/^```sh/,/^```/p' | sed '1d;$d' >lines
	PATH=$PWD/bin:$PATH
	run -0 sh -eu lines
	[[ $output == "core.gz: prog: SIGSEGV "*"; whole" ]]
	for example in examples/*.c; do
		grep -q "^| .$example. | " "$T/../README.md"
		sed -n "1s,^/\* $(basename "$example" .c) - .* \*/\$,&,p" "$example" | grep .
	done
}

@test "lib: crash-summary says what core-info says, of a core and of its compressed file" {
	cp "$F/core" .
	gzdeflate core >core.gz
	gzip -c core >gzip.gz
	id=$(elf-uuid -b "$F/prog")
	modules=$(core-info core | sed -n 's/^modules=//p')
	for f in core core.gz gzip.gz; do
		run -0 --separate-stderr crash-summary $f
		[ "$output$stderr" = "$f: prog: SIGSEGV SEGV_MAPERR at 0x0; $F/prog; build-id $id; modules: $modules; whole" ]
	done
	run -0 crash-summary core core.gz
	[ "${#lines[@]}" -eq 2 ]
	run -0 crash-summary - <core
	[[ $output == "-: prog: "* ]]
	# With a uuid, and a signal that was sent.
	cp "$F/prog" stamped
	elf-uuid-stamp stamped
	crash_core sent ./stamped signal "$(kill -l TERM)"
	run -0 crash-summary sent
	[[ $output == "sent: stamped: SIGTERM "* ]]
	[[ $output == *"; uuid $(elf-uuid stamped); "* ]]
}

@test "lib: crash-summary: a cut or damaged core exits 1, input that is no core 2" {
	# As the kernel has it, the notes first, is what is left of a core cut there.
	size=$(stat -c %s "$F/core")
	head -c $((size - 1000)) "$F/core" >cut
	run -1 --separate-stderr crash-summary cut
	[[ $output == "cut: "*"; cut short by 1000 of $size bytes" ]]
	[ -z "$stderr" ]
	gzdeflate "$F/core" | head -c -1000 >cut.gz
	run -1 --separate-stderr crash-summary cut.gz
	[[ $output == *"cut short: the input ends inside a member; cut short by "* ]]
	echo text >text
	: >empty
	gzdeflate <empty >empty.gz
	cp "$F/prog" elf
	for f in text empty empty.gz elf none .; do
		fails_with 2 crash-summary $f
		fails_with 2 crashed-stack $f
	done
	fails_with 2 crash-summary
	fails_with 2 crashed-stack
	[ "$(crash-summary empty.gz 2>&1)" = 'crash-summary: empty.gz: empty' ]
	# The others are described all the same.
	run -2 --separate-stderr crash-summary text "$F/core" none
	[[ $output == "$F/core: prog: "*"; whole" ]]
	[ "${#stderr_lines[@]}" -eq 2 ]
	run -2 bash -c 'crash-summary "$F/core" >/dev/full'
	run -2 bash -c 'crashed-stack "$F/core" >/dev/full'
}

@test "lib: crashed-stack has the frames of eu-stack and the fingerprint of core-trace" {
	cp "$F/core" a
	crash_core b "$F/prog" segv
	crash_core c "$F/prog" thread
	gzdeflate a >a.gz
	run -0 --separate-stderr crashed-stack a a.gz b c
	[ -z "$stderr" ]
	printf '%s\n' "$output" >said
	for f in a c; do
		sed -n "/^$f: /,/^[^#]* as /p" said | sed '1!{/^[a-z]/,$d}' >one
		[ "$(head -n 1 one)" = "$f: $(core-trace -s $f)" ]
		tid=$(core-info $f | sed -n 's/^tid=//p')
		eu_frames $f | sed -n "s/^$tid //p" | diff - <(awk '/^#/ { print $2 }' one)
	done
	# Of the same bug, whatever the core is stored as, the stack is shown once.
	grep -qx "a.gz: $(core-trace -s a), as a" said
	run -0 grep -c '^#0 ' said
	[ "$output" = "$([ "$(core-trace -s b)" = "$(core-trace -s a)" ] && echo 2 || echo 3)" ]
	core-trace a | sed -n 2p >first
	line=$(grep -oE 'crash\.c:[0-9]+' first)
	sed -n 2p said | grep -q "  crash_here  .*$line\$"
}

@test "lib: a stack that cannot be followed, or is in a cut core, is reported" {
	without_memory "$F/core" >cut
	run -1 --separate-stderr crashed-stack cut
	[[ $output == *"ends here: "*" not in the core" ]]
	grep -q "^#0 .* crash_here " <<<"$output"
	head -c 4096 "$F/core" >cut
	fails_with 2 crashed-stack cut
	[ "$stderr" = 'crashed-stack: cut: no stack' ]
}

@test "lib: the examples print nothing that could control a terminal" {
	name=$'pr\e[2J\t\x01\xff'
	cp "$F/prog" "./$name"
	crash_core core "./$name" segv
	cp core $'co\e[m'
	for example in crash-summary crashed-stack; do
		$example core $'co\e[m' >said
		run ! grep -aq '[^ -~]' said
		grep -qF 'co\0033[m' said
	done
	crash-summary core | grep -qF 'pr\0033[2J\0011\0001\0377'
}

@test "lib: flipped and cut cores end with a status, in time" {
	python3 - "$F/core" <<-'EOS'
	import random, subprocess, sys
	r, core = random.Random(7), open(sys.argv[1], "rb").read()
	for i in range(60):
	    b = bytearray(core)
	    for _ in range(r.randrange(1, 8)):
	        b[r.choice((r.randrange(4096), r.randrange(len(b))))] = r.randrange(256)
	    open("bad", "wb").write(b[:r.choice((len(b), r.randrange(len(b))))])
	    for example in "crash-summary", "crashed-stack":
	        p = subprocess.run([example, "bad"], capture_output=True, timeout=60)
	        assert p.returncode in (0, 1, 2), (i, example, p)
	EOS
}

@test "lib: one trace at a time, and open is the C library's beside it" {
	cat >both.c <<-'EOS'
	#define _GNU_SOURCE
	#include <err.h>
	#include <errno.h>
	#include <fcntl.h>
	#include <signal.h>
	#include <stdio.h>
	#include <sys/stat.h>
	#include <unistd.h>
	#include <gzcore/trace.h>

	static void
	on_fault(int sig)
	{
		(void)sig;
		_exit(7);
	}

	int
	main(int argc, char **argv)
	{
		struct image *i, *none;
		struct trace *t, *other;
		struct trace_visitor all = { .arg = NULL };
		struct stat st;
		int fd;

		(void)argc;
		signal(SIGSEGV, on_fault);
		if (image_open_file(&i, argv[1]) < 0 || image_open_file(&none, argv[2]) < 0)
			err(1, "open");
		if (trace_open(&t, i, NULL, NULL, 0) != TRACE_OK || trace_walk(t, &all) != 0)
			errx(1, "trace");
		if (trace_open(&other, i, NULL, NULL, 0) != TRACE_SYSTEM || errno != EBUSY || other != NULL)
			errx(1, "a second trace");
		trace_close(other);
		/* Files that have no name yet have the mode that was asked for. */
		if ((fd = open(".", O_TMPFILE | O_RDWR, 0640)) < 0 || fstat(fd, &st) < 0)
			err(1, "O_TMPFILE");
		if ((st.st_mode & 0777) != 0640)
			errx(1, "mode %o", (unsigned)st.st_mode);
		if ((fd = open("new", O_CREAT | O_RDWR, 0604)) < 0 || fstat(fd, &st) < 0 || (st.st_mode & 0777) != 0604)
			err(1, "new");
		if ((fd = open("/dev/null", O_RDONLY)) < 0)
			err(1, "/dev/null");
		trace_close(t);
		/* What is no core is none, and cannot be walked through. */
		if (trace_open(&t, none, NULL, NULL, 0) != TRACE_NO_CORE || trace_walk(t, &all) != -1)
			errx(1, "no core");
		puts(trace_words(TRACE_NO_CORE, t));
		trace_close(t);
		image_close(none);
		image_close(i);
		fflush(stdout);
		raise(SIGSEGV);
		return 0;
	}
	EOS
	compile both both.c
	run -7 ./both "$F/core" both.c
	[ "$output" = 'not an ELF file' ]
}

@test "lib: arrays grow to their bound, searches find borders, a child tells why it failed" {
	${CC:-cc} ${CFLAGS-} -std=c11 -D_GNU_SOURCE -I"$T/../lib" -Wall -Wextra -Wconversion -Werror -o small_things \
		"$T/lib/small_things.c" "$BUILD/libgzcore.a" ${LDFLAGS-}
	run -0 ./small_things
	[ -z "$output" ]
}
