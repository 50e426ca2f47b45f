"""Notifications by mail: from the notifier by SMTP to a real Postfix, and by
LMTP to another mailbox. RFC 5436 section 2.7, RFC 3834."""

import email.utils
import json
import re
import time

import pytest

from lemotest import wait
from lemotest.imap import quote
from lemotest.mailbox import (FROM, LATER, NEVER, PORT, SETTINGS, TLS_PORT,
                              BadServer, MailPhone)
from lemotest.users import message
from test_sieve import put

EVENTS = "(personal (MessageNew MessageExpunge MessageRead Login))"


def new_phone(server):
    return MailPhone(server.user())


def add_verified(server, user, url):
    server.doveadm("lemonade", "device", "add", "-u", user.name, "--verified",
                   "phone", json.dumps({"url": url,
                                        "whenConnected": "always"}),
                   check=True)


def result(user):
    return (user.status("phone") or {}).get("lastResult")


def held_back(user, reason):
    return (user.status("phone") or {}).get("heldBack", {}).get(reason, 0)


def text(mail):
    return mail.get_content().replace("\r\n", "\n")


def count(user):
    return int(user.session.must("STATUS", "INBOX", "(MESSAGES)")
               .find(rb"MESSAGES (\d+)").group(1))


def test_mailto_rings(mail_server):
    """Code by mail, written back; then each mail is a notification that says
    no more than level 2, whatever was asked for."""
    user, phone = mail_server.user(), new_phone(mail_server)
    user.register(phone, payload=4, urgency="high")
    user.deliver(subject="merger", body="secret body")
    mail, = phone.wait()
    assert not mail.defects
    assert mail["Auto-Submitted"] == \
        f'auto-notified; owner-email="{user.name}"'
    assert mail["Return-Path"] == "<>"
    assert mail["From"] == f"Lemonade <{FROM}>"
    assert mail["To"].addresses[0].addr_spec == phone.user.name
    assert mail["Subject"] == "New mail: INBOX"
    assert mail["Importance"] == "high"
    assert re.fullmatch(r"<lemonade\.[0-9a-f]+(-\d+)?\.phone@lemo\.test>",
                        mail["Message-ID"])
    date = email.utils.parsedate_to_datetime(mail["Date"])
    assert abs(time.time() - date.timestamp()) < 60
    assert text(mail).startswith("INBOX: 1 unread\nimap://")
    assert text(mail).endswith(f"\n\nAccount: {user.name}\n")
    assert "merger" not in str(mail) and "joe@" not in str(mail)
    wait.until(lambda: result(user) == "SMTP 250", 5)


def test_mailto_names_come_encoded(mail_server):
    """A mailbox whose name looks like headers gets into none."""
    user, phone = mail_server.user(), new_phone(mail_server)
    user.register(phone, payload=2, events="(personal (MessageAppend))")
    name = 'Bcc: eve@lemo, =?utf-8?Q?=0D?= "Böse" 📱'
    mailbox = name.replace("ö", "&APY-").replace("📱", "&2D3c8Q-")
    user.session.must("CREATE", quote(mailbox))
    user.session.append(mailbox, message())
    mail, = phone.wait()
    raw = phone.raw()[-1]
    assert mail["Subject"] == f"Message stored: {name}"
    assert name in text(mail)
    assert mail["Bcc"] is None and not mail.defects
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_mailto_unverified_is_not_rung(mail_server):
    user, phone = mail_server.user(), new_phone(mail_server)
    assert user.set_device("phone", phone.subscription).ok
    code = phone.code()
    mail, = phone.messages()
    # whoever gets it for no reason knows whom to ask
    assert user.name in text(mail)
    user.deliver()
    wait.never(phone.notifications, 0.3)
    assert not user.status("phone")["verified"]
    assert user.set_device("phone", {**phone.subscription,
                                     "verificationCode": code[::-1]}).ok
    user.deliver()
    wait.never(phone.notifications, 0.3)
    assert not user.status("phone")["verified"]
    # a webhook's secret is none of its business
    assert "secret" not in user.status("phone")


def test_mailto_for_events_that_sieve_does_not_see(mail_server):
    """A login, a message read and removed."""
    user, phone = mail_server.user(), new_phone(mail_server)
    user.register(phone, events=EVENTS)

    def told():
        return [m["Subject"].partition(":")[0] for m in phone.notifications()]
    user.deliver()
    wait.until(lambda: "New mail" in told(), 8)
    session = user.imap()
    wait.until(lambda: "Mailbox changed" in told(), 8, "the login")
    session.select()
    session.must("STORE", "1", r"+FLAGS (\Seen)")
    wait.until(lambda: "Mail read" in told(), 8)
    session.must("STORE", "1", r"+FLAGS (\Deleted)")
    session.must("EXPUNGE")
    wait.until(lambda: "Mail removed" in told(), 8)


# -- loops

def test_sc_03_two_users_who_notify_each_other(mail_server):
    """Ends after one round."""
    ann, bob = mail_server.user(), mail_server.user()
    ann.register(MailPhone(bob))
    bob.register(MailPhone(ann))
    wait.until(lambda: count(ann) == 1 and count(bob) == 1, 8, "codes only")
    ann.deliver(subject="round")
    MailPhone(bob).wait()
    wait.until(lambda: held_back(bob, "auto") >= 1, 8)
    wait.never(lambda: count(ann) > 2 or count(bob) > 2, 0.3)
    told = mail_server.doveadm("lemonade", "trace", "-u", bob.name,
                               check=True).stdout
    assert "sent by a machine" in told


@pytest.mark.parametrize("extra, message_id, rings", [
    ("Auto-Submitted: auto-replied", "1@remote.test", False),
    ("Auto-Submitted: no\r\nAuto-Submitted: auto-generated",
     "2@remote.test", False),
    # some relay took the field away
    ("X-Was: Auto-Submitted", "lemonade.3.phone@elsewhere.test", False),
    ("Auto-Submitted: no", "4@remote.test", True),
    # not by itself a sign of a machine (RFC 5436 section 2.7)
    ("Precedence: list", "5@remote.test", True)])
def test_sc_03_mail_of_machines(mail_server, extra, message_id, rings):
    user, phone = mail_server.user(), new_phone(mail_server)
    add_verified(mail_server, user, phone.uri)
    mail = re.sub(rb"Message-ID: <.*?>",
                  f"Message-ID: <{message_id}>".encode(),
                  message(extra=extra))
    # the empty sender alone says nothing either
    user.deliver(mail, sender="")
    if rings:
        phone.wait()
    else:
        wait.until(lambda: held_back(user, "auto") == 1, 8)
        assert not phone.notifications()


@pytest.mark.parametrize("rest", ["", "discard;"])
def test_sc_03_mail_of_machines_and_scripts(mail_server, rest):
    """Nor does a script make it ring, whether it keeps the mail or not."""
    user, phone = mail_server.user(), new_phone(mail_server)
    add_verified(mail_server, user, phone.uri)
    put(user, f'require "enotify";\nnotify "push:phone";\n{rest}\n')
    user.deliver(extra="Auto-Submitted: auto-replied")
    wait.until(lambda: held_back(user, "auto") == 1, 8)
    user.deliver()
    phone.wait()
    assert held_back(user, "auto") == 1


def test_sc_03_own_mailbox_is_refused(mail_server):
    user = mail_server.user()
    local, domain = user.name.split("@")
    for address in (user.name, user.name.upper(), f"{local}+x@{domain}"):
        response = user.set_device("phone", {"url": f"mailto:{address}"})
        assert response.status == "NO", address
        assert "is the mailbox that it is to tell of" in response.text
    joe = mail_server.user(name="joe")
    assert joe.set_device("phone", {"url": "mailto:joe@lemo.test"}).status \
        == "NO"
    # the notifier does not believe the plugin
    out = mail_server.doveadm("lemonade", "device", "add", "-u", user.name,
                              "--verified", "phone",
                              json.dumps({"url": f"mailto:{user.name}"}))
    assert out.returncode != 0


# -- what the mail server says

@pytest.mark.parametrize("address, said, pending", [
    (LATER, "SMTP 450", 1), (NEVER, "SMTP 550", 0)])
def test_mailto_replies_count(mail_server, address, said, pending):
    user = mail_server.user()
    add_verified(mail_server, user, f"mailto:{address}")
    mail_server.log.expect("SMTP ")
    user.deliver()
    wait.until(lambda: result(user) == said, 8)
    assert user.status("phone")["pending"] == pending


GOOD = (b"220 h ESMTP\r\n", b"250 h\r\n", b"250 ok\r\n", b"250 ok\r\n")
BAD_SERVERS = {
    "silent": ((None,), "mail server timed out"),
    "silent later": ((*GOOD[:2], None), "mail server timed out"),
    "silent in DATA": ((*GOOD, b"354 go\r\n", None), "mail server timed out"),
    "hangs up": ((), "connection to the mail server lost"),
    "hangs up in DATA": ((*GOOD, b"354 go\r\n"),
                         "connection to the mail server lost"),
    "no SMTP": ((b"HTTP/1.1 200 OK\r\n\r\n",),
                "mail server's reply is not SMTP"),
    "endless reply": ((b"220-" + b"x" * 100000 + b"\r\n",),
                      "mail server's reply is not SMTP"),
    "many lines": (((b"220-" + b"x" * 50 + b"\r\n") * 1000,),
                   "mail server's reply is not SMTP"),
    "no service": ((b"554 go away\r\n",), "SMTP 554 before the recipient"),
    "no null sender": ((*GOOD[:2], b"550 who?\r\n", b"503 no\r\n",
                        b"503 no\r\n", b"221 bye\r\n"),
                       "SMTP 550 before the recipient"),
    "shuts down": ((*GOOD[:3], b"421 bye\r\n"), "SMTP 421"),
    "STARTTLS wanted": ((*GOOD[:3], b"530 Must issue STARTTLS\r\n"),
                        "SMTP 530")}


def test_mailto_servers_that_do_not_behave(make_server):
    """Bounded, and told in words."""
    with BadServer() as bad:
        server = make_server(lemonade_request_timeout="600ms",
                             lemonade_mailto_url=bad.url,
                             lemonade_mailto_from=FROM)
        user = server.user()
        server.log.expect("smtp-client")
        add_verified(server, user, "mailto:bob@lemo.test")
        for name, (script, said) in BAD_SERVERS.items():
            bad.script = script
            start = time.monotonic()
            out = server.doveadm("lemonade", "test", "-u", user.name, "phone")
            assert time.monotonic() - start < 3, name
            assert said in out.stdout + out.stderr, (name, out)


def test_mailto_hanging_server_holds_up_nobody(make_server, endpoints):
    """Beside it a webhook rings at once, and the mail is delivered."""
    with BadServer(None) as bad:
        server = make_server(lemonade_request_timeout="2s",
                             lemonade_mailto_url=bad.url,
                             lemonade_mailto_from=FROM)
        server.log.expect("smtp-client", "push", "timed out")
        user, endpoint = server.user(), endpoints.new()
        user.register(endpoint, "other")
        add_verified(server, user, "mailto:bob@lemo.test")
        for n in range(5):
            assert user.deliver() < 1
            endpoint.wait(n + 1, timeout=1.5)
        assert user.status("phone")["pending"] >= 1


CANNOT = "connect to the mail server failed"
TLS = (
    (f"smtp://relay.push.test:{PORT}", "SMTP 250"),
    (f"smtps://relay.push.test:{TLS_PORT}", "SMTP 250"),
    # its certificate is for another name
    (f"smtp://relay.test:{PORT}", CANNOT),
    (f"smtps://relay.test:{TLS_PORT}", CANNOT),
    ("smtp://relay.push.test:1", CANNOT))


def test_mailto_tls(mail_server, make_server):
    """Beyond the loopback nothing goes in the clear."""
    phone = new_phone(mail_server)
    server = make_server(**SETTINGS)
    user = server.user("sdbox")
    add_verified(server, user, phone.uri)
    server.log.expect("smtp-client")
    for url, said in TLS:
        server.change(lemonade_mailto_url=url)
        server.reload()
        server.notifier_pid()
        wait.up(lambda: server.doveadm("user", user.name).returncode == 0, 10)
        out = server.doveadm("lemonade", "test", "-u", user.name, "phone")
        assert said in out.stdout + out.stderr, (url, out)
    # which setting is wrong
    assert len(server.log.lines(
        "Error: lemonade_mailto_url: smtp-client: ")) >= 3
    ways = [mail.get_all("Received")[-1] for mail in phone.wait(2)]
    assert len(ways) == 2
    assert all("with ESMTPS" in way for way in ways)


# -- whom users may reach, and what is said

@pytest.mark.parametrize("url", [
    "mailto:bob@lemo.test?cc=eve@lemo.test", "mailto:bob@lemo.test,eve@h",
    "mailto:bob@lemo.test\r\nBcc: eve@h", "mailto:b%0d%0aob@lemo.test",
    "mailto:\"b b\"@lemo.test", "mailto:bob(x)@lemo.test",
    "mailto:-oQ@lemo.test", "mailto:bob@[127.0.0.1]", "mailto:@lemo.test",
    "mailto:" + "b" * 65 + "@lemo.test", "mailto:bob@other.test",
    "mailto:b\xf6b@lemo.test", "mailto:bob@x.lemo.test"])
def test_mailto_bad_addresses_are_refused(mail_server, url):
    user = mail_server.user()
    response = user.set_device("phone", {"channel": "mailto", "url": url})
    assert response.status == "NO" and "url" in response.text
    assert user.get_device("phone") is None


def test_mailto_is_told_to_clients(mail_server, server):
    user, other = mail_server.user(), server.user()
    vendor = "/shared/vendor/vendor.lemonade"
    assert "mailto" in json.loads(
        user.session.getmetadata(f"{vendor}/channels"))
    ceilings = user.session.getmetadata(f"{vendor}/ceilings")
    assert json.loads(ceilings)["mailto"] == 2
    assert "mailto" not in json.loads(
        other.session.getmetadata(f"{vendor}/channels"))
    response = other.set_device("phone", {"url": "mailto:bob@lemo.test"})
    assert response.status == "NO" and "lemonade_mailto_url" in response.text


def test_mailto_dry_run_shows_the_octets(mail_server):
    user = mail_server.user()
    add_verified(mail_server, user, "mailto:bob@lemo.test")
    out = mail_server.doveadm("lemonade", "test", "-u", user.name,
                              "--dry-run", "phone", check=True).stdout
    assert f"smtp://127.0.0.1:{PORT}" in out
    assert "MAIL FROM:<>" in out and "RCPT TO:<bob@lemo.test>" in out
    assert f'owner-email="{user.name}"' in out
    assert f"From: Lemonade <{FROM}>" in out
