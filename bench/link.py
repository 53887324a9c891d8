"""A round trip between a client and a server on this machine: bench/c/relay.c, which delays each octet in each direction.

    link.py                          measure it: the round trip, the greeting, what bulk data lose, many connections

Owns: the relay's process, and the measure of what it does. Refuses to know: what is said over the link.

A relay everywhere, and not netem: that needs root, network namespaces and a kernel module (sch_netem) which many
machines have not, and could not be tried where this was written. What the relay leaves out stands at the top of relay.c.
"""

import contextlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from peers import compile_tools

ROUND_TRIP_SECONDS: Final = 0.040
HOST: Final = "127.0.0.1"
READ_OCTETS: Final = 1 << 20


class Link:
    """A link with this round trip, in seconds, for any number of servers on loopback. Use as a context manager.

    tools: where compile_tools wrote. The relay ends with whoever started it, however that one ends.
    """

    def __init__(self, tools: Path, *, rtt_seconds: float = ROUND_TRIP_SECONDS) -> None:
        self._relay = subprocess.Popen(
            [str(tools / "relay"), str(round(rtt_seconds * 1e6))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._ports: dict[int, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._relay.communicate()

    def to(self, server_port: int) -> int:
        """The port that leads to this one over the link. RuntimeError: the relay does not answer."""
        if server_port not in self._ports:
            assert self._relay.stdin is not None
            assert self._relay.stdout is not None
            self._relay.stdin.write(f"{server_port}\n")
            self._relay.stdin.flush()
            answer = self._relay.stdout.readline()
            if not answer:
                raise RuntimeError(f"the relay ended with {self._relay.wait()}")
            self._ports[server_port] = int(answer)
        return self._ports[server_port]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one link did: seconds, and octets a second."""

    round_trip_seconds: float
    greeting_seconds: float
    bulk_octets_per_second: float


def measured(link: Link, *, echoes: int = 20, bulk_octets: int = 200_000_000) -> Measured:
    """The median of so many echoes, the wait for a greeting from connect() on, and the rate of a download."""
    with server(_greet_and_echo) as port:
        start = time.perf_counter()
        with socket.create_connection((HOST, link.to(port))) as client:
            client.recv(1)
            greeting = time.perf_counter() - start
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            trips = []
            for _ in range(echoes):
                start = time.perf_counter()
                client.sendall(b"?")
                client.recv(1)
                trips.append(time.perf_counter() - start)
    with server(lambda accepted: accepted.sendall(bytes(bulk_octets))) as port:
        start = time.perf_counter()
        got = len(download(link.to(port)))
        rate = got / (time.perf_counter() - start)
    assert got == bulk_octets
    return Measured(
        round_trip_seconds=sorted(trips)[echoes // 2], greeting_seconds=greeting, bulk_octets_per_second=rate
    )


def _greet_and_echo(accepted: socket.socket) -> None:
    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    accepted.sendall(b"+")
    while octets := accepted.recv(READ_OCTETS):
        accepted.sendall(octets)


def download(port: int) -> bytearray:
    """All that the server says before it ends."""
    taken = bytearray()
    with socket.create_connection((HOST, port)) as client:
        while octets := client.recv(READ_OCTETS):
            taken += octets
    return taken


@contextlib.contextmanager
def server(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server on a port of its own, which gives each connection to `talk` in a thread and closes it thereafter."""

    def serve(accepted: socket.socket) -> None:
        with accepted, contextlib.suppress(ConnectionError):
            talk(accepted)

    def accept() -> None:
        while True:
            try:
                accepted, _ = listener.accept()
            except OSError:  # the listener was shut down
                return
            threading.Thread(target=serve, args=(accepted,), daemon=True).start()

    with socket.create_server((HOST, 0), backlog=1024) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def main() -> int:
    with tempfile.TemporaryDirectory() as tools:
        compile_tools(Path(tools))
        with Link(Path(tools)) as link:
            found = measured(link)
            with server(lambda accepted: accepted.sendall(b"+")) as port:
                start = time.perf_counter()
                for _ in range(50):
                    download(link.to(port))
                each = (time.perf_counter() - start) / 50
    print(
        f"round trip {found.round_trip_seconds * 1000:.1f} ms, greeting after {found.greeting_seconds * 1000:.1f} ms, "
        f"bulk {found.bulk_octets_per_second / 1e6:,.0f} MB/s, a connection for its greeting {each * 1000:.1f} ms"
    )
    return int(not 0.040 <= found.round_trip_seconds <= 0.045)


if __name__ == "__main__":
    sys.exit(main())
