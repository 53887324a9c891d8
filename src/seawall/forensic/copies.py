"""A copy: one mail of a storm, with its facts and its way, as the rules see it.

Owns how a row of the table becomes one. Judges nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seawall.forensic.domains import is_line_name, is_private, organisation
from seawall.forensic.reader import Reader, recipient_of
from seawall.forensic.rows import hops_of
from seawall.forensic.ways import Way, read_way
from seawall.model.row import DeliveredTo, Hop


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One mail: what the rules ask of its row (model.row.Row), and what is known of it beside the others.

    `box` is the mailbox or archive in which it lies; `arrived` the moment in its topmost Received, else when the
    source says that it came, else its Date; `recipient` whom the reader's servers say that it was for; `way` who
    handed it on; `reader` the side of the mailbox in which it lies.
    """

    source: str
    place: int
    size: int
    header_size: int
    box: str
    arrived: float | None
    message_id: str
    content_id: bytes | None
    from_address: str
    sender_domain: str
    subject: str
    subject_norm: str
    return_path: str | None
    recipients: tuple[str, ...]
    marked_recipients: tuple[str, ...]
    envelope_to: tuple[str, ...]
    delivered_to: tuple[DeliveredTo, ...]
    hops: tuple[Hop, ...]
    list_id: str
    list_positions: tuple[str, ...]
    loop_addresses: tuple[str, ...]
    is_resent: bool
    in_reply_to: str
    mailer: str
    minted_at: float | None
    minted_ip: str
    pickup_host: str
    pickup_arrival: float | None
    recipient: str
    way: Way
    reader: Reader

    @property
    def name(self) -> str:
        """What the copy is called where it is quoted: its source, and its number there from 1."""
        return f"{self.source}:{self.place + 1}"

    @property
    def maker(self) -> str:
        """The organisation that made it, as far as servers vouch for that; "" where only the reader's side is to be seen."""
        steps = self.way.steps
        return self.way.maker if len(steps) - self.way.believed > self.reader.steps else ""

    @property
    def is_logged(self) -> bool:
        """Whether it is known from a server's log: there a mail has a way and no header (docs/logs.md)."""
        return bool(self.hops) and not self.header_size

    @property
    def has_signs(self) -> bool:
        """Whether a connector that sends mail again left its traces."""
        return bool(self.marked_recipients) or self.is_pickup_resubmission

    @property
    def is_pickup_resubmission(self) -> bool:
        """Whether a pickup folder sent it, and its Message-ID was minted there at that moment (DESIGN §8)."""
        return (
            bool(self.pickup_host)
            and self.minted_at is not None
            and self.pickup_arrival is not None
            and abs(self.pickup_arrival - self.minted_at) <= PICKUP_SECONDS
        )


PICKUP_SECONDS = 2.0
_OWN = frozenset(("arrived", "recipient", "way", "reader", "delivered_to", "hops"))


def copy_of(row: Mapping[str, Any], reader: Reader, known: Callable[[str], str]) -> Copy:
    """Return the copy that a row of the table is; lists in it become tuples."""
    hops = hops_of(row)
    way = read_way(hops, known)
    return Copy(
        **{name: _frozen(row[name]) for name in Copy.__dataclass_fields__ if name not in _OWN},
        arrived=next(
            (at for at in (hops[-1].at if hops else None, row["received_at"], row["date"]) if at is not None),
            None,
        ),
        delivered_to=tuple(DeliveredTo(**found) for found in row["delivered_to"]),
        hops=hops,
        recipient=recipient_of(row, way, reader.steps),
        way=way,
        reader=reader,
    )


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def names_of_addresses(ways: Iterable[Sequence[Hop]]) -> dict[str, str]:
    """Return the organisation of each public IP address that some hop gives a name to.

    What a server looked up counts twice what a client said.
    """
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for hops in ways:
        for hop in hops:
            if not hop.from_ip or is_private(hop.from_ip):
                continue
            if hop.rdns and not is_line_name(hop.rdns) and (found := organisation(hop.rdns)):
                votes[hop.from_ip][found] += 2
            elif not is_line_name(hop.helo) and (found := organisation(hop.helo)):
                votes[hop.from_ip][found] += 1
    return {address: count.most_common(1)[0][0] for address, count in votes.items()}
