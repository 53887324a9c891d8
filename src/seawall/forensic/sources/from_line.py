"""The line that begins a mail in an mbox: "From", an address, a date (RFC 4155 appendix A).

Owns how such a line is told from a sentence that begins with "From", and its date. Refuses to know where a mail ends.
"""

import re
from typing import Final

from seawall.facts.dates import moment

MAX_FROM_LINE: Final = 512
"""Octets that are looked at for the end of such a line."""
LOOKAHEAD: Final = 1024
"""Octets from its beginning that must be at hand, or be the last ones, before it is judged."""

_DATE = re.compile(
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?[ \t]+"
    rb"([A-Z][a-z]{2})[ \t]+(0?[1-9]|[12]\d|3[01])[ \t]+(\d\d?):(\d\d)(?::(\d\d))?"
    rb"(?:[ \t]+([A-Z]{1,5}|[+-]\d{4}))?[ \t]+((?:19|20)\d\d)(?:[ \t]+([+-]\d{4}))?"
)
"""What asctime() writes, with the zone that some programs put before or behind the year."""
_TIME = re.compile(rb"\b\d\d?:\d\d\b")
_YEAR = re.compile(rb"\b(?:19|20)\d\d\b")
_BARE: Final = (b"From", b"From -")
"""What Netscape and its heirs write."""
_FIELD = re.compile(rb"[!-9;-~]{1,128}[ \t]*:")
_FIELD_OR_NONE = re.compile(rb"[!-9;-~]{1,128}[ \t]*:|>From |\r?\n|\Z")
_ZONES: Final = {
    b"EST": b"-0500", b"EDT": b"-0400", b"CST": b"-0600", b"CDT": b"-0500",
    b"MST": b"-0700", b"MDT": b"-0600", b"PST": b"-0800", b"PDT": b"-0700",
}  # fmt: skip
"""RFC 5322 §4.3; any other name counts as UTC."""
_NO_MOMENT: Final = ((b"Jan", b"1970"), (b"Sep", b"2001"))
"""public-inbox writes the first second of 1970, git format-patch Mon Sep 17 00:00:00 2001: both mean no moment."""


def begins_mail(octets: bytes, at: int, *, is_behind_empty_line: bool) -> bool:
    """Return whether the line at `at` of `octets`, which starts with "From ", begins a mail.

    LOOKAHEAD octets from `at` on are there, or the octets end the file. Behind an empty line, as every dialect writes
    it, a date is enough whatever its form, if a header field follows; without that line it must be asctime's.
    """
    end = octets.find(b"\n", at, at + MAX_FROM_LINE)
    if end < 0:
        return False
    line = octets[at:end]
    if _DATE.search(line):
        follows = _FIELD_OR_NONE if is_behind_empty_line else _FIELD
        return follows.match(octets, end + 1) is not None
    if not is_behind_empty_line:
        return False
    has_date = line.rstrip() in _BARE or (_TIME.search(line) and _YEAR.search(line))
    return bool(has_date) and _FIELD.match(octets, end + 1) is not None


def begins_mbox(head: bytes) -> bool:
    """Return whether a file that begins so is an mbox: its first line is such a line, or header fields follow it."""
    if not head.startswith(b"From "):
        return False
    end = head.find(b"\n", 0, MAX_FROM_LINE)
    return end >= 0 and (
        _FIELD.match(head, end + 1) is not None or begins_mail(head, 0, is_behind_empty_line=True)
    )


def date_of(line: bytes) -> float | None:
    """Return the moment that a From line tells, UTC where it has no zone (RFC 4155); None where it tells none."""
    found = _DATE.search(line[:MAX_FROM_LINE])
    if not found:
        return None
    month, day, hour, minute, second, early_zone, year, late_zone = found.groups()
    if (month, year) in _NO_MOMENT and (hour, minute, second) == (b"00", b"00", b"00"):
        return None
    zone = late_zone or early_zone or b"+0000"
    if not zone.startswith((b"+", b"-")):
        zone = _ZONES.get(zone, b"+0000")
    stamp = b"%d %s %s %02d:%s:%s %s" % (int(day), month, year, int(hour), minute, second or b"00", zone)
    return moment(stamp)
