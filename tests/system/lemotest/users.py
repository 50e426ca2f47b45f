"""One mail user of a test: what a person with a client can do."""

import json
import smtplib
import time

from . import wait
from .imap import Imap

VENDOR = "vendor/vendor.lemonade"
PUSH = f"/private/{VENDOR}/push"


def message(subject="hello", body="It rains.", sender="joe@remote.test",
            to="you@lemo.test", extra=""):
    """A small mail, CRLF."""
    lines = [f"From: Joe <{sender}>", f"To: {to}", f"Subject: {subject}",
             "Date: Mon, 05 Jan 2026 10:00:00 +0100",
             f"Message-ID: <{time.time_ns()}@remote.test>",
             "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8"]
    if extra:
        lines.append(extra)
    return ("\r\n".join(lines) + f"\r\n\r\n{body}\r\n").encode()


class Unavailable(OSError):
    """Not now (RFC 5530 3): a server that reloads says so at login."""


class User:
    def __init__(self, server, name, password, uid, home, storage):
        self.server, self.name, self.password = server, name, password
        self.uid, self.home, self.storage = uid, home, storage
        self.secrets = {}
        self._session = None

    # -- IMAP

    def imap(self, source=None, tls=None, buffer=None):
        """A new logged-in session; the server closes it at the end. source:
        the client's address; tls: the context to STARTTLS with; buffer:
        octets that the kernel takes for a client that does not read."""
        session = Imap(self.server.ports["imap"], source=source,
                       buffer=buffer)
        self.server.sessions.append(session)
        if tls is not None:
            session.must("STARTTLS")
            session.start_tls(tls, "localhost")
        response = session.login(self.name, self.password)
        if "[UNAVAILABLE]" in response.text:
            raise Unavailable(response)
        assert response.ok, response
        return session

    @property
    def session(self):
        """A session kept for set-up work."""
        if self._session is None:
            self._session = self.imap()
        return self._session

    def forget_session(self, among=None):
        """The server restarts, or it is among those that were closed: the next
        use logs in again."""
        if among is None or self._session in among:
            self._session = None

    # -- devices

    def entry(self, device):
        return f"{PUSH}/{device}"

    def set_device(self, device, value):
        """value: dict (as JSON), str as it is, None to delete. Our session
        writes it, so becomes the device's, and stays connected: it rings
        nevertheless, unless the test says when. The dict is told."""
        if isinstance(value, dict):
            value.setdefault("whenConnected", "always")
            value = json.dumps(value)
        return self.session.setmetadata(self.entry(device), value)

    def get_device(self, device):
        return self.session.getmetadata(self.entry(device))

    def register(self, endpoint, device="phone", **fields):
        """The three exchanges of an app: write the device, receive the
        code, write it back. Returns the object as last written; its secret
        is in self.secrets."""
        sub = {**endpoint.subscription, **fields}
        response = self.set_device(device, sub)
        assert response.ok, response
        code = endpoint.code()
        self.secrets[device] = self.status(device).get("secret")
        sub["verificationCode"] = code
        response = self.set_device(device, sub)
        assert response.ok, response
        wait.until(lambda: (self.status(device) or {}).get("verified"), 5,
                   f"{device} verified")
        return sub

    def change_device(self, device, **fields):
        """Other values in a registered device; None removes a field."""
        sub = json.loads(self.get_device(device))
        sub.update(fields)
        response = self.set_device(
            device, {k: v for k, v in sub.items() if v is not None})
        assert response.ok, response

    def status(self, device):
        """The read-only status entry; None if there is none."""
        value = self.session.getmetadata(self.entry(device) + "/status")
        return None if value is None else json.loads(value)

    # -- mail

    def deliver(self, mail=None, sender="joe@remote.test", **kwargs):
        """By LMTP; returns the seconds from end of data to 250."""
        return deliver(self.server, [self.name],
                       mail or message(**kwargs), sender)


def deliver_patiently(server, user, mail):
    """As an MTA does it while the server reloads: again, until it is
    accepted."""
    def done():
        try:
            deliver(server, [user.name], mail)
        except (smtplib.SMTPException, OSError, AssertionError):
            return False
        return True
    wait.up(done, 10, "the mail is accepted")


def deliver(server, names, mail, sender="joe@remote.test", timeout=30):
    with smtplib.LMTP("127.0.0.1", server.ports["lmtp"],
                      timeout=timeout) as lmtp:
        lmtp.ehlo()
        lmtp.mail(sender)
        for name in names:
            code, text = lmtp.rcpt(name)
            assert code == 250, (code, text)
        # smtplib.data() reads one reply; LMTP gives one a recipient
        lmtp.putcmd("data")
        assert lmtp.getreply()[0] == 354
        lmtp.send(mail.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        start = time.monotonic()
        for name in names:
            code, text = lmtp.getreply()
            assert code == 250, (name, code, text)
        return time.monotonic() - start
