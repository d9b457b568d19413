#!/usr/bin/env python3
"""Writes a core of 64 bits, low byte first, again, notes before memory, with one thing lost or wrong.

usage: lesser_core.py HOW FULL OUT

nothing   as it is
heap      without the middle of the largest memory that no stack pointer is in
stack     without the stack of the last thread that has registers
module    without the first page of each mapped ELF file
zeros     as heap, but as memory that a file has no bytes of, which gdb reads as zeros
byte      with one byte of the last stack changed
register  with one register of the last thread changed
note      without the last note
"""
import struct
import sys

from cores import LEFT_OUT, NT_PRSTATUS, PAGE, PT_LOAD, PT_NOTE, Read, cut, ehdr, note, phdr, sizes

# In the note: the general registers, the stack pointer among them.
REGISTERS, STACK_POINTER = 112, 112 + 19 * 8


def main():
    how, full, out = sys.argv[1:]
    core = Read(full)
    notes = [list(n) for n in core.notes]
    threads = [n for n in notes if n[:2] == ["CORE", NT_PRSTATUS]]
    pointers = [struct.unpack_from("<Q", n[2], STACK_POINTER)[0] for n in threads]
    last = next((a, n) for a, _, n in core.loads if a <= pointers[-1] < a + n)
    memory = [(a, n) for a, _, n in core.loads]
    lost, changed = [], None
    if how in ("heap", "zeros"):
        # The ends stay: what a thread has of its own is mapped close to a large piece of heap, and becomes one with it.
        a, n = max((r for r in memory if not any(r[0] <= p < r[0] + r[1] for p in pointers)), key=lambda r: r[1])
        lost = [(a + n // 4 // PAGE * PAGE, n // 2 // PAGE * PAGE)]
    elif how == "stack":
        lost = [last]
    elif how == "module":
        lost = [(a, min(n, PAGE)) for a, o, n in core.loads if core.bytes[o:o + 4] == b"\x7fELF"]
    elif how == "byte":
        changed = pointers[-1]
    elif how == "register":
        desc = bytearray(threads[-1][2])
        desc[REGISTERS] ^= 1
        threads[-1][2] = bytes(desc)
    elif how == "note":
        notes.pop()
    elif how != "nothing":
        raise SystemExit("lesser_core: %s: no such way" % how)

    notes = b"".join(note(kind, desc, owner.encode()) for owner, kind, desc in notes)
    parts = [(a, n, True) for a, n in cut(memory, lost)] + [(a, n, False) for a, n in lost]
    # Mapped files that the core had no bytes of keep their headers.
    parts += [(a, n, None) for kind, _, a, filesz, n in core.headers if kind == PT_LOAD and filesz == 0]
    parts.sort()
    at = sum(sizes(True, len(parts) + 1))
    machine, = core.get("H", 18)
    headers = ehdr(True, machine, len(parts) + 1) + phdr(True, PT_NOTE, 0, at, 0, len(notes), 0, 4)
    at += len(notes)
    with open(out, "wb") as f:
        flags = 0
        for a, n, kept in parts:
            flags = core.flags.get(a, flags)
            kind = LEFT_OUT if kept is False and how != "zeros" else PT_LOAD
            headers += phdr(True, kind, flags, at, a, n if kept else 0, n, 1)
            at += n if kept else 0
        f.write(headers + notes)
        for a, n, kept in parts:
            if kept:
                start, offset, _ = next(load for load in core.loads if load[0] <= a < load[0] + load[2])
                offset += a - start
                b = bytearray(core.bytes[offset:offset + n])
                if changed is not None and a <= changed < a + n:
                    b[changed - a] ^= 1
                f.write(b)


if __name__ == "__main__":
    main()
