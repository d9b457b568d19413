"""The processes that crash."""

import os
import shutil
import signal
import subprocess
import sys
import time

from crashes import QUIET

PYTHON = """
import os, random, signal
r = random.Random(3)
keep = [("key%d" % i, [i, str(i * 7919), {"a": i, "b": r.random()}]) for i in range(700000)]
print("ready", flush=True)
signal.pause()
"""

NODE = """
const keep = [];
for (let i = 0; i < 1300000; i++)
	keep.push({ id: i, name: "order " + i * 7919, at: [i % 97, i / 3, null], more: { i } });
console.log("ready");
setInterval(() => keep, 1000000);
"""

GIB = 1 << 30
VICTIM = ""  # the program "victim"


# Kinds of handlers (handlers.py).
FEW = {"limit", "filter", "capture"}
# For a large core, the others take minutes, and cat fills the disk.
LARGE = FEW | {"tap", "whole", "peer"}
MOST = LARGE | {"disk", "mbuffer", "small peer", "systemd"}
SLOW = {"slow", "slow mbuffer", "slow peer"}


class Victim:
    """kinds: those of the handlers that it meets.  seconds: after so long no other round begins.  need: the memory that
    it and a handler take, in bytes.  stored: what a handler may keep of it in memory, in bytes.

    A virtual machine may give free memory back to its host, and getting it again can cost ten times as much as using it.
    So that memory is there for each handler, as much as it may keep is taken and freed just before the crash."""

    def __init__(self, name, words, argv, seconds, kinds=MOST, need=2 * GIB, stored=100 << 20):
        self.name, self.words, self.argv, self.seconds, self.kinds = name, words, argv, seconds, kinds
        self.need, self.stored = need, stored

    def warm(self):
        subprocess.run([VICTIM, "touch", str(self.stored)], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def die(self):
        """Crashes it once.  Returns the monotonic time, in ns, at which its parent had waited for it."""
        p = self.start()
        try:
            self.wound(p)
            status = p.wait()
            released = time.monotonic_ns()
        except BaseException:
            p.kill()
            raise
        if status >= 0:
            raise SystemExit("bench: %s: status %d, no crash" % (self.argv[0], status))
        return released

    def start(self):
        self.warm()
        return subprocess.Popen(self.argv, **QUIET)

    def wound(self, p):
        """Most crash by themselves."""

    def lacks(self):
        """Why it cannot crash here, or an empty string."""
        if self.argv[0] is None:
            return "missing"
        with open("/proc/meminfo") as f:
            free = next(int(line.split()[1]) << 10 for line in f if line.startswith("MemAvailable"))
        return "" if free > self.need else "takes %.0f GiB of memory" % (self.need / GIB)


class Waiter(Victim):
    """Says when it is ready to die."""

    def start(self):
        return subprocess.Popen(self.argv, **{**QUIET, "stdout": subprocess.PIPE})

    def wound(self, p):
        p.stdout.readline()
        self.warm()
        p.send_signal(signal.SIGSEGV)
        p.stdout.close()


class Sleeper(Victim):
    def wound(self, p):
        time.sleep(0.1)
        p.send_signal(signal.SIGSEGV)


class Forker(Victim):
    """Takes so long to fill its memory that it is filled once, and its children die."""

    def __enter__(self):
        self.parent = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if not self.parent.stdout.readline():
            raise SystemExit("bench: %s: status %d" % (self.name, self.parent.wait()))
        return self

    def __exit__(self, *_):
        self.parent.kill()
        self.parent.communicate()

    def die(self):
        self.warm()
        self.parent.stdin.write("\n")
        self.parent.stdin.flush()
        line = self.parent.stdout.readline()
        if not line:
            raise SystemExit("bench: %s: status %d" % (self.name, self.parent.wait()))
        return int(line)


def victims(tmp):
    """All of them, in the order of the tables; tmp has the program "victim"."""
    global VICTIM
    VICTIM = program = tmp + "/victim"
    return [
        Waiter("python", "Python", [os.path.realpath(sys.executable), "-c", PYTHON], 420, MOST | SLOW,
               stored=GIB),
        Waiter("node", "node", [shutil.which("node"), "-e", NODE], 240, MOST | {"slow"}, stored=GIB),
        Victim("hole", "a 2 GiB hole", [program, "hole", str(2 * GIB)], 120),
        Forker("zeros", "10 GB, 60 % never touched", [program, "zeros", "10000000000"], 150, LARGE, 12 * GIB,
               5 * GIB),
        Forker("touched", "10 GB, 60 % zeros that were written", [program, "touched", "10000000000"], 90, FEW,
               17 * GIB, 5 * GIB),
        Victim("threads", "1000 threads with idle stacks", [program, "threads", "1000"], 90, LARGE),
        Sleeper("sleep", "sleep", [shutil.which("sleep"), "1000"], 60)]
