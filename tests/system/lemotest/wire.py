"""The hand-off socket seen from outside: what a hostile or broken process
would write. The format is that of lib/lemo-event-wire.h."""

import hashlib
import os
import socket
import threading

VERSION = "VERSION\tlemonade-notify\t1\t0"
ESCAPES = {"\0": "0", "\1": "1", "\t": "t", "\r": "r", "\n": "n"}


def escape(text):
    return "".join("\1" + ESCAPES[c] if c in ESCAPES else c for c in text)


def unescape(text):
    letters = {v: k for k, v in ESCAPES.items()}
    out, pos = "", 0
    while pos < len(text):
        if text[pos] == "\1":
            out += letters[text[pos + 1]]
            pos += 1
        else:
            out += text[pos]
        pos += 1
    return out


def event_line(user, event="MessageNew", devices=(), event_id=None,
               **fields):
    """devices: (name, verdict[, JSON]). Fields of ours without their
    "vnd.lemonade." may be given as vnd_NAME."""
    values = {
        "vnd.lemonade.event": event,
        "vnd.lemonade.id": event_id or
        hashlib.sha256(os.urandom(16)).hexdigest()[:32],
        "user": user,
        "timestamp": "2026-01-05T10:00:00.000+01:00",
        "uri": "imap://forged@lemo.test/INBOX;UIDVALIDITY=7/;UID=42",
        "vnd.lemonade.mailbox": "INBOX",
        "vnd.lemonade.uid": "42",
    }
    for name, value in fields.items():
        values[name.replace("vnd_", "vnd.lemonade.")] = str(value)
    words = ["EVENT"] + [f"{k}={escape(v)}" for k, v in values.items()
                         if v != "None"]
    for device in devices:
        words.append("device=" + escape("\t".join(escape(d)
                                                  for d in device)))
    return "\t".join(words)


def parse_line(line):
    """An EVENT line as dict; devices as list of lists."""
    words = line.split("\t")
    assert words[0] == "EVENT", line
    event = {"devices": []}
    for word in words[1:]:
        key, _, value = word.partition("=")
        value = unescape(value)
        if key == "device":
            event["devices"].append([unescape(d) for d in value.split("\t")])
        else:
            event[key] = value
    return event


class Door:
    """A client of the notifier's socket."""

    def __init__(self, path, timeout=5, version=VERSION):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(timeout)
        self.sock.connect(path)
        self.file = self.sock.makefile("rb")
        if version is not None:
            self.send(version)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.sock.close()

    def send(self, line):
        data = line.encode() if isinstance(line, str) else line
        self.sock.sendall(data + b"\n")

    def answer(self):
        """The next line but the handshake; "" at the end."""
        while True:
            line = self.file.readline().decode().rstrip("\n")
            if not line.startswith("VERSION\t"):
                return line

    def ask(self, line):
        self.send(line)
        return self.answer()


class FakeNotifier:
    """In the notifier's place: shows the lines, answers as told.

    answer: function of the event's id, gives the line to send or None.
    """

    def __init__(self, path, answer=lambda event_id: f"OK\t{event_id}"):
        self.path, self.answer = path, answer
        self.lines = []
        self.connections = 0
        self._clients = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(path)
        os.chmod(path, 0o666)
        self._listener.listen(100)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        """The listener and all connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in self._clients:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        os.unlink(self.path)

    def events(self, name=None):
        found = [parse_line(line) for line in list(self.lines)
                 if line.startswith("EVENT\t")]
        return [e for e in found
                if name is None or e["vnd.lemonade.event"] == name]

    def _accept(self):
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            self.connections += 1
            self._clients.append(client)
            threading.Thread(target=self._serve, args=(client,),
                             daemon=True).start()

    def _serve(self, client):
        with client, client.makefile("rb") as file:
            try:
                client.sendall(VERSION.encode() + b"\n")
                for line in file:
                    line = line.decode().rstrip("\n")
                    self.lines.append(line)
                    if line.startswith("EVENT\t"):
                        text = self.answer(
                            parse_line(line)["vnd.lemonade.id"])
                        if text is not None:
                            client.sendall(text.encode() + b"\n")
            except OSError:
                pass
