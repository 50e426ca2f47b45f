"""ST-24 to ST-26, ST-28: CATENATE (RFC 4469), UIDPLUS (RFC 4315)."""

import re

import pytest

from conftest import MAIL_SIZE
from lemotest.imap import Literal, quote
from lemotest.server import is_24
from lemotest.users import message

NOWHERE = "/nowhere/;UID=1"
PART = b"A part.\r\n\r\nWith\ttabs  and 8-bit \xc3\xbc.\r\n"
MAIL = (b"From: joe@remote.test\r\nSubject: parts\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="=_lemo"\r\n\r\n'
        b"--=_lemo\r\nContent-Type: text/plain\r\n\r\n" + PART +
        b"\r\n--=_lemo\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + b"QUJD\r\n" * 40 +
        b"\r\n--=_lemo--\r\n")


@pytest.fixture
def user(store_server):
    return store_server.user("maildir")


@pytest.fixture
def imap(user):
    """With MAIL as UID 1 of INBOX, which is selected."""
    session = user.imap()
    session.append("INBOX", MAIL)
    session.select()
    return session


def url(user, rest, mailbox="INBOX"):
    return f"/{mailbox};UIDVALIDITY={user.session.uidvalidity()}/;{rest}"


def catenate(imap, *pieces, mailbox="Drafts", flags="(\\Draft)"):
    """str: a URL; bytes: text."""
    data = b"CATENATE ("
    for n, piece in enumerate(pieces):
        data += b" " if n else b""
        if isinstance(piece, bytes):
            data += b"TEXT {%d+}\r\n%s" % (len(piece), piece)
        else:
            data += b'URL "' + piece.encode() + b'"'
    return imap.cmd("APPEND", quote(mailbox), flags, data + b")")


def appended(response):
    """The UID."""
    match = re.match(r"\[APPENDUID (\d+) (\d+)\] ", response.text)
    assert response.ok and match, response
    return int(match.group(2))


def fetch(imap, uid, section="", mailbox=None):
    if mailbox:
        imap.select(mailbox)
    response = imap.must("UID", "FETCH", str(uid), f"(BODY.PEEK[{section}])")
    line = next(line for line in response.untagged if b"BODY[" in line)
    match = re.search(rb"BODY\[[^]]*\] (?:\{(\d+)\}\r\n|\"([^\"]*)\")", line)
    if match.group(1) is None:
        return match.group(2)
    return line[match.end():match.end() + int(match.group(1))]


def count(imap, mailbox):
    return int(imap.must("STATUS", quote(mailbox), "(MESSAGES)")
               .find(rb"MESSAGES (\d+)").group(1))


def test_st_24_text_and_urls(user, imap):
    """Octet by octet, with what FETCH says of the same sections; neither
    \\Seen nor the selected mailbox is touched."""
    sections = {"HEADER": b"", "1": b"", "2": b"", "TEXT": b"", "1.MIME": b""}
    for section in sections:
        sections[section] = fetch(imap, 1, section)
    assert sections["1"] == PART
    text = b"Subject: forwarded\r\n\r\nLook \xc3\xa4t:\r\n"
    response = catenate(imap, text, *[url(user, f"UID=1/;SECTION={name}")
                                      for name in sections], b"End.\r\n")
    uid = appended(response)
    assert b"\\Seen" not in imap.must("FETCH", "1", "FLAGS").untagged[0]
    other = user.imap()
    assert fetch(other, uid, mailbox="Drafts") == \
        text + b"".join(sections.values()) + b"End.\r\n"
    flags = other.must("UID", "FETCH", str(uid), "FLAGS").untagged[0]
    assert b"\\Draft" in flags and b"\\Seen" not in flags


def test_st_24_whole_messages_and_relative_to_the_mailbox(user, imap):
    """Without a section it is the message; of a selected mailbox the name
    may be left out; one may copy into the mailbox itself."""
    uid = appended(catenate(imap, url(user, "UID=1")))
    again = appended(catenate(imap, "/INBOX/;UID=1", mailbox="INBOX"))
    assert again == 2 and fetch(imap, again) == MAIL
    assert appended(catenate(imap, ";UID=1/;SECTION=1", mailbox="INBOX"))
    assert fetch(imap, 3) == PART
    assert fetch(user.imap(), uid, mailbox="Drafts") == MAIL


def test_st_24_nothing_selected(user, imap):
    """It works in the authenticated state, and from other mailboxes."""
    imap.must("CREATE", '"&ANw-bung"')
    imap.must("COPY", "1", '"&ANw-bung"')
    other = user.imap()
    assert appended(catenate(other, url(user, "UID=1"), b"x\r\n"))
    assert other.cmd("FETCH", "1", "FLAGS").status == "BAD"
    imap.must("CREATE", '"a b"')
    imap.must("COPY", "1", '"a b"')
    assert appended(catenate(other, "/a%20b/;UID=1"))
    assert appended(catenate(other, "/%C3%9Cbung/;UID=1"))


def test_st_25_bad_urls(user, imap):
    """The first one that fails is named, and nothing is appended."""
    good = url(user, "UID=1/;SECTION=1")
    for bad in (url(user, "UID=999"), "/INBOX/;UID=0",
                "/INBOX;UIDVALIDITY=1/;UID=1", NOWHERE, "/INBOX",
                "/INBOX/;UID=x", "http://remote.test/",
                "imap://remote.test/INBOX/;UID=1",
                f"imap://{user.name}@lemo.test/INBOX/;UID=1", ""):
        response = catenate(imap, good, b"text\r\n", bad,
                            url(user, "UID=998"))
        assert response.status == "NO", (bad, response)
        # 2.3 has a text only, and no code, where a mailbox is wrong
        assert response.text.startswith(f"[BADURL {bad}] ") or \
            (bad in (NOWHERE, "/INBOX", "") and not is_24()), response
    assert count(imap, "Drafts") == 0
    assert imap.cmd("NOOP").ok


def test_st_25_other_users_mail(user, imap, store_server):
    """Is nobody's to catenate."""
    other = store_server.user("maildir")
    other.session.append("INBOX", MAIL)
    for bad in (f"/shared/{other.name}/INBOX/;UID=1",
                f"imap://{other.name}@localhost/INBOX/;UID=1"):
        response = catenate(imap, bad)
        assert response.status == "NO", response
        assert response.text.startswith("[BADURL "), response
    assert count(imap, "Drafts") == 0


def test_st_25_badurl_is_one_code(user, imap):
    """A URL that is a literal may have octets that a response code cannot:
    the answer stays one line, and the code ends at its bracket."""
    for bad in (b"/INBOX/;UID=1\r\nz OK x", b"/a] b/;UID=1", b"/\x01/;UID=1"):
        imap.write(b"z APPEND Drafts CATENATE (URL {%d+}\r\n%s)\r\n" %
                   (len(bad), bad))
        response = imap.finish(b"z")
        assert response.status == "NO" and not response.untagged, response
        match = re.match(r"\[BADURL ([^\]]*)\] [\x20-\x7e]*$", response.text)
        assert match, response
        assert not re.search(r"[\x00-\x1f]", match.group(1))
    assert imap.cmd("NOOP").ok


def test_st_25_bad_syntax(user, imap):
    # 2.3 reads beyond the arguments of "(URL)" and ends
    for bad in (b"()", b'(TEXT "x")', b"(FOO {1+}\r\nx)",
                b'URL "/INBOX/;UID=1"'):
        response = imap.cmd("APPEND", "Drafts", b"CATENATE " + bad)
        assert response.status in ("BAD", "NO"), (bad, response)
        assert imap.cmd("NOOP").ok
    assert count(imap, "Drafts") == 0


def test_st_26_too_big(user, imap):
    """Beyond the administrator's limit: TOOBIG, whether it is catenated of
    URLs or of text, and nothing stays of it."""
    half = message(body=("x" * 70 + "\r\n") * (MAIL_SIZE * 1024 // 72 // 2))
    imap.append("INBOX", half)
    one = url(user, "UID=2")
    for pieces in ((one, one, one), (one, half, half)):
        response = catenate(imap, *pieces)
        assert response.status == "NO", response
        assert response.text.startswith("[TOOBIG] "), response
        assert imap.cmd("NOOP").ok
    assert count(imap, "Drafts") == 0
    assert appended(catenate(imap, one))


def test_st_26_too_big_in_one_piece(user, imap):
    mail = message(body=("x" * 70 + "\r\n") * (MAIL_SIZE * 1024 // 70))
    response = imap.cmd("APPEND", "Drafts", Literal(mail))
    assert response.status == "NO", response
    assert response.text.startswith("[TOOBIG] "), response


def test_st_26_more_than_can_be_counted(user, imap):
    """Announced only: no octet of it is waited for."""
    imap.write(b"z APPEND Drafts CATENATE (TEXT {1+}\r\nx "
               b"TEXT {18446744073709551615}\r\n")
    line = imap._line()
    assert line.startswith((b"z NO [TOOBIG] ", b"z BAD ")), line
    imap.must("NOOP")
    assert count(imap, "Drafts") == 0


def deleted(imap, uids):
    imap.must("UID", "STORE", uids, "+FLAGS.SILENT", "(\\Deleted)")


def test_st_28_uid_expunge(user, imap):
    """Of the messages with \\Deleted only those that are named."""
    for _ in range(5):
        imap.append("INBOX", message())
    deleted(imap, "2,3,5")
    response = imap.must("UID", "EXPUNGE", "3:4")
    assert [line for line in response.untagged if b"EXPUNGE" in line] == \
        [b"* 3 EXPUNGE"]
    assert imap.must("UID", "SEARCH", "ALL").find(rb"SEARCH 1 2 4 5 6$")
    assert imap.must("UID", "SEARCH", "DELETED").find(rb"SEARCH 2 5$")
    for bad in ((), ("x",), ("0",), ("1:",)):
        assert imap.cmd("UID", "EXPUNGE", *bad).status == "BAD"
    assert imap.must("UID", "EXPUNGE", "100").untagged == []


def test_st_28_appenduid_and_copyuid(user, imap):
    """With the UIDs that the messages have there; a single one is no set."""
    validity = {name: user.session.uidvalidity(name)
                for name in ("INBOX", "Drafts")}
    response = imap.append("Drafts", MAIL)
    assert response.text.startswith(f"[APPENDUID {validity['Drafts']} 1] ")
    response = imap.must("APPEND", "Drafts", *[Literal(MAIL)] * 3)
    assert response.text.startswith(f"[APPENDUID {validity['Drafts']} 2:4] ")
    imap.append("INBOX", MAIL)
    imap.must("NOOP")
    response = imap.must("UID", "COPY", "1", "Drafts")
    assert response.text.startswith(f"[COPYUID {validity['Drafts']} 1 5] ")
    response = imap.must("UID", "COPY", "1:2", "Drafts")
    assert response.text.startswith(
        f"[COPYUID {validity['Drafts']} 1:2 6:7] ")
    assert "COPYUID" not in imap.must("UID", "COPY", "99", "Drafts").text
    response = imap.must("UID", "MOVE", "2", "Drafts")
    assert response.find(rb"\* OK \[COPYUID %d 2 8\]" % validity["Drafts"])


def test_st_28_uidplus_without_select_rights(user, store_server):
    """The UIDs of a mailbox that one may only put into stay unknown, and the
    message is there."""
    owner = store_server.user("maildir")
    owner.session.must("CREATE", "Drop")
    owner.session.must("SETACL", "Drop", user.name, "lip")
    imap = user.imap()
    response = imap.append(f"shared/{owner.name}/Drop", MAIL)
    assert response.ok
    assert count(owner.session, "Drop") == 1
