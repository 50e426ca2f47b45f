"""The admin's feed: every event, in order. Used to see what the plugin
raised, with all parameters, through the whole chain."""

import base64
import os
import random

from . import wait
from .wire import Door, event_line


class Feed:
    def __init__(self, endpoint, directory):
        self.endpoint = endpoint
        self.secret = "whsec_" + base64.b64encode(os.urandom(32)).decode()
        self.file = f"{directory}/feed-{os.path.basename(endpoint.path)}"
        with open(f"{self.file}.secret", "w", encoding="ascii",
                  opener=lambda p, f: os.open(p, f, 0o600)) as f:
            f.write(self.secret + "\n")
        self.write({"*": endpoint.url})

    def write(self, urls, mail_user="lemovmail"):
        """domain -> URL"""
        with open(self.file, "w", encoding="ascii") as f:
            for domain, url in urls.items():
                f.write(f"{domain} {url} {self.file}.secret "
                        f"{mail_user}\n")

    def settings(self, events="all", payload=4):
        return {"lemonade_feed_events": events,
                "lemonade_feed_file": self.file,
                "lemonade_feed_payload": payload}

    def pushes(self, user=None, name=None):
        """In order of arrival; a repeated id only once."""
        found = {}
        for push in self.endpoint.all():
            if (user is None or push.data.get("user") == user.name) and \
                    (name is None or push.event == name):
                found.setdefault(push.id, push)
        return list(found.values())

    def events(self, user=None, name=None):
        return [push.data for push in self.pushes(user, name)]

    def wait(self, user, name=None, count=1, timeout=5.0):
        """The data of `count` events or more."""
        return wait.until(
            lambda: len(found := self.events(user, name)) >= count and found,
            timeout, f"{count} {name or 'events'} of {user.name}")

    def names(self, user):
        """Event names in order of arrival; a test logs in and out for many
        reasons."""
        return [push.event for push in self.pushes(user)
                if push.event not in ("Login", "Logout")]

    def settle(self, user):
        """All that was raised before has arrived: the feed is ordered per
        user, so a fresh delivery comes last."""
        before = len(self.pushes(user, "MessageNew"))
        user.deliver(subject="settle")
        self.wait(user, "MessageNew", before + 1)


def tell(server, users, count):
    """count events of each user, mixed, each acknowledged. Returns the ids
    by user, in order."""
    queue = [user for user in users for _ in range(count)]
    random.shuffle(queue)
    ids = {user: [] for user in users}
    with Door(f"{server.base}/run/lemonade-notify", 30) as door:
        for user in queue:
            ids[user].append(os.urandom(16).hex())
            answer = door.ask(event_line(user, event_id=ids[user][-1],
                                         vnd_feed=1))
            assert answer.startswith("OK\t"), answer
    return ids
