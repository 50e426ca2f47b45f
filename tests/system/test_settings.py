"""doc/conf: few settings enable it, and they are what these tests start."""

import os
import re
import subprocess

import pytest

from lemotest.server import HERE, TOP, STOCK, dovecot_version

CONF = f"{TOP}/doc/conf"


def setting_lines(path):
    with open(path, encoding="utf-8") as f:
        lines = [line.strip() for line in f]
    return [line for line in lines
            if re.match(r"[\w$\"].*=", line) and not line.startswith("#")]


@pytest.mark.parametrize("version", ["2.3", "2.4"])
def test_se_04_at_most_8_settings(version):
    """What the admin writes to enable Lemonade."""
    lines = setting_lines(f"{CONF}/{version}/lemonade.conf")
    assert 1 <= len(lines) <= 8, lines
    assert not STOCK


def test_se_04_tests_start_doc_conf(server):
    """The server of these tests includes the files themselves, and nothing
    else enables Lemonade."""
    with open(server.conf_file, encoding="utf-8") as f:
        text = f.read()
    directory = f"{CONF}/{dovecot_version()}"
    names = sorted(n for n in os.listdir(directory) if n.endswith(".conf"))
    assert "lemonade.conf" in names
    for name in names:
        assert f"!include {directory}/{name}" in text
    with open(f"{HERE}/conf/dovecot-{dovecot_version()}.conf.in",
              encoding="utf-8") as f:
        template = f.read()
    for line in template.splitlines():
        if not line.startswith("#"):
            assert "lemonade" not in line
            assert "imap_metadata" not in line
            assert "mail_attribute" not in line


def test_se_04_doveconf_knows_all_settings(server):
    """doveconf shows each setting of the file with the value it says."""
    output = subprocess.run(
        ["doveconf", "-a", "-c", server.conf_file],
        capture_output=True, text=True, timeout=20, check=True)
    for line in setting_lines(
            f"{CONF}/{dovecot_version()}/lemonade-settings.conf"):
        assert line.split(" ")[0] in output.stdout, line
    assert not re.search("(?i)error|unknown", output.stderr)


def test_se_04_does_nothing_until_enabled(make_server):
    """Installed but not included: no socket, no service, no entries."""
    server = make_server(includes=[
        f"{HERE}/conf/stock-{dovecot_version()}.conf"], plain=True)
    user = server.user()
    user.deliver()
    assert not os.path.exists(f"{server.base}/run/lemonade-notify")
    assert not server.pids("lemonade-notify")
    assert user.session.getmetadata(
        "/shared/vendor/vendor.lemonade/version") is None
    assert not STOCK


@pytest.mark.parametrize("setting,value", [
    ("lemonade_contact", "nobody"), ("lemonade_contact", "mailto:x@localhost"),
    ("lemonade_contact", "mailto:x@mail.localdomain"),
    ("lemonade_contact", "https://127.0.0.1/contact"),
    ("lemonade_events", "MessageOld"), ("lemonade_feed_payload", "7"),
    ("lemonade_outbox_sync", "perhaps"), ("lemonade_allow_hosts", "10.0.0.0/99"),
    ("lemonade_http_proxy", "ftp://x"), ("lemonade_state_dir", "relative"),
    ("lemonade_request_timeout", "0"), ("lemonade_token_url", "nonsense"),
    ("lemonade_token_url", "http://notify.test/"),
    ("lemonade_exec_program", "bin/tell"), ("lemonade_sip_from", "nobody"),
    ("lemonade_mailto_from", "Me <me@h>"), ("lemonade_mailto_url", "mail.test"),
    ("lemonade_sip_url", "http://sip.test/RPC"),
    ("lemonade_sms_url", "http://sms.test/sendsms"),
    ("lemonade_sms_allow", "+49 0171"), ("lemonade_sms_daily_user", "0"),
    ("lemonade_emn_ppg_url", "nonsense"), ("lemonade_emn_mailbox", "pop3"),
    ("lemonade_gateway_file", "gateways"),
    ("lemonade_xmpp_from", "a'b@notify.test"),
    ("lemonade_xmpp_secret_file", "secret"),
    ("lemonade_xmpp_server", "xmpp.test:5347"),
    ("lemonade_sieve_targets", "sip:example.org example.org"),
])
def test_se_04_wrong_settings_are_named(make_server, setting, value):
    """The log names the setting; mail goes on."""
    try:
        server = make_server(notifier=False, **{setting: value})
    except AssertionError as error:     # 2.4 refuses to start: as good
        assert setting in str(error)
        return
    server.log.expect("lemonade")
    user = server.user()
    assert user.deliver() < 1
    assert server.log.wait(setting)
