"""Where each key of a TOML text stands, so that an error can name its line.

Owns a small scanner over text that `tomllib` has already accepted. Refuses to know what a key
means and whether the text is right: on text that is no TOML it stops early and never raises.
"""

import re
import tomllib
from bisect import bisect_left
from collections.abc import Mapping

KeyPath = tuple[str | int, ...]

DEEPEST = 32
"""Paths of more parts are not kept: a text of long dotted keys would cost its square in memory."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r"\"\"\"(?:\\.|[^\\])*?\"{3,5}"
    r"|'''.*?'{3,5}"
    r"|\"(?:\\.|[^\"\\\n])*\""
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]*")
_REST_OF_LINE = re.compile(r"[^\n]*\n?")


def lines_of_keys(text: str) -> dict[KeyPath, int]:
    """Return the line, counted from 1, of each key, table header and array item in a TOML text.

    A path holds names, and for arrays the index from 0: `("account", 0, "host")`.
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines


def nearest_line(lines: Mapping[KeyPath, int], path: KeyPath) -> int:
    """Return the line of `path`, or of the nearest table around it; line 1 where there is none."""
    for length in range(len(path), 0, -1):
        if (line := lines.get(path[:length])) is not None:
            return line
    return 1


class _Scanner:
    """A cursor over the text. Every step either moves it on or ends the scan."""

    def __init__(self, text: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self._text = text
        self._at = 0
        self._line_ends = [match.start() for match in re.finditer("\n", text)]
        self._items: dict[KeyPath, int] = {}

    def document(self) -> None:
        table: KeyPath = ()
        self._take(_BLANK)
        while self._at < len(self._text):
            if self._next_is("["):
                table = self._header()
                self._take(_REST_OF_LINE)
            elif not self._pair(table):
                return
            self._take(_BLANK)

    def _header(self) -> KeyPath:
        start = self._at
        is_array_item = self._text.startswith("[[", start)
        self._at += 2 if is_array_item else 1
        path: KeyPath = ()
        names = self._dotted_key()
        for position, name in enumerate(names, start=1):
            path = (*path, name)[: DEEPEST + 1]
            if is_array_item and position == len(names):
                self._items[path] = self._items.get(path, -1) + 1
                self._mark(path, start)
            if path in self._items:
                path = (*path, self._items[path])
        self._mark(path, start)
        return path

    def _pair(self, table: KeyPath) -> bool:
        start = self._at
        path = table
        for name in self._dotted_key():
            path = (*path, name)[: DEEPEST + 1]
            self._mark(path, start)
        if self._at == start or not self._next_is("="):
            return False
        self._at += 1
        self._take(_SPACE)
        self._value(path)
        return True

    def _value(self, path: KeyPath) -> None:
        if self._take(_STRING):
            return
        if self._next_is("["):
            self._array(path)
        elif self._next_is("{"):
            self._inline_table(path)
        else:
            self._take(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        self._at += 1
        index = 0
        while True:
            self._take(_BLANK)
            start = self._at
            if start >= len(self._text) or self._closes("]"):
                return
            self._mark((*path, index), start)
            self._value((*path, index))
            self._take(_BLANK)
            if self._next_is(","):
                self._at += 1
                index += 1
            elif self._at == start:
                return

    def _inline_table(self, path: KeyPath) -> None:
        self._at += 1
        while True:
            self._take(_BLANK)
            if self._closes("}") or not self._pair(path):
                return
            self._take(_BLANK)
            if self._next_is(","):
                self._at += 1

    def _dotted_key(self) -> list[str]:
        names: list[str] = []
        while True:
            self._take(_SPACE)
            if quoted := self._take(_STRING):
                names.append(_unquoted(quoted))
            elif bare := self._take(_BARE_KEY):
                names.append(bare)
            else:
                return names
            self._take(_SPACE)
            if not self._next_is("."):
                return names
            self._at += 1

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            return ""
        self._at = match.end()
        return match.group()

    def _next_is(self, mark: str) -> bool:
        return self._text.startswith(mark, self._at)

    def _closes(self, bracket: str) -> bool:
        if self._next_is(bracket):
            self._at += 1
            return True
        return False

    def _mark(self, path: KeyPath, offset: int) -> None:
        if len(path) <= DEEPEST:
            self.lines.setdefault(path, bisect_left(self._line_ends, offset) + 1)


def _unquoted(quoted: str) -> str:
    try:
        return str(tomllib.loads(f"key = {quoted}")["key"])
    except ValueError:
        return quoted[1:-1]
