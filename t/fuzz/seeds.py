"""What is mutated: small cores, ELF files, archives and compressed data of each kind that the programs read.

What takes a tool that is not there (clang for other byte orders, gdb for a core of a real process) is left out.
"""

import glob
import gzip
import os
import shutil
import struct
import subprocess
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from cores import MACHINES, PAGE, Core, R, W, X  # noqa: E402

# The longest seed: what comes through a pipe must fit into it, with what is put behind it.
MOST = 400000

# Calls with call frame information and no library, and an identity of each kind.
PROGRAM = r"""
__attribute__((noinline)) static int inner(volatile int *p) { if (p[0] == 7) __builtin_trap(); return p[0]; }
__attribute__((noinline)) static int outer(volatile int n) { return inner(&n) + 1; }
void _start(void) { for (;;) outer(7); }
"""
NOTES = r"""
.section .note.uuid,"a",%note
.balign 4
.4byte 7, 16, 1
.asciz "gzcore"
.balign 4
.byte 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
.section .uuid,"",%progbits
.ascii "0f3c2a51-8d7e-4b6a-9c1d-2e5f7a8b9c0d"
.section .note.GNU-stack,"",%progbits
"""
TARGETS = ["powerpc-linux-gnu", "s390x-linux-gnu", "i386-linux-gnu", "aarch64-linux-gnu"]


def run(*command, out=None, data=None):
    """Whether it could be run and said that all is well."""
    if shutil.which(command[0]) is None:
        return False
    with open(out or os.devnull, "wb") as f:
        p = subprocess.run(command, stdin=None if data is not None else subprocess.DEVNULL, input=data, stdout=f,
                           stderr=subprocess.DEVNULL)
    return p.returncode == 0


def made_cores():
    """Cores made by hand, of four machines, with stacks, code, files, an image and a link map in them."""
    for machine in MACHINES:
        c = Core(machine)
        word, size = c.word, 8 if c.is64 else 4
        c.thread(sp=0x70010, pc=0x400010, other={0: 0x500008})
        c.thread(sp=0x90000)
        c.thread(sp=0xa0ff0)
        image = Core(machine).bytes()[:600]
        links = struct.pack("<6" + word, 0x400000, 0x500100, 0x400200, 0x500040, 0, 0).ljust(0x100, b"\0")
        c.load(0x400000, image.ljust(2 * PAGE, b"\x90"), R | X)
        c.load(0x500000, (links + b"/usr/lib/libnone.so.6\0").ljust(PAGE, b"\0"), R | W)
        stack = struct.pack("<%d%s" % (PAGE // size, word), *(0x400000 + 8 * i for i in range(PAGE // size)))
        c.load(0x70000, stack * 3)
        c.load(0x8f000, stack * 2)
        c.load(0xa0000, stack, R | W)
        c.load(0x7fff0000, image.ljust(PAGE, b"\0"), R | X)
        c.file(0x400000, 0x402000, "/none/program")
        c.file(0x500000, 0x501000, "/none/lib/libnone.so.6")
        c.auxv = [(3, 0x400040), (33, 0x7fff0000), (9, 0x400010)]
        c.note(0x53494749, struct.pack("<iii", 11, 0, 1).ljust(128, b"\1"))
        yield c.bytes()


def real_core(folder, build):
    """The core of a process that gdb ran, and its small core, whose notes come first."""
    with open(folder + "/program.c", "w") as f:
        f.write(PROGRAM)
    if not run(os.environ.get("CC", "cc"), "-g", "-O1", "-static", "-nostdlib", "-fno-stack-protector",
               "-Wl,--build-id", "-o", folder + "/program", folder + "/program.c", folder + "/notes.o"):
        return
    run("gdb", "-nx", "-batch", "-ex", "run", "-ex", "generate-core-file " + folder + "/core", folder + "/program")
    if os.path.exists(folder + "/core"):
        run(build + "/core-trim", "-r", "0:0xffffffffffff0000", folder + "/core", out=folder + "/core.ordered")
        run(build + "/core-trim", folder + "/core", out=folder + "/core.small")
        run(build + "/core-trim", "-u", folder + "/core", out=folder + "/core.noted")
        for name in "core", "core.ordered", "core.small", "core.noted":
            with open(os.path.join(folder, name), "rb") as f:
                yield f.read()


def elf_files(folder):
    """Programs, objects and libraries; with other byte orders and other sizes of words where clang is there."""
    cc = os.environ.get("CC", "cc")
    with open(folder + "/notes.s", "w") as f:
        f.write(NOTES)
    run(cc, "-c", "-o", folder + "/notes.o", folder + "/notes.s")
    run(cc, "-g", "-shared", "-nostdlib", "-Wl,--build-id", "-o", folder + "/lib.so", folder + "/notes.o")
    for target in TARGETS:
        run("clang", "--target=" + target, "-c", "-o", folder + "/" + target + ".o", folder + "/notes.s")
    for path in sorted(glob.glob(folder + "/*.o") + glob.glob(folder + "/lib.so") + glob.glob(folder + "/program")):
        with open(path, "rb") as f:
            yield f.read()


def archives(folder):
    """Archives of GNU and BSD, thin and nested, with names of all lengths."""
    long = folder + "/a_member_whose_name_is_longer_than_its_field.o"
    shutil.copy(folder + "/notes.o", long)
    members = [folder + "/notes.o", long]
    run("ar", "rc", folder + "/gnu.a", *members)
    run("ar", "rcT", folder + "/thin.a", *members)
    run("ar", "rc", folder + "/nested.a", folder + "/gnu.a", *members)
    run("llvm-ar", "rc", "--format=bsd", folder + "/bsd.a", *members)
    for path in sorted(glob.glob(folder + "/*.a")):
        with open(path, "rb") as f:
            yield f.read()


def compressed(build, data, folder):
    """What the compressors make, ours and others', whole and in parts."""
    yield gzip.compress(data, 6, mtime=0)
    yield zlib.compress(data, 1)
    yield zlib.compress(data, 0)
    for options in ["gzdeflate", "-b", "4K"], ["gzdeflate", "-s", "-b", "4K"], ["gzdeflate", "-0", "-b", "1K"], \
            ["gzdeflate", "-9", "-b", "64K", "-N", "name", "-C", "a comment"], ["zdeflate", "-b", "4K"]:
        if run(build + "/" + options[0], *options[1:], out=folder + "/compressed", data=data):
            with open(folder + "/compressed", "rb") as f:
                yield f.read()
    yield gzip.compress(data[:3000], 9, mtime=0) * 3


def make(folder, build):
    """The seeds of each kind: {"core": [bytes], "elf": …, "archive": …, "packed-core": …, "packed": …}."""
    seeds = {"elf": list(elf_files(folder))}
    seeds["core"] = list(made_cores()) + list(real_core(folder, build))
    seeds["elf"] = list(elf_files(folder))
    seeds["archive"] = list(archives(folder))
    core = seeds["core"][0]
    seeds["packed-core"] = list(compressed(build, core, folder))
    mixed = core[:20000] + bytes(50000) + bytes(range(256)) * 100
    seeds["packed"] = list(compressed(build, mixed, folder))
    return {kind: [s for s in found if 0 < len(s) <= MOST] for kind, found in seeds.items()}
