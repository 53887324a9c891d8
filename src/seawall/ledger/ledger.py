"""The ledger: one SQLite file, used by one thread.

Owns the file, its durability and the schema's version. What is asked and told stands in
`statements`, by name. What returned is on the disk: WAL with synchronous=FULL; statements that wait
at the same time share one transaction (`queue`).
"""

import asyncio
import os
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, Self, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from seawall.errors import Misconfigured
from seawall.ledger.queue import Queue
from seawall.ledger.schema import metadata

REVISION: Final = "0003"
"""The newest migration; a test holds it to what is in the folder."""
BUSY_SECONDS: Final = 30.0

P = ParamSpec("P")
T = TypeVar("T")


class Ledger:
    """One open ledger."""

    def __init__(self, engine: Engine) -> None:
        self._queue = Queue(engine)

    @classmethod
    def open(cls, database: Path) -> Self:
        """Open the ledger, make it where it is missing, and bring its schema up to date.

        Raises Misconfigured where the file cannot be used or was written by a later version.
        """
        try:
            os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as problem:
            raise Misconfigured(f"ledger {database} cannot be opened: {problem.strerror}") from problem
        ledger = cls(_engine(database))
        try:
            ledger.transact(_migrate)
        except (DatabaseError, Misconfigured) as problem:
            ledger.close()
            reason = problem.orig if isinstance(problem, DatabaseError) else problem
            raise Misconfigured(f"ledger {database} cannot be used: {reason}") from problem
        return ledger

    async def do(
        self, statement: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a statement, wholly or not at all, and return when it is durable.

        It changes nothing but the ledger. Raises StorageFull where the disk is full and Temporary
        where the file fails otherwise. Cancelled, it does not run, or it is finished.
        """
        return await asyncio.wrap_future(
            self._queue.put(lambda connection: statement(connection, *args, **kwargs))
        )

    def transact(
        self, statement: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """`do` for a caller without an event loop."""
        return self._queue.put(lambda connection: statement(connection, *args, **kwargs)).result()

    def close(self) -> None:
        """Wait for what is under way, and close."""
        self._queue.close()


def _engine(database: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{database}",
        poolclass=NullPool,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=OFF"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A write lock from the start: no transaction can fail half-way for another's sake.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _migrate(connection: Connection) -> None:
    present = connection.execute(
        text("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'")
    ).first()
    revision = (
        connection.execute(text("SELECT version_num FROM alembic_version")).scalar() if present else None
    )
    if revision == REVISION:
        return
    if revision is not None and str(revision) > REVISION:
        raise Misconfigured(f"it was written by a later version of Seawall (schema {revision})")
    if revision is None:
        metadata.create_all(connection)
        connection.execute(
            text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        )
        connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": REVISION})
        return
    # Alembic takes a while to import, and is needed only when the schema changes.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(files("seawall.ledger") / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
