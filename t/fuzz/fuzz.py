#!/usr/bin/env python3
"""Gives programs thousands of mutated inputs: none may make one end by a signal, run without end, or make a sanitizer
report anything.  What zinflate decodes is judged too: with the status 0 it is what Python's zlib makes of the input,
and an input that zlib decodes is not refused.

usage: fuzz.py [-i FIRST] [-k FOLDER] [-n COUNT] [-s SEED] BUILD [PROGRAM ...]

How an input is mutated follows from SEED, the program and the input's number, counted from FIRST; what is mutated is
made by the tools that are here (seeds.py).  An input that fails is kept in FOLDER, by default fuzz-failed.  The
programs are those of PROGRAMS below: BUILD/fuzz/PROGRAM, which forks for each input ("make fuzz" builds them), or BUILD/PROGRAM.
Exits 1 when one failed.
"""

import collections
import getopt
import os
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mutate  # noqa: E402
import seeds  # noqa: E402

USAGE = "usage: fuzz.py [-i FIRST] [-k FOLDER] [-n COUNT] [-s SEED] BUILD [PROGRAM ...]"
# Seconds after which an input has no end, beside those of the processor that fuzz/serve.c grants.
PATIENCE = 60
REPORT = re.compile(rb"Sanitizer|runtime error:")
SANITIZERS = {
    "ASAN_OPTIONS": "abort_on_error=1:detect_leaks=0:allocator_may_return_null=1:max_allocation_size_mb=2000",
    "UBSAN_OPTIONS": "abort_on_error=1:print_stacktrace=1"}

# The kinds of seeds, each as often as it is named, and the ways to call it: f a file, s standard input, p a pipe; OUT
# is a file that is not there, SEED what the input was made from.
CORES = ["core", "core", "core", "packed-core"]
PROGRAMS = {
    "core-trim": (CORES, [
        "f", "f -d 2", "f -d 3 -m 64K -s 8K -k * -x *!main", "f -m 20000", "f -r 0x400000:8K -r 0:0xffffffffffff0000",
        "s", "p", "p", "p -m 64K -k *", "p -o OUT"]),
    "core-info": (CORES + ["elf", "packed"], ["f", "f -j", "f -a", "f -aj", "s", "p", "p -a", "p -d 2", "p -o OUT"]),
    "core-trace": (CORES, ["f", "f -j", "f -r", "f -ra", "f -v", "f -s", "s -", "p -"]),
    "elf-uuid": (["elf", "elf", "archive", "archive", "core", "packed-core"], [
        "f", "f -a", "f -ab", "f -b", "f -d", "f -r", "f -s .uuid", "f -s .text -r", "f -c",
        "f -c SEED", "s", "p"]),
    "zinflate": (["packed", "packed", "packed-core"], [
        "f", "f -t", "f -tk", "f -k", "f -l", "f -lv", "f -r 5000:60000", "f -T 2", "s -T 3", "p", "p -k", "p -T 2"]),
}


# Zeros behind a member, the padding of some archivers.
PADDING = re.compile(rb"\0*")
# What zlib says of a block whose Huffman codes are not complete, which other libraries may take.
ODD_CODES = re.compile(r"invalid (code lengths|distances|literal/lengths) set|invalid (distance|literal/length) code")


class Reference:
    """What zlib makes of gzip members or a zlib stream: the verdict, "whole", "trailing" or "bad", and the bytes."""

    def __init__(self, data):
        self.verdict, self.made, self.odd_codes = "bad", b"", False
        # Zeros came between members: zinflate refuses them between those that say their sizes.
        self.padded = False
        at, packed = 0, data[:2] == b"\x1f\x8b" or data == b"\x1f"
        while at < len(data):
            one = zlib.decompressobj(31 if packed else 15)
            try:
                self.made += one.decompress(data[at:])
            except zlib.error as e:
                self.odd_codes = ODD_CODES.search(str(e)) is not None
                return
            if not one.eof:
                return
            end = len(data) - len(one.unused_data)
            at = PADDING.match(data, end).end()
            if at == len(data):
                self.verdict = "whole"
            elif not packed or data[at:at + 2] not in (b"\x1f\x8b", b"\x1f"):
                self.verdict = "trailing"
                return
            self.padded |= at > end


def misread(data, base, options, status, out):
    """How zinflate has read it wrongly, by its status and its output, or None; base: it without the damage."""
    letters = set("".join(options))
    if letters - set("-ktT23"):
        return None
    zlib_says = Reference(data)
    if status == 0 and zlib_says.verdict != "whole":
        # The damage does not matter where checksums fit and the data is as it was.
        if zlib_says.odd_codes and ("t" in letters or out == Reference(base).made):
            return None
        return "success, and zlib says " + zlib_says.verdict
    # With -k, 1 says that something is lost.
    compared = status == 0 or (status == 1 and zlib_says.verdict == "trailing" and "k" not in letters)
    if compared and "t" not in letters and out != zlib_says.made:
        return "not the bytes that zlib makes"
    # -t also looks at the sizes that members say, and -k at what they lead to.
    if zlib_says.verdict == "whole" and status != 0 and not zlib_says.padded and not letters & set("kt"):
        return "refused, and zlib says whole"
    return None


class Program:
    """Runs one program on one input after the other: forked by its server where that is there."""

    def __init__(self, build, name, folder):
        self.name, self.folder, self.out = name, folder, os.path.join(folder, "stdout")
        self.server, self.path = None, os.path.join(build, "fuzz", name)
        self.forks = os.access(self.path, os.X_OK)
        if not self.forks:
            self.path = os.path.join(build, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.server is not None:
            # All that it started is in its session.
            try:
                os.killpg(self.server.pid, 9)
            except ProcessLookupError:
                pass
            self.server.wait()
            self.server = None

    def run(self, how, path, args):
        """Returns the status, negative for a signal, None when it does not end; and what it said."""
        errors = os.path.join(self.folder, "errors")
        out = self.out if self.name == "zinflate" else os.devnull
        run = self.forked if self.forks else self.executed
        status = run(how, path, out, errors, args)
        with open(errors, "rb") as f:
            return status, f.read()

    def forked(self, how, path, out, errors, args):
        if self.server is None:
            self.server = subprocess.Popen([self.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                           start_new_session=True, env={**os.environ, **SANITIZERS})
        self.server.stdin.write("\t".join([how, path, out, errors, *args]).encode() + b"\n")
        self.server.stdin.flush()
        if not select.select([self.server.stdout], [], [], PATIENCE)[0]:
            self.stop()
            return None
        line = self.server.stdout.readline()
        if not line:
            raise SystemExit("fuzz: %s: its server ended" % self.name)
        return os.waitstatus_to_exitcode(int(line))

    def executed(self, how, path, out, errors, args):
        source = path if how != "f" else os.devnull
        with open(source, "rb") as given, open(errors, "wb") as said, open(out, "wb") as made:
            try:
                p = subprocess.Popen([self.path, *args], stdin=subprocess.PIPE if how == "p" else given, stderr=said,
                                     stdout=made, env={**os.environ, **SANITIZERS})
                p.communicate(given.read() if how == "p" else None, timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
                return None
        return p.returncode


def case(name, seed, number, known):
    """Input and call that follow from the numbers: (bytes, what they were made from, how, options)."""
    r = random.Random("%d %s %d" % (seed, name, number))
    kinds, calls = PROGRAMS[name]
    found = [k for k in kinds if known[k]]
    base, where = r.choice(known[r.choice(found)])
    data = mutate.mutate(r, base, where)
    # As it would be stored, so that what is led astray is not the decompressor alone.
    if name != "zinflate" and r.random() < .1:
        data = zlib.compress(data, 1)
    how, *options = r.choice(calls).split()
    return data, base, how, options


def fuzz(program, known, seed, numbers, kept):
    statuses, failed = collections.Counter(), 0
    path, out, origin = (os.path.join(program.folder, name) for name in ("input", "out", "seed"))
    for number in numbers:
        data, base, how, options = case(program.name, seed, number, known)
        for name, content in ((path, data), (origin, base if "SEED" in options else b"")):
            with open(name, "wb") as f:
                f.write(content)
        args = [{"OUT": out, "SEED": origin}.get(o, o) for o in options] + ([path] if how == "f" else [])
        status, said = program.run(how, path, args)
        if os.path.exists(out):
            os.unlink(out)
        statuses["no end" if status is None else status] += 1
        wrong = None
        if program.name == "zinflate" and status in (0, 1, 2):
            with open(program.out, "rb") as f:
                wrong = misread(data, base, options, status, f.read())
        if status in (0, 1, 2) and not REPORT.search(said) and wrong is None:
            continue
        failed += 1
        os.makedirs(kept, exist_ok=True)
        name = os.path.join(kept, "%s-%d-%d" % (program.name, seed, number))
        shutil.copy(path, name)
        with open(name + ".said", "wb") as f:
            f.write(said)
        ended = "no end" if status is None else wrong or "status %d" % status
        print("%s %s: %s: input %s" % (program.name, " ".join([how, *options]), ended, name), flush=True)
    return statuses, failed


def main():
    try:
        options, args = getopt.getopt(sys.argv[1:], "i:k:n:s:")
        options = dict(options)
        first, count, seed = (int(options.get(o, n)) for o, n in (("-i", 0), ("-n", 1000), ("-s", 1)))
        if not args or first < 0 or count < 0 or any(name not in PROGRAMS for name in args[1:]):
            raise ValueError
    except (getopt.GetoptError, ValueError):
        print(USAGE, "programs: " + " ".join(PROGRAMS), sep="\n", file=sys.stderr)
        return 2
    # What ends this leaves no folder behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    kept, failures = options.get("-k", "fuzz-failed"), 0
    with tempfile.TemporaryDirectory(prefix="fuzz.") as folder:
        known = {kind: [(s, mutate.fields(s)) for s in found] for kind, found in seeds.make(folder, args[0]).items()}
        print("| program | seed | inputs | seconds | statuses | failed |\n| --- | --- | --- | --- | --- | --- |")
        for name in args[1:] or PROGRAMS:
            start = time.monotonic()
            with Program(args[0], name, folder) as program:
                statuses, failed = fuzz(program, known, seed, range(first, first + count), kept)
            ends = ", ".join("%s: %d" % s for s in sorted(statuses.items(), key=str))
            print("| %s | %d | %d to %d | %.0f | %s | %d |" % (
                name, seed, first, first + count - 1, time.monotonic() - start, ends, failed), flush=True)
            failures += failed
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
