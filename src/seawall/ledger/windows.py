"""The statements about what was seen before: contents, resends and tallies, in windows bounded in rows and time.

A content is claimed for its recipient in the transaction that intends its delivery, so of two accounts that
judged at the same time one is told to judge again. The oldest is forgotten first: by when it was last seen
here, whatever a mail says of its age.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    true,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert

from seawall.decide.case import repeated
from seawall.decide.tallies import merged
from seawall.ledger.parts import parts
from seawall.ledger.records import OutdatedError
from seawall.ledger.schema import delivery, held, seen, stored_copy, storm, tally
from seawall.model.knowledge import Claim, Entry, Known, Questions, Variant

MOST_WAYS: Final = 64
"""Ways of one content to one recipient that are told apart: each of its mails is compared with all of them."""
FORGOTTEN_AT_ONCE: Final = 4096
"""Rows that one transaction forgets at most, so that nobody waits long for it."""


def knowledge(connection: Connection, asked: Questions) -> Known:
    """Return what is known of what a batch asks."""
    contents = _contents(connection, list(asked.contents))
    tallies, storms = set(asked.tallies), set()
    for key in contents:
        again = asked.contents[key]
        copies, storm_key = repeated(again.content_id, again.recipient)
        tallies.update((copies, storm_key))
        storms.add(storm_key)
    return Known(
        contents=contents,
        resends=frozenset(resends(connection, list(asked.resends))),
        tallies=_tallies(connection, list(tallies)),
        storms=frozenset(_open(connection, list(storms))),
        marks=recipients_of(connection, list(asked.marks)),
        as_of=connection.execute(_NEWEST).scalar() or 0,
    )


_NEWEST: Final = select(func.max(seen.c.id))
_SEEN: Final = select(
    seen.c.key, seen.c.id, seen.c.route, seen.c.list_id, seen.c.signs, seen.c.message_id, seen.c.delivered
).where(seen.c.key.in_(bindparam("keys", expanding=True)))
_RESENDS: Final = select(delivery.c.exact).where(delivery.c.exact.in_(bindparam("keys", expanding=True)))
_TALLIES: Final = select(tally.c.key, tally.c.entries).where(
    tally.c.key.in_(bindparam("keys", expanding=True))
)
_OPEN: Final = select(storm.c.key).where(
    storm.c.key.in_(bindparam("keys", expanding=True)),
    storm.c.opened_at.is_not(None),
    storm.c.closed_at.is_(None),
)
_RECEIVED: Final = select(delivery.c.id, delivery.c.recipient).where(
    delivery.c.id.in_(bindparam("keys", expanding=True)), delivery.c.state == "delivered"
)


def _contents(connection: Connection, keys: Sequence[bytes]) -> dict[bytes, tuple[Variant, ...]]:
    found: dict[bytes, list[Variant]] = {}
    for key, seen_id, route, list_id, signs, message_id, delivered in _rows(connection, _SEEN, keys):
        variant = Variant(
            seen_id, tuple(route.split()), list_id, frozenset(signs.split()), message_id, delivered
        )
        found.setdefault(key, []).append(variant)
    return {key: tuple(variants) for key, variants in found.items()}


def resends(connection: Connection, keys: Sequence[bytes]) -> list[bytes]:
    """Return which of these very mails were given to their recipients, by the same way."""
    return [key for (key,) in _rows(connection, _RESENDS, keys)]


def _tallies(connection: Connection, keys: Sequence[bytes]) -> dict[bytes, tuple[Entry, ...]]:
    return {
        key: tuple(Entry(float(moment), str(who), str(mail)) for moment, who, mail in entries)
        for key, entries in _rows(connection, _TALLIES, keys)
    }


def _open(connection: Connection, keys: Sequence[bytes]) -> list[bytes]:
    return [key for (key,) in _rows(connection, _OPEN, keys)]


def recipients_of(connection: Connection, delivery_ids: Sequence[str]) -> dict[str, str]:
    """Return who received the named deliveries; one that is not known is left out."""
    return {row.id: row.recipient for row in _rows(connection, _RECEIVED, delivery_ids)}


def _rows(connection: Connection, query: Any, keys: Sequence[object]) -> Iterable[Any]:
    for some in parts(keys):
        yield from connection.execute(query, {"keys": some})


# ── claims ──────────────────────────────────────────────────────────────────────────────────


def take(connection: Connection, claims: Sequence[Claim], now: float, as_of: int | None = None) -> list[int]:
    """Claim contents for their recipients; return the id of each.

    Raises OutdatedError where one of them came to be known behind `as_of`, or a resend was claimed since.
    """
    if not claims:
        return []
    last = connection.execute(_NEWEST).scalar() or 0
    rows = list(_rows(connection, _VARIANTS, list(dict.fromkeys(claim.content for claim in claims))))
    known = {(key, variant): seen_id for key, variant, seen_id, delivered in rows if delivered > 0}
    # What was given back is claimed anew, so that others see that it was.
    _delete(connection, seen, [seen_id for *_, seen_id, delivered in rows if delivered <= 0])
    claimed = [claim.resend for claim in claims if claim.resend is not None]
    if as_of is not None and (
        any(seen_id > as_of for seen_id in known.values()) or resends(connection, claimed)
    ):
        raise OutdatedError
    ways = Counter(key for key, _ in known)
    fresh: dict[tuple[bytes, bytes], dict[str, object]] = {}
    again: dict[int, int] = {}
    taken = []
    for claim in claims:
        pair = (claim.content, claim.variant)
        if pair not in known and ways[claim.content] >= MOST_WAYS:
            known[pair] = max(seen_id for (key, _), seen_id in known.items() if key == claim.content)
        if pair not in known:
            ways[claim.content] += 1
            last += 1
            known[pair] = last
            fresh[pair] = {
                "id": last,
                "key": claim.content,
                "variant": claim.variant,
                "route": claim.route,
                "list_id": claim.list_id,
                "signs": claim.signs,
                "message_id": claim.message_id,
                "delivered": 1,
                "last_at": now,
            }
        else:
            again[known[pair]] = again.get(known[pair], 0) + 1
        taken.append(known[pair])
    if fresh:
        connection.execute(_NEW, list(fresh.values()))
    if again:
        connection.execute(
            _AGAIN, [{"which": seen_id, "more": more, "now": now} for seen_id, more in again.items()]
        )
    return taken


_VARIANTS: Final = select(seen.c.key, seen.c.variant, seen.c.id, seen.c.delivered).where(
    seen.c.key.in_(bindparam("keys", expanding=True))
)
_NEW: Final = insert(seen)
_AGAIN: Final = (
    update(seen)
    .where(seen.c.id == bindparam("which"))
    .values(delivered=seen.c.delivered + bindparam("more"), last_at=bindparam("now"))
)


def give_back(connection: Connection, which: ColumnElement[bool]) -> None:
    """These deliveries will not happen: what they claimed is free again."""
    rows = connection.execute(
        select(delivery.c.seen_id, func.count())
        .where(which, delivery.c.seen_id.is_not(None))
        .group_by(delivery.c.seen_id)
    ).all()
    for seen_id, less in rows:
        connection.execute(update(seen).where(seen.c.id == seen_id).values(delivered=seen.c.delivered - less))
    connection.execute(update(delivery).where(which).values(seen_id=None, exact=None))


# ── tallies ─────────────────────────────────────────────────────────────────────────────────


def note_tallies(connection: Connection, tallies: Mapping[bytes, Sequence[Entry]], now: float) -> None:
    """Remember tallies, together with what other batches counted meanwhile; an empty one begins anew."""
    if not tallies:
        return
    before = _tallies(connection, [key for key, entries in tallies.items() if entries])
    connection.execute(
        _TALLY,
        [
            {
                "key": key,
                "entries": [
                    [entry.moment, entry.who, entry.mail] for entry in merged(before.get(key, ()), entries)
                ],
                "last_at": now,
            }
            for key, entries in tallies.items()
        ],
    )


_INSERT_TALLY: Final = upsert(tally)
_TALLY: Final = _INSERT_TALLY.on_conflict_do_update(
    index_elements=[tally.c.key],
    set_={"entries": _INSERT_TALLY.excluded.entries, "last_at": _INSERT_TALLY.excluded.last_at},
)


# ── bounds ──────────────────────────────────────────────────────────────────────────────────


def forget(connection: Connection, now: float, seconds: float, most: int) -> int:
    """Keep the windows within their time and `most` rows each, oldest first; return how many rows were forgotten.

    What is held, or on its way, is not forgotten: deliveries of it are kept.
    """
    before = now - seconds
    forgotten = 0
    for table in (seen, tally):
        forgotten += _forget_old(connection, table, before)
        forgotten += _forget_most(connection, table, most)
    over = max(0, _count(connection, delivery) - most)
    old = (
        select(delivery.c.id)
        .where(delivery.c.delivered_at.is_not(None), delivery.c.state == "delivered", ~_IS_HELD, ~_IS_OPEN)
        .order_by(delivery.c.delivered_at)
    )
    aged = old.where(delivery.c.delivered_at < before).limit(FORGOTTEN_AT_ONCE)
    for query in (aged, old.limit(min(over, FORGOTTEN_AT_ONCE))):
        forgotten += _delete(connection, delivery, list(connection.execute(query).scalars()))
    connection.execute(
        delete(storm).where(storm.c.last_at < before, ~exists().where(held.c.storm_id == storm.c.id))
    )
    return forgotten


_IS_HELD: Final = exists().where((held.c.delivery_id == delivery.c.id) | (held.c.release_id == delivery.c.id))
_IS_OPEN: Final = exists().where(stored_copy.c.id == delivery.c.copy_id, stored_copy.c.settled_at.is_(None))


def _forget_old(connection: Connection, table: Table, before: float) -> int:
    key = table.primary_key.columns[0]
    query = select(key).where(table.c.last_at < before, _is_not_newest(table)).limit(FORGOTTEN_AT_ONCE)
    return _delete(connection, table, list(connection.execute(query).scalars()))


def _forget_most(connection: Connection, table: Table, most: int) -> int:
    key = table.primary_key.columns[0]
    over = max(0, _count(connection, table) - most)
    oldest = select(key).where(_is_not_newest(table)).order_by(table.c.last_at)
    query = oldest.limit(min(over, FORGOTTEN_AT_ONCE))
    return _delete(connection, table, list(connection.execute(query).scalars())) if over else 0


def _is_not_newest(table: Table) -> ColumnElement[bool]:
    """The newest content stays, so that no number is given twice: by its number is told what is new."""
    return seen.c.id != _NEWEST.scalar_subquery() if table is seen else true()


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _delete(connection: Connection, table: Table, keys: Sequence[object]) -> int:
    key = table.primary_key.columns[0]
    for some in parts(keys):
        connection.execute(delete(table).where(key.in_(some)))
    return len(keys)
