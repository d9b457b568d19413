# "make analyze" and "make check-valgrind" notice mistakes; "make coverage" counts right.

load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	! grep -q sanitize= "$BUILD/.flags" || skip 'the mistakes of a sanitized build are the sanitizer'"'"'s to find'
}

# analyze [OPTION…] FILE…: in this directory, with the exceptions in the file exceptions.
analyze() {
	python3 "$T/analyze/analyze.py" -x exceptions "$@"
}

@test "analyze: gcc and cppcheck find a leak, a null pointer, a stray index; an exception is none" {
	need gcc cppcheck
	: >exceptions
	cat >bad.c <<-'END'
	#include <stdlib.h>
	#include <string.h>

	int
	lose(const char *text)
	{
	    char *copy = malloc(strlen(text) + 1);

	    if (copy == NULL)
	        return -1;
	    strcpy(copy, text);
	    return copy[0] == 'x';
	}

	int
	follow(void)
	{
	    int *p = NULL;

	    return *p;
	}

	int
	stray(void)
	{
	    int a[4] = { 0 };

	    return a[4];
	}
	END
	run -1 --separate-stderr analyze bad.c
	for found in 'lose: * \[malloc-leak\]' 'follow: * \[null-dereference\]' 'follow: * \[nullPointer\]' 'stray: * \[arrayIndexOutOfBounds\]'; do
		# shellcheck disable=SC2053
		[[ $output == *bad.c:*$found* ]] || { echo "$found: $output $stderr"; return 1; }
	done
	printf 'malloc-leak bad.c lose\tit is not\n' >exceptions
	run -1 --separate-stderr analyze bad.c
	[[ $output != *' lose: '*malloc-leak* && $output == *'follow: '* ]]
	cat >good.c <<-'END'
	int
	add(int a)
	{
	    return a + 1;
	}
	END
	run -0 --separate-stderr analyze good.c
	[ "$output" = '1 files, 0 findings, 0 of them exceptions' ]
	echo 'int x' >broken.c
	run -2 --separate-stderr analyze good.c broken.c
	[[ $stderr == *'broken.c: does not compile' ]]
}

@test "analyze: an exception names a file and a function that are there, and has a reason" {
	cd "$T/.."
	grep -vE '^(#|$)' t/analyze/exceptions >"$BATS_TEST_TMPDIR/list"
	[ -s "$BATS_TEST_TMPDIR/list" ]
	while read -r check file function reason; do
		grep -q "^$function(" "$file" && [ -n "$reason" ] || { echo "$check $file $function: $reason"; return 1; }
	done <"$BATS_TEST_TMPDIR/list"
}

@test "valgrind: memory that was not set, lost or overrun, and a wrong status are noticed" {
	need valgrind
	mkdir instead
	ln -s "$BUILD"/* instead/
	rm instead/core-name
	tried() {
		printf '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n' >prog.c
		cat >>prog.c
		${CC:-cc} -g -O0 -w -o instead/core-name prog.c
		run -1 python3 "$T/valgrind/valgrind.py" instead core-name
		# shellcheck disable=SC2053
		[[ $output == *"core-name "*$1*'1 rows, 1 not clean' ]] || { echo "$output"; return 1; }
	}
	tried 'a report'*'uninitialised' <<-'END'
	int main(void) { char *p = malloc(8); if (p[3] == 7) puts("x"); free(p); return 0; }
	END
	tried 'a report'*'definitely lost' <<-'END'
	int main(void) { char *volatile p = malloc(8); p = NULL; puts("x"); return 0; }
	END
	tried 'a report'*'Invalid write' <<-'END'
	int main(void) { char *p = malloc(8); p[8] = 1; free(p); puts("x"); return 0; }
	END
	tried 'another output' <<-'END'
	int main(void) { puts(getenv("LD_PRELOAD") != NULL ? "valgrind" : "alone"); return 0; }
	END
	tried 'status 1, not 0' <<-'END'
	int main(void) { return getenv("LD_PRELOAD") != NULL; }
	END
	run -0 python3 "$T/valgrind/valgrind.py" "$BUILD" core-name
	[ "${lines[-1]}" = '1 rows, 0 not clean' ]
}

@test "coverage: what a child runs before _exit or exec counts; what nothing runs is named" {
	need gcc gcov
	cat >prog.c <<-'END'
	#include <sys/wait.h>
	#include <unistd.h>

	static int
	twice(int n)
	{
	    return 2 * n;
	}

	static int
	thrice(int n)
	{
	    return 3 * n;
	}

	static int
	never(int n)
	{
	    n++;

	    return n;
	}

	int
	main(int argc, char **argv)
	{
	    (void)argv;
	    if (fork() == 0)
	        _exit(twice(argc) != 2);
	    if (fork() == 0) {
	        execvp("true", (char *[]){ thrice(1) == 3 ? "true" : "false", NULL });
	        return 1;
	    }
	    while (wait(NULL) > 0)
	        continue;
	    return argc > 1 ? never(argc) : 0;
	}
	END
	mkdir -p out/tools
	gcc -c -o out/ends.o "$T/coverage/ends.c"
	gcc -O0 --coverage -c -o out/tools/prog.o prog.c
	gcc --coverage -Wl,--wrap=_exit,--wrap=execvp -o out/prog out/tools/prog.o out/ends.o
	run -0 python3 "$T/coverage/coverage.py" out
	[[ ${lines[-1]} == '  0.0 %  all: 0 of '* ]] || { echo "$output"; false; }
	out/prog
	run -0 python3 "$T/coverage/coverage.py" out
	[[ ${lines[0]} =~ ^' '[0-9.]+' %  prog.c: '[0-9]+' of '[0-9]+'; never 17-2'[12]$ ]] || { echo "$output"; false; }
	run -1 python3 "$T/coverage/coverage.py" none
}
