"""The one header scanner: a header section → its fields, in order, whatever they hold.

Owns what a field is (RFC 5322 §2.2). Total: any bytes give a result. What is not a field is passed
over and counted. It alone can see every field, To and Cc among them, so nothing outside `facts` may
import it, and nothing that decides or delivers may reach it (promise 1; the import contract holds it
to that).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from seawall.facts.section import MAX_HEADER

MAX_VALUE: Final = 8 * 2**10
"""Octets of a field's value that are kept."""

_FIELD = re.compile(rb"^([!-9;-~]{1,128})[ \t]*:(.*(?:\n[ \t].*)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Fields:
    """A header's fields: (lower-case name, unfolded value), topmost first, and what was odd."""

    entries: tuple[tuple[bytes, bytes], ...]
    defects: tuple[str, ...]
    _by_name: Mapping[bytes, Sequence[bytes]]

    def among(self, names: frozenset[bytes]) -> frozenset[bytes]:
        """Return which of many fields are there: one question for what most mails have none of."""
        return names.intersection(self._by_name)

    def first(self, name: bytes) -> bytes | None:
        """Return the topmost value of a field, None where it is absent."""
        return self._by_name[name][0] if name in self._by_name else None

    def every(self, name: bytes) -> Sequence[bytes]:
        """Return all values of a field, topmost first."""
        return self._by_name.get(name, ())


def span(section: bytes, name: bytes) -> tuple[int, int] | None:
    """Return where the topmost field of a name stands in a header section, from octet to octet; None where it is absent."""
    found = _field(name).search(section)
    return found.span() if found else None


@cache
def _field(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"^" + re.escape(name) + rb"[ \t]*:(?:.*\n[ \t])*.*\n?", re.MULTILINE | re.IGNORECASE)


def scan(section: bytes) -> Fields:
    """Read the fields of a header section."""
    found = _FIELD.findall(section)
    lines = len(found)
    entries = []
    by_name: dict[bytes, list[bytes]] = {}
    for name, value in found:
        if b"\n" in value:
            lines += value.count(b"\n")
            value = value.replace(b"\r\n", b"").replace(b"\n", b"")  # noqa: PLW2901 -- every field of every mail
        entry = name.lower(), value.strip()[:MAX_VALUE]
        entries.append(entry)
        if entry[0] in by_name:
            by_name[entry[0]].append(entry[1])
        else:
            by_name[entry[0]] = [entry[1]]
    defects = []
    if len(section) >= MAX_HEADER:
        defects.append("header-too-long")
    if lines < section.count(b"\n") + (section[-1:] not in {b"\n", b""}):
        defects.append("line-without-field")
    if b"\0" in section:
        defects.append("nul-in-header")
    return Fields(entries=tuple(entries), defects=tuple(defects), _by_name=by_name)
