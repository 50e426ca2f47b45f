#!/usr/bin/env python3
"""An HTTP(S) endpoint that can be told, per path, how to misbehave.

It records every request and serves the record as JSON. Python stdlib only.

    sink.py [--bind ADDR] [--port N] [--tls CERT KEY] [--ready FILE]
    sink.py --make-ca DIR

Prints "READY ADDR PORT" when it listens (and writes it to FILE).

The first component of a path is a list of behaviours joined by commas;
anything unknown there is just a name and means an instant 200:

    /phone1                  200 at once
    /delay=0.5/x             200 after 0.5 s
    /status=503/x            that status, empty body
    /retry-after=7,status=429  with "Retry-After: 7" (status 503 if not given;
                             the value may be a %-encoded date)
    /silent/x                reads the request, never answers
    /refuse/x                resets the connection instead of an answer
    /cut/x                   half a header, then end of file
    /redirect=URL            302 to the %-encoded URL (or to /_trap)
    /location=URL            with this header
    /big or /big=N           N octets of body (10 MB)
    /header=N                N octets more of header
    /drip                    a header octet a second, for ever
    /garbage                 octets that are not HTTP
    /badlength               Content-Length larger than the body, then silence;
                             badlength=403: with that status
    /body=TEXT               with this body, %-encoded
    /close                   200, and the connection is closed
    /cookie                  200 that sets a cookie

Sink.judges[path] is a function that gets each record of the path and returns
behaviours, unless it was told some.

Behaviours of a path can also be changed while it runs, in Python by
Sink.tell("/phone1", "status=503"), else by POST /_tell?path=/phone1&do=...
Other control paths: GET /_log (JSON, ?since=N: only from record N on),
POST /_clear, GET /_stats (connections and requests seen, most open at once).
A CONNECT or absolute-form request is proxied: names in Sink.hosts (--hosts
a=127.0.0.1,...) go there, every other host is answered by 502.

In Python:

    ca = make_ca(directory)            # ca.ca, ca.cert(...)
    with Sink(tls=ca.cert("good")) as sink:
        ... sink.url("/silent") ...
        sink.log(path="/phone1"), sink.wait(3, timeout=5)
"""

import argparse
import asyncio
import base64
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import urllib.parse

BIG = 10 * 1024 * 1024
KNOWN = {"delay", "status", "retry-after", "silent", "refuse", "cut",
         "redirect", "big", "drip", "garbage", "badlength", "close",
         "cookie", "header", "instant", "location", "body"}


def parse_behaviours(text):
    """"delay=1,status=503" -> dict, or None if there is an unknown word."""
    told = {}
    for word in text.split(","):
        name, _, value = word.partition("=")
        if name not in KNOWN:
            return None
        told[name] = urllib.parse.unquote(value)
    return told


class Sink:
    """The server in a thread of its own; a context manager."""

    def __init__(self, bind="127.0.0.1", port=0, tls=None, hosts=None,
                 record=True):
        """tls: (certificate file, key file) or None. record=False keeps
        only counters (for load tests)."""
        self.bind, self.port, self.tls = bind, port, tls
        self.hosts = hosts or {}
        self.record = record
        self.told = {}
        self.judges = {}
        self.records = []
        self.cond = threading.Condition()
        self.stats = {"connections": 0, "open": 0, "max_open": 0,
                      "requests": 0}
        self._started = threading.Event()
        self._error = None
        self._thread = None
        self._loop = None
        self._stop = None

    # -- life

    def start(self):
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._started.wait()
        if self._error is not None:
            raise self._error
        return self

    def stop(self):
        if self._thread is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(5)
        self._thread = None

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    def _run(self):
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._error = error
            self._started.set()

    async def _serve(self):
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        context = None
        if self.tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.tls)
        server = await asyncio.start_server(
            self._client, self.bind, self.port, ssl=context, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stop.wait()
        server.close()

    # -- what tests ask

    def url(self, path="/", host=None):
        host = host or (f"[{self.bind}]" if ":" in self.bind else self.bind)
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    def tell(self, path, behaviours):
        """"" or "instant" makes the path behave again."""
        told = parse_behaviours(behaviours or "instant")
        if told is None:
            raise ValueError(behaviours)
        self.told[path] = told

    def log(self, path=None, since=0):
        """The records, oldest first. path: only of this path."""
        with self.cond:
            return [r for r in self.records[since:]
                    if path is None or r["path"] == path]

    def clear(self):
        with self.cond:
            self.records.clear()

    def wait(self, count=1, timeout=5.0, path=None):
        """Waits for `count` records (of this path); returns those there."""
        end = time.monotonic() + timeout
        with self.cond:
            while True:
                found = [r for r in self.records
                         if path is None or r["path"] == path]
                left = end - time.monotonic()
                if len(found) >= count or left <= 0:
                    return found
                self.cond.wait(left)

    # -- the protocol

    async def _client(self, reader, writer):
        self.stats["connections"] += 1
        self.stats["open"] += 1
        self.stats["max_open"] = max(self.stats["max_open"],
                                     self.stats["open"])
        conn = self.stats["connections"]
        try:
            while await self._request(reader, writer, conn):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError,
                ValueError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            self.stats["open"] -= 1
            writer.transport.abort()

    async def _request(self, reader, writer, conn):
        head = await reader.readuntil(b"\r\n\r\n")
        arrived = time.time()
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        headers, raw = {}, []
        for line in lines[1:-2]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
            raw.append([name, value.strip()])
        if method == "CONNECT" or target.startswith("http://"):
            self._keep(conn, arrived, method, target, headers, raw, b"")
            return await self._proxy(reader, writer, method, target, head,
                                     headers)
        body = await self._body(reader, writer, headers)
        if target.startswith("/_"):
            return await self._control(writer, target)
        self.stats["requests"] += 1
        record = self._keep(conn, arrived, method, target, headers, raw, body)
        told = self.told.get(target)
        if not told and target in self.judges:
            told = parse_behaviours(self.judges[target](record))
        if told is None:
            told = parse_behaviours(target[1:].split("/")[0].split("?")[0])
        return await self._answer(reader, writer, told or {})

    async def _body(self, reader, writer, headers):
        if headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while True:
                size = int((await reader.readline()).split(b";")[0], 16)
                body += (await reader.readexactly(size + 2))[:-2]
                if size == 0:
                    return body
        return await reader.readexactly(int(headers.get("content-length", 0)))

    def _keep(self, conn, arrived, method, path, headers, raw, body):
        if not self.record:
            return None
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            text = None
        with self.cond:
            self.records.append({
                "n": len(self.records), "time": arrived, "conn": conn,
                "tls": self.tls is not None, "method": method, "path": path,
                "headers": headers, "raw_headers": raw, "body": text,
                "body_base64": base64.b64encode(body).decode()})
            self.cond.notify_all()
            return self.records[-1]

    async def _answer(self, reader, writer, told):
        if "delay" in told:
            await asyncio.sleep(float(told["delay"]))
        if "badlength" in told:
            await self._do_badlength(reader, writer, told["badlength"])
            return False
        for name in ("silent", "refuse", "cut", "drip", "garbage"):
            if name in told:
                await getattr(self, "_do_" + name)(reader, writer)
                return False
        status = told.get("status", "503" if "retry-after" in told else "200")
        extra = ""
        if "retry-after" in told:
            extra += f"Retry-After: {told['retry-after']}\r\n"
        if "location" in told:
            extra += f"Location: {told['location']}\r\n"
        if "redirect" in told:
            status = "302"
            extra += f"Location: {told['redirect'] or '/_trap'}\r\n"
        if "cookie" in told:
            extra += "Set-Cookie: trace=me; Path=/\r\n"
        extra += "X-Filler: 0123456789\r\n" * (int(told.get("header", 0)) // 22)
        if "close" in told:
            extra += "Connection: close\r\n"
        size = int(told["big"] or BIG) if "big" in told else 0
        body = told.get("body", "").encode()
        writer.write(f"HTTP/1.1 {status} Told\r\n{extra}Content-Length: "
                     f"{size + len(body)}\r\n\r\n".encode() + body)
        while size > 0 and not writer.transport.is_closing():
            part = min(size, 65536)
            writer.write(b"x" * part)
            await writer.drain()
            size -= part
        await writer.drain()
        return "close" not in told

    async def _do_silent(self, reader, _):
        while await reader.read(4096):
            pass

    async def _do_refuse(self, _, writer):
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))

    async def _do_cut(self, _, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")
        await writer.drain()
        writer.close()
        await asyncio.sleep(0.1)

    async def _do_drip(self, reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
        while not reader.at_eof() and not writer.transport.is_closing():
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(1)

    async def _do_garbage(self, _, writer):
        writer.write(b"\x00\xff\x7fSSH-2.0 nonsense\r\n\x01\x02" * 100)
        await writer.drain()
        writer.close()
        await asyncio.sleep(0.1)

    async def _do_badlength(self, reader, writer, status):
        writer.write(f"HTTP/1.1 {status or 200} OK\r\nContent-Length: 100"
                     "\r\n\r\nshort".encode())
        await self._do_silent(reader, writer)

    async def _control(self, writer, target):
        parts = urllib.parse.urlsplit(target)
        query = dict(urllib.parse.parse_qsl(parts.query))
        status, body = "200 OK", b"{}"
        if parts.path == "/_log":
            body = json.dumps(self.log(since=int(query.get("since", 0))))
            body = body.encode()
        elif parts.path == "/_stats":
            body = json.dumps(self.stats).encode()
        elif parts.path == "/_clear":
            self.clear()
        elif parts.path == "/_tell":
            try:
                self.tell(query["path"], query.get("do", ""))
            except (KeyError, ValueError):
                status = "400 Bad Request"
        else:
            self._keep(0, time.time(), "GET", target, {}, [], b"")
            status = "404 Not Found"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Type: application/json"
                     f"\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        return True

    # -- proxy

    async def _proxy(self, reader, writer, method, target, head, headers):
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
        else:
            parts = urllib.parse.urlsplit(target)
            host, port = parts.hostname, parts.port or 80
        address = self.hosts.get(host)
        if address is None:
            writer.write(b"HTTP/1.1 502 Unknown\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return False
        there = await asyncio.open_connection(address, int(port))
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        else:
            path = parts.path + ("?" + parts.query if parts.query else "")
            there[1].write(head.replace(target.encode(), path.encode(), 1))
        try:
            await asyncio.gather(self._pipe(reader, there[1]),
                                 self._pipe(there[0], writer))
        finally:
            there[1].transport.abort()
        return False

    async def _pipe(self, reader, writer):
        while True:
            data = await reader.read(65536)
            if not data:
                break
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
        else:
            writer.close()


# -- a private CA

class CA:
    """Files of a private CA: ca.ca (PEM), ca.cert(name) -> (cert, key).
    Names: good (localhost, *.push.test, loopback addresses), wrong-name, expired,
    self-signed."""

    def __init__(self, directory):
        self.dir = directory
        self.ca = os.path.join(directory, "ca.pem")

    def cert(self, name="good"):
        return (os.path.join(self.dir, name + ".pem"),
                os.path.join(self.dir, name + ".key"))


CA_CONF = """
[ca]
default_ca = it
[it]
database = {d}/index.txt
serial = {d}/serial
new_certs_dir = {d}
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""

# No wildcard of one label: OpenSSL and libcurl refuse "*.test".
GOOD_NAMES = ("DNS:localhost,DNS:*.push.test,DNS:*.localhost,IP:127.0.0.1,"
              "IP:127.0.0.2,IP:::1")


def openssl(*args):
    subprocess.run(("openssl",) + args, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def make_key_args(base):
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", base + ".key")


def make_cert(directory, name, san, start="20200101000000Z",
              end="20491231000000Z"):
    """A server certificate by the CA in `directory`."""
    base = os.path.join(directory, name)
    openssl("req", "-new", *make_key_args(base), "-subj", "/CN=" + name,
            "-addext", "subjectAltName=" + san, "-out", base + ".csr")
    openssl("ca", "-batch", "-notext", "-config",
            os.path.join(directory, "ca.conf"), "-cert",
            os.path.join(directory, "ca.pem"), "-keyfile",
            os.path.join(directory, "ca.key"), "-startdate", start,
            "-enddate", end, "-in", base + ".csr", "-out", base + ".pem")
    return base + ".pem", base + ".key"


def make_ca(directory, extra_names=""):
    """Makes the CA and its certificates (0.2 s). extra_names: more subject
    names of "good", e.g. "DNS:push.example"."""
    os.makedirs(directory, exist_ok=True)
    base = os.path.join(directory, "ca")
    openssl("req", "-x509", *make_key_args(base), "-days", "3650", "-subj",
            "/CN=Lemonade test CA", "-addext",
            "keyUsage=critical,keyCertSign,cRLSign", "-out", base + ".pem")
    with open(base + ".conf", "w", encoding="ascii") as conf:
        conf.write(CA_CONF.format(d=directory))
    with open(os.path.join(directory, "index.txt"), "w", encoding="ascii"):
        pass
    with open(os.path.join(directory, "serial"), "w",
              encoding="ascii") as serial:
        serial.write("01\n")
    names = GOOD_NAMES + ("," + extra_names if extra_names else "")
    make_cert(directory, "good", names)
    make_cert(directory, "wrong-name", "DNS:elsewhere.invalid")
    make_cert(directory, "expired", names, "20200101000000Z",
              "20200201000000Z")
    base = os.path.join(directory, "self-signed")
    openssl("req", "-x509", *make_key_args(base), "-days", "3650", "-subj",
            "/CN=localhost", "-addext", "subjectAltName=" + names, "-out",
            base + ".pem")
    return CA(directory)


def main():
    parser = argparse.ArgumentParser(
        description="HTTP(S) endpoint for tests; see the top of this file")
    parser.add_argument("--bind", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    parser.add_argument("--hosts", default="", help="name=address,...")
    parser.add_argument("--ready", metavar="FILE")
    parser.add_argument("--no-record", action="store_true")
    parser.add_argument("--make-ca", metavar="DIR")
    args = parser.parse_args()
    if args.make_ca:
        make_ca(args.make_ca)
        return
    hosts = dict(h.split("=", 1) for h in args.hosts.split(",") if h)
    sink = Sink(args.bind, args.port, args.tls, hosts,
                not args.no_record).start()
    ready = f"READY {sink.bind} {sink.port}"
    print(ready, flush=True)
    if args.ready:
        with open(args.ready + ".tmp", "w", encoding="ascii") as file:
            file.write(ready + "\n")
        os.rename(args.ready + ".tmp", args.ready)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
