"""Quiet hours: held back, one summary at their end, urgent mail through. Row
SE-09."""

import json
import os

import pytest

from lemotest import wait
from lemotest.wire import event_line
from lemotest.zones import zones_of
from test_hostile import say
from test_trace import mail, trace, traced, words

URGENT = "Importance: high"


@pytest.fixture
def zones(run_dir):
    return zones_of(run_dir)


def events(push):
    """Of how many events a push tells."""
    return push.data.get("vnd.lemonade.eventsCount", 1)


def held(user, device="phone"):
    return (user.status(device).get("heldBack") or {}).get("quiet", 0)


def silent(endpoint):
    wait.never(endpoint.pushes, 0.2, "a push in quiet hours")


def test_se_09_quiet_hours_hold_and_let_urgent_pass(server, endpoints, zones):
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, quiet=zones.quiet())
    for _ in range(3):
        user.deliver()
    status = user.status("phone")
    assert status["heldBack"] == {"quiet": 3}
    assert status["pending"] == 3
    assert "T" in status["quietUntil"]
    user.deliver(extra=URGENT, subject="fire")
    push = endpoint.wait()[0]
    assert events(push) == 1
    for extra in ("X-Priority: 1 (Highest)", "Priority: urgent"):
        user.deliver(extra=extra)
    wait.until(lambda: sum(map(events, endpoint.pushes())) == 3, 5,
               "all urgent ones pass")
    urgent = len(endpoint.pushes())
    # they are listed, and are not the operator's to release
    row = server.rows("lemonade", "queue", "-u", user.name)[0]
    assert row["last_result"] == "quiet hours"
    assert 3500 < int(row["due_secs"]) <= 3600
    server.doveadm("lemonade", "retry", "-u", user.name, check=True)
    user.deliver(extra="X-Priority: 3")
    assert user.status("phone")["pending"] == 4
    # nor does a crash lose them
    server.renew_notifier()
    assert user.status("phone")["pending"] == 4
    assert len(endpoint.pushes()) == urgent
    # without quiet hours they go at once, as one
    user.change_device("phone", quiet=None)
    pushes = endpoint.wait(urgent + 1)
    assert events(pushes[-1]) == 4
    assert "quietUntil" not in user.status("phone")
    user.deliver()
    assert events(endpoint.wait(urgent + 2)[-1]) == 1


def test_se_09_quiet_hours_end_with_one_summary(server, endpoints, zones):
    """Three users: two of three messages are left, none is, and a try that
    failed before the hours began."""
    users = [server.user() for _ in range(3)]
    phones = [endpoints.new() for _ in users]
    for user, phone in zip(users, phones):
        user.register(phone)
        user.session.select()
    some, none, late = users
    phones[2].tell("status=503,retry-after=1")
    late.deliver()
    phones[2].wait()
    quiet = zones.quiet(6)
    for user in users:
        user.change_device("phone", quiet=quiet)
    for _ in range(3):
        some.deliver()
    none.deliver()
    none.deliver()
    assert [held(u) for u in (some, none)] == [3, 2]
    # read on another device meanwhile
    some.session.must("NOOP")
    some.session.must("STORE", "3", "+FLAGS.SILENT", "(\\Seen)")
    none.session.must("NOOP")
    none.session.must("STORE", "1", "+FLAGS.SILENT", "(\\Seen)")
    none.session.must("STORE", "2", "+FLAGS.SILENT", "(\\Deleted)")
    none.session.must("EXPUNGE")
    wait.until(lambda: held(late) == 1, 5, "the second try is held")
    phones[2].tell("status=201")
    assert [u.status("phone")["pending"] for u in users] == [2, 0, 1]
    assert all("quietUntil" in u.status("phone") for u in users)

    summary = phones[0].wait(timeout=10)
    assert [events(p) for p in summary] == [2]
    # the latest that is left speaks for all
    assert summary[0].event == "MessageNew"
    assert summary[0].data["messages"] == 2
    assert [events(p) for p in phones[2].wait(2)[1:]] == [1]
    assert all("quietUntil" not in u.status("phone") for u in users)
    assert phones[1].pushes() == []
    assert len(phones[0].pushes()) == 1


def test_se_09_quiet_hours_hold_urgent_if_asked(server, endpoints, zones):
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, quiet=zones.quiet(urgent=False))
    user.deliver(extra=URGENT)
    assert held(user) == 1
    silent(endpoint)
    # other hours, of which none is now
    user.change_device("phone", quiet=zones.loud())
    endpoint.wait()
    user.deliver()
    endpoint.wait(2)
    assert held(user) == 1


def test_se_09_copies_in_quiet_hours_are_one(server, endpoints, zones):
    """Messages of one delivery in several mailboxes, also if the notifier is
    another one by then."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, quiet=zones.quiet())

    def copy(uid, session="one"):
        phone = ("phone", "match", user.get_device("phone"))
        line = event_line(user.name, devices=[phone], vnd_uid=uid,
                          vnd_session=session, vnd_messageId="<1@lemo.test>")
        assert say(server, "lemovmail", line)[0].startswith("OK")
    copy(1)
    copy(2)
    server.renew_notifier()
    copy(3)
    copy(4, "another")
    copy(5)
    assert user.status("phone")["pending"] == 2


def test_se_09_quiet_zone_that_vanished_holds_nothing(server, endpoints,
                                                      zones):
    """When in doubt, push."""
    user, endpoint = server.user(), endpoints.new()
    quiet = zones.quiet()
    user.register(endpoint, quiet=quiet)
    os.unlink(zones.path(quiet["zone"]))
    server.log.expect("time zone Lemo/.*is the package tzdata installed")
    server.renew_notifier()
    user.deliver()
    endpoint.wait()
    assert "quietUntil" not in user.status("phone")


@pytest.mark.parametrize("content", [None, b"", b"TZif", b"TZif2" * 100,
                                     os.urandom(3000)],
                         ids=["none", "empty", "cut", "rubbish", "random"])
def test_se_09_quiet_zone_must_be_one(server, zones, content):
    user = server.user()
    name = zones.quiet()["zone"]
    os.unlink(zones.path(name))
    if content is not None:
        with open(zones.path(name), "wb") as f:
            f.write(content)
    response = user.set_device("phone", {"channel": "log", "quiet": {
        "zone": name, "times": [{"from": "22:00", "to": "07:00"}]}})
    assert response.status == "NO"
    assert 'field "quiet.zone" is no time zone' in response.text
    assert user.get_device("phone") is None


def test_se_09_quiet_hours_of_any_zone(server, zones):
    """A directory, a link out of it, a FIFO: none is waited for or read."""
    user = server.user()
    os.mkfifo(zones.path("Lemo/fifo"))
    os.symlink("/dev/zero", zones.path("Lemo/zero"))
    for name, good in (("Europe/Berlin", True), ("Europe", False),
                       ("Lemo/fifo", False), ("Lemo/zero", False),
                       ("europe/berlin", False)):
        response = user.set_device("phone", {"channel": "log", "quiet": {
            "zone": name, "times": [{"from": "22:00", "to": "07:00"}]}})
        assert response.ok == good, (name, response)
    assert "Europe/Berlin" in json.loads(user.get_device("phone"))[
        "quiet"]["zone"]


def test_sc_02_trace_follows_quiet_hours(server, endpoints, zones):
    """Held, and what it became when the hours were over."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, quiet=zones.quiet())
    data, message_id = mail("night")
    user.deliver(data)
    user.deliver()
    assert held(user) == 2
    user.change_device("phone", quiet=None)
    assert events(endpoint.wait()[0]) == 2
    said = words(traced(server, "-u", user.name, "--last", "30", what="200"),
                 "phone")
    told = " | ".join(said)
    assert told.count("held back: quiet hours") == 2, told
    assert told.index("held back") < told.index("for 2 events, answered 200")
    # of the one that does not speak for the summary, too
    told = words(trace(server, message_id), "phone")
    assert told[0] == "held back: quiet hours"
    assert any("for 2 events, answered 200" in word for word in told), told
