"""How Postfix, amavis beside it, Exim, Sendmail, qmail, CommuniGate Pro and fetchmail write; learnt from real lines.

Owns their folds, comments, dates and queue ids. Refuses to know who sends what to whom.
"""

from typing import Final

from seawall.lab.writer.clock import commented, no_weekday, padded, plain, two_digits
from seawall.lab.writer.queue_ids import (
    amavis as amavis_id,
)
from seawall.lab.writer.queue_ids import exim as exim_id
from seawall.lab.writer.queue_ids import (
    postfix_long,
    postfix_short,
    process,
    serial,
)
from seawall.lab.writer.queue_ids import sendmail as sendmail_id
from seawall.lab.writer.style import Handover, Host, Style, Written

_TLS_1_2: Final = (
    "ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)",
    "ECDHE-RSA-AES128-GCM-SHA256 (128/128 bits)",
    "AECDH-AES256-SHA (256/256 bits)",
    "DHE-RSA-AES256-SHA (256/256 bits)",
)
_KEYS: Final = (
    "key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256",
    "key-exchange X25519 server-signature RSA-PSS (4096 bits) server-digest SHA256",
    "key-exchange X25519 server-signature RSA-PSS (2048 bits)",
    "key-exchange ECDHE (P-256) server-signature RSA-PSS (2048 bits)",
)
_TLS_COMMENTS: Final = 2012
"""About since when one sees Postfix's TLS comments often."""
_TLS_1_3: Final = 2020


def _postfix_id(handover: Handover) -> str:
    server = handover.server
    is_long = handover.at.year > _TLS_COMMENTS and server.settled("long ids", (True, False, False))
    return (postfix_long if is_long else postfix_short)(handover.stamp, server.nature, handover.draw)


def _postfix_received(handover: Handover, client: str, *, protocol: str = "", tls: str = "") -> str:
    at, server = handover.at, handover.server
    date = commented(padded(at), at)
    end = f"\r\n\tfor <{handover.sole}>; {date}" if handover.sole else f";\r\n\t{date}"
    return (
        f"Received: from {client}\r\n{tls}"
        f"\tby {server.name} (Postfix) with {protocol or 'ESMTP'} id {_postfix_id(handover)}{end}"
    )


def _seen(client: Host) -> str:
    return f"{client.reverse or 'unknown'} [{client.address}]"


def postfix(handover: Handover) -> Written:
    """Write as Postfix 2 and 3."""
    at, server, client = handover.at, handover.server, handover.client
    final = _local_delivery(handover) if handover.is_final else ()
    if handover.is_local:
        user = server.settled("user id", (33, 48, 81, 1000, 1001, 5001))
        date = commented(padded(at), at)
        line = f"Received: by {server.name} (Postfix, from userid {user})\r\n\tid {_postfix_id(handover)}; {date}"
        return Written(above=(*final, line))
    is_encrypted = at.year >= _TLS_COMMENTS - 3 and handover.draw.random() < min(1, (at.year - 2008) / 12)
    # A server asks for TLS in its own network less often than at its border.
    is_encrypted &= not client.address.startswith(("10.", "192.168.")) or client.style == "mua"
    protocol = ("ESMTPS" if is_encrypted else "ESMTP") + (
        "A" if is_encrypted and client.style == "mua" else ""
    )
    tls = ""
    if is_encrypted and at.year >= _TLS_COMMENTS and server.settled("tls comments", (True, False)):
        if at.year >= _TLS_1_3 and client.settled("tls 1.3", (True, False)):
            key = server.settled("key", _KEYS)
            tls = f"\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\r\n\t {key})\r\n"
        else:
            cipher = client.settled("cipher", _TLS_1_2)
            tls = f"\t(using TLSv1.2 with cipher {cipher})\r\n"
        tls += "\t(No client certificate requested)\r\n"
    line = _postfix_received(handover, f"{client.helo} ({_seen(client)})", protocol=protocol, tls=tls)
    return Written(above=(*final, line))


def _local_delivery(handover: Handover) -> tuple[str, ...]:
    return (
        f"Return-Path: <{handover.reverse_path}>",
        f"X-Original-To: {handover.mailbox}",
        f"Delivered-To: {handover.mailbox}",
    )


def amavis(handover: Handover) -> Written:
    """Write as Postfix with amavisd-new as its content filter: in, through, and in again."""
    server, at = handover.server, handover.at
    taken = postfix(
        Handover(
            client=handover.client,
            server=server,
            moment=handover.moment - 2.5,
            reverse_path=handover.reverse_path,
            recipients=handover.recipients,
            draw=handover.draw,
            is_local=handover.is_local,
        )
    )
    date = commented(padded(at), at)
    port = server.settled("amavis port", (10024, 10024, 24))
    recipient = f" for <{handover.sole}>" if handover.sole else ""
    filtered = (
        f"Received: from {server.name} ([127.0.0.1])\r\n"
        f"\tby localhost ({server.name} [127.0.0.1]) (amavisd-new, port {port})\r\n"
        f"\twith ESMTP id {amavis_id(handover.draw)}{recipient};\r\n\t{date}"
    )
    again = _postfix_received(handover, "localhost (localhost [127.0.0.1])")
    scanned = f"X-Virus-Scanned: amavisd-new at {server.domain}"
    final = _local_delivery(handover) if handover.is_final else ()
    return Written(above=(*final, again, scanned, filtered, *taken.above))


_SENDMAILS: Final = (
    (2004, ("8.12.11", "8.12.8")),
    (2007, ("8.13.1", "8.13.8", "8.12.11")),
    (2014, ("8.13.8", "8.14.3", "8.14.4")),
    (2100, ("8.14.4", "8.14.9", "8.15.2")),
)
_COMMUNIGATES: Final = ((2004, ("4.1.8", "4.2.8")), (2006, ("4.2.8", "4.3.7")), (2100, ("5.0.14", "5.1.16")))
_FETCHMAILS: Final = ((2005, ("5.9.0", "6.2.5")), (2012, ("6.2.5", "6.3.9")), (2100, ("6.3.9", "6.3.26")))
_EXIMS: Final = (
    (2004, ("4.24",)),
    (2005, ("4.50",)),
    (2007, ("4.63",)),
    (2009, ("4.69",)),
    (2011, ("4.72",)),
    (2013, ("4.80",)),
    (2015, ("4.84_2",)),
    (2017, ("4.86",)),
    (2019, ("4.90_1",)),
    (2021, ("4.92.3",)),
    (2023, ("4.94.2",)),
    (2100, ("4.95",)),
)
"""Versions, and the year until which they are drawn."""


def exim(handover: Handover) -> Written:
    """Write as Exim 4."""
    at, server, client, reverse_path = (
        handover.at,
        handover.server,
        handover.client,
        handover.reverse_path,
    )
    version = server.version(at.year, _EXIMS)
    date = two_digits(at)
    is_told = server.settled("tells envelope", (True, False)) and reverse_path
    envelope = f"\r\n\t(envelope-from <{reverse_path}>)" if is_told else ""
    recipient = f"\r\n\tfor {handover.sole}" if handover.sole else ""
    # Since 4.95 the date has a line of its own where it would be long.
    end = ";\r\n\t" if version == "4.95" else "; "
    queued = (
        f"(Exim {version}){envelope}\r\n\tid {exim_id(handover.stamp, server.nature)}{recipient}{end}{date}"
    )
    final = (
        (
            f"Return-path: <{reverse_path}>",
            f"Envelope-to: {handover.mailbox}",
            f"Delivery-date: {date}",
        )
        if handover.is_final
        else ()
    )
    if handover.is_local:
        user = server.settled("user", ("www-data", "root", "mail", "list", "cron"))
        return Written(above=(*final, f"Received: from {user} by {server.name} with local {queued}"))
    if not client.reverse:
        name = f"[{client.address}] (helo={client.helo})"
    elif client.reverse == client.helo:
        name = f"{client.reverse} ([{client.address}])"
    else:
        name = f"{client.reverse} ([{client.address}] helo={client.helo})"
    protocol = "esmtp "
    if at.year >= _TLS_COMMENTS and handover.draw.random() < 0.8:  # noqa: PLR2004 -- by then most was encrypted
        cipher = client.settled("cipher", ("AES256-GCM-SHA384", "AES128-GCM-SHA256"))
        if version in {"4.94.2", "4.95"}:
            standard = cipher.replace("AES256", "AES_256").replace("AES128", "AES_128").replace("-", "_")
            protocol = f"esmtps (TLS1.2) tls TLS_ECDHE_RSA_WITH_{standard}\r\n\t"
        else:
            protocol = f"esmtps (TLSv1.2:ECDHE-RSA-{cipher}:{cipher[3:6]})\r\n\t"
    return Written(above=(*final, f"Received: from {name}\r\n\tby {server.name} with {protocol}{queued}"))


def sendmail(handover: Handover) -> Written:
    """Write as Sendmail 8.12 to 8.15."""
    at, server, client = handover.at, handover.server, handover.client
    version = server.version(at.year, _SENDMAILS)
    identity = sendmail_id(handover.stamp, server.nature, handover.draw)
    date = commented(plain(at), at) if server.settled("zone", (True, False)) else plain(at)
    end = f"\r\n\tfor <{handover.sole}>; {date}" if handover.sole else f";\r\n\t{date}"
    final = (f"Return-Path: <{handover.reverse_path}>",) if handover.is_final else ()
    if handover.is_local:
        user = server.settled("user", ("root", "www", "apache", "daemon"))
        end = end.replace("<", "").replace(">", "")
        line = f"Received: (from {user}@localhost)\r\n\tby {server.name} ({version}/{version}/Submit) id {identity}{end}"
        return Written(above=(*final, line))
    if not client.reverse:
        name = f"{client.helo} ([{client.address}])"
    elif client.reverse == client.helo or client.style == "mua":
        name = f"{client.helo} ({client.reverse} [{client.address}])"
    else:
        forged = " (may be forged)" if client.settled("no forward name", (True, False, False)) else ""
        name = f"{client.helo} ({client.reverse} [{client.address}]{forged})"
    line = f"Received: from {name}\r\n\tby {server.name} ({version}/{version}) with ESMTP id {identity}{end}"
    return Written(above=(*final, line))


def qmail(handover: Handover) -> Written:
    """Write as qmail and netqmail: two Received for a mail from the network, and all dates in universal time."""
    server, client, at = handover.server, handover.client, handover.at
    number = process(handover.stamp, server.nature)
    date = no_weekday(at)
    final = (
        (
            f"Return-Path: <{handover.reverse_path}>",
            f"Delivered-To: {handover.mailbox}",
        )
        if handover.is_final
        else ()
    )
    if handover.is_local:
        user = server.settled("user id", (0, 48, 89, 500, 1001, 7770))
        return Written(above=(*final, f"Received: (qmail {number} invoked by uid {user}); {date}"))
    helo = "" if client.helo == client.reverse else f" (HELO {client.helo})"
    queued = f"Received: (qmail {number} invoked from network); {date}"
    network = f"Received: from {client.reverse or 'unknown'}{helo} ({client.address})\r\n  by {server.name} with SMTP; {date}"
    return Written(above=(*final, queued, network))


def communigate(handover: Handover) -> Written:
    """Write as CommuniGate Pro."""
    at, server, client = handover.at, handover.server, handover.client
    version = server.version(at.year, _COMMUNIGATES)
    identity = serial(handover.stamp, server.nature)
    final = (f"Return-Path: <{handover.reverse_path}>",) if handover.is_final else ()
    if handover.is_local:
        line = f"Received: by {server.name} (CommuniGate Pro PIPE {version})\r\n  with PIPE id {identity}; {two_digits(at)}"
        return Written(above=(*final, line))
    name = (
        f"{client.helo} ([{client.address}] verified)"
        if client.reverse == client.helo
        else f"[{client.address}] (HELO {client.helo.strip('[]')})"
    )
    recipient = f" for {handover.sole}" if handover.sole else ""
    line = (
        f"Received: from {name}\r\n  by {server.name} (CommuniGate Pro SMTP {version})\r\n"
        f"  with ESMTP id {identity}{recipient}; {two_digits(at)}"
    )
    return Written(above=(*final, line))


def fetchmail(handover: Handover) -> Written:
    """Write as fetchmail, which has fetched the mail from the client's box."""
    at, server, client = handover.at, handover.server, handover.client
    version = server.version(at.year, _FETCHMAILS)
    user = handover.mailbox.partition("@")[0]
    line = (
        f"Received: from {client.name} [{client.address}]\r\n\tby localhost with POP3 (fetchmail-{version})\r\n"
        f"\tfor {user}@localhost (single-drop); {commented(two_digits(at), at)}"
    )
    return Written(above=(line,))


STYLES: Final = (
    Style(name="postfix", product="Postfix", write=postfix, first_year=2000, last_year=2100),
    Style(name="amavis", product="Postfix with amavisd-new", write=amavis, first_year=2003, last_year=2100),
    Style(name="exim", product="Exim 4", write=exim, first_year=2003, last_year=2100),
    Style(name="sendmail", product="Sendmail 8", write=sendmail, first_year=2002, last_year=2100),
    Style(name="qmail", product="qmail", write=qmail, first_year=1998, last_year=2016),
    Style(name="communigate", product="CommuniGate Pro", write=communigate, first_year=2003, last_year=2012),
)
FETCHING: Final = Style(
    name="fetchmail", product="fetchmail", write=fetchmail, first_year=2001, last_year=2100
)
