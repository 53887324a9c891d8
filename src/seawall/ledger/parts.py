"""Long lists in statements: many values in one IN cost less than a statement each, and a database takes only so many."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

MOST: Final = 512
"""Values in one statement; SQLite takes 32,766, PostgreSQL 65,535."""

T = TypeVar("T")


def parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield `values` in order, as many at a time as go into one statement."""
    for start in range(0, len(values), MOST):
        yield values[start : start + MOST]
