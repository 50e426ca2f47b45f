"""IB-04 to IB-16, E2E-4, OB-03, SC-14: NOTIFY (RFC 5465)."""

import re
import time

import pytest

from lemotest import wait
from lemotest.imap import Literal, quote
from lemotest.listen import PAUSE, Listener
from lemotest.server import is_24
from lemotest.users import message

SELECTED = "(selected (MessageNew (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])" \
    " MessageExpunge FlagChange))"
MESSAGES = "(MessageNew MessageExpunge)"
FLAGS = "(MessageNew MessageExpunge FlagChange)"
ALL = "MessageNew MessageExpunge FlagChange MailboxName " \
    "SubscriptionChange MailboxMetadataChange ServerMetadataChange"


def subject(text="hello"):
    return message(subject=text)


@pytest.fixture
def user(server):
    return server.user()


@pytest.fixture
def other(user):
    """Another session of the same user."""
    return user.session


@pytest.fixture
def ears(user, other):
    """A session that listens; there are mailboxes."""
    for name in ("Work", "Lists", "Lists/a"):
        other.must("CREATE", name)
    return Listener(user.imap())


def notify(ears, *groups):
    ears.must("NOTIFY SET", *groups)


def select(ears, mailbox="INBOX"):
    ears.must("SELECT", quote(mailbox))
    ears.forget()


# -- the command

def test_ib_04_set_status_and_none(ears, other):
    """STATUS before the OK; changes until NOTIFY NONE; NOTIFY SET takes the
    place of what was set before."""
    other.append("Work", subject())
    answer = ears.must("NOTIFY SET STATUS", f"(mailboxes Work {MESSAGES})"
                       f" (subtree Lists {MESSAGES})")
    assert answer.find(rb"^\* STATUS Work \(.*MESSAGES 1")
    assert answer.find(rb"^\* STATUS Lists/a \(.*UIDNEXT 1")
    assert not answer.find(rb"STATUS (INBOX|Trash)")
    ears.forget()
    other.append("Work", subject())
    assert b"MESSAGES 2" in ears.hear(rb"^\* STATUS Work \((.*)\)").group(1)
    notify(ears, f"(mailboxes Lists {MESSAGES})")
    ears.forget()
    other.append("Work", subject())
    other.append("Lists", subject())
    ears.hear(rb"^\* STATUS Lists \(")
    assert not ears.find(rb"STATUS Work")
    ears.must("NOTIFY NONE")
    other.append("Lists", subject())
    ears.silent()


def test_ib_04_noop_is_implied(ears, other):
    """What has accumulated in the selected mailbox comes with the answer."""
    select(ears)
    other.append("INBOX", subject())
    answer = ears.must("NOTIFY SET", f"(selected {MESSAGES})")
    assert answer.find(rb"^\* 1 EXISTS")


@pytest.mark.parametrize("events", [
    "MessageNew", "MessageExpunge", "FlagChange", "MessageNew FlagChange",
    "FlagChange MessageExpunge"])
@pytest.mark.parametrize("group", ["selected", "selected-delayed", "personal",
                                   "mailboxes Work"])
def test_ib_05_events_that_go_together(ears, group, events):
    answer = ears.cmd("NOTIFY SET", f"({group} ({events}))")
    assert answer.status == "BAD"
    # what the answer forbids is not in force either, and the session is
    assert ears.must("NOOP").ok


def test_ib_06_unsupported_events(ears, other):
    """NO with all supported events in parentheses; what was set before
    stays."""
    notify(ears, f"(mailboxes Work {MESSAGES})")
    for events in ("AnnotationChange MessageNew MessageExpunge",
                   "AnnotationChange", "LemonSqueezed", "LemonSqueezed "
                   "MailboxName"):
        for group in ("personal", "selected"):
            answer = ears.cmd("NOTIFY SET", f"({group} ({events}))")
            assert answer.status == "NO", answer
            code = re.match(r"\[BADEVENT \(([A-Za-z ]*)\)\]", answer.text)
            assert code and code.group(1) == ALL, answer
    ears.forget()
    other.append("Work", subject())
    ears.hear(rb"^\* STATUS Work ")


def items(line):
    """STATUS: name -> value"""
    words = re.search(rb"\((.*)\)$", line).group(1).decode().split()
    return dict(zip(words[::2], map(int, words[1::2])))


def test_ib_07_items_of_status(ears, other):
    """As many as the events need, and none for the selected mailbox."""
    select(ears, "Lists")
    answer = ears.must(
        "NOTIFY SET STATUS",
        f"(mailboxes (Work Lists) {MESSAGES}) (mailboxes Lists/a"
        " (MessageNew MessageExpunge FlagChange))"
        " (mailboxes Junk (MailboxName)) (mailboxes Trash NONE)")
    found = {re.match(rb"\* STATUS (\S+)", line).group(1): items(line)
             for line in answer.untagged if line.startswith(b"* STATUS ")}
    assert set(found) == {b"Work", b"Lists/a"}
    assert {"MESSAGES", "UIDNEXT", "UIDVALIDITY"} <= set(found[b"Work"])
    assert {"MESSAGES", "UIDNEXT", "UIDVALIDITY", "HIGHESTMODSEQ"} <= \
        set(found[b"Lists/a"])


def test_ib_07_condstore_is_not_enabled(ears, other):
    """HIGHESTMODSEQ in STATUS is not the client's wish for MODSEQ."""
    other.append("INBOX", subject())
    select(ears)
    answer = ears.must("NOTIFY SET STATUS", f"(selected {FLAGS})"
                       f" (personal {FLAGS})")
    assert answer.find(rb"^\* STATUS Work .*HIGHESTMODSEQ")
    assert not answer.find(rb"^\* OK \[HIGHESTMODSEQ")
    ears.forget()
    other.select()
    other.must("STORE 1 +FLAGS.SILENT (\\Flagged)")
    assert b"MODSEQ" not in ears.hear(rb"^\* 1 FETCH (.*)").group(1)


# -- messages

def test_ib_08_selected(ears, other):
    """EXISTS, then FETCH with what was asked for, and no command."""
    select(ears)
    notify(ears, SELECTED)
    ears.forget()
    other.append("INBOX", subject("good morning"))
    ears.hear(rb"^\* 1 EXISTS")
    found = ears.hear(rb"^\* 1 FETCH \((.*)\)").group(1)
    assert b"UID 1" in found and b"Subject: good morning" in found
    other.append("INBOX", subject("and again"))
    ears.hear(rb"^\* 2 EXISTS")
    assert b"and again" in ears.hear(rb"^\* 2 FETCH \((.*)\)").group(1)


@pytest.mark.parametrize("pause", [0.0, 0.3, 0.7])
def test_ib_08_right_after_a_command(ears, other, pause):
    """Nor is a message lost that comes before the mailbox is watched
    again."""
    select(ears)
    notify(ears, SELECTED)
    ears.must("NOOP")
    ears.drain(pause)
    ears.forget()
    other.append("INBOX", subject())
    ears.hear(rb"^\* 1 EXISTS")
    ears.hear(rb"^\* 1 FETCH ")


def test_ib_08_another_mailbox(ears, user):
    """STATUS; with HIGHESTMODSEQ if CONDSTORE is on; INBOX, too."""
    select(ears, "Work")
    notify(ears, f"(personal {MESSAGES})")
    ears.forget()
    user.deliver()
    found = items(ears.hear(rb"^\* STATUS INBOX .*").group(0))
    assert found["MESSAGES"] == 1 and found["UIDNEXT"] == 2
    assert "HIGHESTMODSEQ" not in found
    ears.must("ENABLE CONDSTORE")
    ears.forget()
    user.deliver()
    found = items(ears.hear(rb"^\* STATUS INBOX .*").group(0))
    assert found["MESSAGES"] == 2 and found["HIGHESTMODSEQ"] > 1


def test_ib_08_uidvalidity_comes_along(ears, user, other):
    notify(ears, f"(mailboxes (INBOX Work) {MESSAGES})")
    ears.forget()
    user.deliver()
    found = items(ears.hear(rb"^\* STATUS INBOX .*").group(0))
    assert found["UIDVALIDITY"] == other.uidvalidity()


def expunge(session, mailbox):
    session.select(mailbox)
    session.must("STORE 1 +FLAGS.SILENT (\\Deleted)")
    session.must("EXPUNGE")
    session.must("UNSELECT")


def test_ib_09_selected_and_delayed(ears, other):
    """At once, or not before a command that allows it."""
    for _ in range(2):
        other.append("INBOX", subject())
    select(ears)
    notify(ears, f"(selected {MESSAGES})")
    ears.forget()
    expunge(other, "INBOX")
    ears.hear(rb"^\* 1 EXPUNGE")
    notify(ears, f"(selected-delayed {MESSAGES})")
    ears.forget()
    expunge(other, "INBOX")
    ears.silent(rb"EXPUNGE", 2)
    ears.must("FETCH 1 (FLAGS)")
    assert not ears.find(rb"EXPUNGE")
    ears.must("NOOP")
    assert ears.find(rb"^\* 1 EXPUNGE")


def test_ib_09_vanished_and_other_mailbox(ears, other):
    for name in ("INBOX", "Work"):
        other.append(name, subject())
    ears.must("ENABLE QRESYNC")
    select(ears)
    notify(ears, f"(selected {MESSAGES}) (personal {MESSAGES})")
    ears.forget()
    expunge(other, "INBOX")
    ears.hear(rb"^\* VANISHED 1$")
    expunge(other, "Work")
    found = items(ears.hear(rb"^\* STATUS Work .*MESSAGES 0.*").group(0))
    assert found["UIDNEXT"] == 2 and found["HIGHESTMODSEQ"] > 1


def test_ib_10_selected_fetch_has_uid(ears, other):
    """UID and FLAGS, before an ESEARCH that follows from it."""
    for _ in range(2):
        other.append("INBOX", subject())
    expunge(other, "INBOX")     # UID 2 is message 1
    select(ears)
    notify(ears, f"(selected {FLAGS})")
    ears.must("SEARCH RETURN (UPDATE) FLAGGED")
    ears.forget()
    other.select()
    other.must("STORE 1 +FLAGS.SILENT (\\Flagged)")
    found = ears.hear(rb"^\* 1 FETCH \((.*)\)").group(1)
    assert b"UID 2" in found and b"\\Flagged" in found
    ears.hear(rb"^\* ESEARCH .*ADDTO")


def test_ib_10_no_uid_but_for_flagchange(ears, other):
    """Without NOTIFY a FETCH stays as it was; without FlagChange there is
    none."""
    other.append("INBOX", subject())
    select(ears)
    other.select()
    other.must("STORE 1 +FLAGS.SILENT (\\Flagged)")
    ears.must("NOOP")
    assert b"UID" not in ears.hear(rb"^\* 1 FETCH \((.*)\)").group(1)
    notify(ears, f"(selected {MESSAGES})")
    ears.forget()
    other.must("STORE 1 -FLAGS.SILENT (\\Flagged)")
    ears.silent(rb"FETCH", 2)


def test_ib_10_another_mailbox(ears, other):
    """With CONDSTORE: HIGHESTMODSEQ and UIDVALIDITY."""
    other.append("Work", subject())
    ears.must("ENABLE CONDSTORE")
    notify(ears, f"(personal {FLAGS})")
    ears.forget()
    other.select("Work")
    other.must("STORE 1 +FLAGS.SILENT (\\Flagged)")
    found = items(ears.hear(rb"^\* STATUS Work .*").group(0))
    assert found["HIGHESTMODSEQ"] > 1
    assert found["UIDVALIDITY"] == ears.session.uidvalidity("Work")


def test_ib_10_another_mailbox_without_condstore(ears, other):
    """UNSEEN is told, what STATUS cannot say is not."""
    other.append("Work", subject())
    notify(ears, f"(personal {FLAGS})")
    ears.forget()
    other.select("Work")
    other.must("STORE 1 +FLAGS.SILENT (\\Seen)")
    found = items(ears.hear(rb"^\* STATUS Work .*").group(0))
    assert found["UNSEEN"] == 0
    other.must("STORE 1 +FLAGS.SILENT (\\Flagged)")
    ears.silent(rb"STATUS")


# -- names

def test_ib_11_create_delete_rename(ears, other):
    notify(ears, "(personal (MailboxName))")
    ears.forget()
    other.must("CREATE New")
    assert b"\\NonExistent" not in \
        ears.hear(rb'^\* LIST \((.*)\) "/" New').group(1)
    other.must("RENAME New Newer")
    ears.hear(rb'^\* LIST \(.*\) "/" Newer \("OLDNAME" \(New\)\)')
    other.must("DELETE Newer")
    ears.hear(rb'^\* LIST \(\\NonExistent\) "/" Newer')


def test_ib_11_subscriptions(ears, other):
    notify(ears, "(personal (SubscriptionChange))")
    ears.forget()
    other.must("SUBSCRIBE Work")
    ears.hear(rb'^\* LIST \([^)]*\\Subscribed[^)]*\) "/" Work')
    other.must("UNSUBSCRIBE Work")
    assert b"\\Subscribed" not in \
        ears.hear(rb'^\* LIST \((.*)\) "/" Work').group(1)


def test_ib_11_parent_and_children(ears, other):
    """The direct parent is affected, too, and says whether it has
    children."""
    notify(ears, "(personal (MailboxName))")
    ears.forget()
    other.must("CREATE Work/now")
    ears.hear(rb'^\* LIST \([^)]*\\HasNoChildren[^)]*\) "/" Work/now$')
    ears.hear(rb'^\* LIST \([^)]*\\HasChildren[^)]*\) "/" Work$')
    other.must("DELETE Work/now")
    ears.hear(rb'^\* LIST \(\\NonExistent\) "/" Work/now$')
    ears.hear(rb'^\* LIST \([^)]*\\HasNoChildren[^)]*\) "/" Work$')
    other.must("RENAME Lists Letters")
    ears.hear(rb'^\* LIST \(.*\) "/" Letters \("OLDNAME" \(Lists\)\)$')


def test_ib_11_names_are_mutf7(ears, other):
    """As the client writes them: gruen with a u that has two dots."""
    notify(ears, '(subtree "Gr&APw-n" '
           "(MailboxName MessageNew MessageExpunge))")
    ears.forget()
    other.must('CREATE "Gr&APw-n"')
    ears.hear(rb'^\* LIST \(.*\) "/" "?Gr&APw-n"?$')
    other.append("Gr&APw-n", subject())
    ears.hear(rb'^\* STATUS "?Gr&APw-n"? \(')


# -- which mailboxes

@pytest.mark.parametrize("which, told, quiet", [
    ("personal", ("Work", "Lists/a"), ()),
    ("inboxes", ("Work", "Lists/a"), ()),
    ("mailboxes Lists", ("Lists",), ("Lists/a", "Work")),
    ("mailboxes (Work Lists/a Nosuch)", ("Work", "Lists/a"), ("Lists",)),
    ("subtree Lists", ("Lists", "Lists/a"), ("Work",)),
    ("subtree (Lists/a Work)", ("Work", "Lists/a"), ("Lists",)),
    ("mailboxes (Lists/% Work)", ("Work",), ("Lists/a",)),
    ("mailboxes *", (), ("Work",)),
    ("mailboxes inbox", ("INBOX",), ("Work",)),
])
def test_ib_16_specifiers(ears, other, which, told, quiet):
    """No wildcards, INBOX in any case; names that do not exist are
    ignored."""
    notify(ears, f"({which} {MESSAGES})")
    ears.forget()
    for name in quiet + told:
        other.append(name, subject())
        if name in told:
            ears.hear(rb"^\* STATUS %s \(" % name.encode())
    ears.drain(PAUSE + 0.4)
    for name in quiet:
        assert not ears.find(rb"^\* STATUS %s \(" % name.encode())


def test_ib_16_subscribed_is_evaluated_again(ears, other):
    other.must("SUBSCRIBE Work")
    notify(ears, f"(subscribed {MESSAGES})")
    ears.forget()
    other.append("Work", subject())
    ears.hear(rb"^\* STATUS Work ")
    other.must("UNSUBSCRIBE Work")
    other.must("SUBSCRIBE Lists")
    ears.drain(0.8)
    ears.forget()
    other.append("Work", subject())
    other.append("Lists", subject())
    ears.hear(rb"^\* STATUS Lists ")
    assert not ears.find(rb"STATUS Work")


def test_ib_16_groups_add_up(ears, other):
    """SELECTED says all about the messages of the selected mailbox, the
    others about its name."""
    select(ears, "Work")
    notify(ears, "(selected NONE)"
           f" (mailboxes Work {MESSAGES}) (personal (SubscriptionChange))")
    ears.forget()
    other.append("Work", subject())
    other.must("SUBSCRIBE Work")
    ears.hear(rb'^\* LIST \([^)]*\\Subscribed[^)]*\) "/" Work')
    ears.silent(rb"EXISTS|STATUS")


@pytest.mark.parametrize("groups", [
    "(selected (MessageNew MessageExpunge MailboxName))",
    "(selected-delayed (MailboxMetadataChange))",
    f"(selected {MESSAGES}) (selected-delayed {MESSAGES})",
    f"(selected {MESSAGES}) (selected NONE)",
    "(personal (MessageNew (UID) MessageExpunge))",
])
def test_ib_16_what_selected_is_not_for(ears, groups):
    assert ears.cmd("NOTIFY SET", groups).status == "BAD"


# -- rights

@pytest.fixture
def shared(server, user):
    """Owner of a mailbox in whose name user may list, and perhaps read."""
    ann = server.user()
    ann.session.must("CREATE Plans")
    ann.session.must("CREATE Secret")
    ann.session.must("SETACL", "Plans", quote(user.name), "l")
    return ann


def name_of(owner, mailbox):
    return f"shared/{owner.name}/{mailbox}"


def test_ib_15_no_access(ears, shared):
    """Who may list it, but not read, is told so; of what he may not list
    nothing is said."""
    names = [name_of(shared, name) for name in ("Plans", "Secret", "Nosuch")]
    ears.must('LIST "" "shared/%/*"')
    for status in ("", " STATUS"):
        ears.forget()
        answer = ears.must(f"NOTIFY SET{status}",
                           f"(mailboxes ({' '.join(names)}) {MESSAGES})")
        assert answer.find(rb'^\* LIST \(\\NoAccess\) "/" '
                           + names[0].encode()), answer
        assert not answer.find(b"Secret|Nosuch")
    ears.forget()
    shared.session.append("Plans", subject())
    shared.session.append("Secret", subject())
    ears.silent()


def test_ib_15_rights_lost_and_regained(make_server):
    server = make_server("acl_cache_ttl = 1s\n" if is_24() else
                         "plugin {\n  acl = vfile::cache_secs=1\n}\n")
    shared, user = server.user(), server.user()
    shared.session.must("CREATE Plans")
    ears = Listener(user.imap())
    me, name = quote(user.name), name_of(shared, "Plans")
    shared.session.must("SETACL", "Plans", me, "lr")
    ears.must('LIST "" "shared/%/*"')
    notify(ears, f"(mailboxes {name} {MESSAGES})")
    ears.forget()
    status = rb"^\* STATUS %s " % name.encode()
    shared.session.append("Plans", subject())
    ears.hear(status)
    shared.session.must("SETACL", "Plans", me, "l")
    ears.drain(2.1)     # the acl plugin looks again then
    ears.forget()
    shared.session.append("Plans", subject())
    ears.silent(status)
    shared.session.must("SETACL", "Plans", me, "lr")
    ears.drain(2.1)
    shared.session.append("Plans", subject())
    ears.hear(status)


def test_ib_15_names_that_may_not_be_listed(ears, shared, user):
    """Nobody hears of a mailbox's end who could not see it."""
    root = f"shared/{shared.name}"
    ears.must('LIST "" "shared/%/*"')
    notify(ears, f"(subtree {root} (MailboxName))")
    ears.forget()
    for command in ("CREATE Hidden", "RENAME Hidden Veiled", "DELETE Veiled",
                    "DELETE Secret", "DELETE Plans"):
        shared.session.must(command)
        ears.drain(PAUSE)
    ears.hear(rb'^\* LIST \(\\NonExistent\) "/" %s/Plans$' % root.encode())
    assert not any(re.search(rb"Hidden|Veiled|Secret", line)
                   for line in ears.session.transcript)


# -- limits and bad input

def test_ib_13_too_many_names(ears, other):
    """Tagged: what was set before stays."""
    notify(ears, f"(mailboxes Work {MESSAGES})")
    names = " ".join(f"box{n}" for n in range(101))
    answer = ears.cmd("NOTIFY SET", f"(mailboxes ({names}) {MESSAGES})")
    assert answer.status == "NO"
    assert answer.text.startswith("[NOTIFICATIONOVERFLOW]")
    ears.forget()
    other.append("Work", subject())
    ears.hear(rb"^\* STATUS Work ")


def test_sc_14_names_in_many_groups(ears):
    """It counts how many there are together; the same again is no more."""
    groups = [f"(mailboxes box{n} {MESSAGES})" for n in range(101)]
    answer = ears.cmd("NOTIFY SET", *groups)
    assert answer.text.startswith("[NOTIFICATIONOVERFLOW]"), answer
    notify(ears, *[f"(mailboxes Work {MESSAGES})"] * 500)
    notify(ears, *groups[:100])


def test_sc_14_client_that_does_not_read(user, other):
    """What waits for it does not grow with what happens; when it reads
    again it has missed nothing."""
    ears = Listener(user.imap(buffer=4096))
    notify(ears, "(personal (ServerMetadataChange))")
    ears.forget()
    name = "/private/vendor/vendor.lemon/" + "x" * 900
    rounds = 12
    for n in range(rounds):
        names = [f"{name}{k}" for k in range(400)] + [f"{name}last{n}"]
        other.must("SETMETADATA", '""', "(" + " ".join(
            f'{name} "x"' for name in names) + ")")
        time.sleep(PAUSE)
    wait.until(lambda: ears.drain() and ears.find(b"last%d" % (rounds - 1)), 10)
    told = b" ".join(ears.heard)
    assert all(b"last%d" % n in told for n in range(rounds))
    assert told.count(name.encode() + b"399") < rounds
    ears.forget()
    other.setmetadata(name, "y")
    ears.hear(rb"METADATA")


def test_ib_13_more_names_than_anybody_reads(ears, other):
    """Untagged, then as NOTIFY NONE: thousands of entries at once."""
    select(ears)
    notify(ears, f"(selected {MESSAGES})"
           " (personal (ServerMetadataChange))")
    ears.forget()
    name = "/private/vendor/vendor.lemon/"
    other.must("SETMETADATA", '""', "(" + " ".join(
        f'{name}{n} "x"' for n in range(2000)) + ")")
    ears.hear(rb"^\* OK \[NOTIFICATIONOVERFLOW\]")
    other.append("INBOX", subject())
    other.setmetadata(name + "1", "y")
    ears.silent(seconds=2)
    notify(ears, f"(selected {MESSAGES})"
           " (personal (ServerMetadataChange))")
    other.setmetadata(name + "1", "z")
    ears.hear(rb"^\* METADATA")


@pytest.mark.parametrize("args", [
    "", "SET", "SETT", "SET STATUS", "SET ()", "SET STATUS STATUS",
    "SET personal (MessageNew MessageExpunge)", "SET (personal)",
    "SET (personal ())", "SET (personal MailboxName)", "SET (selected)",
    "SET (mailboxes (MailboxName))", "SET (mailboxes () (MailboxName))",
    "SET (subtree Work)", "SET (nowhere (MailboxName))",
    'SET ("personal" (MailboxName))', 'SET (personal ("MailboxName"))',
    "SET (personal (MailboxName) (MailboxName))", "SET (personal NONE x)",
    "SET (mailboxes (a (b)) (MailboxName))", "NONE x",
    "SET (selected (MessageNew () MessageExpunge))",
    "SET (selected (MessageNew (LEMON) MessageExpunge))",
    "SET (selected (MessageNew (UID) (UID) MessageExpunge))",
    "SET (selected (MessageNew (UID) MessageNew (UID) MessageExpunge))",
    "SET (personal (MailboxName)", "SET (((((((((personal",
])
def test_sc_14_bad_syntax(ears, args):
    assert ears.cmd(f"NOTIFY {args}").status == "BAD"
    assert ears.must("NOOP").ok


@pytest.mark.parametrize("name", [
    b'"Gr&APw"', b'"&!!!-"', b'"Gr\xc3\xbcn"', Literal(b"Gr\xc3\xbcn"),
    b'"\xff\xfe"', Literal(b"\xff")])
def test_sc_14_names_that_are_none(ears, name):
    """Neither modified UTF-7 nor anything else."""
    if isinstance(name, Literal):
        name = b"{%d+}\r\n" % len(name) + bytes(name)
    answer = ears.cmd(b"NOTIFY SET (mailboxes " + name + b" (MailboxName))")
    assert answer.status in ("NO", "BAD"), answer
    if answer.status == "NO":
        assert answer.text.startswith("[CANNOT]")
    assert ears.must("NOOP").ok


def test_sc_14_nul(ears):
    """No part of a name stands for the whole."""
    answer = ears.cmd(b"NOTIFY SET STATUS (mailboxes {6+}\r\nWork\0x "
                      b"(MessageNew MessageExpunge))")
    assert answer.status in ("NO", "BAD") and not answer.untagged, answer
    assert ears.must("NOOP").ok


def test_sc_14_huge_list(ears):
    """More than a command line may be: refused, and the session goes on."""
    names = " ".join(f"box{n}" for n in range(20000))
    answer = ears.cmd("NOTIFY SET", f"(mailboxes ({names}) {MESSAGES})")
    assert answer.status == "BAD", answer
    assert ears.must("NOOP").ok


# -- all together

def test_e2e_4_push_in_band(user):
    """The phone asks for mail with its headers on INBOX and STATUS for the
    rest, and from then on says nothing."""
    ears = Listener(user.imap())
    other = user.imap()
    other.must("CREATE Lists")
    ears.must("SELECT INBOX")
    notify(ears, "STATUS", "(selected (MessageNew (UID FLAGS ENVELOPE) "
           f"MessageExpunge FlagChange)) (personal {MESSAGES})")
    ears.forget()
    user.deliver(subject="the first")
    ears.hear(rb"^\* 1 EXISTS")
    assert b'"the first"' in ears.hear(rb"^\* 1 FETCH (.*)").group(1)
    other.append("Lists", subject())
    ears.hear(rb"^\* STATUS Lists \(.*MESSAGES 1")
    user.deliver(subject="the second")
    ears.hear(rb"^\* 2 EXISTS")
    assert b'"the second"' in ears.hear(rb"^\* 2 FETCH (.*)").group(1)


def test_ob_03_no_polling(ears, user, other):
    """The client chooses: headers of new mail here, counts there, nothing
    elsewhere."""
    select(ears)
    notify(ears, SELECTED, f"(mailboxes Work {MESSAGES})")
    ears.must("SEARCH RETURN (UPDATE COUNT) UNSEEN")
    ears.forget()
    other.append("Lists", subject())
    other.append("Work", subject())
    ears.hear(rb"^\* STATUS Work ")
    user.deliver(subject="chosen")
    ears.hear(rb"^\* 1 EXISTS")
    assert b"chosen" in ears.hear(rb"^\* 1 FETCH (.*)").group(1)
    ears.hear(rb"^\* ESEARCH .*ADDTO")
    assert not ears.find(rb"Lists")
