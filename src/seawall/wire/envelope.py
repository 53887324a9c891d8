"""The SMTP and LMTP commands that Seawall sends, and what a server's answer to EHLO offers.

Owns promise 4's half of an envelope: a recipient carries NOTIFY=NEVER where the server has DSN
(RFC 3461 §4.1), and where it has none the reverse-path is null, so that nobody is told.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from seawall.model.account import Speech
from seawall.model.address import Address
from seawall.wire.smtp import Command

STARTTLS: Final = Command("STARTTLS", b"STARTTLS")
NOOP: Final = Command("NOOP", b"NOOP")
RSET: Final = Command("RSET", b"RSET")
DATA: Final = Command("DATA", b"DATA")
QUIT: Final = Command("QUIT", b"QUIT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a server offers (RFC 5321 §4.1.1.1): extension keywords with their parameters, upper case."""

    parameters: dict[str, tuple[str, ...]]

    @classmethod
    def read(cls, lines: Iterable[bytes]) -> Self:
        """Read the lines of a positive reply to EHLO or LHLO; the first names the server."""
        found: dict[str, tuple[str, ...]] = {}
        for line in list(lines)[1:]:
            keyword, *rest = line.decode("ascii", "replace").upper().replace("=", " ", 1).split() or [""]
            found.setdefault(keyword, tuple(rest))
        return cls(parameters=found)

    def has(self, keyword: str) -> bool:
        """Whether an extension is offered."""
        return keyword in self.parameters

    @property
    def most_octets(self) -> int | None:
        """The largest mail that is taken (SIZE, RFC 1870 §4), None where there is no fixed limit."""
        limit = self.parameters.get("SIZE", ())
        return int(limit[0]) or None if limit and limit[0].isdecimal() and len(limit[0]) <= 20 else None  # noqa: PLR2004 -- RFC 1870 §4

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """The SASL mechanisms (AUTH, RFC 4954 §3)."""
        return self.parameters.get("AUTH", ())


def hello(speech: Speech, here: str) -> Command:
    """EHLO (RFC 5321 §4.1.1.1), or LHLO (RFC 2033 §4.1)."""
    verb = "LHLO" if speech is Speech.LMTP else "EHLO"
    return Command(verb, verb.encode("ascii") + b" " + here.encode("ascii", "replace"))


def auth(mechanism: str, initial: bytes | None) -> Command:
    """AUTH (RFC 4954 §4) with an initial response in base64, None for none."""
    rest = b"" if initial is None else b" " + (initial or b"=")
    return Command("AUTH", b"AUTH " + mechanism.encode("ascii") + rest)


def mail(reverse_path: str, octets: int, offer: Offer, *, is_utf8: bool = False) -> Command:
    """MAIL (RFC 5321 §4.1.1.2): the null reverse-path where the server cannot be told to send no DSN."""
    path = reverse_path if offer.has("DSN") else ""
    parameters = [f"SIZE={octets}"] if offer.has("SIZE") else []
    parameters += ["BODY=8BITMIME"] if offer.has("8BITMIME") else []
    parameters += ["SMTPUTF8"] if is_utf8 else []
    return Command("MAIL", " ".join((f"MAIL FROM:<{path}>", *parameters)).encode())


def rcpt(recipient: Address, offer: Offer) -> Command:
    """RCPT (RFC 5321 §4.1.1.3), never with a notification."""
    never = " NOTIFY=NEVER" if offer.has("DSN") else ""
    return Command("RCPT", f"RCPT TO:<{recipient}>{never}".encode())
