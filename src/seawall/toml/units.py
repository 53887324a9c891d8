"""Durations, sizes and moments as people write them.

Owns the units and their bounds. Refuses to know which key a value belongs to.
"""

import re
from datetime import UTC, date, datetime

_DURATION = re.compile(r"([0-9]{1,9}) ?(s|m|h|d|w)")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}

MOST_SECONDS = 5200 * _SECONDS["w"]
"""A century: a later moment than now and this one could not be shown as a date."""

_SIZE = re.compile(r"([0-9]{1,15}) ?([kmgt]?i?b)?", re.IGNORECASE)
_OCTETS = {
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}


def seconds(written: object) -> float:
    """Read a duration such as "30s", "5m", "12h", "7d" or "2w" in seconds; raises ValueError."""
    match = _DURATION.fullmatch(written.strip()) if isinstance(written, str) else None
    if match is None:
        raise ValueError('must be a duration such as "30s", "5m", "12h", "7d" or "2w"')
    duration = int(match[1]) * _SECONDS[match[2]]
    if duration > MOST_SECONDS:
        raise ValueError('must be a duration of at most "5200w"')
    return duration


def octets(written: object) -> int:
    """Read a size such as "50 MB", "200 MiB" or "1024" in octets; raises ValueError."""
    if isinstance(written, int) and not isinstance(written, bool):
        written = str(written)
    match = _SIZE.fullmatch(written.strip()) if isinstance(written, str) else None
    unit = ((match and match[2]) or "b").lower()
    if match is None or unit not in _OCTETS:
        raise ValueError('must be a size such as "50 MB", "1 GB", "200 MiB" or "1024"')
    return int(match[1]) * _OCTETS[unit]


def moment(written: object) -> float:
    """Read a date or a date and time in Unix seconds; without an offset it is UTC. Raises ValueError."""
    if isinstance(written, str):
        try:
            written = datetime.fromisoformat(written.strip())
        except ValueError:
            written = None
    if not isinstance(written, date):
        raise ValueError('must be "all", "new" or a date such as 2026-01-31 or 2026-01-31T08:00:00Z')  # noqa: TRY004 - pydantic collects ValueError alone
    if not isinstance(written, datetime):
        written = datetime(written.year, written.month, written.day, tzinfo=UTC)
    return (written if written.tzinfo else written.replace(tzinfo=UTC)).timestamp()
