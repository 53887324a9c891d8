"""The lab's time: what is due, in order, one thing after the other.

Owns lab time and the order of events. Refuses to know what they are. Time moves on only when what was due before is
over, and nothing is over before all that it handed on was taken: so a generation of mails is exact on any machine,
however loaded, and a day passes as fast as its mails do.
"""

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

Act = Callable[[], Awaitable[None]]


class Kind(Enum):
    """Whether an event is a mail on its way, or somebody who looks whether there is any."""

    MAIL = "mail"
    LOOK = "look"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Due:
    at: datetime
    order: int
    kind: Kind = field(compare=False)
    act: Act = field(compare=False)


class Clock:
    """Lab time, from `start` (aware) on. `speed` lab seconds last one real second at least; None: none do.

    `settling` are asked after each event: a server in a process of its own says there when it is done with it.
    """

    def __init__(self, start: datetime, speed: float | None = None) -> None:
        self.start = start
        self.now = start
        self._speed = speed
        self.settling: list[Act] = []
        self._due: list[_Due] = []
        self._planned = 0
        self._mails = 0

    @property
    def has_mail_on_its_way(self) -> bool:
        """Whether anything but looks is planned."""
        return self._mails > 0

    def plan(self, delay: timedelta, act: Act, kind: Kind = Kind.MAIL) -> None:
        """Let `act` happen `delay` from now, behind what is planned for that moment already."""
        self._planned += 1
        self._mails += kind is Kind.MAIL
        heapq.heappush(self._due, _Due(at=self.now + delay, order=self._planned, kind=kind, act=act))

    async def run(self, until: datetime, is_over: Callable[[], object]) -> None:
        """Let happen what is due, up to `until` or until `is_over` says something true between two events."""
        while not is_over() and self._due:
            if self._due[0].at > until:
                self.now = until
                return
            due = heapq.heappop(self._due)
            if self._speed is not None:
                await asyncio.sleep((due.at - self.now).total_seconds() / self._speed)
            self.now = due.at
            self._mails -= due.kind is Kind.MAIL
            await due.act()
            await self.settle()

    async def settle(self) -> None:
        """Wait until all that was handed to a server in a process of its own is done with."""
        for settled in self.settling:
            await settled()
