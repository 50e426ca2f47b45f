"""URLAUTH (RFC 4467, 5092, 5524) as a client speaks it."""

import base64
import re
import urllib.parse

from .imap import Imap, quote

HOST = "lemo.test"
SUBMIT, STREAM, ANYBODY = "ann", "joe", "lemobob"


def conf(extra=""):
    """Lines for a server whose users are authorised by HOST, whose account
    SUBMIT is a submission server's, STREAM a streaming server's, and
    ANYBODY that of anonymous logins."""
    return ("auth_mechanisms = plain login anonymous\n"
            f"auth_anonymous_username = {ANYBODY}\n"
            f"imap_urlauth_host = {HOST}\n"
            f"imap_urlauth_submit_user = {SUBMIT}\n"
            f"imap_urlauth_stream_user = {STREAM}\n" + extra)


def plain_url(user, uid=1, mailbox="INBOX", uidvalidity=None):
    name = urllib.parse.quote(user.name, safe="")
    return (f"imap://{name}@{HOST}/{urllib.parse.quote(mailbox)}" +
            (f";UIDVALIDITY={uidvalidity}" if uidvalidity else "") +
            f"/;UID={uid}")


def rump(user, access, uid=1, mailbox="INBOX", tail=""):
    """access: "anonymous", or ("user", User). tail: section, partial,
    expire."""
    if not isinstance(access, str):
        access = f"{access[0]}+{urllib.parse.quote(access[1].name, safe='')}"
    return f"{plain_url(user, uid, mailbox)}{tail};URLAUTH={access}"


def generate(session, *rumps, mechanism="INTERNAL"):
    """The Response."""
    args = []
    for url in rumps:
        args += [quote(url), mechanism]
    return session.cmd("GENURLAUTH", *args)


def authorise(session, *rumps):
    """The URL; a list of them if several were asked for."""
    response = generate(session, *rumps)
    assert response.ok, response
    line = response.find(rb"^\* GENURLAUTH (.*)$").group(1).decode()
    urls = [url.strip('"') for url in line.split(" ")]
    assert len(urls) == len(rumps)
    return urls if len(urls) > 1 else urls[0]


def owned(user, access, **kwargs):
    """A URL that the user authorises."""
    return authorise(user.session, rump(user, access, **kwargs))


def answers(response):
    """The octets of each URLFETCH response in turn; None for NIL."""
    found = []
    for line in response.untagged:
        match = re.match(rb'\* URLFETCH ("(?:[^"\\]|\\.)*"|\{\d+\}\r\n|[^ ]+)',
                         line)
        if match is None:
            continue
        end = match.end()
        if match.group(1).startswith(b"{"):
            end += int(match.group(1)[1:-3])
        rest = line[end:].lstrip(b" ")
        literal = re.match(rb"~?\{(\d+)\}\r\n", rest)
        if literal:
            rest = rest[literal.end():]
            assert len(rest) == int(literal.group(1))
            found.append(rest)
        else:
            assert rest in (b"NIL", b'""'), line
            found.append(None if rest == b"NIL" else b"")
    return found


def fetch(session, *urls):
    """What URLFETCH says of them: one value, or a list of several."""
    found = answers(session.must("URLFETCH", *map(quote, urls)))
    assert len(found) == len(urls), found
    return found if len(found) > 1 else found[0]


def fetch_extended(session, url, *params):
    """What stands behind the URL, of URLFETCH (url params)."""
    response = session.must("URLFETCH", b"(" + quote(url) +
                            "".join(" " + p for p in params).encode() + b")")
    return response.find(rb"^\* URLFETCH [^ ]+ (.*)$").group(1)


def anonymous(server):
    """A session of nobody."""
    server.user(name=ANYBODY)
    session = Imap(server.ports["imap"])
    server.sessions.append(session)
    response = session.cmd("AUTHENTICATE", "ANONYMOUS",
                           base64.b64encode(b"guest"))
    assert response.ok, response
    return session


def tampered(url, at=-1):
    """Another digit there."""
    digit = "0" if url[at] != "0" else "1"
    return url[:at] + digit + (url[at + 1:] if at != -1 else "")
