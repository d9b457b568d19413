#!/usr/bin/env python3
"""Looks for mistakes in C files with gcc -fanalyzer and with cppcheck.

usage: analyze.py [-f FLAGS] [-x EXCEPTIONS] FILE ...

FLAGS are the compiler's, in one argument, without an optimization: the analyzer of GCC sees the code as it is written.
EXCEPTIONS, by default the file beside this one, has what is no mistake.  Prints each finding that is none of them, and
exits 1 when there is one; 2 when a tool is not there or a file does not compile.
"""

import concurrent.futures
import getopt
import os
import re
import shlex
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
GCC = os.environ.get("ANALYZER", "gcc")
# Style is the house's own matter.
CPPCHECK = ["cppcheck", "--quiet", "--std=c11", "--enable=warning,performance,portability", "--error-exitcode=0",
            "--template={file}:{line}: [{id}] {message}", "--template-location=", "--suppress=missingIncludeSystem"]


def function_at(path, line):
    """The function that has a line: in this house its name starts a line."""
    with open(path, errors="replace") as f:
        text = f.read().split("\n")
    for at in range(min(line, len(text)) - 1, -1, -1):
        found = re.match(r"([a-z_][a-z0-9_]*)\(", text[at])
        if found:
            return found.group(1)
    return "-"


def run(command):
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", env={**os.environ, "LC_ALL": "C"})
    except FileNotFoundError:
        sys.exit("analyze.py: %s: not found" % command[0])


def analyzed(flags, path):
    p = run([GCC, *flags, "-fanalyzer", "-fdiagnostics-plain-output", "-fdiagnostics-path-format=none", "-c", "-o",
             "/dev/null", path])
    if p.returncode != 0:
        sys.stderr.write(p.stderr)
        raise OSError("%s: does not compile" % path)
    return re.findall(r"^([^ :]+):(\d+):\d+: warning: (.*) \[-Wanalyzer-([a-z-]+)\]$", p.stderr, re.M)


def checked(flags, paths):
    defines = [f for f in flags if f.startswith(("-D", "-I", "-U"))]
    p = run([*CPPCHECK, "-j", str(len(os.sched_getaffinity(0))), *defines, *paths])
    if p.returncode != 0:
        sys.exit("analyze.py: cppcheck: %s" % p.stderr)
    return [(path, line, words, check) for path, line, check, words in
            re.findall(r"^([^ :]+):(\d+): \[([A-Za-z_-]+)\] (.*)$", p.stderr, re.M)]


def main():
    options, operands = getopt.getopt(sys.argv[1:], "f:x:")
    if not operands:
        sys.exit(__doc__)
    flags, paths = shlex.split(dict(options).get("-f", "-std=c11")), operands
    allowed = {}
    with open(dict(options).get("-x", HERE + "/exceptions")) as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                check, path, function, reason = line.split(None, 3)
                allowed[check, path, function] = reason.strip()
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        try:
            found = [one for some in pool.map(lambda path: analyzed(flags, path), paths) for one in some]
        except OSError as why:
            print("analyze.py: %s" % why, file=sys.stderr)
            return 2
    found += checked(flags, paths)
    used, wrong = set(), 0
    for path, line, words, check in sorted(set(found)):
        key = check, path, function_at(path, int(line))
        if key in allowed:
            used.add(key)
            continue
        wrong += 1
        print("%s:%s: %s: %s [%s]" % (path, line, key[2], words, check))
    for key in allowed.keys() - used:
        if key[1] in paths:
            print("not needed here: %s" % " ".join(key))
    print("%d files, %d findings, %d of them exceptions" % (len(paths), wrong + len(used), len(used)))
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
