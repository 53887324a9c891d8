"""Who writes mails to files: `staging`, for many small mails at once in a process of its own (`scribe`).

A small mail costs five system calls, and around each of them a thread gives the interpreter up and
waits to have it back; beside a busy event loop that took longer than the disk did (15 waits a mail,
docs/performance.md). So a batch of many mails goes to another interpreter, whole, and its answer
comes back when `staging` has done there what it does here.

What makes it safe: it inherits the lock of the state directory, so nobody else settles what it is
still writing, also where its parent was killed; and it ends when its parent does. Where it ends
first, its batch stays open in the ledger, and `settle` brings that to an end.
"""

import pickle
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, TypeVar, cast

from seawall.deliver import staging
from seawall.deliver.scribe import BUFFER, WORK, Failures
from seawall.deliver.staging import Parcel, Placement
from seawall.errors import Temporary
from seawall.model.mail import MemoryContent

WORTHWHILE: Final = 32
"""Mails in a batch for which another process pays."""
PATIENCE_SECONDS: Final = 3.0
"""How long a batch waits for its turn; where the disk of the one before it hangs, it is written here."""
T = TypeVar("T", Parcel, Placement)


class Writer:
    """Writes batches of mails to files, large batches of small mails in another process; for use in threads.

    `lock` is the descriptor of the lock that the other process shares. The methods are those of
    `staging`, and raise Temporary where it cannot be told how far a batch came.
    """

    def __init__(self, lock: int) -> None:
        self._lock = lock
        self._turn = threading.Lock()
        # One batch at a time asks to be staged, so that one that is to be published has its turn before the next:
        # what is finished makes room for what is read.
        self._stages = threading.Lock()
        self._process: _Process | None = None

    def expect(self, mails: int) -> None:
        """Have the other process start already, where so many mails are on their way."""
        if mails >= WORTHWHILE and self._turn.acquire(blocking=False):
            try:
                self._start()
            except OSError:
                return  # it is tried again with the first batch, which tells
            finally:
                self._turn.release()

    def stage(self, parcels: Sequence[Parcel]) -> Failures:
        """Do what `staging.stage` does."""
        is_small = all(isinstance(parcel.content, MemoryContent) for parcel in parcels)
        if not is_small or not self._stages.acquire(timeout=PATIENCE_SECONDS):
            return staging.stage(parcels)
        try:
            return self._do("stage", parcels)
        finally:
            self._stages.release()

    def publish(self, placements: Sequence[Placement]) -> Failures:
        """Do what `staging.publish` does."""
        return self._do("publish", placements)

    def close(self) -> None:
        """End the other process; a batch that is under way is finished."""
        with self._turn:
            self._end()

    def _do(self, name: str, batch: Sequence[T]) -> Failures:
        if len(batch) < WORTHWHILE or not self._turn.acquire(timeout=PATIENCE_SECONDS):
            return WORK[name](batch)
        try:
            return self._start().ask(name, batch)
        except (OSError, EOFError, pickle.UnpicklingError) as problem:
            self._end()
            raise Temporary("the process that writes mails ended too early") from problem
        finally:
            self._turn.release()

    def _start(self) -> "_Process":
        if self._process is None:
            self._process = _Process(self._lock)
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None


class _Process:
    """The other process, and the channel to it."""

    def __init__(self, lock: int) -> None:
        here, there = socket.socketpair()
        with there:
            self._process = subprocess.Popen(  # noqa: S603 -- our own interpreter
                [sys.executable, "-m", "seawall.deliver.scribe", str(there.fileno())],
                pass_fds=(there.fileno(), lock),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        with here:
            self._sent = here.makefile("wb", buffering=BUFFER)
            self._answers = here.makefile("rb", buffering=BUFFER)

    def ask(self, name: str, batch: Sequence[object]) -> Failures:
        pickle.dump((name, batch), self._sent, protocol=pickle.HIGHEST_PROTOCOL)
        self._sent.flush()
        answer = pickle.load(self._answers)  # noqa: S301 -- from our own process
        if isinstance(answer, BaseException):
            raise answer
        return cast("Failures", answer)

    def end(self) -> None:
        for channel in (self._sent, self._answers):
            with suppress(OSError):
                channel.close()
        self._process.wait()
