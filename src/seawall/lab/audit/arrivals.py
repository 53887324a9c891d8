"""What arrived, beside what the server held: which mail it is, and what became of its octets.

Owns the comparison. A connector may put trace on top, move a Return-Path that stood there into the envelope, as a
gateway must (RFC 5321 §4.4), and put a line end at the end; any other octet that is not the mail's is told. Refuses to
know who should have received it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

_FIELD: Final = re.compile(rb"(?:[!-9;-~]+[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*)*")
_RETURN_PATH: Final = re.compile(rb"\AReturn-Path:[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE)
_BEGINNING: Final = 64
"""Octets by which the beginning of a mail is found again below the trace."""
_TELLING: Final = 8
"""Octets from which a line is no accident: an empty one, or a lone parenthesis, stands in any mail."""


class Likeness(Enum):
    """What an arrival is: of a mail of the box, whole or not; or of none."""

    WHOLE = "whole"
    ALTERED = "altered"
    CUT = "cut"
    SPLIT = "split"
    STRANGE = "strange"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A mail that the connector delivered to one recipient; `reverse_path` is None where it wrote a file by itself."""

    recipient: str
    reverse_path: str | None
    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """An arrival, the name of the mail that it is of, "" for none, and what it is of it."""

    arrival: Arrival
    name: str
    likeness: Likeness


def recognised(arrivals: Iterable[Arrival], mails: Mapping[str, bytes]) -> tuple[Recognised, ...]:
    """Tell for each arrival which of `mails` it is; what is most like it is looked for first."""
    # A short mail is like the end of any other one: it is the last that is thought of.
    looks = {name: _Look(mails[name]) for name in sorted(mails, key=lambda name: -len(mails[name]))}
    counts = Counter(line for look in looks.values() for line in look.lines)
    for look in looks.values():
        # A From that several mails have tells none of them; copies of one mail have nothing of their own.
        look.own_lines = frozenset(line for line in look.lines if counts[line] == 1) or look.lines
    return tuple(_recognise(arrival, looks) for arrival in arrivals)


def _recognise(arrival: Arrival, looks: Mapping[str, "_Look"]) -> Recognised:
    look = _Look(arrival.octets)
    for likeness, is_so in _TESTS:
        for name, mail in looks.items():
            if is_so(mail, look):
                return Recognised(arrival=arrival, name=name, likeness=likeness)
    return Recognised(arrival=arrival, name="", likeness=Likeness.STRANGE)


class _Look:
    """Some octets in the forms in which they are compared: line ends alike; squeezed; as lines that tell a mail.

    Squeezed are white space, NUL and the marks that are put before a dot and a From.
    """

    def __init__(self, octets: bytes) -> None:
        self.native = octets.replace(b"\r\n", b"\n")
        self.squeezed = _squeezed(octets)
        self.lines = frozenset(line for line in map(_squeezed, self._split()) if len(line) >= _TELLING)
        self.own_lines = self.lines
        filled = self.native.strip(b"\n")
        self._first = _squeezed(filled[:_BEGINNING].partition(b"\n")[0])

    def _split(self) -> list[bytes]:
        return self.native.split(b"\n")

    def is_whole(self, found: "_Look") -> bool:
        """Whether `found` is this mail with trace on top, and a line end more at most."""
        return any(
            native.endswith(mail) and _FIELD.fullmatch(native[: len(native) - len(mail)]) is not None
            for native in (found.native, found.native.removesuffix(b"\n"))
            for mail in {self.native, _RETURN_PATH.sub(b"", self.native)}
        )

    def is_respelled(self, found: "_Look") -> bool:
        """Whether nothing but what is squeezed out, and fields on top, differs."""
        if self.squeezed:
            return found.squeezed.endswith(self.squeezed)
        trace = _FIELD.match(found.native)
        return trace is not None and not _squeezed(found.native[trace.end() :])

    def is_cut(self, found: "_Look") -> bool:
        """Whether it begins as this mail does, and ends before it."""
        at = found.squeezed.find(self._first) if self._first else -1
        return at >= 0 and self.squeezed.startswith(found.squeezed[at:])

    def is_edited(self, found: "_Look") -> bool:
        """Whether it begins as this mail does, has something of it alone, and lacks no more than a quarter in length."""
        return self.is_mutilated(found) and len(found.squeezed) * 4 >= len(self.squeezed) * 3

    def is_mutilated(self, found: "_Look") -> bool:
        """Whether it begins as this mail does, and has something of it alone."""
        return self._first in found.squeezed and bool(self.own_lines & found.lines)

    def is_split(self, found: "_Look") -> bool:
        """Whether something of this mail alone is in it."""
        return bool(self.own_lines & found.lines)


_TESTS: Final = (
    (Likeness.WHOLE, _Look.is_whole),
    (Likeness.ALTERED, _Look.is_respelled),
    (Likeness.CUT, _Look.is_cut),
    (Likeness.ALTERED, _Look.is_edited),
    (Likeness.CUT, _Look.is_mutilated),
    (Likeness.SPLIT, _Look.is_split),
)
"""In this order: what is most like a mail comes first."""


def _squeezed(octets: bytes) -> bytes:
    return octets.translate(None, b" \t\r\n\0.>")
