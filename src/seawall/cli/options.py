"""The options that commands share, so that each is named and explained once."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

ConfigOption = Annotated[
    Path | None,
    Parameter(
        name="--config",
        help="The configuration; else $SEAWALL_CONFIG, ./seawall.toml or /etc/seawall/seawall.toml.",
    ),
]

JsonOption = Annotated[bool, Parameter(name="--json", help="Print one JSON document.")]
