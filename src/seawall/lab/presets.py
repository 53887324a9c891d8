"""Named behaviours: one for each way in which a server is known, or feared, to go wrong.

Owns the names. They are meant for a box of three mails of which the second meets the misbehaviour,
unless the name tells that it is the server as a whole; 1 and 3 should arrive wherever they can.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from seawall.lab.behaviour import HONEST, Behaviour, Ending, Endless, Pace, Stop, refusing_logins

_ERR: Final = b"-ERR no\r\n"
_LINE: Final = b"and so on, and so on, and so on, and so on, and so on\r\n"
_HEAD: Final = b"+OK\r\nSubject: endless\r\n"
_ESCAPES: Final = b"\x1b]0;owned\x07\x1b[2J\x1b[31m\x9b31m\x08\x7f"

OFFERED: Final[Mapping[str, Behaviour]] = MappingProxyType(
    {
        "honest": HONEST,
        "no-capa": Behaviour(lacks=frozenset({"CAPA"})),
        "no-uidl": Behaviour(lacks=frozenset({"UIDL"})),
        "no-top": Behaviour(lacks=frozenset({"TOP"})),
        "no-pipelining": Behaviour(lacks=frozenset({"PIPELINING"})),
        "no-stls": Behaviour(lacks=frozenset({"STLS"})),
        "no-sasl": Behaviour(sasl=()),
        "no-response-codes": Behaviour(lacks=frozenset({"RESP-CODES", "AUTH-RESP-CODE"})),
        "only-rfc-1939-section-5": Behaviour(
            lacks=frozenset({"CAPA", "UIDL", "TOP", "PIPELINING", "STLS", "RESP-CODES", "AUTH-RESP-CODE"}),
            sasl=(),
        ),
        "apop": Behaviour(timestamp=b"<1896.697170952@isp.example>", sasl=()),
        "login-delay-announced": Behaviour(login_delay="900"),
    }
)

LOGINS: Final[Mapping[str, Behaviour]] = MappingProxyType(
    {
        "greeting-refused": Behaviour(replies={("GREETING", None): b"-ERR too many connections\r\n"}),
        "greeting-silent": Behaviour(replies={("GREETING", None): b""}),
        "greeting-of-smtp": Behaviour(replies={("GREETING", None): b"220 isp.example ESMTP\r\n"}),
        "login-refused": Behaviour(replies=refusing_logins(b"no")),
        "login-refused-auth": Behaviour(replies=refusing_logins(b"[AUTH] wrong password")),
        "login-in-use": Behaviour(replies=refusing_logins(b"[IN-USE] another session has the box")),
        "login-delay": Behaviour(replies=refusing_logins(b"[LOGIN-DELAY] too soon"), login_delay="900"),
        "login-sys-temp": Behaviour(replies=refusing_logins(b"[SYS/TEMP] the disk is away")),
        "login-sys-perm": Behaviour(replies=refusing_logins(b"[SYS/PERM] the account is closed")),
        "auth-garbage": Behaviour(replies={("AUTH", None): b"+ %%% no base64 %%%\r\n"}),
        "auth-unproved": Behaviour(replies={("AUTH", None): b"+OK come in\r\n"}),
        "stls-injection": Behaviour(behind={("STLS", None): b"+OK injected\r\n+OK injected\r\n"}),
        "stls-refused": Behaviour(replies={("STLS", None): _ERR}),
    }
)

CONNECTIONS: Final[Mapping[str, Behaviour]] = MappingProxyType(
    {
        "drop-mid-mail": Behaviour(stops=(Stop(at=("RETR", 2)),)),
        "drop-mid-mail-once": Behaviour(stops=(Stop(at=("RETR", 2), times=1),)),
        "drop-mid-terminator": Behaviour(
            replies={("RETR", 2): b"+OK\r\nSubject: cut\r\n\r\nhalf a mail\r\n."},
            stops=(Stop(at=("RETR", 2), after=2**20),),
        ),
        "drop-early": Behaviour(stops=(Stop(at=None, after=600),)),
        "drop-at-login": Behaviour(
            stops=(Stop(at=("PASS", None), after=0), Stop(at=("AUTH", None), after=0))
        ),
        "drop-in-uidl": Behaviour(stops=(Stop(at=("UIDL", None)),)),
        "drop-at-dele": Behaviour(stops=(Stop(at=("DELE", 2), after=0),)),
        "drop-at-quit": Behaviour(stops=(Stop(at=("QUIT", None), after=0),), quit_erases=False),
        "drop-at-quit-erased": Behaviour(stops=(Stop(at=("QUIT", None), after=0),)),
        "hang-mid-mail": Behaviour(stops=(Stop(at=("RETR", 2), ending=Ending.HANG),)),
        "hang-at-quit": Behaviour(stops=(Stop(at=("QUIT", None), after=0, ending=Ending.HANG),)),
        "one-octet-segments": Behaviour(pace=Pace(octets=(1,))),
        "odd-segments": Behaviour(pace=Pace(octets=(1, 2, 3, 5, 7, 11, 13, 1021))),
        "dribble": Behaviour(pace=Pace(octets=(1,), seconds=1.0)),
        "dribble-mid-mail": Behaviour(pace=Pace(octets=(1,), seconds=1.0, at=("RETR", 2))),
    }
)

REPLIES: Final[Mapping[str, Behaviour]] = MappingProxyType(
    {
        "retr-refused": Behaviour(replies={("RETR", 2): _ERR}),
        "dele-refused": Behaviour(replies={("DELE", 2): _ERR}),
        "top-refused": Behaviour(replies={("TOP", None): _ERR}),
        "uidl-refused": Behaviour(replies={("UIDL", None): _ERR}),
        "list-refused": Behaviour(replies={("LIST", None): _ERR}),
        "stat-refused": Behaviour(replies={("STAT", None): _ERR}),
        "quit-refused": Behaviour(replies={("QUIT", None): _ERR}, quit_erases=False),
        "quit-refused-erased": Behaviour(replies={("QUIT", None): _ERR}),
        "stat-says-five": Behaviour(replies={("STAT", None): b"+OK 5 5000\r\n"}),
        "status-of-1-mb": Behaviour(replies={("RETR", 2): b"-ERR " + b"x" * 2**20 + b"\r\n"}),
        "status-with-escapes": Behaviour(replies={("RETR", 2): b"-ERR " + _ESCAPES + b"\r\n"}),
        "status-of-nonsense": Behaviour(replies={("RETR", 2): b"HTTP/1.1 200 OK\r\n"}),
        "status-bare-lf": Behaviour(line_end=b"\n"),
        "status-endless": Behaviour(replies={("RETR", 2): Endless(head=b"+OK ", again=b"x" * 64)}),
        "body-endless": Behaviour(replies={("RETR", 2): Endless(head=_HEAD + b"\r\n", again=_LINE)}),
        "headers-endless": Behaviour(replies={("RETR", 2): Endless(head=_HEAD, again=b"X-%d: more\r\n")}),
        "line-endless": Behaviour(replies={("RETR", 2): Endless(head=_HEAD + b"\r\n", again=b"x" * 64)}),
        "top-endless": Behaviour(replies={("TOP", 2): Endless(head=_HEAD, again=b"X-%d: more\r\n")}),
        "list-endless": Behaviour(replies={("LIST", None): Endless(head=b"+OK\r\n", again=b"%d 1000\r\n")}),
        "uidl-endless": Behaviour(replies={("UIDL", None): Endless(head=b"+OK\r\n", again=b"%d x\r\n")}),
        "capa-endless": Behaviour(replies={("CAPA", None): Endless(head=b"+OK\r\n", again=b"X-%d\r\n")}),
        "ok-twice": Behaviour(before={("RETR", 2): b"+OK\r\n"}),
        "unsolicited": Behaviour(behind={("RETR", 2): b"* a word from our sponsor\r\n"}),
        "unsolicited-ok": Behaviour(behind={("RETR", 2): b"+OK\r\n"}),
        "dots-unstuffed": Behaviour(stuffs_dots=False),
    }
)

LISTINGS: Final[Mapping[str, Behaviour]] = MappingProxyType(
    {
        "size-too-low": Behaviour(sizes={2: b"1"}),
        "size-too-high": Behaviour(sizes={2: b"40000000"}),
        "size-enormous": Behaviour(sizes={2: b"9" * 40}),
        "size-negative": Behaviour(sizes={2: b"-5"}),
        "size-not-a-number": Behaviour(sizes={2: b"many"}),
        "size-missing": Behaviour(sizes={2: b""}),
        "sizes-all-zero": Behaviour(sizes={None: b"0"}),
        "uidl-twice": Behaviour(uidls={1: b"twin", 2: b"twin"}),
        "uidls-all-one": Behaviour(uidls={None: b"twin"}),
        "uidl-long": Behaviour(uidls={2: b"../" * 40 + b"\xe9\xff\x00\x1b" + b"x" * 176}),
        "uidl-spaces": Behaviour(uidls={2: b"two  words and more"}),
        "uidl-empty": Behaviour(uidls={2: b""}),
        "number-gaps": Behaviour(gaps=frozenset({2, 4})),
        "list-lacks-one": Behaviour(unlisted=frozenset({("LIST", 2)})),
        "uidl-lacks-one": Behaviour(unlisted=frozenset({("UIDL", 2)})),
        "both-lack-one": Behaviour(unlisted=frozenset({("UIDL", 2), ("LIST", 2)})),
    }
)

ERASURES: Final[Mapping[str, Behaviour]] = MappingProxyType(
    {
        "expire-0": Behaviour(expire="0", erases_retrieved=True),
        "expire-0-unsaid": Behaviour(expire=None, erases_retrieved=True),
        "erases-on-drop": Behaviour(drop_erases=True),
        "erases-nothing": Behaviour(quit_erases=False),
        "erases-on-drop-mid-mail": Behaviour(stops=(Stop(at=("RETR", 3)),), drop_erases=True),
    }
)

PRESETS: Final[Mapping[str, Behaviour]] = MappingProxyType(
    {**OFFERED, **LOGINS, **CONNECTIONS, **REPLIES, **LISTINGS, **ERASURES}
)
"""All of them, by name."""
