"""A piece of work → its mails and rows of logs, one at a time; what cannot be read is noted, and the rest goes on.

Owns what is done with each kind of file, and what lies in archives. Refuses to know how facts are made and kept.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from seawall.errors import Permanent, SeawallError, StorageFull, TooLarge, unwritable
from seawall.forensic.sources import tar
from seawall.forensic.sources import zip as zips
from seawall.forensic.sources.bounds import BOUNDS, MAX_LOG_LINE, MOST, PEEK, Bounds
from seawall.forensic.sources.facts import take_facts
from seawall.forensic.sources.imap import read_imap
from seawall.forensic.sources.kinds import Kind, kind_of
from seawall.forensic.sources.logs import read_log
from seawall.forensic.sources.mbox import read_mbox
from seawall.forensic.sources.notes import Notes, name_of
from seawall.forensic.sources.outlook import read_msg, read_pst
from seawall.forensic.sources.pieces import (
    Files,
    Input,
    Maildir,
    OnServer,
    Piece,
    Range,
    mbox_mark,
    stamp_of,
)
from seawall.forensic.sources.pop3 import read_pop3
from seawall.forensic.sources.stream import (
    BZIP2,
    CHUNK,
    GZIP,
    ZSTD,
    Budget,
    Read,
    Stream,
    open_regular,
    unpacked,
)
from seawall.forensic.table import Place, RawMail
from seawall.model.row import Row
from seawall.model.secret import Secret

Found = RawMail | tuple[Place, Row]

_PACKINGS = {Kind.GZIP: GZIP, Kind.BZIP2: BZIP2, Kind.ZSTD: ZSTD}
_CHANGED = "it was changed while it was read: what came in meanwhile may be missing"
_NO_MAIL = "it is no mail, mailbox, archive or log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What reading needs beside the piece: a directory for what must lie on disk, a password, and the bounds."""

    spool: Path
    secret: Secret | None = field(default=None, repr=False)
    bounds: Bounds = BOUNDS


def read_piece(piece: Piece, means: Means, notes: Notes) -> Iterator[Found]:
    """Yield what a piece holds, in its order; raises StorageFull or Temporary where the spool fails."""
    match piece:
        case Files():
            for path in piece.paths:
                yield from _read_file(path, means, notes)
        case Range():
            yield from _read_range(piece, notes)
        case Maildir():
            yield from _read_maildir(piece, means, notes)
        case Input():
            reader = _Reader(means, notes, Budget(means.bounds, None))
            yield from reader.guarded(Stream(reader.counted(sys.stdin.buffer.read)), "-")
        case OnServer():
            yield from _read_server(piece, means, notes)


def _read_file(path: str, means: Means, notes: Notes) -> Iterator[Found]:
    source = name_of(path)
    try:
        descriptor = open_regular(path)
    except OSError as problem:
        notes.leave(source, problem.strerror)
        return
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        stamp = stamp_of(descriptor)
        reader = _Reader(means, notes, Budget(means.bounds, stamp.size), file, path)
        stream = Stream(file.read, size=stamp.size, modified=stamp.modified / 1e9)
        yield from reader.guarded(stream, source)
        if stamp_of(descriptor) != stamp:
            notes.leave(source, _CHANGED)


def _read_range(piece: Range, notes: Notes) -> Iterator[RawMail]:
    source = name_of(piece.path)
    try:
        descriptor = open_regular(piece.path)
    except OSError as problem:
        notes.leave(source, problem.strerror)
        return
    left = piece.end - piece.begin

    def read(octets: int) -> bytes:
        nonlocal left
        content = os.read(descriptor, min(octets, left))
        left -= len(content)
        return content

    try:
        if stamp_of(descriptor).inode != piece.stamp.inode:
            notes.leave(source, "another file has taken its place")
            return
        os.lseek(descriptor, piece.begin, os.SEEK_SET)
        yield from read_mbox(read, source, offset=piece.begin, place=piece.place)
        if stamp_of(descriptor) != piece.stamp:
            notes.leave(source, _CHANGED)
    except OSError as problem:
        notes.leave(source, problem.strerror)
    finally:
        os.close(descriptor)


def _read_maildir(piece: Maildir, means: Means, notes: Notes) -> Iterator[RawMail]:
    source = name_of(piece.path)
    for place, name in enumerate(piece.names, start=piece.place):
        path = _renamed(piece.path, name)
        try:
            descriptor = open_regular(path)
        except OSError as problem:
            notes.leave(name_of(path), problem.strerror)
            continue
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            size = os.fstat(descriptor).st_size
            try:
                stream = Stream(file.read, size=size)
                # Dovecot's zlib plugin packs mails in place and leaves their names.
                packing = _PACKINGS.get(kind_of(stream.peek(PEEK)))
                if packing:
                    stream = unpacked(stream, packing, Budget(means.bounds, size))
                mail = _whole_mail(stream, source, place)
            except (OSError, Permanent) as problem:
                notes.leave(name_of(path), problem)
                continue
        if mail.size:
            yield mail
        else:
            notes.pass_over()


def _renamed(maildir: str, name: str) -> str:
    """Return where a mail lies now: a client that looked meanwhile has moved it from new to cur, or marked it."""
    path = f"{maildir}/{name}"
    if os.path.lexists(path):
        return path
    folder, _, base = name.partition("/")
    unique = base.partition(":")[0]
    return f"{maildir}/cur/{unique}:2," if folder == "new" else path


def _whole_mail(stream: Stream, source: str, place: int = 0) -> RawMail:
    head = stream.exactly(MOST)
    size = stream.size if stream.size is not None else len(head) + stream.skip()
    head = head.removeprefix(mbox_mark(head))
    return RawMail(source, place, 0, head, max(size, len(head)) if len(head) >= MOST else len(head))


class _Reader:
    """Reads one outermost source, whatever is packed in it."""

    def __init__(
        self, means: Means, notes: Notes, budget: Budget, file: BinaryIO | None = None, path: str = ""
    ) -> None:
        self._means = means
        self._notes = notes
        self._budget = budget
        self._file = file
        self._path = path

    def counted(self, read: Read) -> Read:
        """Return `read` with its octets counted as those of the outermost file."""

        def counting(octets: int) -> bytes:
            piece: bytes = read(octets)
            self._budget.took(len(piece))
            return piece

        return counting

    def guarded(self, stream: Stream, source: str) -> Iterator[Found]:
        """Yield what a source holds; what stops the reading is noted."""
        try:
            yield from self._read(stream, source, 0)
        except OSError as problem:
            self._notes.leave(source, problem.strerror or problem)
        except Permanent as problem:
            self._notes.leave(source, problem)

    def _read(  # noqa: C901, PLR0912 -- one case for each kind, nothing else
        self, stream: Stream, source: str, layer: int
    ) -> Iterator[Found]:
        head = stream.peek(PEEK)
        kind = kind_of(head)
        if kind in (*_PACKINGS, Kind.TAR, Kind.ZIP) and layer == self._budget.bounds.max_layers:
            raise Permanent(f"it is packed more than {layer} times: unpack it first")
        match kind:
            case Kind.MBOX:
                skipped = len(stream.exactly(len(mbox_mark(head))))
                yield from read_mbox(stream.read, source, offset=skipped)
            case Kind.MAIL:
                yield _whole_mail(stream, source)
            case Kind.LOG:
                yield from read_log(stream.lines(MAX_LOG_LINE), source, modified=stream.modified)
            case Kind.GZIP | Kind.BZIP2 | Kind.ZSTD:
                yield from self._read(unpacked(stream, _PACKINGS[kind], self._budget), source, layer + 1)
            case Kind.TAR:
                yield from self._members(tar.entries(stream), source, layer)
            case Kind.ZIP:
                yield from self._zip(stream, source, layer)
            case Kind.OUTLOOK:
                yield self._outlook(stream, source)
            case Kind.PST | Kind.FACTS if layer:
                self._notes.leave(source, "it must be unpacked first, to be read")
            case Kind.PST if self._path:
                yield from read_pst(self._path, source)
            case Kind.FACTS if self._path:
                take_facts(Path(self._path), self._notes)
            case Kind.PST | Kind.FACTS:
                self._notes.leave(source, "it must lie in a file, to be read")
            case Kind.ASIDE:
                self._notes.pass_over()
            case Kind.UNKNOWN:
                self._notes.leave(source, _NO_MAIL)

    def _members(
        self, entries: "Iterator[tar.Entry | None] | Iterator[zips.Entry | None]", source: str, layer: int
    ) -> Iterator[Found]:
        for entry in entries:
            self._budget.enter()
            if entry is None or _is_hidden(entry.name):
                self._notes.pass_over()
                continue
            name = name_of(f"{source}/{entry.name}")
            why_not = "it is a sparse file" if isinstance(entry, tar.Entry) and entry.is_sparse else ""
            if isinstance(entry, zips.Entry):
                why_not = entry.why_not
            if why_not:
                self._notes.leave(name, why_not)
                continue
            try:
                yield from self._read(entry, name, layer + 1)
            except TooLarge:
                raise
            except Permanent as problem:
                self._notes.leave(name, problem)

    def _zip(self, stream: Stream, source: str, layer: int) -> Iterator[Found]:
        if layer == 0 and self._file is not None:
            yield from self._members(zips.entries(self._file, stream.modified, self._budget), source, layer)
            return
        with self._spooled(stream) as file:
            yield from self._members(zips.entries(file, stream.modified, self._budget), source, layer)

    def _spooled(self, stream: Stream) -> BinaryIO:
        """Return a nameless file with all of a stream: a zip's directory stands at its end."""
        most = self._budget.bounds.max_spooled
        file = _spool_file(self._means.spool)
        try:
            octets = 0
            while octets <= most and (piece := stream.read(CHUNK)):
                octets += len(piece)
                _spool(file, piece, self._means.spool)
            file.seek(0)
        except BaseException:
            file.close()
            raise
        if octets > most:
            file.close()
            raise TooLarge(f"it is a zip of more than {most} octets in another archive: unpack it first")
        return file

    def _outlook(self, stream: Stream, source: str) -> RawMail:
        most = self._budget.bounds.max_outlook
        content = stream.exactly(most + 1)
        if len(content) > most:
            raise Permanent(f"it is an Outlook file of more than {most} octets")
        return read_msg(content, source)


def _spool_file(directory: Path) -> BinaryIO:
    try:
        return tempfile.TemporaryFile(dir=directory, buffering=0)
    except OSError as problem:
        raise unwritable(str(directory), problem) from problem


def _spool(file: BinaryIO, piece: bytes, directory: Path) -> None:
    view = memoryview(piece)
    try:
        while view:
            view = view[os.write(file.fileno(), view) :]
    except OSError as problem:
        raise unwritable(str(directory), problem) from problem


def _is_hidden(name: str) -> bool:
    """Whether a file in an archive is hidden, or what macOS puts beside each file; a Maildir++ folder is not."""
    return name.rpartition("/")[2].startswith(".") or name.startswith("__MACOSX/")


def _read_server(piece: OnServer, means: Means, notes: Notes) -> Iterator[RawMail]:
    mailbox = piece.mailbox
    secret = means.secret or Secret("")
    try:
        if mailbox.is_imap:
            yield from read_imap(mailbox, secret, notes)
        else:
            yield from read_pop3(mailbox, secret, means.spool, notes)
    except StorageFull:
        raise
    except SeawallError as problem:
        notes.leave(mailbox.source, problem)
