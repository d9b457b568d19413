"""The core of a process that is stopped, as the kernel would write it.

    stopped.py stream PID FILE [HOW]   a stream whose memory is not the process's, so that it shows which byte came from where
    stopped.py wanted PID STREAM FILE  the same core, with the process's memory; ask for it last, since reading makes pages
"""

import os
import struct
import sys

from cores import NT_AUXV, PAGE, PT_LOAD, R, W, X, Core, Read

# Larger segments are zeros in the stream: bytes.
MUCH = 32 << 20
# Memory tags of aarch64: a segment behind the memory.
TAGS = 0x70000002
HERE = {"x86_64": "x86-64", "aarch64": "aarch64"}
# Nobody can read these, or the kernel leaves them out.
NOT_IN_CORES = "[vsyscall]", "[vvar]", "[vvar_vclock]"


def mappings(pid):
    """start, end, flags, offset, path"""
    with open("/proc/%d/maps" % pid) as f:
        for line in f:
            where, rights, offset, _, _, *path = line.rstrip("\n").split(None, 5)
            start, end = (int(x, 16) for x in where.split("-"))
            flags = sum(flag for flag, letter in ((R, "r"), (W, "w"), (X, "x")) if letter in rights)
            yield start, end, flags, int(offset, 16), path[0] if path else ""


def other_bytes(address, size):
    """What the process has nowhere, other bytes in each page."""
    filler = b"\xa5" * (PAGE - 8)
    return b"".join(struct.pack("<Q", 0xa5a5000000000000 | at) + filler for at in range(address, address + size, PAGE))


def core_of(pid, files=True, heads=False):
    """The headers and notes of the core, and its segments: address, size.  Without files it has no NT_FILE; with heads only
    the first page of each file that is mapped from its start, as the kernel writes it of an ELF file."""
    c = Core(HERE[os.uname().machine])
    c.thread(tid=pid, signal=19)
    with open("/proc/%d/auxv" % pid, "rb") as f:
        c.note(NT_AUXV, f.read())
    segments = []
    for start, end, flags, offset, path in mappings(pid):
        if path in NOT_IN_CORES:
            continue
        if path.startswith("/") and files:
            c.file(start, end, path, offset)
        # Of code the kernel writes nothing but its mapping.
        size = 0 if flags & X and path.startswith("/") else end - start
        if heads and size and path.startswith("/") and offset == 0 and not flags & W:
            size = PAGE
        segments.append((start, size))
        c.load(start, b"", flags, memsz=end - start, filesz=size, offset=0)
    at = len(c.bytes())
    for load, (_, size) in zip(c.loads, segments):
        load[5] = at
        at += size
    return c.bytes(), segments


def add_tail(head, offset, tail):
    """The headers with a segment behind the memory, which only the stream has."""
    b = bytearray(head)
    # It takes the place of the first segment without bytes.
    for at in range(64, 64 + 56 * struct.unpack_from("<H", b, 56)[0], 56):
        kind, _, _, vaddr, _, filesz, memsz, _ = struct.unpack_from("<IIQQQQQQ", b, at)
        if kind == PT_LOAD and filesz == 0:
            struct.pack_into("<IIQQQQQQ", b, at, TAGS, 0, offset, vaddr, 0, len(tail), memsz, 0)
            return bytes(b), tail
    raise SystemExit("stopped: no segment without bytes")


def write_wanted(pid, stream, out):
    r = Read(stream)
    with open("/proc/%d/mem" % pid, "rb", 0) as mem, open(out, "wb") as f, open(stream, "rb") as whole:
        f.write(whole.read(r.loads and min(o for _, o, _ in r.loads)))
        for address, offset, size in r.loads:
            f.seek(offset)
            at = address
            while at < address + size:
                try:
                    b = os.pread(mem.fileno(), min(MUCH, address + size - at), at)
                except OSError:
                    b = bytes(PAGE)
                assert b, hex(at)
                f.write(b)
                at += len(b)
        whole.seek(f.tell())
        f.write(whole.read())


if __name__ == "__main__":
    what, pid = sys.argv[1], int(sys.argv[2])
    if what == "wanted":
        write_wanted(pid, sys.argv[3], sys.argv[4])
    else:
        more = sys.argv[4:]
        head, segments = core_of(pid, files="no-files" not in more, heads="heads" in more)
        size = len(head) + sum(size for _, size in segments)
        tail = b""
        if "tail" in more:
            head, tail = add_tail(head, size, bytes(i * 7 & 255 for i in range(12345)))
        with open(sys.argv[3], "wb") as f:
            f.write(head)
            for address, n in segments:
                if n <= MUCH:
                    f.write(other_bytes(address, n))
                else:
                    f.seek(n, os.SEEK_CUR)
            f.truncate(size)
            f.seek(size)
            f.write(tail)
