"""What was found out about storms: the storms, who makes them, by which evidence, and the bounces (DESIGN §8).

Texts that came out of mails are hostile: they are kept as they are, and escaped by whatever shows them.
Times are Unix seconds.
"""

from dataclasses import dataclass, field
from enum import Enum


class Species(Enum):
    """What kind of storm it is; the value is how it is called (docs/species.md)."""

    CONNECTOR = "connector replication"
    REMAILER = "header-only remailer"
    MULTIDROP = "multidrop duplicator"
    REDOWNLOAD = "POP re-download"
    FORWARDING_LOOP = "forwarding loop"
    ROUTING_LOOP = "routing loop"
    RULE_LOOP = "Exchange rule loop"
    LIST_LOOP = "list loop"
    REPLY_ALL = "reply-all storm"
    RECALL = "recall storm"
    AUTORESPONDERS = "autoresponder war"
    TICKET_LOOP = "bounce-ticket loop"
    BACKSCATTER = "backscatter flood"
    RETRY = "retry after a lost reply"
    REPLAY = "replay of a queue, pickup folder or archive"
    UNEXPLAINED = "copies without an explanation"


class EvidenceKind(Enum):
    """What is seen (DESIGN §8); the value is its stable code."""

    CONNECTOR_MARKER = "connector-marker"
    PICKUP_RESUBMISSION = "pickup-resubmission"
    REMINTED = "reminted"
    REPLAYED = "replayed"
    REINJECTED = "reinjected"
    FAN_OUT = "fan-out"
    DELIVERED_TO_LOOP = "delivered-to-loop"
    CYCLE = "cycle"
    LONGER_ROUTE = "longer-route"
    NOT_THROUGH_SENDER = "not-through-sender"
    LIST_TWICE = "list-twice"
    POLLING_BEAT = "polling-beat"
    PRODUCT = "product"
    SOURCE_OF_COPIES = "source-of-copies"
    ANSWERS = "answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A header line that anyone can check: in which mail (source and place in it), which field, and its text."""

    mail: str
    header: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One thing that is seen, in a sentence; how many copies show it; the lines that show it; what it adds to the score."""

    kind: EvidenceKind
    says: str
    copies: int
    weight: float
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A mail domain that is suspected: how strongly (0 to 1), why, and what else it could be.

    `score` comes about as docs/score.md says; `cap` is the sentence by which it was held down, "" where nothing did.
    `hosts` are its hosts in the copies' routes. `copies` pass through it. `is_mine`: the reader's own.
    """

    domain: str
    hosts: tuple[str, ...]
    score: float
    copies: int
    product: str | None
    advice: str
    contacts: tuple[str, ...]
    innocent_explanation: str
    evidence: tuple[Evidence, ...]
    cap: str = ""
    is_mine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeNode:
    """A hop that copies have in common: its place in the way, who wrote it, how many copies passed it.

    `parent` is the id of the hop before it, None at an origin. `left` is how many different hops follow it.
    """

    id: str
    parent: str | None
    host: str
    client: str
    domain: str
    copies: int
    left: int
    first_seen: float | None
    suspected: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """One time that the mail really left its sender: when, from which host, and the line that says so."""

    at: float | None
    host: str
    quote: Quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """One storm. `timeline` counts copies by moments: (beginning of a span, copies in it), `span` seconds each.

    `copies` are the mails of it in the sources, the genuine one among them; `recipients` how many mailboxes or
    addresses they came to. `departures` tell how many times the mail left its sender, as far as can be seen;
    `because` is why it is of this species, in sentences. `contents` is how many different mails are copied:
    more than one where a queue or an archive was sent again. `tree` may be cut to what can be drawn.
    """

    id: str
    species: Species
    sender: str
    subject: str
    message_id: str
    first_seen: float | None
    last_seen: float | None
    copies: int
    recipients: int
    contents: int
    departures: tuple[Departure, ...]
    because: tuple[str, ...]
    suspects: tuple[Suspect, ...]
    timeline: tuple[tuple[float, int], ...]
    span: float
    tree: tuple[TreeNode, ...]
    first_response: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """Reports about one mail: whose name it bears, how many reports, by cause, by reporter, and when (as Storm.timeline)."""

    original_message_id: str
    original_from: str
    reports: int
    causes: tuple[tuple[str, int], ...]
    reporters: tuple[tuple[str, int], ...]
    recipients: int
    timeline: tuple[tuple[float, int], ...]
    span: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounces:
    """The reports of failed deliveries among the mails. `not_sent_here` is None where nobody said what was sent here."""

    reports: int = 0
    mailbox_full: int = 0
    bounce_of_bounce: int = 0
    not_sent_here: int | None = None
    causes: tuple[tuple[str, int], ...] = field(default=())
    reporters: tuple[tuple[str, int], ...] = field(default=())
    floods: tuple[Flood, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A source, or a part of one, that could not be read, and why."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """All that was found in the sources."""

    mails: int
    octets: int
    sources: int
    storms: tuple[Storm, ...]
    bounces: Bounces
    repeats: int = 0
    unread: tuple[Unread, ...] = field(default=())
