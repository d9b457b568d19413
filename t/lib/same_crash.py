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
import os
import re
import subprocess
import sys
import tempfile

from cores import PT_LOAD, Memory, Read, cut, join

HERE = os.path.dirname(os.path.abspath(__file__))
# A thread may have so many frames: a stack that never ends is cut here, in both.
MOST = 300000
PROBES = 150
# Whose the note is that says what was kept.
OURS = "gzcore"


def once(core, ask, *args):
    """What it says of the core, kept with the core."""
    if ask.__name__ not in core.said:
        core.said[ask.__name__] = ask(core, *args)
    return core.said[ask.__name__]


def spread(items, most):
    """At most so many of them, from all over."""
    return items if len(items) <= most else [items[i * len(items) // most] for i in range(most)]


class Judge:
    """full may be the Read of another judge: what has been said of it is not asked for again."""

    def __init__(self, full, small, exe, gdb="gdb", sysroot=None, first=None, ends=None,
                 file_data=False):
        self.full = full if isinstance(full, Read) else Read(full)
        self.small, self.exe = Read(small), exe
        self.gdb, self.sysroot, self.first, self.ends, self.file_data = gdb, sysroot, first, ends, file_data
        # Where files are mapped: as the core says, or the program's own headers where it has fixed addresses.
        exe = [(a, m) for kind, _, a, _, m in Read(exe).headers if kind == PT_LOAD]
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
    args["full"] = Read(args["full"])
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
