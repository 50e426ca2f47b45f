"""EV-04: quota events with Dovecot's own quota plugin."""

import smtplib

import pytest

from lemotest import wait
from lemotest.feed import Feed
from lemotest.imap import Literal
from lemotest.server import is_24
from lemotest.users import deliver, deliver_patiently, message

KB = 1024
LIMIT = 30      # kilobytes, and GRACE beyond it for deliveries
GRACE = 10
BIG = message(subject="big", body=("x" * 70 + "\r\n") * 140)   # about 10 KB


def quota_conf(kilobytes=LIMIT, messages=0, driver="count"):
    if is_24():
        count = f"  quota_message_count = {messages}\n" if messages else ""
        return ("mail_plugins {\n  quota = yes\n}\n"
                'quota "User quota" {\n  quota_driver = '
                f"{driver}\n"
                f"  quota_storage_size = {kilobytes}k\n{count}"
                f"  quota_storage_grace = {GRACE}k\n}}\n")
    count = f":messages={messages}" if messages else ""
    blocks = "".join(f"protocol {name} {{\n  mail_plugins = $mail_plugins "
                     "quota\n}\n" for name in ("doveadm", "imap", "lmtp"))
    return (blocks + f"plugin {{\n  quota = {driver}:User quota\n"
            f"  quota_vsizes = {'yes' if driver == 'count' else 'no'}\n"
            f"  quota_rule = *:storage={kilobytes}k{count}\n"
            f"  quota_grace = {GRACE}k\n}}\n")


class Quota:
    """A server with quota for one test module, and its feed."""

    def __init__(self, server, feed):
        self.server, self.feed = server, feed

    def events(self, user):
        return [p for p in self.feed.pushes(user)
                if p.event.startswith("Quota")]


@pytest.fixture(scope="module")
def _quota(run_dir, endpoints, module_server):
    feed = Feed(endpoints.new("quota-feed"), run_dir)
    return Quota(module_server("quota", feed.settings(), quota_conf()), feed)


@pytest.fixture
def quota(_quota):
    _quota.server.log.mark()
    return _quota


@pytest.fixture(params=["maildir", "sdbox"])
def ann(request, quota):
    return quota.server.user(request.param)


def refused(server, user, mail):
    with pytest.raises((AssertionError, smtplib.SMTPException)) as error:
        deliver(server, [user.name], mail)
    assert "552" in str(error.value) or "452" in str(error.value)


def test_ev_04_exceed_by_delivery(quota, ann):
    """Into the grace, and then refused; the numbers are those of IMAP."""
    for _ in range(3):
        ann.deliver(BIG)
    event = quota.feed.wait(ann, "QuotaExceed")[0]
    assert event["vnd.lemonade.quotaRoot"] == "User quota"
    assert event["user"] == ann.name and event["service"] == "lmtp"
    assert event["diskQuota"] == LIMIT
    assert event["diskUsed"] > LIMIT
    assert event["messages"] == 3
    assert "maxMessages" not in event
    assert event["uri"].startswith("imap://")
    refused(quota.server, ann, message())
    again = quota.feed.wait(ann, "QuotaExceed", 2)[1]
    assert again["diskUsed"] == event["diskUsed"]
    assert "MessageNew" not in [p.event for p in quota.feed.pushes(ann)][3:]


def test_ev_04_exceed_by_append_once_a_session(quota, ann):
    for _ in range(2):
        ann.session.append("INBOX", BIG)
    for _ in range(3):
        response = ann.session.cmd("APPEND", "INBOX", Literal(BIG * 2))
        assert "[OVERQUOTA]" in response.text
    event = quota.feed.wait(ann, "QuotaExceed")[0]
    assert event["service"] == "imap" and event["clientIP"] == "127.0.0.1"
    assert event["diskUsed"] < event["diskQuota"] == LIMIT
    ann.session.cmd("LOGOUT")
    ann.forget_session()
    small = message()
    ann.session.append("INBOX", small)
    quota.feed.wait(ann, "MessageAppend", 3)
    assert [p.event for p in quota.events(ann)] == ["QuotaExceed"]


@pytest.mark.parametrize("way,storage", [
    ("expunge", "maildir"), ("expunge", "sdbox"), ("delete", "sdbox"),
    ("doveadm", "maildir")])
def test_ev_04_within(quota, way, storage):
    user = quota.server.user(storage)
    user.session.must("CREATE", "Big")
    user.deliver(BIG)
    user.session.append("Big", BIG)
    user.deliver(BIG)
    quota.feed.wait(user, "QuotaExceed")
    if way == "expunge":
        user.session.select()
        user.session.must("STORE", "1", "+FLAGS.SILENT", "(\\Deleted)")
        user.session.must("EXPUNGE")
    elif way == "delete":
        user.session.must("DELETE", "Big")
    else:
        quota.server.doveadm("expunge", "-u", user.name, "mailbox", "INBOX",
                             "uid", "1", check=True)
    event = quota.feed.wait(user, "QuotaWithin")[0]
    assert event["diskUsed"] < event["diskQuota"] == LIMIT
    assert event["messages"] == 2
    assert event["vnd.lemonade.quotaRoot"] == "User quota"
    # under the limit already: no news
    user.session.select()
    user.session.must("STORE", "1", "+FLAGS.SILENT", "(\\Deleted)")
    user.session.must("EXPUNGE")
    quota.feed.settle(user)
    assert [p.event for p in quota.events(user)] == \
        ["QuotaExceed", "QuotaWithin"]


def test_ev_04_still_over(quota):
    """What is expunged does not suffice; a move frees nothing (2.4 refuses
    it when over quota)."""
    user = quota.server.user()
    user.deliver(message())
    for _ in range(3):
        user.deliver(BIG)
    quota.feed.wait(user, "QuotaExceed")
    user.session.select()
    assert user.session.cmd("MOVE", "2", "Trash").ok != is_24()
    user.session.must("STORE", "1", "+FLAGS.SILENT", "(\\Deleted)")
    user.session.must("EXPUNGE")
    quota.feed.wait(user, "MessageExpunge", 1 if is_24() else 2)
    user.session.must("STORE", "1:2", "+FLAGS.SILENT", "(\\Deleted)")
    user.session.must("EXPUNGE")
    quota.feed.wait(user, "QuotaWithin")
    assert [p.event for p in quota.events(user)] == \
        ["QuotaExceed"] * (2 if is_24() else 1) + ["QuotaWithin"]


def change_limit(server, kilobytes):
    server.conf = quota_conf(kilobytes, messages=1000)
    server.write_conf()
    # the notifier is another one, too
    server.log.expect("is lemonade-notify running")
    server.reload()


def test_ev_04_change(make_server, endpoints, run_dir):
    """The admin changes the limit: told with the next mail, once."""
    feed = Feed(endpoints.new("feed"), run_dir)
    server = make_server(quota_conf(messages=1000), **feed.settings())
    user = server.user()
    user.deliver()
    feed.wait(user, "MessageNew")
    change_limit(server, 2 * LIMIT)

    def told():
        """An LMTP process of before takes its last mail."""
        deliver_patiently(server, user, message())
        return feed.events(user, "QuotaChange")
    event = wait.until(told, 10, "QuotaChange", step=0.1)[0]
    assert event["diskQuota"] == 2 * LIMIT
    assert event["maxMessages"] == 1000
    assert event["diskUsed"] < LIMIT and event["messages"] >= 2
    user.deliver()
    feed.settle(user)
    assert [e["diskQuota"] for e in feed.events(user, "QuotaChange")] == \
        [2 * LIMIT]


def test_ev_04_driver_maildir(make_server, endpoints, run_dir):
    """Usage is that of Maildir++'s maildirsize, right after the expunge."""
    feed = Feed(endpoints.new("feed"), run_dir)
    server = make_server(quota_conf(driver="maildir"), **feed.settings())
    user = server.user()
    for _ in range(3):
        user.deliver(BIG)
    assert feed.wait(user, "QuotaExceed")[0]["diskUsed"] > LIMIT
    user.session.select()
    user.session.must("STORE", "1", "+FLAGS.SILENT", "(\\Deleted)")
    user.session.must("EXPUNGE")
    event = feed.wait(user, "QuotaWithin")[0]
    assert event["messages"] == 2 and event["diskUsed"] < LIMIT


def test_ev_04_device_asks_for_it(quota, endpoints):
    """Only who asks is told, in whichever event group."""
    user, endpoint = quota.server.user(), endpoints.new("phone")
    silent = endpoints.new("silent")
    user.register(endpoint, payload=1,
                  events="(mailboxes INBOX (QuotaExceed QuotaWithin))")
    user.register(silent, "silent")
    for _ in range(3):
        user.deliver(BIG, subject="big")
    push = endpoint.wait()[0]
    assert push.event == "QuotaExceed"
    assert push.data["diskQuota"] == LIMIT
    assert "vnd.lemonade.quotaRoot" not in push.data
    wait.until(lambda: user.status("phone")["pending"] == 0, 5)
    user.session.select()
    user.session.must("STORE", "1:2", "+FLAGS.SILENT", "(\\Deleted)")
    user.session.must("EXPUNGE")
    assert endpoint.wait(2)[1].event == "QuotaWithin"
    assert not [p for p in silent.pushes() if p.event.startswith("Quota")]


def test_ev_04_no_quota_plugin(feed, feed_server):
    """Without the plugin there is nothing to tell, and nothing to miss."""
    user = feed_server.user()
    user.deliver(BIG)
    feed.settle(user)
    assert not [n for n in feed.names(user) if n.startswith("Quota")]
