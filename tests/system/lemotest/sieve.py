"""Just enough ManageSieve (RFC 5804)."""

import base64
import re
import socket


class ManageSieve:
    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), 10)
        self.file = self.sock.makefile("rwb")
        self.capabilities = self._capabilities()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.sock.close()

    def _answer(self):
        lines = []
        while True:
            line = self.file.readline().decode()
            if not line or re.match(r"(OK|NO|BYE)\b", line):
                return line.split(" ")[0].strip(), lines, line
            lines.append(line.rstrip("\r\n"))

    def _capabilities(self):
        found = {}
        for line in self._answer()[1]:
            words = re.findall(r'"((?:[^"\\]|\\.)*)"', line)
            found[words[0].upper()] = words[1] if len(words) > 1 else ""
        return found

    def cmd(self, text):
        self.file.write(text.encode() + b"\r\n")
        self.file.flush()
        return self._answer()

    def login(self, user, password):
        token = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        status, _, text = self.cmd(f'AUTHENTICATE "PLAIN" "{token}"')
        assert status == "OK", text
        self.file.write(b"CAPABILITY\r\n")
        self.file.flush()
        self.capabilities = self._capabilities()

    def put(self, name, script, activate=True):
        data = script.encode()
        status, _, text = self.cmd(
            f'PUTSCRIPT "{name}" {{{len(data)}+}}\r\n' + script)
        assert status == "OK", text
        if activate:
            status, _, text = self.cmd(f'SETACTIVE "{name}"')
            assert status == "OK", text
