#!/usr/bin/env python3
"""What Lemonade adds to an LMTP delivery, whatever the endpoint does.

    lmtp.py [--count N] [--storage sdbox|maildir]

Variants are delivered to in turn, N rounds; the difference to the bare
server is taken within each round. maildir has 5,000 files in new/. Beside
them stock push notification with the same endpoints (silent only five
times: each delivery waits for it).
"""

import argparse
import os
import random
import shutil
import time

from common import (Endpoints, Lmtp, METADATA, NO_BUDGETS, NameServer, Server,
                    add_verified, dovecot_version, median, message, percentile,
                    run_dir)

FILTER = 'OR FROM "boss" OR SUBJECT "bench" HEADER X-Priority "1"'
FILES_IN_NEW = 5000
WARM_UP = 20
SILENT_COUNT = 5
# Seconds: the endpoints run on this machine, too, and what one delivery set
# off there is not to be paid by the next.
PAUSE = 0.01

# Stock push: what it needs of the server beside METADATA, and of the user.
OX = {
    "2.3": """
mail_plugins = $mail_plugins notify push_notification
plugin {
  push_notification_driver = ox:url=URL
}
""",
    "2.4": """
mail_plugins {
  notify = yes
  push_notification = yes
}
push_notification ox {
  push_notification_ox_url = URL
}
"""}
OX_ENTRY = "/private/vendor/vendor.dovecot/http-notify"
STOCK_PORT = 8080


def fill_new(user):
    """A maildir that has seen much and was never opened."""
    new = f"{user.home}/Maildir/new"
    os.makedirs(new)
    for sub in ("cur", "tmp"):
        os.makedirs(f"{user.home}/Maildir/{sub}")
    # names as Dovecot gives them: names that count up fall into the same few
    # chains of 2.3's hash table
    rand = random.Random(1)
    for n in range(FILES_IN_NEW):
        mail = message(subject=f"old {n}")
        name = (f"{1700000000 + n * 613}.M{rand.randrange(10**6)}"
                f"P{rand.randrange(10**5)}.bench,S={len(mail)},W={len(mail)}")
        with open(f"{new}/{name}", "wb") as f:
            f.write(mail)
    for path, dirs, files in os.walk(f"{user.home}/Maildir"):
        for entry in [path] + [f"{path}/{f}" for f in dirs + files]:
            os.chown(entry, user.uid, user.uid)


class Bench:
    def __init__(self, storage, directory, dns, endpoints):
        self.storage, self.directory = storage, directory
        self.dns, self.endpoints = dns, endpoints
        self.servers, self.lmtp = [], {}

    def server(self, name, settings=None, conf="", **kwargs):
        server = Server(self.directory, name, settings, conf, **kwargs)
        self.servers.append(server.start())
        return server

    def variant(self, name, server, url=None, **fields):
        user = server.user(self.storage)
        if self.storage == "maildir":
            fill_new(user)
        if url is not None:
            add_verified(server, user, "phone", channel="webhook", url=url,
                         **(fields or {"filter": FILTER}))
        self.lmtp[name] = Lmtp(server, user)

    def urls(self):
        """Every mood an endpoint can have."""
        def told(behaviour):
            endpoint = self.endpoints.new()
            endpoint.tell(behaviour)
            return endpoint.url
        return {"instant": told("instant"), "2 s": told("delay=2"),
                "silent": told("silent"), "refused": told("refuse"),
                "DNS silent": "https://bench.silent.test/x"}

    def set_up(self):
        bare = self.server("bare", includes=[], plain=True)
        self.variant("bare", bare)
        ours = self.server("ours", {"lemonade_ca_file": self.endpoints.ca_file,
                                    **NO_BUDGETS})
        self.variant("no device", ours)
        for name, url in self.urls().items():
            self.variant(name, ours, url)
        # looked at for the trace only
        self.variant("disabled", ours, self.urls()["instant"], disabled=True)
        self.set_up_stock("stock push", "instant")
        self.set_up_stock("stock silent", "silent")

    def set_up_stock(self, name, behaviour):
        endpoint = self.endpoints.new(server=self.endpoints.sink(
            port=STOCK_PORT, tls=False))
        endpoint.tell(behaviour)
        url = endpoint.url.replace("https:", "http:")
        conf = METADATA[dovecot_version()] + \
            OX[dovecot_version()].replace("URL", url)
        name_of_file = f"{self.directory}/{name.replace(' ', '-')}"
        with open(name_of_file + ".conf", "w", encoding="utf-8") as f:
            f.write(conf)
        server = self.server(os.path.basename(name_of_file), plain=True,
                             includes=[name_of_file + ".conf"])
        self.variant(name, server)
        user = self.lmtp[name].user
        assert user.session.setmetadata(OX_ENTRY, "user=" + user.name).ok

    def run(self, count):
        mail = message(subject="bench")
        times = {name: [] for name in self.lmtp}
        for n in range(-WARM_UP, count):
            for name, lmtp in self.lmtp.items():
                if name == "stock silent" and not 0 <= n < SILENT_COUNT:
                    continue
                time.sleep(PAUSE)
                took = lmtp.deliver(mail, time.perf_counter)
                if n >= 0:
                    times[name].append([t * 1000 for t in took])
        return times

    def tear_down(self):
        for lmtp in self.lmtp.values():
            lmtp.close()
        for server in self.servers:
            server.stop()


def report(storage, times):
    print(f"{storage}, {len(times['bare'])} deliveries each; ms, from end of "
          "data to 250;\nadded = median of the differences in a round; whole "
          "= longest from MAIL to 250")
    print(f"  {'variant':<12} {'median':>8} {'p99':>8} {'added':>8} "
          f"{'whole':>9}")
    bare = [value for value, _ in times["bare"]]
    for name, pairs in times.items():
        values = [value for value, _ in pairs]
        added = median([a - b for a, b in zip(values, bare)])
        print(f"  {name:<12} {median(values):8.3f} "
              f"{percentile(values, 99):8.3f} {added:8.3f} "
              f"{max(whole for _, whole in pairs):9.1f}")


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
            bench = Bench(args.storage, directory, dns, endpoints)
            try:
                bench.set_up()
                report(args.storage, bench.run(args.count))
            finally:
                bench.tear_down()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
