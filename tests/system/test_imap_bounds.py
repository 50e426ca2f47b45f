"""SC-15, SC-16: what a client can make its imap process hold: events that it
does not read, and input that is far longer than what it sent."""

import contextlib
import time
import zlib

import pytest

from lemotest import wait
from lemotest.imap import Literal
from lemotest.server import is_alive
from lemotest.users import message

# KB that a process may grow by
ROOM = 700
# zlib's windows come on top
COMPRESS_ROOM = 3000


def status(pid, name):
    """KB"""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f
                    if line.startswith(name + ":"))


@contextlib.contextmanager
def small_socket_buffers():
    """Of new connections in our network namespace: what the kernel keeps for
    who does not read is not the process's."""
    paths = [f"/proc/sys/net/ipv4/tcp_{name}mem" for name in "rw"]
    before = []
    for path in paths:
        with open(path, encoding="ascii") as f:
            before.append(f.read())
        with open(path, "w", encoding="ascii") as f:
            f.write("4096 4096 16384")
    try:
        yield
    finally:
        for path, value in zip(paths, before):
            with open(path, "w", encoding="ascii") as f:
                f.write(value)


def connect(server, user):
    """(session, pid) that was not there before."""
    others = set(server.pids("imap"))
    session = user.imap()
    pid, = set(server.pids("imap")) - others
    return session, pid


@pytest.fixture
def deaf(server):
    """(server, user, session, pid): a session whose client never reads
    again, once it has sent its commands."""
    user = server.user("sdbox")
    with small_socket_buffers():
        session, pid = connect(server, user)
    yield server, user, session, pid
    session.close()
    server.sessions.remove(session)


def test_sc_15_bodies_are_not_read(deaf):
    _, user, session, pid = deaf
    session.select()
    session.must("NOTIFY SET (selected "
                 "(MessageNew (UID BODY.PEEK[]) MessageExpunge))")
    time.sleep(1.2)     # Dovecot begins to watch
    before = status(pid, "RssAnon")
    line = "x" * 70 + "\r\n"
    for _ in range(8):
        user.deliver(body=line * 15000)
    user.session.select()
    wait.never(lambda: status(pid, "RssAnon") > before + ROOM, 2,
               "it keeps what is not read")
    # others are served
    assert user.session.must("UID SEARCH ALL").find(rb" 8$")


def test_sc_15_idle_is_not_read(deaf):
    _, user, session, pid = deaf
    for _ in range(50):
        user.session.append("INBOX", message())
    session.select()
    session.idle()
    before = status(pid, "RssAnon")
    other = user.imap()
    other.select()
    keywords = " ".join(letter * 50 for letter in "abcdefghijklmnopqrst")
    for n in range(40):
        other.must(f"STORE 1:* {'+-'[n % 2]}FLAGS.SILENT ({keywords})")
        time.sleep(0.1)
    assert status(pid, "RssAnon") < before + ROOM


DEEP = "/".join(letter * 200 for letter in "abcdefghijkl")


def test_sc_15_status_is_not_read(deaf):
    """RFC 5465 section 5.8: notifications end when they are not read."""
    _, user, session, pid = deaf
    names = [f"{DEEP}/{n}" for n in range(64)]
    for name in names:
        user.session.must("CREATE", name)
    session.must("NOTIFY SET (personal (MessageNew MessageExpunge))")
    before = status(pid, "RssAnon")
    mail = Literal(b"Subject: x\r\n\r\n")
    for _ in range(20):
        begin = time.monotonic()
        for name in names:
            user.session.must("APPEND", name, mail)
        # changes of half a second are told together
        time.sleep(max(0, 0.55 - (time.monotonic() - begin)))
        if not is_alive(pid):
            return
    assert status(pid, "RssAnon") < before + ROOM


# -- COMPRESS

class Deflated:
    """An IMAP session that has said COMPRESS DEFLATE."""

    def __init__(self, session):
        session.must("COMPRESS DEFLATE")
        self.sock = session.sock
        self.inflate = zlib.decompressobj(-15)
        self.deflate = zlib.compressobj(9, zlib.DEFLATED, -15)

    def send(self, data):
        self.send_packed(self.deflate.compress(data) +
                         self.deflate.flush(zlib.Z_SYNC_FLUSH))

    def send_packed(self, data):
        self.sock.sendall(data)

    def read_until(self, what):
        """All that was said; ends early where the server does."""
        said = b""
        while what not in said:
            data = self.sock.recv(65536)
            if not data:
                break
            said += self.inflate.decompress(data)
        return said


@pytest.fixture
def deflated(make_server):
    """(user, session, pid)"""
    server = make_server(notifier=False)
    user = server.user("sdbox")
    session, pid = connect(server, user)
    deflated = Deflated(session)
    deflated.send(b"a NOOP\r\n")
    assert b"a OK" in deflated.read_until(b"a OK")
    return user, deflated, pid


def bomb(deflated, pid, octets, chunk=b"x" * (1 << 20)):
    """Octets of one line, a thousandth of that on the wire. Returns the peak of
    the process, which may end meanwhile."""
    peak = status(pid, "VmHWM")
    with contextlib.suppress(ConnectionError, FileNotFoundError,
                             ProcessLookupError, StopIteration):
        for _ in range(octets // len(chunk)):
            deflated.send(chunk)
            peak = status(pid, "VmHWM")
    return peak


def test_sc_16_endless_line(deflated):
    user, session, pid = deflated
    before = status(pid, "VmHWM")
    assert bomb(session, pid, 200 << 20) < before + COMPRESS_ROOM
    with contextlib.suppress(ConnectionError):
        session.send(b"\r\nb NOOP\r\n")
        assert b" BAD " in session.read_until(b"b OK")
    assert user.imap().must("NOOP").ok


def test_sc_16_endless_string(deflated):
    user, session, pid = deflated
    before = status(pid, "VmHWM")
    session.send(b'b LOGIN "')
    assert bomb(session, pid, 200 << 20) < before + COMPRESS_ROOM
    assert user.imap().must("NOOP").ok


def test_sc_16_literal_that_is_too_long(deflated):
    user, session, pid = deflated
    before = status(pid, "VmHWM")
    session.send(b"b SELECT {%d+}\r\n" % (200 << 20))
    assert bomb(session, pid, 200 << 20) < before + COMPRESS_ROOM
    assert user.imap().must("NOOP").ok


def test_sc_16_large_mail_is_not_held(deflated):
    """What is long and may be so goes to the disk."""
    user, session, pid = deflated
    size = 64 << 20
    before = status(pid, "VmHWM")
    session.send(b"b APPEND INBOX {%d+}\r\n" % size)
    bomb(session, pid, size, b"Subject: bomb\r\n\r\n" + b"x" * ((1 << 20) - 17))
    session.send(b"\r\n")
    assert b"b OK" in session.read_until(b"b ")
    assert status(pid, "VmHWM") < before + COMPRESS_ROOM
    assert user.imap().must("STATUS INBOX (MESSAGES)").find(rb"MESSAGES 1")


