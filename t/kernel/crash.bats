# Real programs crash; what the kernel wrote is kept beside (kernel_tee) and must come back whole.

load ../lib/common
load ../lib/kernel

setup_file() {
	export BATS_NO_PARALLELIZE_WITHIN_FILE=true
	kernel_install || return
	[ -z "${P-}" ] || kernel_tee
}

teardown_file() {
	kernel_remove
}

setup() {
	kernel_ready
	cd "$BATS_TEST_TMPDIR" || return 1
	# Records are known by their PID, which comes again.
	rm -rf "$DIR"
	conf small=yes
}

@test "gzcoredump: a crash is stored whole, with its record, its identity and its backtrace" {
	rm -rf "$DIR"
	crasher prog
	crash ./prog segv 'an argument'
	restored
	keys
	has "uuid=$uuid" record=1 uuid_from=section "build_id=$build_id" "tid=$pid" uid=0 gid=0 \
		signal=11 signame=SIGSEGV comm=prog "exe=$PWD/prog" 'cmdline=./prog segv an argument' \
		threads=1 "host=$(uname -n)" dumpable=1
	[[ ${name##*/} =~ ^prog\.$pid\.20[0-9]{6}T[0-9]{6}Z$ ]]
	[ "$(value time)" = "$(sed -E 's/.*\.(....)(..)(..)T(..)(..)(..)Z$/\1-\2-\3T\4:\5:\6Z/' <<<"$name")" ]
	ls "$name"* | diff <(printf '%s\n' "$gz" "$name.small.gz" "$txt") -
	[ "$(stat -c '%a %u' "$DIR")" = '700 0' ]
	backtrace prog crash_here
	backtrace prog main
}

@test "gzcoredump: the gzip file alone says whose core it is, and its name" {
	crasher prog
	crash ./prog
	restored
	python3 - "$gz" >comment <<-'EOF'
	import sys
	b = open(sys.argv[1], 'rb').read(65536)
	assert b[:4] == b'\x1f\x8b\x08\x1c' and b[10:16] == b'\x08\x00IG\x04\x00', b[:16]
	name, comment = b[20:].split(b'\0')[:2]
	assert name.decode() + '.gz' == sys.argv[1].split('/')[-1], name
	sys.stdout.buffer.write(comment)
	EOF
	# The lines that were known before the first byte, as the record still has them.
	[ "$(head -n 1 comment)" = "uuid=$uuid" ]
	sed -E -e '/^bytes=/,/^secure_exec=/d' -e '/^(module[a-z_]*=0x|(reason|captured|held_ms|stored|complete|small|small_bytes)=)/d' "$txt" | sort |
		diff - <(sort comment)
}

@test "gzcoredump: every signal that dumps a core is named in the record" {
	local signal
	crasher prog
	for signal in QUIT ILL TRAP ABRT BUS FPE SEGV XCPU XFSZ SYS; do
		crash ./prog signal "$(kill -l $signal)"
		restored
		has "signal=$(kill -l $signal)" "signame=SIG$signal" "uuid=$uuid"
		backtrace prog crash_here
	done
}

@test "gzcoredump: a crash in a thread says which, and its stack comes first" {
	crasher prog
	crash ./prog thread
	restored
	keys
	has threads=2
	[ "$(value tid)" != "$pid" ]
	[ -n "$(value tid)" ]
	backtrace prog crash_in_thread
	[ "$(gdb -nx -q -batch -ex 'info inferiors' -ex 'thread' prog core 2>/dev/null |
		grep -c "LWP $(value tid)")" -ge 1 ]
}

@test "gzcoredump: the first thread has ended: facts and small core come from the others" {
	crasher prog
	crash ./prog leave
	restored
	keys
	has "uuid=$uuid" "exe=$PWD/prog" "cwd=$PWD" root=/ 'cmdline=./prog leave' comm=prog
	[ "$(value open_files)" -ge 3 ]
	[ "$(value vsize)" -gt 0 ]
	[ "$(value tid)" != "$pid" ]
	core-info small | grep -qx trimmed=process
	backtrace prog crash_alone
}

@test "gzcoredump: the record says which system call seccomp did not allow" {
	crasher prog
	crash ./prog forbidden
	restored
	keys
	has signame=SIGSYS sigcode=SYS_SECCOMP syscall=getcwd "syscall_arch=$(value machine)"
	[ "$(gdb -nx -q -batch -ex 'p $_siginfo._sifields._sigsys._syscall' prog core 2>/dev/null |
		sed -n 's/^\$1 = //p')" = "$(value syscall_nr)" ]
	[ "$(($(value syscall_addr)))" -gt 0 ]
}

@test "gzcoredump: a program with 200 threads is stored with all their stacks" {
	crasher prog
	crash ./prog threads 200
	restored
	keys
	has threads=200
	backtrace prog crash_here
	gdb -nx -q -batch -ex 'thread apply all bt 8' prog core >all 2>err
	[ "$(grep -c '^Thread [0-9]' all)" = 200 ]
	[ "$(grep -c ' wait_in_thread ' all)" = 199 ]
}

@test "gzcoredump: a Python interpreter of over 300 MB comes back byte for byte" {
	local python
	python=$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')
	crash "$python" -c '
import os, random
r = random.Random(1)
noise = [r.randbytes(1 << 20) for _ in range(80)]
numbers = list(range(6000000))
os.abort()'
	restored
	keys
	[ "$(value bytes)" -ge 300000000 ]
	has signame=SIGABRT "exe=$python"
	backtrace "$python" abort
}

@test "gzcoredump: a hole of 256 MiB takes little room and comes back exactly" {
	crasher prog
	crash ./prog hole $((1 << 28))
	restored
	[ "$(value bytes)" -gt $((1 << 28)) ]
	[ "$(stat -c %s "$gz")" -lt 2000000 ]
	# The restored core has its hole again: blocks of 512 bytes.
	[ "$(stat -c %b core)" -lt 8192 ]
	backtrace prog crash_here
	rm -f "$P/raw/$pid"
}

@test "gzcoredump: a program that deleted itself is still identified" {
	crasher prog
	cp prog keep
	crash ./prog unlink prog
	restored
	keys
	has "uuid=$uuid" "build_id=$build_id" "exe=$PWD/prog" exe_deleted=yes
	backtrace keep crash_here
}

@test "gzcoredump: a program that was replaced while it ran has its old identity" {
	local old_uuid old_id
	crasher prog
	cp prog keep
	old_uuid=$uuid old_id=$build_id
	# Another build: another uuid, another build-id.
	${CC:-cc} -pthread -Wl,--build-id=0x0102030405060708 -o other "$T/kernel/crash.c"
	elf-uuid-stamp other
	crash ./prog rename other prog
	restored
	keys
	has "uuid=$old_uuid" "build_id=$old_id" "exe=$PWD/prog" exe_deleted=yes
	[ "$(elf-uuid prog)" != "$old_uuid" ]
	backtrace keep crash_here
}

@test "gzcoredump: a deleted program that has another name on disk is said to be deleted" {
	crasher prog
	ln prog keep
	crash ./prog unlink prog
	restored
	has "uuid=$uuid" "exe=$PWD/prog" exe_deleted=yes
}

@test "gzcoredump: a program whose very name ends in (deleted) is not said to be deleted" {
	crasher 'prog (deleted)'
	crash './prog (deleted)'
	restored
	has "uuid=$uuid" "exe=$PWD/prog (deleted)"
	run ! grep -q '^exe_deleted=yes' "$txt"
}

@test "gzcoredump: a program without any identity has a record that says so" {
	${CC:-cc} -g -pthread -Wl,--build-id=none -o prog "$T/kernel/crash.c"
	crash ./prog
	restored
	has uuid= record=1 "exe=$PWD/prog"
	run ! grep -qE '^(uuid_from|build_id)=' "$txt"
	[ "$(head -n 1 "$txt")" = uuid= ]
	backtrace prog crash_here
}

@test "gzcoredump: an identity that was linked in is in the record" {
	elf-uuid-stamp -O id.o -u 00112233-4455-6677-8899-aabbccddeeff
	${CC:-cc} -g -pthread -o prog "$T/kernel/crash.c" id.o
	crash ./prog
	restored
	keys
	has uuid=00112233-4455-6677-8899-aabbccddeeff uuid_from=note
	backtrace prog crash_here
}

# Names that mean something to a shell, a file system, a terminal or our own files.
names() {
	printf '%s\0' 'two words' $'new\nline' "it's \"so\"" '$(>gzc-p)' '`>gzc-p`' -rf '--' \
		naïveté $'\xff\xfe\x80' .. .hidden '*' '|sh' 'a%p%s' 'back\slash' $'\e[2J' 'stored=whole' \
		$'\nstatus=0' '~' '&' ' '
}

# name_is_safe: the record's name is one that no shell, terminal or ls takes for anything else.
name_is_safe() {
	[[ ${name##*/} =~ ^[A-Za-z0-9!+,=@_][A-Za-z0-9!+,.=@_-]*$ ]] || { printf 'not safe: %q\n' "$name"; return 1; }
}

# all_stayed_inside: nothing but the directory and the log was made, and nothing was run.
all_stayed_inside() {
	[ "$(ls -A "$P/var/lib")" = gzcoredump ]
	[ -z "$(find . / /tmp "$DIR" -maxdepth 1 -name gzc-p)" ]
	# A line of the log is a line of ours.
	run ! grep -avE '^20[-0-9]{8}T[:0-9]{8}Z gzcoredump\[[0-9]+\]: [ -~]*$' "$P/var/log/gzcoredump.log"
}

@test "gzcoredump: a process that names itself anything gets a safe file name and a true record" {
	local n
	crasher prog
	conf small=yes 'template=%e'
	while IFS= read -r -d '' n; do
		crash ./prog name "$n"
		restored
		name_is_safe
		[ "$(value comm; echo x)" = "$n"x ] || { value comm | od -c; return 1; }
		keys
	done < <(names; printf 'a/b\0../../x\0$(>/tmp/gzc-p)\0`>/tmp/gzc-p`\0')
	# The kernel knows of no name at all here: the key is absent, the name is safe.
	crash ./prog name ''
	restored
	name_is_safe
	all_stayed_inside
}

@test "gzcoredump: an executable of any name gets a safe file name and a true record" {
	local n
	crasher prog
	mkdir bin
	conf small=yes 'template=%f.%E'
	while IFS= read -r -d '' n; do
		[ "$n" != .. ] || continue
		ln prog "bin/$n"
		crash "bin/$n"
		restored
		name_is_safe
		[ "$(value exe; echo x)" = "$PWD/bin/$n"x ] || { value exe | od -c; return 1; }
		[ "$(value cmdline; echo x)" = "bin/$n"x ] || { value cmdline | od -c; return 1; }
		has "uuid=$uuid"
		keys
		rm "bin/$n"
	done < <(names)
	all_stayed_inside
}

@test "gzcoredump: an ordinary user's crash: the record names the user, and only root can read it" {
	need setpriv
	crasher "$P/prog"
	chmod 711 "$P"
	crash setpriv --reuid 4711 --regid 4712 --clear-groups "$P/prog"
	restored
	keys
	has uid=4711 gid=4712 "uuid=$uuid"
	backtrace "$P/prog" crash_here
}

@test "gzcoredump: a set-user-ID program that the kernel dumps is stored for root alone" {
	need setpriv
	crasher "$P/prog"
	chmod 711 "$P"
	chmod u+s "$P/prog"
	crash setpriv --reuid 4711 --regid 4712 --clear-groups "$P/prog"
	restored
	has uid=4711 gid=4712 dumpable=2 "uuid=$uuid"
	backtrace "$P/prog" crash_here
}

@test "gzcoredump: a daemon that gave up root: its dump is root's alone, whatever owner= is" {
	need setpriv
	crasher "$P/prog"
	chmod 711 "$P"
	# As the kernel does for a file.
	for owner in 4711 crashed; do
		conf small=yes owner=$owner mode=0644
		crash "$P/prog" drop 4711
		restored
		has uid=4711 gid=4711 dumpable=2 "uuid=$uuid"
		kernel_idle
		[ -z "$(find "$DIR" "$P/var/log" -uid +0)" ]
	done
	conf small=yes owner=4711 mode=0644
	crash setpriv --reuid 4711 --regid 4711 --clear-groups "$P/prog"
	stored
	has dumpable=1
	[ "$(stat -c '%a %u' "$gz")" = '644 4711' ]
}

@test "gzcoredump: a process in a UTS namespace: the record has that host's name, and ours" {
	need unshare
	crasher prog
	conf small=yes 'template=%{comm}.%{nspid}.%{container_host}'
	run -139 unshare --uts --pid --fork sh -c 'hostname web-6d4cf56db6-x2v9k; ./prog; exit $?' 3>&- 20>&-
	for txt in "$DIR"/prog.*.txt; do
		! grep -qx "uuid=$uuid" "$txt" || break
	done
	pid=$(value pid)
	restored
	has "host=$(uname -n)" container_host=web-6d4cf56db6-x2v9k
	[[ ${name##*/} == prog.*.web-6d4cf56db6-x2v9k ]]
	[[ ${name##*/} == "prog.$(value nspid)."* ]]
	# Of a process of the host there is no such line.
	crash ./prog
	restored
	run ! grep -q ^container_host= "$txt"
}

@test "gzcoredump: a process in a PID namespace is named by both of its numbers" {
	need unshare
	crasher prog
	# Its crash is not ours to wait for: the first of its namespace has it.
	run -139 unshare --pid --fork sh -c './prog; exit $?' 3>&- 20>&-
	for txt in "$DIR"/prog.*.txt; do
		! grep -qx "uuid=$uuid" "$txt" || break
	done
	pid=$(value pid)
	restored
	has "uuid=$uuid" nspid=2
	[ "$pid" != 2 ]
	[[ ${name##*/} == prog.2.* ]]
	backtrace prog crash_here
}

@test "gzcoredump: a program of 32 bits is stored with its record and its backtrace" {
	need clang
	clang -m32 -g -nostdlib -static -fno-stack-protector -o prog "$T/kernel/crash32.c"
	elf-uuid-stamp prog
	uuid=$(elf-uuid prog)
	run ./prog
	[ "$status" != 126 ] || skip "this kernel runs no programs of 32 bits"
	crash ./prog
	restored
	has "uuid=$uuid" uuid_from=section signame=SIGSEGV comm=prog threads=1
	backtrace prog crash_here
}

@test "gzcoredump: node crashes and comes back" {
	need node
	crash node -e 'process.abort()'
	restored
	has signame=SIGABRT
	[ "$(value threads)" -gt 1 ]
	backtrace "$(command -v node)" abort
}

@test "gzcoredump: a Java machine crashes and comes back" {
	need java
	local java
	java=$(readlink -f "$(command -v java)")
	# It waits for a debugger before it does anything.
	"$java" -Xmx64m -agentlib:jdwp=transport=dt_socket,server=y,suspend=y,address=127.0.0.1:0 -version \
		>java.out 2>&1 3>&- 20>&- &
	pid=$!
	soon grep -q Listening java.out
	kill -ABRT "$pid"
	wait "$pid" || :
	restored
	has signame=SIGABRT "exe=$java"
	[ "$(value threads)" -gt 5 ]
	backtrace "$java" JLI_Launch
}
