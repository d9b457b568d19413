#!/usr/bin/env bats
# core-info: what a core or a process is, in lines; as a tap, the core passed on untouched.

load lib/common
load lib/machines

setup_file() {
	F=$BATS_FILE_TMPDIR
	# A debugger must not ask servers for files.
	export F DEBUGINFOD_URLS=
	cat >"$F/core.py" <<-'EOF'
	import fcntl, json, os, random, re, struct, subprocess, sys, termios, threading, time

	PRSTATUS, FPREGSET, PRPSINFO, AUXV, SIGINFO, FILE = 1, 2, 3, 6, 0x53494749, 0x46494c45
	BUILD_ID = bytes(range(20))
	UUID = bytes.fromhex("0f3c2a518d7e4b6a9c1d2e5f7a8b9c0d")

	def some(inputs):
	    return list(inputs)[::int(os.environ["EVERY"])]

	def padded(b, to=4):
	    return b + bytes(-len(b) % to)

	def note(kind, desc, owner=b"CORE\0", order="<", namesz=None, descsz=None):
	    """A note, whose sizes may lie."""
	    sizes = (len(owner) if namesz is None else namesz, len(desc) if descsz is None else descsz)
	    return struct.pack(order + "III", *sizes, kind) + padded(owner) + padded(desc)

	def prstatus(signal, bits=64, order="<"):
	    d = bytearray(336 if bits == 64 else 144)
	    struct.pack_into(order + "IIIH", d, 0, signal, 0, 0, signal)
	    return bytes(d)

	def psinfo(pid, uid, gid, comm, args, bits=64, order="<", short=False):
	    """struct elf_prpsinfo; short: with the 16-bit uid_t of i386, arm, m68k."""
	    form = "BcBB4xQII" if bits == 64 else "BcBBIHH" if short else "BcBBIII"
	    return struct.pack(order + form + "iiii16s80s", 0, b"R", 0, 0, 0, uid, gid, pid, 1, pid,
	        pid, comm, args)

	def auxv(pairs, bits=64, order="<"):
	    w = "Q" if bits == 64 else "I"
	    return b"".join(struct.pack(order + w + w, *p) for p in pairs)

	def files(entries, bits=64, order="<", count=None, page=4096):
	    """NT_FILE of (start, end, page offset, path with its end)."""
	    w = "Q" if bits == 64 else "I"
	    d = struct.pack(order + w + w, len(entries) if count is None else count, page)
	    d += b"".join(struct.pack(order + 3 * w, *e[:3]) for e in entries)
	    return d + b"".join(e[3] for e in entries)

	def image(bits=64, order="<", build_id=BUILD_ID, uuid=None):
	    """The first page of an executable: its header, and its notes."""
	    eh, ph = (64, 56) if bits == 64 else (52, 32)
	    notes = note(3, build_id, b"GNU\0", order) if build_id else b""
	    notes += note(1, uuid, b"gzcore\0", order) if uuid else b""
	    b = elf_header(3, bits, order, eh, 1) + segment(bits, order, 4, eh + ph, 0, len(notes))
	    return padded(b + notes, 4096)

	def elf_header(kind, bits, order, phoff, phnum, shoff=0, shnum=0):
	    w = "Q" if bits == 64 else "I"
	    return struct.pack(order + "4sBBBB8xHHI" + w + w + w + "IHHHHHH", b"\x7fELF",
	        2 if bits == 64 else 1, 1 if order == "<" else 2, 1, 0, kind, 62, 1, 0, phoff, shoff, 0,
	        64 if bits == 64 else 52, 56 if bits == 64 else 32, phnum,
	        (64 if bits == 64 else 40) if shnum else 0, shnum, 0)

	def segment(bits, order, kind, offset, vaddr, size):
	    if bits == 64:
	        return struct.pack(order + "IIQQQQQQ", kind, 4, offset, vaddr, 0, size, size, 4096)
	    return struct.pack(order + "IIIIIIII", kind, offset, vaddr, 0, size, size, 4, 4096)

	def core(notes, loads=(), bits=64, order="<", behind=False, page=4096):
	    """A core in the kernel's layout (fs/binfmt_elf.c), or with its notes behind the memory as
	    gdb has them.  From 65,535 segments on their number stands in a section header at the end."""
	    eh, ph = (64, 56) if bits == 64 else (52, 32)
	    count, body, table = 1 + len(loads), [], []
	    at = notes_at = eh + ph * count
	    if not behind:
	        body.append(notes)
	        at += len(notes)
	    for vaddr, data in loads:
	        if data:
	            body.append(bytes(-at % page))
	            at += -at % page
	        table.append(segment(bits, order, 1, at, vaddr, len(data)))
	        body.append(data)
	        at += len(data)
	    if behind:
	        notes_at = at
	        body.append(notes)
	        at += len(notes)
	    table.insert(0, segment(bits, order, 4, notes_at, 0, len(notes)))
	    if count < 0xffff:
	        head = elf_header(4, bits, order, eh, count)
	    else:
	        head = elf_header(4, bits, order, eh, 0xffff, at, 1)
	        if bits == 64:
	            body.append(struct.pack(order + "IIQQQQIIQQ", 0, 0, 0, 0, 0, 1, 0, count, 0, 0))
	        else:
	            body.append(struct.pack(order + "10I", 0, 0, 0, 0, 0, 1, 0, count, 0, 0))
	    return head + b"".join(table) + b"".join(body)

	def base(bits=64):
	    return 0x555555554000 if bits == 64 else 0x400000

	def demo_notes(bits=64, order="<", comm=b"demo", args=b"demo --flag value ",
	        exe=b"/usr/lib/demo/demo", threads=3, signal=11, pid=4242, uid=1000, gid=100, short=False,
	        count=None, phdr=None):
	    b, o = bits, order
	    n = lambda kind, desc: note(kind, desc, order=order)
	    at = base(bits)
	    regs = n(FPREGSET, bytes(512)) + note(0x202, bytes(832), b"LINUX\0", order)
	    return (n(PRSTATUS, prstatus(signal, b, o)) +
	        n(PRPSINFO, psinfo(pid, uid, gid, comm, args, b, o, short)) +
	        n(SIGINFO, struct.pack(order + "III116x", signal, 0, 1)) +
	        n(AUXV, auxv([(6, 4096), (3, at + (64 if bits == 64 else 52) if phdr is None else phdr),
	            (5, 1), (0, 0)], b, o)) +
	        n(FILE, files([(at - 0x2000, at - 0x1000, 0, b"/usr/lib/locale/C\0"),
	            (at, at + 0x1000, 0, exe + b"\0"), (at + 0x1000, at + 0x2000, 1, exe + b"\0"),
	            (at + 0x8000, at + 0x9000, 0, b"/usr/lib/libc.so.6\0")], b, o, count)) +
	        regs + (n(PRSTATUS, prstatus(0, b, o)) + regs) * (threads - 1))

	def demo_loads(bits=64, order="<", picture=None):
	    at = base(bits)
	    return [(at - 0x2000, b""), (at, image(bits, order) if picture is None else picture),
	        (at + 0x1000, random.Random(3).randbytes(4096)), (at + 0x8000, b"stack " * 1000)]

	def demo(bits=64, order="<", picture=None, behind=False, **facts):
	    return core(demo_notes(bits, order, **facts), demo_loads(bits, order, picture), bits, order,
	        behind)

	def write(name, data):
	    with open(name, "wb") as f:
	        f.write(data)

	def keys(lines):
	    """The lines as a dictionary; each must be of printable ASCII and escapes."""
	    for l in lines.splitlines():
	        assert re.fullmatch(rb"[a-z_]+=([ -\[\]-~]|\\0[0-3][0-7][0-7])*", l), l
	    assert lines.endswith(b"\n"), lines
	    return dict(l.split(b"=", 1) for l in lines.splitlines())

	def undo(text):
	    return re.sub(rb"\\0([0-7]{3})", lambda m: bytes([int(m[1], 8)]), text)

	def say(p):
	    """What it says on standard error: one printable line at most."""
	    assert p.stderr.count(b"\n") <= 1 and not re.search(rb"[^ -~\n]", p.stderr), p.stderr
	    assert p.stderr == b"" or p.stderr.startswith(b"core-info: "), p.stderr
	    return p.stderr

	def as_file(data, *options):
	    write("variant", data)
	    p = subprocess.run(["core-info", *options, "variant"], stdin=subprocess.DEVNULL,
	        capture_output=True)
	    return judge(p)

	def as_stream(data, *options):
	    return judge(subprocess.run(["core-info", *options], input=data, capture_output=True))

	def judge(p):
	    assert p.returncode in (0, 2), (p.returncode, p.stderr)
	    said = say(p)
	    if p.returncode == 2:
	        assert said and p.stdout == b"", (said, p.stdout)
	        return None
	    return p.stdout

	def as_tap(data, *options):
	    """Every byte must come out, and lines whatever the bytes are."""
	    r, w = os.pipe()
	    fcntl.fcntl(w, fcntl.F_SETPIPE_SZ, 1 << 17)
	    p = subprocess.run(["core-info", "-d", str(w), *options], input=data, capture_output=True,
	        pass_fds=[w])
	    os.close(w)
	    with open(r, "rb") as f:
	        lines = f.read()
	    assert p.returncode == 0, (p.returncode, p.stderr)
	    assert p.stdout == data
	    say(p)
	    return lines

	tried = 0

	def neighbours(data):
	    """What else reads cores: an answer or a refusal, neither of which disturbs a terminal."""
	    write("variant", data)
	    for argv in (["core-trace", "variant"], ["core-trace", "-j", "variant"], ["elf-uuid", "-a", "variant"],
	            ["core-match", "variant", "/proc/self/exe"]):
	        p = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
	        assert p.returncode in (0, 1, 2), (argv, p.returncode, p.stderr)
	        assert p.stdout or p.stderr, argv
	        assert not re.search(rb"[^ -~\n]", p.stdout + p.stderr), (argv, p.stdout, p.stderr)
	        assert "-j" not in argv or p.stdout == b"" or json.loads(p.stdout.decode())["threads"] is not None

	def survives(data):
	    """Whatever it is: an answer or a refusal, and the tap passes it on."""
	    global tried
	    tried += 1
	    # Of all, each time, it would take minutes.
	    if tried % 4 == 1:
	        neighbours(data)
	    out = []
	    for how in as_file, as_stream, as_tap:
	        lines = how(data)
	        out.append(None if lines is None else keys(lines))
	        if lines is not None:
	            assert out[-1][b"bytes"] == b"%d" % len(data), lines
	    return out
	EOF
	cat >"$F/prog.c" <<-'EOF'
	#include <pthread.h>
	#include <stdio.h>
	#include <string.h>
	#include <sys/prctl.h>
	#include <unistd.h>

	static void *
	wait_here(void *arg)
	{
		for (;;)
			pause();
		return arg;
	}

	int
	main(int argc, char **argv)
	{
		pthread_attr_t a;
		pthread_t t;

		/* Any debugger may attach. */
		prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
		pthread_attr_init(&a);
		pthread_attr_setstacksize(&a, 65536);
		for (int i = 0; i < 4; i++)
			pthread_create(&t, &a, wait_here, NULL);
		if (argc > 1 && strcmp(argv[1], "crash") == 0)
			*(volatile int *)16 = 1;
		puts("up");
		fflush(stdout);
		for (;;)
			pause();
	}
	EOF
	${CC:-cc} -pthread -Wl,--build-id=sha1 -o "$F/prog" "$F/prog.c"
}

teardown() {
	[ -z "${started-}" ] || kill -9 $started 2>/dev/null || :
}

# py SCRIPT [ARG…]: Python, beside what builds and tries cores.  What waits for ever is ended.
py() {
	PYTHONPATH=$F PYTHONDONTWRITEBYTECODE=1 timeout 900 python3 -c "from core import *
$1" "${@:2}"
}

# demo FILE [FACT=VALUE,…]: a core in the kernel's layout.
demo() {
	py "write('$1', demo(${2-}))"
}

# What is to be said of a core of demo, of which SIZE bytes came.
demo_lines() {
	cat <<-EOF
	uuid=
	record=1
	build_id=000102030405060708090a0b0c0d0e0f10111213
	pid=4242
	uid=1000
	gid=100
	signal=11
	signame=SIGSEGV
	comm=demo
	exe=/usr/lib/demo/demo
	cmdline=demo --flag value
	threads=3
	bytes=$1
	promised=${2-$1}
	complete=yes
	EOF
}

# says COMMAND…: exits 0, with nothing on standard error; the output is in the file said.
says() {
	"$@" >said 2>err || { echo "status $?: $(cat err)"; return 1; }
	[ ! -s err ] || { echo "on standard error: $(cat err)"; return 1; }
	apart said
}

# apart FILE: moves what is said of a core's image, behind the keys of old, to more.
MORE='^(sigcode|sigaddr|sigpid|siguid|machine|class|byteorder|files|modules|segments|segments_there|missing|secure_exec|syscall[a-z_]*|reason)='
apart() {
	grep -E "$MORE" "$1" >more || :
	sed -i -E "/$MORE/d" "$1"
}

# start COMMAND…: in the background, until it has said something; its PID is in $pid.
start() {
	rm -f up
	"$@" >up 3>&- &
	pid=$!
	disown
	started="${started-} $pid"
	soon test -s up
}

# build_id_of FILE: its build-id, of the 20 bytes that --build-id=sha1 makes.
build_id_of() {
	python3 -c '
import struct, sys
b = open(sys.argv[1], "rb").read()
i = b.index(b"\4\0\0\0\x14\0\0\0\3\0\0\0GNU\0")
print(b[i + 16:i + 36].hex())' "$1"
}

# gcored FILE PID: the core of a process that lives on.
gcored() {
	gcore -o gcored "$2" >gcore.log 2>&1 && mv "gcored.$2" "$1" || { cat gcore.log; return 1; }
}

# gcore_lines CORE EXE PID: what is to be said of it, by what eu-readelf says.
gcore_lines() {
	local size args
	size=$(stat -c %s "$1")
	args=$(eu-readelf -n "$1" | sed -n 's/^.* psargs: //p')
	cat <<-EOF
	uuid=
	record=1
	build_id=$(build_id_of "$2")
	pid=$3
	tid=$(first_tid "$1")
	uid=$(id -u)
	gid=$(id -g)
	comm=prog
	exe=$2
	cmdline=$args
	threads=$(eu-readelf -n "$1" | grep -c '^  CORE .* PRSTATUS$')
	bytes=$size
	promised=$size
	complete=yes
	EOF
}

# first_tid CORE: of its first NT_PRSTATUS.
first_tid() {
	eu-readelf -n "$1" | sed -n '/ PRSTATUS$/,$s/^ *pid: \([0-9]*\), .*/\1/p' | head -n 1
}

# no_identity: filters the lines of an identity out.
no_identity() {
	sed -e 's/^uuid=.*/uuid=/' -e '/^uuid_from=/d' -e '/^build_id=/d'
}

# tap_ways FILE: through the tap between pipes and files in every way; each must give back FILE, and
# all the same lines, which are left in the file lines.  $complaint: what it says each time.
tap_ways() {
	local way st
	for way in 'pipe pipe' 'file pipe' 'pipe file' 'file file' 'pipe append' 'file append'; do
		rm -f out tapped
		case $way in
		*append) printf 'before\n' >out ;;
		esac
		case $way in
		'pipe pipe') cat "$1" | core-info -d 5 5>tapped 2>err | cat >out; st="${PIPESTATUS[*]}" ;;
		'file pipe') core-info -d 5 5>tapped 2>err <"$1" | cat >out; st="0 ${PIPESTATUS[*]}" ;;
		'pipe file') cat "$1" | core-info -d 5 5>tapped 2>err >out; st="${PIPESTATUS[*]} 0" ;;
		'file file') core-info -d 5 5>tapped 2>err <"$1" >out; st="0 $? 0" ;;
		'pipe append') cat "$1" | core-info -d 5 5>tapped 2>err >>out; st="${PIPESTATUS[*]} 0" ;;
		'file append') core-info -d 5 5>tapped 2>err <"$1" >>out; st="0 $? 0" ;;
		esac
		[ "$st" = '0 0 0' ] || { echo "$way: status $st: $(cat err)"; return 1; }
		diff <(printf '%s' "${complaint:+$complaint$'\n'}") err || { echo "$way"; return 1; }
		case $way in
		*append) { printf 'before\n'; cat "$1"; } | cmp - out ;;
		*) cmp "$1" out ;;
		esac || { echo "$way"; return 1; }
		if [ "$way" = 'pipe pipe' ]; then
			cp tapped lines
			apart lines
		else
			apart tapped
			diff lines tapped || { echo "$way"; return 1; }
		fi
	done
}

@test "core-info: -h and -V answer on standard output, a bad option is misuse" {
	answers core-info
}

@test "core-info: options that exclude each other are misuse" {
	demo core
	usage_error core-info core core
	usage_error core-info -d 2 core
	usage_error core-info -o lines core
	[ ! -e lines ]
	usage_error core-info -p $$ core
	usage_error core-info -p $$ -o lines -t $$
	usage_error core-info -p $$ -o lines -E
	usage_error core-info -d 2 -o lines
	[ ! -e lines ]
	usage_error core-info -P 3
	usage_error core-info -P 3 core
	usage_error core-info -d
	usage_error core-info -o
	usage_error core-info -p
	usage_error core-info -P
}

@test "core-info: -d: a descriptor that is not open, or is the core's own, is an error" {
	local fd
	for fd in x '' -1 1x 0x2 ' 2' 4294967296 18446744073709551616 0 1 77; do
		fails_with 2 core-info -d "$fd" </dev/null 77>&-
	done
	fails_with 2 core-info -d 7 </dev/null 7>&-
}

@test "core-info: a core in the kernel's layout is described, from a file" {
	demo core
	demo_lines "$(stat -c %s core)" >wanted
	says core-info core
	diff wanted said
	cp core ./-x
	says core-info -- -x
	diff wanted said
}

@test "core-info: only a file's headers, notes and first bytes of modules are read" {
	need strace
	py 'write("core", core(demo_notes(), demo_loads() + [(base() + 0x100000, bytes(3000000))]))'
	head=$((64 + 56 * 6 + $(py 'print(len(demo_notes()))')))
	strace -f -qq -o calls -e trace=read,pread64,readv,preadv,mmap -P "$PWD/core" \
		core-info core >said
	# The executable's first page, what the other file begins with, and 37 bytes for whether it is compressed,
	# by whom.
	sed -n 's/^.*read.* = \([0-9]*\)$/\1/p' calls | awk -v most=$((head + 4096 + 6000 + 37)) \
		'{ n += $1 } END { print n, most; exit !(n > 0 && n <= most) }'
	run ! grep mmap calls
}

@test "core-info: standard input, a file or a pipe, is described as the file" {
	demo core
	core-info core >wanted
	apart wanted
	for arg in '' -; do
		says core-info $arg <core
		diff wanted said
		cat core | says core-info $arg
		diff wanted said
	done
	mkfifo fifo
	cat core >fifo &
	says core-info fifo
	diff wanted said
}

@test "core-info: a stream that comes a byte at a time is the same core" {
	demo core
	core-info core >wanted
	apart wanted
	slowly <core | says core-info
	diff wanted said
	slowly <core | core-info -o lines >out
	cmp core out
	apart lines
	diff wanted lines
}

@test "core-info: a core of gcore is described, from a file" {
	need gcore eu-readelf
	cp "$F/prog" .
	start ./prog 'an argument' two
	gcored core "$pid"
	gcore_lines core "$PWD/prog" "$pid" >wanted
	grep -qx threads=5 wanted
	says core-info core
	diff wanted said
}

@test "core-info: a core of gcore, whose notes come last: a stream gives all but its image" {
	need gcore eu-readelf
	cp "$F/prog" .
	start ./prog one
	gcored core "$pid"
	core-info core >whole
	apart whole
	says core-info <core
	diff whole said
	# The image had passed when the notes said where it was.
	no_identity <whole >wanted
	cat core | says core-info
	diff wanted said
	tap_ways core
	diff wanted lines
}

@test "core-info: a core of gdb says the signal and the arguments" {
	need gdb eu-readelf
	cp "$F/prog" .
	gdb -nx -batch -ex 'run crash "two  words" >/dev/null' -ex 'generate-core-file core' ./prog \
		>gdb.log 2>&1 || { cat gdb.log; false; }
	[ -s core ] || { cat gdb.log; false; }
	pid=$(eu-readelf -n core | sed -n 's/^ *uid: .*, pid: \([0-9]*\), .*/\1/p')
	gcore_lines core "$PWD/prog" "$pid" | sed '/^gid=/a\
signal=11\
signame=SIGSEGV' >wanted
	grep -q '^cmdline=.*/prog crash "two  words"' wanted
	says core-info core
	diff wanted said
}

@test "core-info: cores of other classes and byte orders are described as eu-readelf reads them" {
	local bits order
	need eu-readelf
	for bits in 32 64; do
		for order in '<' '>'; do
			demo core "bits=$bits, order='$order'"
			demo_lines "$(stat -c %s core)" >wanted
			says core-info core
			diff wanted said || { echo "$bits $order"; false; }
			cat core | says core-info
			diff wanted said || { echo "$bits $order, a stream"; false; }
		done
	done
	# The core that the test makes is what others take for one.
	[ "$(eu-readelf -n core | grep -c ' PRSTATUS$')" -eq 3 ]
	eu-readelf -n core | grep -q 'fname: demo, psargs: demo --flag value'
	eu-readelf -n core | grep -q ' /usr/lib/demo/demo$'
}

@test "core-info: 32 bits with user IDs of 16 bits are read" {
	for order in '<' '>'; do
		demo core "bits=32, order='$order', short=True, uid=65534, gid=513"
		demo_lines "$(stat -c %s core)" | sed 's/^uid=.*/uid=65534/; s/^gid=.*/gid=513/' >wanted
		says core-info core
		diff wanted said
	done
	demo core "bits=32, uid=100000, gid=4294967294"
	demo_lines "$(stat -c %s core)" | sed 's/^uid=.*/uid=100000/; s/^gid=.*/gid=4294967294/' >wanted
	says core-info core
	diff wanted said
}

@test "core-info: cores that qemu writes of other processors are described" {
	local machine cpu name build_id pid uid gid
	for machine in $MACHINES; do
		machine_core "$machine"
		name=crash.$cpu
		build_id=$(eu-readelf -n "$name" | sed -n 's/^ *Build ID: //p')
		[ "${#build_id}" -eq 40 ] || [ "$machine" != "${machine%:[0-9]*}" ]
		# It writes the user's number for some in the wrong order: what stands there counts.
		read -r uid gid pid < <(sed -n 's/^ *uid: \(.*\), gid: \(.*\), pid: \([0-9]*\), .*/\1 \2 \3/p' notes)
		cat >wanted <<-EOF
		uuid=
		record=1
		build_id=$build_id
		pid=$pid
		tid=$(first_tid core)
		uid=$((uid & 0xffffffff))
		gid=$((gid & 0xffffffff))
		signal=11
		signame=SIGSEGV
		comm=$name
		$(sed -n 's/^.* psargs: \(.*[^ ]\) *$/cmdline=\1/p' notes)
		threads=1
		bytes=$(stat -c %s core)
		promised=$(stat -c %s core)
		complete=yes
		EOF
		grep -qx "cmdline=./$name one two words" wanted
		sed -i '/^build_id=$/d' wanted
		says core-info core
		diff wanted said || { echo "$cpu"; false; }
		cat core | says core-info
		diff wanted said || { echo "$cpu, a stream"; false; }
	done
}

@test "core-info: a signal has its number, and its name when it has one" {
	local i
	for i in 1:SIGHUP 6:SIGABRT 7:SIGBUS 31:SIGSYS 34: 64:; do
		demo core "signal=${i%:*}"
		demo_lines "$(stat -c %s core)" | sed -e "s/^signal=.*/signal=${i%:*}/" \
			-e "s/^signame=.*/signame=${i#*:}/" -e '/^signame=$/d' >wanted
		says core-info core
		diff wanted said
	done
	demo core signal=0
	demo_lines "$(stat -c %s core)" | sed '/^sig/d' >wanted
	says core-info core
	diff wanted said
}

@test "core-info: the system call of a SIGSYS, by its name where it is this machine's" {
	cat >wanted.py <<-'EOF'
	def sys_core(bits, order, call, arch):
	    old = struct.pack(order + "III116x", 31, 0, 1)
	    new = struct.pack(order + "IIIIQiI96x", 31, 0, 1, 0, 0x7f0000001234, call, arch) if bits == 64 else \
	        struct.pack(order + "IIIIiI104x", 31, 0, 1, 0x1234, call, arch)
	    b = demo(bits, order, signal=31)
	    assert old in b
	    return b.replace(old, new)
	EOF
	call() {
		py "$(cat wanted.py)
write('core', sys_core($1))"
		core-info core | grep -E '^(sigcode|syscall)'
		core-info -j core >json
		valid_json core-info json
	}
	# No name of another machine, and of no number that no call has; but the number.
	diff <(call '64, "<", 79, 0xdeadbeef') <(printf '%s\n' sigcode=SYS_SECCOMP syscall_nr=79 syscall_arch=0xdeadbeef \
		syscall_addr=0x7f0000001234)
	diff <(call '32, ">", 1, 0x14') <(printf '%s\n' sigcode=SYS_SECCOMP syscall_nr=1 syscall_arch=ppc syscall_addr=0x1234)
	[ "$(uname -m)" != x86_64 ] || {
		diff <(call '64, "<", 79, 0xc000003e') <(printf '%s\n' sigcode=SYS_SECCOMP syscall=getcwd syscall_nr=79 \
			syscall_arch=x86-64 syscall_addr=0x7f0000001234)
		diff <(call '64, "<", 99999, 0xc000003e') <(printf '%s\n' sigcode=SYS_SECCOMP syscall_nr=99999 \
			syscall_arch=x86-64 syscall_addr=0x7f0000001234)
		diff <(call '64, "<", -1, 0x40000003') <(printf '%s\n' sigcode=SYS_SECCOMP syscall_arch=i386 \
			syscall_addr=0x7f0000001234)
	}
}

@test "core-info: a core whose process had mapped rings of io_uring says so" {
	demo core 'exe=b"anon_inode:[io_uring]"'
	core-info core | grep -x io_uring=yes
	core-info -j core >json
	valid_json core-info json
	jq -e '.io_uring == true' json
	demo core 'exe=b"/x/anon_inode:[io_uring]"'
	run -1 grep io_uring= <(core-info core)
}

@test "core-info: secure_exec says whether a process began with more rights than its user had" {
	py '
for name, value in ("none", None), ("user", 0), ("more", 1):
    entry = auxv([(23, value)] if value is not None else [], 64, "<")
    write(name, core(demo_notes() + note(AUXV, entry), demo_loads()))'
	diff <(for f in none user more; do core-info $f | grep ^secure_exec || :; done) <(printf 'secure_exec=no\nsecure_exec=yes\n')
}

@test "core-info: foreign notes, unknown types and notes in several segments are passed over" {
	py '
other = note(1, prstatus(9), b"FreeBSD\0") + note(3, b"x" * 136, b"core\0") + note(1, b"", b"") + \
    note(0, b"") + note(0xffffffff, b"y" * 5000) + note(3, b"z" * 136, b"CORES\0") + \
    note(3, b"z" * 136, b"CORE")
write("core", core(other + demo_notes() + other, demo_loads()))'
	demo_lines "$(stat -c %s core)" >wanted
	says core-info core
	diff wanted said
	cat core | says core-info
	diff wanted said
	py '
n = demo_notes()
second = n.index(note(AUXV, b"")[:4] + struct.pack("<I", 64) + struct.pack("<I", AUXV))
loads = demo_loads()
b = bytearray(core(n, loads + [(0, b"")]))
at = 64 + 56 * 6
b[64:120] = segment(64, "<", 4, at, 0, second)
b[64 + 56 * 5:at] = segment(64, "<", 4, at + second, 0, len(n) - second)
write("core", b)'
	demo_lines "$(stat -c %s core)" >wanted
	says core-info core
	diff wanted said
	cat core | says core-info
	diff wanted said
}

@test "core-info: -j says the same as a JSON object on a line" {
	local size
	need jq
	demo core "picture=image(uuid=UUID)"
	size=$(stat -c %s core)
	paste -s -d ' ' >wanted <<-EOF
	{"uuid": "0f3c2a51-8d7e-4b6a-9c1d-2e5f7a8b9c0d", "record": 1, "uuid_from": "note",
	"build_id": "000102030405060708090a0b0c0d0e0f10111213", "pid": 4242, "uid": 1000, "gid": 100,
	"signal": 11, "signame": "SIGSEGV", "comm": "demo", "exe": "/usr/lib/demo/demo",
	"cmdline": "demo --flag value", "threads": 3, "bytes": $size, "promised": $size,
	"sigcode": "SEGV_MAPERR", "sigaddr": "0x0", "machine": "x86-64", "class": 64, "byteorder": "little",
	"modules": 1, "segments": 3, "segments_there": 3, "missing": 0,
	"reason": "access to 0x0: a null pointer", "complete": true}
	EOF
	says core-info -j core
	diff wanted said
	says core-info -j <core
	diff wanted said
	core-info -j -o lines <core | cmp core -
	diff wanted lines
	truncate -s -1 core
	[ "$(core-info -j core | jq -c '[.pid, .bytes, .promised, .complete]')" = \
		"[4242,$((size - 1)),$size,false]" ]
	says core-info -p $$ -j
	jq -e ".pid == $$ and .uuid == \"\" and (.threads | type) == \"number\"" said
}

@test "core-info: values of any bytes make printable ASCII lines; printf %b gives the bytes back" {
	local i
	py '
every = bytes(i for i in range(1, 256) if i != 0x2f)
write("exe", b"/" + every)
for i in range(4):
    some = bytes(range(max(1, 64 * i), 64 * i + 64)) + b"$(id)`id`x"
    write("args%d" % i, some)
    write("comm%d" % i, some[17 * i:17 * i + 15])
    write("core%d" % i, demo(exe=b"/" + every, comm=some[17 * i:17 * i + 15], args=some))'
	for i in 0 1 2 3; do
		says core-info "core$i"
		py 'keys(open("said", "rb").read())'
		[ "$(wc -l <said)" -eq 15 ]
		printf %b "$(sed -n 's/^exe=//p' said)" | cmp exe -
		printf %b "$(sed -n 's/^comm=//p' said)" | cmp "comm$i" -
		printf %b "$(sed -n 's/^cmdline=//p' said)" | cmp "args$i" -
		cat "core$i" | core-info | grep -vE "$MORE" | cmp said -
	done
}

@test "core-info: control characters, quotes, backslashes and UTF-8 are escaped in lines" {
	py 'write("core", demo(comm=b"a\nb\tc\x1b[m", args=b"\"q\" \\n \xc3\xbc\xe2\x82\xac \xff\x80 '"'"'",
    exe=b"/a b/pid=1\nuid=0/\x7f"))'
	demo_lines "$(stat -c %s core)" | sed -e 's/^\(comm\|cmdline\|exe\)=.*/\1=/' >wanted
	sed -i -e 's/^comm=/&a\\0012b\\0011c\\0033[m/' -e 's|^exe=|&/a b/pid=1\\0012uid=0/\\0177|' \
		-e "s/^cmdline=/&\"q\" \\\\0134n \\\\0303\\\\0274\\\\0342\\\\0202\\\\0254 \\\\0377\\\\0200 '/" wanted
	says core-info core
	diff wanted said
}

@test "core-info: -j keeps UTF-8 and escapes other bytes" {
	local v
	need jq
	py '
text = "\"q\" \\n \u00fc\u20ac\U0001f600 \x01\t\x7f".encode()
# No UTF-8: loose bytes, overlong forms, surrogates, past the last character, cut at the end; and C1.
bad = b"\xff\x80 \xc0\x80 \xc1\xbf \xe0\x80\x80 \xed\xa0\x80 \xf0\x80\x80\x80 \xf4\x90\x80\x80 \xc2\x85 \xe2\x82"
write("core", demo(comm=b"x\xc3", args=bad, exe=b"/" + text))
line = as_file(open("core", "rb").read(), "-j")
d = json.loads(line.decode("utf-8"))
assert line.count(b"\n") == 1 and line.endswith(b"}\n")
assert d["exe"] == "/" + text.decode().replace("\\", "\\0134"), d["exe"]
assert d["comm"] == "x\\0303", d["comm"]
assert d["cmdline"] == "".join(chr(b) if b < 0x80 else "\\0%03o" % b for b in bad), d["cmdline"]
for name, value in ("exe", b"/" + text), ("comm", b"x\xc3"), ("cmdline", bad):
    assert undo(d[name].encode()) == value
write("said", line)'
	# Control characters as \u00xx.
	grep -qF '\u0001\u0009\u007f' said
	[ "$(jq -r .pid said)" -eq 4242 ]
	v=$(jq -r .exe said)
	[[ $v == '/"q" \0134n üۥ😀 '* || $v == '/"q" \0134n ü€😀 '* ]]
}

@test "core-info: a command line loses the blanks at its end, and no others" {
	demo core "args=b'  a  b   '"
	demo_lines "$(stat -c %s core)" | sed 's/^cmdline=.*/cmdline=  a  b/' >wanted
	says core-info core
	diff wanted said
	# Eighty bytes without an end, a name of sixteen: all are printed, and nothing behind them.
	demo core "args=b'y' * 80, comm=b'n' * 16"
	demo_lines "$(stat -c %s core)" | sed -e "s/^cmdline=.*/cmdline=$(printf 'y%.0s' {1..80})/" \
		-e "s/^comm=.*/comm=$(printf 'n%.0s' {1..16})/" >wanted
	says core-info core
	diff wanted said
	demo core "args=b'', comm=b''"
	demo_lines "$(stat -c %s core)" | sed -e "s/^cmdline=.*/cmdline=/" -e "s/^comm=.*/comm=/" >wanted
	says core-info core
	diff wanted said
}

@test "core-info: the uuid of a .note.uuid is read from the image in the core" {
	for how in "" "bits=32" "order='>'" "bits=32, order='>'"; do
		demo core "$how${how:+, }picture=image(${how:+$how, }uuid=UUID)"
		demo_lines "$(stat -c %s core)" | sed -e '1s/$/0f3c2a51-8d7e-4b6a-9c1d-2e5f7a8b9c0d/' \
			-e '/^record/a uuid_from=note' >wanted
		says core-info core
		diff wanted said
		cat core | says core-info
		diff wanted said
	done
	# Without a build-id it is one all the same.
	demo core "picture=image(uuid=UUID, build_id=None)"
	demo_lines "$(stat -c %s core)" | sed -e '1s/$/0f3c2a51-8d7e-4b6a-9c1d-2e5f7a8b9c0d/' \
			-e '/^record/a uuid_from=note' -e '/^build_id/d' >wanted
	says core-info core
	diff wanted said
}

@test "core-info: an image without an identity, or that is no ELF file, gives none" {
	local picture
	for picture in "image(build_id=None)" "bytes(4096)" "b'x' * 4096" "b'\\x7fELF'" "image()[:70]" \
		"image()[:64]" "image()[:63]" "b''"; do
		demo core "picture=$picture"
		demo_lines "$(stat -c %s core)" | sed '/^build_id/d' >wanted
		says core-info core
		diff wanted said || { echo "$picture"; false; }
	done
}

@test "core-info: the .uuid section is read from the file that the core names, if it is that file" {
	need gcore objcopy
	printf '6b1f0c2e-0000-4000-8000-123456789abc' >uuid
	objcopy --add-section .uuid=uuid "$F/prog" prog
	start ./prog
	gcored core "$pid"
	says core-info core
	head -n 4 said >got
	diff - got <<-EOF
	uuid=6b1f0c2e-0000-4000-8000-123456789abc
	record=1
	uuid_from=section
	build_id=$(build_id_of prog)
	EOF
	no_identity <said | sed "/^record/a build_id=$(build_id_of prog)" >without
	# Another build at the same path is another program.
	cp prog kept
	rm prog
	printf 'int main(void) { return 0; }\n' >other.c
	${CC:-cc} -Wl,--build-id=sha1 -o other other.c
	objcopy --add-section .uuid=uuid other prog
	[ "$(build_id_of prog)" != "$(build_id_of kept)" ]
	says core-info core
	diff without said
	# Nor is a file that only has the section, or is gone, or is no file.
	objcopy --remove-section .note.gnu.build-id other prog
	objcopy --add-section .uuid=uuid prog
	says core-info core
	diff without said
	echo garbage >prog
	says core-info core
	diff without said
	rm prog
	says core-info core
	diff without said
	mkdir prog
	says core-info core
	diff without said
	rmdir prog
	mkfifo prog
	says timeout 120 core-info core
	diff without said
	# A link is not followed.
	rm prog
	ln -s kept prog
	says core-info core
	diff without said
	# It comes back.
	mv -f kept prog
	says core-info core
	head -n 4 said | diff got -
}

@test "core-info: a file name in the core that is not an absolute path is not opened" {
	local exe
	need objcopy
	printf 'not-this' >uuid
	py 'write("picture", open(sys.argv[1] + "/prog", "rb").read()[:4096])' "$F"
	objcopy --add-section .uuid=uuid "$F/prog" prog
	for exe in prog ./prog '../prog' '[heap]' ''; do
		demo core "picture=open('picture', 'rb').read(), exe=b'$exe'"
		says core-info core
		[ "$(head -n 1 said)" = uuid= ]
		grep -qx "build_id=$(build_id_of prog)" said
	done
	demo core "picture=open('picture', 'rb').read(), exe=b'$PWD/prog'"
	says core-info core
	[ "$(head -n 1 said)" = uuid=not-this ]
	cat core | says core-info
	[ "$(head -n 1 said)" = uuid=not-this ]
}

@test "core-info: the executable is the one that AT_PHDR lies in" {
	py '
at = base()
write("core", demo(phdr=at + 0x8000 + 64))'
	demo_lines "$(stat -c %s core)" | sed -e 's|^exe=.*|exe=/usr/lib/libc.so.6|' -e '/^build_id/d' >wanted
	says core-info core
	diff wanted said
	# In no mapping: none.
	demo core "phdr=64"
	demo_lines "$(stat -c %s core)" | sed -e '/^exe=/d' -e '/^build_id/d' >wanted
	says core-info core
	diff wanted said
	demo core "phdr=2**64-1"
	demo_lines "$(stat -c %s core)" | sed -e '/^exe=/d' -e '/^build_id/d' >wanted
	says core-info core
	diff wanted said
}

@test "core-info: what a core lacks has no line" {
	py 'write("core", core(note(PRSTATUS, prstatus(6)), [(0, b"x" * 5000)]))'
	cat >wanted <<-EOF
	uuid=
	record=1
	signal=6
	signame=SIGABRT
	threads=1
	bytes=$(stat -c %s core)
	promised=$(stat -c %s core)
	complete=yes
	EOF
	says core-info core
	diff wanted said
	py 'write("core", core(b"", [(0, b"x" * 5000)]))'
	sed -i -e '/^sig/d' -e '/^threads/d' -e "s/^bytes=.*/bytes=$(stat -c %s core)/" \
		-e "s/^promised=.*/promised=$(stat -c %s core)/" wanted
	says core-info core
	diff wanted said
	cat core | says core-info
	diff wanted said
}

@test "core-info: a path of 4095 bytes is used, a longer one is ignored" {
	py '
write("core", demo(exe=b"/" + b"p" * 4094))
lines = keys(as_file(open("core", "rb").read()))
assert lines[b"exe"] == b"/" + b"p" * 4094
for n in 4095, 4096, 5000, 70000:
    data = demo(exe=b"/" + b"p" * n)
    for lines in survives(data):
        assert b"exe" not in lines and lines[b"threads"] == b"3", lines'
}

@test "core-info: the tap passes cores on untouched, between pipes and files" {
	demo core
	core-info core >wanted
	apart wanted
	tap_ways core
	diff wanted lines
	demo core "bits=32, order='>', behind=True"
	core-info core | no_identity >wanted
	apart wanted
	tap_ways core
	diff wanted lines
}

@test "core-info: the tap passes on input that is no core, with a warning" {
	local size
	: >input
	complaint='core-info: <stdin>: empty: passed on all the same' tap_ways input
	diff - lines <<-'EOF'
	uuid=
	record=1
	bytes=0
	complete=no
	EOF
	for input in "noise 3000000" "printf x" "head -c 200000 /dev/zero" "printf \\177ELF" \
		"head -c 15 $F/prog" "head -c 16 $F/prog" "head -c 63 $F/prog" "cat $F/prog" \
		"head -c 3000000 /dev/zero"; do
		$input >input
		size=$(stat -c %s input)
		case $input in
		cat*) complaint='an ELF file, but not a core' ;;
		noise* | *zero) complaint='not an ELF file' ;;
		*) complaint='cut short' ;;
		esac
		complaint="core-info: <stdin>: $complaint: passed on all the same" tap_ways input ||
			{ echo "$input"; false; }
		diff - lines <<-EOF
		uuid=
		record=1
		bytes=$size
		complete=no
		EOF
	done
}

@test "core-info: the tap passes a core with absurd headers on" {
	py '
c = demo() + bytes(300000)
def poke(at, form, *v):
    b = bytearray(c)
    struct.pack_into(form, b, at, *v)
    return bytes(b)
for i, b in enumerate((
        poke(32, "<Q", 0), poke(32, "<Q", 2**64 - 1), poke(32, "<Q", 2**63), poke(32, "<Q", 65),
        poke(54, "<H", 0), poke(54, "<H", 57), poke(56, "<H", 0), poke(56, "<H", 0xfffe),
        poke(56, "<H", 0xffff), poke(4, "B", 3), poke(5, "B", 0), poke(4, "B", 1), poke(5, "B", 2),
        poke(40, "<Q", 2**64 - 1), poke(72, "<Q", 2**64 - 1), poke(96, "<Q", 2**64 - 1),
        poke(72, "<Q", 0), poke(72, "<Q", 64), poke(72, "<Q", 120), poke(96, "<Q", 1),
        poke(64, "<I", 1), poke(120, "<I", 4), poke(176, "<I", 4))):
    write("absurd%02d" % i, b)
    survives(b)'
	for f in absurd*; do
		core-info -o "$f.lines" <"$f" 2>err | cat >out
		[ "${PIPESTATUS[0]}" -eq 0 ]
		cmp "$f" out
		core-info -o "$f.lines2" <"$f" 2>err >out
		cmp "$f" out
		diff "$f.lines" "$f.lines2"
		grep -qx "bytes=$(stat -c %s "$f")" "$f.lines"
	done
}

@test "core-info: two taps in one pipeline both work" {
	demo core
	cat core | core-info -o one | core-info -o two | cmp core -
	diff one two
	core-info core | diff - one
}

@test "core-info: the tap takes descriptors that do not wait" {
	demo core
	py '
data = open("core", "rb").read() * 40
r, w = os.pipe()
out, into = os.pipe()
for fd in (r, into):
    os.set_blocking(fd, False)
p = subprocess.Popen(["core-info", "-o", "lines"], stdin=r, stdout=into)
os.close(r)
os.close(into)
def feed():
    with open(w, "wb", buffering=0) as f:
        for at in range(0, len(data), 40000):
            time.sleep(0.002)
            f.write(data[at:at + 40000])
t = threading.Thread(target=feed)
t.start()
got = b""
while True:
    b = os.read(out, 30000)
    if not b:
        break
    got += b
    time.sleep(0.001)
t.join()
assert p.wait() == 0
assert got == data'
	grep -qx "pid=4242" lines
	grep -qx "bytes=$((40 * $(stat -c %s core)))" lines
}

@test "core-info: the tap has closed both ends when it writes the lines" {
	demo core
	py '
data = open("core", "rb").read()
lines, full = os.pipe()
os.set_blocking(full, False)
filled = 0
try:
    while True:
        filled += os.write(full, b"-" * 4096)
except BlockingIOError:
    pass
os.set_blocking(full, True)
p = subprocess.Popen(["core-info", "-d", str(full)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    pass_fds=[full])
os.close(full)
t = threading.Thread(target=lambda: (p.stdin.write(data), p.stdin.close()))
t.start()
# The end comes although nobody has read a line yet.
assert p.stdout.read() == data
t.join()
# It closes the other one, and fills both places, in its own time.
def end(fd):
    try:
        return os.readlink("/proc/%d/fd/%d" % (p.pid, fd))
    except FileNotFoundError:
        return None
for i in range(500):
    ends = [end(0), end(1)]
    if ends == ["/dev/null"] * 2:
        break
    time.sleep(0.02)
assert ends == ["/dev/null"] * 2, ends
assert p.poll() is None
said = b""
while True:
    b = os.read(lines, 65536)
    if not b:
        break
    said += b
assert p.wait() == 0
write("said", said[filled:])'
	core-info core | diff - said
}

@test "core-info: the tap with a full disk behind it exits 2, and writes its lines" {
	local input
	for input in core garbage; do
		rm -f lines
		demo core
		noise 300000 >garbage
		run -2 --separate-stderr bash -c 'core-info -o lines <"$1" >/dev/full' - "$input"
		[ "$stderr" = 'core-info: <stdout>: write: No space left on device' ]
		grep -qx complete=no lines
		rm -f lines
		run -2 --separate-stderr bash -c 'cat "$1" | core-info -o lines >/dev/full' - "$input"
		[ "$stderr" = 'core-info: <stdout>: write: No space left on device' ]
		grep -qx complete=no lines
	done
}

@test "core-info: the tap whose reader is gone exits 2, whatever SIGPIPE does" {
	demo core
	run -2 --separate-stderr reader_gone core-info -o lines <core
	[ "$stderr" = 'core-info: <stdout>: write: Broken pipe' ]
	grep -qx complete=no lines
	# A reader that goes later.
	py 'write("big", core(demo_notes(), demo_loads() + [(2**40, bytes(3000000))]))'
	run -2 --separate-stderr bash -c 'trap "" PIPE; core-info -o lines2 <big | head -c 5000 >part
		exit "${PIPESTATUS[0]}"'
	[ "$stderr" = 'core-info: <stdout>: write: Broken pipe' ]
	is_prefix part big
	grep -qx pid=4242 lines2
	grep -qx complete=no lines2
	# And when it is not: the lines are still to be said.
	run -2 --separate-stderr bash -c 'core-info -o lines3 <big | head -c 5000 >part
		exit "${PIPESTATUS[0]}"'
	[ "$stderr" = 'core-info: <stdout>: write: Broken pipe' ]
	grep -qx pid=4242 lines3
	grep -qx complete=no lines3
}

@test "core-info: the tap with a closed standard output exits 2, and touches no other file" {
	demo core
	run -2 --separate-stderr bash -c 'core-info -o lines <core >&-'
	[ "${#stderr_lines[@]}" -eq 1 ]
	grep -qx complete=no lines
	run -2 --separate-stderr bash -c 'core-info -d 1 <core >&-'
}

@test "core-info: the tap with a closed standard input, or a directory there, exits 2" {
	run -2 --separate-stderr bash -c 'core-info -o lines <&- >out'
	[ "${#stderr_lines[@]}" -eq 1 ]
	[ ! -s out ]
	run -2 --separate-stderr bash -c 'core-info -o lines2 <. >out'
	[ "$stderr" = 'core-info: <stdin>: Is a directory' ]
}

@test "core-info: a tap that is told to end passes on what has come and writes its lines" {
	py '
import signal
core = demo()
part = core[:len(core) // 2]
for sig in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
    for ignored in False, True:
        r, w = os.pipe()
        p = subprocess.Popen(["core-info", "-d", str(w)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, pass_fds=[w],
            preexec_fn=lambda: signal.signal(sig, signal.SIG_IGN if ignored else signal.SIG_DFL))
        os.close(w)
        p.stdin.write(part)
        p.stdin.flush()
        out = b""
        while len(out) < len(part):
            out += os.read(p.stdout.fileno(), 65536)
        p.send_signal(sig)
        if ignored:
            p.stdin.write(core[len(part):])
            p.stdin.close()
        out += p.stdout.read()
        lines = dict(l.split(b"=", 1) for l in os.fdopen(r, "rb").read().splitlines())
        err = p.stderr.read()
        assert p.wait(30) == (0 if ignored else 2), (sig, p.returncode, err)
        assert out == (core if ignored else part)
        assert lines[b"bytes"] == b"%d" % len(out) and lines[b"promised"] == b"%d" % len(core), lines
        assert lines[b"complete"] == (b"yes" if ignored else b"no") and lines[b"comm"] == b"demo"
        assert err.count(b"\n") == (0 if ignored else 1), err'
}

@test "core-info: the tap: lines that cannot be written are a warning, no failure" {
	demo core
	run -0 --separate-stderr bash -c 'core-info -d 5 <core 5>/dev/full | cmp - core
		exit "${PIPESTATUS[0]}"'
	[ "$stderr" = 'core-info: the lines were not written: No space left on device' ]
	run -0 --separate-stderr bash -c 'core-info -d 5 <core 5</dev/null | cmp - core
		exit "${PIPESTATUS[0]}"'
	[ "${#stderr_lines[@]}" -eq 1 ]
	run -0 --separate-stderr bash -c 'trap "" PIPE; { core-info -d 5 <core 5>&1 >out | :; } 5>&1
		exit "${PIPESTATUS[0]}"'
	cmp core out
}

@test "core-info: -d 2 puts the lines on standard error" {
	demo core
	core-info -d 2 <core 2>lines | cmp core -
	core-info core | diff - lines
}

@test "core-info: -o makes a file of its own, for its owner alone" {
	demo core
	core-info core >wanted
	apart wanted
	core-info -o 'a name' <core | cmp core -
	apart 'a name'
	diff wanted 'a name'
	[ "$(stat -c %a 'a name')" = 600 ]
	# What is there already is refused, and nothing is read.
	echo mine >lines
	fails_with 2 core-info -o lines <core
	echo mine | cmp - lines
	ln -s nowhere link
	fails_with 2 core-info -o link <core
	[ ! -e nowhere ]
	ln -sf lines link
	fails_with 2 core-info -o link <core
	echo mine | cmp - lines
	mkfifo fifo
	fails_with 2 core-info -o fifo <core
	fails_with 2 core-info -o . <core
	fails_with 2 core-info -o none/lines <core
	fails_with 2 core-info -o '' <core
}

@test "core-info: 70,000 program headers: the promised size is exact" {
	py '
# The kernel page-aligns each; most hold no bytes, as VM_DONTDUMP has it.
b = core(demo_notes(), demo_loads() + [(2**40 + 4096 * i, b"d" * 4096 if i % 1000 == 0 else b"")
    for i in range(70000 - 5)])
assert struct.unpack_from("<H", b, 56)[0] == 0xffff and struct.unpack_from("<I", b, len(b) - 20)[0] == 70000
write("core", b)'
	demo_lines "$(stat -c %s core)" >wanted
	says core-info core
	diff wanted said
	cat core | says core-info
	diff wanted said
	tap_ways core
	diff wanted lines
	# One byte less is not all.
	sed -e 's/^complete=.*/complete=no/' -e "s/^bytes=.*/bytes=$(($(stat -c %s core) - 1))/" -i wanted
	truncate -s -1 core
	says core-info core
	diff wanted said
	cat core | says core-info
	diff wanted said
}

@test "core-info: 65,534 and 65,535 program headers, in 32 bits too: the promised size is exact" {
	for how in "65534" "65535" "65535, bits=32, order='>'"; do
		py "
def make(n, bits=64, order='<'):
    return core(demo_notes(bits, order), demo_loads(bits, order) + [(0, b'')] * (n - 6) +
        [(0, b'z' * 100)], bits, order)
write('core', make($how))"
		demo_lines "$(stat -c %s core)" >wanted
		says core-info core
		diff wanted said
		cat core | says core-info
		diff wanted said
	done
}

@test "core-info: a core of 70,000 program headers and its notes behind the memory is described" {
	py '
write("core", core(demo_notes(), demo_loads() + [(2**40 + 4096 * i, b"") for i in range(70000 - 6)] +
    [(2**41, random.Random(4).randbytes(5000000))], behind=True))'
	demo_lines "$(stat -c %s core)" >wanted
	says core-info core
	diff wanted said
}

@test "core-info: program headers behind everything else are found, however many, in a file" {
	py '
for n in 10, 5000:
    notes, loads = demo_notes(), demo_loads() + [(2**40, b"")] * (n - 5)
    b = core(notes, loads)
    table = b[64:64 + 56 * n]
    at = 64 + 56 * n
    # The same core, with the table moved to the end.
    b = bytearray(b)
    b[64:64 + 56 * n] = bytes(56 * n)
    struct.pack_into("<Q", b, 32, len(b))
    write("core%d" % n, b + table)'
	for n in 10 5000; do
		demo_lines "$(stat -c %s core$n)" >wanted
		says core-info core$n
		diff wanted said || { echo "$n headers"; false; }
	done
}

@test "core-info: a cut core is described, with complete=no" {
	local size cut
	demo core
	size=$(stat -c %s core)
	for cut in $((size - 1)) $((size - 6000)) $((size - 6001)) 12288; do
		head -c $cut core >cut
		demo_lines $cut "$size" | sed 's/^complete=.*/complete=no/' >wanted
		says core-info cut
		diff wanted said
		cat cut | says core-info
		diff wanted said
		tap_ways cut
		diff wanted lines
	done
}

@test "core-info: a core that is longer than it promises is complete" {
	demo core
	size=$(stat -c %s core)
	head -c 1000000 /dev/zero >>core
	demo_lines $((size + 1000000)) "$size" >wanted
	says core-info core
	diff wanted said
	cat core | says core-info
	diff wanted said
}

@test "core-info: a core cut at any byte: everything that is printed is true" {
	py '
def check(data, points):
    whole = keys(as_file(data))
    before = [None] * 3
    for n in some(points):
        for how, got in enumerate(survives(data[:n])):
            if got is None:
                assert how < 2 and n < 64, (how, n)
                continue
            assert how == 2 or n >= 52
            assert got.pop(b"complete") == b"no", n
            got.pop(b"bytes")
            assert int(got.pop(b"promised", 0)) <= int(whole[b"promised"]), n
            assert int(got.pop(b"threads", 0)) <= int(whole[b"threads"]), n
            if got[b"uuid"] == b"":
                got.pop(b"uuid")
            for k in b"segments", b"segments_there", b"modules":
                assert int(got.pop(k, 0)) <= int(whole[k]), (n, k)
            got.pop(b"missing", 0)
            assert got.pop(b"files", b"dropped") == b"dropped"
            for k, v in got.items():
                assert whole[k] == v, (n, k, v)
data = demo(picture=image(uuid=UUID))
assert data[64 + 56 * 5:].startswith(b"\5\0\0\0")
check(data, [*range(0, 70), *range(70, 400, 7), *range(400, 2600, 13), *range(2600, len(data), 997),
    len(data) - 1])
check(demo(bits=32, order=">", behind=True), [*range(0, 300, 11), 12000, *range(13000, 18000, 101)])'
}

@test "core-info: a core cut within the path of its executable names no other path" {
	py '
for path in b"/usr/lib/demo/demo", b"/" + b"p" * 5000:
    data = demo(exe=path)
    at = data.index(path + b"\0")
    for n in range(at, at + len(path) + 60, 7 if len(path) < 100 else 501):
        for got in survives(data[:n]):
            assert got.get(b"exe", path) == path and b"\\0" not in got.get(b"exe", b""), got'
}

@test "core-info: a path cut by the end of the notes, longer than a path can be, is ignored" {
	py '
data = demo_notes(exe=b"/" + b"p" * 5000)
notes = data[:data.index(b"/" + b"p" * 4500) + 4300]
for got in survives(core(notes, demo_loads())):
    assert b"exe" not in got, got'
}

@test "core-info: -d: each line in a pipe is written as a whole, and cut after 4096 bytes" {
	py '
import os, subprocess
open("long", "wb").write(demo(exe=b"/" + b"\1" * 4000, picture=image(uuid=UUID)))
# A pipe of packets: what one call writes, one call reads.
r, w = os.pipe2(os.O_DIRECT)
os.set_inheritable(w, True)
with open("long") as data:
    subprocess.run(["core-info", "-a", "-d", str(w)], stdin=data, stdout=subprocess.DEVNULL, pass_fds=[w], check=True)
os.close(w)
pieces = []
while piece := os.read(r, 65536):
    pieces.append(piece)
assert all(p.endswith(b"\n") and len(p) <= 4096 for p in pieces), [(len(p), p[-20:]) for p in pieces]
lines = b"".join(pieces).splitlines()
long = [l for l in lines if len(l) > 4000]
assert len(long) >= 2 and all(l.endswith(b"\\0001") for l in long), long
assert lines[-1].startswith(b"module=") or b"=" in lines[-1], lines[-1]
# In a file no line is cut.
subprocess.run(["core-info", "-a", "-o", "facts"], stdin=open("long"), stdout=subprocess.DEVNULL, check=True)
facts = open("facts", "rb").read().splitlines()
assert [l[:4000] for l in facts] == [l[:4000] for l in lines] and max(map(len, facts)) > 20000'
}

@test "core-info: empty input, garbage and files that are no core are refused" {
	: >empty
	fails_with 2 core-info empty
	[ "$stderr" = 'core-info: empty: empty' ]
	fails_with 2 core-info </dev/null
	[ "$stderr" = 'core-info: <stdin>: empty' ]
	fails_with 2 core-info /dev/null
	noise 100000 >garbage
	fails_with 2 core-info garbage
	[ "$stderr" = 'core-info: garbage: not an ELF file' ]
	fails_with 2 core-info <garbage
	fails_with 2 core-info "$F/prog"
	[ "$stderr" = "core-info: $F/prog: an ELF file, but not a core" ]
	fails_with 2 core-info - <"$F/prog"
	printf '\177ELF' >four
	fails_with 2 core-info four
	[ "$stderr" = 'core-info: four: cut short' ]
	head -c 1 /dev/zero >one
	fails_with 2 core-info one
}

@test "core-info: endless input that is no core is refused at its start" {
	for f in /dev/zero /dev/full; do
		run -2 timeout 120 core-info $f
		[ "$output" = "core-info: $f: not an ELF file" ]
	done
	run -2 timeout 120 bash -c 'yes | core-info'
	[ "$output" = 'core-info: <stdin>: not an ELF file' ]
	run -2 timeout 120 bash -c 'cat "$F/prog" /dev/zero | core-info'
	[ "$output" = 'core-info: <stdin>: an ELF file, but not a core' ]
}

@test "core-info: a missing file, a directory and a closed standard input are errors" {
	fails_with 2 core-info missing
	[ "$stderr" = 'core-info: missing: No such file or directory' ]
	fails_with 2 core-info .
	[ "$stderr" = 'core-info: .: Is a directory' ]
	fails_with 2 core-info <.
	# bats would give its own pipe the free number.
	run -2 --separate-stderr bash -c 'core-info <&-'
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	fails_with 2 core-info ''
	if [ "$(id -u)" -ne 0 ]; then
		demo secret
		chmod 0 secret
		fails_with 2 core-info secret
	fi
}

@test "core-info: a full disk, a closed standard output and a gone reader are errors" {
	local arg
	demo core
	for arg in core "-j core" "-p $$" "-j -p $$"; do
		run -2 --separate-stderr bash -c "core-info $arg >/dev/full"
		[ "$stderr" = 'core-info: <stdout>: write: No space left on device' ]
		run -2 --separate-stderr bash -c "core-info $arg >&-"
		[ "${#stderr_lines[@]}" -eq 1 ]
		run -2 --separate-stderr reader_gone core-info $arg
		[ "$stderr" = 'core-info: <stdout>: write: Broken pipe' ]
	done
}

@test "core-info: a core is not read from a terminal" {
	run -2 --separate-stderr terminal 0 timeout --foreground 120 core-info
	[ "$stderr" = 'core-info: <stdin>: is a terminal: a core is not read from there' ]
	[ "$output" = '' ]
	run -2 on_terminal timeout --foreground 120 core-info </dev/null
	[ "$output" = 'core-info: <stdin>: is a terminal: a core is not read from there' ]
	# shellcheck disable=SC2016
	run -2 on_terminal sh -c 'timeout --foreground 120 core-info "$(tty)"' </dev/null
	[[ $output =~ ^core-info:\ /dev/[a-z0-9/]+:\ is\ a\ terminal:\ a\ core\ is\ not\ read\ from\ there$ ]]
}

@test "core-info: lines and JSON can be shown on a terminal" {
	demo core
	terminal 1 core-info core
	core-info core | diff - terminal
	terminal 1 core-info -j core
	core-info -j core | diff - terminal
}

@test "core-info: 119 MB of notes are described in less than 8 MiB of memory" {
	if grep -q __asan_init "$BUILD/core-info"; then
		skip "a sanitizer's memory counts too"
	fi
	py '
THREADS = 10000
one = note(PRSTATUS, prstatus(0)) + note(FPREGSET, bytes(512)) + note(0x202, bytes(11000), b"LINUX\0")
first = demo_notes(threads=1)
size = len(first) + len(one) * (THREADS - 1)
assert size > 119e6
def pieces():
    # A core that nobody holds: its headers, with the size of the notes put in.
    head = bytearray(core(first, demo_loads()))
    at = 64 + 56 * 5
    shift = -(at + len(first)) % 4096
    memory = bytes(head[at + len(first) + shift:])
    gap = -(at + size) % 4096
    for i in range(4):
        t, = struct.unpack_from("<Q", head, 120 + 56 * i + 8)
        struct.pack_into("<Q", head, 120 + 56 * i + 8, t + size + gap - len(first) - shift)
    struct.pack_into("<Q", head, 64 + 32, size)
    yield bytes(head[:at]) + first
    for i in range(THREADS - 1):
        yield one
    yield bytes(gap)
    yield memory
for argv in ["core-info"], ["core-info", "-o", "lines"]:
    r, w = os.pipe()
    p = subprocess.Popen(argv, stdin=r, stdout=open("said", "wb") if len(argv) == 1 else subprocess.DEVNULL)
    os.close(r)
    total = 0
    with open(w, "wb", buffering=0) as f:
        for b in pieces():
            total += len(b)
            while b:
                b = b[f.write(b):]
        # What it had at most, once it has read all.
        while struct.unpack("i", fcntl.ioctl(f, termios.FIONREAD, bytes(4)))[0]:
            time.sleep(0.01)
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/%d/status" % p.pid).read())[1])
    assert p.wait() == 0
    assert peak < 8 * 1024, peak
    lines = keys(open("said" if len(argv) == 1 else "lines", "rb").read())
    assert lines[b"threads"] == b"%d" % THREADS, lines
    assert lines[b"bytes"] == lines[b"promised"] == b"%d" % total, lines
    assert lines[b"build_id"] == BUILD_ID.hex().encode() and lines[b"complete"] == b"yes", lines'
}

@test "core-info: false sizes of notes do no harm" {
	py '
good = demo_notes()
lies = [0, 1, 5, 6, 0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffc, 0xfffffffd, 0xffffffff]
for kind in PRSTATUS, PRPSINFO, AUXV, FILE:
    for namesz in lies:
        survives(core(note(kind, b"d" * 40, namesz=namesz) + good, demo_loads()))
    for descsz in lies:
        survives(core(note(kind, b"d" * 40, descsz=descsz) + good, demo_loads()))
# Descriptors too short for what they are.
for n in 0, 1, 12, 13, 14, 15, 28, 100, 123, 124, 125, 127, 128, 131, 132, 135:
    for bits in 32, 64:
        for kind in PRSTATUS, PRPSINFO, AUXV, FILE:
            survives(core(note(kind, b"\xff" * n), demo_loads(bits), bits))'
}

@test "core-info: false counts in NT_FILE do no harm" {
	py '
for bits, top in (64, 2**64), (32, 2**32):
    for count in 0, 1, 2, 3, 5, 6, 1000, top // 2, top // 24, top // 24 + 1, top - 1:
        for got in survives(demo(bits=bits, count=count)):
            assert got[b"threads"] == b"3"'
}

@test "core-info: unterminated paths in NT_FILE are ignored" {
	py '
at = base()
for entries in ([(at, at + 4096, 0, b"/no/end")], [(0, 1, 0, b"/first\0"), (at, at + 4096, 0, b"/no/end")],
        [(at, at + 4096, 0, b"")], [(0, 1, 0, b"/no/end"), (at, at + 4096, 0, b"")],
        [(at, at + 4096, 0, b"x" * 4095)], [(at, at + 4096, 0, b"x" * 4096)],
        [(at, at + 4096, 0, b"x" * 9000)]):
    n = note(AUXV, auxv([(3, at + 64), (0, 0)])) + note(FILE, files(entries)) + note(PRSTATUS, prstatus(3))
    for got in survives(core(n, demo_loads())):
        assert b"exe" not in got and got[b"signal"] == b"3", got'
}

@test "core-info: offsets and sizes that overflow do no harm, and are reported" {
	py '
c = demo()
for offset, size in (2**64 - 1, 1), (2**64 - 1, 2**64 - 1), (1, 2**64 - 1), (2**63, 2**63), (2**63 + 1, 2**63):
    for i in range(5):
        b = bytearray(c)
        struct.pack_into("<Q", b, 64 + 56 * i + 8, offset)
        struct.pack_into("<Q", b, 64 + 56 * i + 32, size)
        for got in survives(bytes(b)):
            assert got[b"complete"] == b"no", got
    write("core", b)
# Not an overflow, and yet past the end of any file: what comes is described.
for offset, size in (2**63 - 1, 2**63), (2**63, 4096), (2**64 - 2, 1), (2**40, 2**62):
    for i in range(5):
        b = bytearray(c)
        struct.pack_into("<Q", b, 64 + 56 * i + 8, offset)
        struct.pack_into("<Q", b, 64 + 56 * i + 32, size)
        for got in survives(bytes(b)):
            assert got[b"complete"] == b"no" and got[b"promised"] == b"%d" % (offset + size), got'
	run -0 --separate-stderr core-info core
	[ "$stderr" = 'core-info: core: a header leads past the end of any file' ]
}

@test "core-info: a damaged file header is refused" {
	py '
c = demo()
for at, form, values in ((54, "<H", (0, 1, 32, 55, 57, 65535)), (56, "<H", (0,)), (32, "<Q", (0, 1, 63)),
        (4, "B", (0, 3, 255)), (5, "B", (0, 3, 255)), (16, "<H", (0, 1, 2, 3, 5, 0x400)), (0, "B", (0, 0x7e))):
    for v in values:
        b = bytearray(c)
        struct.pack_into(form, b, at, v)
        file, stream, tap = survives(bytes(b))
        assert file is None and stream is None and tap[b"complete"] == b"no", (at, v)
c = demo(bits=32)
for v in 0, 31, 33, 56:
    b = bytearray(c)
    struct.pack_into("<H", b, 42, v)
    assert survives(bytes(b))[0] is None'
}

@test "core-info: a false number of program headers does no harm" {
	py '
for n in 0, 1, 5, 65534, 65535, 70000, 2**31, 2**32 - 1:
    b = bytearray(demo())
    struct.pack_into("<Q", b, 40, len(b))
    struct.pack_into("<HHH", b, 56, 0xffff, 64, 1)
    b += struct.pack("<IIQQQQIIQQ", 0, 0, 0, 0, 0, 1, 0, n, 0, 0)
    for got in survives(bytes(b)):
        assert got[b"threads"] == b"3" and got[b"build_id"] == BUILD_ID.hex().encode()
    neighbours(bytes(b))'
}

@test "core-info: another system's core, or only its first page, is described as far as possible" {
	py '
for system in 9, 6, 12, 255:
    owner = b"FreeBSD\0" if system == 9 else b"CORE\0" if system == 6 else b"OpenBSD\0"
    # Of other types, or the same types of other things.
    notes = b"".join(note(kind, bytes(range(200, 256)) * 3, owner) for kind in (10, 7, 8, 13, 16, 0x7f))
    b = bytearray(core(notes, demo_loads()))
    b[7] = system
    for got in survives(bytes(b)):
        assert b"threads" not in got and got[b"machine"] == b"x86-64" and got[b"complete"] == b"yes", got
    neighbours(bytes(b))
page = demo()[:4096]
for got in survives(page):
    assert got[b"signal"] == b"11" and got[b"pid"] == b"4242" and got[b"complete"] == b"no", got
neighbours(page)'
}

@test "core-info: a build-id has 1 to 64 bytes" {
	py '
for n in 0, 1, 64, 65, 255, 1000:
    c = demo(picture=image(build_id=b"\xab" * n, uuid=UUID) if n else image(build_id=None, uuid=UUID))
    for got in survives(c):
        assert got.get(b"build_id", b"") == (b"ab" * n if 1 <= n <= 64 else b""), (n, got)
        assert got[b"uuid_from"] == b"note"
    neighbours(c)'
}

@test "core-info: segments of notes that overlap each other, memory or headers do no harm" {
	py '
c = demo() + bytes(300000)
end = len(c)
at = 64 + 56 * 5
r = random.Random(5)
places = [0, 1, 16, 63, 64, 65, 84, 120, 121, 300, at - 1, at, at + 1, at + 400, 4096, 8192, end - 1, end, 2**40]
for i in some(range(150)):
    b = bytearray(c)
    for k in r.sample(range(5), r.randrange(1, 6)):
        b[64 + 56 * k:120 + 56 * k] = segment(64, "<", r.choice((1, 4, 4)), r.choice(places), base(),
            r.choice((1, 12, 40, 500, 4096, 200000, 2**33)))
    survives(bytes(b))'
}

@test "core-info: a segment of notes within a large table of program headers does no harm" {
	py '
# The notes end within a descriptor, while the table is not at its end.
n = 4000
for hole in 100, 1000, 2000:
    table = bytearray(segment(64, "<", 1, 0, 0, 0) * n)
    table[:56] = segment(64, "<", 4, 64 + 60000, 0, 20 + 1040)
    table[60000:60000 + 20 + 1100] = note(PRSTATUS, b"\x41" * 1080)
    survives(elf_header(4, 64, "<", 64, n) + bytes(table) + bytes(hole))
    # Before it.
    notes = note(PRSTATUS, b"\x41" * 1080)
    table[:56] = segment(64, "<", 4, 64, 0, 20 + 1040)
    survives(elf_header(4, 64, "<", 64 + len(notes), n) + notes + bytes(table) + bytes(hole))'
}

@test "core-info: a first segment that changes the number of program headers does no harm" {
	py '
for offset in 0, 64, 65, 72, 119, 120, 121, 64 + 56 * 2, 64 + 56 * 5, 2**20, 2**40, 2**63, 2**64 - 200:
    for tail in b"", b"\xff" * 100000:
        b = bytearray(demo() + tail)
        struct.pack_into("<H", b, 56, 0xffff)
        struct.pack_into("<Q", b, 72, offset)
        survives(bytes(b))'
}

@test "core-info: a million auxiliary vectors and many segments take little time" {
	py '
n = note(AUXV, auxv([(3, 8)])) * 1000000
write("core", core(n, [(1 << 40, b"x")] * 131072, page=1))'
	# Looked for in each segment, each time, it would take minutes.
	run -0 --separate-stderr timeout 120 core-info core
	[ "${lines[-1]}" = complete=yes ]
}

@test "core-info: an image with misleading headers does no harm" {
	py '
good = image(uuid=UUID)
for at, form, values in ((32, "<Q", (0, 1, 63, 4095, 4096, 2**63, 2**64 - 1)), (54, "<H", (0, 55, 65535)),
        (56, "<H", (0, 2, 1000, 65535)), (40, "<Q", (64, 2**64 - 1)), (60, "<H", (1, 65535)),
        (62, "<H", (1, 65535)), (72, "<Q", (0, 4090, 4096, 2**63, 2**64 - 1)), (96, "<Q", (0, 1, 5000, 2**64 - 1)),
        (120, "<I", (0, 5, 2**31, 2**32 - 1)), (124, "<I", (0, 64, 65, 2**31, 2**32 - 1)), (4, "B", (0, 1, 3)),
        (5, "B", (0, 2)), (6, "B", (0, 2))):
    for v in values:
        b = bytearray(good)
        struct.pack_into(form, b, at, v)
        for got in survives(demo(picture=bytes(b))):
            assert got[b"complete"] == b"yes" and got[b"threads"] == b"3"'
}

@test "core-info: flipped bytes in the headers do no harm" {
	py '
r = random.Random(6)
for how in dict(), dict(bits=32, order=">"), dict(behind=True):
    c = demo(**how)
    for i in some(range(110)):
        b = bytearray(c)
        for k in range(r.choice((1, 1, 2, 4))):
            b[r.randrange(64 + 56 * 5)] = r.choice((0, 1, 0x7f, 0x80, 0xff, r.randrange(256)))
        survives(bytes(b))'
}

@test "core-info: flipped bytes in the notes and in the image do no harm" {
	py '
r = random.Random(7)
for how in dict(), dict(bits=32, order=">"):
    c = demo(picture=image(uuid=UUID, **how), **how)
    notes = c.index(b"CORE\0") - 12
    picture = c.index(b"\x7fELF", 4)
    for i in some(range(130)):
        b = bytearray(c)
        for k in range(r.choice((1, 1, 2, 4, 16))):
            at = notes + r.randrange(1600) if r.randrange(4) else picture + r.randrange(190)
            b[at] = r.choice((0, 1, 0x7f, 0x80, 0xff, r.randrange(256)))
        survives(bytes(b))
        if i % 5 == 0:
            for line in as_file(bytes(b), "-j"), as_tap(bytes(b), "-j"):
                assert line is None or json.loads(line.decode())["record"] == 1'
}

# live_lines PID EXE COMM CMDLINE: what is to be said of a process of prog.
live_lines() {
	cat <<-EOF
	uuid=
	record=1
	build_id=$(build_id_of "$F/prog")
	pid=$1
	uid=$(id -u)
	gid=$(id -g)
	comm=$3
	exe=$2
	cmdline=$4
	threads=5
	time=TIME
	host=$(uname -n)
	EOF
}

# of_process ARG…: core-info of a process, with a time that is one put aside, and what is around it too.
of_process() {
	says core-info "$@"
	sed -i -E '/^(rights|cwd|root|cgroup|(user_)?unit|container|container_owner|limits|open_files|uptime_ms|vsize|rss|rss_peak|swap)=/d' said
	sed -i -E 's/^time=[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]Z$/time=TIME/' said
}

@test "core-info: -p describes a live process" {
	cp "$F/prog" .
	start ./prog 'two words' '' x
	live_lines "$pid" "$PWD/prog" prog './prog two words  x' >wanted
	of_process -p "$pid"
	diff wanted said
	of_process -p "000$pid"
	diff wanted said
	# Its own shell has one thread, and no uuid.
	of_process -p $$
	grep -qx threads=1 said
	grep -qx "pid=$$" said
	grep -qx comm=bash said
}

@test "core-info: -p says the time in UTC, whatever the time zone is" {
	local zone before after
	for zone in EST5 Asia/Kolkata UTC; do
		before=$(date -u +%Y-%m-%dT%H:%M:%SZ)
		TZ=$zone says core-info -p $$
		after=$(date -u +%Y-%m-%dT%H:%M:%SZ)
		time=$(sed -n 's/^time=//p' said)
		[[ ! $time < $before && ! $time > $after ]]
	done
}

@test "core-info: -p reads the uuid of the section, and of the note" {
	need objcopy
	printf 'AABBCCDD-0000-4000-8000-123456789ABC\n' >uuid
	objcopy --add-section .uuid=uuid "$F/prog" prog
	start ./prog
	of_process -p "$pid"
	live_lines "$pid" "$PWD/prog" prog ./prog | sed -e '1s/.*/uuid=aabbccdd-0000-4000-8000-123456789abc/' \
		-e '2a uuid_from=section' >wanted
	diff wanted said
	cat >note.s <<-'EOF'
	.section .note.uuid,"a",%note
	.4byte 7, 16, 1
	.asciz "gzcore"
	.balign 4
	.byte 0x0f, 0x3c, 0x2a, 0x51, 0x8d, 0x7e, 0x4b, 0x6a, 0x9c, 0x1d, 0x2e, 0x5f, 0x7a, 0x8b, 0x9c, 0x0d
	.section .note.GNU-stack,"",%progbits
	EOF
	${CC:-cc} -pthread -Wl,--build-id=sha1 -o noted "$F/prog.c" note.s
	start ./noted
	of_process -p "$pid"
	live_lines "$pid" "$PWD/noted" noted ./noted | sed -e '1s/.*/uuid=0f3c2a51-8d7e-4b6a-9c1d-2e5f7a8b9c0d/' \
		-e '2a uuid_from=note' -e "s/^build_id=.*/build_id=$(build_id_of noted)/" >wanted
	diff wanted said
}

@test "core-info: -p: a deleted executable is reported as deleted, with its path" {
	need objcopy
	printf 'the-one-that-runs' >uuid
	objcopy --add-section .uuid=uuid "$F/prog" prog
	start ./prog
	rm prog
	of_process -p "$pid"
	live_lines "$pid" "$PWD/prog" prog ./prog | sed -e '1s/.*/uuid=the-one-that-runs/' \
		-e '2a uuid_from=section' -e '/^exe=/a exe_deleted=yes' >wanted
	diff wanted said
	# Another file has its name now.
	printf 'another' >uuid
	objcopy --add-section .uuid=uuid "$F/prog" prog
	of_process -p "$pid"
	diff wanted said
	says core-info -j -p "$pid"
	grep -qF '"exe_deleted": true' said
}

@test "core-info: -p: an executable whose name ends in (deleted) is not taken for a deleted one" {
	cp "$F/prog" 'prog (deleted)'
	start './prog (deleted)'
	of_process -p "$pid"
	live_lines "$pid" "$PWD/prog (deleted)" 'prog (deleted)' './prog (deleted)' >wanted
	diff wanted said
	rm 'prog (deleted)'
	of_process -p "$pid"
	sed -i '/^exe=/a exe_deleted=yes' wanted
	diff wanted said
}

@test "core-info: -p: an executable that has another name now: its old name is said to be gone" {
	cp "$F/prog" prog
	ln prog backup
	start ./prog
	rm prog
	of_process -p "$pid"
	live_lines "$pid" "$PWD/prog" prog ./prog | sed '/^exe=/a exe_deleted=yes' >wanted
	diff wanted said
}

@test "core-info: -p takes names and arguments of any bytes" {
	local name=$') x\nUid:\t7\e'
	cp "$F/prog" "$name"
	start "./$name" $'a\nb' 'c\d' $'\xff"'
	of_process -p "$pid"
	live_lines "$pid" "$PWD/) x\\0012Uid:\\00117\\0033" ') x\0012Uid:\00117\0033' \
		"./) x\\0012Uid:\\00117\\0033 a\\0012b c\\0134d \\0377\"" >wanted
	diff wanted said
	says core-info -j -p "$pid"
	python3 -c '
import json, sys
d = json.load(open("said", encoding="utf-8"))
assert d["comm"] == ") x\nUid:\t7\x1b", d
assert d["cmdline"] == "./) x\nUid:\t7\x1b a\nb c\\0134d \\0377\"", d'
	# A name that a process gives itself.
	start python3 -c '
import os, sys, time
with open("/proc/self/comm", "wb") as f:
    f.write(b"x\nUid:\t7\t7)\n(\xff")
print("up", flush=True)
time.sleep(1000)'
	of_process -p "$pid"
	grep -qxF 'comm=x\0012Uid:\00117\00117)\0012(\0377' said
	grep -qx "uid=$(id -u)" said
}

@test "core-info: -p of long command lines takes their first 4096 bytes" {
	start "$F/prog" "$(head -c 50000 /dev/zero | tr '\0' x)"
	of_process -p "$pid"
	[ "$(sed -n 's/^cmdline=//p' said | tr -d '\n' | wc -c)" -eq 4096 ]
	printf '%s' "cmdline=$F/prog xxx" >start
	cmp -n "$(stat -c %s start)" start <(grep ^cmdline= said)
}

@test "core-info: -p of another user's process says whose it is" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	need setpriv
	start setpriv --reuid=12345 --regid=54321 --clear-groups sh -c 'echo up; exec sleep 1000'
	of_process -p "$pid"
	grep -qx uid=12345 said
	grep -qx gid=54321 said
}

@test "core-info: -p: a process in a PID namespace has both numbers; inside, only its own" {
	local inner ns=-U
	need unshare
	[ "$(id -u)" -ne 0 ] || ns=
	unshare $ns -pf true || skip "no namespace can be made"
	cp "$F/prog" .
	start unshare $ns -pf --kill-child bash -c './prog & ./prog; :'
	both_run() {
		inner=$(for p in /proc/[0-9]*; do
			[ "$(readlink "$p/exe" 2>/dev/null)" != "$PWD/prog" ] || echo "${p#/proc/}"
		done)
		[ "$(wc -w <<<"$inner")" -ge 2 ]
	}
	soon both_run
	for pid in $inner; do
		of_process -p "$pid"
		live_lines "$pid" "$PWD/prog" prog ./prog |
			sed "/^pid=/a nspid=$(awk '/^NSpid:/ { print $NF }' "/proc/$pid/status")" >wanted
		diff wanted said
	done
	[ "$(wc -w <<<"$inner")" -eq 2 ]
	# Inside, where /proc shows the namespace, there is one number.
	[ -z "$ns" ] || return 0
	need_mounts
	unshare -pf --mount-proc bash -c './prog >up2 & core-info -p $!; echo $!; kill -9 $!' >inside
	[ "$(sed -n 's/^pid=//p' inside)" = "$(tail -n 1 inside)" ]
	run ! grep -q nspid inside
}

@test "core-info: -p of a zombie says what is left of it" {
	start python3 -c '
import os, time
child = os.fork()
if child == 0:
    os._exit(0)
while open("/proc/%d/stat" % child).read().rsplit(")", 1)[1].split()[0] != "Z":
    time.sleep(0.01)
print(child, flush=True)
time.sleep(1000)'
	zombie=$(cat up)
	of_process -p "$zombie"
	comm=$(cat "/proc/$zombie/comm")
	diff - said <<-EOF
	uuid=
	record=1
	pid=$zombie
	uid=$(id -u)
	gid=$(id -g)
	comm=$comm
	threads=1
	time=TIME
	host=$(uname -n)
	EOF
}

@test "core-info: -p of a kernel thread says its name" {
	[ "$(cat /proc/2/comm 2>/dev/null)" = kthreadd ] || skip "no kernel thread is visible"
	of_process -p 2
	diff - said <<-EOF
	uuid=
	record=1
	pid=2
	uid=0
	gid=0
	comm=kthreadd
	threads=1
	time=TIME
	host=$(uname -n)
	EOF
}

@test "core-info: -p: a number that is no process is an error" {
	local p
	for p in 0 -1 '' x 1x ' 1' 0x10 1.5 self thread-self ../1 1/../1 2147483648 4294967297 \
		18446744073709551616 18446744073709551617; do
		fails_with 2 core-info -p "$p"
		[[ $stderr == *"not a process ID" ]]
	done
	# The largest number that a process can have is 4194304.
	for p in 4194305 2147483647; do
		fails_with 2 core-info -p "$p"
		[ "$stderr" = "core-info: pid $p: No such process" ]
	done
	true &
	wait $!
	fails_with 2 core-info -p $!
	[ "$stderr" = "core-info: pid $!: No such process" ]
}

@test "core-info: -P takes the pidfd of the process, and no other" {
	start "$F/prog"
	of_process -p "$pid"
	mv said wanted
	cat >asked.py <<-'EOF'
	import os, subprocess, sys
	fd = os.pidfd_open(int(sys.argv[1]))
	if len(sys.argv) > 3:
	    # The one that the pidfd is of ends, and is reaped.
	    os.kill(int(sys.argv[1]), 9)
	sys.exit(subprocess.call(["core-info", "-p", sys.argv[2], "-P", str(fd)], pass_fds=[fd]))
	EOF
	python3 asked.py "$pid" "$pid" >said
	diff wanted <(sed -e 's/^time=.*/time=TIME/' -e '/^rights=/,$d' said)
	run -2 --separate-stderr python3 asked.py $$ "$pid"
	[ "$output" = '' ]
	[[ $stderr == "core-info: pid $pid: not the process of descriptor "* ]]
	[ "${#stderr_lines[@]}" -eq 1 ]
	# Of a process that is gone, its number given to nobody, or to another.
	cat >gone.py <<-'EOF'
	import os, subprocess, sys, time
	child = subprocess.Popen(["sleep", "1000"])
	fd = os.pidfd_open(child.pid)
	child.kill()
	child.wait()
	sys.exit(subprocess.call(["core-info", "-p", sys.argv[1] if sys.argv[1:] else str(child.pid), "-P", str(fd)],
	    pass_fds=[fd]))
	EOF
	run -2 --separate-stderr python3 gone.py
	[ "$output" = '' ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	run -2 --separate-stderr python3 gone.py "$pid"
	[ "$output" = '' ]
	[ "${#stderr_lines[@]}" -eq 1 ]
}

@test "core-info: -P: a descriptor that is no pidfd is an error" {
	local fd
	start "$F/prog"
	fails_with 2 core-info -p "$pid" -P 7 7>&-
	fails_with 2 core-info -p "$pid" -P 7 7</dev/null
	fails_with 2 core-info -p "$pid" -P 0 </dev/null
	for fd in x '' -1 1x 4294967296; do
		fails_with 2 core-info -p "$pid" -P "$fd"
		[[ $stderr == *"not a descriptor" ]]
	done
}

@test "core-info: the facts from a core's image, and the lists of -a" {
	need jq
	py '
at = base()
package = b"{\"type\":\"deb\",\"name\":\"d\x1b[mo\"}\0"
b = bytearray(image(uuid=UUID))
notes = note(3, BUILD_ID, b"GNU\0") + note(1, UUID, b"gzcore\0") + note(0xcafe1a7e, package, b"FDO\0")
b = padded(elf_header(3, 64, "<", 64, 1) + segment(64, "<", 4, 120, 0, len(notes)) + notes, 4096)
loads = demo_loads(picture=b)
loads[3] = (at + 0x8000, image(build_id=b"\xab" * 8))
write("core", core(demo_notes(threads=2), loads))'
	cat >wanted <<-EOF
	sigcode=SEGV_MAPERR
	sigaddr=0x0
	machine=x86-64
	class=64
	byteorder=little
	modules=2
	segments=3
	segments_there=3
	missing=0
	reason=access to 0x0: a null pointer
	EOF
	says core-info core
	diff wanted more
	# What -a adds comes behind the keys, the same from a stream.
	cat >list <<-'EOF'
	thread=77
	thread=77
	module=0x555555554000-0x555555556000 000102030405060708090a0b0c0d0e0f10111213 /usr/lib/demo/demo
	module_uuid=0x555555554000 0f3c2a51-8d7e-4b6a-9c1d-2e5f7a8b9c0d
	module_package=0x555555554000 {"type":"deb","name":"d\0033[mo"}
	module=0x55555555c000-0x55555555d000 abababababababab /usr/lib/libc.so.6
	EOF
	sed -i 's/^thread=77/thread=0/' list
	{ core-info core; cat list; } >wanted
	core-info -a core | diff wanted -
	cat core | core-info -a | diff wanted -
	core-info -a -o lines <core | cmp core -
	diff wanted lines
	core-info -aj core | jq -r '.module_list[] | "\(.start)-\(.end) \(.build_id) \(.path)"' |
		diff <(sed -n 's/^module=//p' list) -
	[ "$(core-info -aj core | jq -r '.module_list[0] | .uuid + .package')" = \
		$'0f3c2a51-8d7e-4b6a-9c1d-2e5f7a8b9c0d{"type":"deb","name":"d\e[mo"}' ]
	core-info -aj core >json
	core-info -j core >short
	valid_json core-info json short
	# The judge judges.
	jq -c '.module_list[0].end = "end"' json >wrong
	run -1 valid_json core-info wrong
	jq -c '.new = 1' json >wrong
	run -1 valid_json core-info wrong
	[ "$(core-info -aj core | jq -c .thread_list)" = '[{"tid":0,"signal":11},{"tid":0}]' ]
	head -c 9000 core >cut
	[ "$(core-info -a cut | grep -c '^module=')" -eq 1 ]
	core-info cut | grep -qx segments_there=0
	core-info cut | grep -qx missing=$(($(stat -c %s core) - 9000))
	usage_error core-info -E core
	usage_error core-info -t 1 core
}

@test "core-info: files= says that NT_FILE is missing, or has more files than are held" {
	py '
at = base()
write("none", core(note(PRSTATUS, prstatus(11)) + note(AUXV, auxv([(3, at + 64), (0, 0)])), demo_loads()))
many = [(at + 4096 * i, at + 4096 * i + 4096, 0, b"/f%d\0" % i) for i in range(20000)]
write("many", core(note(PRSTATUS, prstatus(11)) + note(FILE, files(many)), demo_loads()))'
	[ "$(core-info none | sed -n 's/^files=//p')" = dropped ]
	core-info none | grep -qx build_id=000102030405060708090a0b0c0d0e0f10111213
	[ "$(core-info many | sed -n 's/^files=//p')" = cut ]
}

@test "core-info: a compressed core is described as the core is" {
	demo core
	core-info -a core >wanted
	gzdeflate core >core.gz
	core-info -a core.gz | diff wanted -
	gzip <core >one.gz
	core-info -a one.gz | diff wanted -
	# Cut, it is described as far as it goes.
	head -c -40 core.gz >cut.gz
	run -0 --separate-stderr core-info cut.gz
	[ "${#stderr_lines[@]}" -le 1 ]
	[[ $output == *complete=no ]]
}

@test "core-info: a file that is mapped once more is another module, or none" {
	py '
at = base()
far = 0x7f0000000000
lib = b"/usr/lib/libtwo.so\0"
exe = b"/usr/bin/node\0"
# A program whose code is mapped again, far away, and a library twice, one right behind the other.
# Its last page and its first are the same page of the file, as those of two segments can be.
entries = [(at, at + 0x3000, 0, exe), (at + 0x3000, at + 0x5000, 2, exe), (far, far + 0x1000, 1, exe),
    (far + 0x2000, far + 0x4000, 0, lib), (far + 0x4000, far + 0x5000, 1, lib),
    (far + 0x5000, far + 0x7000, 0, lib), (far + 0x7000, far + 0x8000, 2, lib)]
loads = [(at, image()), (far, b"code" * 1024), (far + 0x2000, image()), (far + 0x5000, image())]
for name, order in ("core", entries), ("sorted", sorted(entries, key=lambda e: e[1] - e[0])):
    write(name, core(note(PRSTATUS, prstatus(11)) + note(AUXV, auxv([(3, at + 64), (0, 0)])) +
        note(FILE, files(order)), loads))'
	cat >wanted <<-'EOF'
	module=0x555555554000-0x555555559000 000102030405060708090a0b0c0d0e0f10111213 /usr/bin/node
	module=0x7f0000002000-0x7f0000005000 000102030405060708090a0b0c0d0e0f10111213 /usr/lib/libtwo.so
	module=0x7f0000005000-0x7f0000008000 000102030405060708090a0b0c0d0e0f10111213 /usr/lib/libtwo.so
	EOF
	for f in core sorted; do
		core-info -a $f | grep '^module=' | diff wanted -
		core-info $f | grep -qx exe=/usr/bin/node
		cat $f | core-info -a | grep '^module=' | diff wanted -
	done
}

@test "core-info: a compressed core whose notes are damaged is not complete" {
	demo core
	# Members of 1024 bytes: the headers are sound, the notes are not.
	gzdeflate -b 1K core >core.gz
	python3 - <<-'EOF'
	import struct
	b = bytearray(open("core.gz", "rb").read())
	size, = struct.unpack_from("<I", b, 16)
	b[size + size // 2] ^= 0x55
	open("hurt.gz", "wb").write(b)
	EOF
	run -0 --separate-stderr core-info hurt.gz
	[[ $output == *complete=no ]]
	[ "${#stderr_lines[@]}" -ge 1 ]
	[[ $output == *"promised=$(stat -c %s core)"* ]]
}

# CORE_SMALL_NOTE of lib/core/core.h.
SMALL_NOTE=$((0x677a6302))

# trim TEXT [OWNER [TYPE]]: a small core with that text in its note, in the file small.
trim() {
	py "ours = note(int(sys.argv[3]), os.fsencode(sys.argv[1]), sys.argv[2].encode() + b'\0')
write('small', core(demo_notes() + ours + note(9, b'behind', b'other\0'), demo_loads()))" \
		"$(printf "$1")" "${2-gzcore}" "${3-$SMALL_NOTE}"
}

@test "core-info: the note of core-trim is shown in lines and JSON, from a file and as a tap" {
	need jq
	trim 'trimmed=process\ntrimmed_of=735000000\nkept=stack 51 3342336\nkept=regs-page 12 49152\nnew=1\nkept=x 0 18446744073709551615'
	core-info small >said
	grep -E '^(trimmed|trimmed_of|kept)=' said | diff - <(cat <<-'EOS'
	trimmed=process
	trimmed_of=735000000
	kept=stack 51 3342336
	kept=regs-page 12 49152
	kept=x 0 18446744073709551615
	EOS
	)
	grep -qx 'complete=yes' said
	grep -qx "bytes=$(stat -c %s small)" said
	grep -qx 'threads=3' said
	core-info -d 3 <small 3>tapped >passed
	diff said tapped
	cmp small passed
	core-info -aj small >json
	valid_json core-info json
	jq -c '[.trimmed, .trimmed_of, .kept[1], (.kept | length), (.thread_list | length)]' json |
		diff - <(echo '["process",735000000,{"rule":"regs-page","ranges":12,"bytes":49152},3,3]')
	gzdeflate small >small.gz
	core-info small.gz | grep -c ^kept= | grep -qx 3
	# Lines of a list follow it.
	core-info -a small | sed -n '/^kept=x/,$p' | sed -n 2p | grep -q ^thread=
	# A whole core has nothing of the kind.
	demo whole
	core-info whole | grep -cE '^(trimmed|kept)' | grep -qx 0
	core-info -j whole | jq -e 'has("kept") or has("trimmed") | not'
}

@test "core-info: lines that are not as core-trim writes them in its note are passed over" {
	for text in 'trimmed=heap' 'trimmed=process%%' 'Trimmed=file' ' trimmed=file' '' '\n\n' 'trimmed_of=5\nkept='; do
		trim "${text//%%/x}"
		core-info small >said
		run -1 grep -E '^(trimmed|kept)' said
	done
	trim "trimmed=file\ntrimmed_of=-5\nkept=a b 3\nkept=a 1\nkept=a 1 2 3\nkept= 1 2\nkept=$(head -c 300 /dev/zero | tr '\0' a) 1 2\nkept=$(head -c 40 /dev/zero | tr '\0' a) 1 2\nkept=A 1 2\nkept=ok 1 2\nkept=\377 1 2\nkept=a 99999999999999999999 1"
	core-info small | grep -E '^(trimmed|kept)' | diff - <(printf '%s\n' trimmed=file 'kept=ok 1 2')
	core-info -j small >json
	valid_json core-info json
	# Longer than any that is made: as far as it is held.
	trim "trimmed=stream\n$(for i in $(seq 200); do printf 'kept=rule%d 1 2\\n' $i; done)"
	core-info small >said
	[ "$(grep -c ^kept= said)" -lt 80 ]
	grep -qx trimmed=stream said
	for other in 'gzcore 3' "gzcor $SMALL_NOTE" "CORE $SMALL_NOTE" "gzcorex $SMALL_NOTE"; do
		trim 'trimmed=file' $other
		core-info small >said
		run -1 grep ^trimmed said
	done
}

@test "core-info: a stored dump on a terminal: one screen by its record; a pipe gets the lines" {
	load lib/dumps
	dump one 'comm=shop' 'stored=whole'
	cp "$(command -v core-info)" d/one.core
	cat >>d/one.txt <<-'EOF'
	cmdline=/opt/victim --all\0033[2J
	uid=1000
	unit=shop.service
	sigcode=SEGV_MAPERR
	sigaddr=0x10
	frame=#0   0x0000000000001000  raise+0x1  raise.c:1  /lib/libc.so.6+0x1000
	frame=#1   0x0000000000001100  at [inlined]  v.h:8  /opt/victim+0x1100
	frame=#2   0x0000000000001100  price+0x1  /src/victim.c:2  /opt/victim+0x1100
	frame=#3   0x0000000000001200  a_name_that_is_much_too_long_for_a_line_of_a_terminal_of_eighty_columns+0x1  /opt/victim+0x1200
	EOF
	for i in {4..30}; do
		printf 'frame=#%-3d 0x0000000000001300  f%d+0x1  /opt/victim+0x1300\n' $i $i >>d/one.txt
	done
	printf '%s\n' 'stack_end=more frames than are shown' 'where=price() victim.c:2' host=web1 >>d/one.txt
	cp d/one.txt d/two.txt
	NO_COLOR=1 COLUMNS=80 on_terminal core-info d/one </dev/null >page
	run ! grep -E '.{81}' page
	[ "$(wc -l <page)" -le 24 ]
	sed -E 's/, [0-9]+ days? ago//; s/stored, .*/stored, SIZE/' page | diff - <(cat <<-'EOF'
	shop died of SIGSEGV

	when     2026-11-25T10:20:30Z, on web1
	what     /opt/victim --all\0033[2J
	         process 10, user 1000, unit shop.service
	         uuid 33d849c9-ff5b-4fbb-9307-242b9c133e5c
	why      SIGSEGV (SEGV_MAPERR) at 0x10
	where    price() victim.c:2
	stack    #1  at() v.h:8 [inlined]
	         #2  price() victim.c:2
	         #3  a_name_that_is_much_too_long_f..._of_eighty_columns() victim+0x1200
	         #4  f4() victim+0x1300
	         #5  f5() victim+0x1300
	         #6  f6() victim+0x1300
	         #7  f7() victim+0x1300
	         #8  f8() victim+0x1300
	         ... and 22 more
	         ends here: more frames than are shown
	state    the whole core is stored, SIZE
	bug      e6e54d0c0ab3be17: 2 stored dumps have this stack

	gdb      core-open d/one
	stacks   core-trace d/one
	facts    core-info d/one | cat
	EOF
	) || { cat page; false; }
	COLUMNS=80 TERM=xterm on_terminal core-info d/one </dev/null | sed 's/\x1b\[[0-9;]*m//g' | diff page -
	COLUMNS=80 TERM=xterm on_terminal core-info d/one </dev/null | grep -q $'\e'
	COLUMNS=80 TERM=dumb on_terminal core-info d/one </dev/null | diff page -
	sed -i '/^signame/a reason=abort after: a long message that says in very many words what is wrong with the memory of this process' \
		d/one.txt
	NO_COLOR=1 COLUMNS=60 on_terminal core-info d/one </dev/null >page
	run ! grep -E '.{61}' page
	[ "$(sed -n '/^why/,/^where/p' page)" = 'why      abort after: a long message that says in very many
         words what is wrong with the memory of this process
         SIGSEGV (SEGV_MAPERR) at 0x10
where    price() victim.c:2' ] || { cat page; false; }
	# Another version's fingerprint is another one.  The name is as a shell takes it, and bytes of a user's are not for a terminal.
	dump 'it is' "time=$(date -u -d '3 hours ago' +%FT%TZ)" exe=/bin/sh
	printf '%s\n' fingerprint_version=2 cmdline=$'sh\e[2J' "reason=$(echo word{1..60})" >>'d/it is.txt'
	mv d/one.core 'd/it is.core'
	NO_COLOR=1 COLUMNS=60 on_terminal core-info 'd/it is' </dev/null >page
	sed -E '1d; /^$/d; s/stored, .*/stored, SIZE/; s/[^ ]*Z, 3 hours/TIME, 3 hours/' page | diff - <(cat <<-'EOF'
	when     TIME, 3 hours ago
	what     /bin/sh
	         sh?[2J
	         process 10
	         uuid 33d849c9-ff5b-4fbb-9307-242b9c133e5c
	why      word1 word2 word3 word4 word5 word6 word7 word8
	         word9 word10 word11 word12 word13 word14 word15
	         word16 word17 word18 wor...d57 word58 word59 word60
	         SIGSEGV
	state    the whole core is stored, SIZE
	bug      e6e54d0c0ab3be17
	gdb      core-open 'd/it is'
	stacks   core-trace 'd/it is'
	facts    core-info 'd/it is' | cat
	EOF
	) || { cat page; false; }
	# A reason that fits the first line is there alone; a time to come has no age; a name with a quote is in no command.
	dump "it's" time=2100-01-01T00:00:00Z
	echo 'reason=division by zero' >>"d/it's.txt"
	mv 'd/it is.core' "d/it's.core"
	NO_COLOR=1 on_terminal core-info "d/it's" </dev/null >page
	grep -qx 'victim died of SIGSEGV: division by zero' page
	[ "$(grep -c 'division by zero' page)" = 1 ]
	grep -qx 'when     2100-01-01T00:00:00Z' page
	run ! grep core-open page
	mv "d/it's.core" d/one.core
	run -2 core-info d/one
	[[ $output == *"an ELF file, but not a core" ]]
	run -2 on_terminal core-info -j d/one </dev/null
	[[ $output == *"an ELF file, but not a core"* ]]
}
