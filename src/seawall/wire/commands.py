"""The POP3 commands that Seawall sends, each with the bound of its reply."""

from typing import Final

from seawall.wire.pop3 import Command

MAX_CAPABILITIES: Final = 64 * 2**10
MAX_HEADER: Final = 64 * 2**20
"""Octets of a reply to TOP after which the server is given up."""

CAPA: Final = Command("CAPA", b"CAPA", max_octets=MAX_CAPABILITIES)
STLS: Final = Command("STLS", b"STLS")
STAT: Final = Command("STAT", b"STAT")
RSET: Final = Command("RSET", b"RSET")
QUIT: Final = Command("QUIT", b"QUIT")


def user(name: bytes) -> Command:
    """USER (RFC 1939 §7)."""
    return Command("USER", b"USER " + name)


def password(secret: bytes) -> Command:
    """PASS (RFC 1939 §7)."""
    return Command("PASS", b"PASS " + secret)


def apop(name: bytes, digest: bytes) -> Command:
    """APOP (RFC 1939 §7); `digest` is in lower-case hex."""
    return Command("APOP", b"APOP " + name + b" " + digest)


def auth(mechanism: str) -> Command:
    """AUTH without an initial response (RFC 5034 §4): every server that has AUTH takes it so."""
    return Command("AUTH", b"AUTH " + mechanism.encode("ascii"))


def auth_response(base64: bytes) -> Command:
    """Answer a SASL challenge; `*` cancels (RFC 5034 §4)."""
    return Command("AUTH", base64)


def uidl_all(max_octets: int) -> Command:
    """UIDL for the whole box (RFC 1939 §7)."""
    return Command("UIDL", b"UIDL", max_octets=max_octets)


def list_all(max_octets: int) -> Command:
    """LIST for the whole box (RFC 1939 §5)."""
    return Command("LIST", b"LIST", max_octets=max_octets)


def top(number: int) -> Command:
    """TOP n 0: the header of a mail and none of its body (RFC 1939 §7)."""
    return Command("TOP", b"TOP %d 0" % number, number=number, max_octets=MAX_HEADER)


def retr(number: int, max_octets: int) -> Command:
    """RETR (RFC 1939 §5), given up after `max_octets` whatever LIST said."""
    return Command("RETR", b"RETR %d" % number, number=number, max_octets=max_octets)


def dele(number: int) -> Command:
    """DELE (RFC 1939 §5)."""
    return Command("DELE", b"DELE %d" % number, number=number)
