"""Time Seawall beside its peers: one box at a time, kept on the server, into a Maildir, 0 ms away, plain TCP.

    collect.py                       everything that is installed, five runs, about fifteen minutes
    collect.py --quick               a fifth of the mails, three runs, about two minutes
    collect.py --only 4k --peers seawall,mpop --runs 3
    collect.py --write               into docs/benchmarks.md too

Runs are interleaved (A B C, A B C), so that a slow minute of the machine meets all. Each has a fresh Maildir and fresh
state, starts after a sync, and is checked afterwards: a mail missing, double or cut on either side voids its row.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from boxes import look_into, mails, server, workplace
from peers import COLLECTORS, RAW, Collector, Errand, chosen, compile_tools, set_up
from servers.dovecot import Dovecot
from servers.dovecot import version as dovecot_version

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
LIMIT_SECONDS: Final = 900
QUICK_PART: Final = 5
TRIES: Final = (
    3  # of one run that ends with an error: getmail6 6.18 waits in vain for a child that was too quick
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A box to collect."""

    key: str
    count: int
    octets: int

    @property
    def title(self) -> str:
        size = f"{self.octets // 1000} KB" if self.octets < 1_000_000 else f"{self.octets // 1_000_000} MB"
        return f"{self.count:,} x {size}"


WORKS: Final = (
    Work(key="4k", count=10_000, octets=4_000),
    Work(key="50k", count=2_000, octets=50_000),
    Work(key="5m", count=50, octets=5_000_000),
)


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
    def wrong(self) -> str:
        """Why the row is void: one wrong result is enough, and so is no run that came to its end."""
        wrong = next((run.wrong for run in self.runs if run.wrong), "")
        return wrong or ("" if self.runs else f"gave up each time: {self.given_up[-1].gave_up}")

    def add(self, run: Run) -> None:
        (self.given_up if run.gave_up else self.runs).append(run)

    @property
    def median(self) -> float:
        return statistics.median(run.wall_seconds for run in self.runs)


def measure(collector: Collector, work: Work, *, dovecot: Dovecot, user: str, place: Path) -> Run:
    """Run once, from a fresh home into a fresh Maildir, and look at what came."""
    # Nothing is removed before the end: ext4 looks long for an inode where many were freed in the last minutes.
    bench = Path(tempfile.mkdtemp(prefix="run-", dir=place))
    bench.chmod(0o755)
    tools = place / "tools"
    errand = Errand(
        port=dovecot.pop3_port,
        user=user,
        password=dovecot.password,
        keep=True,
        home=bench / "home",
        maildir=bench / "Maildir",
        tools=tools,
    )
    command = set_up(collector, errand)
    report, log = bench / "report", bench / "log"
    os.sync()  # what the run before left to write is not this one's to wait for
    argv = [str(tools / "timed"), str(report), str(LIMIT_SECONDS), *command.argv]
    with log.open("wb") as output:
        subprocess.run(
            argv, env=dict(command.env), stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=True
        )
    wall, user_cpu, system_cpu, peak, status = report.read_text(encoding="ascii").split()
    gave_up = wrong = ""
    if int(status) not in command.clean_exits:
        gave_up = f"exit {status}, {last_line(log)}"
    elif collector is RAW:
        wrong = "" if last_line(log) == str(work.count) else f"read {last_line(log)} of {work.count}"
    else:
        wrong = judge(errand.maildir, work.count)
    left = dovecot.count(user)
    if not gave_up and not wrong and left != work.count:
        wrong = f"{left} of {work.count} left on the server"
    return Run(
        wall_seconds=float(wall),
        cpu_seconds=float(user_cpu) + float(system_cpu),
        peak_kib=int(peak),
        gave_up=gave_up,
        wrong=wrong,
    )


def judge(maildir: Path, count: int) -> str:
    """What is wrong with this Maildir after a box of `count` mails, or empty."""
    found = look_into(maildir)
    missing = len(set(range(count)) - set(found.copies))
    parts = [f"{missing} missing" if missing else "", f"{found.twice} twice" if found.twice else ""]
    parts.append(f"{found.cut} cut" if found.cut else "")
    return ", ".join(part for part in parts if part)


def last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else ""


def contest(works: Sequence[Work], collectors: Sequence[Collector], *, runs: int, place: Path) -> list[Row]:
    """Every collector over every box, `runs` times, interleaved."""
    rows = []
    with server(place) as dovecot:
        # No flags, so that the first to read a box does no work that the next is spared.
        settings = {"pop3_no_flag_updates": "yes"}
        trial = Work(key="trial", count=20, octets=4_000)
        user = fill(dovecot, trial, settings)
        for (
            collector
        ) in collectors:  # each program is in the page cache then, and what cannot work says so early
            run = measure(collector, trial, dovecot=dovecot, user=user, place=place)
            say(f"trial, {collector.name}: {run.gave_up or run.wrong or 'works'}")
        for work in works:
            user = fill(dovecot, work, settings)
            measure(RAW, work, dovecot=dovecot, user=user, place=place)  # the box is in the page cache then
            of_work = [Row(work=work, collector=collector) for collector in collectors]
            for number in range(1, runs + 1):
                for row in of_work:
                    for _ in range(TRIES):
                        run = measure(row.collector, work, dovecot=dovecot, user=user, place=place)
                        row.add(run)
                        name, note = row.collector.name, run.gave_up or run.wrong
                        say(f"{work.title}, run {number}, {name}: {run.wall_seconds:.2f} s {note}")
                        if not run.gave_up:
                            break
            rows += of_work
            dovecot.empty(user)
    return rows


def fill(dovecot: Dovecot, work: Work, settings: dict[str, str]) -> str:
    user = dovecot.add_user(f"box-{work.key}", settings=settings)
    for mail in mails(work.count, work.octets):
        dovecot.fill(user, [mail])
    return user


def table(rows: Sequence[Row]) -> str:
    """The one table, in Markdown."""
    lines = [
        "| box | collector | median s | least | most | mails/s | x raw | x mpop | CPU ms a mail | peak MB |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        start = f"| {row.work.title} | {row.collector.name} |"
        if row.wrong:
            lines.append(f"{start} void: {row.wrong} | | | | | | | |")
            continue
        walls = [run.wall_seconds for run in row.runs]
        cpu = statistics.median(run.cpu_seconds for run in row.runs) / row.work.count * 1000
        peak = max(run.peak_kib for run in row.runs) / 1024
        lines.append(
            f"{start} {row.median:.2f} | {min(walls):.2f} | {max(walls):.2f} | {row.work.count / row.median:,.0f}"
            f" | {ratio(row, 'raw', rows)} | {ratio(row, 'mpop', rows)} | {cpu:.2f} | {peak:.0f} |"
        )
    for row in rows:
        if row.given_up and not row.wrong:
            tries = len(row.runs) + len(row.given_up)
            told = (
                f"{row.collector.name} gave up in {len(row.given_up)} of {tries} runs over {row.work.title}"
            )
            lines += ["", f"{told} ({row.given_up[-1].gave_up}); those are left out."]
    return "\n".join(lines)


def ratio(row: Row, name: str, rows: Sequence[Row]) -> str:
    for other in rows:
        if other.work == row.work and other.collector.name == name and not other.wrong:
            return f"{row.median / other.median:.2f}"
    return ""


def document(rows: Sequence[Row], *, runs: int, date: str, place: Path) -> str:
    """docs/benchmarks.md: the table, and what is needed to judge it."""
    collectors = list(
        {row.collector.name: row.collector for row in rows if row.collector is not RAW}.values()
    )
    versions = ", ".join(f"{collector.name} {collector.version()}" for collector in collectors)
    disk = subprocess.run(
        ["findmnt", "-no", "FSTYPE", "-T", str(place)], capture_output=True, text=True, check=True
    )
    return f"""\
# Benchmarks

How long one collection of a full POP3 box into a Maildir takes, beside other collectors. `make bench` makes this page.

{date}; {os.cpu_count()} cores, {disk.stdout.strip()}; Python {sys.version.split()[0]}; server Dovecot {dovecot_version()};
{versions}. Medians of {runs} interleaved runs.

{table(rows)}

- The server is on the same machine, 0 ms away, over plain TCP; the mails stay on it. It is read once before the runs, and
  sets no flags, so that every run finds the same box.
- "raw" is a C loop that asks for up to 200 mails ahead and keeps nothing: the floor that the server sets.
- Times are of the whole command, start-up included. Ratios compare within one box; absolute times differ from machine to
  machine.
- Each run starts with an empty Maildir and no state, after a sync. mpop, fdm and getmail6 sync each mail before they
  go on, and fetchmail's MDA is a small C program that does (`bench/c/mda.c`). Seawall syncs each file, its directories and
  its ledger, a batch at a time. fdm and fetchmail keep the list of what
  they have seen, as they must where mail is kept.
- After each run every mail is looked for in the Maildir and on the server: missing, double or cut mail voids the row.
- Peak memory is the largest of the command's processes.
"""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [collector.name for collector in COLLECTORS]
    parser.add_argument("--quick", action="store_true", help="a fifth of the mails, three runs")
    parser.add_argument("--runs", type=int, help="runs of each (5, or 3 with --quick)")
    parser.add_argument(
        "--only", default=",".join(work.key for work in WORKS), help="boxes (default: %(default)s)"
    )
    parser.add_argument("--peers", default="all", help=f"collectors: all, or some of {','.join(names)}")
    parser.add_argument(
        "--write", nargs="?", type=Path, const=DOCUMENT, help="write the page (default: docs/benchmarks.md)"
    )
    parser.add_argument("--date", default=time.strftime("%Y-%m-%d"), help="the date in the page")
    parser.add_argument("--dir", type=Path, help="where boxes and Maildirs lie (default: /var/tmp)")
    return parser.parse_args()


def main() -> int:
    asked = arguments()
    runs = asked.runs or (3 if asked.quick else 5)
    works = [work for work in WORKS if work.key in asked.only.split(",")]
    if asked.quick:
        works = [Work(key=work.key, count=work.count // QUICK_PART, octets=work.octets) for work in works]
    with workplace(asked.dir) as place:
        compile_tools(place / "tools")
        if not (place / "tools" / "timed").exists():
            sys.exit("The bench needs a C compiler: tests/servers/install.sh peers installs it.")
        collectors, reasons = chosen(asked.peers.split(","), place / "tools")
        for reason in reasons:
            say(f"Left out: {reason}.")
        rows = contest(works, [RAW, *collectors], runs=runs, place=place)
        print(table(rows))
        if asked.write:
            asked.write.parent.mkdir(exist_ok=True)
            asked.write.write_text(document(rows, runs=runs, date=asked.date, place=place), encoding="utf-8")
    return int(any(row.wrong for row in rows if row.collector.name == "seawall"))


if __name__ == "__main__":
    sys.exit(main())
