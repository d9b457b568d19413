#!/usr/bin/env python3
"""Compares our programs' output for real cores with that of elfutils, binutils and gdb.

usage: compare.py BUILD [TABLE ...]

Crashes real programs through the kernel and prints Markdown tables: modules, frames, hidden, names, ids, cost, bounds,
segments; and given, for the cores of any machine in the directory $CORES.  Exits 1 if a row differs or misses its target.  Needs root.
t/lib/kernel.bash holds the lock and restores the kernel's settings, whatever ends this.
"""

import collections
import glob
import os
import re
import shutil
import statistics
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from crashes import NODE, PYTHON, QUIET, SYS, T, Crashes, Skip, dynamic32, have, static32, static_pie  # noqa: E402
from hidden import hidden  # noqa: E402

NT_X86_XSTATE = 0x202
# The size of the registers of a processor with AMX, bytes.
AMX = 11008

# Maps an ELF file that the dynamic linker does not know, as gdb does to read one.
MAPPER = """
import mmap, os
f = os.open("/usr/bin/env", os.O_RDONLY)
keep = mmap.mmap(f, 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
os.abort()
"""

LARGE = """
import os, random
r = random.Random(3)
keep = [("key%d" % i, [i, str(i * 7919), {"a": i, "b": r.random()}]) for i in range(700000)]
os.abort()
"""

# Prints the peak memory of a command, not counting its parent's, in KiB.
PEAK = """
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	struct rusage r;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execv(argv[1], argv + 1);
		_exit(127);
	}
	if (argc < 2 || wait4(pid, &status, 0, &r) != pid || status != 0)
		return 1;
	fprintf(stderr, "%ld", r.ru_maxrss);
	return 0;
}
"""

class Compare(Crashes):
    def __init__(self, build):
        super().__init__(build)
        self.cores = {}

    def program(self, name):
        """Returns core and executable of one of PROGRAMS."""
        if name not in self.cores:
            argv, seconds = PROGRAMS[name](self)
            self.cores[name] = self.crash(argv, seconds), os.path.realpath(argv[0])
        return self.cores[name]

    def stacks(self, how, *args):
        """Returns the addresses of each thread's frames, read by a function of t/lib/trace.bash."""
        out = self.output("bash", "-c", '. "$0/lib/trace.bash"; "$@"', T, how, *args)
        d = collections.OrderedDict()
        for line in out.splitlines():
            tid, pc = line.split()
            d.setdefault(int(tid), []).append(int(pc, 16))
        return d

    def our_stacks(self, core):
        with open("trace", "w") as f:
            f.write(self.output("core-trace", core))
        return self.stacks("our_frames", "trace")

    def our_modules(self, core):
        """Start: build-id, path."""
        found = re.findall(r"^module=0x([0-9a-f]+)-0x[0-9a-f]+ ([0-9a-f]+|-) (.*)",
                           self.output("core-info", "-a", core), re.M)
        return {int(start, 16): (build_id, path) for start, build_id, path in found}

    def eu_modules(self, core):
        """Start: build-id, end."""
        found = re.findall(r"^0x([0-9a-f]+)\+0x([0-9a-f]+) ([0-9a-f]+|-)",
                           self.output("eu-unstrip", "-n", "--core=" + core), re.M)
        return {int(start, 16): (build_id, int(start, 16) + int(size, 16)) for start, size, build_id in found}

    def modules(self):
        self.table("Modules with a build-id: `core-info -a` against `eu-unstrip -n --core`",
                   "core of", "core-info", "eu-unstrip", "the same", "in one only, explained", "unexplained")
        for name in PROGRAMS:
            try:
                core, _ = self.program(name)
            except Skip as why:
                self.skipped(name, why)
                continue
            theirs = {start: m for start, m in self.eu_modules(core).items() if m[0] != "-"}
            ours = {start: m for start, m in self.our_modules(core).items() if m[0] != "-"}
            same = {start for start in ours if start in theirs and theirs[start][0] == ours[start][0]}
            # If a program maps the first pages of a file to read it, eu-unstrip takes the range that the whole file
            # would have, and does not list modules that are mapped right after those pages.
            hidden = {start for start in set(ours) - same
                      if any(s < start < end for s, (_, end) in theirs.items()) and
                      self.build_ids([ours[start][1]]) == {ours[start][1]: ours[start][0]}}
            rest = (set(ours) | set(theirs)) - same - hidden
            self.row(not rest and len(same) > 0, name, len(ours), len(theirs), len(same), len(hidden), len(rest))
            for start in sorted(rest):
                self.note("%s: 0x%x: %s, eu-unstrip: %s" % (name, start, ours.get(start), theirs.get(start)))

    def frames(self):
        self.table("Frames: `core-trace` against `eu-stack --core`, and against gdb's `bt` by thread",
                   "core of", "threads", "frames", "as eu-stack", "as gdb", "as gdb, one goes on", "not as gdb")
        for name in PROGRAMS:
            self.frames_of(name, name)
        # If small mappings come first, eu-stack 0.188 loses modules, so only gdb is compared.
        if os.path.exists(SYS + "kernel/core_sort_vma"):
            self.sorted(1)
            for name in "python", "static-pie":
                argv, _ = PROGRAMS[name](self)
                self.cores[name + ", sorted"] = self.crash(argv), argv[0]
                self.frames_of(name + ", sorted", name)
            self.sorted(0)

    def hidden(self):
        hidden(self)

    def frames_of(self, title, name):
        try:
            core, exe = self.program(title)
        except Skip as why:
            self.skipped(title, why)
            return
        ours, gdbs = self.our_stacks(core), self.stacks("gdb_frames", exe, core)
        like = "not asked" if "sorted" in title else "yes" if self.stacks("eu_frames", core) == ours else "no"
        count = collections.Counter()
        for tid in set(ours) | set(gdbs):
            a, b = ours.get(tid, []), gdbs.get(tid, [])
            n = min(len(a), len(b))
            count["same" if a == b else "longer" if n > 0 and a[:n] == b[:n] else "other"] += 1
        # Code made at run time has no call frame information, so each program guesses.
        good = like != "no" and len(ours) > 0 and (count["other"] == 0 or name in ("node", "java"))
        self.row(good, title, len(ours), sum(map(len, ours.values())), like, count["same"], count["longer"],
                 count["other"])

    def names(self):
        self.table("Frames of C++ with inlined functions: `core-trace` against gdb's `bt`", "program", "compiler", "frames",
                   "inlined", "of the same kind and name", "but for the arguments of templates", "with the same line")
        for source in T + "/compare/names.cc", T + "/lib/inlined.cc":
            for compiler in "g++", "clang++":
                for level in "-O0", "-O2", "-O3":
                    title = os.path.basename(source)
                    name = "%s%s%s" % (title[:-3], compiler, level)
                    try:
                        exe = self.compile(name, source, compiler=(compiler, "-g", level, "-std=c++17"))
                    except Skip as why:
                        self.skipped(title, why)
                        continue
                    self.names_of(title, compiler + " " + level, self.crash([exe]), exe)

    def names_of(self, title, compiler, core, exe):
        with open("trace", "w") as f:
            f.write(self.output("core-trace", core))
        bash = ("bash", "-c", 'T=$0; . "$T/lib/trace.bash"; "$@"', T)
        ours, gdbs = ([line.rsplit(" ", 1) for line in self.output(*bash, *args).splitlines()]
                      for args in (("our_names", "trace"), ("gdb_names", exe, core)))
        ours = ours[:len(gdbs)]
        pairs = list(zip(ours, gdbs))
        same = sum(a[0] == b[0] for a, b in pairs)
        alike = sum(a[0] == b[0] or plain(a[0]) == plain(b[0]) for a, b in pairs)
        lines = sum(a[1] == b[1] for a, b in pairs)
        self.row(len(ours) == len(gdbs) == alike > 1, title, compiler, len(gdbs), sum(a[0][0] == "+" for a in gdbs), same,
                 alike, lines)
        for a, b in pairs:
            if plain(a[0]) != plain(b[0]):
                self.note("%s, %s: %s, gdb: %s" % (title, compiler, a[0], b[0]))

    def build_ids(self, paths):
        """Returns the build-id of each path, from readelf."""
        d, path = {}, None
        # For a single file, readelf does not print the name.
        for line in self.output("readelf", "-n", *paths, "/dev/null", status=(0, 1)).splitlines():
            if line.startswith("File: "):
                path = line[6:]
            elif line.startswith("    Build ID: "):
                d.setdefault(path, line[14:])
        return d

    def ids(self):
        self.table("Build-ids: `elf-uuid -b` against `readelf -n`", "ELF files below", "files", "with a build-id",
                   "differences")
        for top in "/usr/bin", "/usr/lib":
            paths = []
            for folder, _, names in os.walk(top):
                for path in (os.path.join(folder, name) for name in names):
                    if os.path.isfile(path) and not os.path.islink(path):
                        with open(path, "rb") as f:
                            if f.read(4) == b"\x7fELF":
                                paths.append(path)
            theirs, ours = {}, {}
            for i in range(0, len(paths), 500):
                theirs.update(self.build_ids(paths[i:i + 500]))
                # /dev/null is the second file, so that readelf prints names.
                out = self.output("elf-uuid", "-b", *paths[i:i + 500], "/dev/null", status=(2,))
                for line in out.splitlines():
                    path, build_id = line.rsplit(": ", 1)
                    ours[path] = build_id
            wrong = [path for path in paths if ours.get(path) != theirs.get(path)]
            self.row(not wrong and len(paths) > 0, "`%s`" % top, len(paths), len(theirs), len(wrong))
            for path in wrong:
                self.note("%s: %s, readelf: %s" % (path, ours.get(path), theirs.get(path)))

    def given(self):
        self.table("Given cores: `core-info` against `eu-readelf -n`, `core-trace` against `eu-stack --core`", "core",
                   "machine", "threads", "thread numbers, signal, process", "where each stood", "frames as eu-stack")
        for core in sorted(glob.glob(os.environ.get("CORES", "") + "/*")):
            lines = self.output("core-info", "-a", core, status=(0, 2))
            if not lines:
                continue
            facts = dict(line.split("=", 1) for line in lines.splitlines())
            notes = self.output("eu-readelf", "-n", core, status=(0, 1))
            # Split the output into threads; the text before the first belongs to none.
            parts = re.split(r"^  CORE +[0-9]+  PRSTATUS$", notes, flags=re.M)[1:]
            tids = [int(re.search(r"^ +pid: (\d+)", part, re.M)[1]) for part in parts]
            pcs = [int(re.search(r"\b(?:pc|nip|pswa|[er]ip): +0x([0-9a-f]+)", part)[1], 16) for part in parts]
            # Addresses of 31 bits have a first bit that says so.
            if facts["machine"] == "s390" and facts["class"] == "32":
                pcs = [pc & 0x7fffffff for pc in pcs]
            who = re.search(r"uid: (-?\d+), gid: (-?\d+), pid: (\d+)", notes)
            same = [int(n) for n in re.findall("^thread=(.*)", lines, re.M)] == tids and \
                re.search(r"cursig: +(\d+)", parts[0])[1] == facts["signal"] and \
                (facts["uid"], facts["gid"], facts["pid"]) == who.groups()
            ours, theirs = self.our_stacks(core), self.stacks("eu_frames", core)
            stood = [(tid, stack[0]) for tid, stack in ours.items()] == list(zip(tids, pcs))
            self.row(same and stood and ours == theirs, os.path.basename(core), "%s, %s bits, %s endian" %
                     (facts["machine"], facts["class"], facts["byteorder"]), len(tids), "yes" if same else "no",
                     "yes" if stood else "no", "yes" if ours == theirs else "no")

    # The cost.

    def seconds(self, *argv):
        start = time.perf_counter()
        subprocess.run(argv, check=True, **QUIET)
        return time.perf_counter() - start

    def headers(self, core):
        """Returns the bytes of the headers and notes, and of the first 64 KiB of each segment that begins like ELF."""
        with open(core, "rb") as f:
            head = f.read(64)
            phoff, shoff = struct.unpack_from("<QQ", head, 32)
            phnum = struct.unpack_from("<H", head, 56)[0]
            if phnum == 0xffff:
                f.seek(shoff + 44)
                phnum = struct.unpack("<I", f.read(4))[0]
            f.seek(phoff)
            table = f.read(56 * phnum)
            notes = images = 0
            for kind, _, offset, _, _, size, _, _ in struct.iter_unpack("<IIQQQQQQ", table):
                f.seek(offset)
                if kind == 4:
                    notes += size
                elif size > 0 and f.read(4) == b"\x7fELF":
                    images += min(size, 65536)
        return phoff + len(table) + notes, images

    def cost(self):
        self.table("Bytes that `core-info` reads of a core file, and its time (median of 11)", "core", "size",
                   "headers and notes", "first bytes of mapped files", "read", "time, target 10 ms")
        big = self.crash_c("fill", "700000000")
        large = self.crash([shutil.which("python3"), "-c", LARGE])
        for name, core in ("`crash fill`", big), ("Python", large):
            need, images = self.headers(core)
            self.output("strace", "-f", "-qq", "-o", "strace", "-e", "trace=read,pread64,mmap", "-P", core,
                        "core-info", core)
            lines = open("strace").read()
            read = sum(map(int, re.findall(r"read(?:64)?\(.* = (\d+)$", lines, re.M)))
            ms = statistics.median(self.seconds("core-info", core) for _ in range(11)) * 1000
            # Two bytes more are read to see whether it is compressed.
            self.row(0 < read <= need + images + 2 and "mmap(" not in lines and ms <= 10, name,
                     "%d MB" % (os.stat(core).st_size / 1e6), need, images, read, "%.1f ms" % ms)

        self.table("From the `.gz` to the stacks (median of 5)", "core", "core-trace core.gz",
                   "zinflate, then eu-stack", "ratio, target 3")
        for name, core in ("`crash fill`", big), ("Python", large):
            with open("core.gz", "wb") as f:
                subprocess.run(["gzdeflate", "-1", core], stdout=f, check=True)
            ours = statistics.median(self.seconds("core-trace", "core.gz") for _ in range(5))
            theirs = statistics.median(self.seconds("sh", "-c", "zinflate core.gz >whole && eu-stack --core=whole")
                                       for _ in range(5))
            self.row(theirs >= 3 * ours, "%s, %d MB" % (name, os.stat(core).st_size / 1e6),
                     "%.0f ms" % (ours * 1000), "%.0f ms" % (theirs * 1000), "%.1f" % (theirs / ours))
        for name in big, large, "core.gz", "whole":
            os.unlink(name)

    def bounds(self):
        self.table("Most memory (max RSS)", "core", "headers and notes", "core-trace, target 32 MiB",
                   "core-info, target 8 MiB")
        core = self.crash_c("threads", "10000")
        self.memory("10,000 threads", core, 10000)
        self.widen(core)
        self.memory("the same, notes as wide as with AMX", core, 10000)
        os.unlink(core)
        core = self.crash_c("maps", "60000")
        self.memory("60,000 lines of maps", core, 1)
        os.unlink(core)

    def widen(self, core):
        """Replaces the core's notes by ones with vector registers as large as another processor's."""
        with open(core, "r+b") as f:
            head = f.read(64)
            phoff, phnum = struct.unpack_from("<Q", head, 32)[0], struct.unpack_from("<H", head, 56)[0]
            f.seek(phoff)
            table = f.read(56 * phnum)
            entry = next(at for at in range(0, len(table), 56) if struct.unpack_from("<I", table, at)[0] == 4)
            offset, size = (struct.unpack_from("<Q", table, entry + k)[0] for k in (8, 32))
            f.seek(offset)
            notes, at = f.read(size), 0
            end = written = f.seek(0, os.SEEK_END)
            while at < size:
                namesz, descsz, kind = struct.unpack_from("<III", notes, at)
                after = at + 12 + (namesz + 3 & ~3) + (descsz + 3 & ~3)
                if kind == NT_X86_XSTATE:
                    wide = struct.pack("<III", namesz, AMX, kind) + notes[at + 12:after]
                    written += f.write(wide.ljust(12 + (namesz + 3 & ~3) + AMX, b"\0"))
                else:
                    written += f.write(notes[at:after])
                at = after
            for place, value in (8, end), (32, written - end):
                f.seek(phoff + entry + place)
                f.write(struct.pack("<Q", value))

    def memory(self, name, core, threads):
        need, _ = self.headers(core)
        peak = self.compile("peak", PEAK)
        most = {}
        for tool, sign in ("core-trace", "^thread "), ("core-info", "^threads=%d$" % threads):
            p = subprocess.run([peak, self.build + "/" + tool, core], capture_output=True, text=True)
            most[tool] = int(p.stderr) / 1024 if p.returncode == 0 else float("inf")
            if len(re.findall(sign, p.stdout, re.M)) != (threads if tool == "core-trace" else 1):
                most[tool] = float("inf")
        self.row(most["core-trace"] <= 32 and most["core-info"] <= 8, name, "%.1f MB" % (need / 1e6),
                 "%.1f MiB" % most["core-trace"], "%.1f MiB" % most["core-info"])

    def segments(self):
        self.table("More than 65,535 segments (PN_XNUM)", "core", "segments", "size", "promised", "build-id")
        self.set("vm/max_map_count", 100000)
        core = self.crash_c("maps", "70000")
        n = int(re.search(r"Number of program headers: .*\((\d+)", self.output("readelf", "-h", core))[1])
        size = os.stat(core).st_size
        for name, command in (
                ("the kernel's file", 'core-info "$0"'),
                ("the same as a stream", 'cat "$0" | core-info'),
                ("the same, compressed", 'gzdeflate -1 "$0" >core.gz && core-info core.gz'),
                ("the same through the tap", 'cat "$0" | core-info -d 2 2>&1 >/dev/null')):
            self.promised(name, n, size, self.output("sh", "-c", command, core))
        os.unlink(core)
        self.set("kernel/core_pattern", self.handler)
        pid = self.die([self.compile("crash", T + "/kernel/crash.c"), "maps", "70000"])
        for _ in range(600):
            records = (open(path).read() for path in glob.glob(self.p + "/var/lib/gzcoredump/*.txt"))
            record = [r for r in records if "\npid=%d\n" % pid in r and "\ncomplete=" in r]
            if record:
                break
            time.sleep(0.1)
        # This is another process, whose stack may have another size.
        size = int(re.search("^bytes=(.*)", record[0], re.M)[1]) if record else 0
        self.promised("the kernel's stream, by the handler", n, size, "".join(record))

    def promised(self, name, segments, size, lines):
        promised = re.search("^promised=(.*)", lines, re.M)
        crash = self.p + "/crash"
        known = "\nbuild_id=%s\n" % self.build_ids([crash])[crash] in lines
        good = segments > 65535 and known and "\ncomplete=yes\n" in lines and \
            "\nbytes=%d\npromised=%d\n" % (size, size) in lines
        self.row(good, name, segments, size, promised[1] if promised else "-", "yes" if known else "no")


def plain(name):
    """A name without the arguments of templates and functions, which gdb and the C++ library write in several ways."""
    name = name.replace("operator()", "operator@")
    out, depth = "", 0
    for i, c in enumerate(name):
        if c in "<(" and not name[:i].endswith("operator") and not name[i:].startswith("(anonymous"):
            depth += 1
        if depth == 0:
            out += c
        if c in ">)" and depth > 0 and name[i - 1] != "-":
            depth -= 1
    # gdb leaves out in what a lambda stands.
    return out[0] + " operator()" if out.endswith("operator@") else out


# The command, and the seconds after which it gets a signal, if it does not crash itself.
PROGRAMS = {
    "python": lambda c: ([sys.executable, "-c", PYTHON], 0),
    "python, mapping an ELF file": lambda c: ([sys.executable, "-c", MAPPER], 0),
    "node": lambda c: ([have("node"), "-e", NODE], 2),
    # Does much arithmetic, all in code made at run time.
    "java": lambda c: ([os.path.realpath(have("java")), "-m", "java.base/sun.security.tools.keytool.Main",
                        "-genkeypair", "-alias", "a", "-keyalg", "RSA", "-keysize", "16384", "-keystore",
                        c.p + "/keys", "-storepass", "secret", "-dname", "CN=a"], 3),
    "gdb": lambda c: ([have("gdb"), "-nx", "-q", "-batch", "-ex",
                       "python import os; os.kill(os.getpid(), 11)", "/bin/ls"], 0),
    "static-pie": static_pie,
    "32 bits, static": static32,
    "32 bits, dynamic": dynamic32,
}


def main():
    if len(sys.argv) < 2:
        print("usage: compare.py BUILD [TABLE ...]", file=sys.stderr)
        return 2
    with Compare(sys.argv[1]) as c:
        for name in sys.argv[2:] or ("modules", "frames", "hidden", "names", "ids", "cost", "bounds", "segments"):
            getattr(c, name)()
        print("\n".join(["", *c.notes] if c.notes else []))
    return c.failed


if __name__ == "__main__":
    sys.exit(main())
