"""A private Postfix in front of a Server: SMTP in, LMTP to Dovecot."""

import os
import smtplib
import subprocess

from . import wait
from .log import Log

DOMAIN = "lemo.test"

# Mail for our domain goes to Dovecot, all else nowhere: nothing leaves.
MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {base}/queue
data_directory = {base}/data
maillog_file = {base}/log/maillog
maillog_file_prefixes = {base}/log
myhostname = {domain}
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = reject_unauth_destination
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = static:all
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
default_transport = error:nothing leaves this machine
relay_transport = $default_transport
biff = no
"""

# name, type, private, unprivileged, chroot, wakeup, maxproc, command
MASTER_CF = """\
127.0.0.1:{smtp} inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
"""


SIZE = 7654321
MAIN_CF += f"message_size_limit = {SIZE}\n"


class Postfix:
    """conf, master: more lines for main.cf and master.cf."""

    def __init__(self, directory, server, conf="", master="", port=None,
                 name="postfix"):
        self.base = os.path.join(directory, name)
        self.port = port or server.smtp_port
        self.log = Log(f"{self.base}/log/maillog")
        self.process = None
        for sub in ("conf", "queue", "data", "log"):
            os.makedirs(f"{self.base}/{sub}")
        names = {"base": self.base, "domain": DOMAIN, "smtp": self.port,
                 "lmtp": server.ports["lmtp"]}
        for name, text in (("main", MAIN_CF), ("master", MASTER_CF)):
            with open(f"{self.base}/conf/{name}.cf", "w",
                      encoding="utf-8") as f:
                f.write(text.format(**names))
                f.write(conf if name == "main" else master)
        subprocess.run(["chown", "postfix:root", f"{self.base}/data"],
                       check=True)

    def command(self, *args):
        return ["postfix", "-c", f"{self.base}/conf", *args]

    def start(self):
        with open(f"{self.base}/log/start.log", "ab") as out:
            self.process = subprocess.Popen(
                self.command("start-fg"), stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, start_new_session=True)
        wait.up(self._is_up, 15, "Postfix up")
        return self

    def _is_up(self):
        if self.process.poll() is not None:
            with open(f"{self.base}/log/start.log", encoding="utf-8") as f:
                raise AssertionError("Postfix did not start: " + f.read())
        return self.log.lines("daemon started")

    def stop(self):
        if self.process is None:
            return
        subprocess.run(self.command("stop"), check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.process.wait(10)
        self.process = None

    def send(self, sender, recipients, mail):
        """Returns when the queue has it."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=10) as smtp:
            smtp.sendmail(sender, recipients, mail)

    def is_idle(self):
        """Nothing is in the queue."""
        return not any(
            files for name in ("maildrop", "incoming", "active", "deferred",
                               "hold")
            for _, _, files in os.walk(f"{self.base}/queue/{name}"))

    def settle(self):
        """Waits until each mail, and what it caused, is where it belongs."""
        wait.until(self.is_idle, 10, "the queue is empty")
