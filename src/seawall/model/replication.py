"""What a mail's header tells of copying by machines: where it has been, what it bears, what keeps it from loops."""

from dataclasses import dataclass, field
from enum import Enum


class SignKind(Enum):
    """A trace that a machine left when it made a mail anew (DESIGN §8)."""

    CONNECTOR_MARKER = "connector-marker"
    PICKUP_RESUBMISSION = "pickup-resubmission"


@dataclass(frozen=True, slots=True)
class Sign:
    """One such trace, and the header text that shows it, shortened; hostile."""

    kind: SignKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """How a mail came here, and what its header says of machines that had it.

    `route` are the organisations that it passed, origin first, before the first of them at times the address of
    a client in brackets; the last is the one that received it here.
    `origin_hop` is the lowest Received as it stands, `list_id` the list that sent it, "" where none did.
    `is_resent` says that a person or a rule sent it on (RFC 5322 §3.6.6). `loop_addresses` are those that
    lists, robots and rules wrote twice, so that they know their own mail again, in lower case; `automation` the fields
    by which a machine says that it is one, as they stand. `thread` is the Message-ID that its References begin
    with, and `addressees` how many addresses To and Cc of a mail in a thread have: a number, because who they are is
    nobody's business here (promise 1).
    """

    route: tuple[str, ...] = field(default=())
    origin_hop: bytes = b""
    list_id: str = ""
    signs: tuple[Sign, ...] = field(default=())
    is_resent: bool = False
    loop_addresses: tuple[str, ...] = field(default=())
    automation: tuple[str, ...] = field(default=())
    thread: bytes = b""
    addressees: int = 0
