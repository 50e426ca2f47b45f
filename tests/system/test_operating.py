"""What an operator's tools see and do: metrics, limits, a lost phone, a
user's own data. Row SC-02."""

import json
import time
import urllib.request

from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse)
import pytest

from lemotest import wait
from lemotest.server import TOP, doc_conf, dovecot_version

SECRET_FIELDS = ("url", "keys", "verificationCode")


def gauges(server):
    text = server.doveadm("lemonade", "status", "-f", "openmetrics",
                          check=True).stdout
    return {sample.name: (sample.value, sample.labels)
            for family in parse(text) for sample in family.samples}


def test_sc_02_status_openmetrics(server):
    """A valid exposition, also in the eyes of Prometheus' own parser."""
    user = server.user()
    assert user.set_device("phone", {"channel": "null"}).ok
    user.deliver()
    found = gauges(server)
    row = server.rows("lemonade", "status")[0]
    assert found["lemonade_build_info"] == (1, {"version": row["version"]})
    assert found["lemonade_outbox_ok"][0] == 1
    assert found["lemonade_devices"][0] >= 1
    assert found["lemonade_trace_bytes"][0] > 0
    for name in ("uptime_seconds", "queue_rows", "queue_oldest_seconds",
                 "requests_open", "spool_files", "origins", "breakers_open"):
        assert found[f"lemonade_{name}"][0] >= 0, name


def test_sc_02_status_wrong_use(server):
    server.log.expect("doveadm")
    for args in (("-f", "xml"), ("--max-age", "soon"), ("--max-rows", "-1")):
        result = server.doveadm("lemonade", "status", *args)
        assert result.returncode == 64, (args, result)
        assert result.stderr


def test_sc_02_status_exit_codes(make_server, endpoints):
    """0 within limits, 2 beyond, the usual ones when nobody answers."""
    server = make_server()
    user, endpoint = server.user(), endpoints.new()
    assert server.doveadm("lemonade", "status", "--max-age", "0",
                          "--max-rows", "0").returncode == 0
    user.register(endpoint)
    endpoint.tell("status=503,retry-after=60")
    server.log.expect(endpoint.host, "doveadm", "lemonade-notify")
    user.deliver()
    endpoint.wait(1)
    for args, code in ((("--max-rows", "0"), 2), (("--max-rows", "1"), 0),
                       (("--max-age", "3600"), 0), ((), 0)):
        result = server.doveadm("lemonade", "status", *args)
        assert result.returncode == code, (args, result)
        assert ("--max-rows is 0" in result.stderr) == (code == 2)
    result = wait.until(
        lambda: (r := server.doveadm("lemonade", "status", "-f",
                                     "openmetrics", "--max-age", "0")
                 ).returncode == 2 and r, 5, "older than 0 s")
    assert "--max-age is 0" in result.stderr
    assert result.stdout.endswith("# EOF\n")


def scrape(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics",
                                timeout=5) as answer:
        return answer.read().decode()


def samples(text, name, **labels):
    return [s.value for family in parse(text) for s in family.samples
            if s.name == name and labels.items() <= s.labels.items()]


def test_sc_02_metrics_by_dovecot(make_server, endpoints):
    """The example configuration: Dovecot's own exporter counts our events,
    and its socket is as private as by default."""
    server = make_server(conf="""
service stats {
  unix_listener stats-writer {
    mode = 0660
  }
}
""", includes=doc_conf() + [
        f"{TOP}/doc/conf/{dovecot_version()}/metrics/lemonade-metrics.conf"])
    user, endpoint = server.user(), endpoints.new()
    began = time.monotonic()
    user.register(endpoint)
    user.register(endpoints.new("boss"), "boss", filter='FROM "boss"')
    user.deliver()
    endpoint.wait()

    def counted():
        text = scrape(9900)
        return text if samples(
            text, "dovecot_lemonade_notifications_total",
            channel="webhook", result="done") == [3] else None
    text = wait.until(counted, 10, "three pushes counted")
    # one after the other: a duration is that of the push, not of the notifier
    [took] = samples(
        text, "dovecot_lemonade_notifications_duration_seconds_total",
        channel="webhook", result="done")
    assert 0 < took < time.monotonic() - began
    assert samples(text, "dovecot_lemonade_events_total", type="MessageNew",
                   result="kept") == [1]
    assert samples(text, "dovecot_lemonade_held_back_total",
                   reason="filter") == [1]
    # user, path and code are no labels
    for secret in (user.name, endpoint.path, endpoint.code()):
        assert secret not in text


def test_sc_02_revoke_a_lost_phone(server, endpoints):
    """Entry, waiting push and memory go; other devices stay."""
    user, endpoint = server.user(), endpoints.new()
    other = endpoints.new("other")
    user.register(endpoint)
    user.register(other, "other")
    endpoint.tell("status=503,retry-after=60")
    server.log.expect(endpoint.host)
    user.deliver()
    endpoint.wait(1)
    other.wait(1)
    server.doveadm("lemonade", "revoke", "-u", user.name, "PHONE",
                   check=True)
    assert user.get_device("phone") is None
    assert server.rows("lemonade", "queue", "-u", user.name) == []
    rows = server.rows("lemonade", "device", "list", "-u", user.name)
    assert [r["device"] for r in rows] == ["other"]
    user.deliver()
    other.wait(2)
    assert len(endpoint.pushes()) == 1
    server.log.expect("doveadm")
    assert server.doveadm("lemonade", "revoke", "-u", user.name,
                          "phone").returncode == 68


def test_sc_02_revoke_an_entry_that_does_not_parse(server):
    """Put there past all checks, as a replica would."""
    user = server.user()
    assert user.set_device("odd", '{"channel": "log"}').ok
    path = f"{user.home}/dovecot-attributes"
    with open(path, encoding="utf-8") as f:
        text = f.read()
    assert '"channel": "log"' in text
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace('"channel": "log"', "not JSON"))
    server.doveadm("lemonade", "revoke", "-u", user.name, "odd", check=True)
    session = user.imap()
    assert session.getmetadata(user.entry("odd")) is None


def test_sc_02_revoke_without_notifier(make_server):
    """The entry goes all the same, and the admin is told what does not."""
    server = make_server()
    user = server.user()
    assert user.set_device("phone", {"channel": "log"}).ok
    socket = "/nowhere/lemonade-notify-admin"
    server.log.expect("doveadm")
    result = server.doveadm("lemonade", "revoke", "-u", user.name, "-a",
                            socket, "phone")
    assert result.returncode == 75
    assert "lemonade-notify" in result.stderr
    assert user.get_device("phone") is None


def test_sc_02_export(server, endpoints):
    """All that is kept of a user, without what lets others push."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, payload=2)
    assert user.set_device("new", {"channel": "webhook", "url":
                                   endpoints.new("new").url}).ok
    user.deliver()
    endpoint.wait()
    endpoint.tell("status=503,retry-after=60")
    server.log.expect(endpoint.host)
    user.deliver()
    endpoint.wait(2)
    text = server.doveadm("lemonade", "export", "-u", user.name,
                          check=True).stdout
    data = json.loads(text)
    assert data["user"] == user.name
    phone = data["devices"]["phone"]
    assert phone["entry"]["payload"] == 2
    assert phone["entry"]["url"] == f"https://{endpoint.host}:443/(not shown)"
    assert phone["status"]["verified"] and phone["status"]["lastSent"]
    event = phone["waiting"][0]["event"]
    assert event["vnd.lemonade.event"] == "MessageNew"
    assert event["vnd.lemonade.uid"] == "2"
    assert {r["uid"] for r in phone["rang"]} == {"1", "2"}
    assert not data["devices"]["new"]["status"]["verified"]
    said = [r["what"] for r in data["trace"] if r.get("device") == "phone"]
    assert "queued" in said
    for secret in (endpoint.path, endpoint.code(), user.secrets["phone"],
                   user.status("new")["secret"]):
        assert secret not in text


def test_sc_02_export_is_of_one_user(server):
    user, other = server.user(), server.user()
    for owner in (user, other):
        assert owner.set_device("phone", {"channel": "null"}).ok
        owner.deliver()
    text = server.doveadm("lemonade", "export", "-u", user.name,
                          check=True).stdout
    assert user.name in text and other.name not in text
    server.log.expect("doveadm")
    assert server.doveadm("lemonade", "export", "-u",
                          "nobody@lemo.test").returncode == 67


@pytest.mark.parametrize("command", ["EXPORT\tx", "EXPORT\tx\tme",
                                     "TRACE\tx", "EXPORT\tx\t1\t2"])
def test_sc_02_admin_socket_refuses(server, command):
    from lemotest.wire import Door
    with Door(f"{server.base}/run/lemonade-notify-admin") as door:
        assert door.ask(command).startswith("NO\t")
