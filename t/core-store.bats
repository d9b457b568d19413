# core-store: a file that appears whole, durable and private, or not at all.

load lib/common

setup_file() {
	# A preloaded library that makes every file system one without O_TMPFILE, and with NO_LINK set
	# one without hard links too, as vfat is.
	cat >"$BATS_FILE_TMPDIR/shim.c" <<-'EOF'
	#define _GNU_SOURCE
	#include <errno.h>
	#include <fcntl.h>
	#include <stdarg.h>
	#include <stdlib.h>
	#include <sys/syscall.h>
	#include <unistd.h>

	int
	openat(int dir, const char *path, int flags, ...)
	{
		va_list ap;
		int mode;

		va_start(ap, flags);
		mode = flags & O_CREAT ? va_arg(ap, int) : 0;
		va_end(ap);
		if ((flags & O_TMPFILE) == O_TMPFILE) {
			errno = EOPNOTSUPP;
			return -1;
		}
		return (int)syscall(SYS_openat, dir, path, flags, mode);
	}

	int openat64(int, const char *, int, ...) __attribute__((alias("openat")));

	int
	linkat(int from, const char *a, int to, const char *b, int flags)
	{
		if (getenv("NO_LINK") == NULL)
			return (int)syscall(SYS_linkat, from, a, to, b, flags);
		errno = EPERM;
		return -1;
	}
	EOF
	${CC:-cc} -shared -fPIC -o "$BATS_FILE_TMPDIR/shim.so" "$BATS_FILE_TMPDIR/shim.c"
}

teardown() {
	! mountpoint -q mnt || umount -l mnt || :
	# What a failed test left behind: core-store and its stages.
	[ -n "${BATS_TEST_COMPLETED:-}" ] || cat pid.* 2>/dev/null | xargs -r kill -9 2>/dev/null || :
}

# without_tmpfile COMMAND…: on a file system that has no files without a name.
without_tmpfile() {
	(shim "$@")
}

# shim COMMAND…: so, in this process.
shim() {
	export LD_PRELOAD=$BATS_FILE_TMPDIR/shim.so
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0
	exec "$@"
}

# holds DIR NAME…: these names and no others, hidden ones included (but for what run leaves).
holds() {
	local dir=$1
	shift
	diff <([ $# -eq 0 ] || printf '%s\n' "$@" | sort) <(ls -A -I 'separate-stderr-*' "$dir" | sort)
}

# has FILE TEXT: exactly this, and a newline.
has() {
	printf '%s\n' "$2" | diff - "$1"
}

# says STATUS LINE… -- COMMAND…: the status, these lines on standard error, no output.
says() {
	local want=$1 rc=0
	shift
	: >wanted
	while [ "$1" != -- ]; do
		printf 'core-store: %s\n' "$1" >>wanted
		shift
	done
	shift
	"$@" >out 2>err || rc=$?
	[ "$rc" -eq "$want" ] || { echo "status $rc, not $want: $(cat err)"; return 1; }
	diff wanted err || return 1
	[ ! -s out ]
}

dead() {
	! kill -0 "$1" 2>/dev/null
}

gone() {
	run -1 kill -0 "$1"
}

# start INPUT ARG…: core-store in the background with the usual signals; its process is $pid.
start() {
	local in=$1
	shift
	env --default-signal=HUP,INT,TERM,PIPE core-store "$@" <"$in" 2>err 3>&- &
	pid=$!
	echo "$pid" >"pid.$pid"
}

# ended STATUS: waits for it.
ended() {
	local rc=0
	soon dead "$pid" || kill -9 "$pid"
	wait "$pid" || rc=$?
	[ "$rc" -eq "$1" ] || { echo "status $rc, not $1: $(cat err)"; return 1; }
}

need_root() {
	[ "$(id -u)" -eq 0 ] || skip "not root"
}

# need_tmpfile: skips where this very file system has no O_TMPFILE.
need_tmpfile() {
	python3 -c 'import os; os.open(".", os.O_TMPFILE | os.O_RDWR)' 2>/dev/null ||
		skip "no O_TMPFILE here"
}

# unprivileged COMMAND…: as nobody in a directory of its own, with core-store in it.
unprivileged() {
	need_root
	need setpriv
	mkdir -p work
	cp "$(command -v core-store)" work/
	chown 65534:65534 work
	(cd work && setpriv --reuid 65534 --regid 65534 --clear-groups env PATH=".:$PATH" "$@")
}

# traced TRACE CALLS COMMAND…: strace's lines of the system calls go to the file TRACE.
traced() {
	need strace
	strace -f -e "trace=$2" -o "$1" "${@:3}"
}

# --- misuse -------------------------------------------------------------------------------------

@test "core-store: -h and -V answer on standard output, a bad option is misuse" {
	answers core-store
}

@test "core-store: no FILE is misuse" {
	usage_error core-store </dev/null
	usage_error core-store -S </dev/null
	usage_error core-store -M </dev/null
}

@test "core-store: a FILE that cannot be a name is refused, and nothing starts" {
	for f in '' . .. / ./ x/ x/. x/.. ../; do
		fails_with 2 core-store "$f" touch started </dev/null
		[[ $stderr == *"$f: Invalid argument" ]]
	done
	holds .
}

@test "core-store: a name with no room for .partial is refused, 247 bytes are a name" {
	local n
	n=$(head -c 255 /dev/zero | tr '\0' n)
	for len in 255 248 256; do
		fails_with 2 core-store "d/${n:0:len}" touch started </dev/null
		[[ $stderr == *": File name too long" ]]
	done
	holds .
	echo whole | core-store "${n:0:247}"
	has "${n:0:247}" whole
	rm "${n:0:247}"
	run -1 core-store "${n:0:247}" sh -c 'echo part; exit 1' </dev/null
	holds . "${n:0:247}.partial"
}

@test "core-store: a missing parent directory is an error, only the last one is made" {
	fails_with 2 core-store a/b/f touch started </dev/null
	[ "$stderr" = "core-store: a/b/f: No such file or directory" ]
	holds .
}

@test "core-store: a parent that is no directory, or cannot be entered, is an error" {
	echo file >d
	fails_with 2 core-store d/f touch started </dev/null
	[ "$stderr" = "core-store: d/f: Not a directory" ]
	holds . d
	mkdir work
	chmod 0500 work
	run -2 unprivileged core-store f touch started </dev/null
	[ "$output" = "core-store: f: Permission denied" ]
	holds work core-store
}

@test "core-store: an empty stage is refused before anything starts" {
	for args in '|' 'touch started |' '| touch started' 'touch started | | cat' '| |' 'cat | cat |'; do
		# shellcheck disable=SC2086
		fails_with 2 core-store d/f $args </dev/null
	done
	holds .
}

@test "core-store: 16 stages work, 17 are refused" {
	local stages=(cat)
	for i in {2..16}; do
		stages+=('|' cat)
	done
	echo through-all | core-store f "${stages[@]}"
	has f through-all
	fails_with 2 core-store d/g "${stages[@]}" '|' touch started </dev/null
	holds . f
}

@test "core-store: a word that only contains a bar does not end a stage" {
	core-store f printf '%s\n' 'a|b' '||' '\|' </dev/null
	printf '%s\n' 'a|b' '||' '\|' | cmp - f
}

@test "core-store: -M takes an octal mode up to 777 and nothing else" {
	for m in '' 8 0x1ff 1000 4755 -1 +7 ' 7' '7 ' rw 99999999999999999999; do
		fails_with 2 core-store -M "$m" d/f touch started </dev/null
	done
	holds .
}

@test "core-store: -o refuses an owner that does not exist" {
	for o in '' : no-such-user no-such-user:0 0:no-such-group :no-such-group -1 4294967295 \
		4294967296 :4294967295 0x0 1: ' 0'; do
		# "1:" is only known to have a group when there is such a user.
		[ "$o" != 1: ] || ! getent passwd 1 >/dev/null || continue
		fails_with 2 core-store -o "$o" d/f touch started </dev/null
	done
	fails_with 2 core-store -o "$(head -c 300 /dev/zero | tr '\0' n)" d/f touch started </dev/null
	holds .
}

# --- whole files --------------------------------------------------------------------------------

@test "core-store: without a command standard input becomes the file" {
	mixed 3000000 >in
	says 0 -- core-store f <in
	cmp in f
	rm f
	says 0 -- bash -c 'cat in | core-store f'
	cmp in f
	holds . in f wanted out err
}

@test "core-store: the last stage's output becomes the file" {
	mixed 3000000 >in
	says 0 -- core-store f gzip -1 <in
	gzip -dc f | cmp - in
	says 0 -- core-store g gzip -1 '|' gzip -d '|' cat <in
	cmp in g
}

@test "core-store: the stages run in their order" {
	echo 0 | core-store f sed 's/$/ 1/' '|' sed 's/$/ 2/' '|' sed 's/$/ 3/'
	has f '0 1 2 3'
}

@test "core-store: stages get their arguments as they are, and options of their own" {
	core-store -S f printf '<%s>\n' -f -M '' 'a  b' '*' "\$x" -- - </dev/null
	printf '<%s>\n' -f -M '' 'a  b' '*' "\$x" -- - | cmp - f
}

@test "core-store: options end at FILE, -- may stand before it" {
	echo a | core-store -- -x
	has ./-x a
	run -2 core-store f -S </dev/null
	[[ $output == *"core-store: -S: not started: "* ]]
}

@test "core-store: empty input and stages without output make an empty file" {
	says 0 -- core-store f </dev/null
	says 0 -- core-store g cat </dev/null
	says 0 -- core-store h true </dev/null
	[ -f f ] && [ ! -s f ] && [ -f g ] && [ ! -s g ] && [ -f h ] && [ ! -s h ]
}

@test "core-store: the mode is 0600 whatever the umask" {
	for mask in 000 022 077 777; do
		(umask $mask; echo a | core-store f$mask)
		[ "$(stat -c %a f$mask)" = 600 ]
		(umask $mask; core-store p$mask sh -c 'echo a; exit 1' 2>err || :)
		[ "$(stat -c %a p$mask.partial)" = 600 ]
	done
}

@test "core-store: -M gives the mode, whatever the umask, also to a partial file" {
	for m in 0640 644 777 400 0; do
		(umask 077; echo a | core-store -M $m f$m)
		[ "$(stat -c %a f$m)" = $((10#$m)) ]
		run -1 core-store -M $m p$m sh -c 'echo a; exit 1' </dev/null
		[ "$(stat -c %a p$m.partial)" = $((10#$m)) ]
	done
}

@test "core-store: -o gives the owner and the group" {
	need_root
	i=0
	while read -r owner want; do
		i=$((i + 1))
		echo a | core-store -o "$owner" f$i
		[ "$(stat -c %u:%g f$i)" = "$want" ] || { echo "$owner: $(stat -c %u:%g f$i)"; false; }
		[ "$(stat -c %a f$i)" = 600 ]
	done <<-EOF
	1234 1234:$(id -g)
	1234:567 1234:567
	:567 $(id -u):567
	nobody $(id -u nobody):$(id -g)
	nobody: $(id -u nobody):$(id -g nobody)
	0:0 0:0
	4294967294 4294967294:$(id -g)
	EOF
	run -1 core-store -o 12:34 p sh -c 'echo a; exit 1' </dev/null
	[ "$(stat -c %u:%g p.partial)" = 12:34 ]
}

@test "core-store: an owner that may not be given is an error before the stages start" {
	run -2 unprivileged core-store -o 0 f touch started </dev/null
	[ "$output" = "core-store: f: owner or mode: Operation not permitted" ]
	holds work core-store
}

@test "core-store: an unprivileged user stores as root does" {
	mixed 100000 >in
	unprivileged core-store f cat '|' cat <in
	cmp in work/f
	[ "$(stat -c %u:%a work/f)" = 65534:600 ]
	run -1 unprivileged core-store g sh -c 'cat; exit 1' <in
	cmp in work/g.partial
	unprivileged core-store -f f echo new
	has work/f new
	holds work core-store f g.partial
}

@test "core-store: a missing directory is made, mode 0700, a present one stays as it is" {
	(umask 000; echo a | core-store d/f)
	[ "$(stat -c %a d)" = 700 ]
	(umask 077; echo a | core-store e/f)
	[ "$(stat -c %a e)" = 700 ]
	mkdir -m 1777 here
	echo a | core-store here/f
	[ "$(stat -c %a here)" = 1777 ]
	ln -s here there
	echo b | core-store there/g
	has here/g b
}

@test "core-store: FILE may be absolute, and a hidden name" {
	echo a | core-store "$PWD/f"
	echo b | core-store "$PWD//d//g"
	echo c | core-store .h
	has f a
	has d/g b
	has .h c
}

@test "core-store: no name can be seen while the stages run" {
	need_tmpfile
	mkdir d
	core-store d/f sh -c 'echo a; ls -A d >listing; cat' </dev/null
	[ ! -s listing ]
	holds d f
}

@test "core-store: -S stores the same without a sync" {
	echo a | traced trace fsync,fdatasync,syncfs,sync core-store -S f cat
	has f a
	run -1 grep sync trace
}

@test "core-store: the file is synced before it has its name, its directory after" {
	local calls=fsync,linkat,renameat,renameat2,rename,unlinkat,unlink
	echo a | traced trace $calls core-store f cat
	sed -nE 's/^[0-9]+ +(fsync|linkat|rename|unlink)[a-z0-9]*\(.*= 0$/\1/p' trace >calls
	printf '%s\n' fsync linkat fsync | diff - calls
	echo a | traced trace $calls core-store -f f cat
	sed -nE 's/^[0-9]+ +(fsync|linkat|rename|unlink)[a-z0-9]*\(.*= 0$/\1/p' trace >calls
	printf '%s\n' fsync linkat rename fsync | diff - calls
}

@test "core-store: closed descriptors are neither the file nor a stage's by accident" {
	core-store f sh -c 'echo a; exec 2>/dev/null; echo lost >&2' <&- >&- 2>&-
	has f a
	run -2 bash -c 'core-store g cat <&- 2>&1'
	[[ $output == *"core-store: cat: exit status 1"*"core-store: g: nothing was stored" ]]
	core-store h cat </dev/null >&-
	[ -f h ]
	[ ! -s h ]
	echo b | core-store i cat '|' cat >/dev/full 2>&-
	has i b
	run -2 bash -c 'core-store j <&- 2>&1'
	[ ! -e j ]
}

@test "core-store: input from a terminal can be stored" {
	run -0 on_terminal core-store f < <(printf 'typed\n')
	[ -z "$output" ]
	has f typed
}

@test "core-store: an input that cannot be read is an error that says why" {
	mkdir d
	run -2 core-store f <d
	[[ $output == *"Is a directory"* ]]
	run -2 core-store f cat <d
	holds . d
}

# --- failures -----------------------------------------------------------------------------------

@test "core-store: an exit status other than 0 of any stage leaves a partial file alone" {
	# shellcheck disable=SC2016
	fail='cat; exit 3'
	says 1 'sh: exit status 3' 'a.partial: kept: not whole' -- core-store a sh -c "$fail" <<<data
	says 1 'sh: exit status 3' 'b.partial: kept: not whole' -- \
		core-store b sh -c "$fail" '|' cat '|' cat <<<data
	says 1 'sh: exit status 3' 'c.partial: kept: not whole' -- \
		core-store c cat '|' sh -c "$fail" '|' cat <<<data
	says 1 'sh: exit status 3' 'd.partial: kept: not whole' -- \
		core-store d cat '|' cat '|' sh -c "$fail" <<<data
	says 1 'sh: exit status 3' 'sh: exit status 3' 'e.partial: kept: not whole' -- \
		core-store e sh -c "$fail" '|' cat '|' sh -c "$fail" <<<data
	for f in a b c d e; do
		has $f.partial data
	done
	holds . {a,b,c,d,e}.partial wanted out err
}

@test "core-store: a stage killed in mid-stream leaves no file under the final name" {
	# shellcheck disable=SC2016
	fail='cat; kill -9 $$'
	says 1 'sh: killed by signal 9 (Killed)' 'a.partial: kept: not whole' -- \
		core-store a sh -c "$fail" '|' cat '|' cat <<<data
	says 1 'sh: killed by signal 9 (Killed)' 'b.partial: kept: not whole' -- \
		core-store b cat '|' sh -c "$fail" '|' cat <<<data
	says 1 'sh: killed by signal 9 (Killed)' 'c.partial: kept: not whole' -- \
		core-store c cat '|' cat '|' sh -c "$fail" <<<data
	for f in a b c; do
		has $f.partial data
	done
	holds . {a,b,c}.partial wanted out err
}

@test "core-store: a command that cannot be started is named, with the reason" {
	says 2 'no-such-command: not started: No such file or directory' 'f: nothing was stored' -- \
		core-store f no-such-command '|' cat '|' cat </dev/null
	says 2 'no-such-command: not started: No such file or directory' 'f: nothing was stored' -- \
		core-store f cat '|' no-such-command '|' cat </dev/null
	says 2 'no-such-command: not started: No such file or directory' 'f: nothing was stored' -- \
		core-store f cat '|' cat '|' no-such-command </dev/null
	mkdir d
	says 2 './d: not started: Permission denied' 'f: nothing was stored' -- core-store f ./d </dev/null
	echo no-program >x
	says 2 './x: not started: Permission denied' 'f: nothing was stored' -- core-store f ./x </dev/null
	says 2 ': not started: No such file or directory' 'f: nothing was stored' -- \
		core-store f '' </dev/null
	holds . d x wanted out err
}

@test "core-store: a stage cannot be started: what the stage behind it wrote is kept" {
	says 1 'no-such-command: not started: No such file or directory' \
		'f.partial: kept: not whole' -- \
		core-store f no-such-command '|' echo tail </dev/null
	has f.partial tail
	holds . f.partial wanted out err
}

@test "core-store: a stage that does not read all makes the one before it fail" {
	run -1 env --default-signal=PIPE core-store f yes '|' head -n 1 </dev/null
	[ "${lines[0]}" = "core-store: yes: killed by signal 13 (Broken pipe)" ]
	has f.partial y
	run -1 env --ignore-signal=PIPE core-store g yes '|' head -n 1 </dev/null
	[[ ${lines[*]} == *"core-store: yes: exit status 1 core-store: g.partial: kept: not whole" ]]
	has g.partial y
	holds . f.partial g.partial
}

@test "core-store: stages that fail without output leave nothing" {
	says 2 'false: exit status 1' 'f: nothing was stored' -- core-store f false </dev/null
	says 2 'false: exit status 1' 'f: nothing was stored' -- core-store f cat '|' false </dev/null
	says 2 'false: exit status 1' 'f: nothing was stored' -- core-store f false '|' cat </dev/null
	holds . wanted out err
}

@test "core-store: a partial file never replaces one" {
	echo old >f.partial
	says 2 'sh: exit status 1' 'f.partial: nothing was stored: File exists' -- \
		core-store f sh -c 'echo new; exit 1' </dev/null
	has f.partial old
	ln -s target g.partial
	says 2 'sh: exit status 1' 'g.partial: nothing was stored: File exists' -- \
		core-store g sh -c 'echo new; exit 1' </dev/null
	holds . f.partial g.partial wanted out err
	# A whole file does not mind it.
	echo whole | core-store f
	has f whole
	has f.partial old
}

@test "core-store: a full disk leaves the partial file that fitted" {
	need_root
	mkdir mnt
	mount -t tmpfs -o size=64k none mnt || skip "no tmpfs can be mounted"
	mixed 200000 >in
	run -1 core-store mnt/f cat <in
	[[ $output == *"No space left on device"* ]]
	holds mnt f.partial
	[ -s mnt/f.partial ]
	is_prefix mnt/f.partial in
	rm mnt/f.partial
	run -1 core-store mnt/g <in
	[[ $output == *"No space left on device"* ]]
	holds mnt g.partial
	is_prefix mnt/g.partial in
	# Without a byte of room nothing is kept.
	noise 70000 >mnt/fill 2>/dev/null || :
	run -2 core-store mnt/h cat <in
	run -2 core-store mnt/i <in
	holds mnt g.partial fill
}

@test "core-store: a limit on the size of files leaves the partial file that fitted" {
	mixed 200000 >in
	run -1 env --ignore-signal=XFSZ bash -c 'ulimit -f 64; core-store f cat <in'
	[[ $output == *"File too large"* ]]
	[ "$(stat -c %s f.partial)" -eq 65536 ]
	is_prefix f.partial in
	run -1 env --ignore-signal=XFSZ bash -c 'ulimit -f 64; core-store g <in'
	[[ $output == *"File too large"* ]]
	is_prefix g.partial in
	# The signal, when it is not ignored, ends a stage, not core-store.
	run -1 env --default-signal=XFSZ bash -c 'ulimit -f 64; core-store h cat <in'
	[[ $output == *"core-store: cat: killed by signal 25 "* ]]
	is_prefix h.partial in
	holds . in f.partial g.partial h.partial
}

@test "core-store: too few descriptors for the pipes: started stages are ended, nothing is stored" {
	local refused=0
	mkdir d
	for n in {5..24}; do
		rc=0
		rm -f pid.stage
		timeout 120 bash -c "ulimit -n $n; exec core-store d/f sh -c "'"$1" "|" cat "|" cat "|" cat' - \
			'echo $$ >pid.stage; echo part; sleep 0.1' </dev/null 2>err || rc=$?
		if [ $rc -eq 0 ]; then
			has d/f part
			rm d/f
		elif [ $rc -ne 127 ]; then
			# It was loaded, which takes descriptors too.
			[ $rc -eq 2 ]
			[[ $(cat err) == *": Too many open files"* ]]
			[ ! -e pid.stage ] || gone "$(cat pid.stage)"
			refused=$((refused + 1))
		fi
		holds d
	done
	[ $refused -gt 0 ]
	[ $rc -eq 0 ]
}

@test "core-store: a message about a stage does not depend on a usable standard error" {
	run -1 bash -c 'core-store f sh -c "echo part; exit 1" </dev/null 2>&-'
	run -1 bash -c 'core-store g sh -c "echo part; exit 1" </dev/null 2>/dev/full'
	has f.partial part
	has g.partial part
}

# --- names that are taken -----------------------------------------------------------------------

@test "core-store: a file, a link or a directory of that name is refused, and no stage starts" {
	echo old >file
	echo old >target
	ln -s target link
	ln -s nowhere dangling
	mkdir dir
	mkfifo fifo
	for f in file link dangling dir fifo /dev; do
		says 2 "$f: File exists" -- core-store $f touch started <<<data
	done
	has file old
	has target old
	[ "$(readlink link)" = target ]
	[ "$(readlink dangling)" = nowhere ]
	holds dir
	holds . file target link dangling dir fifo wanted out err
}

@test "core-store: a name that is taken while the stages run is not replaced" {
	says 1 'f: File exists' 'f.partial: kept: not whole' -- \
		core-store f sh -c 'echo other >f; cat' <<<data
	has f other
	has f.partial data
	says 1 'g: File exists' 'g.partial: kept: not whole' -- \
		core-store g sh -c 'ln -s target g; cat' <<<data
	[ "$(readlink g)" = target ]
	has g.partial data
	says 1 'h: File exists' 'h.partial: kept: not whole' -- core-store h sh -c 'mkdir h; cat' <<<data
	holds h
	has h.partial data
	says 2 'i: File exists' 'i.partial: nothing was stored: File exists' -- \
		core-store i sh -c 'echo other | tee i >i.partial; cat' <<<data
	has i other
	has i.partial other
	holds . {f,g,h,i}{,.partial} wanted out err
}

@test "core-store: many runs at once for one name: exactly one gets it" {
	for i in {1..8}; do
		core-store f sh -c "echo $i; sleep 0.05" </dev/null 2>/dev/null 3>&- &
	done
	wait
	[ "$(wc -l <f)" -eq 1 ]
	[ "$(cat f.partial)" != "$(cat f)" ]
	holds . f f.partial
}

@test "core-store: -f replaces a file in one step" {
	echo old >f
	old=$(stat -c %i f)
	exec 6<f
	# The old one is there until the end.
	says 0 -- core-store -f f sh -c 'cat f; echo new' </dev/null
	printf '%s\n' old new | cmp - f
	[ "$(stat -c %i f)" != "$old" ]
	[ "$(cat <&6)" = old ]
	exec 6<&-
	holds . f wanted out err
}

@test "core-store: -f replaces a symbolic link and does not follow it" {
	echo old >target
	ln -s target link
	ln -s nowhere dangling
	says 0 -- core-store -f link <<<new
	says 0 -- core-store -f dangling <<<new
	[ ! -L link ]
	[ ! -L dangling ]
	has link new
	has dangling new
	has target old
	holds . target link dangling wanted out err
}

@test "core-store: -f makes a new file too" {
	says 0 -- core-store -f f <<<new
	has f new
	[ "$(stat -c %a f)" = 600 ]
	holds . f wanted out err
}

@test "core-store: -f keeps the old file when a stage fails, and replaces the partial one" {
	echo old >f
	echo old >f.partial
	says 1 'sh: exit status 1' 'f.partial: kept: not whole' -- \
		core-store -f f sh -c 'cat; exit 1' <<<new
	has f old
	has f.partial new
	# With nothing written the old partial file stays.
	says 2 'false: exit status 1' 'f: nothing was stored' -- core-store -f f false </dev/null
	has f.partial new
	holds . f f.partial wanted out err
}

@test "core-store: -f leaves a directory of that name alone" {
	mkdir -p d/sub
	rc=0
	core-store -f d cat <<<data 2>err || rc=$?
	holds d sub
	# Refused at once, or with the work kept.
	if [ "$rc" -eq 1 ]; then
		has d.partial data
	else
		[ "$rc" -eq 2 ]
		[ ! -e d.partial ]
	fi
	rm -f d.partial
	holds . d err
}

# --- signals ------------------------------------------------------------------------------------

@test "core-store: SIGTERM, SIGINT and SIGHUP end the stages and keep a partial file" {
	for s in 15:TERM:Terminated 2:INT:Interrupt 1:HUP:Hangup; do
		IFS=: read -r number name words <<<"$s"
		start /dev/null "$name" sh -c 'echo part; echo $$ >pid.stage; : >started; exec sleep 1000'
		soon [ -e started ]
		kill -"$name" "$pid"
		ended 1
		printf 'core-store: %s\n' "$name: ended by signal $number ($words)" \
			'sh: killed by signal 15 (Terminated)' "$name.partial: kept: not whole" | diff - err
		has "$name.partial" part
		[ ! -e "$name" ]
		gone "$(cat pid.stage)"
		rm started
	done
}

@test "core-store: SIGTERM ends every stage" {
	start /dev/null f sh -c 'echo $$ >pid.1; echo a; : >1; exec sleep 1000' '|' \
		sh -c 'echo $$ >pid.2; cat; : >2; exec sleep 1000' '|' \
		sh -c 'echo $$ >pid.3; echo part; : >3; exec sleep 1000'
	soon [ -e 1 ]
	soon [ -e 3 ]
	kill -TERM "$pid"
	ended 1
	has f.partial part
	[ "$(grep -c 'sh: killed by signal 15' err)" -eq 3 ]
	for i in 1 2 3; do
		gone "$(cat pid.$i)"
	done
}

@test "core-store: a stage that ignores SIGTERM is killed after the grace" {
	start /dev/null f sh -c 'trap "" TERM; echo part; echo $$ >pid.stage; : >started; while :; do sleep 0.1; done'
	soon [ -e started ]
	kill -TERM "$pid"
	ended 1
	printf 'core-store: %s\n' 'f: ended by signal 15 (Terminated)' 'sh: killed by signal 9 (Killed)' \
		'f.partial: kept: not whole' | diff - err
	has f.partial part
	[ ! -e f ]
	gone "$(cat pid.stage)"
}

@test "core-store: a stage may end in order after SIGTERM, the file is partial all the same" {
	start /dev/null f sh -c 'trap "echo end; exit 0" TERM; echo part; : >started; while :; do sleep 0.1; done'
	soon [ -e started ]
	kill -TERM "$pid"
	ended 1
	printf '%s\n' part end | cmp - f.partial
	printf 'core-store: %s\n' 'f: ended by signal 15 (Terminated)' 'f.partial: kept: not whole' |
		diff - err
	[ ! -e f ]
}

@test "core-store: SIGTERM before anything was written leaves nothing" {
	start /dev/null d/f sh -c ': >started; exec sleep 1000'
	soon [ -e started ]
	kill -TERM "$pid"
	ended 2
	holds d
}

@test "core-store: SIGTERM ends the copy without a command" {
	mkfifo in
	start in f
	exec 7>in
	echo part >&7
	# The copy is in the file as soon as its one child waits for more.
	soon bash -c 'find /proc/[0-9]*/fd -maxdepth 1 -lname "$1" 2>/dev/null | grep -q .' - "$PWD/in"
	soon stored_by_child "$pid" 5
	kill -TERM "$pid"
	ended 1
	exec 7>&-
	has f.partial part
}

# stored_by_child PID BYTES: whether its child's standard output has so many bytes.
stored_by_child() {
	local child
	child=$(cat "/proc/$1/task/$1/children") && child=${child%% *}
	[ -n "$child" ] && [ "$(stat -Lc %s "/proc/$child/fd/1" 2>/dev/null)" = "$2" ]
}

@test "core-store: a signal that was ignored at the start stays ignored" {
	for s in TERM INT HUP; do
		env --ignore-signal=$s core-store $s sh -c ': >started; until [ -e go ]; do sleep 0.05; done; echo whole' \
			</dev/null 2>err 3>&- &
		pid=$!
		echo "$pid" >"pid.$pid"
		soon [ -e started ]
		kill -$s "$pid"
		: >go
		ended 0
		has $s whole
		rm started go
	done
}

@test "core-store: SIGKILL leaves no file of any name" {
	need_tmpfile
	start /dev/null d/f sh -c 'echo part; echo $$ >pid.stage; : >started; exec sleep 1000'
	soon [ -e started ]
	kill -KILL "$pid"
	ended 137
	holds d
	kill "$(cat pid.stage)"
	holds d
}

@test "core-store: stages start with no signal blocked, and the dispositions of the caller" {
	# shellcheck disable=SC2016
	# Signals 32 and 33 are the C library's own, and some starters leave them ignored.
	show='grep -E "^Sig(Blk|Ign)" /proc/self/status | sed "s/0000000180/0000000000/"; cat'
	env --default-signal core-store f sh -c "$show" '|' sh -c "$show" '|' sh -c "$show" </dev/null
	for i in 1 2 3; do
		printf 'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n'
	done | diff - f
	env --default-signal --ignore-signal=PIPE,USR1 core-store g sh -c "$show" '|' sh -c "$show" </dev/null
	for i in 1 2; do
		printf 'SigBlk:\t0000000000000000\nSigIgn:\t0000000000001200\n'
	done | diff - g
	# Not by way of a shell: some unblock all.
	env --default-signal --block-signal=USR2 core-store h grep -E '^Sig(Blk|Ign)' /proc/self/status \
		'|' cat </dev/null
	sed -i 's/0000000180/0000000000/' h
	printf 'SigBlk:\t0000000000000800\nSigIgn:\t0000000000000000\n' | diff - h
}

@test "core-store: a caller that ignores SIGCHLD changes nothing" {
	says 0 -- env --ignore-signal=CHLD core-store f cat '|' cat <<<data
	has f data
	says 1 'sh: exit status 4' 'g.partial: kept: not whole' -- \
		env --ignore-signal=CHLD core-store g cat '|' sh -c 'cat; exit 4' <<<data
}

# --- descriptors --------------------------------------------------------------------------------

@test "core-store: every stage has the caller's further descriptors" {
	echo data | core-store f sh -c 'echo one >&5; cat' '|' sh -c 'echo two >&5; cat' '|' \
		sh -c 'cat; echo three >&5' 5>five
	has f data
	printf '%s\n' one three two | diff - <(sort five)
}

@test "core-store: stages have no descriptor of core-store's own" {
	show='readlink /proc/self/fd/* | grep -vE "/proc/|/dev/null|^pipe:|err$" >>fds; cat'
	bash -c 'for f in /proc/self/fd/*; do f=${f##*/}; [ "$f" -le 2 ] || eval "exec $f>&-"; done
	core-store d/f sh -c "$1" "|" sh -c "$1; ls /proc/self/fd >>count" </dev/null 2>err' - "$show"
	# One file, that of the last stage's output; descriptors 0 to 2 and that of ls.
	[ "$(wc -l <count)" -eq 4 ]
	[ "$(wc -l <fds)" -le 2 ]
}

# The reader's end of the FIFO "in" as the writer, whoever crashed, sees it: writes data, then waits
# until nobody reads any more; 10 seconds at most.
write_until_released() {
	timeout 120 python3 -c '
import os, signal, sys, time
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
fd = os.open("in", os.O_WRONLY)
line = b"data\n"
while True:
    try:
        os.write(fd, line)
    except BrokenPipeError:
        sys.exit(0)
    line = b"more\n"
    time.sleep(.02)'
}

@test "core-store: the input is released when the first stage has ended, though others run" {
	mkfifo in
	start in f head -n 1 '|' sh -c 'cat; echo $$ >pid.stage; : >tail; until [ -e go ]; do sleep 0.05; done'
	write_until_released
	soon [ -e tail ]
	[ ! -e f ]
	# Nor has anyone the reader's end of the FIFO open who could read it.
	for p in $(cat pid.*); do
		run -1 bash -c 'readlink /proc/'"$p"'/fd/* | grep -x "$PWD/in"'
	done
	: >go
	ended 0
	has f data
}

@test "core-store: the input is released at its end, when the first stage was cat" {
	mkfifo in
	start in f cat '|' sh -c 'cat; : >tail; until [ -e go ]; do sleep 0.05; done'
	echo data >in
	soon [ -e tail ]
	# Nobody reads: to open it for writing without waiting is an error.
	soon bash -c '! python3 -c "import os; os.open(\"in\", os.O_WRONLY | os.O_NONBLOCK)" 2>/dev/null'
	[ ! -e f ]
	: >go
	ended 0
	has f data
}

@test "core-store: the input is released when the first stage is killed or cannot be started" {
	mkfifo in
	start in f sh -c 'read x; kill -9 $$' '|' sh -c 'until [ -e go ]; do sleep 0.05; done; echo tail'
	write_until_released
	: >go
	ended 1
	rm go f.partial
	start in f no-such-command '|' sh -c 'until [ -e go ]; do sleep 0.05; done; echo tail'
	write_until_released
	: >go
	ended 1
	has f.partial tail
}

@test "core-store: it reads none of the input itself" {
	seq 1 1000000 >in
	# The first stage takes a line; the offset that it shares with us is where it stopped.
	bash -c 'core-store f dd bs=2 count=1 status=none; cat >rest' <in
	has f 1
	tail -n +2 in | cmp - rest
}

# --- file systems with less ---------------------------------------------------------------------

@test "core-store: without O_TMPFILE the file has a hidden name until it is whole" {
	mixed 100000 >in
	without_tmpfile core-store d/f sh -c 'ls -A d >listing; cat' <in
	[ "$(wc -l <listing)" -eq 1 ]
	grep -qxE '\.gzcore\.[0-9a-f]{16}' listing
	cmp in d/f
	[ "$(stat -c %a:%h d/f)" = 600:1 ]
	holds d f
	run -1 without_tmpfile core-store d/g sh -c 'cat; exit 1' <in
	cmp in d/g.partial
	run -2 without_tmpfile core-store d/h false </dev/null
	holds d f g.partial
}

@test "core-store: without O_TMPFILE nothing is replaced but with -f" {
	mkdir d
	echo old >d/f
	ln -s nowhere d/link
	run -2 without_tmpfile core-store d/f touch started </dev/null
	run -2 without_tmpfile core-store d/link touch started </dev/null
	[ ! -e started ]
	has d/f old
	run -1 without_tmpfile core-store d/g sh -c 'echo other >d/g; cat' <<<data
	has d/g other
	has d/g.partial data
	without_tmpfile core-store -f d/f sh -c 'cat d/f; cat' <<<new
	printf '%s\n' old new | cmp - d/f
	without_tmpfile core-store -f d/link <<<new
	[ ! -L d/link ]
	has d/link new
	holds d f g g.partial link
}

@test "core-store: -f: the hidden name of the new file differs each time" {
	for _ in 1 2 3; do
		without_tmpfile core-store -f d/f sh -c 'ls -A d | grep gzcore >>listing; cat' <<<data
	done
	[ "$(sort -u listing | wc -l)" -eq 3 ]
	holds d f
}

@test "core-store: without O_TMPFILE a signal leaves the partial file and no hidden one" {
	shim env --default-signal=TERM core-store d/f \
		sh -c 'echo part; : >started; exec sleep 1000' </dev/null 2>err 3>&- &
	pid=$!
	echo "$pid" >"pid.$pid"
	soon [ -e started ]
	kill -TERM "$pid"
	ended 1
	has d/f.partial part
	holds d f.partial
}

# published WAY INJECTION… -- COMMAND…: the file f gets what it should by a way of which the trace must
# show this, though what comes before it fails as strace injects.
published() {
	local way=$1 options=() call
	shift
	while [ "$1" != -- ]; do
		options+=(-e "inject=$1")
		shift
	done
	shift
	rm -rf d
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0:verify_asan_link_order=0 strace -qq -o trace \
		-E LD_PRELOAD="${PRELOAD-}" -e trace=openat,linkat,renameat,renameat2 "${options[@]}" "$@" <in || return
	# The last of the calls that succeeded and named it.
	call=$(grep -F '"f"' trace | grep ' = 0$' | tail -n 1)
	[[ $call == *$way* ]] || { echo "$call"; cat trace; return 1; }
	cmp in d/f || return
	[ "$(stat -c %a:%h d/f)" = 600:1 ] || return
	holds d f
}

@test "core-store: each way to give the file its name is tried when the one before it fails" {
	need strace
	need_tmpfile
	mixed 100000 >in
	published 'AT_EMPTY_PATH' -- core-store d/f
	published '"/proc/self/fd/' linkat:error=ENOENT:when=1 -- core-store d/f
	PRELOAD=$BATS_FILE_TMPDIR/shim.so
	published 'linkat(' -- core-store d/f
	published '"/proc/self/fd/' linkat:error=ENOENT:when=1 -- core-store d/f
	published RENAME_NOREPLACE linkat:error=EPERM -- core-store d/f
	# That one needs no empty file.
	run ! grep -q 'openat(.*"f"' trace
	published 'renameat(' linkat:error=EPERM renameat2:error=EINVAL -- core-store d/f
	grep -q 'openat(.*"f", .*O_EXCL' trace
	published 'renameat(' -- core-store -f d/f
	# Where even that fails nothing is left of it.
	run -2 published x linkat:error=EPERM renameat2:error=EINVAL renameat:error=EIO -- core-store d/f
	holds d
}

# lesser DIR WORD…: mounts on mnt what t/lib/lesser.py makes of DIR; its process is $daemon.
lesser() {
	local python
	need_root
	need_fuse
	# The one that has its module.
	for python in python3 /usr/bin/python3 ''; do
		[ -n "$python" ] || { [ -z "${CI-}" ] && skip "no FUSE for Python"; }
		run "$python" "$T/lib/lesser.py"
		[[ $output != "usage: "* ]] || break
	done
	mkdir -p "$1" mnt
	"$python" "$T/lib/lesser.py" "$1" mnt "${@:2}" >fuse.log 2>&1 3>&- &
	daemon=$!
	echo "$daemon" >"pid.$daemon"
	soon mountpoint -q mnt || { cat fuse.log; return 1; }
}

@test "core-store: FUSE without hard links: the name is reserved, and the file is stored" {
	lesser back no-link
	mixed 100000 >in
	says 0 -- core-store mnt/d/f cat '|' cat <in
	cmp in back/d/f
	[ "$(stat -c %a:%h back/d/f)" = 600:1 ]
	says 2 'mnt/d/f: File exists' -- core-store mnt/d/f touch started <in
	[ ! -e started ]
	says 1 'sh: exit status 1' 'mnt/d/g.partial: kept: not whole' -- core-store mnt/d/g sh -c 'cat; exit 1' <in
	cmp in back/d/g.partial
	# A name that is taken meanwhile stays.
	says 1 'mnt/d/h: File exists' 'mnt/d/h.partial: kept: not whole' -- \
		core-store mnt/d/h sh -c 'echo other >mnt/d/h; cat' <in
	has back/d/h other
	says 1 'mnt/d/i: File exists' 'mnt/d/i.partial: kept: not whole' -- \
		core-store mnt/d/i sh -c 'ln -s nowhere mnt/d/i; cat' <<<data
	[ "$(readlink back/d/i)" = nowhere ]
	says 0 -- core-store -f mnt/d/f <<<new
	has back/d/f new
	# Killed, it leaves its hidden file; while one writes to that it is none.
	start /dev/null mnt/d/k sh -c 'echo part; : >started; until [ -e go ]; do sleep 0.02; done'
	soon [ -e started ]
	kill -KILL "$pid"
	ended 137
	core-store mnt/d/l <<<next
	[ "$(ls -A back/d | grep -c '^\.gzcore\.')" = 1 ]
	: >go
	soon eval 'core-store -f mnt/d/l <<<next; ! ls -A back/d | grep -q "^\.gzcore\."'
	holds back/d f g.partial h h.partial i i.partial l
}

@test "core-store: a quota is met as a full disk is" {
	lesser back quota=65536
	noise 100000 >in
	run -1 core-store mnt/d/f gzdeflate -1 -b 16K <in
	[[ $output == *"Disk quota exceeded"*"mnt/d/f.partial: kept: not whole" ]]
	[ "$(stat -c %s back/d/f.partial)" -gt 32768 ]
	gzip -t back/d/f.partial
	run -1 core-store mnt/d/g <in
	[[ $output == *"copy: Disk quota exceeded"* ]]
	run -0 core-store mnt/d/h head -c 1000 <in
	holds back/d f.partial g.partial h
}

@test "core-store: a file system that vanishes or is read-only: an error that names the file" {
	lesser back
	start /dev/null mnt/d/f sh -c 'echo a; : >started; until [ -e go ]; do sleep 0.02; done; echo b'
	soon [ -e started ]
	kill -KILL "$daemon"
	: >go
	ended 2
	grep -qE '^core-store: mnt/d/f(.partial)?: .*(Transport endpoint|connection abort|nothing was stored)' err
	run -2 core-store mnt/d/g </dev/null
	[[ $output == "core-store: mnt/d/g: Transport endpoint is not connected" ]]
	umount -l mnt
	mount -t tmpfs none mnt || skip "no tmpfs can be mounted"
	mkdir mnt/d
	# One whose directory is removed meanwhile.
	run -2 core-store mnt/d/f sh -c 'rmdir mnt/d; cat' <<<data
	[[ $output == *"mnt/d/f.partial: nothing was stored: No such file or directory" ]]
	mkdir mnt/d
	mount -o remount,ro mnt
	fails_with 2 core-store mnt/d/f touch begun </dev/null
	[ "$stderr" = 'core-store: mnt/d/f: Read-only file system' ]
	fails_with 2 core-store mnt/new/f touch begun </dev/null
	[ ! -e begun ]
	umount mnt
}

@test "core-store: what SIGKILL left is removed by the next run, and nothing else" {
	mkdir d
	killed() {
		shim env --default-signal=TERM setsid core-store "d/$1" \
			sh -c 'echo part; : >"started.$1"; exec sleep 1000' - "$1" </dev/null 2>err 3>&- &
		pid=$!
		echo "$pid" >"pid.$pid"
		soon [ -e "started.$1" ]
	}
	local used stage whole
	killed used
	used=$pid
	killed whole
	whole=$pid
	killed orphan
	kill -KILL -- "-$whole"
	# Without its core-store a stage writes on: not a leftover yet.
	stage=$(pgrep -P "$pid")
	kill -KILL "$pid"
	unlocked() {
		local f
		for f in d/.gzcore.*[0-9a-f]; do
			[ ! -f "$f" ] || ! flock -n "$f" true || return 0
		done
		return 1
	}
	soon unlocked
	[ "$(ls -A d | wc -l)" = 3 ]
	touch d/.gzcore.queue d/.gzcore.prune d/.gzcore.0123456789abcde d/.gzcore.0123456789abcdef0 \
		d/.gzcore.0123456789abcdeF d/gzcore.0123456789abcdef d/.gzcore.0123456789abcde.
	mkdir d/.gzcore.0000000000000000
	mkfifo d/.gzcore.0000000000000001
	ln -s .gzcore.queue d/.gzcore.0000000000000002
	ls -A d | sort >before
	# Not with -S.
	core-store -S d/f <<<text
	ls -A d | grep -vx f | sort | diff before -
	says 0 -- core-store d/g <<<text
	ls -A d | grep -vx '[fg]' | sort | diff before - >changed || :
	[ "$(grep -cE '^< \.gzcore\.[0-9a-f]{16}$' changed)" = 1 ]
	[ "$(grep -c '^[<>]' changed)" = 1 ]
	kill -KILL "$stage"
	soon gone "$stage"
	# Also by one that stores nothing, and by one that needs a hidden name itself.
	run -2 core-store d/g </dev/null
	[ "$(ls -A d | grep -cE '^\.gzcore\.[0-9a-f]{16}$')" = 4 ]
	kill -TERM "$used"
	wait "$used" || :
	has d/used.partial part
	killed last
	kill -KILL -- "-$pid"
	soon unlocked
	without_tmpfile core-store d/h sh -c 'ls -A d | grep -cE "^\.gzcore\.[0-9a-f]{16}$"' </dev/null
	# The three that are no files, and its own.
	has d/h 4
}

@test "core-store: a hidden name of its own is refused as FILE" {
	fails_with 2 core-store .gzcore.0123456789abcdef </dev/null
	[ "$stderr" = 'core-store: .gzcore.0123456789abcdef: Invalid argument' ]
	core-store .gzcore.queue </dev/null
}

@test "core-store: leftovers are removed after storing; before it only where names are hidden" {
	need_tmpfile
	order() {
		sed -n 's/.*\(getdents\|linkat\).*/\1/p' trace | uniq | paste -sd' '
	}
	traced trace getdents64,linkat core-store d/f <<<text
	[ "$(order)" = 'linkat getdents' ]
	traced trace getdents64,linkat core-store -S d/g <<<text
	[ "$(order)" = linkat ]
	need strace
	ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 strace -qq -o trace -e trace=getdents64,linkat \
		-E LD_PRELOAD="$BATS_FILE_TMPDIR/shim.so" core-store d/h <<<text
	[ "$(order)" = 'getdents linkat' ]
}

@test "core-store: a hidden file removed as a leftover is made anew; without locks it is kept" {
	need strace
	export LD_PRELOAD=$BATS_FILE_TMPDIR/shim.so ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0
	tried() {
		rm -rf d
		strace -f -qq -o trace -e trace=openat,flock -e "inject=flock:error=$1" core-store d/f <<<text
		has d/f text
		holds d f
		grep -c 'openat(.*"\.gzcore\..*O_CREAT' trace
	}
	[ "$(tried EAGAIN:when=1)" = 2 ]
	[ "$(tried EAGAIN:when=1..3)" = 4 ]
	[ "$(tried ENOLCK)" = 1 ]
}

@test "core-store: in a directory that everyone may write to, files of others stay untouched" {
	need_root
	need setpriv
	mkdir d
	chmod 777 . d
	echo secret >victim
	chmod 600 victim
	as_other() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
	as_other ln -s ../victim d/f
	as_other ln -s ../victim d/g.partial
	as_other ln -s ../victim d/.gzcore.queue
	as_other ln -s ../missing d/h
	as_other mkfifo d/.gzcore.0123456789abcdef
	warn='everyone may write to its directory'
	says 2 "d/f: $warn" 'd/f: File exists' -- core-store d/f <<<data
	says 2 "d/g: $warn" 'sh: exit status 1' 'd/g.partial: nothing was stored: File exists' -- \
		core-store d/g sh -c 'cat; exit 1' <<<data
	says 2 "d/h: $warn" 'd/h: File exists' -- core-store d/h <<<data
	says 2 "d/i: $warn" 'd/i: queue: Too many levels of symbolic links' -- core-store -q 1 d/i <<<data
	says 0 "d/f: $warn" -- core-store -f d/f <<<data
	[ ! -L d/f ]
	# Whoever swaps the hidden file for his own gives it no name of ours, and gets nothing.
	for link in '' 1; do
		export NO_LINK=$link
		[ -n "$link" ] || unset NO_LINK
		for force in '' -f; do
			rm -f d/swapped d/swapped.partial
			run without_tmpfile core-store $force d/swapped sh -c '
				for f in d/.gzcore.*[0-9a-f]; do
					[ ! -f "$f" ] || [ -L "$f" ] || setpriv --reuid 65534 --clear-groups sh -c "
						mv \"$f\" d/stolen && echo theirs >\"$f\" && chmod 644 \"$f\""
				done
				cat' <<<data
			[ "$(stat -c %a:%u d/stolen)" = 600:0 ]
			# What ends as ours is ours; where the name can only be given by renaming, it is said.
			if [ "$status" = 0 ]; then
				has d/swapped data
			else
				[[ $output == *"Stale file handle"* || $output == *"File exists"* ]]
			fi
			rm -f d/stolen
		done
	done
	has victim secret
	[ ! -e missing ]
	# A directory with the sticky bit is as /tmp.
	chmod 1777 d
	says 0 -- core-store d/j <<<data
}

@test "core-store: FILE - is standard output: every stage counts, and nothing is stored" {
	mixed 300000 >in
	core-store - gzip -1 '|' cat <in >out 2>err
	gzip -dc out | cmp - in
	[ ! -s err ]
	core-store - <in | cmp - in
	core-store -- - cat <in | cmp - in
	run -2 core-store - sh -c 'cat; exit 3' '|' cat <<<text
	[ "$output" = $'text\ncore-store: sh: exit status 3' ]
	run -2 core-store - no-such-command '|' cat </dev/null
	[[ $output == "core-store: no-such-command: not started: "* ]]
	run -2 bash -c 'core-store - cat </dev/zero | head -c 10 >/dev/null; exit ${PIPESTATUS[0]}'
	[ "$output" = 'core-store: cat: killed by signal 13 (Broken pipe)' ]
	run -2 bash -c 'core-store - <in >/dev/full'
	[ "$output" = 'core-store: copy: No space left on device' ]
	run -2 bash -c 'core-store - <in >&-'
	run -2 core-store -t 1 - sleep 60 </dev/null
	[[ $output == *"<stdout>: not done in 1 s"* ]]
	# Its input is released as for a file.
	mkfifo fifo
	env --default-signal=PIPE core-store - sh -c 'read x; echo "$x"' '|' \
		sh -c 'cat; until [ -e go ]; do sleep 0.02; done' <fifo >out 3>&- &
	pid=$!
	echo line >fifo
	soon bash -c '! python3 -c "import os; os.open(\"fifo\", os.O_WRONLY | os.O_NONBLOCK)" 2>/dev/null'
	: >go
	wait "$pid"
	has out line
	for option in -d -f -S '-F 1' '-M 600' '-m 1' '-o 0' '-q 1' '-q 1 -w 1'; do
		# shellcheck disable=SC2086
		fails_with 2 core-store $option - touch started </dev/null
		[[ $stderr == "core-store: -"?": is for a file, not for standard output" ]]
	done
	[ ! -e started ]
	core-store ./- <<<text
	has ./- text
}

@test "core-store: FILE -: -u gives the stages another user's rights" {
	need_root
	[ "$(core-store -u 65534 - id -u </dev/null)" = 65534 ]
}

@test "core-store: -l locks a file for as long as it or its caller has the file open" {
	marked() {
		python3 -c '
import fcntl, os, struct, sys
# F_OFD_GETLK of the whole file for writing.
got = fcntl.fcntl(os.open(sys.argv[1], os.O_RDONLY), 36, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
sys.exit(struct.unpack("hhqqi4x", got)[0] == fcntl.F_UNLCK)' "$1"
	}
	echo record >r
	run -1 marked r
	core-store -l 6 f sh -c '[ ! -e /proc/self/fd/6 ] && : >started; until [ -e go ]; do sleep 0.02; done' \
		</dev/null 6<r 3>&- &
	soon [ -e started ]
	marked r
	: >go
	wait $!
	run -1 marked r
	exec 6<r
	core-store -l 6 g </dev/null
	marked r
	exec 6<&-
	run -1 marked r
	fails_with 2 core-store -l 77 h touch begun </dev/null 77>&-
	[ "$stderr" = 'core-store: -l 77: Bad file descriptor' ]
	fails_with 2 core-store -l x h </dev/null
	[ ! -e begun ]
}

@test "core-store: without hard links the file is renamed to a name that nothing has" {
	export NO_LINK=1
	mixed 100000 >in
	without_tmpfile core-store d/f cat <in
	cmp in d/f
	[ "$(stat -c %a:%h d/f)" = 600:1 ]
	run -1 without_tmpfile core-store d/g sh -c 'cat; exit 1' <in
	cmp in d/g.partial
	run -2 without_tmpfile core-store d/f touch started </dev/null
	[ ! -e started ]
	cmp in d/f
	run -1 without_tmpfile core-store d/h sh -c 'echo other >d/h; cat' <<<data
	has d/h other
	has d/h.partial data
	run -1 without_tmpfile core-store d/i sh -c 'ln -s nowhere d/i; cat' <<<data
	[ "$(readlink d/i)" = nowhere ]
	without_tmpfile core-store -f d/f <<<new
	has d/f new
	holds d f g.partial h h.partial i i.partial
}

@test "core-store: a vfat file system, without hard links and unnamed files: the file is stored" {
	# Elsewhere the tests above stand in for it.
	need_root
	need mkfs.vfat
	truncate -s 4M image
	mkfs.vfat image >/dev/null
	mkdir mnt
	mount -o loop,fmask=0177,dmask=0077 image mnt 2>/dev/null || skip "the kernel cannot mount vfat"
	mixed 100000 >in
	says 0 -- core-store mnt/f cat '|' cat <in
	cmp in mnt/f
	says 2 'mnt/f: File exists' -- core-store mnt/f touch started <in
	says 1 'sh: exit status 1' 'mnt/g.partial: kept: not whole' -- \
		core-store mnt/g sh -c 'cat; exit 1' <in
	cmp in mnt/g.partial
	says 0 -- core-store -f mnt/f <<<new
	has mnt/f new
	holds mnt f g.partial
}

@test "core-store: other file systems of the kernel: the same files are stored and refused" {
	need_root
	mkdir mnt up work
	tried=
	for fs in tmpfs ramfs overlay ext2 ext4 xfs btrfs; do
		case $fs in
		tmpfs | ramfs) mount -t $fs none mnt ;;
		overlay) mount -t overlay -o lowerdir=mnt,upperdir=up,workdir=work none mnt ;;
		*)
			command -v mkfs.$fs >/dev/null || continue
			rm -f image
			truncate -s 320M image
			mkfs.$fs -q image
			mount -o loop image mnt
			;;
		esac 2>/dev/null || continue
		tried="$tried $fs"
		rm -rf mnt/lost+found
		says 0 -- core-store mnt/d/f cat <<<data
		says 2 'mnt/d/f: File exists' -- core-store mnt/d/f cat <<<new
		has mnt/d/f data
		says 0 -- core-store -f mnt/d/f cat <<<new
		has mnt/d/f new
		says 1 'sh: exit status 1' 'mnt/d/g.partial: kept: not whole' -- \
			core-store mnt/d/g sh -c 'cat; exit 1' <<<data
		holds mnt/d f g.partial
		umount -l mnt
	done
	[ -n "$tried" ] || skip "nothing can be mounted"
}

@test "core-store: -m stops a compressor at that size; the partial file has whole members" {
	noise 3000000 >in
	run -1 --separate-stderr core-store -m 1M f gzdeflate -1 <in
	[[ $stderr == *"File too large"* && $stderr == *"f.partial: kept: not whole" ]]
	[ "$(stat -c %s f.partial)" -le 1048576 ]
	[ "$(stat -c %s f.partial)" -gt 500000 ]
	gzip -t f.partial
	zinflate f.partial >part
	is_prefix part in
	for tool in gzip 'pigz -c' 'zstd -q -c' 'lz4 -c' 'xz -0 -c' 'igzip -c' cat ''; do
		rm -f f.partial
		need ${tool%% *}
		# shellcheck disable=SC2086
		run -1 core-store -m 100000 f $tool <in
		[ "$(stat -c %s f.partial)" -eq 100000 ]
	done
	# One that fits is whole; a size is what it says.
	head -c 1024 in >small
	core-store -m 1K g <small
	cmp g small
	run -1 core-store -m 1023 h <small
	for size in 0 -1 x 1X '' 9223372036854775808; do
		fails_with 2 core-store -m "$size" i
		fails_with 2 core-store -F "$size" i
	done
}

@test "core-store: -r reads so much of its input; what came of it is partial, the writer goes on" {
	mixed 3000000 >in
	# More than pipes hold, to stages that would read on; the reader has gone then.
	says 1 'copy: the input has over 1048576 bytes: the rest was not read' 'f.partial: kept: not whole' -- \
		core-store -r 1M f gzdeflate -1 <in
	zinflate f.partial | cmp - <(head -c 1048576 in)
	mkfifo fifo
	core-store -r 100000 g gzip '|' sh -c 'cat; until [ -e go ]; do sleep 0.02; done' <fifo 2>err 3>&- &
	pid=$!
	run -141 bash -c 'exec env --default-signal=PIPE cat /dev/zero >fifo'
	: >go
	status=0
	wait "$pid" || status=$?
	[ "$status" = 1 ]
	[ "$(gzip -dc g.partial | wc -c)" = 100000 ]
	# It ends when nobody reads what it copies.
	run -1 timeout 60 core-store -r 1T q head -c 10 </dev/zero
	[ "$(wc -c <q.partial)" = 10 ]
	# As much as that is whole, through a pipe or from a file, with stages and without.
	core-store -r 3000000 h cat <in
	cmp h in
	cat in | core-store -r 3000000 i
	cmp i in
	core-store -r 1T j <in
	cmp j in
	core-store -r 1 k cat </dev/null
	cmp k /dev/null
	run -1 core-store -r 2999999 l <in
	cmp l.partial <(head -c 2999999 in)
	run -2 core-store -d -r 10 m cat <in
	[ ! -e m.partial ]
	# Another limit says so itself; standard output has what was read.
	says 1 'copy: File too large' 'n.partial: kept: not whole' -- core-store -m 1K -r 1M n <in
	run -2 bash -c 'core-store -r 1000 - cat <in 2>/dev/null | cmp - <(head -c 1000 in); exit ${PIPESTATUS[0]}'
	[ -z "$output" ]
	# 16 stages are still possible.
	core-store -r 3000000 o cat $(printf '| cat %.0s' $(seq 15)) <in
	cmp o in
	for size in 0 x -1 '' 10%; do
		fails_with 2 core-store -r "$size" p true
	done
}

@test "core-store: -d keeps no partial file" {
	says 2 'sh: exit status 3' 'f: nothing was stored' -- core-store -d f sh -c 'echo new; exit 3' </dev/null
	holds . wanted out err
	run -2 core-store -d -m 10 f cat <<<'more than ten bytes'
	[ ! -e f.partial ]
	core-store -d f <<<whole
	has f whole
}

@test "core-store: -F leaves that much free, also when others fill the disk meanwhile" {
	need_root
	mkdir mnt
	mount -t tmpfs -o size=8m none mnt || skip "no tmpfs can be mounted"
	noise 9000000 >in
	left() { echo $(($(stat -f -c '%a * %S' mnt))); }
	run -1 core-store -F 2M mnt/f cat <in
	[ "$(left)" -ge 2097152 ]
	[ "$(left)" -lt 2200000 ]
	rm mnt/f.partial
	# A slow one, while another takes half of it.
	mkfifo slow
	core-store -F 2M mnt/g cat <slow 2>err 3>&- &
	exec 9>slow
	head -c 1000000 in >&9
	head -c 4000000 in >mnt/other
	sleep 0.6
	tail -c +1000001 in >&9 2>/dev/null || :
	exec 9>&-
	status=0
	wait $! || status=$?
	[ "$status" = 1 ]
	[ "$(left)" -ge 2097152 ]
	[ "$(stat -c %s mnt/g.partial)" -ge 1000000 ]
	is_prefix mnt/g.partial in
	# And with no room from the start nothing is stored.
	run -2 core-store -F 4M mnt/h cat <in
	[ ! -e mnt/h.partial ]
	umount mnt
}

@test "core-store: -F and -m take a part of the file system, between a least and a most" {
	need_root
	mkdir mnt
	mount -t tmpfs -o size=8m none mnt || skip "no tmpfs can be mounted"
	noise 9000000 >in
	# -F PART FREE: how many bytes stay free, at least and at most 200,000 more.
	leaves() {
		local free
		run -1 core-store "-F$1" mnt/f cat <in
		free=$(($(stat -f -c '%a * %S' mnt)))
		[ "$free" -ge "$2" ] && [ "$free" -lt $(($2 + 200000)) ] || { echo "$1: $free"; return 1; }
		rm mnt/f.partial
	}
	leaves 25% 2097120
	leaves 3M,25% 3145728
	leaves 25%,1M 1048576
	leaves 1K,25%,4M 2097120
	leaves 100%,2M 2097152
	# -m PART BYTES: how long the file is.
	holds_bytes() {
		run -1 core-store "-m$1" mnt/f cat <in
		[ "$(stat -c %s mnt/f.partial)" = "$2" ] || { echo "$1"; ls -l mnt; return 1; }
		rm mnt/f.partial
	}
	holds_bytes 10% 838860
	holds_bytes 1M,10% 1048576
	holds_bytes 10%,64K 65536
	umount mnt
	for part in 0% 101% % 5%% 5%,5% 1M, ,1M 1M,2M 5%,1M,2M 1M,2M,5% 2M,5%,1M 5%x -5% 1M,5%, ,5% 5.5% '5 %'; do
		fails_with 2 core-store -F "$part" f true
		fails_with 2 core-store -m "$part" f true
	done
}

@test "core-store: -m does not limit a stage's messages, even in a longer file" {
	noise 100000 >log
	core-store -m 1K f sh -c 'echo said >&2; cat' <<<text 2>>log
	[ "$(tail -c 5 log)" = said ]
	has f text
	# Much of it does not stop the stage.
	core-store -m 1K g sh -c 'seq 100000 >&2; cat' <<<text 2>said
	seq 100000 | cmp said -
}

@test "core-store: -t ends stages that take too long, also those that ignore SIGTERM" {
	says 1 'f: not done in 1 s' 'sleep: killed by signal 15 (Terminated)' 'f.partial: kept: not whole' -- \
		core-store -t 1 f sh -c 'echo some; exec sleep 60' '|' sh -c 'cat; exec sleep 60' </dev/null || :
	rm -f f.partial
	run -1 core-store -t 1 f sh -c 'trap "" TERM; echo some; while :; do sleep 0.1; done' </dev/null
	[[ $output == *"f: not done in 1 s"*"killed by signal 9"* ]]
	has f.partial some
	core-store -t 60 g <<<quick
	has g quick
	fails_with 2 core-store -t 0 h
}

@test "core-store: -u gives the stages another user's rights; -o gives the file its owner" {
	need_root
	run -0 core-store -u 65534:65533 f sh -c 'id -u; id -g; id -G; grep -E "^(NoNewPrivs|CapEff)" /proc/self/status' </dev/null
	diff f - <<-EOF
	65534
	65533
	65533
	CapEff:	0000000000000000
	NoNewPrivs:	1
	EOF
	[ "$(stat -c %u f)" = 0 ]
	core-store -u nobody g id -un </dev/null
	has g nobody
	# Its pipes are large all the same.
	core-store -u nobody h sh -c 'cat' '|' python3 -c 'import fcntl; print(fcntl.fcntl(0, 1032))' </dev/null
	has h 1048576
	fails_with 2 core-store -u nosuchuser i
	[ "$stderr" = 'core-store: -u nosuchuser: no such user or group' ]
	# Who may not become another starts nothing.
	chmod 777 .
	run -2 setpriv --reuid=65534 --clear-groups "$BUILD/core-store" -u root j touch started </dev/null
	[[ $output == *"Operation not permitted"* ]]
	[ ! -e started ]
}

@test "core-store: -u in front of a stage is for it and those behind it" {
	need_root
	id='cat; id -u; id -G'
	core-store f sh -c "$id" '|' -u 65534:65533 sh -c "$id" '|' sh -c "$id" '|' -u 0:0 sh -c "$id" </dev/null
	[ "$(tr '\n' ' ' <f)" = "0 $(id -G) 65534 65533 65534 65533 0 0 " ]
	core-store -u 65534 - -u 65533:1 sh -c "$id" '|' cat </dev/null | diff - <(printf '65533\n1\n')
	# With -r a copy is in front of the stages.
	[ "$(echo abc | core-store -r 4 - -u 65534 id -u)" = 65534 ]
	fails_with 2 core-store g cat '|' -u nosuchuser cat </dev/null
	[ "$stderr" = 'core-store: -u nosuchuser: no such user or group' ]
	for words in '-u' '-u 0' '-u 0 | cat' 'cat | -u 0' 'cat | -u 0 | cat'; do
		# shellcheck disable=SC2086 # each is some words
		fails_with 2 core-store g $words </dev/null
		[ "$stderr" = 'core-store: stages: an empty one, or over 16' ]
	done
	[ ! -e g ]
}

@test "core-store: -q bounds how many store at once; the others wait, at most -w seconds" {
	mkdir d
	one() {
		core-store -q 2 "d/$1" sh -c 'echo + >>log; sleep 0.3; echo - >>log; cat' <<<"$1"
	}
	for i in 1 2 3 4 5 6 7; do
		one $i 3>&- &
	done
	wait
	[ "$(ls d | wc -l)" = 7 ]
	awk '/\+/ { n++ } /-/ { n-- } n > most { most = n } END { exit most != 2 }' log
	# Those in another directory do not count, and a place is given back by any end.
	core-store -q 1 d/long sleep 60 </dev/null 3>&- &
	local long=$!
	soon pgrep -P $long sleep >/dev/null
	core-store -q 1 -w 0 other/now <<<now
	says 2 'd/no: no place in 0 s among the 1 that store at once' -- core-store -q 1 -w 0 d/no touch started </dev/null
	[ ! -e started ]
	says 2 'd/no: no place in 1 s among the 1 that store at once' -- core-store -q 1 -w 1 d/no </dev/null
	local stage
	stage=$(pgrep -P $long sleep)
	kill -KILL $long
	kill -KILL "$stage"
	core-store -q 1 -w 5 d/yes <<<yes
	has d/yes yes
	usage_error core-store -w 1 f
	fails_with 2 core-store -q 0 f
	# What is in the place of its file is not followed.
	rm -f d/.gzcore.queue
	ln -s ../target d/.gzcore.queue
	run -2 core-store -q 1 d/linked </dev/null
	[ ! -e target ]
}

@test "core-store: -l without FILE locks a shell's descriptor, as long as it or a child has it" {
	run -0 bash -c 'exec 9>>lock && core-store -l 9 -w 0'
	exec 8>>lock
	core-store -l 8 -w 0
	# The same, opened anew, is another's.
	run -1 bash -c 'exec 9>>lock && core-store -l 9 -w 0'
	[ -z "$output" ]
	run -1 bash -c 'exec 9>>lock && core-store -l 9 -w 1'
	sleep 60 3>&- &
	exec 8>&-
	run -1 bash -c 'exec 9>>lock && core-store -l 9 -w 0'
	kill -9 $!
	wait $! || :
	run -0 bash -c 'exec 9>>lock && core-store -l 9 -w 0'
	exec 8>>lock
	core-store -l 8
	(sleep 0.2; exec 8>&-) 3>&- &
	exec 8>&-
	run -0 bash -c 'exec 9>>lock && core-store -l 9 -w 20'
	fails_with 2 core-store -l 99 99>&-
	fails_with 2 core-store -l x
	run -2 bash -c 'core-store -l 0 </dev/null'
}

# --- -e and -E: what there is to say, on a descriptor

# tells ARG …: core-store with descriptor 5 for what it says, which is in "told"; nothing is on standard error.
tells() {
	run --separate-stderr core-store "$@" 5>told
	[ -z "$output$stderr" ] || { echo "said: $output$stderr"; return 1; }
}

@test "core-store: -E tells the errors of all and the status, -e the errors alone" {
	tells -E 5 f cat <<<x
	[ "$status" = 0 ]
	[ "$(cat told)" = status=0 ]
	tells -e 5 g cat <<<x
	[ "$status" = 0 ]
	[ ! -s told ]
	tells -E 5 h sh -c 'printf "one\ntwo \\\\ \033 \351\n\nno end" >&2; head -c 1; exit 3' <<<x
	[ "$status" = 1 ]
	diff told - <<-'EOF'
	error=one
	error=two \0134 \0033 \0351
	error=
	error=no end
	error=core-store: sh: exit status 3
	error=core-store: h.partial: kept: not whole
	status=1
	EOF
	tells -e 5 -F 1K f cat <<<x
	[ "$status" = 2 ]
	[ "$(cat told)" = 'error=core-store: f: File exists' ]
	tells -E 5 no/such/f cat <<<x
	[ "$(cat told)" = $'error=core-store: no/such/f: No such file or directory\nstatus=2' ]
}

@test "core-store: -E: works with stages that use the descriptor, with - and with a limit" {
	tells -E 5 f sh -c 'echo uuid= >&5; cat' <<<x
	[ "$(cat told)" = $'uuid=\nstatus=0' ]
	run -0 core-store -E 5 - sh -c 'echo said >&2; cat' <<<x 5>told
	[ "$output" = x ]
	[ "$(cat told)" = $'error=said\nstatus=0' ]
	tells -E 5 -m 1K g sh -c 'echo said >&2; cat' < <(head -c 5000 /dev/zero)
	[ "$status" = 1 ]
	grep -qx error=said told
	grep -qx status=1 told
}

@test "core-store: -E: messages of stages are bounded in lines and bytes" {
	tells -E 5 f sh -c 'yes | head -c 2000000 >&2; cat' <<<x
	[ "$status" = 0 ]
	[ "$(grep -cx error=y told)" = 20 ]
	[ "$(tail -n 2 told)" = $'errors_left_out=999980\nstatus=0' ]
	tells -E 5 g sh -c 'head -c 100000 /dev/zero | tr "\0" x >&2; cat' <<<x
	[ "$(head -n 1 told | wc -c)" = 507 ]
	# What a stage leaves behind keeps neither its pipe nor the descriptor's end.
	run -0 timeout 90 core-store -E 5 h sh -c 'sleep 100 >/dev/null 3>&- & cat' <<<x 5>told
	[ "$(cat told)" = status=0 ]
}

@test "core-store: -E: a signal: the status is still told; a closed pipe changes nothing" {
	core-store -E 5 f sh -c 'echo x; echo up >&2; sleep 100' </dev/null 5>told 3>&- &
	until [ -n "$(pgrep -P $! -x sh)" ]; do sleep 0.05; done
	sleep 0.3
	kill $!
	wait $! && status=0 || status=$?
	[ "$status" = 1 ]
	grep -qx error=up told
	grep -q '^error=core-store: f: ended by signal 15' told
	[ "$(tail -n 1 told)" = status=1 ]
	mkfifo p
	sleep 0.1 <p &
	exec 5>p
	wait $!
	run -0 --separate-stderr core-store -E 5 g cat <<<x
	exec 5>&-
	[ "$stderr" = 'core-store: descriptor 5: write: Broken pipe' ]
	grep -qx x g
}

@test "core-store: -e and -E: a bad descriptor and wrong usage go to standard error" {
	run -2 core-store -E 77 f cat </dev/null
	[ "$output" = 'core-store: -E 77: Bad file descriptor' ]
	run -2 core-store -e x f cat </dev/null
	run -2 core-store -e 1 f cat </dev/null
	run -2 core-store -E 5 f '|' 5>told </dev/null
	[ ! -s told ]
	usage_error core-store -E 5 5>told
	[ ! -e f ]
}
