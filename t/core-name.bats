# core-name: a template and KEY=VALUE lines make a safe file name.

load lib/common

# What core-info -p prints, the keys that a template may ask for.
facts() {
	cat <<-'EOF'
	uuid=0f3c2a51-8d7e-4b6a-9c1d-2e5f7a8b9c0d
	record=1
	uuid_from=section
	pid=4242
	nspid=17
	tid=4243
	nstid=18
	uid=1000
	gid=100
	signal=11
	signame=SIGSEGV
	comm=demo
	exe=/usr/lib/demo/demo-prog
	cmdline=demo\0000--flag\0000
	host=box
	time=2026-11-24T10:20:30Z
	limit=18446744073709551615
	cpu=3
	dumpable=1
	EOF
}

# named TEMPLATE NAME: the facts give this name, and nothing but it and a newline.
named() {
	facts >facts
	core-name "$1" <facts >got 2>err || { echo "$1: status $?: $(cat err)"; return 1; }
	printf '%s\n' "$2" | diff - got || { echo "template: $1"; return 1; }
	[ ! -s err ]
}

# value BYTES NAME: a value of these (as it stands in a line) becomes this name.
value() {
	printf 'comm=%s\n' "$1" >line
	core-name %e <line >got 2>err || { echo "$1: status $?: $(cat err)"; return 1; }
	printf '%s\n' "$2" | diff - got || { echo "value: $1"; return 1; }
}

# What every name must be.
safe() {
	local name
	name=$(cat "$1"; echo x)
	name=${name%x}
	[[ $name == *$'\n' ]] && name=${name%$'\n'}
	[[ $name =~ ^[A-Za-z0-9!+,=@_][A-Za-z0-9!+,.=@_-]*$ ]] && [ "${#name}" -le 192 ] ||
		{ printf 'not safe: %q\n' "$name"; return 1; }
}

@test "core-name: -h and -V answer on standard output, a bad option is misuse" {
	answers core-name
}

@test "core-name: no operand and two operands are misuse" {
	core-name -h >usage
	run -2 core-name </dev/null
	diff usage <(echo "$output")
	run -2 core-name a b </dev/null
	diff usage <(echo "$output")
}

@test "core-name: each specifier of core(5) stands for its key" {
	named %% _
	named %c 18446744073709551615
	named %C 3
	named %d 1
	named %e demo
	named %E '!usr!lib!demo!demo-prog'
	named %f demo-prog
	named %g 100
	named %h box
	named %i 18
	named %I 4243
	named %p 17
	named %P 4242
	named %s 11
	named %t 1795515630
	named %u 1000
}

@test "core-name: specifiers and text stand side by side" {
	named 'core.%e.%P@%h,s=%s' 'core.demo.4242@box,s=11'
	named '%e%e%P' demodemo4242
	named 'plain' plain
}

@test "core-name: %{key} stands for any key" {
	named '%{uuid}' 0f3c2a51-8d7e-4b6a-9c1d-2e5f7a8b9c0d
	named '%{record}.%{uuid_from}.%{signame}' 1.section.SIGSEGV
	named 'a%{comm}b' ademob
}

@test "core-name: %{key:N} takes the first N characters" {
	named '%{uuid:8}' 0f3c2a51
	named '%{uuid:1}' 0
	named '%{uuid:36}' 0f3c2a51-8d7e-4b6a-9c1d-2e5f7a8b9c0d
	named '%{uuid:99}' 0f3c2a51-8d7e-4b6a-9c1d-2e5f7a8b9c0d
	named '%{uuid:18446744073709551615}' 0f3c2a51-8d7e-4b6a-9c1d-2e5f7a8b9c0d
	named 'x%{uuid:0}y' xy
	named '%{time:10}' 2026-11-24
}

@test "core-name: %{time:FORMAT} is the time in UTC as strftime has it" {
	named '%{time}' 2026-11-24T10_20_30Z
	named '%{time:%Y%m%d_%H%M%S}' 20261124_102030
	named '%{time:%a-%j-%b-%%}' Tue-328-Nov-_
	named '%{time:%F}' 2026-11-24
	named '%{time:at}' at
	named 'x%{time:}y' xy
	named '%{time:%D}' 11_24_26
	named '%{time:%z}' +0000
}

@test "core-name: the time does not depend on the caller's time zone" {
	for TZ in EST5 JST-9 Asia/Kolkata :nonsense ''; do
		export TZ
		named '%{time:%H%M}' 1020
		named %t 1795515630
		named '%{time:%s}' 1795515630
	done
}

@test "core-name: a value of time that is no time gives nothing" {
	for time in '' now 2026-11-24 2026-11-24T10:20:30 2026-11-24T10:20:30Zx 1795515630 ' '; do
		printf 'time=%s\n' "$time" >line
		run -0 core-name 'x%t%{time:%Y}y' <line
		[ "$output" = xy ] || { echo "$time: $output"; false; }
	done
	printf 'time=2026-11-24T10:20:30Z\\0000x\n' >line
	run -0 core-name 'x%{time:%Y}' <line
	safe <(echo "$output")
}

@test "core-name: a strftime result that is too long for a name gives nothing" {
	local format
	format=$(printf '%%c%.0s' {1..50})
	named "x%{time:$format}y" xy
	named 'x%{time:%999d}y' xy
	named 'x%{time:%2147483648d}y' xy
}

@test "core-name: a key that is missing gives nothing" {
	named 'a%{nope}-%{nope:3}b' a-b
	named 'a%{com}%{commm}%{omm}b' ab
	printf 'pid=1\n' >line
	for c in c C d e E f g h i I p s t u; do
		run -0 core-name "a%${c}b" <line
		if [ "$c" = p ]; then
			[ "$output" = a1b ]
		else
			[ "$output" = ab ]
		fi || { echo "%$c: $output"; false; }
	done
}

@test "core-name: %i and %p are the outer numbers when there is no nstid or nspid" {
	printf 'pid=5\ntid=6\n' >line
	run -0 core-name %p-%i <line
	[ "$output" = 5-6 ]
}

@test "core-name: %E and %f are the command when the executable is not known" {
	printf 'comm=demo\n' >line
	run -0 core-name %E-%f <line
	[ "$output" = demo-demo ]
}

@test "core-name: %f is the last part of the path, %E all of it" {
	printf 'exe=demo\n' >line
	run -0 core-name %f+%E <line
	[ "$output" = demo+demo ]
	printf 'exe=/a b/c;d\n' >line
	run -0 core-name %f+%E <line
	[ "$output" = 'c_d+!a_b!c_d' ]
	printf 'exe=/a/demo (deleted)\n' >line
	run -0 core-name %f <line
	[ "$output" = demo__deleted_ ]
	# A slash that is escaped is one all the same.
	printf 'exe=/a\\0057b\n' >line
	run -0 core-name %f+%E <line
	[ "$output" = 'b+!a!b' ]
	printf 'exe=/a/\n' >line
	run -0 core-name x%f+%E <line
	[ "$output" = 'x+!a!' ]
}

@test "core-name: the first line of a key counts, and whole keys only" {
	printf 'xcomm=no\ncomm=first\ncomm=second\n' >line
	run -0 core-name %e <line
	[ "$output" = first ]
	printf 'comm=a=b\n' >line
	run -0 core-name %e <line
	[ "$output" = a=b ]
	printf 'comm\ncomm =no\n' >line
	run -0 core-name x%e <line
	[ "$output" = x ]
	printf '\n\n=\n==\n\ncomm=last-without-newline' >line
	run -0 core-name %e <line
	[ "$output" = last-without-newline ]
}

@test "core-name: an empty name becomes core" {
	printf 'comm=\n' >line
	for template in '' %e '%{nope}' '%{comm:0}'; do
		run -0 core-name "$template" <line
		[ "$output" = core ] || { echo "$template: $output"; false; }
	done
}

@test "core-name: a name is neither hidden nor an option, nor a way out" {
	value . _
	value .. _.
	value ... _..
	value .hidden _hidden
	value -rf _rf
	value --help _-help
	value ../../etc/passwd _._.._etc_passwd
	value /etc/passwd _etc_passwd
	value a/../b a_.._b
	value '~root' _root
	run -0 core-name .x </dev/null
	[ "$output" = _x ]
	run -0 core-name -- -x </dev/null
	[ "$output" = _x ]
	run -0 core-name ../x/y </dev/null
	[ "$output" = _._x_y ]
}

@test "core-name: every other byte of a value becomes an underscore" {
	value 'a b	c' a_b_c
	# shellcheck disable=SC2016
	value '"$(id)`;&|<>*?[]{}#~^:'"'" ___id__________________
	value 'a\0012b' a_b
	value 'a\0000b' a_b
	value 'a\0057b' a_b
	value 'a\0134b' a_b
	value 'a\0033[2Jb\0177' a__2Jb_
	value $'a\x01\x7f\rb' a___b
	value 'AZaz09!+,-.=@_' 'AZaz09!+,-.=@_'
}

@test "core-name: text that only looks like an escape stays as it is" {
	value 'a\012b' a_012b
	value 'a\0400b' a_0400b
	value 'a\0189b' a_0189b
	value 'a\' a_
	value 'a\0' a_0
	value 'a\00' a_00
	value 'a\000' a_000
	value 'a\\0101b' a_Ab
}

@test "core-name: an UTF-8 character becomes one underscore, also when it is counted" {
	value 'gr\0303\0274n' gr_n
	value 'grün' gr_n
	value '\0342\0202\0254\0360\0237\0230\0200' __
	printf 'comm=ü€😀abc\n' >line
	run -0 core-name '%{comm:4}' <line
	[ "$output" = ___a ]
	# Bytes that are no UTF-8.
	value 'a\0377\0376b' a__b
	value 'a\0200\0200b' ab
	value '\0200\0277' core
}

@test "core-name: the template is no more trusted than the values" {
	printf 'comm=demo\n' >line
	run -0 core-name $'a\nb\tc/d ü%e' <line
	[ "$output" = a_b_c_d__demo ]
	run -0 core-name 'a\0012b' <line
	[ "$output" = a_0012b ]
}

@test "core-name: a value that looks like a template is not one" {
	value %P _P
	value '%{comm}' __comm_
	value % _
}

@test "core-name: a name has 192 bytes at most" {
	local long
	long=$(head -c 10000 /dev/zero | tr '\0' a)
	value "$long" "${long:0:192}"
	value "/$long" "_${long:0:191}"
	printf 'comm=%s\nexe=/%s\npid=1\n' "$long" "$long" >line
	run -0 core-name "%E%P" <line
	[ "$output" = "!${long:0:191}" ]
	run -0 core-name "%{comm:100}%{comm:91}.%P%P" <line
	[ "$output" = "${long:0:191}." ]
	run -0 core-name "$long" <line
	[ "$output" = "${long:0:192}" ]
}

@test "core-name: values of 10,000 hostile bytes make a safe name" {
	for b in '\0000' '\0012' '/' '.' '-' '\0377' '\0303\0244' '%' '\' =; do
		python3 -c 'import sys; print("comm=" + sys.argv[1] * 10000)' "$b" >line
		core-name %e <line >got
		safe got
		core-name "a%E-%{comm:5000}" <line >got
		safe got
	done
}

@test "core-name: a lone percent sign at the end is an error" {
	fails_with 2 core-name % </dev/null
	fails_with 2 core-name abc% </dev/null
	fails_with 2 core-name %%% </dev/null
}

@test "core-name: a brace that nothing closes is an error" {
	fails_with 2 core-name '%{' </dev/null
	fails_with 2 core-name '%{comm' </dev/null
	fails_with 2 core-name '%{comm:3' </dev/null
	fails_with 2 core-name '%{time:%H' </dev/null
}

@test "core-name: text in braces that is no key is an error" {
	for t in '%{}' '%{:3}' '%{COMM}' '%{a b}' '%{comm.x}' '%{%e}' '%{comm=}' '%{ü}'; do
		fails_with 2 core-name "$t" </dev/null
	done
}

@test "core-name: %{key:TEXT} without a number is an error, except for the time" {
	for t in '%{comm:}' '%{comm:x}' '%{comm:-1}' '%{comm:1x}' '%{comm:+1}' '%{comm: 1}' \
		'%{comm:18446744073709551616}' '%{tim:%H}' '%{timex:%H}' '%{comm:1:2}'; do
		fails_with 2 core-name "$t" </dev/null
	done
}

@test "core-name: a specifier that core(5) does not have is an error" {
	for t in '%a' '%Z' '%1' '% ' '%}' '%-e' '%:' $'%\xff'; do
		fails_with 2 core-name "$t" </dev/null
		fails_with 2 core-name "x${t}y" </dev/null
	done
}

@test "core-name: the message about a bad template is one printable line" {
	for t in $'%\n' $'%{a\nb' $'%{\n}' $'%{comm:\n}' $'%{comm:\e[2J}' $'%\e'; do
		fails_with 2 core-name "$t" </dev/null
		# One line also when it ends in a newline of its own, and nothing for a terminal to obey.
		core-name "$t" </dev/null 2>err || :
		LC_ALL=C.UTF-8 tr -d '\n' <err >bytes
		[ "$(wc -l <err)" -eq 1 ]
		run ! grep -q '[[:cntrl:]]' bytes
	done
}

@test "core-name: garbage as input gives a name or an error" {
	noise 5000 >garbage
	run -0 core-name '%e-%P-x' <garbage
	[ "$output" = _-x ]
	for n in 1 10 100 1000 5000; do
		{ printf 'comm='; head -c $n garbage; printf '\nexe=/'; tail -c $n garbage; } >line
		core-name '%e-%f' <line >got
		safe got
		core-name '%E' <line >got
		safe got
	done
	head -c 100000 /dev/zero >zeros
	run -0 core-name 'x%e' <zeros
	[ "$output" = x ]
}

@test "core-name: the lines behind a NUL byte count" {
	printf 'x=a\0b\ncomm=behind\nhost=c\0d\n' >line
	run -0 core-name '%e-%h-%{x}' <line
	[ "$output" = behind-c_d-a_b ]
}

@test "core-name: empty input: the text of the template alone" {
	run -0 core-name 'a%e.%P' </dev/null
	[ "$output" = a. ]
}

@test "core-name: a mebibyte of lines is read, more is an error" {
	{ head -c 1048560 /dev/zero | tr '\0' '\n'; printf 'comm=at-the-end'; } >most
	[ "$(stat -c %s most)" -eq 1048575 ]
	run -0 core-name %e <most
	[ "$output" = at-the-end ]
	{ echo; cat most; } >whole
	[ "$(stat -c %s whole)" -eq 1048576 ]
	run -0 core-name %e <whole
	[ "$output" = at-the-end ]
	{ echo; cat whole; } >over
	fails_with 2 core-name %e <over
}

@test "core-name: endless input is an error" {
	fails_with 2 core-name %e </dev/zero
}

@test "core-name: input that comes a byte at a time gives the same name" {
	facts >facts
	python3 -c '
import sys, time
for c in open("facts", "rb").read()[:150]:
    sys.stdout.buffer.write(bytes([c]))
    sys.stdout.buffer.flush()' | core-name '%{uuid:8}-%P' >got
	echo 0f3c2a51-4242 | cmp - got
}

@test "core-name: a directory and a closed standard input are errors" {
	fails_with 2 core-name %e <.
	run -2 bash -c 'core-name %e <&-'
	[[ $output == 'core-name: <stdin>: '* ]]
}

@test "core-name: lines can be typed at a terminal" {
	run -0 on_terminal core-name 'x%P' < <(printf 'pid=7\n')
	[ "$output" = x7 ]
}

@test "core-name: a full disk, a closed standard output and a reader that has gone are errors" {
	facts >facts
	run -2 bash -c 'core-name %e <facts 2>&1 >/dev/full'
	[[ $output == 'core-name: <stdout>: '* ]]
	run -2 bash -c 'core-name %e <facts 2>&1 >&-'
	[[ $output == 'core-name: <stdout>: '* ]]
	run -2 reader_gone core-name %e <facts
	[[ $output == 'core-name: <stdout>: '* ]]
}

@test "core-name: any template and any lines give a safe name, or an error in one line" {
	cat >fuzz.py <<-'EOF'
	import random, re, subprocess, sys
	r = random.Random(int(sys.argv[1]))
	safe = re.compile(rb"[A-Za-z0-9!+,=@_][A-Za-z0-9!+,.=@_-]{0,191}\n")
	keys = [b"comm", b"exe", b"time", b"pid", b"tid", b"nspid", b"uuid", b"x", b"host"]
	bits = [b"%" + bytes([c]) for c in b"%cCdeEfghiIpPstuFaz1 {}\n\x80\xff"] + [
	    b"/", b".", b"..", b"-", b"\n", b"\x1b[m", b"\xc3\xbc", b"\xff", b"a" * 100, b"%", b"%{",
	    b"}", b"%{time:%Y-%j/%c}", b"%{time:%9999d%+%E%Oq%}", b"%{time:%s}", b"\\0012", b"="]
	vals = [b"/", b".", b"-", b"\\0000", b"\\0012", b"\\0377", b"\xff", b"\xe2\x82\xac", b"\r", b"%e",
	    b"abc", b"=", b"b" * 500, b"\\", b"\0", b"2026-11-24T10:20:30Z", b"9999-99-99T99:99:99Z",
	    b"-999--9--9T-9:-9:-9Z", b"0000-00-00T00:00:00Z"]
	def some(what, most):
	    return b"".join(r.choice(what) for _ in range(r.randrange(most)))
	def template():
	    k = r.choice(keys)
	    return some(bits + [b"%{" + k + b"}", b"%{" + k + b":" + str(r.randrange(300)).encode() + b"}",
	        b"%{" + k + b":" + some(bits, 3) + b"}"] * 5, 8).replace(b"\0", b"")
	named = bad = 0
	for i in range(400):
	    t = template()
	    lines = b"".join(r.choice(keys + [b"", b"\n"]) + b"=" + some(vals, 6) + b"\n"
	        for _ in range(r.randrange(12)))
	    if r.random() < .1:
	        lines = r.randbytes(r.randrange(2000))
	    p = subprocess.run(["core-name", "--", t], input=lines, capture_output=True)
	    ok = p.returncode == 0 and safe.fullmatch(p.stdout) and not p.stderr
	    no = p.returncode == 2 and not p.stdout and p.stderr.startswith(b"core-name: ") and \
	        p.stderr.count(b"\n") == 1 and p.stderr.endswith(b"\n")
	    named += bool(ok)
	    if not ok and not no:
	        bad += 1
	        print("template %r\nlines %r\nstatus %d\nout %r\nerr %r\n" %
	            (t, lines, p.returncode, p.stdout, p.stderr))
	print(named, "of 400 were names")
	sys.exit(bad > 0 or named < 100)
	EOF
	run -0 python3 fuzz.py 1
}
