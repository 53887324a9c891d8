"""What a killed process left of an account's deliveries, brought to an end before anything else is done.

Owns what each state in the ledger means after a crash; what the disk says of it is `deliver.staging.settle`'s.
"""

import asyncio

from seawall.collect.surroundings import Surroundings
from seawall.deliver import staging
from seawall.deliver.staging import Placement, Settlement
from seawall.errors import SeawallError, StorageFull
from seawall.ledger import deliveries
from seawall.ledger.ledger import Ledger
from seawall.ledger.records import AccountRecord, OpenDelivery
from seawall.model.account import Account
from seawall.model.envelope import Multidrop


def is_only_theirs(account: Account, problem: SeawallError) -> bool:
    """Whether a mailbox that cannot be written leaves the others of an account alone."""
    return isinstance(account.to, Multidrop) and not isinstance(problem, StorageFull)


class Settling:
    """The deliveries of one account that were under way when a process, or a connection to the next hop, ended."""

    def __init__(self, account: Account, *, ledger: Ledger, surroundings: Surroundings) -> None:
        self._account = account
        self._ledger = ledger
        self._around = surroundings

    async def settle(self, record: AccountRecord) -> None:
        """Bring them to an end."""
        if not record.has_open_deliveries:
            return
        left_open = await self._ledger.do(deliveries.left_open, record.account_id)
        for delivery_id in left_open.in_doubt:
            self._around.log.warning("maybe-twice", account=self._account.name, delivery=delivery_id)
        for left in left_open.to_files:
            outcome = await self._settle_one(record, left)
            fields = {"account": self._account.name, "delivery": left.delivery_id}
            if isinstance(outcome, Settlement):
                name = outcome.name.lower().replace("_", "-")
                self._around.log.info("settled", **fields, outcome=name)
            else:
                self._around.log.error("not-settled", **fields, problem=str(outcome))

    async def _settle_one(self, record: AccountRecord, left: OpenDelivery) -> Settlement | SeawallError:
        """Settle a delivery to a file; return what became of it, or what keeps this one mailbox from it."""
        placement = Placement(directory=left.directory, base_name=left.base_name)
        now = self._around.now()
        try:
            settlement = await asyncio.to_thread(staging.settle, placement, left.staged_at, now)
        except SeawallError as problem:
            if is_only_theirs(self._account, problem):
                return problem
            raise
        if settlement is Settlement.DELIVERED:
            await self._ledger.do(deliveries.note_delivered, record.account_id, [left.delivery_id], now)
        else:
            await self._ledger.do(deliveries.postpone, [left.delivery_id])
        return settlement
