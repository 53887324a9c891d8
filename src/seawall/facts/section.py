"""A mail's first bytes → its header section, and the digest by which a stored copy is recognised.

Owns where a header ends and which octets of it identify a mail as served. Refuses to know what a
field says: it hands out no field, so any layer may import it.
"""

import re
from hashlib import blake2b
from typing import Final

MAX_HEADER: Final = 2**20
"""Octets of a header that are read; what lies beyond is a defect, and not looked at."""

_FIRST_EMPTY = re.compile(rb"\r?\n")
_EMPTY_LINE = re.compile(rb"\n\r?\n")

_STORAGE_NAMES: Final = tuple(
    b"\n" + name
    for name in (b"status", b"x-status", b"x-uid", b"x-imap", b"x-keywords", b"x-mozilla-", b"content-length")
)
"""To look for these first spares most mails the search below."""
_STORAGE_FIELD = re.compile(
    rb"^(?:status|x-status|x-uidl?|x-uidl|x-imap(?:base)?|x-keywords|x-mozilla-status2?|content-length)[ \t]*:"
    rb"(?:.*\n[ \t])*.*(?:\n|\Z)",
    re.MULTILINE | re.IGNORECASE,
)


def header_section(head: bytes) -> bytes:
    """Return the header in a mail's first bytes, up to and without the empty line, at most MAX_HEADER."""
    if head.startswith((b"\r\n", b"\n")):
        return b""
    end = head.find(b"\r\n\r\n", 0, MAX_HEADER + 4)
    return head[: end + 2 if end >= 0 else MAX_HEADER][:MAX_HEADER]


def divide(head: bytes) -> tuple[bytes, int]:
    """Return a mail's header section, at most MAX_HEADER, and where its body begins; lines may end in CRLF or LF."""
    if first := _FIRST_EMPTY.match(head):
        return b"", first.end()
    found = _EMPTY_LINE.search(head, 0, MAX_HEADER + 4)
    if not found:
        return head[:MAX_HEADER], len(head[:MAX_HEADER])
    return head[: found.start() + 1], found.end()


def body_start(head: bytes) -> int | None:
    """Return where the body begins in a mail's first bytes, behind the empty line; None where no such line is in reach."""
    for line in (b"\r\n", b"\n"):
        if head.startswith(line):
            return len(line)
    end = head.find(b"\r\n\r\n", 0, MAX_HEADER + 4)
    return end + 4 if end >= 0 else None


def header_digest(section: bytes) -> bytes:
    """Return the 16 octets that identify a header as served.

    Fields that a mailbox store writes into the mail for itself change between two retrievals of
    one stored copy (RFC 4155 and the older mbox servers), so they do not count; nor does a
    missing line end at the header's end.
    """
    folded = b"\n" + section.lower()
    if any(name in folded for name in _STORAGE_NAMES):
        section = _STORAGE_FIELD.sub(b"", section)
    return blake2b(section.rstrip(b"\r\n"), digest_size=16, person=b"seawall-header").digest()
