"""A case's directory: the keys of case.toml, and what is wrong with it by file, line and key.

Owns the file format, which docs/audit-cases.md tells. Reads nothing outside the directory but the mails that all
cases may name (cases/mails.toml).
"""

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from seawall.errors import Misconfigured
from seawall.lab.audit.case import DOMAIN, MAILBOXES, Act, Arrive, Case, Mail, NextHop, Poll, Step, Then
from seawall.lab.audit.octets import MOST_OCTETS, OctetsText, Parts, joined, octets
from seawall.lab.audit.server import Server, behaviour
from seawall.lab.connectors.profile import Deliver, Keep, Serves
from seawall.lab.sink import OFFERED, Manners
from seawall.toml.document import read
from seawall.toml.positions import KeyPath
from seawall.toml.problems import Problem
from seawall.toml.section import Section, Size, default, listed, read_section

SHIPPED: Final = Path(__file__).parent / "cases"
COMMON: Final = SHIPPED / "mails.toml"
CASE: Final = "case.toml"
MOST_CASES: Final = 10_000


def shipped() -> tuple[Case, ...]:
    """Return the cases that come with Seawall, by group and name."""
    return find(SHIPPED)


def find(root: Path) -> tuple[Case, ...]:
    """Return the cases in the directories below `root`; raises Misconfigured with every mistake in all of them."""
    paths = sorted(root.rglob(CASE))[: MOST_CASES + 1]
    if not paths or len(paths) > MOST_CASES:
        raise Misconfigured(
            f"{root}: holds no {CASE}" if not paths else f"{root}: holds over {MOST_CASES} cases"
        )
    cases, mistakes = [], []
    for path in paths:
        try:
            cases.append(load(path))
        except Misconfigured as wrong:
            mistakes.append(str(wrong))
    if mistakes:
        raise Misconfigured("\n".join(mistakes))
    return tuple(cases)


def load(path: Path) -> Case:
    """Read a case.toml; the case has its directory's name, and the group that directory lies in."""
    document = read(path)
    common = _common()
    found = read_section(_Case, document.raw, ())
    if isinstance(found, list):
        raise document.refused(found)
    builder = _Builder(found, common, path.parent)
    case = builder.case()
    if case is None or builder.problems:
        raise document.refused(builder.problems)
    return case


def _common() -> "_Common":
    document = read(COMMON)
    found = read_section(_Common, document.raw, ())
    if isinstance(found, list):
        raise document.refused(found)
    return found


class _Mail(Section):
    """[mails.NAME]: one of `octets`, `lines`, `file` and `parts`."""

    octets: OctetsText | None = None
    lines: str | None = None
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] | None = None
    parts: Parts | None = None
    recipients: Annotated[tuple[str, ...], listed(least=1)] = (MAILBOXES[0].partition("@")[0],)

    @model_validator(mode="after")
    def _is_one(self) -> "_Mail":
        if sum(each is not None for each in (self.octets, self.lines, self.file, self.parts)) != 1:
            raise ValueError("must have one of octets, lines, file and parts")
        return self


class _NextHop(Section):
    """[next_hop]: the keys are those of `lab.sink.Manners`, which says what each means."""

    answers: dict[str, OctetsText | Annotated[tuple[OctetsText, ...], listed(least=1)]] = Field(
        default_factory=dict
    )
    offers: Annotated[tuple[str, ...], listed()] = OFFERED
    is_lenient: bool = False
    is_strict: bool = False


class _Step(Section):
    """[[steps]]: what happens, in order."""

    do: Literal["poll", "arrive", "next-hop", "new-uidls", "rotate-uidls", "rebuild", "restore", "come-back"]
    times: Annotated[int, Field(ge=1, le=100)] = 1
    killed_after: Annotated[int, Field(ge=1)] | None = None
    killed_at: str | None = None
    mails: Annotated[tuple[str, ...], listed()] = ()
    next_hop: _NextHop | None = None


class _Then(Section):
    """[then]: what must be true after."""

    arrives: Annotated[tuple[str, ...], listed()] | None = None
    copies: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    memory: Size = default("256 MiB")


class _Common(Section):
    """What every case may name."""

    texts: dict[str, str] = Field(default_factory=dict)
    mails: dict[str, _Mail] = Field(default_factory=dict)


class _Case(_Common):
    """case.toml."""

    title: str
    about: str
    serves: Literal["single", "multidrop"] = "single"
    deliver: Annotated[tuple[Literal["maildir", "smtp", "lmtp"], ...], listed(least=1)] = (
        "maildir",
        "lmtp",
        "smtp",
    )
    every_way: bool = False
    keep: Literal["erase", "forever"] = "erase"
    box: Annotated[tuple[str, ...], listed()] = ("one", "two", "three")
    server: Server = Field(default_factory=Server)
    next_hop: _NextHop = Field(default_factory=_NextHop)
    steps: Annotated[tuple[_Step, ...], listed(least=1)] = (_Step(do="poll", times=2),)
    then: _Then = Field(default_factory=_Then)


class _Builder:
    """One case: what its tables mean together."""

    def __init__(self, written: _Case, common: _Common, directory: Path) -> None:
        self.problems: list[Problem] = []
        self._written = written
        self._directory = directory
        self._texts = {
            name: text.encode("utf-8").replace(b"\n", b"\r\n")
            for name, text in {**common.texts, **written.texts}.items()
        }
        self._known = {**common.mails, **written.mails}

    def case(self) -> Case | None:
        written = self._written
        names = (*written.box, *(name for step in written.steps for name in step.mails))
        mails = self._mails(names)
        serials = {name: number for number, name in enumerate(names, start=1)}
        then = self._then(names)
        steps = tuple(self._steps())
        try:
            server = behaviour(written.server, serials)
        except ValueError as wrong:
            self._wrong(("server",), str(wrong))
            return None
        return Case(
            path=self._directory / CASE,
            name=self._directory.name,
            group=self._directory.parent.name,
            title=written.title,
            about=written.about,
            serves=Serves(written.serves),
            deliver=tuple(Deliver(kind) for kind in written.deliver),
            every_way=written.every_way,
            keep=Keep(written.keep),
            mails=MappingProxyType(mails),
            box=written.box,
            server=server,
            next_hop=_manners(written.next_hop),
            steps=steps,
            then=then,
        )

    def _mails(self, names: tuple[str, ...]) -> dict[str, Mail]:
        mails: dict[str, Mail] = {}
        for name in names:
            written = self._known.get(name)
            if written is None:
                self._wrong(("box",), f"{name!r} is none of the mails: there are {', '.join(self._known)}")
                continue
            try:
                mails[name] = Mail(
                    name=name,
                    octets=self._octets(written),
                    recipients=tuple(map(_mailbox, written.recipients)),
                )
            except (ValueError, OSError) as wrong:
                self._wrong(
                    ("mails", name), wrong.strerror or "" if isinstance(wrong, OSError) else str(wrong)
                )
        return mails

    def _octets(self, mail: _Mail) -> bytes:
        if mail.octets is not None:
            return octets(mail.octets)
        if mail.lines is not None:
            return mail.lines.encode("utf-8").replace(b"\n", b"\r\n")
        if mail.file is not None:
            with (self._directory / mail.file).open("rb") as source:
                found = source.read(MOST_OCTETS + 1)
            if len(found) > MOST_OCTETS:
                raise ValueError(f"is over {MOST_OCTETS} octets")
            return found
        return joined(mail.parts or (), self._texts)

    def _then(self, names: tuple[str, ...]) -> Then:
        then = self._written.then
        for key, named in (("arrives", then.arrives or ()), ("copies", tuple(then.copies))):
            for name in named:
                if name not in names:
                    self._wrong(("then", key), f"{name!r} is not in the box: there are {', '.join(names)}")
        return Then(
            arrives=names if then.arrives is None else then.arrives,
            copies=MappingProxyType(dict(then.copies)),
            memory=then.memory,
        )

    def _steps(self) -> Iterator[Step]:
        for index, step in enumerate(self._written.steps):
            if (step.do == "arrive") != bool(step.mails):
                self._wrong(("steps", index), "mails belong to the step arrive, and it needs them")
            if (step.do == "next-hop") != (step.next_hop is not None):
                self._wrong(("steps", index), "next_hop belongs to the step next-hop, and it needs it")
            if step.do != "poll" and (step.killed_after or step.killed_at):
                self._wrong(("steps", index), "only a poll can be killed")
            for _ in range(step.times):
                yield _step(step)

    def _wrong(self, path: KeyPath, sentence: str) -> None:
        self.problems.append(Problem(path=path, sentence=sentence))


def _step(step: _Step) -> Step:
    match step.do:
        case "poll":
            return Poll(killed_after=step.killed_after, killed_at=step.killed_at)
        case "arrive":
            return Arrive(mails=step.mails)
        case "next-hop":
            return NextHop(manners=_manners(step.next_hop or _NextHop()))
    return Act(step.do)


def _manners(written: _NextHop) -> Manners:
    return Manners(
        offers=written.offers,
        answers={
            key: tuple(map(octets, (said,) if isinstance(said, str) else said))
            for key, said in written.answers.items()
        },
        is_lenient=written.is_lenient,
        is_strict=written.is_strict,
    )


def _mailbox(written: str) -> str:
    address = written if "@" in written else f"{written}@{DOMAIN}"
    if address not in MAILBOXES:
        raise ValueError(f"{address} is none of the mailboxes {', '.join(MAILBOXES)}")
    return address
