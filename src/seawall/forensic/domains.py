"""Which domain a host belongs to: the part of its name that somebody registered, by the public suffix list.

Owns what counts as a name that anybody could ask: private names, numbers and single words belong to nobody.
"""

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from publicsuffixlist import PublicSuffixList

_PRIVATE: Final = frozenset(
    (
        "localdomain",
        "local",
        "localhost",
        "lan",
        "internal",
        "home",
        "intern",
        "intranet",
        "corp",
        "invalid",
        "arpa",
    )
)
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,252}[a-z0-9_])?")
_NUMBERS = re.compile(r"\d+")
_ENOUGH_NUMBERS: Final = 3
_SUFFIXES: Final = PublicSuffixList()


@lru_cache(maxsize=65536)
def organisation(host: str) -> str:
    """Return the registered domain of a host name in lower case, "" for a private name, a number or a single word."""
    if "." not in host or not _HOST.fullmatch(host):
        return ""
    last = host.rpartition(".")[2]
    if last in _PRIVATE or last.isdigit():
        return ""
    return _SUFFIXES.privatesuffix(host) or ""


@lru_cache(maxsize=65536)
def is_private(address: str) -> bool:
    """Whether an IP address is of a network that nobody outside reaches, this machine's own among them."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return (found.is_private and not _is_documentation(address)) or found.is_loopback or found.is_link_local


def _is_documentation(address: str) -> bool:
    """RFC 5737 and RFC 3849: what stands in examples stands for public addresses."""
    return address.startswith(("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:"))


@lru_cache(maxsize=65536)
def is_line_name(host: str) -> bool:
    """Whether a host's name is one that an access provider makes of a line's number, as in dsl-203-0-113-5.isp.example."""
    return len(_NUMBERS.findall(host)) >= _ENOUGH_NUMBERS
