"""What no client should send to the commands that Lemonade adds to or looks
into: refused with BAD, or NO and its code; the session goes on, and memory is
bounded."""

import re

import pytest

from lemotest.server import children, is_24
from lemotest.users import message

LINE_MAX = 64 * 1024        # imap_max_line_length
GROWS = 24 * 1024           # kilobytes that a session may
PUSH = "/private/vendor/vendor.lemonade/push/phone"
FILTER = "/private/filters/values/f"

ODD = {
    "NUL": b"{3+}\r\na\0b",
    "NUL in literal8": b"~{3+}\r\na\0b",
    "8-bit atom": b"gr\xfc\xdf",
    "8-bit string": b'"gr\xfc\xdf"',
    "8-bit literal": b"{4+}\r\ngr\xfc\xdf",
    "bad UTF-7": b'"&Jjo!-&"',
    "8-bit UTF-7": b'"&\xc3\xbc-"',
    "line break": b"{4+}\r\na\r\nb",
    "open string": b'"abc',
    "open list": b"((((",
    "closed list": b"))))",
    "deep list": b"(" * 3000 + b")" * 3000,
    "number": b"99999999999999999999999999",
    "no number": b"-1",
    "long atom": b"x" * 8000,
    "long string": b'"' + b"y" * 8000 + b'"',
    "backslash": b'"a\\',
    "literal of a huge size": b"{99999999999999999999999+}",
    "many": b" ".join([b"x"] * 4000),
    "nothing": b"",
}
COMMANDS = {
    "ENABLE": b"ENABLE %s",
    "ENABLE known": b"ENABLE CONDSTORE %s",
    "COMPRESS": b"COMPRESS %s",
    "COMPRESS DEFLATE": b"COMPRESS DEFLATE x %s",
    "ID": b'ID ("deviceClientId" %s)',
    "ID name": b'ID (%s "x")',
    "GETMETADATA mailbox": b"GETMETADATA %s (" + PUSH.encode() + b")",
    "GETMETADATA entry": b'GETMETADATA "" (' + PUSH.encode() + b"/%s)",
    "GETMETADATA options": b'GETMETADATA (DEPTH %s) "" '
                           b"/private/vendor/vendor.lemonade",
    "SETMETADATA device": b'SETMETADATA "" (' + PUSH.encode() + b" %s)",
    "SETMETADATA filter": b'SETMETADATA "" (' + FILTER.encode() + b" %s)",
    "SETMETADATA entry": b'SETMETADATA "" (/private/filters/values/%s "ALL")',
    "SEARCH FILTER": b"SEARCH FILTER %s",
    "SEARCH NOT FILTER": b"UID SEARCH RETURN (COUNT) NOT (FILTER %s)",
    "SORT": b"SORT (SUBJECT) UTF-8 FILTER %s",
    "THREAD": b"THREAD REFERENCES UTF-8 FILTER %s",
    "charset": b"SEARCH CHARSET %s FILTER f",
    "CATENATE URL": b"APPEND Drafts CATENATE (URL %s)",
    "CATENATE TEXT": b"APPEND Drafts CATENATE (TEXT %s)",
}


# where Dovecot ends the session: it cannot know how much to skip; 2.3 reads
# beyond the arguments of a URL that is missing
ENDS = {"literal of a huge size", ("CATENATE URL", "nothing"),
        ("CATENATE URL", "closed list")}
# what has no code in Dovecot is a name
NO = re.compile(r"z NO (\[[A-Z-]+( [^\]]*)?\] |Mailbox|Invalid mailbox|"
                r"Character not allowed in mailbox)")


@pytest.fixture
def user(server):
    user = server.user()
    user.session.append("INBOX", message())
    user.session.select("Drafts")
    assert user.session.setmetadata(FILTER, "SUBJECT hello").ok
    return user


class Session:
    """One of a user, and its process."""

    def __init__(self, user):
        self.user = user
        self.renew()

    def renew(self):
        before = self.pids()
        self.imap = self.user.imap()
        self.pid, = self.pids() - before
        self.imap.select()

    def pids(self):
        server = self.user.server
        return {pid for pid, name in children(server.process.pid).items()
                if name == "imap"}

    def rss(self):
        """Kilobytes."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as f:
            return int(re.search(r"VmRSS:\s+(\d+) kB", f.read()).group(1))

    def goes_on(self):
        return self.imap.must("NOOP")


@pytest.fixture
def session(user):
    return Session(user)


def answer(imap, line):
    """The tagged answer, or None if the server said BYE. Other lines may
    come: a command that ended early leaves its rest for one without a tag."""
    lines = []
    try:
        imap.write(b"z " + line + b"\r\n")
        imap.write(b"y NOOP\r\n")
        while not lines or not lines[-1].startswith((b"y ", b"* BYE")):
            lines.append(imap._line())
    except TimeoutError:
        pytest.fail(f"no answer to {line[:60]}")
    except (EOFError, ConnectionError):
        return None
    found = [line for line in lines if line.startswith(b"z ")]
    return found[0].decode("utf-8", "replace") if found else None


@pytest.mark.parametrize("name", COMMANDS)
def test_odd_arguments(session, name):
    """Each command with each oddity: an answer that IMAP has, on one line,
    and the session is as good as before."""
    # file names that are too long, and ENDS
    session.user.server.log.expect("[xy]{1000}|name too long")
    if name == "CATENATE URL" and not is_24():
        session.user.server.log.expect("signal 11")
    for odd, data in ODD.items():
        line = answer(session.imap, COMMANDS[name] % data)
        if line is None:
            assert (name, odd) in ENDS or odd in ENDS, \
                (odd, session.imap.transcript[-3:])
            session.renew()
            continue
        status = line.split(" ")[1]
        assert status in ("OK", "NO", "BAD"), (odd, line)
        if status == "NO":
            assert NO.match(line), (odd, line)
        session.goes_on()
    assert session.user.session.setmetadata(FILTER, "SUBJECT hello").ok
    found = session.imap.must("SEARCH", "FILTER", "f")
    assert found.find(rb"^\* SEARCH 1$")
    assert session.user.get_device("phone") is None


def test_memory_is_bounded(session):
    """The same oddities and huge arguments, many times: what a session holds
    does not grow with them."""
    huge = (b"1:*," * (LINE_MAX // 4 - 100) + b"1",
            b",".join(b"%d:%d" % (n, n + 1) for n in range(1, 9000, 2)),
            b"1:4294967295", b"4294967295:1", b"*:*")
    lines = [b"%s %s" % (command, numbers) + rest
             for numbers in huge
             for command, rest in ((b"UID FETCH", b" (FLAGS)"),
                                   (b"SEARCH FILTER f UID", b""),
                                   (b"UID STORE", b" +FLAGS.SILENT ($X)"))]
    lines += [b"SEARCH " + b"NOT " * 5000 + b"FILTER f",
              b"SEARCH " + b"(" * 5000 + b"FILTER f" + b")" * 5000,
              b"SEARCH " + b"OR FILTER f " * 3000 + b"ALL",
              b"SEARCH " + b"FILTER f " * 5000,
              b"ENABLE " + b"X-NONE " * 8000 + b"X",
              b"ID (" + b'"deviceClientId" "phone" ' * 2000 + b")",
              b'GETMETADATA "" (' + (PUSH.encode() + b" ") * 900 + b")",
              b"COMPRESS " + b"x" * (LINE_MAX - 100)]

    def all_lines():
        for line in lines:
            found = answer(session.imap, line)
            assert found is not None, line[:60]
            assert found.split(" ")[1] in ("OK", "NO", "BAD"), found
            session.goes_on()
    all_lines()
    before = session.rss()
    for _ in range(3):
        all_lines()
    assert session.rss() - before < GROWS, (before, session.rss())


def test_too_long_is_refused(session):
    """Lines and literals beyond Dovecot's limits."""
    for line in (b"ENABLE " + b"x" * (2 * LINE_MAX),
                 b"SEARCH FILTER " + b"x" * (2 * LINE_MAX),
                 b'SETMETADATA "" (' + FILTER.encode() + b" {%d+}\r\n" %
                 (4 * LINE_MAX) + b"x" * 4 * LINE_MAX + b")"):
        before = session.rss()
        found = answer(session.imap, line)
        assert found is None or found.split(" ")[1] in ("BAD", "NO"), found
        if found is None:
            session.renew()
        else:
            session.goes_on()
            assert session.rss() - before < GROWS
    assert session.imap.must("SEARCH", "FILTER", "f").find(rb"SEARCH 1$")


def test_parts_of_commands(session):
    """Arguments that come in pieces are waited for, and read once."""
    for pieces in ((b"a ENA", b"BLE", b" X-NO", b"NE", b"\r\n"),
                   (b"a ENABLE {", b"6+}\r", b"\nX-NO", b"NE", b"\r\n"),
                   (b"a COMPRESS ", b"LZ", b"W\r", b"\n")):
        for piece in pieces:
            session.imap.write(piece)
        assert session.imap.finish(b"a").status in ("OK", "BAD")
        session.goes_on()
