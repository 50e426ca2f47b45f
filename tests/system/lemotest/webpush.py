"""A phone and its push service, by RFC 8030, 8291 and 8292, as strict as can
be, made of the Python package cryptography: nothing of it is ours. Every key is
made when the test runs."""

import base64
import hmac
import json
import os
import re
import time
import urllib.parse

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (Encoding,
                                                          PublicFormat)

from . import wait
from .endpoint import Endpoint, Push

BUCKETS = (128, 512, 1024, 2048, 3993)
URGENCIES = ("very-low", "low", "normal", "high")
BODY_MAX = 4096


def b64(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point(key):
    return key.public_key().public_bytes(Encoding.X962,
                                         PublicFormat.UncompressedPoint)


def new_keys():
    """What some other browser might give."""
    return {"p256dh": b64(point(ec.generate_private_key(ec.SECP256R1()))),
            "auth": b64(os.urandom(16))}


def hkdf(salt, secret, info, length):
    prk = hmac.digest(salt, secret, "sha256")
    return hmac.digest(prk, info + b"\x01", "sha256")[:length]


def decrypt(body, private, auth):
    """RFC 8188 and 8291: the plaintext and how long it was with padding."""
    salt, size, length = body[:16], body[16:20], body[20]
    keyid, record = body[21:21 + length], body[21 + length:]
    assert length == 65, "keyid is no uncompressed point"
    assert len(record) <= int.from_bytes(size, "big"), "several records"
    sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(),
                                                          keyid)
    shared = private.exchange(ec.ECDH(), sender)
    ikm = hkdf(auth, shared,
               b"WebPush: info\0" + point(private) + keyid, 32)
    cek = hkdf(salt, ikm, b"Content-Encoding: aes128gcm\0", 16)
    nonce = hkdf(salt, ikm, b"Content-Encoding: nonce\0", 12)
    padded = AESGCM(cek).decrypt(nonce, record, None)
    text = padded.rstrip(b"\0")
    assert text[-1:] == b"\x02", "padding of a last record"
    return text[:-1], len(padded) - 1


def check_token(authorization, origin, subscribed):
    """RFC 8292. Raises PermissionError with the status."""
    match = re.fullmatch(r"vapid t=([\w-]+)\.([\w-]+)\.([\w-]+), ?k=([\w-]+)",
                         authorization or "")
    if match is None:
        raise PermissionError(401)
    header, claims, signature, key = match.groups()
    assert json.loads(unb64(header)) == {"typ": "JWT", "alg": "ES256"}
    claims_json = json.loads(unb64(claims))
    assert claims_json["aud"] == origin, claims_json
    now = time.time()
    assert now < claims_json["exp"] <= now + 24 * 3600, claims_json
    assert re.match(r"mailto:.+@.+\.|https:", claims_json["sub"]), claims_json
    signature = unb64(signature)
    assert len(signature) == 64 and len(unb64(key)) == 65
    half = [int.from_bytes(signature[n:n + 32], "big") for n in (0, 32)]
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(),
                                                          unb64(key))
    try:
        public.verify(utils.encode_dss_signature(*half),
                      f"{header}.{claims}".encode(),
                      ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise PermissionError(403) from None
    if key != subscribed:
        raise PermissionError(403)


class Message(Push):
    """A push as the app sees it."""

    def __init__(self, record, phone):
        super().__init__(record)
        text, self.padded = decrypt(base64.b64decode(record["body_base64"]),
                                    phone.private, phone.auth)
        self.body = text.decode()

    @property
    def topic(self):
        return self.headers["topic"]

    @property
    def changed(self):
        """The types of a StateChange."""
        [types] = self.json["changed"].values()
        return set(types)


class Phone(Endpoint):
    """One push subscription. key: the applicationServerKey that it is
    restricted to; None: any server may push, as with UnifiedPush."""

    def __init__(self, endpoint, key=None):
        super().__init__(endpoint.sink, endpoint.host, endpoint.path)
        self.url = endpoint.url
        self.key = key
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.auth = os.urandom(16)
        self.errors, self.seen = [], set()
        self.sink.judges[self.path] = self.judge

    @property
    def keys(self):
        return {"p256dh": b64(point(self.private)), "auth": b64(self.auth)}

    @property
    def subscription(self):
        return {"url": self.url, "keys": self.keys}

    @property
    def origin(self):
        parts = urllib.parse.urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def judge(self, record):
        """What the push service answers."""
        try:
            self.check(record)
        except PermissionError as error:
            return f"status={error.args[0]}"
        except (AssertionError, ValueError, KeyError) as error:
            self.errors.append(repr(error))
            return "status=400"
        return f"status=201,location=/m/{len(self.seen)}"

    def check(self, record):
        headers = record["headers"]
        names = [name.lower() for name, _ in record["raw_headers"]]
        assert len(names) == len(set(names)), names
        assert record["method"] == "POST"
        assert record["tls"] == self.url.startswith("https:")
        if self.key is not None:
            check_token(headers.get("authorization"), self.origin, self.key)
        assert re.fullmatch(r"\d+", headers["ttl"]), headers
        assert headers["urgency"] in URGENCIES, headers
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,32}", headers["topic"])
        assert headers["content-encoding"] == "aes128gcm"
        body = base64.b64decode(record["body_base64"])
        assert 0 < len(body) <= BODY_MAX
        # never the same salt or key pair again, nor the signing key
        assert not self.seen & {body[:16], body[21:86]}
        assert b64(body[21:86]) not in headers.get("authorization", "")
        self.seen |= {body[:16], body[21:86]}
        self.check_body(body)

    def check_body(self, body):
        _, padded = decrypt(body, self.private, self.auth)
        assert padded in BUCKETS, padded

    def behave(self):
        """After tell(): like a push service again."""
        self.sink.told.pop(self.path)

    def all(self):
        assert not self.errors, self.errors
        return [Message(r, self) for r in self.sink.log(self.path)[self.skip:]]

    @staticmethod
    def is_verification(push):
        return push.json.get("@type") == "PushVerification"

    def code(self, timeout=5.0):
        found = wait.until(
            lambda: [p for p in self.all() if self.is_verification(p)],
            timeout, f"verification push at {self.path}")
        return found[-1].json["verificationCode"]


def published_key(user):
    """The applicationServerKey that apps subscribe with."""
    key = user.session.getmetadata("/shared/vendor/vendor.lemonade/vapid")
    assert len(unb64(key)) == 65
    return key
