"""The statements about Held: what is set aside, and what a person does about it."""

from collections.abc import Sequence

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from seawall.ledger.records import HeldNote, HeldRecord, NewDelivery, OpenDelivery
from seawall.ledger.schema import delivery, held


def held_mails(connection: Connection, *, every: bool = False) -> list[HeldRecord]:
    """Return what is in Held, oldest first; with `every` also what was released or dropped."""
    query = _durable()
    if not every:
        query = query.where(held.c.status == "held")
    return [_record(row) for row in connection.execute(query.order_by(held.c.id))]


def held_mail(connection: Connection, held_id: int) -> HeldRecord | None:
    """Return one held mail, whatever became of it."""
    row = connection.execute(_durable().where(held.c.id == held_id)).first()
    return _record(row) if row else None


def intend_release(connection: Connection, held_id: int, release: NewDelivery) -> bool:
    """Write down that a held mail is about to be delivered; False where it is not held any more.

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
        )
    )
    return True


def end_release(connection: Connection, release_id: str, now: float, *, is_delivered: bool) -> None:
    """A release was delivered, or did not happen and the mail is held as before."""
    if is_delivered:
        connection.execute(
            update(delivery).where(delivery.c.id == release_id).values(state="delivered", delivered_at=now)
        )
        connection.execute(update(held).where(held.c.release_id == release_id).values(status="released"))
        return
    connection.execute(
        update(held).where(held.c.release_id == release_id).values(status="held", release_id=None)
    )
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
            **{name: fields[name] for name in HeldNote.__slots__ if name != "evidence"},
            evidence=tuple(fields["evidence"]),
        ),
        held_at=fields["held_at"],
        status=fields["status"],
        directory=fields["directory"],
        base_name=fields["base_name"],
        release_id=fields["release_id"],
    )
