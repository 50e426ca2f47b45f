"""All channels together: OB-07, OB-09."""

import re

from lemotest import wait
from lemotest.users import message

FETCH = "(UID FLAGS MODSEQ BODY.PEEK[HEADER.FIELDS (FROM SUBJECT)])"


def test_ob_09_payload_in_band_and_outband(server, endpoints):
    """One message, told by NOTIFY with fetch attributes to a client that is
    connected, and by push to one that is not: each says in its own words where
    it is, and both mean the same."""
    user, endpoint = server.user(), endpoints.new()
    user.register(endpoint, payload=2)
    session = user.imap()
    session.must("ENABLE", "CONDSTORE")
    uidvalidity = session.select().find(rb"UIDVALIDITY (\d+)").group(1)
    session.must("NOTIFY", "SET", f"(SELECTED (MessageNew {FETCH} "
                 "MessageExpunge))")
    user.deliver(message(subject="lunch"))
    # 2.3 does not always wake up by itself
    told = wait.until(lambda: session.must("NOOP").find(
        rb"\d+ FETCH \(.*"), 8, "FETCH in-band").group(0)
    push, = endpoint.wait()

    def in_band(pattern):
        return int(re.search(pattern, told).group(1))
    assert b"Subject: lunch" in told and b"From: Joe" in told
    assert push.event == "MessageNew"
    assert push.data["vnd.lemonade.mailbox"] == "INBOX"
    assert push.data["vnd.lemonade.uidvalidity"] == int(uidvalidity)
    assert push.data["vnd.lemonade.uid"] == in_band(rb"UID (\d+)")
    assert push.data["modseq"] == in_band(rb"MODSEQ \((\d+)\)")
    assert push.data["vnd.lemonade.unseen"] == 1
    # of the message itself only who is connected is told: level 3 is for
    # Web Push, which encrypts
    assert "lunch" not in push.body
