"""What a person does about Held: release a mail to its mailbox, byte-identical, or drop it for good."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from seawall.collect.delivering import receivers
from seawall.collect.dispatch import Route
from seawall.collect.keeping import find_held, opened
from seawall.collect.surroundings import Surroundings
from seawall.decide.copies import claim_of
from seawall.decide.recipient import recipients
from seawall.deliver import maildir, staging
from seawall.deliver.bodies import Bodies
from seawall.deliver.carriers import carrier
from seawall.deliver.staging import Parcel, Placement, Settlement
from seawall.deliver.trace import Hop
from seawall.deliver.transfer import Transfer
from seawall.errors import Misconfigured, OurBug, Permanent, SeawallError, Temporary
from seawall.facts.message import read_message
from seawall.ledger import deliveries, setaside
from seawall.ledger.ledger import Ledger
from seawall.ledger.records import HeldRecord
from seawall.ledger.state import State
from seawall.model.account import Account, Settings, Tls
from seawall.model.address import Address
from seawall.model.facts import MessageFacts
from seawall.model.mail import Listed
from seawall.model.outcome import Accepted, Lost, Outcome, Refused
from seawall.model.verdict import Deliver, Hold, Reason
from seawall.retrieve.session import Retrieved

SWEPT_TOGETHER: Final = 500
_OF_THE_ENVELOPE: Final = frozenset({Reason.NO_ENVELOPE.value, Reason.AMBIGUOUS_ENVELOPE.value})


class Held:
    """The mails that are set aside. One process at a time works on them: the caller has the lock."""

    def __init__(
        self, settings: Settings, *, ledger: Ledger, state: State, surroundings: Surroundings
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._state = state
        self._around = surroundings
        self._bodies = Bodies(str(state.held))

    async def settle(self) -> None:
        """Bring to an end the releases that were under way when a process ended."""
        for left in await self._ledger.do(setaside.open_releases):
            if left.is_offered:
                await self._doubt(left.delivery_id)
                continue
            is_delivered = False
            if left.directory:
                placement = Placement(directory=left.directory, base_name=left.base_name)
                now = self._around.now()
                outcome = await asyncio.to_thread(staging.settle, placement, left.staged_at, now)
                is_delivered = outcome is Settlement.DELIVERED
            await self._end(left.delivery_id, is_delivered=is_delivered)
        await self._sweep()

    async def _sweep(self) -> None:
        """Remove the files that a kill left: of mails that were released or dropped, and bodies that nobody needs."""
        paths = await asyncio.to_thread(_files, self._state.held)
        for at in range(0, len(paths), SWEPT_TOGETHER):
            by_name = {path.name.partition(":")[0]: path for path in paths[at : at + SWEPT_TOGETHER]}
            for name in await self._ledger.do(setaside.ended, list(by_name)):
                by_name[name].unlink(missing_ok=True)
        with await asyncio.to_thread(self._bodies.alone):
            await asyncio.to_thread(self._bodies.clear)
        for bodies in await asyncio.to_thread(lambda: list(self._bodies.parts(SWEPT_TOGETHER))):
            await self._erase(bodies)

    async def _let_go(self, record: HeldRecord) -> None:
        if record.note.body is not None:
            await self._erase([record.note.body])

    async def _erase(self, bodies: Sequence[bytes]) -> None:
        """Erase those of the bodies that nobody needs (see `deliver.bodies`)."""
        with await asyncio.to_thread(self._bodies.alone):
            unneeded = await self._ledger.do(setaside.unneeded, bodies)
            await asyncio.to_thread(self._bodies.erase, unneeded)

    async def release(self, held_id: int, to: Address | None = None) -> HeldRecord:
        """Deliver a held mail: to `to`, else to whom it was held for, else to whom its envelope names by now.

        Raises Permanent where it is not held or the next hop refuses it, Temporary where it cannot
        be delivered now, Misconfigured where its account or recipient is configured no more.
        """
        record = await self._record(held_id)
        account = self._account(record)
        route = self._route(record, account)
        path = find_held(record)
        with opened(record) as raw:
            mail = Retrieved(listed=Listed(number=0, uidl=None, octets=None), mail=raw)
            facts = read_message(raw.head, raw.content.octets, route.mark_key, account.envelope)
            recipient = self._recipient(record, account, facts, to)
            verdict = Deliver(recipients=(recipient,))
            token = record.release_id or self._around.token()
            item = route.item(mail, facts, verdict, recipient, token, claim=claim_of(facts, recipient))
            if not await self._ledger.do(setaside.intend_release, held_id, item.delivery, route.now):
                raise Permanent(f"mail {held_id} is not held any more")
            if item.is_transfer:
                await self._hand_over(account, route.transfer(item))
            else:
                await self._write(route.parcel(item), item.delivery_id)
        path.unlink(missing_ok=True)
        await self._let_go(record)
        self._around.log.info("released", held=held_id, recipient=str(recipient), delivery=item.delivery_id)
        return record

    async def drop(self, held_id: int) -> HeldRecord:
        """Erase a held mail; raises Permanent where it is not held."""
        record = await self._record(held_id)
        if not await self._ledger.do(setaside.drop, held_id):
            raise Permanent(f"mail {held_id} is not held any more")
        with suppress(Permanent):
            find_held(record).unlink(missing_ok=True)
        await self._let_go(record)
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

    def _recipient(
        self, record: HeldRecord, account: Account, facts: MessageFacts, to: Address | None
    ) -> Address:
        """Return who gets a released mail: a mailbox of the account, whoever says so (promise 1)."""
        recipient = to or Address.parse(record.note.recipient)
        if to is None and record.note.reason in _OF_THE_ENVELOPE:
            # What it waited for may be mended by now; that it waits for `unknown` does not make it theirs.
            decided = recipients(facts, account.to, self._settings.site.mailboxes)
            if isinstance(decided, Hold):
                raise Misconfigured(
                    f"nobody can tell who is to get mail {record.held_id}: {decided.sentence}; name the mailbox with --to"
                )
            if len(decided) > 1:
                names = ", ".join(map(str, decided))
                raise Misconfigured(f"mail {record.held_id} is for {names}: name one of them with --to")
            (recipient,) = decided
        if recipient not in receivers(account, self._settings.site):
            raise Misconfigured(
                f"{recipient} is no mailbox of account {account.name}: name one that is with --to"
            )
        return recipient

    def _route(self, record: HeldRecord, account: Account) -> Route:
        return Route(
            account=account,
            held=str(self._state.held),
            hop=Hop(
                server=record.note.server,
                address="",
                is_protected=account.server.tls is not Tls.NONE,
                here=self._around.here,
            ),
            now=self._around.now(),
            mark_key=self._state.mark_key(),
        )

    async def _write(self, parcel: Parcel, delivery_id: str) -> None:
        try:
            directory, least = parcel.placement.directory, self._settings.site.min_free_octets
            await asyncio.to_thread(maildir.probe, directory, least)
            for problem in (await asyncio.to_thread(staging.stage, [parcel])).values():
                raise problem
        except SeawallError:
            await self._end(delivery_id, is_delivered=False)
            raise
        await self._ledger.do(deliveries.note_staged, [delivery_id], self._around.now())
        # What fails from here on stays open in the ledger, and `settle` brings it to an end.
        for problem in (await asyncio.to_thread(staging.publish, [parcel.placement])).values():
            raise problem
        await self._end(delivery_id, is_delivered=True)

    async def _hand_over(self, account: Account, transfer: Transfer) -> None:
        next_hop = carrier(account.destination, here=self._around.here)
        if next_hop is None:
            raise OurBug(f"{account.destination.name} has no carrier")
        answer = _Answer(lambda: self._ledger.do(setaside.offer_release, transfer.delivery_id))
        try:
            await next_hop.carry([transfer], answer)
        finally:
            await self._answered(transfer.delivery_id, answer)
            await next_hop.close()
        if not isinstance(answer.outcome, Accepted):
            words = answer.outcome.words if answer.outcome else "it did not answer"
            kind = Permanent if isinstance(answer.outcome, Refused) else Temporary
            raise kind(f"{account.destination.name} does not take it: {words}")

    async def _answered(self, delivery_id: str, answer: "_Answer") -> None:
        outcome = answer.outcome
        is_doubtful = (
            outcome.is_doubtful if isinstance(outcome, Lost) else outcome is None and answer.is_offered
        )
        if is_doubtful:
            await self._doubt(delivery_id)
        else:
            await self._end(delivery_id, is_delivered=isinstance(outcome, Accepted))

    async def _doubt(self, delivery_id: str) -> None:
        """The next hop may have it: the mail stays held, and its next release bears the same mark."""
        await self._ledger.do(setaside.doubt_release, delivery_id)
        self._around.log.warning("maybe-released", delivery=delivery_id)

    async def _end(self, delivery_id: str, *, is_delivered: bool) -> None:
        await self._ledger.do(
            setaside.end_release, delivery_id, self._around.now(), is_delivered=is_delivered
        )


class _Answer:
    """The diary of one release."""

    def __init__(self, write_offer: Callable[[], Awaitable[None]]) -> None:
        self.outcome: Outcome | None = None
        self.is_offered = False
        self._write_offer = write_offer

    def offer(self, _delivery_id: str) -> Awaitable[None]:
        self.is_offered = True
        return asyncio.ensure_future(self._write_offer())

    def close(self, _delivery_id: str, outcome: Outcome) -> None:
        self.outcome = outcome


def _files(held: Path) -> list[Path]:
    return [path for folder in ("new", "cur") for path in (held / folder).glob("*")]
