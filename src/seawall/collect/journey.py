"""A mail's journey: retrieve → facts → decide → deliver → erase at the server (docs/flow.md).

Read it from `poll` downward; `lookout` tells what is known, `delivering` takes a batch to its
mailboxes. What makes it safe is the order: DELE only behind what is durable, and QUIT only when
everything that was retrieved is (a server may erase it then: RFC 1939 §8).
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from seawall.collect.delivering import Delivering
from seawall.collect.dispatch import Resumption
from seawall.collect.lookout import Look, Lookout
from seawall.collect.plan import BATCH_MAILS, batches, plan, trouble_key
from seawall.collect.report import Report
from seawall.collect.settling import Settling
from seawall.collect.sidebyside import side_by_side
from seawall.collect.surroundings import Surroundings
from seawall.collect.troubles import Troubles
from seawall.deliver.trace import Hop
from seawall.deliver.transfer import Carrier
from seawall.deliver.writer import Writer
from seawall.errors import (
    ConnectionLost,
    CredentialsRefused,
    ProtocolViolation,
    SeawallError,
    ServerRefused,
    TooLarge,
)
from seawall.facts.message import read_message
from seawall.facts.section import header_digest, header_section
from seawall.ledger import statements
from seawall.ledger.ledger import Ledger
from seawall.ledger.records import AccountRecord, Listing
from seawall.ledger.state import State
from seawall.model.account import Account, KeepFor, Site, Tls
from seawall.model.copy import KnownCopy
from seawall.model.facts import MessageFacts
from seawall.model.mail import Listed
from seawall.model.secret import Secret
from seawall.net.connection import Listener, Nobody
from seawall.net.credentials import read_secret
from seawall.retrieve.session import Login, NotRetrieved, Retrieved, Session
from seawall.retrieve.spool import Spool

MAX_VISITS: Final = 12
"""Sessions in one poll: one for what is healthy, more after a failure, one for each suspect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visit:
    """What one visit to a box goes by."""

    session: Session
    record: AccountRecord
    report: Report
    look: Look
    resumption: Resumption


class Journey:
    """The journeys of one account's mails."""

    def __init__(
        self,
        account: Account,
        site: Site,
        *,
        ledger: Ledger,
        state: State,
        surroundings: Surroundings,
        stop: asyncio.Event,
        spool: Spool,
        writer: Writer,
        carrier: Carrier | None = None,
    ) -> None:
        self._account = account
        self._ledger = ledger
        self._spool = spool
        self._around = surroundings
        self._stop = stop
        self._mark_key = state.mark_key()
        self._listener: Listener = Nobody()
        self._is_all_durable = True
        self._batch_mails = BATCH_MAILS
        self._lookout = self._new_lookout()
        self._troubles = Troubles(account, site, ledger=ledger, surroundings=surroundings)
        self._settling = Settling(account, ledger=ledger, surroundings=surroundings)
        self._delivering = Delivering(
            account,
            site,
            ledger=ledger,
            state=state,
            surroundings=surroundings,
            writer=writer,
            carrier=carrier,
        )

    # ── a poll: as many visits as it takes ──────────────────────────────────────────────

    async def poll(self, record: AccountRecord, listener: Listener | None = None) -> Report:
        """Bring everything that is new; raises only OurBug and what is none of its business.

        `record` is the account since its last poll. `listener` hears of each wait for the server.
        """
        self._listener = listener or Nobody()
        report = Report(account=self._account.name)
        try:
            secret = await read_secret(self._account.secret)
            if record.stopped_for is not None and record.stopped_for == self._fingerprint(secret):
                report.problem, report.is_stopped = record.problem, True
                return report
            await self._settling.settle(record)
            await self._delivering.probe()
            await self._visits(record, secret, report)
        except CredentialsRefused as refused:
            report.problem = f"{refused}; not tried again until the configuration or the password changes"
            report.is_stopped = True
            await self._ledger.do(
                statements.stop_account,
                record.account_id,
                self._around.now(),
                report.problem,
                self._fingerprint(secret),
            )
        except SeawallError as problem:
            report.problem = str(problem)
            report.code = problem.code if isinstance(problem, ServerRefused) else ""
        return report

    async def _visits(self, record: AccountRecord, secret: Secret, report: Report) -> None:
        """Visit the box until nothing healthy is left, then once for each suspect."""
        self._batch_mails = BATCH_MAILS
        self._lookout = self._new_lookout()
        alone: Listed | None = None
        for _ in range(MAX_VISITS):
            session = await Session.open(Login.to(self._account, secret, self._listener))
            report.login_delay = session.capabilities.login_delay or 0.0
            try:
                remaining = await self._visit(session, record, report, alone)
            except (ConnectionLost, ProtocolViolation, TooLarge) as problem:
                session.abort()
                await self._blame(session, record, report, problem)
                remaining = None
            except BaseException:
                session.abort()
                raise
            if remaining == () or self._stop.is_set():
                return
            alone = remaining[0] if remaining else None

    def _new_lookout(self) -> Lookout:
        return Lookout(self._account, ledger=self._ledger, surroundings=self._around)

    async def _blame(
        self, session: Session, record: AccountRecord, report: Report, problem: SeawallError
    ) -> None:
        """Find the mail for which a session broke, so that it delays no other; raises `problem` where none is to blame.

        A mail that was being read is; where replies and questions no longer fit together any mail
        of the batch may be, and smaller batches tell which.
        """
        culprit = session.in_flight
        if len(session.reading) > 1:
            # Smaller batches get further on a line that breaks, and tell whose reply does not fit.
            self._batch_mails = max(1, min(self._batch_mails, len(session.reading)) // 8)
            if isinstance(problem, ProtocolViolation):
                return
        elif session.reading:
            (culprit,) = session.reading
        if culprit is None:
            raise problem
        await self._troubles.note(record.account_id, culprit, str(problem), report, at_once=True)

    # ── one visit: one session ──────────────────────────────────────────────────────────

    async def _visit(
        self, session: Session, record: AccountRecord, report: Report, alone: Listed | None
    ) -> tuple[Listed, ...] | None:
        """Fetch what is healthy, or the one suspect `alone`; erase what is due; return the suspects that remain.

        None where another visit must erase: something was retrieved here and is not durable, so
        this session must not end with QUIT (RFC 1939 §8).
        """
        look = await self._lookout.look(session, record)
        look = await self._lookout.begin(session, record, look)
        look = await self._lookout.note(record, look)
        await self._troubles.end_vanished(record.account_id, look.recognition.fresh, look.troubles)
        planned = plan(look.recognition.fresh, look.troubles, self._account.max_octets, self._around.now())
        report.listed = len(look.recognition.known) + len(look.recognition.fresh)
        report.known = len(look.recognition.known)
        await self._troubles.leave(record.account_id, planned.too_large, look.troubles)
        report.left = len(planned.too_large) + len(planned.waiting)
        if alone is None:
            chosen = planned.healthy
        else:
            key = trouble_key(alone)
            chosen = tuple(listed for listed in planned.suspects if trouble_key(listed) == key)
        self._is_all_durable = True
        visit = _Visit(
            session=session,
            record=record,
            report=report,
            look=look,
            resumption=Resumption(look.open_copies, look.entries),
        )
        erasable = await self._certain(visit)
        erasable += await self._fetch(visit, chosen)
        suspects = tuple(listed for listed in planned.suspects if listed not in chosen)
        if not self._is_all_durable:
            session.abort()
            return None if erasable else suspects
        await self._erase(session, report, erasable)
        return suspects

    # ── fetching: retrieve → facts → decide → deliver, batches side by side ─────────────

    async def _fetch(self, visit: "_Visit", chosen: tuple[Listed, ...]) -> list[tuple[Listed, KnownCopy]]:
        """Bring the chosen mails; return those that may be erased at once."""
        erasable: list[tuple[Listed, KnownCopy]] = []
        done = 0

        async def deliver(results: Sequence[Retrieved | NotRetrieved]) -> list[tuple[Listed, KnownCopy]]:
            nonlocal done
            try:
                settled = await self._deliver(visit, results)
            finally:
                _close(results)
            done += len(results)
            self._around.progress(self._account.name, done, len(chosen))
            return settled

        self._delivering.expect(len(chosen))
        batches_of_mails = self._retrieve(visit.session, chosen)
        async with aclosing(
            side_by_side(batches_of_mails, deliver, most=self._delivering.batches_at_once)
        ) as delivered:
            async for settled in delivered:
                if self._account.keep == KeepFor(0.0):
                    erasable += settled
        return erasable

    def _retrieve(
        self, session: Session, mails: Sequence[Listed]
    ) -> AsyncGenerator[Sequence[Retrieved | NotRetrieved], None]:
        return session.retrieve(
            self._until_stopped(batches(mails, self._batch_mails)),
            max_octets=self._account.max_octets,
            spool=self._spool,
        )

    def _until_stopped(self, source: Iterator[tuple[Listed, ...]]) -> Iterator[tuple[Listed, ...]]:
        for batch in source:
            if self._stop.is_set():
                return
            yield batch

    async def _deliver(
        self, visit: "_Visit", results: Sequence[Retrieved | NotRetrieved]
    ) -> list[tuple[Listed, KnownCopy]]:
        """Take a batch from its bytes to its mailboxes; return what is settled.

        Raises the first failure once everything that did not fail is delivered.
        """
        record, report = visit.record, visit.report
        for result in results:
            if isinstance(result, NotRetrieved):
                why = f"the server refused to hand it over: {result.why}"
                await self._troubles.note(record.account_id, result.listed, why, report)
        retrieved = [result for result in results if isinstance(result, Retrieved)]
        facts = [self._read(r) for r in retrieved]
        retrieved, facts = await self._lookout.drop_known(record, visit.look, retrieved, facts)
        if not retrieved:
            return []
        batch = await self._delivering.deliver(
            record,
            retrieved,
            facts,
            hop=self._hop(visit.session),
            resumption=visit.resumption,
            report=report,
        )
        await self._troubles.end(
            record.account_id, [listed for listed, _ in batch.settled], visit.look.troubles
        )
        for listed, why in batch.deferred:
            self._is_all_durable = False
            await self._troubles.note(record.account_id, listed, why, report, is_deferred=True)
        if batch.failure is not None:
            raise batch.failure
        return list(batch.settled)

    def _read(self, retrieved: Retrieved) -> MessageFacts:
        mail = retrieved.mail
        return read_message(mail.head, mail.content.octets, self._mark_key, self._account.envelope)

    # ── erasing ─────────────────────────────────────────────────────────────────────────

    async def _certain(self, visit: "_Visit") -> list[tuple[Listed, KnownCopy]]:
        """Return what is due and certainly still the mail that was fetched; where TOP cannot tell, RETR does.

        What RETR shows to be another mail is delivered at once: it is here, and QUIT might erase it.
        """
        look = visit.look
        certain = [pair for pair in look.erasable if pair[0].number in look.headers.digests]
        open_pairs = {
            entry.number: (entry, copy)
            for entry, copy in look.erasable
            if entry.number not in look.headers.digests
        }
        stream = self._retrieve(visit.session, [entry for entry, _ in open_pairs.values()])
        async with aclosing(stream):
            async for results in stream:
                try:
                    others = []
                    for result in results:
                        entry, copy = open_pairs[result.listed.number]
                        if isinstance(result, Retrieved) and _digest(result) == copy.header_digest:
                            certain.append((entry, copy))
                        elif isinstance(result, Retrieved):
                            others.append((copy.copy_id, result))
                    await self._deliver_others(visit, others)
                finally:
                    _close(results)
        return certain

    async def _deliver_others(self, visit: "_Visit", others: Sequence[tuple[int, Retrieved]]) -> None:
        if others:
            listing = Listing(gone=tuple(copy_id for copy_id, _ in others))
            await self._ledger.do(
                statements.note_listing, visit.record.account_id, listing, self._around.now()
            )
            await self._deliver(visit, [result for _, result in others])

    async def _erase(
        self,
        session: Session,
        report: Report,
        erasable: Sequence[tuple[Listed, KnownCopy]],
    ) -> None:
        """Erase at the server what is durable here and due, and end the session."""
        answers = await session.erase([listed.number for listed, _ in erasable])
        if not await session.quit():
            self._around.log.warning("not-erased", account=self._account.name, reason="quit-refused")
            return
        erased = [pair for pair, is_taken in zip(erasable, answers, strict=True) if is_taken]
        if erased:
            await self._ledger.do(
                statements.note_erased, [copy.copy_id for _, copy in erased], self._around.now()
            )
        report.erased += len(erased)
        if len(erased) < len(erasable):
            self._around.log.warning(
                "not-erased",
                account=self._account.name,
                reason="dele-refused",
                mails=len(erasable) - len(erased),
            )

    # ── small things ────────────────────────────────────────────────────────────────────

    def _hop(self, session: Session) -> Hop:
        server = self._account.server
        return Hop(
            server=server.host,
            address=session.connection.peer,
            is_protected=server.tls is not Tls.NONE,
            here=self._around.here,
        )

    def _fingerprint(self, secret: Secret) -> str:
        """Tell whether the credentials are the same as before, without keeping them."""
        server = self._account.server
        parts = (server.host, str(server.port), self._account.user, secret.reveal)
        return hashlib.blake2b("\0".join(parts).encode(), key=self._mark_key, digest_size=16).hexdigest()


def _close(results: Iterable[Retrieved | NotRetrieved]) -> None:
    for result in results:
        if isinstance(result, Retrieved):
            result.mail.content.close()


def _digest(retrieved: Retrieved) -> bytes:
    return header_digest(header_section(retrieved.mail.head))
