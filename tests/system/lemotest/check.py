"""doveadm lemonade check, and servers for it that are not as they ought to
be."""

import json
import re
import socket
import threading

from .server import PASSWORD, doc_conf, is_24

# Rows of RFC 5550 3.2 that Lemonade does not bring yet. One place: whoever
# brings one takes it away here.
MISSING = {"CONVERT"} | ({"URLAUTH"} if is_24() else set())
CRITICAL = 2


class Report:
    """What check printed: rows by (table, row)."""

    def __init__(self, result):
        self.code = result.returncode
        self.stdout, self.stderr = result.stdout, result.stderr
        rows = json.loads(result.stdout) if result.stdout else []
        self.rows = {(r["table"], r["row"]): r for r in rows}

    def failed(self, table):
        """Rows that do not hold, those that were not tried left out."""
        return {name for (its_table, name), r in self.rows.items()
                if its_table == table and r["setting"]}

    def not_tried(self, table):
        return {name for (its_table, name), r in self.rows.items()
                if its_table == table and r["works"] == "-"}

    def tables(self):
        return {table for table, _ in self.rows}


def check(server, user, *args, imap=None, sieve=None, submit=None,
          password=PASSWORD, timeout=90):
    """server: whose doveadm it is."""
    for option, url in (("--imap", imap), ("--sieve", sieve),
                        ("--submit", submit)):
        if url is not None:
            args += (option, url)
    return Report(server.doveadm("-f", "json", "lemonade", "check", "-u",
                                 user, *args, stdin=password + "\n",
                                 timeout=timeout))


def imap_url(server, host="localhost", user=""):
    return f"imap://{user}{host}:{server.ports['imap']}"


def sieve_url(server, host="localhost"):
    return f"sieve://{host}:{server.ports['sieve']}"


def tls_conf(cert, key):
    """The site's own part: TLS and its name in URLs."""
    names = ("ssl_server_cert_file = {}\nssl_server_key_file = {}\n"
             if is_24() else "ssl_cert = <{}\nssl_key = <{}\n")
    return ("ssl = yes\n" + names.format(cert, key) +
            "imap_urlauth_host = localhost\n")


def changed_conf(directory, *changes):
    """doc/conf with regular expressions replaced: the files to include."""
    paths = []
    for n, path in enumerate(doc_conf()):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        for pattern, replacement in changes:
            text = re.sub(pattern, replacement, text, flags=re.M)
        paths.append(f"{directory}/{n}.conf")
        with open(paths[-1], "w", encoding="utf-8") as f:
            f.write(text)
    return paths


class Talker:
    """A TCP server that runs a function for each connection."""

    def __init__(self, serve, host="127.0.0.1"):
        self.serve = serve
        self.socket = socket.create_server((host, 0))
        self.port = self.socket.getsockname()[1]
        self.url = f"imap://localhost:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                conn, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._run, args=(conn,),
                             daemon=True).start()

    def _run(self, conn):
        with conn:
            try:
                self.serve(conn)
            except OSError:
                pass

    def close(self):
        # wakes accept(), too
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def stripping_proxy(port, *words):
    """Passes everything on but these capabilities."""
    pattern = re.compile(rb" (?:" + b"|".join(map(re.escape, words)) +
                         rb")(?=[ \]\r])")

    def pump(source, dest, strip):
        try:
            while data := source.recv(65536):
                if strip and b"CAPABILITY" in data:
                    data = pattern.sub(b"", data)
                dest.sendall(data)
            dest.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def serve(conn):
        with socket.create_connection(("127.0.0.1", port)) as backend:
            thread = threading.Thread(target=pump, args=(conn, backend,
                                                         False), daemon=True)
            thread.start()
            pump(backend, conn, True)
            thread.join(5)
    return Talker(serve)


def smtp_relay(conn):
    """A relay that takes all there is, as far as Dovecot asks it."""
    file = conn.makefile("rb")
    conn.sendall(b"220 relay ESMTP\r\n")
    for line in file:
        verb = line.split()[0].upper() if line.split() else b""
        if verb == b"EHLO":
            conn.sendall(b"250-relay\r\n" + b"".join(
                b"250-" + word + b"\r\n" for word in (
                    b"8BITMIME", b"BINARYMIME", b"CHUNKING", b"DSN",
                    b"ENHANCEDSTATUSCODES", b"PIPELINING")) +
                b"250 SIZE 10000000\r\n")
        elif verb == b"BDAT":
            file.read(int(line.split()[1]))
            conn.sendall(b"250 2.0.0 OK\r\n")
        elif verb == b"QUIT":
            conn.sendall(b"221 2.0.0 bye\r\n")
            return
        else:
            conn.sendall(b"250 2.0.0 OK\r\n")
