"""Collect a storm: what is set aside, what it costs, and how fast, beside as many ordinary mails of the same size.

    storm.py                         10 to 100,000 copies, about ten minutes
    storm.py --quick                 10 and 1,000 plain copies, a minute
    storm.py --only plain:1000,attachment:300 --rounds 5
    storm.py --resume FILE           keep each run in FILE as it ends, and measure none again that is there
    storm.py --write                 into docs/storms.md too

The server is Dovecot, on this machine. The copies are those of several unpatched connectors that feed each other
(lab/copywriter.py), with a new Message-ID and Date each. "later": the genuine mail is collected by a first poll, then
the copies arrive, and the second poll is timed; "at once": all lie there before the first. The ordinary mails, all
different, are collected in the same way, by turns with the storm, and what is compared is the two of one round. "like":
they have fifty addressees and the rest of a copy's header, so that what is left is what the rules and Held cost.

Every box is filled by hard links and read once before it is timed, and nothing is removed before the end: ext4 looks long
for an inode where many were freed in the last minutes. The program ends with 1 where a storm was not set aside as it should.
"""

import argparse
import base64
import contextlib
import itertools
import json
import os
import quopri
import random
import re
import select
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final

from boxes import look_into, mails, server, workplace
from peers import SEAWALL, Errand, compile_tools, environment, seawall_configuration
from seawall.lab.copywriter import Connector, storm
from seawall.lab.mails import storm_mail
from sections import write_section
from servers.dovecot import Dovecot
from servers.dovecot import version as dovecot_version
from servers.maildirs import in_order_of_arrival

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "storms.md"
GOAL_RATIO: Final = 0.8
RATIO_FROM: Final = 1_000
"""Copies from which on the goal counts: below, a run's start is most of its time."""
CONNECTORS: Final = 3
EVERY: Final = timedelta(seconds=5)
"""Between two copies: a thousand come in an hour and a half, a hundred thousand in six days."""
START: Final = datetime(2024, 1, 5, 10, tzinfo=UTC)
ATTACHMENT_OCTETS: Final = 200 * 1024
LIMIT_SECONDS: Final = 900
LOOK_SECONDS: Final = 0.1
MANY: Final = 50_000
"""So many copies are collected once, whatever the number of rounds."""
CASES: Final = (
    "plain:10,plain:1000,plain:10000,plain:10000:like,plain:100000,plain:1000:at-once,plain:100000:at-once,"
    "attachment:1000,re-encoded:1000,new-boundaries:1000"
)
QUICK: Final = "plain:10,plain:1000,plain:1000:at-once"
# No flags, so that no poll changes the box for the next one.
BOX_SETTINGS: Final = {"pop3_no_flag_updates": "yes"}
BOX_USER_SAYS: Final = "alice@example.org"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A storm of so many copies of a mail of this kind; is_at_once: the genuine mail comes with them.

    has_likes: what it is compared with has the header of a copy, but for what tells a copy.
    """

    kind: str
    copies: int
    is_at_once: bool = False
    has_likes: bool = False

    @classmethod
    def parse(cls, text: str) -> "Case":
        kind, copies, *how = text.split(":")
        if kind not in KINDS or not set(how) <= {"at-once", "like"}:
            sys.exit(
                f"{text}: a case is one of {', '.join(KINDS)}, then :copies, and :at-once and :like or neither"
            )
        return cls(kind=kind, copies=int(copies), is_at_once="at-once" in how, has_likes="like" in how)

    def __str__(self) -> str:
        return f"{self.kind}:{self.copies}{':at-once' * self.is_at_once}{':like' * self.has_likes}"

    def cells(self) -> str:
        return f"| {self.kind} | {self.copies:,} | {'at once' if self.is_at_once else 'later'} |"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One poll that was timed, and what there was afterwards. wrong: what should not have been, or empty.

    Octets are those of the files; `ledger` is the database with its log; `held_headers` and `held_bodies` are files.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_kib: int
    writer_peak_kib: int
    mails: int
    delivered: int
    reasons: dict[str, int]
    alarms: int
    ledger_octets: int
    held_octets: int
    held_headers: int
    held_bodies: int
    mail_octets: int
    wrong: str

    @property
    def mails_a_second(self) -> float:
        return self.mails / self.wall_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The runs of one case: storm and ordinary mail by turns."""

    case: Case
    storms: tuple[Run, ...]
    ordinary: tuple[Run, ...]

    @property
    def ratio(self) -> float:
        """How fast the storm is collected, in times of ordinary mail; the median of the rounds."""
        pairs = zip(self.storms, self.ordinary, strict=True)
        return statistics.median(one.mails_a_second / other.mails_a_second for one, other in pairs)

    @property
    def wrong(self) -> str:
        return next((run.wrong for run in (*self.storms, *self.ordinary) if run.wrong), "")


# ── the mails ───────────────────────────────────────────────────────────────────────────────────────────────


def connectors(count: int = CONNECTORS) -> list[Connector]:
    return [
        Connector(
            host=f"mail.firm{number}.test",
            user=f"member{number:02}",
            domain=f"firm{number}.test",
            internal_address=IPv4Address(f"192.168.{number}.2"),
            internal_domain=f"firm{number}.local",
            public_address=IPv4Address(f"198.51.100.{number}"),
        )
        for number in range(1, count + 1)
    ]


def genuine(kind: str) -> bytes:
    """The mail of the storm, with what look_into knows it by: number 0 in its Message-ID and at its end."""
    head, _, text = storm_mail().partition(b"\r\n\r\n")
    head = head.replace(b"<regatta.2026@club.test>", b"<0@box.example>")
    plain = b"Content-Type: text/plain; charset=us-ascii"
    if kind == "attachment":
        head = head.replace(plain, b"Content-Type: multipart/mixed; boundary=storm")
        text = parted(text, base64.encodebytes(random.Random(1).randbytes(ATTACHMENT_OCTETS)))
    elif kind == "new-boundaries":
        head = head.replace(plain, b"Content-Type: multipart/mixed; boundary=storm")
        text = parted(text, base64.encodebytes(random.Random(1).randbytes(100)))
    return head + b"\r\n\r\n" + text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + b"-- end of 0\r\n"


def parted(text: bytes, attachment: bytes) -> bytes:
    return (
        b"--storm\nContent-Type: text/plain; charset=us-ascii\n\n" + text + b"\n"
        b"--storm\nContent-Type: application/octet-stream; name=boats.bin\nContent-Transfer-Encoding: base64\n\n"
        + attachment
        + b"--storm--\n"
    )


def as_it_is(copy: bytes, _index: int) -> bytes:
    return copy


def re_encoded(copy: bytes, index: int) -> bytes:
    """As servers on its way do: by turns as it is, quoted-printable and base64."""
    head, _, text = copy.partition(b"\r\n\r\n")
    if index % 3 == 0:
        return copy
    way, body = (
        (b"quoted-printable", quopri.encodestring(text.replace(b"\r\n", b"\n")))
        if index % 3 == 1
        else (b"base64", base64.encodebytes(text))
    )
    return (
        head
        + b"\r\nContent-Transfer-Encoding: "
        + way
        + b"\r\n\r\n"
        + body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    )


def with_a_boundary_of_its_own(copy: bytes, index: int) -> bytes:
    new = b"part-%d" % index
    return copy.replace(b"boundary=storm", b"boundary=" + new).replace(b"--storm", b"--" + new)


KINDS: Final[Mapping[str, Callable[[bytes, int], bytes]]] = {
    "plain": as_it_is,
    "attachment": as_it_is,
    "re-encoded": re_encoded,
    "new-boundaries": with_a_boundary_of_its_own,
}


def storm_of(kind: str, copies: int) -> Iterator[bytes]:
    """The genuine mail and its copies, as they lie in a box."""
    mail = genuine(kind)
    change = KINDS[kind]
    written = storm(mail, connectors(), copies, start=START, draw=random.Random(copies), every=EVERY)
    for one in itertools.chain([mail], (change(copy, index) for index, copy in enumerate(written))):
        yield one.replace(b"\r\n", b"\n")


def ordinary(kind: str, copies: int) -> Iterator[bytes]:
    """As many different mails of about a copy's size, with an attachment each where the storm's have one."""
    some = list(itertools.islice(storm_of(kind, 12), 1, None))
    octets = sum(map(len, some)) // len(some)
    if kind != "attachment":
        yield from mails(copies + 1, octets)
        return
    attachment = base64.encodebytes(random.Random(2).randbytes(ATTACHMENT_OCTETS))
    for number, mail in enumerate(mails(copies + 1, 0)):
        head, _, text = mail.partition(b"\n\n")
        head = head.replace(
            b"Content-Type: text/plain; charset=us-ascii", b"Content-Type: multipart/mixed; boundary=storm"
        )
        yield head + b"\n\n" + parted(text, attachment) + b"-- end of %d\n" % number


def alike(copies: int) -> Iterator[bytes]:
    """As many different mails with the header of a copy, fifty addressees and all, but for what tells a copy."""
    *_, one = storm_of("plain", 12)
    one = one.replace(b"mspop3connector.", b"friends.of.the.").replace(
        b"IMB Recipient 1", b"A friend of ours"
    )
    one = one.replace(b"mail pickup service by", b"mail.elsewhere.test by")
    for number in range(copies + 1):
        mail = re.sub(rb"Message-ID: <[^>]*>", b"Message-ID: <%d@box.example>" % number, one)
        yield mail.replace(b"Subject: Summer", b"Subject: %d." % number).replace(
            b"-- end of 0", b"-- end of %d" % number
        )


# ── a poll ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The server, where runs take place, and the mails on the disk, each written once whatever number of boxes has it."""

    dovecot: Dovecot
    place: Path
    most: Mapping[str, int]
    stores: dict[str, list[Path]] = field(default_factory=dict)
    users: Iterator[int] = field(default_factory=itertools.count)

    @property
    def tools(self) -> Path:
        return self.place / "tools"

    def store(self, case: Case, *, is_storm: bool) -> list[Path]:
        """Files of a case's mails, in order, as many as any case needs."""
        name = (
            f"{'storm' if is_storm else f'like{case.copies}' if case.has_likes else 'ordinary'}-{case.kind}"
        )
        if name not in self.stores:
            user = self.dovecot.add_user(f"store-{name}")
            if is_storm:
                source = storm_of(case.kind, self.most[case.kind])
            elif case.has_likes:
                source = alike(case.copies)
            else:
                source = ordinary(case.kind, self.most[case.kind])
            while some := list(itertools.islice(source, 500)):
                self.dovecot.fill(user, some)
            self.stores[name] = in_order_of_arrival(self.dovecot.maildir(user))
        return self.stores[name]

    def add(self, user: str, files: Sequence[Path]) -> None:
        """Put mails into a box and read it once: they are in the page cache then, and in the server's index."""
        for file in files:
            os.link(file, self.dovecot.maildir(user) / "cur" / file.name)
        subprocess.run(
            [str(self.tools / "raw"), str(self.dovecot.pop3_port), user, self.dovecot.password],
            stdout=subprocess.DEVNULL,
            check=True,
        )
        os.sync()

    def poll(self, case: Case, *, is_storm: bool) -> Run:
        """Collect a box of its own as the case says, from no state into fresh Maildirs, and look at what came."""
        bench = Path(tempfile.mkdtemp(prefix="run-", dir=self.place))
        bench.chmod(0o755)
        (bench / "home").mkdir(mode=0o700)
        user = self.dovecot.add_user(f"box{next(self.users)}", settings=BOX_SETTINGS)
        errand = Errand(
            port=self.dovecot.pop3_port,
            user=user,
            password=self.dovecot.password,
            keep=True,
            home=bench / "home",
            maildir=bench / "alice",
            tools=self.tools,
        )
        configuration = seawall_configuration(
            errand,
            destination=f'kind = "maildir"\npath = "{bench}/{{user}}"',
            boxes=[(user, BOX_USER_SAYS)],
        )
        argv = [str(SEAWALL), "run", "--once", "--config", str(configuration)]
        files = self.store(case, is_storm=is_storm)[: case.copies + 1]
        here = 0
        if not case.is_at_once:
            self.add(user, files[:1])
            watched(argv, bench / "first")
            here = 1
        self.add(user, files[here:])
        watch = watched(argv, bench / "log")
        return self._judged(case, bench, watch, mails_timed=len(files) - here, is_storm=is_storm)

    def _judged(self, case: Case, bench: Path, watch: "Watched", *, mails_timed: int, is_storm: bool) -> Run:
        found = look_into(bench / "alice")
        delivered = sum(1 for folder in ("new", "cur") for _ in os.scandir(bench / "alice" / folder))
        state = bench / "home" / "state"
        reasons = reasons_held(state / "ledger.sqlite")
        alarms = Counter(
            line.partition(" event=")[2].split(" ")[0]
            for name in ("first", "log")
            if (bench / name).exists()
            for line in (bench / name).read_text(encoding="ascii").splitlines()
            if " level=error " in line
        )
        headers, bodies = files_of(state / "held" / "new"), files_of(state / "held" / "bodies")
        wrong = []
        expected = 1 if is_storm else case.copies + 1
        if watch.status:
            wrong.append(f"exit {watch.status}")
        if delivered != expected or found.cut or found.copies != Counter(range(expected)):
            what = f"{delivered} mails delivered, {found.cut} cut, not {expected}"
            is_a_copy = is_storm and delivered == 1 and not found.copies
            wrong.append("a copy was delivered, and not the mail itself" if is_a_copy else what)
        if is_storm:
            if set(reasons) - {"replicated", "storm"} or sum(reasons.values()) != case.copies:
                wrong.append(f"set aside: {reasons}, not {case.copies}")
            if alarms != {"breaker-opened": 1}:
                wrong.append(f"alarms: {dict(alarms)}, not one")
        elif reasons or alarms:
            wrong.append(f"set aside: {reasons}, alarms: {dict(alarms)}, of ordinary mail")
        stored = self.store(case, is_storm=is_storm)[1 : case.copies + 1]
        return Run(
            wall_seconds=watch.wall_seconds,
            cpu_seconds=watch.cpu_seconds,
            peak_kib=watch.peak_kib,
            writer_peak_kib=watch.writer_peak_kib,
            mails=mails_timed,
            delivered=delivered,
            reasons=reasons,
            alarms=alarms["breaker-opened"],
            ledger_octets=sum(files_of(state, "ledger.sqlite*")),
            held_octets=sum(headers) + sum(bodies),
            held_headers=len(headers),
            held_bodies=len(bodies),
            mail_octets=sum(path.stat().st_size for path in stored),
            wrong="; ".join(wrong),
        )


def files_of(directory: Path, pattern: str = "*") -> list[int]:
    """The sizes of a directory's files; none where it is not there."""
    return [path.stat().st_size for path in directory.glob(pattern) if path.is_file()]


def reasons_held(database: Path) -> dict[str, int]:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as ledger:
        rows = ledger.execute("SELECT reason, count(*) FROM held GROUP BY reason ORDER BY reason")
        return dict(rows.fetchall())


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A run that ended. status: its exit code, or minus its signal."""

    wall_seconds: float
    cpu_seconds: float
    peak_kib: int
    writer_peak_kib: int
    status: int


def watched(argv: Sequence[str], log: Path) -> Watched:
    """Run to the end; look ten times a second at the peak memory of the process and of the one that it started."""
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            argv, env=environment(log.parent), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        end = os.pidfd_open(process.pid)
        peak = 0
        writers: dict[int, int] = {}
        try:
            while not select.select([end], [], [], LOOK_SECONDS)[0]:
                peak = max(peak, peak_of(process.pid))
                # The last look counts: until a child is another program it has its parent's memory.
                writers |= {child: size for child in children_of(process.pid) if (size := peak_of(child))}
                if time.perf_counter() - started > LIMIT_SECONDS:
                    process.send_signal(signal.SIGTERM)
            wall = time.perf_counter() - started
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            os.close(end)
            if process.returncode is None:
                process.kill()
                process.wait()
    return Watched(
        wall_seconds=wall,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_kib=peak,
        writer_peak_kib=max(writers.values(), default=0),
        status=process.returncode,
    )


def peak_of(pid: int) -> int:
    """The largest resident set of a process until now, in KiB; 0 where it is gone."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
        return int(status.partition("VmHWM:")[2].split()[0])
    return 0


def children_of(pid: int) -> list[int]:
    with contextlib.suppress(OSError, ValueError):
        return [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text(encoding="ascii").split()
        ]
    return []


# ── the rounds ──────────────────────────────────────────────────────────────────────────────────────────────


class Kept:
    """The runs that are done, in a file that outlives the bench where one is named."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._runs: dict[str, dict[str, Any]] = {}
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        if path is not None and path.exists():
            self._runs = json.loads(path.read_text(encoding="ascii"))

    def run(self, name: str, measure: Callable[[], Run]) -> Run:
        if name not in self._runs:
            run = measure()
            say(f"{name}: {run.wall_seconds:.2f} s, {run.mails_a_second:,.0f} mails/s {run.wrong}")
            self._runs[name] = asdict(run)
            if self._path is not None:
                fresh = self._path.with_name(f"{self._path.name}.new")
                fresh.write_text(json.dumps(self._runs, indent=1), encoding="ascii")
                fresh.replace(self._path)
        return Run(**self._runs[name])


def measured(case: Case, site: Site, kept: Kept, rounds: int) -> Row:
    storms: list[Run] = []
    others: list[Run] = []
    for number in range(1 if case.copies >= MANY else rounds):
        # By turns, and who begins changes too: nothing that the machine does meets one of them alone.
        for is_storm in (True, False) if number % 2 == 0 else (False, True):
            name = f"{case} {'storm' if is_storm else 'ordinary'} {number}"
            run = kept.run(name, lambda is_storm=is_storm: site.poll(case, is_storm=is_storm))  # type: ignore[misc]
            (storms if is_storm else others).append(run)
    return Row(case=case, storms=tuple(storms), ordinary=tuple(others))


# ── the page ────────────────────────────────────────────────────────────────────────────────────────────────


def outcomes(rows: Sequence[Row]) -> str:
    lines = [
        "| storm | copies | they come | delivered | set aside, `replicated` | `storm` | alarms | copies, MB | Held, MB | headers | bodies | ledger, MB |",
        "|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        if row.case.has_likes and not row.wrong:
            continue  # the same storm stands above
        if row.wrong:
            lines.append(f"{row.case.cells()} void: {row.wrong} |{' |' * 8}")
            continue
        one = row.storms[-1]
        lines.append(
            f"{row.case.cells()} {one.delivered} | {one.reasons.get('replicated', 0):,} | {one.reasons.get('storm', 0):,} "
            f"| {one.alarms} | {mega(one.mail_octets)} | {mega(one.held_octets)} | {one.held_headers:,} | {one.held_bodies:,} "
            f"| {mega(one.ledger_octets)} |"
        )
    return "\n".join(lines)


def costs(rows: Sequence[Row]) -> str:
    lines = [
        "| storm | copies | they come | beside | s | mails/s | mails/s beside | times as fast | CPU ms a mail | beside | peak MB | its writer | beside | its writer |",
        "|---|--:|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        if row.wrong:
            continue
        seconds = statistics.median(run.wall_seconds for run in row.storms)
        speeds = [
            statistics.median(run.mails_a_second for run in runs) for runs in (row.storms, row.ordinary)
        ]
        cpu = [
            statistics.median(1000 * run.cpu_seconds / run.mails for run in runs)
            for runs in (row.storms, row.ordinary)
        ]
        peaks = [
            max(peak) / 1024
            for runs in (row.storms, row.ordinary)
            for peak in ([run.peak_kib for run in runs], [run.writer_peak_kib for run in runs])
        ]
        beside = "their likes" if row.case.has_likes else "ordinary"
        lines.append(
            f"{row.case.cells()} {beside} | {seconds:.2f} | {speeds[0]:,.0f} | {speeds[1]:,.0f} | {row.ratio:.2f} "
            f"| {cpu[0]:.2f} | {cpu[1]:.2f} | {' | '.join(f'{peak:.0f}' if peak else 'none' for peak in peaks)} |"
        )
    return "\n".join(lines)


def mega(octets: int) -> str:
    return f"{octets / 1e6:,.2f}" if octets < 10_000_000 else f"{octets / 1e6:,.0f}"


def goals_met(rows: Sequence[Row]) -> str:
    wrong = [f"{row.case}: {row.wrong}" for row in rows if row.wrong]
    slow = [
        f"{row.case}: {row.ratio:.2f} times as fast"
        for row in rows
        if not row.wrong and row.case.copies >= RATIO_FROM and row.ratio < GOAL_RATIO
    ]
    return " ".join(f"Missed: {sentence}." for sentence in (*wrong, *slow)) or "All are met."


def section(rows: Sequence[Row], asked: argparse.Namespace) -> str:
    return f"""\
{asked.date}; {os.cpu_count()} shared cores; Dovecot {dovecot_version()}. Medians of {asked.rounds} rounds; from {MANY:,} copies on, one.

{outcomes(rows)}

{costs(rows)}

Goals: one mail delivered, every copy set aside, one alarm, and from {RATIO_FROM:,} copies on at least {GOAL_RATIO} times as fast
as ordinary mail. {goals_met(rows)}
"""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", metavar="KIND:COPIES,…", default=CASES, help="(default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help=f"--only {QUICK}")
    parser.add_argument("--rounds", type=int, default=3, help="of each case (default: %(default)s)")
    parser.add_argument("--resume", type=Path, metavar="FILE", help="with the runs of an earlier bench")
    parser.add_argument("--write", action="store_true", help="into docs/storms.md")
    parser.add_argument("--date", default=time.strftime("%Y-%m-%d"), help="the date in the page")
    parser.add_argument("--dir", type=Path, help="where boxes and Maildirs lie (default: /var/tmp)")
    return parser.parse_args()


def main() -> int:
    asked = arguments()
    cases = [Case.parse(text) for text in (QUICK if asked.quick else asked.only).split(",")]
    most = {kind: max((case.copies for case in cases if case.kind == kind), default=0) for kind in KINDS}
    kept = Kept(asked.resume)
    with workplace(asked.dir) as place, server(place) as dovecot:
        compile_tools(place / "tools")
        site = Site(dovecot=dovecot, place=place, most=most)
        rows = [measured(case, site, kept, asked.rounds) for case in cases]
        # What is removed at the end is not measured any more.
        print(outcomes(rows), costs(rows), sep="\n\n")
        if asked.write:
            write_section("storm", section(rows, asked), DOCUMENT)
        say(goals_met(rows))
    return int(any(row.wrong for row in rows))


if __name__ == "__main__":
    sys.exit(main())
