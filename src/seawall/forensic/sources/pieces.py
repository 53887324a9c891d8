"""Sources → pieces of work: which files there are, and how they are shared out. The same pieces whatever does the work.

Owns the walk through directories and the cutting of large mboxes. Reads of a file no more than tells its kind, and of a
large mbox where its mails begin: so a piece knows its first mail's number, and no mail lies in two.
"""

import glob
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from seawall.forensic.sources.bounds import FILES, PEEK, RANGE
from seawall.forensic.sources.kinds import Kind, kind_of
from seawall.forensic.sources.mbox import cuts
from seawall.forensic.sources.notes import Notes, name_of
from seawall.forensic.sources.stream import open_regular
from seawall.forensic.sources.url import Mailbox

STANDARD_INPUT: Final = "-"
_MAX_DEPTH: Final = 100
_FOLDERS: Final = ("cur", "new")


class Stamp(NamedTuple):
    """What tells that a file was changed."""

    inode: int
    size: int
    modified: int


def stamp_of(descriptor: int) -> Stamp:
    """Return the stamp of an open file."""
    found = os.fstat(descriptor)
    return Stamp(found.st_ino, found.st_size, found.st_mtime_ns)


class Files(NamedTuple):
    """Whole files, each a source of its own."""

    paths: tuple[str, ...]


class Range(NamedTuple):
    """Octets of an mbox, from a mail's beginning to another's or the file's end; `place` is the first mail's number."""

    path: str
    begin: int
    end: int
    place: int
    stamp: Stamp


class Maildir(NamedTuple):
    """Mails of a Maildir, by their names in it ("cur/…", "new/…"); `place` is the first one's number."""

    path: str
    names: tuple[str, ...]
    place: int


class Input(NamedTuple):
    """Standard input."""


class OnServer(NamedTuple):
    """A mailbox on a server."""

    mailbox: Mailbox


Piece = Files | Range | Maildir | Input | OnServer


def expanded(sources: Sequence[str]) -> Iterator[str]:
    """Yield the sources with their patterns (`*`, `?`, `[…]`, `**`) replaced by the paths that match, each place once."""
    seen: set[str] = set()
    for source in sources:
        paths = [source]
        if source != STANDARD_INPUT and glob.has_magic(source) and not os.path.lexists(source):
            matching = glob.glob(source, recursive=True)  # noqa: PTH207 -- Path.glob takes no absolute pattern
            paths = sorted(matching) or paths
        for path in paths:
            real = path if path == STANDARD_INPUT else os.path.realpath(path)
            if real not in seen:
                seen.add(real)
                yield path


def pieces_of(paths: Sequence[str], notes: Notes) -> Iterator[Piece]:
    """Yield the work that is to be done for paths, in order; what cannot be read is noted."""
    directories = {os.path.realpath(path) for path in paths if Path(path).is_dir()}
    batch = _Batch()
    for path in paths:
        if path == STANDARD_INPUT:
            yield from batch.finished()
            yield Input()
            continue
        real = os.path.realpath(path)
        if any(real.startswith(directory + os.sep) for directory in directories):
            # It comes with the directory that holds it.
            continue
        try:
            found = Path(path).stat()
        except OSError as problem:
            notes.leave(name_of(path), problem.strerror)
            continue
        if stat.S_ISDIR(found.st_mode):
            yield from _walk(path, notes, batch, 0)
        elif stat.S_ISREG(found.st_mode):
            yield from _file(path, found.st_size, notes, batch)
        else:
            notes.leave(name_of(path), "it is no regular file; give - and lead it to standard input")
    yield from batch.finished()


class _Batch:
    """Small files that wait to become one piece."""

    def __init__(self) -> None:
        self._paths: list[str] = []
        self._octets = 0

    def add(self, path: str, octets: int) -> Iterator[Files]:
        self._paths.append(path)
        self._octets += octets
        if len(self._paths) >= FILES or self._octets >= RANGE:
            yield from self.finished()

    def finished(self) -> Iterator[Files]:
        if self._paths:
            yield Files(tuple(self._paths))
        self._paths, self._octets = [], 0


def _file(path: str, octets: int, notes: Notes, batch: _Batch) -> Iterator[Piece]:
    if octets <= RANGE:
        yield from batch.add(path, octets)
        return
    yield from batch.finished()
    try:
        descriptor = open_regular(path)
    except OSError as problem:
        notes.leave(name_of(path), problem.strerror)
        return
    try:
        if kind_of(os.pread(descriptor, PEEK, 0)) is Kind.MBOX:
            yield from _ranges(path, descriptor)
        else:
            yield Files((path,))
    except OSError as problem:
        notes.leave(name_of(path), problem.strerror)
    finally:
        os.close(descriptor)


def _ranges(path: str, descriptor: int) -> Iterator[Range]:
    """Cut an mbox where mails begin. This pass is a tenth of what the facts cost at most, and is sure."""
    stamp = stamp_of(descriptor)
    skipped = len(mbox_mark(os.pread(descriptor, PEEK, 0)))
    os.lseek(descriptor, skipped, os.SEEK_SET)
    begin = skipped
    first = 0
    end = begin
    found = cuts(lambda octets: os.read(descriptor, octets), offset=skipped, keep=0)
    for count, cut in enumerate(found, start=1):
        end = cut.end
        if end - begin >= RANGE:
            yield Range(path, begin, end, first, stamp)
            begin, first = end, count
    if end > begin:
        yield Range(path, begin, end, first, stamp)


def mbox_mark(head: bytes) -> bytes:
    """Return what stands before an mbox's first From line: UTF-8's mark, which some editors put there, or nothing."""
    mark = b"\xef\xbb\xbf"
    return mark if head.startswith(mark) else b""


def _walk(path: str, notes: Notes, batch: _Batch, depth: int) -> Iterator[Piece]:
    """Go through a directory: its files in the order of their names, then its directories. No link is followed."""
    try:
        with os.scandir(path) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as problem:
        notes.leave(name_of(path), problem.strerror)
        return
    folders = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
    names = {entry.name for entry in folders}
    is_maildir = names.issuperset(_FOLDERS)
    if is_maildir:
        yield from batch.finished()
        yield from _maildir(path, notes)
        # What else lies there are a server's lists and indexes.
        notes.passed_over += len(entries) - len(folders)
    else:
        for entry in entries:
            yield from _entry(entry, notes, batch)
    for entry in folders:
        if is_maildir and entry.name in (*_FOLDERS, "tmp"):
            continue
        # A hidden directory in a Maildir is a folder of it (Maildir++).
        if entry.name.startswith(".") and not is_maildir:
            notes.pass_over()
        elif depth == _MAX_DEPTH:
            notes.leave(name_of(entry.path), f"it lies more than {_MAX_DEPTH} directories deep")
        else:
            yield from _walk(entry.path, notes, batch, depth + 1)


def _entry(entry: "os.DirEntry[str]", notes: Notes, batch: _Batch) -> Iterator[Piece]:
    if entry.is_dir(follow_symlinks=False):
        return
    if entry.name.startswith(".") or entry.is_symlink():
        notes.pass_over()
        return
    if not entry.is_file(follow_symlinks=False):
        notes.leave(name_of(entry.path), "it is no regular file")
        return
    try:
        octets = entry.stat(follow_symlinks=False).st_size
    except OSError as problem:
        notes.leave(name_of(entry.path), problem.strerror)
        return
    yield from _file(entry.path, octets, notes, batch)


def _maildir(path: str, notes: Notes) -> Iterator[Maildir]:
    """Yield a Maildir's mails in the order of their names, which begin with the second of arrival."""
    names = []
    for folder in _FOLDERS:
        try:
            with os.scandir(f"{path}/{folder}") as found:
                for entry in found:
                    if entry.name.startswith(".") or not entry.is_file(follow_symlinks=False):
                        notes.pass_over()
                    else:
                        names.append(f"{folder}/{entry.name}")
        except OSError as problem:
            notes.leave(name_of(f"{path}/{folder}"), problem.strerror)
    names.sort(key=lambda name: (name.partition("/")[2], name))
    for place in range(0, len(names), FILES):
        yield Maildir(path, tuple(names[place : place + FILES]), place)
