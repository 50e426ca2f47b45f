"""A Redis server of the test's own: loopback only, its own directory, ended by
its pid. doc/channels.md shows what a feed wants of it."""

import json
import os
import signal
import subprocess

import redis

from . import wait
from .server import free_ports

PASSWORD = "correct horse battery"


class Redis:
    def __init__(self, directory, name, password=None, cert=None, conf=""):
        """cert: (certificate, key) for TLS on port `tls`."""
        self.base = os.path.join(directory, name)
        os.makedirs(self.base)
        self.port, self.tls = free_ports(2)
        self.password, self.process = password, None
        lines = ["bind 127.0.0.1 127.0.0.3", f"port {self.port}", f"dir {self.base}",
                 'save ""', "appendonly yes", "appendfsync no", conf]
        if password:
            lines.append(f'requirepass "{password}"')
        if cert:
            lines += [f"tls-port {self.tls}", f"tls-cert-file {cert[0]}",
                      f"tls-key-file {cert[1]}", "tls-auth-clients no"]
        with open(f"{self.base}/redis.conf", "w", encoding="ascii") as f:
            f.write("\n".join(lines) + "\n")
        self.client = redis.Redis(port=self.port, password=password,
                                  decode_responses=True, socket_timeout=5)

    def start(self):
        with open(f"{self.base}/log", "ab") as log:
            self.process = subprocess.Popen(
                ["redis-server", f"{self.base}/redis.conf"], stdout=log,
                stdin=subprocess.DEVNULL, stderr=log, start_new_session=True)
        wait.up(self._is_up, 10, f"Redis at {self.port} up")
        return self

    def _is_up(self):
        if self.process.poll() is not None:
            with open(f"{self.base}/log", encoding="utf-8") as f:
                raise AssertionError(f.read())
        try:
            return self.client.ping()
        except redis.exceptions.RedisError:
            return False

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        self.signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)

    def url(self, stream, database=0, tls=False, user=""):
        return (f"rediss://{user}localhost:{self.tls}" if tls else
                f"redis://{user}127.0.0.1:{self.port}") + \
            f"/{database}/{stream}"

    def entries(self, stream, user=None):
        """The fields of each entry, in order; "event" is parsed."""
        found = []
        for _, fields in self.client.xrange(stream):
            if user in (None, fields["user"]):
                found.append({**fields, "event": json.loads(fields["event"])})
        return found
