"""What is wrong with a configuration, told so that a person finds the place.

Owns the sentence of every mistake, with its file, line and key. Refuses to show a value that was
not judged harmless by whoever wrote the sentence: a password may stand anywhere in a file.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from seawall.toml.positions import KeyPath

MOST_SHOWN = 50
_MOST_NAMES_SHOWN = 10
_LONGEST_KEY_SHOWN = 60

SHAPES = ("[text]", "[list]", "[table]")
_NO_PLACES = frozenset({"[key]", *SHAPES})

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")

_SENTENCES = {
    "missing": "is missing",
    "extra_forbidden": "is not a known key",
    "string_type": "must be a string in quotes",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "tuple_type": "must be a list",
    "dict_type": "must be a table",
    "too_short": "must not be empty",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake. `known` holds the names that an unknown key may have been meant for."""

    path: KeyPath
    sentence: str
    known: tuple[str, ...] = ()


def from_pydantic(
    errors: Sequence[Mapping[str, Any]], section: KeyPath, known: tuple[str, ...]
) -> list[Problem]:
    """Say what pydantic found in one section; `known` are the section's keys."""
    problems = []
    broken = {tuple(error["loc"]) for error in errors}
    for error in errors:
        location, kind = tuple(error["loc"]), str(error["type"])
        if kind == "too_short" and any(other[: len(location)] == location != other for other in broken):
            continue
        # A mapping's key is located as (key, "[key]"), and what a union was taken for by its shape: neither is a place.
        path = (*section, *(part for part in location if part not in _NO_PLACES))
        sentence = _SENTENCES.get(kind) or _in_our_words(str(error["msg"]))
        problems.append(
            Problem(
                path=path,
                sentence=sentence,
                known=known if kind == "extra_forbidden" and len(location) == 1 else (),
            )
        )
    return problems


def _in_our_words(message: str) -> str:
    return message.removeprefix("Value error, ").replace("Input should be", "must be")


def told(problems: Sequence[Problem], *, file: str, line: Callable[[KeyPath], int], raw: object) -> str:
    """Return one line a problem, in the file's order: FILE:LINE: key: what is wrong."""
    placed = sorted(
        ((line(problem.path), shown_key(problem.path, raw), problem) for problem in problems),
        key=lambda place: place[:2],
    )
    lines = [
        f"{file}:{at}: {key}: {problem.sentence}{_hint(problem)}" for at, key, problem in placed[:MOST_SHOWN]
    ]
    if len(placed) > MOST_SHOWN:
        lines.append(f"{file}: and {len(placed) - MOST_SHOWN} more")
    return "\n".join(lines)


def _hint(problem: Problem) -> str:
    if not problem.known:
        return ""
    near = get_close_matches(str(problem.path[-1])[:_LONGEST_KEY_SHOWN], problem.known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; known here: {', '.join(problem.known)}"


def shown_key(path: KeyPath, raw: object = None) -> str:
    """Return a key as a person reads it; an account of `raw` is shown by its name instead of its index."""
    if len(path) > 1 and path[0] == "account" and isinstance(path[1], int):
        path = ("account", _name_of(raw, path[1]), *path[2:])
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{_quoted(part)}" if text else _quoted(part)
    return text


def shown_names(names: Sequence[str]) -> str:
    """Return names out of the file as one line, the first few of them."""
    more = ("…",) if len(names) > _MOST_NAMES_SHOWN else ()
    return ", ".join((*map(_quoted, names[:_MOST_NAMES_SHOWN]), *more))


def _name_of(raw: object, index: int) -> str | int:
    match raw:
        case {"account": list(items)} if index < len(items):
            match items[index]:
                case {"name": str(name)}:
                    return name
    return index


def _quoted(part: str) -> str:
    if len(part) > _LONGEST_KEY_SHOWN:
        part = part[:_LONGEST_KEY_SHOWN] + "…"
    if _BARE_KEY.fullmatch(part):
        return part
    return (
        '"'
        + "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in part)
        + '"'
    )
