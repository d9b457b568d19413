# How the programs are built: against what misleads them, and with the same bytes everywhere.

load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	! grep -q sanitize= "$BUILD/.flags" || skip 'a sanitizer has its own checks'
	need readelf nm
}

programs() {
	for p in "$BUILD"/*; do
		[ ! -f "$p" ] || [ ! -x "$p" ] || [ "$(head -c 4 "$p" | tr -d '\177')" != ELF ] || echo "$p"
	done
}

@test "hardened: each program: its own place, read-only tables, no stack that can be executed" {
	[ "$(programs | wc -l)" -ge 17 ]
	for p in $(programs); do
		[ "${p##*/}" != fill-keys ] || continue
		[[ $(readelf -hW "$p") == *'DYN (Position-Independent Executable file)'* ]] || { echo "$p: no PIE"; return 1; }
		readelf -dW "$p" | grep -q 'Flags: NOW PIE' || { echo "$p: bound late"; return 1; }
		readelf -lW "$p" >segments
		grep -q GNU_RELRO segments
		grep -E 'GNU_STACK +([^ ]+ +){5}RW ' segments
		run -1 grep -E ' LOAD +([^ ]+ +){5}RWE' segments
		run -1 grep -E 'TEXTREL|RPATH|RUNPATH' <<<"$(readelf -dW "$p")"
		nm -D "$p" >names
		grep -q __stack_chk_fail names || { echo "$p: no stack protector"; return 1; }
		# Calls whose bounds are checked; and none that has no bounds.
		grep -q '_chk@' names
		run -1 grep -E ' (printf|fprintf|vfprintf|strcat|gets|sprintf|vsprintf)@' names
	done
}

@test "hardened: jumps and returns are checked where the processor can" {
	case $(uname -m) in
	x86_64) [ "$(readelf -n "$BUILD/libgzcore.a" | grep -c 'x86 feature: IBT, SHSTK')" -gt 150 ] ;;
	aarch64) [ "$(readelf -n "$BUILD/libgzcore.a" | grep -c 'AArch64 feature: BTI, PAC')" -gt 150 ] ;;
	*) skip 'not on this machine' ;;
	esac
}

@test "hardened: two builds in two folders have the same bytes" {
	mkdir -p one two/with/another/name
	for d in one two/with/another/name; do
		cp -r "$T/../Makefile" "$T/../lib" "$T/../tools" "$T/../examples" $d
		env -u MAKEFLAGS -u CI make -C $d -j2 B=built CFLAGS='-O0 -g' >said 2>&1 || { cat said; return 1; }
	done
	diff -rq one/built two/with/another/name/built --exclude='*.d' || return 1
	run -1 grep -rl "$PWD" one/built --exclude='*.d' --exclude='.flags'
}
