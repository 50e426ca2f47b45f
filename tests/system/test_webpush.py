"""Web Push: rows WP-01 to WP-07, and SE-09."""

import json
import os
import re
import ssl
import subprocess

import pytest

from lemotest import wait
from lemotest.server import is_24
from lemotest.users import VENDOR, message
from lemotest.webpush import (Phone, b64, new_keys, point,
                              published_key)

HERE = os.path.dirname(os.path.abspath(__file__))
OLD = 4000      # seconds: more than the hour of a 404


@pytest.fixture
def phone(server, endpoints):
    """new(user, ...): a phone that subscribed with the published key."""
    def new(user, **kwargs):
        kwargs.setdefault("key", published_key(user))
        return Phone(endpoints.new(), **kwargs)
    return new


def refusal(user, sub, device="phone"):
    response = user.set_device(device, sub)
    assert not response.ok
    return response.text


def settled(user):
    return wait.until(lambda: user.status("phone")["pending"] == 0, 5)


def last_result(user, word):
    return wait.until(lambda: word in (result := user.status("phone").get(
        "lastResult", "")) and result, 5, f"lastResult says {word}")


# -- what is sent

def test_wp_01_wp_02_wp_04_wp_05_push(server, phone, user):
    """The phone checks and decrypts (lemotest/webpush.py); this, the rest."""
    tel = phone(user)
    user.register(tel, urgency="high", ttl=7200)
    for n in range(2):
        user.deliver()
        tel.wait(n + 1)
    settled(user)
    one, two = tel.pushes()
    assert one.headers["ttl"] == "7200"
    assert one.headers["urgency"] == "high"
    assert one.topic == two.topic
    assert one.json["@type"] == "StateChange"
    assert one.changed == {"Email", "EmailDelivery", "Mailbox"}
    assert list(one.json["changed"]) == [
        re.sub(r"[^A-Za-z0-9-]", lambda m: f"_{ord(m[0]):02X}", user.name)]
    assert (one.json["messages"], two.json["messages"]) == (1, 2)
    assert user.status("phone")["lastResult"] == "201"
    # the token is kept for the origin
    assert len({p.headers["authorization"] for p in tel.all()}) == 1
    assert set(one.headers) == {
        "host", "user-agent", "authorization", "content-type",
        "content-encoding", "ttl", "urgency", "topic", "content-length"}


def test_wp_02_urgency_by_importance(server, phone):
    """What the sender says of a message moves what the device says."""
    user = server.user()
    tel = phone(user)
    user.register(tel, payload=3)
    for n, (extra, urgency) in enumerate([
            ("Importance: high", "high"), ("X-Priority: 5 (Lowest)", "low"),
            ("Priority: normal", None), ("X-Priority: 9", None)], 1):
        user.deliver(extra=extra)
        push = tel.wait(n)[-1]
        assert push.headers.get("urgency", "normal") == (urgency or "normal")
        settled(user)


def test_wp_02_topics(server, phone):
    """One a device and mailbox, and the push service cannot tell which; what
    takes an alert back has the alert's."""
    user, other = server.user(), server.user()
    tel, second = phone(user), phone(other)
    for who, device in ((user, tel), (other, second)):
        who.session.must("CREATE", "Lists")
        who.register(device, events="(personal (MessageNew MessageAppend "
                     "MessageRead))")
        who.deliver()
        device.wait(1)
        settled(who)
        who.session.append("Lists", b"Subject: x\r\n\r\nx\r\n")
        device.wait(2)
        settled(who)
    topics = [p.topic for p in tel.pushes() + second.pushes()]
    assert len(set(topics)) == 4
    user.session.select()
    user.session.must("STORE", "1", "+FLAGS", "(\\Seen)")
    taken = tel.wait(3)[2]
    assert taken.topic == topics[0]
    assert taken.changed == {"Email", "Mailbox"}
    assert taken.json["vnd.lemonade.unseen"] == 0


@pytest.mark.parametrize("level", range(5))
def test_wp_04_levels(server, phone, level):
    """StateChange at 0 and 1, our JSON above; the ceiling is 3."""
    user = server.user()
    tel = phone(user)
    user.register(tel, payload=level)
    user.deliver(subject="merger", body="a secret body")
    push = tel.wait()[0]
    if level <= 1:
        assert push.json["@type"] == "StateChange"
        assert ("user" in push.json) == (level == 1)
        assert "merger" not in push.body
    else:
        assert push.type == "rfc5423.MessageNew"
        assert push.data["vnd.lemonade.uid"] == 1
        assert push.data.get("vnd.lemonade.subject") == \
            ("merger" if level >= 3 else None)
    assert "secret body" not in push.body
    held = user.status("phone").get("heldBack", {})
    assert held.get("ceiling", 0) == (1 if level == 4 else 0)


def test_wp_04_what_is_long_is_told_with_less(server, phone):
    """A push has at most 4096 octets (lemotest/webpush.py checks it): names
    that do not fit are left out."""
    user = server.user("sdbox")
    tel = phone(user)
    user.register(tel, payload=3, events="(personal (MessageAppend))")
    name = "/".join("&" + "ZeU" * 40 + "-" for _ in range(5))
    user.session.must("CREATE", name)
    user.session.append(name, message())
    assert tel.wait()[0].json["@type"] == "StateChange"
    user.session.append("INBOX", message(subject="short"))
    assert tel.wait(2)[1].data["vnd.lemonade.subject"] == "short"


def test_wp_05_is_decrypted_by_others(server, phone):
    """npm http_ece, which is not ours nor uses the same library."""
    user = server.user()
    tel = phone(user)
    user.register(tel, payload=3)
    user.deliver(subject="Grüße 日本".encode().decode("latin-1"))
    tel.wait()
    number = tel.private.private_numbers().private_value.to_bytes(32, "big")
    job = {"private": b64(number), "public": b64(point(tel.private)),
           "auth": b64(tel.auth),
           "bodies": [p.record["body_base64"] for p in tel.all()]}
    result = subprocess.run(
        ["node", f"{HERE}/decrypt-webpush.mjs"], input=json.dumps(job),
        text=True, capture_output=True, timeout=30, check=False)
    assert "Cannot find package" not in result.stderr, "npm ci is missing"
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == [p.body for p in tel.all()]


def test_wp_01_unified_push(server, endpoints):
    """A push server that knows nothing of VAPID and answers 200."""
    user, tel = server.user(), Phone(endpoints.new())
    tel.tell("status=200")
    user.register(tel)
    user.deliver()
    assert tel.wait()[0].json["@type"] == "StateChange"


def test_wp_01_private_push_server(make_server, endpoints):
    """A server of the admin's own without TLS, at a private address."""
    sink = endpoints.sink("127.0.0.1", 8080, tls=False)
    server = make_server(lemonade_allow_hosts="127.0.0.1:8080")
    user = server.user()
    tel = Phone(endpoints.new(server=sink, host="127.0.0.1"),
                published_key(user))
    tel.url = f"http://127.0.0.1:8080{tel.path}"
    user.register(tel)
    user.deliver()
    tel.wait()


# -- what is answered

@pytest.mark.parametrize("answer", ["status=201", "status=200", "status=202"])
def test_wp_03_done(server, phone, answer):
    user = server.user()
    tel = phone(user)
    user.register(tel)
    tel.tell(answer)
    user.deliver()
    assert last_result(user, answer[-3:]) == answer[-3:]
    assert user.status("phone")["pending"] == 0


@pytest.mark.parametrize("answer", ["retry-after=1,status=429", "status=503"])
def test_wp_03_later(server, phone, answer):
    user = server.user()
    tel = phone(user)
    user.register(tel)
    tel.tell(answer)
    user.deliver()
    tel.wait(1)
    tel.behave()
    tel.wait(2)
    settled(user)
    one, two = tel.pushes()
    assert two.time - one.time > (0.9 if "429" in answer else 0.4)
    assert one.json["changed"] == two.json["changed"]


@pytest.mark.parametrize("status", [400, 413])
def test_wp_03_for_good(server, phone, status):
    """This push is lost; the device stays."""
    server.log.expect("refused for good")
    user = server.user()
    tel = phone(user)
    user.register(tel)
    tel.tell(f"status={status}")
    user.deliver()
    last_result(user, str(status))
    tel.behave()
    user.deliver()
    tel.wait(2)
    settled(user)
    assert user.get_device("phone") is not None


def test_wp_03_gone(server, phone, user):
    """410: the next event's acknowledgement takes the entry away."""
    tel, other = phone(user), phone(user)
    user.register(tel)
    user.register(other, device="tablet")
    tel.tell("status=410")
    user.deliver()
    last_result(user, "410: gone")
    other.wait(1)
    assert user.get_device("phone") is not None
    user.deliver()
    other.wait(2)
    assert user.get_device("phone") is None
    assert user.get_device("tablet") is not None
    assert len(tel.pushes()) == 1
    # the notifier heard of it, too
    assert user.status("phone") is None
    assert [row["device"] for row in server.rows(
        "lemonade", "device", "list", "-u", user.name)] == ["tablet"]
    user.deliver()
    other.wait(3)


def test_wp_03_gone_and_new(server, phone):
    """A subscription made since then stays."""
    user = server.user()
    tel, new = phone(user), phone(user)
    user.register(tel)
    tel.tell("status=410")
    user.deliver()
    last_result(user, "410")
    user.register(new)
    user.deliver()
    new.wait()
    assert json.loads(user.get_device("phone"))["url"] == new.url


def test_wp_03_not_found(make_server, endpoints):
    """404: three answers do not do, over an hour they do."""
    server = make_server()
    user = server.user()
    tel = Phone(endpoints.new(), published_key(user))
    user.register(tel)
    tel.tell("status=404")
    user.deliver()
    for n in range(4):
        tel.wait(n + 1)
        last_result(user, "404: not found")
        server.doveadm("lemonade", "retry", "-u", user.name, check=True)
    tel.wait(5)
    assert user.status("phone")["pending"] == 1
    # an hour passes
    server.stop()
    subprocess.run(
        ["/usr/bin/python3", "-c", "import sqlite3, sys\n"
         "db = sqlite3.connect(sys.argv[1])\n"
         "assert db.execute('UPDATE device SET missing_since ="
         f" missing_since - {OLD} WHERE missing > 0').rowcount == 1\n"
         "db.commit()", f"{server.state_dir}/outbox.sqlite"], check=True)
    server.start()
    server.doveadm("lemonade", "retry", "-u", user.name, check=True)
    last_result(user, "404: gone")
    user.deliver()
    wait.until(lambda: user.get_device("phone") is None, 5)


def test_wp_04_other_keys_while_in_flight(server, phone):
    """The app subscribed again at the same URL: a push that it cannot decrypt
    any more does not count for it."""
    user = server.user()
    old = phone(user)
    user.register(old)
    before = json.loads(user.get_device("phone"))

    def came():
        return len(old.sink.log(old.path))
    new = Phone(old, key=old.key)
    new.skip = came()
    user.register(new)
    after = json.loads(user.get_device("phone"))
    assert user.set_device("phone", before).ok
    count = came()
    new.tell("delay=0.5")
    user.deliver()
    wait.until(lambda: came() == count + 1, 5, "in flight")
    assert user.set_device("phone", after).ok
    new.skip = count + 1
    new.behave()
    new.wait(1)
    settled(user)
    assert len(new.pushes()) == 1


# -- VAPID keys

def move(user, second):
    """The user's home goes to another server, and nothing else."""
    there = second.user(name=user.name)
    subprocess.run(["cp", "-a", f"{user.home}/.", there.home], check=True)
    return there


def test_wp_05_moved_with_the_keys(make_server, phone, server):
    """The same keys on the second instance: pushes go on."""
    user = server.user()
    tel = phone(user)
    user.register(tel)
    user.deliver()
    tel.wait(1)
    second = make_server()
    exported = server.doveadm("lemonade", "vapid", "export", check=True)
    second.doveadm("lemonade", "vapid", "import", "-",
                   stdin=exported.stdout, check=True)
    there = move(user, second)
    there.deliver()
    tel.wait(2)
    settled(there)
    assert there.status("phone")["lastResult"] == "201"
    assert there.status("phone")["verified"]


def test_wp_05_moved_without_the_keys(make_server, phone, server):
    """With other keys the status says why not; a new subscription helps."""
    user = server.user()
    tel = phone(user)
    user.register(tel)
    second = make_server()
    second.log.expect("refused for good")
    there = move(user, second)
    there.deliver()
    assert "let the app subscribe again" in last_result(there, "code")
    assert not there.status("phone")["verified"]
    # to write the old one once more is no new subscription
    assert there.set_device("phone", tel.subscription).ok
    assert "let the app subscribe again" in last_result(there, "403")
    assert not tel.pushes()
    new = phone(there)
    there.register(new)
    there.deliver()
    new.wait(1)


def test_wp_05_rotated(make_server, endpoints):
    """A new key is published; the devices of the old one stay with theirs,
    until it is taken out of the file."""
    server = make_server()
    user = server.user()
    old = Phone(endpoints.new(), published_key(user))
    user.register(old)
    server.doveadm("lemonade", "vapid", "rotate", check=True)
    user.forget_session()
    new = Phone(endpoints.new(), published_key(user))
    assert new.key != old.key
    user.register(new, device="tablet")
    user.deliver()
    old.wait(1)
    new.wait(1)
    server.restart()
    user.deliver()
    old.wait(2)
    new.wait(2)
    # the old one is lost: its app subscribes anew, or stays silent
    server.stop()
    path = f"{server.state_dir}/vapid.pem"
    with open(path, "r+", encoding="ascii") as f:
        end = "-----END PRIVATE KEY-----\n"
        first = f.read().partition(end)[0] + end
        f.seek(0)
        f.truncate()
        f.write(first)
    server.start()
    user.deliver()
    new.wait(3)
    last_result(user, "let the app subscribe again")
    assert len(old.pushes()) == 2


def test_wp_05_key_lost(make_server, endpoints):
    """The notifier knows which key it was, and has it no more: it says so."""
    server = make_server()
    server.log.expect("refused for good")
    user = server.user()
    tel = Phone(endpoints.new(), published_key(user))
    assert user.set_device("phone", tel.subscription).ok
    tel.code()
    server.stop()
    os.unlink(f"{server.state_dir}/vapid.pem")
    server.start()
    assert user.set_device("phone", tel.subscription).ok
    assert "has no more" in last_result(user, "403")


# -- registration

def test_wp_06_only_over_tls(make_server, endpoints):
    """RFC 8291 2.1: keys in clear text from elsewhere are refused; nothing is
    kept."""
    server = make_server()
    user = server.user()
    tel = Phone(endpoints.new(), published_key(user))
    session = user.imap(source="127.0.0.77")
    response = session.setmetadata(user.entry("phone"),
                                   json.dumps(tel.subscription))
    assert not response.ok and "TLS" in response.text
    assert user.get_device("phone") is None
    # other channels do not mind, this host and TLS do not either
    assert session.setmetadata(user.entry("log"),
                               '{"channel":"log"}').ok
    assert user.set_device("phone", tel.subscription).ok
    # and what is there may go
    assert session.setmetadata(user.entry("phone"), None).ok


def test_wp_06_tls_is_enough(make_server, endpoints):
    cert, key = endpoints.ca.cert("good")
    conf = f"ssl = yes\nssl_cert = <{cert}\nssl_key = <{key}\n"
    if is_24():
        conf = (f"ssl = yes\nssl_server_cert_file = {cert}\n"
                f"ssl_server_key_file = {key}\n")
    server = make_server(conf=conf)
    user = server.user()
    tel = Phone(endpoints.new(), published_key(user))
    session = user.imap(source="127.0.0.77", tls=ssl.create_default_context(
        cafile=endpoints.ca_file))
    assert session.setmetadata(user.entry("phone"),
                               json.dumps(tel.subscription)).ok


def test_wp_07_fence(server):
    """Addresses that are not public, plain http, odd ports."""
    user = server.user()
    keys = new_keys()
    for url in ("https://127.0.0.1/x", "https://10.1.2.3/x",
                "https://[::1]/x", "http://push.test/x",
                "https://push.test:22/x", "https://user@push.test/x"):
        assert '"url"' in refusal(user, {"url": url, "keys": keys}), url


def test_wp_07_no_redirects(server, phone):
    server.log.expect("refused for good")
    user = server.user()
    tel, trap = phone(user), phone(user)
    user.register(tel)
    tel.tell(f"redirect={trap.url.replace('/', '%2F')}")
    user.deliver()
    last_result(user, "302")
    assert not trap.all()


def test_wp_04_bad_keys(server, phone):
    """Off the curve, short, missing: refused with the field's name, and the
    old entry stays."""
    user = server.user()
    tel = phone(user)
    assert user.set_device("phone", tel.subscription).ok
    good = tel.keys
    octets = bytearray(point(tel.private))
    octets[64] ^= 1
    compressed = bytes([2 + (octets[64] & 1)]) + bytes(octets[1:33])
    for field, keys in (
            ("keys.p256dh", {**good, "p256dh": b64(bytes(octets))}),
            ("keys.p256dh", {**good, "p256dh": b64(bytes(65))}),
            ("keys.p256dh", {**good, "p256dh": b64(b"\4" + bytes(64))}),
            ("keys.p256dh", {**good, "p256dh": b64(compressed)}),
            ("keys.p256dh", {**good, "p256dh": good["p256dh"][:-1]}),
            ("keys.p256dh", {**good, "p256dh": ""}),
            ("keys.auth", {**good, "auth": good["auth"][:-1]}),
            ("keys.auth", {**good, "auth": b64(bytes(15))}),
            ("keys", {"p256dh": good["p256dh"]}), ("keys", {}),
            ("keys", None)):
        text = refusal(user, {"channel": "webpush", "url": tel.url,
                              "keys": keys})
        assert f'"{field}"' in text, (field, text)
    assert json.loads(user.get_device("phone"))["keys"] == good


def test_wp_01_endpoint_of_1000_octets(server, phone):
    user = server.user()
    tel = phone(user)
    url = f"{tel.url}?" + "x" * (1000 - len(tel.url) - 1)
    assert user.set_device("phone", {**tel.subscription, "url": url}).ok
    text = refusal(user, {**tel.subscription, "url": url + "x"})
    assert '"url" is longer than 1000 octets' in text


def test_wp_05_contact_is_required(make_server, endpoints):
    """Without it the channel is neither offered nor accepted."""
    server = make_server(lemonade_contact="")
    user = server.user()
    channels = user.session.getmetadata(f"/shared/{VENDOR}/channels")
    assert json.loads(channels) == ["webhook", "log", "null"]
    text = refusal(user, Phone(endpoints.new()).subscription)
    assert "lemonade_contact" in text


# -- verification

def test_wp_06_codes(server, phone):
    """Wrong, of another device, of an older URL or keys: never verified; and
    the right one, after all of them, is."""
    server.log.expect("more pushes than its budget")
    user, other = server.user(), server.user()
    tel = phone(user)
    strange = phone(other)
    user.set_device("phone", tel.subscription)
    code = tel.code()
    user.set_device("tablet", tel.subscription)
    wait.until(lambda: len(tel.all()) == 2, 5)
    codes = [tel.code(), "", "x", code[:-1], code + "A", code[::-1]]
    other.set_device("phone", strange.subscription)
    codes.append(strange.code())
    for wrong in codes:
        assert user.set_device("phone", {**tel.subscription,
                                         "verificationCode": wrong}).ok
        assert not user.status("phone")["verified"], wrong
    # replayed after other keys, or another URL, have been set; nobody can
    # read what is sent there now
    tel.tell("status=201")
    strange.tell("status=201")
    for changed in ({"keys": strange.keys}, {"url": strange.url}):
        assert user.set_device("phone", {**tel.subscription, **changed,
                                         "verificationCode": code}).ok
        assert not user.status("phone")["verified"]
    user.deliver()
    wait.until(lambda: user.status("phone").get("heldBack", {})
               .get("unverified"), 5)
    assert user.set_device("phone", {**tel.subscription,
                                     "verificationCode": code}).ok
    assert user.status("phone")["verified"]


def test_wp_06_late_code(server, phone):
    """After the end of the subscription the code does not help."""
    user = server.user()
    tel = phone(user)
    user.set_device("phone", {**tel.subscription,
                              "expires": "2030-01-01T00:00:00Z"})
    code = tel.code()
    assert user.set_device("phone", {
        **tel.subscription, "verificationCode": code,
        "expires": "2020-01-01T00:00:00Z"}).ok
    user.deliver()
    wait.until(lambda: user.status("phone").get("heldBack", {})
               .get("expired"), 5)
    assert not tel.pushes()


# -- SE-09

def test_se_09_web_push_subscription(server, phone):
    """Over 1024 octets, for the owner alone, and NIL stops it."""
    user, other = server.user(), server.user()
    tel = phone(user)
    sub = user.register(tel, filter="OR SUBJECT x " * 60 + "ALL ALL")
    assert len(json.dumps(sub)) > 1024
    assert json.loads(user.get_device("phone")) == sub
    user.deliver()
    tel.wait()
    assert other.get_device("phone") is None
    assert user.set_device("phone", None).ok
    user.deliver()
    user.session.must("STATUS", "INBOX", "(MESSAGES)")
    assert user.get_device("phone") is None
    assert len(tel.pushes()) == 1


# -- the admin

def test_wp_05_test_push(server, phone):
    user = server.user()
    tel = phone(user)
    user.register(tel)
    result = server.doveadm("lemonade", "test", "-u", user.name, "phone",
                            check=True)
    assert "201" in result.stdout
    assert tel.wait()[0].json["@type"] == "StateChange"



def test_wp_05_dry_run_keeps_the_secrets(server, phone):
    user = server.user()
    tel = phone(user)
    user.register(tel)
    result = server.doveadm("lemonade", "test", "-u", user.name, "--dry-run",
                            "phone", check=True)
    text = result.stdout
    assert "TTL: 86400" in text and "encrypted" in text
    assert "vapid t=" not in text and tel.path not in text
    with open(f"{server.base}/log/dovecot.log", encoding="utf-8") as f:
        log = f.read()
    assert "vapid t=" not in log and tel.path not in log
