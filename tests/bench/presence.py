#!/usr/bin/env python3
"""What connected sessions cost the notifier.

    presence.py [--sessions N] [--rounds N] [--events N]

memory: what is private to the notifier, with N sessions and without
event: CPU time of the notifier for an event that matches a device, in rounds
    that alternate: no session at all; N sessions of other users; N sessions,
    among them the device's own, so that it is held back
"""

import argparse
import contextlib
import os
import resource
import shutil
import time

from common import NO_BUDGETS, Server, median, run_dir
from lemotest import wait
from lemotest.wire import Door, event_line

TICKS = os.sysconf("SC_CLK_TCK")
AT_ONCE = 100
DEVICE = '{"channel":"null"}'


class Bench:
    def __init__(self, directory, sessions):
        # three quarters of the connections are for sessions
        limit = sessions * 4 // 3 + 200
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.server = Server(
            directory, "bench", {**NO_BUDGETS},
            f"service lemonade-notify {{\n  client_limit = {limit}\n}}\n")
        self.server.start()
        self.path = f"{self.server.base}/run/lemonade-notify"
        self.pid = self.server.notifier_pid()

    def private(self):
        """KB"""
        with open(f"/proc/{self.pid}/smaps_rollup", encoding="ascii") as f:
            return sum(int(line.split()[1]) for line in f
                       if line.startswith(("Private_Clean", "Private_Dirty")))

    def cpu(self):
        """Seconds."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as f:
            fields = f.read().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    @contextlib.contextmanager
    def sessions(self, count, name):
        """So many, each of a user of its own."""
        doors = []
        for n in range(count):
            door = Door(self.path)
            line = (f"PRESENCE\t{name}{n}@lemo.test\tsession-{n:012}\t"
                    f"192.0.2.{n % 250}\tphone")
            assert door.ask(line) == line
            doors.append(door)
        yield
        for door in doors:
            door.close()
        # all of them were read when one that comes last is answered
        with Door(self.path) as door:
            door.ask("PRESENCE\tlast@lemo.test\ts\t")

    def events(self, count, name):
        """Microseconds of CPU time an event."""
        before = self.cpu()
        with Door(self.path, 60) as door:
            for first in range(0, count, AT_ONCE):
                lines = [event_line(f"{name}{n % 1000}@lemo.test", devices=[
                    ("phone", "match", DEVICE)])
                    for n in range(first, first + AT_ONCE)]
                door.send("\n".join(lines))
                for _ in lines:
                    assert door.answer().startswith("OK\t")
        self.quiet()
        return (self.cpu() - before) * 1e6 / count

    def quiet(self):
        """No row waits any more."""
        wait.until(lambda: not self.server.rows("lemonade", "queue"), 60,
                   "the queue is empty")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=10000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--events", type=int, default=20000)
    args = parser.parse_args()
    directory = run_dir()
    bench = Bench(directory, args.sessions)
    costs = {"none": [], "others": [], "own": []}
    try:
        bench.events(args.events, "u")
        empty = bench.private()
        start = time.monotonic()
        with bench.sessions(args.sessions, "v"):
            took = time.monotonic() - start
            full = bench.private()
        for _ in range(args.rounds):
            costs["none"].append(bench.events(args.events, "u"))
            with bench.sessions(args.sessions, "v"):
                costs["others"].append(bench.events(args.events, "u"))
            costs["none"].append(bench.events(args.events, "u"))
            with bench.sessions(args.sessions, "u"):
                costs["own"].append(bench.events(args.events, "u"))
    finally:
        bench.server.stop()
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{args.sessions} sessions: {(full - empty) / 1024:.1f} MB "
          f"({empty / 1024:.1f} -> {full / 1024:.1f}), connected in "
          f"{took:.1f} s")
    for name, values in costs.items():
        print(f"  event, {name:<7} {median(values):6.1f} us of CPU time "
              f"({min(values):.1f} to {max(values):.1f})")


if __name__ == "__main__":
    main()
