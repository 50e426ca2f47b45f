"""An SMS gateway and Push Proxy Gateway (Kannel) with its own test SMSC. It
binds to all addresses: only in a network namespace of the test's own."""

import itertools
import os
import re
import socket
import subprocess
import urllib.parse

from . import wait

HERE = os.path.dirname(os.path.abspath(__file__))
CONF = f"{HERE}/../conf/kannel/kannel.conf.in"
FAKESMSC = "/usr/lib/kannel/test/fakesmsc"
# not those that the kernel gives to others meanwhile
FIRST_PORT, PORTS = 20900, 6
# the WAP push's user data header: its length, ports 2948 from 9200
UDH = bytes.fromhex("0605040b8423f0")


class Kannel:
    SECRETS = ("hush-sms", "hush-ppg")

    def __init__(self, directory):
        self.base = os.path.join(directory, "kannel")
        os.makedirs(self.base)
        self.ports = [FIRST_PORT + n for n in range(PORTS)]
        self.ppg_url = f"http://127.0.0.1:{self.ports[3]}/wappush"
        self.sms_url = f"http://127.0.0.1:{self.ports[5]}/cgi-bin/sendsms"
        self.processes, self._numbers = [], itertools.count(1)
        with open(CONF, encoding="utf-8") as f:
            text = f.read().replace("@BASE@", self.base)
        for n, port in enumerate(self.ports):
            text = text.replace(f"@PORT{n}@", str(port))
        with open(f"{self.base}/kannel.conf", "w", encoding="utf-8") as f:
            f.write(text)
        # root's alone
        self.gateway_file = f"{self.base}/gateways"
        with open(os.open(self.gateway_file, os.O_CREAT | os.O_WRONLY, 0o600),
                  "w", encoding="ascii") as f:
            f.write("# user and password\nsms lemonade hush-sms\n"
                    "emn lemonade hush-ppg\n")

    def start(self):
        self._run("bearerbox", f"{self.base}/kannel.conf")
        for n in (1, 2, 4):
            wait.up(lambda n=n: self._listens(n), 20, "bearerbox up")
        self._run("wapbox", f"{self.base}/kannel.conf")
        self._run("smsbox", f"{self.base}/kannel.conf")
        self._run(FAKESMSC, "-H", "127.0.0.1", "-r", str(self.ports[4]),
                  "-m", "1", "+3581 +3582 text hi")
        for n in (3, 5):
            wait.up(lambda n=n: self._listens(n), 20, "Kannel up")
        # the answer to "hi" has gone all the way
        wait.up(lambda: "no service" in self._log(), 20, "SMSC up")
        return self

    def _listens(self, n):
        assert all(p.poll() is None for p in self.processes), self._log()
        try:
            socket.create_connection(("127.0.0.1", self.ports[n]), 2).close()
        except OSError:
            return False
        return True

    def _run(self, *command):
        with open(f"{self.base}/{os.path.basename(command[0])}.out",
                  "ab") as log:
            self.processes.append(subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.base, start_new_session=True))

    def stop(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait(10)

    def _log(self):
        with open(f"{self.base}/fakesmsc.out", encoding="utf-8",
                  errors="surrogateescape") as f:
            return f.read()

    def count(self):
        """SMS that came to all numbers."""
        return self._log().count("Got message ")

    def messages(self, number):
        """(kind, octets) of each SMS to this number; for "udh" the user data
        header stands before the data."""
        found = re.findall(r"Got message \d+: <\S+ " + re.escape(number) +
                           r" (\S+) (.*?)>\n", self._log(), re.S)
        out = []
        for kind, rest in found:
            octets = rest.encode("utf-8", "surrogateescape")
            if kind == "udh":
                udh, _, data = rest.partition(" data ")
                octets = (urllib.parse.unquote_to_bytes(udh) +
                          urllib.parse.unquote_to_bytes(
                              data.replace("+", " ")))
            out.append((kind, octets))
        return out

    def phone(self, scheme="tel"):
        return Phone(self, f"+4915{next(self._numbers):08d}", scheme)


class Phone:
    """scheme: tel, or emn; that still gets its code as text."""

    def __init__(self, kannel, number, scheme):
        self.kannel, self.number = kannel, number
        self.url = f"{scheme}:{number}"
        self.subscription = {"url": self.url, "collapse": 0}

    def texts(self):
        return [octets.decode() for kind, octets in
                self.kannel.messages(self.number) if kind == "text"]

    def pushes(self):
        """The WSP pushes, without the header that all have."""
        found = [octets for kind, octets in
                 self.kannel.messages(self.number) if kind == "udh"]
        assert all(octets.startswith(UDH) for octets in found), found
        return [octets[len(UDH):] for octets in found]

    def wait(self, count=1, timeout=8.0):
        return wait.until(
            lambda: len(found := self.texts()) >= count and found,
            timeout, f"{count} SMS at {self.number}")

    def wait_pushes(self, count=1, timeout=8.0):
        return wait.until(
            lambda: len(found := self.pushes()) >= count and found,
            timeout, f"{count} pushes at {self.number}")

    def code(self):
        """What the person reads, and types into the app."""
        return self.wait()[-1].partition("Verification code: ")[2]


def emn_of(push):
    """(WSP headers, WBXML) of a push."""
    assert push[1] == 6, push       # Push
    end = 3 + push[2]
    return push[3:end], push[end:]


def decode(wbxml, directory):
    """By libwbxml's tool: the attributes of an EMN."""
    source, target = f"{directory}/emn.wbxml", f"{directory}/emn.xml"
    with open(source, "wb") as f:
        f.write(wbxml)
    subprocess.run(["wbxml2xml", "-o", target, source], check=True,
                   capture_output=True)
    with open(target, encoding="utf-8") as f:
        found = re.search(r"<emn ([^>]*)/>", f.read()).group(1)
    return dict(re.findall(r'(\w+)="([^"]*)"', found))
