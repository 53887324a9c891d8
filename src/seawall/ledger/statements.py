"""The statements about accounts, their stored copies and their troubles, one function each, named for what it means.

Each takes the connection of a transaction; `Ledger.do` begins and commits it. Moments are Unix
seconds. What is done with a copy stands in `deliveries`, what is set aside in `setaside`.

What each poll asks and tells is written once, as a constant: to put a query together costs
SQLAlchemy several times what it costs SQLite to answer it.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import (
    Connection,
    Delete,
    Update,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert

from seawall.ledger.deliveries import open_copies
from seawall.ledger.parts import parts
from seawall.ledger.records import (
    AccountRecord,
    Listing,
    Remembered,
    SeenCopy,
    Trouble,
)
from seawall.ledger.schema import account, delivery, stored_copy, trouble
from seawall.model.copy import KnownCopy

REMEMBER_SECONDS: Final = 90 * 86400.0
"""How long a copy that left the server by itself is remembered, so that it is known if it comes back."""


def open_account(connection: Connection, name: str) -> AccountRecord:
    """Return an account, made where it is new."""
    row = connection.execute(_ACCOUNT, {"name": name}).first()
    if row is None:
        connection.execute(insert(account).values(name=name))
        row = connection.execute(_ACCOUNT, {"name": name}).one()
    return AccountRecord(**row._mapping)  # noqa: SLF001 -- SQLAlchemy's public name for it


def accounts(connection: Connection) -> list[AccountRecord]:
    """Return every account that was ever polled, by name."""
    rows = connection.execute(_ACCOUNTS.order_by(account.c.name)).mappings()
    return [AccountRecord(**row) for row in rows]


_ACCOUNTS: Final = select(
    account.c.id.label("account_id"),
    *(column for column in account.c if column is not account.c.id),
    # As the index has it: SQLite does not use one of some rows for a value that it is given later.
    exists()
    .where(delivery.c.account_id == account.c.id, delivery.c.state != literal_column("'delivered'"))
    .label("has_open_deliveries"),
)
_ACCOUNT: Final = _ACCOUNTS.where(account.c.name == bindparam("name"))


def remembered(connection: Connection, account_id: int) -> Remembered:
    """Return what is remembered of an account's box."""
    return Remembered(
        known=tuple(known_copies(connection, account_id)),
        open=tuple(open_copies(connection, account_id)),
        troubles=troubles(connection, account_id),
    )


def note_success(connection: Connection, account_id: int, now: float, next_poll_at: float) -> None:
    """A poll went well."""
    connection.execute(_SUCCESS, {"account": account_id, "now": now, "then": next_poll_at})


_SUCCESS: Final = (
    update(account)
    .where(account.c.id == bindparam("account"))
    .values(
        first_polled_at=func.coalesce(account.c.first_polled_at, bindparam("now")),
        polled_at=bindparam("now"),
        succeeded_at=bindparam("now"),
        next_poll_at=bindparam("then"),
        failures=0,
        problem="",
        stopped_for=None,
    )
)


def note_failure(
    connection: Connection, account_id: int, now: float, next_poll_at: float, problem: str
) -> None:
    """A poll failed; `problem` says why to a person."""
    connection.execute(
        update(account)
        .where(account.c.id == account_id)
        .values(polled_at=now, next_poll_at=next_poll_at, failures=account.c.failures + 1, problem=problem)
    )


def stop_account(connection: Connection, account_id: int, now: float, problem: str, stopped_for: str) -> None:
    """The server says that the credentials are wrong: nothing is tried while they are the same."""
    connection.execute(
        update(account)
        .where(account.c.id == account_id)
        .values(
            polled_at=now,
            next_poll_at=None,
            failures=account.c.failures + 1,
            problem=problem,
            stopped_for=stopped_for,
        )
    )


def known_copies(connection: Connection, account_id: int) -> list[KnownCopy]:
    """Return the copies that need no fetching, in the order in which they were learnt."""
    rows = connection.execute(_KNOWN, {"account": account_id})
    return [
        KnownCopy(
            copy_id=copy_id,
            uidl=uidl,
            octets=octets,
            header_digest=digest,
            settled_at=settled_at,
            is_listed=is_listed,
            is_erased=is_erased,
        )
        for copy_id, uidl, octets, digest, settled_at, is_listed, is_erased in rows
    ]


_KNOWN: Final = (
    select(
        stored_copy.c.id,
        stored_copy.c.uidl,
        stored_copy.c.octets,
        stored_copy.c.header_digest,
        stored_copy.c.settled_at,
        stored_copy.c.is_listed,
        stored_copy.c.is_erased,
    )
    .where(
        stored_copy.c.account_id == bindparam("account"),
        stored_copy.c.is_adopted | stored_copy.c.settled_at.is_not(None),
    )
    .order_by(stored_copy.c.id)
)


def count_known(connection: Connection, account_id: int) -> int:
    """Return how many copies that are on the server need no fetching."""
    c = stored_copy.c
    known = (c.account_id == account_id) & c.is_listed & (c.is_adopted | c.settled_at.is_not(None))
    return connection.execute(select(func.count()).where(known)).scalar_one()


def note_listing(connection: Connection, account_id: int, listing: Listing, now: float) -> None:
    """Tell what a listing changed. Erased copies that are gone are forgotten; so are others after 90 days."""
    c = stored_copy.c
    _each(connection, update(stored_copy).values(is_listed=False, changed_at=now), listing.gone)
    _each(connection, delete(stored_copy).where(c.is_erased), listing.gone)
    _each(connection, update(stored_copy).values(is_listed=True, changed_at=now), listing.back)
    if listing.renamed:
        connection.execute(
            update(stored_copy)
            .where(c.id == bindparam("copy"))
            .values(uidl=bindparam("name"), octets=bindparam("size"), is_listed=True, changed_at=now),
            [{"copy": copy_id, "name": uidl, "size": octets} for copy_id, uidl, octets in listing.renamed],
        )
    connection.execute(
        delete(stored_copy).where(
            c.account_id == account_id, ~c.is_listed, c.changed_at < now - REMEMBER_SECONDS
        )
    )


def note_erased(connection: Connection, copy_ids: Sequence[int], now: float) -> None:
    """The server said that it erased these."""
    _each(connection, update(stored_copy).values(is_erased=True, changed_at=now), copy_ids)


def adopt(connection: Connection, account_id: int, copies: Sequence[SeenCopy], now: float) -> None:
    """Mark mails as seen without fetching them: they are known, and never erased.

    In the same transaction the account's first poll is over, so that `start` is applied once.
    """
    connection.execute(
        update(account)
        .where(account.c.id == account_id)
        .values(first_polled_at=func.coalesce(account.c.first_polled_at, now))
    )
    if not copies:
        return
    connection.execute(
        insert(stored_copy),
        [
            {
                "account_id": account_id,
                "uidl": copy.uidl,
                "octets": copy.octets,
                "header_digest": copy.header_digest,
                "is_adopted": True,
                "changed_at": now,
            }
            for copy in copies
        ],
    )


def troubles(connection: Connection, account_id: int) -> dict[bytes, Trouble]:
    """Return the mails of an account that could not be brought, by key."""
    rows = connection.execute(_TROUBLES, {"account": account_id}).mappings()
    return {row["key"]: Trouble(**row) for row in rows}


_TROUBLES: Final = select(*(trouble.c[name] for name in Trouble.__slots__)).where(
    trouble.c.account_id == bindparam("account")
)


def trouble_of(connection: Connection, account_id: int, key: bytes) -> Trouble | None:
    """Return what is wrong with one mail, None where nothing is."""
    c = trouble.c
    row = (
        connection.execute(
            select(*(c[name] for name in Trouble.__slots__)).where(c.account_id == account_id, c.key == key)
        )
        .mappings()
        .first()
    )
    return Trouble(**row) if row else None


def note_trouble(connection: Connection, account_id: int, found: Trouble) -> None:
    """Write down that a mail could not be brought."""
    values = {name: getattr(found, name) for name in found.__slots__}
    connection.execute(
        upsert(trouble)
        .values(account_id=account_id, **values)
        .on_conflict_do_update(index_elements=[trouble.c.account_id, trouble.c.key], set_=values)
    )


def end_troubles(connection: Connection, account_id: int, keys: Sequence[bytes]) -> None:
    """These mails came at last, or are gone."""
    connection.execute(
        delete(trouble).where(trouble.c.account_id == account_id, trouble.c.key == bindparam("which")),
        [{"which": key} for key in keys],
    )


def _each(connection: Connection, statement: Update | Delete, copy_ids: Sequence[int]) -> None:
    for some in parts(copy_ids):
        connection.execute(statement.where(stored_copy.c.id.in_(some)))
