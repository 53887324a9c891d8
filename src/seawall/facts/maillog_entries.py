"""What the lines of a mail server's log say, one after the other → a row of facts for each mail that it took.

Owns how the lines of an entry, that stand far apart and among those of others, come together, and where a log is cut.
Refuses to know the formats (facts/maillog_*.py). Sans-IO, total, and bounded in entries and in addresses.

A mail that a content filter hands back, an alias forwards, or the next host of the same log takes over, enters a queue
once more: that is one mail and one row, the last entry's, with the hops of both. An entry that ended waits for a while:
the answer that names it, and the line that tells which mail a bounce is about, are logged by other processes, and may
stand below its end.
"""

from collections import OrderedDict
from collections.abc import Iterator
from hashlib import blake2b
from typing import Final, NamedTuple

from seawall.facts.content import normal_subject
from seawall.facts.dsn_causes import cause_of
from seawall.facts.maillog import Attempted, Closed, Described, Entry, HandedIn, Notified, Said
from seawall.model.bounce import BounceCause
from seawall.model.row import Hop, Report, Row

MAX_OPEN: Final = 50_000
"""Entries that are open at once; the oldest is told as it stands."""
MAX_ENDED: Final = 1000
"""Entries that ended and wait; the one that ended first is told."""
MAX_HELD: Final = 500_000
"""Addresses that the open entries, and those that wait, hold together."""
MAX_HOPS: Final = 16
"""Entries through which one mail is followed."""
MAX_HOSTS: Final = 16
"""Hosts of one log in whose queues a mail that was handed on is looked for."""
MAX_RECIPIENTS: Final = 1000
"""Addresses of one entry that are told."""
MAX_FAILED: Final = 10_000

_SPACE: Final = b" \t\r\n"


class Told(NamedTuple):
    """A row, the number of its entry's first line from 0, the octet where that begins, and when the mail was handed in."""

    number: int
    offset: int
    at: float | None
    row: Row


class _Open:
    """An entry of the queue whose end has not been heard of."""

    __slots__ = (
        "attempts", "author", "before", "continued", "defects", "entry", "failures", "finals", "handed_in", "held",
        "is_accepted", "is_filtered", "is_notice", "message_id", "number", "offset", "recipients", "report", "sender",
        "settled", "size", "subject", "text",
    )  # fmt: skip

    def __init__(self, entry: Entry, number: int, offset: int) -> None:
        self.entry = entry
        self.number = number
        self.offset = offset
        self.handed_in: HandedIn | None = None
        self.text = ""
        self.message_id = ""
        self.sender: str | None = None
        self.size = 0
        self.subject = ""
        self.author = ""
        self.recipients: dict[str, None] = {}
        self.finals: dict[str, None] = {}
        self.failures: list[tuple[str, str, str]] = []
        self.attempts = 0
        self.settled = 0
        self.continued = 0
        self.held = 0
        self.before: tuple[Hop, ...] = ()
        self.is_accepted = False
        self.is_filtered = False
        self.is_notice = False
        self.report: Report | None = None
        self.defects: tuple[str, ...] = ()

    def hops(self) -> tuple[Hop, ...]:
        """Return the hops of the way to here: of the entries that this one continues, and its own."""
        handed_in = self.handed_in
        text = handed_in.text if handed_in else self.text
        parent = self.before[-1].prefix_id if self.before else 0
        digest = blake2b(
            parent.to_bytes(8, "big", signed=True) + text.encode("utf-8", "replace").translate(None, _SPACE),
            digest_size=8,
        ).digest()
        defects = () if handed_in else ("no-client",)
        if handed_in and not handed_in.has_zone:
            defects = ("no-zone",)
        own = Hop(
            helo=handed_in.helo if handed_in else "",
            rdns=handed_in.rdns if handed_in else "",
            from_ip=handed_in.from_ip if handed_in else "",
            by=self.entry.host,
            protocol=handed_in.protocol if handed_in else "",
            queue_id=self.entry.queue_id,
            recipient="",
            at=self.entry.at,
            product="",
            version="",
            defects=defects,
            text=text,
            prefix_id=int.from_bytes(digest, "big", signed=True),
            parent_id=parent,
        )
        return (*self.before, own)


class Queue:
    """The entries of one log that are open, or ended and wait, oldest first."""

    def __init__(self) -> None:
        # A plain dict's first key is found by walking over all that were taken out before it.
        self._open: OrderedDict[tuple[str, str], _Open] = OrderedDict()
        self._ended: OrderedDict[tuple[str, str], _Open] = OrderedDict()
        self._hosts: dict[str, None] = {}
        self._held = 0
        self._failed: dict[tuple[str, str], str] = {}

    def hear(self, said: Said, number: int, offset: int) -> Iterator[Told]:
        """Take what a line says; yield the rows that are finished by it."""
        entry = said.entry
        key = (entry.host, entry.queue_id)
        open_ = self._open.get(key)
        if isinstance(said, Closed):
            if open_ is None:
                return
            del self._open[key]
            if said.is_refused and not open_.attempts:
                self._held -= open_.held
                return
            # The id may have been used twice within the time that entries wait.
            yield from self._let_go(self._ended.pop(key, None))
            self._ended[key] = open_
        else:
            if open_ is not None and isinstance(said, HandedIn) and (open_.is_accepted or open_.handed_in):
                # A queue id is used again, and the line that closed the first entry is not in the log.
                del self._open[key]
                open_.defects += ("log-has-a-gap",)
                yield from self._let_go(open_)
                open_ = None
            if open_ is None and not _is_beginning(said):
                open_ = self._ended.get(key)
            if open_ is None:
                open_ = self._open[key] = _Open(entry, number, offset)
                if len(self._hosts) < MAX_HOSTS:
                    self._hosts[entry.host] = None
            self._take(open_, said)
        if len(self._ended) > MAX_ENDED or len(self._open) > MAX_OPEN or self._held > MAX_HELD:
            yield from self._overfull()

    def clear(self) -> Iterator[Told]:
        """Yield the entries that wait, and those that are still open, at the log's end."""
        for entries in (self._ended, self._open):
            for open_ in entries.values():
                yield from self._told(open_)
            entries.clear()

    def _overfull(self) -> Iterator[Told]:
        while self._ended and (len(self._ended) > MAX_ENDED or self._held > MAX_HELD):
            yield from self._let_go(self._ended.popitem(last=False)[1])
        while len(self._open) > MAX_OPEN or (self._held > MAX_HELD and len(self._open) > 1):
            _, oldest = self._open.popitem(last=False)
            oldest.defects += ("told-before-its-end",)
            yield from self._let_go(oldest)

    def _let_go(self, open_: _Open | None) -> Iterator[Told]:
        if open_ is not None:
            self._held -= open_.held
            yield from self._told(open_)

    def _find(self, host: str, queue_id: str) -> _Open | None:
        key = (host, queue_id)
        return self._open.get(key) or self._ended.get(key)

    def _successor(self, of: _Open, queue_id: str) -> _Open | None:
        """Return the entry that goes on with a mail, here or in the queue of another host that writes this log."""
        for host in (of.entry.host, *self._hosts):
            found = self._find(host, queue_id)
            # Other queues give the same short ids to other mails.
            if found is not None and found is not of and found.message_id == of.message_id:
                return found
        return None

    def _take(self, open_: _Open, said: HandedIn | Described | Attempted | Notified) -> None:
        if isinstance(said, Attempted):
            self._attempted(open_, said)
        elif isinstance(said, Described):
            open_.text = open_.text or said.text
            if said.message_id is not None:
                open_.message_id = said.message_id
            if said.sender is not None:
                open_.sender = said.sender
                open_.size = said.size or 0
                open_.is_accepted = True
        elif isinstance(said, HandedIn):
            self._handed_in(open_, said)
        else:
            self._notified(open_, said)

    def _handed_in(self, open_: _Open, said: HandedIn) -> None:
        open_.handed_in = said
        open_.entry = said.entry
        open_.message_id = said.message_id or open_.message_id
        open_.sender = said.sender if said.sender is not None else open_.sender
        open_.size = said.size or open_.size
        open_.subject, open_.author = said.subject, said.author
        open_.is_accepted = open_.is_accepted or said.is_accepted
        for recipient in said.recipients:
            self._add(open_, open_.recipients, recipient)
        if said.continues:
            before = self._find(said.entry.host, said.continues)
            if before is not None and before is not open_:
                open_.before = before.hops()[-MAX_HOPS:]
                before.is_filtered = True
        if said.reference and open_.sender == "":
            host, reference = said.entry.host, said.reference
            about = self._find(host, self._failed.get((host, reference), reference))
            if about is not None:
                open_.is_notice = True
                open_.report = _report(about) if about.failures else None

    def _attempted(self, open_: _Open, said: Attempted) -> None:
        open_.text = open_.text or said.text
        open_.attempts += 1
        open_.is_accepted = True
        if said.outcome == "expanded":
            self._add(open_, open_.finals, said.recipient)
            open_.settled += 1
            return
        self._add(open_, open_.recipients, said.original or said.recipient)
        self._add(open_, open_.finals, said.recipient)
        if said.outcome != "deferred":
            open_.settled += 1
        if said.became:
            next_ = self._successor(open_, said.became)
            if next_ is not None and not next_.before:
                next_.before = open_.hops()[-MAX_HOPS:]
            if next_ is not None or open_.is_filtered:
                open_.continued += 1
        if said.outcome == "bounced" and len(open_.failures) < MAX_RECIPIENTS:
            open_.failures.append((said.original or said.recipient, said.status, said.words))
            open_.held += 1
            self._held += 1
            if len(self._failed) >= MAX_FAILED:
                del self._failed[next(iter(self._failed))]
            self._failed[said.entry.host, open_.message_id] = said.entry.queue_id

    def _notified(self, open_: _Open, said: Notified) -> None:
        notice = self._find(said.entry.host, said.notice)
        if notice is None:
            return
        notice.is_notice = True
        notice.report = _report(open_) if said.is_failure else None

    def _add(self, open_: _Open, addresses: dict[str, None], address: str) -> None:
        if address and address not in addresses and len(addresses) < MAX_RECIPIENTS:
            addresses[address] = None
            open_.held += 1
            self._held += 1

    def _told(self, open_: _Open) -> Iterator[Told]:
        if not open_.is_accepted or (open_.settled and open_.settled == open_.continued):
            return
        yield Told(open_.number, open_.offset, open_.entry.at, _row(open_))


def _is_beginning(said: Said) -> bool:
    """Whether a line tells of a new mail rather than, late, of one that ended: the id is used again."""
    return isinstance(said, HandedIn) or (isinstance(said, Described) and said.message_id is not None)


def _row(open_: _Open) -> Row:
    defects = open_.defects
    if open_.handed_in is None and not open_.is_notice and not open_.before:
        defects += ("log-begins-inside",)
    if open_.entry.at is None:
        defects += ("no-moment",)
    report = open_.report
    if report is None and open_.sender == "" and not open_.is_notice:
        report = _report_of_another(open_)
    author = open_.author
    return Row(
        size=open_.size,
        header_size=0,
        message_id=open_.message_id,
        exact_id=None,
        content_id=None,
        body_id=None,
        from_address=author,
        sender_domain=author.rpartition("@")[2],
        subject=open_.subject,
        subject_norm=normal_subject(open_.subject.encode()).decode("utf-8", "replace"),
        date=open_.entry.at,
        return_path=open_.sender,
        recipients=tuple(open_.recipients),
        recipient_count=len(open_.recipients),
        marked_recipients=tuple(
            address for address in open_.recipients if address.startswith("mspop3connector.")
        ),
        envelope_to=tuple(open_.finals),
        delivered_to=(),
        hops=(hops := open_.hops()),
        hop_count=len(hops),
        list_id="",
        list_positions=(),
        loop_addresses=(),
        auto_submitted="",
        is_resent=False,
        thread="",
        in_reply_to="",
        mailer="",
        minted_at=None,
        minted_ip="",
        pickup_host="",
        pickup_arrival=None,
        report=report,
        defects=defects,
    )


def _report(about: _Open) -> Report:
    """What the server's own report says of the entry that it is about."""
    status, words = about.failures[0][1:] if about.failures else ("", "")
    return Report(
        action="failed",
        status=status,
        cause=cause_of(status, words.encode("utf-8", "replace")).value,
        recipients=tuple(recipient for recipient, _, _ in about.failures),
        reporter=about.entry.host,
        original_message_id=about.message_id,
        original_from=about.author or about.sender or "",
        original_hosts=(),
        is_about_bounce=about.sender == "",
    )


def _report_of_another(open_: _Open) -> Report:
    """A mail with the null reverse-path (RFC 5321 §4.5.5) from elsewhere: that it is a report is all that a log tells."""
    handed_in = open_.handed_in
    return Report(
        action="",
        status="",
        cause=BounceCause.OTHER.value,
        recipients=(),
        reporter=(handed_in.rdns or handed_in.helo) if handed_in else "",
        original_message_id="",
        original_from="",
        original_hosts=(),
        is_about_bounce=False,
    )
