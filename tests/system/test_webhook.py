"""Webhooks judged by code that is not ours, and the body styles of ntfy,
gotify and Apprise. Rows EV-16, PL-04, SC-01."""

import base64
import json
import os
import re
import subprocess

import pytest

from lemotest import wait
from lemotest.feed import Feed

HERE = os.path.dirname(os.path.abspath(__file__))


def judge(pushes, *secrets, prove=True):
    """What verify-webhook.mjs (npm standardwebhooks, cloudevents) says."""
    assert pushes
    args = ["node", f"{HERE}/verify-webhook.mjs"]
    for secret in secrets:
        args += ["--secret", secret]
    if prove:
        args.append("--prove")
    result = subprocess.run(
        args, input=json.dumps([p.record for p in pushes]), text=True,
        capture_output=True, timeout=100, check=False)
    assert "Cannot find package" not in result.stderr, "npm ci is missing"
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(answers) == len(pushes), result
    return answers


def accepted(pushes, *secrets):
    answers = judge(pushes, *secrets)
    assert all(a["ok"] for a in answers), answers
    return answers


def test_sc_01_users_webhook_is_accepted(server, endpoints):
    """Verification push and pushes of all levels, by the secret shown."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, payload=2,
                  events="(personal (MessageNew MessageExpunge))")
    user.deliver(subject="1")
    endpoint.wait(1)
    user.session.select()
    user.session.must("STORE", "1", "+FLAGS.SILENT", "(\\Deleted)")
    user.session.must("EXPUNGE")
    endpoint.wait(2)
    answers = accepted(endpoint.all(), user.secrets["phone"])
    assert [a["type"] for a in answers][-2:] == \
        ["rfc5423.MessageNew", "rfc5423.MessageExpunge"]


def test_sc_01_another_secret_is_refused(server, endpoints):
    user, other = server.user(), server.user()
    one, two = endpoints.new(), endpoints.new()
    user.register(one)
    other.register(two)
    assert user.secrets["phone"] != other.secrets["phone"]
    user.deliver()
    one.wait()
    answers = judge(one.pushes(), other.secrets["phone"], prove=False)
    assert not any(a["ok"] for a in answers)


def test_sc_01_feed_is_accepted_during_rotation(make_server, endpoints,
                                                run_dir):
    """Two secrets in the file: a receiver with either is content."""
    feed = Feed(endpoints.new("feed"), run_dir)
    new = "whsec_" + base64.b64encode(os.urandom(32)).decode()
    with open(f"{feed.file}.secret", "w", encoding="ascii") as f:
        f.write(f"# rotated\n{new}\n{feed.secret}\n")
    server = make_server(**feed.settings())
    user = server.user()
    user.deliver(subject="Grüße 日本".encode().decode("latin-1"))
    user.session.append("INBOX", b"Subject: x\r\n\r\nx\r\n")
    feed.wait(user, count=2)
    accepted(feed.pushes(user), new)
    accepted(feed.pushes(user), feed.secret)


def test_sc_01_server_secret_is_rotated(make_server, endpoints):
    """A second line in the server's secret file: users' webhooks carry two
    signatures; receivers that know the old secret or the new one accept."""
    server = make_server()
    path = f"{server.state_dir}/secret"
    old_user, old = server.user(), endpoints.new()
    old_user.register(old)
    server.stop()
    new_key = "whsec_" + base64.b64encode(os.urandom(32)).decode()
    with open(path, "r+", encoding="ascii") as f:
        old_key = f.read()
        f.seek(0)
        f.write(f"{new_key}\n{old_key}")
    server.start()
    new_user, new = server.user(), endpoints.new()
    new_user.register(new)
    for user, endpoint in ((old_user, old), (new_user, new)):
        user.deliver()
        push = endpoint.wait()[0]
        assert len(push.headers["webhook-signature"].split()) == 2
        accepted([push], user.secrets["phone"])
    # the old line goes; the receiver of the new secret is content
    server.stop()
    with open(path, "w", encoding="ascii") as f:
        f.write(f"{new_key}\n")
    server.start()
    new_user.deliver()
    push = new.wait(2)[1]
    assert len(push.headers["webhook-signature"].split()) == 1
    accepted([push], new_user.secrets["phone"])


def test_sc_01_secret_survives_restart(make_server, endpoints):
    server = make_server()
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    server.restart()
    user.deliver()
    endpoint.wait()
    accepted(endpoint.pushes(), user.secrets["phone"])


def test_pl_04_headers_say_no_more_than_needed(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    user.deliver(subject="merger")
    headers = endpoint.wait()[0].headers
    assert set(headers) <= {
        "host", "content-type", "content-length", "accept",
        "accept-encoding", "user-agent", "webhook-id", "webhook-timestamp",
        "webhook-signature", "ttl", "urgency", "connection"}
    for value in headers.values():
        assert user.name not in value and "merger" not in value
    assert endpoint.pushes()[0].record["method"] == "POST"


def test_pl_04_ids_differ_and_repeat_rightly(server, endpoints):
    """The webhook-id is the receiver's key for doubles."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    for n in range(3):
        user.deliver()
        endpoint.wait(n + 1)
    assert len({p.id for p in endpoint.all()}) == 4


# -- body styles

@pytest.fixture
def styled(server, endpoints):
    def push(style, **fields):
        user, endpoint = server.user(), endpoints.new(style)
        sub = {"url": endpoint.url, "format": style, **fields}
        assert user.set_device("phone", sub).ok
        # shown until it is verified
        user.secrets["phone"] = user.status("phone")["secret"]
        code = wait.until(lambda: code_of(endpoint), 5, "verification")
        sub["verificationCode"] = code
        assert user.set_device("phone", sub).ok
        wait.until(lambda: user.status("phone")["verified"], 5)
        count = len(endpoint.all())
        user.deliver(subject="merger")
        return user, wait.until(lambda: endpoint.all()[count:], 5,
                                f"{style} push")[0]
    return push


def code_of(endpoint):
    """Services that only show a text show the code in it."""
    for push in endpoint.all():
        found = re.search(r"(?<![\w-])[\w-]{22}(?![\w-])", push.body)
        if found:
            return found.group(0)
    return None


def test_pl_04_ntfy(styled):
    """https://docs.ntfy.sh/publish/: the body is the text, headers the
    rest."""
    _, push = styled("ntfy", urgency="high", payload=2)
    assert push.headers["content-type"].startswith("text/plain")
    assert push.headers["title"]
    assert push.headers["priority"] == "high"
    assert push.headers["tags"] == "envelope"
    assert push.headers["click"].startswith("imap://")
    assert push.body and "{" not in push.body
    assert "merger" not in push.body


def test_pl_04_gotify(styled):
    """https://gotify.net/docs/pushmsg: message is required, priority a
    number."""
    _, push = styled("gotify", urgency="low")
    body = push.json
    assert push.headers["content-type"].startswith("application/json")
    assert isinstance(body["message"], str) and body["message"]
    assert isinstance(body["title"], str)
    assert 0 <= body["priority"] <= 10
    assert set(body) <= {"title", "message", "priority", "extras"}
    assert "merger" not in push.body


def test_pl_04_apprise(styled):
    """Apprise API /notify/KEY: body is required, type one of four."""
    _, push = styled("apprise")
    body = push.json
    assert push.headers["content-type"].startswith("application/json")
    assert isinstance(body["body"], str) and body["body"]
    assert body["type"] in ("info", "success", "warning", "failure")
    assert body["format"] in ("text", "markdown", "html")
    assert set(body) <= {"title", "body", "type", "format", "tag"}
    assert "merger" not in push.body


@pytest.mark.parametrize("style", ["ntfy", "gotify", "apprise"])
def test_sc_01_styles_are_signed(styled, style):
    user, push = styled(style)
    assert push.headers["webhook-signature"].startswith("v1,")
    accepted([push], user.secrets["phone"])


@pytest.mark.parametrize("style", ["ntfy", "gotify", "apprise"])
def test_sc_01_styles_without_message_data(server, endpoints, style):
    """Not above level 2, the server's ceiling, whatever was asked for."""
    user, endpoint = server.user(), endpoints.new(style)
    definition = json.dumps({"channel": "webhook", "url": endpoint.url,
                             "format": style, "payload": 4})
    server.doveadm("lemonade", "device", "add", "-u", user.name,
                   "--verified", "phone", definition, check=True)
    user.deliver(subject="line\r\n injection\x07 test", body="secret body")
    push = wait.until(lambda: endpoint.all(), 5, "push")[0]
    assert "secret body" not in push.body
    for text in (push.body, *push.headers.values()):
        assert "line" not in text and "injection" not in text
    for value in push.headers.values():
        assert "\r" not in value and "\n" not in value and "\x07" not in value
