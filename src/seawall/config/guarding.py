"""[guard] in seawall.toml: the thresholds, and an action for each reason, by its code as the key.

Owns the bounds of each. Refuses to know what the rules do with them (`model.guard`).
"""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator

from seawall.model.guard import DAY, DEFAULT_ACTIONS, Action
from seawall.model.guard import Guard as Policy
from seawall.model.verdict import Reason
from seawall.toml import units
from seawall.toml.section import Section, Size, default

MOST_COUNTED: Final = 10_000
"""Of what a rate counts as many moments are remembered as its threshold."""
LEAST_QUIET: Final = 60.0
MOST_QUIET: Final = 365 * DAY
MOST_WINDOW: Final = 3650 * DAY


def _quiet(duration: float) -> float:
    if not LEAST_QUIET <= duration <= MOST_QUIET:
        raise ValueError('must be from "1m" to "365d"')
    return duration


def _window(duration: float) -> float:
    if not DAY <= duration <= MOST_WINDOW:
        raise ValueError('must be from "1d" to "3650d": copies are counted within a day')
    return duration


def _action(written: object) -> Action:
    try:
        return Action(written)
    except ValueError:
        raise ValueError('must be "deliver", "file" or "hold"') from None


OneAction = Annotated[Action, PlainValidator(_action)]


def _by_default(reason: Reason) -> Any:
    return Field(DEFAULT_ACTIONS[reason].value, alias=reason.value)


class Guard(Section):
    """[guard]: what breaks a storm. A reason's code is the key of what is done for it."""

    storm_copies: int = Field(5, ge=2, le=MOST_COUNTED)
    storm_origins: int = Field(3, ge=2, le=MOST_COUNTED)
    bounces: int = Field(50, ge=2, le=MOST_COUNTED)
    repliers: int = Field(10, ge=2, le=MOST_COUNTED)
    own_marks: int = Field(20, ge=1, le=MOST_COUNTED)
    quiet: Annotated[float, AfterValidator(_quiet), BeforeValidator(units.seconds)] = default("24h")
    window: Annotated[float, AfterValidator(_window), BeforeValidator(units.seconds)] = default("90d")
    window_mails: int = Field(200_000, ge=1000, le=100_000_000)
    held_max: Annotated[Size, Field(ge=1_000_000)] = default("5 GB")
    own_mark: OneAction = _by_default(Reason.OWN_MARK)
    replicated: OneAction = _by_default(Reason.REPLICATED)
    duplicate: OneAction = _by_default(Reason.DUPLICATE)
    delivered_to_loop: OneAction = _by_default(Reason.DELIVERED_TO_LOOP)
    loop_header: OneAction = _by_default(Reason.LOOP_HEADER)
    too_many_hops: OneAction = _by_default(Reason.TOO_MANY_HOPS)
    storm: OneAction = _by_default(Reason.STORM)
    bounce_flood: OneAction = _by_default(Reason.BOUNCE_FLOOD)
    bounce_of_bounce: OneAction = _by_default(Reason.BOUNCE_OF_BOUNCE)
    reply_all_storm: OneAction = _by_default(Reason.REPLY_ALL_STORM)


def policy(section: Guard, sent_by: tuple[str, ...]) -> Policy:
    """Return the policy that a section means; `sent_by` stands in [local]."""
    written = section.model_dump(by_alias=True)
    actions = {reason: written.pop(reason.value) for reason in DEFAULT_ACTIONS}
    return Policy(actions=actions, sent_by=sent_by, **written)
