#!/usr/bin/env python3
"""Simulates a disk that can lose its power at any moment.

usage: disk.py BYTES MOUNTPOINT COPY

MOUNTPOINT/image is the disk, all zeros at first, for a loop device.  Like a disk with a cache, it may lose any of the
writes since the last flush.  Opening MOUNTPOINT/cut makes COPY: the content of the disk if the power failed at that
moment, with all, none or some of those writes.
"""

import errno
import random
import stat
import sys

try:
    import fusepy as fuse
except ImportError:
    import fuse

SECTORS = 4096
ZEROS = bytes(SECTORS)


class Disk(fuse.Operations):
    def __init__(self, size, copy):
        self.now = bytearray(size)
        self.safe = bytearray(size)
        self.pending = []
        self.copy = copy

    def getattr(self, path, fh=None):
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o700, "st_nlink": 2}
        if path in ("/image", "/cut"):
            size = len(self.now) if path == "/image" else 0
            return {"st_mode": stat.S_IFREG | 0o600, "st_nlink": 1, "st_size": size}
        raise fuse.FuseOSError(errno.ENOENT)

    def readdir(self, path, fh):
        return [".", "..", "image", "cut"]

    def open(self, path, flags):
        if path == "/cut":
            self.cut()
        return 0

    def read(self, path, size, offset, fh):
        return bytes(self.now[offset:offset + size]) if path == "/image" else b""

    def write(self, path, data, offset, fh):
        if path != "/image" or offset + len(data) > len(self.now):
            raise fuse.FuseOSError(errno.EIO)
        self.now[offset:offset + len(data)] = data
        self.pending.append((offset, data))
        return len(data)

    def truncate(self, path, length, fh=None):
        if length != len(self.now):
            raise fuse.FuseOSError(errno.EIO)

    def fsync(self, path, datasync, fh):
        for offset, data in self.pending:
            self.safe[offset:offset + len(data)] = data
        self.pending.clear()

    def cut(self):
        disk = bytearray(self.safe)
        kept = random.choice((0, 0.2, 0.5, 0.8, 1))
        for offset, data in self.pending:
            for at in range(0, len(data), SECTORS):
                if random.random() < kept:
                    piece = data[at:at + SECTORS]
                    disk[offset + at:offset + at + len(piece)] = piece
        with open(self.copy, "wb") as f:
            for at in range(0, len(disk), SECTORS):
                piece = disk[at:at + SECTORS]
                f.seek(at)
                if piece != ZEROS:
                    f.write(piece)
            f.truncate(len(disk))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: disk.py BYTES MOUNTPOINT COPY")
    fuse.FUSE(Disk(int(sys.argv[1]), sys.argv[3]), sys.argv[2], foreground=True, nothreads=True, big_writes=True)
