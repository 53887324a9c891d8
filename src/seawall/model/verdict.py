"""What is to be done with a mail, with a stable reason code and one plain sentence (HOUSE rule 12)."""

from dataclasses import dataclass, field
from enum import Enum

from seawall.model.address import Address


class Reason(Enum):
    """The reason codes (docs/reason-codes.md)."""

    DELIVERED = "delivered"
    KNOWN = "known"
    OWN_MARK = "own-mark"
    TOO_MANY_HOPS = "too-many-hops"
    NO_ENVELOPE = "no-envelope"
    AMBIGUOUS_ENVELOPE = "ambiguous-envelope"
    TOO_LARGE = "too-large"
    WOULD_LOOP = "would-loop"
    REJECTED = "rejected"
    UNANSWERED = "unanswered"
    FILTERED = "filtered"
    REPLICATED = "replicated"
    DUPLICATE = "duplicate"
    STORM = "storm"
    DELIVERED_TO_LOOP = "delivered-to-loop"
    LOOP_HEADER = "loop-header"
    BOUNCE_FLOOD = "bounce-flood"
    BOUNCE_OF_BOUNCE = "bounce-of-bounce"
    REPLY_ALL_STORM = "reply-all-storm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """Put the mail into each recipient's mailbox, or into the `folder` of it that a filter or the guard chose."""

    recipients: tuple[Address, ...]
    folder: str | None = None
    reason: Reason = Reason.DELIVERED
    sentence: str = "an ordinary mail for this mailbox"
    evidence: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Set the mail aside in Held, for these recipients, until a person releases or drops it.

    `storm` is the key of what it has in common with others, None where it has nothing.
    """

    recipients: tuple[Address, ...]
    reason: Reason
    sentence: str
    evidence: tuple[str, ...] = field(default=())
    storm: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Leave the mail on the server."""

    reason: Reason
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """The mail was here before: nothing is to be done, but for an erasure that is due."""

    reason: Reason
    sentence: str


Verdict = Deliver | Hold | Leave | Skip


def recipients_of(verdict: Verdict) -> tuple[Address, ...]:
    """Return whom a verdict is about; nobody where the mail stays where it is."""
    return verdict.recipients if isinstance(verdict, Deliver | Hold) else ()
