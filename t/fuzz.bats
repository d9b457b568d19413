# A short turn of "make fuzz", with the programs as they are, and that it can fail.

load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	export PYTHONDONTWRITEBYTECODE=1
}

# programs SCRIPT: a build whose programs are all that shell script.
programs() {
	mkdir -p bin
	for p in core-info core-trace core-trim elf-uuid zinflate; do
		printf '#!/bin/sh\n%s\n' "$1" >bin/$p
		chmod 755 bin/$p
	done
}

@test "fuzz: some hundred mutated inputs: no program hangs or dies by a signal" {
	run -0 python3 "$T/fuzz/fuzz.py" -n 60 "$BUILD"
	[ "$(grep -cE '^\| [a-z-]+ \| 1 \| 0 to 59 \| .* \| 0 \|$' <<<"$output")" -eq 5 ] || { echo "$output"; false; }
	[ ! -e fuzz-failed ]
}

@test "fuzz: a signal, a sanitizer's report and any other status are found, and the input is kept" {
	for how in 'kill -SEGV $$' 'exit 3' 'echo "x.c:1:2: runtime error: shift" >&2; exit 2' \
		'echo "==1==ERROR: AddressSanitizer: heap-buffer-overflow" >&2; exit 1'; do
		programs "$how"
		run -1 python3 "$T/fuzz/fuzz.py" -n 2 -k kept bin zinflate elf-uuid
		[ "$(ls kept | xargs)" = "elf-uuid-1-0 elf-uuid-1-0.said elf-uuid-1-1 elf-uuid-1-1.said zinflate-1-0 \
zinflate-1-0.said zinflate-1-1 zinflate-1-1.said" ] || { echo "$how: $output"; ls kept; return 1; }
		rm -r kept
	done
	programs 'exit 2'
	run -0 python3 "$T/fuzz/fuzz.py" -n 2 -k kept bin zinflate elf-uuid
}

@test "fuzz: the same seed and number make the same input, others another" {
	programs 'exit 3'
	python3 "$T/fuzz/fuzz.py" -n 8 -k one bin zinflate >/dev/null || [ $? -eq 1 ]
	python3 "$T/fuzz/fuzz.py" -n 8 -k two bin zinflate >/dev/null || [ $? -eq 1 ]
	python3 "$T/fuzz/fuzz.py" -i 5 -n 1 -k three bin zinflate >/dev/null || [ $? -eq 1 ]
	python3 "$T/fuzz/fuzz.py" -s 2 -n 8 -k four bin zinflate >/dev/null || [ $? -eq 1 ]
	[ "$(ls one | wc -l)" -eq 16 ]
	diff -r one two
	cmp one/zinflate-1-5 three/zinflate-1-5
	run ! cmp one/zinflate-1-5 four/zinflate-2-5
	[ "$(cksum one/*[0-9] | sort -u | wc -l)" -gt 4 ]
}

@test "fuzz: the program forks for each input and reports the status of each" {
	cat >program.c <<-'EOF'
	#include <stdio.h>
	#include <stdlib.h>
	#include <string.h>
	int main(int argc, char **argv)
	{
		static int calls;
		char said[64] = "";
		size_t n = fread(said, 1, sizeof(said) - 1, stdin);

		printf("%d\n", argc);
		fprintf(stderr, "%d %s %zu %s %s", calls++, strrchr(argv[0], '/') ? "path" : argv[0], n, said,
		    argc > 1 ? argv[1] : "");
		if (argc > 1 && strcmp(argv[1], "dies") == 0)
			abort();
		return argc;
	}
	EOF
	${CC:-cc} -Dmain=fuzzed_main -c program.c
	${CC:-cc} -o program "$T/fuzz/serve.c" program.o
	printf 'the input' >in
	printf '%s\n' $'f\tin\t/dev/null\terr1\tin' $'s\tin\tout\terr2' $'p\tin\tout\terr3\ta b\tc' \
		$'f\tin\t/dev/null\terr4\tdies' $'p\tin\tout\terr5' |
		./program >statuses
	printf '%s\n' 512 256 768 6 256 >wanted
	# A core may have been dumped, or not.
	sed 's/^134$/6/' statuses | diff wanted -
	tail -qc 100 err1 | diff <(printf '0 program 0  in') -
	tail -qc 100 err2 | diff <(printf '0 program 9 the input ') -
	diff <(printf '0 program 9 the input a b') err3
	diff <(printf '0 program 0  dies') err4
	diff err2 err5
	[ "$(cat out)" = 1 ]
}

@test "fuzz: misuse exits 2" {
	run -2 python3 "$T/fuzz/fuzz.py"
	run -2 python3 "$T/fuzz/fuzz.py" -n x "$BUILD"
	run -2 python3 "$T/fuzz/fuzz.py" -z "$BUILD"
	run -2 python3 "$T/fuzz/fuzz.py" "$BUILD" gzdeflate
	[[ $output == *"programs: core-trim core-info"* ]]
}

@test "fuzz: zinflate: success with other bytes than zlib's, or a refusal of whole data, is found" {
	seen() {
		programs "$1"
		rm -rf kept
		run -1 python3 "$T/fuzz/fuzz.py" -n 150 -k kept bin zinflate
		[[ $output == *"$2"* ]] || { echo "$output"; return 1; }
	}
	seen 'exit 0' 'success, and zlib says bad'
	seen 'echo x' 'not the bytes that zlib makes'
	seen 'exit 2' 'refused, and zlib says whole'
}
