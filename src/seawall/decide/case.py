"""A mail as the rules get it, by what it is judged, and what has to be known first. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from seawall.decide import bounces
from seawall.decide.copies import content_key, resend_key
from seawall.decide.recipient import recipients
from seawall.decide.tallies import tally_key
from seawall.model.address import Address
from seawall.model.envelope import Mailboxes, Multidrop
from seawall.model.facts import MessageFacts
from seawall.model.guard import Guard
from seawall.model.knowledge import Questions, Repeated
from seawall.model.verdict import Hold

LIST_WIDE: Final = 20
"""Addresses in To and Cc that make a mail list-wide where it has no list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """By what an account's mail is judged.

    `can_file` says whether its destination has folders; `is_first_poll` that nothing was collected before: no rate
    means anything then.
    """

    account: str
    to: Address | Multidrop
    mailboxes: Mailboxes
    guard: Guard
    now: float
    sees_loops: bool = False
    can_file: bool = True
    is_first_poll: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail to be judged: its facts, who receives it, or why nobody does, and by what each remembers having it.

    `contents` and `resends` are as many as there are recipients, None where it has nothing that could come twice.
    Where it was begun before, `own_contents` and `own_resends` are what it claimed then: they say nothing against it.
    """

    facts: MessageFacts
    receives: tuple[Address, ...] | Hold
    contents: tuple[bytes | None, ...]
    resends: tuple[bytes | None, ...]
    own_contents: frozenset[int] = frozenset()
    own_resends: frozenset[bytes] = frozenset()

    @classmethod
    def of(
        cls,
        facts: MessageFacts,
        policy: Policy,
        own_contents: frozenset[int] = frozenset(),
        own_resends: frozenset[bytes] = frozenset(),
    ) -> Self:
        """Return a mail as a policy's account gets it."""
        receives = recipients(facts, policy.to, policy.mailboxes)
        everybody = () if isinstance(receives, Hold) else receives
        content, resend = facts.content_id, facts.resend_id
        return cls(
            facts=facts,
            receives=receives,
            contents=tuple(content_key(content, one) if content is not None else None for one in everybody),
            resends=tuple(resend_key(resend, one) if resend is not None else None for one in everybody),
            own_contents=own_contents,
            own_resends=own_resends,
        )

    @property
    def everybody(self) -> tuple[Address, ...]:
        """Who receives it, nobody where nobody does."""
        return () if isinstance(self.receives, Hold) else self.receives


def questions(mails: Sequence[Mail], policy: Policy) -> Questions:
    """Return what has to be known before a batch can be judged."""
    contents: dict[bytes, Repeated] = {}
    resends: set[bytes] = set()
    tallies: set[bytes] = set()
    marks: set[str] = set()
    for mail in mails:
        facts = mail.facts
        if facts.content_id is not None:
            for recipient, key in zip(mail.everybody, mail.contents, strict=True):
                if key is not None:
                    contents[key] = Repeated(facts.content_id, recipient)
            resends.update(key for key in mail.resends if key is not None)
        if facts.bounce is not None or facts.passage.thread:
            for recipient in mail.everybody:
                if facts.bounce is not None:
                    tallies.update(bounces.tally_keys(facts.bounce, recipient))
                if is_list_wide(facts):
                    tallies.add(thread_tally(facts, recipient))
        marks.update(mark.delivery for mark in facts.marks if mark.is_genuine)
    if marks:
        tallies.add(own_tally(policy))
    return Questions(
        contents=contents, resends=frozenset(resends), tallies=frozenset(tallies), marks=frozenset(marks)
    )


def repeated(content_id: bytes, recipient: Address) -> tuple[bytes, bytes]:
    """Return the tally and the storm that matter where a content comes to a recipient again."""
    return copies_tally(content_id, recipient), storm_key(content_id)


def is_list_wide(facts: MessageFacts) -> bool:
    """Whether a mail is part of a thread that many read."""
    passage = facts.passage
    return bool(passage.thread and (passage.list_id or passage.addressees >= LIST_WIDE))


def storm_key(content_id: bytes) -> bytes:
    """Return what all of a content's copies have in common, whoever receives them."""
    return tally_key("storm", content_id)


def copies_tally(content_id: bytes, recipient: Address) -> bytes:
    """Return what the mails of one content to one recipient are counted by."""
    return tally_key("copies", content_id, str(recipient).lower().encode("utf-8"))


def thread_tally(facts: MessageFacts, recipient: Address) -> bytes:
    """Return what those who write to one thread are counted by."""
    return tally_key("thread", facts.passage.thread, str(recipient).lower().encode("utf-8"))


def own_tally(policy: Policy) -> bytes:
    """Return what comes back to an account is counted by."""
    return tally_key("own", policy.account.encode("utf-8"))
