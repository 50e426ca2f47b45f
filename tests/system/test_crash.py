"""The crash test: the notifier is killed 50 times at random under load."""

import os
import random
import signal
import threading
import time

from lemotest import wait
from lemotest.feed import Feed
from lemotest.users import deliver, message

KILLS = 50
LOAD = 3        # deliveries at once


class Load(threading.Thread):
    """Delivers until told to stop; counts what was acknowledged."""

    def __init__(self, server, user, stop):
        super().__init__()
        self.server, self.user, self.stop = server, user, stop
        self.acknowledged, self.slowest = 0, 0.0
        self.error = None

    def run(self):
        try:
            while not self.stop.is_set():
                spent = deliver(self.server, [self.user.name], message())
                self.acknowledged += 1
                self.slowest = max(self.slowest, spent)
                time.sleep(0.02)
        except Exception as error:      # noqa: BLE001 shown by the test
            self.error = error


def state(phone):
    """What a client believes: what came late, over the spool, is recognised
    by its modseq (RFC 5551 5.4)."""
    return max((push.data for push in phone.pushes()),
               key=lambda data: data["vnd.lemonade.highestModseq"])


def test_crash_50_kills(make_server, endpoints, run_dir):
    """0 lost, 0 events under two ids, LMTP never slow; also at the phone."""
    feed = Feed(endpoints.new("feed"), run_dir)
    server = make_server(**feed.settings("MessageNew"))
    server.log.expect("lemonade-notify", "notifier", "lemonade")
    users = [server.user("sdbox") for _ in range(LOAD)]
    phones = [endpoints.new() for _ in users]
    for user, phone in zip(users, phones):
        user.register(phone)
    stop = threading.Event()
    loads = [Load(server, user, stop) for user in users]
    seed = random.randrange(1000000)
    dice = random.Random(seed)
    for load in loads:
        load.start()
    try:
        for _ in range(KILLS):
            # not before it is ready: the master starts what dies earlier
            # only after a pause
            pid = server.notifier_pid(15)
            time.sleep(dice.uniform(0, 0.2))
            os.kill(pid, signal.SIGKILL)
            wait.until(lambda: pid not in
                       server.pids("lemonade-notify"), 5)
    finally:
        stop.set()
        for load in loads:
            load.join(30)
    for user, load, phone in zip(users, loads, phones):
        assert load.error is None, (seed, load.error)
        assert load.acknowledged > 50
        assert load.slowest < 1.5, seed
        wait.until(lambda: len({e["vnd.lemonade.uid"] for e in
                                feed.events(user)}) >= load.acknowledged,
                   60, f"seed {seed}: {load.acknowledged} of {user.name}")
        ids = {}
        for push in feed.pushes(user):
            ids.setdefault(push.data["vnd.lemonade.uid"],
                           set()).add(push.id)
        assert set(ids) == set(range(1, load.acknowledged + 1)), seed
        twice = {uid: i for uid, i in ids.items() if len(i) > 1}
        assert not twice, seed
        wait.until(lambda: state(phone)["messages"] == load.acknowledged, 30,
                   f"seed {seed}: the phone's state")
