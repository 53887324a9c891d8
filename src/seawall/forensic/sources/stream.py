"""Octets that can be read once, from the front, and looked at before they are read; and what unpacks them.

Owns the bound on what an archive unpacks to. Refuses to know what the octets are.
"""

import bz2
import errno
import os
import re
import stat
import zlib
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from seawall.errors import Permanent, TooLarge
from seawall.forensic.sources.bounds import Bounds

CHUNK: Final = 2**20

Read = Callable[[int], bytes]


class Damaged(Permanent):
    """An archive that ends too early, or whose octets are none that its kind can have."""


class Budget:
    """What one source may unpack to, whatever is packed in what; see Bounds.

    `packed` are the octets of the outermost file; where they aren't known, as of standard input, those read so far count.
    """

    def __init__(self, bounds: Bounds, packed: int | None) -> None:
        self.bounds = bounds
        self.entries = 0
        self._packed = packed
        self._taken = 0
        self._unpacked = 0

    def took(self, octets: int) -> None:
        """Note that so many octets came from the outermost file."""
        self._taken += octets

    def unpack(self, octets: int) -> None:
        """Note that so many octets were unpacked; raises TooLarge where that is too much."""
        self._unpacked += octets
        packed = self._packed if self._packed is not None else self._taken
        if self._unpacked > self.bounds.free_octets and self._unpacked > self.bounds.max_ratio * packed:
            raise TooLarge(
                f"it unpacks to more than {self.bounds.max_ratio} times its {packed} octets: read up to there"
            )

    def enter(self) -> None:
        """Note one more entry of an archive; raises TooLarge where that is one too many."""
        self.entries += 1
        if self.entries > self.bounds.max_entries:
            raise TooLarge(f"it has more than {self.bounds.max_entries} entries: read up to there")


class Stream:
    """Octets from the front. `size` is how many there are, None where that isn't known; `modified` the file's time."""

    def __init__(self, read: Read, *, size: int | None = None, modified: float = 0.0) -> None:
        self._read = read
        self._ahead = b""
        self.size = size
        self.modified = modified

    def peek(self, octets: int) -> bytes:
        """Return the first octets, fewer only where there are fewer, and leave them to be read."""
        while len(self._ahead) < octets:
            piece = self._read(octets - len(self._ahead))
            if not piece:
                break
            self._ahead += piece
        return self._ahead[:octets]

    def read(self, octets: int) -> bytes:
        """Return the next octets, at least one and at most so many; none at the end."""
        piece, self._ahead = self._ahead or self._read(octets), b""
        if len(piece) > octets:
            piece, self._ahead = piece[:octets], piece[octets:]
        return piece

    def unread(self, octets: bytes) -> None:
        """Put octets back, to be read next."""
        self._ahead = octets + self._ahead

    def exactly(self, octets: int) -> bytes:
        """Return the next octets, fewer only at the end."""
        pieces = []
        while octets and (piece := self.read(octets)):
            pieces.append(piece)
            octets -= len(piece)
        return b"".join(pieces)

    def skip(self, octets: int | None = None) -> int:
        """Read past so many octets, or all of them, and return how many those were."""
        skipped = 0
        while octets is None or skipped < octets:
            piece = self.read(CHUNK if octets is None else min(CHUNK, octets - skipped))
            if not piece:
                break
            skipped += len(piece)
        return skipped

    def lines(self, longest: int) -> "Lines":
        """Return the lines, each cut into pieces of at most `longest` octets."""
        return Lines(self, longest)


class Lines:
    """A stream's lines, as a binary file's readline(longest) gives them."""

    def __init__(self, stream: Stream, longest: int) -> None:
        self._stream = stream
        self._longest = longest
        self._octets = b""
        self._at = 0

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> bytes:
        end = self._octets.find(b"\n", self._at, self._at + self._longest)
        while end < 0 and len(self._octets) - self._at < self._longest:
            piece = self._stream.read(CHUNK)
            if not piece:
                break
            self._octets = self._octets[self._at :] + piece
            self._at = 0
            end = self._octets.find(b"\n", 0, self._longest)
        stop = end + 1 if end >= 0 else min(len(self._octets), self._at + self._longest)
        line = self._octets[self._at : stop]
        if not line:
            raise StopIteration
        self._at = stop
        return line


class _Decompressor(Protocol):
    """One member of a packed file: what zlib, bz2 and zstandard have in common."""

    @property
    def eof(self) -> bool:
        """Whether its end was found."""

    @property
    def unused_data(self) -> bytes:
        """What was fed and lies behind its end."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Return more of what is in it; raises ValueError, OSError or zlib.error."""


class _ZstdMember:
    """One frame of zstd; it unpacks all that it is fed."""

    def __init__(self) -> None:
        import zstandard  # noqa: PLC0415 -- only where there is such a file

        self._error = zstandard.ZstdError
        self._frame = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).decompressobj()

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data

    def decompress(self, data: bytes, _max_length: int, /) -> bytes:
        try:
            return self._frame.decompress(data)
        except self._error as problem:
            raise ValueError(str(problem)) from problem


_MAX_WINDOW: Final = 2**27
"""Octets that zstd may look back: what `zstd --long` writes, and what its own decoder takes without being told."""


class Packing(NamedTuple):
    """A way of packing: how its members begin, what reads one, and how many octets it is fed at once."""

    name: str
    magic: "re.Pattern[bytes]"
    begin: Callable[[], _Decompressor]
    step: int


# zlib reads a gzip's headers itself: Python's gzip module takes a microsecond for each octet of a name in them.
GZIP: Final = Packing("gzip", re.compile(rb"\x1f\x8b"), lambda: zlib.decompressobj(wbits=31), 64 * 2**10)
BZIP2: Final = Packing("bzip2", re.compile(b"BZh"), bz2.BZ2Decompressor, 64 * 2**10)
# zstandard has no bound on what one call returns; a block of 128 KiB takes 4 octets at least (RFC 8878 §3.1.1.2).
ZSTD: Final = Packing(
    "zstd", re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"), _ZstdMember, 2 * 2**10
)


def unpacked(packed: Stream, packing: Packing, budget: Budget) -> Stream:
    """Return what is packed so, all members one after another (RFC 1952 §2.2); reading it raises Damaged or TooLarge."""
    return Stream(_Unpacked(packed, packing, budget).read, modified=packed.modified)


class _Unpacked:
    """What a packed stream holds."""

    def __init__(self, packed: Stream, packing: Packing, budget: Budget) -> None:
        self._packed = packed
        self._packing = packing
        self._member = packing.begin()
        self._budget = budget
        self._is_over = False

    def read(self, octets: int) -> bytes:
        """Return the next octets; raises Damaged or TooLarge."""
        try:
            while not self._is_over:
                if piece := self._next(octets):
                    self._budget.unpack(len(piece))
                    return piece
        except (zlib.error, OSError, ValueError) as problem:
            raise Damaged(f"its {self._packing.name} is damaged: read up to there ({problem})") from problem
        return b""

    def _next(self, octets: int) -> bytes:
        member = self._member
        if member.eof:
            self._packed.unread(member.unused_data)
            # Behind the last member there is nothing, or padding.
            self._is_over = not self._packing.magic.match(self._packed.peek(4))
            self._member = self._packing.begin()
            return b""
        # zlib hands back what it has no room for, bz2 keeps it.
        kept: bytes = getattr(member, "unconsumed_tail", b"")
        needs_more = not kept and getattr(member, "needs_input", True)
        fed = self._packed.read(self._packing.step) if needs_more else kept
        piece = member.decompress(fed, octets)
        if needs_more and not fed and not piece and not member.eof:
            raise Damaged(f"its {self._packing.name} ends too early: read up to there")
        return piece


def open_regular(path: str) -> int:
    """Open a regular file and return its descriptor; raises OSError. Nothing else is opened: a FIFO would wait for ever."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file")
    return descriptor
