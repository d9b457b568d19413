#!/usr/bin/env bats
# What a program can still do once its input is open.

load lib/common

# Those that confine themselves, each with options to read standard input.
programs=("gzdeflate" "gzdeflate -T 1" "gzdeflate -s" "zdeflate" "zinflate" "zinflate -T 1" "gzdeflate -d")

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	! grep -q sanitize "$BUILD/.flags" || skip 'a sanitizer opens files whenever it likes'
	noise 3000000 >data
	gzdeflate -b 64K data >data.gz
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
	*) echo data ;;
	esac
}

@test "confine: -V and the manual have the same system calls, at most 25" {
	for program in gzdeflate zdeflate zinflate; do
		calls=$($program -V | sed 1,2d | tr -s ' \n' '\n\n' | sed '/^$/d')
		[ "$(wc -l <<<"$calls")" -le 25 ]
		[ "$(wc -l <<<"$calls")" -ge 20 ]
		sed -n '/^\.Sh SECURITY/,/^\.Ed/p' "$T/../tools/$program.1" | sed -n '/^\.Bd/,/^\.Ed/p' | sed '1d;$d' |
			tr ' ' '\n' | diff - <(echo "$calls")
		# None opens, executes, connects, traces, or changes what others have.
		run -1 grep -E '^(open|exec|socket|connect|bind|ptrace|process_|kill|tgkill|unlink|rename|link|chmod|chown|mount|setu|ioctl|fork|clone3)' \
			<<<"$calls"
		[ "$($program -V | awk 'length > 78' | wc -l)" = 0 ]
	done
}

@test "confine: ten calls that would help an intruder are refused, and the work is done" {
	confined
	cat >intruder.c <<-'END'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <errno.h>
	#include <fcntl.h>
	#include <stdio.h>
	#include <string.h>
	#include <sys/ptrace.h>
	#include <sys/socket.h>
	#include <sys/syscall.h>
	#include <unistd.h>

	static void
	tell(const char *call, long rc)
	{
		char line[64];

		if (rc < 0 && errno == ENOSYS)
			snprintf(line, sizeof(line), "%s: refused\n", call);
		else
			snprintf(line, sizeof(line), "%s: %ld\n", call, rc);
		write(2, line, strlen(line));
	}

	/* The first call of the program that gets a byte of its input. */
	static void
	intrude(void)
	{
		static int done;
		char *argv[] = { "/bin/true", NULL };

		if (done++)
			return;
		tell("openat", syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY));
		tell("socket", syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0));
		tell("clone3", syscall(SYS_clone3, NULL, 0));
		tell("ptrace", syscall(SYS_ptrace, PTRACE_ATTACH, 1, 0, 0));
		tell("kill", syscall(SYS_kill, 1, 0));
		tell("unlinkat", syscall(SYS_unlinkat, AT_FDCWD, "data", 0));
		tell("setresuid", syscall(SYS_setresuid, 0, 0, 0));
		tell("process_vm_readv", syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0));
		tell("prctl", syscall(SYS_prctl, 4, 1, 0, 0, 0));
		tell("execve", syscall(SYS_execve, argv[0], argv, NULL));
	}

	ssize_t
	read(int fd, void *buf, size_t n)
	{
		if (fd == 0)
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
		static ssize_t (*next)(int, void *, size_t, off_t);

		/* A file's first bytes are looked at before. */
		if (fd == 0 && at > 0)
			intrude();
		if (next == NULL)
			*(void **)&next = dlsym(RTLD_NEXT, "pread64");
		return next(fd, buf, n, at);
	}
	END
	${CC:-cc} -shared -fPIC -D_FILE_OFFSET_BITS=64 -O1 -w -o intruder.so intruder.c -ldl
	for program in "${programs[@]}"; do
		file=$(input "$program")
		$program <"$file" >want
		cat "$file" | LD_PRELOAD=$PWD/intruder.so $program >out 2>err || { echo "$program: $?"; cat err; return 1; }
		cmp out want
		[ "$(wc -l <err)" = 10 ] && ! grep -v ': refused$' err || { echo "$program"; cat err; return 1; }
	done
	# And without confinement the same calls are there.
	cat data | GZCORE_CONFINE=no LD_PRELOAD=$PWD/intruder.so gzdeflate >out 2>err || :
	head -n 1 err | grep -qx 'gzdeflate: not confined: GZCORE_CONFINE=no'
	run -1 grep refused err
}

@test "confine: a root that reads is nobody, without capabilities, and under a filter" {
	confined
	[ "$(id -u)" = 0 ] || skip 'only root can give it up'
	for program in "${programs[@]}"; do
		mkfifo pipe
		$program <pipe >out &
		reader=$!
		# It has read some, and waits for the rest.
		{ head -c 100000 "$(input "$program")"; soon grep -qx 'Seccomp:	2' /proc/$reader/status
			cp /proc/$reader/status status; tail -c +100001 "$(input "$program")"; } >pipe
		wait $reader
		for line in 'Uid:	65534	65534	65534	65534' 'Gid:	65534	65534	65534	65534' 'Groups:	 ' \
			'NoNewPrivs:	1' 'Seccomp:	2'; do
			grep -qx "$line" status || { echo "$program: $line"; cat status; return 1; }
		done
		[ "$(grep -cE '^Cap(Inh|Prm|Eff|Amb):	0+$' status)" = 4 ]
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
