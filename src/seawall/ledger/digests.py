"""The statements about the postmaster's digest: what happened since the last one, and that one was sent."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, case, func, insert, select

from seawall.ledger.breakers import BrokenAccount, StormRecord, broken_accounts, storms_since
from seawall.ledger.schema import account, delivery, digest, held, storm
from seawall.model.verdict import Reason

BOUNCES: Final = (Reason.BOUNCE_FLOOD.value, Reason.BOUNCE_OF_BOUNCE.value)
MOST_STORMS: Final = 1000
MOST_BOUNCES: Final = 20
MOST_GROUPS: Final = 1000
"""Kinds of bounce that are looked at for the few that are told, the most frequent ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDigest:
    """The last digest: its number, the moment up to which it tells what happened, and when it was sent."""

    number: int
    covers_until: float
    sent_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingAccount:
    """An account that is stopped, or whose polls fail one after the other; `succeeded_at` is its last good poll."""

    name: str
    problem: str
    failures: int
    is_stopped: bool
    succeeded_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a digest tells: what was set aside since the last one, and how things stand.

    `since` is None in the first. `set_aside` counts mails by reason code; `bounces` are the evidence
    lines of set-aside bounces, the most frequent, with how many mails said the same. `held` mails of
    `held_octets` are in Held now.
    """

    number: int
    since: float | None
    until: float
    set_aside: Mapping[str, int]
    storms: tuple[StormRecord, ...]
    bounces: tuple[tuple[str, int], ...]
    broken: tuple[BrokenAccount, ...]
    failing: tuple[FailingAccount, ...]
    held: int
    held_octets: int


def last_digest(connection: Connection) -> LastDigest | None:
    """Return the last digest, None where there was none."""
    row = connection.execute(
        select(digest.c.id.label("number"), digest.c.covers_until, digest.c.sent_at)
        .order_by(digest.c.id.desc())
        .limit(1)
    ).mappings()
    found = row.first()
    return LastDigest(**found) if found else None


def breaker_since(connection: Connection, since: float) -> bool:
    """Whether a breaker opened since then, and is open still."""
    opened = select(storm.c.id).where(storm.c.opened_at > since, storm.c.closed_at.is_(None)).limit(1)
    broke = select(account.c.id).where(account.c.broken_at > since).limit(1)
    return any(connection.execute(query).first() is not None for query in (opened, broke))


def news(connection: Connection, names: Collection[str], until: float, alarm_after: int) -> News:
    """Return what the next digest has to tell about these accounts; one that failed fewer than `alarm_after` times is well."""
    before = last_digest(connection)
    since = before.covers_until if before else 0.0
    mails, octets = in_held(connection)
    return News(
        number=(before.number if before else 0) + 1,
        since=before.covers_until if before else None,
        until=until,
        set_aside=held_by_reason(connection, since=since),
        storms=tuple(storms_since(connection, since, MOST_STORMS)),
        bounces=_bounces(connection, since),
        broken=tuple(one for one in broken_accounts(connection) if one.name in names),
        failing=tuple(one for one in _failing(connection, alarm_after) if one.name in names),
        held=mails,
        held_octets=octets,
    )


def note_sent(connection: Connection, number: int, covers_until: float, sent_at: float) -> None:
    """A digest was delivered."""
    connection.execute(insert(digest).values(id=number, covers_until=covers_until, sent_at=sent_at))


def held_by_reason(connection: Connection, *, since: float | None = None) -> dict[str, int]:
    """Return how many mails are in Held for each reason; with `since`, how many were set aside since then, whatever became of them.

    Since then counts also what is on its way into Held: it is not to be missed by this digest and by the next.
    """
    query = select(held.c.reason, func.count())
    if since is None:
        query = query.join(delivery, held.c.delivery_id == delivery.c.id)
        query = query.where(delivery.c.state == "delivered", held.c.status == "held")
    else:
        query = query.where(held.c.held_at > since)
    rows = connection.execute(query.group_by(held.c.reason).order_by(held.c.reason))
    return {reason: count for reason, count in rows}  # noqa: C416 -- a row is no pair for mypy


def in_held(connection: Connection) -> tuple[int, int]:
    """Return how many mails are in Held, and their octets there."""
    kept = case((held.c.kept_octets > 0, held.c.kept_octets), else_=held.c.octets)
    query = select(func.count(), func.coalesce(func.sum(kept), 0)).where(held.c.status == "held")
    mails, octets = connection.execute(query).one()
    return mails, octets


def _bounces(connection: Connection, since: float) -> tuple[tuple[str, int], ...]:
    rows = connection.execute(
        select(held.c.sentence, held.c.evidence, func.count().label("mails"))
        .where(held.c.held_at > since, held.c.reason.in_(BOUNCES))
        .group_by(held.c.sentence, held.c.evidence)
        .order_by(func.count().desc())
        .limit(MOST_GROUPS)
    )
    counts: Counter[str] = Counter()
    for sentence, evidence, mails in rows:
        for line in dict.fromkeys(evidence or (sentence,)):
            counts[line] += mails
    return tuple(counts.most_common(MOST_BOUNCES))


def _failing(connection: Connection, alarm_after: int) -> list[FailingAccount]:
    c = account.c
    rows = connection.execute(
        select(c.name, c.problem, c.failures, c.stopped_for.is_not(None).label("is_stopped"), c.succeeded_at)
        .where(
            c.broken_at.is_(None), c.problem != "", c.stopped_for.is_not(None) | (c.failures >= alarm_after)
        )
        .order_by(c.name)
    ).mappings()
    return [FailingAccount(**row) for row in rows]
