"""A tar read from the front: each regular file in it as a stream (POSIX.1-2017 pax, ustar; GNU's long names).

Own code, because tarfile reads a name or a pax header of any length into memory: a tar that says 10 GB would be
believed. Here a header has a bound, and what is no regular file is read past.
"""

import re
from collections.abc import Iterator
from typing import Final

from seawall.forensic.sources.stream import Damaged, Stream

_BLOCK: Final = 512
_MAX_HEADER: Final = 2**20
"""Octets of a long name or a pax header that are read."""
_REGULAR: Final = (b"0", b"\0", b"7")
_WITHOUT_CONTENT: Final = (b"1", b"2", b"3", b"4", b"5", b"6")
_PAX: Final = b"x"
_LONG_NAME: Final = b"L"
_SPARSE: Final = b"S"
_PAX_FIELD = re.compile(rb"(?:\A|\n)\d{1,10} (path|size|GNU\.sparse\.[a-z]+)=([^\n]*)")


class Entry(Stream):
    """A regular file in a tar; what is left unread of it is read past."""

    def __init__(self, name: str, size: int, outer: Stream, *, is_sparse: bool) -> None:
        super().__init__(self._take, size=size, modified=outer.modified)
        self.name = name
        self.is_sparse = is_sparse
        self._outer = outer
        self._left = size

    def _take(self, octets: int) -> bytes:
        piece = self._outer.read(min(octets, self._left)) if self._left else b""
        if self._left and not piece:
            raise Damaged("its tar ends too early: read up to there")
        self._left -= len(piece)
        return piece


def entries(stream: Stream) -> Iterator[Entry | None]:
    """Yield the regular files, and None for each other entry, in order; each must be read before the next.

    Raises Damaged where a header is none, or the tar ends within a file.
    """
    long_name: bytes | None = None
    pax: dict[bytes, bytes] = {}
    while True:
        header = stream.exactly(_BLOCK)
        if not header.strip(b"\0"):
            return
        if len(header) < _BLOCK or not _has_checksum(header):
            raise Damaged("its tar is damaged: read up to there")
        kind = header[156:157]
        size = 0 if kind in _WITHOUT_CONTENT else _number(header[124:136])
        if kind in (_LONG_NAME, _PAX):
            content = stream.exactly(min(size, _MAX_HEADER))
            stream.skip(size - len(content) + -size % _BLOCK)
            if kind == _LONG_NAME:
                long_name = content.rstrip(b"\0")
            else:
                pax = dict(_PAX_FIELD.findall(content))
            continue
        if pax.get(b"size", b"").isdigit():
            size = int(pax[b"size"][:18])
        if kind in _REGULAR or kind == _SPARSE:
            name = pax.get(b"path") or long_name or _name(header)
            is_sparse = kind == _SPARSE or any(key.startswith(b"GNU") for key in pax)
            entry = Entry(name.decode("utf-8", "backslashreplace"), size, stream, is_sparse=is_sparse)
            yield entry
            entry.skip()
            stream.skip(-size % _BLOCK)
        else:
            yield None
            stream.skip(size + -size % _BLOCK)
        long_name, pax = None, {}


def _has_checksum(header: bytes) -> bool:
    said = _number(header[148:156])
    return said == sum(header[:148]) + 8 * ord(" ") + sum(header[156:])


def _number(field: bytes) -> int:
    """Return a number: octal, or GNU's binary, whose first bit is set."""
    if field[0] & 0x80:
        return int.from_bytes(field[1:], "big") & (2**63 - 1)
    digits = field.split(b"\0", 1)[0].strip()
    try:
        return int(digits or b"0", 8)
    except ValueError as problem:
        raise Damaged("its tar is damaged: read up to there") from problem


def _name(header: bytes) -> bytes:
    name = header[:100].split(b"\0", 1)[0]
    # GNU's own header keeps other things where POSIX keeps the name's beginning.
    prefix = header[345:500].split(b"\0", 1)[0] if header[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name
