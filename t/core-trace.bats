# core-trace on cores that gdb writes of real crashes; those of the kernel: t/kernel/trace.bats.

load lib/common
load lib/trace
load lib/machines
load lib/kept

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	need gdb eu-stack
}

# build FILE: the program that crashes in the ways of t/kernel/crash.c.
build() {
	${CC:-cc} -g -pthread -Wl,--build-id -o "$1" "$T/kernel/crash.c"
}

# sane STATUS… -- COMMAND…: it ends by itself, in time, with one of these.
sane() {
	local wanted=
	while [ "$1" != -- ]; do
		wanted+=" $1"
		shift
	done
	shift
	status=0
	timeout 120 "$@" >out 2>err || status=$?
	[[ " $wanted " == *" $status "* ]] || { echo "status $status: $*"; tail -n 30 err; return 1; }
}

@test "core-trace: -h, -V and a bad option" {
	answers core-trace
}

@test "core-trace: input that is no core: one line, status 2" {
	fails_with 2 core-trace /dev/null
	[[ $stderr == *": empty" ]]
	echo hello world, this is no core >text
	fails_with 2 core-trace text
	[[ $stderr == *"text: not an ELF file" ]]
	fails_with 2 core-trace "$(command -v bash)"
	[[ $stderr == *": an ELF file, but not a core" ]]
	gzdeflate <text >text.gz
	fails_with 2 core-trace text.gz
	fails_with 2 core-trace <text
	fails_with 2 core-trace none
	fails_with 2 core-trace .
	usage_error core-trace one two
	fails_with 2 core-trace -e none text
	fails_with 2 core-trace -d text text
	mkfifo fifo
	fails_with 2 core-trace -e fifo text
}

@test "core-trace: endless input that is no core is refused at its start" {
	for f in /dev/zero /dev/full; do
		run -2 timeout 120 core-trace $f
		[ "$output" = "core-trace: $f: not an ELF file" ]
	done
	run -2 timeout 120 bash -c 'yes | core-trace'
	[ "$output" = 'core-trace: <stdin>: not an ELF file' ]
}

@test "core-trace: refuses to read from a terminal" {
	run -2 on_terminal core-trace </dev/null
	[[ $output == *"<stdin>: is a terminal"* ]]
}

@test "core-trace: a threaded program's frames are those of eu-stack and gdb" {
	build prog
	crash_core core ./prog threads 5
	same_as_others core prog
	[ "$(grep -c ^thread trace)" = 5 ]
	[ "$(head -n 1 trace | cut -d: -f2)" = ' SIGSEGV' ]
	[[ $(sed -n 2p trace) =~ ^'#0   0x'[0-9a-f]{16}'  crash_here+0x'[0-9a-f]+'  '.*'crash.c:'[0-9]+'  '"$PWD/prog+0x"[0-9a-f]+'  ['[0-9a-f]{40}']'$ ]]
	# The line of the call, not of what it returns to.
	line=$(grep -n 'crash_here(SIGSEGV);' "$T/kernel/crash.c" | tail -n 1 | cut -d: -f1)
	sed -n 3p trace | grep -q "  main+.*crash.c:$line  "
}

@test "core-trace: C++: inlined functions are frames; names, lines and numbers as in gdb's bt" {
	need clang
	local flags
	for flags in -O0 -O2; do
		clang -x c++ -g $flags -std=c++17 -fno-exceptions -fno-rtti -o prog "$T/lib/inlined.cc"
		crash_core core ./prog
		core-trace core >trace
		gdb_names prog core >gdbs
		our_names trace | head -n "$(wc -l <gdbs)" | diff gdbs -
		grep -q '^+ start ' gdbs
	done
	grep -qE '^#0   0x[0-9a-f]+  shop::Cart<int volatile>::total \[inlined\]  .*inlined\.cc:[0-9]+  .*/prog\+' trace
	grep -qE '^#4   .*  shop::\(anonymous namespace\)::hidden\+0x' trace
	core-trace -m core | grep -qE '^#4   .*  _ZN4shop12_GLOBAL__N_16hiddenEPVi\+0x'
	core-trace -j core >json
	json_is_valid json
	jq -e '.threads[0].frames | (.[0] | .inlined and .name == "shop::Cart<int volatile>::total" and
		.function == "_ZN4shop4CartIViE5totalEPS1_i" and has("function_offset") == false) and
		(.[4] | .name == "shop::(anonymous namespace)::hidden" and has("inlined") == false)' json
	# The fingerprint knows neither of them, nor a debug file.
	core-trace -s core >word
	objcopy --only-keep-debug prog debug
	mkdir -p .debug
	strip -g -o stripped prog
	objcopy --add-gnu-debuglink=debug stripped
	core-trace -e stripped core | our_names /dev/stdin | diff - <(our_names trace)
	core-trace -s -e stripped core | diff word -
	strip -g prog
	run ! grep inlined <(core-trace core)
	core-trace -s core | diff word -
}

@test "core-trace: behind Go's handler: what the signal interrupted; two bugs, two fingerprints" {
	[ "$(uname -m)" = x86_64 ] || skip "for x86-64"
	${CC:-cc} -g -O1 -Wl,--build-id -o go "$T/lib/go.c"
	local how
	for how in ship pay; do
		passed=SIGSEGV crash_core core ./go $how
		core-trace core >trace
		sed -nE '2,/^$/s/^#[0-9]+ +0x[0-9a-f]+  ([^+]*)\+0x[0-9a-f]+  .*/\1/p' trace | sed -n '/sigfwdgo/,/^main$/p' |
			diff <(printf '%s\n' runtime.sigfwdgo runtime.sigreturn.abi0 main.$how main.main main) -
		core-trace -s core >word.$how
		grep -qxE '[0-9a-f]{16}' word.$how
	done
	run ! cmp -s word.ship word.pay
	# The handler on the way there makes no difference.
	crash_core core ./go ship
	core-trace -s core | diff word.ship -
}

@test "core-trace: a dump by its name keeps the fingerprint of its record, of this version" {
	build prog
	crash_core core ./prog segv
	core-trace -s core >word
	mkdir d
	mv core d/one.core
	record() {
		printf '%s\n' uuid= record=1 stored=whole complete=yes "$@" >d/one.txt
	}
	record fingerprint=0123456789abcdef fingerprint_version=2
	rm prog
	[ "$(core-trace -s d/last)" = 0123456789abcdef ]
	core-trace -j d/last | jq -e '.fingerprint == "0123456789abcdef" and .fingerprint_version == 2'
	record fingerprint=0123456789abcdef fingerprint_version=2 'where=ship() there.c:9'
	core-trace -r d/last | grep -qxF 'where=ship() there.c:9'
	build prog
	for version in '' 1 3 2x; do
		record fingerprint=0123456789abcdef ${version:+fingerprint_version=$version}
		core-trace -s d/last | diff word -
	done
	record fingerprint=0123456789abcdeX fingerprint_version=2
	core-trace -s d/last | diff word -
	core-trace -r d/last | grep -qxE 'where=crash_here\(\) crash\.c:[0-9]+'
	core-trace -r d/last | grep -A 1 "^fingerprint=$(cat word)\$" | grep -qx fingerprint_version=2
}

@test "core-trace: on a terminal lines fit its width, build-ids are below; -v has lines of source" {
	need clang
	sed 's/return \*p/return\t*p/' "$T/lib/inlined.cc" >source.cc
	touch -d '1 hour ago' source.cc
	clang -x c++ -g -O2 -std=c++17 -fno-exceptions -fno-rtti -Wl,--build-id -o prog "$PWD/source.cc"
	crash_core core ./prog
	local columns
	for columns in 200 100 80 40; do
		COLUMNS=$columns on_terminal core-trace -v core </dev/null >shown
		run ! grep -E ".{$((columns + 1))}" shown
		[ "$(sed -n '/^modules:/,$p' shown | grep -cE "^$(elf-uuid -b prog)(  |\$)")" = 1 ]
		[ "$(grep -c '^#' shown)" = "$(core-trace core | grep -c '^#')" ]
	done
	COLUMNS=80 on_terminal core-trace core </dev/null >shown
	grep -qxE '#4   shop::\(anonymous namespace\)::hidden  [^ ]*source.cc:[0-9]+  prog' shown
	grep -qE '^#0   .* \[inlined\]  ' shown
	run ! grep -E '^ +[0-9]+  ' shown
	COLUMNS=100 on_terminal core-trace core </dev/null >shown
	grep -qE '^#5   0x[0-9a-f]{12}  shop::Cart<int volatile>::operator<  ' shown
	core-trace -v core | grep -A 1 '^#0 ' | grep -qE '^ +7  .*return \*p \+ n; }$'
	# What was changed later may be another line.
	touch source.cc
	touch -d '1 minute ago' prog
	no_source() {
		timeout 120 core-trace -v core >shown
		grep -q '^#8 ' shown
		run ! grep -E '^ +[0-9]+  ' shown
	}
	no_source
	rm source.cc
	mkfifo source.cc
	no_source
	mv prog away
	COLUMNS=40 on_terminal core-trace core </dev/null >shown
	grep -q '^     ends here: ' shown
	run ! grep -E '.{41}' shown
	# The last line of a file may have no end.
	printf 'int main(void) { return *(volatile int *)0; }' >last.c
	touch -d '1 hour ago' last.c
	clang -g -o last "$PWD/last.c"
	crash_core core ./last
	core-trace -v core | grep -A 1 '^#0 ' | grep -qE '^ +1  int main\(void\) \{ return .*; \}$'
}

@test "core-trace: -ra has the other threads as well, in a bounded number of bytes" {
	build prog
	crash_core core ./prog threads 5
	core-trace core >text
	core-trace -r core >crashed
	core-trace -ra core >all
	# What is said of the crashed thread comes first.
	head -n "$(wc -l <crashed)" all | diff crashed -
	sed "1,$(wc -l <crashed)d" all | sed -nE 's/^thread_frame=([0-9]+) #[0-9]+ +(0x[0-9a-f]+).*/\1 \2/p' >others
	awk '$1 == "thread" { sub(":", "", $2); tid = $2; n++ } /^#/ && n > 1 { print tid, $2 }' text | diff - others
	crash_core core ./prog threads 700
	core-trace -ra core >all
	[ "$(stat -c %s all)" -lt 120000 ]
	grep -q '^fingerprint=' all
	[ "$(sed -n 's/^thread_frame=\([0-9]*\) .*/\1/p' all | uniq | wc -l)" -gt 20 ]
	# A stack of long names.
	name=$(printf 'long%0400d' 1)
	printf '%s\n' '#include <pthread.h>' '#include <unistd.h>' 'static void *waits(void *arg) { pause(); return arg; }' \
		"static int $name(int n, volatile int *p) { return n == 0 ? *p : $name(n - 1, p) + 1; }" \
		"int main(void) { pthread_t t; pthread_create(&t, 0, waits, 0); return $name(400, 0); }" >long.c
	${CC:-cc} -g -O0 -pthread -o long long.c
	crash_core core ./long
	core-trace -r core >all 2>/dev/null || [ $? = 1 ]
	[ "$(stat -c %s all)" -lt 60000 ]
	# That leaves room for the others.
	core-trace -ra core 2>/dev/null | grep -q '^thread_frame='
	grep -qx 'stack_end=more frames than a record has' all
	grep -q '^fingerprint=' all
	usage_error core-trace -a core
}

@test "core-trace: names that stand for endless text, or for none, are shown as they are" {
	# Each pair is of two of the one before.
	python3 - >given <<-'EOS'
	def back(n):
	    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    return "S%s_" % (digits[n - 1] if n < 37 else digits[(n - 1) // 36] + digits[(n - 1) % 36])
	print("_Z1f1ASt4pairIS_S_E" + "".join("S0_I%sE" % (back(n) * 2) for n in range(2, 150)))
	print("_Z1f" + "P" * 4000 + "i")
	print("_ZN3foo3barE1")
	print("_R" + "N" * 3000)
	print("_RNvC1a" + "B_" * 100)
	print("_ZN4good4nameEv good::name")
	print("_ZN1a1fIiEET_S1_ a::f<int>")
	print("_ZN1a1CcvbEv a::C::operator bool")
	print("_ZNK1a1CclEi a::C::operator()")
	print("_ZN4prog4Cart5price17h82a9f5d829477b7aE prog::Cart::price")
	print("_ZN49_$LT$usize$u20$as$u20$core..slice..SliceIndex$GT$5index17h82a9f5d829477b7aE <usize as core::slice::SliceIndex>::index")
	print("_RNvNtCsgEmfK2I1SDS_4core9panicking18panic_bounds_check core::panicking::panic_bounds_check")
	print("_RNCNvC1a4main0 a::main::{closure#0}")
	EOS
	${CC:-cc} ${CFLAGS-} -std=c11 -I"$T/../lib" -Wall -Wextra -Wconversion -Werror -o names "$T/lib/names.c" \
		"$BUILD/libgzcore.a" ${LDFLAGS-} -ldl
	run -0 timeout 120 ./names <given
	[ -z "$output" ] || { echo "$output"; false; }
}

@test "core-trace: lines are found without .debug_aranges, which clang does not write" {
	build prog
	crash_core core ./prog threads 2
	core-trace core >want
	grep -q '  main+.*crash.c:[0-9]' want
	objcopy -R .debug_aranges prog
	core-trace core | diff want -
}

# bats test_tags=slow
@test "core-trace: very many units without .debug_aranges: the search for lines is bounded" {
	! grep -qs sanitize "$BUILD/.flags" || skip "takes minutes with a sanitizer"
	# 600,000 units of nothing before those of the program: for each frame all of them are looked through.
	cat >units.s <<-'EOF'
		.section .debug_abbrev, "", @progbits
	.Labbrev:
		.byte 1, 0x11, 0, 0, 0, 0
		.section .debug_info, "", @progbits
		.rept 600000
		.4byte 8
		.2byte 4
		.4byte .Labbrev
		.byte 8, 1
		.endr
	EOF
	${CC:-cc} -c units.s
	printf '%s\n' 'int f(volatile int *p) { return *p; }' 'int main(void) { return f(0); }' >line.c
	${CC:-cc} -g -c line.c
	${CC:-cc} -o line units.o line.o
	objcopy --remove-section .debug_aranges line
	crash_core core ./line
	core-trace core >trace
	grep -q '^#0 .* f+.*line\.c:1 ' trace
	grep -q '^#1 .* main+' trace
	# From 0.190 on libdw makes a table of its own of the units, once.
	if pkg-config --atleast-version=0.190 libdw; then
		grep -q '^#1 .* main+.*line\.c:2 ' trace
	else
		run -1 grep '^#1 .*line\.c' trace
	fi
}

@test "core-trace: gzip of many members, of one, zlib and a pipe give the same output" {
	build prog
	crash_core core ./prog threads 3
	core-trace core >want
	gzdeflate core >members.gz
	gzdeflate -b 4096 core >small.gz
	gzip -c core >gzip.gz
	gzdeflate -s core >one.gz
	zdeflate core >core.zz
	for f in members.gz small.gz gzip.gz one.gz core.zz; do
		core-trace $f | diff want - || { echo $f; return 1; }
		core-trace <$f | diff want - || { echo "<$f"; return 1; }
		cat $f | core-trace | diff want - || { echo "cat $f"; return 1; }
	done
	cat core | core-trace - | diff want -
	mkfifo fifo
	cat members.gz >fifo &
	core-trace fifo | diff want -
	ln -s members.gz link
	core-trace link | diff want -
	[ -z "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'gzcore.*' -user "$(id -u)")" ]
}

@test "core-trace: on other processors each thread stood where eu-readelf says" {
	local machine cpu
	for machine in $MACHINES; do
		machine_core "$machine"
		sed -nE 's/^.*[ (](pc|nip|pswa|[er]ip): +(0x[0-9a-f]+).*/\2/p' notes >wanted
		[ -s wanted ]
		core-trace core | grep -qx "thread $(sed -n 's/^ *pid: \([0-9]*\),.*/\1/p' notes): SIGSEGV\(: .*\)*"
		core-trace core | sed -nE 's/^#0 +(0x[0-9a-f]+).*/\1/p' | diff wanted - || { echo "$cpu"; cat notes; return 1; }
		gzdeflate core | core-trace - | diff <(core-trace core) -
	done
	# libdwfl knows nothing of its registers.
	machine_core mips-linux-gnu:mips
	fails_with 2 core-trace core
}

@test "core-trace: only the members of a gzip file that are needed are decompressed" {
	build prog
	crash_core core ./prog fill 20000000
	gzdeflate -b 64K core >core.gz
	core-trace core >want
	# A member of the filling is damaged: nothing looks there.
	python3 - <<-'EOS'
	import struct
	b = bytearray(open("core.gz", "rb").read())
	at, members = 0, []
	while at < len(b):
	    n, = struct.unpack_from("<I", b, at + 16)
	    members.append((at, n))
	    at += n
	big = [m for m in members if m[1] > 60000]
	assert len(big) > 100
	at, n = big[len(big) // 2]
	b[at + n // 2] ^= 0xff
	open("hurt.gz", "wb").write(b)
	EOS
	fails_with 2 zinflate -t hurt.gz
	core-trace hurt.gz | diff want -
}

@test "core-trace: -j is JSON as the manual says, and says what the text says" {
	build prog
	crash_core core ./prog threads 3
	core-trace -j core >json
	json_is_valid json
	core-trace core | our_frames >frames
	jq -r '.threads[] | .tid as $t | .frames[] | select(.inlined | not) | "\($t) \(.pc)"' json |
		python3 -c 'import sys
for line in sys.stdin:
    t, pc = line.split(); print(t, "0x%016x" % int(pc, 16))' | diff frames -
	jq -e '.complete and .signame == "SIGSEGV" and .comm == "prog" and (.threads | length) == 3 and
		.threads[0].crashed and .threads[0].frames[0].function == "crash_here" and
		.threads[0].frames[0].build_id == $id' --arg id "$(elf-uuid -b prog)" json
	core-trace -js core >one
	json_is_valid one
	jq -e '.threads | length == 1' one
	[ "$(jq .fingerprint one)" = "$(jq .fingerprint json)" ]
	[ "$(jq -r .fingerprint one)" = "$(core-trace -s core)" ]
}

@test "core-trace: a stack that leads to memory that the core lacks ends there, with the reason" {
	build prog
	crash_core core ./prog threads 2
	without_memory core >none
	run -0 core-trace none
	[ "$(our_frames <<<"$output" | wc -l)" = 2 ]
	[ "$(grep -c '^     ends here: it leads to memory that is not in the core$' <<<"$output")" = 2 ]
	# Of the files nothing is there to tell by.
	run ! grep '^#' <(grep -v '  \[?\]$' <<<"$output")
	core-trace -j none >json
	json_is_valid json
	jq -e '[.threads[].frames[].unsure] | all' json
}

# calls FLAG...: the program that calls, or returns to, what is no code in the ways of t/lib/calls.c.
calls() {
	${CC:-cc} -g -pthread -Wl,--build-id -o calls "$@" "$T/lib/calls.c"
}

# called HOW: its core, of which the first thread's frames are those of gdb, and at least two.
called() {
	local passed='' stop=''
	case $1 in
	handler) passed=SIGUSR1 ;;
	caught) passed=SIGSEGV stop=rethrow ;;
	esac
	crash_core core ./calls "$1" || return
	core-trace core >trace 2>err || { cat err; return 1; }
	awk '/^thread/ { n++ } n == 1' trace | our_frames | cut -d' ' -f2 >ours
	gdb_frames calls core | awk 'NR == 1 { tid = $1 } $1 == tid { print $2 }' >gdbs
	# Addresses of 32 bits have 8 digits.
	sed -i 's/^0x0\{8\}\(.\{8\}\)$/0x\1/' ours gdbs
	[ "$(wc -l <ours)" -ge 2 ] || { cat trace; return 1; }
	diff gdbs ours || { echo "$*"; cat trace; return 1; }
}

# bats test_tags=slow
@test "core-trace: a call of an address without code: the caller comes next, no frame is skipped" {
	local how
	calls -O2 -fomit-frame-pointer
	for how in null small stack heap data wild caught thread handler tail start; do
		called $how
	done
	calls -O2 -fno-omit-frame-pointer
	for how in null caught handler tail start; do
		called $how
	done
	calls -O0
	for how in null wild thread handler; do
		called $how
	done
	calls -m32 -O2 2>cc.err || return 0
	run ./calls exits
	[ "$status" = 0 ] || return 0
	for how in null wild caught thread; do
		called $how
	done
}

@test "core-trace: a call of an address without code: each machine's place of the return address" {
	local machine n=0
	cat >call.py <<-'EOS'
	# Writes the core as if some of its code had called 0x10, and prints the address that it returns to.
	import struct, sys
	# Words of pr_reg: the program counter, and where a call leaves what it returns to, or the stack pointer.
	words = {"i386": (12, 15), "x86_64": (16, 19), "arm": (15, 14), "aarch64": (32, 30), "s390x": (1, 16),
	         "ppc64": (32, 36), "ppc64le": (32, 36)}
	b = bytearray(open(sys.argv[2], "rb").read())
	is64, end = b[4] == 2, "<>"[b[5] - 1]
	form, word, size, fields = (end + "Q", 8, 56, "IIQQQQQQ") if is64 else (end + "I", 4, 32, "IIIIIIII")
	phoff, = struct.unpack_from(form, b, 32 if is64 else 28)
	count, = struct.unpack_from(end + "H", b, 56 if is64 else 44)
	heads = []
	for k in range(count):
	    f = struct.unpack_from(end + fields, b, phoff + k * size)
	    heads.append((f[0], f[2], f[3], f[5], f[1]) if is64 else (f[0], f[1], f[2], f[4], f[6]))
	code = next(h for h in heads if h[0] == 1 and h[4] & 1)[2] + 16
	at = next(h for h in heads if h[0] == 4)[1]
	while struct.unpack_from(end + "III", b, at)[2] != 1:
	    n, d, _ = struct.unpack_from(end + "III", b, at)
	    at += 12 + (n + 3 & ~3) + (d + 3 & ~3)
	pc, back = (at + 20 + (112 if is64 else 72) + w * word for w in words[sys.argv[1]])
	struct.pack_into(form, b, pc, 0x10)
	if sys.argv[1] in ("i386", "x86_64"):
	    sp, = struct.unpack_from(form, b, back)
	    _, offset, start, _, _ = next(h for h in heads if h[0] == 1 and h[2] <= sp < h[2] + h[3])
	    back = offset + sp - start
	struct.pack_into(form, b, back, code)
	open("called", "wb").write(b)
	print("0x%0*x" % (2 * word, code))
	EOS
	for machine in $MACHINES; do
		machine_core "$machine"
		# libdwfl, not a table of ours, knows the registers of the others.
		python3 call.py "$cpu" core >code 2>call.err || { grep -q KeyError call.err && continue; }
		core-trace called >trace
		grep -E '^#[01]' trace | awk '{ print $2 }' >ours
		[ "$(sed -n '1s/^0x0*//p' ours) $(sed -n 2p ours)" = "10 $(cat code)" ] || { echo "$cpu"; cat trace; return 1; }
		n=$((n + 1))
	done
	[ $n = 7 ]
}

@test "core-trace: an overwritten stack: its data is no frame, and the reason of the end is shown" {
	calls -O0
	crash_core core ./calls smash
	core-trace core | grep -E '^#|ends' | diff <(printf '%s\n' '#0   0x0000414141414141' \
		'     ends here: it is no code, and its caller is not known') -
	crash_core core ./calls deep
	core-trace core >trace
	run ! grep -q 4141 trace
	[ "$(grep -c '^#' trace)" = 2 ]
	grep -qx '     ends here: what it returns to is no code' trace
}

@test "core-trace: unrelated programs that call NULL have fingerprints of their own, or none" {
	calls -O0
	crash_core core ./calls null
	core-trace -s core >one
	grep -qxE '[0-9a-f]{16}' one
	crash_core core ./calls small
	core-trace -s core | diff one -
	sed 's/inner/within/' "$T/lib/calls.c" >other.c
	${CC:-cc} -g -O0 -pthread -o other other.c
	crash_core core ./other null
	core-trace -s core >two
	grep -qxE '[0-9a-f]{16}' two
	run ! cmp -s one two
	# A thread that starts with NULL: what is left is the C library's.
	crash_core core ./calls start
	run -0 core-trace -s core
	[ -z "$output" ]
	core-trace -j core | jq -e '.fingerprint == ""'
	run ! grep -q fingerprint <(core-trace -r core)
}

# library FUNCTION FLAG...: lib.so, in whose function it crashes, and prog, which calls that; no frame pointer leads
# from one to the other.  Each name makes another length.
library() {
	printf '%s\n' "int padding_$1(int n) { return n * ${#1}$( printf '%s' "$1" | sed 's/./ + n % 7/g'); }" \
		"__attribute__((noinline)) static int $1(volatile int *p, int n) { return *p + n; }" \
		'int entry(volatile int *p) { volatile char room[200]; room[5] = 1; return '"$1"'(p, room[5]) + 1; }' \
		>lib.c
	printf '%s\n' 'int entry(volatile int *); int main(int argc, char **argv) { return entry((int *)(long)argc) + argc; }' >prog.c
	${CC:-cc} -g -O2 -fomit-frame-pointer -shared -fPIC "${@:2}" -o lib.new lib.c
	mv lib.new lib.so
	[ -e prog ] || ${CC:-cc} -g -O2 -fomit-frame-pointer "${@:2}" -o prog prog.c ./lib.so
}

@test "core-trace: a module's file is missing or unreadable: the stack ends and says so" {
	library fails -Wl,--build-id
	crash_core core ./prog
	core-trace core >whole
	grep -q '  main+' whole
	mv lib.so away
	core-trace core >trace
	[ "$(grep -c '^#' trace)" = 1 ]
	grep -q "^#0 .*  $PWD/lib.so+0x.*\]\$" trace
	grep -qx '     ends here: lib.so: No such file or directory' trace
	mkfifo lib.so
	core-trace core | grep -qx '     ends here: lib.so: Permission denied'
	rm lib.so
	mv away lib.so
	core-trace core | diff whole -
	# Another build has another build-id.
	library broken -Wl,--build-id
	core-trace core | grep -qx '     ends here: lib.so: not the file that the process had'
	[ "$(id -u)" = 0 ] || skip 'root alone reads what others may not'
	chmod 700 .
	core-trace -u 65534:65534 core >trace
	[ "$(grep -c '^#' trace)" = 1 ]
	grep -qx '     ends here: lib.so: Permission denied' trace
}

@test "core-trace: files kept beside a dump by build-id stand for those that are gone" {
	linked -Wl,--build-id
	crash_core core ./victim
	dump_of core
	core-trace d/one >want
	grep -q '^#2 .* main+.*victim.c:2 ' want
	library=$(kept_as buildid libx.so.1.2)
	program=$(kept_as buildid victim)
	printf 'void nothing(void) {}\n' >other.c
	# The library was replaced, the program removed.
	${CC:-cc} -g -shared -fPIC -Wl,--build-id -o libx.so.1.2 other.c
	rm victim
	for dump in d/one d/one.gz ./d/one.gz; do
		core-trace $dump | diff want -
		(cd d && core-trace "$OLDPWD/$dump") | diff want -
	done
	cp d/one.gz alone.gz
	run -0 core-trace alone.gz
	[[ $output == *'ends here: libx.so.1.2: not the file that the process had' ]]
	# Opened before the rights are given up.
	if [ "$(id -u)" = 0 ]; then
		core-trace -b -u 65534 d/one.gz | diff want -
		chown 65534 d/modules/buildid d/modules
		run -0 core-trace d/one.gz
		[[ $output == *'ends here: '* ]]
		chown 0 d/modules/buildid d/modules
	fi
	# Another build under its name, no ELF file, a link, and a link on the way.
	mv d/modules/$library/executable good
	for bad in "cp libx.so.1.2" "cp other.c" "ln -s $PWD/good"; do
		$bad d/modules/$library/executable
		run -0 core-trace d/one.gz
		[[ $output == *'ends here: libx.so.1.2: not the file that the process had' ]] || { echo "$bad: $output"; return 1; }
		rm d/modules/$library/executable
	done
	mv good d/modules/$library/executable
	mv d/modules/$library away
	ln -s "$PWD/away" d/modules/$library
	run -0 core-trace d/one.gz
	[[ $output == *'ends here: libx.so.1.2: not the file that the process had' ]]
}

@test "core-trace: without build-ids the record, or a list of paths, names the kept file" {
	linked -Wl,--build-id=none
	crash_core core ./victim
	dump_of core
	core-trace d/one >want
	grep -q '^#2 .* main+.*victim.c:2 ' want
	library=$(kept_as digest libx.so.1.2)
	program=$(kept_as digest victim)
	rm victim libx.so*
	core-trace d/one.gz | diff want -
	# By the path alone it may be another's: not with -b.
	run -0 core-trace -b d/one.gz
	[[ $output == *'ends here: libx.so.1'*': not the file that the process had' ]]
	if [ "$(id -u)" = 0 ]; then
		# A file of somebody else is not for the owner of modules to offer.
		chown 1234 d/modules d/one.gz
		run -0 core-trace d/one.gz
		[[ $output == *'ends here: '* ]]
		chown 0 d/modules d/one.gz
	fi
	rm d/modules/*/*/paths
	run -0 core-trace d/one.gz
	[[ $output == *'ends here: '* ]]
	printf 'kept_module=%s %s\n' "$(start_of libx.so.1.2)" $library "$(start_of victim)" $program >>d/one.txt
	core-trace -b d/one.gz | diff want -
	[ "$(id -u)" != 0 ] || core-trace -bu 65534 d/one.gz | diff want -
	# Names that lead elsewhere.
	cp -r d/modules/$library elsewhere
	sed -i "s,$library,digest/../../../elsewhere," d/one.txt
	run -0 core-trace d/one.gz
	[[ $output == *'ends here: '* ]]
}

@test "core-trace: -R, and the root of the record: files below it, never out of it by a link" {
	need strace
	linked -Wl,--build-id
	crash_core core ./victim
	core-trace core >want
	mkdir -p "root$PWD" "root/real$PWD" elsewhere
	mv victim libx.so* elsewhere
	run -0 core-trace core
	[[ $output == *'ends here: '*': No such file or directory' ]]
	cp elsewhere/libx.so.1.2 "root/real$PWD"
	cp elsewhere/* "root$PWD"
	# Absolute links, and those that go up too far, stay below the root.
	for to in "/real$PWD/libx.so.1.2" "../../../../../../../../../../../../real$PWD/libx.so.1.2"; do
		for module in "root$PWD"/libx.so*; do
			ln -sf "$to" "$module"
		done
		core-trace -R root core | diff want -
		injected openat2:error=ENOSYS -- core-trace -R root core | diff want -
	done
	dump_of core
	sed -i "s,^complete=,root=$PWD/root\n&," d/one.txt
	core-trace d/one | diff want -
	# With -u, a link that somebody has put into the place of a root is none.
	if [ "$(id -u)" = 0 ]; then
		core-trace -u 65534 d/one | diff want -
		mv root there
		ln -s there root
		run -0 core-trace -u 65534 d/one
		[[ $output == *'ends here: '* ]]
		rm root
		mv there root
	fi
	sed -i "s,^root=.*,root=/," d/one.txt
	# What they mean outside is not used.
	for module in "root$PWD"/libx.so*; do
		ln -sf "$PWD/elsewhere/libx.so.1.2" "$module"
	done
	run -0 core-trace -R root core
	[[ $output == *'ends here: '* ]]
	run -0 injected openat2:error=ENOSYS -- core-trace -R root core
	[[ $output == *'ends here: '* ]]
	ln -sf loop root/loop
	for module in "root$PWD"/libx.so*; do
		ln -sf /loop/x "$module"
	done
	run -0 injected openat2:error=ENOSYS -- core-trace -R root core
	[[ $output == *'ends here: '* ]]
	fails_with 2 core-trace -R none core
	fails_with 2 core-trace -R core core
}

@test "core-trace: a module without call frame information: frame pointers are followed" {
	printf '%s\n' '__attribute__((noinline)) static int fails(volatile int *p) { return *p + 1; }' \
		'int entry(volatile int *p) { return fails(p) + 1; }' >lib.c
	printf '%s\n' 'int entry(volatile int *); int main(void) { return entry((int *)8) + 1; }' >prog.c
	${CC:-cc} -g -O0 -fno-omit-frame-pointer -shared -fPIC -nostartfiles -Wl,--build-id -Wl,--no-ld-generated-unwind-info \
		-fno-asynchronous-unwind-tables -fno-unwind-tables -o lib.so lib.c
	objcopy -R .eh_frame -R .eh_frame_hdr -R .debug_frame lib.so
	${CC:-cc} -g -O0 -o prog prog.c ./lib.so
	crash_core core ./prog
	core-trace core >trace
	sed -n 's/^#[0-9]* *0x[0-9a-f]*  \([a-z]*\)+.*/\1/p' trace | head -n 3 | diff <(printf '%s\n' fails entry main) -
	run ! grep ends trace
}

@test "core-trace: a file without a build-id that was replaced: its names are not used" {
	library fails -Wl,--build-id=none
	crash_core core ./prog
	core-trace core >whole
	grep -q '  fails+' whole
	grep -q '  main+' whole
	cp lib.so fails.so
	library differs -Wl,--build-id=none
	core-trace core >trace
	run ! grep -qE 'differs|fails|entry' trace
	grep -qx '     ends here: lib.so: not the file that the process had' trace
	# One with a build-id is of no core that has none.
	library fails -Wl,--build-id
	run ! grep -qE 'fails|entry' <(core-trace core)
	mv fails.so lib.so
	core-trace core | diff whole -
	# Of another root directory nothing is taken that only looks the same.
	core-trace -b core >trace
	run ! grep -qE 'fails|entry' trace
	grep -qx '     ends here: lib.so: not the file that the process had' trace
	# Nor one that lost the build-id that the core has.
	rm prog
	library fails -Wl,--build-id
	crash_core core ./prog
	core-trace -b core | grep -q '  fails+'
	objcopy -R .note.gnu.build-id lib.so
	run ! grep -qE 'fails|entry' <(core-trace core)
}

@test "core-trace: a debug file is not used only because its name fits" {
	library fails -Wl,--build-id=none
	${CC:-cc} -g -O2 -fomit-frame-pointer -shared -fPIC -Wl,--build-id=none -o wrong.so \
		-xc <(sed 's/fails/wrong/g' lib.c)
	strip lib.so
	crash_core core ./prog
	core-trace core >want
	grep -q '  entry+' want
	mkdir .debug
	objcopy --only-keep-debug wrong.so .debug/lib.so.debug
	core-trace core | diff want -
}

@test "core-trace: -s is the same for the same bug, and differs for another bug" {
	build prog
	crash_core a ./prog segv
	crash_core b ./prog segv 'another argument' 'and one more'
	crash_core c ./prog thread
	crash_core d ./prog signal "$(kill -l ABRT)"
	for f in a b c d; do
		core-trace -s $f >$f.s
		grep -qxE '[0-9a-f]{16}' $f.s
	done
	# Addresses differ, the word does not.
	run ! cmp -s <(core-trace a | our_frames | cut -d' ' -f2) <(core-trace b | our_frames | cut -d' ' -f2)
	cmp a.s b.s
	run ! cmp -s a.s c.s
	# The way through abort is left out.
	core-trace d | grep -q ' abort+'
	cmp a.s d.s
	# Another build with the same functions.
	${CC:-cc} -g -O1 -fno-optimize-sibling-calls -pthread -o prog "$T/kernel/crash.c"
	crash_core e ./prog segv
	core-trace -s e | cmp a.s -
	# The hash of the lines that the manual names.
	python3 - >want <<-'EOS'
	h = 0xcbf29ce484222325
	for c in b"prog!crash_here\nprog!main\n":
	    h = (h ^ c) * 0x100000001b3 % 2**64
	print("%016x" % h)
	EOS
	cmp want a.s
}

@test "core-trace: without symbols the fingerprint comes from build-id and offset" {
	build prog
	strip prog
	crash_core a ./prog segv
	crash_core b ./prog segv 'another argument'
	core-trace -s a >a.s
	core-trace -s b | cmp a.s -
	core-trace a | sed -n 2p >first
	run ! grep -q crash_here first
	grep -q "$(elf-uuid -b prog)" first
}

@test "core-trace: -d finds debug files by build-id, -e a program that was moved" {
	build prog
	id=$(elf-uuid -b prog)
	mkdir -p "debug/.build-id/${id:0:2}"
	objcopy --only-keep-debug prog "debug/.build-id/${id:0:2}/${id:2}.debug"
	strip prog
	crash_core core ./prog thread
	run ! grep -q crash_here <(core-trace core)
	core-trace -d debug core >with
	grep -q 'crash_here+.*crash.c:[0-9]' with
	mkdir away
	mv prog away/
	core-trace -d debug -e away/prog core >moved
	diff <(our_frames with) <(our_frames moved)
	grep -q "$(printf %s "away/prog+0x")" moved
	build other
	${CC:-cc} -O2 -pthread -Wl,--build-id -o other "$T/kernel/crash.c"
	fails_with 2 core-trace -e other core
	[ "$stderr" = 'core-trace: other: its build-id is not that of the program in the core' ]
}

# Accepts connections, counts them in the file asked; its port is in the file port.
server() {
	python3 -c '
import socket
s = socket.create_server(("127.0.0.1", 0))
open("port.new", "w").write(str(s.getsockname()[1]))
import os
os.rename("port.new", "port")
while True:
    c, _ = s.accept()
    open("asked", "a").write("x")
    c.recv(4096)
    c.sendall(b"HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    c.close()' 3>&- &
	soon [ -e port ]
}

@test "core-trace: nothing is asked over the network without -D" {
	build prog
	strip prog
	crash_core core ./prog segv
	server
	export DEBUGINFOD_URLS="http://127.0.0.1:$(cat port)/" HOME=$PWD XDG_CACHE_HOME=$PWD DEBUGINFOD_CACHE_PATH=$PWD/cache
	core-trace core >without
	[ ! -e asked ]
	# Where libdebuginfod is there at all.
	if ldconfig -p | grep -q libdebuginfod; then
		core-trace -D core | diff without -
		[ -s asked ]
	fi
	kill %%
}

@test "core-trace: -D: a symbol server that drips, or refuses, is given up once, with one line" {
	ldconfig -p | grep -q libdebuginfod || skip "no libdebuginfod"
	build prog
	strip prog
	crash_core core ./prog segv
	rm prog
	core-trace core >without
	# It sends a byte of a file each tenth of a second, for each request; or says no.
	cat >server.py <<-'EOS'
	import http.server, sys, time
	class Handler(http.server.BaseHTTPRequestHandler):
	    def do_GET(self):
	        with open("asked", "a") as f:
	            f.write(self.path + "\n")
	        if sys.argv[1] == "refuses":
	            return self.send_error(403)
	        self.send_response(200)
	        self.send_header("Content-Length", "100000")
	        self.end_headers()
	        try:
	            while True:
	                self.wfile.write(b"x")
	                time.sleep(0.1)
	        except OSError:
	            pass
	    def log_message(self, *args):
	        pass
	s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
	s.daemon_threads = True
	print(s.server_port, file=open("port.new", "w"), flush=True)
	import os
	os.rename("port.new", "port")
	s.serve_forever()
	EOS
	export HOME=$PWD XDG_CACHE_HOME=$PWD DEBUGINFOD_CACHE_PATH=$PWD/cache DEBUGINFOD_TIMEOUT=1
	for kind in drips refuses; do
		rm -rf port asked cache
		python3 server.py $kind 3>&- &
		soon [ -e port ]
		DEBUGINFOD_URLS="http://127.0.0.1:$(cat port)/" run -0 --separate-stderr timeout 120 core-trace -D core
		kill %%
		[ "$output" = "$(cat without)" ]
		if [ $kind = drips ]; then
			[ "$stderr" = 'core-trace: core: a server in DEBUGINFOD_URLS is too slow: asked for no other file' ]
			[ "$(wc -l <asked)" = 1 ]
		else
			[ -z "$stderr" ]
			[ -s asked ]
		fi
	done
}

@test "core-trace: names with control characters and invalid UTF-8 are escaped" {
	# gdb writes a newline as the kernel's list of mappings has it, escaped: not here.
	name=$'pr\e[2J\t"\\\x01\xff\x7f'
	build prog
	cp prog "./$name"
	crash_core core "./$name" segv
	core-trace core >text
	run ! grep -aq '[^ -~]' text
	grep -qF 'pr\0033[2J\0011"\0134\0001\0377\0177' text
	core-trace -j core >json
	json_is_valid json
	jq -e '.threads[0].frames[0].module | endswith("pr\u001b[2J\t\"\\0134\u0001\\0377\u007f")' json
}

@test "core-trace: a path in the core that is now a FIFO is not waited for" {
	build prog
	crash_core core ./prog segv
	rm prog
	mkfifo prog
	sane 0 1 -- core-trace core
	grep -q ^thread out
}

@test "core-trace: a path in the core that leads to procfs or sysfs is not read" {
	need strace
	library fails -Wl,--build-id
	crash_core core ./prog
	mv lib.so away
	# As /proc/kmsg, which has each message once.
	ln -s /proc/version lib.so
	strace -f -qq -y -o calls -e trace=read,pread64,mmap core-trace core >trace
	run ! grep -F '</proc/version>' calls
	grep -qx '     ends here: lib.so: Permission denied' trace
	ln -sf /sys/kernel/uevent_seqnum lib.so
	core-trace core | grep -qx '     ends here: lib.so: Permission denied'
	# What a process has open, or runs, is a file as others.
	exec 9<away
	ln -sf /proc/$BASHPID/fd/9 lib.so
	core-trace core | grep -q '^#1 '
	exec 9<&-
}

@test "core-trace: a file that is cut short while it is read: names are missing, no stack is" {
	build prog
	crash_core core ./prog thread
	core-trace core >whole
	# Between finding the modules and following the stacks.
	cat >cut.c <<-'EOS'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <unistd.h>

	int
	dwfl_getthreads(void *dwfl, void *callback, void *arg)
	{
		int (*next)(void *, void *, void *) = dlsym(RTLD_NEXT, "dwfl_getthreads");

		return truncate("prog", 100) < 0 ? -1 : next(dwfl, callback, arg);
	}
	EOS
	${CC:-cc} -shared -fPIC -o cut.so cut.c -ldl
	for options in '' -j; do
		build prog
		sane 1 -- env ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD="$PWD/cut.so" core-trace $options core
		grep -qx 'core-trace: core: a file of its modules was cut short meanwhile: .*' err
	done
	json_is_valid out
	jq -e '.complete == false and (.threads | length) == 2' out
}

# few SOFT:HARD COMMAND…: with so few files open, and none of ours.
few() {
	prlimit --nofile="$1" "${@:2}" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
}

@test "core-trace: very many modules: uses the hard limit of open files, else no fingerprint" {
	build prog
	crash_core core ./prog segv
	core-trace core >want
	core-trace -s core >word
	# The modules are four, and the core.
	few 6:1024 core-trace core | diff want -
	few 6:1024 core-trace -s core | diff word -
	run -1 --separate-stderr few 6:6 core-trace -s core
	[ -z "$output" ]
	[ "$stderr" = 'core-trace: core: no fingerprint: files of its modules: Too many open files' ]
	run -1 --separate-stderr few 6:6 core-trace -r core
	run ! grep fingerprint <<<"$output"
	run -1 --separate-stderr few 6:6 core-trace -j core
	[ "$(jq -c '[.fingerprint, .complete]' <<<"$output")" = '["",false]' ]
}

@test "core-trace: a core cut at any byte: status 1 or 2, and a message that says where" {
	build prog
	crash_core core ./prog threads 3
	size=$(stat -c %s core)
	gzdeflate -b 16K core >core.gz
	for n in 1 15 63 64 100 1000 4096 10000 65536 $((size / 2)) $((size - 5000)) $((size - 1)); do
		head -c "$n" core >cut
		sane 1 2 -- core-trace cut
		[ "$(wc -l <err)" -ge 1 ]
		[ "$status" = 2 ] || grep -q "cut short: ends after $n of $size bytes" err
		run ! grep -v '^core-trace: cut: ' err
	done
	size=$(stat -c %s core.gz)
	for n in 1 17 19 20 500 $((size / 3)) $((size / 2)) $((size - 9)) $((size - 1)); do
		head -c "$n" core.gz >cut
		sane 1 2 -- core-trace cut
		[ "$(wc -l <err)" -ge 1 ]
		sane 1 2 -- core-trace <cut
		sane 1 2 -- core-trace -j cut
		[ "$status" = 2 ] || json_is_valid out
	done
}

@test "core-trace: flipped bytes in headers and notes: no crash and no endless loop" {
	build prog
	crash_core core ./prog threads 3
	cat >flip.py <<-'EOS'
	import random, subprocess, sys
	b = open("core", "rb").read()
	phoff = int.from_bytes(b[32:40], "little")
	phnum = int.from_bytes(b[56:58], "little")
	places = list(range(64)) * 4 + list(range(phoff, phoff + 56 * phnum))
	for k in range(phnum):
	    p = phoff + 56 * k
	    if b[p] == 4:
	        at, n = (int.from_bytes(b[p + o:p + o + 8], "little") for o in (8, 32))
	        places += list(range(at, at + n))
	seen = {}
	for seed in range(int(sys.argv[1])):
	    r = random.Random(seed)
	    c = bytearray(b)
	    for _ in range(r.choice((1, 1, 3, 20))):
	        c[r.choice(places)] = r.choice((0, 1, 0x7f, 0x80, 0xff, r.randrange(256)))
	    open("flipped", "wb").write(c)
	    p = subprocess.run(["core-trace", "flipped"], capture_output=True, timeout=60)
	    assert p.returncode in (0, 1, 2), (seed, p.returncode, p.stderr)
	    assert p.returncode == 0 or p.stderr.startswith(b"core-trace: "), (seed, p.stderr)
	    seen[p.returncode] = seen.get(p.returncode, 0) + 1
	print(seen)
	EOS
	run -0 python3 flip.py $((150 / EVERY))
	echo "$output"
}

@test "core-trace: CVE-2025-1352 and kin of elfutils: damaged DWARF and tables: no crash, in time" {
	build prog
	crash_core core ./prog segv
	cat >damage.py <<-'EOS'
	import struct, subprocess, sys
	b = open("prog", "rb").read()
	shoff, = struct.unpack_from("<Q", b, 40)
	count, names = struct.unpack_from("<HH", b, 60)
	at = {}
	strings, = struct.unpack_from("<Q", b, shoff + 64 * names + 24)
	for i in range(count):
	    header = shoff + 64 * i
	    name, = struct.unpack_from("<I", b, header)
	    at[b[strings + name:b.index(b"\0", strings + name)].decode()] = (header, *struct.unpack_from("<QQ", b, header + 24))
	LEB = b"\xff" * 400
	def over(section, offset, data):
	    """The bytes of a section from there on."""
	    def change(c):
	        _, start, size = at[section]
	        c[start + offset:start + min(size, offset + len(data))] = data[:max(0, size - offset)]
	    return change
	def field(section, offset, kind, value):
	    """A field of its header: 4 type, 24 offset, 32 size, 40 link, 44 info, 56 size of an entry."""
	    return lambda c: struct.pack_into(kind, c, at[section][0] + offset, value)
	damages = {
	    # CVE-2025-1352, in libdw: abbreviations without end, and units that lead to none.
	    "abbreviations": [over(".debug_abbrev", 0, LEB), over(".debug_abbrev", 40, LEB), field(".debug_abbrev", 32, "<Q", 3)],
	    "units": [over(".debug_info", 0, b"\xff" * 12), over(".debug_info", 0, b"\xfe\xff\xff\xff"), over(".debug_info", 8, LEB)],
	    "lines": [over(".debug_line", 0, b"\xfe\xff\xff\xff"), over(".debug_line", 12, LEB), over(".debug_line", 40, LEB)],
	    "frames": [over(".eh_frame", 0, b"\xfe\xff\xff\x7f"), over(".eh_frame", 4, LEB), over(".eh_frame_hdr", 4, LEB)],
	    # CVE-2025-1365, -1371: symbols outside of their strings.
	    "symbols": [over(".symtab", 24, LEB), field(".symtab", 32, "<Q", 1 << 62), field(".symtab", 56, "<Q", 0),
	                field(".symtab", 40, "<I", 0xffff), over(".dynamic", 0, LEB)],
	    # CVE-2025-1372, -1376: strings without an end, or that lie outside of the file.
	    "strings": [over(".strtab", 0, b"A" * 100000), field(".strtab", 32, "<Q", 1), field(".strtab", 24, "<Q", (1 << 64) - 8),
	                field(".shstrtab", 32, "<Q", 1), field(".shstrtab", 24, "<Q", len(b) - 1)],
	    # CVE-2025-1377: a table of the symbols' sections that is too short.
	    "sections": [field(".comment", 4, "<I", 18), field(".debug_str", 4, "<I", 18), field(".strtab", 4, "<I", 8)],
	    # Compressed sections that claim what they do not have.
	    "compressed": [field(".debug_info", 8, "<Q", 0x800), field(".debug_str", 8, "<Q", 0x800)],
	}
	for kind, changes in damages.items():
	    for i, change in enumerate([*changes, lambda c: [one(c) for one in changes]]):
	        c = bytearray(b)
	        change(c)
	        open("damaged", "wb").write(c)
	        for command in (["core-trace", "-e", "damaged", "core"], ["elf-uuid", "damaged"], ["core-match", "core", "damaged"],
	                        ["core-open", "-n", "-e", "damaged", "core"]):
	            p = subprocess.run(command, capture_output=True, timeout=20)
	            assert p.returncode in (0, 1, 2) and b"usage: " not in p.stderr, (kind, i, command, p.returncode, p.stderr)
	            assert command[0] != "core-trace" or b"#0" in p.stdout, (kind, i, p.stdout, p.stderr)
	EOS
	run -0 python3 damage.py
}

@test "core-trace: damage in the compressed file is reported, and the rest is shown" {
	build prog
	crash_core core ./prog segv
	gzdeflate -b 16K core >core.gz
	python3 - <<-'EOS'
	import random, subprocess
	b = open("core.gz", "rb").read()
	for seed in range(40):
	    r = random.Random(seed)
	    c = bytearray(b)
	    for _ in range(r.choice((1, 5, 50))):
	        c[r.randrange(len(c))] ^= 1 << r.randrange(8)
	    open("hurt.gz", "wb").write(c)
	    p = subprocess.run(["core-trace", "hurt.gz"], capture_output=True, timeout=60)
	    assert p.returncode in (0, 1, 2), (seed, p.returncode, p.stderr)
	    assert p.returncode == 0 or p.stderr.startswith(b"core-trace: hurt.gz: "), (seed, p.stderr)
	EOS
}

@test "core-trace: endless recursion shows 256 frames, and says so" {
	printf '%s\n' 'volatile int n; int f(int k) { volatile char b[64]; b[0] = 1; return f(k + 1) + b[0]; }' \
		'int main(void) { return f(n); }' >deep.c
	${CC:-cc} -g -O0 -o deep deep.c
	(ulimit -s 256 && crash_core core ./deep)
	sane 1 -- core-trace core
	[ "$(grep -c '^#' out)" = 256 ]
	grep -q 'ends here: more frames than are shown' out
	grep -qx 'core-trace: core: a stack has more than 256 frames: the others are left out' err
}

@test "core-trace: 10,000 threads and their notes take little memory" {
	! grep -q sanitize "$BUILD/.flags" || skip 'a sanitizer takes memory of its own'
	build prog
	crash_core core ./prog segv
	python3 - <<-'EOS'
	import struct
	b = open("core", "rb").read()
	phoff, phnum = struct.unpack_from("<Q", b, 32)[0], struct.unpack_from("<H", b, 56)[0]
	for k in range(phnum):
	    p = phoff + 56 * k
	    if b[p] == 4:
	        at, n = struct.unpack_from("<Q", b, p + 8)[0], struct.unpack_from("<Q", b, p + 32)[0]
	        note = p
	notes, q, status = b"", at, None
	while q < at + n:
	    ns, ds, t = struct.unpack_from("<III", b, q)
	    size = 12 + (ns + 3 & ~3) + (ds + 3 & ~3)
	    if t == 1 and status is None:
	        status = bytearray(b[q:q + size])
	    elif t != 1:
	        notes += b[q:q + size]
	    q += size
	area = struct.pack("<III", 6, 11000, 0x202) + b"LINUX\0\0\0" + bytes(11000)
	threads = bytearray()
	for tid in range(1, 10001):
	    struct.pack_into("<I", status, 20 + 32, tid)
	    threads += status + area
	c = bytearray(b)
	end = (len(b) + 4095) & ~4095
	struct.pack_into("<Q", c, note + 8, end)
	struct.pack_into("<Q", c, note + 32, len(threads) + len(notes))
	with open("many", "wb") as f:
	    f.write(c)
	    f.seek(end)
	    f.write(threads + notes)
	EOS
	gzdeflate many >many.gz
	for f in many many.gz; do
		python3 - $f >peak <<-'EOS'
		import resource, subprocess, sys
		out = subprocess.run(["core-trace", sys.argv[1]], stdout=subprocess.PIPE, check=True).stdout
		assert out.count(b"thread ") == 10000, out.count(b"thread ")
		print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
		EOS
		echo "$f: $(cat peak) KiB"
		[ "$(cat peak)" -le 32768 ]
	done
}

@test "core-trace: a full disk, a closed output and a reader that has gone are errors" {
	build prog
	crash_core core ./prog segv
	run -2 bash -c 'core-trace core >/dev/full'
	[[ $output == 'core-trace: <stdout>: write: No space left on device' ]]
	run -2 bash -c 'core-trace core >&-'
	run -2 reader_gone core-trace core
}

# hanging: hang.so, with which core-trace hangs, when $HANG is set, once it has found the modules.
hanging() {
	cat >hang.c <<-'EOS'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <stdlib.h>
	#include <unistd.h>

	int
	dwfl_getthreads(void *dwfl, void *callback, void *arg)
	{
		int (*next)(void *, void *, void *) = dlsym(RTLD_NEXT, "dwfl_getthreads");

		while (getenv("HANG") != NULL)
			pause();
		return next(dwfl, callback, arg);
	}
	EOS
	${CC:-cc} -shared -fPIC -o hang.so hang.c -ldl
	export ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD=$PWD/hang.so
}

# locked DIR: whether somebody has its lock.
locked() {
	[ "$(bytes "$1" 4112 4112)" = 1 ]
}

@test "core-trace: -l: a process that hangs passes the lock on, and is ended after its time" {
	build prog
	crash_core core ./prog segv
	core-trace -r core >want
	mkdir dir
	hanging
	HANG=1 core-trace -r -l dir core >hung 2>&1 3>&- &
	local hung=$!
	until locked dir; do sleep 0.1; done
	LD_PRELOAD= timeout 120 core-trace -r -l dir core | diff want -
	kill -0 $hung
	kill $hung
	wait $hung || :
	# SIGALRM
	run -142 --separate-stderr env HANG=1 core-trace -r -l dir -t 1 core
	[ "$output" = 'stack_end=not followed to its end within 1 s' ]
	run -0 core-trace -r -l dir core
	[ "$output" = "$(cat want)" ]
}

@test "core-trace: -l: 16 wait or work; others give up at once, or after their wait" {
	build prog
	crash_core core ./prog segv
	core-trace -r core >want
	mkdir dir
	hold dir 4112
	run -1 --separate-stderr core-trace -r -l dir -w 1 core
	[ "$output" = 'stack_end=not looked for: no turn within 1 s' ]
	[ "$stderr" = 'core-trace: not looked for: no turn within 1 s' ]
	for i in {1..16}; do
		core-trace -r -l dir core >out.$i 2>&1 3>&- &
	done
	until [ "$(bytes dir 4096 4111)" = 16 ]; do sleep 0.1; done
	run -1 core-trace -r -l dir core
	[ "${lines[-1]}" = 'stack_end=not looked for: 16 others wait for it to be their turn' ] ||
		[ "${lines[0]}" = 'stack_end=not looked for: 16 others wait for it to be their turn' ]
	let_go
	wait
	for i in {1..16}; do
		diff want out.$i
	done
	usage_error core-trace -w 1 core
}

@test "core-trace: -n: half of the places and a lock of its own: others do not wait for it" {
	build prog
	crash_core core ./prog segv
	core-trace -r core >want
	mkdir dir
	# One that works, for as long as it can.
	hold dir 4113
	run -1 --separate-stderr core-trace -r -n -l dir -w 1 core
	[ "$output" = 'stack_end=not looked for: no turn within 1 s' ]
	local i
	for i in {1..8}; do
		core-trace -r -n -l dir core >out.$i 2>&1 3>&- &
	done
	until [ "$(bytes dir 4096 4103)" = 8 ]; do sleep 0.1; done
	run -1 --separate-stderr core-trace -r -n -l dir core
	[ "$output" = 'stack_end=not looked for: 8 others wait for it to be their turn' ]
	run -0 core-trace -r -l dir -w 60 core
	[ "$output" = "$(cat want)" ]
	let_go
	wait
	for i in {1..8}; do
		diff want out.$i
	done
	usage_error core-trace -n core
}

@test "core-trace: -l: a user who can only read the directory cannot keep it locked" {
	build prog
	crash_core core ./prog segv
	core-trace -r core >want
	mkdir dir
	exec 9<dir
	flock 9
	run -0 core-trace -r -l dir -w 60 core 9<&-
	[ "$output" = "$(cat want)" ]
	# Where no file can be made there is no other lock.
	mkdir dir/no
	mkdir dir/no/.gzcore.queue
	exec 9<dir/no
	flock 9
	run -1 core-trace -r -l dir/no -w 1 core 9<&-
	[ "${lines[0]}" = 'stack_end=not looked for: no turn within 1 s' ] ||
		[ "${lines[1]}" = 'stack_end=not looked for: no turn within 1 s' ]
	flock -u 9
	run -0 core-trace -r -l dir/no -w 60 core
	[ "$output" = "$(cat want)" ]
	exec 9<&-
}

@test "core-trace: -l: the reader writes to pipes, and a failed write is an error" {
	build prog
	crash_core core ./prog segv
	mkdir dir
	hanging
	echo kept >log
	HANG=1 core-trace -r -l dir core >>log 2>&1 3>&- &
	local watcher=$! worker fd
	until locked dir && worker=$(LD_PRELOAD= pgrep -P $watcher); do sleep 0.1; done
	for fd in 1 2; do
		until [[ $(LD_PRELOAD= readlink /proc/$worker/fd/$fd) == pipe:* ]]; do sleep 0.1; done
	done
	run ! grep -E "$PWD/(log|dir)" <(LD_PRELOAD= ls -l /proc/$worker/fd)
	kill $watcher
	wait $watcher || :
	# It ends with the one that watches it.
	while kill -0 $worker 2>/dev/null; do sleep 0.1; done
	run -2 --separate-stderr bash -c 'core-trace -r -l dir core >/dev/full'
	[ "$stderr" = 'core-trace: <stdout>: write: No space left on device' ]
	grep -qx kept log
}

@test "core-trace: -l: the child that reads the core dies: status 2, the record has the signal" {
	build prog
	crash_core core ./prog segv
	mkdir dir
	hanging
	local signal watcher worker status
	for signal in KILL:9 TERM:15; do
		HANG=1 core-trace -r -l dir core >out 2>err 3>&- &
		watcher=$!
		until locked dir && worker=$(LD_PRELOAD= pgrep -P $watcher); do sleep 0.1; done
		until [[ $(LD_PRELOAD= readlink /proc/$worker/fd/1) == pipe:* ]]; do sleep 0.1; done
		kill -${signal%:*} $worker
		status=0
		wait $watcher || status=$?
		[ $status = 2 ]
		[ "$(cat out)" = "stack_end=ended by signal ${signal#*:}" ]
		[ "$(cat err)" = "core-trace: ended by signal ${signal#*:}" ]
	done
}

@test "core-trace: mapped files with odd headers, or that claim others' addresses, hide no stack" {
	cat >maps.c <<-'EOS'
	#include <fcntl.h>
	#include <stdlib.h>
	#include <sys/mman.h>
	int main(int argc, char **argv)
	{
		for (int i = 1; i < argc; i++)
			mmap(0, 16384, PROT_READ, MAP_PRIVATE, open(argv[i], O_RDONLY), 0);
		abort();
	}
	EOS
	${CC:-cc} -g -o maps maps.c
	# The first segment last, and one that reaches over all that is mapped behind it.
	python3 - maps <<-'EOS'
	import struct, sys
	b = open(sys.argv[1], "rb").read()
	first = next(at for at in range(64, 1 << 12, 56) if struct.unpack_from("<I", b, at)[0] == 1)
	for name, field, value in (("order", 16, 1 << 47), ("reach", 40, 1 << 40)):
	    c = bytearray(b)
	    struct.pack_into("<Q", c, first + field, value)
	    open(name, "wb").write(c)
	EOS
	crash_core core ./maps
	core-trace core | grep -c '^#' >frames
	for odd in order reach 'order reach'; do
		# shellcheck disable=SC2086 # several words
		crash_core core ./maps $odd
		core-trace core >trace
		grep -q ' main+' trace
		grep -c '^#' trace | diff frames -
	done
}
