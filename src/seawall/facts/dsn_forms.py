"""What a report tells in prose → recipients, reporter, diagnostic, and the returned header. Total; bounded.

Owns the forms that bounces have where they are no RFC 3464 report: how such a text names those who did not get
the mail, and how it introduces what it returns. The forms are tables of data, found by what about a hundred servers
have in common. Refuses to know a server by its name, and judges no cause.
"""

import re
from dataclasses import dataclass
from typing import Final

from seawall.facts.dsn_causes import REPLY, STATUS, cause_of
from seawall.facts.header import Fields, scan
from seawall.model.bounce import BounceCause

MAX_REPORT: Final = 32 * 2**10
"""Octets of a report's own prose that are looked at."""
MAX_RECIPIENTS: Final = 32
MAX_LINE: Final = 2_000

_ADDRESS = rb"(?<![^\s<>()\[\]\"',;:*=])([^\s<>()\[\]\"',;:@\\*=]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9])?)"
_ANY_ADDRESS = re.compile(_ADDRESS)
_RECIPIENT_SHAPES: Final = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        # <a@b>: …, "a@b":, a@b on Thu …, a@b [User unknown], a@b... …, alone on its line
        rb"^[\s*\"'<-]{0,12}"
        + _ADDRESS
        + rb"[>\"']{0,3}[ \t]*(?:$|[:(\[<]|\.\.\.|on [A-Z][a-z]{2}|invalid|failed|\.?$)",
        # RCPT TO:<a@b>, unable to deliver message to <a@b>, Unknown user: a@b
        rb"(?:RCPT TO|(?:deliver|mail|message|reject)\w*(?: \S{1,40}){0,6} (?:to|recipient)|unknown user|recipients?|errors|size|mailbox|user|to)[ :]{1,4}[<\"']{0,2}"
        + _ADDRESS,
        rb"<" + _ADDRESS + rb">",
        _ADDRESS,
    )
)
"""Where a recipient stands on a line; a later shape is tried only where no line has an earlier one."""
_ASIDE = re.compile(
    rb"contact|assistance|support|help ?desk|MAIL FROM|original sender|^\s*(?:from|return-path|sender|reply-to|cc|date)\b|feedback|abuse@|please (?:send|forward|write)|message-id|https?:",
    re.IGNORECASE,
)
"""A line whose address is not a recipient, unless the line begins with it."""

_NOTICES: Final = re.compile(
    rb"(?:could|can|was|were|did|has|have|will)(?:n't| ?not)(?: yet)?(?: be| been| able to)? (?:be )?(?:deliver|reach|sent|send)"
    rb"|unable to (?:successfully )?deliver|deliver(?:y|ing)?(?: \S{1,40}){0,6} (?:fail|delay|error|problem|abort|was aborted)"
    rb"|undeliver|non-?deliver|fail(?:ed|ure)? (?:to )?(?:be )?deliver|deliver\w* failure|failure reasons|permanent error"
    rb"|permanent (?:fatal|delivery) error|transcript of session|delivery (?:errors|problems|status)|delevery"
    rb"|returned (?:mail|message)|returned to sender|mail delivery (?:failed|system|software|subsystem)"
    rb"|error (?:\S{1,40} ){0,4}(?:to deliver|delivering)|trouble delivering|mail system error|rejected (?:by|recipient)"
    rb"|server message|error message below|unknown user|user unknown|mailbox exceeds|no valid recipients"
    rb"|account is disabled|received >>> [45]|group you tried to contact|invalid final delivery|delivery incomplete"
    rb"|connected to|mail delivery|message delayed|message could not be|not accepted|was rejected|recipient",
    re.IGNORECASE,
)
"""What a report says, and what other automatic answers do not."""
_DELAYED = re.compile(
    rb"warning(?: only|--|: message)|still being retried|will (?:be retried|(?:continue to|keep) (?:try|retry)|retry)|not yet been delivered|\bdelay(?:ed)?\b|has been delayed|incomplete|temporary|have to do anything",
    re.IGNORECASE,
)
_GIVEN_UP = re.compile(
    rb"permanent|given up|giving up|failed permanently|returned|undeliver|could not be delivered|was aborted|fatal",
    re.IGNORECASE,
)

_KNOWN_FIELD = re.compile(
    rb"(?:received|return-path|message-id|from|to|subject|date|sender|reply-to|cc|mime-version|content-type|delivered-to|"
    rb"dkim-signature|domainkey-signature|authentication-results|arc-[a-z-]{1,40}|envelope-to|x-[a-z0-9-]{1,60}|"
    rb"user-agent|importance|list-[a-z]{1,20}|references|in-reply-to|received-spf|thread-[a-z]{1,20}|feedback-id|precedence)[ \t]*:",
    re.IGNORECASE,
)
_INTRODUCES = re.compile(
    rb"original (?:e-?)?(?:mail|message)|copy of (?:the|your)|below this line|message headers?|header of|(?:unsent|returned|undelivered) "
    rb"|enclosed are|mensaje original|message original|start of |message follows|headers? follow|forwarded message|returned|^-{20,}$",
    re.IGNORECASE,
)
"""A line that introduces what is returned."""
_TELLING: Final = (b"received", b"message-id", b"from", b"subject", b"date", b"to", b"return-path")
_TOLD_SUBJECT = re.compile(rb"^[ \t]*Subject:[ \t]*['\"]?([^\n]{1,300})", re.MULTILINE | re.IGNORECASE)
_TOLD_REPORTER = re.compile(
    rb"(?:program at(?: host)?|mail system at(?: host)?|Mail Agent \S{1,20} at|generating server:|message from|Reporting-MTA:[ \t]{0,4}<?(?:dns;)?)"
    rb"[ \t]{0,4}([A-Za-z0-9][A-Za-z0-9-]{0,62}(?:\.[A-Za-z0-9-]{1,63}){1,10})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a report's prose tells; `subject` is what it says of the original's."""

    has_notice: bool
    is_refusal: bool
    is_delayed: bool
    recipients: tuple[bytes, ...]
    reporter: bytes
    status: str
    words: bytes
    subject: bytes


def divide(text: bytes) -> tuple[bytes, Fields | None]:
    """Divide a text into the report and the header that it returns; None where it returns none.

    A returned header is a run of lines that begins with a known field, behind an empty line or one that introduces
    it, and has enough of the fields that a mail has.
    """
    offset = 0
    is_after_gap = is_introduced = False
    end_of_tried = 0
    for line in text.split(b"\n"):
        start, offset = offset, offset + len(line) + 1
        if not line.strip():
            is_after_gap = True
            continue
        if start >= end_of_tried and (is_after_gap or is_introduced) and _KNOWN_FIELD.match(line):
            end = text.find(b"\n\n", start)
            end_of_tried = end if end >= 0 else len(text)
            fields = scan(text[start:end_of_tried])
            telling = sum(fields.first(name) is not None for name in _TELLING)
            has_trace = fields.first(b"received") is not None or fields.first(b"message-id") is not None
            if telling >= (2 if is_introduced else 3) and (is_introduced or has_trace):
                return text[:start], fields
        is_introduced = len(line) <= MAX_LINE and _INTRODUCES.search(line) is not None
        is_after_gap = False
    return text, None


def read_report(text: bytes, not_recipients: frozenset[bytes]) -> Told:
    """Read a report's own prose. `not_recipients` are addresses in lower case that it names for other reasons."""
    text = text[:MAX_REPORT]
    lines = [line[:MAX_LINE] for line in text.split(b"\n")]
    status = STATUS.search(text)
    reporter = _TOLD_REPORTER.search(text)
    subject = _TOLD_SUBJECT.search(text)
    return Told(
        has_notice=_NOTICES.search(text) is not None,
        is_refusal=REPLY.search(text) is not None or status is not None or _GIVEN_UP.search(text) is not None,
        is_delayed=_DELAYED.search(text) is not None and _GIVEN_UP.search(text) is None,
        # Who writes to himself is the sender and the recipient.
        recipients=_recipients(lines, not_recipients) or _recipients(lines, frozenset(), shapes=1),
        reporter=reporter.group(1) if reporter else b"",
        status=status.group().decode("ascii") if status else "",
        words=_words(text),
        subject=subject.group(1).strip(b" \t'\"") if subject else b"",
    )


def _recipients(
    lines: list[bytes], not_recipients: frozenset[bytes], shapes: int = len(_RECIPIENT_SHAPES)
) -> tuple[bytes, ...]:
    candidates = [line for line in lines if b"@" in line]
    for number, shape in enumerate(_RECIPIENT_SHAPES[:shapes]):
        if number == 1:
            candidates = [line for line in candidates if not _ASIDE.search(line)]
        found: dict[bytes, bytes] = {}
        for line in candidates:
            for match in shape.finditer(line):
                address = match.group(1)
                if address.lower() not in not_recipients:
                    found.setdefault(address.lower(), address)
            if len(found) >= MAX_RECIPIENTS:
                break
        if found:
            return tuple(found.values())[:MAX_RECIPIENTS]
    return ()


def _words(text: bytes) -> bytes:
    """Return the paragraph that tells the reason, from the code or the line on that tells it; b"" where none does."""
    paragraphs = [found for found in re.split(rb"\n[ \t]*\n", text) if found.strip()]
    for paragraph in paragraphs:
        for found in REPLY.finditer(paragraph):
            rest = paragraph[found.start() :]
            if len(rest) > len(b"550 5.1.1") and not paragraph[: found.start()].endswith((b"said ", b"=")):
                return b" ".join(rest[:MAX_LINE].split())
    for paragraph in paragraphs:
        if STATUS.search(paragraph) and cause_of("", paragraph) is not BounceCause.OTHER:
            return b" ".join(paragraph[:MAX_LINE].split())
    for paragraph in paragraphs:
        for line in paragraph.split(b"\n"):
            if cause_of("", line) is not BounceCause.OTHER and not _NOTICES.match(line):
                return b" ".join(line[:MAX_LINE].split())
    return b""
