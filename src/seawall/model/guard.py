"""The guard's policy: what is done about each reason, and from how many on (DESIGN §5, `[guard]`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Final

from seawall.model.verdict import Reason

DAY: Final = 86400.0


class Action(Enum):
    """What is done with a mail for a reason: deliver it, put it into the user's own `.Held` folder, or into Held."""

    DELIVER = "deliver"
    FILE = "file"
    HOLD = "hold"


DEFAULT_ACTIONS: Final[Mapping[Reason, Action]] = MappingProxyType(
    {
        Reason.OWN_MARK: Action.HOLD,
        Reason.REPLICATED: Action.HOLD,
        Reason.DUPLICATE: Action.FILE,
        Reason.DELIVERED_TO_LOOP: Action.HOLD,
        Reason.LOOP_HEADER: Action.HOLD,
        Reason.TOO_MANY_HOPS: Action.HOLD,
        Reason.STORM: Action.HOLD,
        Reason.BOUNCE_FLOOD: Action.HOLD,
        Reason.BOUNCE_OF_BOUNCE: Action.HOLD,
        Reason.REPLY_ALL_STORM: Action.DELIVER,
    }
)
"""The reasons whose action a person may choose, with what is done where he does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """The thresholds and the actions. Times are in seconds, sizes in octets.

    `storm_copies` of one mail within a day, from `storm_origins` organisations or with a sign of
    replication, open its breaker, which closes after `quiet`; `bounces` about one original within a day are a
    flood, `repliers` to one list-wide thread within an hour a reply-all storm. `own_marks` mails that
    come back within a day stop their account until a person resumes it. Identities are remembered for
    `window`, the newest `window_mails` of them. Above `held_max` in Held polling stops. `sent_by` names the
    hosts or domains that everything sent from here passes; where it is empty nobody can tell what was.
    """

    actions: Mapping[Reason, Action] = field(default_factory=lambda: DEFAULT_ACTIONS)
    storm_copies: int = 5
    storm_origins: int = 3
    bounces: int = 50
    repliers: int = 10
    own_marks: int = 20
    quiet: float = DAY
    window: float = 90 * DAY
    window_mails: int = 200_000
    held_max: int = 5_000_000_000
    sent_by: tuple[str, ...] = ()
