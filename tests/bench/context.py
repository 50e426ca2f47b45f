#!/usr/bin/env python3
"""What an update of a sorted context costs.

    context.py [--messages N] [--rounds N]

In two mailboxes alike, of the bare server and of ours, another session sets or
clears a flag of one message; then the watching session's NOOP, which tells it,
is measured: with a context on SEARCH on the bare server, with one on SORT on
ours, and with none on either. A fresh SORT of the same kind is measured in the
same round. Then what contexts take of the process' memory, and what SELECT,
FETCH and SEARCH cost a client that has none ("bare again": how far from 1
chance alone goes).

All times are the imap process' own on the processor (/proc/PID/schedstat), so
that a busy machine does little to them.
"""

import argparse
import random
import time

from common import NOTIFY, Literal, beside_stock, median, message, percentile

FIRST = 1000        # mails that differ; all others are copies of them
CONTEXTS = 8
PROGRAMS = ("SUBJECT", "REVERSE DATE", "SIZE", "FROM REVERSE ARRIVAL")
CRITERIA = "UTF-8 UNFLAGGED"
PLAIN = {
    "SELECT": lambda imap: imap.select(),
    "FETCH": lambda imap: imap.must("FETCH 1:* (UID FLAGS)"),
    "SEARCH": lambda imap: imap.must("SEARCH UNFLAGGED UNSEEN"),
    "SEARCH header": lambda imap: imap.must("SEARCH SUBJECT 77"),
}


def fill_by_copies(user, count):
    """INBOX of `count` messages."""
    pick = random.Random(1)
    imap = user.imap()
    for _ in range(0, min(FIRST, count), 100):
        imap.must("APPEND INBOX", *[Literal(message(
            f"subject {pick.randrange(10 ** 6)}", "x" * pick.randrange(2000),
            f"u{pick.randrange(10 ** 4)}@remote.test")
            .replace(b"05 Jan", b"%02d Jan" % pick.randrange(1, 29)))
            for _ in range(100)])
    have = FIRST
    imap.select()
    while have < count:
        more = min(have, count - have, 10000)
        imap.must(f"COPY 1:{more} INBOX")
        have += more
    imap.must("NOOP")
    imap.logout()


class Session:
    """A session and the process that serves it."""

    def __init__(self, server, user):
        others = server.pids("imap")
        self.imap = user.imap()
        self.pid, = set(server.pids("imap")) - set(others)
        self.imap.select()

    def cpu(self):
        """ms, when the process has come to rest"""
        time.sleep(0.003)
        with open(f"/proc/{self.pid}/schedstat", encoding="ascii") as f:
            return int(f.read().split()[0]) / 1e6

    def measure(self, command):
        """(ms, what it returns)"""
        start = self.cpu()
        returned = command(self.imap)
        return self.cpu() - start, returned

    def private(self):
        """KB"""
        with open(f"/proc/{self.pid}/smaps_rollup", encoding="ascii") as f:
            return sum(int(line.split()[1]) for line in f
                       if line.startswith(("Private_Clean", "Private_Dirty")))


def updates(sessions, program, messages, rounds):
    """sessions: server -> function that makes one. what -> ms"""
    sort = f"({program}) {CRITERIA}"
    opened = {"SEARCH, bare": ("bare", "UID SEARCH RETURN (UPDATE COUNT) "
                               "UNFLAGGED"),
              "none, bare": ("bare", "NOOP"), "none, ours": ("ours", "NOOP"),
              "SORT, ours": ("ours", f"UID SORT RETURN (UPDATE COUNT) {sort}")}
    watchers = {name: sessions[server]() for name, (server, _) in
                opened.items()}
    for name, (_, command) in opened.items():
        watchers[name].imap.must(command)
    actors = [sessions[server]() for server in ("bare", "ours")]
    times = {name: [] for name in [*opened, "fresh SORT, ours"]}
    pick = random.Random(2)
    for turn in range(rounds):
        number = pick.randrange(1, messages + 1)
        for sign in "+-":
            for actor in actors:
                actor.imap.must(
                    f"STORE {number} {sign}FLAGS.SILENT (\\Flagged)")
            for name, watcher in watchers.items():
                took, response = watcher.measure(lambda imap:
                                                 imap.must("NOOP"))
                assert name.startswith("none") or response.find(
                    rb"ADDTO|REMOVEFROM")
                times[name].append(took)
        if turn % 5 == 0:
            times["fresh SORT, ours"].append(actors[1].measure(
                lambda imap: imap.must(f"UID SORT RETURN (COUNT) {sort}"))[0])
    for session in [*watchers.values(), *actors]:
        session.imap.logout()
    return times


def memory(session, messages):
    """Octets a message and context, once each program has run."""
    sizes = []
    for number in range(CONTEXTS):
        program = PROGRAMS[number % len(PROGRAMS)]
        for _ in range(2):      # what a SORT itself leaves in the process
            session.imap.must(f"UID SORT RETURN (COUNT) ({program}) UTF-8 ALL")
        session.imap.must(f"UID SORT RETURN (UPDATE COUNT) ({program}) UTF-8 "
                          "ALL")
        sizes.append(session.private())
    session.imap.logout()
    first = len(PROGRAMS) - 1
    return (sizes[-1] - sizes[first]) * 1024 / \
        (CONTEXTS - 1 - first) / messages


def plain(sessions, rounds):
    """command -> variant -> ratios to bare"""
    variants = {"bare": sessions["bare"](), "bare again": sessions["bare"](),
                "notify": sessions["notify"](), "ours": sessions["ours"]()}
    ratios = {}
    for what, command in PLAIN.items():
        ratios[what] = {name: [] for name in variants}
        for _ in range(rounds):
            took = {name: session.measure(command)[0]
                    for name, session in variants.items()}
            for name, ms in took.items():
                ratios[what][name].append(ms / took["bare"])
    return ratios


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--messages", type=int, default=100000)
    args = parser.parse_args()
    with beside_stock(notify=[NOTIFY]) as servers:
        users = {name: server.user("sdbox")
                 for name, server in servers.items()}
        for user in users.values():
            fill_by_copies(user, args.messages)
        sessions = {name: lambda name=name: Session(servers[name], users[name])
                    for name in servers}
        print(f"{args.messages} messages, {args.rounds} rounds; median ms of "
              "NOOP, and ratios of medians", flush=True)
        for program in PROGRAMS:
            times = {name: median(values) for name, values in updates(
                sessions, program, args.messages, args.rounds).items()}
            ours = times["SORT, ours"]
            print(f"{program}: " + "; ".join(f"{name} {ms:.3f}" for name, ms
                                             in times.items()))
            print(f"  SORT to SEARCH {ours / times['SEARCH, bare']:.2f}, "
                  f"1/{times['fresh SORT, ours'] / ours:.0f} of a fresh SORT",
                  flush=True)
        print("octets a message and context: "
              f"{memory(sessions['ours'](), args.messages):.1f}", flush=True)
        for what, variants in plain(sessions, args.rounds // 2).items():
            print(f"{what} to bare: " + ", ".join(
                f"{name} {median(values):.3f} ({percentile(values, 10):.2f} to "
                f"{percentile(values, 90):.2f})"
                for name, values in variants.items() if name != "bare"),
                flush=True)


if __name__ == "__main__":
    main()
