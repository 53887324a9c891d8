"""One case, played with one connector in one of its ways: servers on loopback, polls, and what was there after.

Owns the ISP, the next hops, the connector's home and the order of the steps. Refuses to judge (`judge`).
"""

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from seawall.lab.audit.arrivals import Arrival
from seawall.lab.audit.case import MAILBOXES, Act, Arrive, Case, NextHop, Poll, Rebuild, Step
from seawall.lab.audit.judge import Played
from seawall.lab.box import Box
from seawall.lab.connectors.preparing import Offer, prepare
from seawall.lab.connectors.profile import Profile, Way
from seawall.lab.connectors.run import Run, give, run
from seawall.lab.isp import ToyIsp
from seawall.lab.isp import running as serving
from seawall.lab.sink import Sink
from seawall.lab.sink import running as taking
from seawall.model.account import Speech

USER: Final = "alice"
PASSWORD: Final = "opensesame"  # noqa: S105 -- of a box that lives as long as the trial
PATIENCE: Final = 2
"""Seconds that a connector is told to wait for a silent server, where it can be told."""
LIMIT: Final = 20.0
"""Seconds after which a poll is stopped: ten times the patience."""
_ACTS: Final[Mapping[Act, Callable[[Box], None]]] = {
    Act.NEW_UIDLS: Box.renumber_uidls,
    Act.ROTATE_UIDLS: Box.rotate_uidls,
    Act.RESTORE: Box.restore_erased,
}
MOST_FILES: Final = 10_000
MOST_KEPT_OCTETS: Final = 256 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where the servers listen; 0 is any free port. `own` is where a machine's own mail server is, None for nowhere."""

    pop3: int = 0
    smtp: int = 0
    lmtp: int = 0
    own: int | None = None


class Subject(Protocol):
    """Who is under test: whoever collects once when it is asked to."""

    def collect(self, offer: Offer, box: Box, kill_when: Callable[[], bool] | None) -> Run:
        """Collect once, to the end; be killed as soon as `kill_when` comes true."""
        ...

    def kept(self, home: Path) -> Iterator[Path]:
        """Yield the files in which mail is kept that was not delivered."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """A connector that is run by its profile."""

    profile: Profile
    way: Way
    limit: float = LIMIT

    def collect(self, offer: Offer, box: Box, kill_when: Callable[[], bool] | None) -> Run:
        """Run its command, as `seawall.lab.connectors.run` does."""
        del box
        command = prepare(self.profile, self.way, offer)
        give(self.profile, offer.home, offer.maildir)
        return run(self.profile, command, limit=self.limit, kill_when=kill_when)

    def kept(self, home: Path) -> Iterator[Path]:
        """Yield what its profile names."""
        for pattern in self.profile.kept:
            yield from home.glob(pattern)


def play(case: Case, subject: Subject, ports: Ports, place: Path) -> Played:
    """Play a case to its end, in a new directory in `place`. Whatever happens, nothing that was started is left."""
    with _room(place) as root, ExitStack() as servers:
        stage = _Stage(case, root, ports, servers)
        runs = []
        for step in case.steps:
            if isinstance(step, Poll):
                runs.append(subject.collect(stage.offer, stage.box, stage.moment(step)))
            else:
                stage.act(step)
        return Played(
            arrivals=tuple(stage.arrivals()),
            left=stage.box.raws,
            kept=tuple(_read(subject.kept(stage.offer.home))),
            runs=tuple(runs),
            connections=stage.connections,
        )


class _Stage:
    """The servers of one trial and the connector's place, for as long as `servers` is open."""

    def __init__(self, case: Case, root: Path, ports: Ports, servers: ExitStack) -> None:
        self._case = case
        self._came_back = 0
        self.box = Box(case.mails[name].octets for name in case.box)
        self._isp = ToyIsp({USER: (PASSWORD, self.box)}, case.server, port=ports.pop3)
        self._hops = [
            Sink(Speech.SMTP, case.next_hop, port=ports.smtp),
            Sink(Speech.LMTP, case.next_hop, port=ports.lmtp),
        ]
        if ports.own is not None:
            self._hops.append(Sink(Speech.SMTP, port=ports.own))
        # Whoever has collected finds the next hop there.
        for hop in self._hops:
            servers.enter_context(taking(hop))
        servers.enter_context(serving(self._isp))
        home, maildir = root / "home", root / "Maildir"
        home.mkdir(mode=0o700)
        for folder in ("", "tmp", "new", "cur"):
            (maildir / folder).mkdir(mode=0o700)
        self.offer = Offer(
            pop3_port=self._isp.port,
            smtp_port=self._hops[0].port,
            lmtp_port=self._hops[1].port,
            home=home,
            maildir=maildir,
            user=USER,
            password=PASSWORD,
            mailbox=MAILBOXES[0],
            keep=case.keep,
            patience=PATIENCE,
        )

    @property
    def connections(self) -> int:
        """How often somebody came."""
        return self._isp.connections

    def act(self, step: Step) -> None:
        """Do what a step says, but for a poll."""
        match step:
            case Arrive(mails=names):
                for name in names:
                    self.box.add(self._case.mails[name].octets)
            case NextHop(manners=manners):
                for hop in self._hops[:2]:
                    hop.behave(manners)
            case Rebuild(mails=names):
                self.box.rebuild([self._case.mails[name].octets for name in names] or self.box.raws)
            case Act.COME_BACK:
                arrivals = tuple(self.arrivals())
                for arrival in arrivals[self._came_back :]:
                    self.box.add(_on_the_wire(arrival.octets))
                self._came_back = len(arrivals)
            case Act():
                _ACTS[step](self.box)

    def moment(self, poll: Poll) -> Callable[[], bool] | None:
        """Return what tells that the poll is to be killed; None where it is not."""
        if poll.killed_after is not None:
            wanted = self._delivered() + poll.killed_after
            return lambda: self._delivered() >= wanted
        if poll.killed_at is not None:
            said, before = poll.killed_at, len(self.box.commands)
            return lambda: any(command.startswith(said) for command in self.box.commands[before:])
        return None

    def arrivals(self) -> Iterator[Arrival]:
        """Yield all that was delivered, to files and to the next hops."""
        for folder in ("new", "cur"):
            for octets in _read(sorted((self.offer.maildir / folder).glob("*"))):
                yield Arrival(recipient=self.offer.mailbox, reverse_path=None, octets=octets)
        for hop in self._hops:
            for mail in hop.mails:
                yield Arrival(
                    recipient=_address(mail.recipient), reverse_path=mail.reverse_path, octets=mail.data
                )

    def _delivered(self) -> int:
        files = sum(1 for folder in ("new", "cur") for _ in (self.offer.maildir / folder).glob("*"))
        return files + sum(len(hop.mails) for hop in self._hops)


def _address(recipient: str) -> str:
    """Return a recipient with a domain: a server completes a bare local part by its own (RFC 5321 §4.1.2)."""
    return recipient if "@" in recipient else f"{recipient}@{MAILBOXES[0].partition('@')[2]}"


def _on_the_wire(octets: bytes) -> bytes:
    return octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _read(paths: Iterator[Path] | list[Path]) -> Iterator[bytes]:
    """Yield what files hold, up to a bound on both."""
    left = MOST_KEPT_OCTETS
    for number, path in enumerate(paths):
        if number >= MOST_FILES or left <= 0:
            return
        # Whoever is under test may do what it likes here, and still be at it.
        # A link may lead to what is not its own, and nobody may ever write to a FIFO.
        with (
            contextlib.suppress(OSError),
            os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as source,
        ):
            if stat.S_ISREG(os.fstat(source.fileno()).st_mode):
                found = source.read(left)
                left -= len(found)
                yield found


@contextmanager
def _room(place: Path) -> Iterator[Path]:
    """A directory for one trial, which other users may pass but not list."""
    root = Path(tempfile.mkdtemp(dir=place))
    try:
        root.chmod(0o711)
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)
