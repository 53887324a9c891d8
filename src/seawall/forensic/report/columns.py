"""Text in a terminal's columns: lines are broken by what a terminal shows, not by how many characters there are."""

from collections.abc import Iterator
from unicodedata import combining, east_asian_width

from seawall.model.text import clean


def width_of(text: str) -> int:
    """Return how many columns a text takes: East Asian wide characters two, combining ones none (UAX #11)."""
    return len(text) if text.isascii() else sum(_width(character) for character in text)


def wrapped(text: str, width: int, first: str = "", rest: str | None = None) -> Iterator[str]:
    """Yield the lines of a paragraph, cleaned, each at most `width` columns with what stands before it.

    `first` stands before the first line, `rest` before the others: as many spaces where it is not given. A word that is
    too long is cut.
    """
    before = first
    rest = " " * width_of(first) if rest is None else rest
    line, room = "", width - width_of(first)
    for word in clean(text).split():
        if line and width_of(line) + 1 + width_of(word) <= room:
            line += f" {word}"
            continue
        if line:
            yield f"{before}{line}"
            before, room = rest, width - width_of(rest)
        *full, line = _pieces(word, max(room, 8))
        for piece in full:
            yield f"{before}{piece}"
            before, room = rest, width - width_of(rest)
    yield f"{before}{line}".rstrip()


def _pieces(word: str, width: int) -> list[str]:
    pieces, piece, taken = [], "", 0
    for character in word:
        wide = _width(character)
        if taken + wide > width:
            pieces.append(piece)
            piece, taken = "", 0
        piece += character
        taken += wide
    return [*pieces, piece]


def _width(character: str) -> int:
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1
