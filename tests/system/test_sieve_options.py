"""SN-01, SN-02, SN-04: the option of notify, how scripts that run one after
the other are told apart, and how long a delivery waits for answers."""

import os
import socket
import threading
import time

import pytest

from lemotest import wait
from lemotest.server import is_24
from lemotest.users import message
from lemotest.webpush import Phone, published_key
from lemotest.zones import zones_of
from test_sieve_notify import HOST, is_there, put, refusal, sieve_log, words

DAY = 24 * 3600


@pytest.mark.parametrize("uri", ["push:phone", f"https://{HOST}/",
                                 "xmpp:bob@remote.test"])
@pytest.mark.parametrize("value", ["", "0", "1h", "-1", "2419201", "ttl=5x"])
def test_sn_01_bad_ttl_is_told_by_line(server, uri, value):
    user = server.user()
    assert "seconds from 1 to 2419200" in refusal(
        user, f'notify :options "ttl={value}" "{uri}";')


@pytest.mark.parametrize("options", [
    '"${x}"', '["a=b", "${x}"]', '"${x}=5"', '"t l${x}"', '"=${x}"'])
@pytest.mark.parametrize("uri", ["mailto:bob@remote.test", "push:phone"])
def test_sn_01_name_of_an_option_from_variables(server, options, uri):
    """Pigeonhole by itself crashes."""
    user = server.user()
    assert "must begin with its name" in refusal(
        user, f'set "x" "y"; notify :message "${{x}}" :options {options} '
        f'"{uri}";')


def test_sn_01_ttl_reaches_the_push_service(server, endpoints):
    """As the header TTL (RFC 8030 5.2): by the device's name, by its URL, with
    other options, from a variable; else what the device says."""
    user = server.user()
    phone = Phone(endpoints.new(), key=published_key(user))
    user.register(phone, ttl=7200, filter="SUBJECT plain")
    put(user, 'if header "subject" "name" '
        '{ notify :options "ttl=600" "push:phone"; }'
        'if header "subject" "all" '
        '{ notify :options "ttl=2419200" "push:all"; }'
        'if header "subject" "url" { notify :options ["x=y", "ttl=60"] '
        f':message "call" "{phone.url}"; }}'
        'if header :matches "subject" "var *" '
        '{ notify :options "ttl=${1}" "push:phone"; }')
    wanted = []
    for subject, ttl in (("name", 600), ("all", 2419200), ("url", 60),
                         ("plain", 7200), ("var 3600", 3600),
                         ("var 1h", 7200)):
        user.deliver(subject=subject)
        wanted.append(str(ttl))
        phone.wait(len(wanted))
        wait.until(lambda: user.status("phone")["pending"] == 0, 5, "sent")
    assert [p.headers["ttl"] for p in phone.pushes()] == wanted
    log = sieve_log(user)
    assert "the option 'ttl=1h' must be seconds from 1 to 2419200: it is " \
        "ignored" in log
    assert log.count("ttl=") == 1


def expiry(server, user):
    """Seconds until what waits for the user is given up."""
    row, = server.rows("lemonade", "queue", "-u", user.name)
    return int(row["expires_secs"])


@pytest.mark.parametrize("method", ["url", "name"])
def test_sn_01_ttl_reaches_outbox_and_webhook(server, endpoints, method):
    """What cannot be sent waits no longer."""
    user, phone = server.user(), endpoints.new()
    hook = endpoints.new("hook", host=HOST)
    server.log.expect("trying again", "answers again", "times in a row")
    user.register(phone, payload=2, filter="SUBJECT never")
    endpoint = hook if method == "url" else phone
    endpoint.tell("status=503,retry-after=60")
    target = hook.url if method == "url" else "push:phone"
    put(user, f'notify :options "ttl=300" :message "m" "{target}";')
    user.deliver()
    push = endpoint.wait(1)[0]
    assert push.data["vnd.lemonade.notifyTtl"] == 300
    assert 240 < expiry(server, user) <= 300
    endpoint.tell("")
    server.doveadm("lemonade", "retry", check=True)
    endpoint.wait(2)


def test_sn_01_merged_pushes_wait_as_long_as_any(server, endpoints):
    user, phone = server.user(), endpoints.new()
    server.log.expect("trying again", "answers again", "times in a row")
    user.register(phone, payload=2, filter="SUBJECT plain")
    put(user, 'if header "subject" "short" '
        '{ notify :options "ttl=300" "push:phone"; }')
    phone.tell("status=503,retry-after=60")
    user.deliver(subject="plain")
    wait.until(lambda: "503" in user.status("phone").get("lastResult", ""), 5)
    assert expiry(server, user) > 300
    user.deliver(subject="short")
    assert expiry(server, user) > 300
    phone.tell("")
    server.doveadm("lemonade", "retry", check=True)
    last = phone.wait(2)[-1].data
    assert last["vnd.lemonade.notifyTtl"] == DAY
    assert last["vnd.lemonade.eventsCount"] == 2


def test_sn_01_ttl_ends_in_quiet_hours(server, endpoints, run_dir):
    """What may not wait for their end is not kept for it."""
    user, phone = server.user(), endpoints.new()
    user.register(phone, quiet=zones_of(run_dir).quiet(),
                  filter="SUBJECT never")
    put(user, 'if header "subject" "short" '
        '{ notify :options "ttl=1" "push:phone"; stop; }'
        'notify :options "ttl=2419200" "push:phone";')
    user.deliver(subject="short")
    user.deliver(subject="long")
    wait.until(lambda: user.status("phone")["heldBack"] == {"quiet": 2}, 5)
    user.change_device("phone", quiet=None)
    phone.wait(1)
    wait.until(lambda: user.status("phone")["pending"] == 0, 5, "sent")
    push, = phone.pushes()
    assert "vnd.lemonade.eventsCount" not in push.data


def before(path):
    """Runs this script ahead of the user's."""
    if is_24():
        return f"sieve_script first {{\n  type = before\n  path = {path}\n}}\n"
    return f"plugin {{\n  sieve_before = {path}\n}}\n"


def test_sn_04_script_before_does_not_vouch_for_others(make_server, endpoints,
                                                       run_dir):
    """The administrator's was compiled under our eyes, the user's was not."""
    path = f"{run_dir}/before-{os.urandom(2).hex()}.sieve"
    hook = endpoints.new("hook", host=HOST)
    with open(path, "w", encoding="utf-8") as f:
        f.write('require "enotify"; keep;\n')
    os.chmod(path, 0o644)
    server = make_server(before(path),
                         lemonade_sieve_targets=f"https://{HOST}/")
    # where the user cannot save it compiled
    server.log.expect("before-")
    user = server.user()
    put(user, "keep;")
    script = f"{user.home}/sieve/main.sieve"
    with open(script, "w", encoding="utf-8") as f:
        f.write('require ["enotify", "variables"]; set "x" "'
                f'{hook.url}"; notify :message "user" "${{x}}";\n')
    # what is not older than its binary would be compiled again
    for name in (script, f"{user.home}/.dovecot.sieve"):
        os.utime(name, (1, 1), follow_symlinks=False)
    server.lda(user, message(), "-o", "sieve_plugins/sieve_lemonade=no"
               if is_24() else "plugin/sieve_plugins=")
    assert "invalid notify method 'https'" in sieve_log(user)
    user.deliver()
    assert "is ignored: a notification's URI must not" in sieve_log(user)
    assert not hook.all()
    assert is_there(user, 2)


class SlowDoor:
    """Hands the notifier's lines on, and tests of "online" after a while."""

    def __init__(self, path, notifier, seconds):
        self.notifier, self.seconds, self.asked = notifier, seconds, 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        os.chmod(path, 0o666)
        self.listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        try:
            while True:
                sock = self.listener.accept()[0]
                peer = socket.socket(socket.AF_UNIX)
                peer.connect(self.notifier)
                for pair in ((sock, peer), (peer, sock)):
                    threading.Thread(target=self._pump, args=pair,
                                     daemon=True).start()
        except OSError:
            pass

    def _pump(self, source, dest):
        with source.makefile("rb") as lines:
            for line in lines:
                if line.startswith(b"ONLINE\t") and \
                        line.count(b"\t") == 2:
                    self.asked += 1
                    time.sleep(self.seconds)
                dest.sendall(line)
        dest.close()

    def close(self):
        self.listener.close()


def test_sn_02_online_waits_no_longer_in_all(make_server, endpoints, run_dir):
    """A notifier that answers, but slowly, is not asked for each test."""
    path = f"{run_dir}/slow-{os.urandom(2).hex()}"
    server = make_server(lemonade_socket=path,
                         lemonade_handoff_timeout="900ms",
                         lemonade_sieve_targets=f"https://{HOST}/")
    user, hook = server.user(), endpoints.new("hook", host=HOST)
    door = SlowDoor(path, f"{server.base}/run/lemonade-notify", 0.3)
    put(user, "".join(
        f'if notify_method_capability "push:d{n}" "online" "yes" {{ stop; }}'
        for n in range(40)) + f'notify :message "x" "{hook.url}";')
    try:
        user.deliver()
        hook.wait(1)
        # 1 s, and the one that was under way
        assert 3 <= door.asked <= 5
        user.deliver()
        hook.wait(2)
        assert door.asked >= 6
    finally:
        door.close()
    assert is_there(user, 2)
