#!/usr/bin/env python3
"""Says whether a small core tells of its crash what the full one tells.

usage: same_crash.py [--first N | --ends N] [--file-data] [--gdb PROGRAM] [--sysroot DIR] [--also SMALL] FULL SMALL EXE

Compared are, as gdb says them: every thread's frames (address, function), registers and siginfo, the thread that
crashed, the shared libraries, and what it warns of; as eu-stack says them: every thread's frames; as eu-unstrip says
them: the modules.  By the files alone: all notes, and all bytes of memory that SMALL has.  What SMALL left out must
be said to be out of reach by gdb, or be right, as code is that gdb reads from EXE; what it kept must read right.

--first N    of each thread the first N frames only, if FULL has that many
--ends N     of each thread the first and the last N frames
--also       another small core of the same full one
--file-data  what was left out of a mapped file may read as the file has it, not as the process left it: gdb takes
             it from there whatever the core's headers say
Prints a line for each difference, exits 1; else a line that says how much was the same.
"""
import argparse
import json
import mmap
import os
import re
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PT_LOAD, PT_NOTE = 1, 4
PN_XNUM = 0xffff
NT_FILE = 0x46494c45
# A thread may have so many frames: a stack that never ends is cut here, in both.
MOST = 300000
PROBES = 150
# Whose the note is that says what was kept.
OURS = "gzcore"


class Core:
    """The headers, notes and memory of a core, of 32 or 64 bits, of either byte order."""

    def __init__(self, path):
        # Absolute: it is taken out of what tools say, and "small" is a word of theirs.
        self.path = os.path.abspath(path)
        self.said = {}
        with open(path, "rb") as f:
            if f.read(4) != b"\x7fELF":
                raise SystemExit("same_crash: %s: no ELF file" % path)
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


def once(core, ask, *args):
    """What it says of the core, kept with the core."""
    if ask.__name__ not in core.said:
        core.said[ask.__name__] = ask(core, *args)
    return core.said[ask.__name__]


def spread(items, most):
    """At most so many of them, from all over."""
    return items if len(items) <= most else [items[i * len(items) // most] for i in range(most)]


class Judge:
    """full may be the Core of another judge: what has been said of it is not asked for again."""

    def __init__(self, full, small, exe, gdb="gdb", sysroot=None, first=None, ends=None,
                 file_data=False):
        self.full = full if isinstance(full, Core) else Core(full)
        self.small, self.exe = Core(small), exe
        self.gdb, self.sysroot, self.first, self.ends, self.file_data = gdb, sysroot, first, ends, file_data
        # Where files are mapped: as the core says, or the program's own headers where it has fixed addresses.
        exe = [(a, m) for kind, _, a, _, m in Core(exe).headers if kind == PT_LOAD]
        self.files_at = join([(s, e - s) for s, e in self.full.files()] + exe)
        # What was compared: the lines of what differs.
        self.differences = {}
        self.counts = {}

    def differs(self, what, line, *args):
        self.differences.setdefault(what, []).append(line % args if args else line)

    def judge(self):
        self.files()
        self.by_gdb()
        self.by_eu()
        return not self.differences

    # By the files alone.

    def files(self):
        if self.small.ends_early():
            self.differs("notes", "a header of the small core promises bytes that the file does not have")
        theirs = [note for note in self.full.notes if note[0] != OURS]
        ours = [note for note in self.small.notes if note[0] != OURS]
        if not any(kind == 1 for _, kind, _ in theirs):
            self.differs("notes", "the full core has no thread's registers: nothing to compare")
        if ours != theirs:
            i = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), min(len(ours), len(theirs)))
            self.differs("notes", "%d notes, %d in the full core; the first that differs is number %d", len(ours),
                         len(theirs), i)
        memory = Memory(self.full)
        for address, offset, size in self.small.loads:
            # In pieces, as the full one may have it in several segments.
            for at in range(0, size, 1 << 20):
                n = min(1 << 20, size - at)
                there = memory.read(address + at, n)
                if there is None:
                    self.differs("memory", "0x%x: %d bytes that the full core does not have", address + at, n)
                elif there != self.small.bytes[offset + at:offset + at + n]:
                    self.differs("memory", "0x%x: %d bytes, not those of the full core", address + at, n)
        for (a, _, n), (b, _, _) in zip(self.small.loads, self.small.loads[1:]):
            if a + n > b:
                self.differs("memory", "0x%x: in two segments", b)
        self.counts["bytes kept"] = sum(n for _, _, n in self.small.loads)

    def probes(self):
        """Places to read, what is there, and whether the small core left them out."""
        kept = [(a, n) for a, _, n in self.small.loads]
        lost = cut([(a, n) for a, _, n in self.full.loads], kept)
        memory, out, in_ = Memory(self.full), [], []
        for start, size in lost:
            # A few of each, from its first bytes to its last; not zeros, which would hide it.
            for at in sorted({start + size * i // 8 & ~15 for i in range(8)} | {start + size - 16 & ~15}):
                if at < start or at + 16 > start + size:
                    continue
                there = memory.read(at, min(4096, start + size - at))
                place = next((i for i in range(0, len(there) - 15, 16) if any(there[i:i + 16])), None)
                if place is not None:
                    out.append((at + place, there[place:place + 16], True))
        memory = Memory(self.full)
        for start, size in kept:
            if size >= 16:
                for at in sorted({start, start + size - 16}):
                    there = memory.read(at, 16)
                    if there is not None:
                        in_.append((at, there, False))
        self.counts["bytes left out"] = sum(n for _, n in lost)
        rest = cut(lost, self.files_at)
        self.counts["of mapped files"] = self.counts["bytes left out"] - sum(n for _, n in rest)
        return spread(out, PROBES) + spread(in_, PROBES)

    # By gdb.

    def ask_gdb(self, core, probes):
        with tempfile.TemporaryDirectory() as d:
            state = d + "/state"
            with open(d + "/probes", "w") as f:
                json.dump([(a, len(b)) for a, b, _ in probes], f)
            argv = [self.gdb, "-nx", "-q", "-batch", "-iex", "set debuginfod enabled off", "-iex",
                    "set backtrace past-main on", "-iex", "set backtrace past-entry on", "-iex",
                    "set backtrace limit unlimited", "-iex", "set print thread-events off"]
            if self.sysroot:
                argv += ["-iex", "set sysroot " + self.sysroot]
            env = dict(os.environ, STATE=state, PROBES=d + "/probes", MOST=str(MOST), LC_ALL="C")
            p = subprocess.run([*argv, "-x", HERE + "/gdb_state.py", self.exe, core.path], env=env,
                               stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
            if not os.path.exists(state):
                raise SystemExit("same_crash: %s says nothing of %s: %s" % (self.gdb, core.path, p.stderr.strip()))
            with open(state) as f:
                state = json.load(f)
            said = p.stderr + "".join(re.findall(r"^warning: .*\n?", p.stdout, re.M))
            state["said"] = said.replace(core.path, "CORE").splitlines()
            return state

    def by_gdb(self):
        probes = self.probes()
        full, small = once(self.full, self.ask_gdb, []), self.ask_gdb(self.small, probes)
        a = {t["tid"]: t for t in full["threads"]}
        b = {t["tid"]: t for t in small["threads"]}
        self.counts["threads"] = len(a)
        self.counts["frames by gdb"] = sum(len(t["frames"]) for t in a.values())
        # One that gdb knows from memory alone has no registers, as the parent of a vfork.
        if not any(t["frames"] for t in a.values()):
            self.differs("gdb", "gdb: no frame of the full core: nothing to compare")
        if list(a) != list(b):
            self.differs("gdb", "threads %s, of the full core %s", list(b), list(a))
        if full["crashed"] != small["crashed"]:
            self.differs("gdb", "thread %d crashed, of the full core %d", small["crashed"], full["crashed"])
        for tid in a:
            if tid not in b:
                continue
            self.stacks("gdb", tid, [tuple(f) for f in a[tid]["frames"]], [tuple(f) for f in b[tid]["frames"]],
                        a[tid]["end"], b[tid]["end"])
            for what in "registers", "siginfo":
                if a[tid][what] != b[tid][what]:
                    wrong = [r for r in a[tid][what] if a[tid][what][r] != b[tid][what].get(r)] \
                        if what == "registers" else [b[tid][what], "of the full core", a[tid][what]]
                    self.differs("registers", "thread %d: %s: %s", tid, what, " ".join(wrong))
        if full["signal"] != small["signal"]:
            self.differs("registers", "signal %s, of the full core %s", small["signal"], full["signal"])
        self.lines("modules", "gdb", full["modules"], small["modules"])
        new = [line for line in small["said"] if line not in full["said"] and line.strip()]
        for line in new[:5]:
            self.differs("gdb", "gdb: %s", line)
        unread = 0
        for (address, there, left_out), said in zip(probes, small["read"]):
            if said == there.hex():
                continue
            if left_out and re.match("Cannot access memory at address", said):
                unread += 1
                continue
            if left_out and any(a <= address < a + n for a, n in self.files_at):
                if not self.file_data:
                    self.differs("stale", "0x%x: left out, gdb reads %s from the file, of the full core %s", address, said,
                                 there.hex())
                continue
            self.differs("unread", "0x%x: %s, gdb reads %s, of the full core %s", address,
                         "left out" if left_out else "kept", said, there.hex())
        self.counts["probes out of reach"] = unread
        self.counts["probes"] = len(probes)

    def stacks(self, who, tid, a, b, end_a=None, end_b=None):
        """Whether two stacks are the same, as far as was asked for."""
        parts = [(a, b, 0)]
        if self.first is not None:
            parts = [(a[:self.first], b[:self.first], 0)]
        elif self.ends is not None:
            parts = [(a[:self.ends], b[:self.ends], 0), (a[-self.ends:], b[-self.ends:], len(a) - self.ends)]
        for x, y, base in parts:
            if x != y:
                i = next((i for i, (f, g) in enumerate(zip(x, y)) if f != g), min(len(x), len(y)))
                self.differs(who, "thread %d: %s: frame %d of %d: %s, of the full core %s", tid, who, base + i, len(a),
                             show(y, i, end_b), show(x, i, end_a))
                return

    def lines(self, what, who, a, b):
        """Each line that only one of two lists has."""
        for line in a:
            if line not in b:
                self.differs(what, "%s: only the full core has: %s", who, line)
        for line in b:
            if line not in a:
                self.differs(what, "%s: only the small core has: %s", who, line)
        if a != b and sorted(a) == sorted(b):
            self.differs(what, "%s: another order", who)

    # By elfutils.

    def ask_eu(self, core):
        argv = ["eu-stack", "-n", "0", "--core=" + core.path]
        p = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        threads = {}
        for line in p.stdout.splitlines():
            m = re.match(r"TID (\d+):", line)
            if m:
                stack = threads.setdefault(int(m[1]), [])
                continue
            m = re.match(r"#\d+ +0x([0-9a-f]+)(.*)", line)
            if m:
                stack.append((int(m[1], 16), m[2].strip()))
        return threads, p.stderr.replace(core.path, "CORE").strip()

    def ask_unstrip(self, core):
        p = subprocess.run(["eu-unstrip", "-n", "--core=" + core.path], stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, errors="replace")
        return p.stdout.splitlines() + p.stderr.replace(core.path, "CORE").splitlines()

    def by_eu(self):
        (a, said_a), (b, said_b) = once(self.full, self.ask_eu), self.ask_eu(self.small)
        if not any(a.values()):
            self.differs("eu-stack", "eu-stack: no frame of the full core: nothing to compare: %s", said_a)
        self.counts["frames by eu-stack"] = sum(map(len, a.values()))
        if list(a) != list(b):
            self.differs("eu-stack", "threads %s, of the full core %s: %s", list(b), list(a), said_b)
        for tid in a:
            if tid in b and a[tid]:
                self.stacks("eu-stack", tid, a[tid], b[tid], said_a, said_b)
        a, b = once(self.full, self.ask_unstrip), self.ask_unstrip(self.small)
        self.counts["modules"] = len(a)
        self.lines("modules", "eu-unstrip", a, b)


def show(stack, i, end):
    """A frame, or why there is none."""
    if i >= len(stack):
        return "none (%s)" % str(end).replace("\n", "; ")
    return "0x%x %s" % stack[i][-2:] if isinstance(stack[i][-1], str) or stack[i][-1] is None else str(stack[i])


def main():
    p = argparse.ArgumentParser(usage=__doc__.split("usage: ", 1)[1].split("\n", 1)[0])
    p.add_argument("--first", type=int)
    p.add_argument("--ends", type=int)
    p.add_argument("--file-data", action="store_true")
    p.add_argument("--gdb", default="gdb")
    p.add_argument("--sysroot")
    p.add_argument("full")
    p.add_argument("small")
    p.add_argument("exe")
    p.add_argument("--also")
    args = vars(p.parse_args())
    smalls = [small for small in (args.pop("small"), args.pop("also")) if small]
    args["full"] = Core(args["full"])
    for small in smalls:
        judge = Judge(small=small, **args)
        if not judge.judge():
            for what, lines in judge.differences.items():
                print("\n".join("%s: %s: %s" % (what, small, line) for line in lines))
            return 1
        print("%s: the same: %s" % (small, ", ".join("%d %s" % (n, what) for what, n in judge.counts.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
