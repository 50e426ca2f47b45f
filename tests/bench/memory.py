#!/usr/bin/env python3
"""Private memory of the imap process, with Lemonade and without it.

    memory.py [--sessions N] [--storage sdbox|maildir]

N sessions of every variant, all open at once and each of a user of its own,
do the same steps; after each step the median of what only the process itself
has (Private_Clean and Private_Dirty). "stock" has what Lemonade's own
configuration needs of Dovecot: METADATA and the notify plugin. A lone session
(N = 1) also pays for the pages of libraries that several would share.
"""

import argparse
import json

from common import METADATA, NOTIFY, beside_stock, fill, median

MESSAGES = 100
DEVICE = json.dumps({"channel": "null", "payload": 2})
STEPS = {
    "login": lambda session, entry: None,
    "SELECT": lambda session, entry: session.select(),
    "IDLE": lambda session, entry: (session.idle(), session.done()),
    "FETCH": lambda session, entry: session.must(
        "UID FETCH 1:* (FLAGS ENVELOPE BODYSTRUCTURE)"),
    "STORE": lambda session, entry: session.must(
        "UID STORE 1:* +FLAGS.SILENT (\\Flagged)"),
    # the bare server has no METADATA and says so
    "SETMETADATA": lambda session, entry: session.setmetadata(entry, DEVICE),
    "GETMETADATA": lambda session, entry: session.cmd(
        f'GETMETADATA "" ({entry} {entry}/status)'),
    "STORE again": lambda session, entry: session.must(
        "UID STORE 1:* +FLAGS.SILENT (\\Seen)"),
}


class Process:
    """A session, and the process that serves it."""

    def __init__(self, server, storage):
        user = server.user(storage)
        fill(user, MESSAGES).close()
        others = server.pids("imap")
        self.entry, self.session = user.entry("phone"), user.imap()
        self.pid, = set(server.pids("imap")) - set(others)

    def private(self):
        """KB"""
        with open(f"/proc/{self.pid}/smaps_rollup", encoding="ascii") as f:
            return sum(int(line.split()[1]) for line in f
                       if line.startswith(("Private_Clean", "Private_Dirty")))


def measure(processes):
    """variant -> median KB after each step"""
    sizes = {name: [] for name in processes}
    for step in STEPS.values():
        for name, its_processes in processes.items():
            for process in its_processes:
                step(process.session, process.entry)
        for name, its_processes in processes.items():
            sizes[name].append(median([p.private() for p in its_processes]))
    return sizes


def report(what, sizes):
    print(f"{what}; KB private to an imap process, after")
    print(f"  {'step':<12} {'bare':>7} {'stock':>7} {'ours':>7} "
          f"{'to bare':>8} {'to stock':>8}")
    for step, bare, stock, ours in zip(STEPS, *sizes.values()):
        print(f"  {step:<12} {bare:7.0f} {stock:7.0f} {ours:7.0f} "
              f"{ours - bare:+8.0f} {ours - stock:+8.0f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=9)
    parser.add_argument("--storage", default="sdbox",
                        choices=["sdbox", "maildir"])
    args = parser.parse_args()
    with beside_stock(stock=[METADATA, NOTIFY]) as servers:
        processes = {name: [Process(server, args.storage)
                            for _ in range(args.sessions)]
                     for name, server in servers.items()}
        sizes = measure(processes)
        for process in processes["ours"]:
            assert process.session.getmetadata(process.entry) == DEVICE
        report(f"{args.storage}, {args.sessions} sessions each", sizes)


if __name__ == "__main__":
    main()
