"""IB-01, IB-02, IB-03, IB-14, IB-17, ST-37: what IDLE and NOTIFY tell of the
selected mailbox, and how soon; quick resync."""

import contextlib
import os
import re
import subprocess
import sys
import time

import pytest

from lemotest import wait
from lemotest.imap import quote
from lemotest.namespace import UIDS
from lemotest.server import doc_conf, dovecot_version
from test_presence import HIBERNATE, hibernating

# Seconds. Dovecot by itself is never sooner than half a second.
INSTANT = 0.3
TIMELY = 2
STORAGES = ["maildir", "sdbox", "mdbox"]

VIRTUAL = {"2.3": """
mail_plugins = $mail_plugins virtual
namespace virtual {
  prefix = virtual/
  separator = /
  location = virtual:~/virtual
}
""", "2.4": """
mail_plugins {
  virtual = yes
}
namespace virtual {
  prefix = virtual/
  separator = /
  mail_driver = virtual
  mail_path = ~/virtual
}
"""}[dovecot_version()]
# each write of the index begins a new log
ROTATE = """
mail_index_log_rotate_min_size = 1
mail_index_log_rotate_max_size = 1
mail_index_log_rotate_min_age = 0
mail_index_rewrite_min_log_bytes = 0
mail_index_rewrite_max_log_bytes = 1
"""


def watching(user, mailbox="INBOX"):
    session = user.imap()
    session.select(mailbox)
    session.idle()
    return session


def exists(session, count):
    return session.wait_line(rb"\* %d EXISTS" % count)


def least_delay(session, act):
    """Seconds from act() to EXISTS, in quiet times."""
    delays = []
    for n in (1, 2, 3):
        # longer than changes are gathered: no event says so
        time.sleep(1.2)
        act()
        begin = time.monotonic()
        exists(session, n)
        delays.append(time.monotonic() - begin)
    return min(delays)


# -- IDLE

def test_ib_01_delivery_is_told(user):
    session = watching(user)
    for n in (1, 2, 3):
        user.deliver()
        exists(session, n)
    answer = session.done()
    assert answer.ok
    assert session.must("UID SEARCH ALL").find(rb"SEARCH 1 2 3$")


def test_ib_01_done_is_answered_without_changes(user):
    session = watching(user)
    assert session.done().ok
    session.idle()
    assert session.done().ok


def test_ib_02_three_changes(user):
    for _ in range(3):
        user.deliver()
    session = watching(user)
    other = user.imap()
    other.select()
    other.must("STORE 1 +FLAGS (\\Flagged)")
    session.wait_line(rb"\* 1 FETCH \(FLAGS \([^)]*\\Flagged")
    other.must("STORE 2 +FLAGS.SILENT (\\Deleted)")
    other.must("EXPUNGE")
    session.wait_line(rb"\* 2 EXPUNGE")
    user.deliver()
    exists(session, 3)
    assert session.done().ok


def test_ib_02_with_uid_and_modseq(user):
    for _ in range(3):
        user.deliver()
    session = user.imap()
    session.must("ENABLE QRESYNC")
    session.select()
    session.idle()
    other = user.imap()
    other.select()
    other.must("STORE 1 +FLAGS (\\Flagged)")
    line = session.wait_line(rb"\* 1 FETCH ")
    assert all(part in line for part in (b"UID 1", b"MODSEQ (", b"\\Flagged"))
    other.must("STORE 2 +FLAGS.SILENT (\\Deleted)")
    other.must("EXPUNGE")
    assert session.wait_line(rb"\* VANISHED ").endswith(b" 2")
    user.deliver()
    exists(session, 3)
    assert session.done().ok


def test_st_37_in_a_timely_manner(user):
    assert least_delay(watching(user), user.deliver) < TIMELY


@pytest.mark.parametrize("storage", STORAGES)
def test_idle_is_instant(server, storage):
    user = server.user(storage)
    assert least_delay(watching(user), user.deliver) < INSTANT


def test_flag_change_is_instant(user):
    user.deliver()
    session, other = watching(user), user.imap()
    other.select()
    delays = []
    for sign in "+-+":
        time.sleep(1.2)
        other.must(f"STORE 1 {sign}FLAGS.SILENT (\\Flagged)")
        begin = time.monotonic()
        session.wait_line(rb"\* 1 FETCH ")
        delays.append(time.monotonic() - begin)
    assert min(delays) < INSTANT


@pytest.mark.parametrize("storage", STORAGES)
def test_burst_is_told_to_its_end(server, storage):
    user = server.user(storage)
    session = watching(user)
    for _ in range(30):
        user.deliver()
    exists(session, 30)
    assert session.done().ok
    # not a line for each of them
    told = [line for line in session.transcript if b" EXISTS" in line]
    assert len(told) < 30


def test_index_log_that_is_replaced(make_server):
    """Dovecot itself watches the old one on, and looks every half minute."""
    server = make_server(ROTATE, notifier=False)
    user = server.user("sdbox")
    session = watching(user)
    log = f"{user.home}/sdbox/mailboxes/INBOX/dbox-Mails/dovecot.index.log"
    logs = set()
    begin = time.monotonic()
    for n in range(1, 7):
        logs.add(os.stat(log).st_ino)
        user.deliver()
        exists(session, n)
    assert len(logs) > 2
    assert time.monotonic() - begin < 10


def test_mailbox_deleted_while_watched(user):
    user.session.must("CREATE Work")
    session = watching(user, "Work")
    user.session.must("DELETE Work")
    with contextlib.suppress(EOFError, ConnectionError):
        session.done()
        session.cmd("NOOP")
    assert user.imap().cmd("SELECT Work").status == "NO"


def test_mailbox_renamed_while_watched(user):
    user.session.must("CREATE Work")
    session = watching(user, "Work")
    user.session.must("RENAME Work Play")
    mail = b"Subject: x\r\n\r\nx\r\n"
    assert user.session.append("Play", mail).ok
    with contextlib.suppress(EOFError, ConnectionError):
        session.done()
        session.cmd("NOOP")
    assert user.imap().must("SELECT Play").find(rb"\* 1 EXISTS")


def test_shared_mailbox(server):
    owner, reader = server.user(), server.user()
    owner.session.must("CREATE Box")
    owner.session.must("SETACL", "Box", quote(reader.name), "lrs")
    session = watching(reader, f"shared/{owner.name}/Box")
    mail = b"Subject: x\r\n\r\nx\r\n"
    assert least_delay(
        session, lambda: owner.session.append("Box", mail)) < INSTANT


@pytest.mark.parametrize("boxes", ["INBOX", "INBOX\nSent"])
def test_virtual_mailbox(make_server, tmp_path, boxes):
    first = tmp_path / "virtual.conf"
    first.write_text(VIRTUAL)
    server = make_server(includes=[first, *doc_conf()], notifier=False)
    user = server.user()
    box = f"{user.home}/virtual/All"
    os.makedirs(box)
    with open(f"{box}/dovecot-virtual", "w", encoding="ascii") as f:
        f.write(f"{boxes}\n  all\n")
    subprocess.run(["chown", "-R", str(user.uid), f"{user.home}/virtual"],
                   check=True)
    session = watching(user, "virtual/All")
    for n in (1, 2, 3):
        user.deliver()
        exists(session, n)
    assert session.done().ok
    session.must('NOTIFY SET (SELECTED (MessageNew MessageExpunge))')
    session.must("UNSELECT")


HOG = """
import ctypes, os, sys
os.setuid(int(sys.argv[1]))
inotify_init = ctypes.CDLL(None).inotify_init
while inotify_init() != -1:
    pass
print(flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def no_inotify(uid):
    """The system user has no instance left."""
    with subprocess.Popen([sys.executable, "-c", HOG, str(uid)],
                          stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as hog:
        try:
            assert hog.stdout.readline()
            yield
        finally:
            hog.stdin.close()


def test_without_inotify_dovecot_polls(make_server):
    server = make_server("mailbox_idle_check_interval = 1s\n", notifier=False)
    user = server.user(name="lemobob")
    server.log.expect("Inotify instance limit")
    with no_inotify(UIDS["lemobob"]):
        session = watching(user)
        user.deliver()
        exists(session, 1)
        assert session.done().ok
    assert len(server.log.lines("Increase /proc/sys/fs/inotify")) == 1


# -- keepalive

def doveconf(server, name):
    return subprocess.run(
        ["doveconf", "-c", server.conf_file, "-h", name], check=True,
        capture_output=True, text=True).stdout.strip()


def test_ib_03_default_is_below_two_hours(server):
    count, unit = re.fullmatch(r"(\d+) ?([a-z]+)",
                               doveconf(server, "imap_idle_notify_interval")
                               ).groups()
    assert unit.startswith("min") and 0 < int(count) < 120


def test_ib_03_still_here(make_server):
    server = make_server("imap_idle_notify_interval = 1s\n", notifier=False)
    session = watching(server.user())
    for _ in range(2):
        session.wait_line(rb"\* OK Still here")
    assert session.done().ok


# -- NOTIFY

def test_ib_14_idle_tells_what_notify_chose(user):
    user.session.must("CREATE Other")
    session = user.imap()
    session.select()
    session.must("NOTIFY SET (mailboxes Other (MessageNew MessageExpunge))")
    session.idle()
    user.deliver()
    # what is told later shows that there was time
    mail = b"Subject: x\r\n\r\nx\r\n"
    assert user.session.append("Other", mail).ok
    session.wait_line(rb'\* STATUS "?Other"? ')
    answer = session.done()
    assert answer.ok
    at = session.transcript.index(b"S: + idling\r\n")
    assert not [line for line in session.transcript[at:] if b"EXISTS" in line]


def test_ib_14_idle_tells_of_selected(user):
    session = user.imap()
    session.select()
    session.must("NOTIFY SET (selected (MessageNew MessageExpunge))")
    session.idle()
    user.deliver()
    exists(session, 1)
    assert session.done().ok


NOTIFY_SELECTED = "NOTIFY SET (selected (MessageNew MessageExpunge))"


@pytest.mark.parametrize("after", [0, 0.7])
def test_notify_tells_what_came_soon_after_a_command(user, after):
    """Dovecot 2.3 told of it with the next change only."""
    session = user.imap()
    session.select()
    session.must(NOTIFY_SELECTED)
    for n in (1, 2, 3):
        time.sleep(after)
        user.deliver()
        exists(session, n)
        session.must("NOOP")


def test_notify_is_instant(user):
    session = user.imap()
    session.select()
    session.must(NOTIFY_SELECTED)
    # the first is late: Dovecot begins to watch a second after the command
    assert least_delay(session, user.deliver) < INSTANT


def test_notify_and_commands_at_any_moment(user):
    """Commands come while a change is about to be told."""
    session = user.imap()
    session.select()
    session.must(NOTIFY_SELECTED)
    for n in range(1, 13):
        time.sleep(0.13 * (n % 9))
        user.deliver()
        if n % 6 == 0:
            session.idle()
            assert session.done().ok
        elif n % 6 == 1:
            session.must("NOTIFY NONE")
            session.must(NOTIFY_SELECTED)
        elif n % 6 == 2:
            session.select()
        else:
            session.must("UID FETCH 1:* (FLAGS)")
    user.deliver()
    wait.up(lambda: session.must("NOOP") and
            b"S: * 13 EXISTS\r\n" in session.transcript, 5, "all are told")


# -- hibernation

def test_change_shortly_before_hibernation(make_server):
    """Dovecot sleeps over what it has not told yet."""
    server = make_server(HIBERNATE, notifier=False)
    user = server.user("sdbox")
    session = watching(user)
    for n, after in enumerate((0.6, 0.8, 0.9, 0.95, 1.0), 1):
        time.sleep(after)
        user.deliver()
        begin = time.monotonic()
        exists(session, n)
        assert time.monotonic() - begin < 5
    wait.until(lambda: hibernating(server, user), 10, "it hibernates")
    user.deliver()
    exists(session, 6)
    assert session.done().ok


# -- quick resync

def test_ib_17_quick_resync(user):
    for n in range(5):
        user.deliver(subject=f"mail {n}")
    phone = user.imap()
    answer = phone.must("SELECT INBOX (CONDSTORE)")
    validity = answer.find(rb"UIDVALIDITY (\d+)").group(1).decode()
    modseq = answer.find(rb"HIGHESTMODSEQ (\d+)").group(1).decode()
    phone.logout()
    other = user.imap()
    other.select()
    other.must("STORE 2 +FLAGS.SILENT (\\Flagged)")
    other.must("STORE 4 +FLAGS.SILENT (\\Deleted)")
    other.must("EXPUNGE")
    user.deliver(subject="mail 5")
    phone = user.imap()
    resync = f"SELECT INBOX (QRESYNC ({validity} {modseq} 1:10))"
    phone.must("ENABLE QRESYNC")
    answer = phone.must(resync)
    fetched = [line for line in answer.untagged if b" FETCH (" in line]
    assert sorted(re.search(rb"UID (\d+)", line).group(1)
                  for line in fetched) == [b"2", b"6"]
    assert all(b"MODSEQ (" in line for line in fetched)
    assert answer.find(rb"VANISHED \(EARLIER\) 4$")
    assert answer.find(rb"\* 5 EXISTS")
    # nothing known of another mailbox of that name
    phone.must("UNSELECT")
    answer = phone.must(resync.replace(validity, str(int(validity) + 1)))
    assert not answer.find(rb"VANISHED") and not answer.find(rb" FETCH \(")


def test_ib_17_resync_wants_enable(user):
    session = user.imap()
    answer = session.cmd("SELECT INBOX (QRESYNC (1 1))")
    assert answer.status == "BAD"


