"""A line of an Exchange message-tracking log → what it says about a queue entry. Sans-IO, total.

Owns the columns (named by the log's #Fields line) and the events RECEIVE, SEND, DELIVER, FAIL, DSN and EXPAND.
Refuses to know the events of an entry's way inside one server (SUBMIT, TRANSFER, HARECEIVE, AGENTINFO and their like).
Stamps are in UTC.
"""

import csv
from typing import Final

from seawall.facts.dsn_causes import STATUS
from seawall.facts.maillog import (
    MAX_TEXT,
    MAX_WORDS,
    Attempted,
    Calendar,
    Entry,
    HandedIn,
    Said,
    bare_id,
    mailbox,
)

_FIELDS: Final = "#Fields:"
_MOST_FIELDS: Final = 64
_MOST_RECIPIENTS: Final = 1000
_OUTCOMES: Final = {"SEND": "sent", "DELIVER": "sent", "FAIL": "bounced", "EXPAND": "expanded"}
"""FAIL tells of a recipient that cannot be reached; the report of it is an entry of its own: DSN."""


class ExchangeReader:
    """The lines of one log; none is understood before a #Fields line names the columns."""

    def __init__(self) -> None:
        self._calendar = Calendar(None)
        self._columns: tuple[str, ...] = ()

    def read(self, line: bytes) -> tuple[Said, ...]:
        """Return what a line, without its end, says about an entry, of several recipients each; empty where nothing."""
        text = line.decode("utf-8", "replace").removeprefix("\ufeff")
        if text.startswith("#"):
            if text.startswith(_FIELDS):
                names = text.removeprefix(_FIELDS).split(",", _MOST_FIELDS)[:_MOST_FIELDS]
                self._columns = tuple(name.strip() for name in names)
            return ()
        if not self._columns:
            return ()
        try:
            values = next(csv.reader([text]), [])
        except csv.Error:
            return ()
        fields = dict(zip(self._columns, values, strict=False))
        event = fields.get("event-id", "")
        if event not in _OUTCOMES and event not in {"RECEIVE", "DSN"}:
            return ()
        entry = Entry(
            fields.get("server-hostname", "").lower()[:MAX_TEXT],
            fields.get("internal-message-id", "")[:MAX_TEXT],
            self._calendar.full(fields.get("date-time", "")),
        )
        if not entry.queue_id:
            return ()
        return (
            (_handed_in(entry, event, fields, text[:MAX_WORDS]),)
            if event in {"RECEIVE", "DSN"}
            else _attempted(entry, event, fields, text[:MAX_WORDS])
        )


def _handed_in(entry: Entry, event: str, fields: dict[str, str], text: str) -> Said:
    path = mailbox(fields.get("return-path", ""))
    is_notice = event == "DSN"
    size = fields.get("total-bytes", "")
    return HandedIn(
        entry,
        "",
        "" if is_notice else fields.get("client-hostname", "").lower()[:MAX_TEXT],
        "" if is_notice else _address(fields.get("client-ip", "")),
        fields.get("source", "").lower()[:MAX_TEXT],
        text,
        message_id=bare_id(fields.get("message-id", "")),
        sender="" if is_notice else path,
        size=int(size) if size.isdecimal() and len(size) < 16 else None,  # noqa: PLR2004 -- 1 PB
        recipients=_recipients(fields),
        subject=fields.get("message-subject", "")[:MAX_TEXT],
        author=mailbox(fields.get("sender-address", "")),
        reference=bare_id(fields.get("reference", "").split(";", 1)[0]) if is_notice else "",
        is_accepted=True,
    )


def _attempted(entry: Entry, event: str, fields: dict[str, str], text: str) -> tuple[Said, ...]:
    words = fields.get("recipient-status", "").split(";", _MOST_RECIPIENTS)
    made = []
    for place, recipient in enumerate(_recipients(fields)):
        said = words[place] if place < len(words) else words[-1]
        status = STATUS.search(said[:MAX_WORDS].encode())
        made.append(
            Attempted(
                entry,
                recipient,
                mailbox(fields.get("related-recipient-address", "")) if event == "EXPAND" else "",
                _OUTCOMES[event],
                status.group().decode("ascii") if status else "",
                said[:MAX_WORDS],
                "",
                text,
            )
        )
    return tuple(made)


def _recipients(fields: dict[str, str]) -> tuple[str, ...]:
    values = fields.get("recipient-address", "").split(";", _MOST_RECIPIENTS)[:_MOST_RECIPIENTS]
    return tuple(mailbox(value) for value in values if value)


def _address(value: str) -> str:
    """Return an address without the port that some versions put behind it."""
    bare = value.strip("[]")[:64]
    return bare.partition(":")[0] if bare.count(":") == 1 else bare.partition("%")[0]
