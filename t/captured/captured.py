#!/usr/bin/env python3
"""Compares the cores that core-capture gives with the kernel's own, byte for byte, for processes of many kinds.

usage: captured.py BUILD [WORD ...]

Crashes a process of each kind three times, and prints a Markdown table.  First, the memory is captured while the
kernel waits: of its core only the headers and notes have been read, and then what core-capture takes.  The second time,
the kernel has written its whole core before the memory is captured.  The third time, core-capture reads the kernel's
pipe itself, and only the size and readelf's opinion count.  So neither can profit from what the other did.
What differs is listed below the table, by segment.  With WORDs, only the rows whose names have one of them.  In the
environment, CAPTURE is another command than core-capture, PATIENCE the seconds until it hangs, and KEEP a directory for
cores that differ.  Exits 1 if a core differs.  Needs root.
"""

import collections
import glob
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from crashes import CC, QUIET, SYS, T, Crashes, Skip, have  # noqa: E402
from held import Head  # noqa: E402

HERE = T + "/captured"
REFUSED = 77
WAYS = "memory first", "kernel first", "direct"
# Seconds without progress until core-capture counts as one that hangs; and the most for a process and all around it.
PATIENCE, MOST = int(os.environ.get("PATIENCE") or 30), 1200
KSM, HUGE, ZRAM = "/sys/kernel/mm/ksm/run", SYS + "vm/nr_hugepages", "/sys/block/zram0/"
HUGE_PAGES = 24

FUSE = """
import errno, os, stat, sys
try:
    from fusepy import FUSE, FuseOSError, Operations
except ImportError:
    from fuse import FUSE, FuseOSError, Operations
SIZE = 24 * 4096
class One(Operations):
    def getattr(self, path, fh=None):
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2}
        if path == "/file":
            return {"st_mode": stat.S_IFREG | 0o644, "st_nlink": 1, "st_size": SIZE}
        raise FuseOSError(errno.ENOENT)
    def read(self, path, size, offset, fh):
        return bytes((i // 4096 * 7 + i) % 251 for i in range(offset, min(offset + size, SIZE)))
    def write(self, path, data, offset, fh):
        return len(data)
FUSE(One(), sys.argv[1], foreground=True, nothreads=True)
"""

OVERLAY = """
mkdir -p o/lower o/upper o/work o/merged && mount -t tmpfs none o/upper && mkdir o/upper/u o/upper/w &&
head -c 98304 /dev/urandom >o/lower/file &&
mount -t overlay -o lowerdir=o/lower,upperdir=o/upper/u,workdir=o/upper/w none o/merged || exit 77
exec "$0" file-at o/merged/file
"""


class Kept:
    """A setting outside of /proc/sys that gets back its value whatever ends this program."""

    def __init__(self, set_up, restore):
        self.set_up, self.restore = set_up, restore

    def __enter__(self):
        # It outlives us, and acts when its input ends.
        self.guard = subprocess.Popen(["sh", "-c", "read -r _; " + self.restore], stdin=subprocess.PIPE,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        if subprocess.run(["sh", "-ec", self.set_up], **QUIET).returncode:
            self.__exit__()
            raise Skip("refused: " + self.set_up.splitlines()[0])
        return self

    def __exit__(self, *_):
        self.guard.stdin.close()
        self.guard.wait()


def kept_value(path, value):
    with open(path) as f:
        old = f.read().strip()
    return Kept("echo %s >%s" % (value, path), "echo %s >%s" % (old, path))


class Kind:
    """A row: how its process is started, and what is run beside it."""

    def __init__(self, title, *args, program="kinds", before=(), argv=None, options=None, sizes_only=False, needs=None,
                 user=None):
        self.title, self.args, self.program, self.before, self.argv = title, args, program, before, argv
        self.options, self.sizes_only, self.needs, self.user = options, sizes_only, needs, user


class Captured(Crashes):
    def __enter__(self):
        super().__enter__()
        self.set("kernel/core_pipe_limit", 16)
        with open("hold", "w") as f:
            f.write("#!/bin/sh\nexec 2>>%s/log %s %s/held.py %s \"$@\"\n" % (self.p, sys.executable, HERE, self.p))
        os.chmod("hold", 0o755)
        # A program of another user must reach its files.
        os.chmod(self.p, 0o711)
        os.mkdir("work", 0o1777)
        os.chmod("work", 0o1777)
        self.handler = "|%s/hold %%P %%F" % self.p
        if len(self.handler) > 127:
            raise SystemExit("captured: the path is too long")
        self.set("kernel/core_pattern", self.handler)
        self.capture = shlex.split(os.environ.get("CAPTURE") or self.build + "/core-capture")
        self.counts = collections.Counter()
        return self

    def program(self, name):
        options, compiler = PROGRAMS[name]
        have(compiler)
        if not os.path.exists(name) and subprocess.run(
                [compiler, "-g", "-w", "-pthread", *options, "-o", name, *sorted(glob.glob(HERE + "/*.c"))],
                capture_output=True).returncode:
            raise Skip("%s %s cannot make it" % (compiler, " ".join(options)))
        return self.p + "/" + name

    def one(self, kind, way):
        """Crashes a process of this kind, and returns what the handler found."""
        program = self.program(kind.program)
        if os.path.exists("result"):
            os.unlink("result")
        options = ["-p", "%PID"] if kind.options is None else list(kind.options)
        with open("order", "w") as f:
            json.dump({"way": way, "argv": self.capture + options, "patience": PATIENCE}, f)
        argv = kind.argv(self, program) if kind.argv else [*kind.before, program, *kind.args]
        try:
            p = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               cwd="work", user=kind.user, timeout=MOST, text=True, errors="replace")
        except subprocess.TimeoutExpired:
            return {"failed": "the process did not end in %d s" % MOST}
        except OSError as e:
            raise Skip("%s: %s" % (kind.program, os.strerror(e.errno)))
        if p.returncode in (REFUSED, 126, 127):
            raise Skip(p.stderr.strip().split(": ", 1)[-1] or "refused")
        # In the third way the process may be released before all is written.
        for _ in range(MOST * 20 if way == "direct" and p.returncode < 0 else 20):
            if os.path.exists("result"):
                break
            time.sleep(0.05)
        else:
            return {"failed": "no core; status %d; %s" % (p.returncode, p.stderr.strip())}
        with open("result") as f:
            return json.load(f)

    def wrong(self, kind, way, r):
        """Words for what is wrong, the first for the table."""
        if "failed" in r:
            return [r["failed"]]
        said = []
        if r["stuck"]:
            said += ["hangs", *r["stuck"]]
        elif r["status"]:
            said.append("status %d: %s" % (r["status"], r["said"]))
        if way == "direct":
            return said + self.unlike("captured.core", r)
        if kind.sizes_only:
            return said + ([] if r["bytes"] == r["size"] else ["%d bytes for %d" % (r["bytes"], r["size"])])
        return said + r["differences"]

    def unlike(self, path, r):
        """What shows, in a core alone, that it is not whole."""
        try:
            with open(path, "rb") as f:
                size = Head(f.read).size
        except ValueError as e:
            return [str(e)]
        said = [] if size == r["bytes"] else ["%d bytes for %d" % (r["bytes"], size)]
        done = subprocess.run(["readelf", "-lW", path], capture_output=True, text=True)
        if done.returncode or done.stderr or "LOAD" not in done.stdout:
            said.append("readelf: " + (done.stderr.strip().split("\n")[0] or "no LOAD"))
        return said

    def keep(self, kind, way):
        if "KEEP" in os.environ:
            directory = "%s/%s/%s" % (os.environ["KEEP"], kind.title, way)
            os.makedirs(directory, exist_ok=True)
            for name in "kernel.core", "captured.core":
                if os.path.exists(name):
                    subprocess.run(["cp", "--sparse=always", name, directory], check=True)

    def kind(self, kind):
        first, cells, good = None, [], True
        for way in WAYS:
            r = self.one(kind, way)
            first = first or r
            wrong = self.wrong(kind, way, r)
            if wrong:
                good = False
                self.keep(kind, way)
                for line in wrong:
                    self.note("- %s, %s: %s" % (kind.title, way, line.strip().replace("\n", "; ")))
            elif r.get("said"):
                self.note("- %s, %s: it said: %s" % (kind.title, way, r["said"].replace("\n", "; ")))
            cells.append(short(wrong) if wrong else "whole" if way == "direct" else
                         "sizes" if kind.sizes_only else "same")
            for name in "kernel.core", "captured.core":
                if os.path.exists(name):
                    os.unlink(name)
        self.counts["same" if good else "different"] += 1
        head, taken = first.get("head", 0), first.get("taken", 0)
        self.row(good, kind.title, first.get("segments", "-"), first.get("size", "-"), head, "%+d" % (taken - head),
                 *cells)

    def all(self, words):
        self.table("Captured cores beside the kernel's own", "kind", "segments", "bytes", "of headers and notes",
                   "more taken from the stream", "memory first", "kernel first", "direct")
        for kind in self.kinds():
            if words and not any(word in kind.title for word in words):
                continue
            try:
                with (kind.needs() if kind.needs else kept_nothing()):
                    self.kind(kind)
            except Skip as why:
                self.counts["skipped"] += 1
                self.skipped(kind.title, why)

    def kinds(self):
        names = self.output(self.program("kinds")).split()
        yield from (Kind(name, name, needs=NEEDS.get(name), sizes_only=name == "changing") for name in names
                    if name != "file-at")
        yield Kind("file of FUSE", needs=lambda: Fuse(self),
                   argv=lambda c, program: [program, "file-at", c.p + "/fuse/file"])
        yield Kind("file of overlayfs", argv=lambda c, program: ["unshare", "-m", "sh", "-c", OVERLAY, program])
        for bits in [0, *(1 << bit for bit in range(9)), 0x1ff]:
            yield Kind("mixed, coredump_filter %#x" % bits, "mixed", "-f", "%x" % bits, needs=huge)
        for name in PROGRAMS:
            if name != "kinds":
                for what in "mixed", "threads-1000", "no-rights":
                    yield Kind("%s, %s" % (what, name[6:]), what, program=name)
        yield from RUNS


class Fuse:
    """A file system with one file, which a process of ours serves."""

    def __init__(self, c):
        self.at = c.p + "/fuse"

    def __enter__(self):
        os.makedirs(self.at, exist_ok=True)
        self.server = subprocess.Popen(["/usr/bin/python3", "-c", FUSE, self.at], **QUIET)
        for _ in range(100):
            if os.path.exists(self.at + "/file"):
                return self
            if self.server.poll() is not None:
                raise Skip("no FUSE")
            subprocess.run(["sleep", "0.1"], check=True)
        self.__exit__()
        raise Skip("no FUSE")

    def __exit__(self, *_):
        subprocess.run(["umount", self.at], **QUIET)
        self.server.terminate()
        self.server.wait()


class kept_nothing:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def short(wrong):
    """The first of these words, short enough for a table; the whole is below it."""
    line = next((w for w in wrong if w.startswith("first at")), wrong[0]).strip().split("\n")[-1]
    return re.sub(r"\|", "\\|", line[:60])


def huge():
    """Huge pages that are set aside."""
    kept = kept_value(HUGE, HUGE_PAGES)
    kept.set_up += "\n[ $(cat %s) = %d ]" % (HUGE, HUGE_PAGES)
    return kept


def swap():
    if not os.path.exists(ZRAM) or len(open("/proc/swaps").readlines()) > 1:
        raise Skip("no zram, or there is swap")
    return Kept("echo 128M >%sdisksize\nmkswap /dev/zram0\nswapon /dev/zram0" % ZRAM,
                "swapoff /dev/zram0; echo 1 >%sreset" % ZRAM)


def mappings():
    return kept_value(SYS + "vm/max_map_count", 300000)


def set_uid(c, program):
    path = c.p + "/kinds-suid"
    if not os.path.exists(path):
        shutil.copy(program, path)
        os.chmod(path, 0o4755)
    return [path, "mixed"]


def jail(c, program):
    os.makedirs(c.p + "/jail", exist_ok=True)
    shutil.copy(program, c.p + "/jail/kinds")
    return ["chroot", c.p + "/jail", "/kinds", "mixed"]


MULTI = ("-idirafter", "/usr/include", "-idirafter", "/usr/include/x86_64-linux-gnu")
PROGRAMS = {
    "kinds": ((), CC),
    "kinds-static": (("-static",), CC),
    "kinds-static-pie": (("-static-pie",), CC),
    "kinds-musl": (MULTI, "musl-gcc"),
    "kinds-32 bits": (("-m32", *MULTI), CC),
}
NEEDS = {"merged": lambda: kept_value(KSM, 1), "swapped": swap, "mixed": huge, "hugetlb-private": huge,
         "hugetlb-shared": huge, "uffd-missing-hugetlb": huge, "uffd-minor-hugetlb": huge,
         "mappings-70000": mappings, "mappings-130000": mappings}
NAMESPACES = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount", "--mount-proc")
RUNS = (
    Kind("set-uid", argv=set_uid, user=65534, needs=lambda: kept_value(SYS + "fs/suid_dumpable", 2)),
    Kind("namespaces of pid, mount, user", "mixed", before=NAMESPACES),
    Kind("chroot", argv=jail, program="kinds-static"),
    Kind("mixed, -P", "mixed", options=("-p", "%PID", "-P", "%FD")),
    Kind("mixed, -b 0", "mixed", options=("-p", "%PID", "-b", "0")),
    Kind("mixed, -b 1M", "mixed", options=("-p", "%PID", "-b", "1M")),
    Kind("mixed, -T 1", "mixed", options=("-p", "%PID", "-T", "1")),
    Kind("mixed, -T 8", "mixed", options=("-p", "%PID", "-T", "8")),
    Kind("mixed, without -p", "mixed", options=()),
    Kind("fragmented, -b 1M, -T 8", "fragmented", options=("-p", "%PID", "-b", "1M", "-T", "8")),
    Kind("mixed, -p of another process", "mixed", options=("-p", "1")),
    Kind("mixed, -p of no process", "mixed", options=("-p", "4194303")),
)


def main():
    if len(sys.argv) < 2:
        print("usage: captured.py BUILD [WORD ...]", file=sys.stderr)
        return 2
    with Captured(sys.argv[1]) as c:
        c.all(sys.argv[2:])
        print("\n".join(["", *c.notes] if c.notes else []))
        print("\n%d kinds: %d the same, %d different; %d skipped" % (
            c.counts["same"] + c.counts["different"], c.counts["same"], c.counts["different"], c.counts["skipped"]))
        return c.failed or not c.counts["same"]


if __name__ == "__main__":
    sys.exit(main())
