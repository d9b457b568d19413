"""A row of endure.py in which hostile users crash programs in every way they can think of, beside a service that crashes ten
times.  What they cannot have is listed in the row if they have got it.

The service has all of its ten: ten records, ten whole dumps and ten small cores, each with its own memory.  That takes
loop_most=10, as an administrator sets it for a service that matters; by default there are five whole dumps of one
identity in ten minutes, and ten small cores.  A crash of a user is accounted for if there is a record of it, or a line of
the log that says which rule removed it.
"""

import collections
import contextlib
import fcntl
import glob
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid

from endure import T, installed, wait_for
from load import idle

SECONDS = 120
SERVICE, FIRST = 990, 20000
MOST_PROCESSES = 300
ANNOUNCED_FD = 9
MARK = re.compile(rb"MARK-(\w+)-")
# A name is cut to 15 bytes by the kernel.
NAMES = [b"../../../etc/x", b"/etc/passwd", b"a/../../b", b"..", b".", b".hidden", b"-rf", b"--", b"%s%n%p%e", b"%{time}",
         b"new\nuid=0", b"x\nstored=no", b"x\nheir=0\n\n", b"\x1b[2J\x1b[31m", b"\r\nuid=0", b"\xff\xfe\x80\xe2",
         b"`>/gzcpwn`", b"$(>/gzcpwn)", b";>/gzcpwn;", b"|cat", b"*", b"?[a-z]", b"a b\tc", b"\\0012", b"'\"", b"",
         b"x" * 200, b"core.1.gz", b"a.txt", b".gzcore.loops", b"modules", b"20001", b"x) R 1 1 1"]
PATHS = [b"-rf", b"%s%n", b"..x", b".h", b"new\nline", b"a (deleted)", b" ", b"\x1b[2J", b"*", b"`id`", b"\xff\xfe",
         b"y" * 255]


class Processes(threading.Thread):
    """Samples, ten times a second, how many processes there are of the handler that is installed in p, and how many handlers
    the kernel has started."""

    def __init__(self, p):
        super().__init__()
        self.words = [(p + "/bin/").encode(), (p + "/libexec/gzcoredump/handle").encode()]
        self.stop = threading.Event()
        self.most, self.handlers, self.last = 0, 0, 0

    def run(self):
        while not self.stop.wait(0.1):
            self.sample()

    def sample(self):
        parents, ours = {}, set()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                with open("/proc/%s/stat" % pid, "rb") as f:
                    parents[pid] = f.read().rpartition(b")")[2].split()[1].decode()
                with open("/proc/%s/cmdline" % pid, "rb") as f:
                    words = f.read().split(b"\0")[:2]
                if self.words[1] in words or os.readlink(b"/proc/%d/exe" % int(pid)).startswith(self.words[0]):
                    ours.add(pid)
        handlers = sum(1 for pid in ours if parents[pid] not in ours)
        # What they have started, such as date or head, counts too.
        more = True
        while more:
            more = {pid for pid, parent in parents.items() if parent in ours} - ours
            ours |= more
        self.last = len(ours)
        self.most = max(self.most, self.last)
        self.handlers = max(self.handlers, handlers)


def tree(root, left_out=()):
    """What is below a directory, with all that a change of it would change."""
    found = {}
    for path, dirs, files in os.walk(root):
        dirs[:] = [d for d in dirs if os.path.join(path, d) not in left_out]
        for name in [".", *files]:
            one = os.path.join(path, name)
            if one not in left_out:
                with contextlib.suppress(FileNotFoundError):
                    st = os.lstat(one)
                    found[one] = (st.st_mode, st.st_uid, st.st_gid, st.st_size, st.st_mtime_ns, st.st_ctime_ns)
    return found


def as_user(uid, what):
    """Starts a process of a user that does what, and returns its number; its status is what what returns."""
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            os._exit(what() or 0)
        finally:
            os._exit(99)
    return pid


def plant(home, canary):
    """What a user does in the directory of the user's dumps: takes names that may come next, and every lock."""
    held = {}
    while True:
        with contextlib.suppress(OSError):
            for name in os.listdir(home):
                with contextlib.suppress(OSError):
                    if name not in held and len(held) < 200:
                        held[name] = os.open(home + "/" + name, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW)
                        fcntl.flock(held[name], fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if name.endswith("Z.txt"):
                        base = home + "/" + name[:-len(".txt")]
                        os.symlink(canary, base + "-1.txt")
                        os.symlink(canary + "/file", base + "-1.gz")
                        os.mkfifo(base + "-1.small.gz")
            for name in ".gzcore.loops", ".gzcore.lock", "modules", "next.gz":
                with contextlib.suppress(OSError):
                    os.symlink(canary, home + "/" + name)
        time.sleep(0.1)


class Users:
    """The users, their programs, and what they have announced."""

    def __init__(self, e, p):
        self.e, self.p, self.d = e, p, p + "/var/lib/gzcoredump"
        # Nobody may look into these two directories, but all pass through them.
        os.chmod(p, 0o711)
        os.chmod(e.s, 0o711)
        self.s = tempfile.mkdtemp(dir=e.s)
        os.chmod(self.s, 0o711)
        self.crashes = e.turns(1000)
        self.seconds = SECONDS * self.crashes / 1000
        self.uids = range(FIRST, FIRST + min(20, max(4, self.crashes // 15)))
        self.announced = os.open(self.s + "/announced", os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        self.stop = threading.Event()
        self.make_programs()
        self.canary = self.s + "/canary"
        os.mkdir(self.canary)
        with open(self.canary + "/file", "w") as f:
            f.write("untouched\n")

    def make_programs(self):
        """Gives each user three programs of an identity of their own, with odd names, and one that has root's rights."""
        victim = self.s + "/victim"
        subprocess.run([os.environ.get("CC", "cc"), "-O1", "-o", victim, T + "/endure/victim.c"], check=True)
        self.programs = {}
        for uid in [*self.uids, SERVICE]:
            home = b"%s/%d" % (self.s.encode(), uid)
            os.mkdir(home)
            self.programs[uid] = []
            for name in random.sample(PATHS, 3) + [b"more"] if uid != SERVICE else [b"serviced"]:
                path = shutil.copy(victim, home + b"/" + name)
                subprocess.run(["elf-uuid-stamp", "-f", "-u", str(uuid.uuid4()), "--", path], check=True)
                self.programs[uid].append(path)
            os.chown(home, uid, uid)
            if uid != SERVICE:
                os.chmod(path, 0o4755)

    def lines(self):
        """PID, UID and kind of each crash that was announced."""
        with open(self.s + "/announced") as f:
            return [(int(pid), int(uid), kind) for pid, uid, kind in map(str.split, f.read().splitlines())]

    def run(self, uid, program, name, kind, *words, root=False):
        who = {} if root else dict(user=uid, group=uid, extra_groups=[])
        subprocess.run([program, b"MARK-%d-" % uid, name, kind, *words], pass_fds=[ANNOUNCED_FD],
                       cwd=os.path.dirname(program), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, **who)

    def one(self, uid, r):
        """Makes some crashes of a user; returns how many."""
        *programs, more = self.programs[uid]
        program, name = r.choice(programs), r.choice(NAMES)
        kind = r.choices(["crash", "forks", "killed", "more", "reuse"], [8, 1, 3, 2, 2])[0]
        after = b"%d" % r.choice([0, r.randrange(3000), r.randrange(60000)])
        if kind == "forks":
            count = r.randint(2, 8)
            self.run(uid, program, name, kind, b"%d" % count)
            return count
        if kind == "killed":
            self.run(uid, program, name, kind, after)
        elif kind == "more":
            subprocess.run([more, b"MARK-root-", name, kind, b"100000"], pass_fds=[ANNOUNCED_FD], user=uid, group=uid,
                           extra_groups=[], stderr=subprocess.DEVNULL)
        elif kind == "reuse":
            self.run(uid, program, name, kind, after, b"%d" % uid, more, b"MARK-root-", root=True)
            return 2
        else:
            size, long = b"%d" % r.choice([1000, 100000, 3000000]), [b"%s\n" * 20000] * r.randint(0, 1)
            self.run(uid, program, name, kind, size, *long)
        return 1

    def crash(self, uid, count):
        r = random.Random(uid)
        begin, done = time.monotonic(), 0
        while done < count and not self.stop.is_set():
            done += self.one(uid, r)
            self.stop.wait(max(0, begin + self.seconds * done / count - time.monotonic()))

    def serve(self):
        begin = time.monotonic()
        for i in range(10):
            self.stop.wait(max(0, begin + self.seconds * (i + 0.5) / 10 - time.monotonic()))
            self.run(SERVICE, self.programs[SERVICE][0], b"serviced", "service", b"3000000")

    def play(self):
        """Lets all of them crash, while owner=crashed is turned on and off."""
        planters = [as_user(uid, lambda: plant("%s/%d" % (self.d, uid), self.canary)) for uid in self.uids[:3]]
        each = -(-self.crashes // len(self.uids))
        threads = [threading.Thread(target=self.crash, args=(uid, each)) for uid in self.uids]
        threads.append(threading.Thread(target=self.serve))
        try:
            for t in threads:
                t.start()
            turn = 0
            while any(t.is_alive() for t in threads):
                turn += 1
                settle(self.p, "crashed" if turn % 2 else "root:root")
                time.sleep(self.seconds / 12)
            idle(self.p)
        finally:
            self.stop.set()
            for t in threads:
                t.join()
            for one in planters:
                os.kill(one, signal.SIGKILL)
                os.waitpid(one, 0)


def settle(p, owner):
    """The configuration in one step: a handler may be reading it."""
    with open(p + "/etc/new", "w") as f:
        f.write("loop_most=10\nowner=%s\n" % owner)
    os.rename(p + "/etc/new", p + "/etc/gzcoredump.conf")


def dumps(d):
    """All records: path without its end, and lines."""
    found = []
    for path in glob.glob(d + "/*.txt") + glob.glob(d + "/[0-9]*/*.txt"):
        if not os.path.islink(path):
            with open(path) as f:
                found.append((path[:-len(".txt")], dict(line.split("=", 1) for line in f.read().splitlines())))
    return found


def unpacked(path):
    return subprocess.run(["gzip", "-dc", path], capture_output=True)


def wrong_service(found, pids):
    """What is missing of the ten dumps of the service."""
    wrong, whole = [], 0
    for pid in pids:
        mine = [(n, r) for n, r in found if r.get("pid") == str(pid) and r.get("uid") == str(SERVICE)]
        if len(mine) != 1:
            wrong.append("a crash of the service without a record")
            continue
        name, r = mine[0]
        bad = [key for key, value in dict(stored="whole", complete="yes", small="whole", comm="serviced").items()
               if r.get(key) != value]
        core = unpacked(name + ".gz")
        if bad or core.returncode or len(core.stdout) != int(r["bytes"]) or unpacked(name + ".small.gz").returncode:
            wrong.append("a dump of the service that is not whole: %s" % " ".join(bad))
        elif core.stdout.count(b"MARK-%d-" % SERVICE) < 200000:
            wrong.append("a dump of the service without its memory")
        else:
            whole += 1
    return wrong, whole


def wrong_owners(d, uids):
    """What is wrong with whose files are whose, and what is in them."""
    wrong = []
    everything = {}
    for path, _, files in os.walk(d):
        for one in [path, *(os.path.join(path, name) for name in files)]:
            everything[one] = os.lstat(one)
    for path, st in everything.items():
        inside = os.path.relpath(path, d).split("/")
        owner = int(inside[0]) if inside[0].isdigit() else 0
        kind, mode = st.st_mode & 0o170000, st.st_mode & 0o7777
        # Root's lock, which is empty, is all that is not the user's there.
        if st.st_uid != (0 if inside[-1] == ".gzcore.prune" and st.st_size == 0 else owner):
            wrong.append("a file of the wrong owner: %s: %d, %o" % ("/".join(inside), st.st_uid, st.st_mode))
        if kind == 0o100000 and mode != 0o600 and "modules" not in inside:
            wrong.append("a file of mode %o" % mode)
        if kind == 0o040000 and mode not in ((0o711,) if path == d else (0o700, 0o755)[:1 + ("modules" in inside)]):
            wrong.append("a directory of mode %o" % mode)
        if owner and kind == 0o100000 and path.endswith(".gz"):
            others = set(MARK.findall(unpacked(path).stdout)) - {b"%d" % owner}
            if others:
                wrong.append("memory of %s in a file of a user" % " ".join(map(os.fsdecode, others)))
    # What the modes say is tried, too.
    for uid in uids:
        def reads():
            for path in everything:
                with contextlib.suppress(OSError):
                    if not (path + "/").startswith("%s/%d/" % (d, uid)):
                        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW))
                        return 1
            return 0

        if os.waitpid(as_user(uid, reads), 0)[1]:
            wrong.append("a file that another user can read")
    return wrong


def unaccounted(found, announced, log, kernel):
    """The crashes of which neither a record nor a line of a log is left, and how many the log alone has."""
    wanted = collections.Counter(pid for pid, _, _ in announced)
    have = collections.Counter(int(r["pid"]) for _, r in found if r.get("pid", "").isdigit())
    # A whole dump was removed: its name has no end, as that of a file would have.
    said = collections.Counter(int(pid) for pid in re.findall(r": removed .*\.(\d+)\.\d{8}T\d{6}Z(?:-\d+)?: ", log))
    said.update(int(pid) for pid in re.findall(r"coredump: (\d+)\(.*skipping", kernel))
    missing = wanted - have
    gone, left = sum((missing & said).values()), sum((missing - said).values())
    # A name that was cut has no PID.
    nameless = len(re.findall(r": removed y+(?:-\d+)?: ", log))
    return max(0, left - nameless), gone + min(left, nameless)


def kernel_said(since):
    """What the kernel has logged since then."""
    said = subprocess.run(["dmesg"], capture_output=True, text=True, errors="replace").stdout
    stamped = re.findall(r"^\[ *([\d.]+)\] (.*)", said, re.M)
    return "\n".join(line for when, line in stamped if float(when) > since - 1)


def locks(d):
    """The locks that are held on files below a directory."""
    inodes = {os.lstat(os.path.join(path, name)).st_ino for path, _, files in os.walk(d) for name in [".", *files]}
    with open("/proc/locks") as f:
        return [line for line in f if int(line.replace("-> ", "").split()[5].rsplit(":", 1)[1]) in inodes]


def users(e):
    """Lets 20 users crash 1,000 times in two minutes, beside a service that crashes ten times."""
    e.table("Users who crash programs in hostile ways for two minutes, and a service beside them", "users", "crashes", "s",
            "records", "stored whole", "killed in mid-dump", "numbers used again", "removed by a rule",
            "dropped by the kernel", "handlers at once", "processes at once", "of the service's ten")
    # The tests run with a limit of 1, with which the kernel calls no handler.
    resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
    with installed(e) as p:
        u = Users(e, p)
        os.dup2(u.announced, ANNOUNCED_FD)
        settle(p, "root:root")
        left_out = (u.d, p + "/var/log", p + "/run", p + "/etc", u.s + "/announced")
        roots = ["/etc", "/root", p, u.s]
        before = [tree(root, left_out) for root in roots] + [sorted(os.listdir("/"))]
        watch = Processes(p)
        watch.start()
        begin = time.monotonic()
        try:
            u.play()
        finally:
            watch.stop.set()
            watch.join()
            os.close(ANNOUNCED_FD)
        took = time.monotonic() - begin
        wrong = []
        with contextlib.suppress(TimeoutError):
            wait_for(lambda: watch.sample() or watch.last == 0, 30)
        if watch.last:
            wrong.append("a process is left")
        if locks(p):
            wrong.append("a lock is held")
        after = [tree(root, left_out) for root in roots] + [sorted(os.listdir("/"))]
        for was, now in zip(before, after):
            if was != now:
                wrong.append("touched: %s" % sorted(set(was) ^ set(now) or {k for k in was if was[k] != now[k]})[:3])
        found, announced = dumps(u.d), u.lines()
        with open(p + "/var/log/gzcoredump.log", errors="replace") as f:
            log = f.read()
        kernel = kernel_said(begin)
        missing, removed = unaccounted(found, announced, log, kernel)
        if missing:
            wrong.append("%d crashes are not accounted for" % missing)
        if any("complete" not in r for _, r in found):
            wrong.append("a record without an end")
        if [n for path, _, files in os.walk(u.d) for n in files if re.fullmatch(r"\.gzcore\.[0-9a-f]{16}", n)]:
            wrong.append("a leftover")
        wrong += wrong_owners(u.d, [*u.uids, SERVICE])
        bad, whole = wrong_service(found, [pid for pid, _, kind in announced if kind == "service"])
        wrong += bad
        if watch.most > MOST_PROCESSES:
            wrong.append("more than %d processes" % MOST_PROCESSES)
        e.row(wrong, len(u.uids), len(announced), "%.0f" % took, len(found),
              sum(1 for _, r in found if r.get("stored") == "whole"), sum(1 for a in announced if a[2] == "killed"),
              sum(1 for a in announced if a[2] == "again"), removed, len(re.findall(r"skipping core dump", kernel, re.I)),
              watch.handlers, watch.most, whole)


ROWS = dict(users=users)
