"""An mbox → its mails (RFC 4155), whichever of the four dialects wrote it, in one pass over blocks of octets.

Owns where a mail begins and ends, and which quoting is undone. Refuses to know where the octets come from.

mboxo writes ">From " for a line of a body that begins "From ". mboxrd puts a ">" before any number of them too. mboxcl
quotes as mboxo does and adds Content-Length; mboxcl2 adds Content-Length and quotes nothing. They are told apart mail by
mail: a Content-Length holds where another mail, or the end, stands exactly where it says, and then nothing that lies
between is a mail's beginning, and nothing is unquoted (in mboxcl2 a ">From " is the author's own). Else one ">" before
"From " goes, which both mboxo and mboxrd have put there. More than one is mboxrd's or the author's own: they are left,
but where the From line says mboxrd@z, as public-inbox does.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from seawall.errors import SeawallError
from seawall.forensic.sources.bounds import MOST
from seawall.forensic.sources.from_line import LOOKAHEAD, MAX_FROM_LINE, begins_mail, date_of
from seawall.forensic.table import RawMail

BLOCK: Final = 4 * 2**20
"""Octets that are read at once."""
MAX_MEASURED: Final = 16 * 2**20
"""A Content-Length up to this is believed where it proves right; a longer mail ends at the next From line."""
_MAX_HEADER: Final = 64 * 2**10
"""Octets of a header in which Content-Length is looked for."""

_FROM = re.compile(rb"\nFrom ")
"""As a pattern it is found half as fast again as by bytes.find."""
_LENGTH = re.compile(rb"\ncontent-length[ \t]*:[ \t]*(\d{1,12})[ \t]*\r?\n")
_GAP = re.compile(rb"(?:\r?\n){0,2}")
_QUOTED_ONCE = re.compile(rb"\n>From ")
_QUOTED = re.compile(rb"\n>(>*From )")
_EMPTY_LINE = re.compile(rb"\n\r?\n")
_SIGN_OF_LENGTH = re.compile(rb"ength:")
"""One search of all octets for this costs half of one in each header for the whole name, whatever its case."""

Read = Callable[[int], bytes]
"""Returns the next octets, at most so many; none at the end."""


class Cut(NamedTuple):
    """A mail's place in an mbox: the octets from its From line on to that of the next, the From line, and the mail.

    `head` is at most the first MOST octets of the mail without its From line, `size` counts all of it, without the
    empty line that the mbox has put behind. `is_measured` says that its Content-Length holds.
    """

    begin: int
    end: int
    from_line: bytes
    head: bytes
    size: int
    is_measured: bool


def read_mbox(read: Read, source: str, *, offset: int = 0, place: int = 0) -> Iterator[RawMail]:
    """Yield the mails of an mbox, of which `read` gives the octets from `offset` on; the first is number `place`."""
    for number, cut in enumerate(cuts(read, offset=offset), start=place):
        head = _unquoted(cut)
        yield RawMail(
            source, number, cut.begin, head, cut.size - len(cut.head) + len(head), date_of(cut.from_line)
        )


def _unquoted(cut: Cut) -> bytes:
    is_mboxrd = b"mboxrd@z" in cut.from_line
    if cut.is_measured or not (_QUOTED if is_mboxrd else _QUOTED_ONCE).search(cut.head):
        return cut.head
    body = _EMPTY_LINE.search(cut.head)
    # A ">From " in the header is a trace of UUCP's, and no quoting.
    body_at = body.start() if body else len(cut.head)
    if is_mboxrd:
        return cut.head[:body_at] + _QUOTED.sub(rb"\n\1", cut.head[body_at:])
    return cut.head[:body_at] + cut.head[body_at:].replace(b"\n>From ", b"\nFrom ")


def cuts(read: Read, *, offset: int = 0, keep: int = MOST) -> Iterator[Cut]:
    """Yield each mail's place; `keep` octets of each come along. The first mail begins at `offset`, where `read` begins.

    Memory is bounded by BLOCK and MAX_MEASURED, whatever the mails are; time is linear. Whatever `read` raises is raised
    once the mails before have been yielded, the last of them as far as it came.
    """
    window = _Window(read, offset)
    begin = offset
    while window.has(begin):
        cut = _next_cut(window, begin, keep)
        yield cut
        begin = cut.end
    if window.failure is not None:
        raise window.failure


class _Window:
    """The octets at hand: those from `base` on, until more are needed or earlier ones forgotten."""

    __slots__ = ("_read", "_sign", "base", "failure", "is_last", "octets")

    def __init__(self, read: Read, base: int) -> None:
        self._read = read
        self.base = base
        self.octets = b""
        self.is_last = False
        self.failure: Exception | None = None
        self._sign = -1

    @property
    def end(self) -> int:
        return self.base + len(self.octets)

    def need(self, end: int) -> None:
        """Have the octets up to `end` at hand, as far as there are."""
        if end <= self.end or self.is_last:
            return
        pieces = [self.octets]
        reached = self.end
        # A block at least: each time costs a copy of what is at hand.
        end = max(end, reached + BLOCK)
        while reached < end:
            try:
                piece = self._read(BLOCK)
            except (SeawallError, OSError) as problem:
                self.failure = problem
                piece = b""
            if not piece:
                self.is_last = True
                break
            pieces.append(piece)
            reached += len(piece)
        self.octets = b"".join(pieces)

    def has(self, at: int) -> bool:
        self.need(at + 1)
        return at < self.end

    def forget(self, before: int) -> None:
        """Let go of what lies before, once that is worth a copy."""
        if before - self.base >= BLOCK:
            self.octets = self.octets[before - self.base :]
            self.base = before

    def may_have_length(self, begin: int, end: int) -> bool:
        """Whether a Content-Length may lie between, which are at hand as far as there are."""
        if self._sign < begin:
            found = _SIGN_OF_LENGTH.search(self.octets, begin - self.base)
            # Where there is none, one may begin in the last octets.
            self._sign = self.base + found.start() if found else max(begin, self.end - len(b"ength"))
        return self._sign < end

    def part(self, begin: int, end: int) -> bytes:
        return self.octets[begin - self.base : end - self.base]


def _next_cut(window: _Window, begin: int, keep: int) -> Cut:
    window.forget(begin)
    window.need(begin + _MAX_HEADER)
    line_end = window.octets.find(b"\n", begin - window.base, begin - window.base + MAX_FROM_LINE)
    start = window.base + line_end + 1 if line_end >= 0 else window.end
    from_line = window.part(begin, min(start, begin + MAX_FROM_LINE))
    measured = _measured(window, start)
    if measured:
        end, following = measured
        return Cut(
            begin,
            following,
            from_line,
            window.part(start, min(end, start + keep)),
            end - start,
            is_measured=True,
        )
    head = b""
    # The line end of the From line itself may be the one before the next.
    at = max(begin, start - 1)
    while True:
        found = _FROM.search(window.octets, at - window.base)
        if not found:
            if window.is_last:
                following = window.end
                break
            # What may be the beginning of the next line's mark stays, and the empty line before it.
            at = max(at, window.end - len(b"\nFrom"))
            head += window.part(start + len(head), min(at - 4, start + keep))
            window.forget(at - 4)
            window.need(window.end + 1)
            continue
        mark = window.base + found.start() + 1
        if window.end < mark + LOOKAHEAD and not window.is_last:
            window.need(mark + LOOKAHEAD)
            continue
        if begins_mail(
            window.octets, mark - window.base, is_behind_empty_line=_is_behind_empty_line(window, mark)
        ):
            following = mark
            break
        at = mark
    end = max(start, following - _empty_line_octets(window.part(max(start, following - 4), following)))
    head += window.part(start + len(head), min(end, start + keep))
    return Cut(begin, following, from_line, head[: end - start], end - start, is_measured=False)


def _is_behind_empty_line(window: _Window, mark: int) -> bool:
    before = window.part(max(window.base, mark - 3), mark)
    return before.endswith((b"\n\n", b"\n\r\n"))


def _empty_line_octets(tail: bytes) -> int:
    """Return how long the empty line is that an mbox puts behind a mail, 0 where there is none."""
    if tail.endswith(b"\n\r\n"):
        return 2
    return 1 if tail.endswith(b"\n\n") else 0


def _measured(window: _Window, start: int) -> tuple[int, int] | None:
    """Return where a mail ends, and the next begins, by its Content-Length; None where it has none that holds."""
    end = _said_end(window, start)
    if end is None:
        return None
    window.need(end + LOOKAHEAD)
    if end > window.end:
        return None
    gap = _GAP.match(window.octets, end - window.base)
    following = window.base + gap.end() if gap else end
    if following == window.end and window.is_last:
        return end, following
    at = following - window.base
    holds = (
        at > 0
        and window.octets.startswith(b"\nFrom ", at - 1)
        and begins_mail(window.octets, at, is_behind_empty_line=True)
    )
    return (end, following) if holds else None


def _said_end(window: _Window, start: int) -> int | None:
    """Return where a mail ends if its Content-Length is true; None where it has none up to MAX_MEASURED."""
    if not window.may_have_length(start, start + _MAX_HEADER):
        return None
    at = start - window.base
    is_crlf = window.octets[max(0, at - 2) : at] == b"\r\n"
    empty_line = b"\n\r\n" if is_crlf else b"\n\n"
    header_end = window.octets.find(empty_line, at, at + _MAX_HEADER)
    if header_end < 0:
        return None
    # From the From line's end on, whose own line end is a field's beginning.
    found = _LENGTH.search(window.octets[max(0, at - 1) : header_end + 1].lower())
    octets = int(found.group(1)) if found else MAX_MEASURED + 1
    return window.base + header_end + len(empty_line) + octets if octets <= MAX_MEASURED else None
