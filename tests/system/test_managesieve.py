"""MS: scripts are managed from the client (RFC 5804)."""

import ssl

import pytest

from conftest import SCRIPTS
from lemotest.sieve import ManageSieve, literal

# RFC 5550 3.3
LEMONADE = {"enotify", "imap4flags", "relational", "vacation", "variables",
            "comparator-i;unicode-casemap"}


@pytest.fixture
def sieve(filter_server):
    """A session of a new user."""
    user = filter_server.user()
    with ManageSieve(filter_server.ports["sieve"]) as session:
        session.login(user.name, user.password)
        session.user = user
        yield session


def tls(endpoints):
    return ssl.create_default_context(cafile=endpoints.ca_file)


def assert_capabilities(found):
    assert found["VERSION"] == "1.0"
    assert found["IMPLEMENTATION"]
    assert {"mailto", "push"} <= set(found["NOTIFY"].split())
    assert {"fileinto", "copy"} <= set(found["SIEVE"].split())
    assert "MAXREDIRECTS" not in found or int(found["MAXREDIRECTS"]) > 0


def test_ms_01_capabilities_on_connect_tls_and_login(filter_server, endpoints):
    """They are sent three times; OWNER only after the login."""
    user = filter_server.user()
    with ManageSieve(filter_server.ports["sieve"]) as session:
        assert_capabilities(session.capabilities)
        assert "STARTTLS" in session.capabilities
        assert "OWNER" not in session.capabilities
        session.start_tls(tls(endpoints), "localhost")
        assert_capabilities(session.capabilities)
        assert "STARTTLS" not in session.capabilities
        assert "PLAIN" in session.capabilities["SASL"].split()
        session.login(user.name, user.password)
        assert_capabilities(session.capabilities)
        # Pigeonhole does not say who that is, which it should
        assert session.capabilities.get("OWNER", user.name) == user.name


def test_ms_02_required_extensions_are_advertised(sieve):
    assert LEMONADE <= set(sieve.capabilities["SIEVE"].split())


def test_ms_03_scram_and_plain_over_tls(filter_server, endpoints):
    user = filter_server.user()
    for login in (ManageSieve.login_scram, ManageSieve.login):
        with ManageSieve(filter_server.ports["sieve"]) as session:
            session.start_tls(tls(endpoints), "localhost")
            assert {"PLAIN", "SCRAM-SHA-1"} <= \
                set(session.capabilities["SASL"].split())
            login(session, user.name, user.password)
            assert session.cmd("LISTSCRIPTS")[0] == "OK"
    # who fails has to wait longer the next time
    with ManageSieve(filter_server.ports["sieve"], "127.0.0.9") as session:
        with pytest.raises(AssertionError):
            session.login_scram(user.name, "wrong")


def test_ms_04_bad_script_is_refused(sieve):
    """With the line; the old one stays, and no PUTSCRIPT activates."""
    good = "keep;\r\n"
    sieve.put("a", good, activate=False)
    for script, line in (
            ('require "enotify";\r\nnotify "bogus:x";\r\n', "line 2"),
            ("keep;\r\n\r\nbogus;\r\n", "line 3"),
            ('if header "x" { keep; }\r\n', "line 1"),
            ('require "bogus";\r\n', "line 1"),
            ('keep;\r\n"', "line 2"),
            ("if true {" * 1000 + "\r\n", "")):
        for command in ('PUTSCRIPT "a"', "CHECKSCRIPT"):
            status, _, text = sieve.cmd(command, literal(script))
            assert (status, line in text) == ("NO", True), (script, text)
    assert sieve.cmd('GETSCRIPT "a"')[1] == ["{7}\r\n" + good]
    assert sieve.cmd("LISTSCRIPTS")[1] == ['"a"']


def test_ms_05_scripts_are_managed(sieve):
    """Each command, and what it refuses."""
    def answer(*args):
        status, _, text = sieve.cmd(*args)
        for code in ("NONEXISTENT", "ALREADYEXISTS", "ACTIVE",
                     "QUOTA/MAXSCRIPTS", "QUOTA/MAXSIZE", "QUOTA"):
            if f"({code})" in text:
                return status, code
        return status
    assert sieve.cmd("LISTSCRIPTS")[1] == []
    assert answer('SETACTIVE ""') == "OK"
    sieve.put("a", "keep;\r\n")
    sieve.put("b", "discard;\r\n", activate=False)
    assert sorted(sieve.cmd("LISTSCRIPTS")[1]) == ['"a" ACTIVE', '"b"']
    assert answer('SETACTIVE "b"') == "OK"
    assert sorted(sieve.cmd("LISTSCRIPTS")[1]) == ['"a"', '"b" ACTIVE']
    assert answer('SETACTIVE "no"') == ("NO", "NONEXISTENT")
    assert answer('GETSCRIPT "no"') == ("NO", "NONEXISTENT")
    assert answer('DELETESCRIPT "no"') == ("NO", "NONEXISTENT")
    assert answer('DELETESCRIPT "b"') == ("NO", "ACTIVE")
    assert answer('RENAMESCRIPT "no" "c"') == ("NO", "NONEXISTENT")
    assert answer('RENAMESCRIPT "b" "a"') == ("NO", "ALREADYEXISTS")
    assert answer('RENAMESCRIPT "b" "c"') == "OK"
    assert sorted(sieve.cmd("LISTSCRIPTS")[1]) == ['"a"', '"c" ACTIVE']
    assert answer('SETACTIVE ""') == "OK"
    assert answer('SETACTIVE ""') == "OK"
    assert answer('DELETESCRIPT "c"') == "OK"
    assert sieve.cmd("LISTSCRIPTS")[1] == ['"a"']
    assert answer("CHECKSCRIPT", literal("keep;\r\n")) == "OK"
    assert '(TAG "x1")' in sieve.cmd('NOOP "x1"')[2]
    assert answer("NOOP") == "OK"
    assert answer("BOGUS") == "NO"
    assert sieve.cmd("LOGOUT")[0] == "OK"


def test_ms_05_quota_is_told(sieve):
    big = "#" * 30000 + "\r\n"
    sieve.put("s0", "keep;\r\n", activate=False)
    assert sieve.cmd('HAVESPACE "a" 100')[0] == "OK"
    for args in (('HAVESPACE "a" 30000',), ('PUTSCRIPT "a"', literal(big))):
        status, _, text = sieve.cmd(*args)
        assert status == "NO" and "(QUOTA" in text
    for n in range(SCRIPTS):
        sieve.put(f"s{n}", "keep;\r\n", activate=False)
    for args in (('HAVESPACE "a" 10',), ('PUTSCRIPT "a"', literal("keep;"))):
        status, _, text = sieve.cmd(*args)
        assert (status, "(QUOTA/MAXSCRIPTS)" in text) == ("NO", True), text
    # in place of another it fits
    assert sieve.cmd('HAVESPACE "s0" 10')[0] == "OK"
    sieve.put("s0", "discard;\r\n", activate=False)


def test_ms_06_names(sieve):
    """Up to 128 characters of Net-Unicode; no controls, no other place."""
    # beyond ASCII, a name of a file is what limits: 255 octets
    for name in ("x" * 128, "é" * 100, "a b.c", "日本"):
        sieve.put(name, "keep;\r\n", activate=False)
        assert sieve.cmd("GETSCRIPT", literal(name))[0] == "OK"
        assert sieve.cmd("DELETESCRIPT", literal(name))[0] == "OK"
    for name in ("", "a\x01b", "a\x7fb", "a\u0085b", "a\u2028b", "a/b", "../x",
                 b"\xff", "x" * 2000):
        status, _, _ = sieve.cmd("PUTSCRIPT", literal(name), literal("keep;"))
        assert status == "NO", name
    assert sieve.cmd("LISTSCRIPTS")[1] == []


@pytest.mark.parametrize("commands", [
    ("LISTSCRIPTS", 'GETSCRIPT "a"'), ('SETACTIVE ""', 'HAVESPACE "a" 1'),
    ('DELETESCRIPT "a"', 'RENAMESCRIPT "a" "b"'),
    ('CHECKSCRIPT "keep;"', 'PUTSCRIPT "a" "keep;"')])
def test_ms_07_before_login(filter_server, commands):
    """Only few are refused in one session: the third ends it."""
    with ManageSieve(filter_server.ports["sieve"]) as session:
        for command in commands:
            assert session.cmd(command)[0] == "NO", command
        for command in ("CAPABILITY", "NOOP", "LOGOUT"):
            assert session.cmd(command)[0] == "OK"
