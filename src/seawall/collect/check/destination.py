"""One destination, for all the accounts that deliver to it: whether it would take their mail now.

Owns which look belongs to which kind of destination. No mail is handed over and nothing is made.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from seawall.collect.check.finding import Finding, Kind, Notes, named
from seawall.collect.check.maildirs import about_maildirs
from seawall.collect.check.nexthop import about_next_hop
from seawall.collect.check.receivers import receivers
from seawall.deliver.command import Command
from seawall.errors import SeawallError
from seawall.model.account import (
    Account,
    CommandDestination,
    Destination,
    MaildirDestination,
    NextHopDestination,
    Site,
)

MOST_RECIPIENTS: Final = 200
"""Recipients of one destination that are looked at."""
MOST_SECONDS: Final = 60.0
"""A next hop's patience is for the end of a large mail; nothing so long is asked here."""
PATIENCES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """A destination and the accounts that deliver to it, at least one."""

    destination: Destination
    accounts: tuple[Account, ...]


def usages(accounts: Sequence[Account]) -> tuple[Usage, ...]:
    """Return each destination once, in the order in which the accounts name them."""
    by_destination: defaultdict[Destination, list[Account]] = defaultdict(list)
    for account in accounts:
        by_destination[account.destination].append(account)
    return tuple(
        Usage(destination=destination, accounts=tuple(users)) for destination, users in by_destination.items()
    )


async def check_destination(usage: Usage, site: Site, here: str, now: float) -> Finding:
    """Look at a destination; `here` is this machine's name, `now` in Unix seconds. Whatever it does becomes a sentence."""
    notes = Notes()
    destination = usage.destination
    notes.found(f"used by {named((account.name for account in usage.accounts), most=20)}")
    everybody = sorted({one for account in usage.accounts for one in receivers(account, site.mailboxes)})
    recipients = everybody[:MOST_RECIPIENTS]
    if len(everybody) > MOST_RECIPIENTS:
        notes.found(f"of {len(everybody)} recipients the first {MOST_RECIPIENTS} are looked at")
    patience = MOST_SECONDS
    if not isinstance(destination, MaildirDestination):
        patience = min(destination.patience, MOST_SECONDS)
    try:
        async with asyncio.timeout(PATIENCES * patience):
            match destination:
                case MaildirDestination():
                    await asyncio.to_thread(about_maildirs, destination, recipients, site, notes)
                case CommandDestination():
                    await Command(destination.argv, patience=patience).probe()
                    notes.found(f"the program {destination.argv[0]} is there and can be run; it was not")
                case NextHopDestination():
                    largest = max(account.max_octets for account in usage.accounts)
                    patient = replace(destination, patience=patience)
                    await about_next_hop(
                        patient, recipients, site, here=here, now=now, largest=largest, notes=notes
                    )
    except TimeoutError:
        notes.problem("it talks too slowly, and was given up")
    except SeawallError as problem:
        notes.problem(str(problem))
    return notes.finding(Kind.DESTINATION, destination.name)
