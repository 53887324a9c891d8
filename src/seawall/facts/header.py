"""The one header scanner: a mail's first bytes → its header fields, in order, whatever they hold.

Owns where a header ends, what a field is (RFC 5322 §2.2), and the digest by which a stored copy is
recognised. Total: any bytes give a result. What is not a field is passed over and counted.
"""

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

MAX_HEADER: Final = 2**20
"""Octets of a header that are read; what lies beyond is a defect, and not looked at."""
MAX_VALUE: Final = 8 * 2**10
"""Octets of a field's value that are kept."""

_FIELD = re.compile(rb"^([!-9;-~]{1,128})[ \t]*:((?:.*\n[ \t])*.*\n?)", re.MULTILINE)
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_STORAGE_FIELD = re.compile(
    rb"^(?:status|x-status|x-uidl?|x-uidl|x-imap(?:base)?|x-keywords|x-mozilla-status2?|content-length)[ \t]*:"
    rb"(?:.*\n[ \t])*.*(?:\n|\Z)",
    re.MULTILINE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Fields:
    """A header's fields: (lower-case name, unfolded value), topmost first, and what was odd."""

    entries: tuple[tuple[bytes, bytes], ...]
    defects: tuple[str, ...]

    def first(self, name: bytes) -> bytes | None:
        """Return the topmost value of a field, None where it is absent."""
        return next((value for key, value in self.entries if key == name), None)

    def every(self, name: bytes) -> tuple[bytes, ...]:
        """Return all values of a field, topmost first."""
        return tuple(value for key, value in self.entries if key == name)


def header_section(head: bytes) -> bytes:
    """Return the header in a mail's first bytes, up to and without the empty line, at most MAX_HEADER."""
    if head.startswith((b"\r\n", b"\n")):
        return b""
    end = head.find(b"\r\n\r\n", 0, MAX_HEADER + 4)
    return head[: end + 2 if end >= 0 else MAX_HEADER][:MAX_HEADER]


def header_digest(section: bytes) -> bytes:
    """Return the 16 octets that identify a header as served.

    Fields that a mailbox store writes into the mail for itself change between two retrievals of
    one stored copy (RFC 4155 and the older mbox servers), so they do not count; nor does a
    missing line end at the header's end.
    """
    if b"tatus" in section or b"-UID" in section or b"-IMAP" in section or b"ontent-" in section:
        section = _STORAGE_FIELD.sub(b"", section)
    return blake2b(section.rstrip(b"\r\n"), digest_size=16, person=b"seawall-header").digest()


def scan(section: bytes) -> Fields:
    """Read the fields of a header section."""
    entries = []
    read = 0
    for found in _FIELD.finditer(section):
        value = found.group(2)
        read += found.end() - found.start()
        if b"\n" in value:
            value = _FOLD.sub(b"", value)
        entries.append((found.group(1).lower(), value[:MAX_VALUE].strip()))
    defects = []
    if len(section) >= MAX_HEADER:
        defects.append("header-too-long")
    if read < len(section):
        defects.append("line-without-field")
    if b"\0" in section:
        defects.append("nul-in-header")
    return Fields(entries=tuple(entries), defects=tuple(defects))
