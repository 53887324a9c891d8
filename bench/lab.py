"""The storm of two unpatched organisations, poll by poll, beside the closed form; then with Seawall in their place.

    lab.py                   the tables, about two minutes
    lab.py --mails 400000    a later bound
    lab.py --write           into docs/lab.md too

It runs in a network of its own where the system allows that. It ends with 1 where a figure is over five percent from the
closed form, where a patched storm goes on, or where a user of Seawall has a mail twice.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from seawall.lab.confinement import Confinement, enter
from seawall.lab.internet import report
from seawall.lab.internet.bounds import End
from seawall.lab.internet.journal import CUT_SHORT, Poll
from seawall.lab.internet.reading import find
from seawall.lab.internet.scenario import UNPATCHED
from seawall.lab.internet.world import Outcome, play
from sections import write_section

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "lab.md"
FAULTY: Final = ("alpha.test", "beta.test")
TOLERANCE: Final = 0.05
VARIANTS: Final = ("one-patched", "both-patched", "patched-in-turn", "receiver", "list", "today")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mails", type=int, default=100_000, help="the storm's bound (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="into docs/lab.md")
    asked = parser.parse_args()
    confinement = enter()
    storm = run("two-unpatched", confinement, mails=asked.mails)
    others = [run(name, confinement) for name in VARIANTS]
    wrong = [*off_the_form(storm), *(sentence for each in others for sentence in not_as_it_should(each))]
    text = page(storm, others, wrong)
    print(text)
    if asked.write:
        write_section("lab", text, DOCUMENT)
    return int(bool(wrong))


def run(name: str, confinement: Confinement, *, mails: int | None = None) -> Outcome:
    scenario = find(name)
    if mails is not None:
        scenario = replace(scenario, bounds=replace(scenario.bounds, mails=mails))
    print(f"{name} …", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="seawall-lab-") as out:
        return play(scenario, Path(out), confinement=confinement)


def off_the_form(storm: Outcome) -> Iterator[str]:
    """What is not as the closed form has it, in the polls that the bound did not cut short."""
    for number, polls in by_number(storm):
        for poll in polls:
            fetched, outside = closed_form(storm, number)
            for told, found, meant in (
                ("fetched", poll.fetched, fetched),
                ("sent", poll.outside, outside),
            ):
                if abs(found / meant - 1) > TOLERANCE:
                    yield f"poll {number}: {poll.organisation} {told} {found:,}, not {meant:,}"


def not_as_it_should(outcome: Outcome) -> Iterator[str]:
    name, most = outcome.scenario.name, report.copies(outcome.journal)
    if name in ("both-patched", "patched-in-turn") and outcome.end is not End.QUIET:
        yield f"{name} did not end by itself"
    for each in outcome.scenario.organisations:
        if {stint.connector for stint in each.stints} == {"seawall"}:
            for person in each.people:
                if most.get(person.address) != 1:
                    yield f"{name}: {person.address} has {most.get(person.address, 0)} copies"


def by_number(storm: Outcome) -> list[tuple[int, list[Poll]]]:
    """Polls that all of the faulty ones made whole, by their number."""
    whole = [poll for poll in storm.journal.polls if poll.problem != CUT_SHORT]
    numbered = [
        (number, [poll for poll in whole if poll.number == number])
        for number in range(1, 1 + max(poll.number for poll in whole))
    ]
    return [(number, polls) for number, polls in numbered if len(polls) == len(FAULTY)]


def closed_form(storm: Outcome, number: int) -> tuple[int, int]:
    """m(n) = k^(n-1) mails, and N·m(n) recipients."""
    fetched = len(FAULTY) ** (number - 1)
    return fetched, report.addressees(storm.scenario) * fetched


def page(storm: Outcome, others: Sequence[Outcome], wrong: Sequence[str]) -> str:
    began = (
        f"N = {report.addressees(storm.scenario)} addressees, k = {len(FAULTY)} of them unpatched; confined to "
        f"{storm.confinement.value}. The bound of {storm.scenario.bounds.mails:,} mails ended it "
        f"{storm.ended_at - storm.scenario.start} h after it began, in lab time."
    )
    lines = [
        began,
        "",
        f"| poll | fetched by {FAULTY[0]} | by {FAULTY[1]} | closed form | off by | sent outside by {FAULTY[0]} | by {FAULTY[1]} | closed form | off by | of these to the other's marker |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for number, polls in by_number(storm):
        fetched, outside = closed_form(storm, number)
        off = [
            max(abs(found / meant - 1) for found in figures)
            for figures, meant in (
                ([poll.fetched for poll in polls], fetched),
                ([poll.outside for poll in polls], outside),
            )
        ]
        lines.append(
            f"| {number} | {' | '.join(f'{poll.fetched:,}' for poll in polls)} | {fetched:,} | {off[0]:.1%} "
            f"| {' | '.join(f'{poll.outside:,}' for poll in polls)} | {outside:,} | {off[1]:.1%} | {polls[0].to_markers:,} |"
        )
    lines += [
        "",
        "| scenario | who collects | fetched by each | sent outside | copies: with Seawall | with another | elsewhere, most | it ended |",
        "|---|---|---|--:|--:|--:|--:|---|",
        *map(row, (storm, *others)),
        "",
        f"Wrong: {'; '.join(wrong)}." if wrong else "All is as the closed form has it, and as it should be.",
    ]
    return "\n".join(lines)


def row(outcome: Outcome) -> str:
    most = report.copies(outcome.journal)
    collecting = [each for each in outcome.scenario.organisations if each.collects]
    names = [", then ".join(stint.connector for stint in each.stints) for each in collecting]
    polls = outcome.journal.polls
    totals = [sum(poll.fetched for poll in polls if poll.organisation == each.domain) for each in collecting]

    def copies(those: set[str]) -> str:
        found = [
            most.get(person.address, 0)
            for each, name in zip(collecting, names, strict=True)
            if name in those
            for person in each.people
        ]
        return " ".join(f"{count:,}" for count in found) or "none"

    strangers = set(names) - {UNPATCHED, "seawall", f"{UNPATCHED}, then seawall"}
    elsewhere = max(
        most.get(person.address, 0)
        for each in outcome.scenario.organisations
        if not each.collects
        for person in each.people
    )
    return (
        f"| `{outcome.scenario.name}` | {'; '.join(names)} | {' '.join(f'{total:,}' for total in totals)} "
        f"| {sum(poll.outside for poll in polls):,} | {copies({'seawall'})} | {copies(strangers)} | {elsewhere:,} "
        f"| {'by itself' if outcome.end is End.QUIET else f'at its bound ({outcome.end.value})'} |"
    )


if __name__ == "__main__":
    sys.exit(main())
