"""Mails as the tests write them, line by line, and what the trace of mailboxes that hold them is."""

from collections.abc import Mapping, Sequence
from email.utils import formatdate
from pathlib import Path
from typing import Any

from seawall.facts.row import read_row
from seawall.forensic.copies import Copy, copy_of, names_of_addresses
from seawall.forensic.gather import gather
from seawall.forensic.reader import Reader, read_reader
from seawall.forensic.rows import hops_of
from seawall.forensic.table import RawMail, extract
from seawall.forensic.trace import Order, trace
from seawall.model.trace import Storm, Suspect, Trace

NOON = 1_199_188_800.0  # 2008-01-01 12:00 UTC
BOB = "bob@reader.example"
SENDERS = ("amber.example", "birch.example", "cedar.example", "dune.example", "elm.example")


def received(
    by: str, client: str = "", *, after: float = 0, queue: str = "", to: str = "", **odd: str
) -> str:
    """A Received of `by`, `after` seconds from noon; `client` is a host's name, and `odd` has another way to write it."""
    said = f"from {client} ({client} [{odd.get('address', '192.0.2.1')}]) " if client else ""
    return (
        f"{odd.get('said', said)}by {by} {odd.get('product', '(Postfix)')} with {odd.get('protocol', 'ESMTP')} "
        f"id {queue or f'Q{after:.0f}'}{f' for <{to}>' if to else ''}; {formatdate(NOON + after)}"
    )


def mail(lines: Sequence[str], *fields: str, body: str = "The tide is at four.\n", **written: str) -> bytes:
    """A mail with Received `lines`, topmost first; `written` are other fields' values, "_" for "-"; `fields` stand first."""
    values = {
        "from": "Ann <ann@sea.example>",
        "to": BOB,
        "subject": "The tide",
        "message_id": "<tide@sea.example>",
        "date": formatdate(NOON),
        **written,
    }
    header = [*fields, *(f"Received: {line}" for line in lines)]
    header += [f"{name.title().replace('_', '-')}: {value}" for name, value in values.items() if value]
    return ("\n".join(header) + "\n\n" + body).encode()


def direct(to: str = BOB, *, after: float = 0, sender: str = "sea.example", **written: str) -> bytes:
    """A mail that came from its sender's server to the recipient's: two lines."""
    domain = to.rpartition("@")[2]
    lines = (
        received(f"mx.{domain}", f"out.{sender}", after=after + 2, queue=f"B{after:.0f}", to=to),
        received(f"out.{sender}", "", after=after, queue=written.pop("queue", f"A{after:.0f}")),
    )
    return mail(lines, **{"to": to, "from": f"ann@{sender}", **written})


def remade(
    number: int, *, domain: str = "fault.example", to: str = BOB, said: str = "", **written: str
) -> bytes:
    """A copy that a server of the domain made, ten minutes after the one before."""
    own = to.rpartition("@")[2]
    odd = {"said": said} if said else {}
    lines = (
        received(
            f"mx.{own}", f"gw.{domain}", after=600.0 * number + 2, queue=f"R{number}{own}", to=to, **odd
        ),
        received(f"gw.{domain}", f"box.{domain}", after=600.0 * number, queue=f"G{number}"),
    )
    return mail(lines, **{"to": f"{BOB}, eve@{domain}", "message_id": f"<{number}@{domain}>", **written})


def ordinary(to: str = BOB) -> list[bytes]:
    """What else lies in a mailbox: by it, the mailbox's own server can be told."""
    return [
        direct(
            to,
            after=-1000.0 * number,
            sender=sender,
            subject=f"Matter {number}",
            message_id=f"<{number}.{to}@{sender}>",
            body=f"About matter {number}, to {to}.\n",
        )
        for number, sender in enumerate(SENDERS, start=1)
    ]


def mbox(mails: Sequence[bytes]) -> bytes:
    return b"".join(b"From x@sea.example Tue Jan  1 12:00:00 2008\n" + one + b"\n" for one in mails)


def look(
    directory: Path,
    boxes: Mapping[str, Sequence[bytes]],
    mine: tuple[str, ...] = (),
    *,
    backward: bool = False,
) -> Trace:
    """The trace of mailboxes, each an mbox with this name, given in the one order or in the other."""
    directory.mkdir(exist_ok=True)
    for name, mails in boxes.items():
        (directory / name).write_bytes(mbox(mails))
    facts = directory / "facts"
    facts.mkdir(exist_ok=True)
    names = sorted(boxes, reverse=backward)
    found = gather([str(directory / name) for name in names], facts)
    assert found.mails == sum(len(mails) for mails in boxes.values())
    return trace(found, Order(mine=mine), directory=directory)


def look_at_bob(directory: Path, mails: Sequence[bytes], mine: tuple[str, ...] = ()) -> Trace:
    """The trace of Bob's mailbox, which holds ordinary mail besides."""
    return look(directory, {"bob": [*ordinary(), *mails]}, mine)


def only_storm(found: Trace) -> Storm:
    assert len(found.storms) == 1, [storm.species for storm in found.storms]
    return found.storms[0]


def suspect(storm: Storm, domain: str) -> Suspect:
    return next(one for one in storm.suspects if one.domain == domain)


def scores(found: Trace) -> dict[str, float]:
    """The highest score of everybody who is named in any storm."""
    highest: dict[str, float] = {}
    for storm in found.storms:
        for one in storm.suspects:
            highest[one.domain] = max(highest.get(one.domain, 0.0), one.score)
    return highest


def rows(mails: Sequence[bytes], box: str = "bob") -> list[dict[str, Any]]:
    """The rows of the table that mails are, as the engine gives them."""
    raw = [RawMail(box, place, 0, one, len(one)) for place, one in enumerate(mails)]
    return [{**row, "box": box} for row in extract(raw).to_pylist()]


def copies(mails: Sequence[bytes], box: str = "bob", to: str = BOB) -> list[Copy]:
    """Mails as copies, read as in a mailbox that holds ordinary mail besides."""
    about = rows([*ordinary(to), *mails], box)
    names = names_of_addresses(hops_of(row) for row in about)

    def known(address: str) -> str:
        return names.get(address, "")

    reader: Reader = read_reader(about[: len(SENDERS)], known)
    return [copy_of(row, reader, known) for row in about[len(SENDERS) :]]


def hops(*lines: str) -> Any:
    """The hops of Received lines, topmost first, as a mail has them."""
    one = mail(lines)
    return read_row(one, len(one)).hops


def report(number: int, *, to: str, status: str = "5.4.6", **told: Any) -> bytes:
    """A report (RFC 3464) that a mail to `to` failed, ten minutes after the one before; `told` is what differs.

    `via` are the hosts in the returned header, origin first, none for a report that returns no header.
    """
    reporter = told.get("reporter", "mx.lake.example")
    returned = [
        *(f"Received: by {host} id V{number}; {formatdate(NOON)}" for host in reversed(told.get("via", ()))),
        f"From: {told.get('author', BOB)}",
        f"Message-ID: {told.get('original', f'<{number}@reader.example>')}",
    ]
    body = (
        "--cut\nContent-Type: text/plain\n\nYour mail could not be delivered.\n"
        f"--cut\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; {reporter}\n\n"
        f"Final-Recipient: rfc822; {to}\nAction: failed\nStatus: {status}\n"
    )
    if told.get("via"):
        body += "--cut\nContent-Type: text/rfc822-headers\n\n" + "\n".join(returned) + "\n"
    return direct(
        told.get("mailbox", BOB),
        after=told.get("pause", 600.0) * number,
        sender=reporter.partition(".")[2],
        subject="Undelivered Mail Returned to Sender",
        message_id=f"<report{number}.{to}@{reporter}>",
        return_path="<>",
        content_type='multipart/report; report-type=delivery-status; boundary="cut"',
        mime_version="1.0",
        body=f"{body}--cut--\n",
        **{"from": f"MAILER-DAEMON@{reporter}"},
    )
