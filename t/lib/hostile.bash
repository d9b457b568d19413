# For tests with users who attack the handler; they need kernel.bash.

# Before a command: as a user.
user='setpriv --reuid 4711 --regid 4711 --clear-groups'

# hostile_install: for setup_file: the handler, and a program $P/prog that other users can run too.
hostile_install() {
	export BATS_NO_PARALLELIZE_WITHIN_FILE=true
	kernel_install || return
	[ -n "${P-}" ] || return 0
	chmod 755 "$P"
	crasher "$P/prog"
	export LOG=$P/var/log/gzcoredump.log
}

# logged TEXT: waits for a line of the log with it.
logged() {
	soon grep -qF -- "$1" "$LOG"
}

# script NAME: a command for the configuration, from standard input.
script() {
	{ echo '#!/bin/sh'; cat; } >"$P/$1"
	chmod 755 "$P/$1"
}

# slow_to_ask: when the handler first asks about a process, it is $P/asked, and goes on once there is $P/answer; what
# asks later, about who got its number, waits until that has been done, too.
slow_to_ask() {
	rm -rf "$P/asked" "$P/answer" "$P/answered"
	mv "$P/bin/core-record" "$P/bin/core-record.there"
	script bin/core-record <<-EOF
	if [ "\$1" = begin ] && mkdir "$P/asked" 2>/dev/null; then
		until [ -e "$P/answer" ]; do sleep 0.05; done
		"$P/bin/core-record.there" "\$@"
		status=\$?
		: >"$P/answered"
		exit \$status
	fi
	[ "\$1" != begin ] || until [ -e "$P/answered" ]; do sleep 0.05; done
	exec "$P/bin/core-record.there" "\$@"
	EOF
}

# killed: $pid is killed while it is dumped, and gone.  Its headers are in the pipe by then, which is full.
killed() {
	soon [ -d "$P/asked" ]
	soon grep -q '^State:.S' "/proc/$pid/status"
	kill -KILL "$pid"
	wait "$pid" || :
}

# again WHO COMMAND ...: starts it with the number $pid, as root, or as the user 4711 until it is dumped.
again() {
	cat >again.py <<-'EOF'
	import ctypes, os, struct, sys, time
	pid, who, *command = sys.argv[1:]
	pid = int(pid)
	number = (ctypes.c_int * 1)(pid)
	args = ctypes.create_string_buffer(struct.pack("11Q", 0, 0, 0, 0, 17, 0, 0, 0, ctypes.addressof(number), 1, 0))
	child = ctypes.CDLL(None, use_errno=True).syscall(435, args, 88)
	if child == 0:
	    if who == "user":
	        os.setgroups([])
	        os.setgid(4711)
	        os.setuid(4711)
	    os.execv(command[0], command)
	assert child == pid, child
	want = "CoreDumping:\t1" if who == "user" else "Name:\t" + os.path.basename(command[0])
	for _ in range(1000):
	    if want in open(f"/proc/{pid}/status").read():
	        sys.exit()
	    time.sleep(0.02)
	sys.exit(f"{pid}: not {want}")
	EOF
	python3 again.py "$pid" "$@" 3>&- 20>&- >/dev/null
}

# suid: a set-user-ID program whose dump the kernel calls as usual.
suid() {
	kernel_set fs/suid_dumpable 1
	cp "$P/prog" "$P/suid"
	chmod 4755 "$P/suid"
}

# go_on: lets a handler that slow_to_ask stopped go on, for teardown.
go_on() {
	[ ! -e "${P-}/asked" ] || : >"$P/answered" >"$P/answer"
}

# all_answered: ends what slow_to_ask began.
all_answered() {
	[ ! -e "${P-}/bin/core-record.there" ] || mv "$P/bin/core-record.there" "$P/bin/core-record"
}
