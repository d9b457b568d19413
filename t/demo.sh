#!/bin/sh
# Crashes a real process and shows, step by step, what is stored.  Leaves the machine as it was.
set -u
LC_ALL=C
export LC_ALL
umask 077
: "${BUILD:?the folder with the programs}"
top=$(cd "${0%/*}/.." && pwd)
kernel=/proc/sys/kernel

# A short path, since the kernel cuts a pattern of over 127 bytes.  The user nobody reads the stack, and must have access
# to the program that crashed.
tmp=$(mktemp -d /tmp/gzdemo.XXXXXX) && chmod 711 "$tmp" || exit 2
PATH=$tmp/bin:$PATH
installed=no

clean_up() {
	[ $installed = no ] || "$tmp/bin/gzcoredump" -u >/dev/null
	[ ! -d "$tmp/saved" ] || for f in "$tmp"/saved/*/*; do
		cat "$f" >"/proc/sys/${f#"$tmp/saved/"}"
	done
	rm -rf -- "$tmp"
}
trap clean_up EXIT
trap 'exit 2' HUP INT TERM

step() {
	printf '\n== %s\n' "$*"
}

# show COMMAND ...: prints the command as a user would type it, and then its output.
show() {
	printf '$ %s\n' "$*"
	sh -c "$*" 2>&1 | sed 's/^/  /'
}

die() {
	echo "demo: $*" >&2
	exit 2
}

cd "$tmp" || exit 2
make -s -C "$top" install-built B="$BUILD" PREFIX="$tmp" SYSCONFDIR="$tmp/etc" \
	LOCALSTATEDIR="$tmp/var" >/dev/null || die 'not installed'
mkdir -p var/log var/lib

step 'A program with an identity, 200 MB of heap, and a bug'
cat >victim.c <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct order {
	int id;
	char note[60];
};

static int
ship(const struct order *o)
{
	return o->note[o->id];
}

static int
process(struct order *all, size_t n)
{
	int sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += ship(&all[i]);
	return sum + ship(NULL);
}

int
main(void)
{
	size_t n = 200 * 1024 * 1024 / sizeof(struct order);
	struct order *all = calloc(n, sizeof(*all));

	for (size_t i = 0; all != NULL && i < n; i++) {
		all[i].id = (int)(i % 60);
		snprintf(all[i].note, sizeof(all[i].note), "order %zu: %zu pieces", i, i * 7919 % 1000);
	}
	return process(all, n);
}
C
show "${CC:-cc} -g -O1 -fno-inline -o victim victim.c"
[ -x victim ] || die 'no victim without a compiler'
chmod 755 victim
show 'elf-uuid-stamp victim'
show 'elf-uuid victim'

record=
# The kernel looks up its handler in the root directory of its own threads, where a chroot's programs are not.
# shellcheck disable=SC3013 # dash, busybox ash and bash have -ef
if [ -w $kernel/core_pattern ] && [ /proc/2/root/. -ef /. ]; then
	if command -v flock >/dev/null; then
		exec 9>/tmp/gzcoredump-kernel.lock
		flock 9
	fi
	# Save them under the lock: before, they may be the settings of a test.
	mkdir -p saved/kernel saved/fs
	for key in kernel/core_pattern kernel/core_pipe_limit kernel/core_file_note_size_limit fs/suid_dumpable; do
		[ ! -e "/proc/sys/$key" ] || cat "/proc/sys/$key" >"saved/$key"
	done
	step 'gzcoredump becomes the handler of this kernel'
	installed=yes
	show 'gzcoredump -i'
	[ "$(cut -c 1-8 $kernel/core_pattern)" = "|$(printf %.7s "$tmp")" ] || die 'not the handler'
	step 'The crash'
	printf '$ ./victim\n'
	(./victim) 2>&1 | sed 's/^/  /'
	i=0
	# Other programs may crash meanwhile.
	until record=$(grep -l '^comm=victim$' var/lib/gzcoredump/*.txt 2>/dev/null) &&
		grep -q '^complete=' "$record" && ! grep -q '^pending=' "$record"; do
		i=$((i + 1))
		[ $i -lt 60 ] || die "no record: $(cat var/log/gzcoredump.log)"
		sleep 1
	done
	show 'cat var/log/gzcoredump.log'
else
	step 'core_pattern cannot be set here (no root, a container, or a chroot)'
	echo 'So gdb makes the core of the running program, and we pass it to the handler.'
	echo 'gdb writes the notes last, so this record has no uuid, and there is no small core.'
	echo 'A core from the kernel has both.'
	command -v gdb >/dev/null || die 'gdb is not here'
	gdb -nx -q -batch -ex 'run' -ex 'generate-core-file demo.core' ./victim >/dev/null 2>&1
	[ -f demo.core ] || die 'gdb made no core'
	show "gzcoredump -k P0 s11 evictim <demo.core"
	record=$(grep -l '^complete=' var/lib/gzcoredump/*.txt) ||
		die "no record: $(cat var/log/gzcoredump.log)"
fi
grep -qx stored=whole "$record" || die "not stored whole: $(cat "$record" var/log/gzcoredump.log)"

step 'What is stored: the compressed core, and the record beside it'
stored=${record%.txt}.gz
show 'ls -l var/lib/gzcoredump'
show "cat $record"
core_bytes=$(sed -n 's/^bytes=//p' "$record")
if [ $installed = yes ]; then
	grep -q '^frame=.*process' "$record" || die 'the record does not name the caller of what crashed'
fi
stored_bytes=$(wc -c <"$stored" | tr -d ' ')
echo "The core: $core_bytes bytes; stored: $stored_bytes, $((stored_bytes * 1000 / core_bytes)) thousandths of it."

step 'The file is valid gzip, and decompresses to the core, with holes in place of zeros'
show "gzip -t $stored && echo whole"
show "zinflate $stored >core"
show 'core-info core'

step 'Which program the core belongs to'
uuid=$(elf-uuid victim)
show 'core-info core | grep ^uuid='
[ "$(core-info core | sed -n 's/^uuid=//p')" = "$uuid" ] || die "not the uuid of victim, $uuid"
echo "elf-uuid victim prints the same: $uuid"

step 'The backtrace'
if command -v gdb >/dev/null; then
	show "gdb -nx -q -batch -ex 'bt' ./victim core 2>/dev/null | sed '1,/^#0/d' | grep '^#'" | tee bt
elif command -v eu-stack >/dev/null; then
	show 'eu-stack -e victim --core=core' | tee bt
else
	die 'neither gdb nor eu-stack is here'
fi
grep -q ship bt || die 'the backtrace does not name the function that crashed'

if [ -f "${record%.txt}.small.gz" ]; then
	step 'The small core beside it: the same backtrace from a thousandth of the bytes'
	show "zinflate ${record%.txt}.small.gz >small"
	show 'core-info small | grep -E "^(bytes|trimmed|kept)"'
	if command -v gdb >/dev/null; then
		show "gdb -nx -q -batch -ex 'bt' ./victim small 2>/dev/null | sed '1,/^#0/d' | grep '^#'" | tee small.bt
		grep -q ship small.bt || die 'the small core does not name the function that crashed'
	fi
elif [ $installed = yes ]; then
	die 'no small core'
fi
step 'Done; the settings of the machine are restored'
