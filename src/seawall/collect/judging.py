"""An account's mail before the rules: what they are told, what they decide, and who hears of what they opened.

Owns the questions to the ledger and the alarms. What is decided stands in `decide.judge`, which is pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from seawall.collect.surroundings import Surroundings
from seawall.decide.case import Mail, Policy, questions
from seawall.decide.judge import judge
from seawall.ledger import windows
from seawall.ledger.ledger import Ledger
from seawall.ledger.records import AccountRecord, Intended, OpenCopy
from seawall.model.account import Account, MaildirDestination, Site, sees_loops
from seawall.model.address import Address
from seawall.model.facts import MessageFacts
from seawall.model.knowledge import Claim, News
from seawall.model.verdict import Verdict

FORGET_EVERY: Final = 4096
"""Mails of one poll behind which the windows are brought back within their bounds; the schedule does so once an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The verdicts on a batch and what they give whom, what is to be remembered of it, and what was known then."""

    verdicts: tuple[tuple[Verdict, ...], ...]
    claims: tuple[Mapping[Address, Claim], ...]
    news: News
    as_of: int


def policy(account: Account, site: Site, *, now: float, is_first_poll: bool = False) -> Policy:
    """Return by what an account's mail is judged."""
    return Policy(
        account=account.name,
        to=account.to,
        mailboxes=site.mailboxes,
        guard=site.guard,
        now=now,
        sees_loops=sees_loops(account.destination),
        can_file=isinstance(account.destination, MaildirDestination),
        is_first_poll=is_first_poll,
    )


class Judging:
    """The verdicts on one account's mails."""

    def __init__(self, account: Account, site: Site, *, ledger: Ledger, surroundings: Surroundings) -> None:
        self._account = account
        self._site = site
        self._ledger = ledger
        self._around = surroundings
        self._judged = 0

    async def judge(
        self, record: AccountRecord, facts: Sequence[MessageFacts], copies: Sequence[OpenCopy | None]
    ) -> Judged:
        """Return the verdicts on a batch; `copies` are those that were begun before, None for the others."""
        by = policy(
            self._account,
            self._site,
            now=self._around.now(),
            is_first_poll=record.first_polled_at is None,
        )
        mails = [_mail(fact, copy, by) for fact, copy in zip(facts, copies, strict=True)]
        known = await self._ledger.do(windows.knowledge, questions(mails, by))
        judgement = judge(mails, known, by)
        return Judged(
            verdicts=judgement.verdicts, claims=judgement.claims, news=judgement.news, as_of=known.as_of
        )

    def tell(self, intended: Intended) -> None:
        """Raise the alarms: one for each breaker that opened."""
        for opened in intended.opened:
            self._around.log.error(
                "breaker-opened",
                account=self._account.name,
                storm=opened.storm_id,
                kind=opened.kind,
                sender=opened.sender,
                subject=opened.subject,
                why=opened.sentence,
            )
        if intended.is_broken:
            self._around.log.error(
                "account-stopped", account=self._account.name, advice=f"seawall resume {self._account.name}"
            )

    async def forget(self, mails: int) -> None:
        """Keep the windows within their bounds once FORGET_EVERY mails were judged; `mails` more were."""
        self._judged += mails
        if self._judged >= FORGET_EVERY:
            self._judged = 0
            guard = self._site.guard
            await self._ledger.do(windows.forget, self._around.now(), guard.window, guard.window_mails)


def _mail(facts: MessageFacts, copy: OpenCopy | None, by: Policy) -> Mail:
    begun = copy.begun if copy else ()
    return Mail.of(
        facts,
        by,
        own_contents=frozenset(one.seen_id for one in begun if one.seen_id is not None),
        own_resends=frozenset(one.resend for one in begun if one.resend is not None),
    )
