"""The reader's own side of a way: the servers that all mail of a mailbox comes through, whoever sent it.

What they write is what the reader trusts, and nobody is suspected for it. Owns how far that goes down, whose mailbox it
is, and whether anything below can be seen at all.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from seawall.forensic.domains import organisation
from seawall.forensic.rows import hops_of
from seawall.forensic.ways import Way, read_way

_FETCHES: Final = ("pop", "imap", "apop")
_THIS_MACHINE: Final = frozenset(("localhost", "localhost.localdomain"))
ENOUGH: Final = 3
"""Different mails by which it can be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A mailbox's side.

    `steps`: how many of the last stretches of a way are its own. `owner`: whose it is, and `domain` the organisation
    that most of its mail is for, "" where not told. `cuts`: its servers remove the lines below, so that no way goes
    further back than to who handed it over.
    """

    steps: int = 1
    owner: str = ""
    domain: str = ""
    cuts: bool = False


def read_reader(samples: Sequence[Mapping[str, Any]], known: Callable[[str], str]) -> Reader:
    """Return a mailbox's side.

    `samples` are rows with `hops` and `delivered_to`, one of each sender and subject. Too few tell nothing.
    """
    shown = [(row, way) for row in samples if (way := read_way(hops_of(row), known)).steps]
    rows = [row for row, _ in shown]
    read = [way for _, way in shown]
    ways = [tuple(reversed(way.domains)) for way in read]
    if len(ways) < 2:  # noqa: PLR2004 -- one cannot be compared
        return Reader()
    steps = 0
    for names in zip(*ways, strict=False):
        if len(set(names)) > 1:
            break
        steps += 1
    senders = {organisation(row["sender_domain"]) for row in rows}
    # What all have in common who have the same sender may be the sender's.
    steps = max(steps if len(senders) >= ENOUGH else min(steps, _fetched(rows)), 1)
    recipients = [
        found for row, way in zip(rows, read, strict=True) if (found := recipient_of(row, way, steps))
    ]
    owner, count = Counter(recipients).most_common(1)[0] if recipients else ("", 0)
    domains = Counter(organisation(address.rpartition("@")[2]) for address in recipients)
    return Reader(
        steps=steps,
        owner=owner if count >= ENOUGH and 2 * count > len(recipients) else "",
        domain=domains.most_common(1)[0][0] if domains else "",
        cuts=len(ways) >= ENOUGH and all(_is_cut(way, steps) for way in read),
    )


def _fetched(rows: Sequence[Mapping[str, Any]]) -> int:
    """Return 2 where a program fetched the mails from a provider's mailbox, which is the reader's own then too; else 1."""
    return 2 if all(row["hops"][-1]["protocol"].startswith(_FETCHES) for row in rows) else 1


def _is_cut(way: Way, steps: int) -> bool:
    """Whether a way ends at who handed the mail over, and he left no line."""
    lowest = way.steps[0]
    return len(way.steps) <= steps or (len(way.steps) == steps + 1 and lowest.start == lowest.stop)


def recipient_of(row: Mapping[str, Any], way: Way, steps: int) -> str:
    """Return whom the reader's own servers say that a mail was for, "" where they don't.

    A program that fetches for a user of its own machine names him without a domain: he is who has that name in To or Cc.
    """
    for found in row["delivered_to"]:
        if not found["hops_above"] and organisation(found["address"].rpartition("@")[2]):
            return str(found["address"])
    first = way.steps[-steps].start if len(way.steps) >= steps else 0
    for hop in reversed(row["hops"][first:]):
        local, _, domain = hop["recipient"].rpartition("@")
        if organisation(domain):
            return str(hop["recipient"])
        if domain in _THIS_MACHINE:
            named = [address for address in row["recipients"] if address.partition("@")[0] == local]
            return str(named[0]) if len(named) == 1 else f"{local}@localhost"
    return ""
