"""Where mail comes to rest: a person's mailbox on disk, and a POP3 box at the ISP.

Owns the files: a Maildir and an mbox for each person, so that any tool reads what arrived. Refuses to know who sent it.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from seawall.lab.box import Box
from seawall.lab.internet.habits import Habit, React
from seawall.lab.internet.mail import Envelope
from seawall.lab.internet.mta import Local
from seawall.lab.internet.smtp_server import OK
from seawall.lab.internet.surroundings import Place, Surroundings

NAME: Final = "isp.test"
"""Whose the POP3 boxes are."""
PASSWORD: Final = "opensesame"  # noqa: S105 -- of boxes that live as long as a run
FULL: Final = "552 5.2.2 the mailbox is full"
_FROM_LINE: Final = re.compile(rb"^(>*From )", re.MULTILINE)


class Mailbox:
    """A person's mailbox: `DIRECTORY/USER/` is a Maildir and `DIRECTORY/USER.mbox` holds the same mails."""

    def __init__(
        self, around: Surroundings, *, address: str, directory: Path, habit: Habit | None, react: React
    ) -> None:
        self.address = address
        user = address.partition("@")[0]
        self._around = around
        self._maildir = directory / user
        self._mbox = directory / f"{user}.mbox"
        self._habit = habit
        self._react = react
        self.count = 0
        for folder in ("tmp", "new", "cur"):
            (self._maildir / folder).mkdir(parents=True)

    def answer(self) -> str:
        """Say whether there is room."""
        return FULL if self._habit is Habit.FULL else OK

    async def deliver(self, envelope: Envelope) -> None:
        """Keep a mail, and let its owner do what they do; who redirects all mail keeps none."""
        if self._habit is not Habit.FORWARD:
            self._keep(envelope)
        await self._react(envelope)

    def _keep(self, envelope: Envelope) -> None:
        self.count += 1
        now = self._around.clock.now
        name = f"{int(now.timestamp())}.M{self.count:07}.lab"
        octets = envelope.data.replace(b"\r\n", b"\n")
        (self._maildir / "tmp" / name).write_bytes(octets)
        (self._maildir / "tmp" / name).rename(self._maildir / "new" / name)
        with self._mbox.open("ab") as mbox:
            # RFC 4155, with "From " quoted so that it can be read back whole (mboxrd).
            mbox.write(
                f"From {envelope.reverse_path or 'MAILER-DAEMON'} {now:%a %b %e %H:%M:%S %Y}\n".encode()
            )
            mbox.write(_FROM_LINE.sub(rb">\1", octets).removesuffix(b"\n") + b"\n\n")
        self._around.journal.arrived(self.address, envelope)


class PopBox(Local, Protocol):
    """A POP3 box, as the ISP's mail server and the organisation see it. `arrived` counts its mails."""

    address: str
    arrived: int

    @property
    def place(self) -> Place:
        """Where it is read."""
        ...

    @property
    def is_empty(self) -> bool:
        """Whether it holds nothing."""
        ...

    def erased(self) -> int:
        """Return how many mails left the box since this was asked last."""
        ...


class ToyBox:
    """A POP3 box at the toy ISP; `place` is known once the ISP runs."""

    def __init__(self, around: Surroundings, *, address: str, place: Callable[[], Place]) -> None:
        self.address = address
        self.box = Box()
        self.arrived = 0
        self._around = around
        self._place = place

    @property
    def place(self) -> Place:
        """Where it is read."""
        return self._place()

    @property
    def is_empty(self) -> bool:
        """Whether it holds nothing."""
        return not self.box.mails

    def answer(self) -> str:
        """Say that there is room."""
        return OK

    async def deliver(self, envelope: Envelope) -> None:
        """Put a mail into the box."""
        self.arrived += 1
        self.box.add(envelope.data)
        self._around.journal.note("in its box", self.address, envelope.message_id)

    def erased(self) -> int:
        """Return how many mails left the box since this was asked last."""
        count = len(self.box.erased)
        # Nothing is ever restored here, and a storm's mails would fill the memory.
        self.box.erased.clear()
        return count
