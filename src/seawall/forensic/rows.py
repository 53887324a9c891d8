"""Rows of the table, as the engine gives them, back to the values that they were made of."""

from collections.abc import Mapping
from typing import Any

from seawall.model.row import Hop


def hops_of(row: Mapping[str, Any]) -> tuple[Hop, ...]:
    """Return a row's hops, the origin's first."""
    return tuple(Hop(**{**hop, "defects": tuple(hop["defects"])}) for hop in row["hops"])
