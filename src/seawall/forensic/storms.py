"""Scenes → storms: which copies are too many, of which species, and which belong to one storm. Pure.

Owns where a storm begins: what is ordinary (one mail by a list and directly, a retry or two, a daily report, a restored
mailbox) is counted and not reported.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from seawall.forensic.caps import POSSIBLE
from seawall.forensic.copies import Copy
from seawall.forensic.findings import Deed, Finding, Scene
from seawall.forensic.late import LATE, lag, late_copies
from seawall.forensic.suspects import suspects
from seawall.model.trace import Species, Suspect

CONTENTS: Final = 4
"""Different mails that one server sends again, before that is called a replay."""
PARTNERS: Final = 2
"""Who forward to each other."""
TOO_MANY: Final = 4
"""Copies beyond the first in one mailbox that are more than a retry or two."""

TOO_MANY_OTHERS: Final = 8
"""Copies in one mailbox that others than the sender sent, or nothing explains: more than several people's forwards."""


@dataclass(frozen=True, slots=True)
class Found:
    """A storm: its species, its scenes (one for each mail that is copied), who is suspected, and why it is one.

    `mails` is how many mails it has where the scenes don't show all of them, 0 where they do.
    """

    species: Species
    scenes: tuple[Scene, ...]
    suspects: tuple[Suspect, ...]
    because: tuple[str, ...] = ()
    mails: int = 0


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
            why = f"{len(chosen)} different mails came out of a server again, hours or days after they were first sent"
            found.append(Found(Species.REPLAY, chosen, suspects(chosen, Species.REPLAY, mine), (why,)))
            replayed.update(left)
    for number, scene in enumerate(scenes):
        if number in replayed:
            continue
        species = species_of(scene)
        named = suspects((scene,), species, mine)
        if _is_storm(scene, named):
            found.append(Found(species, (scene,), named, because(scene)))
    return sorted(found, key=lambda storm: -sum(len(scene.copies) for scene in storm.scenes))


def _late_senders(scene: Scene) -> set[str]:
    """Return who sent the mail again long after: not a list, which may have sent it by two of its lists."""
    return {copy.maker for copy in late_copies(scene)} | {
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
        _counted_by(scene.copies[finding.copy], finding)
        for finding in scene.findings
        if finding.deed in {Deed.SENT_AGAIN, Deed.SUBMITTED_AGAIN, Deed.FETCHED_AGAIN, Deed.MULTIPLIED}
    )
    found = {finding.copy for finding in scene.findings}
    sent = {copy.message_id for number, copy in enumerate(scene.copies) if number not in found}
    # What was made anew may have a Message-ID of its own each time; without that, the same words are a daily report.
    others = Counter(
        (copy.box, None if finding.deed is Deed.MADE and copy.message_id not in sent else copy.message_id)
        for finding in scene.findings
        for copy in (scene.copies[finding.copy],)
        if finding.deed is Deed.UNKNOWN or (finding.deed in {Deed.MADE, Deed.HANDED_ON} and finding.domains)
    )
    return max(beyond.values(), default=0) >= TOO_MANY or max(others.values(), default=0) >= TOO_MANY_OTHERS


def _counted_by(copy: Copy, finding: Finding) -> tuple[object, ...]:
    """Return what copies have in common that are too many together.

    A program that gives all its mails one Message-ID submits different ones, and a log has several recipients' in one place.
    """
    content = copy.content_id if finding.deed is Deed.SUBMITTED_AGAIN else None
    return copy.box, copy.message_id, content, finding.other if copy.is_logged else None


def species_of(scene: Scene) -> Species:
    """Return what kind of storm one mail's copies are, if they are one."""
    deeds = Counter(finding.deed for finding in scene.findings)
    made = [scene.copies[finding.copy] for finding in scene.findings if finding.deed is Deed.MADE]
    handed_on = [scene.copies[finding.copy] for finding in scene.findings if finding.deed is Deed.HANDED_ON]
    for species, is_it in (
        (Species.CONNECTOR, any(copy.has_signs for copy in scene.copies)),
        (Species.RETRY, deeds[Deed.SENT_AGAIN] > deeds[Deed.MADE] + deeds[Deed.HANDED_ON]),
        (Species.MULTIDROP, deeds[Deed.MULTIPLIED] > deeds[Deed.MADE] + deeds[Deed.HANDED_ON]),
        (Species.REDOWNLOAD, deeds[Deed.FETCHED_AGAIN] > deeds[Deed.MADE] + deeds[Deed.HANDED_ON]),
        (Species.LIST_LOOP, bool(made) and bool(scene.lists) and all(_by_list(scene, copy) for copy in made)),
        (Species.FORWARDING_LOOP, _is_circle_of_two(scene, [*made, *handed_on])),
        (Species.REMAILER, bool(made or handed_on)),
        (Species.RETRY, deeds[Deed.SUBMITTED_AGAIN] > 0),
    ):
        if is_it:
            return species
    return Species.UNEXPLAINED


def _by_list(scene: Scene, copy: Copy) -> bool:
    return bool(copy.list_id) or any(name in copy.way.domains for name in scene.lists)


def _is_circle_of_two(scene: Scene, copies: Sequence[Copy]) -> bool:
    """Whether copies came to the mailboxes of those alone who sent them: each to the other, and round."""
    if len(copies) < TOO_MANY:
        return False
    senders = {name for finding in scene.findings for name in finding.domains}
    reached = Counter(copy.reader.domain for copy in copies)
    return len(reached) <= PARTNERS and set(reached) <= senders


def because(scene: Scene) -> tuple[str, ...]:
    """Return what was counted, in sentences."""
    deeds = Counter(finding.deed for finding in scene.findings)
    return tuple(
        f"{deeds[deed]} {'copy' if deeds[deed] == 1 else 'copies'} {says}"
        for deed, says in _SAYS
        if deeds[deed]
    )


_SAYS: Final = (
    (Deed.MADE, "began at a server that is not the sender's"),
    (Deed.SENT_AGAIN, "left again a server that had sent the mail before"),
    (Deed.FETCHED_AGAIN, "came to the mailbox once and lay there again"),
    (Deed.MULTIPLIED, "lay in the mailbox of another recipient"),
    (Deed.HANDED_ON, "came by way of a recipient"),
    (Deed.SUBMITTED_AGAIN, "entered the sender's own server anew"),
    (Deed.UNKNOWN, "came again, which nothing in the lines explains"),
)
