"""An envelope field's value → the addresses in it. Total; never an exception.

Owns the reading of a list of addresses (RFC 5322 §3.4) as servers write it into an envelope's field: a
bare address as a rule, at times a list, angle brackets, a display name or a comment. Refuses to know
which field it was: its callers have no other than an account's envelope.
"""

import re
from dataclasses import dataclass
from typing import Final

from seawall.model.address import Address

MAX_ENTRIES: Final = 1_000
"""Entries of one value that are read."""

_PIECE = re.compile(rb"\\.|[^\\()<>,\"]+|.", re.DOTALL)
_SPECIAL = re.compile(rb"[()<>,\"]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressees:
    """The addresses of one value, in order, the entries that could not be read, and whether there were more."""

    addresses: tuple[Address, ...]
    unreadable: tuple[bytes, ...]
    is_cut: bool


def read_addressees(value: bytes) -> Addressees:
    """Return the addresses of an envelope field's value, the first MAX_ENTRIES; empty entries count for nothing."""
    entries = _split(value) if _SPECIAL.search(value) else [(value, value)]
    addresses: list[Address] = []
    unreadable: list[bytes] = []
    for raw, text in entries[:MAX_ENTRIES]:
        try:
            addresses.append(Address.parse(text.decode("utf-8")))
        except ValueError:
            if raw.strip():
                unreadable.append(raw.strip())
    return Addressees(
        addresses=tuple(addresses), unreadable=tuple(unreadable), is_cut=len(entries) > MAX_ENTRIES
    )


class _Entry:
    """One entry while it is read: all of it, what is outside of brackets, and what is inside."""

    def __init__(self) -> None:
        self._raw: list[bytes] = []
        self._outside: list[bytes] = []
        self._inside: list[bytes] = []
        self._comments = 0
        self._brackets = 0
        self._is_inside = False
        self._is_quoted = False
        self._has_quotes = False

    def is_open(self) -> bool:
        """Whether a comment, a quoted string or a bracket is open, in which a comma separates nothing."""
        return self._comments > 0 or self._is_quoted or self._is_inside

    def take(self, piece: bytes) -> None:
        """Take the next piece: one special character, a backslash and what it quotes, or a run of others."""
        self._raw.append(piece)
        if self._comments:
            self._comments += (piece == b"(") - (piece == b")")
        elif piece == b'"':
            self._is_quoted = not self._is_quoted
            self._has_quotes = True
            if self._is_inside:
                self._keep(piece)
        elif self._is_quoted:
            if self._is_inside:
                self._keep(piece)
        elif piece not in {b"(", b"<", b">"}:
            self._keep(piece)
        elif piece == b"(":
            self._comments = 1
        else:
            self._bracket(piece)

    def _bracket(self, piece: bytes) -> None:
        if self._is_inside == (piece == b">"):
            self._is_inside = not self._is_inside
            self._brackets += self._is_inside
        else:
            self._keep(piece)

    def _keep(self, piece: bytes) -> None:
        (self._inside if self._is_inside else self._outside).append(piece)

    def pair(self) -> tuple[bytes, bytes]:
        """Return the entry as written, and its address: empty where it has none or several, or is left open.

        What is opened and never closed may hide further entries, so nothing of it is taken as read. A
        quoted local part names no mailbox here (model/address.py), and must not become another's name.
        """
        raw = b"".join(self._raw)
        outside = b"".join(self._outside)
        if self.is_open() or self._brackets > 1:
            return raw, b""
        if self._brackets:
            # An @ beside the brackets, unless in a quoted display name, may be a second address.
            return raw, b"" if b"@" in outside else b"".join(self._inside)
        return raw, b"" if self._has_quotes else outside


def _split(value: bytes) -> list[tuple[bytes, bytes]]:
    """Return each entry of a list as (as written, the address in it)."""
    entries: list[tuple[bytes, bytes]] = []
    entry = _Entry()
    for found in _PIECE.finditer(value):
        if found.group() == b"," and not entry.is_open():
            entries.append(entry.pair())
            entry = _Entry()
        else:
            entry.take(found.group())
    entries.append(entry.pair())
    return entries
