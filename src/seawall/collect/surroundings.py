"""What the journey takes from the world outside mail: clock, randomness, names, and who is told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


class Log(Protocol):
    """Where decisions are written, one line each; never a secret, never a body."""

    def info(self, event: str, **fields: Any) -> Any:
        """A decision."""

    def warning(self, event: str, **fields: Any) -> Any:
        """Something that a person may want to know."""

    def error(self, event: str, **fields: Any) -> Any:
        """An alarm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """`now` gives Unix seconds, `token` 32 hex digits that nobody can guess, `here` is this host's name.

    `pick` chooses some of many at random, `chance` is a number from 0 to 1; `progress` hears, for an account, how many of how many
    mails are fetched.
    """

    now: Callable[[], float]
    token: Callable[[], str]
    pick: Callable[[Sequence[int], int], Sequence[int]]
    chance: Callable[[], float]
    here: str
    log: Log
    progress: Callable[[str, int, int], None] = field(default=lambda _account, _done, _all: None)
