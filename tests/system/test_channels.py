"""All channels together: OB-07, OB-09."""

import re

import pytest

from lemotest import mailbox, wait
from lemotest.kannel import decode, emn_of
from lemotest.prosody import OTHER_COMPONENT
from lemotest.users import message
from lemotest.webpush import Phone, published_key
from test_trace import mail, traced

FETCH = "(UID FLAGS MODSEQ BODY.PEEK[HEADER.FIELDS (FROM SUBJECT)])"


@pytest.fixture
def bearers_server(make_server, kannel, proxy, prosody, mail_server):
    """One notifier with all gateways."""
    return make_server(
        lemonade_sms_url=kannel.sms_url,
        lemonade_emn_ppg_url=kannel.ppg_url,
        lemonade_gateway_file=kannel.gateway_file,
        lemonade_sms_allow="+4915", lemonade_sip_url=proxy.url,
        lemonade_sip_from=f"sip:lemonade@{proxy.domain}",
        **prosody.settings(component=OTHER_COMPONENT), **mailbox.SETTINGS)


def test_ob_07_one_event_by_all_bearers(bearers_server, kannel, proxy,
                                        prosody, mail_server, endpoints,
                                        run_dir):
    """Six devices of one user, each verified by a code that came its own way;
    then one mail rings them all."""
    user = bearers_server.user("sdbox")
    sms, emn, sip = kannel.phone(), kannel.phone("emn"), proxy.phone()
    chat, paper = prosody.phone(), mailbox.MailPhone(mail_server.user())
    push = Phone(endpoints.new(), key=published_key(user))
    phones = {"sms": sms, "emn": emn, "sip": sip, "chat": chat,
              "mail": paper, "push": push}
    for name, phone in phones.items():
        user.register(phone, name, payload=2)
    letter, message_id = mail("merger")
    user.deliver(letter)
    assert sms.wait(2)[1] == "New mail: 1 unread"
    found = decode(emn_of(emn.wait_pushes()[0])[1], run_dir)
    assert found["mailbox"] == f"mailat:{user.name}"
    assert sip.wait(2)[1][1] == "INBOX: 1 unread"
    assert chat.wait(2)[1].body == "INBOX: 1 unread"
    notice, = paper.wait()
    assert notice.get_content().startswith("INBOX: 1 unread")
    told, = push.wait()
    assert told.data["vnd.lemonade.uid"] == 1
    assert f"<lemonade.{told.json['id']}." in notice["Message-ID"]
    # what the trace knows of this one mail
    rows = traced(bearers_server, message_id, what="sent to",
                  count=len(phones))
    assert {row["device"] for row in rows if "sent to" in row["what"]} == \
        set(phones)
    assert {row["device"] for row in rows} == {"", *phones}
    for name in phones:
        assert user.status(name)["pending"] == 0, name


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
