"""The log of a mail server → a row of facts for each mail that it took into its queue.

Owns how a log is known, in which year it begins, and how long a line may be. Refuses to know what the lines say
(facts/maillog*.py).
"""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from time import gmtime
from typing import BinaryIO, Final

from seawall.facts.maillog import MONTHS, LineReader, Said
from seawall.facts.maillog_entries import Queue
from seawall.facts.maillog_exchange import ExchangeReader
from seawall.facts.maillog_exim import EximReader
from seawall.facts.maillog_postfix import PostfixReader
from seawall.forensic.table import Place
from seawall.model.row import Row

MAX_LINE: Final = 64 * 2**10
"""Octets of a line that are read."""

_LOOKED_AT: Final = 1000
"""Lines of a source's head that are looked at to know a log."""

_MTA: Final = rb"(?:\S{1,64}/)?(?:smtpd|cleanup|qmgr|smtp|lmtp|local|virtual|pipe|pickup|bounce|postscreen|anvil|master|scache|error)\[\d"
_STAMP: Final = (
    rb"(?:<\d{1,3}>)?(?:1 )?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)"
)
_SYSLOG_LINE = re.compile(_STAMP + rb"\S{0,16} ")
_POSTFIX_LINE = re.compile(
    _STAMP + rb"\S{0,16} \S{1,255} (?:" + _MTA + rb"|postfix(?:[-/][\w/-]{1,64})?[ \[])"
)
_EXIM_OWN_LINE = re.compile(
    rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S{0,10} (?:[+-]\d{4} )?(?:\[\d{1,10}\] )?"
    rb"(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4} (?:<=|=>|->|>>|\*\*|==|Completed)|exim \S+ daemon started|Start queue run|End queue run)"
)
_EXIM_SYSLOG_LINE = re.compile(_STAMP + rb"\S{0,16} \S{1,255} exim4?[ \[]")
_EXIM_STAMP = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_EXCHANGE_FIELDS: Final = (b"#Fields:", b"event-id", b"message-id")
_MARK_OF_ORDER: Final = b"\xef\xbb\xbf"


def looks_like_log(head: bytes) -> bool:
    """Whether a source's first octets (some KiB are enough) are those of a log that read_log reads."""
    head = head.removeprefix(_MARK_OF_ORDER)
    if head.startswith(b"#"):
        return all(word in head[: 16 * 2**10] for word in _EXCHANGE_FIELDS)
    if not _SYSLOG_LINE.match(head):
        return False
    return any(
        pattern.match(line)
        for line in head.split(b"\n", _LOOKED_AT)[:_LOOKED_AT]
        for pattern in (_POSTFIX_LINE, _EXIM_OWN_LINE, _EXIM_SYSLOG_LINE)
    )


def log_lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield a log's lines with their ends; of a line over MAX_LINE, pieces of that length."""
    while line := file.readline(MAX_LINE):
        yield line


def read_log(
    lines: Iterator[bytes], source: str, year: int | None = None, modified: float | None = None
) -> Iterator[tuple[Place, Row]]:
    """Yield a row for each mail that the log says was taken, as its entry is closed; what is open comes at the end.

    `lines` have their ends, as log_lines and open(…, "rb") give them. `year` is that of the first line, for stamps
    without a year; None: it is found by `modified` (Unix seconds), or by when the file `source` was last written.
    Place.place is the number of the entry's first line from 0, Place.offset its octet.
    """
    first = next(lines, None)
    if first is None:
        return
    queue = Queue()
    reader = _reader(first, year if year is not None else _year(first, source, modified))
    offset = number = 0
    is_rest = False
    for raw in chain((first,), lines):
        if not is_rest:
            for said in reader.read(raw[:MAX_LINE].rstrip(b"\r\n")):
                for told in queue.hear(said, number, offset):
                    yield Place(source, told.number, told.offset, told.at), told.row
            number += 1
        is_rest = len(raw) >= MAX_LINE and not raw.endswith(b"\n")
        offset += len(raw)
    for told in queue.clear():
        yield Place(source, told.number, told.offset, told.at), told.row


class _EitherReader:
    """A syslog in which both Postfix and Exim may write."""

    def __init__(self, year: int | None) -> None:
        self._postfix, self._exim = PostfixReader(year), EximReader(year)

    def read(self, line: bytes) -> tuple[Said, ...]:
        return self._postfix.read(line) or (self._exim.read(line) if b" exim" in line[:300] else ())


def _reader(first: bytes, year: int | None) -> LineReader:
    if first.removeprefix(_MARK_OF_ORDER).startswith(b"#"):
        return ExchangeReader()
    if _EXIM_STAMP.match(first):
        return EximReader(year)
    return _EitherReader(year)


_SHORT_STAMP = re.compile(rb"(?:<\d{1,3}>)?([A-Z][a-z]{2}) ([ \d]\d) ")


def _year(first: bytes, source: str, modified: float | None) -> int | None:
    """Return the year of a log's first line: that of the file's last writing, or the one before."""
    found = _SHORT_STAMP.match(first)
    month = MONTHS.get(found.group(1).decode("ascii")) if found else None
    if found is None or month is None:
        return None
    try:
        written = Path(source).stat().st_mtime if modified is None else modified
    except (OSError, ValueError):
        return None
    return year_of_first(month, int(found.group(2)), written)


def year_of_first(month: int, day: int, written: float) -> int:
    """Return the year of a line of that day in a log that was last written at `written`, in Unix seconds."""
    last = gmtime(written)
    # A day more, as the log's clock may be ahead of UTC.
    return last.tm_year if (month, day) <= (last.tm_mon, last.tm_mday + 1) else last.tm_year - 1
