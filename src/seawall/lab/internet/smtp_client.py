"""Handing mails to a server by SMTP or LMTP, over one connection.

Owns the order of the commands, pipelined (RFC 2920), and what each recipient was answered. The replies are counted by
`wire.smtp`. Refuses to know why a mail goes to whom: unlike Seawall's own delivery it takes any envelope.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from seawall.errors import ConnectionLost
from seawall.lab.internet.gate import connect, hear
from seawall.lab.internet.mail import Envelope
from seawall.model.account import Speech
from seawall.wire.envelope import DATA, QUIT, hello
from seawall.wire.smtp import Command, Dialogue, Reply, State
from seawall.wire.transparency import Transparent


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one recipient of a mail was answered in the end."""

    recipient: str
    reply: Reply


class SmtpClient:
    """A connection that is open; `here` is who says EHLO."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, dialogue: Dialogue
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._dialogue = dialogue
        self._replies: deque[Reply] = deque()

    async def send(self, envelope: Envelope) -> tuple[Answer, ...]:
        """Hand one mail over; raises ConnectionLost or ProtocolViolation where the connection is of no use any more."""
        path = f"MAIL FROM:<{envelope.reverse_path}>".encode()
        recipients = [Command("RCPT", f"RCPT TO:<{each}>".encode()) for each in envelope.recipients]
        mail, *answered, data = await self._say((Command("MAIL", path), *recipients, DATA))
        if data.is_intermediate:
            encoder = Transparent()
            self._writer.write(encoder.encode(envelope.data) + encoder.end())
            replies = [await self._reply() for _ in range(self._dialogue.end_mail())]
        else:
            replies = [data]
        behind = deque(replies)
        return tuple(
            Answer(
                recipient=recipient,
                reply=mail
                if not mail.is_positive
                else reply
                if not reply.is_positive
                else behind.popleft()
                if len(behind) > 1
                else behind[0],
            )
            for recipient, reply in zip(envelope.recipients, answered, strict=True)
        )

    async def _say(self, commands: Iterable[Command]) -> list[Reply]:
        """Send commands in one piece, and return the reply to each."""
        octets = self._dialogue.send(commands)
        self._writer.write(octets)
        return [await self._reply() for _ in range(self._dialogue.expected)]

    async def _reply(self) -> Reply:
        while not self._replies:
            self._replies.extend(self._dialogue.receive(await hear(self._reader)))
        return self._replies.popleft()

    async def greet(self, speech: Speech, here: str) -> None:
        """Hear the greeting and say EHLO; raises ConnectionLost where either is refused."""
        greeting = await self._reply()
        (hello_reply,) = await self._say((hello(speech, here),))
        if not (greeting.is_positive and hello_reply.is_positive):
            raise ConnectionLost(f"the server turned the connection away: {hello_reply.words}")

    async def quit(self) -> None:
        """Say QUIT, where it may be said."""
        if self._dialogue.state is State.READY:
            await self._say((QUIT,))


@asynccontextmanager
async def connected(
    host: str, port: int, here: str, speech: Speech = Speech.SMTP
) -> AsyncIterator[SmtpClient]:
    """Connect to a server on loopback; raises ConnectionLost where it does not answer."""
    try:
        reader, writer = await connect(host, port)
    except OSError as refused:
        raise ConnectionLost(f"the server at {host}:{port} does not answer: {refused}") from None
    try:
        client = SmtpClient(reader, writer, Dialogue(speech))
        await client.greet(speech, here)
        yield client
        await client.quit()
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
