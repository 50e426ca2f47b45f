"""The channel exec: a program that the administrator names. Rows SE-09 and
SC-02."""

import json
import os

import pytest

from lemotest import wait

EXEC = {"channel": "exec"}


class Program:
    """Writes what it was told, one file a run, and does as it is told."""

    def __init__(self, directory):
        self.directory = f"{directory}/exec-{os.urandom(2).hex()}"
        os.makedirs(f"{self.directory}/out")
        os.chmod(f"{self.directory}/out", 0o777)
        self.path = f"{self.directory}/program"
        self.tell("exit 0")

    def tell(self, then):
        """then: shell commands behind taking note."""
        out = f"{self.directory}/out"
        text = f"""#!/bin/sh
f=$(/usr/bin/mktemp {out}/.XXXXXXXX) || exit 70
{{ /usr/bin/env; echo; ls -l /proc/$$/fd; echo; id -un; pwd; echo "$# $0"
while read -r l; do case $l in SigBlk*|SigIgn*) echo "$l"; esac
done < /proc/$$/status; echo; cat; }} > $f
/bin/mv $f {out}/$(/usr/bin/date +%s.%N)
echo rubbish; echo rubbish >&2
{then}
"""
        with open(self.path + ".new", "w", encoding="ascii") as f:
            f.write(text)
        os.chmod(self.path + ".new", 0o755)
        os.rename(self.path + ".new", self.path)

    def runs(self):
        """What each run was told: [environment, files, other, JSON]."""
        found = []
        for name in sorted(os.listdir(f"{self.directory}/out")):
            if not name.startswith("."):
                with open(f"{self.directory}/out/{name}",
                          encoding="utf-8") as f:
                    found.append(f.read().split("\n\n", 3))
        return found

    def wait(self, count=1, timeout=5):
        return wait.until(lambda: len(found := self.runs()) >= count and
                          found, timeout, f"{count} runs")


@pytest.fixture(scope="module")
def program(run_dir):
    return Program(run_dir)


@pytest.fixture(scope="module")
def server(run_dir, endpoints, program):
    import conftest
    made = conftest.start(run_dir, endpoints, "exec", {
        "lemonade_exec_program": program.path,
        "lemonade_request_timeout": "1 secs",
        "lemonade_origin_connections": "2"})
    yield made
    conftest.stop(made)


@pytest.fixture
def fresh(program):
    program.tell("exit 0")
    for name in os.listdir(f"{program.directory}/out"):
        os.unlink(f"{program.directory}/out/{name}")
    return program


def register(user, **fields):
    response = user.set_device("phone", {**EXEC, **fields})
    assert response.ok, response


def test_se_09_exec_program_is_told(server, fresh):
    """The event on standard input, and nothing else of us."""
    user = server.user()
    register(user, payload=4)
    user.deliver(subject="$(touch /tmp/x) `id` ; \"'", body="First words.")
    environment, files, other, told = fresh.wait()[0]
    event = json.loads(told)
    assert event["type"] == "rfc5423.MessageNew"
    data = event["data"]
    assert data["deviceClientId"] == "phone" and data["user"] == user.name
    assert data["vnd.lemonade.subject"] == "$(touch /tmp/x) `id` ; \"'"
    assert "First words." in data["vnd.lemonade.snippet"]
    # the shell adds PWD, OLDPWD, _ and SHLVL itself
    names = {line.partition("=")[0]: line.partition("=")[2]
             for line in environment.splitlines()}
    assert set(names) - {"PWD", "OLDPWD", "_", "SHLVL"} == {
        "PATH", "LEMONADE_USER", "LEMONADE_DEVICE", "LEMONADE_PUSH_ID"}
    assert names["LEMONADE_USER"] == user.name
    assert names["LEMONADE_DEVICE"] == "phone"
    assert names["LEMONADE_PUSH_ID"] == event["id"]
    who, where, arguments, *signals = other.splitlines()
    assert (who, where, arguments) == ("lemonade", "/", f"0 {fresh.path}")
    assert all(int(line.split()[1], 16) == 0 for line in signals), signals
    # the event, and what the shell has open itself: no socket, no outbox
    targets = [line.partition(" -> ")[2] for line in files.splitlines()
               if " -> " in line]
    assert targets and all(t.startswith((
        "/memfd:lemonade-event", "/dev/null", fresh.directory))
        for t in targets), files
    wait.until(lambda: user.status("phone").get("lastResult") == "exit 0", 5,
               "the answer")
    assert user.status("phone")["pending"] == 0
    # what it writes goes nowhere
    assert server.log.lines("rubbish") == []


def test_se_09_exec_needs_no_code_and_no_url(server, fresh):
    user = server.user()
    for bad, field in (({"url": "https://push.test/x"}, "url"),
                       ({"format": "ntfy"}, "format"),
                       ({"program": "/bin/sh"}, "program")):
        response = user.set_device("phone", {**EXEC, **bad})
        assert response.status == "NO" and f'"{field}"' in response.text
    register(user)
    assert user.status("phone")["verified"]
    entry = "/shared/vendor/vendor.lemonade/"
    assert "exec" in json.loads(user.session.getmetadata(entry + "channels"))
    assert json.loads(user.session.getmetadata(entry + "ceilings"))[
        "exec"] == 4


def test_se_09_exec_is_refused_without_program(make_server):
    server = make_server()
    user = server.user()
    response = user.set_device("phone", EXEC)
    assert response.status == "NO"
    assert 'field "channel"' in response.text
    assert "lemonade_exec_program" in response.text
    channels = user.session.getmetadata(
        "/shared/vendor/vendor.lemonade/channels")
    assert "exec" not in channels


@pytest.mark.parametrize("then,result,pending", [
    ("exit 3", "exit 3", 0),
    ("exit 75", "exit 75", 1),
    ("kill -9 $$", "program died of signal 9", 1),
    # with what it has started
    ("sleep 60 & sleep 60", "program timed out", 1),
], ids=["permanent", "later", "killed", "endless"])
def test_se_09_exec_status(server, fresh, then, result, pending):
    fresh.tell(then)
    user = server.user()
    server.log.expect("refused for good: exit 3")
    register(user)
    user.deliver()
    fresh.wait()
    wait.until(lambda: user.status("phone").get("lastResult") == result, 5,
               result)
    assert user.status("phone")["pending"] == pending
    wait.until(lambda: not sleepers(), 5, "nothing is left")
    server.doveadm("lemonade", "purge", "-u", user.name, check=True)


def sleepers():
    """Processes of our program, whoever is their parent by now."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as f:
                if f.read() == b"sleep\x0060\x00":
                    found.append(entry)
        except OSError:
            pass
    return found


def test_sc_02_exec_number_is_limited(server, fresh):
    """lemonade_origin_connections = 2: the third waits for the first."""
    fresh.tell("sleep 0.3")
    users = [server.user() for _ in range(3)]
    for user in users:
        register(user)
    for user in users:
        user.deliver()
    fresh.wait(2)
    assert len(fresh.runs()) == 2
    fresh.wait(3)
    wait.until(lambda: all(u.status("phone").get("lastResult") == "exit 0"
                           for u in users), 5, "all end")


def test_se_09_exec_that_cannot_run_is_tried_again(server, fresh):
    """The admin's mistake loses nothing."""
    user = server.user()
    register(user)
    os.chmod(fresh.path, 0o644)
    server.log.expect("times in a row; its pushes wait")
    user.deliver()
    wait.until(lambda: user.status("phone").get("lastResult") ==
               "lemonade_exec_program cannot be run: Permission denied", 5, "the reason")
    os.chmod(fresh.path, 0o755)
    server.doveadm("lemonade", "retry", "-u", user.name, check=True)
    fresh.wait()
    wait.until(lambda: user.status("phone")["pending"] == 0, 5, "it went")


def test_se_09_exec_is_made_again_after_restart(server, fresh):
    """A program that runs when the notifier ends is killed, and the push made
    anew under its id."""
    fresh.tell("sleep 60")
    user = server.user()
    register(user)
    user.deliver()
    fresh.wait()
    fresh.tell("exit 0")
    server.renew_notifier()
    first, second = fresh.wait(2)
    assert first[3] == second[3]
    wait.until(lambda: user.status("phone")["pending"] == 0, 5, "it went")
    assert not sleepers()
    assert len(fresh.runs()) == 2


def test_sc_02_exec_is_shown_by_test(server, fresh):
    user = server.user()
    register(user)
    shown = server.rows("lemonade", "test", "-u", user.name, "--dry-run",
                        "phone")[0]
    assert shown["method"] == "exec" and shown["url"] == "exec:"
    assert json.loads(shown["body"])["type"] == "rfc5423.MessageNew"
    assert fresh.runs() == []
    row = server.rows("lemonade", "test", "-u", user.name, "phone")[0]
    assert row["result"] == "exit 0"
    assert len(fresh.runs()) == 1
