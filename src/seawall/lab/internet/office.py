"""One organisation at work: its mail server, its people's mailboxes, and its connector that looks every so often.

Owns who is served where: with the unpatched connector the server delivers to the connector's own marker alone, and sends
copies for its own domain out by the ISP, as the product of 2003 did; with any other it delivers its people's mail.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final, Protocol

from seawall.errors import SeawallError
from seawall.lab.connectors.preparing import Offer
from seawall.lab.connectors.reading import find as find_profile
from seawall.lab.copywriter import Connector
from seawall.lab.internet import habits
from seawall.lab.internet.clock import Kind
from seawall.lab.internet.isp import Isp
from seawall.lab.internet.journal import CUT_SHORT, Poll
from seawall.lab.internet.mail import Envelope
from seawall.lab.internet.mta import MailServer, Mta
from seawall.lab.internet.postfix import Postfix
from seawall.lab.internet.scenario import NONE, UNPATCHED, Organisation, Person, Software, Stint
from seawall.lab.internet.smtp_client import connected
from seawall.lab.internet.stores import PASSWORD, Mailbox, PopBox
from seawall.lab.internet.stranger import Stranger, way_of
from seawall.lab.internet.surroundings import Surroundings
from seawall.lab.internet.unpatched import Unpatched

MARKER: Final = "mspop3connector."


class Collector(Protocol):
    """A connector that looks when it is asked to. `name` is what it is called in a report."""

    @property
    def name(self) -> str:
        """As a scenario calls it."""
        ...

    async def collect(self) -> str:
        """Collect once; return what was wrong, or nothing."""
        ...


@dataclass(slots=True, kw_only=True)
class _Desk:
    """One person: where their mail ends, where it waits, and who fetches it."""

    mailbox: Mailbox
    box: PopBox | None = None
    collector: Collector | None = None
    seen: int = 0


class Office:
    """`directory` gets its people's mail; `workshop` is for its connectors' files; `number` tells it from others."""

    def __init__(
        self,
        around: Surroundings,
        organisation: Organisation,
        isp: Isp,
        *,
        number: int,
        directory: Path,
        workshop: Path,
    ) -> None:
        self.organisation = organisation
        name = f"mail.{organisation.domain}"
        self.mta: MailServer
        if organisation.mta is Software.POSTFIX:
            self.mta = Postfix(
                around,
                owner=organisation.domain,
                name=name,
                host=organisation.host,
                directory=workshop / name,
            )
        else:
            self.mta = Mta(around, owner=organisation.domain, name=name, host=organisation.host)
        self._around = around
        self._isp = isp
        self._number = number
        self._workshop = workshop
        self._polls = 0
        self._desks = [self._desk(person, directory) for person in organisation.people]

    @property
    def is_done(self) -> bool:
        """Whether whoever collects here has looked since mail came last, and found nothing more."""
        return all(
            desk.box is None or desk.collector is None or desk.box.arrived == desk.seen
            for desk in self._desks
        )

    async def start(self) -> None:
        """Listen, and look for mail from now on."""
        await self.mta.start()
        routes = self._around.routes
        routes[self.organisation.domain] = (self._isp.mta if self.organisation.collects else self.mta).place
        for stint in self.organisation.stints:
            if stint.at:
                self._around.clock.plan(stint.at, partial(self._change, stint), Kind.LOOK)
            else:
                self._equip(stint)
        if self.organisation.collects:
            self._around.clock.plan(self.organisation.first, self._look, Kind.LOOK)

    async def submit(self, envelope: Envelope) -> None:
        """Send a mail of one of its people, by its own server."""
        journal = self._around.journal
        journal.note(
            "sent", self.organisation.domain, envelope.message_id, recipients=len(envelope.recipients)
        )
        async with connected(self.mta.place.host, self.mta.place.port, self.mta.name) as server:
            await server.send(envelope)

    def _desk(self, person: Person, directory: Path) -> _Desk:
        custom = person.custom
        habit = None if custom is None else custom.habit
        somebody = (
            None
            if custom is None
            else habits.Person(
                person.address,
                custom.habit,
                forward_to=custom.to,
                families=self._around.journal.families,
            )
        )
        after = timedelta() if custom is None else custom.after

        async def react(envelope: Envelope) -> None:
            made = None if somebody is None else somebody.react(envelope, self._around.clock.now + after)
            if made is not None:
                self._around.clock.plan(after, partial(self.submit, made))

        return _Desk(
            mailbox=Mailbox(
                self._around, address=person.address, directory=directory, habit=habit, react=react
            ),
            box=self._isp.add(person.address, self.organisation.box) if self.organisation.collects else None,
        )

    def _equip(self, stint: Stint) -> None:
        """Give each person the connector of this stint, and let the server deliver what it brings."""
        is_unpatched = stint.connector == UNPATCHED
        self.mta.serves.clear()
        self.mta.domains.clear()
        if not is_unpatched:
            self.mta.domains.add(self.organisation.domain)
        for desk in self._desks:
            address = desk.mailbox.address
            self.mta.serves[MARKER + address if is_unpatched else address] = desk.mailbox
            if stint.connector == NONE or desk.box is None:
                desk.collector = None
            else:
                desk.collector = self._collector(stint, desk.mailbox, desk.box)

    async def _change(self, stint: Stint) -> None:
        self._around.journal.note("changed", self.organisation.domain, connector=stint.connector)
        self._equip(stint)

    def _collector(self, stint: Stint, mailbox: Mailbox, box: PopBox) -> Collector:
        address, place = mailbox.address, self.mta.place
        if stint.connector == UNPATCHED:
            return Unpatched(
                self._around,
                self._fault(address),
                organisation=self.organisation.domain,
                box=box.place,
                user=address,
                password=PASSWORD,
                own_server=place,
            )
        profile = find_profile(stint.connector)
        way = way_of(profile, stint.way)
        assert way is not None  # noqa: S101 -- the scenario was read
        home = self._workshop / f"{address}-{int(stint.at.total_seconds())}"
        offer = Offer(
            pop3_port=box.place.port,
            smtp_port=place.port,
            lmtp_port=self.mta.lmtp_port,
            home=home / "home",
            maildir=home / "Maildir",
            user=address,
            password=PASSWORD,
            mailbox=address,
        )
        return Stranger(self._around, profile, way, offer, mailbox)

    def _fault(self, address: str) -> Connector:
        user, _, domain = address.partition("@")
        return Connector(
            host=self.mta.name,
            user=user,
            domain=domain,
            internal_address=IPv4Address(f"192.168.{self._number % 256}.2"),
            internal_domain=f"office.{domain}",
            public_address=IPv4Address(self._around.addresses[self.mta.name]),
        )

    async def _look(self) -> None:
        self._around.clock.plan(self.organisation.every, self._look, Kind.LOOK)
        self._polls += 1
        for desk in self._desks:
            if desk.collector is not None and desk.box is not None:
                await self._collect(desk, desk.collector, desk.box)

    async def _collect(self, desk: _Desk, collector: Collector, box: PopBox) -> None:
        self.mta.outside.clear()
        kept_before, arrived_before = desk.mailbox.count, box.arrived
        try:
            problem = await collector.collect()
            await self._around.clock.settle()
        except (OSError, SeawallError) as failed:
            problem = str(failed)
        if self._around.meter.reached is not None:
            problem = CUT_SHORT
        fetched = box.erased()
        if box.is_empty:
            desk.seen = arrived_before
        self._around.journal.polled(
            Poll(
                at=self._around.clock.now,
                organisation=self.organisation.domain,
                connector=collector.name,
                number=self._polls,
                fetched=fetched,
                kept=desk.mailbox.count - kept_before,
                outside=self.mta.outside.total(),
                to_markers=sum(count for who, count in self.mta.outside.items() if who.startswith(MARKER)),
                problem=problem,
            )
        )
