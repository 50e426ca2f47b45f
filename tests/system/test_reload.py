"""`doveadm reload' while a push is on its way, for each channel that has a
peer of its own: it is made again, under the same id, and once. Webhooks are in
test_trouble.py, programs in test_exec.py."""

import base64
import os
import re
import signal

import pytest

from lemotest import wait
from lemotest.feed import tell
from lemotest.mailbox import FROM, BadServer
from lemotest.prosody import DOMAIN, Impostor
from lemotest.redis import Redis
from test_sms import add_verified

SIP_OK = 'body={"jsonrpc":"2.0"%2C"result":{"code":200}%2C"id":1}'
PAP_OK = "status=202,body=<pap><response-result code='1001'/></pap>"
FEED = {"lemonade_feed_events": "all"}
# a server that lets the component in and then says nothing
DEAF = (b"<stream:stream xmlns='jabber:component:accept' xmlns:stream="
        b"'http://etherx.jabber.org/streams' id='1'><handshake/>")


class Gateway:
    """sms, emn and sip: a web server that is silent at first."""

    def __init__(self, endpoints, setting, behaviour, url, identity):
        self.endpoint = endpoints.new(setting)
        self.endpoint.tell("silent")
        self.settings = {setting: self.endpoint.url}
        self.behaviour, self.url, self.identity = behaviour, url, identity

    def came(self):
        return [re.search(self.identity, push.body or base64.b64decode(
            push.record["body_base64"]).decode("latin-1")).group()
                for push in self.endpoint.all()]

    def mend(self, _server):
        self.endpoint.tell(self.behaviour)

    def close(self):
        pass


class Mail:
    """It has the mail, and does not say so."""

    def __init__(self):
        self.peer = BadServer(b"220 h ESMTP\r\n", b"250 h\r\n", b"250 ok\r\n",
                              b"250 ok\r\n", b"354 go\r\n", None)
        self.peer.__enter__()
        self.url = "mailto:bob@lemo.test"
        self.settings = {"lemonade_mailto_url": self.peer.url,
                         "lemonade_mailto_from": FROM}

    def came(self):
        return [re.search(b"^Message-ID: (.*)\r$", mail, re.M).group(1)
                for mail in self.peer.mails]

    def mend(self, _server):
        self.peer.script = (*self.peer.script[:-1], b"250 taken\r\n",
                            b"221 bye\r\n")

    def close(self):
        self.peer.__exit__()


class Xmpp:
    """Deaf at first, then a Prosody in its place."""

    def __init__(self, prosody):
        self.prosody, self.phone = prosody, prosody.phone()
        self.peer = Impostor()
        self.peer.says = DEAF
        self.url = self.phone.uri
        self.settings = {**prosody.settings(),
                         "lemonade_xmpp_server": self.peer.address}

    def came(self):
        return re.findall("<message .*? id='(.*?)'",
                          self.peer.heard.decode()) + \
            [xml.attrib["id"] for xml in self.phone.stanzas]

    def mend(self, server):
        server.change(**self.prosody.settings())

    def close(self):
        self.phone.log_out()
        self.peer.close()


@pytest.fixture
def peer(request, endpoints):
    made = {
        "sms": lambda: Gateway(endpoints, "lemonade_sms_url",
                               "status=202,body=0: Accepted",
                               "tel:+491512345678", ".+"),
        "emn": lambda: Gateway(endpoints, "lemonade_emn_ppg_url", PAP_OK,
                               "emn:+491512345678", r'push-id="(.*?)"'),
        "sip": lambda: Gateway(endpoints, "lemonade_sip_url", SIP_OK,
                               f"sip:bob@{DOMAIN}", "tm.t_uac_wait_block"),
        "mailto": Mail,
        "xmpp": lambda: Xmpp(request.getfixturevalue("prosody")),
    }[request.param]()
    made.settings = {"lemonade_sms_allow": "+4915", "lemonade_sip_from":
                     f"sip:lemonade@{DOMAIN}", **made.settings}
    yield made
    made.close()


@pytest.mark.parametrize("peer", ["sms", "emn", "sip", "mailto", "xmpp"],
                         indirect=True)
def test_nf_09_reload_in_flight(make_server, peer):
    server = make_server(**peer.settings)
    user = server.user()
    add_verified(server, user, peer.url)
    user.deliver()
    first, = wait.until(peer.came, 8)
    peer.mend(server)
    server.reload()
    assert wait.until(lambda: len(found := peer.came()) > 1 and found,
                      10) == [first, first]
    server.notifier_pid(15)
    wait.until(lambda: server.rows("lemonade", "queue", "-u", user.name) == [],
               8, "it is done")
    assert peer.came() == [first, first]


def write(path, text):
    with open(path, "w", encoding="ascii",
              opener=lambda p, f: os.open(p, f, 0o600)) as f:
        f.write(text)
    return path


def test_ev_15_reload_batch_in_flight(make_server, endpoints, run_dir):
    """All of it come again, in order, and none is missing."""
    endpoint = endpoints.new("batch")
    secret = write(f"{run_dir}/reload.secret",
                   "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr\n")
    server = make_server(**FEED, lemonade_feed_file=write(
        f"{run_dir}/reload-batch.feeds",
        f"* {endpoint.url} {secret} lemovmail batch=10\n"))
    endpoint.tell("silent")
    ids = tell(server, [f"u{n}@batch.test" for n in range(5)], 3)
    wait.until(endpoint.all, 5)
    endpoint.tell("")
    silent = len(endpoint.all())
    server.reload()

    def taken():
        found = {}
        for push in endpoint.all()[silent:]:
            for event in push.json:
                found.setdefault(event["data"]["user"],
                                 []).append(event["id"])
        return found
    wait.until(lambda: sum(map(len, taken().values())) >= 15, 10, "all")
    assert taken() == ids


def test_ev_15_reload_redis_in_flight(make_server, run_dir):
    """What was in the pipeline comes twice, under the same ids."""
    redis = Redis(run_dir, "redis-reload").start()
    try:
        server = make_server(**FEED, lemonade_feed_file=write(
            f"{run_dir}/reload-redis.feeds",
            f"* {redis.url('mail')} - lemovmail\n"))
        tell(server, ["first@redis.test"], 1)
        wait.until(lambda: redis.entries("mail"), 5)
        redis.signal(signal.SIGSTOP)
        ids = tell(server, [f"u{n}@redis.test" for n in range(20)], 3)
        old = server.notifier_pid()
        server.reload()
        wait.until(lambda: old not in server.pids("lemonade-notify"), 10,
                   "the old notifier ends though Redis hangs")
        redis.signal(signal.SIGCONT)
        server.notifier_pid(15)

        def came():
            found = {user: [] for user in ids}
            for entry in redis.entries("mail"):
                got = found.get(entry["user"], [])
                if entry["id"] not in got:
                    got.append(entry["id"])
            return found
        server.doveadm("lemonade", "retry", check=True)
        wait.until(lambda: came() == ids, 15, "all, in order")
    finally:
        redis.stop()
