"""Evidence → suspects: a score from 0 to 1 for each organisation, and what holds it down. Pure.

Owns how the score comes about (docs/score.md): the sum of the evidence's weights, at most 1, then at most the lowest cap
that applies. Each report shows the sum.
"""

from collections.abc import Sequence
from typing import Final

from seawall.forensic.advice import advice_for, innocent_explanation, product_of
from seawall.forensic.caps import Cap, caps
from seawall.forensic.case import Case, cases
from seawall.forensic.copies import Copy
from seawall.forensic.evidence import read_evidence
from seawall.forensic.findings import Scene
from seawall.model.trace import Species, Suspect

LIKELY: Final = 0.8
MENTIONED: Final = 0.15
"""Below it nobody is named."""


def suspects(scenes: Sequence[Scene], species: Species, mine: frozenset[str]) -> tuple[Suspect, ...]:
    """Return who is suspected of a storm, the most suspected first."""
    found = [suspect for case in cases(scenes) if (suspect := _suspect(case, species, mine)) is not None]
    return tuple(sorted(found, key=lambda suspect: (-suspect.score, -suspect.copies, suspect.domain)))


def _suspect(case: Case, species: Species, mine: frozenset[str]) -> Suspect | None:
    evidence = read_evidence(case)
    total = min(1.0, sum(one.weight for one in evidence))
    cap = min(caps(case, evidence), key=lambda cap: cap.score, default=Cap(1.0, ""))
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


def _hosts(copy: Copy, domain: str) -> set[str]:
    hosts = set()
    for step in copy.way.steps:
        if step.domain == domain:
            hosts |= {copy.hops[place].by for place in range(step.start, step.stop) if copy.hops[place].by}
            if step.start == step.stop and step.start < len(copy.hops):
                hop = copy.hops[step.start]
                hosts.add(hop.rdns or hop.helo)
    return hosts - {""}
