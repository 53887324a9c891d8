"""How many polls run at once, for each POP3 host and for all, so that a dead server costs the others nothing.

A poll first waits for one of its host's places, then for a place of all. Whoever waits at the
first door holds nothing, and at the second stand at most as many of one host as it has places: so
a host with a thousand accounts is no further ahead than one with four.

A place of all counts work, not waiting. A poll whose server says nothing for a moment gives it
back and goes on with its host's place alone; it counts again once its server answers, even past
the limit, since nobody who has begun is made to wait. A host that was not heard yet, or of which
a poll has fallen silent, has one place until it is heard (again): a dead one holds one connection
and not several, and when that poll ends unheard, all who wait for this host have their answer too.
What stands aside is bounded: SILENT_FOR_EACH polls for each place of all; past that a silent poll
keeps its place, until its `patience` ends it.

Owns the counting. Refuses to know what a poll does, and when it is due.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from seawall.errors import ConnectionLost
from seawall.model.account import Server

QUIET_SECONDS: Final = 1.0
"""A server that was asked and said nothing for so long no longer takes a place of all."""
SLOW_QUIETS: Final = 30
"""A poll that has waited this many times QUIET_SECONDS in all stands aside whenever it waits: its server only trickles."""
SILENT_FOR_EACH: Final = 4
"""Polls aside for each place of all: with 64 places at most 320 connections, under the usual 1,024 descriptors."""


class Gate:
    """A door that lets in up to `most`, in the order in which they came."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.inside = 0
        self._queue: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Wait for a place, and take it; raises what `turn_away` was given."""
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        self.let_in()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        """Give a place back."""
        self.inside -= 1
        self.let_in()

    def let_in(self) -> None:
        """Let in whom there is room for."""
        while self._queue and self.inside < self.most:
            turn = self._queue.popleft()
            if not turn.done():
                self.inside += 1
                turn.set_result(None)

    def turn_away(self, sentence: str) -> None:
        """Let nobody wait any longer: they get ConnectionLost instead of a place."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_exception(ConnectionLost(sentence))


class Place:
    """One poll's place. The connection tells it when it waits for the server, and when it heard something."""

    def __init__(
        self, server: Server, host: Gate, everyone: Gate, silent: Gate, *, per_host: int, quiet: float
    ) -> None:
        self._server = server
        self._host = host
        self._everyone = everyone
        self._silent = silent
        self._per_host = per_host
        self._quiet = quiet
        self._waited = 0.0
        self._is_aside = False
        self._has_heard = False
        self._has_waited_in_vain = False

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Around each wait for the server."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        quiet = self._quiet if self._waited < self._quiet * SLOW_QUIETS else 0.0
        timer = loop.call_later(quiet, self._fall_silent)
        try:
            yield
        finally:
            timer.cancel()
            self._waited += loop.time() - began
            self._come_back()

    def heard(self) -> None:
        """Bytes came: the host lives."""
        self._has_heard = True
        if self._host.most < self._per_host:
            self._host.most = self._per_host
            self._host.let_in()

    def leave(self) -> None:
        """End the poll. Where this host has said nothing to it, nor to another since, those at its door need not try."""
        if self._has_waited_in_vain and not self._has_heard and self._host.most == 1:
            self._host.turn_away(f"{self._server.host}:{self._server.port} does not answer")
        self._everyone.leave()
        self._host.leave()

    def _fall_silent(self) -> None:
        self._has_waited_in_vain = True
        self._host.most = 1
        if self._silent.inside < self._silent.most:
            self._silent.inside += 1
            self._is_aside = True
            self._everyone.leave()

    def _come_back(self) -> None:
        if self._is_aside:
            self._is_aside = False
            self._silent.inside -= 1
            self._everyone.inside += 1


class Places:
    """The places of one process: `at_once` for all, `per_host` for each host name and port."""

    def __init__(self, *, at_once: int, per_host: int, quiet: float = QUIET_SECONDS) -> None:
        self._everyone = Gate(at_once)
        self._silent = Gate(at_once * SILENT_FOR_EACH)
        self._hosts: dict[tuple[str, int], Gate] = {}
        self._per_host = per_host
        self._quiet = quiet

    @asynccontextmanager
    async def place(self, server: Server) -> AsyncIterator[Place]:
        """Wait for a place at a server, and hold it.

        Raises ConnectionLost where another's poll found meanwhile that the server does not answer.
        """
        host = self._hosts.setdefault((server.host, server.port), Gate(1))
        await host.enter()
        try:
            await self._everyone.enter()
        except asyncio.CancelledError:
            host.leave()
            raise
        place = Place(server, host, self._everyone, self._silent, per_host=self._per_host, quiet=self._quiet)
        try:
            yield place
        finally:
            place.leave()
