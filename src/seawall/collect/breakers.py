"""Breakers between polls: an account whose breaker is open is left alone, and a storm's closes when it is over.

What opens one is a rule's own; a person closes either with `seawall resume`.
"""

from typing import Final

from seawall.collect.report import Report
from seawall.collect.surroundings import Surroundings
from seawall.errors import Temporary
from seawall.ledger import breakers, windows
from seawall.ledger.ledger import Ledger
from seawall.ledger.records import AccountRecord
from seawall.model.guard import Guard

LOOK_SECONDS: Final = 3600.0


def stopped(record: AccountRecord) -> Report | None:
    """Return what is reported instead of a poll where an account's breaker is open; None where it is not."""
    if record.broken_at is None:
        return None
    problem = f"{record.broken_for}; its mail waits at the server until: seawall resume {record.name}"
    return Report(account=record.name, problem=problem, is_stopped=True)


class Breakers:
    """The storms' breakers: each closes by itself after `guard.quiet` seconds without a copy; and the windows' bounds."""

    def __init__(self, guard: Guard, *, ledger: Ledger, surroundings: Surroundings) -> None:
        self._guard = guard
        self._ledger = ledger
        self._around = surroundings
        self._looked_at: float | None = None

    async def close_quiet(self) -> None:
        """Close what is over; looks at the start and once an hour. A ledger that cannot be used now is looked at later."""
        now = self._around.now()
        if self._looked_at is not None and now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        try:
            closed = await self._ledger.do(breakers.close_quiet, now, self._guard.quiet)
            while await self._forget(now) >= windows.FORGOTTEN_AT_ONCE:
                pass
        except Temporary as problem:
            self._around.log.warning("breakers-not-closed", problem=str(problem))
            return
        for storm in closed:
            self._around.log.info("breaker-closed", storm=storm.storm_id, copies=storm.copies)

    async def _forget(self, now: float) -> int:
        return await self._ledger.do(windows.forget, now, self._guard.window, self._guard.window_mails)
