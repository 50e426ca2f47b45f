"""Devices in METADATA: what they ask for is what is pushed (NF-01, SE-08,
SE-09), who may see and write them (NF-08, SC-04, SC-18)."""

import json
import ssl
import time

import pytest

from lemotest import wait
from lemotest.imap import Imap
from lemotest.server import is_24
from lemotest.sieve import ManageSieve
from lemotest.users import PUSH, message


def settled(user, marker):
    """Rings a second device of the user; what was delivered before has been
    judged for all devices then."""
    user.deliver(subject="marker")
    marker.wait()


# -- NF-01, filters

def test_nf_01_only_from_boss(server, endpoints):
    """One push for the boss; the other mail none; both can be read."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, filter="FROM boss@remote.test", payload=2)
    user.deliver(message(sender="mate@remote.test"))
    user.deliver(message(sender="boss@remote.test"))
    pushes = endpoint.wait()
    assert [p.data["vnd.lemonade.uid"] for p in pushes] == [2]
    user.session.select()
    for uid in "12":
        assert user.session.must("UID", "FETCH", uid, "BODY.PEEK[]") \
            .find(rb"It rains")


def test_nf_01_rule_is_of_one_account(server, endpoints):
    one, other = server.user(), server.user()
    endpoint, free = endpoints.new(), endpoints.new()
    one.register(endpoint, filter="FROM boss")
    other.register(free)
    for user in (one, other):
        user.deliver(message(sender="mate@remote.test"))
    free.wait()
    assert endpoint.pushes() == []


@pytest.mark.parametrize("storage", ["maildir", "sdbox"])
@pytest.mark.parametrize("criteria,hit,miss", [
    ("SUBJECT urgent", {"subject": "urgent!"}, {"subject": "later"}),
    ("NOT SUBJECT later", {"subject": "urgent!"}, {"subject": "later"}),
    ("OR FROM boss SUBJECT fire", {"subject": "fire"}, {"subject": "tea"}),
    ("BODY needle", {"body": "a needle"}, {"body": "hay"}),
    ("LARGER 3000", {"body": "x" * 4000}, {"body": "x"}),
    ('SUBJECT "grüße"', {"subject": "=?utf-8?q?Gr=C3=BC=C3=9Fe?="},
     {"subject": "gruss"}),
    ('HEADER X-Rank 9', {"extra": "X-Rank: 9"}, {"extra": "X-Rank: 1"}),
])
def test_nf_01_search_criteria(server, endpoints, storage, criteria, hit,
                               miss):
    user, endpoint = server.user(storage), endpoints.new()
    user.register(endpoint, filter=criteria, payload=2)
    user.deliver(**miss)
    user.deliver(**hit)
    assert [p.data["vnd.lemonade.uid"] for p in endpoint.wait()] == [2]


def test_nf_01_defaults_ring_for_new_mail_only(server, endpoints):
    """{"url": ...}: new mail in INBOX; not own appends, not mail the user
    sent, not Junk, not muted."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, payload=2)
    with ManageSieve(server.ports["sieve"]) as sieve:
        sieve.login(user.name, user.password)
        sieve.put("main", 'require ["fileinto", "imap4flags"];\r\n'
                  'if header :is "subject" "junk" { fileinto "Junk"; }\r\n'
                  'if header :is "subject" "muted" '
                  '{ addflag "$Muted"; }\r\n'
                  'if header :is "subject" "read" '
                  '{ addflag "\\\\Seen"; }\r\n')
    user.session.append("INBOX", message(subject="appended"))
    for subject in ("junk", "muted", "read"):
        user.deliver(subject=subject)
    user.deliver(message(sender=user.name, subject="own"))
    user.deliver(subject="ring")
    imap = user.session
    imap.select()
    uid = int(imap.must("UID", "SEARCH", "SUBJECT", "ring")
              .find(rb"SEARCH (\d+)").group(1))
    pushes = endpoint.wait()
    assert [(p.event, p.data["vnd.lemonade.uid"]) for p in pushes] == \
        [("MessageNew", uid)]


def test_nf_01_two_devices_two_rules(server, endpoints):
    user = server.user()
    boss, all_mail = endpoints.new("boss"), endpoints.new("all")
    user.register(boss, "phone", filter="FROM boss", payload=2)
    user.register(all_mail, "watch", payload=2)
    user.deliver(message(sender="mate@remote.test"))
    all_mail.wait(1)
    user.deliver(message(sender="boss@remote.test"))
    all_mail.wait(2)
    assert [p.data["vnd.lemonade.uid"] for p in boss.wait()] == [2]


def test_nf_01_own_mail_of_a_name_without_domain(server, endpoints):
    """The user name at this host is the user; at another host it is not."""
    user, endpoint = server.user(name="lemobob"), endpoints.new()
    user.register(endpoint, payload=2)
    before = user.status("phone").get("heldBack", {}).get("own", 0)
    for n, sender in enumerate(["lemobob@lemo.test", "LemoBob@LEMO.test",
                                "lemobob@remote.test", "joe@lemo.test"]):
        user.deliver(message(sender=sender, subject=f"own{n}"),
                     sender="list-bounces@lists.test")
    wait.until(lambda: len(endpoint.pushes()) >= 2, 5, "two ring")
    held = wait.until(lambda: user.status("phone").get("heldBack"), 5,
                      "heldBack")
    assert held["own"] - before == 2
    assert len(endpoint.pushes()) == 2
    assert user.set_device("phone", None).ok


# -- NF-09, no filter keeps a delivery waiting

SLOW = " ".join(f"NOT BODY q{n}z" for n in range(70))
BIG = ("abcdefgh ijklmnop qrstuvwx yzabcdef ghijklmn opqrstuv wxyzabcd"
       "\r\n") * 12000            # 0.77 MB
HEAVY = BIG + BIG               # over 1 MB


def store_filter(user, device, criteria):
    """As another version (or dsync) may have stored it: unchecked."""
    stub = "SUBJECT stub"
    user.change_device(device, filter=stub)
    user.session.must("LOGOUT")
    user.forget_session()
    path = f"{user.home}/dovecot-attributes"
    with open(path, encoding="utf-8") as f:
        text = f.read()
    assert stub in text
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace(stub, criteria))


@pytest.mark.parametrize("criteria,good", [
    ("BODY a BODY b TEXT c NOT BODY d", True),
    ("BODY a BODY b TEXT c NOT BODY d BODY e", False),
    ("OR (BODY a BODY b) (BODY c OR BODY d TEXT e)", False),
    ("MIMEPART (OR BODY a BODY b) BODY c MIMEPART CHILD BODY d", False),
    pytest.param(SLOW, False, id="70 keys")])
def test_se_09_few_body_keys(server, criteria, good):
    response = server.user().set_device("phone", {"channel": "log",
                                                  "filter": criteria})
    assert response.ok == good
    if not good:
        assert "filter" in response.text and "BODY" in response.text
        assert "4 times" in response.text


def test_nf_09_slow_filter_does_not_delay(server, endpoints):
    """One that is stored all the same is not run: it rings."""
    user, endpoint = server.user("sdbox"), endpoints.new()
    user.register(endpoint, payload=2)
    store_filter(user, "phone", SLOW + " BODY zz")
    assert user.deliver(body=BIG) < 0.2
    endpoint.wait(1)


def test_nf_09_large_mail_is_not_searched(server, endpoints):
    """Over 1 MB BODY is not asked, other criteria are."""
    user, endpoint = server.user("sdbox"), endpoints.new()
    other = endpoints.new("other")
    user.register(endpoint, "phone", filter="NOT BODY abcdefgh", payload=2)
    user.register(other, "other", filter="NOT SUBJECT heavy", payload=2)
    user.deliver(subject="heavy", body=BIG)
    user.deliver(subject="heavy", body=HEAVY)
    user.deliver(subject="small")
    assert [p.data["vnd.lemonade.uid"] for p in endpoint.wait(2)] == [2, 3]
    assert [p.data["vnd.lemonade.uid"] for p in other.wait()] == [3]


def test_nf_09_filters_share_a_budget(server, endpoints):
    """Many mails in one transaction, none of which matches: after 100 ms
    the rest rings, for this device and for the next."""
    user = server.user("sdbox")
    first, next_one = endpoints.new("first"), endpoints.new("next")
    fields = {"events": "(personal (MessageAppend))", "payload": 2}
    user.session.must("CREATE", "Lists")
    for n in range(60):
        assert user.session.append("Lists", message(body=BIG)).ok
    user.register(first, "a", filter=" ".join(["BODY zz1 BODY zz2",
                                               "BODY zz3 BODY zz4"]), **fields)
    user.register(next_one, "b", filter="NOT ALL", **fields)
    user.session.must("SELECT", "Lists")
    start = time.monotonic()
    user.session.must("COPY", "1:60", "INBOX")
    assert time.monotonic() - start < 1.5
    first.wait()
    next_one.wait()


# -- NF-08, SC-04, SC-18: whose they are

def test_nf_08_anonymous_reads_and_writes_nothing(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    with Imap(server.ports["imap"]) as imap:
        entry = user.entry("phone")
        assert imap.cmd("GETMETADATA", '""', f"({entry})").status == "BAD"
        assert imap.cmd("SETMETADATA", '""',
                        f"({entry} NIL)").status == "BAD"
    user.deliver()
    endpoint.wait()


def test_nf_08_other_user_reads_and_writes_nothing(server, endpoints):
    user, other, endpoint = server.user(), server.user(), endpoints.new()
    value = user.register(endpoint, filter="FROM lover@remote.test")
    assert other.get_device("phone") is None
    assert other.set_device("phone", None).ok       # there is none of theirs
    response = other.session.must("GETMETADATA", "(DEPTH infinity)", '""',
                                  f"({PUSH})")
    assert b"lover" not in b"".join(response.untagged)
    for mailbox in (f"shared/{user.name}", f"shared/{user.name}/INBOX"):
        response = other.session.cmd("GETMETADATA", f'"{mailbox}"',
                                     f"({user.entry('phone')})")
        assert b"lover" not in b"".join(response.untagged)
        other.session.cmd("SETMETADATA", f'"{mailbox}"',
                          f'({user.entry("phone")} "{{}}")')
    assert json.loads(user.get_device("phone")) == value
    user.deliver(message(sender="lover@remote.test"))
    endpoint.wait()


def test_nf_08_shared_mailbox_shows_no_devices(server, endpoints):
    """Full rights on another's INBOX give nothing of the owner's devices."""
    user, other, endpoint = server.user(), server.user(), endpoints.new()
    user.register(endpoint, filter="FROM lover@remote.test")
    user.session.must("SETACL", "INBOX", other.name, "lrwstipekxa")
    shared = f"shared/{user.name}/INBOX"
    other.session.must("SELECT", f'"{shared}"')
    for mailbox in ('""', f'"{shared}"'):
        for entry in (user.entry("phone"), PUSH):
            response = other.session.cmd("GETMETADATA", "(DEPTH infinity)",
                                         mailbox, f"({entry})")
            assert b"lover" not in b"".join(response.untagged)
        other.session.cmd("SETMETADATA", mailbox,
                          f"({user.entry('phone')} NIL)")
    assert user.get_device("phone") is not None
    user.deliver(message(sender="lover@remote.test"))
    endpoint.wait()


def test_nf_08_tls_required_option(make_server, endpoints):
    """With TLS required nothing goes in clear; within TLS it works."""
    cert, key = endpoints.ca.cert("good")
    if is_24():
        conf = (f"ssl = required\nssl_server_cert_file = {cert}\n"
                f"ssl_server_key_file = {key}\nauth_allow_cleartext = no\n")
    else:
        conf = (f"ssl = required\nssl_cert = <{cert}\nssl_key = <{key}\n"
                "disable_plaintext_auth = yes\n")
    server = make_server(conf)
    user, endpoint = server.user(), endpoints.new()
    with tls_imap(server, endpoints) as imap:
        assert imap.login(user.name, user.password).ok
        entry = user.entry("phone")
        sub = {"channel": "webhook", "url": endpoint.url,
               "whenConnected": "always"}
        assert imap.setmetadata(entry, json.dumps(sub)).ok
        code = endpoint.code()
        sub["verificationCode"] = code
        assert imap.setmetadata(entry, json.dumps(sub)).ok
    user.deliver()
    endpoint.wait()
    # from an address that is not the server's own
    with Imap(server.ports["imap"], source="127.0.0.9") as imap:
        assert b"LOGINDISABLED" in imap.must("CAPABILITY").untagged[0]
        assert not imap.login(user.name, user.password).ok


def tls_imap(server, endpoints):
    imap = Imap(server.ports["imap"], source="127.0.0.9")
    imap.must("STARTTLS")
    context = ssl.create_default_context(cafile=endpoints.ca_file)
    imap.start_tls(context, "localhost")
    server.sessions.append(imap)
    return imap


def test_sc_04_limits_of_metadata(server, endpoints):
    """Size and number of devices are bounded, with the codes of RFC 5464."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, "d0")
    value = {"channel": "log"}
    big = user.set_device("big", {"channel": "log",
                                  "filter": "SUBJECT " + "x" * 5000})
    assert big.status == "NO"
    assert big.text.startswith("[METADATA MAXSIZE 4096]")
    for n in range(1, 10):
        assert user.set_device(f"d{n}", value).ok
    many = user.set_device("d10", value)
    assert many.status == "NO"
    assert many.text.startswith("[METADATA TOOMANY]")
    assert user.get_device("d10") is None
    assert user.set_device("d5", value).ok      # writing again is no new one
    assert user.set_device("d5", None).ok
    assert user.set_device("d10", value).ok
    user.deliver()
    endpoint.wait()


def test_sc_18_private_entries_are_private(server, endpoints):
    user, other, endpoint = server.user(), server.user(), endpoints.new()
    user.register(endpoint, filter="SUBJECT divorce")
    for depth in ("0", "1", "infinity"):
        for entry in ("/private", "/private/vendor", PUSH,
                      user.entry("phone"), user.entry("phone") + "/status"):
            response = other.session.cmd(
                "GETMETADATA", f"(DEPTH {depth})", '""', f"({entry})")
            # what was asked for is named, as not there
            data = b"".join(response.untagged).replace(
                f"({entry} NIL)".encode(), b"")
            assert b"divorce" not in data and b"phone" not in data
    assert user.status("phone")["verified"] is True


def test_sc_18_log_is_discreet(server, endpoints):
    """Neither paths of endpoints nor secrets nor filters are logged."""
    user, endpoint = server.user(), endpoints.new("capability")
    user.register(endpoint, filter="NOT SUBJECT divorce")
    endpoint.tell("status=500")
    user.deliver()
    endpoint.wait()
    server.log.wait(endpoint.host)
    for line in server.log.lines():
        assert endpoint.path not in line
        assert "divorce" not in line
        assert user.secrets["phone"] not in line


# -- SE-08, SE-09

def test_se_08_event_filter_in_metadata(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    groups = '(mailboxes "Lists" (MessageAppend)) (mailboxes INBOX NONE)'
    user.session.must("CREATE", "Lists")
    user.register(endpoint, events=groups, payload=2)
    assert json.loads(user.get_device("phone"))["events"] == groups
    user.deliver()
    user.session.append("Lists", message())
    pushes = endpoint.wait()
    assert [(p.event, p.data["vnd.lemonade.mailbox"]) for p in pushes] == \
        [("MessageAppend", "Lists")]


def test_se_09_set_push_and_nil(server, endpoints):
    user, endpoint = server.user(), endpoints.new("one")
    marker = endpoints.new("marker")
    user.register(endpoint)
    user.deliver()
    endpoint.wait(1)
    assert user.set_device("phone", None).ok
    assert user.get_device("phone") is None
    assert user.status("phone") is None
    user.register(marker, "other")
    settled(user, marker)
    assert len(endpoint.pushes()) == 1


def test_se_09_not_pushed_until_verified(server, endpoints):
    user, endpoint = server.user(), endpoints.new("victim")
    marker = endpoints.new("marker")
    user.register(marker, "other")
    sub = {"channel": "webhook", "url": endpoint.url}
    assert user.set_device("phone", sub).ok
    endpoint.code()
    assert user.status("phone")["verified"] is False
    settled(user, marker)
    # a wrong code is no code
    sub["verificationCode"] = "guessed-code"
    user.set_device("phone", sub)
    user.deliver()
    marker.wait(2)
    assert endpoint.pushes() == []
    assert user.status("phone")["verified"] is False


def test_se_09_another_url_needs_another_code(server, endpoints):
    user = server.user()
    mine, victim = endpoints.new("mine"), endpoints.new("victim")
    marker = endpoints.new("marker")
    user.register(marker, "other")
    user.register(mine)
    user.change_device("phone", url=victim.url)     # keeps the old code
    victim.code()
    settled(user, marker)
    assert victim.pushes() == []
    assert user.status("phone")["verified"] is False


def test_se_09_code_is_of_one_user(server, endpoints):
    """The code that one user got does not verify another's device."""
    user, other = server.user(), server.user()
    shared, marker = endpoints.new("shared"), endpoints.new("marker")
    sub = user.register(shared)
    other.register(marker, "other")
    assert other.set_device("phone", sub).ok
    settled(other, marker)
    assert shared.pushes() == []
    assert other.status("phone")["verified"] is False


def test_se_09_value_over_1024_octets(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    long = " ".join(f"NOT SUBJECT word{n:03}" for n in range(50))
    names = [f"Mailbox{n:02}" for n in range(40)]
    for name in names:
        user.session.must("CREATE", name)
    mailboxes = " ".join(names)
    sub = user.register(endpoint, filter=long[:1000].rsplit(" NOT", 1)[0],
                        events=f"(mailboxes ({mailboxes}) NONE) "
                        "(personal (MessageNew))")
    assert len(json.dumps(sub)) > 1400
    assert json.loads(user.get_device("phone")) == sub
    user.deliver()
    endpoint.wait()


def test_se_09_entry_name_any_case(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, "phone")
    assert user.session.getmetadata(
        "/private/VENDOR/Vendor.Lemonade/push/PHONE") is not None


def test_se_09_expires(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    marker = endpoints.new("marker")
    user.register(marker, "other")
    user.register(endpoint, expires="2031-01-01T00:00:00Z")
    user.change_device("phone", expires="2021-01-01T00:00:00Z")
    settled(user, marker)
    assert endpoint.pushes() == []


def test_se_09_disabled_and_enabled(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    marker = endpoints.new("marker")
    user.register(marker, "other")
    user.register(endpoint)
    user.change_device("phone", disabled=True)
    settled(user, marker)
    assert endpoint.pushes() == []
    user.change_device("phone", disabled=None)
    user.deliver()
    endpoint.wait(1)


def test_se_09_status_entry(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    status = user.status("phone")
    assert status["verified"] is True
    assert "secret" not in status       # shown before, and only then
    user.deliver()
    endpoint.wait()
    status = wait.until(
        lambda: (s := user.status("phone")).get("lastSent") and s, 5,
        "status tells of the push")
    assert status["lastResult"].startswith("200") or \
        status["lastResult"] == "ok"
    assert status["pending"] == 0
    assert status["lastEvent"]
    response = user.session.setmetadata(user.entry("phone") + "/status",
                                        '{"verified":true}')
    assert response.status == "NO"
    assert user.status("phone")["lastSent"]


def test_se_09_secret_is_shown_once(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    assert user.set_device("phone", {"url": endpoint.url}).ok
    code = endpoint.code()
    assert user.status("phone")["secret"].startswith("whsec_")
    assert user.set_device("phone", {"url": endpoint.url,
                                     "verificationCode": code}).ok
    wait.until(lambda: user.status("phone")["verified"], 5, "verified")
    assert "secret" not in user.status("phone")
    assert "secret" not in json.loads(user.get_device("phone"))
