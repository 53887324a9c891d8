"""What waits for the ledger is committed together: many statements, one transaction, one sync of the disk.

Owns the thread that uses the database, and whom it tells what. A caller has its answer once its
statement is on the disk, never before. Refuses to know what a statement does.
"""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from seawall.errors import StorageFull, Temporary

MOST_TOGETHER: Final = 256
"""Statements in one transaction: what a failing commit undoes, and how long the first of them waits, has a bound."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A statement, and the promise of its answer."""

    run: Callable[[Connection], Any]
    answer: Future[Any]


class Queue:
    """The statements that wait, and the one thread that runs them in the order in which they came."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        self._waiting: deque[_Waiting] = deque()

    def put(self, run: Callable[[Connection], T]) -> Future[T]:
        """Have a statement run; its answer may be cancelled until it begins.

        It runs again where another of its transaction raised, so it may change nothing but the ledger.
        """
        answer: Future[T] = Future()
        self._waiting.append(_Waiting(run, answer))
        # One turn of the thread for each that waits: it finds nothing to do where an earlier turn took this one along.
        self._thread.submit(self._turn)
        return answer

    def close(self) -> None:
        """Wait for what is under way, and close."""
        self._thread.submit(self._disconnect).result()
        self._thread.shutdown()
        self._engine.dispose()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _turn(self) -> None:
        taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_TOGETHER))]
        group = [one for one in taken if one.answer.set_running_or_notify_cancel()]
        while group:
            group = self._together(group)

    def _together(self, group: Sequence[_Waiting]) -> list[_Waiting]:
        """Run statements as one transaction and tell each caller; return those that have to run once more.

        One that raises is told so alone, and the others run without it: a savepoint around each would
        cost all of them what hardly ever happens, and does not outlive an error that ends a
        transaction by itself, as a full disk does.
        """
        answers: list[Any] = []
        failed: Sequence[_Waiting] = group
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            with self._connection.begin():
                for one in group:
                    failed = [one]
                    answers.append(one.run(self._connection))
                failed = group
        except BaseException as problem:  # noqa: BLE001 -- whatever it is, who waits for the answer gets it
            for one in failed:
                one.answer.set_exception(_told(problem))
            if failed is group:
                # SQLite may keep a transaction open whose COMMIT failed (a foreign key), and SQLAlchemy leaves it so.
                self._disconnect()
            return [one for one in group if one not in failed]
        for one, answer in zip(group, answers, strict=True):
            one.answer.set_result(answer)
        return []


def _told(problem: BaseException) -> BaseException:
    """Return what a caller is told, each its own where many are told the same."""
    if not isinstance(problem, OperationalError):
        return problem
    if "full" in str(problem.orig):
        told: Temporary = StorageFull(f"the ledger cannot be written: {problem.orig}")
    else:
        told = Temporary(f"the ledger cannot be used: {problem.orig}")
    told.__cause__ = problem
    return told
