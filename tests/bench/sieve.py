#!/usr/bin/env python3
"""What a Sieve notify adds to an LMTP delivery.

    sieve.py [--count N]

Users with the same script but for its action are delivered to in turn, N
rounds; differences are taken within each round.
"""

import argparse
import shutil
import time

from common import (Endpoints, Lmtp, NO_BUDGETS, NameServer, Server,
                    add_verified, median, message, percentile, run_dir)
from lemotest.sieve import ManageSieve

HOST = "hooks.bench.test"
WARM_UP = 20
PAUSE = 0.01


def set_up(server, endpoints):
    """name -> connection; each beside the one it is compared with."""
    hook = endpoints.new("hook", host=HOST)
    hook.tell("instant")
    notify = f'notify :message "it rains" "{hook.url}";'
    variants = {
        "keep": ("keep;", None, "keep"),
        "push:none": ('notify "push:none";', None, "keep"),
        "target": (notify, None, "keep"),
        "8 targets": ("".join(notify.replace("rains", f"rains {n}")
                              for n in range(8)), None, "keep"),
        "online?": (f'if notify_method_capability "{hook.url}" "online" '
                    '"yes" { discard; }', None, "keep"),
        "device rings": ("keep;", "ALL", "keep"),
        "its URL": ('notify :message "it rains" "URL";', "SUBJECT never",
                    "device rings"),
        "push:phone": ('notify "push:phone";', "SUBJECT never",
                       "device rings"),
    }
    found = {}
    for name, (script, criteria, beside) in variants.items():
        user = server.user("sdbox")
        if criteria is not None:
            endpoint = endpoints.new()
            endpoint.tell("instant")
            script = script.replace("URL", endpoint.url)
            add_verified(server, user, "phone", channel="webhook",
                         url=endpoint.url, filter=criteria)
        with ManageSieve(server.ports["sieve"]) as sieve:
            sieve.login(user.name, user.password)
            sieve.put("main", f'require "enotify";\r\n{script}\r\n')
        found[name] = (Lmtp(server, user), beside)
    return found


def run(variants, count):
    mail = message(subject="bench")
    times = {name: [] for name in variants}
    for n in range(-WARM_UP, count):
        for name, (lmtp, _) in variants.items():
            time.sleep(PAUSE)
            took, _ = lmtp.deliver(mail, time.perf_counter)
            if n >= 0:
                times[name].append(took * 1000)
    return times


def report(variants, times):
    print(f"sdbox, {len(times['keep'])} deliveries each; ms, from end of data "
          "to 250;\nadded = median of the differences in a round")
    for name, values in times.items():
        beside = variants[name][1]
        added = median([a - b for a, b in zip(values, times[beside])])
        print(f"  {name:<14} {median(values):8.3f} "
              f"{percentile(values, 99):8.3f} {added:8.3f} to {beside}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    args = parser.parse_args()
    directory = run_dir()
    dns = NameServer()
    dns.set("*.test", "11.22.33.44")
    try:
        with Endpoints(f"{directory}/ca", dns) as endpoints:
            server = Server(directory, "ours", {
                "lemonade_ca_file": endpoints.ca_file,
                "lemonade_sieve_targets": f"https://{HOST}/",
                "lemonade_budget_sieve": 0, **NO_BUDGETS})
            server.start()
            try:
                variants = set_up(server, endpoints)
                report(variants, run(variants, args.count))
                for lmtp, _ in variants.values():
                    lmtp.close()
            finally:
                server.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
