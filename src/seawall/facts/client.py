"""The `from` clause of a Received field → the client: what it called itself, and what the server saw of it.

Owns how servers write that down. RFC 5321 §4.4 puts what the client said first and what the server saw into a comment;
Exim, qmail and CommuniGate Pro put the name that they looked up first and what the client said into a comment.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

_NUMBER = re.compile(
    r"\[?(?:IPv6:)?((?:::ffff:)?\d{1,3}(?:\.\d{1,3}){3}(?=\]|:\d{1,5}$|$)|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:%\w+)?)\]?(?::\d{1,5})?",
    re.IGNORECASE,
)
_BRACKETS = re.compile(
    r"\[(?:IPv6:)?(?:::ffff:)?(\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f:.]{2,45})(?:%\w{1,16}|[.:]\d{1,5})?\]",
    re.IGNORECASE,
)
_HOST = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?")
_GREETINGS: Final = frozenset(("helo", "ehlo", "lhlo"))
_GREETED: Final = frozenset(("helo=", "ehlo=", "helo ", "ehlo ", "helo\t", "ehlo\t"))
_UNKNOWN: Final = frozenset(("unknown", "unverified", "may", "localhost.", "user", "account"))
_MAPPED: Final = "::ffff:"


class Client(NamedTuple):
    """What the client called itself, the name that was looked up for it, and its address; "" where not told."""

    helo: str
    rdns: str
    address: str


def read_client(words: Sequence[str], comments: Sequence[Sequence[str]]) -> Client:
    """Return the client of a `from` clause: its words, and the words of each comment in it."""
    first = words[0] if words else ""
    greeting = rdns = address = ""
    is_greeted = False
    for word in words[1:]:
        address = address or _address(word)
    for comment in comments:
        before = ""
        for place, word in enumerate(comment):
            plain = word.strip('"')
            if before in _GREETINGS:
                greeting = plain
            elif plain.lower() in _GREETINGS:
                is_greeted = True
            elif plain[:5].lower() in _GREETED:
                is_greeted = True
                greeting = plain[5:].strip()
            elif ("[" in word or place in {0, len(comment) - 1}) and (found := _address(word)):
                address = address or found
                rdns = rdns or _looked_up(word.partition("[")[0] or before)
            before = plain.lower()
    address = address or _address(first)
    if (is_greeted or _is_verified(comments)) and not rdns:
        rdns = _looked_up(first)
    helo = _name(greeting if is_greeted else first)
    # The literal of the address that was seen tells nothing more (RFC 5321 §4.1.3).
    return Client("" if helo == address else helo, rdns, address)


def _address(word: str) -> str:
    """Return the IP address in a word, "" where there is none; of `user@address` and `address:port` too."""
    found = _BRACKETS.search(word) or _NUMBER.fullmatch(word.rpartition("@")[2].rstrip(",;"))
    if not found:
        return ""
    address = found.group(1).lower().partition("%")[0].removeprefix(_MAPPED)
    return address if "." in address or ":" in address else ""


def _looked_up(word: str) -> str:
    """Return the host's name in a word that stands where a server writes what it looked up."""
    name = word.rpartition("@")[2].rpartition("=")[2].strip('[]",;')
    if not _HOST.fullmatch(name) or name.lower() in _UNKNOWN or name.replace(".", "").isdigit():
        return ""
    return name.rstrip(".").lower() if "." in name or name == "localhost" else ""


def _name(word: str) -> str:
    return word.strip('[]<>"!,;').rstrip(".").lower()


def _is_verified(comments: Sequence[Sequence[str]]) -> bool:
    return any("verified" in comment for comment in comments)
