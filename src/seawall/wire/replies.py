"""What the lines of a multi-line reply say: capabilities and listings. Total: a line that says nothing is passed over."""

from dataclasses import dataclass
from typing import Final, Self

_MAX_DIGITS: Final = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What CAPA announced (RFC 2449 §6): upper-case names, each with its parameters as sent."""

    parameters: dict[str, tuple[str, ...]]
    is_announced: bool

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read the lines of a reply to CAPA."""
        parameters: dict[str, tuple[str, ...]] = {}
        for line in content.split(b"\r\n"):
            words = line.decode("ascii", "replace").split()
            if words:
                parameters.setdefault(words[0].upper(), tuple(words[1:]))
        return cls(parameters=parameters, is_announced=True)

    @classmethod
    def unknown(cls) -> Self:
        """Stand in for a server without CAPA: what RFC 1939 calls optional is then tried, not assumed."""
        return cls(parameters={}, is_announced=False)

    def has(self, name: str) -> bool:
        """Whether the server announced `name`."""
        return name in self.parameters

    @property
    def sasl(self) -> frozenset[str]:
        """The SASL mechanisms, upper case (RFC 5034 §3)."""
        return frozenset(word.upper() for word in self.parameters.get("SASL", ()))

    @property
    def login_delay(self) -> float | None:
        """Seconds to wait between logins (RFC 2449 §6.5), the larger of the two values where it is by user."""
        return _seconds(self.parameters.get("LOGIN-DELAY", ()), 1.0)

    @property
    def expire(self) -> float | None:
        """Seconds that the server keeps mail (RFC 2449 §6.7): 0 erases what was retrieved; None is NEVER or unsaid."""
        return _seconds(self.parameters.get("EXPIRE", ()), 86400.0)


def _seconds(words: tuple[str, ...], unit: float) -> float | None:
    if not words or not words[0].isdecimal() or len(words[0]) > _MAX_DIGITS:
        return None
    return int(words[0]) * unit


def listing(content: bytes) -> dict[int, bytes]:
    """Read a reply to UIDL or LIST: mail number → the rest of its line (RFC 1939 §5, §7).

    The rest is as sent: a unique-id may hold spaces and 8-bit octets in practice. Lines without
    a number above zero are passed over; of two lines with one number the first counts.
    """
    entries: dict[int, bytes] = {}
    for line in content.split(b"\r\n"):
        number, _, rest = line.partition(b" ")
        if number.isdigit() and len(number) <= _MAX_DIGITS:
            entries.setdefault(int(number), rest)
    entries.pop(0, None)
    return entries


def octets(rest: bytes) -> int | None:
    """Return the size in a line of LIST, or None where it is no number: sizes are a hint and never trusted."""
    word = rest.split(b" ", 1)[0]
    return int(word) if word.isdigit() and len(word) <= _MAX_DIGITS else None
