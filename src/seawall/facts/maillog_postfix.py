"""A line of a Postfix log → what it says about a queue entry. Sans-IO, total.

Owns Postfix's lines (postlogd(8) and syslog) in their frames: RFC 3164 without a year, ISO stamps, and RFC 5424.
Refuses to know what stands in lines of other programs, and what was refused before it had an entry (NOQUEUE).
"""

import re
from typing import Final

from seawall.facts.maillog import (
    MAX_WORDS,
    Attempted,
    Calendar,
    Closed,
    Described,
    Entry,
    HandedIn,
    Notified,
    Said,
    bare_id,
    mailbox,
)

_FRAME = re.compile(
    r"(?:<\d{1,3}>)?(?:1 )?"
    r"(?:([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)|(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)) "
    r"(\S{1,255}) (?:\S{1,64}/)?([a-z-]{4,20})(?:\[\d{1,10}\])?(?:: | (?:\d{1,10}|-) (?:\S{1,32}) - )(?:\[ID [^\]]{1,40}\] )?"
    r"([0-9A-Za-z]{5,20}): (([a-z-]{2,15}).*)"
)
_CLIENT = re.compile(r"client=([^\[\s]{1,255})\[([^\]\s]{1,64})\]")
_ORIGINAL_CLIENT = re.compile(r", orig_client=([^\[\s]{1,255})\[([^\]\s]{1,64})\]")
_CONTINUES = re.compile(r", orig_queue_id=([0-9A-Za-z]{5,20})")
_TAKEN = re.compile(r"from=(<[^>]{0,320}>|[^,\s]{1,320}), size=(\d{1,15}), nrcpt=")
_ATTEMPT = re.compile(
    r"to=(<[^>]{1,320}>|[^,\s]{1,320}), (?:orig_to=(<[^>]{1,320}>|[^,\s]{1,320}), )?relay=[^,]{1,512}, .{0,400}?status=([a-z-]{3,32})(?: \((.*))?"
)
_STATUS = re.compile(r", dsn=([245]\.\d{1,3}\.\d{1,3}),")
_BECAME = re.compile(r"(?:queued as|forwarded as) ([0-9A-Za-z]{5,20})\b")
_PICKED_UP = re.compile(r"uid=\d{1,10} from=(<[^>]{0,320}>|\S{1,320})")
_NOTICE = re.compile(
    r"(sender|postmaster) (non-delivery|delay|delivery status) notification: ([0-9A-Za-z]{5,20})"
)


class PostfixReader:
    """The lines of one log; `year` is that of the first line (see maillog.Calendar)."""

    def __init__(self, year: int | None) -> None:
        self._calendar = Calendar(year)

    def read(self, line: bytes) -> tuple[Said, ...]:
        """Return what a line, without its end, says about an entry; empty where it says nothing."""
        text = line.decode("utf-8", "replace")
        found = _FRAME.match(text)
        if found is None:
            return ()
        short, full, host, service, queue_id, rest, word = found.groups()
        reads = _READS.get(word)
        if reads is None:
            return ()
        at = self._calendar.short(short) if short else self._calendar.full(full)
        said = reads(Entry(host.lower(), queue_id, at), rest, text[:MAX_WORDS], service)
        if isinstance(said, HandedIn) and short:
            said = said._replace(has_zone=False)
        return (said,) if said else ()


def _handed_in(entry: Entry, rest: str, text: str, _: str) -> Said | None:
    found = _CLIENT.match(rest)
    if found is None:
        return None
    continues = ""
    if ", orig_" in rest:
        # What a content filter hands back tells by XFORWARD where it came from.
        found = _ORIGINAL_CLIENT.search(rest) or found
        before = _CONTINUES.search(rest)
        continues = before.group(1) if before else ""
    name, address = found.groups()
    return HandedIn(entry, "", "" if name == "unknown" else name.lower(), address, "", text, continues)


def _picked_up(entry: Entry, rest: str, text: str, _: str) -> Said | None:
    found = _PICKED_UP.match(rest)
    return HandedIn(entry, "", "", "", "local", text) if found else None


def _named(entry: Entry, rest: str, text: str, service: str) -> Said | None:
    if service != "cleanup" or not rest.startswith("message-id="):
        return None
    return Described(entry, bare_id(rest[11:1024]), None, None, text)


def _taken(entry: Entry, rest: str, text: str, _: str) -> Said | None:
    found = _TAKEN.match(rest)
    return Described(entry, None, mailbox(found.group(1)), int(found.group(2)), text) if found else None


def _attempted(entry: Entry, rest: str, text: str, _: str) -> Said | None:
    found = _ATTEMPT.match(rest)
    if found is None:
        return None
    recipient, original, outcome, words = found.groups()
    words = words or ""
    status = _STATUS.search(rest, found.end(1), found.start(3))
    became = _BECAME.search(words, 0, MAX_WORDS) if outcome == "sent" else None
    return Attempted(
        entry,
        mailbox(recipient),
        mailbox(original) if original else "",
        outcome,
        status.group(1) if status else "",
        words.removesuffix(")")[:MAX_WORDS],
        became.group(1) if became else "",
        text,
    )


def _notified(entry: Entry, rest: str, _: str, __: str) -> Said | None:
    found = _NOTICE.match(rest)
    if found is None or found.group(1) != "sender":
        return None
    return Notified(entry, found.group(3), found.group(2) == "non-delivery")


def _closed(entry: Entry, rest: str, _: str, service: str) -> Said | None:
    if rest == "removed":
        return Closed(entry, is_refused=False)
    if service == "cleanup" and rest.startswith(
        ("reject: ", "milter-reject: END-OF-MESSAGE", "discard: ", "milter-discard: ")
    ):
        return Closed(entry, is_refused=True)
    return None


_READS: Final = {
    "client": _handed_in,
    "uid": _picked_up,
    "message-id": _named,
    "from": _taken,
    "to": _attempted,
    "sender": _notified,
    "removed": _closed,
    "reject": _closed,
    "milter-reject": _closed,
    "discard": _closed,
    "milter-discard": _closed,
}
