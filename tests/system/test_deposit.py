"""DF: what Sieve does with a message at the point of delivery."""

import subprocess
from email.header import Header

import pytest

from lemotest import wait
from lemotest.sieve import ManageSieve
from lemotest.users import message


@pytest.fixture
def user(filter_server):
    return filter_server.user()


def put(user, script):
    with ManageSieve(user.server.ports["sieve"]) as sieve:
        sieve.login(user.name, user.password)
        sieve.put("main", script.replace("\n", "\r\n"))


def count(user, mailbox="INBOX"):
    return int(user.session.must("STATUS", mailbox, "(MESSAGES)")
               .find(rb"MESSAGES (\d+)").group(1))


def flags(user, mailbox="INBOX"):
    """Of the last message."""
    user.session.select(mailbox)
    found = user.session.must("FETCH", "*", "(FLAGS)") \
        .find(rb"FLAGS \(([^)]*)\)").group(1).decode().split()
    user.session.must("UNSELECT")
    return {flag for flag in found if flag != "\\Recent"}


def sieve_log(user):
    try:
        with open(f"{user.home}/.dovecot.sieve.log", encoding="utf-8") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def marks(user, requires, tests, **kwargs):
    """The names of those tests that are true of one mail."""
    lines = [f"if {test} {{ addflag \"t{n}\"; }}"
             for n, test in enumerate(tests)]
    put(user, f"require {requires};\n" + "\n".join(lines) + "\n")
    user.deliver(message(**kwargs))
    found = flags(user)
    return [n for n in range(len(tests)) if f"t{n}" in found]


def test_df_01_filter_at_the_point_of_delivery(user):
    put(user, 'require "fileinto";\n'
        'if header :contains "subject" "junk" { fileinto "Junk"; }\n')
    user.deliver(subject="junk")
    user.deliver(subject="good")
    assert (count(user, "Junk"), count(user)) == (1, 1)


def test_df_02_one_script_uses_all_six(user):
    """RFC 5550 3.3. Nobody is told anything: the mail is from a list."""
    put(user, """
require ["enotify", "imap4flags", "relational", "vacation", "variables",
         "comparator-i;unicode-casemap"];
set :upperfirst "wish" "grüße";
if allof(header :comparator "i;unicode-casemap" :contains "subject" "${wish}",
         header :count "eq" "subject" "1") {
  addflag "$greeted";
  vacation :days 7 "away";
  if not valid_notify_method "mailto:x@lemo.test" {
    notify "mailto:x@lemo.test";
  }
}
""")
    user.deliver(message(subject="=?utf-8?q?GR=C3=9C=C3=9FE?=",
                         extra="List-Id: <list.remote.test>"))
    assert flags(user) == {"$greeted"}
    assert sieve_log(user) == ""


CASEMAP = '["comparator-i;unicode-casemap", "relational", "imap4flags"]'


def casemap(how, key, header="subject"):
    return (f'header :comparator "i;unicode-casemap" {how} "{header}" '
            f'"{key}"')


def test_df_03_case_outside_ascii(user):
    """In an encoded word and in a raw header, and as a part of it."""
    subject = Header("Über ŒUVRES, ЖИЗНЬ", "utf-8").encode()
    tests = {
        casemap(":is", "über œuvres, жизнь"): True,
        casemap(":is", "ÜBER ŒUVRES, Жизнь"): True,
        casemap(":is", "uber œuvres, жизнь"): False,
        casemap(":contains", "œuvres"): True,
        casemap(":contains", "Жиз"): True,
        casemap(":contains", "oeuvres"): False,
        casemap(":matches", "über *, жи*"): True,
        casemap(":matches", "*жизнь"): True,
        casemap(":matches", "*œ????s*"): True,
        casemap(":matches", "*œs*"): False,
        casemap(':value "ge"', "ÜBER Œ"): True,
        casemap(':value "lt"', "über œuvres, жизнь"): False,
        casemap(":is", "größe", "x-raw"): True,
        'header :is "subject" "über œuvres, жизнь"': False,
        'header :comparator "i;octet" :is "subject" "über œuvres, жизнь"':
            False,
    }
    found = marks(user, CASEMAP, tests, subject=subject, extra="X-Raw: GRÖßE")
    assert found == [n for n, true in enumerate(tests.values()) if true]


def test_df_03_composed_and_decomposed(user):
    """As strings decomposed (RFC 5051 2 (2) (b)); :matches and its variables
    stay whole where characters differ in length."""
    subject = Header("Cafe\u0301 Kı", "utf-8").encode()
    tests = {
        casemap(":is", "CAFÉ ki"): True,
        casemap(":is", "CAFE ki"): False,
        casemap(":contains", "fé"): True,
        casemap(":contains", "fe"): True,
        casemap(":contains", "fex"): False,
        casemap(":matches", "caf*É K?*"): True,
        casemap(":matches", "*é*"): True,
        casemap(":matches", "*I"): False,
        casemap(":matches", "*ışık*", "x-light"): False,
        # the others are there as before
        'header :comparator "i;ascii-numeric" "x-two" "02"': True,
        'header :comparator "i;octet" "x-light" "ışık"': False,
    }
    found = marks(user, CASEMAP[:-1] + ', "variables", '
                  '"comparator-i;ascii-numeric"]', tests, subject=subject,
                  extra="X-Light: IŞIK x\r\nX-Two: 2")
    assert found == [n for n, true in enumerate(tests.values()) if true]
    found = marks(user, '["comparator-i;ascii-numeric", "imap4flags", '
                  '"comparator-i;unicode-casemap"]', {
                      'header :comparator "i;ascii-numeric" "x-two" "02"': 1,
                      casemap(":is", "ışık", "x-light"): 1,
                      casemap(":contains", "ŞIK", "x-light"): 1},
                  extra="X-Light: IŞIK\r\nX-Two: 2")
    assert found == [0, 1, 2]


def test_df_03_octets_that_are_no_utf8(user):
    """Whatever is in the message and in the script: it is delivered."""
    body = "".join(f"{n:02x}" for n in range(256))
    tests = [casemap(":contains", key, "x-raw") for key in
             ("ı", "é", "e\u0301", "?", "ÿ", "x")]
    tests += [f'body :raw :comparator "i;unicode-casemap" {how} "{key}"'
              for how in (":contains", ":matches", ":is")
              for key in ("*ı*", "*é", "*e\u0301*?", "?*ÿ?")]
    requires = CASEMAP[:-1] + ', "body", "variables"]'
    lines = [f"if {test} {{ addflag \"t{n}\"; }}"
             for n, test in enumerate(tests)]
    put(user, f"require {requires};\n" + "\n".join(lines) + "\n")
    mail = message(body=body, extra="X-Raw: @")
    bad = bytes(range(128, 256)) + b"\xc3"
    user.deliver(mail.replace(b"@", bad).replace(body.encode(), bad * 3))
    assert count(user) == 1
    assert "t5" not in flags(user)


def test_df_04_base_language(user):
    # 15 blocks inside one another
    nested = "true { if " * 15 + 'true { addflag "deep"; ' + "} " * 15
    tests = {
        nested + "} if true": True,
        'header :is "subject" "HELLO there"': True,
        'header :comparator "i;octet" :is "subject" "HELLO there"': False,
        'header :comparator "i;ascii-casemap" :contains "subject" "lO T"':
            True,
        'header :matches "subject" "?ello*"': True,
        'exists ["from", "to"]': True,
        'exists ["from", "x-none"]': False,
        'address :domain "from" "remote.test"': True,
        'address :localpart "from" "remote.test"': False,
        'envelope "from" "joe@remote.test"': True,
        "size :over 100K": False,
        "size :under 100K": True,
        'anyof(false, not false)': True,
        'allof(true, false)': False,
    }
    found = marks(user, '["imap4flags", "envelope"]', tests,
                  subject="hello there")
    assert found == [n for n, true in enumerate(tests.values()) if true]
    assert "deep" in flags(user)
    put(user, 'if header "subject" "out" { discard; } else { keep; stop; }\n'
        "discard;\n")
    user.deliver(subject="out")
    assert count(user) == 1
    user.deliver(subject="in")
    assert count(user) == 2


@pytest.mark.parametrize("what, script, error", [
    ("too many redirects", "".join(
        f'redirect "r{n}@lemo.test";\n' for n in range(6)), "redirect"),
    ("no such method", 'require ["enotify", "variables"];\n'
     'set "m" "x";\ndiscard;\nnotify "bogus:${m}";\n', "bogus"),
], ids=["redirects", "method"])
def test_df_04_error_keeps_and_is_told(user, what, script, error):
    """An error of the script: the mail is in INBOX, the user can read why."""
    put(user, script)
    user.deliver(subject=what)
    assert count(user) == 1
    assert error in sieve_log(user)


def test_df_05_flags(user):
    """What cannot be set is ignored."""
    put(user, """
require ["imap4flags", "fileinto", "copy"];
setflag ["\\\\Seen", "\\\\Recent", "\\\\Bogus"];
addflag ["$Important", "\\\\Flagged \\\\Draft", "gone"];
removeflag ["\\\\Flagged", "gone"];
if allof(hasflag "$Important", not hasflag "gone") { addflag "sure"; }
fileinto :copy :flags "\\\\Answered" "Junk";
keep;
""")
    user.deliver()
    assert flags(user) == {"\\Seen", "$Important", "\\Draft", "sure"}
    assert flags(user, "Junk") == {"\\Answered"}


def test_df_06_relational(user):
    numeric = ('header :value "{}" :comparator "i;ascii-numeric" "x-prio" '
               '"{}"')
    tests = {
        numeric.format("gt", 3): True,
        numeric.format("gt", 10): False,
        numeric.format("le", 10): True,
        numeric.format("eq", 10): True,
        numeric.format("ne", "010"): False,
        'header :value "gt" "x-prio" "3"': False,
        'header :count "eq" :comparator "i;ascii-numeric" "x-two" "2"': True,
        'header :count "gt" :comparator "i;ascii-numeric" "x-two" "2"': False,
        # what is no number is more than any
        'header :value "gt" :comparator "i;ascii-numeric" "subject" "9"':
            True,
    }
    found = marks(user, '["relational", "comparator-i;ascii-numeric", '
                  '"imap4flags"]', tests,
                  extra="X-Prio: 10\r\nX-Two: a\r\nX-Two: b")
    assert found == [n for n, true in enumerate(tests.values()) if true]


def test_df_07_variables(user):
    """At least 128 of them, names of 32 characters, values of 4000, and
    ${1} to ${9}."""
    name = "n" * 32
    value = "v" * 3996
    script = 'require ["variables", "imap4flags", "relational", ' \
        '"comparator-i;ascii-numeric"];\n'
    script += "".join(f'set "v{n}" "{n}";\n' for n in range(128))
    script += f'set "{name}" "{value}";\nset "{name}" "${{{name}}}1234";\n'
    script += f"""
if string "${{v0}} ${{v127}}" "0 127" {{ addflag "many"; }}
if string "${{{name}}}" "{value}1234" {{ addflag "long"; }}
if header :matches "subject" "*-*-*-*-*-*-*-*-*" {{
  if string "${{9}}${{8}}${{7}}${{6}}${{5}}${{4}}${{3}}${{2}}${{1}}"
            "ihgfedcba" {{ addflag "nine"; }}
}}
set :length "n" "äbc";
set :upper :quotewildcard "q" "a*b";
if allof(string "${{n}}" "3", string "${{q}}" "A\\\\*B",
         string "${{none}}" "") {{ addflag "modified"; }}
"""
    put(user, script)
    user.deliver(subject="a-b-c-d-e-f-g-h-i")
    assert flags(user) == {"many", "long", "nine", "modified"}


def test_sn_05_encodeurl(user):
    """RFC 5435 6: the example, and what it protects."""
    put(user, """
require ["enotify", "variables", "imap4flags"];
set :encodeurl "body_param" "Safe body&evil=evilbody";
if string "${body_param}" "Safe%20body%26evil%3Devilbody" { addflag "rfc"; }
set :encodeurl :lower "order" "X/ä-._~";
if string :comparator "i;octet" "${order}" "x%2F%C3%A4-._~" {
  addflag "order";
}
set :length :encodeurl "three" "&";
if string "${three}" "3" { addflag "length"; }
""")
    user.deliver()
    assert flags(user) == {"rfc", "order", "length"}


def test_df_02_df_03_df_10_by_lda(user, endpoints):
    """dovecot-lda runs the same script, and its notify rings once."""
    endpoint = endpoints.new()
    user.register(endpoint, payload=2)
    put(user, f"""
require {CASEMAP[:-1]}, "enotify"];
if {casemap(':contains', 'GRÜSSE')} {{
  addflag "cased";
  notify "push:phone";
  notify "push:all";
}}
""")
    mail = message(subject=Header("viele grüsse", "utf-8").encode())
    result = user.server.lda(user, mail, "-f", "joe@remote.test")
    assert result.returncode == 0, result
    assert flags(user) == {"cased"}
    assert endpoint.wait(1)[0].data["vnd.lemonade.uid"] == 1
    wait.until(lambda: user.status("phone")["pending"] == 0, 5, "sent")
    assert len(endpoint.pushes()) == 1


def test_df_02_by_sievec(filter_server, tmp_path):
    """The administrator's tool knows them too."""
    script = tmp_path / "all.sieve"
    for name, code in (("unicode-casemap", 0), ("bogus-casemap", 1)):
        script.write_text('require ["enotify", "comparator-i;%s"];\n'
                          'notify "push:all";\n' % name, encoding="utf-8")
        result = subprocess.run(
            ["sievec", "-c", filter_server.conf_file, str(script)],
            capture_output=True, text=True, timeout=20, check=False)
        assert (result.returncode != 0) == code, result
