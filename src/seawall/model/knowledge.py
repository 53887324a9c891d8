"""What is remembered of earlier mails, as the rules are told it, and what they want remembered of these."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from seawall.model.address import Address


@dataclass(frozen=True, slots=True)
class Variant:
    """One content that a recipient was given by one way, `delivered` times: its route, its list and its signs.

    `message_id` is a digest of the first one's Message-ID.
    """

    seen_id: int
    route: tuple[str, ...]
    list_id: str
    signs: frozenset[str]
    message_id: bytes
    delivered: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One mail in a tally: when it came (Unix seconds), from whom or where, and which mail it was."""

    moment: float
    who: str
    mail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """What the rules ask about a batch.

    `contents` are by recipient, each with what it is the content of;
    `marks` are the deliveries that marks name.
    """

    contents: Mapping[bytes, "Repeated"]
    resends: frozenset[bytes]
    tallies: frozenset[bytes]
    marks: frozenset[str]


@dataclass(frozen=True, slots=True)
class Repeated:
    """Whose content it is, and what: from these the tallies follow that matter where it comes again."""

    content_id: bytes
    recipient: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The answers.

    `resends` are those that were delivered, `storms` those whose breaker is open, `marks` says who received
    a delivery; `as_of` is the newest content that was known then.
    """

    contents: Mapping[bytes, tuple[Variant, ...]] = field(default_factory=dict)
    resends: frozenset[bytes] = frozenset()
    tallies: Mapping[bytes, tuple[Entry, ...]] = field(default_factory=dict)
    storms: frozenset[bytes] = frozenset()
    marks: Mapping[str, str] = field(default_factory=dict)
    as_of: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """What a delivery will have given its recipient; the ledger lets one of several that race have it."""

    content: bytes
    variant: bytes
    route: str
    list_id: str
    signs: str
    message_id: bytes
    resend: bytes | None


class StormKind(Enum):
    """What many mails have in common."""

    COPIES = "copies"
    BOUNCES = "bounces"
    REPLY_ALL = "reply-all"


@dataclass(frozen=True, slots=True, kw_only=True)
class StormNote:
    """That a mail belongs to a storm; `opens` where it is the one too many, which opens the breaker."""

    key: bytes
    kind: StormKind
    sender: str
    subject: str
    sentence: str
    opens: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is to be remembered of a batch beside its deliveries; `breaks` says why the account is to stop."""

    tallies: Mapping[bytes, tuple[Entry, ...]] = field(default_factory=dict)
    storms: tuple[StormNote, ...] = ()
    breaks: str = ""
