"""What a person does about Held: release a mail to its mailbox, byte-identical, or drop it for good."""

import asyncio
from pathlib import Path

from seawall.collect.surroundings import Surroundings
from seawall.deliver import maildir, staging
from seawall.deliver.staging import Parcel, Placement, Settlement
from seawall.deliver.trace import Hop, trace
from seawall.errors import Misconfigured, Permanent
from seawall.ledger import setaside, statements
from seawall.ledger.ledger import Ledger
from seawall.ledger.records import HeldRecord, NewDelivery
from seawall.ledger.state import State
from seawall.model.account import Account, Settings, Tls
from seawall.model.address import Address
from seawall.retrieve.spool import SpooledContent


class Held:
    """The mails that are set aside. One process at a time works on them: the caller has the lock."""

    def __init__(
        self, settings: Settings, *, ledger: Ledger, state: State, surroundings: Surroundings
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._state = state
        self._around = surroundings

    async def settle(self) -> None:
        """Bring to an end the releases that were under way when a process ended."""
        for left in await self._ledger.do(setaside.open_releases):
            placement = Placement(directory=left.directory, base_name=left.base_name)
            now = self._around.now()
            outcome = await asyncio.to_thread(staging.settle, placement, left.staged_at, now)
            is_delivered = outcome is Settlement.DELIVERED
            await self._ledger.do(setaside.end_release, left.delivery_id, now, is_delivered=is_delivered)

    async def release(self, held_id: int) -> HeldRecord:
        """Deliver a held mail to the recipient that it was held for; raises Permanent where it is not held."""
        record = await self._record(held_id)
        account = self._account(record)
        recipient = Address.parse(record.note.recipient)
        if recipient.domain not in self._settings.site.domains:
            raise Misconfigured(f"{recipient} is not in local.domains any more: mail goes to nobody else")
        directory = maildir.directory(account.destination, recipient)
        await asyncio.to_thread(maildir.probe, directory, self._settings.site.min_free_octets)
        token, now = self._around.token(), self._around.now()
        placement = Placement(directory=directory, base_name=maildir.base_name(now, token, self._around.here))
        release = NewDelivery(
            delivery_id=token,
            recipient=str(recipient),
            directory=directory,
            base_name=placement.base_name,
        )
        path = find_held(record)
        with path.open("rb") as file:
            parcel = Parcel(
                placement=placement,
                top=self._trace(record, account, recipient, token, now),
                content=SpooledContent(file, path.stat().st_size),
            )
            if not await self._ledger.do(setaside.intend_release, held_id, release):
                raise Permanent(f"mail {held_id} is not held any more")
            await self._deliver(parcel, token)
        path.unlink(missing_ok=True)
        self._around.log.info("released", held=held_id, recipient=str(recipient), delivery=token)
        return record

    async def drop(self, held_id: int) -> HeldRecord:
        """Erase a held mail; raises Permanent where it is not held."""
        record = await self._record(held_id)
        if not await self._ledger.do(setaside.drop, held_id):
            raise Permanent(f"mail {held_id} is not held any more")
        find_held(record).unlink(missing_ok=True)
        self._around.log.info("dropped", held=held_id, recipient=record.note.recipient)
        return record

    async def _record(self, held_id: int) -> HeldRecord:
        record = await self._ledger.do(setaside.held_mail, held_id)
        if record is None or record.status != "held":
            became = f" any more: it was {record.status}" if record else ""
            raise Permanent(f"mail {held_id} is not held{became}")
        return record

    def _account(self, record: HeldRecord) -> Account:
        for account in self._settings.accounts:
            if account.name == record.note.account:
                return account
        raise Misconfigured(f"account {record.note.account}, by which it came, is not configured any more")

    def _trace(
        self, record: HeldRecord, account: Account, recipient: Address, token: str, now: float
    ) -> bytes:
        return trace(
            delivery_id=token,
            recipient=recipient,
            reverse_path=record.note.reverse_path,
            hop=Hop(
                server=record.note.server,
                address="",
                is_protected=account.server.tls is not Tls.NONE,
                here=self._around.here,
            ),
            mark_key=self._state.mark_key(),
            now=now,
        )

    async def _deliver(self, parcel: Parcel, token: str) -> None:
        failed = await asyncio.to_thread(staging.stage, [parcel])
        if not failed:
            await self._ledger.do(statements.note_staged, [token], self._around.now())
            failed = await asyncio.to_thread(staging.publish, [parcel.placement])
        await self._ledger.do(setaside.end_release, token, self._around.now(), is_delivered=not failed)
        for problem in failed.values():
            await asyncio.to_thread(staging.discard, [parcel.placement])
            raise problem


def find_held(record: HeldRecord) -> Path:
    """Return a held mail's file, also where a mail reader moved it to cur/; raises Permanent where it is gone."""
    for folder in ("new", "cur"):
        for path in Path(record.directory, folder).glob(f"{record.base_name}*"):
            return path
    raise Permanent(f"the file of held mail {record.held_id} is not in {record.directory}")
