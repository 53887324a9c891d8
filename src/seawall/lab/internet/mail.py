"""A mail on its way: its envelope, its octets, and the family that it belongs to.

Owns who a mail stems from. A copy, a reply and a bounce are children of the mail that made them; a relay's copy is that
mail itself. Refuses to know what a server or a person does with one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

UNKNOWN: Final = "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A mail as one server hands it to the next (RFC 5321 §2.3.1); the null reverse-path is empty. Lines end in CRLF."""

    reverse_path: str
    recipients: tuple[str, ...]
    data: bytes = field(repr=False)
    message_id: str

    @classmethod
    def of(cls, reverse_path: str, recipients: Sequence[str], data: bytes) -> Self:
        """Return an envelope for a mail, whose Message-ID is looked up."""
        return cls(
            reverse_path=reverse_path,
            recipients=tuple(recipients),
            data=data,
            message_id=message_id(data),
        )

    def to(self, recipients: Sequence[str]) -> "Envelope":
        """Return the same mail for others."""
        return replace(self, recipients=tuple(recipients))

    def under(self, *trace: str) -> "Envelope":
        """Return the mail with these fields on top, as a server writes them."""
        return replace(self, data="".join(f"{line}\r\n" for line in trace).encode() + self.data)


def message_id(data: bytes) -> str:
    """Return the first Message-ID, without its brackets; "?" where there is none."""
    head = _head(data)
    at = head.lower().find(b"\r\nmessage-id:")
    if at < 0:
        return UNKNOWN
    value = head[at + len("\r\nmessage-id:") : head.find(b"\r\n", at + 2)]
    return value.strip(b" \t<>").decode("utf-8", "replace") or UNKNOWN


def hops(data: bytes) -> int:
    """Return how many servers have had the mail, by its Received fields."""
    return _head(data).lower().count(b"\r\nreceived:")


def _head(data: bytes) -> bytes:
    """Return the header, with a line end before each field: looked at for every mail, so nothing is taken apart."""
    whole = b"\r\n" + data
    end = whole.find(b"\r\n\r\n")
    return whole[: end + 2] if end >= 0 else whole + b"\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """Where a mail comes from. `root` is the genuine mail's Message-ID; `kind` tells how it came to be."""

    root: str
    generation: int
    kind: str


class Families:
    """The kin of every mail that was made in a run, by Message-ID."""

    def __init__(self) -> None:
        self._kin: dict[str, Kin] = {}

    def begin(self, root: str) -> None:
        """A person wrote a mail of their own accord."""
        self._kin[root] = Kin(root=root, generation=0, kind="genuine")

    def add(self, child: str, parent: str, kind: str) -> None:
        """A mail was made because another one came."""
        of = self.kin(parent)
        self._kin[child] = Kin(root=of.root, generation=of.generation + 1, kind=kind)

    def kin(self, identity: str) -> Kin:
        """Return where a mail comes from; one that nobody told of is its own root."""
        return self._kin.get(identity) or Kin(root=identity, generation=0, kind=UNKNOWN)
