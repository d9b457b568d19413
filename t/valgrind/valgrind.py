#!/usr/bin/env python3
"""Runs the programs under valgrind: none may use what it did not set, read or write beyond its memory, or lose any.

usage: valgrind.py [-v] BUILD [ROW ...]

A row is a program on small inputs: those of t/faults, and ROWS below, whose inputs are damaged.  With valgrind its status
and output have to be the same as without.  Prints a line for each row, and valgrind's reports; exits 1 when there was one.
The programs are not confined (GZCORE_CONFINE=no): valgrind makes system calls of its own.
"""

import getopt
import glob
import os
import random
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "faults"))
import faults  # noqa: E402

# A status that no program has.
FOUND = 99
VALGRIND = ["valgrind", "-q", "--trace-children=yes", "--error-exitcode=%d" % FOUND, "--leak-check=full",
            "--show-leak-kinds=definite,indirect", "--errors-for-leak-kinds=definite,indirect", "--num-callers=20",
            "--suppressions=" + HERE + "/suppressions",
            # The programs of others that ours start.
            "--trace-children-skip=*/cat,*/sh,*/gdb,*/zstd"]
# As in t/faults.
ROWS = {
    **faults.ROWS,
    "zinflate-cut": "zinflate -T 2 < cut.gz",
    "zinflate-salvage": "zinflate -k bad.gz",
    "zinflate-range": "zinflate -r 20000:40000 data.gz",
    "core-info-bad": "core-info -a bad.core",
    "core-info-cut": "core-info -a cut.core",
    "core-trace-bad": "core-trace bad.core",
    "core-trace-json": "core-trace -j core.gz",
    "core-trim-bad": "core-trim bad.core",
    "core-match-bad": "core-match bad.core prog",
    "core-match-bad-prog": "core-match core bad.prog",
    "core-open": "core-open -f -n ./core.gz",
    "core-open-bad": "core-open -f -n ./bad.core",
    "core-list-json": "core-list -j d",
    "core-prune": "core-prune -n -k 1 d",
    "elf-uuid-core": "elf-uuid -a core",
    "elf-uuid-bad": "elf-uuid -b bad.prog",
    "zdeflate-9": "zdeflate -9 -b 16K < data",
}


def damage(folder):
    """Inputs that are cut, or in which bytes are wrong; the same ones each time, as far as the compiler goes."""
    r = random.Random(1)
    for name, bad, cut in ("data.gz", "bad.gz", "cut.gz"), ("core", "bad.core", "cut.core"), ("prog", "bad.prog", None):
        with open(os.path.join(folder, name), "rb") as f:
            good = f.read()
        b = bytearray(good)
        # Where an ELF file has its headers and notes, and anywhere.
        for at in [r.randrange(64, 1200) for _ in range(12)] + [r.randrange(len(b)) for _ in range(20)]:
            b[at] = r.randrange(256)
        with open(os.path.join(folder, bad), "wb") as f:
            f.write(b)
        if cut:
            with open(os.path.join(folder, cut), "wb") as f:
                f.write(good[:len(good) // 3])


def reports(folder):
    """What valgrind said, by all processes."""
    said = []
    for log in sorted(glob.glob(folder + "/valgrind.*")):
        with open(log, errors="replace") as f:
            text = f.read().strip()
        if text:
            said.append(text)
        os.unlink(log)
    return said


def main():
    options, operands = getopt.getopt(sys.argv[1:], "v")
    if not operands or set(operands[1:]) - set(ROWS):
        raise SystemExit(__doc__)
    build, failed = os.path.abspath(operands[0]), 0
    faults.ROWS = ROWS
    os.environ["GZCORE_CONFINE"] = "no"
    with tempfile.TemporaryDirectory(prefix="valgrind.") as folder:
        os.chmod(folder, 0o755)
        faults.prepare(folder, build)
        damage(folder)
        for name in operands[1:] or ROWS:
            row = faults.Row(name, folder, build)
            row.env["GZCORE_CONFINE"] = "no"
            right = row.run()
            row.under = [*VALGRIND, "--log-file=%s/valgrind.%%p" % folder]
            got, wrong = row.run("-q"), []
            said = reports(folder)
            if said or got[0] == FOUND:
                wrong.append("a report")
            if got[0] is None:
                wrong.append("no end")
            elif got[0] not in (right[0], FOUND):
                wrong.append("status %s, not %s: %s" % (got[0], right[0], got[2][:300].decode(errors="replace")))
            elif row.content(got[1]) != row.content(right[1]) or got[3] != right[3]:
                wrong.append("another output")
            print("%-20s status %s: %s" % (name, right[0], "; ".join(wrong) or "clean"), flush=True)
            if said:
                print("\n".join(said))
            if "-v" in dict(options):
                print(got[1][:300], got[2][:300])
            failed += bool(wrong)
    print("%d rows, %d not clean" % (len(operands[1:] or ROWS), failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
