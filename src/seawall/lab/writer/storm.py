"""One storm from a seed: who, which fault, what is watched, and everything that happens.

Owns the draw of a storm as a whole. Refuses to know files (`shelves`) and the form of the truth (`truth`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from seawall.errors import Misconfigured
from seawall.lab.writer.arrivals import Copy
from seawall.lab.writer.cast import Cast, Person, Wishes
from seawall.lab.writer.casting import cast
from seawall.lab.writer.mail import Mail
from seawall.lab.writer.queues import send_ordinary
from seawall.lab.writer.sea import Sea
from seawall.lab.writer.species import SPECIES, Culprit, Species, Stage, opening
from seawall.lab.writer.style import Handover
from seawall.lab.writer.styles import write, years_of

MOST_VIEWS: Final = 50
_LIST_SPECIES: Final = frozenset({"list-loop"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a storm is drawn from."""

    seed: int
    species: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    views: int = 0
    """How many mailboxes are seen; drawn from 1 to 50 where 0."""
    strip: float = 0.1
    """The share of organisations whose servers remove Received."""
    forge: float = 0.0
    """The share of storms in which somebody forges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A forged field, and whom it accuses."""

    domain: str
    how: str
    """`received` or `marker`."""
    field: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """A storm that has been."""

    order: Order
    species: Species
    cast: Cast
    culprits: tuple[Culprit, ...]
    frames: tuple[Frame, ...]
    """The forged fields that some mail carries."""
    genuine: Mail | None
    """What the sender wrote; none where there is no one mail with which all began."""
    left_origin: int
    views: tuple[str, ...]
    """The mailboxes that are seen, by their addresses."""
    copies: tuple[Copy, ...]
    """In the order of their numbers, seen or not."""
    made: Mapping[str, int]
    sent: Mapping[str, int]
    fetched: Mapping[tuple[str, float], int]
    """By domain and moment, how many mails a poll of a faulty connector took."""


def storm(order: Order) -> Storm:
    """Let a storm happen; raise Misconfigured where no species is of the time of the styles."""
    draw = Random(f"seawall.storm/1 {order.seed}")  # noqa: S311 -- reproducible, not secret
    kinds = [
        kind
        for kind in SPECIES
        if (not order.species or kind.name in order.species) and years_of(kind.years, order.styles)
    ]
    if not kinds:
        raise Misconfigured("these styles are of no year in which there were these species")
    kind = draw.choice(kinds)
    wishes = Wishes(
        years=kind.years,
        styles=order.styles,
        strip=order.strip,
        offices=draw.randint(*kind.offices),
        office_style=kind.office_style,
        office_people=kind.office_people,
    )
    who = cast(draw, wishes)
    views = _views(who, order.views or draw.choice((1, 1, 2, 3, 5, 8, 12, 20, 35, MOST_VIEWS)), draw)
    mails = draw.randint(60, 400)
    limit = max(4, min(300, mails // len(views) if kind.spreads else mails // 2))
    sea = Sea(who, draw, watched=views, limit=limit)
    genuine = opening(who, draw, to_list=kind.name in _LIST_SPECIES)
    frames = _frames(who, kind, draw) if draw.random() < order.forge else ()
    lies = tuple(frame.field for frame in frames) if kind.can_lie else ()
    if frames and not kind.can_lie:
        # Then it is the sender's own program that lies, as a spammer's does.
        frames = tuple(frame for frame in frames if frame.how == "received")
        forged = tuple(frame.field for frame in frames)
        genuine = Mail(header=(*forged, *genuine.header), body=genuine.body, forged=forged)
    culprits = kind.start(Stage(cast=who, sea=sea, draw=draw, lies=lies, genuine=genuine))
    send_ordinary(sea, views, a_mailbox=draw.choice((2, 4, 10)), days=draw.uniform(0.5, 6))
    sea.run()
    return Storm(
        order=order,
        species=kind,
        cast=who,
        culprits=culprits,
        frames=tuple(
            frame for frame in frames if any(frame.field in copy.mail.forged for copy in sea.copies)
        ),
        genuine=sea.genuine,
        left_origin=sea.left_origin,
        views=views,
        copies=tuple(sorted(sea.copies, key=lambda copy: copy.number)),
        made=dict(sea.made),
        sent=dict(sea.sent),
        fetched=dict(sea.fetched),
    )


def _views(who: Cast, wanted: int, draw: Random) -> tuple[str, ...]:
    """Draw whose mailboxes are seen: mostly those to whom the mail was sent."""
    likely = [person for person in who.addressees if not person.is_full]
    draw.shuffle(likely)
    named = {person.address for person in likely}
    others = [person for person in who.people if person.address not in named and not person.is_full]
    draw.shuffle(others)
    if draw.random() < 0.8:  # noqa: PLR2004 -- who asks is mostly one whom it struck
        likely.sort(key=lambda person: person is not who.addressees[0])
    found: Sequence[Person] = [*likely, *others][: max(1, min(wanted, MOST_VIEWS))]
    return tuple(person.address for person in found)


def _frames(who: Cast, kind: Species, draw: Random) -> tuple[Frame, ...]:
    """Draw one who is innocent, and fields that accuse."""
    guilty = {office[0].organisation.domain for office in who.offices} | {who.sender.organisation.domain}
    innocent = [
        organisation
        for organisation in who.organisations
        if organisation.domain not in guilty and organisation.outward[-1].domain == organisation.domain
    ]
    if not innocent:
        return ()
    accused = draw.choice(innocent)
    server = accused.outward[0]
    handover = Handover(
        client=draw.choice([one for one in who.organisations if one is not accused]).outward[-1],
        server=server,
        moment=who.start - draw.uniform(1, 300),
        reverse_path=who.sender.address,
        recipients=(draw.choice(who.addressees).address,),
        draw=draw,
    )
    fields = [field.encode() for field in write(handover).above if field.startswith("Received:")]
    frames = [Frame(domain=accused.domain, how="received", field=field) for field in fields]
    if kind.name == "connector" and draw.random() < 0.5:  # noqa: PLR2004 -- one in two
        user = draw.choice(("info", "office", "mail"))
        marker = f'"IMB Recipient 1" <mspop3connector.{user}@{accused.domain}>'.encode()
        frames.append(Frame(domain=accused.domain, how="marker", field=marker))
    return tuple(frames)
