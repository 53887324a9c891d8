"""Unix seconds → what a program and a person read. Total: a moment that no calendar has is not told."""

import math
from datetime import UTC, datetime
from typing import Final

MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86400
YEAR: Final = 31_557_600
_FIRST: Final = -62_135_596_800.0
_LAST: Final = 253_402_300_799.0
"""The years 1 and 9999."""


def moment(at: float | None) -> datetime | None:
    """Return a moment in UTC, None where it is not known or in no year from 1 to 9999."""
    if at is None or not math.isfinite(at) or not _FIRST <= at <= _LAST:
        return None
    return datetime.fromtimestamp(at, UTC)


def iso(at: float | None) -> str:
    """Return a moment as ISO 8601 in UTC, to the second; "" where it is not known."""
    found = moment(at)
    return f"{found:%Y-%m-%dT%H:%M:%SZ}".rjust(20, "0") if found else ""


def told(at: float | None) -> str:
    """Return a moment for a person, "a time that is not known" where it is not."""
    found = moment(at)
    return (
        f"{found:%a} {found.day} {found:%b} {found.year}, {found:%H:%M} UTC"
        if found
        else "a time that is not known"
    )


def lasting(seconds: float) -> str:
    """Return a length of time for a person, in its largest whole unit."""
    if not math.isfinite(seconds) or seconds < 0:
        return "an unknown time"
    for unit, name in ((YEAR, "year"), (DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        # Under two days the hours say more, under two hours the minutes.
        if seconds >= (2 * unit if unit != MINUTE else unit):
            return counted(int(seconds // unit), name)
    return counted(int(seconds), "second")


def counted(number: int, singular: str, plural: str = "") -> str:
    """Return a number with its noun."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"
