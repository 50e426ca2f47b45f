"""doveadm lemonade trace: what became of a mail, in plain words. Rows SC-02
and OB-11 (why a device is silent)."""

import glob
import json
import os
import re
import stat

from lemotest import wait
from lemotest.users import message
from lemotest.wire import Door, event_line
from lemotest.zones import zones_of


def mail(name, **kwargs):
    """A mail and its Message-ID."""
    data = message(**kwargs)
    message_id = f"<{name}.{os.urandom(4).hex()}@remote.test>"
    return re.sub(rb"Message-ID: [^\r]*", b"Message-ID: " +
                  message_id.encode(), data), message_id


def trace(server, *args):
    return [r for r in json.loads(server.doveadm(
        "-f", "json", "lemonade", "trace", *args, check=True).stdout)]


def words(rows, device=None):
    return [r["what"] for r in rows if device in (None, r["device"])]


def traced(server, *args, count=1, what="", timeout=5):
    """The rows, once `count' of them say it."""
    found = []

    def told():
        result = server.doveadm("-f", "json", "lemonade", "trace", *args)
        if result.returncode != 0:
            return False
        found[:] = json.loads(result.stdout)
        return len([w for w in words(found) if what in w]) >= count
    try:
        wait.until(told, timeout, f"trace says {what}")
    except wait.Timeout:
        print(found)
        raise
    return found


def test_sc_02_trace_tells_the_story(server, endpoints):
    """One mail, four devices: every verdict with its reason, the push with
    what came of it, in order."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    user.register(endpoints.new("boss"), "boss", filter='FROM "boss"')
    user.register(endpoints.new("off"), "off")
    user.change_device("off", disabled=True)
    assert user.set_device("new", {"channel": "webhook", "url":
                                   endpoints.new("new").url}).ok
    data, message_id = mail("story")
    user.deliver(data)
    endpoint.wait()
    rows = traced(server, message_id, what="answered 200")
    assert rows[0]["what"] == ("MessageNew INBOX UID 1 arrived by lmtp, "
                               f"Message-ID {message_id}")
    assert rows[0]["device"] == ""
    assert {r["user"] for r in rows} == {user.name}
    assert {int(r["uid"]) for r in rows} == {user.uid}
    assert words(rows, "phone")[0] == "queued"
    assert re.fullmatch(rf"sent to webhook https://{endpoint.host}:443, "
                        r"answered 200 in \d+ ms", words(rows, "phone")[1])
    assert len(words(rows, "phone")) == 2
    assert words(rows, "boss") == \
        ['held back: filter `FROM "boss"\' does not match']
    assert words(rows, "off") == ["held back: it is disabled"]
    assert words(rows, "new") == \
        ["held back: its verification code has not come back"]
    times = [r["time"] for r in rows]
    assert times == sorted(times)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", times[0])
    assert endpoint.path not in json.dumps(rows)
    assert "It rains" not in json.dumps(rows)
    assert rows == trace(server, message_id.strip("<>"))


def test_sc_02_trace_of_a_mail_nobody_wants(server):
    """Its devices are all switched off: still known by its Message-ID."""
    user = server.user()
    assert user.set_device("phone", {"channel": "log", "disabled": True}).ok
    data, message_id = mail("unwanted")
    user.deliver(data)
    rows = traced(server, message_id)
    assert words(rows, "phone") == ["held back: it is disabled"]


def test_sc_02_trace_follows_tries(server, endpoints):
    """Each answer with its status, and when it is tried again; a second mail
    that joins; then the answer for both."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    endpoint.tell("status=503,retry-after=2")
    server.log.expect(endpoint.host)
    first, first_id = mail("first")
    user.deliver(first)
    rows = traced(server, first_id, what="answered 503")
    assert re.search(r"answered 503 in \d+ ms; try 1 failed, the next one in "
                     r"[12](\.\d)? s", words(rows, "phone")[1])
    endpoint.tell("")
    second, second_id = mail("second")
    user.deliver(second)
    for message_id, begin in ((first_id, "queued"), (
            second_id, "joins a push that waits (2 events now)")):
        rows = traced(server, message_id, what="answered 200", timeout=8)
        assert words(rows, "phone")[0] == begin
        assert " for 2 events, answered 200" in words(rows, "phone")[-1]


def test_sc_02_trace_goes_on_when_it_is_read(server, endpoints):
    """What becomes of the mail later is in its story."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    data, message_id = mail("read")
    user.deliver(data)
    endpoint.wait()
    session = user.imap()
    session.select()
    session.must("STORE", "1", "+FLAGS", "(\\Seen)")
    rows = traced(server, message_id, what="MessageRead")
    told = [w for w in words(rows) if w.startswith("MessageRead")]
    assert re.fullmatch(r"MessageRead \(\\Seen\) INBOX UID 1 by imap",
                        told[0])


def test_sc_02_trace_of_device_and_user(server, endpoints):
    user, other = server.user(), server.user()
    for owner in (user, other):
        assert owner.set_device("slate", {"channel": "log"}).ok
        assert owner.set_device("pad", {
            "channel": "log", "filter": "FLAGGED"}).ok
    for n in range(3):
        user.deliver(mail(f"n{n}")[0])
        rows = traced(server, "-u", user.name, what="logged", count=n + 1)
    other.deliver()
    assert {r["user"] for r in rows} == {user.name}
    assert {r["device"] for r in rows} == {"", "slate", "pad"}
    # all events of the device, its writing among them
    rows = trace(server, "--device", "slate", "-u", user.name)
    assert {r["device"] for r in rows} == {"", "slate"}
    assert "vnd.lemonade.DeviceSet" in rows[0]["what"]
    assert len([w for w in words(rows) if w.startswith("MessageNew")]) == 3
    rows = trace(server, "--device", "SLATE")
    assert {user.name, other.name} <= {r["user"] for r in rows}
    rows = trace(server, "-u", user.name, "--last", "1")
    assert len([r for r in rows if r["device"] == ""]) == 1
    assert "UID 3" in rows[0]["what"]


def test_sc_02_trace_tells_why_it_waits(make_server, endpoints):
    """Collapse, then the budget."""
    server = make_server(lemonade_budget_device=2)
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, collapse=1)
    server.log.expect("more pushes than its budget")
    first, second, third = mail("first"), mail("second"), mail("third")
    user.deliver(first[0])
    endpoint.wait(1)
    traced(server, first[1], what="answered 200")
    user.deliver(second[0])
    rows = traced(server, second[1], what="answered 200")
    assert re.fullmatch(r"queued, waits (1\.0 s|\d+ ms) \(collapse\)",
                        words(rows, "phone")[0])
    user.change_device("phone", collapse=0)
    user.deliver(third[0])
    rows = traced(server, third[1], what="budget")
    assert words(rows, "phone") == ["queued", "held back: more pushes an hour "
                                    "than its budget; it waits"]


def test_sc_02_trace_of_quiet_hours(server, endpoints, run_dir):
    """Kept back, then sent with another: each mail's story has the end."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, quiet=zones_of(run_dir).quiet())
    first, second, read = mail("first"), mail("second"), mail("read")
    for data, _ in (first, read, second):
        user.deliver(data)
    session = user.imap()
    session.select()
    session.must("STORE", "2", "+FLAGS", "(\\Seen)")
    rows = traced(server, read[1], what="not sent")
    assert words(rows, "phone") == ["held back: quiet hours", "not sent: "
                                    "overtaken while it was held back"]
    user.change_device("phone", quiet=None)
    endpoint.wait()
    for _, message_id in (first, second):
        rows = traced(server, message_id, what="answered 200")
        said = words(rows, "phone")
        assert said[:2] == ["held back: quiet hours", "queued with all that "
                            "was held back before (quiet)"]
        assert " for 2 events, answered 200" in said[-1]
    assert "answered" not in json.dumps(trace(server, read[1]))


def test_sc_02_trace_of_presence(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, whenConnected="mine")
    session = user.imap()
    assert session.getmetadata(user.entry("phone"))
    session.select()
    data, message_id = mail("connected")
    user.deliver(data)
    rows = traced(server, message_id, what="held back")
    assert words(rows, "phone") == ["held back: it is connected"]


def test_sc_02_trace_of_the_feed(feed_server, feed):
    user = feed_server.user()
    data, message_id = mail("feed")
    user.deliver(data)
    rows = traced(feed_server, message_id, what="answered 200")
    assert rows[0]["what"].endswith("; the feed gets it")
    assert rows[-1]["device"] == "(feed)"


def test_sc_02_trace_wrong_use(server):
    server.log.expect("doveadm")
    for args, code, text in (
            ((), 64, "say what"), (("--last", "3"), 64, "say what"),
            (("-u", "x", "--last", "0"), 64, "1 to"),
            (("-u", "x", "--last", "many"), 64, "1 to"),
            (("<never@seen>",), 68, "no trace"),
            (("-u", "nobody@lemo.test"), 68, "no trace")):
        result = server.doveadm("lemonade", "trace", *args)
        assert result.returncode == code, (args, result)
        assert text in result.stderr, (args, result)


def test_sc_02_trace_is_private(server, endpoints):
    """Only the service reads the files; no path, code or word of a mail."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    user.deliver(mail("private", subject="merger")[0])
    endpoint.wait()
    traced(server, "-u", user.name, what="answered 200", count=2)
    directory = f"{server.state_dir}/trace"
    assert stat.S_IMODE(os.stat(directory).st_mode) == 0o700
    text = ""
    for path in glob.glob(f"{directory}/*"):
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        with open(path, encoding="utf-8") as f:
            text += f.read()
    assert user.name in text
    for secret in (endpoint.path, endpoint.code(), user.secrets["phone"],
                   "merger", "It rains"):
        assert secret not in text


def test_sc_02_trace_survives_a_crash(make_server):
    """Torn and foreign lines are left out, the rest is told, and what is
    written next is whole."""
    server = make_server()
    user = server.user()
    assert user.set_device("phone", {"channel": "log"}).ok
    first, first_id = mail("first")
    user.deliver(first)
    traced(server, first_id, what="logged")
    pid = server.notifier_pid()
    server.log.expect("lemonade-notify.*killed with signal 9",
                      "service(lemonade-notify)")
    server.signal(pid, 9)
    wait.until(lambda: pid not in server.pids("lemonade-notify"), 5)
    path = max(glob.glob(f"{server.state_dir}/trace/{user.uid}.*"))
    with open(path, "ab") as f:
        f.write(b"not a line\n\xff\x00\n" + b"x" * 100000 +
                b"\n1795499427288\tE\tu=half")
    server.notifier_pid()
    second, second_id = mail("second")
    user.deliver(second)
    for message_id in (first_id, second_id):
        rows = traced(server, message_id, what="logged")
        assert words(rows, "phone")[0] == "queued"


def test_sc_02_trace_cannot_be_written(make_server, endpoints):
    """It has a gap, and says so; pushes go on."""
    server = make_server()
    user, endpoint = server.user(), endpoints.new()
    os.rename(f"{server.state_dir}/trace", f"{server.state_dir}/away")
    with open(f"{server.state_dir}/trace", "w", encoding="ascii"):
        pass
    # once a minute, however often it fails
    server.log.expect("trace: opendir.* failed: Not a directory", "doveadm")
    server.renew_notifier()
    user.register(endpoint)
    user.deliver()
    endpoint.wait()
    server.log.wait("trace: opendir")
    assert server.doveadm("lemonade", "trace", "-u",
                          user.name).returncode == 75


def test_sc_02_trace_is_bounded(make_server):
    """A flood of one uid takes its own oldest, not the other's."""
    server = make_server(lemonade_trace_size="1 M")
    alice, flood = server.user(name="lemoalice"), server.user()
    data, message_id = mail("keep")
    assert alice.set_device("phone", {"channel": "null"}).ok
    alice.deliver(data)
    traced(server, message_id, what="dropped")
    os.setegid(flood.uid)
    os.seteuid(flood.uid)
    try:
        door = Door(f"{server.base}/run/lemonade-notify")
    finally:
        os.seteuid(0)
        os.setegid(0)
    with door:
        for first in range(0, 4000, 100):
            for n in range(first, first + 100):
                door.send(event_line(
                    flood.name, devices=[("phone", "filter")],
                    **{"vnd.lemonade.messageId": f"<{n:0400}@flood>"}))
            for n in range(100):
                assert door.answer().startswith("OK")
    sizes = [os.stat(p).st_size for p in
             glob.glob(f"{server.state_dir}/trace/*")]
    assert 500_000 < sum(sizes) <= 1_048_576
    assert words(trace(server, message_id), "phone")[0] == "queued"
    assert "3999@flood" in trace(server, "-u", flood.name, "--last", "1")[0][
        "what"]
    server.log.expect("doveadm")
    assert server.doveadm("lemonade", "trace", f"<{0:0400}@flood>"
                          ).returncode == 68


def test_sc_02_trace_retention(make_server):
    server = make_server(lemonade_trace_retention="2 s")
    user = server.user()
    assert user.set_device("phone", {"channel": "null"}).ok
    user.deliver()
    traced(server, "-u", user.name, what="dropped")
    files = glob.glob(f"{server.state_dir}/trace/*")
    for path in files:
        os.utime(path, (1700000000, 1700000000))
    server.renew_notifier()
    assert not set(files) & set(glob.glob(f"{server.state_dir}/trace/*"))
    server.change(lemonade_trace_retention="0")
    server.reload()
    server.notifier_pid()
    server.log.expect("doveadm")
    result = server.doveadm("lemonade", "trace", "-u", user.name)
    assert result.returncode == 65
    assert "lemonade_trace_retention" in result.stderr
