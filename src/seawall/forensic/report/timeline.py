"""Copies by time → the bars of a picture. Owns the geometry; the template draws it.

Total: spans in any order, moments that no calendar has and ranges of centuries give at most MOST_BARS bars.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from seawall.forensic.report.moments import DAY, HOUR, MINUTE, counted, lasting, moment, told

WIDTH: Final = 960
HEIGHT: Final = 220
LEFT, RIGHT, TOP, FOOT = 56, 16, 34, 184
"""Where the bars are: the plot's edges, in the picture's own units."""
MOST_BARS: Final = 96
FEWEST_PLACES: Final = 8
"""Room that there is along the axis, however few bars."""
_STEPS: Final = tuple(
    n * unit for unit, ns in ((MINUTE, (1, 5, 15, 30)), (HOUR, (1, 3, 6, 12)), (DAY, (1, 7, 28))) for n in ns
)
_SHORTEST_NAMED: Final = 2 * DAY


class Bar(NamedTuple):
    """One bar, and what it says."""

    x: float
    y: float
    width: float
    height: float
    says: str


class Tick(NamedTuple):
    """A mark on an axis: where, and its label."""

    at: float
    label: str


class Mark(NamedTuple):
    """A moment to be pointed at; `anchor` keeps its label inside."""

    x: float
    label: str
    anchor: str


class Timeline(NamedTuple):
    """What is drawn. `says` is the same in a sentence."""

    bars: tuple[Bar, ...]
    rows: tuple[Tick, ...]
    columns: tuple[Tick, ...]
    marks: tuple[Mark, ...]
    says: str


def timeline(
    counts: Sequence[tuple[float, int]], span: float, marks: Sequence[tuple[float | None, str]], noun: str
) -> Timeline | None:
    """Return the picture of counts by moments, None where no moment is known; `noun` is what is counted, in the plural."""
    known = sorted((begin, number) for begin, number in counts if moment(begin) is not None and number > 0)
    if not known:
        return None
    least = span if math.isfinite(span) and span > 0 else float(MINUTE)
    begin, end = known[0][0], known[-1][0] + least
    step = _step(end - begin, least)
    if step != least:
        begin = math.floor(begin / step) * step
    sums: dict[int, int] = {}
    for at, number in known:
        place = int((at - begin) // step)
        sums[place] = sums.get(place, 0) + number
    places = max(sums) + 1
    most = max(sums.values())
    top = _round_up(most)
    wide = (WIDTH - LEFT - RIGHT) / max(places, FEWEST_PLACES)
    bars = tuple(
        Bar(
            x=LEFT + place * wide,
            y=FOOT - max(2.0, (FOOT - TOP) * number / top),
            width=max(1.0, wide * 0.82),
            height=max(2.0, (FOOT - TOP) * number / top),
            says=f"{told(begin + place * step)}: {number:,} {noun} in {lasting(step)}",
        )
        for place, number in sorted(sums.items())
    )
    peak = max(sums, key=lambda place: sums[place])
    total = sum(sums.values())
    return Timeline(
        bars=bars,
        rows=tuple(
            Tick(FOOT - (FOOT - TOP) * part / 2, f"{top * part // 2:,}")
            for part in ((0, 1, 2) if top > 1 else (0, 2))
        ),
        columns=_columns(begin, step, places, wide),
        marks=_marks(marks, begin, step, wide),
        says=(
            f"{total:,} {noun}, a bar for each {lasting(step)}, from {told(begin)} to {told(end)}; "
            f"most of them, {sums[peak]:,}, at {told(begin + peak * step)}."
        ),
    )


def _step(whole: float, least: float) -> float:
    """Return how long a bar is: a span of the counts, or a round multiple."""
    if whole / least <= MOST_BARS - 1:
        return least
    for step in _STEPS:
        if step >= least and whole / step <= MOST_BARS - 1:
            return float(step)
    return math.ceil(whole / (MOST_BARS - 1) / DAY) * float(DAY)


def _round_up(number: int) -> int:
    """Return a round even number that is not smaller, for the axis."""
    if number <= 1:
        return 1
    size: int = 10 ** (len(str(number)) - 1)
    return next(top for part in (1, 2, 4, 6, 8, 10, 20) if (top := part * size) >= number and top % 2 == 0)


def _columns(begin: float, step: float, places: int, wide: float) -> tuple[Tick, ...]:
    shown = max(places, FEWEST_PLACES)
    every = max(1, math.ceil(shown / 6))
    form = "%d %b %H:%M" if step * shown < _SHORTEST_NAMED * 4 else "%d %b %Y"
    return tuple(
        Tick(LEFT + place * wide, found.strftime(form).lstrip("0"))
        for place in range(0, shown, every)
        if (found := moment(begin + place * step)) is not None
    )


def _marks(
    marks: Sequence[tuple[float | None, str]], begin: float, step: float, wide: float
) -> tuple[Mark, ...]:
    found = []
    for at, label in marks:
        if at is None or moment(at) is None:
            continue
        x = LEFT + (at - begin) / step * wide
        # What lies just before the first bar is drawn at the edge; anything further has no place here.
        if LEFT - 2 * wide <= x <= WIDTH - RIGHT:
            inside = max(x, float(LEFT))
            found.append(Mark(inside, label, "start" if inside < WIDTH * 0.7 else "end"))
    return tuple(found)


def peak_of(counts: Sequence[tuple[float, int]], span: float) -> str:
    """Return when most came, in a sentence; "" where that is not known, or no two came together."""
    known = [(number, at) for at, number in counts if moment(at) is not None and number > 1]
    if not known:
        return ""
    number, at = max(known, key=lambda one: (one[0], -one[1]))
    return f"At its worst {counted(number, 'copy', 'copies')} came in {lasting(span)} ({told(at)})."
