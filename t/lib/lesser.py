#!/usr/bin/env python3
"""A file system that can less than others: without O_TMPFILE, and what else is asked for.

usage: lesser.py DIR MOUNTPOINT [no-link] [quota=BYTES]

Shows what DIR holds until it is unmounted or killed.  no-link: no hard links, and no rename that replaces
nothing, as libfuse 2 has none.  quota: no file gets larger, a write says so with EDQUOT.
"""

import errno
import os
import sys

try:
    import fusepy as fuse
except ImportError:
    import fuse

STAT = ("st_atime", "st_ctime", "st_gid", "st_mode", "st_mtime", "st_nlink", "st_size", "st_uid")
STATVFS = ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_favail", "f_ffree", "f_files", "f_flag", "f_frsize",
           "f_namemax")


class Lesser(fuse.Operations):
    def __init__(self, root, words):
        self.root = root
        self.link_allowed = "no-link" not in words
        options = dict(w.split("=", 1) for w in words if "=" in w)
        self.quota = int(options.get("quota", 1 << 62))

    def at(self, path):
        return self.root + path

    def getattr(self, path, fh=None):
        st = os.lstat(self.at(path))
        return {k: getattr(st, k) for k in STAT}

    def readdir(self, path, fh):
        return [".", "..", *os.listdir(self.at(path))]

    def statfs(self, path):
        st = os.statvfs(self.at(path))
        return {k: getattr(st, k) for k in STATVFS}

    def create(self, path, mode, fi=None):
        return os.open(self.at(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)

    def open(self, path, flags):
        return os.open(self.at(path), flags & ~os.O_NOFOLLOW)

    def read(self, path, size, offset, fh):
        return os.pread(fh, size, offset)

    def write(self, path, data, offset, fh):
        if offset + len(data) > self.quota:
            raise fuse.FuseOSError(errno.EDQUOT)
        return os.pwrite(fh, data, offset)

    def truncate(self, path, length, fh=None):
        os.truncate(self.at(path) if fh is None else fh, length)

    def fsync(self, path, datasync, fh):
        os.fsync(fh)

    def release(self, path, fh):
        os.close(fh)

    def chmod(self, path, mode):
        os.chmod(self.at(path), mode)

    def chown(self, path, uid, gid):
        os.chown(self.at(path), uid, gid)

    def mkdir(self, path, mode):
        os.mkdir(self.at(path), mode)

    def rmdir(self, path):
        os.rmdir(self.at(path))

    def unlink(self, path):
        os.unlink(self.at(path))

    def rename(self, old, new):
        os.rename(self.at(old), self.at(new))

    def link(self, target, source):
        if not self.link_allowed:
            raise fuse.FuseOSError(errno.EPERM)
        os.link(self.at(source), self.at(target))

    def symlink(self, target, source):
        os.symlink(source, self.at(target))

    def readlink(self, path):
        return os.readlink(self.at(path))

    def utimens(self, path, times=None):
        os.utime(self.at(path), times)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: lesser.py DIR MOUNTPOINT [no-link] [quota=BYTES]")
    fuse.FUSE(Lesser(os.path.abspath(sys.argv[1]), sys.argv[3:]), sys.argv[2], foreground=True, nothreads=True,
              allow_other=True)
