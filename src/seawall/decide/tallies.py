"""How often something came within a time: bounded, and the same whatever the order. Pure."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Final

from seawall.model.knowledge import Entry

MOST_ENTRIES: Final = 256
"""Entries of one tally that are kept, the newest; a threshold can be no higher."""


def tally_key(kind: str, *parts: bytes) -> bytes:
    """Return what a tally is remembered by."""
    return blake2b(
        b"\0".join((kind.encode("ascii"), *parts)), digest_size=16, person=b"seawall-tally"
    ).digest()


def merged(some: Iterable[Entry], others: Iterable[Entry], most: int = MOST_ENTRIES) -> tuple[Entry, ...]:
    """Return the newest entries of two, each mail once."""
    by_mail = {entry.mail: entry for entry in (*some, *others)}
    return tuple(sorted(by_mail.values(), key=lambda entry: (entry.moment, entry.mail))[-most:])


class Tallies:
    """The tallies of one batch, and which of them it changed."""

    def __init__(self, known: Mapping[bytes, tuple[Entry, ...]]) -> None:
        self._known = known
        self.changed: dict[bytes, tuple[Entry, ...]] = {}

    def add(self, key: bytes, entry: Entry, *, most: int) -> None:
        """Count a mail, once however often it is judged; the newest `most` entries are kept."""
        entries = self.changed.get(key, self._known.get(key, ()))
        self.changed[key] = merged(entries, (entry,), min(most, MOST_ENTRIES))

    def within(self, key: bytes, moment: float, seconds: float) -> list[Entry]:
        """Return what came in the time that ends at a moment."""
        entries: Iterable[Entry] = self.changed.get(key, self._known.get(key, ()))
        return [one for one in entries if moment - seconds <= one.moment <= moment]

    def clear(self, key: bytes) -> None:
        """Begin anew."""
        self.changed[key] = ()
