"""`seawall trace` on one mbox of ever more mails, end to end: wall, processor and memory of all its processes.

Owns the mbox: of what the storm writer writes, ordinary mails, each with a Message-ID, queue ids and words of its own, so
that no line comes twice but where a mail does; and a few storms in them. Refuses to know where the time goes.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import psutil

from seawall.forensic.sources.mbox import read_mbox
from seawall.lab.writer.storm import Order, storm
from seawall.lab.writer.write import write_storm

SIZES: Final = (10_000, 100_000, 1_000_000)
GOAL_SECONDS: Final = 120
GOAL_MB: Final = 2_048
STORMS: Final = ("connector", "remailer", "retry")
BASES: Final = ("newsletter", "list-and-direct", "lost-reply", "daily-report")
SHARE_OF_STORMS: Final = 0.02
"""Of the mails, those that are a storm's, as they were written."""
SHARE_OF_SECOND_COPIES: Final = 0.05
"""Mails that lie there a second time, as by a list and directly."""
_OWN = re.compile(
    rb"(?<=\bid )<?[A-Za-z0-9.-]{8,40}|(?<=^Message-ID: <)[^@\s]{3,60}|(?<=^Subject: ).{8,60}",
    re.MULTILINE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One size: how it went."""

    mails: int
    octets: int
    wall_seconds: float
    cpu_seconds: float
    peak_mb: float
    storms: int
    raw_seconds: float


def mbox(path: Path, mails: int) -> None:
    """Write an mbox of so many mails."""
    draw = Random(7)
    ordinary, storms = _stock(BASES, 24), _stock(STORMS, 6)
    of_storms = round(mails * SHARE_OF_STORMS)
    with path.open("wb") as file:
        twice = round(mails * SHARE_OF_SECOND_COPIES)
        for number in range(mails - of_storms - twice):
            entry = _entry(_made_own(draw.choice(ordinary), number))
            file.write(entry * 2 if number < twice else entry)
        for number in range(of_storms):
            file.write(_entry(storms[number % len(storms)]))


def _stock(species: tuple[str, ...], count: int) -> list[bytes]:
    """Return the mails of some storms, as they lie in their mailboxes."""
    found = []
    with tempfile.TemporaryDirectory() as directory:
        for seed in range(count):
            out = Path(directory) / str(seed)
            write_storm(out, storm(Order(seed=900_000 + seed, species=species, views=12)))
            for view in sorted((out / "views").iterdir()):
                if view.is_file():
                    found += list(_mails(view))
    return found


def _mails(view: Path) -> Iterator[bytes]:
    with view.open("rb") as file:
        for mail in read_mbox(file.read, str(view)):
            yield mail.head


def _made_own(mail: bytes, number: int) -> bytes:
    """Return a mail with ids and words of its own."""
    own = b"%07x" % number
    end = mail.find(b"\n\n")
    return _OWN.sub(lambda found: found.group()[:-7] + own, mail[:end]) + mail[end:] + b"No. %d\n" % number


def _entry(mail: bytes) -> bytes:
    return (
        b"From sender@example.org Mon Jan  4 10:00:00 2010\n" + mail.replace(b"\nFrom ", b"\n>From ") + b"\n"
    )


def measured(mails: int, workers: int) -> Run:
    """Write an mbox, trace it in a process of its own, and watch that and its children."""
    directory = Path(tempfile.mkdtemp(prefix="seawall-scale-"))
    try:
        path = directory / "archive.mbox"
        mbox(path, mails)
        octets = path.stat().st_size
        began = time.perf_counter()
        with path.open("rb") as file:
            while file.read(2**22):
                pass
        raw = time.perf_counter() - began
        command = [sys.executable, "-m", "seawall", "trace", str(path), "--json", "--workers", str(workers)]
        began = time.perf_counter()
        with (directory / "told.json").open("wb") as told:
            process = psutil.Popen(command, stdout=told, stderr=subprocess.DEVNULL)
            peak = _watched(process)
        wall = time.perf_counter() - began
        told_ = json.loads((directory / "told.json").read_text())
        if process.returncode or told_["mails"] != mails:
            raise RuntimeError(f"{process.returncode}: {told_.get('mails')} of {mails} mails")
    finally:
        shutil.rmtree(directory)
    times = psutil.Process().cpu_times()
    return Run(
        mails=mails,
        octets=octets,
        wall_seconds=wall,
        cpu_seconds=times.children_user + times.children_system,
        peak_mb=peak / 2**20,
        storms=len(told_["storms"]),
        raw_seconds=raw,
    )


def _watched(process: psutil.Popen) -> int:
    """Return the most memory that a process and its children had at one time (octets resident), when it has ended."""
    peak = 0
    while process.poll() is None:
        try:
            family = [process, *process.children(recursive=True)]
            peak = max(peak, sum(one.memory_info().rss for one in family))
        except psutil.NoSuchProcess:
            pass
        time.sleep(0.1)
    return peak


def section(sizes: tuple[int, ...], workers: int) -> str:
    """Return the table, and whether the goals were met."""
    lines = [
        f"One mbox; {workers} processes read it. Processor time and memory are those of all processes together (resident, shared pages counted in each).",
        "",
        "| mails | octets | storms told | wall s | processor s | µs a mail | mails/s | peak MB | reading the octets s |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    before = 0.0
    for mails in sizes:
        run = measured(mails, workers)
        cpu, before = run.cpu_seconds - before, run.cpu_seconds
        lines.append(
            f"| {mails:,} | {run.octets:,} | {run.storms} | {run.wall_seconds:.1f} | {cpu:.1f} | {cpu / mails * 1e6:.0f} |"
            f" {mails / run.wall_seconds:,.0f} | {run.peak_mb:,.0f} | {run.raw_seconds:.2f} |"
        )
        print(lines[-1], file=sys.stderr, flush=True)
        if mails >= max(SIZES):
            met = "met" if run.wall_seconds < GOAL_SECONDS and run.peak_mb < GOAL_MB else "**not met**"
            lines += ["", f"Goal: 1,000,000 mails in under {GOAL_SECONDS} s and {GOAL_MB:,} MB: {met}."]
    return "\n".join(lines)
