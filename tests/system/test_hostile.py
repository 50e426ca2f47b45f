"""Two system users against each other, and a local user against everybody,
through the hand-off socket and the spool. SC-02, SC-04, SC-18 and the trust
rules of DESIGN 3.9."""

import contextlib
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys

import pytest

import conftest
from lemotest import wait
from lemotest.feed import Feed
from lemotest.namespace import UIDS
from lemotest.wire import VERSION, event_line

HERE = os.path.dirname(os.path.abspath(__file__))


def settle_in(server, endpoints):
    """lemoalice and lemobob, system users, and a virtual user: each with a
    verified phone."""
    users = []
    for name in ("lemoalice", "lemobob", None):
        user = server.user(name=name)
        user.phone = endpoints.new(name or "virtual")
        user.register(user.phone, payload=2)
        users.append(user)
    return (server, *users)


@pytest.fixture(scope="module")
def _town(run_dir, endpoints):
    server = conftest.start(run_dir, endpoints, "town", {}, "")
    try:
        yield settle_in(server, endpoints)
    finally:
        conftest.stop(server)


@pytest.fixture
def town(_town):
    for user in _town[1:]:
        user.phone.mark()
        user.phone.tell("")
    return _town


@pytest.fixture
def small_town(make_server, endpoints):
    """One whose outbox holds 100 rows for a system user."""
    return settle_in(make_server(lemonade_outbox_limit=100), endpoints)


def as_user(name, code, *args, timeout=30):
    """Runs Python as the system user, with no groups but its own."""
    uid = UIDS[name]
    prelude = (f"import sys; sys.path.insert(0, {HERE!r})\n"
               "import os, socket, time\n"
               "from lemotest.wire import Door, VERSION, event_line\n")
    result = subprocess.run(
        [sys.executable, "-c", prelude + code, *map(str, args)],
        user=uid, group=uid, extra_groups=[], capture_output=True, text=True,
        timeout=timeout, check=False, cwd="/",
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"})
    assert result.returncode == 0, result.stderr
    return result.stdout


def new_id():
    return os.urandom(16).hex()


SEND = """
with Door(sys.argv[1]) as door:
    for line in sys.argv[2:]:
        door.send(line)
        try:
            print(door.answer())
        except TimeoutError:
            print("silence")
"""


def say(server, who, *lines):
    """Lines to the notifier by a system user; the answers."""
    return as_user(who, SEND, f"{server.base}/run/lemonade-notify",
                   *lines).splitlines()


def device(user, url=None, **fields):
    value = {"channel": "webhook", "url": url or user.phone.url, **fields}
    return ("phone", "match", json.dumps(value))


def stays_quiet(*endpoints):
    counts = [len(e.all()) for e in endpoints]
    wait.never(lambda: [len(e.all()) for e in endpoints] != counts, 0.5,
               "a push by forgery")


def rings(*users):
    for user in users:
        count = len(user.phone.pushes())
        user.deliver()
        user.phone.wait(count + 1)


def test_sc_04_forged_event_of_other_system_user(town):
    server, alice, bob, _ = town
    stored = json.loads(bob.get_device("phone"))
    server.log.expect("lemobob|refused|uid")
    answers = say(server, "lemoalice",
                  event_line("lemobob", devices=[device(bob)]),
                  event_line("lemobob", devices=[
                      ("phone", "match", json.dumps(stored))]))
    assert all(a.startswith("NO\t") for a in answers)
    stays_quiet(bob.phone, alice.phone)
    rings(bob, alice)


def test_sc_04_admin_sees_the_users_own_devices(town):
    server, _, _, virtual = town
    stored = virtual.get_device("phone")
    server.log.expect("refused|verif")
    say(server, "lemoalice",
        event_line(virtual.name, devices=[("phone", "match", stored),
                                          ("ghost", "match", stored)]))
    rows = server.rows("lemonade", "device", "list", "-u", virtual.name)
    assert [(r["device"], r["state"]) for r in rows] == [("phone", "ok")]


def test_sc_04_forged_event_for_the_feed(make_server, endpoints, run_dir):
    """Who has a shell says something of a virtual user: not to the feed."""
    feed = Feed(endpoints.new("feed"), run_dir)
    server = make_server(**feed.settings())
    user = server.user()
    server.log.expect("is not trusted with events for the feed")
    answers = say(server, "lemoalice", event_line(user.name, vnd_feed="1"))
    assert all(a.startswith("OK\t") for a in answers)
    user.deliver()
    feed.wait(user)
    wait.never(lambda: len(feed.events(user)) > 1, 0.5, "a forged event")
    assert len(server.log.lines("uid 20203 is not trusted")) == 1


def test_sc_04_forged_event_of_virtual_user(town):
    """A name that is nobody's account: it is another key (uid, user)."""
    server, alice, _, virtual = town
    stored = json.loads(virtual.get_device("phone"))
    server.log.expect("refused|verif")
    say(server, "lemoalice",
        event_line(virtual.name, devices=[
            ("phone", "match", json.dumps(stored))]))
    stays_quiet(virtual.phone)
    assert virtual.status("phone")["verified"] is True
    rings(virtual, alice)


def test_sc_04_own_url_for_others_device(town, endpoints):
    """A waiting push of the virtual user cannot be redirected."""
    server, alice, _, virtual = town
    trap = endpoints.new("trap")
    virtual.phone.tell("status=503,retry-after=2")
    virtual.deliver()
    virtual.phone.wait(1)
    server.log.expect(virtual.phone.host, "refused|verif")
    for event in ("MessageNew", "vnd.lemonade.DeviceSet"):
        say(server, "lemoalice", event_line(
            virtual.name, event, devices=[device(virtual, trap.url)]))
    virtual.phone.tell("")
    virtual.phone.wait(2, timeout=10)
    assert not [p for p in trap.pushes()]
    assert virtual.status("phone")["verified"] is True


def test_sc_04_device_cannot_be_dropped_by_others(town):
    server, alice, bob, virtual = town
    server.log.expect("refused|uid|lemobob")
    for user in (bob, virtual):
        say(server, "lemoalice", event_line(
            user.name, "vnd.lemonade.DeviceUnset",
            devices=[("phone", "match")]))
    for user in (bob, virtual):
        assert user.status("phone")["verified"] is True
    rings(bob, virtual)


def test_sc_18_status_of_others_is_empty(town):
    server, alice, bob, virtual = town
    rings(bob, virtual)
    server.log.expect("refused|uid|lemobob")
    for user in (bob, virtual):
        answer = say(server, "lemoalice", f"STATUS\t{user.name}\tphone")[0]
        word, _, rest = answer.partition("\t")
        if word == "STATUS":
            state = json.loads(rest)
            assert state.get("verified") in (False, None)
            assert not state.get("lastSent") and not state.get("secret")
        else:
            assert word == "NO"
        unknown = say(server, "lemoalice", f"STATUS\t{user.name}\tnothing")[0]
        assert answer.partition("\t")[0] == unknown.partition("\t")[0]


def test_sc_04_admin_socket_is_roots(town):
    server, *_ = town
    out = as_user("lemoalice", """
s = socket.socket(socket.AF_UNIX)
try:
    s.connect(sys.argv[1])
    print("connected")
except PermissionError:
    print("denied")
""", f"{server.base}/run/lemonade-notify-admin")
    assert out.strip() == "denied"


def test_sc_04_admin_commands_on_the_open_socket(town):
    server, alice, bob, _ = town
    server.log.expect("lemonade-notify")
    for line in ("STATUS", "QUEUE", "DEVICES\tlemobob\t20204", "RETRY", "PURGE\tx",
                 "PURGE\tlemobob", f"CODE\tlemobob\t{bob.uid}\tphone\t{{}}",
                 f"TEST\tlemobob\t{bob.uid}\tphone\t{{}}\t0"):
        for answer in say(server, "lemoalice", line):
            assert not answer.startswith(("OK", "ROW"))
            assert bob.phone.host not in answer
    rings(bob)


@pytest.mark.parametrize("line", [
    "", "\t", "EVENT", "EVENT\t", "EVENT\tuser=lemoalice", "EVENT\tuser",
    "EVENT\tuser=a\tuser=b", "EVENT\t=\t=", "HELLO", "EVENT\t\1",
    "EVENT\tuser=\1", "EVENT\tvnd.lemonade.event=Nothing", "EVENT\t\xff",
    "STATUS", "STATUS\t", "STATUS\tlemoalice", "STATUS\tlemoalice\t../x",
    "EVENT\tvnd.lemonade.uid=-1", "EVENT\tvnd.lemonade.uid=99999999999",
    "EVENT" + "\tdevice=x" * 11, "EVENT\tdevice=" + "y" * 70000,
    "VERSION\tlemonade-notify\t1\t0",
], ids=lambda line: repr(line)[:20])
def test_sc_04_bad_lines(town, line):
    """None is taken, none harms: the next good event still rings."""
    server, alice, *_ = town
    server.log.expect("lemonade-notify")
    for answer in say(server, "lemoalice", line):
        assert not answer.startswith("OK")
    rings(alice)


@pytest.mark.parametrize("fields,reason", [
    ({"event_id": ""}, ""), ({"event_id": "short"}, ""),
    ({"event_id": "../../../../etc/passwd"}, ""),
    ({"timestamp": "now"}, ""), ({"uri": "file:///etc/passwd"}, ""),
    ({"uri": "None"}, ""), ({"vnd_mailbox": "\x1b[31m"}, ""),
    ({"event": "vnd.lemonade.Nothing"}, ""),
    ({"user": "None"}, ""),
])
def test_sc_04_bad_fields(town, fields, reason):
    """Refused or harmless: no crash, nothing of it is pushed to others."""
    server, alice, bob, _ = town
    server.log.expect("lemonade-notify")
    fields = dict(fields)
    name = fields.pop("user", "lemoalice")
    stored = json.loads(alice.get_device("phone"))
    before = len(bob.phone.all())
    say(server, "lemoalice", event_line(
        name, devices=[("phone", "match", json.dumps(stored))], **fields))
    assert len(bob.phone.all()) == before
    rings(bob)


def test_sc_04_log_cannot_be_forged(town):
    """Control characters of a line do not reach the log raw."""
    server, alice, *_ = town
    server.log.expect("lemonade-notify", "forged")
    say(server, "lemoalice",
        "EVENT\tuser=x\1n2026-01-01 00:00:00 master: Panic: forged\1n",
        event_line("lemobob\n2026 master: Fatal: forged"))
    for line in server.log.lines("forged"):
        assert not re.match(r"(2026-01-01 00:00:00|2026) master: ", line)


def test_sc_02_endless_line(town):
    """A line that never ends is cut off; the notifier stays small."""
    server, alice, *_ = town
    server.log.expect("lemonade-notify")
    pid = server.notifier_pid()
    before = memory(pid)
    as_user("lemoalice", """
with Door(sys.argv[1]) as door:
    try:
        for _ in range(500):
            door.sock.sendall(b"x" * 100000)
    except OSError:
        pass
""", f"{server.base}/run/lemonade-notify")
    assert server.notifier_pid() == pid
    assert memory(pid) - before < 4096
    rings(alice)


def memory(pid):
    """Resident KB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


def test_sc_02_many_connections(make_server, endpoints):
    """1,500 connections that say nothing: mail goes on, and when they are
    gone the event arrives."""
    server = make_server()
    user, phone = server.user(), endpoints.new()
    user.register(phone)
    server.log.expect("lemonade-notify", "client_limit", "timed out",
                      "notifier")
    process = subprocess.Popen(
        [sys.executable, "-c", """
import resource, socket, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
held = []
for n in range(1500):
    s = socket.socket(socket.AF_UNIX)
    s.setblocking(False)
    try:
        s.connect(sys.argv[1])
    except OSError:
        pass
    held.append(s)
print("held", flush=True)
sys.stdin.read()
""", f"{server.base}/run/lemonade-notify"], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, user=UIDS["lemoalice"],
        group=UIDS["lemoalice"], extra_groups=[], cwd="/")
    try:
        assert process.stdout.readline() == b"held\n"
        times = [user.deliver(subject=f"n{n}") for n in range(5)]
        assert max(times) < 1
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()
    phone.wait(1, timeout=15)
    wait.until(lambda: phone.pushes()[-1].data["messages"] == 5, 15,
               "all five are known")


def outbox(server, sql):
    """What a query finds in the notifier's file."""
    path = f"{server.state_dir}/outbox.sqlite"
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as db:
        return db.execute(sql).fetchall()


@pytest.mark.parametrize("event", ["MessageNew", "vnd.lemonade.DeviceSet"])
def test_sc_02_flood_by_socket(small_town, event):
    """A system user's flood of users and devices meets its own cap (100 here);
    the mail of others is not slower and rings."""
    server, alice, bob, virtual = small_town
    server.log.expect("lemonade-notify", "lemoalice", "flood.invalid")
    as_user("lemoalice", """
with Door(sys.argv[1], timeout=20) as door:
    for n in range(1000):
        door.send(event_line("ghost%d" % n, sys.argv[3], vnd_uid=n + 1,
            devices=[("phone", "match", '{"channel":"webhook",'
                      '"url":"https://%s/x"}' % sys.argv[2])]))
        door.answer()
""", f"{server.base}/run/lemonade-notify", "flood.invalid", event)
    uid = UIDS["lemoalice"]
    for table in ("device", "pending"):
        count = outbox(server, f"SELECT COUNT(*) FROM {table}"
                       f" WHERE uid = {uid}")
        assert count[0][0] <= 100
    for user in (bob, virtual):
        assert user.deliver() < 1
        user.phone.wait(1)


def test_sc_02_cap_counts_rows_only(small_town):
    """Devices that are remembered do not silence others of their uid: at the
    cap the longest silent one is forgotten, and known again at its next
    event; all can still be set and unset."""
    server, _, _, virtual = small_town
    others = [server.user() for _ in range(12)]
    for user in others:
        for n in range(10):
            assert user.set_device(f"d{n}", {"channel": "null"}).ok
    known = outbox(server, "SELECT COUNT(*) FROM device d JOIN device v"
                   f" ON d.uid = v.uid WHERE v.user = '{others[-1].name}'"
                   " AND v.name = 'd9'")
    assert known[0][0] == 100
    rings(virtual)
    assert virtual.status("phone")["verified"] is True
    assert others[-1].set_device("d9", None).ok
    rings(virtual)
    assert not server.log.lines("refus")


def test_sc_02_full_feed_leaves_devices(make_server, endpoints, run_dir):
    """A dead endpoint of the admin's: its rows have a cap of their own."""
    feed = Feed(endpoints.new("feed"), run_dir)
    server = make_server(lemonade_outbox_limit=100, lemonade_budget_user=0,
                         lemonade_budget_device=0,
                         **feed.settings("MessageNew"))
    user, phone = server.user(), endpoints.new()
    user.register(phone)
    feed.endpoint.tell("status=503")
    server.log.expect(feed.endpoint.host, "lemonade_outbox_limit", "full")
    for n in range(105):
        user.deliver(subject=f"n{n}")
    assert outbox(server, "SELECT COUNT(*) FROM feed")[0][0] <= 100
    wait.until(lambda: phone.pushes()[-1].data["messages"] == 105, 5,
               "the phone knows all")


# -- the spool

@pytest.fixture
def spool(town):
    server = town[0]
    return f"{server.state_dir}/spool"


def test_sc_18_spool_is_not_readable(town, spool):
    out = as_user("lemoalice", """
for action in (os.listdir, os.open):
    try:
        action(sys.argv[1]) if action is os.listdir else \\
            action(sys.argv[1] + "/x", os.O_RDONLY)
        print("open")
    except PermissionError:
        print("denied")
    except FileNotFoundError:
        print("missing")
for name in ("outbox.sqlite", "secret", ""):
    try:
        os.listdir(sys.argv[2]) if not name else \\
            open(sys.argv[2] + "/" + name).close()
        print("open")
    except OSError:
        print("denied")
""", spool, town[0].state_dir)
    assert out.split() == ["denied", "missing", "denied", "denied", "denied"]
    assert os.stat(spool).st_mode & 0o7777 == 0o3733


def drained(spool):
    wait.until(lambda: not [n for n in os.listdir(spool)
                            if not n.startswith(".tmp")],
               5, "the spool is drained")


WRITE = """
path = sys.argv[1] + "/" + sys.argv[2]
fd = os.open(path + ".new", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640)
os.write(fd, sys.argv[3].encode())
os.fchmod(fd, 0o640)
os.rename(path + ".new", path)
"""


def put(who, spool, name, text):
    """A spool file by a system user. .new is not a name the notifier
    drains before the rename, or if it does, it finds a bad name."""
    as_user(who, WRITE.replace('path + ".new"', 'sys.argv[1] + "/.tmp" + '
                               'sys.argv[2]'), spool, name, text)


def test_sc_04_spool_forged_event(town, spool):
    """The file's owner says whose it is."""
    server, alice, bob, virtual = town
    server.log.expect("spool")
    for n, user in enumerate((bob, virtual)):
        stored = json.loads(user.get_device("phone"))
        event = new_id()
        put("lemoalice", spool, f"{event}.1.{n}", event_line(
            user.name, event_id=event,
            devices=[("phone", "match", json.dumps(stored))]) + "\n")
    drained(spool)
    stays_quiet(bob.phone, virtual.phone)
    rings(bob, virtual)


def test_sc_04_spool_good_event(town, spool):
    """The same by the right user rings: the tests above prove something."""
    server, alice, *_ = town
    stored = json.loads(alice.get_device("phone"))
    event = new_id()
    put("lemoalice", spool, f"{event}.1.1", event_line(
        "lemoalice", event_id=event,
        devices=[("phone", "match", json.dumps(stored))]) + "\n")
    assert alice.phone.wait(1)[0].data["vnd.lemonade.uid"] == 42


@pytest.mark.parametrize("what", [
    "symlink", "hardlink", "fifo", "directory", "huge", "empty", "garbage",
    "two-lines", "no-newline", "bad-name", "socket"])
def test_sc_04_spool_traps(town, spool, what):
    """Each is put aside with a line in the log; none is followed, none
    blocks; the rest of the spool is drained."""
    server, alice, bob, _ = town
    server.log.expect("spool|lemonade-notify")
    name = new_id() + ".1.1"
    secret = f"{server.base}/root-secret"
    with open(secret, "w", encoding="ascii") as f:
        f.write("top secret\n")
    os.chmod(secret, 0o600)
    as_user("lemoalice", """
spool, name, what, secret = sys.argv[1:]
path = spool + "/" + name
os.umask(0)
def write(text, path=path):
    fd = os.open(path, os.O_CREAT | os.O_WRONLY, 0o644)
    os.write(fd, text)
    os.close(fd)
line = event_line("lemoalice", event_id=name[:32]).encode()
if what == "symlink":
    os.symlink(secret, path)
elif what == "hardlink":
    write(line + b"\\n", spool + "/.tmpkeep")
    os.link(spool + "/.tmpkeep", path)
elif what == "fifo":
    os.mkfifo(path, 0o666)
elif what == "socket":
    s = socket.socket(socket.AF_UNIX)
    os.chdir(spool)
    s.bind(name)
elif what == "directory":
    os.mkdir(path)
    write(b"x", path + "/x")
elif what == "huge":
    write(line + b"\\tx=" + b"y" * 3000000 + b"\\n")
elif what == "empty":
    write(b"")
elif what == "garbage":
    write(bytes(range(256)) * 10)
elif what == "two-lines":
    write(line + b"\\n" + line + b"\\n")
elif what == "no-newline":
    write(line)
elif what == "bad-name":
    write(line + b"\\n", spool + "/evil name")
""", spool, name, what, secret)
    event = new_id()
    put("lemobob", spool, event + ".1.1", event_line(
        "lemobob", event_id=event, devices=[(
            "phone", "match", bob.get_device("phone"))]) + "\n")
    bob.phone.wait(1)
    if what not in ("directory", "hardlink", "no-newline"):
        drained(spool)
    with open(secret, encoding="ascii") as f:
        assert f.read() == "top secret\n"
    for line in server.log.lines():
        assert "top secret" not in line
    stays_quiet(alice.phone)


def test_sc_04_spool_long_directory_name(town, spool):
    """A directory whose name has no room for more is put aside, too."""
    server, *_ = town
    server.log.expect("spool")
    as_user("lemoalice", """
os.mkdir(sys.argv[1])
os.mkdir(sys.argv[1] + "/x")
""", f"{spool}/" + "n" * 253)
    drained(spool)


def test_sc_04_spool_file_of_another_stays(town, spool):
    """Sticky: nobody removes or replaces another's waiting event."""
    server, *_ = town
    pid = server.notifier_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        waiting = new_id() + ".1.1"
        put("lemobob", spool, waiting, "x\n")
        out = as_user("lemoalice", """
path = sys.argv[1]
for action in (lambda: os.unlink(path), lambda: os.rename(path, path + "2"),
               lambda: open(path), lambda: open(path, "w")):
    try:
        action()
        print("done")
    except OSError:
        print("denied")
""", f"{spool}/{waiting}")
        assert out.split() == ["denied"] * 4
    finally:
        os.kill(pid, signal.SIGCONT)
    server.log.expect("spool")
    drained(spool)


def test_sc_02_flood_by_spool(small_town):
    """5,000 files of one user: the others' events come through, the cap of
    rows holds."""
    server, alice, bob, virtual = small_town
    spool = f"{server.state_dir}/spool"
    server.log.expect("spool", "lemonade-notify")
    as_user("lemoalice", """
spool, host = sys.argv[1:]
for n in range(5000):
    event = "%032x" % (n + 1)
    fd = os.open("%s/.tmp%d" % (spool, n), os.O_CREAT | os.O_WRONLY, 0o640)
    os.write(fd, (event_line("ghost%d" % n, event_id=event, devices=[
        ("phone", "match", '{"channel":"webhook","url":"https://%s/x"}' %
         host)]) + "\\n").encode())
    os.close(fd)
    os.rename("%s/.tmp%d" % (spool, n), "%s/%s.1.%d" % (spool, event, n))
""", spool, "flood.invalid", timeout=60)
    for user in (bob, virtual):
        assert user.deliver() < 1
        user.phone.wait(1)
    event = new_id()
    put("lemobob", spool, event + ".1.1", event_line(
        "lemobob", event_id=event, devices=[(
            "phone", "match", bob.get_device("phone"))]) + "\n")
    bob.phone.wait(2, timeout=15)
    rows = server.rows("lemonade", "status")[0]
    assert int(rows["rows"]) <= 110


def test_sc_04_unready_client(town):
    """Half a handshake, no reading of answers: nobody else waits."""
    server, alice, bob, _ = town
    server.log.expect("lemonade-notify")
    path = f"{server.base}/run/lemonade-notify"
    slow = socket.socket(socket.AF_UNIX)
    slow.connect(path)
    slow.sendall(b"VERS")
    deaf = socket.socket(socket.AF_UNIX)
    deaf.connect(path)
    deaf.sendall(VERSION.encode() + b"\n")
    deaf.setblocking(False)
    try:
        for _ in range(20000):
            deaf.send(b"STATUS\tx\ty\n")
    except OSError:
        pass
    assert bob.deliver() < 1
    bob.phone.wait(1)
    slow.close()
    deaf.close()


@pytest.mark.parametrize("version", [
    "VERSION\tlemonade-notify\t2\t0", "VERSION\tother\t1\t0", "HELO",
    "VERSION\tlemonade-notify\tx\t0"])
def test_sc_04_wrong_handshake(town, version):
    server, alice, *_ = town
    server.log.expect("lemonade-notify")
    out = as_user("lemoalice", """
with Door(sys.argv[1], version=sys.argv[2]) as door:
    door.send(event_line("lemoalice"))
    print(repr(door.answer()))
""", f"{server.base}/run/lemonade-notify", version)
    assert "OK" not in out
    rings(alice)


def said(hook, text, name=None, **fields):
    """What a Sieve script says to a target, made by hand."""
    sub = {"channel": "webhook", "url": hook if isinstance(hook, str)
           else hook.url, **fields}
    return (name or "sieve." + new_id(), "match", json.dumps(sub), text, "",
            "", "2")


@pytest.fixture
def hooks(make_server, endpoints):
    """A small town whose scripts may notify one host, three times a day."""
    host = f"h{os.urandom(2).hex()}.push.test"
    return host, settle_in(make_server(
        lemonade_sieve_targets=f"https://{host}/",
        lemonade_budget_sieve=3), endpoints)


def test_sc_20_forged_words_of_a_script(hooks, endpoints):
    """Written by hand: nobody speaks for others, nor to whom is not on the
    administrator's list, nor more than the budget says; the owner is named
    and the text is what a script could say."""
    host, (server, alice, bob, _) = hooks
    hook, other = endpoints.new("hook", host=host), endpoints.new()
    server.log.expect("refused|uid", "lemonade_budget_sieve")
    answer, = say(server, "lemoalice",
                  event_line(bob.name, devices=[said(hook, "x")]))
    assert answer.startswith("NO\t")
    say(server, "lemoalice", *(
        event_line(alice.name, devices=[device])
        for device in (
            said(other, "x"),
            said("https://127.0.0.1/", "x"),
            said(hook, "x", channel="exec"),
            said(hook, "x", name="sieve.short"),
            said(hook, " \1\n"),
            said(hook, "x")[:3])))
    answer, = say(server, "lemoalice", event_line(
        alice.name, "vnd.lemonade.DeviceSet",
        devices=[said(hook, "x")[:3]]))
    assert answer.startswith("NO\t")
    stays_quiet(hook, other)
    assert not hook.all() and not other.all()
    text = "a\x0b\r\nb\x7f" + 3000 * "c"
    for _ in range(5):
        say(server, "lemoalice", event_line(
            alice.name, devices=[said(hook, text)],
            vnd_notifyText="not this", vnd_notifyTtl=5))
    server.log.wait("notify more than 3 times a day")
    pushes = hook.wait(3)
    wait.never(lambda: len(hook.all()) > 3, 0.5, "more than the budget")
    for push in pushes:
        assert push.data["user"] == alice.name
        assert push.data["vnd.lemonade.notifyText"].startswith("a \nb ccc")
        assert len(push.data["vnd.lemonade.notifyText"]) < 1010
        assert "vnd.lemonade.notifyTtl" not in push.data
    rings(alice, bob)
