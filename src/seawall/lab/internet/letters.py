"""The mails that are written in the lab: a person's, an answer, an absence notice, and a server's bounce.

Owns their text and their header. Refuses to know when one is written, and whether it should be.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from seawall.lab.fields import addresses, joined, name_of, split, values
from seawall.lab.internet.mail import Envelope
from seawall.lab.server_time import date

LONGEST_QUOTE: Final = 4096
"""Octets of a mail that an answer quotes: what is quoted again and again would grow without end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A recipient who did not get a mail: the enhanced code (RFC 3463), and what the server said."""

    recipient: str
    status: str
    words: str


def letter(
    *, author: str, to: Sequence[str], cc: Sequence[str], subject: str, text: str, at: datetime, identity: str
) -> Envelope:
    """Return a person's own mail, for all whom it names, each once."""
    fields = [
        f"From: {author}",
        *_list("To", to),
        *_list("Cc", cc),
        f"Subject: {subject}",
        f"Date: {date(at)}",
        f"Message-ID: <{identity}>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
    ]
    return Envelope.of(author, tuple(dict.fromkeys((*to, *cc))), _mail(fields, text))


def answer_to_all(mail: Envelope, *, author: str, at: datetime, identity: str) -> Envelope:
    """Return an answer to the mail's author and everybody else whom it names, with the mail quoted."""
    fields, body = split(mail.data)
    others = [each for each in _people(fields, (b"from", b"to", b"cc")) if each != author]
    quoted = "".join(f"> {line}\n" for line in body[:LONGEST_QUOTE].decode("utf-8", "replace").splitlines())
    thread = [value for name in (b"references", b"message-id") for value in values(fields, name)]
    return Envelope.of(
        author,
        others,
        _mail(
            [
                f"From: {author}",
                *_list("To", others[:1]),
                *_list("Cc", others[1:]),
                f"Subject: Re: {_subject(fields).removeprefix('Re: ')}",
                f"Date: {date(at)}",
                f"Message-ID: <{identity}>",
                f"In-Reply-To: <{mail.message_id}>",
                *([f"References: {' '.join(' '.join(thread).split()[-20:])}"] if thread else []),
                "MIME-Version: 1.0",
                "Content-Type: text/plain; charset=utf-8",
            ],
            f"Please take me off this list.\n\n{quoted}",
        ),
    )


def absence(
    mail: Envelope, *, author: str, to: str, at: datetime, identity: str, is_marked: bool
) -> Envelope:
    """Return an absence notice; one that is marked says that no person wrote it, and wants no answer (RFC 3834 §3.3)."""
    fields, _ = split(mail.data)
    return Envelope.of(
        "" if is_marked else author,
        (to,),
        _mail(
            [
                f"From: {author}",
                f"To: {to}",
                f"Subject: Out of office: {_subject(fields)[:200]}",
                f"Date: {date(at)}",
                f"Message-ID: <{identity}>",
                f"In-Reply-To: <{mail.message_id}>",
                *(["Auto-Submitted: auto-replied"] if is_marked else []),
                "MIME-Version: 1.0",
                "Content-Type: text/plain; charset=utf-8",
            ],
            "I am at sea until Monday.\n",
        ),
    )


def bounce(
    mail: Envelope, failures: Sequence[Failure], *, server: str, at: datetime, identity: str
) -> Envelope:
    """Return a server's report that some did not get a mail (RFC 3464), with that mail's header (RFC 3462 §2)."""
    fields, _ = split(mail.data)
    boundary = f"lab-{identity.partition('@')[0]}"
    groups = "\n".join(
        f"Final-Recipient: rfc822; {each.recipient}\nAction: failed\nStatus: {each.status}\n"
        f"Diagnostic-Code: smtp; {each.words}\n"
        for each in failures
    )
    told = "".join(f"<{each.recipient}>: {each.words}\n" for each in failures)
    text = (
        f"--{boundary}\nContent-Type: text/plain; charset=utf-8\n\nYour mail could not be delivered to:\n\n{told}\n"
        f"--{boundary}\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; {server}\nArrival-Date: {date(at)}\n\n{groups}\n"
        f"--{boundary}\nContent-Type: text/rfc822-headers\n\n"
    )
    header = joined(fields, b"").decode("utf-8", "surrogateescape")
    return Envelope.of(
        "",
        (mail.reverse_path,),
        _mail(
            [
                f"From: Mail Delivery System <mailer-daemon@{server}>",
                f"To: {mail.reverse_path}",
                "Subject: Undelivered Mail Returned to Sender",
                f"Date: {date(at)}",
                f"Message-ID: <{identity}>",
                "Auto-Submitted: auto-replied",
                "MIME-Version: 1.0",
                f'Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"',
            ],
            f"{text}{header}\n--{boundary}--\n",
        ),
    )


def author_of(fields: Sequence[bytes]) -> str:
    """Return the first address in From, in lower case; empty where there is none."""
    return next(iter(_people(fields, (b"from",))), "")


def names(fields: Sequence[bytes], address: str) -> bool:
    """Whether To or Cc name this address."""
    return address in _people(fields, (b"to", b"cc"))


def _people(fields: Sequence[bytes], which: Sequence[bytes]) -> list[str]:
    found = (
        each.lower()
        for name in which
        for field in fields
        if name_of(field) == name
        for each in addresses(field)
    )
    return list(dict.fromkeys(found))


def _subject(fields: Sequence[bytes]) -> str:
    return next(values(fields, b"subject"), "")


def _list(name: str, people: Sequence[str]) -> list[str]:
    return [f"{name}: " + ",\r\n\t".join(people)] if people else []


def _mail(fields: Iterable[str], text: str) -> bytes:
    header = [field.encode("utf-8", "surrogateescape") for field in fields]
    body = text.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8", "surrogateescape")
    return joined(header, body)
