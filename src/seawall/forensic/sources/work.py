"""One piece of work, whole: its mails are read, turned to facts, and written as one Parquet file.

Owns the file and the sizes of its batches. It is the same in this process and in another.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from seawall.errors import unwritable
from seawall.forensic.sources.bounds import BATCH_MAILS, BATCH_OCTETS
from seawall.forensic.sources.notes import Notes
from seawall.forensic.sources.pieces import Piece
from seawall.forensic.sources.reading import Means, read_piece
from seawall.forensic.table import SCHEMA, Place, RawMail, extract, record_batch
from seawall.model.row import Row

Heard = Callable[[int, int], None]
"""Hears of mails and their octets as they are done; may raise to stop the work."""
_LEVEL: Final = 1
"""Of zstd: the facts are read once or twice, so writing them quickly counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of a piece: the files with its facts, and what is to be said about it."""

    parts: tuple[Path, ...]
    mails: int
    octets: int
    notes: Notes


def part_of(number: int, out: Path) -> Path:
    """Return the file that piece `number` writes."""
    return out / f"{number:06}.parquet"


def work(piece: Piece, number: int, out: Path, means: Means, heard: Heard) -> Done:
    """Do a piece; raises StorageFull or Temporary where `out` cannot be written, and leaves no file then."""
    notes = Notes()
    part = _Part(part_of(number, out), heard)
    try:
        for found in read_piece(piece, means, notes):
            if isinstance(found, RawMail):
                part.add_mail(found)
            else:
                part.add_row(*found)
        part.finish()
    except BaseException:
        part.discard()
        raise
    heard(notes.part_mails, notes.part_octets)
    return Done(
        parts=(*((part.path,) if part.is_begun else ()), *notes.parts),
        mails=part.mails + notes.part_mails,
        octets=part.octets + notes.part_octets,
        notes=notes,
    )


class _Part:
    """A Parquet file as it is written; there is none until there is a row."""

    def __init__(self, path: Path, heard: Heard) -> None:
        self.path = path
        self.mails = 0
        self.octets = 0
        self._heard = heard
        self._mails: list[RawMail] = []
        self._rows: list[tuple[Place, Row]] = []
        self._waiting = 0
        self._waiting_octets = 0
        self._file: pa.PythonFile | None = None
        self._writer: pq.ParquetWriter | None = None

    @property
    def is_begun(self) -> bool:
        return self._writer is not None

    def add_mail(self, mail: RawMail) -> None:
        if self._rows:
            self._flush()
        self._mails.append(mail)
        self._count(mail.size, len(mail.head))

    def add_row(self, place: Place, row: Row) -> None:
        if self._mails:
            self._flush()
        self._rows.append((place, row))
        self._count(row.size, 0)

    def _count(self, octets: int, held: int) -> None:
        self._waiting += held
        self._waiting_octets += octets
        if len(self._mails) + len(self._rows) >= BATCH_MAILS or self._waiting >= BATCH_OCTETS:
            self._flush()

    def _flush(self) -> None:
        count = len(self._mails) + len(self._rows)
        if not count:
            return
        if self._mails:
            batch = extract(self._mails)
        else:
            batch = record_batch([place for place, _ in self._rows], [row for _, row in self._rows])
        octets = self._waiting_octets
        self._mails, self._rows, self._waiting, self._waiting_octets = [], [], 0, 0
        try:
            if self._writer is None:
                # Python's file, so that a full disk is told by its number.
                self._file = self.path.open("wb")
                self._writer = pq.ParquetWriter(
                    self._file, SCHEMA, compression="zstd", compression_level=_LEVEL
                )
            self._writer.write_batch(batch)
        except OSError as problem:
            raise unwritable(str(self.path.parent), problem) from problem
        self.mails += count
        self.octets += octets
        self._heard(count, octets)

    def finish(self) -> None:
        self._flush()
        try:
            if self._writer is not None and self._file is not None:
                self._writer.close()
                self._file.close()
        except OSError as problem:
            raise unwritable(str(self.path.parent), problem) from problem

    def discard(self) -> None:
        """Remove the file, whatever state it is in."""
        with suppress(OSError, pa.ArrowException):
            if self._writer is not None:
                self._writer.close()
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self.path.unlink(missing_ok=True)
