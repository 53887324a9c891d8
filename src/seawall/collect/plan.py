"""What a visit to a box shall fetch, and in which batches. Pure.

A mail that failed before is a suspect: it is fetched in a visit of its own, after the others, so
that it delays none of them, and ever more rarely. One that only a recipient could not get yet
breaks no session: it is fetched with the others, once its time has come.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from seawall.ledger.records import Trouble
from seawall.model.mail import Listed

BATCH_MAILS: Final = 512
"""Mails that share their syncs."""
BATCH_OCTETS: Final = 8 * 2**20
UNKNOWN_OCTETS: Final = 64 * 2**10
RETRY_SECONDS: Final = 300.0
MAX_RETRY_SECONDS: Final = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The mails to fetch now, those to fetch alone, those whose time has not come, and those too large."""

    healthy: tuple[Listed, ...]
    suspects: tuple[Listed, ...]
    waiting: tuple[Listed, ...]
    too_large: tuple[Listed, ...]


def trouble_key(listed: Listed) -> bytes:
    """Return what a mail in trouble is remembered by: its UIDL, or its place and size where there is none."""
    return listed.uidl if listed.uidl is not None else b"#%d:%d" % (listed.number, listed.octets or 0)


def plan(fresh: Iterable[Listed], troubles: Mapping[bytes, Trouble], max_octets: int, now: float) -> Plan:
    """Sort the mails that are not known by what is to be done with them now."""
    healthy: list[Listed] = []
    suspects: list[Listed] = []
    waiting: list[Listed] = []
    too_large: list[Listed] = []
    for listed in fresh:
        trouble = troubles.get(trouble_key(listed))
        if listed.octets is not None and listed.octets > max_octets:
            too_large.append(listed)
        elif trouble is None or trouble.failures == 0:
            healthy.append(listed)
        elif trouble.retry_at <= now:
            (healthy if trouble.is_deferred else suspects).append(listed)
        else:
            waiting.append(listed)
    return Plan(
        healthy=tuple(healthy),
        suspects=tuple(suspects),
        waiting=tuple(waiting),
        too_large=tuple(too_large),
    )


def batches(mails: Sequence[Listed], most_mails: int = BATCH_MAILS) -> Iterator[tuple[Listed, ...]]:
    """Cut mails into batches that share their syncs, bounded in number and in octets as listed."""
    batch: list[Listed] = []
    octets = 0
    for listed in mails:
        size = UNKNOWN_OCTETS if listed.octets is None else listed.octets
        if batch and (len(batch) >= most_mails or octets + size > BATCH_OCTETS):
            yield tuple(batch)
            batch, octets = [], 0
        batch.append(listed)
        octets += size
    if batch:
        yield tuple(batch)


def worse(before: Trouble | None, listed: Listed, why: str, now: float, *, at_once: bool = False) -> Trouble:
    """Return the trouble of a mail that failed once more.

    With `at_once` its first retry comes in the same poll, in a visit of its own: another mail may
    have been to blame. Each later one comes after twice the time of the one before it, up to a day.
    """
    failures = before.failures + 1 if before else 1
    wait = min(RETRY_SECONDS * 2.0 ** min(failures - 1, 16), MAX_RETRY_SECONDS)
    if at_once and failures == 1:
        wait = 0.0
    return Trouble(
        key=trouble_key(listed),
        octets=listed.octets,
        failures=failures,
        why=why,
        first_at=before.first_at if before else now,
        retry_at=now + wait,
        is_alarmed=before.is_alarmed if before else False,
    )
