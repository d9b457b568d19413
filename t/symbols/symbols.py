#!/usr/bin/env python3
"""Opens the crash of a container by DEBUGINFOD_URLS alone, and prints what each client says.

usage: symbols.py BUILD

A program crashes in a root directory whose libraries are no others' (their build-ids are changed).  core-forward sends
its modules to a remote; then the directory is gone, and clients find the files by what serves the remote: an HTTP server
of static files, also where the files are a user's; an S3 server (s3rver: npm install --prefix BUILD/npm s3rver);
debuginfod, by its upstream.  Prints a Markdown table; exits 1 if a client does not show what it shows with the files.  Needs root.
"""

import glob
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from crashes import Crashes, Skip, have  # noqa: E402

PROGRAM = """
#include <stdlib.h>
static int price(const void *a, const void *b) { *(volatile int *)0x10 = 1; return a > b; }
static int total(int n) { int v[4] = { 3, 1, 2, 0 }; qsort(v, 4, sizeof(*v), price); return v[n]; }
int main(int argc, char **argv) { (void)argv; return total(argc); }
"""
SAME = "the same files"
STACK = re.compile(r"price .*\bqsort_r total main\b.*")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Symbols(Crashes):
    def stage(self):
        """Makes the root directory, crashes the program in it, and makes the directory of the dump."""
        prog = self.compile("prog", PROGRAM, compiler=("cc", "-g", "-O1", "-fno-inline", "-Wl,--build-id"))
        paths = re.findall(r"(/\S+) \(0x", self.output("ldd", prog))
        root = self.p + "/root"
        for path, to in [(prog, "/app/prog")] + [(p, p) for p in paths]:
            os.makedirs(os.path.dirname(root + to), exist_ok=True)
            with open(path, "rb") as f:
                data = f.read()
            old = bytes.fromhex(self.output("elf-uuid", "-b", path).strip())
            with open(root + to, "wb") as f:
                f.write(data.replace(old, bytes(255 - x for x in old)))
            os.chmod(root + to, 0o755)
        self.set("kernel/core_pattern", "core")
        self.die(["chroot", root, "/app/prog"])
        self.core = self.p + "/core"
        os.rename(glob.glob(root + "/core*")[0], self.core)
        os.mkdir("d")
        self.ids, lines = {}, ["uuid=", "record=1", "host=unit7", "comm=prog", "time=2026-11-25T10:20:30Z", "stored=whole"]
        for line in self.output("core-info", "-a", self.core).splitlines():
            found = re.match(r"module=(0x[0-9a-f]+)-\S+ ([0-9a-f]+) (/.*)", line)
            if found:
                at, build_id, path = found.groups()
                self.ids[path] = build_id
                os.makedirs("d/modules/buildid/" + build_id)
                shutil.copy(root + path, "d/modules/buildid/%s/executable" % build_id)
                lines.append("kept_module=%s buildid/%s" % (at, build_id))
        with open("d/one.txt", "w") as f:
            f.write("\n".join(lines + ["complete=yes", ""]))
        with open("small", "wb") as f:
            subprocess.run(["core-trim", self.core], stdout=f, check=True)
        for name, core in ("one.gz", self.core), ("one.small.gz", "small"):
            with open("d/" + name, "wb") as f:
                subprocess.run(["gzip", "-1nc", core], stdout=f, check=True)
        shutil.move(root + "/app", self.p + "/kept.app")
        self.stage_user()

    def stage_user(self):
        """Makes another directory of the dump, where the modules are files of user 1000, named by their digests."""
        os.mkdir("u")
        shutil.copy("d/one.gz", "u/one.gz")
        lines = []
        for line in self.output("cat", "d/one.txt").splitlines():
            found = re.match("kept_module=(0x[0-9a-f]+) (buildid/[0-9a-f]+)", line)
            if found:
                at, kept = found.groups()
                with open("d/modules/%s/executable" % kept, "rb") as f:
                    digest = "digest/" + hashlib.sha256(f.read()).hexdigest()
                os.makedirs("u/modules/" + digest)
                shutil.copy("d/modules/%s/executable" % kept, "u/modules/%s/executable" % digest)
                lines += ["kept_module=%s %s" % (at, digest), "kept_owner=%s 1000" % at,
                          "module=%s-0xffffffffffff %s /app" % (at, kept[len("buildid/"):])]
                continue
            lines += [line, "uid=1000"] if line.startswith("record=") else [line]
        with open("u/one.txt", "w") as f:
            f.write("\n".join(sorted(lines, key=lambda line: line.startswith("complete=")) + [""]))

    def forward(self, remote, *options, directory="d"):
        for key in "object=", "small_object=", "sent=", "verified=", "small_sent=", "small_verified=", "modules_sent=", "symbols=":
            subprocess.run(["sed", "-i", "/^%s/d" % key, directory + "/one.txt"], check=True)
        p = subprocess.run(["core-forward", "-w", "5", *options, directory, remote], capture_output=True, text=True)
        if p.returncode:
            raise SystemExit("core-forward: " + p.stderr)
        return p.stderr

    def serve(self, argv, port, cwd=None, env=None):
        p = subprocess.Popen(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return p
            except OSError:
                if p.poll() is not None:
                    break
                time.sleep(0.05)
        raise Skip("%s does not start" % os.path.basename(argv[0]))

    # The servers: each gives a URL.

    def static(self, directory="d"):
        remote, port = self.p + "/there." + directory, free_port()
        self.forward(remote, directory=directory)
        return "http://127.0.0.1:%d/" % port, self.serve(
            [sys.executable, "-m", "http.server", "-b", "127.0.0.1", str(port)], port, cwd=remote)

    def user(self):
        url, server = self.static("u")
        with open(glob.glob(self.p + "/there.u/unit7/*/*/*.json")[0]) as f:
            own = url + json.load(f)["symbols"] + "/"
        # Who does not name the user is not given the user's files.
        none = self.gdb(url, self.core)
        self.row(not STACK.fullmatch(none), "a user's files", "gdb, without symbols=", none)
        return own + " " + url, server

    def s3(self):
        program = self.build + "/npm/node_modules/s3rver/bin/s3rver.js"
        if not os.path.exists(program):
            raise Skip("npm install --prefix %s/npm s3rver" % os.path.basename(self.build))
        port = free_port()
        os.makedirs("s3", exist_ok=True)
        server = self.serve([have("node"), program, "-d", self.p + "/s3", "-a", "127.0.0.1", "-p", str(port),
                             "--configure-bucket", "crashes"], port)
        with open("rclone.conf", "w") as f:
            f.write("[s3]\ntype = s3\nprovider = Other\naccess_key_id = S3RVER\nsecret_access_key = S3RVER\n"
                    "endpoint = http://127.0.0.1:%d\nforce_path_style = true\n" % port)
        self.forward("s3:crashes", "-c", "rclone.conf")
        again = self.forward("s3:crashes", "-c", "rclone.conf")
        if "/executable" in again:
            raise SystemExit("a module was sent twice: " + again)
        return "http://127.0.0.1:%d/crashes/" % port, server

    def chained(self):
        upstream, first = self.static()
        port = free_port()
        os.makedirs("empty", exist_ok=True)
        env = dict(os.environ, DEBUGINFOD_URLS=upstream, DEBUGINFOD_CACHE_PATH=self.p + "/upstream", HOME=self.p)
        try:
            server = self.serve([have("debuginfod"), "-p", str(port), "-d", ":memory:", "-F", self.p + "/empty"], port,
                                env=env)
        except Skip:
            first.kill()
            raise
        self.others.append(first)
        return "http://127.0.0.1:%d/" % port, server

    # The clients: each says which functions it sees.

    def client(self, url, *argv):
        shutil.rmtree("cache", ignore_errors=True)
        env = dict(os.environ, DEBUGINFOD_URLS=url, DEBUGINFOD_CACHE_PATH=self.p + "/cache", HOME=self.p)
        p = subprocess.run(argv, capture_output=True, text=True, errors="replace", env=env, timeout=300,
                           stdin=subprocess.DEVNULL)
        return p.stdout

    def find(self, url):
        for path, build_id in self.ids.items():
            got = self.client(url, have("debuginfod-find"), "executable", build_id).strip()
            if not got or open(got, "rb").read() != open("d/modules/buildid/%s/executable" % build_id, "rb").read():
                return "not %s" % path
        return SAME

    def gdb(self, url, core):
        said = self.client(url, have("gdb"), "-nx", "-q", "-batch", "-iex", "set debuginfod enabled on", "-ex", "bt", "-c", core)
        stack = said[said.rfind("\n#0 "):]
        return " ".join(name for name in re.findall(r"^#\d+ +(?:0x\w+ in )?(\w+)", stack, re.M))

    def stack(self, url, core):
        said = self.client(url, have("eu-stack"), "--core=" + core)
        return " ".join(re.findall(r"^#\d+ +\S+ +(?:- \d+ +)?(\w+)", said, re.M))

    def trace(self, url, core):
        said = json.loads(self.client(url, "core-trace", "-Dj", core))
        return " ".join(f["function"] for f in said["threads"][0]["frames"] if "function" in f)

    def all(self):
        self.others = []
        self.stage()
        clients = {
            "debuginfod-find": self.find,
            "gdb": lambda url: self.gdb(url, self.core), "gdb, small core": lambda url: self.gdb(url, "small"),
            "eu-stack": lambda url: self.stack(url, self.core), "core-trace -D": lambda url: self.trace(url, self.core),
            "core-trace -D, small core": lambda url: self.trace(url, "small"),
        }
        self.table("A container's crash, opened by DEBUGINFOD_URLS alone", "server", "client", "what it shows")
        none = self.gdb("", self.core)
        self.row(not STACK.fullmatch(none), "none", "gdb", none)
        for title, make in (("static files", self.static), ("a user's files", self.user), ("S3", self.s3), ("debuginfod, upstream", self.chained)):
            try:
                url, server = make()
            except Skip as why:
                self.skipped(title, why)
                continue
            try:
                for name, client in clients.items():
                    seen = client(url)
                    self.row(seen == SAME or STACK.fullmatch(seen), title, name, seen)
            finally:
                for p in [server, *self.others]:
                    p.kill()
                    p.wait()
                self.others = []


def main():
    if len(sys.argv) != 2:
        print("usage: symbols.py BUILD", file=sys.stderr)
        return 2
    os.environ.pop("AWS_CA_BUNDLE", None)
    with Symbols(sys.argv[1]) as c:
        c.all()
    return c.failed


if __name__ == "__main__":
    sys.exit(main())
