"""URLAUTH (RFC 4467, 5092, 5524, 5593; RFC 5550 3.2): UA-01 to UA-20, ST-27,
PL-01."""

import re
import time

import pytest

from lemotest.imap import quote
from lemotest.urlauth import (HOST, STREAM, SUBMIT, anonymous, answers,
                              authorise, conf, fetch, fetch_extended,
                              generate, owned, plain_url, rump, tampered)
from lemotest.users import message

TOKEN = re.compile(r":internal:([0-9a-f]+)$", re.I)
PARTS = b"\r\n".join([
    b"From: joe@remote.test", b"To: you@lemo.test", b"Subject: parts",
    b"Message-ID: <parts@remote.test>", b"MIME-Version: 1.0",
    b'Content-Type: multipart/mixed; boundary="b"', b"",
    b"--b", b"Content-Type: text/plain; charset=utf-8", b"",
    b"0123456789abcdefghijklmnopqrstuvwxyz", b"--b",
    b"Content-Type: application/octet-stream",
    b"Content-Transfer-Encoding: base64", b"",
    b"YQBiAGMA", b"--b",
    b"Content-Type: text/plain", b"Content-Transfer-Encoding: x-blurdybloop",
    b"", b"blurdy", b"--b",
    b"Content-Type: text/plain", b"", b"", b"--b--", b""])


@pytest.fixture(scope="module")
def server(module_server):
    return module_server("urlauth", {}, conf())


@pytest.fixture
def owner(server):
    """A user with two mails."""
    user = server.user()
    user.session.append("INBOX", message(body="It rains."))
    user.session.append("INBOX", PARTS)
    return user


@pytest.fixture
def other(server):
    return server.user()


@pytest.fixture
def submit(server):
    return server.user(name=SUBMIT)


# -- capability, mechanisms


def test_ua_01_capability(owner):
    line = owner.session.must("CAPABILITY").find(rb"CAPABILITY (.*)")
    words = line.group(1).split()
    assert words.count(b"URLAUTH") == words.count(b"URLAUTH=BINARY") == 1


def test_ua_01_not_without_host(make_server):
    server = make_server("imap_urlauth_host =\n", notifier=False)
    session = server.user().session
    words = session.must("CAPABILITY").find(rb"CAPABILITY (.*)").group(1)
    assert b"URLAUTH" not in words
    user = next(iter(server.users.values()))
    assert generate(session, rump(user, "authuser")).status == "BAD"
    assert session.cmd("URLFETCH", "imap://x@y/INBOX/;UID=1").status == "BAD"


@pytest.mark.parametrize("command", ["SELECT", "EXAMINE"])
def test_ua_10_urlmech_when_selected(owner, command):
    session = owner.imap()
    response = session.must(command, "INBOX")
    assert response.find(rb"^\* OK \[URLMECH INTERNAL\]")
    assert not session.cmd(command, "Missing").find(rb"URLMECH")
    assert not session.must("STATUS", "INBOX", "(MESSAGES)").find(rb"URLMECH")


def test_ua_09_resetkey_kills_urls(owner):
    session = owner.session
    first, second = authorise(session, rump(owner, "authuser"),
                              rump(owner, "authuser", uid=2))
    session.must("CREATE", "Box")
    session.append("Box", message(body="boxed"))
    boxed = owned(owner, "authuser", mailbox="Box")
    assert None not in fetch(session, first, second, boxed)

    response = session.must("RESETKEY", "INBOX")
    assert response.text.startswith("[URLMECH INTERNAL]")
    assert fetch(session, first, second) == [None, None]
    assert fetch(session, boxed) is not None
    # a new key
    again = owned(owner, "authuser")
    assert again != first and fetch(session, again) is not None

    session.must("RESETKEY")
    assert fetch(session, again, boxed) == [None, None]
    assert not session.cmd("RESETKEY", "Missing").ok
    assert not session.cmd("RESETKEY", "INBOX", "XSAMPLE").ok


def test_ua_09_other_sessions_are_told(owner):
    watcher, elsewhere = owner.imap(), owner.imap()
    watcher.select()
    owner.session.must("CREATE", "Elsewhere")
    elsewhere.select("Elsewhere")
    owned(owner, "authuser")
    assert not watcher.must("NOOP").find(rb"URLMECH")
    owner.session.must("RESETKEY", "INBOX")
    assert watcher.must("NOOP").find(rb"^\* OK \[URLMECH INTERNAL\]")
    assert not watcher.must("NOOP").find(rb"URLMECH")
    assert not elsewhere.must("NOOP").find(rb"URLMECH")
    # all keys
    owner.session.must("RESETKEY")
    assert watcher.must("NOOP").find(rb"^\* OK \[URLMECH INTERNAL\]")
    assert elsewhere.must("NOOP").find(rb"^\* OK \[URLMECH INTERNAL\]")


def test_ua_09_idle_session_is_told(server):
    """Of a storage whose index IDLE looks at; of maildir, at the next
    command."""
    owner = server.user("sdbox")
    watcher = owner.imap()
    watcher.select()
    tag = watcher.send("IDLE")
    assert watcher.file.readline().startswith(b"+")
    owner.session.must("RESETKEY", "INBOX")
    assert b"[URLMECH INTERNAL]" in watcher.file.readline()
    watcher.sock.sendall(b"DONE\r\n")
    assert watcher.finish(tag).ok


# -- GENURLAUTH


def test_ua_02_several_in_one_command(owner, other):
    rumps = [rump(owner, "anonymous"), rump(owner, ("submit", other), uid=2),
             rump(owner, ("user", other), tail="/;SECTION=TEXT")]
    urls = authorise(owner.session, *rumps)
    for url, asked in zip(urls, rumps):
        assert url.lower().startswith(f"{asked}:internal:".lower())
        assert url.startswith(asked)


def test_ua_02_rump_of_rfc_4467(owner, other):
    """Lower case, as in the examples of the RFC; a space in a name."""
    owner.session.must("CREATE", quote("My Box"))
    owner.session.append("My Box", PARTS)
    name = owner.name.replace("@", "%40")
    asked = (f"imap://{name}@{HOST}/My%20Box/;uid=1/;section=1"
             ";urlauth=authuser")
    url = authorise(owner.session, asked)
    assert fetch(other.session, url) == b"0123456789abcdefghijklmnopqrstuvwxyz"


def test_ua_03_what_must_be_there(owner, other):
    name = owner.name.replace("@", "%40")
    auth = ";URLAUTH=authuser"
    for bad in (f"imap://{name}@{HOST}/INBOX/;UID=1",
                f"imap://{HOST}/INBOX/;UID=1{auth}",
                f"imap://{name}@{HOST}/Missing/;UID=1{auth}",
                f"imap://{name}@{HOST}/INBOX/;UID=99{auth}",
                f"imap://{name}@elsewhere.test/INBOX/;UID=1{auth}",
                f"imap://{name}@{HOST}:99/INBOX/;UID=1{auth}",
                rump(other, "authuser"),
                f"{plain_url(owner)};URLAUTH=submit",
                f"{plain_url(owner)};URLAUTH=user",
                f"{plain_url(owner)};URLAUTH=user+",
                f"{plain_url(owner)};URLAUTH=authuser+{name}",
                f"{plain_url(owner)};URLAUTH=nobody",
                f"{plain_url(owner)};URLAUTH=",
                plain_url(owner, uidvalidity=1) + auth,
                f"http://{HOST}/INBOX/;UID=1{auth}",
                "/INBOX/;UID=1" + auth, "", "imap:"):
        response = generate(owner.session, bad)
        assert response.status == "BAD", (bad, response)
        assert not response.find(rb"GENURLAUTH")
    for args in ((), (quote(rump(owner, "authuser")),),
                 (quote(rump(owner, "authuser")), "INTERNAL", "x"),
                 ("(a b)", "INTERNAL")):
        session = owner.imap()
        response = session.cmd("GENURLAUTH", *args)
        assert response.status == "BAD", (args, response)
        assert not response.find(rb"GENURLAUTH")


def test_ua_04_no_message(owner):
    name = owner.name.replace("@", "%40")
    token = ":internal:" + "01" * 21
    for path in ("", "/", "/INBOX", "/INBOX;UIDVALIDITY=1",
                 "/INBOX?SUBJECT%20hello", "/%25"):
        url = f"imap://{name}@{HOST}{path};URLAUTH=anonymous"
        assert generate(owner.session, url).status == "BAD", url
        assert fetch(owner.session, url + token) is None, url


def test_ua_05_key_of_user_and_mailbox(server, owner, other):
    """A shared mailbox: each has a key of his own to it."""
    owner.session.must("SETACL", "INBOX", quote(other.name), "lrswi")
    shared = f"shared/{owner.name}/INBOX" if \
        other.session.must("LIST", '""', '"shared/*"').find(
            rb"/INBOX") else f"shared/{owner.name}"
    owners = owned(owner, "authuser")
    others = owned(other, "authuser", mailbox=shared)
    session = server.user().session
    assert fetch(session, owners) == fetch(session, others) != None  # noqa
    # not one key for two users
    swapped = rump(owner, "authuser") + others[others.index(":internal:"):]
    assert fetch(session, swapped) is None
    other.session.must("RESETKEY", quote(shared))
    assert fetch(session, others) is None
    assert fetch(session, owners) is not None
    # not one key for two mailboxes
    owner.session.must("CREATE", "Two")
    owner.session.append("Two", message(body="two"))
    two = owned(owner, "authuser", mailbox="Two")
    swapped = rump(owner, "authuser", mailbox="Two") + \
        owners[owners.index(":internal:"):]
    assert fetch(session, swapped, two)[0] is None


def test_ua_06_token(owner):
    first, second = authorise(owner.session, rump(owner, "authuser"),
                              rump(owner, "anonymous"))
    tokens = [TOKEN.search(url).group(1) for url in (first, second)]
    assert all(re.fullmatch("01[0-9a-f]{40}", token) for token in tokens)
    assert tokens[0] != tokens[1]


def test_ua_07_rump_is_taken_as_it_is(owner):
    url = owned(owner, "authuser", tail="/;SECTION=TEXT")
    assert fetch(owner.session, url) == b"It rains.\r\n"
    for changed in (url.replace(HOST, HOST.capitalize()),
                    url.replace("INBOX", "%49NBOX"),
                    url.replace("INBOX", "inbox"),
                    url.replace(";UID=1", ";uid=1"),
                    url.replace("imap:", "IMAP:"),
                    url.replace("authuser", "AUTHUSER"),
                    url.replace("%40", "@"),
                    url.replace("/;SECTION=TEXT", "")):
        assert changed != url
        assert fetch(owner.session, changed) is None, changed
    # the token is hexadecimal, the mechanism in any case
    head, token = url.rsplit(":", 1)
    assert fetch(owner.session, f"{head.replace(':internal', ':INTERNAL')}:"
                 f"{token.upper()}") is not None


def test_ua_08_expire(owner, other):
    def at(seconds):
        return time.strftime("/;SECTION=TEXT;EXPIRE=%Y-%m-%dT%H:%M:%SZ",
                             time.gmtime(time.time() + seconds))
    url = owned(owner, "authuser", tail=at(3))
    later = owned(owner, "authuser", tail=at(3600))
    for session in (owner.session, other.session):
        assert fetch(session, url, later) == [b"It rains.\r\n"] * 2
    time.sleep(4.1)
    for session in (owner.session, other.session):
        assert fetch(session, url, later) == [None, b"It rains.\r\n"]
    # nor can it be told to live longer
    moved = url[:url.index("EXPIRE=")] + later[later.index("EXPIRE="):
                                              later.index(";URLAUTH")] + \
        url[url.index(";URLAUTH"):]
    assert fetch(other.session, moved) is None
    assert generate(owner.session, rump(owner, "authuser",
                                        tail=at(-5))).status == "BAD"


def test_ua_19_mechanism(owner):
    for mechanism in ("XSAMPLE", "INTERNALX", '"INTERNAL"'):
        response = generate(owner.session, rump(owner, "authuser"),
                            mechanism=mechanism)
        assert response.status in ("BAD", "NO"), response
        assert not response.find(rb"GENURLAUTH")
    url = owned(owner, "authuser")
    assert fetch(owner.session, url.replace(":internal:", ":XSAMPLE:").replace(
        ":INTERNAL:", ":XSAMPLE:")) is None


# -- URLFETCH


def test_ua_11_several_urls(server, owner, other, submit):
    third = server.user()
    third.session.append("INBOX", message(body="third"))
    good = owned(owner, ("submit", other), tail="/;SECTION=TEXT")
    body = owned(owner, ("submit", other), uid=2, tail="/;SECTION=1")
    empty = owned(owner, ("submit", other), uid=2, tail="/;SECTION=4")
    missing = owned(owner, ("submit", other), uid=2, tail="/;SECTION=9")
    foreign = owned(third, ("submit", other), tail="/;SECTION=TEXT")
    session = submit.imap()
    session.must("CREATE", "Kept-" + str(time.time_ns()))
    session.select()
    found = fetch(session, good, tampered(good), body, foreign, empty,
                  "imap://x", good, missing)
    assert found == [b"It rains.\r\n", None,
                     b"0123456789abcdefghijklmnopqrstuvwxyz", b"third\r\n",
                     b"", None, b"It rains.\r\n", None]
    # the selected mailbox is as it was; none need be selected
    session.must("CHECK")
    session.must("CLOSE")
    assert fetch(session, good) == b"It rains.\r\n"


def test_ua_11_own_urls(owner):
    whole = owned(owner, ("user", owner))
    missing = owned(owner, ("user", owner), uid=2, tail="/;SECTION=9")
    empty = owned(owner, ("user", owner), uid=2, tail="/;SECTION=4")
    found = fetch(owner.session, whole, missing, empty)
    assert found[0].endswith(b"\r\n\r\nIt rains.\r\n")
    assert found[1:] == [None, b""]
    owner.session.select()
    owner.session.must("STORE", "1", "+FLAGS.SILENT", r"(\Deleted)")
    owner.session.must("EXPUNGE")
    assert fetch(owner.session, whole) is None


def test_ua_11_large_message(owner, other):
    """More than fits in memory of imap-urlauth's client, pipelined, and read
    late."""
    large = message(body="\r\n".join(["x" * 70] * 40000))
    owner.session.append("INBOX", large)
    url = owned(owner, "authuser", uid=3)
    small = owned(owner, "authuser", tail="/;SECTION=TEXT")
    for session in (owner.imap(), other.imap()):
        tags = [session.send("URLFETCH", quote(url), quote(small)),
                session.send("NOOP")]
        time.sleep(0.3)
        response = session.finish(tags[0])
        assert answers(response) == [large, b"It rains.\r\n"]
        # it need not wait for imap-urlauth
        if not response.find(b"^" + tags[1] + b" OK"):
            assert session.finish(tags[1]).ok


def test_ua_11_client_leaves(owner, other):
    """In the middle of it; others go on."""
    owner.session.append("INBOX", message(body="x" * 3000000))
    url = owned(owner, "authuser", uid=3)
    for _ in range(3):
        session = other.imap()
        session.send("URLFETCH", quote(url), quote(url))
        session.close()
    assert fetch(other.session, url) is not None


def test_ua_12_rights_of_now(server, owner, other):
    owner.session.must("CREATE", "Team")
    owner.session.append("Team", message(body="team"))
    owner.session.must("SETACL", "Team", quote(other.name), "lr")
    mailbox = f"shared/{owner.name}/Team"
    url = owned(other, "authuser", mailbox=mailbox, tail="/;SECTION=TEXT")
    reader = server.user().imap()
    for session in (other.imap(), reader):
        assert fetch(session, url) == b"team\r\n"
    owner.session.must("DELETEACL", "Team", quote(other.name))
    for session in (other.imap(), server.user().imap(), reader):
        assert fetch(session, url) is None
    owner.session.must("SETACL", "Team", quote(other.name), "lr")
    assert fetch(server.user().imap(), url) == b"team\r\n"


def test_ua_13_submit(server, owner, other, submit):
    url = owned(owner, ("submit", other), tail="/;SECTION=TEXT")
    for session in (owner.session, other.session, server.user().session,
                    anonymous(server)):
        assert fetch(session, url) is None
    assert fetch(submit.session, url) == b"It rains.\r\n"
    # whatever the user is
    named = rump(owner, "submit+nobody.at.all", tail="/;SECTION=TEXT")
    assert fetch(submit.session, authorise(owner.session, named)) == \
        b"It rains.\r\n"
    # that entity is not user+, and not more
    assert fetch(submit.session, owned(owner, ("user", other))) is None
    assert fetch(submit.session, owned(owner, "stream")) is None


def test_ua_14_user(server, owner, other, submit):
    url = owned(owner, ("user", other), tail="/;SECTION=TEXT")
    assert fetch(other.session, url) == b"It rains.\r\n"
    for session in (owner.session, server.user().session, submit.session,
                    anonymous(server)):
        assert fetch(session, url) is None
    assert fetch(other.session, owned(owner, ("user", owner))) is None
    longer = rump(owner, f"user+{other.name.replace('@', '%40')}.evil.test")
    assert fetch(other.session, authorise(owner.session, longer)) is None


def test_ua_15_authuser(server, owner, other, submit):
    url = owned(owner, "authuser", tail="/;SECTION=TEXT")
    for session in (owner.session, other.session, submit.session):
        assert fetch(session, url) == b"It rains.\r\n"
    assert fetch(anonymous(server), url) is None


def test_ua_16_anonymous(server, owner, other):
    url = owned(owner, "anonymous", tail="/;SECTION=TEXT")
    nobody = anonymous(server)
    for session in (owner.session, other.session, nobody):
        assert fetch(session, url) == b"It rains.\r\n"
    # who authorises nothing
    assert generate(nobody, rump(owner, "anonymous")).status in ("BAD", "NO")


def test_ua_17_stream(server, owner, other, submit):
    url = owned(owner, "stream", tail="/;SECTION=TEXT")
    stream = server.user(name=STREAM).session
    assert fetch(stream, url) == b"It rains.\r\n"
    for session in (owner.session, other.session, submit.session,
                    anonymous(server)):
        assert fetch(session, url) is None
    # Dovecot compares names without their last letter
    for alike in ("streax", "streaming", "submitx+" + SUBMIT):
        assert generate(owner.session, rump(owner, alike)).status == "BAD"
        forged = url.replace("URLAUTH=stream", f"URLAUTH={alike}")
        assert fetch(stream, forged) is None


def test_ua_18_unknown_mailbox_takes_as_long(owner, other):
    """The medians; nothing is told about mailboxes either."""
    known = tampered(owned(owner, "authuser"))
    unknown = known.replace("INBOX", "INBOY")
    times = {known: [], unknown: []}
    session = other.session
    fetch(session, known)
    for _ in range(60):
        for url, spent in times.items():
            begin = time.monotonic()
            response = session.must("URLFETCH", quote(url))
            spent.append(time.monotonic() - begin)
            assert answers(response) == [None]
            assert len(response.untagged) == 1
    one, two = (sorted(spent)[30] for spent in times.values())
    assert 1 / 5 < one / two < 5, (one, two)


@pytest.mark.parametrize("whose", ["own", "foreign"])
def test_ua_20_binary(owner, other, whose):
    session = owner.session if whose == "own" else other.session
    url = owned(owner, "authuser", uid=2, tail="/;SECTION=2")
    found = fetch_extended(session, url, "BINARY", "BODYPARTSTRUCTURE")
    match = re.fullmatch(rb"\(BODYPARTSTRUCTURE \((.*)\)\) "
                         rb"\(BINARY ~\{6\}\r\na\0b\0c\0\)", found, re.S)
    assert match, found
    assert match.group(1).lower().startswith(
        b'"application" "octet-stream"')
    found = fetch_extended(session, url, "BODY", "BODYPARTSTRUCTURE")
    assert re.fullmatch(rb'\(BODYPARTSTRUCTURE \(.*"base64" 8.*\)\) '
                        rb"\(BODY \{8\}\r\nYQBiAGMA\)", found, re.S | re.I)
    found = fetch_extended(session, url, "BODYPARTSTRUCTURE")
    assert re.fullmatch(rb"\(BODYPARTSTRUCTURE \(.*\)\)", found)
    assert fetch_extended(session, url) == b"(BODY {8}\r\nYQBiAGMA)"
    assert fetch_extended(session, url, "BINARY") == \
        b"(BINARY ~{6}\r\na\0b\0c\0)"
    text = owned(owner, "authuser", tail="/;SECTION=1")
    assert fetch_extended(session, text, "BINARY") == \
        b"(BINARY {11}\r\nIt rains.\r\n)"
    assert fetch_extended(session, tampered(url), "BINARY",
                          "BODYPARTSTRUCTURE") == b"NIL"
    for bad in ("BODY BINARY", "FLAGS", '"BODY"'):
        assert session.cmd("URLFETCH", f"({url} {bad})").status == "BAD"


@pytest.mark.parametrize("whose", ["own", "foreign"])
def test_ua_20_unknown_encoding(server, owner, other, whose):
    """The part cannot be decoded: its structure and NIL."""
    if whose == "foreign":
        server.log.expect("imap-urlauth.*(Session aborted|Fatal failure)",
                          "Worker disconnected")
    session = owner.session if whose == "own" else other.session
    url = owned(owner, "authuser", uid=2, tail="/;SECTION=3")
    found = fetch_extended(session, url, "BINARY", "BODYPARTSTRUCTURE")
    assert re.fullmatch(rb'\(BODYPARTSTRUCTURE \(.*x-blurdybloop.*\)\) '
                        rb"\(BINARY NIL\)", found, re.S | re.I), found
    assert fetch(session, url) == b"blurdy"


# -- with CATENATE and with pushes


def test_st_27_partial(owner, other):
    session = owner.session
    words = session.must("CAPABILITY").find(rb"CAPABILITY (.*)").group(1)
    assert b" URL-PARTIAL" in words
    part = "/;SECTION=1/;PARTIAL=10.20"
    wanted = b"0123456789abcdefghijklmnopqrstuvwxyz"[10:30]
    url = owned(owner, "authuser", uid=2, tail=part)
    assert fetch(session, url) == wanted
    validity = session.uidvalidity()
    session.must("APPEND", "INBOX", "CATENATE", b'(URL "/INBOX;UIDVALIDITY=' +
                 str(validity).encode() +
                 b'/;UID=1/;SECTION=HEADER" URL "/INBOX;UIDVALIDITY=' +
                 str(validity).encode() + b"/;UID=2" + part.encode() + b'")')
    session.select()
    text = session.must("FETCH", "3", "BODY.PEEK[TEXT]").find(
        rb"\{(\d+)\}\r\n(.*)\)$")
    assert text.group(2) == wanted


def test_st_27_partial_foreign(owner, other):
    for part, wanted in (("10.20", b"abcdefghijklmnopqrst"), ("30", b"uvwxyz"),
                         ("0.3", b"012"), ("1000.5", b"")):
        url = owned(owner, "authuser", uid=2,
                    tail=f"/;SECTION=1/;PARTIAL={part}")
        assert fetch(other.session, url) == wanted, part


def test_pl_01_url_of_a_push(server, endpoints, owner, other):
    """The phone authorises the URL of the payload for whom it likes; by
    itself it opens nothing."""
    endpoint = endpoints.new("urlauth")
    owner.register(endpoint, payload=2)
    owner.deliver(body="It is for you.")
    url = endpoint.wait()[0].data["uri"]
    assert url.startswith(f"imap://{owner.name.replace('@', '%40')}@{HOST}/")
    for session in (owner.session, other.session):
        assert fetch(session, url) is None
    me = owner.name.replace("@", "%40")
    rump_url = f"{url}/;SECTION=TEXT;URLAUTH=user+{me}"
    assert generate(other.session, rump_url).status == "BAD"
    mine = authorise(owner.session, rump_url)
    assert fetch(owner.session, mine) == b"It is for you.\r\n"
    assert fetch(other.session, mine) is None
    his = authorise(owner.session, f"{url}/;SECTION=TEXT;URLAUTH=user+"
                    f"{other.name.replace('@', '%40')}")
    assert fetch(other.session, his) == b"It is for you.\r\n"
