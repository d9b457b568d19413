#!/usr/bin/env python3
"""Times gzcoredump's filters and other programs on real crashes, side by side.

usage: bench.py [-q] [-n ROUNDS] BUILD OUT [PART ...]

Crashes real processes through the kernel, with the handlers in turn, ROUNDS times (5), and prints medians and ratios; then
does the same with cores as files.  PARTs select what is done: python node hole zeros touched threads sleep, which are
processes that crash; and files, for what does not crash.  With 0 ROUNDS everything is run once, without a run to warm up.
With -q what takes long is left out: the rows that take half a minute, and of the parts all but python, hole and sleep,
unless they are given.

Writes OUT/bench.csv, OUT/bench.txt, OUT/bench.svg (sizes and times of the compressors, by files), and OUT/released.svg
(how long the handlers hold the first of the processes that crash).  Needs root.  The kernel's settings are restored at the end,
whatever ends it.
"""

import getopt
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "lib")]
import files  # noqa: E402
import handlers  # noqa: E402
import picture  # noqa: E402
import ratios  # noqa: E402
import systemd  # noqa: E402
from crash import Crash, Result, read  # noqa: E402
from crashes import CC, Crashes  # noqa: E402
from report import Report  # noqa: E402
from victims import SLOW, victims  # noqa: E402

# A handler is repeated until all that it took is this, in milliseconds.
BUDGET = 8000
# The first time only warms up, unless it took so long.
WARM = 2000
QUICK = "python", "hole", "sleep"
PROGRAMS = "handle", "memory", "throttle", "victim"


class Bench:
    def __init__(self, build, tmp, rounds, quick):
        self.build, self.tmp, self.rounds, self.quick = os.path.abspath(build), tmp, rounds, quick
        self.report = Report()
        self.path = "%s:/usr/local/bin:/usr/bin:/bin" % self.build
        self.recipient = handlers.make_recipient(self.path)
        self.service = None
        for name in PROGRAMS:
            subprocess.run([CC, "-O2", "-std=c11", "-pthread", "-D_DEFAULT_SOURCE", "-D_FILE_OFFSET_BITS=64", "-o",
                            "%s/%s" % (tmp, name), "%s/%s.c" % (HERE, name)], check=True)
        self.programs = ["%s/%s" % (tmp, name) for name in PROGRAMS]

    def rows(self, p, victim, path):
        """The handlers of this victim that can run here."""
        usable = []
        for h in handlers.handlers(p, self.recipient, self.service):
            lacks = h.lacks(path)
            if h.kind not in victim.kinds or self.quick and h.kind in SLOW:
                continue
            if lacks:
                self.report.say("%s: left out: no %s" % (h.name, lacks))
            else:
                usable.append(h)
        return usable

    def crashes(self, victim):
        """Crashes a victim with all of its handlers in turn."""
        began, copied = time.monotonic(), Result()
        # Held for one victim, since others wait for the kernel's settings.
        with Crashes(self.build) as c, victim:
            crash = Crash(c, self.programs)
            rows = self.rows(c.p, victim, crash.path)
            results = {h.name: Result() for h in rows}
            for turn in range(self.rounds + 1):
                if turn > 1 and time.monotonic() - began > victim.seconds:
                    break
                for h in rows:
                    self.turn(victim, crash, h, results[h.name], turn)
                self.copy(copied, results[handlers.MEMORY].read, turn)
        results = {handlers.PIPE: results.pop(handlers.PIPE), handlers.MEMORY: results.pop(handlers.MEMORY),
                   handlers.COPY: copied, **results}
        self.report.crashes("crash of " + victim.words, copied.read, results)

    def turn(self, victim, crash, h, r, turn):
        """Crashes a victim with one handler, unless that has taken long enough."""
        cut = turn > 0 and r.spent >= BUDGET
        if cut and not h.behind:
            return
        h.prepare()
        crash.run(victim.die, h.stages, r, watch=turn == 0, cut=cut, service=h.service, out=h.out)
        if cut:
            # The first one did count for both; from now on, there are others for this.
            if turn == 1:
                del r.released[0]
            return
        if sys.stderr.isatty():
            print("%s: %s: %.1f ms, %.1f ms" % (victim.name, h.name, r.released[-1], r.stored[-1]), file=sys.stderr)
        r.spent += r.stored[-1]
        out = crash.dir + "/out"
        h.take(out)
        r.size = os.stat(out).st_size if not h.out else 0
        if h.name == handlers.MEMORY:
            r.size, r.read = 0, int(read(out).split()[0])
        elif turn == 0 and h.keeps:
            self.look(h, out)
        if turn == 0 and r.spent < WARM and self.rounds:
            r.released, r.stored = [], []

    def look(self, h, out):
        """What was stored must be a whole core."""
        said = subprocess.run(["core-info", out], env={"PATH": self.path}, capture_output=True, text=True)
        if "\ncomplete=yes\n" not in said.stdout:
            raise SystemExit("bench: %s: no whole core is stored: %s%s" % (h.name, said.stdout, said.stderr))

    def copy(self, r, size, turn):
        """Copies as much memory."""
        r.read = size
        ns = subprocess.run([self.tmp + "/memory", "copy", str(size)], check=True, capture_output=True, text=True)
        if turn > 0 or not self.rounds:
            r.released.append(int(ns.stdout.split()[1]) / 1e6)

    def core(self, victim):
        """The path of a core of this victim."""
        path = "%s/core.%s" % (self.tmp, victim.name)
        with Crashes(self.build) as c:
            crash = Crash(c, self.programs)
            crash.run(victim.die, [["cat"]], Result())
            shutil.move(crash.dir + "/out", path)
        return path


def have(command):
    return shutil.which(command) is not None


def versions(say):
    for argv in (["igzip", "--version"], ["zstd", "--version"], ["lz4", "--version"], ["pigz", "--version"],
                 ["gzip", "--version"], ["mbuffer", "--version"], ["age", "--version"]):
        if not have(argv[0]):
            say(argv[0] + ": missing")
            continue
        r = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        line = ((r.stdout + r.stderr).strip().splitlines() or ["?"])[0].strip()
        say(line if argv[0] in line else argv[0] + " " + line)


def main():
    options, operands = getopt.getopt(sys.argv[1:], "n:q")
    rounds, quick = int(dict(options).get("-n", 5)), "-q" in dict(options)
    if len(operands) < 2:
        raise SystemExit(__doc__)
    build, out, parts = operands[0], os.path.abspath(operands[1]), operands[2:]
    os.makedirs(out, exist_ok=True)
    tmp = tempfile.mkdtemp(prefix="gzbench.", dir="/tmp")
    os.chmod(tmp, 0o755)
    try:
        b = Bench(build, tmp, rounds, quick)
        measure(b, out, parts or (QUICK if quick else ()))
    finally:
        shutil.rmtree(tmp, ignore_errors=True)


def measure(b, out, parts):
    known = {v.name: v for v in victims(b.tmp)}
    unknown = set(parts) - {*known, "files"}
    if unknown:
        raise SystemExit("bench: no part %s: these are: %s files" % (" ".join(unknown), " ".join(known)))
    say = b.report.say
    say("Linux %s, %d processors; %d rounds" % (os.uname().release.split("-")[0], len(os.sched_getaffinity(0)), b.rounds))
    say(subprocess.run([b.build + "/gzdeflate", "-V"], capture_output=True, text=True).stdout.splitlines()[0])
    versions(say)
    chosen = [v for v in known.values() if v.name in parts or not parts]
    crashed = []
    try:
        with systemd.activation(b.tmp, say) as b.service:
            for v in chosen:
                lacks = v.lacks()
                if lacks:
                    say("%s: left out: %s" % (v.words, lacks))
                else:
                    b.crashes(v)
                    crashed.append(v.words)
        if "files" in parts or not parts:
            for name in "python", "node":
                if not known[name].lacks():
                    files.measure(b, name, b.core(known[name]))
    finally:
        # Also of what there is when it is interrupted.
        finish(b.report, out, [v.words for v in known.values()], crashed)


def finish(report, out, words, crashed):
    ratios.say_all(report, words)
    if crashed:
        picture.draw_released(out + "/released.svg", report, crashed[0])
    if files.of("python") in report.parts():
        picture.draw_sizes(out + "/bench.svg", report, files.of("python"))
    report.write(out)


if __name__ == "__main__":
    main()
