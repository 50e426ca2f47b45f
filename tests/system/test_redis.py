"""Feeds by Redis Streams, with a real server."""

import json
import os
import random
import signal

import pytest

import conftest
from lemotest import wait
from lemotest.redis import PASSWORD, Redis
from lemotest.wire import Door, event_line

SETTINGS = {"lemonade_feed_events": "all", "lemonade_feed_payload": 4,
            "lemonade_request_timeout": "1 s"}


def write(path, text):
    with open(path, "w", encoding="utf-8",
              opener=lambda p, f: os.open(p, f, 0o600)) as f:
        f.write(text)
    return path


@pytest.fixture(scope="module")
def redis(run_dir, endpoints):
    server = Redis(run_dir, "redis", PASSWORD, endpoints.ca.cert())
    try:
        yield server.start()
    finally:
        server.stop()


def feed_lines(run_dir, redis, endpoints):
    password = write(f"{run_dir}/redis.secret", PASSWORD + "\n")
    wrong = write(f"{run_dir}/redis.wrong", "not " + PASSWORD + "\n")
    return "\n".join([
        f"* {redis.url('mail')} {password} lemovmail",
        f"tls.test {redis.url('tls:%d', 3, True)} {password}",
        f"small.test {redis.url('small')} {password} maxlen=100",
        f"type.test {redis.url('string')} {password}",
        f"wrong.test {redis.url('wrong')} {wrong}",
        ""])


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


def tell(server, users, count, before="", first=0):
    """count events of each user, mixed, each acknowledged. Returns the ids
    by user, in order."""
    ids = {user: [f"{before}{user.replace('@', '-').replace('.', '-')}-{n}"
                  for n in range(first, first + count)] for user in users}
    queue = [(user, n) for user in users for n in range(count)]
    random.shuffle(queue)
    nexts = {user: iter(ids[user]) for user in users}
    with Door(f"{server.base}/run/lemonade-notify", 30) as door:
        for user, _ in queue:
            event_id = next(nexts[user])
            door.send(event_line(user, event_id=event_id, vnd_feed=1))
        for _ in queue:
            assert door.answer().startswith("OK\t")
    return ids


def arrived(redis, stream, expected, timeout=10):
    """All came, once, in order for each user."""
    def found():
        entries = redis.entries(stream)
        return {user: [e["id"] for e in entries if e["user"] == user]
                for user in expected}
    wait.until(lambda: sum(map(len, found().values())) >=
               sum(map(len, expected.values())), timeout, f"all in {stream}")
    assert found() == expected


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


def test_redis_order_of_many_users(redis_server, redis):
    users = [f"u{n}@many.test" for n in range(50)]
    ids = tell(redis_server, users, 20)
    arrived(redis, "mail", ids)
