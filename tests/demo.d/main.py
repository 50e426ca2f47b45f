"""The demo: private servers, a phone, a page. Called by tests/demo, in a
mount and PID namespace of its own: how it ends does not matter, nothing is
left behind."""

import argparse
import email.message
import email.utils
import os
import queue
import re
import smtplib
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

from lemotest import namespace, wait                        # noqa: E402
from lemotest.postfix import Postfix                        # noqa: E402
from lemotest.server import Server, is_24                   # noqa: E402

import timeline                                             # noqa: E402
import web                                                  # noqa: E402
from phone import BadPush, DEVICE, Phone                    # noqa: E402

USER = "you@lemo.test"
DIRECTORY = "/run"      # covered by a file system of our own
START_TIMEOUT = 60      # seconds for everything up to the first push
SILENCE = 3             # seconds without push until the status is asked
LOG_LAG = 1             # seconds that a log line may come late
DEFAULT_FILTER = "UNSEEN UNKEYWORD $Junk UNKEYWORD $Muted"
NAMES = {"smtp": "SMTP accepted", "lmtp": "LMTP 250", "event": "event",
         "outbox": "outbox", "push": "push"}


def address(text):
    """(name, address) of a From field that a person typed."""
    name, addr = email.utils.parseaddr(text)
    if "@" not in addr or not addr.isascii():
        raise web.Refused("From needs an address such as ada@example.net.")
    return name, addr


def uids(data):
    """The messages a push is about."""
    if "vnd.lemonade.uid" in data:
        yield data["vnd.lemonade.uid"]
    for part in data.get("uidset", "").split(","):
        first, _, last = part.partition(":")
        if first:
            yield from range(int(first), int(last or first) + 1)


class Demo:
    def __init__(self, directory, pid):
        self.pid = pid
        self.web = web.Server({"/mail": self.on_mail_form,
                               "/filter": self.on_filter_form},
                              lambda *push: self.phone.on_push(*push))
        self.dovecot = Server(
            directory, "demo", {"lemonade_allow_hosts": self.web.authority},
            timeline.CONF)
        self.postfix = Postfix(directory, self.dovecot)
        self.mails = {}         # Message-ID -> what the page shows
        self.rung = {}          # (mailbox, UID) -> the same
        self.lock = threading.Lock()
        self.phone = None

    def start(self, deadline):
        self.dovecot.start()
        self.postfix.start()
        self.phone = Phone(self.dovecot.user(name=USER), self.web.hook_url)
        self.phone.register(deadline)
        self.say_facts()

    # -- what the page shows

    def services(self):
        ports = self.dovecot.ports
        login = f"user {USER}, password {self.phone.user.password}"
        return [("Page", f"http://{self.web.authority}/"),
                ("SMTP", f"127.0.0.1:{self.postfix.port} (mail to {USER})"),
                ("IMAP", f"127.0.0.1:{ports['imap']} ({login})"),
                ("ManageSieve", f"127.0.0.1:{ports['sieve']} ({login})"),
                ("LMTP", f"127.0.0.1:{ports['lmtp']}"),
                ("doveadm", f"nsenter -t {self.pid} -m -p doveadm -c "
                            f"{self.dovecot.conf_file} lemonade status")]

    def say_facts(self):
        self.web.stream.say("facts", "facts", {
            "dovecot": version("dovecot", "--version"),
            "postfix": version("postconf", "-h", "mail_version"),
            "device": DEVICE, "services": self.services(),
            "filter": self.phone.wanted.get("filter", DEFAULT_FILTER),
            "defaultFilter": DEFAULT_FILTER})

    def say_mail(self, mail, state=None, **changes):
        """Changes it and tells the page; state None leaves it as it is."""
        with self.lock:
            mail["moments"].update(changes.pop("moments", {}))
            mail.update(changes, state=state or mail["state"])
            self.web.stream.say("mail", mail["id"], mail)

    def mail_of(self, message_id):
        """A mail that did not come by our form is new here."""
        with self.lock:
            if message_id not in self.mails:
                self.mails[message_id] = {"id": str(len(self.mails) + 1),
                                          "state": "on its way",
                                          "moments": {}}
            return self.mails[message_id]

    # -- the forms

    def on_mail_form(self, fields):
        mail = self.send(fields["from"], fields["subject"], fields["text"])
        return "Postfix accepted it as mail " + mail["id"] + "."

    def on_filter_form(self, fields):
        text = fields["filter"].strip()
        refusal = self.phone.write(
            filter=None if text in ("", DEFAULT_FILTER) else text)
        if refusal is not None:
            # without Dovecot's note of how long it took
            raise web.Refused("NO " + re.sub(r" \([^)]* secs\)\.$", "",
                                             refusal))
        self.say_facts()
        return "OK, from now on this rings."

    # -- a mail on its way

    def send(self, sender, subject, text):
        """By SMTP; the clock starts with Postfix's answer."""
        name, addr = address(sender)
        message = email.message.EmailMessage()
        message["From"] = email.utils.formataddr((name, addr))
        message["To"] = USER
        message["Subject"] = " ".join(subject.split())
        message["Date"] = email.utils.localtime()
        message["Message-ID"] = email.utils.make_msgid(domain="example.net")
        message.set_content(text)
        held_back = self.held_back()
        try:
            with smtplib.SMTP("127.0.0.1", self.postfix.port,
                              timeout=30) as smtp:
                smtp.sendmail(addr, [USER], message.as_bytes())
                at = time.time() * 1e3
        except smtplib.SMTPException as e:
            raise web.Refused(f"Postfix refuses it: {e}") from e
        # the push may have been faster
        mail = self.mail_of(message["Message-ID"])
        self.say_mail(mail, moments={"smtp": at}, subject=message["Subject"],
                      **{"from": name or addr})
        threading.Timer(SILENCE, self.ask_why_silent,
                        (mail, held_back)).start()
        return mail

    def held_back(self):
        """reason -> how often, from the device's status entry."""
        return self.phone.status().get("heldBack", {})

    def ask_why_silent(self, mail, before):
        if "push" in mail["moments"]:
            return
        reasons = [reason for reason, count in self.held_back().items()
                   if count > before.get(reason, 0)]
        self.say_mail(mail, "held back: " + ", ".join(reasons) if reasons
                      else "no push of its own")

    def next_mail(self, deadline):
        """The mail that the next push rings for; None if the push is about
        something else."""
        said, at = self.phone.next_push(deadline)
        data = said["data"]
        if said["type"] != "rfc5423.MessageNew":
            self.withdraw(said["type"], data)
            return None
        mailbox, uid = data["vnd.lemonade.mailbox"], data["vnd.lemonade.uid"]
        shown = self.phone.fetch(mailbox, uid)
        message_id = shown.pop("message_id")
        mail = self.mail_of(message_id)
        self.rung[mailbox, uid] = mail
        self.say_mail(mail, "rang", moments={"push": at * 1e3}, said=said,
                      signed="Signature verified (Standard Webhooks).",
                      **shown)
        self.add_moments(mail, message_id, said["id"])
        return mail

    def withdraw(self, event, data):
        """A mail that rang was read or removed somewhere: no alert now."""
        for uid in uids(data):
            mail = self.rung.pop((data["vnd.lemonade.mailbox"], uid), None)
            if mail is not None:
                self.say_mail(mail, "withdrawn by " +
                              event.removeprefix("rfc5423."), withdrawn=True)

    def add_moments(self, mail, message_id, event_id):
        """From the log, which may lag a little."""
        def known():
            moments = timeline.event(self.dovecot.log, event_id)
            moments["lmtp"] = timeline.delivery(self.dovecot.log, message_id)
            return moments["lmtp"] and len(moments) == 3 and moments
        try:
            moments = wait.until(known, LOG_LAG)
        except wait.Timeout:
            return
        self.say_mail(mail, moments=moments)


def version(*command):
    return subprocess.run(command, check=True, capture_output=True,
                          text=True).stdout.split()[0]


def print_timeline(mail):
    moments = mail["moments"]
    for name in sorted(moments, key=moments.get):
        print(f"  {NAMES[name]:14}{moments[name] - moments['smtp']:8.1f} ms")


def enter_namespace():
    """Users and processes of our own. Returns what the rest of the machine
    calls this process."""
    pid = os.readlink("/proc/self")     # still the machine's /proc
    os.mkdir(f"{DIRECTORY}/etc")
    namespace.enter(f"{DIRECTORY}/etc", network=False)
    subprocess.run(["mount", "-t", "proc", "proc", "/proc"], check=True)
    return pid


def ring_once(demo, deadline):
    """The first mail; returns when its push came."""
    first = demo.send("Ada Lovelace <ada@example.net>", "Lunch at noon?",
                      "The lemon tree café has a free table.")
    while demo.next_mail(deadline) is not first:
        pass
    print("The phone rang:")
    moments = first["moments"]
    for name in sorted(moments, key=moments.get):
        print(f"  {NAMES[name]:14}{moments[name] - moments['smtp']:8.1f} ms")


def main():
    parser = argparse.ArgumentParser(prog="tests/demo")
    parser.add_argument("--once", action="store_true")
    arguments = parser.parse_args()
    pid = enter_namespace()
    print("Starting servers ...", flush=True)
    deadline = time.time() + START_TIMEOUT
    demo = Demo(DIRECTORY, pid)
    try:
        demo.start(deadline)
        ring_once(demo, deadline)
    except (AssertionError, RuntimeError, BadPush, queue.Empty) as e:
        sys.exit("\n".join(demo.dovecot.log.lines()[-20:] + [
            f"tests/demo: {e or 'no push came in time'}"]))
    if arguments.once:
        return
    print()
    for name, text in demo.services():
        print(f"  {name:12}{text}")
    print("\nCtrl-C ends it and leaves nothing behind.", flush=True)
    while True:
        try:
            demo.next_mail(None)
        except (BadPush, AssertionError, OSError) as e:
            print("A push came to nothing:", e, file=sys.stderr)


if __name__ == "__main__":
    main()
