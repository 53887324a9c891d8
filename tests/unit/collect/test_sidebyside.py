import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from seawall.collect.sidebyside import side_by_side


async def numbers(upto: int, closed: list[str] | None = None) -> AsyncGenerator[int, None]:
    try:
        for number in range(upto):
            await asyncio.sleep(0)
            yield number
    finally:
        if closed is not None:
            closed.append("source")


def test_results_come_in_order_and_no_more_than_so_many_are_under_way() -> None:
    under_way: set[int] = set()
    most_seen = 0

    async def work(number: int) -> int:
        nonlocal most_seen
        under_way.add(number)
        most_seen = max(most_seen, len(under_way))
        await asyncio.sleep(0.01 * (3 - number % 3))
        under_way.remove(number)
        return number * number

    async def main() -> list[int]:
        return [found async for found in side_by_side(numbers(9), work, most=3)]

    assert asyncio.run(main()) == [number * number for number in range(9)]
    assert most_seen == 3


def test_with_one_at_once_the_next_is_not_begun_before_the_last_has_ended() -> None:
    seen: list[str] = []

    async def work(number: int) -> None:
        seen.append(f"begin {number}")
        await asyncio.sleep(0)
        seen.append(f"end {number}")

    async def main() -> None:
        async for _ in side_by_side(numbers(2), work, most=1):
            pass

    asyncio.run(main())
    assert seen == ["begin 0", "end 0", "begin 1", "end 1"]


def test_what_was_begun_is_finished_when_another_fails() -> None:
    finished: list[int] = []
    closed: list[str] = []

    async def work(number: int) -> int:
        if number == 1:
            raise ValueError("the second")
        await asyncio.sleep(0.005)
        finished.append(number)
        return number

    found = []

    async def main() -> None:
        async with aclosing(side_by_side(numbers(9, closed), work, most=3)) as results:
            async for result in results:
                found.append(result)  # noqa: PERF401 -- what came before the failure counts

    with pytest.raises(ValueError, match="the second"):
        asyncio.run(main())
    assert found == [0]
    assert finished == [0, 2, 3]  # 3 was begun when 0 had ended, and before anybody looked at 1
    assert closed == ["source"]


def test_what_was_begun_is_finished_when_the_source_fails() -> None:
    finished: list[int] = []

    async def broken() -> AsyncGenerator[int, None]:
        yield 0
        raise ValueError("no more")

    async def work(number: int) -> None:
        await asyncio.sleep(0.005)
        finished.append(number)

    async def main() -> None:
        async for _ in side_by_side(broken(), work, most=3):
            pass

    with pytest.raises(ValueError, match="no more"):
        asyncio.run(main())
    assert finished == [0]


def test_who_cancels_it_cancels_what_is_under_way() -> None:
    cancelled: list[int] = []

    async def work(number: int) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(number)
            raise

    async def consume() -> None:
        async for _ in side_by_side(numbers(9), work, most=3):
            pass

    async def main() -> None:
        task = asyncio.ensure_future(consume())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert sorted(cancelled) == [0, 1, 2]
