"""A reverse proxy for HTTP that does what servers do: faults.py TARGET-PORT DIR

It listens on a free port of the loopback, which DIR/port says, and passes requests on to TARGET-PORT.  What
goes wrong is in DIR/mode, read for each request:
ok     nothing
third  every third connection is closed without an answer
half   half of what is uploaded is passed on, then both sides are closed; the other requests pass
lost   what is uploaded is passed on, the answer is not
full   uploads are answered with 507, unless they are below 2000 bytes
denied uploads are answered with 403
picky  as denied, for executables alone
slow   uploads are passed on at 1 MB a second
down   every connection is closed without an answer
Each upload that was passed on whole is a line in DIR/uploads: its path.
"""
import http.client
import http.server
import os
import socket
import sys
import threading
import time

port, where = int(sys.argv[1]), sys.argv[2]
lock, seen = threading.Lock(), 0


class Handler(http.server.BaseHTTPRequestHandler):
    def mode(self):
        with open(os.path.join(where, "mode")) as f:
            return f.read().strip()

    def gone(self):
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def answer(self, status, headers, body):
        self.send_response(status)
        for key, value in headers:
            if key.lower() not in ("transfer-encoding", "connection", "content-length", "date", "server"):
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.close_connection = True

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        data = b""
        while n := int(self.rfile.readline().split(b";")[0], 16):
            data += self.rfile.read(n)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def half(self, data):
        with socket.create_connection(("127.0.0.1", port)) as s:
            head = "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n"
            s.sendall((head % (self.command, self.path, len(data))).encode() + data[: len(data) // 2])
            s.shutdown(socket.SHUT_WR)
            s.recv(65536)
        self.gone()

    def serve(self):
        global seen
        mode = self.mode()
        with lock:
            seen += 1
            drop = mode == "down" or (mode == "third" and seen % 3 == 0)
        if drop:
            return self.gone()
        data = self.body()
        if self.command == "PUT":
            if mode == "full" and len(data) >= 2000:
                return self.answer(507, [], b"")
            if mode == "denied" or (mode == "picky" and self.path.endswith("/executable")):
                return self.answer(403, [], b"")
            if mode == "half":
                return self.half(data)
            if mode == "slow":
                time.sleep(len(data) / 1e6)
        c = http.client.HTTPConnection("127.0.0.1", port)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("transfer-encoding", "connection")}
        headers["Content-Length"] = str(len(data))
        c.request(self.command, self.path, data, headers)
        r = c.getresponse()
        answer = r.read()
        if self.command == "PUT" and r.status < 300:
            with lock, open(os.path.join(where, "uploads"), "a") as f:
                f.write(self.path + "\n")
            if mode == "lost":
                return self.gone()
        self.answer(r.status, r.getheaders(), answer)

    do_GET = do_HEAD = do_PUT = do_DELETE = do_PROPFIND = do_MKCOL = do_MOVE = do_COPY = do_OPTIONS = serve

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
with open(os.path.join(where, "port.new"), "w") as f:
    f.write("%d\n" % server.server_address[1])
os.rename(os.path.join(where, "port.new"), os.path.join(where, "port"))
server.serve_forever()
