"""A date as a mail writes it (RFC 5322 §3.3) → a moment. Total."""

from email.utils import mktime_tz, parsedate_tz
from typing import Final

MAX_DATE: Final = 128
_LAST_MOMENT: Final = 253_402_300_799.0
"""The last second of the year 9999."""


def moment(stamp: bytes) -> float | None:
    """Read a date as Unix seconds; None where it is none."""
    try:
        parts = parsedate_tz(stamp[:MAX_DATE].decode("ascii", "replace"))
        found = float(mktime_tz(parts)) if parts else None
    except (ValueError, OverflowError, IndexError, TypeError):
        # The standard parser raises on about one date in a hundred of real mail.
        return None
    return found if found is not None and 0 <= found <= _LAST_MOMENT else None
