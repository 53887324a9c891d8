"""What holds a score down: when evidence could as well be an innocent's, or anybody's doing. Pure.

Owns the caps, each with its sentence (docs/score.md lists them). Refuses to know the score.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from seawall.forensic.case import MANY, Case, markers, repeated_boxes
from seawall.forensic.copies import Copy
from seawall.forensic.findings import Deed
from seawall.forensic.weights import WEIGHTS
from seawall.model.trace import Evidence, EvidenceKind

POSSIBLE: Final = 0.5
"""Above it somebody is named as one to call on."""
UNCERTAIN: Final = 0.45
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


class Cap(NamedTuple):
    """The highest score that is allowed, and why."""

    score: float
    why: str


CAPS: Final = {
    "passed-on": Cap(
        UNCERTAIN, "nothing shows that the mail ever came there, so it may only have passed on a copy"
    ),
    "name-alone": Cap(UNCERTAIN, "only a name that anybody can write points there"),
    "one-line": Cap(POSSIBLE, "only one line, of a server that is not the reader's, names it"),
    "own-word": Cap(
        POSSIBLE, "it is named only by what the client called itself, which may be anybody's name"
    ),
    "forward": Cap(UNCERTAIN, "somebody there may simply forward his mail"),
    "downstream": Cap(
        UNCERTAIN, "others made copies for many mailboxes, and it may have passed on what came to it"
    ),
    "one-receiver": Cap(
        POSSIBLE, "only one receiver got it again, who may have taken it and lost its answer each time"
    ),
    "below-belief": Cap(
        POSSIBLE, "its lines stand below where the way can be believed, so anybody may have copied them"
    ),
    "files": Cap(UNCERTAIN, "the copies are files in a directory, where anybody may have put them"),
    "unclear": Cap(POSSIBLE, "no line tells whether they were fetched again there or handed in again"),
}
"""All of them, by the names that docs/score.md gives them."""


def caps(case: Case, evidence: Sequence[Evidence]) -> list[Cap]:
    """Return all that hold a score down."""
    return [CAPS[name] for name, holds in _RULES if holds(case, evidence)]


def _sends_again(case: Case) -> bool:
    return len(case.sent_again) > len(case.made)


def _never_came(case: Case, evidence: Sequence[Evidence]) -> bool:
    return (
        bool(case.made)
        and not _sends_again(case)
        and all(one.kind is not EvidenceKind.REINJECTED for one in evidence)
        and not _is_signed(case)
        and not _posts_to_list(case)
    )


def _is_only_a_name(case: Case, _: Sequence[Evidence]) -> bool:
    return not case.copies


def _has_one_witness(case: Case, _: Sequence[Evidence]) -> bool:
    return bool(case.made) and not _sends_again(case) and not _is_vouched_for(case)


def _calls_itself_so(case: Case, _: Sequence[Evidence]) -> bool:
    return bool(case.made) and not _sends_again(case) and all(map(_is_unproven, case.made))


def _may_forward(case: Case, evidence: Sequence[Evidence]) -> bool:
    boxes = {copy.box for copy in (*case.made, *case.handed_on)}
    return (
        bool(case.copies)
        and not (case.sent_again or case.fetched_again or case.multiplied)
        and not _is_signed(case)
        and case.creations < MADE_BY_HAND
        and len(boxes) < FORWARDS_TO
        and len(repeated_boxes(case)) < RECEIVERS
        and not _is_circling(evidence)
    )


def _may_hand_on(case: Case, _: Sequence[Evidence]) -> bool:
    boxes = {copy.box for copy in (*case.made, *case.handed_on)}
    return bool(case.made) and not _is_signed(case) and len(boxes) == 1 and _is_downstream(case, boxes)


def _has_one_receiver(case: Case, _: Sequence[Evidence]) -> bool:
    # A log knows a mail by its Message-ID alone: late, it may be another one.
    is_late = len(case.late) >= MANY and not all(copy.is_logged for copy, _, _ in case.sent_again)
    receivers = Counter(_receiver(copy) for copy, _, _ in case.sent_again)
    return (
        len(case.sent_again) > len(case.made) + len(case.handed_on)
        and not is_late
        and sum(count >= RETRIES_EACH for count in receivers.values()) < RECEIVERS
    )


def _is_below_belief(case: Case, _: Sequence[Evidence]) -> bool:
    return _sends_again(case) and not any(_is_believed(copy, case.domain) for copy, _, _ in case.sent_again)


def _lies_in_files(case: Case, _: Sequence[Evidence]) -> bool:
    return bool(case.fetched_again) and all(copy.source != copy.box for copy in case.fetched_again)


def _may_be_handed_in(case: Case, _: Sequence[Evidence]) -> bool:
    fetches = sum(
        bool(copy.hops) and copy.hops[-1].protocol.startswith(FETCHES) for copy in case.fetched_again
    )
    return (
        bool(case.fetched_again)
        and not case.sent_again
        and 2 * fetches < len(case.fetched_again)
        and not _is_inside(case)
    )


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


def _is_believed(copy: Copy, domain: str) -> bool:
    """Whether servers vouch for it, line by line up to the reader, that a copy went by an organisation."""
    return domain in copy.way.believed_domains


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


_RULES: Final[tuple[tuple[str, Callable[[Case, Sequence[Evidence]], bool]], ...]] = (
    ("passed-on", _never_came),
    ("name-alone", _is_only_a_name),
    ("one-line", _has_one_witness),
    ("own-word", _calls_itself_so),
    ("forward", _may_forward),
    ("downstream", _may_hand_on),
    ("one-receiver", _has_one_receiver),
    ("below-belief", _is_below_belief),
    ("files", _lies_in_files),
    ("unclear", _may_be_handed_in),
)
