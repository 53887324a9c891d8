"""A server that takes mail by LMTP or SMTP: a few connections to it, shared by all who deliver there.

Owns how many connections there are and how long an idle one is kept. One recipient's mails go by
one connection at a time: they keep their order, and a server that remembers marks for each user
in a file (Pigeonhole's duplicate) does not overwrite what its other process has written there.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from seawall.deliver.handover import Handover
from seawall.deliver.transfer import Diary, Transfer
from seawall.errors import (
    ConnectionLost,
    NextHopFailed,
    ProtocolViolation,
    ServerRefused,
    Temporary,
    TooLarge,
    Untrusted,
)
from seawall.model.account import NextHopDestination
from seawall.model.address import Address

MOST_LOSSES: Final = 2
"""Connections that may break one upon the other before a batch is given up."""
IDLE_SECONDS: Final = 5.0
"""How long a connection waits for the next batch; servers count an idle one against everybody."""


class NextHop:
    """One next hop; it is a Carrier (`deliver.transfer`)."""

    def __init__(self, destination: NextHopDestination, *, here: str) -> None:
        self._destination = destination
        self._here = here
        self._places = asyncio.Semaphore(destination.connections)
        self._lanes: dict[Address, asyncio.Lock] = {}
        self._idle: dict[Handover, asyncio.TimerHandle] = {}

    async def probe(self) -> None:
        """See whether it takes mail now; raises NextHopFailed where it is down, Misconfigured where it cannot be used."""
        with _blaming_the_next_hop():
            async with self._places:
                self._keep(await self._open())

    async def carry(self, transfers: Sequence[Transfer], diary: Diary) -> None:
        """Hand the mails over, on several connections where there are several recipients."""
        groups: defaultdict[Address, deque[Transfer]] = defaultdict(deque)
        for transfer in transfers:
            groups[transfer.recipient].append(transfer)
        waiting = deque(groups.values())
        losses = Losses()
        workers = min(self._destination.connections, len(waiting))
        results = await asyncio.gather(
            *(self._work(waiting, diary, losses) for _ in range(workers)), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def close(self) -> None:
        """Close the connections that are idle."""
        while self._idle:
            await self._take().quit()

    async def _work(self, waiting: deque[deque[Transfer]], diary: Diary, losses: "Losses") -> None:
        while waiting:
            group = waiting.popleft()
            async with self._lanes.setdefault(group[0].recipient, asyncio.Lock()), self._places:
                with _blaming_the_next_hop():
                    while group:
                        await self._carry_group(group, diary, losses)

    async def _carry_group(self, group: deque[Transfer], diary: Diary, losses: "Losses") -> None:
        """Hand over one recipient's mails; one at which the connection breaks delays the others only once."""
        handover, before = await self._open(), len(group)
        try:
            await handover.carry(group, diary)
        except (ConnectionLost, ProtocolViolation, TooLarge) as problem:
            is_blamed = handover.give_up(group, diary, str(problem))
            if not is_blamed or losses.is_too_many(has_progressed=before - len(group) > 1):
                raise
        except BaseException:
            handover.abort()
            raise
        else:
            self._keep(handover)

    async def _open(self) -> Handover:
        """Return a connection that works: one that is idle, or a new one."""
        while self._idle:
            handover = self._take()
            if not handover.is_open:
                continue
            try:
                await handover.noop()
            except Temporary:
                handover.abort()
            else:
                return handover
        return await Handover.open(self._destination, self._here)

    def _keep(self, handover: Handover) -> None:
        self._idle[handover] = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._let_go, handover)

    def _take(self) -> Handover:
        handover, timer = self._idle.popitem()
        timer.cancel()
        return handover

    def _let_go(self, handover: Handover) -> None:
        del self._idle[handover]
        handover.abort()


class Losses:
    """The mails of a batch at which connections broke, one upon the other: many mean the next hop, not a mail."""

    def __init__(self) -> None:
        self._in_a_row = 0

    def is_too_many(self, *, has_progressed: bool) -> bool:
        """Count one more; whether it is time to leave the next hop alone."""
        self._in_a_row = 1 if has_progressed else self._in_a_row + 1
        return self._in_a_row >= MOST_LOSSES


@contextmanager
def _blaming_the_next_hop() -> Iterator[None]:
    """What befalls the connection to a next hop is none of the POP3 session's: neither its mail nor its password."""
    try:
        yield
    except (ConnectionLost, ProtocolViolation, ServerRefused, TooLarge, Untrusted) as problem:
        raise NextHopFailed(str(problem)) from problem
