"""Sources → facts on disk: reads each source once, and writes its mails' facts as Parquet files.

Owns the work directory and how the work is shared out. Refuses to know what the facts are good for.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from seawall.forensic.sources.files import read_mails
from seawall.forensic.table import RawMail, extract
from seawall.model.trace import Unread

BATCH: Final = 2000
"""Mails of one record batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What was read: the Parquet files with the facts, how many mails and octets, from how many sources, and what could not be read."""

    parts: tuple[Path, ...]
    mails: int
    octets: int
    sources: int
    unread: tuple[Unread, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the reading is: mails and octets so far, and all octets that there are, None where that can't be told."""

    mails: int
    octets: int
    all_octets: int | None


def gather(
    sources: Sequence[str], out: Path, *, workers: int = 1, tell: Callable[[Progress], None] = lambda _: None
) -> Gathered:
    """Read sources and write their facts into the directory `out`, which exists; `tell` hears how it goes on."""
    del workers
    parts: list[Path] = []
    mails = octets = 0
    for batch in _batches(chain.from_iterable(read_mails(Path(source)) for source in sources)):
        part = out / f"{len(parts):06}.parquet"
        pq.write_table(pa.Table.from_batches([extract(batch)]), part, compression="zstd")
        parts.append(part)
        mails += len(batch)
        octets += sum(mail.size for mail in batch)
        tell(Progress(mails=mails, octets=octets, all_octets=None))
    return Gathered(parts=tuple(parts), mails=mails, octets=octets, sources=len(sources))


def _batches(mails: Iterable[RawMail]) -> Iterator[list[RawMail]]:
    remaining = iter(mails)
    while batch := list(islice(remaining, BATCH)):
        yield batch
