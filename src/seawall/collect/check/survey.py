"""All accounts and destinations, looked at side by side: each is told as soon as it is known.

Owns how many looks are under way. One that hangs holds one place until its patience ends it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from seawall.collect.check.account import check_account
from seawall.collect.check.destination import Usage, check_destination, usages
from seawall.collect.check.finding import Finding
from seawall.model.account import Account, Settings

AT_ONCE: Final = 8

Tell = Callable[[Finding], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was found, in the configuration's order."""

    accounts: tuple[Finding, ...]
    destinations: tuple[Finding, ...]

    @property
    def is_usable(self) -> bool:
        """Whether nothing has a problem."""
        return not any(finding.problems for finding in (*self.accounts, *self.destinations))

    def as_document(self) -> dict[str, object]:
        """Return it for JSON (docs/check.md)."""
        return {
            "accounts": [finding.as_document() for finding in self.accounts],
            "destinations": [finding.as_document() for finding in self.destinations],
        }


async def survey(settings: Settings, *, here: str, now: float, tell: Tell) -> Survey:
    """Look at every account and destination, and `tell` each finding when it is there, in no order.

    `here` is this machine's name, `now` in Unix seconds. Of one POP3 host only as many accounts are looked
    at together as are polled together.
    """
    site = settings.site
    places = asyncio.Semaphore(AT_ONCE)
    hosts: defaultdict[tuple[str, int], asyncio.Semaphore] = defaultdict(
        lambda: asyncio.Semaphore(site.at_once_per_host)
    )

    async def account_told(account: Account) -> Finding:
        async with hosts[account.server.host, account.server.port], places:
            finding = await check_account(account, site, now)
        tell(finding)
        return finding

    async def destination_told(usage: Usage) -> Finding:
        async with places:
            finding = await check_destination(usage, site, here, now)
        tell(finding)
        return finding

    try:
        async with asyncio.TaskGroup() as looks:
            accounts = [looks.create_task(account_told(account)) for account in settings.accounts]
            destinations = [looks.create_task(destination_told(usage)) for usage in usages(settings.accounts)]
    except BaseExceptionGroup as problems:
        # Nobody may be there to be told, which ends a command in a way of its own.
        raise problems.exceptions[0] from problems
    return Survey(
        accounts=tuple(task.result() for task in accounts),
        destinations=tuple(task.result() for task in destinations),
    )
