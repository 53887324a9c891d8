"""How a POP3 server behaves, as frozen data: the honest one by default, and every way to be otherwise.

Owns the vocabulary of misbehaviour. Refuses to know how it is acted out: `conversation` makes the replies and `voice`
sends them. The fields are few and combine; the audit's cases name combinations.

A `Key` is a command and a mail's serial in its box, which is its number as long as nothing was erased: `("RETR", 2)`
means that mail whatever its number has become, `("RETR", None)` means RETR of any number or none. `GREETING` is a
command for this purpose.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType
from typing import Any, Final

Key = tuple[str, int | None]


class Ending(Enum):
    """What becomes of a connection at a `Stop`."""

    DROP = auto()
    HANG = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Where the server stops talking.

    After `after` octets of the reply to `at`, half of it if None; where `at` is None, after `after`
    octets of the session. It happens the first `times` times, always if None.
    """

    at: Key | None
    after: int | None = None
    ending: Ending = Ending.DROP
    times: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Replies come in pieces of these sizes in octets, over and over, `seconds` apart; only replies to `at` if given."""

    octets: tuple[int, ...]
    seconds: float = 0.0
    at: Key | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endless:
    """A reply that is `head` and then `again` for ever: until the client leaves, or `cap` octets and a drop.

    A `%d` in `again` counts from one.
    """

    head: bytes
    again: bytes
    cap: int = 64 * 2**20


def _none() -> Mapping[Any, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How the server behaves; `Behaviour()` follows RFC 1939, 2449, 2595, 3206, 5034 and 5802.

    What is offered:
        lacks: commands and capabilities that it neither announces nor knows, such as `CAPA`, `UIDL`,
            `TOP`, `STLS`, `USER`, `RESP-CODES`, `AUTH-RESP-CODE`. A server that lacks `PIPELINING`
            throws away what came together with the command that it answers.
        sasl: the mechanisms of AUTH; none, no AUTH.
        timestamp: the greeting's, with its angle brackets; None, no APOP (RFC 1939 §7).
        expire, login_delay: what CAPA says about them, as sent; None, nothing (RFC 2449 §6.5, §6.7).

    What is said:
        replies: sent instead of the reply, all of it, line ends included; the command then has no
            effect (QUIT still ends the session). Empty octets are silence.
        before, behind: sent in the same segment before or behind the reply.
        line_end: of the status lines that the server makes by itself.
        stuffs_dots: whether a line of a mail that begins with a dot gets another (RFC 1939 §3).

    What is listed, by a mail's serial (None: every mail):
        sizes, uidls: instead of the true ones, in LIST, UIDL and the reply to RETR.
        unlisted: `("LIST", 2)` leaves mail 2 out of the listing of LIST.
        gaps: numbers that no mail gets.

    What is erased, beside the mails marked by DELE at QUIT:
        quit_erases: whether QUIT does so, whatever it answers.
        drop_erases: whether a connection that ends without QUIT does so too, against RFC 1939 §6.
        erases_retrieved: whether mails that were read go with them, as `EXPIRE 0` says.

    How it is sent: stops, pace.
    """

    lacks: frozenset[str] = frozenset()
    sasl: tuple[str, ...] = ("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN")
    timestamp: bytes | None = None
    expire: str | None = "NEVER"
    login_delay: str | None = None
    replies: Mapping[Key, bytes | Endless] = field(default_factory=_none)
    before: Mapping[Key, bytes] = field(default_factory=_none)
    behind: Mapping[Key, bytes] = field(default_factory=_none)
    line_end: bytes = b"\r\n"
    stuffs_dots: bool = True
    sizes: Mapping[int | None, bytes] = field(default_factory=_none)
    uidls: Mapping[int | None, bytes] = field(default_factory=_none)
    unlisted: frozenset[tuple[str, int]] = frozenset()
    gaps: frozenset[int] = frozenset()
    quit_erases: bool = True
    drop_erases: bool = False
    erases_retrieved: bool = False
    stops: tuple[Stop, ...] = ()
    pace: Pace | None = None


HONEST: Final = Behaviour()


def matches(key: Key, verb: str, number: int | None) -> bool:
    """Whether `key` means this command."""
    return key[0] == verb and key[1] in {None, number}


def refusing_logins(words: bytes) -> Mapping[Key, bytes]:
    """Return the replies of a server that answers every login with `-ERR words`."""
    return MappingProxyType({(verb, None): b"-ERR " + words + b"\r\n" for verb in ("PASS", "APOP", "AUTH")})
