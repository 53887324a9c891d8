"""What a run may take: mails, octets, lab time and real time. Whichever is reached first ends it.

Owns the count. Refuses to know who sends what.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final


class End(Enum):
    """Why a run ended: nothing was on its way any more, or one of the bounds was reached."""

    QUIET = "quiet"
    MAILS = "mails"
    OCTETS = "octets"
    LAB_TIME = "lab_time"
    WALL_TIME = "wall_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """A mail counts once for each recipient at each server that takes it, and its octets likewise."""

    mails: int
    octets: int
    lab_time: timedelta
    wall_time: timedelta


MOST: Final = Bounds(
    mails=2_000_000, octets=8 * 10**9, lab_time=timedelta(weeks=5), wall_time=timedelta(hours=4)
)
"""No scenario may ask for more."""


class Meter:
    """How much of its bounds a run has used. `reached` is the first bound that would have been passed, or None."""

    def __init__(self, bounds: Bounds) -> None:
        self.mails = 0
        self.octets = 0
        self.reached: End | None = None
        self._bounds = bounds

    def has_room(self, recipients: int, octets: int) -> bool:
        """Count a mail that a server is about to take, or refuse it and every later one."""
        if self.reached is None:
            if self.mails + recipients > self._bounds.mails:
                self.reached = End.MAILS
            elif self.octets + recipients * octets > self._bounds.octets:
                self.reached = End.OCTETS
            else:
                self.mails += recipients
                self.octets += recipients * octets
        return self.reached is None
