"""Feeds by Redis Streams, with a real server."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from urllib.parse import quote

import pytest

import conftest
from lemotest import wait
from lemotest.feed import tell
from lemotest.redis import PASSWORD, Redis
from lemotest.server import TOP

SETTINGS = {"lemonade_feed_events": "all", "lemonade_feed_payload": 4,
            "lemonade_request_timeout": "1 s"}

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr"


def write(path, text):
    with open(path, "w", encoding="utf-8",
              opener=lambda p, f: os.open(p, f, 0o600)) as f:
        f.write(text)
    return path


@pytest.fixture(scope="module")
def redis(run_dir, endpoints, _servers):
    server = Redis(run_dir, "redis", PASSWORD, endpoints.ca.cert())
    server.webhook = endpoints.new("redis-neighbour")
    # LMTP, which greets
    main = conftest.main_server(run_dir, endpoints, _servers)
    server.other = main.ports["lmtp"]
    server.key = write(f"{run_dir}/redis.key", KEY + "\n")
    try:
        yield server.start()
    finally:
        server.stop()


def feed_lines(run_dir, redis, endpoints):
    password = write(f"{run_dir}/redis.secret", PASSWORD + "\n")
    wrong = write(f"{run_dir}/redis.wrong", "not " + PASSWORD + "\n")
    text = "\n".join([
        f"* {redis.url('mail')} {password} lemovmail",
        f"tls.test {redis.url('tls:%d', 3, True)} {password}",
        f"small.test {redis.url('small')} {password} maxlen=100",
        f"group.test {redis.url('group')} {password}",
        f"type.test {redis.url('string')} {password}",
        f"user.test {redis.url('mail', user='lemonade@')} {password}",
        f"wrong.test {redis.url('wrong')} {wrong}",
        f"name.test rediss://127.0.0.3:{redis.tls}/0/mail {password}",
        f"other-port.test redis://127.0.0.1:{redis.other}/0/mail -",
        f"webhook.test {redis.webhook.url} {redis.key}", ""])
    return text


@pytest.fixture(scope="module")
def _redis_server(run_dir, endpoints, redis):
    path = write(f"{run_dir}/redis.feeds",
                 feed_lines(run_dir, redis, endpoints))
    server = conftest.start(run_dir, endpoints, "redis-feed", {
        **SETTINGS, "lemonade_feed_file": path})
    yield server
    server.log.mark()
    server.log.expect("lemonade: No acknowledgement in time")
    conftest.stop(server, gently=True)
    assert not server.log.unexpected()


@pytest.fixture
def redis_server(_redis_server):
    _redis_server.log.mark()
    return _redis_server


def arrived(redis, stream, expected, timeout=10, twice=False):
    """All came in order for each user; once, unless they may come twice: then
    it is their first time that counts."""
    def found():
        got = {user: [] for user in expected}
        for entry in redis.entries(stream):
            ids = got.get(entry["user"])
            if ids is not None and not (twice and entry["id"] in ids):
                ids.append(entry["id"])
        return got
    wait.until(lambda: sum(map(len, found().values())) >=
               sum(map(len, expected.values())), timeout, f"all in {stream}")
    assert found() == expected


def queue(server, user):
    return server.rows("lemonade", "queue", "-u", user)


def test_redis_mail_arrives(redis_server, redis):
    """From LMTP to the stream: the fields, and the body that a webhook has."""
    user = redis_server.user()
    user.deliver(subject="merger")
    entry, = wait.until(lambda: [
        e for e in redis.entries("mail", user.name)
        if e["type"] == "rfc5423.MessageNew"], 5)
    event = entry["event"]
    assert list(entry) == ["id", "type", "user", "event"]
    assert (event["id"], event["type"], event["data"]["user"]) == \
        (entry["id"], entry["type"], user.name)
    assert event["specversion"] == "1.0"
    assert event["data"]["vnd.lemonade.subject"] == "merger"


def test_ev_15_redis_order_of_many_users(redis_server, redis):
    users = [f"u{n}@many.test" for n in range(40)]
    arrived(redis, "mail", tell(redis_server, users, 10))


def test_redis_tls_and_stream_of_domain(redis_server, redis):
    ids = tell(redis_server, ["a@tls.test"], 3)
    redis.client.select(3)
    try:
        arrived(redis, "tls:tls.test", ids)
    finally:
        redis.client.select(0)


def test_redis_maxlen(redis_server, redis):
    """XADD MAXLEN ~ drops whole nodes, of 100 entries by default."""
    tell(redis_server, [f"u{n}@small.test" for n in range(10)], 50)
    wait.until(lambda: not redis_server.rows("lemonade", "queue"), 10)
    assert 100 <= redis.client.xlen("small") <= 200


def test_redis_password_is_in_no_log(redis_server, redis):
    """A wrong password stops that feed, says why, and no other."""
    redis_server.log.expect("wrong: ")
    wrong = tell(redis_server, ["a@wrong.test"], 2)
    arrived(redis, "mail", tell(redis_server, ["a@other.test"], 5))
    line, *_ = redis_server.log.wait("AUTH: WRONGPASS: ")
    assert "/0/wrong: " in line
    row = wait.until(lambda: [r for r in queue(redis_server, "a@wrong.test")
                              if int(r["tries"]) > 0], 5)[0]
    assert (row["channel"], row["origin"]) == ("redis", redis.url("wrong"))
    assert not redis_server.log.lines(PASSWORD)
    redis_server.doveadm("lemonade", "purge", "-u", "a@wrong.test",
                         check=True)
    assert not redis.client.exists("wrong") and wrong


@pytest.mark.parametrize("user,stream,word,begin,end", [
    ("a@type.test", "string", "WRONGTYPE", ("SET", "string", "x"),
     ("DEL", "string")),
    ("a@oom.test", "mail", "OOM", ("CONFIG", "SET", "maxmemory", "1"),
     ("CONFIG", "SET", "maxmemory", "0")),
    ("a@only.test", "mail", "READONLY", ("REPLICAOF", "127.0.0.1", "1"),
     ("REPLICAOF", "NO", "ONE")),
    ("a@user.test", "mail", "NOPERM",
     ("ACL", "SETUSER", "lemonade", "on", "reset", ">" + PASSWORD, "on",
      "+select"), ("ACL", "SETUSER", "lemonade", "~mail", "+xadd")),
])
def test_redis_errors_are_shown_and_wait(redis_server, redis, user, stream,
                                         word, begin, end):
    """What the server refuses is in the log with its remedy, and waits."""
    redis_server.log.expect("redis://")
    redis.client.execute_command(*begin)
    try:
        ids = tell(redis_server, [user], 2)
        redis_server.log.wait(f"lemonade_feed_file: redis://.*: {word}: ")
    finally:
        redis.client.execute_command(*end)
    redis_server.doveadm("lemonade", "retry", check=True)
    arrived(redis, stream, ids)
    assert queue(redis_server, user) == []


def test_ev_15_redis_restart_loses_nothing(redis_server, redis):
    redis_server.log.expect("redis://")
    ids = tell(redis_server, ["a@again.test", "b@again.test"], 3)
    redis.stop()
    for user, more in tell(redis_server, ["a@again.test", "b@again.test"],
                           5).items():
        ids[user] += more
    redis.start()
    redis_server.doveadm("lemonade", "retry", check=True)
    arrived(redis, "mail", ids, twice=True)


def test_ev_15_redis_notifier_is_killed(redis_server, redis):
    """At least once, and what comes twice has the same id."""
    users = [f"u{n}@kill.test" for n in range(20)]
    redis_server.log.expect("lemonade-notify.*killed with signal 9")
    pid = redis_server.notifier_pid()
    redis.signal(signal.SIGSTOP)
    try:
        ids = tell(redis_server, users, 5)
        # the first of each user are in the pipeline
        os.kill(pid, signal.SIGKILL)
        wait.until(lambda: pid not in redis_server.pids("lemonade-notify"), 5)
    finally:
        redis.signal(signal.SIGCONT)
    redis_server.notifier_pid(15)
    arrived(redis, "mail", ids, twice=True)


def test_redis_that_hangs_holds_up_nobody(redis_server, redis):
    """No delivery, and no other channel; when it goes on, all arrive."""
    redis_server.log.expect("redis://")
    user = redis_server.user()
    redis.signal(signal.SIGSTOP)
    try:
        slow = tell(redis_server, [f"u{n}@hang.test" for n in range(20)], 2)
        before = len(redis.webhook.all())
        ids = tell(redis_server, ["a@webhook.test"], 20)
        start = time.monotonic()
        user.deliver()
        assert time.monotonic() - start < 2
        wait.until(lambda: len(redis.webhook.all()) >= before + 20, 5)
        assert [p.id for p in redis.webhook.all()[before:]] == \
            ids["a@webhook.test"]
        redis_server.log.wait("no answer in time")
    finally:
        redis.signal(signal.SIGCONT)
    redis_server.doveadm("lemonade", "retry", check=True)
    arrived(redis, "mail", slow, twice=True)


def test_redis_certificate_is_verified(redis_server, redis):
    """Another name's certificate: nothing is said to that server."""
    redis_server.log.expect("rediss://127.0.0.3")
    ids = tell(redis_server, ["a@name.test"], 1)
    redis_server.log.wait("rediss://127.0.0.3.*TLS: ")
    assert not redis.entries("mail", "a@name.test") and ids
    redis_server.doveadm("lemonade", "purge", "-u", "a@name.test", check=True)


def test_redis_server_without_tls(make_server, redis, run_dir):
    """It waits for a command, as we do for its certificate."""
    path = write(f"{run_dir}/plain.feeds",
                 f"* rediss://127.0.0.1:{redis.port}/0/mail -\n")
    server = make_server(**SETTINGS, lemonade_feed_file=path)
    out = server.doveadm("lemonade", "test", "-u", server.user().name,
                         "--feed")
    assert "result: TLS handshake timed out" in out.stdout, out


def test_redis_what_is_none(redis_server, redis):
    """Something else that listens there gets no events."""
    redis_server.log.expect("redis://127.0.0.1")
    tell(redis_server, ["a@other-port.test"], 1)
    redis_server.log.wait("what answers is no Redis server")
    redis_server.doveadm("lemonade", "purge", "-u", "a@other-port.test", check=True)


def consume(redis, consumer, *options, stream="group"):
    """The ids that the example of doc/ handled, in order."""
    # as in channels.md
    redis.client.execute_command(
        "ACL", "SETUSER", "crm", "on", ">" + PASSWORD, f"~{stream}", "~seen:*",
        *"+@stream +@string +@keyspace +@transaction +@connection".split())
    out = subprocess.run(
        [sys.executable, f"{TOP}/doc/examples/redis-consumer.py",
         f"redis://crm:{quote(PASSWORD)}@127.0.0.1:{redis.port}/0", stream,
         "crm", consumer, "--once", *options], check=True, text=True,
        capture_output=True, timeout=20).stdout
    return [line.split()[0] for line in out.splitlines()]


def test_redis_example_consumer(redis_server, redis):
    """XREADGROUP, XACK; what another took and did not finish (XAUTOCLAIM),
    and what comes twice."""
    first = tell(redis_server, ["a@group.test"], 3)["a@group.test"]
    arrived(redis, "group", {"a@group.test": first})
    assert consume(redis, "one") == first
    second = tell(redis_server, ["a@group.test"], 3)["a@group.test"]
    arrived(redis, "group", {"a@group.test": first + second})
    # took one, and died
    (_, ((_, lost),)), = redis.client.xreadgroup(
        "crm", "dead", {"group": ">"}, count=1)
    assert lost["id"] == second[0]
    twice = redis.entries("group")[-1]
    redis.client.xadd("group", {**twice, "event": json.dumps(
        twice["event"])})
    assert consume(redis, "two") == second[1:]
    assert consume(redis, "two", "--idle", "0") == [second[0]]
    assert redis.client.xpending("group", "crm")["pending"] == 0


def test_redis_dry_run(redis_server, redis):
    """The exact fields, and nothing sent; without it, an entry."""
    user = redis_server.user()
    args = ("lemonade", "test", "-u", user.name, "--feed")
    out, = json.loads(redis_server.doveadm("-f", "json", *args, "--dry-run",
                                           check=True).stdout)
    assert (out["method"], out["url"]) == ("XADD", redis.url("mail"))
    assert out["headers"].startswith("mail\nMAXLEN\n~\n100000\n*\nid")
    assert json.loads(out["body"])["data"]["user"] == user.name
    assert not redis.entries("mail", user.name)
    assert redis_server.rows(*args) == [{"result": "OK"}]
    assert len(redis.entries("mail", user.name)) == 1
    assert redis_server.doveadm(*args, "phone").returncode != 0


BAD_LINES = {
    "redis://:secret@127.0.0.1/0/s -": "belongs into the secret file",
    "redis://127.0.0.1/s -": "must end in /DB/STREAM",
    "redis://127.0.0.1:0/0/s -": "port must be",
    "redis://127.0.0.1/0/s /nonexistent/file": "cannot be read",
    "redis://127.0.0.1/0/s /dev/null": "is empty; say -",
    "redis://127.0.0.1/0/s - maxlen=0": "maxlen must be from 1",
    "redis://127.0.0.1/0/s - maxlen=9x": "maxlen must be from 1",
    "redis://127.0.0.1/0/s - batch=10": "batch is no option",
    "redis://127.0.0.1/0/s - lemovmail maxlen": "maxlen is no OPTION=VALUE",
    "http://127.0.0.1/ /dev/null batch=1": "batch must be from 2 to 256",
    "http://127.0.0.1/ /dev/null batch=257": "batch must be from 2 to 256",
    "http://127.0.0.1/ /dev/null maxlen=5": "maxlen is no option",
    "reddis://127.0.0.1/0/s /dev/null": "URL must begin with https://, "
    "http://, redis:// or rediss://",
    "redis://127.0.0.1/0/s": "is not \"DOMAIN URL SECRET-FILE",
}


def test_redis_bad_lines(make_server, run_dir):
    path = write(f"{run_dir}/bad.feeds", "".join(
        f"d{n}.test {line}\n" for n, line in enumerate(BAD_LINES)))
    server = make_server(lemonade_feed_events="all", lemonade_feed_file=path)
    server.log.expect("lemonade_feed_file: ")
    lines = server.log.lines("lemonade_feed_file: .* line ")
    assert len(lines) == len(BAD_LINES)
    for n, (line, error) in enumerate(zip(lines, BAD_LINES.values()), 1):
        assert f" line {n}: " in line and error in line, line
        assert "secret@" not in line


def test_redis_feed_file_without_line_end(make_server, run_dir):
    """The last line counts, as editors leave it that write none behind it."""
    path = write(f"{run_dir}/unended.feeds", "* redis://x/0/s")
    server = make_server(lemonade_feed_events="all", lemonade_feed_file=path)
    server.log.wait("lemonade_feed_file: .* line 1: is not")


ENDLESS = {
    # of one answer: nothing is complete
    "array": (b"*2000000000\r\n", b":1\r\n" * 4096),
    # of one string
    "string": (b"$400000000\r\n", b"x" * 16384),
    "line": (b"-ERR ", b"x" * 16384)}


class Flood:
    """Says begin, and then more as long as it is listened to."""

    def __init__(self, begin, more):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.begin, self.more = begin, more
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                sock = self.listener.accept()[0]
            except OSError:
                return
            with sock:
                try:
                    sock.recv(4096)
                    sock.sendall(self.begin)
                    while True:
                        sock.sendall(self.more)
                except OSError:
                    pass

    def close(self):
        self.listener.close()


@pytest.mark.parametrize("kind", ENDLESS)
def test_redis_endless_answer(make_server, endpoints, run_dir, kind):
    """It costs the others nothing, and is ended."""
    flood = Flood(*ENDLESS[kind])
    server = make_server(**SETTINGS, lemonade_feed_file=write(
        f"{run_dir}/flood.feeds",
        f"other.test redis://127.0.0.1:{flood.port}/0/mail - lemovmail\n"))
    try:
        user, endpoint = server.user(), endpoints.new()
        user.register(endpoint)
        server.log.expect("redis://127.0.0.1", "No acknowledgement in time")
        tell(server, ["a@other.test"], 1)
        user.deliver()
        endpoint.wait()
        server.log.wait("redis://127.0.0.1.*(no answer in time|no Redis)",
                        timeout=20)
    finally:
        flood.close()
