"""What was measured: runs, the rows that they make, and how rows compare.

Owns: medians, ratios, and when a row is void. Refuses to know: how a run came about, and how a page looks.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from peers import Collector
from works import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One measured run. gave_up: the last words of one that ended with an error; wrong: what is amiss in its result."""

    wall_seconds: float
    cpu_seconds: float
    peak_kib: int
    gave_up: str = ""
    wrong: str = ""


@dataclass(slots=True, kw_only=True)
class Row:
    """All runs of one collector over one box."""

    work: Work
    collector: Collector
    runs: list[Run] = field(default_factory=list)
    given_up: list[Run] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Mails in each run."""
        return self.work.mails_for(self.collector)

    @property
    def title(self) -> str:
        return self.work.title(self.count)

    @property
    def wrong(self) -> str:
        """Why the row is void: one wrong result is enough, and so is no run that came to its end."""
        wrong = next((run.wrong for run in self.runs if run.wrong), "")
        return wrong or ("" if self.runs else f"gave up each time: {self.given_up[-1].gave_up}")

    def add(self, run: Run) -> None:
        (self.given_up if run.gave_up else self.runs).append(run)

    @property
    def median(self) -> float:
        """Seconds of a run."""
        return statistics.median(run.wall_seconds for run in self.runs)

    @property
    def a_mail(self) -> float:
        """Seconds a mail, start-up and login included."""
        return self.median / self.count

    @property
    def cpu_a_mail(self) -> float:
        """Seconds."""
        return statistics.median(run.cpu_seconds for run in self.runs) / self.count

    @property
    def peak_kib(self) -> int:
        return max(run.peak_kib for run in self.runs)


def find(rows: Sequence[Row], work: str, collector: str) -> Row | None:
    """The row of this work's key and this collector's name, unless there is none or it is void."""
    for row in rows:
        if row.work.key == work and row.collector.name == collector and not row.wrong:
            return row
    return None


def times(row: Row | None, other: Row | None) -> float | None:
    """How many times as long as the other it takes, a mail; None where either is missing."""
    return None if row is None or other is None else row.a_mail / other.a_mail
