#!/usr/bin/python3
"""A consumer of a feed by Redis Streams; an example, see channels.md.

    redis-consumer.py URL STREAM GROUP CONSUMER [--idle SECONDS] [--once]

URL as redis://:PASSWORD@127.0.0.1:6379/0. Every group gets every event, and
shares them among its consumers, who need different names. Prints a line an
event; put your own work into handle().

An event is acknowledged when handle() returned. What a consumer took and did
not acknowledge in --idle seconds (60) because it died, another takes over. An
event that comes twice, because an answer got lost on the way, is handled once.

The events of a user are in order in the stream. Two consumers of a group may
have two of them at the same time: where that matters, let a group have one
consumer, or give each domain a stream of its own ("%d").

Needs python3-redis, and Redis 6.2 or later.
"""

import argparse
import json

import redis

COUNT = 100             # entries taken at once
BLOCK_MSECS = 1000      # waited for new ones
SEEN_SECONDS = 86400    # far longer than lemonade_retry_deadline


def handle(fields):
    """fields: id, type, user, and event: a CloudEvent in JSON."""
    event = json.loads(fields["event"])
    print(fields["id"], fields["user"], fields["type"],
          event.get("subject", ""), flush=True)


class Consumer:
    def __init__(self, server, stream, group, name, idle_seconds):
        self.server, self.stream = server, stream
        self.group, self.name = group, name
        self.idle_msecs = int(idle_seconds * 1000)
        try:
            # "0": also what is in the stream already
            server.xgroup_create(stream, group, id="0", mkstream=True)
        except redis.ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    def abandoned(self):
        """What others took and did not finish."""
        return self.server.xautoclaim(self.stream, self.group, self.name,
                                      self.idle_msecs, count=COUNT)[1]

    def new(self):
        answer = self.server.xreadgroup(
            self.group, self.name, {self.stream: ">"}, count=COUNT,
            block=BLOCK_MSECS)
        return answer[0][1] if answer else []

    def take(self, entry_id, fields):
        # None: MAXLEN has dropped it meanwhile
        seen = fields and f"seen:{self.stream}:{self.group}:{fields['id']}"
        if fields and not self.server.exists(seen):
            handle(fields)
        with self.server.pipeline() as both:
            if fields:
                both.set(seen, 1, ex=SEEN_SECONDS)
            both.xack(self.stream, self.group, entry_id)
            both.execute()

    def turn(self):
        """True if there was something."""
        entries = self.abandoned() or self.new()
        for entry_id, fields in entries:
            self.take(entry_id, fields)
        return bool(entries)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("url")
    parser.add_argument("stream")
    parser.add_argument("group")
    parser.add_argument("consumer")
    parser.add_argument("--idle", type=float, default=60)
    parser.add_argument("--once", action="store_true",
                        help="end when there is nothing to do")
    args = parser.parse_args()
    consumer = Consumer(redis.Redis.from_url(args.url, decode_responses=True),
                        args.stream, args.group, args.consumer, args.idle)
    while consumer.turn() or not args.once:
        pass


if __name__ == "__main__":
    main()
