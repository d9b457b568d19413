"""The rows of a crash: what the kernel starts, with the core on standard input."""

import glob
import os
import shutil
import subprocess

# The tap splices into "cat >/dev/null"; as many threads as processors read the memory of the process, or copy as much.
PIPE, MEMORY, COPY = "limit of the pipe", "limit of memory: read", "limit of memory: copy"
DEFLATE, TAP = "gzdeflate -1", "core-info -d 5"
# As in our handler: mbuffer holds its input until all of its output is written.
MBUFFER = "tap, mbuffer"
CAPTURE = "core-capture"
WHOLE = "gzcoredump, no sync"

# By kind, as below.
PEERS = {"peer": ["zstd -1 -T2"], "small peer": ["igzip -1", "lz4 -1", "pigz -1"], "slow peer": ["pigz -6", "gzip -9"]}


class Handler:
    """kind: a victim has a set of kinds of handlers.  keeps: what is stored is a core, which is looked at.  behind: all
    that is slow stands behind a buffer, so once it has ended, only the time of the release is measured again.  out:
    where the last stage writes, instead of a file."""

    def __init__(self, kind, name, *stages, keeps=True, behind=False, out=None):
        self.name, self.stages = name, [s.split() if isinstance(s, str) else s for s in stages]
        self.kind, self.keeps, self.behind, self.out = kind, keeps, behind, out
        self.service = None

    def prepare(self):
        """Comes before each crash."""

    def take(self, out):
        """Moves what was stored to the path, if it is elsewhere."""

    def lacks(self, path):
        """The program that is not there, or None."""
        return next((stage[0] for stage in self.stages if not shutil.which(stage[0], path=path)), None)


class Whole(Handler):
    """Our own handler, as installed below p, with a core-store that does not sync (-S), and without the stack."""

    def __init__(self, p, name, **settings):
        super().__init__("whole", name, [p + "/libexec/gzcoredump/handle", "@"])
        self.p = p
        self.settings = {"stack": "no", "loop_most": 0, "dir": p + "/var/lib/gzcoredump", **settings}
        store = p + "/bin/core-store"
        if not os.path.exists(store + ".real"):
            os.rename(store, store + ".real")
            with open(store, "w") as f:
                f.write("#!/bin/sh\nexec %s.real -S \"$@\"\n" % store)
            os.chmod(store, 0o755)

    def prepare(self):
        shutil.rmtree(self.settings["dir"], ignore_errors=True)
        with open(self.p + "/etc/gzcoredump.conf", "w") as f:
            f.write("".join("%s=%s\n" % s for s in self.settings.items()))

    def take(self, out):
        stored = [f for f in glob.glob(self.settings["dir"] + "/*.gz") if not f.endswith(".small.gz")]
        if len(stored) != 1:
            with open(self.p + "/var/log/gzcoredump.log") as f:
                raise SystemExit("bench: the handler stored %d files: %s" % (len(stored), f.read()))
        os.rename(stored[0], out)


class Systemd(Handler):
    def __init__(self, service):
        super().__init__("systemd", "systemd-coredump", [
            service.program, "@P", "@u", "@g", "@s", "@t", "9223372036854775808", "@h"])
        self.service = service

    def take(self, out):
        self.service.take(out)


def capture_words(*options):
    # Kernels before 6.16 give no descriptor of the process.
    release = tuple(int(n) for n in os.uname().release.split("-")[0].split(".")[:2])
    return [CAPTURE, "-p", "@P", *(["-P", "@F"] if release >= (6, 16) else []), *options]


def slow(kind, name, recipient, *buffer):
    """What keeps a process waiting for long, unless a buffer stands before it."""
    return [
        Handler(kind, name + ", gzdeflate -9", *buffer, "gzdeflate -9", behind=True),
        Handler(kind, name + ", gzdeflate -1, age", *buffer, "gzdeflate -1", "age -r " + recipient, keeps=False),
        Handler(kind, name + ", gzdeflate -1, 3 MB/s", *buffer, "gzdeflate -1", "throttle 3000000", behind=True)]


def has_capture_setting(p):
    with open(p + "/libexec/gzcoredump/settings") as f:
        return '"$1" capture ' in f.read()


def handlers(p, recipient, service):
    """The rows; recipient is one of age(1), service is systemd-coredump's or None."""
    mbuffer, capture = "mbuffer -q -P 90 -m 1G", capture_words()
    rows = [
        Handler("limit", PIPE, TAP, "cat", keeps=False, out="/dev/null"),
        Handler("limit", MEMORY, "memory read @P", keeps=False),
        Handler("disk", "cat >file", "cat"),
        Handler("filter", DEFLATE, DEFLATE),
        Handler("tap", "tap, gzdeflate -1", TAP, DEFLATE),
        Handler("mbuffer", MBUFFER + ", gzdeflate -1", TAP, mbuffer, DEFLATE),
        Handler("capture", CAPTURE + ", gzdeflate -1", capture, DEFLATE),
        Handler("capture", CAPTURE + " -b 0, gzdeflate -1", capture_words("-b", "0"), DEFLATE)]
    rows += slow("slow mbuffer", MBUFFER, recipient, TAP, mbuffer) + slow("slow", CAPTURE, recipient, capture)
    if has_capture_setting(p):
        rows += [Whole(p, "%s, capture=%s" % (WHOLE, value), capture=value) for value in ("yes", "no")]
    else:
        rows.append(Whole(p, WHOLE))
    if service:
        rows.append(Systemd(service))
    return rows + [Handler(kind, peer, peer + (" -q" if peer[0] in "zl" else "") + " -c")
                   for kind, peers in PEERS.items() for peer in peers]


def make_recipient(path):
    if not shutil.which("age-keygen", path=path):
        return "none"
    key = subprocess.run(["age-keygen"], capture_output=True, text=True, check=True).stdout
    return next(line.split()[-1] for line in key.splitlines() if line.startswith("# public key:"))
