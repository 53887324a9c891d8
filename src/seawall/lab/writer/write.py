"""A storm → a directory: `views/` and `truth.json`.

Owns the layout. Refuses to overwrite: a directory that is there stays as it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from seawall.errors import Misconfigured
from seawall.lab.writer.arrivals import Copy
from seawall.lab.writer.shelves import Shelf, put
from seawall.lab.writer.storm import Order, Storm, storm
from seawall.lab.writer.truth import truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """What was written."""

    directory: Path
    species: str
    culprits: tuple[str, ...]
    views: int
    mails: int


def write_storms(out: Path, order: Order, count: int) -> Iterator[Laid]:
    """Write `count` storms under `out`, of the seeds from the order's on; raise Misconfigured where one is there."""
    for seed in range(order.seed, order.seed + count):
        yield write_storm(out / f"storm-{seed:06}", storm(replace(order, seed=seed)))


def write_storm(directory: Path, written: Storm) -> Laid:
    """Write one storm into a new directory."""
    try:
        (directory / "views").mkdir(parents=True)
    except FileExistsError:
        raise Misconfigured(f"{directory} is there already: name another directory, or remove it") from None
    draw = Random(f"shelves {written.order.seed}")  # noqa: S311 -- reproducible, not secret
    shelf = draw.choice((Shelf.MBOX, Shelf.MBOX, Shelf.MAILDIR))
    by_mailbox: dict[str, list[Copy]] = {address: [] for address in written.views}
    for copy in written.copies:
        if copy.mailbox in by_mailbox:
            by_mailbox[copy.mailbox].append(copy)
    places: dict[int, tuple[int, str, int]] = {}
    for view, copies in enumerate(by_mailbox.values(), start=1):
        copies.sort(key=lambda copy: (copy.moment, copy.number))
        files = put(directory, f"{view:02}", shelf, copies)
        places |= {
            copy.number: (view, file, index)
            for index, (copy, file) in enumerate(zip(copies, files, strict=True))
        }
    (directory / "truth.json").write_text(truth(written, places), encoding="ascii")
    return Laid(
        directory=directory,
        species=written.species.name,
        culprits=tuple(culprit.domain for culprit in written.culprits),
        views=len(written.views),
        mails=len(places),
    )
