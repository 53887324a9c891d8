"""A scenario: who is in the lab, what they run, what they do, and the mails that begin it.

Refuses to know the file that it stands in (`reading`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from seawall.lab.internet.bounds import Bounds
from seawall.lab.internet.habits import Habit

NONE: Final = "none"
UNPATCHED: Final = "unpatched"


class Software(Enum):
    """Whose a server is: the lab's own small one, or a real one that is installed here."""

    OWN = "own"
    POSTFIX = "postfix"
    DOVECOT = "dovecot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stint:
    """From `at` on, which connector an organisation has: a profile's name, UNPATCHED or NONE."""

    at: timedelta
    connector: str
    way: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Custom:
    """A habit of one person: what they do, for whom it is, and how long they take."""

    habit: Habit
    to: str | None
    after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An address, and what its owner does."""

    address: str
    custom: Custom | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A domain with its people. Where `stints` names a connector, the ISP has their boxes, and `every` so often they are read."""

    domain: str
    people: tuple[Person, ...]
    stints: tuple[Stint, ...]
    every: timedelta
    first: timedelta
    host: str
    mta: Software
    box: Software

    @property
    def collects(self) -> bool:
        """Whether its mail lies at the ISP."""
        return any(stint.connector != NONE for stint in self.stints)


@dataclass(frozen=True, slots=True, kw_only=True)
class List:
    """A mailing list."""

    address: str
    subscribers: tuple[str, ...]
    stops_loops: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail that somebody writes."""

    author: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    text: str
    at: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`speed` lab seconds last one real second at least; None: no longer than the mails need."""

    name: str
    about: str
    start: datetime
    speed: float | None
    transit: timedelta
    bounds: Bounds
    organisations: tuple[Organisation, ...]
    lists: tuple[List, ...]
    letters: tuple[Letter, ...]
