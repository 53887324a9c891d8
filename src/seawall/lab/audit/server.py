"""The table [server] of a case: how the POP3 server behaves, in the words of `lab.behaviour`.

Owns the spelling. A mail is named, never numbered: what is hostile about it stays with it.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from seawall.lab.audit.octets import OctetsText, Parts, Room, joined, octets
from seawall.lab.behaviour import Behaviour, Ending, Endless, Key, Pace, Stop
from seawall.toml.section import Section, listed

ALL: Final = "*"
_ENDINGS: Final = {"drop": Ending.DROP, "hang": Ending.HANG}

Said = OctetsText | Parts
"""What is said: octets, or parts."""


class EndlessReply(Section):
    """A reply without end: `head`, then `again` for ever, in which a `%d` counts from one."""

    head: OctetsText
    again: Annotated[OctetsText, Field(min_length=1)]


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
    replies: dict[str, EndlessReply | Said] = Field(default_factory=dict)
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


def behaviour(server: Server, serials: Mapping[str, int], room: Room) -> Behaviour:
    """Return how the server behaves; `serials` are the mails' by name.

    Raises ValueError where a key names none, and where more is said than there is `room` for.
    """
    return Behaviour(
        lacks=frozenset(server.lacks),
        sasl=server.sasl,
        timestamp=None if server.timestamp is None else octets(server.timestamp),
        expire=server.expire or None,
        login_delay=server.login_delay,
        replies={_key(key, serials): _reply(said, room) for key, said in server.replies.items()},
        before={_key(key, serials): _octets(said, room) for key, said in server.before.items()},
        behind={_key(key, serials): _octets(said, room) for key, said in server.behind.items()},
        line_end=octets(server.line_end),
        stuffs_dots=server.stuffs_dots,
        sizes={_serial(name, serials): octets(told) for name, told in server.sizes.items()},
        uidls={_serial(name, serials): _octets(told, room) for name, told in server.uidls.items()},
        unlisted=frozenset(
            (verb, number)
            for verb, number in (_key(key, serials) for key in server.unlisted)
            if number is not None
        ),
        gaps=frozenset(server.gaps),
        quit_erases=server.quit_erases,
        drop_erases=server.drop_erases,
        erases_retrieved=server.erases_retrieved,
        stops=tuple(
            Stop(
                at=None if stop.at is None else _key(stop.at, serials),
                after=stop.after,
                ending=_ENDINGS[stop.ending],
                times=stop.times,
            )
            for stop in server.stops
        ),
        pace=None
        if server.pace is None
        else Pace(
            octets=server.pace.octets,
            seconds=server.pace.milliseconds / 1000,
            at=None if server.pace.at is None else _key(server.pace.at, serials),
        ),
    )


def _key(written: str, serials: Mapping[str, int]) -> Key:
    """Read `RETR`, or `RETR two`."""
    verb, _, name = written.partition(" ")
    return verb, _serial(name, serials) if name else None


def _serial(name: str, serials: Mapping[str, int]) -> int | None:
    if name == ALL:
        return None
    if name not in serials:
        raise ValueError(f"{name!r} is no mail of the box: there are {', '.join(serials)}")
    return serials[name]


def _reply(said: Any, room: Room) -> bytes | Endless:
    if isinstance(said, EndlessReply):
        return Endless(head=octets(said.head), again=octets(said.again))
    return _octets(said, room)


def _octets(said: Any, room: Room) -> bytes:
    return octets(said) if isinstance(said, str) else joined(said, {}, room)
