"""Whole commands on cores that are files: compressors, decompressors, the adaptive levels, and resident memory."""

import os
import shutil
import subprocess
import time

# A command that takes longer, in milliseconds, is not repeated.
SLOW = 4000
LEVELS = [["gzdeflate", "-%d" % n] for n in range(1, 10)]
OURS = [words.split() for words in (
    "gzdeflate -1 -T1", "gzdeflate -6 -T1", "gzdeflate -1 -T1 -b 128K", "gzdeflate -s -1", "zdeflate -1",
    "gzdeflate -A 1-9", "gzdeflate -7 -b 1M")]
FAST_PEERS = ["igzip -0", "igzip -1", "igzip -2", "igzip -3", "zstd -1 -T2", "zstd -3 -T2", "lz4 -1", "pigz -1", "gzip -1"]
SLOW_PEERS = ["zstd -9 -T2", "lz4 -9", "pigz -6", "pigz -9", "gzip -6", "gzip -9"]
TO_NULL = [words.split() for words in ("gzdeflate -1", "gzdeflate -1 -T1", "gzdeflate -6", "gzdeflate -6 -T1")]
PACKED = {"members": ["gzdeflate", "-1"], "one member": ["gzip", "-1", "-c"], "zstd": ["zstd", "-q", "-1", "-c"],
          "lz4": ["lz4", "-q", "-1", "-c"]}
READERS = [("zinflate", "members"), ("zinflate -T1", "members"), ("igzip -d -c", "members"), ("pigz -d -c", "members"),
           ("gzip -d -c", "members"), ("zinflate", "one member"), ("igzip -d -c", "one member"),
           ("pigz -d -c", "one member"), ("gzip -d -c", "one member"), ("zstd -q -d -c", "zstd"), ("lz4 -q -d -c", "lz4")]


def of(core):
    return "core of %s as a file" % core


def of_null(core):
    return of(core) + ", to /dev/null"


def unpacked(core):
    return "decompression of a core of %s, to /dev/null" % core


def sink(core):
    return "core of %s into a sink of 10 MB/s" % core


def peer(words):
    argv = words.split()
    return [*argv, *(["-q"] if argv[0] in ("zstd", "lz4") else []), "-c"]


class Files:
    def __init__(self, b):
        self.b, self.out = b, b.tmp + "/out"

    def which(self, argv):
        return shutil.which(argv[0], path=self.b.path)

    def run(self, argv, stdin, stdout):
        """Returns the milliseconds that a command takes."""
        with open(stdin, "rb") as i, open(stdout, "wb") as o:
            start = time.perf_counter()
            pid = os.posix_spawn(self.which(argv), argv, {"PATH": self.b.path, "LC_ALL": "C"}, file_actions=[
                (os.POSIX_SPAWN_DUP2, i.fileno(), 0), (os.POSIX_SPAWN_DUP2, o.fileno(), 1)])
            _, status = os.waitpid(pid, 0)
            ms = (time.perf_counter() - start) * 1000
        if status != 0:
            raise SystemExit("bench: %s: status %d" % (" ".join(argv), status))
        return ms

    def commands(self, what, commands, stdout):
        """Times commands in turn: names, with the words and the input of each; the first is the limit."""
        commands = {name: c for name, c in commands.items() if self.which(c[0])}
        times, sizes = {name: [] for name in commands}, {}
        for turn in range(self.b.rounds + 1):
            for name, (argv, stdin) in commands.items():
                if times[name] and times[name][0] > SLOW:
                    continue
                ms = self.run(argv, stdin, stdout)
                # The first turn warms up.
                if turn > 0 or ms > SLOW or not self.b.rounds:
                    times[name].append(ms)
                sizes[name] = os.stat(stdout).st_size if stdout != "/dev/null" else 0
        self.b.report.commands(what, next(iter(commands)), times, sizes)

    def compressors(self, core, path, levels, ours, peers):
        named = {" ".join(argv): (argv, path) for argv in [["cat"], *levels, *ours]}
        self.commands(of(core), {**named, **{words: (peer(words), path) for words in peers}}, self.out)
        self.commands(of_null(core), {" ".join(argv): (argv, path) for argv in [["cat"], *TO_NULL]}, "/dev/null")

    def decompressors(self, core, path):
        packed = {}
        for name, argv in PACKED.items():
            if self.which(argv):
                packed[name] = self.b.tmp + "/packed." + argv[0]
                self.run(argv, path, packed[name])
        self.commands(unpacked(core), {"%s: %s" % (words, kind): (words.split(), packed[kind])
                                       for words, kind in READERS if kind in packed}, "/dev/null")

    def slow_sink(self, core, path):
        """The adaptive levels, with an output of 10 MB/s."""
        times, sizes = {}, {}
        for argv in ["-1"], ["-6"], ["-A", "1-9"]:
            start, total = time.perf_counter(), 0
            with open(path, "rb") as i:
                p = subprocess.Popen([self.which(["gzdeflate"]), *argv], stdin=i, stdout=subprocess.PIPE)
            while True:
                piece = p.stdout.read(100000)
                if not piece:
                    break
                total += len(piece)
                time.sleep(len(piece) / 10e6)
            if p.wait() != 0:
                raise SystemExit("bench: gzdeflate %s: status %d" % (" ".join(argv), p.returncode))
            name = " ".join(["gzdeflate", *argv])
            times[name], sizes[name] = [(time.perf_counter() - start) * 1000], total
        self.b.report.commands(sink(core), "gzdeflate -1", times, sizes)

    def memory(self, path):
        """Peak resident memory while standard input is still open, for our programs after 4 GiB of input."""
        with open(path, "rb") as f:
            core = f.read()
        report = self.b.report
        report.say("\nresident memory")
        # The highest levels get less input: more would not change their memory.
        runs = [(["gzdeflate", "-%d" % n, "-T2"], 4096 if n < 6 else 1024) for n in (1, 2, 6, 7, 8)]
        runs += [(["gzdeflate", "-%d" % n, "-T1", "-b", "128K"], 4096 if n < 6 else 1024) for n in (1, 2, 6, 8)]
        runs += [(peer(words), 1024) for words in ("igzip -1", "zstd -1 -T2", "lz4 -1", "pigz -1", "gzip -1")]
        for argv, mib in runs:
            if not self.which(argv):
                continue
            p = subprocess.Popen([self.which(argv), *argv[1:]], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            left = mib << 20
            while left > 0:
                left -= p.stdin.write(core if left >= len(core) else core[:left])
            with open("/proc/%d/status" % p.pid) as f:
                kib = next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))
            p.stdin.close()
            if p.wait() != 0:
                raise SystemExit("bench: %s: status %d" % (argv, p.returncode))
            name = " ".join(w for w in argv if w not in ("-c", "-q"))
            report.say("  %-38s %8.1f MiB, %d MiB in" % (name, kib / 1024, mib))
            report.rows.append(["resident memory", name, "memory", "", "", "", "", "", "", kib])


def measure(b, core, path):
    """Of Python's core all; of node's, what takes less."""
    f = Files(b)
    if core == "python":
        f.compressors(core, path, LEVELS, OURS, FAST_PEERS + SLOW_PEERS if not b.quick else FAST_PEERS)
    else:
        f.compressors(core, path, LEVELS[:7], OURS[:2], FAST_PEERS)
    f.decompressors(core, path)
    if core == "python" and not b.quick:
        f.slow_sink(core, path)
        f.memory(path)
