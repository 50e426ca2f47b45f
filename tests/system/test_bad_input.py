"""Bad input: the command says which field and why, the old value stays.

Rows SE-04 (server settings are read-only), SC-04 and SC-05 stand here too.
"""

import json

import pytest

import conftest
from lemotest import wait
from lemotest.users import PUSH
from lemotest.webpush import new_keys

POINT = new_keys()["p256dh"]
URL = "https://push.test/x"
TIMES = [{"from": "22:00", "to": "07:00"}]

# what, the value, the field that must be named ("" if none can be), a word
# of the reason
CASES = [
    ("no-json", "not json", "", "JSON"),
    ("cut-json", '{"url": "https://push.test/x"', "", "JSON"),
    ("trailing", '{"url": "https://push.test/x"} {}', "", "JSON"),
    ("empty", "", "", "JSON"),
    ("array", "[]", "", "object"),
    ("string", '"x"', "", "JSON"),
    ("nul", '{"url": "https://push.test/\\u0000x"}', "", ""),
    ("deep", "[" * 3000, "", ""),
    ("doubled", f'{{"url": "{URL}", "url": "{URL}"}}', "url", "twice"),
    ("unknown", {"url": URL, "colour": "red"}, "colour", "unknown"),
    ("unknown-case", {"URL": URL}, "URL", "unknown"),
    ("url-type", {"url": 1}, "url", "string"),
    ("url-missing", {"channel": "webhook"}, "url", "missing"),
    ("url-http", {"url": "http://push.test/x"}, "url", "https"),
    ("url-ftp", {"url": "ftp://push.test/x"}, "url", "https"),
    ("url-user", {"url": "https://a:b@push.test/x"}, "url", ""),
    ("url-fragment", {"url": "https://push.test/x#y"}, "url", ""),
    ("url-space", {"url": "https://push.test/x y"}, "url", ""),
    ("url-long", {"url": URL + "x" * 1000}, "url", "long"),
    ("url-empty-host", {"url": "https:///x"}, "url", ""),
    ("url-port-0", {"url": "https://push.test:0/x"}, "url", ""),
    ("url-octal", {"url": "https://0177.0.0.1/x"}, "url", ""),
    ("url-short", {"url": "https://127.1/x"}, "url", ""),
    ("url-number", {"url": "https://2130706433/x"}, "url", ""),
    ("url-hex", {"url": "https://0x7f.0.0.1/x"}, "url", ""),
    ("keys-type", {"url": URL, "keys": "k"}, "keys", "object"),
    ("keys-point", {"url": URL, "keys": {"p256dh": "B" * 86 + "A",
                                         "auth": "A" * 22}},
     "keys.p256dh", "curve"),
    ("keys-short", {"url": URL, "keys": {"p256dh": "B", "auth": "A" * 22}},
     "keys.p256dh", "octets"),
    ("keys-auth", {"url": URL, "keys": {"p256dh": POINT, "auth": "x"}},
     "keys.auth", "octets"),
    ("code-type", {"url": URL, "verificationCode": 5}, "verificationCode",
     "string"),
    ("expires-type", {"url": URL, "expires": 5}, "expires", "date"),
    ("expires-text", {"url": URL, "expires": "tomorrow"}, "expires", "date"),
    ("channel-unknown", {"url": URL, "channel": "pigeon"}, "channel", ""),
    ("channel-keyless", {"url": URL, "channel": "webpush"}, "keys",
     "missing"),
    ("channel-type", {"url": URL, "channel": None}, "channel", ""),
    ("events-type", {"url": URL, "events": ["MessageNew"]}, "events",
     "string"),
    ("events-syntax", {"url": URL, "events": "personal MessageNew"},
     "events", ""),
    ("events-unknown", {"url": URL, "events": "(personal (MessageOld))"},
     "events", "unknown event"),
    ("events-selected", {"url": URL, "events": "(selected (MessageNew))"},
     "events", "selected"),
    ("events-empty", {"url": URL, "events": ""}, "events", ""),
    ("events-fetch", {"url": URL,
                      "events": "(personal (MessageNew (BODY[])))"},
     "events", "payload"),
    ("filter-type", {"url": URL, "filter": 1}, "filter", "string"),
    ("filter-empty", {"url": URL, "filter": ""}, "filter", ""),
    ("filter-unknown", {"url": URL, "filter": "SUBJET x"}, "filter",
     "SUBJET"),
    ("filter-argument", {"url": URL, "filter": "SUBJECT"}, "filter", ""),
    ("filter-paren", {"url": URL, "filter": "(SUBJECT x"}, "filter", ""),
    ("filter-sequence", {"url": URL, "filter": "1:5"}, "filter", ""),
    ("filter-lines", {"url": URL, "filter": "ALL\r\nA LOGOUT"}, "filter",
     ""),
    ("filter-long", {"url": URL, "filter": "SUBJECT " + "x" * 1100},
     "filter", "long"),
    ("payload-type", {"url": URL, "payload": "1"}, "payload", "integer"),
    ("payload-high", {"url": URL, "payload": 5}, "payload", ""),
    ("payload-negative", {"url": URL, "payload": -1}, "payload", ""),
    ("payload-real", {"url": URL, "payload": 1.5}, "payload", ""),
    ("urgency", {"url": URL, "urgency": "panic"}, "urgency", ""),
    ("format", {"url": URL, "format": "pdf"}, "format", ""),
    ("ttl-high", {"url": URL, "ttl": 10 ** 9}, "ttl", ""),
    ("ttl-type", {"url": URL, "ttl": "1h"}, "ttl", ""),
    ("collapse-huge", {"url": URL, "collapse": 2 ** 70}, "", ""),
    ("collapse-high", {"url": URL, "collapse": 3601}, "collapse", ""),
    ("disabled", {"url": URL, "disabled": "yes"}, "disabled", "true"),
    ("quiet-type", {"url": URL, "quiet": []}, "quiet", "object"),
    ("quiet-zone", {"url": URL, "quiet": {"zone": "Europe/Atlantis",
                                          "times": TIMES}},
     "quiet.zone", "no time zone"),
    ("quiet-path", {"url": URL, "quiet": {"zone": "../../../etc/passwd",
                                          "times": TIMES}},
     "quiet.zone", "name of a time zone"),
    ("quiet-time", {"url": URL, "quiet": {
        "zone": "UTC", "times": [*TIMES, {"from": "22:00", "to": "25:00"}]}},
     "quiet.times[1].to", "00:00 to 24:00"),
    ("quiet-always", {"url": URL, "quiet": {
        "zone": "UTC", "times": [{"from": "00:00", "to": "24:00"}]}},
     "quiet.times", "no time at which to ring"),
    ("connected", {"url": URL, "whenConnected": "sometimes"},
     "whenConnected", "must be mine, any or always"),
    ("client-id", {"url": URL, "deviceClientId": "other"}, "deviceClientId",
     ""),
]


@pytest.fixture(scope="module")
def good(run_dir, endpoints, _servers):
    """One user with a valid device: what is refused must leave it."""
    server = conftest.main_server(run_dir, endpoints, _servers)
    user = server.user()
    user.old = {"channel": "log", "payload": 0}
    return user


@pytest.mark.parametrize("value,field,reason", [c[1:] for c in CASES],
                         ids=[c[0] for c in CASES])
def test_se_09_bad_device_by_imap(good, value, field, reason):
    assert good.set_device("bad", good.old).ok
    response = good.set_device("bad", value)
    assert response.status == "NO", response
    assert field.lower() in response.text.lower()
    assert reason.lower() in response.text.lower()
    assert "\r" not in response.text and len(response.text) < 500
    assert json.loads(good.get_device("bad")) == good.old


@pytest.mark.parametrize("value,field,reason", [
    c[1:] for c in CASES if isinstance(c[1], dict)],
    ids=[c[0] for c in CASES if isinstance(c[1], dict)])
def test_se_09_bad_device_by_doveadm(good, value, field, reason):
    server = good.server
    assert good.set_device("bad", good.old).ok
    result = server.doveadm("lemonade", "device", "set", "-u", good.name,
                            "bad", json.dumps(value))
    server.log.expect("doveadm")
    assert result.returncode != 0
    assert field.lower() in result.stderr.lower()
    assert reason.lower() in result.stderr.lower()
    assert json.loads(good.get_device("bad")) == good.old


def test_se_09_oversize(good):
    assert good.set_device("bad", good.old).ok
    for size in (4097, 60000):
        value = json.dumps({"url": URL, "filter": "x" * size})
        response = good.set_device("bad", value)
        assert response.status == "NO"
        assert "[METADATA MAXSIZE 4096]" in response.text
    assert json.loads(good.get_device("bad")) == good.old


@pytest.mark.parametrize("name", ["a" * 65, "UPPER_", "spa ce", "slash/x",
                                  "ünï", "q?", "..%"])
def test_se_09_bad_device_name(good, name):
    response = good.session.setmetadata(f'"{PUSH}/{name}"',
                                        '{"channel":"log"}')
    if name == "UPPER_":        # Dovecot lower-cases: a good name
        assert response.ok
        assert good.get_device("upper_") is not None
        return
    assert response.status in ("NO", "BAD")


@pytest.mark.parametrize("entry", [
    PUSH + "/phone/else", PUSH + "/phone/status/x", PUSH + "/a/b/c"])
def test_se_09_no_other_entries_of_ours(good, entry):
    """What this version does not know is not swallowed."""
    assert good.session.setmetadata(entry, "x").status == "NO"


def test_se_09_filter_reveals_no_internals(good):
    """The reason is SEARCH's own."""
    response = good.set_device("bad", {"url": URL, "filter": "KEYWORD"})
    assert response.status == "NO"
    assert "filter" in response.text
    for word in ("/usr", "0x", "Assert", "vendor.dovecot"):
        assert word not in response.text


# -- what a registration must not reveal

def test_se_09_unknown_and_forbidden_mailboxes_are_alike(good):
    """Whether another's mailbox exists cannot be learnt."""
    server = good.server
    owner = server.user()
    owner.session.must("CREATE", "Secret")
    answers = []
    # the host's own words about a shared namespace without its user
    server.log.expect("user-not-found/nobody@lemo.test")
    for name in (f"shared/{owner.name}/Secret", f"shared/{owner.name}/None",
                 "shared/nobody@lemo.test/INBOX"):
        response = good.set_device("probe", {
            "channel": "log", "events": f'(mailboxes "{name}" (MessageNew))'})
        assert good.session.cmd("NOOP").ok
        answers.append((response.status, response.text.replace(name, "")
                        .split("(0.")[0]))
        good.set_device("probe", None)
    assert len(set(answers)) == 1
    assert "Secret" not in answers[0][1]


def test_se_09_devices_of_others_are_alike(good):
    """Neither an entry nor its status tells whether another has it."""
    server = good.server
    owner = server.user()
    assert owner.set_device("tablet", {"channel": "log"}).ok
    for name in ("tablet", "nothing"):
        assert good.get_device(name) is None
        assert good.status(name) is None


def test_se_09_stored_rubbish_is_harmless(server, endpoints):
    """An entry from another time (or by dsync) does not parse: mail goes
    on, the other device rings, status says invalid."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    assert user.set_device("old", '{"channel": "log"}').ok
    path = f"{user.home}/dovecot-attributes"
    with open(path, encoding="utf-8") as f:
        text = f.read()
    assert '{"channel": "log"}' in text
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace('{"channel": "log"}', '{"colour": 1'))
    assert user.deliver() < 1
    endpoint.wait()
    user.forget_session()
    assert user.get_device("old") == '{"colour": 1'


def test_se_09_dsync_brings_any_value(server, endpoints):
    """Replication keeps what it brings, and is silent."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    for n in range(3):
        user.deliver(subject=f"n{n}")
    endpoint.wait(1)
    wait.until(lambda: user.status("phone")["pending"] == 0, 5)
    before = len(endpoint.all())
    server.doveadm("backup", "-u", user.name,
                   f"maildir:{user.home}/Copy", check=True)
    server.doveadm("sync", "-u", user.name, f"maildir:{user.home}/Copy",
                   check=True)
    user.deliver(subject="last")
    endpoint.wait(before)
    wait.until(lambda: user.status("phone")["pending"] == 0, 5)
    # one more push than before the copy, for the last mail
    assert len(endpoint.all()) == before + 1


# -- SE-04, SC-05: what the server says is read-only

@pytest.mark.parametrize("entry", [
    "channels", "ceilings", "limits", "submit", "policy", "version",
    "contact"])
def test_sc_05_shared_entries_are_read_only(told, entry):
    name = f"/shared/vendor/vendor.lemonade/{entry}"
    before = told.session.getmetadata(name)
    assert before
    for value in ("mine", None):
        assert told.session.setmetadata(name, value).status == "NO"
    assert told.session.getmetadata(name) == before


@pytest.fixture
def told(run_dir, endpoints, _servers):
    return conftest.shared_server(run_dir, endpoints, _servers, "told", {
        "lemonade_contact": "mailto:chief@lemo.test",
        "lemonade_policy": "No chain letters.",
        "lemonade_submit_host": "smtp.lemo.test:587",
        "lemonade_webhook_payload": 1}).user()


def shared(user, name):
    return user.session.getmetadata(f"/shared/vendor/vendor.lemonade/{name}")


def test_se_04_values_equal_configuration(told):
    assert shared(told, "policy") == "No chain letters."
    assert shared(told, "submit") == "smtp.lemo.test:587"
    assert shared(told, "contact") == "mailto:chief@lemo.test"
    assert "webhook" in shared(told, "channels")
    assert "log" in shared(told, "channels")
    ceilings = json.loads(shared(told, "ceilings"))
    assert ceilings["webhook"] == 1
    limits = json.loads(shared(told, "limits"))
    assert 4096 in limits.values() and 10 in limits.values()
    assert shared(told, "version")


def test_se_04_listed_by_depth(told):
    found = told.session.getmetadata_all("/shared/vendor/vendor.lemonade")
    assert set(found) >= {
        f"/shared/vendor/vendor.lemonade/{name}" for name in
        ("channels", "ceilings", "limits", "submit", "policy", "version",
         "contact")}


def test_se_04_new_names_below_shared_are_refused(told):
    response = told.session.setmetadata(
        "/shared/vendor/vendor.lemonade/mine", "x")
    assert response.status == "NO"


def test_sc_05_server_cannot_push_executable_settings(told):
    """All it says is text and JSON data."""
    found = told.session.getmetadata_all("/shared/vendor/vendor.lemonade")
    for value in found.values():
        assert "script" not in value.lower() and "exec" not in value.lower()
    assert found


# -- what is not defined is not swallowed

@pytest.mark.parametrize("mailbox,entry", [
    ('""', "/private/vendor/vendor.lemonade"),
    ('""', "/private/vendor/vendor.lemonade/other"),
    ('""', "/private/vendor/vendor.lemonade/push"),
    ('""', "/private/vendor/vendor.lemonade/pushy/x"),
    ('""', "/private/vendor/vendor.lemonade/zzz"),
    ('""', "/shared/vendor/vendor.lemonade"),
    ('""', "/shared/vendor/vendor.lemonade/push/phone"),
    ("INBOX", "/private/vendor/vendor.lemonade"),
    ("INBOX", PUSH + "/phone"),
    ("INBOX", "/private/vendor/vendor.lemonade/zzz"),
    ("INBOX", "/shared/vendor/vendor.lemonade"),
    ("INBOX", "/shared/vendor/vendor.lemonade/policy"),
    ("Lists", PUSH + "/phone")])
def test_se_09_undefined_names_are_refused(server, mailbox, entry):
    """They would do nothing: the client is told, and can remove them."""
    user = server.user()
    if mailbox == "Lists":
        user.session.must("CREATE", mailbox)
    response = user.session.cmd("SETMETADATA", mailbox,
                                f'({entry} "{{}}")')
    assert response.status == "NO"
    assert "emonade" in response.text or "read-only" in response.text
    if mailbox != '""':
        assert 'mailbox ""' in response.text
    found = user.session.cmd("GETMETADATA", mailbox, f"({entry})")
    assert b"{}" not in b"".join(found.untagged)
    if entry.startswith("/private"):
        assert user.session.cmd("SETMETADATA", mailbox, f"({entry} NIL)").ok


def test_se_09_neighbours_of_our_names_are_free(server):
    """vendor.lemonades and vendor.lemon are not ours."""
    user = server.user()
    for mailbox in ('""', "INBOX"):
        for name in ("vendor.lemonades/x", "vendor.lemon/x",
                     "vendor.lemonade-x/y", "vendor.lemonade0/push/phone"):
            entry = f"/private/vendor/{name}"
            assert user.session.cmd("SETMETADATA", mailbox,
                                    f'({entry} "x")').ok
            found = user.session.cmd("GETMETADATA", mailbox, f"({entry})")
            assert b'x' in b"".join(found.untagged).split(b"(", 1)[1]


def test_se_09_dsync_brings_undefined_names(server):
    """What another version stored is carried, shown and can be removed."""
    user, entry = server.user(), "/private/vendor/vendor.lemonade/other"
    mine = "/private/vendor/vendor.others/other"
    for mailbox in ('""', "INBOX"):
        assert user.session.cmd("SETMETADATA", mailbox, f'({mine} "x")').ok
    user.session.must("LOGOUT")
    user.forget_session()
    path = f"{user.home}/dovecot-attributes"
    with open(path, encoding="utf-8") as f:
        text = f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace("vendor.others/", "vendor.lemonade/"))
    other = server.user()
    server.doveadm("backup", "-u", user.name, "doveadm", "-c",
                   server.conf_file, "dsync-server", "-u", other.name,
                   check=True)
    for mailbox in ('""', "INBOX"):
        found = other.session.cmd("GETMETADATA", mailbox, f"({entry})")
        assert b"NIL" not in b"".join(found.untagged)
        assert other.session.cmd("SETMETADATA", mailbox, f"({entry} NIL)").ok
