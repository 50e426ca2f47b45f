"""SIP MESSAGE through a real proxy (Kamailio) to real user agents (sipp).
The row of RFC 5551 section 5.1 for several bearers is later."""

import json

import pytest

from lemotest import wait
from lemotest.kamailio import Kamailio


@pytest.fixture(scope="module")
def proxy(run_dir):
    proxy = Kamailio(run_dir)
    try:
        yield proxy.start()
    finally:
        proxy.stop()


@pytest.fixture(scope="module")
def _sip_server(module_server, proxy):
    return module_server("sip", {
        "lemonade_sip_url": proxy.url,
        "lemonade_sip_from": f"sip:lemonade@{proxy.domain}"})


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
    ("480 Temporarily Unavailable", 1), ("503 Service Unavailable", 1)])
def test_sip_final_status_counts(sip_server, proxy, answer, pending):
    """The status that the phone gave decides whether it is tried again."""
    user, phone = sip_server.user(), proxy.phone(answer)
    add_verified(sip_server, user, phone.uri)
    sip_server.log.expect("SIP ")
    user.deliver()
    # Kamailio tells 503 of a next hop as 500 (RFC 3261 16.7)
    said = ("SIP 500", "SIP 503") if answer.startswith("503") else \
        ("SIP " + answer[:3],)
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
    wait.until(lambda: result(user) ==
               "SIP proxy's answer is not understood", 5)
    assert user.status("phone")["pending"] == 1
