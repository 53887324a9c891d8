"""How Exim, Sendmail, qmail, CommuniGate Pro and fetchmail write; learnt from real lines.

Owns their folds, comments and dates. Refuses to know who sends what to whom.
"""

from typing import Final

from seawall.lab.writer import ciphers, releases
from seawall.lab.writer.clock import commented, no_weekday, plain, two_digits
from seawall.lab.writer.queue_ids import exim as exim_id
from seawall.lab.writer.queue_ids import process, sendmail_8_9, serial
from seawall.lab.writer.queue_ids import sendmail as sendmail_id
from seawall.lab.writer.releases import running
from seawall.lab.writer.style import Handover, Host, Style, Written

_ENCRYPTED: Final = ((2004, 0.0), (2011, 0.06), (2016, 0.2), (2019, 0.5), (9999, 0.75))
"""The last year, and the share of mails that came encrypted until then."""


def _is_encrypted(handover: Handover) -> bool:
    share = next(share for until, share in _ENCRYPTED if handover.at.year <= until)
    return handover.draw.random() < share


def exim(handover: Handover) -> Written:
    """Write as Exim 3 and 4."""
    at, server, client, reverse_path = handover.at, handover.server, handover.client, handover.reverse_path
    version = running(server, at, releases.EXIM)
    is_third = version.startswith("3.")
    identity = exim_id(handover.stamp, server.nature, version, handover.draw)
    is_told = not is_third and server.settled("tells envelope", (True, False)) and reverse_path
    envelope = f"\r\n\t(envelope-from <{reverse_path}>)" if is_told else ""
    build = server.settled("build", (" #1 (Debian)", " #1 (Debian)", " #1", " #1", " #2")) if is_third else ""
    recipient = f"\r\n\tfor {handover.sole}" if handover.sole else ""
    date = two_digits(at)
    # Since 4.95 the date has a line of its own where it would be long.
    end = ";\r\n\t" if version >= "4.95" and not is_third else "; "
    queued = f"(Exim {version}{build}){envelope}\r\n\tid {identity}{recipient}{end}{date}"
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
        user = server.settled(
            "user", ("www-data", "root", "mail", "list", "cron", "nobody", "daemon", "news")
        )
        return Written(above=(*final, f"Received: from {user} by {server.name} with local {queued}"))
    if not client.reverse:
        name = f"[{client.address}] (helo={client.helo})"
    elif client.reverse == client.helo:
        name = f"{client.reverse} ([{client.address}])"
    else:
        name = f"{client.reverse} ([{client.address}] helo={client.helo})"
    if is_third or not _is_encrypted(handover):
        protocol = "smtp " if handover.is_plain else "esmtp "
    else:
        protocol = _exim_encrypted(handover, version)
    return Written(above=(*final, f"Received: from {name}\r\n\tby {server.name} with {protocol}{queued}"))


def _exim_encrypted(handover: Handover, version: str) -> str:
    client = handover.client
    protocol = "esmtpsa" if client.style == "mua" else "esmtps"
    if version >= "4.94":
        # Where TLS is told there are two blanks since 4.98.
        gap = "  " if version >= "4.98" else " "
        return f"{protocol}{gap}{client.settled('cipher', ciphers.EXIM_STANDARD)}\r\n\t"
    is_gnutls = version.startswith(("4.92", "4.93")) and handover.server.settled("gnutls", (True, False))
    texts = ciphers.EXIM_OF_GNUTLS if is_gnutls else ciphers.of(handover.at.year, ciphers.EXIM)
    return f"{protocol} ({client.settled('cipher', texts)})\r\n\t"


def sendmail(handover: Handover) -> Written:
    """Write as Sendmail 8.8 to 8.18."""
    at, server, client = handover.at, handover.server, handover.client
    version = running(server, at, releases.SENDMAIL)
    minor = int(version.split(".")[1])
    is_old = minor < 10  # noqa: PLR2004 -- which had another form of ids
    identity = (
        sendmail_8_9(at, server.nature)
        if is_old
        else sendmail_id(handover.stamp, server.nature, handover.draw, version=version)
    )
    date = commented(plain(at), at) if server.settled("zone", (True, False)) else plain(at)
    end = f"\r\n\tfor <{handover.sole}>; {date}" if handover.sole else f";\r\n\t{date}"
    final = (f"Return-Path: <{handover.reverse_path}>",) if handover.is_final else ()
    rules = _rules(server, version)
    if handover.is_local:
        user = server.settled(
            "user", ("root", "root", "www", "apache", "daemon", "nobody", "mail", "majordom")
        )
        end = end.replace("<", "").replace(">", "")
        submit = "/Submit" if minor >= 12 else ""  # noqa: PLR2004 -- which has a queue for it
        line = f"Received: (from {user}@localhost)\r\n\tby {server.name} ({version}/{rules}{submit}) id {identity}{end}"
        return Written(above=(*final, line))
    name = f"{client.helo} ({_sendmail_seen(client, at.year, minor)})"
    protocol, tls = "SMTP" if handover.is_plain else "ESMTP", ""
    if not is_old and client.settled("starts TLS", (True, False, False)) and _is_encrypted(handover):
        is_named = minor >= 15  # noqa: PLR2004 -- which tells the protocol's own name
        texts = ciphers.SENDMAIL_8_15 if is_named else ciphers.of(at.year, ciphers.SENDMAIL)
        protocol = "ESMTPS" if is_named else "ESMTP"
        check = client.settled("certificate", ("NO", "NO", "FAIL", "OK"))
        tls = f"\r\n\t({client.settled('cipher', texts)} verify={check})"
    line = f"Received: from {name}\r\n\tby {server.name} ({version}/{rules}) with {protocol} id {identity}{tls}{end}"
    if handover.reverse_path and server.settled("tells envelope", (True, *(False,) * 6)):
        # FreeBSD's configuration has it.
        line += f"\r\n\t(envelope-from {handover.reverse_path})"
    return Written(above=(*final, line))


def _sendmail_seen(client: Host, year: int, minor: int) -> str:
    """Return what the server knows of a client; before 2004 some answered who had opened the connection (RFC 1413)."""
    is_asked = year < 2004 and client.style not in {"mua", "smtpsvc", "domino"}  # noqa: PLR2004 -- firewalls ended it
    ident = client.settled("identd", ("root@", "nobody@", "mail@", *("",) * 12)) if is_asked else ""
    ident = f"IDENT:{ident}" if ident and minor < 12 else ident  # noqa: PLR2004 -- which left that word out
    if not client.reverse:
        return f"{ident}[{client.address}]"
    is_odd = client.reverse != client.helo and client.style != "mua"
    forged = " (may be forged)" if is_odd and client.settled("no forward name", (True, False, False)) else ""
    return f"{ident}{client.reverse} [{client.address}]{forged}"


def _rules(server: Host, version: str) -> str:
    """Return the version of the configuration, which one in five took along from an older program."""
    known = [name for _, name in releases.SENDMAIL]
    before = known[max(0, known.index(version) - 1 - server.nature % 3)]
    return server.settled("rules", (version, version, version, version, before))


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
        by = server.settled(
            "invoked", ("alias", "uid 0", "uid 48", "uid 89", "uid 500", "uid 81", "uid 1001", "uid 7770")
        )
        return Written(
            above=(
                *final,
                f"Received: (qmail {number} invoked {'by ' + by if handover.reverse_path else 'for bounce'}); {date}",
            )
        )
    helo = "" if client.helo == client.reverse else f" (HELO {client.helo})"
    queued = f"Received: (qmail {number} invoked from network); {date}"
    network = f"Received: from {client.reverse or 'unknown'}{helo} ({client.address})\r\n  by {server.name} with SMTP; {date}"
    return Written(above=(*final, queued, network))


def communigate(handover: Handover) -> Written:
    """Write as CommuniGate Pro."""
    at, server, client = handover.at, handover.server, handover.client
    version = running(server, at, releases.COMMUNIGATE)
    identity = serial(handover.stamp, server.nature)
    final = (f"Return-Path: <{handover.reverse_path}>",) if handover.is_final else ()
    if handover.is_local:
        line = f"Received: by {server.name} (CommuniGate Pro PIPE {version})\r\n  with PIPE id {identity}; {two_digits(at)}"
        return Written(above=(*final, line))
    if client.reverse == client.helo:
        name = f"{client.helo} ([{client.address}] verified)"
    else:
        name = f"[{client.address}] (HELO {client.helo.strip('[]')})"
    recipient = f" for {handover.sole}" if handover.sole else ""
    line = (
        f"Received: from {name}\r\n  by {server.name} (CommuniGate Pro SMTP {version})\r\n"
        f"  with {'SMTP' if handover.is_plain else 'ESMTP'} id {identity}{recipient}; {two_digits(at)}"
    )
    return Written(above=(*final, line))


def fetchmail(handover: Handover) -> Written:
    """Write as fetchmail, which has fetched the mail from the client's box."""
    at, server, client = handover.at, handover.server, handover.client
    version = running(server, at, releases.FETCHMAIL)
    user = handover.mailbox.partition("@")[0]
    line = (
        f"Received: from {client.name} [{client.address}]\r\n\tby localhost with POP3 (fetchmail-{version})\r\n"
        f"\tfor {user}@localhost (single-drop); {commented(two_digits(at), at)}"
    )
    return Written(above=(line,))


STYLES: Final = (
    Style(name="exim", product="Exim", write=exim, first_year=1999, last_year=2100),
    Style(name="sendmail", product="Sendmail 8", write=sendmail, first_year=1998, last_year=2100),
    Style(name="qmail", product="qmail", write=qmail, first_year=1998, last_year=2016),
    Style(name="communigate", product="CommuniGate Pro", write=communigate, first_year=2000, last_year=2012),
)
FETCHING: Final = Style(
    name="fetchmail", product="fetchmail", write=fetchmail, first_year=1998, last_year=2100
)
