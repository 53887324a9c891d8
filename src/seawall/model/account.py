"""The accounts that are collected, where their mail goes, and by which rules: what configuration becomes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from seawall.errors import Misconfigured
from seawall.model.address import Address
from seawall.model.envelope import EnvelopeName, Mailboxes, Multidrop
from seawall.model.guard import Guard
from seawall.model.secret import SecretSource


class Tls(Enum):
    """How a connection is protected (RFC 8314, RFC 2595)."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server and how it is trusted. `pin` is the SHA-256 of its certificate in DER, in lower-case hex."""

    host: str
    port: int
    tls: Tls
    ca_file: str | None = None
    pin: str | None = None


@dataclass(frozen=True, slots=True)
class KeepFor:
    """Erase at the server once delivered and `seconds` old here; 0 erases in the same session."""

    seconds: float


@dataclass(frozen=True, slots=True)
class KeepForever:
    """Never erase at the server."""


Keep = KeepFor | KeepForever


@dataclass(frozen=True, slots=True)
class StartAll:
    """The first poll fetches everything that is there."""


@dataclass(frozen=True, slots=True)
class StartNew:
    """The first poll marks what is there as seen and fetches nothing."""


@dataclass(frozen=True, slots=True)
class StartSince:
    """The first poll fetches what arrived at or after this moment (Unix seconds, UTC); the rest is marked as seen."""

    moment: float


Start = StartAll | StartNew | StartSince


@dataclass(frozen=True, slots=True, kw_only=True)
class MaildirDestination:
    """A Maildir for each mailbox. `path` may hold {user} and {domain}, filled from the recipient."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class UnixSocket:
    """A server on this machine, behind a file; who may open the file is its protection."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A user and where the password comes from."""

    user: str
    secret: SecretSource


class Speech(Enum):
    """What a next hop speaks: SMTP (RFC 5321), or LMTP, which answers for each recipient (RFC 2033)."""

    LMTP = "lmtp"
    SMTP = "smtp"


@dataclass(frozen=True, slots=True, kw_only=True)
class NextHopDestination:
    """A server that takes mail by LMTP or SMTP, over at most `connections` at once.

    `patience` (seconds) is how long to wait for its next byte. `ignores_delivered_to` says that its
    final delivery does not take a Delivered-To that names the recipient for a loop, as Postfix's
    local(8) does.
    """

    name: str
    speech: Speech
    place: Server | UnixSocket
    credentials: Credentials | None = None
    connections: int = 4
    patience: float = 300.0
    ignores_delivered_to: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandDestination:
    """A program that each mail is piped into, without a shell. `patience` (seconds) bounds one run."""

    name: str
    argv: tuple[str, ...]
    patience: float = 300.0


Destination = MaildirDestination | NextHopDestination | CommandDestination


def sees_loops(destination: Destination) -> bool:
    """Whether a mail whose Delivered-To names its recipient would be taken for a loop there."""
    return (
        isinstance(destination, NextHopDestination)
        and destination.speech is Speech.SMTP
        and not destination.ignores_delivered_to
    )


NO_MAILBOXES: Final = Mailboxes.build({})


@dataclass(frozen=True, slots=True)
class Filter:
    """A program that each mail is piped through, which may refuse it or name a folder. `patience` is in seconds."""

    argv: tuple[str, ...]
    patience: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One POP3 mailbox.

    `to` is the one address that receives what it holds, whatever a mail says, or how a mail's
    envelope tells who does (multidrop).
    `every` and `patience` (how long to wait for the server's next byte) are in seconds.
    """

    name: str
    server: Server
    user: str
    secret: SecretSource
    to: Address | Multidrop
    destination: Destination
    filter: Filter | None = None
    every: float = 300.0
    keep: Keep = KeepFor(7 * 86400.0)
    start: Start = StartAll()
    max_octets: int = 50_000_000
    patience: float = 60.0

    @property
    def envelope(self) -> EnvelopeName | None:
        """The header field that tells who receives; None where one mailbox receives all."""
        return self.to.envelope if isinstance(self.to, Multidrop) else None

    @property
    def receives(self) -> str:
        """Who receives, for a person."""
        return f"whom {self.to.envelope} names" if isinstance(self.to, Multidrop) else str(self.to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """This installation: its domains and mailboxes, its postmaster, its state, and how many polls run at once.

    `digest` is where the postmaster's digest goes, None where he gets none.
    """

    domains: tuple[str, ...]
    postmaster: Address
    state: str
    min_free_octets: int = 200_000_000
    alarm_after: int = 5
    mailboxes: Mailboxes = NO_MAILBOXES
    at_once: int = 64
    at_once_per_host: int = 4
    guard: Guard = field(default_factory=Guard)
    digest: Destination | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that `run` works by."""

    site: Site
    accounts: tuple[Account, ...]


def chosen(settings: Settings, names: Sequence[str] | None) -> tuple[Account, ...]:
    """Return the named accounts, all where none is named; raises Misconfigured for a name that is none."""
    if not names:
        return settings.accounts
    by_name = {account.name: account for account in settings.accounts}
    for name in names:
        if name not in by_name:
            raise Misconfigured(f"there is no account {name}; there are: {', '.join(by_name)}")
    return tuple(by_name[name] for name in names)
