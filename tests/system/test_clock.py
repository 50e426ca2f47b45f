"""The wall clock is set, by an hour: nothing is lost, late or doubled. Rows
NF-09 and SE-09."""

import pytest

from lemotest import wait
from lemotest.clock import Clock
from lemotest.zones import TIMES, zones_of

HOUR = 3600
# Seconds, on a busy machine; what waits for the clock waits for minutes.
SOON = 15


@pytest.fixture
def clock(run_dir):
    return Clock(run_dir)


@pytest.fixture
def clocked(make_server, clock):
    server = make_server(clock=clock)
    server.log.expect("Time moved")
    return server


def rings(user, endpoint, count):
    """One more, soon; and no other with it."""
    user.deliver()
    endpoint.wait(count, SOON)
    assert len(endpoint.pushes()) == count


def test_nf_09_clock_is_set_by_an_hour(clocked, clock, endpoints):
    """Between two pushes, and while one waits for its next try."""
    user, phone = clocked.user(), endpoints.new()
    late, slow = clocked.user(), endpoints.new()
    user.register(phone)
    late.register(slow)
    rings(user, phone, 1)
    tries = 0
    for count, ahead in enumerate((HOUR, 0, -HOUR), 2):
        slow.tell("status=503,retry-after=1")
        late.deliver()
        tries = len(slow.wait(tries + 1, SOON))
        slow.tell("status=201")
        clock.set(ahead)
        # the connection to the phone is idle, and its timer's time is not
        rings(user, phone, count)
        tries = len(slow.wait(tries + 1, SOON))
        assert late.status("phone")["pending"] == 0
    assert tries == 6
    assert len(phone.pushes()) == 4


def test_se_09_quiet_hours_follow_a_clock_that_is_set(clocked, clock,
                                                      endpoints, run_dir):
    """They end when the clock says so, and begin again when it is set back;
    what is held rings once."""
    zones = zones_of(run_dir)
    user, phone = clocked.user(), endpoints.new()
    # half an hour is left, and they began half an hour ago
    times = [{"from": "11:00", "to": TIMES[0]["to"]}]
    user.register(phone, quiet={**zones.quiet(HOUR // 2), "times": times})
    for count, ahead in enumerate((HOUR, -HOUR), 1):
        clock.set(0)
        wait.until(lambda: "quietUntil" in user.status("phone"), 5,
                   "it is quiet")
        user.deliver()
        user.deliver()
        assert user.status("phone")["pending"] == 2
        assert len(phone.pushes()) == count - 1
        clock.set(ahead)
        push = phone.wait(count, SOON)[-1]
        assert push.data["vnd.lemonade.eventsCount"] == 2
        assert "quietUntil" not in user.status("phone")
    assert len(phone.pushes()) == 2
