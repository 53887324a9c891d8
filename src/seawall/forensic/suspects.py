"""Evidence → suspects: a score from 0 to 1 for each organisation, and what holds it down. Pure.

Owns how the score comes about (docs/score.md): the sum of the evidence's weights, at most 1, then at most the lowest cap
that applies. Each report shows the sum.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

from seawall.forensic.advice import advice_for, innocent_explanation, product_of
from seawall.forensic.copies import Copy
from seawall.forensic.evidence import WEIGHTS, Case, cases, markers, read_evidence, repeated_boxes, sent_late
from seawall.forensic.findings import Deed, Scene
from seawall.model.trace import Evidence, EvidenceKind, Species, Suspect

LIKELY: Final = 0.8
POSSIBLE: Final = 0.5
MENTIONED: Final = 0.15
"""Below it nobody is named."""
MADE_BY_HAND: Final = 3
"""Copies that a person may make."""
FORWARDS_TO: Final = 5
"""Mailboxes to which the people of one organisation do not forward their mail."""
FETCHES: Final = ("pop", "imap", "apop")
"""How the protocol begins in the line of a program that fetches mail."""
LISTED: Final = 2
"""Mailboxes of a list's members that show that copies came by the list."""
RECEIVERS: Final = 2
"""Receivers that do not all lose their answers."""
RETRIES_EACH: Final = 2
"""Copies again by which a receiver counts as one of several."""
UNPROVEN: Final = ("(unknown [", "(may be forged)")
"""What Postfix and Sendmail write where a client's address has no name, or not the one that it says."""
_UNCERTAIN: Final = 0.45


class Cap(NamedTuple):
    """The highest score that is allowed, and why."""

    score: float
    why: str


CAPS: Final = {
    "passed-on": Cap(
        _UNCERTAIN, "nothing shows that the mail ever came there, so it may only have passed on a copy"
    ),
    "name-alone": Cap(_UNCERTAIN, "only a name that anybody can write points there"),
    "one-line": Cap(POSSIBLE, "only one line, of a server that is not the reader's, names it"),
    "own-word": Cap(
        POSSIBLE, "it is named only by what the client called itself, which may be anybody's name"
    ),
    "forward": Cap(_UNCERTAIN, "somebody there may simply forward his mail"),
    "downstream": Cap(
        _UNCERTAIN, "others made copies for many mailboxes, and it may have passed on what came to it"
    ),
    "one-receiver": Cap(
        POSSIBLE, "only one receiver got it again, who may have taken it and lost its answer each time"
    ),
    "files": Cap(_UNCERTAIN, "the copies are files in a directory, where anybody may have put them"),
    "unclear": Cap(POSSIBLE, "no line tells whether they were fetched again there or handed in again"),
}
"""All of them, by the names that docs/score.md gives them."""


def suspects(scenes: Sequence[Scene], species: Species, mine: frozenset[str]) -> tuple[Suspect, ...]:
    """Return who is suspected of a storm, the most suspected first."""
    found = [suspect for case in cases(scenes) if (suspect := _suspect(case, species, mine)) is not None]
    return tuple(sorted(found, key=lambda suspect: (-suspect.score, -suspect.copies, suspect.domain)))


def _suspect(case: Case, species: Species, mine: frozenset[str]) -> Suspect | None:
    evidence = read_evidence(case)
    total = min(1.0, sum(one.weight for one in evidence))
    cap = min(_caps(case, evidence), default=Cap(1.0, ""))
    score = round(min(total, cap.score), 2)
    if score < MENTIONED:
        return None
    hosts = sorted({host for copy in case.copies for host in _hosts(copy, case.domain)})
    product = product_of(case)
    return Suspect(
        domain=case.domain,
        hosts=tuple(hosts[:8]),
        score=score,
        copies=len(case.copies),
        product=product,
        advice=advice_for(species, product),
        contacts=(f"postmaster@{case.domain}", f"abuse@{case.domain}"),
        innocent_explanation=innocent_explanation(species),
        evidence=tuple(evidence),
        cap=cap.why if cap.score < total else "",
        is_mine=case.domain in mine,
    )


def _caps(case: Case, evidence: Sequence[Evidence]) -> list[Cap]:
    caps = []
    boxes = {copy.box for copy in (*case.made, *case.handed_on)}
    kinds = {one.kind for one in evidence}
    sends_again = len(case.sent_again) > len(case.made)
    if (
        case.made
        and not sends_again
        and EvidenceKind.REINJECTED not in kinds
        and not _is_signed(case)
        and not _posts_to_list(case)
    ):
        caps.append(CAPS["passed-on"])
    if not case.copies:
        caps.append(CAPS["name-alone"])
    if case.made and not sends_again and not _is_vouched_for(case):
        caps.append(CAPS["one-line"])
    if case.made and not sends_again and all(map(_is_unproven, case.made)):
        caps.append(CAPS["own-word"])
    if (
        case.copies
        and not case.sent_again
        and not case.fetched_again
        and not case.multiplied
        and not _is_signed(case)
        and case.creations < MADE_BY_HAND
        and len(boxes) < FORWARDS_TO
        and len(repeated_boxes(case)) < RECEIVERS
        and not _is_circling(evidence)
    ):
        caps.append(CAPS["forward"])
    receivers = Counter(_receiver(copy) for copy, _, _ in case.sent_again)
    if case.made and not _is_signed(case) and len(boxes) == 1 and _is_downstream(case, boxes):
        caps.append(CAPS["downstream"])
    sends_most = len(case.sent_again) > len(case.made) + len(case.handed_on)
    if (
        sends_most
        and not sent_late(case)
        and sum(count >= RETRIES_EACH for count in receivers.values()) < RECEIVERS
    ):
        caps.append(CAPS["one-receiver"])
    if case.fetched_again and all(copy.source != copy.box for copy in case.fetched_again):
        caps.append(CAPS["files"])
    fetches = [
        copy for copy in case.fetched_again if copy.hops and copy.hops[-1].protocol.startswith(FETCHES)
    ]
    if (
        case.fetched_again
        and not case.sent_again
        and 2 * len(fetches) < len(case.fetched_again)
        and not _is_inside(case)
    ):
        caps.append(CAPS["unclear"])
    return caps


def _is_inside(case: Case) -> bool:
    """Whether the mail left its sender's side once, as others' mailboxes show, and not by the server that holds this one."""
    again = {copy.message_id for copy in case.fetched_again}
    stores = {copy.way.steps[-1].domain for copy in case.fetched_again if copy.way.steps}
    others = [
        copy
        for scene in case.scenes
        for copy in scene.copies
        if copy.message_id in again and copy.reader.domain != case.domain
    ]
    single = Counter(copy.box for copy in others)
    return sum(count == 1 for count in single.values()) >= RECEIVERS and not any(
        stores & set(copy.way.domains[: -copy.reader.steps]) for copy in others
    )


def _is_downstream(case: Case, boxes: set[str]) -> bool:
    """Whether somebody else made as many copies, for other mailboxes too: then what it made may be his, handed on."""
    others: dict[str, list[Copy]] = defaultdict(list)
    for scene in case.scenes:
        for finding in scene.findings:
            if finding.deed in {Deed.MADE, Deed.HANDED_ON, Deed.SENT_AGAIN}:
                for name in finding.domains:
                    others[name].append(scene.copies[finding.copy])
    del others[case.domain]
    return any(
        len(copies) >= len(case.made) and len({copy.box for copy in copies} - boxes) >= 1
        for copies in others.values()
    )


def _receiver(copy: Copy) -> str:
    return copy.way.steps[-1].domain if copy.way.steps else ""


def _is_circling(evidence: Sequence[Evidence]) -> bool:
    return any(
        one.kind is EvidenceKind.DELIVERED_TO_LOOP or one.weight >= WEIGHTS["cycle"]
        for one in evidence
        if one.kind in {EvidenceKind.CYCLE, EvidenceKind.DELIVERED_TO_LOOP}
    )


def _is_signed(case: Case) -> bool:
    return any(copy.is_pickup_resubmission or case.domain in markers(copy) for copy in case.made)


def _posts_to_list(case: Case) -> bool:
    """Whether its copies came to the list and from there to its members, as nobody's forward does."""
    lists = {name for scene in case.scenes for name in scene.lists}
    if any(lists & set(copy.way.domains) for copy in case.made):
        return True
    return bool(lists) and len(repeated_boxes(case)) >= LISTED and all(copy.list_id for copy in case.made)


def _is_vouched_for(case: Case) -> bool:
    """Whether the reader's own server took a copy from it, or two different lines of others say so."""
    vouching = set()
    for copy in case.made:
        steps = copy.way.steps
        above = copy.way.believed + 1
        if above >= len(steps) - copy.reader.steps:
            return True
        vouching.add(copy.hops[steps[above].start].text)
    return len(vouching) > 1


def _is_unproven(copy: Copy) -> bool:
    """Whether the server that took a copy from its maker looked up the client's name and found none, or another's address."""
    above = copy.way.believed + 1
    return above < len(copy.way.steps) and any(
        sign in copy.hops[copy.way.steps[above].start].text for sign in UNPROVEN
    )


def _hosts(copy: Copy, domain: str) -> set[str]:
    hosts = set()
    for step in copy.way.steps:
        if step.domain == domain:
            hosts |= {copy.hops[place].by for place in range(step.start, step.stop) if copy.hops[place].by}
            if step.start == step.stop and step.start < len(copy.hops):
                hop = copy.hops[step.start]
                hosts.add(hop.rdns or hop.helo)
    return hosts - {""}
