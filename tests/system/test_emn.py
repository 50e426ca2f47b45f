"""OMA EMN 1.0 by PAP to a real Push Proxy Gateway (Kannel), and ready made by
its SMS gateway; the octets are those that its SMSC got, read by libwbxml. What
Kannel never says comes from a PPG of ours."""

import base64
import calendar
import email
import json
import re
import time
import xml.etree.ElementTree

import pytest

import conftest
from lemotest import wait
from lemotest.kannel import decode, emn_of
from lemotest.users import message
from lemotest.wire import event_line
from test_hostile import say
from test_sms import add_verified, held, log_text, notify, result, settings

ACCEPTED = ('<?xml version="1.0"?><pap><push-response push-id="1"><response-'
            'result code ="%d" desc="x"></response-result></push-response>'
            '</pap>')


def ppg_settings(kannel, **more):
    return settings(kannel, lemonade_emn_ppg_url=kannel.ppg_url, **more)


@pytest.fixture(scope="module")
def _emn_server(module_server, kannel):
    return module_server("emn", ppg_settings(kannel))


@pytest.fixture
def emn_server(_emn_server):
    _emn_server.log.mark()
    return _emn_server


def seconds(timestamp):
    return calendar.timegm(time.strptime(timestamp, "%Y-%m-%dT%H:%M:%SZ"))


def test_pa_01_em_03_pap_to_kannel(emn_server, kannel, run_dir):
    """The code comes as plain SMS; mail is an EMN that libwbxml reads."""
    user, phone = emn_server.user(), kannel.phone("emn")
    user.register(phone, payload=4)
    before = int(time.time())
    user.deliver(subject="merger " * 1500, body="secret body")
    headers, wbxml = emn_of(phone.wait_pushes()[0])
    found = decode(wbxml, run_dir)
    assert found["mailbox"] == f"mailat:{user.name}"
    assert before <= seconds(found["timestamp"]) <= time.time()
    # X-Wap-Application-Id: emn.ua, and no product's name
    assert b"\xaf\x89" in headers
    assert b"curl" not in headers and b"lemonade" not in headers
    assert headers.startswith(b"application/vnd.wap.emn+wbxml\0")
    wait.until(lambda: result(user) == "PAP 1001", 5)
    assert len(phone.texts()) == 1
    assert not any(word in log_text(emn_server) for word in kannel.SECRETS)


def test_em_06_says_nothing_of_the_mail(emn_server, kannel):
    user, phone = emn_server.user(), kannel.phone("emn")
    add_verified(emn_server, user, phone.url, payload=4)
    user.deliver(subject="merger", sender="boss@remote.test")
    push = phone.wait_pushes()[0]
    assert b"merger" not in push and b"boss" not in push


def test_em_04_time_never_goes_back(emn_server, kannel, run_dir):
    """UTC, of the event; an older event comes late: the phone is told the
    time that it knows, also by the next notifier."""
    user = emn_server.user(name="lemoalice")
    phone = kannel.phone("emn")
    user.register(phone)
    first = int(time.time())
    user.deliver()
    phone.wait_pushes()
    emn_server.renew_notifier()
    old = event_line(user.name, devices=[
        ("phone", "match", user.get_device("phone"))])
    assert "2026-01-05T10" in old
    assert say(emn_server, "lemoalice", old)[0].startswith("OK")
    times = [decode(emn_of(push)[1], run_dir)["timestamp"]
             for push in phone.wait_pushes(2)]
    assert first <= seconds(times[0]) <= seconds(times[1]) <= time.time()


def test_em_05_mailbox_uri(make_server, kannel, run_dir):
    """As the administrator wants it, percent-encoded; at level 0 only the
    device's own name. Never more than a name."""
    server = make_server(**ppg_settings(kannel, lemonade_emn_mailbox="imap"))
    user, phone = server.user(), kannel.phone("emn")
    add_verified(server, user, phone.url)
    user.deliver()
    phone.wait_pushes()
    user.change_device("phone", payload=0)
    wait.until(lambda: user.status("phone")["verified"], 5)
    user.deliver()
    found = [decode(emn_of(push)[1], run_dir)["mailbox"]
             for push in phone.wait_pushes(2)]
    assert found == ["imap://" + user.name.replace("@", "%40") +
                     "@lemo.test/", "mailat:phone@lemo.test"]


@pytest.fixture(scope="module")
def wsp_server(run_dir, endpoints, kannel):
    """Without a PPG."""
    server = conftest.start(run_dir, endpoints, "wsp", settings(kannel))
    yield server
    conftest.stop(server)


def test_em_02_pa_04_ready_made_push(wsp_server, kannel, run_dir):
    """Byte for byte; less than half an SMS."""
    user, phone = wsp_server.user(), kannel.phone("emn")
    user.register(phone)
    user.deliver()
    push = phone.wait_pushes()[0]
    assert push[:9] == bytes.fromhex("000606") + bytes.fromhex("0302030aaf89")
    assert len(push) + 7 <= 60
    wbxml = push[9:]
    assert wbxml[:5] == bytes.fromhex("030d6a0085")
    assert decode(wbxml, run_dir)["mailbox"] == f"mailat:{user.name}"
    wait.until(lambda: result(user) == "202", 5)


def test_emn_code_cannot_be_sent(make_server, kannel):
    """No SMS gateway beside the PPG: only the administrator verifies."""
    server = make_server(**ppg_settings(kannel, lemonade_sms_url=""))
    user, phone = server.user(), kannel.phone("emn")
    server.log.expect("refused for good")
    assert user.set_device("phone", phone.subscription).ok
    wait.until(lambda: "cannot carry a code" in (result(user) or ""), 5)
    other = server.user()
    add_verified(server, other, phone.url)
    other.deliver()
    phone.wait_pushes()


def test_emn_dry_run_shows_the_octets(emn_server, kannel):
    user, phone = emn_server.user(), kannel.phone("emn")
    add_verified(emn_server, user, phone.url)
    out = emn_server.doveadm("lemonade", "test", "-u", user.name,
                             "--dry-run", "phone", check=True).stdout
    assert f"WAPPUSH={phone.number}/TYPE=PLMN@127.0.0.1" in out
    assert r"\x03" in out and r"j\x00\x85\x05\xC3\x07" in out
    assert "Authorization: (not shown)" in out
    assert not any(word in out for word in kannel.SECRETS)


def test_e2e_5_outband_and_resync(emn_server, kannel, run_dir):
    """Disconnect, deliver, EMN, reconnect, resync."""
    user, phone = emn_server.user(), kannel.phone("emn")
    user.register(phone, whenConnected="mine")
    user.session.close()
    user.forget_session()
    others = set(emn_server.pids("imap"))
    with user.imap() as imap:
        imap.must("ENABLE", "QRESYNC")
        imap.getmetadata(user.entry("phone"))
        answer = imap.must("SELECT", "INBOX")
        validity = answer.find(rb"UIDVALIDITY (\d+)").group(1).decode()
        modseq = answer.find(rb"HIGHESTMODSEQ (\d+)").group(1).decode()
        user.deliver()
        wait.never(phone.pushes, 0.3)
        imap.must("NOOP")
        imap.must("UID STORE 1 +FLAGS (\\Deleted)")
        imap.must("LOGOUT")
    wait.until(lambda: set(emn_server.pids("imap")) <= others, 5,
               "the session ends")
    user.deliver(mail=message(subject="outband"))
    found = decode(emn_of(phone.wait_pushes()[0])[1], run_dir)
    assert found["mailbox"] == f"mailat:{user.name}"
    with user.imap() as imap:
        imap.must("ENABLE", "QRESYNC")
        answer = imap.must("SELECT", f"INBOX (QRESYNC ({validity} {modseq}))")
        changed = sorted(int(uid) for line in answer.untagged for uid in
                         re.findall(rb"FETCH .*UID (\d+)", line))
        assert changed == [1, 2]


class Ppg:
    """The one of ours: an endpoint that says what it is told."""

    def __init__(self, endpoints):
        self.endpoint = endpoints.new("ppg")

    def tell(self, behaviour):
        self.endpoint.tell(behaviour)

    def say(self, code, status=202):
        self.tell(f"status={status},body=" +
                  (ACCEPTED % code).replace(",", "%2C"))

    def wait(self, count=1):
        return wait.until(
            lambda: len(found := self.endpoint.all()) >= count and found, 8,
            f"{count} PAP requests")

    def part(self, push):
        """(control entity, content headers, octets) of a request."""
        body = base64.b64decode(push.record["body_base64"])
        mail = email.message_from_bytes(
            b"Content-Type: " + push.headers["content-type"].encode() +
            b"\r\n\r\n" + body)
        control, content = mail.get_payload()
        # the package would take line ends for its own
        raw = body.split(b"\r\n\r\n")[2]
        return (control.get_payload(), dict(content.items()),
                raw[:raw.rindex(b"\r\n--")])


@pytest.fixture(scope="module")
def _ppg(run_dir, endpoints, kannel):
    ppg = Ppg(endpoints)
    server = conftest.start(run_dir, endpoints, "ppg", settings(
        kannel, lemonade_emn_ppg_url=ppg.endpoint.url,
        lemonade_request_timeout="500ms"))
    yield server, ppg
    conftest.stop(server)


@pytest.fixture
def ppg(_ppg, kannel):
    """A user whose phone it is to tell, and the PPG, by TLS."""
    server, ppg = _ppg
    server.log.mark()
    server.log.expect("trying again", "refused for good", "times in a row",
                      "answers again")
    server.doveadm("lemonade", "retry", check=True)
    user = server.user()
    ppg.say(1001)
    ppg.endpoint.mark()
    add_verified(server, user, kannel.phone("emn").url)
    yield user, ppg
    server.doveadm("lemonade", "device", "delete", "-u", user.name, "phone")
    ppg.tell("")


def test_em_01_pa_01_pa_05_request(ppg, run_dir, kannel):
    """The MIME parts, the octets untouched, the password, over TLS."""
    user, ppg = ppg
    user.deliver()
    push = ppg.wait()[0]
    assert push.record["method"] == "POST" and push.record["tls"]
    assert push.headers["authorization"] == "Basic " + base64.b64encode(
        b"lemonade:hush-ppg").decode()
    assert not {"user-agent", "accept", "expect"} & set(push.headers)
    assert push.headers["content-type"].startswith("multipart/related")
    control, headers, octets = ppg.part(push)
    url = json.loads(user.get_device("phone"))["url"]
    address = xml.etree.ElementTree.fromstring(control).find(
        "push-message/address").get("address-value")
    assert address.startswith(f"WAPPUSH={url[4:]}/TYPE=PLMN@")
    assert headers == {
        "Content-Type": "application/vnd.wap.emn+wbxml",
        "X-Wap-Application-Id": "x-wap-application:emn.ua"}
    assert decode(octets, run_dir)["mailbox"] == f"mailat:{user.name}"


def push_id(ppg, push):
    return re.search(r'push-id="([^"]+@[^"]+)"', ppg.part(push)[0]).group(1)


def test_pa_02_push_ids(ppg, kannel):
    """Each its own, of two phones too; but a try again has the same."""
    user, ppg = ppg
    user.server.doveadm(
        "lemonade", "device", "add", "-u", user.name, "--verified", "second",
        json.dumps({"url": kannel.phone("emn").url, "collapse": 0,
                    "whenConnected": "always"}), check=True)
    ppg.say(3000)
    user.deliver()
    ids = [push_id(ppg, push) for push in ppg.wait(4)]
    assert len(set(ids)) == 2 and all(ids.count(i) >= 1 for i in set(ids))
    ppg.say(1001)
    wait.until(lambda: user.status("phone")["pending"] == 0 and
               user.status("second")["pending"] == 0, 8)
    count = len(ppg.wait())
    user.deliver()
    assert not set(ids) & {push_id(ppg, push)
                           for push in ppg.wait(count + 2)[count:]}


@pytest.mark.parametrize("code, pending", [
    (1000, 0), (1001, 0), (2000, 0), (2002, 0), (2007, 0), (3000, 1),
    (3006, 1), (4000, 1)])
def test_pa_03_codes(ppg, code, pending):
    user, ppg = ppg
    ppg.say(code)
    user.deliver()
    wait.until(lambda: result(user) == f"PAP {code}", 8)
    if pending:
        ppg.wait(2)
    assert user.status("phone")["pending"] == pending
    if not pending:
        assert len(ppg.wait()) == 1


@pytest.mark.parametrize("behaviour, said, pending", [
    ("status=401", "lemonade_gateway_file", 1),
    ("badlength=403", "lemonade_gateway_file", 1),
    ("status=500", "500", 1), ("status=503", "503", 1),
    ("silent", "timed out", 1), ("cut", "connection closed", 1),
    ("garbage", "not HTTP", 1),
    ("status=202", "not understood", 1),
    ("delay=1,status=202", "timed out", 1),
    ("status=202,body=<badmessage-response code='2000'/>", "PAP 2000", 0)])
def test_pa_03_pa_05_pa_06_trouble(ppg, behaviour, said, pending):
    """Bounded, and delivery does not wait for it."""
    user, ppg = ppg
    ppg.tell(behaviour)
    assert user.deliver() < 1
    wait.until(lambda: said in (result(user) or ""), 8, said)
    assert user.status("phone")["pending"] == pending


def test_emn_counts_as_sms(make_server, kannel):
    server = make_server(**ppg_settings(kannel, lemonade_sms_daily_user=1))
    user, phone = server.user(), kannel.phone("emn")
    add_verified(server, user, phone.url)
    user.deliver()
    phone.wait_pushes()
    server.log.expect("more pushes than its budget")
    user.deliver()
    wait.until(lambda: held(user, "budget"), 5)
    assert len(phone.pushes()) == 1


def test_sn_10_sieve_tells_by_emn(emn_server, kannel, run_dir):
    """An EMN has no text: that there is mail is all it says."""
    user, phone = emn_server.user(), kannel.phone("emn")
    notify(user, f'notify :message "Call me" "{phone.url}";')
    user.deliver(subject="merger")
    _, wbxml = emn_of(phone.wait_pushes()[0])
    assert decode(wbxml, run_dir)["mailbox"] == f"mailat:{user.name}"
