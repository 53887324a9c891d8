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
from functools import partial
from pathlib import Path
from typing import Final

from plots import CPU, STYLE, WALL
from seawall.forensic.caps import POSSIBLE
from seawall.forensic.gather import gather
from seawall.forensic.suspects import LIKELY
from seawall.forensic.trace import Order, trace
from seawall.lab.writer import storm as writer
from seawall.lab.writer.write import write_storm
from sections import write_section

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "accuracy.md"
HELD_OUT_STYLES: Final = ("qmail", "communigate", "domino", "mdaemon", "proofpoint", "exchange-online")
HELD_OUT_SEED: Final = 500_000
STRIPPING: Final = (0.0, 0.1, 0.3, 0.5, 0.8)
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


def _sees(least: int, most: int, result: Result) -> bool:
    return least <= result.views <= most


def _is_of(species: str, result: Result) -> bool:
    return result.species == species


def _strips(share: float, result: Result) -> bool:
    return result.strip == share


def by_views(results: Sequence[Result]) -> str:
    """The table by how many mailboxes are seen."""
    groups = [
        (
            f"{least}" if least == most else f"{least} to {most}",
            partial(_sees, least, most),
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
    return table("species", results, [(kind, partial(_is_of, kind)) for kind in kinds])


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
        return held_out(chosen.workers, write=chosen.write)
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


def held_out(workers: int, *, write: bool) -> int:
    """The published run: seeds that nothing was developed on, then styles, shares of stripping servers, and forgers."""
    mixed = run((Job(seed=HELD_OUT_SEED + n, styles=(), strip=None, forge=0.0) for n in range(700)), workers)
    strange = run(
        (
            Job(seed=HELD_OUT_SEED + 10_000 + n, styles=HELD_OUT_STYLES, strip=None, forge=0.0)
            for n in range(400)
        ),
        workers,
    )
    stripped = [
        result
        for place, share in enumerate(STRIPPING)
        for result in run(
            (
                Job(seed=HELD_OUT_SEED + 20_000 + 1000 * place + n, styles=(), strip=share, forge=0.0)
                for n in range(100)
            ),
            workers,
        )
    ]
    forged = run(
        (Job(seed=HELD_OUT_SEED + 30_000 + n, styles=(), strip=None, forge=1.0) for n in range(400)), workers
    )
    by_strip = table(
        "stripping servers",
        stripped,
        [(f"{share:.0%}", partial(_strips, share)) for share in STRIPPING],
    )
    by_forger = table(
        "forgers",
        forged,
        [
            ("somebody framed", lambda result: result.is_forged),
            ("nobody could be", lambda result: not result.is_forged),
        ],
    )
    sections = {
        "views": f"Seeds {HELD_OUT_SEED:,} and on, any style.\n\n{by_views(mixed)}",
        "species": by_species(mixed),
        "styles": f"Only servers that write like {', '.join(HELD_OUT_STYLES)}.\n\n{by_views(strange)}",
        "stripping": by_strip,
        "forgery": f"{by_forger}\n\n{by_views(forged)}",
        "wrong": _listed([*mixed, *strange, *stripped, *forged]),
    }
    for name, text in sections.items():
        print(text, end="\n\n")
        if write:
            write_section(f"accuracy {name}", text, DOCUMENT)
    if write:
        draw(mixed, stripped)
    return 0


def _listed(results: Sequence[Result]) -> str:
    """Who was accused and is not to blame, a line each."""
    lines = [
        f"- seed {result.seed}, {result.species}, {result.views} mailboxes: {name}, {score}{' (framed)' if is_framed else ''}"
        for result in results
        for name, score, is_framed in result.wrong
    ]
    return "\n".join([f"Of {len(results):,} storms, {len(lines)} innocents over 0.5:", "", *lines])


def draw(mixed: Sequence[Result], stripped: Sequence[Result]) -> None:
    """Recall by mailboxes and by stripping servers, as pictures; needs matplotlib."""
    import matplotlib as mpl  # noqa: PLC0415 -- only `make bench` installs it
    from matplotlib.figure import Figure  # noqa: PLC0415

    views = [
        (
            f"{least}" if least == most else f"{least} to {most}",
            [result for result in mixed if least <= result.views <= most],
        )
        for least, most in VIEWS
    ]
    shares = [
        (f"{share:.0%}", [result for result in stripped if result.strip == share]) for share in STRIPPING
    ]
    for name, groups, label in (
        ("views", views, "mailboxes"),
        ("stripping", shares, "servers that remove Received"),
    ):
        recall = [
            sum(len(result.found) for result in chosen)
            / max(1, sum(len(result.findable) for result in chosen))
            for _, chosen in groups
        ]
        wrong = [
            sum(score >= LIKELY for result in chosen for _, score, _ in result.wrong) for _, chosen in groups
        ]
        right = [sum(result.right for result in chosen) for _, chosen in groups]
        precision = [good / max(1, good + bad) for good, bad in zip(right, wrong, strict=True)]
        with mpl.rc_context(STYLE):
            figure = Figure(figsize=(6, 3), layout="constrained")
            axes = figure.subplots()
            axes.plot([title for title, _ in groups], recall, color=WALL, marker="o", label="recall")
            axes.plot(
                [title for title, _ in groups],
                precision,
                color=CPU,
                marker="s",
                linestyle="--",
                label="precision",
            )
            axes.set_ylim(0, 1.05)
            axes.set_xlabel(label)
            axes.legend()
            figure.savefig(
                DOCUMENT.parent / "plots" / f"accuracy-{name}.svg", transparent=True, metadata={"Date": None}
            )


if __name__ == "__main__":
    sys.exit(main())
