"""How often the tracing is right: storms with known truth, written and traced, and who is accused.

    accuracy.py --count 400                      seeds 0 to 399, one table and every miss
    accuracy.py --held-out --write               the published run: seeds and styles that nothing was developed on
    accuracy.py --seed 7 --count 1 --verbose     one storm: each suspect with its evidence

A culprit counts as findable where a mailbox that is seen holds a copy that he made. Precision: of all suspects with a score
of 0.8 and more, those that are culprits. Recall: of all findable culprits, those with such a score.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from seawall.forensic.gather import gather
from seawall.forensic.suspects import LIKELY, POSSIBLE
from seawall.forensic.trace import Order, trace
from seawall.lab.writer import storm as writer
from seawall.lab.writer.write import write_storm
from sections import write_section

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "accuracy.md"
DEVELOPED_ON: Final = (
    "postfix",
    "amavis",
    "sendmail",
    "exim",
    "smtpsvc",
    "internet-mail-service",
    "gmail",
    "exchange",
)
HELD_OUT_STYLES: Final = ("qmail", "communigate", "domino", "mdaemon", "proofpoint", "exchange-online")
HELD_OUT_SEED: Final = 500_000
VIEWS: Final = ((1, 1), (2, 4), (5, 9), (10, 19), (20, 50))


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One storm to be written and traced."""

    seed: int
    styles: tuple[str, ...]
    strip: float | None
    forge: float
    verbose: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Who is to blame for a storm and was found, and who was accused who is not."""

    seed: int
    species: str
    views: int
    strip: float | None
    is_forged: bool
    findable: tuple[str, ...]
    found: tuple[str, ...]
    wrong: tuple[tuple[str, float, bool], ...]
    right: int
    told: tuple[str, ...]


def judged(job: Job) -> Result:
    """Write a storm, trace it, and compare."""
    directory = Path(tempfile.mkdtemp(prefix="seawall-accuracy-"))
    try:
        order = writer.Order(seed=job.seed, styles=job.styles, forge=job.forge)
        if job.strip is not None:
            order = writer.Order(seed=job.seed, styles=job.styles, forge=job.forge, strip=job.strip)
        write_storm(directory / "storm", writer.storm(order))
        truth = json.loads((directory / "storm" / "truth.json").read_text())
        facts = directory / "facts"
        facts.mkdir()
        traced = trace(gather([str(directory / "storm" / "views")], facts), Order(), directory=directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    scores: dict[str, float] = {}
    for storm in traced.storms:
        for suspect in storm.suspects:
            scores[suspect.domain] = max(scores.get(suspect.domain, 0.0), suspect.score)
            if job.verbose:
                kinds = [f"{one.kind.value} {one.weight:+.2f} ({one.copies})" for one in suspect.evidence]
                print(f"  {storm.species.value}: {suspect.domain} {suspect.score} {suspect.cap} {kinds}")
    culprits = {culprit["domain"] for culprit in truth["culprits"]}
    made = Counter(
        copy["made_by"] for copy in truth["copies"] if copy["view"] is not None and copy["made_by"]
    )
    framed = {lie["domain"] for lie in truth["framed"]}
    findable = sorted(name for name in culprits if made[name])
    return Result(
        seed=job.seed,
        species=truth["species"],
        views=len(truth["views"]),
        strip=job.strip,
        is_forged=bool(framed),
        findable=tuple(findable),
        found=tuple(name for name in findable if scores.get(name, 0.0) >= LIKELY),
        wrong=tuple(
            (name, score, name in framed)
            for name, score in sorted(scores.items())
            if score > POSSIBLE and name not in culprits
        ),
        right=sum(score >= LIKELY and name in culprits for name, score in scores.items()),
        told=tuple(storm.species.value for storm in traced.storms),
    )


def run(jobs: Iterable[Job], workers: int) -> list[Result]:
    """Judge all jobs, several at a time."""
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(judged, jobs, chunksize=8))


def table(
    title: str, results: Sequence[Result], groups: Sequence[tuple[str, Callable[[Result], bool]]]
) -> str:
    """Precision and recall of each group, a line each."""
    lines = [
        f"| {title} | storms | findable | found | recall | accused (0.8) | wrongly | precision | innocents over 0.5 | framed over 0.5 |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, belongs in groups:
        chosen = [result for result in results if belongs(result)]
        findable = sum(len(result.findable) for result in chosen)
        found = sum(len(result.found) for result in chosen)
        wrongly = sum(score >= LIKELY for result in chosen for _, score, _ in result.wrong)
        accused = sum(result.right for result in chosen) + wrongly
        lines.append(
            f"| {name} | {len(chosen):,} | {findable:,} | {found:,} | {_share(found, findable)} | {accused:,} | {wrongly} |"
            f" {_share(accused - wrongly, accused)} | {sum(len(result.wrong) for result in chosen)} |"
            f" {sum(is_framed for result in chosen for _, _, is_framed in result.wrong)} |"
        )
    return "\n".join(lines)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else ""


def by_views(results: Sequence[Result]) -> str:
    """The table by how many mailboxes are seen."""
    groups = [
        (
            f"{least}" if least == most else f"{least} to {most}",
            lambda result, a=least, b=most: a <= result.views <= b,
        )
        for least, most in VIEWS
    ]
    return table(
        "mailboxes",
        results,
        [*groups, ("all", lambda _: True), ("ten and more", lambda result: result.views >= 10)],
    )


def by_species(results: Sequence[Result]) -> str:
    """The table by what was written."""
    kinds = sorted({result.species for result in results})
    return table(
        "species", results, [(kind, lambda result, kind=kind: result.species == kind) for kind in kinds]
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--styles", default="")
    parser.add_argument("--strip", type=float)
    parser.add_argument("--forge", type=float, default=0.2)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    if chosen.held_out:
        return held_out(chosen.count, chosen.workers, write=chosen.write)
    styles = tuple(name for name in chosen.styles.split(",") if name)
    jobs = [
        Job(seed=seed, styles=styles, strip=chosen.strip, forge=chosen.forge, verbose=chosen.verbose)
        for seed in range(chosen.seed, chosen.seed + chosen.count)
    ]
    results = run(jobs, chosen.workers)
    print(by_views(results), by_species(results), sep="\n\n")
    for result in results:
        missed = sorted(set(result.findable) - set(result.found))
        if missed or result.wrong:
            print(
                f"{result.seed} {result.species} in {result.views} mailboxes: missed {missed}, wrong {result.wrong} {result.told}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
