"""When a known mail may be erased at the server. Pure."""

from collections.abc import Iterable

from seawall.model.account import Keep, KeepForever
from seawall.model.copy import KnownCopy
from seawall.model.mail import Listed


def is_due(copy: KnownCopy, keep: Keep, now: float) -> bool:
    """Whether a copy's time at the server is over; never for one that is not durable here."""
    if isinstance(keep, KeepForever) or copy.settled_at is None:
        return False
    return now >= copy.settled_at + keep.seconds


def due(
    known: Iterable[tuple[Listed, KnownCopy]], keep: Keep, now: float
) -> tuple[tuple[Listed, KnownCopy], ...]:
    """Return the known mails that are to be erased, in the order of the listing."""
    return tuple((entry, copy) for entry, copy in known if is_due(copy, keep, now))
