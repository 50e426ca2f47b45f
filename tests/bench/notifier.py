#!/usr/bin/env python3
"""The notifier beside its yardsticks, interleaved, in ROUNDS rounds.

    notifier.py [--rounds N] [--memory]

enqueue: durable events a second from 32 clients that wait for each
    acknowledgement, against a bare loop of the same SQLite statements, 32
    events a transaction, and one
end to end: events (line -> outbox -> HTTP answer -> row gone) per second of
    the notifier's CPU, against the requests of a bare libcurl multi loop
dead host: the same while 10,000 rows wait for a host that never answers
trace: end to end and enqueue again, beside a notifier without trace
memory: resident set with a million rows (takes minutes)
"""

import argparse
import os
import shutil
import subprocess
import time

from common import NO_BUDGETS, Server, compile_c, median, run_dir
from lemotest.server import free_ports

CLIENTS = 32
ENQUEUED = 20000
SENT = 20000
DEAD_ROWS = 10000
MILLION = 1000000
OPEN = 8            # lemonade_origin_connections
LINE_OCTETS = 900
BODY_OCTETS = 1000
TICKS = os.sysconf("SC_CLK_TCK")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr"


class Bench:
    def __init__(self, directory):
        self.directory, self.first = directory, 1
        self.tools = {
            "bare-sqlite": compile_c("bare-sqlite", directory, "-lsqlite3"),
            "bare-curl": compile_c("bare-curl", directory, "-lcurl"),
            "http-sink": compile_c("http-sink", directory),
            "send-lines": compile_c("send-lines", directory)}
        self.good, self.dead = free_ports(2)
        self.sinks = [
            subprocess.Popen([self.tools["http-sink"], *args],
                             stdout=subprocess.DEVNULL)
            for args in ([str(self.good)], ["-s", str(self.dead)])]
        settings = {**NO_BUDGETS, "lemonade_feed_events": "MessageNew",
                    "lemonade_feed_file": self.feed_file(),
                    "lemonade_outbox_limit": 4 * MILLION}
        self.server = Server(directory, "bench", settings).start()
        self.untraced = Server(directory, "untraced", {
            **settings, "lemonade_trace_retention": 0}).start()

    def feed_file(self):
        secret = f"{self.directory}/secret"
        with open(secret, "w", encoding="ascii") as f:
            f.write(SECRET + "\n")
        path = f"{self.directory}/feeds"
        with open(path, "w", encoding="ascii") as f:
            f.write(f"good.test http://127.0.0.1:{self.good}/x {secret}\n"
                    f"dead.test http://127.0.0.1:{self.dead}/x {secret}\n")
        return path

    def send(self, count, domain, server=None):
        """Events a second; every user is new."""
        self.first += count
        return float(subprocess.run(
            [self.tools["send-lines"], f"{(server or self.server).base}/run/"
             "lemonade-notify", str(CLIENTS), str(count),
             str(self.first - count), domain],
            check=True, capture_output=True, text=True).stdout)

    def rows(self, server=None):
        return int((server or self.server).rows("lemonade", "status")[0]
                   ["rows"])

    def cpu(self, server):
        with open(f"/proc/{server.notifier_pid()}/stat",
                  encoding="ascii") as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def bare_sqlite(self, count=ENQUEUED, batch=CLIENTS):
        path = f"{self.directory}/bare.sqlite"
        for name in (path, path + "-wal", path + "-shm"):
            if os.path.exists(name):
                os.unlink(name)
        return float(subprocess.run(
            [self.tools["bare-sqlite"], path, str(count), str(batch),
             str(LINE_OCTETS)], check=True, capture_output=True,
            text=True).stdout)

    def bare_curl(self):
        out = subprocess.run(
            [self.tools["bare-curl"], f"http://127.0.0.1:{self.good}/x",
             str(SENT), str(OPEN), str(BODY_OCTETS)], check=True,
            capture_output=True, text=True).stdout
        return float(out.split()[-1])

    def end_to_end(self, waiting=0, server=None):
        server = server or self.server
        before = self.cpu(server)
        self.send(SENT, "good.test", server)
        while self.rows(server) > waiting:
            time.sleep(0.2)
        return SENT / (self.cpu(server) - before)

    def rss(self):
        with open(f"/proc/{self.server.notifier_pid()}/status",
                  encoding="ascii") as f:
            return next(int(line.split()[1]) / 1024 for line in f
                        if line.startswith("VmRSS"))

    def close(self):
        self.server.stop()
        self.untraced.stop()
        for sink in self.sinks:
            sink.kill()
            sink.wait()


def show(what, ours, bare):
    ratios = [a / b for a, b in zip(ours, bare)]
    print(f"{what:<16} {median(ours):8.0f} {median(bare):8.0f} "
          f"{median(ratios):6.2f}  ({min(ratios):.2f} to {max(ratios):.2f})",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", action="store_true")
    args = parser.parse_args()
    directory = run_dir()
    bench = Bench(directory)
    try:
        print("                     ours     bare  ratio")
        rounds = range(args.rounds)
        sent = [(bench.end_to_end(), bench.bare_curl()) for _ in rounds]
        show("end to end", *zip(*sent))
        traced = [(bench.end_to_end(), bench.end_to_end(
            server=bench.untraced)) for _ in rounds]
        show("trace end to end", *zip(*traced))
        bench.send(DEAD_ROWS, "dead.test")
        dead = [(bench.end_to_end(DEAD_ROWS), bench.bare_curl())
                for _ in rounds]
        show("dead host", *zip(*dead))
        enqueued = [(bench.send(ENQUEUED, "dead.test"), bench.bare_sqlite(),
                     bench.bare_sqlite(ENQUEUED // 10, 1),
                     bench.send(ENQUEUED, "dead.test", bench.untraced))
                    for _ in rounds]
        ours, batches, ones, untraced = zip(*enqueued)
        show("enqueue", ours, batches)
        show("enqueue, one", ours, ones)
        show("trace enqueue", ours, untraced)
        if args.memory:
            bench.send(MILLION - bench.rows(), "dead.test")
            print(f"memory: {bench.rows()} rows, {bench.rss():.1f} MB "
                  "resident")
    finally:
        bench.close()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
