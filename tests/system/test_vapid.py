"""The VAPID keys: doveadm lemonade vapid, the files, what clients are told.
Row WP-05, the server's side."""

import os
import stat
import subprocess

import conftest
import pytest

ENTRY = "/shared/vendor/vendor.lemonade/vapid"
PAIR = "ec_paramgen_curve:"


@pytest.fixture
def other(run_dir, endpoints, _servers):
    """A server whose keys may be changed."""
    return conftest.shared_server(run_dir, endpoints, _servers, "vapid", {})


def keys(server):
    return [row["key"] for row in server.rows("lemonade", "vapid", "show")]


def export(server):
    return server.doveadm("lemonade", "vapid", "export", check=True).stdout


def bring(server, pem):
    return server.doveadm("lemonade", "vapid", "import", "-", stdin=pem)


def key_file(server):
    with open(f"{server.state_dir}/vapid.pem", encoding="ascii") as f:
        return f.read()


def openssl(*args, pem=None):
    return subprocess.run(["openssl", *args], input=pem, check=True,
                          capture_output=True, encoding="ascii").stdout


def new_key(curve="P-256"):
    return openssl("genpkey", "-algorithm", "EC", "-pkeyopt", PAIR + curve)


def test_wp_05_clients_read_the_first_key(server):
    user, rows = server.user(), server.rows("lemonade", "vapid", "show")
    assert rows[0]["state"] == "published"
    assert len(rows[0]["key"]) == 87 and rows[0]["key"].startswith("B")
    assert user.session.getmetadata(ENTRY) == rows[0]["key"]
    assert user.session.setmetadata(ENTRY, rows[0]["key"]).status == "NO"
    assert user.session.setmetadata(ENTRY, None).status == "NO"


def test_wp_05_key_file_is_private(server):
    owner = os.stat(server.state_dir).st_uid
    for name, mode in (("vapid.pem", 0o600), ("vapid.pub", 0o644)):
        st = os.stat(f"{server.state_dir}/{name}")
        assert stat.S_IMODE(st.st_mode) == mode and st.st_uid == owner
    with open(f"{server.state_dir}/vapid.pub", encoding="ascii") as f:
        assert f.read() == keys(server)[0] + "\n"
    # openssl takes it as what it is
    assert "prime256v1" in openssl("pkey", "-text", "-noout",
                                   pem=key_file(server))


def test_wp_05_rotate(other):
    """A session that read the old key reads the new one at once."""
    user, before = other.user(), keys(other)
    assert user.session.getmetadata(ENTRY) == before[0]
    other.doveadm("lemonade", "vapid", "rotate", check=True)
    after = keys(other)
    assert after[1:] == before and after[0] not in before
    assert user.session.getmetadata(ENTRY) == after[0]
    assert [row["state"] for row in other.rows(
        "lemonade", "vapid", "show")] == ["published"] + ["old"] * len(before)
    other.renew_notifier()
    assert keys(other) == after


def test_wp_05_export_import_moves_the_keys(server, other):
    """The second server publishes what the first did; its own stay."""
    before = keys(other)
    assert not set(keys(server)) & set(before)
    assert bring(other, export(server)).returncode == 0
    assert keys(other) == keys(server) + before
    assert other.user().session.getmetadata(ENTRY) == \
        server.user().session.getmetadata(ENTRY)
    # once more: nothing new
    assert bring(other, export(server)).returncode == 0
    assert keys(other) == keys(server) + before
    # back to the own one
    own = export(other).split("-----END PRIVATE KEY-----\n")[len(keys(server))]
    assert bring(other, own + "-----END PRIVATE KEY-----\n").returncode == 0
    assert keys(other) == before[:1] + keys(server) + before[1:]
    assert stat.S_IMODE(os.stat(
        f"{other.state_dir}/vapid.pem").st_mode) == 0o600


def test_wp_05_import_takes_what_openssl_writes(other, tmp_path):
    """SEC 1 with its parameters, from a file."""
    path = tmp_path / "key.pem"
    path.write_text(openssl("ecparam", "-name", "prime256v1", "-genkey"),
                    encoding="ascii")
    before = keys(other)
    other.doveadm("lemonade", "vapid", "import", str(path), check=True)
    assert keys(other)[1:] == before


BAD = {
    "empty": (lambda: "", "holds no private key"),
    "rubbish": (lambda: "rubbish\n", "holds no private key"),
    "cut": (lambda: new_key()[:150], "block 1 is damaged or cut off"),
    "second": (lambda: new_key() + new_key("P-384"),
               "block 2 is no key of P-256"),
    "public": (lambda: openssl("pkey", "-pubout", pem=new_key()),
               "block 1 is no private key"),
    "encrypted": (lambda: openssl("pkcs8", "-topk8", "-passout", "pass:x",
                                  pem=new_key()), "is encrypted"),
    "long": (lambda: new_key() * 100, "longer than 16384 octets"),
    "many": (lambda: "".join(new_key() for _ in range(16)),
             "more than 16 keys"),
    "huge": (lambda: "x" * 40000, "too large"),
}


@pytest.mark.parametrize("name", BAD)
def test_wp_05_bad_import_loses_nothing(other, name):
    make, error = BAD[name]
    before = key_file(other), keys(other)
    result = bring(other, make())
    assert result.returncode == 65
    assert error in result.stderr and "PRIVATE KEY" not in result.stderr
    assert (key_file(other), keys(other)) == before


def test_wp_05_import_without_file(other):
    for args, code, error in ((["/nonexistent/key.pem"], 66, "No such file"),
                              ([], 64, "file is missing")):
        result = other.doveadm("lemonade", "vapid", "import", *args)
        assert result.returncode == code and error in result.stderr


def test_wp_05_broken_key_file_stays(other):
    """Nothing is published then, and nothing overwritten."""
    path, good, user = f"{other.state_dir}/vapid.pem", key_file(other), \
        other.user()
    other.log.expect("VAPID keys: .*vapid.pem: block 1 is damaged")
    with open(path, "w", encoding="ascii") as f:
        f.write(good[:100])
    other.renew_notifier()
    for command in ("show", "export", "rotate"):
        result = other.doveadm("lemonade", "vapid", command)
        assert result.returncode == 65
        assert "vapid.pem: block 1 is damaged" in result.stderr
    assert bring(other, good).returncode == 65
    assert key_file(other) == good[:100]
    assert user.session.getmetadata(ENTRY) is None
    # mended, but with a mode that is not
    other.log.expect("vapid.pem could be read by others")
    with open(path, "w", encoding="ascii") as f:
        f.write(good)
    os.chmod(path, 0o644)
    other.renew_notifier()
    assert user.session.getmetadata(ENTRY) == keys(other)[0]
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_wp_05_key_file_of_another_user(other):
    """What root restored from a backup as his own."""
    path = f"{other.state_dir}/vapid.pem"
    owner, before = os.stat(path).st_uid, keys(other)
    os.chown(path, 0, 0)
    other.log.expect("VAPID keys: reading .*vapid.pem failed: Permission")
    other.renew_notifier()
    result = other.doveadm("lemonade", "vapid", "show")
    assert result.returncode == 65
    assert "it must belong to lemonade_user" in result.stderr
    os.chown(path, owner, owner)
    other.renew_notifier()
    assert keys(other) == before


def test_wp_05_no_contact_no_key(make_server):
    """Push services are to be told whom to ask."""
    server = make_server(lemonade_contact="")
    rows = server.rows("lemonade", "vapid", "show")
    assert len(rows) == 1
    assert rows[0]["state"] == "not published: lemonade_contact is not set"
    assert server.user().session.getmetadata(ENTRY) is None
