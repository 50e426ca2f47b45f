"""ST-08 to ST-13: BINARY (RFC 3516), in every kind of mailbox."""

import base64
import os
import re

import pytest

from lemotest.imap import Literal8, quote

DATA = bytes(range(256)) * 3        # has NULs
TEXT = "Grüße\r\nund mehr\r\n".encode() * 4
BOUNDARY = "=_lemo"
VIRTUAL = "Virtual/all"


@pytest.fixture(params=["maildir", "sdbox"])
def user(request, store_server):
    return store_server.user(request.param)


def part(data, encoding, mime="application/octet-stream"):
    head = (f"Content-Type: {mime}\r\n"
            f"Content-Transfer-Encoding: {encoding}\r\n\r\n").encode()
    if encoding == "base64":
        data = base64.encodebytes(data).replace(b"\n", b"\r\n")
    return head + data


def multipart(*parts):
    head = ("From: joe@remote.test\r\nSubject: parts\r\nMIME-Version: 1.0\r\n"
            f"Content-Type: multipart/mixed; boundary=\"{BOUNDARY}\"\r\n\r\n")
    delimiter = f"--{BOUNDARY}".encode()
    return (head.encode() + b"".join(delimiter + b"\r\n" + data + b"\r\n"
                                     for data in parts)
            + delimiter + b"--\r\n")


ONE = part(b"Hello.\r\n", "7bit", "text/plain; charset=us-ascii")


def binary_mail():
    """With a part that is binary as it stands."""
    return multipart(ONE, part(DATA, "binary"))


@pytest.fixture
def imap(user):
    session = user.imap()
    session.append("INBOX", multipart(
        ONE, part(DATA, "base64"), part(TEXT, "base64", "text/plain; "
                                        "charset=utf-8")))
    session.select()
    return session


def item(response, name):
    """The literal (or string) of an item in the only FETCH response: what
    introduces it, and the octets."""
    line = next(line for line in response.untagged if b" FETCH (" in line)
    match = re.search(re.escape(name.encode()) +
                      rb' (?:(~?)\{(\d+)\}\r\n|"([^"]*)"|(NIL))', line)
    assert match, (name, response)
    if match.group(2) is None:
        return "quoted", match.group(3)
    start, size = match.end(), int(match.group(2))
    return match.group(1).decode() + "{}", line[start:start + size]


def seen(imap):
    return b"\\Seen" in imap.must("UID", "FETCH", "1", "FLAGS").untagged[0]


def test_st_08_decoded_parts(imap):
    """Size and octets agree, and partial is of the decoded ones."""
    for number, data in ((1, b"Hello.\r\n"), (2, DATA), (3, TEXT)):
        response = imap.must("UID", "FETCH", "1",
                             f"(BINARY.SIZE[{number}] BINARY.PEEK[{number}])")
        assert item(response, f"BINARY[{number}]")[1].rstrip(b"\r\n") == \
            data.rstrip(b"\r\n")
        size = int(response.find(rb"BINARY.SIZE\[%d\] (\d+)" %
                                 number).group(1))
        assert size == len(item(response, f"BINARY[{number}]")[1])
    response = imap.must("UID", "FETCH", "1", "(BINARY.PEEK[2]<3.4>)")
    assert item(response, "BINARY[2]<3>")[1] == DATA[3:7]
    response = imap.must("UID", "FETCH", "1", "(BINARY.PEEK[2]<700.900>)")
    assert item(response, "BINARY[2]<700>")[1] == DATA[700:]
    response = imap.must("UID", "FETCH", "1", "(BINARY.PEEK[2]<5000.9>)")
    assert item(response, "BINARY[2]<5000>")[1] == b""
    assert not seen(imap)


def test_st_08_peek_leaves_seen_alone(imap):
    imap.must("UID", "FETCH", "1", "(BINARY.SIZE[2] BINARY.PEEK[2])")
    assert not seen(imap)
    response = imap.must("UID", "FETCH", "1", "(BINARY[2])")
    assert item(response, "BINARY[2]")[1] == DATA
    assert seen(imap)


def test_st_08_bad_sections(imap):
    for bad in ("BINARY[x]", "BINARY[2.x]", "BINARY[2", "BINARY[2]<x.1>",
                "BINARY"):
        response = imap.cmd("UID", "FETCH", "1", f"({bad})")
        assert response.status == "BAD", (bad, response)
    assert imap.cmd("NOOP").ok


def test_st_09_literal8_for_nul_only(imap):
    response = imap.must("UID", "FETCH", "1",
                         "(BINARY.PEEK[1] BINARY.PEEK[2] BINARY.PEEK[3])")
    assert item(response, "BINARY[2]") == ("~{}", DATA)
    for number, data in ((1, b"Hello."), (3, TEXT)):
        kind, found = item(response, f"BINARY[{number}]")
        assert found.rstrip() == data.rstrip()
        assert kind in ("{}", "quoted"), number


def test_st_10_unknown_encoding(imap):
    """For the octets and for their number; the encoded ones can be had, and
    so can other parts."""
    imap.append("INBOX", multipart(ONE, part(b"???", "x-nonsense")))
    imap.must("NOOP")
    for what in ("BINARY.PEEK[2]", "BINARY.SIZE[2]", "BINARY.PEEK[2]<0.2>",
                 "BINARY.PEEK[]"):
        response = imap.cmd("UID", "FETCH", "2", f"({what})")
        assert response.status == "NO", (what, response)
        assert response.text.startswith("[UNKNOWN-CTE] "), response
    assert b"\\Seen" not in imap.must("UID", "FETCH", "2",
                                      "FLAGS").untagged[0]
    response = imap.must("UID", "FETCH", "2", "(BODY.PEEK[2])")
    assert item(response, "BODY[2]")[1].strip() == b"???"
    response = imap.must("UID", "FETCH", "2",
                         "(BINARY.SIZE[1] BINARY.PEEK[1])")
    data = item(response, "BINARY[1]")[1]
    assert data.strip() == b"Hello."
    assert response.find(rb"BINARY.SIZE\[1\] %d\b" % len(data))


def append_binary(imap, mailbox):
    """The data's part comes back as it was, and as base IMAP can have it."""
    response = imap.must("APPEND", quote(mailbox), Literal8(binary_mail()))
    uid = re.match(r"\[APPENDUID \d+ (\d+)\] ", response.text)
    # a virtual mailbox has it when it is looked at
    assert uid or mailbox == VIRTUAL
    imap.select(mailbox)
    response = imap.must("UID", "FETCH", uid.group(1) if uid else "*",
                         "(BINARY.PEEK[2] BINARY.SIZE[2] BODYSTRUCTURE "
                         "BODY.PEEK[2])")
    assert item(response, "BINARY[2]") == ("~{}", DATA)
    assert response.find(rb"BINARY.SIZE\[2\] %d\b" % len(DATA))
    structure = response.find(rb"BODYSTRUCTURE \((.*)\)").group(1).upper()
    assert b'"BINARY"' not in structure
    kind, body = item(response, "BODY[2]")
    assert kind == "{}" and b"\0" not in body
    assert b'"BASE64"' in structure and base64.b64decode(body) == DATA


def test_st_11_append_of_literal8(user):
    append_binary(user.imap(), "INBOX")


def test_st_11_literal8_by_permission(user):
    """The synchronising form asks first."""
    imap, mail = user.imap(), binary_mail()
    imap.write(b"a APPEND INBOX ~{%d}\r\n" % len(mail))
    assert imap._line().startswith(b"+ ")
    imap.write(mail + b"\r\n")
    assert imap.finish(b"a").text.startswith("[APPENDUID ")


def test_st_11_nul_in_a_plain_literal(user):
    """RFC 3501 has no NULs in literals: refused, or kept as octets are in
    literal8, but nothing is lost silently."""
    imap, mail = user.imap(), binary_mail()
    response = imap.cmd("APPEND", "INBOX", b"{%d+}\r\n" % len(mail) + mail)
    assert imap.cmd("NOOP").ok
    if response.ok:
        imap.select()
        fetched = imap.must("FETCH", "1", "(BODY.PEEK[])").untagged[0]
        assert b"\0" not in fetched


def test_st_12_binary_in_every_mailbox(user, store_server):
    """INBOX, one's own, a shared and a virtual one; never UNKNOWN-CTE."""
    imap = user.imap()
    imap.must("CREATE", "Mine")
    directory = f"{user.home}/virtual/all"
    os.makedirs(directory)
    with open(f"{directory}/dovecot-virtual", "w", encoding="utf-8") as f:
        f.write("!INBOX\n  all\n")
    for path in (f"{user.home}/virtual", directory):
        os.chown(path, user.uid, user.uid)
    owner = store_server.user("maildir")
    owner.session.must("CREATE", "Ours")
    owner.session.must("SETACL", "Ours", user.name, "lrswipkxte")
    for mailbox in ("INBOX", "Mine", f"shared/{owner.name}/Ours", VIRTUAL):
        append_binary(imap, mailbox)


def test_st_13_text_has_line_breaks_of_imap(user):
    """However it is stored (Maildir: LF) and encoded."""
    imap = user.imap()
    imap.append("INBOX", multipart(
        part(b"one\r\ntwo\r\n", "8bit", "text/plain"),
        part(b"one=\r\n\r\ntwo\r\n", "quoted-printable", "text/plain")))
    imap.select()
    response = imap.must("FETCH", "1",
                         "(BINARY.PEEK[1] BINARY.PEEK[2] BODYSTRUCTURE)")
    for number in (1, 2):
        data = item(response, f"BINARY[{number}]")[1]
        assert data.rstrip() == b"one\r\ntwo"
        assert not re.search(rb"(?<!\r)\n", data)


def test_st_13_structure_is_of_what_body_returns(user):
    """A binary part is described as base IMAP gets it, and so is a whole
    binary message."""
    imap = user.imap()
    whole = (b"From: joe@remote.test\r\nMIME-Version: 1.0\r\n" +
             part(DATA, "binary"))
    imap.must("APPEND", "INBOX", Literal8(whole))
    imap.select()
    response = imap.must("FETCH", "1", "(BODYSTRUCTURE BODY.PEEK[] BINARY.PEEK"
                         "[1] BODY.PEEK[HEADER] BODY.PEEK[1])")
    assert b'"BINARY"' not in response.untagged[0].upper()
    assert item(response, "BINARY[1]") == ("~{}", DATA)
    assert base64.b64decode(item(response, "BODY[1]")[1]) == DATA
    assert b"\0" not in item(response, "BODY[]")[1]
    assert b"base64" in item(response, "BODY[HEADER]")[1].lower()
