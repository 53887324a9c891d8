"""The answers to `seawall init`'s questions: how each is read, and the file that they fill in.

Owns the reading of one answer at a time, by the same parsers as a configuration's values; each
raises ValueError with a plain sentence. Refuses to know a terminal.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from seawall.config import hosts
from seawall.config.peers.translation import Value, toml
from seawall.config.template import filled
from seawall.model.address import Address, domain_in_a_labels
from seawall.toml import units

_HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A destination's keys, in the order in which they are written."""

    entries: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a person said. `mailboxes` is the one that receives everything, or all of a domain where `envelope` names a header."""

    host: str
    user: str
    password_file: str
    domain: str
    mailboxes: tuple[Address, ...]
    envelope: str | None
    where: Where
    keep: str


def plain(text: str) -> str:
    """Read any text that is not empty and holds no control characters."""
    if not text.strip():
        raise ValueError("must not be empty")
    if not text.isprintable():
        raise ValueError("must not hold control characters")
    return text


def server(text: str) -> str:
    """Read a host name or an IP address."""
    return hosts.host(plain(text))


def domain(text: str) -> str:
    """Read a domain."""
    return domain_in_a_labels(plain(text))


def one_or_all(text: str) -> bool:
    """Read whether a box holds all of a domain's mail."""
    if text not in {"one", "all"}:
        raise ValueError('must be "one" or "all"')
    return text == "all"


def local_addresses(text: str, local: str) -> tuple[Address, ...]:
    """Read addresses with spaces between; one without a domain is `local`'s, and no other domain may be named."""
    found = []
    for word in plain(text).replace(",", " ").split():
        address = Address.parse(word if "@" in word else f"{word}@{local}")
        if address.domain != local:
            raise ValueError(f"must be in {local}: mail may be delivered only to your own domain")
        if "/" in address.local_part:
            raise ValueError("must not hold /: it cannot be part of a Maildir's path")
        found.append(address)
    if not found:
        raise ValueError("must be an address")
    unique = {str(address).lower(): address for address in reversed(found)}
    return tuple(unique[str(address).lower()] for address in found if unique[str(address).lower()] is address)


def local_address(text: str, local: str) -> tuple[Address]:
    """Read one address, as `local_addresses` does."""
    first, *more = local_addresses(text, local)
    if more:
        raise ValueError("must be one address")
    return (first,)


def header_name(text: str) -> str:
    """Read a header's name (RFC 5322 §2.2)."""
    name = plain(text).removesuffix(":")
    if not name.isascii() or not name.isprintable() or ":" in name or " " in name:
        raise ValueError("must be a header's name, such as X-Original-To")
    return name


def keep(text: str) -> str:
    """Read how long mail stays at the server."""
    if text not in {"none", "forever"}:
        try:
            units.seconds(text)
        except ValueError:
            raise ValueError('must be "none", "forever" or a duration such as "7d"') from None
    return text


def where(text: str) -> Where:
    """Read a destination: a Maildir's path, lmtp:HOST:PORT, lmtp:/SOCKET or smtp:HOST:PORT."""
    kind, colon, rest = plain(text).partition(":")
    if kind not in {"lmtp", "smtp"} or not colon:
        for part in text.replace("{user}", "").replace("{domain}", ""):
            if part in "{}":
                raise ValueError("must hold no other braces than {user} and {domain}")
        return Where(entries={"kind": "maildir", "path": text})
    if kind == "lmtp" and rest.startswith("/"):
        return Where(entries={"kind": kind, "socket": rest})
    host, _, port = rest.rpartition(":")
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 1 <= int(port) <= _HIGHEST_PORT):  # noqa: PLR2004
        raise ValueError("must end with a port, such as lmtp:127.0.0.1:24")
    name = hosts.host(host.removeprefix("[").removesuffix("]"))
    # A server on this machine is reached without a network; elsewhere the connection is protected.
    tls = "none" if hosts.is_loopback(name) else "implicit" if port == "465" else "starttls"
    return Where(entries={"kind": kind, "host": name, "port": int(port), "tls": tls})


def configuration(said: Answers) -> str:
    """Return the commented seawall.toml."""
    first = str(said.mailboxes[0])
    values: dict[str, str] = {
        "domains": toml((said.domain,)),
        "postmaster": toml(f"postmaster@{said.domain}"),
        "host": toml(said.host),
        "user": toml(said.user),
        "password_file": toml(said.password_file),
        "to": toml(first),
        "keep": toml(said.keep),
    }
    mailboxes: tuple[str, ...] = ()
    if said.envelope is not None:
        mailboxes = tuple(str(address) for address in said.mailboxes)
        isp = (
            said.host.partition(".")[2]
            if said.host.count(".") > 1 and not hosts.is_loopback(said.host)
            else said.host
        )
        values["multidrop"] = toml(
            {"envelope": said.envelope, "isp": (isp,), "isp_hops": 1, "unknown": first}
        )
    return filled(
        values,
        destination=tuple((key, toml(value)) for key, value in said.where.entries.items()),
        mailboxes=tuple(toml(mailbox) for mailbox in mailboxes),
    )
