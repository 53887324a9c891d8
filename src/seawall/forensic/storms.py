"""Scenes → storms: which copies are too many, of which species, and which belong to one storm. Pure.

Owns where a storm begins: what is ordinary (one mail by a list and directly, a retry or two, a daily report, a restored
mailbox) is counted and not reported.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from seawall.forensic.evidence import LATE, lag
from seawall.forensic.findings import Deed, Scene
from seawall.forensic.suspects import POSSIBLE, suspects
from seawall.model.trace import Species, Suspect

CONTENTS: Final = 4
"""Different mails that one server sends again, before that is called a replay."""
TOO_MANY: Final = 4
"""Copies beyond the first in one mailbox that are more than a retry or two."""


@dataclass(frozen=True, slots=True)
class Found:
    """A storm: its species, its scenes (one for each mail that is copied), who is suspected, and why it is one."""

    species: Species
    scenes: tuple[Scene, ...]
    suspects: tuple[Suspect, ...]
    because: tuple[str, ...] = ()


def storms(scenes: Sequence[Scene], mine: frozenset[str] = frozenset()) -> list[Found]:
    """Return the storms among scenes, those with most copies first."""
    found = []
    again: dict[str, list[int]] = defaultdict(list)
    for number, scene in enumerate(scenes):
        for domain in _late_senders(scene):
            again[domain].append(number)
    replayed: set[int] = set()
    for _, numbers in sorted(again.items(), key=lambda item: (-len(item[1]), item[0])):
        left = [number for number in numbers if number not in replayed]
        if len(left) >= CONTENTS:
            chosen = tuple(scenes[number] for number in left)
            found.append(Found(Species.REPLAY, chosen, suspects(chosen, Species.REPLAY, mine)))
            replayed.update(left)
    for number, scene in enumerate(scenes):
        if number in replayed:
            continue
        species = species_of(scene)
        named = suspects((scene,), species, mine)
        if _is_storm(scene, named):
            found.append(Found(species, (scene,), named))
    return sorted(found, key=lambda storm: -sum(len(scene.copies) for scene in storm.scenes))


def _late_senders(scene: Scene) -> set[str]:
    """Return who sent the mail again long after: not a list, which may have sent it by two of its lists."""
    return {
        name
        for finding in scene.findings
        if finding.deed is Deed.SENT_AGAIN
        and finding.other is not None
        and lag(scene.copies[finding.copy], scene.copies[finding.other], finding.shared_hops) >= LATE
        for name in finding.domains
        if name not in scene.lists
    }


def _is_storm(scene: Scene, named: Sequence[Suspect]) -> bool:
    if any(suspect.score > POSSIBLE for suspect in named):
        return True
    beyond = Counter(
        (scene.copies[finding.copy].box, scene.copies[finding.copy].message_id)
        for finding in scene.findings
        if finding.deed in {Deed.SENT_AGAIN, Deed.SUBMITTED_AGAIN, Deed.FETCHED_AGAIN, Deed.MULTIPLIED}
    )
    return max(beyond.values(), default=0) >= TOO_MANY


def species_of(scene: Scene) -> Species:
    """Return what kind of storm one mail's copies are, if they are one."""
    deeds = Counter(finding.deed for finding in scene.findings)
    made = [scene.copies[finding.copy] for finding in scene.findings if finding.deed is Deed.MADE]
    handed = [scene.copies[finding.copy] for finding in scene.findings if finding.deed is Deed.HANDED_ON]
    if any(copy.has_signs for copy in (*made, *scene.copies)):
        return Species.CONNECTOR
    if deeds[Deed.SENT_AGAIN] > deeds[Deed.MADE]:
        return Species.RETRY
    if made and scene.lists and all(any(name in copy.way.domains for name in scene.lists) for copy in made):
        return Species.LIST_LOOP
    if made or handed:
        boxes = {copy.box for copy in (*made, *handed)}
        loops = any(_is_circling(copy.way.domains) for copy in (*made, *handed))
        return (
            Species.FORWARDING_LOOP
            if loops and len(boxes) == 1 and len(scene.addressed) <= 3
            else Species.REMAILER
        )
    if deeds[Deed.FETCHED_AGAIN]:
        return Species.REDOWNLOAD
    if deeds[Deed.SUBMITTED_AGAIN]:
        return Species.RETRY
    return Species.UNEXPLAINED


def _is_circling(domains: tuple[str, ...]) -> bool:
    counts = Counter(name for name in domains if name)
    return sum(count > 1 for count in counts.values()) >= 2
