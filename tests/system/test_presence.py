"""NF-05, OB-06, OB-08, OB-11, OB-12: no push while the phone itself is
connected; what counts as connected; when in doubt, push."""

import contextlib
import ctypes
import json
import socket
import subprocess
import sys

import pytest

from lemotest import wait
from lemotest.namespace import UIDS
from lemotest.server import is_24, is_alive
from lemotest.users import PUSH, deliver_patiently, message
from lemotest.wire import Door, VERSION
from lemotest.zones import zones_of
from test_devices import tls_imap

HIBERNATE = {"2.3": """
imap_hibernate_timeout = 1s
service imap {
  extra_groups = $default_internal_group
  unix_listener imap-master {
    user = $default_internal_user
  }
}
service imap-hibernate {
  unix_listener imap-hibernate {
    mode = 0660
    group = $default_internal_group
  }
}
""", "2.4": """
imap_hibernate_timeout = 1s
service imap {
  extra_groups = $SET:default_internal_group
  unix_listener imap-master {
    user = $SET:default_internal_user
  }
}
service imap-hibernate {
  unix_listener imap-hibernate {
    mode = 0660
    group = $SET:default_internal_group
  }
}
"""}["2.4" if is_24() else "2.3"]


def register(user, endpoint, **fields):
    """A phone whose own session is gone."""
    user.register(endpoint, **{"whenConnected": "mine", **fields})
    user.session.logout()
    user.forget_session()


def idle(session):
    """INBOX, in IDLE; returns the tag."""
    session.select()
    tag = session.send("IDLE")
    while not session._line().startswith(b"+"):
        pass
    return tag


def exists(session):
    """Waits for EXISTS in IDLE."""
    while b" EXISTS" not in (line := session._line()):
        assert line.startswith(b"*"), line


def say_id(session, device):
    session.must("ID", f'("name" "Test" "deviceClientId" "{device}")')


class Watch:
    """Looks at a device through a session that is not its own: who asks for
    all devices is none of them."""

    def __init__(self, user, device="phone"):
        self.user, self.device = user, device
        self.session = user.imap()

    def status(self):
        entry = f"{PUSH}/{self.device}/status"
        return json.loads(self.session.getmetadata_all(PUSH)[entry])

    def held(self):
        return self.status().get("heldBack", {}).get("presence", 0)

    def is_held(self, **kwargs):
        """Delivers; true if the notifier held it back. It knows of the event
        before LMTP says 250."""
        before = self.held()
        deliver_patiently(self.user.server, self.user, message(**kwargs))
        return self.held() == before + 1


@pytest.fixture
def user(server):
    return server.user()


@pytest.fixture
def zones(run_dir):
    return zones_of(run_dir)


@pytest.fixture
def phone(user, endpoints):
    """The endpoint of a registered phone."""
    endpoint = endpoints.new("presence")
    register(user, endpoint)
    return endpoint


def pushed(endpoint, user, subject="hello"):
    """Delivers and waits for the push."""
    before = len(endpoint.pushes())
    user.deliver(subject=subject)
    wait.until(lambda: len(endpoint.pushes()) > before, 5,
               f"push for {subject}")


# -- one's own session, and others

def test_nf_05_desktop_in_idle_does_not_silence(user, phone):
    desktop = user.imap()
    idle(desktop)
    pushed(phone, user)
    exists(desktop)


def test_nf_05_ob_06_ob_08_own_session_is_told_in_band(user, phone):
    pushed(phone, user)
    count = len(phone.pushes())
    session = user.imap()
    say_id(session, "Phone")
    tag = idle(session)
    watch = Watch(user)
    assert watch.is_held()
    exists(session)
    session.sock.sendall(b"DONE\r\n")
    session.finish(tag)
    session.logout()
    assert len(phone.pushes()) == count
    pushed(phone, user)
    assert watch.held() == 1


@pytest.mark.parametrize("entry", ["phone", "phone/status"])
def test_nf_05_reading_its_entry_makes_it_own(user, phone, entry):
    session = user.imap()
    watch = Watch(user)
    assert not watch.is_held()
    session.getmetadata(f"{PUSH.upper()}/{entry}")
    assert watch.is_held()


def test_nf_05_writing_its_entry_makes_it_own(user, phone):
    watch = Watch(user)
    user.change_device("phone", urgency="high")
    assert watch.is_held()
    user.session.logout()
    user.forget_session()
    assert not watch.is_held()


def test_nf_05_who_looks_at_several_is_none_of_them(user, phone):
    assert user.set_device("other", {"channel": "log"}).ok
    session = user.imap()
    session.must("GETMETADATA", '""',
                 f"({PUSH}/phone {PUSH}/other/status)")
    session.getmetadata_all(PUSH)
    session.cmd("GETMETADATA", "INBOX", f"{PUSH}/phone")
    assert not Watch(user).is_held()


def test_nf_05_two_devices_two_presences(user, phone, endpoints):
    tablet = endpoints.new("tablet")
    user.register(tablet, "tablet", whenConnected="mine")
    pushed(phone, user)
    assert len(tablet.pushes()) == 0
    assert Watch(user, "tablet").held() == 1


# -- whenConnected

def test_nf_05_any_session_holds_back(user, endpoints):
    endpoint = endpoints.new("any")
    register(user, endpoint, whenConnected="any")
    pushed(endpoint, user)
    session = user.imap()
    watch = Watch(user)
    assert watch.is_held()
    session.logout()
    assert watch.is_held()
    watch.session.logout()
    pushed(endpoint, user)


def test_nf_05_always_rings(user, endpoints):
    endpoint = endpoints.new("always")
    user.register(endpoint, whenConnected="always")
    say_id(user.session, "phone")
    pushed(endpoint, user)


def test_nf_05_read_elsewhere_is_told_in_band(user, phone):
    """Also what takes an alert back: the connected phone sees the flag."""
    pushed(phone, user)
    session = user.imap()
    say_id(session, "phone")
    idle(session)
    watch = Watch(user)
    wait.until(lambda: watch.status()["pending"] == 0, 5, "it is done")
    watch.session.select()
    watch.session.must("STORE", "1", "+FLAGS", "(\\Seen)")
    assert watch.held() == 1


# -- claims

def test_nf_05_claim_of_what_is_not_ones_own(server, user, phone):
    other = server.user()
    assert other.set_device("mine", {"channel": "log"}).ok
    for device in ("phone", "nosuch", "PHONE/status", "x" * 65, ""):
        say_id(other.session, device)
    other.session.must("GETMETADATA", '""', f"{PUSH}/phone")
    other.session.must("ID", "NIL")
    assert not Watch(user).is_held()


# Opens so many connections, says the same on each, shows the answers, and
# keeps them until its input ends.
SESSIONS = """
import socket, sys
path, count, text = sys.argv[1], int(sys.argv[2]), sys.argv[3]
files = []
for _ in range(count):
    door = socket.socket(socket.AF_UNIX)
    door.connect(path)
    door.sendall(text.encode())
    files.append(door.makefile("rb"))
    files[-1].readline()
    print(files[-1].readline().decode(), end="")
print("", flush=True)
sys.stdin.read()
"""


# One connection that says something, and more for each line of its input.
TURNS = """
import socket, sys
door = socket.socket(socket.AF_UNIX)
door.connect(sys.argv[1])
file = door.makefile("rb")
door.sendall(sys.argv[2].encode())
file.readline()
print(file.readline().decode(), end="", flush=True)
for text, _ in zip(sys.argv[3:], sys.stdin):
    door.sendall(text.encode())
sys.stdin.read()
"""


@contextlib.contextmanager
def sessions_of(uid, server, line, count=1):
    """Connections of another uid; gives their answers."""
    with subprocess.Popen(
            [sys.executable, "-c", SESSIONS,
             f"{server.base}/run/lemonade-notify", str(count),
             f"{VERSION}\n{line}\n"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, user=uid, group=uid, extra_groups=[],
            text=True, cwd="/") as process:
        answers = []
        while answer := process.stdout.readline().rstrip("\n"):
            answers.append(answer)
        assert len(answers) == count
        yield answers
        process.stdin.close()


@contextlib.contextmanager
def saying(user, *texts):
    """A connection of the user's uid that has said the first of the texts;
    gives a function that says the next."""
    with subprocess.Popen(
            [sys.executable, "-c", TURNS,
             f"{user.server.base}/run/lemonade-notify", *texts],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, user=user.uid,
            group=user.uid, extra_groups=[], text=True, cwd="/") as process:
        assert process.stdout.readline().startswith("PRESENCE")

        def say():
            process.stdin.write("\n")
            process.stdin.flush()
        yield say
        process.stdin.close()


def presence_line(user, session="s1", ip="127.0.0.1", devices=("phone",)):
    return "\t".join(("PRESENCE", user.name, session, ip, *devices))


def test_nf_05_claim_by_another_uid(server, user, phone):
    """It is believed, but of another user of the same name."""
    line = presence_line(user)
    with sessions_of(0, server, line) as answers:
        assert answers == [line]
        with sessions_of(UIDS["lemobob"], server, line) as answers:
            assert answers == [line]
            assert not Watch(user).is_held()
    # a positive control: the user's own uid
    with sessions_of(user.uid, server, line):
        assert Watch(user).is_held()


@pytest.mark.parametrize("line", [
    "PRESENCE", "PRESENCE\t\ts\t::1", "PRESENCE\tjoe\t\t::1",
    "PRESENCE\tjoe\ts\t::1\t../x", "PRESENCE\tjoe\ts\t::1\ta\ta",
    "PRESENCE\tjoe\x01\ts\t::1", "PRESENCE\t" + "a" * 3000 + "\ts\t::1",
    "PRESENCE\tjoe\ts\t::1\nPRESENCE\tann\ts\t::1",
    "PRESENCE\tjoe\ts\t::1\nPRESENCE\tjoe\tt\t::1",
    "PRESENCE\tjoe\ts\t::1\nEVENT\tuser=joe",
    "PRESENCE\tjoe\ts\t::1\nAWAY\t-1", "PRESENCE\tjoe\ts\t::1\nAWAY\t",
    "PRESENCE\tjoe\ts\t::1\nAWAY\t99999999",
    "PRESENCE\tjoe\ts\t::1\nAWAY",
    "PRESENCE\tjoe\ts\t::1\n" + "a" * 3000])
def test_nf_05_bad_presence_is_refused(server, line):
    with Door(f"{server.base}/run/lemonade-notify") as door:
        door.send(line)
        answers = []
        while answer := door.answer():
            answers.append(answer)
    assert answers[-1].startswith("NO\tPRESENCE\tbad\t"), answers


def test_nf_05_presence_in_pieces(server):
    with Door(f"{server.base}/run/lemonade-notify", version=None) as door:
        text = "VERSION\tlemonade-notify\t1\t0\nPRESENCE\tjoe\ts\t::1\n"
        for char in text:
            door.sock.sendall(char.encode())
        assert door.answer() == "PRESENCE\tjoe\ts\t::1"


# -- types of messages

def test_ob_11_type_b_is_told_in_band_only(user, endpoints):
    """Accessible, but no push; in-band if connected."""
    endpoint = endpoints.new("type-b")
    register(user, endpoint, filter="SUBJECT urgent")
    user.deliver(subject="chatter")
    session = user.imap()
    say_id(session, "phone")
    idle(session)
    user.deliver(subject="more chatter")
    exists(session)
    logout_idle(session)
    pushed(endpoint, user, subject="urgent")
    assert len(endpoint.pushes()) == 1
    session = user.imap()
    session.select()
    assert session.must("FETCH", "1:2", "BODY[]").find(b"more chatter")


def test_ob_12_type_c_is_always_told(user, endpoints):
    """In-band when connected, a push when not."""
    endpoint = endpoints.new("type-c")
    register(user, endpoint, filter="SUBJECT urgent")
    session = user.imap()
    say_id(session, "phone")
    idle(session)
    user.deliver(subject="urgent")
    exists(session)
    assert len(endpoint.pushes()) == 0
    logout_idle(session)
    pushed(endpoint, user, subject="urgent")
    assert len(endpoint.pushes()) == 1


def logout_idle(session):
    session.sock.sendall(b"DONE\r\n")
    session.logout()


# -- many, restarts

def test_nf_05_hundred_sessions_of_one_user(user, phone):
    watch = Watch(user)
    sessions = [user.imap() for _ in range(99)]
    assert not watch.is_held()
    say_id(sessions[-1], "phone")
    assert watch.is_held()
    for session in sessions:
        session.close()


def test_nf_05_flood_of_another_uid_leaves_room(make_server, endpoints):
    """Of 200 connections 150 are for sessions; events need the others."""
    server = make_server("service lemonade-notify {\n"
                         "  client_limit = 200\n}\n")
    server.log.expect("lemonade-notify: Warning: .* sessions are connected")
    user = server.user()
    register(user, endpoints.new("flood"))

    with sessions_of(UIDS["lemobob"], server, presence_line(user),
                     200) as answers:
        assert "NO\tPRESENCE\tfull\ttoo many sessions" in answers
        session = user.imap()
        say_id(session, "phone")
        assert Watch(user).is_held()


def test_nf_05_rebuilt_after_a_reload(make_server, endpoints):
    server = make_server()
    user = server.user()
    endpoint = endpoints.new("reload")
    register(user, endpoint)
    session = user.imap()
    say_id(session, "phone")
    server.renew_notifier()
    watch = Watch(user)
    wait.until(lambda: watch.is_held(), 5, "the session is known again")
    server.reload()
    server.log.expect("lemonade: ")
    wait.until(lambda: watch.is_held(), 10, "and after a reload")
    session.must("NOOP")
    session.logout()
    assert not watch.is_held()


# -- hibernation

@pytest.fixture
def sleeper(make_server, endpoints):
    """(server, user, endpoint, session): the phone's session hibernates."""
    server = make_server(conf=HIBERNATE)
    user = server.user()
    endpoint = endpoints.new("hibernate")
    register(user, endpoint)
    session = user.imap()
    say_id(session, "phone")
    idle(session)
    wait.until(lambda: hibernating(server, user), 10, "it hibernates")
    return server, user, endpoint, session


def hibernating(server, user):
    """As the kernel sees it: no imap process has the user any more."""
    pids = server.pids("imap-hibernate")
    if not pids:
        return False
    imap = [pid for pid in server.pids("imap")
            if user.name.encode() in cmdline(pid)]
    return not imap


def cmdline(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return f.read()
    except OSError:
        return b""


def test_nf_05_hibernated_counts_until_it_ends(sleeper):
    server, user, endpoint, session = sleeper
    user.deliver()
    exists(session)
    assert len(endpoint.pushes()) == 0
    wait.until(lambda: hibernating(server, user), 10, "again")
    assert len(endpoint.pushes()) == 0
    session.close()
    wait.until(lambda: not server.rows("who", user.name), 5,
               "anvil knows that it ended")
    pushed(endpoint, user)


def test_nf_05_anvil_gone_then_push(sleeper):
    server, user, endpoint, _session = sleeper
    server.log.expect("anvil")
    pids = server.pids("anvil")
    for pid in pids:
        server.signal(pid, 9)
    # until its end it has answered, and is there
    wait.until(lambda: not any(map(is_alive, pids)), 5, "anvil is gone")
    pushed(endpoint, user)
    server.log.wait("lemonade-notify.*anvil: ")


# -- quiet hours

def test_nf_05_connected_when_quiet_hours_end(user, endpoints, zones):
    """No summary for who has seen all of it; if the connection turns out to
    be dead, it comes."""
    endpoint = endpoints.new("night")
    register(user, endpoint, quiet=zones.quiet())
    for _ in range(2):
        user.deliver()
    watch = Watch(user)
    assert watch.status()["pending"] == 2
    with saying(user, f"{VERSION}\n{presence_line(user)}\n",
                "AWAY\t0\n") as phone:
        value = json.loads(user.get_device("phone"))
        del value["quiet"]
        user.session.logout()
        user.server.doveadm("lemonade", "device", "set", "-u", user.name,
                            "phone", json.dumps(value), check=True)
        wait.until(lambda: watch.status()["pending"] == 0, 5, "released")
        assert watch.held() == 2
        assert endpoint.pushes() == []
        phone()
        endpoint.wait()


# -- dead connections

class DeadSocket:
    """What the kernel receives for this socket is thrown away before TCP sees
    it: nothing is acknowledged, as if the phone were in a tunnel."""

    SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27

    def __init__(self, sock):
        class Insn(ctypes.Structure):
            _fields_ = [("code", ctypes.c_uint16), ("jt", ctypes.c_uint8),
                        ("jf", ctypes.c_uint8), ("k", ctypes.c_uint32)]

        class Program(ctypes.Structure):
            _fields_ = [("len", ctypes.c_uint16), ("filter", ctypes.c_void_p)]
        drop = Insn(6, 0, 0, 0)         # BPF_RET 0
        program = Program(1, ctypes.addressof(drop))
        self.sock = sock
        sock.setsockopt(socket.SOL_SOCKET, self.SO_ATTACH_FILTER,
                        bytes(program))

    def revive(self):
        self.sock.setsockopt(socket.SOL_SOCKET, self.SO_DETACH_FILTER, 0)


@pytest.mark.slow
def test_nf_05_dead_tcp_connection_stops_counting(make_server, endpoints):
    """Within TLS, where the socket is the login process's. Also the message
    that was held back when it was dead already rings, once, and none that was
    seen before."""
    cert, key = endpoints.ca.cert("good")
    server = make_server(f"ssl = yes\nssl_server_cert_file = {cert}\n"
                         f"ssl_server_key_file = {key}\n" if is_24() else
                         f"ssl = yes\nssl_cert = <{cert}\n"
                         f"ssl_key = <{key}\n")
    user = server.user()
    endpoint = endpoints.new("dead")
    register(user, endpoint, payload=2)
    session = tls_imap(server, endpoints)
    assert session.login(user.name, user.password).ok
    say_id(session, "phone")
    idle(session)
    watch = Watch(user)
    assert watch.is_held(subject="seen")
    exists(session)
    dead = DeadSocket(session.sock)
    assert watch.is_held(subject="unseen")
    push, = endpoint.wait(1, timeout=30)
    assert push.data["vnd.lemonade.uid"] == 2
    said = [row["what"] for row in server.rows(
        "lemonade", "trace", "-u", user.name, "--device", "phone")]
    assert said[said.index("it was not connected after all") + 1] == "queued"
    assert not watch.is_held(subject="later")
    assert endpoint.wait(2)[1].data["vnd.lemonade.uid"] == 3
    dead.revive()
    exists(session)
    wait.until(lambda: watch.is_held(), 30, "it counts again", step=0.5)
