"""The tables of a case.toml as models: which keys there are, their defaults, and what each may hold.

Owns the spelling, which docs/audit-cases.md tells; the table [server] has a file of its own. Refuses to know what the
tables mean together (`reading`).
"""

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from seawall.lab.audit.case import MAILBOXES
from seawall.lab.audit.octets import OctetsText, Parts
from seawall.lab.audit.server import Server
from seawall.lab.sink import OFFERED
from seawall.toml.section import LIST, TEXT, Section, Size, default, listed, shaped

MOST_TIMES: Final = 1000
HOP_VERBS: Final = (
    "GREETING",
    "HELO",
    "EHLO",
    "LHLO",
    "MAIL",
    "RCPT",
    "DATA",
    "CONTENT",
    "RSET",
    "NOOP",
    "QUIT",
)
"""What the next hop can be told how to answer; CONTENT is the end of a mail."""
_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def _beside(name: str) -> str:
    if not _FILE.fullmatch(name):
        raise ValueError("must be the name of a file beside case.toml: letters, digits, . _ -")
    return name


def _answered(key: str) -> str:
    verb = key.partition(" ")[0]
    if verb not in HOP_VERBS:
        raise ValueError(f"{verb!r} is nothing that is answered: there are {', '.join(HOP_VERBS)}")
    return key


class MailTable(Section):
    """[mails.NAME]: one of `octets`, `lines`, `file` and `parts`; with `times` so many mails, NAME-1 and on."""

    octets: OctetsText | None = None
    lines: str | None = None
    file: Annotated[str, AfterValidator(_beside)] | None = None
    parts: Parts | None = None
    times: Annotated[int, Field(ge=1, le=MOST_TIMES)] | None = None
    recipients: Annotated[tuple[str, ...], listed(least=1)] = (MAILBOXES[0].partition("@")[0],)

    @model_validator(mode="after")
    def _is_one(self) -> "MailTable":
        if sum(each is not None for each in (self.octets, self.lines, self.file, self.parts)) != 1:
            raise ValueError("must have one of octets, lines, file and parts")
        return self


Answers = Annotated[
    Annotated[OctetsText, TEXT] | Annotated[tuple[OctetsText, ...], listed(least=1), LIST],
    shaped("must be octets in quotes, or a list of them"),
]


class NextHopTable(Section):
    """[next_hop]: the keys are those of `lab.sink.Manners`, which says what each means."""

    answers: dict[Annotated[str, AfterValidator(_answered)], Answers] = Field(default_factory=dict)
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
