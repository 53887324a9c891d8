"""A client's side of SMTP (RFC 5321) and LMTP (RFC 2033), without any I/O.

Owns the framing: what a reply is, which reply belongs to which command, how many replies follow a
mail, and which commands may follow each other without waiting (RFC 2920). Refuses to know sockets,
clocks, TLS, passwords, and why a mail goes to whom. Commands go in and bytes come out of `send`;
bytes go in and replies come out of `receive`.

LMTP answers a mail once for each recipient that it took, SMTP once; whoever loses count takes one
mail's reply for another's. So the dialogue counts: the replies behind a mail are those of its
accepted recipients, in their order.
"""

import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from seawall.errors import OurBug, ProtocolViolation, TooLarge
from seawall.model.account import Speech
from seawall.model.text import shown

MAX_LINE: Final = 4096
"""Octets of a reply line; RFC 5321 §4.5.3.1.5 allows 512."""
MAX_LINES: Final = 512
MAX_SHOWN: Final = 400
"""Octets of a reply that are kept for a person."""

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(rb"[245]\.[0-9]{1,3}\.[0-9]{1,3}(?= |\Z)")


class State(Enum):
    """What was sent last, which is what decides what may be sent next."""

    GREETING = auto()
    READY = auto()
    WAITING = auto()
    SECURING = auto()
    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    CONTENT = auto()
    CLOSED = auto()


NEXT: Final[Mapping[State, Mapping[str, State]]] = {
    State.GREETING: {},
    State.READY: {
        "EHLO": State.WAITING,
        "LHLO": State.WAITING,
        "STARTTLS": State.WAITING,
        "AUTH": State.WAITING,
        "NOOP": State.WAITING,
        "QUIT": State.WAITING,
        "RSET": State.READY,
        "MAIL": State.MAIL,
    },
    State.WAITING: {},
    State.SECURING: {},
    State.MAIL: {"RCPT": State.RCPT, "RSET": State.READY},
    State.RCPT: {"RCPT": State.RCPT, "DATA": State.DATA, "RSET": State.READY},
    State.DATA: {},
    State.CONTENT: {"CONTENT": State.READY},
    State.CLOSED: {},
}
"""What may be sent in each state, and the state that it leads to (RFC 5321 §4.1.4, RFC 2920 §3.1).

WAITING and DATA end with their reply; CONTENT is the mail itself, up to its final dot.
"""


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `line` may hold a secret and is kept out of the repr."""

    verb: str
    line: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply: its code, its enhanced code where it has one (RFC 2034), and its lines' text."""

    command: Command
    code: int
    lines: tuple[bytes, ...]

    @property
    def is_positive(self) -> bool:
        """2yz: done."""
        return self.code // 100 == 2  # noqa: PLR2004 -- RFC 5321 §4.2.1

    @property
    def is_intermediate(self) -> bool:
        """3yz: go on."""
        return self.code // 100 == 3  # noqa: PLR2004 -- RFC 5321 §4.2.1

    @property
    def is_temporary(self) -> bool:
        """4yz: not now."""
        return self.code // 100 == 4  # noqa: PLR2004 -- RFC 5321 §4.2.1

    @property
    def words(self) -> str:
        """The reply as a person reads it, escaped and short."""
        return f"{self.code} {shown(b' '.join(self.lines), limit=MAX_SHOWN)}".rstrip()

    @property
    def enhanced(self) -> str:
        """The enhanced status code such as `4.2.2`; empty where there is none."""
        found = _ENHANCED.match(self.lines[0])
        return found.group().decode("ascii") if found else ""


_GREETING: Final = Command("GREETING", b"")


class Dialogue:
    """The client's side of one connection."""

    def __init__(self, speech: Speech) -> None:
        self.state = State.GREETING
        self._speech = speech
        self._expected: deque[Command] = deque([_GREETING])
        self._accepted: deque[int] = deque()
        self._buffer = b""
        self._lines: list[bytes] = []
        self._code = b""

    @property
    def expected(self) -> int:
        """How many replies are still to come."""
        return len(self._expected)

    def send(self, commands: Iterable[Command]) -> bytes:
        """Return the bytes of `commands`, whose replies are expected in this order.

        Raises OurBug for a command that the state forbids, and for one that holds a line end.
        """
        lines = []
        for command in commands:
            if command.verb not in NEXT[self.state]:
                raise OurBug(f"{command.verb} is not allowed in state {self.state.name}")
            if b"\r" in command.line or b"\n" in command.line:
                raise OurBug(f"a {command.verb} command holds a line end")
            self.state = NEXT[self.state][command.verb]
            if command.verb == "MAIL":
                self._accepted.append(0)
            self._expected.append(command)
            lines.append(command.line + b"\r\n")
        return b"".join(lines)

    def answer(self, response: bytes) -> bytes:
        """Return the bytes of an answer to a SASL challenge (RFC 4954 §4), already in base64."""
        if self.state is not State.WAITING or self._expected or b"\r" in response or b"\n" in response:
            raise OurBug("there is no SASL challenge to answer, or the answer holds a line end")
        self._expected.append(Command("AUTH", b""))
        return response + b"\r\n"

    def end_mail(self) -> int:
        """Say that the mail's final dot is sent; return how many replies will follow.

        Raises OurBug where no mail was asked for.
        """
        if "CONTENT" not in NEXT[self.state]:
            raise OurBug(f"a mail ended in state {self.state.name}")
        self.state = NEXT[self.state]["CONTENT"]
        accepted = self._accepted.popleft()
        replies = accepted if self._speech is Speech.LMTP else 1
        self._expected.extend([Command("CONTENT", b"")] * replies)
        return replies

    def secured(self) -> None:
        """Say that the TLS handshake after STARTTLS is complete."""
        if self.state is not State.SECURING:
            raise OurBug(f"TLS was started in state {self.state.name}")
        self.state = State.READY

    def receive(self, data: bytes) -> list[Reply]:
        """Take the next bytes from the server and return the replies that they complete.

        Raises ProtocolViolation where the server breaks the protocol and TooLarge where a reply
        goes past its bound; after either the connection must be closed.
        """
        if self.state is State.SECURING:
            raise ProtocolViolation("the server sent bytes in the clear where TLS was to start")
        self._buffer += data
        replies: list[Reply] = []
        while (end := self._buffer.find(b"\n")) >= 0:
            line, self._buffer = self._buffer[:end], self._buffer[end + 1 :]
            reply = self._line(line.removesuffix(b"\r"))
            if reply is not None:
                replies.append(reply)
        if len(self._buffer) > MAX_LINE:
            raise TooLarge("the server sends a reply line without end")
        return replies

    def _line(self, line: bytes) -> Reply | None:
        """Take one line of a reply; return the reply where it is the last."""
        found = _LINE.fullmatch(line) if len(line) <= MAX_LINE else None
        if found is None or (self._code and found.group(1) != self._code):
            raise ProtocolViolation(f"the server answered with {shown(line, limit=MAX_SHOWN)!r}")
        self._code = found.group(1)
        self._lines.append(found.group(3) or b"")
        if len(self._lines) > MAX_LINES:
            raise TooLarge("the server sends a reply without end")
        if found.group(2) == b"-":
            return None
        code, lines = int(self._code), tuple(self._lines)
        self._code, self._lines = b"", []
        if not self._expected:
            raise ProtocolViolation(f"the server said unasked: {shown(line, limit=MAX_SHOWN)!r}")
        reply = Reply(self._expected.popleft(), code, lines)
        self._advance(reply)
        return reply

    def _advance(self, reply: Reply) -> None:
        match reply.command.verb:
            case "RCPT" if reply.is_positive:
                self._accepted[0] += 1
            case "RSET":
                self._accepted.clear()
            case "DATA":
                self._data_answered(reply)
            case "STARTTLS" if reply.is_positive:
                if self._buffer:
                    raise ProtocolViolation(
                        "the server's reply to STARTTLS has bytes in the clear behind it: an injection"
                    )
                self.state = State.SECURING
            case "QUIT":
                self.state = State.CLOSED
            case "AUTH" if reply.is_intermediate:
                return
            case "GREETING" | "EHLO" | "LHLO" | "NOOP" | "AUTH" | "STARTTLS":
                self.state = State.READY

    def _data_answered(self, reply: Reply) -> None:
        if reply.is_positive:
            raise ProtocolViolation("the server says that DATA is done, and has no mail yet")
        if not reply.is_intermediate:
            self._accepted.popleft()
            self.state = State.READY
            return
        if not self._accepted[0]:
            # Whatever is sent now, servers disagree on how many replies follow (RFC 2920 §3.1).
            raise ProtocolViolation("the server asks for a mail of which it refused every recipient")
        self.state = State.CONTENT
