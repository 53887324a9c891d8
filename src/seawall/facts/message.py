"""A mail → its MessageFacts: one pass over the header, no judgement, never an exception."""

import re
from email.utils import mktime_tz, parsedate_tz
from typing import Final

from seawall.facts.envelope import read_envelope
from seawall.facts.header import Fields, scan, span
from seawall.facts.mark import FIELD, read_mark
from seawall.facts.section import header_digest, header_section
from seawall.model.envelope import EnvelopeName
from seawall.model.facts import MessageFacts
from seawall.model.text import shown

MAX_MARKS: Final = 32
MAX_DELIVERED_TO: Final = 64
MAX_DATE: Final = 128
_REVERSE_PATH = re.compile(rb"<?([!-;=?-~]{0,254})>?")
_MARK: Final = FIELD.lower().encode("ascii")
_LAST_MOMENT: Final = 253_402_300_799.0
"""The last second of the year 9999."""


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
        from_=_text(fields.first(b"from")),
        subject=_text(fields.first(b"subject")),
        marks=tuple(
            mark
            for value in fields.every(_MARK)[:MAX_MARKS]
            if (mark := read_mark(value, mark_key)) is not None
        ),
        envelope=found.fields if found else (),
        by_hosts=found.by_hosts if found else (),
        defects=fields.defects + (found.defects if found else ()),
    )


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
        moment = _moment(stamp)
        if moment is not None:
            return moment
    return None


def _moment(stamp: bytes) -> float | None:
    """Read a date (RFC 5322 §3.3) as Unix seconds; None where it is none."""
    try:
        parts = parsedate_tz(stamp[:MAX_DATE].decode("ascii", "replace"))
        moment = float(mktime_tz(parts)) if parts else None
    except (ValueError, OverflowError, IndexError, TypeError):
        # The standard parser raises on about one date in a hundred of real mail.
        return None
    return moment if moment is not None and 0 <= moment <= _LAST_MOMENT else None
