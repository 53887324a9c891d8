"""The sections of a getmailrc: an INI file whose values may be Python tuples.

Owns the reading, with the line of each key. Refuses to know what a value means; a tuple is parsed
as a literal and never evaluated.
"""

import ast
import configparser
import warnings
from collections.abc import Sequence
from typing import Final

from seawall.config.peers.translation import Source

MOST_IN_TUPLE: Final = 8192
_PAIR: Final = 2


class Values:
    """The text of each key, empty where it is missing, and its line."""

    def __init__(self, parser: configparser.RawConfigParser, text: str, source: Source) -> None:
        self._parser = parser
        self._source = source
        self._lines: dict[tuple[str, str], int] = {}
        self._note_lines(text)

    def _note_lines(self, text: str) -> None:
        section = ""
        for number, line in enumerate(text.split("\n"), start=1):
            if line.startswith("[") and "]" in line:
                section = line[1 : line.rindex("]")]
                self._lines.setdefault((section, ""), number)
            elif line[:1].strip() and line[0] not in "#;":
                name = min((line.partition(mark)[0] for mark in "=:"), key=len).strip().lower()
                self._lines.setdefault((section, name), number)

    def sections(self) -> Sequence[str]:
        """Return the names of all sections."""
        return self._parser.sections()

    def line(self, section: str, key: str = "") -> int:
        """Return a key's line, its section's where it is missing, 1 where that is missing too."""
        return self._lines.get((section, key)) or self._lines.get((section, "")) or 1

    def has(self, section: str, key: str) -> bool:
        """Tell whether a key is written."""
        return self._parser.has_option(section, key)

    def text(self, section: str, key: str) -> str:
        """Return a value without the white space around it; empty where there is none."""
        return (self._parser.get(section, key, fallback="") or "").strip()

    def words(self, section: str, key: str) -> tuple[str, ...]:
        """Return a tuple of strings, a single word as one; raises Misconfigured where it is neither."""
        value = self._literal(section, key)
        if isinstance(value, str):
            return (value,) if value else ()
        return tuple(str(item) for item in value)

    def pairs(self, section: str, key: str) -> list[tuple[str, str]]:
        """Return a tuple of pairs of strings; empty where it is none."""
        value = self._literal(section, key)
        if isinstance(value, str):
            return []
        return [
            (str(item[0]), str(item[1]))
            for item in value
            if isinstance(item, tuple | list) and len(item) == _PAIR
        ]

    def _literal(self, section: str, key: str) -> str | Sequence[object]:
        text = self.text(section, key)
        if not text.startswith(("(", "[")):
            return text.strip("\"'")
        if len(text) > MOST_IN_TUPLE:
            self._source.refuse(self.line(section, key), f"the tuple is over {MOST_IN_TUPLE} characters long")
        try:
            with warnings.catch_warnings():
                # A sorter's pattern holds \D and its like, which Python warns of.
                warnings.simplefilter("ignore")
                value = ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            self._source.refuse(self.line(section, key), "this is no tuple of strings")
        return value if isinstance(value, tuple | list) else str(value)


def read_values(text: str, source: Source) -> Values:
    """Return a getmailrc's values; raises Misconfigured with the line of what is no INI file."""
    parser = configparser.RawConfigParser(default_section="\0no default section")
    try:
        parser.read_string(text)
    except configparser.MissingSectionHeaderError as wrong:
        source.refuse(wrong.lineno, "a [section] is expected before this line")
    except (configparser.DuplicateSectionError, configparser.DuplicateOptionError) as wrong:
        source.refuse(wrong.lineno or 1, "this section or key stands here twice")
    except configparser.ParsingError as wrong:
        source.refuse(wrong.errors[0][0] if wrong.errors else 1, "this line is no key = value")
    return Values(parser, text, source)
