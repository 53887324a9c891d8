"""A case of the audit as values: what the server holds and says, what happens, and what must be true after.

Refuses to know the file that it stands in (`reading`), and the connector that it is played with (`trial`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Final

from seawall.lab.behaviour import HONEST, Behaviour
from seawall.lab.connectors.profile import Deliver, Keep, Serves
from seawall.lab.sink import Manners

DOMAIN: Final = "example.org"
MAILBOXES: Final = tuple(f"{name}@{DOMAIN}" for name in ("alice", "bob", "carol"))
"""The mailboxes that the connector may deliver to; a box that is no catch-all is the first one's."""
MEMORY: Final = 256 * 2**20
"""Octets that a connector's largest process may have in memory, where a case says nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail as the server holds it, and who is to receive it: none of them foreign."""

    name: str
    octets: bytes = field(repr=False)
    recipients: tuple[str, ...]


class Act(Enum):
    """What happens to the box between two polls.

    COME_BACK: what was delivered since the last such step lies in it again, as it was delivered.
    """

    NEW_UIDLS = "new-uidls"
    ROTATE_UIDLS = "rotate-uidls"
    RESTORE = "restore"
    COME_BACK = "come-back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """The connector collects once. It is killed as soon as it has delivered `killed_after` mails, or said `killed_at`."""

    killed_after: int | None = None
    killed_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrive:
    """More mail comes into the box."""

    mails: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuild:
    """The box is emptied and holds these mails, or those that it held; its UIDLs count from one again."""

    mails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NextHop:
    """The next hop behaves otherwise from here on."""

    manners: Manners


Step = Poll | Act | Arrive | Rebuild | NextHop


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """What must be true after; that nothing is lost, sent to a stranger, bounced or hung is true of every case.

    `arrives` names mails that each of their recipients must have, whole. `copies` is how often one recipient may have
    a mail at most: a mail that is not named, once. `unfit` names mails that a next hop may be given changed, or
    not at all: they hold what SMTP may not carry (RFC 5321 §2.3.8). Files take them as they are.
    """

    arrives: tuple[str, ...]
    copies: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    unfit: frozenset[str] = frozenset()
    memory: int = MEMORY


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case, read from `path`. `deliver` are the kinds of next hop that it is played with: the first that a connector has.

    `every_way`: it is played in each of the connector's ways of those kinds.
    """

    path: Path
    name: str
    group: str
    title: str
    about: str
    serves: Serves
    deliver: tuple[Deliver, ...]
    every_way: bool
    keep: Keep
    mails: Mapping[str, Mail]
    box: tuple[str, ...]
    server: Behaviour = HONEST
    next_hop: Manners = field(default_factory=Manners)
    steps: tuple[Step, ...]
    then: Then
