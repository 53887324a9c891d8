"""Storms of mails that are no copies: programs that answer each other, people who answer to all, recalls.

Owns their signatures. Nobody is suspected where people write.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from seawall.forensic.advice import advice_for, innocent_explanation
from seawall.forensic.caps import CAPS
from seawall.forensic.copies import Copy
from seawall.forensic.domains import organisation
from seawall.forensic.engine import Answers, Facts
from seawall.forensic.findings import read_scene
from seawall.forensic.quotes import MOST_QUOTES, quote
from seawall.forensic.storms import Found
from seawall.forensic.weights import WEIGHTS
from seawall.model.trace import Evidence, EvidenceKind, Species, Suspect

ANSWERS: Final = 8
"""Answers in the same words that are too many."""
GAP: Final = 3 * 3600.0
"""Seconds between two of them, on average, beyond which it may be somebody who is away and much written to."""
MANY_ANSWERS: Final = 20
AUTHORS: Final = 8
"""People who write to one thread within an hour."""
RECIPIENTS: Final = 5
"""To how many at least each of them does."""
RECALLS: Final = 20
"""Recalls of one mail, and answers to them, within a day."""
DAY: Final = 86_400.0

Reader = Callable[[Sequence[Mapping[str, Any]]], list[Copy]]


def talk_storms(facts: Facts, read: Reader, mine: frozenset[str]) -> Iterable[Found]:
    """Yield the storms that talk makes; `read` makes copies of rows."""
    answers = [one for one in facts.answers(ANSWERS) if (one.last - one.first) / one.mails <= GAP]
    wars: dict[frozenset[str], list[tuple[Answers, list[Copy]]]] = {}
    for one in answers:
        copies = read(facts.answering(one))
        wars.setdefault(frozenset((one.from_address, one.recipient)), []).append((one, copies))
    for sides in wars.values():
        yield _war(sides, mine)
    for thread in facts.busy_threads(RECIPIENTS, AUTHORS):
        copies = read(facts.thread(thread))
        authors = len({copy.from_address for copy in copies})
        why = f"{authors} people wrote {len(copies)} mails to one thread, {AUTHORS} or more of them within an hour"
        yield Found(Species.REPLY_ALL, (read_scene(copies),), (), (why,))
    for recalls in recall_storms(read(facts.recalls())):
        why = (
            f"{len(recalls)} recalls, and programs' answers to them, are about one mail and came within a day"
        )
        yield Found(Species.RECALL, (read_scene(recalls),), (), (why,))


def recall_storms(recalls: Sequence[Copy]) -> Iterable[Sequence[Copy]]:
    """Yield the recalls of one mail, and the answers to them, where they are many and came within a day."""
    about: dict[str, list[Copy]] = defaultdict(list)
    for copy in recalls:
        about[copy.subject_norm.partition(":")[2]].append(copy)
    for _, copies in sorted(about.items()):
        times = sorted({copy.message_id: copy.arrived or 0.0 for copy in copies}.values())
        if any(last - first <= DAY for first, last in zip(times, times[RECALLS - 1 :], strict=False)):
            yield copies


def _war(sides: Sequence[tuple[Answers, list[Copy]]], mine: frozenset[str]) -> Found:
    copies = [copy for _, side in sides for copy in side]
    named: dict[str, Suspect] = {}
    for one, side in sides:
        suspect = _answerer(one, side, mine)
        if suspect and (suspect.domain not in named or named[suspect.domain].score < suspect.score):
            named[suspect.domain] = suspect
    ranked = tuple(sorted(named.values(), key=lambda suspect: (-suspect.score, suspect.domain)))
    why = tuple(evidence.says for suspect in ranked for evidence in suspect.evidence)
    return Found(Species.AUTORESPONDERS, (read_scene(copies),), ranked, why)


def _answerer(answers: Answers, copies: Sequence[Copy], mine: frozenset[str]) -> Suspect | None:
    domain = organisation(answers.from_address.rpartition("@")[2])
    if not domain:
        return None
    minutes = (answers.last - answers.first) / max(answers.mails - 1, 1) / 60
    evidence = Evidence(
        kind=EvidenceKind.ANSWERS,
        says=(
            f"{answers.from_address} answered {answers.mails} mails with the same words, "
            f"{minutes:.0f} minutes apart on average"
        ),
        copies=answers.mails,
        weight=WEIGHTS["answers-20" if answers.mails >= MANY_ANSWERS else "answers-8"],
        quotes=tuple(quote(copy, "In-Reply-To", f"<{copy.in_reply_to}>") for copy in copies[:MOST_QUOTES]),
    )
    # Anybody can write in somebody's name: what the servers vouch for must have passed his.
    is_his = any(domain in copy.way.believed_domains for copy in copies)
    cap = CAPS["name-alone"]
    return Suspect(
        domain=domain,
        hosts=tuple(sorted({copy.hops[0].by for copy in copies if copy.hops and copy.hops[0].by})[:8]),
        score=evidence.weight if is_his else cap.score,
        copies=answers.mails,
        product=None,
        advice=advice_for(Species.AUTORESPONDERS, None),
        contacts=(f"postmaster@{domain}", f"abuse@{domain}"),
        innocent_explanation=innocent_explanation(Species.AUTORESPONDERS),
        evidence=(evidence,),
        cap="" if is_his else cap.why,
        is_mine=domain in mine,
    )
