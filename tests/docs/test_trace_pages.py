"""docs/score.md and docs/species.md: what they tell of weights, caps, species and advice is what the code has."""

import re
from pathlib import Path

import pytest

from seawall.forensic.advice import advice_for, first_response, innocent_explanation
from seawall.forensic.caps import CAPS, POSSIBLE, Cap
from seawall.forensic.suspects import LIKELY, MENTIONED
from seawall.forensic.weights import WEIGHTS
from seawall.model.trace import EvidenceKind, Species
from unit.forensic.written import direct, look_at_bob, only_storm, remade, suspect

DOCS = Path(__file__).parents[2] / "docs"
SCORE = (DOCS / "score.md").read_text(encoding="utf-8")
SPECIES = (DOCS / "species.md").read_text(encoding="utf-8")


def cells(page: str, heading: str) -> list[list[str]]:
    """The rows of the first table below a heading."""
    below = page.partition(f"\n## {heading}\n")[2]
    table = re.search(r"^\|.*\n\|[-:| ]+\n((?:\|.*\n)+)", below, re.MULTILINE)
    assert table
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.group(1).splitlines()]


def test_the_page_has_every_weight_and_every_kind_of_evidence() -> None:
    rows = cells(SCORE, "Weights")
    assert {row[0].strip("`"): float(row[1]) for row in rows} == WEIGHTS
    assert {kind for row in rows for kind in re.findall(r"`([\w-]+)`", row[2])} == {
        kind.value for kind in EvidenceKind
    }


def test_the_page_has_every_cap_with_its_sentence() -> None:
    assert {row[0].strip("`"): (float(row[1]), row[2]) for row in cells(SCORE, "Caps")} == CAPS


def test_the_page_has_the_scores_that_mean_something() -> None:
    assert f"| {LIKELY} and more | *likely*" in SCORE
    assert f"| over {POSSIBLE} | *possible*" in SCORE
    assert f"below {MENTIONED} nobody is named" in SCORE


def test_the_pages_example_is_what_a_trace_of_it_gives(tmp_path: Path) -> None:
    copies = [remade(number) for number in range(1, 9)]
    one = suspect(only_storm(look_at_bob(tmp_path / "named", [direct(), *copies])), "fault.example")
    *parts, (_, total, _) = cells(SCORE, "An example")
    assert [(row[0].strip("`"), float(row[1])) for row in parts] == [
        (evidence.kind.value, evidence.weight) for evidence in one.evidence
    ]
    assert float(total.strip("*")) == one.score
    assert "p = 1.2e-04, with 9 periods tried" in parts[2][2]
    unnamed = [copy.replace(b", eve@fault.example", b"") for copy in copies]
    one = suspect(only_storm(look_at_bob(tmp_path / "unnamed", [direct(), *unnamed])), "fault.example")
    assert f"{sum(evidence.weight for evidence in one.evidence):.2f}" == "0.75"
    assert Cap(one.score, one.cap) == CAPS["passed-on"]


@pytest.mark.parametrize("species", Species)
def test_each_species_has_its_section_with_the_programs_own_sentences(species: Species) -> None:
    found = re.search(
        rf"^## {re.escape(species.value)}$\n(.*?)(?=^## |\Z)",
        SPECIES,
        re.MULTILINE | re.DOTALL | re.IGNORECASE,
    )
    assert found
    section = " ".join(found.group(1).split())
    for label in ("Signature", "Looks like", "How sure"):
        assert f"**{label}.**" in section, label
    assert f"**First response.** {first_response(species)}" in section
    assert f"**To the suspect.** {advice_for(species, None)}" in section
    assert f"**It may also be.** {innocent_explanation(species)}" in section


def test_the_page_has_no_species_that_the_program_lacks() -> None:
    names = {name.lower() for name in re.findall(r"^## (.+)$", SPECIES, re.MULTILINE)}
    assert names == {species.value.lower() for species in Species}


def test_each_species_has_a_first_response_advice_and_an_innocent_explanation_of_its_own() -> None:
    for tell in (first_response, innocent_explanation):
        assert all(tell(species) for species in Species)
    assert len({innocent_explanation(species) for species in Species}) == len(Species)
    assert len({advice_for(species, None) for species in Species}) == len(Species)
