"""system.py DIRECTORY JUNIT PATTERN STOCK: pytest as tests/run wants it. With
STOCK only tests that carry the name of a row run."""

import os
import re
import sys

import pytest

ROW = re.compile(r"(^|_)(df|e2e|em|ev|fi|ib|me|ms|nf|ob|pa|pl|sc|se|sn|st|ua|vf|wp)_\d\d?(_|$)")
TEST_TIMEOUT = 180      # seconds; none should come near


class RowsOnly:
    @staticmethod
    def pytest_collection_modifyitems(items):
        items[:] = [i for i in items if ROW.search(i.originalname)]


def main(directory, junit, pattern, stock):
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    args = ["-v", "-ra", "--tb=short", "--color=no", "-p", "no:cacheprovider",
            f"--timeout={TEST_TIMEOUT}", f"--junitxml={junit}", directory]
    if pattern:
        args += ["-k", pattern]
    if stock:
        os.environ["LEMO_STOCK"] = "1"
    status = pytest.main(args, plugins=[RowsOnly()] if stock else [])
    if status == pytest.ExitCode.NO_TESTS_COLLECTED and pattern:
        return 0
    return int(status)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
