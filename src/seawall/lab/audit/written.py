"""The tables of a case.toml as models: which keys there are, their defaults, and what each may hold.

Owns the spelling, which docs/audit-cases.md tells; the table [server] has a file of its own. Refuses to know what the
tables mean together (`reading`).
"""

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from seawall.lab.audit.case import MAILBOXES
from seawall.lab.audit.octets import OctetsText, Parts
from seawall.lab.audit.server import Server
from seawall.lab.sink import OFFERED
from seawall.toml.section import Section, Size, default, listed

MOST_TIMES: Final = 1000


class MailTable(Section):
    """[mails.NAME]: one of `octets`, `lines`, `file` and `parts`; with `times` so many mails, NAME-1 and on."""

    octets: OctetsText | None = None
    lines: str | None = None
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] | None = None
    parts: Parts | None = None
    times: Annotated[int, Field(ge=1, le=MOST_TIMES)] | None = None
    recipients: Annotated[tuple[str, ...], listed(least=1)] = (MAILBOXES[0].partition("@")[0],)

    @model_validator(mode="after")
    def _is_one(self) -> "MailTable":
        if sum(each is not None for each in (self.octets, self.lines, self.file, self.parts)) != 1:
            raise ValueError("must have one of octets, lines, file and parts")
        return self


class NextHopTable(Section):
    """[next_hop]: the keys are those of `lab.sink.Manners`, which says what each means."""

    answers: dict[str, OctetsText | Annotated[tuple[OctetsText, ...], listed(least=1)]] = Field(
        default_factory=dict
    )
    offers: Annotated[tuple[str, ...], listed()] = OFFERED
    is_lenient: bool = False
    is_strict: bool = False


class StepTable(Section):
    """[[steps]]: what happens, in order."""

    do: Literal["poll", "arrive", "next-hop", "new-uidls", "rotate-uidls", "rebuild", "restore", "come-back"]
    times: Annotated[int, Field(ge=1, le=100)] = 1
    killed_after: Annotated[int, Field(ge=1)] | None = None
    killed_at: str | None = None
    mails: Annotated[tuple[str, ...], listed()] = ()
    next_hop: NextHopTable | None = None


class ThenTable(Section):
    """[then]: what must be true after."""

    arrives: Annotated[tuple[str, ...], listed()] | None = None
    copies: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    unfit: Annotated[tuple[str, ...], listed()] = ()
    memory: Size = default("256 MiB")


class Common(Section):
    """What every case may name."""

    texts: dict[str, str] = Field(default_factory=dict)
    mails: dict[str, MailTable] = Field(default_factory=dict)


class CaseTables(Common):
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
    next_hop: NextHopTable = Field(default_factory=NextHopTable)
    steps: Annotated[tuple[StepTable, ...], listed(least=1)] = (StepTable(do="poll", times=2),)
    then: ThenTable = Field(default_factory=ThenTable)
