"""The state directory: its paths, its lock, and the key of the marks. Everything in it is this user's alone."""

import fcntl
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from seawall.errors import Misconfigured, StateInUse

KEY_OCTETS: Final = 32
ORPHAN_SECONDS: Final = 30.0
"""How long a lock is waited for that a dead process left to one that it had started."""


@dataclass(frozen=True, slots=True)
class State:
    """The paths below one state directory."""

    root: Path

    @classmethod
    def make(cls, root: str) -> Self:
        """Make the directory where it is missing, with mode 0700; raises Misconfigured where it cannot be used."""
        state = cls(Path(root))
        try:
            for directory in (state.root, state.spool, state.held):
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as problem:
            raise Misconfigured(f"state directory {root} cannot be used: {problem.strerror}") from problem
        if state.root.stat().st_uid != os.geteuid():
            raise Misconfigured(f"state directory {root} belongs to another user")
        return state

    @classmethod
    def existing(cls, root: str) -> Self | None:
        """Return the state where there is a ledger in it, None where nothing ran yet."""
        state = cls(Path(root))
        return state if state.database.exists() else None

    @property
    def database(self) -> Path:
        """The ledger's file."""
        return self.root / "ledger.sqlite"

    @property
    def spool(self) -> Path:
        """Where large mails wait while they come in."""
        return self.root / "spool"

    @property
    def held(self) -> Path:
        """Where mails are set aside."""
        return self.root / "held"

    def mark_key(self) -> bytes:
        """Return the key of this installation's marks, made at first use with mode 0600."""
        path = self.root / "mark.key"
        try:
            key = path.read_bytes()
        except FileNotFoundError:
            key = secrets.token_bytes(KEY_OCTETS)
            fresh = path.with_suffix(".new")
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(key)
                file.flush()
                os.fsync(file.fileno())
            fresh.rename(path)
        except OSError as problem:
            raise Misconfigured(f"{path} cannot be read: {problem.strerror}") from problem
        if len(key) != KEY_OCTETS:
            raise Misconfigured(f"{path} does not hold {KEY_OCTETS} octets")
        return key


class Lock:
    """An exclusive lock that ends with its process and those that share it, however they end."""

    def __init__(self, path: Path, purpose: str) -> None:
        """Take the lock; raises StateInUse where another process has it.

        At once, but where only a process that shared it is left, which ends by itself, it waits for that.
        """
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        given_up_at = time.monotonic() + ORPHAN_SECONDS
        while not self._is_taken():
            holder = os.pread(self.descriptor, 32, 0).decode("ascii", "replace").strip()
            if not _has_ended(holder) or time.monotonic() > given_up_at:
                os.close(self.descriptor)
                who = f"process {holder}" if holder.isdecimal() else "another process"
                raise StateInUse(f"{path.parent} is in use: {who} is {purpose}")
            time.sleep(0.02)
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, f"{os.getpid()}\n".encode("ascii"), 0)

    def _is_taken(self) -> bool:
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Give the lock back."""
        os.close(self.descriptor)


def _has_ended(holder: str) -> bool:
    """Tell whether a process is known to be gone."""
    if not holder.isdecimal():
        return False
    try:
        os.kill(int(holder), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False
