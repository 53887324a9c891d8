"""A header's fields → the signs that a mail is a bounce, at the cost of a few comparisons. Total.

Owns the first look, which answers for ordinary mail without its body, and the same question about a returned header.
Refuses to decide: who looks like a mailer may be a person at postmaster@, and the body tells.
"""

from dataclasses import dataclass
from typing import Final

from seawall.facts.header import Fields

_MAX_FIELD: Final = 512
"""Octets of a field that are looked at."""
_MAILERS: Final = (
    b"mailer-daemon", b"mailer daemon", b"mail delivery", b"mail.delivery", b"mail deliver system", b"maildaemon",
)  # fmt: skip
_POSTMASTERS: Final = (
    b"postmaster",
    b"post_master",
    b"poostmaster",
    b"system administrator",
    b"ndr administrator",
)
_SENDERS: Final = _MAILERS + _POSTMASTERS
_SUBJECTS: Final = (
    b"undeliver", b"delivery status", b"delivery fail", b"mail delivery", b"failure notice", b"returned mail",
    b"returned to sender", b"returning to sender", b"failure delivery", b"failed delivery", b"delivery has failed",
    b"mail failure", b"mail system error", b"not be delivered", b"delivery report", b"non-delivery", b"unzustellbar",
    b"delivery_status_notification", b"delayed mail", b"error sending your mail", b"bounce notification",
    b"delivery incomplete", b"could not send",
)  # fmt: skip
_ANSWERS: Final = (b"re:", b"aw:", b"sv:", b"fwd:", b"fw:", b"wg:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What a header shows of a bounce (RFC 3834 §3, RFC 3464 §2, RFC 5321 §6.1)."""

    is_report: bool
    names_failed: bool
    is_from_mailer: bool
    is_from_postmaster: bool
    has_null_path: bool
    has_subject: bool
    is_automatic: bool

    @property
    def weight(self) -> int:
        """How much the header alone speaks for a bounce; 2 is enough where the body speaks for it too."""
        return (
            2 * self.names_failed
            + 2 * self.is_from_mailer
            + self.is_from_postmaster
            + self.has_null_path
            + self.has_subject
        )


def is_worth_reading(fields: Fields) -> bool:
    """Whether a mail's body may be a bounce's; asked of every mail, so it stops at the first sign."""
    path = fields.first(b"return-path")
    if path is not None and _is_null(path):
        return True
    content_type = fields.first(b"content-type")
    if content_type is not None and content_type[:16].lower() == b"multipart/report":
        return True
    sender = fields.first(b"from")
    if sender is not None:
        sender = sender[:_MAX_FIELD].lower()
        if sender in {b"", b"<>"} or _has(sender, _SENDERS):
            return True
    return fields.first(b"x-failed-recipients") is not None


def read_signs(fields: Fields) -> Signs:
    """Return the signs in a header."""
    sender = _start(fields, b"from")
    path = fields.first(b"return-path")
    content_type = fields.first(b"content-type")
    is_from_mailer = not sender.strip(b" <>") and fields.first(b"from") is not None
    if not is_from_mailer:
        is_from_mailer = _has(sender, _MAILERS)
    return Signs(
        is_report=content_type is not None and content_type[:16].lower() == b"multipart/report",
        names_failed=fields.first(b"x-failed-recipients") is not None,
        is_from_mailer=is_from_mailer,
        is_from_postmaster=_has(sender, _POSTMASTERS),
        has_null_path=path is not None
        and (not path.strip(b"<> \t") or path[:15].lower() == b"<mailer-daemon>"),
        has_subject=_has_subject(_start(fields, b"subject")),
        is_automatic=_start(fields, b"auto-submitted").startswith(b"auto-"),
    )


def _is_null(path: bytes) -> bool:
    return path in {b"<>", b""} or path[:15].lower() == b"<mailer-daemon>"


def _start(fields: Fields, name: bytes) -> bytes:
    value = fields.first(name)
    return value[:_MAX_FIELD].lower() if value else b""


def _has(value: bytes, needles: tuple[bytes, ...]) -> bool:
    for needle in needles:  # noqa: SIM110 (twice as fast as any() over a generator, for every mail)
        if needle in value:
            return True
    return False


def _has_subject(subject: bytes) -> bool:
    return not subject.startswith(_ANSWERS) and _has(subject, _SUBJECTS)
