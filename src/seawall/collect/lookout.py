"""What stands in a box, and which of it is known: the first half of a visit.

Owns the reading of listings and headers, and what the ledger is told of them. Refuses to fetch,
deliver or erase; how a mail is recognised is decided in `decide.recognise`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from seawall.collect.surroundings import Surroundings
from seawall.decide.erase import due
from seawall.decide.recognise import Headers, Recognition, is_refuted, is_same_size, recognise
from seawall.errors import ConnectionLost, ProtocolViolation, TooLarge
from seawall.facts.message import arrived_at
from seawall.facts.section import header_digest, header_section
from seawall.ledger import deliveries, statements
from seawall.ledger.ledger import Ledger
from seawall.ledger.records import AccountRecord, Listing, OpenCopy, SeenCopy, Trouble
from seawall.model.account import Account, StartAll, StartSince
from seawall.model.copy import KnownCopy
from seawall.model.facts import MessageFacts
from seawall.model.mail import Listed
from seawall.model.verdict import Reason
from seawall.retrieve.session import Retrieved, Session

SAMPLE: Final = 4
"""Known mails whose header is checked in each poll although nothing speaks against their UIDL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a visit finds before it fetches: the listing, the recognition, what may be erased, and what each mail's header said.

    And what the ledger remembers beside that: the copies that some recipient is still to get, and
    the mails that could not be brought.
    """

    entries: tuple[Listed, ...]
    recognition: Recognition
    headers: Headers
    erasable: tuple[tuple[Listed, KnownCopy], ...]
    open_copies: tuple[OpenCopy, ...]
    troubles: Mapping[bytes, Trouble]


class Lookout:
    """Looks into one account's box. Made anew for each poll: it remembers that TOP broke a session."""

    def __init__(self, account: Account, *, ledger: Ledger, surroundings: Surroundings) -> None:
        self._account = account
        self._ledger = ledger
        self._around = surroundings
        self._has_top = True

    async def look(self, session: Session, record: AccountRecord) -> Look:
        """List the box and tell what is known, reading headers where UIDL and size do not suffice.

        The header of what is due to be erased is always read: it must still be the one fetched.
        """
        entries = (await session.list_mails()).entries
        remembered = await self._ledger.do(statements.remembered, record.account_id)
        copies = remembered.known
        found, headers = await self._recognise(session, entries, copies, Headers(digests={}))
        now = self._around.now()
        leaving = due(found.known, self._account.keep, now)
        sample = self._around.pick([entry.number for entry, _ in found.known], SAMPLE)
        checked = {*sample, *(entry.number for entry, _ in leaving)}
        unread = [number for number in sorted(checked) if not headers.is_answered(number)]
        headers = await self._read_headers(session, unread, headers)
        if is_refuted(found, headers):
            found, headers = await self._recognise(session, entries, copies, headers)
            leaving = due(found.known, self._account.keep, now)
        return Look(
            entries=entries,
            recognition=found,
            headers=headers,
            erasable=leaving,
            open_copies=remembered.open,
            troubles=remembered.troubles,
        )

    async def _recognise(
        self,
        session: Session,
        entries: Sequence[Listed],
        copies: Sequence[KnownCopy],
        headers: Headers,
    ) -> tuple[Recognition, Headers]:
        while True:
            found = recognise(entries, copies, headers)
            if not found.ask:
                return found, headers
            headers = await self._read_headers(session, found.ask, headers)

    async def _read_headers(self, session: Session, numbers: Sequence[int], headers: Headers) -> Headers:
        heads = dict(zip(numbers, await self._read_heads(session, numbers), strict=True))
        digests = {
            number: header_digest(header_section(head)) for number, head in heads.items() if head is not None
        }
        return Headers(
            digests={**headers.digests, **digests},
            refused=headers.refused | (heads.keys() - digests.keys()),
        )

    async def _read_heads(self, session: Session, numbers: Sequence[int]) -> list[bytes | None]:
        """Return what TOP shows of each mail, None where it shows nothing."""
        if not self._has_top:
            return [None] * len(numbers)
        try:
            return [head async for head in session.headers(numbers)]
        except (ConnectionLost, TooLarge, ProtocolViolation):
            # A server that breaks at TOP is one without it for the rest of this poll.
            self._has_top = False
            raise

    async def begin(self, session: Session, record: AccountRecord, look: Look) -> Look:
        """Apply `start` in an account's first poll: mark what is there as seen, or the older part of it."""
        start = self._account.start
        if record.first_polled_at is not None or isinstance(start, StartAll):
            return look
        since = start.moment if isinstance(start, StartSince) else None
        rest = await self.adopt(session, record, look.recognition.fresh, since)
        return replace(look, recognition=replace(look.recognition, fresh=rest))

    async def adopt(
        self, session: Session, record: AccountRecord, fresh: Sequence[Listed], since: float | None
    ) -> tuple[Listed, ...]:
        """Mark mails as seen: all, or those that came before `since`; return the rest."""
        seen, rest = [], []
        heads = await self._read_heads(session, [entry.number for entry in fresh])
        for entry, head in zip(fresh, heads, strict=True):
            arrived = arrived_at(head) if head is not None and since is not None else None
            if since is not None and (arrived is None or arrived >= since):
                rest.append(entry)
            else:
                digest = header_digest(header_section(head)) if head is not None else None
                seen.append(SeenCopy(uidl=entry.uidl, octets=entry.octets, header_digest=digest))
        await self._ledger.do(statements.adopt, record.account_id, seen, self._around.now())
        self._around.log.info("adopted", account=self._account.name, mails=len(seen))
        return tuple(rest)

    async def note(self, record: AccountRecord, look: Look) -> Look:
        """Tell the ledger what changed, nothing where the box is as it was; return the look without what it forgot."""
        found = look.recognition
        changed = Listing(
            gone=tuple(copy.copy_id for copy in found.missing if copy.is_listed),
            back=tuple(copy.copy_id for _, copy in found.known if not copy.is_listed),
            renamed=tuple(
                (copy.copy_id, entry.uidl, entry.octets)
                for entry, copy in found.known
                if entry.uidl != copy.uidl or not is_same_size(entry.octets, copy.octets)
            ),
        )
        if changed != Listing():
            await self._ledger.do(statements.note_listing, record.account_id, changed, self._around.now())
        if changed.renamed:
            self._around.log.warning(
                "recognised", account=self._account.name, mails=len(changed.renamed), reason="new-uidl"
            )
        return await self._abandon(look)

    async def _abandon(self, look: Look) -> Look:
        """Forget the copies that left the server long ago, before every recipient had them."""
        if not look.open_copies:
            return look
        present = {entry.uidl for entry in look.entries}
        before = self._around.now() - statements.REMEMBER_SECONDS
        stale = [copy for copy in look.open_copies if copy.uidl not in present and copy.changed_at < before]
        if not stale:
            return look
        await self._ledger.do(deliveries.abandon, [copy.copy_id for copy in stale])
        return replace(look, open_copies=tuple(copy for copy in look.open_copies if copy not in stale))

    async def drop_known(
        self,
        record: AccountRecord,
        look: Look,
        retrieved: list[Retrieved],
        facts: list[MessageFacts],
    ) -> tuple[list[Retrieved], list[MessageFacts]]:
        """Leave out what turns out to be known now that it came, where TOP could not tell before."""
        unsure = look.recognition.unsure
        if not unsure:
            return retrieved, facts
        missing: defaultdict[bytes | None, list[KnownCopy]] = defaultdict(list)
        for copy in look.recognition.missing:
            if not copy.is_erased:
                missing[copy.header_digest].append(copy)
        kept_mails, kept_facts, renamed = [], [], []
        for result, fact in zip(retrieved, facts, strict=True):
            candidates = missing[fact.header_digest]
            if result.listed.number in unsure and candidates:
                renamed.append((candidates.pop(0).copy_id, result.listed.uidl, result.listed.octets))
            else:
                kept_mails.append(result)
                kept_facts.append(fact)
        if renamed:
            listing = Listing(renamed=tuple(renamed))
            await self._ledger.do(statements.note_listing, record.account_id, listing, self._around.now())
            self._around.log.warning(
                "recognised", account=self._account.name, mails=len(renamed), reason=Reason.KNOWN.value
            )
        return kept_mails, kept_facts
