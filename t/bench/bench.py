#!/usr/bin/env python3
"""Times gzcoredump's filters and other programs on real crashes, side by side.

usage: bench.py BUILD OUT [ROUNDS]

Crashes real processes through the kernel, with the handlers in turn, ROUNDS times, and prints medians and ratios; then
does the same with the cores as files.  Writes OUT/bench.csv, OUT/bench.txt and OUT/bench.svg.  Needs root.  The kernel's
settings are restored at the end, whatever ends it.
"""

import csv
import fcntl
import math
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

# A run that takes longer, in milliseconds, is repeated only once.
SLOW = 4000

KERNEL = "/proc/sys/kernel/"
KEYS = "core_pattern", "core_pipe_limit"

PYTHON = """
import os, random, signal
r = random.Random(3)
keep = [("key%d" % i, [i, str(i * 7919), {"a": i, "b": r.random()}]) for i in range(700000)]
os.kill(os.getpid(), signal.SIGSEGV)
"""

NODE = """
const keep = [];
for (let i = 0; i < 1300000; i++)
	keep.push({ id: i, name: "order " + i * 7919, at: [i % 97, i / 3, null], more: { i } });
process.kill(process.pid, "SIGSEGV");
setTimeout(() => keep, 10000);
"""

HOLE = r"""
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int
main(void)
{
	size_t size = (size_t)2 << 30;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t i = 0; i < size; i += size / 16)
		p[i] = 1;
	abort();
}
"""


class Bench:
    def __init__(self, build, out, rounds):
        self.build, self.out, self.rounds = build, out, rounds
        self.tmp = tempfile.mkdtemp(prefix="gzbench.", dir="/tmp")
        self.rows = []
        self.text = []
        # By (part, command): milliseconds, bytes.
        self.median, self.bytes = {}, {}

    def say(self, line=""):
        print(line, flush=True)
        self.text.append(line)

    # Kernel settings.

    def __enter__(self):
        self.lock = open("/tmp/gzcoredump-kernel.lock", "w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.saved = {k: open(KERNEL + k).read() for k in KEYS}
        for sig in signal.SIGTERM, signal.SIGHUP:
            signal.signal(sig, lambda *_: sys.exit(2))
        self.set("core_pipe_limit", "16")
        os.chmod(self.tmp, 0o755)
        for name in os.listdir(self.build):
            path = os.path.join(self.build, name)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                shutil.copy(path, self.tmp)
        return self

    def __exit__(self, *_):
        for k, v in self.saved.items():
            self.set(k, v)
        shutil.rmtree(self.tmp, ignore_errors=True)

    def set(self, key, value):
        with open(KERNEL + key, "w") as f:
            f.write(value)

    # Handlers: what the kernel starts, with the core on standard input.

    def handler(self, command):
        path = self.tmp + "/handler"
        with open(path + ".new", "w") as f:
            f.write("#!/bin/sh\nexport PATH=%s:/usr/local/bin:/usr/bin:/bin\ncd %s || exit\n"
                    "exec >log 2>&1\nstart=$(date +%%s%%N)\n"
                    "%s\nend=$(date +%%s%%N)\nexec <&-\necho $((end - start)) >done.new\n"
                    "mv done.new done\n" % (self.tmp, self.tmp, command))
        os.chmod(path + ".new", 0o755)
        os.rename(path + ".new", path)
        self.set("core_pattern", "|" + path + ARGUMENTS)

    def crash(self, argv):
        """Returns the milliseconds from the start of the handler to the end of its pipeline."""
        done = self.tmp + "/done"
        for name in "done", "out", "out.partial":
            if os.path.exists(self.tmp + "/" + name):
                os.unlink(self.tmp + "/" + name)
        # The writeback of the last handler's output must not slow this one.
        os.sync()
        subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(30000):
            if os.path.exists(done):
                return int(open(done).read()) / 1e6
            time.sleep(0.01)
        raise SystemExit("bench: the handler did not end: " + open(self.tmp + "/log").read())

    def size(self, name="out"):
        try:
            return os.stat(self.tmp + "/" + name).st_size
        except FileNotFoundError:
            return 0

    def crashes(self, what, argv, handlers):
        limit = handlers[0][0]
        times = {name: [] for name, _ in handlers}
        sizes = {}
        for round in range(self.rounds + 1):
            for name, command in handlers:
                # The first round warms up; a slow run is repeated only once.
                if round > 1 and times[name][0] > SLOW:
                    continue
                self.handler(command)
                ms = self.crash(argv)
                if round > 0:
                    times[name].append(ms)
                sizes[name] = self.size()
                if sizes[name] == 0 and name != limit:
                    raise SystemExit("bench: %s: nothing stored: %s" % (name, open(self.tmp + "/log").read()))
        self.report("crash of " + what, "ms", limit, times, sizes)
        return sizes

    # Whole commands on files.

    def run(self, argv, stdin, stdout):
        """Returns the seconds that a command takes."""
        with open(stdin, "rb") as i, open(stdout, "wb") as o:
            start = time.perf_counter()
            pid = os.posix_spawn(shutil.which(argv[0], path=self.env()["PATH"]), argv, self.env(), file_actions=[
                (os.POSIX_SPAWN_DUP2, i.fileno(), 0), (os.POSIX_SPAWN_DUP2, o.fileno(), 1)])
            _, status = os.waitpid(pid, 0)
            seconds = time.perf_counter() - start
        if status != 0:
            raise SystemExit("bench: %s: status %d" % (" ".join(argv), status))
        return seconds

    def env(self):
        return {"PATH": self.tmp + ":/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}

    def commands(self, what, stdin, stdout, limit, list_of):
        times = {name: [] for name, _ in list_of}
        sizes = {}
        for round in range(self.rounds + 1):
            for name, argv in list_of:
                if round > 1 and times[name][0] > SLOW:
                    continue
                seconds = self.run(argv, stdin(name) if callable(stdin) else stdin, stdout)
                if round > 0:
                    times[name].append(seconds * 1000)
                sizes[name] = os.stat(stdout).st_size if stdout != "/dev/null" else 0
        self.report(what, "ms", limit, times, sizes)

    def report(self, what, unit, limit, times, sizes):
        base = statistics.median(times[limit])
        for name, all in times.items():
            self.median[what, name] = statistics.median(all)
            self.bytes[what, name] = sizes.get(name, 0)
        self.say()
        self.say("%s (%s; median of %d, least, most; ratio to %s)" % (what, unit, self.rounds, limit))
        for name, all in times.items():
            median = statistics.median(all)
            line = "  %-34s %8.1f %8.1f %8.1f  %6.2f x" % (name, median, min(all), max(all), median / base)
            if sizes.get(name):
                line += " %12d bytes" % sizes[name]
            self.say(line)
            self.rows.append([what, name, "%.1f" % median, "%.1f" % min(all), "%.1f" % max(all),
                              "%.3f" % (median / base), sizes.get(name, ""), ""])


def have(command):
    return shutil.which(command.split()[0]) is not None


def version(argv):
    r = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    lines = (r.stdout + r.stderr).strip().splitlines()
    return lines[0].strip() if lines else "?"


PEERS = [
    ("igzip -1", "igzip -1 -c", ["igzip", "-1", "-c"]),
    ("zstd -1 -T2", "zstd -q -1 -T2 -c", ["zstd", "-q", "-1", "-T2", "-c"]),
    ("lz4 -1", "lz4 -q -1 -c", ["lz4", "-q", "-1", "-c"]),
    ("pigz -1", "pigz -1 -c", ["pigz", "-1", "-c"]),
]


def whole(b):
    """Installs the handler in a directory of its own; its core-store does not sync (-S)."""
    where = b.tmp + "/whole"
    os.mkdir(where)
    for name in os.listdir(b.tmp):
        if name.startswith(("core-", "elf-", "gzd", "zinf")):
            shutil.copy(b.tmp + "/" + name, where)
    os.rename(where + "/core-store", where + "/core-store.real")
    with open(where + "/core-store", "w") as f:
        f.write("#!/bin/sh\nexec %s/core-store.real -S \"$@\"\n" % where)
    os.chmod(where + "/core-store", 0o755)
    parts = os.path.dirname(os.path.abspath(__file__)) + "/../../tools/gzcoredump"
    os.makedirs(where + "/libexec/gzcoredump")
    for name in os.listdir(parts):
        with open(parts + "/" + name) as f:
            text = f.read()
        for key, value in ("@sysconfdir@", where), ("@localstatedir@", where), ("@version@", "bench"):
            text = text.replace(key, value)
        to = where + ("/" if name == "gzcoredump" else "/libexec/gzcoredump/") + name
        with open(to, "w") as f:
            f.write(text)
        os.chmod(to, 0o755)
    with open(where + "/gzcoredump.conf", "w") as f:
        f.write("dir=%s/stored\nlog=%s/whole.log\nstack=no\n" % (where, where))
    return "%s/libexec/gzcoredump/handle \"$@\"; rm -f whole/stored/*.small.gz; mv whole/stored/*.gz out; rm -rf whole/stored" % where


ARGUMENTS = " P%P I%I u%u g%g s%s t%t c%c d%d F%F h%h e%e"


def kernel_part(b):
    node = shutil.which("node")
    victims = [("python", [sys.executable, "-c", PYTHON])]
    if node:
        victims.append(("node", [node, "-e", NODE]))
    else:
        b.say("node: missing")
    with open(b.tmp + "/hole.c", "w") as f:
        f.write(HOLE)
    subprocess.run(["cc", "-O1", "-o", b.tmp + "/hole", b.tmp + "/hole.c"], check=True)
    victims.append(("a 2 GiB hole", [b.tmp + "/hole"]))
    handlers = [
        ("limit: tap into cat >/dev/null", "core-info -d 5 5>lines | cat >/dev/null"),
        ("cat >file", "cat >out"),
        ("gzdeflate -1", "gzdeflate -1 >out"),
        ("gzdeflate -1 -T1", "gzdeflate -1 -T1 >out"),
        ("tap, gzdeflate -1", "core-info -d 5 5>lines | gzdeflate -1 >out"),
        ("cat, gzdeflate -1", "cat | gzdeflate -1 >out"),
        ("cat, tap, gzdeflate -1", "cat | core-info -d 5 5>lines | gzdeflate -1 >out"),
        ("core-store -S, tap, gzdeflate -1", "core-store -S out core-info -d 5 '|' gzdeflate -1 5>lines"),
        ("gzcoredump, no sync", whole(b)),
    ]
    peers = [(name, command + " >out") for name, command, _ in PEERS if have(command)]
    peers += [(name, name + " -c >out") for name in ("pigz -6", "gzip -9") if have(name)]
    for name, command, _ in PEERS:
        if not have(command):
            b.say("%s: missing" % name)
    for what, argv in victims:
        b.crashes(what, argv, handlers + peers)
        # The core itself, for the second part.
        b.handler("cat >core.%s" % what.split()[0])
        b.crash(argv)


def ours(*options):
    return "gzdeflate " + " ".join(options), ["gzdeflate"] + list(options)


def named(*argv):
    return " ".join(argv), [*argv, "-q", "-c"] if argv[0] in ("zstd", "lz4") else [*argv, "-c"]


def file_part(b):
    peers = [named(*words.split()) for words in (
        "igzip -0", "igzip -1", "igzip -2", "igzip -3", "zstd -1 -T2", "zstd -3 -T2", "zstd -9 -T2", "lz4 -1",
        "lz4 -9", "pigz -1", "pigz -6", "pigz -9", "gzip -1", "gzip -6", "gzip -9")]
    peers = [(name, argv) for name, argv in peers if have(argv[0])]
    for core in "python", "node":
        path = "%s/core.%s" % (b.tmp, core)
        if not os.path.exists(path):
            continue
        out = b.tmp + "/out"
        b.commands("core of %s as a file" % core, path, out, "cat",
                   [("cat", ["cat"])] + [ours("-%d" % n) for n in range(1, 10)] +
                   [ours("-1", "-T1"), ours("-6", "-T1"), ours("-1", "-T1", "-b", "128K"), ours("-s", "-1"),
                    ("zdeflate -1", ["zdeflate", "-1"]), ours("-A", "1-9"), ours("-7", "-b", "1M")] + peers)
        b.commands("core of %s as a file, to /dev/null" % core, path, "/dev/null", "cat",
                   [("cat", ["cat"])] + [ours("-1"), ours("-1", "-T1"), ours("-6"), ours("-6", "-T1")])
        packed = {}
        for name, argv in [("members", ["gzdeflate", "-1"]), ("one member", ["gzip", "-1", "-c"]),
                           ("zstd", ["zstd", "-q", "-1", "-c"]), ("lz4", ["lz4", "-q", "-1", "-c"])]:
            if have(argv[0]) or argv[0] == "gzdeflate":
                packed[name] = "%s/packed.%s" % (b.tmp, argv[0])
                b.run(argv, path, packed[name])
        readers = [(argv[0] + " " + " ".join(argv[1:]) + ": " + of, argv, of) for argv, of in (
            (["zinflate"], "members"), (["zinflate", "-T1"], "members"), (["igzip", "-d", "-c"], "members"),
            (["pigz", "-d", "-c"], "members"), (["gzip", "-d", "-c"], "members"), (["zinflate"], "one member"),
            (["igzip", "-d", "-c"], "one member"), (["pigz", "-d", "-c"], "one member"),
            (["gzip", "-d", "-c"], "one member"), (["zstd", "-q", "-d", "-c"], "zstd"),
            (["lz4", "-q", "-d", "-c"], "lz4"))]
        readers = [r for r in readers if r[2] in packed and (r[1][0] == "zinflate" or have(r[1][0]))]
        source = {name: packed[of] for name, _, of in readers}
        b.commands("decompression of a core of %s, to /dev/null" % core, lambda name: source[name], "/dev/null",
                   readers[0][0], [(name, argv) for name, argv, _ in readers])


def memory_part(b):
    """Measures peak resident memory while standard input is still open, for our programs after 4 GiB of input."""
    with open(b.tmp + "/core.python", "rb") as f:
        core = f.read()
    what = "resident memory"
    b.say()
    b.say(what)
    # The highest level gets less input: more would not change its memory.
    runs = [(ours("-%d" % n, "-T2")[1], 4096 if n < 8 else 1024) for n in (1, 2, 6, 7, 8)]
    runs += [(ours("-%d" % n, "-T1", "-b", "128K")[1], 4096 if n < 6 else 1024) for n in (1, 2, 6, 8)]
    runs += [(named(*words.split())[1], 1024) for words in (
        "igzip -1", "zstd -1 -T2", "lz4 -1", "pigz -1", "gzip -1") if have(words.split()[0])]
    for argv, mib in runs:
        path = shutil.which(argv[0], path=b.env()["PATH"])
        p = subprocess.Popen([path] + argv[1:], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=b.env())
        left = mib << 20
        while left > 0:
            left -= p.stdin.write(core if left >= len(core) else core[:left])
        with open("/proc/%d/status" % p.pid) as f:
            kib = next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))
        p.stdin.close()
        if p.wait() != 0:
            raise SystemExit("bench: %s: status %d" % (argv, p.returncode))
        name = " ".join(w for w in argv if w not in ("-c", "-q"))
        b.say("  %-34s %8.1f MiB, %d MiB in" % (name, kib / 1024, mib))
        b.rows.append([what, name, "", "", "", "", "", kib])


def ratios(b):
    """Returns a ratio: how many times faster one is than another, or how many times slower than the limit."""
    limit = "limit: tap into cat >/dev/null"

    def line(what, part, slow, fast):
        if (part, slow) in b.median and (part, fast) in b.median:
            ratio = b.median[part, slow] / b.median[part, fast]
            b.say("  %-66s %6.2f x" % (what, ratio))
            b.rows.append(["ratio", what, "", "", "", "%.3f" % ratio, "", ""])

    b.say()
    b.say("ratios of the medians")
    for core in "python", "node", "a 2 GiB hole":
        part = "crash of " + core
        line("%s: gzdeflate -1 as handler / the limit" % core, part, "gzdeflate -1", limit)
        line("%s: gzcoredump without sync / the limit" % core, part, "gzcoredump, no sync", limit)
        line("%s: tap and gzdeflate -1 / gzdeflate -1" % core, part, "tap, gzdeflate -1", "gzdeflate -1")
        line("%s: cat, tap and gzdeflate -1 / cat and gzdeflate -1" % core, part, "cat, tap, gzdeflate -1",
             "cat, gzdeflate -1")
        for peer in "igzip -1", "zstd -1 -T2", "cat >file", "pigz -1", "gzip -9":
            line("%s: %s as handler / gzdeflate -1" % (core, peer), part, peer, "gzdeflate -1")
    for core in "python", "node":
        part = "core of %s as a file" % core
        line("%s as a file: pigz -6 / gzdeflate -6" % core, part, "pigz -6", "gzdeflate -6")
        gzip = b.bytes.get((part, "gzip -9"), 0)
        for mine in ["gzdeflate -%d" % n for n in range(1, 8)] + ["gzdeflate -7 -b 1M", "gzdeflate -8", "gzdeflate -9"]:
            if b.bytes[part, mine] <= gzip:
                line("%s as a file: pigz -9 / %s, no larger than gzip -9" % (core, mine), part, "pigz -9", mine)
                break
        line("%s to /dev/null: gzdeflate -6 -T1 / -6" % core, part + ", to /dev/null", "gzdeflate -6 -T1", "gzdeflate -6")
        part = "decompression of a core of %s, to /dev/null" % core
        line("%s: igzip -d / zinflate, members" % core, part, "igzip -d -c: members", "zinflate : members")
        line("%s: gzip -d / zinflate, members" % core, part, "gzip -d -c: members", "zinflate : members")
        line("%s: igzip -d / zinflate, one member" % core, part, "igzip -d -c: one member", "zinflate : one member")


def slow_part(b):
    """Measures the adaptive levels with an output of 10 MB/s."""
    path = b.tmp + "/core.python"
    times, sizes = {}, {}
    for name, argv in (("gzdeflate -1", ["-1"]), ("gzdeflate -6", ["-6"]), ("gzdeflate -A 1-9", ["-A", "1-9"])):
        start, total = time.perf_counter(), 0
        with open(path, "rb") as i:
            p = subprocess.Popen([b.tmp + "/gzdeflate"] + argv, stdin=i, stdout=subprocess.PIPE)
        while True:
            piece = p.stdout.read(100000)
            if not piece:
                break
            total += len(piece)
            time.sleep(len(piece) / 10e6)
        p.wait()
        times[name], sizes[name] = [(time.perf_counter() - start) * 1000], total
    rounds, b.rounds = b.rounds, 1
    b.report("core of python into a sink of 10 MB/s", "ms", "gzdeflate -1", times, sizes)
    b.rounds = rounds


def draw(path, points, title):
    """Plots size against time, both logarithmic."""
    points = [p for p in points if p[2]]
    limit = next(p for p in points if p[0] == "cat")
    points = [p for p in points if p[0] != "cat"]
    w, h, left, bottom = 860, 520, 70, 60
    xs = [math.log10(p[1]) for p in points] + [math.log10(limit[1])]
    ys = [p[2] / 1e6 for p in points]
    x0, x1 = min(xs) - 0.05, max(xs) + 0.12
    y0, y1 = 0, max(ys) * 1.08

    def x(ms):
        return left + (math.log10(ms) - x0) / (x1 - x0) * (w - left - 20)

    def y(mb):
        return h - bottom - (mb - y0) / (y1 - y0) * (h - bottom - 40)

    s = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" '
         'font-size="11"><rect width="100%%" height="100%%" fill="white"/>' % (w, h),
         '<text x="%d" y="20" font-size="14">%s</text>' % (left, title)]
    for decade in range(math.floor(x0), math.ceil(x1) + 1):
        for k in 1, 2, 5:
            ms = k * 10 ** decade
            if x0 <= math.log10(ms) <= x1:
                s.append('<path d="M%.1f 40V%d" stroke="#ddd"/><text x="%.1f" y="%d" text-anchor="middle">%g</text>'
                         % (x(ms), h - bottom, x(ms), h - bottom + 16, ms / 1000))
    step = 10 ** math.floor(math.log10(y1 / 2))
    for i in range(int(y1 / step) + 1):
        s.append('<path d="M%d %.1fH%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%g</text>'
                 % (left, y(i * step), w - 20, left - 6, y(i * step) + 4, i * step))
    s.append('<text x="%d" y="%d" text-anchor="middle">seconds, logarithmic</text>' % (w / 2, h - 12))
    s.append('<text x="16" y="%d" transform="rotate(-90 16 %d)" text-anchor="middle">stored, MB</text>' % (h / 2, h / 2))
    s.append('<path d="M%.1f 40V%d" stroke="#c00" stroke-dasharray="4 3"/><text x="%.1f" y="52" fill="#c00">cat</text>'
             % (x(limit[1]), h - bottom, x(limit[1]) + 4))
    # Only the levels, not their variants.
    points = [p for p in points if not p[0].startswith(("gzdeflate", "zdeflate")) or p[0][-2:-1] == "-" and
              p[0].count("-") == 1 and p[0].startswith("gz")]
    ours = [p for p in points if p[0].startswith("gzdeflate")]
    s.append('<polyline fill="none" stroke="#06c" points="%s"/>' %
             " ".join("%.1f,%.1f" % (x(p[1]), y(p[2] / 1e6)) for p in ours))
    taken = []
    for name, ms, size in points:
        mine = name.startswith("gzdeflate")
        colour = "#06c" if mine else "#444"
        label = name.replace("gzdeflate ", "") if mine else name
        px, py, wide = x(ms), y(size / 1e6), 6.2 * len(label)
        # Put the label at the first place around the point where no other label is.
        places = [(px + 6, py - 5), (px + 6, py + 14), (px - 6 - wide, py - 5), (px - 6 - wide, py + 14)]
        at = next((p for p in (places[1:] + places[:1] if mine else places)
                   if not any(p[0] < t[0] + t[2] and t[0] < p[0] + wide and abs(p[1] - t[1]) < 11 for t in taken)),
                  places[0])
        taken.append((*at, wide))
        s.append('<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"/><text x="%.1f" y="%.1f" fill="%s">%s</text>'
                 % (px, py, colour, *at, colour, label))
    s.append("</svg>\n")
    with open(path, "w") as f:
        f.write("\n".join(s))


def main():
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    build, out = sys.argv[1], sys.argv[2]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    if not os.access(KERNEL + "core_pattern", os.W_OK):
        raise SystemExit("bench: core_pattern cannot be written: no root, or a container")
    os.makedirs(out, exist_ok=True)
    with Bench(build, out, rounds) as b:
        b.say("Linux %s, %d processors" % (os.uname().release.split("-")[0], len(os.sched_getaffinity(0))))
        b.say(version([b.tmp + "/gzdeflate", "-V"]))
        for argv in (["igzip", "--version"], ["zstd", "--version"], ["lz4", "--version"], ["pigz", "--version"],
                     ["gzip", "--version"]):
            b.say(version(argv) if have(argv[0]) else argv[0] + ": missing")
        kernel_part(b)
        file_part(b)
        slow_part(b)
        memory_part(b)
        ratios(b)
        part = "core of python as a file"
        points = [(name, ms, b.bytes[p, name]) for (p, name), ms in b.median.items() if p == part]
        draw(out + "/bench.svg", points, "A Python core of %d MB: size against time, %d processors" %
             (os.stat(b.tmp + "/core.python").st_size / 1e6, len(os.sched_getaffinity(0))))
        with open(out + "/bench.csv", "w", newline="") as f:
            writer = csv.writer(f)
            writer.writerow(["what", "command", "median_ms", "least_ms", "most_ms", "ratio", "bytes", "rss_kib"])
            writer.writerows(b.rows)
        with open(out + "/bench.txt", "w") as f:
            f.write("\n".join(b.text) + "\n")


if __name__ == "__main__":
    main()
