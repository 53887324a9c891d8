"""Kill a collector with SIGKILL at random moments, start it again until it ends well, and count every mail.

    crash.py                         Seawall alone, 300 kills over four modes, about five minutes
    crash.py --peers                 fetchmail, getmail6, mpop and fdm beside it, with 40 kills each
    crash.py --kills 40 --only read --collectors seawall,mpop --seed 7
    crash.py --peers --write         into docs/crash.md too

A trial is a fresh box, a fresh home and a fresh Maildir; some kills, each of the whole process group after a delay drawn
from the length of an undisturbed run, three in four from its first mail on; then restarts without a kill until a clean exit. A reader, where the mode
has one, takes mail out of new/ all the while; what it erased counts as delivered. Chance finds what nobody thought of;
tests/crash goes through the system calls one by one.
"""

import argparse
import collections
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from boxes import Ground, delivered, look_into, mails, server, workplace
from peers import COLLECTORS, Collector, Command, Errand, chosen, compile_tools, set_up
from reader import Reader
from servers.dovecot import version as dovecot_version

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "crash.md"
OURS: Final = "seawall"
KILLS_A_TRIAL: Final = 4
START_SHARE: Final = 1 / 4  # of the delays may fall before the first mail
RESTARTS: Final = 10
LIMIT_SECONDS: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """What happens to the mails: kept on the server or erased, and whether a reader works in the Maildir."""

    key: str
    title: str
    keep: bool
    reader: bool = False


MODES: Final = (
    Mode(key="erase", title="erased as they come", keep=False),
    Mode(key="keep", title="kept", keep=True),
    Mode(key="read", title="erased, with a reader", keep=False, reader=True),
    Mode(key="keep-read", title="kept, with a reader", keep=True, reader=True),
)


@dataclass(slots=True, kw_only=True)
class Row:
    """What all trials of one collector in one mode came to, in mails.

    amid: kills of a run that had changed the Maildir or the box; the others struck its start or its end.
    """

    mode: Mode
    collector: Collector
    trials: int = 0
    kills: int = 0
    amid: int = 0
    lost: int = 0
    twice: int = 0
    cut: int = 0
    undelivered: int = 0
    unerased: int = 0
    tmp_files: int = 0
    remarks: collections.Counter[str] = field(default_factory=collections.Counter)

    @property
    def blemishes(self) -> int:
        return self.lost + self.twice + self.cut + self.undelivered + self.unerased + self.tmp_files

    def cells(self) -> list[str]:
        unerased = "" if self.mode.keep else f"{self.unerased:,}"
        numbers = (self.kills, self.amid, self.trials, self.lost, self.twice, self.cut, self.undelivered)
        remarks = "; ".join(f"{text} ({count})" for text, count in self.remarks.most_common())
        cells = [self.mode.title, self.collector.name, *(f"{number:,}" for number in numbers)]
        return [*cells, unerased, str(self.tmp_files), remarks]


def interrupted(command: Command, log: Path, seconds: float) -> int | None:
    """Run for at most `seconds`, then SIGKILL to the process group. Its exit code, or None when it was killed."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command.argv),
            env=dict(command.env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def remove_stale(command: Command, row: Row) -> None:
    for path in command.stale:
        if path.exists():
            path.unlink()
            row.remarks[f"{path.name} removed by hand"] += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One trial's places. seen() tells whether a run has changed something: it differs before and after."""

    errand: Errand
    box: Path
    reader: Reader

    def seen(self) -> tuple[frozenset[str], int, int]:
        unfinished = frozenset(entry.name for entry in (self.errand.maildir / "tmp").iterdir())
        here = sum(1 for _ in delivered(self.errand.maildir)) + self.reader.erased.total()
        return unfinished, here, sum(1 for _ in delivered(self.box))


def trial(row: Row, ground: Ground, delays: Sequence[float], chance: random.Random) -> tuple[float, float]:
    """One box from full to done, killed after each of the delays in turn; adds what came of it to the row.

    Returns the seconds from the last run's start to its first mail, and to its end.
    """
    bench = ground.place / "trial"
    shutil.rmtree(bench, ignore_errors=True)
    bench.mkdir(mode=0o755)
    user = ground.dovecot.add_user(f"box{next(ground.numbers)}")
    ground.dovecot.fill(user, list(mails(ground.count, ground.octets)))
    errand = Errand(
        port=ground.dovecot.pop3_port,
        user=user,
        password=ground.dovecot.password,
        keep=row.mode.keep,
        home=bench / "home",
        maildir=bench / "Maildir",
        tools=ground.place / "tools",
    )
    command = set_up(row.collector, errand)
    scene = Scene(errand=errand, box=ground.dovecot.maildir(user), reader=Reader(errand.maildir, chance))
    with scene.reader.working() if row.mode.reader else contextlib.nullcontext():
        started, ended = until_clean(row, command, scene, delays)
    count(row, ground, scene)
    written = [path.stat().st_mtime for path in delivered(errand.maildir)]
    shutil.rmtree(scene.box.parent)
    return min([ended - started, *(max(0.0, at - started) for at in written)]), ended - started


def until_clean(row: Row, command: Command, scene: Scene, delays: Sequence[float]) -> tuple[float, float]:
    """Run and kill, run and kill, and then run until a clean exit; returns when the last run began and ended."""
    limits = [*delays, *[float(LIMIT_SECONDS)] * RESTARTS]
    for number, limit in enumerate(limits):
        before, started, log = scene.seen(), time.time(), scene.errand.home.parent / "log"
        code = interrupted(command, log, limit)
        ended = time.time()
        remove_stale(command, row)
        if code in command.clean_exits:
            return started, ended
        if code is not None:
            row.remarks[f"exit {code}: {last_line(log)}"] += 1
        elif number < len(delays):
            row.kills += 1
            row.amid += before != scene.seen()
        else:
            row.remarks[f"did not end in {LIMIT_SECONDS} s"] += 1
    row.remarks["never ended well"] += 1
    return 0.0, 0.0


def last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1][:100].replace("|", "/") if lines else "no word"


def count(row: Row, ground: Ground, scene: Scene) -> None:
    """Every mail that was in the box is in the Maildir, was erased by the reader, or is missed."""
    found, box = look_into(scene.errand.maildir), look_into(scene.box)
    copies = found.copies + scene.reader.erased
    absent = set(range(ground.count)) - set(copies)
    row.trials += 1
    row.lost += len(absent - set(box.copies))
    row.undelivered += len(absent & set(box.copies))
    row.twice += sum(number - 1 for number in copies.values())
    row.cut += found.cut + scene.reader.cut
    row.tmp_files += len(scene.seen()[0])
    if not row.mode.keep:
        row.unerased += box.copies.total()
    elif box.copies.total() != ground.count:
        row.remarks["erased though they were to be kept"] += ground.count - box.copies.total()


def undisturbed(row: Row, ground: Ground, chance: random.Random) -> tuple[float, float]:
    """The seconds to the first mail and to the end of a run, the second of two; their mails are not counted."""
    last_run = 0.0, 0.0
    for _ in range(2):
        rehearsal = Row(mode=row.mode, collector=row.collector)
        last_run = trial(rehearsal, ground, (), chance)
        if rehearsal.blemishes or rehearsal.remarks:
            row.remarks[f"undisturbed: {', '.join(rehearsal.cells()[5:])}"] += 1
    return last_run


def batter(row: Row, ground: Ground, *, kills: int, deadline: float, seed: int) -> None:
    """Trials until there were that many kills, or the time is over."""
    chance = random.Random(f"{seed} {row.collector.name} {row.mode.key}")
    first, end = undisturbed(row, ground, chance)
    while row.kills < kills:
        if time.monotonic() > deadline:
            row.remarks["stopped: the time was over"] += 1
            break
        wanted = min(KILLS_A_TRIAL, kills - row.kills)
        starts = [0.0 if chance.random() < START_SHARE else first for _ in range(wanted)]
        delays = [chance.uniform(start, end) for start in starts]
        before = row.blemishes
        trial(row, ground, delays, chance)
        if row.blemishes > before and row.collector.name == OURS:
            say(f"{row.mode.title}, trial {row.trials}, delays {delays}: {' | '.join(row.cells()[2:])}")
    say(f"{row.mode.title}, {row.collector.name}, {first:.2f} to {end:.2f} s: {' | '.join(row.cells()[2:])}")


def table(rows: Sequence[Row]) -> str:
    head = "| mails are | collector | kills | amid | trials | lost | twice | cut | not yet here | not erased | in tmp/ | remarks |"
    lines = [head, "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|"]
    lines += [f"| {' | '.join(row.cells())} |" for row in rows]
    return "\n".join(lines)


def document(rows: Sequence[Row], asked: argparse.Namespace) -> str:
    """docs/crash.md: the table, and what is needed to judge it."""
    collectors = {row.collector.name: row.collector for row in rows}.values()
    versions = ", ".join(f"{collector.name} {collector.version()}" for collector in collectors)
    return f"""\
# Killed by chance

What is in the Maildir after a collector was killed with SIGKILL at random moments, again and again, and then left alone
until it ended well. `bench/crash.py --peers --write` makes this page; `--seed {asked.seed}` draws the same delays.

{asked.date}; {os.cpu_count()} cores; Python {sys.version.split()[0]}; server Dovecot {dovecot_version()};
{versions}. Boxes of {asked.mails} mails of {asked.octets:,} octets; up to {KILLS_A_TRIAL} kills in a trial.

{table(rows)}

- amid: of the kills, those of a run that had begun to deliver or to erase; the others struck its start or its end.
- lost: neither in the Maildir nor on the server. twice: copies beyond the first. cut: files that do not end as the mail does.
- not yet here: still on the server and not in the Maildir after a clean exit. not erased: on the server though it was to go.
- The reader moves mail from new/ to cur/ and erases half of it; what it erased counts as delivered.
- A kill is sent to the whole process group. It is no power cut: what was written is still written.
- The peers run with their defaults, but for fetchmail, which is told to use UIDLs, and fdm, which has a cache of what it
  has seen where mail is kept. fdm's lock is removed by hand after a kill; it would not start otherwise.
"""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--kills", type=int, default=300, help="of Seawall, over all modes (default: %(default)s)"
    )
    parser.add_argument("--peers", action="store_true", help="the other collectors too")
    parser.add_argument(
        "--peer-kills", type=int, default=40, help="of each other collector (default: %(default)s)"
    )
    parser.add_argument("--collectors", help=f"some of {','.join(one.name for one in COLLECTORS)}")
    parser.add_argument(
        "--only", default=",".join(mode.key for mode in MODES), help="modes (default: %(default)s)"
    )
    parser.add_argument("--mails", type=int, default=300, help="in a box (default: %(default)s)")
    parser.add_argument("--octets", type=int, default=8_000, help="of a mail (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(default: %(default)s)")
    parser.add_argument(
        "--minutes", type=float, default=30, help="no trial begins later (default: %(default)s)"
    )
    parser.add_argument(
        "--write", nargs="?", type=Path, const=DOCUMENT, help="write the page (default: docs/crash.md)"
    )
    parser.add_argument("--date", default=time.strftime("%Y-%m-%d"), help="the date in the page")
    parser.add_argument("--dir", type=Path, help="where boxes and Maildirs lie (default: /var/tmp)")
    return parser.parse_args()


def main() -> int:
    asked = arguments()
    deadline = time.monotonic() + asked.minutes * 60
    names = asked.collectors.split(",") if asked.collectors else ["all"] if asked.peers else [OURS]
    modes = [mode for mode in MODES if mode.key in asked.only.split(",")]
    with workplace(asked.dir) as place, server(place) as dovecot:
        compile_tools(place / "tools")
        collectors, reasons = chosen(names, place / "tools")
        for reason in reasons:
            say(f"Left out: {reason}.")
        ground = Ground(dovecot=dovecot, place=place, count=asked.mails, octets=asked.octets)
        rows = [Row(mode=mode, collector=one) for mode in modes for one in collectors]
        for row in sorted(
            rows, key=lambda row: row.collector.name != OURS
        ):  # ours first, should the time be short
            of_all = asked.kills if row.collector.name == OURS else asked.peer_kills
            batter(row, ground, kills=-(-of_all // len(modes)), deadline=deadline, seed=asked.seed)
    print(table(rows))
    if asked.write:
        asked.write.parent.mkdir(exist_ok=True)
        asked.write.write_text(document(rows, asked), encoding="utf-8")
    return int(any(row.blemishes or row.remarks for row in rows if row.collector.name == OURS))


if __name__ == "__main__":
    sys.exit(main())
