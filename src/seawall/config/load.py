"""Finding and reading seawall.toml.

Owns the file: where it is looked for, its bounds, its encoding. Whatever stands in it, the result
is a `Loaded` or one `Misconfigured` that lists every mistake by file, line and key. Refuses to
open any other file: a password is read when an account logs in.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seawall.config.build import build
from seawall.config.origins import Origin, origins
from seawall.config.positions import KeyPath, lines_of_keys, nearest_line
from seawall.config.problems import told
from seawall.errors import Misconfigured
from seawall.model.account import Settings

MOST_OCTETS = 1 << 20
MOST_OCTETS_IN_LINE = 4096
"""A key of many dotted parts costs its square in `tomllib`; a line's bound is a bound on that."""

ENVIRONMENT = "SEAWALL_CONFIG"
PLACES = (Path("seawall.toml"), Path("/etc/seawall/seawall.toml"))

_TOML_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")


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
    file = str(path)
    text = _text(path, file)
    try:
        raw: dict[str, Any] = tomllib.loads(text)
        lines: Mapping[KeyPath, int] = lines_of_keys(text)
    except RecursionError:
        raise Misconfigured(f"{file}: arrays or tables are nested too deeply") from None
    except ValueError as refused:
        raise Misconfigured(_not_toml(file, str(refused), text)) from None
    result = build(raw, directory=str(path.absolute().parent))
    if not isinstance(result, Settings):
        raise Misconfigured(told(result, file=file, line=lambda key: nearest_line(lines, key), raw=raw))
    return Loaded(settings=result, origins=origins(raw, result, file=file, lines=lines), path=path)


def _text(path: Path, file: str) -> str:
    try:
        with path.open("rb") as source:
            octets = source.read(MOST_OCTETS + 1)
    except (OSError, ValueError) as refused:
        reason = refused.strerror if isinstance(refused, OSError) else str(refused)
        raise Misconfigured(f"{file}: cannot be read: {reason}") from None
    if len(octets) > MOST_OCTETS:
        raise Misconfigured(f"{file}: is over {MOST_OCTETS} octets: this is no configuration")
    for number, line in enumerate(octets.split(b"\n"), start=1):
        if b"\0" in line:
            raise Misconfigured(f"{file}:{number}: holds a NUL: this is not text")
        if len(line) > MOST_OCTETS_IN_LINE:
            raise Misconfigured(f"{file}:{number}: the line is over {MOST_OCTETS_IN_LINE} octets")
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError as refused:
        number = octets.count(b"\n", 0, refused.start) + 1
        raise Misconfigured(f"{file}:{number}: is not UTF-8") from None


def _not_toml(file: str, message: str, text: str) -> str:
    place = _TOML_LINE.search(message)
    line = int(place[1]) if place and place[1] else text.rstrip().count("\n") + 1
    return f"{file}:{line}: is not TOML: {_TOML_LINE.sub('', message)}"
