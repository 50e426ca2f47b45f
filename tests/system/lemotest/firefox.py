"""A real Firefox as the phone: headless, with this process as its push service
(the WebSocket protocol of autopush) and as the site whose service worker
subscribes. Python stdlib only; no browser driver."""

import asyncio
import base64
import hashlib
import itertools
import json
import os
import signal
import struct
import subprocess
import threading
import uuid

from . import wait
from .webpush import Phone, b64

WS_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

PREFS = {
    "dom.push.connection.enabled": True,
    "dom.push.testing.allowInsecureServerURL": True,
    "permissions.default.desktop-notification": 1,
    # nothing but the test
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.newtabpage.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.manage-offline-status": False,
    "services.settings.server": "",
    "toolkit.telemetry.enabled": False,
}

PAGE = """<!DOCTYPE html><title>mail</title><script>
const told = (what, body) => fetch(what, {method: "POST", body: body});
navigator.serviceWorker.register("sw.js")
  .then(() => navigator.serviceWorker.ready)
  .then(r => fetch("connected").then(() => r))
  .then(r => r.pushManager.subscribe(
    {userVisibleOnly: true, applicationServerKey: "%s"}))
  .then(s => told("subscribed", JSON.stringify(s)))
  .catch(e => told("failed", String(e)));
</script>"""

WORKER = """self.addEventListener("push", e => e.waitUntil(
  fetch("pushed", {method: "POST", body: e.data ? e.data.text() : ""})));
"""


class Site:
    """The site and the push service, on one port, in a thread."""

    def __init__(self, key, endpoint_url):
        self.key, self.endpoint_url = key, endpoint_url
        self.port = None
        self.told = {"subscribed": [], "failed": [], "pushed": []}
        self.acks, self.registered = [], {}
        self._writer = self._loop = self._stop = self._connected = None
        self._versions = itertools.count(1)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(
            self._serve()), daemon=True)
        self._thread.start()
        self._ready.wait(5)

    def close(self):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)

    async def _serve(self):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._connected = asyncio.Event()
        server = await asyncio.start_server(self._client, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()

    async def _client(self, reader, writer):
        try:
            while await self._request(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _request(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        path = head.split(" ")[1].strip("/")
        headers = dict(line.lower().split(": ", 1) if n else ("", "")
                       for n, line in enumerate(head.split("\r\n")[:-2]))
        if headers.get("upgrade") == "websocket":
            key = next(line.split(": ")[1] for line in head.split("\r\n")
                       if line.lower().startswith("sec-websocket-key:"))
            await self._websocket(reader, writer, key)
            return False
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if path == "connected":
            # a subscribe() before it would hang for ever
            await self._connected.wait()
        if path in self.told:
            self.told[path].append(body.decode())
        kind, text = ("text/javascript", WORKER) if path == "sw.js" else \
            ("text/html", PAGE % self.key)
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n"
                     f"Content-Length: {len(text)}\r\n\r\n{text}".encode())
        await writer.drain()
        return True

    # -- the push service

    async def _websocket(self, reader, writer, key):
        accept = base64.b64encode(hashlib.sha1(
            (key + WS_GUID).encode()).digest()).decode()
        writer.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket"
                     "\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: "
                     "push-notification\r\nSec-WebSocket-Accept: "
                     f"{accept}\r\n\r\n".encode())
        self._writer = writer
        while True:
            first, second = await reader.readexactly(2)
            size = second & 127
            if size == 126:
                [size] = struct.unpack(">H", await reader.readexactly(2))
            mask = await reader.readexactly(4)
            data = bytes(c ^ mask[n % 4] for n, c in
                         enumerate(await reader.readexactly(size)))
            if first & 15 == 8:
                return
            if first & 15 == 1:
                self._message(json.loads(data))

    def _send(self, message):
        data = json.dumps(message).encode()
        size = bytes([len(data)]) if len(data) < 126 else \
            b"\x7e" + struct.pack(">H", len(data))
        self._writer.write(b"\x81" + size + data)

    def _message(self, message):
        kind = message.get("messageType")
        if kind is None:
            self._send({})
        elif kind == "hello":
            self._send({"messageType": "hello", "uaid": uuid.uuid4().hex,
                        "status": 200, "use_webpush": True, "broadcasts": {}})
            self._connected.set()
        elif kind == "register":
            self.registered[message["channelID"]] = message.get("key")
            self._send({"messageType": "register", "status": 200,
                        "channelID": message["channelID"],
                        "pushEndpoint": self.endpoint_url})
        elif kind == "ack":
            self.acks += message["updates"]

    def push(self, body):
        """From any thread: the message of a push to the browser."""
        [channel] = self.registered
        self._loop.call_soon_threadsafe(self._send, {
            "messageType": "notification", "channelID": channel,
            "version": str(next(self._versions)), "data": b64(body),
            "headers": {"encoding": "aes128gcm"}})


class Firefox(Phone):
    """A subscription whose messages only the browser can read. A context
    manager."""

    def __init__(self, endpoint, key, directory):
        super().__init__(endpoint, key)
        self.site = Site(key, endpoint.url)
        self.directory = directory
        self.process = None

    def __enter__(self):
        os.makedirs(self.directory)
        prefs = {**PREFS,
                 "dom.push.serverURL": f"ws://127.0.0.1:{self.site.port}/"}
        with open(f"{self.directory}/user.js", "w", encoding="ascii") as f:
            for name, value in prefs.items():
                f.write(f"user_pref({json.dumps(name)}, "
                        f"{json.dumps(value)});\n")
        with open(f"{self.directory}/log", "wb") as log:
            self.process = subprocess.Popen(
                ["firefox-esr", "--headless", "--no-remote", "--profile",
                 self.directory, f"http://127.0.0.1:{self.site.port}/"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
                env={**os.environ, "HOME": self.directory,
                     "MOZ_CRASHREPORTER_DISABLE": "1"})
        return self

    def __exit__(self, *_):
        # its children share its session
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(5)
        self.site.close()

    def _told(self, what, timeout=60):
        def found():
            assert not self.site.told["failed"], self.site.told
            assert self.process.poll() is None, "Firefox ended"
            return self.site.told[what]
        return wait.up(found, timeout, f"Firefox says {what}")

    @property
    def subscription(self):
        """What pushManager.subscribe() gave, as an app would store it."""
        [text] = self._told("subscribed")
        sub = json.loads(text)
        return {"url": sub["endpoint"], "keys": sub["keys"]}

    def check_body(self, body):
        """Only the browser has the keys."""
        self.site.push(body)

    def wait_pushed(self, count):
        """The texts that the service worker read."""
        return wait.up(lambda: len(self._told("pushed")) >= count and
                       self.site.told["pushed"], 30, f"{count} pushes read")
