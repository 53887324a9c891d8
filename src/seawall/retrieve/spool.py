"""Where a mail's bytes wait while it comes in: in memory while there is room, else in a nameless file."""

import asyncio
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from seawall.errors import Temporary, unwritable
from seawall.model.mail import Content, MemoryContent, RawMail

SMALL_OCTETS: Final = 256 * 2**10
"""A mail up to this size waits in memory always."""
ROOM_OCTETS: Final = 16 * 2**20
"""What larger mails may take of the memory, all of them together: without a file they are written once, not twice."""
HEAD_OCTETS: Final = 2**20
"""How much of a large mail's beginning stays at hand."""
CHUNK: Final = 2**20
"""Octets that go to a file, or come from it, at once: each time costs a change of threads."""


class SpooledContent(Content):
    """A large mail in a file that has no name: a crash leaves nothing behind, and the server still has it."""

    def __init__(self, file: BinaryIO, octets: int) -> None:
        self._file = file
        self._octets = octets

    @property
    def octets(self) -> int:
        """The length in octets."""
        return self._octets

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes in order; may be called again. Raises Temporary where the disk does not give them back."""
        at = 0
        while piece := self._read(at):
            yield piece
            at += len(piece)

    def _read(self, at: int) -> bytes:
        try:
            return os.pread(self._file.fileno(), CHUNK, at)
        except OSError as problem:
            raise Temporary(f"a mail cannot be read back from the disk: {problem.strerror}") from problem

    def close(self) -> None:
        """Close the file, which ends it."""
        self._file.close()


class PiecedContent(Content):
    """A large mail in memory, in the pieces in which it came."""

    def __init__(self, pieces: Sequence[bytes], octets: int, spool: "Spool") -> None:
        self._pieces = pieces
        self._octets = octets
        self._spool = spool

    @property
    def octets(self) -> int:
        """The length in octets."""
        return self._octets

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes in order; may be called again."""
        yield from self._pieces

    def close(self) -> None:
        """Give the room back."""
        self._spool.give_back(sum(map(len, self._pieces)))
        self._pieces = ()


class Spool:
    """The room that large mails share, whatever their accounts, and the directory for what it does not hold."""

    def __init__(self, directory: Path, room: int = ROOM_OCTETS) -> None:
        self._directory = directory
        self._room = room

    def take(self, octets: int) -> bool:
        """Take room for so many octets; False where there is none."""
        if octets > self._room:
            return False
        self._room -= octets
        return True

    def give_back(self, octets: int) -> None:
        """Give room back."""
        self._room += octets

    def file(self) -> BinaryIO:
        """Return a file without a name; raises StorageFull or Temporary."""
        try:
            return tempfile.TemporaryFile(dir=self._directory, buffering=0)
        except OSError as problem:
            raise unwritable(str(self._directory), problem) from problem

    def write(self, file: BinaryIO, data: bytes) -> None:
        """Write all of it; raises StorageFull or Temporary."""
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(file.fileno(), view) :]
        except OSError as problem:
            raise unwritable(str(self._directory), problem) from problem


class Incoming:
    """One mail as its pieces come in."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._taken = 0
        self._octets = 0
        self._file: BinaryIO | None = None
        self._head = b""

    async def add(self, piece: bytes) -> None:
        """Take the next piece; raises StorageFull or Temporary where the spool cannot."""
        self._pieces.append(piece)
        self._waiting += len(piece)
        self._octets += len(piece)
        if self._octets <= SMALL_OCTETS or (self._file is None and self._finds_room()):
            return
        if self._file is None:
            self._file = self._spool.file()
            self._give_back()
        if self._waiting >= CHUNK:
            await self._write()

    def _finds_room(self) -> bool:
        wanted = self._octets - self._taken
        is_found = self._spool.take(wanted)
        self._taken += wanted if is_found else 0
        return is_found

    def _give_back(self) -> None:
        self._spool.give_back(self._taken)
        self._taken = 0

    async def _write(self) -> None:
        assert self._file is not None  # noqa: S101 -- the callers' condition
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._waiting = 0
        if len(self._head) < HEAD_OCTETS:
            self._head += data[: HEAD_OCTETS - len(self._head)]
        await asyncio.to_thread(self._spool.write, self._file, data)

    async def whole(self) -> RawMail:
        """Return the mail, which owns the file or the room from here on; nothing may be added after."""
        if self._file is not None:
            await self._write()
            file, self._file = self._file, None
            return RawMail(head=self._head, content=SpooledContent(file, self._octets))
        if not self._taken:
            data = b"".join(self._pieces)
            return RawMail(head=data, content=MemoryContent(data))
        self._taken = 0
        pieces = tuple(self._pieces)
        return RawMail(head=_head(pieces), content=PiecedContent(pieces, self._octets, self._spool))

    def close(self) -> None:
        """Let go of a mail that did not come whole."""
        self._give_back()
        if self._file is not None:
            self._file.close()


def _head(pieces: Sequence[bytes]) -> bytes:
    head = b""
    for piece in pieces:
        head += piece[: HEAD_OCTETS - len(head)]
        if len(head) == HEAD_OCTETS:
            break
    return head
