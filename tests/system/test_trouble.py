"""Outbox and notifier in trouble: mail goes on, events wait in the spool, the
admin sees it in `status` and in the log, and nothing acknowledged is lost.

NF-09 and PL-06 in their harder forms.
"""

import contextlib
import os
import signal
import sqlite3
import subprocess
import time

import pytest

import conftest
from lemotest import namespace, wait
from lemotest.feed import Feed
from lemotest.users import deliver, deliver_patiently, message
from lemotest.wire import VERSION
from test_presence import presence_line, saying

FAST = 1.0


@pytest.fixture
def troubled(make_server, endpoints, run_dir):
    """A server of one test, with a feed that tells every event."""
    feed = Feed(endpoints.new("feed"), run_dir)
    server = make_server(**feed.settings("MessageNew"))
    server.feed = feed
    server.log.expect("lemonade")
    return server


def spool_files(server):
    return [n for n in os.listdir(f"{server.state_dir}/spool")
            if not n.startswith(".")]


def uids(events):
    return sorted(e["vnd.lemonade.uid"] for e in events)


def stored(user):
    """An attempt that broke off may have been stored, too. A login that a
    reload cut off is made again, as a client does."""
    def ask():
        try:
            return user.session.must("STATUS", "INBOX", "(MESSAGES)")
        except (EOFError, OSError):
            user.forget_session()
            return None
    return int(wait.until(ask, 5, "login after the reload")
               .find(rb"MESSAGES (\d+)").group(1))


def all_arrived(server, user, count, timeout=15):
    """Every message once, each under one id."""
    feed = server.feed
    wait.until(lambda: len({e["vnd.lemonade.uid"] for e in
                            feed.events(user)}) >= count, timeout,
               f"{count} events of {user.name}")
    assert uids(feed.events(user)) == list(range(1, count + 1))
    wait.until(lambda: not spool_files(server), 5, "the spool is drained")


def test_nf_09_stopped_notifier(troubled, endpoints):
    """SIGSTOP: connections are accepted, nothing is answered."""
    user, endpoint = troubled.user(), endpoints.new()
    user.register(endpoint)
    pid = troubled.notifier_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        times = [user.deliver(subject=f"n{n}") for n in range(20)]
        assert max(times) < FAST
        assert sorted(times)[10] < 0.2      # the breaker: not 20 time-outs
        assert spool_files(troubled)
    finally:
        os.kill(pid, signal.SIGCONT)
    all_arrived(troubled, user, 20)
    wait.until(lambda: endpoint.pushes()[-1].data["messages"] == 20, 10,
               "the phone knows the last state")


def test_nf_09_stopped_notifier_store(troubled, endpoints):
    """STORE, APPEND and EXPUNGE do not wait for it either."""
    user, endpoint = troubled.user(), endpoints.new()
    user.register(endpoint, events="(personal (MessageAppend MessageExpunge "
                  "FlagChange))")
    imap = user.session
    pid = troubled.notifier_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        start = time.monotonic()
        for n in range(10):
            imap.append("INBOX", message(subject=f"n{n}"))
        imap.select()
        imap.must("STORE", "1:5", "+FLAGS", "(\\Flagged \\Deleted)")
        imap.must("EXPUNGE")
        assert time.monotonic() - start < 3
    finally:
        os.kill(pid, signal.SIGCONT)
    endpoint.wait(1, timeout=10)


@contextlib.contextmanager
def stopped(server):
    """The notifier is: what comes is spooled."""
    pid = server.notifier_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
        assert spool_files(server)
    finally:
        os.kill(pid, signal.SIGCONT)


def test_ev_15_feed_order_over_spool(make_server, endpoints, run_dir):
    """What is in the spool is older than what comes by socket after it."""
    feed = Feed(endpoints.new("feed"), run_dir)
    server = make_server(**feed.settings("MessageNew MessageAppend"))
    server.log.expect("lemonade")
    user = server.user()
    count = 0
    for _ in range(3):
        assert user.session
        with stopped(server):
            for n in range(8):
                user.deliver(subject=f"spool{n}")
        for n in range(2):
            user.session.append("INBOX", message(subject=f"socket{n}"))
        count += 10
        wait.until(lambda: len(feed.events(user)) >= count, 10, "all events")
        assert [e["vnd.lemonade.uid"] for e in feed.events(user)] == \
            list(range(1, count + 1))


def test_nf_09_removed_device_stays_silent(troubled, endpoints):
    """An event that lies in the spool is older than the removal: it neither
    rings the device nor brings it back."""
    user, endpoint = troubled.user(), endpoints.new()
    user.register(endpoint)
    assert user.session.must("NOOP")
    with stopped(troubled):
        user.deliver()
    assert user.set_device("phone", None).ok
    wait.until(lambda: not spool_files(troubled), 5, "the spool is drained")
    wait.never(endpoint.pushes, 0.5, "a push to a device that is gone")
    assert user.name not in str(troubled.rows("lemonade", "device", "list",
                                              "-u", user.name))


@pytest.mark.parametrize("how", ["kill", "term", "reload", "restart"])
def test_nf_09_nothing_is_lost(troubled, how):
    """What LMTP acknowledged before, during and after arrives once."""
    user = troubled.user()
    troubled.feed.endpoint.tell("delay=0.2")    # keep some in the outbox
    for n in range(10):
        user.deliver(subject=f"before{n}")
    pid = troubled.notifier_pid()
    if how == "kill":
        os.kill(pid, signal.SIGKILL)
    elif how == "term":
        os.kill(pid, signal.SIGTERM)
    elif how == "reload":
        troubled.reload()
    else:
        troubled.restart()
    for n in range(10):
        deliver_patiently(troubled, user, message(subject=f"after{n}"))
    troubled.feed.endpoint.tell("")
    assert stored(user) >= 20
    all_arrived(troubled, user, stored(user))
    assert troubled.notifier_pid() != pid


def test_nf_09_reload_with_pushes_in_flight(troubled, endpoints):
    """A request that is cut is made again, under the same id."""
    user, endpoint = troubled.user(), endpoints.new()
    user.register(endpoint)
    endpoint.tell("silent")
    user.deliver()
    first = endpoint.wait(1)[0]
    endpoint.tell("")
    troubled.reload()
    second = endpoint.wait(2, timeout=10)[1]
    assert second.id == first.id


def test_nf_09_upgrade_keeps_outbox(troubled):
    """Stopped with rows in the outbox, started again: they are sent."""
    user = troubled.user()
    troubled.feed.endpoint.tell("status=503,retry-after=1")
    for n in range(5):
        user.deliver(subject=f"n{n}")
    troubled.feed.endpoint.sink.wait(1, path=troubled.feed.endpoint.path)
    troubled.stop()
    troubled.feed.endpoint.tell("")
    troubled.start()
    all_arrived(troubled, user, 5)


def replace_outbox(server, version):
    """While the server is stopped: a file with nothing but a version."""
    path = f"{server.state_dir}/outbox.sqlite"
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(path + suffix):
            os.unlink(path + suffix)
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = wal")
    # VACUUM writes the header also of a file without tables
    db.execute(f"PRAGMA user_version = {version}")
    db.execute("VACUUM")
    db.close()
    os.chmod(path, 0o600)
    os.chown(path, namespace.UIDS["lemonade"], namespace.UIDS["lemonade"])
    return path


def test_nf_09_older_schema_is_migrated(troubled):
    """From version 0, an empty file: there is only one step so far."""
    user = troubled.user()
    troubled.stop()
    path = replace_outbox(troubled, 0)
    troubled.start()
    user.deliver()
    troubled.feed.wait(user)
    db = sqlite3.connect(path)
    version = db.execute("PRAGMA user_version").fetchone()[0]
    tables = {row[0] for row in db.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table'")}
    db.close()
    assert version >= 1
    assert tables >= {"meta", "seen", "device", "pending", "feed", "rang"}


def test_nf_09_newer_schema_is_refused(troubled):
    """Of a later Lemonade: left as it is, status and log say so, events wait
    in the spool until the admin has moved it away."""
    user = troubled.user()
    troubled.stop()
    path = replace_outbox(troubled, 99)
    with open(path, "rb") as f:
        before = f.read()
    troubled.start()
    for n in range(5):
        assert user.deliver(subject=f"n{n}") < FAST
    wait.until(lambda: spool_files(troubled), 5, "events are spooled")
    row = status(troubled)
    assert row["outbox_state"] != "ok"
    assert "newer version" in row["outbox_state"] + row["last_error"]
    lines = troubled.log.wait("newer version of Lemonade")
    assert path in lines[0] and "99" in lines[0]
    assert not troubled.feed.events(user)
    with open(path, "rb") as f:
        assert f.read() == before
    os.rename(path, path + ".newer")
    all_arrived(troubled, user, 5, 30)
    assert status(troubled)["outbox_state"] == "ok"


def test_nf_09_outbox_sync_full(make_server, endpoints, run_dir):
    """lemonade_outbox_sync = full: by socket and by spool."""
    feed = Feed(endpoints.new("feed"), run_dir)
    server = make_server(lemonade_outbox_sync="full",
                         **feed.settings("MessageNew"))
    server.feed = feed
    server.log.expect("lemonade")
    user = server.user()
    user.deliver()
    feed.wait(user)
    pid = server.notifier_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        user.deliver()
        assert spool_files(server)
    finally:
        os.kill(pid, signal.SIGCONT)
    all_arrived(server, user, 2)


def uids_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return {int(uid) for line in f if line.startswith("Uid:")
                for uid in line.split()[1:]}


def test_nf_09_own_user_and_modes(troubled):
    """The service is not root, its state is its own."""
    pid = troubled.notifier_pid()
    wait.until(lambda: uids_of(pid) == {namespace.UIDS["lemonade"]}, 2,
               "root is dropped")
    for name in os.listdir(troubled.state_dir):
        if name == "spool":
            continue
        stat = os.stat(f"{troubled.state_dir}/{name}")
        # public keys are for mail processes to publish
        public = 0o044 if name == "vapid.pub" else 0
        assert stat.st_mode & 0o077 == public, name
        assert stat.st_uid == namespace.UIDS["lemonade"], name
    mode = os.stat(f"{troubled.base}/run/lemonade-notify-admin").st_mode
    assert mode & 0o777 == 0o600


def test_nf_09_killed_mail_process(troubled):
    """lmtp killed after the 250: its event is kept."""
    user = troubled.user()
    for n in range(10):
        user.deliver(subject=f"n{n}")
        for pid in troubled.pids("lmtp"):
            troubled.signal(pid, signal.SIGKILL)
    troubled.log.expect("lmtp")
    all_arrived(troubled, user, 10)


# -- the file system in trouble

@pytest.fixture
def small_disk(run_dir, endpoints):
    """The outbox on 2 MB of its own; the spool on the big disk."""
    feed = Feed(endpoints.new("feed"), run_dir)
    name = f"disk-{os.urandom(2).hex()}"
    state = f"{run_dir}/{name}-state"
    spool = f"{run_dir}/{name}-spool"
    os.mkdir(state)
    os.mkdir(spool)
    namespace.tmpfs(state, "2m")
    os.mkdir(f"{state}/spool")
    namespace.bind(spool, f"{state}/spool")
    server = conftest.start(run_dir, endpoints, name, {
        "lemonade_state_dir": state, **feed.settings("MessageNew")})
    server.state_dir, server.feed = state, feed
    server.log.expect("lemonade")
    try:
        yield server
    finally:
        conftest.stop(server)
        namespace.umount(f"{state}/spool")
        namespace.umount(state)


def status(server):
    return server.rows("lemonade", "status")[0]


def fill_disk(directory):
    path = f"{directory}/ballast"
    with open(path, "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"x" * 65536)
        except OSError:
            pass
        try:
            while True:
                f.write(b"x" * 512)
        except OSError:
            pass
    return path


def seen_and_repaired(server, user, repair, words):
    """Mail goes on, the events wait in the spool, status and log say so;
    after the repair they arrive."""
    row = {}
    for n in range(60):
        assert user.deliver(message(subject=f"n{n}" + "x" * 200)) < FAST
        row = status(server)
        if row["outbox_state"] != "ok" and row["spool_files"] != "0":
            break
    assert row["outbox_state"] != "ok"
    assert row["last_error"]
    assert int(row["spool_files"]) >= 1
    assert server.log.wait(f"(?i){words}", timeout=10)
    assert len(server.log.lines(f"(?i){words}")) <= 5   # not one a mail
    repair()
    all_arrived(server, user, stored(user), 30)
    wait.until(lambda: status(server)["outbox_state"] == "ok", 10,
               "status is well again")


def test_nf_09_disk_full(small_disk):
    server = small_disk
    user = server.user()
    user.deliver(subject="first")
    server.feed.wait(user)
    ballast = fill_disk(server.state_dir)
    seen_and_repaired(server, user, lambda: os.unlink(ballast),
                      "full|no space")


def test_nf_09_dead_phone_and_disk_full(small_disk, endpoints):
    """A connection that turns out to be dead while the outbox is in trouble:
    what it held back rings when that is over."""
    server = small_disk
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, filter="SUBJECT first", whenConnected="mine")
    user.session.logout()
    user.forget_session()
    with saying(user, f"{VERSION}\n{presence_line(user)}\n",
                "AWAY\t60000\n") as phone:
        user.deliver(subject="first")
        ballast = fill_disk(server.state_dir)
        for _ in range(60):
            user.deliver(message(subject="x" * 200))
            if status(server)["outbox_state"] != "ok":
                break
        phone()
        wait.until(lambda: status(server)["outbox_state"] != "ok", 5)
        os.unlink(ballast)
        endpoint.wait(timeout=20)


def remount_read_only(server):
    """Possible only while no file is open: in the moment after a kill."""
    for _ in range(100):
        server.signal(server.notifier_pid(), signal.SIGKILL)
        try:
            namespace.remount(server.state_dir, "ro")
            return
        except subprocess.CalledProcessError:
            continue
    raise AssertionError("never without an open file")


def test_nf_09_directory_read_only(small_disk):
    server = small_disk
    user = server.user()
    user.deliver(subject="first")
    server.feed.wait(user)
    remount_read_only(server)
    seen_and_repaired(server, user,
                      lambda: namespace.remount(server.state_dir, "rw"),
                      "read-?only")


def test_nf_09_whole_disk_full(run_dir, endpoints):
    """Even the spool has no room: mail goes on, the log says what was not
    kept, and afterwards all works again."""
    feed = Feed(endpoints.new("feed"), run_dir)
    name = f"full-{os.urandom(2).hex()}"
    state = f"{run_dir}/{name}-state"
    os.mkdir(state)
    namespace.tmpfs(state, "2m")
    server = conftest.start(run_dir, endpoints, name, {
        "lemonade_state_dir": state, **feed.settings("MessageNew")})
    server.state_dir, server.feed = state, feed
    server.log.expect("lemonade")
    try:
        user = server.user()
        user.deliver()
        feed.wait(user)
        ballast = fill_disk(state)
        for n in range(10):
            assert user.deliver(subject=f"n{n}") < FAST
        assert server.log.wait("(?i)spool.*(full|no space)|"
                               "(full|no space).*spool")
        os.unlink(ballast)
        user.deliver(subject="after")
        wait.until(lambda: any(
            e["vnd.lemonade.subject"] == "after" for e in feed.events(user)),
            20, "events flow again")
    finally:
        conftest.stop(server)
        namespace.umount(state)


def spoil(path, where):
    """Rubbish in the file, as a bad disk would leave it."""
    size = os.path.getsize(path)
    with open(path, "r+b") as f:
        if where == "header":
            f.write(b"\xff" * 200)
        elif where == "pages":
            for offset in range(100, size, 1024):
                f.seek(offset)
                f.write(b"\xff" * 900)
        else:
            f.truncate(size // 3)


@pytest.mark.parametrize("where", ["header", "pages", "truncated"])
def test_nf_09_corrupt_outbox(troubled, where):
    """It is set aside under another name, a new one is made, the log says
    so; mail goes on, and what comes from then on arrives."""
    user = troubled.user()
    user.deliver(subject="before")
    troubled.feed.wait(user)
    wait.until(lambda: status(troubled)["rows"] == "0", 5)
    pid = troubled.notifier_pid()
    os.kill(pid, signal.SIGSTOP)
    path = f"{troubled.state_dir}/outbox.sqlite"
    for suffix in ("-wal", "-shm"):
        if os.path.exists(path + suffix):
            os.unlink(path + suffix)
    spoil(path, where)
    os.kill(pid, signal.SIGKILL)
    for n in range(5):
        assert user.deliver(subject=f"n{n}") < FAST
    all_arrived(troubled, user, 6)
    assert troubled.log.wait("(?i)corrupt|malformed|not a database")
    assert [n for n in os.listdir(troubled.state_dir)
            if n.startswith("outbox.sqlite.corrupt-")]
    assert status(troubled)["outbox_state"] == "ok"


def test_nf_09_outbox_spoilt_while_it_runs(troubled):
    user = troubled.user()
    user.deliver(subject="before")
    troubled.feed.wait(user)
    wait.until(lambda: status(troubled)["rows"] == "0", 5)
    path = f"{troubled.state_dir}/outbox.sqlite"
    spoil(path, "pages")
    spoil(path, "header")
    for n in range(5):
        assert user.deliver(subject=f"n{n}") < FAST
    os.kill(troubled.notifier_pid(), signal.SIGKILL)
    for n in range(5):
        assert user.deliver(subject=f"m{n}") < FAST
    feed = troubled.feed
    wait.until(lambda: {f"m{n}" for n in range(5)} <= {
        e["vnd.lemonade.subject"] for e in feed.events(user)}, 20,
        "what came after the restart arrives")
    assert status(troubled)["outbox_state"] == "ok"


def test_nf_09_second_notifier_stays_away(troubled):
    """The lock: two never write one outbox."""
    user = troubled.user()
    user.deliver()
    troubled.feed.wait(user)
    locks = [n for n in os.listdir(troubled.state_dir) if "lock" in n]
    assert locks
    for _ in range(5):
        troubled.reload()
        deliver_patiently(troubled, user, message())
    all_arrived(troubled, user, stored(user))
    wait.until(lambda: len(troubled.pids("lemonade-notify")) == 1, 5,
               "one notifier")


def test_nf_09_spool_is_bounded_in_time(troubled):
    """1,000 events wait while it is stopped; all arrive, mail was fast."""
    users = [troubled.user("sdbox") for _ in range(10)]
    pid = troubled.notifier_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        for n in range(20):
            spent = deliver(troubled, [u.name for u in users],
                            message(subject=f"n{n}"))
            assert spent < 3
    finally:
        os.kill(pid, signal.SIGCONT)
    for user in users:
        all_arrived(troubled, user, 20, 30)
