"""Facts → Trace: the storms, who makes them, and the bounces. Reads the facts, and nothing else.

The one file that knows every step of a trace, in the order in which they are taken.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from seawall.forensic.advice import first_response
from seawall.forensic.bounces import read_bounces
from seawall.forensic.caps import POSSIBLE
from seawall.forensic.copies import Copy, copy_of, names_of_addresses
from seawall.forensic.curve import curve
from seawall.forensic.domains import organisation
from seawall.forensic.engine import Facts, Family
from seawall.forensic.findings import Deed, Scene, read_scene
from seawall.forensic.gather import Gathered
from seawall.forensic.quotes import quote
from seawall.forensic.reader import Reader, read_reader
from seawall.forensic.report_storms import explained_by, report_storms
from seawall.forensic.rows import hops_of
from seawall.forensic.storms import Found, storms
from seawall.forensic.talks import talk_storms
from seawall.forensic.tree import replication_tree
from seawall.model.trace import Departure, Storm, Trace

BATCH: Final = 20_000
"""Copies that are looked at together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How to look: `mine` are the reader's own domains, in A-labels and lower case."""

    mine: tuple[str, ...] = ()

    @property
    def organisations(self) -> frozenset[str]:
        """The reader's own domains as suspects are named: by what somebody registered."""
        return frozenset(organisation(domain) or domain for domain in self.mine)


def trace(gathered: Gathered, order: Order, *, directory: Path | None = None) -> Trace:
    """Return what the facts tell; `directory` is where the engine may put what memory does not hold."""
    with TemporaryDirectory(dir=directory) as own:
        if not gathered.parts:
            return _trace(gathered, (), None, order)
        with Facts(gathered.parts, Path(own)) as facts:
            return _trace(gathered, *_found(facts, order.organisations), facts, order)


def _found(facts: Facts, mine: frozenset[str]) -> tuple[tuple[tuple[Found, int], ...]]:
    """Return the storms, each with how many copies it has in all: first those whose makers can be named, then by size."""
    families = facts.families()
    reading = _Reading(facts)
    scenes: list[Scene] = []
    sizes: dict[int, int] = {}
    for family, scene in reading.scenes(families):
        if scene.findings:
            sizes[id(scene)] = family.copies
            scenes.append(scene)
    found = [*storms(scenes, mine), *talk_storms(facts, reading.copies, mine)]
    found += report_storms(facts, reading.copies, explained_by(found), mine)
    counted = [
        (storm, storm.mails or sum(sizes.get(id(scene), len(scene.copies)) for scene in storm.scenes))
        for storm in found
    ]
    return (tuple(sorted(counted, key=lambda item: (not _names_anybody(item[0]), -item[1]))),)


def _names_anybody(storm: Found) -> bool:
    return any(suspect.score > POSSIBLE for suspect in storm.suspects)


class _Reading:
    """Rows → copies, with what is known of each mailbox's own side."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._readers: dict[str, Reader] = {}
        self._names: dict[str, str] = {}

    def scenes(self, families: Sequence[Family]) -> Iterator[tuple[Family, Scene]]:
        """Yield what the copies of each family show, a batch at a time."""
        for batch in _batches(families):
            rows = self._facts.copies(batch)
            self._learn([row for one in rows.values() for row in one])
            for family in batch:
                yield family, read_scene([self._copy(row) for row in rows[family.number]])

    def copies(self, rows: Sequence[Mapping[str, Any]]) -> list[Copy]:
        """Return the copies that rows are."""
        self._learn(rows)
        return [self._copy(row) for row in rows]

    def _copy(self, row: Mapping[str, Any]) -> Copy:
        return copy_of(row, self._readers.get(row["box"], Reader()), self._known)

    def _known(self, address: str) -> str:
        return self._names.get(address, "")

    def _learn(self, rows: Sequence[Mapping[str, Any]]) -> None:
        boxes = {row["box"] for row in rows} - self._readers.keys()
        samples = self._facts.samples(boxes) if boxes else {}
        ways = (hops_of(row) for row in (*rows, *(row for some in samples.values() for row in some)))
        self._names.update(names_of_addresses(ways))
        for box, some in samples.items():
            self._readers[box] = read_reader(some, self._known)


def _batches(families: Sequence[Family]) -> Iterator[list[Family]]:
    batch: list[Family] = []
    copies = 0
    for family in families:
        batch.append(family)
        copies += family.copies
        if copies >= BATCH:
            yield batch
            batch, copies = [], 0
    if batch:
        yield batch


def _trace(
    gathered: Gathered, found: Iterable[tuple[Found, int]], facts: Facts | None, order: Order
) -> Trace:
    return Trace(
        mails=gathered.mails,
        octets=gathered.octets,
        sources=gathered.sources,
        storms=tuple(_storm(storm, copies) for storm, copies in found),
        bounces=read_bounces(facts.reports() if facts else (), order.organisations),
        unread=gathered.unread,
    )


def _storm(found: Found, copies: int) -> Storm:
    everything = [copy for scene in found.scenes for copy in scene.copies]
    times = [copy.arrived for copy in everything if copy.arrived is not None]
    first = _genuine(found.scenes) or everything[0]
    span, timeline = curve(times)
    return Storm(
        id=_name(found, first),
        species=found.species,
        sender=first.from_address or (first.return_path or ""),
        subject=first.subject,
        message_id=first.message_id,
        first_seen=min(times, default=None),
        last_seen=max(times, default=None),
        copies=copies,
        recipients=len({name for copy in everything for name in _receivers(copy)}),
        contents=len(found.scenes),
        departures=_departures(found.scenes),
        because=found.because,
        suspects=found.suspects,
        timeline=timeline,
        span=span,
        tree=replication_tree(
            everything, frozenset(suspect.domain for suspect in found.suspects if suspect.score > POSSIBLE)
        ),
        first_response=first_response(found.species),
    )


def _receivers(copy: Copy) -> tuple[str, ...]:
    return copy.recipients if copy.is_logged else (copy.recipient or copy.box,)


def _name(found: Found, first: Copy) -> str:
    key = f"{found.species.name}\0{first.message_id}\0{first.subject_norm}\0{first.from_address}"
    return blake2b(key.encode("utf-8", "replace"), digest_size=5).hexdigest()


def _genuine(scenes: Sequence[Scene]) -> Copy | None:
    """Return the earliest copy that came from where the mail honestly begins."""
    honest = [
        copy
        for scene in scenes
        for copy in scene.copies
        if copy.maker in scene.origins and not copy.has_signs
    ]
    return min(honest, key=lambda copy: copy.arrived or 0.0, default=None)


def _departures(scenes: Sequence[Scene]) -> tuple[Departure, ...]:
    """Return each time that the mail left its origin, as far as is seen; nothing where several mails are copied."""
    if len(scenes) != 1:
        return ()
    (scene,) = scenes
    left: dict[int, Departure] = {}
    again = {
        finding.copy for finding in scene.findings if finding.deed in {Deed.SENT_AGAIN, Deed.SUBMITTED_AGAIN}
    }
    for number, copy in enumerate(scene.copies):
        if copy.maker not in scene.origins or copy.has_signs or not copy.hops:
            continue
        step = copy.way.steps[copy.way.believed]
        place = max(step.start, step.stop - 1)
        if number in again:
            place = min(step.stop, len(copy.hops) - 1)
        hop = copy.hops[place]
        left.setdefault(
            hop.prefix_id,
            Departure(
                at=hop.at,
                host=hop.rdns if copy.is_logged else hop.by or hop.rdns,
                quote=quote(copy, "Received", hop.text),
            ),
        )
    return tuple(sorted(left.values(), key=lambda departure: departure.at or 0.0))
