"""The species of storms, and of what looks like one: what is set up, and what is sent first.

Owns which fault sits where and who is to blame for it. Refuses to know how a fault works (`faults`, `queues`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from random import Random
from typing import Final

from seawall.lab.copywriter import AUGUST, JULY, Connector
from seawall.lab.writer import faults, queues
from seawall.lab.writer.arrivals import Cause
from seawall.lab.writer.cast import Cast, Person
from seawall.lab.writer.letters import Letter, composed, subject, text
from seawall.lab.writer.mail import Mail
from seawall.lab.writer.sea import Sea
from seawall.lab.writer.styles import product


@dataclass(frozen=True, slots=True, kw_only=True)
class Culprit:
    """An organisation whose server or program makes copies."""

    domain: str
    hosts: tuple[str, ...]
    product: str
    mailbox: str
    """The mailbox in which the fault sits; empty where it is a server's queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a species begins with."""

    cast: Cast
    sea: Sea
    draw: Random
    lies: tuple[bytes, ...]
    """What a faulty server forges; none where it does not lie."""
    genuine: Mail
    """The sender's mail to all addressees, as it was written."""

    def post(self, recipients: tuple[str, ...] = ()) -> None:
        """Send the genuine mail."""
        addressees = recipients or tuple(person.address for person in self.cast.addressees)
        self.sea.submit(self.genuine, self.cast.sender, addressees, self.cast.start, Cause(kind="genuine"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Species:
    """One kind."""

    name: str
    years: tuple[int, int]
    start: Callable[[Stage], tuple[Culprit, ...]]
    offices: tuple[int, int] = (0, 0)
    """How many offices it needs, at least and at most."""
    office_style: str = ""
    office_people: int = 1
    is_storm: bool = True
    """Whether the copies are too many; what is innocent has no culprit."""
    spreads: bool = True
    """Whether a copy goes to everybody, and not only on and on from one to the next."""
    can_lie: bool = False
    """Whether its faulty servers can write forged fields."""


def opening(cast: Cast, draw: Random, *, to_list: bool) -> Mail:
    """Return the genuine mail."""
    written = [person.written for person in cast.addressees]
    cut = draw.randint(1, len(written)) if draw.random() < 0.5 else len(written)  # noqa: PLR2004 -- one in two has a Cc
    letter = Letter(
        author=cast.sender,
        to=(f"<{cast.forum.address}>",) if to_list else tuple(written[:cut]),
        cc=() if to_list else tuple(written[cut:]),
        subject=subject(draw, cast.sender.computer.clock(cast.start)),
    )
    return composed(letter, text(draw, cast.sender.name), moment=cast.start - 2, draw=draw)


def _culprit(person: Person, made_by: str) -> Culprit:
    organisation = person.organisation
    own = tuple(host.name for host in organisation.outward if host.domain == organisation.domain)
    return Culprit(domain=organisation.domain, hosts=own, product=made_by, mailbox=person.address)


def _connectors(stage: Stage) -> tuple[Culprit, ...]:
    draw = stage.draw
    culprits = []
    for (person,) in stage.cast.offices:
        server = person.organisation.outward[0]
        connector = Connector(
            host=server.name,
            user=person.address.partition("@")[0],
            domain=person.organisation.domain,
            internal_address=IPv4Address(f"192.168.{draw.choice((0, 1, 2, 16))}.{draw.randint(2, 20)}"),
            internal_domain=f"{draw.choice(('intra', 'office', 'lan'))}.{person.organisation.domain}",
            public_address=IPv4Address(server.address),
            version=draw.choice(("V6.00.3790.181", "V6.00.3790.0", "V6.00.3790.2663")),
            manner=draw.choice((JULY, AUGUST)),
        )
        stage.sea.faults[person.address] = faults.replicating(connector, lies=stage.lies)
        culprits.append(_culprit(person, "Windows Small Business Server 2003, POP3 connector"))
    stage.post()
    return tuple(culprits)


def _remailers(stage: Stage) -> tuple[Culprit, ...]:
    culprits = []
    for (person,) in stage.cast.offices:
        stage.sea.faults[person.address] = faults.remailing(
            keeps_trace=stage.draw.random() < 0.5,  # noqa: PLR2004 -- one in two
            is_polling=stage.draw.random() < 0.7,  # noqa: PLR2004 -- most fetch
            lies=stage.lies,
        )
        culprits.append(_culprit(person, "a gateway that reads its recipients from To and Cc"))
    stage.post()
    return tuple(culprits)


def _multidrop(stage: Stage) -> tuple[Culprit, ...]:
    (people,) = stage.cast.offices
    addresses = tuple(person.address for person in people)
    fault = faults.multiplying(addresses, rounds=stage.draw.choice((1, 1, 4, 12)))
    for address in addresses:
        stage.sea.faults[address] = fault
    stage.post()
    return (_culprit(people[0], "a multidrop connector that never erases"),)


def _forward_loop(stage: Stage) -> tuple[Culprit, ...]:
    (one,), (other,) = stage.cast.offices
    for person, target in ((one, other), (other, one)):
        stage.sea.faults[person.address] = faults.forwarding(
            target.address, delay=stage.draw.choice((2.0, 30.0, 300.0))
        )
    stage.post()
    return tuple(_culprit(person, "a forward to one who forwards back") for person in (one, other))


def _list_loop(stage: Stage) -> tuple[Culprit, ...]:
    ((person,),) = stage.cast.offices
    address = stage.cast.forum.address
    stage.sea.faults[person.address] = faults.posting_back(
        address, delay=stage.draw.choice((10.0, 120.0, 900.0))
    )
    stage.post((address,))
    return (_culprit(person, "a gateway that sends a list's mail back to the list"),)


def _reply_all(stage: Stage) -> tuple[Culprit, ...]:
    share = stage.draw.uniform(0.03, 0.25)
    for person in stage.cast.addressees:
        stage.sea.faults[person.address] = faults.replying_to_all(stage.draw, share)
    stage.post()
    return ()


def _responder_loop(stage: Stage) -> tuple[Culprit, ...]:
    (one,), (other,) = stage.cast.offices
    words = (
        "Automatic reply: out of office",
        "Thank you for your mail",
        "Ticket received",
        "Ich bin im Urlaub",
    )
    for person in (one, other):
        stage.sea.faults[person.address] = faults.answering(stage.draw.choice(words))
    letter = Letter(
        author=one, to=(other.written,), subject=subject(stage.draw, one.computer.clock(stage.cast.start))
    )
    mail = composed(letter, text(stage.draw, one.name), moment=stage.cast.start, draw=stage.draw)
    stage.sea.submit(mail, one, (other.address,), stage.cast.start, Cause(kind="genuine"))
    return tuple(_culprit(person, "an autoresponder that answers automatic mail") for person in (one, other))


def _border(stage: Stage, made_by: str) -> tuple[Culprit, ...]:
    host = stage.cast.sender.organisation.outward[-1]
    return (
        Culprit(
            domain=host.domain, hosts=(host.name,), product=f"{product(host.style)}, {made_by}", mailbox=""
        ),
    )


def _retry(stage: Stage) -> tuple[Culprit, ...]:
    queues.send_again(
        stage.sea,
        stage.genuine,
        times=stage.draw.randint(12, 150),
        pause=stage.draw.choice((60.0, 300.0, 1800.0)),
    )
    return _border(stage, "which takes no success for one and sends again")


def _replay(stage: Stage) -> tuple[Culprit, ...]:
    queues.send_queue_again(
        stage.sea, stage.genuine, mails=stage.draw.randint(8, 40), rounds=stage.draw.choice((1, 1, 2, 6))
    )
    return _border(stage, "whose queue came back from an old state")


def _lost_reply(stage: Stage) -> tuple[Culprit, ...]:
    queues.send_again(
        stage.sea,
        stage.genuine,
        times=stage.draw.randint(1, 3),
        pause=stage.draw.choice((900.0, 1800.0)),
        is_fault=False,
    )
    return ()


def _list_and_direct(stage: Stage) -> tuple[Culprit, ...]:
    addressees = tuple(person.address for person in stage.cast.addressees)
    stage.post((stage.cast.forum.address, *addressees))
    return ()


def _restored_backup(stage: Stage) -> tuple[Culprit, ...]:
    stage.post()
    queues.restore(stage.sea, after=stage.draw.uniform(2, 20) * 86_400)
    return ()


def _daily_report(stage: Stage) -> tuple[Culprit, ...]:
    queues.report_daily(stage.sea, days=stage.draw.randint(10, 60))
    return ()


def _newsletter(stage: Stage) -> tuple[Culprit, ...]:
    queues.send_newsletter(stage.sea, issues=stage.draw.randint(2, 8))
    return ()


SPECIES: Final = (
    Species(
        name="connector",
        years=(2004, 2008),
        start=_connectors,
        offices=(1, 5),
        office_style="smtpsvc",
        can_lie=True,
    ),
    Species(name="remailer", years=(1999, 2025), start=_remailers, offices=(1, 3), can_lie=True),
    Species(
        name="multidrop", years=(1999, 2025), start=_multidrop, spreads=False, offices=(1, 1), office_people=4
    ),
    Species(name="forward-loop", years=(1999, 2025), start=_forward_loop, spreads=False, offices=(2, 2)),
    Species(name="list-loop", years=(1999, 2025), start=_list_loop, offices=(1, 1)),
    Species(name="reply-all", years=(1999, 2025), start=_reply_all),
    Species(name="responder-loop", years=(1999, 2025), start=_responder_loop, spreads=False, offices=(2, 2)),
    Species(name="retry", years=(1999, 2025), start=_retry, spreads=False),
    Species(name="replay", years=(1999, 2025), start=_replay, spreads=False),
    Species(name="lost-reply", years=(1999, 2025), start=_lost_reply, is_storm=False),
    Species(name="list-and-direct", years=(1999, 2025), start=_list_and_direct, is_storm=False),
    Species(name="restored-backup", years=(1999, 2025), start=_restored_backup, is_storm=False),
    Species(name="daily-report", years=(1999, 2025), start=_daily_report, is_storm=False),
    Species(name="newsletter", years=(1999, 2025), start=_newsletter, is_storm=False),
)
