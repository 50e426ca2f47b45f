"""Device tokens as Delta Chat sets them: /private/devicetoken on INBOX, and a
notifier of the administrator that gets nothing but the token."""

import hashlib
import re
import time

import pytest

from lemotest import wait
from lemotest.imap import Literal
from lemotest.users import message

ENTRY = "/private/devicetoken"
DAY = 24 * 3600


class Tokens:
    """The server and its notifier; every token is one user's."""

    def __init__(self, server, endpoint):
        self.server, self.endpoint = server, endpoint

    def came(self, *tokens):
        """The bodies that came, of these tokens, in order."""
        return [p.body for p in self.endpoint.all() if p.body in tokens]

    def wait(self, *tokens, count=1):
        return wait.until(
            lambda: len(found := self.came(*tokens)) >= count and found, 5,
            f"{count} posts of {tokens}")


@pytest.fixture(scope="module")
def _tokens(endpoints, module_server):
    endpoint = endpoints.new("notify")
    return Tokens(module_server("tokens",
                                {"lemonade_token_url": endpoint.url}),
                  endpoint)


@pytest.fixture
def tokens(_tokens):
    _tokens.server.log.mark()
    _tokens.endpoint.tell("")
    return _tokens


@pytest.fixture(params=["maildir", "sdbox"])
def ann(request, tokens):
    return tokens.server.user(request.param)


def token(user, name=""):
    return f"openpgp:{name}{user.name.replace('@', '/')}+AbC09=="


def set_token(user, value):
    return user.session.setmetadata(ENTRY, value, "INBOX")


def get_token(user):
    return user.session.getmetadata(ENTRY, "INBOX")


def test_token_rings(tokens, ann):
    """As Delta Chat does it: capability, SETMETADATA, and each mail is one
    POST with nothing in it but the token."""
    caps = ann.session.must("CAPABILITY").untagged[0].decode().split()
    assert "XDELTAPUSH" in caps and "METADATA" in caps
    mine = token(ann)
    ann.session.must("SETMETADATA", "INBOX", f'({ENTRY} "{mine}")')
    assert get_token(ann) == mine
    ann.deliver(subject="secret")
    tokens.wait(mine)
    push = [p for p in tokens.endpoint.all() if p.body == mine][0]
    assert push.record["method"] == "POST"
    assert push.headers["content-type"] == "text/plain"
    assert not [h for h in push.headers if h.startswith("webhook-")]
    ann.deliver()
    tokens.wait(mine, count=2)
    [row] = [row for row in tokens.server.rows(
        "lemonade", "device", "list", "-u", ann.name)
             if row["device"].startswith("devicetoken.")]
    assert (row["channel"], row["state"]) == ("token", "ok")


def test_token_capability_is_in_the_login(tokens):
    user = tokens.server.user()
    text = " ".join(line.decode() for line in user.imap().transcript
                    if isinstance(line, bytes))
    assert "XDELTAPUSH" in text


def test_token_several_and_the_same_again(tokens, ann):
    first, second = token(ann, "a"), token(ann, "b")
    for value in (first, second, first):
        assert set_token(ann, value).ok
    assert sorted(get_token(ann).split(" ")) == sorted([first, second])
    ann.deliver()
    tokens.wait(first, second, count=2)
    ann.deliver(message(subject="two"))
    assert sorted(tokens.wait(first, second, count=4)) == \
        sorted([first, second] * 2)


def test_token_not_for_own_mail_and_not_for_other_events(tokens, ann):
    mine = token(ann)
    assert set_token(ann, mine).ok
    ann.deliver(sender=ann.name, to=ann.name)
    ann.deliver(message(sender=ann.name))
    ann.session.append("INBOX", message())
    ann.deliver(subject="real")
    tokens.wait(mine)
    # read elsewhere: a token can take nothing back
    ann.session.select()
    ann.session.must("STORE", "1:*", "+FLAGS", "(\\Seen)")
    ann.session.must("STORE", "1:*", "+FLAGS", "(\\Deleted)")
    ann.session.must("EXPUNGE")
    ann.deliver(subject="another")
    assert tokens.wait(mine, count=2) == [mine] * 2


def test_token_is_removed_by_nil(tokens, ann):
    gone, kept = token(ann, "a"), token(ann, "b")
    assert set_token(ann, gone).ok
    assert set_token(ann, None).ok
    assert get_token(ann) is None
    assert set_token(ann, kept).ok
    ann.deliver()
    tokens.wait(kept)
    assert tokens.came(gone) == []
    # the administrator, for a lost phone
    ann.server.doveadm("mailbox", "metadata", "unset", "-u", ann.name,
                       "INBOX", ENTRY, check=True)
    ann.deliver()
    assert get_token(ann) is None
    assert tokens.came(kept) == [kept]


def test_token_is_revoked(tokens, ann):
    """One of them, by the name that the list shows."""
    lost, kept = token(ann, "a"), token(ann, "b")
    assert set_token(ann, lost).ok and set_token(ann, kept).ok
    ann.deliver()
    tokens.wait(lost, kept, count=2)
    name = "devicetoken." + hashlib.sha256(lost.encode()).hexdigest()[:32]
    result = tokens.server.doveadm("lemonade", "device", "remove", "-u",
                                   ann.name, name)
    assert "lemonade revoke" in result.stderr and lost in get_token(ann)
    tokens.server.doveadm("lemonade", "revoke", "-u", ann.name, name,
                          check=True)
    assert get_token(ann) == kept
    ann.deliver()
    tokens.wait(kept, count=2)
    assert tokens.came(lost) == [lost]
    assert tokens.server.doveadm("lemonade", "revoke", "-u", ann.name,
                                 name).returncode == 68


def test_token_410_removes_it(tokens, ann):
    """The notifier says gone: no second post, and the entry goes with the
    user's next event. Set again, it rings again."""
    dead = token(ann, "dead")
    assert set_token(ann, dead).ok
    tokens.endpoint.tell("status=410")
    ann.deliver()
    tokens.wait(dead)
    tokens.server.log.expect("device token that is gone", "gone: its entry")
    # the answer has been written off
    wait.until(lambda: tokens.server.doveadm(
        "lemonade", "status").stdout.find("inflight: 0") >= 0, 5)
    ann.deliver()
    wait.until(lambda: get_token(ann) is None, 5, "the token is removed")
    ann.deliver()
    assert set_token(ann, dead).ok
    ann.deliver()
    assert tokens.wait(dead, count=2) == [dead] * 2


def test_token_other_refusals_keep_it(tokens):
    """404 or 400 is the administrator's trouble and not the phone's: tried
    again, not removed, not disabled."""
    user = tokens.server.user()
    mine = token(user)
    assert set_token(user, mine).ok
    tokens.endpoint.tell("status=404")
    user.deliver()
    tokens.wait(mine)
    wait.until(lambda: "404" in tokens.server.doveadm(
        "lemonade", "queue", "-u", user.name).stdout, 5,
        "the post waits for its next try")
    tokens.server.doveadm("lemonade", "retry", "-u", user.name, check=True)
    tokens.wait(mine, count=2)
    assert get_token(user) == mine


def stored(user):
    """The file of the attribute dict, as lines."""
    with open(f"{user.home}/dovecot-attributes", encoding="utf-8") as f:
        return f.read().split("\n")


def age(user, value, seconds):
    """Sets the date of a token back."""
    lines = stored(user)
    user.session.cmd("LOGOUT")
    user.forget_session()
    place = next(i for i, line in enumerate(lines) if value in line)
    lines[place] = re.sub(r"^(V?)\d+ ", rf"\g<1>{int(time.time()) - seconds} ",
                          lines[place])
    with open(f"{user.home}/dovecot-attributes", "w", encoding="utf-8") as f:
        f.write("\n".join(lines))


def test_token_lives_90_days(tokens):
    user = tokens.server.user()
    old, young = token(user, "old"), token(user, "young")
    assert set_token(user, old).ok and set_token(user, young).ok
    age(user, old, 91 * DAY)
    age(user, young, 89 * DAY)
    assert get_token(user) == young
    user.deliver()
    tokens.wait(young)
    assert tokens.came(old) == []
    # what has expired is thrown away when there is something to keep
    assert any(old in line for line in stored(user))
    assert set_token(user, old).ok
    age(user, old, 91 * DAY)
    assert set_token(user, young).ok
    assert not any(old in line for line in stored(user))


def test_token_oldest_makes_room(tokens):
    user = tokens.server.user()
    names = [token(user, f"{n:02}") for n in range(11)]
    assert set_token(user, names[0]).ok
    age(user, names[0], DAY)
    for name in names[1:]:
        assert set_token(user, name).ok
    assert sorted(get_token(user).split(" ")) == names[1:]
    user.deliver()
    tokens.wait(*names, count=10)
    assert tokens.came(names[0]) == []


@pytest.mark.parametrize("bad", ["", "a b", 'a"b', "a\\b", "grün", "a\tb",
                                 "a\r\nb", "x" * 4097])
def test_token_bad_values(tokens, bad):
    user = tokens.server.user()
    good = token(user)
    assert set_token(user, good).ok
    response = set_token(user, Literal(bad.encode()) if bad else "")
    assert response.status == "NO", response
    assert good not in response.text and (not bad or bad not in response.text)
    assert get_token(user) == good


def test_token_longest(tokens, ann):
    longest = token(ann) + "x" * (4096 - len(token(ann)))
    assert set_token(ann, longest).ok
    assert get_token(ann) == longest
    ann.deliver()
    tokens.wait(longest)


def test_token_belongs_on_inbox(tokens):
    user = tokens.server.user()
    user.session.must("CREATE", "Box")
    for mailbox in ("", "Box", "Sent"):
        response = user.session.setmetadata(ENTRY, token(user), mailbox)
        if mailbox:
            assert response.status == "NO", response
    assert get_token(user) is None


def test_token_name_is_no_device(tokens, ann):
    """Nobody can make a device of it, or see it among his devices."""
    assert set_token(ann, token(ann)).ok
    name = "devicetoken." + "0" * 32
    for value in ({"channel": "token", "token": "x"}, {"channel": "log"}):
        response = ann.set_device(name, value)
        assert response.status == "NO" and "device tokens" in response.text
    response = ann.set_device("phone", {"channel": "token", "token": "x"})
    assert response.status == "NO"
    listed = ann.session.must("GETMETADATA", "(DEPTH infinity)", '""',
                              "/private/vendor/vendor.lemonade")
    assert b"devicetoken" not in b"".join(listed.untagged)
    hidden = ann.session.cmd("GETMETADATA", "(DEPTH infinity)", "INBOX",
                             "/private/vendor/vendor.dovecot/pvt")
    assert token(ann).encode() not in b"".join(hidden.untagged)


def test_token_beside_ten_devices(tokens, endpoints):
    user = tokens.server.user()
    for n in range(10):
        assert user.set_device(f"d{n}", {"channel": "log"}).ok
    tokens.server.log.expect("push: user")
    for n in range(10):
        assert set_token(user, token(user, str(n))).ok
    user.deliver()
    tokens.wait(*(token(user, str(n)) for n in range(10)), count=10)


def test_token_not_served_without_url(server):
    user = server.user()
    assert "XDELTAPUSH" not in \
        user.session.must("CAPABILITY").untagged[0].decode()
    response = set_token(user, token(user))
    assert response.status == "NO"
    assert get_token(user) is None


def test_token_is_in_no_log_and_no_dry_run(tokens):
    user = tokens.server.user()
    mine = token(user)
    assert set_token(user, mine).ok
    user.deliver()
    tokens.wait(mine)
    with open(tokens.server.log.path, encoding="utf-8") as f:
        assert mine not in f.read()
    for command in (("device", "list"), ("queue",)):
        result = tokens.server.doveadm("lemonade", *command, "-u", user.name)
        assert mine not in result.stdout + result.stderr
