"""SMS through a real gateway (Kannel) to its SMSC for tests. The rows of
RFC 5551 section 5.1 for several bearers are later."""

import json
import os
import re

import pytest

import conftest
from lemotest import wait
from lemotest.clock import Clock
from lemotest.sieve import ManageSieve

VENDOR = "/shared/vendor/vendor.lemonade"


def settings(kannel, **more):
    return {"lemonade_sms_url": kannel.sms_url,
            "lemonade_gateway_file": kannel.gateway_file,
            "lemonade_sms_allow": "+4915 +43",
            "lemonade_sieve_targets": "tel:+4915 emn:+4915", **more}


@pytest.fixture(scope="module")
def _sms_server(module_server, kannel):
    return module_server("sms", settings(kannel))


@pytest.fixture
def sms_server(_sms_server):
    _sms_server.log.mark()
    return _sms_server


def add_verified(server, user, url, **fields):
    server.doveadm("lemonade", "device", "add", "-u", user.name, "--verified",
                   "phone", json.dumps({"url": url, "collapse": 0,
                                        "whenConnected": "always", **fields}),
                   check=True)


def result(user):
    return (user.status("phone") or {}).get("lastResult")


def held(user, reason):
    return user.status("phone").get("heldBack", {}).get(reason, 0)


def log_text(server):
    with open(f"{server.base}/log/dovecot.log", encoding="utf-8",
              errors="replace") as f:
        return f.read()


def test_sms_rings(sms_server, kannel):
    """Code by SMS, written back; then mail is an SMS that says no more than
    level 1, whatever was asked for and however long the subject is."""
    user, phone = sms_server.user(), kannel.phone()
    user.register(phone, payload=4)
    assert len(phone.code()) > 10
    user.deliver(subject="merger " * 1500, body="secret body")
    assert phone.wait(2)[1] == "New mail: 1 unread"
    wait.until(lambda: result(user) == "202", 5)
    assert not any(word in log_text(sms_server) for word in kannel.SECRETS)


def test_sms_unverified_is_not_rung(sms_server, kannel):
    user, phone = sms_server.user(), kannel.phone("sms")
    assert user.set_device("phone", phone.subscription).ok
    assert phone.code()
    user.deliver()
    wait.never(lambda: len(phone.texts()) > 1, 0.3)
    assert not user.status("phone")["verified"]


def test_sms_says_little_by_default(sms_server, kannel):
    """Each costs money: after one five minutes without another, and none to
    take it back."""
    user, phone = sms_server.user(), kannel.phone()
    add_verified(sms_server, user, phone.url, collapse=300)
    user.change_device("phone", collapse=None)
    user.deliver()
    phone.wait()
    user.session.must("SELECT INBOX")
    user.session.must("STORE 1 +FLAGS (\\Seen)")
    user.deliver()
    wait.until(lambda: user.status("phone")["pending"] == 1, 5)
    wait.never(lambda: len(phone.texts()) > 1, 0.3)
    assert held(user, "events") == 1


@pytest.mark.parametrize("url", [
    "tel:+4930123456", "tel:110", "tel:+49", "tel:+491512345678901234",
    "tel:+491512345\r\nX-Kannel-To: +4915", "sms:+4915123456,+4915123457",
    "sms:+4915123456?body=x", "tel:+4915123456;ext=1", "tel:+49151234a6",
    "tel:+49\u0661\u0665123456", "sms:", "tel:+0915123456"])
def test_sms_bad_numbers_are_refused(sms_server, url):
    user = sms_server.user()
    response = user.set_device("phone", {"channel": "sms", "url": url})
    assert response.status == "NO" and "url" in response.text
    assert user.get_device("phone") is None


def test_sms_no_number_by_default(make_server, kannel):
    """Nobody runs up a bill where the administrator named no prefix."""
    server = make_server(**settings(kannel, lemonade_sms_allow=""))
    user, phone = server.user(), kannel.phone()
    response = user.set_device("phone", phone.subscription)
    assert response.status == "NO" and "not served here" in response.text


def test_sms_is_told_to_clients(sms_server, server, kannel):
    user, other = sms_server.user(), server.user()
    told = json.loads(user.session.getmetadata(f"{VENDOR}/channels"))
    assert {"sms", "emn"} <= set(told)
    ceilings = json.loads(user.session.getmetadata(f"{VENDOR}/ceilings"))
    assert ceilings["sms"] == ceilings["emn"] == 1
    told = json.loads(other.session.getmetadata(f"{VENDOR}/channels"))
    assert not {"sms", "emn"} & set(told)
    response = other.set_device("phone", kannel.phone().subscription)
    assert response.status == "NO" and "lemonade_sms_url" in response.text


def test_sms_dry_run_shows_the_octets(sms_server, kannel):
    user, phone = sms_server.user(), kannel.phone()
    add_verified(sms_server, user, phone.url)
    out = sms_server.doveadm("lemonade", "test", "-u", user.name,
                             "--dry-run", "phone", check=True).stdout
    assert f"X-Kannel-To: {phone.number}" in out
    assert "X-Kannel-Coding: 0" in out and "New mail" in out
    assert "X-Kannel-Password: (not shown)" in out
    assert not any(word in out for word in kannel.SECRETS)


def test_sms_daily_cap(make_server, kannel):
    """A code counts too, and the count outlives the notifier. All together
    have a cap of their own."""
    server = make_server(**settings(kannel, lemonade_sms_daily_user=2,
                                    lemonade_sms_daily_total=3))
    user, phone = server.user(), kannel.phone()
    user.register(phone)
    user.deliver()
    phone.wait(2)
    server.log.expect("more pushes than its budget", "lemonade_sms_daily_")
    user.deliver()
    wait.until(lambda: held(user, "budget"), 5)
    server.renew_notifier()
    user.deliver()
    wait.until(lambda: user.status("phone")["pending"] == 2, 5)

    other, his = server.user(), kannel.phone()
    add_verified(server, other, his.url)
    other.deliver()
    his.wait(1)
    other.deliver()
    wait.until(lambda: held(other, "budget"), 5)
    assert server.log.wait("lemonade_sms_daily_total = 3")
    assert len(phone.texts()) == 2 and len(his.texts()) == 1


def test_sms_cap_is_of_a_day(make_server, run_dir, kannel):
    """The next day (UTC) there are new ones, for what waits."""
    clock = Clock(run_dir)
    server = make_server(clock=clock, **settings(kannel,
                                                 lemonade_sms_daily_user=1))
    user, phone = server.user(), kannel.phone()
    add_verified(server, user, phone.url)
    user.deliver()
    phone.wait(1)
    server.log.expect("more pushes than its budget", "clock", "Time")
    user.deliver()
    wait.until(lambda: held(user, "budget"), 5)
    server.doveadm("lemonade", "retry", check=True)
    wait.until(lambda: held(user, "budget") == 2, 5)
    clock.set(24 * 3600)
    server.doveadm("lemonade", "retry", check=True)
    phone.wait(2)


def test_sms_cap_outlives_a_clock_that_is_set(make_server, run_dir, kannel):
    """A day ahead and back, with messages in between: the day's count is
    still known."""
    clock = Clock(run_dir)
    server = make_server(clock=clock, **settings(kannel,
                                                 lemonade_sms_daily_user=1))
    user, phone = server.user(), kannel.phone()
    add_verified(server, user, phone.url)
    server.log.expect("more pushes than its budget", "clock", "Time")
    user.deliver()
    phone.wait(1)
    clock.set(24 * 3600)
    user.deliver()
    server.doveadm("lemonade", "retry", check=True)
    phone.wait(2)
    clock.set(0)
    before = held(user, "budget") or 0
    user.deliver()
    server.doveadm("lemonade", "retry", check=True)
    wait.until(lambda: (held(user, "budget") or 0) > before, 5)
    assert len(phone.texts()) == 2


def test_sms_cap_counts_what_went_out(make_server, endpoints, kannel):
    """What the gateway surely did not send costs nothing; a time-out may have
    cost."""
    sink, path = endpoints.main, "/sendsms-cap"
    server = make_server(**settings(
        kannel, lemonade_sms_url=sink.url(path, "gateway.push.test"),
        lemonade_sms_daily_user=2, lemonade_request_timeout="500ms"))
    user, phone = server.user(), kannel.phone()
    add_verified(server, user, phone.url)
    server.log.expect("trying again", "refused for good", "times in a row",
                      "answers again", "more pushes")

    def deliver(behaviour, text):
        sink.tell(path, behaviour)
        server.doveadm("lemonade", "retry", check=True)
        if not (user.status("phone") or {}).get("pending"):
            user.deliver()
        wait.until(lambda: text in (result(user) or ""), 8, text)

    for _ in range(3):      # more than the cap
        deliver("status=400,body=x", "400")
        deliver("status=503", "503")
    deliver("status=403,body=Authorization failed", "lemonade_gateway_file")
    deliver("silent", "timed out")
    deliver("body=0: Accepted", "200")
    user.deliver()
    wait.until(lambda: held(user, "budget"), 5)


def gateway_file(run_dir, text):
    path = f"{run_dir}/gateways-{os.urandom(4).hex()}"
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w",
              encoding="ascii") as f:
        f.write(text)
    return path


def test_sms_password_without_line_end(make_server, run_dir, kannel):
    """As editors leave it that write none behind the last line."""
    server = make_server(**settings(
        kannel, lemonade_gateway_file=gateway_file(
            run_dir, "# for Kannel\nsms lemonade hush-sms")))
    user, phone = server.user(), kannel.phone()
    add_verified(server, user, phone.url)
    user.deliver()
    assert phone.wait() == ["New mail: 1 unread"]


@pytest.mark.parametrize("text, error", [
    ("sms lemonade\n", "line 1: is not .sms USER PASSWORD"),
    ("\nsmss lemonade hush-sms\n", "line 2: is not .sms USER PASSWORD"),
    (5000 * "#" + "\nsms lemonade hush-sms\n",
     "line 1 cannot be read: it is longer than 4096 octets")])
def test_sms_bad_gateway_file(make_server, run_dir, kannel, text, error):
    """The log says which line, and not what is in it."""
    server = make_server(**settings(
        kannel, lemonade_gateway_file=gateway_file(run_dir, text)))
    line, = server.log.wait("lemonade_gateway_file: ")
    assert re.search(error, line) and "hush" not in line, line


@pytest.mark.parametrize("behaviour, said, pending", [
    ("body=3: Queued for later delivery,status=202", "202", 0),
    ("body=<html>hello</html>", "not understood", 1),
    ("status=403,body=Authorization failed for sendsms", "403", 1),
    ("status=403,body=Not routable. Do not try again.", "403", 0),
    ("badlength=403", "403", 0), ("silent", "timed out", 1),
    ("refuse", "connection", 1), ("cut", "connection closed", 1),
    ("garbage", "not HTTP", 1), ("delay=1,body=0: Accepted", "timed out", 1),
    ("big=100000", "not understood", 1)])
def test_sms_gateway_that_misbehaves(broken_gateway, behaviour, said,
                                     pending):
    """Whoever can act on it is told; delivery does not wait."""
    server, sink, kannel = broken_gateway
    user, phone = server.user(), kannel.phone()
    add_verified(server, user, phone.url)
    server.doveadm("lemonade", "retry", check=True)
    server.log.expect("trying again", "refused for good", "times in a row",
                      "answers again")
    sink.tell("/sendsms", behaviour)
    assert user.deliver() < 1
    wait.until(lambda: said in (result(user) or ""), 8, said)
    wait.until(lambda: user.status("phone")["pending"] == pending, 8)
    sink.tell("/sendsms", "body=0: Accepted")


@pytest.fixture(scope="module")
def broken_gateway(run_dir, endpoints, kannel):
    sink = endpoints.main
    server = conftest.start(run_dir, endpoints, "badsms", settings(
        kannel, lemonade_request_timeout="500ms",
        lemonade_sms_url=sink.url("/sendsms", "gateway.push.test")))
    yield server, sink, kannel
    conftest.stop(server)


def notify(user, script):
    with ManageSieve(user.server.ports["sieve"]) as sieve:
        sieve.login(user.name, user.password)
        sieve.put("main", f'require "enotify";\r\n{script}\r\n')


def test_sn_10_sieve_tells_a_target(sms_server, kannel):
    """tel: and sms:, one SMS each, with the owner, however long the text."""
    user, phone = sms_server.user(), kannel.phone()
    number = phone.number
    notify(user, f'notify :message "Call me" "tel:{number[:5]}-{number[5:]}";'
           f'notify :message "{10000 * "x"}" "{phone.url}";'
           f'notify "sms:{number}?body=of%20the%20URI";')
    user.deliver(subject="merger")
    owner = f" (Sieve filter of {user.name})"
    found = sorted(phone.wait(3))
    assert found[0] == "Call me" + owner and found[1] == "of the URI" + owner
    assert len(found[2]) == 160 and found[2].endswith("x" + owner)


def test_sn_10_sieve_tells_a_device(sms_server, kannel):
    """A number is the same however it is written."""
    user, phone = sms_server.user(), kannel.phone()
    add_verified(sms_server, user, phone.url, filter="SUBJECT never")
    notify(user, f'notify "sms:{phone.number}";')
    user.deliver(subject="Lunch?")
    assert phone.wait() == ["Joe <joe@remote.test>: Lunch? "
                            f"(Sieve filter of {user.name})"]
    assert user.status("phone")["lastEvent"]


@pytest.mark.parametrize("uri", [
    "tel:+44123456789", "tel:110", "tel:+4915123456;ext=1",
    "sms:+4915123456,+4915123457"])
def test_sn_10_sieve_other_numbers(sms_server, uri):
    """Refused at upload, or not told when the mail comes."""
    user = sms_server.user()
    try:
        notify(user, f'notify "{uri}";')
    except AssertionError as error:
        assert "URI" in str(error) and uri != "tel:+44123456789"
        return
    user.deliver()
    with open(f"{user.home}/.dovecot.sieve.log", encoding="utf-8") as f:
        assert "lemonade_sieve_targets" in f.read()
