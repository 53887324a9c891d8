"""A profile's file: its keys, and what is wrong with it by file, line and key (docs/audit.md tells the format)."""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from seawall.errors import Misconfigured
from seawall.lab.connectors.preparing import WORD, WORDS
from seawall.lab.connectors.profile import Deliver, Keep, Profile, Serves, Way
from seawall.toml.document import read
from seawall.toml.problems import Problem
from seawall.toml.section import Section, listed, read_section

SHIPPED: Final = Path(__file__).parent / "profiles"

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


def shipped() -> Mapping[str, Path]:
    """Return the profiles that come with Seawall, by name."""
    return MappingProxyType({path.stem: path for path in sorted(SHIPPED.glob("*.toml"))})


def find(named: str) -> Profile:
    """Return a profile by its name or its file; `NAME=PROGRAM` runs another program by it. Raises Misconfigured."""
    name, _, program = named.partition("=")
    path = shipped().get(name)
    if path is None and not name.endswith(".toml"):
        raise Misconfigured(
            f"{name!r}: no such profile; there are {', '.join(shipped())}, or name a .toml file of your own"
        )
    return load(path or Path(name), program=program or None)


def of_command(command: str, deliver: Deliver) -> Profile:
    """Return the profile of a command line that collects once, and needs no file but the password's."""
    try:
        argv = tuple(shlex.split(command))
    except ValueError as wrong:
        raise Misconfigured(f"{command!r} is no command: {wrong}") from None
    unknown = [word for word in WORD.findall(command) if word not in WORDS]
    if unknown or not argv:
        raise Misconfigured(
            f"{{{unknown[0]}}} is not a known word; there are {', '.join(WORDS)}"
            if unknown
            else "no command is given"
        )
    return Profile(
        name=Path(argv[0]).name,
        about="",
        program=argv[0],
        version_arguments=(),
        version_pattern="",
        needs_a_user=False,
        keep_words={Keep.FOREVER: "forever", Keep.ERASE: "erase"},
        kept=(),
        ways=(
            Way(
                name=deliver.value,
                deliver=deliver,
                serves=Serves.SINGLE,
                command=("{program}", *argv[1:]),
                files={},
            ),
        ),
    )


def load(path: Path, *, program: str | None = None) -> Profile:
    """Read a profile; `program` in place of the one that it names. Raises Misconfigured with every mistake in it."""
    document = read(path)
    found = read_section(_Profile, document.raw, ())
    if isinstance(found, list):
        raise document.refused(found)
    problems = [problem for name, way in found.way.items() for problem in _mistakes(found, name, way)]
    if problems:
        raise document.refused(problems)
    return Profile(
        name=found.name,
        about=found.about,
        program=program or found.program,
        version_arguments=found.version.arguments,
        version_pattern=found.version.pattern,
        needs_a_user=found.needs_a_user,
        keep_words={Keep.FOREVER: found.keep.forever, Keep.ERASE: found.keep.erase},
        kept=found.kept,
        ways=tuple(
            Way(
                name=name,
                deliver=Deliver(way.deliver),
                serves=Serves(way.serves),
                command=way.command or found.command,
                files={**found.files, **way.files},
                words=dict(way.words),
                clean_exits=frozenset(way.clean_exits),
            )
            for name, way in found.way.items()
        ),
    )


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("must be 1 to 32 of a-z 0-9 . _ - and begin with a letter or a digit")
    return text


def _file(text: str) -> str:
    path = Path(text)
    if path.is_absolute() or not path.parts or ".." in path.parts:
        raise ValueError("must be a path inside the connector's home")
    return text


def _pattern(text: str) -> str:
    try:
        groups = re.compile(text).groups
    except re.error as wrong:
        raise ValueError(f"is no regular expression: {wrong}") from None
    if groups != 1:
        raise ValueError("must have one group, which is the version")
    return text


class _Version(Section):
    arguments: Annotated[tuple[str, ...], listed()]
    pattern: Annotated[str, AfterValidator(_pattern)]


class _Keep(Section):
    forever: str
    erase: str


class _Way(Section):
    deliver: Annotated[str, Field(pattern="^(maildir|smtp|lmtp)$")]
    serves: Annotated[str, Field(pattern="^(single|multidrop)$")] = "single"
    command: Annotated[tuple[str, ...], listed()] = ()
    files: dict[Annotated[str, AfterValidator(_file)], str] = Field(default_factory=dict)
    words: dict[str, str] = Field(default_factory=dict)
    clean_exits: Annotated[tuple[int, ...], listed()] = (0,)


class _Profile(Section):
    name: Annotated[str, AfterValidator(_name)]
    about: str
    program: str
    version: _Version
    needs_a_user: bool = False
    keep: _Keep
    kept: Annotated[tuple[Annotated[str, AfterValidator(_file)], ...], listed()] = ()
    command: Annotated[tuple[str, ...], listed()] = ()
    files: dict[Annotated[str, AfterValidator(_file)], str] = Field(default_factory=dict)
    way: Annotated[dict[Annotated[str, AfterValidator(_name)], _Way], Field(min_length=1)]


def _mistakes(profile: _Profile, name: str, way: _Way) -> Iterator[Problem]:
    """Say what is wrong with one way as it stands beside the profile's own command and files."""
    path = ("way", name)
    if not (way.command or profile.command):
        yield Problem(path=(*path, "command"), sentence="is missing, and the profile has none for all ways")
    known = (*WORDS, *way.words)
    for text in (*(way.command or profile.command), *profile.files.values(), *way.files.values()):
        for word in WORD.findall(text):
            if word not in known:
                yield Problem(
                    path=path, sentence=f"{{{word}}} is not a known word; there are {', '.join(known)}"
                )
