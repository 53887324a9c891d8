"""Octets as a person writes them in TOML: each character of a string is one octet, or lines of text, or parts of both.

Owns the bound on what a few lines can grow to. Refuses to know what the octets are for.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from pydantic import AfterValidator, Field, model_validator

from seawall.toml.section import Section, listed

MOST_OCTETS: Final = 32 * 2**20


def octets(text: str) -> bytes:
    """Return the octets that a string's characters are (Latin-1); raises ValueError for a character that is none."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as refused:
        raise ValueError(
            f"U+{ord(text[refused.start]):04X} is no octet: write its octets, such as \\u00e9"
        ) from None


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


def joined(parts: Sequence[Part], texts: Mapping[str, bytes]) -> bytes:
    """Return what the parts are together; raises ValueError for an unknown text, and for too much."""
    whole = bytearray()
    for part in parts:
        piece = _piece(part, texts)
        if part.times is None:
            whole += piece
        elif len(whole) + len(piece) * part.times > MOST_OCTETS:
            raise ValueError(f"is over {MOST_OCTETS} octets")
        elif b"%d" in piece:
            whole += b"".join(piece.replace(b"%d", b"%d" % number) for number in range(1, part.times + 1))
        else:
            whole += piece * part.times
        if len(whole) > MOST_OCTETS:
            raise ValueError(f"is over {MOST_OCTETS} octets")
    return bytes(whole)


def _piece(part: Part, texts: Mapping[str, bytes]) -> bytes:
    if part.octets is not None:
        return octets(part.octets)
    if part.lines is not None:
        return part.lines.encode("utf-8").replace(b"\n", b"\r\n")
    found = texts.get(part.text or "")
    if found is None:
        raise ValueError(f"{part.text!r} is none of the texts: there are {', '.join(texts) or 'none'}")
    return found
