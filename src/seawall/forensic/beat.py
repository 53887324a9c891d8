"""Do moments come in a beat, as those of a program that polls? Pure.

Owns the test: Rayleigh's, for each period that programs poll at, with a p-value that counts the periods tried
(Fisher, Statistical Analysis of Circular Data, 1993, §4.3; Bonferroni).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, exp, pi, sin
from typing import Final

PERIODS: Final = (60, 120, 300, 600, 900, 1200, 1800, 3600, 7200)
"""Seconds: what connectors offer."""
ENOUGH: Final = 8
"""Moments without which nothing is said."""
CERTAIN: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Beat:
    """A period in seconds, how likely chance would show it so well (all periods counted), and how many were tried."""

    period: float
    p_value: float
    tried: int


def polling_beat(moments: Sequence[float]) -> Beat | None:
    """Return the beat of moments (Unix seconds), None where there is none that chance would not explain."""
    if len(moments) < ENOUGH:
        return None
    best = min((_p_value(moments, period), -period) for period in PERIODS)
    p_value = min(1.0, best[0] * len(PERIODS))
    return Beat(period=-best[1], p_value=p_value, tried=len(PERIODS)) if p_value <= CERTAIN else None


def _p_value(moments: Sequence[float], period: float) -> float:
    """Return Rayleigh's p-value of the phases; of a period's divisors all are as good, so the longest is taken."""
    count = len(moments)
    phases = [2 * pi * (moment % period) / period for moment in moments]
    length = (sum(map(cos, phases)) ** 2 + sum(map(sin, phases)) ** 2) / count
    return exp(-length) * (1 + (2 * length - length**2) / (4 * count))
