"""The statements about breakers that are open: who sees them, who closes them. What opens one is the rules' own.

A storm's breaker is open from `opened_at` until `closed_at`; an account's, while `broken_at` is set.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Select, func, select, update

from seawall.errors import Permanent
from seawall.ledger.schema import account, storm


@dataclass(frozen=True, slots=True, kw_only=True)
class StormRecord:
    """What set-aside mails have in common; moments are Unix seconds. `sender` and `subject` are a mail's own words."""

    storm_id: int
    kind: str
    sender: str
    subject: str
    first_at: float
    last_at: float
    copies: int
    opened_at: float | None
    closed_at: float | None
    sentence: str

    @property
    def is_open(self) -> bool:
        """Whether its breaker is open: copies of it are set aside."""
        return self.opened_at is not None and self.closed_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenAccount:
    """An account whose breaker is open: since when, and why."""

    name: str
    broken_at: float
    broken_for: str


_STORMS: Final[Select[tuple[object, ...]]] = select(
    storm.c.id.label("storm_id"),
    *(storm.c[name] for name in StormRecord.__slots__ if name != "storm_id"),
)
_IS_OPEN: Final = storm.c.opened_at.is_not(None) & storm.c.closed_at.is_(None)


def open_storms(connection: Connection) -> list[StormRecord]:
    """Return the storms whose breaker is open, in the order in which they were found."""
    return _found(connection, _STORMS.where(_IS_OPEN).order_by(storm.c.id))


def storms_since(connection: Connection, since: float, most: int) -> list[StormRecord]:
    """Return the storms that are open, or that something happened in since then: those with most copies first."""
    c = storm.c
    is_news = (c.last_at > since) | (c.opened_at > since) | (c.closed_at > since)
    query = _STORMS.where(_IS_OPEN | is_news).order_by(c.copies.desc(), c.id).limit(most)
    return _found(connection, query)


def count_opened(connection: Connection) -> int:
    """Return for how many storms a breaker was ever opened."""
    query = select(func.count()).select_from(storm).where(storm.c.opened_at.is_not(None))
    return connection.execute(query).scalar_one()


def broken_accounts(connection: Connection) -> list[BrokenAccount]:
    """Return the accounts whose breaker is open, by name."""
    rows = connection.execute(
        select(account.c.name, account.c.broken_at, account.c.broken_for)
        .where(account.c.broken_at.is_not(None))
        .order_by(account.c.name)
    ).mappings()
    return [BrokenAccount(**row) for row in rows]


def close_quiet(connection: Connection, now: float, quiet: float) -> list[StormRecord]:
    """Close the breakers of storms without a copy for so many seconds; return what closed."""
    found = _found(connection, _STORMS.where(_IS_OPEN, storm.c.last_at < now - quiet))
    if found:
        _close(connection, [one.storm_id for one in found], now)
    return found


def resume(
    connection: Connection, names: Sequence[str], storm_ids: Sequence[int], now: float
) -> tuple[list[BrokenAccount], list[StormRecord]]:
    """Close these breakers, all or none, and return what they were; raises Permanent for one that is not open."""
    accounts = {one.name: one for one in broken_accounts(connection)}
    storms = {one.storm_id: one for one in open_storms(connection)}
    for name in names:
        if name not in accounts:
            raise Permanent(f"account {name} has no open breaker")
    for storm_id in storm_ids:
        if storm_id not in storms:
            raise Permanent(_why_not(connection, storm_id))
    connection.execute(
        update(account)
        .where(account.c.name.in_(names))
        .values(broken_at=None, broken_for="", problem="", next_poll_at=None)
    )
    _close(connection, storm_ids, now)
    return [accounts[name] for name in names], [storms[storm_id] for storm_id in storm_ids]


def note_broken(connection: Connection, account_id: int, next_look_at: float, problem: str) -> None:
    """An account was due and not polled, for its breaker is open; `problem` says so to a person."""
    connection.execute(
        update(account)
        .where(account.c.id == account_id, account.c.broken_at.is_not(None))
        .values(next_poll_at=next_look_at, problem=problem)
    )


def break_account(connection: Connection, account_id: int, now: float, why: str) -> bool:
    """Open an account's breaker: nothing is polled until a person closes it; False where it is open already."""
    opened = connection.execute(
        update(account)
        .where(account.c.id == account_id, account.c.broken_at.is_(None))
        .values(broken_at=now, broken_for=why)
    )
    return opened.rowcount == 1


def _why_not(connection: Connection, storm_id: int) -> str:
    found = _found(connection, _STORMS.where(storm.c.id == storm_id))
    if not found:
        return f"there is no storm {storm_id}"
    return f"the breaker of storm {storm_id} is not open" + (
        " any more" if found[0].closed_at is not None else ""
    )


def _close(connection: Connection, storm_ids: Sequence[int], now: float) -> None:
    connection.execute(update(storm).where(storm.c.id.in_(storm_ids), _IS_OPEN).values(closed_at=now))


def _found(connection: Connection, query: Select[tuple[object, ...]]) -> list[StormRecord]:
    return [StormRecord(**row) for row in connection.execute(query).mappings()]
