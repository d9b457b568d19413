load lib/common

# A judge that fails behind a pipe has failed.
set -o pipefail

# craft: runs the Python program on standard input, which finds here what makes gzip files byte by
# byte, runs zinflate, and judges what it saved.
craft() {
	python3 -c '
import gzip, os, random, re, struct, subprocess, sys, zlib

def some(inputs):
    return list(inputs)[::int(os.environ["EVERY"])]

def raw(data, level=6):
    c = zlib.compressobj(level, zlib.DEFLATED, -15)
    return c.compress(data) + c.flush()

# A member; flags in addition to those that the fields need; hcrc: True, or False for a wrong one.
def member(data, flags=0, extra=None, name=None, comment=None, hcrc=None, level=6, mtime=0):
    flags |= (extra is not None) * 4 | (name is not None) * 8
    flags |= (comment is not None) * 16 | (hcrc is not None) * 2
    h = struct.pack("<HBBIBB", 0x8b1f, 8, flags, mtime, 0, 3)
    if extra is not None:
        h += struct.pack("<H", len(extra)) + extra
    if name is not None:
        h += name + b"\0"
    if comment is not None:
        h += comment + b"\0"
    if hcrc is not None:
        h += struct.pack("<H", zlib.crc32(h) & 0xffff ^ (not hcrc))
    return h + raw(data, level) + struct.pack("<II", zlib.crc32(data), len(data) & 0xffffffff)

def ig(size):
    return b"IG\4\0" + struct.pack("<I", size)

# A member with its size, or a lie instead.
def sized(data, lie=None, **more):
    size = len(member(data, extra=ig(0), **more))
    return member(data, extra=ig(size if lie is None else lie), **more)

def words(n, seed=1):
    r = random.Random(seed)
    return b"".join(b"word%d " % r.randrange(900) for _ in range(n // 5 + 1))[:n]

def noise(n, seed=1):
    return random.Random(seed).randbytes(n)

# Runs zinflate with bytes from a pipe, or with an open file as its standard input.
def zinflate(*args, stdin=b""):
    how = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
    p = subprocess.run(["zinflate", *args], capture_output=True, **how)
    return p.returncode, p.stdout, p.stderr.decode()

# From a pipe and from a file, with the same outcome.
def both(b, *args):
    a = zinflate(*args, stdin=b)
    with open("both", "wb") as f:
        f.write(b)
    with open("both", "rb") as f:
        assert zinflate(*args, stdin=f) == a, args
    return a

# Like both, with one thread and with more.
def all_threads(b, *args):
    a = both(b, "-T", "1", *args)
    for n in "2", "5":
        same(both(b, "-T", n, *args), a, "-T", n)
    return a

def same(have, want, *what):
    assert have == want, "%.300r instead of %.300r %r" % (have, want, what)

# A file of gzdeflate: its data, its bytes, and (offset, size, data offset, data size) of each member.
class File:
    def __init__(self, data, *args):
        self.data = data
        self.gz = subprocess.run(["gzdeflate", *args], input=data, capture_output=True).stdout
        self.members, at, data_at = [], 0, 0
        while at < len(self.gz):
            size, = struct.unpack_from("<I", self.gz, at + 16)
            n, = struct.unpack_from("<I", self.gz, at + size - 4)
            self.members.append((at, size, data_at, n))
            at, data_at = at + size, data_at + n
        assert data_at == len(data)

    # The bytes with damage: (offset, bytes)...
    def damaged(self, *damage):
        b = bytearray(self.gz)
        for at, with_what in damage:
            assert b[at:at + len(with_what)] != with_what, at
            b[at:at + len(with_what)] = with_what
        assert len(b) == len(self.gz)
        return bytes(b)

# A file of ten members of 4096 bytes, the last shorter, of all kinds of data.
def ten():
    kinds = words, noise, lambda n, seed: bytes(n)
    return File(b"".join(kinds[i % 3](4096 if i < 9 else 2500, i) for i in range(10)),
        "-b", "4096")

# What -k makes of bytes b: the status, the members lost, damaged but whole, and in doubt: at the end, nothing
# is there for those, else the regular chunk of zeros.
def salvage(f, b, status, lost=(), whole=(), doubt=()):
    with open("damaged.gz", "wb") as out:
        out.write(b)
    want, lines = bytearray(f.data), []
    for i in sorted([*lost, *whole, *doubt]):
        at, size, data_at, n = f.members[i]
        if i in lost:
            want[data_at:data_at + n] = bytes(n)
            says = "lost: data bytes %d to %d are zeros instead" % (data_at, data_at + n - 1)
        elif i in doubt:
            want[data_at:data_at + n] = bytes(n) if i < len(f.members) - 1 else b""
            says = "data lost from offset %d on: amount unknown" % data_at
        else:
            says = "damaged member: its data, from %d, is whole all the same" % data_at
        lines.append("zinflate: damaged.gz: byte %d: %s\n" % (at, says))
    have = zinflate("-k", "damaged.gz")
    if doubt:
        lines.append("zinflate: damaged.gz: not everything could be verified, see above\n")
    same(re.sub("at least [0-9]+ bytes, perhaps more", "amount unknown", have[2]), "".join(lines))
    same(have[0], status, have[2])
    assert have[1] == want, "other bytes"

# Whether what -k makes of bytes b is what the manual promises of its status.
def honest(f, b, what=None):
    with open("damaged.gz", "wb") as out:
        out.write(b)
    status, out, err = zinflate("-k", "damaged.gz")
    want = bytearray(f.data)
    for first, last in re.findall("data bytes ([0-9]+) to ([0-9]+) are zeros", err):
        first, last = int(first), int(last)
        want[first:last + 1] = bytes(last + 1 - first)
    if status == 0:
        assert out == f.data and err == "", (what, "status 0, other bytes")
    elif status == 1 and "left out" in err:
        assert want.startswith(out), (what, "left out, other bytes", err)
    elif status == 1:
        assert out == want, (what, "status 1, other bytes or offsets", len(out), len(want), err)
    else:
        assert status == 2 and "not everything could be verified" in err, (what, status, err)
    return status

exec(compile(sys.stdin.read(), "test", "exec"))'
}

@test "zinflate: -h and -V answer, and fail on a full disk; a bad option shows the usage" {
	answers zinflate
}

@test "zinflate: -V names the version and the engines" {
	run -0 --separate-stderr zinflate -V
	[[ ${lines[0]} =~ ^zinflate\ [0-9]+\.[0-9]+\.[0-9]+\ \(.*zlib\ [0-9.]+.*\)$ ]]
	[ -z "$stderr" ]
}

@test "zinflate: an unknown option, a missing argument or a second operand is misuse" {
	usage_error zinflate -x
	[ "${stderr_lines[0]}" = "zinflate: invalid option -- 'x'" ]
	usage_error zinflate -tx
	usage_error zinflate -r
	usage_error zinflate one two
}

@test "zinflate: options that exclude one another are misuse" {
	usage_error zinflate -l -t
	usage_error zinflate -l -k
	usage_error zinflate -l -r 0:1
	usage_error zinflate -t -r 0:1
	usage_error zinflate -k -r 0:1
}

@test "zinflate: -c and -d change nothing, alone or with others" {
	mixed 20000 | gzdeflate -b 4K >data.gz
	zinflate data.gz >data
	zinflate -d data.gz | cmp - data
	zinflate -dc <data.gz | cmp - data
	zinflate -cdk data.gz | cmp - data
	zinflate -dt data.gz
	zinflate -dl data.gz | diff - <(zinflate -l data.gz)
}

@test "zinflate: a missing file exits 2" {
	fails_with 2 zinflate missing
	[ "$stderr" = "zinflate: missing: No such file or directory" ]
	fails_with 2 zinflate -k missing
	fails_with 2 zinflate -l missing
}

@test "zinflate: a directory exits 2, as operand and as standard input" {
	mkdir directory
	fails_with 2 zinflate directory
	[ "$stderr" = "zinflate: directory: Is a directory" ]
	fails_with 2 zinflate -k directory
	run -2 bash -c 'zinflate <directory'
	[ "$output" = "zinflate: <stdin>: Is a directory" ]
}

@test "zinflate: input that cannot be read exits 2" {
	run -2 bash -c 'zinflate <&-'
	[ "$output" = "zinflate: <stdin>: Bad file descriptor" ]
	run -2 bash -c 'zinflate -l <&-'
	run -2 bash -c 'zinflate 0>file'
	[ "$output" = "zinflate: <stdin>: Bad file descriptor" ]
	run -2 bash -c 'zinflate </proc/self/mem'
	[[ $output == "zinflate: <stdin>: "* ]]
}

@test "zinflate: an empty input exits 2" {
	: >empty
	fails_with 2 zinflate empty
	[ "$stderr" = "zinflate: empty: empty input" ]
	fails_with 2 zinflate -t empty
	fails_with 2 zinflate -l empty
	fails_with 2 zinflate -k empty
	fails_with 2 zinflate -r 0:0 empty
	fails_with 2 zinflate /dev/null
	run -2 bash -c ': | zinflate'
	run -2 bash -c ': | zinflate -k'
}

@test "zinflate: input that is neither gzip nor zlib: exits 2 and writes nothing" {
	noise 100000 | tail -c +2 >noise
	printf '\x1f\x9d\x90abc' >compress
	printf 'x' >one
	printf 'plain text\n' >text
	head -c 100 /dev/zero >zeros
	printf '\x1f' >magic
	printf '\x78' >zlib
	for file in noise compress one text zeros magic zlib; do
		for how in '' -k -l -t '-r 0:1'; do
			# shellcheck disable=SC2086
			fails_with 2 zinflate $how $file
		done
	done
	fails_with 2 zinflate text
	[ "$stderr" = "zinflate: text: byte 0: neither gzip nor zlib data" ]
}

@test "zinflate: -- ends the options, and - is standard input" {
	printf 'dashed\n' | gzdeflate >./-k
	run -0 zinflate -- -k
	[ "$output" = dashed ]
	run -0 bash -c 'zinflate - <./-k'
	[ "$output" = dashed ]
	run -0 bash -c 'zinflate -k - <./-k'
	[ "$output" = dashed ]
}

@test "zinflate: input is read from where its file stands" {
	{ printf 'twelve bytes'; printf 'data\n' | gzdeflate; } >file
	run -0 bash -c '{ dd bs=12 count=1 of=/dev/null status=none; zinflate; } <file'
	[ "$output" = data ]
	run -0 bash -c '{ dd bs=12 count=1 of=/dev/null status=none; zinflate -k; } <file'
	[ "$output" = data ]
	run -0 bash -c '{ dd bs=12 count=1 of=/dev/null status=none; zinflate -l; } <file'
	run -0 bash -c '{ dd bs=12 count=1 of=/dev/null status=none; zinflate -r 1:2; } <file'
	[ "$output" = at ]
}

@test "zinflate: what gzdeflate and zdeflate make comes back, from file and pipe" {
	local options
	mixed 700000 >data
	for options in '' -s '-0 -b 1K' '-1 -b 3000' '-9 -s -b 1K'; do
		# shellcheck disable=SC2086
		gzdeflate $options data >data.gz
		zinflate data.gz | cmp - data
		zinflate <data.gz | cmp - data
		cat data.gz | zinflate | cmp - data
	done
	for options in -0 -1 '-6 -b 1K' -9; do
		# shellcheck disable=SC2086
		zdeflate $options data >data.zz
		zinflate data.zz | cmp - data
		cat data.zz | zinflate | cmp - data
	done
	gzdeflate </dev/null | zinflate | cmp - /dev/null
	zdeflate </dev/null | zinflate | cmp - /dev/null
}

@test "zinflate: gzip and zlib are read a byte at a time" {
	mixed 50000 >data
	gzdeflate -b 3000 -N name data | slowly | zinflate | cmp - data
	gzdeflate -s data | slowly | zinflate | cmp - data
	zdeflate data | slowly | zinflate | cmp - data
	gzdeflate -b 3000 data | slowly | zinflate -k | cmp - data
	gzdeflate -b 3000 data >data.gz
	zinflate -l data.gz >list
	slowly <data.gz | zinflate -l | cmp - list
}

@test "zinflate: gzip's files are read" {
	mixed 300000 >data
	for level in 1 6 9; do
		gzip -$level <data | zinflate | cmp - data
	done
	gzip -c data | zinflate -t
	{ gzip -c data; gzip -nc data; } >two.gz
	zinflate two.gz | cmp - <(cat data data)
}

@test "zinflate: pigz's files are read, gzip and zlib" {
	need pigz
	mixed 300000 >data
	for options in '' -1 -0 -9 -i '-b 32' -zc; do
		# shellcheck disable=SC2086
		pigz $options <data | zinflate | cmp - data
	done
	pigz -zc data | zinflate | cmp - data
}

@test "zinflate: igzip's files are read" {
	need igzip
	mixed 300000 >data
	for level in 0 1 2 3; do
		igzip -$level -c data | zinflate | cmp - data
	done
}

@test "zinflate: every level, strategy and window of Python's gzip and zlib is read" {
	craft <<'END'
data = words(150000) + noise(50000) + bytes(50000)
for level in range(10):
    same(zinflate(stdin=gzip.compress(data, level)), (0, data, ""), level)
    same(zinflate(stdin=zlib.compress(data, level)), (0, data, ""), level)
for strategy in range(5):
    for window in range(9, 16):
        c = zlib.compressobj(6, zlib.DEFLATED, window, 1 + strategy, strategy)
        same(zinflate(stdin=c.compress(data) + c.flush()), (0, data, ""), strategy, window)
    c = zlib.compressobj(6, zlib.DEFLATED, 31, 9, strategy)
    same(zinflate(stdin=c.compress(data) + c.flush(zlib.Z_FULL_FLUSH) + c.flush()), (0, data, ""))
END
}

@test "zinflate: members of any kind may follow one another, empty ones too" {
	craft <<'END'
# As bgzip makes them: a field BC with its own size, and an empty member at the end.
def bgzf(data):
    n = len(member(data, extra=b"BC\2\0\0\0")) - 1
    return member(data, extra=b"BC\2\0" + struct.pack("<H", n))
data = words(200000)
b = b"".join(bgzf(data[i:i + 50000]) for i in range(0, 200000, 50000)) + bgzf(b"")
same(all_threads(b), (0, data, ""))
same(both(b, "-r", "49999:100002"), (0, data[49999:150001], ""))
b = b"".join([sized(b"one"), gzip.compress(b"two"), sized(b""), member(b""), member(b"three"),
    sized(b"four"), sized(b"")])
same(all_threads(b), (0, b"onetwothreefour", ""))
same(both(b, "-k"), (0, b"onetwothreefour", ""))
same(both(b, "-r", "2:6"), (0, b"etwoth", ""))
same(both(b"".join(member(bytes([i])) for i in range(256))), (0, bytes(range(256)), ""))
END
}

@test "zinflate: every field that a header may have is passed over" {
	craft <<'END'
fields = [dict(flags=1), dict(name=b"n"), dict(name=b""), dict(comment=b"c"), dict(comment=b""),
    dict(hcrc=True), dict(extra=b""), dict(extra=b"ab"), dict(extra=b"XY\0\0"), dict(mtime=2**32 - 1),
    dict(flags=1, name=b"\xff n", comment=b"\n", extra=b"XY\3\0abc", hcrc=True, mtime=1),
    dict(name=b"n" * 300000), dict(comment=b"c" * 300000, hcrc=True), dict(extra=b"e" * 65535)]
for f in fields:
    same(both(member(b"data", **f)), (0, b"data", ""), f)
    same(both(member(b"data", **f) * 3, "-r", "3:6"), (0, b"adatad", ""), f)
    same(both(member(b"data", **f), "-t"), (0, b"", ""), f)
END
}

@test "zinflate: a wrong header checksum is damage" {
	craft <<'END'
status, out, err = both(member(b"data", hcrc=False))
same((status, out), (2, b""))
same(err, "zinflate: <stdin>: byte 0: damaged header\n")
b = member(b"one")
status, out, err = both(b + member(b"two", name=b"n", hcrc=False))
same((status, out), (2, b"one"))
same(err, "zinflate: <stdin>: byte %d: damaged header\n" % len(b))
END
}

@test "zinflate: reserved flags and unknown methods are refused" {
	craft <<'END'
for flag in 0x20, 0x40, 0x80:
    same(both(member(b"data", flags=flag)), (2, b"", "zinflate: <stdin>: byte 0: damaged header\n"))
for method in 0, 7, 9, 255:
    b = bytearray(member(b"data"))
    b[2] = method
    same(both(bytes(b)), (2, b"", "zinflate: <stdin>: byte 0: damaged header\n"))
END
}

@test "zinflate: odd FEXTRA fields do not mislead" {
	craft <<'END'
one = member(b"one", extra=b"XY\1\0a" + ig(0))
odd = [b"I", b"IG", b"IG\4", b"IG\4\0", b"IG\4\0\1", b"IG\4\0\1\2\3", b"IG\2\0\1\2", b"IG\5\0\1\2\3\4\5",
    b"IG\0\0", b"IG\xff\xff\1\2\3\4", b"XY\xff\xff", b"XY\4\0IG\4\0", b"GI\4\0\1\2\3\4", ig(1) + ig(2),
    b"XY\1\0a" + ig(len(one)), ig(len(one)) + b"XY\1\0a", b"\0" * 9]
for extra in odd:
    b = member(b"one", extra=extra) + sized(b"two", name=b"n") + sized(b"three")
    same(both(b), (0, b"onetwothree", ""), extra)
    same(both(b, "-r", "4:5"), (0, b"wothr", ""), extra)
    same(both(b, "-r", "9:2"), (0, b"ee", ""), extra)
    status, out, err = both(b, "-l")
    same((status, err), (0, ""), extra)
    same([line.split()[3] for line in out.decode().splitlines()], ["3", "3", "5"], extra)
    if extra != ig(1) + ig(2):
        same(both(b, "-t"), (0, b"", ""), extra)
END
}

@test "zinflate: a size field that lies does not mislead" {
	craft <<'END'
one, two, three = sized(words(1000)), sized(noise(500)), sized(words(700, 2))
data = words(1000) + noise(500) + words(700, 2)
for lie in (1, 9, 18, 19, 20, 27, 28, 29, len(one) - 1, len(one) + 1, len(one) + 20,
        len(one) + len(two) - 1, len(one + two + three) - 1, len(one + two + three) + 1, 2**31, 2**32 - 1):
    b = sized(words(1000), lie) + two + three
    same(all_threads(b), (0, data, ""), lie)
    for offset, n in (0, 10), (1200, 100), (1600, 500), (0, 2200), (900, 1200):
        same(both(b, "-r", "%d:%d" % (offset, n)), (0, data[offset:offset + n], ""), lie, offset)
    same(both(b, "-l"), both(one + two + three, "-l"), lie)
END
}

@test "zinflate: -t finds a size field that lies, and nothing else does" {
	craft <<'END'
one, two = sized(words(1000)), sized(noise(500))
for lie in 1, len(two) - 1, len(two) + 1, 2**32 - 1:
    b = one + sized(noise(500), lie)
    same(both(b, "-t"), (2, b"", "zinflate: <stdin>: byte %d: damaged header\n" % len(one)), lie)
    same(both(b), (0, words(1000) + noise(500), ""), lie)
    same(both(b, "-k"), (0, words(1000) + noise(500), ""), lie)
END
}

@test "zinflate: zeros after the end are padding" {
	craft <<'END'
for n in 1, 9, 511, 300000:
    for b in sized(b"data"), member(b"data"), zlib.compress(b"data"):
        same(both(b + bytes(n)), (0, b"data", ""), n)
        same(both(b + bytes(n), "-t"), (0, b"", ""), n)
        # With its size in each member, they may as well be members that a disk has lost.
        status, out, err = both(b + bytes(n), "-k")
        same((status, out), (2 if b"IG" in b else 0, b"data"), n)
        same("byte %d: no member header here: data may be missing from offset 4 on\n" % len(b) in err, b"IG" in b)
        same(both(b + bytes(n), "-l"), both(b, "-l"), n)
        same(both(b + bytes(n), "-r", "1:2"), (0, b"at", ""), n)
END
}

@test "zinflate: a member after zeros is read" {
	craft <<'END'
for n in 1, 12, 511, 300000:
    for a, b in (member(b"one"), member(b"two")), (sized(b"one"), member(b"two", name=b"n")):
        same(both(a + bytes(n) + b), (0, b"onetwo", ""), n)
        same(both(a + bytes(n) + b, "-r", "2:2"), (0, b"et", ""), n)
        status, out, err = both(a + bytes(n) + b, "-l")
        same((status, err), (0, ""))
        same([int(line.split()[0]) for line in out.decode().splitlines()], [0, len(a) + n])
END
}

@test "zinflate: bytes after the end are left out with a warning and status 1" {
	craft <<'END'
for garbage in b"x", b"garbage" * 100, b"\x1e\x8b\x08", b"\0\0garbage", noise(300000), b"\x1f\x8c":
    for b in (sized(b"data"), member(b"data"), zlib.compress(b"data"),
            member(b"da") + bytes(7) + member(b"ta")):
        at = len(b) + len(garbage) - len(garbage.lstrip(b"\0"))
        says = "zinflate: <stdin>: byte %d: what follows is neither zeros nor a member: left out\n" % at
        same(both(b + garbage), (1, b"data", says))
        same(both(b + garbage, "-t"), (1, b"", says))
        # With its size in each member, they may as well be members that were damaged.
        status, out, err = both(b + garbage, "-k")
        if b"IG" not in b:
            same((status, out, err), (1, b"data", says))
        else:
            same((status, out), (2, b"data"))
            assert "byte %d: no member header here: data may be missing from offset 4 on\n" % len(b) in err, err
        status, out, err = both(b + garbage, "-l")
        same((status, out, err), (1, both(b, "-l")[1], says))
END
}

@test "zinflate: a member after a zlib stream, or a stream after a member, is left out" {
	craft <<'END'
for a, b in ((zlib.compress(b"data"), member(b"more")), (zlib.compress(b"data"), zlib.compress(b"more")),
        (member(b"data"), zlib.compress(b"more")), (sized(b"data"), zlib.compress(b"more"))):
    status, out, err = both(a + b)
    same((status, out), (1, b"data"))
    same(err, "zinflate: <stdin>: byte %d: what follows is neither zeros nor a member: left out\n" % len(a))
END
}

@test "zinflate: a file cut at any byte exits 2 after a prefix, or 0 where a member ends" {
	craft <<'END'
data = [words(300), noise(90), words(400, 2)]
parts = [sized(data[0], name=b"name"), member(data[1]), sized(data[2])]
b, truth = b"".join(parts), b"".join(data)
ends = {len(parts[0]): 1, len(parts[0] + parts[1]): 2, len(b): 3}
for n in sorted({*some(range(len(b))), *ends, *(e - 1 for e in ends)}):
    status, out, err = both(b[:n])
    same(status, 0 if n in ends else 2, n)
    same(err == "", status == 0, n)
    assert truth.startswith(out), n
    whole = sum(len(data[i]) for i in range(3) if len(b"".join(parts[:i + 1])) <= n)
    assert len(out) >= whole and (status == 2 or len(out) == whole), n
    same(both(b[:n], "-t"), (status, b"", err), n)
END
}

@test "zinflate: a zlib stream cut at any byte exits 2 after a prefix" {
	craft <<'END'
data = words(300) + noise(90)
b = zlib.compress(data)
for n in some(range(len(b))):
    status, out, err = both(b[:n])
    same(status, 2, n)
    assert err != "" and data.startswith(out), n
same(both(b), (0, data, ""))
END
}

@test "zinflate: all that came before the cut is written" {
	noise 500000 >data
	gzdeflate -s -0 data >data.gz
	head -c 250000 data.gz >cut.gz
	run -2 bash -c 'zinflate cut.gz >out'
	[ "$output" = "zinflate: cut.gz: byte 250000: cut short: the input ends inside a member" ]
	is_prefix out data
	[ "$(stat -c %s out)" -gt 249000 ]
	zdeflate -0 data >data.zz
	head -c 250000 data.zz >cut.zz
	run -2 bash -c 'zinflate <cut.zz >out'
	[ "$output" = "zinflate: <stdin>: byte 250000: cut short: the input ends inside a member" ]
	is_prefix out data
	[ "$(stat -c %s out)" -gt 249000 ]
}

@test "zinflate: a flipped bit is found, or makes no difference" {
	craft <<'END'
data = [words(400), noise(100)]
parts = [sized(data[0], name=b"name", hcrc=True), sized(data[1])]
b, truth = b"".join(parts), b"".join(data)
first = len(parts[0])
headers = [*range(35), *range(first, first + 20), *range(first - 8, first), *range(len(b) - 8, len(b))]
body = random.Random(7).sample(range(35, first - 8), 60) + random.Random(8).sample(range(first + 20, len(b) - 8), 60)
harmless = 0
for at in some(headers + body):
    for bit in range(8) if at in headers else [at % 8]:
        flipped = bytearray(b)
        flipped[at] ^= 1 << bit
        status, out, err = zinflate(stdin=bytes(flipped))
        if status == 0:
            assert out == truth and err == "", (at, bit)
            # The second header has no checksum: FTEXT, MTIME, XFL, OS, and the extra field.
            assert first + 3 <= at < first + 20, (at, bit)
            harmless += 1
        elif status == 1:
            # No member any more: bytes after the end.
            assert out == data[0] and first <= at < first + 2, (at, bit)
        else:
            assert status == 2 and err != "", (at, bit, status)
            if at >= first:
                assert out.startswith(data[0]), (at, bit)
assert harmless > 0 and (harmless > 80 or os.environ["EVERY"] != "1")
END
}

@test "zinflate: a damaged trailer is told from damaged data" {
	craft <<'END'
b = member(b"one") + member(b"data")
for i, says in (1, "damaged: the size in the trailer does not match"), (5, "damaged data: the checksum does not match"):
    d = bytearray(b)
    d[-i] ^= 1
    same(both(bytes(d)), (2, b"onedata", "zinflate: <stdin>: byte %d: %s\n" % (len(b) - 8, says)))
d = bytearray(zlib.compress(b"data"))
d[-1] ^= 1
status, out, err = both(bytes(d))
same((status, out), (2, b"data"))
same(err, "zinflate: <stdin>: byte %d: damaged data: the checksum does not match\n" % (len(d) - 4))
END
}

@test "zinflate: everything before damaged data is written" {
	craft <<'END'
data = words(100000)
broken = bytearray(member(words(1000, 2)))
broken[10] = 7
status, out, err = both(member(data) + bytes(broken) + member(b"more"))
same((status, out), (2, data))
assert err.endswith(": damaged data\n"), err
# Also what the broken block follows.
c = zlib.compressobj(6, zlib.DEFLATED, -15)
b = c.compress(data) + c.flush(zlib.Z_SYNC_FLUSH) + b"\x07" * 20
for head in member(b"")[:10], b"\x78\x9c":
    status, out, err = both(head + b)
    same((status, out), (2, data))
    assert err.endswith(": damaged data\n"), err
END
}

@test "zinflate: zlib headers that are wrong, or ask for a dictionary, are refused" {
	craft <<'END'
c = zlib.compressobj(zdict=b"word word1 word2")
status, out, err = both(c.compress(words(1000)) + c.flush())
same((status, out), (2, b""))
same(err, "zinflate: <stdin>: byte 2: damaged header\n")
good = zlib.compress(b"data")
for head in b"\x78\x9d", b"\x79\x9c", b"\x88\x9c", b"\x88\x1c", b"\x77\x85", b"\0\0":
    status, out, err = both(head + good[2:])
    same((status, out), (2, b""), head)
    same(err, "zinflate: <stdin>: byte 0: neither gzip nor zlib data\n")
END
}

@test "zinflate: -t tests, and writes nothing" {
	mixed 300000 >data
	gzdeflate data >data.gz
	zdeflate data >data.zz
	run -0 zinflate -t data.gz
	[ -z "$output" ]
	run -0 zinflate -t data.zz
	[ -z "$output" ]
	run -0 bash -c 'zinflate -t <data.gz >/dev/full'
	[ -z "$output" ]
	head -c 1000 data.gz >cut.gz
	fails_with 2 zinflate -t cut.gz
	{ cat data.gz; echo garbage; } >garbage.gz
	fails_with 1 zinflate -t garbage.gz
}

@test "zinflate: -l lists members as they are, the same from file and pipe" {
	list() {
		zinflate -l "$1" >list
		zinflate -l <"$1" | diff list -
		cat "$1" | zinflate -l | diff list -
		members "$1" | cut -d ' ' -f 1-5 >truth
		awk '{ print $1, $2, $3, $4, $5 }' list | diff - truth
	}
	mixed 500000 >data
	gzdeflate -b 20000 -N name -C comment data >data.gz
	list data.gz
	[ "$(wc -l <list)" -eq 25 ]
	awk 'NF != (NR == 1 ? 6 : 5) { exit 1 }' list
	gzdeflate -s data >data.gz
	list data.gz
	gzdeflate </dev/null >data.gz
	list data.gz
	gzip -c data >data.gz
	list data.gz
	{ gzdeflate -b 100K data; gzip -c data; gzdeflate data; gzip -nc </dev/null; } >data.gz
	list data.gz
	[ "$(wc -l <list)" -eq 9 ]
}

@test "zinflate: -l lines up its columns and adds the name" {
	printf x | gzdeflate -N 'a name' >x.gz
	printf 'other\n' | gzdeflate >>x.gz
	run -0 zinflate -l x.gz
	[ "${#lines[@]}" -eq 2 ]
	[[ ${lines[0]} == *"  8cdc1683  a name" ]]
	[[ ${lines[1]} == *"  09607e6e" ]]
	# The first columns are of one width.
	[ $((${#lines[0]} - ${#lines[1]})) -eq 8 ]
}

@test "zinflate: -l shows no byte of a name that a terminal might obey" {
	craft <<'END'
for name, shown in ((rb"a\b", rb"a\0134b"), (b"\x1b[2Jx", rb"\0033[2Jx"), (b"a\nb\tc", rb"a\0012b\0011c"),
        (b"\xc3\xa9\xff", rb"\0303\0251\0377"), (b"\x7f", rb"\0177"), (b" a  b ", b" a  b "),
        (b"n" * 255, b"n" * 255), (b"n" * 256, b"n" * 255), (b"n" * 70000, b"n" * 255)):
    status, out, err = both(member(b"x", name=name), "-l")
    same((status, err), (0, ""))
    assert out.endswith(b"  8cdc1683  " + shown + b"\n"), out
status, out, err = both(member(b"x", name=b""), "-l")
assert out.endswith(b"  8cdc1683\n"), out
END
}

@test "zinflate: -l of a zlib stream is one line" {
	mixed 100000 >data
	zdeflate data >data.zz
	run -0 zinflate -l data.zz
	[ "$(echo $output)" = "0 $(stat -c %s data.zz) 0 100000 $(python3 -c '
import zlib
print("%08x" % zlib.adler32(open("data", "rb").read()))')" ]
	cat data.zz | zinflate -l | diff - <(zinflate -l data.zz)
}

@test "zinflate: -l of a damaged or cut file exits 2 after the members before" {
	mixed 100000 >data
	gzdeflate -b 20000 data >data.gz
	size=$(stat -c %s data.gz)
	zinflate -l data.gz >list
	for n in 1 7 9 21 1000; do
		head -c $((size - n)) data.gz >cut.gz
		run -2 bash -c 'zinflate -l cut.gz >cut.list'
		[[ $output == "zinflate: cut.gz: byte "*": cut short: the input ends inside a member" ]]
		head -n 4 list | diff cut.list -
		run -2 bash -c 'cat cut.gz | zinflate -l >cut.list'
		head -n 4 list | diff cut.list -
	done
}

@test "zinflate: -r writes the range, from file and pipe, whatever the format" {
	craft <<'END'
data = words(9000) + noise(3000) + bytes(4000) + words(3999, 2)
size = len(data)
f = File(data, "-b", "3000")
files = [f.gz, File(data[:9000], "-b", "2K").gz + gzip.compress(data[9000:]), gzip.compress(data), zlib.compress(data),
    subprocess.run(["gzdeflate", "-s"], input=data, capture_output=True).stdout]
borders = [0, 1, 2999, 3000, 3001, 6000, 9000, 11999, 12000, 17999, size - 1, size]
ranges = [(a, b - a) for a in borders for b in borders if a <= b]
for n, b in enumerate(files):
    for offset, length in ranges:
        want = 0, data[offset:offset + length], ""
        same(zinflate("-r", "%d:%d" % (offset, length), stdin=b), want, n, offset, length)
        with open("file", "wb") as out:
            out.write(b)
        same(zinflate("-r", "%d:%d" % (offset, length), "file"), want, n, offset, length)
END
}

@test "zinflate: -r takes K, M, G and T" {
	mixed 3000000 >data
	gzdeflate data >data.gz
	zinflate -r 1K:2K data.gz | cmp - <(tail -c +1025 data | head -c 2048)
	zinflate -r 0:1M data.gz | cmp - <(head -c 1048576 data)
	zinflate -r 2M:100 data.gz | cmp - <(tail -c +2097153 data | head -c 100)
	run -2 zinflate -r 1G:1 data.gz
	run -2 zinflate -r 1T:1 data.gz
}

@test "zinflate: -r: a range past the end: writes what there is, exits 2" {
	craft <<'END'
data = words(5000)
for b in File(data, "-b", "2000").gz, gzip.compress(data), zlib.compress(data):
    for text, out in (("4990:11", data[4990:]), ("5000:1", b""), ("5001:0", b""), ("6000:10", b""),
            ("0:5001", data), ("1999:1T", data[1999:]), ("0:18446744073709551615", data),
            ("18446744073709551615:0", b""), ("18446744073709551615:18446744073709551615", b""),
            ("10:18446744073709551615", data[10:])):
        have = both(b, "-r", text)
        same(have, (2, out, "zinflate: <stdin>: the data ends before the range does, at 5000\n"), text)
END
}

@test "zinflate: -r: a range of 0 bytes writes nothing" {
	craft <<'END'
data = words(5000)
for b in File(data, "-b", "2000").gz, gzip.compress(data), zlib.compress(data):
    for offset in 0, 1, 2000, 4999, 5000:
        same(both(b, "-r", "%d:0" % offset), (0, b"", ""), offset)
same(both(gzip.compress(b"") * 2, "-r", "0:0"), (0, b"", ""))
END
}

@test "zinflate: -r: an argument that is not a range is refused" {
	printf x | gzdeflate >x.gz
	for range in '' : 5 5: :5 -1:5 1:-5 1:2:3 a:b 'x:1' '1 :2' '1: 2' 0x1:1 1k:1 1KB:1 1:1P +1:1 \
	    18446744073709551616:1 0:18446744073709551616 99999999999999999999999999999999999999:1 16777216T:1; do
		fails_with 2 zinflate -r "$range" x.gz
		[ "$stderr" = "zinflate: -r $range: not an OFFSET:LENGTH in bytes" ]
	done
}

@test "zinflate: -r does not look at members that a file lets it hop over" {
	craft <<'END'
f = ten()
b = f.damaged((f.members[1][0] + 30, b"\xff" * 8), (f.members[8][0] + 25, b"\xff" * 8))
with open("file", "wb") as out:
    out.write(b)
for offset, length in (0, 4096), (8192, 10), (8192, 24576), (16000, 100):
    same(zinflate("-r", "%d:%d" % (offset, length), "file"), (0, f.data[offset:offset + length], ""), offset)
# What is damaged and needed is an error, also when the bytes before the damage are enough.
for offset, length in (4096, 1), (4095, 2), (4096, 4096), (8191, 1), (30000, 5000):
    status, out, err = zinflate("-r", "%d:%d" % (offset, length), "file")
    assert status == 2 and err != "", offset
# A pipe cannot be hopped in.
same(zinflate("-r", "8192:10", stdin=b)[0], 2)
same(zinflate("-r", "0:4096", stdin=b), (0, f.data[:4096], ""))
END
}

# bats test_tags=slow
@test "zinflate: -r and -l: a member that may hold 4 GiB is not hopped over" {
	# Its trailer says the size modulo 4 GiB: -r wrote other bytes, with status 0, and -l other sizes.
	craft <<'END'
p = subprocess.Popen("{ head -c 4613734400 /dev/zero; printf tail-of-data; } | gzdeflate -s -1", shell=True,
    stdout=subprocess.PIPE)
big = p.communicate()[0]
same(big[3], 0)
head = big[:3] + b"\4" + big[4:10] + b"\x08\0" + ig(len(big) + 10)
second = sized(b"second member" * 20000)
with open("file", "wb") as f:
    f.write(head + big[10:] + second)
del p, f
for text, want in ("318800000:6", bytes(6)), ("4613734408:8", b"dataseco"):
    with open("file", "rb") as f:
        pipe = subprocess.Popen(["cat"], stdin=f, stdout=subprocess.PIPE)
        same(zinflate("-r", text, "file"), (0, want, ""), text)
        if text.startswith("3"):
            same(zinflate("-r", text, stdin=pipe.stdout), (0, want, ""), text)
        pipe.stdout.close()
        pipe.wait()
same([line.split()[:4] for line in zinflate("-l", "file")[1].decode().splitlines()],
    [["0", str(len(big) + 10), "0", "4613734412"], [str(len(big) + 10), str(len(second)), "4613734412", "260000"]])
END
}

@test "zinflate: -r and -l: read a few bytes of each member that they hop over" {
	need strace
	# 44 % of a file of 33 MB were read for 1 MiB.
	noise 33000000 >data
	gzdeflate data >data.gz
	read_by() {
		strace -o trace -e trace=read,pread64 zinflate "$@" data.gz >out
		awk '/^pread64\(/ || /data.gz/ { n += $NF } END { print n + 0 }' trace
	}
	run -0 read_by -r 16M:1M
	cmp out <(tail -c +16777217 data | head -c 1M)
	[ "$output" -gt 1048576 ]
	[ "$output" -lt 2000000 ]
	run -0 read_by -l
	[ "$(wc -l <out)" -eq 126 ]
	[ "$output" -lt 100000 ]
}

@test "zinflate: -r checks a member to its end" {
	craft <<'END'
f = ten()
at, size = f.members[2][:2]
b = f.damaged((at + size - 8, b"\1\2\3\4"))
for text in "8192:1", "8192:4096", "12287:1":
    assert both(b, "-r", text)[0] == 2, text
same(both(b, "-r", "8191:1"), (0, f.data[8191:8192], ""))
END
}

@test "zinflate: -r: a cut file: a range before the cut is whole" {
	craft <<'END'
f = ten()
at, size, data_at, n = f.members[6]
b = f.gz[:at + 100]
same(both(b, "-r", "0:%d" % data_at), (0, f.data[:data_at], ""))
same(both(b, "-r", "%d:500" % (data_at - 500)), (0, f.data[data_at - 500:data_at], ""))
status, out, err = both(b, "-r", "%d:501" % (data_at - 500))
same(status, 2)
assert f.data[data_at - 500:].startswith(out) and len(out) >= 500 and "cut short" in err
END
}

@test "zinflate: a hole comes back as a hole" {
	noise 5000 >some
	truncate -s 16M data
	dd if=some of=data bs=1 seek=8000000 conv=notrunc status=none
	for compress in 'gzdeflate -1' 'gzdeflate -s' 'zdeflate -1'; do
		$compress data >compressed
		zinflate compressed >out
		cmp out data
		# Blocks of 512 bytes.
		[ "$(stat -c %b out)" -lt 100 ]
		rm out
		cat compressed | zinflate -k >out
		cmp out data
		[ "$(stat -c %b out)" -lt 100 ]
		rm out
	done
}

@test "zinflate: a hole at the end, or data that is all hole, keeps the size" {
	{ printf 'start'; head -c 3000000 /dev/zero; } >data
	gzdeflate data | zinflate >out
	cmp out data
	[ "$(stat -c %b out)" -lt 100 ]
	head -c 3000001 /dev/zero >data
	gzdeflate data | zinflate >out
	cmp out data
	[ "$(stat -c %b out)" -lt 100 ]
	printf '\0' >data
	gzdeflate data | zinflate >out
	cmp out data
}

@test "zinflate: runs of zeros of any length and place come back" {
	craft <<'END'
r = random.Random(5)
for i in range(40):
    data = b"".join(r.choice((bytes, noise))(r.choice((1, 4095, 4096, 4097, 8192, 131072, r.randrange(20000))))
        for _ in range(12))
    for b in gzip.compress(data, 1), File(data, "-b", "5000").gz:
        with open("out", "wb") as out:
            p = subprocess.run(["zinflate"], input=b, stdout=out)
        assert p.returncode == 0 and open("out", "rb").read() == data, i
        lo = r.randrange(len(data))
        hi = r.randrange(lo, len(data))
        with open("out", "wb") as out:
            p = subprocess.run(["zinflate", "-r", "%d:%d" % (lo, hi - lo)], input=b, stdout=out)
        assert p.returncode == 0 and open("out", "rb").read() == data[lo:hi], i
END
}

@test "zinflate: appended output has its zeros behind what was there" {
	{ head -c 100000 /dev/zero; printf x; head -c 100000 /dev/zero; } >data
	gzdeflate data >data.gz
	printf 'before' >out
	zinflate data.gz >>out
	cmp out <(printf before; cat data)
	zinflate data.gz >>new
	cmp new data
	# Without O_APPEND, at the end of what another wrote.
	{ printf 'before'; zinflate data.gz; printf 'after'; } >out
	cmp out <(printf before; cat data; printf after)
	[ "$(stat -c %b out)" -lt 100 ]
}

@test "zinflate: output into a file that is longer, or shorter, has its zeros written" {
	{ head -c 50000 /dev/zero; printf x; head -c 50000 /dev/zero; } >data
	gzdeflate data >data.gz
	noise 200000 >out
	zinflate data.gz 1<>out
	cmp out <(cat data; noise 200000 | tail -c +100002)
	noise 60000 >out
	zinflate data.gz 1<>out
	cmp out data
	noise 60000 >out
	cp out before
	run -0 bash -c '{ dd bs=30000 count=1 status=none <before; zinflate data.gz; } 1<>out'
	cmp out <(head -c 30000 before; cat data)
}

@test "zinflate: a range with a hole has the range's size" {
	{ printf start; head -c 3000000 /dev/zero; printf end; } >data
	gzdeflate data >data.gz
	zinflate -r 5:3000000 data.gz >out
	cmp out <(head -c 3000000 /dev/zero)
	[ "$(stat -c %b out)" -lt 100 ]
	zinflate -r 4:2000000 data.gz >out
	cmp out <(tail -c +5 data | head -c 2000000)
}

@test "zinflate: -k: a sound file decompresses as it does without -k" {
	craft <<'END'
f = ten()
for b, data in ((f.gz, f.data), (gzip.compress(f.data), f.data), (zlib.compress(f.data), f.data),
        (f.gz + gzip.compress(b"more"), f.data + b"more"), (File(b"").gz, b""), (File(b"x").gz * 3, b"xxx"),
        (gzip.compress(b"more") + f.gz, b"more" + f.data)):
    same(both(b, "-k"), (0, data, ""))
    same(both(b, "-k", "-t"), (0, b"", ""))
END
}

@test "zinflate: -k puts zeros for a damaged body, in the first and a middle member" {
	craft <<'END'
f, seen = ten(), []
for i in range(9):
    at, size = f.members[i][:2]
    middle = at + (size + 12) // 2
    for damage in b"\xff" * 6, b"\0" * 6, noise(6, i), bytes([f.gz[middle] ^ 1]):
        seen.append(honest(f, f.damaged((middle, damage)), i))
        same(zinflate("-k", "damaged.gz")[1], f.data[:i * 4096] + bytes(4096) + f.data[i * 4096 + 4096:], i)
# Damaged data may come to an end, and to another size, which speaks against that of the trailer: 2.
assert set(seen) <= {1, 2} and seen.count(1) > 24, seen
END
}

@test "zinflate: -k: a damaged last member: its size is known when two sources agree" {
	# Its trailer alone once made any number of zeros, with status 1.
	craft <<'END'
f = ten()
at, size = f.members[9][:2]
salvage(f, f.damaged((at + 25, b"\xff" * 6)), 2, doubt=[9])
# Its data came to as much as its trailer says; as much as the members before.
salvage(f, f.damaged((at + size - 8, b"\1\2\3\4")), 1, lost=[9])
f = File(words(8192), "-b", "4096")
for damage in b"\xff" * 6, b"\0" * 6, noise(6):
    salvage(f, f.damaged((f.members[1][0] + 100, damage)), 1, lost=[1])
# 200 MB of zeros came of 1 MB.
f = File(noise(1000000), "-b", "1M")
both_damaged = f.damaged((500000, b"\xff" * 20), (len(f.gz) - 4, struct.pack("<I", 202 * 10**6)))
status, out, err = both(both_damaged, "-k")
same((status, out), (2, b""))
END
}

@test "zinflate: -k does not take a damaged last member for a cut one" {
	craft <<'END'
f = File(words(7000), "-b", "4096")
at, size = f.members[1][:2]
for i in range(at + 20, at + size - 20, 11):
    for damage in b"\xff" * 12, bytes(12), noise(12, i):
        assert honest(f, f.damaged((i, damage))) in (1, 2)
        assert zinflate("-k", "damaged.gz")[1] in (f.data[:4096], f.data[:4096] + bytes(2904)), (i, damage)
END
}

@test "zinflate: -k puts zeros for two damaged members, apart or neighbours" {
	craft <<'END'
f = ten()
for i, j in (0, 1), (0, 8), (3, 5), (4, 5), (7, 8):
    salvage(f, f.damaged(*((f.members[n][0] + 22, b"\xff" * 3) for n in (i, j))), 1, lost=[i, j])
salvage(f, f.damaged(*((m[0] + 22, b"\xff" * 3) for m in f.members)), 2, lost=range(9), doubt=[9])
END
}

@test "zinflate: -k saves the data behind a destroyed header" {
	craft <<'END'
f = ten()
for i in range(9):
    for damage in b"\xff" * 18, noise(18), b"\xff" * 20:
        salvage(f, f.damaged((f.members[i][0], damage)), 1, whole=[i])
salvage(f, f.damaged(*((f.members[i][0], b"\xff" * 18) for i in (3, 4, 7))), 1, whole=[3, 4, 7])
END
}

@test "zinflate: -k saves the data behind a damaged magic" {
	craft <<'END'
f = ten()
for i in range(10):
    for damage in b"\xff", b"\x1f\xff", b"\x1f\x8b\xff", b"\x1f\x8b\x08\xe4":
        salvage(f, f.damaged((f.members[i][0], damage)), 1, whole=[i])
END
}

@test "zinflate: -k saves the data behind a header that became zeros" {
	craft <<'END'
f = ten()
for i in range(9):
    for n in 2, 10, 18, 20:
        salvage(f, f.damaged((f.members[i][0], bytes(n))), 1, whole=[i])
END
}

@test "zinflate: -k: the last header is destroyed: everything before it is kept, with a warning" {
	craft <<'END'
f = ten()
b = f.damaged((f.members[9][0], b"\xff" * 18))
assert honest(f, b) in (1, 2)
out = zinflate("-k", stdin=b)[1]
assert out.startswith(f.data[:9 * 4096])
END
}

@test "zinflate: -k keeps the offsets behind a damaged first header that has a name and a comment" {
	craft <<'END'
f = File(words(20000), "-b", "4096", "-N", "name", "-C", "comment")
for damage in b"\xff" * 2, b"\xff" * 18, b"\xff" * 30:
    b = f.damaged((0, damage))
    assert honest(f, b) in (1, 2)
    same(zinflate("-k", stdin=b)[1][4096:], f.data[4096:])
END
}

@test "zinflate: -k writes data of which only the size in the trailer is damaged" {
	craft <<'END'
f = ten()
for i in range(10):
    at, size = f.members[i][:2]
    for damage in b"\xff" * 4, b"\0" * 4, b"\1":
        salvage(f, f.damaged((at + size - 4, damage)), 1, whole=[i])
END
}

@test "zinflate: -k trusts no data that its checksum does not confirm" {
	craft <<'END'
f = ten()
for i in range(10):
    at, size = f.members[i][:2]
    salvage(f, f.damaged((at + size - 8, b"\1\2\3\4")), 1, lost=[i])
END
}

@test "zinflate: -k: a damaged size field of sound data is ignored" {
	craft <<'END'
f = ten()
for i in range(10):
    for damage in b"\xff" * 4, b"\0" * 4, b"\1", struct.pack("<I", f.members[i][1] + 1):
        assert honest(f, f.damaged((f.members[i][0] + 16, damage))) in (0, 1)
        assert zinflate("-k", "damaged.gz")[1] == f.data
END
}

@test "zinflate: -k gets over damage that spans a border of members" {
	craft <<'END'
f = ten()
for i in range(1, 9):
    at = f.members[i][0]
    # From the trailer before into the header, or on into the data.
    for damage in b"\xff" * 100, noise(100, i):
        salvage(f, f.damaged((at - 10, damage[:25])), 2, doubt=[i - 1], whole=[i])
END
}

@test "zinflate: -k gets over damage that takes the end of a member and the start of the next" {
	craft <<'END'
f = ten()
for i in range(1, 9):
    at, size, data_at, n = f.members[i]
    want = f.data[:data_at - 4096] + bytes(8192) + f.data[data_at + 4096:]
    for damage in b"\xff" * 40, bytes(40), noise(40, i):
        b = f.damaged((at - 12, damage))
        assert honest(f, b, i) in (1, 2)
        assert zinflate("-k", stdin=b)[1] == want, i
END
}

@test "zinflate: -k gets over zeros that span a border of members" {
	craft <<'END'
f = ten()
for i in range(1, 9):
    at = f.members[i][0]
    salvage(f, f.damaged((at - 10, bytes(25))), 2, doubt=[i - 1], whole=[i])
END
}

@test "zinflate: -k says so when it cannot know how many members are gone" {
	craft <<'END'
f = ten()
words_only = File(words(40000), "-b", "4096")
zeros_only = File(bytes(400000), "-b", "40000")
for g in f, words_only, zeros_only:
    for first in range(1, 6):
        for last in range(first + 2, 8):
            at, end = g.members[first][0] + 22, g.members[last][0] + 22
            for damage in b"\xff", b"\0":
                honest(g, g.damaged((at, damage * (end - at))), (first, last, damage))
END
}

@test "zinflate: -k: members that became zeros are reported" {
	craft <<'END'
f = ten()
for i in range(1, 9):
    at, size = f.members[i][:2]
    for n in range(1, 11 - i):
        end = f.members[i + n][0] if i + n < 10 else len(f.gz)
        same(honest(f, f.damaged((at, bytes(end - at))), (i, n)), 2)
END
}

@test "zinflate: -k is not misled by a trailer that is damaged together with the data" {
	craft <<'END'
f = ten()
# All but the last, whose size nothing else tells.
for i in range(9):
    at, size = f.members[i][:2]
    for isize in 1, 100, 4095, 4097, 2**31, 2**32 - 1:
        honest(f, f.damaged((at + 22, b"\xff" * 3), (at + size - 4, struct.pack("<I", isize))), (i, isize))
END
}

@test "zinflate: -k keeps offsets in files put together, also of different chunks" {
	craft <<'END'
a, b, c = File(words(10000), "-b", "2K"), ten(), File(words(30000, 3), "-b", "8K")
for order in (a, b, c), (c, b, a), (b, b, a):
    f = File(b"")
    f.data, f.gz, f.members = b"", b"", []
    for g in order:
        f.members += [(len(f.gz) + m[0], m[1], len(f.data) + m[2], m[3]) for m in g.members]
        f.data, f.gz = f.data + g.data, f.gz + g.gz
    for i, m in enumerate(f.members):
        honest(f, f.damaged((m[0] + 22, b"\xff" * 3)), (i, "body"))
        honest(f, f.damaged((m[0], b"\xff" * 18)), (i, "header"))
END
}

@test "zinflate: -k is not misled by gzip files inside the data" {
	craft <<'END'
inner = File(noise(9000), "-b", "1K").gz
f = File((words(3000) + inner) * 4, "-0", "-b", "4096")
for m in f.members[:-1]:
    for damage in b"\xff" * 2, b"\xff" * 18, b"\0" * 18, b"\xff" * 40:
        b = f.damaged((m[0], damage))
        honest(f, b, m)
        # All before the damage is right in any case.
        assert zinflate("-k", stdin=b)[1].startswith(f.data[:m[2]]), m
END
}

@test "zinflate: -k: a cut file: writes everything up to the cut, exits 2" {
	craft <<'END'
f = ten()
for i, (at, size, data_at, n) in enumerate(f.members):
    for cut in 1, 5, 10, 19, 20, 25, size - 9, size - 8, size - 1:
        b = f.gz[:at + cut]
        status, out, err = both(b, "-k")
        same(status, 2, i, cut)
        assert err != "" and f.data.startswith(out) and data_at <= len(out) <= data_at + n, (i, cut)
        # With nothing else damaged that is what comes without -k.
        same(out, zinflate(stdin=b)[1], i, cut)
        same(zinflate("-k", "-t", stdin=b), (2, b"", err), i, cut)
    if i > 0:
        same(both(f.gz[:at], "-k"), (0, f.data[:data_at], ""), i)
END
}

@test "zinflate: -k: a cut file with damage before the cut: offsets are kept" {
	craft <<'END'
f = ten()
at, size, data_at, n = f.members[2]
b = f.damaged((at + 25, b"\xff" * 3))[:f.members[7][0] + 100]
status, out, err = both(b, "-k")
same(status, 2)
want = f.data[:data_at] + bytes(n) + f.data[data_at + n:]
assert want.startswith(out) and len(out) >= f.members[7][2]
assert "byte %d: lost: data bytes %d to %d are zeros instead" % (at, data_at, data_at + n - 1) in err, err
END
}

@test "zinflate: -k: a lone member: the size in its trailer alone is not believed" {
	craft <<'END'
for data in words(2500), noise(2500), bytes(2500):
    f = File(data)
    same(len(f.members), 1)
    salvage(f, f.damaged((21, b"\xff" * 3)), 2, doubt=[0])
    salvage(f, f.damaged((len(f.gz) - 8, b"\1\2")), 1, lost=[0])
    salvage(f, f.damaged((len(f.gz) - 4, b"\1\2")), 1, whole=[0])
# A size that so few bytes cannot make is not believed.
f = File(b"tiny")
status, out, err = both(f.damaged((20, b"\xff\xff"), (len(f.gz) - 4, b"\xff\xff\xff\xff")), "-k")
same(status, 2)
assert len(out) < 100000
END
}

@test "zinflate: -k: two members: each one's own trailer gives its size" {
	craft <<'END'
f = File(words(6000), "-b", "4096")
salvage(f, f.damaged((30, b"\xff" * 3)), 1, lost=[0])
salvage(f, f.damaged((f.members[1][0] + 30, b"\xff" * 3)), 2, doubt=[1])
END
}

@test "zinflate: -k: a file without size fields: writes everything before the damage, exits 2" {
	craft <<'END'
data = words(50000)
single = subprocess.run(["gzdeflate", "-s"], input=data, capture_output=True).stdout
for b in gzip.compress(data), single, zlib.compress(data), gzip.compress(b"one") + gzip.compress(data):
    d = bytearray(b)
    d[len(b) // 2:len(b) // 2 + 6] = b"\xff" * 6
    have = both(bytes(d), "-k")
    same(have[0], 2)
    same(have, both(bytes(d)))
    same(both(b[:-20], "-k"), both(b[:-20]))
END
}

@test "zinflate: -k saves the same from a pipe as from a file" {
	craft <<'END'
f = ten()
for damage in [(f.members[4][0] + 25, b"\xff" * 4)], [(f.members[4][0], b"\xff" * 18)], \
        [(f.members[2][0] - 10, b"\xff" * 30)], [(f.members[9][0], b"\xff" * 18)], [(0, noise(len(f.gz) // 2))]:
    b = f.damaged(*damage)
    status, out, err = both(b, "-k")
    assert status > 0
    same(zinflate("-k", "-t", stdin=b), (status, b"", err))
END
}

@test "zinflate: -k of a pipe needs a directory for its copy, and leaves nothing there" {
	mixed 100000 >data
	gzdeflate -b 10000 data >data.gz
	run -2 bash -c 'cat data.gz | TMPDIR=$PWD/missing zinflate -k'
	[ "$output" = "zinflate: <stdin>: no copy to seek in: No such file or directory" ]
	mkdir tmp
	cat data.gz | TMPDIR=$PWD/tmp zinflate -k | cmp - data
	[ -z "$(ls -A tmp)" ]
	# A file needs none.
	TMPDIR=$PWD/missing zinflate -k data.gz | cmp - data
}

@test "zinflate: -k: files damaged as disks damage them: every report is true" {
	# 875 of 3,660 were: the file's end was zeros, 0xff or random.  python3 t/lib/damage.py 10000 has more of them.
	local files=400
	! grep -qs sanitize "$BUILD/.flags" || files=100
	python3 "$BATS_TEST_DIRNAME/lib/damage.py" $files >said || { cat said; return 1; }
	[[ $(cat said) == "$files files: "*" of status 0, "*" of status 1, "*" of status 2: 0 untrue" ]]
}

@test "zinflate: -k: the end became zeros, 0xff, noise or nothing: status 2 and a lower bound" {
	craft <<'END'
f = File(noise(9000), "-b", "1K")
at, size, data_at, n = f.members[3]
for middle in 100, 600, size - 20:
    for end in bytes, lambda n: b"\xff" * n, noise, lambda n: b"":
        status, out, err = both(f.gz[:at + middle] + end(len(f.gz) - at - middle), "-k")
        same(status, 2)
        assert out.startswith(f.data[:data_at]), (middle, err)
        assert "byte %d: data lost from offset %d on: " % (at, data_at) in err, err
        if end(1) != b"":
            assert ": at least 512 bytes, perhaps more\n" in err, err
END
}

@test "zinflate: -k: made-up headers: what it reads grows with the file, not with its square" {
	need strace
	# Each leads to a stored block of a later one, and so through all the rest: 2 MB took 10 seconds.
	craft <<'END'
import os
step = 65535 - (65535 - 20) % 25
head = b"\x1f\x8b\x08\4\0\0\0\0\0\3\x08\0IG\4\0"
env = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
for claim in 50, 51, 30000:
    slot = head + struct.pack("<I", claim) + b"\0" + struct.pack("<HH", step, step ^ 0xffff)
    with open("file", "wb") as out:
        out.write(slot * 20000)
    subprocess.run(["strace", "-o", "trace", "-e", "trace=pread64", "zinflate", "-kt", "file"], env=env,
        stderr=subprocess.DEVNULL)
    read = sum(int(line.split("= ")[-1]) for line in open("trace") if line.startswith("pread64"))
    assert 500000 <= read < 50 * 500000, (claim, read)
END
}

@test "zinflate: false sizes: each member is read once, not everything that each claims" {
	need strace
	craft <<'END'
import os
env = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
b = sized(b"x", lie=400000) * 20000
with open("file", "wb") as out:
    out.write(b)
for args in ["-T", "2"], ["-t", "-T", "1"], ["-l"], ["-r", "19999:1"], ["-kt"]:
    subprocess.run(["strace", "-f", "-o", "trace", "-e", "trace=pread64", "zinflate", *args, "file"], env=env,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    read = sum(int(line.split("= ")[-1]) for line in open("trace") if " pread64(" in line and "= " in line)
    assert 0 < read < 20 * len(b), (args, read)
END
}

@test "zinflate: many members lead to one long header: it is not read anew for each of them" {
	need strace
	# 1.1 MB took 23 seconds and read 3.2 GB: the header's name ends nowhere, and a look that failed cost nothing.
	craft <<'END'
import os
env = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
head = b"\x1f\x8b\x08\4\0\0\0\0\0\0\x08\0IG\4\0"
empty = b"\3\0" + bytes(8)
fields = b"\1" * 6 + b"\xff\xff" + b"\1" * 66000
name = b"\x55" * 1000000
ends = (b"\x1f\x8b\x08\x0c" + fields + name,                # no end
    b"\x1f\x8b\x08\x0c" + fields + name + b"\0" + empty,    # whole, without a size
    b"\x1f\x8b\x08\x0e" + fields + name + b"\0\0\0" + empty,  # a wrong header checksum
    head[:3] + b"\x0c" + head[4:] + struct.pack("<I", 1000000) + name[:400000] + b"\0" + empty + bytes(600000))
for end in ends:
    for body in b"\xff" * 12, empty + b"\0\0":
        for few in 0, 1:
            size = 20 + len(body) - 2 * few
            slots = [head + struct.pack("<I", size * n) + body[:size - 20] for n in range(1480, 0, -1)]
            with open("file", "wb") as out:
                out.write(b"".join(slots) + end)
            for args in ["-kt"], ["-l"], ["-r", "1:1"]:
                subprocess.run(["strace", "-o", "trace", "-e", "trace=pread64", "zinflate", *args, "file"], env=env,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                read = sum(int(line.split("= ")[-1]) for line in open("trace") if line.startswith("pread64"))
                assert 0 < read < 40 * 1100000, (len(end), body, few, args, read)
END
}

@test "zinflate: -k promises nothing that random damage breaks" {
	craft <<'END'
f = ten()
seen = set()
for seed in range(200):
    r = random.Random(seed)
    b = bytearray(f.gz)
    for _ in range(r.choice((1, 1, 1, 2, 4))):
        n = r.choice((1, 2, 20, 100, r.randrange(1, 9000)))
        at = r.randrange(len(b) - n)
        b[at:at + n] = r.choice((r.randbytes(n), bytes(n), b"\xff" * n))
    seen.add(honest(f, bytes(b), seed))
assert seen >= {1, 2}, seen
END
}

@test "zinflate: no damage to sizes or fields makes it crash or hang" {
	craft <<'END'
f = File(words(9000), "-b", "3000", "-N", "name")
r = random.Random(9)
for i in range(60):
    b = bytearray(f.gz)
    for _ in range(r.randrange(1, 5)):
        at = r.choice((r.randrange(len(b)), *(m[0] + r.randrange(24) for m in f.members)))
        b[at] = r.randrange(256)
    for args in [], ["-k"], ["-l"], ["-r", "2000:5000"], ["-t"]:
        with open("file", "wb") as out:
            out.write(b)
        with open("file", "rb") as file:
            assert zinflate(*args, stdin=file)[0] in (0, 1, 2), (i, args)
        assert zinflate(*args, stdin=bytes(b))[0] in (0, 1, 2), (i, args)
END
}

@test "zinflate: a full disk exits 2" {
	mixed 300000 >data
	gzdeflate data >data.gz
	run -2 bash -c 'zinflate data.gz >/dev/full'
	[ "$output" = "zinflate: <stdout>: write: No space left on device" ]
	run -2 bash -c 'zinflate -k data.gz >/dev/full'
	run -2 bash -c 'zinflate -l data.gz >/dev/full'
	run -2 bash -c 'zinflate -r 5:1 data.gz >/dev/full'
	run -2 bash -c 'zdeflate data | zinflate >/dev/full'
	head -c 100000 /dev/zero | gzdeflate >zeros.gz
	run -2 bash -c 'zinflate zeros.gz >/dev/full'
	run -2 bash -c 'trap "" XFSZ; ulimit -f 100; zinflate data.gz >out'
	[ "$output" = "zinflate: <stdout>: write: File too large" ]
	is_prefix out data
	# A hole at the end meets the limit too.
	run -2 bash -c 'trap "" XFSZ; ulimit -f 50; zinflate zeros.gz >out'
}

@test "zinflate: a closed standard output exits 2" {
	printf 'data' | gzdeflate >data.gz
	run -2 bash -c 'zinflate data.gz >&-'
	[ "$output" = "zinflate: <stdout>: write: Bad file descriptor" ]
	run -2 bash -c 'zinflate -k <data.gz >&-'
	run -2 bash -c 'zinflate -l data.gz >&-'
	run -2 bash -c 'zinflate -V >&-'
	# The copy of a pipe does not take its place.
	run -2 bash -c 'cat data.gz | zinflate -k >&-'
	cp data.gz copy.gz
	run -2 bash -c 'zinflate data.gz >&- 2>&-'
	cmp data.gz copy.gz
}

@test "zinflate: a reader that has gone is an error when SIGPIPE is ignored" {
	mixed 300000 >data
	gzdeflate data >data.gz
	run -2 reader_gone zinflate data.gz
	run -2 reader_gone zinflate -k data.gz
	run -2 reader_gone zinflate -l data.gz
	run -2 reader_gone zinflate -r 0:1 data.gz
	zdeflate data >data.zz
	run -2 reader_gone zinflate data.zz
}

@test "zinflate: a reader that has gone ends an endless input" {
	head -c 1000000 /dev/zero | gzdeflate >zeros.gz
	run -0 timeout 120 env --default-signal=PIPE bash -c '
		{ while cat zeros.gz; do :; done; } | zinflate | head -c 1 >byte
		echo "${PIPESTATUS[1]} ${PIPESTATUS[2]}"'
	[ "$output" = "141 0" ]
	[ "$(od -An -tx1 byte)" = " 00" ]
}

@test "zinflate: compressed bytes are not read from a terminal, but data may go to one" {
	printf 'data' | gzdeflate >data.gz
	run -2 terminal 0 timeout 120 zinflate
	[ "$output" = "zinflate: <stdin>: is a terminal: compressed bytes are not read from there" ]
	run -2 terminal 0 timeout 120 zinflate -k -
	run -2 terminal 0 timeout 120 zinflate -l
	run -0 terminal 1 zinflate data.gz
	[ "$(cat terminal)" = data ]
}

@test "zinflate: -v sums up on standard error, in one line unless that is a terminal" {
	noise 200000 | gzdeflate >data.gz
	run -0 --separate-stderr bash -c 'zinflate -v <data.gz | wc -c'
	[ "$output" -eq 200000 ]
	[[ $stderr =~ ^zinflate:\ \<stdin\>:\ 200\.[01]\ kB\ in,\ 200\.0\ kB\ out,\ (99\.9|100\.0)\ %,\ [0-9.]+\ [kMGT]?B/s$ ]]
	run -0 --separate-stderr zinflate -tv data.gz
	[ -z "$output" ]
	[[ $stderr == "zinflate: data.gz: 200."[01]" kB in, 200.0 kB out, "* ]]
	run -0 terminal 2 zinflate -tv data.gz
	[[ $(tr '\r' '\n' <terminal | tail -n 1) == *"zinflate: data.gz: 200."[01]" kB in, "* ]]
}

@test "zinflate: pipes that do not block are waited for" {
	mixed 3000000 >data
	gzdeflate -1 data >data.gz
	python3 - <<'END'
import fcntl, os, subprocess, time
data = open("data.gz", "rb").read()
def pipe():
    ends = os.pipe()
    for fd in ends:
        fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_NONBLOCK)
    return ends
r, w = pipe()
out_r, out_w = pipe()
p = subprocess.Popen(["zinflate"], stdin=r, stdout=out_w)
os.close(r)
os.close(out_w)
fcntl.fcntl(w, fcntl.F_SETFL, 0)
fcntl.fcntl(out_r, fcntl.F_SETFL, 0)
if os.fork() == 0:
    time.sleep(0.1)
    with open(w, "wb") as f:
        f.write(data)
    os._exit(0)
os.close(w)
time.sleep(0.3)
out = open("out", "wb")
while b := os.read(out_r, 65536):
    out.write(b)
assert p.wait() == 0
END
	cmp out data
}

@test "zinflate: -k gets through a stretch of made-up headers" {
	# Each claims a field of 64 KiB and a size that could be: read for each, they took minutes.
	craft <<'END'
fake = b"\x1f\x8b\x08\x04" + bytes(6) + b"\xff\xffIG\4\0" + struct.pack("<I", 70000)
good = File(words(9000), "-b", "4096")
status, out, err = zinflate("-k", stdin=good.gz[:-9] + fake * 50000)
same(out[:4096], good.data[:4096])
assert status in (1, 2), err
END
}

# hard FORMAT: each stream of t/lib/hard.py ends as zlib ends it.  ISA-L and libdeflate decode codes
# that are incomplete, or reserved and unused: where the CRC says that they were meant so, that is 0.
hard() {
	local name verdict lenient=' literals-incomplete one-long-literal one-long-distance end-only-long '
	lenient+='code-codes-incomplete literals-287 distances-31 '
	[[ $("$BUILD/zinflate" -V) == *,* ]] || lenient=
	mkdir hard
	python3 "$BATS_TEST_DIRNAME/lib/hard.py" hard "$@" >list
	[ "$(wc -l <list)" -ge 35 ]
	while read -r name verdict; do
		for threads in 1 2; do
			status=0
			"$BUILD/zinflate" -T $threads "hard/$name.gz" >out 2>err || status=$?
			if [ $verdict = sound ]; then
				[ $status -eq 0 ] && cmp out "hard/$name" && continue
			elif [ $status -eq 0 ]; then
				[[ $lenient == *" $name "* ]] && cmp out "hard/$name.meant" && continue
			else
				[ $status -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] &&
					cmp -n "$(stat -c %s out)" out "hard/$name.meant" && continue
			fi
			echo "$name: $verdict, -T $threads: status $status: $(cat err)"
			return 1
		done
	done <list
}

@test "zinflate: hard streams, sound or not, end as zlib ends them" {
	hard
}

@test "zinflate: hard streams in members that say their size end as zlib ends them" {
	hard sized
}

@test "zinflate: a reserved code: one verdict, read whole, by range, listed, tested or salvaged" {
	local name verdict verdicts
	mkdir hard
	python3 "$BATS_TEST_DIRNAME/lib/hard.py" hard sized >list
	while read -r name verdict; do
		verdicts=
		for how in '-T 1' '-T 3' -t -k '-r 0:1' -l; do
			# Of nothing there is no range.
			[ "$how" != '-r 0:1' ] || [ -s "hard/$name.meant" ] || [ -s "hard/$name" ] || continue
			status=0
			# shellcheck disable=SC2086
			cat "hard/$name.gz" | "$BUILD/zinflate" $how >out 2>err || status=$?
			verdicts+=" $status"
		done
		[ "$(tr ' ' '\n' <<<"${verdicts# }" | sort -u | wc -l)" -eq 1 ] || { echo "$name:$verdicts"; return 1; }
	done <list
}

@test "zinflate: zeros between members that say their size: one verdict, BGZF's too, in any way" {
	craft <<'END'
def bgzf(data):
    n = len(member(data, extra=b"BC\2\0\0\0"))
    return member(data, extra=b"BC\2\0" + struct.pack("<H", n - 1))
one, two = words(300), words(400, 2)
for a in sized, bgzf:
    for b in sized, bgzf:
        for args in ["-T", "1"], ["-T", "3"], ["-t"], ["-l"], ["-r", "300:10"], ["-k"]:
            same(both(a(one) + bytes(40) + b(two), *args)[0], 2, args, a, b)
for args in ["-T", "1"], ["-T", "3"], ["-t"], ["-l"], ["-r", "300:10"], ["-k"]:
    same(both(member(one) + bytes(40) + bgzf(two), *args)[0], 0, args)
    same(both(bgzf(one) + bgzf(two) + bytes(40), *args)[0], 0, args)
END
}

@test "zinflate: -V names zlib, and the engines that it was built with, as the others do" {
	names_engines zinflate
}

@test "zinflate: a number of threads that is not from 1 to 256 is refused" {
	refuses_threads zinflate
}

@test "zinflate: any number of threads gives the same bytes" {
	craft <<'END'
for args in ["-b", "1K"], ["-b", "50000", "-1"], ["-0"], ["-s"], ["-9", "-N", "name", "-C", "comment"]:
    f = words(120000) + bytes(200000) + noise(130000) + words(90001, 2)
    b = subprocess.run(["gzdeflate", *args], input=f, capture_output=True).stdout
    same(all_threads(b), (0, f, ""), args)
    same(all_threads(b, "-t"), (0, b"", ""), args)
    same(all_threads(b + b), (0, f + f, ""), args)
    same(all_threads(b + bytes(600)), (0, f, ""), args)
    status, out, err = all_threads(b + b"garbage")
    same((status, out), (1, f), args)
    same(err, "zinflate: <stdin>: byte %d: what follows is neither zeros nor a member: left out\n" % len(b))
data = words(3000000)
same(both(zlib.compress(data), "-T", "4"), (0, data, ""))
same(both(gzip.compress(data), "-T", "4"), (0, data, ""))
same(both(b"", "-T", "4"), (2, b"", "zinflate: <stdin>: empty input\n"))
END
}

@test "zinflate: several threads make the same holes as one thread" {
	{ noise 100000; head -c 700000 /dev/zero; noise 50000; head -c 400000 /dev/zero; } >data
	gzdeflate -b 10000 data >data.gz
	for n in 1 4; do
		zinflate -T $n data.gz >out$n
		cmp out$n data
	done
	[ "$(stat -c %b out4)" -eq "$(stat -c %b out1)" ]
}

@test "zinflate: it starts as many threads as there are processors, and none where there is one" {
	need strace taskset
	noise 300000 | gzdeflate -b 8K >data.gz
	follows_processors 1 zinflate data.gz
	[ "$(threads zinflate -T 1 data.gz)" -eq 0 ]
	[ "$(threads zinflate -T 3 data.gz)" -eq 2 ]
	# A pipe has a thread more: the others decode while it waits.
	[ "$(threads zinflate -T 3 < <(cat data.gz))" -eq 3 ]
	shell=$(threads sh -c 'cat data.gz | cat >/dev/null')
	[ "$(threads sh -c 'zinflate -T 3 data.gz | cat >/dev/null')" -eq $((shell + 3)) ]
}

@test "zinflate: more than 1024 processors, for which the kernel refuses a small set: counted" {
	need strace taskset
	# They were none: one thread did all.
	noise 300000 | gzdeflate -b 8K >data.gz
	ordinary=$(threads zinflate data.gz)
	strace -f -qq -o with -e trace=clone,clone3,sched_getaffinity -e inject=sched_getaffinity:error=EINVAL:when=1 \
		zinflate data.gz >/dev/null
	grep -q 'sched_getaffinity.*EINVAL' with
	[ "$(cloned <with)" -ge "$ordinary" ]
}

@test "zinflate: a quota of cgroup v1: found for any order of controllers and any mount point" {
	need strace unshare
	[ "$(id -u)" -eq 0 ] || skip 'takes root'
	noise 300000 | gzdeflate -b 8K >data.gz
	# quota GROUP-LINE MOUNT-LINE: how many threads start where these are in /proc.
	quota() {
		printf '%s\n' "$1" >group
		printf '%s\n' "$2" >mounts
		ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 unshare -m sh -c '
			mount --bind group /proc/$$/cgroup && mount --bind mounts /proc/$$/mountinfo &&
				exec strace -D -f -qq -o with -e trace=clone,clone3 zinflate data.gz >/dev/null' || return 1
		cloned <with
	}
	unshare -m sh -c 'mount --bind data.gz /proc/$$/cgroup' || skip 'nothing can be mounted over a file of /proc'
	mkdir -p 'v 1/x' v2/x
	echo 50000 >'v 1/x/cpu.cfs_quota_us'
	echo 100000 >'v 1/x/cpu.cfs_period_us'
	echo 50000 100000 >v2/x/cpu.max
	at=${PWD// /\\040}
	free=$(quota '7:cpuset:/x' "31 24 0:28 / $at/v\\0401 rw shared:9 - cgroup cgroup rw,cpuset")
	one=$(quota '7:cpuacct,cpu:/x' "31 24 0:28 / $at/v\\0401 rw shared:9 - cgroup cgroup rw,cpuacct,cpu")
	[ "$free" -gt 0 ] || skip 'one processor'
	[ "$one" -lt "$free" ]
	for controllers in cpu cpu,cpuacct cpuacct,cpu cpuset,cpu,cpuacct; do
		[ "$(quota "7:$controllers:/x" "31 24 0:28 / $at/v\\0401 rw - cgroup cgroup rw,xattr,$controllers")" -eq "$one" ]
		[ "$(quota "7:$controllers:/y/x" "31 24 0:28 /y $at/v\\0401 rw - cgroup none rw,$controllers")" -eq "$one" ]
	done
	[ "$(quota '7:cpuset2,acpu:/x' "31 24 0:28 / $at/v\\0401 rw - cgroup cgroup rw,cpuset2,acpu")" -eq "$free" ]
	[ "$(quota '0::/x' "31 24 0:28 / $at/v2 rw shared:9 master:1 - cgroup2 cgroup2 rw,nsdelegate")" -eq "$one" ]
	# /xy is not below /x: the quota of a directory beside the mount point was taken.
	mkdir v2y
	echo 50000 100000 >v2y/cpu.max
	[ "$(quota '0::/xy' "31 24 0:28 /x $at/v2 rw - cgroup2 cgroup2 rw")" -eq "$free" ]
	mkdir v2/xy
	echo 50000 100000 >v2/xy/cpu.max
	[ "$(quota '0::/xy' "31 24 0:28 /x $at/v2 rw - cgroup2 cgroup2 rw")" -eq "$one" ]
}

@test "zinflate: too little memory for all threads: fewer do the same" {
	if grep -q sanitize "$BUILD/.flags"; then
		skip "a sanitizer takes address space of its own"
	fi
	# -T 64 said "out of memory" at 400 MB, in every run.
	noise 16777216 >data
	gzdeflate -0 data >data.gz
	for most in 50000 100000 400000; do
		for n in 2 16 64 256; do
			(ulimit -v $most && zinflate -T $n data.gz) | cmp - data
			cat data.gz | (ulimit -v $most && zinflate -T $n) | cmp - data
		done
	done
}

@test "zinflate: peak memory is what the manual says, for members of all sizes" {
	if grep -q sanitize "$BUILD/.flags"; then
		skip "a sanitizer's memory counts too"
	fi
	# -T 2 took 16 MB for gzdeflate's members, and 56 MB for those.
	noise 16777216 | gzdeflate -1 >even.gz
	for i in 1 2 3 4 5 6; do
		noise 1024000 | gzdeflate -0 -b 1000K
		noise 4193800 | gzdeflate -0 -b 8M
	done >mixed.gz
	python3 - <<-'END'
	import re, subprocess
	for name, most in ("even.gz", 8192), ("mixed.gz", 5 * 8192 + 6144):
	    p = subprocess.Popen(["zinflate", "-T", "2", name], stdout=subprocess.PIPE)
	    for _ in range(3):
	        p.stdout.read(5 << 20)
	    peak = int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/%d/status" % p.pid).read())[1])
	    p.stdout.read()
	    assert p.wait() == 0
	    assert peak <= most, (name, peak)
	END
}

@test "zinflate: members larger than are held are decoded too, between others" {
	# 4 MiB of data, or of a member, is the most that a thread decodes at once.
	mixed 70000 >mixed
	for n in 4194303 4194304 4194305; do
		head -c $n /dev/zero | gzdeflate -1 -b 8M -T 1
		gzdeflate -b 10K mixed
	done >data.gz
	head -c 4194300 /dev/zero | gzdeflate -0 -b 8M -T 1 >>data.gz
	gzdeflate -b 10K mixed >>data.gz
	zcat data.gz >data
	for n in 1 3; do
		zinflate -T $n data.gz | cmp - data
		zinflate -T $n <data.gz >out
		cmp out data
	done
}

@test "zinflate: as many wrong sizes as threads, or more, mislead no thread" {
	craft <<'END'
pieces = [words(5000, i) if i % 3 else noise(40000, i) for i in range(24)]
true = [len(sized(p)) for p in pieces]
data = b"".join(pieces)
def lie(i, k):
    n, after = true[i], true[i + 1] if i + 1 < len(true) else 50
    return (0, 1, 19, 20, 28, n // 2, n - 8, n - 1, n + 1, n + 10, n + 18, n + after // 2, n + after,
        sum(true[i:]), sum(true[i:]) + 1, sum(true) + 9, 4 << 20, (4 << 20) + 1, 2**32 - 1)[k]
def file(lies):
    return b"".join(sized(p, lies.get(i)) for i, p in enumerate(pieces))
same(all_threads(file({})), (0, data, ""))
for k in some(range(19)):
    for wrong in (0,), (23,), (1, 2, 3), range(5, 24), range(24):
        b = file({i: lie(i, k) for i in wrong})
        same(all_threads(b), (0, data, ""), k, wrong)
    # The first that lies is the first that is found, but one without a size is none that lies.
    status, out, err = all_threads(file({7: lie(7, k), 9: 5}), "-t")
    at = sum(true[:9 if k == 0 else 7])
    same((status, out, err), (2, b"", "zinflate: <stdin>: byte %d: damaged header\n" % at), k)
END
}

@test "zinflate: a false BGZF size misleads no thread" {
	craft <<'END'
def bgzf(data, lie=None):
    n = len(member(data, extra=b"BC\2\0\0\0"))
    return member(data, extra=b"BC\2\0" + struct.pack("<H", (n if lie is None else lie) - 1))
pieces = [words(60000, i) if i % 2 else noise(3000, i) for i in range(12)]
data = b"".join(pieces)
eof = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
good = b"".join(map(bgzf, pieces)) + eof
same(all_threads(good), (0, data, ""))
same(all_threads(eof), (0, b"", ""))
same(all_threads(eof + good), (0, data, ""))
n = len(bgzf(pieces[5]))
for lie in 1, 18, 27, 28, n - 1, n + 1, n + len(bgzf(pieces[6])), 65536:
    b = b"".join(bgzf(p, lie if i == 5 else None) for i, p in enumerate(pieces)) + eof
    same(all_threads(b), (0, data, ""), lie)
# With other fields before it or behind, which is legal.
b = b"".join(member(p, extra=b"BC\2\0\1\0XY\1\0a") + member(p, extra=b"XY\1\0aBC\2\0\1\0") for p in pieces)
same(all_threads(b), (0, b"".join(p + p for p in pieces), ""))
END
}

@test "zinflate: a file as Python's pgzip makes it is decoded by threads" {
	craft <<'END'
# A name and a time in each header, an unknown system, level bits.
def pgzip(data, name):
    n = len(member(data, extra=ig(0), name=name))
    b = bytearray(member(data, extra=ig(n), name=name, mtime=1234567890))
    b[8], b[9] = 2, 255
    return bytes(b)
pieces = [words(100000, i) for i in range(9)] + [noise(70000), b""]
b = b"".join(pgzip(p, b"core") for p in pieces)
same(all_threads(b), (0, b"".join(pieces), ""))
same(all_threads(b, "-t"), (0, b"", ""))
END
}

@test "zinflate: a member full of gzip files misleads no thread" {
	craft <<'END'
inner = sized(words(3000)) + sized(noise(100)) + member(b"x", extra=b"BC\2\0\x1b\0")
for level in 0, 6:
    for lie in None, 30, 51, len(inner), len(inner) + 31:
        b = sized(inner * 3, lie, level=level) * 3
        same(all_threads(b), (0, inner * 9, ""), level, lie)
END
}

@test "zinflate: damage and false sizes: right bytes, or a prefix and status 2, with any threads" {
	craft <<'END'
r = random.Random(4)
f = ten()
seen = set()
for i in range(60):
    b = bytearray(f.gz)
    for _ in range(r.randrange(1, 4)):
        m = r.choice(f.members)
        kind = r.randrange(4)
        if kind == 0:
            struct.pack_into("<I", b, m[0] + 16, r.choice((0, 20, m[1] - 1, m[1] + 1, m[1] * 2, 1 << 20)))
        elif kind == 1:
            b[m[0] + r.randrange(20)] ^= 1 << r.randrange(8)
        elif kind == 2:
            b[m[0] + r.randrange(m[1])] ^= 1 << r.randrange(8)
        else:
            b[m[0] + m[1] - 1 - r.randrange(8)] ^= 1 << r.randrange(8)
    b = bytes(b[:r.choice((len(b), len(b), r.randrange(len(b))))])
    status, out, err = all_threads(b)
    seen.add(status)
    if status == 0:
        assert f.data.startswith(out) and err == "", i
        # A prefix alone is right where a cut left whole members alone.
        assert out == f.data or len(b) in [m[0] for m in f.members], i
    else:
        # The last member's part may be wrong, or there is more behind it where its end was damaged.
        assert status in (1, 2) and err.count("\n") == 1, (i, status, err)
        if "left out" not in err:
            at = int(re.search("byte ([0-9]+)", err)[1])
            whole = max((m[2] for m in f.members if m[0] <= at), default=0)
            same(out[:min(whole, len(out))] == f.data[:min(whole, len(out))], True, i, err)
assert seen >= {0, 2}, seen
END
}

@test "zinflate: members that became zeros are damage, whether one thread reads them or more" {
	# All before them is written; they were once taken for padding, and status 0 said that all was well.
	craft <<'END'
f = ten()
for lost in [5], [5, 6], [0], [8], range(1, 9):
    at, data_at = f.members[lost[0]][0], f.members[lost[0]][2]
    b = f.damaged(*((f.members[i][0], bytes(f.members[i][1])) for i in lost))
    status, out, err = all_threads(b)
    same((status, out), (2, f.data[:data_at]), lost)
    status, out, err = all_threads(b, "-t")
    same((status, out), (2, b""), lost)
END
}

@test "zinflate: a read error exits 2 also where a member ends" {
	need strace
	# Nothing more comes is no end then: this once was status 0.
	noise 150000 >data
	gzdeflate -b 5000 data >data.gz
	mkfifo fifo
	members data.gz | cut -d ' ' -f 2 >sizes
	cat >feed.py <<-'END'
	import os, time
	with open("data.gz", "rb") as f, open("fifo", "wb", 0) as to:
	    for n in map(int, open("sizes")):
	        try:
	            to.write(f.read(n))
	        except BrokenPipeError:
	            break
	        time.sleep(0.02)
	END
	for n in 1 3; do
		for at in 1 2 4; do
			python3 feed.py 3>&- &
			ends 2 injected read:error=EIO:when=$at fifo -- zinflate -T $n fifo
			[ "$(cat err)" = "zinflate: fifo: Input/output error" ]
			is_prefix out data
			wait
		done
	done
	# The first 128 KiB of this file end where a member does.
	python3 - <<-'END'
	import random, struct, zlib
	def member(data):
	    c = zlib.compressobj(0, zlib.DEFLATED, -15)
	    raw = c.compress(data) + c.flush()
	    head = struct.pack("<HBBIBBH", 0x8b1f, 8, 4, 0, 0, 3, 8) + b"IG\4\0"
	    return head + struct.pack("<I", len(raw) + 28) + raw + struct.pack("<II", zlib.crc32(data), len(data))
	one = bytes(range(1, 256)) * 128
	extra = len(member(one)) - len(one)
	one = random.Random(5).randbytes(32768 - extra)
	assert len(member(one)) == 32768
	open("even", "wb").write(one * 64)
	open("even.gz", "wb").write(member(one) * 64)
	END
	for n in 1 3; do
		zinflate -T $n even.gz | cmp - even
		for at in 1 2 3; do
			ends 2 injected pread64:error=EIO:when=$at even.gz -- zinflate -T $n even.gz
			[ "$(cat err)" = "zinflate: even.gz: Input/output error" ]
			is_prefix out even
		done
	done
}

@test "zinflate: interrupted reads and writes change nothing" {
	need strace
	noise 600000 >data
	gzdeflate -b 8K data >data.gz
	mkfifo fifo
	for n in 1 3; do
		injected read,pread64,write:error=EINTR:when=1+2 data.gz out -- zinflate -T $n data.gz >out
		cmp out data
		cat data.gz >fifo 3>&- &
		injected read,write:error=EINTR:when=1+2 fifo out -- zinflate -T $n fifo >out
		cmp out data
		wait
	done
}

@test "zinflate: a read error in mid-stream, or a disk that becomes full, leaves a prefix" {
	need strace
	noise 1600000 >data
	gzdeflate -b 8K data >data.gz
	for n in 1 3; do
		ends 2 injected pread64:error=EIO:when=3 data.gz -- zinflate -T $n data.gz
		[ "$(cat err)" = "zinflate: data.gz: Input/output error" ]
		is_prefix out data
		[ "$(stat -c %s out)" -gt 250000 ]
		for at in 1 2; do
			ends 2 injected write:error=ENOSPC:when=$at out -- zinflate -T $n data.gz
			[ "$(cat err)" = "zinflate: <stdout>: write: No space left on device" ]
			is_prefix out data
			[ "$(($(stat -c %s out) > 0))" -eq $((at - 1)) ]
			[ "$(stat -c %s out)" -lt 1600000 ]
		done
	done
}

@test "zinflate: a reader that goes, early or late, ends any number of threads" {
	noise 300000 | gzdeflate -b 8K >data.gz
	for n in 1 3; do
		for bytes in 0 1 20000 110000; do
			run -0 reader_leaves $bytes zinflate -T $n data.gz
			[ "$output" = 141 ]
			run -0 reader_leaves $bytes python3 -c '
import signal, subprocess, sys
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
sys.exit(subprocess.call(sys.argv[1:], restore_signals=False))' zinflate -T $n data.gz
			[ "$output" = 2 ]
			[ "$(cat err)" = "zinflate: <stdout>: write: Broken pipe" ]
		done
	done
	for i in $(seq 25); do
		run -0 reader_leaves $((i * 8001)) zinflate -T 8 data.gz
		[ "$output" = 141 ]
	done
}

@test "zinflate: fewer threads than wanted, or none, can be started: the output is the same" {
	need strace
	noise 100000 >data
	gzdeflate -b 8K data >data.gz
	for from in 1 2 3 1+ 2+ 3+; do
		injected clone,clone3:error=EAGAIN:when=$from -- zinflate -T 4 data.gz >out
		cmp out data
	done
	# Into a pipe there is a thread more.
	for from in 1 2 3 4 1+ 2+ 3+ 4+; do
		injected clone,clone3:error=EAGAIN:when=$from -- zinflate -T 4 <data.gz | cmp - data
	done
}

@test "zinflate: threads decode what says its size, BGZF too, whatever the other fields" {
	need strace
	counts_threads
	craft <<'END'
import os
def bgzf(data):
    n = len(member(data, extra=b"BC\2\0\0\0"))
    return member(data, extra=b"BC\2\0" + struct.pack("<H", n - 1))
pieces = [noise(20000, i) for i in range(8)]
env = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
def traced(b):
    with open("file", "wb") as f:
        f.write(b)
    with open("out", "wb") as out:
        subprocess.run(["strace", "-f", "-qq", "-o", "trace", "-e", "trace=clone,clone3,write", "zinflate", "-T", "3",
            "file"], stdout=out, env=env, check=True)
    assert open("out", "rb").read() == b"".join(pieces)
    trace = open("trace").read()
    threads = len(re.findall(r" clone3?\(", trace)) - len(re.findall("clone3.*ENOSYS", trace))
    return threads, trace.count(" write(1,")
# What threads decode, they write together.
alone, writes = traced(b"".join(map(member, pieces)))
assert writes >= len(pieces), writes
for how in bgzf, sized, lambda p: sized(p, name=b"name", comment=b"comment", hcrc=True):
    same(traced(b"".join(map(how, pieces))), (alone + 2, 1))
END
}

@test "zinflate: members whose size field is not the first are found: by threads, -l, -r and -k" {
	need strace
	# Only a field of its own, the first one, was seen: one more field, and -k found no member, and no thread had work.
	craft <<'END'
import os
def other(data, **more):
    size = len(member(data, extra=b"XY\3\0abc" + ig(0), **more))
    return member(data, extra=b"XY\3\0abc" + ig(size), **more)
env = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
pieces = [noise(20000, i) for i in range(8)]
all = b"".join(pieces)
made = [other(p, name=b"first") if i == 0 else other(p) for i, p in enumerate(pieces)]
starts = [sum(map(len, made[:i])) for i in range(9)]
b = b"".join(made)
same(all_threads(b), (0, all, ""))
same([int(line.split()[0]) for line in both(b, "-l")[1].splitlines()], starts[:8])
with open("file", "wb") as f:
    f.write(b)
def traced(*args):
    with open("out", "wb") as out:
        subprocess.run(["strace", "-f", "-qq", "-o", "trace", "-e", "trace=write,pread64", "zinflate", *args,
            "file"], stdout=out, env=env, check=True)
    return open("trace").read().splitlines()
lines = traced("-T", "4")
# Threads decode these together; one member after the other is eight writes.
assert sum(" write(1," in l for l in lines) == 1, lines
lines = traced("-l")
assert sum(int(l.split("= ")[-1]) for l in lines if " pread64(" in l) < len(b) // 4, lines
# The members that it hops over may be damaged.
def damaged(*damage):
    d = bytearray(b)
    for at, with_what in damage:
        d[at:at + len(with_what)] = with_what
    with open("damaged", "wb") as f:
        f.write(d)
damaged((starts[2] + 500, b"\xff" * 8))
same(zinflate("-r", "100000:5000", "damaged"), (0, all[100000:105000], ""))
status, out, err = zinflate("-k", "damaged")
same((status, out), (1, all[:40000] + bytes(20000) + all[60000:]), err)
# A header that is gone, in the middle and at the end: its data is not.
for i in 3, 7:
    damaged((starts[i], b"\xff" * 20))
    status, out, err = zinflate("-k", "damaged")
    same((status, out), (1, all), i, err)
# A member that is gone, with the end of the one before.
damaged((starts[4] - 100, b"\xff" * 200))
status, out, err = zinflate("-k", "damaged")
same((status, len(out), out[:60000], out[100000:]), (2, len(all), all[:60000], all[100000:]), err)
END
}

@test "zinflate: a size that leads to a copy of the trailer misleads no thread" {
	craft <<'END'
one, two = words(2000), noise(3000)
n = len(sized(one))
b = sized(one, n + 8) + sized(one)[-8:]
for more in b"", sized(two), sized(two) * 9:
    same(all_threads(b + more),
        (1, one, "zinflate: <stdin>: byte %d: what follows is neither zeros nor a member: left out\n" % n))
    same(all_threads(sized(two) + b + more)[:2], (1, two + one))
END
}

@test "zinflate: a false size misleads nothing when no thread can be started" {
	need strace
	# The member that lied was lost once, and what came behind it.
	craft <<'END'
import os
pieces = [words(5000, i) for i in range(9)]
env = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
for first in "1+", "2+", "3+":
    for i in range(9):
        with open("file", "wb") as f:
            f.write(b"".join(sized(p, 1000 if i == k else None) for k, p in enumerate(pieces)))
        p = subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=clone,clone3",
            "-e", "inject=clone,clone3:error=EAGAIN:when=" + first, "zinflate", "-T", "4", "file"],
            capture_output=True, env=env)
        same((p.returncode, p.stdout, p.stderr), (0, b"".join(pieces), b""), first, i)
END
}
