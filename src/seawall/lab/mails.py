"""Mails for the lab: valid (RFC 5322), CRLF, each with a Message-ID of its own, and the same in every run.

Owns what good mail looks like, and the mail of a storm. Refuses to know the hostile ones
(`hostile`) and where any of them go. All names are reserved ones (RFC 2606).
"""

import base64
import random
from email.utils import formatdate
from typing import Final

EPOCH: Final = 1_767_225_600
"""The first mail's date in Unix seconds, UTC."""
WORDS: Final = [
    "tide",
    "harbour",
    "rope",
    "anchor",
    "lantern",
    "ballast",
    "current",
    "quay",
    "pilot",
    "signal",
    "mooring",
    "ledger",
    "customs",
    "invoice",
    "crane",
    "barge",
    "weather",
    "keel",
    "beacon",
    "channel",
    "the",
    "a",
    "of",
    "and",
    "to",
    "in",
    "is",
    "was",
    "for",
    "on",
    "with",
    "as",
    "at",
    "by",
]
STORM_ADDRESSEES: Final = 50
_POOL_LINES: Final = 2000


def ordinary_mails(count: int, octets: int, seed: int = 0) -> tuple[bytes, ...]:
    """Return `count` mails of exactly `octets` octets each, or of the header's size where that is more."""
    draw = random.Random(seed)  # noqa: S311 -- reproducible, not secret
    lines = [_line(draw) for _ in range(_POOL_LINES)]
    text = "".join(lines).encode("ascii")
    starts = [0]
    for line in lines[:-1]:
        starts.append(starts[-1] + len(line))
    text *= 2 + octets // len(text)
    mails = []
    for index in range(count):
        header = _header(index, f"{seed}.{index}.{draw.getrandbits(48):012x}", draw.choice(WORDS))
        start = draw.choice(starts)
        body = text[start : start + max(0, octets - len(header) - 2)]
        # A cut between CR and LF would leave a lone CR.
        body = body[:-1] + b"." if body.endswith(b"\r") else body
        mails.append(header + body + b"\r\n" if octets > len(header) + 1 else header)
    return tuple(mails)


def _line(draw: random.Random) -> str:
    words = [draw.choice(WORDS) for _ in range(draw.randint(1, 12))]
    # Some lines begin with dots, so that stuffing is always at work.
    return ("." if draw.random() < 0.02 else "") + " ".join(words) + "\r\n"  # noqa: PLR2004 -- one in fifty


def _header(index: int, identity: str, word: str) -> bytes:
    sent = formatdate(EPOCH + 60 * index)
    return _mail(
        "Received: from mx.example.net (mx.example.net [192.0.2.25])",
        f"\tby pop.isp.example with ESMTPS id {identity}",
        f"\tfor <alice@example.org>; {sent}",
        f"From: Harbour Office <office{index % 7}@example.com>",
        "To: Alice <alice@example.org>",
        f"Subject: The {word}, no. {index}",
        f"Date: {sent}",
        f"Message-ID: <{identity}@example.com>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=us-ascii",
        "",
    )


def storm_mail() -> bytes:
    """Return the mail of a storm: fifty addressees in To and Cc, three of them at example.org, none of them in Bcc.

    A connector that delivers to whom the header names sends it to 47 strangers, each time.
    """
    local = {f"{name}@example.org" for name in ("alice", "bob", "carol")}
    domains = ("example.com", "example.net", "club.test")
    strangers = [f"member{index:02}@{domains[index % 3]}" for index in range(STORM_ADDRESSEES - len(local))]
    addressees = [*sorted(local), *strangers]
    return _mail(
        "Received: from mail.example.net (mail.example.net [192.0.2.40])",
        "\tby pop.isp.example with ESMTPS id storm.1",
        f"\tfor <alice@example.org>; {formatdate(EPOCH)}",
        "From: Sailing Club <secretary@club.test>",
        "To: " + ",\r\n\t".join(addressees[:20]),
        "Cc: " + ",\r\n\t".join(addressees[20:]),
        "Subject: Summer regatta: who brings a boat?",
        f"Date: {formatdate(EPOCH)}",
        "Message-ID: <regatta.2026@club.test>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        "Dear members,",
        "",
        "please answer to all, so that everybody knows who brings a boat.",
        "",
        "-- ",
        "The secretary",
    )


def everyday_mails() -> tuple[bytes, ...]:
    """Return what a mailbox gets in a morning.

    A note, a newsletter, an invoice with a PDF, an answer from a list, an out-of-office and a bounce.
    """
    return _note(), _newsletter(), _invoice(), _list_mail(), _out_of_office(), _bounce()


def _note() -> bytes:
    return _mail(
        *_top("Bob <bob@example.net>", "=?utf-8?Q?Caf=C3=A9_at_four=3F?=", "note.1@example.net", 1),
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        "Shall we meet at the café at four?",
        ".",
        "(The line above is a lone dot, and this mail goes on behind it.)",
    )


def _newsletter() -> bytes:
    return _mail(
        *_top("Harbour News <news@example.com>", "This week in the harbour", "news.412@example.com", 2),
        "List-Unsubscribe: <https://example.com/unsubscribe>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "Precedence: bulk",
        "Content-Type: multipart/alternative; boundary=news",
        "",
        "--news",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        "High water on Friday at 06:12.",
        "--news",
        "Content-Type: text/html; charset=us-ascii",
        "",
        "<html><body><h1>High water</h1><p>Friday at 06:12.</p></body></html>",
        "--news--",
    )


def _invoice() -> bytes:
    pdf = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    return _mail(
        *_top("Rope & Sail <billing@example.com>", "Invoice 2026-0031", "invoice.31@example.com", 3),
        "Content-Type: multipart/mixed; boundary=invoice",
        "",
        "--invoice",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        "Thank you for your order. The invoice is attached.",
        "--invoice",
        "Content-Type: application/pdf; name=invoice.pdf",
        "Content-Disposition: attachment; filename=invoice.pdf",
        "Content-Transfer-Encoding: base64",
        "",
        *base64.encodebytes(pdf).decode("ascii").splitlines(),
        "--invoice--",
    )


def _list_mail() -> bytes:
    return _mail(
        *_top("Carol <carol@example.net>", "Re: [crew] Varnish or oil?", "crew.88@example.net", 4),
        "List-Id: The crew <crew.club.test>",
        "List-Post: <mailto:crew@club.test>",
        "In-Reply-To: <crew.87@example.net>",
        "References: <crew.80@example.net>",
        "\t<crew.87@example.net>",
        "Content-Type: text/plain; charset=us-ascii; format=flowed",
        "",
        "> Varnish or oil?",
        "",
        "Oil, and patience.",
    )


def _out_of_office() -> bytes:
    return _mail(
        *_top("Dave <dave@example.net>", "Automatic reply: the mooring", "away.5@example.net", 5),
        "Auto-Submitted: auto-replied",
        "In-Reply-To: <mooring.1@example.org>",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        "I am at sea until Monday.",
    )


def _bounce() -> bytes:
    return _mail(
        "Return-Path: <>",
        *_top(
            "Mail Delivery System <MAILER-DAEMON@mx.example.com>", "Undelivered mail", "dsn.6@example.com", 6
        ),
        "Auto-Submitted: auto-replied",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=dsn",
        "",
        "--dsn",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        "Your mail to nobody@example.com was not delivered.",
        "--dsn",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example.com",
        "",
        "Final-Recipient: rfc822; nobody@example.com",
        "Action: failed",
        "Status: 5.1.1",
        "--dsn",
        "Content-Type: text/rfc822-headers",
        "",
        "From: alice@example.org",
        "To: nobody@example.com",
        "Subject: The mooring",
        "Message-ID: <mooring.2@example.org>",
        "",
        "--dsn--",
    )


def _top(author: str, subject: str, identity: str, index: int) -> tuple[str, ...]:
    sent = formatdate(EPOCH + 3600 * index)
    return (
        "Received: from mx.example.net (mx.example.net [192.0.2.25])",
        f"\tby pop.isp.example with ESMTPS id everyday.{index}",
        f"\tfor <alice@example.org>; {sent}",
        f"From: {author}",
        "To: Alice <alice@example.org>",
        f"Subject: {subject}",
        f"Date: {sent}",
        f"Message-ID: <{identity}>",
        "MIME-Version: 1.0",
    )


def _mail(*lines: str) -> bytes:
    return "".join(line + "\r\n" for line in lines).encode("utf-8")
