"""Rows of endure.py in which many programs crash at once, again and again, behind slow stages; what is left is counted.

Each row lists in its table the goals that were missed.  Ratios compare medians of alternating turns.
"""

import glob
import os
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time

from endure import installed, wait_for

# Fills this many bytes of memory, a quarter of which compresses badly, and crashes.
CRASH = """
import os, random, sys
size = int(sys.argv[1])
keep = random.Random(os.getpid()).randbytes(size // 4) + b"some text %d " * (size // 16)
os.abort()
"""
# Fills 290 MB with Python objects and forks, so that only the child dies; prints the ms until it is released.
VICTIM = """
import os, random, sys, time
r = random.Random(1)
keep = [("key%d" % i, [i, str(i * 7919), {"a": i, "b": r.random()}]) for i in range(600000)]
pid = os.fork()
if pid == 0:
    os.abort()
begin = time.monotonic()
os.waitpid(pid, 0)
print((time.monotonic() - begin) * 1000)
"""


def configure(p, **settings):
    usual = dict(stack="no", small="no", keep=0, keep_each=0, loop_most=0, min_free=0)
    with open(p + "/etc/gzcoredump.conf", "w") as f:
        for key, value in {**usual, **settings}.items():
            f.write("%s=%s\n" % (key, value))


def idle(p):
    wait_for(lambda: subprocess.run(["pgrep", "-f", p + "/libexec/gzcoredump/handle P"], stdout=subprocess.DEVNULL).returncode, 600)


def records(d):
    found = {}
    for path in glob.glob(d + "/*.txt"):
        with open(path) as f:
            found[path[:-4]] = dict(line.split("=", 1) for line in f.read().splitlines() if "=" in line)
    return found


class Watch(threading.Thread):
    """Samples the number of compressors at once, the memory of each and of the waiting ones, and the free bytes."""

    def __init__(self, p, d):
        super().__init__()
        self.p, self.d = p, d
        self.stop = False
        self.most, self.working, self.waiting = 0, 0, 0
        self.free = float("inf")

    def run(self):
        while not self.stop:
            st = os.statvfs(self.d)
            self.free = min(self.free, st.f_bavail * st.f_frsize)
            count = 0
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    exe = os.readlink("/proc/%s/exe" % pid)
                    if not exe.startswith(self.p + "/bin/"):
                        continue
                    name = os.path.basename(exe)
                    count += name == "gzdeflate"
                    if name in ("gzdeflate", "core-store"):
                        with open("/proc/%s/status" % pid) as f:
                            kb = int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1))
                        if name == "gzdeflate":
                            self.working = max(self.working, kb)
                        else:
                            self.waiting = max(self.waiting, kb)
                except (OSError, AttributeError):
                    continue
            self.most = max(self.most, count)
            time.sleep(0.02)


def burst(e):
    """Makes 50 crashes at once, of 200 MB each."""
    e.table("50 crashes of 200 MB at once, at_once=8", "crashes", "records", "removed for room", "stored whole", "compressors at once",
            "KiB of each", "KiB of each that waits", "least free of the floor's 64 MiB", "s")
    with installed(e) as p:
        d = p + "/var/lib/gzcoredump"
        os.makedirs(d, exist_ok=True)
        # The file system has no room for all of them.
        e.mount(d, "-t", "tmpfs", "-o", "size=%dM" % (64 + 50 * 30), "none")
        configure(p, min_free="64M", at_once=8, queue_wait=600)
        watch = Watch(p, d)
        watch.start()
        begin = time.monotonic()
        victims = [subprocess.Popen([sys.executable, "-c", CRASH, "200000000"], stderr=subprocess.DEVNULL) for _ in range(50)]
        for v in victims:
            v.wait()
        idle(p)
        took = time.monotonic() - begin
        watch.stop = True
        watch.join()
        found = records(d)
        with open(p + "/var/log/gzcoredump.log") as f:
            removed = f.read().count(": removed ")
        wrong = []
        if len(found) + removed != 50 or any("complete" not in r for r in found.values()):
            wrong.append("a crash without a record")
        if watch.most > 8 or watch.working > 12 << 10 or watch.waiting > 3 << 10:
            wrong.append("too many compressors, or too much memory")
        if watch.free < 64 << 20:
            wrong.append("under the floor")
        whole = [n for n, r in found.items() if r["stored"] == "whole"]
        for path in glob.glob(d + "/*.gz*"):
            if subprocess.run(["gzip", "-t"], stdin=open(path), stderr=subprocess.DEVNULL).returncode:
                wrong.append("a damaged file")
        e.row(wrong, 50, len(found), removed, len(whole), watch.most, watch.working, watch.waiting,
              "%.1f MiB" % (watch.free / (1 << 20)), "%.0f" % took)
        subprocess.run(["umount", "-l", d])


def storm(e):
    """Crashes a service ten times a second for a minute, and another program once meanwhile."""
    e.table("A service crashes ten times a second for 60 s, another program once", "crashes", "stored", "counted", "small cores",
            "the other's dump", "MB in the directory", "lines of the log", "free, of the floor's 16 MiB")
    with installed(e) as p:
        d = p + "/var/lib/gzcoredump"
        os.makedirs(d, exist_ok=True)
        e.mount(d, "-t", "tmpfs", "-o", "size=64M", "none")
        # This uses the default configuration.
        os.unlink(p + "/etc/gzcoredump.conf")
        crash = [sys.executable, "-c", CRASH, "8000000"]
        other = shutil.copy(sys.executable if os.path.realpath(sys.executable).startswith("/usr") else "/usr/bin/python3",
                            e.s + "/other")
        count, begin, victims = 0, time.monotonic(), []
        while count < e.turns(600):
            victims.append(subprocess.Popen(crash, stderr=subprocess.DEVNULL))
            count += 1
            if count == e.turns(600) // 2:
                subprocess.run([other, "-c", CRASH, "8000000"], stderr=subprocess.DEVNULL)
            time.sleep(max(0, begin + count / 10 - time.monotonic()))
        for v in victims:
            v.wait()
        idle(p)
        found = records(d)
        service = [r for r in found.values() if r["comm"] != "other"]
        stored = sum(1 for r in service if r["stored"] == "whole")
        # Each crash has a record of its own; the last one has the count.
        counted = max((int(r.get("loop_count", 0)) for r in service), default=0)
        others = [n for n, r in found.items() if r["comm"] == "other" and r["stored"] == "whole"]
        used = sum(os.path.getsize(f) for f in glob.glob(d + "/*"))
        st = os.statvfs(d)
        free = st.f_bavail * st.f_frsize
        wrong = []
        # Small cores and their records have limits of their own; the 5 whole files may be removed as well.
        if counted != count - 5:
            wrong.append("%d crashes are not accounted for" % (count - 5 - counted))
        small = glob.glob(d + "/*.small.gz")
        if len(small) > 50 + 10 + 1 or any(subprocess.run(["gzip", "-t", path]).returncode for path in small):
            wrong.append("too many small cores, or a damaged one")
        if len(others) != 1 or subprocess.run(["gzip", "-t", others[0] + ".gz"]).returncode:
            wrong.append("the other's dump is gone")
        if free < 16 << 20:
            wrong.append("under the floor")
        with open(p + "/var/log/gzcoredump.log") as f:
            log = f.read()
        e.row(wrong, count, stored, counted, len(small), "kept" if others else "gone", "%.1f" % (used / 1e6), log.count("\n"),
              "%.0f MiB" % (free / (1 << 20)))
        print("\nIts log:\n")
        print("".join("    %s\n" % line.replace(d, "DIR") for line in log.splitlines()[:40]))
        subprocess.run(["umount", "-l", d])


def release(e):
    """Measures how long a process is held, with a buffer before level 9, a slow disk and slow hooks."""
    cases = {
        "the limit: tap, cat >/dev/null": None,
        "level 1": dict(level=1),
        
        "level 9, slow disk and hooks, buffer": dict(
            buffer="mbuffer -q -P 90 -m 1G", level=9, filter="mbuffer -q -m 1M -R 3M", suffix="gz", before="sleep 10", after="sleep 2"),
    }
    e.table("From crash to release, 290 MB of Python", "behind the pipe", "ms, median", "least", "most", "ratio to the limit")
    with installed(e) as p:
        with open("/proc/sys/kernel/core_pattern") as f:
            pattern = f.read()
        with open(p + "/bin/limit", "w") as f:
            f.write("#!/bin/sh\nexec >/dev/null 2>&1\nPATH=%s/bin:/usr/bin:/bin\nexec 4<&0 </dev/null\n"
                    "{ core-info -d 5 <&4 4<&- 5>/dev/null | exec cat >/dev/null 4<&-; } &\nexec 4<&-\nwait\n" % p)
        os.chmod(p + "/bin/limit", 0o755)
        times = {name: [] for name in cases}
        for _ in range(e.turns(5)):
            for name, settings in cases.items():
                if settings is not None:
                    configure(p, **settings)
                with open("/proc/sys/kernel/core_pattern", "w") as f:
                    f.write(pattern if settings is not None else "|%s/bin/limit" % p)
                out = subprocess.run([sys.executable, "-c", VICTIM], capture_output=True, text=True).stdout
                times[name].append(float(out))
                idle(p)
                shutil.rmtree(p + "/var/lib/gzcoredump", True)
        base = statistics.median(times["the limit: tap, cat >/dev/null"])
        for name, ms in times.items():
            ratio = statistics.median(ms) / base
            wrong = ["over 1.3"] if "buffer" in name and ratio > 1.3 else []
            e.row(wrong, name, "%.0f" % statistics.median(ms), "%.0f" % min(ms), "%.0f" % max(ms), "%.2f" % ratio)


def listed(e):
    """Times core-list for 10,000 dumps."""
    e.table("core-list of 10,000 dumps", "dumps", "lines", "s, median of 9", "least", "most")
    d = e.s + "/many"
    os.mkdir(d)
    for i in range(10000):
        with open("%s/prog.%d.txt" % (d, i), "w") as f:
            f.write("uuid=%032d\nrecord=1\npid=%d\ncomm=prog\nsigname=SIGSEGV\ntime=2026-11-%02dT%02d:00:00Z\n"
                    % (i % 50, i, 1 + i % 28, i % 24) + "module=0x1000-0x2000 00 /lib/x\n" * 20 + "stored=whole\ncomplete=yes\n")
        open("%s/prog.%d.gz" % (d, i), "w").close()
    took, lines = [], 0
    for _ in range(9):
        begin = time.monotonic()
        lines = subprocess.run(["core-list", d], capture_output=True).stdout.count(b"\n") - 1
        took.append(time.monotonic() - begin)
    wrong = ["over 0.2 s"] if statistics.median(took) > 0.2 else []
    e.row(wrong + (["not all"] if lines != 10000 else []), 10000, lines, *("%.3f" % f(took) for f in (statistics.median, min, max)))


ROWS = dict(burst=burst, storm=storm, release=release, list=listed)
