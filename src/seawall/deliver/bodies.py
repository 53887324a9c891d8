"""The bodies of held mail, each once under its digest, whatever number of held mails has it.

Owns `bodies/` in Held's directory, and `bodies.lock` beside it. Refuses to know which mail has
which body: that stands in the ledger, and a body is to be kept while any mail that is held, or
being released, names it there.

Two processes meet here: a collector that finds a body there and relies on it, and a person's
`release` or `drop` that ends the last mail that had it. No interleaving loses a body:

- a collector has committed its intent, which names the body, before it takes the lock shared; under
  the lock it looks whether the body is there, and writes it where it is not;
- who erases takes the lock alone; under the lock it reads in the ledger who names the body, and
  removes it where nobody does.

The lock puts the two one behind the other. Where the collector was first, its intent was there to be
read, and the body stays. Where it was second, it sees that the body is gone, and writes it again.
Nobody waits for this lock within a transaction of the ledger, so neither can wait for the other.
"""

import fcntl
import os
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from seawall.deliver.staging import sync_all
from seawall.errors import SeawallError, Temporary, unwritable
from seawall.model.mail import Content

DIGEST_OCTETS: Final = 32
"""Enough that nobody can make two bodies with one digest."""
TOGETHER: Final = 64
"""Bodies that are written and synced together, each an open file."""
_UNFINISHED: Final = "tmp-"
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LOCK: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


def digest(body: Content) -> bytes:
    """Return the name of a body, by its octets as served."""
    found = blake2b(digest_size=DIGEST_OCTETS, person=b"seawall-body")
    for chunk in body.chunks():
        found.update(chunk)
    return found.digest()


class Bodies:
    """The bodies in one Held; its methods wait for the disk, and for the lock."""

    def __init__(self, held: str) -> None:
        self._held = held
        self._directory = f"{held}/bodies"

    def path(self, name: bytes) -> Path:
        """Return where a body is, or would be."""
        return Path(self._directory, name.hex())

    def has(self, name: bytes, octets: int) -> bool:
        """Tell whether a body is there, whole."""
        try:
            return self.path(name).stat().st_size == octets
        except OSError:
            return False

    def keep(self, bodies: Mapping[bytes, Content]) -> dict[bytes, SeawallError]:
        """Have these bodies there, durably; return those that failed, with why. Their intents are committed."""
        if not bodies:
            return {}
        try:
            self._make()
            with self._locked(fcntl.LOCK_SH):
                missing = [name for name, body in bodies.items() if not self.has(name, body.octets)]
                failed: dict[bytes, SeawallError] = {}
                for at in range(0, len(missing), TOGETHER):
                    self._write([(name, bodies[name]) for name in missing[at : at + TOGETHER]], failed)
                # Also for a body that was there: who wrote it may not have come so far yet.
                _sync_directory(self._directory)
        except OSError as problem:
            return dict.fromkeys(bodies, unwritable(self._directory, problem))
        return failed

    def _make(self) -> None:
        directory = Path(self._directory)
        if not directory.is_dir():
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync_directory(self._held)

    def _write(self, bodies: Sequence[tuple[bytes, Content]], failed: dict[bytes, SeawallError]) -> None:
        """Write each under a name of its own, sync it, then give it the name by which it is found."""
        written: list[tuple[bytes, str, int]] = []
        for name, body in bodies:
            passing = f"{self._directory}/{_UNFINISHED}{secrets.token_hex(16)}"
            try:
                written.append((name, passing, _create(passing, body)))
            except OSError as problem:
                failed[name] = unwritable(self._directory, problem)
            except SeawallError as unreadable:
                failed[name] = unreadable
        lost = sync_all([descriptor for _, _, descriptor in written])
        for (name, passing, _), why in zip(written, lost, strict=True):
            if why is None:
                Path(passing).replace(self.path(name))
            else:
                _discard(passing)
                failed[name] = unwritable(self._directory, why)

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        with self._open_lock() as lock:
            fcntl.flock(lock, how)
            yield

    def _open_lock(self) -> BinaryIO:
        return os.fdopen(os.open(f"{self._held}/bodies.lock", _LOCK, 0o600), "r+b", buffering=0)

    # ── erasing: only under the lock ────────────────────────────────────────────────────

    def alone(self) -> BinaryIO:
        """Return the lock, taken alone: until it is closed no collector relies on a body that it has not named yet.

        Raises Temporary where the lock cannot be had.
        """
        try:
            lock = self._open_lock()
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as problem:
            raise Temporary(f"{self._held}/bodies.lock cannot be used: {problem.strerror}") from problem
        return lock

    def erase(self, names: Collection[bytes]) -> None:
        """Remove bodies that nobody names, under the lock; one that cannot be removed waits for the next sweep."""
        for name in names:
            _discard(str(self.path(name)))

    def clear(self) -> None:
        """Remove what a kill left half-written, under the lock: then nobody is writing."""
        for path in Path(self._directory).glob(f"{_UNFINISHED}*"):
            _discard(str(path))

    def parts(self, most: int) -> Iterator[list[bytes]]:
        """Yield the names of the bodies that are there, so many at a time."""
        with suppress(FileNotFoundError), os.scandir(self._directory) as entries:
            names = (bytes.fromhex(entry.name) for entry in entries if _is_name(entry.name))
            while part := list(islice(names, most)):
                yield part


def _is_name(name: str) -> bool:
    return len(name) == 2 * DIGEST_OCTETS and not set(name) - set("0123456789abcdef")


def _create(path: str, body: Content) -> int:
    """Write a file and return its open descriptor; on an error nothing is left."""
    descriptor = os.open(path, _NEW_FILE, 0o600)
    try:
        for piece in body.chunks():
            view = memoryview(piece)
            while view:
                view = view[os.write(descriptor, view) :]
    except (OSError, SeawallError):
        os.close(descriptor)
        _discard(path)
        raise
    return descriptor


def _discard(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)  # noqa: PTH108 -- what is not removed now is swept


def _sync_directory(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
