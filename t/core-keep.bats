# core-keep: the files that a process ran, kept once each.

load lib/common
load lib/dumps
load lib/soon

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	${CC:-cc} -O1 -o mapped "$T/lib/mapped.c"
	echo 'int f(void) { return 1; }' >f.c
	${CC:-cc} -shared -fPIC -Wl,--build-id -o lib.so f.c
	${CC:-cc} -shared -fPIC -Wl,--build-id=none -o none.so f.c
	cp none.so uuid.so
	printf '%s\n' 'static const struct { unsigned n, d, t; char o[8]; unsigned char u[16]; } note' \
		'__attribute__((used, section(".note.uuid"), aligned(4))) =' \
		'{ 7, 16, 1, "gzcore", { 1, 2, 3, 4, 5, 6, 0x47, 8, 0x89, 10, 11, 12, 13, 14, 15, 16 } };' >note.c
	${CC:-cc} -shared -fPIC -Wl,--build-id=none -o uuid.so f.c note.c
	# Everybody finds what is here; what is private is in directories of its own.
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" .. ./*.so mapped
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	F=$BATS_FILE_TMPDIR
	chmod 755 . ..
	mkdir d
}

teardown() {
	[ -z "${held-}" ] || kill "$held" 2>/dev/null || :
	[ -z "${server-}" ] || kill -9 "$server" 2>/dev/null || :
	umount -l "$BATS_TEST_TMPDIR/fuse.so" 2>/dev/null || :
	umount -l "$BATS_TEST_TMPDIR/d" 2>/dev/null || :
}

# need_map_files: skips where the kernel does not let us follow the links in map_files.
need_map_files() {
	local all
	[ "$(id -u)" = 0 ] || skip 'not root'
	all=(/proc/$$/map_files/*)
	head -c 1 "${all[0]}" >/dev/null 2>&1 || skip 'no map_files'
}

# holds FILE ...: $held is a process that has mapped the files, of user 1234 with as=1234.
holds() {
	mkfifo said
	${as:+setpriv --reuid $as --regid $as --clear-groups} "$F/mapped" "$@" >said </dev/null 3>&- &
	held=$!
	read -r <said
	rm said
}

# kept_names: the lines of $output without their addresses.
kept_names() {
	sed -nE 's/^kept_module=0x[0-9a-f]+ //p' <<<"$output"
}

# tree: the kept files with their modes.
tree() {
	(cd d/modules && find . ! -name '.*' -printf '%m %U %P\n' | sort)
}

@test "core-keep: -h and -V answer on standard output; misuse, no directory, no process" {
	for option in -h -V; do
		run -0 core-keep $option
		run -2 bash -c "core-keep $option >/dev/full"
	done
	usage_error core-keep d
	usage_error core-keep -p 1
	usage_error core-keep -p 1 -r d
	usage_error core-keep -r d d
	usage_error core-keep -r -k all d
	usage_error core-keep -c r.txt d e
	usage_error core-keep -n -c r.txt -u 0 d e
	for wrong in '-k some' '-b 1X' '-F x' '-t 0' '-P x'; do
		# shellcheck disable=SC2086 # several words
		fails_with 2 core-keep $wrong -p $$ d
	done
	fails_with 2 core-keep -p 0 d
	fails_with 2 core-keep -p 4194304 d
	[[ $stderr == *': No such process' ]]
	fails_with 2 core-keep -r none
	fails_with 2 core-keep -c none -u 0 d d
	[ -z "$(ls -A d)" ]
}

@test "core-keep: the very files: deleted, replaced, private, memfd; found ones are not kept" {
	need_map_files
	mkdir -m 700 home
	cp "$F/lib.so" home/private.so
	for n in deleted replaced found; do
		cp "$F/none.so" $n.so
		echo $n >>$n.so
	done
	cp deleted.so deleted
	cp replaced.so replaced
	holds "$PWD"/{home/private,deleted,replaced,found}.so "memfd:$F/uuid.so"
	rm deleted.so
	cp found.so replaced.so.new
	mv replaced.so.new replaced.so
	run -0 --separate-stderr core-keep -p "$held" d
	[ -z "$stderr" ] || { echo "$stderr"; false; }
	id=$(elf-uuid -b "$F/lib.so")
	digests=$(sha256sum deleted replaced "$F/uuid.so" | awk '{ print "digest/" $1 }')
	# In the order of addresses.
	kept_names | sort | diff <(printf '%s\n' "buildid/$id" $digests | sort) -
	cmp "$F/lib.so" "d/modules/buildid/$id/executable"
	for one in $digests; do
		[ "$(sha256sum <"d/modules/$one/executable")" = "${one#*/}  -" ]
	done
	cat d/modules/digest/*/paths | sort | diff <(printf '%s\n' "$PWD/deleted.so (deleted)" \
		"$PWD/replaced.so (deleted)" '/memfd:kept (deleted)' | sort) -
	[ "$(tree | awk '{ print $1, $2 }' | sort -u)" = $'600 0\n700 0' ]
	# Again: the same lines, and nothing but the time of the last crash is new.
	tree >before
	cat d/modules/digest/*/paths >paths
	touch -d @1 d/modules/buildid/"$id"
	inode=$(stat -c %i "d/modules/buildid/$id/executable")
	same=$output
	run -0 core-keep -p "$held" d
	[ "$output" = "$same" ]
	tree | diff before -
	cat d/modules/digest/*/paths | diff paths -
	[ "$(stat -c %i "d/modules/buildid/$id/executable")" = "$inode" ]
	[ "$(stat -c %Y "d/modules/buildid/$id")" -gt 1 ]
}

@test "core-keep: -k all keeps what is found too, -n nothing; standard input is closed, not read" {
	need_map_files
	holds "$F/lib.so"
	echo unread >input
	run -0 bash -c 'core-keep -n -k all -p "$1" d <input 9<input; cat <&0' - "$held" <input
	grep -q "^would keep 0x[0-9a-f]* buildid/$(elf-uuid -b "$F/lib.so")$" <<<"$output"
	[ "${lines[-1]}" = unread ]
	[ -z "$(ls -A d)" ]
	run -0 core-keep -p "$held" d
	[ -z "$output" ]
	[ -z "$(ls -A d)" ]
	run -0 core-keep -v -k all -p "$held" d
	[ "$(kept_names | wc -l)" -ge 4 ]
	# Its standard input ends although nobody reads what it has to say.
	run -0 timeout 120 python3 - "$held" <<-'EOS'
	import fcntl, os, subprocess, sys
	ended, held = os.pipe()
	out = os.pipe()
	os.write(out[1], bytes(fcntl.fcntl(out[1], fcntl.F_SETPIPE_SZ, 4096)))
	p = subprocess.Popen(["core-keep", "-k", "all", "-p", sys.argv[1], "d"], stdin=held, stdout=out[1])
	os.close(held)
	assert os.read(ended, 1) == b"" and p.poll() is None
	os.close(out[0])
	os.close(out[1])
	p.wait()
	EOS
	run -2 bash -c "core-keep -k all -p $held d >/dev/full"
}

@test "core-keep: says whose a file is that only its owner can write" {
	need_map_files
	mkdir home
	for n in own group shared open theirs; do
		cp "$F/lib.so" home/$n.so
		echo $n >>home/$n.so
		chown 1234:1234 home/$n.so
	done
	chmod 664 home/group.so
	chmod 664 home/shared.so
	chown 1234:1235 home/shared.so
	chmod 666 home/open.so
	chown 1235 home/theirs.so
	chmod 700 home
	chown 1234 home
	as=1234 holds "$PWD"/home/{own,group,shared,open,theirs}.so "memfd:$PWD/home/own.so"
	run -0 core-keep -k all -p "$held" d
	# Nothing is said of a file of root, and of one that others can write.
	awk -F '[= ]' '$1 == "kept_module" { name[$2] = $3 } $1 == "kept_owner" { print name[$2], $3 }' <<<"$output" |
		sort -u | diff - <(for n in own:1234 group:1234 theirs:1235; do
			echo "digest/$(sha256sum <home/${n%:*}.so | cut -d' ' -f1) ${n#*:}"
		done | sort)
	# The file in memory too.
	[ "$(grep -c '^kept_owner=' <<<"$output")" = 4 ]
}

@test "core-keep: a false id takes no name: users' files have digests, root's first one wins" {
	need_map_files
	id=$(elf-uuid -b "$F/lib.so")
	mkdir -m 700 root user
	cp "$F/lib.so" root
	for n in root/false.so user/false.so user/writable.so; do
		cp "$F/lib.so" $n
		echo $n >>$n
	done
	cp "$F/uuid.so" user/uuid.so
	chown 1234 user/false.so user/uuid.so
	chmod 666 user/writable.so
	# The attacker comes first.
	holds "$PWD"/user/{false,writable,uuid}.so
	run -0 core-keep -p "$held" d
	kept_names | sort | diff <(sha256sum user/*.so | awk '{ print "digest/" $1 }' | sort) -
	[ ! -e d/modules/buildid ]
	[ ! -e d/modules/uuid ]
	kill "$held"
	holds "$PWD/root/lib.so" "$F/none.so"
	run -0 core-keep -p "$held" d
	[ "$(kept_names)" = "buildid/$id" ]
	kill "$held"
	holds "$PWD/root/false.so"
	run -0 --separate-stderr core-keep -v -p "$held" d
	[ "$(kept_names)" = "digest/$(sha256sum root/false.so | cut -d' ' -f1)" ]
	[[ $stderr == *"/root/false.so: another file has the name that it claims"* ]]
	cmp "$F/lib.so" "d/modules/buildid/$id/executable"
	kill "$held"
	# Sections that claim another id than the notes that are mapped.
	python3 - "$F/lib.so" root/two.so <<-'EOS'
	import struct, sys
	b = bytearray(open(sys.argv[1], "rb").read())
	at = b.index(struct.pack("<III4s", 4, 20, 3, b"GNU"))
	note = bytes(b[at:at + 36])
	shoff, = struct.unpack_from("<Q", b, 40)
	size, count = struct.unpack_from("<HH", b, 58)
	for i in range(count):
	    where = shoff + i * size
	    kind, = struct.unpack_from("<I", b, where + 4)
	    start, = struct.unpack_from("<Q", b, where + 24)
	    if kind == 7 and b[start:start + 16] == note[:16]:
	        struct.pack_into("<Q", b, where + 24, len(b))
	b += note[:16] + bytes(255 - x for x in note[16:])
	open(sys.argv[2], "wb").write(b)
	EOS
	rm -r d/modules
	holds "$PWD/root/two.so"
	run -1 --separate-stderr core-keep -p "$held" d
	[[ $stderr == *'/two.so: its sections claim another build-id' ]] || { echo "$stderr"; false; }
}

@test "core-keep: without a build-id: the UUID of a file of root, or the digest, and its paths" {
	need_map_files
	mkdir -m 700 "$(printf 'new\nline')"
	cp "$F/uuid.so" new*/
	cp "$F/none.so" new*/
	# A path of 4095 bytes.
	mkdir -m 700 long
	long=$PWD/long
	while [ ${#long} -lt 3800 ]; do
		long=$long/$(printf '%0100d' 1)
	done
	mkdir -p "$long"
	long=$long/$(printf "%0$((4094 - ${#long}))d" 1)
	cp "$F/none.so" "$long"
	[ ${#long} = 4095 ]
	holds "$PWD"/new*/uuid.so "$PWD"/new*/none.so "$long"
	run -0 core-keep -p "$held" d
	kept_names | sort -u | diff <(printf '%s\n' "digest/$(sha256sum <"$F/none.so" | cut -d' ' -f1)" \
		uuid/0102030405064708890a0b0c0d0e0f10) -
	[ "$(cat d/modules/uuid/*/paths)" = "$PWD/new\\0012line/uuid.so" ]
	sort d/modules/digest/*/paths | diff <(printf '%s\n' "$PWD/new\\0012line/none.so" "$long" | sort) -
	# A part of another path is no path, and each is there once.
	for i in 1 2; do
		[ $i = 2 ] || printf '%s\n' "$long.1" "/1$long" "/1$PWD/new\\0012line/none.so" >"$(echo d/modules/digest/*/paths)"
		core-keep -p "$held" d >/dev/null
		sort d/modules/digest/*/paths | diff <(printf '%s\n' "$PWD/new\\0012line/none.so" "$long" "$long.1" "/1$long" \
			"/1$PWD/new\\0012line/none.so" | sort) -
	done
	# A list that is full stays as it is.
	{ head -c 131060 /dev/zero | tr '\0' x; echo; } >"$(echo d/modules/digest/*/paths)"
	core-keep -p "$held" d >/dev/null
	[ "$(stat -c %s d/modules/digest/*/paths)" = 131061 ]
}

@test "core-keep: a file that was changed in memory, and one of a terabyte of holes, are not kept" {
	need_map_files
	mkdir -m 700 home
	cp "$F/lib.so" home
	cp "$F/none.so" home/holes.so
	truncate -s 1T home/holes.so
	cp "$F/none.so" home/sparse.so
	truncate -s 8M home/sparse.so
	holds "dirty:$PWD/home/lib.so" "$PWD/home/holes.so" "$PWD/home/sparse.so"
	run -1 --separate-stderr core-keep -b 16M -p "$held" d
	grep -q '/home/lib.so: not the file that the process has: other headers$' <<<"$stderr"
	grep -q '/home/holes.so: larger than what may be kept$' <<<"$stderr"
	[ "$(kept_names)" = "digest/$(sha256sum home/sparse.so | cut -d' ' -f1)" ]
	# Its hole is one still.
	[ "$(du -k d/modules/digest/*/executable | cut -f1)" -le 64 ]
	[ "$(find d -name executable | wc -l)" = 1 ]
}

# server WHAT: fuse.so is a file of a file system of its own, which answers user 1234 alone until there is a file "deaf".
# It is own; or a liar's: then each read gives other bytes at its end, and only what is far from its start can hang; or
# moving: then it has other times each time that it is asked for them, once there is a file "moved".
server() {
	[ -z "${server-}" ] || kill -9 "$server" 2>/dev/null || :
	: >fuse.so
	python3 - "$1" "$F/none.so" 3>&- <<-'EOF' &
	import ctypes, os, struct, sys
	what = sys.argv[1]
	data = bytearray(open(sys.argv[2], "rb").read() + (what in ("liar", "hollow")) * bytes(1 << 20))
	fd = os.open("/dev/fuse", os.O_RDWR)
	options = b"fd=%d,rootmode=100000,user_id=1234,group_id=1234" % fd
	if ctypes.CDLL(None, use_errno=True).mount(b"moody", b"fuse.so", b"fuse", 0, options) < 0:
	    sys.exit("no mount")
	while True:
	    b = os.read(fd, 1 << 18)
	    opcode, unique = struct.unpack_from("<IQ", b, 4)
	    out, error = b"", 0
	    if opcode == 26:                                        # INIT
	        out = struct.pack("<IIIIHHIIHHI28x", 7, 31, 4096, 0, 8, 8, 4096, 1, 1, 0, 0)
	    elif opcode == 3:                                       # GETATTR
	        now = os.path.exists("moved") and what == "moving" and unique
	        out = struct.pack("<QII6Q3I7I", what != "moving" and 3600, 0, 0, 1, len(data),
	            (what != "hollow") * len(data) // 512, 0, now, 0, 0, 0, 0, 0o100555, 1, 0, 0, 0, 4096, 0)
	    elif opcode == 14:                                      # OPEN, with FOPEN_DIRECT_IO for a liar
	        out = struct.pack("<QII", 1, what == "liar", 0)
	    elif opcode == 17:                                      # STATFS
	        out = bytes(80)
	    elif opcode == 15:                                      # READ
	        at, size = struct.unpack_from("<QI", b, 48)
	        if os.path.exists("deaf") and (what == "own" or at >= 1 << 19):
	            continue
	        data[-1] = (data[-1] + 1) % 256 if what == "liar" else data[-1]
	        out = bytes(data[at:at + size])
	    else:
	        error = -38
	    os.write(fd, struct.pack("<IiQ", 16 + len(out), error, unique) + out)
	EOF
	server=$!
	soon grep -q " $(readlink -f .)/fuse.so fuse " /proc/mounts
}

@test "core-keep: FUSE: the file of its user is kept by its digest; what lies or hangs is not" {
	need_map_files
	[ -c /dev/fuse ] || skip "no FUSE"
	server own
	as=1234 holds "$PWD/fuse.so"
	run -0 core-keep -p "$held" d
	[ "$(kept_names)" = "digest/$(sha256sum <"$F/none.so" | cut -d' ' -f1)" ]
	[[ $output != *kept_owner* ]]
	kill "$held"
	umount -l fuse.so
	rm -r d/modules
	server liar
	as=1234 holds "memfd:$F/lib.so" "$PWD/fuse.so"
	run -1 --separate-stderr core-keep -p "$held" d
	[ "$(kept_names)" = "digest/$(sha256sum <"$F/lib.so" | cut -d' ' -f1)" ]
	[[ $stderr == *"/fuse.so: changed while it was copied" ]] || { echo "$stderr"; false; }
	: >deaf
	run -1 --separate-stderr core-keep -t 4 -p "$held" d
	[[ $stderr == *"/fuse.so: not kept: its file system does not answer" ]] || { echo "$stderr"; false; }
	kill "$held"
	umount -l fuse.so
	rm deaf
	# Nor is memory waited for that the process itself has not seen yet.
	server own
	as=1234 holds "memfd:$F/lib.so" "$PWD/fuse.so"
	: >deaf
	run -1 --separate-stderr core-keep -p "$held" d
	[ "$(kept_names)" = "digest/$(sha256sum <"$F/lib.so" | cut -d' ' -f1)" ]
	[[ $stderr == *"/fuse.so: the memory of the process does not answer" ]] || { echo "$stderr"; false; }
	[ "$(find d -name executable | wc -l)" = 1 ]
	kill "$held"
	umount -l fuse.so
	rm -r deaf d/modules
	# Written to while it is copied, and while it is compared: whatever the bytes are.
	server moving
	as=1234 holds "$PWD/fuse.so"
	: >moved
	run -1 --separate-stderr core-keep -p "$held" d
	[[ $stderr == *"/fuse.so: changed while it was copied" ]] || { echo "$stderr"; false; }
	[ -z "$(find d -name executable)" ]
	rm moved
	run -0 core-keep -p "$held" d
	: >moved
	run -1 --separate-stderr core-keep -p "$held" d
	[[ $stderr == *"/fuse.so: changed while it was read" ]] || { echo "$stderr"; false; }
}

@test "core-keep: FUSE: a file that claims no blocks gets the room of its size, or no copy" {
	need_map_files
	[ -c /dev/fuse ] || skip "no FUSE"
	mount -t tmpfs -o size=512K none d || skip 'no mount'
	server hollow
	as=1234 holds "$PWD/fuse.so"
	run -1 --separate-stderr core-keep -F 64K -p "$held" d
	umount d
	[[ $stderr == "core-keep: $PWD/fuse.so: not kept: no room: "* ]] || { echo "$stderr"; false; }
}

# item KIND/NAME KIB SECONDS: a kept file of that size, last needed so many seconds ago.
item() {
	mkdir -p "d/modules/$1"
	head -c "$2"K /dev/zero >"d/modules/$1/executable"
	touch -d "@$(($(date +%s) - $3))" "d/modules/$1"
}

items() {
	(cd d/modules && ls -d */* | paste -sd' ')
}

@test "core-keep: -r: what no dump needs goes first, the least recently crashed; then the needed" {
	dump one "kept=1"
	sed -i "s/^stored=/module=0x1-0x2 aaaa \/lib\nkept_module=0x9 digest\/bb00\n&/" d/one.txt
	: >d/one.gz
	# A record alone needs nothing.
	sed 's/aaaa/cc00/; s/^stored=.*/stored=no/' d/one.txt >d/alone.txt
	mkdir -m 700 d/modules
	item buildid/aaaa 64 9000
	item digest/bb00 64 8000
	item buildid/cc00 64 2000
	item uuid/dd00 64 1000
	item buildid/ee00 64 5
	: >d/modules/buildid/cc00/debuginfo
	touch -d "@$(($(date +%s) - 2000))" d/modules/buildid/cc00
	mkdir d/modules/.gzcore.0123456789abcdef
	: >d/modules/.gzcore.0123456789abcdef/executable
	core-keep -r d
	[ ! -e d/modules/.gzcore.0123456789abcdef ]
	run -0 core-keep -n -b 200K -r d
	diff - <(echo "$output") <<-'EOS'
	would remove buildid/cc00: no dump here needs it
	would remove uuid/dd00: no dump here needs it
	EOS
	[ "$(items)" = 'buildid/aaaa buildid/cc00 buildid/ee00 digest/bb00 uuid/dd00' ]
	run -0 core-keep -b 256K -r d
	[ "$output" = 'removed buildid/cc00: no dump here needs it' ]
	# For free space nothing that is needed goes.
	run -0 core-keep -n -F 100% -r d
	[ -n "$output" ]
	run -0 core-keep -n -b 200K,1% -F 1K,1%,64K -r d
	[ -z "$output" ]
	run -0 core-keep -F 900T -r d
	[ "${lines[-1]}" = 'removed uuid/dd00: no dump here needs it' ]
	[ "$(items)" = 'buildid/aaaa buildid/cc00 buildid/ee00 digest/bb00' ]
	[ "$(ls d/modules/buildid/cc00)" = debuginfo ]
	run -0 core-keep -b 128K -r d
	[ "$output" = 'removed buildid/aaaa: over the limit, and its last crash is the oldest' ]
	run -0 core-keep -b 130K -r d
	[ -z "$output" ]
}

@test "core-keep: files of users have at most half of the budget at the cost of others" {
	need_map_files
	mkdir -m 700 d/modules
	item buildid/aaaa 128 9000
	item digest/bb00 64 8000
	item digest/cc00 64 7000
	dump one "kept=1"
	sed -i 's/^stored=/kept_module=0x1 buildid\/aaaa\nkept_module=0x2 digest\/bb00\nkept_module=0x3 digest\/cc00\n&/' d/one.txt
	: >d/one.gz
	as=1234 holds "memfd:$F/lib.so"
	new=digest/$(sha256sum <"$F/lib.so" | cut -d' ' -f1)
	run -0 core-keep -b 260K -p "$held" d
	[ "$(kept_names)" = "$new" ]
	[ "$(items)" = "$(printf '%s\n' buildid/aaaa digest/cc00 "$new" | sort | paste -sd' ')" ]
	# One that is larger than the half finds no room that others need.
	rm -r d/modules/digest
	item buildid/aaaa 16 9000
	run -1 --separate-stderr core-keep -b 30K -p "$held" d
	[[ $stderr == *': not kept: no room: '* ]]
	[ "$(items)" = buildid/aaaa ]
}

@test "core-keep: a new file makes room in the budget; without room it is not kept" {
	need_map_files
	mkdir -m 700 home d/modules
	cp "$F/lib.so" home
	holds "$PWD/home/lib.so"
	item buildid/cc00 64 2000
	run -0 --separate-stderr core-keep -v -b 72K -p "$held" d
	[[ $stderr == *'removed buildid/cc00: no dump here needs it'* ]]
	[ "$(items)" = "buildid/$(elf-uuid -b "$F/lib.so")" ]
	rm -r d/modules
	run -1 --separate-stderr core-keep -F 900T -p "$held" d
	[[ $stderr == "core-keep: $PWD/home/lib.so: not kept: no room: "* ]]
	run -1 --separate-stderr core-keep -b 4K -p "$held" d
	[ "$stderr" = "core-keep: $PWD/home/lib.so: larger than what may be kept" ]
	[ -z "$(find d -name executable)" ]
}

@test "core-keep: modules that are not ours alone are refused; links in it are not followed" {
	need_map_files
	mkdir -m 700 home elsewhere
	cp "$F/lib.so" home
	holds "$PWD/home/lib.so"
	ln -s ../elsewhere d/modules
	run -2 core-keep -p "$held" d
	rm d/modules
	mkdir -m 777 d/modules
	chmod 777 d/modules
	run -2 core-keep -p "$held" d
	chmod 700 d/modules
	chown 1234 d/modules
	run -2 core-keep -p "$held" d
	chown 0 d/modules
	ln -s ../../elsewhere d/modules/buildid
	run -1 core-keep -p "$held" d
	[ -z "$(ls -A elsewhere)" ]
}

@test "core-keep: two at once keep a file once, and both name it" {
	need_map_files
	mkdir -m 700 home
	cp "$F/lib.so" home
	holds "$PWD/home/lib.so"
	for i in 1 2 3 4; do
		core-keep -p "$held" d >out$i 2>err$i &
	done
	for i in 1 2 3 4; do
		wait -n
	done
	for i in 1 2 3 4; do
		diff out1 out$i
		[ ! -s err$i ]
	done
	grep -q '^kept_module=' out1
	[ "$(find d -name executable | wc -l)" = 1 ]
	[ "$(find d -name '.gzcore.[0-9a-f]*')" = '' ]
}

@test "core-keep: 60,000 mappings: the first modules are kept, and it says that there are more" {
	need_map_files
	mkdir -m 700 home
	cp "$F/lib.so" home
	holds "many:$PWD/home/lib.so"
	run --separate-stderr timeout 120 core-keep -b 64M -t 3 -p "$held" d
	[ "$status" -le 1 ]
	[ "$(kept_names | sort -u)" = "buildid/$(elf-uuid -b "$F/lib.so")" ]
	[ "${#stderr_lines[@]}" -le 3 ]
}

@test "core-keep: -c gives a user what their dump needs, with that user's rights alone" {
	[ "$(id -u)" = 0 ] || skip 'not root'
	mkdir -m 700 d/modules d/1234 elsewhere
	chown 1234 d/1234 elsewhere
	chmod 711 d
	item buildid/aaaa 8 5
	item digest/bb00 8 5
	echo /a/path >d/modules/digest/bb00/paths
	item buildid/cc00 8 5
	printf 'uuid=\nrecord=1\nkept_module=0x1 buildid/aaaa\nkept_module=0x2 digest/bb00\nkept_module=0x3 buildid/aaaa\n' >d/r.txt
	printf 'kept_module=0x4 buildid/../../x\nkept_module=0x5 other/aaaa\n' >>d/r.txt
	run -0 core-keep -c d/r.txt -u 1234:65534 d d/1234
	[ -z "$output" ]
	(cd d/1234/modules && find . -type f ! -name '.*' -printf '%m %U %P\n' | sort) | diff - <(
		printf '600 1234 %s\n' buildid/aaaa/executable digest/bb00/executable digest/bb00/paths)
	cmp d/modules/buildid/aaaa/executable d/1234/modules/buildid/aaaa/executable
	# A link of the user's leads nowhere.
	rm -r d/1234/modules/buildid
	ln -s "$PWD/elsewhere" d/1234/modules/buildid
	run -1 --separate-stderr core-keep -c d/r.txt -u 1234:65534 d d/1234
	[[ $stderr == 'core-keep: aaaa: not given'* ]]
	[ -z "$(ls -A elsewhere)" ]
}
