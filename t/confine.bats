#!/usr/bin/env bats
# What a program can still do once its input is open.

load lib/common

# Those that confine themselves, each with options to read standard input.
programs=("gzdeflate" "gzdeflate -T 1" "gzdeflate -s" "zdeflate" "zinflate" "zinflate -T 1" "gzdeflate -d"
	"core-info -d 9" "core-trim" "core-trim -c dd of=/dev/null status=none ; cat")

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	! grep -q sanitize "$BUILD/.flags" || skip 'a sanitizer opens files whenever it likes'
	noise 3000000 >data
	gzdeflate -b 64K data >data.gz
	python3 - "$T/lib" <<-'END'
	import sys
	sys.path.insert(0, sys.argv[1])
	from cores import Core
	c = Core()
	c.thread(sp=0x7f0000001000, pc=0x400000)
	c.load(0x400000, open("data", "rb").read(), flags=5)
	c.load(0x7f0000000000, bytes(65536))
	c.write("core")
	END
	exec 9>/dev/null
}

# confined: skips the test where the machine or the build cannot; in CI that is a failure.
confined() {
	gzdeflate -V | grep -qx 'confined by seccomp, landlock:' && return 0
	[ -z "${CI:-}" ] || { gzdeflate -V; return 1; }
	skip 'no seccomp or no landlock here'
}

# input PROGRAM: the file that it reads.
input() {
	case $1 in
	*inflate* | *-d) echo data.gz ;;
	core-*) echo core ;;
	*) echo data ;;
	esac
}

@test "confine: -V and the manual have the same system calls, at most 25" {
	for program in gzdeflate zdeflate zinflate core-info core-trim; do
		calls=$($program -V | sed 1,2d | tr -s ' \n' '\n\n' | sed '/^$/d')
		[ "$(wc -l <<<"$calls")" -le 25 ]
		[ "$(wc -l <<<"$calls")" -ge 20 ]
		sed -n '/^\.Sh SECURITY/,/^\.Ed/p' "$T/../tools/$program.1" | sed -n '/^\.Bd/,/^\.Ed/p' | sed '1d;$d' |
			tr ' ' '\n' | diff - <(echo "$calls")
		# None opens, executes, connects, traces, or changes what others have.
		run -1 grep -E '^(open|exec|socket$|connect|bind|ptrace|process_|tgkill|unlink|rename|link|chmod|chown|mount|setu|ioctl|fork|clone3)' \
			<<<"$calls"
		[ $program = core-trim ] || run -1 grep -x kill <<<"$calls"
		[ "$($program -V | awk 'length > 78' | wc -l)" = 0 ]
	done
}

# intruder ERRNO CALL ...: makes intruder.so, which in the program $INTRUDE, once that is confined, tells of each call
# whether it is refused so.
intruder() {
	cat >intruder.c <<-'END'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <errno.h>
	#include <fcntl.h>
	#include <stdio.h>
	#include <stdlib.h>
	#include <string.h>
	#include <sys/prctl.h>
	#include <sys/syscall.h>
	#include <unistd.h>

	static const struct { const char *name; long number; } calls[] = { CALLS };

	/* In the first call of the program that gets a byte of its input. */
	static void
	intrude(void)
	{
		const char *who = getenv("INTRUDE"), *confine = getenv("GZCORE_CONFINE");
		static int done;
		char line[64];

		/* Where prctl itself is refused there is a filter. */
		if (who == NULL || strcmp(who, program_invocation_short_name) != 0 || done ||
		    (confine == NULL && syscall(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0, 0) == 0))
			return;
		done = 1;
		for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
			/* None of these arguments does any harm. */
			long rc = syscall(calls[i].number, 0, 0, 0, 0, 0, 0);

			snprintf(line, sizeof(line), "%s: %s\n", calls[i].name,
			    rc < 0 && errno == REFUSED ? "refused" : "allowed");
			write(2, line, strlen(line));
		}
	}

	ssize_t
	read(int fd, void *buf, size_t n)
	{
		intrude();
		return syscall(SYS_read, fd, buf, n);
	}

	ssize_t
	splice(int in, off_t *at, int out, off_t *to, size_t n, unsigned flags)
	{
		intrude();
		return syscall(SYS_splice, in, at, out, to, n, flags);
	}

	ssize_t
	pread64(int fd, void *buf, size_t n, off_t at)
	{
		intrude();
		return syscall(SYS_pread64, fd, buf, n, at);
	}
	END
	local refused=$1 all=
	shift
	for call; do all="$all{ \"$call\", SYS_$call }, "; done
	${CC:-cc} -shared -fPIC -D_FILE_OFFSET_BITS=64 -O1 -w "-DREFUSED=$refused" "-DCALLS=$all" -o intruder.so intruder.c
}

@test "confine: ten calls that would help an intruder are refused, and the work is done" {
	confined
	intruder ENOSYS openat socket clone3 ptrace kill unlinkat setresuid process_vm_readv prctl execve
	for program in "${programs[@]}"; do
		file=$(input "$program")
		cat "$file" | $program >want
		cat "$file" | INTRUDE=${program%% *} LD_PRELOAD=$PWD/intruder.so $program >out 2>err ||
			{ echo "$program: $?"; cat err; return 1; }
		cmp out want
		# core-trim has children of its own, to end them in time.
		[ "${program%% *}" != core-trim ] || sed -i '/^kill: /d' err
		n=$(([ "${program%% *}" = core-trim ] && echo 9) || echo 10)
		[ "$(wc -l <err)" = $n ] && ! grep -v ': refused$' err || { echo "$program"; cat err; return 1; }
	done
	# And without confinement the same calls are there.
	cat data | GZCORE_CONFINE=no INTRUDE=gzdeflate LD_PRELOAD=$PWD/intruder.so gzdeflate >out 2>err || :
	grep -qx 'gzdeflate: not confined: GZCORE_CONFINE=no' err
	run -1 grep refused err
}

# confined_among PID ...: whether one of the processes has a filter; its status, in the file of that name.
confined_among() {
	local pid
	for pid; do
		cp /proc/$pid/status status && ! grep -qx 'Seccomp:	2' status || return 0
	done
	return 1
}

@test "confine: a root that reads is nobody, without capabilities, and under a filter" {
	confined
	[ "$(id -u)" = 0 ] || skip 'only root can give it up'
	for program in "${programs[@]}"; do
		mkfifo pipe
		$program <pipe >out &
		reader=$!
		# It has read some, and waits for the rest.
		{
			head -c 100000 "$(input "$program")"
			# The child of core-trim is what reads.
			soon confined_among $reader $(pgrep -P $reader -x core-trim)
			tail -c +100001 "$(input "$program")"
		} >pipe
		wait $reader
		for line in 'Uid:	65534	65534	65534	65534' 'Gid:	65534	65534	65534	65534' 'Groups:	 ' \
			'NoNewPrivs:	1' 'Seccomp:	2'; do
			grep -qx "$line" status || { echo "$program: $line"; cat status; return 1; }
		done
		[ "$(grep -cE '^Cap(Inh|Prm|Eff|Amb):	0+$' status)" = 4 ]
		rm pipe
	done
}

@test "confine: GZCORE_CONFINE=UID:GID: root becomes these, never root again" {
	confined
	[ "$(id -u)" = 0 ] || skip 'only root can give it up'
	for asked in 4711:4712 0:4712 4711:0 4711 :4712 4711: 4294967295:1 x:y 4711:4712:1 99999999999999999:1; do
		case $asked in
		4711:4712) want='4711	4712' ;;
		*) want='65534	65534' ;;
		esac
		mkfifo pipe
		GZCORE_CONFINE=$asked gzdeflate <pipe >out 2>err &
		{ head -c 100000 data; soon confined_among $!; } >pipe
		wait $!
		[ ! -s err ]
		[ "$(awk '/^(Uid|Gid):/ { printf "%s%s", sep, $2; sep = "\t" }' status)" = "$want" ] || { echo "$asked"; cat status; return 1; }
		rm pipe
	done
}

@test "confine: an ordinary user, and root of a user namespace, are confined too" {
	confined
	need unshare setpriv
	[ "$(id -u)" = 0 ] || skip 'only root can become others'
	gzdeflate <data >want
	for as in 'setpriv --reuid 12345 --regid 12345 --clear-groups' 'unshare -r'; do
		mkfifo pipe
		$as gzdeflate <pipe >out 2>err &
		{
			head -c 100000 data
			soon grep -qx 'Seccomp:	2' /proc/$!/status
			grep -E '^(CapEff|NoNewPrivs)' /proc/$!/status >status
			tail -c +100001 data
		} >pipe
		wait $!
		cmp out want
		[ ! -s err ]
		diff status - <<<$'CapEff:\t0000000000000000\nNoNewPrivs:\t1'
		rm pipe
	done
}

@test "confine: core-trace runs nothing, connects nowhere, traces nobody" {
	confined
	intruder EPERM execve socket connect ptrace process_vm_readv renameat setns io_uring_setup
	INTRUDE=core-trace LD_PRELOAD=$PWD/intruder.so core-trace core >out 2>err || :
	[ "$(grep -c ': refused$' err)" = 8 ] && ! grep ': allowed$' err || { cat err; return 1; }
	# With -D it asks servers.
	INTRUDE=core-trace LD_PRELOAD=$PWD/intruder.so core-trace -D core >out 2>err || :
	run -1 grep ': refused$' err
}

@test "confine: of the executable and of a core's headers no byte is read by root" {
	confined
	need strace
	[ "$(id -u)" = 0 ] || skip 'only root can give it up'
	sleep 100 3>&- &
	strace -f -qq -s 4 -o trace core-info -p $! >lines
	kill $!
	grep -q '^build_id=' lines
	# pid, then the call: a process that has loaded a filter, or whose parent had.
	awk '/ seccomp\(SECCOMP_SET_MODE_FILTER.*len=/ { confined[$1] = 1 }
		/ pread64\(.*177ELF/ { n++; if (!($1 in confined)) { print; bad = 1 } }
		END { exit bad || n == 0 }' trace
	# core-capture itself parses nothing: its child makes no call but to get more, to get memory, and to end.
	strace -f -qq -o trace core-capture <core >out
	cmp out core
	awk '/ setresuid\(65534/ { nobody[$1] = 1 }
		/ seccomp\(SECCOMP_SET_MODE_FILTER.*len=/ { confined[$1] = 1; next }
		$1 in confined && $1 in nobody { n++; if ($2 !~ /^(read|write|mmap|munmap|brk|close|exit_group|mremap|<\.\.\.)/) { print; bad = 1 } }
		END { exit bad || n < 4 }' trace
}

@test "confine: what a misled reader leaves is checked by those who are root" {
	cat >lie.c <<-'END'
	#include <stdlib.h>
	#include <string.h>
	#include <unistd.h>
	#include "core/core.h"
	#include "elf/id.h"

	enum elf_id_status
	__wrap_elf_id_read(int fd, const char *section, struct elf_id *id)
	{
		(void)fd;
		(void)section;
		memset(id, 0, sizeof(*id));
		id->build_id_len = 100000;
		return ELF_ID_OK;
	}

	void __real_core_show(struct core *c, uint64_t at, const uint8_t *bytes, size_t n);
	_Noreturn void __real__exit(int status);

	static struct core *parsed;

	void
	__wrap_core_show(struct core *c, uint64_t at, const uint8_t *bytes, size_t n)
	{
		const char *how = getenv("LIE");

		__real_core_show(c, at, bytes, n);
		parsed = c;
		if (how != NULL && c->auxv_len > 0 && strcmp(how, "die") == 0)
			abort();
		while (how != NULL && c->auxv_len > 0 && strcmp(how, "hang") == 0)
			pause();
	}

	/* Of the largest segment, many of one page each, and one of the rest; the headers end with it if few. */
	static void
	split(struct core_load *load, size_t most, int few)
	{
		size_t n = parsed->loads, k = 0, pages;
		struct core_load whole;

		for (size_t i = 0; i < n; i++)
			k = load[i].len > load[k].len ? i : k;
		whole = load[k];
		pages = whole.len / 4096 < most ? whole.len / 4096 : most;
		memmove(load + k + pages, load + k + 1, (n - k - 1) * sizeof(*load));
		for (size_t i = 0; i < pages; i++)
			load[k + i] = (struct core_load){ .offset = whole.offset + i * 4096,
				.vaddr = whole.vaddr + i * 4096,
				.len = i + 1 < pages ? 4096 : whole.len - i * 4096 };
		parsed->loads = n - 1 + pages;
		/* The first header is that of the notes. */
		if (few)
			parsed->segments = k + 2;
	}

	/* The parser has left all: what it shares begins with the core and its segments. */
	void
	__wrap__exit(int status)
	{
		const char *how = getenv("LIE");

		if (how == NULL || parsed == NULL)
			__real__exit(status);
		if (strcmp(how, "note") == 0)
			parsed->note[0].len = 0;
		else if (strcmp(how, "split") == 0)
			split((struct core_load *)(parsed + 1), 30000, 0);
		else if (strcmp(how, "few") == 0)
			split((struct core_load *)(parsed + 1), 8000, 1);
		else if (strcmp(how, "many") == 0)
			parsed->loads = 1u << 30;
		else if (strcmp(how, "auxv") == 0)
			parsed->auxv_len = 1u << 30;
		else if (strcmp(how, "table") == 0)
			parsed->table.offset = 1u << 30;
		else if (strcmp(how, "segments") == 0)
			parsed->segments = 1u << 30;
		__real__exit(status);
	}
	END
	for program in core-info core-capture; do
		${CC:-cc} ${CFLAGS-} -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64 -DVERSION='"x"' -DCONF_FILE='"x"' -DDUMPS_DIR='"x"' \
			-I"$T/../lib" -I"$T/../tools" -o lying-$program "$T/../tools/$program.c" lie.c "$BUILD/libgzcore.a" \
			-Wl,--wrap=elf_id_read,--wrap=core_show,--wrap=_exit -Wl,--as-needed \
			$(pkg-config --libs $(sed -n 's/^Requires: //p' "$BUILD/gzcore.pc.in")) -ldl -pthread ${LDFLAGS-}
	done
	./lying-core-info -p $$ >lines
	grep -qx uuid= lines
	run -1 grep build_id lines
	# Its own memory, 64 MiB of it never touched; as the kernel writes it: headers, notes, memory.
	python3 -c 'if 1:
		import mmap, time
		m = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
		m[:8] = b"touched!"
		print(flush=True)
		time.sleep(600)' >ready 3>&- &
	held=$!
	soon [ -s ready ]
	kill -STOP $held
	gdb -nx -q -batch -ex "attach $held" -ex 'generate-core-file live' >/dev/null 2>&1 </dev/null 3>&-
	core-trim -m 1G -r 0:0xffffffffffff0000 live >stream
	for lie in note split few many auxv table segments die hang; do
		# With the holes left out, and with them.
		for holes in 1 0; do
			[ $holes = 1 ] || [ $lie = note ] || continue
			status=0
			LIE=$lie timeout 60 ./lying-core-capture -z $holes -p $held <stream 2>err | head -c 3000000000 | wc -c >size
			[ "${PIPESTATUS[0]}" = 0 ] || { echo "$lie $holes: ${PIPESTATUS[*]}"; cat err; return 1; }
			[ "$(cat size)" -le "$(($(stat -c %s stream) + 65536))" ]
		done
	done
	kill -KILL $held
	run -1 pgrep -x lying-core-capt
}
