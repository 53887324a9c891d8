"""All cases with all connectors: which trials there are, and playing them, a few at once.

Owns the processes that play: each goes into a network of its own first, where the system lets it, so that a
connector under test reaches nothing but its trial, and finds a mail server on port 25 that tells on it.
"""

import multiprocessing
import os
import signal
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final

from seawall.errors import SeawallError
from seawall.lab.audit.case import Case
from seawall.lab.audit.judge import HARM, Finding, Played, foreign_deliveries, judge
from seawall.lab.audit.reading import load
from seawall.lab.audit.trial import Ports, Stranger, Subject, play
from seawall.lab.confinement import Confinement, adopt_orphans, end_children, end_with_parent, enter
from seawall.lab.connectors.profile import Profile, Way

SMTP_PORT: Final = 25


class Result(Enum):
    """How a trial went: nothing wrong, a flaw, or harm: the connector amplifies or loses."""

    PASSED = "passed"
    FLAWED = "flawed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One case with one connector in one way. `factor` is how many mails went outside for each mail collected.

    `connections` is how often it came to the POP3 server. `deliveries` are how often each recipient was delivered to; `talk` is the end of what the connector said.
    """

    connector: str
    version: str
    way: str
    case: str
    group: str
    title: str
    findings: tuple[Finding, ...]
    deliveries: tuple[tuple[str, int], ...]
    factor: float
    seconds: float
    peak_octets: int
    confinement: Confinement
    connections: int
    talk: str = field(repr=False)

    @property
    def result(self) -> Result:
        """The worst of the findings."""
        if any(finding.kind in HARM for finding in self.findings):
            return Result.FAILED
        return Result.FLAWED if self.findings else Result.PASSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A connector that takes part, and its version as it tells it."""

    profile: Profile
    version: str

    @property
    def name(self) -> str:
        """What it is called in a report: two of one profile are told apart by their versions."""
        return f"{self.profile.name} {self.version}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A case that will be played with a connector, in one way."""

    case: Case
    entry: Entry
    way: Way


def meetings(cases: Sequence[Case], entries: Sequence[Entry]) -> tuple[Meeting, ...]:
    """Return all trials that there are: a connector without a way for a case's box or next hop has none of it."""
    return tuple(
        Meeting(case=case, entry=entry, way=way)
        for entry in entries
        for case in cases
        for way in ways(case, entry.profile)
    )


def ways(case: Case, profile: Profile) -> tuple[Way, ...]:
    """Return the ways in which a case is played with a connector: the first of the first kind, or every one of all kinds."""
    fitting = [
        way
        for kind in case.deliver
        for way in profile.ways
        if way.deliver is kind and way.serves is case.serves
    ]
    return tuple(fitting if case.every_way else fitting[:1])


def contest(planned: Sequence[Meeting], *, at_once: int | None = None) -> Iterator[Trial]:
    """Play the trials and yield each in the order of `planned`; `at_once` is as many as there are processors, if not given."""
    # A forked child would have this process's threads' locks; a network of its own needs a process with one thread.
    context = multiprocessing.get_context("spawn")
    workers = min(at_once or len(os.sched_getaffinity(0)), max(1, len(planned)))
    with (
        tempfile.TemporaryDirectory(prefix="seawall-audit-") as place,
        ProcessPoolExecutor(workers, mp_context=context, initializer=_go_in, initargs=(Path(place),)) as pool,
    ):
        # Other users may pass here, but not look around.
        Path(place).chmod(0o711)
        try:
            yield from pool.map(
                _play,
                # A case may be large, and is read again where it is played.
                [meeting.case.path for meeting in planned],
                [meeting.entry for meeting in planned],
                [meeting.way for meeting in planned],
            )
        except BrokenProcessPool:
            raise SeawallError(
                "a process that played the trials was killed; what it played last is unknown"
            ) from None
        except BaseException:
            # Nobody waits for the rest: what each of them runs ends with it.
            for worker in multiprocessing.active_children():
                worker.terminate()
            raise


def told(meeting: Meeting, played: Played, confinement: Confinement) -> Trial:
    """Return what a trial showed."""
    case, entry = meeting.case, meeting.entry
    counts: dict[str, int] = {}
    for arrival in played.arrivals:
        counts[arrival.recipient] = counts.get(arrival.recipient, 0) + 1
    return Trial(
        connector=entry.name,
        version=entry.version,
        way=meeting.way.name,
        case=case.name,
        group=case.group,
        title=case.title,
        findings=judge(case, played),
        deliveries=tuple(sorted(counts.items())),
        factor=foreign_deliveries(played.arrivals) / max(1, len(case.mails)),
        seconds=sum(run.seconds for run in played.runs),
        peak_octets=max((run.peak_octets for run in played.runs), default=0),
        confinement=confinement,
        connections=played.connections,
        talk=played.runs[-1].talk if played.runs else "",
    )


_confinement = Confinement.PORTS
_place = Path()


def _go_in(place: Path) -> None:
    global _confinement, _place
    # A terminal's interrupt is for who started this; he ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    adopt_orphans()
    _confinement, _place = enter(), place


def _play(path: Path, entry: Entry, way: Way) -> Trial:
    meeting = Meeting(case=load(path), entry=entry, way=way)
    own = SMTP_PORT if _confinement is Confinement.NAMESPACE else None
    subject: Subject = Stranger(profile=meeting.entry.profile, way=meeting.way)
    try:
        return told(meeting, play(meeting.case, subject, Ports(own=own), _place), _confinement)
    finally:
        end_children()
