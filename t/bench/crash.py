"""Crashes processes through the kernel, and measures each crash.

released: from the start of the handler until the crashed process's parent has waited for it: a service may start again.
stored: from the start of the handler until its last stage has ended.
memory: the sum of what each stage of the handler had resident at most, as wait4(2) tells; or what all of its processes
had at one time, as seen every 2 ms in the first round, if that is more: stages that start others are seen only so.
"""

import contextlib
import os
import shutil
import signal
import threading
import time

ARGUMENTS = " P%P I%I u%u g%g s%s t%t c%c d%d F%F h%h e%e"
# No handler takes longer, in seconds.
LONGEST = 300


class Result:
    """What was measured of one handler: lists of milliseconds; bytes; KiB, and KiB of each stage by name;
    bytes of the process that were read, where that is known; all of the milliseconds that it took."""

    def __init__(self):
        self.released, self.stored = [], []
        self.size, self.memory, self.stages = 0, 0, {}
        self.read, self.spent = 0, 0


class Watch(threading.Thread):
    """Samples the memory of the processes of a session, and of others whose PIDs are added."""

    def __init__(self, directory):
        super().__init__()
        self.directory = directory
        self.others = set()
        self.most = 0
        self.stop = threading.Event()
        self.old = set(filter(str.isdigit, os.listdir("/proc")))

    def run(self):
        session, ours = None, set()
        while not self.stop.wait(0.002):
            if session is None:
                session = read(self.directory + "/pid").split()[:1]
                session = session[0] if session else None
            for pid in set(filter(str.isdigit, os.listdir("/proc"))) - self.old - ours - {session}:
                # The field after the command's name, which may have any character, is the third.
                fields = read("/proc/%s/stat" % pid).rpartition(")")[2].split()
                if session and fields[3:4] == [session]:
                    ours.add(pid)
                elif session:
                    self.old.add(pid)
            ours |= self.others
            self.most = max(self.most, sum(map(resident, ours)))


def read(path):
    try:
        with open(path, errors="replace") as f:
            return f.read()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def resident(pid):
    """KiB."""
    return sum(int(line.split()[1]) for line in read("/proc/%s/status" % pid).splitlines()
               if line.startswith(("VmRSS:", "HugetlbPages:")))


class Crash:
    """Sets the kernel's handler to ours, below the directory of an installation (a Crashes of t/lib/crashes.py)."""

    def __init__(self, crashes, programs):
        self.p = crashes.p
        self.dir = self.p + "/bench"
        os.mkdir(self.dir, 0o755)
        for path in programs:
            shutil.copy(path, self.dir)
        self.path = "%s:%s/bin:%s:/usr/local/bin:/usr/bin:/bin" % (self.dir, self.p, crashes.build)
        with open(self.dir + "/path", "w") as f:
            f.write(self.path)
        crashes.set("kernel/core_pattern", "|" + self.dir + "/handle" + ARGUMENTS)

    def log(self):
        return read(self.dir + "/log")

    def run(self, die, stages, result, watch=False, cut=False, service=None, out=None):
        """Adds a crash to the result: die returns when, in ns, the process was released.  A cut handler is ended as soon as
        the process is released.  The service is what stores for the handler, in another process."""
        for name in "done", "pid", "out":
            if os.path.lexists(self.dir + "/" + name):
                os.unlink(self.dir + "/" + name)
        if out:
            os.symlink(out, self.dir + "/out")
        with open(self.dir + "/plan", "w") as f:
            f.write("\0|\0".join("\0".join(stage) for stage in stages) + "\0")
        # The writeback of the last handler's output must not slow this one.
        os.sync()
        seen = Watch(self.dir) if watch else None
        if service:
            service.watch = seen
        if seen:
            seen.start()
        try:
            released = die()
            if cut:
                pid, began = map(int, self.wait_for("pid").split())
                self.end(pid)
            else:
                began = self.stored(result, service)
            result.released.append((released - began) / 1e6)
        except BaseException:
            if os.path.exists(self.dir + "/pid"):
                self.end(int(read(self.dir + "/pid").split()[0]))
            raise
        finally:
            if seen:
                seen.stop.set()
                seen.join()
                result.memory = max(result.memory, seen.most)

    def stored(self, result, service):
        lines = self.wait_for("done").splitlines()
        began, end = int(lines[0]), int(lines[-1])
        memory = 0
        for line in lines[1:-1]:
            status, _, kib, name = line.split(" ", 3)
            memory += int(kib)
            name = os.path.basename(name)
            result.stages[name] = max(result.stages.get(name, 0), int(kib))
            if status != "0":
                raise SystemExit("bench: %s: wait status %s: %s" % (name, status, self.log()))
        if service:
            end = max(end, service.wait())
        result.stored.append((end - began) / 1e6)
        result.memory = max(result.memory, memory)
        return began

    def wait_for(self, name):
        until = time.monotonic() + LONGEST
        while not os.path.exists(self.dir + "/" + name):
            if time.monotonic() > until:
                raise SystemExit("bench: the handler did not end: " + self.log())
            time.sleep(0.005)
        return read(self.dir + "/" + name)

    def end(self, session):
        """Ends the handler and all of its stages, and waits until they are gone."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(session, signal.SIGKILL)
        while any(read("/proc/%s/stat" % pid).rpartition(")")[2].split()[3:4] == [str(session)]
                  for pid in os.listdir("/proc") if pid.isdigit()):
            time.sleep(0.005)
