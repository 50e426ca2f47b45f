"""A real browser: Firefox ESR, which receives and decrypts a push for a mail
that came by SMTP."""

import json
import shutil

import pytest

from lemotest import wait
from lemotest.firefox import Firefox
from lemotest.postfix import Postfix
from lemotest.server import STOCK
from lemotest.users import message
from lemotest.webpush import published_key

# The browser is a megaphone: where nothing can ring it, it is not started.
pytestmark = pytest.mark.skipif(STOCK, reason="no push to receive")


def test_wp_04_wp_05_firefox(server, endpoints, run_dir):
    """Subscribes as a web page does, proves itself, hears of a mail, and of
    its being read."""
    user = server.user()
    postfix = Postfix(f"{run_dir}/firefox", server).start()
    try:
        with Firefox(endpoints.new("firefox"), published_key(user),
                     f"{run_dir}/firefox/profile") as browser:
            ring(user, browser, postfix)
    finally:
        postfix.stop()
        shutil.rmtree(f"{run_dir}/firefox", ignore_errors=True)


def ring(user, browser, postfix):
    sub = {**browser.subscription, "payload": 3}
    assert user.set_device("browser", sub).ok
    code = json.loads(browser.wait_pushed(1)[0])
    assert code["@type"] == "PushVerification"
    sub["verificationCode"] = code["verificationCode"]
    assert user.set_device("browser", sub).ok
    assert user.status("browser")["verified"]
    postfix.send("joe@remote.test", [user.name],
                 message(subject="Lunch on Friday?"))
    event = json.loads(browser.wait_pushed(2)[1])
    assert event["type"] == "rfc5423.MessageNew"
    assert event["data"]["vnd.lemonade.subject"] == "Lunch on Friday?"
    user.session.select()
    user.session.must("STORE", "1", "+FLAGS", "(\\Seen)")
    event = json.loads(browser.wait_pushed(3)[2])
    assert event["type"] == "rfc5423.MessageRead"
    assert event["data"]["vnd.lemonade.unseen"] == 0
    # 100: delivered to the application; 101 would be: cannot be decrypted
    wait.until(lambda: len(browser.site.acks) >= 3, 10, "acknowledgements")
    assert {ack["code"] for ack in browser.site.acks} == {100}
    assert not browser.errors
