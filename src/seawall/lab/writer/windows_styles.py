"""How the SMTP service of Windows, Exchange, Exchange Online, Exchange 5.5, Domino and MDaemon write; learnt from real lines.

Owns their folds, versions and ids. Refuses to know who sends what to whom. The one name that is not as in
real lines is Exchange Online's: `outlook.example`.
"""

from datetime import UTC
from random import Random
from typing import Final

from seawall.lab.server_time import arrival_time
from seawall.lab.writer.clock import plain, two_digits
from seawall.lab.writer.queue_ids import domino as domino_id
from seawall.lab.writer.queue_ids import eight, serial
from seawall.lab.writer.style import Handover, Style, Written, folded

_SMTPSVC: Final = (
    (2003, ("5.0.2195.5329", "5.0.2195.6713")),
    (2009, ("6.0.3790.1830", "6.0.3790.3959", "5.0.2195.6713", "6.0.3790.211")),
    (2013, ("6.0.3790.4675", "6.0.3790.3959")),
    (2100, ("7.5.7601.17514", "7.5.7601.22751", "7.5.7601.23008")),
)
_EXCHANGES: Final = (
    (2010, ("8.1.393.1", "8.2.255.0")),
    (2014, ("14.1.438.0", "14.3.123.3", "14.3.195.1")),
    (2018, ("15.0.1104.5", "15.0.1210.3", "14.3.439.0")),
    (2021, ("15.1.1713.5", "15.0.1497.2", "14.3.487.0")),
    (2100, ("15.1.2375.17", "15.2.792.15", "15.1.2507.23", "15.2.1118.26")),
)
_DOMINOS: Final = (
    (2003, ("5.0.4", "5.0.11")),
    (2006, ("5.0.11", "6.5.1", "6.5.4")),
    (2010, ("6.5.4", "7.0.2FP1", "7.0.3")),
    (2100, ("7.0.3", "8.5.2", "8.5.3")),
)
_MDAEMONS: Final = (
    (2008, ("v9.5.2", "v9.6.1")),
    (2010, ("v10.1.1", "v9.6.1")),
    (2100, ("v11.0.3", "v12.0.4")),
)
_ONLINE: Final = (
    (2015, "15.0.918.8"),
    (2016, "15.0.1034.9"),
    (2017, "15.1.1362.18"),
    (2018, "15.20.863.11"),
    (2019, "15.20.2347.16"),
    (2020, "15.20.3391.11"),
    (2021, "15.20.4566.14"),
    (2022, "15.20.5588.10"),
    (2023, "15.20.6433.16"),
    (2100, "15.20.7633.18"),
)
"""A build, and the year until which it is drawn."""
_CIPHERS: Final = (
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
)
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
    version = server.version(at.year, _SMTPSVC)
    is_encrypted = version.startswith("7") and client.settled("tls", (True, False))
    over = " over TLS secured channel" if is_encrypted else ""
    line = (
        f"Received: from {client.helo.strip('[]')} ([{client.address}]) by {server.name}{over} "
        f"with Microsoft SMTPSVC({version});\r\n\t {plain(at)}"
    )
    returned = (f"Return-Path: {handover.reverse_path}",) if handover.is_final else ()
    return Written(above=(line,), below=(*returned, arrival))


def exchange(handover: Handover) -> Written:
    """Write as Exchange 2007 to 2019 in an organisation's own house."""
    at, server, client = handover.at, handover.server, handover.client
    version = server.version(at.year, _EXCHANGES)
    if handover.is_local or client.style == "mua":
        line = _by_mapi(handover, server.name, version)
        return Written(above=(line,), below=_mapi_fields(handover))
    via = " via Frontend Transport" if version.startswith("15.") and handover.draw.random() < 0.5 else ""  # noqa: PLR2004 -- one in two
    if at.year >= _TLS_TOLD and version.startswith("15.") and client.settled("tls", (True, False)):
        tls = f" (version=TLS1_2, cipher={client.settled('cipher', _CIPHERS)})"
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
    # The store writes three digits where the transport writes what there are.
    *build, last = version.split(".")
    padded = ".".join([*build, f"{int(last):03}"])
    link = f"fe80::{_quad(name, 0)}:{_quad(name, 1)}:{_quad(name, 2)}:{_quad(name, 3)}"
    zone = handover.server.settled("link", (6, 7, 11, 14))
    return folded(
        f"Received: from {name} ([{link}]) by {name} ([{link}%{zone}]) with mapi id {padded}; {plain(handover.at)}"
    )


def _mapi_fields(handover: Handover) -> tuple[str, ...]:
    return ("X-MS-Has-Attach:", "X-MS-TNEF-Correlator:", f"x-originating-ip: [{handover.client.address}]")


def _quad(name: str, number: int) -> str:
    return f"{Random(f'{name} {number}').randrange(0x100, 0xFFFF):x}"  # noqa: S311 -- reproducible, not secret


def exchange_online(handover: Handover) -> Written:
    """Write as Exchange Online: two or three hops inside, each in universal time."""
    draw, server, client = handover.draw, handover.server, handover.client
    at = handover.at.astimezone(UTC)
    version = next(version for until, version in _ONLINE if at.year <= until)
    place = server.settled("place", _PLACES)
    tenant = f"{server.settled('tenant', tuple(range(1, 20))):02}"
    region, area = _REGIONS[place]
    mailbox = _pod(place, tenant, "MB", server.nature % 9000 + 1000, region)
    cipher = f"(version=TLS1_2, cipher={server.settled('cipher', _CIPHERS)})"
    date = plain(at)
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
    front = f"{place}{draw.randrange(1, 9)}PR{tenant}CA{draw.randrange(1, 140):04}.{region}{tenant}.prod.outlook.example"
    taken = folded(
        f"Received: from {client.helo} ({client.address}) by {border}.mail.protection.outlook.example "
        f"(10.152.{draw.randrange(8, 80)}.{draw.randrange(2, 254)}) with Microsoft SMTP Server {cipher} id {version} "
        f"via Frontend Transport; {date}"
    )
    inward = folded(
        f"Received: from {border}.eop-{area.lower()}{tenant}.prod.protection.outlook.example ({_ipv6(border)}) by {front} "
        f"({_ipv6(front)}) with Microsoft SMTP Server {cipher} id {version} via Frontend Transport; {date}"
    )
    stored = folded(
        f"Received: from {front} ({_ipv6(front)}) by {mailbox} ({_ipv6(mailbox)}) "
        f"with Microsoft SMTP Server {cipher} id {version}; {date}"
    )
    final = (f"Return-Path: {handover.reverse_path}",) if handover.is_final else ()
    return Written(
        above=(stored, inward, taken),
        below=(
            *final,
            "X-MS-PublicTrafficType: Email",
            f"X-MS-Exchange-Organization-AuthSource:\r\n\t{border}.eop-{area.lower()}{tenant}.prod.protection.outlook.example",
            "X-MS-Exchange-Organization-AuthAs: Anonymous",
        ),
    )


def _pod(place: str, tenant: str, kind: str, number: int, region: str) -> str:
    return f"{place}{number % 9 + 1}PR{tenant}{kind}{number}.{region}{tenant}.prod.outlook.example"


def _ipv6(name: str) -> str:
    return f"2001:db8:{_quad(name, 4)}:{_quad(name, 5)}::{int(_quad(name, 6), 16) % 255 + 1:x}"


def internet_mail_service(handover: Handover) -> Written:
    """Write as Exchange 5.5."""
    at, server, client = handover.at, handover.server, handover.client
    version = server.settled("version", ("5.5.2653.13", "5.5.2656.59", "5.5.2650.21"))
    identity = eight(server.nature, handover.draw)
    if handover.is_local or client.style == "mua":
        line = folded(
            f"Received: by {server.name} with Internet Mail Service ({version})\r\n\tid <{identity}>; {plain(at)}",
            width=998,
        )
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
    release = server.version(at.year, _DOMINOS)
    identity = domino_id(at, server.nature, handover.draw)
    if release.startswith("5"):
        identity = identity.replace("-", ":")
    line = (
        f"Received: from {client.helo} ([{client.address}])\r\n          by {server.name} (Lotus Domino Release {release})"
        f"\r\n          with ESMTP id {identity} ;\r\n          {plain(at)} "
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
    version = server.version(at.year, _MDAEMONS)
    name = client.address if client.helo.startswith("[") else client.helo.partition(".")[0].upper()
    # It names one recipient in every real line.
    recipient = f"\r\n\tfor <{handover.recipients[0]}>"
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
    Style(name="domino", product="Lotus Domino", write=domino, first_year=2001, last_year=2014),
    Style(name="mdaemon", product="MDaemon", write=mdaemon, first_year=2007, last_year=2014),
)
