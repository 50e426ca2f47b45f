"""Time zones made for a test, so that quiet hours begin and end when it wants:
a directory of ours over the system's zoneinfo, seen by our processes only."""

import os
import shutil
import struct
import time

from . import namespace

ZONEINFO = "/usr/share/zoneinfo"
DAY = 24 * 3600
# quiet where a zone of ours says that it is 11 o'clock
TIMES = [{"from": "10:00", "to": "12:00"}]

_zones = []


def zones_of(directory):
    """One for the whole session."""
    if not _zones:
        _zones.append(Zones(directory))
    return _zones[0]


class Zones:
    def __init__(self, directory):
        self.directory = f"{directory}/zoneinfo"
        # all of them: node looks for the one of /etc/localtime, for minutes
        shutil.copytree(ZONEINFO, self.directory, symlinks=True)
        os.mkdir(f"{self.directory}/Lemo")
        namespace.bind(self.directory, ZONEINFO)
        self._count = 0

    def path(self, name):
        return f"{self.directory}/{name}"

    def _write(self, clock):
        """A zone where it is that time (seconds of the day) now."""
        self._count += 1
        name = f"Lemo/Z{self._count}"
        offset = int(clock - time.time()) % DAY
        if offset > DAY // 2:
            offset -= DAY
        with open(self.path(name), "wb") as f:
            f.write(b"TZif" + bytes(16) + struct.pack(
                ">6IiBB4s", 0, 0, 0, 0, 1, 4, offset, 0, 0, b"XXX"))
        return name

    def quiet(self, seconds=3600, **fields):
        """Quiet hours that end in so many seconds."""
        return {"zone": self._write(12 * 3600 - seconds), "times": TIMES,
                **fields}

    def loud(self):
        """Quiet hours, but not now."""
        return {"zone": self._write(15 * 3600), "times": TIMES}
