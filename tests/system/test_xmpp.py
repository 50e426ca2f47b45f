"""XMPP messages by a component (XEP-0114) of a real server (Prosody) to real
clients (slixmpp)."""

import json
import re
import signal

import pytest

import conftest
from lemotest import wait
from lemotest.prosody import (COMPONENT, DOMAIN, OTHER_COMPONENT, SECRET,
                              Impostor)
from lemotest.sieve import ManageSieve

OPEN = (b"<stream:stream xmlns='jabber:component:accept' xmlns:stream="
        b"'http://etherx.jabber.org/streams' id='1'>")


@pytest.fixture(scope="module")
def _xmpp_server(module_server, prosody):
    return module_server("xmpp", {
        "lemonade_allow_hosts": "bounce.test:5269",
        "lemonade_sieve_targets": f"xmpp:{DOMAIN}", **prosody.settings()})


@pytest.fixture
def xmpp_server(_xmpp_server):
    _xmpp_server.log.mark()
    return _xmpp_server


def add_verified(server, user, url, **fields):
    server.doveadm("lemonade", "device", "add", "-u", user.name, "--verified",
                   "phone", json.dumps({"url": url, **fields}), check=True)


def status(user, name):
    return (user.status("phone") or {}).get(name)


def test_sn_08_xmpp_message_rings(xmpp_server, prosody):
    """Code by message, written back; then each mail is a message that says no
    more than level 2, whatever was asked for."""
    user, phone = xmpp_server.user(), prosody.phone()
    user.register(phone, payload=4, urgency="high")
    user.deliver(subject="merger", body="secret body")
    message = phone.wait(2)[1]
    assert message.attributes["type"] == "normal"
    assert message.attributes["from"] == f"lemonade@{COMPONENT}"
    assert message.attributes["to"] == phone.jid
    assert message.attributes["id"]
    assert message.subject == "New mail"
    assert message.body == "INBOX: 1 unread"
    assert message.urgency == "high"
    assert re.fullmatch(r"imap://.*@lemo\.test/INBOX;UIDVALIDITY=\d+/;UID=1",
                        message.url)
    wait.until(lambda: status(user, "lastResult") == "XMPP accepted", 5)
    assert "merger" not in repr(message) and "secret" not in repr(message)


def test_xmpp_offline_rings_at_login(xmpp_server, prosody):
    user, phone = xmpp_server.user(), prosody.phone(log_in=False)
    add_verified(xmpp_server, user, phone.uri)
    user.deliver()
    wait.until(lambda: status(user, "lastResult") == "XMPP accepted", 5)
    phone.log_in()
    assert phone.wait()[0].subject == "New mail"


def test_sc_20_xmpp_unverified_is_not_rung(xmpp_server, prosody):
    user, phone = xmpp_server.user(), prosody.phone()
    assert user.set_device("phone", phone.subscription).ok
    assert phone.code()
    user.deliver()
    wait.never(lambda: len(phone.stanzas) > 1, 0.3)
    assert not status(user, "verified")
    # a webhook's secret is none of its business
    assert "secret" not in user.status("phone")


def test_xmpp_nobody_has_that_address(xmpp_server):
    """The error comes back before the ping that was sent behind."""
    user = xmpp_server.user()
    add_verified(xmpp_server, user, f"xmpp:nobody@{DOMAIN}")
    xmpp_server.log.expect("XMPP service-unavailable")
    user.deliver()
    wait.until(lambda: status(user, "lastResult") ==
               "XMPP service-unavailable", 5)
    assert status(user, "pending") == 0


@pytest.mark.parametrize("error, pending", [
    ("cancel.gone", 0), ("auth.forbidden", 0), ("modify.not-acceptable", 0),
    ("wait.resource-constraint", 1)])
def test_sn_08_xmpp_error_type_counts(xmpp_server, error, pending):
    """RFC 5437 section 4, item 10."""
    user = xmpp_server.user()
    add_verified(xmpp_server, user, f"xmpp:{error}@bounce.test")
    said = f"XMPP {error.partition('.')[2]}"
    xmpp_server.log.expect(said)
    user.deliver()
    wait.until(lambda: status(user, "lastResult") == said, 5)
    assert status(user, "pending") == pending


def test_xmpp_nothing_can_be_injected(xmpp_server, prosody):
    """By the name of a mailbox, which is told at level 2, or by a subject,
    which never is."""
    user, phone = xmpp_server.user(), prosody.phone()
    add_verified(xmpp_server, user, phone.uri, payload=2)
    name = "a</body></message>&<x b='c\"']]>"
    with ManageSieve(user.server.ports["sieve"]) as sieve:
        sieve.login(user.name, user.password)
        sieve.put("main", 'require ["fileinto", "mailbox"];\r\n'
                  'fileinto :create "{}";\r\n'
                  .format(name.replace('"', '\\"')))
    user.deliver(subject="</body>\x01\x1b[2J" + 10000 * "x")
    message = phone.wait()[0]
    assert message.body == f"{name}: 1 unread"
    assert [child.tag.partition("}")[2] for child in message.xml] == [
        "subject", "body", "headers", "x"]
    assert "xxx" not in repr(message)


@pytest.mark.parametrize("url", [
    "xmpp:juliet@example.org\r\n", "xmpp:ju'liet@example.org",
    "xmpp:juliet@example.org'/><message", "xmpp:juliet@example.org?message",
    "xmpp:juliet%40x@example.org", "xmpp://a@example.org/juliet@example.org",
    "xmpp:@example.org", "xmpp:example.org", "xmpp:juliet@[::1]",
    "xmpp:juliet@other.test", "xmpp:juliet@notify.example.org"])
def test_sc_20_xmpp_bad_uris_are_refused(xmpp_server, url):
    user = xmpp_server.user()
    response = user.set_device("phone", {"channel": "xmpp", "url": url})
    assert response.status == "NO" and "url" in response.text
    assert user.get_device("phone") is None


def test_xmpp_is_told_to_clients(xmpp_server, server):
    user, other = xmpp_server.user(), server.user()
    vendor = "/shared/vendor/vendor.lemonade"
    assert "xmpp" in json.loads(
        user.session.getmetadata(f"{vendor}/channels"))
    ceilings = user.session.getmetadata(f"{vendor}/ceilings")
    assert json.loads(ceilings)["xmpp"] == 2
    assert "xmpp" not in json.loads(
        other.session.getmetadata(f"{vendor}/channels"))
    response = other.set_device("phone", {"url": f"xmpp:juliet@{DOMAIN}"})
    assert response.status == "NO" and "lemonade_xmpp_server" in response.text


def test_xmpp_dry_run_shows_the_octets(xmpp_server):
    user = xmpp_server.user()
    add_verified(xmpp_server, user, f"xmpp:dry@{DOMAIN}", payload=2)
    out = xmpp_server.doveadm("lemonade", "test", "-u", user.name,
                              "--dry-run", "phone", check=True).stdout
    assert f"<message from='lemonade@{COMPONENT}' to='dry@{DOMAIN}' id='" in out
    assert "<subject>New mail</subject><body>" in out
    assert "</url></x></message>" in out
    assert SECRET not in out


def test_sn_08_xmpp_no_replies(xmpp_server, prosody):
    """RFC 5437 section 6: none to messages. Requests get an error, which is
    behind what a message would have got."""
    phone = prosody.phone()
    phone.say(f"lemonade@{COMPONENT}", "who are you?")
    for jid in (f"lemonade@{COMPONENT}", COMPONENT):
        assert phone.ping(jid) == "service-unavailable"
    assert not phone.stanzas


def test_xmpp_server_hangs_and_restarts(make_server, xmpp_server, prosody):
    """What was under way is tried again, under the same id."""
    server = make_server(lemonade_request_timeout="1 s",
                         **prosody.settings(component=OTHER_COMPONENT))
    user, phone = server.user(), prosody.phone()
    add_verified(server, user, phone.uri)
    user.deliver()
    phone.wait()
    server.log.expect("lemonade_xmpp_server", "XMPP server")
    xmpp_server.log.expect("lemonade_xmpp_server")
    prosody.process.send_signal(signal.SIGSTOP)
    user.deliver()
    server.log.wait("XMPP server does not answer")
    assert status(user, "pending") == 1
    prosody.process.kill()
    prosody.process.wait(10)
    phone.log_out()
    prosody.start()
    phone.log_in()
    assert phone.wait(2, timeout=20)[1].subject == "New mail"
    wait.until(lambda: status(user, "pending") == 0, 5)
    assert status(user, "lastResult") == "XMPP accepted"


@pytest.fixture(scope="module")
def impostor():
    impostor = Impostor()
    yield impostor
    impostor.close()


@pytest.fixture(scope="module")
def _fooled(run_dir, endpoints, prosody, impostor):
    server = conftest.start(run_dir, endpoints, "fooled", {
        **prosody.settings(), "lemonade_xmpp_server": impostor.address,
        "lemonade_request_timeout": "1 s"})
    # it connects when it starts
    server.log.wait("XMPP server does not answer")
    yield server
    server.log.mark()
    server.log.expect("lemonade: No acknowledgement in time", "XMPP server")
    conftest.stop(server, gently=True)
    assert not server.log.unexpected()


@pytest.mark.parametrize("says, error", [
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", "sent what is no XML"),
    (b"<html></html>", "is no XMPP server"),
    (b"<!DOCTYPE a [<!ENTITY b 'bb'><!ENTITY c '&b;&b;'>]><a>&c;</a>",
     "sent a document type"),
    (OPEN + b"<message><body>" + 100000 * b"x",
     "sent a stanza that is too large"),
    (OPEN + 50 * b"<a>", "sent a stanza that is too deep"),
    (OPEN + b"<stream:error><bad'/>", "sent what is no XML"),
    (OPEN + b"</stream:stream>", "ended the stream"),
    (OPEN + b"<message type='error' id='x'/><iq type='get' id='y'/>",
     "does not answer"),
    (b"", "does not answer")])
def test_xmpp_impostor(_fooled, impostor, says, error):
    """Something else listens there, or a server gone mad."""
    user = _fooled.user()
    add_verified(_fooled, user, f"xmpp:juliet@{DOMAIN}")
    _fooled.log.expect("lemonade_xmpp_server .*XMPP server")
    impostor.says = says
    result = _fooled.doveadm("lemonade", "test", "-u", user.name, "phone")
    assert f"XMPP server {error}" in result.stdout + result.stderr


@pytest.mark.parametrize("wrong, setting", [
    ({"secret": "wrong"}, "lemonade_xmpp_secret_file"),
    ({"component": "wrong.example.org"}, "lemonade_xmpp_from")])
def test_xmpp_not_let_in(make_server, prosody, endpoints, wrong, setting):
    """The log names the setting and no secret; other channels ring."""
    server = make_server(**prosody.settings(**wrong))
    server.log.wait(f"Error: {setting}: XMPP server ")
    user, other, endpoint = server.user(), server.user(), endpoints.new("w")
    add_verified(server, user, f"xmpp:juliet@{DOMAIN}")
    server.log.expect("its pushes wait")
    user.deliver()
    wait.until(lambda: "XMPP server" in (status(user, "lastResult") or ""), 5)
    assert status(user, "pending") == 1
    other.register(endpoint)
    other.deliver()
    endpoint.wait()
    assert not server.log.lines(wrong.get("secret", SECRET))


def test_xmpp_budget(make_server, prosody):
    server = make_server(lemonade_budget_device=2,
                         **prosody.settings(component=OTHER_COMPONENT))
    user, phone = server.user(), prosody.phone()
    add_verified(server, user, phone.uri)
    server.log.expect("more pushes than its budget allows")
    for count in (1, 2):
        user.deliver()
        phone.wait(count)
    user.deliver()
    wait.until(lambda: (status(user, "heldBack") or {}).get("budget"), 5)
    assert len(phone.stanzas) == 2


def test_xmpp_no_secret(make_server, prosody):
    server = make_server(**{**prosody.settings(),
                            "lemonade_xmpp_secret_file": "/nonexistent"})
    server.log.expect("lemonade_xmpp_secret_file: /nonexistent cannot be "
                      "opened")
    user = server.user()
    add_verified(server, user, f"xmpp:juliet@{DOMAIN}")
    user.deliver()
    wait.until(lambda: status(user, "lastResult") ==
               "lemonade_xmpp_secret_file has no secret", 5)
    assert status(user, "pending") == 1


def notify(user, script):
    with ManageSieve(user.server.ports["sieve"]) as sieve:
        sieve.login(user.name, user.password)
        sieve.put("main", f'require "enotify";\r\n{script}\r\n')


def test_sn_08_sieve_tells_a_target(xmpp_server, prosody):
    """RFC 5437 3.1 to 3.4: the text of :message counts more than the URI's;
    its subject; urgency; the location of the mail. The owner is named, and
    the sender is the component, whatever :from says."""
    user, phone = xmpp_server.user(), prosody.phone()
    uri = f"{phone.uri}?message;subject=SIEVE;body=Wherefore%20art%20thou"
    notify(user, f'notify "{phone.uri}"; notify "{uri}%3F"; '
           'notify :importance "1" :from "juliet@remote.test" '
           f':message "<&\'>]]>" "{uri};x=y";')
    user.deliver(subject="Contact me immediately!")
    owner = f" (Sieve filter of {user.name}"
    found = {m.body: m for m in phone.wait(3)}
    assert found.keys() == {
        "Joe <joe@remote.test>: Contact me immediately!" + owner + ")",
        "Wherefore art thou?" + owner + ")",
        "<&\'>]]>" + owner + ", for juliet@remote.test)"}
    urgent = found["<&\'>]]>" + owner + ", for juliet@remote.test)"]
    assert urgent.subject == "SIEVE" and urgent.urgency == "high"
    assert "Resent-From" in repr(urgent)
    for message in found.values():
        assert message.attributes["from"] == f"lemonade@{COMPONENT}"
        assert message.attributes["type"] == "normal"
        assert message.url.endswith("/;UID=1")


def test_sn_08_sieve_tells_a_device(xmpp_server, prosody):
    """A verified device whose URL says a query of its own."""
    user, phone = xmpp_server.user(), prosody.phone()
    add_verified(xmpp_server, user, phone.uri, payload=0,
                 filter="SUBJECT never")
    notify(user, f'notify :message "line\r\nline" "{phone.uri}";')
    user.deliver()
    message, = phone.wait(1)
    assert message.body == f"line\nline (Sieve filter of {user.name})"


def test_sn_08_sieve_bad_uris(xmpp_server):
    user = xmpp_server.user()
    for uri in ("xmpp:", "xmpp:bob", "xmpp://me@a.test/bob@a.test",
                "xmpp:bob@a.test#x", "xmpp:b<b@a.test",
                "xmpp:bob@a.test?message;body=%f"):
        with ManageSieve(user.server.ports["sieve"]) as sieve:
            sieve.login(user.name, user.password)
            script = f'require "enotify"; notify "{uri}";'
            status, _, text = sieve.cmd(
                f'PUTSCRIPT "x" {{{len(script)}+}}\r\n{script}')
            assert status == "NO", (uri, text)
