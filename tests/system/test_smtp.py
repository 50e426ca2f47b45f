"""SMTP in, push out: the whole chain with a private Postfix."""

import smtplib
import time

import pytest

import conftest
from lemotest import wait
from lemotest.postfix import SIZE, Postfix
from lemotest.users import message


@pytest.fixture(scope="module")
def postfix(run_dir, server_of_session):
    private = Postfix(run_dir, server_of_session).start()
    yield private
    private.stop()


@pytest.fixture(scope="module")
def server_of_session(run_dir, endpoints, _servers):
    return conftest.shared_server(run_dir, endpoints, _servers, "main", {})


def test_nf_01_smtp_to_push(postfix, server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, filter="SUBJECT urgent", payload=2)
    postfix.send("joe@remote.test", [user.name],
                 message(subject="later", to=user.name))
    wait.until(lambda: user.session.must(
        "STATUS", "INBOX", "(MESSAGES)").find(rb"MESSAGES 1"), 10)
    postfix.send("joe@remote.test", [user.name],
                 message(subject="urgent", to=user.name))
    assert [p.data["vnd.lemonade.uid"] for p in endpoint.wait(timeout=10)] \
        == [2]


def test_nf_09_smtp_while_endpoint_hangs(postfix, server, endpoints):
    """Nothing is deferred: 20 mails pass while the endpoint is silent."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    endpoint.tell("silent")
    server.log.expect(endpoint.host)
    start = time.monotonic()
    for n in range(20):
        postfix.send("joe@remote.test", [user.name],
                     message(subject=f"n{n}", to=user.name))
    wait.until(lambda: user.session.must(
        "STATUS", "INBOX", "(MESSAGES)").find(rb"MESSAGES 20"), 10)
    assert time.monotonic() - start < 8
    assert not postfix.log.lines("status=deferred")
    endpoint.tell("")


def test_ob_02_smtp_to_push_in_time(postfix, server, endpoints):
    """250 of SMTP to the request at the endpoint, whole chain."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    spans = []
    for n in range(5):
        postfix.send("joe@remote.test", [user.name], message(to=user.name))
        done = time.time()
        spans.append(endpoint.wait(n + 1, timeout=10)[n].time - done)
    assert sorted(spans)[2] < 1
    assert max(spans) < 3


def test_se_04_size_is_announced(postfix):
    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=10) as smtp:
        smtp.ehlo()
        assert int(smtp.esmtp_features["size"]) == SIZE
