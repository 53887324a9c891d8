"""How Gmail and Proofpoint's filter write; learnt from real lines.

Owns their folds. Refuses to know who sends what to whom. The one name that is not as in real lines
is Gmail's: `google.example`.
"""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from seawall.lab.writer import ciphers, releases
from seawall.lab.writer.clock import PACIFIC, commented, plain, two_digits
from seawall.lab.writer.gmail_ids import identity, passed, sending, store
from seawall.lab.writer.queue_ids import proofpoint as proofpoint_id
from seawall.lab.writer.queue_ids import sendmail as sendmail_id
from seawall.lab.writer.releases import running
from seawall.lab.writer.style import Handover, Host, Style, Written

_DOTTED: Final = 2012
"""When a verified name got the dot at its end."""
_TLS_TOLD: Final = 2015
_X_RECEIVED: Final = 2012
"""When the filter's line stopped to be a Received."""
_RECENT: Final = frozenset({"8.17.1.24", "8.18.1.2", "8.18.1.11"})
_GMT: Final = timezone(timedelta(), "GMT")
_FOLD: Final = "\r\n        "


def gmail(handover: Handover) -> Written:
    """Write as Gmail, in California's time: three hops inwards, two outwards."""
    draw, server, client = handover.draw, handover.server, handover.client
    at = PACIFIC.at(handover.moment)
    if handover.is_local or client.style == "mua":
        return _gmail_sent(handover, at)
    date = commented(two_digits(at), at)
    began = PACIFIC.at(handover.moment - draw.choice((0, 0, 0, 1)))
    border, filtering, keeping = passed(at, draw), passed(at, draw), store(at, server.nature)
    recipient = f"{_FOLD}for <{handover.sole}>" if handover.sole else ""
    tls = _encryption(at.year, client)
    taken = (
        f"Received: from {client.helo} ({_gmail_seen(client, at.year)}){_FOLD}by mx.google.example with "
        f"{'ESMTPS' if tls else 'ESMTP'} id {identity('si', at, border, draw)}.{draw.randrange(1, 450)}.{_dotted(began)}"
        f"{recipient}{tls};{_FOLD}{date}"
    )
    filtered = (
        f"{'X-' if at.year >= _X_RECEIVED else ''}Received: by {filtering.address} with SMTP id "
        f"{identity('mr', at, filtering, draw)}.{draw.randrange(1, 450)};{_FOLD}{date}"
    )
    kind = "csp" if at.year >= 2011 else "cs"  # noqa: PLR2004 -- when it got its third letter
    stored = f"Received: by {keeping.address} with SMTP id {identity(kind, at, keeping, draw)};{_FOLD}{date}"
    returned = f"Return-Path: <{handover.reverse_path}>"
    delivered = (f"Delivered-To: {handover.mailbox}",) if handover.is_final else ()
    return Written(above=(*delivered, stored, filtered, returned, taken))


def _gmail_sent(handover: Handover, at: datetime) -> Written:
    draw, server, client = handover.draw, handover.server, handover.client
    date = commented(two_digits(at), at)
    end = f"{_FOLD}for <{handover.sole}>; {date}" if handover.sole else f";{_FOLD}{date}"
    out = sending(server.name, draw)
    sent = (
        f"Received: by {server.name} with SMTP id {identity('so', at, out, draw)}.{draw.randrange(26)}{end}"
    )
    if handover.is_local:
        return Written(above=(sent, f"Received: by {passed(at, draw).address} with HTTP; {date}"))
    protocol = "ESMTPSA" if at.year >= _TLS_TOLD else "ESMTPS"
    taken = (
        f"Received: from {client.helo} ({_gmail_seen(client, at.year)}){_FOLD}by smtp.google.example with {protocol} id "
        f"{identity('sm', at, out, draw)}.{draw.randrange(2, 215)}.{_dotted(at)}"
        f"{_FOLD}({client.settled('cipher', ciphers.of(at.year, ciphers.GMAIL))});{_FOLD}{date}"
    )
    return Written(above=(sent, taken))


def _gmail_seen(client: Host, year: int) -> str:
    dot = "." if year >= _DOTTED else ""
    return f"{client.reverse}{dot} [{client.address}]" if client.reverse else f"[{client.address}]"


def _dotted(at: datetime) -> str:
    return f"{at:%Y.%m.%d.%H.%M.%S}"


def _encryption(year: int, client: Host) -> str:
    if year < _TLS_TOLD or client.settled("plain to Gmail", (True, False, False)):
        return ""
    return f"{_FOLD}({client.settled('cipher', ciphers.of(year, ciphers.GMAIL))})"


def proofpoint(handover: Handover) -> Written:
    """Write as Proofpoint's filter: from the network, and from its own filter daemon."""
    server, client = handover.server, handover.client
    at = handover.at
    version = running(server, at, releases.PROOFPOINT)
    # From 8.17.1.24 on its folds are tabs, and it names the recipient.
    is_recent = version in _RECENT
    fold = "\r\n\t" if is_recent else _FOLD
    is_universal = server.settled("zone", (True, True, True, False))
    date = f"{plain(at.astimezone(UTC))[:-6]} GMT" if is_universal else plain(at)
    local = at.astimezone(_GMT) if is_universal else at
    taken_at = commented(two_digits(local), local) if is_recent else two_digits(local)
    end = f"{fold}for <{handover.sole}>; {date}" if handover.sole and is_recent else f";{fold}{date}"
    nature, draw = server.nature, handover.draw
    seen = f"{client.reverse} " if client.reverse else ""
    check = client.settled("certificate", ("NOT", "NOT", "OK"))
    cipher = client.settled("cipher", ciphers.of(at.year, ciphers.PROOFPOINT))
    taken = (
        f"Received: from {client.helo} ({seen}[{client.address}])"
        f"{fold}by {server.name} (PPS) with ESMTPS id {proofpoint_id(handover.stamp, draw)}"
        f"{fold}({cipher} verify={check})"
        f";{fold}{taken_at}"
    )
    # The filter's id is as old as its connection, which lasts for minutes and at times for hours.
    began = handover.stamp - min(30_000.0, draw.lognormvariate(5, 1.7))
    protocol = "SMTP" if version.startswith("8.16") else "ESMTP"
    filtered = (
        f"Received: from pps.filterd (m{nature % 400_000:07}.{server.domain} [127.0.0.1])"
        f"{fold}by {server.name} ({version}/{version}) with {protocol} id {sendmail_id(began, nature, draw)}{end}"
    )
    return Written(above=(taken, filtered))


STYLES: Final = (
    Style(name="gmail", product="Gmail", write=gmail, first_year=2006, last_year=2100),
    Style(name="proofpoint", product="Proofpoint", write=proofpoint, first_year=2019, last_year=2100),
)
