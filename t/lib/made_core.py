"""Cores made by hand for tests: as the kernel lays them out, or not quite.

    c = Core()                      # or Core(machine="arm"), of MACHINES
    c.thread(sp=0x7000, pc=0x400000, other={"rax": 1})
    c.load(0x400000, b"...", flags=5)
    c.file(0x400000, 0x401000, "/bin/true")
    c.write("core")
"""

import struct

import same_crash

PAGE = 4096
PT_LOAD, PT_NOTE, LEFT_OUT = 1, 4, 0
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


class Core:
    def __init__(self, machine="x86-64"):
        self.machine, self.is64, self.words, self.sp, self.pc = MACHINES[machine]
        self.word = "Q" if self.is64 else "I"
        self.notes, self.loads, self.files, self.auxv = [], [], [], []
        self.threads = 0

    def note(self, kind, desc, owner=b"CORE"):
        name = owner + b"\0"
        self.notes.append(struct.pack("<III", len(name), len(desc), kind) + pad(name) + pad(desc))

    def thread(self, sp=0, pc=0, other=None, signal=6):
        regs = [0] * self.words
        regs[self.sp], regs[self.pc] = sp, pc
        for k, v in (other or {}).items():
            regs[k] = v
        self.threads += 1
        tid = 1000 + self.threads
        head = struct.pack("<iiihHQQ" if self.is64 else "<iiihHII", signal, 0, 0, signal, 0, 0, 0)
        head += struct.pack("<iiii", tid, 1, 1, 1)
        head = head.ljust(112 if self.is64 else 72, b"\0")
        self.note(1, head + struct.pack("<%d%s" % (self.words, self.word), *regs) + bytes(8))
        if self.threads == 1:
            self.note(3, bytes(24 if self.is64 else 16) + struct.pack("<i", tid) + bytes(200 if self.is64 else 100))

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
            notes.append(struct.pack("<III", 5, len(d), 6) + pad(b"CORE\0") + pad(d))
        if self.files:
            d = struct.pack("<2" + self.word, len(self.files), PAGE)
            for s, e, o, _ in self.files:
                d += struct.pack("<3" + self.word, s, e, o // PAGE)
            d += b"".join(p.encode() + b"\0" for _, _, _, p in self.files)
            notes.append(struct.pack("<III", 5, len(d), 0x46494c45) + pad(b"CORE\0") + pad(d))
        notes = b"".join(notes)
        count = len(self.loads) + 1
        ehsize, phsize = (64, 56) if self.is64 else (52, 32)
        at = ehsize + phsize * count
        out = struct.pack("<16sHHI3" + self.word + "IHHHHHH", b"\x7fELF" + bytes([2 if self.is64 else 1, 1, 1]), 4,
                          self.machine, 1, 0, ehsize, 0, 0, ehsize, phsize, count if phnum is None else phnum, 0, 0, 0)
        out += self.phdr(PT_NOTE, 0, at, 0, len(notes), 0, 4)
        memory = -(-(at + len(notes)) // PAGE) * PAGE
        body = b""
        for vaddr, data, flags, memsz, filesz, offset in self.loads:
            n = len(data) if filesz is None else filesz
            out += self.phdr(PT_LOAD, flags, memory + len(body) if offset is None else offset, vaddr, n,
                             max(n, len(data)) if memsz is None else memsz, PAGE)
            body += pad(data, PAGE)
        return (out + notes).ljust(memory, b"\0") + body

    def phdr(self, kind, flags, offset, vaddr, filesz, memsz, align):
        if self.is64:
            return struct.pack("<IIQQQQQQ", kind, flags, offset, vaddr, 0, filesz, memsz, align)
        return struct.pack("<IIIIIIII", kind, offset, vaddr, 0, filesz, memsz, flags, align)

    def write(self, path, **more):
        with open(path, "wb") as f:
            f.write(self.bytes(**more))


class Read(same_crash.Core):
    """A core of which each header is true."""

    def __init__(self, path):
        super().__init__(path)
        assert not self.ends_early(), path
        self.b = self.bytes[:]

    def kept(self):
        """The addresses of pages that are there."""
        return {page for a, _, n in self.loads for page in range(a // PAGE * PAGE, a + n, PAGE)}

    def memory(self, address, n):
        return same_crash.Memory(self).read(address, n)
