"""What is held against one organisation: the copies of a storm, sorted by what it did to them. Pure.

Owns the sorting of findings by who is named in them. Weighs nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from seawall.forensic.copies import Copy
from seawall.forensic.domains import organisation
from seawall.forensic.findings import Deed, Scene
from seawall.forensic.late import LATE, lag, late_copies

SHARE: Final = 0.15
"""The part of a mailbox's copies that is a good part: several may make them."""
MANY: Final = 4
"""Copies in one mailbox that are more than a retry or two."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is held against one organisation: the copies that it made, sent again, had fetched again, or handed on."""

    domain: str
    scenes: tuple[Scene, ...]
    made: tuple[Copy, ...]
    sent_again: tuple[tuple[Copy, Copy, int], ...]
    fetched_again: tuple[Copy, ...]
    multiplied: tuple[Copy, ...]
    handed_on: tuple[Copy, ...]

    @property
    def copies(self) -> tuple[Copy, ...]:
        """All of them."""
        return (
            *self.made,
            *(copy for copy, _, _ in self.sent_again),
            *self.fetched_again,
            *self.multiplied,
            *self.handed_on,
        )

    @property
    def creations(self) -> int:
        """How many times it made a copy: one that came to many, or several times by one way, was made once."""
        return len(
            {copy.hops[copy.way.steps[copy.way.believed].start].prefix_id for copy in self.made if copy.hops}
        )

    @property
    def late(self) -> dict[str, Copy]:
        """A copy of each mail that came out of it again long after it was first sent, by Message-ID."""
        again = [copy for copy, first, shared in self.sent_again if lag(copy, first, shared) >= LATE]
        again += [copy for scene in self.scenes for copy in late_copies(scene) if copy.maker == self.domain]
        return {copy.message_id: copy for copy in again}


def cases(scenes: Sequence[Scene]) -> list[Case]:
    """Return a case for each organisation that did something to a copy, or whose marker a copy bears."""
    made: dict[str, list[Copy]] = defaultdict(list)
    sent: dict[str, list[tuple[Copy, Copy, int]]] = defaultdict(list)
    fetched: dict[str, list[Copy]] = defaultdict(list)
    multiplied: dict[str, list[Copy]] = defaultdict(list)
    handed: dict[str, list[Copy]] = defaultdict(list)
    marked: set[str] = set()
    for scene in scenes:
        marked |= {name for copy in scene.copies for name in markers(copy)}
        for finding in scene.findings:
            copy = scene.copies[finding.copy]
            for name in finding.domains:
                match finding.deed:
                    case Deed.MADE:
                        made[name].append(copy)
                    case Deed.SENT_AGAIN if finding.other is not None:
                        sent[name].append((copy, scene.copies[finding.other], finding.shared_hops))
                    case Deed.FETCHED_AGAIN:
                        fetched[name].append(copy)
                    case Deed.MULTIPLIED:
                        multiplied[name].append(copy)
                    case Deed.HANDED_ON:
                        handed[name].append(copy)
                    case _:
                        pass
    names = {*made, *sent, *fetched, *multiplied, *handed, *marked} - {""}
    return [
        Case(
            domain=name,
            scenes=tuple(scenes),
            made=tuple(made[name]),
            sent_again=tuple(sent[name]),
            fetched_again=tuple(fetched[name]),
            multiplied=tuple(multiplied[name]),
            handed_on=tuple(handed[name]),
        )
        for name in sorted(names)
    ]


def markers(copy: Copy) -> Iterable[str]:
    """Return the organisations whose connector's marker a copy bears."""
    return {organisation(address.rpartition("@")[2]) for address in copy.marked_recipients}


def repeated_boxes(case: Case) -> dict[str, int]:
    """Return how many copies of it each mailbox has, where that is a good part of what needs an explanation there."""
    own: dict[str, int] = defaultdict(int)
    for copy in (*case.made, *case.handed_on):
        own[copy.box] += 1
    all_: dict[str, int] = defaultdict(int)
    for scene in case.scenes:
        for finding in scene.findings:
            all_[scene.copies[finding.copy].box] += 1
    return {box: count for box, count in own.items() if count >= MANY and count >= SHARE * all_[box]}
