"""A wall clock that a test sets, for the notifier of one server. As on a real
machine the monotonic clock does not follow it, nor does any file's time.
Dovecot's mail processes end when the clock is set back, and its master starts
no others for three minutes: theirs stays as it is."""

import glob
import os

LIBRARY = "/usr/lib/*/faketime/libfaketime.so.1"


class Clock:
    def __init__(self, directory):
        self.file = f"{directory}/clock-{os.urandom(2).hex()}"
        self.environment = {
            "LD_PRELOAD": glob.glob(LIBRARY)[0],
            "FAKETIME_TIMESTAMP_FILE": self.file,
            "FAKETIME_ONLY_CMDS": "lemonade-notify",
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
        self.set(0)

    def set(self, seconds):
        """Ahead of the true time, or, if negative, behind it."""
        with open(self.file + ".new", "w", encoding="ascii") as f:
            f.write(f"{seconds:+d}s\n")
        os.chmod(self.file + ".new", 0o644)
        os.rename(self.file + ".new", self.file)

    def conf(self, is_24):
        """Lets the variables through to Dovecot's children."""
        if not is_24:
            names = " ".join(self.environment)
            return f"import_environment = $import_environment {names}"
        rows = "".join(f"  {name} = {value}\n"
                       for name, value in self.environment.items())
        return f"import_environment {{\n{rows}}}"
