"""Who there is in a storm: organisations with their hosts and people, access providers, a list, a sender.

Owns these values. Refuses to know how they are drawn (`casting`) and what happens to them (`sea`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from seawall.lab.writer.clock import Zone
from seawall.lab.writer.style import Host


class Keeping(Enum):
    """Where an organisation's mail is kept."""

    OWN = "own"
    """On its own server, to which its MX leads."""
    BOX = "box"
    """In a POP3 box at a provider; a connector fetches it."""
    HOSTED = "hosted"
    """At a provider, where it is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """One domain with its mail's ways in and out."""

    domain: str
    keeping: Keeping
    zone: Zone
    inward: tuple[Host, ...]
    """From the border to where the mail lies; for a box, to the box."""
    outward: tuple[Host, ...]
    """From the users' server to the border."""
    connector: Host | None
    """What fetches the mail from the box."""
    poll: float
    """Seconds between two polls."""
    phase: float
    """When in such a period it polls."""

    def next_poll(self, moment: float) -> float:
        """Return when the connector next looks, strictly after a moment."""
        return moment + self.poll - (moment - self.phase) % self.poll


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a mailbox."""

    name: str
    address: str
    organisation: Organisation
    computer: Host
    forwards_to: str = ""
    """An address to which all mail goes on; a copy stays."""
    is_full: bool = False

    @property
    def written(self) -> str:
        """The person as a header writes one."""
        return f'"{self.name}" <{self.address}>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Forum:
    """A mailing list."""

    name: str
    address: str
    organisation: Organisation
    software: str
    subscribers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """All who take part."""

    start: float
    """When the genuine mail is sent, in Unix seconds."""
    organisations: tuple[Organisation, ...]
    people: tuple[Person, ...]
    sender: Person
    addressees: tuple[Person, ...]
    """Those whom the genuine mail names, in To and Cc; the offices' people come first."""
    offices: tuple[tuple[Person, ...], ...]
    """The people of each organisation that the species asked for."""
    forum: Forum
    by_address: Mapping[str, Person]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What is asked of a cast."""

    years: tuple[int, int]
    styles: tuple[str, ...] = ()
    strip: float = 0.1
    """The share of organisations whose servers remove every Received that they find."""
    offices: int = 0
    """How many organisations there are that fetch their mail from a box."""
    office_style: str = ""
    """What their own server is; drawn where empty."""
    office_people: int = 1
