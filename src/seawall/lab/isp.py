"""The toy ISP: a POP3 server on loopback that is honest by default and otherwise as its behaviour says.

Owns the listening socket, TLS, and the life of each connection. Refuses to know commands
(`conversation`), how octets are sent (`voice`), what a mailbox is (`box`), and any address but
127.0.0.1: it is no server for real mail.
"""

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import Any, Final, Self

from seawall.lab.behaviour import HONEST, Behaviour, Stop
from seawall.lab.box import Box
from seawall.lab.conversation import After, Conversation
from seawall.lab.voice import Ended, Reader, Voice

LONGEST_LINE: Final = 16 * 2**10
"""Octets of a command line; RFC 2449 §4 allows 255, and a SASL response is longer (RFC 5034 §4)."""
HANDSHAKE_SECONDS: Final = 5.0
FAREWELL_SECONDS: Final = 1.0


class ToyIsp:
    """A POP3 server for `boxes`, which map a user to a password and a box.

    Runs between `async with` and its end, on `host` and `port`. `behaviour` may be replaced at any
    time and counts from the next connection on. `port` is a free one, unless it is given. `tls` offers STLS, or with `implicit_tls` protects
    the connection from its first octet. `connections` counts them, `most_at_once` is how many were
    under way together at most (one ends with the reply to QUIT); `commands` is all that was said, secrets masked.
    """

    def __init__(
        self,
        boxes: Mapping[str, tuple[str, Box]],
        behaviour: Behaviour = HONEST,
        *,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        port: int = 0,
    ) -> None:
        self.host = "127.0.0.1"
        self.port = port
        self.behaviour = behaviour
        self.connections = 0
        self.most_at_once = 0
        self._under_way: set[Conversation] = set()
        self.commands: list[str] = []
        self._boxes = boxes
        self._tls = tls
        self._implicit_tls = implicit_tls
        self._stopped: Counter[Stop] = Counter()
        self._serving: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        listener = socket.create_server((self.host, self.port), backlog=1000)
        listener.setblocking(False)  # noqa: FBT003 -- the socket's own signature
        self.port = listener.getsockname()[1]
        self._serving = asyncio.get_running_loop().create_task(self._serve(listener))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening, cut what is connected, and raise what went wrong in the server itself."""
        serving, self._serving = self._serving, None
        if serving is not None:
            serving.cancel()
            await asyncio.wait((serving,))
            if not serving.cancelled():
                serving.result()

    async def _serve(self, listener: socket.socket) -> None:
        """Accept connections until cancelled; a failure of the server itself in one of them ends all."""
        loop = asyncio.get_running_loop()
        with listener:
            async with asyncio.TaskGroup() as connections:
                loop.add_reader(listener, self._accept, listener, connections)
                try:
                    await loop.create_future()
                finally:
                    loop.remove_reader(listener)

    def _accept(self, listener: socket.socket, connections: asyncio.TaskGroup) -> None:
        try:
            accepted, _ = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        accepted.setblocking(False)  # noqa: FBT003 -- the socket's own signature
        self.connections += 1
        # A task that is cancelled before it begins has no finally.
        connections.create_task(self._connected(accepted)).add_done_callback(partial(_close, accepted))

    async def _connected(self, accepted: socket.socket) -> None:
        behaviour = self.behaviour
        conversation = Conversation(
            self._boxes,
            behaviour,
            offers_tls=self._tls is not None and not self._implicit_tls,
            hear=self.commands.append,
        )
        self._under_way.add(conversation)
        self.most_at_once = max(self.most_at_once, len(self._under_way))
        try:
            reader, writer = await self._streams(accepted)
        except OSError:
            self._under_way.discard(conversation)
            return
        try:
            await self._converse(
                conversation, Voice(behaviour, reader, writer, self._stopped), reader, writer, behaviour
            )
        except (Ended, OSError):
            pass
        except BaseException:
            writer.transport.abort()
            raise
        finally:
            self._under_way.discard(conversation)
            conversation.end()
        await _farewell(writer)

    async def _streams(self, accepted: socket.socket) -> tuple[Reader, asyncio.StreamWriter]:
        """Wrap a socket; implicit TLS is complete on return."""
        reader, writers = Reader(), list[asyncio.StreamWriter]()
        # A protocol with a callback is a server's: start_tls looks at that.
        await asyncio.get_running_loop().connect_accepted_socket(
            lambda: asyncio.StreamReaderProtocol(reader, lambda _, writer: writers.append(writer)),
            accepted,
            ssl=self._tls if self._implicit_tls else None,
            ssl_handshake_timeout=HANDSHAKE_SECONDS if self._implicit_tls else None,
        )
        return reader, writers[0]

    async def _converse(
        self,
        conversation: Conversation,
        voice: Voice,
        reader: Reader,
        writer: asyncio.StreamWriter,
        behaviour: Behaviour,
    ) -> None:
        await voice.say(conversation.greeting())
        await voice.flush()
        unfinished = b""
        while len(unfinished) <= LONGEST_LINE and (data := await reader.read(LONGEST_LINE)):
            *lines, unfinished = (unfinished + data).split(b"\n")
            if lines and "PIPELINING" in behaviour.lacks:
                unfinished = b""
                del lines[1:]
            for line in lines:
                reply = conversation.answer(line.removesuffix(b"\r"))
                if reply.after is After.CLOSE:
                    # Whoever has read this reply may connect again at once.
                    self._under_way.discard(conversation)
                await voice.say(reply)
                if reply.after is After.CLOSE:
                    await voice.flush()
                    return
                if reply.after is After.SECURE:
                    await voice.flush()
                    await self._secure(writer)
                    conversation.secured()
                    # What came in the clear behind STLS is not obeyed under TLS (RFC 2595 §4).
                    unfinished = b""
                    break
            await voice.flush()

    async def _secure(self, writer: asyncio.StreamWriter) -> None:
        assert self._tls is not None  # noqa: S101 -- STLS is refused without it
        await writer.start_tls(self._tls, ssl_handshake_timeout=HANDSHAKE_SECONDS)


async def _farewell(writer: asyncio.StreamWriter) -> None:
    """Close behind what was written, or cut where the client does not take it."""
    writer.close()
    try:
        async with asyncio.timeout(FAREWELL_SECONDS):
            await writer.wait_closed()
    except OSError:
        writer.transport.abort()
    except asyncio.CancelledError:
        writer.transport.abort()
        raise


def _close(accepted: socket.socket, _: asyncio.Task[None]) -> None:
    accepted.close()


@contextmanager
def running(isp: ToyIsp) -> Iterator[ToyIsp]:
    """Run `isp` in a thread with a loop of its own, for callers that have none."""
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        async with isp:
            stop = asyncio.Event()
            started.set_result((asyncio.get_running_loop(), stop))
            await stop.wait()

    with ThreadPoolExecutor(1, thread_name_prefix="toy-isp") as pool:
        served = pool.submit(lambda: asyncio.run(serve()))
        either: tuple[Future[Any], ...] = (started, served)
        wait(either, return_when=FIRST_COMPLETED)
        if served.done():
            served.result()
        loop, stop = started.result()
        try:
            yield isp
        finally:
            loop.call_soon_threadsafe(stop.set)
            served.result()
