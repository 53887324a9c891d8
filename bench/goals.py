"""The goals of the speed issue, and whether the measured rows meet them.

Owns: each goal's words, its figure and its limit. Refuses to know: how anything was measured.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from alone import Alone
from rows import Row, find, times

KIB_IN_MB: Final = 1024
MAILDIR_WORKS: Final = ("4k", "50k", "5m", "4k-far")


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """measured: in this unit; None: not in this run of the bench. One of the two limits is set."""

    words: str
    measured: float | None
    unit: str = "x"
    at_most: float | None = None
    at_least: float | None = None

    @property
    def is_met(self) -> bool | None:
        if self.measured is None:
            return None
        if self.at_most is not None:
            return self.measured <= self.at_most
        assert self.at_least is not None
        return self.measured >= self.at_least

    def line(self) -> str:
        """Its row of the table."""
        limit = f"<= {self.at_most:g}" if self.at_most is not None else f">= {self.at_least:g}"
        met = {True: "yes", False: "**no**", None: "not measured"}[self.is_met]
        measured = "" if self.measured is None else f"{self.measured:.2f} {self.unit}"
        return f"| {self.words} | {limit} {self.unit} | {measured} | {met} |"


def goals(rows: Sequence[Row], alone: Alone | None) -> list[Goal]:
    """All goals, in the order of the table of rows."""
    far = find(rows, "4k-far", "seawall")
    return [
        _slower(rows, "4k", "seawall", "mpop", at_most=0.65),
        _faster(rows, "4k", "fetchmail", at_least=7),
        _faster(rows, "4k", "getmail6", at_least=17),
        _slower(rows, "50k", "seawall", "mpop", at_most=1),
        _slower(rows, "50k", "seawall", "bare-py", at_most=1.25),
        _slower(rows, "5m", "seawall", "raw", at_most=1.3),
        Goal(
            words=f"{_title(rows, '4k-far')}: longer than at 0 ms",
            measured=_longer(far, find(rows, "4k", "seawall")),
            unit="s",
            at_most=1.5,
        ),
        _faster(rows, "4k-far", "mpop", at_least=3),
        Goal(
            words=f"{_title(rows, '4k-far')}: a mail, faster than the fastest that does not pipeline",
            measured=_least(times(row, far) for row in _those_who_wait(rows)),
            at_least=80,
        ),
        _slower(rows, "lmtp", "seawall, 1 connection", "raw", at_most=1.1),
        _slower(rows, "lmtp", "seawall, 4 connections", "raw", at_most=0.55),
        Goal(
            words="memory: the largest peak into a Maildir, over an idle `seawall run`",
            measured=_over_idle(rows, alone),
            unit="MB",
            at_most=20,
        ),
        Goal(words="`seawall --help`", measured=alone.help_seconds if alone else None, unit="s", at_most=0.3),
    ]


def table(found: Sequence[Goal]) -> str:
    """The goals, in Markdown."""
    return "\n".join(
        ["| goal | limit | measured | met |", "|---|--:|--:|---|", *(goal.line() for goal in found)]
    )


def _slower(rows: Sequence[Row], work: str, name: str, other: str, *, at_most: float) -> Goal:
    return Goal(
        words=f"{_title(rows, work)}: {name}, the time of {other}",
        measured=times(find(rows, work, name), find(rows, work, other)),
        at_most=at_most,
    )


def _faster(rows: Sequence[Row], work: str, peer: str, *, at_least: float) -> Goal:
    return Goal(
        words=f"{_title(rows, work)}: faster than {peer}",
        measured=times(find(rows, work, peer), find(rows, work, "seawall")),
        at_least=at_least,
    )


def _title(rows: Sequence[Row], work: str) -> str:
    return next((row.work.title() for row in rows if row.work.key == work), work)


def _longer(row: Row | None, other: Row | None) -> float | None:
    return None if row is None or other is None else row.median - other.median


def _those_who_wait(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.work.key == "4k-far" and not row.collector.pipelines and not row.wrong]


def _least(figures: Iterable[float | None]) -> float | None:
    return min((figure for figure in figures if figure is not None), default=None)


def _over_idle(rows: Sequence[Row], alone: Alone | None) -> float | None:
    found = [row.peak_kib for work in MAILDIR_WORKS if (row := find(rows, work, "seawall"))]
    return (max(found) - alone.idle_kib) / KIB_IN_MB if found and alone else None
