#!/usr/bin/env python3
"""What a gateway that hangs costs all others, each in turn.

    dead-gateways.py [--rounds N] [--waiting N] [CHANNEL...]

Events of the feed (line -> outbox -> HTTP answer -> row gone) per second of the
notifier's CPU while pushes to so many devices wait for a gateway that accepts
connections and then says nothing, against a notifier where none wait. Both are
told in turns.
"""

import argparse
import json
import os
import shutil
import subprocess
import threading

import notifier
from common import NO_BUDGETS, Server, compile_c, run_dir
from lemotest.server import free_ports
from lemotest.wire import Door, event_line

TIMEOUT = 120
CONNECTIONS = 8


def secret(directory, name, text):
    """What a gateway wants to know of us, in a file."""
    path = f"{directory}/{name}"
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    os.chmod(path, 0o600)
    return path


def gateways(directory, place):
    """channel -> settings, and the device's URL."""
    web, smtp = f"http://{place}/x", f"smtp://{place}"
    sms = {"lemonade_sms_url": web, "lemonade_sms_allow": "+49",
           "lemonade_gateway_file": secret(
               directory, "gateways", "sms us secret\nemn us secret\n"),
           "lemonade_sms_daily_total": 1000000}
    return {
        "emn": ({**sms, "lemonade_emn_ppg_url": web}, "emn:+4915112345678"),
        "mailto": ({"lemonade_mailto_url": smtp,
                    "lemonade_mailto_from": "lemonade@lemo.test"},
                   "mailto:alice@lemo.test"),
        "sip": ({"lemonade_sip_url": web,
                 "lemonade_sip_from": "sip:lemonade@lemo.test"},
                "sip:alice@lemo.test"),
        "sms": (sms, "tel:+4915112345678"),
        "webhook": ({"lemonade_allow_hosts": "127.0.0.1"}, web),
        "xmpp": ({"lemonade_xmpp_server": place,
                  "lemonade_xmpp_from": "lemonade@notify.lemo.test",
                  "lemonade_xmpp_secret_file": secret(
                      directory, "component", "secret\n")},
                 "xmpp:alice@lemo.test")}


class Bench(notifier.Bench):
    """With a server for each channel."""

    def __init__(self, directory):
        self.directory, self.first, self.users = directory, 1, 0
        self.tools = {name: compile_c(name, directory)
                      for name in ("http-sink", "send-lines")}
        self.good, self.dead = free_ports(2)
        self.sinks = [
            subprocess.Popen([self.tools["http-sink"], *args],
                             stdout=subprocess.DEVNULL)
            for args in ([str(self.good)], ["-s", str(self.dead)])]
        self.settings = {**NO_BUDGETS, "lemonade_feed_events": "MessageNew",
                         "lemonade_feed_file": self.feed_file()}
        self.untraced = self.beside = Server(directory, "beside",
                                             self.settings).start()
        self.gateways = gateways(directory, f"127.0.0.1:{self.dead}")

    def cpu(self, server):
        """In nanoseconds: the kernel's ticks are too few."""
        with open(f"/proc/{server.notifier_pid()}/schedstat",
                  encoding="ascii") as f:
            return int(f.read().split()[0]) / 1e9

    def begin(self, channel):
        settings, self.url = self.gateways[channel]
        self.server = Server(self.directory, f"with-{channel}", {
            **self.settings, **settings}).start()

    def lines(self, count):
        """What deliveries to so many users say, whose devices the admin
        vouched for."""
        lines = []
        with Door(f"{self.server.base}/run/lemonade-notify-admin",
                  TIMEOUT) as door:
            for _ in range(count):
                self.users += 1
                user = f"x{self.users}@lemo.test"
                sub = {"url": self.url}
                row = door.ask("\t".join(["CODE", user, str(os.getuid()),
                                          "phone", json.dumps(sub)]))
                sub["verificationCode"] = row.partition("code=")[2]
                assert door.answer() == "OK", row
                lines.append(event_line(user, devices=[
                    ("phone", "match", json.dumps(sub))]) + "\n")
        return lines

    def tell(self, lines):
        path = f"{self.server.base}/run/lemonade-notify"
        doors = [Door(path, TIMEOUT) for _ in range(CONNECTIONS)]
        for n, door in enumerate(doors):
            threading.Thread(
                target=door.sock.sendall, daemon=True,
                args=("".join(lines[n::CONNECTIONS]).encode(),)).start()
        for n, door in enumerate(doors):
            for _ in lines[n::CONNECTIONS]:
                assert door.answer().startswith("OK\t")
            door.close()

    def measure(self, channel, rounds, waiting):
        self.begin(channel)
        try:
            self.tell(self.lines(waiting))
            rates = [(self.end_to_end(waiting), self.end_to_end(
                server=self.beside)) for _ in range(rounds)]
            assert self.rows() == waiting
        finally:
            self.server.stop()
        notifier.show(channel, *zip(*rates))

    def close(self):
        self.server = self.beside
        super().close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--waiting", type=int, default=10000)
    parser.add_argument("channels", nargs="*")
    args = parser.parse_args()
    directory = run_dir()
    bench = Bench(directory)
    try:
        print("                     with  without  ratio")
        for channel in args.channels or bench.gateways:
            bench.measure(channel, args.rounds, args.waiting)
    finally:
        bench.close()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
