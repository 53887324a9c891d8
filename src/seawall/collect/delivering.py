"""A batch's way from its bytes to its mailboxes: decide → deliver, and what a kill left of one.

What makes it safe is the order of a few lines: intent before anything, `offered` before a next hop
can have the mail and its outcome behind it, `staged` before the rename, `delivered` at the end.
Outcomes are per mail and recipient: what failed for one is tried again for that one alone.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from seawall.collect.dispatch import NEXT_HOP, Consignment, Item, Resumption, Route, begun
from seawall.collect.filtering import filtered
from seawall.collect.judging import Judging
from seawall.collect.keeping import Keeping
from seawall.collect.logbook import Logbook
from seawall.collect.report import Report
from seawall.collect.settling import is_only_theirs
from seawall.collect.surroundings import Surroundings
from seawall.decide.judge import HELD_FOLDER
from seawall.deliver import maildir, staging
from seawall.deliver.staging import Placement
from seawall.deliver.trace import Hop
from seawall.deliver.transfer import Carrier
from seawall.deliver.writer import Writer
from seawall.errors import OurBug, SeawallError, Temporary
from seawall.ledger import deliveries
from seawall.ledger.ledger import Ledger
from seawall.ledger.records import AccountRecord, OpenCopy, OutdatedError
from seawall.ledger.state import State
from seawall.model.account import Account, CommandDestination, MaildirDestination, Site
from seawall.model.address import Address
from seawall.model.copy import KnownCopy
from seawall.model.envelope import Multidrop
from seawall.model.facts import MessageFacts
from seawall.model.knowledge import Claim
from seawall.model.mail import Listed
from seawall.model.outcome import Deferred, Lost, Outcome, Refused
from seawall.model.text import shown
from seawall.model.verdict import Deliver, Hold, Verdict
from seawall.retrieve.session import Retrieved

JUDGED_AGAIN: Final = 16
"""How often a batch is judged because other accounts' mail of the same contents came in between."""
BATCHES_AT_ONCE: Final = 3
"""The ledger, the disk or the next hop, and the reading of facts work side by side; more would take memory only."""


def receivers(account: Account, site: Site) -> frozenset[Address]:
    """Return the closed set of those who can receive an account's mail (promise 1)."""
    if isinstance(account.to, Multidrop):
        return site.mailboxes.everyone | {account.to.unknown}
    return frozenset({account.to})


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What became of a batch.

    `settled` are the mails that every recipient has; of those in `deferred` one has not, and why;
    `failure` is what ended the batch for the others, None where nothing did.
    """

    settled: tuple[tuple[Listed, KnownCopy], ...] = ()
    deferred: tuple[tuple[Listed, str], ...] = ()
    failure: SeawallError | None = None


class Delivering:
    """The deliveries of one account's mails."""

    def __init__(
        self,
        account: Account,
        site: Site,
        *,
        ledger: Ledger,
        state: State,
        surroundings: Surroundings,
        writer: Writer,
        carrier: Carrier | None,
    ) -> None:
        self._account = account
        self._site = site
        self._ledger = ledger
        self._held = str(state.held)
        self._keeping = Keeping(self._held, most=site.guard.held_max, ledger=ledger)
        self._around = surroundings
        self._writer = writer
        self._carrier = carrier
        self._mark_key = state.mark_key()
        self._receivers = receivers(account, site)
        self._in_turn = asyncio.Lock()
        self._judging = Judging(account, site, ledger=ledger, surroundings=surroundings)

    async def probe(self) -> None:
        """See before a poll whether the destination can take mail, and Held; raises what keeps it from that."""
        await self._keeping.count()
        await self._probe_again()

    async def _probe_again(self) -> None:
        """`probe` before a batch."""
        await asyncio.to_thread(self._probe_files)
        self._keeping.check()
        if self._carrier is not None:
            await self._carrier.probe()

    def _probe_files(self) -> None:
        destination, to = self._account.destination, self._account.to
        if isinstance(destination, MaildirDestination):
            mailbox = to.unknown if isinstance(to, Multidrop) else to
            maildir.probe(maildir.directory(destination, mailbox), self._site.min_free_octets)
        maildir.probe(self._held, self._site.min_free_octets)

    @property
    def batches_at_once(self) -> int:
        """How many batches may be under way: a program runs for one mail after the other, in their order."""
        runs_programs = self._account.filter or isinstance(self._account.destination, CommandDestination)
        return 1 if runs_programs else BATCHES_AT_ONCE

    def expect(self, mails: int) -> None:
        """Get ready for so many mails."""
        if isinstance(self._account.destination, MaildirDestination):
            self._writer.expect(mails)

    # ── a batch ─────────────────────────────────────────────────────────────────────────

    async def deliver(
        self,
        record: AccountRecord,
        mails: Sequence[Retrieved],
        facts: Sequence[MessageFacts],
        *,
        hop: Hop,
        resumption: Resumption,
        report: Report,
    ) -> Delivered:
        """Take a batch from its bytes to its mailboxes."""
        copies = [
            resumption.take(mail.listed, fact.header_digest) for mail, fact in zip(mails, facts, strict=True)
        ]
        route = Route(
            account=self._account,
            held=self._held,
            hop=hop,
            now=self._around.now(),
            mark_key=self._mark_key,
        )
        for _ in range(JUDGED_AGAIN):
            with suppress(OutdatedError):
                # In the order of the box: a mail is judged before the copies of it that lie behind it.
                async with self._in_turn:
                    consignments, copy_ids, unfiltered = await self._intend(
                        record, route, mails, facts, copies
                    )
                break
        else:
            raise Temporary(
                "other mail of the same contents kept coming in: it is judged again at the next poll"
            )
        items = [item for one in consignments for item in one.items]
        outcomes, lost = await self._hand_over(record, route, [item for item in items if item.is_transfer])
        refused = {
            item.delivery_id: route.refused(item, outcome.words)
            for item in items
            if isinstance(outcome := outcomes.get(item.delivery_id), Refused)
        }
        if refused:
            refused = dict(zip(refused, await self._keeping.items(list(refused.values())), strict=True))
            await self._ledger.do(
                deliveries.refuse, [item.delivery for item in refused.values()], self._around.now()
            )
        files = [refused.get(item.delivery_id, item) for item in items]
        failed = await self._write(record, route, [item for item in files if not item.is_transfer])
        result = self._result(
            consignments=consignments,
            copy_ids=copy_ids,
            refused=refused,
            outcomes=outcomes,
            failed=failed,
            lost=lost,
            report=report,
        )
        return replace(result, deferred=(*unfiltered, *result.deferred))

    async def _intend(
        self,
        record: AccountRecord,
        route: Route,
        mails: Sequence[Retrieved],
        facts: Sequence[MessageFacts],
        copies: Sequence[OpenCopy | None],
    ) -> tuple[list[Consignment], Sequence[int], list[tuple[Listed, str]]]:
        """Judge a batch and write down what is to be done with it; return that, and the mails that no filter let through.

        Raises OutdatedError where it must be judged again.
        """
        judged = await self._judging.judge(record, facts, copies)
        contents = [mail.mail.content for mail in mails]
        consignments, unfiltered = [], []
        verdicts = await filtered(self._account, contents, judged.verdicts)
        for mail, fact, copy, verdict, given in zip(
            mails, facts, copies, verdicts, judged.claims, strict=True
        ):
            if isinstance(verdict, Temporary):
                unfiltered.append((mail.listed, str(verdict)))
            else:
                consignments.append(self._consignment(route, copy, mail, fact, verdict, given=given))
        await self._probe_again()
        consignments = await self._keeping.consignments(consignments)
        await asyncio.to_thread(_make_maildirs, [item for one in consignments for item in one.items])
        intended = await self._ledger.do(
            deliveries.intend_judged,
            record.account_id,
            [one.intent for one in consignments],
            route.now,
            news=judged.news,
            as_of=judged.as_of,
        )
        self._judging.tell(intended)
        self._keeping.add(item for one in consignments for item in one.items)
        await self._judging.forget(len(mails))
        return consignments, intended.copy_ids, unfiltered

    def _consignment(
        self,
        route: Route,
        copy: OpenCopy | None,
        mail: Retrieved,
        facts: MessageFacts,
        verdicts: tuple[Verdict, ...],
        *,
        given: Mapping[Address, Claim],
    ) -> Consignment:
        items = []
        for verdict in verdicts:
            if not isinstance(verdict, Deliver | Hold):
                raise OurBug(f"a mail that was retrieved cannot be judged {verdict}")
            for recipient in verdict.recipients:
                if recipient not in self._receivers:
                    raise OurBug(f"{recipient} is none of the mailboxes of account {self._account.name}")
                before = begun(copy, recipient)
                of_this = verdict
                if isinstance(verdict, Deliver) and before and before.doubts >= self._site.alarm_after:
                    of_this = route.unanswered(verdict, before.doubts)
                gives = given.get(recipient) if isinstance(of_this, Deliver) else None
                item = route.item(mail, facts, of_this, recipient, self._around.token(), claim=gives)
                items.append(item.after(before))
        return Consignment(mail=mail, facts=facts, items=tuple(items), copy=copy)

    async def _hand_over(
        self, record: AccountRecord, route: Route, items: Sequence[Item]
    ) -> tuple[Mapping[str, Outcome], SeawallError | None]:
        """Offer mails to the next hop; return their outcomes, and what ended it before all had one."""
        items = [item for item in items if not (item.is_done or item.is_blocked)]
        if not items or self._carrier is None:
            return {}, None
        logbook = Logbook(record.account_id, ledger=self._ledger, surroundings=self._around)
        lost: SeawallError | None = None
        try:
            await self._carrier.carry([route.transfer(item) for item in items], logbook)
        except SeawallError as problem:
            lost = problem
        finally:
            await logbook.finish()
        return logbook.outcomes, lost

    async def _write(
        self, record: AccountRecord, route: Route, items: Sequence[Item]
    ) -> dict[Placement, SeawallError]:
        """Write mails to their directories; return those that failed, with why."""
        items = [item for item in items if not (item.is_done or item.is_blocked)]
        if not items:
            return {}
        failed = await asyncio.to_thread(self._stage, route, items)
        staged = items
        if failed:
            staged = [item for item in items if item.placement not in failed]
            await self._ledger.do(
                deliveries.postpone, [item.delivery_id for item in items if item.placement in failed]
            )
        await self._ledger.do(
            deliveries.note_staged, [item.delivery_id for item in staged], self._around.now()
        )
        # What fails from here on stays open in the ledger, and `settle` brings it to an end.
        failed |= await asyncio.to_thread(self._writer.publish, [item.placement for item in staged])
        await self._ledger.do(
            deliveries.note_delivered,
            record.account_id,
            [item.delivery_id for item in staged if item.placement not in failed],
            self._around.now(),
        )
        return failed

    def _stage(self, route: Route, items: Sequence[Item]) -> dict[Placement, SeawallError]:
        failed = self._keeping.write(items)
        parcels = [route.parcel(item) for item in items if item.placement not in failed]
        return failed | self._writer.stage(parcels)

    def _result(
        self,
        *,
        consignments: Sequence[Consignment],
        copy_ids: Sequence[int],
        refused: Mapping[str, Item],
        outcomes: Mapping[str, Outcome],
        failed: Mapping[Placement, SeawallError],
        lost: SeawallError | None,
        report: Report,
    ) -> Delivered:
        settled, deferred = [], []
        settled_at = self._around.now()
        failure = lost
        for one, copy_id in zip(consignments, copy_ids, strict=True):
            missing = []
            for intended in one.items:
                item = refused.get(intended.delivery_id, intended)
                outcome, problem = outcomes.get(item.delivery_id), failed.get(item.placement)
                if item.is_done:
                    continue
                if item.is_blocked:
                    missing.append(f"not yet for {item.recipient}: what a crash left of it cannot be settled")
                elif isinstance(outcome, Deferred | Lost):
                    missing.append(f"not yet for {item.recipient}: {outcome.words}")
                elif problem is not None and is_only_theirs(self._account, problem):
                    missing.append(f"not yet for {item.recipient}: {problem}")
                elif problem is not None or (item.is_transfer and outcome is None):
                    failure = failure or problem
                    missing.append("")
                else:
                    self._tell(report, item)
            if not missing:
                settled.append((one.mail.listed, one.settled(copy_id, settled_at)))
            elif why := "; ".join(filter(None, missing)):
                deferred.append((one.mail.listed, why))
        return Delivered(settled=tuple(settled), deferred=tuple(deferred), failure=failure)

    def _tell(self, report: Report, item: Item) -> None:
        is_held = isinstance(item.verdict, Hold)
        is_filed = item.folder == HELD_FOLDER
        report.held += is_held
        report.filed += is_filed
        report.delivered += not (is_held or is_filed)
        if not (is_held or is_filed):
            report.deliveries.append((str(item.recipient), item.facts.subject))
        tell = self._around.log.warning if is_held else self._around.log.info
        tell(
            "held" if is_held else "filed" if is_filed else "delivered",
            account=self._account.name,
            recipient=str(item.recipient),
            reason=item.verdict.reason.value,
            uidl=shown(item.mail.listed.uidl or b""),
            octets=item.facts.octets,
            delivery=item.delivery_id,
            message_id=item.facts.message_id,
        )


def _make_maildirs(items: Sequence[Item]) -> None:
    """Make what is missing of the mailboxes that mail goes to; one that cannot be made fails when it is written to."""
    for directory, folder in {(item.delivery.directory, item.folder) for item in items if item.is_new}:
        with suppress(SeawallError):
            if folder is not None:
                maildir.make_folder(directory.removesuffix(f"/.{folder}"), folder)
            elif directory != NEXT_HOP:
                staging.make(directory)
