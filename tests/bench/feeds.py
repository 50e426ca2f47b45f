#!/usr/bin/env python3
"""The feeds beside their yardsticks, interleaved, in ROUNDS rounds.

    feeds.py [--rounds N]

redis live: durable events a second through notifier and Redis, from the first
    line said to the last row gone; "by CPU": a second of the notifier's CPU
redis enqueue: the same while Redis is stopped: events acknowledged a second
redis drain: those events' rows to the stream, a second, when it goes on;
    beside XADDs a second of redis-benchmark, as much in a pipeline
batch drain, single drain: rows to a webhook a second, in batches of 100 and
    each in its own request
webhook beside hanging Redis, beside locked Redis: events (line -> outbox ->
    HTTP answer -> row gone) per second of the notifier's CPU while 10,000 rows
    wait for a Redis that hangs, or that refuses the password, beside a notifier
    without such rows
"""

import argparse
import os
import shutil
import signal
import subprocess
import time

from common import NO_BUDGETS, Server, compile_c, median, run_dir
from lemotest.redis import PASSWORD, Redis
from lemotest.server import free_ports

CLIENTS = 32
EVENTS = 40000
BESIDE = 20000
WAITING = 10000
PIPELINE = 512      # the notifier's own
BODY_OCTETS = 1000
TICKS = os.sysconf("SC_CLK_TCK")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr"


class Bench:
    def __init__(self, directory):
        self.directory, self.first = directory, 1
        self.send_lines = compile_c("send-lines", directory)
        self.redis = Redis(directory, "redis").start()
        self.hanging = Redis(directory, "hanging").start()
        self.locked = Redis(directory, "locked", PASSWORD).start()
        self.port, = free_ports(1)
        self.sink = subprocess.Popen(
            [compile_c("http-sink", directory), str(self.port)],
            stdout=subprocess.DEVNULL)
        self.settings = {
            **NO_BUDGETS, "lemonade_feed_events": "MessageNew",
            "lemonade_feed_file": self.feed_file(),
            "lemonade_outbox_limit": 1000000}
        self.server = Server(directory, "bench", self.settings).start()

    def write(self, name, text):
        path = f"{self.directory}/{name}"
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        return path

    def feed_file(self):
        secret = self.write("secret", SECRET + "\n")
        wrong = self.write("wrong", "not the password\n")
        webhook = f"http://127.0.0.1:{self.port}"
        return self.write("feeds", "".join(line + "\n" for line in (
            f"redis.test {self.redis.url('mail')} -",
            f"hanging.test {self.hanging.url('mail')} -",
            f"locked.test {self.locked.url('mail')} {wrong}",
            f"batch.test {webhook}/batch {secret} batch=100",
            f"single.test {webhook}/single {secret}")))

    @staticmethod
    def rows(server):
        return int(server.rows("lemonade", "status")[0]["rows"])

    def send(self, domain, count=EVENTS, server=None):
        """Events acknowledged a second; every user is new."""
        self.first += count
        return float(subprocess.run(
            [self.send_lines, f"{(server or self.server).base}/run/"
             "lemonade-notify",
             str(CLIENTS), str(count), str(self.first - count), domain],
            check=True, capture_output=True, text=True).stdout)

    def drain(self, left=0, server=None):
        """Seconds until no more rows are left."""
        start = time.monotonic()
        while self.rows(server or self.server) > left:
            time.sleep(0.02)
        return time.monotonic() - start

    def live(self, domain):
        """Two rates: by the clock, and by the notifier's CPU."""
        start, before = time.monotonic(), cpu(self.server)
        self.send(domain)
        self.drain()
        return (EVENTS / (time.monotonic() - start),
                EVENTS / (cpu(self.server) - before))

    def per_cpu(self, server, left=0):
        before = cpu(server)
        self.send("single.test", BESIDE, server)
        self.drain(left, server)
        return BESIDE / (cpu(server) - before)

    def beside(self, domain, rounds):
        """With rows that wait for this domain, and without: two servers that
        have done nothing else before."""
        full, clear = [Server(self.directory, f"{name}-{domain}",
                              self.settings).start()
                       for name in ("full", "clear")]
        try:
            self.send(domain, WAITING, full)
            return [(self.per_cpu(full, WAITING), self.per_cpu(clear))
                    for _ in rounds]
        finally:
            full.stop()
            clear.stop()

    def stopped(self, process, domain):
        """Enqueue with the receiver stopped, then drain; and drain by the
        notifier's CPU: three rates."""
        process.send_signal(signal.SIGSTOP)
        enqueue = self.send(domain)
        before = cpu(self.server)
        process.send_signal(signal.SIGCONT)
        drain = EVENTS / self.drain()
        return enqueue, drain, EVENTS / (cpu(self.server) - before)

    def redis_benchmark(self):
        out = subprocess.run(
            ["redis-benchmark", "-p", str(self.redis.port), "-c", "1", "-P",
             str(PIPELINE), "-n", str(5 * EVENTS), "--csv", "XADD", "bare",
             "MAXLEN", "~", "100000", "*", "id", "0" * 32, "type",
             "rfc5423.MessageNew", "user", "u1234567@redis.test", "event",
             "x" * BODY_OCTETS], check=True, capture_output=True,
            text=True).stdout
        return float(out.splitlines()[-1].rsplit('"XADD', 1)[-1]
                     .split(",")[-7].strip('"'))

    def close(self):
        self.server.stop()
        self.sink.kill()
        self.sink.wait()
        for redis in (self.redis, self.hanging, self.locked):
            redis.stop()


def cpu(server):
    with open(f"/proc/{server.notifier_pid()}/stat", encoding="ascii") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def show(what, values, yardstick=None):
    line = f"{what:<36} {median(values):8.0f}"
    if yardstick:
        ratios = [a / b for a, b in zip(values, yardstick)]
        line += (f" {median(yardstick):8.0f} {median(ratios):6.2f}  "
                 f"({min(ratios):.2f} to {max(ratios):.2f})")
    print(line, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    directory = run_dir()
    os.chmod(directory, 0o755)
    bench = Bench(directory)
    rounds = range(args.rounds)
    try:
        print(f"{'events a second':<36} {'ours':>8} {'bare':>8}  ratio")
        live, live_cpu, enqueue, drain, by_cpu, bare = zip(*[
            (*bench.live("redis.test"),
             *bench.stopped(bench.redis.process, "redis.test"),
             bench.redis_benchmark()) for _ in rounds])
        show("redis live", live)
        show("redis live, by CPU", live_cpu)
        show("redis enqueue", enqueue)
        show("redis drain / redis-benchmark", drain, bare)
        show("redis drain, by CPU", by_cpu)
        batch, single = zip(*[
            (bench.stopped(bench.sink, "batch.test")[1],
             bench.stopped(bench.sink, "single.test")[1]) for _ in rounds])
        show("batch drain / single drain", batch, single)
        bench.hanging.process.send_signal(signal.SIGSTOP)
        show("webhook beside hanging Redis",
             *zip(*bench.beside("hanging.test", rounds)))
        bench.hanging.process.send_signal(signal.SIGCONT)
        show("webhook beside locked Redis",
             *zip(*bench.beside("locked.test", rounds)))
    finally:
        bench.close()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
