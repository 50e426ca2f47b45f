"""EV-07, NF-06: Login and Logout tell who came, from where, and how it
ended."""

import time

import pytest

from lemotest import wait
from lemotest.feed import Feed
from lemotest.imap import Imap
from lemotest.server import is_24
from test_presence import HIBERNATE, hibernating, idle


@pytest.fixture
def ann(feed_server):
    return feed_server.user()


def test_ev_07_nf_06_login(feed, ann):
    session = ann.imap()
    host, port = session.sock.getsockname()
    event, = feed.wait(ann, "Login")
    assert event["user"] == ann.name
    assert event["service"] == "imap"
    assert event["serverDomain"] == "127.0.0.1"
    assert event["serverPort"] == ann.server.ports["imap"]
    assert event["serverFQDN"] == "lemo.test"
    assert (event["clientIP"], event["clientPort"]) == (host, port)
    assert event["timestamp"] and event["uri"].startswith("imap://")
    assert "vnd.lemonade.mailbox" not in event
    assert "admin" not in event


def test_ev_07_nf_06_logout(feed, ann):
    session = ann.imap()
    host, port = session.sock.getsockname()
    assert not feed.events(ann, "Logout")
    session.logout()
    event, = feed.wait(ann, "Logout")
    assert event["user"] == ann.name
    assert event["serverDomain"] == "127.0.0.1"
    assert event["serverPort"] == ann.server.ports["imap"]
    assert (event["clientIP"], event["clientPort"]) == (host, port)
    assert event["vnd.lemonade.disconnect"] == "graceful"
    assert event["vnd.lemonade.session"] == \
        feed.events(ann, "Login")[0]["vnd.lemonade.session"]


def test_ev_07_dropped_connection(feed, ann):
    start = time.time()
    session = ann.imap()
    # whole seconds are told, and 0 is not
    wait.until(lambda: time.time() >= int(start) + 2, 5, "a second")
    session.close()
    event, = feed.wait(ann, "Logout")
    assert event["vnd.lemonade.disconnect"] == "abort"
    assert 1 <= event["vnd.lemonade.duration"] < 60


def test_ev_07_master_user(feed, ann):
    session = Imap(ann.server.ports["imap"])
    ann.server.sessions.append(session)
    assert session.login(f"{ann.name}*master", ann.password).ok
    event, = feed.wait(ann, "Login")
    assert (event["user"], event["admin"]) == (ann.name, "master")


def test_nf_06_device_hears_of_logins(server, endpoints):
    """An app that wants to know who logs in, which a connected one is not
    told in-band."""
    user = server.user()
    endpoint = endpoints.new("logins")
    user.register(endpoint, events="(personal (Login Logout))", payload=2,
                  whenConnected="any")
    session = user.imap()
    push, = endpoint.wait()
    assert push.event == "Login"
    assert "clientIP" not in push.data
    session.logout()
    assert endpoint.wait(2)[1].event == "Logout"
    assert endpoint.pushes()[1].data["vnd.lemonade.disconnect"] == "graceful"
    user.deliver()
    wait.never(lambda: len(endpoint.pushes()) > 2, 0.3)


def test_ev_07_hibernation_is_no_logout(make_server, run_dir, endpoints):
    feed = Feed(endpoints.new("feed"), run_dir)
    server = make_server(HIBERNATE, **feed.settings("Login Logout"))
    user = server.user()
    session = user.imap()
    tag = idle(session)
    wait.until(lambda: hibernating(server, user), 10, "it hibernates")
    session.sock.sendall(b"DONE\r\n")
    assert session.finish(tag).ok
    session.logout()
    feed.wait(user, "Logout")
    assert [push.event for push in feed.pushes(user)] == ["Login", "Logout"]


def test_ev_07_mail_that_cannot_be_opened(make_server, run_dir, endpoints):
    """The client ends before it has begun: no event, no crash."""
    feed = Feed(endpoints.new("feed"), run_dir)
    server = make_server("namespace bad {\n  prefix = Bad/\n"
                         "  separator = /\n  " + (
        "mail_driver = nosuch" if is_24() else "location = nosuch:~/x") +
        "\n}\n", **feed.settings("Login Logout"))
    server.log.expect("nosuch")
    user = server.user()
    session = Imap(server.ports["imap"])
    with pytest.raises((EOFError, OSError, AssertionError)):
        assert session.login(user.name, user.password).ok
        session.must("NOOP")
    session.close()
    server.log.wait("nosuch")
    assert not feed.events(user)
