"""The notifier's http_sender alone, driven by tests/unit-dovecot/http-drive,
against endpoints in every trouble, with names looked up by Dovecot's own
dns-client. LEMO_BUILD names the build directory with the driver."""

import json
import os
import socket
import subprocess
import time

import pytest

import sink
from lemotest import wait
from lemotest.server import is_24
from lemotest.namespace import MORE_PUBLIC4, PRIVATE4, PUBLIC4, PUBLIC6
from lemotest.server import dovecot_version

BUILD = os.environ.get("LEMO_BUILD", "")
DRIVER = f"{BUILD}/tests/unit-dovecot/http-drive"
PORT = 8443
# For a driver built with sanitizers: LEMO_SLOW=4
SLOW = int(os.environ.get("LEMO_SLOW", "1"))
# A tick of 20 ms: CPU time between two may be that and one turn's work.
GAP = 20 + 30 * SLOW

pytestmark = pytest.mark.skipif(not os.path.exists(DRIVER),
                                reason="LEMO_BUILD has no http-drive")

CONF = {
    "2.3": "",
    "2.4": "dovecot_config_version = 2.4.1\n"
           "dovecot_storage_version = 2.4.1\n",
}


@pytest.fixture(scope="module")
def dns_client(run_dir, dns):
    """A Dovecot of which only dns-client is used."""
    base = f"{run_dir}/resolver"
    os.makedirs(base + "/run")
    with open(base + "/dovecot.conf", "w", encoding="ascii") as conf:
        conf.write(CONF[dovecot_version()] +
                   f"base_dir = {base}/run\nstate_dir = {base}/run\n"
                   f"log_path = {base}/log\nprotocols =\nssl = no\n")
    process = subprocess.Popen(["dovecot", "-F", "-c", base + "/dovecot.conf"])
    wait.until(lambda: os.path.exists(base + "/run/dns-client"), 10,
               "dns-client's socket")
    yield base + "/run/dns-client"
    process.terminate()
    process.wait(10)


class Answers:
    def __init__(self, lines, urls):
        *answers, self.summary = lines
        self.by_url = {}
        for answer in answers:
            self.by_url.setdefault(urls[answer["url"]], []).append(answer)
        self.gap = self.summary["gap_cpu_ms"]

    def __getitem__(self, url):
        return self.by_url[url][0]


@pytest.fixture
def drive(endpoints, dns_client):
    def run(*args, ca=endpoints.ca_file, dns=dns_client, timeout=1500):
        urls = [a for before, a in zip(("",) + args, args)
                if "://" in a and before != "-x"]
        done = subprocess.run(
            [DRIVER, "-c", ca, "-d", dns, "-t", str(timeout * SLOW), *args],
            capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        answers = Answers([json.loads(line) for line in
                           done.stdout.splitlines()], urls)
        answers.stderr = done.stderr
        return answers
    return run


@pytest.fixture
def good(endpoints):
    """The sink at the public addresses, by the names *.push.test."""
    found = endpoints.sink(PUBLIC4, PORT)
    found.clear()
    return found


def url(path="/", host="a.push.test"):
    return f"https://{host}:{PORT}{path}"


TROUBLES = {
    # path: answer, status, text, the origin is to blame
    "/fine": ("done", 200, "200", False),
    "/delay=0.3": ("done", 200, "200", False),
    "/status=204": ("done", 204, "204", False),
    "/status=404": ("permanent", 404, "404", False),
    "/status=429,retry-after=9": ("retry", 429, "429", False),
    "/status=503": ("retry", 503, "503", True),
    "/redirect": ("permanent", 302, "302", False),
    "/silent": ("retry", 0, "answer timed out", True),
    "/drip": ("retry", 0, "answer timed out", True),
    "/refuse": ("retry", 0, "connection lost", True),
    "/cut": ("retry", 0, "connection closed within the answer", True),
    "/garbage": ("retry", 0, "answer is not HTTP", True),
    "/header=50000": ("retry", 0, "answer's header is too large", True),
    "/big": ("done", 200, "200", False),
    "/badlength": ("done", 200, "200", False),
    "/close": ("done", 200, "200", False),
    "/cookie": ("done", 200, "200", False),
}


def test_nf_09_each_trouble_ends_in_time(drive, good):
    """All at once: none delays another, none stops the loop."""
    urls = {path: url(path, f"t{n}.push.test") for n, path in enumerate(TROUBLES)}
    answers = drive(*urls.values(), timeout=3000)
    for path, expected in TROUBLES.items():
        got = answers[urls[path]]
        assert (got["answer"], got["status"], got["text"],
                got["origin_failed"]) == expected, path
        slow = path in ("/silent", "/drip", "/badlength")
        assert got["ms"] < (4000 if slow else 2500) * SLOW, path
    assert answers[urls["/status=429,retry-after=9"]]["retry_after"] == 9
    assert answers.gap < GAP
    assert not good.log("/_trap")
    assert len(good.log()) == len(TROUBLES)


def test_request_as_sent(drive, good):
    """No header but those asked for, no cookie given back, one connection."""
    drive("-n", "3", "-j", "1", url("/cookie"))
    first, *_ = records = good.log("/cookie")
    assert [name for name, _ in first["raw_headers"]] == [
        "Host", "User-Agent", "Content-Type", "Content-Length"]
    assert first["headers"]["user-agent"].startswith("lemonade/")
    assert first["body"] == "x" * 300
    assert len(records) == 3
    assert len({record["conn"] for record in records}) == 1
    assert all("cookie" not in record["headers"] for record in records)


def test_path_is_sent_as_written(drive, good):
    for path in ("/a/../b?c=%2f&d", "/a//b", "/?x"):
        drive(url(path))
        assert good.log()[-1]["path"] == path
    drive(f"https://a.push.test:{PORT}?x")
    assert good.log()[-1]["path"] == "/?x"


@pytest.mark.parametrize("cert, text", [
    ("wrong-name", "certificate is for another name"),
    ("expired", "certificate: certificate has expired"),
    ("self-signed", "certificate: self-signed certificate"),
])
def test_bad_certificate(drive, endpoints, cert, text):
    with sink.Sink(MORE_PUBLIC4[0], PORT, endpoints.ca.cert(cert)) as bad:
        target = f"https://{MORE_PUBLIC4[0]}:{PORT}/"
        answer = drive(target)[target]
        assert (answer["answer"], answer["text"]) == ("retry", text)
        assert not bad.log()


def test_unknown_ca_and_old_tls(drive, endpoints, good):
    answer = drive(url(), ca=endpoints.ca.cert("self-signed")[0])[url()]
    assert answer["text"].startswith("certificate: unable to get")
    cert, key = endpoints.ca.cert()
    old = subprocess.Popen(
        ["openssl", "s_server", "-quiet", "-tls1_1", "-cipher",
         "DEFAULT@SECLEVEL=0", "-accept", f"{MORE_PUBLIC4[1]}:{PORT}",
         "-cert", cert, "-key", key], stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        target = f"https://{MORE_PUBLIC4[1]}:{PORT}/"
        wait.until(lambda: drive(target)[target]["text"] ==
                   "TLS handshake failed", 5, "the old server to be refused")
    finally:
        old.kill()
        old.wait()


PRIVATE = {
    "a4.push.test": [PRIVATE4],
    "loop.push.test": ["127.0.0.1"],
    "meta.push.test": ["169.254.169.254"],
    "ula.push.test": ["fd00::1"],
    "ll.push.test": ["fe80::1"],
    "six.push.test": ["::1"],
    "mapped.push.test": ["::ffff:127.0.0.1"],
    "nat.push.test": ["64:ff9b::7f00:1"],
    "mixed.push.test": [PUBLIC4, PRIVATE4],
    "mixed6.push.test": [PUBLIC4, "fd00::1"],
}
LITERALS = ["127.0.0.1", PRIVATE4, "169.254.169.254", "[::1]", "[fd00::1]",
            "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::a63:1]",
            "0.0.0.0"]
# not addresses to our parser, but to many others
SPELLINGS = ["0177.0.0.1", "2130706433", "0x7f000001", "127.1", "0x7f.1"]


def test_nf_09_private_addresses(drive, endpoints, dns):
    """By name, by literal, in each spelling: refused, nobody was asked."""
    traps = [endpoints.sink(bind, PORT) for bind in
             ("127.0.0.1", "::1", PRIVATE4)]
    for trap in traps:
        trap.clear()
    for host, addresses in PRIVATE.items():
        dns.set(host, *addresses)
    hosts = [*PRIVATE, *LITERALS, "localhost", *SPELLINGS]
    answers = drive(*(url("/", host) for host in hosts))
    for host in hosts:
        answer = answers[url("/", host)]
        assert answer["answer"] == "permanent", host
        assert not answer["origin_failed"]
        if host not in SPELLINGS:
            assert answer["text"].startswith("address "), host
            assert answer["text"].endswith(" is private"), host
    connections = [trap.stats["connections"] for trap in traps]
    assert answers.gap < GAP
    # they are there for those whom the admin lists
    for host in ("a4.push.test", "127.0.0.1", "localhost", "six.push.test"):
        target = url("/", host)
        assert drive("-a", host, target)[target]["status"] in (0, 200)
    assert [trap.stats["connections"] for trap in traps] != connections


def test_fence_lets_public_addresses_through(drive, endpoints, dns, good):
    six = endpoints.sink(PUBLIC6, PORT)
    dns.set("six6.push.test", PUBLIC6)
    dns.set("both.push.test", PUBLIC6, PUBLIC4)
    targets = [url("/", host) for host in
               ("six6.push.test", "both.push.test", "a.push.test")]
    answers = drive(*targets)
    assert all(answers[target]["status"] == 200 for target in targets)
    assert six.stats["requests"] >= 1


def test_ports_and_schemes(drive, good):
    plain, other = "http://a.push.test:8443/", "https://a.push.test:25/"
    ftp = "ftp://a.push.test/"
    answers = drive(plain, other, ftp)
    assert answers[plain]["text"] == "http without TLS is not allowed"
    assert answers[other]["text"] == "port 25 is not allowed"
    assert answers[ftp]["answer"] == "permanent"
    # listed by network: the name's addresses decide
    with sink.Sink(PUBLIC4, 8080) as clear:
        target = "http://a.push.test:8080/"
        assert drive(target)[target]["answer"] == "permanent"
        listed = drive("-a", PUBLIC4 + "/32", target)[target]
        assert listed["status"] == 200
        assert len(clear.log()) == 1


def test_names_in_trouble(drive, dns, good):
    """A silent name server costs its own name the request's time, no one
    else anything."""
    dns.silent.add("mute.push.test")
    dns.set("mute.push.test", PUBLIC4)
    dns.set("none.push.test")
    mute, none, fine = (url("/", f"{n}.push.test") for n in
                        ("mute", "none", "fine"))
    gone = f"https://gone.invalid:{PORT}/"
    answers = drive(mute, none, fine, gone)
    assert answers[mute]["text"] == "name lookup timed out"
    assert 1400 * SLOW < answers[mute]["ms"] < 2000 * SLOW
    assert answers[mute]["origin_failed"]
    for target in (none, gone):
        assert answers[target]["answer"] == "retry"
        assert answers[target]["text"].startswith("name lookup failed: ")
    assert answers[fine]["status"] == 200
    assert answers[fine]["ms"] < 1000 * SLOW
    assert answers.gap < GAP
    dns.silent.clear()


def test_silent_zone_cannot_use_up_the_lookups(drive, dns, good):
    names = [f"n{n}.mute.test" for n in range(300)]
    dns.silent.update(names)
    fine = url("/", "beside.push.test")
    answers = drive(*(f"https://{name}/" for name in names), fine,
                    timeout=1500)
    assert answers[fine]["status"] == 200
    assert answers[fine]["ms"] < 1000 * SLOW
    texts = {answers[f"https://{name}/"]["text"] for name in names}
    assert texts <= {"name lookup timed out",
                     "name lookup had to wait too long"}
    assert answers.gap < GAP
    dns.silent.clear()


def test_no_dns_client(drive, good):
    answers = drive(url(), dns="/nonexistent/dns-client")
    assert answers[url()]["answer"] == "retry"
    assert answers[url()]["text"] == "name lookups do not work here"
    assert not answers[url()]["origin_failed"]
    assert answers.stderr.count("Name lookups fail") == 1


@pytest.mark.parametrize("tls, count", [(False, 500), (True, 30)])
def test_nf_09_dead_host_beside_a_good_one(drive, dns, endpoints, tls, count):
    """500 requests to a host that accepts and never answers, 500 beside."""
    cert = endpoints.ca.cert() if tls else None
    with (sink.Sink(MORE_PUBLIC4[2], 8444, cert) as dead,
          sink.Sink(PUBLIC4, 8444, cert) as good):
        dns.set("dead.push.test", MORE_PUBLIC4[2])
        bad = dead.url("/silent", "dead.push.test")
        fine = good.url("/", "fine.push.test")
        start = time.monotonic()
        answers = drive("-n", str(count), "-a", "11.22.33.0/24", bad, fine,
                        timeout=6000)
        assert time.monotonic() - start < 10 * SLOW
        assert {a["text"] for a in answers.by_url[bad]} == {"answer timed out"}
        assert {a["text"] for a in answers.by_url[fine]} == {"200"}
        assert answers.gap < GAP
        assert dead.stats["max_open"] <= count


class Deaf:
    """A host that answers no SYN: its queue of connections is full."""

    def __init__(self, address):
        self.sockets = [socket.socket() for _ in range(4)]
        self.sockets[0].bind((address, PORT))
        self.sockets[0].listen(0)
        for filler in self.sockets[1:]:
            filler.setblocking(False)
            filler.connect_ex((address, PORT))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for s in self.sockets:
            s.close()


def test_handshake_that_is_not_answered(drive, dns):
    """Told apart from a host that is not there: something without TLS listens
    there, and waits for us to speak its language."""
    with socket.create_server((MORE_PUBLIC4[3], PORT)):
        dns.set("mute.push.test", MORE_PUBLIC4[3])
        answers = drive("-n", "2", url("/", "mute.push.test"), timeout=2000)
    # Debian 13's libcurl 8.14 does not tell
    assert {a["text"] for a in answers.by_url[url("/", "mute.push.test")]} <= {
        "TLS handshake timed out", "connect timed out"} - (
            set() if is_24() else {"connect timed out"})


def test_nf_09_unanswered_connects(drive, dns, good):
    """Also beside others, while file descriptors are used again: libcurl 7.88
    closes unconnected sockets without telling."""
    with Deaf(MORE_PUBLIC4[3]), Deaf(MORE_PUBLIC4[4]):
        dns.set("deaf.push.test", MORE_PUBLIC4[3])
        dns.set("deafs.push.test", *MORE_PUBLIC4[3:5])
        deaf, deafs, fine, closing = (
            url(path, f"{host}.push.test")
            for host, path in (("deaf", "/"), ("deafs", "/"), ("fine", "/"),
                               ("b", "/delay=0.1,close")))
        answers = drive("-n", "15", deaf, deafs, fine, closing, timeout=4000)
        for target in (deaf, deafs):
            assert {a["text"] for a in answers.by_url[target]} == {
                "connect timed out"}
            assert all(a["origin_failed"] and a["ms"] < 4500 * SLOW
                       for a in answers.by_url[target])
        for target in (fine, closing):
            assert {a["text"] for a in answers.by_url[target]} == {"200"}
        assert answers.gap < GAP
        answers = drive("-n", "20", "-k", "200", deaf, timeout=2000)
        assert {a["text"] for a in answers.by_url[deaf]} == {"shutting down"}


def test_one_of_two_addresses_works(drive, dns, good):
    """libcurl 8 tries both at once in one request, 7.88 only in the next."""
    half = url("/", "half.push.test")
    with Deaf(MORE_PUBLIC4[3]):
        for first in MORE_PUBLIC4[3], MORE_PUBLIC4[0]:      # deaf, refusing
            dns.set("half.push.test", first, PUBLIC4)
            answers = drive("-n", "2", "-j", "1", half, timeout=1500)
            assert answers.by_url[half][-1]["text"] == "200"


def test_many_hosts_and_a_bounded_number_of_pins(drive, endpoints):
    """More names than are kept: the oldest make room, none fails."""
    with sink.Sink(PUBLIC4, 8080, record=False) as clear:
        targets = [f"http://h{n}.push.test:8080/" for n in range(2500)]
        answers = drive("-q", "-n", "2", "-j", "20", "-a", PUBLIC4 + "/32",
                        *targets, timeout=10000)
        assert answers.summary["ok"] == 5000
        assert clear.stats["requests"] == 5000


def test_proxy(drive, endpoints, dns, good):
    """The proxy is found by name, and finds the names; literals are fenced;
    the admin's hosts are reached directly."""
    dns.set("proxy.push.test", PRIVATE4)
    hosts = {"inside.push.test": PUBLIC4, "a.push.test": PUBLIC4}
    with sink.Sink(PRIVATE4, 3128, hosts=hosts) as proxy:
        args = ["-x", "http://proxy.push.test:3128"]
        target = url("/", "inside.push.test")
        dns.set("inside.push.test")
        assert drive(*args, target)[target]["status"] == 200
        assert [r["path"] for r in proxy.log()] == [f"inside.push.test:{PORT}"]
        for host, text in (("unknown.push.test", "proxy answered 502"),
                           ("10.0.0.1", "address 10.0.0.1 is private")):
            target = url("/", host)
            assert drive(*args, target)[target]["text"] == text
        assert len(proxy.log()) == 2
        target = url("/", "a.push.test")
        assert drive(*args, "-a", "a.push.test", target)[target]["status"] == 200
        assert len(proxy.log()) == 2
    target = url("/", "a.push.test")
    answer = drive("-x", "http://proxy.push.test:3128", target)[target]
    assert answer["answer"] == "retry"
    assert answer["text"].startswith("connect failed")


def test_trusted_urls_have_no_fence(drive, endpoints, dns):
    endpoints.sink("127.0.0.1", PORT)
    dns.set("own.push.test", "127.0.0.1")
    for host in ("127.0.0.1", "own.push.test"):
        target = url("/", host)
        assert drive("-T", target)[target]["status"] == 200


def test_deinit_with_open_requests(drive, endpoints, dns, good):
    dns.silent.add("mute.push.test")
    targets = [url("/silent", "fine.push.test"), url("/", "mute.push.test")]
    answers = drive("-n", "50", "-k", "300", *targets, timeout=5000)
    assert [len(answers.by_url[t]) for t in targets] == [50, 50]
    assert all(a["text"] == "shutting down" and a["answer"] == "retry"
               for t in targets for a in answers.by_url[t])
    dns.silent.clear()
