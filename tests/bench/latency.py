#!/usr/bin/env python3
"""How long after LMTP said 250 the request is at the endpoint.

    latency.py [--count N] [--storage sdbox|maildir]

One delivery at a time, HTTPS with a connection that is kept; the endpoint
notes when it has read the request. Negative: the push was faster than the
reply.
"""

import argparse
import shutil
import time

from common import (Endpoints, Lmtp, NO_BUDGETS, NameServer, Server,
                    add_verified, median, message, percentile, run_dir)
from lemotest import wait

WARM_UP = 20


def measure(server, endpoints, storage, count):
    user, endpoint = server.user(storage), endpoints.new()
    add_verified(server, user, "phone", channel="webhook", url=endpoint.url)
    lmtp, mail, took = Lmtp(server, user), message(subject="bench"), []
    for n in range(WARM_UP + count):
        lmtp.deliver(mail, time.perf_counter)
        at = time.time()
        pushes = wait.until(lambda: endpoint.all(), 10, "the push",
                            step=0.001)
        if n >= WARM_UP:
            took.append((pushes[0].time - at) * 1000)
        endpoint.sink.clear()
    lmtp.close()
    return took


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--storage", default="sdbox",
                        choices=["sdbox", "maildir"])
    args = parser.parse_args()
    directory = run_dir()
    dns = NameServer()
    dns.set("*.test", "11.22.33.44")
    try:
        with Endpoints(f"{directory}/ca", dns) as endpoints:
            server = Server(directory, "latency", {
                "lemonade_ca_file": endpoints.ca_file, **NO_BUDGETS}).start()
            try:
                took = measure(server, endpoints, args.storage, args.count)
            finally:
                server.stop()
        print(f"{args.storage}, {len(took)} deliveries; LMTP 250 to request, "
              f"ms: median {median(took):.2f}, p99 "
              f"{percentile(took, 99):.2f}, longest {max(took):.2f}")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
