"""Collecting a POP3 box as the unpatched connector does: all of it, and erase it when all is handed on.

Owns the order of the commands; the framing is `wire.pop3`'s. Refuses to know what becomes of the mails, and has none of
Seawall's care: a mail whose hand-over was not confirmed is erased all the same.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from seawall.errors import ServerRefused
from seawall.lab.internet.gate import LIMIT, connect, hear
from seawall.wire import commands
from seawall.wire.pop3 import Command, Content, Dialogue, Event, Status


class Pop3Client:
    """A session that is logged in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._dialogue = Dialogue()
        self._events: deque[Event] = deque()
        self._mails = 0

    async def log_in(self, user: str, password: str) -> None:
        """Hear the greeting, and log in; raises ServerRefused."""
        self._accepted(await self._event())
        await self._status(commands.user(user.encode()))
        await self._status(commands.password(password.encode()))

    async def mails(self) -> AsyncIterator[bytes]:
        """Yield all mails in their order."""
        said = (await self._status(commands.STAT)).text.split()
        self._mails = int(said[0]) if said and said[0].isdigit() else 0
        asked = [commands.retr(number, LIMIT) for number in range(1, self._mails + 1)]
        self._writer.write(self._dialogue.send(asked))
        for _ in asked:
            self._accepted(await self._event())
            pieces = []
            while True:
                event = await self._event()
                assert isinstance(event, Content)  # noqa: S101 -- the dialogue's own order
                pieces.append(event.data)
                if event.is_last:
                    break
            yield b"".join(pieces)

    async def erase_and_quit(self) -> None:
        """Erase what `mails` yielded."""
        erasures = [commands.dele(number) for number in range(1, self._mails + 1)]
        self._writer.write(self._dialogue.send(erasures))
        for _ in erasures:
            self._accepted(await self._event())
        await self._status(commands.QUIT)

    async def _status(self, command: Command) -> Status:
        self._writer.write(self._dialogue.send((command,)))
        return self._accepted(await self._event())

    def _accepted(self, event: Event) -> Status:
        if not isinstance(event, Status) or not event.is_positive:
            raise ServerRefused(f"the POP3 server refused {event.command.verb}")
        return event

    async def _event(self) -> Event:
        while not self._events:
            self._events.extend(self._dialogue.receive(await hear(self._reader)))
        return self._events.popleft()


@asynccontextmanager
async def session(host: str, port: int, user: str, password: str) -> AsyncIterator[Pop3Client]:
    """Log in to a box on loopback; raises OSError, ConnectionLost or ServerRefused."""
    reader, writer = await connect(host, port)
    try:
        client = Pop3Client(reader, writer)
        await client.log_in(user, password)
        yield client
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
