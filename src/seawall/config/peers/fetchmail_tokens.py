"""The words of a .fetchmailrc (fetchmail(1), "The run control file"): tokens with their lines.

Owns the lexer: quotes, escapes, comments, punctuation that is noise. Refuses to know what a word
means.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from string import digits, hexdigits, octdigits
from typing import Final

from seawall.config.peers.translation import MOST_IN_VALUE, Source

_IGNORED: Final = frozenset(" \t\r\n,;:")
_ENDS_WORD: Final = _IGNORED | {"="}
_ESCAPES: Final = {"n": "\n", "t": "\t", "b": "\b", "r": "\r"}
_NOISE: Final = frozenset(("and", "with", "has", "wants", "options"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word; one in quotes is never a keyword."""

    text: str = field(repr=False)
    line: int
    is_quoted: bool = False


def tokens(text: str, source: Source) -> Iterator[Token]:
    """Yield the words of a .fetchmailrc, noise left out; raises Misconfigured for a quote that never ends."""
    at, line = 0, 1
    while at < len(text):
        letter = text[at]
        if letter in _IGNORED:
            line += letter == "\n"
            at += 1
        elif letter == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif letter == "=":
            yield Token(text="=", line=line)
            at += 1
        else:
            end = _end_of_word(text, at, source, line)
            quoted = _end_of_quoted(text, at, source, line) if letter in "\"'" else 0
            # As fetchmail's lexer: the longer reading is the right one, so "a"b is a word with quotes in it.
            if quoted >= end:
                yield Token(text=unescaped(text[at + 1 : quoted - 1]), line=line, is_quoted=True)
                line += text.count("\n", at, quoted)
                at = quoted
                continue
            if text[at:end] not in _NOISE:
                yield Token(text=unescaped(text[at:end]), line=line)
            at = end


def _end_of_word(text: str, start: int, source: Source, line: int) -> int:
    end = start
    while end < len(text) and text[end] not in _ENDS_WORD:
        end += 1
    if end - start > MOST_IN_VALUE:
        source.refuse(line, f"a word is over {MOST_IN_VALUE} characters long")
    return end


def _end_of_quoted(text: str, start: int, source: Source, line: int) -> int:
    """Return the place behind the closing quote, 0 where there is none; no escape makes a quote part of the string."""
    most = start + MOST_IN_VALUE + 2
    end = text.find(text[start], start + 1, most)
    if end < 0 and most < len(text):
        source.refuse(line, f"a quoted string is over {MOST_IN_VALUE} characters long")
    return end + 1


def unescaped(text: str) -> str:
    r"""Return a word with its eight kinds of escapes resolved: \n \t \b \r \nnn \0oo \xhh, and a line end."""
    if "\\" not in text:
        return text
    parts = []
    at = 0
    while at < len(text):
        if text[at] != "\\" or at + 1 == len(text):
            parts.append(text[at])
            at += 1
            continue
        letter = text[at + 1]
        if letter == "\n":
            at += 2
        elif letter == "x":
            at = _number(text, at + 2, parts, digits=hexdigits, base=16, most=2)
        elif letter == "0":
            at = _number(text, at + 1, parts, digits=octdigits, base=8, most=3)
        elif letter in "123456789":
            at = _number(text, at + 1, parts, digits=digits, base=10, most=3)
        else:
            parts.append(_ESCAPES.get(letter, letter))
            at += 2
    return "".join(parts)


def _number(text: str, start: int, parts: list[str], *, digits: str, base: int, most: int) -> int:
    end = start
    while end < len(text) and end - start < most and text[end] in digits:
        end += 1
    if end > start:
        parts.append(chr(int(text[start:end], base) & 0xFF))
    return end
