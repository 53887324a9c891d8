"""A header whose Received another program has folded anew: what lists and filters did that read and wrote whole mails.

Owns the folds of two such programs. Refuses to know who runs them (`mail`, `lists`).
"""

import re
from collections.abc import Sequence
from typing import Final

_PERL: Final = re.compile(r"\s*([^\"]{59,74}[,;]|[^\"]{1,74}[,;\s]|[^\s\"]*(?:\"[^\"]*\"[ \t]?[^\s\"]*)+\s)")
"""Mail::Header's one expression, for lines of 79: rather at a comma or a semicolon, else at a space."""
_PERL_WIDTH: Final = 79
_PYTHON_WIDTH: Final = 78
_FOLD: Final = re.compile(r"\r\n[ \t]+")


def by_perl(field: str) -> str:
    """Fold as Perl's Mail::Header does, with four blanks: delivery filters of 2000 to 2004 were written with it."""
    rest = re.sub(r"\s+", " ", field).strip() + "\n"
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


def refolded(header: Sequence[bytes], *, is_perl: bool) -> tuple[bytes, ...]:
    """Return a header with its Received folded anew, and all else as it was."""
    fold = by_perl if is_perl else by_python
    return tuple(
        fold(field.decode()).encode() if field.startswith(b"Received:") else field for field in header
    )
