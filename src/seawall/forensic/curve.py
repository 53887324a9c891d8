"""Moments → a curve: how many in each span of time. Pure."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

SPANS: Final = (60, 300, 900, 3600, 6 * 3600, 86_400, 7 * 86_400, 28 * 86_400, 365 * 86_400)
"""Seconds."""
MOST: Final = 60
"""Spans of one curve, unless it takes more than some hundred years."""


def curve(moments: Sequence[float]) -> tuple[float, tuple[tuple[float, int], ...]]:
    """Return the length of a span in seconds, and for each span in which there is something its beginning and how many."""
    if not moments:
        return float(SPANS[0]), ()
    length = max(moments) - min(moments)
    span = next((span for span in SPANS if length / span <= MOST), SPANS[-1])
    counts = Counter(moment // span * span for moment in moments)
    return float(span), tuple(sorted(counts.items()))
