# core-capture on processes that are stopped; of real crashes, as a handler: t/kernel/capture.bats and t/captured/.

load lib/common

setup_file() {
	${CC:-cc} -O1 -o "$BATS_FILE_TMPDIR/held" "$T/lib/held.c"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	export PYTHONPATH=$T/lib PYTHONDONTWRITEBYTECODE=1
}

teardown() {
	[ -z "${held-}" ] || kill -KILL "$held" 2>/dev/null || :
}

# hold [MEGABYTES [WORD …]]: starts a process with memory of several kinds, and so much more, stops it, and makes the
# file stream: the kernel's core of it, with other bytes as its memory.
hold() {
	case $(uname -m) in
	x86_64 | aarch64) ;;
	*) skip 'no core of this machine is made' ;;
	esac
	mkdir -p folder
	"$BATS_FILE_TMPDIR/held" folder "${1:-0}" >where 3>&- &
	held=$!
	soon grep -q ready where
	kill -STOP "$held"
	soon grep -q '^State:.T' "/proc/$held/status"
	python3 "$T/lib/stopped.py" stream "$held" stream "${@:2}"
}

# wanted: makes the file wanted, the core with the process's memory.  Call it last: reading makes pages.
wanted() {
	python3 "$T/lib/stopped.py" wanted "$held" stream wanted
	run ! cmp -s stream wanted
}

# capture [OPTION …]: captures the held process, from a pipe.
capture() {
	cat stream | core-capture -p "$held" "$@"
}

# late_reader: copies standard input once everything before it waits.
late_reader() {
	sleep 1
	cat
}

# where NAME: the address of that memory of the held process.
where() {
	sed -n "s/^$1=//p" where | tail -n 1
}

# passes FILE [OPTION …]: checks that the file comes out as it is, from a file and a pipe, with status 0 and no word.
passes() {
	local from
	for from in file pipe; do
		if [ $from = file ]; then
			core-capture "${@:2}" <"$1" >out 2>err
		else
			cat "$1" | core-capture "${@:2}" >out 2>err
		fi || { echo "$from ${*:2}: $?"; cat err; return 1; }
		cmp "$1" out && [ ! -s err ] || { echo "$from ${*:2}"; cat err; return 1; }
	done
}

not_sanitized() {
	! grep -qs sanitize= "$BUILD/.flags" || skip 'a sanitizer has memory and threads of its own'
}

@test "core-capture: -h, -V and bad options" {
	answers core-capture
	usage_error core-capture -P 3
	[[ $stderr == 'core-capture: -P needs -p'* ]]
	usage_error core-capture -C 0
	[[ $stderr == 'core-capture: -C needs -p'* ]]
	usage_error core-capture -b
	for bad in '-b x' '-b 91%' '-b %' '-b -1%' '-b 1000%' '-b 4294967297%' '-b 5%%' '-b 1X' '-b -1' '-T 0' '-T 257' \
		'-T x' '-z x' '-z -1' '-p 0' '-p x' '-p 99999999999' '-p 1 -P x' '-p 1 -P -1' '-p 1 -C x' \
		'-p 1 -C 4294967296' '-d x' '-d 1' '-d 99'; do
		# shellcheck disable=SC2086 # an option and its value
		fails_with 2 core-capture $bad </dev/null
		[[ $stderr == "core-capture: ${bad##*-[pPC] 1 } "* || $stderr == "core-capture: ${bad##* -}"* ||
			$stderr == *"-${bad##*-}: not "* ]] || { echo "$bad: $stderr"; return 1; }
	done
	fails_with 2 core-capture -b '' </dev/null
	run -0 core-capture -b 0% </dev/null
	run -0 core-capture -b 90% -T 256 -z 0 </dev/null
}

@test "core-capture: a terminal gets no core" {
	status=0
	terminal 1 core-capture </dev/null 2>err || status=$?
	[ "$status" = 2 ]
	[ "$(cat err)" = "core-capture: <stdout>: is a terminal: a core is not written there" ]
	[ ! -s terminal ]
}

@test "core-capture: what is no core, or is cut, is passed on as it is" {
	hold
	: >empty
	noise 300000 >noise
	printf '\177ELF' >magic
	head -c 4 stream >start
	for size in 1 63 64 65 1000 2500 100000 3000000; do
		head -c $size stream >cut.$size
	done
	cat "$BATS_FILE_TMPDIR/held" >program
	for file in empty noise magic start cut.* program stream; do
		passes $file
		case $file in
		# Of these the process has the rest.
		stream | cut.?00000*) ;;
		*) passes $file -p "$held" ;;
		esac
	done
	core-capture -p "$held" <cut.100000 | core-info | grep -qx complete=yes
	# All that is missing are some bytes before its memory.
	head -c 4090 stream >cut
	run -2 --separate-stderr bash -c 'core-capture -p "$1" <cut >out' - "$held"
	cmp cut out
	[ "$stderr" = "core-capture: pid $held: ended before all of it was read: 4090 of $(stat -c %s stream) bytes" ]
	run -2 --separate-stderr bash -c 'core-capture <&-'
	[ "$stderr" = 'core-capture: <stdin>: read: Bad file descriptor' ]
	# Headers that lie about where memory is, or how much.
	python3 - <<-'END'
	import struct
	for name, at, value in (("offset", 8, 1), ("gap", 8, 1 << 30), ("size", 32, 1 << 62), ("most", 32, (1 << 64) - 1),
	                        ("high", 16, (1 << 64) - 4096), ("odd", 16, 1), ("odd_size", 32, 4095)):
	    b = bytearray(open("stream", "rb").read())
	    n = next(i for i in range(64, 65536, 56) if struct.unpack_from("<I", b, i)[0] == 1 and
	             struct.unpack_from("<Q", b, i + 32)[0] > 0) + at
	    struct.pack_into("<Q", b, n, value)
	    open("wrong." + name, "wb").write(b)
	END
	for file in wrong.*; do
		passes $file
		passes $file -p "$held"
	done
}

@test "core-capture: one byte at a time, and in odd pieces" {
	hold
	noise 5000 >noise
	head -c 9000 stream >cut
	slowly <noise | core-capture | cmp - noise
	slowly <cut | core-capture | cmp - cut
	slowly <stream 2>/dev/null | core-capture -p "$held" >slow || :
	odd_pieces <stream 2>/dev/null | core-capture -p "$held" >odd || :
	wanted
	cmp slow wanted
	cmp odd wanted
}

@test "core-capture: each buffer and number of threads gives the process's bytes" {
	local b n
	hold
	for b in 0 1M 3M 64M 0% 1%; do
		for n in 1 2 4 32; do
			capture -b $b -T $n >got || { echo "-b $b -T $n: $?"; return 1; }
			[ -e first ] || mv got first
			[ ! -e got ] || cmp first got || { echo "-b $b -T $n"; return 1; }
		done
	done
	core-capture -p "$held" <stream | cmp first -
	capture | late_reader | cmp first -
	capture -b 0 | late_reader | cmp first -
	wanted
	cmp first wanted
	# Pages that were made by reading hold zeros all the same.
	capture | cmp - wanted
}

@test "core-capture: what stands behind memory comes from the stream" {
	hold 0 tail
	capture -v 2>err >got
	wanted
	cmp got wanted
	[ "$(tail -c 12345 got | cksum)" = "$(tail -c 12345 stream | cksum)" ]
	[ "$(sed -nE 's/.* ([0-9]+) of the stream.*/\1/p' err)" -gt 12345 ]
}

@test "core-capture: a core that names no files is captured, and holds up nobody" {
	hold 0 no-files
	capture >got
	capture -b 0 -T 1 | late_reader >slow
	# The process is held until what reads the notes, and then asks it which files are mapped, has gone on.
	notes=$(python3 -c 'from cores import Read; print(min(at for _, at, _ in Read("stream").loads))')
	mkfifo lines
	grep -q captured=process <lines && echo released >>order &
	timeout 120 core-capture -p "$held" -d 5 sh -c 'head -c $0; sleep 2; echo asked >>order; cat' "$notes" \
		<stream >late 5>lines
	wait $!
	[ "$(cat order)" = $'asked\nreleased' ]
	wanted
	cmp got wanted
	cmp slow wanted
	cmp late wanted
}

@test "core-capture: memory with a protection key: all is the stream's" {
	local options
	cat >keyed.c <<'END'
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((constructor)) static void
close_memory(void)
{
	size_t len = 1 << 20;
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long key = syscall(SYS_pkey_alloc, 0, 1);

	if (key < 0)
		return;
	memset(p, 7, len);
	if (syscall(SYS_pkey_mprotect, p, len, PROT_READ | PROT_WRITE, key) < 0)
		abort();
}
END
	${CC:-cc} -shared -fPIC -o keyed.so keyed.c
	for how in '' tail no-files; do
		# shellcheck disable=SC2086
		LD_PRELOAD=$PWD/keyed.so hold 8 $how
		# Where there are no such keys the process is captured.
		if ! grep -q '^ProtectionKey: *[1-9]' "/proc/$held/smaps"; then
			capture >got
			wanted
			cmp got wanted
			echo '# no protection keys here: it is captured' >&3
			return
		fi
		for options in '' '-b 0' '-b 0 -T 1' '-T 8' '-z 1M'; do
			# shellcheck disable=SC2086
			passes stream -p "$held" $options
		done
		# Killed meanwhile: what came is stored, by the status of what stores it.
		head -c 3000000 stream >cut
		core-capture -p "$held" sh -c 'cat >out' <cut 2>err
		cmp out cut
		grep -q 'ended before all of it was read: 3000000 of' err
		core-capture -d 5 -p "$held" <stream 5>lines | cmp - stream
		[ "$(cat lines)" = $'captured=stream\ncaptured_why=memory with a protection key' ]
		kill -KILL "$held"
	done
}

@test "core-capture: another process, or none, or no proof: the stream is passed on as it is" {
	local other
	hold
	"$BATS_FILE_TMPDIR/held" folder 0 >other 3>&- &
	other=$!
	soon grep -q ready other
	passes stream -p $other
	kill -KILL $other
	wait $other || :
	passes stream -p $other
	passes stream -p 2147483647
	# The kernel dumps none of them; and that descriptor is of no process.
	passes stream -p "$held" -C "$(id -u)"
	passes stream -p "$held" -C 4711
	passes stream -p "$held" -P 0
	passes stream -p "$held" -P 99
	# Another process of the same program, whose core this would be but for its number.
	python3 - "$held" <<-'END'
	import struct, sys
	b = open("stream", "rb").read()
	pid = struct.pack("<i", int(sys.argv[1]))
	at = b.index(pid, b.index(pid) + 4)
	open("number", "wb").write(b[:at] + struct.pack("<i", 1) + b[at + 4:])
	END
	run ! cmp -s stream number
	passes number -p "$held"
}

@test "core-capture: -P: a descriptor of the process is proof, one of another is not" {
	hold
	cat >with_pidfd.py <<-'END'
	import os, subprocess, sys
	fd = os.pidfd_open(int(sys.argv[1]))
	os.set_inheritable(fd, True)
	sys.exit(subprocess.call(["core-capture", "-p", sys.argv[2], "-P", str(fd)], close_fds=False))
	END
	python3 -c 'import os; os.pidfd_open(os.getpid())' || skip 'no pidfd here'
	python3 with_pidfd.py "$held" "$held" <stream >right
	python3 with_pidfd.py $$ "$held" <stream | cmp - stream
	wanted
	cmp right wanted
}

@test "core-capture: an output that is full, closed, or whose reader has gone ends it with 2" {
	local options
	hold
	for options in '' "-p $held" "-p $held -b 0 -T 1" "-p $held -b 64M"; do
		# shellcheck disable=SC2086 # several words
		{
			ends 2 bash -c 'core-capture "$@" <stream >/dev/full' - $options
			[ "$(cat err)" = 'core-capture: <stdout>: write: No space left on device' ]
			ends 2 bash -c 'core-capture "$@" <stream >&-' - $options
			run -2 --separate-stderr reader_gone core-capture $options <stream
			[ "$stderr" = 'core-capture: <stdout>: write: Broken pipe' ] || { echo "$options: $stderr"; return 1; }
			for bytes in 0 1 100000 5000000; do
				[ "$(reader_leaves $bytes core-capture $options <stream)" = 2 ]
				[ "$(cat err)" = 'core-capture: <stdout>: write: Broken pipe' ]
			done
		}
	done
}

@test "core-capture: COMMAND gets the core, and its status counts" {
	hold
	for options in '' "-p $held"; do
		# shellcheck disable=SC2086
		{
			run -0 core-capture $options sh -c 'cat >out' <stream
			[ -z "$output" ]
			[ -n "$options" ] || cmp out stream
			run -3 core-capture $options sh -c 'cat >out; exit 3' <stream
			run -2 --separate-stderr core-capture $options sh -c 'cat >out; kill -9 $$' <stream
			[ "$stderr" = 'core-capture: sh: killed by signal 9' ]
			run -2 --separate-stderr core-capture $options no-such-command <stream
			[ "${stderr%: *}" = 'core-capture: no-such-command' ] && [ "${#stderr_lines[@]}" = 1 ] || { echo "$stderr"; return 1; }
			# One that fails has said why itself.
			run -4 --separate-stderr core-capture $options sh -c 'exit 4' <stream
			[ -z "$stderr" ]
			# All is well with a command that does not read, but not with the core.
			run -2 --separate-stderr core-capture $options true <stream
			[ "$stderr" = 'core-capture: true: write: Broken pipe' ]
		}
	done
	core-capture -p "$held" sh -c 'cat >out; cat <&7 >seven' <stream 7<where
	cmp seven where
	wanted
	cmp out wanted
	core-capture -p "$held" core-store core.gz gzdeflate -1 <stream
	zinflate core.gz | cmp - wanted
}

@test "core-capture: a reader that goes is noticed while the stream stands still" {
	hold
	mkfifo pipe
	for options in '' "-p $$"; do
		# Nobody writes more, and nobody closes it.
		exec 9<>pipe
		head -c 65536 stream >&9
		# shellcheck disable=SC2086
		run -3 timeout -k 5 60 core-capture $options sh -c 'head -c 10 >/dev/null; exit 3' <pipe
		exec 9>&-
	done
}

@test "core-capture: -d: lines for the record, once the process is let go" {
	hold
	capture -d 5 5>lines >out
	grep -xE 'held_ms=[0-9]+' lines
	# Two files that are mapped shared, and one that ends too soon.
	{
		echo captured=process
		grep held_ms= lines
		echo "shared_memory=$((2 * 1048576 + 4 * $(getconf PAGE_SIZE)))"
	} | diff lines -
	core-capture -d 5 5>lines <stream >out
	[ "$(cat lines)" = captured=stream ]
	core-capture -d 5 5>lines </dev/null >out
	[ "$(cat lines)" = captured=stream ]
	# They come before anybody reads on.
	mkfifo pipe
	core-capture -d 5 -p "$held" -b 256M <stream 5>lines >pipe 2>err &
	exec 6<pipe
	soon grep -q ^shared_memory= lines
	cat <&6 >got
	exec 6<&-
	wait $!
	# Standard error stays open for what comes later.
	run -2 --separate-stderr bash -c 'core-capture -d 2 <stream >/dev/full'
	[ "$stderr" = $'captured=stream\ncore-capture: <stdout>: write: No space left on device' ]
	core-capture -d 5 5>/dev/full <stream 2>err >out
	[ "$(cat err)" = 'core-capture: -d 5: the lines were not written: No space left on device' ]
	cmp out stream
	wanted
	cmp got wanted
}

# refused INJECTION [PATH]: captures under strace, which injects a failure, such as of opening a file of that name.
refused() {
	local status=0
	# The thread sanitizer needs this call itself.
	TSAN_OPTIONS=use_madv_dontdump=0 timeout 120 strace -f -qq -o trace \
		-e "trace=${1%%:*}" -e "inject=$1" ${2:+-P "$2"} core-capture -b 4M ${more-} -p "$held" <stream >got 2>err || status=$?
	grep -q INJECTED trace || { echo "$*: nothing was injected"; return 1; }
	# strace itself says that /proc/self is a link.
	[ $status = 0 ] && ! grep -v ^strace: err || { echo "$*: $status"; cat err; return 1; }
}

@test "core-capture: calls that are refused: the same bytes, read another way" {
	need strace
	hold
	capture >first
	for injection in process_vm_readv:error=EPERM process_vm_readv:error=ENOSYS process_vm_readv:error=EFAULT \
		process_vm_readv:error=EFAULT:when=2+3 process_vm_readv:error=EINTR:when=1+2 ioctl:error=ENOTTY \
		ioctl:error=EPERM ioctl:error=EACCES ioctl:error=ENOSYS madvise:error=EINVAL \
		clone3:error=EAGAIN clone3:error=EAGAIN:when=2+ clone3:error=EAGAIN:when=2 \
		clone3:error=EAGAIN:when=3; do
		refused $injection
		cmp first got || { echo "$injection"; return 1; }
	done
	refused pread64:error=EINTR:when=2+3 "/proc/$held/mem"
	cmp first got
	refused openat:error=EACCES /proc/self/oom_score_adj
	cmp first got
	# No process to parse the headers in: they are not trusted.
	refused clone:error=EAGAIN
	cmp stream got
	# A reader that comes late, and nobody to read ahead.
	strace -f -qq -o trace -e trace=clone3 -e inject=clone3:error=EAGAIN \
		core-capture -p "$held" <stream | late_reader | cmp - first
	wanted
	cmp first wanted
}

@test "core-capture: files of the process that cannot be read: the stream, whole" {
	need strace
	hold
	# With -z too, where headers are made anew for what is left out: they do not go with the stream.
	for more in '' '-z 1'; do
		for name in mem pagemap maps auxv; do
			refused openat:error=EACCES $name
			cmp stream got
		done
	done
	more=
	refused openat:error=EMFILE mem
	cmp stream got
	# Nothing says that all can be read which the kernel would read.
	refused openat:error=EACCES /proc/self/mem
	cmp stream got
	[ "$(core-capture -v <stream 2>&1 >/dev/null)" = 'core-capture: all of the stream: no process was named' ]
	strace -f -qq -o trace -e trace=openat -e inject=openat:error=EACCES -P mem core-capture -v -p "$held" <stream 2>err >got
	[ "$(cat err)" = 'core-capture: all of the stream: its memory: Permission denied' ]
}

@test "core-capture: where users may hold up a reader's faults, only what never waits reads" {
	need strace unshare
	[ "$(id -u)" = 0 ] || skip 'only root can mount'
	hold
	capture >first
	for allowed in 0 1; do
		echo $allowed >setting
		unshare -m sh -c 'mount --bind setting /proc/sys/vm/unprivileged_userfaultfd && exec "$@"' - \
			strace -f -qq -o trace.$allowed -e trace=process_vm_readv core-capture -p "$held" <stream | cmp - first
	done
	grep -q process_vm_readv trace.0
	run -1 grep process_vm_readv trace.1
}

# goes_on: whether got has the process's bytes up to some place, and the stream's from there on, both of them.
goes_on() {
	python3 - <<-'END'
	got, wanted, stream = (open(name, "rb").read() for name in ("got", "wanted", "stream"))
	assert len(got) == len(wanted) == len(stream)
	k = next(i for i in range(len(got)) if got[i] != wanted[i])
	head = next(i for i in range(len(stream)) if stream[i] != wanted[i])
	assert k > head, "nothing of the process"
	# The same byte may stand in both.
	assert got[k:] == stream[k:], "made up"
	END
}

@test "core-capture: its memory cannot be read any more: from there on the stream" {
	need strace
	hold
	wanted
	for error in EPERM EACCES; do
		strace -f -qq -o trace -e trace=process_vm_readv,pread64 -e inject=process_vm_readv:error=EPERM \
			-e inject=pread64:error=$error:when=40+ core-capture -b 0 -T 1 -p "$held" <stream >got 2>err
		[ ! -s err ]
		goes_on
	done
}

@test "core-capture: pages that a process shares with its parent stay shared" {
	# Another way to read them gave the process a copy of each: twice the memory of a server that has forked.
	cat >shares.py <<-'END'
	import ctypes, mmap, os, signal, struct, sys, time
	m = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
	page = mmap.PAGESIZE
	for at in range(0, len(m), page):
	    m[at] = 1 + at // page % 255
	start = ctypes.addressof(ctypes.c_char.from_buffer(m))
	child = os.fork()
	if child == 0:
	    os.kill(os.getpid(), signal.SIGSTOP)
	    os._exit(0)
	os.waitpid(child, os.WUNTRACED)
	def alone():
	    """How many of the pages the child has for itself: bit 56 of pagemap's entries."""
	    with open("/proc/%d/pagemap" % child, "rb") as f:
	        f.seek(start // page * 8)
	        entries = struct.unpack("<%dQ" % (len(m) // page), f.read(len(m) // page * 8))
	    return sum(e >> 56 & 1 for e in entries)
	try:
	    before = alone()
	    os.system("python3 %s/stopped.py stream %d stream" % (sys.argv[1], child))
	    assert os.system("core-capture -p %d <stream >got" % child) == 0
	    assert before < 100, before
	    assert alone() == before, "%d of its own, then %d" % (before, alone())
	    assert os.system("python3 %s/stopped.py wanted %d stream wanted" % (sys.argv[1], child)) == 0
	finally:
	    os.kill(child, signal.SIGKILL)
	END
	python3 shares.py "$T/lib"
	cmp got wanted
}

@test "core-capture: little address space: a smaller buffer, and the process's bytes" {
	not_sanitized
	hold
	prlimit --as=150000000 core-capture -v -b 512G -p "$held" <stream >got 2>err
	wanted
	cmp got wanted
	grep -q ' of the process, ' err
}

# in_the_middle WHAT [OPTION …]: captures of cut, the start of the stream; reads a part, does WHAT (a signal to core-capture,
# or gone: the process is killed), and reads the rest as got; checks that it is a part of wanted and longer than nothing.
in_the_middle() {
	# The kernel writes no more than its pipe holds.
	head -c 131072 stream >cut
	python3 - "$held" "$@" <<-'END'
	import os, signal, subprocess, sys, time
	held, what = int(sys.argv[1]), sys.argv[2]
	# Whoever started us may ignore it.
	signal.signal(signal.SIGINT, signal.SIG_DFL)
	p = subprocess.Popen(["core-capture", "-p", str(held), *sys.argv[3:]], stdin=open("cut", "rb"),
	                     stdout=subprocess.PIPE, stderr=open("err", "wb"))
	out = p.stdout.read(1 << 20)
	time.sleep(0.3)
	if what == "gone":
	    os.kill(held, signal.SIGKILL)
	    while os.path.exists("/proc/%d/mem" % held) and b" Z " not in open("/proc/%d/stat" % held, "rb").read():
	        time.sleep(0.01)
	else:
	    p.send_signal(getattr(signal, what))
	time.sleep(0.1)
	out += p.stdout.read()
	open("got", "wb").write(out)
	open("status", "w").write("%d\n" % p.wait())
	wanted = open("wanted", "rb").read()
	assert out == wanted[:len(out)], "made up"
	assert len(out) >= 1 << 20
	END
}

@test "core-capture: told to end in the middle: the bytes so far, one line, 2" {
	hold 20
	wanted
	for options in 'TERM -b 0 -T 1' 'INT -b 0 -T 4' 'HUP -b 4M'; do
		# shellcheck disable=SC2086
		in_the_middle SIG$options
		[ "$(cat status)" = 2 ]
		grep -qE "^core-capture: <stdin>: ended by signal [0-9]+ \(.*\)$" err
		[ "$(wc -l <err)" = 1 ]
		[ "$(stat -c %s got)" -lt "$(stat -c %s wanted)" ]
	done
}

@test "core-capture: the process is killed in the middle: its bytes so far, one line, 2" {
	for options in '-b 0 -T 1' '-b 0 -T 4' '-b 4M'; do
		hold 20
		wanted
		# shellcheck disable=SC2086
		in_the_middle gone $options
		[ "$(cat status)" = 2 ]
		[ "$(cat err)" = "core-capture: pid $held: ended before all of it was read: $(stat -c %s got) of $(stat -c %s \
			wanted) bytes" ]
		[ "$(stat -c %s got)" -lt "$(stat -c %s wanted)" ]
		rm -rf folder where
	done
}

@test "core-capture: memory fails when all is planned, with room in the buffer: it ends" {
	need strace
	hold 20
	wanted
	head -c 131072 stream >cut
	timeout -k 5 60 strace -f -qq -o trace -e trace=process_vm_readv -e inject=process_vm_readv:delay_enter=2s:when=10+ \
		core-capture -b 256M -T 2 -p "$held" <cut >got 2>err &
	soon grep -q 'process_vm_readv.*DELAYED' trace
	sleep 0.5
	kill -KILL "$held"
	status=0
	wait $! || status=$?
	[ $status = 2 ]
	grep -q 'ended before all of it was read' err
	is_prefix got wanted
}

@test "core-capture: the process ends while all of it is in the pipe: the rest comes from there" {
	hold 20
	wanted
	core-capture -b 0 -T 1 -p "$held" <stream 2>err | {
		head -c 1048576
		kill -KILL "$held"
		cat
	} >got
	[ ! -s err ]
	goes_on
}

# In a namespace whose numbers are all ours: while a piece of memory is read, the process is killed and another gets its
# number, at the same addresses.
@test "core-capture: another process gets the number in the middle: nothing of it is read" {
	need strace setarch
	[ "$(id -u)" = 0 ] && [ -w /proc/sys/kernel/ns_last_pid ] || skip 'only root can choose a number'
	cat >inside <<-'END'
	held() {
		setarch -R "$BATS_FILE_TMPDIR/held" "$@" 3>&- &
		held=$!
	}
	mkdir folder other
	held folder 4 >where
	until grep -q ready where; do :; done
	kill -STOP $held
	python3 "$T/lib/stopped.py" stream $held stream || exit 1
	head -c 131072 stream >cut
	strace -f -qq -o trace -e trace=process_vm_readv -e inject=process_vm_readv:delay_enter=5s:when=3+ \
		core-capture -b 0 -T 1 -p $held <cut >got 2>err &
	capture=$!
	until grep -q process_vm_readv trace 2>/dev/null; do :; done
	python3 "$T/lib/stopped.py" wanted $held stream wanted || exit 1
	kill -KILL $held
	wait $held
	first=$held
	echo $((first - 1)) >/proc/sys/kernel/ns_last_pid
	held other 4 seed >where.other
	until grep -q ready where.other; do :; done
	wait $capture
	echo $? >status
	kill -KILL $held
	[ $held = $first ] || echo "$first, then $held" >numbers
	cmp where where.other || : >numbers
	END
	T=$T unshare --pid --fork --mount-proc bash inside || { echo "inside: $?"; return 1; }
	[ ! -e numbers ] || skip 'the number or the addresses were not the same'
	[ "$(cat status)" = 2 ]
	grep -q 'ended before all of it was read' err
	is_prefix got wanted
}

@test "core-capture: the process ends once all is read: the core is whole" {
	hold 20
	wanted
	in_the_middle gone -b 256M
	[ "$(cat status)" = 0 ]
	[ ! -s err ]
	cmp got wanted
}

@test "core-capture: -z: holes are left out as memory without bytes, and everybody reads the rest" {
	local page
	need gdb readelf
	hold
	page=$(getconf PAGE_SIZE)
	capture -z 0 >whole
	capture -v -z 1 >less 2>err
	capture -z 1T | cmp - whole
	core-info less >info
	grep -qx complete=yes info
	left=$(sed -n 's/^holes_left_out=//p' info)
	# Of 4 times 4 MiB there is a page each, and zeros have a page too.
	[ "$left" -ge $((4 * (4194304 - page))) ]
	grep -qx "core-capture: $left bytes of holes are left out" err
	# Its headers and a note come in addition.
	n=$(($(stat -c %s whole) - left - $(stat -c %s less)))
	[ "$n" -le 0 ]
	[ "$n" -gt -16384 ]
	[ "$(readelf -lW less 2>readelf.err | awk '$1 == "LOAD" && $5 != $6 && $5 != "0x000000"' | wc -l)" -ge 4 ]
	[ ! -s readelf.err ]
	core-info whole >info
	run ! grep -q holes_left_out info
	for name in hole filled every_other; do
		at=$(($(where $name)))
		for address in $at $((at + page)) $((at + 2 * 1048576)); do
			for core in whole less; do
				gdb -nx -q -batch -ex 'set debuginfod enabled off' -ex "x/8xb $address" "$BATS_FILE_TMPDIR/held" $core \
					2>/dev/null | grep '^0x' >$core.gdb
			done
			[ -s whole.gdb ]
			diff whole.gdb less.gdb
		done
	done
	wanted
	cmp whole wanted
	# Each byte of the process is there, or is a zero that was left out.
	python3 - <<-'END'
	from cores import *
	whole, less = Read("wanted"), Read("less")
	def image(r):
	    return {a + i: (o + i if i < f else None) for k, o, a, f, m in r.headers if k == PT_LOAD
	            for i in range(0, m, PAGE)}
	w, l = image(whole), image(less)
	assert w.keys() == l.keys()
	for a in w:
	    x = bytes(PAGE) if w[a] is None else whole.bytes[w[a]:w[a] + PAGE]
	    y = bytes(PAGE) if l[a] is None else less.bytes[l[a]:l[a] + PAGE]
	    assert x == y, hex(a)
	END
}

@test "core-capture: -z: what the kernel left out of a mapping is still in memory's size" {
	hold 0 heads
	core-capture -z 1 -p "$held" <stream >less
	python3 - <<-'END'
	from cores import *
	stream, less = Read("stream"), Read("less")
	cut = [(a, m) for k, o, a, f, m in stream.headers if k == PT_LOAD and 0 < f < m]
	assert cut
	ends = {a + m for k, o, a, f, m in less.headers if k == PT_LOAD}
	assert all(a + m in ends for a, m in cut), cut
	END
}

@test "core-capture: private memory of /dev/zero is not read where it was never touched" {
	cat >zero.py <<-'END'
	import mmap, os, signal
	m = mmap.mmap(os.open("/dev/zero", os.O_RDWR), 256 << 20, flags=mmap.MAP_PRIVATE)
	m[100 << 20] = 7
	print("ready", flush=True)
	os.kill(os.getpid(), signal.SIGSTOP)
	END
	python3 zero.py >ready 3>&- &
	held=$!
	soon grep -q '^State:	T' /proc/$held/status
	before=$(sed -n 's/^VmPTE:[ \t]*\([0-9]*\) kB/\1/p' /proc/$held/status)
	python3 "$T/lib/stopped.py" stream $held stream
	core-capture -v -p $held <stream >got 2>err
	after=$(sed -n 's/^VmPTE:[ \t]*\([0-9]*\) kB/\1/p' /proc/$held/status)
	[ $((after - before)) -lt 200 ] || { echo "page tables: $before kB, then $after kB"; return 1; }
	[ "$(sed -nE 's/.* ([0-9]+) never touched.*/\1/p' err)" -gt 260000000 ]
	python3 "$T/lib/stopped.py" wanted $held stream wanted
	cmp got wanted
}

@test "core-capture: -l: captures share a budget, and what one has is free once it ends" {
	local peak
	hold 40
	mkfifo pipe
	core-capture -p "$held" -b 16M -T 2 -l share <stream >pipe 2>err.first &
	exec 6<pipe
	first=$!
	peak() {
		core-capture -v -p "$held" -b 16M -T 2 -l "$1" <stream 2>err >got || return 1
		peak=$(sed -nE 's/.* at most ([0-9]+) waited$/\1/p' err)
	}
	# Nobody reads from the first, which then has all of it.
	soon has_entry
	peak share
	[ "$peak" -le $((4 * 256 * 1024)) ] || { echo "$peak"; return 1; }
	[ "$(stat -c %a share)" = 600 ]
	peak other
	[ "$peak" = $((16 << 20)) ]
	cat <&6 >got.first
	exec 6<&-
	wait $first
	peak share
	[ "$peak" = $((16 << 20)) ]
	wanted
	cmp got wanted
	cmp got.first wanted
}

# The first entry of the file share says that there are bytes.
has_entry() {
	[ "$(od -An -tu8 -N8 share 2>/dev/null | tr -d ' ')" = $((16 << 20)) ]
}

@test "core-capture: -l: a file that is no file of ours is not used, and said" {
	hold
	: >there
	ln -s there link
	mkfifo pipe
	mkdir dir
	for name in link pipe dir none/file /dev/null; do
		cat stream | timeout 120 core-capture -p "$held" -l $name 2>err >got.${name//\//_}
		[[ $(cat err) == "core-capture: $name: the memory is not shared with other captures: "* ]]
		[ "$(wc -l <err)" = 1 ]
	done
	[ ! -s there ]
	[ "$(id -u)" != 0 ] || {
		: >theirs
		chown 4711 theirs
		core-capture -p "$held" -l theirs <stream 2>err >got.theirs
		[ "$(cat err)" = 'core-capture: theirs: the memory is not shared with other captures: Operation not permitted' ]
		[ ! -s theirs ]
	}
	wanted
	for got in got.*; do
		cmp $got wanted
	done
}

@test "core-capture: -l: where 256 share the budget, the next has none of it" {
	hold 20
	# A lock on all entries, which belongs to the open file (F_OFD_SETLK).
	python3 - "$held" <<-'END' >got 2>err
	import fcntl, os, struct, subprocess, sys
	fd = os.open("share", os.O_RDWR | os.O_CREAT, 0o600)
	fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 256 * 8, 0))
	sys.exit(subprocess.call(["core-capture", "-v", "-T", "2", "-l", "share", "-p", sys.argv[1]], stdin=open("stream", "rb")))
	END
	[ "$(head -n 1 err)" = 'core-capture: share: 256 others share it: no memory is left' ]
	waited=$(sed -n 's/.* at most \([0-9]*\) waited$/\1/p' err)
	[ "$waited" -le $((4 << 20)) ]
	wanted
	cmp got wanted
}

@test "core-capture: -l: entries that nobody holds, or are nonsense, take nothing" {
	hold 20
	python3 -c 'open("share", "wb").write(b"\xff" * 5000)'
	core-capture -v -p "$held" -b 8M -T 2 -l share <stream 2>err >got
	grep -q " at most $((8 << 20)) waited\$" err
	wanted
	cmp got wanted
}

@test "core-capture: -v: what came from where" {
	hold
	capture -v -b 1M -T 1 2>err >got
	size=$(stat -c %s stream)
	read -r bytes process untouched stream <<<"$(sed -nE \
		's/^core-capture: ([0-9]+) bytes: ([0-9]+) of the process, ([0-9]+) never touched, ([0-9]+) of the stream; at most [0-9]+ waited$/\1 \2 \3 \4/p' err)"
	[ "$bytes" = "$size" ]
	[ $((process + untouched + stream)) = "$size" ]
	# The hole, and every other page of a megabyte.
	[ "$untouched" -ge $((16 * 1048576 - 4 * 2097152 + 524288)) ]
	[ "$stream" -lt 65536 ]
	grep -qE '^core-capture: the process was released after [0-9]+ ms$' err
	[ "$(wc -l <err)" = 2 ]
	passes stream
	run -0 --separate-stderr core-capture -v -p 2147483647 <stream
	[ "$stderr" = 'core-capture: all of the stream: not the process of the core, or it is not held by the kernel' ]
}

# most_memory BYTES [OPTION …]: with nobody reading, it takes at most this much; then all comes out as got.
most_memory() {
	not_sanitized
	python3 - "$held" "$@" <<-'END'
	import re, subprocess, sys, time
	held, most = sys.argv[1], int(sys.argv[2])
	p = subprocess.Popen(["core-capture", "-p", held, *sys.argv[3:]], stdin=open("stream", "rb"), stdout=subprocess.PIPE)
	def peak():
	    # None once it has ended.
	    found = re.search(r"VmHWM:\s*(\d+)", open("/proc/%d/status" % p.pid).read())
	    return int(found.group(1)) * 1024 if found else 0
	last, since = 0, time.monotonic()
	while time.monotonic() - since < 1:
	    time.sleep(0.05)
	    if peak() != last:
	        last, since = peak(), time.monotonic()
	with open("got", "wb") as f:
	    while b := p.stdout.read(1 << 20):
	        f.write(b)
	        last = max(last, peak())
	print("%d KiB" % (last >> 10))
	assert p.wait() == 0
	assert last <= most, "%d > %d" % (last, most)
	END
}

@test "core-capture: -b 0: at most 4 MiB of memory" {
	hold 40
	most_memory $((4 << 20)) -b 0 -T 2
	wanted
	cmp got wanted
}

@test "core-capture: -b 64M: 400 MB wait for their reader in 68 MiB" {
	hold 400
	most_memory $((68 << 20)) -b 64M -T 2
	wanted
	cmp got wanted
}
