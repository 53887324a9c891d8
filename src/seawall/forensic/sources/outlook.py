"""Outlook's own files → mails: a .msg (MS-OXMSG), and the mailbox in a .pst or .ost (MS-PST).

Outlook takes a mail apart when it comes in. What stays of it is the header as the server served it, where the mail
came from outside, and its text: enough to trace it, not enough to be the same content as a copy in another store. A mail
that was written here has no such header: author, subject and date are put together from what there is.

Both need the extra `pst`; without it such a file is told as one that cannot be read.
"""

import importlib
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

from seawall.errors import Permanent
from seawall.forensic.sources.bounds import MOST
from seawall.forensic.sources.notes import name_of
from seawall.forensic.table import RawMail

MAX_DEPTH: Final = 64
"""Folders in folders of a .pst."""
MAX_TEXT: Final = 2**20
"""Octets of a text that are taken."""

_CONTENT_FIELD = re.compile(
    rb"^(?:content-type|content-transfer-encoding|mime-version)[ \t]*:.*(?:\n[ \t].*)*\n?",
    re.IGNORECASE | re.MULTILINE,
)
"""They tell of a body that isn't there any more."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_STREAM: Final = "__substg1.0_"
_HEADERS, _BODY, _SUBJECT, _SENDER, _SENDER_ADDRESS = "007D", "1000", "0037", "0C1A", "0C1F"
"""Property ids (MS-OXPROPS): PidTagTransportMessageHeaders, PidTagBody, PidTagSubject, PidTagSenderName, PidTagSenderEmailAddress."""
_UNICODE, _OCTETS = "001F", "001E"


class _Parts:
    """What is left of a mail: its header as served, its text, and what a header is put together from without one."""

    def __init__(self, headers: bytes, body: bytes, subject: str, sender: str, at: datetime | None) -> None:
        self._headers = headers
        self._body = body
        self._subject = subject
        self._sender = sender
        self.at = at

    def mail(self) -> bytes:
        headers = self._headers.replace(b"\r\n", b"\n").replace(b"\r", b"\n").strip(b"\n\0 ")
        if headers:
            headers = _CONTENT_FIELD.sub(b"", headers + b"\n")
        else:
            fields = [
                ("From", self._sender),
                ("Subject", self._subject),
                ("Date", format_datetime(self.at) if self.at else ""),
            ]
            headers = "".join(
                f"{name}: {_CONTROL.sub(' ', value)}\n" for name, value in fields if value
            ).encode("utf-8", "replace")
        return headers + b"Content-Type: text/plain; charset=utf-8\n\n" + self._body


def read_msg(content: bytes, source: str) -> RawMail:
    """Return the mail of a .msg; raises Permanent where it is none, or olefile is not installed."""
    ole = _library("olefile", "Outlook's .msg")
    try:
        with ole.OleFileIO(io.BytesIO(content)) as file:
            parts = _Parts(
                headers=_property(file, _HEADERS),
                body=_property(file, _BODY),
                subject=_property(file, _SUBJECT).decode("utf-8", "replace"),
                sender=" ".join(
                    _property(file, tag).decode("utf-8", "replace") for tag in (_SENDER, _SENDER_ADDRESS)
                ).strip(),
                at=None,
            )
            is_mail = any(
                file.exists(_STREAM + tag + kind)
                for tag in (_HEADERS, _SUBJECT)
                for kind in (_UNICODE, _OCTETS)
            )
    except (
        OSError,
        ValueError,
        IndexError,
        TypeError,
        AttributeError,
        RecursionError,
        OverflowError,
    ) as problem:
        # What olefile raises on damaged files, beside its own OleFileError, which is an OSError.
        raise Permanent(f"it is no sound Outlook file ({problem})") from problem
    if not is_mail:
        raise Permanent("it is an OLE file, but no mail of Outlook's")
    mail = parts.mail()
    return RawMail(source, 0, 0, mail[:MOST], len(mail))


def _property(file: Any, tag: str) -> bytes:
    """Return a text property in UTF-8, empty where there is none."""
    for kind in (_UNICODE, _OCTETS):
        name = _STREAM + tag + kind
        if file.exists(name):
            with file.openstream(name) as stream:
                value: bytes = stream.read(2 * MAX_TEXT)
            if kind == _UNICODE:
                value = value.decode("utf-16-le", "replace").encode("utf-8")
            # Some writers end a text as C does.
            return value.rstrip(b"\0")
    return b""


def read_pst(path: str, source: str) -> Iterator[RawMail]:
    """Yield the mails of a .pst, folder by folder; raises Permanent where it is none, or pypff is not installed."""
    pff = _library("pypff", "Outlook's .pst")
    file = pff.file()
    try:
        file.open(path)
        try:
            yield from _folder(file.get_root_folder(), source, 0)
        finally:
            file.close()
    except (OSError, ValueError, RuntimeError) as problem:
        raise Permanent(f"it is no sound .pst, or encrypted: read up to there ({problem})") from problem


def _folder(folder: Any, source: str, depth: int) -> Iterator[RawMail]:
    for place in range(_told(folder, "number_of_sub_messages") or 0):
        try:
            message = folder.get_sub_message(place)
            parts = _Parts(
                headers=_octets(_told(message, "transport_headers")),
                body=_octets(_told(message, "plain_text_body") or _told(message, "html_body")),
                subject=str(_told(message, "subject") or ""),
                sender=str(_told(message, "sender_name") or ""),
                at=_moment(_told(message, "delivery_time") or _told(message, "client_submit_time")),
            )
        except OSError:
            # One damaged item hides no other.
            continue
        mail = parts.mail()
        yield RawMail(source, place, 0, mail[:MOST], len(mail), parts.at.timestamp() if parts.at else None)
    if depth < MAX_DEPTH:
        for number in range(_told(folder, "number_of_sub_folders") or 0):
            below = folder.get_sub_folder(number)
            name = _CONTROL.sub(" ", str(_told(below, "name") or f"folder {number + 1}")).replace("/", "_")
            yield from _folder(below, name_of(f"{source}/{name}"), depth + 1)


def _told(item: Any, name: str) -> Any:
    """Return an attribute, None where the item has none: libpff hands out bare items, and raises for what is damaged."""
    try:
        return getattr(item, name, None)
    except (OSError, ValueError, OverflowError):
        return None


def _octets(value: object) -> bytes:
    return (
        value[:MAX_TEXT]
        if isinstance(value, bytes)
        else str(value or "")[:MAX_TEXT].encode("utf-8", "replace")
    )


def _moment(value: object) -> datetime | None:
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _library(name: str, kind: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as problem:
        raise Permanent(f"{kind} cannot be read without {name}: pip install 'seawall[pst]'") from problem
