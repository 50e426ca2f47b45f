"""Endpoints in trouble: mail is not delayed (NF-09), other endpoints are not
delayed, tries are bounded (PL-06), one clear line says what happened, and
nothing goes where it should not (EV-16)."""

import base64
import hashlib
import hmac
import os
import re
import smtplib
import time

import pytest

import conftest
from lemotest import wait
from lemotest.feed import Feed
from lemotest.namespace import PRIVATE4, PUBLIC4, PUBLIC6
from lemotest.users import deliver, message

FAST = 1.0      # seconds; an endpoint below hangs for 10

TROUBLES = {
    # what the endpoint does: what status and log say of it
    "refuse": "",
    "silent": "timed? ?out",
    "delay=10": "timed? ?out",
    "status=500": "500",
    "status=503,retry-after=1": "503",
    "status=400": "400",
    "redirect=https%3A%2F%2Fe0.test%2Fstolen": "302",
    "garbage": "",
    "cut": "",
    "drip": "timed? ?out",
}


@pytest.fixture
def quick(run_dir, endpoints, _servers):
    """A server whose requests time out after 1 s."""
    return conftest.shared_server(run_dir, endpoints, _servers, "quick", {
        "lemonade_request_timeout": "1000 ms"
    })


def origin_line(server, host, timeout=8):
    """The line that says what happened; it names no path."""
    lines = server.log.wait(rf"{re.escape(host)}", timeout=timeout)
    assert "/phone" not in lines[0]
    return lines[0]


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda t:
                         re.split("[=,]", t)[0] + re.sub(r"\D", "", t)[:3])
def test_nf_09_trouble_does_not_delay(quick, endpoints, trouble):
    user, bad, good = quick.user(), endpoints.new(), endpoints.new("good")
    user.register(bad, "bad")
    user.register(good, "good")
    bad.tell(trouble)
    quick.log.expect(bad.host)
    for n in range(3):
        assert user.deliver(subject=f"n{n}") < FAST
        start = time.monotonic()
        good.wait(n + 1)
        assert time.monotonic() - start < FAST
    line = origin_line(quick, bad.host)
    result = wait.until(lambda: user.status("bad").get("lastResult"), 5,
                        "status says what happened")
    assert re.search(TROUBLES[trouble], line + " " + result)
    assert bad.path not in result
    assert not endpoints.main.log("/stolen")


@pytest.mark.parametrize("trouble", ["big", "badlength", "close", "cookie"])
def test_nf_09_harmless_oddities(quick, endpoints, trouble):
    """The status counts, whatever comes behind it; cookies are not kept."""
    user, odd = quick.user(), endpoints.new()
    user.register(odd)
    odd.tell(trouble)
    assert user.deliver(subject="one") < FAST
    odd.wait(1)
    wait.until(lambda: user.status("phone")["pending"] == 0, 5,
               "the push is done")
    assert user.deliver(subject="two") < FAST
    for push in odd.wait(2):
        assert "cookie" not in push.headers
    assert "200" in user.status("phone")["lastResult"]


def test_nf_09_dead_host(quick, endpoints, dns):
    """Nobody listens there any more."""
    user, endpoint = quick.user(), endpoints.new()
    endpoint.tell("close")
    user.register(endpoint)
    dns.set(endpoint.host, "11.22.33.45")
    quick.renew_notifier()
    assert user.deliver() < FAST
    origin_line(quick, endpoint.host)
    dns.set(endpoint.host, PUBLIC4)
    quick.renew_notifier()
    endpoint.wait(1, timeout=10)    # it waited for the host to come back


def test_nf_09_silent_name_server(quick, endpoints, dns):
    """The name server of one device never answers: neither mail nor other
    endpoints wait."""
    user, good = quick.user(), endpoints.new("good")
    bad = endpoints.new()
    bad.tell("close")
    user.register(bad, "bad")
    user.register(good, "good")
    dns.silent.add(bad.host)
    quick.renew_notifier()
    try:
        for n in range(3):
            assert user.deliver() < FAST
            start = time.monotonic()
            good.wait(n + 1)
            assert time.monotonic() - start < FAST
        origin_line(quick, bad.host)
    finally:
        dns.silent.discard(bad.host)


def test_nf_09_unknown_name(quick, endpoints):
    """A name that does not exist: it is said once, and nothing waits."""
    user = quick.user()
    assert user.set_device("phone", {
        "url": "https://nowhere.invalid/x"}).ok
    quick.log.wait("nowhere.invalid")
    quick.log.always.append("nowhere.invalid")
    assert user.deliver() < FAST


def test_nf_09_many_devices_of_dead_hosts(quick, endpoints):
    """300 pushes for silent endpoints do not delay one for a good one."""
    users = [quick.user() for _ in range(10)]
    bad = [endpoints.new() for _ in users]
    for user, endpoint in zip(users, bad):
        user.register(endpoint)
        endpoint.tell("silent")
    other, good = quick.user(), endpoints.new("good")
    other.register(good)
    quick.log.expect(*(e.host for e in bad))
    for n in range(5):
        assert deliver(quick, [u.name for u in users], message()) < 3
        other.deliver()
        start = time.monotonic()
        good.wait(n + 1)
        assert time.monotonic() - start < FAST


def test_nf_09_notifier_does_not_run(make_server, endpoints):
    """Not even its socket is there: mail goes on, the events wait."""
    server = make_server()
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    socket = f"{server.base}/run/lemonade-notify"
    server.log.expect("lemonade-notify|notifier")
    os.rename(socket, socket + ".away")
    times = [user.deliver(subject=f"n{n}") for n in range(10)]
    assert max(times) < FAST
    os.rename(socket + ".away", socket)
    push = endpoint.wait(1, timeout=10)[-1]
    assert push.event == "MessageNew"


# -- the fence: addresses that a user must not reach (EV-16, WP-07)

PRIVATE = ["127.0.0.1", "10.99.0.1", "192.168.1.1", "172.16.0.1",
           "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
           "198.18.0.1", "192.0.2.1", "255.255.255.255"]
PRIVATE6 = ["::1", "::", "fe80::1", "fc00::1", "ff02::1", "2001:db8::1",
            "::ffff:127.0.0.1", "::ffff:10.99.0.1", "64:ff9b::a63:1",
            "2002:7f00:1::1", "2001::1"]


@pytest.fixture(scope="module")
def inside(endpoints):
    """A service on the inside that would answer anybody."""
    return [endpoints.sink("127.0.0.1", 443), endpoints.sink(PRIVATE4, 443),
            endpoints.sink("::1", 443)]


def refused(server, user, url, inside):
    """The device may be refused at once or never verified; in any case
    nothing arrives inside, and it is said why."""
    before = [s.stats["connections"] for s in inside]
    response = user.set_device("ssrf", {"url": url})
    if response.ok:
        line = server.log.wait(r"(?i)private|not allowed|fence|denied|"
                               r"forbidden")[0]
        assert "/inside" not in line
        assert user.status("ssrf")["verified"] is False
    else:
        assert "url" in response.text
    assert [s.stats["connections"] for s in inside] == before


@pytest.mark.parametrize("address", PRIVATE + [f"[{a}]" for a in PRIVATE6])
def test_ev_16_private_address_by_literal(server, inside, address):
    refused(server, server.user(), f"https://{address}/inside", inside)


@pytest.mark.parametrize("address", [
    "0177.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1",
    "10.99.1", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]",
    "localhost", "127.0.0.1.", "①27.0.0.1"])
def test_ev_16_private_address_in_disguise(server, inside, address):
    refused(server, server.user(), f"https://{address}/inside", inside)


@pytest.mark.parametrize("address", ["127.0.0.1", PRIVATE4, "::1",
                                     "::ffff:127.0.0.1"])
def test_ev_16_private_address_by_name(server, endpoints, dns, inside,
                                       address):
    host = endpoints.new().host
    dns.set(host, address)
    refused(server, server.user(), f"https://{host}/inside", inside)


def test_ev_16_one_private_of_two_addresses(server, endpoints, dns, inside):
    """A public and a private address: the private one is never tried."""
    before = [s.stats["connections"] for s in inside]
    for second in ("127.0.0.1", "::1"):
        host = endpoints.new().host
        dns.set(host, "11.22.33.46", second)    # nobody listens at the first
        user = server.user()
        user.set_device("ssrf", {"url": f"https://{host}/inside"})
        server.log.wait(re.escape(host))
    assert [s.stats["connections"] for s in inside] == before


def test_ev_16_rebinding(server, endpoints, dns, inside):
    """The name was public when the device was verified."""
    user, endpoint = server.user(), endpoints.new()
    endpoint.tell("close")
    user.register(endpoint)
    dns.set(endpoint.host, "127.0.0.1")
    server.renew_notifier()
    before = [s.stats["connections"] for s in inside]
    assert user.deliver() < FAST
    origin_line(server, endpoint.host)
    assert [s.stats["connections"] for s in inside] == before
    assert endpoint.pushes() == []


@pytest.mark.parametrize("port", [25, 80, 143, 4190, 6379])
def test_ev_16_other_ports_are_refused(server, endpoints, port):
    """A user's URL must not speak to other services."""
    user = server.user()
    host = endpoints.new().host
    response = user.set_device("port", {"url": f"https://{host}:{port}/x"})
    if response.ok:
        server.log.wait(re.escape(host))
        assert user.status("port")["verified"] is False
    else:
        assert "port" in response.text


def test_ev_16_v6_endpoint(server, endpoints, dns):
    """A public address of IPv6 is as good as one of IPv4."""
    user = server.user()
    endpoint = endpoints.new(server=endpoints.sink(PUBLIC6, 443))
    dns.set(endpoint.host, PUBLIC6)
    user.register(endpoint)
    user.deliver()
    endpoint.wait()


def test_ev_16_allow_list_of_the_admin(make_server, endpoints, dns):
    """A host of the admin's own, on a private address, by plain http."""
    plain = endpoints.sink(PRIVATE4, 8081, tls=False)
    dns.set("ntfy.test", PRIVATE4)
    server = make_server(lemonade_allow_hosts="ntfy.test:8081")
    user = server.user()
    endpoint = endpoints.new(server=plain, host="ntfy.test")
    endpoint.url = f"http://ntfy.test:8081{endpoint.path}"
    user.register(endpoint)
    user.deliver()
    endpoint.wait()
    refused(server, server.user(), "https://ntfy.test:8443/inside", [plain])


@pytest.mark.parametrize("cert", ["wrong-name", "expired", "self-signed"])
def test_ev_16_bad_certificate_nothing_sent(server, endpoints, dns, cert):
    """Not even the verification push."""
    address = {"wrong-name": "11.22.33.47", "expired": "11.22.33.48",
               "self-signed": "11.22.33.49"}[cert]
    bad = endpoints.sink(address, 443, cert)
    user, endpoint = server.user(), endpoints.new(server=bad)
    dns.set(endpoint.host, address)
    assert user.set_device("phone", {"url": endpoint.url}).ok
    line = origin_line(server, endpoint.host)
    assert re.search("(?i)certificate|TLS|SSL", line)
    assert endpoint.all() == []
    assert user.status("phone")["verified"] is False


def test_ev_16_certificate_gone_bad(server, endpoints, dns):
    """A verified endpoint whose certificate is not valid any more."""
    user, endpoint = server.user(), endpoints.new()
    endpoint.tell("close")
    user.register(endpoint)
    endpoints.sink("11.22.33.48", 443, "expired")
    dns.set(endpoint.host, "11.22.33.48")
    server.renew_notifier()
    assert user.deliver() < FAST
    assert re.search("(?i)certificate|TLS|SSL",
                     origin_line(server, endpoint.host))
    assert endpoint.pushes() == []


def test_ev_16_feed_needs_good_certificate(make_server, endpoints, dns,
                                           run_dir):
    """The admin's own server too."""
    bad = endpoints.sink("11.22.33.47", 443, "wrong-name")
    endpoint = endpoints.new("feed", server=bad)
    dns.set(endpoint.host, "11.22.33.47")
    feed = Feed(endpoint, run_dir)
    server = make_server(**feed.settings())
    user = server.user()
    assert user.deliver() < FAST
    assert re.search("(?i)certificate|TLS|SSL",
                     server.log.wait(re.escape(endpoint.host))[0])
    assert endpoint.all() == []


def test_ev_16_no_redirect_is_followed(server, endpoints):
    """Neither for verification nor for pushes."""
    user, endpoint = server.user(), endpoints.new()
    trap = endpoints.new("trap")
    endpoint.tell(f"redirect=https%3A%2F%2F{trap.host}{trap.path}")
    assert user.set_device("phone", {"url": endpoint.url}).ok
    endpoint.code()
    origin_line(server, endpoint.host)
    assert trap.all() == []


# -- PL-06

def test_pl_06_retries_are_bounded(make_server, endpoints):
    """Given up after lemonade_retry_deadline; a line says so; mail is
    normal all the time."""
    server = make_server(lemonade_retry_deadline="3 secs",
                         lemonade_request_timeout="500 ms")
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    endpoint.tell("status=503")
    assert user.deliver() < FAST
    endpoint.wait(2)
    assert server.log.wait(re.escape(endpoint.host))
    wait.until(lambda: user.status("phone")["pending"] == 0, 10,
               "the push is given up")
    count = len(endpoint.pushes())
    assert 2 <= count <= 6
    wait.never(lambda: len(endpoint.pushes()) > count, 1.5)
    assert "503" in user.status("phone")["lastResult"]


def test_nf_09_late_push_is_dropped(make_server, endpoints):
    """What waited longer than its deadline is not sent when its turn comes,
    be it that nothing failed."""
    server = make_server(lemonade_retry_deadline="2 secs")
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    endpoint.tell("silent")
    user.deliver(subject="late")
    endpoint.wait(1)
    server.stop()
    time.sleep(2.5)
    endpoint.tell("")
    server.start()
    server.log.wait("gave up after 0 tries .deadline.: waited too long")
    user.deliver(subject="fresh")
    assert len(endpoint.wait(2)) == 2


def test_pl_06_comes_when_the_endpoint_is_back(quick, endpoints):
    user, endpoint = quick.user(), endpoints.new()
    user.register(endpoint)
    endpoint.tell("status=503,retry-after=1")
    user.deliver(subject="while down")
    endpoint.wait(1)
    quick.log.expect(endpoint.host)
    endpoint.tell("")
    pushes = endpoint.wait(2, timeout=8)
    assert pushes[0].id == pushes[1].id         # the same push again
    assert pushes[0].body == pushes[1].body
    wait.until(lambda: user.status("phone")["pending"] == 0)


def test_pl_06_retry_after_is_honoured(quick, endpoints):
    user, endpoint = quick.user(), endpoints.new()
    user.register(endpoint)
    endpoint.tell("status=429,retry-after=3")
    user.deliver()
    first = endpoint.wait(1)[0]
    endpoint.tell("")
    quick.log.expect(endpoint.host)
    second = endpoint.wait(2, timeout=10)[1]
    assert second.time - first.time >= 2.9


def test_pl_06_permanent_error_is_not_repeated(quick, endpoints):
    user, endpoint = quick.user(), endpoints.new()
    user.register(endpoint)
    endpoint.tell("status=403")
    user.deliver()
    endpoint.wait(1)
    quick.log.expect(endpoint.host)
    wait.until(lambda: user.status("phone")["pending"] == 0, 5)
    wait.never(lambda: len(endpoint.pushes()) > 1, 1.5)


# -- PL-04, PL-05, PL-03, SC-01, SC-02

def test_pl_04_default_has_no_message_data(server, endpoints):
    """TLS, signed, and nothing of sender, subject or text."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    user.deliver(message(subject="merger", body="of the two", extra="X: Y",
                         sender="chief@remote.test"))
    push = endpoint.wait()[0]
    assert push.record["tls"]
    for word in ("merger", "chief", "of the two", "uri", "INBOX"):
        assert word not in push.body
    assert push.headers["webhook-signature"].startswith("v1,")


def test_sc_01_sender_is_verifiable(server, endpoints):
    """The secret shown to the owner alone signs what comes."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    user.deliver(subject="private matter")
    push = endpoint.wait()[0]
    assert "private matter" not in push.body
    key = base64.b64decode(user.secrets["phone"].removeprefix("whsec_"))
    text = ".".join((push.id, push.headers["webhook-timestamp"], push.body))
    good = "v1," + base64.b64encode(hmac.new(
        key, text.encode(), hashlib.sha256).digest()).decode()
    assert good in push.headers["webhook-signature"].split(" ")
    assert abs(int(push.headers["webhook-timestamp"]) - time.time()) < 60


def test_pl_03_uidvalidity_with_additions_and_removals(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, payload=2,
                  events="(personal (MessageNew MessageExpunge))")
    user.deliver()
    endpoint.wait(1)
    user.session.select()
    user.session.must("STORE", "1", "+FLAGS.SILENT", "(\\Deleted)")
    user.session.must("EXPUNGE")
    new, gone = endpoint.wait(2)
    validity = user.session.uidvalidity()
    for push in (new, gone):
        assert push.data["vnd.lemonade.uidvalidity"] == validity
        assert f"UIDVALIDITY={validity}" in push.data["uri"]
    assert gone.data["uidset"] == "1"


def test_pl_05_collapse(server, endpoints):
    """20 deliveries in a second: the first rings at once, the rest in one
    push when the window ends; the last state is right."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, collapse=3)
    start = time.time()
    for n in range(20):
        user.deliver(subject=f"n{n}")
    spent = time.time() - start
    first = endpoint.wait(1)[0]
    assert first.time - start < 1
    last = wait.until(
        lambda: (p := endpoint.pushes()[-1]).data.get("messages") == 20 and p,
        8, "the last state")
    count = len(endpoint.pushes())
    assert count <= 2 + spent / 3
    assert last.data["uidnext"] == 21
    assert last.data["vnd.lemonade.unseen"] == 20
    assert last.time - first.time >= 2     # whole seconds
    wait.never(lambda: len(endpoint.pushes()) > count, 1)


def test_pl_05_no_collapse_by_default(server, endpoints):
    """What arrives while a push is under way is merged into one more."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    endpoint.tell("delay=0.5")
    user.deliver()
    endpoint.wait(1)
    for _ in range(5):
        user.deliver()
    pushes = endpoint.wait(2)
    assert pushes[1].data["messages"] == 6
    wait.until(lambda: user.status("phone")["pending"] == 0, 5)
    assert len(endpoint.pushes()) <= 3


def test_sc_02_flood_is_bounded(make_server, endpoints):
    """200 mails in seconds, more than 1000 a minute: the budget holds, a line
    says so; other users ring."""
    server = make_server(lemonade_budget_device=5, lemonade_budget_user=8)
    user, endpoint = server.user("sdbox"), endpoints.new()
    other, free = server.user(), endpoints.new()
    user.register(endpoint)
    other.register(free)
    flood(server, user, 200)
    server.log.wait("(?i)budget|limit|too many")
    count = len(endpoint.pushes())
    assert 1 <= count <= 6
    other.deliver()
    free.wait(1)
    wait.never(lambda: len(endpoint.pushes()) > 6, 1)
    status = user.status("phone")
    assert status["heldBack"]["budget"] >= 1
    assert user.session.must("STATUS", "INBOX", "(MESSAGES)") \
        .find(rb"MESSAGES 200")


def test_sc_02_budget_of_an_origin(make_server, endpoints):
    """All users together: one origin gets no more, others ring on. A sixth
    of an hour's budget may go at once: here 4, verification included."""
    server = make_server(lemonade_budget_origin=24)
    users, free = [server.user() for _ in range(3)], endpoints.new("free")
    first = endpoints.new()
    same = [first] + [endpoints.new(host=first.host) for _ in users[1:]]
    for user, endpoint in zip(users, same):
        user.register(endpoint)
    other = server.user()
    other.register(free)
    for user in users:
        user.deliver()

    def pushes():
        return sum(len(e.all()) for e in same)
    wait.until(lambda: pushes() >= 4, 5, "4 requests")
    other.deliver()
    free.wait(1)
    wait.never(lambda: pushes() > 4, 1)
    assert sum(user.status("phone")["pending"] for user in users) == 2


def flood(server, user, count):
    mail = message(subject="spam")
    with smtplib.LMTP("127.0.0.1", server.ports["lmtp"], timeout=30) as lmtp:
        for _ in range(count):
            lmtp.sendmail("spam@remote.test", [user.name], mail)


def test_sc_02_admin_stops_one_device(server, endpoints):
    user, endpoint = server.user(), endpoints.new()
    marker = endpoints.new("marker")
    user.register(endpoint)
    user.register(marker, "other")
    user.deliver()
    endpoint.wait(1)
    server.doveadm("lemonade", "device", "disable", "-u", user.name, "phone",
                   check=True)
    user.deliver()
    marker.wait(2)
    assert len(endpoint.pushes()) == 1


def test_sc_02_verification_pushes_are_few(server, endpoints):
    """Nobody can make the server knock at a victim's door again and again."""
    user, victim = server.user(), endpoints.new("victim")
    for n in range(20):
        user.set_device("phone", {"url": victim.url, "ttl": n + 1})
    server.log.expect("budget")
    wait.never(lambda: len(victim.all()) > 6, 1)
    assert 1 <= len(victim.all()) <= 6


# -- OB-02

def test_ob_02_latency(server, endpoints):
    """Delivery to EXISTS in IDLE, and to the push (generous bounds: figures
    are the benchmark's)."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint)
    idle = user.imap()
    idle.select()
    tag = idle.send("IDLE")
    assert idle.file.readline().startswith(b"+")
    spans = []
    for n in range(10):
        user.deliver()
        done = time.time()
        push = endpoint.wait(n + 1)[n]
        spans.append(push.time - done)
    assert sorted(spans)[5] < 0.1
    assert max(spans) < 1
    start = time.monotonic()
    while not idle.file.readline().startswith(b"* 10 EXISTS"):
        pass
    assert time.monotonic() - start < 2
    idle.sock.sendall(b"DONE\r\n")
    assert idle.finish(tag).ok
