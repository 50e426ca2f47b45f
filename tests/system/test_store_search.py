"""ST-29, ST-31, ST-35: ESEARCH (RFC 4731), I18NLEVEL=1 (RFC 5255),
$Forwarded."""

import base64

import pytest

from lemotest.imap import Literal, quote
from lemotest.users import message

WORD = "ПРИВЕТ"     # of letters that case applies to
LATIN = "CAFÉ"


@pytest.fixture
def user(store_server):
    return store_server.user("sdbox")


def esearch(response):
    """What follows the tag in the only ESEARCH response."""
    line, = [line for line in response.untagged if b"ESEARCH" in line]
    head, _, rest = line.partition(b")")
    assert head.startswith(b'* ESEARCH (TAG "'), line
    assert not response.find(rb"^\* SEARCH")
    return rest.decode().strip()


@pytest.fixture
def imap(user):
    """UIDs 2 to 9; unseen are 3, 4, 6 and 9."""
    session = user.imap()
    for _ in range(9):
        session.append("INBOX", message())
    session.select()
    session.must("UID", "STORE", "1", "+FLAGS.SILENT", "(\\Deleted)")
    session.must("UID", "EXPUNGE", "1")
    session.must("UID", "STORE", "2,5,7:8", "+FLAGS.SILENT", "(\\Seen)")
    return session


def test_st_29_return_options(imap):
    tag = imap.send("UID", "SEARCH", "RETURN", "(MIN MAX COUNT)", "UNSEEN")
    response = imap.finish(tag)
    assert response.untagged == [
        b'* ESEARCH (TAG "%s") UID MIN 3 MAX 9 COUNT 4' % tag]
    for options, uids, seqs in (
            ("(ALL)", "ALL 3:4,6,9", "ALL 2:3,5,8"),
            ("()", "ALL 3:4,6,9", "ALL 2:3,5,8"),
            ("(MIN)", "MIN 3", "MIN 2"), ("(MAX)", "MAX 9", "MAX 8"),
            ("(COUNT)", "COUNT 4", "COUNT 4")):
        args = ("SEARCH", "RETURN", options, "UNSEEN")
        assert esearch(imap.must("UID", *args)) == f"UID {uids}"
        assert esearch(imap.must(*args)) == seqs


def test_st_29_no_match(imap):
    """Then MIN, MAX and ALL are left out, and COUNT is 0."""
    assert esearch(imap.must("UID", "SEARCH", "RETURN", "(MIN MAX ALL COUNT)",
                             "FLAGGED")) == "UID COUNT 0"
    assert esearch(imap.must("SEARCH", "RETURN", "(MIN MAX)", "FLAGGED")) == ""
    assert esearch(imap.must("SEARCH", "RETURN", "()", "FLAGGED")) == ""


def test_st_29_modseq(imap):
    """With a MODSEQ criterion: the highest of what is found; of MIN or MAX
    alone, that message's."""
    imap.must("ENABLE", "CONDSTORE")
    imap.select()

    def modseq(uid):
        return int(imap.must("UID", "FETCH", str(uid), "(MODSEQ)")
                   .find(rb"MODSEQ \((\d+)\)").group(1))
    imap.must("UID", "STORE", "4", "+FLAGS.SILENT", "($One)")
    imap.must("UID", "STORE", "3", "+FLAGS.SILENT", "($Two)")
    for options, uid, more in (("(ALL)", 3, "ALL 3:4,6,9"),
                               ("(COUNT)", 3, "COUNT 4"),
                               ("(MIN)", 3, "MIN 3"), ("(MAX)", 9, "MAX 9")):
        found = esearch(imap.must("UID", "SEARCH", "RETURN", options,
                                  "MODSEQ", "1", "UNSEEN"))
        assert found == f"UID {more} MODSEQ {modseq(uid)}"


def test_st_29_bad_options(imap):
    for bad in ("(X)", "MIN", "(MIN", '("MIN" "X")'):
        response = imap.cmd("SEARCH", "RETURN", bad, "ALL")
        assert response.status == "BAD", (bad, response)
    assert imap.must("SEARCH", "ALL").find(rb"^\* SEARCH 1 2")


def encoded(word, charset):
    """RFC 2047."""
    text = base64.b64encode(word.encode(charset)).decode()
    return f"=?{charset}?B?{text}?="


def mixed(user):
    """Each word in upper and in lower case, in several charsets."""
    body = base64.encodebytes(f"so {WORD}\r\n".encode("koi8-r")).decode()
    for n, (subject, sender, box) in enumerate((
            (encoded(WORD + " b", "koi8-r"), encoded(WORD, "koi8-r"), "B"),
            (encoded(WORD.lower() + " a", "utf-8"), "none", "a"),
            (encoded(LATIN + " d", "iso-8859-1"), "none", "D"),
            (encoded(LATIN.lower() + " c", "utf-8"), "none", "c"))):
        people = "".join(f"{name}: {sender} <{box}@remote.test>\r\n"
                         for name in ("From", "To", "Cc", "Bcc"))
        user.session.append("INBOX", (
            f"{people}Subject: {subject}\r\n"
            f"X-Own: {subject}\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=koi8-r\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\n"
            + (body if n == 0 else "eA==\r\n")).encode())
    user.session.select()
    return user.session


def found(imap, *criteria):
    response = imap.must("UID", "SEARCH", "CHARSET", "UTF-8", *criteria)
    return response.find(rb"^\* SEARCH ?([\d ]*)").group(1).decode()


def test_st_31_search_keys(user):
    """Each key ignores case and encoding: i;unicode-casemap (RFC 5051)."""
    imap = mixed(user)
    for word in (WORD, WORD.lower(), WORD.capitalize()):
        literal = Literal(word.encode())
        assert found(imap, "SUBJECT", literal) == "1 2"
        assert found(imap, "HEADER", "X-Own", literal) == "1 2"
        assert found(imap, "TEXT", literal) == "1 2"
        for key in ("BODY", "FROM", "TO", "CC", "BCC"):
            assert found(imap, key, literal) == "1", key
    for word in (LATIN, LATIN.lower()):
        assert found(imap, "SUBJECT", Literal(word.encode())) == "3 4"
    # a substring, and nothing that is not there
    assert found(imap, "SUBJECT", Literal(WORD[1:4].encode())) == "1 2"
    assert found(imap, "SUBJECT", Literal("приветы".encode())) == ""
    assert found(imap, "SUBJECT", quote("koi8-r")) == ""


def test_st_31_charsets(user):
    """Of the criteria: what is unknown is refused with the code."""
    imap = mixed(user)
    for charset in ("KOI8-R", "UTF-8"):
        response = imap.must("UID", "SEARCH", "CHARSET", charset, "SUBJECT",
                             Literal(WORD.lower().encode(charset)))
        assert response.find(rb"^\* SEARCH 1 2$")
    response = imap.cmd("SEARCH", "CHARSET", "X-NONE", "SUBJECT", "a")
    assert response.status == "NO", response
    assert response.text.startswith("[BADCHARSET"), response
    response = imap.cmd("SEARCH", "CHARSET", "UTF-8", "SUBJECT",
                        Literal(b"\xff\xfe"))
    assert response.status in ("NO", "BAD"), response


def test_st_31_sort_keys(user):
    """In one order, whatever the encoding: words first, case never."""
    imap = mixed(user)
    response = imap.must("UID", "SORT", "(SUBJECT)", "UTF-8", "ALL")
    assert response.find(rb"^\* SORT 4 3 2 1$"), response
    for key in ("FROM", "TO", "CC"):
        response = imap.must("UID", "SORT", f"({key})", "UTF-8", "ALL")
        assert response.find(rb"^\* SORT 2 1 4 3$"), response


def test_st_35_forwarded(user):
    """Is stored, found, kept by COPY and APPEND, and in PERMANENTFLAGS."""
    imap = user.imap()
    imap.append("INBOX", message())
    imap.append("INBOX", message())
    assert imap.select().find(rb"PERMANENTFLAGS \([^)]*\\\*")
    imap.must("UID", "STORE", "1", "+FLAGS.SILENT", "($Forwarded)")
    imap.must("COPY", "1:2", "Drafts")
    imap.append("Drafts", message(), flags="$forwarded")
    for session in (imap, user.imap()):
        session.select()
        assert session.must("SEARCH", "KEYWORD", "$Forwarded").find(
            rb"SEARCH 1$")
        session.select("Drafts")
        assert session.must("SEARCH", "KEYWORD", "$FORWARDED").find(
            rb"SEARCH 1 3$")
        assert session.must("SEARCH", "UNKEYWORD", "$Forwarded").find(
            rb"SEARCH 2$")
        flags = session.must("FETCH", "1", "FLAGS").untagged[0]
        assert b"$Forwarded" in flags
    other = user.imap()
    assert other.must("EXAMINE", "INBOX").find(rb"FLAGS \([^)]*\$Forwarded")
