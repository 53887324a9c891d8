"""An IMAP mailbox → its mails, and nothing on the server changes: EXAMINE, and BODY.PEEK of each mail's first MiB.

By the standard library's client: what is asked for here is three commands, and their replies are bounded by the partial
fetch (RFC 3501 §6.4.5). Owns the bound on what the server may send unasked.
"""

import base64
import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from seawall.errors import (
    ConnectionLost,
    CredentialsRefused,
    ProtocolViolation,
    ServerRefused,
    TooLarge,
    Untrusted,
)
from seawall.forensic.sources.bounds import MOST
from seawall.forensic.sources.notes import Notes
from seawall.forensic.sources.url import Mailbox
from seawall.forensic.table import RawMail
from seawall.model.account import Tls
from seawall.model.secret import Secret
from seawall.model.text import shown
from seawall.net.tls import client_context

PATIENCE: Final = 60.0
"""Seconds that the server may be silent."""
_AT_ONCE: Final = 16
"""Mails of one FETCH: so many MiB may be in memory."""
_SEQUENCE = re.compile(rb"(\d{1,10}) \(")
_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,18})")
_DATE = re.compile(rb'INTERNALDATE "([^"]{1,40})"')


def _refuse_longer(size: int) -> None:
    """Raise TooLarge for a literal longer than any that was asked for: imaplib would take it into memory."""
    if size > MOST:
        raise TooLarge(f"the server sends {size} octets where {MOST} were asked for at most")


class _Plain(imaplib.IMAP4):
    def read(self, size: int) -> bytes:
        _refuse_longer(size)
        return super().read(size)


class _Protected(imaplib.IMAP4_SSL):
    def read(self, size: int) -> bytes:
        _refuse_longer(size)
        return super().read(size)


def read_imap(mailbox: Mailbox, secret: Secret, notes: Notes) -> Iterator[RawMail]:
    """Yield the mails of a folder, in the server's order.

    Raises ConnectionLost, Untrusted, CredentialsRefused, ServerRefused, ProtocolViolation or TooLarge.
    """
    try:
        client = _connected(mailbox)
        try:
            _log_in(client, mailbox.user, secret)
            yield from _mails(client, mailbox, notes)
        finally:
            with suppress(OSError, imaplib.IMAP4.error):
                client.shutdown()
    except imaplib.IMAP4.abort as problem:
        raise ConnectionLost(
            f"{mailbox.server.host} broke off: {_said(problem, mailbox.user, secret)}"
        ) from None
    except imaplib.IMAP4.error as problem:
        raise ProtocolViolation(
            f"{mailbox.server.host} breaks the protocol: {_said(problem, mailbox.user, secret)}"
        ) from None
    except ssl.SSLCertVerificationError as problem:
        raise Untrusted(
            f"{mailbox.server.host} does not prove who it is: {problem.verify_message}"
        ) from problem
    except OSError as problem:
        raise ConnectionLost(
            f"{mailbox.server.host}:{mailbox.server.port} cannot be reached: {problem}"
        ) from problem


def _connected(mailbox: Mailbox) -> imaplib.IMAP4:
    server = mailbox.server
    if server.tls is Tls.NONE:
        return _Plain(server.host, server.port, timeout=PATIENCE)
    return _Protected(server.host, server.port, ssl_context=client_context(server), timeout=PATIENCE)


def _said(what: object, user: str, secret: Secret) -> str:
    raw = what if isinstance(what, bytes) else str(what).encode("utf-8", "replace")
    return secret.hidden_in(shown(raw), user)


def _log_in(client: imaplib.IMAP4, user: str, secret: Secret) -> None:
    """Log in by PLAIN (RFC 4616), which takes any user and password, else by LOGIN."""
    password = secret.reveal
    try:
        if "AUTH=PLAIN" in client.capabilities:
            client.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
        else:
            client.login(_quoted(user), password)
    except imaplib.IMAP4.abort:
        raise
    except (imaplib.IMAP4.error, UnicodeError) as problem:
        raise CredentialsRefused(
            f"the server refused to log in: {_said(problem, user, secret)}", code="AUTH"
        ) from None


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def modified_utf7(name: str) -> str:
    """Return a folder's name as IMAP has it (RFC 3501 §5.1.3)."""
    encoded = []
    for run in re.findall(r"[ -~]+|[^ -~]+", name):
        if run.isascii() and run.isprintable():
            encoded.append(run.replace("&", "&-"))
        else:
            letters = base64.b64encode(run.encode("utf-16-be")).decode("ascii").rstrip("=").replace("/", ",")
            encoded.append(f"&{letters}-")
    return "".join(encoded)


def _mails(client: imaplib.IMAP4, mailbox: Mailbox, notes: Notes) -> Iterator[RawMail]:
    state, answer = client.select(_quoted(modified_utf7(mailbox.folder)), readonly=True)
    first = answer[0] or b""
    if state != "OK":
        raise ServerRefused(f"the server does not open {mailbox.folder}: {shown(bytes(first))}")
    count = int(first) if first.isdigit() else 0
    for begin in range(1, count + 1, _AT_ONCE):
        end = min(begin + _AT_ONCE - 1, count)
        state, replies = client.fetch(f"{begin}:{end}", f"(RFC822.SIZE INTERNALDATE BODY.PEEK[]<0.{MOST}>)")
        if state != "OK":
            notes.leave(f"{mailbox.source}:{begin}-{end}", "the server refused these mails")
            continue
        yield from _fetched(replies, mailbox.source)


def _fetched(replies: list[Any], source: str) -> Iterator[RawMail]:
    """Yield the mails of a FETCH; a server may put what it tells of a mail before its octets or behind."""
    for place, reply in enumerate(replies):
        if not isinstance(reply, tuple) or len(reply) != 2:  # noqa: PLR2004 -- what tells, and the literal
            continue
        told, head = reply
        behind = replies[place + 1] if place + 1 < len(replies) else b""
        if isinstance(behind, bytes):
            told = told + b" " + behind
        number = _SEQUENCE.match(told)
        size = _SIZE.search(told)
        if number:
            octets = max(int(size.group(1)), len(head)) if size else len(head)
            yield RawMail(source, int(number.group(1)) - 1, 0, head, octets, _internal_date(told))


def _internal_date(told: bytes) -> float | None:
    """Return INTERNALDATE (RFC 3501 §7.4.2); imaplib's own reading of it goes by this machine's zone."""
    found = _DATE.search(told)
    if not found:
        return None
    try:
        at = datetime.strptime(found.group(1).decode("ascii", "replace").strip(), "%d-%b-%Y %H:%M:%S %z")
    except ValueError:
        return None
    return at.astimezone(UTC).timestamp()
