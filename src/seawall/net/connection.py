"""One connection to a server, by TCP with or without TLS or by a Unix socket: bytes out, bytes in, each wait bounded.

Owns the socket and the clock of the wait. Refuses to know what the bytes mean.
"""

import asyncio
import os
import socket
import ssl
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Final, Protocol, Self

from seawall.errors import ConnectionLost, Untrusted
from seawall.model.account import Server, Tls, UnixSocket
from seawall.net.tls import check_pin, client_context

HIGH_WATER: Final = 2**20
"""Octets that may wait to be taken before the server is made to wait."""
CLOSING_SECONDS: Final = 1.0
"""How long the server has for its own end of a TLS session that is closed."""
PACE_SECONDS: Final = 60.0
PACE_OCTETS: Final = 1024
"""A server that sends less than this in PACE_SECONDS, while it is waited for, is given up."""


class Listener(Protocol):
    """Who wants to know whether the server answers."""

    def waiting(self) -> AbstractContextManager[None]:
        """Stand around each wait for the server."""

    def heard(self) -> None:
        """Bytes came."""


class Nobody:
    """A listener for callers that poll one account by itself."""

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Stand around a wait and do nothing."""
        yield

    def heard(self) -> None:
        """Do nothing."""


class Connection(asyncio.Protocol):
    """A connection; `receive` hands over what came, `send` never waits and `drain` does."""

    def __init__(self, patience: float, listener: Listener, *, is_bulk: bool = True) -> None:
        self._patience = patience
        self._listener = listener
        self._is_bulk = is_bulk
        self._transport: asyncio.Transport
        self._waiting: deque[bytes] = deque()
        self._waiting_octets = 0
        self._is_paused = False
        self._ended: Exception | None = None
        self._arrival: asyncio.Future[None] | None = None
        self._waited = 0.0
        self._waited_octets = 0
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._is_gone = asyncio.Event()

    @classmethod
    async def open(
        cls, server: Server | UnixSocket, patience: float, listener: Listener, *, is_bulk: bool = True
    ) -> Self:
        """Connect within `patience` seconds; implicit TLS is complete and the pin checked on return.

        `is_bulk` says that much is to be read: then a least rate of octets is asked for while they
        are waited for. Elsewhere a server thinks long and says little, and each of its replies is
        acknowledged at once. Raises ConnectionLost, Untrusted or Misconfigured.
        """
        loop = asyncio.get_running_loop()
        if isinstance(server, UnixSocket):
            try:
                async with asyncio.timeout(patience):
                    _, local = await loop.create_unix_connection(
                        lambda: cls(patience, listener, is_bulk=is_bulk), server.path
                    )
            except (OSError, TimeoutError) as problem:
                raise _unreachable(server.path, problem) from problem
            return local
        context = client_context(server) if server.tls is Tls.IMPLICIT else None
        try:
            with listener.waiting():
                async with asyncio.timeout(patience):
                    _, connection = await loop.create_connection(
                        lambda: cls(patience, listener, is_bulk=is_bulk),
                        server.host,
                        server.port,
                        ssl=context,
                        server_hostname=server.host if context else None,
                    )
        except (OSError, TimeoutError) as problem:
            raise _unreachable(f"{server.host}:{server.port}", problem) from problem
        if context:
            connection._check_pin(server)  # noqa: SLF001 -- the connection that this very method made
        return connection

    async def start_tls(self, server: Server) -> None:
        """Protect the connection from here on (RFC 2595); raises ConnectionLost, Untrusted or Misconfigured."""
        loop = asyncio.get_running_loop()
        try:
            with self._listener.waiting():
                async with asyncio.timeout(self._patience):
                    transport = await loop.start_tls(
                        self._transport, self, client_context(server), server_hostname=server.host
                    )
        except (OSError, TimeoutError) as problem:
            self.abort()
            raise _unreachable(f"{server.host}:{server.port}", problem) from problem
        if transport is None or self._waiting:
            self.abort()
            raise ConnectionLost(f"{server.host} closed the connection as TLS was to start")
        self._transport = transport
        self._check_pin(server)

    @property
    def tls(self) -> ssl.SSLObject | None:
        """The TLS session, None in the clear."""
        found: ssl.SSLObject | None = self._transport.get_extra_info("ssl_object")
        return found

    @property
    def peer(self) -> str:
        """The address that was connected to; empty for a Unix socket."""
        peername = self._transport.get_extra_info("peername")
        return str(peername[0]) if isinstance(peername, tuple) else ""

    @property
    def has_ended(self) -> bool:
        """Whether the server closed it, or it broke."""
        return self._ended is not None

    def send(self, data: bytes) -> None:
        """Send `data`, which is whole commands (a part of one would meet a delayed ACK)."""
        self._transport.write(data)

    async def drain(self) -> None:
        """Wait until the server takes what was sent; raises ConnectionLost where it goes away or takes too little."""
        if self._ended is not None:
            raise self._ended
        try:
            async with asyncio.timeout(self._patience):
                await self._may_write.wait()
        except TimeoutError as problem:
            raise ConnectionLost(f"the server took nothing for {self._patience:.0f} s") from problem
        if self._ended is not None:
            raise self._ended

    async def receive(self) -> bytes:
        """Return the next bytes, at least one; raises ConnectionLost at the end, or where too few come."""
        while not self._waiting:
            if self._ended is not None:
                raise self._ended
            await self._wait()
        data = self._waiting.popleft() if len(self._waiting) == 1 else b"".join(self._waiting)
        self._waiting.clear()
        self._waiting_octets = 0
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()
        self._check_pace(len(data))
        return data

    def abort(self) -> None:
        """Close at once and send nothing more."""
        self._transport.abort()

    async def close(self) -> None:
        """Close after what was sent, and wait until the socket is closed, CLOSING_SECONDS at most."""
        self._transport.close()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSING_SECONDS):
                    await self._is_gone.wait()
        finally:
            self._transport.abort()

    async def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._arrival = loop.create_future()
        try:
            with self._listener.waiting():
                async with asyncio.timeout(self._patience):
                    await self._arrival
        except TimeoutError as problem:
            raise ConnectionLost(f"the server sent nothing for {self._patience:.0f} s") from problem
        finally:
            self._arrival = None
            self._waited += loop.time() - began

    def _check_pace(self, octets: int) -> None:
        self._waited_octets += octets
        if self._waited_octets >= PACE_OCTETS:
            self._waited, self._waited_octets = 0.0, 0
        elif self._is_bulk and self._waited > max(PACE_SECONDS, self._patience):
            raise ConnectionLost(f"the server sent only {self._waited_octets} octets in {self._waited:.0f} s")

    def _check_pin(self, server: Server) -> None:
        tls = self.tls
        if tls is None:
            raise ConnectionLost(f"{server.host} has no TLS session")
        try:
            check_pin(server, tls)
        except Untrusted:
            self.abort()
            raise

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's call: the socket is connected, or TLS has taken it over."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 -- asyncio's own promise for TCP
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Asyncio's call: bytes came."""
        if not self._is_bulk:
            self._acknowledge()
        self._listener.heard()
        self._waiting.append(data)
        self._waiting_octets += len(data)
        if self._waiting_octets > HIGH_WATER and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()
        self._arrived()

    def _acknowledge(self) -> None:
        """Keep the kernel from waiting 40 ms with its ACK, for which Nagle's algorithm keeps a server's next reply back.

        Postfix took 44 ms a mail over TLS without it, and 3 with it. Linux forgets it with each read.
        """
        channel = self._transport.get_extra_info("socket")
        if channel.family in {socket.AF_INET, socket.AF_INET6} and hasattr(socket, "TCP_QUICKACK"):
            channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def pause_writing(self) -> None:
        """Asyncio's call: the server takes less than is sent."""
        self._may_write.clear()

    def resume_writing(self) -> None:
        """Asyncio's call: the server took it."""
        self._may_write.set()

    def eof_received(self) -> None:
        """Asyncio's call: the server will send no more."""
        self._end(ConnectionLost("the server closed the connection"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Asyncio's call: the socket is gone."""
        self._is_gone.set()
        self._end(
            ConnectionLost(f"the connection broke: {exc}" if exc else "the server closed the connection")
        )

    def _end(self, reason: Exception) -> None:
        self._ended = self._ended or reason
        self._may_write.set()
        self._arrived()

    def _arrived(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)


def _unreachable(where: str, problem: Exception) -> ConnectionLost | Untrusted:
    if isinstance(problem, ssl.SSLCertVerificationError):
        return Untrusted(
            f"the certificate of {where} cannot be trusted: {problem.verify_message}; "
            "name its issuer in ca_file, or pin it"
        )
    if isinstance(problem, ssl.SSLError):
        return ConnectionLost(f"TLS with {where} failed: {problem.reason or problem}")
    if isinstance(problem, TimeoutError):
        return ConnectionLost(f"{where} does not answer")
    reason = str(problem)
    if isinstance(problem, socket.gaierror):
        reason = problem.strerror or reason
    elif isinstance(problem, OSError) and problem.errno:
        # Asyncio puts the address into strerror once more.
        reason = os.strerror(problem.errno)
    return ConnectionLost(f"{where} cannot be reached: {reason}")
