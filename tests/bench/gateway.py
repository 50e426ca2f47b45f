#!/usr/bin/env python3
"""Pushes to a gateway that costs money, in ROUNDS rounds.

    gateway.py [--rounds N]

pap: EMN a second through one Kannel, from the first line to its last 1001,
    beside a bare HTTP client with as many connections, in turns
dead gateway: the notifier's CPU for an event of the admin's feed (line ->
    outbox -> HTTP answer -> row gone), beside a notifier with 5,000 pushes that
    wait for a PPG that never answers, in turns
"""

import argparse
import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import threading
import time

from common import NO_BUDGETS, Server, compile_c, median, run_dir
from lemotest import wait
from lemotest.kannel import Kannel
from lemotest.server import free_ports
from lemotest.wire import Door, event_line

PUSHES = 2000
DEAD = 5000
SENT = 40000
OPEN = 8            # lemonade_origin_connections
TICKS = os.sysconf("SC_CLK_TCK")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr"
NO_CAPS = {**NO_BUDGETS, "lemonade_sms_allow": "+49",
           "lemonade_sms_daily_user": 10 ** 6,
           "lemonade_sms_daily_total": 10 ** 7}


def rows(server):
    return int(server.rows("lemonade", "status")[0]["rows"])


def devices(server, count):
    """Lines that make each of so many verified devices ring."""
    found = []
    with Door(f"{server.base}/run/lemonade-notify-admin", 30) as door:
        for n in range(count):
            user = f"u{n}@bench.test"
            value = {"url": f"emn:+4915{n:08d}", "collapse": 0,
                     "whenConnected": "always"}
            row = door.ask(f"CODE\t{user}\t0\tphone\t{json.dumps(value)}")
            assert row.startswith("ROW\tcode="), row
            door.answer()
            value["verificationCode"] = row.split("code=")[1]
            found.append((user, ("phone", "match", json.dumps(value))))
    return found


def ring(server, devices_):
    """All of them, by one connection that does not wait."""
    lines = [event_line(user, devices=[device]) for user, device in devices_]
    with Door(f"{server.base}/run/lemonade-notify", 60) as door:
        sender = threading.Thread(
            target=lambda: [door.send(line) for line in lines])
        sender.start()
        for _ in lines:
            answer = door.answer()
            assert answer.startswith("OK\t"), answer
        sender.join()


def pap_rate(server, devices_):
    start = time.monotonic()
    ring(server, devices_)
    while rows(server) > 0:
        time.sleep(0.05)
    return len(devices_) / (time.monotonic() - start)


BODY = (b'--b\r\nContent-Type: application/xml\r\n\r\n<?xml version="1.0"?>'
        b'<pap><push-message push-id="%d@bench"><address address-value='
        b'"WAPPUSH=+49150000000/TYPE=PLMN@ppg"/></push-message></pap>\r\n'
        b'--b\r\nContent-Type: application/vnd.wap.emn+wbxml\r\n'
        b'X-Wap-Application-Id: x-wap-application:emn.ua\r\n\r\n'
        b'\x03\x0d\x6a\x00\x85\x07\x03joe@example.com\x00\x01\r\n--b--\r\n')


def bare_client(kannel, count):
    client = http.client.HTTPConnection("127.0.0.1", kannel.ports[3])
    client.connect()
    client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    headers = {
        "Authorization": "Basic bGVtb25hZGU6aHVzaC1wcGc=",
        "Content-Type":
            'multipart/related; boundary=b; type="application/xml"'}
    for n in range(count):
        client.request("POST", "/wappush", BODY % n, headers)
        assert b'"1001"' in client.getresponse().read()
    client.close()


def bare_rate(kannel):
    threads = [threading.Thread(target=bare_client,
                                args=(kannel, PUSHES // OPEN))
               for _ in range(OPEN)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return PUSHES / (time.monotonic() - start)


class Feeds:
    """Two notifiers with the same feed, one beside a dead PPG."""

    def __init__(self, directory):
        self.directory, self.first = directory, 1
        self.sender = compile_c("send-lines", directory)
        sink = compile_c("http-sink", directory)
        self.good, dead = free_ports(2)
        self.sinks = [subprocess.Popen([sink, *args],
                                       stdout=subprocess.DEVNULL)
                      for args in ([str(self.good)], ["-s", str(dead)])]
        settings = {**NO_CAPS, "lemonade_feed_events": "MessageNew",
                    "lemonade_feed_file": self.feed_file(),
                    "lemonade_emn_ppg_url": f"http://127.0.0.1:{dead}/pap"}
        self.servers = [Server(directory, name, settings).start()
                        for name in ("alone", "beside")]
        self.pids = [server.notifier_pid() for server in self.servers]
        ring(self.servers[1], devices(self.servers[1], DEAD))

    def feed_file(self):
        secret = f"{self.directory}/secret"
        with open(secret, "w", encoding="ascii") as f:
            f.write(SECRET + "\n")
        path = f"{self.directory}/feeds"
        with open(path, "w", encoding="ascii") as f:
            f.write(f"good.test http://127.0.0.1:{self.good}/x {secret}\n")
        return path

    def cpu(self, n):
        """Without a question to the notifier: that would cost, too."""
        with open(f"/proc/{self.pids[n]}/stat", encoding="ascii") as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def rest(self, n):
        """Its CPU when it has nothing left to do."""
        before, after = -1, self.cpu(n)
        while after - before > 1 / TICKS:
            time.sleep(0.3)
            before, after = after, self.cpu(n)
        return after

    def cost(self, n):
        """CPU seconds of SENT events."""
        server = self.servers[n]
        waiting, before = rows(server), self.rest(n)
        subprocess.run(
            [self.sender, f"{server.base}/run/lemonade-notify", "32",
             str(SENT), str(self.first), "good.test"], check=True,
            stdout=subprocess.DEVNULL)
        self.first += SENT
        after = self.rest(n)
        while rows(server) > waiting:   # it was kept from the CPU
            after = self.rest(n)
        return after - before

    def close(self):
        for server in self.servers:
            server.stop()
        for sink in self.sinks:
            sink.kill()
            sink.wait()


def show(what, ours, bare, unit):
    ratios = [a / b for a, b in zip(ours, bare)]
    print(f"{what:<14} {median(ours):8.2f} {median(bare):8.2f} {unit:<6}"
          f"ratio {median(ratios):.3f} ({min(ratios):.3f} to "
          f"{max(ratios):.3f})", flush=True)


def bench_pap(directory, rounds):
    kannel = Kannel(directory)
    server = None
    try:
        kannel.start()
        server = Server(directory, "pap", {
            **NO_CAPS, "lemonade_emn_ppg_url": kannel.ppg_url,
            "lemonade_gateway_file": kannel.gateway_file}).start()
        phones = devices(server, PUSHES)
        pap_rate(server, phones)
        rates = [(pap_rate(server, phones), bare_rate(kannel))
                 for _ in range(rounds)]
        # what was counted has arrived
        wait.up(lambda: kannel.count() > (2 * rounds + 1) * PUSHES, 60,
                "all EMN at the SMSC")
        show("pap", *zip(*rates), "1/s")
    finally:
        if server is not None:
            server.stop()
        kannel.stop()


def bench_dead(directory, rounds):
    with contextlib.closing(Feeds(directory)) as feeds:
        alone, beside = [], []
        for n in range(2 * rounds):
            both = ((alone, 0), (beside, 1))
            for costs, server in both if n % 2 else reversed(both):
                costs.append(feeds.cost(server))
    # CPU time grows with whatever else runs: the best of each says most
    print(f"dead gateway   {min(beside):8.2f} {min(alone):8.2f} s     ratio "
          f"{min(beside) / min(alone):.3f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    directory = run_dir()
    try:
        print("                   ours    other")
        bench_pap(directory, args.rounds)
        bench_dead(directory, args.rounds)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
