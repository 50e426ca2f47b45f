"""The app on a phone: it knows IMAP, its own keys and push resource, nothing
else.

doc/clients.md tells the exchanges that register() makes.
"""

import email
import email.header
import email.utils
import json
import os
import queue
import time
import urllib.parse

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec

from lemotest.imap import tokens
from lemotest.webpush import b64, check_token, decrypt, point, published_key


class BadPush(Exception):
    """A push that nobody should believe."""


def plain(value):
    """A header without its encoded words."""
    return str(email.header.make_header(email.header.decode_header(
        value or ""))).strip()


class Phone:
    """user: lemotest User. Each thing the app does has a session of its own.
    Pushes are put into .pushes by the web server's threads and taken by the
    demo's."""

    def __init__(self, user, name, title, url, criteria):
        self.user, self.name, self.title = user, name, title
        self.entry = user.entry(name)
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.auth = os.urandom(16)
        self.origin = "http://" + urllib.parse.urlsplit(url).netloc
        # payload 2: a push may say where the mail is
        self.wanted = {"deviceClientId": name, "url": url, "payload": 2,
                       "keys": {"p256dh": b64(point(self.private)),
                                "auth": b64(self.auth)}}
        if criteria is not None:
            self.wanted["filter"] = criteria
        self.server_key = self.proof = None
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

    def held_back(self):
        """reason -> how often, from the device's status entry."""
        return self.status().get("heldBack", {})

    def next_push(self, deadline):
        """(said, time of arrival), by our server and decrypted. queue.Empty
        after the deadline (Unix time, None for ever)."""
        timeout = deadline and max(deadline - time.time(), 0)
        headers, body, at = self.pushes.get(timeout=timeout)
        try:
            check_token(headers.get("Authorization"), self.origin,
                        self.server_key)
            text, _ = decrypt(body, self.private, self.auth)
        except (PermissionError, InvalidTag) as e:
            raise BadPush("it is not by our server") from e
        self.proof = (f"{len(body)} octets that the push service cannot read;"
                      " VAPID signature verified.")
        return json.loads(text), at

    def register(self, deadline):
        """Read the server's key, write the device, bring the code back."""
        self.server_key = published_key(self.user)
        refusal = self.write()
        if refusal is not None:
            raise RuntimeError("registration refused: " + refusal)
        said, _ = self.next_push(deadline)
        refusal = self.write(verificationCode=said["verificationCode"])
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
