"""A SIP proxy (Kamailio) that is spoken to by JSON-RPC, and phones (sipp) that
are registered with it. doc/channels.md shows the same configuration."""

import os
import re
import subprocess
import urllib.request

from . import wait

HERE = os.path.dirname(os.path.abspath(__file__))
CONF = f"{HERE}/../conf/kamailio"
# not those that the kernel gives to others meanwhile
PROXY_PORT, PHONES_PORT = 20999, 21000


class Kamailio:
    """Binds to the loopback address only."""

    def __init__(self, directory):
        self.base = os.path.join(directory, "kamailio")
        os.makedirs(f"{self.base}/run")
        self.port = PROXY_PORT
        self.domain = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.domain}/RPC"
        self.processes, self.phones = [], 0
        with open(f"{CONF}/kamailio.cfg.in", encoding="utf-8") as f:
            text = f.read().replace("@PORT@", str(self.port))
        with open(f"{self.base}/kamailio.cfg", "w", encoding="utf-8") as f:
            f.write(text)

    def start(self):
        process = self.run("kamailio", "-f", f"{self.base}/kamailio.cfg",
                           "-DD", "-E", "-m", "32", "-M", "8",
                           "-Y", f"{self.base}/run", "-w", f"{self.base}/run")
        wait.up(lambda: self._is_up(process), 20, "Kamailio up")
        return self

    def _is_up(self, process):
        with open(f"{self.base}/log", encoding="utf-8",
                  errors="replace") as f:
            assert process.poll() is None, f.read()
        try:
            # an empty request to the RPC is not answered at all
            with urllib.request.urlopen(f"http://{self.domain}/", timeout=2):
                return True
        except OSError:
            return False

    def run(self, *command):
        with open(f"{self.base}/log", "ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.base, start_new_session=True)
        self.processes.append(process)
        return process

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)

    def phone(self, answer="200 OK"):
        """A registered phone that gives this answer to every MESSAGE."""
        self.phones += 1
        return Phone(self, f"phone{self.phones}", answer)


class Phone:
    def __init__(self, proxy, name, answer):
        self.proxy, self.port = proxy, PHONES_PORT + proxy.phones
        self.uri = f"sip:{name}@{proxy.domain}"
        self.log = f"{proxy.base}/{name}.log"
        scenario = f"{proxy.base}/{name}.xml"
        with open(f"{CONF}/phone.xml.in", encoding="utf-8") as f:
            text = f.read().replace("@ANSWER@", answer)
        with open(scenario, "w", encoding="utf-8") as f:
            f.write(text)
        subprocess.run(
            ["sipp", "-nostdin", "-sf", f"{CONF}/register.xml", "-s", name,
             "-i", "127.0.0.1", "-p", str(self.port), "-m", "1",
             "-timeout", "10s", proxy.domain], cwd=proxy.base, check=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        proxy.run("sipp", "-nostdin", "-sf", scenario, "-i", "127.0.0.1",
                  "-p", str(self.port), "-trace_msg", "-message_file",
                  self.log)
        wait.up(self._listens, 10, f"{name} up")

    def _listens(self):
        with open("/proc/net/udp", encoding="ascii") as f:
            return f":{self.port:04X} " in f.read()

    @property
    def subscription(self):
        return {"channel": "sip", "url": self.uri}

    def messages(self):
        """(headers, body) of each MESSAGE that came."""
        try:
            with open(self.log, encoding="utf-8", errors="replace",
                      newline="") as f:
                text = f.read().replace("\r\n", "\n")
        except FileNotFoundError:
            return []
        found = re.findall(
            r"message received \[\d+\] bytes ?:\n\n(MESSAGE .*?)\n\n(.*?)\n"
            r"-{20}", text + "\n" + 20 * "-", re.S)
        return [(head, body.rstrip("\n")) for head, body in found]

    def wait(self, count=1, timeout=8.0):
        return wait.until(
            lambda: len(found := self.messages()) >= count and found,
            timeout, f"{count} messages at {self.uri}")

    def code(self):
        """What the person reads, and types into the app."""
        return self.wait()[-1][1].partition("Verification code: ")[2]
