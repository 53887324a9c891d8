"""A line of an Exim main log → what it says about a queue entry. Sans-IO, total.

Owns Exim's lines (specification, chapter "Log files"): of its own file, with or without milliseconds, zone and process
id, and behind a syslog frame. Refuses to know the reject log and the panic log.

A main log names its host nowhere: `host` is what syslog says, else the host in the first Message-ID that Exim made itself.
"""

import re
from typing import Final

from seawall.facts.maillog import (
    MAX_TEXT,
    MAX_WORDS,
    Attempted,
    Calendar,
    Closed,
    Entry,
    HandedIn,
    Said,
    bare_id,
    mailbox,
)

_SYSLOG = re.compile(
    r"(?:<\d{1,3}>)?(?:1 )?"
    r"(?:([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)|(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)) "
    r"(\S{1,255}) exim4?(?:\[\d{1,10}\])?(?:: | (?:\d{1,10}|-) (?:\S{1,32}) - )"
)
_FRAME = re.compile(
    r"(?:(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?( [+-]\d{4})?) )?(?:\[\d{1,10}\] )?"
    r"([0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})) "
    r"(<=|=>|->|>>|\*\*|==|Completed) ?(.*)"
)
_HOST = re.compile(r" H=(?:([^\s()\[\]]{1,255}) ?)?(?:\(([^\s()]{1,255})\) ?)?(?:\[([0-9A-Fa-f.:]{2,45})\])?")
_FIELD = re.compile(r" (P|S|id|R)=(\S{1,512})")
_SUBJECT = re.compile(r' T="((?:[^"\\]|\\.){0,1024})"')
_FOR = re.compile(r" for (\S.*)$")
_ORIGINAL = re.compile(r" <([^<>\s]{1,320})>")
_STATUS = re.compile(r"(?<![\d.])[245]\.\d\.\d{1,3}(?![\d.])")
_OUTCOMES: Final = {"=>": "sent", "->": "sent", ">>": "sent", "**": "bounced", "==": "deferred"}
_MOST_RECIPIENTS: Final = 1000


class EximReader:
    """The lines of one log; `year` is that of the first line, for a syslog frame (see maillog.Calendar)."""

    def __init__(self, year: int | None) -> None:
        self._calendar = Calendar(year)
        self._host = ""

    def read(self, line: bytes) -> tuple[Said, ...]:
        """Return what a line, without its end, says about an entry; empty where it says nothing."""
        text = line.decode("utf-8", "replace")
        found = _FRAME.match(text)
        framed = None
        if found is None:
            framed = _SYSLOG.match(text)
            found = _FRAME.match(text, framed.end()) if framed else None
            if found is None:
                return ()
        own_stamp, zone, queue_id, sign, rest = found.groups()
        host, has_zone, at = self._host, bool(zone), None
        if framed:
            short, full, host = framed.groups()
            at = self._calendar.short(short) if short else self._calendar.full(full)
            has_zone = bool(full)
        if own_stamp:
            at, has_zone = self._calendar.full(own_stamp), bool(zone)
        entry = Entry(host.lower(), queue_id, at)
        if sign == "<=":
            return (self._handed_in(entry, f" {rest}", text[:MAX_WORDS], has_zone=has_zone),)
        if sign == "Completed":
            return (Closed(entry, is_refused=False),)
        said = _attempted(entry, sign, rest, text[:MAX_WORDS])
        return (said,) if said else ()

    def _handed_in(self, entry: Entry, rest: str, text: str, *, has_zone: bool) -> Said:
        subject = _SUBJECT.search(rest)
        if subject:
            # The subject is the sender's to write, and may look like any field.
            rest = rest[: subject.start()] + rest[subject.end() :]
        fields = dict(reversed(_FIELD.findall(rest)))
        client = _HOST.search(rest)
        rdns, helo, address = client.groups("") if client else ("", "", "")
        wanted = _FOR.search(rest)
        identifier = fields.get("id", "")[:MAX_TEXT]
        self._learn_host(entry, identifier)
        size = fields.get("S", "")
        return HandedIn(
            Entry(entry.host or self._host, entry.queue_id, entry.at),
            helo.strip("[]").lower(),
            rdns.lower(),
            address,
            fields.get("P", "")[:MAX_TEXT].lower(),
            text,
            message_id=bare_id(identifier),
            sender=mailbox(rest.split(" ", 2)[1]),
            size=int(size) if size.isdecimal() and len(size) < 16 else None,  # noqa: PLR2004 -- 1 PB
            recipients=tuple(
                mailbox(address)
                for address in wanted.group(1).split(" ", _MOST_RECIPIENTS)[:_MOST_RECIPIENTS]
            )
            if wanted
            else (),
            subject=subject.group(1)[:MAX_TEXT] if subject else "",
            reference=fields.get("R", "")[:MAX_TEXT],
            is_accepted=True,
            has_zone=has_zone,
        )

    def _learn_host(self, entry: Entry, identifier: str) -> None:
        local_part, _, host = identifier.rpartition("@")
        if not self._host and local_part == f"E{entry.queue_id}":
            self._host = host.lower()


def _attempted(entry: Entry, sign: str, rest: str, text: str) -> Said | None:
    """Read "ADDRESS <ORIGINAL> F=<…> R=… T=… H=…"; of a failure, the words stand behind ": "."""
    target, _, behind = rest[: 2 * MAX_WORDS].partition(" ")
    target = target.rstrip(":")
    if not target:
        return None
    outcome = _OUTCOMES[sign]
    original = _ORIGINAL.match(f" {behind}")
    words = behind
    if outcome == "bounced":
        words = behind.partition(": ")[2]
    elif outcome == "deferred":
        words = behind.partition(" defer ")[2]
    status = _STATUS.search(words) if outcome != "sent" else None
    recipient = mailbox(target)
    before = mailbox(original.group(1)) if original else ""
    if "@" not in recipient and before:
        # A local part, a file or a pipe: the address is the one before.
        recipient = before
    return Attempted(
        entry,
        recipient,
        before if before != recipient else "",
        outcome,
        status.group() if status else "",
        words[:MAX_WORDS],
        "",
        text,
    )
