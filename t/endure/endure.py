#!/usr/bin/env python3
"""Interrupts the programs that store dumps, again and again, and checks what is left.

usage: endure.py [-n TURNS] BUILD [ROW ...]

Prints a Markdown table for each row of ROWS, below and in the modules beside it: what was done how often, and what was
found.  Exits 1 if something was found that must not be there.  Needs root, gdb, and FUSE with its Python module.  Changes
only files in a directory of its own, and in the rows with real crashes the kernel's settings, which t/lib/kernel.bash
restores, whatever ends this.
-n: the number of turns for each line of a table, instead of its own number.
"""

import contextlib
import ctypes
import getopt
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from crashes import KERNEL, T  # noqa: E402

PR_SET_CHILD_SUBREAPER = 36
HIDDEN = re.compile(r"\.gzcore\.[0-9a-f]{16}")
# Crashes with some megabytes of memory.
CRASH = """
import bz2, ctypes, json, lzma, os, random, sqlite3
keep = [os.urandom(1000) + b"x" * 3000 for i in range(5000)]
os.abort()
"""
VICTIM = """
import bz2, ctypes, json, lzma, random, sqlite3, sys, time
r = random.Random(1)
keep = [("key%d" % i, [i, str(i * 7919), {"a": i, "b": r.random()}]) for i in range(20000)]
print(flush=True)
time.sleep(600)
"""


def wait_for(what, seconds=30):
    """Waits until what() is true."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.002)


class Endure:
    """Holds what all rows need, in the directory self.s; self.undo unmounts and ends what was mounted and started."""

    def __init__(self, build, turns):
        self.build = os.path.abspath(build)
        self.turns_wanted = turns
        self.failed = 0

    def __enter__(self):
        self.undo = contextlib.ExitStack()
        self.s = tempfile.mkdtemp(prefix="gzce.", dir="/tmp")
        self.undo.callback(shutil.rmtree, self.s, True)
        os.environ.update(PATH=self.build + ":" + os.environ["PATH"], LC_ALL="C", TZ="UTC")
        try:
            self.core = self.make_core()
            self.size = os.path.getsize(self.core)
        except BaseException:
            self.undo.close()
            raise
        return self

    def __exit__(self, *_):
        self.undo.close()

    def make_core(self):
        victim = subprocess.Popen([sys.executable, "-c", VICTIM], stdout=subprocess.PIPE)
        try:
            victim.stdout.readline()
            subprocess.run(["gcore", "-o", self.s + "/core", str(victim.pid)], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        finally:
            victim.kill()
            victim.wait()
        return "%s/core.%d" % (self.s, victim.pid)

    def turns(self, usual):
        return self.turns_wanted or usual

    def table(self, title, *columns):
        print("\n### %s\n\n| %s | |\n|%s" % (title, " | ".join(columns), " --- |" * (len(columns) + 1)),
              flush=True)

    def row(self, wrong, *cells):
        """Prints a line of the table; wrong lists what must not have been found."""
        self.failed |= bool(wrong)
        print("| %s | %s |" % (" | ".join(map(str, cells)), "; ".join(sorted(set(wrong))) or "good"), flush=True)

    def mount(self, path, *options):
        os.makedirs(path, exist_ok=True)
        subprocess.run(["mount", *options, path], check=True)
        return self.undo.callback(subprocess.run, ["umount", "-l", path], stderr=subprocess.DEVNULL)

    def fuse(self, program, path, *args):
        """Mounts a file system of a program in this directory; {} in its arguments is the mount point."""
        for python in (sys.executable, "/usr/bin/python3"):
            if subprocess.run([python, program], capture_output=True).stderr.startswith(b"usage: "):
                break
        os.makedirs(path, exist_ok=True)
        p = subprocess.Popen([python, program, *[a.replace("{}", path) for a in args]])
        self.undo.callback(p.wait)
        self.undo.callback(subprocess.run, ["umount", "-l", path], stderr=subprocess.DEVNULL)
        wait_for(lambda: os.path.ismount(path))

    def install(self, *settings):
        """Installs the build and a handler with these settings; returns its path."""
        p = tempfile.mkdtemp(prefix="i.", dir=self.s)
        env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
        subprocess.run(["make", "-s", "-C", T + "/..", "install-built", "B=" + self.build, "PREFIX=" + p,
                        "SYSCONFDIR=%s/etc" % p, "LOCALSTATEDIR=%s/var" % p], check=True, env=env)
        os.makedirs(p + "/var/log")
        with open(p + "/etc/gzcoredump.conf", "w") as f:
            f.write("\n".join(settings) + "\n")
        return p + "/bin/gzcoredump"

    def start(self, *command):
        """Starts a command that reads the core, in a session of its own."""
        with open(self.core) as core:
            return subprocess.Popen(command, stdin=core, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                    start_new_session=True)

    # The checks.

    def is_core(self, path):
        """Returns whether gzip decodes a file to the whole core."""
        with subprocess.Popen(["gzip", "-dc"], stdin=open(path, "rb"), stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as p:
            same = subprocess.run(["cmp", "-s", "-", self.core], stdin=p.stdout).returncode == 0
        return same and p.returncode == 0

    def is_gzip(self, path):
        return subprocess.run(["gzip", "-t", path], stderr=subprocess.DEVNULL).returncode == 0

    def wrong_files(self, d, is_whole=None, parts=False):
        """Returns what is wrong with the files of a directory, however the programs that stored there ended."""
        wrong = []
        is_whole = is_whole or self.is_core
        for name in os.listdir(d):
            path = os.path.join(d, name)
            # A small core is not the core that was passed in.
            small = name.endswith(".small.gz")
            if name.endswith(".gz") and not (self.is_gzip if small else is_whole)(path):
                wrong.append("a broken file: %d bytes" % os.path.getsize(path))
            if name.endswith(".partial") and not parts:
                wrong.append("a partial file")
            if name.endswith(".txt"):
                with open(path) as f:
                    text = f.read()
                gz = path[:-len(".txt")] + ".gz"
                if text == "":
                    # The record was not synced yet, but says nothing untrue.
                    continue
                if not text.startswith("uuid=") or not text.endswith("\n"):
                    wrong.append("a broken record")
                elif "\ncomplete=" in text and ("\nstored=whole\n" in text) != os.path.exists(gz):
                    wrong.append("a record that is not true")
        return wrong

    def wrong_next(self, d):
        """Returns what is wrong after the next run: leftovers, and dumps that are shown as open but have no writer."""
        subprocess.run(["core-store", d + "/next", "true"], check=True)
        wrong = ["a leftover" for name in os.listdir(d) if HIDDEN.fullmatch(name)]
        for name in os.listdir(d):
            if name.endswith(".txt"):
                os.utime(os.path.join(d, name), (0, 0))
        listed = subprocess.run(["core-list", d], capture_output=True, text=True).stdout
        return wrong + ["a dump that is said to be written"] * len(re.findall(" open ", listed))


def power(e):
    """Kills all processes that store a dump (SIGKILL), at a random moment."""
    e.table("All that stores a dump is killed", "what", "turns", "killed in time", "leftovers before the next run",
            "empty files", "ms to store")
    d = e.s + "/power"
    lesser = {"FUSE": [], "FUSE without hard links": ["no-link"]}
    for name, words in lesser.items():
        back = "%s/back %s" % (e.s, name)
        os.mkdir(back)
        e.fuse(T + "/lib/lesser.py", "%s/%s" % (e.s, name), back, "{}", *words)
    handler = e.install("dir=" + d, "min_free=0", "loop_most=0", "stack=no")
    plain = ["core-info", "-d", "2", "|", "gzdeflate", "-1"]
    cases = [
        ("the handler", d, [handler, "-k", "P%d" % os.getpid(), "s11", "eprog"]),
        ("core-store", d, ["core-store", d + "/f.gz", *plain]),
        ("core-store -f", d, ["core-store", "-f", d + "/f.gz", *plain]),
        *[("core-store, " + name, "%s/%s/d" % (e.s, name), ["core-store", "%s/%s/d/f.gz" % (e.s, name), *plain])
          for name in lesser],
    ]
    for what, where, command in cases:
        wrong, killed, left, empty = [], 0, 0, 0
        took = []
        for turn in range(e.turns(200) + 3):
            shutil.rmtree(where, True)
            os.mkdir(where, 0o700)
            if "-f" in command:
                shutil.copy(e.s + "/first.gz", where + "/f.gz")
            begin = time.monotonic()
            p = e.start(*command)
            if turn < 3:
                # How long it takes when it is left alone.
                if p.wait() != 0:
                    wrong.append("not stored")
                took.append(time.monotonic() - begin)
                if what == "core-store":
                    shutil.copy(where + "/f.gz", e.s + "/first.gz")
                continue
            with contextlib.suppress(subprocess.TimeoutExpired):
                p.wait(random.uniform(0, 1.05 * min(took)))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(p.pid, signal.SIGKILL)
            killed += p.wait() == -signal.SIGKILL
            wait_for(lambda: group_gone(p.pid))
            left += sum(1 for name in os.listdir(where) if HIDDEN.fullmatch(name))
            if "without" in what and os.path.exists(where + "/f.gz") and os.path.getsize(where + "/f.gz") == 0:
                # The manual allows this only for this way to give the file its name.
                empty += 1
                os.unlink(where + "/f.gz")
            wrong += e.wrong_files(where) + e.wrong_next(where)
        e.row(wrong, what, turn - 2, killed, left, empty, "%.0f" % (min(took) * 1000))


def group_gone(pid):
    """Returns whether a process group has ended; its orphans are our children, since we are the subreaper."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(-pid, os.WNOHANG)
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return True
    return False


@contextlib.contextmanager
def installed(e):
    """Makes our handler the kernel's for a while; yields where it is installed."""
    lock = subprocess.Popen(["bash", "-c", KERNEL, "-", T, e.build], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            text=True)
    try:
        p = lock.stdout.readline().strip()
        if p == "":
            raise SystemExit("no handler can be installed here")
        yield p
    finally:
        lock.stdin.close()
        lock.wait()


def ours(p):
    """Returns the processes of the handler that is installed there, whatever they run at the moment."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open("/proc/%s/cmdline" % pid) as f:
                words = f.read()
            if os.readlink("/proc/%s/exe" % pid).startswith(p + "/bin/") or p + "/libexec/gzcoredump/handle\0" in words:
                yield int(pid)


def kill(p):
    for pid in ours(p):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def kernel(e):
    """Kills all processes of the handler that the kernel started (SIGKILL), at a random moment."""
    e.table("The kernel's handler is killed", "what", "turns", "dumps stored", "records without an end",
            "crashes without a record", "ms to release")
    p = e.undo.enter_context(installed(e))
    d = p + "/var/lib/gzcoredump"
    wrong, counts, took = [], [0] * 3, []
    turns = e.turns(30)
    for turn in range(turns + 2):
        shutil.rmtree(d, True)
        begin = time.monotonic()
        victim = subprocess.Popen([sys.executable, "-c", CRASH], stderr=subprocess.DEVNULL)
        if turn >= 2:
            time.sleep(random.uniform(0, 1.5 * min(took)))
            kill(p)
        try:
            if victim.wait(60) != -signal.SIGABRT:
                wrong.append("no crash")
        except subprocess.TimeoutExpired:
            wrong.append("the process is held")
            victim.kill()
        if turn < 2:
            took.append(time.monotonic() - begin)
        # A handler that was killed too late ends by itself.
        wait_for(lambda: not list(ours(p)))
        os.makedirs(d, exist_ok=True)
        if turn >= 2:
            records = [open(os.path.join(d, n)).read() for n in os.listdir(d) if n.endswith(".txt")]
            counts[0] += sum(1 for n in os.listdir(d) if n.endswith(".gz"))
            counts[1] += sum(1 for text in records if "\ncomplete=" not in text)
            counts[2] += not records
        wrong += e.wrong_files(d, e.is_gzip, turn >= 2)
        wrong += e.wrong_next(d)
    e.row(wrong, "the handler", turns, *counts, "%.0f" % (min(took) * 1000))


def small(e):
    """Kills all processes of the handler (SIGKILL), at a random moment after the small core has its name."""
    e.table("The dump is killed after the small core's time", "what", "turns", "small cores whole, with the same stack",
            "whole dumps stored")
    p = e.undo.enter_context(installed(e))
    d = p + "/var/lib/gzcoredump"
    with open(p + "/etc/gzcoredump.conf", "w") as f:
        f.write("stack=no\nmin_free=0\nloop_most=0\n")
    wrong, counts, left, stack = [], [0] * 2, [], None
    turns = e.turns(50)
    for turn in range(turns + 2):
        shutil.rmtree(d, True)
        victim = subprocess.Popen([sys.executable, "-c", CRASH.replace("5000", "30000")], stderr=subprocess.DEVNULL)

        def of_victim():
            # Other programs on this machine may crash too.
            return [n for n in os.listdir(d) if ".%d." % victim.pid in n] if os.path.isdir(d) else []

        wait_for(lambda: any(name.endswith(".small.gz") for name in of_victim()))
        begin = time.monotonic()
        if turn >= 2:
            time.sleep(random.uniform(0, 1.1 * min(left)))
            kill(p)
        victim.wait(60)
        wait_for(lambda: not list(ours(p)))
        # How long it takes when it is left alone.
        if turn < 2:
            left.append(time.monotonic() - begin)
        names = of_victim()
        path = [os.path.join(d, name) for name in names if name.endswith(".small.gz")]
        seen = subprocess.run(["core-trace", "-s", *path], capture_output=True, text=True).stdout
        stack = stack or seen
        if len(path) != 1 or not e.is_gzip(path[0]) or seen == "" or seen != stack:
            wrong.append("a small core is gone, broken or another one")
        elif turn >= 2:
            counts[0] += 1
        counts[1] += turn >= 2 and any(name[:-len(".gz")] + ".txt" in names for name in names if name.endswith(".gz"))
        wrong += e.wrong_files(d, e.is_gzip, turn >= 2)
        wrong += e.wrong_next(d)
    e.row(wrong, "the handler", turns, *counts)


def image(e):
    """Cuts the power of a disk at a random moment while dumps are stored, and mounts its file system again."""
    e.table("The disk loses its power", "what", "turns", "dumps stored", "whole files found",
            "records without an end", "empty records", "leftovers before the next run")
    size = 64 << 20
    copy, fs, back = e.s + "/copy", e.s + "/fs", e.s + "/came back"
    d = fs + "/dumps"
    e.fuse(T + "/endure/disk.py", e.s + "/disk", str(size), "{}", copy)
    os.mkdir(back)
    plain = ["core-info", "-d", "2", "|", "gzdeflate", "-1"]
    handler = e.install("dir=" + d, "min_free=0", "loop_most=0", "stack=no", "keep=4", "keep_each=0")
    cases = [("the handler", lambda n: [handler, "-k", "P%d" % os.getpid(), "s11", "eprog"]),
             ("core-store -f", lambda n: ["core-store", "-f", "%s/%d.gz" % (d, n % 4), *plain])]
    def is_free():
        """Whether no loop device still has the last file system, whose pages the next mount would get."""
        return not subprocess.run(["losetup", "-nO", "NAME", "-j", e.s + "/disk/image"],
                                  capture_output=True, text=True).stdout.strip()

    for what, command in cases:
        wait_for(is_free, 300)
        subprocess.run(["mkfs.ext4", "-q", "-F", e.s + "/disk/image"], check=True)
        e.mount(fs, "-o", "loop", e.s + "/disk/image")
        os.mkdir(d, 0o700)
        stop, wrong, counts = threading.Event(), [], [0] * 5
        finished = set()

        def dumps():
            """The stored files; the handler may give the name of one that was pruned to a new one."""
            found = set()
            for entry in os.scandir(d):
                if entry.name.endswith(".gz"):
                    with contextlib.suppress(FileNotFoundError):
                        st = entry.stat()
                        found.add((entry.name, *((st.st_ino, st.st_mtime_ns) if what == "the handler" else ())))
            return found

        def store():
            n = 0
            while not stop.is_set():
                if e.start(*command(n)).wait() != 0:
                    wrong.append("not stored")
                n += 1
                counts[0] = n
                finished.update(dumps())

        thread = threading.Thread(target=store)
        thread.start()
        turns = e.turns(100)
        try:
            for turn in range(turns):
                time.sleep(random.uniform(0, 0.6))
                before = set(finished)
                with open(e.s + "/disk/cut"):
                    pass
                # The dumps that were stored and not removed since.
                there = {one[0] for one in before & dumps()}
                # Use a new name each time: a loop device may still cache data of the last one.
                one = "%s.%d" % (copy, turn)
                os.rename(copy, one)
                subprocess.run(["mount", "-o", "loop", one, back], check=True)
                os.unlink(one)
                try:
                    look(e, back + "/dumps", there, wrong, counts)
                finally:
                    subprocess.run(["umount", back], check=True)
        finally:
            stop.set()
            thread.join()
            subprocess.run(["umount", fs], check=True)
        e.row(wrong, what, turns, *counts)


def look(e, d, there, wrong, counts):
    """Checks the file system after the power cut."""
    if not os.path.isdir(d):
        return
    names = os.listdir(d)
    if not there <= set(names):
        wrong.append("a stored file is gone")
    counts[1] += sum(1 for name in names if name.endswith(".gz"))
    for name in names:
        if name.endswith(".txt"):
            with open(os.path.join(d, name)) as f:
                text = f.read()
            counts[2] += "\ncomplete=" not in text and text != ""
            counts[3] += text == ""
            gz = name[:-len(".txt")] + ".gz"
            if gz in there and "\ncomplete=yes\n" not in text:
                # Its handler had not ended at the check.
                there.discard(gz)
        counts[4] += bool(HIDDEN.fullmatch(name))
    wrong += e.wrong_files(d) + e.wrong_next(d)


def full(e):
    """Fills the disk, or reaches the limit, at a random point."""
    e.table("There is room for less than the whole", "what", "turns", "whole", "parts kept",
            "of these whole members", "of less than one", "nothing kept")
    whole = e.s + "/whole.gz"
    stages = ["core-info", "-d", "2", "|", "gzdeflate", "-1"]
    e.start("core-store", "-S", whole, *stages).wait()
    most = os.path.getsize(whole)
    d = e.s + "/full"

    def limit(n):
        os.mkdir(d)
        return ["-m", str(n)]

    def spare(n):
        e.mount(d, "-t", "tmpfs", "-o", "size=%d" % (2 * most), "none")
        return ["-F", str(2 * most - n)]

    def tmpfs(n):
        e.mount(d, "-t", "tmpfs", "-o", "size=%d" % max(n, 4096), "none")
        return []

    def ext4(n):
        with tempfile.NamedTemporaryFile(dir=e.s) as f:
            f.truncate((1 << 20) + n)
            subprocess.run(["mkfs.ext4", "-q", "-F", "-O", "^has_journal", f.name], check=True)
            e.mount(d, "-o", "loop", f.name)
        return []

    for what, make in {"core-store -m": limit, "core-store -F": spare, "a tmpfs": tmpfs, "an ext4": ext4}.items():
        wrong, count, first = [], [0] * 3, 0
        turns = e.turns(25)
        for _ in range(turns):
            options = make(random.randrange(1, most + most // 10))
            status = e.start("core-store", *options, d + "/f.gz", *stages).wait()
            names = {n for n in os.listdir(d) if n != "lost+found"}
            if names != [{"f.gz"}, {"f.gz.partial"}, set()][status]:
                wrong.append("status %d, but %s" % (status, sorted(names)))
            elif status == 1:
                first += less_than_one(e, d + "/f.gz.partial", wrong)
            elif status == 0 and not e.is_core(d + "/f.gz"):
                wrong.append("a broken file")
            count[status] += 1
            if os.path.ismount(d):
                subprocess.run(["umount", d], check=True)
            shutil.rmtree(d)
        e.row(wrong, what, turns, count[0], count[1], count[1] - first, first, count[2])


def less_than_one(e, path, wrong):
    """Checks that a partial file holds the start of the core: as the start of one member, or as whole gzip."""
    part = subprocess.run(["gzip", "-dc", path], capture_output=True)
    with open(path, "rb") as f:
        head = f.read(20)
    # The first member says its size: RFC 1952 2.3.1, with the one subfield IG.
    less = os.path.getsize(path) < (int.from_bytes(head[16:20], "little") if len(head) == 20 else 20)
    with open(e.core, "rb") as f:
        if f.read(len(part.stdout)) != part.stdout:
            wrong.append("a part of something else")
    if part.returncode != 0 and not less:
        wrong.append("a part that gzip -t refuses")
    return less


# Each function gets the Endure, whose table and row print what it finds.
ROWS = {"power": power, "kernel": kernel, "small": small, "image": image, "full": full}


def main():
    # These import from this module, too.
    import load
    import users

    rows = {**ROWS, **load.ROWS, **users.ROWS}
    try:
        options, args = getopt.getopt(sys.argv[1:], "n:")
        turns = int(dict(options).get("-n", 0))
        if not args or turns < 0 or any(name not in rows for name in args[1:]):
            raise ValueError
    except (getopt.GetoptError, ValueError):
        print("usage: endure.py [-n TURNS] BUILD [ROW ...]\nrows: %s" % " ".join(rows), file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with Endure(args[0], turns) as e:
        for name in args[1:] or rows:
            rows[name](e)
    return e.failed


if __name__ == "__main__":
    sys.exit(main())
