"""SN, MS-08, NF-02, NF-04, NF-07: what Sieve scripts say of pushes."""

import pytest

from lemotest import wait
from lemotest.sieve import ManageSieve


def put(user, script, name="main"):
    with ManageSieve(user.server.ports["sieve"]) as sieve:
        sieve.login(user.name, user.password)
        sieve.put(name, script)


def settled(user, device="phone"):
    wait.until(lambda: user.status(device)["pending"] == 0, 5, "sent")


def test_sn_02_greeting_lists_push(server):
    with ManageSieve(server.ports["sieve"]) as sieve:
        assert "push" in sieve.capabilities["NOTIFY"].split()


@pytest.mark.parametrize("uri", ["push:", "push:Phone", "push:a/b",
                                 "push:" + "x" * 65, "push:a?b", "bogus:x"])
def test_sn_01_bad_uri_is_told_by_line(server, uri):
    user = server.user()
    with ManageSieve(server.ports["sieve"]) as sieve:
        sieve.login(user.name, user.password)
        sieve.refusal(
            f'require "enotify";\r\n\r\nnotify "{uri}";\r\n', 3)


def test_nf_02_nf_04_ms_08_notify_rings_once(server, endpoints):
    """By the device's own filter it would not ring; a script set by
    ManageSieve says it does. Both say so: it rings once. No script: none."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, payload=2, filter="SUBJECT both")
    put(user, 'require "enotify";\r\nnotify "push:phone";\r\n')
    user.deliver(subject="script only")
    endpoint.wait(1)
    user.deliver(subject="both")
    endpoint.wait(2)
    settled(user)
    with ManageSieve(server.ports["sieve"]) as sieve:
        sieve.login(user.name, user.password)
        assert sieve.cmd('SETACTIVE ""')[0] == "OK"
    user.deliver(subject="nobody")
    user.deliver(subject="both again")
    assert [p.data["vnd.lemonade.uid"] for p in endpoint.wait(3)] == [1, 2, 4]


@pytest.mark.parametrize("rest", ["", "keep;", 'fileinto :copy "Junk";'])
def test_sn_03_notify_beside_other_actions(server, endpoints, rest):
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, payload=2, filter="SUBJECT never")
    put(user, 'require ["enotify", "fileinto", "copy"];\r\n'
        f'{rest} notify "push:all";\r\n')
    user.deliver()
    assert len(endpoint.wait(1)) == 1
    settled(user)
    assert len(endpoint.pushes()) == 1
    user.session.select()
    assert user.session.must("STATUS", "INBOX", "(MESSAGES)") \
        .find(rb"MESSAGES 1")


@pytest.mark.parametrize("uris", [
    ("push:phone", "sip:bob@remote.test;method=MESSAGE"),
    ("sip:bob@remote.test;method=MESSAGE", "push:phone"),
    ("push:phone", "mailto:bob@remote.test"),
    ("mailto:bob@remote.test", "push:phone")])
def test_sn_03_methods_beside_each_other(server, endpoints, uris):
    """Pigeonhole asks each method of actions of the others."""
    user, endpoint = server.user(), endpoints.new()
    server.log.expect("smtp-client: conn", "failed to send mail notif")
    user.register(endpoint, payload=2, filter="SUBJECT never")
    put(user, 'require "enotify";\r\n' +
        "".join(f'notify "{uri}";\r\n' for uri in uris))
    user.deliver()
    assert len(endpoint.wait(1)) == 1


def test_sn_03_notify_of_discarded_mail(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, payload=2)
    put(user, 'require "enotify";\r\nnotify "push:phone";\r\ndiscard;\r\n')
    user.deliver()
    push, = endpoint.wait(1)
    assert push.event == "MessageNew"
    assert "vnd.lemonade.uid" not in push.data


@pytest.mark.parametrize("script", [
    'notify "push:none";', 'notify "push:all"; notify "push:none";',
    'fileinto :copy "Junk"; notify "push:none";'])
def test_sn_03_none_rings_nowhere(server, endpoints, script):
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, payload=2)
    put(user, 'require ["enotify", "fileinto", "copy"];\r\n'
        f'if header :contains "subject" "hush" {{ {script} }}\r\n')
    user.deliver(subject="hush")
    user.deliver(subject="ring")
    assert [p.data["vnd.lemonade.uid"] for p in endpoint.wait(1)] == [2]
    assert user.status("phone")["heldBack"]["script"] >= 1


def test_sn_01_unknown_device_is_logged(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, payload=2)
    put(user, 'require "enotify";\r\nnotify "push:nobody";\r\n')
    user.deliver()
    endpoint.wait(1)
    with open(f"{user.home}/.dovecot.sieve.log", encoding="utf-8") as f:
        assert "no such device" in f.read()


def test_nf_07_too_many_devices(server, endpoints):
    """Those beyond the limit are ignored and logged; the mail arrives."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, payload=2, filter="SUBJECT last")
    names = [f"d{n}" for n in range(8)] + ["phone"]
    put(user, 'require "enotify";\r\n' + "".join(
        f'notify "push:{name}";\r\n' for name in names))
    user.deliver()
    user.session.select()
    assert user.session.must("STATUS", "INBOX", "(MESSAGES)") \
        .find(rb"MESSAGES 1")
    with open(f"{user.home}/.dovecot.sieve.log", encoding="utf-8") as f:
        assert "at most 8 devices" in f.read()
    user.deliver(subject="last")
    assert [p.data["vnd.lemonade.uid"] for p in endpoint.wait(1)] == [2]


def test_sn_02_online_and_valid(server, endpoints):
    """online is "yes": it has just registered; an invalid URI fails the test, not the script."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, payload=2, filter="SUBJECT never")
    put(user, 'require "enotify";\r\n'
        'if allof(valid_notify_method "push:phone", '
        'not valid_notify_method ["push:phone", "push:a/b"], '
        'notify_method_capability "push:phone" "online" "yes", '
        'not notify_method_capability "push:phone" "fcc" "yes") '
        '{ notify :importance "1" "push:phone"; }\r\n')
    user.deliver()
    assert len(endpoint.wait(1)) == 1
