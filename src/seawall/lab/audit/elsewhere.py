"""A connector that somebody else runs, and has pointed at the audit's ports: its polls are waited for.

Owns the waiting. Refuses to know when such a connector polls, and where it keeps mail aside.
"""

import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from seawall.lab.audit.case import Case, Poll
from seawall.lab.audit.contest import Entry, Meeting, Trial, told
from seawall.lab.audit.trial import Ports, play
from seawall.lab.box import Box
from seawall.lab.confinement import Confinement
from seawall.lab.connectors.preparing import HOST, Offer
from seawall.lab.connectors.profile import Deliver, Keep, Profile, Serves, Way
from seawall.lab.connectors.run import Ended, Run

LOOK_SECONDS: Final = 0.1
QUIET_SECONDS: Final = 2.0
"""So long after its last session a connector is done: it may come again at once, and deliver after QUIT."""
_WAY: Final = Way(name="ports", deliver=Deliver.SMTP, serves=Serves.SINGLE, command=(), files={})
_ENTRY: Final = Entry(
    profile=Profile(
        name="elsewhere",
        about="",
        program="",
        version_arguments=(),
        version_pattern="",
        needs_a_user=False,
        keep_words={},
        kept=(),
        ways=(_WAY,),
    ),
    version="",
)


@dataclass(slots=True, kw_only=True)
class Elsewhere:
    """Whoever comes, in one trial. `patience` is how long in seconds a poll is waited for, `seen` the sessions so far."""

    patience: float
    clock: Callable[[], float] = time.monotonic
    rest: Callable[[float], None] = time.sleep
    seen: int = 0

    def collect(self, offer: Offer, box: Box, kill_when: Callable[[], bool] | None) -> Run:
        """Wait until somebody has logged in and gone; what cannot be run cannot be killed."""
        del offer, kill_when
        began = self.clock()
        # Somebody may have come, and gone, before he was waited for.
        sessions, quiet_since = self.seen, began
        while self.clock() - began < self.patience:
            if box.is_locked or box.sessions != sessions:
                sessions, quiet_since = box.sessions, self.clock()
            elif sessions != self.seen and self.clock() - quiet_since >= QUIET_SECONDS:
                self.seen = sessions
                return self._run(Ended.CLEAN, began)
            self.rest(LOOK_SECONDS)
        return self._run(Ended.HUNG if box.is_locked else Ended.FAILED, began)

    def kept(self, home: Path) -> Iterator[Path]:
        """Yield nothing: nobody knows."""
        del home
        yield from ()

    def _run(self, ended: Ended, began: float) -> Run:
        return Run(ended=ended, exit_code=0, seconds=self.clock() - began, peak_octets=0, talk="")


def free_ports() -> Ports:
    """Return three ports that nobody has now."""
    with ExitStack() as held:
        taken = [held.enter_context(socket.create_server((HOST, 0))).getsockname()[1] for _ in range(3)]
    return Ports(pop3=taken[0], smtp=taken[1], lmtp=taken[2])


def fitting(cases: Iterable[Case]) -> tuple[Meeting, ...]:
    """Return the trials that can be played with a stranger: its box is no catch-all, and nobody can kill it."""
    return tuple(
        Meeting(case=case, entry=_ENTRY, way=_WAY)
        for case in cases
        if case.serves is Serves.SINGLE
        and case.keep is Keep.ERASE
        and not any(isinstance(step, Poll) and (step.killed_after or step.killed_at) for step in case.steps)
    )


def play_elsewhere(meeting: Meeting, ports: Ports, wait: float) -> Trial:
    """Play one trial with whoever comes; `wait` is how long in seconds each poll is waited for."""
    with tempfile.TemporaryDirectory(prefix="seawall-audit-") as place:
        played = play(meeting.case, Elsewhere(patience=wait), ports, Path(place))
    return told(meeting, played, Confinement.PORTS)
