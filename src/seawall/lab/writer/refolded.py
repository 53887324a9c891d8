"""A header whose Received another program has folded anew: what lists and filters did that read and wrote whole mails.

Owns the folds of such programs, and how often they are met. Refuses to know who runs them (`mail`, `lists`).
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

_PERL: Final = re.compile(r"\s*([^\"]{59,74}[,;]|[^\"]{1,74}[,;\s]|[^\s\"]*(?:\"[^\"]*\"[ \t]?[^\s\"]*)+\s)")
"""Mail::Header's one expression, for lines of 79: rather at a comma or a semicolon, else at a space."""
_PERL_WIDTH: Final = 79
_PYTHON_WIDTH: Final = 78
_FOLD: Final = re.compile(r"\r\n[ \t]+")


def by_perl(field: str) -> str:
    """Fold as Perl's Mail::Header does, with four blanks: delivery filters of 2000 to 2004 were written with it."""
    rest = _FOLD.sub(" ", field).strip() + "\n"
    if len(rest) <= _PERL_WIDTH:
        return rest.strip()
    lines = []
    while found := _PERL.match(rest):
        lines.append(found[1].rstrip())
        rest = rest[found.end() :]
    if rest.strip():
        lines.append(rest.strip())
    return "\r\n    ".join(lines)


def by_python(field: str) -> str:
    """Fold as the `email` of Python 3 does: its lines stay, one blank stands before each, and the long are cut."""
    lines: list[str] = []
    for line in _FOLD.split(field):
        rest = line.strip()
        while len(rest) + bool(lines) > _PYTHON_WIDTH and (cut := rest.rfind(" ", 0, _PYTHON_WIDTH)) > 0:
            lines.append(rest[:cut])
            rest = rest[cut + 1 :]
        lines.append(rest)
    return "\r\n ".join(lines)


def tabs_written_out(field: str) -> str:
    """Write eight blanks where there was a tab, as who passes a mail through a terminal or a page does."""
    return field.replace("\r\n\t", f"\r\n{' ' * 8}")


_MET: Final[tuple[tuple[int, tuple[tuple[int, Callable[[str], str]], ...]], ...]] = (
    (1999, ()),
    (2004, ((65, by_perl),)),
    (2015, ((12, tabs_written_out), (10, by_python))),
    (9999, ((12, tabs_written_out), (40, by_python))),
)
"""The last year, and in how many mailboxes of a hundred such a fold is met: shares as in the real mails that were read."""


def refolding(year: int, place: int) -> Callable[[str], str]:
    """Return what is done to a Received in a mailbox; `place` of a hundred is its own. Mostly nothing is."""
    for share, fold in next(met for until, met in _MET if year <= until):
        if place < share:
            return fold
        place -= share
    return str


def refolded(header: Sequence[bytes], fold: Callable[[str], str]) -> tuple[bytes, ...]:
    """Return a header with its Received folded anew, and all else as it was."""
    return tuple(
        fold(field.decode()).encode() if field.startswith(b"Received:") else field for field in header
    )
