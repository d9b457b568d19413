# core-trim on real crashes: gdb, eu-stack and eu-unstrip say the same of the small core as of the full.  All kinds of
# programs, and their sizes: make trimmed.

load lib/common
load lib/trace
load lib/machines

setup_file() {
	local cc=${CC:-cc}
	cd "$BATS_FILE_TMPDIR" || return 1
	$cc -g -pthread -Wl,--build-id -o ways "$T/trimmed/ways.c"
	$cc -g -shared -fPIC -Wl,--build-id -o module.0.so "$T/trimmed/module.c"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	need gdb eu-stack
	ways=$BATS_FILE_TMPDIR/ways
}

# trimmed EXE [OPTION…] [-- OPTION…]: core, made small from a file and from a stream, once its notes come first as in
# those that the kernel writes.  The first options are core-trim's, the others the judge's.
trimmed() {
	local exe=$1 options=()
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	lesser_core nothing core >ordered
	core-trim "${options[@]}" ordered >small || return
	cat ordered | core-trim "${options[@]}" >streamed || return
	[ "$(stat -c %s small)" -lt "$(stat -c %s ordered)" ]
	same_crash ordered small "$exe" --also streamed "${@:2}"
}

# differs HOW WORD…: the judge sees what was lost, and calls it so.
differs() {
	local how=$1 word
	shift
	lesser_core "$how" core >lesser
	run -1 same_crash core lesser "$ways"
	for word; do
		grep -q "^$word: " <<<"$output" || { echo "$how: no line: $word"; echo "$output"; return 1; }
	done
}

@test "same_crash: reports what is lost or wrong, and nothing when the cores are alike" {
	crash_core core "$ways" threads 4 2000000
	lesser_core heap core >lesser
	run -0 same_crash core lesser "$ways"
	[[ $output == "lesser: the same: "*" 4 threads, "* && $output != *" 0 probes out of reach"* ]]
	differs stack gdb eu-stack
	differs module modules
	differs zeros unread
	differs byte memory
	differs register registers notes
	differs note notes
	# A core of another crash.
	mv core other
	crash_core core "$ways" threads 4 2000000
	run -1 same_crash core other "$ways"
}

@test "same_crash: a core's name that also occurs in gdb's output makes no difference" {
	crash_core core "$ways" threads 1 2000000
	core-trim core >small
	printf '#!/bin/sh\ngdb "$@"\necho "warning: a section of the core is too small" >&2\n' >wordy
	chmod 755 wordy
	same_crash core small "$ways" --gdb ./wordy
}

@test "core-trim: threads" {
	crash_core core "$ways" threads 20 5000000
	trimmed "$ways"
	# gdb has the small mappings of code in its cores, too.
	[ "$(gzip -1c small | wc -c)" -lt 98304 ]
	# As gdb wrote it: notes behind memory.
	core-trim core >small
	same_crash core small "$ways"
}

@test "core-trim: a signal handler on its own stack, in the first thread and in another" {
	for thread in main thread; do
		passed=SIGSEGV crash_core core "$ways" altstack $thread
		gdb -nx -q -batch -ex bt "$ways" core 2>/dev/null >bt
		grep -q 'on_signal' bt
		grep -q 'signal handler called' bt
		grep -q 'on_other_stack' bt
		trimmed "$ways"
	done
}

@test "core-trim: a recursion deeper than is kept: the first frames; with -m the last ones too" {
	crash_core core "$ways" recursion 3000
	trimmed "$ways" -- --first 100
	trimmed "$ways" -m 1000K -- --ends 100
}

@test "core-trim: modules that the program loaded, deleted ones too" {
	local i
	for i in 1 2 3 4 5 6 7 8 9; do
		cp "$BATS_FILE_TMPDIR/module.0.so" module.$i.so
	done
	crash_core core "$ways" dlopen ./module.*.so
	[ "$(eu-unstrip -n --core=core | grep -c '/module\.')" = 9 ]
	trimmed "$ways"
	crash_core core "$ways" unlinked ./module.*.so
	[ ! -e module.1.so ]
	trimmed "$ways"
}

@test "core-trim: static-pie" {
	${CC:-cc} -g -pthread -static-pie -o prog "$T/trimmed/ways.c" 2>cc.err || skip "no static-pie: $(head -n 1 cc.err)"
	crash_core core ./prog threads 4 1000000
	trimmed ./prog
}

@test "core-trim: C++: an exception that nothing catches, and one that is being caught" {
	local how cxx
	cxx=$(command -v c++ || command -v clang++) || skip "no compiler of C++"
	"$cxx" -g -o throws "$T/trimmed/throws.cc" 2>cc.err || skip "no C++ library: $(head -n 1 cc.err)"
	for how in throw catch; do
		crash_core core ./throws $how
		trimmed ./throws
	done
}

@test "core-trim: Python" {
	local python
	python=$(realpath "$(python3 -c 'import sys; print(sys.executable)')")
	cat >prog.py <<-'EOS'
	import os, threading, time
	keep = [("key%d" % i, [i, str(i * 7919)]) for i in range(50000)]
	threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
	time.sleep(0.1)
	sorted([2, 1], key=lambda _: os.abort())
	EOS
	crash_core core "$python" prog.py
	# Of its modules there is more data than a small core has room for.
	trimmed "$python" -- --file-data
	[ "$(gzip -1c small | wc -c)" -lt 262144 ]
}

@test "core-trim: 32 bits" {
	need clang
	clang -m32 -g -nostdlib -static -fno-stack-protector -Wl,--build-id -o prog "$T/kernel/crash32.c" ||
		skip "clang cannot make it"
	crash_core core ./prog
	# Too small to lose anything but its stack's far end.
	core-trim core >small
	same_crash core small ./prog
}

@test "core-trim: other machines" {
	local machine cpu gdb
	# Where it is one, gdb itself knows all.
	gdb=$(command -v gdb-multiarch || command -v gdb)
	for machine in aarch64-linux-gnu:aarch64 arm-linux-gnueabi:arm; do
		machine_core "$machine"
		core-trim core >small
		[ "$(stat -c %s small)" -lt "$(stat -c %s core)" ]
		cat core | core-trim >streamed
		same_crash core small "crash.$cpu" --also streamed --gdb "$gdb"
	done
}
