"""A batch's verdicts: each mail by itself (`verdict`), then beside what was here before (DESIGN §6). Pure.

A fold: what one mail of a batch gives its recipients is known when the next is judged, and what is to be
remembered comes out with the verdicts. Mails that have to do with each other are judged in an order of their
own, the untouched before machines' copies and the earlier first, so that the order of a batch changes nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from seawall.decide import bounces
from seawall.decide.case import Mail, Policy, copies_tally, is_list_wide, own_tally, storm_key, thread_tally
from seawall.decide.copies import Replication, claim, origin, replication
from seawall.decide.tallies import Tallies
from seawall.decide.verdict import decide
from seawall.facts.dates import moment
from seawall.model.address import Address
from seawall.model.facts import MessageFacts
from seawall.model.guard import DAY, Action
from seawall.model.knowledge import (
    Claim,
    Entry,
    Known,
    News,
    StormKind,
    StormNote,
    Variant,
)
from seawall.model.verdict import Deliver, Hold, Reason, Verdict

HELD_FOLDER: Final = "Held"
"""The folder of a recipient's own Maildir that `file` puts mail into: `.Held` on the disk."""
HOUR: Final = 3600.0
_GIVES: Final = frozenset({Reason.DELIVERED, Reason.REPLY_ALL_STORM})
"""Deliveries that give a mail; one of a copy, by a person's choice, takes nothing away from the first."""
SOME_ENTRIES: Final = 16
"""Entries of a tally of copies: enough to tell any threshold's time apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The verdicts on a batch and what they give whom, in its order, and what is to be remembered beside that."""

    verdicts: tuple[tuple[Verdict, ...], ...]
    claims: tuple[Mapping[Address, Claim], ...]
    news: News


def judge(mails: Sequence[Mail], known: Known, policy: Policy) -> Judgement:
    """Return the verdicts on a batch; never raises on any facts."""
    fold = _Fold(known, policy)
    verdicts: dict[int, tuple[Verdict, ...]] = {}
    claims: dict[int, Mapping[Address, Claim]] = {}
    for place in _order(mails):
        verdicts[place], claims[place] = fold.judge(mails[place])
    return Judgement(
        verdicts=tuple(verdicts[place] for place in range(len(mails))),
        claims=tuple(claims[place] for place in range(len(mails))),
        news=News(tallies=fold.tallies.changed, storms=tuple(fold.storms), breaks=fold.breaks),
    )


def _order(mails: Sequence[Mail]) -> list[int]:
    """Return the places of a batch's mails in the order in which they are judged."""
    contents = Counter(mail.facts.content_id for mail in mails)
    related = {
        place
        for place, mail in enumerate(mails)
        if contents[mail.facts.content_id] > 1
        or mail.facts.bounce is not None
        or mail.facts.marks
        or is_list_wide(mail.facts)
    }
    alone = [place for place in range(len(mails)) if place not in related]
    return alone + sorted(related, key=lambda place: _rank(mails[place].facts))


def _rank(facts: MessageFacts) -> tuple[bool, float, bytes]:
    arrived = _arrived(facts.arrived)
    return bool(facts.passage.signs), arrived if arrived is not None else float("inf"), facts.header_digest


class _Fold:
    """The knowledge as it grows from mail to mail."""

    def __init__(self, known: Known, policy: Policy) -> None:
        self.tallies = Tallies(known.tallies)
        self.storms: list[StormNote] = []
        self.breaks = ""
        self._known = known
        self._policy = policy
        self._guard = policy.guard
        self._given: dict[bytes, list[Variant]] = {}
        self._resends: set[bytes] = set()
        self._open: set[bytes] = set(known.storms)

    def judge(self, mail: Mail) -> tuple[tuple[Verdict, ...], Mapping[Address, Claim]]:
        judged: list[Verdict] = []
        given: dict[Address, Claim] = {}
        for verdict in decide(
            mail.facts, mail.receives, self._known.marks, sees_loops=self._policy.sees_loops
        ):
            if isinstance(verdict, Deliver):
                judged += self._beside_others(mail, verdict, given)
            else:
                judged.append(self._acted(verdict))
            if verdict.reason is Reason.OWN_MARK:
                self._count_own(mail.facts)
        return tuple(judged), given

    def _beside_others(self, mail: Mail, deliver: Deliver, given: dict[Address, Claim]) -> list[Verdict]:
        """Return the verdicts on a mail that by itself is to be delivered; put into `given` what it gives whom."""
        found: list[Verdict] = []
        ordinary: list[Address] = []
        for place, recipient in enumerate(mail.everybody):
            if recipient not in deliver.recipients:
                continue
            held = self._one(mail, place)
            verdict = self._acted(held) if held is not None else deliver
            if held is None:
                ordinary.append(recipient)
            else:
                found.append(verdict)
            if isinstance(verdict, Deliver) and verdict.reason in _GIVES:
                self._give(mail, place, given)
        if len(ordinary) == len(deliver.recipients):
            return [deliver]
        return [*([replace(deliver, recipients=tuple(ordinary))] if ordinary else []), *found]

    def _one(self, mail: Mail, place: int) -> Hold | None:
        """Return why a mail is set aside for one of its recipients, None where it is not."""
        facts, recipient = mail.facts, mail.everybody[place]
        return (
            (self._bounce(facts, recipient) if facts.bounce is not None else None)
            or self._copy(mail, place)
            or (self._thread(facts, recipient) if is_list_wide(facts) else None)
        )

    def _acted(self, verdict: Verdict) -> Verdict:
        """Turn what the rules would set aside into what the person's configuration says about it."""
        if not isinstance(verdict, Hold):
            return verdict
        action = self._guard.actions.get(verdict.reason, Action.HOLD)
        if action is Action.HOLD or (action is Action.FILE and not self._policy.can_file):
            return verdict
        return Deliver(
            recipients=verdict.recipients,
            folder=HELD_FOLDER if action is Action.FILE else None,
            reason=verdict.reason,
            sentence=verdict.sentence,
            evidence=verdict.evidence,
        )

    # ── copies ──────────────────────────────────────────────────────────────────────────

    def _copy(self, mail: Mail, place: int) -> Hold | None:
        """Return why a mail is set aside whose content the recipient has."""
        facts, recipient = mail.facts, mail.everybody[place]
        if facts.content_id is None:
            return None
        had = self._had(mail, mail.contents[place])
        copied = replication(facts, had)
        if had and (storm := self._storm(facts, recipient, copied)) is not None:
            return storm
        if copied is not None:
            reason = Reason.REPLICATED if copied.is_certain else Reason.DUPLICATE
            return self._held(facts, recipient, reason, copied, storm_key(facts.content_id))
        if self._was_given(mail.resends[place], mail.own_resends):
            return self._held(
                facts,
                recipient,
                Reason.DUPLICATE,
                Replication(
                    "the very same mail is here already, by the same way: a server sent it once more",
                    (f"Message-ID: {facts.message_id}", f"route: {' → '.join(facts.passage.route)}"),
                ),
                None,
            )
        return None

    def _had(self, mail: Mail, key: bytes | None) -> list[Variant]:
        """Return what a recipient has of a content beside what this mail itself was begun for."""
        if key is None or not (key in self._known.contents or key in self._given):
            return []
        return [
            variant
            for variant in (*self._known.contents.get(key, ()), *self._given.get(key, ()))
            if variant.delivered > (variant.seen_id in mail.own_contents)
        ]

    def _storm(self, facts: MessageFacts, recipient: Address, copied: Replication | None) -> Hold | None:
        """Count a further mail of a content that its recipient has; hold it where it is one too many, or the breaker is open."""
        assert facts.content_id is not None  # noqa: S101 -- its only caller has looked
        storm = storm_key(facts.content_id)
        tally = storm if copied is not None else copies_tally(facts.content_id, recipient)
        entry = self._entry(facts, origin(facts.passage.route))
        most = max(self._guard.storm_copies, SOME_ENTRIES)
        self.tallies.add(tally, entry, most=most)
        recent = self.tallies.within(tally, entry.moment, DAY)
        is_many = len(recent) >= self._guard.storm_copies
        if copied is None:
            origins = {one.who for one in recent if one.who}
            is_many = is_many and len(origins) >= self._guard.storm_origins and not self._policy.is_first_poll
        if not is_many and storm not in self._open:
            return None
        what = copied or Replication(
            f"{len(recent)} mails of one content came within a day",
            (f"route: {' → '.join(facts.passage.route)}",),
        )
        if is_many:
            self._open.add(storm)
        return self._held(facts, recipient, Reason.STORM, what, storm, opens=is_many)

    def _was_given(self, key: bytes | None, own: frozenset[bytes]) -> bool:
        return key in self._resends or (key in self._known.resends and key not in own)

    def _give(self, mail: Mail, place: int, given: dict[Address, Claim]) -> None:
        """A mail is to be delivered: from here on its recipient has it."""
        content, resend = mail.contents[place], mail.resends[place]
        if content is None:
            return
        made = given[mail.everybody[place]] = claim(mail.facts, content, resend)
        variant = Variant(
            0, mail.facts.passage.route, made.list_id, frozenset(made.signs.split()), made.message_id, 1
        )
        variants = self._given.setdefault(content, [])
        if variant not in variants:
            variants.append(variant)
        if resend is not None:
            self._resends.add(resend)

    # ── bounces, threads, what came back ────────────────────────────────────────────────

    def _bounce(self, facts: MessageFacts, recipient: Address) -> Hold | None:
        bounce = facts.bounce
        if bounce is None:
            return None
        entry = self._entry(facts, bounce.reporter)
        for key in bounces.tally_keys(bounce, recipient):
            self.tallies.add(key, entry, most=self._guard.bounces)
        about = bounces.tally_keys(bounce, recipient)
        recent = max((len(self.tallies.within(key, entry.moment, DAY)) for key in about), default=0)
        is_flood = recent >= self._guard.bounces and not self._policy.is_first_poll
        found = bounces.judge(bounce, is_flood=is_flood, sent_by=self._guard.sent_by)
        if found is None:
            return None
        reason, sentence = found
        storm = about[-1] if about else None
        if storm is not None:
            self._note(
                facts, storm, StormKind.BOUNCES, sentence, opens=is_flood, subject=bounce.original_subject
            )
        return Hold(
            recipients=(recipient,),
            reason=reason,
            sentence=sentence,
            evidence=bounces.evidence(bounce),
            storm=storm,
        )

    def _thread(self, facts: MessageFacts, recipient: Address) -> Hold | None:
        """Count who answers to all; the verdict on a reply-all storm, whose action is to deliver where nobody chose another."""
        key = thread_tally(facts, recipient)
        entry = self._entry(facts, facts.sender)
        self.tallies.add(key, entry, most=4 * self._guard.repliers)
        senders = {one.who for one in self.tallies.within(key, entry.moment, HOUR)}
        if len(senders) < self._guard.repliers or self._policy.is_first_poll:
            return None
        sentence = f"{len(senders)} people answered to all within an hour"
        self._note(facts, key, StormKind.REPLY_ALL, sentence, opens=True)
        return Hold(
            recipients=(recipient,),
            reason=Reason.REPLY_ALL_STORM,
            sentence=sentence,
            evidence=(f"References begin with {facts.passage.thread.decode('ascii', 'replace')}",),
            storm=key,
        )

    def _count_own(self, facts: MessageFacts) -> None:
        """Count the deliveries that came back; too many say that the account is in a loop with its destination.

        One that comes back often counts once: a stranger to whom a mail was sent on has its mark too.
        """
        key = own_tally(self._policy)
        at = self._entry(facts, "").moment
        for mark in facts.marks:
            if mark.is_genuine and mark.delivery in self._known.marks:
                self.tallies.add(key, Entry(at, "", mark.delivery[:16]), most=self._guard.own_marks)
        if len(self.tallies.within(key, at, DAY)) >= self._guard.own_marks:
            self.tallies.clear(key)
            self.breaks = (
                f"{self._guard.own_marks} mails that Seawall had delivered came back within a day: "
                "something sends them to this account again"
            )

    # ── small things ────────────────────────────────────────────────────────────────────

    def _held(
        self,
        facts: MessageFacts,
        recipient: Address,
        reason: Reason,
        why: Replication,
        storm: bytes | None,
        *,
        opens: bool = False,
    ) -> Hold:
        is_aside = self._guard.actions.get(reason) is not Action.DELIVER
        if storm is not None and is_aside:
            self._note(facts, storm, StormKind.COPIES, why.sentence, opens=opens)
        return Hold(
            recipients=(recipient,), reason=reason, sentence=why.sentence, evidence=why.evidence, storm=storm
        )

    def _note(
        self,
        facts: MessageFacts,
        key: bytes,
        kind: StormKind,
        sentence: str,
        *,
        opens: bool,
        subject: str = "",
    ) -> None:
        self.storms.append(
            StormNote(
                key=key,
                kind=kind,
                sender=facts.from_,
                subject=subject or facts.subject,
                sentence=sentence,
                opens=opens,
            )
        )

    def _entry(self, facts: MessageFacts, who: str) -> Entry:
        arrived = _arrived(facts.arrived)
        # A date of tomorrow is a wrong clock, or an attempt to stay out of every tally.
        at = self._policy.now if arrived is None else min(arrived, self._policy.now)
        return Entry(at, who, facts.header_digest[:8].hex())


@lru_cache(maxsize=1024)
def _arrived(stamp: bytes) -> float | None:
    """Read a date once for a batch: it is asked for its order, and for each tally."""
    return moment(stamp)
