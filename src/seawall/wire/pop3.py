"""A POP3 client's side of the dialogue (RFC 1939, RFC 2449), without any I/O.

Owns the framing: which bytes are a status line, which are a mail, where a mail ends, and which
reply belongs to which command. Refuses to know sockets, clocks, TLS, passwords and what a mail
is for. Commands go in and bytes come out of `send`; bytes go in and events come out of `receive`.

Three rules, each with its reason:

- Only CRLF "." CRLF ends a mail. A mail may hold LF "." LF or CR "." CR; clients that end there
  cut it and take the rest, which its sender wrote, for the server's next replies.
- A dot is taken away only where a line begins with two. A server that follows RFC 1939 §3 never
  sends a line that begins with a single dot and goes on, so such a dot belongs to the mail.
- Bytes that no command asked for are an error at once, and so is whatever stands behind the reply
  to STLS (RFC 2595 §4): the connection is desynchronised and must be closed.
"""

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from seawall.errors import OurBug, ProtocolViolation, SeawallError, TooLarge
from seawall.model.text import shown

MAX_STATUS_SHOWN: Final = 1024
"""Octets of a status line that are kept; RFC 2449 §4 allows 512."""
MAX_STATUS: Final = 4 * 2**20
"""Octets of a status line after which the server is given up."""
PIECE: Final = 64 * 2**10
"""Octets of an unfinished mail that wait for its end before they are handed on."""

_TERMINATOR: Final = b"\r\n.\r\n"
_STUFFED = re.compile(rb"\r\n\.\.")
_RESPONSE_CODE = re.compile(rb"\[([A-Za-z0-9/_-]{1,64})\]")
_TIMESTAMP = re.compile(rb"<[^<>\s]{1,256}@[^<>\s]{1,256}>")


class State(Enum):
    """Where the dialogue stands (RFC 1939 §3), and the two moments in which no command may be sent."""

    GREETING = auto()
    AUTHORIZATION = auto()
    SECURING = auto()
    TRANSACTION = auto()
    CLOSED = auto()


ALLOWED: Final = {
    State.GREETING: frozenset[str](),
    State.AUTHORIZATION: frozenset({"CAPA", "STLS", "USER", "PASS", "APOP", "AUTH", "QUIT"}),
    State.SECURING: frozenset[str](),
    State.TRANSACTION: frozenset(
        {"CAPA", "STAT", "LIST", "UIDL", "TOP", "RETR", "DELE", "RSET", "NOOP", "QUIT"}
    ),
    State.CLOSED: frozenset[str](),
}
"""The commands that each state permits (RFC 1939 §4 to §7, RFC 2449 §5, RFC 2595 §4, RFC 5034 §4)."""

AFTER_SUCCESS: Final = {
    "GREETING": State.AUTHORIZATION,
    "STLS": State.SECURING,
    "PASS": State.TRANSACTION,
    "APOP": State.TRANSACTION,
    "AUTH": State.TRANSACTION,
    "QUIT": State.CLOSED,
}
"""The state that a positive reply leads to; the other commands change none."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `line` may hold a secret and is kept out of the repr; `max_octets` bounds a multi-line reply."""

    verb: str
    line: bytes = field(repr=False)
    number: int | None = None
    max_octets: int | None = None

    @property
    def is_multiline(self) -> bool:
        """Whether a positive reply is followed by lines up to a lone dot."""
        return self.max_octets is not None


_GREETING: Final = Command("GREETING", b"")


@dataclass(frozen=True, slots=True)
class Status:
    """A status line. `code` is its response code, upper case, without brackets; `text` is as sent, cut to 1 KiB."""

    command: Command
    is_positive: bool
    code: str
    text: bytes


@dataclass(frozen=True, slots=True)
class Challenge:
    """A server's SASL challenge, still in base64 (RFC 5034 §4)."""

    command: Command
    data: bytes


@dataclass(frozen=True, slots=True)
class Content:
    """A piece of a multi-line reply, dots unstuffed, line ends as sent; `is_last` closes it."""

    command: Command
    data: bytes
    is_last: bool


Event = Status | Challenge | Content


def apop_timestamp(greeting: bytes) -> bytes | None:
    """Return the timestamp in a greeting that offers APOP, angle brackets included (RFC 1939 §7)."""
    found = _TIMESTAMP.search(greeting)
    return found.group() if found else None


class Dialogue:
    """The client's side of one connection."""

    def __init__(self) -> None:
        self.state = State.GREETING
        self._expected: deque[Command] = deque([_GREETING])
        self._buffer = b""
        self._at = 0
        self._scanned = 0
        self._content_of: Command | None = None
        self._content_octets = 0
        self._status_head = b""
        self._status_octets = 0
        self.failure: SeawallError | None = None

    @property
    def expected(self) -> int:
        """How many commands still wait for their reply's end."""
        return len(self._expected) + (self._content_of is not None)

    def send(self, commands: Iterable[Command]) -> bytes:
        """Return the bytes of `commands`, whose replies are expected in this order (RFC 2449 §6.6).

        Raises OurBug for a command that the state forbids, one that holds a line end, or one that
        follows a command which changes the state.
        """
        lines = []
        for command in commands:
            if command.verb not in ALLOWED[self.state]:
                raise OurBug(f"{command.verb} is not allowed in state {self.state.name}")
            if b"\r" in command.line or b"\n" in command.line:
                raise OurBug(f"a {command.verb} command holds a line end")
            if self._expected and self._expected[-1].verb in AFTER_SUCCESS:
                raise OurBug(f"{command.verb} cannot be pipelined behind {self._expected[-1].verb}")
            self._expected.append(command)
            lines.append(command.line + b"\r\n")
        return b"".join(lines)

    def secured(self) -> None:
        """Say that the TLS handshake after STLS is complete."""
        if self.state is not State.SECURING:
            raise OurBug(f"TLS was started in state {self.state.name}")
        self.state = State.AUTHORIZATION

    def receive(self, data: bytes) -> list[Event]:
        """Take the next bytes from the server and return the events that they complete.

        Raises ProtocolViolation where the server breaks the protocol and TooLarge where a reply
        goes past its bound; after either the connection must be closed. Events that were complete
        before it are returned first, with `failure` set, and the next call raises it.
        """
        if self.failure is not None:
            raise self.failure
        if self.state is State.CLOSED:
            return []
        if self.state is State.SECURING:
            raise ProtocolViolation("the server sent bytes in the clear where TLS was to start")
        self._buffer = self._buffer[self._at :] + data if self._at < len(self._buffer) else data
        self._at = 0
        events: list[Event] = []
        try:
            self._read(events)
        except SeawallError as failure:
            self.failure = failure
            if not events:
                raise
        return events

    def _read(self, events: list[Event]) -> None:
        while self._at < len(self._buffer):
            if self._content_of is not None:
                if not self._content(self._content_of, events):
                    break
            elif not self._status(events):
                break

    def _status(self, events: list[Event]) -> bool:
        """Take one status line from the buffer; False where it is not complete."""
        if not self._expected:
            self._unsolicited()
        end = self._buffer.find(b"\r\n", self._at)
        if end < 0:
            self._hold_status()
            return False
        line = self._status_head + self._buffer[self._at : end]
        self._status_head, self._status_octets = b"", 0
        if b"\n" in line:
            raise ProtocolViolation("the server ends its lines with a bare LF, which is not POP3")
        command = self._expected.popleft()
        if line[:1] == b"+" and line[1:2] in {b" ", b""} and command.verb == "AUTH":
            self._at = end + 2
            events.append(Challenge(command, line[2:]))
            return True
        indicator = line[:4].upper()
        if indicator[:3] == b"+OK" and indicator[3:] in {b"", b" ", b"\t"}:
            is_positive, text = True, line[4:]
        elif indicator == b"-ERR":
            is_positive, text = False, line[5:]
        else:
            raise ProtocolViolation(f"the server answered {command.verb} with {shown(line)!r}")
        code = _RESPONSE_CODE.match(text)
        events.append(
            Status(
                command,
                is_positive,
                code.group(1).decode("ascii").upper() if code else "",
                text[:MAX_STATUS_SHOWN],
            )
        )
        if is_positive and command.is_multiline:
            # The CRLF stays: it lets the first line of the content be told from the middle of one.
            self._at, self._scanned = end, 0
            self._content_of, self._content_octets = command, 0
        else:
            self._at = end + 2
            self._advance(command, events, is_positive=is_positive)
        return True

    def _advance(self, command: Command, events: list[Event], *, is_positive: bool) -> None:
        if command.verb == "QUIT":
            self.state = State.CLOSED
        elif is_positive and command.verb in AFTER_SUCCESS:
            self.state = AFTER_SUCCESS[command.verb]
            if self.state is State.SECURING and self._at < len(self._buffer):
                events.clear()
                raise ProtocolViolation(
                    "the server's reply to STLS has bytes in the clear behind it: an injection"
                )

    def _hold_status(self) -> None:
        """Keep the head of a status line that has no end yet, and let the rest of it go."""
        rest = self._buffer[self._at :]
        if b"\n" in rest:
            raise ProtocolViolation("the server ends its lines with a bare LF, which is not POP3")
        if len(rest) <= MAX_STATUS_SHOWN:
            return
        # A CR may be the first half of the line's end.
        keep = 1 if rest.endswith(b"\r") else 0
        self._status_octets += len(rest) - keep
        if self._status_octets > MAX_STATUS:
            raise TooLarge("the server sends a status line without end")
        self._status_head = (self._status_head + rest[: len(rest) - keep])[:MAX_STATUS_SHOWN]
        self._at = len(self._buffer) - keep

    def _content(self, command: Command, events: list[Event]) -> bool:
        """Take a piece of a multi-line reply from the buffer; False where more bytes are needed."""
        buffer, start = self._buffer, self._at
        end = buffer.find(_TERMINATOR, max(start, self._scanned))
        is_last = end >= 0
        if is_last:
            cut = end + 2
            self._at = end + len(_TERMINATOR)
        elif len(buffer) - start < PIECE:
            # Look again from where the terminator might have begun.
            self._scanned = max(start, len(buffer) - len(_TERMINATOR) + 1) - start
            self._bound(command, len(buffer) - start)
            return False
        else:
            cut = len(buffer)
            tail = buffer.find(b"\r", cut - len(_TERMINATOR) + 1)
            if tail >= 0:
                cut = tail
            self._at = cut
        self._scanned = 0
        data = buffer[start:cut]
        if _STUFFED.search(data):
            data = data.replace(b"\r\n..", b"\r\n.")
        if self._content_octets == 0:
            data = data[2:]
        self._bound(command, cut - start)
        self._content_octets += cut - start
        events.append(Content(command, data, is_last))
        if is_last:
            self._content_of = None
        return True

    def _bound(self, command: Command, waiting: int) -> None:
        if command.max_octets is not None and self._content_octets + waiting > command.max_octets + 2:
            raise TooLarge(f"the reply to {command.verb} is larger than {command.max_octets} octets")

    def _unsolicited(self) -> None:
        line = self._buffer[self._at : self._at + MAX_STATUS_SHOWN].split(b"\r\n", 1)[0]
        raise ProtocolViolation(f"the server sent what no command asked for: {shown(line)!r}")
