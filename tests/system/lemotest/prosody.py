"""An XMPP server (Prosody) with a component's port, and clients (slixmpp) of
its users. doc/channels.md shows the same configuration."""

import asyncio
import os
import signal
import socket
import subprocess
import threading
from xml.etree import ElementTree

import slixmpp

from . import wait

HERE = os.path.dirname(os.path.abspath(__file__))
CONF = f"{HERE}/../conf/prosody"
# not those that the kernel gives to others meanwhile
CLIENT_PORT, COMPONENT_PORT = 20997, 20998
DOMAIN = "example.org"
COMPONENT, OTHER_COMPONENT = "notify.example.org", "other.example.org"
SECRET = "ground&control"
PASSWORD = "wherefore"


class Prosody:
    """Binds to the loopback address only."""

    def __init__(self, directory):
        self.base = os.path.join(directory, "prosody")
        os.makedirs(f"{self.base}/data/example%2eorg/accounts")
        self.accounts, self.phones, self.process = 0, [], None
        with open(f"{CONF}/prosody.cfg.lua.in", encoding="utf-8") as f:
            text = f.read()
        for name, value in (("BASE", self.base), ("SECRET", SECRET),
                            ("CLIENT_PORT", CLIENT_PORT),
                            ("COMPONENT_PORT", COMPONENT_PORT)):
            text = text.replace(f"@{name}@", str(value))
        text = f'plugin_paths = {{ "{CONF}" }}\n{text}'
        self.config = self.write("prosody.cfg.lua", text)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever,
                                       daemon=True)
        self.thread.start()

    def write(self, name, text):
        """A file beside it that nobody else reads."""
        path = f"{self.base}/{name}"
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o600)
        return path

    def settings(self, secret=SECRET, component=COMPONENT):
        return {"lemonade_xmpp_server": f"127.0.0.1:{COMPONENT_PORT}",
                "lemonade_xmpp_from": f"lemonade@{component}",
                "lemonade_xmpp_secret_file": self.write(
                    f"secret-{secret}", f"{secret}\n")}

    def start(self):
        with open(f"{self.base}/log", "ab") as log:
            self.process = subprocess.Popen(
                ["prosody", "--config", self.config, "-F"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.base, start_new_session=True)
        wait.up(self._is_up, 20, "Prosody up")
        return self

    def _is_up(self):
        if self.process.poll() is not None:
            with open(f"{self.base}/log", encoding="utf-8") as f:
                raise AssertionError(f.read())
        try:
            for port in (CLIENT_PORT, COMPONENT_PORT):
                socket.create_connection(("127.0.0.1", port), 2).close()
            return True
        except OSError:
            return False

    def end(self, sig=signal.SIGTERM):
        self.process.send_signal(sig)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)

    def stop(self):
        for phone in self.phones:
            phone.log_out()
        self.end()
        asyncio.run_coroutine_threadsafe(self._forget(), self.loop).result(5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)

    @staticmethod
    async def _forget():
        """What clients left to do."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def account(self):
        """The user part of a new one."""
        self.accounts += 1
        name = f"juliet{self.accounts}"
        self.write(f"data/example%2eorg/accounts/{name}.dat",
                   f'return {{ ["password"] = "{PASSWORD}"; }};\n')
        return name

    def phone(self, log_in=True):
        """Somebody's client, logged in if not told otherwise."""
        phone = Phone(self, self.account())
        self.phones.append(phone)
        if log_in:
            phone.log_in()
        return phone


class Client(slixmpp.ClientXMPP):
    """Made in the loop's thread."""

    def __init__(self, phone):
        super().__init__(phone.jid, PASSWORD, plugin_config={
            "feature_mechanisms": {"unencrypted_scram": True,
                                   "unencrypted_plain": True}})
        self.is_here = False
        self.add_event_handler("session_start", self._begin)
        self.add_event_handler(
            "message", lambda message: phone.stanzas.append(message.xml))

    def _begin(self, _event):
        self.send_presence()
        self.is_here = True

    def go(self):
        if hasattr(self, "enable_plaintext"):  # slixmpp 1.9
            self.enable_starttls = self.enable_direct_tls = False
            self.enable_plaintext = True
            self.connect("127.0.0.1", CLIENT_PORT)
        else:
            self.connect(("127.0.0.1", CLIENT_PORT), force_starttls=False,
                         disable_starttls=True)


class Phone:
    def __init__(self, server, name):
        self.server, self.client = server, None
        self.jid = f"{name}@{DOMAIN}"
        self.uri = f"xmpp:{self.jid}"
        self.stanzas = []

    @property
    def subscription(self):
        return {"channel": "xmpp", "url": self.uri}

    def log_in(self):
        async def begin(_):
            self.client = Client(self)
            self.client.go()
        self.run(begin)
        wait.up(lambda: self.client.is_here, 15, f"{self.jid} logged in")

    def run(self, make, timeout=10):
        """Awaits make(client) in the loop's thread."""
        async def begin():
            return await make(self.client)
        return asyncio.run_coroutine_threadsafe(
            begin(), self.server.loop).result(timeout)

    def ping(self, jid):
        """The error's condition that a ping (XEP-0199) gets, or None."""
        async def ask(client):
            iq = client.make_iq(ito=jid, itype="get")
            iq.append(ElementTree.Element("{urn:xmpp:ping}ping"))
            try:
                await iq.send(timeout=8)
            except slixmpp.exceptions.IqError as error:
                return error.condition
            return None
        return self.run(ask)

    def say(self, jid, text):
        async def send(client):
            client.send_message(mto=jid, mbody=text, mtype="normal")
        self.run(send)

    def log_out(self):
        if self.client is None:
            return
        try:
            self.run(lambda client: asyncio.wait_for(
                client.disconnect(wait=0.1), 2))
        except (TimeoutError, asyncio.TimeoutError):
            pass
        self.client = None

    def wait(self, count=1, timeout=8.0):
        return [Message(xml) for xml in wait.until(
            lambda: len(self.stanzas) >= count and list(self.stanzas),
            timeout, f"{count} messages to {self.jid}")]

    def code(self):
        """What the person reads, and types into the app."""
        return self.wait()[-1].body.partition("Verification code: ")[2]


class Message:
    NAMES = {"c": "jabber:client", "oob": "jabber:x:oob",
             "shim": "http://jabber.org/protocol/shim"}

    def __init__(self, xml):
        self.xml = xml
        self.attributes = dict(xml.attrib)
        self.subject = xml.findtext("c:subject", None, self.NAMES)
        self.body = xml.findtext("c:body", None, self.NAMES)
        self.url = xml.findtext("oob:x/oob:url", None, self.NAMES)
        self.urgency = xml.findtext("shim:headers/shim:header[@name='Urgency']",
                                    None, self.NAMES)

    def __repr__(self):
        return ElementTree.tostring(self.xml, "unicode")


class Impostor:
    """Listens as an XMPP server would, and says what the test wants."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.says, self.greeted, self.heard = b"", 0, b""
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.listener.getsockname()[1]}"

    def _serve(self):
        while True:
            try:
                sock = self.listener.accept()[0]
            except OSError:
                return
            with sock:
                sock.settimeout(10)
                try:
                    sock.recv(4096)
                    self.greeted += 1
                    sock.sendall(self.says)
                    # until we are hung up on
                    while octets := sock.recv(4096):
                        self.heard += octets
                except OSError:
                    pass

    def close(self):
        self.listener.close()
