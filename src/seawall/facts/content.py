"""A mail's body → the identity of its content: what stays the same when a machine copies a mail (DESIGN §6).

Owns what counts: who wrote it, about what, in answer to what, and the decoded leaf parts in order without
their white space. A new Message-ID, a new Date, another transfer encoding, other boundaries or line breaks do
not change it. Total and bounded: the first MiB of a mail is read. It judges nothing: identical
content is ordinary, as in a daily report.
"""

import re
from binascii import Error, a2b_base64, a2b_qp
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header
from hashlib import blake2b
from typing import Final

from seawall.facts.charset import codec
from seawall.facts.header import Fields, scan

MAX_READ: Final = 2**20
"""Octets of a mail that are read."""
MAX_LEAF: Final = 64 * 2**10
"""Octets of a decoded part that are taken into account, beside its length."""
MAX_PARTS: Final = 256
MAX_DEPTH: Final = 16

_SPACE: Final = b" \t\r\n"
_BOUNDARY = re.compile(rb"boundary[ \t]*=[ \t]*(?:\"([^\"]{1,256})\"|([^\s;\"]{1,256}))", re.IGNORECASE)
_CHARSET = re.compile(rb"charset[ \t]*=[ \t]*\"?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_REPLY = re.compile(rb"(?:(?:re|fwd?|aw|wg|sv|antw|tr|rv)(?:\[\d{1,3}\])?:)+")
_ADDRESS = re.compile(rb"<([^<>\s]{1,320})>|([^\s<>\"(),;:]{1,256}@[^\s<>\"(),;:]{1,256})")
_EMPTY_LINE = re.compile(rb"\n\r?\n")
_PART_BEGINS = re.compile(rb"\r?\n")
_FOOTERS: Final = (
    b"\n_______________________________________________",
    b"\n--~--~---------~--~----~",
    b"\nTo unsubscribe from this list: send the line",
    b"\nYou received this message because you are subscribed to",
)
"""How the footers begin that lists put below a mail, with their List-Id above it."""


def content_id(body: bytes, fields: Fields, sender: bytes, *, is_whole: bool) -> bytes | None:
    """Return the identity of a mail's content (16 octets), None where its body is empty: those never match."""
    found = content_and_body_id(body, fields, sender, is_whole=is_whole)
    return found[0] if found else None


def content_and_body_id(
    body: bytes, fields: Fields, sender: bytes, *, is_whole: bool
) -> tuple[bytes, bytes] | None:
    """Return the identities of a mail's content and of its body alone (16 octets each), None where the body is empty.

    `body` is what stands within the mail's first MAX_READ octets, `is_whole` whether that is all of it; `fields` is
    what the scanner made of the header, `sender` the address in From.
    """
    footers = _FOOTERS if fields.first(b"list-id") is not None else ()
    digest = blake2b(digest_size=16, person=b"seawall-content")
    is_empty = True
    for leaf in _leaves(fields, body, is_whole=is_whole):
        text = leaf.decoded
        if footers and leaf.is_text:
            text = _without_footer(text)
        text = text.translate(None, _SPACE)
        if text:
            is_empty = False
        # A part that the limit cuts has no length that could be told.
        length = len(text) if leaf.is_whole else -1
        digest.update(b"%d:" % length)
        digest.update(text[:MAX_LEAF])
    if is_empty:
        return None
    body_alone = digest.copy().digest()
    about = (
        sender,
        normal_subject(fields.first(b"subject") or b""),
        (fields.first(b"in-reply-to") or b"").translate(None, _SPACE),
        (fields.first(b"references") or b"").translate(None, _SPACE),
    )
    digest.update(b"\0".join(about))
    return digest.digest(), body_alone


def sender_address(value: bytes) -> bytes:
    """Return the address in a From field, in lower case; all of the field where none can be told."""
    found = _ADDRESS.search(value)
    return (found.group(1) or found.group(2) if found else value).lower()


def normal_subject(value: bytes) -> bytes:
    """Return a Subject as it is compared: without encoding, reply marks, case and white space."""
    if b"=?" in value:
        value = _decoded_words(value)
    if value.isascii():
        text = value.lower().translate(None, _SPACE)
    else:
        text = "".join(value.decode("utf-8", "replace").lower().split()).encode()
    marks = _REPLY.match(text) if b":" in text else None
    return text[marks.end() if marks else 0 :]


def _decoded_words(value: bytes) -> bytes:
    """Decode encoded words (RFC 2047); what cannot be decoded stays as it is."""
    parts = []
    try:
        for text, charset in decode_header(value.decode("ascii", "replace")):
            octets = text.encode("utf-8", "replace") if isinstance(text, str) else text
            parts.append(_in_utf8(octets, (charset or "ascii").encode("ascii", "replace")))
    except (HeaderParseError, ValueError, LookupError):
        return value
    return b"".join(parts)


class _Leaf:
    """One part that holds no others, decoded; `is_whole` where all of it could be read."""

    __slots__ = ("decoded", "is_text", "is_whole")

    def __init__(self, fields: Fields, content: bytes, kind: bytes, *, is_whole: bool) -> None:
        self.is_text = not kind or kind.startswith(b"text/")
        self.is_whole = is_whole
        encoding = (fields.first(b"content-transfer-encoding") or b"").lower()
        decoded = _decoded(content, encoding)
        if self.is_text and not decoded.isascii():
            charset = _CHARSET.search(fields.first(b"content-type") or b"")
            decoded = _in_utf8(decoded, charset.group(1) if charset else b"utf-8")
        self.decoded = decoded


def _decoded(content: bytes, encoding: bytes) -> bytes:
    if encoding.startswith(b"quoted-printable"):
        return a2b_qp(content)
    if encoding.startswith(b"base64"):
        try:
            return a2b_base64(content)
        except Error:
            # Cut, or with something behind its end: what is there of whole groups counts.
            return _loose_base64(content)
    return content


def _loose_base64(content: bytes) -> bytes:
    letters = content.translate(None, _NO_BASE64)
    try:
        return a2b_base64(letters[: len(letters) // 4 * 4])
    except Error:
        return letters


_NO_BASE64: Final = bytes(
    octet
    for octet in range(256)
    if octet not in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
)


def _in_utf8(octets: bytes, charset: bytes) -> bytes:
    name = codec(charset)
    if name is None:
        return octets
    try:
        return octets.decode(name).encode("utf-8", "replace")
    except ValueError:
        return octets


def _leaves(fields: Fields, body: bytes, *, is_whole: bool) -> Iterator[_Leaf]:
    """Yield a mail's leaf parts in order, each decoded."""
    waiting = [(fields, body, is_whole, 0)]
    count = 0
    while waiting and count < MAX_PARTS:
        fields, content, whole, depth = waiting.pop()
        kind = (fields.first(b"content-type") or b"").lower()
        boundary = (
            _BOUNDARY.search(fields.first(b"content-type") or b"") if kind.startswith(b"multipart/") else None
        )
        if boundary is None or depth >= MAX_DEPTH:
            count += 1
            yield _Leaf(fields, content, kind, is_whole=whole)
            continue
        parts = _parts(content, boundary.group(1) or boundary.group(2), is_whole=whole)
        if not parts:
            count += 1
            yield _Leaf(fields, content, kind, is_whole=whole)
        # On a stack the last comes first.
        waiting += [(*part, depth + 1) for part in reversed(parts)]


def _parts(content: bytes, boundary: bytes, *, is_whole: bool) -> list[tuple[Fields, bytes, bool]]:
    """Cut a multipart at its boundary (RFC 2046 §5.1.1); without its end the last part is as whole as the mail."""
    delimiter = b"\n--" + boundary
    parts: list[bytes] = []
    is_closed = False
    for piece in (b"\n" + content).split(delimiter, MAX_PARTS + 1)[1:]:
        line, _, part = piece.partition(b"\n")
        line = line.strip()
        if line == b"--":
            is_closed = True
            break
        if line and parts:
            # Another boundary that begins alike.
            parts[-1] += delimiter + piece
        elif not line:
            parts.append(part)
    return [
        (*_split(part), is_whole or is_closed or place < len(parts) - 1) for place, part in enumerate(parts)
    ]


def _split(part: bytes) -> tuple[Fields, bytes]:
    """Cut a part at its first empty line, whichever line ends it has."""
    if found := _PART_BEGINS.match(part):
        return scan(b""), part[found.end() :]
    if found := _EMPTY_LINE.search(part):
        return scan(part[: found.start() + 1]), part[found.end() :]
    return scan(part), b""


def _without_footer(text: bytes) -> bytes:
    """Cut what a list put below a mail."""
    for footer in _FOOTERS:
        at = text.rfind(footer)
        if at >= 0:
            text = text[:at]
    return text
