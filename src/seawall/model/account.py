"""The accounts that are collected, where their mail goes, and by which rules: what configuration becomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from seawall.errors import Misconfigured
from seawall.model.address import Address
from seawall.model.secret import SecretSource


class Tls(Enum):
    """How a connection is protected (RFC 8314, RFC 2595)."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A POP3 server and how it is trusted. `pin` is the SHA-256 of its certificate in DER, in lower-case hex."""

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


Destination = MaildirDestination


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One POP3 mailbox: `to` is the one address that receives what it holds, whatever a mail says.

    `every` and `patience` (how long to wait for the server's next byte) are in seconds.
    """

    name: str
    server: Server
    user: str
    secret: SecretSource
    to: Address
    destination: Destination
    every: float = 300.0
    keep: Keep = KeepFor(7 * 86400.0)
    start: Start = StartAll()
    max_octets: int = 50_000_000
    patience: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """This installation: its domains, its postmaster, where its state lives, and how many polls run at once."""

    domains: tuple[str, ...]
    postmaster: Address
    state: str
    min_free_octets: int = 200_000_000
    alarm_after: int = 5
    at_once: int = 64
    at_once_per_host: int = 4


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
