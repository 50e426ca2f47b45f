"""doveadm lemonade: what the admin sees and does. Row SC-02 (admin stop
switch) and the operator's side of NF-09 and PL-06."""

import json
import os

import pytest

from lemotest import wait


def test_sc_02_status_columns(server, endpoints):
    row = server.rows("lemonade", "status")[0]
    assert row["outbox_state"] == "ok"
    assert row["version"]
    for name in ("uptime", "rows", "spool_files", "inflight", "origins",
                 "breakers_open"):
        assert row[name].isdigit(), name


@pytest.mark.parametrize("formatter", ["tab", "flow", "pager", "json",
                                       "table"])
def test_sc_02_print_formats(server, formatter):
    result = server.doveadm("-f", formatter, "lemonade", "status", check=True)
    assert "outbox_state" in result.stdout or "ok" in result.stdout
    if formatter == "json":
        assert json.loads(result.stdout)[0]["outbox_state"] == "ok"


def test_sc_02_device_add_list_remove(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    server.doveadm("lemonade", "device", "add", "-u", user.name,
                   "--verified", "tablet", f"url={endpoint.url}",
                   "channel=webhook", "payload=2", check=True)
    row = server.rows("lemonade", "device", "list", "-u", user.name)[0]
    assert row["device"] == "tablet"
    assert row["channel"] == "webhook"
    assert row["state"] == "ok"
    assert endpoint.host in row["origin"]
    assert endpoint.path not in json.dumps(row)
    user.deliver()
    push = endpoint.wait()[0]       # no verification: the admin vouched
    assert push.data["vnd.lemonade.uid"] == 1
    assert json.loads(user.get_device("tablet"))["payload"] == 2
    server.doveadm("lemonade", "device", "remove", "-u", user.name, "tablet",
                   check=True)
    assert user.get_device("tablet") is None


def test_sc_02_device_set_changes_one_field(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    server.doveadm("lemonade", "device", "set", "-u", user.name, "phone",
                   "payload=2", check=True)
    value = json.loads(user.get_device("phone"))
    assert value["payload"] == 2 and value["url"] == endpoint.url
    user.deliver()
    assert endpoint.wait()[0].data["vnd.lemonade.uid"] == 1


def test_sc_02_disable(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    marker = endpoints.new("marker")
    user.register(endpoint)
    user.register(marker, "other")
    server.doveadm("lemonade", "device", "disable", "-u", user.name, "phone",
                   check=True)
    rows = {r["device"]: r for r in server.rows(
        "lemonade", "device", "list", "-u", user.name)}
    assert rows["phone"]["state"] == "disabled"
    assert rows["other"]["state"] == "ok"
    user.deliver()
    marker.wait()
    assert endpoint.pushes() == []


def test_sc_02_queue_retry_purge(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    endpoint.tell("status=503,retry-after=60")
    server.log.expect(endpoint.host)
    user.deliver()
    endpoint.wait(1)
    row = wait.until(lambda: server.rows(
        "lemonade", "queue", "-u", user.name), 5, "a row in the queue")[0]
    wait.until(lambda: server.rows("lemonade", "queue", "-u", user.name)[0]
               ["tries"] == "1", 5, "one try")
    row = server.rows("lemonade", "queue", "-u", user.name)[0]
    assert row["user"] == user.name
    assert endpoint.host in row["origin"]
    assert "503" in row["last_result"]
    assert 50 <= int(row["due_secs"]) <= 60
    assert endpoint.path not in json.dumps(row)
    # due now; answered by 503 again
    server.doveadm("lemonade", "retry", "-u", user.name, check=True)
    endpoint.wait(2)
    endpoint.tell("")
    server.doveadm("lemonade", "purge", "-u", user.name, check=True)
    assert server.rows("lemonade", "queue", "-u", user.name) == []
    wait.never(lambda: len(endpoint.pushes()) > 2, 0.5)


def test_sc_02_purge_is_of_one_user(server, endpoints):
    one, other = server.user(), server.user()
    first, second = endpoints.new(), endpoints.new()
    for user, endpoint in ((one, first), (other, second)):
        user.register(endpoint)
        endpoint.tell("status=503,retry-after=2")
        user.deliver()
        endpoint.wait(1)
        server.log.expect(endpoint.host)
    server.doveadm("lemonade", "purge", "-u", one.name, check=True)
    first.tell("")
    second.tell("")
    second.wait(2, timeout=8)
    assert len(first.pushes()) == 1
    assert server.doveadm("lemonade", "purge").returncode != 0
    server.log.expect("doveadm")


def test_sc_02_test_push(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    result = server.doveadm("lemonade", "test", "-u", user.name, "phone",
                            check=True)
    assert "200" in result.stdout or "ok" in result.stdout.lower()
    assert endpoint.wait()
    endpoint.tell("status=500")
    server.log.expect(endpoint.host, "doveadm")
    result = server.doveadm("lemonade", "test", "-u", user.name, "phone")
    assert "500" in result.stdout + result.stderr
    assert result.returncode != 0


def test_sc_02_dry_run_sends_nothing(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    result = server.doveadm("lemonade", "test", "--dry-run", "-u", user.name,
                            "phone", check=True)
    assert "POST" in result.stdout
    assert "webhook-signature" in result.stdout.lower()
    assert "specversion" in result.stdout
    wait.never(lambda: endpoint.pushes(), 0.3)


def test_sc_02_unknown_device_and_user(server):
    user = server.user()
    server.log.expect("doveadm")
    for args in (("test", "-u", user.name, "nothing"),
                 ("device", "disable", "-u", user.name, "nothing"),
                 ("device", "list", "-u", "nobody@lemo.test")):
        result = server.doveadm("lemonade", *args)
        assert result.returncode != 0, args
        assert result.stderr


def test_sc_02_notifier_is_away(make_server):
    """A clear word, not a stack of them; exit code not 0."""
    server = make_server()
    user = server.user()
    assert user.set_device("phone", {"channel": "log"}).ok
    socket = f"{server.base}/run/lemonade-notify-admin"
    os.rename(socket, socket + ".away")
    server.log.expect("doveadm")
    result = server.doveadm("lemonade", "status")
    assert result.returncode != 0
    assert "lemonade" in result.stderr
    # what METADATA says is shown all the same
    result = server.doveadm("-f", "tab", "lemonade", "device", "list", "-u",
                            user.name)
    assert "phone" in result.stdout


def test_sc_02_channel_log(server):
    """The log channel: one line a push, no network."""
    user = server.user()
    assert user.set_device("phone", {"channel": "log"}).ok
    user.deliver(subject="merger")
    lines = server.log.wait("lemonade-notify.*MessageNew")
    assert user.name in lines[0]
    assert "merger" not in lines[0]


def test_sc_02_channel_null(server, endpoints):
    user, marker = server.user(), endpoints.new("marker")
    assert user.set_device("phone", {"channel": "null"}).ok
    user.register(marker, "other")
    user.deliver()
    marker.wait()
    wait.until(lambda: user.status("phone")["pending"] == 0, 5)
    assert user.status("phone")["lastSent"]
