"""Mails whose sender means harm, or that a broken program wrote: what a mailbox can hold all the same.

Owns the octets of each. Refuses to know what a client should make of them: whole, unaltered, and
the next mail untouched, says the test that asks.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

MEGABYTE: Final = 2**20
FORGED_MARK: Final = b"This mail was forged inside another one."
"""A line of every forged mail; a client that delivers a mail that begins with a forged header was fooled."""


def hostile_mails() -> Mapping[str, bytes]:
    """Return the mails by name. Those whose name begins with `forged-crlf` harm only where dots are not stuffed."""
    return MappingProxyType(
        {
            "lf-dot-lf": _mail("lf-dot-lf", b"before\n.\nMAIL FROM:<x@example.com>\nafter\r\n"),
            "lf-dot-crlf": _mail("lf-dot-crlf", b"before\n.\r\nMAIL FROM:<x@example.com>\r\nafter\r\n"),
            "crlf-dot-lf": _mail("crlf-dot-lf", b"before\r\n.\nMAIL FROM:<x@example.com>\nafter\r\n"),
            "cr-dot-cr": _mail("cr-dot-cr", b"before\r.\rMAIL FROM:<x@example.com>\rafter\r\n"),
            "cr-dot-crlf": _mail("cr-dot-crlf", b"before\r.\r\nMAIL FROM:<x@example.com>\r\nafter\r\n"),
            "crlf-dot-cr": _mail("crlf-dot-cr", b"before\r\n.\rMAIL FROM:<x@example.com>\rafter\r\n"),
            "crlf-dot-crlf": _mail("crlf-dot-crlf", b"before\r\n.\r\nMAIL FROM:<x@example.com>\r\nafter\r\n"),
            "lone-cr": _mail("lone-cr", b"one\rtwo\rthree\r\n"),
            "bare-lf": _mail("bare-lf", b"one\ntwo\nthree\r\n"),
            "nul": _mail("nul", b"be\0fore\r\n\0\r\nafter\r\n"),
            "dot-lines": _mail("dot-lines", b".foo\r\n..foo\r\n...\r\n. \r\n"),
            "long-header-line": _mail(
                "long-header-line", b"body\r\n", b"X-Long: " + b"x" * MEGABYTE + b"\r\n"
            ),
            "long-body-line": _mail("long-body-line", b"x" * MEGABYTE + b"\r\n"),
            "many-headers": _mail("many-headers", b"body\r\n", b"X-Many: one of many\r\n" * 100_000),
            "many-received": _mail(
                "many-received", b"body\r\n", b"Received: by x.example.com; now\r\n" * 500
            ),
            "nested-multiparts": _nested(3000),
            "escapes": _mail("escapes", b"\x1b[2J\r\n", b"Comments: \x1b]0;owned\x07\x1b[31m\x9b\r\n"),
            "eight-bit-header": _mail("eight-bit-header", b"body\r\n", b"Comments: \xff\xfe caf\xe9\r\n"),
            "path-message-id": _mail("../../../../etc/cron.d/x", b"body\r\n"),
            "not-a-header-line": _mail(
                "not-a-header-line", b"body\r\n", b"this is no header field\r\n: nor this\r\n"
            ),
            "empty": b"",
            "one-crlf": b"\r\n",
            "header-only": _mail("header-only", b"")[:-2],
            "no-blank-line": b"Here is a text without any header, and no empty line in it.\r\n",
            "body-only": b"\r\nThere is a body, and no header above it.\r\n",
            "no-final-line-end": _mail("no-final-line-end", b"the last line has no end"),
            "only-a-dot": b".\r\n",
            "forged-lf": _forged("forged-lf", b"\n"),
            "forged-crlf": _forged("forged-crlf", b"\r\n"),
            "forged-crlf-fence": _forged("forged-crlf-fence", b"\r\n", b"+OK 3 3000\r\n"),
        }
    )


def _mail(name: str, body: bytes, more: bytes = b"") -> bytes:
    identity = name.encode("ascii")
    return (
        b"From: Mallory <mallory@example.com>\r\nTo: Alice <alice@example.org>\r\n"
        b"Subject: " + identity + b"\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\n"
        b"Message-ID: <" + identity + b".hostile@example.com>\r\n" + more + b"\r\n" + body
    )


def _forged(name: str, line_end: bytes, fence: bytes = b"") -> bytes:
    """Return a mail that ends early and goes on with replies and another mail, each line with `line_end`."""
    inner = (b"From: The Bank <bank@example.com>", b"Subject: forged", b"", FORGED_MARK, b".")
    lines = (
        b"innocent",
        b".",
        b"+OK 200 octets",
        *inner,
        *fence.splitlines(),
        b"+OK",
        b"+OK",
        b"-ERR",
        b"the end",
    )
    return _mail(name, line_end.join(lines) + b"\r\n")


def _nested(depth: int) -> bytes:
    opening = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
        for level in range(depth)
    )
    return _mail("nested-multiparts", b"Content-Type: text/plain\r\n\r\nthe core\r\n", opening)
