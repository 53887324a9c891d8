from email.utils import mktime_tz, parsedate_tz

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.facts.dates import moment, moment_within

DAYS = st.sampled_from(("Tue, ", "Tue,", "tue, ", "Xyz, ", "", "Tuesday, ", "Tue "))
MONTHS = st.sampled_from(("Jan", "Feb", "Nov", "Dec", "nov", "Foo"))
SPACES = st.sampled_from((" ", "  ", "\t", "\r\n ", "\x0b"))
ZONES = st.sampled_from(("+0000", "-0000", "+0530", "-0800", "+9999", "-1275", "GMT", "EST", "", "+00:00"))
ENDS = st.sampled_from(("", " (CET)", " (x)", " (a(b))", " (", " id 1", " ", "\t"))


def standard(stamp: str) -> float | None:
    """What the standard parser says, within the years that mails can be of."""
    try:
        parts = parsedate_tz(stamp)
        found = float(mktime_tz(parts)) if parts else None
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
    return found if found is not None and 0 <= found <= 253_402_300_799 else None


TWO_DIGITS = st.integers(0, 99).map("{:02d}".format)
STAMPS = st.tuples(
    DAYS,
    st.integers(0, 40).map(str),
    SPACES,
    MONTHS,
    SPACES,
    st.integers(0, 2999).map("{:04d}".format),
    SPACES,
    st.lists(TWO_DIGITS, min_size=3, max_size=3).map(":".join),
    SPACES,
    ZONES,
    ENDS,
).map("".join)


@given(STAMPS)
def test_a_date_is_the_moment_that_the_standard_parser_says(stamp: str) -> None:
    assert moment(stamp.encode()) == standard(stamp)


def test_a_comment_that_touches_the_zone_does_not_hide_it_as_it_does_from_the_standard_parser() -> None:
    stamp = "24 Nov 2026 08:00:00 -0500(EST)"
    assert moment(stamp.encode()) == 1795525200.0
    assert standard(stamp) == 1795507200.0


@given(st.binary(max_size=300))
def test_any_bytes_give_a_moment_or_none(stamp: bytes) -> None:
    found = moment(stamp)
    assert found is None or 0 <= found <= 253_402_300_799
    within = moment_within(stamp)
    assert within is None or 0 <= within <= 253_402_300_799


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"id x 2026-11-24 08:00:00.028704749 +0000 UTC", 1795507200.0),
        (b"id x Tue, 24 Nov 2026 08:00:00.987 +0100 (CET)", 1795503600.0),
        (b"1 Jan 2000 00:00:00 +0000 and 24 Nov 2026 08:00:00 +0000", 1795507200.0),
        (b"2026-13-24 08:00:00 +0000", None),
        (b"2026-02-30 08:00:00 +0000", standard("30 Feb 2026 08:00:00 +0000")),
        (b"no date", None),
    ],
)
def test_the_last_date_in_a_text_is_found(text: bytes, found: float | None) -> None:
    assert moment_within(text) == found
