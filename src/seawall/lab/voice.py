"""How the toy ISP's octets leave: in bulk, or cut, hanging, dribbling or without end as it was told.

Owns the writing, its buffer, and when a stop is due. Refuses to know what a reply says.
"""

import asyncio
from collections import Counter
from contextlib import suppress
from itertools import cycle
from typing import Final

from seawall.lab.behaviour import Behaviour, Ending, Endless, Stop, matches
from seawall.lab.conversation import Reply

BULK: Final = 256 * 2**10
"""Octets of replies that are gathered into one write."""
CHUNK: Final = 64 * 2**10


class Ended(Exception):
    """The connection is over: the client left, or the behaviour wants it so."""


class Reader(asyncio.StreamReader):
    """A stream reader that tells at once, whatever it still holds, that the client is gone."""

    def __init__(self) -> None:
        super().__init__(limit=CHUNK, loop=asyncio.get_running_loop())
        self.gone = asyncio.Event()

    def feed_eof(self) -> None:
        """Asyncio's call: no more will come."""
        super().feed_eof()
        self.gone.set()

    def set_exception(self, exc: Exception) -> None:
        """Asyncio's call: the connection broke."""
        super().set_exception(exc)
        self.gone.set()


class Voice:
    """What one connection says. `stopped` counts over all connections how often each stop happened."""

    def __init__(
        self, behaviour: Behaviour, reader: Reader, writer: asyncio.StreamWriter, stopped: Counter[Stop]
    ) -> None:
        self._behaviour = behaviour
        self._reader = reader
        self._writer = writer
        self._stopped = stopped
        self._waiting = bytearray()
        self._said_octets = 0
        self._sizes = cycle(behaviour.pace.octets if behaviour.pace else (CHUNK,))

    async def say(self, reply: Reply) -> None:
        """Say a reply, at the latest at the next `flush`; raises Ended where it goes no further."""
        stop = self._due(reply)
        data = reply.data
        if stop is not None:
            data = data[: len(data) // 2 if stop.after is None else stop.after]
        pace = self._behaviour.pace
        is_paced = pace is not None and (pace.at is None or matches(pace.at, reply.verb, reply.number))
        await self._put(data, is_paced=is_paced)
        if stop is not None:
            await self._end(stop)
        if reply.endless is not None:
            await self._go_on(reply.endless, is_paced=is_paced)

    async def flush(self) -> None:
        """Send what waits, and wait while the client is slower than that; raises Ended where it is gone."""
        if self._waiting:
            data = bytes(self._waiting)
            self._waiting.clear()
            await self._write(data)

    def _due(self, reply: Reply) -> Stop | None:
        for stop in self._behaviour.stops:
            if stop.at is not None and matches(stop.at, reply.verb, reply.number) and self._is_left(stop):
                return stop
        return None

    def _is_left(self, stop: Stop) -> bool:
        return stop.times is None or self._stopped[stop] < stop.times

    async def _put(self, data: bytes, *, is_paced: bool) -> None:
        """Take octets on their way, up to a stop that the session's octets bring."""
        stop = next((stop for stop in self._behaviour.stops if stop.at is None and self._is_left(stop)), None)
        left = None if stop is None else max(0, (stop.after or 0) - self._said_octets)
        is_last = left is not None and left <= len(data)
        data = data[:left] if is_last else data
        self._said_octets += len(data)
        if is_paced:
            await self._dribble(data)
        else:
            self._waiting += data
            if len(self._waiting) >= BULK:
                await self.flush()
        if stop is not None and is_last:
            await self._end(stop)

    async def _dribble(self, data: bytes) -> None:
        await self.flush()
        seconds = self._behaviour.pace.seconds if self._behaviour.pace else 0.0
        at = 0
        while at < len(data):
            size = next(self._sizes)
            await self._write(data[at : at + size])
            at += size
            await self._rest(seconds)

    async def _rest(self, seconds: float) -> None:
        """Wait, or raise Ended as soon as the client is gone."""
        if seconds:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._reader.gone.wait()
        else:
            # A client in the same loop gets its turn, so that pieces stay pieces.
            await asyncio.sleep(0)
        if self._reader.gone.is_set():
            raise Ended

    async def _go_on(self, endless: Endless, *, is_paced: bool) -> None:
        said, number = 0, 1
        repeats = max(1, CHUNK // len(endless.again))
        chunk = endless.again * repeats
        while said < endless.cap:
            if b"%d" in endless.again:
                chunk = b"".join(endless.again % each for each in range(number, number + repeats))
                number += repeats
            await self._put(chunk[: endless.cap - said], is_paced=is_paced)
            await self.flush()
            said += len(chunk)
        raise Ended

    async def _end(self, stop: Stop) -> None:
        self._stopped[stop] += 1
        await self.flush()
        if stop.ending is Ending.HANG:
            # To read on is the way to see that the client is gone.
            while await self._reader.read(CHUNK):
                pass
        raise Ended

    async def _write(self, data: bytes) -> None:
        if self._writer.is_closing():
            raise Ended
        self._writer.write(data)
        try:
            await self._writer.drain()
        except OSError as problem:
            raise Ended from problem
