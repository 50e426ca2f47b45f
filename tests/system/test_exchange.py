"""SE-01 to SE-04: what the server says about itself."""

import smtplib

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


def test_se_04_stock_policies(server):
    """The carriers other than METADATA: LMTP, ManageSieve."""
    with smtplib.LMTP("127.0.0.1", server.ports["lmtp"]) as lmtp:
        lmtp.ehlo()
        assert lmtp.does_esmtp
    with ManageSieve(server.ports["sieve"]) as sieve:
        user = server.user()
        sieve.login(user.name, user.password)
        assert "mailto" in sieve.capabilities["NOTIFY"]
        assert int(sieve.capabilities["MAXREDIRECTS"]) >= 1
