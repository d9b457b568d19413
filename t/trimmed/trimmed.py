#!/usr/bin/env python3
"""Compares small cores with the full ones that they were made from, and prints their sizes.

usage: trimmed.py BUILD [WORD ...]

Crashes real programs through the kernel, and programs of other machines under qemu-user.  Makes the small core with
core-trim, once from the file and once from a pipe, and prints a Markdown table: sizes, and whether gdb, eu-stack and
eu-unstrip print the same for the small core as for the full one (t/lib/same_crash.py).  A second table is of small cores
made with -u: how much larger they are, and the frames that core-trace shows of them in a root directory without any of
the program's files.  With WORDs, only the rows whose names have one of them.  Exits 1 if a row differs or misses its
target.  Needs root.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from crashes import CC, QUIET, T, Crashes, Skip, dynamic32, have, static32, static_pie  # noqa: E402
from cores import Read  # noqa: E402
from same_crash import Judge  # noqa: E402

KB, MB = 1000, 1000000

# Crashes with 288 MB of memory, below several Python calls, while threads wait.
PYTHON = """
import os, random, threading, time, bz2, ctypes, lzma, sqlite3, ssl
r = random.Random(3)
keep = [("key%d" % i, [i, str(i * 7919), {"a": i, "b": r.random()}]) for i in range(700000)]
def wait(n):
    return wait(n - 1) if n else time.sleep(60)
def crash(n):
    return crash(n - 1) if n else sorted([2, 1], key=lambda _: os.abort())
for n in range(3):
    threading.Thread(target=wait, args=(n,), daemon=True).start()
time.sleep(0.2)
crash(8)
"""

NODE = """
const keep = [];
for (let i = 0; i < 1000000; i++) keep.push({ a: i, b: [Math.random(), String(i * 7919)] });
function f(n) { let s = 0; for (let i = 0; i < n; i++) s += Math.sqrt(i) | 0; return s }
for (const end = Date.now() + 60000; Date.now() < end;) f(1e6);
"""

# A program without a C library, which clang can compile for any machine.
NESTED = """
__attribute__((noinline)) static int
crash_here(int n)
{
	*(volatile int *)16 = n;
	return n;
}

__attribute__((noinline)) static int
nested(int depth)
{
	volatile char local[500];

	local[depth] = (char)depth;
	return (depth > 0 ? nested(depth - 1) : crash_here(depth)) + local[depth];
}

void
_start(void)
{
	nested(9);
	for (;;)
		;
}
"""

WAYS = T + "/trimmed/ways.c"


class Program:
    """A program to run, how it ends, and what is checked in its cores."""

    def __init__(self, argv, target=None, seconds=0, busiest=False, options=(), gdb="gdb", exe=None, qemu=None,
                 **judge):
        self.argv, self.target, self.seconds, self.busiest, self.options = argv, target, seconds, busiest, options
        self.exe = exe or os.path.realpath(argv[0])
        self.qemu = qemu
        self.judge = dict(judge, gdb=gdb)


class Trimmed(Crashes):
    def core_of(self, p):
        """Returns the core of the process that died last, which may be the program's child."""
        if p.qemu:
            # qemu writes the core of the program, and then dies of the same signal.
            self.die([p.qemu, *p.argv])
            found = glob.glob(self.p + "/qemu_*.core")
        else:
            self.crash(p.argv, p.seconds, p.busiest)
            found = glob.glob(self.p + "/core.*")
        if len(found) != 1:
            raise SystemExit("%s: %d cores of %s" % (self.name, len(found), p.argv[0]))
        os.rename(found[0], "full")

    def trim(self, p, name, stream):
        """Returns the size as stored, or the message if there is no small core."""
        with open("full", "rb") as full, open(name, "wb") as small:
            if stream:
                cat = subprocess.Popen(["cat"], stdin=full, stdout=subprocess.PIPE)
                done = subprocess.run(["core-trim", *p.options], stdin=cat.stdout, stdout=small, stderr=subprocess.PIPE,
                                      text=True, errors="replace")
                cat.stdout.close()
                cat.wait()
            else:
                done = subprocess.run(["core-trim", *p.options, "full"], stdout=small, stderr=subprocess.PIPE, text=True,
                                      errors="replace")
        if done.returncode or done.stderr:
            return 0, "core-trim: status %d: %s" % (done.returncode, done.stderr.strip())
        return self.stored(name), ""

    def compared(self, title, p, full, name):
        """Returns which of the compared things differ; the first different lines are printed below the table."""
        judge = Judge(full, name, p.exe, **p.judge)
        judge.judge()
        for what, lines in judge.differences.items():
            for line in lines[:3]:
                self.note("- %s: %s: %s" % (title, what, line))
            if len(lines) > 3:
                self.note("- %s: %s: and %d more" % (title, what, len(lines) - 3))
        return judge

    def program(self, title, make):
        try:
            p = make(self)
        except Skip as why:
            self.skipped(title, why)
            return
        self.core_of(p)
        stored, said = self.trim(p, "small", False)
        streamed, also_said = self.trim(p, "small.stream", True)
        for line in filter(None, [said, also_said]):
            self.note("- %s: %s" % (title, line))
        sizes = [os.stat("full").st_size, os.stat("small").st_size if stored else "-", stored or "-",
                 p.target or "-", streamed or "-"]
        if stored and streamed:
            full = Read("full")
            a = self.compared(title, p, full, "small")
            b = self.compared(title + ", as a stream", p, full, "small.stream")
            words = ["no" if what in a.differences else "yes" for what in ("gdb", "eu-stack")]
            rest = [what for what in ("modules", "registers", "notes", "memory", "unread", "stale") if what in a.differences]
            good = not a.differences and not b.differences and (not p.target or max(stored, streamed) <= p.target)
            self.row(good, title, *sizes, a.counts["of mapped files"], a.counts["threads"], *words, ", ".join(rest) or "the same",
                     "yes" if not b.differences else "no: " + ", ".join(b.differences))
        else:
            self.row(False, title, *sizes, *"------")
        # What has removed its modules cannot run again, nor be followed with them.
        if stored and not p.qemu and "unlinked" not in title:
            self.unwound(title, p)
        keep = os.environ.get("KEEP")
        for name in "full", "small", "small.stream", "small.u":
            if keep and os.path.exists(name):
                os.makedirs("%s/%s" % (keep, title), exist_ok=True)
                shutil.copy(name, "%s/%s" % (keep, title))
                shutil.copy(p.exe, "%s/%s" % (keep, title))
            if os.path.exists(name):
                os.unlink(name)
        for name in glob.glob("core.*"):
            os.unlink(name)

    # Without the files.

    def bare(self, name, paths=()):
        """Makes a root directory that has core-trace, at other paths than any program's, and copies of files."""
        root = self.p + "/" + name
        shutil.rmtree(root, ignore_errors=True)
        os.makedirs(root + "/own")
        program = shutil.which("core-trace")
        shutil.copy(program, root + "/own/core-trace")
        for line in self.output("ldd", program).splitlines():
            words = [word for word in line.split() if word.startswith("/")]
            if words:
                loader = "ld" if "=>" not in line else os.path.basename(words[0])
                shutil.copy(words[0], root + "/own/" + loader)
        for path in paths:
            if os.path.exists(path):
                os.makedirs(root + os.path.dirname(path), exist_ok=True)
                shutil.copy(path, root + path)
        return root

    def frames_in(self, root, core):
        """What core-trace shows there of each thread: address and function of each frame."""
        shutil.copy(core, root + "/core")
        p = subprocess.run(["chroot", root, "/own/ld", "--library-path", "/own", "/own/core-trace", "-j", "/core"],
                           capture_output=True, text=True, errors="replace")
        os.unlink(root + "/core")
        if p.returncode not in (0, 1):
            raise SystemExit("core-trace: " + p.stderr)
        # Inlined functions are in debug data alone.
        return [[(f["pc"], f.get("function"), f.get("function_offset")) for f in t["frames"] if not f.get("inlined")]
                for t in json.loads(p.stdout)["threads"]]

    def held(self, p):
        """Crashes the program again: makes its core, full, and its small cores, while the kernel holds it."""
        with open("trimmer", "w") as f:
            f.write("#!/bin/sh\ncd %s && PATH=%s && exec 2>said && core-trim %s -u -p $1 -o small.u | "
                    "core-trim %s -p $1 -o small >full\n" % (self.p, os.environ["PATH"], *[" ".join(p.options)] * 2))
        os.chmod("trimmer", 0o755)
        for name in "full", "small", "small.u":
            if os.path.exists(name):
                os.unlink(name)
        self.set("kernel/core_pattern", "|%s/trimmer %%P" % self.p)
        self.die(p.argv, p.seconds, p.busiest)
        with open("said") as f:
            return f.read()

    def stored(self, name):
        return len(subprocess.run(["gzip", "-1nc", name], stdout=subprocess.PIPE, check=True).stdout)

    def unwound(self, title, p):
        said = self.held(p)
        modules = re.findall(r"^module=\S+ \S+ (/(?!usr/lib/debug).*)", self.output("core-info", "-a", "full"), re.M)
        plain, noted = self.stored("small"), self.stored("small.u")
        note = re.findall(r"^kept=unwind (\d+) (\d+)", self.output("core-info", "small.u"), re.M) or [("-", "-")]
        truth = self.frames_in(self.bare("with", modules), "full")
        seen, without = (self.frames_in(self.bare("without"), name) for name in ("small.u", "small"))
        # Go has no call frame information that is loaded: frames end with the first, and none is false.
        # musl's functions in assembler have no sizes: with the file, they are named by guessing.
        if title == "musl":
            truth = [[x if y[1] else (*x[:1], *y[1:]) for x, y in zip(a, b)] + a[len(b):] for a, b in zip(truth, seen)]
        good = all(a == b or (title == "go" and a[:len(b)] == b) for a, b in zip(truth, seen))
        for a, b in zip(truth, seen):
            if a != b:
                one = next((x for x in zip(a, b) if x[0] != x[1]), (len(a), len(b)))
                self.note("- %s: with files %s, without %s" % (title, *one))
        count = [sum(map(len, frames)) for frames in (without, seen, truth)]
        named = [sum(f[1] is not None for t in frames for f in t) for frames in (seen, truth)]
        larger = 100 * (noted - plain) / plain
        self.more.append((good and larger <= 25 and not said, title, plain, "%+.1f %%" % larger, *note[0], *count,
                          *named))
        if said:
            self.note("- %s: %s" % (title, said.strip()))

    def all(self, words):
        self.more = []
        self.table("Small cores: what `core-trim` keeps, stored with `gzip -1`, beside the full core",
                   "program", "full", "small", "stored", "target", "stored, from a stream", "left out of mapped files",
                   "threads", "gdb: the same", "eu-stack: the same", "modules, registers, notes, memory",
                   "from a stream: the same")
        for title, make in PROGRAMS.items():
            if not words or any(word in title for word in words):
                self.program(title, make)
        self.table("Small cores with `-u`: frames of all threads, where none of the program's files is",
                   "program", "stored", "with -u", "functions", "bytes of the note", "frames without -u", "with -u",
                   "with the files", "named with -u", "with the files")
        for row in self.more:
            self.row(*row)

    # The needs of the programs.

    def ways(self, name="ways", *options, compiler=(CC, "-g", "-pthread", "-Wl,--build-id")):
        return self.compile(name, WAYS, *options, compiler=compiler)

    def modules(self, n):
        """Makes this many modules that the program loads."""
        first = self.compile("module.0.so", T + "/trimmed/module.c", "-shared", "-fPIC",
                             compiler=(CC, "-g", "-Wl,--build-id"))
        paths = [first] + ["%s/module.%d.so" % (self.p, i) for i in range(1, n)]
        for path in paths[1:]:
            shutil.copy(first, path)
        return paths

    def built(self, name, *argv):
        """Compiles with another compiler than the C compiler."""
        path = self.p + "/" + name.replace(".", "_")
        if not os.path.exists(path) and subprocess.run([*argv, "-o", path, T + "/trimmed/" + name], **QUIET).returncode:
            raise Skip("%s cannot make it" % os.path.basename(argv[0]))
        return path


def musl(*options):
    return lambda c: Program([c.ways("musl" + "".join(options), *options, compiler=("musl-gcc", "-g", "-pthread")),
                              "threads", "8"])


def node(c):
    return Program([have("node"), "-e", NODE], MB, seconds=8, file_data=True)


def java(busiest):
    # Does much arithmetic, all in code made at run time.
    return lambda c: Program([os.path.realpath(have("java")), "-Xms700m", "-XX:+AlwaysPreTouch", "-m",
                              "java.base/sun.security.tools.keytool.Main", "-genkeypair", "-alias", "a", "-keyalg", "RSA",
                              "-keysize", "16384", "-keystore", c.p + "/keys", "-storepass", "secret", "-dname", "CN=a"],
                             2 * MB, seconds=4, busiest=busiest, file_data=True)


def throws(how):
    return lambda c: Program([c.built("throws.cc", have("c++"), "-g"), how])


def go(c):
    os.environ.update(GOTRACEBACK="crash", GOCACHE=c.p + "/go")
    return Program([c.built("ways.go", have("go"), "build")])


def rust(c):
    rustc = shutil.which("rustc") or os.path.expanduser("~/.cargo/bin/rustc")
    if not os.access(rustc, os.X_OK):
        raise Skip("rustc is not installed")
    return Program([c.built("ways.rs", rustc, "-g", "-C", "panic=abort")])


def foreign(cpu, target):
    """Makes a program for another machine, without a C library."""
    def make(c):
        have("ld.lld")
        path = c.compile("nested." + cpu, NESTED, compiler=(
            "clang", "--target=" + target, "-g", "-nostdlib", "-static", "-fuse-ld=lld", "-Wl,--build-id=sha1"))
        return Program([path], qemu=have("qemu-" + cpu), gdb=have("gdb-multiarch"))
    return make


def cross(cpu, prefix, *options):
    """Makes a program for another machine, with its own gcc and C library."""
    def make(c):
        path = c.ways("ways.%s%s" % (cpu, "".join(options)), *options,
                      compiler=(prefix + "-gcc", "-g", "-pthread", "-Wl,--build-id"))
        root = "/usr/" + prefix
        argv = [path, "threads", "6"]
        return Program(argv if options else ["-L", root, *argv], exe=path, sysroot=root, qemu=have("qemu-" + cpu),
                       gdb=have("gdb-multiarch"))
    return make


# Targets are stored sizes, in bytes.
PROGRAMS = {
    "C, 51 threads, 300 MB": lambda c: Program([c.ways(), "threads", "51", "300000000"], 64 * 1024),
    "python": lambda c: Program([sys.executable, "-c", PYTHON], 256 * 1024, file_data=True),
    "node": node,
    "java, 700 MB": java(False),
    "java, in code made at run time": java(True),
    "C, 1,000 threads": lambda c: Program([c.ways(), "threads", "1000"], 4 * MB),
    "C++, exception uncaught": throws("throw"),
    "C++, abort while catching": throws("catch"),
    "go": go,
    "rust": rust,
    "static-pie": lambda c: Program(static_pie(c)[0]),
    "static": lambda c: Program([c.ways("static", "-static"), "threads", "8"]),
    "musl": musl(),
    "musl, static": musl("-static"),
    "32 bits, static": lambda c: Program(static32(c)[0]),
    "32 bits, dynamic": lambda c: Program(dynamic32(c)[0]),
    "alternate stack": lambda c: Program([c.ways(), "altstack", "main"]),
    "alternate stack, in a thread": lambda c: Program([c.ways(), "altstack", "thread"]),
    "recursion, first 100": lambda c: Program([c.ways(), "recursion", "20000"], first=100),
    "recursion, -m 16M, first and last 100": lambda c: Program([c.ways(), "recursion", "20000"], ends=100,
                                                               options=("-m", "16M")),
    "vfork child": lambda c: Program([c.ways(), "vfork"]),
    "dlopen, 200 modules": lambda c: Program([c.ways(), "dlopen", *c.modules(200)]),
    "unlinked modules": lambda c: Program([c.ways(), "unlinked", *c.modules(20)]),
    "aarch64": foreign("aarch64", "aarch64-linux-gnu"),
    "arm": foreign("arm", "arm-linux-gnueabi"),
    "aarch64, threads, static": cross("aarch64", "aarch64-linux-gnu", "-static"),
    "aarch64, threads": cross("aarch64", "aarch64-linux-gnu"),
    "arm, threads, static": cross("arm", "arm-linux-gnueabihf", "-static"),
    "arm, threads": cross("arm", "arm-linux-gnueabihf"),
}


def main():
    if len(sys.argv) < 2:
        print("usage: trimmed.py BUILD [WORD ...]", file=sys.stderr)
        return 2
    with Trimmed(sys.argv[1]) as c:
        c.all(sys.argv[2:])
        print("\n".join(["", *c.notes] if c.notes else []))
    return c.failed


if __name__ == "__main__":
    sys.exit(main())
