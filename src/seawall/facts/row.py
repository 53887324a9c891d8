"""A mail → its row of facts, by which storms are found and traced (DESIGN §7). Total, never an exception.

The other view of what the one scanner reads (facts/message.py is the connector's). It alone hands out addresses of To
and Cc, so nothing that decides or delivers may reach it (promise 1; the import contract holds it to that).
"""

import re
from hashlib import blake2b
from typing import Final

from seawall.facts.content import MAX_READ, content_and_body_id, normal_subject, sender_address
from seawall.facts.dates import moment
from seawall.facts.dsn import read_bounce
from seawall.facts.dsn_signs import is_worth_reading
from seawall.facts.header import Fields, scan
from seawall.facts.hops import read_hops
from seawall.facts.passage import LOOP_FIELDS, loop_addresses, read_list_id
from seawall.facts.section import divide
from seawall.model.bounce import Bounce
from seawall.model.row import DeliveredTo, Hop, Report, Row

MAX_RECIPIENTS: Final = 1000
MAX_DELIVERED_TO: Final = 64
MAX_TEXT: Final = 256
MAX_ALIKE: Final = 16
"""Fields of one name of which the values are kept."""

_ADDRESS = re.compile(rb"[^\s<>\"(),;:\[\]\\@]{1,64}@[A-Za-z0-9_.-]{1,255}")
_MARKER: Final = b"mspop3connector."
_MINTED = re.compile(rb"<[0-9a-f]{4}([0-9a-f]{8})\$([0-9a-f]{8})\$([0-9a-f]{8})@", re.IGNORECASE)
_FILETIME = re.compile(rb"FILETIME=\[([0-9a-f]{8}):([0-9a-f]{8})\]", re.IGNORECASE)
_FILETIME_UNITS: Final = 10_000_000
"""A FILETIME counts 100 ns, from 1601 on."""
_FILETIME_EPOCH: Final = 11_644_473_600
_FROM_PICKUP: Final = "from mail pickup service"
_PICKUP = re.compile(r"from mail pickup service by (\S{1,255}) with Microsoft SMTPSVC", re.IGNORECASE)
_ID = re.compile(rb"<[^<>\s]{1,250}>")
_RECIPIENT_FIELDS: Final = (b"to", b"cc")
_MARKED_FIELDS: Final = (
    b"to", b"cc", b"bcc", b"apparently-to", b"x-original-to", b"delivered-to", b"envelope-to",
)  # fmt: skip
_ENVELOPE_FIELDS: Final = (b"x-original-to", b"envelope-to", b"x-envelope-to", b"x-rcpt-to")
_POSITION_FIELDS: Final = (
    b"x-archive-position", b"x-sequence", b"x-ml-count", b"x-mail-count", b"x-no", b"list-post", b"x-mailman-version",
)  # fmt: skip
_RESENT: Final = frozenset((b"resent-from", b"resent-date", b"resent-to"))
_RARE: Final = _RESENT.union(
    _ENVELOPE_FIELDS, _POSITION_FIELDS, LOOP_FIELDS, (b"delivered-to", b"x-originalarrivaltime")
)
"""Fields of which most mails have none."""


def read_row(head: bytes, size: int) -> Row:
    """Return the facts of a mail from its first bytes (all of it, or at least the first MiB) and its size in octets.

    Lines may end in CRLF or LF.
    """
    section, body_at = divide(head)
    fields = scan(section)
    received = fields.every(b"received")
    sender = sender_address(fields.first(b"from") or b"")
    message_id = fields.first(b"message-id") or b""
    body = head[body_at:MAX_READ]
    content, body_id = content_and_body_id(body, fields, sender, is_whole=len(head) < MAX_READ) or (
        None,
        None,
    )
    hops = read_hops(received)
    recipients, count = _recipients(fields)
    minted_at, minted_ip = _minted(message_id)
    return_path = fields.first(b"return-path")
    bounce = read_bounce(section, body, fields) if is_worth_reading(fields) else None
    subject = fields.first(b"subject") or b""
    in_reply_to = fields.first(b"in-reply-to") or b""
    told = fields.among(_RARE)
    return Row(
        size=size,
        header_size=len(section),
        message_id=_text(_bare_id(message_id)),
        exact_id=_exact(message_id, content),
        content_id=content,
        body_id=body_id,
        from_address=_text(sender),
        sender_domain=_text(sender.rpartition(b"@")[2]),
        subject=_text(subject),
        subject_norm=_text(normal_subject(subject)),
        date=moment(fields.first(b"date") or b""),
        return_path=_text(return_path.strip(b"<> ").lower()) if return_path is not None else None,
        recipients=recipients,
        recipient_count=count,
        marked_recipients=_marked(fields) if _MARKER in section.lower() else (),
        envelope_to=_envelope_to(fields) if not told.isdisjoint(_ENVELOPE_FIELDS) else (),
        delivered_to=_delivered_to(fields) if b"delivered-to" in told else (),
        hops=hops,
        hop_count=len(received),
        list_id=read_list_id(fields),
        list_positions=_list_positions(fields) if not told.isdisjoint(_POSITION_FIELDS) else (),
        loop_addresses=loop_addresses(fields) if not told.isdisjoint(LOOP_FIELDS) else (),
        auto_submitted=_text(fields.first(b"auto-submitted") or b"").lower(),
        is_resent=not told.isdisjoint(_RESENT),
        thread=_text(_bare_id(fields.first(b"references") or in_reply_to)),
        in_reply_to=_text(_bare_id(in_reply_to)),
        mailer=_text(
            fields.first(b"x-mimeole") or fields.first(b"x-mailer") or fields.first(b"user-agent") or b""
        ),
        minted_at=minted_at,
        minted_ip=minted_ip,
        pickup_host=_pickup_host(hops),
        pickup_arrival=_arrival(fields) if b"x-originalarrivaltime" in told else None,
        report=_report(bounce),
        defects=fields.defects,
    )


def _text(value: bytes) -> str:
    return value[:MAX_TEXT].decode("utf-8", "replace")


def _bare_id(value: bytes) -> bytes:
    """Return the first message id of a field without its brackets; all of the field where it has none."""
    found = _ID.search(value)
    return found.group()[1:-1] if found else value.strip()


def _exact(message_id: bytes, content: bytes | None) -> bytes | None:
    if not message_id or content is None:
        return None
    return blake2b(message_id + b"\0" + content, digest_size=16, person=b"seawall-exact").digest()


def _envelope_to(fields: Fields) -> tuple[str, ...]:
    return tuple(
        _text(value.strip(b"<> ").lower())
        for name in _ENVELOPE_FIELDS
        for value in fields.every(name)[:MAX_ALIKE]
    )


def _list_positions(fields: Fields) -> tuple[str, ...]:
    return tuple(
        _text(name + b": " + value) for name in _POSITION_FIELDS for value in fields.every(name)[:MAX_ALIKE]
    )


def _recipients(fields: Fields) -> tuple[tuple[str, ...], int]:
    """Return the addresses in To and Cc, the first MAX_RECIPIENTS of them once each, and how many there are."""
    found = [
        address
        for name in _RECIPIENT_FIELDS
        for value in fields.every(name)
        for address in _ADDRESS.findall(value)
    ]
    texts = [address.decode("utf-8", "replace").lower() for address in found[:MAX_RECIPIENTS]]
    return tuple(dict.fromkeys(texts)), len(found)


def _marked(fields: Fields) -> tuple[str, ...]:
    """Return the addresses in fields of recipients that bear a connector's marker."""
    marked = [
        address.decode("utf-8", "replace")
        for name in _MARKED_FIELDS
        for value in fields.every(name)
        for address in _ADDRESS.findall(value.lower())
        if address.startswith(_MARKER)
    ]
    return tuple(dict.fromkeys(marked[:MAX_ALIKE]))


def _delivered_to(fields: Fields) -> tuple[DeliveredTo, ...]:
    found = []
    hops = 0
    for name, value in fields.entries:
        if name == b"received":
            hops += 1
        elif name == b"delivered-to":
            found.append(DeliveredTo(_text(value.strip(b"<> ").lower()), hops))
            if len(found) == MAX_DELIVERED_TO:
                break
    return tuple(found)


def _minted(message_id: bytes) -> tuple[float | None, str]:
    """Return the moment and the IPv4 address in a Message-ID of Microsoft's CDO (DESIGN §8)."""
    found = _MINTED.search(message_id)
    if not found:
        return None, ""
    moment_ = int(found.group(1) + found.group(2), 16) / _FILETIME_UNITS - _FILETIME_EPOCH
    address = ".".join(str(octet) for octet in reversed(bytes.fromhex(found.group(3).decode("ascii"))))
    return moment_, address


def _arrival(fields: Fields) -> float | None:
    for value in fields.every(b"x-originalarrivaltime"):
        if found := _FILETIME.search(value):
            return int(found.group(2) + found.group(1), 16) / _FILETIME_UNITS - _FILETIME_EPOCH
    return None


def _pickup_host(hops: tuple[Hop, ...]) -> str:
    for hop in hops:
        if hop.text[: len(_FROM_PICKUP)].lower() == _FROM_PICKUP and (found := _PICKUP.match(hop.text)):
            return found.group(1).lower()
    return ""


def _report(bounce: Bounce | None) -> Report | None:
    if bounce is None:
        return None
    return Report(
        action=bounce.action,
        status=bounce.status,
        cause=bounce.cause.value,
        recipients=bounce.recipients[:MAX_RECIPIENTS],
        reporter=bounce.reporter,
        original_message_id=bounce.original_message_id.strip("<> "),
        original_from=bounce.original_from,
        original_hosts=bounce.original_hosts,
        is_about_bounce=bounce.is_about_bounce,
    )
