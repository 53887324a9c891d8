"""What seawall.toml may hold: each section, its keys, their defaults as a person would write them.

Owns the meaning of one value beside its neighbours in the same section, and promise 1 at its
border: an address that could receive mail is local, or it is an error. Refuses to know files,
lines and how sections refer to each other.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    ValidationInfo,
)

from seawall.config import hosts
from seawall.decide.submission import takes_recipients_from_headers
from seawall.model.account import Keep, KeepFor, KeepForever, Start, StartAll, StartNew, StartSince, Tls
from seawall.model.address import Address, domain_in_a_labels
from seawall.model.envelope import MAX_ISP_HOPS, EnvelopeName
from seawall.toml import units
from seawall.toml.section import Section, Size, default, listed

MOST_TIMEOUT_SECONDS = 3600.0
LEAST_EVERY_SECONDS = 10.0
"""Some servers lock a mailbox, or the account, for a client that comes back sooner."""

MOST_CONNECTIONS = 32

PORT_BY_TLS = {Tls.IMPLICIT: 995, Tls.STARTTLS: 110, Tls.NONE: 110}
LMTP_PORT = 24
SMTP_PORT = 25
SUBMISSION_PORT = {Tls.IMPLICIT: 465, Tls.STARTTLS: 587, Tls.NONE: 587}
"""Where a server takes mail from who logs in (RFC 6409, RFC 8314)."""

NAME_RULE = "must be 1 to 64 of A-Z a-z 0-9 . _ - and begin with a letter or a digit"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}|[{}]")
_PIN = re.compile(r"[0-9a-f]{64}")
_COMMAND_PLACEHOLDERS = frozenset({"{user}", "{domain}", "{recipient}", "{sender}"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a section is read beside; `domains` is None where `local.domains` is itself wrong."""

    directory: str
    domains: frozenset[str] | None = None


def _around(info: ValidationInfo) -> Around:
    around = info.context
    if not isinstance(around, Around):
        raise TypeError("a section is validated with an Around as its context")
    return around


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    if _CONTROL.search(text):
        raise ValueError("must not hold control characters")
    return text


def is_name(text: str) -> bool:
    """Tell whether an account or a destination may be called this."""
    return _NAME.fullmatch(text) is not None


def _name(text: str) -> str:
    if not is_name(text):
        raise ValueError(NAME_RULE)
    return text


def _local_address(written: object, info: ValidationInfo) -> Address:
    if not isinstance(written, str):
        raise ValueError("must be an address in quotes")  # noqa: TRY004 - pydantic collects ValueError alone
    address = Address.parse(written)
    domains = _around(info).domains
    if domains is not None and address.domain not in domains:
        raise ValueError(
            f"{address} is not in local.domains, and mail may be delivered only to local domains"
        )
    return address


def _path(text: str, info: ValidationInfo) -> str:
    """Make a path absolute, beside the configuration file."""
    if text.startswith("~"):
        raise ValueError("~ has no meaning here: write the whole path")
    return str(Path(_around(info).directory, _text(text)))


def _maildir_path(text: str, info: ValidationInfo) -> str:
    for placeholder in _PLACEHOLDER.findall(_text(text)):
        if placeholder not in {"{user}", "{domain}"}:
            raise ValueError(f"{placeholder} is not known here: only {{user}} and {{domain}} are filled in")
    if not Path(text).is_absolute() and _PLACEHOLDER.search(_around(info).directory):
        raise ValueError("must be absolute where the configuration's own directory holds { or }")
    return _path(text, info)


def _every(duration: float) -> float:
    if duration < LEAST_EVERY_SECONDS:
        raise ValueError(f'must be at least "{LEAST_EVERY_SECONDS:.0f}s"')
    return duration


def _timeout(duration: float) -> float:
    if not 1 <= duration <= MOST_TIMEOUT_SECONDS:
        raise ValueError('must be from "1s" to "1h"')
    return duration


def _keep(written: object) -> Keep:
    if written == "none":
        return KeepFor(0.0)
    if written == "forever":
        return KeepForever()
    try:
        return KeepFor(units.seconds(written))
    except ValueError:
        raise ValueError('must be "none", "forever" or a duration such as "7d", at most "5200w"') from None


def _start(written: object) -> Start:
    if written == "all":
        return StartAll()
    if written == "new":
        return StartNew()
    return StartSince(units.moment(written))


def _tls(written: object, info: ValidationInfo) -> Tls:
    try:
        tls = Tls(written)
    except ValueError:
        raise ValueError('must be "implicit", "starttls" or "none"') from None
    insecure = info.data.get("insecure", True)
    if tls is not Tls.NONE and insecure and "insecure" in info.data:
        raise ValueError(
            f'insecure = true only permits tls = "none", and tls is "{tls.value}": '
            "a certificate is always checked; trust your own with ca_file or pin"
        )
    if tls is Tls.NONE and not insecure and not hosts.is_loopback(info.data.get("host", "localhost")):
        raise ValueError(
            '"none" sends everything in the clear, passwords too; it is allowed only to this machine, or with insecure = true'
        )
    return tls


def _tls_if_given(written: object, info: ValidationInfo) -> Tls | None:
    return None if written is None else _tls(written, info)


def _command(argv: tuple[str, ...]) -> tuple[str, ...]:
    for word in argv:
        for placeholder in _PLACEHOLDER.findall(word):
            if placeholder not in _COMMAND_PLACEHOLDERS:
                known = ", ".join(sorted(_COMMAND_PLACEHOLDERS))
                raise ValueError(f"{placeholder} is not known here: there are {known}")
    why = takes_recipients_from_headers(argv)
    if why is not None:
        raise ValueError(why)
    return argv


def _filter(argv: tuple[str, ...]) -> tuple[str, ...]:
    why = takes_recipients_from_headers(argv)
    if why is not None:
        raise ValueError(why)
    return argv


def _address(written: object) -> Address:
    if not isinstance(written, str):
        raise ValueError("must be an address in quotes")  # noqa: TRY004 - pydantic collects ValueError alone
    return Address.parse(written)


def _envelope(written: object) -> EnvelopeName:
    if not isinstance(written, str):
        raise ValueError("must be the name of a header field in quotes")  # noqa: TRY004 - pydantic collects ValueError alone
    return EnvelopeName.parse(written)


def _only_with_tls(text: str | None, info: ValidationInfo) -> str | None:
    if text is not None and info.data.get("tls") is Tls.NONE:
        raise ValueError('has no meaning with tls = "none"')
    return text


def _pin(text: str) -> str:
    pin = text.strip().lower().removeprefix("sha256:").replace(":", "")
    if not _PIN.fullmatch(pin):
        raise ValueError("must be the certificate's SHA-256, 64 hex digits")
    return pin


Text = Annotated[str, AfterValidator(_text)]
Name = Annotated[str, AfterValidator(_name)]
LocalAddress = Annotated[Address, PlainValidator(_local_address)]
FilePath = Annotated[str, AfterValidator(_path)]


class Local(Section):
    """[local]: this installation."""

    domains: Annotated[tuple[Annotated[str, AfterValidator(domain_in_a_labels)], ...], listed(least=1)]
    postmaster: LocalAddress
    state: FilePath
    min_free: Size = default("200 MB")
    alarm_after: int = Field(5, ge=1, le=1_000_000)
    at_once: int = Field(64, ge=1, le=1000)
    at_once_per_host: int = Field(4, ge=1, le=1000)
    sent_by: Annotated[tuple[Annotated[str, AfterValidator(domain_in_a_labels)], ...], listed()] = ()
    digest: bool = True
    digest_destination: Name | None = None


class Mailboxes(Section):
    """[mailboxes]: each mailbox and its other addresses."""

    mailboxes: dict[LocalAddress, Annotated[tuple[LocalAddress, ...], listed()]]


class Maildir(Section):
    """[destination.NAME] of kind "maildir"."""

    kind: Literal["maildir"]
    path: Annotated[str, AfterValidator(_maildir_path)]


class Unused(Section):
    """[destination.NAME] that no account uses: what is shown of it is its kind."""

    kind: str


class NextHop(Section):
    """[destination.NAME] of kind "lmtp" or "smtp". Without `tls` a server elsewhere needs STARTTLS."""

    kind: Literal["lmtp", "smtp"]
    host: Annotated[str, AfterValidator(hosts.host)] | None = None
    socket: FilePath | None = None
    insecure: bool = False
    tls: Annotated[Tls | None, PlainValidator(_tls_if_given)] = None
    port: int | None = Field(None, ge=1, le=65535)
    ca_file: Annotated[FilePath | None, AfterValidator(_only_with_tls)] = None
    pin: Annotated[Annotated[str, AfterValidator(_pin)] | None, AfterValidator(_only_with_tls)] = None
    user: Text | None = None
    password_file: FilePath | None = None
    password_command: Annotated[tuple[Text, ...], listed(least=1)] | None = None
    connections: int = Field(4, ge=1, le=MOST_CONNECTIONS)
    timeout: Annotated[float, AfterValidator(_timeout), BeforeValidator(units.seconds)] = default("5m")
    ignores_delivered_to: bool = False


class Command(Section):
    """[destination.NAME] of kind "command"."""

    kind: Literal["command"]
    command: Annotated[tuple[Text, ...], listed(least=1), AfterValidator(_command)]
    timeout: Annotated[float, AfterValidator(_timeout), BeforeValidator(units.seconds)] = default("5m")


class Multidrop(Section):
    """multidrop = { … } in an account: how its mails' envelopes are told."""

    envelope: Annotated[EnvelopeName, PlainValidator(_envelope)]
    isp: Annotated[tuple[Annotated[str, AfterValidator(domain_in_a_labels)], ...], listed(least=1)]
    isp_hops: int = Field(1, ge=1, le=MAX_ISP_HOPS)
    unknown: LocalAddress
    strip_prefix: str = ""
    box: Annotated[Address, PlainValidator(_address)] | None = None


class Account(Section):
    """[[account]]: one POP3 mailbox. A key that judges others comes after them."""

    name: Name
    host: Annotated[str, AfterValidator(hosts.host)]
    insecure: bool = False
    tls: Annotated[Tls, PlainValidator(_tls)] = default("implicit")
    port: int | None = Field(None, ge=1, le=65535)
    ca_file: Annotated[FilePath | None, AfterValidator(_only_with_tls)] = None
    pin: Annotated[Annotated[str, AfterValidator(_pin)] | None, AfterValidator(_only_with_tls)] = None
    user: Text
    password_file: FilePath | None = None
    password_command: Annotated[tuple[Text, ...], listed(least=1)] | None = None
    to: LocalAddress | None = None
    multidrop: Multidrop | None = None
    filter: Annotated[tuple[Text, ...], listed(least=1), AfterValidator(_filter)] | None = None
    every: Annotated[float, AfterValidator(_every), BeforeValidator(units.seconds)] = default("5m")
    keep: Annotated[Keep, PlainValidator(_keep)] = default("7d")
    start: Annotated[Start, PlainValidator(_start)] = default("all")
    max_size: Annotated[Size, Field(ge=1)] = default("50 MB")
    timeout: Annotated[float, AfterValidator(_timeout), BeforeValidator(units.seconds)] = default("60s")
    destination: str | None = None
