"""Sources → facts on disk: reads each source once, and writes its mails' facts as Parquet files.

Owns how the work is shared out among processes, how its progress is told, and what is left when it fails: nothing.
Refuses to know what the facts are good for, and how any source is read (sources/).
"""

import asyncio
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, islice
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Final

from seawall.errors import Misconfigured, Temporary
from seawall.forensic.sources.bounds import FILES, MAX_UNREAD, PEEK
from seawall.forensic.sources.kinds import Kind, kind_of
from seawall.forensic.sources.notes import Notes
from seawall.forensic.sources.pieces import Input, OnServer, Piece, expanded, pieces_of
from seawall.forensic.sources.reading import Means
from seawall.forensic.sources.stream import open_regular
from seawall.forensic.sources.url import is_url, read_url
from seawall.forensic.sources.work import Done, part_of, work
from seawall.model.secret import PasswordFile, Secret
from seawall.model.trace import Unread
from seawall.net.credentials import read_secret

TELL_SECONDS: Final = 0.1
"""Progress is told no more often than this."""
_AHEAD: Final = 2
"""Pieces for each process that are handed out at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What was read: the Parquet files with the facts, how many mails and octets, from how many sources, and what could not be read.

    `passed_over` counts the files that lie beside mails and are none: hidden, empty, lists, indexes, links.
    """

    parts: tuple[Path, ...]
    mails: int
    octets: int
    sources: int
    unread: tuple[Unread, ...] = field(default=())
    passed_over: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the reading is: mails and octets so far, and all octets that there are, None where that can't be told."""

    mails: int
    octets: int
    all_octets: int | None


Tell = Callable[[Progress], None]


def gather(
    sources: Sequence[str],
    out: Path,
    *,
    workers: int = 1,
    tell: Tell = lambda _: None,
    password_file: str | None = None,
    ca_file: str | None = None,
) -> Gathered:
    """Read sources and write their facts into the directory `out`, which exists; `tell` hears how it goes on.

    A source is a path, a pattern of paths, "-" or a mailbox's URL (docs/sources.md); `password_file` and `ca_file` are
    for the last. The files' names, and the order of their rows (by source and place in it) are the same whatever
    `workers`, the number of processes. What cannot be read is told in the result, and the rest is read.

    Raises Misconfigured for a URL that is none or lacks its password, StorageFull or Temporary where `out` cannot be
    written or a process dies. However it ends, no process is left, and on an error no file.
    """
    mailboxes = {source: read_url(source, ca_file) for source in sources if is_url(source)}
    means = Means(spool=out, secret=_secret(password_file) if mailboxes else None)
    found = _Found()
    notes = Notes()
    paths = list(expanded([source for source in sources if source not in mailboxes]))
    pieces: Iterator[Piece] = chain(
        pieces_of(paths, notes), (OnServer(mailbox) for mailbox in mailboxes.values())
    )
    ahead = list(islice(pieces, 2))
    pieces = chain(ahead, pieces)
    news = _News(tell, None if mailboxes else _all_octets(paths))
    try:
        if workers > 1 and len(ahead) > 1:
            _share(pieces, out, means, found=found, news=news, workers=workers)
        else:
            for number, piece in enumerate(pieces):
                found.begun = number + 1
                found.add(number, work(piece, number, out, means, news.heard))
    except BaseException:
        for number in range(found.begun):
            with suppress(OSError):
                part_of(number, out).unlink(missing_ok=True)
        raise
    news.told()
    return found.gathered(notes, sources=len(paths) + len(mailboxes))


def _secret(password_file: str | None) -> Secret:
    if password_file is None:
        raise Misconfigured("a mailbox on a server needs a password: --password-file FILE")
    return asyncio.run(read_secret(PasswordFile(password_file)))


def _all_octets(paths: Sequence[str]) -> int | None:
    """Return how many octets there are to read, None unless all are mailboxes or mails in plain files."""
    octets = 0
    if len(paths) > FILES:
        # Looking into each would be half of reading them.
        return None
    for path in paths:
        try:
            descriptor = open_regular(path)
        except OSError:
            return None
        try:
            if kind_of(os.pread(descriptor, PEEK, 0)) not in (Kind.MBOX, Kind.MAIL):
                return None
            octets += os.fstat(descriptor).st_size
        except OSError:
            return None
        finally:
            os.close(descriptor)
    return octets


class _News:
    """What was done so far, told at most every TELL_SECONDS."""

    def __init__(self, tell: Tell, all_octets: int | None) -> None:
        self._tell = tell
        self._all_octets = all_octets
        self._told_at = 0.0
        self.mails = 0
        self.octets = 0

    def heard(self, mails: int, octets: int) -> None:
        """Add to what was done."""
        self.set(self.mails + mails, self.octets + octets)

    def set(self, mails: int, octets: int) -> None:
        """Note what was done so far."""
        self.mails, self.octets = mails, octets
        if time.monotonic() - self._told_at >= TELL_SECONDS:
            self.told()

    def told(self) -> None:
        """Tell now."""
        self._told_at = time.monotonic()
        self._tell(Progress(mails=self.mails, octets=self.octets, all_octets=self._all_octets))


class _Found:
    """What became of the pieces; `begun` are those that may have written a file."""

    def __init__(self) -> None:
        self.begun = 0
        self._done: dict[int, Done] = {}

    def add(self, number: int, done: Done) -> None:
        """Note what became of a piece."""
        self._done[number] = done

    def gathered(self, walk: Notes, *, sources: int) -> Gathered:
        """Return the whole, in the pieces' order."""
        done = [self._done[number] for number in sorted(self._done)]
        notes = [walk, *(one.notes for one in done)]
        unread = list(dict.fromkeys(chain.from_iterable(one.unread for one in notes)))
        unnamed = sum(one.unnamed for one in notes) + max(0, len(unread) - MAX_UNREAD)
        if unnamed:
            unread = [
                *unread[:MAX_UNREAD],
                Unread(source="…", reason=f"and {unnamed} more that could not be read"),
            ]
        return Gathered(
            parts=tuple(chain.from_iterable(one.parts for one in done)),
            mails=sum(one.mails for one in done),
            octets=sum(one.octets for one in done),
            sources=sources,
            unread=tuple(unread),
            passed_over=sum(one.passed_over for one in notes),
        )


# --- in several processes -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the processes have in common: how much is done, and whether to stop."""

    mails: "Synchronized[int]"
    octets: "Synchronized[int]"
    stop: Event

    def heard(self, mails: int, octets: int) -> None:
        """Add to what is done; raises _Stopped where that is no longer wanted."""
        if self.stop.is_set():
            raise _Stopped
        with self.mails.get_lock():
            self.mails.value += mails
            self.octets.value += octets


class _Stopped(Exception):
    """The parent gave up."""


_shared: _Shared | None = None
"""A worker's own; shared memory reaches it as it begins, and in no other way."""


def _begin(shared: _Shared) -> None:
    """Begin a worker: the terminal's Ctrl-C is the parent's to answer, and a parent that dies leaves no child."""
    global _shared  # noqa: PLW0603 -- see there
    _shared = shared
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


def _work(piece: Piece, number: int, out: Path, means: Means) -> Done:
    assert _shared is not None  # noqa: S101 -- _begin has run
    return work(piece, number, out, means, _shared.heard)


def _share(
    pieces: Iterator[Piece], out: Path, means: Means, *, found: _Found, news: _News, workers: int
) -> None:
    """Let processes do the pieces, but for standard input and servers, which are read here."""
    # Not fork: this process may have threads, and Arrow has.
    context = multiprocessing.get_context("spawn")
    shared = _Shared(context.Value("q", 0), context.Value("q", 0), context.Event())
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(shared,))
    under_way: dict[Future[Done], int] = {}
    files_only = Means(spool=means.spool, bounds=means.bounds)
    here_mails = here_octets = 0

    def heard_here(mails: int, octets: int) -> None:
        nonlocal here_mails, here_octets
        here_mails += mails
        here_octets += octets
        news.set(shared.mails.value + here_mails, shared.octets.value + here_octets)

    try:
        for number, piece in enumerate(pieces):
            found.begun = number + 1
            if isinstance(piece, Input | OnServer):
                found.add(number, work(piece, number, out, means, heard_here))
                continue
            under_way[pool.submit(_work, piece, number, out, files_only)] = number
            while len(under_way) >= workers * _AHEAD:
                _collect(under_way, found)
                heard_here(0, 0)
        while under_way:
            _collect(under_way, found)
            heard_here(0, 0)
    except BrokenProcessPool as problem:
        raise Temporary(
            "a process that read the sources died: killed, out of memory, or by a fault in a library; "
            "with one worker it would show on what"
        ) from problem
    finally:
        shared.stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


def _collect(under_way: dict[Future[Done], int], found: _Found) -> None:
    """Take in what is done, after TELL_SECONDS at the latest; raises what a piece raised."""
    done, _ = wait(under_way, timeout=TELL_SECONDS, return_when=FIRST_COMPLETED)
    for future in done:
        found.add(under_way.pop(future), future.result())
