"""Octets as a person writes them in TOML: each character of a string is one octet, or lines of text, or parts of both.

Owns the bound on what a few lines can grow to. Refuses to know what the octets are for.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from pydantic import AfterValidator, Field, model_validator

from seawall.toml.section import Section, listed

MOST_OCTETS: Final = 32 * 2**20


class Room:
    """How many octets a case may still grow by: all that it holds and says comes out of one."""

    def __init__(self, octets: int = MOST_OCTETS) -> None:
        self._most = octets
        self._left = octets

    def take(self, octets: int) -> None:
        """Take room for so many octets; raises ValueError where there is less."""
        if octets > self._left:
            raise ValueError(f"brings the case over {self._most} octets")
        self._left -= octets


def octets(text: str) -> bytes:
    """Return the octets that a string's characters are (Latin-1); raises ValueError for a character that is none."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as refused:
        raise ValueError(
            f"U+{ord(text[refused.start]):04X} is no octet: write its octets, such as \\u00e9"
        ) from None


def lines(text: str) -> bytes:
    """Return text as a mail has it: UTF-8, each line end CRLF."""
    return text.encode("utf-8").replace(b"\n", b"\r\n")


def numbered(piece: bytes, number: int) -> bytes:
    """Return octets with each `%d` replaced by a number."""
    return piece.replace(b"%d", b"%d" % number)


def _checked(text: str) -> str:
    octets(text)
    return text


OctetsText = Annotated[str, AfterValidator(_checked)]


class Part(Section):
    """Some octets: as they are, as lines that each end in CRLF (UTF-8), or a text by its name; once or `times` over.

    Where `times` is given, a `%d` counts from one.
    """

    octets: OctetsText | None = None
    lines: str | None = None
    text: str | None = None
    times: Annotated[int, Field(ge=1, le=10_000_000)] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Part":
        if sum(each is not None for each in (self.octets, self.lines, self.text)) != 1:
            raise ValueError("must have one of octets, lines and text")
        return self


Parts = Annotated[tuple[Part, ...], listed(least=1)]
"""Octets in parts, one behind the other."""


def joined(parts: Sequence[Part], texts: Mapping[str, bytes], room: Room) -> bytes:
    """Return what the parts are together; raises ValueError for an unknown text, and for more than there is room."""
    whole = bytearray()
    for part in parts:
        piece = _piece(part, texts)
        if part.times is None or b"%d" not in piece:
            times = part.times or 1
            room.take(len(piece) * times)
            whole += piece * times
        else:
            marks = piece.count(b"%d")
            room.take((len(piece) - 2 * marks) * part.times + marks * _digits(part.times))
            for number in range(1, part.times + 1):
                whole += numbered(piece, number)
    return bytes(whole)


def _piece(part: Part, texts: Mapping[str, bytes]) -> bytes:
    if part.octets is not None:
        return octets(part.octets)
    if part.lines is not None:
        return lines(part.lines)
    found = texts.get(part.text or "")
    if found is None:
        raise ValueError(f"{part.text!r} is none of the texts: there are {', '.join(texts) or 'none'}")
    return found


def _digits(last: int) -> int:
    """Return how many digits the numbers from 1 to `last` have together."""
    return sum(last - 10**place + 1 for place in range(len(str(last))))
