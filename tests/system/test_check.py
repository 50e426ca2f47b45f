"""doveadm lemonade check: right where the server is right, and it names the
cause where it is not."""

import os
import re
import shutil
import signal
import threading

import pytest

from lemotest import check as lib, namespace
from lemotest.check import CRITICAL, MISSING, check, imap_url, sieve_url
from lemotest.server import (HERE, PASSWORD, dovecot_version, free_ports,
                             is_24)

CONTACT = r"^ *lemonade_contact = .*$"


@pytest.fixture(scope="module")
def imaps_port():
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def server(endpoints, module_server, imaps_port):
    conf = ("service imap-login {\n  inet_listener imaps {\n"
            f"    port = {imaps_port}\n    ssl = yes\n  }}\n}}\n")
    return module_server("check", {}, conf +
                         lib.tls_conf(*endpoints.ca.cert("good")))


@pytest.fixture(scope="module")
def user(server):
    return server.user()


@pytest.fixture
def make_broken(make_server, endpoints, tmp_path):
    """A server with doc/conf changed and more lines of config; what it logs
    of that is expected."""
    os.chmod(tmp_path, 0o755)

    def make(*changes, conf="", cert="good", **kwargs):
        site = lib.tls_conf(*endpoints.ca.cert(cert))
        made = make_server(site + conf,
                           includes=lib.changed_conf(tmp_path, *changes),
                           **kwargs)
        made.log.expect("")
        return made
    return make


def here_of(server):
    """The rows of this host, by the quickest of servers."""
    report = check(server, server.user().name, sieve=sieve_url(server))
    assert report.code == CRITICAL, (report.rows, report.stderr)
    return report


def mailboxes(user):
    return sorted(user.session.must("LIST", '""', '"*"').untagged)


def why(report, table, row):
    return report.rows[table, row]["why"]


# -- what is right

def test_shipped_configuration_holds(server, user):
    before = mailboxes(user)
    report = check(server, user.name, imap=imap_url(server),
                   sieve=sieve_url(server))
    assert report.tables() == {"3.2", "3.3", "here"}
    assert report.failed("3.2") == MISSING, report.rows
    assert report.failed("3.3") == set()
    assert report.failed("here") == set()
    for table in report.tables():
        assert report.not_tried(table) == set()
    assert report.code == (CRITICAL if MISSING else 0)
    assert report.stderr == ""
    # the scratch mailbox is gone
    assert mailboxes(user) == before


def test_exit_status_is_0_if_all_rows_hold(server, user):
    report = check(server, user.name, sieve=sieve_url(server))
    assert report.code == 0, report.rows
    assert report.tables() == {"3.3", "here"}
    assert all(r["works"] == "yes" for r in report.rows.values())


def test_imaps(server, user, imaps_port):
    report = check(server, user.name, imap=f"imaps://localhost:{imaps_port}")
    assert report.failed("3.2") == MISSING | {"STARTTLS"}
    assert "imap://" in why(report, "3.2", "STARTTLS")


def test_submission_is_shown(make_broken):
    with lib.Talker(lib.smtp_relay) as relay:
        conf = (f"submission_relay_host = localhost\n"
                f"submission_relay_port = {relay.port}\n"
                "submission_relay_ssl = no\n"
                "service submission-login {\n"
                "  inet_listener submission {\n    port = @PORT@\n  }\n}\n")
        conf += ("protocols {\n  submission = yes\n}\n" if is_24() else
                 "protocols = $protocols submission\n")
        number = free_ports(1)[0]
        made = make_broken(conf=conf.replace("@PORT@", str(number)))
        report = check(made, made.user().name, imap=imap_url(made),
                       submit=f"smtp://localhost:{number}")
        assert report.tables() == {"3.1", "3.2", "here"}
        assert report.failed("3.1") == set(), [
            report.rows["3.1", row] for row in report.failed("3.1")]
        assert report.failed("here") == set()
        assert report.rows["here", "relay port"]["works"] == "yes"
    report = check(made, made.user().name, sieve=sieve_url(made))
    assert report.failed("here") == {"relay port"}
    assert f"localhost port {relay.port}" in why(report, "here", "relay port")


# -- whose password it is

def test_password_file_and_master(server, user, tmp_path):
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    report = check(server, user.name, "--password-file", str(file),
                   sieve=sieve_url(server), password="no")
    assert report.code == 0, report.rows
    report = check(server, user.name, sieve=sieve_url(
        server, "master@localhost"))
    assert report.code == 0, report.rows


def test_wrong_password_is_told_and_not_shown(server, user):
    report = check(server, user.name, imap=imap_url(server),
                   sieve=sieve_url(server), password="xyzzy")
    assert report.code == CRITICAL
    for table in ("3.2", "3.3"):
        assert "login" in report.failed(table)
        assert "refused" in why(report, table, "login")
    assert "BINARY" in report.not_tried("3.2")
    assert "xyzzy" not in report.stdout + report.stderr


def test_wrong_use(server, user, tmp_path):
    def told(code, word, *args, **kwargs):
        report = check(server, user.name, *args, **kwargs)
        assert (report.code, report.rows) == (code, {})
        assert word in report.stderr
    told(64, "write imap://", imap="imap4://localhost")
    told(64, "password", imap="imap://a:b@localhost")
    told(64, "port", sieve="sieve://localhost:0")
    told(66, "password is empty", password="")
    told(66, "no password", "--password-file", os.devnull)
    result = server.doveadm("lemonade", "check", stdin="x\n")
    assert result.returncode == 64 and "-u USER" in result.stderr


def test_another_host_says_nothing_about_this_one(server, user):
    report = check(server, user.name, imap="imap://192.0.2.1")
    assert report.tables() == {"3.2"}
    assert report.failed("3.2") == {"connection"}
    assert "192.0.2.1 port 143" in why(report, "3.2", "connection")
    report = check(server, user.name, imap="imap://nothing.invalid")
    assert "resolved" in why(report, "3.2", "connection")


def test_without_urls_this_host_is_asked(server, user):
    """By lemonade_hostname, at the standard ports: nobody is there."""
    report = check(server, user.name)
    assert report.tables() == {"3.1", "3.2", "3.3", "here"}
    assert report.failed("here") == set()
    for table, port in (("3.1", 587), ("3.2", 143), ("3.3", 4190)):
        assert report.failed(table) == {"connection"}
        assert f"lemo.test port {port}" in why(report, table, "connection")
        assert "login" in report.not_tried(table)


FAR = "192.0.2.7"


@pytest.mark.parametrize("option, table, lines", [
    ("imap", "3.2", b"* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi\r\n"),
    ("sieve", "3.3", b'"SASL" "PLAIN"\r\n"SIEVE" "enotify"\r\nOK\r\n'),
    ("submit", "3.1", b"220 hi\r\n250-far\r\n250 AUTH PLAIN\r\n")],
    ids=["imap", "sieve", "submit"])
def test_no_password_without_tls_to_another_host(server, user, option, table,
                                                 lines):
    heard = []

    def serve(conn):
        conn.sendall(lines)
        while data := conn.recv(4096):
            heard.append(data)
    namespace.far_address(FAR)
    with lib.Talker(serve, FAR) as talker:
        scheme = {"submit": "smtp"}.get(option, option)
        report = check(server, user.name,
                       **{option: f"{scheme}://{FAR}:{talker.port}"})
    assert report.tables() == {table}
    assert "login" in report.failed(table)
    assert "without" in why(report, table, "login")
    assert b"AUTH" not in b"".join(heard)


# -- what is broken: the cause is named

def test_no_attribute_dict(make_broken):
    made = make_broken((r"^mail_attribute_dict.*$", ""),
                       (r"^mail_attribute \{\n(  .*\n)*\}$", ""))
    report = check(made, made.user().name, imap=imap_url(made))
    assert report.failed("here") == {"attribute dict"}
    row = report.rows["here", "attribute dict"]
    assert ("mail_attribute {" if is_24() else "mail_attribute_dict") in \
        row["setting"]
    assert "URLAUTH" in report.failed("3.2")


def test_imap_metadata_off(make_broken):
    made = make_broken((r"^ *imap_metadata = yes$", ""))
    report = here_of(made)
    assert report.failed("here") == {"imap_metadata"}
    assert "imap_metadata = yes" in \
        report.rows["here", "imap_metadata"]["setting"]


def test_no_list_index(make_broken):
    made = make_broken(conf="mailbox_list_index = no\n")
    report = check(made, made.user().name, imap=imap_url(made))
    assert report.failed("here") == {"list index"}
    assert report.failed("3.2") == MISSING | {"NOTIFY"}
    assert re.match("(NO|BAD) .*NOTIFY", why(report, "3.2", "NOTIFY"))
    for place in (("here", "list index"), ("3.2", "NOTIFY")):
        assert report.rows[place]["setting"] == "mailbox_list_index = yes"


def test_notify_plugin_missing(make_broken):
    """Without it lemonade does not load: nobody logs in."""
    made = make_broken(conf="protocol imap {\n  mail_plugins {\n"
                            "    notify = no\n  }\n}\n" if is_24() else
                       "protocol imap {\n  mail_plugins = lemonade "
                       "imap_lemonade\n}\n")
    report = check(made, made.user().name, imap=imap_url(made))
    assert report.failed("here") == {"plugin notify"}
    assert why(report, "here", "plugin notify").endswith("for imap")
    assert report.failed("3.2") & {"login", "scratch mailbox"}


def test_plugin_missing_in_a_protocol(make_broken):
    made = make_broken(conf="protocol lmtp {\n  mail_plugins {\n"
                            "    lemonade = no\n  }\n}\n" if is_24() else
                       "protocol lmtp {\n  mail_plugins = notify sieve\n}\n")
    report = here_of(made)
    assert report.failed("here") == {"plugin lemonade"}
    assert why(report, "here", "plugin lemonade").endswith("for lmtp")


def test_imap_plugin_missing(make_broken):
    made = make_broken((r"^ *imap_lemonade = yes\n", ""),
                       (r"^.* imap_lemonade\b.*$", ""))
    report = here_of(made)
    assert report.failed("here") == {"plugin imap_lemonade"}


@pytest.mark.skipif(is_24(), reason="Dovecot 2.4 compresses without a plugin")
def test_zlib_missing(make_broken):
    made = make_broken((r"\b(imap_)?zlib\b", ""))
    report = check(made, made.user().name, imap=imap_url(made))
    assert report.failed("3.2") == MISSING | {"COMPRESS=DEFLATE"}
    assert "imap_zlib" in report.rows["3.2", "COMPRESS=DEFLATE"]["setting"]


def test_protocol_lemonade_off(make_broken):
    made = make_broken((r"^protocols = .*lemonade.*$", ""),
                       (r"^  lemonade = yes\n(?=\}\nmail_plugins)",
                        "  lemonade = no\n"), notifier=False)
    report = here_of(made)
    assert report.failed("here") == {"protocol lemonade"}
    assert report.not_tried("here") == {"notifier", "VAPID keys"}


def test_notifier_dead(make_broken):
    made = make_broken()
    pid = made.notifier_pid()
    made.signal(pid, signal.SIGSTOP)
    try:
        report = here_of(made)
    finally:
        made.signal(pid, signal.SIGCONT)
    assert report.failed("here") == {"notifier"}
    assert "did not answer" in why(report, "here", "notifier")


def test_vapid_key_of_no_use(make_broken):
    made = make_broken()
    with open(f"{made.state_dir}/vapid.pem", "w", encoding="ascii") as f:
        f.write("nothing\n")
    made.renew_notifier()
    made.log.expect("")
    report = here_of(made)
    assert report.failed("here") == {"VAPID keys"}
    assert "vapid.pem" in report.rows["here", "VAPID keys"]["setting"]


def test_contact_missing(make_broken):
    made = make_broken((CONTACT, ""))
    report = here_of(made)
    assert report.failed("here") == {"contact"}
    assert "lemonade_contact = mailto:" in \
        report.rows["here", "contact"]["setting"]


def test_sieve_without_enotify(make_broken):
    """In 2.4 our own extension would bring it back."""
    made = make_broken((r"^sieve_plugins \{\n.*\n\}$", ""),
                       conf="sieve_extensions {\n  enotify = no\n}\n"
                       if is_24() else
                       "plugin {\n  sieve_extensions = -enotify\n}\n")
    report = here_of(made)
    assert report.failed("3.3") == {"ENOTIFY"}
    row = report.rows["3.3", "ENOTIFY"]
    assert (row["advertised"], row["works"]) == ("no", "no")
    assert "enotify" in row["why"] and "enotify" in row["setting"]


def test_wrong_module_version(make_broken, tmp_path):
    modules = "/usr/lib/dovecot/modules"
    copy = tmp_path / "modules"
    shutil.copytree(modules, copy, symlinks=True)
    path = copy / "lib23_imap_lemonade_plugin.so"
    data = path.read_bytes()
    other = re.sub(rb"(2\.[34]\.ABIv)\d", rb"\g<1>0", data)
    assert other != data
    path.write_bytes(other)
    made = make_broken(conf=f"mail_plugin_dir = {copy}\n")
    report = check(made, made.user().name, imap=imap_url(made))
    assert report.failed("here") == {"module versions"}
    assert f"{path} is made for Dovecot {dovecot_version()}.ABIv0" in \
        why(report, "here", "module versions")
    # and what comes of it
    assert report.failed("3.2") & {"connection", "login", "scratch mailbox"}


@pytest.mark.parametrize("cert", ["wrong-name", "expired"])
def test_certificate(make_broken, cert):
    made = make_broken(cert=cert)
    report = check(made, made.user().name, imap=imap_url(made),
                   sieve=sieve_url(made))
    # over the loopback the rest is tried all the same
    assert report.failed("3.2") == MISSING | {"STARTTLS"}
    assert "TLS" in why(report, "3.2", "STARTTLS")
    assert "ssl" in report.rows["3.2", "STARTTLS"]["setting"]


def test_proxy_strips_capabilities(server, user):
    with lib.stripping_proxy(server.ports["imap"], b"STARTTLS", b"QRESYNC",
                             b"CONTEXT=SEARCH") as proxy:
        report = check(server, user.name, imap=proxy.url)
    assert report.failed("3.2") == MISSING | {"STARTTLS", "QRESYNC",
                                              "CONTEXT=SEARCH"}
    row = report.rows["3.2", "QRESYNC"]
    assert (row["advertised"], row["works"]) == ("no", "yes")
    assert "not advertised" in row["why"] and "proxy" in row["setting"]


# -- other servers

def test_bare_server(server, make_server, endpoints):
    bare = make_server(lib.tls_conf(*endpoints.ca.cert("good")),
                       includes=[f"{HERE}/conf/stock-{dovecot_version()}.conf"],
                       plain=True)
    report = check(server, bare.user().name, imap=imap_url(bare),
                   sieve=sieve_url(bare))
    assert report.failed("3.2") >= {"CONTEXT=SORT", "CONVERT"}
    assert not report.failed("3.2") & {"BINARY", "CATENATE", "QRESYNC",
                                       "login", "STARTTLS"}
    assert ("comparator-i;unicode-casemap" in report.failed("3.3")) != is_24()


def silent(conn):
    conn.recv(1)


def garbage(conn):
    conn.sendall(os.urandom(3000).replace(b"\n", b"") + b"\r\n")
    conn.recv(1)


def endless_line(conn):
    while True:
        conn.sendall(b"* OK " + b"x" * 65536)


def endless_lines(conn):
    conn.sendall(b"* OK [CAPABILITY IMAP4rev1] hi\r\n")
    while True:
        conn.sendall(b"* 1 EXISTS\r\n" * 5000)


def huge_literal(conn):
    conn.sendall(b"* OK {4000000000}\r\n")
    conn.recv(1)


def closes(conn):
    conn.sendall(b"* OK")


def drops_commands(conn):
    conn.sendall(b"* OK [CAPABILITY IMAP4rev1 SASL-IR] hi\r\n")
    conn.recv(1000)


def repeats_password(conn):
    conn.sendall(b"* OK [CAPABILITY IMAP4rev1 SASL-IR] hi\r\n")
    conn.recv(1000)
    conn.sendall(b"L2 NO not " + PASSWORD.encode() + b"\x1b[31m\r\n")
    conn.recv(1)


@pytest.mark.slow
def test_hostile_servers(server, user):
    """Each ends in time, with a reason; they are asked at the same time."""
    found = {}

    def run(serve):
        with lib.Talker(serve) as talker:
            found[serve.__name__] = check(server, user.name, imap=talker.url,
                                          timeout=60)
    threads = [threading.Thread(target=run, args=(serve,)) for serve in (
        silent, garbage, endless_line, endless_lines, huge_literal, closes,
        drops_commands, repeats_password)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reasons = {name: why(report, "3.2", "connection") or
               why(report, "3.2", "login")
               for name, report in found.items()}
    for name, word in (("silent", "no greeting"),
                       ("garbage", "no greeting of an IMAP server"),
                       ("endless_line", "a line of more than 65536"),
                       ("endless_lines", "does not stop"),
                       ("huge_literal", "too long a literal"),
                       ("closes", "closed the connection"),
                       ("drops_commands", "closed the connection"),
                       ("repeats_password", "refused")):
        assert word in reasons[name], reasons
        assert found[name].code == CRITICAL
        assert "BINARY" in found[name].not_tried("3.2")
        assert PASSWORD not in found[name].stdout
        assert "\x1b" not in found[name].stdout
