"""DF-11, DF-12: Sieve at IMAP events (RFC 6785)."""

import pytest

from lemotest import wait
from lemotest.sieve import ManageSieve
from lemotest.users import message
from test_sieve_notify import HOST

ENTRY = "/shared/imapsieve/script"

# RFC 6785 5, example 2, with the method push
FLAGGED = """
require ["enotify", "imap4flags", "variables", "environment", "imapsieve"];
if environment :matches "imap.mailbox" "*" { set "mailbox" "${1}"; }
if allof (hasflag "\\\\Flagged",
          environment :contains "imap.changedflags" "\\\\Flagged") {
  notify :message "Important message in ${mailbox}" "push:phone";
}
"""
# each event leaves its name as a keyword
CAUSE = """
require ["imap4flags", "variables", "environment", "imapsieve"];
if environment :matches "imap.cause" "*" { set "cause" "${1}"; }
if environment :matches "imap.mailbox" "*" { set "mailbox" "${1}"; }
if allof (environment "imap.user" "%(user)s", environment "location" "MS",
          environment "phase" "post", environment "imap.email" "%(user)s") {
  addflag "${cause}-${mailbox}";
}
"""


def put(user, **scripts):
    with ManageSieve(user.server.ports["sieve"]) as sieve:
        sieve.login(user.name, user.password)
        for name, script in scripts.items():
            sieve.put(name, script.replace("\n", "\r\n"), activate=False)


def attach(user, name, mailbox="INBOX"):
    assert user.session.setmetadata(ENTRY, name, mailbox).ok


@pytest.fixture
def user(filter_server):
    return filter_server.user()


def flags(session, mailbox="INBOX"):
    session.select(mailbox)
    found = session.must("FETCH", "*", "(FLAGS)") \
        .find(rb"FLAGS \(([^)]*)\)").group(1).decode().split()
    return {flag for flag in found if flag != "\\Recent"}


def test_df_11_capability(user):
    line = user.session.must("CAPABILITY").find(rb"CAPABILITY (.*)").group(1)
    assert b"IMAPSIEVE=sieve://mail.example.org" in line.split()


def test_df_11_events_and_environment(user):
    """APPEND, COPY and FLAG run the mailbox's script, else the server's; an
    empty or a missing one runs none, and no other in its place."""
    put(user, cause=CAUSE % {"user": user.name}, none="keep;\n")
    session = user.session
    attach(user, "cause", "")
    session.append("INBOX", message())
    assert flags(session) == {"APPEND-INBOX"}
    session.must("COPY", "1", "Junk")
    assert flags(session, "Junk") == {"APPEND-INBOX", "COPY-Junk"}
    # reading changes \Seen
    session.must("FETCH", "1", "(BODY[])")
    assert flags(session, "Junk") == {"APPEND-INBOX", "COPY-Junk", "\\Seen",
                                      "FLAG-Junk"}
    session.must("STORE", "1", "FLAGS", "(\\Draft)")
    assert flags(session, "Junk") == {"\\Draft", "FLAG-Junk"}
    for script in ("none", "missing"):
        attach(user, script)
        session.append("INBOX", message())
        assert flags(session) == set()
    attach(user, None)
    session.append("INBOX", message())
    assert flags(session) == {"APPEND-INBOX"}
    # a delivery is none of them
    user.deliver()
    assert flags(session) == set()


def test_df_11_deposit_by_such_a_script_is_no_event(user):
    """fileinto runs nothing, and without keep the message is \\Deleted."""
    put(user, move='require ["fileinto", "imapsieve"];\nfileinto "Junk";\n',
        cause=CAUSE % {"user": user.name})
    attach(user, "move")
    attach(user, "cause", "Junk")
    user.session.append("INBOX", message())
    assert flags(user.session) == {"\\Deleted"}
    assert flags(user.session, "Junk") == set()


@pytest.mark.parametrize("name, action", [
    ("vacation", 'vacation "away";'), ("reject", 'reject "no";'),
    ("envelope", 'if envelope "from" "x" { keep; }'), ("vacation", "")],
    ids=["vacation", "reject", "envelope", "required"])
def test_df_11_what_is_for_deliveries_only(user, name, action):
    """Also if it is only required: the script ends with an error that the
    user can read, and the message stays."""
    put(user, script=f'require ["{name}", "imapsieve"];\ndiscard;\n{action}\n')
    attach(user, "script")
    user.session.append("INBOX", message(to=user.name))
    assert flags(user.session) == set()
    with open(f"{user.home}/sieve/script.sieve.log", encoding="utf-8") as f:
        assert f"the {name} extension cannot be used" in f.read()


def rings(endpoint):
    return sum(push.data.get("vnd.lemonade.eventsCount", 1)
               for push in endpoint.pushes())


def test_df_11_df_12_flag_change_rings(user, endpoints):
    """Each change to \\Flagged rings once, in one session too; others, and
    what was so before, do not. That a message was read is not asked for."""
    endpoint = endpoints.new()
    user.register(endpoint, payload=2, filter="SUBJECT never",
                  events="(personal (MessageNew))")
    put(user, flagged=FLAGGED)
    attach(user, "flagged")
    user.deliver(subject="one")
    user.deliver(subject="two")
    session = user.session
    session.select()
    session.must("STORE", "1", "+FLAGS", "(\\Flagged)")
    endpoint.wait(1)
    session.must("STORE", "1", "+FLAGS", "(\\Flagged \\Seen)")
    session.must("STORE", "1", "-FLAGS", "(\\Flagged)")
    session.must("STORE", "1", "+FLAGS", "(\\Flagged)")
    endpoint.wait(2)
    session.must("STORE", "1:2", "-FLAGS", "(\\Flagged)")
    session.must("STORE", "1:2", "+FLAGS", "(\\Flagged)")
    # one push may tell of both
    wait.until(lambda: rings(endpoint) >= 4, 5, "four rings")
    wait.until(lambda: user.status("phone")["pending"] == 0, 5, "sent")
    assert rings(endpoint) == 4
    first = endpoint.pushes()[0].data
    assert (first["vnd.lemonade.mailbox"], first["vnd.lemonade.uid"]) == \
        ("INBOX", 1)


def test_df_12_words_of_such_a_script(user, endpoints):
    """The example as it stands: with the text, to the URL of the device."""
    endpoint = endpoints.new()
    user.register(endpoint, payload=2, filter="SUBJECT never")
    put(user, flagged=FLAGGED.replace("push:phone", endpoint.url))
    attach(user, "flagged")
    session = user.session
    session.append("INBOX", message())
    session.select()
    for count in (1, 2):
        session.must("STORE", "1", "+FLAGS", "(\\Flagged)")
        push = endpoint.wait(count)[-1]
        assert push.data["vnd.lemonade.notifyText"] == \
            "Important message in INBOX"
        assert push.data["vnd.lemonade.uid"] == 1
        session.must("STORE", "1", "-FLAGS", "(\\Flagged)")
    wait.until(lambda: user.status("phone")["pending"] == 0, 5, "sent")
    assert len(endpoint.pushes()) == 2


def test_df_12_transfer_into_a_mailbox_rings(user, endpoints):
    """The main script speaks of deliveries, this one of what is moved into
    its mailbox."""
    endpoint = endpoints.new()
    user.register(endpoint, payload=2, filter="SUBJECT never")
    with ManageSieve(user.server.ports["sieve"]) as sieve:
        sieve.login(user.name, user.password)
        sieve.put("main", 'require "enotify";\r\n'
                  'if header "subject" "boss" { notify "push:phone"; }\r\n')
    put(user, todo='require ["enotify", "environment", "imapsieve"];\n'
        'if anyof (environment "imap.cause" "APPEND",\n'
        '          environment "imap.cause" "COPY") {\n'
        '  notify "push:phone"; notify "push:all"; notify "push:nobody";\n'
        '}\n')
    attach(user, "todo", "Junk")
    session = user.session
    user.deliver(subject="boss")
    endpoint.wait(1)
    user.deliver(subject="other")
    session.append("INBOX", message())
    session.append("Junk", message(subject="boss"))
    endpoint.wait(2)
    session.select()
    session.must("MOVE", "2", "Junk")
    endpoint.wait(3)
    session.must("COPY", "1", "Junk")
    endpoint.wait(4)
    wait.until(lambda: user.status("phone")["pending"] == 0, 5, "sent")
    assert [(p.data["vnd.lemonade.mailbox"], p.data["vnd.lemonade.uid"])
            for p in endpoint.pushes()] == \
        [("INBOX", 1), ("Junk", 1), ("Junk", 2), ("Junk", 3)]


def test_df_12_sn_03_flag_change_notifies_a_target(user, endpoints):
    """By URI too: the words of each change are told by themselves."""
    endpoint = endpoints.new()
    user.register(endpoint, payload=2, filter="SUBJECT never")
    put(user, mark='require ["enotify", "imapsieve"];\n'
        f'notify :message "it was marked" "{endpoint.url}";\n'
        'notify :message "x" "https://nobody.push.test/";\n')
    attach(user, "mark")
    user.deliver(subject="one")
    user.session.select()
    user.session.must("STORE", "1", "+FLAGS", "(\\Flagged)")
    push, = endpoint.wait(1)
    assert push.data["vnd.lemonade.notifyText"] == "it was marked"
    with open(f"{user.home}/sieve/mark.sieve.log", encoding="utf-8") as f:
        assert "lemonade_sieve_targets" in f.read()


def test_df_12_session_ends_at_once(user, endpoints):
    """The logout comes with the change, and the connection breaks off: what
    the script said is handed off nevertheless."""
    endpoint = endpoints.new()
    user.register(endpoint, payload=2, filter="SUBJECT never")
    put(user, mark='require ["enotify", "imapsieve"];\n'
        'notify "push:phone";\n'
        f'notify :message "it was marked" "https://{HOST}/";\n')
    attach(user, "mark")
    user.deliver(subject="one")
    user.forget_session()
    for count, more in ((1, b"t9 LOGOUT\r\n"), (2, b"")):
        session = user.imap()
        session.select()
        session.sock.sendall(b"t8 STORE 1 -FLAGS (\\Flagged)\r\n"
                             b"t8 STORE 1 +FLAGS (\\Flagged)\r\n" + more)
        session.close()
        wait.until(lambda n=count: rings(endpoint) >= n, 5, "the ring")
        user.server.doveadm("who", check=True)
