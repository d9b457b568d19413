# For tests of programs that read a directory of dumps.

# dump NAME [KEY=VALUE …]: makes a record like the handler's, with these values changed.
dump() {
	local name=$1 line
	shift
	mkdir -p d
	for line in uuid=33d849c9-ff5b-4fbb-9307-242b9c133e5c record=1 build_id=b23b98b4bd3f853963613715bcede0b83cdf8066 \
		pid=10 signame=SIGSEGV comm=victim exe=/opt/victim time=2026-11-25T10:20:30Z \
		fingerprint=e6e54d0c0ab3be17 stored=whole complete=yes; do
		for change; do
			[ "${line%%=*}" != "${change%%=*}" ] || line=$change
		done
		[ "${line#*=}" = '' ] && [ "${line%%=*}" != uuid ] || printf '%s\n' "$line"
	done >"d/$name.txt"
}

# at_work NAME: makes the record look like that of a handler at work: locks it as core-store -l does, on descriptor 6,
# until that is closed.
at_work() {
	exec 6<"d/$1.txt"
	python3 -c 'import fcntl, struct; fcntl.fcntl(6, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 0, 0, 0))'
}
