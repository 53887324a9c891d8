"""A server that takes mail by LMTP or SMTP: what it offers, whom it takes mail for, and whether it would relay.

Recipients are asked for by MAIL, RCPT and RSET: DATA is never sent, so no mail can come of it.
"""

from collections.abc import Sequence
from typing import Final

from seawall.collect.check.finding import Notes, counted, named
from seawall.collect.check.protection import about_login, about_protection
from seawall.deliver.handover import Handover
from seawall.model.account import NextHopDestination, Server, Site, Speech
from seawall.model.address import Address
from seawall.wire.envelope import Offer
from seawall.wire.smtp import Reply

AT_ONCE: Final = 20
"""Recipients in one transaction; servers must take a hundred (RFC 5321 §4.5.3.1.8), and some take fewer."""
MOST_REFUSALS: Final = 8
"""Refused recipients after which no more are asked for: servers slow down and hang up (Postfix at 10 and 20)."""
ELSEWHERE: Final = ("example.com", "example.net", "example.org")
"""Domains that receive no mail (RFC 2606 §3)."""


async def about_next_hop(
    destination: NextHopDestination,
    recipients: Sequence[Address],
    site: Site,
    *,
    here: str,
    now: float,
    largest: int,
    notes: Notes,
) -> None:
    """Note what a next hop is and would do; `largest` is the most octets of a mail that an account takes.

    Raises what `Handover` raises.
    """
    handover = await Handover.open(destination, here)
    try:
        _about_connection(destination, handover, now, notes)
        _about_offer(handover.offer, largest, notes)
        await _about_recipients(handover, recipients, notes)
        await _about_relaying(destination, handover, site, notes)
        await handover.quit()
    except BaseException:
        handover.abort()
        raise


def _about_connection(destination: NextHopDestination, handover: Handover, now: float, notes: Notes) -> None:
    place = destination.place
    where = f"{place.host}:{place.port}" if isinstance(place, Server) else place.path
    speech = "LMTP: it delivers by itself" if destination.speech is Speech.LMTP else "SMTP"
    tls = handover.connection.tls
    notes.found(
        f"{where} takes mail by {speech}{'' if tls or not isinstance(place, Server) else ', without TLS'}"
    )
    about_protection(tls, now, notes)
    if handover.mechanism:
        is_protected = tls is not None or not isinstance(place, Server)
        about_login(where, handover.mechanism, is_protected=is_protected, notes=notes)


def _about_offer(offer: Offer, largest: int, notes: Notes) -> None:
    """Note what the answer to EHLO or LHLO means for the mails that will come."""
    if offer.has("PIPELINING"):
        notes.found("PIPELINING: yes; a mail costs one round trip")
    else:
        notes.found("PIPELINING: not announced")
    most = offer.most_octets
    if most is None:
        notes.found("SIZE: no limit is announced")
    elif most < largest:
        notes.warn(
            f"SIZE: it takes mails of at most {most:,} octets, and max_size lets {largest:,} come: "
            "what is between the two is held"
        )
    else:
        notes.found(f"SIZE: it takes mails of at most {most:,} octets, and max_size is {largest:,}")
    if offer.has("8BITMIME"):
        notes.found("8BITMIME: yes; mails with octets beyond ASCII are taken")
    else:
        notes.warn("8BITMIME: no; mails with octets beyond ASCII, which are common, are held")
    notes.found(
        f"SMTPUTF8: {'yes' if offer.has('SMTPUTF8') else 'no; only recipients in ASCII can be named'}",
        "DSN: yes; recipients carry NOTIFY=NEVER, so nobody is told of a failure"
        if offer.has("DSN")
        else "DSN: no; the reverse-path is null, so nobody can be told of a failure",
    )


async def _about_recipients(handover: Handover, recipients: Sequence[Address], notes: Notes) -> None:
    """Note for which recipients it would take mail, until too many are refused."""
    taken: list[Address] = []
    refused = asked = 0
    for first in range(0, len(recipients), AT_ONCE):
        some = recipients[first : first + AT_ONCE]
        if refused >= MOST_REFUSALS:
            break
        asked += len(some)
        for recipient, reply in zip(some, await handover.would_accept(some), strict=True):
            if reply.command.verb == "MAIL" and not reply.is_positive:
                _about_null_sender(handover, reply, notes)
                return
            if reply.is_positive:
                taken.append(recipient)
                continue
            refused += 1
            _about_refusal(recipient, reply, notes)
    if taken:
        notes.found(f"it would take mail for {named(taken)}")
    if asked < len(recipients):
        notes.warn(
            f"{counted(len(recipients) - asked, 'recipient')} more were not asked for: too many were refused"
        )


def _about_refusal(recipient: Address, reply: Reply, notes: Notes) -> None:
    if reply.is_temporary:
        notes.warn(f"it takes no mail for {recipient} now: {reply.words}")
    else:
        notes.problem(f"it takes no mail for {recipient}, so that would be held: {reply.words}")


def _about_null_sender(handover: Handover, reply: Reply, notes: Notes) -> None:
    """A refusal of the null reverse-path, which every server must take (RFC 5321 §4.5.5)."""
    sentence = f"it refuses the null reverse-path, so recipients cannot be asked for: {reply.words}"
    if reply.is_temporary or handover.offer.has("DSN"):
        notes.warn(f"{sentence}; bounces that are collected cannot be handed over")
    else:
        notes.problem(f"{sentence}; without DSN no mail can be handed over")


async def _about_relaying(
    destination: NextHopDestination, handover: Handover, site: Site, notes: Notes
) -> None:
    domain = next((domain for domain in ELSEWHERE if domain not in site.domains), None)
    if domain is None:
        return
    stranger = Address(local_part="nobody", domain=domain)
    (reply,) = await handover.would_accept([stranger])
    if not reply.is_positive:
        notes.found(f"it would take no mail for elsewhere from here ({stranger}: {reply.words})")
        return
    if destination.speech is Speech.LMTP:
        notes.warn(
            f"it takes mail for {stranger}: by the local part alone, or to send it on. Seawall never names such "
            "a recipient, so this is for who looks after that server to know"
        )
        return
    notes.warn(
        f"it would relay: mail from here for {stranger} is accepted and sent on to anybody. Seawall never names "
        "such a recipient, but a faulty connector or any other program on this machine could start a storm by it"
    )
