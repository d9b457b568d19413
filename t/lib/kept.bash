# For tests with the files of modules that are kept beside a dump in the directory d.

# linked [OPTION…]: a program in its own directory, with a library; the linker gets the options.
linked() {
	printf '%s\n' 'int price(volatile int *p) { return *p + 1; }' 'int called(volatile int *p) { return price(p) + 1; }' >lib.c
	printf '%s\n' 'int called(volatile int *p);' 'int main(void) { return called((int *)0) + 1; }' >victim.c
	${CC:-cc} -g -shared -fPIC -Wl,-soname,libx.so.1 "$@" -o libx.so.1.2 lib.c
	ln -s libx.so.1.2 libx.so.1
	${CC:-cc} -g "$@" -o victim victim.c ./libx.so.1.2 -Wl,-rpath,'$ORIGIN'
}

# kept_as KIND FILE: keeps the file of a module in d/modules, and prints KIND/HEX.
kept_as() {
	local hex
	case $1 in
	buildid) hex=$(elf-uuid -b "$2") ;;
	digest) hex=$(sha256sum <"$2" | cut -d' ' -f1) ;;
	esac
	mkdir -p "d/modules/$1/$hex"
	cp "$2" "d/modules/$1/$hex/executable"
	chmod 600 "d/modules/$1/$hex/executable"
	[ "$1" = buildid ] || printf '%s\n' "$PWD/$2" >>"d/modules/$1/$hex/paths"
	echo "$1/$hex"
}

# dump_of CORE: makes a dump d/one of it, with the modules in its record.
dump_of() {
	mkdir -p d
	gzdeflate "$1" >d/one.gz
	{
		core-info -a "$1" | sed '/^complete=/d; 1s/.*/uuid=x/'
		printf '%s\n' stored=whole complete=yes
	} >d/one.txt
}

# start_of FILE: the address of a module of the dump, by the end of its path.
start_of() {
	sed -n "s/^module=\(0x[0-9a-f]*\)-.*$1\$/\1/p" d/one.txt | head -n 1
}
