"""One mail on its way to one recipient by a next hop, and the diary in which its way is written down."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from seawall.model.address import Address
from seawall.model.mail import Content
from seawall.model.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One delivery: `top` (CRLF line ends) goes in front of `content`, which is the mail as served.

    `reverse_path` is without angle brackets, empty for the null reverse-path (RFC 5321 §4.5.5).
    `return_path` is where in `content` (from octet, to octet) the Return-Path field stands that says
    the same: it is left out where the reverse-path goes into an envelope (RFC 5321 §4.4).
    """

    delivery_id: str
    recipient: Address
    reverse_path: str
    top: bytes = field(repr=False)
    content: Content
    return_path: tuple[int, int] | None = None

    @property
    def octets(self) -> int:
        """The length in octets, trace included."""
        return len(self.top) + self.content.octets


class Diary(Protocol):
    """Who writes down how far each transfer came; between `offer` and `close` a kill leaves a doubt."""

    def offer(self, delivery_id: str) -> Awaitable[None]:
        """From here on the next hop may have the mail: durable once this was awaited."""

    def close(self, delivery_id: str, outcome: Outcome) -> None:
        """The next hop answered; made durable soon, and at the latest with the next `offer`."""


class Carrier(Protocol):
    """A next hop: it takes mails one recipient at a time, and says what became of each."""

    async def probe(self) -> None:
        """See whether it can take mail now; raises Temporary where it is down, Misconfigured where it cannot be used."""

    async def carry(self, transfers: Sequence[Transfer], diary: Diary) -> None:
        """Offer each transfer and close it with its outcome.

        Raises Temporary where the next hop goes away; what was offered and not closed is in doubt
        then, and what was not offered did not happen.
        """

    async def close(self) -> None:
        """Give back what is kept for the next batch."""
