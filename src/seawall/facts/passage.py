"""A header's fields → where a mail has been and which machines had it: the route, signs of replication, loop headers.

Owns what is looked for, and where it was learnt. It judges nothing: each of these is ordinary in some mail.
"""

import re
from collections.abc import Sequence
from typing import Final

from seawall.facts.header import Fields
from seawall.model.organisation import organisation
from seawall.model.replication import Passage, Sign, SignKind
from seawall.model.text import shown

MAX_HOPS_READ: Final = 64
MAX_ROUTE: Final = 16
MAX_LOOP_FIELDS: Final = 32
CLOCK_SECONDS: Final = 2.0
"""By how much the moment in a pickup's Message-ID may precede that of its arrival."""

_BY = re.compile(rb"\bby[ \t]+\[?([A-Za-z0-9_.-]{1,255})", re.IGNORECASE)
_IP = re.compile(rb"\[[0-9.]{7,15}\]")
_FROM = re.compile(rb"from[ \t]+([A-Za-z0-9_.-]{1,255})", re.IGNORECASE)
_MARKER = re.compile(rb"mspop3connector\.[^\s<>@,;:]{1,64}@[A-Za-z0-9.-]{1,255}", re.IGNORECASE)
_PICKUP = re.compile(rb"from mail pickup service by (\S{1,255}) with Microsoft SMTPSVC", re.IGNORECASE)
_MINTED = re.compile(rb"<[0-9a-f]{4}([0-9a-f]{8})\$([0-9a-f]{8})\$[0-9a-f]{8}@", re.IGNORECASE)
_FILETIME = re.compile(rb"FILETIME=\[([0-9a-f]{8}):([0-9a-f]{8})\]", re.IGNORECASE)
_FILETIME_UNITS: Final = 10_000_000
"""A FILETIME counts 100 ns."""
_ID = re.compile(rb"<[^<>\s]{1,250}>")
_LOOP_ADDRESS = re.compile(rb"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,255}")

_RECIPIENT_FIELDS: Final = (
    b"to",
    b"cc",
    b"bcc",
    b"apparently-to",
    b"x-original-to",
    b"delivered-to",
    b"envelope-to",
)
LOOP_FIELDS: Final = (b"x-loop", b"x-beenthere", b"list-post", b"x-ms-exchange-inbox-rules-loop")
_AUTOMATION_FIELDS: Final = (
    b"auto-submitted",
    b"x-auto-response-suppress",
    b"precedence",
    b"x-autoreply",
    b"x-autorespond",
    b"x-ms-exchange-inbox-rules-loop",
    b"x-ms-exchange-generated-message-source",
    b"x-loop",
    b"feedback-id",
)
"""RFC 3834; MS-OXCMAIL; what vacation programs, lists and mass senders write."""
_LIST_FIELDS: Final = (b"list-id", b"x-list", b"mailing-list", b"x-mailing-list", b"x-beenthere")
_RESENT_FIELDS: Final = (b"resent-from", b"resent-date", b"resent-to")
_TELLING: Final = frozenset(
    (*LOOP_FIELDS, *_AUTOMATION_FIELDS, *_LIST_FIELDS, *_RESENT_FIELDS, b"references", b"in-reply-to")
)
"""Fields of which most mails have none."""


def read_passage(fields: Fields, section: bytes) -> Passage:
    """Return what a header tells of a mail's way."""
    received = fields.every(b"received")
    route, origin_hop = _route(received), received[-1] if received else b""
    signs = _signs(fields) if _may_have_signs(section) else ()
    told = fields.among(_TELLING)
    if not told and not signs:
        return Passage(route=route, origin_hop=origin_hop)
    references = fields.first(b"references") or fields.first(b"in-reply-to")
    thread = _ID.search(references) if references else None
    return Passage(
        route=route,
        origin_hop=origin_hop,
        list_id=read_list_id(fields),
        signs=signs,
        is_resent=not told.isdisjoint(_RESENT_FIELDS),
        loop_addresses=loop_addresses(fields),
        automation=tuple(
            shown(name + b": " + (fields.first(name) or b""), limit=128)
            for name in _AUTOMATION_FIELDS
            if name in told
        ),
        thread=thread.group() if thread else b"",
        addressees=sum(value.count(b"@") for name in (b"to", b"cc") for value in fields.every(name)),
    )


def _route(received: Sequence[bytes]) -> tuple[str, ...]:
    """Return the organisations of a chain, origin first, each once where it follows itself.

    Before a client's own name stands the address by which it was seen, in brackets.
    """
    route: list[str] = []
    if received:
        handed_in = _FROM.match(received[-1])
        if handed_in and (origin := organisation(handed_in.group(1).decode("ascii"))):
            # What a client calls itself is worth little without its address, which the server saw.
            address = _IP.search(received[-1])
            route += [address.group().decode("ascii"), origin] if address else [origin]
    for value in reversed(received[:MAX_HOPS_READ]):
        found = _BY.search(value)
        name = organisation(found.group(1).decode("ascii")) if found else ""
        if name and (not route or route[-1] != name):
            route.append(name)
    return tuple(route) if len(route) <= MAX_ROUTE else (*route[: MAX_ROUTE - 4], *route[-4:])


def read_list_id(fields: Fields) -> str:
    """Return by which list a mail came, as its header names it; "" where by none."""
    for name in _LIST_FIELDS:
        value = fields.first(name)
        if value is not None:
            return shown(value.lower(), limit=128)
    return ""


def _may_have_signs(section: bytes) -> bool:
    return b"pop3connector." in section.lower() or b"mail pickup service" in section


def _signs(fields: Fields) -> tuple[Sign, ...]:
    signs = []
    for name in _RECIPIENT_FIELDS:
        for value in fields.every(name):
            found = _MARKER.search(value) if b"pop3connector." in value.lower() else None
            if found:
                signs.append(Sign(SignKind.CONNECTOR_MARKER, shown(name.title() + b": " + found.group())))
                break
    host = next(
        (found.group(1) for value in fields.every(b"received") if (found := _PICKUP.search(value))), None
    )
    minted = _MINTED.search(fields.first(b"message-id") or b"")
    arrival = next(
        (found for value in fields.every(b"x-originalarrivaltime") if (found := _FILETIME.search(value))),
        None,
    )
    if host and minted and arrival:
        made = int(minted.group(1) + minted.group(2), 16)
        arrived = int(arrival.group(2) + arrival.group(1), 16)
        if abs(arrived - made) <= CLOCK_SECONDS * _FILETIME_UNITS:
            text = (
                b"Received: from mail pickup service by " + host + b"; Message-ID minted there at that moment"
            )
            signs.append(Sign(SignKind.PICKUP_RESUBMISSION, shown(text)))
    return tuple(signs[:4])


def loop_addresses(fields: Fields) -> tuple[str, ...]:
    """Return what stands twice in fields of one kind: once, a list or a forwarding recipe wrote it on the way here."""
    looped: list[str] = []
    for name in LOOP_FIELDS:
        found = [
            address.decode("ascii").lower()
            for value in fields.every(name)[:MAX_LOOP_FIELDS]
            for address in _LOOP_ADDRESS.findall(value)[:1]
        ]
        looped += [address for address in dict.fromkeys(found) if found.count(address) > 1]
    return tuple(dict.fromkeys(looped))
