"""A feed by webhook in CloudEvents batches, judged by code that is not ours
(npm cloudevents and standardwebhooks)."""

import json
import os
import subprocess

import pytest

import conftest
from lemotest import wait
from lemotest.feed import Feed, tell

HERE = os.path.dirname(os.path.abspath(__file__))
BATCH = 10
POISON = "poison@batch.test"
USERS = [f"u{n}@batch.test" for n in range(30)]


@pytest.fixture(scope="module")
def _feed(endpoints, run_dir):
    os.mkdir(f"{run_dir}/batches")
    return Feed(endpoints.new("batches"), f"{run_dir}/batches")


@pytest.fixture
def feed(_feed):
    _feed.endpoint.mark()
    yield _feed
    _feed.endpoint.sink.judges.pop(_feed.endpoint.path, None)


@pytest.fixture(scope="module")
def _batches(run_dir, endpoints, _feed):
    _feed.write({"*": _feed.endpoint.url}, f"lemovmail batch={BATCH}")
    server = conftest.start(run_dir, endpoints, "batches",
                            {**_feed.settings("MessageNew"),
                             "lemonade_origin_connections": 1})
    yield server
    conftest.stop(server)


@pytest.fixture
def server(_batches):
    _batches.log.mark()
    return _batches


def ids_of(push):
    return [event["id"] for event in push.json]


def taken(feed, expected, refused=()):
    """What came in requests that were not refused: in order for each user,
    none twice. Returns those requests."""
    count = sum(map(len, expected.values()))

    def good():
        return [push for n, push in enumerate(feed.endpoint.all())
                if n not in refused]
    wait.until(lambda: sum(len(push.json) for push in good()) >= count, 10,
               f"{count} events")
    found = {user: [] for user in expected}
    for push in good():
        for event in push.json:
            found[event["data"]["user"]].append(event["id"])
    assert found == expected
    return good()


def test_batches_are_accepted(server, feed):
    """Many at once while the receiver is busy, valid and signed."""
    feed.endpoint.sink.judges[feed.endpoint.path] = lambda _: "delay=0.02"
    pushes = taken(feed, tell(server, USERS, 5))
    sizes = [len(push.json) for push in pushes]
    assert max(sizes) == BATCH and len(sizes) < 75
    out = subprocess.run(
        ["node", f"{HERE}/verify-webhook.mjs", "--secret", feed.secret,
         "--prove"], input=json.dumps([p.record for p in pushes]), text=True,
        capture_output=True, timeout=100, check=True).stdout
    verdicts = [json.loads(line) for line in out.splitlines()]
    assert [len(v["events"]) for v in verdicts] == sizes
    assert {v["events"][0]["type"] for v in verdicts} == \
        {"rfc5423.MessageNew"}
    assert {p.headers["content-type"] for p in pushes} == \
        {"application/cloudevents-batch+json"}
    assert len({p.id for p in pushes}) == len(pushes)


def test_batch_of_one_from_lmtp(server, feed):
    user = server.user()
    user.deliver(subject="one")
    push, = wait.until(feed.endpoint.all, 5)
    event, = push.json
    assert event["data"]["user"] == user.name
    assert event["data"]["vnd.lemonade.subject"] == "one"


def test_ev_15_batches_come_again_after_500(server, feed):
    """The answer is that of every event in it; what was refused comes again
    under the same ids, and before what is later."""
    server.log.expect("push")
    answers = iter(["status=500", "status=503", "cut"])
    told = []

    def judge(_):
        told.append(next(answers, ""))
        return told[-1]
    feed.endpoint.sink.judges[feed.endpoint.path] = judge
    ids = tell(server, USERS, 3)
    wait.until(lambda: "cut" in told, 10, "three refused")
    pushes = taken(feed, ids, refused=range(3))
    assert {i for push in feed.endpoint.all()[:3] for i in ids_of(push)} <= \
        {i for push in pushes for i in ids_of(push)}


@pytest.mark.parametrize("status", [400, 413, 422])
def test_batches_are_halved_when_refused(server, feed, status):
    """One event that the receiver refuses takes no other with it."""
    refused = []

    def judge(record):
        if POISON not in record["body"]:
            return "delay=0.02"
        refused.append(record["n"])
        return f"status={status}"
    feed.endpoint.sink.judges[feed.endpoint.path] = judge
    ids = tell(server, [*USERS[:19], POISON], 2)
    poison = ids.pop(POISON)
    server.log.wait(f"user {POISON} device .feed.: event .*refused", 2)
    taken(feed, ids, [n for n, push in enumerate(feed.endpoint.all())
                      if push.record["n"] in refused])
    alone = [ids_of(push) for push in feed.endpoint.all()
             if push.record["n"] in refused and len(push.json) == 1]
    assert alone == [[i] for i in poison]
    # halved, and not sent one by one
    assert len(refused) <= 2 * 5
