"""The header lines of copies that evidence shows, so that anyone can check it. Pure."""

from collections.abc import Sequence
from typing import Final

from seawall.forensic.copies import Copy
from seawall.model.row import Hop
from seawall.model.trace import Quote

MOST_QUOTES: Final = 3


def quote(copy: Copy, header: str, text: str) -> Quote:
    """Return a header line of a copy, or the line of the log by which its hop is known."""
    return Quote(mail=copy.name, header="log line" if copy.is_logged else header, text=text)


def received_of(copy: Copy, domain: str) -> Hop | None:
    """Return the topmost hop in which an organisation is named: that of who took the mail from it, else its own."""
    for place in range(len(copy.way.steps) - 1, -1, -1):
        step = copy.way.steps[place]
        if step.domain == domain and step.start < len(copy.hops):
            is_taken = place + 1 < len(copy.way.steps) and copy.way.steps[place + 1].is_joined
            return copy.hops[min(step.stop, len(copy.hops) - 1) if is_taken else step.start]
    return None


def quoted_hops(copies: Sequence[Copy], domain: str) -> tuple[Quote, ...]:
    """Return the Received lines of the first copies in which an organisation is named, at most MOST_QUOTES."""
    quotes = []
    for copy in copies:
        hop = received_of(copy, domain)
        if hop is not None:
            quotes.append(quote(copy, "Received", hop.text))
        if len(quotes) == MOST_QUOTES:
            break
    return tuple(quotes)


def counted(copies: Sequence[Copy], one: str = "", many: str = "") -> str:
    """Return how many copies, and the verb that goes with one or with many."""
    if len(copies) == 1:
        return f"1 copy {one}".rstrip()
    return f"{len(copies)} copies {many}".rstrip()
