"""A report's body → its parts, decoded (RFC 2046 §5.1, RFC 2045 §6). Total; bounded in depth and number.

Owns where a part begins and ends, also where the mail's header does not say that there are parts. Refuses to
know what a part tells, and does not look into a mail that a part encloses. Lines end in LF here, whatever they
ended in.
"""

import re
from binascii import a2b_base64, a2b_qp
from dataclasses import dataclass
from typing import Final

from seawall.facts.header import Fields, scan

MAX_PARTS: Final = 64
MAX_DEPTH: Final = 4

_BOUNDARY = re.compile(
    rb"boundary[ \t]{0,8}=[ \t]{0,8}(?:\"([^\"\n]{1,200})\"|([^\s;\"]{1,200}))", re.IGNORECASE
)
_UNANNOUNCED = re.compile(
    rb"^--([!-~]{4,200})\nContent-(?:Type|Description|Transfer-Encoding)[ \t]*:", re.MULTILINE | re.IGNORECASE
)
"""A first delimiter in a body whose header has lost its Content-Type."""
_HEADER_BEFORE = re.compile(rb"^(?:Content-Type|Received|Message-ID)[ \t]*:", re.MULTILINE | re.IGNORECASE)
"""A delimiter below such a line belongs to the returned mail."""
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part: its lower-case content type without parameters (b"" where none is told), its header, its content."""

    content_type: bytes
    header: Fields
    content: bytes


def read_parts(body: bytes, fields: Fields) -> tuple[Part, ...]:
    """Return the leaves of a mail, in order; a mail without parts is one leaf."""
    parts: list[Part] = []
    text = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    _collect(text, fields, 0, parts)
    return tuple(parts)


def _collect(content: bytes, header: Fields, depth: int, parts: list[Part]) -> None:
    declared = header.first(b"content-type") or b""
    content_type = declared.partition(b";")[0].strip().lower()
    pieces = _pieces(content, content_type, declared, depth) if depth < MAX_DEPTH else []
    for piece in pieces:
        if len(parts) >= MAX_PARTS:
            return
        head, _, rest = piece.partition(b"\n\n") if not piece.startswith(b"\n") else (b"", b"", piece[1:])
        _collect(rest, scan(head), depth + 1, parts)
    if not pieces:
        decoded = _decoded(content, header.first(b"content-transfer-encoding") or b"")
        parts.append(Part(content_type=content_type, header=header, content=decoded))


def _pieces(content: bytes, content_type: bytes, declared: bytes, depth: int) -> list[bytes]:
    """Return what stands between the delimiters, without them; nothing where there are none."""
    if content_type.startswith(b"multipart/"):
        found = _BOUNDARY.search(declared)
        if found:
            pieces = _split(content, (found.group(1) or found.group(2)).rstrip())
            if pieces:
                return pieces
    elif depth:
        return []
    found = _UNANNOUNCED.search(content)
    if not found or _HEADER_BEFORE.search(content, 0, found.start()):
        return []
    return _split(content, found.group(1))


def _split(content: bytes, boundary: bytes) -> list[bytes]:
    delimiter = b"\n--" + boundary
    pieces: list[bytes] = []
    for piece in (b"\n" + content).split(delimiter, MAX_PARTS)[1:]:
        if piece.startswith(b"--"):
            break
        if piece[:1] in {b"\n", b" ", b"\t"}:
            pieces.append(piece.partition(b"\n")[2])
        elif pieces:
            # A longer boundary that begins with this one: it belongs to a part inside this part.
            pieces[-1] += delimiter + piece
    return pieces


def _decoded(content: bytes, encoding: bytes) -> bytes:
    name = encoding.strip().lower()
    if name == b"quoted-printable":
        content = a2b_qp(content)
    elif name == b"base64":
        digits = _NOT_BASE64.sub(b"", content)
        # A last digit alone is six bits of an octet: no octet at all.
        digits = digits[: len(digits) - (len(digits) % 4 == 1)]
        content = a2b_base64(digits + b"=" * (-len(digits) % 4))
    else:
        return content
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
