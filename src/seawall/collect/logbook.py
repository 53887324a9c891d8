"""How far transfers came, in the ledger: the Diary that a next hop is given.

One write at a time; what is to be written while one is under way goes into the next, so that many
connections share their syncs. The last outcomes are written by `finish`.
"""

import asyncio
from collections.abc import Awaitable

from seawall.collect.surroundings import Surroundings
from seawall.ledger import deliveries
from seawall.ledger.ledger import Ledger
from seawall.model.outcome import Outcome


class Logbook:
    """The diary of one batch."""

    def __init__(self, account_id: int, *, ledger: Ledger, surroundings: Surroundings) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self._account_id = account_id
        self._ledger = ledger
        self._around = surroundings
        self._offered: list[str] = []
        self._closed: dict[str, Outcome] = {}
        self._writing = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None

    def offer(self, delivery_id: str) -> Awaitable[None]:
        """From here on the next hop may have the mail: durable once this was awaited."""
        self._offered.append(delivery_id)
        return self._write_soon()

    def close(self, delivery_id: str, outcome: Outcome) -> None:
        """The next hop answered."""
        self.outcomes[delivery_id] = outcome
        self._closed[delivery_id] = outcome

    async def finish(self) -> None:
        """Write what is not written yet; raises what any write of this batch raised."""
        while self._offered or self._closed or self._writing.locked():
            await self._write_soon()
        if self._failure is not None:
            raise self._failure

    def _write_soon(self) -> Awaitable[None]:
        if self._next is None:
            self._next = asyncio.ensure_future(self._write())
        # Many wait for one write: none of them may take it along when it is cancelled.
        return asyncio.shield(self._next)

    async def _write(self) -> None:
        async with self._writing:
            self._next = None
            offered, self._offered = self._offered, []
            closed, self._closed = self._closed, {}
            try:
                await self._ledger.do(
                    deliveries.note_transfers, self._account_id, offered, closed, self._around.now()
                )
            except BaseException as failure:
                self._failure = failure
                raise
