"""A suspect of a storm → a feedback report for machines (ARF, RFC 5965) around the notice for people. Built, never sent.

Owns the report's form. Refuses to know what the notice says, and whom it goes to. Feedback-Type is "other", not
"abuse": an abuse desk's machine would act against the mail's author, who sent it once and did nothing; it is a server
that is at fault. It is a report that nobody asked for (RFC 6650), so it goes to a role address, once, with evidence.

All text of mails becomes ASCII here, and nothing that ends a line passes: no text can add a field or a part.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.headerregistry import Address as Mailbox
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8, Policy
from email.utils import format_datetime
from hashlib import blake2b
from ipaddress import ip_address
from typing import Any, Final

import seawall
from seawall.facts.hops import read_hops
from seawall.model.address import Address
from seawall.model.row import Hop
from seawall.model.trace import Quote, Storm, Suspect

MAX_LINE: Final = 900
"""Octets of a quoted header line; RFC 5322 §2.1.1 allows 998."""
MAX_QUOTES: Final = 50

_FIELD_NAME = re.compile(r"[!-9;-~]{1,60}")
_LAST_YEAR: Final = 9999
_ABOUT_THE_PARTS: Final = (
    "This report has two more parts: the same for machines (RFC 5965), and lines of the\n"
    "header of one copy. Its other lines, and the mail itself, are left out.\n"
)


def feedback_report(
    draft: EmailMessage, *, storm: Storm, suspect: Suspect, domain: str, text: str
) -> EmailMessage:
    """Return a notice as a feedback report, with the header of its draft.

    `draft` is the notice as a mail, `text` what it says, `domain` the suspect's domain in A-labels, "" where it has none.
    """
    report = EmailMessage(policy=draft.policy)
    for name in ("From", "To", "Subject", "Date", "Message-ID", "X-Unsent"):
        if name in draft:
            report[name] = draft[name]
    quoted = _most_quoted_mail(suspect)
    report["MIME-Version"] = "1.0"
    report.make_mixed()
    report.attach(_part(draft.policy, "text/plain; charset=utf-8", f"{text}\n{_ABOUT_THE_PARTS}"))
    report.attach(
        _part(draft.policy, "message/feedback-report", _machine_part(storm, suspect, domain, quoted))
    )
    report.attach(
        _part(draft.policy, "text/rfc822-headers", "".join(_field(quote) for quote in quoted) or "\n")
    )
    report.replace_header("Content-Type", "multipart/report")
    report.set_param("report-type", "feedback-report")
    # The standard library would draw one by chance; this one is told by the text, and its lines cannot begin like it.
    report.set_boundary(f"=_{blake2b(text.encode('utf-8', 'replace'), digest_size=16).hexdigest()}")
    return report


def mail_draft(
    *, to: tuple[str, ...], reporter: Address | None, subject: str, text: str, now: float
) -> EmailMessage:
    """Return a text as a mail that is ready to send: a draft, without From where nobody is named to send it."""
    is_ascii = reporter is None or str(reporter).isascii()
    draft = EmailMessage(policy=SMTP if is_ascii else SMTPUTF8)
    if reporter is not None:
        draft["From"] = Mailbox(username=reporter.local_part, domain=reporter.domain)
        identity = blake2b(f"{to}{subject}{now}{text}".encode("utf-8", "replace"), digest_size=16).hexdigest()
        draft["Message-ID"] = f"<{identity}@{reporter.domain}>"
    if to:
        draft["To"] = [Mailbox(username=name, domain=domain) for name, _, domain in map(_parted, to)]
    draft["Subject"] = subject
    draft["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
    # Mail programs open a mail with it for editing.
    draft["X-Unsent"] = "1"
    draft.set_content(text)
    return draft


def _parted(address: str) -> tuple[str, str, str]:
    return address.rpartition("@")


def printable(text: str, limit: int) -> str:
    """Return a text of a mail in one line, what cannot be shown escaped, at most `limit` characters and "…"."""
    shown = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in text[:limit]
    )
    return shown[:limit] + ("…" if len(text) > limit or len(shown) > limit else "")


def _part(policy: "Policy[Any]", kind: str, text: str) -> EmailMessage:
    part = EmailMessage(policy=policy)
    if kind.startswith("text/plain"):
        part.set_content(text)
    else:
        part["Content-Type"] = kind
        part["Content-Transfer-Encoding"] = "7bit"
        # The generator writes a message/* part as it stands, where it gives all others the line ends of the policy.
        part.set_payload(text.replace("\n", policy.linesep) if kind.startswith("message/") else text)
    return part


def _machine_part(storm: Storm, suspect: Suspect, domain: str, quoted: tuple[Quote, ...]) -> str:
    """Return the fields of RFC 5965 §3.1 and §3.2; those that are not known are left out."""
    fields = [
        ("Feedback-Type", "other"),
        ("User-Agent", f"Seawall/{seawall.__version__}"),
        ("Version", "1"),
        ("Incidents", str(max(suspect.copies, 1))),
    ]
    path = next((quote.text for quote in quoted if quote.header.lower() == "return-path"), None)
    if path is not None:
        fields.append(("Original-Mail-From", f"<{_ascii(path).strip('<> ')}>"))
    handed_over = _hand_over(suspect, domain)
    arrival = (handed_over.at if handed_over else None) or _arrived(quoted) or storm.last_seen
    if arrival is not None and (date := _date(arrival)):
        fields.append(("Arrival-Date", date))
    if handed_over:
        fields.append(("Source-IP", handed_over.from_ip))
    if domain:
        fields.append(("Reported-Domain", domain))
    return "".join(f"{name}: {value[:MAX_LINE]}\n" for name, value in fields)


def _hand_over(suspect: Suspect, domain: str) -> Hop | None:
    """Return a quoted hop in which another server took a copy from a public address of the suspect's."""
    hosts = {host.lower() for host in suspect.hosts}
    for quote in _quotes(suspect):
        if quote.header.lower() != "received":
            continue
        (hop,) = read_hops([quote.text.encode("utf-8", "replace")])
        named = {hop.rdns, hop.helo} - {""}
        theirs = any(
            name in hosts or (domain and (name == domain or name.endswith(f".{domain}"))) for name in named
        )
        if theirs and _is_public(hop.from_ip):
            return hop
    return None


def _arrived(quoted: tuple[Quote, ...]) -> float | None:
    """Return when the quoted copy came to the topmost of its servers that is quoted."""
    topmost = next((quote.text for quote in quoted if quote.header.lower() == "received"), None)
    return read_hops([topmost.encode("utf-8", "replace")])[0].at if topmost is not None else None


def _is_public(address: str) -> bool:
    try:
        return ip_address(address).is_global
    except ValueError:
        return False


def _date(moment: float) -> str:
    try:
        when = datetime.fromtimestamp(moment, UTC)
    except (ValueError, OverflowError, OSError):
        return ""
    return format_datetime(when) if when.year <= _LAST_YEAR else ""


def _quotes(suspect: Suspect) -> Iterable[Quote]:
    return (quote for evidence in suspect.evidence for quote in evidence.quotes)


def _most_quoted_mail(suspect: Suspect) -> tuple[Quote, ...]:
    """Return the header lines quoted of that copy of which most are: of one mail, so that they are a part of one header."""
    by_mail: dict[str, dict[Quote, None]] = {}
    for quote in _quotes(suspect):
        if _FIELD_NAME.fullmatch(quote.header):
            by_mail.setdefault(quote.mail, {})[quote] = None
    most: dict[Quote, None] = max(by_mail.values(), key=len) if by_mail else {}
    return tuple(most)[:MAX_QUOTES]


def _field(quote: Quote) -> str:
    text = _ascii(quote.text)
    prefix = f"{quote.header}: "
    return f"{prefix if not text.lower().startswith(prefix.lower()) else ''}{text}\n"


def _ascii(text: str) -> str:
    """Return a text in one line of printable ASCII."""
    return "".join(
        letter if " " <= letter <= "~" else letter.encode("unicode_escape").decode("ascii")
        for letter in text[:MAX_LINE]
    )[:MAX_LINE]
