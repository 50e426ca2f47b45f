"""A mailbox as what a person is notified by, behind a real mail server; and
mail servers that do not behave."""

import email
import email.policy
import re
import socketserver
import threading

from . import wait

# not those that the kernel gives to others meanwhile
PORT, TLS_PORT = 20980, 20981
FROM = "lemonade@lemo.test"
SETTINGS = {"lemonade_mailto_url": f"smtp://127.0.0.1:{PORT}",
            "lemonade_mailto_from": FROM}
# Recipients that Postfix is told to refuse.
LATER, NEVER = "later@lemo.test", "never@lemo.test"


def relay_conf(ca):
    """main.cf and master.cf of a Postfix that the notifier sends by: plain at
    the loopback address, STARTTLS and TLS where the world could be."""
    cert, key = ca.cert("good")
    return {"port": PORT, "conf": f"""\
smtpd_recipient_restrictions = check_recipient_access inline:{{
 {{ {LATER} = 450 4.2.0 come later }}
 {{ {NEVER} = 550 5.1.1 nobody here }} }}
smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = may
""", "master": f"""\
11.22.33.44:{PORT} inet n - n - - smtpd
11.22.33.44:{TLS_PORT} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
tlsmgr unix - - n 1000? 1 tlsmgr
"""}


class MailPhone:
    """A user whose mailbox gets the notifications."""

    def __init__(self, user):
        self.user, self.uri = user, f"mailto:{user.name}"

    @property
    def subscription(self):
        return {"channel": "mailto", "url": self.uri}

    def raw(self):
        """Mails in INBOX, oldest first, as they are."""
        session = self.user.session
        session.select()
        response = session.cmd("UID", "FETCH", "1:*", "(BODY.PEEK[])")
        return [line[line.index(b"\r\n") + 2:-1]
                for line in response.untagged if b"BODY[]" in line]

    def messages(self):
        return [email.message_from_bytes(raw, policy=email.policy.default)
                for raw in self.raw()]

    def notifications(self):
        """Without those that ask for the code."""
        return [m for m in self.messages()
                if "auto-notified" in str(m["Auto-Submitted"])
                and "verification" not in m["Subject"]]

    def wait(self, count=1, timeout=8.0):
        return wait.until(
            lambda: len(found := self.notifications()) >= count and found,
            timeout, f"{count} notifications for {self.user.name}")

    def code(self):
        """What the person reads, and types into the app."""
        def find():
            codes = [re.search(r"Verification code: (\S+)", m.get_content())
                     for m in self.messages()
                     if "verification" in str(m["Subject"])]
            return codes and codes[-1]
        return wait.until(find, 8, "the mail with the code").group(1)


class BadServer:
    """Says what it is told instead of what it should: a list of octets, one
    before each line that comes; None: nothing any more, but stays; then it
    hangs up."""

    def __init__(self, *script):
        self.script, self.lines, self.mails = script, [], []
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            timeout = 15

            def handle(self):
                outer.talk(self.rfile, self.wfile)

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0),
                                                      Handler)
        self.server.daemon_threads = True
        self.url = f"smtp://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever)

    @staticmethod
    def read_mail(rfile):
        lines = []
        while (line := rfile.readline()) not in (b"", b".\r\n"):
            lines.append(line)
        return b"".join(lines)

    def talk(self, rfile, wfile):
        try:
            for octets in self.script:
                if octets is None:
                    rfile.read()
                    return
                wfile.write(octets)
                self.lines.append(rfile.readline())
                if octets.startswith(b"354"):
                    self.mails.append(self.lines[-1] + self.read_mail(rfile))
        except OSError:
            pass

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
