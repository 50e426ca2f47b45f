"""What the benches share: the system tests' harness, and statistics.

Every figure is a ratio or a difference taken in one interleaved run: the
machine's own speed wanders by more than what is measured.
"""

import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "system"))

from lemotest import namespace                              # noqa: E402
from lemotest.dns import NameServer                         # noqa: E402
from lemotest.endpoint import Endpoints                     # noqa: E402
from lemotest.imap import Literal                           # noqa: E402
from lemotest.server import Server, dovecot_version        # noqa: E402
from lemotest.users import message                          # noqa: E402

# no budget stands between the bench and the figure
NO_BUDGETS = {"lemonade_budget_user": 0, "lemonade_budget_device": 0,
              "lemonade_budget_origin": 0}

# Stock features that ours builds upon: what they cost is not ours.
METADATA = {"2.3": """
mail_attribute_dict = file:%h/dovecot-attributes
protocol imap {
  imap_metadata = yes
}
""", "2.4": """
mail_attribute {
  dict file {
    path = %{home}/dovecot-attributes
  }
}
protocol imap {
  imap_metadata = yes
}
"""}
NOTIFY = {"2.3": """
mail_plugins = $mail_plugins notify
""", "2.4": """
mail_plugins {
  notify = yes
}
"""}


class Lmtp:
    """One connection, many deliveries to one user."""

    def __init__(self, server, user):
        self.user = user
        self.sock = socket.create_connection(
            ("127.0.0.1", server.ports["lmtp"]), 120)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.sock.makefile("rb")
        self.expect(b"220")
        self.command(b"LHLO bench", b"250")

    def expect(self, code):
        while True:
            line = self.file.readline()
            assert line.startswith(code), line
            if line[3:4] == b" ":
                return line

    def command(self, line, code):
        self.sock.sendall(line + b"\r\n")
        return self.expect(code)

    def deliver(self, mail, clock):
        """Seconds from the end of data to its 250, and from MAIL: a server
        that is not done with the last mail makes the next wait there."""
        begin = clock()
        self.command(b"MAIL FROM:<joe@remote.test>", b"250")
        self.command(b"RCPT TO:<" + self.user.name.encode() + b">", b"250")
        self.command(b"DATA", b"354")
        start = clock()
        self.sock.sendall(mail + b".\r\n")
        self.expect(b"250")
        end = clock()
        return end - start, end - begin

    def close(self):
        self.file.close()
        self.sock.close()


def stock_server(directory, name, *features):
    """The bare server; features: METADATA, NOTIFY."""
    path = f"{directory}/{name}.conf"
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(feature[dovecot_version()] for feature in features)
    return Server(directory, name, includes=[path], plain=True)


@contextlib.contextmanager
def beside_stock(**stock):
    """Servers by name, running: "bare", one for each of stock with these
    features, and "ours". Nothing of them stays."""
    directory, servers = run_dir(), {}
    try:
        for name, features in {"bare": [], **stock}.items():
            servers[name] = stock_server(directory, name, *features)
        servers["ours"] = Server(directory, "ours", NO_BUDGETS)
        for server in servers.values():
            server.start()
        yield servers
    finally:
        for server in servers.values():
            server.stop()
        shutil.rmtree(directory, ignore_errors=True)


def add_verified(server, user, device, **fields):
    """A device the admin vouches for: no round trip with the endpoint."""
    server.doveadm("lemonade", "device", "add", "-u", user.name,
                   "--verified", device, json.dumps(fields), check=True)


def fill(user, count, at_once=500):
    """INBOX with so many small messages that nobody has read, selected in a
    session of its own."""
    session = user.imap()
    for first in range(0, count, at_once):
        mails = [Literal(message(subject=f"old {n}")) for n in
                 range(first, min(count, first + at_once))]
        session.must("APPEND", "INBOX", *mails)
    session.select()
    return session


def median(values):
    return statistics.median(values)


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def run_dir():
    directory = tempfile.mkdtemp(prefix="lemo-bench-")
    os.chmod(directory, 0o755)
    os.mkdir(f"{directory}/etc")
    namespace.enter(f"{directory}/etc")
    return directory


def compile_c(name, directory, *libs):
    """A yardstick program; returns its path."""
    path = f"{directory}/{name}"
    subprocess.run(["gcc", "-O2", "-Wall", "-W", f"{HERE}/{name}.c", "-o",
                    path, *libs], check=True)
    return path


__all__ = ["Endpoints", "HERE", "Lmtp", "METADATA", "NOTIFY", "NO_BUDGETS",
           "NameServer", "Server", "add_verified",
           "beside_stock", "compile_c", "dovecot_version", "fill", "median", "message", "percentile",
           "run_dir", "stock_server"]
