#!/usr/bin/env python3
"""Makes what the fuzz targets start from: a folder for each target, with small inputs of each kind that it reads.

usage: corpus.py BUILD FOLDER

Each function below says how its inputs are made.  FOUND has the inputs that once found a fault, which no mutation may
bring back.  BUILD has the compressors and core-trim.
"""

import gzip
import os
import struct
import sys
import tempfile
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import seeds  # noqa: E402
from cores import MACHINES, PAGE, Core, R, W, X, ehdr, phdr  # noqa: E402

RECORD = """uuid=0f3c2a51-8d7e-4b6a-9c1d-2e5f7a8b9c0d
record=1
uuid_from=section
pid=4242
nspid=17
tid=4243
uid=1000
signal=11
signame=SIGSEGV
comm=demo
exe=/usr/lib/demo/demo-prog
cmdline=demo\\0000--flag\\0000
host=box
time=2026-11-24T10:20:30Z
dumpable=1
reason=SIGSEGV at 0x7: read of address 0x7
frame=#0   0x0000000000001000  raise+0x1  raise.c:1  /lib/libc.so.6+0x1000  [0123456789abcdef]
frame=#1   0x0000000000001100  at [inlined]  v.h:8  /opt/victim+0x1100
frame=#2   0x0000000000001200  /opt/victim+0x1200  [?]
thread_frame=4243 #0   0x0000000000001000  poll+0x1  /lib/libc.so.6+0x1000
thread_frame=4244 #0   0x0000000000001000  poll+0x1  /lib/libc.so.6+0x1000
module=0x1000-0x2000 0123456789abcdef /lib/libc.so.6
complete=yes
bytes=123456
stored=whole
fingerprint=0123456789abcdef
"""


def members(data, chunk, level=6, field=b"IG"):
    """Members that say their sizes, made by hand: of our field, or of BGZF's, which counts from 0."""
    out = b""
    for at in range(0, len(data), chunk):
        part = data[at:at + chunk]
        c = zlib.compressobj(level, zlib.DEFLATED, -15)
        deflated = c.compress(part) + c.flush()
        wide = field == b"IG"
        size = 10 + 2 + (8 if wide else 6) + len(deflated) + 8
        said = struct.pack("<I", size) if wide else struct.pack("<H", size - 1)
        extra = field + struct.pack("<H", len(said)) + said
        out += b"\x1f\x8b\x08\4" + bytes(6) + struct.pack("<H", len(extra)) + extra + deflated
        out += struct.pack("<II", zlib.crc32(part), len(part))
    return out


def full_header(data):
    """A member with each field that a header may have (RFC 1952 2.3), and the checksum of the header."""
    head = b"\x1f\x8b\x08\x1e" + struct.pack("<I", 1700000000) + b"\2\3"
    head += struct.pack("<H", 6) + b"AB\2\0xy" + b"name\0" + b"a comment\0"
    head += struct.pack("<H", zlib.crc32(head) & 0xffff)
    c = zlib.compressobj(9, zlib.DEFLATED, -15)
    return head + c.compress(data) + c.flush() + struct.pack("<II", zlib.crc32(data), len(data))


def packed(folder, build):
    """Text, zeros and what does not compress: by our compressors and zlib's, and members made by hand."""
    text = b"".join(b"line %d of the text, %d\n" % (n, n * n) for n in range(150))
    mixed = text + bytes(6000) + bytes(range(256)) * 4
    yield from seeds.compressed(build, mixed, folder)
    for level in range(10):
        yield zlib.compress(text, level)
    fixed = zlib.compressobj(6, zlib.DEFLATED, 31, 8, zlib.Z_FIXED)
    yield fixed.compress(text) + fixed.flush()
    yield full_header(text)
    for chunk in 100, 1000, 5000:
        yield members(mixed, chunk)
    yield members(mixed, 1000, field=b"BC")
    yield members(mixed, 1000, level=0)
    yield members(b"", 1) + gzip.compress(b"", mtime=0)
    yield members(text, 1000) + full_header(text)
    yield gzip.compress(text, mtime=0) + bytes(512) + gzip.compress(mixed, mtime=0)
    yield members(text, 1000) + bytes(600) + members(text, 700)
    yield gzip.compress(text, mtime=0) + b"what follows is no member"
    yield zlib.compress(text) + b"what follows"


def cores(folder, build):
    """Small cores of each machine, some in the order of core_sort_vma, and what core-trim makes of them."""
    for machine in MACHINES:
        for backwards in False, True:
            c = Core(machine)
            word, size = c.word, 8 if c.is64 else 4
            c.thread(sp=0x70010, pc=0x400010, other={0: 0x500008})
            c.thread(sp=0x70800)
            links = struct.pack("<6" + word, 0x400000, 0x500100, 0x400200, 0x500040, 0, 0).ljust(0x100, b"\0")
            stack = struct.pack("<%d%s" % (PAGE // size, word), *(0x400000 + 8 * i for i in range(PAGE // size)))
            loads = [(0x400000, Core(machine).bytes()[:200].ljust(600, b"\x90"), R | X),
                     (0x500000, links + b"/usr/lib/libnone.so.6\0", R | W), (0x70000, stack, R | W)]
            for load in reversed(loads) if backwards else loads:
                c.load(*load)
            c.file(0x400000, 0x402000, "/none/program")
            c.file(0x500000, 0x501000, "/none/lib/libnone.so.6")
            c.auxv = [(3, 0x400040), (33, 0x400000), (9, 0x400010)]
            c.note(0x53494749, struct.pack("<iii", 11, 0, 1).ljust(128, b"\1"))
            whole = c.bytes()
            yield whole
            c.write(folder + "/core.made")
            if seeds.run(build + "/core-trim", folder + "/core.made", out=folder + "/core.cut"):
                with open(folder + "/core.cut", "rb") as f:
                    yield f.read()
    yield from (s for s in seeds.real_core(folder, build) if len(s) < 70000)


def images(folder):
    """Cores' notes in programs and objects, and archives."""
    yield from seeds.elf_files(folder)
    yield from seeds.archives(folder)


def programs(folder):
    """Libraries with .eh_frame_hdr, with .eh_frame alone, and with no symbols; and objects of other byte orders."""
    with open(folder + "/frames.c", "w") as f:
        f.write(seeds.PROGRAM)
    for number, options in enumerate((["-Wl,--eh-frame-hdr"], ["-Wl,--no-eh-frame-hdr"], ["-s"])):
        out = "%s/frames.%d" % (folder, number)
        if seeds.run(os.environ.get("CC", "cc"), "-g", "-O1", "-shared", "-fPIC", "-nostdlib", "-Wl,-z,noseparate-code",
                     "-fno-stack-protector", *options, "-o", out, folder + "/frames.c"):
            with open(out, "rb") as f:
                yield f.read()
    for target in seeds.TARGETS:
        out = folder + "/frames." + target
        if seeds.run("clang", "--target=" + target, "-O1", "-funwind-tables", "-c", "-o", out, folder + "/frames.c"):
            with open(out, "rb") as f:
                yield f.read()


def mangled():
    """Rust's names, legacy and of version 0, and what the C++ library says."""
    yield from (
        b"_ZN4core3fmt9Formatter9write_fmt17h0123456789abcdefE",
        b"_ZN50_$LT$a..B$u20$as$u20$c..D$GT$1f17h0123456789abcdefE",
        b"_RNvC6_123foo3bar",
        b"_RNvMs_Cs4fqI2P2rA04_13const_genericINtB4_8UnsignedKhb_E",
        b"_RINvNtC3std3mem8align_ofjdE",
        b"_RNCINkXs25_NgCsbmNqQUJIY6D_4core5sliceINyB9_4IterhENuNgNoBb_4iter8iterator8Iterator9rposition"
        b"NCNgNpB9_6memchr7memrchrs_0E0Bb_",
        b"_RIC0FUK3barEwE",
        b"_RNvNtNtCs1234_7mycrate3foo3baru4_7p3_",
        b"int a::f<int>(int) [clone .cold]",
        b"a::operator<<(b const&) const",
        b"(anonymous namespace)::f(void (*)(int))::{lambda(int)#1}::operator()(int) const",
    )


def names():
    """Each specifier and each form of a key, and the lines of a record behind a NUL."""
    for template in "%e", "core.%p", "%E-%P.%t", "%f.%s.%h", "%{comm}-%{time:%Y%m%d}", "%{uuid:8}_%%", "%{none}", \
            "%c %C %d %g %i %I %u", "..", "-", "%{comm:", "%", "%Q", "%{time:%s}", "%{exe:200}":
        yield template.encode() + b"\0" + RECORD.encode()
    yield b"%e\0comm=\\0303\\0251\\0057..\nexe=/\n"


def records():
    """What a handler writes, whole and with lines that are none; an environment."""
    yield RECORD.encode()
    yield b"".join(b"uuid=none\nrecord=1\nkey%d=%d\n" % (n, n) for n in range(140))
    yield b"env=A=1\0PASSWORD=x\0URL=http://u:p@host/\0B=\xc3\xa9\xff\0"
    yield b"uuid=none\nno key\n=value\nframe=#0 a\nbytes=007\ncomplete=maybe\ncomm=\\0303\\0251\\0134\\0400\n"


def configurations():
    """Lines of each form, and numbers as options have them."""
    yield b"# a comment\n dir = /var/lib/x/ \r\ndir=\"/a b\"\nlevel=6\ndir=relative\ndir=/\n"
    for text in b"12", b"0", b"18446744073709551615", b"16G", b"1K", b"0x7f00:4K", b"0x1:0xffff", b"1-9", b"5-3":
        yield text


# Inputs that once found a fault: target, what it was, and the bytes.
FOUND = [
    ("core", "no bytes: 0 was added to an array of images that is not there", b""),
    ("core", "a segment of notes whose end wraps round was still wanted, though all was given up",
     ehdr(True, 62, 1) + phdr(True, 4, 0, 120, 0, 2**64 - 1, 0, 4)),
    ("core", "program headers without a number, at the end of all files: the guess of their length wrapped round",
     ehdr(True, 62, 0xffff)[:32] + struct.pack("<Q", 2**64 - (4 << 20) * 56 + 200) + ehdr(True, 62, 0xffff)[40:]),
]


def make(folder, build):
    """The inputs of each target: {"gzip": [bytes], …}."""
    both = list(packed(folder, build))
    made = {"gzip": both, "members": both, "elf_id": list(images(folder)), "name": list(names()),
            "record": list(records()), "conf": list(configurations()), "unwind": list(programs(folder)),
            "demangle": list(mangled())}
    made["core"] = made["trim"] = list(cores(folder, build))
    for target, _, found in FOUND:
        made[target] = made[target] + [found]
    return made


def main():
    if len(sys.argv) != 3:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="corpus.") as folder:
        for target, inputs in make(folder, sys.argv[1]).items():
            os.makedirs(os.path.join(sys.argv[2], target), exist_ok=True)
            for number, data in enumerate(inputs):
                with open(os.path.join(sys.argv[2], target, "%03d" % number), "wb") as f:
                    f.write(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
