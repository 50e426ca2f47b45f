"""Contexts (RFC 5267, RFC 5465 section 7): VF-01 to VF-13, ST-30, E2E-3,
SC-14."""

import random
import re
import select

import pytest

from lemotest import wait
from lemotest.context import Watcher, items
from lemotest.imap import Literal
from lemotest.server import STOCK
from lemotest.users import message
from test_presence import HIBERNATE

KEYS = ("ARRIVAL", "CC", "DATE", "FROM", "SIZE", "SUBJECT", "TO",
        "DISPLAYFROM", "DISPLAYTO")
SORT_MAX, SEARCH_MAX = 8, 10
NEW = "(SUBJECT) UTF-8 UNDELETED"


def mail(subject="hello", **kwargs):
    return message(subject=subject, **kwargs)


def subjects(user, *names, mailbox="INBOX"):
    for name in names:
        user.session.append(mailbox, mail(name))


def uids(response):
    return [int(n) for n in
            response.find(rb"^\* S(?:ORT|EARCH)([ \d]*)").group(1).split()]


def refused(context):
    return context.response.find(
        rb'^\* NO \[NOUPDATE "' + context.tag.encode() + rb'"\]')


@pytest.fixture
def watcher(user):
    """Four mails, whose order by subject is 2 4 1 3."""
    subjects(user, "cherry", "apple", "date", "banana")
    return Watcher(user.imap())


@pytest.fixture
def actor(user):
    """Another session that changes the mailbox."""
    imap = user.session
    imap.select()
    return imap


# -- VF-01, VF-02, VF-04, ST-30

def test_vf_01_st_30_capabilities(user):
    with user.imap() as imap:
        names = imap.must("CAPABILITY").find(rb"CAPABILITY (.*)") \
            .group(1).split()
    assert {b"SORT", b"ESORT", b"ESEARCH", b"CONTEXT=SEARCH",
            b"CONTEXT=SORT"} <= set(names)


def test_vf_02_esort(watcher):
    imap = watcher.imap
    response = imap.must("UID SORT RETURN (MIN MAX ALL COUNT) (SUBJECT) "
                         "UTF-8 ALL")
    assert items(response.untagged[0])[1:3] == (
        "UID", {"MIN": "2", "MAX": "3", "ALL": "2,4,1,3", "COUNT": "4"})
    response = imap.must("SORT RETURN () (REVERSE SUBJECT) UTF-8 ALL")
    assert items(response.untagged[0])[2] == {"ALL": "3,1,4,2"}
    # RFC 5267 3.2: up only
    response = imap.must("SORT RETURN () (ARRIVAL) UTF-8 ALL")
    assert items(response.untagged[0])[2] == {"ALL": "1:4"}
    response = imap.must("SORT RETURN () (REVERSE ARRIVAL) UTF-8 UID 1")
    assert items(response.untagged[0])[2] == {"ALL": "1"}


def test_vf_04_partial(watcher):
    imap = watcher.imap

    def partial(command, found):
        assert items(imap.must(command).untagged[0])[2]["PARTIAL"] == \
            f"({found})"
    partial("UID SORT RETURN (PARTIAL 1:2) (SUBJECT) UTF-8 ALL", "1:2 2,4")
    partial("SORT RETURN (PARTIAL 4:3) (SUBJECT) UTF-8 ALL", "3:4 1,3")
    partial("SORT RETURN (PARTIAL 4:9) (SUBJECT) UTF-8 ALL", "4:9 3")
    partial("SORT RETURN (PARTIAL 10:20) (SUBJECT) UTF-8 ALL", "10:20 NIL")
    partial("UID SEARCH RETURN (PARTIAL 2:3) ALL", "2:3 2:3")
    for options in ("PARTIAL 1:2 ALL", "PARTIAL 1:2 PARTIAL 3:4",
                    "PARTIAL 0:2", "PARTIAL 1:*", "PARTIAL"):
        assert imap.cmd(f"SORT RETURN ({options}) (SUBJECT) UTF-8 ALL") \
            .status == "BAD", options


@pytest.mark.parametrize("program", ["REVERSE CC", "FROM REVERSE ARRIVAL"])
def test_st_30_new_mail_does_not_confuse_equal_ones(watcher, actor, program):
    """RFC 5256 section 3: equal messages stay as they came. Bare Dovecot
    forgets that the first time after new mail."""
    for count in (4, 5, 6, 7):
        if count > 4:
            actor.append("INBOX", mail())
            watcher.command("NOOP")
        first, second = [uids(watcher.imap.must(
            f"UID SORT ({program}) UTF-8 ALL")) for _ in range(2)]
        assert first == second
        if program == "REVERSE CC":
            assert first == list(range(1, count + 1))


# -- VF-03

def test_vf_03_context_is_a_hint(watcher, actor):
    imap, criteria = watcher.imap, "UNDELETED UNKEYWORD $Junk"

    def answer(options):
        return [line.split(b")", 1)[1] for line in imap.must(
            f"SORT RETURN ({options}) (SUBJECT) UTF-8", criteria).untagged
            if b"ESEARCH" in line]
    assert answer("CONTEXT COUNT ALL") == answer("COUNT ALL")
    assert items(imap.must("SEARCH RETURN (CONTEXT COUNT)", criteria)
                 .untagged[0])[2] == {"COUNT": "4"}
    actor.must("STORE 2 +FLAGS (\\Deleted)")
    imap.must("NOOP")
    # no snapshot
    assert answer("CONTEXT COUNT ALL") == [b" ALL 4,1,3 COUNT 3"]
    # and no update without UPDATE
    actor.must("STORE 2 -FLAGS (\\Deleted)")
    assert imap.must("NOOP").find(rb"ESEARCH") is None


# -- VF-05

def test_vf_05_search_is_updated(watcher, actor):
    """The example of RFC 5267 4.3; bare Dovecot crashes when mail comes."""
    watcher.open("UID SEARCH", "DELETED KEYWORD $Junk")
    view = watcher.open("SEARCH", "UNDELETED UNKEYWORD $Junk", "UPDATE COUNT")
    assert view.answer == {"COUNT": "4"}
    view.results = [1, 2, 3, 4]
    actor.append("INBOX", mail("elder"))
    watcher.check()
    actor.must("STORE 2,5 +FLAGS (\\Deleted $Junk)")
    watcher.check()
    assert view.updates == [("ADDTO", 0, [5]), ("REMOVEFROM", 0, [2, 5])]
    actor.must("EXPUNGE")
    watcher.check()


def heard(watcher, until):
    """What is said without a command until a line matches."""
    imap, said = watcher.imap, []
    while not said or not re.search(until, said[-1]):
        said.append(imap._line())
    return said


def test_vf_05_vf_06_in_idle(watcher, actor):
    search = watcher.open("UID SEARCH", "UNDELETED")
    view = watcher.open("UID SORT", NEW)
    tag = watcher.imap.send("IDLE")
    assert watcher.imap._line().startswith(b"+")

    def both():
        said = []
        while sum(b"ESEARCH" in line for line in said) < 2:
            said += heard(watcher, rb"ESEARCH")
        watcher.feed(said)
        return said
    actor.append("INBOX", mail("blueberry"))
    said = both()
    assert said[0] == b"* 5 EXISTS"
    assert view.results == [2, 4, 5, 1, 3] and search.results[-1] == 5
    actor.must("STORE 4 +FLAGS (\\Deleted)")
    both()
    assert view.results == [2, 5, 1, 3]
    actor.must("STORE 2 +FLAGS (\\Deleted)")
    both()
    actor.must("STORE 4 -FLAGS (\\Deleted)")
    both()
    actor.must("STORE 5 +FLAGS (\\Deleted)")
    both()
    actor.must("EXPUNGE")
    assert view.results == [4, 1, 3]
    watcher.imap.sock.sendall(b"DONE\r\n")
    watcher.feed(watcher.imap.finish(tag).untagged)
    watcher.check()


# -- VF-06, ST-30

def test_vf_06_st_30_positions(watcher, actor):
    """The very texts; what holds in general is tested below."""
    uid = watcher.open("UID SORT", "(SUBJECT) UTF-8 UNFLAGGED")
    seq = watcher.open("SORT", "(SUBJECT) UTF-8 UNFLAGGED")
    assert uid.results == seq.results == [2, 4, 1, 3]

    def told():
        found = [line for line in watcher.command("NOOP").untagged
                 if b"ESEARCH" in line]
        assert len(found) == 2
        return found[0].partition(b" UID")[2] or found[1].partition(
            b" UID")[2]
    actor.must("STORE 1 +FLAGS (\\Flagged)")
    assert told() == b" REMOVEFROM (3 1)"
    actor.must("STORE 1 -FLAGS (\\Flagged)")
    assert told() == b" ADDTO (3 1)"
    actor.must("STORE 2,3,4 +FLAGS (\\Flagged)")
    assert told() == b" REMOVEFROM (1 2,4 2 3)"
    actor.must("STORE 2,3,4 -FLAGS (\\Flagged)")
    assert told() == b" ADDTO (1 2,4 4 3)"
    subjects_new = ("aardvark", "zucchini", "zucchini")
    for name in subjects_new:
        actor.append("INBOX", mail(name))
    assert told() == b" ADDTO (1 5 6 6:7)"
    watcher.check()


def test_vf_06_removal_comes_before_expunge(watcher, actor):
    view = watcher.open("SORT", "(SUBJECT) UTF-8 ALL")
    actor.must("STORE 1,3 +FLAGS (\\Deleted)")
    actor.must("EXPUNGE")
    said = watcher.command("NOOP").untagged
    kinds = [re.search(rb"ESEARCH|EXPUNGE|FETCH", line) for line in said]
    assert [kind.group(0) for kind in kinds if kind] == \
        [b"ESEARCH", b"EXPUNGE", b"EXPUNGE"], said
    assert view.updates == [("REMOVEFROM", 3, [1, 3])]
    assert view.results == [1, 2]
    watcher.check()


def test_vf_06_delayed_expunge(watcher, actor):
    """While EXPUNGE must wait, the message stays and misleads nobody."""
    for name in ("fig", "grape", "honeydew"):
        actor.append("INBOX", mail(name))
    views = [watcher.open("SORT", "(SUBJECT) UTF-8 ALL"),
             watcher.open("UID SORT", "(REVERSE SUBJECT) UTF-8 ALL")]
    watcher.command("NOOP")
    actor.must("STORE 1,4,2 +FLAGS (\\Deleted)")
    actor.must("EXPUNGE")
    actor.append("INBOX", mail("coconut"))
    said = watcher.command("FETCH 1:7 (UID)").untagged
    assert not any(b"EXPUNGE" in line for line in said)
    assert [len(view.results) for view in views] == [8, 8], said
    watcher.check()


def test_vf_06_own_changes(watcher):
    """Of the session itself, hidden or not."""
    view = watcher.open("UID SORT", "(SUBJECT) UTF-8 UNSEEN UNDELETED")
    watcher.command("STORE 4 +FLAGS.SILENT (\\Seen)")
    watcher.check()
    assert view.results == [2, 1, 3]
    watcher.command("FETCH 2 (BODY[])")
    watcher.check()
    assert view.results == [1, 3]
    watcher.command("APPEND INBOX", Literal(mail("blueberry")))
    watcher.check()
    assert view.results == [5, 1, 3]
    watcher.command("UID MOVE 1 Trash")
    watcher.check()
    assert view.results == [5, 3]
    watcher.command("COPY 3 INBOX")
    watcher.check()


def test_vf_06_nothing_matches_yet(watcher, actor):
    view = watcher.open("UID SORT", "(SUBJECT) UTF-8 KEYWORD later")
    assert view.results == []
    actor.must("STORE 3,4 +FLAGS (later)")
    watcher.check()
    assert view.results == [4, 3]


def test_vf_06_many_at_once(watcher, actor):
    """So many that Dovecot sorts them for us."""
    names = random.Random(6)
    mails = [Literal(mail(f"n {names.randrange(1000)}")) for _ in range(300)]
    view = watcher.open("UID SORT", "(SUBJECT) UTF-8 UNSEEN")
    reverse = watcher.open("SORT", "(REVERSE SUBJECT ARRIVAL) UTF-8 UNSEEN")
    actor.must("APPEND INBOX", *mails)
    watcher.check()
    assert len(view.results) == len(reverse.results) == 304
    actor.must("STORE 2:200 +FLAGS.SILENT (\\Seen)")
    watcher.check()
    actor.must("STORE 2:200 -FLAGS.SILENT (\\Seen)")
    watcher.check()
    actor.must("STORE 1:* +FLAGS.SILENT (\\Deleted)")
    actor.must("EXPUNGE")
    watcher.check()
    assert view.results == reverse.results == []


class History:
    """Random changes of a mailbox."""

    WORDS = ("plum", "Plum", "pear", "=?utf-8?q?P=C3=A4rchen?=", "quince", "")
    NAMES = ("Ann <ann@a.test>", "Bob <bob@b.test>", "ann@z.test",
             '"Zed" <ann@a.test>', "=?iso-8859-1?q?=C9va?= <eva@e.test>",
             "none of this <", None)
    DATES = ("Mon, 05 Jan 2026 10:00:00 +0100",
             "Mon, 05 Jan 2026 09:00:00 +0000",
             "Tue, 06 Jan 2026 10:00:00 -0500", "yesterday", None)
    FLAGS = (r"\Seen", r"\Flagged", r"\Deleted", "$Junk")

    def __init__(self, user, seed):
        self.user, self.random = user, random.Random(seed)
        self.imap = user.imap()
        self.count = 0

    def mail(self):
        pick = self.random.choice
        fields = {"From": pick(self.NAMES), "To": pick(self.NAMES),
                  "Cc": pick(self.NAMES), "Date": pick(self.DATES),
                  "Subject": pick(("", "Re: ", "[list] ", "Fwd: ")) +
                  pick(self.WORDS)}
        head = "".join(f"{name}: {value}\r\n" for name, value in
                       fields.items() if value is not None)
        return f"{head}\r\n{'x' * pick((1, 1, 30, 300))}\r\n".encode()

    def append(self):
        day = self.random.randrange(1, 29)
        self.imap.must("APPEND INBOX", f'"{day:02}-Jan-2026 10:00:00 +0000"',
                       Literal(self.mail()))

    def deliver(self):
        self.user.deliver(self.mail())

    def some(self):
        exists = int(self.imap.select().find(rb"(\d+) EXISTS").group(1))
        if exists == 0:
            return None
        picked = self.random.sample(range(1, exists + 1),
                                    min(exists, self.random.randrange(1, 6)))
        return ",".join(map(str, picked))

    def store(self):
        messages = self.some()
        if messages:
            sign = self.random.choice("+-")
            flag = self.random.choice(self.FLAGS)
            self.imap.must(f"STORE {messages} {sign}FLAGS ({flag})")

    def expunge(self):
        messages = self.some()
        if messages:
            self.imap.must(f"STORE {messages} +FLAGS.SILENT (\\Deleted)")
            self.imap.must("EXPUNGE")

    def step(self):
        for _ in range(self.random.choice((1, 1, 1, 2, 4))):
            self.random.choice((self.append, self.append, self.deliver,
                                self.store, self.store, self.store,
                                self.expunge))()


def programs():
    """Every key, either way and as the second one."""
    for number, key in enumerate(KEYS):
        other = KEYS[(number + 4) % len(KEYS)]
        yield key
        yield f"REVERSE {key}"
        yield f"{key} REVERSE {other}"
        yield f"REVERSE {other} {key}"


# The watchers do one thing each before they look: what they are told must not
# depend on the command.
BETWEEN = ("NOOP", "FETCH 1:* (FLAGS)", "UID FETCH 1:* (FLAGS)", "CHECK",
           "SEARCH ALL", "UID SEARCH ALL")


@pytest.mark.parametrize("seed", range(2))
def test_vf_06_any_history(user, seed):
    """RFC 5267 4.3.3 and 4.3.4: what is told, applied in order, gives what a
    fresh SORT gives, by every key."""
    history = History(user, seed)
    for _ in range(12):
        history.append()
    criteria = ("ALL", "UNDELETED UNKEYWORD $Junk", "UNSEEN",
                "OR FLAGGED SUBJECT p", "NOT FLAGGED LARGER 100")
    watchers = []
    for number, program in enumerate(programs()):
        if number % SORT_MAX == 0:
            watchers.append(Watcher(user.imap()))
        watchers[-1].open(("UID SORT", "SORT")[(number + seed) % 2],
                          f"({program}) UTF-8 {criteria[number % 5]}")
    for watcher in watchers:
        watcher.open("SEARCH", "UNDELETED")
    for step in range(15):
        history.step()
        for number, watcher in enumerate(watchers):
            if watcher.exists or "1:*" not in BETWEEN[(step + number) % 6]:
                watcher.command(BETWEEN[(step + number) % 6])
            watcher.check()


@pytest.mark.parametrize("command", ["SORT", "SEARCH"])
def test_vf_06_session_is_not_hibernated(make_server, command):
    """imap-hibernate could tell nobody of changes."""
    server = make_server(HIBERNATE, notifier=False)
    user = server.user()
    subjects(user, "cherry", "apple")
    watcher, plain = Watcher(user.imap()), user.imap()
    view = watcher.open(command, "(SUBJECT) UTF-8 ALL" if command == "SORT"
                        else "ALL")
    plain.select()
    for imap in (watcher.imap, plain):
        imap.send("IDLE")
        assert imap._line().startswith(b"+")
    user.session.must("NOOP")
    # of these three, only that in between
    wait.up(lambda: len(server.pids("imap")) == 2, 10,
            "the session without a context is hibernated")
    user.session.append("INBOX", mail("banana"))
    watcher.feed(heard(watcher, rb"ADDTO"))
    assert view.results == ([2, 3, 1] if command == "SORT" else [1, 2, 3])


# -- VF-07, VF-13, SC-14

def test_vf_07_vf_13_sc_14_limits(watcher, actor, server):
    """Refused with a code, the other options still honoured; logged once; one
    that sorts too much can still search."""
    contexts = [watcher.open("UID SORT", "(SUBJECT) UTF-8 ALL", "UPDATE COUNT")
                for _ in range(100)]
    kept = [context for context in contexts if not refused(context)]
    assert contexts[0] in kept and len(kept) < 100
    assert all(context.answer == {"COUNT": "4"} for context in contexts)
    search = watcher.open("UID SEARCH", "ALL")
    assert not refused(search) or STOCK
    if not STOCK:
        assert len(kept) == SORT_MAX
        lines = server.log.lines("UPDATE of SORT refused")
        assert len(lines) == 1 and f"at most {SORT_MAX}" in lines[0]
    # no others are updated
    for context in kept:
        context.results = [2, 4, 1, 3]
    watcher.contexts = {context.tag: context for context in [*kept, search]}
    actor.append("INBOX", mail("banana split"))
    watcher.check()
    # and one that ends makes room
    watcher.command(f'CANCELUPDATE "{kept[0].tag}"')
    del watcher.contexts[kept[0].tag]
    assert not refused(watcher.open("SORT", "(DATE) UTF-8 ALL"))
    watcher.check()


def test_vf_13_searches_are_limited(watcher):
    contexts = [watcher.open("SEARCH", "ALL") for _ in range(100)]
    kept = [context for context in contexts if not refused(context)]
    assert len(kept) == SEARCH_MAX
    assert all(context.results == [1, 2, 3, 4] for context in contexts)


def test_vf_13_cancelled_while_it_runs(user):
    """Bare Dovecot crashes."""
    body = "nothing of that kind\r\n" * 40000
    for _ in range(20):
        user.session.append("INBOX", mail(body=body))
    imap = user.imap()
    imap.select()
    search = imap.send('UID SORT RETURN (UPDATE COUNT) (SUBJECT) UTF-8 '
                       'OR BODY one BODY two')
    cancel = imap.send(f'CANCELUPDATE "{search.decode()}"')
    assert imap.finish(search).ok
    assert imap.finish(cancel).ok
    imap.must("NOOP")


def test_vf_13_sort_by_relevancy_is_not_updated(watcher):
    view = watcher.open("SORT", "(X-SCORE) UTF-8 ALL")
    assert refused(view) and sorted(view.results) == [1, 2, 3, 4]


# -- VF-08

@pytest.mark.parametrize("first,second", [
    ("SORT", "SEARCH"), ("SEARCH", "SORT"), ("SORT", "SORT")])
def test_vf_08_tag_in_use(watcher, actor, first, second):
    imap = watcher.imap
    programs = {"SORT": "(SUBJECT) UTF-8 ALL", "SEARCH": "ALL"}

    def command(name, options):
        imap.sock.sendall(f"same {name} RETURN ({options}) {programs[name]}"
                          "\r\n".encode())
        return imap.finish(b"same")
    assert command(first, "UPDATE").ok
    assert command(second, "UPDATE").status == "BAD"
    assert command(second, "COUNT").ok      # only UPDATE is refused
    actor.append("INBOX", mail())
    said = [line for line in imap.must("NOOP").untagged if b"ESEARCH" in line]
    assert len(said) == 1


# -- VF-09, VF-10

def test_vf_09_cancelupdate(watcher, actor):
    imap = watcher.imap
    tags = [watcher.open("SORT", NEW).tag, watcher.open("UID SORT", NEW).tag,
            watcher.open("SEARCH", "UNDELETED").tag]
    left = watcher.open("UID SEARCH", "UNDELETED")
    watcher.command("CANCELUPDATE", " ".join(f'"{tag}"' for tag in tags))
    for tag in tags:
        del watcher.contexts[tag]
    actor.append("INBOX", mail("aaa"))
    actor.must("STORE 2 +FLAGS.SILENT (\\Deleted)")
    actor.must("EXPUNGE")
    watcher.check()     # would trip over the others
    assert left.updates
    assert imap.cmd('CANCELUPDATE "none"').status in ("NO", "BAD")
    assert imap.cmd(f'CANCELUPDATE "{tags[0]}"').status in ("NO", "BAD")
    for args in ("", tags[0], '("x")'):
        assert imap.cmd("CANCELUPDATE", args).status == "BAD", args
    watcher.check()
    # the tag is free again
    imap.sock.sendall(f"{tags[0]} SORT RETURN (UPDATE) {NEW}\r\n".encode())
    assert imap.finish(tags[0].encode()).ok


@pytest.mark.parametrize("command", ["SELECT Trash", "EXAMINE INBOX",
                                     "UNSELECT", "CLOSE"])
def test_vf_10_ends_with_the_mailbox(watcher, actor, command):
    imap = watcher.imap
    old = watcher.open("SORT", NEW)
    watcher.open("SEARCH", "ALL")
    imap.must(command)
    imap.select()
    actor.append("INBOX", mail())
    actor.must("STORE 1 +FLAGS (\\Deleted)")
    said = imap.must("NOOP").untagged
    assert not any(b"ESEARCH" in line for line in said), said
    assert imap.cmd(f'CANCELUPDATE "{old.tag}"').status == "NO"
    watcher.contexts = {}
    watcher.exists = 5
    watcher.open("SORT", NEW)
    actor.append("INBOX", mail("aaa"))
    watcher.check()


# -- VF-11

@pytest.mark.parametrize("command", ["SEARCH", "SORT"])
def test_vf_11_sequence_numbers_once(watcher, actor, command):
    criteria = "2:3" if command == "SEARCH" else "(SUBJECT) UTF-8 2:3"
    view = watcher.open(f"UID {command}", criteria)
    assert sorted(view.results) == [2, 3]
    actor.must("STORE 1 +FLAGS (\\Deleted)")
    actor.must("EXPUNGE")
    actor.append("INBOX", mail("new"))
    watcher.command("NOOP")
    assert view.updates == []
    actor.must("STORE 1 +FLAGS (\\Deleted)")    # UID 2
    actor.must("EXPUNGE")
    watcher.command("NOOP")
    assert view.results == [3]


# -- VF-12

ATTS = "UPDATE (UID BODY.PEEK[HEADER.FIELDS (TO FROM SUBJECT)]) COUNT"


@pytest.mark.parametrize("command", ["SEARCH", "SORT"])
def test_vf_12_fetch_of_new_messages(watcher, actor, command):
    criteria = 'UNDELETED FROM "boss"'
    if command == "SORT":
        criteria = f"(SUBJECT) UTF-8 {criteria}"
    view = watcher.open(command, criteria, ATTS)
    assert view.answer == {"COUNT": "0"}
    actor.append("INBOX", mail("rise", sender="boss@remote.test"))
    actor.append("INBOX", mail("other"))
    actor.append("INBOX", mail("fall", sender="boss@remote.test"))
    said = [line for line in watcher.command("NOOP").untagged
            if not line.endswith(b"RECENT")]
    assert said[0] == b"* 7 EXISTS"
    # RFC 5465 5.2 and 7 disagree on what comes first of these
    fetched = [line for line in said if b" FETCH " in line]
    assert [re.match(rb"\* (\d+) FETCH \(UID \1 BODY\[HEADER.FIELDS",
                     line).group(1) for line in fetched] == [b"5", b"7"]
    assert b"Subject: rise" in fetched[0] and b"boss" in fetched[0]
    assert len(said) == 4 and b"ESEARCH" in said[1] + said[3]
    assert view.results == ([7, 5] if command == "SORT" else [5, 7])
    # not when a message joins by a flag
    actor.must("STORE 5 +FLAGS (\\Deleted)")
    actor.must("STORE 5 -FLAGS (\\Deleted)")
    actor.must("STORE 7 +FLAGS (\\Deleted)")
    watcher.command("NOOP")
    actor.must("STORE 7 -FLAGS (\\Deleted)")
    said = watcher.command("NOOP").untagged
    assert any(b"ADDTO" in line for line in said)
    assert not any(b"BODY" in line for line in said)


def test_vf_12_large_fetch_in_idle(watcher, actor):
    """More than a client's socket takes at once, in IDLE."""
    view = watcher.open("UID SORT", NEW, "UPDATE (BODY.PEEK[]) COUNT")
    view.results = [2, 4, 1, 3]
    other = watcher.open("SORT", "(REVERSE SUBJECT) UTF-8 ALL")
    tag = watcher.imap.send("IDLE")
    assert watcher.imap._line().startswith(b"+")
    body = ("x" * 70 + "\r\n") * 50000
    for name in ("big", "bigger"):
        actor.append("INBOX", mail(name, body=body))
    actor.must("STORE 1 +FLAGS (\\Deleted)")
    said = []
    while view.results != [2, 4, 5, 6, 3]:
        said.append(watcher.imap._line())
        watcher.feed(said[-1:])
    assert sum(len(line) > len(body) for line in said) == 2
    watcher.imap.sock.sendall(b"DONE\r\n")
    watcher.feed(watcher.imap.finish(tag).untagged)
    assert other.results[-1] == 2
    watcher.check()


# -- with NOTIFY

def test_vf_06_vf_12_with_notify(watcher, actor):
    """No command, not even IDLE. Bare Dovecot 2.3 misses what comes within a
    second of a command: so things happen until it is told."""
    view = watcher.open("SORT", NEW, "UPDATE (UID BODY.PEEK[]) ALL")
    watcher.command("NOTIFY SET (selected (MessageNew (UID FLAGS) "
                    "MessageExpunge FlagChange))")

    def told(change, update):
        wait.up(lambda: change() or
                select.select([watcher.imap.sock], [], [], 0.6)[0],
                10, f"{update} without a command")
        said = heard(watcher, update)
        watcher.feed(said)
        return said
    said = told(lambda: actor.append("INBOX", mail("blueberry")) and None,
                rb"ADDTO")
    assert any(b"BODY[]" in line for line in said)
    assert view.results[:3] == [2, 4, 5] and view.results[-2:] == [1, 3]

    def expunge():
        actor.must("STORE 1 +FLAGS (\\Deleted)")
        actor.must("EXPUNGE")
    told(expunge, rb"REMOVEFROM")
    watcher.check()


# -- E2E-3

def test_e2e_3_view_of_the_newest_unread(user, actor):
    """Twenty newest unread, by date; scroll; flags and mail move it."""
    for number in range(30):
        actor.append("INBOX", mail(f"n {number}", extra="X-Number: 1"))
    watcher = Watcher(user.imap())
    criteria = "(REVERSE DATE) UTF-8 UNSEEN UNDELETED"
    view = watcher.open("UID SORT", criteria,
                        "UPDATE COUNT CONTEXT PARTIAL 1:20")
    assert view.answer["COUNT"] == "30"
    response = watcher.command(
        f"UID SORT RETURN (PARTIAL 21:40) {criteria}")
    rest = items(response.untagged[0])[2]["PARTIAL"]
    # equal dates: as they came (RFC 5256 section 3)
    assert view.answer["PARTIAL"] == "(1:20 1:20)"
    assert rest == "(21:40 21:30)"
    view.results = list(range(1, 31))
    actor.must("UID STORE 7 +FLAGS (\\Seen)")
    user.deliver(mail("newest").replace(b"05 Jan 2026", b"05 Mar 2026"))
    watcher.check()
    assert view.results[:8] == [31, 1, 2, 3, 4, 5, 6, 8]
    assert view.updates[-2:] == [("REMOVEFROM", 7, [7]),
                                 ("ADDTO", 1, [31])]


# -- hostile clients

def test_bad_commands(watcher, actor):
    """An answer, and the session goes on as before."""
    view = watcher.open("UID SORT", NEW)
    for args in ("RETURN (UPDATE", "RETURN UPDATE (SUBJECT) UTF-8 ALL",
                 "RETURN (UPDATE UPDATE) (SUBJECT) UTF-8 ALL",
                 "RETURN (UPDATE (UID) UPDATE) (SUBJECT) UTF-8 ALL",
                 "RETURN (UPDATE (NOSUCH)) (SUBJECT) UTF-8 ALL",
                 'RETURN (UPDATE ("UID")) (SUBJECT) UTF-8 ALL',
                 "RETURN (UPDATED) (SUBJECT) UTF-8 ALL",
                 "RETURN (UPDATE) () UTF-8 ALL",
                 "RETURN (UPDATE) (REVERSE) UTF-8 ALL",
                 "RETURN (UPDATE) (COLOUR) UTF-8 ALL",
                 "RETURN (UPDATE) (SUBJECT)",
                 "RETURN (UPDATE) (SUBJECT) UTF-8",
                 "RETURN (UPDATE) (SUBJECT) UTF-8 COLOUR",
                 "RETURN (UPDATE) (SUBJECT) UTF-8 (" + "NOT " * 500 + "ALL",
                 b"RETURN (UPDATE) (SUBJECT) UTF-8 SUBJECT \xff\xfe",
                 b"RETURN (UPDATE) (\xc3\xa4) UTF-8 ALL"):
        assert watcher.imap.cmd("UID SORT", args).status == "BAD", args
    for args in ("RETURN (UPDATE) (SUBJECT) KLINGON ALL",
                 "RETURN (UPDATE) (SUBJECT) KLINGON SUBJECT x"):
        response = watcher.imap.cmd("UID SORT", args)
        assert response.status == "NO" and "[BADCHARSET" in response.text
    actor.append("INBOX", mail("aaa"))
    watcher.check()
    assert view.results[0] == 5 and len(watcher.contexts) == 1


def test_bad_sets(watcher, actor):
    """Huge criteria, 8-bit, and sets of what is not there. (Bare Dovecot
    forgets of UIDs in criteria those that are not there yet.)"""
    some = ",".join(str(n) for n in range(2, 4000, 2))
    views = [watcher.open("UID SORT", f"(SUBJECT) UTF-8 UID {some}"),
             watcher.open("UID SORT", "(SUBJECT) UTF-8 SUBJECT " +
                          " SUBJECT ".join(["a"] * 1000)),
             watcher.open("UID SORT", "(SUBJECT SUBJECT REVERSE SUBJECT FROM) "
                          "UTF-8 NOT SUBJECT apple")]
    imap = watcher.imap
    tag = imap.send("UID SORT RETURN (UPDATE ALL) (SUBJECT) UTF-8 NOT SUBJECT",
                    Literal("grün".encode()))
    assert imap.finish(tag).ok
    actor.append("INBOX", mail("=?utf-8?q?gr=C3=BCn?="))
    said = imap.must("NOOP").untagged
    watcher.feed(line for line in said if tag not in line)
    assert not any(b"ADDTO" in line and tag in line for line in said)
    watcher.check()
    assert [len(view.results) for view in views] == [2, 3, 4]
