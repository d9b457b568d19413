# A short turn of "make fuzz", with the programs and the library as they are, and that it can fail.

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

# built TARGET [FILE ...]: a fuzz target without libFuzzer, with the library, after which other files may come first.
built() {
	local name=$1
	shift
	# shellcheck disable=SC2086 # several words
	${CC:-cc} -std=c11 -pthread -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64 -I"$T/../lib" ${CFLAGS-} -Wl,-z,muldefs \
		-o "$name" "$T/fuzz/once.c" "$T/fuzz/$name.c" "$T"/fuzz/{target,reference}.c "$@" "$BUILD/libgzcore.a" \
		-Wl,--as-needed $(pkg-config --libs zlib libelf libdw) \
		$(pkg-config --exists libisal && pkg-config --libs libisal) \
		$(pkg-config --exists libdeflate && pkg-config --libs libdeflate) \
		$(pkg-config --exists libseccomp && pkg-config --libs libseccomp) ${LDFLAGS-} -ldl
}

@test "fuzz: each target takes what it starts from, and what once found a fault" {
	python3 "$T/fuzz/corpus.py" "$BUILD" seeds
	for name in $(ls seeds); do
		[ -f "$T/fuzz/$name.c" ]
		built "$name"
		run -0 "./$name" seeds/"$name"/*
		[ -z "$output" ] || { echo "$name: $output"; false; }
	done
	[ "$(ls seeds | wc -l)" -eq 10 ]
}

@test "fuzz: a library that reads wrongly, or makes a name that is not safe, fails a target" {
	python3 "$T/fuzz/corpus.py" "$BUILD" seeds
	cat >wrong_name.c <<-'EOF'
	#include <string.h>
	#include "crash/name.h"
	int name_make(struct name *n, const char *template, const char *lines)
	{
		(void)template, (void)lines;
		n->len = strlen(strcpy(n->text, "../x"));
		return 0;
	}
	EOF
	built name wrong_name.c
	run -134 ./name seeds/name/000
	[[ $output == *'name.c:'*': does not hold: '* ]]
	# Each member is said to be sound, and its data is left as it is.
	cat >wrong_member.c <<-'EOF'
	#include "gzip/member.h"
	int member_decode(struct member *m, const struct member_body *b, uint8_t *data)
	{
		(void)m;
		for (size_t i = 0; i < b->data_len; i++)
			data[i] = 'x';
		return 1;
	}
	EOF
	for name in gzip members; do
		built "$name" wrong_member.c
		run -134 "./$name" seeds/"$name"/*
		[[ $output == *"$name.c:"*': does not hold: '* ]]
	done
}

@test "fuzz: targets.py: a target that fails is told with how to run it again, the next one runs" {
	mkdir -p bin/targets bin/seeds
	cat >bin/targets/bad <<-'EOF'
	#!/bin/sh
	for option; do
		case $option in
		-artifact_prefix=*) echo input >"${option#*=}crash-1" ;;
		esac
	done
	echo 'bad.c:1: does not hold: x' >&2
	kill -ABRT $$
	EOF
	printf '#!/bin/sh\necho "stat::number_of_executed_units: 123"\necho "$*" >asked\n' >bin/targets/good
	chmod 755 bin/targets/*
	run -1 python3 "$T/fuzz/targets.py" -k kept -t 7 bin
	[[ $output == *'bad: bad.c:1: does not hold: x'* ]]
	[[ $output == *'bad: run it again: bin/targets/bad kept/bad-crash-1'* ]]
	grep -qE '^\| bad \| [0-9]+ \| 0 \| [0-9]+ \| 1 \|$' <<<"$output"
	grep -qE '^\| good \| [0-9]+ \| 123 \| [0-9]+ \| 0 \|$' <<<"$output"
	[ "$(cat kept/bad-crash-1)" = input ]
	grep -q -- '-max_total_time=7 -seed=1 ' asked
	run -0 python3 "$T/fuzz/targets.py" -k none -t 1 bin good
	[ ! -e none ]
	run -2 python3 "$T/fuzz/targets.py" -t 0 bin
	run -2 python3 "$T/fuzz/targets.py"
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
