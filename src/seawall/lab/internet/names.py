"""Which names the lab may use: those that nobody can own (RFC 2606, RFC 6761 §6.2 to §6.5).

A scenario that names any other domain is refused, so that no mail of the lab could ever be for somebody.
"""

from typing import Final

from seawall.model.address import Address, domain_in_a_labels

TOP: Final = ("test", "example", "invalid", "localhost")
SECOND: Final = ("example.com", "example.net", "example.org")


def domain(text: str) -> str:
    """Return a reserved domain in lower case; raises ValueError for any other."""
    found = domain_in_a_labels(text)
    if found.rpartition(".")[2] in TOP or any(
        found == second or found.endswith(f".{second}") for second in SECOND
    ):
        return found
    raise ValueError(f"{text!r} may be somebody's: the lab's domains end in .test or another reserved name")


def mailbox(text: str) -> str:
    """Return an address at a reserved domain, in lower case; raises ValueError for any other."""
    address = Address.parse(text)
    domain(address.domain)
    return str(address).lower()
