"""What everybody in the lab shares: time, the bounds, the journal, and where each domain's mail goes.

The table of routes stands for DNS: nothing in the lab asks a name server.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from seawall.lab.internet.bounds import Meter
from seawall.lab.internet.clock import Clock
from seawall.lab.internet.journal import Journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a server listens, on loopback, and whose it is."""

    owner: str
    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """`transit` is how long a mail lies in a queue, in lab time; `routes` is where a domain's mail goes.

    `addresses` are what servers would have in the real internet, by name, for their Received fields (RFC 5737).
    """

    clock: Clock
    meter: Meter
    journal: Journal
    transit: timedelta
    routes: dict[str, Place] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
