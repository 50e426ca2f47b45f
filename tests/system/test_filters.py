"""Named searches (RFC 5466): FI-01 to FI-11, SE-07, SC-14, SC-18."""

import base64
import os
import re
import time

import pytest

from lemotest.imap import Imap, Literal, quote
from lemotest.server import is_24
from lemotest.users import message

VALUES, SHARED = "/private/filters/values", "/shared/filters/values"
TEXTS = "/private/filters/descriptions"
ATTRIBUTES = "dovecot-attributes"


def put(user, name, value, entry=VALUES):
    response = user.session.setmetadata(f"{entry}/{name}", value)
    assert response.ok, response


def share(user, name, value):
    """As the administrator does it."""
    user.server.doveadm("mailbox", "metadata", "set", "-u", user.name, "-s",
                        "", f"{SHARED}/{name}", value, check=True)


def filter_settings(filters):
    """The administrator's for all."""
    block, prefix = ("lemonade_filter", "") if is_24() else \
        ("plugin", "lemonade_filter_")
    return "\n".join([f"{block} {{", *(
        f"  {prefix}{name} = {value}" for name, value in filters.items()),
        "}\n"])


def unshare(user, name):
    user.server.doveadm("mailbox", "metadata", "unset", "-u", user.name, "-s",
                        "", f"{SHARED}/{name}", check=True)


def put_unchecked(user, values):
    """As another version (or dsync) may have stored them."""
    for name in values:
        put(user, name, f"SUBJECT stub-{name}-")
    user.session.must("LOGOUT")
    user.forget_session()
    path = f"{user.home}/{ATTRIBUTES}"
    with open(path, encoding="utf-8") as f:
        text = f.read()
    for name, value in values.items():
        assert f"SUBJECT stub-{name}-" in text
        text = text.replace(f"SUBJECT stub-{name}-", value)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def found(imap, *criteria):
    """The UIDs."""
    match = imap.must("UID", "SEARCH", *criteria).find(rb"SEARCH ?([\d ]*)$")
    return [int(uid) for uid in match.group(1).split()]


def undefined(response, name):
    return response.status == "NO" and \
        response.text.startswith(f"[UNDEFINED-FILTER {name}] ")


@pytest.fixture
def reader(server):
    """Five mails; INBOX is selected."""
    user = server.user()
    imap = user.session
    for sender, subject, size in (
            ("boss@remote.test", "red", 10), ("mate@remote.test", "blue", 10),
            ("boss@remote.test", "blue", 9000), ("joe@remote.test", "red", 10),
            ("mate@remote.test", "grün", 9000)):
        imap.append("INBOX", message(subject, "x" * size, sender))
    imap.select()
    return user


# -- FI-01, FI-02

def test_fi_01_capability(server):
    with server.user().imap() as imap:
        line = imap.must("CAPABILITY").find(rb"\* CAPABILITY (.*)")
        capabilities = line.group(1).split()
    assert b"FILTERS" in capabilities and b"METADATA" in capabilities


def test_fi_01_not_without_metadata(make_server):
    server = make_server("protocol imap {\n  imap_metadata = no\n}\n",
                         notifier=False)
    imap = server.user().session
    assert not imap.must("CAPABILITY").find(rb"METADATA|FILTERS")
    imap.select()
    assert undefined(imap.cmd("SEARCH", "FILTER", "x"), "x")


def test_fi_02_create_list_rename_delete(reader):
    imap = reader.session
    put(reader, "on-the-road", 'OR SMALLER 5000 FROM "boss@remote.test"')
    assert found(imap, "FILTER", "on-the-road") == [1, 2, 3, 4]
    put(reader, "on-the-road", "SMALLER 5000")
    assert found(imap, "FILTER", "On-The-Road") == [1, 2, 4]
    put(reader, "away", "SMALLER 5000")
    entry = f"{VALUES}/on-the-road"
    # RFC 5466 3.2: NIL in both, of which only one is there and ours
    imap.must("SETMETADATA", '""',
              f"({entry} NIL {SHARED}/on-the-road NIL)")
    assert imap.getmetadata_all(VALUES, depth=1) == \
        {f"{VALUES}/away": "SMALLER 5000"}
    assert undefined(imap.cmd("SEARCH", "FILTER", "on-the-road"),
                     "on-the-road")


def test_fi_02_lists_name_no_directories(reader):
    imap = reader.session
    put(reader, "one", "ALL")
    put(reader, "one", "Everything", TEXTS)
    assert imap.getmetadata_all("/private/filters") == \
        {f"{VALUES}/one": "ALL", f"{TEXTS}/one": "Everything"}
    assert imap.getmetadata_all("/shared/filters") == {}


def test_fi_02_shared_ones_are_the_administrators(reader):
    imap = reader.session
    response = imap.setmetadata(f"{SHARED}/team", "FROM mate")
    assert response.status == "NO" and "[NOPERM]" in response.text
    share(reader, "team", "FROM mate")
    assert imap.getmetadata(f"{SHARED}/team") == "FROM mate"
    assert found(imap, "FILTER", "team") == [2, 5]
    response = imap.setmetadata(f"{SHARED}/team", None)
    assert response.status == "NO" and "[NOPERM]" in response.text
    result = reader.server.doveadm(
        "mailbox", "metadata", "set", "-u", reader.name, "-s", "",
        f"{SHARED}/team", "OR SMALLER")
    assert result.returncode != 0 and "no SEARCH criteria" in result.stderr
    assert found(imap, "FILTER", "team") == [2, 5]


def test_fi_02_shared_ones_of_the_settings(make_server):
    """For all; METADATA and, above all, private ones go first."""
    filters = {"team": 'OR SMALLER 5000 FROM "mate@remote.test"',
               "on-the-road": "SMALLER 5000", "odd": "NOSUCHKEY",
               "muted": '"UNSEEN KEYWORD $Muted"'}
    server = make_server(filter_settings(filters), notifier=False)
    user = server.user()
    imap = user.session
    imap.append("INBOX", message(body="x" * 9000, sender="mate@remote.test"))
    imap.append("INBOX", message(body="x" * 9000))
    imap.append("INBOX", message())
    imap.select()
    filters["muted"] = filters["muted"].strip('"')
    assert imap.getmetadata_all(SHARED) == \
        {f"{SHARED}/{name}": value for name, value in filters.items()}
    assert imap.getmetadata(f"{SHARED}/team") == filters["team"]
    assert found(imap, "FILTER", "team") == [1, 3]
    assert found(imap, "FILTER", "on-the-road") == [3]
    imap.must("STORE", "2", "+FLAGS", "($Muted)")
    assert found(imap, "FILTER", "muted") == [2]
    assert "Filter odd is not valid" in imap.cmd("SEARCH", "FILTER odd").text
    response = imap.setmetadata(f"{SHARED}/team", None)
    assert response.status == "NO" and "[NOPERM]" in response.text
    share(user, "team", "UID 2")
    assert found(imap, "FILTER", "team") == [2]
    put(user, "team", "ALL FILTER on-the-road")
    assert found(imap, "FILTER", "team") == [3]


# -- FI-03

@pytest.mark.parametrize("command,values", [
    ("SEARCH FILTER @", {"a": "FROM boss"}),
    ("UID SEARCH FILTER @ SUBJECT red", {"a": "FROM boss"}),
    ("UID SEARCH UID 2:4 FILTER @ SINCE 3-Dec-2002",
     {"a": 'OR SMALLER 5000 FROM "boss@remote.test"'}),
    ("SEARCH NOT FILTER @", {"a": "FROM boss"}),
    ("SEARCH NOT FILTER @", {"a": "FROM boss SUBJECT red"}),
    ("SEARCH OR FILTER @ FILTER @",
     {"a": "FROM boss SUBJECT red", "b": "FROM mate SUBJECT blue"}),
    ("SEARCH (FILTER @ (NOT FILTER @))", {"a": "ALL", "b": "SUBJECT blue"}),
    ("SEARCH RETURN (MIN MAX COUNT) FILTER @", {"a": "SUBJECT red"}),
    ("SEARCH CHARSET UTF-8 FILTER @", {"a": "SUBJECT red"}),
    ("SEARCH CHARSET US-ASCII FILTER @", {"a": 'SUBJECT "grün"'}),
    ("SEARCH FILTER @", {"a": 'SUBJECT "grün"'}),
    ("SEARCH FILTER @", {"a": "UID 2:*"}),
    ("SEARCH FILTER @", {"a": "2:3,5"}),
    ("SEARCH FILTER @", {"a": "UID $"}),
    ("SEARCH FILTER @", {"a": "(OR (SUBJECT red) NOT (FROM mate))"}),
    ("SEARCH FILTER @", {"a": "MIMEPART (TYPE text SIZE LARGER 5000)"}),
    ("SEARCH FILTER @", {"a": "NOT OLDER 3600 LARGER 5000"}),
    ("SEARCH RETURN () FILTER @", {"a": "MODSEQ 1 SMALLER 5000"}),
    ("SORT (REVERSE SUBJECT) UTF-8 FILTER @", {"a": "SMALLER 5000"}),
    ("UID SORT RETURN (ALL COUNT) (SIZE) UTF-8 FILTER @", {"a": "FROM mate"}),
    ("THREAD REFERENCES UTF-8 FILTER @", {"a": "FROM boss"}),
])
def test_fi_03_is_as_if_expanded(reader, command, values):
    """Byte for byte what the criteria in its place give."""
    imap = reader.session
    for name, value in values.items():
        put(reader, name, value)
    named, plain = command, command
    for name, value in values.items():
        named = named.replace("@", name, 1)
        plain = plain.replace("FILTER @", f"({value})", 1)
    imap.must("ENABLE", "CONDSTORE")
    imap.must("SEARCH", "RETURN", "(SAVE)", "1,3")
    answers = []
    for text in (named, plain):
        response = imap.must(text.replace('"grün"', "{5+}\r\ngrün"))
        tag = re.escape(f"t{imap.count}".encode())
        answers.append([re.sub(tag, b"T", line)
                        for line in response.untagged])
    assert answers[0] == answers[1] != []


def test_fi_03_literals_in_filters(reader):
    """By the letter of RFC 3501 UTF-8 needs one: quoted strings are 7-bit."""
    put(reader, "lit", "SUBJECT {5}\r\ngrün")
    put(reader, "odd", 'NOT SUBJECT {4}\r\na)(" SUBJECT {3+}\r\nred')
    assert found(reader.session, "FILTER", "lit") == [5]
    assert found(reader.session, "FILTER", "odd") == [1, 4]


def test_fi_03_context_is_updated(reader):
    imap = reader.session
    put(reader, "boss", "FROM boss UNSEEN")
    response = imap.must("UID", "SEARCH", "RETURN", "(UPDATE COUNT)",
                         "FILTER", "boss")
    tag = f"t{imap.count}"
    assert response.find(rb"COUNT 2")
    # it stays what it was when it began
    put(reader, "boss", "FROM mate")
    reader.deliver(message(sender="boss@remote.test"))
    found_new = imap.must("NOOP").find(
        rb'ESEARCH \(TAG "' + tag.encode() + rb'"\) UID ADDTO \(\d+ 6\)')
    assert found_new
    response = imap.must("UID", "STORE", "1", "+FLAGS", r"(\Seen)")
    assert response.find(rb"REMOVEFROM \(\d+ 1\)") or \
        imap.must("NOOP").find(rb"REMOVEFROM \(\d+ 1\)")


def test_fi_03_device_names_a_filter(server, endpoints):
    """What is stored at the delivery decides; a filter that is gone lets all
    ring."""
    user, endpoint = server.user(), endpoints.new()
    response = user.set_device("phone", {"channel": "log",
                                         "filter": "FILTER vip"})
    assert response.status == "NO" and "vip does not exist" in response.text
    put(user, "vip", "OR FROM boss FILTER more")
    put(user, "more", "SUBJECT fire")
    user.register(endpoint, filter="UNSEEN FILTER VIP", payload=2)

    def uids():
        return [p.data["vnd.lemonade.uid"] for p in endpoint.wait()]
    for sender, subject in (("mate", "tea"), ("boss", "tea"),
                            ("mate", "fire")):
        user.deliver(message(subject, sender=f"{sender}@remote.test"))
    assert [p.data["vnd.lemonade.uid"] for p in endpoint.wait(2)] == [2, 3]
    put(user, "more", "SUBJECT tea")
    user.deliver(message("fire", sender="mate@remote.test"))
    user.deliver(message("tea", sender="mate@remote.test"))
    assert endpoint.wait(3)[-1].data["vnd.lemonade.uid"] == 5
    put(user, "more", None)
    user.deliver(message("other", sender="mate@remote.test"))
    assert endpoint.wait(4)[-1].data["vnd.lemonade.uid"] == 6
    assert len(uids()) == 4


@pytest.mark.parametrize("value,word", [
    ("1:3", "Sequence numbers"), ("UID $", r"\$"),
    ("BODY a BODY b BODY c BODY d BODY e", "4 times"),
    ("FILTER x", "names itself")])
def test_fi_03_device_refuses_what_it_cannot_use(server, value, word):
    user = server.user()
    put(user, "x", value)
    response = user.set_device("phone", {"channel": "log",
                                         "filter": "FILTER x"})
    assert response.status == "NO" and re.search(word, response.text)


# -- FI-04 to FI-06

def test_fi_04_private_over_shared(reader):
    imap = reader.session
    share(reader, "same", "FROM boss")
    assert found(imap, "FILTER", "same") == [1, 3]
    put(reader, "same", "FROM mate")
    assert found(imap, "FILTER", "same") == [2, 5]
    put(reader, "same", None)
    assert found(imap, "FILTER", "same") == [1, 3]
    unshare(reader, "same")
    assert undefined(imap.cmd("SEARCH", "FILTER", "same"), "same")


@pytest.mark.parametrize("command", [
    "SEARCH FILTER nosuch", "UID SEARCH RETURN (COUNT) OR ALL FILTER nosuch",
    "SORT (DATE) UTF-8 FILTER nosuch", "UID SEARCH RETURN (UPDATE) NOT FILTER "
    "nosuch", "THREAD REFERENCES UTF-8 FILTER nosuch", "SEARCH FILTER outer"])
def test_fi_05_undefined(reader, command):
    put(reader, "outer", "ALL (NOT FILTER nosuch)")
    assert undefined(reader.session.cmd(command), "nosuch")
    assert found(reader.session, "ALL") == [1, 2, 3, 4, 5]


def test_fi_05_undefined_is_no_bad_command(reader):
    """Twenty BADs would end the session."""
    imap = reader.session
    for _ in range(30):
        assert undefined(imap.cmd("SEARCH", "FILTER", "nosuch"), "nosuch")
    # RFC 5182 2.1: NO empties what is saved
    imap.must("SEARCH", "RETURN", "(SAVE)", "ALL")
    assert undefined(imap.cmd("SEARCH", "RETURN", "(SAVE)", "FILTER nosuch"),
                     "nosuch")
    assert found(imap, "UID", "$") == []


def test_fi_05_unreadable_is_not_undefined(reader):
    """A client shall not take its filters for lost."""
    put(reader, "x", "ALL")
    reader.session.must("LOGOUT")
    reader.forget_session()
    path = f"{reader.home}/{ATTRIBUTES}"
    os.chmod(path, 0)
    reader.server.log.expect(ATTRIBUTES)
    reader.session.select()
    response = reader.session.cmd("SEARCH", "FILTER", "x")
    assert response.status == "NO"
    assert response.text.startswith("[UNAVAILABLE] ")
    os.chmod(path, 0o600)
    assert found(reader.session, "FILTER", "x") == [1, 2, 3, 4, 5]


def test_fi_06_three_passes_and_more(reader):
    imap = reader.session
    put(reader, "d", "FROM boss")
    for inner, outer in ("dc", "cb", "ba"):
        put(reader, outer, f"FILTER {inner}")
    assert found(imap, "FILTER", "a", "SUBJECT", "red") == [1]
    put(reader, "a", "FILTER a")
    assert undefined(imap.cmd("SEARCH", "FILTER", "a"), "a")
    put(reader, "d", "OR FROM boss FILTER B")
    assert undefined(imap.cmd("SEARCH", "FILTER", "b"), "b")


def test_fi_06_fan_out_is_bounded(reader):
    """Each names the next twice: 2^40 if nobody counted."""
    imap = reader.session
    for n in range(40):
        put(reader, f"f{n}", f"OR FILTER f{n + 1} FILTER f{n + 1}")
    put(reader, "f40", "ALL")
    start = time.monotonic()
    assert undefined(imap.cmd("SEARCH", "FILTER", "f0"), "f10")
    response = imap.cmd("SEARCH", "FILTER", "f32")
    assert response.text.startswith("[UNDEFINED-FILTER f")
    assert found(imap, "FILTER", "f37") == [1, 2, 3, 4, 5]
    put(reader, "big", "ALL " * 1000)
    assert found(imap, "FILTER", "big") == [1, 2, 3, 4, 5]
    assert undefined(imap.cmd("SEARCH", *["FILTER", "big"] * 9), "big")
    assert time.monotonic() - start < 1


# -- FI-07, FI-08

INCOMPLETE = [
    "OR SMALLER", "", " ", "SMALLER", "NOSUCHKEY", "FROM", "(ALL", "ALL)",
    "ALL) (ALL", "()", 'FROM "x', "FILTER", "FILTER a/b", "FILTER ()",
    "ALL\r\nALL", "ALL\tALL", "FROM {9}\r\nx", "FROM {x}\r\n", "x\x7f",
    b"SUBJECT \xff\xfe", b"SUBJECT gr\xc3", b'SUBJECT "gr\xfcn"',
    "SMALLER x", "BEFORE yesterday", "(" * 40 + "ALL" + ")" * 40,
    "KEYWORD (a)"]


def test_fi_07_incomplete_is_refused(reader):
    imap = reader.session
    put(reader, "x", "FROM boss")
    for value in INCOMPLETE:
        response = imap.setmetadata(f"{VALUES}/x", value)
        assert response.status == "NO", value
        assert "no SEARCH criteria" in response.text, value
        assert imap.getmetadata(f"{VALUES}/x") == "FROM boss"


@pytest.mark.parametrize("name,value", [
    ("bad", "(ALL"), ("b/d", "ALL"), ("Bad", "ALL")])
def test_fi_07_wrong_setting_is_named(make_server, name, value):
    """The log names it, or 2.4 does not start; mail goes on."""
    try:
        server = make_server(filter_settings({name: value}), notifier=False)
    except AssertionError as error:
        assert "lemonade_filter" in str(error)
        return
    server.log.expect("lemonade")
    server.user().deliver()
    assert server.log.wait("lemonade_filter")


def test_fi_07_all_or_nothing(reader):
    imap = reader.session
    response = imap.cmd("SETMETADATA", '""',
                        f'({VALUES}/a "ALL" {VALUES}/b "OR SMALLER")')
    assert response.status == "NO"
    assert imap.getmetadata_all(VALUES) == {}


def test_fi_07_incomplete_fails_the_search(reader):
    put_unchecked(reader, {"half": "OR SMALLER", "list": "ALL) (ALL",
                           "user": "FILTER half", "fine": "FROM boss"})
    imap = reader.session
    imap.select()
    for name in ("half", "list", "user"):
        response = imap.cmd("SEARCH", "FILTER", name)
        assert response.status == "NO" and \
            f"Filter {'half' if name == 'user' else name} is not valid" \
            in response.text
    assert found(imap, "FILTER", "fine") == [1, 3]


def test_fi_08_charset(reader):
    imap = reader.session
    put(reader, "x", "FROM boss")
    for command in ("SEARCH CHARSET ISO-8859-1 FILTER x",
                    "UID SEARCH CHARSET ISO-8859-1 OR ALL FILTER x",
                    "SORT (DATE) ISO-8859-1 FILTER x"):
        response = imap.cmd(command)
        assert response.status == "BAD"
        assert response.text.startswith("[BADCHARSET (UTF-8 US-ASCII)] ")
    assert imap.cmd("SEARCH CHARSET X-NOSUCH ALL").status == "NO"
    # the filter's text is UTF-8, whatever the command says
    put(reader, "x", 'SUBJECT "grün"')
    assert found(imap, "CHARSET", "us-ascii", "FILTER", "x") == [5]


# -- FI-09 to FI-11

def test_fi_09_too_many(server):
    user = server.user()
    imap = user.session
    names = [f"f{n}" for n in range(100)]
    for part in (names[:60], names[60:]):
        imap.must("SETMETADATA", '""', "(" + " ".join(
            f'{VALUES}/{name} "ALL"' for name in part) + ")")
    response = imap.setmetadata(f"{VALUES}/more", "ALL")
    assert response.status == "NO" and "[METADATA TOOMANY]" in response.text
    put(user, "f7", "DELETED")
    put(user, "f7", "Another matter", TEXTS)
    put(user, "f8", None)
    # those of one command count together
    response = imap.cmd("SETMETADATA", '""',
                        f'({VALUES}/a "ALL" {VALUES}/b "ALL")')
    assert response.status == "NO" and "[METADATA TOOMANY]" in response.text
    put(user, "more", "ALL")


def test_fi_09_sizes(reader):
    imap = reader.session
    put(reader, "big", "ALL " * 1023 + "ALL ")
    put(reader, "big", "ü" * 512, TEXTS)
    for entry, size in ((VALUES, 4096), (TEXTS, 1024)):
        for more in (1, 100000):
            response = imap.setmetadata(f"{entry}/big", "A" * (size + more))
            assert response.status == "NO" and \
                f"[METADATA MAXSIZE {size}]" in response.text


BAD_NAMES = [
    "a/b", "a(b", "a)b", "a{b", "a%b", "a*b", 'a\\"b', "a\\\\b", "a]b", "a b",
    "grün", "x" * 129, "a\tb"]


def test_fi_10_bad_names(reader):
    """A session may send twenty BADs in a row."""
    imap = reader.session
    for name in BAD_NAMES:
        for entry in (VALUES, TEXTS):
            response = imap.cmd("SETMETADATA", '""',
                                f'("{entry}/{name}" "ALL")')
            assert response.status in ("NO", "BAD"), name
        if name.isascii():
            response = imap.cmd("SEARCH", "FILTER", f'"{name}"')
            assert response.status == "BAD", name
        assert imap.getmetadata_all("/private/filters") == {}, name


def test_fi_10_good_names_and_descriptions(reader):
    imap = reader.session
    for name in ("x", "a.b_c-d", "$!#&'+,;<=>?@^`|}~", "x" * 128, "12", "a[b"):
        put(reader, name, "FROM boss")
        put(reader, name, "Vom Chef, grün \U000e0001\U000e0064\U000e0065",
            TEXTS)
        assert found(imap, "FILTER", name) == [1, 3]
        assert imap.getmetadata(f"{TEXTS}/{name}").startswith("Vom Chef, grün")
    response = imap.setmetadata(f"{TEXTS}/x", b"gr\xfcn")
    assert response.status == "NO" and "UTF-8" in response.text


def test_fi_11_anonymous_users_have_none(make_server):
    server = make_server("auth_mechanisms = plain login anonymous\n"
                         "auth_anonymous_username = ann\n", notifier=False)
    ann = server.user(name="ann")
    share(ann, "all", "ALL")
    with Imap(server.ports["imap"]) as imap:
        imap.must("AUTHENTICATE", "ANONYMOUS",
                  base64.b64encode(b"me").decode())
        for entry, value in ((VALUES, "ALL"), (TEXTS, "All"), (VALUES, None),
                             (SHARED, "ALL")):
            response = imap.setmetadata(f"{entry}/x", value)
            assert response.status == "NO" and "[NOPERM]" in response.text
        imap.select()
        imap.must("SEARCH", "FILTER", "all")
        assert undefined(imap.cmd("SEARCH", "FILTER", "x"), "x")


# -- SE-07, SC-14, SC-18

def test_se_07_view_filters_are_seen_by_other_sessions(reader):
    put(reader, "view", "FROM boss")
    with reader.imap() as other:
        other.select()
        assert found(other, "FILTER", "view") == [1, 3]
        put(reader, "view", "FROM mate")
        assert found(other, "FILTER", "view") == [2, 5]
        assert other.getmetadata(f"{VALUES}/view") == "FROM mate"


HOSTILE = [
    ["FILTER"], ["FILTER", "()"], ["FILTER", '""'],
    ["FILTER", b'"a\x00b"'],
    ["FILTER", Literal(b"a\r\nb")], ["FILTER", Literal(b"gr\xc3\xbcn")],
    ["FILTER", quote("x" * 5000)],
    ["NOT", "FILTER"], ["FILTER", "a/b"], ["FILTER", '"%"'],
    ["(FILTER", "x"], ["FILTER", "../x"]]


def test_sc_14_hostile_arguments(reader):
    """An answer, and the session goes on."""
    imap = reader.session
    for args in HOSTILE:
        assert imap.cmd("SEARCH", *args).status == "BAD", args
        assert found(imap, "ALL") == [1, 2, 3, 4, 5]
    # names as good as any
    assert undefined(imap.cmd("SEARCH", "FILTER", "FILTER"), "filter")
    assert undefined(imap.cmd("SEARCH", "FILTER", '"&AOQ-"'), "&aoq-")


def test_sc_14_literal_with_nul(reader):
    """Dovecot's search parser sees what is before it."""
    put(reader, "ab", "ALL")
    response = reader.session.cmd("SEARCH", "FILTER", Literal(b"a\x00b"))
    assert response.status == "BAD" or undefined(response, "a")


def test_sc_14_nul_and_lines_in_values(reader):
    imap = reader.session
    for value in (b"SUBJECT a\x00b", b"ALL\r\nx LOGOUT\r\n", b"\x00"):
        response = imap.cmd("SETMETADATA", '""', b"(" + VALUES.encode() +
                            b"/x ~{%d+}\r\n" % len(value) + value + b")")
        assert response.status in ("NO", "BAD")
    assert imap.getmetadata(f"{VALUES}/x") is None


def test_sc_18_filters_of_others(reader):
    put(reader, "secret", "FROM boss")
    put(reader, "secret", "The boss", TEXTS)
    other = reader.server.user().session
    assert other.getmetadata_all("/private/filters") == {}
    assert other.getmetadata_all("/shared/filters") == {}
    assert other.getmetadata(f"{VALUES}/secret") is None
    other.select()
    assert undefined(other.cmd("SEARCH", "FILTER", "secret"), "secret")
    with Imap(reader.server.ports["imap"]) as imap:
        assert imap.cmd("GETMETADATA", '""',
                        f"({VALUES}/secret)").status == "BAD"
