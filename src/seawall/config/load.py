"""Finding and reading seawall.toml.

Owns where the file is looked for. Whatever stands in it, the result is a `Loaded` or one `Misconfigured`
that lists every mistake by file, line and key. Refuses to open any other file: a password is read when an
account logs in.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from seawall.config.build import build
from seawall.config.origins import Origin, origins
from seawall.errors import Misconfigured
from seawall.model.account import Settings
from seawall.toml.document import read

ENVIRONMENT = "SEAWALL_CONFIG"
PLACES = (Path("seawall.toml"), Path("/etc/seawall/seawall.toml"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A configuration that holds together; `origins` is by key, such as `account.office.port`."""

    settings: Settings
    origins: Mapping[str, Origin]
    path: Path


def find(explicit: Path | None, environ: Mapping[str, str], cwd: Path = Path()) -> Path:
    """Return the configuration that a command works by; raises Misconfigured where there is none.

    A relative path, whoever names it, starts at `cwd`: the process's own unless it is given.
    """
    named = environ.get(ENVIRONMENT)
    for path, by_whom in ((explicit, "--config"), (Path(named) if named else None, f"${ENVIRONMENT}")):
        if path is not None:
            if not _is_there(cwd / path):
                raise Misconfigured(f"{cwd / path}: no such file, and {by_whom} names it")
            return cwd / path
    for path in PLACES:
        if _is_there(cwd / path):
            return cwd / path
    places = ", ".join(
        ("--config (not given)", f"${ENVIRONMENT} (not set)", f"./{PLACES[0]}", str(PLACES[1]))
    )
    raise Misconfigured(f"there is no configuration; looked at: {places}; `seawall init` writes one")


def _is_there(path: Path) -> bool:
    # A dangling link and a file that cannot be read are there: reading them says what is wrong.
    return os.path.lexists(path)


def load(path: Path) -> Loaded:
    """Read a configuration; raises Misconfigured with every mistake in it."""
    document = read(path)
    result = build(document.raw, directory=str(path.absolute().parent))
    if not isinstance(result, Settings):
        raise document.refused(result)
    found = origins(document.raw, result, file=document.file, lines=document.lines)
    return Loaded(settings=result, origins=found, path=path)
