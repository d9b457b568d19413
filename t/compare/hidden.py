"""The table hidden: crashes of processes whose files a reader on the host does not find at the paths in the core.  The
frames of the record, made at the crash, against those of gdb with copies of the very files."""

import glob
import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
import time

from crashes import CC, T, Skip, have

VICTIM = """
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int compare_here(const void *, const void *);

int
main(void)
{
	int v[4] = { 3, 1, 2, 0 };
	char c;

	prctl(PR_SET_NAME, NAME);
	if (write(1, "r", 1) != 1 || read(0, &c, 1) != 1)
		return 1;
#ifdef DIRECT
	return compare_here(&v[0], &v[1]) + 1;
#endif
	qsort(v, 4, sizeof(v[0]), compare_here);
	return 0;
}
"""

# With a frame of its own, so that a wrong file shows.
LIBRARY = """
#include <string.h>

static volatile int *nowhere;

__attribute__((noinline)) static int
deeper(int depth)
{
	volatile char room[ROOM];

	memset((char *)room, depth, sizeof(room));
	return depth == 0 ? *nowhere : deeper(depth - 1) + room[1];
}

int
compare_here(const void *a, const void *b)
{
	return deeper(3) + (a != b);
}
"""

# A file system of a user's own, which shows the directory argv[1] at argv[2].
FUSE = """
import errno, os, sys
try:
    from fusepy import FUSE, FuseOSError, Operations
except ImportError:
    from fuse import FUSE, FuseOSError, Operations
class Mirror(Operations):
    def __init__(self, top):
        self.top = top
    def getattr(self, path, fh=None):
        try:
            st = os.lstat(self.top + path)
        except OSError as e:
            raise FuseOSError(e.errno)
        return {k: getattr(st, k) for k in ("st_mode", "st_size", "st_nlink", "st_uid", "st_gid", "st_mtime")}
    def readdir(self, path, fh):
        return [".", "..", *os.listdir(self.top + path)]
    def open(self, path, flags):
        return os.open(self.top + path, os.O_RDONLY)
    def read(self, path, size, offset, fh):
        return os.pread(fh, size, offset)
FUSE(Mirror(sys.argv[1]), sys.argv[2], foreground=True, ro=True, nothreads=True)
"""

# Becomes the root of name spaces of its own, then the command.
CONTAINER = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount", "sh", "-c",
             'mount --bind "$0" "$0" && cd "$0" && mkdir -p old && pivot_root . old && exec "$@"')

LINKER = glob.glob("/lib64/ld-linux-*.so.*") + glob.glob("/lib/ld-linux-*.so.*")
# fusermount wants a user who has a name.
DAEMON = pwd.getpwnam("daemon")
USER = ("setpriv", "--reuid", str(DAEMON.pw_uid), "--regid", str(DAEMON.pw_gid), "--clear-groups")


def build(c, name, where, *options, cc=CC, linked=None):
    """Makes the program where/name and the library where/libNAME.so, each with code of its own; linked: where they
    will be."""
    os.makedirs(where, exist_ok=True)
    with open("victim.c", "w") as f:
        f.write(VICTIM)
    with open("library.c", "w") as f:
        f.write(LIBRARY)
    have(cc)
    room = 64 + 16 * sum(map(ord, name))
    for argv in (
            (cc, "-g", "-shared", "-fPIC", "-DROOM=%d" % room, "-Wl,-soname,lib%s.so" % name, *options,
             "-o", "%s/lib%s.so" % (where, name), "library.c"),
            (cc, "-g", '-DNAME="%s"' % name, *options, "-o", "%s/%s" % (where, name), "victim.c",
             "%s/lib%s.so" % (where, name), "-Wl,-rpath," + (linked or where))):
        p = subprocess.run(argv, capture_output=True, text=True)
        if p.returncode:
            raise Skip("%s: %s" % (cc, p.stderr.splitlines()[-1]))
    return "%s/%s" % (where, name)


def copy_libc(root, other=False):
    """Copies the C library and the dynamic linker of the host below root; other: with build-ids that nobody has."""
    out = subprocess.run(["ldd", "/bin/sh"], capture_output=True, text=True).stdout
    paths = re.findall(r"(/\S+) \(", out)
    for path in paths:
        to = root + path
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copy(os.path.realpath(path), to)
        if other:
            notes = subprocess.run(["readelf", "-n", to], capture_output=True, text=True).stdout
            build_id = bytes.fromhex(re.search("Build ID: (.*)", notes)[1])
            with open(to, "rb") as f:
                text = f.read()
            with open(to, "wb") as f:
                f.write(text.replace(build_id, build_id[::-1]))


def comm(pid):
    """The name of a process; None once it has gone."""
    try:
        with open("/proc/%s/comm" % pid) as f:
            return f.read().strip()
    except OSError:
        return None


class Process:
    """A victim that waits, by the name that it gave itself, and copies of its files."""

    def __init__(self, c, name, argv, files=None, **how):
        self.c, self.name, self.right = c, name, "%s/right-%s" % (c.p, name)
        self.p = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how)
        if self.p.stdout.read(1) != b"r":
            raise Skip("it does not start: %s" % self.p.stderr.read().decode(errors="replace").strip()[-100:])
        self.pid = next(int(pid) for pid in os.listdir("/proc") if pid.isdigit() and comm(pid) == name)
        self.copy(files)

    def copy(self, files):
        """Below right, the file of each mapping: what map_files leads to, or of a private file system what files,
        its source, has."""
        os.makedirs(self.right + "/usr")
        for link in "lib", "lib64", "bin":
            if os.path.islink("/" + link):
                os.makedirs("%s/usr/%s" % (self.right, link), exist_ok=True)
                os.symlink("usr/" + link, "%s/%s" % (self.right, link))
        root = os.readlink("/proc/%d/root" % self.pid).rstrip("/")
        for line in open("/proc/%d/maps" % self.pid):
            words = line.rstrip("\n").split(None, 5)
            if len(words) < 6 or not words[5].startswith("/"):
                continue
            start, end = (int(word, 16) for word in words[0].split("-"))
            to = self.right + words[5].removeprefix(root).removesuffix(" (deleted)")
            if os.path.exists(to):
                continue
            os.makedirs(os.path.dirname(to), exist_ok=True)
            source = "/proc/%d/map_files/%x-%x" % (self.pid, start, end)
            if files and os.path.exists(files + "/" + os.path.basename(to)):
                source = files + "/" + os.path.basename(to)
            shutil.copy(source, to)

    def crash(self):
        """Lets it go on to its end.  Returns its record, once that has all."""
        self.p.stdin.write(b"x")
        self.p.stdin.close()
        self.p.wait()
        for _ in range(1200):
            for path in glob.glob(self.c.p + "/var/lib/gzcoredump/*.txt"):
                text = open(path, errors="replace").read()
                if "\npid=%d\n" % self.pid in text and "\ncomplete=" in text and "\npending=" not in text:
                    return path, text
            time.sleep(0.1)
        raise SystemExit("%s: %s: no record" % (self.c.name, self.name))


def home(c):
    where = c.p + "/home"
    os.makedirs(where, exist_ok=True)
    program = build(c, "h-home", where)
    os.chmod(where, 0o700)
    os.chown(where, DAEMON.pw_uid, DAEMON.pw_gid)
    return Process(c, "h-home", [*USER, program])


def chroot(c):
    root = c.p + "/jail"
    build(c, "h-chroot", root + "/app", linked="/app")
    copy_libc(root, other=True)
    return Process(c, "h-chroot", ["chroot", root, "/app/h-chroot"])


def container(c):
    have("unshare")
    root = c.p + "/container"
    build(c, "h-container", root + "/app", linked="/app")
    copy_libc(root)
    return Process(c, "h-container", [*CONTAINER, root, "/app/h-container"])


def private_tmp(c):
    source, where = c.p + "/source", c.p + "/private"
    os.makedirs(where)
    build(c, "h-tmp", source, linked=where)
    return Process(c, "h-tmp", ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none "$2" && cp "$1"/* "$2" && exec "$2/h-tmp"',
                                "sh", source, where])


def replaced(c):
    where = c.p + "/replaced"
    p = Process(c, "h-replaced", [build(c, "h-replaced", where)])
    # Another build takes its name, as an upgrade does it.
    build(c, "h-replacee", c.p + "/upgrade")
    os.rename(c.p + "/upgrade/libh-replacee.so", where + "/libh-replaced.so")
    return p


def deleted(c):
    where = c.p + "/deleted"
    p = Process(c, "h-deleted", [build(c, "h-deleted", where)])
    shutil.rmtree(where)
    return p


def fuse(c):
    have("fusermount3")
    source, where = c.p + "/fused", c.p + "/mounted"
    os.makedirs(where)
    build(c, "h-fuse", source, linked=where)
    os.chown(where, DAEMON.pw_uid, DAEMON.pw_gid)
    # Debian's package is for its own Python.
    python = next(p for p in ("/usr/bin/python3", sys.executable) if os.path.exists(p))
    ours, theirs = [], []
    if not os.path.exists("/dev/fuse"):
        raise Skip("no FUSE")
    if os.stat("/dev/fuse").st_mode & 6 != 6:
        # Where users have none, one of theirs, in a mount name space.
        os.mknod(c.p + "/fuse", 0o666 | stat.S_IFCHR, os.stat("/dev/fuse").st_rdev)
        os.chmod(c.p + "/fuse", 0o666)
        ours = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /dev/fuse && exec "$@"', c.p + "/fuse"]
    c.fuse = subprocess.Popen([*ours, *USER, python, "-c", FUSE, source, where], stderr=subprocess.DEVNULL)
    for _ in range(100):
        if c.fuse.poll() is not None:
            raise Skip("no FUSE")
        if " %s fuse" % where in open("/proc/%d/mounts" % c.fuse.pid).read():
            theirs = ["nsenter", "--target", str(c.fuse.pid), "--mount"] if ours else []
            return Process(c, "h-fuse", [*theirs, *USER, where + "/h-fuse"], files=source)
        time.sleep(0.1)
    raise Skip("no FUSE")


def memfd(c):
    where = c.p + "/memfd"
    program = build(c, "h-memfd", where)
    fd = os.memfd_create("hidden", 0)
    with open(program, "rb") as f:
        os.write(fd, f.read())
    os.unlink(program)
    return Process(c, "h-memfd", ["h-memfd"], executable="/proc/self/fd/%d" % fd, pass_fds=[fd])


def musl(c):
    root = c.p + "/alpine"
    linker = glob.glob("/lib/ld-musl-*.so.1")
    if not linker:
        raise Skip("no musl")
    build(c, "h-musl", root + "/app", "-Wl,--build-id=none", "-DDIRECT", cc="musl-gcc", linked="/app")
    os.makedirs(root + "/lib")
    subprocess.run(["objcopy", "--remove-section", ".note.gnu.build-id", linker[0], root + linker[0]], check=True)
    return Process(c, "h-musl", [*CONTAINER, root, "/app/h-musl"])


ROWS = {
    "home directory with mode 0700": home,
    "chroot with another C library": chroot,
    "container: user, pid and mount name spaces, pivot_root": container,
    "private /tmp": private_tmp,
    "library replaced": replaced,
    "program and library deleted": deleted,
    "own FUSE mount": fuse,
    "memfd": memfd,
    "container, musl without build-ids, to main": musl,
}


def gdb_stack(c, core, process):
    """The addresses of the crashed thread by gdb, which has the very files."""
    name = process.name if process.name != "h-memfd" else "memfd:hidden"
    exe = next(os.path.join(folder, name) for folder, _, names in os.walk(process.right) if name in names)
    out = c.output("bash", "-c", '. "$0/lib/trace.bash"; gdb_frames "$@"', T, exe, core, process.right)
    return [int(line.split()[1], 16) for line in out.splitlines()]


def opened_stack(c, dump):
    """The same by the gdb that core-open starts, which gets the kept files."""
    os.makedirs("shim", exist_ok=True)
    with open("shim/gdb", "w") as f:
        f.write('#!/bin/sh\nexec %s -nx -q -batch "$@" -ex "set backtrace past-main on" '
                '-ex "set backtrace past-entry on" -ex "source frames.py"\n' % have("gdb"))
    os.chmod("shim/gdb", 0o755)
    out = subprocess.run(["core-open", "-U", str(os.getuid()), dump], capture_output=True, text=True, errors="replace",
                         env={**os.environ, "PATH": c.p + "/shim:" + os.environ["PATH"]}).stdout
    return [int(line.split()[2], 16) for line in out.splitlines() if line.startswith("FRAME ")]


def row(c, title, make):
    try:
        process = make(c)
    except Skip as why:
        c.skipped(title, why)
        return
    path, record = process.crash()
    # gdb counts inlined functions where it has a debug file, and its frames are listed without them.
    ours = [int(pc, 16) for pc in re.findall(r"^frame=#\d+ +0x([0-9a-f]+)(?!.*\[inlined\])", record, re.M)]
    core = c.p + "/core"
    with open(core, "wb") as f:
        stored = path[:-4] + ".gz"
        subprocess.run(["zinflate", stored if os.path.exists(stored) else path[:-4] + ".small.gz"], stdout=f, check=True)
    theirs = gdb_stack(c, core, process)
    opened = opened_stack(c, path[:-4])
    later = c.our_stacks(path[:-4] + ".gz")
    if title.endswith("to main"):
        # This C library has no call frame information, so gdb guesses.
        to = len(re.findall(r"^frame=", record.split("  main+")[0], re.M)) if "  main+" in record else 0
        ours, theirs, opened = ours[:to], theirs[:to], opened[:to]
    end = re.search("^stack_end=(.*)", record, re.M)
    c.row(ours == theirs == opened and len(ours) > 2, title, len(theirs), len(ours),
          len(next(iter(later.values()), [])), len(opened), end[1] if end else "")


def hidden(c):
    have("gdb")
    # Users may come this far.
    os.chmod(c.p, 0o755)
    with open(c.p + "/etc/gzcoredump.conf", "w") as f:
        f.write("stack=yes\nmin_free=0\nkeep=0\nkeep_each=0\nloop_most=0\n")
    c.set("kernel/core_pattern", c.handler)
    c.table("Files that the host does not have at their paths: frames in the record against gdb's with the right files",
            "crash in", "gdb, right files", "record", "`core-trace` later", "`core-open`", "the record's stack ends with")
    try:
        for title, make in ROWS.items():
            row(c, title, make)
    finally:
        if getattr(c, "fuse", None) is not None:
            subprocess.run(["umount", "-l", c.p + "/mounted"], stderr=subprocess.DEVNULL, check=False)
            c.fuse.terminate()
            c.fuse.wait()
