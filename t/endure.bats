# A short turn of each row of "make endure", and that the rows can fail.

load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	[ "$(id -u)" -eq 0 ] || skip "not root"
	need gcore mkfs.ext4
}

@test "endure: kills, power cuts and full disks leave no broken file, and no leftovers for long" {
	need_fuse
	python3 "$T/endure/endure.py" -n 3 "$BUILD" power image full >table || { cat table; return 1; }
	[ "$(grep -c '| good |$' table)" = 11 ]
}

# need_kernel: skips the test where no handler can be installed, which fails in CI.
need_kernel() {
	[ -n "${CI-}" ] || { [ -w /proc/sys/kernel/core_pattern ] && [ /proc/2/root/. -ef /. ]; } ||
		skip "core_pattern is out of reach"
}

@test "endure: four hostile users and a service: all accounted for, nothing in wrong hands" {
	need_kernel
	python3 "$T/endure/endure.py" -n 40 "$BUILD" users >table || { cat table; return 1; }
	[ "$(grep -c '| good |$' table)" = 1 ]
}

@test "endure: users: lost records, and files that others can read, are noticed" {
	need_kernel
	cp -al "$BUILD" bin
	rm bin/core-record
	# Loses the records of odd numbers, and lets everyone read small cores.
	cat >bin/core-record <<-EOF
	#!/bin/sh
	[ "\$1" = end ] || exec "$BUILD/core-record" "\$@"
	"$BUILD/core-record" "\$@"
	while [ "\$1" != -- ]; do shift; done
	chmod 644 "\$2/\$3.small.gz"
	case \$3 in *[13579].2*Z) rm -f "\$2/\$3.txt" ;; esac
	EOF
	chmod 755 bin/core-record
	run -1 python3 "$T/endure/endure.py" -n 40 "$PWD/bin" users
	[[ $output == *'crashes are not accounted for'* ]]
	[[ $output == *'a file of mode 644'* ]]
	[[ $output == *'a file that another user can read'* ]]
	[[ $output == *'a crash of the service without a record'* ]]
}

@test "endure: the tables notice a missing sync, and a name that is given too early" {
	mkdir bin
	cp "$BUILD"/{core-info,core-list,core-name,core-prune,core-trace,gzdeflate,gzcoredump} bin/
	cp -r "$BUILD/.paths" "$BUILD/.flags" bin/
	# A store that writes to the file itself.
	cat >bin/core-store <<-'EOF'
	#!/bin/sh
	while [ "${1#-}" != "$1" ]; do
		case $1 in -[FlMmoqtuw]) shift ;; esac
		shift
	done
	file=$1
	shift
	case $# in
	0) cat >"$file" ;;
	1) "$@" >"$file" ;;
	*) gzdeflate -1 >"$file" ;;
	esac
	EOF
	chmod 755 bin/core-store
	run -1 python3 "$T/endure/endure.py" -n 2 "$PWD/bin" full
	[[ $output == *"broken file"* || $output == *"but ["* ]]
}

@test "endure: misuse exits 2" {
	run -2 python3 "$T/endure/endure.py"
	run -2 python3 "$T/endure/endure.py" -n x "$BUILD"
	run -2 python3 "$T/endure/endure.py" "$BUILD" no-such-row
	[[ $output == *"rows: power kernel small image full"* ]]
}
