#!/usr/bin/env python3
"""XMPP messages through one Prosody, beside a bare component, interleaved.

    xmpp.py [--rounds N] [--messages N]

rate: messages a second that a client gets, from the first event at the
    notifier's socket on (line -> outbox -> stanza -> ping -> row gone), against
    a component that writes the same stanzas at once and does nothing else
dead server: events of the feed per second of the notifier's CPU while pushes
    wait for an XMPP server that does not answer, against none that wait
"""

import argparse
import base64
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import notifier
from common import NO_BUDGETS, Server, compile_c, run_dir
from lemotest import wait
from lemotest.prosody import (CLIENT_PORT, COMPONENT, COMPONENT_PORT, DOMAIN,
                              OTHER_COMPONENT, PASSWORD, SECRET, Prosody)
from lemotest.server import free_ports
from lemotest.wire import Door, escape, event_line

STREAM = ("<stream:stream xmlns='{}' xmlns:stream="
          "'http://etherx.jabber.org/streams' to='{}' version='1.0'>")
WAITING = 10000
CONNECTIONS = 8
TIMEOUT = 120


class Stream:
    """No parser: what is waited for is found in the octets."""

    def __init__(self, port, namespace, domain):
        self.sock = socket.create_connection(("127.0.0.1", port), TIMEOUT)
        self.data = b""
        self.opening = STREAM.format(namespace, domain)
        self.say(self.opening)

    def say(self, text):
        self.sock.sendall(text if isinstance(text, bytes) else text.encode())

    def until(self, pattern):
        while not (found := re.search(pattern, self.data)):
            data = self.sock.recv(1 << 16)
            assert data, self.data
            self.data += data
        self.data = self.data[found.end():]
        return found


class Receiver(Stream):
    """A client that counts its messages."""

    def __init__(self, name):
        super().__init__(CLIENT_PORT, "jabber:client", DOMAIN)
        self.until(rb"</stream:features>")
        secret = base64.b64encode(f"\0{name}\0{PASSWORD}".encode()).decode()
        self.say("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' "
                 f"mechanism='PLAIN'>{secret}</auth>")
        self.until(rb"<success[^>]*>")
        self.say(self.opening)
        self.until(rb"</stream:features>")
        self.say("<iq type='set' id='b'><bind xmlns="
                 "'urn:ietf:params:xml:ns:xmpp-bind'/></iq><presence/>")
        self.until(rb"<presence[^>]*>")
        self.count = 0
        threading.Thread(target=self.receive, daemon=True).start()

    def receive(self):
        rest = b""
        while data := self.sock.recv(1 << 18):
            rest += data
            self.count += rest.count(b"</message>")
            # an end tag may be cut
            rest = rest[rest.rfind(b">") + 1:]

    def wait(self, count):
        wait.up(lambda: self.count >= count, TIMEOUT, f"{count} messages",
                step=0.001)


class Component(Stream):
    def __init__(self):
        super().__init__(COMPONENT_PORT, "jabber:component:accept",
                         OTHER_COMPONENT)
        found = self.until(rb"<stream:stream[^>]* id='([^']*)'[^>]*>")
        digest = hashlib.sha1(found[1] + SECRET.encode()).hexdigest()
        self.say(f"<handshake>{digest}</handshake>")
        self.until(rb"<handshake ?/>")


class Bench(notifier.Bench):
    """The same, with devices by XMPP at the first of two servers."""

    def __init__(self, directory):
        self.directory, self.first, self.users = directory, 1, 0
        self.tools = {name: compile_c(name, directory)
                      for name in ("http-sink", "send-lines")}
        self.good, self.dead = free_ports(2)
        self.sinks = [subprocess.Popen(
            [self.tools["http-sink"], str(self.good)],
            stdout=subprocess.DEVNULL)]
        self.prosody = Prosody(directory).start()
        self.name = self.prosody.account()
        settings = {**NO_BUDGETS, "lemonade_feed_events": "MessageNew",
                    "lemonade_feed_file": self.feed_file()}
        self.server = Server(directory, "bench", {
            **settings, **self.prosody.settings()}).start()
        self.untraced = self.beside = Server(directory, "beside",
                                             settings).start()

    def lines(self, count):
        """What deliveries to so many new users say; each has a device that
        the admin vouched for."""
        lines = []
        path = f"{self.server.base}/run/lemonade-notify"
        with Door(path + "-admin", TIMEOUT) as door:
            for _ in range(count):
                self.users += 1
                user = f"x{self.users}@lemo.test"
                sub = {"url": f"xmpp:{self.name}@{DOMAIN}"}
                row = door.ask("\t".join(["CODE", user, str(os.getuid()),
                                          "phone", json.dumps(sub)]))
                sub["verificationCode"] = row.partition("code=")[2]
                assert door.answer() == "OK", row
                lines.append(event_line(user, devices=[
                    ("phone", "match", json.dumps(sub))]) + "\n")
        return lines

    def tell(self, lines):
        """All at once, by a few connections that are then closed."""
        path = f"{self.server.base}/run/lemonade-notify"
        doors = [Door(path, TIMEOUT) for _ in range(CONNECTIONS)]
        for n, door in enumerate(doors):
            part = lines[n::CONNECTIONS]
            threading.Thread(target=door.sock.sendall, daemon=True,
                             args=("".join(part).encode(),)).start()
        for n, door in enumerate(doors):
            for _ in lines[n::CONNECTIONS]:
                assert door.answer().startswith("OK\t")
            door.close()

    def ours(self, receiver, count):
        lines = self.lines(count)
        before, start = receiver.count, time.monotonic()
        threading.Thread(target=self.tell, args=(lines,), daemon=True).start()
        receiver.wait(before + count)
        rate = count / (time.monotonic() - start)
        wait.up(lambda: self.rows() == 0, TIMEOUT, "rows gone")
        return rate

    def bare(self, receiver, count):
        """The very octets of ours, but for the id."""
        out = self.server.doveadm("lemonade", "test", "-u", self.tester(),
                                  "--dry-run", "phone", check=True).stdout
        stanza = re.search(r"<message.*</message>", out)[0].replace(
            "tester@", f"{self.name}@").replace(COMPONENT, OTHER_COMPONENT)
        component = Component()
        before, start = receiver.count, time.monotonic()
        component.say(stanza * count)
        receiver.wait(before + count)
        rate = count / (time.monotonic() - start)
        component.sock.close()
        return rate

    def tester(self):
        user = self.server.user()
        self.server.doveadm(
            "lemonade", "device", "add", "-u", user.name, "--verified",
            "phone", f'{{"url": "xmpp:tester@{DOMAIN}"}}', check=True)
        return user.name

    def close(self):
        super().close()
        self.prosody.stop()


def dead_server(bench, rounds):
    """Events a second of CPU, with and without pushes that wait."""
    lines = bench.lines(WAITING)
    bench.prosody.process.send_signal(signal.SIGSTOP)
    bench.tell(lines)
    rates = [(bench.end_to_end(WAITING), bench.end_to_end(
        server=bench.beside)) for _ in range(rounds)]
    assert bench.rows() == WAITING
    return rates


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=6000)
    args = parser.parse_args()
    directory = run_dir()
    bench = Bench(directory)
    try:
        print("                     ours     bare  ratio")
        receiver = Receiver(bench.name)
        rates = []
        for _ in range(args.rounds):
            rates.append((bench.ours(receiver, args.messages),
                          bench.bare(receiver, args.messages)))
        notifier.show("rate", *zip(*rates))
        notifier.show("dead server", *zip(*dead_server(bench, args.rounds)))
    finally:
        bench.close()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
