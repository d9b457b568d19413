#!/usr/bin/env python3
"""Judges what core-trace says of why programs died, over a table of ways to die.

usage: reasons.py BUILD [WORD ...]

Crashes programs in C, C++, Rust, Go, Python and Java through the kernel, and those of aarch64 and arm under qemu-user,
and prints a Markdown table: the way, what was said, and whether that is right, right with the word "perhaps", or
wrong.  With WORDs, only the rows whose names have one of them.  Exits 1 if a row is wrong.  Needs root.
"""

import collections
import glob
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from crashes import CC, T, Crashes, Skip, have  # noqa: E402

HERE = T + "/reasons"
HEX = "0x[0-9a-f]+"
FIELD = "a field of a null pointer"

# For each way what must be said, and what may be said with "perhaps" instead.
C = {
    "null_write": ("write to 0x10: " + FIELD, ""),
    "null_read": ("read of 0x10: " + FIELD, ""),
    "null_first": ("write to 0x0: a null pointer", ""),
    # Where the compiler adds first, the address is no longer that of a null pointer.
    "null_far": ("write to 0x100014: %s|write to 0x100014, where nothing is mapped" % FIELD, ""),
    "null_index": ("write to 0x61a80(: an element behind a null pointer|, where nothing is mapped"
                   "|, which is read-only memory.*)", ""),
    "null_string": ("read of 0x0: a null pointer", ""),
    "null_call": ("call of a null function pointer", "jump to 0x0: perhaps a null function pointer"),
    "null_field_call": ("read of 0x8: " + FIELD, "read of 0x8: perhaps " + FIELD),
    "wild_write": ("write to 0x100186a0, where nothing is mapped", ""),
    "unmapped": ("read of %s, where nothing is mapped" % HEX, ""),
    "guard": (r"read of %s, which may not be accessed \(a guard page\)" % HEX, ""),
    "constant_write": ("write to %s, which is read-only memory.*" % HEX, ""),
    "read_only": ("write to %s, which is read-only memory" % HEX, ""),
    "data_call": ("(call of|jump to) %s, which is no code, but data.*" % HEX, ""),
    "stack_call": ("(call of|jump to) %s, which is no code, but on the stack" % HEX, ""),
    "wild_call": ("(call of|jump to) 0x(71)?23456000, where nothing is mapped", ""),
    "overflow": (r"stack overflow: %s is below the stack's limit, \d+ KiB: recursion.*\(\) calls itself" % HEX, ""),
    "thread_overflow": (r"stack overflow: %s is in the guard below the stack, \d+ KiB: recursion.*\(\) calls itself"
                        % HEX, ""),
    "big_frame": (r"stack overflow: %s is below the stack's limit, \d+ KiB: big_frame_in.*\(\) calls itself" % HEX, ""),
    "divide": ("division by zero.*", "perhaps a division by zero"),
    "divide_least": ("division overflow: the quotient is too large", ""),
    "float_divide": ("floating-point division by zero", ""),
    "trap": (r"(illegal instruction: (0f 0b|e7f000f0|deff) \(a trap by the compiler\)"
             r"|breakpoint: brk d4207d00 \(a trap by the compiler, or a breakpoint\))", ""),
    "illegal": (r"illegal instruction: (0f ff c0 ..|02000000|(e7f000f1|de02) \(a trap by the compiler\))", ""),
    "breakpoint": (r"breakpoint: (cc \(int3\) in the program|(brk d4200000|bkpt (e1200070|be00)) .*)", ""),
    "halt": (r"privileged instruction: f4 \(hlt\)", ""),
    "ports": (r"privileged instruction: e6 \(in or out\)", ""),
    "file_cut": (None, r"read of %s: (.*reasons\.\w+.* has no bytes there: perhaps it was cut short"
                       "|perhaps a file there was cut short)" % HEX),
    "double_free": (r"abort after: free\(\): double free detected in tcache 2", ""),
    "invalid_free": (r"abort after: (free|munmap_chunk)\(\): invalid pointer", ""),
    "smashed_heap": (r"abort after: double free or corruption \(out\)", ""),
    "smashed_stack": (r"abort after: \*\*\* stack smashing detected \*\*\*: terminated"
                      r"|a buffer on the stack overflowed.*", ""),
    "checked_copy": (r"abort after: \*\*\* buffer overflow detected \*\*\*: terminated", ""),
    "failed_assert": (r'assertion `zero > 0 && "more than none"` failed: ways.c:\d+ (void )?failed_assert\((void)?\)', ""),
    "aborts": (r"abort in aborts\(\) at ways.c:\d+", "perhaps a call of abort.*"),
    "raises": ("SIGQUIT that it sent to itself", ""),
    "killed": (r"SIGSEGV sent by pid \d+ of user 0", ""),
    "killed_abort": (r"SIGABRT sent by pid \d+ of user 0", ""),
    "seccomp": (r"killed by seccomp: system call 79 \(getcwd\)", ""),
    "cpu_limit": ("the limit on processor time was reached", ""),
    "file_limit": (None, "SIGXFSZ: perhaps the limit on the size of a file was reached"),
    "handled": ("abort in the handler of SIGSEGV: write to 0x10: " + FIELD, ""),
    "handled_overflow": (r"stack overflow: %s is below the stack's limit, \d+ KiB: recursion.*\(\) calls itself" % HEX,
                         ""),
    "no_address": ("write to 0x4141414141414141, which can be no address", ""),
    "no_address_call": ("(call of|jump to) 0x4141414141414141, which can be no address", ""),
    "misaligned": ("misaligned access: write to %s, which is no multiple of 16" % HEX, ""),
    "alignment_check": ("misaligned access: write to %s" % HEX, ""),
    "smashed_return": (None, "return to 0x4242424242424242, which can be no address: perhaps the stack was overwritten"),
    "string_copy": (None, "read of 0x8: perhaps " + FIELD),
    "avx_write": ("write to 0x20: %s" % FIELD, "write to 0x20: perhaps " + FIELD),
}

ABORTS = "SIGABRT that it sent to itself, as abort.. does"
CHECKED = r".*found the heap overwritten, or a wrong pointer"
CHECK = "a check of the C library failed: perhaps the heap was overwritten"
# musl keeps no message, and without call frame information nothing tells who called abort.
MUSL = dict({k: v for k, v in C.items() if k not in ("float_divide", "seccomp", "checked_copy", "cpu_limit")}, **{
    "double_free": (CHECKED + "|read of %s(: %s|, where nothing is mapped)" % (HEX, FIELD), CHECK),
    "invalid_free": (CHECKED, CHECK), "smashed_heap": (CHECKED, CHECK), "failed_assert": (ABORTS, ""),
    "aborts": (ABORTS, ""), "handled": (ABORTS, ""),
})

# qemu's cores have no siginfo; these need none.
QEMU = {k: C[k] for k in """null_write null_read null_first null_far null_index null_string null_call null_field_call
    wild_write unmapped guard constant_write read_only data_call stack_call wild_call trap illegal breakpoint file_cut
    double_free invalid_free smashed_heap smashed_stack checked_copy failed_assert aborts""".split()}

CPLUSPLUS = {
    "bad_alloc": ("uncaught C++ exception of type std::bad_alloc", ""),
    "runtime_error": ("uncaught C++ exception of type std::runtime_error", ""),
    "own": ("uncaught C++ exception of type shop::refused", ""),
    "own_standard": ("uncaught C++ exception of type shop::late", ""),
    "own_template": ("uncaught C++ exception of type shop::box<std::vector<int, std::allocator<int> > >", ""),
    "int": ("uncaught C++ exception of type int", ""),
    "text": (r"uncaught C++ exception of type char const\*", ""),
    "out_of_range": ("uncaught C++ exception of type std::out_of_range", ""),
    "rethrow": ("uncaught C++ exception of type std::logic_error", ""),
    "second": ("uncaught C++ exception of type shop::refused", ""),
    "noexcept": ("C++ exception of type shop::refused in a function that must not throw", ""),
    "terminate": (r"std::terminate was called in main\(\) at ways.cc:\d+", ""),
    "thread": (r"a std::thread was destroyed that was not joined in main\(\) at ways.cc:\d+", ""),
    "pure": (r"call of a pure virtual function in .*base.*call.* at ways.cc:\d+", ""),
    "template": ("write to 0x0: a null pointer", ""),
    "assert": (r"assertion `one == 2` failed: ways.cc:\d+ int main\(int, char\*\*\)", ""),
}
CPLUSPLUS = {k: (v[0].replace("C++", r"C\+\+"), v[1]) for k, v in CPLUSPLUS.items()}

RUST = {
    "index": (r"Rust panic at ways.rs:\d+: index out of bounds", ""),
    "divide": (r"Rust panic at ways.rs:\d+: division by zero", ""),
    "overflow": (r"Rust panic at ways.rs:\d+: overflow of an addition", ""),
    "unwrap": (r"Rust panic (at ways.rs:\d+|in .*main.*): unwrap of None", ""),
    "unwrap_err": (r"Rust panic (at ways.rs:\d+|in .*main.*): unwrap of an Err", ""),
    "panic": (r"Rust panic at ways.rs:\d+", ""),
    "assert": (r"Rust panic at ways.rs:\d+: an assertion failed", ""),
    "borrowed": (r"Rust panic at ways.rs:\d+: a RefCell that was borrowed already", ""),
    "abort": (r"Rust at ways.rs:\d+: abort", ""),
    "stack": (r"abort in the handler of SIGSEGV: stack overflow: %s is below the stack's limit, \d+ KiB: .*recursion.* "
              "calls itself" % HEX, ""),
    "null": (None, "read of 0x10: perhaps " + FIELD),
}

GO = {
    "nil": (r"Go: panic at ways.go:\d+: a nil or wild pointer", ""),
    "index": (r"Go: panic at ways.go:\d+: index out of range", ""),
    "divide": (r"Go: panic at ways.go:\d+: division by zero", ""),
    "map": (r"Go: panic at ways.go:\d+: assignment to a nil map", ""),
    "panic": (r"Go: panic at ways.go:\d+", ""),
    "deadlock": ("Go: fatal error: all goroutines are asleep", ""),
    "stack": (r"Go: fatal error( at ways.go:\d+)?: a stack over the limit", ""),
}


class Reasons(Crashes):
    def __enter__(self):
        super().__enter__()
        self.handler_path = self.p + "/take"
        with open(self.handler_path, "w") as f:
            # A file that the kernel writes itself is under the limits of the process.
            f.write("#!/bin/sh\nexec cat >%s/core.$1\n" % self.p)
        os.chmod(self.handler_path, 0o755)
        self.counts = collections.Counter()
        return self

    def core_of(self, argv, qemu):
        if qemu:
            self.die(argv)
            found = glob.glob(self.p + "/qemu_*.core")
        else:
            self.set("kernel/core_pattern", "|%s %%p" % self.handler_path)
            self.die(argv)
            found = glob.glob(self.p + "/core.*")
        if len(found) != 1:
            raise SystemExit("%s: %d cores of %s" % (self.name, len(found), " ".join(argv)))
        return found[0]

    def said(self, core, executable):
        done = subprocess.run(["core-trace", "-r", *(["-e", executable] if executable else []), core],
                              capture_output=True, text=True, errors="replace")
        return next((line[7:] for line in done.stdout.split("\n") if line.startswith("reason=")), "")

    def way(self, group, name, argv, expected, qemu=None):
        core = self.core_of(argv, qemu)
        said = self.said(core, qemu)
        for path in glob.glob(self.p + "/qemu_*.core") + glob.glob(self.p + "/core.*"):
            os.unlink(path)
        sure, maybe = expected
        if "perhaps" in said:
            verdict = "perhaps" if maybe and re.fullmatch(maybe, said) else "wrong"
        else:
            verdict = "right" if sure and re.fullmatch(sure, said) else "wrong"
        self.counts[verdict] += 1
        self.counts[group, verdict] += 1
        self.row(verdict != "wrong", group, name, said.replace("|", "\\|") or "nothing", verdict)

    def group(self, title, make, words):
        try:
            argv, ways, qemu = make(self)
        except Skip as why:
            self.skipped(title, why)
            return
        for name, expected in ways.items():
            if not words or any(word in title + " " + name for word in words):
                self.way(title, name, [*argv, name], expected, qemu)

    def built(self, name, *argv):
        path = self.p + "/" + name
        if not os.path.exists(path) and subprocess.run([*argv, "-o", path], capture_output=True).returncode:
            raise Skip("%s cannot make it" % os.path.basename(argv[0]))
        return path

    def all(self, words):
        self.table("Why programs died: what `core-trace` says", "language", "way", "it says", "verdict")
        for title, make in GROUPS.items():
            self.group(title, make, words)
        print("\n%d ways: %d right, %d perhaps, %d wrong" % (
            sum(self.counts[v] for v in ("right", "perhaps", "wrong")),
            self.counts["right"], self.counts["perhaps"], self.counts["wrong"]))


def c(name, ways, compiler, *options, qemu=None, lib=("-lm",)):
    def make(r):
        path = r.built(name, have(compiler), "-g", "-w", "-pthread", *options, HERE + "/ways.c", *lib)
        if qemu:
            return [have(qemu), path], ways, path
        return [path], ways, None
    return make


def rust(r):
    rustc = shutil.which("rustc") or os.path.expanduser("~/.cargo/bin/rustc")
    if not os.access(rustc, os.X_OK):
        raise Skip("rustc is not installed")
    return [r.built("rust", rustc, "-g", "-C", "panic=abort", HERE + "/ways.rs")], RUST, None


def go(r):
    os.environ.update(GOTRACEBACK="crash", GOCACHE=r.p + "/gocache")
    path = r.p + "/go"
    if subprocess.run([have("go"), "build", "-o", path, HERE + "/ways.go"], capture_output=True).returncode:
        raise Skip("go cannot make it")
    return [path], GO, None


def python(r):
    include = subprocess.run([have("python3-config"), "--includes"], capture_output=True, text=True, check=True).stdout
    r.built("ways.so", CC, "-g", "-shared", "-fPIC", *include.split(), HERE + "/module.c")
    code = "import sys; sys.path.insert(0, %r); import ways; ways.crash()" % r.p
    return ["python3", "-c", code], {"extension": ("write to 0x14: " + FIELD, "")}, None


def java(r):
    library = r.built("libways.so", CC, "-g", "-shared", "-fPIC", HERE + "/native.c")
    have("java")
    if subprocess.run([have("javac"), "-d", r.p, HERE + "/Ways.java"], capture_output=True).returncode:
        raise Skip("javac cannot make it")
    return ["java", "-cp", r.p, "Ways", library], {
        "null": ("abort in the handler of SIGSEGV: write to 0x18: " + FIELD, ""),
        "abort": (r"abort in Java_Ways_crash\(\) at native.c:\d+", ""),
    }, None


GROUPS = {
    "C": c("c", C, CC),
    "C, optimized": c("optimized", {k: v for k, v in C.items() if k not in ("smashed_heap", "cpu_limit")}, CC, "-O2"),
    "C, static": c("static", {k: v for k, v in C.items() if k != "cpu_limit"}, CC, "-static"),
    "C, clang": c("clang", {k: v for k, v in C.items() if k not in ("smashed_stack", "cpu_limit")}, "clang"),
    "C, musl": c("musl", MUSL, "musl-gcc"),
    "C, musl, static": c("musl-static", MUSL, "musl-gcc", "-static"),
    "C, aarch64": c("aarch64", QEMU, "aarch64-linux-gnu-gcc", "-static", qemu="qemu-aarch64"),
    "C, arm": c("arm", dict(QEMU, divide=C["divide"]), "arm-linux-gnueabihf-gcc", "-marm", "-static", qemu="qemu-arm"),
    "C, arm, Thumb": c("thumb", dict(QEMU, divide=C["divide"]), "arm-linux-gnueabihf-gcc", "-static", qemu="qemu-arm"),
    "C++": lambda r: ([r.built("cc", have("c++"), "-g", "-pthread", HERE + "/ways.cc")], CPLUSPLUS, None),
    "Rust": rust,
    "Go": go,
    "Python": python,
    "Java": java,
}


def main():
    if len(sys.argv) < 2:
        print("usage: reasons.py BUILD [WORD ...]", file=sys.stderr)
        return 2
    with Reasons(sys.argv[1]) as r:
        r.all(sys.argv[2:])
    return r.failed


if __name__ == "__main__":
    sys.exit(main())
