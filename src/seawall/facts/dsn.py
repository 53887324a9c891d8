"""A mail → the Bounce that it is: a report that another mail could not be delivered. Total, never raises.

Owns which mails are bounces, in RFC 3464's form and in the older ones, and what one says of the mail that it is
about. A look at a few header fields answers for ordinary mail; a body is read only where these let expect a bounce.
Disposition notifications (RFC 8098), feedback reports (RFC 5965), automatic replies (RFC 3834) and reports of
success are none. Refuses to know what becomes of a bounce, and whether it tells the truth: anybody can send one.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Final

from seawall.facts.dsn_causes import STATUS, cause_of, is_vague
from seawall.facts.dsn_forms import MAX_RECIPIENTS, Told, divide, read_report
from seawall.facts.dsn_parts import Part, read_parts
from seawall.facts.dsn_signs import Signs, is_worth_reading, read_signs
from seawall.facts.header import Fields, scan
from seawall.facts.received import by_host
from seawall.model.bounce import Bounce, BounceCause
from seawall.model.text import shown

MAX_BODY: Final = 256 * 2**10
"""Octets of a body that are looked at."""
MAX_HOPS: Final = 64
MAX_GROUPS: Final = 128
"""Groups of a delivery status that are read: one about the mail, then one for each recipient."""
_MAX_HTML: Final = 32 * 2**10
_ENOUGH: Final = 2

_ORIGINALS: Final = (
    b"message/rfc822", b"text/rfc822-header", b"message/rfc822-header", b"message/global", b"message/news",
)  # fmt: skip
_STATUSES: Final = (b"message/delivery-status", b"message/global-delivery-status")
_OTHER_REPORTS: Final = (
    b"message/disposition-notification", b"message/global-disposition", b"message/feedback-report",
)  # fmt: skip
_STATUS_FIELDS = re.compile(rb"^(?:final|original)-recipient[ \t]*:", re.MULTILINE | re.IGNORECASE)
_GAP = re.compile(rb"\n[ \t]*(?=\n)")
_ADDRESS = re.compile(rb"(?<![^\s<>(),;:\"])[^\s<>(),;:\"@]{1,64}@[^\s<>(),;:\"@]{1,255}")
_DOMAIN = re.compile(rb"@([A-Za-z0-9.-]{1,255})")
_TYPE = re.compile(rb"^[ \t]*[\w-]{1,32}[ \t]*;[ \t]*")
"""What stands before a field's value and tells its kind: `rfc822;`, `dns;`, `smtp;` (RFC 3464 §2.1.2)."""
_TAG = re.compile(rb"<(?![^<>\s]{1,64}@)[^<>]*>")
"""A tag of HTML, and not an address."""
_NO_FAILURES: Final = frozenset({"delivered", "relayed", "expanded"})


def read_bounce(section: bytes, body: bytes, fields: Fields) -> Bounce | None:
    """Return what a bounce says; None for any other mail.

    `section` is the header as served, `fields` what was scanned of it, `body` what follows the empty line; at
    most its first MAX_BODY octets are looked at, and none of them for ordinary mail.
    """
    return (
        _read(read_signs(fields), body[:MAX_BODY], fields) if section and is_worth_reading(fields) else None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """One recipient's group of a delivery status (RFC 3464 §2.3)."""

    recipient: bytes
    action: str
    status: str
    words: bytes


def _read(signs: Signs, body: bytes, fields: Fields) -> Bounce | None:
    parts = read_parts(body, fields)
    if any(part.content_type.startswith(_OTHER_REPORTS) for part in parts):
        return None
    prose, original = _prose(parts)
    groups = _groups(parts, prose)
    failures = [failure for group in groups if (failure := _failure(group)) is not None]
    if failures and all(failure.action in _NO_FAILURES for failure in failures):
        return None
    failures = _worst(failures)
    told = read_report(prose, _own_addresses(fields, original))
    named = _recipients(failures, fields, told)
    if not failures and not _is_bounce(signs, told, named, original, fields):
        return None
    status, words = _status_and_words(failures, told)
    subject = fields.first(b"subject") or b""
    return Bounce(
        action=failures[0].action if failures else "delayed" if _is_delayed(told, subject) else "failed",
        status=status,
        cause=_cause(status, words, prose, subject),
        recipients=tuple(_text(recipient) for recipient in named[:MAX_RECIPIENTS]),
        reporter=_text(_reporter(groups, told, fields)),
        words=_text(words),
        original_message_id=_text(_first(original, b"message-id")),
        original_from=_text(_first(original, b"from")),
        original_subject=_text(_first(original, b"subject") or told.subject),
        original_hosts=_hosts(original),
        returns_header=original is not None,
        is_about_bounce=original is not None and _is_about_bounce(original),
    )


def _text(value: bytes) -> str:
    return shown(value, limit=256)


def _first(fields: Fields | None, name: bytes) -> bytes:
    return (fields.first(name) or b"") if fields else b""


def _prose(parts: Sequence[Part]) -> tuple[bytes, Fields | None]:
    """Return the report's own words, and the header of the mail that it returns."""
    original: Fields | None = None
    texts: list[bytes] = []
    pages: list[bytes] = []
    for part in parts:
        if part.content_type.startswith(_STATUSES):
            continue
        if part.content_type.startswith(_ORIGINALS):
            # Some servers put an empty line, or the mbox's "From " line, before the header.
            returned = scan(part.content.lstrip(b"\n").partition(b"\n\n")[0])
            original = original or (returned if returned.entries else None)
        elif part.content_type == b"text/html":
            pages.append(unescape(_TAG.sub(b" ", part.content[:_MAX_HTML]).decode("latin-1")).encode("utf-8"))
        elif part.content_type.startswith((b"text", b"multipart")) or b"/" not in part.content_type:
            own, returned_here = divide(part.content)
            texts.append(own)
            original = original or returned_here
            if part.header.first(b"received") and len(parts) > 1:
                # A part that begins with the returned mail, where its own header should stand.
                original = original or part.header
                texts.pop()
    return b"\n\n".join(texts or pages), original


def _groups(parts: Sequence[Part], prose: bytes) -> list[Fields]:
    """Return the groups of fields in the delivery status, wherever it stands: some servers write it as text."""
    statuses = [part.content for part in parts if part.content_type.startswith(_STATUSES)]
    if not statuses and _STATUS_FIELDS.search(prose):
        statuses = [prose]
    return [
        group
        for content in statuses
        for text in _GAP.split(content, MAX_GROUPS)[:MAX_GROUPS]
        if (group := scan(text)).entries
    ]


def _failure(group: Fields) -> _Failure | None:
    final, named = group.first(b"final-recipient"), group.first(b"original-recipient")
    action, status = group.first(b"action"), group.first(b"status")
    if (action is None and status is None) or (final is None and named is None and action is None):
        return None
    words = _TYPE.sub(b"", group.first(b"diagnostic-code") or b"").strip()
    code = STATUS.search(status or b"")
    told = STATUS.search(words)
    if told and (not code or code.group().endswith(b".0.0")):
        code = told
    recipient = next((found for value in (final, named) if (found := _recipient(value or b""))), b"")
    text = code.group().decode("ascii") if code else ""
    return _Failure(recipient=recipient, action=_action(action or b"", text), status=text, words=words)


def _recipient(value: bytes) -> bytes:
    address = _TYPE.sub(b"", value).strip(b" \t<>")
    # Some quote the whole of it; a quoted local part is the address's own.
    return address[1:-1] if address[:1] in {b'"', b"'"} and address[:1] == address[-1:] else address


def _action(value: bytes, status: str) -> str:
    """Read an Action (RFC 3464 §2.3.3), and what some servers write instead."""
    word = value.strip().lower()
    for begin, action in (
        (b"fail", "failed"),
        (b"delay", "delayed"),
        (b"defer", "delayed"),
        (b"deliver", "delivered"),
        (b"relay", "relayed"),
        (b"expand", "expanded"),
    ):
        if word.startswith(begin) and not status.startswith("5"):
            return action
    return "failed" if not status.startswith("2") else "delivered"


def _worst(failures: list[_Failure]) -> list[_Failure]:
    """Return the recipients that failed, else those that are delayed."""
    for action in ("failed", "delayed"):
        found = [failure for failure in failures if failure.action == action]
        if found:
            return found
    return []


def _own_addresses(fields: Fields, original: Fields | None) -> frozenset[bytes]:
    """Return the addresses that are named because they sent the report or the original."""
    values = [
        fields.first(b"from"),
        fields.first(b"to"),
        _first(original, b"from"),
        _first(original, b"return-path"),
    ]
    return frozenset(address for value in values for address in _ADDRESS.findall((value or b"").lower()))


def _recipients(failures: Iterable[_Failure], fields: Fields, told: Told) -> tuple[bytes, ...]:
    found = dict.fromkeys(failure.recipient for failure in failures if failure.recipient)
    if not found:
        for value in fields.every(b"x-failed-recipients"):
            found.update(dict.fromkeys(_ADDRESS.findall(value)))
    return tuple(found) or told.recipients


def _is_bounce(
    signs: Signs, told: Told, recipients: Sequence[bytes], original: Fields | None, fields: Fields
) -> bool:
    """Judge a mail without a delivery status: its header and its prose have to agree."""
    if not told.has_notice and not (signs.has_subject and (recipients or original)):
        return False
    is_told = bool(recipients) + (original is not None) + bool(told.words) + bool(told.subject)
    if signs.is_report:
        return is_told > 0 and signs.weight > 0
    if signs.weight >= _ENOUGH:
        return is_told > 0
    # A postmaster who writes himself returns no header, and quotes no server's answer.
    is_sure = (
        signs.weight and is_told >= _ENOUGH and (told.status or original is not None or bool(told.words))
    )
    return bool(is_sure and (told.is_refusal or original is not None) and fields.first(b"list-id") is None)


def _status_and_words(failures: Sequence[_Failure], told: Told) -> tuple[str, bytes]:
    if not failures:
        return told.status, told.words
    words = b" ".join(failures[0].words.split())
    return failures[0].status or told.status, words or told.words


def _cause(status: str, words: bytes, prose: bytes, subject: bytes) -> BounceCause:
    """Ask the status and the server's words, then the prose, then the report's subject."""
    cause = cause_of(status, words)
    if cause is not BounceCause.OTHER and not (is_vague(status) and not words):
        return cause
    for other in (prose, subject):
        found = cause_of("", other)
        if found is not BounceCause.OTHER:
            return found
    return cause


def _is_delayed(told: Told, subject: bytes) -> bool:
    lower = subject.lower()
    return told.is_delayed or b"(delay" in lower or b"delayed" in lower or lower.startswith(b"warning")


def _reporter(groups: Iterable[Fields], told: Told, fields: Fields) -> bytes:
    """Return who reports: Reporting-MTA (RFC 3464 §2.2.2), else the host in the prose, else the sender's domain."""
    for group in groups:
        value = group.first(b"reporting-mta")
        if value:
            return _TYPE.sub(b"", value).strip(b" \t<>")
    domain = _DOMAIN.search(fields.first(b"from") or b"")
    return told.reporter or (domain.group(1) if domain else b"")


def _hosts(original: Fields | None) -> tuple[str, ...]:
    if original is None:
        return ()
    hosts = [by_host(value) for value in original.every(b"received")[-MAX_HOPS:]]
    return tuple(host for host in reversed(hosts) if host)


def _is_about_bounce(original: Fields) -> bool:
    """Whether a returned header is itself a bounce's: from nobody, or an automatic report that no person sent on."""
    signs = read_signs(original)
    if original.first(b"return-path") is not None and not signs.has_null_path:
        return False
    is_from_system = signs.is_from_mailer or signs.is_from_postmaster or signs.is_automatic
    return (
        signs.has_null_path
        or signs.names_failed
        or (signs.is_report and is_from_system)
        or (signs.is_from_mailer and signs.has_subject)
    )
