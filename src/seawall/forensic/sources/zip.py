"""A zip: each file in it as a stream, with a bound on the directory that is read into memory."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, BinaryIO, Final

from seawall.errors import TooLarge
from seawall.forensic.sources.stream import Budget, Damaged, Read, Stream

_DAMAGES: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)
"""What zipfile raises on what is no sound zip, or is encrypted, or packed in a way that it doesn't know, by their base classes."""
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED: Final = 0x1
_LINK: Final = 0o120000
_KIND: Final = 0o170000


class _Bounded:
    """A file of which no more than `most` octets are read at once: zipfile believes what a zip says of itself."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file = file
        self._most = most
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, octets: int = -1) -> bytes:
        """Read on; raises TooLarge."""
        content = self._file.read(min(octets, self._most + 1) if octets >= 0 else self._most + 1)
        if len(content) > self._most or octets > self._most:
            raise TooLarge(f"its zip has a directory of more than {self._most} octets")
        return content


class Entry(Stream):
    """A file in a zip. `why_not` says why it cannot be read, "" where it can."""

    def __init__(self, name: str, why_not: str, stream: Stream) -> None:
        super().__init__(stream.read, size=stream.size, modified=stream.modified)
        self.name = name
        self.why_not = why_not


def entries(file: BinaryIO, modified: float, budget: Budget) -> Iterator[Entry | None]:
    """Yield the files, and None for each other entry, in the directory's order; raises Damaged or TooLarge."""
    try:
        archive = zipfile.ZipFile(_Bounded(file, budget.bounds.max_directory))
    except _DAMAGES as problem:
        raise Damaged(f"its zip is damaged ({problem})") from problem
    with archive:
        for entry in archive.infolist():
            if entry.is_dir() or (entry.external_attr >> 16) & _KIND == _LINK:
                yield None
                continue
            why_not = _why_not(entry)
            if why_not:
                yield Entry(entry.filename, why_not, Stream(lambda _: b""))
                continue
            try:
                content = archive.open(entry)
            except _DAMAGES as problem:
                yield Entry(entry.filename, f"its zip is damaged ({problem})", Stream(lambda _: b""))
                continue
            with content:
                yield Entry(entry.filename, "", Stream(_reading(content, budget), modified=modified))


def _why_not(entry: zipfile.ZipInfo) -> str:
    """Return why an entry is not read, "" where it is.

    zipfile bounds what one call unpacks for deflate alone: 4 kB of bzip2 can hold 4 GB.
    """
    if entry.flag_bits & _ENCRYPTED:
        return "it is encrypted"
    return "" if entry.compress_type in _METHODS else "it is packed in another way than deflate"


def _reading(content: IO[bytes], budget: Budget) -> Read:
    def read(octets: int) -> bytes:
        try:
            piece = content.read(octets)
        except _DAMAGES as problem:
            raise Damaged(f"its zip is damaged: read up to there ({problem})") from problem
        budget.unpack(len(piece))
        return piece

    return read
