"""Mails as files in a directory with tmp/, new/ and cur/: whole and durable before they can be seen.

The two steps of every delivery to a file: `stage` writes under tmp/ and syncs, `publish` renames
into new/ and syncs the directory. The ledger is told between them, so after a crash `settle` knows
what the presence or the absence of the temporary file means. A batch shares its syncs.

Owns the bytes on the disk. Refuses to know who receives a mail, and why.
"""

import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Final, Self, TypeVar

from seawall.deliver.native import native
from seawall.errors import FULL, Misconfigured, SeawallError, Temporary, unwritable
from seawall.model.mail import Content

STALE_SECONDS: Final = 24 * 3600.0
"""Others erase what is older in tmp/ (Maildir's convention is 36 hours), so its absence proves nothing then."""
FOLDERS: Final = ("tmp", "new", "cur")
SYNCS_AT_ONCE: Final = 4
SYNCS_A_THREAD: Final = 4
"""Files for which another thread is worth its start."""
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where one mail goes: a directory that has tmp/, new/ and cur/, and a name that nothing else has."""

    directory: str
    base_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One mail to be written: `top` goes in front; `is_native` turns CRLF into LF."""

    placement: Placement
    top: bytes = field(repr=False)
    content: Content
    is_native: bool = True


T = TypeVar("T", Parcel, Placement)


class Settlement(Enum):
    """What became of a delivery that a crash interrupted."""

    DELIVERED = auto()
    NOT_DELIVERED = auto()


class Folder:
    """One open directory of mails; names in it are resolved against its descriptors, not against a path."""

    def __init__(self, directory: str) -> None:
        """Open it; raises Misconfigured where it is not this user's own, Temporary where it is not there."""
        self._directory = directory
        self._root = _open_directory(directory)
        try:
            self._descriptors = {name: self._open(directory, name) for name in FOLDERS}
        except BaseException:
            os.close(self._root)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in (*self._descriptors.values(), self._root):
            os.close(descriptor)

    def _open(self, directory: str, name: str) -> int:
        try:
            descriptor = os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=self._root)
        except OSError as problem:
            raise _unusable(f"{directory}/{name}", problem) from problem
        _refuse_foreign(descriptor, f"{directory}/{name}")
        return descriptor

    def make_folder(self, name: str) -> None:
        """Make the Maildir++ subfolder `name` beside tmp/, new/ and cur/, durably; raises as opening it would."""
        where = f"{self._directory}/{name}"
        try:
            _make_inside(self._root, name)
            inner = os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=self._root)
            try:
                _refuse_foreign(inner, where)
                for part in FOLDERS:
                    _make_inside(inner, part)
                flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
                os.close(os.open("maildirfolder", flags, 0o600, dir_fd=inner))
                os.fsync(inner)
            finally:
                os.close(inner)
            os.fsync(self._root)
        except OSError as problem:
            if problem.errno in FULL:
                raise unwritable(where, problem) from problem
            raise _unusable(where, problem) from problem

    def create(self, name: str) -> int:
        """Make a file under tmp/ and return its descriptor."""
        return os.open(name, _NEW_FILE, 0o600, dir_fd=self._descriptors["tmp"])

    def discard(self, name: str) -> None:
        """Remove a file under tmp/, if it is there."""
        try:
            os.unlink(name, dir_fd=self._descriptors["tmp"])
        except FileNotFoundError:
            return

    def publish(self, name: str) -> bool:
        """Move a file from tmp/ to new/; False where it is not in tmp/."""
        try:
            os.rename(name, name, src_dir_fd=self._descriptors["tmp"], dst_dir_fd=self._descriptors["new"])
        except FileNotFoundError:
            return False
        return True

    def holds(self, base_name: str) -> bool:
        """Whether a mail with this base name is in new/ or cur/, flags aside."""
        return any(
            entry.partition(":")[0] == base_name
            for name in ("new", "cur")
            for entry in os.listdir(self._descriptors[name])  # noqa: PTH208 -- by descriptor
        )

    def sync(self, name: str) -> None:
        """Make what was done in tmp/ or new/ durable."""
        os.fsync(self._descriptors[name])


def stage(parcels: Sequence[Parcel]) -> dict[Placement, SeawallError]:
    """Write mails under tmp/ and make them and their names durable; return those that failed, with why.

    What failed left nothing behind.
    """
    failed: dict[Placement, SeawallError] = {}
    for directory, group in _by_directory(parcels):
        try:
            with Folder(directory) as folder:
                _stage_in(folder, group, failed)
        except (OSError, SeawallError) as problem:
            reason = problem if isinstance(problem, SeawallError) else unwritable(directory, problem)
            failed.update((parcel.placement, reason) for parcel in group)
    return failed


def _stage_in(folder: Folder, parcels: Sequence[Parcel], failed: dict[Placement, SeawallError]) -> None:
    written: list[tuple[Parcel, int]] = []
    for parcel in parcels:
        try:
            written.append((parcel, _write(folder, parcel)))
        except OSError as problem:
            failed[parcel.placement] = unwritable(parcel.placement.directory, problem)
        except SeawallError as unreadable:
            failed[parcel.placement] = unreadable
    lost = sync_all([descriptor for _, descriptor in written])
    for (parcel, _), why in zip(written, lost, strict=True):
        if why is not None:
            folder.discard(parcel.placement.base_name)
            failed[parcel.placement] = unwritable(parcel.placement.directory, why)
    # The names must outlive a power cut too: a staged mail that is absent counts as delivered.
    folder.sync("tmp")


def sync_all(descriptors: Sequence[int]) -> list[OSError | None]:
    """Make files durable and close them; return what each one said.

    Side by side: each fsync waits for the disk to empty its cache, and those that wait together
    wait for one (512 files of 4 KB: a third of the time).
    """
    threads = min(SYNCS_AT_ONCE, len(descriptors) // SYNCS_A_THREAD)
    found: list[OSError | None] = [None] * len(descriptors)

    def work(first: int) -> None:
        for at in range(first, len(descriptors), max(threads, 1)):
            try:
                os.fsync(descriptors[at])
            except OSError as problem:
                found[at] = problem
            finally:
                os.close(descriptors[at])

    if threads <= 1:
        work(0)
        return found
    with ThreadPoolExecutor(threads, thread_name_prefix="sync") as pool:
        list(pool.map(work, range(threads)))
    return found


def _write(folder: Folder, parcel: Parcel) -> int:
    """Write one mail and return its open descriptor; on an error nothing is left."""
    name = parcel.placement.base_name
    descriptor = folder.create(name)
    try:
        for piece in _pieces(parcel):
            view = memoryview(piece)
            while view:
                view = view[os.write(descriptor, view) :]
    except (OSError, SeawallError):
        os.close(descriptor)
        folder.discard(name)
        raise
    return descriptor


def _pieces(parcel: Parcel) -> Iterator[bytes]:
    """Yield a mail's bytes for the disk, the top joined to the first piece."""
    top = parcel.top
    chunks = parcel.content.chunks()
    for piece in native(chunks) if parcel.is_native else chunks:
        yield top + piece
        top = b""
    if top:
        yield top


def publish(placements: Sequence[Placement]) -> dict[Placement, SeawallError]:
    """Move staged mails into new/, durably; return those that failed, with why."""
    failed: dict[Placement, SeawallError] = {}
    for directory, group in _by_directory(placements):
        try:
            with Folder(directory) as folder:
                for placement in group:
                    if not folder.publish(placement.base_name):
                        failed[placement] = Temporary(
                            f"a staged mail vanished from the tmp folder of {directory}"
                        )
                folder.sync("new")
        except (OSError, SeawallError) as problem:
            reason = problem if isinstance(problem, SeawallError) else unwritable(directory, problem)
            failed.update((placement, reason) for placement in group)
    return failed


def discard(placements: Iterable[Placement]) -> None:
    """Remove what was staged and will not be published."""
    for directory, group in _by_directory(tuple(placements)):
        with Folder(directory) as folder:
            for placement in group:
                folder.discard(placement.base_name)


def settle(placement: Placement, staged_at: float | None, now: float) -> Settlement:
    """Bring a delivery that a crash interrupted to an end (DESIGN §3).

    `staged_at` is when the ledger heard that it was staged, None where it never did: then it was
    never published, and what is in tmp/ may be half a mail. Raises the errors of `Folder`.
    """
    with Folder(placement.directory) as folder:
        if staged_at is None:
            folder.discard(placement.base_name)
            return Settlement.NOT_DELIVERED
        if folder.publish(placement.base_name):
            folder.sync("new")
            return Settlement.DELIVERED
        # It was renamed before the crash, and a reader may have moved or erased it since.
        if now - staged_at < STALE_SECONDS or folder.holds(placement.base_name):
            folder.sync("new")
            return Settlement.DELIVERED
        return Settlement.NOT_DELIVERED


def _make_inside(outer: int, name: str) -> None:
    try:
        os.mkdir(name, 0o700, dir_fd=outer)
    except FileExistsError:
        return


def make(directory: str) -> None:
    """Make a directory of mails with mode 0700 where it is missing; raises Misconfigured where that cannot be."""
    try:
        for name in FOLDERS:
            Path(directory, name).mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise _unusable(directory, problem) from problem


def _unusable(where: str, problem: OSError) -> SeawallError:
    if isinstance(problem, FileNotFoundError):
        return Temporary(f"{where} is not there")
    return Misconfigured(f"{where} cannot be used: {problem.strerror or problem}")


def _open_directory(path: str) -> int:
    """Open a directory. As root every part of its path is opened in turn and no symlink is followed."""
    try:
        if os.geteuid() != 0:
            descriptor = os.open(path, _DIRECTORY)
        else:
            descriptor = os.open("/", _DIRECTORY)
            for part in Path(path).absolute().parts[1:]:
                outer = descriptor
                try:
                    descriptor = os.open(part, _DIRECTORY | os.O_NOFOLLOW, dir_fd=outer)
                finally:
                    os.close(outer)
    except OSError as problem:
        raise _unusable(path, problem) from problem
    try:
        _refuse_foreign(descriptor, path)
    except SeawallError:
        os.close(descriptor)
        raise
    return descriptor


def _refuse_foreign(descriptor: int, path: str) -> None:
    """A directory of another account is not written to: its owner could swap what is in it."""
    found = os.fstat(descriptor)
    if found.st_uid != os.geteuid():
        raise Misconfigured(
            f"{path} belongs to another account: run Seawall as that account, or deliver to it by LMTP"
        )
    if found.st_mode & stat.S_IWOTH:
        raise Misconfigured(f"{path} can be written by everybody")


def _by_directory(items: Sequence[T]) -> Iterable[tuple[str, list[T]]]:
    groups: defaultdict[str, list[T]] = defaultdict(list)
    for item in items:
        placement = item.placement if isinstance(item, Parcel) else item
        groups[placement.directory].append(item)
    return groups.items()
