"""The hand-off seen from the notifier's side: a stand-in shows the lines and
answers as told. NF-09 (nothing delays mail), EV rows on the wire."""

import json
import os
import shutil
import subprocess
import time

import pytest

from lemotest import wait
from lemotest.namespace import UIDS
from lemotest.server import is_24
from lemotest.users import PUSH, deliver, message
from lemotest.wire import FakeNotifier, parse_line

NO_SERVICE = "protocols = imap lmtp sieve\n"


@pytest.fixture
def stand_in(make_server, request):
    """A server without its notifier; the stand-in is at .fake."""
    server = make_server(NO_SERVICE, notifier=False,
                         **getattr(request, "param", {}))
    os.makedirs(f"{server.state_dir}/spool", exist_ok=True)
    os.chmod(server.state_dir, 0o711)
    os.chown(f"{server.state_dir}/spool", UIDS["lemonade"],
             UIDS["lemonade"])
    os.chmod(f"{server.state_dir}/spool", 0o3733)
    server.fake = FakeNotifier(f"{server.base}/run/lemonade-notify")
    server.log.expect("Warning: .*lemonade: ")
    yield server
    server.fake.close()


def device(user, name="phone", **fields):
    value = {"channel": "log", **fields}
    assert user.set_device(name, value).ok
    return value


def new_events(server, count):
    return wait.until(
        lambda: len(found := server.fake.events("MessageNew")) >= count and
        found, 5, f"{count} lines")


def spooled(server):
    directory = f"{server.state_dir}/spool"
    return sorted(n for n in os.listdir(directory) if not n.startswith("."))


def verdicts(event):
    return {d[0]: d[1] for d in event["devices"]}


def test_nf_09_line_of_a_delivery(stand_in):
    user = stand_in.user()
    value = device(user)
    user.deliver()
    event = new_events(stand_in, 1)[0]
    assert len(event["vnd.lemonade.id"]) == 32
    assert event["user"] == user.name
    assert event["devices"][0][:2] == ["phone", "match"]
    assert json.loads(event["devices"][0][2]) == value
    assert event["vnd.lemonade.uid"] == "1"
    assert spooled(stand_in) == []


def test_nf_09_no_device_no_line(stand_in):
    user = stand_in.user()
    user.deliver()
    user.session.append("INBOX", message())
    assert stand_in.fake.connections == 0
    device(user)
    user.deliver()
    assert len(new_events(stand_in, 1)) == 1


def test_nf_01_every_device_has_its_verdict(stand_in):
    """match, or the first condition that failed, in the order of
    lemo-event.h."""
    user = stand_in.user()
    device(user, "all")
    device(user, "off", disabled=True, filter="SUBJECT nothing")
    device(user, "old", expires="2020-01-01T00:00:00Z")
    device(user, "appends", events="(personal (MessageAppend))")
    device(user, "filtered", filter="SUBJECT nothing")
    user.session.must("CREATE", "Lists")
    device(user, "other", events="(mailboxes Lists (MessageNew))")
    user.deliver()
    event = new_events(stand_in, 1)[0]
    assert verdicts(event) == {
        "all": "match", "off": "disabled", "old": "expired",
        "appends": "events", "filtered": "filter", "other": "events"}
    for entry in event["devices"]:
        assert (len(entry) == 3) == (entry[1] == "match")
    user.deliver(message(sender=user.name))
    assert verdicts(new_events(stand_in, 2)[1])["all"] == "own"


def test_nf_01_events_are_read_from_metadata_each_time(stand_in):
    """Another session's change counts at the next delivery."""
    user = stand_in.user()
    device(user)
    user.deliver()
    with user.imap() as other:
        other.setmetadata(user.entry("phone"), json.dumps(
            {"channel": "log", "filter": "SUBJECT nothing"}))
    user.deliver()
    events = new_events(stand_in, 2)
    assert [verdicts(e)["phone"] for e in events] == ["match", "filter"]


def test_nf_09_device_lines(stand_in):
    """Setting and removing a device is told, waited for, spooled if need
    be."""
    user = stand_in.user()
    value = device(user)
    event = wait.until(lambda: stand_in.fake.events(
        "vnd.lemonade.DeviceSet"), 5, "DeviceSet")[0]
    assert event["devices"][0][:2] == ["phone", "match"]
    assert json.loads(event["devices"][0][2]) == value
    assert user.set_device("phone", None).ok
    event = wait.until(lambda: stand_in.fake.events(
        "vnd.lemonade.DeviceUnset"), 5, "DeviceUnset")[0]
    assert event["devices"][0][0] == "phone"
    stand_in.fake.answer = lambda _: None
    device(user)
    assert len(spooled(stand_in)) == 1


def test_nf_09_status_is_waited_for_once(stand_in):
    """The notifier hangs, and a client looks at all its devices."""
    user = stand_in.user()
    for n in range(3):
        device(user, f"d{n}")
    found = user.session.getmetadata_all(PUSH)
    assert [json.loads(found[f"{PUSH}/d{n}/status"]) for n in range(3)] == \
        [{"unavailable": True}] * 3
    assert len([line for line in stand_in.fake.lines
                if line.startswith("STATUS")]) == 1


@pytest.mark.parametrize("stand_in", [{"lemonade_handoff_timeout": "5 s"}],
                         indirect=True, ids=["patient"])
def test_nf_09_many_lines_of_one_transaction(stand_in):
    """The peer reads no more while its answers are not taken: they are, and
    all lines come in order. The time is for a slow peer, in Python."""
    user = stand_in.user("sdbox")
    user.session.append("INBOX", message())
    user.session.select()
    for _ in range(10):
        user.session.must("COPY", "1:*", "INBOX")
        user.session.must("NOOP")
    device(user, events="(mailboxes Sent (MessageAppend))")
    user.session.must("COPY", "1:*", "Sent")
    assert spooled(stand_in) == []
    assert [int(e["vnd.lemonade.uid"]) for e in stand_in.fake.events(
        "MessageAppend")] == list(range(1, 1025))


def test_nf_09_silent_notifier_does_not_delay(stand_in):
    """Never an answer: the first waits 50 ms, then a breaker spools at
    once; every event is in the spool, exactly one line each."""
    user = stand_in.user("sdbox")
    device(user)
    stand_in.fake.answer = lambda _: None
    times = [user.deliver(subject=f"n{n}") for n in range(20)]
    assert max(times) < 1
    assert sorted(times)[10] < 0.05
    names = spooled(stand_in)
    assert len(names) == 20
    seen = set()
    for name in names:
        path = f"{stand_in.state_dir}/spool/{name}"
        stat = os.stat(path)
        assert stat.st_mode & 0o777 == 0o640
        assert stat.st_uid == user.uid
        with open(path, encoding="utf-8") as f:
            text = f.read()
        assert text.count("\n") == 1 and text.endswith("\n")
        event = parse_line(text.rstrip("\n"))
        assert name.startswith(event["vnd.lemonade.id"] + ".")
        seen.add(event["vnd.lemonade.uid"])
    assert len(seen) == 20


def test_nf_09_late_answers_are_not_confused(stand_in):
    """An answer after the time-out does not acknowledge the next event."""
    user = stand_in.user()
    device(user)

    def slow(event_id):
        time.sleep(0.3)
        return f"OK\t{event_id}"
    stand_in.fake.answer = slow
    user.deliver(subject="late")
    assert len(spooled(stand_in)) == 1
    stand_in.fake.answer = lambda _: None
    time.sleep(0.4)         # the late OK is there now, unread
    user.deliver(subject="never")
    assert len(spooled(stand_in)) == 2


@pytest.mark.parametrize("answer", [
    "garbage", "OK", "OK\t", "OK\twrong-id", "OK\t" + "0" * 32, "\0\1\2",
    "x" * 70000, "NO", "STATUS\t{}"],
    ids=lambda a: repr(a)[:12])
def test_nf_09_nonsense_answers(stand_in, answer):
    """What is no acknowledgement of this event does not count as one."""
    user = stand_in.user()
    device(user)
    stand_in.log.expect("lemonade")
    stand_in.fake.answer = lambda _: answer
    assert user.deliver() < 1
    assert len(spooled(stand_in)) == 1


def test_nf_09_refused_for_good(stand_in):
    """NO is final: not spooled, said once, mail is delivered."""
    user = stand_in.user()
    device(user)
    stand_in.log.expect("lemonade")
    stand_in.fake.answer = lambda i: f"NO\t{i}\tlimit\tToo many events"
    for _ in range(5):
        assert user.deliver() < 1
    assert spooled(stand_in) == []
    lines = stand_in.log.lines("Too many events")
    assert 1 <= len(lines) <= 5


def test_nf_09_connection_closed_meanwhile(stand_in):
    """A cached connection at its end is no reason to wait or to spool."""
    user = stand_in.user()
    device(user)
    user.deliver()
    new_events(stand_in, 1)
    path = f"{stand_in.base}/run/lemonade-notify"
    stand_in.fake.close()
    stand_in.fake = FakeNotifier(path)
    user.deliver()
    assert len(new_events(stand_in, 1)) == 1


def test_nf_09_ids_are_stable(stand_in):
    """Two events never share an id."""
    user = stand_in.user()
    device(user, events="(personal (MessageNew MessageAppend FlagChange))")
    for n in range(3):
        user.deliver(subject=f"n{n}")
    user.session.append("INBOX", message())
    user.session.select()
    for flag in ("\\Flagged", "\\Seen", "$Forwarded"):
        user.session.must("STORE", "1:3", "+FLAGS", f"({flag})")
        user.session.must("STORE", "1:3", "-FLAGS", f"({flag})")
    ids = [e["vnd.lemonade.id"] for e in stand_in.fake.events()]
    assert len(ids) == len(set(ids)) >= 10


def test_nf_09_ids_are_of_the_facts(stand_in):
    """Another process makes the same id of the same event: the delivery is
    undone in the files, and repeated by dovecot-lda."""
    user = stand_in.user()
    device(user)
    user.deliver()
    subprocess.run(["cp", "-a", f"{user.home}/Maildir",
                    f"{user.home}/before"], check=True)
    user.deliver()
    shutil.rmtree(f"{user.home}/Maildir")
    os.rename(f"{user.home}/before", f"{user.home}/Maildir")
    assert stand_in.lda(user, message()).returncode == 0
    events = new_events(stand_in, 3)
    assert [e["vnd.lemonade.uid"] for e in events] == ["1", "2", "2"]
    ids = [e["vnd.lemonade.id"] for e in events]
    assert ids[0] != ids[1] == ids[2]


def test_nf_09_several_recipients(stand_in):
    users = [stand_in.user(), stand_in.user("sdbox"), stand_in.user()]
    for user in users[:2]:
        device(user)
    deliver(stand_in, [u.name for u in users], message())
    events = new_events(stand_in, 2)
    assert sorted(e["user"] for e in events) == \
        sorted(u.name for u in users[:2])


def test_ev_06_one_line_a_transaction_and_type(stand_in):
    user = stand_in.user()
    device(user, events="(personal (FlagChange MessageExpunge))")
    for _ in range(100):
        user.session.append("INBOX", b"Subject: x\r\n\r\nx\r\n")
    user.session.select()
    user.session.must("STORE", "1:100", "+FLAGS.SILENT",
                      "(\\Flagged \\Deleted)")
    user.session.must("EXPUNGE")
    names = [e["vnd.lemonade.event"] for e in stand_in.fake.events()]
    assert names.count("FlagsSet") == 1
    assert names.count("MessageTrash") == 1
    assert names.count("MessageExpunge") == 1
    for event in stand_in.fake.events("MessageExpunge"):
        assert event["uidset"] == "1:100"


@pytest.mark.parametrize("storage", ["maildir", "sdbox"])
def test_ev_01_replication_is_silent(stand_in, storage):
    user = stand_in.user(storage)
    device(user, events="(personal (MessageNew MessageAppend MessageExpunge "
           "FlagChange))")
    user.session.append("INBOX", message())
    where = f"{storage}:{user.home}/Copy"
    stand_in.doveadm("backup", "-u", user.name, where, check=True)
    before = len(stand_in.fake.lines)
    stand_in.doveadm("sync", "-u", user.name, where, check=True)
    # a change at the other side comes back by replication
    opts = (["-o", "mail_driver=" + storage, "-o",
             f"mail_path={user.home}/Copy"] if is_24()
            else ["-o", f"mail_location={where}"])
    stand_in.doveadm(*opts, "-o", "mail_plugins=", "flags", "add", "-u",
                     user.name, "\\Flagged", "mailbox", "INBOX", "ALL",
                     check=True)
    stand_in.doveadm("sync", "-u", user.name, where, check=True)
    with user.imap() as imap:
        imap.select()
        assert imap.must("FETCH", "1", "(FLAGS)").find(rb"\\Flagged")
    new = [line for line in stand_in.fake.lines[before:]
           if line.startswith("EVENT")]
    assert new == []


def test_ev_01_doveadm_save_and_move_are_events(stand_in):
    user = stand_in.user()
    device(user, events="(personal (MessageNew MessageAppend "
           "MessageExpunge MessageExpire))")
    stand_in.doveadm("save", "-u", user.name,
                     stdin=message(subject="saved").decode(), check=True)
    stand_in.doveadm("move", "-u", user.name, "Sent", "mailbox", "INBOX",
                     "ALL", check=True)
    stand_in.doveadm("copy", "-u", user.name, "INBOX", "mailbox", "Sent",
                     "ALL", check=True)
    events = [(e["vnd.lemonade.event"], e["vnd.lemonade.mailbox"])
              for e in stand_in.fake.events()
              if not e["vnd.lemonade.event"].startswith("vnd.")]
    assert events == [("MessageNew", "INBOX"), ("MessageNew", "Sent"),
                      ("MessageExpunge", "INBOX"),
                      ("MessageAppend", "INBOX")]


def test_nf_08_acl_at_every_event(stand_in):
    """A mailbox that the user may no longer read rings no more."""
    user = stand_in.user()
    user.session.must("CREATE", "Team")
    device(user, events="(personal (MessageNew MessageAppend))")
    user.session.append("Team", message())
    wait.until(lambda: stand_in.fake.events("MessageAppend"), 5, "line")
    with open(f"{user.home}/Maildir/.Team/dovecot-acl", "w",
              encoding="ascii") as f:
        f.write("owner lip\n")
    user.forget_session()
    user.session.append("Team", message())
    events = stand_in.fake.events("MessageAppend")
    assert len(events) == 1 or verdicts(events[1])["phone"] == "acl"
