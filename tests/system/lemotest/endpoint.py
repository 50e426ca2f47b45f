"""HTTPS endpoints: sink.py at addresses that the fence lets through.

Every test has a host name of its own, so origins (queues, breakers, budgets)
of different tests never meet.
"""

import itertools
import json

import sink

from .namespace import PUBLIC4
from . import wait


class Push:
    """A request that a sink received."""

    def __init__(self, record):
        self.record = record
        self.time = record["time"]
        self.headers = record["headers"]
        self.body = record["body"]

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def type(self):
        return self.json["type"]

    @property
    def event(self):
        """The name of RFC 5423 (or ours) at the end of the type."""
        return self.type.rpartition(".")[2]

    @property
    def data(self):
        return self.json["data"]

    @property
    def id(self):
        return self.headers.get("webhook-id")

    def __repr__(self):
        return f"<Push {self.record['path']} {self.body}>"


class Endpoint:
    """One URL of one test."""

    def __init__(self, server, host, path):
        self.sink, self.host, self.path = server, host, path
        self.skip = 0
        port = "" if server.port == 443 else f":{server.port}"
        self.url = f"https://{host}{port}{path}"

    @property
    def subscription(self):
        """What an app writes to be called here."""
        return {"channel": "webhook", "url": self.url}

    def tell(self, behaviours):
        self.sink.tell(self.path, behaviours)

    def mark(self):
        """What came so far is of another test."""
        self.skip += len(self.all())

    def all(self):
        return [Push(r) for r in self.sink.log(self.path)[self.skip:]]

    @staticmethod
    def is_verification(push):
        return push.body is not None and "verificationCode" in push.body

    def pushes(self):
        """What came, without verification pushes."""
        return [p for p in self.all() if not self.is_verification(p)]

    def wait(self, count=1, timeout=5.0):
        return wait.until(
            lambda: len(found := self.pushes()) >= count and found, timeout,
            f"{count} pushes at {self.path}")

    def code(self, timeout=5.0):
        """The code of the last verification push."""
        found = wait.until(
            lambda: [p for p in self.all() if self.is_verification(p)],
            timeout, f"verification push at {self.path}")
        return found[-1].data["verificationCode"]


class Endpoints:
    def __init__(self, directory, dns):
        self.ca = sink.make_ca(directory, "DNS:lemo.test,IP:" + PUBLIC4)
        self.ca_file = self.ca.ca
        self.dns = dns
        self._count = itertools.count(1)
        self._sinks = {}

    def __enter__(self):
        self.main = self.sink()
        return self

    def __exit__(self, *_):
        for server in self._sinks.values():
            server.stop()

    def sink(self, bind=PUBLIC4, port=443, cert="good", tls=True):
        """The sink at this address, started at the first call."""
        key = (bind, port)
        if key not in self._sinks:
            self._sinks[key] = sink.Sink(
                bind, port, self.ca.cert(cert) if tls else None).start()
        return self._sinks[key]

    def new(self, name="phone", server=None, host=None):
        """An endpoint with a host name (an origin) of its own."""
        n = next(self._count)
        return Endpoint(server or self.main, host or f"e{n}.push.test",
                        f"/{name}-{n}")
