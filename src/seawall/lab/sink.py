"""The toy next hop: an SMTP or LMTP server on loopback that keeps what it is given, and fails as it is told.

Owns one side of RFC 5321 and RFC 2033 in the plainest form, and what arrived. Refuses to know who
sends, and any address but this machine's. It relays nothing: a mail ends here.
"""

import re
import socket
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from seawall.model.account import Speech

OFFERED: Final = ("PIPELINING", "8BITMIME", "SIZE 52428800", "ENHANCEDSTATUSCODES", "DSN", "SMTPUTF8")
MAX_LINE: Final = 2**20
DROP: Final = b""
"""As an answer: close the connection instead."""
_ADDRESS: Final = re.compile(rb"(?:FROM|TO):<([^>]*)>(.*)", re.IGNORECASE)
_LENIENT_END: Final = re.compile(rb"(?:\A|\r\n|\n|\r)\.(?:\r\n|\n|\r)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sunk:
    """A mail that arrived for one recipient, dots unstuffed; `parameters` are those of MAIL and of RCPT."""

    reverse_path: str
    recipient: str
    parameters: tuple[str, str]
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How the sink behaves.

    `answers` maps a verb, or a verb and an address such as `RCPT bob@example.org`, to what is said
    instead of the ordinary answer; a tuple is used up one by one, its last for ever. `CONTENT`
    stands for the reply behind a mail: DROP there is the doubt, the mail is kept and nothing said.
    `is_lenient` ends a mail wherever any software ever did: at a dot between any two line ends.
    `is_strict` hangs up on who sends a command before the last one was answered.
    """

    offers: tuple[str, ...] = OFFERED
    answers: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)
    is_lenient: bool = False
    is_strict: bool = False


class Sink:
    """A next hop that runs between `with running(sink)` and its end, on a free port unless one is given."""

    def __init__(
        self, speech: Speech, manners: Manners | None = None, *, path: Path | None = None, port: int = 0
    ) -> None:
        self.speech = speech
        self.manners = manners or Manners()
        self.host = "127.0.0.1"
        self.port = port
        self.path = path
        self.mails: list[Sunk] = []
        self.commands: list[str] = []
        self.connections = 0
        self.most_connections = 0
        self._open = 0
        self._lock = threading.Lock()
        self._used: Counter[str] = Counter()

    def answer(self, ordinary: bytes, *keys: str) -> bytes:
        """Return what is said: the first of `keys` that has an answer of its own, else the ordinary one."""
        with self._lock:
            for key in keys:
                said = self.manners.answers.get(key)
                if said is not None:
                    at = min(self._used[key], len(said) - 1)
                    self._used[key] += 1
                    return said[at]
        return ordinary

    def behave(self, manners: Manners) -> None:
        """Behave otherwise from here on."""
        with self._lock:
            self.manners = manners
            self._used.clear()

    def keep(self, mails: list[Sunk]) -> None:
        """Take mails in."""
        with self._lock:
            self.mails += mails

    def heard(self, line: bytes) -> None:
        """Remember a command."""
        with self._lock:
            self.commands.append(line.decode("utf-8", "replace"))

    def came(self, change: int) -> None:
        """Count the connections that are open."""
        with self._lock:
            self._open += change
            self.connections += change > 0
            self.most_connections = max(self.most_connections, self._open)


class _Left(Exception):
    """The client went, or is sent away."""


class _Visit(socketserver.BaseRequestHandler):
    """One connection."""

    server: "_Listener"

    def handle(self) -> None:
        sink = self.server.sink
        self._unread = b""
        sink.came(1)
        try:
            self._say(sink.answer(b"220 sink.example ready", "GREETING"))
            self._converse(sink)
        except (_Left, OSError):
            return
        finally:
            sink.came(-1)

    def _converse(self, sink: Sink) -> None:
        path, mail_parameters = "", ""
        recipients: list[tuple[str, str]] = []
        while True:
            line = self._line()
            sink.heard(line)
            verb, _, rest = line.partition(b" ")
            name = verb.decode("ascii", "replace").upper()
            match name:
                case "HELO" | "EHLO" | "LHLO":
                    lines = ("sink.example", *(sink.manners.offers if name != "HELO" else ()))
                    ordinary = b"".join(b"250-%s\r\n" % text.encode() for text in lines[:-1])
                    self._say(sink.answer(ordinary + b"250 " + lines[-1].encode(), name))
                case "MAIL":
                    path, mail_parameters = _address(rest)
                    recipients = []
                    self._say(sink.answer(b"250 2.1.0 ok", f"MAIL {path}", name))
                case "RCPT":
                    address, parameters = _address(rest)
                    said = sink.answer(b"250 2.1.5 ok", f"RCPT {address}", name)
                    if said.startswith(b"2"):
                        recipients.append((address, parameters))
                    self._say(said)
                case "DATA":
                    said = sink.answer(b"354 go on" if recipients else b"503 5.5.1 no recipients", name)
                    self._say(said)
                    if said.startswith(b"3"):
                        self._content(sink, path, mail_parameters, recipients)
                case "RSET" | "NOOP":
                    self._say(sink.answer(b"250 2.0.0 ok", name))
                case "QUIT":
                    self._say(sink.answer(b"221 2.0.0 bye", name))
                    return
                case _:
                    self._say(b"500 5.5.2 what?")

    def _content(
        self, sink: Sink, path: str, mail_parameters: str, recipients: list[tuple[str, str]]
    ) -> None:
        data = self._mail(sink.manners)
        replies = [
            (recipient, sink.answer(b"250 2.0.0 kept", f"CONTENT {recipient[0]}", "CONTENT"))
            for recipient in recipients
        ]
        sink.keep(
            [
                Sunk(
                    reverse_path=path,
                    recipient=address,
                    parameters=(mail_parameters, parameters),
                    data=data,
                )
                for (address, parameters), said in replies
                if said == DROP or said.startswith(b"2")
            ]
        )
        for _, said in replies if sink.speech is Speech.LMTP else replies[:1]:
            self._say(said)

    def _mail(self, manners: Manners) -> bytes:
        """Read up to the end of a mail; return it without the end, dots unstuffed."""
        while True:
            if manners.is_lenient:
                found = _LENIENT_END.search(self._unread)
                end, after = (found.start(), found.end()) if found else (-1, 0)
                end += len(self._unread[end:after].split(b".")[0]) if found else 0
            elif self._unread.startswith(b".\r\n"):
                end, after = 0, 3
            else:
                at = self._unread.find(b"\r\n.\r\n")
                end, after = (at + 2, at + 5) if at >= 0 else (-1, 0)
            if end >= 0:
                data, self._unread = self._unread[:end], self._unread[after:]
                return (b"\r\n" + data).replace(b"\r\n.", b"\r\n")[2:]
            self._more()

    def _line(self) -> bytes:
        while b"\r\n" not in self._unread:
            if len(self._unread) > MAX_LINE:
                raise _Left
            self._more()
        line, _, self._unread = self._unread.partition(b"\r\n")
        if self._unread and self.server.sink.manners.is_strict:
            raise _Left
        return line

    def _more(self) -> None:
        data = self.request.recv(2**16)
        if not data:
            raise _Left
        self._unread += data

    def _say(self, said: bytes) -> None:
        if said == DROP:
            raise _Left
        self.request.sendall(said + b"\r\n")


def _address(rest: bytes) -> tuple[str, str]:
    found = _ADDRESS.match(rest)
    if not found:
        return rest.decode("utf-8", "replace"), ""
    return found.group(1).decode("utf-8", "replace"), found.group(2).strip().decode("utf-8", "replace")


class _Listener(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Accepts; each connection has a thread that ends with it."""

    daemon_threads = True
    request_queue_size = 1000
    allow_reuse_address = True

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.visits: set[socket.socket] = set()
        self.address_family = socket.AF_UNIX if sink.path else socket.AF_INET
        place: object = str(sink.path) if sink.path else (sink.host, sink.port)
        super().__init__(place, _Visit)  # type: ignore[arg-type] # a Unix socket's address is its path

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override] # wider
        """Socketserver's call: a client came."""
        self.visits.add(request)
        if self.address_family == socket.AF_INET:
            request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override] # narrower
        """Socketserver's call: a visit ended."""
        self.visits.discard(request)
        super().shutdown_request(request)


@contextmanager
def running(sink: Sink) -> Iterator[Sink]:
    """Run a sink in threads of its own."""
    with _Listener(sink) as listener:
        if sink.path is None:
            sink.port = listener.server_address[1]
        thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield sink
        finally:
            listener.shutdown()
            thread.join()
            for request in list(listener.visits):
                with suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)
