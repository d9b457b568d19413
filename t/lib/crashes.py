"""Real programs that crash through the kernel, and tables in Markdown of what is said of them."""
import ctypes
import os
import resource
import shutil
import signal
import subprocess
import sys
import time

T = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SYS = "/proc/sys/"

KERNEL = """
T=$1 BUILD=$2
. "$T/lib/kernel.bash"
kernel_install >&2 && [ -n "${P-}" ] || exit
echo "$P"
read -r _
kernel_remove
"""

PYTHON = """
import os, threading, time, bz2, ctypes, lzma, sqlite3, ssl
for _ in range(3):
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
time.sleep(0.2)
os.abort()
"""

NODE = """
function f(n) { let s = 0; for (let i = 0; i < n; i++) s += Math.sqrt(i) | 0; return s }
for (const end = Date.now() + 30000; Date.now() < end;) f(1e6);
"""

DYNAMIC32 = """
void abort(void);
void qsort(void *, unsigned, unsigned, int (*)(const void *, const void *));
static int v[4] = { 3, 1, 2, 0 };

static int
crash_here(const void *a, const void *b)
{
	*(volatile int *)0 = a != b;
	return 0;
}

void
_start(void)
{
	qsort(v, 4, sizeof(v[0]), crash_here);
	abort();
}
"""

QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
CC = os.environ.get("CC", "cc")
CLANG32 = ["clang", "-m32", "-g", "-nostdlib", "-fno-stack-protector", "-Wl,--build-id"]
LIBC32 = next((p for p in ("/lib32/libc.so.6", "/usr/lib32/libc.so.6", "/lib/i386-linux-gnu/libc.so.6")
               if os.path.exists(p)), None)


class Skip(Exception):
    """What a row needs is not here: its words say what."""


class Crashes:
    """Takes the kernel's settings, crashes programs, prints tables.  Needs root.  t/lib/kernel.bash holds the lock and
    restores the settings, whatever ends this."""

    def __init__(self, build):
        self.name = os.path.splitext(os.path.basename(sys.argv[0]))[0]
        self.build = os.path.abspath(build)
        self.failed = False
        self.notes = []

    def __enter__(self):
        for sig in signal.SIGTERM, signal.SIGHUP:
            signal.signal(sig, lambda *_: sys.exit(2))
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        os.environ.update(PATH=self.build + ":" + os.environ["PATH"], LC_ALL="C")
        os.environ.pop("DEBUGINFOD_URLS", None)
        # In a session of its own, so that what ends us does not end it; our end closes its input.
        self.kernel = subprocess.Popen(["bash", "-c", KERNEL, "kernel", T, self.build], text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        self.p = self.kernel.stdout.readline().strip()
        if not self.p:
            raise SystemExit(self.name + ": core_pattern cannot be written: no root, or a container")
        self.handler = open(SYS + "kernel/core_pattern").read()
        os.chdir(self.p)
        self.sorted(0)
        return self

    def __exit__(self, *_):
        os.chdir("/")
        self.kernel.communicate("\n")

    # Real crashes.

    def set(self, key, value):
        with open(SYS + key, "w") as f:
            f.write(str(value))

    def sorted(self, n):
        if os.path.exists(SYS + "kernel/core_sort_vma"):
            self.set("kernel/core_sort_vma", n)

    def compile(self, name, source, *options, compiler=(CC, "-g", "-pthread")):
        """The path of the program of a file, or of a text, in C."""
        path = self.p + "/" + name
        if not os.path.exists(path):
            have(compiler[0])
            if not os.path.isabs(source):
                with open(path + ".c", "w") as f:
                    f.write(source)
                source = path + ".c"
            if subprocess.run([*compiler, "-o", path, source, *options], capture_output=True).returncode:
                raise Skip("%s cannot make it" % os.path.basename(compiler[0]))
        return path

    def die(self, argv, seconds=0, busiest=False):
        """Runs it until its signal, or gives it one after some seconds, or to the thread that has worked most.
        Returns its PID."""
        p = subprocess.Popen(argv, **QUIET)
        try:
            if seconds:
                time.sleep(seconds)
                if busiest:
                    tgkill(p.pid, max(map(int, os.listdir("/proc/%d/task" % p.pid)), key=lambda tid: ticks(p.pid, tid)))
                else:
                    p.send_signal(signal.SIGABRT)
            if p.wait() >= 0:
                raise SystemExit("%s: it did not crash: %s" % (self.name, " ".join(argv)))
        finally:
            p.kill()
        return p.pid

    def crash(self, argv, seconds=0, busiest=False):
        """The core file that the kernel writes of it."""
        self.set("kernel/core_pattern", self.p + "/core.%p")
        return "%s/core.%d" % (self.p, self.die(argv, seconds, busiest))

    def crash_c(self, *args):
        return self.crash([self.compile("crash", T + "/kernel/crash.c"), *args])

    # Tables.

    def table(self, title, *columns):
        self.columns = len(columns)
        print("\n%s\n\n| %s | |\n|%s" % (title, " | ".join(columns), " --- |" * (self.columns + 1)), flush=True)

    def row(self, good, *cells):
        self.failed |= not good
        print("| %s | %s |" % (" | ".join(map(str, cells)), "yes" if good else "**no**"), flush=True)

    def note(self, line):
        """A line below the tables."""
        self.notes.append(line)

    def skipped(self, name, why=""):
        print("| %s | skipped: %s |%s" % (name, str(why) or "not installed", " |" * (self.columns - 1)), flush=True)

    # What others say.

    def output(self, *argv, status=(0,)):
        p = subprocess.run(argv, capture_output=True, text=True, errors="replace")
        if p.returncode not in status:
            raise SystemExit("%s: %s: status %d: %s" % (self.name, " ".join(argv), p.returncode, p.stderr))
        return p.stdout


def ticks(pid, tid):
    """How long a thread has worked."""
    with open("/proc/%d/task/%d/stat" % (pid, tid)) as f:
        return sum(map(int, f.read().rsplit(")", 1)[1].split()[11:13]))


def tgkill(pid, tid):
    if ctypes.CDLL(None, use_errno=True).tgkill(pid, tid, signal.SIGABRT) < 0:
        raise OSError(ctypes.get_errno(), "tgkill")


def have(command):
    path = shutil.which(command)
    if path is None:
        raise Skip("%s is not installed" % command)
    return path


def static_pie(c):
    return [c.compile("static-pie", T + "/kernel/crash.c", "-static-pie"), "threads", "20"], 0


def static32(c):
    return [c.compile("static32", T + "/kernel/crash32.c", "-static", compiler=CLANG32)], 0


def dynamic32(c):
    if LIBC32 is None:
        raise Skip("no C library of 32 bits")
    return [c.compile("dynamic32", DYNAMIC32, LIBC32, "-Wl,--dynamic-linker=/lib/ld-linux.so.2",
                      compiler=CLANG32)], 0
