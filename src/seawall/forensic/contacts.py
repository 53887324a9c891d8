"""A suspect's domain → whom to write to: the role addresses that each mail domain has (RFC 2142 §3 and §4).

Owns which addresses these are, and that a name from a mail becomes an address only where it is a domain. Refuses to
know how a registry is asked (forensic/rdap.py does, and only where a person wants it).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from seawall.errors import Temporary
from seawall.model.address import Address, domain_in_a_labels

ROLES: Final = ("postmaster", "abuse")
MAX_REGISTERED: Final = 4
"""Addresses that are taken from a registry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    """Addresses to write to, and what could not be found out, a sentence each."""

    addresses: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())


def role_addresses(domain: str) -> tuple[str, ...]:
    """Return postmaster and abuse at a domain; none where the name is no domain of the Internet."""
    try:
        name = domain_in_a_labels(domain)
    except ValueError:
        return ()
    if "." not in name or name.rpartition(".")[2].isdigit():
        return ()
    return tuple(f"{role}@{name}" for role in ROLES)


def find_contacts(domain: str, ask: Callable[[str], tuple[str, ...]] | None = None) -> Contacts:
    """Return a domain's role addresses, and what `ask` adds: the addresses that a registry has for it.

    `ask` raises Temporary where the registry gives no answer: that is a note, and the role addresses stay.
    """
    addresses = role_addresses(domain)
    if not addresses:
        return Contacts(addresses=(), notes=("It is no domain that could be written to.",))
    if ask is None:
        return Contacts(addresses=addresses)
    try:
        registered = ask(addresses[0].rpartition("@")[2])
    except Temporary as problem:
        return Contacts(addresses=addresses, notes=(str(problem),))
    usable = [usable for address in registered[:MAX_REGISTERED] if (usable := _usable(address))]
    return Contacts(addresses=tuple(dict.fromkeys((*addresses, *usable))))


def _usable(address: str) -> str:
    """Return an address that a registry told, "" where it is none: its text is a stranger's."""
    try:
        return str(Address.parse(address)) if address.isascii() else ""
    except ValueError:
        return ""
