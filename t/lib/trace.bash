# For tests of core-trace: makes cores, and prints the frames of core-trace, eu-stack and gdb as lines: TID, address.
unset DEBUGINFOD_URLS

# crash_core CORE PROGRAM [ARG…]: makes a core at the moment of the program's signal, with random addresses.  With
# passed=SIGNAL, the program handles that signal, and the core is of a later one; with stop=FUNCTION, the core is made
# when that function is called.
crash_core() {
	local core=$1
	shift
	gdb -nx -q -batch -ex 'set debuginfod enabled off' -ex 'set disable-randomization off' \
		-ex 'set startup-with-shell off' -ex "${passed:+handle $passed nostop noprint pass}" \
		-ex "${stop:+break $stop}" -ex run -ex "generate-core-file $core" --args "$@" \
		>gdb.out 2>&1 </dev/null 3>&-
	[ -s "$core" ] || { cat gdb.out; return 1; }
}

# without_memory CORE: prints it with its notes, but without the bytes of its segments.
without_memory() {
	python3 - "$1" <<-'EOS'
	import struct, sys
	b = bytearray(open(sys.argv[1], "rb").read())
	phoff, = struct.unpack_from("<Q", b, 32)
	count, = struct.unpack_from("<H", b, 56)
	for at in range(phoff, phoff + 56 * count, 56):
	    if struct.unpack_from("<I", b, at)[0] == 1:
	        struct.pack_into("<Q", b, at + 32, 0)
	sys.stdout.buffer.write(b)
	EOS
}

# our_frames [FILE…]: without inlined functions, which the others do not show here.
our_frames() {
	awk '$1 == "thread" { sub(":", "", $2); tid = $2 } /^#/ && !/ \[inlined\]/ { print tid, $2 }' "$@"
}

# eu_frames CORE [OPTION…]: leaves out addresses below 64 KiB, such as what _start "returns" to: no code can be there.
eu_frames() {
	local core=$1
	shift
	eu-stack --core="$core" "$@" 2>eu.err | awk '
		$1 == "TID" { sub(":", "", $2); tid = $2 }
		/^#/ { at = $2; sub("0x0*", "", at); if (length(at) > 4) print tid, $2 }'
}

# gdb_frames ELF CORE [SYSROOT]
gdb_frames() {
	cat >frames.py <<-'EOS'
	import gdb
	for t in sorted(gdb.selected_inferior().threads(), key=lambda t: t.num):
	    t.switch()
	    f = gdb.newest_frame()
	    while f is not None and f.is_valid():
	        if f.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
	            print("FRAME", t.ptid[1], "0x%016x" % f.pc())
	        f = f.older()
	EOS
	gdb -nx -q -batch -ex 'set debuginfod enabled off' -ex 'set backtrace past-main on' \
		-ex 'set backtrace past-entry on' ${3:+-iex "set sysroot $3"} -ex 'source frames.py' "$1" "$2" 2>gdb.err |
		sed -n 's/^FRAME //p'
}

# same_as_others CORE ELF: checks that core-trace has the frames of eu-stack, for each thread in order, and those of gdb.
# Without call frame information gdb may go further or stop earlier, so only the common part is compared.
same_as_others() {
	run -0 --separate-stderr core-trace "$1"
	[ -z "$stderr" ] || { echo "said: $stderr"; return 1; }
	printf '%s\n' "$output" >trace
	our_frames trace >ours
	[ "$(wc -l <ours)" -gt 2 ] || { echo "few frames:"; cat trace; return 1; }
	eu_frames "$1" | diff - ours || { cat eu.err; return 1; }
	gdb_frames "$2" "$1" >gdbs
	python3 - <<-'EOS'
	import collections
	def stacks(name):
	    d = collections.OrderedDict()
	    for line in open(name):
	        tid, pc = line.split()
	        d.setdefault(tid, []).append(int(pc, 16))
	    return d
	ours, gdbs = stacks("ours"), stacks("gdbs")
	assert set(ours) == set(gdbs), (set(ours) ^ set(gdbs))
	short = 0
	for tid, a in ours.items():
	    b = gdbs[tid]
	    n = min(len(a), len(b))
	    # gdb's last frame may be its own guess.
	    same = 0
	    while same < n and a[same] == b[same]:
	        same += 1
	    assert same == len(a) or same >= len(b) - 1 or same >= 2, (tid, list(map(hex, a)), list(map(hex, b)))
	    short += same < len(a)
	print("threads:", len(ours), "frames:", sum(map(len, ours.values())), "gdb differs in", short)
	EOS
}

# json_is_valid FILE: checks that core-trace's JSON fits its schema, and that the crashed thread is the first.
json_is_valid() {
	valid_json core-trace "$1" || return
	jq -e '[.threads[1:][].crashed] | any | not' "$1" >/dev/null
}

# same_crash FULL SMALL EXE [OPTION…]: checks that the small core shows the same crash as the full one, with the options of
# same_crash.py.
same_crash() {
	python3 "$T/lib/same_crash.py" "${@:4}" "${@:1:3}"
}

# lesser_core HOW FULL >SMALL: makes a small core in which something is lost or wrong.
lesser_core() {
	python3 "$T/lib/lesser_core.py" "$@" /dev/stdout
}

# bytes DIR FROM TO: prints how many of these bytes of the queue's file are locked.  4096 to 4111 are the places; the locks
# follow.
bytes() {
	local inode
	inode=$(LD_PRELOAD= stat -c %i "$1/.gzcore.queue" 2>/dev/null) || { echo 0; return; }
	LD_PRELOAD= awk -v file=":$inode\$" -v from="$2" -v to="$3" \
		'$2 == "OFDLCK" && $6 ~ file && $7 >= from && $8 <= to { n++ } END { print n + 0 }' /proc/locks
}

# hold DIR BYTE…: creates the queue's file and locks these bytes of it, until $held is killed.
hold() {
	LD_PRELOAD= python3 - "$BATS_TEST_TMPDIR/held" "$@" 3>&- 9>&- 20>&- <<-'EOF' &
	import fcntl, os, struct, sys, time
	fd = os.open(sys.argv[2] + "/.gzcore.queue", os.O_RDWR | os.O_CREAT, 0o600)
	for b in sys.argv[3:]:
	    fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, int(b), 1, 0))
	open(sys.argv[1], "w").close()
	time.sleep(600)
	EOF
	held=$!
	until [ -e "$BATS_TEST_TMPDIR/held" ]; do LD_PRELOAD= sleep 0.1; done
	LD_PRELOAD= rm "$BATS_TEST_TMPDIR/held"
}

# let_go: releases the locks of hold.
let_go() {
	kill "$held"
	wait "$held" || :
}

# gdb_names ELF CORE: a line for each frame of the crashed thread as gdb's bt has it: "+" if it is inlined, else "-"; the
# function, without parameters, and the line.
gdb_names() {
	gdb -nx -q -batch -ex 'set debuginfod enabled off' -ex "source $T/lib/gdb_names.py" "$1" "$2" 2>gdb.err |
		sed -n 's/^NAME //p'
}

# our_names TRACE: the same from core-trace's text, of frames whose line is known.
our_names() {
	sed -nE '2,/^$/{
		s/^#[0-9]+ +0x[0-9a-f]+  (.*) \[inlined\]  [^ ]*:([0-9]+)  .*/+ \1 \2/p
		s/^#[0-9]+ +0x[0-9a-f]+  (.*)\+0x[0-9a-f]+  [^ ]*:([0-9]+)  .*/- \1 \2/p
	}' "$1"
}
