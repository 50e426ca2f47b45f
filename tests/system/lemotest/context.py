"""A client's side of contexts (RFC 5267): it applies what it is told."""

import re

ESEARCH = re.compile(rb'\* ESEARCH \(TAG "?([^") ]+)"?\)( UID)?(.*)$')
ITEM = re.compile(rb" (ADDTO|REMOVEFROM) \(([^)]*)\)")
UPDATES = ("ADDTO", "REMOVEFROM")


def numbers(text):
    """Those of a sequence-set, as they come."""
    found = []
    for part in text.split(","):
        first, _, last = part.partition(":")
        last = last or first
        assert int(first) <= int(last), text    # RFC 5267 3.2
        found += range(int(first), int(last) + 1)
    return found


def items(line):
    """(tag, "UID" or "", {item: value}, [(update, position, numbers)]) of an
    ESEARCH response; None for another one."""
    match = ESEARCH.match(line)
    if match is None:
        return None
    rest, updates = match.group(3), []
    for name, pairs in ITEM.findall(rest):
        words = pairs.decode().split(" ")
        assert len(words) % 2 == 0, line
        updates += [(name.decode(), int(position), numbers(text))
                    for position, text in zip(words[::2], words[1::2])]
    words = ITEM.sub(b"", rest).decode().split(" ", 1)[1:]
    found = re.findall(r"(\w+) (\([^)]*\)|\S+)", words[0] if words else "")
    return (match.group(1).decode(), "UID" if match.group(2) else "",
            dict(found), updates)


class Context:
    """RETURN (UPDATE) of SORT or SEARCH, and its results so far."""

    def __init__(self, imap, command, criteria, options="UPDATE ALL"):
        """command: "UID SORT", "SEARCH", ...; criteria: all behind RETURN."""
        self.command, self.criteria = command, criteria
        self.uid, self.sorted = "UID" in command, "SORT" in command
        self.updates = []       # all that came, in order
        tag = imap.send(command, f"RETURN ({options})", criteria)
        self.tag = tag.decode()
        self.response = imap.finish(tag)
        assert self.response.ok, self.response
        answer = next(answer for line in self.response.untagged
                      if (answer := items(line)))
        assert answer[0] == self.tag and bool(answer[1]) == self.uid
        self.answer = answer[2]
        self.results = numbers(self.answer["ALL"]) \
            if "ALL" in self.answer else []

    def __repr__(self):
        return f"<{self.command} {self.criteria} {self.tag}>"

    def apply(self, update, position, ids):
        self.updates.append((update, position, ids))
        if not self.sorted and position == 0:
            if update == "ADDTO":
                assert not set(ids) & set(self.results), (self, ids)
                self.results = sorted(self.results + ids)
            else:
                assert set(ids) <= set(self.results), (self, ids)
                self.results = [n for n in self.results if n not in ids]
            return
        assert position > 0, (self, update, ids)
        at = position - 1
        if update == "ADDTO":
            assert at <= len(self.results), (self, position, self.results)
            assert not set(ids) & set(self.results), (self, ids)
            self.results[at:at] = ids
        else:
            assert self.results[at:at + len(ids)] == ids, (self, ids, at)
            del self.results[at:at + len(ids)]

    def fresh(self, imap, watch):
        """What the command answers now."""
        response = imap.must(self.command, self.criteria)
        watch(response.untagged)
        found = response.find(rb"^\* (SORT|SEARCH)([ \d]*)")
        return [int(n) for n in found.group(2).split()]


class Watcher:
    """A session with contexts in a mailbox."""

    def __init__(self, imap, mailbox="INBOX"):
        self.imap = imap
        self.contexts = {}
        self.mailbox = mailbox
        self.exists = int(imap.select(mailbox).find(rb"(\d+) EXISTS").group(1))

    def open(self, command, criteria, options="UPDATE ALL"):
        context = Context(self.imap, command, criteria, options)
        self.contexts[context.tag] = context
        self.feed(context.response.untagged)
        return context

    def feed(self, lines):
        """What the server said."""
        for line in lines:
            match = re.match(rb"\* (\d+) (EXISTS|EXPUNGE)$", line)
            if match and match.group(2) == b"EXISTS":
                self.exists = int(match.group(1))
            elif match:
                self.expunged(int(match.group(1)))
            answer = items(line)
            if answer and answer[3]:
                self.update(*answer)

    def update(self, tag, uid, _, updates):
        context = self.contexts[tag]
        assert bool(uid) == context.uid
        for update, position, ids in updates:
            # RFC 5267 4.3.3: not before EXISTS
            assert context.uid or max(ids) <= self.exists, (ids, self.exists)
            context.apply(update, position, ids)

    def expunged(self, number):
        self.exists -= 1
        for context in self.contexts.values():
            if not context.uid:
                # RFC 5267 4.3.4: REMOVEFROM comes before
                assert number not in context.results, (context, number)
                context.results = [n - (n > number) for n in context.results]

    def command(self, *args):
        response = self.imap.must(*args)
        self.feed(response.untagged)
        return response

    def check(self):
        """All is told, and every context has what its command answers."""
        self.command("NOOP")
        for context in self.contexts.values():
            fresh = context.fresh(self.imap, self.feed)
            assert context.results == fresh, (context, context.results, fresh,
                                              context.updates[-5:])
