#!/usr/bin/env python3
"""Compares what lib/reason makes of instructions with the words of objdump, for all code of some libraries.

usage: decode.py BUILD

Prints a Markdown table: for each machine how many different instructions there were, and how many are read or written
otherwise than objdump says, or at another address.  Exits 1 if there are any.  BUILD has the program decode.
"""

import collections
import glob
import re
import shutil
import subprocess
import sys

READ, WRITE, UPDATE = 1, 2, 3
# Not compared: instructions with memory in their words that touch none of it, with other operands than those in
# brackets, or that nothing is to be said of.
X86_LEFT_OUT = re.compile(
    r"(nop|lea|prefetch|clflush|clwb|j|l?call|ljmp|push|pop|l?ret|leave|enter|\(bad\)|stos|lods|scas|cmps|movs[bwlq]? .*%es:"
    r"|loop|ins|outs?|in |xlat|bnd|endbr|v?p?(gather|scatter)|vp?gather|vp?scatter|v?maskmov|movabs|rex|data16|addr32"
    r"|xbegin|xabort|[csdefg]s |f|vprot|ud[01]|vmread|vmwrite|sgdt|sidt|sldt|str |\.byte)")
X86_READS = re.compile(
    r"(v?u?comis|v?pcmp|cmp(?!xchg)|test|bt[wlq]? |v?ptest|i?mul|i?div|v?ldmxcsr|fxrstor|xrstor|kortest|ktest|rdssp|l[gi]dt|ver[rw]"
    r"|lddqu)")
X86_PREFIX = re.compile(r"^((rep[nz]*|lock|bnd|notrack|data16|cs|ds|es|\{evex\}) +)+")
ARM_LEFT_OUT = re.compile(r"(prfm|pld|pli|\.|undefined|<UNDEFINED>|udf|stz?2?g|ldg|dc$|dc\s|tb[bh]|(ld|st)c2|cf|[ls]fm|(ld|st)[1-4f]+[bhwdq]\b.*\bz[0-9]|x$)")
ARM_UPDATE = re.compile(r"(swp|cas|ldadd|ldset|ldclr|ldeor|ldsmax|ldsmin|ldumax|ldumin|stadd|stset|stclr)")
ARM_READ = re.compile(r"(ld|pop|vld|vpop|fldm)")
ARM_WRITE = re.compile(r"(st|push|vst|vpush|fstm)")


def instructions(objdump, path, machine):
    """Yields the bytes in the order of memory, in hexadecimal, and the words."""
    out = subprocess.run([objdump, "-d", "-w", path], capture_output=True, text=True, check=True).stdout
    for line in out.split("\n"):
        if machine == "x86-64":
            m = re.match(r"^ *[0-9a-f]+:\t((?:[0-9a-f]{2} )+) *\t(.*)$", line)
            if m:
                yield m[1].replace(" ", ""), re.sub(" +", " ", m[2].split("#")[0].strip()) + " "
            continue
        m = re.match(r"^ *[0-9a-f]+:\s+([0-9a-f]{4} [0-9a-f]{4}|[0-9a-f]{8}|[0-9a-f]{4}) +\t(\S.*)$", line)
        if not m:
            continue
        thumb = len(m[1]) != 8
        if (machine == "thumb") != thumb:
            continue
        halves = m[1].split() if thumb else [m[1]]
        yield "".join(bytes.fromhex(h)[::-1].hex() for h in halves), re.split("[;@]|//", m[2])[0].strip()


def x86_kind(words):
    """READ, WRITE, 0: no memory, None: not compared; WRITE stands for UPDATE too."""
    words = X86_PREFIX.sub("", words)
    if X86_LEFT_OUT.match(words):
        return None
    operands = words.split(" ", 1)[1]
    if "(" not in operands and "%fs:" not in operands:
        return None if re.search(r"(^|,)\*?0x", operands) else 0
    last = re.split(r",(?![^(]*\))", operands)[-1]
    return WRITE if ("(" in last or "%fs:" in last) and not X86_READS.match(words) else READ


def arm_kind(words):
    if ARM_LEFT_OUT.match(words):
        return None
    return UPDATE if ARM_UPDATE.match(words) else READ if ARM_READ.match(words) else WRITE if ARM_WRITE.match(words) else 0


def arm_address(words, aarch64):
    """What [REGISTER, #NUMBER] is with the registers of decode.c, or None."""
    m = re.search(r"\[(\w+)(?:, #(-?\w+))?\]!?$", words)
    if not m or m[1] == "pc":
        return None
    names = {"sp": 31 if aarch64 else 13, "lr": 14, "ip": 12, "fp": 11, "sl": 10}
    number = names[m[1]] if m[1] in names else int(m[1][1:])
    return 0x1000000 * (number + 1) + (int(m[2], 0) if m[2] else 0)


def compare(program, objdump, machine, number, paths):
    known = {}
    for path in paths:
        for code, words in instructions(objdump, path, machine):
            known.setdefault(code, words)
    argv = [program, str(number), *(["thumb"] if machine == "thumb" else [])]
    said = subprocess.run(argv, input="\n".join(known) + "\n", capture_output=True, text=True, check=True).stdout
    wrong = collections.Counter()
    examples = {}
    for (code, words), line in zip(known.items(), said.split("\n")):
        count, kind, has_address, address, _ = line.split()
        count, kind = int(count), int(kind)
        if machine == "x86-64":
            expected = x86_kind(words)
            kind = WRITE if kind == UPDATE else kind
            want = None
        else:
            expected = arm_kind(words)
            want = arm_address(words, machine == "aarch64") if expected else None
        if expected is None:
            continue
        if (kind if count else 0) != expected or (want is not None and has_address == "1" and
                                                  (want ^ int(address, 16)) & 0xffffffff):
            mnemonic = words.split()[0]
            wrong[mnemonic] += 1
            examples.setdefault(mnemonic, "%s: %s: %s" % (code, words, line))
    return len(known), wrong, examples


def main():
    if len(sys.argv) != 2:
        print("usage: decode.py BUILD", file=sys.stderr)
        return 2
    failed = 0
    notes = []
    print("\nInstructions: what lib/reason reads from them, beside `objdump`\n")
    print("| machine | instructions | otherwise | |\n| --- | --- | --- | --- |")
    for machine, number, objdump, patterns in (
            ("x86-64", 62, "objdump", ["/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libm.so.6",
                                       "/usr/lib/x86_64-linux-gnu/lib*crypto.so.*"]),
            ("aarch64", 183, "aarch64-linux-gnu-objdump", ["/usr/aarch64-linux-gnu/lib/lib[cm].so.6"]),
            ("arm", 40, "arm-linux-gnueabihf-objdump", ["/usr/arm-linux-gnueabihf/lib/lib[cm].so.6"]),
            ("thumb", 40, "arm-linux-gnueabihf-objdump", ["/usr/arm-linux-gnueabihf/lib/lib[cm].so.6"])):
        paths = [path for pattern in patterns for path in sorted(glob.glob(pattern))]
        if not shutil.which(objdump) or not paths:
            print("| %s | skipped: not installed | | |" % machine)
            continue
        count, wrong, examples = compare(sys.argv[1] + "/decode", objdump, machine, number, paths)
        total = sum(wrong.values())
        print("| %s | %d | %d | %s |" % (machine, count, total, "**no**" if total else "yes"), flush=True)
        notes += ["- %s: %d: %s" % (machine, n, examples[m]) for m, n in wrong.most_common(20)]
        failed |= total > 0
    print("\n".join(["", *notes] if notes else []))
    return failed


if __name__ == "__main__":
    sys.exit(main())
