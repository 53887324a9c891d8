"""Everybody in a storm, drawn from a seed: providers first, for the others use them.

Owns what is likely: which servers, clocks, habits and addresses. Refuses to know what happens to them.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Final

from seawall.lab.writer.cast import Cast, Forum, Keeping, Organisation, Person, Wishes
from seawall.lab.writer.clock import PACIFIC, UNIVERSAL, ZONES, Zone
from seawall.lab.writer.gmail_ids import outward
from seawall.lab.writer.names import Names, computer, mail_host
from seawall.lab.writer.style import Host, Style
from seawall.lab.writer.styles import STYLES, styles_of, years_of

WINDOWS: Final = frozenset(
    {"smtpsvc", "exchange", "exchange-online", "internet-mail-service", "domino", "mdaemon"}
)
_NETWORKS: Final = ("192.0.2", "198.51.100", "203.0.113")
_POLLS: Final = (300.0, 600.0, 900.0, 900.0, 900.0, 1800.0, 3600.0)


def cast(draw: Random, wishes: Wishes) -> Cast:
    """Draw everybody."""
    year = draw.choice(years_of(wishes.years, wishes.styles))
    start = datetime(year, 1, 1, tzinfo=UTC).timestamp() + draw.random() * 364 * 86_400
    scene = _Scene(draw, year, styles_of(year, wishes.styles), wishes.strip)
    offices = tuple(
        tuple(scene.person(office) for _ in range(wishes.office_people))
        for office in [scene.office(wishes.office_style) for _ in range(wishes.offices)]
    )
    organisations = [scene.organisation() for _ in range(draw.randint(5, 22))]
    people = [
        scene.person(organisation)
        for organisation in organisations
        for _ in range(draw.choice((1, 1, 1, 2, 2, 3, 5)))
    ]
    draw.shuffle(people)
    people = _with_habits(people, draw)
    at_offices = [person for office in offices for person in office]
    sender, count = people[0], draw.randint(3, 45)
    host = scene.organisation(keeping=Keeping.OWN)
    label = draw.choice(("members", "announce", "dev", "board", "news", "discuss", "all", "committee"))
    forum = Forum(
        name=label,
        address=f"{label}@{host.domain}",
        organisation=host,
        software=draw.choice(("mailman", "mailman", "ecartis", "majordomo")),
        subscribers=tuple(
            person.address
            for person in (*at_offices, *people)
            if person in at_offices or draw.random() < 0.6  # noqa: PLR2004 -- most
        ),
    )
    everybody = (*at_offices, *people)
    return Cast(
        start=start,
        organisations=(*(office[0].organisation for office in offices), *organisations, host),
        people=everybody,
        sender=sender,
        addressees=(*at_offices, *people[1 : 1 + count]),
        offices=offices,
        forum=forum,
        by_address={person.address: person for person in everybody},
    )


def _with_habits(people: list[Person], draw: Random) -> list[Person]:
    """Let some forward all their mail, and some have a full mailbox; nobody forwards to one who does: that is a fault."""
    people = [
        replace(
            person,
            forwards_to=draw.choice(people).address if draw.random() < 0.05 else "",  # noqa: PLR2004 -- one in twenty
            is_full=draw.random() < 0.03,  # noqa: PLR2004 -- three in a hundred
        )
        for person in people
    ]
    onward = {person.address for person in people if person.forwards_to}
    return [
        replace(person, forwards_to="") if person.forwards_to in onward | {person.address} else person
        for person in people
    ]


class _Scene:
    """What is common to those who are drawn together: the providers, and addresses that are taken once."""

    def __init__(self, draw: Random, year: int, styles: Sequence[Style], strip: float) -> None:
        self._draw = draw
        self._year = year
        self._styles = styles
        self._strip = strip
        self._names = Names(draw)
        self._addresses = [f"{network}.{last}" for network in _NETWORKS for last in range(1, 255)]
        draw.shuffle(self._addresses)
        self._access = [self._names.network() for _ in range(3)]
        local = [style for style in styles if style.name not in {"gmail", "exchange-online"}] or styles
        self._isps = [self._provider(draw.choice(local), network) for network in self._access]

    def office(self, style_name: str) -> Organisation:
        """Draw an organisation that fetches its mail from a box and sends it by a server of its own."""
        draw = self._draw
        style = next((s for s in STYLES if s.name == style_name), None) or draw.choice(self._inner())
        domain, zone = self._names.domain(), draw.choice(ZONES)
        own = self._host(
            style, domain, zone, self._skew(), is_border=True, strips=draw.random() < self._strip
        )
        inward = draw.choice(self._isps)
        poll = draw.choice(_POLLS)
        return Organisation(
            domain=domain,
            keeping=Keeping.BOX,
            zone=zone,
            inward=inward,
            outward=(own, inward[0]) if draw.random() < 0.3 else (own,),  # noqa: PLR2004 -- about a third
            connector=replace(own, style="fetchmail") if draw.random() < 0.5 else None,  # noqa: PLR2004 -- one in two
            poll=poll,
            phase=draw.random() * poll,
        )

    def organisation(self, *, keeping: Keeping | None = None) -> Organisation:
        """Draw one."""
        draw = self._draw
        domain = self._names.domain()
        zone = draw.choice(ZONES)
        keeping = keeping or draw.choice((Keeping.OWN, Keeping.OWN, Keeping.BOX, Keeping.BOX, Keeping.HOSTED))
        style = draw.choice(self._styles)
        strips = draw.random() < self._strip
        skew = self._skew()
        if style.name in {"gmail", "exchange-online"}:
            host = self._cloud(style, zone, strips=strips)
            inward: tuple[Host, ...] = (host,)
            outward = inward
            keeping = Keeping.HOSTED
        else:
            own = self._host(style, domain, zone, skew, is_border=True, strips=strips)
            inward, outward = (own,), (own,)
            if keeping is not Keeping.HOSTED and draw.random() < 0.35:  # noqa: PLR2004 -- about a third have two
                inner = self._host(draw.choice(self._inner()), domain, zone, skew, is_border=False)
                inward, outward = (own, inner), (inner, own)
            if keeping is Keeping.OWN and draw.random() < 0.2:  # noqa: PLR2004 -- one in five
                outward = (*outward, draw.choice(self._isps)[0])
        if keeping is not Keeping.OWN and style.name not in {"gmail", "exchange-online"}:
            inward = draw.choice(self._isps)
            if keeping is Keeping.HOSTED:
                outward = inward[:1]
            elif draw.random() < 0.4:  # noqa: PLR2004 -- many small offices send by their provider
                outward = (*outward[:1], inward[0])
            else:
                outward = outward[:1]
        poll = draw.choice(_POLLS)
        fetching = replace(outward[0], style="fetchmail") if draw.random() < 0.5 else None  # noqa: PLR2004 -- others leave no trace
        return Organisation(
            domain=domain,
            keeping=keeping,
            zone=zone,
            inward=inward,
            outward=outward,
            connector=fetching if keeping is Keeping.BOX else None,
            poll=poll,
            phase=draw.random() * poll,
        )

    def person(self, organisation: Organisation) -> Person:
        """Draw somebody of an organisation."""
        draw = self._draw
        name, address = self._names.person(organisation.domain)
        private = f"192.168.{draw.choice((0, 1, 1, 2, 10, 178))}.{draw.randint(2, 250)}"
        is_remote = draw.random() < 0.4 or organisation.outward[0].domain != organisation.domain  # noqa: PLR2004 -- from home
        machine = computer(draw, self._year)
        seen = self._addresses.pop() if is_remote else private
        return Person(
            name=name,
            address=address,
            organisation=organisation,
            computer=Host(
                name=machine,
                domain=organisation.domain,
                style="mua",
                address=seen,
                helo=f"[{private}]" if draw.random() < 0.5 else machine,  # noqa: PLR2004 -- one in two
                reverse=self._access_name(seen) if is_remote else "",
                zone=organisation.zone,
                skew=draw.gauss(0, 40) if draw.random() < 0.8 else draw.gauss(0, 5000),  # noqa: PLR2004 -- most are set
                nature=draw.getrandbits(32),
            ),
        )

    def _skew(self) -> float:
        """Seconds: most clocks are right, some are minutes off, a few are hours off."""
        draw = self._draw
        sort = draw.random()
        if sort < 0.75:  # noqa: PLR2004 -- set by NTP
            return draw.gauss(0, 0.4)
        return draw.gauss(0, 120) if sort < 0.95 else draw.choice((-1, 1)) * draw.uniform(900, 14_400)  # noqa: PLR2004

    def _inner(self) -> Sequence[Style]:
        return [
            s for s in self._styles if s.name not in {"gmail", "exchange-online", "proofpoint"}
        ] or self._styles

    def _host(
        self, style: Style, domain: str, zone: Zone, skew: float, *, is_border: bool, strips: bool = False
    ) -> Host:
        draw = self._draw
        name = mail_host(draw, domain, is_windows=style.name in WINDOWS)
        if not is_border:
            label = draw.choice(("corp", "intra", "local", "int", "lan"))
            name = name.replace(f".{domain}", f".{label}.{domain}", 1)
            name = name.upper() if style.name == "exchange" and draw.random() < 0.3 else name  # noqa: PLR2004 -- some
        address = (
            self._addresses.pop()
            if is_border
            else f"10.{draw.randint(0, 250)}.{draw.randint(0, 30)}.{draw.randint(2, 250)}"
        )
        sort = draw.random()
        helo = (
            name
            if sort < 0.85  # noqa: PLR2004 -- most say their name
            else draw.choice((name.partition(".")[0], f"mail.{domain}", f"[{address}]"))
        )
        sort = draw.random()
        if is_border:
            reverse = name.lower() if sort < 0.62 else self._access_name(address) if sort < 0.8 else ""  # noqa: PLR2004 -- see below
        else:
            reverse = name.lower() if sort < 0.7 else ""  # noqa: PLR2004 -- some networks have no such names
        return Host(
            name=name,
            domain=domain,
            style=style.name,
            address=address,
            helo=helo,
            reverse=reverse,
            zone=zone,
            skew=skew if is_border else skew + draw.gauss(0, 0.3),
            nature=draw.getrandbits(32),
            is_stripping=strips,
        )

    def _access_name(self, address: str) -> str:
        """Return the name that an access provider gives a customer's address."""
        draw = self._draw
        network = draw.choice(self._access)
        dashed = address.replace(".", "-")
        kind = draw.choice(("static", "dsl", "cust", "pool", "dyn"))
        return draw.choice(
            (f"{dashed}.{kind}.{network}", f"{kind}-{dashed}.{network}", f"host{dashed}.{network}")
        )

    def _provider(self, style: Style, network: str) -> tuple[Host, ...]:
        draw = self._draw
        zone = draw.choice(ZONES)
        border = replace(
            self._host(style, network, zone, draw.gauss(0, 0.4), is_border=True),
            name=(name := f"{draw.choice(('mx', 'mx1', 'mx2', 'mailin', 'in1', 'smtp'))}.{network}"),
            helo=name,
            reverse=name,
        )
        if draw.random() < 0.5:  # noqa: PLR2004 -- one in two
            return (border,)
        store = replace(
            self._host(draw.choice(self._inner()), network, zone, draw.gauss(0, 0.4), is_border=False),
            name=(name := f"{draw.choice(('pop', 'store', 'mbox', 'pop3', 'ms1'))}.{network}"),
            helo=name,
            reverse=name,
        )
        return border, store

    def _cloud(self, style: Style, zone: Zone, *, strips: bool) -> Host:
        draw = self._draw
        if style.name == "gmail":
            name = f"{outward(self._year, draw)}.google.example"
            helo, domain, zone = name, "google.example", PACIFIC
        else:
            place = draw.choice(("am6", "db5", "vi1", "bn7", "dm6"))
            number = draw.randint(1, 8)
            area = "nam" if place in {"bn7", "dm6"} else "eur"
            name = f"mail-{place}{area}0{number}on{draw.randint(2000, 2140)}.outbound.protection.outlook.test"
            helo = f"{area.upper()}0{number}-{place.upper()}-obe.outbound.protection.outlook.test"
            domain, zone = "outlook.test", UNIVERSAL
        return Host(
            name=name,
            domain=domain,
            style=style.name,
            address=self._addresses.pop(),
            helo=helo,
            reverse=name,
            zone=zone,
            skew=draw.gauss(0, 0.3),
            nature=draw.getrandbits(32),
            is_stripping=strips,
        )
