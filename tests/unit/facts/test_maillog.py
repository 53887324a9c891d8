"""A log's stamps become moments, with and without a year, and no stamp raises."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.facts.maillog import Calendar, bare_id, mailbox


def moment(*parts: int) -> float:
    return datetime(*parts, tzinfo=UTC).timestamp()  # type: ignore[misc,arg-type]


def test_a_stamp_without_a_year_is_of_the_year_that_was_given() -> None:
    assert Calendar(2026).short("Jan  2 03:04:05") == moment(2026, 1, 2, 3, 4, 5)


def test_the_year_goes_on_at_new_year_and_a_late_line_stays_in_the_old_one() -> None:
    calendar = Calendar(2025)
    assert calendar.short("Dec 31 23:59:59") == moment(2025, 12, 31, 23, 59, 59)
    assert calendar.short("Jan  1 00:00:01") == moment(2026, 1, 1, 0, 0, 1)
    assert calendar.short("Dec 31 23:59:58") == moment(2025, 12, 31, 23, 59, 58)
    assert calendar.short("Jan  1 00:00:02") == moment(2026, 1, 1, 0, 0, 2)


def test_without_a_year_there_is_no_moment_until_a_stamp_tells_one() -> None:
    calendar = Calendar(None)
    assert calendar.short("Mar  4 00:00:00") is None
    assert calendar.full("2024-03-04T00:00:00Z") == moment(2024, 3, 4)
    assert calendar.short("Mar  4 00:00:00") == moment(2024, 3, 4)


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05",
        "2026-01-02 03:04:05",
        "2026-01-02T04:04:05+01:00",
        "2026-01-01 22:04:05 -0500",
    ],
)
def test_a_full_stamp_is_read_with_its_zone_and_as_utc_without(stamp: str) -> None:
    assert Calendar(None).full(stamp) == moment(2026, 1, 2, 3, 4, 5)


def test_a_fraction_of_a_second_counts() -> None:
    assert Calendar(None).full("2026-01-02T03:04:05.250000+00:00") == moment(2026, 1, 2, 3, 4, 5) + 0.25


@given(st.text(max_size=40))
def test_no_stamp_raises(stamp: str) -> None:
    Calendar(2026).short(stamp)
    Calendar(None).full(stamp)


def test_ids_and_addresses_lose_their_brackets() -> None:
    assert bare_id("<a@b.example>") == "a@b.example"
    assert bare_id(" no brackets ") == "no brackets"
    assert mailbox("<A@B.example>") == "a@b.example"
    assert mailbox("<>") == ""
