"""The server's log: what was said since a mark, and what must not be."""

import re

from . import wait

BAD = re.compile(r"(Panic|Fatal|Error|Warning): ")

# Dovecot's own, of processes that start just when the master reloads: what
# they want to talk to is on its way out.
RELOAD = [r" (auth|imap-login): ", r"\b(anvil|auth-master|config|stats-writer)\b",
          r"master: Error: .* returned error 89 "]


class Log:
    def __init__(self, path):
        self.path = path
        self.pos = 0
        self.expected = []
        # what the master says when it is told to reload or to end, and on a
        # machine that has too much to do
        self.always = ["master: Warning: (SIGHUP|Killed with signal 15|"
                       "Time moved forwards? by )"]

    def mark(self):
        """Forgets what was said before."""
        self.pos += len(self._data())

    def _data(self):
        try:
            with open(self.path, "rb") as f:
                f.seek(self.pos)
                return f.read()
        except FileNotFoundError:
            return b""

    def lines(self, pattern=""):
        """Lines since the mark that match."""
        return [line for line in self._data().decode("utf-8", "replace")
                .splitlines() if re.search(pattern, line)]

    def wait(self, pattern, count=1, timeout=5.0):
        """Waits for matching lines; they are then expected."""
        self.expect(pattern)
        return wait.until(
            lambda: len(found := self.lines(pattern)) >= count and found,
            timeout, f"log line {pattern!r}")

    def expect(self, *patterns):
        """Errors and warnings that this test provokes. What names an
        endpoint is expected from then on: its host is of one test, and it is
        asked again when the test is over."""
        for pattern in patterns:
            (self.always if "push" in pattern else
             self.expected).append(pattern)

    def unexpected(self):
        return [line for line in self.lines(BAD.pattern)
                if not any(re.search(p, line)
                           for p in self.expected + self.always)]
