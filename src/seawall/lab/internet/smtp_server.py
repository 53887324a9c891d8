"""A server that takes mail by SMTP (RFC 5321) or LMTP (RFC 2033), in the plainest form.

Owns the dialogue. Refuses to know what becomes of a mail: a desk is asked about each recipient, and given what was
taken. Nothing here may be reached from elsewhere (`gate`).
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, Protocol

from seawall.errors import ConnectionLost
from seawall.lab.internet.gate import LIMIT, PATIENCE, listen
from seawall.lab.internet.mail import Envelope
from seawall.model.account import Speech

OFFERED: Final = ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8")
MOST_RECIPIENTS: Final = 10_000
OK: Final = "250 2.1.5 ok"
_PATH: Final = re.compile(rb"(?:FROM|TO):\s*<([^<>\s]*)>(?: .*)?", re.IGNORECASE)


class Desk(Protocol):
    """Who runs the server."""

    def answer(self, recipient: str) -> str:
        """Return the reply to RCPT."""
        ...

    async def take(self, envelope: Envelope, helo: str, peer: str) -> str:
        """Take a mail, and return the reply behind it."""
        ...


class SmtpServer:
    """A server that listens from `start` to `close`, on `host` and `port`."""

    def __init__(self, name: str, desk: Desk, *, speech: Speech = Speech.SMTP, host: str) -> None:
        self.name = name
        self.host = host
        self.port = 0
        self._desk = desk
        self._speech = speech
        self._server: asyncio.Server | None = None
        self._visits: set[asyncio.Task[None]] = set()
        self._problem: Exception | None = None

    async def start(self) -> None:
        """Listen."""
        self._server = await listen(self._visit, self.host)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening, cut who is connected, and raise what went wrong in the server itself."""
        if self._server is not None:
            self._server.close()
        for visit in self._visits:
            visit.cancel()
        if self._visits:
            await asyncio.wait(self._visits)
        if self._problem is not None:
            raise self._problem

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 -- start_server makes one
        self._visits.add(task)
        try:
            await self._converse(reader, writer)
        except ConnectionLost:
            pass
        except asyncio.CancelledError:
            # The server is closed: asyncio would report a cancelled visit as an error.
            pass
        except Exception as problem:  # noqa: BLE001 - the run raises it when it closes the server
            self._problem = problem
        finally:
            self._visits.discard(task)
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str(writer.get_extra_info("peername")[0])
        helo, path, recipients = "", "", list[str]()
        writer.write(f"220 {self.name} ready\r\n".encode())
        while True:
            line = await self._line(reader)
            verb, _, rest = line.partition(b" ")
            match verb.upper():
                case b"HELO" | b"EHLO" | b"LHLO":
                    helo = rest.decode("ascii", "replace").strip()[:255]
                    lines = (self.name, *(OFFERED if verb.upper() != b"HELO" else ()))
                    said = "".join(f"250-{text}\r\n" for text in lines[:-1]) + f"250 {lines[-1]}"
                case b"MAIL":
                    found = _PATH.fullmatch(rest)
                    path, recipients = found[1].decode("utf-8", "replace") if found else "", []
                    said = "250 2.1.0 ok" if found else "501 5.5.4 MAIL FROM:<path>"
                case b"RCPT":
                    said = self._recipient(rest, recipients)
                case b"DATA" if recipients:
                    writer.write(b"354 go on\r\n")
                    data = await _content(reader)
                    said = await self._taken(Envelope.of(path, recipients, data), helo, peer)
                    recipients = []
                case b"DATA":
                    said = "503 5.5.1 no recipients"
                case b"RSET" | b"NOOP":
                    recipients = [] if verb.upper() == b"RSET" else recipients
                    said = "250 2.0.0 ok"
                case b"QUIT":
                    writer.write(b"221 2.0.0 bye\r\n")
                    return
                case _:
                    said = "500 5.5.2 what?"
            writer.write(f"{said}\r\n".encode())

    def _recipient(self, rest: bytes, recipients: list[str]) -> str:
        found = _PATH.fullmatch(rest)
        if not found or not found[1] or len(recipients) >= MOST_RECIPIENTS:
            return (
                "501 5.1.3 RCPT TO:<address>" if len(recipients) < MOST_RECIPIENTS else "452 4.5.3 too many"
            )
        recipient = found[1].decode("utf-8", "replace")
        said = self._desk.answer(recipient)
        if said.startswith("2"):
            recipients.append(recipient)
        return said

    async def _taken(self, envelope: Envelope, helo: str, peer: str) -> str:
        """Give the desk the mail; with LMTP it is one for each recipient, and so are the replies (RFC 2033 §4.2)."""
        if self._speech is Speech.SMTP:
            return await self._desk.take(envelope, helo, peer)
        replies: Sequence[str] = [
            await self._desk.take(envelope.to([recipient]), helo, peer) for recipient in envelope.recipients
        ]
        return "\r\n".join(replies)

    async def _line(self, reader: asyncio.StreamReader) -> bytes:
        async with _listening():
            return (await reader.readuntil(b"\r\n"))[:-2]


@asynccontextmanager
async def _listening() -> AsyncIterator[None]:
    """Wait for the client alone: what fails here is its doing, and any other failure is the lab's."""
    try:
        async with asyncio.timeout(PATIENCE):
            yield
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as problem:
        raise ConnectionLost(str(problem)) from problem


async def _content(reader: asyncio.StreamReader) -> bytes:
    """Read a mail up to its end; return it without the end, dots unstuffed (RFC 5321 §4.5.2)."""
    data = bytearray(b"\r\n")
    async with _listening():
        while not data.endswith(b"\r\n.\r\n"):
            data += await reader.readuntil(b".\r\n")
            if len(data) > LIMIT:
                raise asyncio.LimitOverrunError("a mail without end", len(data))
    return bytes(data[:-3]).replace(b"\r\n.", b"\r\n")[2:]
