"""Runs systemd-coredump without systemd: the kernel's half hands the core over a socket, and each connection starts the
half that stores, as systemd would start it."""

import contextlib
import glob
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

SOCKET = "/run/systemd/coredump"
# What it stores into, which gets another directory in its place.
STORE = "/var/lib/systemd"
START = 'mount --bind "$1" ' + STORE + ' && LISTEN_PID=$$ LISTEN_FDS=1 exec nice -n 9 "$2"'


def find(tmp):
    """Returns the program and its version, or None and why there is none.  It may come from Debian's package, which is
    not installed for that."""
    for path in "/usr/lib/systemd/systemd-coredump", "/lib/systemd/systemd-coredump":
        if os.path.exists(path):
            return path, "(installed)"
    if not shutil.which("apt-get"):
        return None, "not installed, and no apt-get"
    try:
        got = subprocess.run(["apt-get", "-q", "download", "systemd-coredump"], cwd=tmp, capture_output=True, text=True,
                             timeout=60)
    except subprocess.TimeoutExpired:
        return None, "apt-get download takes too long"
    packages = glob.glob(tmp + "/systemd-coredump_*.deb")
    if got.returncode or not packages:
        return None, "apt-get download: " + (got.stderr.strip().splitlines() or ["?"])[-1]
    subprocess.run(["dpkg", "-x", packages[0], tmp + "/systemd-coredump"], check=True)
    for path in glob.glob(tmp + "/systemd-coredump/**/systemd-coredump", recursive=True):
        if os.path.isfile(path) and os.access(path, os.X_OK):
            missing = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
            missing = [line.strip() for line in missing.splitlines() if "not found" in line]
            return (None, missing[0]) if missing else (path, os.path.basename(packages[0]).split("_")[1])
    return None, "not in its package"


class Activation(threading.Thread):
    """What systemd does for a crash."""

    def __init__(self, program, tmp):
        super().__init__(daemon=True)
        self.program, self.store = program, tmp + "/systemd-store"
        self.ended, self.watch, self.pid = None, None, None
        self.changed = threading.Condition()

    def __enter__(self):
        os.makedirs(os.path.dirname(SOCKET), exist_ok=True)
        os.makedirs(STORE, exist_ok=True)
        os.makedirs(self.store, exist_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # Fails if a real one listens.
        self.socket.bind(SOCKET)
        self.socket.listen()
        self.start()
        return self

    def __exit__(self, *_):
        os.unlink(SOCKET)
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
        # Wakes the thread.
        self.socket.shutdown(socket.SHUT_RDWR)
        self.join()
        self.socket.close()

    def run(self):
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            with connection:
                pid = os.posix_spawn(shutil.which("unshare"), [
                    "unshare", "-m", "sh", "-c", START, "sh", self.store, self.program], os.environ, file_actions=[
                        (os.POSIX_SPAWN_DUP2, connection.fileno(), 3)])
                if self.watch:
                    self.watch.others.add(str(pid))
            self.pid = pid
            os.waitpid(pid, 0)
            self.pid = None
            with self.changed:
                self.ended = time.monotonic_ns()
                self.changed.notify()

    def wait(self):
        """Returns when, in ns, it has stored."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.ended, 300):
                raise SystemExit("bench: systemd-coredump does not end")
            ended, self.ended = self.ended, None
            return ended

    def take(self, to):
        """Moves the stored core."""
        stored = glob.glob(self.store + "/coredump/core.*")
        if len(stored) != 1:
            raise SystemExit("bench: systemd-coredump stored %d files" % len(stored))
        os.rename(stored[0], to)


@contextlib.contextmanager
def activation(tmp, say):
    """None, and a line that says why, if it cannot be run here."""
    program, version = find(tmp)
    why = "" if program else version
    if not why and os.path.exists(SOCKET):
        why = "systemd listens at " + SOCKET
    if not why and not shutil.which("unshare"):
        why = "no unshare"
    if why:
        say("systemd-coredump: left out: " + why)
        yield None
        return
    say("systemd-coredump " + version)
    with Activation(program, tmp) as service:
        yield service
