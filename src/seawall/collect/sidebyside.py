"""A few pieces of work at once, in order: batches are delivered side by side while the next one comes in."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")


async def side_by_side(
    source: AsyncGenerator[S, None], work: Callable[[S], Awaitable[T]], *, most: int
) -> AsyncGenerator[T, None]:
    """Yield what `work` makes of each thing that `source` yields, in order; at most `most` are under way.

    The next thing is asked for while those before it are worked on. The first failure, of either, is
    raised in its place and nothing more is begun; what was begun is finished first, unless this
    itself is cancelled. `source` is closed with it.
    """
    under_way: deque[asyncio.Future[T]] = deque()
    try:
        async for thing in source:
            under_way.append(asyncio.ensure_future(work(thing)))
            if len(under_way) == most:
                yield await under_way.popleft()
        while under_way:
            yield await under_way.popleft()
    except asyncio.CancelledError:
        for one in under_way:
            one.cancel()
        raise
    finally:
        await asyncio.gather(*under_way, return_exceptions=True)
        await source.aclose()
