"""The picture of a run: who sent to whom, and how many mails each generation had. SVG, by hand.

Owns the geometry. Every text in it is escaped; nothing in it is fetched from anywhere.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final
from xml.sax.saxutils import escape

from seawall.lab.internet.scenario import NONE, UNPATCHED
from seawall.lab.internet.stores import NAME as ISP
from seawall.lab.internet.world import Outcome

WIDTH: Final = 1000
HEIGHT: Final = 720
CENTRE: Final = (330, 390)
RADIUS: Final = 200
BARS: Final = (680, 560, 280, 380)
"""The chart: its left, its foot, its width and its height."""
MOST_BARS: Final = 24
MOST_NAMED: Final = 12
"""Organisations on a ring that has room for all their names."""
_COLOURS: Final[Mapping[str, str]] = {NONE: "#8a9099", UNPATCHED: "#c8372d", "seawall": "#1f7a4d"}
_OTHER: Final = "#2f6fb2"
_ISP: Final = "#30353b"
_TIP: Final = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
    'markerUnits="userSpaceOnUse" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#555b63"/></marker></defs>'
)
Point = tuple[float, float]


def svg(outcome: Outcome) -> str:
    """Return the picture."""
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
            '<rect width="100%" height="100%" fill="#ffffff"/>',
            _TIP,
            _text(20, 28, f"{outcome.scenario.name}: {outcome.scenario.about}", size=15),
            _text(20, 50, "Who sent to whom; a line is the thicker, the more mails", size=12),
            *_network(outcome),
            *_chart(outcome.journal.generations),
            *_legend(outcome),
            "</svg>\n",
        )
    )


def _network(outcome: Outcome) -> Iterator[str]:
    connectors = {each.domain: each.stints[0].connector for each in outcome.scenario.organisations}
    traffic: Counter[tuple[str, str]] = Counter(outcome.journal.traffic)
    for poll in outcome.journal.polls:
        traffic[ISP, poll.organisation] += poll.fetched
    lists = tuple(dict.fromkeys(each.address.partition("@")[2] for each in outcome.scenario.lists))
    ring = (*connectors, *lists)
    places: dict[str, Point] = {ISP: CENTRE}
    for number, domain in enumerate(ring):
        angle = 2 * math.pi * number / len(ring) - math.pi / 2
        places[domain] = (CENTRE[0] + RADIUS * math.cos(angle), CENTRE[1] + RADIUS * math.sin(angle))
    for (sender, taker), count in sorted(traffic.items(), key=lambda each: each[1]):
        if sender in places and taker in places and sender != taker and count:
            colour = _colour(connectors.get(sender, NONE))
            yield _arrow(places[sender], places[taker], count, colour)
    yield _node(CENTRE, ISP, _ISP, is_large=True)
    named = {letter.author.partition("@")[2] for letter in outcome.scenario.letters}
    named |= {
        domain for domain in ring if connectors.get(domain, UNPATCHED) != NONE or len(ring) <= MOST_NAMED
    }
    for domain in ring:
        yield _node(places[domain], domain, _colour(connectors.get(domain, NONE)), is_large=domain in named)


def _chart(generations: Mapping[int, int]) -> Iterator[str]:
    left, foot, width, height = BARS
    shown = sorted(generations.items())[:MOST_BARS]
    yield _text(left, 150, "Mails that arrived, by generation (log scale)", size=12)
    if not shown:
        return
    top = max(1, math.ceil(math.log10(max(count for _, count in shown) + 1)))
    for power in range(top + 1):
        y = foot - height * power / top
        yield f'<line x1="{left}" y1="{y:.1f}" x2="{left + width}" y2="{y:.1f}" stroke="#d5d9de"/>'
        yield _text(left - 8, y + 4, f"{10**power:,}", anchor="end")
    step = width / len(shown)
    for number, (generation, count) in enumerate(shown):
        # One mail has to be seen, too.
        tall = max(3.0, height * math.log10(max(1, count)) / top)
        x = left + step * number
        yield (
            f'<rect x="{x + step * 0.15:.1f}" y="{foot - tall:.1f}" width="{step * 0.7:.1f}" height="{tall:.1f}" fill="#c8372d">'
            f"<title>generation {generation}: {count:,} mails</title></rect>"
        )
        yield _text(x + step / 2, foot + 16, str(generation), anchor="middle")


def _colour(connector: str) -> str:
    return _COLOURS.get(connector, _OTHER)


def _arrow(start: Point, end: Point, count: int, colour: str) -> str:
    """Draw a curve that leaves room for the one that comes back."""
    across, down = end[0] - start[0], end[1] - start[1]
    length = math.hypot(across, down) or 1
    middle = (
        (start[0] + end[0]) / 2 - down / length * 14,
        (start[1] + end[1]) / 2 + across / length * 14,
    )
    short = max(0.0, 1 - 12 / length)
    tip = (start[0] + across * short, start[1] + down * short)
    thick = 0.6 + math.log10(count)
    return (
        f'<path d="M{start[0]:.1f},{start[1]:.1f} Q{middle[0]:.1f},{middle[1]:.1f} {tip[0]:.1f},{tip[1]:.1f}" '
        f'fill="none" stroke="{colour}" stroke-opacity="0.55" stroke-width="{thick:.2f}" marker-end="url(#tip)">'
        f"<title>{count:,}</title></path>"
    )


def _node(place: Point, name: str, colour: str, *, is_large: bool) -> str:
    """Draw an organisation; its name points away from the centre, so that neighbours' do not meet."""
    x, y = place
    circle = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{9 if is_large else 5}" fill="{colour}">'
        f"<title>{escape(name)}</title></circle>"
    )
    if not is_large:
        return circle
    across, down = x - CENTRE[0], y - CENTRE[1]
    if not (across or down):
        return circle + _text(x + 13, y + 4, name)
    is_left = across < 0
    turn = math.degrees(math.atan2(down, across)) + (180 if is_left else 0)
    label = _text(-14 if is_left else 14, 4, name, anchor="end" if is_left else "start")
    return f'{circle}<g transform="translate({x:.1f} {y:.1f}) rotate({turn:.1f})">{label}</g>'


def _legend(outcome: Outcome) -> Iterator[str]:
    """Say which colour is whose."""
    named = dict.fromkeys(each.stints[0].connector for each in outcome.scenario.organisations)
    meanings = {_colour(name): "without a connector" if name == NONE else name for name in named}
    if any(_colour(name) == _OTHER for name in named):
        meanings[_OTHER] = "another connector"
    meanings[_ISP] = "the ISP"
    for number, (colour, meaning) in enumerate(meanings.items()):
        y = 610 + 20 * number
        yield f'<circle cx="{BARS[0] + 6}" cy="{y}" r="6" fill="{colour}"/>'
        yield _text(BARS[0] + 20, y + 4, meaning)


def _text(x: float, y: float, text: str, *, size: int = 11, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="#30353b">{escape(text)}</text>'
