"""How Postfix writes, and amavis beside it; learnt from real lines.

Owns their folds, comments, dates and queue ids. Refuses to know who sends what to whom.
"""

from dataclasses import replace
from typing import Final

from seawall.lab.writer import ciphers
from seawall.lab.writer.clock import commented, padded
from seawall.lab.writer.queue_ids import amavis as amavis_id
from seawall.lab.writer.queue_ids import postfix_long, postfix_short
from seawall.lab.writer.style import Handover, Host, Style, Written

_LONG_IDS: Final = 2012
"""Since Postfix 2.9 a server may have them."""
_ENCRYPTED: Final = ((2004, 0.0), (2011, 0.06), (2016, 0.15), (2019, 0.35), (9999, 0.65))
"""The last year, and the share of mails from elsewhere that came encrypted until then."""
_AMAVIS_IDS: Final = 2006
_AMAVIS_RENAMED: Final = 2023
"""When what is drawn from a random source took the place of the process and a count; when it was no longer `new`."""
_USERS: Final = (
    0,
    33,
    48,
    51,
    80,
    81,
    500,
    500,
    501,
    502,
    508,
    1000,
    1000,
    1001,
    1002,
    1003,
    1004,
    1030,
    2009,
    5001,
)


def _queue_id(handover: Handover) -> str:
    server = handover.server
    is_long = handover.at.year >= _LONG_IDS and server.settled("long ids", (True, False, False, False, False))
    return (postfix_long if is_long else postfix_short)(handover.stamp, server.nature, handover.draw)


def _received(handover: Handover, client: str, *, protocol: str = "ESMTP", comments: str = "") -> str:
    at, server = handover.at, handover.server
    date = commented(padded(at), at)
    end = f"\r\n\tfor <{handover.sole}>; {date}" if handover.sole else f";\r\n\t{date}"
    return (
        f"Received: from {client}\r\n{comments}"
        f"\tby {server.name} (Postfix) with {protocol} id {_queue_id(handover)}{end}"
    )


def _seen(client: Host) -> str:
    return f"{client.reverse or 'unknown'} [{client.address}]"


def postfix(handover: Handover) -> Written:
    """Write as Postfix 2 and 3."""
    at, server, client = handover.at, handover.server, handover.client
    final = _local_delivery(handover) if handover.is_final else ()
    if handover.is_local:
        date = commented(padded(at), at)
        line = f"Received: by {server.name} (Postfix, from userid {server.settled('user id', _USERS)})\r\n\tid {_queue_id(handover)}; {date}"
        return Written(above=(*final, line))
    share = next(share for until, share in _ENCRYPTED if at.year <= until)
    # A server asks for TLS in its own network less often than at its border.
    is_inside = client.address.startswith(("10.", "192.168.")) and client.style != "mua"
    is_encrypted = not is_inside and handover.draw.random() < share
    protocol = "SMTP" if handover.is_plain else "ESMTP"
    comments = ""
    if is_encrypted:
        protocol = "ESMTPSA" if client.style == "mua" else "ESMTPS"
        if server.settled("tls comments", (True, True, False)):
            text = client.settled("cipher", ciphers.of(at.year, ciphers.POSTFIX))
            comments = f"\t(using {text})\r\n\t(No client certificate requested)\r\n"
    line = _received(handover, f"{client.helo} ({_seen(client)})", protocol=protocol, comments=comments)
    return Written(above=(*final, line))


def _local_delivery(handover: Handover) -> tuple[str, ...]:
    return (
        f"Return-Path: <{handover.reverse_path}>",
        f"X-Original-To: {handover.mailbox}",
        f"Delivered-To: {handover.mailbox}",
    )


def amavis(handover: Handover) -> Written:
    """Write as Postfix with amavisd-new as its content filter: in, through, and in again."""
    server, at, draw = handover.server, handover.at, handover.draw
    taken = postfix(replace(handover, moment=handover.moment - draw.uniform(0.4, 3), mailbox=""))
    date = commented(padded(at), at)
    port = server.settled("amavis port", (10024, 10024, 10024, 10024, 24, 10000))
    recipient = f" for <{handover.sole}>" if handover.sole else ""
    is_renamed = at.year >= _AMAVIS_RENAMED and server.settled("amavis", (True, False))
    protocol = "LMTP" if at.year < _AMAVIS_IDS and server.settled("lmtp", (True, False)) else "ESMTP"
    filtered = (
        f"Received: from {server.name} ([127.0.0.1])\r\n"
        f"\tby localhost ({server.name} [127.0.0.1]) ({'amavis' if is_renamed else 'amavisd-new'}, port {port})\r\n"
        f"\twith {protocol} id {amavis_id(handover.stamp, at.year, server.nature, draw)}{recipient};\r\n\t{date}"
    )
    again = _received(handover, "localhost (localhost [127.0.0.1])")
    scanned = f"X-Virus-Scanned: {'Debian amavis' if is_renamed else 'amavisd-new'} at {server.domain}"
    final = _local_delivery(handover) if handover.is_final else ()
    return Written(above=(*final, again, scanned, filtered, *taken.above))


STYLES: Final = (
    Style(name="postfix", product="Postfix", write=postfix, first_year=1999, last_year=2100),
    Style(name="amavis", product="Postfix with amavisd-new", write=amavis, first_year=2003, last_year=2100),
)
