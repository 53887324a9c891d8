"""Who is accused in real mail: every set of the corpus on its own, by mailbox, and all together, into docs/accused.md.

    accused.py              tables and every hit, on stdout; half a minute
    accused.py --write      into docs/accused.md

A hit is a storm that is told, or a suspect with a score of 0.3 and more. Owns what is counted, and what each hit was found to
be by reading its mails; a hit that nobody has read yet is told as such, and is the exit code's 1.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from seawall.facts.row import read_row
from seawall.forensic.caps import POSSIBLE
from seawall.forensic.gather import gather
from seawall.forensic.suspects import LIKELY
from seawall.forensic.trace import Order, trace
from seawall.model.trace import Storm, Suspect, Trace
from sections import write_section

ROOT: Final = Path(__file__).resolve().parent.parent
CORPUS: Final = ROOT.parent / "shared" / "corpus"
DOCUMENT: Final = ROOT / "docs" / "accused.md"
READ: Final = ROOT / "bench" / "accused.json"
"""What each hit was found to be, by the Message-ID of its mail."""
FIXTURES: Final = ("mikel-mail", "mime4j", "mimekit", "sa-testdata", "sisimai")
"""Sets of test mails: variants of a few, written for parsers, not mail that somebody got."""
MAX_READ: Final = 2**20
TOLD: Final = 0.3
BANDS: Final = (("under 0.3", 0.0, TOLD), ("0.3 to 0.5", TOLD, POSSIBLE + 1e-9), ("over 0.5", POSSIBLE + 1e-9, LIKELY), ("0.8 and over", LIKELY, 2.0))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A way to look at mails: which sets, how they were thrown together, and what was found in them."""

    sets: str
    how: str
    mailboxes: int
    trace: Trace


def views(directory: Path) -> list[View]:
    """Trace each set as one mailbox and by recipients, then all sets, the ordinary ones first."""
    found = []
    names = sorted(path.parent.name for path in CORPUS.glob("*/messages"))
    ordinary = [name for name in names if name not in FIXTURES]
    split: dict[str, list[str]] = {}
    for name in [*ordinary, *FIXTURES]:
        found.append(_view(name, "one mailbox", [str(CORPUS / name / "messages")]))
        split[name] = by_recipient(name, directory)
        if len(split[name]) > 1:
            found.append(_view(name, "by recipient", split[name]))
    for title, chosen in (("all but fixtures", ordinary), ("all", names)):
        found.append(_view(title, "one mailbox a set", [str(CORPUS / name / "messages") for name in chosen]))
        found.append(_view(title, "by recipient", [box for name in chosen for box in split[name]]))
    return found


def by_recipient(name: str, directory: Path) -> list[str]:
    """Copy a set's mails into a directory for each recipient, where they tell one; return the directories."""
    boxes: dict[str, Path] = {}
    for source in sorted((CORPUS / name / "messages").iterdir()):
        octets = source.read_bytes()
        who = recipient(octets) if octets else ""
        if who:
            box = boxes.setdefault(who, directory / name / f"{len(boxes):03d}")
            box.mkdir(parents=True, exist_ok=True)
            (box / source.name).write_bytes(octets)
    return [str(box) for box in boxes.values()]


def recipient(octets: bytes) -> str:
    """Return whom a mail was for: its topmost Delivered-To, its envelope, or the only address in To and Cc."""
    row = read_row(octets[:MAX_READ], len(octets))
    delivered = [found.address for found in row.delivered_to if not found.hops_above]
    alone = row.recipients if row.recipient_count == 1 else ()
    return next(iter((*delivered, *row.envelope_to, *alone)), "")


def _view(sets: str, how: str, sources: Sequence[str]) -> View:
    with tempfile.TemporaryDirectory(prefix="seawall-accused-") as facts:
        traced = trace(gather(sources, Path(facts)), Order(), directory=Path(facts))
    return View(sets=sets, how=how, mailboxes=len(sources), trace=traced)


def table(chosen: Iterable[View]) -> str:
    """One line a view: mails, storms by species, suspects by score."""
    lines = [
        f"| set | how | mailboxes | mails | storms | {' | '.join(name for name, _, _ in BANDS)} |",
        f"|---|---|--:|--:|---|{'--:|' * len(BANDS)}",
    ]
    for view in chosen:
        species = Counter(storm.species.value for storm in view.trace.storms)
        scores = [suspect.score for storm in view.trace.storms for suspect in storm.suspects]
        counts = " | ".join(str(sum(low <= score < high for score in scores)) for _, low, high in BANDS)
        told = ", ".join(f"{count} {name}" for name, count in species.most_common()) or "none"
        lines.append(
            f"| {view.sets} | {view.how} | {view.mailboxes} | {view.trace.mails:,} | {told} | {counts} |"
        )
    return "\n".join(lines)


def hits(chosen: Sequence[View], read: dict[str, str]) -> tuple[str, int]:
    """Return every hit with its evidence and what it was found to be, once each; and how many nobody has read."""
    by_mail: dict[str, list[tuple[View, Storm]]] = {}
    for view in chosen:
        for storm in view.trace.storms:
            by_mail.setdefault(storm.message_id, []).append((view, storm))
    parts = []
    for message_id, found in sorted(by_mail.items(), key=lambda item: -item[1][0][1].copies):
        storm = found[0][1]
        named = {
            suspect.domain: suspect
            for _, one in reversed(found)
            for suspect in sorted(one.suspects, key=lambda suspect: suspect.score)
            if suspect.score >= TOLD
        }
        where = sorted({f"{view.sets}, {view.how}" for view, _ in found if not view.sets.startswith("all")})
        parts.append(
            "\n".join(
                (
                    f"**{storm.species.value}**, {storm.copies} copies, `{message_id}` ({'; '.join(where)}):",
                    *(_accusation(suspect) for suspect in named.values()),
                    *([] if named else ["- nobody with a score of 0.3 or more"]),
                    f"- *In truth:* {read.get(message_id, 'not read yet.')}",
                )
            )
        )
    return "\n\n".join(parts) or "None.", sum(message_id not in read for message_id in by_mail)


def _accusation(suspect: Suspect) -> str:
    says = "; ".join(
        f"{evidence.kind.value} {evidence.weight:+.2f}: {evidence.says}" for evidence in suspect.evidence
    )
    held = f" Held down, because {suspect.cap}." if suspect.cap else ""
    return f"- {suspect.domain}, {suspect.score}: {says}.{held}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="into docs/accused.md")
    asked = parser.parse_args()
    if not CORPUS.exists():
        parser.error("the corpus of real mail is not beside this checkout")
    read: dict[str, str] = json.loads(READ.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="seawall-boxes-") as directory:
        found = views(Path(directory))
    fixtures = [view for view in found if view.sets in FIXTURES]
    ordinary = [view for view in found if view not in fixtures]
    told, unread = hits([view for view in ordinary if view.sets != "all"], read)
    told_of_fixtures, unread_fixtures = hits(fixtures, read)
    for name, text in (
        ("accused ordinary", f"{table(ordinary)}\n\n### Every hit\n\n{told}"),
        ("accused fixtures", f"{table(fixtures)}\n\n### Every hit\n\n{told_of_fixtures}"),
    ):
        print(text, end="\n\n")
        if asked.write:
            write_section(name, text, DOCUMENT)
    return 1 if unread + unread_fixtures else 0


if __name__ == "__main__":
    sys.exit(main())
