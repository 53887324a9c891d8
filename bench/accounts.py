"""Measure one process with many accounts: a new mail in each of 1,000 boxes, 40 ms away, and fetchmail beside it.

    accounts.py                      1,000 accounts at 10 hosts; fetchmail, one after the other, a tenth of them
    accounts.py --accounts 5000 --hosts 50 --at-once 200
    accounts.py --peers seawall      without fetchmail
    accounts.py --write              into docs/scale.md too

The boxes lie at one Dovecot on this machine; each host is a link of its own to it (link.py), plain TCP. Each account has
a Maildir of its own and the mails stay on the server. The second run finds nothing new: it is what a poll costs by
itself. Each mail must lie in its Maildir once, whole; otherwise the row is void, and the program ends with 1.
"""

import argparse
import contextlib
import os
import shutil
import statistics
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from boxes import look_into, mails, server, workplace
from link import Link
from peers import HOST, SEAWALL, TO_USER, USER, Collector, chosen, compile_tools, environment
from sections import write_section
from servers.dovecot import Dovecot
from servers.dovecot import version as dovecot_version
from stopwatch import Timing, time_command

MAIL_OCTETS: Final = 4_000
GOAL_TIMES: Final = 20
GOAL_PEAK_MB: Final = 300
NEW_MAIL: Final = "one new mail each"
SAMPLE_PART: Final = 10  # fetchmail takes half a second for each account: a tenth of them tells as much


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One run over so many accounts. wrong: the accounts that have not exactly their mail."""

    title: str
    accounts: int
    timing: Timing
    wrong: int

    @property
    def each(self) -> float:
        """Seconds for an account."""
        return self.timing.wall_seconds / self.accounts

    @property
    def peak_mb(self) -> float:
        return self.timing.peak_kib / 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """All accounts, by the port of their host, and where a run takes place."""

    place: Path
    password: str
    ports: Mapping[str, int]
    at_once: int | None


def boxes(dovecot: Dovecot, count: int, *, prefix: str = "user-") -> list[str]:
    """So many users, each with one mail of his own: the prefix and the mail's number are the name."""
    users = []
    for number, mail in enumerate(mails(count, MAIL_OCTETS)):
        # No flags, so that every run finds the same boxes.
        users.append(dovecot.add_user(f"{prefix}{number}", settings={"pop3_no_flag_updates": "yes"}))
        dovecot.fill(users[-1], [mail])
    return users


@contextlib.contextmanager
def hosts(count: int, port: int, *, tools: Path, rtt_seconds: float) -> Iterator[list[int]]:
    """The ports of so many hosts, each as far away as the others."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Link(tools, rtt_seconds=rtt_seconds)).to(port) for _ in range(count)]


def seawall_toml(ground: Ground, home: Path) -> Path:
    (home / "password").touch(mode=0o600)
    (home / "password").write_text(ground.password + "\n", encoding="ascii")
    at_once = f"at_once = {ground.at_once}" if ground.at_once else ""
    accounts = "".join(
        f"""
[[account]]
name = "{user}"
host = "{HOST}"
port = {port}
tls  = "none"
user = "{user}"
password_file = "password"
to   = "{user}@example.org"
keep = "forever"
"""
        for user, port in ground.ports.items()
    )
    path = home / "seawall.toml"
    path.write_text(
        f"""
[local]
domains = ["example.org"]
postmaster = "postmaster@example.org"
state = "state"
{at_once}
[destination.main]
kind = "maildir"
path = "mail/{{user}}"
{accounts}""",
        encoding="ascii",
    )
    return path


def fetchmailrc(ground: Ground, home: Path) -> Path:
    """Write an entry for each account, as a person would who has as many; and make the Maildirs that its MDA needs."""
    entries = [f'set pidfile "{home / "pid"}"\nset idfile "{home / "fetchids"}"\nset no bouncemail\n']
    for user, port in ground.ports.items():
        maildir = home / "mail" / user
        for folder in ("tmp", "new", "cur"):
            (maildir / folder).mkdir(parents=True)
        entries.append(
            f'poll "{user}" via {HOST} service {port} protocol POP3 timeout 60 uidl\n'
            f'  user "{user}" password "{ground.password}" is "{USER}" here keep sslproto ""\n'
            f'  mda "{ground.place / "tools" / "mda"} {maildir}"\n'
        )
    path = home / "fetchmailrc"
    path.write_text("".join(entries), encoding="ascii")
    path.chmod(0o600)
    for made in (home, *home.rglob("*")):
        shutil.chown(made, USER, USER)
    return path


def measure(collector: Collector, ground: Ground, *, runs: int) -> list[Row]:
    """Run so often from a fresh home, each time twice: a new mail in each box, and nothing new."""
    pairs = []
    for number in range(1, runs + 1):
        home = ground.place / f"{collector.name}{number}"
        home.mkdir(mode=0o755)
        pairs.append(twice(collector, ground, home))
    # Of each, the run whose time is the median; a row is void where any run of it is.
    middle = [
        statistics.median_low([row.timing.wall_seconds for row in rows]) for rows in zip(*pairs, strict=True)
    ]
    return [
        replace(
            next(row for row in rows if row.timing.wall_seconds == seconds),
            wrong=max(row.wrong for row in rows),
        )
        for rows, seconds in zip(zip(*pairs, strict=True), middle, strict=True)
    ]


def twice(collector: Collector, ground: Ground, home: Path) -> list[Row]:
    """A row for the run that finds a new mail in each box, and one for the run that finds nothing new."""
    if collector.name == "seawall":
        argv = [str(SEAWALL), "run", "--once", "--config", str(seawall_toml(ground, home))]
    else:
        written = fetchmailrc(ground, home)
        argv = [*TO_USER, "fetchmail", "--silent", "--nosyslog", "--fetchmailrc", str(written)]
    rows = []
    for title in (NEW_MAIL, "nothing new"):
        os.sync()
        timing = time_command(
            argv, env=environment(home), tools=ground.place / "tools", log=home.with_suffix(".log")
        )
        row = Row(
            title=f"{collector.name}, {title}",
            accounts=len(ground.ports),
            timing=timing,
            wrong=wrong_at(home, ground.ports),
        )
        say(cells(row, None))
        rows.append(row)
    return rows


def wrong_at(home: Path, users: Iterable[str]) -> int:
    """How many of these have not exactly their own mail, whole."""
    wrong = 0
    for user in users:
        maildir = home / "mail" / user
        found = look_into(maildir) if maildir.exists() else None
        wrong += found is None or found.cut > 0 or found.copies != {int(user.rpartition("-")[2]): 1}
    return wrong


def cells(row: Row, slowest: Row | None) -> str:
    start = f"| {row.title} | {row.accounts:,} |"
    if row.wrong:
        return f"{start} void: {row.wrong} accounts without exactly their mail | | | | |"
    times = f"{slowest.each / row.each:.0f}" if slowest else ""
    cpu = row.timing.cpu_seconds / row.accounts * 1000
    return f"{start} {row.timing.wall_seconds:.1f} | {row.each * 1000:.1f} | {times} | {cpu:.1f} | {row.peak_mb:.0f} |"


def beside(row: Row, rows: Sequence[Row]) -> Row | None:
    """fetchmail's row that a row is compared with, an account of the one with an account of the other."""
    title = row.title.partition(", ")[2]
    return next((other for other in rows if other.title == f"fetchmail, {title}" and not other.wrong), None)


def table(rows: Sequence[Row]) -> str:
    lines = [
        "| run | accounts | s | ms an account | times as fast as fetchmail | CPU ms an account | peak MB |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    return "\n".join([*lines, *(cells(row, beside(row, rows)) for row in rows)])


def misses(rows: Sequence[Row]) -> list[str]:
    """The goals that Seawall misses, a sentence each."""
    told = []
    for row in rows:
        slowest = beside(row, rows)
        if not row.title.startswith("seawall"):
            continue
        if row.title.endswith(NEW_MAIL) and slowest and slowest.each / row.each < GOAL_TIMES:
            told.append(f"{row.title}: {slowest.each / row.each:.1f} times as fast, not {GOAL_TIMES}")
        if row.peak_mb >= GOAL_PEAK_MB:
            told.append(f"{row.title}: {row.peak_mb:.0f} MB resident, not under {GOAL_PEAK_MB}")
    return told


def section(rows: Sequence[Row], collectors: Sequence[Collector], asked: argparse.Namespace) -> str:
    versions = ", ".join(f"{collector.name} {collector.version()}" for collector in collectors)
    return f"""\
{asked.date}; {os.cpu_count()} shared cores; Dovecot {dovecot_version()}; {versions}. {asked.accounts:,} accounts at {asked.hosts}
hosts, a round trip of {asked.rtt} ms; mails of {MAIL_OCTETS:,} octets. Seawall: the median of {asked.runs} runs.

{table(rows)}

Goals: {GOAL_TIMES} times as fast as fetchmail where there is new mail, and under {GOAL_PEAK_MB} MB. {goals_met(rows)}
"""


def goals_met(rows: Sequence[Row]) -> str:
    return " ".join(f"Missed: {sentence}." for sentence in misses(rows)) or "Both are met."


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--hosts", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3, help="of Seawall (default: %(default)s)")
    parser.add_argument("--rtt", type=int, default=40, metavar="MS", help="(default: %(default)s)")
    parser.add_argument("--at-once", type=int, help="local.at_once of Seawall (default: its own)")
    parser.add_argument("--peers", default="seawall,fetchmail", help="(default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="into docs/scale.md")
    parser.add_argument("--date", default=time.strftime("%Y-%m-%d"), help="the date in the page")
    parser.add_argument("--dir", type=Path, help="where boxes and Maildirs lie (default: /var/tmp)")
    return parser.parse_args()


def main() -> int:
    asked = arguments()
    rows: list[Row] = []
    with workplace(asked.dir) as place, server(place) as dovecot:
        tools = place / "tools"
        compile_tools(tools)
        collectors, reasons = chosen(asked.peers.split(","), tools)
        for reason in reasons:
            say(f"Left out: {reason}.")
        users = boxes(dovecot, asked.accounts)
        with hosts(asked.hosts, dovecot.pop3_port, tools=tools, rtt_seconds=asked.rtt / 1000) as ports:
            of_user = {user: ports[number % asked.hosts] for number, user in enumerate(users)}
            for collector in collectors:
                part = SAMPLE_PART if collector.name == "fetchmail" else 1
                some = dict(list(of_user.items())[: max(1, asked.accounts // part)])
                ground = Ground(place=place, password=dovecot.password, ports=some, at_once=asked.at_once)
                runs = asked.runs if collector.name == "seawall" else 1
                rows += measure(collector, ground, runs=runs)
    print(table(rows))
    if asked.write:
        write_section("accounts", section(rows, collectors, asked))
    say(goals_met(rows))
    return int(any(row.wrong for row in rows))


if __name__ == "__main__":
    sys.exit(main())
