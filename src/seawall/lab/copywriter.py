"""The copies that an unpatched POP3 connector makes of a mail: those of Windows Small Business Server 2003.

Owns how such a copy is written, field by field, as two real pairs of July and August 2005 show it, and the
long row of them that a storm puts into one mailbox. Refuses to know the clock, chance and the network: they
are arguments. This is the lab's imitation of the fault; nothing that collects or delivers imports it.

What the pairs do not show is assumed, and said where it is done. They passed a mailing list on their way, so
that what the list's own server took away (Return-Path, Sender …) cannot be told from what the connector did.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from random import Random
from typing import Final

from seawall.lab.fields import addresses, entries, joined, name_of, split
from seawall.lab.server_time import arrival_time, date, filetime

POLLING: Final = timedelta(minutes=15)
"""How often the connector asks the ISP, as it is installed."""
WINDOWS_SERVER_2003: Final = "V6.00.3790.181"
GONE: Final = frozenset(
    {
        # Seen to be gone.
        b"received",
        b"return-path",
        b"x-envelope-to",
        b"x-orcpt",
        b"original-recipient",
        b"sender",
        b"errors-to",
        # Written anew.
        b"message-id",
        b"x-originalarrivaltime",
        # Assumed to go, as trace of the same kind.
        b"delivered-to",
        b"envelope-to",
        b"x-original-to",
    }
)
"""Fields that do not outlive the connector; every other one is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """Where in the header the connector puts its fields; it was not the same on the two days of the pairs.

    A field stands before the first one of the name given (in lower case), or at the header's end where that
    is absent or None.
    """

    message_id_before: bytes
    class_before: bytes
    importance_before: bytes | None
    thread_index: bytes
    """How the name of a Thread-Index that the mail brought is spelled."""


JULY: Final = Manner(
    message_id_before=b"content-type",
    class_before=b"x-list",
    importance_before=None,
    thread_index=b"Thread-Index",
)
AUGUST: Final = Manner(
    message_id_before=b"date",
    class_before=b"x-original-sender",
    importance_before=b"x-original-sender",
    thread_index=b"thread-index",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector:
    """One server with the fault, and the one mailbox that it collects."""

    host: str
    """As the server names itself, in Received and in EHLO."""
    user: str
    domain: str
    """The mailbox that it collects for: `user@domain`."""
    internal_address: IPv4Address
    internal_domain: str
    public_address: IPv4Address
    version: str = WINDOWS_SERVER_2003
    """Of Microsoft MimeOLE, which tells the system's."""
    manner: Manner = AUGUST

    @property
    def marker(self) -> str:
        """The address by which the connector finds its own mailbox again in a mail that it sends."""
        return f"mspop3connector.{self.user}@{self.domain}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """What one server writes on top of a mail that another one hands it (RFC 5321 §4.4)."""

    helo: str
    address: IPv4Address
    by: str
    identity: str
    at: datetime

    def field(self) -> bytes:
        """Return the Received field, without its line end."""
        return (
            f"Received: from {self.helo} ([{self.address}])\r\n"
            f"\tby {self.by} with ESMTP id {self.identity}; {date(self.at)}"
        ).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingList:
    """A list that takes a copy in and sends it to its subscribers, as ECARTIS v1.0.0 did."""

    name: str
    host: str
    command: str
    """The program that the list's own server hands its mail to."""


def resend(
    mail: bytes,
    connector: Connector,
    *,
    at: datetime,
    number: int,
    delay: timedelta = timedelta(milliseconds=16),
) -> bytes:
    """Return the copy of `mail`, as it lay in the POP3 box, that leaves the server by its pickup folder.

    `at`, an aware datetime, is when the Message-ID and the Date are made, in the server's own zone; `number`
    is the Message-ID's counter (its low 16 bits); after `delay` the SMTP service has found the file. The
    body's octets are the mail's. Any octets give a copy.
    """
    fields, body = split(mail)
    arrival = at + delay
    kept = [field for field in fields if name_of(field) not in GONE]
    written = [_pickup(connector, arrival), *_rewritten(kept, connector, at)]
    if not any(name_of(field) == b"date" for field in written):
        _insert(written, connector.manner.message_id_before, [b"Date: " + date(at).encode()])
    _insert(
        written, connector.manner.message_id_before, [b"Message-ID: " + _message_id(connector, at, number)]
    )
    present = {name_of(field) for field in kept}
    importance = [b"Importance: normal", b"Priority: normal"]
    if b"x-mimeole" not in present:
        # As the same library does where it writes a mail of its own.
        importance.append(b"X-MimeOLE: " + _mimeole(connector))
    for before, new in (
        (connector.manner.class_before, [b"Content-Class: urn:content-classes:message"]),
        (connector.manner.importance_before, importance),
    ):
        # Those that the mail brought are assumed to stay as they are.
        _insert(written, before, [field for field in new if name_of(field) not in present])
    if b"to" not in present:
        # Assumed: both pairs have a To of some kind.
        written.append(b"To: " + _recipient(connector))
    written.append(arrival_time(arrival))
    return joined(written, body)


def relayed(copy: bytes, above: Sequence[bytes | Hop], below: Sequence[bytes] = ()) -> bytes:
    """Return the copy with these fields on top, the last server's first, and `below` at its header's end."""
    fields, body = split(copy)
    top = [entry.field() if isinstance(entry, Hop) else entry for entry in above]
    return joined([*top, *fields, *below], body)


def through_list(
    copy: bytes, mailing_list: MailingList, hop: bytes | Hop, *, at: datetime, position: int
) -> bytes:
    """Return the copy as a list's subscriber gets it: taken in by `hop`, then sent out at `at` as no. `position`.

    `at`'s zone has the name that is written behind the date.
    """
    name, host = mailing_list.name, mailing_list.host
    fields, _ = split(copy)
    authors = [address for field in fields if name_of(field) == b"from" for address in addresses(field)]
    return relayed(
        copy,
        [f"Received: with ECARTIS (v1.0.0; list {name}); {date(at)} ({at.tzname()})".encode(), hop],
        [
            f"Return-Path: <{name}-bounce@{host}>".encode(),
            f'X-Envelope-To: <"|{mailing_list.command} -s {name}"> (uid 0)'.encode(),
            f"X-Orcpt: rfc822;{name}@{host}".encode(),
            f"Original-Recipient: rfc822;{name}@{host}".encode(),
            f"X-archive-position: {position}".encode(),
            b"X-ecartis-version: Ecartis v1.0.0",
            f"Sender: {name}-bounce@{host}".encode(),
            f"Errors-to: {name}-bounce@{host}".encode(),
            *(f"X-original-sender: {author}".encode() for author in authors[:1]),
            b"Precedence: bulk",
            f"X-list: {name}".encode(),
        ],
    )


def recipients_of(mail: bytes) -> tuple[str, ...]:
    """Return the addresses to which the fault sends the mail: each one in To and Cc, once, in their order.

    This is the fault itself (RFC 5321 §3.8 forbids it), as the lab imitates it; nothing that collects or
    delivers imports it. Another connector's marker is among them, and a server's own one, which it takes for
    itself.
    """
    fields, _ = split(mail)
    found = [address for field in fields if name_of(field) in {b"to", b"cc"} for address in addresses(field)]
    return tuple({address.lower(): address for address in reversed(found)}.values())[::-1]


def storm(
    mail: bytes,
    connectors: Sequence[Connector],
    copies: int,
    *,
    start: datetime,
    draw: Random,
    every: timedelta = POLLING,
    inbox: str = "pop.isp.example",
    from_the_last: bool = True,
) -> Iterator[bytes]:
    """Yield `copies` arrivals of one mail in one mailbox at the host `inbox`, one by one, the connectors by turns.

    Each is made of the one before, as servers that feed each other make it, or each of the mail itself.
    About `every` so often one arrives, beginning after `start`; from two seconds on every Date is later than
    the one before. Raises ValueError where `every` is under a millisecond, for Message-IDs would repeat.
    """
    if every < timedelta(milliseconds=1):
        raise ValueError("two copies are at least a millisecond apart")
    leeway = every // timedelta(milliseconds=4)
    source = mail
    for index in range(copies):
        connector = connectors[index % len(connectors)]
        at = start + every * (index + 1) + timedelta(milliseconds=draw.randint(0, leeway))
        copy = resend(
            source,
            connector,
            at=at,
            number=1 + index // len(connectors),
            delay=timedelta(milliseconds=draw.randint(15, 500)),
        )
        hop = Hop(
            helo=connector.host,
            address=connector.public_address,
            by=inbox,
            identity=f"{draw.getrandbits(48):012x}.{index}",
            at=(at + timedelta(seconds=draw.randint(1, 9))).astimezone(UTC),
        )
        arrival = relayed(copy, [hop])
        yield arrival
        if from_the_last:
            source = arrival


def _insert(fields: list[bytes], before: bytes | None, new: Sequence[bytes]) -> None:
    """Put the new fields before the first one of that name below the pickup's own."""
    place = next((index for index, field in enumerate(fields) if name_of(field) == before), len(fields))
    fields[place:place] = new


def _rewritten(fields: Sequence[bytes], connector: Connector, at: datetime) -> Iterator[bytes]:
    """Give Date, To and X-MimeOLE their new values, each once, and the last two names their other spelling."""
    values = {
        b"date": date(at).encode(),
        b"to": b",\r\n\t".join(_mangled([field for field in fields if name_of(field) == b"to"], connector)),
        b"x-mimeole": _mimeole(connector),
    }
    done: set[bytes] = set()
    for field in fields:
        name = name_of(field)
        label, _, value = field.partition(b":")
        if name in done:
            continue
        if name in values:
            done.add(name)
            yield label + (b":\t" if value.startswith(b"\t") else b": ") + values[name]
        elif name == b"thread-index":
            yield connector.manner.thread_index + b":" + value
        elif name == b"x-list":
            # In both pairs; by the connector or by the list's server where it came back, they do not tell.
            yield label + b":" + value.replace(b" ", b"\t", 1)
        else:
            yield field


def _mangled(fields: Sequence[bytes], connector: Connector) -> Iterator[bytes]:
    """Write a To as the connector does: what is no address becomes one, and its own recipient comes last.

    Assumed: its marker is not written twice where the mail has it from an earlier round.
    """
    own = f"<{connector.marker.lower()}>".encode()
    for field in fields:
        for entry in entries(field):
            if own in entry.lower():
                continue
            if b"@" in entry or entry.startswith(b"<"):
                yield entry
            else:
                yield b"<" + entry.strip(b"()<> \t") + b">"
    yield _recipient(connector)


def _recipient(connector: Connector) -> bytes:
    return f'"IMB Recipient 1" <{connector.marker}>'.encode()


def _message_id(connector: Connector, at: datetime, number: int) -> bytes:
    """Return an id of 12, 8 and 8 digits: a counter and a FILETIME, and the internal address, little-endian."""
    high, low = divmod(filetime(at), 2**32)
    address = connector.internal_address.packed[::-1].hex()
    identity = f"{number & 0xFFFF:04x}{high:08x}${low:08x}${address}@{connector.internal_domain}"
    return f"<{identity}>".encode()


def _pickup(connector: Connector, arrival: datetime) -> bytes:
    return (
        f"Received: from mail pickup service by {connector.host} with Microsoft SMTPSVC;\r\n\t {date(arrival)}"
    ).encode()


def _mimeole(connector: Connector) -> bytes:
    return f"Produced By Microsoft MimeOLE {connector.version}".encode()
