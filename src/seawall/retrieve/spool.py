"""Where a mail's bytes wait while it comes in: small ones in memory, large ones in a nameless file."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from seawall.errors import Temporary
from seawall.model.mail import Content, MemoryContent, RawMail

MEMORY_OCTETS: Final = 256 * 2**10
"""A mail larger than this goes to the spool."""
HEAD_OCTETS: Final = 2**20
"""How much of a spooled mail's beginning stays at hand."""
CHUNK: Final = 256 * 2**10


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


class Incoming:
    """One mail as its pieces come in."""

    def __init__(self, spool: Path) -> None:
        self._spool = spool
        self._pieces: list[bytes] = []
        self._octets = 0
        self._file: BinaryIO | None = None
        self._head = b""

    async def add(self, piece: bytes) -> None:
        """Take the next piece; raises OSError where the spool is full."""
        self._octets += len(piece)
        if self._file is None and self._octets <= MEMORY_OCTETS:
            self._pieces.append(piece)
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._spool, buffering=0)  # noqa: SIM115 -- lives on
            piece = b"".join((*self._pieces, piece))
            self._pieces.clear()
        if len(self._head) < HEAD_OCTETS:
            self._head += piece[: HEAD_OCTETS - len(self._head)]
        await asyncio.to_thread(_write, self._file, piece)

    def whole(self) -> RawMail:
        """Return the mail, which owns the file from here on; nothing may be added after."""
        if self._file is not None:
            file, self._file = self._file, None
            return RawMail(head=self._head, content=SpooledContent(file, self._octets))
        data = b"".join(self._pieces)
        return RawMail(head=data, content=MemoryContent(data))

    def close(self) -> None:
        """Let go of a mail that did not come whole."""
        if self._file is not None:
            self._file.close()


def _write(file: BinaryIO, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[os.write(file.fileno(), view) :]
