"""URLs that nobody should have: what other servers fell for in 2026, and bad
input. UA-03, UA-05, UA-11, UA-14, UA-10, SC-08."""

import re
import ssl

import pytest

from lemotest import wait
from lemotest.imap import quote
from lemotest.server import is_24
from lemotest.urlauth import (HOST, SUBMIT, anonymous, authorise, conf, fetch,
                              generate, owned, plain_url, rump, tampered)
from lemotest.users import message

KEY = "vendor/vendor.dovecot/imap-urlauth"
HEX = "01" + "0123456789abcdef0123456789abcdef01234567"
RSS_MAX = 64 * 1024     # kB, of an imap process that met all of it


@pytest.fixture(scope="module")
def server(module_server):
    return module_server("urlhostile", {}, conf("mail_debug = no\n"))


@pytest.fixture
def owner(server):
    user = server.user()
    user.session.append("INBOX", message(body="It rains."))
    return user


@pytest.fixture
def other(server):
    return server.user()


def imap_memory(server):
    """kB, of the largest imap process."""
    largest = 0
    for pid in server.pids("imap"):
        with open(f"/proc/{pid}/status", encoding="latin-1") as f:
            match = re.search(r"VmRSS:\s+(\d+)", f.read())
        largest = max(largest, int(match.group(1)) if match else 0)
    return largest


# -- CVE-2026-47086, -47087, -47085


def test_ua_03_no_url_without_read_access(owner, other):
    owner.session.must("CREATE", "Team")
    owner.session.append("Team", message(body="team"))
    owner.session.must("SETACL", "Team", quote(other.name), "l")
    asked = rump(other, "authuser", mailbox=f"shared/{owner.name}/Team")
    assert generate(other.session, asked).status == "BAD"
    assert generate(other.session, asked.replace("Team", "None")).status == \
        "BAD"
    # nor in the owner's name
    assert generate(other.session, rump(owner, "authuser", mailbox="Team")
                    ).status == "BAD"


def test_ua_12_url_dies_with_the_right(server, owner, other):
    owner.session.must("CREATE", "Team")
    owner.session.append("Team", message(body="team"))
    owner.session.must("SETACL", "Team", quote(other.name), "lr")
    urls = authorise(other.session, *[
        rump(other, access, mailbox=f"shared/{owner.name}/Team")
        for access in ("authuser", "anonymous", ("submit", owner),
                       ("user", owner))])
    owner.session.must("SETACL", "Team", quote(other.name), "l")
    for session in (other.imap(), owner.imap(),
                    server.user(name=SUBMIT).imap(), anonymous(server)):
        assert fetch(session, *urls) == [None] * 4


def test_ua_05_no_key_no_token(owner, other):
    """Where no key was ever made nothing can be forged, and none is made by
    trying."""
    assert owner.session.getmetadata(f"/private/{KEY}", "INBOX") is None
    for token in (HEX, "01" + "0" * 40, "00" * 21, "01" * 21, "f" * 32):
        url = f"{rump(owner, 'anonymous')}:internal:{token}"
        for session in (owner.session, other.session):
            assert fetch(session, url) is None
    assert owner.session.getmetadata(f"/private/{KEY}", "INBOX") is None


def test_ua_05_keys_are_random(server, owner):
    keys = set()
    path = f"{owner.home}/dovecot-attributes"
    for _ in range(8):
        owned(owner, "authuser")
        with open(path, encoding="utf-8") as f:
            match = re.search(r"imap-urlauth\n([0-9a-f]+)\n", f.read())
        assert match and len(match.group(1)) == 32     # 128 bits
        keys.add(match.group(1))
        owner.session.must("RESETKEY", "INBOX")
    assert len(keys) == 8


# -- who


def test_ua_14_user_url_in_the_service_of_others(server, owner, other):
    """Any spelling of the same."""
    url = owned(owner, ("user", other))
    third = server.user()
    for changed in (url, url.replace("user+", "USER+"),
                    url.replace(";URLAUTH", ";urlauth"),
                    tampered(url), url.replace("user+", "submit+"),
                    url.replace("user+", "stream+"),
                    re.sub("URLAUTH=[^:]*", "URLAUTH=authuser", url),
                    re.sub("URLAUTH=[^:]*", "URLAUTH=anonymous", url),
                    re.sub("user[+][^:]*", "user+" + third.name.replace(
                        "@", "%40"), url)):
        for session in (third.session, server.user(name=SUBMIT).session,
                        anonymous(server)):
            assert fetch(session, changed) is None, changed


def test_ua_11_owner_is_not_there(server, owner, other):
    """2.4 panics when another URL follows, 2.3 at once."""
    good = owned(owner, "authuser", tail="/;SECTION=TEXT")
    ghost = f"imap://ghost%40nowhere.test@{HOST}/INBOX/;UID=1;URLAUTH=" \
        f"authuser:internal:{HEX}"
    session = other.imap()
    for urls in ([ghost], [ghost, good], [good, ghost, good],
                 [ghost, ghost.replace("ghost", "ghoul"), good]):
        found = fetch(session, *urls)
        wanted = [None if "gh" in url else b"It rains.\r\n" for url in urls]
        assert found == (wanted if len(urls) > 1 else wanted[0])
    assert session.must("NOOP").ok


def test_ua_11_many_owners_in_turn(server, other):
    """No waiting between them."""
    users = [server.user() for _ in range(4)]
    urls = []
    for number, user in enumerate(users):
        user.session.append("INBOX", message(body=f"mail {number}"))
        urls.append(owned(user, "authuser", tail="/;SECTION=TEXT"))
    wanted = [f"mail {number}\r\n".encode() for number in range(4)]
    session = other.imap()
    assert fetch(session, *urls, *reversed(urls)) == \
        wanted + wanted[::-1]


def test_ua_11_processes_do_not_pile_up(server, owner, other):
    """2.4.1 never ends what it has of a session."""
    url = owned(owner, "authuser", tail="/;SECTION=TEXT")
    for _ in range(12):
        session = other.imap()
        assert fetch(session, url) == b"It rains.\r\n"
        session.logout()
    wait.until(lambda: len(server.pids("imap-urlauth")) +
               len(server.pids("imap-urlauth-worker")) <= 4, 10,
               "imap-urlauth ends")


# -- bad input


def bad_urls(owner):
    name = owner.name.replace("@", "%40")
    auth = f";URLAUTH=authuser:internal:{HEX}"
    good = plain_url(owner)
    return [
        "", " ", "x", "imap:", "imap://", "imap:///", f"imap://{HOST}",
        f"imap://@{HOST}/INBOX/;UID=1{auth}",
        f"imap://{name}@[::1]/INBOX/;UID=1{auth}",
        f"imap://{name}@127.0.0.1/INBOX/;UID=1{auth}",
        f"imap://{name}@/INBOX/;UID=1{auth}",
        f"imap://{name}@{HOST}:0/INBOX/;UID=1{auth}",
        f"imap://{name}@{HOST}:999999/INBOX/;UID=1{auth}",
        f"imap://{name};AUTH=*@{HOST}/INBOX/;UID=1{auth}",
        f"imap://{name}@{HOST}/%FF%FE/;UID=1{auth}",
        f"imap://{name}@{HOST}/%00/;UID=1{auth}",
        f"imap://{name}@{HOST}/IN%0D%0ABOX/;UID=1{auth}",
        f"imap://{name}@{HOST}/../../etc/passwd/;UID=1{auth}",
        f"imap://{name}@{HOST}/{'a/' * 300}b/;UID=1{auth}",
        f"imap://{name}@{HOST}/INBOX/;UID=0{auth}",
        f"imap://{name}@{HOST}/INBOX/;UID=4294967296{auth}",
        f"imap://{name}@{HOST}/INBOX/;UID=-1{auth}",
        f"{good}/;SECTION={auth}", f"{good}/;SECTION=0{auth}",
        f"{good}/;SECTION=1.NONSENSE{auth}",
        f"{good}/;SECTION=HEADER.FIELDS%20({auth}",
        f"{good}/;SECTION={'1.' * 200}1{auth}",
        f"{good}/;SECTION=%FF{auth}",
        f"{good}/;PARTIAL=18446744073709551616.1{auth}",
        f"{good}/;PARTIAL=18446744073709551615.18446744073709551615{auth}",
        f"{good}/;PARTIAL=x{auth}",
        f"{good};EXPIRE=x{auth}", f"{good};EXPIRE=9999-99-99T99:99:99Z{auth}",
        f"{good};EXPIRE=2030-01-01T00:00:00Z",
        f"{good};URLAUTH=authuser:internal:{'z' * 40}",
        f"{good};URLAUTH=authuser:internal:{'0' * 31}",
        f"{good};URLAUTH=authuser:internal:{'0' * 33}",
        f"{good};URLAUTH=authuser:internal:{'0' * 1000}",
        f"{good};URLAUTH=authuser:internal:", f"{good};URLAUTH=authuser:",
        f"{good};URLAUTH=authuser::{HEX}",
        f"{good};URLAUTH=:internal:{HEX}",
        f"{good};URLAUTH=user+:internal:{HEX}",
        f"{good};URLAUTH=anonymous:a+b:{HEX}",
        f"{good};URLAUTH=user+%00x:internal:{HEX}",
        f"{good};URLAUTH=user+{'x' * 5000}:internal:{HEX}",
        good + auth + auth, good + auth + "#x", good + auth + "%",
        f"imap://{'u' * 3000}@{HOST}/INBOX/;UID=1{auth}",
        f"imap://%0AEND%0AUSER%09root@{HOST}/INBOX/;UID=1{auth}",
        f"imap://..%2f..%2fetc@{HOST}/INBOX/;UID=1{auth}",
        good + auth + "x" * 40000,
        b"imap://\xff\xfe@lemo.test/INBOX/;UID=1", b"\xc3\xa9" * 100]


def test_ua_11_bad_urls(server, owner, other):
    """NIL for each; BAD to authorise it. The session goes on."""
    server.log.expect("imap-urlauth-worker.*Session aborted",
                      "imap-urlauth-worker.*Failed to lookup user",
                      r"auth.*Username character disallowed")
    good = owned(owner, "authuser", tail="/;SECTION=TEXT")
    for session in (owner.imap(), other.imap()):
        for url in bad_urls(owner):
            response = session.cmd("URLFETCH", quote(url))
            assert response.ok or response.status == "NO", (url, response)
            assert response.find(rb" NIL$") or response.status == "NO", url
            response = generate(session, url)
            assert response.status == "BAD", (url, response)
            assert HEX not in response.text
        assert fetch(session, good) == b"It rains.\r\n"
    assert imap_memory(server) < RSS_MAX


@pytest.mark.parametrize("line", [
    b"URLFETCH", b"URLFETCH ()", b"URLFETCH (())", b"URLFETCH ((x))",
    b"URLFETCH (NIL BODY)", b'URLFETCH ("x" (BODY))', b"URLFETCH NIL (",
    b'URLFETCH "x\0y"', b"URLFETCH {3+}\r\na\0b", b"GENURLAUTH",
    b"GENURLAUTH {3+}\r\na\0b INTERNAL", b"GENURLAUTH NIL NIL",
    b'GENURLAUTH "x"', b"GENURLAUTH () ()", b"RESETKEY ()",
    b"RESETKEY {3+}\r\na\0b", b"RESETKEY INBOX ()", b"RESETKEY \xff\xfe"])
def test_ua_11_bad_commands(other, line):
    session = other.imap()
    try:
        response = session.cmd(line)
        assert response.status in ("BAD", "NO"), response
    except EOFError:
        # Dovecot's parser gives up on what has no end
        assert b"(" in line or b"\0" in line
        session = other.imap()
    assert other.session.must("NOOP").ok


def test_ua_11_overlong_argument(server, other):
    session = other.imap()
    response = session.cmd("URLFETCH", b"{1000000+}\r\n" + b"x" * 1000000)
    assert response.status == "BAD"
    session = other.imap()
    urls = b" ".join(b"imap://x/%d" % number for number in range(4000))
    assert session.cmd(b"URLFETCH " + urls).status in ("OK", "BAD")
    assert imap_memory(server) < RSS_MAX


# -- settings


def test_sc_08_identifiers_are_switched_off(make_server):
    server = make_server(conf(), notifier=False)
    owner, other = server.user(), server.user()
    owner.session.append("INBOX", message(body="It rains."))
    rumps = [rump(owner, access) for access in
             ("anonymous", "authuser", ("user", other), ("submit", other))]
    urls = authorise(owner.session, *rumps)
    assert None not in fetch(other.session, *urls[:3])
    server.change(lemonade_urlauth_access="user submit")
    server.reload()
    session, reader = owner.imap(), other.imap()
    for asked in rumps[:2]:
        response = generate(session, asked)
        assert response.status == "BAD" and not response.untagged
    assert len(authorise(session, *rumps[2:])) == 2
    # those that were made before are of no more use
    assert fetch(reader, *urls[:3])[:2] == [None, None]
    assert fetch(reader, urls[2]) is not None
    assert fetch(session, *urls[:2]) == [None, None]
    assert fetch(anonymous(server), urls[0]) is None


def test_sc_08_wrong_list_is_told(make_server):
    """The log names it, or 2.4 does not start; mail goes on, without
    URLs."""
    try:
        server = make_server(conf(), notifier=False,
                             lemonade_urlauth_access="user everybody")
    except AssertionError as error:
        assert "lemonade_urlauth_access: 'everybody'" in str(error)
        return
    server.log.expect("lemonade")
    user = server.user()
    user.deliver()
    assert server.log.wait("lemonade_urlauth_access: 'everybody'")
    # nothing is let through because it is not known what is switched off
    assert generate(user.session, rump(user, "authuser")).status == "BAD"


def test_ua_10_sc_08_tls_only(make_server, endpoints):
    """RFC 4467 section 10: no URLMECH, and no URLs, without TLS."""
    cert, key = endpoints.ca.cert("good")
    lines = (f"ssl_server_cert_file = {cert}\nssl_server_key_file = {key}\n"
             if is_24() else f"ssl_cert = <{cert}\nssl_key = <{key}\n")
    # a client of this host counts as secured, so it is none
    server = make_server("ssl = yes\n" + lines + conf(), notifier=False,
                         lemonade_urlauth_tls="yes")
    owner = server.user()
    owner.session.append("INBOX", message())
    plain = owner.imap(source="127.0.0.2")
    response = plain.select()
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    secured = owner.imap(tls=context)
    assert secured.select().find(rb"URLMECH")
    assert generate(secured, rump(owner, "authuser")).ok
    refused = generate(plain, rump(owner, "authuser"))
    assert not response.find(rb"URLMECH"), response
    assert refused.status == "NO" and "[PRIVACYREQUIRED]" in refused.text
    assert not refused.untagged


def test_ua_06_no_token_in_the_log(server, owner, other):
    urls = authorise(owner.session, rump(owner, "authuser"),
                     rump(owner, ("user", owner)))
    for session in (owner.session, other.session):
        fetch(session, *urls, *map(tampered, urls))
    text = "\n".join(server.log.lines())
    for url in urls:
        assert url.rsplit(":", 1)[1] not in text
