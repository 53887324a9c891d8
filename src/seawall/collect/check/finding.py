"""What was found out about one account or destination, in sentences of three kinds.

Owns the kinds and how they are shown. Refuses to know what was looked at.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

MOST_NAMED: Final = 5
"""Addresses and the like that a sentence names; of more it tells the number."""


class Kind(Enum):
    """What was looked at."""

    ACCOUNT = "account"
    DESTINATION = "destination"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is so (`found`), what works but should be known (`warnings`), and what makes it unusable (`problems`)."""

    kind: Kind
    name: str
    found: tuple[str, ...]
    warnings: tuple[str, ...]
    problems: tuple[str, ...]

    def as_text(self) -> str:
        """Return it for a person, the worst first."""
        state = "NOT USABLE" if self.problems else "usable, with warnings" if self.warnings else "ok"
        lines = [f"{self.kind.value} {self.name}: {state}"]
        lines += [f"  problem: {sentence}" for sentence in self.problems]
        lines += [f"  warning: {sentence}" for sentence in self.warnings]
        lines += [f"  {sentence}" for sentence in self.found]
        return "\n".join(lines)

    def as_document(self) -> dict[str, object]:
        """Return it for JSON."""
        return {
            "name": self.name,
            "found": list(self.found),
            "warnings": list(self.warnings),
            "problems": list(self.problems),
        }


class Notes:
    """The sentences as they are found; what was noted stays when the look is cut short."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._warnings: list[str] = []
        self._problems: list[str] = []

    def found(self, *sentences: str) -> None:
        """Note what is so."""
        self._found += sentences

    def warn(self, sentence: str) -> None:
        """Note what works but should be known."""
        self._warnings.append(sentence)

    def problem(self, sentence: str) -> None:
        """Note what makes it unusable."""
        self._problems.append(sentence)

    def finding(self, kind: Kind, name: str) -> Finding:
        """Return what was noted."""
        return Finding(
            kind=kind,
            name=name,
            found=tuple(self._found),
            warnings=tuple(self._warnings),
            problems=tuple(self._problems),
        )


def named(things: Iterable[object], most: int = MOST_NAMED) -> str:
    """Return a list in words, cut to `most`: "a, b and 3 more"."""
    words = [str(thing) for thing in things]
    if len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most} more"
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def counted(things: Sequence[object] | int, one: str) -> str:
    """Return a number with its noun, which takes an s."""
    number = things if isinstance(things, int) else len(things)
    return f"{number} {one}{'' if number == 1 else 's'}"
