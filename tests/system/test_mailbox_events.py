"""EV-08, EV-09 and NF-03: mailboxes that come, go and change, told by real
IMAP commands, at the admin's feed and on a phone."""

import os
import re
import urllib.parse

import pytest

from lemotest import wait
from lemotest.imap import quote
from lemotest.users import message


@pytest.fixture(params=["maildir", "sdbox"])
def ann(request, feed_server):
    return feed_server.user(request.param)


def url(user, mailbox, uidvalidity):
    name = urllib.parse.quote(user.name, safe="")
    path = urllib.parse.quote(mailbox)
    return f"imap://{name}@lemo.test/{path};UIDVALIDITY={uidvalidity}"


def mailbox_events(feed, user):
    """What was raised but for messages, in order."""
    feed.settle(user)
    return [push for push in feed.pushes(user)
            if push.event.startswith("Mailbox")]


# -- EV-08

def test_ev_08_create(feed, ann):
    ann.session.must("CREATE", "Work")
    event = feed.wait(ann, "MailboxCreate")[0]
    validity = ann.session.uidvalidity("Work")
    assert event["vnd.lemonade.mailbox"] == "Work"
    assert event["vnd.lemonade.uidvalidity"] == validity
    assert event["mailboxID"] == event["uri"] == url(ann, "Work", validity)
    assert event["service"] == "imap" and event["clientIP"] == "127.0.0.1"
    assert re.fullmatch("[0-9a-f]{32}", event["vnd.lemonade.mailboxGuid"])


def test_ev_08_create_implies_parents(feed, ann):
    ann.session.must("CREATE", "a/b/c")
    events = mailbox_events(feed, ann)
    assert [(e.event, e.data["vnd.lemonade.mailbox"]) for e in events] == \
        [("MailboxCreate", "a/b/c")]


def test_ev_08_create_is_refused(feed, ann):
    ann.session.must("CREATE", "Work")
    assert not ann.session.cmd("CREATE", "Work").ok
    assert not ann.session.cmd("CREATE", "INBOX").ok
    assert [e.event for e in mailbox_events(feed, ann)] == ["MailboxCreate"]


def test_ev_08_delete(feed, ann):
    ann.session.must("CREATE", "Old")
    validity = ann.session.uidvalidity("Old")
    ann.session.append("Old", message())
    ann.session.must("DELETE", "Old")
    event = feed.wait(ann, "MailboxDelete")[0]
    assert event["mailboxID"] == url(ann, "Old", validity)
    assert event["vnd.lemonade.mailboxGuid"] == \
        feed.events(ann, "MailboxCreate")[0]["vnd.lemonade.mailboxGuid"]
    # its messages first: that takes back their alerts
    assert feed.names(ann) == ["MailboxCreate", "MessageAppend",
                               "MessageExpunge", "MailboxDelete"]


def test_ev_08_delete_leaves_children(feed, ann):
    ann.session.must("CREATE", "a")
    ann.session.must("CREATE", "a/b")
    ann.session.must("DELETE", "a")
    assert not ann.session.cmd("DELETE", "nothing").ok
    events = mailbox_events(feed, ann)
    assert [(e.event, e.data["vnd.lemonade.mailbox"]) for e in events] == \
        [("MailboxCreate", "a"), ("MailboxCreate", "a/b"),
         ("MailboxDelete", "a")]


def test_ev_08_rename_implies_children(feed, ann):
    ann.session.must("CREATE", "Here")
    ann.session.must("CREATE", "Here/Child")
    validity = ann.session.uidvalidity("Here")
    ann.session.must("RENAME", "Here", quote("New/There"))
    assert not ann.session.cmd("RENAME", "nothing", "x").ok
    events = [e for e in mailbox_events(feed, ann)
              if e.event != "MailboxCreate"]
    assert [e.event for e in events] == ["MailboxRename"]
    event = events[0].data
    assert event["vnd.lemonade.mailbox"] == "New/There"
    assert event["vnd.lemonade.oldMailbox"] == "Here"
    assert event["mailboxID"] == url(ann, "New/There", validity)
    assert event["oldMailboxID"] == url(ann, "Here", validity)
    assert ann.session.uidvalidity("New/There") == validity


def test_ev_08_rename_of_inbox(feed, ann):
    """If the host does it at all: INBOX and its children stay, and the new
    INBOX raises no MailboxCreate."""
    ann.session.append("INBOX", message())
    response = ann.session.cmd("RENAME", "INBOX", "Saved")
    events = [e.event for e in mailbox_events(feed, ann)]
    assert events == (["MailboxRename"] if response.ok else [])
    assert ann.session.must("STATUS", "INBOX", "(MESSAGES)")


def test_ev_08_subscribe(feed, ann):
    ann.session.must("CREATE", "News")
    ann.session.must("SUBSCRIBE", "News")
    ann.session.must("UNSUBSCRIBE", "News")
    validity = ann.session.uidvalidity("News")
    for name in ("MailboxSubscribe", "MailboxUnSubscribe"):
        event = feed.wait(ann, name)[0]
        assert event["user"] == ann.name
        assert event["mailboxID"] == url(ann, "News", validity)


def test_ev_08_name_is_utf8(feed, ann):
    ann.session.must("CREATE", quote("Gr&APwA3w-e"))
    event = feed.wait(ann, "MailboxCreate")[0]
    assert event["vnd.lemonade.mailbox"] == "Grüße"
    assert event["mailboxID"].endswith(
        f"/Gr%C3%BC%C3%9Fe;UIDVALIDITY={ann.session.uidvalidity('Gr&APwA3w-e')}")


def test_ev_08_made_by_the_server_itself(feed, ann):
    """INBOX and mailboxes with auto = create were in LIST before."""
    ann.deliver()
    ann.session.append("Sent", message())
    assert mailbox_events(feed, ann) == []


def test_ev_08_subscribe_makes_nothing(feed, ann):
    """A mailbox with auto = create that is not there yet is told of, and is
    not made by that."""
    ann.session.must("SUBSCRIBE", "Sent")
    event = feed.wait(ann, "MailboxSubscribe")[0]
    assert event["vnd.lemonade.mailbox"] == "Sent"
    assert "vnd.lemonade.uidvalidity" not in event
    path = {"maildir": "Maildir/.Sent", "sdbox": "sdbox/mailboxes/Sent"}
    assert not os.path.exists(f"{ann.home}/{path[ann.storage]}")
    ann.session.append("Sent", message())
    assert os.path.exists(f"{ann.home}/{path[ann.storage]}")


def test_ev_08_doveadm_is_admincli(feed, ann):
    ann.server.doveadm("mailbox", "create", "-u", ann.name, "Made", check=True)
    event = feed.wait(ann, "MailboxCreate")[0]
    assert event["service"] == "admincli"
    assert event["vnd.lemonade.mailbox"] == "Made"


# -- EV-09: for the acting user (DESIGN 3.4)

def test_ev_09_own_access_is_lost_and_granted(feed, ann):
    """Lost access is MailboxDelete, granted access MailboxCreate; rights
    that do not touch it raise nothing."""
    imap, me = ann.session, quote(ann.name)
    imap.must("CREATE", "Box")
    imap.must("SETACL", "Box", me, "lrwstipekxa")
    imap.must("SETACL", "Box", me, "-w")
    imap.must("SETACL", "Box", me, "-lr")
    lost = feed.wait(ann, "MailboxDelete")[0]
    assert lost["vnd.lemonade.mailbox"] == "Box"
    ann.server.doveadm("acl", "set", "-u", ann.name, "Box",
                       f"user={ann.name}", "lookup", "read", "admin",
                       check=True)
    granted = feed.wait(ann, "MailboxCreate", 2)[1]
    assert granted["vnd.lemonade.mailbox"] == "Box"
    assert granted["service"] == "admincli"
    # a session of its own: the acl plugin keeps what it has read
    assert granted["vnd.lemonade.uidvalidity"] == \
        ann.imap().uidvalidity("Box")
    assert [e.event for e in mailbox_events(feed, ann)] == \
        ["MailboxCreate", "MailboxDelete", "MailboxCreate"]


def test_ev_09_rights_of_others_raise_nothing(feed, feed_server, ann):
    other = feed_server.user(ann.storage)
    ann.session.must("CREATE", "Box")
    ann.session.must("SETACL", "Box", quote(other.name), "lr")
    ann.session.must("DELETEACL", "Box", quote(other.name))
    assert [e.event for e in mailbox_events(feed, ann)] == ["MailboxCreate"]
    assert mailbox_events(feed, other) == []


def test_ev_09_shared_mailbox_given_up(feed, feed_server):
    """Who administers another's mailbox takes away his own rights."""
    owner = feed_server.user()
    guest = feed_server.user()
    owner.session.must("CREATE", "Team")
    owner.session.must("SETACL", "Team", quote(guest.name), "lra")
    name = quote(f"shared/{owner.name}/Team")
    guest.session.must("DELETEACL", name, quote(guest.name))
    event = feed.wait(guest, "MailboxDelete")[0]
    assert event["vnd.lemonade.mailbox"] == f"shared/{owner.name}/Team"


def test_ev_08_create_in_a_shared_mailbox(feed, feed_server):
    """The new mailbox inherits its parent's rights: that is no second event."""
    owner = feed_server.user()
    guest = feed_server.user()
    owner.session.must("CREATE", "Team")
    owner.session.must("SETACL", "Team", quote(guest.name), "lrk")
    guest.session.must("CREATE", quote(f"shared/{owner.name}/Team/plan"))
    feed.wait(guest, "MailboxCreate")
    assert [e.event for e in mailbox_events(feed, guest)] == ["MailboxCreate"]


# -- NF-03

def rings(user, endpoint, count):
    """So many pushes came and none is under way: what follows an open one is
    merged with it."""
    endpoint.wait(count)
    wait.until(lambda: user.status("phone")["pending"] == 0, 5,
               "nothing is pending")
    return [push.event for push in endpoint.pushes()]


def test_nf_03_mailbox_create_rings_the_phone(server, endpoints):
    """The rule "MailboxCreate": CREATE by another client gives a push."""
    user, endpoint = server.user(), endpoints.new("phone")
    user.register(endpoint, events="(personal (MailboxCreate))", payload=2)
    laptop = user.imap()
    laptop.must("CREATE", "Plans")
    push = endpoint.wait()[0]
    assert push.event == "MailboxCreate"
    assert push.data["vnd.lemonade.mailbox"] == "Plans"
    user.deliver()
    laptop.must("DELETE", "Plans")
    laptop.must("CREATE", "Plans")
    assert [p.event for p in endpoint.wait(2)] == ["MailboxCreate"] * 2


def test_nf_03_names_of_notify(server, endpoints):
    """MailboxName and SubscriptionChange of RFC 5465; one of the two names
    of a rename is enough; other mailboxes are silent."""
    user, endpoint = server.user(), endpoints.new("phone")
    user.session.must("CREATE", "Lists")
    user.register(endpoint, payload=2,
                  events="(subtree Lists (MailboxName SubscriptionChange))")
    told = []
    for command in (("CREATE", "Other"), ("CREATE", "Lists/One"),
                    ("SUBSCRIBE", "Other"), ("SUBSCRIBE", "Lists/One"),
                    ("RENAME", "Lists/One", "Gone"), ("DELETE", "Gone"),
                    ("RENAME", "Other", "Lists/Two"),
                    ("DELETE", "Lists/Two")):
        user.session.must(*command)
        if "Lists" in command[1] or "Lists" in command[-1]:
            told = rings(user, endpoint, len(told) + 1)
    assert told == \
        ["MailboxCreate", "MailboxSubscribe", "MailboxRename",
         "MailboxRename", "MailboxDelete"]


def test_nf_03_flags_and_appends_ring(server, endpoints):
    user, endpoint = server.user(), endpoints.new("phone")
    user.register(endpoint, events="(personal (MessageNew MessageAppend "
                  "MessageExpunge FlagChange))", filter="ALL", payload=2)
    user.session.append("INBOX", message())
    user.session.select()
    told = rings(user, endpoint, 1)
    for command in (("STORE", "1", "+FLAGS", "(\\Flagged)"),
                    ("STORE", "1", "+FLAGS", "(\\Deleted)"), ("EXPUNGE",)):
        user.session.must(*command)
        told = rings(user, endpoint, len(told) + 1)
    assert told == ["MessageAppend", "FlagsSet", "MessageTrash",
                    "MessageExpunge"]


def test_nf_03_default_device_is_silent(server, endpoints):
    user, endpoint = server.user(), endpoints.new("phone")
    user.register(endpoint)
    user.session.must("CREATE", "Plans")
    user.session.must("DELETE", "Plans")
    user.deliver()
    assert [p.event for p in endpoint.wait()] == ["MessageNew"]
