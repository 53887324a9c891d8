"""A mail → its MessageFacts: one pass over the header, no judgement, never an exception."""

import re
from hashlib import blake2b
from typing import Final

from seawall.facts.content import MAX_READ, content_id, sender_address
from seawall.facts.dates import moment
from seawall.facts.dsn import read_bounce
from seawall.facts.dsn_signs import is_worth_reading
from seawall.facts.envelope import read_envelope
from seawall.facts.header import Fields, scan, span
from seawall.facts.mark import FIELD, read_mark
from seawall.facts.passage import read_passage
from seawall.facts.section import header_digest, header_section
from seawall.model.envelope import EnvelopeName
from seawall.model.facts import MessageFacts
from seawall.model.replication import Passage
from seawall.model.text import shown

MAX_MARKS: Final = 32
MAX_DELIVERED_TO: Final = 64
_REVERSE_PATH = re.compile(rb"<?([!-;=?-~]{0,254})>?")
_MARK: Final = FIELD.lower().encode("ascii")


def read_message(
    head: bytes, octets: int, mark_key: bytes, envelope: EnvelopeName | None = None
) -> MessageFacts:
    """Return the facts of a mail from its first bytes (all of them, or at least the first MiB) and its size.

    `envelope` names the field that a multidrop account trusts; without it no such field is looked for.
    """
    section = header_section(head)
    fields = scan(section)
    received = fields.every(b"received")
    found = read_envelope(fields, envelope) if envelope else None
    passage = read_passage(fields, section)
    author = fields.first(b"from")
    sender = sender_address(author) if author else b""
    content = content_id(head[len(section) + 2 : MAX_READ], fields, sender, is_whole=len(head) < MAX_READ)
    arrived = received[0].rpartition(b";")[2] if received else fields.first(b"date") or b""
    return MessageFacts(
        header_digest=header_digest(section),
        octets=octets,
        received_hops=len(received),
        reverse_path=_reverse_path(fields.first(b"return-path")),
        return_path=_return_path(fields, section),
        delivered_to=tuple(
            _text(value.strip(b"<>").lower()) for value in fields.every(b"delivered-to")[:MAX_DELIVERED_TO]
        ),
        message_id=_text(fields.first(b"message-id")),
        from_=_text(author),
        subject=_text(fields.first(b"subject")),
        marks=tuple(
            mark
            for value in fields.every(_MARK)[:MAX_MARKS]
            if (mark := read_mark(value, mark_key)) is not None
        ),
        envelope=found.fields if found else (),
        by_hosts=found.by_hosts if found else (),
        defects=fields.defects + (found.defects if found else ()),
        content_id=content,
        resend_id=_resend_id(fields, passage, content),
        sender=_text(sender),
        arrived=arrived,
        passage=passage,
        bounce=read_bounce(section, head[len(section) + 2 :], fields) if is_worth_reading(fields) else None,
    )


def _resend_id(fields: Fields, passage: Passage, content: bytes | None) -> bytes | None:
    """Return what a mail and its re-send by a server have in common, and no copy that came another way (DESIGN §6)."""
    message_id = fields.first(b"message-id")
    if content is None or not message_id:
        return None
    way = (
        message_id,
        content,
        passage.origin_hop,
        " ".join((*passage.route, passage.list_id)).encode("utf-8", "replace"),
        *fields.every(b"delivered-to"),
        *fields.every(b"x-original-to"),
        *fields.every(b"envelope-to"),
        *fields.every(b"resent-date"),
        *fields.every(b"resent-message-id"),
    )
    return blake2b(b"\0".join(way), digest_size=16, person=b"seawall-resend").digest()


def _text(value: bytes | None) -> str:
    return shown(value, limit=256) if value else ""


def _reverse_path(value: bytes | None) -> str | None:
    """Read a Return-Path (RFC 5321 §4.4); None where it is absent or not plain ASCII."""
    found = _REVERSE_PATH.fullmatch(value) if value else None
    return found.group(1).decode("ascii") if found else None


def _return_path(fields: Fields, section: bytes) -> tuple[int, int] | None:
    """Return where the Return-Path stands that the last server put on top; what is below a hop is the sender's."""
    for name, _ in fields.entries:
        if name == b"return-path":
            return span(section, name)
        if name == b"received":
            return None
    return None


def arrived_at(head: bytes) -> float | None:
    """Return the moment in the topmost Received (Unix seconds), else that of Date; None where neither tells one."""
    fields = scan(header_section(head))
    received = fields.first(b"received")
    stamps = [received.rpartition(b";")[2]] if received else []
    date = fields.first(b"date")
    if date:
        stamps.append(date)
    for stamp in stamps:
        arrived = moment(stamp)
        if arrived is not None:
            return arrived
    return None
