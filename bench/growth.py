"""Measure how Seawall's cost grows: with mails, with their size, with accounts, and with the way to the server.

    growth.py                        median of three runs of each point, about ten minutes
    growth.py --quick                one run, and the ends of each series with one point between
    growth.py --only mails,latency
    growth.py --write                docs/growth.json, which plots.py draws, and the table in docs/scale.md

Each point is `seawall run --once` from a fresh home into fresh Maildirs, from Dovecot on this machine; afterwards each mail
must lie there once, whole, or the program ends with 1.
"""

import argparse
import collections
import itertools
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from accounts import Ground, boxes, hosts, seawall_toml, wrong_at
from boxes import look_into, mails, server, workplace
from link import Link
from peers import COLLECTORS, SEAWALL, Errand, compile_tools, set_up
from sections import write_section
from servers.dovecot import Dovecot
from servers.dovecot import version as dovecot_version
from stopwatch import Timing, time_command

DATA: Final = Path(__file__).resolve().parent.parent / "docs" / "growth.json"
SCHEMA: Final = "seawall.growth/1"
OCTETS: Final = 4_000
SIZES_TOTAL: Final = 20_000_000
LATENCY_MAILS: Final = 1_000
HOSTS: Final = 10
HOSTS_RTT_SECONDS: Final = 0.040
RUNS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What is varied, in which steps; the rest stays as the sentence says."""

    name: str
    unit: str
    steps: tuple[int, ...]
    sentence: str


SERIES: Final = (
    Series(
        name="mails",
        unit="mails",
        steps=(100, 300, 1_000, 5_000, 20_000),
        sentence=f"mails of {OCTETS:,} octets, 0 ms away",
    ),
    Series(
        name="size",
        unit="octets",
        steps=(1_000, 10_000, 100_000, 1_000_000, 10_000_000),
        sentence=f"{SIZES_TOTAL // 1_000_000} MB in mails of this size, 0 ms away",
    ),
    Series(
        name="accounts",
        unit="accounts",
        steps=(1, 10, 100, 1_000),
        sentence=f"one mail of {OCTETS:,} octets each, at {HOSTS} hosts {HOSTS_RTT_SECONDS * 1000:.0f} ms away",
    ),
    Series(
        name="latency",
        unit="ms",
        steps=(0, 10, 40, 100, 200),
        sentence=f"round trip to a box of {LATENCY_MAILS:,} mails of {OCTETS:,} octets",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The runs of one step. wrong: how many of them did not bring each mail once, whole."""

    at: int
    timings: tuple[Timing, ...]
    wrong: int

    def as_document(self) -> dict[str, float]:
        return {
            "at": self.at,
            "wall_seconds": round(statistics.median(run.wall_seconds for run in self.timings), 3),
            "cpu_seconds": round(statistics.median(run.cpu_seconds for run in self.timings), 3),
            "peak_mb": round(statistics.median(run.peak_kib for run in self.timings) / 1024, 1),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Laboratory:
    """The server, and where runs take place; every run has a directory of its own, which is left until the end."""

    dovecot: Dovecot
    place: Path
    runs: int

    @property
    def tools(self) -> Path:
        return self.place / "tools"

    def fresh(self) -> Path:
        bench = Path(tempfile.mkdtemp(prefix="run-", dir=self.place))
        bench.chmod(0o755)
        os.sync()  # what the run before left to write is not this one's to wait for
        return bench

    def point(self, at: int, run: Callable[[], tuple[Timing, bool]]) -> Point:
        run()  # the box is in the page cache then, and the server's index made
        done = [run() for _ in range(self.runs)]
        wrong = sum(not is_right for _, is_right in done)
        point = Point(at=at, timings=tuple(timing for timing, _ in done), wrong=wrong)
        print(at, point.as_document(), f"{wrong} wrong" if wrong else "", file=sys.stderr, flush=True)
        return point

    def box(self, name: str, count: int, octets: int) -> str:
        # No flags, so that every run finds the same box.
        user = self.dovecot.add_user(name, settings={"pop3_no_flag_updates": "yes"})
        for batch in batches(mails(count, octets)):
            self.dovecot.fill(user, batch)
        return user

    def collect(self, user: str, count: int, port: int) -> tuple[Timing, bool]:
        """Collect one box once; whether each of its mails is here once, whole."""
        bench = self.fresh()
        errand = Errand(
            port=port,
            user=user,
            password=self.dovecot.password,
            keep=True,
            home=bench / "home",
            maildir=bench / "Maildir",
            tools=self.tools,
        )
        (seawall,) = (one for one in COLLECTORS if one.name == "seawall")
        command = set_up(seawall, errand)
        timing = time_command(command.argv, env=command.env, tools=self.tools, log=bench / "log")
        found = look_into(errand.maildir)
        is_whole = found.cut == 0 and found.copies == collections.Counter(range(count))
        return timing, is_whole and timing.status == 0


def batches(of: Iterator[bytes], most: int = 100) -> Iterator[list[bytes]]:
    while batch := list(itertools.islice(of, most)):
        yield batch


def by_mails(laboratory: Laboratory, count: int) -> Point:
    user = laboratory.box(f"mails{count}", count, OCTETS)
    port = laboratory.dovecot.pop3_port
    return laboratory.point(count, lambda: laboratory.collect(user, count, port))


def by_size(laboratory: Laboratory, octets: int) -> Point:
    count = SIZES_TOTAL // octets
    user = laboratory.box(f"size{octets}", count, octets)
    port = laboratory.dovecot.pop3_port
    return laboratory.point(octets, lambda: laboratory.collect(user, count, port))


def by_latency(laboratory: Laboratory, milliseconds: int) -> Point:
    user = f"latency{milliseconds}"
    laboratory.box(user, LATENCY_MAILS, OCTETS)
    port = laboratory.dovecot.pop3_port
    if milliseconds == 0:
        return laboratory.point(0, lambda: laboratory.collect(user, LATENCY_MAILS, port))
    with Link(laboratory.tools, rtt_seconds=milliseconds / 1000) as link:
        far = link.to(port)
        return laboratory.point(milliseconds, lambda: laboratory.collect(user, LATENCY_MAILS, far))


def by_accounts(laboratory: Laboratory, count: int) -> Point:
    dovecot = laboratory.dovecot
    users = boxes(dovecot, count, prefix=f"of{count}-")

    def run() -> tuple[Timing, bool]:
        bench = laboratory.fresh()
        of_user = {user: ports[number % HOSTS] for number, user in enumerate(users)}
        ground = Ground(place=laboratory.place, password=dovecot.password, ports=of_user, at_once=None)
        argv = [str(SEAWALL), "run", "--once", "--config", str(seawall_toml(ground, bench))]
        timing = time_command(argv, env=dict(os.environ), tools=laboratory.tools, log=bench / "log")
        return timing, timing.status == 0 and not wrong_at(bench, users)

    with hosts(HOSTS, dovecot.pop3_port, tools=laboratory.tools, rtt_seconds=HOSTS_RTT_SECONDS) as ports:
        return laboratory.point(count, run)


MEASURES: Final = {"mails": by_mails, "size": by_size, "accounts": by_accounts, "latency": by_latency}


def as_document(points: dict[str, list[Point]], asked: argparse.Namespace) -> dict[str, object]:
    (seawall,) = (one for one in COLLECTORS if one.name == "seawall")
    return {
        "schema": SCHEMA,
        "date": asked.date,
        "cores": os.cpu_count(),
        "runs": asked.runs,
        "versions": {
            "seawall": seawall.version(),
            "dovecot": dovecot_version(),
            "python": platform.python_version(),
        },
        "series": {
            series.name: {
                "unit": series.unit,
                "sentence": series.sentence,
                "points": [point.as_document() for point in points[series.name]],
            }
            for series in SERIES
            if series.name in points
        },
    }


def table(points: dict[str, list[Point]]) -> str:
    lines = ["| series | at | s | CPU s | peak MB |", "|---|--:|--:|--:|--:|"]
    for name, of_series in points.items():
        for point in of_series:
            shown = point.as_document()
            cells = f"{shown['wall_seconds']:.2f} | {shown['cpu_seconds']:.2f} | {shown['peak_mb']:.0f}"
            lines.append(f"| {name} | {point.at:,} | {cells if not point.wrong else 'void | |'} |")
    return "\n".join(lines)


def section(points: dict[str, list[Point]], asked: argparse.Namespace) -> str:
    of_each = f"Medians of {asked.runs} runs." if asked.runs > 1 else "One run of each."
    return f"""\
{asked.date}; {os.cpu_count()} shared cores; Dovecot {dovecot_version()}. {of_each}

{table(points)}
"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one run, three points of each series")
    parser.add_argument("--runs", type=int, help=f"of each point (default: {RUNS}, or 1 with --quick)")
    parser.add_argument("--only", default=",".join(MEASURES), help="series (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="docs/growth.json and docs/scale.md; all series")
    parser.add_argument("--date", default=time.strftime("%Y-%m-%d"), help="the date in the page")
    parser.add_argument("--dir", type=Path, help="where boxes and Maildirs lie (default: /var/tmp)")
    asked = parser.parse_args()
    asked.runs = asked.runs or (1 if asked.quick else RUNS)
    if asked.write and asked.only.split(",") != list(MEASURES):
        parser.error("--write needs all series")
    return asked


def chosen_steps(steps: Sequence[int], *, is_quick: bool) -> Sequence[int]:
    return (steps[0], steps[len(steps) // 2], steps[-1]) if is_quick else steps


def main() -> int:
    asked = arguments()
    points: dict[str, list[Point]] = {}
    with workplace(asked.dir) as place, server(place) as dovecot:
        laboratory = Laboratory(dovecot=dovecot, place=place, runs=asked.runs)
        compile_tools(laboratory.tools)
        for series in SERIES:
            if series.name in asked.only.split(","):
                steps = chosen_steps(series.steps, is_quick=asked.quick)
                points[series.name] = [MEASURES[series.name](laboratory, step) for step in steps]
    print(table(points))
    wrong = sum(point.wrong for of_series in points.values() for point in of_series)
    if asked.write and not wrong:
        DATA.write_text(json.dumps(as_document(points, asked), indent=1) + "\n", encoding="ascii")
        write_section("growth", section(points, asked))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
