"""How long after its first copy another one began: what no retry explains, but a queue or an archive that is sent again. Pure.

Owns what is late. Refuses to know who is suspected for it.
"""

from typing import Final

from seawall.forensic.copies import Copy
from seawall.forensic.findings import Deed, Scene

LATE: Final = 6 * 3600.0
"""Seconds after which no server still tries what it has handed over."""


def late_copies(scene: Scene) -> list[Copy]:
    """Return the copies whose way begins anew, at somebody who is not the sender, long after the mail had come with the same Message-ID.

    Not what a person resent, which says so (RFC 5322 §3.6.6), and not what a connector marked.
    """
    first: dict[str, float] = {}
    for copy in scene.copies:
        if copy.maker in scene.origins and copy.arrived is not None and not copy.has_signs:
            first[copy.message_id] = min(copy.arrived, first.get(copy.message_id, copy.arrived))
    found = []
    for copy in (scene.copies[finding.copy] for finding in scene.findings if finding.deed is Deed.MADE):
        if copy.message_id not in first or copy.is_resent or copy.has_signs or not copy.hops:
            continue
        begun = copy.hops[copy.way.steps[copy.way.believed].start].at
        if begun is not None and begun - first[copy.message_id] >= LATE:
            found.append(copy)
    return found


def lag(copy: Copy, first: Copy, shared: int) -> float:
    """Return how many seconds later a copy left the last server that it has in common with the first."""
    if shared < min(len(copy.hops), len(first.hops)):
        times = copy.hops[shared].at, first.hops[shared].at
    else:
        times = copy.arrived, first.arrived
    return abs(times[0] - times[1]) if times[0] is not None and times[1] is not None else 0.0
