"""ST: how a session begins, is protected, compressed and pipelined."""

import base64
import re
import socket
import ssl

import pytest

from lemotest.imap import Imap, Literal, Response, quote
from lemotest.users import message

# not the server's address: its own is trusted without TLS
STRANGER = "127.0.0.9"
# RFC 5550 3.1, without what other issues bring
CAPABILITIES = {
    "IMAP4rev1", "BINARY", "CATENATE", "COMPRESS=DEFLATE", "CONDSTORE",
    "CONTEXT=SEARCH", "ENABLE", "ESEARCH", "ESORT", "I18NLEVEL=1", "IDLE",
    "LITERAL+", "NAMESPACE", "NOTIFY", "QRESYNC", "SASL-IR", "SORT",
    "UIDPLUS", "URL-PARTIAL"}
MANY = 300      # messages in a mailbox that is worth a quick resync


@pytest.fixture
def user(store_server):
    return store_server.user()


def connect(server, source=None):
    imap = Imap(server.ports["imap"], source=source)
    server.sessions.append(imap)
    return imap


def plain(user, password=None):
    """The response of PLAIN (RFC 4616), in base64."""
    return base64.b64encode(
        f"\0{user.name}\0{password or user.password}".encode()).decode()


def capabilities(text):
    """The set in a CAPABILITY response or code."""
    if isinstance(text, bytes):
        text = text.decode()
    match = re.search(r"CAPABILITY ([^\]\r\n]*)", text)
    assert match, text
    return set(match.group(1).split())


def tls_context(endpoints):
    return ssl.create_default_context(cafile=endpoints.ca_file)


def compress(imap):
    imap.must("COMPRESS", "DEFLATE")
    imap.start_deflate()


def compress_behind(imap, *commands):
    """COMPRESS as the last of a batch: the others' answers."""
    encoded = [imap.encode(*command)
               for command in (*commands, ("COMPRESS", "DEFLATE"))]
    imap.write(b"".join(data for data, _ in encoded))
    *tags, last = [tag for _, tag in encoded]
    found, lines = {}, []
    while last not in found or len(found) <= len(tags):
        lines.append(imap._line())
        tag = lines[-1].partition(b" ")[0]
        if tag == last:
            found[tag] = Response.of([lines.pop()])
            assert found[tag].ok
            imap.start_deflate()
        elif tag != b"*":
            found[tag], lines = Response.of(lines), []
    return [found[tag] for tag in tags]


# -- beginning

def test_st_01_greeting_has_capabilities(store_server):
    """In the first line, and no untagged response is needed."""
    greeting = connect(store_server).greeting
    assert re.match(rb"\* OK \[CAPABILITY IMAP4rev1 [^\]]+\] ", greeting)
    assert {"SASL-IR", "LITERAL+", "ENABLE", "STARTTLS", "AUTH=PLAIN"} <= \
        capabilities(greeting)


def test_st_02_login_has_capabilities(store_server, user):
    """LOGIN and both forms of AUTHENTICATE: all of RFC 5550 3.1 that is
    there already, and nothing that is for before the login only."""
    found = []
    for args in (("LOGIN", quote(user.name), quote(user.password)),
                 ("AUTHENTICATE", "PLAIN", plain(user))):
        imap = connect(store_server)
        response = imap.must(*args)
        assert response.text.startswith("[CAPABILITY IMAP4rev1 "), response
        found.append(capabilities(response.text))
        assert capabilities(imap.must("CAPABILITY").untagged[0]) == found[-1]
    assert found[0] == found[1]
    assert not {"STARTTLS", "LOGINDISABLED", "LITERAL-"} & found[0]
    assert CAPABILITIES - {"COMPRESS=DEFLATE"} <= found[0]


def test_st_05_capability_is_offered(user):
    assert CAPABILITIES <= \
        capabilities(user.imap().must("CAPABILITY").untagged[0])


def test_st_32_namespaces(user):
    """RFC 2342: one's own with an empty prefix, and others'."""
    line, = user.imap().must("NAMESPACE").untagged
    assert re.match(rb'\* NAMESPACE \(\("" "/"\)', line)
    assert re.search(rb'\(\("shared/" "/"\)\)', line)
    assert user.imap().raw(b"NAMESPACE x").status in ("OK", "BAD")


# -- literals and SASL

def test_st_33_literals_need_no_permission(store_server, user):
    """RFC 7888: one write, no continuation, of any size."""
    imap = connect(store_server)
    name, password = user.name.encode(), user.password.encode()
    imap.write(b"a LOGIN {%d+}\r\n%s {%d+}\r\n%s\r\n" %
               (len(name), name, len(password), password))
    first = imap.finish(b"a")
    assert first.ok and not first.untagged
    mail = message(body="x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 3500)
    imap.write(b"b APPEND INBOX {%d+}\r\n%s\r\nc NOOP\r\n" %
               (len(mail), mail))
    second = imap.finish(b"b")
    assert second.ok and not second.untagged
    assert imap.finish(b"c").ok
    # the synchronising form, too
    imap.write(b"d APPEND INBOX {%d}\r\n" % len(mail))
    assert imap._line().startswith(b"+ ")
    imap.write(mail + b"\r\n")
    assert imap.finish(b"d").ok
    # what is refused is read to its end
    imap.write(b"e APPEND nowhere {%d+}\r\n%s\r\nf NOOP\r\n" %
               (len(mail), mail))
    assert imap.finish(b"e").text.startswith("[TRYCREATE]")
    assert imap.finish(b"f").ok


def test_st_34_initial_response(store_server, user):
    """RFC 4959: with and without it; the answer names the capabilities."""
    imap = connect(store_server)
    response = imap.must("AUTHENTICATE", "PLAIN", plain(user))
    assert response.text.startswith("[CAPABILITY ")
    imap = connect(store_server)
    imap.write(b"b AUTHENTICATE PLAIN\r\n")
    assert imap._line() == b"+ "
    imap.write(plain(user).encode() + b"\r\n")
    assert imap.finish(b"b").ok


def test_st_34_empty_initial_response(store_server, user):
    """"=" is a response of no octets: PLAIN cannot do with that, and is not
    asked again. The session goes on."""
    imap = connect(store_server)
    response = imap.cmd("AUTHENTICATE", "PLAIN", "=")
    assert response.status == "NO" and not response.untagged
    assert imap.cmd("AUTHENTICATE", "PLAIN", "!!!").status in ("NO", "BAD")
    assert imap.must("AUTHENTICATE", "PLAIN", plain(user))


def test_st_34_server_speaks_first(store_server, user):
    """A mechanism without an initial response refuses one: Dovecot with NO,
    where RFC 4959 3 wants BAD."""
    imap = connect(store_server)
    assert "AUTH=CRAM-MD5" in capabilities(imap.greeting)
    response = imap.cmd("AUTHENTICATE", "CRAM-MD5", plain(user))
    assert response.status in ("BAD", "NO"), response
    assert not response.untagged
    assert imap.cmd("NOOP").ok


def test_st_34_wrong_password(store_server, user):
    imap = connect(store_server)
    response = imap.cmd("AUTHENTICATE", "PLAIN", plain(user, "wrong"))
    assert response.status == "NO"
    assert response.text.startswith("[AUTHENTICATIONFAILED]")


def test_st_39_one_round_trip(user):
    """SASL-IR, ENABLE, QRESYNC and UID FETCH in one write: all are answered,
    in order."""
    user.session.append("INBOX", message(subject="one"))
    validity, modseq = sync_point(user.session)
    user.session.append("INBOX", message(subject="two"))
    user.session.select()
    user.session.must("UID", "STORE", "1", "+FLAGS", "(\\Flagged)")
    imap = connect(user.server)
    answers = imap.pipeline(*cold_start(user, validity, modseq))
    check_cold_start(answers)


def sync_point(imap, mailbox="INBOX"):
    """UIDVALIDITY and HIGHESTMODSEQ."""
    found = imap.must("STATUS", quote(mailbox),
                      "(UIDVALIDITY HIGHESTMODSEQ)")
    return tuple(int(found.find(rb"%s (\d+)" % name).group(1))
                 for name in (b"UIDVALIDITY", b"HIGHESTMODSEQ"))


def cold_start(user, validity, modseq):
    return (("AUTHENTICATE", "PLAIN", plain(user)),
            ("ENABLE", "QRESYNC"),
            ("SELECT", "INBOX", f"(QRESYNC ({validity} {modseq}))"),
            ("UID", "FETCH", "2:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])"))


def check_cold_start(answers):
    assert all(answer.ok for answer in answers), answers
    login, enable, select, fetch = answers
    assert login.text.startswith("[CAPABILITY ")
    assert enable.untagged == [b"* ENABLED QRESYNC"]
    changed = select.find(rb"\* 1 FETCH \(([^\r]*)\)")
    assert b"UID 1" in changed.group(1) and b"\\Flagged" in changed.group(1)
    assert fetch.find(rb"\* 2 FETCH \(UID 2 .*Subject: two")


# -- TLS

def test_st_03_login_is_disabled_without_tls(store_server, user):
    """LOGINDISABLED says so beforehand, and both ways are refused."""
    imap = connect(store_server, STRANGER)
    found = capabilities(imap.greeting)
    assert {"LOGINDISABLED", "STARTTLS"} <= found
    assert not [name for name in found if name in ("AUTH=PLAIN",
                                                   "AUTH=LOGIN")]
    assert capabilities(imap.must("CAPABILITY").untagged[0]) == found
    for args in (("LOGIN", quote(user.name), quote(user.password)),
                 ("AUTHENTICATE", "PLAIN", plain(user))):
        response = imap.cmd(*args)
        assert response.status in ("NO", "BAD"), response
        assert "CAPABILITY" not in response.text
    assert imap.cmd("SELECT", "INBOX").status == "BAD"


def test_st_03_starttls(store_server, endpoints, user):
    """Then PLAIN is offered and accepted, and STARTTLS no more."""
    imap = connect(store_server, STRANGER)
    imap.must("STARTTLS")
    imap.start_tls(tls_context(endpoints), "localhost")
    found = capabilities(imap.must("CAPABILITY").untagged[0])
    assert "AUTH=PLAIN" in found
    assert not {"LOGINDISABLED", "STARTTLS"} & found
    assert imap.cmd("STARTTLS").status == "BAD"
    assert imap.cmd("AUTHENTICATE", "PLAIN", plain(user)).ok
    assert imap.cmd("STARTTLS").status == "BAD"


@pytest.mark.parametrize("behind", ["same write", "in pieces"])
def test_st_03_nothing_is_injected(store_server, endpoints, user, behind):
    """What comes in clear behind STARTTLS is not executed inside TLS: neither
    a command, nor the beginning of one."""
    for injected in (b"x NOOP\r\n", b"x LOGIN attacker ",
                     b"x LOGIN {1000+}\r\n"):
        imap = connect(store_server, STRANGER)
        line, tag = imap.encode("STARTTLS")
        if behind == "same write":
            imap.write(line + injected)
        else:
            imap.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            imap.write(line[:-1])
            imap.write(line[-1:] + injected)
        assert imap.finish(tag).ok
        try:
            imap.start_tls(tls_context(endpoints), "localhost")
        except (ssl.SSLError, OSError):
            continue        # refused: taken for a broken handshake
        response = imap.login(user.name, user.password)
        assert response.ok and not response.untagged, response
        assert not [line for line in imap.transcript
                    if line.startswith(b"S: x ")]


# -- compression

def test_st_05_deflate(user):
    """RFC 4978: from the line break of the OK on, both ways, raw deflate; and
    it is worth it."""
    imap = user.imap()
    body = "the quick brown fox " * 3 + "\r\n"
    mail = message(body=body * 3000)
    imap.append("INBOX", mail)
    imap.select()
    compress(imap)
    assert imap.cmd("NOOP").ok
    fetched = imap.must("UID", "FETCH", "1", "(BODY.PEEK[])")
    assert mail in fetched.untagged[0]
    assert imap.append("INBOX", mail)
    assert imap.must("STATUS", "INBOX", "(MESSAGES)").find(rb"MESSAGES 2")


def test_st_05_deflated_octets_are_few(user):
    """Counted on the way, flags of many messages."""
    imap = user.imap()
    for _ in range(20):
        imap.append("INBOX", message())
    imap.select()
    compress(imap)
    before, start = imap.file.raw.octets, len(imap.transcript)
    imap.must("FETCH", "1:*", "(UID FLAGS INTERNALDATE RFC822.SIZE)")
    assert (imap.file.raw.octets - before) * 2 < imap.octets(start)


def test_st_05_compress_ends_a_batch(user):
    """It may be the last command of a write. Dovecot may answer to those
    before it later: then what it says is compressed, too."""
    imap = user.imap()
    answers = compress_behind(imap, ("SELECT", "INBOX"), ("NOOP",),
                              ("FETCH", "1:*", "FLAGS"), ("NOOP",))
    assert [answer.status for answer in answers] == ["OK", "OK", "BAD", "OK"]
    assert imap.cmd("NOOP").ok


def test_st_06_second_compress_is_refused(user):
    """And the compression that is there goes on."""
    imap = user.imap()
    compress(imap)
    response = imap.cmd("COMPRESS", "DEFLATE")
    assert response.status == "BAD" or (
        response.status == "NO" and
        response.text.startswith("[COMPRESSIONACTIVE]")), response
    assert imap.cmd("NOOP").ok


def test_st_06_unknown_mechanism_is_bad(user):
    """RFC 4978 3 knows DEFLATE only, and nothing is compressed then. The
    same inside a compressed session."""
    imap = user.imap()
    for _ in range(2):
        for args in (("LZW",), ("GZ",), ("ZSTD",), ("LZ4",), ("BZ2",),
                     ("DEFLATE", "9"), ()):
            response = imap.cmd("COMPRESS", *args)
            assert response.status == "BAD" or imap.deflate, (args, response)
            assert response.status in ("BAD", "NO"), (args, response)
        assert imap.cmd("NOOP").ok
        if imap.deflate is None:
            compress(imap)


def test_st_07_compressed_inside_tls(store_server, endpoints, user):
    """STARTTLS, LOGIN, COMPRESS: what is decrypted has to be inflated."""
    imap = connect(store_server, STRANGER)
    imap.must("STARTTLS")
    imap.start_tls(tls_context(endpoints), "localhost")
    assert imap.login(user.name, user.password).ok
    compress(imap)
    mail = message(body="again\r\n" * 20000)
    imap.append("INBOX", mail)
    imap.select()
    assert mail in imap.must("FETCH", "1", "BODY[]").untagged[0]
    assert imap.cmd("COMPRESS", "DEFLATE").status in ("NO", "BAD")
    imap.logout()


# -- ENABLE, CLOSED

def test_st_14_enable(user):
    """RFC 5161 3.1: unknown names are ignored, more may be enabled later, and
    the capabilities stay the same."""
    imap = user.imap()
    before = imap.must("CAPABILITY").untagged
    response = imap.must("ENABLE", "CONDSTORE", "X-NONE")
    assert response.untagged == [b"* ENABLED CONDSTORE"]
    response = imap.must("ENABLE", "qresync", "IDLE")
    assert [line.upper() for line in response.untagged] == \
        [b"* ENABLED QRESYNC"]
    assert imap.must("CAPABILITY").untagged == before
    assert imap.select().find(rb"\[HIGHESTMODSEQ \d+\]")
    assert imap.cmd("ENABLE", '"CONDSTORE"').status == "BAD"
    assert imap.cmd("ENABLE", "(CONDSTORE)").status == "BAD"


def test_st_14_enabled_is_always_told(user):
    """Also if it is nothing."""
    response = user.imap().must("ENABLE", "X-NONE")
    assert [line.rstrip() for line in response.untagged] == [b"* ENABLED"]


def test_st_14_enable_without_argument(user):
    imap = user.imap()
    response = imap.cmd("ENABLE")
    assert response.status == "BAD" and not response.untagged
    assert imap.must("ENABLE", "CONDSTORE").untagged == \
        [b"* ENABLED CONDSTORE"]


def test_st_23_closed(user):
    """RFC 7162 3.2.11: the line between two mailboxes, and only there."""
    imap = user.imap()
    assert not imap.select().find(rb"\[CLOSED\]")
    for mailbox in ("Drafts", "INBOX"):
        response = imap.select(mailbox)
        lines = response.untagged
        assert lines[0].startswith(b"* OK [CLOSED]"), lines
        assert sum(b"[CLOSED]" in line for line in lines) == 1
    # also when the new one cannot be opened
    failed = imap.cmd("SELECT", "nowhere")
    assert failed.status == "NO" and failed.find(rb"\* OK \[CLOSED\]")
    assert imap.cmd("FETCH", "1", "FLAGS").status == "BAD"
    assert not imap.select().find(rb"\[CLOSED\]")


# -- from end to end

def test_e2e_1_cold_start(store_server, endpoints, user):
    """TLS, then one write with everything up to COMPRESS, then compressed."""
    user.session.append("INBOX", message(subject="one"))
    validity, modseq = sync_point(user.session)
    user.session.append("INBOX", message(subject="two"))
    user.session.select()
    user.session.must("UID", "STORE", "1", "+FLAGS", "(\\Flagged)")
    imap = connect(store_server, STRANGER)
    imap.must("STARTTLS")
    imap.start_tls(tls_context(endpoints), "localhost")
    check_cold_start(compress_behind(imap, *cold_start(user, validity,
                                                       modseq)))
    assert imap.must("UID", "FETCH", "2", "BODY[]").find(rb"Subject: two")
    imap.logout()


def test_e2e_2_quick_resync(user):
    """After a cut: a change, an expunge and new mail are learnt in one round
    trip, in a small part of what asking for all flags takes."""
    imap = user.imap()
    mail = message()
    for _ in range(MANY // 50):
        imap.must("APPEND", "INBOX", *[Literal(mail)] * 50)
    imap.must("ENABLE", "QRESYNC")
    imap.select()
    start = len(imap.transcript)
    imap.must("UID", "FETCH", "1:*", "(FLAGS)")
    full = imap.octets(start)
    validity, modseq = sync_point(imap, "INBOX")
    imap.sock.shutdown(socket.SHUT_RDWR)

    user.session.select()
    user.session.must("UID", "STORE", "7", "+FLAGS.SILENT", "(\\Answered)")
    user.session.must("UID", "STORE", "9", "+FLAGS.SILENT", "(\\Deleted)")
    user.session.must("UID", "EXPUNGE", "9")
    user.deliver(subject="meanwhile")

    imap = connect(user.server)
    start = len(imap.transcript)
    _, _, select = imap.pipeline(*cold_start(user, validity, modseq)[:3])
    resync = imap.octets(start)
    assert select.find(rb"^\* VANISHED \(EARLIER\) 9$")
    assert select.find(rb"^\* %d EXISTS$" % MANY)
    told = [line for line in select.untagged if b" FETCH " in line]
    assert len(told) == 2, told
    assert b"UID 7 " in told[0] and b"\\Answered" in told[0]
    assert b"UID %d " % (MANY + 1) in told[1]
    assert resync * 4 < full, (resync, full)
