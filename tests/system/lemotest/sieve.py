"""Just enough ManageSieve (RFC 5804)."""

import base64
import hashlib
import hmac
import os
import re
import socket

LITERAL = re.compile(rb"\{(\d+)\}\r\n$")


def literal(text):
    """A string that is sent as it is, whatever is in it."""
    data = text if isinstance(text, bytes) else text.encode()
    return b"{%d+}\r\n" % len(data) + data


class ManageSieve:
    def __init__(self, port, source=None):
        """source: the client's address."""
        self.sock = socket.create_connection(
            ("127.0.0.1", port), 10, (source, 0) if source else None)
        self.file = self.sock.makefile("rwb")
        self.capabilities = self._capabilities()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.sock.close()

    def _line(self):
        """A line with the literals in it."""
        line = b""
        while True:
            part = self.file.readline()
            line += part
            match = LITERAL.search(part)
            if match is None:
                return line.decode()
            line += self.file.read(int(match.group(1)))

    def _answer(self):
        lines = []
        while True:
            line = self._line()
            if not line or re.match(r"(OK|NO|BYE)\b", line):
                return line.split()[0] if line else "", lines, line
            lines.append(line.removesuffix("\r\n"))

    def _capabilities(self):
        found = {}
        for line in self._answer()[1]:
            words = re.findall(r'"((?:[^"\\]|\\.)*)"', line)
            found[words[0].upper()] = words[1] if len(words) > 1 else ""
        return found

    def cmd(self, *args):
        """Each argument is separated by a space. Returns the status, the
        lines before it and its own."""
        self.file.write(b" ".join(arg if isinstance(arg, bytes) else
                                  arg.encode() for arg in args) + b"\r\n")
        self.file.flush()
        return self._answer()

    def start_tls(self, context, name):
        """The capabilities come again."""
        assert self.cmd("STARTTLS")[0] == "OK"
        self.file.close()
        self.sock = context.wrap_socket(self.sock, server_hostname=name)
        self.file = self.sock.makefile("rwb")
        self.capabilities = self._capabilities()

    def _ask(self, message):
        """One step of SASL: returns the server's challenge."""
        self.file.write(b'"' + base64.b64encode(message) + b'"\r\n')
        self.file.flush()
        return base64.b64decode(self._line().strip().strip('"'))

    def login_scram(self, user, password):
        """SCRAM-SHA-1 (RFC 5802); the server's signature is checked."""
        bare = f"n={user},r={base64.b64encode(os.urandom(18)).decode()}"
        self.file.write(b'AUTHENTICATE "SCRAM-SHA-1" ')
        challenge = self._ask(b"n,," + bare.encode()).decode()
        nonce, salt, count = re.fullmatch(
            r"r=([^,]*),s=([^,]*),i=(\d+)", challenge).groups()
        salted = hashlib.pbkdf2_hmac("sha1", password.encode(),
                                     base64.b64decode(salt), int(count))

        def sign(key, text):
            return hmac.new(key, text, "sha1").digest()
        last = f"c=biws,r={nonce}"
        text = ",".join((bare, challenge, last)).encode()
        key = sign(salted, b"Client Key")
        signature = sign(hashlib.sha1(key).digest(), text)
        proof = bytes(a ^ b for a, b in zip(key, signature))
        final = base64.b64encode(
            last.encode() + b",p=" + base64.b64encode(proof))
        mine = base64.b64encode(b"v=" + base64.b64encode(
            sign(sign(salted, b"Server Key"), text))).decode()
        self.file.write(b'"' + final + b'"\r\n')
        self.file.flush()
        line = self._line()
        assert mine in line, line
        if not line.startswith("OK"):
            # as a challenge of its own; the answer is empty
            assert self.cmd('""')[0] == "OK"

    def login(self, user, password):
        token = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        status, _, text = self.cmd(f'AUTHENTICATE "PLAIN" "{token}"')
        assert status == "OK", text
        self.file.write(b"CAPABILITY\r\n")
        self.file.flush()
        self.capabilities = self._capabilities()

    def refusal(self, script, line):
        """What is said of a bad script, up to the line number."""
        self.file.write(f'PUTSCRIPT "bad" {{{len(script)}+}}\r\n{script}\r\n'
                        .encode())
        self.file.flush()
        answer = b""
        while f"line {line}".encode() not in answer:
            said = self.file.readline()
            assert said and not said.startswith(b"OK"), answer
            answer += said
        return answer.decode()

    def put(self, name, script, activate=True):
        status, _, text = self.cmd(f'PUTSCRIPT "{name}"', literal(script))
        assert status == "OK", text
        if activate:
            status, _, text = self.cmd(f'SETACTIVE "{name}"')
            assert status == "OK", text
