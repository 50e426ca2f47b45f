"""A private Dovecot: started from doc/conf and a template, stopped by pid."""

import functools
import os
import re
import shutil
import signal
import socket
import subprocess
import time

from . import wait
from .log import Log, RELOAD
from .namespace import UIDS
from .users import User
from .wire import Door

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOP = os.path.dirname(os.path.dirname(HERE))
STOCK = os.environ.get("LEMO_STOCK", "") not in ("", "0")
PASSWORD = "sesame"
USERS = 2000    # of a storage, for one server


@functools.cache
def dovecot_version():
    """"2.3" or "2.4"."""
    text = subprocess.run(["dovecot", "--version"], check=True,
                          capture_output=True, text=True).stdout
    return ".".join(text.split(".")[:2])


def is_24():
    return dovecot_version() == "2.4"


def doc_conf():
    """The files an admin includes, in order."""
    if STOCK:
        return [f"{HERE}/conf/stock-{dovecot_version()}.conf"]
    directory = f"{TOP}/doc/conf/{dovecot_version()}"
    return [f"{directory}/{name}" for name in sorted(os.listdir(directory))
            if name.endswith(".conf")]


def free_ports(count):
    """Nobody else lives in our network namespace: no race."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def children(pid):
    """pid -> name of all descendants."""
    parents, names = {}, {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="latin-1") as f:
                text = f.read()
        except OSError:
            continue
        names[int(entry)] = text[text.index("(") + 1:text.rindex(")")]
        parents[int(entry)] = int(text[text.rindex(")") + 2:].split()[1])
    found, queue = {}, [pid]
    while queue:
        parent = queue.pop()
        for child, its_parent in parents.items():
            if its_parent == parent and child not in found:
                found[child] = names[child]
                queue.append(child)
    return found


def is_alive(pid):
    """A zombie is not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as f:
            return f.read().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


class Server:
    """smtp_port: where it submits mail, if somebody is there (a Postfix).
    settings: lemonade_* and their values; conf: more lines of config;
    includes: instead of doc/conf; plain: no setting of ours; notifier: wait
    for it at the start; clock: one that can be set, see clock.py."""

    def __init__(self, directory, name, settings=None, conf="",
                 includes=None, plain=False, notifier=True, clock=None):
        self.name, self.base = name, os.path.join(directory, name)
        self.settings, self.conf = dict(settings or {}), conf
        self.includes = doc_conf() if includes is None else includes
        self.clock = clock
        self.plain = plain or STOCK
        self.notifier = notifier and not self.plain
        *ports, self.smtp_port = free_ports(4)
        self.ports = dict(zip(("imap", "lmtp", "sieve"), ports))
        self.conf_file = f"{self.base}/dovecot.conf"
        self.state_dir = f"{self.base}/lemonade"
        self.log = Log(f"{self.base}/log/dovecot.log")
        self.users, self.sessions = {}, []
        self.process = None
        for sub in ("log", "home", "state"):
            os.makedirs(f"{self.base}/{sub}")
        self._write_users()
        with open(f"{self.base}/log/dovecot.log", "w", encoding="utf-8"):
            pass
        os.chmod(f"{self.base}/log/dovecot.log", 0o666)
        os.chmod(f"{self.base}/home", 0o755)
        # its dict makes lock files there, as the user
        os.mkdir(f"{self.base}/acl")
        os.chown(f"{self.base}/acl", UIDS["lemovmail"], UIDS["lemovmail"])
        self.write_conf()

    # -- configuration

    def write_conf(self):
        with open(f"{HERE}/conf/dovecot-{dovecot_version()}.conf.in",
                  encoding="utf-8") as f:
            text = f.read()
        lines = [self.conf]
        if self.clock is not None:
            lines.append(self.clock.conf(is_24()))
        if not self.plain:
            settings = {"lemonade_state_dir": self.state_dir, **self.settings}
            rows = [f"{k} = {v}" for k, v in settings.items()]
            if not is_24():
                rows = ["plugin {", *rows, "}"]
            lines = rows + lines
        names = {"BASE": self.base, "NAME": self.name,
                 "PORT_SMTP": str(self.smtp_port),
                 "INCLUDES": "\n".join(f"!include {path}"
                                       for path in self.includes),
                 "SETTINGS": "\n".join(lines)}
        names.update({f"PORT_{k.upper()}": str(v)
                      for k, v in self.ports.items()})
        with open(self.conf_file, "w", encoding="utf-8") as f:
            f.write(re.sub(r"@([A-Z_]+)@", lambda m: names[m.group(1)], text))

    def change(self, **settings):
        """Other settings from the next reload on."""
        self.settings.update(settings)
        self.write_conf()

    # -- life

    def start(self):
        with open(f"{self.base}/log/start.log", "ab") as out:
            self.process = subprocess.Popen(
                ["dovecot", "-F", "-c", self.conf_file],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=self.clock and {**os.environ, **self.clock.environment},
                start_new_session=True)
        wait.up(self._is_up, 10, f"Dovecot {self.name} up")
        if self.notifier:
            wait.up(self._notifier_answers, 10, f"notifier of {self.name} up")
        return self

    def _is_up(self):
        if self.process.poll() is not None:
            with open(f"{self.base}/log/start.log", encoding="utf-8") as f:
                raise AssertionError("Dovecot did not start: " + f.read())
        try:
            for port in self.ports.values():
                socket.create_connection(("127.0.0.1", port), 2).close()
        except OSError:
            return False
        return True

    def stop(self, gently=True):
        """gently: let every process end by itself, if it does in time."""
        for session in self.sessions:
            session.close()
        self.sessions.clear()
        for user in self.users.values():
            user.forget_session()
        if self.process is None:
            return
        family = children(self.process.pid)
        if gently:
            for pid in family:
                self.signal(pid, signal.SIGCONT)
            self.process.terminate()
            deadline = time.monotonic() + 5
            while time.monotonic() < deadline and self.process.poll() is None:
                time.sleep(0.01)
            while time.monotonic() < deadline and any(map(is_alive, family)):
                time.sleep(0.01)
        family.update(children(self.process.pid))
        self.process.kill()
        for pid in family:
            self.signal(pid, signal.SIGKILL)
        self.process.wait(5)
        self.process = None

    def restart(self):
        self.stop()
        self.start()

    def reload(self):
        self.log.expect(*RELOAD)
        self.doveadm("reload", check=True)

    @staticmethod
    def signal(pid, number):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass

    def pids(self, name):
        return [pid for pid, its_name in children(self.process.pid).items()
                if its_name == name]

    def notifier_pid(self, timeout=5):
        """Waits for the notifier: it runs, alone, and answers."""
        def ready():
            pids = self.pids("lemonade-notify")
            if len(pids) != 1 or not self._notifier_answers():
                return None
            return pids[0]
        return wait.until(ready, timeout, "lemonade-notify is ready")

    def _notifier_answers(self):
        try:
            with Door(f"{self.base}/run/lemonade-notify-admin", 2) as door:
                return door.ask("STATUS").startswith("ROW")
        except OSError:
            return False

    def renew_notifier(self):
        """A new one: it has forgotten names, connections and breakers."""
        self.log.expect("lemonade-notify.*signal 15")
        pid = self.notifier_pid()
        self.signal(pid, signal.SIGTERM)
        wait.until(lambda: pid not in self.pids("lemonade-notify"), 5,
                   "the old lemonade-notify ends")
        self.notifier_pid()

    # -- tools

    def doveadm(self, *args, check=False, stdin=None, timeout=30):
        result = subprocess.run(
            ["doveadm", "-c", self.conf_file, *args], input=stdin,
            capture_output=True, text=True, timeout=timeout, check=False)
        if check:
            assert result.returncode == 0, (args, result)
        return result

    def rows(self, *args, **kwargs):
        """doveadm -f tab: list of dicts."""
        result = self.doveadm("-f", "tab", *args, check=True, **kwargs)
        lines = result.stdout.splitlines()
        if not lines:
            return []
        names = lines[0].split("\t")
        return [dict(zip(names, line.split("\t"))) for line in lines[1:]]

    def lda(self, user, mail, *args):
        return subprocess.run(
            ["/usr/lib/dovecot/dovecot-lda", "-c", self.conf_file, "-d",
             user.name, *args], input=mail, capture_output=True, timeout=30,
            check=False)

    # -- users

    def _write_users(self):
        """All users there can be: the auth process notices a changed file
        only in the next second."""
        rows = {}
        for storage in ("maildir", "sdbox"):
            for domain, count in (("lemo.test", USERS), ("other.test", 20)):
                for n in range(1, count + 1):
                    rows[f"{storage[0]}{n}@{domain}"] = ("lemovmail", storage)
        for n in range(1, 6):
            rows[f"mdbox{n}@lemo.test"] = ("lemovmail", "mdbox")
        for name in ("joe", "ann", "you@lemo.test"):    # the demo's: you
            rows[name] = ("lemovmail", "maildir")
        for name in ("lemoalice", "lemobob"):
            rows[name] = (name, "maildir")
        with open(f"{self.base}/users", "w", encoding="utf-8") as f:
            for name, (system, storage) in rows.items():
                uid = UIDS[system]
                path = "~/Maildir" if storage == "maildir" else f"~/{storage}"
                extra = f"userdb_mail={storage}:{path}"
                if is_24():
                    extra = (f"userdb_mail_driver={storage} "
                             f"userdb_mail_path={path}")
                f.write(f"{name}:{PASSWORD}:{uid}:{uid}::"
                        f"{self.base}/home/{name}::{extra}\n")
        self._rows = rows

    def user(self, storage="maildir", name=None, domain="lemo.test"):
        """A user nobody else has; by name: joe and ann have no domain,
        lemoalice and lemobob own their mail as system users."""
        if name is None:
            prefix = "mdbox" if storage == "mdbox" else storage[0]
            name = next(name for n in range(1, USERS + 1) if
                        (name := f"{prefix}{n}@{domain}") not in self.users)
        system, storage = self._rows[name]
        home = f"{self.base}/home/{name}"
        if name not in self.users:
            os.mkdir(home)
            os.chown(home, UIDS[system], UIDS[system])
            self.users[name] = User(self, name, PASSWORD, UIDS[system], home,
                                    storage)
        return self.users[name]

    def remove_files(self):
        shutil.rmtree(self.base, ignore_errors=True)
