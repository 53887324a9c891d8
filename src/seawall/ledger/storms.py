"""The statements about storms as the rules find them: how many copies, and which breakers open."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from seawall.ledger.parts import parts
from seawall.ledger.records import Opened
from seawall.ledger.schema import storm
from seawall.model.knowledge import StormNote


def note_storms(connection: Connection, notes: Sequence[StormNote], now: float) -> list[Opened]:
    """Count mails into their storms; return those whose breaker opens with them: one alarm for each, not one a mail."""
    if not notes:
        return []
    copies = Counter(note.key for note in notes)
    opening = {note.key for note in notes if note.opens}
    first = {note.key: note for note in reversed(notes)}
    known = {row.key: row for row in _rows(connection, list(copies))}
    opened = []
    for key, count in copies.items():
        note, row = first[key], known.get(key)
        is_opened = key in opening and (row is None or row.opened_at is None or row.closed_at is not None)
        if row is None:
            values = {
                "key": key,
                "kind": note.kind.value,
                "sender": note.sender,
                "subject": note.subject,
                "first_at": now,
                "last_at": now,
                "copies": count,
                "opened_at": now if is_opened else None,
                "sentence": note.sentence,
            }
            (storm_id,) = connection.execute(insert(storm).values(**values)).inserted_primary_key or (0,)
        else:
            storm_id = row.id
            changed: dict[str, object] = {"copies": storm.c.copies + count, "last_at": now}
            if is_opened:
                changed |= {"opened_at": now, "closed_at": None, "sentence": note.sentence}
            connection.execute(update(storm).where(storm.c.id == storm_id).values(**changed))
        if is_opened:
            opened.append(
                Opened(
                    storm_id=storm_id,
                    kind=note.kind.value,
                    sender=note.sender,
                    subject=note.subject,
                    sentence=note.sentence,
                )
            )
    return opened


def storm_ids(connection: Connection, keys: Iterable[bytes]) -> dict[bytes, int]:
    """Return the ids of storms by key."""
    return {row.key: row.id for row in _rows(connection, list(set(keys)))}


def _rows(connection: Connection, keys: Sequence[bytes]) -> list[Any]:
    query = select(storm.c.id, storm.c.key, storm.c.opened_at, storm.c.closed_at)
    return [row for some in parts(keys) for row in connection.execute(query.where(storm.c.key.in_(some)))]
