"""A client for the lab's tests that shows raw octets, and the toy ISP on sockets that it can reach."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from seawall.lab.behaviour import HONEST, Behaviour
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp, running

PASSWORD = "correct horse"
THREE = tuple(
    b"Subject: no. %d\r\nMessage-ID: <%d@example.com>\r\n\r\nline one\r\n.line two\r\n\r\nline four\r\n"
    % (n, n)
    for n in (1, 2, 3)
)


def stuffed(raw: bytes) -> bytes:
    """What an honest server sends behind the status line for `raw`, whose lines all have their end."""
    return (b"\r\n" + raw).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


class Wiretap:
    """A plain connection; `ask` says a line and reads what must come."""

    def __init__(self, isp: ToyIsp) -> None:
        self.socket = socket.create_connection((isp.host, isp.port), timeout=5)

    def close(self) -> None:
        self.socket.close()

    def send(self, *lines: bytes) -> None:
        self.socket.sendall(b"".join(line + b"\r\n" for line in lines))

    def until(self, end: bytes) -> bytes:
        """Read up to `end`, and fail where anything else comes first: nothing may follow it."""
        data = b""
        while not data.endswith(end):
            piece = self.socket.recv(65536)
            assert piece, f"the server left after {data[-200:]!r}"
            data += piece
        return data

    def rest(self) -> bytes:
        """Read until the server closes."""
        data = b""
        while True:
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError:
                return data
            if not piece:
                return data
            data += piece

    def ask(self, line: bytes) -> bytes:
        """Say a line and return the status line that answers it."""
        self.send(line)
        return self.until(b"\r\n")

    def read(self, line: bytes) -> bytes:
        """Say a line and return its multi-line reply, status line and terminator included."""
        self.send(line)
        return self.until(b"\r\n.\r\n")

    def log_in(self) -> None:
        self.until(b"\r\n")
        assert self.ask(b"USER alice").startswith(b"+OK")
        assert self.ask(b"PASS " + PASSWORD.encode()).startswith(b"+OK 3 mails")


@contextmanager
def tapped(behaviour: Behaviour = HONEST, box: Box | None = None) -> Iterator[tuple[ToyIsp, Wiretap]]:
    """A toy ISP with `alice`'s box of three mails, and a connection to it that has said nothing yet."""
    with running(ToyIsp({"alice": (PASSWORD, box or Box(THREE))}, behaviour)) as isp:
        tap = Wiretap(isp)
        try:
            yield isp, tap
        finally:
            tap.close()


@contextmanager
def logged_in(behaviour: Behaviour = HONEST, box: Box | None = None) -> Iterator[Wiretap]:
    """The same, logged in as alice."""
    with tapped(behaviour, box) as (_, tap):
        tap.log_in()
        yield tap
