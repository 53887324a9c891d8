"""A copy's hops → its way: which organisations handed it on, how far down that can be believed, and who made it.

Owns what joins one hop to the next. A line is joined to the one below it where the client that it saw is the host that
wrote the one below. From the reader's own line down to the first break, each line is vouched for by the server above
it; what stands below a break is a claim: a forger's lines, or the true story of a mail that was fetched and sent anew.
The organisation at the first break is the copy's maker. Judges nobody: a sender's own server is the maker of his mail.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from seawall.forensic.domains import is_line_name, is_private, organisation
from seawall.model.row import Hop

_SUBMITTED: Final = re.compile(r"e?smtps?a|asmtp|https?|utf8smtps?a", re.IGNORECASE)
"""What stands behind `with` where the client logged in (RFC 3848)."""
PICKUP: Final = "from mail pickup service by "
"""How the line begins of a mail that was taken out of a folder: nobody handed it in."""
_LOCAL: Final = frozenset(("localhost", "127.0.0.1", "::1", "localhost.localdomain"))


@dataclass(frozen=True, slots=True)
class Step:
    """One organisation's stretch of a way: its hops from `start` up to and without `stop`, places in Row.hops.

    `domain` is "" where it cannot be told. `is_joined`: the stretch below handed the mail to it, as both say.
    A stretch without hops of its own (start == stop) is of a client that left no line: the hop at `start` saw it.
    """

    domain: str
    start: int
    stop: int
    is_joined: bool


@dataclass(frozen=True, slots=True)
class Way:
    """The stretches, origin first; `believed` is the place of the lowest one that is joined up to the reader."""

    steps: tuple[Step, ...]
    believed: int

    @property
    def maker(self) -> str:
        """The organisation at which the believed part begins."""
        return self.steps[self.believed].domain if self.steps else ""

    @property
    def domains(self) -> tuple[str, ...]:
        """All organisations, origin first, claims among them."""
        return tuple(step.domain for step in self.steps)

    @property
    def believed_domains(self) -> tuple[str, ...]:
        """The organisations that servers vouch for, the maker first."""
        return tuple(step.domain for step in self.steps[self.believed :])


def read_way(hops: Sequence[Hop], known: Callable[[str], str] = lambda _: "") -> Way:
    """Return the way of a mail from its hops, the origin's first.

    `known` tells the organisation of an IP address that other lines give a name to, "" where none does.
    """
    stretches = _stretches(hops, known)
    steps: list[Step] = []
    for stretch in stretches:
        below = steps[-1] if steps else None
        entry = next((client for client in stretch.clients if client and client != stretch.domain), "")
        is_joined = below is not None and (
            below.domain in stretch.clients
            or (not entry and _may_join(hops[stretch.start], hops[below.stop - 1]))
        )
        if not is_joined and entry and entry != (below.domain if below else None):
            # Whoever handed it in left no line of his own.
            steps.append(Step(entry, stretch.start, stretch.start, is_joined=False))
            is_joined = True
        steps.append(Step(stretch.domain, stretch.start, stretch.stop, is_joined=is_joined))
    believed = len(steps) - 1
    while believed > 0 and steps[believed].is_joined:
        believed -= 1
    return Way(tuple(steps), max(believed, 0))


@dataclass(slots=True)
class _Stretch:
    """Hops in a row that one organisation wrote, and the clients that they saw."""

    domain: str
    start: int
    stop: int
    clients: list[str]


def _stretches(hops: Sequence[Hop], known: Callable[[str], str]) -> list[_Stretch]:
    """Cut a way where another organisation writes.

    Within one, the order is no proof: a filter's line may stand below that of the server which fed it.
    """
    stretches: list[_Stretch] = []
    for place, hop in enumerate(hops):
        below = stretches[-1] if stretches else None
        if not hop.by and not hop.from_ip and not hop.helo:
            # A server's note to itself, or a list's: it belongs to the stretch that it stands in.
            if below:
                below.stop = place + 1
            continue
        client = client_domain(hop, known)
        host = _writer(hop, client, below.domain if below else None)
        if below and host == below.domain:
            below.stop = place + 1
            below.clients.append(client)
        else:
            stretches.append(_Stretch(host, place, place + 1, [client]))
    return stretches


def client_domain(hop: Hop, known: Callable[[str], str]) -> str:
    """Return the organisation of the client that a hop saw; "" for a person's computer and what cannot be told.

    What a client calls itself counts where it is a whole name: a server behind a provider's line says who it is, and
    its address has the line's name. That it may lie is weighed by whoever uses it.
    """
    named = organisation(hop.helo) if not is_line_name(hop.helo) else ""
    looked_up = organisation(hop.rdns) if hop.rdns and not is_line_name(hop.rdns) else ""
    return looked_up or named or (known(hop.from_ip) if hop.from_ip and not is_private(hop.from_ip) else "")


def _writer(hop: Hop, client: str, below: str | None) -> str:
    """Return the organisation that wrote a hop: that of its `by`; where that is a private name, of whom it is about."""
    found = organisation(hop.by)
    if found:
        return found
    if below is not None and (is_private(hop.from_ip) or hop.helo in _LOCAL or not hop.from_ip):
        return below
    return "" if client else (below or "")


def _may_join(hop: Hop, below: Hop) -> bool:
    """Whether a client that gives no whole name may be the host that wrote the line below.

    It is where it goes by that host's first label, and cannot be told apart where only a public address is known. A
    person's computer is nobody's server: it says so by a private address, or it logs in.
    """
    if _SUBMITTED.fullmatch(hop.protocol) or is_private(hop.helo) or hop.text.lower().startswith(PICKUP):
        return False
    if hop.helo and not _is_number(hop.helo):
        return below.by.partition(".")[0] == hop.helo.partition(".")[0]
    return bool(hop.from_ip) and not is_private(hop.from_ip)


def _is_number(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()
