"""The tables of a scenario's file: their keys, defaults and bounds (docs/lab.md lists them).

Owns the first half of the confinement: a host or a domain outside the lab is refused here, wherever one may stand.
Refuses to know how the tables refer to each other (`reading`).
"""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from seawall.errors import Misconfigured
from seawall.lab.confinement import loopback
from seawall.lab.internet import names
from seawall.lab.internet.bounds import MOST
from seawall.lab.internet.scenario import NONE
from seawall.toml.section import Duration, Section, Size, default, listed

EVERYBODY: Final = "*"
NUMBER: Final = "{n}"
MOST_ORGANISATIONS: Final = 200
"""Each has two ports that listen; a process may often have 1024 files open."""
MOST_LIST_DOMAINS: Final = 100
"""Each has a server too. With all organisations they have fewer than there are documentation addresses."""
EARLIEST: Final = datetime(1602, 1, 1, tzinfo=UTC)
"""A FILETIME begins a year before."""
LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)
"""Whatever is planned, a century later at most, has a date."""


def _host(text: str) -> str:
    try:
        return loopback(text)
    except Misconfigured as refused:
        raise ValueError(str(refused)) from None


def _who(text: str) -> str:
    return text if text == EVERYBODY else names.mailbox(text)


def _start(start: datetime) -> datetime:
    if not EARLIEST <= start <= LATEST:
        raise ValueError(f"must be from {EARLIEST.year} to {LATEST.year}")
    return start


def _user(text: str) -> str:
    if text.endswith(".mbox"):
        raise ValueError("must not end in .mbox: another user's mbox may be called so")
    return text


def _domain(text: str) -> str:
    # Only a whole name has A-labels: one with {n} in it is written out first.
    found = names.domain(text.replace(NUMBER, "1"))
    return text if NUMBER in text else found


Mailbox = Annotated[str, AfterValidator(names.mailbox)]
Who = Annotated[str, AfterValidator(_who)]
Host = Annotated[str, AfterValidator(_host)]
User = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$"), AfterValidator(_user)]
Line = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,200}$")]


class BoundsTable(Section):
    """[bounds]."""

    mails: Annotated[int, Field(ge=1, le=MOST.mails)] = 50_000
    octets: Annotated[Size, Field(ge=1, le=MOST.octets)] = default("500 MB")
    lab_time: Annotated[Duration, Field(le=MOST.lab_time.total_seconds())] = default("1d")
    wall_time: Annotated[Duration, Field(le=MOST.wall_time.total_seconds())] = default("10m")


class LaterTable(Section):
    """[[organisation.later]]."""

    at: Duration
    connector: str
    way: str | None = None


class OrganisationTable(Section):
    """[[organisation]]."""

    domain: Annotated[str, AfterValidator(_domain)]
    count: Annotated[int, Field(ge=1, le=MOST_ORGANISATIONS)] = 1
    users: Annotated[tuple[User, ...], listed(least=1)] = ("office",)
    connector: str = NONE
    way: str | None = None
    every: Annotated[Duration, Field(ge=1)] = default("15m")
    first: Duration | None = None
    later: Annotated[tuple[LaterTable, ...], listed()] = ()
    host: Host = "127.0.0.1"
    mta: Literal["own", "postfix"] = "own"
    box: Literal["own", "dovecot"] = "own"


class HabitTable(Section):
    """[[habit]]."""

    user: Mailbox
    does: Literal["full", "forward", "answer", "answer-rudely", "reply-all", "reply-all-always"]
    to: Mailbox | None = None
    after: Duration = default("1m")


class ListTable(Section):
    """[[list]]."""

    address: Mailbox
    subscribers: Annotated[tuple[Who, ...], listed(least=1)] = (EVERYBODY,)
    stops_loops: bool = False


class MailTable(Section):
    """[[mail]]."""

    author: Annotated[Mailbox, Field(alias="from")]
    to: Annotated[tuple[Who, ...], listed()] = (EVERYBODY,)
    cc: Annotated[tuple[Who, ...], listed()] = ()
    subject: Line = "Summer regatta: who brings a boat?"
    text: str = "Dear members,\n\nplease tell us whether you will bring a boat.\n"
    at: Duration = default("0s")


class Top(Section):
    """What stands in front of the tables."""

    about: Line
    start: Annotated[AwareDatetime, AfterValidator(_start)] = datetime(2004, 5, 24, 8, tzinfo=UTC)
    speed: Annotated[float, Field(gt=0)] | None = None
    transit: Annotated[Duration, Field(ge=1, le=3600)] = default("2s")
