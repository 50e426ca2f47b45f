"""SN, NF-07, SC-20: what Sieve scripts tell targets that they name by URI."""

import os
import signal

import pytest

from lemotest import wait
from lemotest.server import is_24
from lemotest.sieve import ManageSieve
from lemotest.users import message
from test_webhook import accepted

HOST = "hooks.push.test"


def put(user, script, name="main"):
    with ManageSieve(user.server.ports["sieve"]) as sieve:
        sieve.login(user.name, user.password)
        sieve.put(name, 'require ["enotify", "variables", "fileinto", '
                  '"copy", "relational", "comparator-i;ascii-numeric"];\r\n'
                  + script)


def refusal(user, script):
    """What ManageSieve says of it."""
    with ManageSieve(user.server.ports["sieve"]) as sieve:
        sieve.login(user.name, user.password)
        return sieve.refusal(
            f'require ["enotify", "variables"];\r\n\r\n{script}\r\n', 3)


def sieve_log(user):
    with open(f"{user.home}/.dovecot.sieve.log", encoding="utf-8") as f:
        return f.read()


def is_there(user, count=1, mailbox="INBOX"):
    user.session.select()
    return user.session.must("STATUS", mailbox, "(MESSAGES)") \
        .find(rb"MESSAGES %d" % count)


def words(push):
    return push.data["vnd.lemonade.notifyText"]


def no_device_is_left(user):
    def left():
        out = user.server.doveadm("lemonade", "list", "-u", user.name).stdout
        return "sieve." in out
    wait.until(lambda: not left(), 5, "the target's device is gone")


def test_sn_11_greeting_lists_methods(server):
    with ManageSieve(server.ports["sieve"]) as sieve:
        methods = sieve.capabilities["NOTIFY"].split()
        assert {"mailto", "push", "https", "sip", "sips"} <= set(methods)
        assert len(methods) == len(set(methods))
        assert "lemonade" not in sieve.capabilities["SIEVE"]


@pytest.mark.parametrize("uri, why", [
    ("sip:bob@example.org", "method=MESSAGE"),
    ("sip:bob@example.org;method=INVITE", "method=MESSAGE"),
    ("sip:b ob@h;method=MESSAGE", "printable"),
    ("sip:bob@h;method=MESSAGE?body=%ff", "UTF-8"),
    ("https://user@example.org/", "user name"),
    ("https://example.org/a/../b", ".."),
    ("https://example.org/#x", "fragment"),
    ("http://example.org/", "invalid method"),
    ("https:", "https://"), ("https://127.1/", "IPv4")])
def test_sn_01_bad_uri_of_a_target(server, uri, why):
    user = server.user()
    assert why in refusal(user, f'notify "{uri}";')


def test_sn_01_bad_from_is_told_by_line(server):
    user = server.user()
    assert ":from" in refusal(
        user, f'notify :from "not an address" "https://{HOST}/";')


@pytest.mark.parametrize("uri", [
    "https://hooks.push.test/${x}", "${x}", "https${x}", "sip:${x}"])
def test_sn_04_uri_of_variables_is_refused(server, uri):
    user = server.user()
    assert "variables" in refusal(
        user, f'if header :matches "subject" "*" {{ set "x" "${{1}}"; }} '
        f'notify "{uri}";')


def test_sn_04_script_compiled_without_us(server, endpoints):
    """Then it is known when it runs: nothing is sent, the mail arrives."""
    user, hook = server.user(), endpoints.new("hook", host=HOST)
    put(user, "keep;")
    script = f"{user.home}/sieve/main.sieve"
    with open(script, "w", encoding="utf-8") as f:
        f.write('require ["enotify", "variables"]; set "x" "'
                f'{hook.url}"; notify "${{x}}";\n')
    # what is not older than its binary would be compiled again
    for path in (script, f"{user.home}/.dovecot.sieve"):
        os.utime(path, (1, 1), follow_symlinks=False)
    server.lda(user, message(), "-o", "sieve_plugins/sieve_lemonade=no"
               if is_24() else "plugin/sieve_plugins=")
    assert "invalid notify method 'https'" in sieve_log(user)
    user.deliver()
    assert "is ignored: a notification's URI must not" in sieve_log(user)
    assert not hook.all()
    assert is_there(user, 2)


def test_sn_04_variables_of_other_methods_are_not_ours(server, endpoints):
    """push: reaches none but the user's own devices."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, payload=2, filter="SUBJECT never")
    put(user, 'set "x" "phone"; notify "push:${x}"; '
        'if false { notify "mailto:${x}@remote.test"; }')
    user.deliver()
    assert len(endpoint.wait(1)) == 1


def test_sn_06_target_on_the_list(server, endpoints):
    """It needs no registration; it is told the owner, the text and where the
    message is, and it is signed. Nothing of it is left."""
    user, hook = server.user(), endpoints.new("hook", host=HOST)
    put(user, f'notify :importance "1" :from "boss@remote.test" '
        f':message "The boss wrote: ${{x}}" "{hook.url}";')
    user.deliver()
    push, = hook.wait(1)
    assert push.event == "MessageNew"
    assert words(push) == "The boss wrote:"
    assert push.data["user"] == user.name
    assert push.data["vnd.lemonade.notifyFrom"] == "boss@remote.test"
    assert push.data["vnd.lemonade.uid"] == 1
    assert push.headers["webhook-signature"].startswith("v1,")
    assert is_there(user)
    no_device_is_left(user)


def test_sn_11_signature_is_accepted(server, endpoints):
    """By code that is not ours, with the secret that the admin is shown: one
    for all users and URLs of an entry of the list."""
    pushes = []
    for _ in range(2):
        user, hook = server.user(), endpoints.new("hook", host=HOST)
        put(user, f'notify :message "line\r\nline" "{hook.url}";')
        user.deliver()
        pushes += hook.wait(1)
    row, = server.rows("lemonade", "sieve", "secret", hook.url)
    assert row["target"] == f"https://{HOST}/"
    accepted(pushes, row["secret"])
    for url in ("https://other.test/", "sip:bob@example.org"):
        result = server.doveadm("lemonade", "sieve", "secret", url)
        assert result.returncode != 0 and "https" in result.stderr + url


def test_sn_01_default_text_is_from_and_subject(server, endpoints):
    user, hook = server.user(), endpoints.new("hook", host=HOST)
    put(user, f'notify "{hook.url}";')
    user.deliver(subject="Lunch?")
    assert words(hook.wait(1)[0]) == "Joe <joe@remote.test>: Lunch?"


def test_sn_03_several_notifications_of_one_mail(server, endpoints):
    """Each is told by itself, none merged into another, also when the script
    stores the message itself; equal ones once."""
    user, hook = server.user(), endpoints.new("hook", host=HOST)
    put(user, 'fileinto :copy "Junk";' + "".join(
        f'notify :message "{text}" "{hook.url}";'
        for text in ("one", "two", "three", "one")))
    user.deliver()
    assert sorted(map(words, hook.wait(3))) == ["one", "three", "two"]
    assert is_there(user) and is_there(user, mailbox="Junk")
    no_device_is_left(user)
    assert len(hook.pushes()) == 3


def test_sn_03_notification_of_discarded_mail(server, endpoints):
    user, hook = server.user(), endpoints.new("hook", host=HOST)
    put(user, f'notify :message "gone" "{hook.url}"; discard;')
    user.deliver()
    push, = hook.wait(1)
    assert words(push) == "gone" and "vnd.lemonade.uid" not in push.data


def test_sc_20_target_not_on_the_list(server, endpoints):
    """Nobody is told, the user's log says why, the mail arrives."""
    user, other = server.user(), endpoints.new()
    hook = endpoints.new("hook", host=HOST)
    put(user, f'notify "{other.url}"; notify :message "x" "{hook.url}";')
    user.deliver()
    hook.wait(1)
    assert "lemonade_sieve_targets" in sieve_log(user)
    assert not other.all()
    assert is_there(user)


def test_sn_03_device_with_that_url_rings_once(server, endpoints):
    """A device that the user verified: by script, and by its own filter too,
    it rings once and is told the script's words."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, payload=1, filter="SUBJECT both")
    put(user, 'fileinto :copy "Junk";\r\n'
        f'notify :message "Call me" "{endpoint.url}";')
    user.deliver(subject="script")
    user.deliver(subject="both")
    pushes = endpoint.wait(2)
    wait.until(lambda: user.status("phone")["pending"] == 0, 5)
    pushes = endpoint.pushes()
    assert [words(p) for p in pushes] == ["Call me", "Call me"]
    assert all(p.data["deviceClientId"] == "phone" for p in pushes)


def test_sc_20_device_that_is_not_verified(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    assert user.set_device("phone", endpoint.subscription).ok
    assert endpoint.code()
    put(user, f'notify :message "x" "{endpoint.url}";')
    user.deliver()
    wait.until(lambda: user.status("phone").get("heldBack"), 5)
    assert user.status("phone")["heldBack"] == {"unverified": 1}
    assert not endpoint.pushes()


def test_sc_20_name_of_a_target_is_kept(server):
    user = server.user()
    response = user.set_device("sieve." + 32 * "0", {"channel": "null"})
    assert response.status == "NO" and "Sieve" in response.text


def test_sn_03_none_also_silences_targets(server, endpoints):
    user, hook = server.user(), endpoints.new("hook", host=HOST)
    put(user, f'notify :message "a" "{hook.url}";'
        'if header :contains "subject" "hush" { notify "push:none"; }')
    user.deliver(subject="hush")
    user.deliver(subject="ring")
    push, = hook.wait(1)
    assert push.data["vnd.lemonade.uid"] == 2
    no_device_is_left(user)
    assert len(hook.pushes()) == 1


def test_nf_07_too_many_notifications(server, endpoints):
    user, hook = server.user(), endpoints.new("hook", host=HOST)
    put(user, "".join(f'notify :message "{n}" "{hook.url}";'
                      for n in range(10)))
    user.deliver()
    assert sorted(map(words, hook.wait(8))) == list("01234567")
    no_device_is_left(user)
    assert "at most 8 times" in sieve_log(user)
    assert is_there(user)




@pytest.mark.parametrize("subject, wanted", [
    ("=?utf-8?q?a=0D=0AX:_y=07z?=", "a\nX: y z"),
    ("x" * 10000, None),
    ("caf\xe9", "caf"),
    ('</body>"&\\<x>', '</body>"&\\<x>')],
    ids=["encoded", "long", "octets", "markup"])
def test_sn_01_hostile_subject(server, endpoints, subject, wanted):
    """What a sender writes goes into the text and nowhere else."""
    user, hook = server.user(), endpoints.new("hook", host=HOST)
    put(user, 'if header :matches "subject" "*" {'
        f'notify :message "S: ${{1}}" "{hook.url}"; }}')
    mail = message(subject="@").replace(
        b"Subject: @", b"Subject: " + subject.encode("latin-1"))
    user.deliver(mail)
    push, = hook.wait(1)
    text = words(push)
    assert text.startswith("S: ") and len(text.encode()) <= 1003
    assert wanted is None or wanted in text
    assert not any(ord(c) < 32 and c != "\n" for c in text)
    assert is_there(user)


def test_nf_07_budget_of_a_day(make_server, endpoints):
    """Kept by the notifier over its restart."""
    server = make_server(lemonade_budget_sieve=2,
                         lemonade_sieve_targets=f"https://{HOST}/")
    user, hook = server.user(), endpoints.new("hook", host=HOST)
    put(user, f'notify :message "x" "{hook.url}";')
    user.deliver()
    user.deliver()
    hook.wait(2)
    server.renew_notifier()
    user.deliver()
    server.log.wait("Sieve scripts notify more than 2 times a day")
    no_device_is_left(user)
    assert len(hook.pushes()) == 2
    assert is_there(user, 3)


def test_nf_02_notifier_is_away(make_server, endpoints):
    """The mail is delivered in normal time; what the script said goes when
    the notifier is back."""
    server = make_server(lemonade_sieve_targets=f"https://{HOST}/")
    user, hook = server.user(), endpoints.new("hook", host=HOST)
    put(user, f'notify :message "later" "{hook.url}";')
    user.deliver()
    hook.wait(1)
    server.log.expect("lemonade: No acknowledgement in time")
    pid = server.notifier_pid()
    server.signal(pid, signal.SIGSTOP)
    try:
        assert user.deliver() < 1
    finally:
        server.signal(pid, signal.SIGCONT)
    assert [words(p) for p in hook.wait(2)] == ["later", "later"]


def test_sn_02_online_is_presence(server, endpoints):
    """"yes" while a session of the device is there, by name and by URL."""
    user, endpoint = server.user(), endpoints.new()
    hook = endpoints.new("hook", host=HOST)
    user.register(endpoint, filter="SUBJECT never")
    user.session.logout()
    user.forget_session()
    tests = "".join(
        f'if notify_method_capability "{uri}" "online" "{word}" '
        f'{{ notify :message "{uri} {word}" "{hook.url}"; }}'
        for uri in ("push:phone", endpoint.url, "push:none", hook.url)
        for word in ("yes", "maybe", "no"))
    put(user, tests)

    def told(count):
        user.deliver()
        found = hook.wait(count)
        hook.mark()
        return {words(p).rpartition(" ")[0]: words(p).rpartition(" ")[2]
                for p in found}
    away = {"push:phone": "maybe", endpoint.url: "maybe",
            "push:none": "no", hook.url: "maybe"}
    assert told(4) == away
    user.session.getmetadata(user.entry("phone"))
    wait.until(lambda: told(4) == {**away, "push:phone": "yes",
                                   endpoint.url: "yes"}, 5)


def test_sn_02_tests_of_targets(server, endpoints):
    """Not on the list is valid; "online" is "maybe"; what is unknown is
    false, no error."""
    user, hook = server.user(), endpoints.new("hook", host=HOST)
    sip = "sip:bob@example.org;method=MESSAGE"
    put(user, f'if allof(valid_notify_method ["{hook.url}", "{sip}"],'
        'not valid_notify_method "sip:bob@example.org",'
        f'notify_method_capability "{sip}" "online" "maybe",'
        'notify_method_capability :count "eq" :comparator '
        f'"i;ascii-numeric" "{sip}" "online" "1",'
        'not notify_method_capability :count "ge" :comparator '
        f'"i;ascii-numeric" "{sip}" "bogus" "1",'
        f'not notify_method_capability "{sip}" "fcc" "yes",'
        'not notify_method_capability "bogus:x" "online" "maybe")'
        f'{{ notify :options ["x=y"] :message "ok" "{hook.url}"; }}')
    user.deliver()
    assert words(hook.wait(1)[0]) == "ok"
