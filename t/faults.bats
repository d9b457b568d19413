# t/faults/faults.py notices a program that does not survive a system call that fails.  All programs: make faults.

load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	need strace
	! grep -q sanitize= "$BUILD/.flags" || skip 'a sanitizer makes calls of its own'
	mkdir instead
	ln -s "$BUILD"/* instead/
	rm instead/core-name
}

# tried TEXT: core-name in C, whose main has this text, does not survive, and why.
tried() {
	printf '#include <errno.h>\n#include <fcntl.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n' >prog.c
	cat >>prog.c
	${CC:-cc} -w -o instead/core-name prog.c
	run -1 python3 "$T/faults/faults.py" -m 2 instead core-name
	[[ $output == *"core-name: $1"* ]] || { echo "$output"; return 1; }
}

@test "faults: a lie, a crash and silence are noticed" {
	tried 'read:error=EIO:when=2: status 0, and another output' <<-'END'
	int main(void) { char b[99]; fcntl(0, F_GETFD); long n = read(0, b, 99); write(1, b, n > 0 ? n : 0); return 0; }
	END
	tried 'read:error=EIO:when=2: ended by signal 6' <<-'END'
	int main(void) { char b[99]; fcntl(0, F_GETFD); if (read(0, b, 99) < 0) abort(); puts("x"); return 0; }
	END
	tried 'read:error=EIO:when=2: status 2 without a word' <<-'END'
	int main(void) { char b[99]; fcntl(0, F_GETFD); if (read(0, b, 99) < 0) return 2; puts("x"); return 0; }
	END
}

@test "faults: a program that says why survives" {
	run -0 python3 "$T/faults/faults.py" -m 2 "$BUILD" core-name
	[[ ${lines[-1]} == *' faults, 0 not survived' ]]
}
