"""A moment as a Windows server of 2003 writes it into a mail."""

from datetime import UTC, datetime, timedelta
from typing import Final

_FILETIME_EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def filetime(at: datetime) -> int:
    """Return an aware moment, from 1601 on, as Windows counts it: in units of 100 ns."""
    return (at - _FILETIME_EPOCH) // _MICROSECOND * 10


def date(at: datetime) -> str:
    """Return a date as it stands in Date and Received: a day under ten has one digit."""
    return f"{_DAYS[at.weekday()]}, {at.day} {_MONTHS[at.month - 1]} {at.year} {at:%H:%M:%S %z}"


def arrival_time(arrival: datetime) -> bytes:
    """Return the field X-OriginalArrivalTime: in UTC, a day under ten with two digits, and the FILETIME, low half first."""
    high, low = divmod(filetime(arrival), 2**32)
    moment = arrival.astimezone(UTC)
    day = f"{moment.day:02} {_MONTHS[moment.month - 1]} {moment.year} {moment:%H:%M:%S}"
    thousandths = moment.microsecond // 1000
    return f"X-OriginalArrivalTime: {day}.{thousandths:04} (UTC) FILETIME=[{low:08X}:{high:08X}]".encode()
