"""The harness against the bare server: no requirement row is proved here."""

import pytest

from lemotest.log import Log
from lemotest.users import message


def test_deliver_and_fetch(user):
    assert user.deliver(message(subject="one")) < 2
    imap = user.imap()
    imap.select()
    assert imap.must("FETCH", "1", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])") \
        .find(rb"Subject: one")


def test_metadata_round_trip(user):
    entry = "/private/vendor/vendor.other/test"
    imap = user.imap()
    for value in ('a "quoted" \\ one', "li\nteral", "é"):
        assert imap.setmetadata(entry, value).ok
        assert imap.getmetadata(entry) == value
    assert imap.setmetadata(entry, None).ok
    assert imap.getmetadata(entry) is None


def test_log_finds_errors(tmp_path):
    log = Log(tmp_path / "log")
    (tmp_path / "log").write_text("Jan 1 imap: Info: x\n"
                                  "Jan 1 imap: Error: y\n")
    assert len(log.unexpected()) == 1
    log.expect("Error: y")
    assert not log.unexpected()


def test_name_server(server, dns):
    import socket
    dns.set("v4.test", "192.0.2.1")
    assert socket.gethostbyname("v4.test") == "192.0.2.1"
    with pytest.raises(socket.gaierror):
        socket.gethostbyname("nothing.invalid")


def test_doveadm(user):
    result = user.server.doveadm("-f", "tab", "mailbox", "status", "-u",
                                 user.name, "messages", "INBOX", check=True)
    assert result.stdout.split() == ["mailbox", "messages", "INBOX", "0"]
