"""A scenario's file: reading it, and what is wrong with it by file, line and key (docs/lab.md tells the format).

Owns how the tables refer to each other, and counts written out: one table may stand for many organisations.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from seawall.errors import Misconfigured
from seawall.lab.connectors.reading import find as find_profile
from seawall.lab.connectors.reading import shipped as profiles
from seawall.lab.internet import names
from seawall.lab.internet.bounds import Bounds
from seawall.lab.internet.habits import Habit
from seawall.lab.internet.scenario import (
    NONE,
    UNPATCHED,
    Custom,
    Letter,
    List,
    Organisation,
    Person,
    Scenario,
    Software,
    Stint,
)
from seawall.lab.internet.stores import NAME as ISP
from seawall.lab.internet.stranger import way_of
from seawall.lab.internet.tables import (
    EVERYBODY,
    MOST_LIST_DOMAINS,
    MOST_ORGANISATIONS,
    NUMBER,
    BoundsTable,
    HabitTable,
    ListTable,
    MailTable,
    OrganisationTable,
    Top,
)
from seawall.toml.document import read
from seawall.toml.positions import KeyPath
from seawall.toml.problems import Problem
from seawall.toml.section import AnySection, read_section

SHIPPED: Final = Path(__file__).parent / "scenarios"
MOST_PEOPLE: Final = 5_000
SECTIONS: Final = ("bounds", "organisation", "habit", "list", "mail")


def shipped() -> Mapping[str, Path]:
    """Return the scenarios that come with Seawall, by name."""
    return MappingProxyType({path.stem: path for path in sorted(SHIPPED.glob("*.toml"))})


def find(named: str) -> Scenario:
    """Return a scenario by its name or its file; raises Misconfigured with every mistake in it."""
    path = shipped().get(named)
    if path is None and not named.endswith(".toml"):
        raise Misconfigured(
            f"{named!r}: no such scenario; there are {', '.join(shipped())}, or name a .toml file of your own"
        )
    return load(path or Path(named))


def load(path: Path) -> Scenario:
    """Read a scenario; raises Misconfigured with every mistake in it, each with its line."""
    document = read(path)
    reader = _Reader(document.raw)
    scenario = reader.scenario(path.stem)
    if scenario is None or reader.problems:
        raise document.refused(reader.problems)
    return scenario


class _Reader:
    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.problems: list[Problem] = []
        self._raw = raw

    def scenario(self, name: str) -> Scenario | None:
        top = self._section(Top, {key: self._raw[key] for key in self._raw.keys() - set(SECTIONS)}, ())
        bounds = self._section(BoundsTable, self._raw.get("bounds", {}), ("bounds",))
        habits = self._customs()
        organisations = self._organisations(habits)
        people = tuple(person.address for organisation in organisations for person in organisation.people)
        for address, (index, _) in habits.items():
            if address not in people:
                self._wrong(("habit", index, "user"), f"{address} is nobody in this scenario")
        lists = self._lists(people, {organisation.domain for organisation in organisations})
        letters = self._letters(people, {organisation.domain for organisation in organisations})
        if top is None or bounds is None:
            return None
        return Scenario(
            name=name,
            about=top.about,
            start=top.start,
            speed=top.speed,
            transit=timedelta(seconds=top.transit),
            bounds=Bounds(
                mails=bounds.mails,
                octets=bounds.octets,
                lab_time=timedelta(seconds=bounds.lab_time),
                wall_time=timedelta(seconds=bounds.wall_time),
            ),
            organisations=organisations,
            lists=lists,
            letters=letters,
        )

    def _customs(self) -> dict[str, tuple[int, Custom]]:
        found: dict[str, tuple[int, Custom]] = {}
        for index, table in self._tables("habit", HabitTable):
            habit = Habit(table.does)
            if (habit is Habit.FORWARD) != (table.to is not None):
                self._wrong(("habit", index, "to"), 'belongs to does = "forward", which needs it')
            if table.user in found:
                self._wrong(("habit", index, "user"), "has a habit already")
            custom = Custom(habit=habit, to=table.to, after=timedelta(seconds=table.after))
            found[table.user] = index, custom
        return found

    def _organisations(self, habits: Mapping[str, tuple[int, Custom]]) -> tuple[Organisation, ...]:
        found: dict[str, Organisation] = {}
        for index, table in self._tables("organisation", OrganisationTable, is_needed=True):
            path: KeyPath = ("organisation", index)
            if (NUMBER in table.domain) != (table.count > 1):
                self._wrong((*path, "domain"), f"has {NUMBER} in it where count is over 1, and only there")
                continue
            stints = tuple(self._stints(table, path))
            if table.mta == "postfix" and len(stints) > 1:
                self._wrong(
                    (*path, "later"), "needs a server of the lab's own: Postfix reads once what it delivers"
                )
            for number in range(1, table.count + 1):
                try:
                    domain = names.domain(table.domain.replace(NUMBER, str(number)))
                except ValueError as refused:
                    self._wrong((*path, "domain"), str(refused))
                    break
                if domain == ISP:
                    self._wrong((*path, "domain"), f"{domain} is the ISP's own")
                if domain in found:
                    self._wrong((*path, "domain"), f"{domain} is another organisation's already")
                addresses = [f"{user}@{domain}" for user in dict.fromkeys(table.users)]
                found[domain] = Organisation(
                    domain=domain,
                    people=tuple(
                        Person(address=address, custom=habits[address][1] if address in habits else None)
                        for address in addresses
                    ),
                    stints=stints,
                    every=timedelta(seconds=table.every),
                    first=timedelta(seconds=table.every if table.first is None else table.first),
                    host=table.host,
                    mta=Software(table.mta),
                    box=Software(table.box),
                )
        if len(found) > MOST_ORGANISATIONS:
            self._wrong(("organisation",), f"are {len(found)}: {MOST_ORGANISATIONS} are the most")
        if sum(len(each.people) for each in found.values()) > MOST_PEOPLE:
            self._wrong(("organisation",), f"have over {MOST_PEOPLE} users together")
        return tuple(found.values())

    def _stints(self, table: OrganisationTable, path: KeyPath) -> list[Stint]:
        written: list[tuple[KeyPath, float, str, str | None]] = [(path, 0.0, table.connector, table.way)]
        written += [
            ((*path, "later", index), later.at, later.connector, later.way)
            for index, later in enumerate(table.later)
        ]
        moments = set[float]()
        for place, at, connector, way in written:
            if at in moments:
                self._wrong((*place, "at"), "is when it has another connector already")
            moments.add(at)
            self._check_connector(connector, way, place)
        return sorted(
            (Stint(at=timedelta(seconds=at), connector=name, way=way) for _, at, name, way in written),
            key=lambda stint: stint.at,
        )

    def _check_connector(self, connector: str, way: str | None, path: KeyPath) -> None:
        known = (NONE, UNPATCHED, *profiles())
        if connector in (NONE, UNPATCHED):
            if way is not None:
                self._wrong((*path, "way"), "is for a connector that has a profile")
            return
        if connector not in known and not connector.endswith(".toml"):
            self._wrong(
                (*path, "connector"), f"is none of them: there are {', '.join(known)}, or a profile's file"
            )
            return
        try:
            profile = find_profile(connector)
        except Misconfigured as refused:
            self._wrong((*path, "connector"), f"is no profile: {refused}")
            return
        if way_of(profile, way) is None:
            ways = ", ".join(each.name for each in profile.ways)
            self._wrong((*path, "way"), f"is none for a single mailbox: {profile.name} has {ways}")

    def _lists(self, people: tuple[str, ...], domains: set[str]) -> tuple[List, ...]:
        found: dict[str, List] = {}
        for index, table in self._tables("list", ListTable):
            if table.address in found or table.address.partition("@")[2] in {*domains, ISP}:
                self._wrong(
                    ("list", index, "address"),
                    "needs a domain that neither an organisation nor the ISP has, and no other list this address",
                )
            found[table.address] = List(
                address=table.address,
                subscribers=_everybody(table.subscribers, people),
                stops_loops=table.stops_loops,
            )
        if (count := len({address.partition("@")[2] for address in found})) > MOST_LIST_DOMAINS:
            self._wrong(("list",), f"are at {count} domains: {MOST_LIST_DOMAINS} are the most")
        return tuple(found.values())

    def _letters(self, people: tuple[str, ...], domains: set[str]) -> tuple[Letter, ...]:
        found = []
        for index, table in self._tables("mail", MailTable, is_needed=True):
            if table.author.partition("@")[2] not in domains:
                self._wrong(("mail", index, "from"), "is at no organisation of this scenario")
            others = tuple(each for each in people if each != table.author)
            to = _everybody(table.to, others)
            found.append(
                Letter(
                    author=table.author,
                    to=to,
                    cc=tuple(each for each in _everybody(table.cc, others) if each not in to),
                    subject=table.subject,
                    text=table.text,
                    at=timedelta(seconds=table.at),
                )
            )
        return tuple(found)

    def _tables(
        self, key: str, model: type[AnySection], *, is_needed: bool = False
    ) -> list[tuple[int, AnySection]]:
        written = self._raw.get(key, [])
        if not isinstance(written, list) or (is_needed and not written):
            self._wrong((key,), f"must be written [[{key}]], in double brackets, once at least")
            return []
        read = [(index, self._section(model, item, (key, index))) for index, item in enumerate(written)]
        return [(index, table) for index, table in read if table is not None]

    def _section(self, model: type[AnySection], written: object, path: KeyPath) -> AnySection | None:
        found = read_section(model, written, path)
        if isinstance(found, list):
            tables = SECTIONS if model is Top else ()
            self.problems += [
                Problem(path=each.path, sentence=each.sentence, known=(*each.known, *tables))
                if each.known
                else each
                for each in found
            ]
            return None
        return found

    def _wrong(self, path: KeyPath, sentence: str) -> None:
        self.problems.append(Problem(path=path, sentence=sentence))


def _everybody(written: Sequence[str], people: Sequence[str]) -> tuple[str, ...]:
    """Return whom a list of addresses means: `*` is everybody."""
    found = (address for each in written for address in (people if each == EVERYBODY else (each,)))
    return tuple(dict.fromkeys(found))
