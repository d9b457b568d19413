#!/usr/bin/env python3
"""Makes each system call of a program fail in turn, for each of its likely errors: the program must end by itself, say
why, and never call wrong bytes right or leave a file that is not whole.

usage: faults.py [-m MOST] [-v] BUILD [ROW ...]

A row is a program on small inputs (ROWS below).  Of each call that it makes, at most MOST occurrences fail (12): the first
ones, the last ones, and some between.  strace injects the failures.  Prints a line for each row, and for each fault that
was not survived its injection, with what went wrong; exits 1 when there was one.
"""

import collections
import getopt
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
import cores  # noqa: E402

# After so many seconds a run has no end.
PATIENCE = 120
# What each call may fail with.  Those that cannot are not here; nor brk, which fails without an error; nor close, since
# what strace makes fail is not done, and the kernel closes all the same.
ERRORS = {
    "access": ["EACCES"], "clone": ["EAGAIN"], "clone3": ["EAGAIN", "ENOSYS"], "copy_file_range": ["EIO", "EXDEV"], "dup2": ["EMFILE"],
    "dup3": ["EMFILE"], "faccessat": ["EACCES"],
    "faccessat2": ["ENOSYS"], "fadvise64": ["EINVAL"], "fallocate": ["EOPNOTSUPP", "ENOSPC"], "fchmod": ["EPERM"],
    "fchown": ["EPERM"], "fcntl": ["EINVAL", "EPERM"], "fdatasync": ["EIO"], "flock": ["EINTR", "ENOLCK"],
    "fstatfs": ["EIO"], "fsync": ["EIO"], "ftruncate": ["EIO", "EFBIG"], "getcwd": ["ENOENT"], "getdents64": ["EIO"],
    "getrandom": ["ENOSYS"], "ioctl": ["ENOTTY"], "landlock_create_ruleset": ["EPERM"],
    "landlock_restrict_self": ["EPERM"], "linkat": ["EPERM", "ENOENT", "EEXIST"], "lseek": ["ESPIPE", "EINVAL"],
    "madvise": ["EINVAL"], "memfd_create": ["EMFILE", "ENOSYS"], "mkdirat": ["EACCES"], "mmap": ["ENOMEM"],
    "mremap": ["ENOMEM"], "newfstatat": ["EIO", "ENOENT"], "openat": ["EACCES", "EMFILE", "ENOENT"],
    "openat2": ["ENOSYS", "EACCES"], "pipe2": ["EMFILE"], "poll": ["EINTR", "ENOMEM"], "prctl": ["EPERM"],
    "pread64": ["EIO", "EINTR"], "prlimit64": ["EPERM"], "pwrite64": ["EIO", "ENOSPC"], "read": ["EIO", "EINTR"],
    "readlink": ["EACCES"], "readlinkat": ["EACCES"], "renameat": ["EIO"], "renameat2": ["EINVAL", "EIO"],
    "rt_sigaction": ["EINVAL"], "sched_getaffinity": ["EINVAL"], "seccomp": ["EPERM"], "sendfile": ["EINVAL"],
    "setgroups": ["EPERM"], "setresgid": ["EPERM"], "setresuid": ["EPERM"], "splice": ["EINVAL", "EIO"],
    "statfs": ["EIO"], "statx": ["ENOSYS"], "sysinfo": ["EPERM"], "tee": ["EINVAL"], "uname": ["EFAULT"],
    "unlinkat": ["EPERM"], "utimensat": ["EPERM"], "vmsplice": ["EINVAL"], "write": ["EIO", "ENOSPC", "EPIPE", "EINTR"],
    "writev": ["EIO"],
}
# name: the command; < FILE is its standard input, > FILE what it makes, and ! FILE what must be whole or not there.
# What it writes to standard output counts too.
ROWS = {
    "gzdeflate": "gzdeflate -T 2 -b 16K < data",
    "gzdeflate-file": "gzdeflate -T 1 data",
    "zdeflate": "zdeflate -T 2 < data",
    "zinflate": "zinflate -T 2 < data.gz",
    "zinflate-file": "zinflate -T 2 data.gz",
    "zinflate-list": "zinflate -l data.gz",
    "zinflate-keep": "zinflate -k data.gz",
    "core-info": "core-info -a core",
    "core-info-gz": "core-info -a core.gz",
    "core-info-tap": "core-info -d 2 < core",
    "core-match": "core-match core prog",
    "core-trace": "core-trace core",
    "core-trim": "core-trim core",
    "core-trim-stream": "core-trim < core",
    "core-capture": "core-capture < core",
    "core-store": "core-store ! d/stored gzdeflate -T 1 < data",
    "core-store-stages": "core-store ! d/stored cat | gzdeflate -T 1 < data",
    "core-list": "core-list d",
    "core-name": "core-name %f.%p < record",
    "elf-uuid": "elf-uuid -b prog",
}


def prepare(folder, build):
    """Small inputs of all kinds."""
    def run(command):
        subprocess.run(command, shell=True, check=True, cwd=folder, env=environment(build), stdout=subprocess.DEVNULL)
    with open(folder + "/data", "wb") as f:
        f.write(b"".join(b"order %d of a customer\n" % (i * i) for i in range(6000)) + bytes(50000) + os.urandom(30000))
    with open(folder + "/prog.c", "w") as f:
        f.write("int main(int n, char **v) { return n > 1 ? *(int *)0 : 0; }\n")
    with open(folder + "/record", "w") as f:
        f.write("record=1\npid=4242\ncomm=demo\nexe=/usr/bin/demo\n")
    run("${CC:-cc} -g -Wl,--build-id -o prog prog.c")
    run("gzdeflate -b 16K data >data.gz")
    core = cores.Core()
    core.thread(tid=4242, signal=11)
    core.load(0x400000, os.urandom(20000), cores.R)
    with open(folder + "/core", "wb") as f:
        f.write(core.bytes())
    run("gzdeflate -b 4K core >core.gz && mkdir d && cp core.gz d/demo.gz && cp record d/demo.txt")


def environment(build):
    return {"PATH": "%s:%s" % (build, os.environ["PATH"]), "LC_ALL": "C", "HOME": "/nonexistent",
            **{k: v for k, v in os.environ.items() if k.startswith(("ASAN", "UBSAN", "LD_LIBRARY", "CC"))}}


class Row:
    def __init__(self, name, folder, build):
        self.name, self.folder, self.env = name, folder, environment(build)
        self.under = ["strace", "-f", "-qq", "-o", folder + "/trace.of"]
        words = ROWS[name].split()
        self.stdin = words[words.index("<") + 1] if "<" in words else "/dev/null"
        if "<" in words:
            del words[words.index("<"):words.index("<") + 2]
        self.file = words[words.index("!") + 1] if "!" in words else None
        self.argv = [w for w in words if w != "!"]

    def run(self, *trace, piped=False):
        """Runs it in a folder of its own.  Returns its status (None: no end), output, messages, and the file or None."""
        with tempfile.TemporaryDirectory(dir=self.folder) as cwd:
            for name in os.listdir(self.folder):
                at = os.path.join(self.folder, name)
                if os.path.isfile(at):
                    os.link(at, os.path.join(cwd, name))
            shutil.copytree(self.folder + "/d", cwd + "/d")
            argv = [*self.under, *trace, *self.argv] if trace else self.argv
            with open(os.path.join(cwd, self.stdin), "rb") as stdin:
                if piped:
                    stdin = subprocess.Popen(["cat"], stdin=stdin, stdout=subprocess.PIPE).stdout
                p = subprocess.Popen(argv, cwd=cwd, env=self.env, stdin=stdin, stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE, start_new_session=True)
                try:
                    out, err = p.communicate(timeout=PATIENCE)
                except subprocess.TimeoutExpired:
                    os.killpg(p.pid, 9)
                    out, err = p.communicate()
                    return None, out, err, None
            stored = None
            if self.file and os.path.exists(os.path.join(cwd, self.file)):
                with open(os.path.join(cwd, self.file), "rb") as f:
                    stored = f.read()
            return p.returncode, out, err, stored

    def calls(self):
        """The calls that it makes and that can fail: of each, how often the loader made it before main, and how often."""
        self.run("-e", "trace=all")
        count, before = collections.Counter(), None
        with open(self.folder + "/trace.of") as f:
            for line in f:
                found = re.match(r"\d+ +([a-z0-9_]+)\(", line)
                # What each program does first: io_std.
                if before is None and re.match(r"\d+ +fcntl\(0, F_GETFD", line):
                    before = collections.Counter(count)
                if found and found.group(1) in ERRORS:
                    count[found.group(1)] += 1
        return {call: (before[call], n) for call, n in count.items() if n > before[call]}

    @staticmethod
    def content(out):
        """Compressed bytes may differ in what they say beside the content, such as the file's time."""
        if out[:3] != b"\x1f\x8b\x08":
            return out
        content = b""
        while out:
            d = zlib.decompressobj(31)
            content += d.decompress(out)
            if not d.eof:
                return b"cut"
            out = d.unused_data
        return content

    def wrong(self, right, piped, got):
        """What is wrong with what came of a fault, or None.  An input that cannot be sought is as good as a pipe."""
        status, out, err, stored = got
        if status is None:
            return "no end"
        if status < 0 or status > 127:
            return "ended by signal %d" % (-status if status < 0 else status - 128)
        if b"Sanitizer" in err or b"runtime error" in err:
            return "a report: %s" % err[:300].decode(errors="replace")
        # It says itself what is missing.
        if status == 0 and b"cannot be read" in out:
            return None
        if status == 0 and self.content(out) not in (self.content(right[1]), piped[1]):
            return "status 0, and another output (%d bytes of %d)" % (len(out), len(right[1]))
        if status == 0 and stored != right[3]:
            return "status 0, and another file"
        if stored is not None and stored != right[3]:
            return "a file that is not whole"
        if status != 0 and status != right[0] and not err.strip():
            return "status %d without a word" % status
        return None


def chosen(count, most):
    """Which occurrences fail."""
    if count <= most:
        return range(1, count + 1)
    some = most // 3
    return sorted({*range(1, some + 1), *range(count - some + 1, count + 1),
                   *(1 + i * (count - 1) // (most - 2 * some) for i in range(most - 2 * some))})


def survive(row, most, verbose):
    """Tries all faults of a row; returns how many there were, and how many were not survived."""
    right, piped, faults, bad = row.run(), row.run(piped=True), 0, 0
    if right[0] not in (0, 1, 2) or row.run()[1] != right[1]:
        raise SystemExit("faults: %s: without a fault: status %s: %s" % (row.name, right[0], right[2][:300]))
    for call, (before, count) in sorted(row.calls().items()):
        for error in ERRORS[call]:
            for n in (before + k for k in chosen(count - before, most)):
                got = row.run("-e", "trace=" + call, "-e", "inject=%s:error=%s:when=%d" % (call, error, n))
                faults += 1
                why = row.wrong(right, piped, got)
                if why or verbose:
                    print("  %s: %s:error=%s:when=%d: %s" % (row.name, call, error, n, why or "status %d" % got[0]))
                bad += why is not None
    return faults, bad


def main():
    options, operands = getopt.getopt(sys.argv[1:], "m:v")
    most = int(dict(options).get("-m", 12))
    if not operands or set(operands[1:]) - set(ROWS):
        raise SystemExit(__doc__)
    build, total, failed = os.path.abspath(operands[0]), 0, 0
    with tempfile.TemporaryDirectory(prefix="faults.") as folder:
        os.chmod(folder, 0o755)
        prepare(folder, build)
        for name in operands[1:] or ROWS:
            n, bad = survive(Row(name, folder, build), most, "-v" in dict(options))
            print("%-20s %5d faults, %d not survived" % (name, n, bad), flush=True)
            total, failed = total + n, failed + bad
    print("%d faults, %d not survived" % (total, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
