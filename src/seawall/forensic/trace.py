"""Facts → Trace: the storms, who makes them, and the bounces. Reads facts alone; pure but for that."""

from dataclasses import dataclass

from seawall.forensic.gather import Gathered
from seawall.model.trace import Bounces, Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How to look: `mine` are the reader's own domains, in A-labels; `sent_by` those whose mail is sent from here."""

    mine: tuple[str, ...] = ()


def trace(gathered: Gathered, order: Order) -> Trace:
    """Return what the facts tell."""
    del order
    return Trace(
        mails=gathered.mails,
        octets=gathered.octets,
        sources=gathered.sources,
        storms=(),
        bounces=Bounces(),
        unread=gathered.unread,
    )
