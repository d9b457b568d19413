#!/usr/bin/env python3
"""Lets libFuzzer make up inputs for the fuzz targets, one after the other: none may crash, never end, leak, take much
memory or be read wrongly.

usage: targets.py [-k FOLDER] [-s SEED] [-t SECONDS] BUILD [TARGET ...]

The targets are BUILD/targets/TARGET, all of them by default; each starts from BUILD/seeds/TARGET (corpus.py) and from
what earlier runs have found, which is kept in BUILD/corpus/TARGET.  An input that fails is kept in FOLDER, by default
fuzz-failed.  SEED, 1 by default, and what a target starts from determine which inputs it makes, and the time how many;
0 is for other ones each time.  Exits 1 when one failed.
"""

import getopt
import glob
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

USAGE = "usage: targets.py [-k FOLDER] [-s SEED] [-t SECONDS] BUILD [TARGET ...]"
# Seconds that one input may take, and megabytes; sanitizers make both several times as much.
LIMITS = ["-timeout=25", "-rss_limit_mb=3000"]
SANITIZERS = {"ASAN_OPTIONS": "allocator_may_return_null=1:quarantine_size_mb=32",
              "UBSAN_OPTIONS": "print_stacktrace=1"}
SHM = "/dev/shm"
SAID = re.compile(rb".*(?:does not hold|runtime error:|ERROR: ).*")


def run(build, name, seed, seconds, kept, said):
    """Runs a target.  Returns its status, the inputs that it made and the processor's seconds that it took."""
    corpus = os.path.join(build, "corpus", name)
    os.makedirs(corpus, exist_ok=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    # In memory: archives' members are copied there, a file for each.
    with tempfile.TemporaryDirectory(prefix="targets.", dir=SHM if os.path.isdir(SHM) else None) as folder:
        options = ["-max_total_time=%d" % seconds, "-seed=%d" % seed, *LIMITS, "-print_final_stats=1",
                   "-artifact_prefix=" + os.path.join(kept, name + "-")]
        p = subprocess.run([os.path.join(build, "targets", name), *options, corpus, os.path.join(build, "seeds", name)],
                           stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                           env={**os.environ, **SANITIZERS, "TMPDIR": folder})
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(said.name, "rb") as f:
        made = re.findall(rb"stat::number_of_executed_units: (\d+)", f.read())
    return p.returncode, int(made[0]) if made else 0, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime


def tell(build, name, kept, known, said):
    """Says what failed, and how it is run again."""
    with open(said, "rb") as f:
        lines = f.read()
    log = os.path.join(kept, name + ".said")
    shutil.copy(said, log)
    for line in SAID.findall(lines)[:2]:
        print("%s: %s" % (name, line.decode(errors="replace")))
    for path in sorted(set(glob.glob(glob.escape(os.path.join(kept, name)) + "-*")) - known):
        print("%s: run it again: %s %s" % (name, os.path.join(build, "targets", name), path))
    print("%s: all that it said: %s" % (name, log), flush=True)


def main():
    try:
        options, args = getopt.getopt(sys.argv[1:], "k:s:t:")
        options = dict(options)
        seed, seconds = int(options.get("-s", 1)), int(options.get("-t", 60))
        if not args or seed < 0 or seconds < 1:
            raise ValueError
        build = args[0]
        names = args[1:] or sorted(os.listdir(os.path.join(build, "targets")))
    except (getopt.GetoptError, OSError, ValueError):
        print(USAGE, file=sys.stderr)
        return 2
    kept, failures = options.get("-k", "fuzz-failed"), 0
    os.makedirs(kept, exist_ok=True)
    print("| target | seconds | inputs | processor's seconds | failed |\n| --- | --- | --- | --- | --- |", flush=True)
    for name in names:
        start, known = time.monotonic(), set(glob.glob(glob.escape(os.path.join(kept, name)) + "-*"))
        with tempfile.NamedTemporaryFile(prefix="targets.") as said:
            status, made, used = run(build, name, seed, seconds, kept, said)
            if status != 0:
                failures += 1
                tell(build, name, kept, known, said.name)
        print("| %s | %.0f | %d | %.0f | %d |" % (name, time.monotonic() - start, made, used, status != 0), flush=True)
    if not os.listdir(kept):
        os.rmdir(kept)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
