"""The postmaster's digest: one mail a day, and one when a breaker opens, where there is something to tell.

The only mail that Seawall makes. It has one recipient, `local.postmaster`, an address of this site by
configuration, and the null reverse-path, so that nothing can answer it (promise 4). It arrives at
least once: a kill between its delivery and the ledger's note gives a second one, under the same
Message-ID, which is made from its number. One that cannot be delivered is tried again in an hour:
it stops no mail, and makes no bounce.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Final

from seawall.collect.digest_text import digest_mail, has_something
from seawall.collect.surroundings import Surroundings
from seawall.deliver import maildir, staging
from seawall.deliver.staging import Parcel, Placement
from seawall.deliver.transfer import Carrier, Transfer
from seawall.errors import Misconfigured, OurBug, SeawallError, Temporary
from seawall.ledger import digests
from seawall.ledger.digests import News
from seawall.ledger.ledger import Ledger
from seawall.ledger.state import State
from seawall.model.account import Destination, MaildirDestination, Settings
from seawall.model.mail import MemoryContent
from seawall.model.outcome import Accepted, Outcome

DAILY_SECONDS: Final = 86400.0
BREAKER_SECONDS: Final = 600.0
"""Breakers that open within so long of a digest are told together."""
AGAIN_SECONDS: Final = 3600.0


class Digest:
    """The digests of one site. `carrier_to` gives the carrier to a destination, None for a Maildir."""

    def __init__(
        self,
        settings: Settings,
        *,
        ledger: Ledger,
        state: State,
        surroundings: Surroundings,
        carrier_to: Callable[[Destination], Carrier | None],
    ) -> None:
        self._site = settings.site
        self._names = frozenset(account.name for account in settings.accounts)
        self._ledger = ledger
        self._mark_key = state.mark_key
        self._around = surroundings
        self._carrier_to = carrier_to
        self._not_before = 0.0
        self._told = ""

    async def send_due(self) -> None:
        """Send a digest if one is due; whatever keeps it from its way is logged, and nothing but OurBug is raised."""
        destination, now = self._site.digest, self._around.now()
        if destination is None or now < self._not_before:
            return
        try:
            if not await self._is_due(now):
                return
            news = await self._ledger.do(digests.news, self._names, now, self._site.alarm_after)
            if not has_something(news, self._site.guard.held_max):
                return
            await self._deliver(destination, news)
            await self._ledger.do(digests.note_sent, news.number, news.until, self._around.now())
        except OurBug:
            raise
        except SeawallError as problem:
            self._not_before = now + AGAIN_SECONDS
            self._fail(problem)
        else:
            self._told = ""
            self._around.log.info("digest", number=news.number, recipient=str(self._site.postmaster))

    async def _is_due(self, now: float) -> bool:
        last = await self._ledger.do(digests.last_digest)
        if last is None or now - last.sent_at >= DAILY_SECONDS:
            return True
        if now - last.sent_at < BREAKER_SECONDS:
            return False
        return await self._ledger.do(digests.breaker_since, last.covers_until)

    def _fail(self, problem: SeawallError) -> None:
        """Tell it; what only a person can mend is an alarm, once."""
        is_alarm = isinstance(problem, Misconfigured) and self._told != str(problem)
        self._told = str(problem)
        tell = self._around.log.error if is_alarm else self._around.log.warning
        tell("digest-not-sent", recipient=str(self._site.postmaster), problem=str(problem))

    async def _deliver(self, destination: Destination, news: News) -> None:
        """Deliver a digest; raises what keeps it from that."""
        token = hashlib.blake2b(b"digest %d" % news.number, key=self._mark_key(), digest_size=16).hexdigest()
        postmaster = self._site.postmaster
        content = MemoryContent(
            digest_mail(
                news,
                postmaster=postmaster,
                message_id=f"{token}.{news.number}.digest@{postmaster.domain}",
                held_max=self._site.guard.held_max,
            )
        )
        if isinstance(destination, MaildirDestination):
            await asyncio.to_thread(self._write, destination, content, token)
            return
        next_hop = self._carrier_to(destination)
        if next_hop is None:
            raise OurBug(f"{destination.name} has no carrier")
        transfer = Transfer(
            delivery_id=token, recipient=postmaster, reverse_path="", top=b"", content=content
        )
        answer = _Answer()
        await next_hop.carry([transfer], answer)
        if not isinstance(answer.outcome, Accepted):
            words = answer.outcome.words if answer.outcome else "it did not answer"
            raise Temporary(f"{destination.name} does not take it: {words}")

    def _write(self, destination: MaildirDestination, content: MemoryContent, token: str) -> None:
        postmaster = self._site.postmaster
        # Where the postmaster is another name of a mailbox, that mailbox is his.
        directory = maildir.directory(destination, self._site.mailboxes.find(postmaster) or postmaster)
        maildir.probe(directory, self._site.min_free_octets)
        placement = Placement(
            directory=directory,
            base_name=maildir.base_name(self._around.now(), token, self._around.here),
        )
        top = f"Return-Path: <>\nDelivered-To: {postmaster}\n".encode()
        parcel = Parcel(placement=placement, top=top, content=content)
        for problem in (*staging.stage([parcel]).values(), *staging.publish([placement]).values()):
            raise problem


class _Answer:
    """The diary of one digest: nothing of it is written down before it is delivered."""

    def __init__(self) -> None:
        self.outcome: Outcome | None = None

    def offer(self, _delivery_id: str) -> Awaitable[None]:
        return asyncio.sleep(0)

    def close(self, _delivery_id: str, outcome: Outcome) -> None:
        self.outcome = outcome
