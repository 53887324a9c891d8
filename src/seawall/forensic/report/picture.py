"""The replication tree → boxes and lines of a picture, the origins at the left. Owns the geometry; the template draws it.

A box is a server, or like ones in one; a line is the thicker, the more copies went that way.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from seawall.forensic.report.columns import width_of
from seawall.forensic.report.moments import counted
from seawall.forensic.report.thicket import Branch, thicket, with_suspects
from seawall.forensic.report.words import called_on, placed, sender, shortened
from seawall.model.trace import Storm

BOX_WIDTH: Final = 206
BOX_HEIGHT: Final = 38
COLUMN: Final = 264
ROW: Final = 50
EDGE: Final = 8
MOST_LETTERS: Final = 24
"""Of a name in a box, in columns."""
MOST_SMALL: Final = 36
"""Of the line under it."""


class Box(NamedTuple):
    """One box: its left upper corner, what stands in it, what it says in full, and `kind`: plain, suspected, summed or start."""

    x: float
    y: float
    kind: str
    name: str
    note: str
    says: str


class Line(NamedTuple):
    """A line from a box to one at its right, as an SVG path."""

    path: str
    width: float
    suspected: bool
    joined: bool


class Picture(NamedTuple):
    """What is drawn. `says` tells it in a sentence, `left_out` what has no place in it, `text` the same as indented lines."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    says: str
    left_out: str
    text: str


class _Stood(NamedTuple):
    """A box that has its place: its branch, and the middle of its left edge."""

    branch: Branch
    x: float
    y: float


def picture(storm: Storm) -> Picture | None:
    """Return the picture of a storm's tree, None where it has none."""
    found = thicket(with_suspects(storm.tree, {suspect.domain for suspect in called_on(storm)}))
    if not found.branches:
        return None
    is_one = len(found.branches) == 1
    start = 0 if is_one else 1
    boxes: list[Box] = []
    lines: list[Line] = []
    rows = iter(range(10**6))
    tops = [_place(branch, start, rows, boxes, lines) for branch in found.branches]
    if not is_one:
        middle = (tops[0].y + tops[-1].y) / 2
        boxes.insert(
            0,
            Box(
                EDGE,
                middle - BOX_HEIGHT / 2,
                "start",
                _cut(sender(storm)),
                counted(storm.copies, "copy", "copies"),
                "The same mail by its content: how it came to the servers at the right does not show.",
            ),
        )
        lines[:0] = [
            _line(EDGE, middle, top, suspected=top.branch.holds_suspect, joined=False) for top in tops
        ]
    columns = start + _deepest(found.branches)
    suspected = [box for box in boxes if box.kind == "suspected"]
    fanning = _widest(found.branches)
    says = f"The ways of {counted(storm.copies, 'copy', 'copies')}, from the origin at the left to the mailboxes at the right"
    if suspected:
        says += f"; {counted(len(suspected), 'box', 'boxes')} of a suspected server"
    if fanning is not None and fanning.out > 1:
        says += (
            f"; from {shortened(fanning.hosts[-1] or 'one server', 60)} the mail left in {fanning.out:,} ways"
        )
    return Picture(
        width=EDGE * 2 + BOX_WIDTH + COLUMN * (columns - 1),
        height=EDGE * 2 + ROW * next(rows) - (ROW - BOX_HEIGHT),
        boxes=tuple(boxes),
        lines=tuple(sorted(lines, key=lambda line: line.suspected)),
        says=says + ".",
        left_out=_left_out(found.hops, found.left_out),
        text="\n".join(_lines(found.branches, 0)),
    )


def _place(branch: Branch, column: int, rows: Iterator[int], boxes: list[Box], lines: list[Line]) -> _Stood:
    """Give a branch and all at its right their places: a box stands at the middle of those at its right."""
    below = [_place(one, column + 1, rows, boxes, lines) for one in branch.branches]
    y = (below[0].y + below[-1].y) / 2 if below else EDGE + next(rows) * ROW + BOX_HEIGHT / 2
    x = float(EDGE + column * COLUMN)
    boxes.append(_box(branch, x, y))
    lines.extend(
        _line(x, y, one, suspected=branch.suspected or one.branch.holds_suspect, joined=True) for one in below
    )
    return _Stood(branch, x, y)


def _box(branch: Branch, x: float, y: float) -> Box:
    kind = "summed" if branch.summed else "suspected" if branch.suspected else "plain"
    return Box(x, y - BOX_HEIGHT / 2, kind, _host(_name(branch)), _under(branch), _says(branch))


def _name(branch: Branch) -> str:
    if branch.summed:
        return f"{branch.times:,} more"
    named = [host for host in branch.hosts if host]
    return named[-1] if named else branch.domain or "a server without a name"


def _under(branch: Branch) -> str:
    """Return what stands under the name: that it is a suspect is not told by its colour alone."""
    said = _note(branch)
    return shortened(f"suspect: {said}" if branch.suspected and not branch.summed else said, MOST_SMALL)


def _note(branch: Branch) -> str:
    parts = [counted(branch.copies, "copy", "copies")]
    if not branch.summed and branch.times > 1:
        parts.append(f"{branch.times:,} times")
    elif len(branch.hosts) > 1:
        parts.append(counted(len(branch.hosts), "hop"))
    elif branch.out > 1:
        parts.append(f"{branch.out:,} ways on")
    if branch.summed and branch.suspected:
        parts.append("suspects too")
    return " · ".join(parts)


def _says(branch: Branch) -> str:
    if branch.summed:
        return f"{counted(branch.times, 'step')} that have no place here, and all behind them."
    way = " → ".join(shortened(host or "?", 80) for host in branch.hosts[:8])
    marked = "Suspected. " if branch.suspected else ""
    return f"{marked}{way}. {_note(branch)}. {shortened(branch.text, 400)}"


def _line(x: float, y: float, to: _Stood, *, suspected: bool, joined: bool) -> Line:
    begin, middle = x + BOX_WIDTH, x + (BOX_WIDTH + COLUMN) / 2
    return Line(
        path=f"M{begin:.1f},{y:.1f} C{middle:.1f},{y:.1f} {middle:.1f},{to.y:.1f} {to.x:.1f},{to.y:.1f}",
        width=min(7.0, 1.2 + 1.6 * math.log10(max(1, to.branch.copies))),
        suspected=suspected,
        joined=joined,
    )


def _deepest(branches: Sequence[Branch]) -> int:
    return max((1 + _deepest(branch.branches) for branch in branches), default=0)


def _widest(branches: Sequence[Branch]) -> Branch | None:
    """Return where the most ways part; a suspect, where there is one: a large relay is at fault for nothing."""
    found: Branch | None = None
    for branch in branches:
        for one in (branch, _widest(branch.branches)):
            if (
                one is not None
                and not one.summed
                and (found is None or (one.suspected, one.out) > (found.suspected, found.out))
            ):
                found = one
    return found


def _lines(branches: Sequence[Branch], deep: int) -> Iterator[str]:
    for branch in branches:
        marked = "  ← suspected" if branch.suspected else ""
        yield f"{'  ' * deep}{shortened(_name(branch), 80)}: {_note(branch)}{marked}"
        yield from _lines(branch.branches, deep + 1)


def _left_out(hops: int, left_out: int) -> str:
    if left_out <= 0:
        return f"All {counted(hops, 'step')} of the tree are in the picture; those of one server, side by side or in a row, are one box."
    return (
        f"The tree has {counted(hops, 'step')}; {left_out:,} of them have no box of their own and stand under “more”. "
        "Those of one server, side by side or in a row, are one box."
    )


def _cut(text: str) -> str:
    """Return the beginning of a text, as much as a box has room for."""
    most = MOST_LETTERS
    while width_of(shown := shortened(text, most)) > MOST_LETTERS:
        most -= 1
    return shown


def _host(name: str) -> str:
    """Return the end of a host's name, which says whose it is, as much as a box has room for."""
    most = MOST_LETTERS
    while width_of(shown := placed(name, most)) > MOST_LETTERS:
        most -= 1
    return shown
