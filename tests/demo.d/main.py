"""The demo: private servers, two phones, a page. Called by tests/demo, in a
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
from phone import BadPush, Phone                            # noqa: E402

USER = "you@lemo.test"
DIRECTORY = "/run"      # covered by a file system of our own
START_TIMEOUT = 60      # seconds for everything up to the first push
SILENCE = 3             # seconds without push until the status is asked
LOG_LAG = 1             # seconds that a log line may come late
# name, what the page calls it, filter (None: the default)
PHONES = (("phone", "Your phone", None),
          ("watch", "A second phone", "FROM boss@example.net"))
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


def reasons(before, after):
    """Which counters of heldBack rose."""
    return [name for name, count in after.items()
            if count > before.get(name, 0)]


class Demo:
    def __init__(self, directory, pid):
        self.pid = pid
        self.web = web.Server({"/mail": self.on_mail_form,
                               "/filter": self.on_filter_form,
                               "/trace": self.on_trace_form}, self.on_push)
        self.dovecot = Server(
            directory, "demo", {"lemonade_allow_hosts": self.web.authority},
            timeline.CONF)
        self.postfix = Postfix(directory, self.dovecot)
        self.mails = {}         # Message-ID -> what the page shows
        self.rung = {}          # (device, mailbox, UID) -> the same
        self.lock = threading.Lock()
        self.phones = {}

    def start(self, deadline):
        self.dovecot.start()
        self.postfix.start()
        user = self.dovecot.user(name=USER)
        for name, title, criteria in PHONES:
            self.phones[name] = Phone(
                user, name, title, self.web.hook_url(name), criteria)
            self.phones[name].register(deadline)
        self.say_facts()

    def on_push(self, device, headers, body, at):
        return self.phones[device].on_push(headers, body, at)

    # -- what the page shows

    def services(self):
        ports = self.dovecot.ports
        user = next(iter(self.phones.values())).user
        login = f"user {USER}, password {user.password}"
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
            "services": self.services(), "defaultFilter": DEFAULT_FILTER,
            "phones": [{"name": phone.name, "title": phone.title,
                        "filter": phone.wanted.get("filter", DEFAULT_FILTER)}
                       for phone in self.phones.values()]})

    def say_mail(self, mail, moments=(), **changes):
        """Changes it and tells the page."""
        with self.lock:
            mail["moments"].update(moments)
            mail.update(changes)
            self.web.stream.say("mail", mail["id"], mail)

    def say_phone(self, mail, phone, **changes):
        """The same, of what it means to one phone."""
        with self.lock:
            mail["phones"].setdefault(phone.name, {}).update(changes)
            self.web.stream.say("mail", mail["id"], mail)

    def mail_of(self, message_id):
        """A mail that did not come by our form is new here."""
        with self.lock:
            if message_id not in self.mails:
                self.mails[message_id] = {"id": str(len(self.mails) + 1),
                                          "messageId": message_id,
                                          "phones": {}, "moments": {}}
            return self.mails[message_id]

    # -- the forms

    def on_mail_form(self, fields):
        mail = self.send(fields["from"], fields["subject"], fields["text"])
        return "Postfix accepted it as mail " + mail["id"] + "."

    def on_filter_form(self, fields):
        text = fields["filter"].strip()
        refusal = self.phones[fields["device"]].write(
            filter=None if text in ("", DEFAULT_FILTER) else text)
        if refusal is not None:
            # without Dovecot's note of how long it took
            raise web.Refused("NO " + re.sub(r" \([^)]* secs\)\.$", "",
                                             refusal))
        self.say_facts()
        return "OK, from now on this rings."

    def on_trace_form(self, fields):
        """What `doveadm lemonade trace` says of a mail."""
        for message_id, mail in list(self.mails.items()):
            if mail["id"] == fields["mail"]:
                rows = self.dovecot.rows("lemonade", "trace", message_id)
                return "\n".join(f"{row['time'][11:]} {row['device']:6}"
                                 f"{row['what']}" for row in rows)
        raise web.Refused("There is no such mail.")

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
        before = {phone: phone.held_back() for phone in self.phones.values()}
        try:
            with smtplib.SMTP("127.0.0.1", self.postfix.port,
                              timeout=30) as smtp:
                smtp.sendmail(addr, [USER], message.as_bytes())
                at = time.time() * 1e3
        except smtplib.SMTPException as e:
            raise web.Refused(f"Postfix refuses it: {e}") from e
        # the push may have been faster
        mail = self.mail_of(message["Message-ID"])
        self.say_mail(mail, {"smtp": at}, subject=message["Subject"],
                      **{"from": name or addr})
        threading.Timer(SILENCE, self.ask_why_silent, (mail, before)).start()
        return mail

    def ask_why_silent(self, mail, before):
        for phone, counters in before.items():
            if phone.name in mail["phones"]:
                continue
            found = reasons(counters, phone.held_back())
            self.say_phone(mail, phone, state="held back: " +
                           ", ".join(found) if found else "no push of its own")

    def next_mail(self, phone, deadline):
        """The mail that the phone's next push rings for; None if the push is
        about something else."""
        said, at = phone.next_push(deadline)
        data = said["data"]
        if said["type"] != "rfc5423.MessageNew":
            self.withdraw(phone, said["type"], data)
            return None
        mailbox, uid = data["vnd.lemonade.mailbox"], data["vnd.lemonade.uid"]
        shown = phone.fetch(mailbox, uid)
        message_id = shown.pop("message_id")
        mail = self.mail_of(message_id)
        self.rung[phone.name, mailbox, uid] = mail
        self.say_mail(mail, **shown)
        self.say_phone(mail, phone, state="rang", at=at * 1e3, said=said,
                       proof=phone.proof)
        self.add_moments(mail, message_id, said["id"])
        return mail

    def withdraw(self, phone, event, data):
        """A mail that rang was read or removed somewhere: no alert now."""
        for uid in uids(data):
            mail = self.rung.pop((phone.name, data["vnd.lemonade.mailbox"],
                                  uid), None)
            if mail is not None:
                self.say_phone(mail, phone, withdrawn=True, state="withdrawn "
                               "by " + event.removeprefix("rfc5423."))

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
        self.say_mail(mail, moments)

    def listen(self, phone):
        """For ever."""
        while True:
            try:
                self.next_mail(phone, None)
            except (BadPush, AssertionError, OSError) as e:
                print("A push came to nothing:", e, file=sys.stderr)


def version(*command):
    return subprocess.run(command, check=True, capture_output=True,
                          text=True).stdout.split()[0]


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
    phone = next(iter(demo.phones.values()))
    first = demo.send("Ada Lovelace <ada@example.net>", "Lunch at noon?",
                      "The lemon tree café has a free table.")
    while demo.next_mail(phone, deadline) is not first:
        pass
    print("The phone rang:")
    moments = {**first["moments"], "push": first["phones"][phone.name]["at"]}
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
    for phone in demo.phones.values():
        threading.Thread(target=demo.listen, args=(phone,)).start()


if __name__ == "__main__":
    main()
