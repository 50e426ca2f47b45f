#!/usr/bin/env python3
"""What encryption for Web Push costs beside the key exchange that RFC 8291
wants for each message.

    webpush.py [--rounds N] [--messages N] [--octets N]

The yardstick is one P-256 key generation and one ECDH derivation by the same
libcrypto; a round has a turn of both, a ratio is the yardstick's CPU time to
that of a whole message: 1 would be encryption for nothing.
"""

import argparse
import shutil
import subprocess
import tempfile

from common import HERE, compile_c, median

SOURCES = ["base64url", "buf", "p256", "vapid", "vapid-pem", "webpush"]


def run(args):
    directory = tempfile.mkdtemp(prefix="lemo-bench-")
    lib = f"{HERE}/../../lib"
    try:
        program = compile_c("webpush-rate", directory, f"-I{lib}",
                            *(f"{lib}/lemo-{name}.c" for name in SOURCES),
                            "-lcrypto")
        return subprocess.run(
            [program, str(args.rounds), str(args.messages),
             str(args.octets)], check=True, stdout=subprocess.PIPE,
            encoding="ascii").stdout
    finally:
        shutil.rmtree(directory)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--octets", type=int, default=300)
    rounds, seldom = [], {}
    for line in run(parser.parse_args()).splitlines():
        name, *values = line.split()
        if name == "round":
            rounds.append([float(value) for value in values])
        else:
            seldom[name] = float(values[0])
    ratios = sorted(yardstick / ours for ours, yardstick in rounds)
    print(subprocess.run(["openssl", "version"], check=True,
                         stdout=subprocess.PIPE,
                         encoding="ascii").stdout.strip())
    print(f"message      {median([o for o, _ in rounds]) * 1e6:7.1f} us, "
          f"{1 / median([o for o, _ in rounds]):.0f}/s")
    print(f"key exchange {median([y for _, y in rounds]) * 1e6:7.1f} us")
    print(f"ratio        {median(ratios):7.3f} "
          f"({ratios[0]:.3f} to {ratios[-1]:.3f})")
    for name, text in (("device", "device key"), ("check", "point check"),
                       ("sign", "token")):
        print(f"{text:12} {seldom[name] * 1e6:7.1f} us")


if __name__ == "__main__":
    main()
