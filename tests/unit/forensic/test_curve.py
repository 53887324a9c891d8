from hypothesis import given
from hypothesis import strategies as st

from seawall.forensic.curve import MOST, SPANS, curve


def test_no_moments_make_an_empty_curve() -> None:
    assert curve([]) == (60.0, ())


def test_moments_of_an_hour_are_counted_by_the_minute() -> None:
    assert curve([0.0, 59.0, 60.0, 3540.0]) == (60.0, ((0.0, 2), (60.0, 1), (3540.0, 1)))


@given(st.lists(st.floats(0, 4e9), min_size=1, max_size=50))
def test_every_moment_is_counted_once_in_few_spans(moments: list[float]) -> None:
    span, counts = curve(moments)
    assert span in SPANS
    assert sum(count for _, count in counts) == len(moments)
    assert len(counts) <= MOST + 1 or span == SPANS[-1]
    assert [begin for begin, _ in counts] == sorted({moment // span * span for moment in moments})
