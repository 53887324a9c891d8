"""What waits for the ledger is committed together, and each caller has an answer that is true for its statement."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, insert, text
from sqlalchemy.exc import IntegrityError

from seawall.errors import StorageFull, Temporary
from seawall.ledger import deliveries, statements
from seawall.ledger.ledger import Ledger
from seawall.ledger.queue import MOST_TOGETHER
from seawall.ledger.records import Trouble
from seawall.ledger.schema import account


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = Ledger.open(tmp_path / "ledger.sqlite")
    yield found
    found.close()


@asynccontextmanager
async def held_up(ledger: Ledger) -> AsyncIterator[None]:
    """Keep the ledger's thread busy: what is asked meanwhile waits, in this order, and runs at the end."""
    goes_on, has_begun = threading.Event(), threading.Event()

    def waits(_connection: Connection) -> None:
        has_begun.set()
        goes_on.wait(10)

    first = asyncio.ensure_future(ledger.do(waits))
    await asyncio.to_thread(has_begun.wait, 10)
    try:
        yield
        # Everything that was asked for stands in the queue by now.
        await asyncio.sleep(0)
    finally:
        goes_on.set()
        await first


def asked(ledger: Ledger, statement: Callable[..., Any], *args: object) -> asyncio.Future[Any]:
    return asyncio.ensure_future(ledger.do(statement, *args))


def commits(ledger: Ledger) -> list[None]:
    """Return a list that grows by one with each commit."""
    found: list[None] = []
    engine: Engine = ledger._queue._engine
    event.listen(engine, "commit", lambda _connection: found.append(None))
    return found


def names(ledger: Ledger) -> list[str]:
    return [record.name for record in ledger.transact(statements.accounts)]


def add(connection: Connection, name: str) -> None:
    connection.execute(insert(account).values(name=name))


def add_and_raise(connection: Connection, name: str) -> None:
    add(connection, name)
    raise ValueError(name)


def write_what_fails_at_the_commit(connection: Connection) -> None:
    connection.execute(text("PRAGMA defer_foreign_keys = ON"))
    found = Trouble(key=b"k", octets=1, failures=1, why="", first_at=1.0, retry_at=1.0, is_alarmed=False)
    statements.note_trouble(connection, 9, found)


async def test_what_waits_is_committed_together_and_in_its_order(ledger: Ledger) -> None:
    ran: list[str] = []

    def told(connection: Connection, name: str) -> str:
        ran.append(name)
        add(connection, name)
        return name

    wanted = [f"{n:02}" for n in range(20)]
    done = commits(ledger)
    async with held_up(ledger):
        waiting = [asked(ledger, told, name) for name in wanted]
    assert await asyncio.gather(*waiting) == wanted
    assert len(done) == 2, "one for the statement that held the others up, one for all of these"
    assert ran == wanted
    assert names(ledger) == wanted


async def test_more_than_fits_into_one_transaction_takes_another(ledger: Ledger) -> None:
    done = commits(ledger)
    async with held_up(ledger):
        waiting = [asked(ledger, add, f"{n:03}") for n in range(MOST_TOGETHER + 1)]
    await asyncio.gather(*waiting)
    assert len(done) == 3
    assert len(names(ledger)) == MOST_TOGETHER + 1


async def test_a_later_statement_sees_what_an_earlier_one_wrote(ledger: Ledger) -> None:
    async with held_up(ledger):
        written = asked(ledger, add, "office")
        read = asked(ledger, statements.accounts)
    await written
    assert [record.name for record in await read] == ["office"]


async def test_one_that_raises_leaves_the_others_their_work_and_nothing_of_its_own(ledger: Ledger) -> None:
    async with held_up(ledger):
        waiting = [
            asked(ledger, add, "a"),
            asked(ledger, add_and_raise, "b"),
            asked(ledger, add, "c"),
            asked(ledger, add, "a"),
            asked(ledger, add, "d"),
        ]
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(answer) for answer in answers] == [
        type(None),
        ValueError,
        type(None),
        IntegrityError,
        type(None),
    ]
    assert names(ledger) == ["a", "c", "d"]


async def test_a_disk_that_is_full_for_one_has_room_for_the_others(ledger: Ledger) -> None:
    async with held_up(ledger):
        waiting = [
            asked(ledger, lambda c: c.execute(text("PRAGMA max_page_count = 1")) and None),
            asked(ledger, add, "a"),
            asked(ledger, add, "b" * 1_000_000),
            asked(ledger, add, "c"),
        ]
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None), type(None), StorageFull, type(None)]
    assert names(ledger) == ["a", "c"]


async def test_a_commit_that_fails_fails_all_that_it_was_for_and_nobody_else(ledger: Ledger) -> None:
    async with held_up(ledger):
        waiting = [asked(ledger, add, "a"), asked(ledger, write_what_fails_at_the_commit)]
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(answer) for answer in answers] == [IntegrityError, IntegrityError]
    await ledger.do(add, "b")
    assert names(ledger) == ["b"]


async def test_each_caller_is_told_by_an_error_of_its_own(ledger: Ledger) -> None:
    def break_the_next_begin(connection: Connection) -> None:
        def refuse(connection: Connection) -> None:
            connection.exec_driver_sql("SELECT no_such_column")

        event.listen(connection.engine, "begin", refuse, once=True)

    await ledger.do(break_the_next_begin)
    # `held_up` would be the next to begin: what is asked at once waits for the thread as well.
    waiting = [asked(ledger, add, "a"), asked(ledger, add, "b")]
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    told = [answer for answer in answers if isinstance(answer, BaseException)]
    assert told
    assert all(isinstance(answer, Temporary) for answer in told)
    assert len(set(map(id, told))) == len(told)


async def test_who_stops_waiting_takes_nothing_from_the_others(ledger: Ledger) -> None:
    async with held_up(ledger):
        waiting = [asked(ledger, add, name) for name in "abc"]
        await asyncio.sleep(0)
        waiting[1].cancel()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None), asyncio.CancelledError, type(None)]
    assert names(ledger) == ["a", "c"], "what had not begun when its caller went does not happen"


async def test_a_statement_that_was_begun_is_finished_though_its_caller_went(ledger: Ledger) -> None:
    has_begun, goes_on = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        has_begun.set()
        goes_on.wait(10)
        add(connection, "office")

    waiting = asked(ledger, slow)
    await asyncio.to_thread(has_begun.wait, 10)
    waiting.cancel()
    goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert names(ledger) == ["office"]


async def test_to_close_waits_for_what_was_asked_before(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "ledger.sqlite")
    waiting = [asked(ledger, add, f"{n}") for n in range(5)]
    await asyncio.sleep(0)
    ledger.close()
    await asyncio.gather(*waiting)
    with_them = Ledger.open(tmp_path / "ledger.sqlite")
    assert names(with_them) == ["0", "1", "2", "3", "4"]
    with_them.close()


async def test_those_that_only_read_write_nothing(ledger: Ledger, tmp_path: Path) -> None:
    office = (await ledger.do(statements.open_account, "office")).account_id
    log = tmp_path / "ledger.sqlite-wal"
    before = log.read_bytes()
    async with held_up(ledger):
        waiting = [
            asked(ledger, statements.open_account, "office"),
            asked(ledger, statements.troubles, office),
            asked(ledger, deliveries.open_copies, office),
        ]
    await asyncio.gather(*waiting)
    assert log.read_bytes() == before


CHILD = """
import asyncio, sys
from pathlib import Path
from seawall.ledger import statements
from seawall.ledger.ledger import Ledger

async def tell(ledger, name):
    await ledger.do(statements.open_account, name)
    print(name, flush=True)

async def main():
    ledger = Ledger.open(Path(sys.argv[1]))
    async with asyncio.TaskGroup() as group:
        for n in range(2000):
            group.create_task(tell(ledger, f"{n:04}"))

asyncio.run(main())
"""


def test_what_returned_is_there_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        told = [child.stdout.readline().strip() for _ in range(300)]
        os.kill(child.pid, signal.SIGKILL)
        told += child.stdout.read().split()
    ledger = Ledger.open(path)
    there = set(names(ledger))
    ledger.close()
    # The last word may have been cut off by the kill.
    assert {name for name in told if len(name) == 4} <= there
    assert len(there) >= 300
