"""The one door: every connection that the lab makes and every port that it opens goes through here.

Owns the refusal of whatever is not this machine's loopback address. A network namespace, where there is one
(`lab.confinement`), is the wall behind it, and holds for the programs that the lab starts too. The toy ISP has its own:
it binds to 127.0.0.1, whatever it is told.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Final

from seawall.errors import ConnectionLost
from seawall.lab.confinement import loopback

LIMIT: Final = 64 * 2**20
"""Octets that a reader holds at most: a mail's."""
PATIENCE: Final = 30.0
"""Seconds until a server of the lab is given up."""

_CHUNK: Final = 64 * 2**10

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def connect(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to a server on loopback; raises Misconfigured for any other address, OSError where nobody is there."""
    async with asyncio.timeout(PATIENCE):
        return await asyncio.open_connection(loopback(host), port, limit=LIMIT)


async def hear(reader: asyncio.StreamReader) -> bytes:
    """Return what a server said; raises ConnectionLost where it is silent for too long, or gone."""
    try:
        async with asyncio.timeout(PATIENCE):
            data = await reader.read(_CHUNK)
    except TimeoutError:
        raise ConnectionLost(f"the server said nothing for {PATIENCE:.0f} s") from None
    if not data:
        raise ConnectionLost("the server closed the connection")
    return data


async def listen(serve: Serve, host: str, port: int = 0) -> asyncio.Server:
    """Listen on a loopback address, on a free port unless one is given; raises as `connect` does."""
    return await asyncio.start_server(serve, loopback(host), port, limit=LIMIT, backlog=1000)


def free_port(host: str) -> int:
    """Return a port that is free now, for a server that cannot be told to take any; raises as `connect` does."""
    with socket.create_server((loopback(host), 0)) as listener:
        return int(listener.getsockname()[1])
