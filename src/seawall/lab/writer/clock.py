"""A true moment → what a server's clock shows, and how mail servers write it.

Owns time zones with their names and summer times, and the forms of dates in Received. Refuses to know who
writes and why. The zones are here and not the system's, so that a seed gives the same octets everywhere.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from functools import cache
from typing import Final

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HOUR: Final = 3600
_AMERICA_CHANGED: Final = 2007
"""The first year of the longer summer time (Energy Policy Act of 2005)."""


class Summer(Enum):
    """When a zone has summer time."""

    NEVER = "never"
    EUROPE = "europe"
    AMERICA = "america"


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A zone as a server's system names it; `hours` is its winter's offset, east of Greenwich."""

    winter: str
    hours: float
    summer: str = ""
    rule: Summer = Summer.NEVER

    def at(self, moment: float) -> datetime:
        """Return a moment (Unix seconds) as the zone's clocks show it; `tzname()` is the name then in force."""
        is_summer = self.rule is not Summer.NEVER and _is_summer(self.rule, self.hours, moment)
        offset = self.hours + is_summer
        return datetime.fromtimestamp(moment, _timezone(offset, self.summer if is_summer else self.winter))


_SHARES: Final = (
    (6, Zone(winter="CET", hours=1, summer="CEST", rule=Summer.EUROPE)),
    (5, Zone(winter="EST", hours=-5, summer="EDT", rule=Summer.AMERICA)),
    (4, Zone(winter="PST", hours=-8, summer="PDT", rule=Summer.AMERICA)),
    (6, Zone(winter="UTC", hours=0)),
    (3, Zone(winter="GMT", hours=0, summer="BST", rule=Summer.EUROPE)),
    (2, Zone(winter="CST", hours=-6, summer="CDT", rule=Summer.AMERICA)),
    (1, Zone(winter="EET", hours=2, summer="EEST", rule=Summer.EUROPE)),
    (1, Zone(winter="MST", hours=-7, summer="MDT", rule=Summer.AMERICA)),
    (1, Zone(winter="MSK", hours=3)),
    (1, Zone(winter="IST", hours=5.5)),
    (1, Zone(winter="CST", hours=8)),
    (1, Zone(winter="JST", hours=9)),
    (1, Zone(winter="AEST", hours=10)),
)
"""As often as real lines have them, about."""
ZONES: Final = tuple(zone for share, zone in _SHARES for _ in range(share))
"""Where organisations are; what stands twice is drawn twice as often."""
UNIVERSAL: Final = Zone(winter="UTC", hours=0)
PACIFIC: Final = Zone(winter="PST", hours=-8, summer="PDT", rule=Summer.AMERICA)


def plain(at: datetime) -> str:
    """`Fri, 2 Aug 2002 11:11:16 -0400`."""
    return f"{_DAYS[at.weekday()]}, {at.day} {_rest(at)}"


def padded(at: datetime) -> str:
    """`Fri,  2 Aug 2002 …`: Postfix keeps the column of a day under ten."""
    return f"{_DAYS[at.weekday()]}, {at.day:2} {_rest(at)}"


def two_digits(at: datetime) -> str:
    """`Fri, 02 Aug 2002 …`."""
    return f"{_DAYS[at.weekday()]}, {at.day:02} {_rest(at)}"


def no_weekday(at: datetime) -> str:
    """`2 Aug 2002 15:11:16 -0000`: qmail writes universal time, and tells no zone (RFC 5322 §3.3)."""
    at = at.astimezone(UTC)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year} {at:%H:%M:%S} -0000"


def commented(date: str, at: datetime) -> str:
    """Put the zone's name behind a date, as a comment."""
    return f"{date} ({at.tzname()})"


def month(at: datetime) -> str:
    """Return the month's three letters."""
    return _MONTHS[at.month - 1]


def _rest(at: datetime) -> str:
    offset = int((at.utcoffset() or timedelta()).total_seconds()) // 60
    sign = "-" if offset < 0 else "+"
    zone = f"{sign}{abs(offset) // 60:02}{abs(offset) % 60:02}"
    return f"{_MONTHS[at.month - 1]} {at.year} {at.hour:02}:{at.minute:02}:{at.second:02} {zone}"


@cache
def _timezone(hours: float, name: str) -> timezone:
    return timezone(timedelta(hours=hours), name)


def _is_summer(rule: Summer, hours: float, moment: float) -> bool:
    begins, ends = _summer(rule, hours, datetime.fromtimestamp(moment, UTC).year)
    return begins <= moment < ends


@cache
def _summer(rule: Summer, hours: float, year: int) -> tuple[float, float]:
    if rule is Summer.EUROPE:
        return _sunday(year, 3, -1) + _HOUR, _sunday(year, 10, -1) + _HOUR
    first, last = ((3, 2), (11, 1)) if year >= _AMERICA_CHANGED else ((4, 1), (10, -1))
    # At two by the clock in force: an hour earlier, told in winter's time, when it ends.
    return _sunday(year, *first) + (2 - hours) * _HOUR, _sunday(year, *last) + (1 - hours) * _HOUR


def _sunday(year: int, of_month: int, number: int) -> float:
    """Return the midnight of a month's Sunday: its first is number 1, its last is -1."""
    if number > 0:
        first = datetime(year, of_month, 1, tzinfo=UTC)
        return (first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (number - 1))).timestamp()
    last = datetime(year, of_month + 1, 1, tzinfo=UTC) - timedelta(days=1)
    return (last - timedelta(days=(last.weekday() + 1) % 7)).timestamp()
