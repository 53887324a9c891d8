"""Do moments come in a beat, as those of a program that polls? Pure.

Owns the test: Rayleigh's, for each period that programs poll at, with a p-value that counts the periods tried
(Zar, Biostatistical Analysis, 4th ed. 1999, §27.1; Bonferroni).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, exp, pi, sin, sqrt
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
    # Of a period's divisors all are as good where no moment is off, so the longest is taken.
    logarithm, period = min((round(_log_p_value(moments, period), 6), -period) for period in PERIODS)
    p_value = min(1.0, exp(logarithm) * len(PERIODS))
    return Beat(period=-period, p_value=p_value, tried=len(PERIODS)) if p_value <= CERTAIN else None


def _log_p_value(moments: Sequence[float], period: float) -> float:
    """Return the logarithm of Rayleigh's p-value of the phases, by the form that holds for a perfect beat too (Zar, (27.4))."""
    count = len(moments)
    phases = [2 * pi * (moment % period) / period for moment in moments]
    square = sum(map(cos, phases)) ** 2 + sum(map(sin, phases)) ** 2
    return sqrt(1 + 4 * count + 4 * max(0.0, count**2 - square)) - (1 + 2 * count)
