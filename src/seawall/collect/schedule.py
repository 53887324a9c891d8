"""When each account is polled: each by itself, as many at once as there are places, and the later the oftener it fails."""

import asyncio
from collections.abc import Sequence
from typing import Final

from seawall.collect.breakers import Breakers, stopped
from seawall.collect.digest import Digest
from seawall.collect.journey import Journey
from seawall.collect.places import Places
from seawall.collect.report import Report
from seawall.collect.surroundings import Surroundings
from seawall.deliver.carriers import carrier
from seawall.deliver.transfer import Carrier
from seawall.deliver.writer import Writer
from seawall.errors import OurBug, SeawallError, Temporary
from seawall.ledger import breakers, statements
from seawall.ledger.ledger import Ledger
from seawall.ledger.records import AccountRecord
from seawall.ledger.state import State
from seawall.model.account import Account, Destination, Settings
from seawall.retrieve.spool import Spool

FIRST_SECONDS: Final = 60.0
"""The first polls of more accounts than there are places are spread over this long."""
HOUSEKEEPING_SECONDS: Final = 60.0
"""How often it is looked whether a digest is due or a breaker may close."""
NO_TURN: Final = "not polled: Seawall was stopped before its turn"
MAX_BACK_OFF: Final = 6 * 3600.0
JITTER: Final = 0.1


def next_delay(every: float, failures: int, login_delay: float, chance: float) -> float:
    """Return the seconds until the next poll.

    `failures` counts the polls that failed since the last good one: each doubles the wait, up to
    six hours. `login_delay` is what the server asks for (RFC 2449 §6.5). `chance`, from 0 to 1,
    spreads the accounts, so that they do not all call at once.
    """
    delay = min(every * 2.0 ** min(failures, 16), max(every, MAX_BACK_OFF))
    return max(delay * (1 - JITTER / 2 + JITTER * chance), login_delay)


def first_delay(every: float, accounts: int, at_once: int, chance: float) -> float:
    """Return the seconds until an account's first poll: none, or spread by `chance` where all would meet at the doors."""
    return chance * min(every, FIRST_SECONDS) if accounts > at_once else 0.0


class Schedule:
    """The polls of all accounts. One that fails, waits or breaks delays no other."""

    def __init__(
        self,
        settings: Settings,
        *,
        ledger: Ledger,
        state: State,
        surroundings: Surroundings,
        stop: asyncio.Event,
        writer: Writer,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._state = state
        self._around = surroundings
        self._stop = stop
        self._spool = Spool(state.spool)
        self._writer = writer
        self._carriers: dict[str, Carrier | None] = {}
        self._breakers = Breakers(settings.site.guard, ledger=ledger, surroundings=surroundings)
        self._digest = Digest(
            settings, ledger=ledger, state=state, surroundings=surroundings, carrier_to=self._carrier
        )
        self._places = Places(at_once=settings.site.at_once, per_host=settings.site.at_once_per_host)

    def journey(self, account: Account) -> Journey:
        """Return the journey of an account's mails."""
        return Journey(
            account,
            self._settings.site,
            ledger=self._ledger,
            state=self._state,
            surroundings=self._around,
            stop=self._stop,
            spool=self._spool,
            writer=self._writer,
            carrier=self._carrier(account.destination),
        )

    def _carrier(self, destination: Destination) -> Carrier | None:
        if destination.name not in self._carriers:
            self._carriers[destination.name] = carrier(destination, here=self._around.here)
        return self._carriers[destination.name]

    async def once(self, accounts: Sequence[Account]) -> list[Report]:
        """Poll each account once; then the postmaster's digest, if one is due."""
        await self._breakers.close_quiet()
        async with asyncio.TaskGroup() as group:
            polls = [group.create_task(self._poll(account)) for account in accounts]
        await self._digest.send_due()
        await self.close()
        return [poll.result()[0] for poll in polls]

    async def forever(self, accounts: Sequence[Account]) -> None:
        """Poll each account again and again until `stop` is set."""
        async with asyncio.TaskGroup() as group:
            for account in accounts:
                delay = first_delay(
                    account.every, len(accounts), self._settings.site.at_once, self._around.chance()
                )
                group.create_task(self._again_and_again(account, delay))
            group.create_task(self._keep_house())
        await self.close()

    async def close(self) -> None:
        """Close the connections to next hops that are idle."""
        for next_hop in self._carriers.values():
            if next_hop is not None:
                await next_hop.close()

    async def _again_and_again(self, account: Account, delay: float) -> None:
        while not await self._is_stopped_within(delay):
            _, delay = await self._poll(account)

    async def _keep_house(self) -> None:
        """Between polls: close the breakers of storms that are over, and tell the postmaster."""
        while True:
            await self._breakers.close_quiet()
            await self._digest.send_due()
            if await self._is_stopped_within(HOUSEKEEPING_SECONDS):
                return

    async def _is_stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return False
        return True

    async def _poll(self, account: Account) -> tuple[Report, float]:
        """Poll an account, write down how it went, and return that and the seconds until the next poll."""
        record: AccountRecord | None = None
        try:
            record = await self._ledger.do(statements.open_account, account.name)
            if (report := stopped(record)) is not None:
                return report, await self._leave_alone(account, record, report)
            async with self._places.place(account.server) as place:
                if self._stop.is_set():
                    return Report(account=account.name, problem=NO_TURN), 0.0
                report = await self.journey(account).poll(record, place)
        except OurBug:
            raise
        except SeawallError as problem:
            report = Report(account=account.name, problem=str(problem))
        failures = (record.failures if record else 0) + 1 if report.problem else 0
        delay = next_delay(account.every, failures, report.login_delay, self._around.chance())
        if record is not None:
            await self._note(record, report, delay)
        self._tell(report, is_news=record is None or record.problem != report.problem)
        return report, delay

    async def _leave_alone(self, account: Account, record: AccountRecord, report: Report) -> float:
        """An account's breaker is open: return the seconds until it is looked at again, as often as if it were well."""
        delay = next_delay(account.every, 0, 0.0, self._around.chance())
        await self._ledger.do(
            breakers.note_broken, record.account_id, self._around.now() + delay, report.problem
        )
        self._tell(report, is_news=record.problem != report.problem)
        return delay

    async def _note(self, record: AccountRecord, report: Report, delay: float) -> None:
        """Write down how a poll went; a ledger that cannot be written is the poll's problem, and no other account's."""
        now = self._around.now()
        try:
            if not report.problem:
                await self._ledger.do(statements.note_success, record.account_id, now, now + delay)
            elif not report.is_stopped:
                await self._ledger.do(
                    statements.note_failure, record.account_id, now, now + delay, report.problem
                )
        except Temporary as problem:
            report.problem = report.problem or str(problem)

    def _tell(self, report: Report, *, is_news: bool) -> None:
        if report.problem:
            # The same problem again is worth a line, but only its first time is worth an alarm.
            tell = self._around.log.error if is_news else self._around.log.warning
            tell("stopped" if report.is_stopped else "failed", account=report.account, problem=report.problem)
            return
        self._around.log.info(
            "polled",
            account=report.account,
            listed=report.listed,
            known=report.known,
            delivered=report.delivered,
            held=report.held,
            filed=report.filed,
            left=report.left,
            erased=report.erased,
            troubled=report.troubled,
        )
