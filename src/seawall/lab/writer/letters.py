"""Mails as people and programs write them: the header of six mail programs, subjects and bodies of every day.

Owns words, fields and their order. Refuses to know which way a mail goes.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final
from uuid import UUID

from seawall.lab.server_time import filetime
from seawall.lab.writer.cast import Person
from seawall.lab.writer.clock import plain, two_digits
from seawall.lab.writer.mail import Mail

_OPENINGS: Final = ("Hello all,", "Dear all,", "Hi,", "Dear colleagues,", "Hello everybody,", "Good morning,")
_SENTENCES: Final = (
    "please find below the dates for the next meeting",
    "the hall is free from six on, so we can set up early",
    "could everybody let me know by Friday whether they come",
    "the invoice of last month has been paid",
    "I have put the minutes on the server",
    "we still need somebody for the stand on Saturday",
    "the new price list is valid from the first of the month",
    "the delivery is late by a week, the supplier says",
    "thank you for the quick answer",
    "as discussed on the phone, the order goes out today",
    "there is a second draft, with the changes in red",
    "the train leaves at 7:42 from platform three",
    "does anybody have the key of the store room",
    "the budget for next year needs your comments",
    "the server will be down on Sunday between ten and noon",
    "we have moved: the new address is below",
    "parking is behind the building, not in the street",
    "the photos of the weekend are ready",
    "please do not answer to this address",
    "the committee has decided to keep the fee as it is",
    "our guest speaker had to cancel, so we start with the reports",
    "attached is what I could find about the pump",
)
_SUBJECTS: Final = (
    "Minutes of the meeting",
    "Agenda for Thursday",
    "Summer party: who brings what?",
    "Invoice {n}",
    "Your order {n}",
    "Change of address",
    "Draft of the programme",
    "Dates for the autumn term",
    "Key for the store room",
    "Budget {year}",
    "Photos",
    "New price list",
    "Server maintenance on Sunday",
    "Quotation {n}",
    "Question about the delivery",
    "Newsletter {month}/{year}",
    "Reminder: annual meeting",
    "Einladung zur Versammlung",
    "Compte rendu de la reunion",
    "Re: Quotation {n}",
    "Fwd: Dates for the autumn term",
    "Lunch?",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is written, before a mail program makes a mail of it."""

    author: Person
    to: tuple[str, ...]
    """As they stand in the header."""
    cc: tuple[str, ...] = ()
    subject: str
    answers: bytes = b""
    """The Message-ID of the mail that this one answers."""
    fields: tuple[bytes, ...] = ()
    """More fields, at the header's end."""


def composed(letter: Letter, text: bytes, *, moment: float, draw: Random) -> Mail:
    """Return the mail as the author's program hands it in; `text` is its body, plain."""
    author = letter.author
    at = author.computer.clock(moment)
    programs = [make for first, last, make in _PROGRAMS if first <= at.year <= last]
    make = author.computer.settled("program", programs)
    identity, bottom = make(author, at, draw)
    people = [b"To: " + _folded(letter.to), *([b"Cc: " + _folded(letter.cc)] if letter.cc else [])]
    thread = [b"In-Reply-To: " + letter.answers, b"References: " + letter.answers] if letter.answers else []
    shape, body = _shaped(text, draw)
    header = (
        f"From: {author.written}".encode(),
        *people,
        f"Subject: {letter.subject}".encode(),
        b"Date: " + _written_date(make, at).encode(),
        b"Message-ID: " + identity,
        *thread,
        b"MIME-Version: 1.0",
        *shape,
        *bottom,
        *letter.fields,
    )
    return Mail(header=header, body=body)


def subject(draw: Random, at: datetime) -> str:
    """Draw what a mail is about."""
    return draw.choice(_SUBJECTS).format(n=draw.randint(1000, 99_999), year=at.year, month=at.month)


def text(draw: Random, author: str) -> bytes:
    """Draw what a mail says."""
    lines = [draw.choice(_OPENINGS), ""]
    for _ in range(draw.randint(1, 3)):
        sentences = draw.sample(_SENTENCES, draw.randint(1, 4))
        lines += [*(f"{sentence[0].upper()}{sentence[1:]}." for sentence in sentences), ""]
    if draw.random() < 0.15:  # noqa: PLR2004 -- mbox has to quote these
        lines += ["From what I hear, everything is as last year.", ""]
    lines += [draw.choice(("Regards", "Best regards", "Greetings", "Kind regards", "Thanks")), author, ""]
    return "\r\n".join(lines).encode()


def bounce(failed: Mail, *, to: str, recipient: str, reporter: str, at: datetime, draw: Random) -> Mail:
    """Return a report that a mailbox is full (RFC 3464)."""
    boundary = f"{draw.getrandbits(40):010X}.{int(at.timestamp())}/{reporter}"
    top = b"\r\n".join(field for field in failed.header if not field.startswith(b"X-"))
    body = (
        f"This is a MIME-encapsulated message.\r\n\r\n--{boundary}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
        f"<{recipient}>: mailbox is full\r\n\r\n--{boundary}\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; {reporter}\r\n\r\nFinal-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.2.2\r\n"
        f"Diagnostic-Code: smtp; 552 5.2.2 mailbox full\r\n\r\n--{boundary}\r\nContent-Type: text/rfc822-headers\r\n\r\n"
    ).encode()
    return Mail(
        header=(
            f"Date: {two_digits(at)}".encode(),
            f"From: MAILER-DAEMON@{reporter} (Mail Delivery System)".encode(),
            b"Subject: Undelivered Mail Returned to Sender",
            f"To: {to}".encode(),
            b"Auto-Submitted: auto-replied",
            b"MIME-Version: 1.0",
            f'Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary="{boundary}"'.encode(),
            f"Message-Id: <{draw.getrandbits(48):012X}@{reporter}>".encode(),
        ),
        body=body + top + f"\r\n\r\n--{boundary}--\r\n".encode(),
    )


def _folded(people: Sequence[str]) -> bytes:
    return ",\r\n\t".join(people).encode()


def _shaped(text_: bytes, draw: Random) -> tuple[tuple[bytes, ...], bytes]:
    """Return a body as its author's program sends it: plain, with HTML beside it, or with something attached."""
    sort = draw.random()
    if sort < 0.7:  # noqa: PLR2004 -- most are plain
        charset = draw.choice((b"us-ascii", b"iso-8859-1", b"utf-8", b'"iso-8859-1"'))
        return (
            b"Content-Type: text/plain; charset=" + charset,
            b"Content-Transfer-Encoding: " + draw.choice((b"7bit", b"8bit", b"quoted-printable")),
        ), text_
    boundary = f"----=_NextPart_{draw.getrandbits(12):03}_{draw.getrandbits(32):08X}".encode()
    kind = b"alternative" if sort < 0.9 else b"mixed"  # noqa: PLR2004 -- one in ten has a file
    if kind == b"alternative":
        lines = b"<br>\r\n".join(text_.split(b"\r\n"))
        other = (
            b"Content-Type: text/html; charset=iso-8859-1\r\n\r\n<html><body>" + lines + b"</body></html>\r\n"
        )
    else:
        file = base64.encodebytes(draw.randbytes(draw.randint(200, 3000))).replace(b"\n", b"\r\n")
        other = (
            b"Content-Type: application/octet-stream; name=plan.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + file
        )
    body = b"\r\n".join(
        (
            b"This is a multi-part message in MIME format.",
            b"",
            b"--" + boundary,
            b"Content-Type: text/plain; charset=iso-8859-1",
            b"",
            text_,
            b"--" + boundary,
            other,
            b"--" + boundary + b"--",
            b"",
        )
    )
    return (b"Content-Type: multipart/" + kind + b';\r\n\tboundary="' + boundary + b'"',), body


_Made = tuple[bytes, tuple[bytes, ...]]
"""A Message-ID, and the fields that a program puts at the header's end."""


def _outlook_express(author: Person, at: datetime, draw: Random) -> _Made:
    high, low = divmod(filetime(at), 2**32)
    quad = (
        bytes(int(part) for part in author.computer.helo.strip("[]").split("."))
        if author.computer.helo[0] == "["
        else draw.randbytes(4)
    )
    identity = f"<{draw.randrange(1, 60):04x}{high:08x}${low:08x}${quad[::-1].hex()}@{author.computer.name}>"
    version = draw.choice(("6.00.2800.1106", "6.00.2900.2180", "6.00.2900.2869"))
    below = (
        b"X-Priority: 3",
        b"X-MSMail-Priority: Normal",
        f"X-Mailer: Microsoft Outlook Express {version}".encode(),
        f"X-MimeOLE: Produced By Microsoft MimeOLE V{version}".encode(),
    )
    return identity.encode(), below


_OUTLOOKS: Final = (
    (2006, "Microsoft Office Outlook 11"),
    (2010, "Microsoft Office Outlook 12.0"),
    (2013, "Microsoft Outlook 14.0"),
    (2016, "Microsoft Outlook 15.0"),
    (2100, "Microsoft Outlook 16.0"),
)


def _outlook(author: Person, at: datetime, draw: Random) -> _Made:
    high, low = divmod(filetime(at), 2**32)
    identity = f"<{draw.randrange(1, 60):04x}{high:08x}${low:08x}${draw.getrandbits(32):08x}$@{author.organisation.domain}>"
    index = base64.b64encode(b"\x01" + filetime(at).to_bytes(8, "big")[:5] + draw.randbytes(16))
    mailer = next(name for until, name in _OUTLOOKS if at.year <= until)
    return identity.encode(), (
        f"X-Mailer: {mailer}".encode(),
        b"Thread-Index: " + index,
        b"Content-Language: en-us",
    )


def _thunderbird(author: Person, at: datetime, draw: Random) -> _Made:
    if at.year < 2012:  # noqa: PLR2004 -- when its ids became UUIDs
        identity = (
            f"<{int(at.timestamp()):08X}.{draw.randrange(1000, 9_999_999):07}@{author.organisation.domain}>"
        )
        agent = "Thunderbird 1.5.0.9 (Windows/20061207)"
    else:
        identity = f"<{UUID(int=draw.getrandbits(128), version=4)}@{author.organisation.domain}>"
        agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:102.0) Thunderbird/102.15.1"
    return identity.encode(), (f"User-Agent: {agent}".encode(),)


def _apple(author: Person, at: datetime, draw: Random) -> _Made:
    identity = f"<{str(UUID(int=draw.getrandbits(128), version=4)).upper()}@{author.organisation.domain}>"
    version = "2.752.3" if at.year < 2010 else "2.3654.120.0.1.13"  # noqa: PLR2004 -- of its time
    return identity.encode(), (f"X-Mailer: Apple Mail ({version})".encode(),)


def _mutt(author: Person, at: datetime, draw: Random) -> _Made:
    identity = f"<{at:%Y%m%d%H%M%S}.G{draw.choice('ABCD')}{draw.randrange(300, 32_000)}@{author.computer.name}.{author.organisation.domain}>"
    agent = "Mutt/1.5.9i" if at.year < 2010 else "Mutt/1.10.1 (2018-07-13)"  # noqa: PLR2004
    return identity.encode(), (b"Content-Disposition: inline", f"User-Agent: {agent}".encode())


def _squirrelmail(author: Person, at: datetime, draw: Random) -> _Made:
    seen = author.computer.address
    identity = f"<{draw.randrange(1000, 65_000)}.{seen}.{int(at.timestamp())}.squirrel@{author.organisation.outward[-1].name}>"
    return identity.encode(), (
        b"User-Agent: SquirrelMail/1.4.8",
        b"X-Priority: 3 (Normal)",
        b"Importance: Normal",
    )


_Program = Callable[[Person, datetime, Random], _Made]
_PROGRAMS: Final[tuple[tuple[int, int, _Program], ...]] = (
    (1999, 2009, _outlook_express),
    (2003, 2100, _outlook),
    (2005, 2100, _thunderbird),
    (2005, 2100, _apple),
    (2000, 2100, _mutt),
    (2002, 2014, _squirrelmail),
)


def _written_date(make: _Program, at: datetime) -> str:
    """Write Date as the program does."""
    return (plain if make in {_outlook_express, _outlook, _apple, _mutt} else two_digits)(at)
