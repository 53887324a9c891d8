"""What a line of a mail server's log says about one entry of its queue: the five things that it can say, and when.

Owns the values that all log readers hand out, the fields that they read alike, and how a stamp becomes a moment.
Refuses to know any server's format, and what the lines of one entry amount to together (forensic/sources/logs.py).
Total: a line that says nothing about an entry gives nothing, and no line raises.
"""

import calendar
import re
from typing import Final, NamedTuple, Protocol

MAX_TEXT: Final = 256
"""Characters of an id, a name or an address that are kept."""
MAX_WORDS: Final = 1024
"""Characters of a line, or of a server's words, that are kept."""

_ID = re.compile(r"<([^<>\s]{1,250})>")
MONTHS: Final = {name: number for number, name in enumerate(calendar.month_abbr) if name}
_DAY: Final = 86_400
_HALF_A_YEAR: Final = 6
_KEPT_DAYS: Final = 1_000


class Entry(NamedTuple):
    """Which entry of which queue, and when the line was written. `host` is who logged it, "" where no line says so."""

    host: str
    queue_id: str
    at: float | None


class HandedIn(NamedTuple):
    """A client hands in a mail; "" and None: not told by this line.

    `helo`, `rdns`, `from_ip` and `protocol` as in model.row.Hop. `continues` is the entry that a content filter was
    handed and has now handed back. `reference` is the entry, or the Message-ID, of the mail that a bounce is about.
    `is_accepted` says that the line alone tells that the mail was taken; else a later line does.
    """

    entry: Entry
    helo: str
    rdns: str
    from_ip: str
    protocol: str
    text: str
    continues: str = ""
    message_id: str | None = None
    sender: str | None = None
    size: int | None = None
    recipients: tuple[str, ...] = ()
    subject: str = ""
    author: str = ""
    reference: str = ""
    is_accepted: bool = False
    has_zone: bool = True


class Described(NamedTuple):
    """What the queue knows of the mail: its Message-ID, or its reverse-path ("" is the null one) and size in octets."""

    entry: Entry
    message_id: str | None
    sender: str | None
    size: int | None
    text: str


class Attempted(NamedTuple):
    """An attempt to deliver to one recipient.

    `recipient` is where it went, `original` the address before an alias ("" where it is the same), `status` an enhanced
    code (RFC 3463), `words` what the next hop said. `became` is the entry that goes on with it as the next hop names it:
    of this same queue, of another host's whose lines stand in the same log, or of one that is not in it.
    """

    entry: Entry
    recipient: str
    original: str
    outcome: str
    """`sent`, `deferred`, `bounced`, `expanded`, or another word of the server's."""
    status: str
    words: str
    became: str
    text: str


class Notified(NamedTuple):
    """The server makes a report to the sender: `notice` is its entry, `is_failure` whether it tells of a failure."""

    entry: Entry
    notice: str
    is_failure: bool


class Closed(NamedTuple):
    """The entry left the queue; `is_refused`: it was never taken."""

    entry: Entry
    is_refused: bool


Said = HandedIn | Described | Attempted | Notified | Closed


class LineReader(Protocol):
    """Lines of one format, one after the other → what they say. Postfix, Exim and Exchange have one each."""

    def read(self, line: bytes) -> tuple[Said, ...]:
        """Return what a line, without its end, says about an entry; empty where it says nothing."""


def bare_id(value: str) -> str:
    """Return a Message-ID without its brackets, as model.row.Row has it."""
    found = _ID.search(value)
    return (found.group(1) if found else value.strip())[:MAX_TEXT]


def mailbox(value: str) -> str:
    """Return an address of an envelope in lower case, without brackets; "" is the null reverse-path."""
    return value.strip("<> ").lower()[:MAX_TEXT]


class Calendar:
    """Stamps of a log → Unix seconds. A stamp without a zone is read as UTC.

    `year` is that of the first line, for stamps that have none (RFC 3164 §4.1.2): it goes on when December is
    followed by January. None: it is taken from the first stamp that has one, and until then there is no moment.
    """

    def __init__(self, year: int | None) -> None:
        self._year = year
        self._month = 0
        self._days: dict[tuple[int, str], int | None] = {}

    def short(self, stamp: str) -> float | None:
        """Read "Jan  2 03:04:05"."""
        month = MONTHS.get(stamp[:3], 0)
        if self._year is None or not month:
            return None
        year = self._year
        if month != self._month:
            if self._month - month > _HALF_A_YEAR:
                self._year = year = year + 1
                self._month = month
            elif self._month and month - self._month > _HALF_A_YEAR and stamp[4:6] == "31":
                # Several processes write one log: a late line of the old year.
                year -= 1
            else:
                self._month = month
        day = self._day(year, f"{month:02}-{stamp[4:6].replace(' ', '0')}")
        return _time_of_day(day, stamp[7:])

    def full(self, stamp: str) -> float | None:
        """Read "2026-01-02T03:04:05.678+01:00"; T may be a space, and fraction and zone absent (RFC 3339)."""
        year = stamp[:4]
        if not year.isdecimal():
            return None
        if self._year is None:
            self._year = int(year)
        day = self._day(int(year), stamp[5:10])
        moment = _time_of_day(day, stamp[11:19])
        if moment is None or len(stamp) == 19:  # noqa: PLR2004 -- a stamp without fraction and zone
            return moment
        return _with_rest(moment, stamp[19:])

    def _day(self, year: int, month_and_day: str) -> int | None:
        key = (year, month_and_day)
        if key not in self._days:
            if len(self._days) > _KEPT_DAYS:
                self._days.clear()
            self._days[key] = _day_begins(year, month_and_day)
        return self._days[key]


def _day_begins(year: int, month_and_day: str) -> int | None:
    month, _, day = month_and_day.partition("-")
    if not (month.isdecimal() and day.isdecimal() and 1970 <= year <= 9999):  # noqa: PLR2004 -- the years of Unix time in four digits
        return None
    if not 1 <= int(month) <= 12 or not 1 <= int(day) <= 31:  # noqa: PLR2004 -- months, days
        return None
    # 29 February of a year that has none, as a wrong guess of the year gives it, is 1 March here.
    return calendar.timegm((year, int(month), 1, 0, 0, 0)) + (int(day) - 1) * _DAY


def _time_of_day(day: int | None, clock: str) -> float | None:
    if day is None:
        return None
    try:
        return float(day + int(clock[:2]) * 3600 + int(clock[3:5]) * 60 + int(clock[6:8]))
    except ValueError:
        return None


_REST = re.compile(r"(\.\d{1,9})?\d*\s*(?:(Z)|([+-])(\d\d):?(\d\d))?")


def _with_rest(moment: float, rest: str) -> float:
    """Add a stamp's fraction of a second, and take off its zone."""
    found = _REST.match(rest)
    if found is None:
        return moment
    fraction, _, sign, hours, minutes = found.groups()
    if fraction:
        moment += float(fraction)
    if sign:
        moment -= (int(hours) * 3600 + int(minutes) * 60) * (1 if sign == "+" else -1)
    return moment
