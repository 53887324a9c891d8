"""A case's directory: what the tables of its case.toml mean together, and what is wrong with it by file, line and key.

Owns the way from the file to a `Case`; the keys are in `written`. Reads nothing outside the directory but the mails
that all cases may name (cases/mails.toml).
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Final

from seawall.errors import Misconfigured
from seawall.lab.audit.case import (
    DOMAIN,
    MAILBOXES,
    Act,
    Arrive,
    Case,
    Mail,
    NextHop,
    Poll,
    Rebuild,
    Step,
    Then,
)
from seawall.lab.audit.octets import MOST_OCTETS, Room, joined, lines, numbered, octets
from seawall.lab.audit.server import behaviour
from seawall.lab.audit.written import CaseTables, Common, MailTable, NextHopTable, StepTable
from seawall.lab.connectors.profile import Deliver, Keep, Serves
from seawall.lab.sink import Manners
from seawall.toml.document import read
from seawall.toml.positions import KeyPath
from seawall.toml.problems import Problem
from seawall.toml.section import read_section

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
    found = read_section(CaseTables, document.raw, ())
    if isinstance(found, list):
        raise document.refused(found)
    builder = _Builder(found, _common(), path.parent)
    case = builder.case()
    if case is None or builder.problems:
        raise document.refused(builder.problems)
    return case


def _common() -> Common:
    document = read(COMMON)
    found = read_section(Common, document.raw, ())
    if isinstance(found, list):
        raise document.refused(found)
    return found


class _Builder:
    """One case: what its tables mean together."""

    def __init__(self, written: CaseTables, common: Common, directory: Path) -> None:
        self.problems: list[Problem] = []
        self._written = written
        self._directory = directory
        self._room = Room()
        self._texts = {name: lines(text) for name, text in {**common.texts, **written.texts}.items()}
        self._tables = {**common.mails, **written.mails}

    def case(self) -> Case | None:
        written = self._written
        entered = tuple(self._entered())
        names = tuple(self._spelled(entered))
        mails = self._mails(entered)
        steps = tuple(self._steps())
        then = self._then(names)
        serials = {name: number for number, name in enumerate(names, start=1)}
        try:
            server = behaviour(written.server, serials, self._room)
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
            box=tuple(self._spelled(written.box)),
            server=server,
            next_hop=_manners(written.next_hop),
            steps=steps,
            then=then,
        )

    def _entered(self) -> Iterator[str]:
        """Yield the mails that come into the box, in order, as they are written; tell those that there are not."""
        written = self._written
        places: list[tuple[KeyPath, tuple[str, ...]]] = [
            (("box",), written.box),
            *((("steps", index, "mails"), step.mails) for index, step in enumerate(written.steps)),
        ]
        for path, names in places:
            for name in names:
                if name in self._tables:
                    yield name
                else:
                    known = ", ".join(self._tables)
                    self._wrong(path, f"{name!r} is none of the mails: there are {known}")

    def _spelled(self, names: Iterable[str]) -> Iterator[str]:
        """Yield names, each of a table that is several mails as all of theirs."""
        for name in names:
            table = self._tables.get(name)
            if table is None or table.times is None:
                yield name
            else:
                yield from (f"{name}-{number}" for number in range(1, table.times + 1))

    def _mails(self, names: Iterable[str]) -> dict[str, Mail]:
        mails: dict[str, Mail] = {}
        for name in dict.fromkeys(names):
            table = self._tables.get(name)
            if table is None:
                continue
            try:
                recipients = tuple(map(_mailbox, table.recipients))
                whole = self._octets(table)
                for number, each in enumerate(self._spelled((name,)), start=1):
                    if number > 1:
                        self._room.take(len(whole))
                    one = whole if table.times is None else numbered(whole, number)
                    mails[each] = Mail(name=each, octets=one, recipients=recipients)
            except ValueError as wrong:
                self._wrong(("mails", name), str(wrong))
            except OSError as wrong:
                self._wrong(("mails", name, "file"), f"cannot be read: {wrong.strerror}")
        return mails

    def _octets(self, mail: MailTable) -> bytes:
        if mail.parts is not None:
            return joined(mail.parts, self._texts, self._room)
        if mail.file is not None:
            path = self._directory / mail.file
            if path.is_symlink() or (path.exists() and not path.is_file()):
                raise ValueError(f"{mail.file} is no plain file")
            with path.open("rb") as source:
                found = source.read(MOST_OCTETS + 1)
        else:
            found = lines(mail.lines) if mail.lines is not None else octets(mail.octets or "")
        self._room.take(len(found))
        return found

    def _then(self, names: tuple[str, ...]) -> Then:
        then = self._written.then
        told = {"arrives": then.arrives or (), "copies": tuple(then.copies), "unfit": then.unfit}
        for key, named in told.items():
            for name in self._spelled(named):
                if name not in names:
                    self._wrong(("then", key), f"{name!r} is not in the box: there are {', '.join(names)}")
        return Then(
            arrives=tuple(dict.fromkeys(names))
            if then.arrives is None
            else tuple(self._spelled(then.arrives)),
            copies=MappingProxyType(
                {each: most for name, most in then.copies.items() for each in self._spelled((name,))}
            ),
            unfit=frozenset(self._spelled(then.unfit)),
            memory=then.memory,
        )

    def _steps(self) -> Iterator[Step]:
        for index, step in enumerate(self._written.steps):
            if step.do == "arrive" and not step.mails:
                self._wrong(("steps", index), "the step arrive needs mails")
            if step.mails and step.do not in {"arrive", "rebuild"}:
                self._wrong(("steps", index), "mails belong to the steps arrive and rebuild")
            if (step.do == "next-hop") != (step.next_hop is not None):
                self._wrong(("steps", index), "next_hop belongs to the step next-hop, and it needs it")
            if step.do != "poll" and (step.killed_after or step.killed_at):
                self._wrong(("steps", index), "only a poll can be killed")
            for _ in range(step.times):
                yield self._step(step)

    def _step(self, step: StepTable) -> Step:
        match step.do:
            case "poll":
                return Poll(killed_after=step.killed_after, killed_at=step.killed_at)
            case "arrive":
                return Arrive(mails=tuple(self._spelled(step.mails)))
            case "rebuild":
                return Rebuild(mails=tuple(self._spelled(step.mails)))
            case "next-hop":
                return NextHop(manners=_manners(step.next_hop or NextHopTable()))
        return Act(step.do)

    def _wrong(self, path: KeyPath, sentence: str) -> None:
        self.problems.append(Problem(path=path, sentence=sentence))


def _manners(written: NextHopTable) -> Manners:
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
