"""What was found out → a notice to each suspect's postmaster and abuse desk (RFC 2142), as files. Nothing is ever sent.

Owns what a notice says, and where it is written. Refuses to know how a suspect was found, and any server.
Text of mails is shown in one line, escaped; file names are made of A-labels alone.
"""

import os
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from hashlib import blake2b
from pathlib import Path
from typing import Final

from seawall.errors import Misconfigured, unwritable
from seawall.forensic.arf import feedback_report, mail_draft, printable
from seawall.forensic.contacts import role_addresses
from seawall.model.address import Address, domain_in_a_labels
from seawall.model.trace import Evidence, Storm, Suspect, Trace

WRITTEN_ABOVE: Final = 0.5
"""The score from which on a suspect is written to."""

_WIDTH: Final = 78
_LINE: Final = 300
_NAME: Final = 120
_MAX_EVIDENCE: Final = 20
_QUOTES_OF_ONE: Final = 3
_SAFE_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One notice: to whom, about which suspect of which storm, and its text. `domain` is in A-labels, "" where it is none."""

    domain: str
    addresses: tuple[str, ...]
    subject: str
    text: str
    storm: Storm
    suspect: Suspect

    @property
    def name(self) -> str:
        """How its files are called, without their ending: safe whatever the domain and the storm are called."""
        storm = self.storm.id if _SAFE_ID.fullmatch(self.storm.id) else _digest(self.storm.id)
        domain = self.domain or f"unnamed-{_digest(self.suspect.domain)}"
        if len(domain) > _NAME:
            domain = f"{domain[:_NAME]}-{_digest(domain)}"
        return f"{domain}-{storm}"


def notices(trace: Trace, reporter: Address | None, now: float) -> tuple[Notice, ...]:
    """Return a notice for each suspect, scored over 0.5, of each storm. `now` in Unix seconds.

    `reporter` is who may be asked, None where nobody is named.
    """
    return tuple(
        _notice(storm, suspect, reporter, now)
        for storm in trace.storms
        for suspect in storm.suspects
        if suspect.score > WRITTEN_ABOVE
    )


def write_notices(
    found: Sequence[Notice], directory: Path, reporter: Address | None, now: float
) -> tuple[Path, ...]:
    """Write each notice into a directory as NAME.txt, NAME.eml (a draft) and NAME.arf.eml; return the files.

    The directory is made (0700) where it is missing, the files are for their owner alone (0600). Raises Misconfigured
    where a file is there already, and nothing is written then, or where the place is no directory; Temporary or
    StorageFull where it cannot be written.
    """
    files = [entry for notice in found for entry in _files(notice, reporter, now)]
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as problem:
        raise Misconfigured(f"{directory} is not a directory: notices are written into one") from problem
    except OSError as problem:
        raise unwritable(str(directory), problem) from problem
    for name, _ in files:
        if os.path.lexists(directory / name):
            raise _taken(directory / name)
    return tuple(_write(directory / name, content) for name, content in files)


def _files(notice: Notice, reporter: Address | None, now: float) -> list[tuple[str, bytes]]:
    draft = mail_draft(
        to=notice.addresses, reporter=reporter, subject=notice.subject, text=notice.text, now=now
    )
    report = feedback_report(
        draft, storm=notice.storm, suspect=notice.suspect, domain=notice.domain, text=notice.text
    )
    to = ", ".join(notice.addresses) or "(no address is known)"
    head = f"To: {to}\nSubject: {notice.subject}\n\n"
    return [
        (f"{notice.name}.txt", (head + notice.text).encode("utf-8", "replace")),
        (f"{notice.name}.eml", _octets(draft)),
        (f"{notice.name}.arf.eml", _octets(report)),
    ]


def _octets(mail: EmailMessage) -> bytes:
    return mail.as_bytes()


def _write(path: Path, content: bytes) -> Path:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError as problem:
        raise _taken(path) from problem
    except OSError as problem:
        raise unwritable(str(path), problem) from problem
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except OSError as problem:
        path.unlink(missing_ok=True)
        raise unwritable(str(path), problem) from problem
    return path


def _taken(path: Path) -> Misconfigured:
    return Misconfigured(f"{path} is there already, and is not overwritten: name another directory")


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "replace"), digest_size=5).hexdigest()


def _notice(storm: Storm, suspect: Suspect, reporter: Address | None, now: float) -> Notice:
    domain = _domain(suspect.domain)
    known = tuple(
        address
        for text in suspect.contacts
        if text.isascii() and (address := _address(text)) and address.partition("@")[2]
    )
    addresses = known or role_addresses(domain)
    if suspect.is_mine:
        # Its own administrators read that; an abuse desk is for strangers.
        addresses = tuple(address for address in addresses if not address.startswith("abuse@"))
    copies = _count(suspect.copies, "copy", "copies")
    subject = (
        f"Our own mail server {_named(suspect)} seems to make a mail storm: {copies} of one mail"
        if suspect.is_mine
        else f"Your mail server seems to make a mail storm: {copies} of one mail came by way of {_named(suspect)}"
    )
    return Notice(
        domain=domain,
        addresses=addresses,
        subject=subject,
        text=_text(storm, suspect, reporter, now),
        storm=storm,
        suspect=suspect,
    )


def _domain(text: str) -> str:
    try:
        return domain_in_a_labels(text)
    except ValueError:
        return ""


def _address(text: str) -> str:
    try:
        return str(Address.parse(text))
    except ValueError:
        return ""


def _named(suspect: Suspect) -> str:
    return printable("".join(suspect.domain.split()), 100) or "a server without a name"


def _text(storm: Storm, suspect: Suspect, reporter: Address | None, now: float) -> str:
    whose = "our" if suspect.is_mine else "your"
    sections = (
        _opening(suspect),
        _section("What we see", _what_we_see(storm, suspect)),
        _section(
            f"Why we think that it is {whose} server",
            [
                *_because(suspect),
                *(line for place, item in _numbered(suspect) for line in _evidence(place, item)),
            ],
        ),
        _section("What to do now", _paragraph(suspect.advice or storm.first_response)),
        _section("How to check that this is true", _how_to_check(storm, suspect)),
        _section("What else it may be", _paragraph(suspect.innocent_explanation)),
        _section("Whom to ask", _whom_to_ask(suspect, reporter, now)),
        _section("Please", _please()),
    )
    return "\n".join(sections)


def _opening(suspect: Suspect) -> str:
    name = _named(suspect)
    if suspect.is_mine:
        words = (
            f"To the administrators of {name}: this is about our own server. It seems to send copies of a mail that was"
            " sent once, again and again. Each minute that it runs makes more of them; please look at it now."
        )
    else:
        words = (
            f"To the postmaster of {name}: your mail server seems to send copies of a mail that was sent once, again and"
            " again. It is probably a fault of its configuration or software, and nobody's ill will. Each minute that"
            " it runs makes more of them; please look at it now."
        )
    return "\n".join(_paragraph(words, indent="")) + "\n"


def _section(title: str, lines: Sequence[str]) -> str:
    return "\n".join((title.upper(), *lines, "")) if lines else ""


def _paragraph(words: str, *, indent: str = "  ", first: str | None = None) -> list[str]:
    return textwrap.wrap(
        printable(words, 4000),
        _WIDTH,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )


def _what_we_see(storm: Storm, suspect: Suspect) -> list[str]:
    copies = _count(storm.copies, "copy", "copies")
    recipients = _count(storm.recipients, "recipient", "recipients")
    facts = [
        (
            "The mail",
            f'"{printable(storm.subject, 120)}", from {printable(storm.sender, 120) or "an unknown sender"}',
        ),
        ("Message-ID", f"<{printable(storm.message_id, 160)}>" if storm.message_id else ""),
        ("Copies", f"{copies} at {recipients}; {suspect.copies:,} of them came by way of {_named(suspect)}"),
        ("Different mails", f"{storm.contents:,}" if storm.contents > 1 else ""),
        ("First and last", f"{_when(storm.first_seen)} to {_when(storm.last_seen)}"),
        ("What it is", storm.species.value),
        ("Sent", _departed(storm)),
    ]
    return [
        line
        for name, value in facts
        if value
        for line in _paragraph(value, indent=" " * 19, first=f"  {name + ':':<17}")
    ]


def _departed(storm: Storm) -> str:
    if not storm.departures:
        return ""
    times = len(storm.departures)
    first = storm.departures[0]
    how_often = "once" if times == 1 else f"{times:,} times, first"
    when = "" if first.at is None else f" at {_when(first.at)}"
    blame = ": the author is not to blame" if times == 1 else ""
    return f"by its author {how_often}{when}, from {printable(first.host, 100)}{blame}"


def _because(suspect: Suspect) -> list[str]:
    words = f"The score is {suspect.score:.2f} of 1. {suspect.cap}".rstrip()
    hosts = ", ".join(printable(host, 100) for host in suspect.hosts[:10])
    product = (
        f" The software that its lines name: {printable(suspect.product, 100)}." if suspect.product else ""
    )
    return _paragraph(f"{words}{f' Its hosts on the way: {hosts}.' if hosts else ''}{product}")


def _numbered(suspect: Suspect) -> list[tuple[int, Evidence]]:
    return list(enumerate(suspect.evidence[:_MAX_EVIDENCE], 1))


def _evidence(place: int, evidence: Evidence) -> list[str]:
    lines = _paragraph(
        f"{evidence.says} ({_count(evidence.copies, 'copy', 'copies')}; {evidence.kind.value})",
        indent="     ",
        first=f"  {place}. ",
    )
    for quote in evidence.quotes[:_QUOTES_OF_ONE]:
        quoted = textwrap.wrap(
            f"{printable(quote.header, 60)}: {printable(quote.text, _LINE)}",
            _WIDTH,
            initial_indent="     | ",
            subsequent_indent="     |   ",
            break_on_hyphens=False,
        )
        lines += [*quoted, f"       in {printable(quote.mail.rpartition('/')[2], 160)}"]
    if len(evidence.quotes) > _QUOTES_OF_ONE:
        lines.append(f"       and {len(evidence.quotes) - _QUOTES_OF_ONE:,} more lines like these")
    return lines


def _how_to_check(storm: Storm, suspect: Suspect) -> list[str]:
    whose = "our" if suspect.is_mine else "your"
    known = f"the Message-ID <{printable(storm.message_id, 160)}>, and for " if storm.message_id else ""
    times = f"{_when(storm.first_seen)} to {_when(storm.last_seen)}"
    search = (
        f"Search {whose} server's mail log and queue, {times}, for {known}the subject above. A copy that went out to"
        " addresses outside more often than it came in was made there."
    )
    find = (
        f"Find the lines quoted above that one of {whose} hosts wrote (behind 'by'): their ids and times are in its log."
        f" If they are not, the lines were forged, and it is not {whose} server: please say so."
    )
    stop = (
        f"Look whether {whose} server fetches mail from a POP3 or IMAP box, or keeps rules or aliases that send mail on:"
        " switch that off for a while, and watch whether the copies cease."
    )
    items = (search, find, stop)
    return [line for item in items for line in _paragraph(item, indent="    ", first="  - ")]


def _whom_to_ask(suspect: Suspect, reporter: Address | None, now: float) -> list[str]:
    who = (
        f"{printable(str(reporter), 200)} has the copies and can tell more."
        if reporter
        else "Whoever sent you this has the copies and can tell more."
    )
    also = "" if suspect.is_mine else " They can also check whether it has ended."
    return _paragraph(f"{who}{also} This was found by Seawall, {_when(now)}.")


def _please() -> list[str]:
    items = (
        "Don't answer the mail itself, neither to its author nor to its list or its other recipients.",
        "Don't forward the copies, not even to ask about them: each one that is sent on may be multiplied again.",
        "Don't bounce them: the sender in them did nothing.",
    )
    return [line for item in items for line in _paragraph(item, indent="    ", first="  - ")]


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _when(moment: float | None) -> str:
    if moment is None:
        return "an unknown time"
    try:
        return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return "an unknown time"
