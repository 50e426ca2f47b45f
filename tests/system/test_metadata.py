"""ME-01 to ME-06, IB-12, SE-10, OB-14, OB-15: METADATA (RFC 5464), its
changes in NOTIFY and after ENABLE METADATA."""

import json

import pytest

from lemotest.imap import parse_metadata, quote
from lemotest.listen import PAUSE, Listener
from lemotest.users import PUSH, VENDOR
from test_presence import HIBERNATE

BOTH = "(personal (MailboxMetadataChange ServerMetadataChange))"
COMMENT = "/private/comment"
MINE = "/private/vendor/vendor.lemon/colour"


@pytest.fixture
def user(server):
    return server.user()


@pytest.fixture
def other(user):
    return user.session


@pytest.fixture
def ears(user, other):
    other.must("CREATE Work")
    return Listener(user.imap())


def told(*entries, mailbox=rb'""'):
    return rb"^\* METADATA %s %s$" % (
        mailbox, " ".join(entries).encode())


INBOX = rb'"?INBOX"?'


# -- GETMETADATA and SETMETADATA

def test_me_01_maxsize(user, other):
    assert other.setmetadata(MINE, "x" * 50).ok
    assert other.setmetadata(COMMENT, "short").ok
    answer = other.must("GETMETADATA", "(MAXSIZE 20)", '""',
                        f"({MINE} {COMMENT})")
    assert parse_metadata(answer).get(COMMENT) == "short"
    assert MINE not in parse_metadata(answer)
    assert answer.text.startswith("[METADATA LONGENTRIES 50]")
    assert other.getmetadata(MINE, options="(MAXSIZE 50)") == "x" * 50


def test_me_01_depth(other):
    """On a mailbox: 0 the entry, 1 what is right below, infinity all."""
    names = ["/private/vendor/vendor.lemon/a", "/private/vendor/vendor.lemon/"
             "a/b", "/private/vendor/vendor.lemon/a/b/c"]
    for name in names:
        assert other.setmetadata(name, "x", mailbox="INBOX").ok
    for depth, count in (("0", 1), ("1", 2), ("infinity", 3)):
        found = other.getmetadata_all(names[0], "INBOX", depth)
        assert sorted(k for k, v in found.items() if v) == names[:count]


def test_me_02_all_or_nothing(other):
    """One entry that is refused: the others stay as they were."""
    assert other.setmetadata(COMMENT, "old").ok
    answer = other.cmd("SETMETADATA", '""', f'({COMMENT} "new" '
                       f'{PUSH}/phone "no subscription")')
    assert answer.status == "NO"
    assert other.getmetadata(COMMENT) == "old"


def test_me_02_codes(other):
    """MAXSIZE and TOOMANY, where there is a limit: of devices."""
    answer = other.setmetadata(f"{PUSH}/phone", "x" * 5000)
    assert answer.text.startswith("[METADATA MAXSIZE 4096]"), answer
    sub = {"channel": "log"}
    for n in range(10):
        assert other.setmetadata(f"{PUSH}/d{n}", json.dumps(sub)).ok
    answer = other.setmetadata(f"{PUSH}/one-more", json.dumps(sub))
    assert answer.text.startswith("[METADATA TOOMANY]"), answer


def test_me_02_sizes_that_must_be_possible(other):
    """1024 octets, 10 entries, octets that are no text."""
    names = [f"/private/vendor/vendor.lemon/n{n}" for n in range(10)]
    for name in names:
        assert other.setmetadata(name, "x" * 1024).ok
    assert all(other.getmetadata(name) == "x" * 1024 for name in names)
    answer = other.cmd("SETMETADATA", '""', b"(" + MINE.encode() +
                       b" ~{4+}\r\n\x01\xff\r\n)")
    assert answer.ok, answer
    answer = other.must("GETMETADATA", '""', f"({MINE})")
    assert answer.find(rb"\{4\}\r\n\x01\xff\r\n")


@pytest.mark.parametrize("name", [
    "/private", "/nobody/x", "comment", "/private//x", "/private/x/",
    "/private/x*", "/private/x%", "/private/vendor/vendor.lemon"])
def test_me_03_bad_names(other, name):
    for mailbox in ("", "INBOX"):
        answer = other.cmd("SETMETADATA", quote(mailbox), f'({quoted(name)}'
                           ' "x")')
        assert answer.status in ("BAD", "NO"), answer
    assert other.must("NOOP").ok


def quoted(name):
    return quote(name).decode()


def test_me_03_case_and_read_only(server, other):
    assert other.setmetadata("/Private/Vendor/VENDOR.lemon/Colour", "x").ok
    assert other.getmetadata(MINE) == "x"
    assert other.setmetadata("/shared/admin", "mailto:x@x.test").status == "NO"


def test_me_04_rename_and_delete(other):
    other.must("CREATE Old")
    assert other.setmetadata(COMMENT, "mine", mailbox="Old").ok
    other.must("RENAME Old New")
    assert other.getmetadata(COMMENT, "New") == "mine"
    other.must("DELETE New")
    other.must("CREATE New")
    assert other.getmetadata(COMMENT, "New") is None


# -- changes by others

def test_me_06_mailbox_metadata(ears, other):
    """Names only, one line; NIL counts; the server's are not INBOX's."""
    ears.must("NOTIFY SET", "(personal (MailboxMetadataChange))")
    ears.forget()
    other.must("SETMETADATA INBOX", f'(/shared/comment "x" {COMMENT} "y")')
    ears.hear(told(COMMENT, "/shared/comment", mailbox=INBOX))
    other.setmetadata("/shared/comment", None, mailbox="INBOX")
    ears.hear(told("/shared/comment", mailbox=INBOX))
    other.setmetadata(MINE, "y", mailbox="Work")
    ears.hear(told(MINE, mailbox=b"Work"))
    other.setmetadata(MINE, "y")
    ears.silent()


def test_me_06_server_metadata(ears, other):
    ears.must("NOTIFY SET", "(mailboxes Nosuch (ServerMetadataChange))")
    ears.forget()
    other.setmetadata(MINE, "y")
    ears.hear(told(MINE))
    other.setmetadata(MINE, None)
    ears.hear(told(MINE))
    other.setmetadata(COMMENT, "x", mailbox="INBOX")
    other.setmetadata(COMMENT, "x", mailbox="Work")
    ears.silent()


def test_me_06_by_doveadm(ears, user, server):
    """Where the administrator writes."""
    ears.must("NOTIFY SET", BOTH)
    ears.forget()
    for mailbox, entry in (("", "/shared/vendor/vendor.lemon/colour"),
                           ("INBOX", "/shared/comment")):
        server.doveadm("mailbox", "metadata", "set", "-u", user.name, "-s",
                       mailbox, entry, "x", check=True)
        ears.hear(told(entry, mailbox=INBOX if mailbox else rb'""'))


def test_me_06_own_changes(ears, other):
    """SHOULD not be told; those of others, at the same time, are."""
    ears.must("NOTIFY SET", BOTH)
    ears.must("SETMETADATA INBOX", f'({COMMENT} "x")')
    ears.must("SETMETADATA", '""', f'({COMMENT} "x")')
    ears.must("SETMETADATA Work", f'({COMMENT} "x")')
    ears.forget()
    other.setmetadata(MINE, "x")
    other.setmetadata(MINE, "x", mailbox="Work")
    ears.drain(PAUSE + 0.4)
    assert ears.find(told(MINE)) and ears.find(told(MINE, mailbox=b"Work"))
    assert not ears.find(rb"comment")


def test_me_06_only_what_was_asked_for(ears, other):
    ears.must("NOTIFY SET", "(mailboxes Work (MailboxMetadataChange))")
    ears.forget()
    other.setmetadata(COMMENT, "x", mailbox="INBOX")
    other.setmetadata(COMMENT, "x")
    other.append("INBOX", b"Subject: x\r\n\r\nx\r\n")
    other.append("Work", b"Subject: x\r\n\r\nx\r\n")
    other.setmetadata(COMMENT, "x", mailbox="Work")
    ears.hear(told(COMMENT, mailbox=b"Work"))
    ears.silent()


def test_me_06_what_was_before_is_not_told(ears, other):
    other.setmetadata(COMMENT, "x", mailbox="Work")
    other.setmetadata(COMMENT, "x")
    ears.must("NOTIFY SET", BOTH)
    ears.forget()
    other.append("Work", b"Subject: x\r\n\r\nx\r\n")
    other.append("INBOX", b"Subject: x\r\n\r\nx\r\n")
    ears.silent()


def test_me_06_new_and_renamed_mailboxes(ears, other):
    ears.must("NOTIFY SET", BOTH)
    ears.forget()
    other.must("CREATE New")
    other.setmetadata(COMMENT, "x", mailbox="New")
    ears.hear(told(COMMENT, mailbox=b"New"))
    other.must("RENAME New Newer")
    ears.silent()
    other.setmetadata(MINE, "x", mailbox="Newer")
    ears.hear(told(MINE, mailbox=b"Newer"))
    other.must("DELETE Newer")
    other.must("CREATE Newer")
    ears.silent()
    other.setmetadata(MINE, "x", mailbox="Newer")
    ears.hear(told(MINE, mailbox=b"Newer"))


def test_me_06_what_the_server_writes(server, user, ears, endpoints):
    """A push and its status make no noise; a device that is set does."""
    endpoint = endpoints.new()
    ears.must("NOTIFY SET", BOTH)
    ears.forget()
    user.register(endpoint)
    ears.hear(told(f"{PUSH}/phone"))
    ears.drain(1)
    ears.forget()
    user.deliver()
    endpoint.wait()
    user.status("phone")
    ears.silent()


@pytest.mark.parametrize("mailbox", [None, "INBOX", "Work"])
def test_ib_12_with_a_mailbox_selected(ears, other, mailbox):
    """Metadata events are not message events: they come whatever is
    selected, and together with those."""
    if mailbox:
        ears.must("SELECT", mailbox)
    ears.must("NOTIFY SET", "(selected (MessageNew MessageExpunge))", BOTH)
    ears.forget()
    other.setmetadata(COMMENT, "x", mailbox="INBOX")
    ears.hear(told(COMMENT, mailbox=INBOX))
    other.setmetadata(COMMENT, "x", mailbox="Work")
    ears.hear(told(COMMENT, mailbox=b"Work"))
    other.setmetadata(COMMENT, "x")
    ears.hear(told(COMMENT))


def test_ib_12_after_commands_in_inbox(ears, other):
    """One inotify watch of INBOX's log must do for both."""
    ears.must("SELECT INBOX")
    ears.must("NOTIFY SET", "(selected (MessageNew MessageExpunge))", BOTH)
    for value in ("x", "y"):
        ears.drain(1.5)     # the selected mailbox is watched again
        ears.must("NOOP")
        ears.drain(1.5)
        ears.forget()
        other.setmetadata(COMMENT, value)
        ears.hear(told(COMMENT))


@pytest.mark.parametrize("storage", ["maildir", "sdbox"])
def test_ib_12_storages(server, storage):
    user = server.user(storage)
    ears = Listener(user.imap())
    user.session.must("CREATE Work")
    ears.must("NOTIFY SET", BOTH)
    ears.forget()
    user.session.setmetadata(COMMENT, "x")
    ears.hear(told(COMMENT))
    user.session.setmetadata(COMMENT, "x", mailbox="Work")
    ears.hear(told(COMMENT, mailbox=b"Work"))


def test_me_05_enable_metadata(ears, other):
    """Told at any time, and before the answer of a command at the latest."""
    answer = ears.must("ENABLE METADATA")
    assert answer.find(rb"^\* ENABLED METADATA$")
    other.setmetadata("/shared/comment", "x", mailbox="INBOX")
    answer = ears.must("NOOP")
    assert answer.find(told("/shared/comment", mailbox=INBOX)), answer
    ears.forget()
    other.setmetadata(COMMENT, "x")
    ears.hear(told(COMMENT))
    other.setmetadata(COMMENT, "x", mailbox="Work")
    ears.hear(told(COMMENT, mailbox=b"Work"))
    # one's own is not a third party's
    ears.must("SETMETADATA", '""', f'({MINE} "x")')
    ears.silent()


def test_me_05_in_idle(ears, other):
    ears.must("ENABLE METADATA")
    ears.must("SELECT INBOX")
    tag = ears.session.send("IDLE")
    ears.hear(rb"^\+")
    other.setmetadata(COMMENT, "x", mailbox="Work")
    ears.hear(told(COMMENT, mailbox=b"Work"))
    other.setmetadata(COMMENT, "x", mailbox="INBOX")
    ears.hear(told(COMMENT, mailbox=INBOX))
    ears.session.sock.sendall(b"DONE\r\n")
    assert ears.session.finish(tag).ok


def test_me_05_enable_server_only(ears, other):
    assert ears.must("ENABLE METADATA-SERVER").find(
        rb"^\* ENABLED METADATA-SERVER$")
    ears.forget()
    other.setmetadata(COMMENT, "x", mailbox="INBOX")
    other.setmetadata(COMMENT, "x", mailbox="Work")
    other.setmetadata(MINE, "x")
    ears.hear(told(MINE))
    ears.silent()


def test_me_05_not_without(ears, other):
    """Who enabled nothing hears nothing."""
    other.setmetadata(COMMENT, "x", mailbox="INBOX")
    other.setmetadata(COMMENT, "x")
    ears.silent()
    assert ears.must("NOOP").untagged == []


def test_me_05_notify_goes_first(ears, other):
    """Once NOTIFY is used, it says what is told."""
    ears.must("ENABLE METADATA")
    ears.must("NOTIFY SET", "(mailboxes Work (MailboxMetadataChange))")
    ears.forget()
    other.setmetadata(COMMENT, "x")
    other.setmetadata(COMMENT, "x", mailbox="Work")
    ears.hear(told(COMMENT, mailbox=b"Work"))
    ears.must("NOTIFY NONE")
    other.setmetadata(MINE, "x", mailbox="Work")
    ears.silent()


def test_me_05_does_not_hibernate(make_server):
    """What imap-hibernate would not see: the session stays with imap."""
    server = make_server(HIBERNATE)
    user = server.user()
    ears = Listener(user.imap())
    ears.must("ENABLE METADATA")
    ears.must("SELECT INBOX")
    tag = ears.session.send("IDLE")
    ears.hear(rb"^\+")
    ears.drain(2.5)
    user.session.setmetadata(COMMENT, "x")
    ears.hear(told(COMMENT))
    ears.session.sock.sendall(b"DONE\r\n")
    assert ears.session.finish(tag).ok


# -- what it is for

def test_se_10_settings_follow_the_user(ears, other):
    """What one client sets the other one hears of, and reads."""
    ears.must("NOTIFY SET", "(personal (ServerMetadataChange))")
    ears.forget()
    other.setmetadata(MINE, "green")
    ears.hear(told(MINE))
    assert ears.session.getmetadata(MINE) == "green"


def test_ob_14_filter_of_a_device(user, endpoints):
    """Changed from the client, in force for the next message."""
    endpoint = endpoints.new()
    user.register(endpoint, filter="SUBJECT apples")
    user.deliver(subject="apples one")
    assert endpoint.wait()
    user.change_device("phone", filter="SUBJECT pears")
    user.deliver(subject="apples two")
    user.deliver(subject="pears")
    assert len(endpoint.wait(2)) == 2


def test_ob_14_named_filter(ears, other):
    """A filter that another client changes: the next SEARCH uses it."""
    ears.must("SELECT INBOX")
    for text in ("apples", "pears"):
        other.append("INBOX", b"Subject: %s\r\n\r\nx\r\n" % text.encode())
    ears.must("NOOP")
    other.setmetadata("/private/filters/values/fruit", "SUBJECT apples")
    assert ears.must("SEARCH FILTER fruit").find(rb"^\* SEARCH 1$")
    other.setmetadata("/private/filters/values/fruit", "SUBJECT pears")
    assert ears.must("SEARCH FILTER fruit").find(rb"^\* SEARCH 2$")


def test_ob_15_both_directions(server, user, ears, other):
    """The client tells its settings, the server its own; either side hears
    of changes without asking."""
    ears.must("NOTIFY SET", BOTH)
    ears.forget()
    other.setmetadata(MINE, "big")
    ears.hear(told(MINE))
    answer = server.doveadm("mailbox", "metadata", "get", "-u", user.name,
                            "-s", "", MINE, check=True)
    assert "big" in answer.stdout
    entry = "/shared/vendor/vendor.lemon/open"
    server.doveadm("mailbox", "metadata", "set", "-u", user.name, "-s", "",
                   entry, "not on sundays", check=True)
    ears.hear(told(entry))
    assert ears.session.getmetadata(entry) == "not on sundays"
    assert ears.session.getmetadata(f"/shared/{VENDOR}/version")
