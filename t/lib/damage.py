"""Damages gzip files in all the ways that disks do, and judges what zinflate says of them: damage.py COUNT [SEED]

Each file is of members that say their size.  What it holds is known, so that each claim of zinflate -k can be checked
byte by byte: its status, the ranges that it names, from where on it is in doubt, how much is missing at least.  Each
untrue one is a line; the last line is a count of files, of each status, and of the untrue.  Exits 1 if there are any.
"""
import gzip
import multiprocessing
import os
import random
import re
import subprocess
import sys
import tempfile
import zlib


def words(r, n):
    return b"".join(b"word%d " % r.randrange(900) for _ in range(n // 5 + 1))[:n]


def data(r):
    kinds = words, lambda r, n: r.randbytes(n), lambda r, n: bytes(n)
    some = r.choice(kinds)
    return b"".join((some if r.random() < 0.7 else r.choice(kinds))(r, r.randrange(1, 9000)) for _ in range(r.randrange(1, 7)))


def gzdeflate(r, bytes_in):
    chunk = r.choice((1024, 2048, 4096, 16384, 3000))
    args = ["-b", str(chunk), "-%d" % r.choice((0, 1, 6, 9)), "-T", "1"]
    if r.random() < 0.3:
        args += ["-N", "name", "-C", "a comment\nof two lines", "-m", "1000000000"]
    return subprocess.run(["gzdeflate", *args], input=bytes_in, capture_output=True, check=True).stdout


def sound(b):
    """The data, and where each member starts, of what is nothing but whole members; else None.

    Zeros behind a member that does not say its size are padding, as gzip has it."""
    out, at, starts = [], 0, []
    while at < len(b):
        if starts and not b[at:].strip(b"\0") and not b[starts[-1] + 3] & 4:
            break
        d = zlib.decompressobj(31)
        try:
            out.append(d.decompress(b[at:]) + d.flush())
        except zlib.error:
            return None
        if not d.eof:
            return None
        starts.append(at)
        at = len(b) - len(d.unused_data)
    return b"".join(out), starts


def made(r):
    """A file as it should be."""
    parts = [gzdeflate(r, data(r)) for _ in range(r.choice((1, 1, 1, 2, 3)))]
    if r.random() < 0.05:
        parts.insert(r.randrange(len(parts) + 1), gzip.compress(data(r), mtime=0))
    if r.random() < 0.05:
        parts = [subprocess.run(["gzdeflate", "-0", "-b", "4K", "-T", "1"], input=b"".join(parts) + data(r),
            capture_output=True, check=True).stdout]
    return b"".join(parts)


def fill(r, n):
    return r.choice((bytes, lambda n: b"\xff" * n, r.randbytes))(n)


def place(r, b, starts):
    """Anywhere, or about where a member starts."""
    at = r.randrange(len(b)) if r.random() < 0.5 else r.choice(starts + [len(b)]) + r.choice((0, 0, r.randrange(-40, 41)))
    return min(max(at, 0), len(b) - 1)


def length(r, b):
    return r.choice((1, 2, 8, r.randrange(1, 40), r.randrange(1, 600), r.randrange(1, max(2, len(b) // 2))))


def tail(r, b, starts):
    at = len(b) - r.randrange(1, min(len(b), 12)) if r.random() < 0.2 else place(r, b, starts)
    return b[:at] + fill(r, len(b) - at)


def cut(r, b, starts):
    return b[:place(r, b, starts)]


def cut_and_padded(r, b, starts):
    again = cut(r, b, starts) + fill(r, length(r, b))
    # Where a member ends, nothing tells that more did follow.
    return b if len(again) in starts else again


def appended(r, b, starts):
    return b + fill(r, length(r, b))


def flips(r, b, starts):
    b = bytearray(b)
    for _ in range(r.choice((1, 1, 1, 2, 4))):
        b[r.randrange(len(b))] ^= 1 << r.randrange(8)
    return bytes(b)


def overwritten(r, b, starts):
    at, n = place(r, b, starts), length(r, b)
    return (b[:at] + fill(r, n) + b[at + n:])[:len(b)]


def has_whole(starts, at, n):
    """A whole member moves or comes again unseen: members have no numbers."""
    return any(at <= i and j <= at + n for i, j in zip(starts, starts[1:]))


def swapped(r, b, starts):
    n = min(length(r, b), len(b) // 2)
    i, j = sorted((place(r, b, starts), place(r, b, starts)))
    ends = starts + [len(b)]
    if j - i < n or len(b) - j < n or has_whole(ends, i, n) or has_whole(ends, j, n):
        return b
    return b[:i] + b[j:j + n] + b[i + n:j] + b[i:i + n] + b[j + n:]


def inserted(r, b, starts):
    at, n, copy = place(r, b, starts), length(r, b), place(r, b, starts)
    again = b"" if has_whole(starts + [len(b)], copy, n) else b[copy:copy + n]
    return b[:at] + r.choice((fill(r, n), again)) + b[at:]


def removed(r, b, starts):
    at = place(r, b, starts)
    return b[:at] + b[at + length(r, b):]


def trailer(r, b, starts):
    end = r.choice(starts[1:] + [len(b)])
    other = r.choice(starts[1:] + [len(b)])
    first, last = sorted(r.sample(range(9), 2))
    new = r.choice((fill(r, 8), b[other - 8:other]))
    return b[:end - 8 + first] + new[first:last] + b[end - 8 + last:]


def size(r, b, starts):
    at = r.choice(starts) + 16
    new = r.choice((fill(r, 4), b[(other := r.choice(starts) + 16):other + 4],
        ((int.from_bytes(b[at:at + 4], "little") + r.randrange(-300, 300)) % 2**32).to_bytes(4, "little")))
    return b[:at] + new[:r.randrange(1, 5)] + b[at + 4:] if r.random() < 0.1 else b[:at] + new + b[at + 4:]


def zeros_between(r, b, starts):
    at = r.choice(starts + [len(b)])
    return b[:at] + bytes(length(r, b)) + b[at:]


def members_of_zeros(r, b, starts):
    ends = starts + [len(b)]
    i = r.randrange(len(starts))
    j = min(len(starts), i + r.choice((1, 1, 2, 3)))
    return b[:ends[i]] + bytes(ends[j] - ends[i]) + b[ends[j]:]


KINDS = (tail, tail, cut, cut_and_padded, appended, flips, overwritten, overwritten, swapped, inserted, removed, trailer,
    size, zeros_between, members_of_zeros)


def judge(b, truth):
    """What zinflate -k says of b, whose data should be truth: the status, and what is untrue of it, or None."""
    with tempfile.NamedTemporaryFile() as f:
        f.write(b)
        f.flush()
        p = subprocess.run(["zinflate", "-k", f.name], capture_output=True)
    out, err, want = p.stdout, p.stderr.decode(), bytearray(truth)
    for first, last in re.findall("data bytes ([0-9]+) to ([0-9]+) are zeros", err):
        first, last = int(first), int(last)
        # One that stands behind a doubt has no certain place.
        want[first:last + 1] = bytes(max(0, min(last + 1, len(want)) - first))
    doubts = [int(n) for n in re.findall("(?:lost|missing) from offset ([0-9]+) on", err)]
    missing = sum(int(n) for n in re.findall("at least ([0-9]+) bytes, perhaps more", err))
    if len(out) > 4 * len(truth) + 64 * len(b) + 100000:
        return p.returncode, "writes %d bytes of %d" % (len(out), len(truth))
    if p.returncode == 0:
        return 0, "other bytes" if out != truth else "words" if err else None
    if p.returncode == 1 and "left out" in err:
        return 1, None if want.startswith(out) else "other bytes before what was left out"
    if p.returncode == 1:
        return 1, "other bytes or offsets" if out != want else "doubts" if doubts else None
    if p.returncode != 2:
        return p.returncode, "no status of ours"
    if doubts and out[:doubts[0]] != want[:doubts[0]]:
        return 2, "other bytes before the first doubt"
    if doubts and missing > len(truth) - doubts[0]:
        return 2, "at least %d bytes, where %d are" % (missing, len(truth) - doubts[0])
    return 2, None if err else "no words"


def one(args):
    seed, folder = args
    r = random.Random(seed)
    b = made(r)
    truth, starts = sound(b)
    names = []
    # What may take whole members unseen comes first, while it is known which.
    for kind in sorted(r.sample(KINDS, r.choice((1, 1, 1, 2))), key=lambda k: k not in (cut, cut_and_padded, removed)):
        names.append(kind.__name__)
        b = kind(r, b, [n for n in starts if n < len(b) - 20] or [0]) or b"\0"
        if len(b) < 30:
            break
        # Damage that leaves whole members leaves another file that is sound.
        if (again := sound(b)) is not None:
            truth, starts = again
    status, untrue = judge(b, truth)
    if untrue:
        with open(os.path.join(folder, "untrue-%d.gz" % seed), "wb") as f:
            f.write(b)
        print("seed %d: %s: status %d: %s" % (seed, " and ".join(names), status, untrue), flush=True)
    return status, untrue is not None


if __name__ == "__main__":
    count, first = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with multiprocessing.Pool(2) as pool:
        seen = pool.map(one, [(first + i, os.getcwd()) for i in range(count)], 20)
    untrue = sum(u for _, u in seen)
    print("%d files: %s: %d untrue" % (len(seen), ", ".join("%d of status %d" % (sum(s == n for s, _ in seen), n)
        for n in sorted({s for s, _ in seen})), untrue))
    sys.exit(untrue > 0)
