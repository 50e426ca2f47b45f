"""EV rows: what the plugin raises, seen at the admin's feed, and which of it
a device asks for."""

import re
import urllib.parse
from datetime import datetime, timedelta

import pytest

from lemotest import wait
from lemotest.feed import Feed
from lemotest.imap import Imap, Literal
from lemotest.server import is_24
from lemotest.sieve import ManageSieve
from lemotest.users import deliver, message


@pytest.fixture
def joe(feed_server):
    return feed_server.user(name="joe")


@pytest.fixture(params=["maildir", "sdbox"])
def ann(request, feed_server):
    """A user of the feed server, on both storages."""
    return feed_server.user(request.param)


def uri_of(user, uidvalidity, uid):
    name = urllib.parse.quote(user.name, safe="")
    return re.compile(
        rf"imap://{re.escape(name)}(;AUTH=\*)?@lemo\.test/INBOX;"
        rf"UIDVALIDITY={uidvalidity}/;UID={uid}", re.I)


# -- EV-01 MessageNew

def test_ev_01_uri(feed, joe):
    joe.deliver(subject="first")
    event = feed.wait(joe, "MessageNew")[0]
    assert event["uri"] == ("imap://joe@lemo.test/INBOX;UIDVALIDITY="
                            f"{joe.session.uidvalidity()}/;UID=1")


def test_ev_01_uri_of_user_with_domain(feed, ann):
    ann.deliver()
    ann.deliver()
    events = feed.wait(ann, "MessageNew", 2)
    validity = ann.session.uidvalidity()
    for uid, event in enumerate(events, 1):
        assert uri_of(ann, validity, uid).fullmatch(event["uri"])
        assert event["vnd.lemonade.uid"] == uid
        assert event["vnd.lemonade.uidvalidity"] == validity


def test_ev_01_one_event_a_message(feed, ann):
    for n in range(5):
        ann.deliver(subject=f"n{n}")
    events = feed.wait(ann, "MessageNew", 5)
    assert [e["vnd.lemonade.subject"] for e in events] == \
        [f"n{n}" for n in range(5)]
    assert feed.names(ann) == ["MessageNew"] * 5


def test_ev_01_two_recipients_two_events(feed, feed_server):
    users = [feed_server.user(), feed_server.user("sdbox")]
    deliver(feed_server, [u.name for u in users], message())
    for user in users:
        assert len(feed.wait(user, "MessageNew")) == 1


def test_ev_01_lda(feed, ann):
    result = ann.server.lda(ann, message(subject="by lda"))
    assert result.returncode == 0, result
    event = feed.wait(ann, "MessageNew")[0]
    assert event["vnd.lemonade.subject"] == "by lda"
    assert event["service"] in ("lda", "dovecot-lda")


def test_ev_01_sieve_fileinto(feed, ann):
    with ManageSieve(ann.server.ports["sieve"]) as sieve:
        sieve.login(ann.name, ann.password)
        sieve.put("main", 'require ["fileinto", "mailbox"];\r\n'
                  'fileinto :create "Lists";\r\n')
    ann.deliver()
    event = feed.wait(ann, "MessageNew")[0]
    assert event["vnd.lemonade.mailbox"] == "Lists"
    assert "/Lists;UIDVALIDITY=" in event["uri"]


def test_ev_01_mailbox_name_is_utf8(feed, ann):
    name = "Grüße/日本"
    with ManageSieve(ann.server.ports["sieve"]) as sieve:
        sieve.login(ann.name, ann.password)
        sieve.put("main", 'require ["fileinto", "mailbox"];\r\n'
                  f'fileinto :create "{name}";\r\n')
    ann.deliver()
    event = feed.wait(ann, "MessageNew")[0]
    assert event["vnd.lemonade.mailbox"] == name
    path = urllib.parse.urlsplit(event["uri"]).path
    assert urllib.parse.unquote(path).startswith(f"/{name};UIDVALIDITY=")


def test_ev_01_client_chooses_parameters(server, endpoints):
    """payload 0..2 of a device: each level adds, none shows message data;
    a level above the server's policy is cut to it."""
    user, keys = server.user(), {}
    for level in (0, 1, 2, 4):
        endpoint = endpoints.new(f"level{level}")
        user.register(endpoint, f"d{level}", payload=level)
        keys[level] = endpoint
    user.deliver(subject="secret words")
    data = {level: endpoint.wait()[0].data
            for level, endpoint in keys.items()}
    assert not set(data[0]) & {"user", "uri", "messages",
                               "vnd.lemonade.uid"}
    assert data[1]["messages"] == 1
    assert "uri" not in data[1] and "vnd.lemonade.uid" not in data[1]
    assert data[2]["vnd.lemonade.uid"] == 1
    assert set(data[4]) == set(data[2])
    for endpoint in keys.values():
        assert "secret words" not in endpoint.pushes()[0].body


# -- EV-02 MessageAppend

def test_ev_02_append(feed, ann):
    ann.session.append("INBOX", message(subject="stored"))
    event = feed.wait(ann, "MessageAppend")[0]
    assert uri_of(ann, ann.session.uidvalidity(), 1).fullmatch(event["uri"])
    assert event["service"] == "imap"
    assert event["vnd.lemonade.subject"] == "stored"


def test_ev_02_catenate(feed, ann):
    ann.session.append("INBOX", message(subject="whole", body="body"))
    ann.session.must("SELECT", "INBOX")
    validity = ann.session.uidvalidity()
    head = b"Subject: put together\r\n\r\n"
    ann.session.must(
        "APPEND", "Drafts", b"CATENATE (TEXT {%d+}\r\n" % len(head) + head +
        b' URL "/INBOX;UIDVALIDITY=%d/;UID=1/;SECTION=TEXT")' % validity)
    event = feed.wait(ann, "MessageAppend", 2)[1]
    assert event["vnd.lemonade.mailbox"] == "Drafts"
    assert event["vnd.lemonade.subject"] == "put together"
    assert event["messageSize"] == len(head) + len(b"body\r\n")


def test_ev_02_multiappend_copy_and_move(feed, ann):
    imap = ann.session
    one, two = message(subject="one"), message(subject="two")
    imap.must("APPEND", "INBOX", Literal(one),
              b"{%d+}\r\n" % len(two) + two)
    imap.select()
    imap.must("COPY", "1:2", "Sent")
    imap.must("MOVE", "1", "Drafts")
    events = feed.wait(ann, "MessageAppend", 5)
    assert [(e["vnd.lemonade.mailbox"], e["vnd.lemonade.uid"])
            for e in events] == [("INBOX", 1), ("INBOX", 2), ("Sent", 1),
                                 ("Sent", 2), ("Drafts", 1)]
    gone = feed.wait(ann, "MessageExpunge")
    assert [e["uidset"] for e in gone] == ["1"]


def test_ev_02_no_envelope_of_smtp(feed, ann):
    """No SMTP envelope, and the protocol is told."""
    ann.session.append("INBOX", message())
    event = feed.wait(ann, "MessageAppend")[0]
    assert event["service"] == "imap"
    assert not any("envelope" in key.lower() for key in event)


# -- EV-03 MessageExpunge, MessageExpire

def fill(user, count, mailbox="INBOX"):
    for n in range(count):
        user.session.append(mailbox, message(subject=f"m{n}"))


def test_ev_03_expunge_uidset(feed, ann):
    fill(ann, 5)
    imap = ann.session
    imap.select()
    imap.must("STORE", "3:5", "+FLAGS.SILENT", "(\\Deleted)")
    imap.must("EXPUNGE")
    events = feed.wait(ann, "MessageExpunge")
    assert len(events) == 1
    assert events[0]["uidset"] == "3:5"
    assert events[0]["mailboxID"].endswith(
        f"/INBOX;UIDVALIDITY={imap.uidvalidity()}")
    assert events[0]["vnd.lemonade.uidvalidity"] == imap.uidvalidity()


def test_ev_03_expunge_with_holes(feed, ann):
    fill(ann, 6)
    ann.session.select()
    ann.session.must("STORE", "1,3,5:6", "+FLAGS.SILENT", "(\\Deleted)")
    ann.session.must("UID", "EXPUNGE", "1:5")
    assert [e["uidset"] for e in feed.wait(ann, "MessageExpunge")] == \
        ["1,3,5"]


def test_ev_03_expire_by_doveadm(feed, ann):
    fill(ann, 3)
    ann.server.doveadm("expunge", "-u", ann.name, "mailbox", "INBOX", "uid",
                       "1:2", check=True)
    event = feed.wait(ann, "MessageExpire")[0]
    assert event["uidset"] == "1:2"
    assert "MessageExpunge" not in feed.names(ann)


def test_ev_03_expire_by_autoexpunge(feed, ann):
    """Trash of this server keeps 1 message (autoexpunge_max_mails)."""
    fill(ann, 3, "Trash")
    ann.session.cmd("LOGOUT")
    ann.forget_session()
    event = feed.wait(ann, "MessageExpire")[0]
    assert event["vnd.lemonade.mailbox"] == "Trash"
    assert event["uidset"] == "1:2"


def test_ev_03_delete_of_mailbox(feed, ann):
    """The messages of a deleted mailbox are expunged, not expired."""
    ann.session.must("CREATE", "Old")
    fill(ann, 2, "Old")
    ann.session.must("DELETE", "Old")
    event = feed.wait(ann, "MessageExpunge")[0]
    assert event["uidset"] == "1:2"
    assert event["vnd.lemonade.mailbox"] == "Old"


# -- EV-05 MessageRead, MessageTrash

def test_ev_05_seen_is_message_read_only(feed, ann):
    fill(ann, 3)
    ann.session.select()
    ann.session.must("STORE", "1:2", "+FLAGS", "(\\Seen)")
    feed.settle(ann)
    names = [n for n in feed.names(ann)
             if n not in ("MessageAppend", "MessageNew")]
    assert names == ["MessageRead"]
    event = feed.events(ann, "MessageRead")[0]
    assert event["uidset"] == "1:2"
    assert event["mailboxID"].endswith(
        f"/INBOX;UIDVALIDITY={ann.session.uidvalidity()}")


def test_ev_05_fetch_body_is_message_read(feed, ann):
    fill(ann, 1)
    ann.session.select()
    ann.session.must("FETCH", "1", "BODY[TEXT]")
    assert feed.wait(ann, "MessageRead")[0]["uidset"] == "1"


def test_ev_05_deleted_is_message_trash_only(feed, ann):
    fill(ann, 2)
    ann.session.select()
    ann.session.must("STORE", "2", "+FLAGS", "(\\Deleted)")
    feed.settle(ann)
    names = [n for n in feed.names(ann)
             if n not in ("MessageAppend", "MessageNew")]
    assert names == ["MessageTrash"]
    assert feed.events(ann, "MessageTrash")[0]["uidset"] == "2"


def test_ev_05_clearing_is_flags_clear(feed, ann):
    fill(ann, 1)
    ann.session.select()
    ann.session.must("STORE", "1", "+FLAGS", "(\\Seen)")
    ann.session.must("STORE", "1", "-FLAGS", "(\\Seen)")
    event = feed.wait(ann, "FlagsClear")[0]
    assert event["flagNames"] == "\\Seen"


def test_ev_05_no_change_no_event(feed, ann):
    fill(ann, 1)
    ann.session.select()
    ann.session.must("STORE", "1", "+FLAGS", "(\\Seen)")
    ann.session.must("STORE", "1", "+FLAGS", "(\\Seen)")
    ann.session.must("STORE", "1", "-FLAGS", "(\\Flagged)")
    feed.settle(ann)
    assert [n for n in feed.names(ann)
            if n not in ("MessageAppend", "MessageNew")] == ["MessageRead"]


def test_ev_05_setting_gives_flags_set(make_server, endpoints, run_dir):
    feed = Feed(endpoints.new("feed"), run_dir)
    server = make_server(lemonade_simple_flag_events="no",
                         **feed.settings())
    user = server.user()
    fill(user, 2)
    user.session.select()
    user.session.must("STORE", "1", "+FLAGS", "(\\Seen)")
    user.session.must("STORE", "2", "+FLAGS", "(\\Deleted)")
    events = feed.wait(user, "FlagsSet", 2)
    assert [(e["uidset"], e["flagNames"]) for e in events] == \
        [("1", "\\Seen"), ("2", "\\Deleted")]
    assert not {"MessageRead", "MessageTrash"} & set(feed.names(user))


# -- EV-06 FlagsSet, FlagsClear

def test_ev_06_flags_set(feed, ann):
    fill(ann, 3)
    ann.session.select()
    ann.session.must("STORE", "1:3", "+FLAGS", "($Forwarded \\Flagged)")
    events = feed.wait(ann, "FlagsSet")
    feed.settle(ann)
    events = feed.events(ann, "FlagsSet")
    assert {e["uidset"] for e in events} == {"1:3"}
    names = [n for e in events for n in e["flagNames"].split()]
    assert sorted(names) == ["$Forwarded", "\\Flagged"]


def test_ev_06_flags_clear(feed, ann):
    fill(ann, 2)
    ann.session.select()
    ann.session.must("STORE", "1:2", "+FLAGS", "($Forwarded \\Flagged)")
    ann.session.must("STORE", "2", "-FLAGS", "($Forwarded \\Flagged)")
    feed.settle(ann)
    events = feed.events(ann, "FlagsClear")
    assert {e["uidset"] for e in events} == {"2"}
    names = [n for e in events for n in e["flagNames"].split()]
    assert sorted(names) == ["$Forwarded", "\\Flagged"]


def test_ev_06_replace_tells_both(feed, ann):
    fill(ann, 1)
    ann.session.select()
    ann.session.must("STORE", "1", "FLAGS", "(\\Flagged)")
    ann.session.must("STORE", "1", "FLAGS", "(\\Answered)")
    feed.settle(ann)
    assert [e["flagNames"] for e in feed.events(ann, "FlagsSet")] == \
        ["\\Flagged", "\\Answered"]
    assert [e["flagNames"] for e in feed.events(ann, "FlagsClear")] == \
        ["\\Flagged"]


def test_ev_06_never_recent(feed, feed_server, ann):
    ann.deliver()
    fill(ann, 1)
    ann.session.select()
    ann.session.must("STORE", "1:2", "FLAGS", "(\\Flagged)")
    ann.session.must("STORE", "1:2", "FLAGS", "()")
    feed.settle(ann)
    for push in feed.pushes(ann):
        assert "Recent" not in push.body


def test_ev_06_many_messages_one_event(feed, ann):
    for _ in range(50):
        ann.session.append("INBOX", b"Subject: x\r\n\r\nx\r\n")
    ann.session.select()
    ann.session.must("STORE", "1:50", "+FLAGS.SILENT", "(\\Flagged)")
    feed.settle(ann)
    events = feed.events(ann, "FlagsSet")
    assert [e["uidset"] for e in events] == ["1:50"]


# -- EV-10, EV-11, EV-12: parameters

def provoke_everything(user):
    """One of each event of this issue, by an access protocol."""
    imap = user.imap()
    for n in range(3):
        imap.append("INBOX", message(subject=f"p{n}"))
    imap.select()
    imap.must("STORE", "1", "+FLAGS", "(\\Seen)")
    imap.must("STORE", "1", "+FLAGS", "(\\Flagged)")
    imap.must("STORE", "1", "-FLAGS", "(\\Flagged)")
    imap.must("STORE", "2", "+FLAGS", "(\\Deleted)")
    imap.must("EXPUNGE")
    return imap


EVERYTHING = {"MessageAppend", "MessageRead", "FlagsSet", "FlagsClear",
              "MessageTrash", "MessageExpunge"}


def test_ev_10_uri_user_and_client_in_all(feed, ann):
    imap = provoke_everything(ann)
    host, port = imap.sock.getsockname()
    feed.wait(ann, "MessageExpunge")
    seen = set()
    for push in feed.pushes(ann):
        seen.add(push.event)
        event = push.data
        assert event["uri"].startswith("imap://")
        assert event["user"] == ann.name
        assert event["clientIP"] == host
        assert event["clientPort"] == port
        assert "admin" not in event
    assert seen >= EVERYTHING


def test_ev_10_admin_when_another_acts(feed, ann):
    ann.server.doveadm("acl", "set", "-u", ann.name, "INBOX", "user=master",
                       "lookup", "read", "insert", check=True)
    imap = Imap(ann.server.ports["imap"])
    ann.server.sessions.append(imap)
    assert imap.login(f"{ann.name}*master", ann.password).ok
    imap.append("INBOX", message())
    event = feed.wait(ann, "MessageAppend")[0]
    assert event["user"] == ann.name
    assert event["admin"] == "master"


def test_ev_10_delivery_has_uri_and_user(feed, ann):
    ann.deliver()
    event = feed.wait(ann, "MessageNew")[0]
    assert event["uri"] and event["user"] == ann.name
    assert "admin" not in event


def test_ev_11_timestamp(feed, ann):
    """RFC 3339, local time with its offset, and it is now."""
    provoke_everything(ann)
    feed.wait(ann, "MessageExpunge")
    for event in feed.events(ann):
        stamp = event["timestamp"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?"
                            r"([+-]\d\d:\d\d|Z)", stamp)
        when = datetime.fromisoformat(stamp.replace("Z", "+00:00"))
        now = datetime.now().astimezone()
        assert abs(now - when) < timedelta(minutes=1)
        assert when.utcoffset() == now.utcoffset()


def test_ev_11_timestamp_is_local(make_server, endpoints, run_dir):
    """On a server 5:45 east of Greenwich."""
    feed = Feed(endpoints.new("feed"), run_dir)
    server = make_server("import_environment = TZ=XXX-5:45 LANG=C\n"
                         if not is_24() else
                         "import_environment {\n  TZ = XXX-5:45\n}\n",
                         **feed.settings())
    user = server.user()
    user.deliver()
    stamp = feed.wait(user, "MessageNew")[0]["timestamp"]
    assert stamp.endswith("+05:45")
    now = datetime.now().astimezone()
    assert abs(now - datetime.fromisoformat(stamp)) < timedelta(minutes=1)


def test_ev_12_message_size(feed, ann):
    """As in FETCH BODY[], also for a mail delivered with bare LF."""
    ann.deliver(message(body="line\r\n" * 100))
    ann.session.append("INBOX", message(body="x" * 5000))
    ann.session.append("INBOX", message(body="y").replace(b"\r\n", b"\n"))
    new = feed.wait(ann, "MessageNew")
    appended = feed.wait(ann, "MessageAppend", 2)
    ann.session.select()
    for uid, event in enumerate(new + appended, 1):
        found = ann.session.must("UID", "FETCH", str(uid), "BODY.PEEK[]") \
            .find(rb"BODY\[\] \{(\d+)\}")
        assert event["messageSize"] == int(found.group(1))


def test_ev_12_modseq_of_one_message(feed, ann):
    ann.session.must("ENABLE", "CONDSTORE")
    ann.deliver()
    event = feed.wait(ann, "MessageNew")[0]
    ann.session.select()
    found = ann.session.must("UID", "FETCH", "1", "(MODSEQ)") \
        .find(rb"MODSEQ \((\d+)\)")
    assert event["modseq"] == int(found.group(1))


def test_ev_12_no_modseq_of_many(feed, ann):
    ann.session.must("ENABLE", "CONDSTORE")
    fill(ann, 3)
    ann.session.select()
    ann.session.must("STORE", "1:3", "+FLAGS", "(\\Flagged)")
    ann.session.must("STORE", "1:2", "+FLAGS", "(\\Deleted)")
    ann.session.must("EXPUNGE")
    for name in ("FlagsSet", "MessageTrash", "MessageExpunge"):
        assert "modseq" not in feed.wait(ann, name)[0]


# -- EV-13: events and large parameters are switchable

def test_ev_13_groups_of_events(make_server, endpoints, run_dir):
    feed = Feed(endpoints.new("feed"), run_dir)
    server = make_server(lemonade_events="MessageNew MessageExpunge",
                         **feed.settings())
    user = server.user()
    provoke_everything(user)
    feed.settle(user)
    assert set(feed.names(user)) == {"MessageNew", "MessageExpunge"}


def test_ev_13_feed_chooses_events(make_server, endpoints, run_dir):
    feed = Feed(endpoints.new("feed"), run_dir)
    server = make_server(**feed.settings("MessageNew MessageTrash"))
    user = server.user()
    provoke_everything(user)
    feed.settle(user)
    assert feed.names(user) == ["MessageTrash", "MessageNew"]


@pytest.mark.parametrize("level", [1, 2, 3])
def test_ev_13_large_parameters(make_server, endpoints, run_dir, level):
    feed = Feed(endpoints.new("feed"), run_dir)
    server = make_server(**feed.settings(payload=level))
    user = server.user()
    user.deliver(subject="a subject", body="the first words")
    event = feed.wait(user, "MessageNew")[0]
    body = feed.pushes(user)[0].body
    assert ("vnd.lemonade.uid" in event) == (level >= 2)
    assert ("a subject" in body) == (level >= 3)
    assert "the first words" not in body


def test_ev_13_snippet_at_level_4(feed, ann):
    ann.deliver(subject="a subject", body="the first words " + "x" * 5000)
    event = feed.wait(ann, "MessageNew")[0]
    assert event["vnd.lemonade.subject"] == "a subject"
    assert event["vnd.lemonade.snippet"].startswith("the first words")
    assert len(feed.pushes(ann)[0].body) < 4096


# -- EV-14: the client's own event set

def test_ev_14_client_changes_events(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, events="(inboxes (MessageAppend))", payload=2)
    user.deliver()
    user.session.append("INBOX", message())
    assert endpoint.wait()[0].event == "MessageAppend"

    user.change_device("phone", events="(inboxes (MessageNew))")
    user.session.append("INBOX", message())
    user.deliver()
    pushes = endpoint.wait(2)
    assert [p.event for p in pushes] == ["MessageAppend", "MessageNew"]
    assert pushes[1].data["vnd.lemonade.uid"] == 4


def test_ev_14_mailbox_groups(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    for name in ("Lists", "Lists/IETF", "Other"):
        user.session.must("CREATE", name)
    user.register(endpoint, payload=2, events='(subtree Lists '
                  '(MessageAppend)) (mailboxes (Other Drafts) NONE)')
    for name in ("Other", "INBOX", "Drafts", "Lists/IETF"):
        user.session.append(name, message())
    user.session.append("Lists", message())
    pushes = endpoint.wait(1)
    wait.until(lambda: endpoint.pushes()[-1].data["vnd.lemonade.mailbox"] ==
               "Lists", 5, "push for Lists")
    assert {p.data["vnd.lemonade.mailbox"] for p in endpoint.pushes()} <= \
        {"Lists", "Lists/IETF"}
    assert pushes


def test_ev_14_one_ring_a_delivery(server, endpoints):
    """fileinto :copy and keep: two messages of one delivery ring once."""
    user, endpoint = server.user(), endpoints.new()
    with ManageSieve(server.ports["sieve"]) as sieve:
        sieve.login(user.name, user.password)
        sieve.put("main", 'require ["fileinto", "copy", "mailbox"];\r\n'
                  'fileinto :copy :create "Lists";\r\nkeep;\r\n')
    user.register(endpoint, payload=2)
    for n in range(3):
        user.deliver(subject=f"n{n}")
        endpoint.wait(n + 1)
        wait.until(lambda: user.status("phone")["pending"] == 0, 5)
        assert len(endpoint.pushes()) == n + 1
    for name in ("INBOX", "Lists"):
        assert user.session.must("STATUS", name, "(MESSAGES)") \
            .find(rb"MESSAGES 3")


def test_ev_14_subscribed(server, endpoints):
    """Event group "subscribed": by the subscriptions of the moment."""
    user, endpoint = server.user(), endpoints.new()
    for name in ("Known", "Strange"):
        user.session.must("CREATE", name)
    user.session.must("SUBSCRIBE", "Known")
    user.register(endpoint, payload=2,
                  events="(subscribed (MessageAppend))")

    def rung():
        return [p.data["vnd.lemonade.mailbox"] for p in endpoint.pushes()]
    user.session.append("Strange", message())
    user.session.append("Known", message())
    endpoint.wait(1)
    assert rung() == ["Known"]
    user.session.must("SUBSCRIBE", "Strange")
    user.session.must("UNSUBSCRIBE", "Known")
    user.session.append("Known", message())
    user.session.append("Strange", message())
    endpoint.wait(2)
    assert rung() == ["Known", "Strange"]
    user.session.must("SUBSCRIBE", "INBOX")
    user.deliver()          # lmtp has not read the list before
    wait.until(lambda: user.status("phone")["pending"] == 0, 5)
    assert rung() == ["Known", "Strange"]


def test_ev_14_flag_change_withdraws(server, endpoints):
    """Read on the desktop: the phone, which had rung for it, is told; what
    never rang is not mentioned."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, payload=2,
                  events="(personal (MessageNew MessageRead "
                  "MessageExpunge))", filter="SUBJECT ring")
    user.deliver(subject="quiet")
    user.deliver(subject="ring")
    endpoint.wait(1)
    imap = user.session
    imap.select()
    imap.must("STORE", "1", "+FLAGS", "(\\Seen)")
    imap.must("STORE", "2", "+FLAGS", "(\\Seen)")
    endpoint.wait(2)
    imap.must("STORE", "1", "+FLAGS.SILENT", "(\\Deleted)")
    imap.must("EXPUNGE")
    imap.must("STORE", "1", "+FLAGS.SILENT", "(\\Deleted)")
    imap.must("EXPUNGE")
    pushes = endpoint.wait(3)
    assert [(p.event, p.data.get("uidset") or p.data.get("vnd.lemonade.uid"))
            for p in pushes] == [("MessageNew", 2), ("MessageRead", "2"),
                                 ("MessageExpunge", "2")]


# -- EV-15: order and loss

def test_ev_15_feed_is_ordered_and_whole(make_server, endpoints, run_dir):
    """The endpoint fails now and then: same order, nothing lost."""
    feed = Feed(endpoints.new("feed"), run_dir)
    server = make_server(**feed.settings())
    user = server.user()
    for n in range(20):
        if n in (3, 10):
            feed.endpoint.tell("status=503,retry-after=1")
        user.deliver(subject=f"{n}")
        if n in (5, 12):
            feed.endpoint.tell("")
    # what was answered by 503 came, and came again
    events = wait.until(
        lambda: len(found := [p for p in feed.pushes(user)]) >= 20 and found,
        20, "20 events")
    assert [p.data["vnd.lemonade.subject"] for p in events] == \
        [str(n) for n in range(20)]
    server.log.expect("503")


def test_ev_15_feeds_by_domain(make_server, endpoints, run_dir):
    one, other = endpoints.new("feed"), endpoints.new("other")
    feed = Feed(one, run_dir)
    feed.write({"other.test": other.url, "*": one.url})
    server = make_server(**feed.settings())
    here, there = server.user(), server.user(domain="other.test")
    here.deliver()
    there.deliver()
    assert [p.data["user"] for p in one.wait()] == [here.name]
    assert [p.data["user"] for p in other.wait()] == [there.name]


class Phone:
    """A client that believes only the store: pushes say when to look."""

    def __init__(self, user):
        self.user = user
        self.validity, self.modseq, self.uids = None, 0, set()
        self.syncs = 0

    def push(self, data):
        if data.get("vnd.lemonade.uidvalidity") == self.validity and \
                data.get("modseq", 2 ** 64) <= self.modseq:
            return False    # old news
        self.sync()
        return True

    def sync(self):
        self.syncs += 1
        with self.user.imap() as imap:
            imap.must("ENABLE", "QRESYNC")
            args = "INBOX" if self.validity is None else \
                f"INBOX (QRESYNC ({self.validity} {self.modseq}))"
            answer = imap.must("SELECT", args)
            validity = int(answer.find(rb"UIDVALIDITY (\d+)").group(1))
            if validity != self.validity:
                self.validity, self.uids = validity, set()
                if not answer.find(rb"\* 0 EXISTS"):
                    answer.untagged += imap.must("FETCH", "1:*",
                                                 "(UID FLAGS)").untagged
            for line in answer.untagged:
                if found := re.search(rb"FETCH .*UID (\d+)", line):
                    self.uids.add(int(found.group(1)))
                if found := re.search(rb"VANISHED \(EARLIER\) (\S+)", line):
                    for part in found.group(1).decode().split(","):
                        first, _, last = part.partition(":")
                        self.uids -= set(range(int(first),
                                               int(last or first) + 1))
            found = answer.find(rb"HIGHESTMODSEQ (\d+)")
            self.modseq = max(self.modseq, int(found.group(1)))


def two_pushes(user, endpoint):
    user.register(endpoint, payload=2)
    user.deliver()
    endpoint.wait(1)
    user.deliver()
    return [p.data for p in endpoint.wait(2)]


def test_ev_15_reversed_pushes_same_state(server, endpoints):
    user, endpoint = server.user("sdbox"), endpoints.new()
    phone = Phone(user)
    phone.sync()
    pushes = two_pushes(user, endpoint)
    for data in reversed(pushes):
        phone.push(data)
    assert phone.uids == {1, 2}
    assert phone.syncs == 2     # the older push said nothing new


def test_ob_05_lost_pushes(server, endpoints):
    """All pushes dropped: the next connect has everything."""
    user, endpoint = server.user(), endpoints.new()
    phone = Phone(user)
    phone.sync()
    pushes = two_pushes(user, endpoint)
    assert len(pushes) == 2
    user.session.select()
    user.session.must("STORE", "1", "+FLAGS.SILENT", "(\\Deleted)")
    user.session.must("EXPUNGE")
    phone.sync()
    assert phone.uids == {2}


def test_ob_05_reversed_and_doubled(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    phone = Phone(user)
    phone.sync()
    pushes = two_pushes(user, endpoint)
    for data in [pushes[1], pushes[0], pushes[1], pushes[0]]:
        phone.push(data)
    assert phone.uids == {1, 2}
    assert phone.syncs == 2


def test_pl_02_replayed_push_is_recognised(server, endpoints):
    user, endpoint = server.user("sdbox"), endpoints.new()
    pushes = two_pushes(user, endpoint)
    phone = Phone(user)
    phone.sync()
    for data in pushes * 2:
        assert not phone.push(data)
    assert phone.syncs == 1


def test_ob_01_push_leads_to_the_message(server, endpoints):
    """Event, push, resynchronisation: the three meet at one message."""
    user, endpoint = server.user(), endpoints.new()
    phone = Phone(user)
    phone.sync()
    user.register(endpoint, payload=2)
    user.deliver(subject="the one")
    data = endpoint.wait()[0].data
    assert phone.push(data)
    assert data["vnd.lemonade.uid"] in phone.uids
    assert data["vnd.lemonade.uidvalidity"] == phone.validity
    assert data["modseq"] <= phone.modseq
    with user.imap() as imap:
        imap.select()
        assert imap.must("UID", "FETCH", str(data["vnd.lemonade.uid"]),
                         "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])") \
            .find(rb"the one")
