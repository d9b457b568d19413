"""Cores, made and read.

    c = Core()                      # or Core(machine="arm"), of MACHINES
    c.thread(sp=0x7000, pc=0x400000, other={"rax": 1})
    c.load(0x400000, b"...", flags=5)
    c.file(0x400000, 0x401000, "/bin/true")
    c.write("core")
    Read("core").memory(0x400000, 3)
"""

import mmap
import os
import struct

PAGE = 4096
PT_LOAD, PT_NOTE, LEFT_OUT = 1, 4, 0
PN_XNUM = 0xffff
ET_CORE = 4
NT_PRSTATUS, NT_PRPSINFO, NT_AUXV, NT_FILE = 1, 3, 6, 0x46494c45
SMALL_NOTE = 0x677a6302
R, W, X = 4, 2, 1

# e_machine, 64 bits, words of pr_reg, the stack pointer's word, the program counter's
MACHINES = {
    "x86-64": (62, True, 27, 19, 16),
    "386": (3, False, 17, 15, 12),
    "aarch64": (183, True, 34, 31, 32),
    "arm": (40, False, 18, 13, 15),
}


def pad(b, n=4):
    return b + bytes(-len(b) % n)


def note(kind, desc, owner=b"CORE"):
    name = owner + b"\0"
    return struct.pack("<III", len(name), len(desc), kind) + pad(name) + pad(desc)


def sizes(is64, count):
    """The bytes of the file header, and of count program headers."""
    return (64, 56 * count) if is64 else (52, 32 * count)


def ehdr(is64, machine, count):
    """The file header of a core of count program headers, which follow."""
    ehsize, phsize = sizes(is64, 1)
    return struct.pack("<16sHHI" + ("QQQ" if is64 else "III") + "IHHHHHH", b"\x7fELF" + bytes([2 if is64 else 1, 1, 1]),
                       ET_CORE, machine, 1, 0, ehsize, 0, 0, ehsize, phsize, count, 0, 0, 0)


def phdr(is64, kind, flags, offset, vaddr, filesz, memsz, align):
    if is64:
        return struct.pack("<IIQQQQQQ", kind, flags, offset, vaddr, 0, filesz, memsz, align)
    return struct.pack("<IIIIIIII", kind, offset, vaddr, 0, filesz, memsz, flags, align)


class Core:
    """A core that is made, low byte first: as the kernel lays it out, or not quite."""

    def __init__(self, machine="x86-64"):
        self.machine, self.is64, self.words, self.sp, self.pc = MACHINES[machine]
        self.word = "Q" if self.is64 else "I"
        self.notes, self.loads, self.files, self.auxv = [], [], [], []
        self.threads = 0

    def note(self, kind, desc, owner=b"CORE"):
        self.notes.append(note(kind, desc, owner))

    def thread(self, sp=0, pc=0, other=None, signal=6, tid=None):
        regs = [0] * self.words
        regs[self.sp], regs[self.pc] = sp, pc
        for k, v in (other or {}).items():
            regs[k] = v
        self.threads += 1
        tid = tid or 1000 + self.threads
        head = struct.pack("<iiihHQQ" if self.is64 else "<iiihHII", signal, 0, 0, signal, 0, 0, 0)
        head += struct.pack("<iiii", tid, 1, 1, 1)
        head = head.ljust(112 if self.is64 else 72, b"\0")
        self.note(NT_PRSTATUS, head + struct.pack("<%d%s" % (self.words, self.word), *regs) + bytes(8))
        if self.threads == 1:
            self.note(NT_PRPSINFO, bytes(24 if self.is64 else 16) + struct.pack("<i", tid) + bytes(200 if self.is64 else 100))

    def load(self, vaddr, data, flags=R | W, memsz=None, filesz=None, offset=None):
        if isinstance(data, int):
            data = bytes((vaddr // PAGE + k // PAGE) & 0xff or 1 for k in range(0, data, PAGE) for _ in range(PAGE))[:data]
        self.loads.append([vaddr, data, flags, memsz, filesz, offset])

    def file(self, start, end, path, offset=0):
        self.files.append((start, end, offset, path))

    def bytes(self, phnum=None):
        notes = list(self.notes)
        if self.auxv:
            flat = [x for pair in self.auxv for x in pair] + [0, 0]
            d = struct.pack("<%d%s" % (len(flat), self.word), *flat)
            notes.append(note(NT_AUXV, d))
        if self.files:
            d = struct.pack("<2" + self.word, len(self.files), PAGE)
            for s, e, o, _ in self.files:
                d += struct.pack("<3" + self.word, s, e, o // PAGE)
            d += b"".join(p.encode() + b"\0" for _, _, _, p in self.files)
            notes.append(note(NT_FILE, d))
        notes = b"".join(notes)
        count = len(self.loads) + 1
        at = sum(sizes(self.is64, count))
        out = ehdr(self.is64, self.machine, count if phnum is None else phnum)
        out += phdr(self.is64, PT_NOTE, 0, at, 0, len(notes), 0, 4)
        memory = -(-(at + len(notes)) // PAGE) * PAGE
        body = b""
        for vaddr, data, flags, memsz, filesz, offset in self.loads:
            n = len(data) if filesz is None else filesz
            out += phdr(self.is64, PT_LOAD, flags, memory + len(body) if offset is None else offset, vaddr, n,
                        max(n, len(data)) if memsz is None else memsz, PAGE)
            body += pad(data, PAGE)
        return (out + notes).ljust(memory, b"\0") + body

    def write(self, path, **more):
        with open(path, "wb") as f:
            f.write(self.bytes(**more))


class Read:
    """The headers, notes and memory of a core, of 32 or 64 bits, of either byte order."""

    def __init__(self, path):
        # Absolute: it is taken out of what tools say, and "small" is a word of theirs.
        self.path = os.path.abspath(path)
        self.said = {}
        with open(path, "rb") as f:
            if f.read(4) != b"\x7fELF":
                raise SystemExit("cores: %s: no ELF file" % path)
            self.bytes = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
        b = self.bytes
        self.wide, self.order = b[4] == 2, "<" if b[5] == 1 else ">"
        self.size = len(b)
        if self.wide:
            phoff, shoff = self.get("QQ", 32)
            phentsize, phnum = self.get("HH", 54)
            info = 44
        else:
            phoff, shoff = self.get("II", 28)
            phentsize, phnum = self.get("HH", 42)
            info = 28
        if phnum == PN_XNUM:
            phnum, = self.get("I", shoff + info)
        self.headers, self.flags = [], {}
        for at in range(phoff, phoff + phentsize * phnum, phentsize):
            if self.wide:
                kind, flags, offset, address, _, filesz, memsz, _ = self.get("IIQQQQQQ", at)
            else:
                kind, offset, address, _, filesz, memsz, flags, _ = self.get("IIIIIIII", at)
            self.headers.append((kind, offset, address, filesz, memsz))
            self.flags[address] = flags
        # Of memory: address, offset, size, in the order of addresses.
        self.loads = sorted((a, o, n) for kind, o, a, n, _ in self.headers if kind == PT_LOAD and n > 0)
        self.notes = [note for kind, o, _, n, _ in self.headers if kind == PT_NOTE for note in self.notes_of(o, n)]

    def get(self, form, at):
        return struct.unpack_from(self.order + form, self.bytes, at)

    def notes_of(self, offset, size):
        end = offset + size
        while offset + 12 <= end:
            namesz, descsz, kind = self.get("III", offset)
            desc = offset + 12 + (namesz + 3 & ~3)
            yield self.bytes[offset + 12:offset + 12 + namesz].rstrip(b"\0").decode("latin1"), kind, \
                self.bytes[desc:desc + descsz]
            offset = desc + (descsz + 3 & ~3)

    def files(self):
        """Where files are mapped: start, end."""
        w = "Q" if self.wide else "I"
        for owner, kind, desc in self.notes:
            if owner == "CORE" and kind == NT_FILE:
                n, _ = struct.unpack_from(self.order + 2 * w, desc)
                for i in range(n):
                    yield struct.unpack_from(self.order + 2 * w, desc, (2 + 3 * i) * struct.calcsize(w))

    def ends_early(self):
        return any(o + n > self.size for _, o, _, n, _ in self.headers)

    @property
    def b(self):
        return self.bytes[:]

    def kept(self):
        """The addresses of pages that are there."""
        return {page for a, _, n in self.loads for page in range(a // PAGE * PAGE, a + n, PAGE)}

    def memory(self, address, n):
        return Memory(self).read(address, n)


def join(ranges):
    """In order, those that overlap as one."""
    joined = []
    for start, size in sorted(ranges):
        if joined and start < joined[-1][0] + joined[-1][1]:
            end = max(start + size, sum(joined[-1]))
            joined[-1] = joined[-1][0], end - joined[-1][0]
        else:
            joined.append((start, size))
    return joined


def cut(ranges, others):
    """The parts of ranges (address, size) that are in none of others; both in order."""
    left, i = [], 0
    for start, size in ranges:
        end = start + size
        while i > 0 and others[i - 1][0] + others[i - 1][1] > start:
            i -= 1
        while start < end:
            while i < len(others) and others[i][0] + others[i][1] <= start:
                i += 1
            if i == len(others) or others[i][0] >= end:
                left.append((start, end - start))
                break
            if others[i][0] > start:
                left.append((start, others[i][0] - start))
            start = min(end, others[i][0] + others[i][1])
    return left


class Memory:
    """What a core has at an address."""

    def __init__(self, core):
        self.core = core
        self.at = 0

    def read(self, address, size):
        """None where not all of it is there; the addresses asked for go up."""
        loads = self.core.loads
        while self.at > 0 and loads[self.at][0] > address:
            self.at -= 1
        out = b""
        i = self.at
        while i < len(loads) and len(out) < size:
            start, offset, n = loads[i]
            if start + n <= address:
                i += 1
                self.at = min(i, len(loads) - 1)
                continue
            if start > address:
                return None
            part = self.core.bytes[offset + address - start:offset + min(n, address - start + size - len(out))]
            if not part:
                return None
            out += part
            address += len(part)
        return out if len(out) == size else None
