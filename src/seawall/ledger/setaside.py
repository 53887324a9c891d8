"""The statements about Held: what is set aside, and what a person does about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, delete, func, insert, select, update

from seawall.ledger import windows
from seawall.ledger.records import HeldNote, HeldRecord, HeldStorm, NewDelivery, OpenDelivery
from seawall.ledger.schema import delivery, held, storm
from seawall.model.knowledge import Claim

_NEEDED: Final = ("held", "releasing")
"""The statuses in which a mail still needs its body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Some of what is held: all of a storm, or without any, or for a reason; `every` also what was released or dropped."""

    storm_id: int | None = None
    is_alone: bool = False
    reason: str | None = None
    every: bool = False


EVERYTHING: Final = Choice()


def held_mails(
    connection: Connection, choice: Choice = EVERYTHING, *, after: int = 0, most: int | None = None
) -> list[HeldRecord]:
    """Return what is in Held, oldest first; `most` of it behind the number `after`."""
    query = _chosen(_durable(), choice).where(held.c.id > after)
    return [_record(row) for row in connection.execute(query.order_by(held.c.id).limit(most))]


def held_ids(connection: Connection, choice: Choice, after: int, most: int) -> list[int]:
    """Return the numbers of `most` held mails behind the number `after`, oldest first."""
    query = select(held.c.id).join(delivery, held.c.delivery_id == delivery.c.id)
    query = _chosen(query.where(delivery.c.state == "delivered", held.c.id > after), choice)
    return list(connection.execute(query.order_by(held.c.id).limit(most)).scalars())


def _chosen(query: Select[Any], choice: Choice) -> Select[Any]:
    if not choice.every:
        query = query.where(held.c.status == "held")
    if choice.storm_id is not None:
        query = query.where(held.c.storm_id == choice.storm_id)
    if choice.is_alone:
        query = query.where(held.c.storm_id.is_(None))
    if choice.reason is not None:
        query = query.where(held.c.reason == choice.reason)
    return query


def count(connection: Connection, choice: Choice = EVERYTHING) -> int:
    """Return how many mails that is."""
    joined = select(func.count()).select_from(held).join(delivery, held.c.delivery_id == delivery.c.id)
    found: int = connection.execute(
        _chosen(joined.where(delivery.c.state == "delivered"), choice)
    ).scalar_one()
    return found


def storms(connection: Connection, *, every: bool = False) -> list[HeldStorm]:
    """Return the storms that have copies in Held, in their order; with `every` also those whose copies have left."""
    groups = (
        select(
            held.c.storm_id,
            held.c.reason,
            func.count().label("copies"),
            func.min(held.c.held_at).label("first_at"),
            func.max(held.c.held_at).label("last_at"),
        )
        .join(delivery, held.c.delivery_id == delivery.c.id)
        .where(held.c.storm_id.is_not(None), delivery.c.state == "delivered")
        .group_by(held.c.storm_id, held.c.reason)
    )
    if not every:
        groups = groups.where(held.c.status == "held")
    found = groups.subquery()
    rows = connection.execute(
        select(storm, found.c.reason, found.c.copies, found.c.first_at, found.c.last_at)
        .join(found, found.c.storm_id == storm.c.id)
        .order_by(storm.c.id, found.c.reason)
    )
    return _storms(rows)


def _storms(rows: Iterable[Any]) -> list[HeldStorm]:
    found: dict[int, HeldStorm] = {}
    for row in rows:
        fields = row._mapping  # noqa: SLF001 -- SQLAlchemy's public name for it
        opened_at, closed_at = fields[storm.c.opened_at], fields[storm.c.closed_at]
        new = HeldStorm(
            storm_id=fields[storm.c.id],
            sender=fields[storm.c.sender],
            subject=fields[storm.c.subject],
            sentence=fields[storm.c.sentence],
            is_open=opened_at is not None and (closed_at is None or closed_at < opened_at),
            copies=row[-3],
            reasons=(row[-4],),
            first_at=row[-2],
            last_at=row[-1],
        )
        old = found.get(new.storm_id)
        found[new.storm_id] = new if old is None else _together(old, new)
    return list(found.values())


def _together(one: HeldStorm, other: HeldStorm) -> HeldStorm:
    return replace(
        one,
        copies=one.copies + other.copies,
        reasons=one.reasons + other.reasons,
        first_at=min(one.first_at, other.first_at),
        last_at=max(one.last_at, other.last_at),
    )


def octets_held(connection: Connection) -> int:
    """Return what held mail takes on the disk."""
    kept = select(func.sum(held.c.kept_octets)).where(held.c.status == "held")
    return connection.execute(kept).scalar() or 0


def unneeded(connection: Connection, bodies: Sequence[bytes]) -> list[bytes]:
    """Return which of these bodies no mail needs that is held or being released."""
    # One question each: a body of a storm is needed by many, and the first that is found answers.
    needs = select(held.c.id).where(held.c.body == bindparam("which"), held.c.status.in_(_NEEDED)).limit(1)
    return [body for body in bodies if connection.execute(needs, {"which": body}).first() is None]


def _pass_on(connection: Connection, which: ColumnElement[bool]) -> None:
    """Where a mail ends for which its body's octets were counted, they count for the next that needs it."""
    row = connection.execute(
        select(held.c.id, held.c.body, held.c.kept_octets, held.c.octets).where(which)
    ).first()
    if row is None or row.body is None or row.kept_octets != row.octets:
        return
    needs = (held.c.body == row.body) & held.c.status.in_(_NEEDED) & (held.c.id != row.id)
    heir = (
        connection.execute(select(func.min(held.c.id)).where(needs, held.c.id > row.id)).scalar()
        or connection.execute(select(func.min(held.c.id)).where(needs)).scalar()
    )
    if heir is not None:
        connection.execute(update(held).where(held.c.id == heir).values(kept_octets=held.c.octets))


def held_mail(connection: Connection, held_id: int) -> HeldRecord | None:
    """Return one held mail, whatever became of it."""
    row = connection.execute(_durable().where(held.c.id == held_id)).first()
    return _record(row) if row else None


def intend_release(connection: Connection, held_id: int, release: NewDelivery, now: float) -> bool:
    """Write down that a held mail is about to be delivered; False where it is not held any more.

    From here on its recipient counts as having it, so that no further copy reaches him.
    A release that was left in doubt is repeated under its id.
    """
    taken = connection.execute(
        update(held)
        .where(held.c.id == held_id, held.c.status == "held")
        .values(status="releasing", release_id=release.delivery_id)
    )
    if taken.rowcount != 1:
        return False
    origin = select(delivery.c.account_id).join(held, held.c.delivery_id == delivery.c.id)
    account_id = connection.execute(origin.where(held.c.id == held_id)).scalar_one()
    again = connection.execute(
        update(delivery)
        .where(delivery.c.id == release.delivery_id)
        .values(directory=release.directory, base_name=release.base_name, state="intended")
    )
    if again.rowcount:
        return True
    connection.execute(
        insert(delivery).values(
            id=release.delivery_id,
            account_id=account_id,
            recipient=release.recipient,
            directory=release.directory,
            base_name=release.base_name,
            state="intended",
            **_claimed(connection, release.claim, now),
        )
    )
    return True


def _claimed(connection: Connection, claim: Claim | None, now: float) -> dict[str, object]:
    """Claim what a release gives its recipient; that he has it already is a person's own decision."""
    if claim is None:
        return {}
    (seen_id,) = windows.take(connection, [claim], now)
    is_free = claim.resend is not None and not windows.resends(connection, [claim.resend])
    return {"seen_id": seen_id, "exact": claim.resend if is_free else None}


def end_release(connection: Connection, release_id: str, now: float, *, is_delivered: bool) -> None:
    """A release was delivered, or did not happen and the mail is held as before."""
    if is_delivered:
        connection.execute(
            update(delivery).where(delivery.c.id == release_id).values(state="delivered", delivered_at=now)
        )
        _pass_on(connection, held.c.release_id == release_id)
        connection.execute(update(held).where(held.c.release_id == release_id).values(status="released"))
        return
    connection.execute(
        update(held).where(held.c.release_id == release_id).values(status="held", release_id=None)
    )
    windows.give_back(connection, delivery.c.id == release_id)
    connection.execute(delete(delivery).where(delivery.c.id == release_id))


def offer_release(connection: Connection, release_id: str) -> None:
    """From here on the next hop may have it."""
    connection.execute(update(delivery).where(delivery.c.id == release_id).values(state="offered"))


def doubt_release(connection: Connection, release_id: str) -> None:
    """The next hop's answer was lost: the mail is held as before, and its next release bears the same id."""
    connection.execute(
        update(delivery)
        .where(delivery.c.id == release_id)
        .values(state="intended", doubts=delivery.c.doubts + 1)
    )
    connection.execute(update(held).where(held.c.release_id == release_id).values(status="held"))


def open_releases(connection: Connection) -> list[OpenDelivery]:
    """Return the releases that were under way when their process ended."""
    rows = connection.execute(
        select(
            delivery.c.id, delivery.c.directory, delivery.c.base_name, delivery.c.state, delivery.c.staged_at
        )
        .join(held, held.c.release_id == delivery.c.id)
        .where(held.c.status == "releasing")
    )
    return [
        OpenDelivery(
            delivery_id=delivery_id,
            directory=directory,
            base_name=base_name,
            staged_at=staged_at if state == "staged" else None,
            is_offered=state == "offered",
        )
        for delivery_id, directory, base_name, state, staged_at in rows
    ]


def drop(connection: Connection, held_id: int) -> bool:
    """A person drops a held mail; False where it is not held any more. Its file may then go."""
    dropped = connection.execute(
        update(held).where(held.c.id == held_id, held.c.status == "held").values(status="dropped")
    )
    if dropped.rowcount == 1:
        _pass_on(connection, held.c.id == held_id)
    return dropped.rowcount == 1


def ended(connection: Connection, base_names: Sequence[str]) -> list[str]:
    """Return which of these are the files of mails that were released or dropped."""
    rows = connection.execute(
        select(delivery.c.base_name)
        .join(held, held.c.delivery_id == delivery.c.id)
        .where(delivery.c.base_name.in_(base_names), held.c.status.in_(("released", "dropped")))
    )
    return list(rows.scalars())


def _durable() -> Select[tuple[object, ...]]:
    """Held mails whose file is durably there."""
    columns: Sequence[object] = (*held.c, delivery.c.directory, delivery.c.base_name)
    joined = select(*columns).join(delivery, held.c.delivery_id == delivery.c.id)  # type: ignore[call-overload] # columns of two tables
    query: Select[tuple[object, ...]] = joined.where(delivery.c.state == "delivered")
    return query


def _record(row: Row[tuple[object, ...]]) -> HeldRecord:
    fields = row._mapping  # noqa: SLF001 -- SQLAlchemy's public name for it
    return HeldRecord(
        held_id=fields["id"],
        note=HeldNote(
            **{name: fields[name] for name in HeldNote.__slots__ if name not in {"evidence", "storm"}},
            evidence=tuple(fields["evidence"]),
        ),
        held_at=fields["held_at"],
        status=fields["status"],
        directory=fields["directory"],
        base_name=fields["base_name"],
        release_id=fields["release_id"],
        storm_id=fields["storm_id"],
    )
