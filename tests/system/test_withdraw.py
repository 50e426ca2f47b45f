"""A message read, deleted or moved elsewhere takes its alert back."""

import pytest

from lemotest import wait
from lemotest.users import message

EVENTS = ("(personal (MessageNew MessageRead MessageTrash MessageExpunge "
          "FlagsSet))")


def settled(user):
    return wait.until(lambda: user.status("phone")["pending"] == 0, 5)


def events(endpoint):
    return [p.event for p in endpoint.pushes()]


def waiting(user, count):
    wait.until(lambda: user.status("phone")["pending"] == count, 5,
               f"{count} pending")


def one_rang(server, endpoints, pending, **fields):
    """A user whose first message rang and whose next ones wait, merged."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, events=EVENTS, collapse=3600, **fields)
    user.deliver()
    endpoint.wait(1)
    settled(user)
    for n in range(pending):
        user.deliver()
        waiting(user, n + 1)
    user.session.select()
    return user, endpoint


@pytest.mark.parametrize("command", ["read", "delete", "move"])
def test_ev_14_alert_is_withdrawn(server, endpoints, command):
    """By default, with the counters of now."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    for n in range(2):
        user.deliver()
        endpoint.wait(n + 1)
    settled(user)
    imap = user.session
    imap.must("CREATE", "Done")
    imap.select()
    if command == "read":
        imap.must("STORE", "1", "+FLAGS", "(\\Seen)")
    elif command == "delete":
        imap.must("STORE", "1", "+FLAGS", "(\\Deleted)")
    else:
        imap.must("MOVE", "1", "Done")
    push = endpoint.wait(3)[2]
    assert push.event == {"read": "MessageRead", "delete": "MessageTrash",
                          "move": "MessageExpunge"}[command]
    assert push.data["vnd.lemonade.unseen"] == (2 if command == "delete"
                                                else 1)
    assert push.data["messages"] == (1 if command == "move" else 2)
    # the level's rules hold
    assert "vnd.lemonade.mailbox" not in push.data
    settled(user)
    assert len(endpoint.pushes()) == 3


def test_ev_14_nothing_unseen_is_told(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    user.deliver()
    endpoint.wait()
    user.session.select()
    user.session.must("STORE", "1", "+FLAGS", "(\\Seen)")
    assert endpoint.wait(2)[1].data["vnd.lemonade.unseen"] == 0


@pytest.mark.parametrize("before,answer,flag,told,unseen", [
    pytest.param(0, "delay=0.5", "\\Seen", ["MessageNew", "MessageRead"], 0,
                 id="read"),
    pytest.param(0, "delay=0.5", "\\Flagged", ["MessageNew", "FlagsSet"], 1,
                 id="flagged"),
    pytest.param(1, "delay=0.5", "\\Seen",
                 ["MessageNew", "MessageNew", "MessageRead"], 1,
                 id="other_is_read"),
    # its next try still is the alert
    pytest.param(0, "delay=1,status=503", "\\Flagged",
                 ["MessageNew", "MessageNew"], 1, id="flagged_and_failed")])
def test_ev_14_while_in_flight(server, endpoints, before, answer, flag, told,
                               unseen):
    """The endpoint takes its time with an alert: what happens meanwhile to the
    first message follows, and the alert is neither lost nor told twice."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, events=EVENTS)
    imap = user.session
    for n in range(before):
        user.deliver()
        endpoint.wait(n + 1)
        settled(user)
    endpoint.tell(answer)
    user.deliver()
    endpoint.wait(before + 1)
    imap.select()
    imap.must("STORE", "1", "+FLAGS", f"({flag})")
    endpoint.tell("")
    endpoint.wait(len(told))
    settled(user)
    assert events(endpoint) == told
    assert endpoint.pushes()[-1].data["vnd.lemonade.unseen"] == unseen


def test_ev_14_read_before_it_rang(server, endpoints):
    """Within the window after an alert a message comes and is read: no push,
    and none when it is deleted either."""
    user, endpoint = one_rang(server, endpoints, 1)
    imap = user.session
    imap.must("STORE", "2", "+FLAGS", "(\\Seen)")
    settled(user)
    imap.must("STORE", "2", "+FLAGS.SILENT", "(\\Deleted)")
    imap.must("EXPUNGE")
    silent = wait.until(
        lambda: user.status("phone").get("heldBack", {}).get("silent"), 5)
    assert silent >= 1
    assert user.status("phone")["pending"] == 0
    assert events(endpoint) == ["MessageNew"]
    # the first did ring
    user.session.must("STORE", "1", "+FLAGS", "(\\Seen)")
    wait.until(lambda: user.status("phone")["pending"] == 1, 5)


def test_ev_14_one_of_two_is_read(server, endpoints):
    """Two alerts wait merged; the later message is read: the other one still
    rings, with nothing of the one that was read."""
    user, endpoint = one_rang(server, endpoints, 2, payload=2)
    imap = user.session
    imap.must("STORE", "3", "+FLAGS", "(\\Seen)")
    waiting(user, 1)
    server.doveadm("lemonade", "retry", "-u", user.name, check=True)
    push = endpoint.wait(2)[1]
    assert push.event == "MessageNew"
    assert "vnd.lemonade.uid" not in push.data
    assert push.data["vnd.lemonade.mailbox"] == "INBOX"
    assert push.data["vnd.lemonade.unseen"] == 2
    settled(user)
    # it did ring, the other did not
    imap.must("STORE", "3", "+FLAGS.SILENT", "(\\Deleted)")
    imap.must("EXPUNGE")
    imap.must("STORE", "2", "+FLAGS", "(\\Seen)")
    waiting(user, 1)
    server.doveadm("lemonade", "retry", "-u", user.name, check=True)
    push = endpoint.wait(3)[2]
    assert (push.event, push.data["uidset"]) == ("MessageRead", "2")


def test_ev_14_one_of_two_is_read_in_the_queue(make_server, endpoints):
    """The same while both wait for the endpoint, which is busy."""
    server = make_server(lemonade_origin_connections=1)
    user, other = server.user(), server.user()
    endpoint = endpoints.new()
    busy = endpoints.new(host=endpoint.host)
    user.register(endpoint, events=EVENTS)
    other.register(busy)
    imap = user.session
    busy.tell("delay=2.5")
    other.deliver()
    busy.wait(1)
    for n in range(2):
        user.deliver()
        waiting(user, n + 1)
    imap.select()
    imap.must("STORE", "2", "+FLAGS", "(\\Seen)")
    waiting(user, 1)
    push = endpoint.wait(1)[0]
    assert push.event == "MessageNew"
    assert push.data["vnd.lemonade.unseen"] == 1
    settled(user)
    assert events(endpoint) == ["MessageNew"]


@pytest.mark.parametrize("order", ["2 3", "3 2", "2:3"])
def test_ev_14_both_are_read(server, endpoints, order):
    """Whatever the order: then there is nothing to ring for."""
    user, endpoint = one_rang(server, endpoints, 2)
    imap = user.session
    for numbers in order.split():
        imap.must("STORE", numbers, "+FLAGS", "(\\Seen)")
    settled(user)
    assert events(endpoint) == ["MessageNew"]


def test_ev_14_read_after_a_restart(server, endpoints):
    """The new notifier knows whom the row is about, too."""
    user, endpoint = one_rang(server, endpoints, 1)
    server.renew_notifier()
    user.session.must("STORE", "2", "+FLAGS", "(\\Seen)")
    settled(user)
    assert events(endpoint) == ["MessageNew"]


def test_ev_14_earlier_alert_in_flight(server, endpoints):
    """Two merged alerts are in flight; the first of them is read, then they
    fail: the other one is not lost."""
    user, endpoint = one_rang(server, endpoints, 2, payload=2)
    imap = user.session
    endpoint.tell("delay=0.5,status=503")
    server.doveadm("lemonade", "retry", "-u", user.name, check=True)
    endpoint.wait(2)
    imap.must("STORE", "2", "+FLAGS", "(\\Seen)")
    endpoint.tell("")
    push = endpoint.wait(3)[2]
    assert (push.event, push.data["vnd.lemonade.uid"]) == ("MessageNew", 3)


def test_ev_14_withdrawn_elsewhere_is_silent(server, endpoints):
    """Mail that the user appended, and that never rang, is not mentioned."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    user.session.append("INBOX", message())
    user.session.select()
    user.session.must("STORE", "1", "+FLAGS", "(\\Seen)")
    wait.until(lambda: user.status("phone")["heldBack"].get("silent"), 5)
    assert not endpoint.pushes()
