"""An IMAP session that hears what the server says when nobody asks."""

import re
import select
import time

from .wait import Timeout

PAUSE = 0.6     # more than Dovecot collects changes for (0.5 s)


class _Lines:
    """Bytes of a socket; unlike its file, it may be asked for some time."""

    def __init__(self, sock):
        self.sock, self.data = sock, b""

    def has_line(self, seconds):
        deadline = time.monotonic() + seconds
        while b"\n" not in self.data:
            left = max(0, deadline - time.monotonic())
            if not select.select([self.sock], [], [], left)[0]:
                return False
            self._more()
        return True

    def _more(self):
        data = self.sock.recv(65536)
        if not data:
            raise EOFError("server closed")
        self.data += data

    def readline(self):
        try:
            while b"\n" not in self.data:
                self._more()
        except EOFError:
            return b""
        return self.read(self.data.index(b"\n") + 1)

    def read(self, size):
        while len(self.data) < size:
            self._more()
        data, self.data = self.data[:size], self.data[size:]
        return data

    def close(self):
        pass


class Listener:
    """Takes a session over."""

    def __init__(self, session):
        self.session, self.heard = session, []
        session.file = _Lines(session.sock)

    def cmd(self, *args):
        """What comes before the tagged answer counts as heard, too."""
        response = self.session.cmd(*args)
        self.heard += response.untagged
        return response

    def must(self, *args):
        response = self.cmd(*args)
        assert response.ok, f"{args}: {response}"
        return response

    def forget(self):
        self.heard.clear()

    def drain(self, seconds=0.0):
        """Hears what comes within this time."""
        deadline = time.monotonic() + seconds
        while self.session.file.has_line(
                max(0, deadline - time.monotonic())):
            self.heard.append(self.session._line())
        return self.heard

    def find(self, pattern):
        return next((match for line in self.heard
                     if (match := re.search(pattern, line, re.S))), None)

    def hear(self, pattern, seconds=5.0):
        """Waits for a line that matches; returns the match. It and what
        came before it is forgotten."""
        deadline = time.monotonic() + seconds
        while True:
            for pos, line in enumerate(self.heard):
                match = re.search(pattern, line, re.S)
                if match:
                    del self.heard[:pos + 1]
                    return match
            left = deadline - time.monotonic()
            if left <= 0 or not self.session.file.has_line(left):
                raise Timeout(f"not heard: {pattern!r} in {self.heard}")
            self.heard.append(self.session._line())

    def silent(self, pattern=rb"", seconds=PAUSE + 0.4):
        """Nothing that matches was or is heard."""
        self.drain(seconds)
        found = self.find(pattern)
        assert not found, f"heard: {self.heard}"
