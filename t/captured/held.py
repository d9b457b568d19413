"""The kernel's handler for captured.py: captures the core of a held process beside the kernel's own, and compares them.

held.py DIRECTORY PID [PIDFD], with the kernel's core on standard input.  DIRECTORY/order says what to do, and
DIRECTORY/result what came of it.  core_pipe_limit must not be 0: then the process is held until this ends.
"""
import fcntl
import json
import mmap
import os
import select
import struct
import subprocess
import sys
import termios
import threading
import time
import traceback

PT_LOAD, PT_NOTE, PN_XNUM = 1, 4, 0xffff
CHUNK, MB = 65536, 1 << 20
ZEROS = bytes(MB)
# How many chunks are given one by one before the program counts as one that reads all.
ONE_BY_ONE = 16


class Head:
    """The headers of a core, and its notes: what stands before the memory of the first segment."""

    def __init__(self, read):
        """read(n) reads exactly n bytes more."""
        data = read(64)
        if data[:4] != b"\x7fELF" or data[4] not in (1, 2):
            raise ValueError("not an ELF file: %r" % data[:16])
        self.is64 = data[4] == 2
        self.phoff = struct.unpack_from("<Q" if self.is64 else "<I", data, 32 if self.is64 else 28)[0]
        self.phentsize, phnum = struct.unpack_from("<HH", data, 54 if self.is64 else 42)
        size = 56 if self.is64 else 32
        if self.phoff > 4096 or self.phentsize != size:
            raise ValueError("program headers at %d, of %d bytes" % (self.phoff, self.phentsize))
        data += read(max(0, self.phoff + size - len(data)))
        if phnum == PN_XNUM:
            # The count stands in a section header at the end of the file.  The notes follow the headers.
            kind, _, offset, *_ = self.header(data, 0)
            if kind != PT_NOTE:
                raise ValueError("no notes first")
            phnum = (offset - self.phoff) // size
        self.extended = struct.unpack_from("<H", data, 56 if self.is64 else 44)[0] == PN_XNUM
        data += read(max(0, self.phoff + phnum * size - len(data)))
        self.headers = [self.header(data, i) for i in range(phnum)]
        self.loads = [h for h in self.headers if h[0] == PT_LOAD]
        memory = [h[2] for h in self.loads if h[4]]
        self.memory = min(memory) if memory else max(h[2] + h[4] for h in self.headers)
        # The section header for PN_XNUM.
        self.size = max(h[2] + h[4] for h in self.headers) + ((64 if self.is64 else 40) if self.extended else 0)
        self.data = data + read(max(0, self.memory - len(data)))

    def header(self, data, i):
        """Kind, flags, offset, address, bytes in the file, bytes in memory."""
        at = self.phoff + i * self.phentsize
        if self.is64:
            kind, flags, offset, address, _, filesz, memsz, _ = struct.unpack_from("<IIQQQQQQ", data, at)
        else:
            kind, offset, address, _, filesz, memsz, flags, _ = struct.unpack_from("<IIIIIIII", data, at)
        return kind, flags, offset, address, filesz, memsz

    def at(self, offset):
        """The segment that has this offset, or None."""
        return next((h for h in self.loads if h[2] <= offset < h[2] + h[4]), None)


class Sparse:
    """A file that is written in order; zeros become holes."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self.size = 0

    def write(self, data):
        if data != (ZEROS if len(data) == MB else ZEROS[:len(data)]):
            os.pwrite(self.fd, data, self.size)
        self.size += len(data)

    def end(self):
        os.ftruncate(self.fd, self.size)

    def copy(self, fd, each=lambda: None):
        while data := os.read(fd, MB):
            self.write(data)
            each()
        self.end()


class Stream:
    """The kernel's core as it is read: every byte also goes to a file."""

    def __init__(self, fd, path):
        self.fd, self.file = fd, Sparse(path)

    def read(self, n):
        data = os.read(self.fd, n)
        self.file.write(data)
        return data

    def exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.read(n - len(data))
            if not more:
                raise ValueError("the kernel's core ends after %d bytes" % self.file.size)
            data += more
        return data

    def rest(self):
        try:
            fcntl.fcntl(self.fd, fcntl.F_SETPIPE_SZ, MB)
        except OSError:
            pass
        self.file.copy(self.fd)


def unread(fd):
    data = bytearray(4)
    fcntl.ioctl(fd, termios.FIONREAD, data)
    return struct.unpack("i", data)[0]


class Capture:
    """The program under test at work; its output goes to a file."""

    def __init__(self, argv, stdin, path, pidfd, patience):
        # It hangs once neither input nor output has moved for so many seconds, however slow a busy machine makes it.
        self.patience, self.moved = patience, time.monotonic()
        pass_fds = [pidfd] if pidfd is not None else []
        self.p = subprocess.Popen(argv, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=pass_fds,
                                  env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"})
        self.file = Sparse(path)
        self.said = b""
        self.threads = [threading.Thread(target=t) for t in (self.take, self.hear)]
        for t in self.threads:
            t.start()

    def take(self):
        fcntl.fcntl(self.p.stdout.fileno(), fcntl.F_SETPIPE_SZ, MB)
        self.file.copy(self.p.stdout.fileno(), self.move)

    def move(self):
        self.moved = time.monotonic()

    def hangs(self):
        return time.monotonic() - self.moved > self.patience

    def hear(self):
        self.said = self.p.stderr.read()

    def stuck(self):
        """Where its threads wait in the kernel: the innermost functions."""
        said = []
        for tid in os.listdir("/proc/%d/task" % self.p.pid):
            try:
                with open("/proc/%d/task/%s/stack" % (self.p.pid, tid)) as f:
                    stack = [line.split()[1].split("+")[0] for line in f if len(line.split()) > 1]
            except OSError:
                continue
            said.append("thread %s in the kernel: %s" % (tid, " < ".join(stack[:10])))
        return said

    def end(self):
        """What is said of it when it has ended, or was killed because it hangs."""
        result = {"stuck": []}
        while self.p.poll() is None:
            try:
                self.p.wait(0.5)
            except subprocess.TimeoutExpired:
                if self.hangs():
                    result["stuck"] = self.stuck()
                    self.p.kill()
                    self.p.wait()
        for t in self.threads:
            t.join()
        result.update(status=self.p.returncode, said=self.said.decode(errors="replace").strip(),
                      bytes=self.file.size)
        return result


def feed(capture, reader, writer, head, more):
    """Gives the program the head, and then chunk after chunk, each once it has taken the one before.  Returns how many
    bytes it has taken."""
    ended = os.pidfd_open(capture.p.pid)
    os.set_blocking(writer, False)
    pending, given, chunks = memoryview(head), 0, 0
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    poll.register(writer, select.POLLOUT)
    while not capture.hangs():
        events = dict(poll.poll(1000))
        if ended in events:
            break
        if not pending and writer is not None and (chunks > ONE_BY_ONE or unread(reader) == 0):
            data = more(CHUNK)
            chunks += 1
            if not data:
                poll.unregister(writer)
                os.close(writer)
                writer = None
            pending = memoryview(data)
        if pending and writer in events:
            try:
                n = os.write(writer, pending)
            except BlockingIOError:
                n = 0
            if n > 0:
                capture.move()
            given += n
            pending = pending[n:]
        elif not pending:
            time.sleep(0.0005)
    if writer is not None:
        os.close(writer)
    os.close(ended)
    return given - unread(reader)


def maps_of(pid, name):
    """The lines of a file such as maps; that of the first thread is empty once it has ended."""
    for tid in os.listdir("/proc/%d/task" % pid):
        try:
            with open("/proc/%d/task/%s/%s" % (pid, tid, name)) as f:
                if lines := f.read().splitlines():
                    return lines
        except OSError:
            continue
    return []


def mapping(pid, address):
    """The line of maps, and the flags in smaps."""
    here = None
    for line in maps_of(pid, "smaps"):
        words = line.split()
        if "-" in words[0] and not words[0].endswith(":"):
            low, high = (int(n, 16) for n in words[0].split("-"))
            here = " ".join(words) if low <= address < high else None
        elif here and words[0] == "VmFlags:":
            return "%s [%s]" % (here, " ".join(words[1:]))
    return "no mapping"


def differences(kernel, captured, head, pid):
    """What is different: of the sizes, of bytes; pages that differ are counted by segment."""
    said = []
    sizes = kernel.size, captured.size
    if sizes[0] != sizes[1]:
        said.append("%d bytes for %d" % (sizes[1], sizes[0]))
    end, pages = min(sizes), {}
    first = None
    if end:
        a, b = (mmap.mmap(file.fd, end, prot=mmap.PROT_READ) for file in (kernel, captured))
        for at in range(0, end, MB):
            if a[at:at + MB] == b[at:at + MB]:
                continue
            for page in range(at, min(at + MB, end), 4096):
                x, y = a[page:page + 4096], b[page:page + 4096]
                if x == y:
                    continue
                offset = page + next(i for i in range(len(x)) if x[i] != y[i])
                segment = head.at(offset)
                first = offset if first is None else first
                # Which of the two has zeros there says most.
                sort = "zeros by the kernel" if not any(x) else "zeros captured" if not any(y) else "other bytes"
                key = segment, sort
                pages.setdefault(key, [offset, 0])[1] += 1
    if first is not None:
        said.append("first at %#x" % first)
    for (segment, sort), (offset, count) in list(pages.items())[:20]:
        if segment is None:
            said.append("outside of all segments: %d pages from %#x: %s" % (count, offset, sort))
        else:
            flags = "".join(c if segment[1] & bit else "-" for c, bit in (("r", 4), ("w", 2), ("x", 1)))
            address = segment[3] + offset - segment[2]
            said.append("segment %#x %s: %d of %d pages, from %#x: %s: %s" % (
                segment[3], flags, count, -(-segment[4] // 4096), address, sort, mapping(pid, address)))
    if len(pages) > 20:
        said.append("and %d segments more" % (len(pages) - 20))
    return said


def held(directory, pid, pidfd):
    with open(directory + "/order") as f:
        order = json.load(f)
    argv = [word.replace("%PID", str(pid)).replace("%FD", str(pidfd)) for word in order["argv"]]
    captured = directory + "/captured.core"
    if order["way"] == "direct":
        capture = Capture(argv, 0, captured, pidfd, order["patience"])
        # Only the program itself holds the process now.
        os.close(0)
        os.open("/dev/null", os.O_RDONLY)
        return capture.end()
    stream = Stream(0, directory + "/kernel.core")
    head = Head(stream.exactly)
    if order["way"] == "kernel first":
        stream.rest()
        source = os.open(directory + "/kernel.core", os.O_RDONLY)
        os.lseek(source, len(head.data), os.SEEK_SET)
        more = lambda n: os.read(source, n)  # noqa: E731
    else:
        more = stream.read
    reader, writer = os.pipe()
    capture = Capture(argv, reader, captured, pidfd, order["patience"])
    taken = feed(capture, reader, writer, head.data, more)
    result = capture.end()
    os.close(reader)
    stream.rest()
    result.update(taken=taken, head=len(head.data), segments=len(head.loads), size=stream.file.size,
                  differences=differences(stream.file, capture.file, head, pid))
    if head.size != stream.file.size:
        result["differences"].append("the kernel's own is cut: %d of %d bytes" % (stream.file.size, head.size))
    return result


def name_of(pid):
    try:
        with open("/proc/%d/comm" % pid) as f:
            return f.read()
    except OSError:
        return ""


def main():
    directory, pid = sys.argv[1], int(sys.argv[2])
    # Kernels before 6.16 know no %F.
    pidfd = int(sys.argv[3]) if sys.argv[3:] and sys.argv[3] else None
    # Other programs crash, too.
    if not name_of(pid).startswith("kinds"):
        return
    try:
        result = held(directory, pid, pidfd)
    except Exception:
        result = {"failed": traceback.format_exc()}
    with open(directory + "/result.new", "w") as f:
        json.dump(result, f)
    os.rename(directory + "/result.new", directory + "/result")


if __name__ == "__main__":
    main()
