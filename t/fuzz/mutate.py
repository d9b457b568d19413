"""Changes bytes so that a parser is led astray: at random, and where an ELF file, a note or an archive keeps numbers.

A mutation follows from its random generator alone.
"""

import struct

EHDR = {64: [(16, 2), (18, 2), (24, 8), (32, 8), (40, 8), (52, 2), (54, 2), (56, 2), (58, 2), (60, 2), (62, 2)],
        32: [(16, 2), (18, 2), (24, 4), (28, 4), (32, 4), (40, 2), (42, 2), (44, 2), (46, 2), (48, 2), (50, 2)]}
PHDR = {64: [(0, 4), (4, 4), (8, 8), (16, 8), (24, 8), (32, 8), (40, 8), (48, 8)],
        32: [(0, 4), (4, 4), (8, 4), (12, 4), (16, 4), (20, 4), (24, 4), (28, 4)]}
SHDR = {64: [(0, 4), (4, 4), (8, 8), (16, 8), (24, 8), (32, 8), (40, 4), (44, 4), (48, 8), (56, 8)],
        32: [(0, 4), (4, 4), (8, 4), (12, 4), (16, 4), (20, 4), (24, 4), (28, 4), (32, 4), (36, 4)]}
MOST_ENTRIES, MOST_NOTES = 200, 64
PT_NOTE, PT_LOAD = 4, 1
EDGES = [0, 1, 2, 3, 4, 7, 8, 12, 16, 63, 64, 0x7f, 0xff, 0xfff, 0x1000, 0x7fff, 0x8000, 0xfff1, 0xfffe, 0xffff,
         0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 1 << 40, 1 << 47, (1 << 63) - 1, 1 << 63]


def fields(b):
    """Where the numbers are: [(offset, bytes, byte order)]."""
    if b[:8] == b"!<arch>\n" or b[:8] == b"!<thin>\n":
        return members(b)
    if b[:3] == b"\x1f\x8b\x08":
        return gzip_members(b)
    if b[:4] != b"\x7fELF" or len(b) < 64:
        return []
    bits, order = 64 if b[4] == 2 else 32, ">" if b[5] == 2 else "<"
    word = order + ("Q" if bits == 64 else "I")
    found = [(at, n, order) for at, n in EHDR[bits]]
    tables = ((32, 54, 56, PHDR), (40, 58, 60, SHDR)) if bits == 64 else ((28, 42, 44, PHDR), (32, 46, 48, SHDR))
    for where, size, count, table in tables:
        start, = struct.unpack_from(word, b, where)
        size, = struct.unpack_from(order + "H", b, size)
        count, = struct.unpack_from(order + "H", b, count)
        for i in range(min(count, MOST_ENTRIES)):
            entry = start + i * size
            if entry + size > len(b):
                break
            found += [(entry + at, n, order) for at, n in table[bits]]
            if table is PHDR and struct.unpack_from(order + "I", b, entry)[0] == PT_NOTE:
                offset, = struct.unpack_from(word, b, entry + (8 if bits == 64 else 4))
                length, = struct.unpack_from(word, b, entry + (32 if bits == 64 else 16))
                found += notes(b, offset, min(offset + length, len(b)), order, bits // 8)
    return found


def notes(b, at, end, order, word):
    found = []
    for _ in range(MOST_NOTES):
        if at + 12 > end:
            break
        name, desc, kind = struct.unpack_from(order + "III", b, at)
        found += [(at, 4, order), (at + 4, 4, order), (at + 8, 4, order)]
        data = at + 12 + (name + 3) // 4 * 4
        # A few of the words in it: registers, counts, addresses.
        found += [(p, word, order) for p in range(data, min(data + desc, end) - word + 1, word)][:60]
        at = data + (desc + 3) // 4 * 4
    return found


def members(b):
    """The headers of an archive's members are text of 60 bytes: their names and sizes, as text."""
    found, at = [], 8
    while at + 60 <= len(b) and len(found) < 400:
        found += [(at, 16, "text"), (at + 48, 10, "text")]
        try:
            size = int(b[at + 48:at + 58])
        except ValueError:
            break
        at += 60 + size + size % 2
    return found


def gzip_members(b):
    """RFC 1952 2.3: flags and what follows the header, extra field first; the CRC and size before the next member."""
    found, at = [(len(b) - 8, 4, "<"), (len(b) - 4, 4, "<")], 0
    while at >= 0 and len(found) < 400:
        found += [(at + 3, 1, "<"), (at + 10, 2, "<"), (at + 12, 2, "<"), (at + 14, 2, "<"), (at + 16, 4, "<")]
        found += [(at - 8, 4, "<"), (at - 4, 4, "<")] if at > 8 else []
        at = b.find(b"\x1f\x8b\x08", at + 3)
    return [f for f in found if 0 <= f[0] <= len(b) - f[1]]


def put(b, at, n, order, value):
    if order == "text":
        b[at:at + n] = str(value).encode()[:n].ljust(n)
    else:
        b[at:at + n] = (value % (1 << 8 * n)).to_bytes(n, "big" if order == ">" else "little")


def get(b, at, n, order):
    return 0 if order == "text" else int.from_bytes(b[at:at + n], "big" if order == ">" else "little")


def lie(r, b, where):
    """A number that leads elsewhere: an edge, near the file's end, another's value, or a little more or less."""
    at, n, order = r.choice(where)
    if order == "text" and r.random() < .5:
        text = r.choice([b"#1/%d" % r.choice([0, 1, 20, 60, 1 << 20]), b"/%d" % r.choice([0, 1, 5, 1 << 31]), b"/",
                         b"//", b"/SYM64/", b"__.SYMDEF", b"../../x/"])
        b[at:at + n] = text[:n].ljust(n)
        return
    now = get(b, at, n, order)
    value = r.choice([
        lambda: r.choice(EDGES),
        lambda: -r.choice(EDGES[:20]),
        lambda: len(b) + r.choice([-64, -8, -4, -1, 0, 1, 8, 4096]),
        lambda: get(b, *r.choice(where)),
        lambda: now + r.choice([-4096, -8, -4, -1, 1, 4, 8, 4096]),
        lambda: now ^ 1 << r.randrange(8 * n),
        lambda: r.getrandbits(8 * n)])()
    put(b, at, n, order, value)


def flip(r, b, _):
    b[r.randrange(len(b))] ^= 1 << r.randrange(8)


def byte(r, b, _):
    # Headers are at the start.
    b[r.randrange(min(len(b), r.choice([64, 1024, len(b)])))] = r.choice([0, 1, 0x7f, 0x80, 0xff, r.randrange(256)])


def number(r, b, _):
    n = r.choice([2, 4, 8])
    if len(b) >= n:
        put(b, r.randrange(len(b) - n + 1), n, r.choice("<>"), r.choice(EDGES))


def cut(r, b, _):
    del b[r.randrange(len(b)):]


def behind(r, b, _):
    n = r.choice([1, 7, 60, 4096, 70000, 300000])
    b += r.choice([lambda: bytes(n), lambda: r.randbytes(n), lambda: bytes(b[:n])])()


def lose(r, b, _):
    at = r.randrange(len(b))
    del b[at:at + r.choice([1, 4, 12, 60, 512, 4096])]


def insert(r, b, _):
    at = r.randrange(len(b) + 1)
    b[at:at] = r.choice([bytes, r.randbytes])(r.choice([1, 4, 60, 4096]))


def copy(r, b, _):
    n = r.choice([4, 16, 56, 64, 512, 4096])
    at, to = r.randrange(len(b)), r.randrange(len(b))
    part = b[at:at + n]
    b[to:to + len(part)] = part


def wipe(r, b, _):
    at, n = r.randrange(len(b)), r.choice([8, 64, 4096])
    b[at:at + n] = bytes([r.choice([0, 0xff])]) * len(b[at:at + n])


WAYS = [flip] * 3 + [byte] * 3 + [number] * 2 + [cut, behind, lose, insert, copy, copy, wipe]


def mutate(r, seed, where):
    """Another of the seed; where: its fields."""
    b = bytearray(seed)
    for _ in range(r.choice([1, 1, 1, 2, 2, 3, 5, 8, 20])):
        if not b:
            break
        if where and r.random() < .6:
            lie(r, b, [w for w in (r.choice(where) for _ in range(8)) if w[0] + w[1] <= len(b)] or [(0, 1, "<")])
        else:
            r.choice(WAYS)(r, b, where)
    return bytes(b)
