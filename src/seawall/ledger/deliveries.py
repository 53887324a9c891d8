"""The statements about deliveries: what is intended, how far it came, and what a kill left open.

A delivery goes `intended` → `staged` → `delivered`, or by a next hop `intended` → `offered` →
`delivered`; the copy that it belongs to is settled with the last of them, and from then on known.
What is run for each batch or mail is written once, as a constant, like the queries of `statements`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import (
    Connection,
    Update,
    bindparam,
    delete,
    exists,
    false,
    func,
    insert,
    select,
    update,
)

from seawall.ledger import breakers, windows
from seawall.ledger.parts import parts
from seawall.ledger.records import Begun, Intended, Intent, LeftOpen, NewDelivery, OpenCopy, OpenDelivery
from seawall.ledger.schema import account, delivery, held, stored_copy
from seawall.ledger.storms import note_storms, storm_ids
from seawall.model.knowledge import News
from seawall.model.outcome import Accepted, Lost, Outcome

_THESE: Final = delivery.c.id.in_(bindparam("ids", expanding=True))


def intend_judged(
    connection: Connection, account_id: int, intents: Sequence[Intent], now: float, *, news: News, as_of: int
) -> Intended:
    """`intend` for a batch that was judged by what was known at `as_of`, together with what is to be remembered of it.

    Raises OutdatedError where something came to be known since that would change a verdict.
    """
    opened = note_storms(connection, news.storms, now)
    copy_ids = intend(connection, account_id, intents, now, as_of)
    windows.note_tallies(connection, news.tallies, now)
    is_broken = bool(news.breaks) and breakers.break_account(connection, account_id, now, news.breaks)
    return Intended(copy_ids=tuple(copy_ids), opened=tuple(opened), is_broken=is_broken)


def intend(
    connection: Connection,
    account_id: int,
    intents: Sequence[Intent],
    now: float,
    as_of: int | None = None,
) -> list[int]:
    """Write down what is about to be done with a batch, before any of it is done; return the copies' ids."""
    first = (connection.execute(_LAST_COPY).scalar() or 0) + 1
    copies = [first + at if intent.copy_id is None else intent.copy_id for at, intent in enumerate(intents)]
    pairs = list(zip(copies, intents, strict=True))
    fresh = [(copy_id, intent) for copy_id, intent in pairs if intent.copy_id is None]
    if fresh:
        connection.execute(_NEW_COPY, [_copy(account_id, *pair, now) for pair in fresh])
    for copy_id, intent in pairs:
        if intent.copy_id is not None:
            _resume(connection, copy_id, intent, now)
    claims = [new.claim for _, intent in pairs for new in intent.deliveries if new.claim is not None]
    taken = iter(windows.take(connection, claims, now, as_of))
    rows = [
        {
            "id": new.delivery_id,
            "account_id": account_id,
            "copy_id": copy_id,
            "recipient": new.recipient,
            "directory": new.directory,
            "base_name": new.base_name,
            "state": "intended",
            "doubts": new.doubts,
            "exact": new.claim.resend if new.claim else None,
            "seen_id": next(taken) if new.claim else None,
        }
        for copy_id, intent in pairs
        for new in intent.deliveries
    ]
    if rows:
        connection.execute(_NEW_DELIVERY, rows)
    _set_aside(connection, [new for _, intent in pairs for new in intent.deliveries], now)
    _settle(connection, [copy_id for copy_id, intent in pairs if intent.copy_id is not None], now)
    return copies


_LAST_COPY: Final = select(func.max(stored_copy.c.id))
_NEW_COPY: Final = insert(stored_copy)
_NEW_DELIVERY: Final = insert(delivery)


def _copy(account_id: int, copy_id: int, intent: Intent, now: float) -> dict[str, object]:
    return {
        "id": copy_id,
        "account_id": account_id,
        "uidl": intent.uidl,
        "octets": intent.octets,
        "header_digest": intent.header_digest,
        "is_adopted": False,
        "is_listed": True,
        "is_erased": False,
        "changed_at": now,
    }


def _resume(connection: Connection, copy_id: int, intent: Intent, now: float) -> None:
    """A copy came again: forget what was begun for it and does not hold any more."""
    c = delivery.c
    connection.execute(
        update(stored_copy)
        .where(stored_copy.c.id == copy_id)
        .values(uidl=intent.uidl, octets=intent.octets, changed_at=now)
    )
    stale = (c.copy_id == copy_id) & (c.state != "delivered") & c.id.not_in(intent.goes_on)
    windows.give_back(connection, stale)
    connection.execute(delete(held).where(held.c.delivery_id.in_(select(c.id).where(stale))))
    connection.execute(delete(delivery).where(stale))


def _set_aside(connection: Connection, deliveries: Sequence[NewDelivery], now: float) -> None:
    aside = [new for new in deliveries if new.held is not None]
    storms = storm_ids(connection, {new.held.storm for new in aside if new.held and new.held.storm})
    notes = [
        {
            "delivery_id": new.delivery_id,
            **{name: getattr(new.held, name) for name in new.held.__slots__ if name != "storm"},
            "storm_id": storms.get(new.held.storm or b""),
            "evidence": list(new.held.evidence),
            "held_at": now,
            "status": "held",
        }
        for new in aside
        if new.held is not None
    ]
    if notes:
        connection.execute(insert(held), notes)


def note_staged(connection: Connection, delivery_ids: Sequence[str], now: float) -> None:
    """These are whole and durable under their temporary names."""
    _each(connection, _STAGED, delivery_ids, now=now)


def note_delivered(connection: Connection, account_id: int, delivery_ids: Sequence[str], now: float) -> None:
    """These are in their mailboxes, durably; a copy is settled with the last of its recipients."""
    if not delivery_ids:
        return
    _each(connection, _DELIVERED, delivery_ids, now=now)
    _each(connection, _SETTLED, delivery_ids, now=now)
    connection.execute(_COUNTED, {"of_account": account_id, "more": len(delivery_ids)})


def _settle(connection: Connection, copy_ids: Sequence[int], now: float) -> None:
    """Settle those of the copies that every recipient has."""
    for some in parts(copy_ids):
        connection.execute(_SETTLE.where(stored_copy.c.id.in_(some)), {"now": now})


def note_transfers(
    connection: Connection, account_id: int, offered: Sequence[str], closed: Mapping[str, Outcome], now: float
) -> None:
    """How far transfers came: these may be with the next hop from here on, those have their outcome."""
    accepted = [delivery_id for delivery_id, outcome in closed.items() if isinstance(outcome, Accepted)]
    doubtful = [
        delivery_id
        for delivery_id, outcome in closed.items()
        if isinstance(outcome, Lost) and outcome.is_doubtful
    ]
    waiting = [delivery_id for delivery_id in closed if delivery_id not in {*accepted, *doubtful}]
    _each(connection, _OFFERED, offered)
    _each(connection, _WAITING, waiting)
    _each(connection, _DOUBT, doubtful)
    note_delivered(connection, account_id, accepted, now)


def note_doubts(connection: Connection, account_id: int) -> list[str]:
    """What was offered when a process ended may have arrived; return it. It is offered again.

    The next hop may keep it twice then, unless it looks at the mark.
    """
    c = delivery.c
    doubtful = (c.account_id == account_id) & (c.state == "offered") & c.copy_id.is_not(None)
    found = list(connection.execute(select(c.id).where(doubtful)).scalars())
    _each(connection, _DOUBT, found)
    return found


# Made once: to make one again for each transfer took longer than to run it.
_NAMED: Final = update(delivery).where(_THESE)
_STAGED: Final = _NAMED.values(state="staged", staged_at=bindparam("now"))
_OFFERED: Final = _NAMED.values(state="offered")
_WAITING: Final = _NAMED.values(state="intended")
_DOUBT: Final = _NAMED.values(state="intended", doubts=delivery.c.doubts + 1)
_NOWHERE: Final = _NAMED.values(state="intended", directory="", base_name="", staged_at=None)
_DELIVERED: Final = _NAMED.values(state="delivered", delivered_at=bindparam("now"))
_SETTLE: Final = (
    update(stored_copy)
    .where(
        stored_copy.c.settled_at.is_(None),
        ~exists().where(delivery.c.copy_id == stored_copy.c.id, delivery.c.state != "delivered"),
    )
    .values(settled_at=bindparam("now"), changed_at=bindparam("now"))
)
_SETTLED: Final = _SETTLE.where(
    stored_copy.c.id.in_(
        select(delivery.c.copy_id).where(_THESE, delivery.c.copy_id.is_not(None)).scalar_subquery()
    )
)
_COUNTED: Final = (
    update(account)
    .where(account.c.id == bindparam("of_account"))
    .values(delivered=account.c.delivered + bindparam("more"))
)


def _each(connection: Connection, statement: Update, delivery_ids: Sequence[str], **values: object) -> None:
    for some in parts(delivery_ids):
        connection.execute(statement, {"ids": some, **values})


def count_doubts(connection: Connection, account_id: int) -> int:
    """Return how many deliveries of an account may have arrived twice."""
    c = delivery.c
    doubtful = (c.account_id == account_id) & (c.doubts > 0)
    return connection.execute(select(func.count()).where(doubtful)).scalar_one()


def count_held(connection: Connection, account_id: int) -> int:
    """Return how many deliveries of an account were into Held, whatever became of them."""
    rows = select(func.count()).join_from(held, delivery, held.c.delivery_id == delivery.c.id)
    durable = (delivery.c.account_id == account_id) & (delivery.c.state == "delivered")
    return connection.execute(rows.where(durable)).scalar_one()


def refuse(connection: Connection, refused: Sequence[NewDelivery], now: float) -> None:
    """A next hop will never take these: from here on they are deliveries into Held."""
    if refused:
        for some in parts([new.delivery_id for new in refused]):
            windows.give_back(connection, delivery.c.id.in_(some))
        connection.execute(
            update(delivery)
            .where(delivery.c.id == bindparam("which"))
            .values(directory=bindparam("where"), base_name=bindparam("name")),
            [{"which": new.delivery_id, "where": new.directory, "name": new.base_name} for new in refused],
        )
        _set_aside(connection, refused, now)


def postpone(connection: Connection, delivery_ids: Sequence[str]) -> None:
    """These did not happen: their mails are still on the server and will be fetched again, for these recipients."""
    for some in parts(delivery_ids):
        connection.execute(delete(held).where(held.c.delivery_id.in_(some)))
    _each(connection, _NOWHERE, delivery_ids)


def abandon(connection: Connection, copy_ids: Sequence[int]) -> None:
    """These copies left the server long ago, before every recipient had them."""
    c = delivery.c
    for some in parts(copy_ids):
        stale = c.copy_id.in_(some) & (c.state != "delivered")
        windows.give_back(connection, stale)
        connection.execute(delete(held).where(held.c.delivery_id.in_(select(c.id).where(stale))))
        connection.execute(delete(delivery).where(stale))
        connection.execute(delete(stored_copy).where(stored_copy.c.id.in_(some)))


def left_open(connection: Connection, account_id: int) -> LeftOpen:
    """Return what a process left open when it ended, the doubtful noted as such."""
    return LeftOpen(
        to_files=tuple(open_deliveries(connection, account_id)),
        in_doubt=tuple(note_doubts(connection, account_id)),
    )


def open_deliveries(connection: Connection, account_id: int) -> list[OpenDelivery]:
    """Return what was on its way to a file for an account when its process ended."""
    c = delivery.c
    releases = select(held.c.release_id).where(held.c.release_id.is_not(None))
    rows = connection.execute(
        select(c.id, c.directory, c.base_name, c.state, c.staged_at)
        .where(c.account_id == account_id, c.state != "delivered", c.directory != "", c.id.not_in(releases))
        .order_by(c.id)
    )
    return [
        OpenDelivery(
            delivery_id=delivery_id,
            directory=directory,
            base_name=base_name,
            staged_at=staged_at if state == "staged" else None,
        )
        for delivery_id, directory, base_name, state, staged_at in rows
    ]


def open_copies(connection: Connection, account_id: int) -> list[OpenCopy]:
    """Return the copies that some recipient is still to get, oldest first."""
    rows = connection.execute(_OPEN_COPIES, {"account": account_id})
    found: dict[int, OpenCopy] = {}
    for (
        copy_id,
        uidl,
        digest,
        changed_at,
        delivery_id,
        recipient,
        directory,
        base_name,
        state,
        doubts,
        seen_id,
        resend,
    ) in rows:
        begun = Begun(
            delivery_id=delivery_id,
            recipient=recipient,
            directory=directory,
            base_name=base_name,
            is_delivered=state == "delivered",
            doubts=doubts,
            seen_id=seen_id,
            resend=resend,
        )
        before = found.get(copy_id)
        found[copy_id] = OpenCopy(
            copy_id=copy_id,
            uidl=uidl,
            header_digest=digest,
            changed_at=changed_at,
            begun=(*(before.begun if before else ()), begun),
        )
    return list(found.values())


_OPEN_COPIES: Final = (
    select(
        stored_copy.c.id,
        stored_copy.c.uidl,
        stored_copy.c.header_digest,
        stored_copy.c.changed_at,
        delivery.c.id,
        delivery.c.recipient,
        delivery.c.directory,
        delivery.c.base_name,
        delivery.c.state,
        delivery.c.doubts,
        delivery.c.seen_id,
        delivery.c.exact,
    )
    .join(delivery, delivery.c.copy_id == stored_copy.c.id)
    .where(
        stored_copy.c.account_id == bindparam("account"),
        stored_copy.c.settled_at.is_(None),
        stored_copy.c.is_adopted == false(),
    )
    .order_by(stored_copy.c.id, delivery.c.id)
)
