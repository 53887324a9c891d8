"""The `from` clause of a Received field → the client: what it called itself, and what the server saw of it.

Owns how servers write that down. RFC 5321 §4.4 puts what the client said first and what the server saw into a comment;
Exim, qmail and CommuniGate Pro put the name that they looked up first and what the client said into a comment.
"""

import re
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Final, NamedTuple

_NUMBER = re.compile(
    r"\[?(?:IPv6:)?((?:::ffff:)?\d{1,3}(?:\.\d{1,3}){3}(?=\]|:\d{1,5}$|$)|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:%\w{1,16})?)\]?(?::\d{1,5})?",
    re.IGNORECASE | re.ASCII,
)
_BRACKETS = re.compile(
    r"\[(?:IPv6:)?((?:::ffff:)?\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f:.]{2,45})(?:%\w{1,16}|[.:]\d{1,5})?\]",
    re.IGNORECASE | re.ASCII,
)
_HOST = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?")
_OCTET = re.compile(r"0{0,2}(?:[0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])")
_GREETINGS: Final = frozenset(("helo", "ehlo", "lhlo"))
_GREETED: Final = ("helo=", "ehlo=")
_UNKNOWN: Final = frozenset(("unknown", "unverified", "may", "user", "account"))
_EXIM: Final = "Exim"


class Client(NamedTuple):
    """What the client called itself, the name that was looked up for it, and its address; "" where not told."""

    helo: str
    rdns: str
    address: str


@lru_cache(maxsize=4096)
def read_client(words: tuple[str, ...], comments: tuple[str, ...], product: str) -> Client:
    """Return the client of a `from` clause: its words, the text of each comment in it, and who wrote the field."""
    first = words[0] if words else ""
    greeting = rdns = address = ""
    # Exim writes a name in this place only where it looked it up; qmail names the user only beside such a name.
    is_looked_up = is_greeted = False
    for word in words[1:]:
        address = address or _address(word)
    for comment in comments:
        before = ""
        parts = comment.split()
        for place, word in enumerate(parts):
            plain = word.strip('"')
            lower = plain.lower()
            if before in _GREETINGS:
                greeting = plain
            elif lower in _GREETINGS:
                is_greeted = True
            elif lower.startswith(_GREETED):
                is_greeted = True
                greeting = plain[5:]
            elif lower == "verified":
                is_looked_up = True
            elif ("[" in word or place in {0, len(parts) - 1}) and (found := _address(word)):
                is_looked_up = is_looked_up or ("@" in word and "[" not in word)
                address = address or found
                rdns = rdns or _looked_up(word.partition("[")[0] or before)
            before = lower
    address = address or _address(first)
    if (is_greeted or is_looked_up or (product == _EXIM and address)) and not rdns:
        rdns = _looked_up(first)
    helo = _name(greeting if is_greeted else first)
    # The literal of the address that was seen tells nothing more (RFC 5321 §4.1.3).
    return Client("" if address and _address(helo) == address else helo, rdns, address)


def _address(word: str) -> str:
    """Return the IP address in a word as it is compared, "" where there is none; of `user@address` and `address:port` too."""
    if ":" not in word and "." not in word:
        return ""
    found = _BRACKETS.search(word) or _NUMBER.fullmatch(word.rpartition("@")[2].rstrip(",;"))
    return _written_alike(found.group(1).lower().partition("%")[0]) if found else ""


@lru_cache(maxsize=4096)
def _written_alike(number: str) -> str:
    """Return an address in its one usual way of writing (RFC 5952), "" where it is none."""
    if ":" not in number:
        octets = number.split(".")
        if len(octets) != 4 or not all(_OCTET.fullmatch(octet) for octet in octets):  # noqa: PLR2004 -- IPv4
            return ""
        return ".".join(str(int(octet)) for octet in octets)
    try:
        address = IPv6Address(number)
    except ValueError:
        return ""
    return str(address.ipv4_mapped or address)


def _looked_up(word: str) -> str:
    """Return the host's name in a word that stands where a server writes what it looked up."""
    name = word.rpartition("@")[2].rpartition("=")[2].strip('[]",;')
    if not _HOST.fullmatch(name) or name.lower() in _UNKNOWN or name.replace(".", "").isdigit():
        return ""
    return name.rstrip(".").lower() if "." in name or name == "localhost" else ""


def _name(word: str) -> str:
    return word.strip('[]<>"!,;').rstrip(".").lower()
