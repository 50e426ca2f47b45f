#!/usr/bin/env python3
"""How soon IDLE tells of a delivery, what the watching costs deliveries, and
what a client pays that does not watch.

    idle.py [--count N] [--rounds N] [--storage sdbox|maildir]

"stock" is a server that is the same but for the imap plugin: what the core
plugin costs is lmtp.py's to say; "stock again" is one more of it: how far from
1 chance alone goes. Every figure comes from variants that took turns. What
commands cost is told in processor time of the imap process, which the
machine's other work changes least.
"""

import argparse
import contextlib
import os
import re
import shutil
import time

from common import (Lmtp, NO_BUDGETS, Server, dovecot_version, fill, median,
                    message, percentile, run_dir)
from lemotest.server import TOP

# longer than Dovecot gathers changes, and than the look that follows
PAUSE = 1.2
BURST = 500
MESSAGES = 1000
AT_ONCE = 5
COMMANDS = ["SELECT INBOX", "UID FETCH 1:* (FLAGS)",
            "UID FETCH 1:100 (ENVELOPE BODYSTRUCTURE)",
            "UID SEARCH UNSEEN SUBJECT old", "NOOP"]


def without_imap_plugin(directory):
    """doc/conf as it stands, less one line."""
    source = f"{TOP}/doc/conf/{dovecot_version()}"
    paths = []
    for name in sorted(os.listdir(source)):
        if name.endswith(".conf"):
            paths.append(f"{directory}/{name}")
            with open(f"{source}/{name}", encoding="utf-8") as f, \
                 open(paths[-1], "w", encoding="utf-8") as to:
                to.write(re.sub(r"(?m)^.*imap_lemonade\b.*\n", "", f.read()))
    return paths


@contextlib.contextmanager
def running():
    """Servers by name."""
    directory = run_dir()
    stock = without_imap_plugin(directory)
    servers = {name: Server(directory, name.replace(" ", "-"), NO_BUDGETS,
                            includes=includes)
               for name, includes in (("stock", stock), ("stock again", stock),
                                      ("ours", None))}
    try:
        yield {name: server.start() for name, server in servers.items()}
    finally:
        for server in servers.values():
            server.stop()
        shutil.rmtree(directory, ignore_errors=True)


class Watched:
    """A box, the session that watches it, and one who delivers to it."""

    def __init__(self, server, storage):
        self.user = server.user(storage)
        self.session = self.user.imap()
        self.session.select()
        self.session.idle()
        self.lmtp = Lmtp(server, self.user)
        self.count = 0

    def deliver(self, mail):
        self.count += 1
        return self.lmtp.deliver(mail, time.perf_counter)[1]

    def told(self):
        self.session.wait_line(rb"\* %d EXISTS" % self.count)


def isolated(boxes, count):
    """variant -> ms from 250 to EXISTS"""
    delays = {name: [] for name in boxes}
    mail = message(subject="bench")
    for n in range(-2, count):
        for name, box in boxes.items():
            box.deliver(mail)
            begin = time.perf_counter()
            box.told()
            if n >= 0:
                delays[name].append((time.perf_counter() - begin) * 1000)
        time.sleep(PAUSE)
    return delays


def bursts(boxes, rounds):
    """A burst to each at the same time, a delivery at a time: seconds."""
    names, times, mail = list(boxes), [], message(subject="burst")
    for _ in range(rounds):
        took = dict.fromkeys(names, 0)
        for n in range(BURST):
            for k in range(len(names)):
                name = names[(n + k) % len(names)]
                took[name] += boxes[name].deliver(mail)
        for box in boxes.values():
            box.told()
        times.append(took)
        time.sleep(PAUSE)
    return times


class Client:
    """One that does not watch, and the process that serves it."""

    def __init__(self, server, storage):
        others = set(server.pids("imap"))
        self.session = fill(server.user(storage), MESSAGES)
        self.pid, = set(server.pids("imap")) - others

    def cost(self, command):
        """Nanoseconds of the processor."""
        before = self.cpu()
        for _ in range(AT_ONCE):
            self.session.must(command)
        return self.cpu() - before

    def cpu(self):
        with open(f"/proc/{self.pid}/schedstat", encoding="ascii") as f:
            return int(f.read().split()[0])


def commands(clients, rounds):
    names, costs = list(clients), []
    for n in range(rounds):
        cost = {name: {} for name in names}
        for command in COMMANDS:
            for k in range(len(names)):
                name = names[(n + k) % len(names)]
                cost[name][command] = clients[name].cost(command)
        costs.append(cost)
    return costs


def ratios(values):
    return (f"{median(values):7.3f} ({percentile(values, 10):.2f} to "
            f"{percentile(values, 90):.2f})")


def report(what, delays, took, asked):
    print(f"{what}\nLMTP 250 to EXISTS, {len(delays['ours'])} alone; ms")
    for name, values in delays.items():
        print(f"  {name:<12} median {median(values):7.1f}  least "
              f"{min(values):7.1f}  most {max(values):7.1f}")
    print(f"{BURST} deliveries to a watched box, {len(took)} times; ratio to "
          "stock: median (10th to 90th percentile)")
    for name in ("stock again", "ours"):
        print(f"  {name:<12} "
              f"{ratios([times[name] / times['stock'] for times in took])}  "
              f"ms each: {median([t[name] for t in took]) / BURST * 1000:.2f}")
    print(f"Processor time for a client that does not watch, {MESSAGES} "
          "messages; ratio to stock")
    for command in COMMANDS:
        print(f"  {command:<42}")
        for name in ("stock again", "ours"):
            print("    %-12s %s" % (name, ratios(
                [times[name][command] / times["stock"][command]
                 for times in asked])))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--storage", default="sdbox",
                        choices=["sdbox", "maildir"])
    args = parser.parse_args()
    with running() as servers:
        boxes = {name: Watched(server, args.storage)
                 for name, server in servers.items()}
        delays = isolated(boxes, args.count)
        took = bursts(boxes, args.rounds)
        clients = {name: Client(server, args.storage)
                   for name, server in servers.items()}
        asked = commands(clients, args.rounds * 10)
        report(f"{args.storage}, Dovecot {dovecot_version()}", delays, took,
               asked)


if __name__ == "__main__":
    main()
