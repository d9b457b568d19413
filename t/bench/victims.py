"""The processes that crash."""

import os
import shutil
import sys

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

GIB = 1 << 30


# Kinds of handlers (handlers.py).
FEW = {"limit", "filter", "mbuffer", "capture"}
# For a large core, the other peers take minutes, and cat fills the disk.
LARGE = FEW | {"tap", "whole", "systemd", "peer"}
MOST = LARGE | {"disk", "small peer"}
SLOW = {"slow", "slow mbuffer", "slow peer"}


class Victim:
    """kinds: those of the handlers that it meets.  need: the memory that both take, in bytes.  sleeps: it waits for its
    signal."""

    def __init__(self, name, words, argv, kinds=MOST, need=2 * GIB, sleeps=False):
        self.name, self.words, self.argv, self.kinds = name, words, argv, kinds
        self.need, self.sleeps = need, sleeps

    def lacks(self):
        """Why it cannot crash here, or an empty string."""
        if self.argv[0] is None:
            return "missing"
        with open("/proc/meminfo") as f:
            free = next(int(line.split()[1]) << 10 for line in f if line.startswith("MemAvailable"))
        return "" if free > self.need else "takes %.0f GiB of memory" % (self.need / GIB)


def victims(tmp):
    """All of them, in the order of the tables; tmp has the program "victim"."""
    program = tmp + "/victim"
    return [
        Victim("python", "Python", [os.path.realpath(sys.executable), "-c", PYTHON], MOST | SLOW),
        Victim("node", "node", [shutil.which("node"), "-e", NODE], MOST | {"slow"}),
        Victim("hole", "a 2 GiB hole", [program, "hole", str(2 * GIB)]),
        Victim("zeros", "10 GB, 60 % never touched", [program, "zeros", "10000000000"], LARGE, 12 * GIB),
        Victim("touched", "10 GB, 60 % zeros that were written", [program, "touched", "10000000000"], FEW, 17 * GIB),
        Victim("threads", "1000 threads with idle stacks", [program, "threads", "1000"], LARGE),
        Victim("sleep", "sleep", [shutil.which("sleep"), "1000"], sleeps=True)]
