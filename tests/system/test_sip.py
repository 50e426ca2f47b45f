"""SIP MESSAGE through a real proxy (Kamailio) to real user agents (sipp)."""

import json

import pytest

from lemotest import wait
from lemotest.sieve import ManageSieve


@pytest.fixture(scope="module")
def _sip_server(module_server, proxy):
    return module_server("sip", {
        "lemonade_sip_url": proxy.url,
        "lemonade_sip_from": f"sip:lemonade@{proxy.domain}",
        "lemonade_sieve_targets": "sip:127.0.0.1"})


@pytest.fixture
def sip_server(_sip_server):
    _sip_server.log.mark()
    return _sip_server


def headers(message):
    lines = message[0].split("\n")[1:]
    return {name.lower(): value for name, _, value in
            (line.partition(": ") for line in lines)}


def test_sip_message_rings(sip_server, proxy):
    """Code by MESSAGE, written back; then each mail is a MESSAGE that says no
    more than level 2, whatever was asked for."""
    user, phone = sip_server.user(), proxy.phone()
    user.register(phone, payload=4, urgency="high")
    user.deliver(subject="merger", body="secret body")
    message = phone.wait(2)[1]
    found = headers(message)
    assert found["content-type"] == "text/plain;charset=UTF-8"
    assert found["subject"] == "New mail"
    assert found["priority"] == "urgent"
    assert found["to"] == f"<{phone.uri}>"
    assert found["from"].startswith(f"<sip:lemonade@{proxy.domain}>")
    # RFC 3428 section 4
    assert "contact" not in found
    assert message[1] == "INBOX: 1 unread"
    wait.until(lambda: result(user) == "SIP 200", 5)


def test_sip_unverified_is_not_rung(sip_server, proxy):
    user, phone = sip_server.user(), proxy.phone()
    assert user.set_device("phone", phone.subscription).ok
    assert phone.code()
    user.deliver()
    wait.never(lambda: len(phone.messages()) > 1, 0.3)
    assert not user.status("phone")["verified"]
    # a webhook's secret is none of its business
    assert "secret" not in user.status("phone")


def add_verified(server, user, url):
    server.doveadm("lemonade", "device", "add", "-u", user.name, "--verified",
                   "phone", json.dumps({"url": url}), check=True)


def result(user):
    return (user.status("phone") or {}).get("lastResult")


@pytest.mark.parametrize("answer, pending", [
    ("404 Not Found", 0), ("410 Gone", 0), ("604 Does Not Exist", 0),
    ("480 Temporarily Unavailable", 1),
    ("407 Proxy Authentication Required", 1), ("503 Service Unavailable", 1)])
def test_sip_final_status_counts(sip_server, proxy, answer, pending):
    """The status that the phone gave decides whether it is tried again."""
    user, phone = sip_server.user(), proxy.phone(answer)
    add_verified(sip_server, user, phone.uri)
    sip_server.log.expect("SIP ")
    user.deliver()
    # Kamailio tells 503 of a next hop as 500 (RFC 3261 16.7)
    said = ("SIP 500", "SIP 503") if answer.startswith("503") else \
        ("SIP " + answer[:3],
         "SIP 407: lemonade_sip_from may not send without a password")
    wait.until(lambda: result(user) in said, 8, answer)
    if pending:
        phone.wait(2)
    assert user.status("phone")["pending"] == pending
    if not pending:
        assert len(phone.messages()) == 1


def test_sip_nobody_is_registered(sip_server, proxy):
    user = sip_server.user()
    add_verified(sip_server, user, f"sip:nobody@{proxy.domain}")
    sip_server.log.expect("SIP 404")
    user.deliver()
    wait.until(lambda: result(user) == "SIP 404", 8)
    assert user.status("phone")["pending"] == 0


@pytest.mark.parametrize("url", [
    "sip:bob@{}\r\nX: y", "sip:bob@{};method=INVITE", "sip:bob@{}?Subject=x",
    "sip:b\"ob@{}", "sip:b%0d%0aob@{}", "sip:bob:pw@{}", "sip:@{}",
    "<sip:bob@{}>", "sip:bob@other.test", "sip:bob@127.0.0.1:22"])
def test_sip_bad_uris_are_refused(sip_server, proxy, url):
    user = sip_server.user()
    response = user.set_device("phone", {"channel": "sip",
                                         "url": url.format(proxy.domain)})
    assert response.status == "NO" and "url" in response.text
    assert user.get_device("phone") is None


def test_sip_is_told_to_clients(sip_server, server, proxy):
    user, other = sip_server.user(), server.user()
    vendor = "/shared/vendor/vendor.lemonade"
    assert "sip" in json.loads(user.session.getmetadata(f"{vendor}/channels"))
    ceilings = user.session.getmetadata(f"{vendor}/ceilings")
    assert json.loads(ceilings)["sip"] == 2
    assert "sip" not in json.loads(
        other.session.getmetadata(f"{vendor}/channels"))
    response = other.set_device("phone", {"url": f"sip:b@{proxy.domain}"})
    assert response.status == "NO" and "lemonade_sip_url" in response.text


def test_sip_dry_run_shows_the_octets(sip_server, proxy):
    user = sip_server.user()
    uri = f"sip:dry@{proxy.domain}"
    add_verified(sip_server, user, uri)
    out = sip_server.doveadm("lemonade", "test", "-u", user.name,
                             "--dry-run", "phone", check=True).stdout
    assert "tm.t_uac_wait_block" in out
    sender = f"sip:lemonade@{proxy.domain}"
    assert f'"params":["MESSAGE","{uri}",".",".","From: <{sender}>' in out


def test_sip_answer_that_is_none(make_server, proxy):
    """Some other HTTP server, or a proxy set up wrongly."""
    server = make_server(lemonade_sip_url=f"http://{proxy.domain}/other",
                         lemonade_sip_from=f"sip:lemonade@{proxy.domain}")
    user = server.user()
    add_verified(server, user, f"sip:bob@{proxy.domain}")
    user.deliver()
    wait.until(lambda: result(user) == "SIP proxy's answer is not understood: "
               "see lemonade_sip_url", 5)
    assert user.status("phone")["pending"] == 1


def test_sip_wrong_path(make_server, endpoints, proxy):
    """The setting is named."""
    endpoint = endpoints.new("sip")
    endpoint.tell("status=404")
    server = make_server(lemonade_sip_url=endpoint.url,
                         lemonade_sip_from=f"sip:lemonade@{proxy.domain}")
    user = server.user()
    add_verified(server, user, f"sip:bob@{proxy.domain}")
    server.log.expect("lemonade_sip_url")
    user.deliver()
    wait.until(lambda: result(user) == "SIP proxy, 404: see lemonade_sip_url",
               5)
    assert user.status("phone")["pending"] == 1


def notify(user, script):
    with ManageSieve(user.server.ports["sieve"]) as sieve:
        sieve.login(user.name, user.password)
        sieve.put("main", f'require "enotify";\r\n{script}\r\n')


def test_sn_09_sieve_tells_a_target(sip_server, proxy):
    """RFC 6468 3.1 and 3.2: default text, then that of :message, which counts
    more than the URI's; Priority by :importance. The owner is named."""
    user, phone = sip_server.user(), proxy.phone()
    uri = phone.uri + ";transport=udp;method=MESSAGE"
    notify(user, f'notify "{uri}"; notify :importance "1" :message '
           f'"You got new mail!" "{uri}?subject=SIEVE&body=not%20this"; '
           f'notify :importance "3" "{uri}?body=of%20the%20URI";')
    user.deliver(subject="Contact me immediately!")
    owner = f" (Sieve filter of {user.name})"
    found = {m[1]: headers(m) for m in phone.wait(3)}
    assert found.keys() == {
        "Joe <joe@remote.test>: Contact me immediately!" + owner,
        "You got new mail!" + owner, "of the URI" + owner}
    first = found["You got new mail!" + owner]
    assert first["subject"] == "SIEVE" and first["priority"] == "urgent"
    assert first["content-type"] == "text/plain;charset=UTF-8"
    assert first["from"].startswith(f"<sip:lemonade@{proxy.domain}>")
    assert found["of the URI" + owner]["priority"] == "non-urgent"


def test_sn_09_sieve_tells_a_device(sip_server, proxy):
    """A verified device is told the script's words, whatever its level."""
    user, phone = sip_server.user(), proxy.phone()
    user.register(phone, payload=0, filter="SUBJECT never")
    notify(user, 'notify :message "it\'s me" '
           f'"{phone.uri};method=MESSAGE";')
    user.deliver()
    assert phone.wait(2)[1][1] == f"it's me (Sieve filter of {user.name})"


def test_sn_09_long_message_is_cut(sip_server, proxy):
    """RFC 3428 8: at most 1300 octets."""
    user, phone = sip_server.user(), proxy.phone()
    notify(user, f'notify :message "{10000 * "x"}" '
           f'"{phone.uri};method=MESSAGE";')
    user.deliver()
    head, body = phone.wait()[0]
    assert body.startswith("xxx") and user.name in body
    octets = len(head.encode()) + head.count("\n") + 4 + len(body.encode())
    assert 1000 < octets <= 1300


def test_sc_20_proxy_is_no_relay_for_sieve(sip_server):
    user = sip_server.user()
    notify(user, 'notify "sip:bob@other.test;method=MESSAGE";')
    user.deliver()
    with open(f"{user.home}/.dovecot.sieve.log", encoding="utf-8") as f:
        assert "lemonade_sieve_targets" in f.read()
