"""What one mail server is, and what it writes on top of a mail that it takes in (RFC 5321 §4.4).

Owns the values of a handover. Refuses to know any product (`postfix_styles`, `unix_styles`, `windows_styles`, `web_styles`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final, TypeVar
from zlib import crc32

from seawall.lab.writer.clock import Zone

WIDTH: Final = 78
_Choice = TypeVar("_Choice")


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A machine that sends or takes mail; a user's own computer is one with the style `mua`."""

    name: str
    """As it names itself behind `by`."""
    domain: str
    """Of the organisation that runs it."""
    style: str
    address: str
    """Dotted, as others see it."""
    helo: str
    reverse: str
    """The name that its address has; empty where it has none."""
    zone: Zone
    skew: float
    """Seconds by which its clock is ahead of the true time."""
    nature: int
    """What is constant on this host (versions, options, counters) is drawn from this number."""
    is_stripping: bool = False
    """Whether it removes every Received that it finds in a mail."""

    def clock(self, moment: float) -> datetime:
        """Return what the host's clock shows at a true moment."""
        return self.zone.at(moment + self.skew)

    def settled(self, question: str, answers: Sequence[_Choice]) -> _Choice:
        """Return the host's own answer: the same one whenever it is asked."""
        return answers[crc32(f"{self.nature} {question}".encode()) % len(answers)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """One mail as it reaches a server."""

    client: Host
    server: Host
    moment: float
    """The true time, in Unix seconds."""
    reverse_path: str
    recipients: tuple[str, ...]
    draw: Random
    mailbox: str = ""
    """The address of the mailbox, where this server puts the mail into it."""
    is_local: bool = False
    """Whether the mail was made on the server itself."""

    @property
    def is_final(self) -> bool:
        """Whether the mail's way ends here."""
        return bool(self.mailbox)

    @property
    def at(self) -> datetime:
        """The moment as the server's clock shows it."""
        return self.server.clock(self.moment)

    @property
    def stamp(self) -> float:
        """The same in Unix seconds, which the clock's error has moved."""
        return self.moment + self.server.skew

    @property
    def is_plain(self) -> bool:
        """Whether the client greets as RFC 821 had it, with HELO: a third did about 2002, hardly anybody does now."""
        year = self.at.year
        share = 35 if year <= 2004 else 15 if year <= 2010 else 4  # noqa: PLR2004 -- from real lines
        return self.client.settled("greets", range(100)) < share

    @property
    def sole(self) -> str:
        """The recipient, where there is only one: servers name no other in Received (RFC 5321 §7.2)."""
        return self.recipients[0] if len(self.recipients) == 1 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a server adds: `above` the header, the last written first, and `below` at its end."""

    above: tuple[str, ...]
    below: tuple[str, ...] = ()

    @property
    def received(self) -> int:
        """How many of these are Received."""
        return sum(field.startswith("Received:") for field in self.above)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """One product's way to write, between the years in which it is drawn."""

    name: str
    product: str
    write: Callable[[Handover], Written]
    first_year: int
    last_year: int


def folded(words: str, *, width: int = WIDTH) -> str:
    """Fold a field at spaces, as soon as a line would be longer, and begin the next with one space."""
    lines = []
    line = ""
    for word in words.split(" "):
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = f" {word}"
        else:
            line = f"{line} {word}" if line else word
    return "\r\n".join([*lines, line])
