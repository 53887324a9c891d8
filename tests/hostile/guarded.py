"""Puts into the ledger what the guard's rules would: storms, breakers, mails that are set aside."""

import os
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy import Connection, insert, select, update

from seawall.ledger import statements
from seawall.ledger.ledger import Ledger
from seawall.ledger.schema import account, delivery, held, storm
from seawall.ledger.state import State

STORM: Final = {
    "kind": "copies",
    "sender": "boss@example.net",
    "subject": "Quarterly figures",
    "first_at": 1_800_000_000.0,
    "last_at": 1_800_000_000.0,
    "copies": 4211,
    "opened_at": 1_800_000_000.0,
    "closed_at": None,
    "sentence": "4211 copies of one mail from 3 places within a day",
}
HELD: Final = {
    "recipient": "alice@example.org",
    "sentence": "a copy",
    "evidence": [],
    "message_id": "",
    "sender": "boss@example.net",
    "subject": "Quarterly figures",
    "octets": 1000,
    "reverse_path": None,
    "server": "pop.example.net",
    "status": "held",
}


class Rules:
    """What a rule would write down, at a state directory of its own."""

    def __init__(self, root: Path) -> None:
        self._ledger = Ledger.open(State.make(str(root / "state")).database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ledger.close()

    def opens_storm(self, **values: Any) -> int:
        row = {**STORM, "key": os.urandom(16), **values}
        found: int = self._ledger.transact(
            lambda connection: connection.execute(
                insert(storm).values(row).returning(storm.c.id)
            ).scalar_one()
        )
        return found

    def breaks(self, name: str, at: float, why: str) -> None:
        def write(connection: Connection) -> None:
            statements.open_account(connection, name)
            connection.execute(
                update(account).where(account.c.name == name).values(broken_at=at, broken_for=why)
            )

        self._ledger.transact(write)

    def holds(self, reason: str, count: int, at: float, **values: Any) -> None:
        def write(connection: Connection) -> None:
            account_id = statements.open_account(connection, "office").account_id
            ids = [os.urandom(16).hex() for _ in range(count)]
            common = {"account_id": account_id, "recipient": HELD["recipient"], "directory": "/nowhere"}
            connection.execute(
                insert(delivery),
                [{**common, "id": one, "base_name": one, "state": "delivered"} for one in ids],
            )
            row = {**HELD, "account": "office", "reason": reason, "held_at": at, **values}
            connection.execute(insert(held), [{**row, "delivery_id": one} for one in ids])
            counted = account.c.delivered + count
            connection.execute(update(account).where(account.c.id == account_id).values(delivered=counted))

        self._ledger.transact(write)

    def account(self, name: str) -> Any:
        return self._ledger.transact(statements.open_account, name)

    def storm(self, storm_id: int) -> Any:
        return self._ledger.transact(
            lambda connection: connection.execute(select(storm).where(storm.c.id == storm_id)).one()
        )
