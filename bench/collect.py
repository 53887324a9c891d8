"""Time Seawall beside its peers: one box at a time, kept on the server, over plain TCP.

    collect.py                       everything that is installed, five runs, about forty minutes
    collect.py --quick               a fifth of the mails, fewer for the slow, two runs, under two minutes
    collect.py --only 4k,lmtp --peers seawall,mpop --runs 3
    collect.py --write               into docs/benchmarks.md too

The works (works.py): into a Maildir from a server 0 ms away, the same 40 ms away (link.py), and into Dovecot by LMTP.
Runs are interleaved (A B C, A B C), so that a slow minute of the machine meets all. Each has a fresh Maildir or mailbox
and fresh state, starts after a sync, and is checked afterwards: a mail missing, double or cut on either side voids its
row. Begin five minutes after whatever removed many files (another bench, the tests): ext4 reuses no inode that was freed
just now, and each file that is made costs a search.

The goals are computed from the rows (goals.py). The program ends with 1 where a row of Seawall is void.
"""

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import goals
import lmtp
import page
from alone import Alone, alone
from boxes import look_into, mails, server, workplace
from link import Link
from peers import BARE_LOOPS, COLLECTORS, RAW, Collector, Errand, Lmtp, chosen, compile_tools, set_up
from rows import Row, Run
from servers.dovecot import Dovecot
from servers.dovecot import version as dovecot_version
from works import LMTP_TRIAL, TRIAL, WORKS, Work, quick

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
LIMIT_SECONDS: Final = 900
RUNS: Final = 5
QUICK_RUNS: Final = 2
TRIES: Final = (
    3  # of one run that ends with an error: getmail6 6.18 waits in vain for a child that was too quick
)
INTO_MAILDIR: Final = (*BARE_LOOPS, *COLLECTORS)
# No flags, so that the first to read a box does no work that the next is spared.
BOX_SETTINGS: Final = {"pop3_no_flag_updates": "yes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A POP3 user and the numbers of the mails in that box."""

    user: str
    numbers: range


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The servers, the directory and the boxes of all works; what was filled once serves again."""

    dovecot: Dovecot
    place: Path
    link: Link
    filled: dict[tuple[int, int, int], list[Box]] = field(default_factory=dict)
    recipients: Iterator[int] = field(default_factory=itertools.count)

    @property
    def tools(self) -> Path:
        return self.place / "tools"

    def port(self, work: Work) -> int:
        return self.link.to(self.dovecot.pop3_port) if work.round_trip_ms else self.dovecot.pop3_port

    def boxes(self, count: int, octets: int, among: int) -> list[Box]:
        """So many mails, dealt out to `among` boxes, and read once: they are in the page cache then."""
        found = self.filled.get((count, octets, among))
        if found is None:
            numbered = enumerate(mails(count, octets))
            each = count // among
            found = [
                self._fill(f"box-{count}-{octets}-{part}-of-{among}", itertools.islice(numbered, each))
                for part in range(among)
            ]
            self.filled[count, octets, among] = found
        return found

    def _fill(self, user: str, numbered: Iterable[tuple[int, bytes]]) -> Box:
        self.dovecot.add_user(user, settings=BOX_SETTINGS)
        numbers = []
        for number, mail in numbered:
            self.dovecot.fill(user, [mail])
            numbers.append(number)
        subprocess.run(
            [str(self.tools / "raw"), str(self.dovecot.pop3_port), user, self.dovecot.password],
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return Box(user=user, numbers=range(numbers[0], numbers[-1] + 1))


DECIDING: Final = "\n## What deciding adds\n"


def measure(collector: Collector, work: Work, site: Site) -> Run:
    """Run once, from a fresh home into a fresh Maildir or mailbox, and look at what came."""
    # Nothing is removed before the end: ext4 looks long for an inode where many were freed in the last minutes.
    bench = Path(tempfile.mkdtemp(prefix="run-", dir=site.place))
    bench.chmod(0o755)
    boxes = site.boxes(work.mails_for(collector), work.octets, collector.boxes)
    recipients = recipients_of(boxes, site) if work.by_lmtp else ()
    errand = Errand(
        port=site.port(work),
        user=boxes[0].user,
        password=site.dovecot.password,
        keep=True,
        home=bench / "home",
        maildir=bench / "Maildir",
        tools=site.tools,
        lmtp=Lmtp(port=site.dovecot.lmtp_port, recipients=recipients) if recipients else None,
    )
    command = set_up(collector, errand)
    report, log = bench / "report", bench / "log"
    os.sync()  # what the run before left to write is not this one's to wait for
    argv = [str(site.tools / "timed"), str(report), str(LIMIT_SECONDS), *command.argv]
    with log.open("wb") as output:
        subprocess.run(
            argv, env=dict(command.env), stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=True
        )
    wall, user_cpu, system_cpu, peak, status = report.read_text(encoding="ascii").split()
    gave_up = wrong = ""
    if int(status) not in command.clean_exits:
        gave_up = f"exit {status}, {last_line(log)}"
    elif collector is RAW:
        read, whole = last_line(log), str(len(boxes[0].numbers))
        wrong = "" if read == whole else f"read {read} of {whole}"
    else:
        maildirs = [site.dovecot.maildir(mailbox(to)) for _, to in recipients] or [errand.maildir]
        found = [judge(maildir, box.numbers) for maildir, box in zip(maildirs, boxes, strict=True)]
        wrong = "; ".join(one for one in found if one)
    left = [
        f"{here} of {len(box.numbers)} left on the server"
        for box in boxes
        if (here := site.dovecot.count(box.user)) != len(box.numbers)
    ]
    if not gave_up:
        wrong = wrong or "; ".join(left)
    return Run(
        wall_seconds=float(wall),
        cpu_seconds=float(user_cpu) + float(system_cpu),
        peak_kib=int(peak),
        gave_up=gave_up,
        wrong=wrong,
    )


def idle_errand(site: Site) -> Errand:
    """An empty box."""
    place = site.place / "idle"
    place.mkdir()
    return Errand(
        port=site.dovecot.pop3_port,
        user=site.dovecot.add_user("idle"),
        password=site.dovecot.password,
        keep=True,
        home=place / "home",
        maildir=place / "Maildir",
        tools=site.tools,
    )


def recipients_of(boxes: Sequence[Box], site: Site) -> tuple[tuple[str, str], ...]:
    """A new mailbox behind the LMTP server for each POP3 box: user and address."""
    return tuple(
        (box.user, f"{site.dovecot.add_user(f'to-{next(site.recipients)}')}@example.org") for box in boxes
    )


def mailbox(address: str) -> str:
    return address.partition("@")[0]


def judge(maildir: Path, numbers: range) -> str:
    """What is wrong with this Maildir after a box of these mails, or empty."""
    found = look_into(maildir)
    missing, strange = set(numbers) - set(found.copies), set(found.copies) - set(numbers)
    amiss = {"missing": len(missing), "of others": len(strange), "twice": found.twice, "cut": found.cut}
    return ", ".join(f"{count} {what}" for what, count in amiss.items() if count)


def last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else ""


def contest(
    works: Sequence[Work],
    wanted: Sequence[Collector],
    by_lmtp: Sequence[Collector],
    *,
    runs: int,
    site: Site,
) -> list[Row]:
    """Every collector over every box, `runs` times, interleaved."""
    # Each program is in the page cache after a trial, and what cannot work says so early.
    for trial, collectors in ((TRIAL, wanted), (LMTP_TRIAL, by_lmtp)):
        for collector in collectors if any(work.by_lmtp == trial.by_lmtp for work in works) else ():
            run = measure(collector, trial, site)
            say(f"{trial.title()}, trial, {collector.name}: {run.gave_up or run.wrong or 'works'}")
    rows = []
    for work in works:
        of_work = [
            Row(work=work, collector=collector)
            for collector in (by_lmtp if work.by_lmtp else wanted)
            if collector.name not in work.without
        ]
        for row in of_work:  # before any run: filling is not to be felt in one
            site.boxes(row.count, work.octets, row.collector.boxes)
        for number in range(1, runs + 1):
            for row in of_work:
                for _ in range(TRIES):
                    run = measure(row.collector, work, site)
                    row.add(run)
                    name, note = row.collector.name, run.gave_up or run.wrong
                    say(f"{row.title}, run {number}, {name}: {run.wall_seconds:.2f} s {note}")
                    if not run.gave_up:
                        break
        rows += of_work
    return rows


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [collector.name for collector in INTO_MAILDIR]
    parser.add_argument("--quick", action="store_true", help="a fifth of the mails, two runs")
    parser.add_argument("--runs", type=int, help=f"runs of each ({RUNS}, or {QUICK_RUNS} with --quick)")
    parser.add_argument(
        "--only", default=",".join(work.key for work in WORKS), help="works (default: %(default)s)"
    )
    parser.add_argument("--peers", default="all", help=f"collectors: all, or some of {','.join(names)}")
    parser.add_argument(
        "--write", nargs="?", type=Path, const=DOCUMENT, help="write the page (default: docs/benchmarks.md)"
    )
    parser.add_argument("--date", default=time.strftime("%Y-%m-%d"), help="the date in the page")
    parser.add_argument("--dir", type=Path, help="where boxes and Maildirs lie (default: /var/tmp)")
    return parser.parse_args()


def deciding_of(document: Path) -> str:
    """What bench/deciding.py wrote at the page's end."""
    page = document.read_text(encoding="utf-8") if document.exists() else ""
    return page[page.find(DECIDING) :] if DECIDING in page else ""


def main() -> int:
    asked = arguments()
    runs = asked.runs or (QUICK_RUNS if asked.quick else RUNS)
    works = [work for work in WORKS if work.key in asked.only.split(",")]
    if asked.quick:
        works = quick(works)
    names = asked.peers.split(",")
    with workplace(asked.dir) as place:
        compile_tools(place / "tools")
        if not (place / "tools" / "timed").exists():
            sys.exit("The bench needs a C compiler: tests/servers/install.sh peers installs it.")
        wanted, reasons = chosen(names, place / "tools", among=INTO_MAILDIR)
        by_lmtp, _ = chosen(names, place / "tools", among=lmtp.COLLECTORS)
        for reason in reasons:
            say(f"Left out: {reason}.")
        with server(place) as dovecot, Link(place / "tools") as link:
            site = Site(dovecot=dovecot, place=place, link=link)
            by_itself: Alone | None = None
            if any(collector.name == "seawall" for collector in wanted):
                by_itself = alone(idle_errand(site))
            rows = contest(works, [RAW, *wanted], [lmtp.RAW, *by_lmtp], runs=runs, site=site)
        reached = goals.goals(rows, by_itself)
        print(page.table(rows), goals.table(reached), sep="\n\n")
        if asked.write:
            asked.write.parent.mkdir(exist_ok=True)
            written = page.document(
                rows,
                reached,
                by_itself,
                runs=runs,
                date=asked.date,
                place=place,
                server=f"Dovecot {dovecot_version()}",
            )
            asked.write.write_text(written + deciding_of(asked.write), encoding="utf-8")
    return int(any(row.wrong for row in rows if row.collector.family == "seawall"))


if __name__ == "__main__":
    sys.exit(main())
