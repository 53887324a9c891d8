"""How the SMTP service of Windows, Exchange, Exchange Online, Exchange 5.5, Domino and MDaemon write; learnt from real lines.

Owns their folds, versions and ids. Refuses to know who sends what to whom. The one name that is not as in
real lines is Exchange Online's: `outlook.test`.
"""

from datetime import UTC
from random import Random
from typing import Final

from seawall.lab.server_time import arrival_time
from seawall.lab.writer import ciphers, releases
from seawall.lab.writer.clock import plain, two_digits
from seawall.lab.writer.queue_ids import domino as domino_id
from seawall.lab.writer.queue_ids import eight, serial
from seawall.lab.writer.releases import branch, online, running
from seawall.lab.writer.style import Handover, Style, Written, folded

_TLS_TOLD: Final = 2016
"""When Exchange began to tell version and cipher."""
_PLACES: Final = ("AM", "DB", "VI", "BN", "DM", "SN", "BY", "SG", "TY", "LO", "CY", "HE")
_REGIONS: Final = {
    **dict.fromkeys(("AM", "DB", "VI", "HE"), ("eurprd", "EUR")),
    **dict.fromkeys(("BN", "DM", "SN", "BY", "CY"), ("namprd", "NAM")),
    "SG": ("apcprd", "APC"),
    "TY": ("jpnprd", "JPN"),
    "LO": ("gbrprd", "GBR"),
}


def smtpsvc(handover: Handover) -> Written:
    """Write as the SMTP service of Windows 2000, 2003 and 2008."""
    at, server, client = handover.at, handover.server, handover.client
    arrival = arrival_time(at).decode()
    if handover.is_local:
        line = (
            f"Received: from mail pickup service by {server.name} with Microsoft SMTPSVC;\r\n\t {plain(at)}"
        )
        return Written(above=(line,), below=(arrival,))
    version = running(server, at, branch(server, at, releases.SMTPSVC))
    is_encrypted = version.startswith("7") and client.settled("tls", (True, False))
    is_looking = not client.reverse and server.settled("looks up names", (True, *(False,) * 11))
    failed = " RDNS failed" if is_looking and not is_encrypted else ""
    over = " over TLS secured channel" if is_encrypted else ""
    line = (
        f"Received: from {client.helo.strip('[]')} ([{client.address}]{failed}) by {server.name}{over} "
        f"with Microsoft SMTPSVC({version});\r\n\t {plain(at)}"
    )
    returned = (f"Return-Path: {handover.reverse_path}",) if handover.is_final else ()
    return Written(above=(line,), below=(*returned, arrival))


def exchange(handover: Handover) -> Written:
    """Write as Exchange 2007 to 2019 in an organisation's own house."""
    at, server, client = handover.at, handover.server, handover.client
    version = running(server, at, branch(server, at, releases.EXCHANGE))
    if handover.is_local or client.style == "mua":
        line = _by_mapi(handover, server.name, version)
        return Written(above=(line,), below=_mapi_fields(handover))
    # What comes from elsewhere passes a front end; what another server of the house has taken in does not.
    is_front = version.startswith("15.") and client.domain != server.domain
    via = " via Frontend Transport" if is_front and server.settled("front", (True, True, False)) else ""
    if (
        at.year >= _TLS_TOLD
        and version.startswith("15.")
        and client.settled("tls", (True, True, True, False))
    ):
        tls = f" (version=TLS1_2, cipher={client.settled('cipher', ciphers.EXCHANGE)})"
    else:
        tls = " (TLS)" if client.settled("tls", (True, False)) else ""
    name = client.helo
    line = folded(
        f"Received: from {name} ({client.address}) by {server.name} ({server.address}) "
        f"with Microsoft SMTP Server{tls} id {version}{via}; {plain(at)}"
    )
    final = (f"Return-Path: {handover.reverse_path}",) if handover.is_final else ()
    short = server.name.partition(".")[0].upper()
    return Written(
        above=(line,),
        below=(
            *final,
            *(
                (
                    "X-MS-Exchange-Organization-AuthSource: " + server.name,
                    "X-MS-Exchange-Organization-AuthAs: Anonymous",
                )
                if handover.is_final and not short.startswith("EDGE")
                else ()
            ),
        ),
    )


def _by_mapi(handover: Handover, name: str, version: str) -> str:
    """Write what a mailbox server does with a mail that its own user made."""
    # The store fills up with zeros where the transport writes what there is.
    product, minor, build, last = (int(part) for part in version.split("."))
    padded = f" id {product}.{minor:02}.{build:04}.{last:03}" if product > 8 else ""  # noqa: PLR2004 -- 2007 told none
    link = f"fe80::{_quad(name, 0)}:{_quad(name, 1)}:{_quad(name, 2)}:{_quad(name, 3)}"
    zone = handover.server.settled("link", (6, 7, 10, 11, 12, 13, 14, 15, 16, 18, 22))
    return folded(
        f"Received: from {name} ([{link}]) by {name} ([{link}%{zone}]) with mapi{padded}; {plain(handover.at)}"
    )


def _mapi_fields(handover: Handover) -> tuple[str, ...]:
    return ("X-MS-Has-Attach:", "X-MS-TNEF-Correlator:", f"x-originating-ip: [{handover.client.address}]")


def _quad(name: str, number: int) -> str:
    return f"{Random(f'{name} {number}').randrange(0x100, 0xFFFF):x}"  # noqa: S311 -- reproducible, not secret


def exchange_online(handover: Handover) -> Written:
    """Write as Exchange Online: two or three hops inside, each in universal time."""
    draw, server, client = handover.draw, handover.server, handover.client
    at = handover.at.astimezone(UTC)
    version = online(at, weeks_late=server.nature % 3)
    place = server.settled("place", _PLACES)
    tenant = f"{server.settled('tenant', tuple(range(1, 20))):02}"
    region, area = _REGIONS[place]
    mailbox = _pod(place, tenant, "MB", server.nature % 9000 + 1000, region)
    texts = ciphers.of(at.year, ciphers.EXCHANGE_ONLINE)
    cipher = f"(version=TLS1_2, cipher={draw.choice(texts)})" if at.year >= _TLS_TOLD else "(TLS)"
    date = plain(at)
    inside = online(at, weeks_late=server.nature % 3 + draw.choice((0, 0, 1)))
    if handover.is_local or client.style == "mua":
        other = _pod(place, tenant, "MB", draw.randrange(1000, 9999), region)
        made = _by_mapi(handover, mailbox, version).rpartition(";")[0] + "; "
        made = folded(made.replace("\r\n", "") + date)
        sent = folded(
            f"Received: from {mailbox} ({_ipv6(mailbox)}) by {other} ({_ipv6(other)}) "
            f"with Microsoft SMTP Server {cipher} id {version}; {date}"
        )
        return Written(above=(sent, made), below=_mapi_fields(handover)[:2])
    border = f"{place}{draw.randrange(1, 9)}{area}{tenant}FT{draw.randrange(3, 66):03}"
    front = f"{place}{draw.randrange(1, 9)}PR{tenant}CA{draw.randrange(1, 140):04}.{region}{tenant}.prod.outlook.test"
    taken = folded(
        f"Received: from {client.helo} ({client.address}) by {border}.mail.protection.outlook.test "
        f"(10.152.{draw.randrange(8, 80)}.{draw.randrange(2, 254)}) with Microsoft SMTP Server {cipher} id {version} "
        f"via Frontend Transport; {date}"
    )
    inward = folded(
        f"Received: from {border}.eop-{area.lower()}{tenant}.prod.protection.outlook.test ({_ipv6(border)}) by {front} "
        f"({_ipv6(front)}) with Microsoft SMTP Server {cipher} id {inside} via Frontend Transport; {date}"
    )
    stored = folded(
        f"Received: from {front} ({_ipv6(front)}) by {mailbox} ({_ipv6(mailbox)}) "
        f"with Microsoft SMTP Server {cipher} id {inside}; {date}"
    )
    final = (f"Return-Path: {handover.reverse_path}",) if handover.is_final else ()
    return Written(
        above=(stored, inward, taken),
        below=(
            *final,
            "X-MS-PublicTrafficType: Email",
            f"X-MS-Exchange-Organization-AuthSource:\r\n\t{border}.eop-{area.lower()}{tenant}.prod.protection.outlook.test",
            "X-MS-Exchange-Organization-AuthAs: Anonymous",
        ),
    )


def _pod(place: str, tenant: str, kind: str, number: int, region: str) -> str:
    return f"{place}{number % 9 + 1}PR{tenant}{kind}{number}.{region}{tenant}.prod.outlook.test"


def _ipv6(name: str) -> str:
    return f"2001:db8:{_quad(name, 4)}:{_quad(name, 5)}::{int(_quad(name, 6), 16) % 255 + 1:x}"


def internet_mail_service(handover: Handover) -> Written:
    """Write as Exchange 5.5."""
    at, server, client = handover.at, handover.server, handover.client
    version = running(server, at, releases.INTERNET_MAIL_SERVICE)
    identity = eight(handover.stamp, server.nature)
    if handover.is_local or client.style == "mua":
        # Service pack 4 brought a newer part for what is its own.
        version = version.replace("2653.13", "2653.19")
        line = f"Received: by {server.name} with Internet Mail Service ({version})\r\n\tid <{identity}>; {plain(at)}"
        return Written(above=(line,))
    seen = client.reverse or client.address
    line = (
        f"Received: from {client.helo} ({seen} [{client.address}]) by {server.name} with SMTP "
        f"(Microsoft Exchange Internet Mail Service Version {version})\r\n\tid {identity}; {plain(at)}"
    )
    return Written(above=(line,))


def domino(handover: Handover) -> Written:
    """Write as Lotus Domino: ten spaces, and one behind the id and the date."""
    at, server, client = handover.at, handover.server, handover.client
    release = running(server, at, releases.DOMINO)
    identity = domino_id(at, server.nature)
    if release.startswith("5"):
        identity = identity.replace("-", ":")
    line = (
        f"Received: from {client.helo} ([{client.address}])\r\n          by {server.name} (Lotus Domino Release {release})"
        f"\r\n          with {'SMTP' if handover.is_plain else 'ESMTP'} id {identity} ;\r\n          {plain(at)} "
    )
    moment = f"{at.month:02}/{at.day:02}/{at.year} {at.hour % 12 or 12:02}:{at:%M:%S} {'AP'[at.hour // 12]}M"
    track = (
        f"X-MIMETrack: Itemize by SMTP Server on {server.settled('node', ('MAIL01', 'DOM1', 'NOTES2'))}/"
        f"{server.domain.partition('.')[0].upper()}(Release {release}) at\r\n {moment}"
    )
    return Written(above=(line,), below=(track,))


def mdaemon(handover: Handover) -> Written:
    """Write as MDaemon."""
    at, server, client = handover.at, handover.server, handover.client
    version = running(server, at, releases.MDAEMON)
    name = client.helo.strip("[]")
    # It names one recipient in every real line.
    recipient = f"\r\n\tfor <{handover.recipients[0]}>"
    if version.endswith(".R"):
        line = f"Received: {_old_mdaemon(handover, name)}\r\n\twith SMTP (MDaemon.{version}){recipient}; {two_digits(at)}"
    else:
        identity = f"md5{serial(handover.stamp, server.nature) % 10**10:010}.msg"
        line = (
            f"Received: from {name} by {server.name} (MDaemon PRO {version})"
            f"\r\n\twith ESMTP id {identity}{recipient}; {two_digits(at)}"
        )
    final = (
        (
            f"X-MDRemoteIP: {client.address}",
            f"X-Return-Path: {handover.reverse_path}",
            f"X-Envelope-From: {handover.reverse_path}",
            f"X-MDaemon-Deliver-To: {handover.mailbox}",
        )
        if handover.is_final
        else ()
    )
    return Written(above=(line,), below=final)


def _old_mdaemon(handover: Handover, name: str) -> str:
    """Write the beginning of MDaemon's line of before 2004; some servers tell both addresses."""
    client, server = handover.client, handover.server
    if server.settled("tells addresses", (True, False)):
        return f"from {name} [{client.address}]\r\n\tby {server.name} [{server.address}]"
    return f"from {name} by {server.name}"


STYLES: Final = (
    Style(name="smtpsvc", product="Microsoft SMTPSVC", write=smtpsvc, first_year=2000, last_year=2016),
    Style(name="exchange", product="Microsoft Exchange", write=exchange, first_year=2008, last_year=2100),
    Style(
        name="exchange-online",
        product="Exchange Online",
        write=exchange_online,
        first_year=2015,
        last_year=2100,
    ),
    Style(
        name="internet-mail-service",
        product="Exchange 5.5",
        write=internet_mail_service,
        first_year=1999,
        last_year=2005,
    ),
    Style(name="domino", product="Lotus Domino", write=domino, first_year=2000, last_year=2014),
    Style(name="mdaemon", product="MDaemon", write=mdaemon, first_year=2000, last_year=2014),
)
