"""Hard DEFLATE streams, sound and not, as gzip files whose CRC-32 and size are what the codes say.

usage: hard.py DIR [sized]

Writes DIR/NAME.gz, with a size field if sized, and prints a line for each: NAME, then "sound" or
"not" as zlib judges.  DIR/NAME is what zlib decodes, DIR/NAME.meant what the codes mean.
"""

import struct
import sys
import zlib

ORDER = 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15


class Bits:
    def __init__(self):
        self.all = []

    def put(self, value, n):
        self.all += [value >> i & 1 for i in range(n)]

    def code(self, value, n):
        self.all += [value >> i & 1 for i in reversed(range(n))]

    def align(self):
        self.all += [0] * (-len(self.all) % 8)

    def bytes(self):
        self.align()
        return bytes(sum(b << i for i, b in enumerate(self.all[at:at + 8])) for at in range(0, len(self.all), 8))


def codes(lengths):
    """RFC 1951 section 3.2.2: the code of each symbol that has a length."""
    at, out = 0, {}
    for n in range(1, 16):
        at <<= 1
        for symbol, length in enumerate(lengths):
            if length == n:
                out[symbol] = at, n
                at += 1
    return out


def lengths(size, some):
    return [some.get(i, 0) for i in range(size)]


def head(b, last, lit, dist, hlit=None, hdist=None, plain=()):
    """A dynamic block's header, its code lengths by a code of 4 bits for 0 to 15, or as plain says."""
    b.put(last, 1)
    b.put(2, 2)
    b.put(len(lit) - 257 if hlit is None else hlit, 5)
    b.put(len(dist) - 1 if hdist is None else hdist, 5)
    b.put(15, 4)
    pre = dict(plain) or {i: 4 for i in range(16)}
    for symbol in ORDER:
        b.put(pre.get(symbol, 0), 3)
    table = codes(lengths(19, pre))
    for n in list(lit) + list(dist):
        if n in table:
            b.code(*table[n])
    return table


def dynamic(lit, dist, symbols, **more):
    """One block; symbols are literals, or (length symbol, extra, n, distance symbol, extra, n)."""
    b = Bits()
    head(b, 1, lit, dist, **more)
    put(b, codes(lit), codes(dist), symbols)
    return b.bytes()


def put(b, lit, dist, symbols):
    for s in symbols:
        if isinstance(s, int):
            b.code(*lit[s])
        else:
            b.code(*lit[s[0]])
            b.put(s[1], s[2])
            b.code(*dist[s[3]])
            b.put(s[4], s[5])


FIXED = [8] * 144 + [9] * 112 + [7] * 24 + [8] * 8


def fixed(symbols):
    b = Bits()
    b.put(1, 1)
    b.put(1, 2)
    put(b, codes(FIXED), codes([5] * 32), symbols)
    return b.bytes()


def stored(data, last=1, flip=0xffff):
    return bytes([last]) + struct.pack("<HH", len(data), len(data) ^ flip) + data


def cases():
    lit = lengths(257, {97: 1, 98: 2, 256: 2})
    match = lengths(258, {97: 1, 256: 2, 257: 2})
    a, ab = 97, [97, 98, 97, 256]
    yield "plain", dynamic(lit, [0], ab), b"aba"
    yield "one-distance", dynamic(match, [1], [a, (257, 0, 0, 0, 0, 0), 256]), b"aaaa"
    yield "literals-too-many", dynamic(lengths(257, {97: 1, 98: 1, 256: 1}), [0], [a, 98]), b"a"
    yield "literals-incomplete", dynamic(lengths(257, {97: 2, 98: 2, 256: 2}), [0], ab), b"aba"
    yield "one-literal-only", dynamic(lengths(257, {256: 1}), [0], [256]), b""
    yield "one-long-literal", dynamic(lengths(257, {256: 2}), [0], [256]), b""
    yield "distances-too-many", dynamic(match, [1, 1, 1], [a, 256]), b"a"
    yield "distances-incomplete", dynamic(match, [2, 2], [a, (257, 0, 0, 1, 0, 0), 256]), b"a"
    yield "one-long-distance", dynamic(match, [2], [a, (257, 0, 0, 0, 0, 0), 256]), b"aaaa"
    yield "distance-unused-code", dynamic(match, [1], [a, 256]), b"a"
    yield "no-end", dynamic(lengths(257, {97: 1, 98: 1}), [0], [97, 98]), b"ab"
    yield "end-only-long", dynamic(lengths(257, {97: 1, 256: 15}), [0], [97, 256]), b"a"
    yield "no-codes", dynamic(lit, [0], [], plain={18: 0, 0: 0}), b""
    yield "code-codes-too-many", dynamic(lit, [0], ab, plain={0: 1, 1: 1, 2: 1}), b"aba"
    yield "code-codes-incomplete", dynamic(lit, [0], ab, plain={0: 2, 1: 2, 2: 2}), b"aba"
    yield "one-code-code", dynamic([0] * 257, [0], [], plain={0: 1}), b""
    yield "repeat-first", dynamic([16] + [0] * 256, [0], [], plain={0: 1, 16: 1}), b""
    yield "literals-287", dynamic(lit + [0] * 30, [0], ab, hlit=30), b"aba"
    yield "distances-31", dynamic(match, [1] + [0] * 30, [a, (257, 0, 0, 0, 0, 0), 256]), b"aaaa"
    yield "distances-30", dynamic(match, [1] + [0] * 29, [a, (257, 0, 0, 0, 0, 0), 256]), b"aaaa"
    yield "literals-286", dynamic(lit + [0] * 29, [0], ab), b"aba"
    yield "fixed-empty", fixed([256]), b""
    yield "fixed-literal-286", fixed([a, (286, 0, 0, 0, 0, 0), 256]), b"a"
    yield "fixed-distance-30", fixed([a, (257, 0, 0, 30, 0, 13), 256]), b"a"
    yield "before-the-start", fixed([a, (257, 0, 0, 1, 0, 0), 256]), b"a"
    yield "longest", fixed([a, (285, 0, 0, 0, 0, 0), 256]), b"a" * 259
    yield "longest-by-284", fixed([a, (284, 31, 5, 0, 0, 0), 256]), b"a" * 259
    text = bytes(i * 7 % 251 for i in range(32768))
    far = Bits()
    far.put(1, 1)
    far.put(1, 2)
    put(far, codes(FIXED), codes([5] * 32), [(257, 0, 0, 29, 8191, 13), 256])
    yield "farthest", stored(text, 0) + far.bytes(), text + text[:3]
    yield "too-far", stored(text[1:], 0) + far.bytes(), text[1:]
    yield "window-slides", stored(text, 0) + stored(text[:100], 0) + far.bytes(), \
        text + text[:100] + text[100:103]
    yield "stored-empty", stored(b"", 0) * 70 + stored(b"x", 0) + stored(b""), b"x"
    yield "stored-length", stored(b"abc", 1, 0xfffe), b"abc"
    yield "block-type-3", b"\x07\x00\x00\x00", b""
    yield "nothing", b"", b""
    yield "no-last-block", stored(b"abc", 0), b"abc"


def main():
    where, sized = sys.argv[1], len(sys.argv) > 2
    for name, raw, data in cases():
        judge = zlib.decompressobj(-15)
        made, sound = b"", True
        try:
            for byte in raw:
                made += judge.decompress(bytes([byte]))
            sound = judge.eof
        except zlib.error:
            sound = False
        assert not sound or made == data and not judge.unused_data, name
        size = 10 + (10 if sized else 0) + len(raw) + 8
        out = bytes([31, 139, 8, 4 if sized else 0, 0, 0, 0, 0, 0, 255])
        if sized:
            out += struct.pack("<HccHI", 8, b"I", b"G", 4, size)
        out += raw + struct.pack("<II", zlib.crc32(data), len(data))
        with open("%s/%s.gz" % (where, name), "wb") as f:
            f.write(out)
        with open("%s/%s" % (where, name), "wb") as f:
            f.write(made)
        with open("%s/%s.meant" % (where, name), "wb") as f:
            f.write(data)
        print(name, "sound" if sound else "not")


main()
