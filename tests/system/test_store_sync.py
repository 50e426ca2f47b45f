"""ST-15 to ST-22: CONDSTORE and QRESYNC (RFC 7162)."""

import re

import pytest

from lemotest.users import message

COUNT = 5       # messages at first


@pytest.fixture(params=["maildir", "sdbox"])
def user(request, store_server):
    user = store_server.user(request.param)
    for n in range(COUNT):
        user.session.append("INBOX", message(subject=f"m{n + 1}"))
    user.session.select()
    return user


def session(user, *enable):
    imap = user.imap()
    if enable:
        imap.must("ENABLE", *enable)
        imap.select()
    return imap


def modseq_code(response):
    """Of a tagged answer, or of an untagged OK; None if there is none."""
    text = response.text.encode() + b"\n" + b"\n".join(response.untagged)
    match = re.search(rb"\[HIGHESTMODSEQ (\d+)\]", text)
    return match and int(match.group(1))


def highest(imap):
    return int(imap.must("STATUS", "INBOX", "(HIGHESTMODSEQ)")
               .find(rb"HIGHESTMODSEQ (\d+)").group(1))


def fetches(response):
    """seq -> what is in the parentheses."""
    found = {}
    for line in response.untagged:
        match = re.match(rb"\* (\d+) FETCH \((.*)\)$", line, re.S)
        if match:
            found[int(match.group(1))] = match.group(2)
    return found


def modseq(text):
    return int(re.search(rb"MODSEQ \((\d+)\)", text).group(1))


def by_other(user, uid, flag, how="+FLAGS.SILENT"):
    user.session.must("UID", "STORE", str(uid), how, f"({flag})")


def expunged_by_other(user, uids):
    by_other(user, uids, "\\Deleted")
    user.session.must("UID", "EXPUNGE", uids)


# -- CONDSTORE

@pytest.mark.parametrize("enabled_by", [
    ("SELECT", "INBOX", "(CONDSTORE)"), ("EXAMINE", "INBOX", "(CONDSTORE)"),
    ("ENABLE", "CONDSTORE"), ("STATUS", "INBOX", "(HIGHESTMODSEQ)")],
    ids=lambda args: args[0])
def test_st_15_highestmodseq_at_select(user, enabled_by):
    """After whatever enables CONDSTORE, at each SELECT and EXAMINE."""
    imap = user.imap()
    first = imap.must(*enabled_by)
    if enabled_by[0] in ("SELECT", "EXAMINE"):
        assert modseq_code(first)
    for args in (("SELECT", "INBOX"), ("EXAMINE", "Drafts"),
                 ("EXAMINE", "INBOX")):
        response = imap.must(*args)
        assert response.find(rb"^\* OK \[(HIGHESTMODSEQ [1-9]\d*|NOMODSEQ)\]")
    assert modseq_code(response) == highest(imap)


def test_st_16_unchangedsince(user):
    """Of two messages only the one that nobody touched is changed; its
    MODSEQ is told though .SILENT; the other is in MODIFIED."""
    imap = session(user, "CONDSTORE")
    since = highest(imap)
    by_other(user, 2, "\\Flagged")
    response = imap.must("UID", "STORE", "1:2", f"(UNCHANGEDSINCE {since})",
                         "+FLAGS.SILENT", "($Submitted)")
    assert re.match(r"\[MODIFIED 2\] ", response.text), response
    changed = fetches(response)[1]
    assert b"UID 1" in changed and modseq(changed) > since
    flags = imap.must("UID", "FETCH", "1:2", "(FLAGS)")
    assert b"$Submitted" in fetches(flags)[1]
    assert b"$Submitted" not in fetches(flags)[2]
    # by sequence numbers MODIFIED names those
    expunged_by_other(user, "1")
    imap.must("NOOP")
    response = imap.must("STORE", "1:2", f"(UNCHANGEDSINCE {since})",
                         "+FLAGS.SILENT", "($Submitted)")
    assert re.match(r"\[MODIFIED 1\] ", response.text), response
    assert modseq(fetches(response)[2]) > since


def test_st_16_not_silent_and_never(user):
    imap = session(user, "CONDSTORE")
    since = highest(imap)
    response = imap.must("UID", "STORE", "3", f"(UNCHANGEDSINCE {since})",
                         "FLAGS", "(\\Seen)")
    assert "MODIFIED" not in response.text
    assert b"\\Seen" in fetches(response)[3]
    assert modseq(fetches(response)[3]) == highest(imap) > since
    # zero is before everything
    response = imap.must("UID", "STORE", "3:4", "(UNCHANGEDSINCE 0)",
                         "+FLAGS.SILENT", "(\\Flagged)")
    assert re.match(r"\[MODIFIED 3:4\] ", response.text), response
    assert not imap.must("SEARCH", "FLAGGED").find(rb"SEARCH \d")


def test_st_16_bad_modifiers(user):
    imap = session(user, "CONDSTORE")
    for bad in ("(UNCHANGEDSINCE)", "(UNCHANGEDSINCE x)", "(UNCHANGEDSINCE -1)",
                "(UNCHANGEDSINCE 99999999999999999999)", "(CHANGEDSINCE 1)"):
        response = imap.cmd("UID", "STORE", "1", bad, "+FLAGS", "(\\Seen)")
        assert response.status == "BAD", (bad, response)
    assert not imap.must("SEARCH", "SEEN").find(rb"SEARCH \d")


def unsolicited(user, imap, *command):
    """What another session did, told with a command."""
    by_other(user, 3, "\\Flagged")
    line = fetches(imap.must(*command))[3]
    assert b"FLAGS (" in line and b"\\Flagged" in line
    assert modseq(line) == highest(user.session)
    assert b"UID 3" in line, line
    by_other(user, 3, "\\Flagged", "-FLAGS.SILENT")
    imap.must("NOOP")


@pytest.mark.parametrize("name", ["CONDSTORE", "QRESYNC"])
def test_st_17_unsolicited_fetch_has_uid_and_modseq(user, name):
    """RFC 7162 3.2.4 asks for both from the first CONDSTORE enabling command
    on."""
    imap = session(user, name)
    for command in (("NOOP",), ("CHECK",), ("STORE", "1", "+FLAGS.SILENT",
                                            "(\\Seen)"),
                    ("FETCH", "1", "(FLAGS)"), ("SEARCH", "ALL"),
                    ("EXPUNGE",)):
        unsolicited(user, imap, *command)


@pytest.mark.parametrize("name", ["CONDSTORE", "QRESYNC"])
def test_st_17_by_store_and_seen(user, name):
    """The same for what one's own commands change."""
    imap = session(user, name)
    line = fetches(imap.must("STORE", "2", "+FLAGS", "(\\Flagged)"))[2]
    assert b"UID 2" in line and modseq(line)
    told = [line for line in imap.must("FETCH", "4", "(BODY[TEXT])").untagged
            if b"MODSEQ" in line]
    assert len(told) == 1 and b"UID 4" in told[0], told
    assert modseq(told[0]) == highest(imap)


def test_st_17_in_idle(user):
    imap = session(user, "QRESYNC")
    tag = imap.send("IDLE")
    assert imap._line().startswith(b"+ ")
    by_other(user, 3, "\\Flagged")
    line = imap._line()
    assert line.startswith(b"* 3 FETCH (") and b"UID 3 " in line
    assert modseq(line) == highest(user.session)
    imap.write(b"DONE\r\n")
    assert imap.finish(tag).ok


# -- QRESYNC

def qresync(user, arguments):
    """SELECT in a new session."""
    imap = session(user)
    imap.must("ENABLE", "QRESYNC")
    return imap.cmd("SELECT", "INBOX", f"(QRESYNC ({arguments}))")


def sync_point(user):
    return user.session.uidvalidity(), highest(user.session)


def test_st_18_select_tells_what_changed(user):
    """One changed, one expunged: exactly these two."""
    validity, since = sync_point(user)
    by_other(user, 2, "\\Flagged")
    expunged_by_other(user, "4")
    for known in ("", " 1:10", " 1:5 (1,3,5 1,3,5)"):
        response = qresync(user, f"{validity} {since}{known}")
        assert response.ok, response
        lines = [line for line in response.untagged
                 if b" FETCH " in line or b"VANISHED" in line]
        assert lines[0] == b"* VANISHED (EARLIER) 4", lines
        assert len(lines) == 2 and lines[1].startswith(b"* 2 FETCH (")
        assert b"UID 2 " in lines[1] and b"\\Flagged" in lines[1]
        assert modseq(lines[1]) > since
        assert modseq_code(response) == highest(user.session)
    # only of what the client knows
    response = qresync(user, f"{validity} {since} 1:3")
    assert not response.find(rb"VANISHED") and fetches(response).keys() == {2}
    response = qresync(user, f"{validity} {since} 5")
    assert not response.find(rb"VANISHED") and not fetches(response)


def test_st_18_other_uidvalidity(user):
    """Then the rest is ignored, and nothing is said to have changed."""
    validity, since = sync_point(user)
    by_other(user, 2, "\\Flagged")
    expunged_by_other(user, "4")
    response = qresync(user, f"{validity + 1} {since} 1:10")
    assert response.ok and not fetches(response)
    assert not response.find(rb"VANISHED")
    assert response.find(rb"\[UIDVALIDITY %d\]" % validity)


def test_st_18_bad_parameters(user):
    """Without ENABLE, or against the syntax: BAD, and no mailbox is
    selected."""
    validity, since = sync_point(user)
    for imap in (session(user), session(user, "CONDSTORE")):
        response = imap.cmd("SELECT", "INBOX",
                            f"(QRESYNC ({validity} {since}))")
        assert response.status == "BAD", response
    for bad in ("", f"{validity}", f"x {since}", f"{validity} x",
                f"{validity} {since} x", f"{validity} {since} 1:*",
                f"{validity} {since} 1:5 (1)", f"{validity} {since} 1:5 x",
                f"{validity} {since} 1:5 (1 1 1)"):
        imap = user.imap()
        imap.must("ENABLE", "QRESYNC")
        response = imap.cmd("SELECT", "INBOX", f"(QRESYNC ({bad}))")
        assert response.status == "BAD", (bad, response)
        assert imap.cmd("FETCH", "1", "FLAGS").status == "BAD"


def test_st_19_uid_fetch_with_vanished(user):
    imap = session(user, "QRESYNC")
    since = highest(imap)
    by_other(user, 5, "\\Flagged")
    expunged_by_other(user, "2,4")
    imap.must("NOOP")
    response = imap.must("UID", "FETCH", "1:*", "(FLAGS)",
                         f"(CHANGEDSINCE {since} VANISHED)")
    assert response.untagged[0] == b"* VANISHED (EARLIER) 2,4"
    assert len(response.untagged) == 2
    line, = fetches(response).values()
    assert b"UID 5" in line and modseq(line) > since
    # of the set that was asked for
    response = imap.must("UID", "FETCH", "3:5", "(FLAGS)",
                         f"(CHANGEDSINCE {since} VANISHED)")
    assert response.untagged[0] == b"* VANISHED (EARLIER) 4"


def test_st_19_vanished_where_it_must_not_be(user):
    imap = session(user, "QRESYNC")
    for args in (("UID", "FETCH", "1:*", "(FLAGS)", "(VANISHED)"),
                 ("FETCH", "1:*", "(FLAGS)", "(CHANGEDSINCE 1 VANISHED)"),
                 ("FETCH", "1:*", "(FLAGS)", "(VANISHED)"),
                 ("UID", "FETCH", "1:*", "(FLAGS)", "(CHANGEDSINCE VANISHED)")):
        assert imap.cmd(*args).status == "BAD", args
    imap = session(user, "CONDSTORE")
    assert imap.cmd("UID", "FETCH", "1:*", "(FLAGS)",
                    "(CHANGEDSINCE 1 VANISHED)").status == "BAD"


@pytest.mark.parametrize("command", [("EXPUNGE",), ("UID", "EXPUNGE", "1:*")],
                         ids=["EXPUNGE", "UID EXPUNGE"])
def test_st_20_st_21_expunge(user, command):
    """VANISHED with UIDs, the new modification sequence in the tagged
    answer."""
    imap = session(user, "QRESYNC")
    imap.must("UID", "STORE", "2,4:5", "+FLAGS.SILENT", "(\\Deleted)")
    response = imap.must(*command)
    assert response.untagged == [b"* VANISHED 2,4:5"]
    match = re.match(r"\[HIGHESTMODSEQ (\d+)\] ", response.text)
    assert match and int(match.group(1)) == highest(imap), response
    # nothing was removed, nothing new is told
    assert modseq_code(imap.must(*command)) is None


def test_st_20_close_tells_no_modseq(user):
    imap = session(user, "QRESYNC")
    imap.must("UID", "STORE", "2", "+FLAGS.SILENT", "(\\Deleted)")
    response = imap.must("CLOSE")
    assert modseq_code(response) is None and not response.untagged
    assert not response.text.startswith("[")
    assert imap.must("STATUS", "INBOX", "(MESSAGES)").find(
        rb"MESSAGES %d\b" % (COUNT - 1))


def test_st_21_vanished_for_the_whole_connection(user):
    """Others' expunges, too, and in the next mailbox; MOVE as well. Without
    QRESYNC it is EXPUNGE."""
    imap, old = session(user, "QRESYNC"), session(user, "CONDSTORE")
    expunged_by_other(user, "1,3")
    assert b"* VANISHED 1,3" in imap.must("NOOP").untagged
    lines = old.must("NOOP").untagged
    assert sum(b" EXPUNGE" in line for line in lines) == 2
    assert not any(b"VANISHED" in line for line in lines)
    response = imap.must("UID", "MOVE", "5", "Drafts")
    assert b"* VANISHED 5" in response.untagged
    imap.select("Drafts")
    imap.must("STORE", "1", "+FLAGS.SILENT", "(\\Deleted)")
    lines = imap.must("EXPUNGE").untagged
    assert b"* VANISHED 1" in lines
    assert not any(b"EXPUNGE" in line for line in lines)


def test_st_21_vanished_in_idle(user):
    imap = session(user, "QRESYNC")
    tag = imap.send("IDLE")
    assert imap._line().startswith(b"+ ")
    expunged_by_other(user, "2")
    while (line := imap._line()) != b"* VANISHED 2":
        assert b"EXPUNGE" not in line
    imap.write(b"DONE\r\n")
    assert imap.finish(tag).ok


def test_st_22_expunge_held_back(user):
    """STORE must not tell an expunge. The MODSEQ it tells is higher than the
    expunge's: a lower HIGHESTMODSEQ keeps the client from losing that."""
    imap = session(user, "QRESYNC")
    before = highest(imap)
    expunged_by_other(user, "2")
    expunge = highest(user.session)
    response = imap.must("STORE", "1", "+FLAGS", "(\\Flagged)")
    assert not response.find(rb"VANISHED|EXPUNGE")
    assert modseq(fetches(response)[1]) > expunge > before
    code = modseq_code(response)
    assert code is not None and code < expunge, response
    # who resyncs from there learns of it
    told = qresync(user, f"{user.session.uidvalidity()} {code}")
    assert told.find(rb"^\* VANISHED \(EARLIER\) 2$")
    response = imap.must("NOOP")
    assert b"* VANISHED 2" in response.untagged
    assert modseq_code(response) == highest(imap)
