"""SE-01 to SE-04: what the server says about itself. SC-04: ManageSieve
protects scripts."""

import pytest

from lemotest.imap import Imap
from lemotest.server import is_24
from lemotest.sieve import ManageSieve


def test_se_01_server_id(make_server, endpoints):
    """ID as configured, in IMAP; IMPLEMENTATION in ManageSieve; our version
    in METADATA."""
    server = make_server("imap_id_send {\n  name = Lemon\n  version = 42\n}\n"
                         if is_24() else
                         "imap_id_send = name Lemon version 42\n")
    user = server.user()
    found = user.session.must("ID", "NIL")
    assert found.find(rb'"name" "Lemon"') and found.find(rb'"version" "42"')
    with Imap(server.ports["imap"]) as imap:
        assert imap.greeting.startswith(b"* OK")
    with ManageSieve(server.ports["sieve"]) as sieve:
        assert sieve.capabilities["IMPLEMENTATION"]
    assert user.session.getmetadata(
        "/shared/vendor/vendor.lemonade/version")


def test_se_02_account_name(server):
    """The authorisation identity in METADATA; OWNER of ManageSieve says the
    same where it is given (Pigeonhole has none); NAMESPACE is there."""
    user = server.user()
    with ManageSieve(server.ports["sieve"]) as sieve:
        sieve.login(user.name, user.password)
        assert sieve.capabilities.get("OWNER", user.name) == user.name
    assert user.session.getmetadata(
        "/shared/vendor/vendor.lemonade/account") == user.name
    assert user.session.must("NAMESPACE").find(rb'\(\("" "/"\)\)')


def test_se_02_account_name_in_push(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    user.deliver()
    assert endpoint.wait()[0].data["user"] == user.name


def test_se_03_admin_contact(server):
    """/shared/admin is the contact of doc/conf, a URI and read-only."""
    user = server.user()
    value = user.session.getmetadata("/shared/admin")
    assert value == "mailto:postmaster@example.org"
    assert user.session.setmetadata("/shared/admin",
                                    "mailto:me@x.test").status == "NO"
    assert user.session.setmetadata("/shared/admin", None).status == "NO"
    assert user.session.getmetadata("/shared/admin") == value


def sieve_setting(name, value):
    """On 2.3 it stands in plugin { }."""
    return f"{name} = {value}\n" if is_24() else \
        f"plugin {{\n  {name} = {value}\n}}\n"


def test_se_04_stock_policies(make_server):
    """The carriers other than METADATA say what is configured: ManageSieve
    MAXREDIRECTS and NOTIFY, IMAP APPENDLIMIT (RFC 7889)."""
    server = make_server(sieve_setting("sieve_max_redirects", 3) + (
        "imap_capability = IMAP4rev1 APPENDLIMIT=123456\n" if is_24()
        else "imap_capability = +APPENDLIMIT=123456\n"))
    user = server.user()
    with ManageSieve(server.ports["sieve"]) as sieve:
        sieve.login(user.name, user.password)
        assert "mailto" in sieve.capabilities["NOTIFY"].split()
        assert int(sieve.capabilities["MAXREDIRECTS"]) == 3
    line = user.session.must("CAPABILITY").find(rb"CAPABILITY (.*)").group(1)
    assert b"APPENDLIMIT=123456" in line.split()


@pytest.mark.parametrize("setting", ["storage", "scripts"])
def test_sc_04_script_quota(make_server, setting):
    """Beyond the script quota, HAVESPACE and PUTSCRIPT say NO; what was
    there stays."""
    name, value = {
        ("storage", False): ("sieve_quota_max_storage", "1k"),
        ("storage", True): ("sieve_quota_storage_size", "1k"),
        ("scripts", False): ("sieve_quota_max_scripts", "1"),
        ("scripts", True): ("sieve_quota_script_count", "1"),
    }[setting, is_24()]
    server = make_server(sieve_setting(name, value))
    user = server.user()
    size = 2000 if setting == "storage" else 10
    with ManageSieve(server.ports["sieve"]) as sieve:
        sieve.login(user.name, user.password)
        sieve.put("one", "keep;\r\n")
        assert sieve.cmd(f'HAVESPACE "two" {size}')[0] == "NO"
        script = "#" * size + "\r\n"
        status, _, text = sieve.cmd(
            f'PUTSCRIPT "two" {{{len(script)}+}}\r\n' + script)
        assert status == "NO" and "QUOTA" in text
        assert sieve.cmd("LISTSCRIPTS")[1] == ['"one" ACTIVE']


def test_sc_04_scripts_of_others(server):
    """Nobody reads, lists, changes or removes another user's script."""
    one, other = server.user(), server.user()
    with ManageSieve(server.ports["sieve"]) as sieve:
        sieve.login(one.name, one.password)
        sieve.put("mine", 'redirect "spouse@secret.test";\r\n',
                  activate=False)
    path = f"{one.home}/sieve/mine.sieve"
    with open(path, "rb") as f:
        before = f.read()
    with ManageSieve(server.ports["sieve"]) as sieve:
        # before the login, too
        for command in ("LISTSCRIPTS", 'GETSCRIPT "mine"'):
            assert sieve.cmd(command)[0] == "NO"
        sieve.login(other.name, other.password)
        assert sieve.cmd("LISTSCRIPTS")[1] == []
        for name in ("mine", f"../../{one.name}/sieve/mine", path[:-6],
                     f"~{one.name}/sieve/mine"):
            for command in (f'GETSCRIPT "{name}"', f'SETACTIVE "{name}"',
                            f'DELETESCRIPT "{name}"',
                            f'RENAMESCRIPT "{name}" "stolen"'):
                status, lines, _ = sieve.cmd(command)
                assert status == "NO" and lines == [], command
        for name in (f"../../{one.name}/sieve/mine", path[:-6]):
            assert sieve.cmd(f'PUTSCRIPT "{name}" {{9+}}\r\ndiscard;\r')[0] \
                == "NO"
        # of the same name, but his own
        sieve.put("mine", "keep;\r\n", activate=False)
    with open(path, "rb") as f:
        assert f.read() == before
