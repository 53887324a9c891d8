"""What arrived, beside what the server held: which mail it is, and what became of its octets.

Owns the comparison. A connector may put trace on top, move a Return-Path that stood there into the envelope, as a
gateway must (RFC 5321 §4.4), and put a line end at the end; any other octet that is not the mail's is told. Refuses to
know who should have received it.
"""

import re
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
    return tuple(_recognise(arrival, looks) for arrival in arrivals)


def _recognise(arrival: Arrival, looks: Mapping[str, "_Look"]) -> Recognised:
    look = _Look(arrival.octets)
    for likeness in (Likeness.WHOLE, Likeness.ALTERED, Likeness.CUT, Likeness.SPLIT):
        for name, mail in looks.items():
            if mail.tells(look, likeness):
                return Recognised(arrival=arrival, name=name, likeness=likeness)
    return Recognised(arrival=arrival, name="", likeness=Likeness.STRANGE)


class _Look:
    """Some octets in the forms in which they are compared: line ends alike; squeezed, without white space and NUL."""

    def __init__(self, octets: bytes) -> None:
        self.native = octets.replace(b"\r\n", b"\n")
        self.squeezed = octets.translate(None, b" \t\r\n\0")
        first = self.native.lstrip(b"\n")[:_BEGINNING].partition(b"\n")[0]
        self._beginning = first.translate(None, b" \t\r\0")
        self._lines: frozenset[bytes] | None = None

    @property
    def lines(self) -> frozenset[bytes]:
        """The lines that tell a mail, each once, squeezed."""
        if self._lines is None:
            squeezed = (line.translate(None, b" \t\r\0>") for line in self.native.split(b"\n"))
            self._lines = frozenset(line for line in squeezed if len(line) >= _TELLING)
        return self._lines

    def tells(self, found: "_Look", likeness: Likeness) -> bool:
        """Whether `found` is this mail in that way."""
        match likeness:
            case Likeness.WHOLE:
                return self._is_whole(found.native) or self._is_whole(found.native.removesuffix(b"\n"))
            case Likeness.ALTERED:
                return self._is_altered(found)
            case Likeness.CUT:
                at = found.squeezed.find(self._beginning) if self._beginning else -1
                return at >= 0 and self.squeezed.startswith(found.squeezed[at:])
        return bool(self.lines & found.lines)

    def _is_altered(self, found: "_Look") -> bool:
        """Whether it is all there: white space, a NUL, a field or a line more or less, and both its ends."""
        if not self.squeezed:
            return _FIELD.fullmatch(found.native.rstrip(b"\n") + b"\n") is not None or not found.squeezed
        if not self.lines:
            return found.squeezed.endswith(self.squeezed)
        has_both_ends = (
            self._beginning in found.squeezed and self.squeezed[-_TELLING:] in found.squeezed[-_BEGINNING:]
        )
        return has_both_ends and len(self.lines & found.lines) * 2 >= len(self.lines)

    def _is_whole(self, native: bytes) -> bool:
        return any(
            native.endswith(mail) and _FIELD.fullmatch(native[: len(native) - len(mail)]) is not None
            for mail in {self.native, _RETURN_PATH.sub(b"", self.native)}
        )
