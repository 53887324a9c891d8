"""A mail as a server holds it and as it came: its place in a listing, its bytes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One mail in a server's listing, valid for one session. `octets` is the server's claim, None where unusable."""

    number: int
    uidl: bytes | None
    octets: int | None


class Content(Protocol):
    """A mail's bytes as served: CRLF line ends, dots unstuffed."""

    @property
    def octets(self) -> int:
        """The length in octets."""

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes in order, in pieces of bounded size; may be called again."""

    def close(self) -> None:
        """Give back what holds the bytes; may be called again."""


@dataclass(frozen=True, slots=True)
class MemoryContent:
    """A small mail, held whole."""

    data: bytes = field(repr=False)

    @property
    def octets(self) -> int:
        """The length in octets."""
        return len(self.data)

    def chunks(self) -> Iterator[bytes]:
        """Yield the whole."""
        yield self.data

    def close(self) -> None:
        """Nothing holds a small mail."""


@dataclass(frozen=True, slots=True)
class CutContent:
    """A mail without its octets from `start` to `end`."""

    whole: Content
    start: int
    end: int

    @property
    def octets(self) -> int:
        """The length in octets, without what is cut out."""
        return self.whole.octets - (self.end - self.start)

    def chunks(self) -> Iterator[bytes]:
        """Yield what is left, in order."""
        at = 0
        for chunk in self.whole.chunks():
            yield chunk[: max(0, self.start - at)] + chunk[max(0, self.end - at) :]
            at += len(chunk)

    def close(self) -> None:
        """Give back what holds the bytes."""
        self.whole.close()


@dataclass(frozen=True, slots=True)
class JoinedContent:
    """A mail whose header and body are kept apart."""

    header: Content
    body: Content

    @property
    def octets(self) -> int:
        """The length in octets, of both together."""
        return self.header.octets + self.body.octets

    def chunks(self) -> Iterator[bytes]:
        """Yield both, in order."""
        yield from self.header.chunks()
        yield from self.body.chunks()

    def close(self) -> None:
        """Give back what holds the bytes."""
        self.header.close()
        self.body.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMail:
    """A mail that was retrieved whole. `head` is its beginning: all of it, or at least the first MiB."""

    head: bytes = field(repr=False)
    content: Content
