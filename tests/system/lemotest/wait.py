"""Polling with a deadline: no test sleeps for a fixed time."""

import os
import time

# The bare server will never do it: fail soon.
STOCK = os.environ.get("LEMO_STOCK", "") not in ("", "0")


class Timeout(AssertionError):
    pass


def until(condition, timeout=5.0, what="", step=0.005):
    """Returns the first true value of condition(); fails after timeout."""
    return up(condition, min(timeout, 0.5) if STOCK else timeout, what, step)


def up(condition, timeout, what="", step=0.005):
    """The same for servers, which come on the bare system too."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise Timeout(f"not within {timeout} s: "
                          f"{what or condition.__name__}")
        time.sleep(step)
        step = min(step * 1.5, 0.1)


def never(condition, seconds=0.5, what="", step=0.02):
    """Fails if condition() becomes true within the given time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        assert not value, f"happened: {what or condition.__name__}: {value}"
        time.sleep(step)
