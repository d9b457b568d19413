# core-trace on what the kernel writes of real crashes, as the handler stores it.

load ../lib/common
load ../lib/kernel
load ../lib/trace

setup_file() {
	export BATS_NO_PARALLELIZE_WITHIN_FILE=true
	kernel_install
}

teardown_file() {
	kernel_remove
}

setup() {
	kernel_ready
	cd "$BATS_TEST_TMPDIR" || return 1
	# Records are known by their PID, which comes again.
	rm -rf "$DIR"
	need gdb eu-stack
	conf
	sorted 0
}

# sorted N: the kernel writes small mappings first, or in the order of addresses, which is what eu-stack
# takes for granted.
sorted() {
	[ ! -e $KERNEL/core_sort_vma ] || kernel_set kernel/core_sort_vma "$1"
}

# traced ELF: the core of $pid and its compressed file give the same, which is what the others say.
traced() {
	restored
	same_as_others core "$1" || return
	core-trace "$gz" | diff trace - || return
	core-trace -j "$gz" >json
	json_is_valid json || return
	core-trace -s "$gz" >word
	grep -qxE '[0-9a-f]{16}' word
}

@test "core-trace: a threaded program: the crashed thread first, as eu-stack and gdb say" {
	crasher prog
	crash ./prog threads 20
	traced prog
	[ "$(grep -c ^thread trace)" = 20 ]
	[ "$(head -n 1 trace)" = "thread $(value tid): SIGSEGV: write to 0x0: a null pointer" ]
	sed -n 2p trace | grep -q ' crash_here+'
	crash ./prog thread
	traced prog
	[ "$(head -n 1 trace)" = "thread $(value tid): SIGSEGV: write to 0x0: a null pointer" ]
	sed -n 3p trace | grep -q ' crash_in_thread+'
}

@test "core-trace: the same bug twice has one fingerprint, whatever the addresses" {
	crasher prog
	crash ./prog segv
	traced prog
	mv word first
	crash ./prog segv 'an argument'
	traced prog
	cmp first word
	crash ./prog thread
	traced prog
	run ! cmp -s first word
}

@test "core-trace: a sorted core: no frame and no name is lost" {
	crasher prog
	sorted 1
	crash ./prog threads 20
	restored
	core-trace core >trace
	[ "$(our_frames trace | wc -l)" -ge 80 ]
	diff <(our_frames trace | sort) <(gdb_frames prog core | sort)
	# Every frame has a function and a module with its build-id.
	run ! grep -E '^#' <(grep -vE '^#.*  [A-Za-z_][^ ]*(\+0x| \[inlined\]).*  /.*\+0x.*  \[' trace)
	for name in crash_here main wait_in_thread start_thread; do
		grep -q "  $name+" trace
	done
	core-trace "$gz" | diff trace -
}

@test "core-trace: Python" {
	python=$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')
	crash "$python" -c 'import os, threading, time
for _ in range(3): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
time.sleep(0.2)
os.abort()'
	traced "$python"
	[ "$(grep -c ^thread trace)" = 4 ]
}

@test "core-trace: node" {
	need node
	crash node -e 'process.abort()'
	traced "$(command -v node)"
}

@test "core-trace: a program of 32 bits" {
	need clang
	clang -m32 -g -nostdlib -static -fno-stack-protector -Wl,--build-id -o prog "$T/kernel/crash32.c"
	run ./prog
	[ "$status" != 126 ] || skip "this kernel runs no programs of 32 bits"
	crash ./prog
	stored
	zinflate "$gz" >core
	core-trace core >trace
	our_frames trace >ours
	eu_frames core | diff - ours
	[ -s ours ]
}

@test "core-trace: a core cut at any byte: shows what is there, and says where it ends" {
	crasher prog
	crash ./prog threads 5
	restored
	core-trace core >whole
	size=$(stat -c %s core)
	for percent in 1 5 20 40 60 80 95 99; do
		n=$((size * percent / 100))
		head -c "$n" core >cut
		status=0
		core-trace cut >out 2>err || status=$?
		[ "$status" = 1 ] || [ "$status" = 2 ]
		[ "$status" = 2 ] || grep -q "cut short: ends after $n of $size bytes" err
		gzdeflate -b 4096 cut | core-trace 2>/dev/null | diff out - || [ "${PIPESTATUS[1]}" = "$status" ]
		# No frame that is not in the whole one.
		[ -z "$(our_frames out | sort -u | comm -23 - <(our_frames whole | sort -u))" ]
	done
}

@test "gzcoredump: the reader of a core cannot cut the log, and its messages there are bounded" {
	need_stack
	crasher prog
	conf stack=yes
	mv "$P/bin/core-trace" "$P/bin/core-trace.there"
	cat >"$P/bin/core-trace" <<-'EOF'
	#!/bin/sh
	python3 -c 'import os
	for fd in range(10):
	    try:
	        os.ftruncate(fd, 0)
	    except OSError:
	        pass'
	echo frame=here
	printf 'esc\033[2J\n' >&2
	yes "from the core" | head -n 1000 >&2
	EOF
	chmod 755 "$P/bin/core-trace"
	echo kept >>"$P/var/log/gzcoredump.log"
	crash ./prog
	stored
	kernel_idle
	mv "$P/bin/core-trace.there" "$P/bin/core-trace"
	grep -qx kept "$P/var/log/gzcoredump.log"
	[ "$(value frame)" = here ]
	grep -qE '^20[^ ]*Z gzcoredump\[[0-9]+\]: .*: esc\?\[2J$' "$P/var/log/gzcoredump.log"
	[ "$(grep -c 'from the core' "$P/var/log/gzcoredump.log")" = 19 ]
}

@test "gzcoredump: a process with another root: no file here is used without its build-id" {
	need_stack
	# Who may enter here.
	conf stack=yes stack_user=root
	${CC:-cc} -g -static -pthread -Wl,--build-id=none -o "$P/nobuild" "$T/kernel/crash.c"
	mkdir -p "$P/root$P"
	cp "$P/nobuild" "$P/root$P"
	crash "$P/nobuild"
	stored
	kernel_idle
	grep -q '^frame=#0 .*  crash_here+' "$txt"
	start chroot "$P/root" "$P/nobuild"
	gone
	stored
	kernel_idle
	has "root=$P/root"
	grep -q '^frame=#0 ' "$txt"
	run ! grep -q 'crash_here' "$txt"
	grep -qx 'stack_end=nobuild: not the file that the process had' "$txt"
}

@test "gzcoredump: 16 already wait for stacks: the next crash has none, and its record says so" {
	need_stack
	crasher prog
	conf stack=yes
	crash ./prog
	stored
	kernel_idle
	grep -q '^frame=#0 ' "$txt"
	hold "$DIR" {4096..4111}
	crash ./prog
	stored
	soon says_why
	run ! grep -q '^frame=' "$txt"
	let_go
	crash ./prog
	stored
	kernel_idle
	grep -q '^frame=#0 ' "$txt"
}

says_why() {
	grep -qx 'stack_end=not looked for: 16 others wait for it to be their turn' "$txt"
}

# The sentence of core-trace, and what the record's key has of the core alone.
@test "core-trace: why a program died: in one sentence; its registers and code are those of gdb" {
	${CC:-cc} -g -w -pthread -o ways "$T/reasons/ways.c" -lm
	while IFS='|' read -r way sentence; do
		crash ./ways "$way"
		stored
		core-trace -r "$gz" >said 2>err || :
		sed -n 's/^reason=//p' said | sed -E 's/0x[0-9a-f]{6,}/ADDRESS/; s/[0-9]+ KiB/SIZE/; s/(pid) [0-9]+/\1 N/; s/(ways.c):[0-9]+/\1:LINE/' >reason
		[ "$(cat reason)" = "$sentence" ] || { echo "$way: $(cat reason)"; return 1; }
	done <<-'EOF'
	null_write|write to 0x10: a field of a null pointer
	null_call|call of a null function pointer
	overflow|stack overflow: ADDRESS is below the stack's limit, SIZE: recursion() calls itself
	guard|read of ADDRESS, which may not be accessed (a guard page)
	divide|division by zero
	trap|illegal instruction: 0f 0b (a trap by the compiler)
	double_free|abort after: free(): double free detected in tcache 2
	failed_assert|assertion `zero > 0 && "more than none"` failed: ways.c:LINE failed_assert()
	killed|SIGSEGV sent by pid N of user 0
	seccomp|killed by seccomp: system call 79 (getcwd)
	handled|abort in the handler of SIGSEGV: write to 0x10: a field of a null pointer
	EOF
	restored
	core-trace -j "$gz" >json
	json_is_valid json
	gdb -nx -q -batch -ex 'info registers' ./ways core 2>gdb.err |
		sed -nE 's/^([a-z0-9_]+) +(0x[0-9a-f]+).*/\1=\2/p' | grep -v '^k[0-7]=' | paste -sd' ' >wanted
	[ "$(wc -w <wanted)" -gt 20 ]
	# Of a core gdb has no bases of segments.
	jq -r .registers json | sed 's/ fs_base=.*//' | diff <(sed 's/ fs_base=.*//' wanted) -
	gdb -nx -q -batch -ex 'x/16xb $pc' ./ways core 2>gdb.err | sed -n 's/.*:\t//p' | tr -s '\t' ' ' |
		sed 's/0x//g' | paste -sd' ' >wanted
	jq -r .code json | sed 's/.*<//; s/>//' | diff wanted -
	[ "$(value reason)" = 'SIGABRT that it sent to itself, as abort() does' ]
}
