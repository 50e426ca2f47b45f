#!/usr/bin/env python3
"""What Lemonade adds to a STORE on 4,500 messages.

    store.py [--rounds N] [--messages N] [--storage sdbox|maildir]

A round sets and clears \\Flagged and \\Seen on the whole mailbox, each with
one command and with every variant in turn; a ratio is that of a round's sum to
the bare server's in the same round. "bare again" is another user of the bare
server: how far from 1 chance alone goes; "notify" has Dovecot's own notify
plugin, which ours listens to, with no listener.
"""

import argparse
import time

from common import (NOTIFY, add_verified, beside_stock, fill, median,
                    percentile)

WARM_UP = 3
PAUSE = 0.01        # seconds, as in lmtp.py
EVENTS = ("(personal (MessageNew MessageExpunge MessageRead MessageTrash "
          "FlagsSet FlagsClear))")
COMMANDS = [f"UID STORE 1:* {sign}FLAGS.SILENT ({flag})"
            for flag in ("\\Flagged", "\\Seen") for sign in "+-"]


def set_up(servers, storage, messages):
    """variant -> session"""
    users = {name: servers[server].user(storage) for name, server in (
        ("bare", "bare"), ("bare again", "bare"), ("notify", "notify"),
        ("no device", "ours"), ("one device", "ours"))}
    add_verified(servers["ours"], users["one device"], "phone",
                 channel="null", events=EVENTS)
    return {name: fill(user, messages) for name, user in users.items()}


def one_round(sessions, first):
    """variant -> ms of each command; who begins changes."""
    names = list(sessions)
    times = {name: [] for name in names}
    for n, command in enumerate(COMMANDS, first):
        for k in range(len(names)):
            name = names[(n + k) % len(names)]
            time.sleep(PAUSE)
            start = time.perf_counter()
            sessions[name].must(command)
            times[name].append((time.perf_counter() - start) * 1000)
    return times


def ratios(rounds, name, to):
    values = [sum(times[name]) / sum(times[to]) for times in rounds]
    return (f"{median(values):8.3f} ({percentile(values, 10):.2f} to "
            f"{percentile(values, 90):.2f})")


def report(what, rounds):
    commands = len(COMMANDS)
    print(f"{what}; median ms of a command;\nratios: median (10th to 90th "
          "percentile)")
    print(f"  {'variant':<12} {'ms':>8} {'to bare':>8} {'to notify':>24}")
    for name in rounds[0]:
        each = median([sum(times[name]) / commands for times in rounds])
        print(f"  {name:<12} {each:8.2f} {ratios(rounds, name, 'bare')} "
              f"{ratios(rounds, name, 'notify')}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--messages", type=int, default=4500)
    parser.add_argument("--storage", default="sdbox",
                        choices=["sdbox", "maildir"])
    args = parser.parse_args()
    with beside_stock(notify=[NOTIFY]) as servers:
        sessions = set_up(servers, args.storage, args.messages)
        # the first command of a round goes to another variant each time
        rounds = [one_round(sessions, n * (len(COMMANDS) + 1))
                  for n in range(WARM_UP + args.rounds)][WARM_UP:]
        report(f"{args.storage}, {args.messages} messages, {len(rounds)} "
               "rounds", rounds)


if __name__ == "__main__":
    main()
