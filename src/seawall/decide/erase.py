"""When a known mail may be erased at the server. Pure."""

from collections.abc import Iterable

from seawall.model.account import Keep, KeepForever
from seawall.model.copy import KnownCopy
from seawall.model.mail import Listed


def due(
    known: Iterable[tuple[Listed, KnownCopy]], keep: Keep, now: float
) -> tuple[tuple[Listed, KnownCopy], ...]:
    """Return the known mails whose time at the server is over, in the order of the listing; none that is not durable here."""
    if isinstance(keep, KeepForever):
        return ()
    return tuple(
        (entry, copy)
        for entry, copy in known
        if copy.settled_at is not None and now >= copy.settled_at + keep.seconds
    )
