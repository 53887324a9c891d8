"""The reader's own side of a way: the servers that all mail of a mailbox comes through, whoever sent it.

What they write is what the reader trusts, and nobody is suspected for it. Owns how far that goes down.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from seawall.forensic.copies import hops_of
from seawall.forensic.ways import read_way

ENOUGH: Final = 2
"""Different mails by which it can be told."""


def reader_steps(samples: Sequence[Mapping[str, Any]], known: Callable[[str], str]) -> int:
    """Return how many of the last stretches all sampled mails of a mailbox have in common; 1 where too few tell.

    `samples` are rows with `hops`, one of each sender and subject.
    """
    ways = [tuple(reversed(read_way(hops_of(row), known).domains)) for row in samples if row["hops"]]
    if len(ways) < ENOUGH:
        return 1
    count = 0
    for names in zip(*ways, strict=False):
        if len(set(names)) > 1:
            break
        count += 1
    return max(count, 1)
