#!/usr/bin/env python3
"""Tells which lines of the C files were executed in a build with --coverage, and which never were.

usage: coverage.py BUILD [FILE ...]

Run it at the top of the sources.  A line for each file: how many percent of the lines with code were executed, of how many,
and the numbers of those that were not; at the end the same of all.  Counted are all processes that ended by exit or _exit
or that executed another program; what a signal ends has no time to write its counters, so lines that only run before that
are missing.  FILE selects files.
"""

import collections
import concurrent.futures
import gzip
import json
import os
import subprocess
import sys

GCOV = os.environ.get("GCOV", "gcov")


def notes(build):
    return sorted(os.path.join(at, name) for at, _, names in os.walk(build) for name in names
                  if name.endswith(".gcno") and os.path.dirname(os.path.join(at, name)) != build)


def read(note):
    """The counts of an object: file -> line -> times.  Without counters no line was executed."""
    p = subprocess.run([GCOV, "--json-format", "--stdout", note], capture_output=True)
    counts = collections.defaultdict(dict)
    if not p.stdout:
        raise SystemExit("coverage.py: %s: %s" % (note, p.stderr.decode(errors="replace").strip()))
    text = gzip.decompress(p.stdout) if p.stdout[:2] == b"\x1f\x8b" else p.stdout
    for line in text.splitlines():
        for of in json.loads(line)["files"]:
            for at in of["lines"]:
                lines = counts[os.path.normpath(of["file"])]
                lines[at["line_number"]] = lines.get(at["line_number"], 0) + at["count"]
    return counts


def ranges(numbers, between):
    """Numbers in order as 3-5, 9; lines without code between two do not part them."""
    said, first, last = [], None, None
    for n in [*numbers, None]:
        if first is not None and (n is None or any(k in between for k in range(last + 1, n))):
            said.append(str(first) if first == last else "%d-%d" % (first, last))
            first = None
        if first is None:
            first = n
        last = n
    return ", ".join(said)


def main():
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    build, chosen = sys.argv[1], set(sys.argv[2:])
    total = collections.defaultdict(collections.Counter)
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for counts in pool.map(read, notes(build)):
            for path, lines in counts.items():
                total[path].update(lines)
                for line in lines:
                    total[path][line] += 0
    done = of = 0
    for path, lines in sorted(total.items()):
        if path.startswith(("/", "..", "build")) or (chosen and path not in chosen):
            continue
        never = sorted(n for n, times in lines.items() if times == 0)
        reached = {n for n, times in lines.items() if times > 0}
        done, of = done + len(reached), of + len(lines)
        print("%5.1f %%  %s: %d of %d%s" % (100 * len(reached) / len(lines), path, len(reached), len(lines),
                                           "; never " + ranges(never, reached) if never else ""))
    if of == 0:
        raise SystemExit("coverage.py: %s: no file of ours was built there with --coverage" % build)
    print("%5.1f %%  all: %d of %d" % (100 * done / of, done, of))


if __name__ == "__main__":
    main()
