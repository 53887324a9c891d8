"""A date as a mail writes it (RFC 5322 §3.3) → a moment. Total."""

import re
from datetime import date
from email.utils import mktime_tz, parsedate_tz
from typing import Final

MAX_DATE: Final = 128
_LAST_MOMENT: Final = 253_402_300_799.0
"""The last second of the year 9999."""
_PLAIN = re.compile(
    rb"\s*(?:[A-Za-z]{3}, *)?(\d{1,2}) ([A-Z][a-z]{2}) ([12]\d{3}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)(?: *\([^()]*\))?\s*"
)
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"),
        start=1,
    )
}
_EPOCH: Final = date(1970, 1, 1).toordinal()


def moment(stamp: bytes) -> float | None:
    """Read a date as Unix seconds; None where it is none.

    What nearly all programs write is read here; what they don't, by the standard parser, which takes four times as long.
    """
    found = _PLAIN.fullmatch(stamp) if len(stamp) <= MAX_DATE else None
    if found:
        day, month, year, hours, minutes, seconds, sign, zone_hours, zone_minutes = found.groups()
        number = _MONTHS.get(month)
        if number:
            try:
                days = date(int(year), number, int(day)).toordinal() - _EPOCH
            except ValueError:
                return _odd(stamp)
            zone = int(zone_hours) * 3600 + int(zone_minutes) * 60
            local = days * 86_400 + int(hours) * 3600 + int(minutes) * 60 + int(seconds)
            seconds_ = float(local + zone if sign == b"-" else local - zone)
            return seconds_ if 0 <= seconds_ <= _LAST_MOMENT else None
    return _odd(stamp)


def _odd(stamp: bytes) -> float | None:
    try:
        parts = parsedate_tz(stamp[:MAX_DATE].decode("ascii", "replace"))
        found = float(mktime_tz(parts)) if parts else None
    except (ValueError, OverflowError, IndexError, TypeError):
        # The standard parser raises on about one date in a hundred of real mail.
        return None
    return found if found is not None and 0 <= found <= _LAST_MOMENT else None
