import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from seawall.errors import Misconfigured, StateInUse
from seawall.ledger import deliveries, migrations, statements
from seawall.ledger.ledger import REVISION, Ledger
from seawall.ledger.records import Intent, Listing, NewDelivery
from seawall.ledger.schema import metadata
from seawall.ledger.state import Lock, State


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = Ledger.open(tmp_path / "ledger.sqlite")
    yield found
    found.close()


def intent(n: int) -> Intent:
    delivery = NewDelivery(
        delivery_id=f"{n:032x}", recipient="a@example.org", directory="/m", base_name=f"{n}"
    )
    return Intent(uidl=b"u%d" % n, octets=n, header_digest=b"%016d" % n, deliveries=(delivery,))


def shape(connection: Connection) -> dict[str, object]:
    """Every table's columns, keys and indices, as the database tells them; columns in any order."""
    found = inspect(connection)
    return {
        table: (
            {
                column["name"]: (str(column["type"]), column["nullable"])
                for column in found.get_columns(table)
            },
            found.get_pk_constraint(table)["constrained_columns"],
            sorted(str(key["referred_table"]) for key in found.get_foreign_keys(table)),
            sorted(str(index["name"]) for index in found.get_indexes(table)),
        )
        for table in found.get_table_names()
    }


def test_the_migrations_lead_to_what_a_fresh_ledger_is(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with create_engine(f"sqlite:///{path}").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    migrated = Ledger.open(path)
    try:
        assert migrated.transact(_difference) == []
        assert migrated.transact(shape) == ledger.transact(shape)
    finally:
        migrated.close()


def test_a_fresh_ledger_has_the_schema_and_its_revision(ledger: Ledger) -> None:
    assert ledger.transact(_difference) == []
    stamped = ledger.transact(
        lambda connection: MigrationContext.configure(connection).get_current_revision()
    )
    assert stamped == REVISION


def _difference(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


def test_the_newest_migration_is_the_one_that_is_expected() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert scripts.get_current_head() == REVISION


def test_a_commit_is_durable(ledger: Ledger) -> None:
    def pragmas(connection: Connection) -> tuple[object, object]:
        return (
            connection.execute(text("PRAGMA journal_mode")).scalar(),
            connection.execute(text("PRAGMA synchronous")).scalar(),
        )

    assert ledger.transact(pragmas) == ("wal", 2)


def test_a_copy_is_known_when_its_delivery_is_and_not_before(ledger: Ledger) -> None:
    account = ledger.transact(statements.open_account, "office").account_id
    ledger.transact(deliveries.intend, account, [intent(1), intent(2)], 1.0)
    assert ledger.transact(statements.known_copies, account) == []
    ledger.transact(deliveries.note_staged, [f"{1:032x}"], 2.0)
    assert [d.staged_at for d in ledger.transact(deliveries.open_deliveries, account)] == [2.0, None]
    ledger.transact(deliveries.note_delivered, account, [f"{1:032x}"], 3.0)
    ledger.transact(deliveries.postpone, [f"{2:032x}"])
    assert [copy.uidl for copy in ledger.transact(statements.known_copies, account)] == [b"u1"]
    assert ledger.transact(deliveries.open_deliveries, account) == []


def test_an_erased_copy_is_forgotten_once_it_is_gone_and_another_is_remembered(ledger: Ledger) -> None:
    account = ledger.transact(statements.open_account, "office").account_id
    copies = ledger.transact(deliveries.intend, account, [intent(1), intent(2)], 1.0)
    ledger.transact(deliveries.note_delivered, account, [f"{1:032x}", f"{2:032x}"], 1.0)
    ledger.transact(statements.note_erased, [copies[0]], 2.0)
    ledger.transact(statements.note_listing, account, Listing(gone=tuple(copies)), 3.0)
    known = ledger.transact(statements.known_copies, account)
    assert [(copy.uidl, copy.is_listed) for copy in known] == [(b"u2", False)]
    later = 3.0 + statements.REMEMBER_SECONDS + 1
    ledger.transact(statements.note_listing, account, Listing(), later)
    assert ledger.transact(statements.known_copies, account) == []


def test_a_failed_transaction_leaves_nothing(ledger: Ledger) -> None:
    account = ledger.transact(statements.open_account, "office").account_id

    def broken(connection: Connection) -> None:
        deliveries.intend(connection, account, [intent(1)], 1.0)
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        ledger.transact(broken)
    assert ledger.transact(deliveries.open_deliveries, account) == []


def test_a_second_process_is_refused_by_name(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "lock", "collecting")
    with pytest.raises(StateInUse, match=r"process \d+ is collecting"):
        Lock(tmp_path / "lock", "collecting")
    lock.release()
    Lock(tmp_path / "lock", "collecting").release()


def test_a_file_that_is_no_ledger_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(Misconfigured, match="cannot be used"):
        Ledger.open(tmp_path / "ledger.sqlite")


def test_a_ledger_of_a_later_version_is_not_touched(ledger: Ledger, tmp_path: Path) -> None:
    ledger.transact(
        lambda connection: connection.execute(text("UPDATE alembic_version SET version_num='9999'"))
    )
    with pytest.raises(Misconfigured, match="later version"):
        Ledger.open(tmp_path / "ledger.sqlite")


def test_everything_in_the_state_is_this_users_alone(tmp_path: Path) -> None:
    state = State.make(str(tmp_path / "state"))
    key = state.mark_key()
    Ledger.open(state.database).close()
    assert len(key) == 32
    assert state.mark_key() == key
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (state.root, *state.root.iterdir())}
    assert set(modes.values()) <= {"0o700", "0o600"}, json.dumps(modes)


def test_an_account_tells_whether_something_is_still_to_be_delivered(ledger: Ledger) -> None:
    office = ledger.transact(statements.open_account, "office")
    other = ledger.transact(statements.open_account, "other")
    assert not office.has_open_deliveries
    ledger.transact(deliveries.intend, office.account_id, [intent(1)], 1.0)
    assert ledger.transact(statements.open_account, "office").has_open_deliveries
    assert not ledger.transact(statements.open_account, "other").has_open_deliveries
    left = ledger.transact(deliveries.left_open, office.account_id)
    assert [one.delivery_id for one in left.to_files] == [f"{1:032x}"]
    ledger.transact(deliveries.note_delivered, office.account_id, [f"{1:032x}"], 2.0)
    assert not ledger.transact(statements.open_account, "office").has_open_deliveries
    assert ledger.transact(deliveries.left_open, other.account_id).to_files == ()


def test_what_was_offered_when_a_process_ended_is_in_doubt_once(ledger: Ledger) -> None:
    office = ledger.transact(statements.open_account, "office").account_id
    offered = replace(intent(1).deliveries[0], directory="", base_name="")
    ledger.transact(deliveries.intend, office, [replace(intent(1), deliveries=(offered,))], 1.0)
    ledger.transact(deliveries.note_transfers, office, [offered.delivery_id], {}, 2.0)
    assert ledger.transact(deliveries.left_open, office).in_doubt == (offered.delivery_id,)
    assert ledger.transact(deliveries.left_open, office).in_doubt == ()
    (copy,) = ledger.transact(statements.remembered, office).open
    assert [begun.doubts for begun in copy.begun] == [1]


def test_the_queries_of_a_poll_go_by_an_index(ledger: Ledger) -> None:
    def plan(connection: Connection) -> list[str]:
        rows = connection.execute(text(f"EXPLAIN QUERY PLAN {statements._ACCOUNT}"), {"name": "office"})
        return [str(row[3]) for row in rows]

    found = ledger.transact(plan)
    assert any("USING INDEX open_delivery" in step for step in found)
    assert not any(step.startswith("SCAN") for step in found)
