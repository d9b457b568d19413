# Real crashes, stored as the configuration says, found and opened.

load ../lib/common
load ../lib/kernel

setup_file() {
	need gdb zstd age
	export BATS_NO_PARALLELIZE_WITHIN_FILE=true
	kernel_install || return
	[ -n "${P-}" ] || return 0
	chmod 755 "$P"
	crasher "$P/prog"
	printf '#!/bin/sh\nexec gdb -nx -q -batch -ex bt "$@"\n' >"$P/bt"
	chmod 755 "$P/bt"
	age-keygen -o "$P/key" 2>/dev/null
}

teardown_file() {
	kernel_remove
}

setup() {
	kernel_ready
	cd "$BATS_TEST_TMPDIR" || return 1
	# Records are known by their PID, which comes again.
	rm -rf "$DIR"
}

# opens NAME [OPTION…]: the debugger shows the frame that crashed, and that main called.
opens() {
	local name=$1
	shift
	core-open "$@" -x "$P/bt" "$DIR/$name" >bt 2>said </dev/null || { cat said; return 1; }
	run ! grep '^core-open:' said
	grep -q ' in main (' bt || { cat bt said; return 1; }
}

@test "core-open: last opens the newest crash in any format; core-info and core-trace read it too" {
	for stored in 'level=1' 'compress=zstd -q -1' 'filter=zstd -q -1' "filter=age -r $(age-keygen -y "$P/key")"; do
		rm -rf "$DIR"
		conf "$stored" suffix=stored
		crash "$P/prog" fill 100000
		stored
		opens last -i "$P/key"
		core-info -i "$P/key" "$name.stored" | grep -qx "pid=$pid"
		core-info -i "$P/key" "$name.stored" | grep -qx complete=yes
		core-trace -i "$P/key" "$name.stored" | grep -q '  main+'
	done
}

@test "core-open, core-list: root and the user can both read the user's dumps" {
	local user='setpriv --reuid 4711 --regid 4711 --clear-groups'
	rm -rf "$DIR"
	conf owner=crashed
	crash "$P/prog" fill 100000
	stored
	crash $user "$P/prog" fill 100000
	DIR=$DIR/4711 stored
	name=4711/${name##*/}
	core-list "$DIR" >all
	[ "$(sed 1d all | wc -l)" -eq 2 ]
	grep -q " whole .* $name\$" all
	opens "$name"
	# Programs that the user may run.
	mkdir "$P/user"
	cp "$(command -v core-list)" "$(command -v core-open)" "$P/user/"
	chmod 755 "$P/user"
	$user "$P/user/core-list" "$DIR" | sed 1d | awk '{ print $NF }' >own
	echo "$name" | diff - own
	$user "$P/user/core-open" -x "$P/bt" "$DIR/last" >bt
	grep -q ' in main (' bt
}

@test "core-open: root: the debugger is another user, who gets the 0600 dump and a 0700 program" {
	rm -rf "$DIR"
	conf
	mkdir -p "$P/closed" "$P/shim"
	chmod 700 "$P/closed"
	cp "$P/prog" "$P/closed/prog"
	chmod 700 "$P/closed/prog"
	printf '#!/bin/sh\ngrep -E "^(Uid|CapEff|NoNewPrivs):" /proc/$$/status\nexec %s -nx -q -batch "$@" -ex bt\n' \
		"$(command -v gdb)" >"$P/shim/gdb"
	chmod 755 "$P/shim" "$P/shim/gdb"
	crash "$P/closed/prog" fill 100000
	stored
	[ "$(stat -c %a:%u "$name"*.gz | sort -u)" = 600:0 ]
	run -0 --separate-stderr env SUDO_UID=4711 SUDO_GID=4711 PATH="$P/shim:$PATH" core-open "$DIR/last" </dev/null
	[[ $output == *' in main ('* ]] || { echo "$output $stderr"; false; }
	[[ $stderr != *core-open:* ]]
	[ "$(printf '%s\n' "${lines[@]:0:3}" | tr -s '\t' ' ')" = "$(printf '%s\n' 'Uid: 4711 4711 4711 4711' 'CapEff: 0000000000000000' 'NoNewPrivs: 1')" ]
}
