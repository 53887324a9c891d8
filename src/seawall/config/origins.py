"""Where each value came from: its line in the file, or a default.

Owns what `config show` says. A password's source is named, and a command's arguments are left out:
they may hold a secret.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from seawall.config import guarding, schema
from seawall.model.account import (
    Account,
    CommandDestination,
    Destination,
    MaildirDestination,
    NextHopDestination,
    Server,
    Settings,
    Site,
)
from seawall.model.secret import PasswordCommand, PasswordFile, SecretSource
from seawall.toml.positions import KeyPath
from seawall.toml.problems import shown_key
from seawall.toml.section import Section, keys_of

Value = str | int | float | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A value in the form a person writes it, and its place; `line` is None where it is a default of Seawall's."""

    value: Value
    file: str
    line: int | None

    def __str__(self) -> str:
        return "default" if self.line is None else f"{self.file}:{self.line}"


def origins(
    raw: Mapping[str, Any], settings: Settings, *, file: str, lines: Mapping[KeyPath, int]
) -> dict[str, Origin]:
    """Return every value that is in force, by its key: `account.office.port`."""
    return {
        shown_key(path, raw): Origin(value=value, file=file, line=lines.get(path))
        for path, value in _values(raw, settings)
    }


def _values(raw: Mapping[str, Any], settings: Settings) -> Iterator[tuple[KeyPath, Value]]:
    yield from _section(schema.Local, raw["local"], ("local",), _of_the_site(settings.site))
    for mailbox, aliases in raw.get("mailboxes", {}).items():
        yield ("mailboxes", mailbox), tuple(aliases)
    chosen = [*(account.destination for account in settings.accounts), settings.site.digest]
    used = {destination.name: destination for destination in chosen if destination is not None}
    for name, written in raw["destination"].items():
        model, in_force = _destination(used.get(name))
        yield from _section(model, written, ("destination", name), in_force)
    yield from _section(guarding.Guard, raw.get("guard", {}), ("guard",), {})
    for index, (written, account) in enumerate(zip(raw["account"], settings.accounts, strict=True)):
        yield from _section(schema.Account, written, ("account", index), _in_force(account))
        if "multidrop" in written:
            yield from _section(schema.Multidrop, written["multidrop"], ("account", index, "multidrop"), {})


def _of_the_site(site: Site) -> dict[str, Value]:
    in_force: dict[str, Value] = {"state": site.state}
    return in_force | ({"digest_destination": site.digest.name} if site.digest else {})


def _destination(
    used: Destination | None,
) -> tuple[type[Section], dict[str, Value]]:
    """Return a destination's section, and what is in force where that is not what was written."""
    match used:
        case MaildirDestination(path=path):
            return schema.Maildir, {"path": path}
        case CommandDestination(argv=argv):
            return schema.Command, {"command": _program(argv)}
        case NextHopDestination(place=place, credentials=credentials):
            secret = _source(credentials.secret) if credentials else {}
            if isinstance(place, Server):
                return schema.NextHop, {"port": place.port, "tls": place.tls.value, **secret}
            return schema.NextHop, {"socket": place.path, **secret}
    return schema.Unused, {}


def _in_force(account: Account) -> dict[str, Value]:
    """Return what an account works by where that is not what was written: full paths, and what was chosen for it."""
    in_force: dict[str, Value] = {"port": account.server.port, "destination": account.destination.name}
    if account.server.ca_file is not None:
        in_force["ca_file"] = account.server.ca_file
    if account.filter is not None:
        in_force["filter"] = _program(account.filter.argv)
    return in_force | _source(account.secret)


def _source(secret: SecretSource) -> dict[str, Value]:
    match secret:
        case PasswordFile(path=path):
            return {"password_file": path}
        case PasswordCommand(argv=argv):
            return {"password_command": _program(argv)}


def _program(argv: tuple[str, ...]) -> str:
    return argv[0] if len(argv) == 1 else f"{argv[0]} …"


def _section(
    model: type[Section], written: Mapping[str, Any], path: KeyPath, in_force: Mapping[str, Value]
) -> Iterator[tuple[KeyPath, Value]]:
    for key, default in keys_of(model).items():
        value = in_force.get(key, written.get(key, default))
        if value is not None and not isinstance(value, dict):
            yield (*path, key), _as_written(value)


def _as_written(value: Any) -> Value:
    match value:
        case list():
            return tuple(map(str, value))
        case date() | time():
            return value.isoformat()
        case str() | int() | float() | tuple():
            return value
    return str(value)
