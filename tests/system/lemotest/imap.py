"""A raw IMAP client: what the server says is kept byte for byte."""

import io
import re
import socket
import zlib

LITERAL = re.compile(rb"\{(\d+)\}\r\n$")


class Literal(bytes):
    """An argument that is sent as a non-synchronising literal."""
    head = b""


class Literal8(Literal):
    """As a literal8 (RFC 3516), which may have NULs."""
    head = b"~"


class Response:
    """One tagged answer and the untagged ones before it."""

    def __init__(self, status, text, untagged):
        self.status = status        # "OK", "NO", "BAD"
        self.text = text            # str, behind the status
        self.untagged = untagged    # list of bytes, literals included

    @classmethod
    def of(cls, lines):
        """Of the lines that came, the tagged one at the end."""
        _, status, text = lines[-1].split(b" ", 2)
        return cls(status.decode(), text.decode("utf-8", "replace"),
                   lines[:-1])

    def __repr__(self):
        return f"<{self.status} {self.text} {self.untagged}>"

    @property
    def ok(self):
        return self.status == "OK"

    def find(self, pattern):
        """First untagged line that matches; None if there is none."""
        for line in self.untagged:
            match = re.search(pattern, line, re.S)
            if match:
                return match
        return None


def quote(text):
    """A quoted string, or a literal where that cannot be."""
    data = text.encode() if isinstance(text, str) else text
    if len(data) > 1000 or re.search(rb"[\r\n\x00\x80-\xff]", data):
        return Literal(data)
    return b'"' + re.sub(rb'(["\\])', rb"\\\1", data) + b'"'


class Inflated(io.RawIOBase):
    """What a deflated stream (RFC 4978) says; below is closed with it.
    octets: of the stream, so far."""

    def __init__(self, below):
        super().__init__()
        self.below, self.ready, self.octets = below, b"", 0
        self.engine = zlib.decompressobj(-zlib.MAX_WBITS)

    def readable(self):
        return True

    def readinto(self, buffer):
        while not self.ready:
            data = self.below.read1(1 << 16)
            if not data:
                return 0
            self.octets += len(data)
            self.ready = self.engine.decompress(data)
        count = min(len(buffer), len(self.ready))
        buffer[:count] = self.ready[:count]
        self.ready = self.ready[count:]
        return count

    def close(self):
        self.below.close()
        super().close()


class Imap:
    def __init__(self, port, host="127.0.0.1", timeout=15, source=None,
                 buffer=None):
        """source: the client's address; buffer: octets of the kernel's."""
        self.sock = socket.socket()
        if buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.sock.settimeout(timeout)
        if source:
            self.sock.bind((source, 0))
        self.sock.connect((host, port))
        self.file = self.sock.makefile("rb")
        self.deflate = None
        self.transcript = []
        self.count = 0
        self.greeting = self._line()

    def close(self):
        try:
            self.file.close()
            self.sock.close()
        except OSError:
            pass

    def start_tls(self, context, name):
        """After STARTTLS was accepted."""
        self.file.close()
        self.sock = context.wrap_socket(self.sock, server_hostname=name)
        self.file = self.sock.makefile("rb")

    def start_deflate(self):
        """After COMPRESS was accepted (RFC 4978)."""
        self.file = io.BufferedReader(Inflated(self.file))
        self.deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _line(self):
        """A line with the literals in it."""
        line = b""
        while True:
            part = self.file.readline()
            if not part:
                raise EOFError(f"server closed: {self.transcript[-3:]}")
            line += part
            match = LITERAL.search(part)
            if match is None:
                break
            line += self.file.read(int(match.group(1)))
        self.transcript.append(b"S: " + line)
        return line[:-2]

    def write(self, data):
        """Octets as they are, deflated where that was agreed."""
        self.transcript.append(b"C: " + data)
        if self.deflate is not None:
            data = self.deflate.compress(data) + \
                self.deflate.flush(zlib.Z_SYNC_FLUSH)
        self.sock.sendall(data)

    def encode(self, *args):
        """A command with a new tag, and the tag."""
        self.count += 1
        tag = f"t{self.count}".encode()
        data = tag
        for arg in args:
            if isinstance(arg, str):
                arg = arg.encode()
            if isinstance(arg, Literal):
                arg = arg.head + b"{%d+}\r\n" % len(arg) + bytes(arg)
            data += b" " + arg
        return data + b"\r\n", tag

    def send(self, *args):
        """Starts a command; returns its tag."""
        data, tag = self.encode(*args)
        self.write(data)
        return tag

    def pipeline(self, *commands):
        """All in one write, each a tuple of arguments; their answers, which
        have to come in the same order."""
        encoded = [self.encode(*command) for command in commands]
        self.write(b"".join(data for data, _ in encoded))
        return [self.finish(tag) for _, tag in encoded]

    def raw(self, data):
        """A line as it is, without its tag z and the line break."""
        self.write(b"z " + data + b"\r\n")
        return self.finish(b"z")

    def octets(self, since=0):
        """Of what both sides said, from a position in the transcript on."""
        return sum(len(line) - 3 for line in self.transcript[since:])

    def finish(self, tag):
        lines = [self._line()]
        while not lines[-1].startswith(tag + b" "):
            lines.append(self._line())
        return Response.of(lines)

    def idle(self):
        """Enters IDLE; what it tells at its begin is read by wait_line()."""
        self.idle_tag = self.send("IDLE")
        self.wait_line(rb"\+ ")

    def wait_line(self, pattern):
        """The next untagged line that begins so; others are skipped (they are
        in the transcript)."""
        while True:
            line = self._line()
            if re.match(pattern, line):
                return line

    def done(self):
        """Ends IDLE: the answer, with what was not read before."""
        self.sock.sendall(b"DONE\r\n")
        return self.finish(self.idle_tag)

    def cmd(self, *args):
        """Each argument is separated by a space; str is sent as it is."""
        return self.finish(self.send(*args))

    def must(self, *args):
        response = self.cmd(*args)
        assert response.ok, f"{args}: {response}"
        return response

    def login(self, user, password):
        return self.cmd("LOGIN", quote(user), quote(password))

    def logout(self):
        """Returns when the process has let go of the session: from then on
        nobody takes it for connected."""
        self.finish(self.send("LOGOUT"))
        while self.file.readline():
            pass
        self.close()

    def append(self, mailbox, message, flags=""):
        args = [quote(mailbox)]
        if flags:
            args.append(f"({flags})")
        return self.must("APPEND", *args, Literal(message))

    def select(self, mailbox="INBOX"):
        return self.must("SELECT", quote(mailbox))

    def uidvalidity(self, mailbox="INBOX"):
        return int(self.must("STATUS", quote(mailbox), "(UIDVALIDITY)")
                   .find(rb"UIDVALIDITY (\d+)").group(1))

    def setmetadata(self, entry, value, mailbox=""):
        """value None deletes. The Response is the caller's to judge."""
        if value is None:
            pieces = [f"({entry} NIL)"]
        else:
            value = quote(value)
            if isinstance(value, Literal):
                # "(entry {n+}" CRLF value ")": one argument by hand
                pieces = [b"(" + entry.encode() +
                          b" {%d+}\r\n" % len(value) + bytes(value) + b")"]
            else:
                pieces = [b"(" + entry.encode() + b" " + value + b")"]
        return self.cmd("SETMETADATA", quote(mailbox), *pieces)

    def getmetadata(self, entry, mailbox="", options=""):
        """The value as str, or None for NIL and for no answer."""
        args = [options] if options else []
        response = self.must("GETMETADATA", *args, quote(mailbox),
                             f"({entry})")
        return parse_metadata(response).get(entry.lower())

    def getmetadata_all(self, entry, mailbox="", depth="infinity"):
        return parse_metadata(self.must(
            "GETMETADATA", f"(DEPTH {depth})", quote(mailbox), f"({entry})"))


def tokens(data):
    """Atoms, strings and literals of a response, lists flattened."""
    pos = 0
    while pos < len(data):
        char = data[pos:pos + 1]
        if char in b" ()":
            pos += 1
        elif char == b'"':
            out, pos = b"", pos + 1
            while data[pos:pos + 1] != b'"':
                if data[pos:pos + 1] == b"\\":
                    pos += 1
                out += data[pos:pos + 1]
                pos += 1
            pos += 1
            yield out.decode("utf-8", "replace")
        elif char in b"{~":
            match = re.match(rb"~?\{(\d+)\}\r\n", data[pos:])
            start = pos + match.end()
            pos = start + int(match.group(1))
            yield data[start:pos].decode("utf-8", "replace")
        else:
            match = re.match(rb"[^ ()]+", data[pos:])
            pos += match.end()
            atom = match.group(0).decode()
            yield None if atom.upper() == "NIL" else atom


def parse_metadata(response):
    """entry -> value (None for NIL) of all METADATA responses."""
    entries = {}
    for line in response.untagged:
        if not line.startswith(b"* METADATA "):
            continue
        flat = list(tokens(line[len(b"* METADATA "):]))[1:]
        for name, value in zip(flat[::2], flat[1::2]):
            entries[name.lower()] = value
    return entries
