"""When things happened to a mail, from Dovecot's log.

One process writes that log, with microseconds, so all moments but the SMTP
reply and the arrival of the push are by one clock and one hand.
"""

import datetime
import re

# Makes Dovecot log the moments below; log_timestamp is the harness's.
CONF = """\
log_debug = event=smtp_server_transaction_finished OR category=lemonade
"""
STAMP = r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}) "


def _find(lines, pattern):
    """Unix time in ms and the match of the first line; (None, None)."""
    for line in lines:
        match = re.search(pattern, line)
        if match:
            stamp = re.match(STAMP, line).group(1)
            return datetime.datetime.fromisoformat(stamp).timestamp() * 1e3, \
                match
    return None, None


def delivery(log, message_id):
    """When Dovecot had written the LMTP 250 for this mail; None if not."""
    lines = log.lines(STAMP + "lmtp")
    _, saved = _find(lines, r"<([^<>]+)>: Info: .*msgid=" +
                     re.escape(message_id) + ": saved mail")
    if saved is None:
        return None
    return _find(lines, "trans <" + re.escape(saved.group(1)) +
                 ">: Finished")[0]


def event(log, event_id):
    """{"event": ms, "outbox": ms} as far as known."""
    lines = log.lines(f"{STAMP}.*event {re.escape(event_id)}: ")
    moments = {"event": _find(lines, ": Message[A-Za-z]+$")[0],
               "outbox": _find(lines, ": committed$")[0]}
    return {name: at for name, at in moments.items() if at is not None}
