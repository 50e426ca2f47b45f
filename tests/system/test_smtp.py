"""The whole chain with a private Postfix: SMTP in, push out, and the mail
that Sieve scripts send."""

import email
import re
import smtplib
import time

import pytest

import conftest
from lemotest import wait
from lemotest.postfix import SIZE, Postfix
from lemotest.sieve import ManageSieve
from lemotest.users import message


@pytest.fixture(scope="module")
def postfix(run_dir, server_of_session):
    private = Postfix(run_dir, server_of_session).start()
    yield private
    private.stop()


@pytest.fixture(scope="module")
def server_of_session(run_dir, endpoints, _servers):
    return conftest.main_server(run_dir, endpoints, _servers)


def test_nf_01_smtp_to_push(postfix, server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, filter="SUBJECT urgent", payload=2)
    postfix.send("joe@remote.test", [user.name],
                 message(subject="later", to=user.name))
    wait.until(lambda: user.session.must(
        "STATUS", "INBOX", "(MESSAGES)").find(rb"MESSAGES 1"), 10)
    postfix.send("joe@remote.test", [user.name],
                 message(subject="urgent", to=user.name))
    assert [p.data["vnd.lemonade.uid"] for p in endpoint.wait(timeout=10)] \
        == [2]


def test_nf_09_smtp_while_endpoint_hangs(postfix, server, endpoints):
    """Nothing is deferred: 20 mails pass while the endpoint is silent."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    endpoint.tell("silent")
    server.log.expect(endpoint.host)
    start = time.monotonic()
    for n in range(20):
        postfix.send("joe@remote.test", [user.name],
                     message(subject=f"n{n}", to=user.name))
    wait.until(lambda: user.session.must(
        "STATUS", "INBOX", "(MESSAGES)").find(rb"MESSAGES 20"), 10)
    assert time.monotonic() - start < 8
    assert not postfix.log.lines("status=deferred")
    endpoint.tell("")


def test_ob_02_smtp_to_push_in_time(postfix, server, endpoints):
    """250 of SMTP to the request at the endpoint, whole chain."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    spans = []
    for n in range(5):
        postfix.send("joe@remote.test", [user.name], message(to=user.name))
        done = time.time()
        spans.append(endpoint.wait(n + 1, timeout=10)[n].time - done)
    assert sorted(spans)[2] < 1
    assert max(spans) < 3


def test_se_04_size_is_announced(postfix):
    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=10) as smtp:
        smtp.ehlo()
        assert int(smtp.esmtp_features["size"]) == SIZE


def put(user, script):
    with ManageSieve(user.server.ports["sieve"]) as sieve:
        sieve.login(user.name, user.password)
        sieve.put("main", script.replace("\n", "\r\n"))


def mails(user):
    """All of INBOX, parsed."""
    session = user.session
    session.select()
    found = session.must("FETCH", "1:*", "(BODY.PEEK[])").untagged \
        if count(user) else []
    session.must("UNSELECT")
    return [email.message_from_bytes(
        re.search(rb"BODY\[\] \{\d+\}\r\n(.*)\)$", line, re.S).group(1))
            for line in found if b"BODY[]" in line]


def count(user):
    return int(user.session.must("STATUS", "INBOX", "(MESSAGES)")
               .find(rb"MESSAGES (\d+)").group(1))


def send(postfix, sender, user, to=None, **kwargs):
    """To the user; the header may say otherwise."""
    mail = message(sender=sender.name, to=to or user.name, **kwargs)
    postfix.send(sender.name, [user.name], mail)
    return email.message_from_bytes(mail)


VACATION = """
require "vacation";
vacation :days 7 :subject "Away" "I am not here.";
"""


def test_df_08_df_09_vacation(postfix, server):
    """One reply a sender; none to lists, to robots, to nobody, and none to
    what is not addressed to the user."""
    user, other, third = server.user(), server.user(), server.user()
    put(user, VACATION)
    mail = send(postfix, other, user, subject="hello")
    wait.until(lambda: count(other) == 1, 10, "the reply")
    reply, = mails(other)
    assert reply["Subject"] == "Away"
    assert reply["Auto-Submitted"].startswith("auto-replied")
    assert reply["Return-Path"] == "<>"
    assert reply["In-Reply-To"] == mail["Message-ID"]
    assert mail["Message-ID"] in reply["References"]
    assert user.name in reply["From"] and other.name in reply["To"]
    assert reply["Date"] != mail["Date"] and reply["Message-ID"]
    assert "I am not here." in reply.get_payload()
    send(postfix, other, user, subject="again")
    for extra in ("List-Id: <list.lemo.test>", "Auto-Submitted: auto-replied",
                  "Precedence: bulk"):
        send(postfix, third, user, extra=extra)
    send(postfix, third, user, to="undisclosed@lemo.test")
    postfix.send("", [user.name], message(sender=third.name, to=user.name))
    wait.until(lambda: count(user) == 7, 10, "all are delivered")
    postfix.settle()
    assert (count(other), count(third)) == (1, 0)
    # by Auto-Submitted: no, it is a person
    send(postfix, third, user, extra="Auto-Submitted: no")
    wait.until(lambda: count(third) == 1, 10, "the reply to another")


def test_e2e_9_se_05_se_06_rules_from_the_device(postfix, server, endpoints):
    """The phone sets both by ManageSieve, and takes both away again."""
    user, boss, endpoint = server.user(), server.user(), endpoints.new()
    user.register(endpoint, payload=3, filter="SUBJECT never")
    put(user, f"""
require ["enotify", "vacation", "variables"];
if address "from" "{boss.name}" {{
  notify :importance "1" "push:phone";
}}
vacation :days 1 :addresses "{user.name}" "On holiday until Monday.";
""")
    send(postfix, boss, user, subject="call me")
    push, = endpoint.wait(timeout=10)
    assert push.data["vnd.lemonade.uid"] == 1
    wait.until(lambda: count(boss) == 1, 10, "the reply")
    assert "until Monday" in mails(boss)[0].get_payload()
    with ManageSieve(server.ports["sieve"]) as sieve:
        sieve.login(user.name, user.password)
        assert sieve.cmd('SETACTIVE ""')[0] == "OK"
        assert sieve.cmd('DELETESCRIPT "main"')[0] == "OK"
    send(postfix, boss, user, subject="call me again")
    wait.until(lambda: count(user) == 2, 10, "delivered")
    postfix.settle()
    wait.until(lambda: user.status("phone")["pending"] == 0, 5, "sent")
    assert (count(boss), len(endpoint.pushes())) == (1, 1)


def test_sn_07_notify_by_mail(postfix, server):
    """The example of RFC 5436 3; what an URI must not say; the null sender."""
    user, phone, backup = server.user(), server.user(), server.user()
    put(user, f"""
require ["enotify", "variables"];
if header :contains "list-id" "knitting.example.com" {{
  if header :matches "Subject" "[*] *" {{
    notify :message "From ${{1}} list: ${{2}}" :importance "3"
      "mailto:{phone.name}?to={backup.name}&from=evil@x.test&message-id=x\
&auto-submitted=no&date=x&body=Hello%20there";
  }} else {{
    notify "mailto:{phone.name}?subject=of%20the%20URI";
    notify "mailto:{backup.name}";
    notify "mailto:{backup.name}";
  }}
}}
""".replace("\\\n", ""))
    knitting = "List-Id: Knitting Mailing List <knitting.example.com>"
    mail = send(postfix, phone, user, to="knitting@example.com",
                subject="[Knitting] A new sweater", extra=knitting)
    wait.until(lambda: count(phone) == 1 and count(backup) == 1, 10, "told")
    for notice in mails(phone) + mails(backup):
        assert notice["Subject"] == "From Knitting list: A new sweater"
        assert re.fullmatch(
            rf'auto-notified; owner-email="?{re.escape(user.name)}"?',
            notice["Auto-Submitted"])
        assert "evil" not in notice.as_string()
        assert phone.name in notice["To"] and backup.name in notice["To"]
        for name in ("Message-ID", "Date"):
            assert notice[name] not in (mail[name], "x")
        assert notice["Return-Path"] != "<>"
        assert notice.get_payload().startswith("Hello there")
    postfix.send("", [user.name], message(
        sender=phone.name, to="knitting@example.com", subject="plain",
        extra=knitting))
    wait.until(lambda: count(phone) == 2 and count(backup) == 2, 10, "told")
    postfix.settle()
    # Pigeonhole puts a word before the original one
    assert [m["Subject"] for m in mails(phone)[1:] + mails(backup)[1:]] == \
        ["of the URI", "Notification: plain"]
    for notice in mails(phone)[1:] + mails(backup)[1:]:
        assert notice["Return-Path"] == "<>"


def test_df_04_sc_03_no_loops(postfix, server):
    """A notice to oneself raises none; two on vacation do not talk; what two
    redirect to one another comes to an end."""
    user, other, loop, pool = (server.user() for _ in range(4))
    put(user, f'require "enotify";\nnotify "mailto:{user.name}";\n')
    send(postfix, other, user, subject="once")
    wait.until(lambda: count(user) == 2, 10, "the notice")
    for one in (loop, pool):
        put(one, VACATION)
    send(postfix, loop, pool)
    wait.until(lambda: count(loop) == 1, 10, "the reply")
    postfix.settle()
    assert (count(user), count(loop), count(pool)) == (2, 1, 1)
    put(loop, f'redirect "{pool.name}";\n')
    put(pool, f'redirect "{loop.name}";\n')
    send(postfix, other, pool, subject="round and round")
    wait.until(lambda: len(postfix.log.lines(
        f"to=<({loop.name}|{pool.name})>.*status=sent")) >= 5, 10, "redirected")
    postfix.settle()
    assert len(postfix.log.lines(
        f"to=<({loop.name}|{pool.name})>.*status=sent")) == 5
    # nothing is lost: who sees it again keeps it
    assert (count(loop), count(pool)) == (1, 2)
