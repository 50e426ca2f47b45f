"""The app on the phone: it knows IMAP, its own endpoint, nothing else.

doc/clients.md tells the three exchanges that register() makes.
"""

import base64
import email
import email.header
import email.utils
import hashlib
import hmac
import json
import queue
import time

from lemotest.imap import tokens

DEVICE = "demo-phone"
SKEW = 300  # seconds that a signature may be old (Standard Webhooks)


class BadPush(Exception):
    """A push that nobody should believe."""


def check_signature(secret, headers, body, now):
    """Standard Webhooks: any v1 signature made with our secret will do."""
    stamp = headers.get("webhook-timestamp", "")
    if not stamp.isdigit() or abs(now - int(stamp)) > SKEW:
        raise BadPush("its time stamp is missing or too old")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers.get('webhook-id', '')}.{stamp}.".encode() + body
    expected = b"v1," + base64.b64encode(
        hmac.new(key, signed, hashlib.sha256).digest())
    signatures = headers.get("webhook-signature", "").encode().split()
    if not any(hmac.compare_digest(expected, s) for s in signatures):
        raise BadPush("its signature is not by our server")


def plain(value):
    """A header without its encoded words."""
    return str(email.header.make_header(email.header.decode_header(
        value or ""))).strip()


class Phone:
    """user: lemotest User. Each thing the app does has a session of its own.
    Pushes are put into .pushes by the web server's threads and taken by the
    demo's."""

    def __init__(self, user, url):
        self.user, self.entry = user, user.entry(DEVICE)
        # payload 2: a push may say where the mail is
        self.wanted = {"deviceClientId": DEVICE, "channel": "webhook",
                       "url": url, "payload": 2}
        self.secret = None
        self.pushes = queue.Queue()

    def on_push(self, headers, body, at):
        self.pushes.put((headers, body, at))

    def write(self, **changes):
        """SETMETADATA of the whole object; None takes a field out. Returns
        the server's refusal, or None."""
        wanted = {k: v for k, v in {**self.wanted, **changes}.items()
                  if v is not None}
        with self.user.imap() as imap:
            response = imap.setmetadata(self.entry, json.dumps(wanted))
            # while it is connected it is not rung
            imap.logout()
        if not response.ok:
            return response.text
        self.wanted = wanted
        return None

    def status(self):
        with self.user.imap() as imap:
            value = imap.getmetadata(self.entry + "/status")
            imap.logout()
        return json.loads(value) if value else {}

    def next_push(self, deadline):
        """(said, time of arrival), its signature checked. queue.Empty after
        the deadline (Unix time, None for ever)."""
        timeout = deadline and max(deadline - time.time(), 0)
        headers, body, at = self.pushes.get(timeout=timeout)
        check_signature(self.secret, headers, body, at)
        return json.loads(body), at

    def register(self, deadline):
        """Write the device, read the secret, bring the code back."""
        refusal = self.write()
        if refusal is not None:
            raise RuntimeError("registration refused: " + refusal)
        self.secret = self.status()["secret"]
        said, _ = self.next_push(deadline)
        code = said["data"]["verificationCode"]
        refusal = self.write(verificationCode=code)
        if refusal is not None:
            raise RuntimeError("the code was refused: " + refusal)
        while not self.status().get("verified"):
            if time.time() > deadline:
                raise RuntimeError("the code came back, but the device is "
                                   "not verified")
            time.sleep(0.05)

    def fetch(self, mailbox, uid):
        """A push says where the mail is; the app fetches what it shows."""
        with self.user.imap() as imap:
            imap.select(mailbox)
            response = imap.must("UID FETCH", str(uid),
                                 "(PREVIEW BODY.PEEK[HEADER])")
        line = response.find(rb"^\* \d+ FETCH .*")
        if line is None:
            raise BadPush("it names a mail that is not there")
        # "*" number FETCH, then names and values in turn
        found = list(tokens(line.group(0)))[3:]
        found = dict(zip(found[::2], found[1::2]))
        mail = email.message_from_string(found["BODY[HEADER]"])
        name, address = email.utils.parseaddr(plain(mail["From"]))
        return {"from": name or address, "subject": plain(mail["Subject"]),
                "preview": found["PREVIEW"], "message_id": mail["Message-ID"]}
