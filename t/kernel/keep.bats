# The files of crashed processes, kept by the handler.

load ../lib/common
load ../lib/kernel

setup_file() {
	export BATS_NO_PARALLELIZE_WITHIN_FILE=true
	kernel_install || return
	[ -n "${P-}" ] || return 0
	mkdir "$P/made"
	crasher "$P/made/prog"
	# The first thread has ended when the second one crashes.
	printf '%s\n' '#include <pthread.h>' '#include <stdlib.h>' '#include <time.h>' \
		'static pthread_t first;' \
		'static void *f(void *a) { (void)a; pthread_join(first, NULL); abort(); }' \
		'int main(void) { pthread_t t; first = pthread_self(); pthread_create(&t, NULL, f, NULL); pthread_exit(NULL); }' \
		>"$P/leader.c"
	${CC:-cc} -pthread -Wl,--build-id -o "$P/made/leader" "$P/leader.c"
}

teardown_file() {
	kernel_remove
}

setup() {
	kernel_ready
	cd "$BATS_TEST_TMPDIR" || return 1
	rm -rf "$DIR"
	: >"$P/var/log/gzcoredump.log"
	mkdir -m 700 home
	cp "$P/made"/* home
	build_id=$(elf-uuid -b home/prog)
	uuid=$(elf-uuid home/prog)
}

# kept FILE: the record says that this very file is kept, by its build-id.
kept() {
	local id
	id=$(elf-uuid -b "$1")
	grep -qxE "kept_module=0x[0-9a-f]+ buildid/$id" "$txt" || { cat "$txt"; cat "$P/var/log/gzcoredump.log"; return 1; }
	cmp "$1" "$DIR/modules/buildid/$id/executable"
}

@test "gzcoredump: the files of a crash are kept: in a 0700 folder, deleted, of another namespace" {
	need unshare
	cp home/prog truth
	for shell in dash 'busybox ash'; do
		# shellcheck disable=SC2086
		under $shell
		rm -rf "$DIR"
		conf keep_modules=foreign small=yes
		crash home/prog
		stored
		kernel_idle
		has stored=whole complete=yes small=whole
		keys
		kept truth
		# Of the host's own files nothing is kept; the address is that of the module.
		[ "$(find "$DIR/modules" -name executable | wc -l)" = 1 ]
		zinflate "${txt%.txt}.gz" >core
		start=$(sed -n 's/^kept_module=\(0x[0-9a-f]*\) .*/\1/p' "$txt")
		core-info -a core | grep -q "^module=$start-0x[0-9a-f]* $build_id "
	done
	rm -rf "$DIR"
	conf keep_modules=foreign
	crash home/prog unlink home/prog
	stored
	kernel_idle
	has exe_deleted=yes
	kept truth
	rm -rf "$DIR"
	cp truth "$P/prog"
	mkdir tree
	cp truth tree/prog
	# Another file at the path that is here too.
	crash unshare -m sh -c 'mount --bind "$1" "$2" && exec "$2/prog"' - "$PWD/tree" "$P/made"
	stored
	kernel_idle
	kept truth
	rm -rf "$DIR"
	crash home/leader
	stored
	kernel_idle
	kept home/leader
	[ "$(wc -l <"$P/var/log/gzcoredump.log")" -le 5 ]
}

@test "gzcoredump: the record names the kept files before core-trace reads it; stack=no too" {
	need_stack
	conf keep_modules=foreign stack=yes
	mv "$P/bin/core-trace" "$P/bin/core-trace.there"
	cat >"$P/bin/core-trace" <<-EOF
	#!/bin/sh
	for file; do :; done
	cp "\${file%.gz}.txt" "$P/seen" 2>/dev/null
	echo frame=here
	EOF
	chmod 755 "$P/bin/core-trace"
	crash home/prog
	stored
	kernel_idle
	mv "$P/bin/core-trace.there" "$P/bin/core-trace"
	grep -q '^kept_module=' "$P/seen"
	grep -qx 'pending=stack' "$P/seen"
	has frame=here
	run -1 grep ^pending= "$txt"
	keys
	rm -rf "$DIR"
	conf keep_modules=all stack=no
	crash home/prog
	stored
	kernel_idle
	run -1 grep ^pending= "$txt"
	keys
	[ "$(grep -c ^kept_module= "$txt")" = "$(grep -c ^module= "$txt")" ] ||
		[ "$(($(grep -c ^kept_module= "$txt") + 1))" = "$(grep -c ^module= "$txt")" ]
}

@test "gzcoredump: keep_modules=no, a filter, a loop, no room: nothing is kept" {
	conf keep_modules=no
	crash home/prog
	stored
	for also in 'filter=cat suffix=gz.cat' min_free=900T; do
		# shellcheck disable=SC2086 # several words
		conf keep_modules=all $also
		crash home/prog
		stored
		kernel_idle
		run -1 grep ^kept_module= "$txt"
		[ ! -e "$DIR/modules" ] || [ -z "$(find "$DIR/modules" -name executable)" ]
	done
	rm -rf "$DIR"
	conf keep_modules=foreign small=yes loop_most=1
	crash home/prog
	stored
	crash home/prog
	stored
	kernel_idle
	has small_why=loop
	run -1 grep ^kept_module= "$txt"
	# A program that is not there, or fails, costs the modules alone.
	mv "$P/bin/core-keep" "$P/bin/core-keep.there"
	conf keep_modules=foreign
	crash home/prog
	stored
	kernel_idle
	has stored=whole
	printf '#!/bin/sh\necho "kept_module=0x1 buildid/a;b"\necho "kept_owner=0x1 0;0"\necho nonsense\nkill -9 $$\n' >"$P/bin/core-keep"
	chmod 755 "$P/bin/core-keep"
	crash home/prog
	stored
	kernel_idle
	mv "$P/bin/core-keep.there" "$P/bin/core-keep"
	has stored=whole
	run -1 grep ^kept_ "$txt"
	grep -q 'core-keep: not there: no modules are kept$' "$P/var/log/gzcoredump.log"
	grep -q ': nonsense$' "$P/var/log/gzcoredump.log"
}

@test "gzcoredump: owner=crashed: the user gets the kept files; others are pruned" {
	conf keep_modules=foreign owner=crashed
	cp home/prog theirs
	chown 4711 home home/prog
	crash setpriv --reuid 4711 --regid 4711 --clear-groups home/prog
	DIR=$DIR/4711 stored
	kernel_idle
	digest=$(sha256sum <theirs | cut -d' ' -f1)
	grep -qxE "kept_module=0x[0-9a-f]+ digest/$digest" "$txt"
	start=$(sed -n "s,^kept_module=\(0x[0-9a-f]*\) digest/$digest\$,\1,p" "$txt")
	has "kept_owner=$start 4711"
	keys
	# So it has a place on that user's own symbol server.
	if command -v rclone >/dev/null; then
		run -0 core-forward -n -H unit7 "$DIR/4711" "$PWD/there"
		grep -qx "would send users/unit7/4711/buildid/$build_id/executable, $(stat -c %s theirs) bytes" <<<"$output"
	fi
	cmp theirs "$DIR/4711/modules/digest/$digest/executable"
	[ "$(find "$DIR/4711" -printf '%U\n' | sort -u)" = 4711 ]
	[ "$(stat -c %U "$DIR/modules/digest/$digest/executable")" = root ]
	# Root's copy is needed by no dump of root's.
	touch -d @1 "$DIR/modules/digest/$digest"
	conf keep_modules_bytes=4K
	crash "$P/made/prog"
	stored
	kernel_idle
	[ ! -e "$DIR/modules/digest/$digest" ]
	grep -q "removed digest/$digest: no dump here needs it" "$P/var/log/gzcoredump.log"
}
