"""The table [server] of a case: how the POP3 server behaves, in the words of `lab.behaviour`.

Owns the spelling. A mail is named, never numbered: what is hostile about it stays with it.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import Field

from seawall.lab.audit.octets import OctetsText, Parts, Room, joined, octets
from seawall.lab.behaviour import Behaviour, Ending, Endless, Key, Pace, Stop
from seawall.toml.positions import KeyPath
from seawall.toml.problems import shown_names
from seawall.toml.section import LIST, TABLE, TEXT, Section, listed, shaped

ALL: Final = "*"
_ENDINGS: Final = {"drop": Ending.DROP, "hang": Ending.HANG}

VERBS: Final = (
    "GREETING",
    "CAPA",
    "STLS",
    "USER",
    "PASS",
    "APOP",
    "AUTH",
    "STAT",
    "LIST",
    "UIDL",
    "TOP",
    "RETR",
    "DELE",
    "RSET",
    "NOOP",
    "QUIT",
)
"""What the server can be told how to answer."""

Said = Annotated[
    Annotated[OctetsText, TEXT] | Annotated[Parts, LIST],
    shaped("must be octets in quotes, or a list of parts"),
]
"""What is said: octets, or parts."""


class EndlessReply(Section):
    """A reply without end: `head`, then `again` for ever, in which a `%d` counts from one."""

    head: OctetsText
    again: Annotated[OctetsText, Field(min_length=1)]


Reply = Annotated[
    Annotated[OctetsText, TEXT] | Annotated[Parts, LIST] | Annotated[EndlessReply, TABLE],
    shaped("must be octets in quotes, a list of parts, or a table with head and again"),
]


class StopTable(Section):
    """[[server.stops]]: the server stops talking `after` so many octets of the reply to `at`, or of the session."""

    at: str | None = None
    after: Annotated[int, Field(ge=0)] | None = None
    ending: Literal["drop", "hang"] = "drop"
    times: Annotated[int, Field(ge=1)] | None = None


class PaceTable(Section):
    """[server.pace]: replies come in pieces of so many octets, `milliseconds` apart."""

    octets: Annotated[tuple[Annotated[int, Field(ge=1)], ...], listed(least=1)]
    milliseconds: Annotated[int, Field(ge=0, le=10_000)] = 0
    at: str | None = None


class Server(Section):
    """[server]: the keys are those of `lab.behaviour.Behaviour`, which says what each means."""

    lacks: Annotated[tuple[str, ...], listed()] = ()
    sasl: Annotated[tuple[str, ...], listed()] = ("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN")
    timestamp: OctetsText | None = None
    expire: str = "NEVER"
    login_delay: str | None = None
    replies: dict[str, Reply] = Field(default_factory=dict)
    before: dict[str, Said] = Field(default_factory=dict)
    behind: dict[str, Said] = Field(default_factory=dict)
    line_end: OctetsText = "\r\n"
    stuffs_dots: bool = True
    sizes: dict[str, OctetsText] = Field(default_factory=dict)
    uidls: dict[str, Said] = Field(default_factory=dict)
    unlisted: Annotated[tuple[str, ...], listed()] = ()
    gaps: Annotated[tuple[int, ...], listed()] = ()
    quit_erases: bool = True
    drop_erases: bool = False
    erases_retrieved: bool = False
    stops: Annotated[tuple[StopTable, ...], listed()] = ()
    pace: PaceTable | None = None


class Misplaced(ValueError):
    """A key of [server] that means nothing; `path` is where it stands."""

    def __init__(self, path: KeyPath, sentence: str) -> None:
        super().__init__(sentence)
        self.path = path


def behaviour(server: Server, serials: Mapping[str, int], room: Room) -> Behaviour:
    """Return how the server behaves; `serials` are the mails' by name.

    Raises Misplaced where a key names no command or no mail, and where more is said than there is `room` for.
    """
    return _Reader(server, serials, room).behaviour()


_Value = TypeVar("_Value")
_Place = TypeVar("_Place")


class _Reader:
    def __init__(self, server: Server, serials: Mapping[str, int], room: Room) -> None:
        self._server = server
        self._serials = serials
        self._room = room

    def behaviour(self) -> Behaviour:
        server = self._server
        return Behaviour(
            lacks=frozenset(server.lacks),
            sasl=server.sasl,
            timestamp=None if server.timestamp is None else octets(server.timestamp),
            expire=server.expire or None,
            login_delay=server.login_delay,
            replies=self._table("replies", server.replies, self._key, self._reply),
            before=self._table("before", server.before, self._key, self._octets),
            behind=self._table("behind", server.behind, self._key, self._octets),
            line_end=octets(server.line_end),
            stuffs_dots=server.stuffs_dots,
            sizes=self._table("sizes", server.sizes, self._serial, self._octets),
            uidls=self._table("uidls", server.uidls, self._serial, self._octets),
            unlisted=frozenset(
                self._placed(("unlisted", index), partial(self._named, key))
                for index, key in enumerate(server.unlisted)
            ),
            gaps=frozenset(server.gaps),
            quit_erases=server.quit_erases,
            drop_erases=server.drop_erases,
            erases_retrieved=server.erases_retrieved,
            stops=tuple(self._stop(index, stop) for index, stop in enumerate(server.stops)),
            pace=None if server.pace is None else self._pace(server.pace),
        )

    def _stop(self, index: int, stop: StopTable) -> Stop:
        return Stop(
            at=self._where(("stops", index, "at"), stop.at),
            after=stop.after,
            ending=_ENDINGS[stop.ending],
            times=stop.times,
        )

    def _pace(self, pace: PaceTable) -> Pace:
        return Pace(
            octets=pace.octets, seconds=pace.milliseconds / 1000, at=self._where(("pace", "at"), pace.at)
        )

    def _where(self, path: KeyPath, key: str | None) -> Key | None:
        return None if key is None else self._placed(path, partial(self._key, key))

    def _table(
        self,
        name: str,
        table: Mapping[str, Any],
        place: Callable[[str], _Place],
        value: Callable[[Any], _Value],
    ) -> dict[_Place, _Value]:
        found = {}
        for key, said in table.items():
            path = (name, key)
            found[self._placed(path, partial(place, key))] = self._placed(path, partial(value, said))
        return found

    def _placed(self, path: KeyPath, make: Callable[[], _Value]) -> _Value:
        try:
            return make()
        except ValueError as wrong:
            raise Misplaced(("server", *path), str(wrong)) from None

    def _key(self, written: str) -> Key:
        """Read `RETR`, or `RETR two`."""
        verb, _, name = written.partition(" ")
        if verb not in VERBS:
            raise ValueError(f"{verb!r} is no command: there are {', '.join(VERBS)}")
        return verb, self._serial(name) if name else None

    def _named(self, written: str) -> tuple[str, int]:
        verb, serial = self._key(written)
        if serial is None:
            raise ValueError(f"needs a mail: {verb} NAME")
        return verb, serial

    def _serial(self, name: str) -> int | None:
        if name == ALL:
            return None
        if name not in self._serials:
            raise ValueError(
                f"{name!r} is no mail of the box: there are {shown_names(tuple(self._serials)) or 'none'}"
            )
        return self._serials[name]

    def _reply(self, said: Any) -> bytes | Endless:
        if isinstance(said, EndlessReply):
            return Endless(head=octets(said.head), again=octets(said.again))
        return self._octets(said)

    def _octets(self, said: Any) -> bytes:
        return octets(said) if isinstance(said, str) else joined(said, {}, self._room)
