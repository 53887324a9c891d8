"""How Gmail and Proofpoint's filter write; learnt from real lines.

Owns their folds and ids. Refuses to know who sends what to whom. The one name that is not as in real lines
is Gmail's: `google.example`.
"""

from datetime import UTC
from random import Random
from typing import Final

from seawall.lab.writer.clock import PACIFIC, commented, plain, two_digits
from seawall.lab.writer.queue_ids import gmail as gmail_id
from seawall.lab.writer.queue_ids import proofpoint as proofpoint_id
from seawall.lab.writer.queue_ids import sendmail as sendmail_id
from seawall.lab.writer.style import Handover, Style, Written

_TLS: Final = (
    "(version=TLS1_2 cipher=ECDHE-RSA-AES128-GCM-SHA256 bits=128/128)",
    "(version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256)",
)
_TLS_TOLD: Final = 2016
_TLS_1_3: Final = 2020
_X_RECEIVED: Final = 2012
"""When the filter's line stopped to be a Received."""
_SIX: Final = 2018
"""When the servers inside began to be named by an address of version 6 (RFC 3056, of a private one)."""
_FOLD: Final = "\r\n        "


def gmail(handover: Handover) -> Written:
    """Write as Gmail, in California's time: three hops inwards, two outwards."""
    draw, server, client = handover.draw, handover.server, handover.client
    at = PACIFIC.at(handover.moment)
    date = commented(two_digits(at), at)
    inside = _inside(at.year, server.nature, draw)
    if handover.is_local or client.style == "mua":
        end = f"{_FOLD}for <{handover.sole}>; {date}" if handover.sole else f";{_FOLD}{date}"
        moment = f"{at.year}.{at.month:02}.{at.day:02}.{at.hour:02}.{at.minute:02}.{at.second:02}"
        number = draw.randrange(1, 170)
        sent = f"Received: by {server.name} with SMTP id {gmail_id('so', at, server.nature, draw)}.{draw.randrange(31)}{end}"
        if handover.is_local:
            return Written(above=(sent, f"Received: by {inside} with HTTP; {date}"))
        seen = f" ({client.reverse}. [{client.address}])" if client.reverse else f" ([{client.address}])"
        is_named = at.year >= _TLS_TOLD
        tls = (
            _TLS[at.year >= _TLS_1_3 and client.nature % 2]
            if is_named
            else "(version=TLSv1/SSLv3 cipher=RC4-MD5)"
        )
        taken = (
            f"Received: from {client.helo}{seen}{_FOLD}by smtp.google.example with {'ESMTPSA' if is_named else 'ESMTPS'} id "
            f"{gmail_id('sm', at, server.nature, draw)}.{number}.{moment}{_FOLD}{tls};{_FOLD}{date}"
        )
        return Written(above=(sent, taken))
    moment = f"{at.year}.{at.month:02}.{at.day:02}.{at.hour:02}.{at.minute:02}.{at.second:02}"
    identity = f"{gmail_id('si', at, server.nature, draw)}.{draw.randrange(1, 260)}.{moment}"
    recipient = f"{_FOLD}for <{handover.sole}>" if handover.sole else ""
    seen = f"{client.reverse}. [{client.address}]" if client.reverse else f"[{client.address}]"
    tls = _encryption(at.year, client.nature)
    protocol = "ESMTPS" if tls else "ESMTP"
    taken = (
        f"Received: from {client.helo} ({seen}){_FOLD}by mx.google.example with {protocol} id {identity}"
        f"{recipient}{tls};{_FOLD}{date}"
    )
    filtered = (
        f"{'X-' if at.year >= _X_RECEIVED else ''}Received: by {_inside(at.year, server.nature, draw)} with SMTP id "
        f"{gmail_id('mr', at, server.nature, draw)}.{draw.randrange(1, 200)};{_FOLD}{date}"
    )
    kind = "csp" if at.year >= 2011 else "cs"  # noqa: PLR2004 -- when it got its third letter
    stored = f"Received: by {inside} with SMTP id {gmail_id(kind, at, server.nature, draw)};{_FOLD}{date}"
    returned = f"Return-Path: <{handover.reverse_path}>"
    delivered = (f"Delivered-To: {handover.mailbox}",) if handover.is_final else ()
    return Written(above=(*delivered, stored, filtered, returned, taken))


def _encryption(year: int, nature: int) -> str:
    if year < _TLS_TOLD or not nature % 5:
        return ""
    return f"{_FOLD}{_TLS[year >= _TLS_1_3 and nature % 2]}"


def _inside(year: int, nature: int, draw: Random) -> str:
    """Return a server inside: by its private address, or by one of version 6 that holds it."""
    if year < _SIX:
        return f"10.{nature % 220 + 10}.{draw.randrange(256)}.{draw.randrange(1, 255)}"
    return f"2002:a{nature % 15 + 1:02x}:{draw.randrange(0x100, 0xFFFF):x}::"


def proofpoint(handover: Handover) -> Written:
    """Write as Proofpoint's filter: from the network, and from its own filter daemon."""
    server, client = handover.server, handover.client
    at = handover.at
    # From 8.17.1.24 on its folds are tabs, and it names the recipient.
    is_recent = at.year > 2022 and server.settled("recent", (True, False))  # noqa: PLR2004 -- when that came
    versions = ((2021, ("8.16.0.27", "8.16.1.2")), (2100, ("8.17.1.5", "8.17.1.19")))
    version = (
        server.settled("new", ("8.17.1.24", "8.18.1.11")) if is_recent else server.version(at.year, versions)
    )
    fold = "\r\n\t" if is_recent else _FOLD
    date = plain(at) if server.settled("zone", (True, False)) else f"{plain(at.astimezone(UTC))[:-6]} GMT"
    end = f"{fold}for <{handover.sole}>; {date}" if handover.sole and is_recent else f";{fold}{date}"
    nature, draw = server.nature, handover.draw
    seen = f"{client.reverse} " if client.reverse else ""
    check = client.settled("certificate", ("NOT", "NOT", "OK"))
    taken = (
        f"Received: from {client.helo} ({seen}[{client.address}])"
        f"{fold}by {server.name} (PPS) with ESMTPS id {proofpoint_id(handover.stamp, draw)}"
        f"{fold}(version=TLSv1.2 cipher=ECDHE-RSA-AES256-GCM-SHA384 bits=256 verify={check})"
        f";{fold}{two_digits(at)}"
    )
    filtered = (
        f"Received: from pps.filterd (m{nature % 900_000 + 100_000:07}.{server.domain} [127.0.0.1])"
        f"{fold}by {server.name} ({version}/{version}) with ESMTP id {sendmail_id(handover.stamp, nature, draw)}{end}"
    )
    return Written(above=(taken, filtered))


STYLES: Final = (
    Style(name="gmail", product="Gmail", write=gmail, first_year=2006, last_year=2100),
    Style(name="proofpoint", product="Proofpoint", write=proofpoint, first_year=2019, last_year=2100),
)
