"""Fixtures of the system tests. See lemotest/ for what they hand out."""

import contextlib
import os
import shutil
import signal
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from lemotest import namespace                              # noqa: E402
from lemotest.dns import NameServer                         # noqa: E402
from lemotest.endpoint import Endpoints                     # noqa: E402
from lemotest.feed import Feed                              # noqa: E402
from lemotest.kamailio import Kamailio                      # noqa: E402
from lemotest.kannel import Kannel                          # noqa: E402
from lemotest import mailbox                                # noqa: E402
from lemotest.postfix import Postfix                        # noqa: E402
from lemotest.prosody import Prosody                        # noqa: E402
from lemotest.server import (STOCK, TOP, Server, doc_conf,  # noqa: E402
                             dovecot_version, is_24)

KEEP = os.environ.get("LEMO_KEEP", "") not in ("", "0")
_active = []        # servers that run now


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes seconds by its nature")
    # a terminated run still stops its servers
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


@pytest.fixture(scope="session")
def run_dir():
    """A short path (UNIX sockets), searchable by all users."""
    directory = tempfile.mkdtemp(prefix="lemo-")
    os.chmod(directory, 0o755)
    os.mkdir(f"{directory}/etc")
    namespace.enter(f"{directory}/etc")
    yield directory
    for server in list(_active):
        server.stop()
    if not KEEP:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def dns(run_dir):
    server = NameServer()
    server.set("*.test", namespace.PUBLIC4)
    return server


@pytest.fixture(scope="session")
def endpoints(run_dir, dns):
    """The HTTPS endpoints at public addresses, and their CA."""
    with Endpoints(f"{run_dir}/ca", dns) as found:
        yield found


@pytest.fixture(scope="session")
def kannel(run_dir):
    """The gateway for SMS and WAP push."""
    gateway = Kannel(run_dir)
    try:
        yield gateway.start()
    finally:
        gateway.stop()


@pytest.fixture(scope="session")
def proxy(run_dir):
    """The SIP proxy."""
    proxy = Kamailio(run_dir)
    try:
        yield proxy.start()
    finally:
        proxy.stop()


@pytest.fixture(scope="session")
def prosody(run_dir):
    """The XMPP server."""
    prosody = Prosody(run_dir)
    try:
        yield prosody.start()
    finally:
        prosody.stop()


@pytest.fixture(scope="session")
def _servers(run_dir, endpoints):
    """name -> running server, for the whole session."""
    servers = {}
    yield servers
    for server in servers.values():
        server.log.mark()
        stop(server, gently=True)
        bad = server.log.unexpected()
        # sessions log out while there is no notifier any more
        assert not [line for line in bad if "Killed with signal" not in line
                    and "lemonade: No acknowledgement" not in line]


def start(run_dir, endpoints, name, settings, conf="", **kwargs):
    """A server whose log is watched from now on."""
    settings = {"lemonade_ca_file": endpoints.ca_file,
                "lemonade_hostname": "lemo.test", **settings}
    server = Server(run_dir, name, settings, conf, **kwargs)
    server.start()
    _active.append(server)
    return server


def stop(server, gently=False):
    server.stop(gently)
    _active.remove(server)


def shared_server(run_dir, endpoints, servers, name, settings, conf="",
                  **kwargs):
    if name not in servers:
        servers[name] = start(run_dir, endpoints, name, settings, conf,
                              **kwargs)
    return servers[name]


def main_server(run_dir, endpoints, servers):
    return shared_server(run_dir, endpoints, servers, "main", {
        "lemonade_sieve_targets": "https://hooks.push.test/"})


@contextlib.contextmanager
def sessions_end(server):
    """Those that begin in it: each that waited for changes has one of the few
    inotify instances that a system user may have."""
    before = len(server.sessions)
    yield server
    ended = server.sessions[before:]
    del server.sessions[before:]
    for session in ended:
        session.close()
    for user in server.users.values():
        user.forget_session(among=ended)


@pytest.fixture
def server(run_dir, endpoints, _servers):
    """The server that most tests share; no feed. Sessions end with the test."""
    with sessions_end(main_server(run_dir, endpoints, _servers)) as server:
        yield server


@pytest.fixture(scope="session")
def _relay(run_dir, endpoints, _servers):
    server = shared_server(run_dir, endpoints, _servers, "mailto",
                           mailbox.SETTINGS)
    postfix = Postfix(run_dir, server, name="postfix-mailto",
                      **mailbox.relay_conf(endpoints.ca))
    try:
        postfix.start()
        yield server
    finally:
        postfix.stop()


@pytest.fixture
def mail_server(_relay):
    """The server whose notifier sends mail, and whose users get it: by a
    Postfix that others may use, too."""
    return _relay


SCRIPTS = 5     # a user may have on filter_server


def tls_conf(endpoints):
    cert, key = endpoints.ca.cert("good")
    if is_24():
        return (f"ssl = yes\nssl_server_cert_file = {cert}\n"
                f"ssl_server_key_file = {key}\n")
    return f"ssl = yes\nssl_cert = <{cert}\nssl_key = <{key}\n"


def filter_conf(endpoints):
    if is_24():
        return (tls_conf(endpoints) +
                "auth_mechanisms = plain login scram-sha-1\n"
                f"sieve_quota_script_count = {SCRIPTS}\n"
                "sieve_quota_storage_size = 20k\n")
    return (tls_conf(endpoints) +
            "auth_mechanisms = plain login scram-sha-1\nplugin {\n"
            f"  sieve_quota_max_scripts = {SCRIPTS}\n"
            "  sieve_quota_max_storage = 20k\n}\n")


@pytest.fixture
def filter_server(run_dir, endpoints, _servers):
    """The one for what Sieve and ManageSieve do: TLS, SCRAM, script quotas
    and IMAPSIEVE."""
    includes = doc_conf()
    if not STOCK:
        includes.append(f"{TOP}/doc/conf/{dovecot_version()}/imapsieve/"
                        "lemonade-imapsieve.conf")
    return shared_server(run_dir, endpoints, _servers, "filters", {},
                         filter_conf(endpoints), includes=includes)


MAIL_SIZE = 300     # kilobytes of a message on store_server
# wrong passwords are not slowed down
NO_PENALTY = ("service anvil {\n  unix_listener anvil-auth-penalty {\n"
              "    mode = 0\n  }\n}\n")


def store_conf(endpoints):
    if is_24():
        return (tls_conf(endpoints) + "auth_allow_cleartext = no\n"
                "auth_mechanisms = plain login cram-md5\n"
                "mail_plugins {\n  quota = yes\n  virtual = yes\n}\n"
                f"quota_mail_size = {MAIL_SIZE}k\n"
                'quota "User quota" {\n  quota_driver = count\n}\n'
                "namespace virtual {\n  prefix = Virtual/\n  separator = /\n"
                "  mail_driver = virtual\n  mail_path = ~/virtual\n}\n")
    return (tls_conf(endpoints) + "disable_plaintext_auth = yes\n"
            "auth_mechanisms = plain login cram-md5\n" +
            "".join(f"protocol {name} {{\n  mail_plugins = $mail_plugins "
                      "quota virtual\n}\n"
                      for name in ("doveadm", "imap", "lmtp")) +
            "plugin {\n  quota = count:User quota\n  quota_vsizes = yes\n"
            f"  quota_max_mail_size = {MAIL_SIZE}k\n}}\n"
            "namespace virtual {\n  prefix = Virtual/\n  separator = /\n"
            "  location = virtual:~/virtual\n}\n")


@pytest.fixture
def store_server(run_dir, endpoints, _servers):
    """The one for what IMAP does by itself: TLS, which strangers need to log
    in, CRAM-MD5, a small limit of messages, a virtual namespace. Sessions end
    with the test."""
    server = shared_server(run_dir, endpoints, _servers, "store", {},
                           store_conf(endpoints) + NO_PENALTY)
    with sessions_end(server):
        yield server


@pytest.fixture(scope="session")
def _feed(run_dir, endpoints):
    return Feed(endpoints.new("feed"), run_dir)


@pytest.fixture
def feed_server(run_dir, endpoints, _servers, _feed):
    """The server whose every event goes to the admin's feed."""
    return shared_server(run_dir, endpoints, _servers, "feed",
                         _feed.settings())


@pytest.fixture
def feed(feed_server, _feed):
    return _feed


@pytest.fixture
def make_server(run_dir, endpoints, request):
    """Starts a server for one test: make_server(lemonade_x=...)."""
    made = []

    def make(conf="", includes=None, plain=False, notifier=True, clock=None,
             **settings):
        """Arguments are those of Server."""
        name = f"s{len(_active)}-{os.urandom(4).hex()}"
        made.append(start(run_dir, endpoints, name, settings, conf,
                          includes=includes, plain=plain, notifier=notifier,
                          clock=clock))
        return made[-1]
    yield make
    for server in made:
        stop(server)


@pytest.fixture(scope="module")
def module_server(run_dir, endpoints):
    """Starts a server for the tests of a module: module_server(name,
    settings, conf)."""
    made = []

    def make(name, settings, conf=""):
        made.append(start(run_dir, endpoints, name, settings, conf))
        return made[-1]
    yield make
    for server in made:
        server.log.mark()
        # sessions and the notifier end at the same time
        server.log.expect("lemonade: No acknowledgement in time")
        stop(server, gently=True)
        assert not server.log.unexpected()


@pytest.fixture(params=["maildir", "sdbox"])
def user(request, server):
    return server.user(request.param)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """Marks the logs, then fails the test on what they must not say."""
    for server in _active:
        server.log.mark()
    outcome = yield
    bad = []
    for server in _active:
        bad += [f"{server.name}: {line}" for line in server.log.unexpected()]
        server.log.expected = []
    if bad and outcome.excinfo is None:
        pytest.fail("unexpected in the log:\n" + "\n".join(bad[:20]),
                    pytrace=False)
    if outcome.excinfo is not None:
        print("\n".join(["log:"] + bad[:20]))
