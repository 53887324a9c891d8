"""Kill Seawall with SIGKILL at random moments as it hands mail over by LMTP, and count what Dovecot has in the end.

    handover.py                      200 kills, half of them with the Sieve script of contrib/, about ten minutes
    handover.py --kills 40 --seed 7
    handover.py --write              into docs/crash.md too

A trial is a fresh box at Dovecot, a fresh recipient and a fresh home; some kills of the whole process group, each after a
delay drawn from the time between an undisturbed run's first and last mail; then restarts without a kill until a clean
exit. "Twice" must be no more than the kills can explain (those between a mail's final dot and its outcome in the ledger),
each must be one that the ledger says may be twice, and with the script there must be none.
"""

import argparse
import collections
import os
import random
import re
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from boxes import Ground, look_into, mails, server, workplace
from crash import interrupted
from hostile.connector import configuration, lmtp_to
from peers import Command
from seawall.facts.mark import FIELD
from seawall.ledger.ledger import Ledger
from seawall.ledger.schema import delivery
from servers.dovecot import version as dovecot_version
from servers.maildirs import in_order_of_arrival

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "crash.md"
SCRIPT: Final = Path(__file__).resolve().parent.parent / "contrib" / "seawall-once.sieve"
BEGIN: Final = "<!-- bench/handover.py writes from here -->\n"
END: Final = "<!-- to here -->\n"
KILLS_A_TRIAL: Final = 4
LIMIT_SECONDS: Final = 120.0
RESTARTS: Final = 10
MARK: Final = re.compile(rf"^{FIELD}: ([0-9a-f]{{32}})\.".encode(), re.MULTILINE)


@dataclass(slots=True, kw_only=True)
class Row:
    """What all trials with or without the script came to, in mails. unsaid: twice, and the ledger is silent of it."""

    has_script: bool
    trials: int = 0
    kills: int = 0
    lost: int = 0
    twice: int = 0
    doubtful: int = 0
    unsaid: int = 0
    unerased: int = 0
    cut: int = 0

    @property
    def is_right(self) -> bool:
        most = 0 if self.has_script else self.kills * 2
        return not (self.lost or self.unsaid or self.unerased or self.cut) and self.twice <= most

    def cells(self) -> str:
        numbers = (
            self.kills,
            self.trials,
            self.lost,
            self.twice,
            self.doubtful,
            self.unsaid,
            self.unerased,
            self.cut,
        )
        script = "with the script" if self.has_script else "without"
        return f"| {script} | " + " | ".join(f"{number:,}" for number in numbers) + " |"


def trial(row: Row, ground: Ground, delays: list[float]) -> float:
    """One box from full to done, killed after each of the delays in turn; returns the seconds of the last run."""
    home = ground.place / "trial"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(mode=0o755)
    number = next(ground.numbers)
    box, recipient = ground.dovecot.add_user(f"box{number}"), ground.dovecot.add_user(f"inbox{number}")
    if row.has_script:
        ground.dovecot.sieve(recipient, SCRIPT.read_text(encoding="ascii"))
    ground.dovecot.fill(box, list(mails(ground.count, ground.octets)))
    (home / "password").write_text(ground.dovecot.password + "\n")
    text = configuration(
        ground.dovecot.pop3_port,
        lmtp_to(ground.dovecot.lmtp_port),
        to=f'to = "{recipient}@example.org"',
        user=box,
        more='keep = "none"',
    )
    (home / "seawall.toml").write_text(text)
    argv = (sys.executable, "-m", "seawall", "run", "--once", "--config", str(home / "seawall.toml"))
    command = Command(argv=argv, env=dict(os.environ))
    for limit in (*delays, *[LIMIT_SECONDS] * RESTARTS):
        started = time.monotonic()
        code = interrupted(command, home / "log", limit)
        if code == 0:
            break
        row.kills += code is None
    else:
        raise RuntimeError(f"it does not end well: {(home / 'log').read_text()[-2000:]}")
    took = time.monotonic() - started
    count(row, ground, home, box, recipient)
    for user in (box, recipient):
        shutil.rmtree(ground.dovecot.maildir(user).parent)
    return took


def count(row: Row, ground: Ground, home: Path, box: str, recipient: str) -> None:
    found = look_into(ground.dovecot.maildir(recipient))
    row.trials += 1
    row.lost += len(set(range(ground.count)) - set(found.copies))
    row.twice += found.twice
    row.cut += found.cut
    row.unerased += ground.dovecot.count(box)
    doubtful = doubts(home / "state" / "ledger.sqlite")
    row.doubtful += len(doubtful)
    marks = collections.Counter(
        mark for path in in_order_of_arrival(ground.dovecot.maildir(recipient)) for mark in marks_of(path)
    )
    row.unsaid += sum(mark not in doubtful for mark, copies in marks.items() if copies > 1)


def marks_of(path: Path) -> Iterator[str]:
    found = MARK.search(path.read_bytes()[:4096])
    if found:
        yield found[1].decode("ascii")


def doubts(database: Path) -> set[str]:
    ledger = Ledger.open(database)
    try:
        query = delivery.select().where(delivery.c.doubts > 0)
        return ledger.transact(lambda connection: set(connection.execute(query).scalars()))
    finally:
        ledger.close()


def batter(row: Row, ground: Ground, *, kills: int, seed: int) -> None:
    chance = random.Random(f"{seed} {row.has_script}")
    end = min(trial(Row(has_script=row.has_script), ground, []) for _ in range(2))
    while row.kills < kills:
        wanted = min(KILLS_A_TRIAL, kills - row.kills)
        trial(row, ground, [chance.uniform(end / 4, end) for _ in range(wanted)])
    print(row.cells(), file=sys.stderr, flush=True)


def table(rows: list[Row], asked: argparse.Namespace) -> str:
    about = (
        f"Boxes of {asked.mails} mails of {asked.octets:,} octets, erased as they come, to Dovecot {dovecot_version()}; "
        f"{asked.date}, {os.cpu_count()} shared cores; `--seed {asked.seed}` draws the same delays."
    )
    lines = [
        about,
        "",
        "| Sieve | kills | trials | lost | twice | in doubt | twice and not in doubt | not erased | cut |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
        *(row.cells() for row in rows),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200, help="in all (default: %(default)s)")
    parser.add_argument("--mails", type=int, default=300, help="in a box (default: %(default)s)")
    parser.add_argument("--octets", type=int, default=4_000, help="of a mail (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="into docs/crash.md")
    parser.add_argument("--date", default=time.strftime("%Y-%m-%d"), help="the date in the page")
    parser.add_argument("--dir", type=Path, help="where boxes lie (default: /var/tmp)")
    asked = parser.parse_args()
    rows = [Row(has_script=False), Row(has_script=True)]
    with workplace(asked.dir) as place, server(place) as dovecot:
        ground = Ground(dovecot=dovecot, place=place, count=asked.mails, octets=asked.octets)
        for row in rows:
            batter(row, ground, kills=asked.kills // len(rows), seed=asked.seed)
    print(table(rows, asked))
    if asked.write:
        before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        DOCUMENT.write_text(f"{before}{BEGIN}{table(rows, asked)}{END}{after}", encoding="utf-8")
    return int(not all(row.is_right for row in rows))


if __name__ == "__main__":
    sys.exit(main())
