"""A filter: a program that sees a mail before it is delivered, and may refuse it or choose a folder (docs/filters.md).

Owns what its answer means. A filter cannot change a mail or who receives it, and an answer that is
not understood delivers nothing: the mail stays where it is, and a mended filter is asked again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from seawall.deliver import maildir, program
from seawall.deliver.native import native
from seawall.errors import Temporary
from seawall.model.mail import Content
from seawall.model.text import shown

REFUSE: Final = 99
"""The exit code of a refusal: sysexits(3) ends at 78, and shells use 126 and above."""
FOLDER: Final = b"folder:"


@dataclass(frozen=True, slots=True)
class Pass:
    """Deliver it: into `folder`, or where mail goes anyway."""

    folder: str | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Set it aside in Held. `words` are the filter's own, shown escaped."""

    words: str


FilterAnswer = Pass | Refusal


async def ask(argv: Sequence[str], content: Content, *, patience: float) -> FilterAnswer:
    """Show a mail, as served but with LF line ends, to the program `argv`, for at most `patience` seconds.

    Raises Misconfigured where the program cannot be run, Temporary for every answer that is none: an
    exit code that is neither 0 nor 99, a signal, too much time, a folder that cannot be.
    """
    ended = await program.run(argv, native(content.chunks()), patience=patience, extra={})
    if ended.code == REFUSE:
        return Refusal(ended.words or f"the filter {argv[0]} gave no reason")
    if ended.code != 0:
        how = f"was ended by signal {-ended.code}" if ended.code < 0 else f"ended with exit code {ended.code}"
        raise Temporary(f"the filter {argv[0]} {how}{': ' if ended.words else ''}{ended.words}")
    if not ended.said.startswith(FOLDER):
        return Pass(None)
    name = ended.said.removeprefix(FOLDER).strip().decode("ascii", "replace")
    if not maildir.is_folder(name):
        raise Temporary(f"the filter {argv[0]} named a folder that cannot be: {shown(name.encode('utf-8'))}")
    return Pass(name)
