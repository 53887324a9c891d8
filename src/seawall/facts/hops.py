"""A header's Received fields → hops: each field in its clauses (RFC 5321 §4.4), and the way that they make together.

Owns what a clause is. Total: what cannot be read is a defect. It judges nothing: what stands in a line is what its
writer said, and a line below another may be anybody's.
"""

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from seawall.facts.dates import moment
from seawall.model.row import Hop

MAX_HOPS: Final = 256
MAX_TEXT: Final = 1024
_SPACE: Final = b" \t\r\n"
_IP = re.compile(r"\[(?:IPv6:)?([0-9a-fA-F.:]{3,45})\]|\(([0-9]{1,3}(?:\.[0-9]{1,3}){3})\)")
_FROM = re.compile(r"from\s+([^\s();]+)", re.IGNORECASE)
_RDNS = re.compile(r"\(([A-Za-z0-9_.-]+\.[A-Za-z0-9_-]+)\.?\s+\[")
_HELO = re.compile(r"\((?:HELO|EHLO|helo=)\s*([^\s()]+)", re.IGNORECASE)
_BY = re.compile(r"\bby\s+\[?([^\s();\[\]]+)", re.IGNORECASE)
_WITH = re.compile(r"\bwith\s+([A-Za-z0-9-]+)", re.IGNORECASE)
_ID = re.compile(r"\bid\s+([^\s;()]+)", re.IGNORECASE)
_FOR = re.compile(r"\bfor\s+<?([^\s<>;()]+@[^\s<>;()]+)", re.IGNORECASE)
_PRODUCT = re.compile(r"\(([^()\[\]=]*?(?:\d+\.)+\d+[^()]*)\)|\((Postfix)\)|(Microsoft SMTPSVC)\(([^)]*)\)")


def read_hops(received: Sequence[bytes]) -> tuple[Hop, ...]:
    """Return the hops of a mail from its Received values, topmost first; the origin's hop comes first in the result."""
    hops = []
    prefix = 0
    digest = b""
    for value in reversed(received[-MAX_HOPS:] if len(received) > MAX_HOPS else received):
        digest = blake2b(digest + value.translate(None, _SPACE), digest_size=8).digest()
        parent, prefix = prefix, int.from_bytes(digest, "big", signed=True)
        hops.append(_hop(value, prefix, parent))
    return tuple(hops)


def _hop(value: bytes, prefix: int, parent: int) -> Hop:
    text = value[:MAX_TEXT].decode("utf-8", "replace")
    clauses, _, stamp = text.rpartition(";")
    found_from = _FROM.match(clauses)
    rdns, ip, helo = _RDNS.search(clauses), _IP.search(clauses), _HELO.search(clauses)
    product = _PRODUCT.search(clauses)
    named = found_from.group(1) if found_from else ""
    return Hop(
        helo=_name(helo.group(1) if helo else named),
        rdns=_name(rdns.group(1)) if rdns else (_name(named) if helo else ""),
        from_ip=(ip.group(1) or ip.group(2)) if ip else "",
        by=_name(_group(_BY, clauses)),
        protocol=_group(_WITH, clauses).lower(),
        queue_id=_group(_ID, clauses),
        recipient=_group(_FOR, clauses).lower(),
        at=moment(stamp.encode()),
        product=next((part for part in product.groups() if part), "") if product else "",
        version="",
        defects=() if clauses else ("no-date",),
        text=text,
        prefix_id=prefix,
        parent_id=parent,
    )


def _group(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found.group(1) if found else ""


def _name(text: str) -> str:
    return text.strip("[]").rstrip(".").lower()
