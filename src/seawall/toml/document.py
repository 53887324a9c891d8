"""One TOML file: its bounds, its encoding, and where each of its keys stands.

Owns the reading. Whatever stands in the file, the result is a `Document` or one `Misconfigured` that names file
and line. Refuses to know which keys there should be.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seawall.errors import Misconfigured
from seawall.toml.positions import KeyPath, lines_of_keys, nearest_line
from seawall.toml.problems import Problem, told

MOST_OCTETS = 1 << 20
MOST_OCTETS_IN_LINE = 4096
"""A key of many dotted parts costs its square in `tomllib`; a line's bound is a bound on that."""

_TOML_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What `tomllib` read in a file, and the line of each key."""

    file: str
    raw: Mapping[str, Any]
    lines: Mapping[KeyPath, int]

    def refused(self, problems: Sequence[Problem]) -> Misconfigured:
        """Return the error that lists all of them, each with its line."""
        return Misconfigured(
            told(problems, file=self.file, line=lambda key: nearest_line(self.lines, key), raw=self.raw)
        )


def read(path: Path) -> Document:
    """Read a file; raises Misconfigured where it cannot be read, is too large, or is not TOML."""
    file = str(path)
    text = _text(path, file)
    try:
        return Document(file=file, raw=tomllib.loads(text), lines=lines_of_keys(text))
    except RecursionError:
        raise Misconfigured(f"{file}: arrays or tables are nested too deeply") from None
    except ValueError as refused:
        raise Misconfigured(_not_toml(file, str(refused), text)) from None


def _text(path: Path, file: str) -> str:
    try:
        with path.open("rb") as source:
            octets = source.read(MOST_OCTETS + 1)
    except (OSError, ValueError) as refused:
        reason = refused.strerror if isinstance(refused, OSError) else str(refused)
        raise Misconfigured(f"{file}: cannot be read: {reason}") from None
    if len(octets) > MOST_OCTETS:
        raise Misconfigured(f"{file}: is over {MOST_OCTETS} octets: this is no configuration")
    for number, line in enumerate(octets.split(b"\n"), start=1):
        if b"\0" in line:
            raise Misconfigured(f"{file}:{number}: holds a NUL: this is not text")
        if len(line) > MOST_OCTETS_IN_LINE:
            raise Misconfigured(f"{file}:{number}: the line is over {MOST_OCTETS_IN_LINE} octets")
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError as refused:
        number = octets.count(b"\n", 0, refused.start) + 1
        raise Misconfigured(f"{file}:{number}: is not UTF-8") from None


def _not_toml(file: str, message: str, text: str) -> str:
    place = _TOML_LINE.search(message)
    line = int(place[1]) if place and place[1] else text.rstrip().count("\n") + 1
    return f"{file}:{line}: is not TOML: {_TOML_LINE.sub('', message)}"
