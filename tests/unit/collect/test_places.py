"""Places, by events alone: a server is silent as soon as the loop has turned once, or never."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack

import pytest

from seawall.collect.places import SILENT_FOR_EACH, SLOW_QUIETS, Gate, Places
from seawall.collect.schedule import FIRST_SECONDS, first_delay
from seawall.model.account import Server, Tls

AT_ONCE_SILENT = 0.0
NEVER_SILENT = 3600.0


def server(name: str) -> Server:
    return Server(host=name, port=995, tls=Tls.IMPLICIT)


class Visitors:
    """Polls that run until they are told to end."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.inside: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.ended: list[str] = []

    async def work(self, host: str, end: asyncio.Event) -> None:
        """A server that answers at once, and work that takes until `end`."""
        async with self.places.place(server(host)) as place:
            place.heard()
            await self._stay(host, end)

    async def hang(self, host: str, *, greets: bool = False) -> None:
        """A server that says nothing, for ever."""
        async with self.places.place(server(host)) as place:
            if greets:
                place.heard()
            with place.waiting():
                await self._stay(host, asyncio.Event())

    async def _stay(self, host: str, end: asyncio.Event) -> None:
        self.inside[host] += 1
        self.inside["all"] += 1
        for name in (host, "all"):
            self.most[name] = max(self.most[name], self.inside[name])
        try:
            await end.wait()
        finally:
            self.inside[host] -= 1
            self.inside["all"] -= 1
            self.ended.append(host)


async def settled() -> None:
    """Let everything happen that needs no event from outside."""
    for _ in range(200):
        await asyncio.sleep(0)


async def test_neither_a_host_nor_all_have_more_polls_than_places() -> None:
    visitors = Visitors(Places(at_once=10, per_host=3, quiet=NEVER_SILENT))
    end = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for number in range(100):
            group.create_task(visitors.work(f"host{number % 7}", end))
        await settled()
        assert visitors.inside["all"] == 10
        end.set()
    assert len(visitors.ended) == 100
    assert visitors.most["all"] == 10
    assert max(count for name, count in visitors.most.items() if name != "all") <= 3


async def test_who_waits_for_a_hosts_place_takes_none_of_all() -> None:
    visitors = Visitors(Places(at_once=4, per_host=2, quiet=NEVER_SILENT))
    end = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(visitors.work("large", end))
        await settled()
        group.create_task(visitors.work("small", end))
        await settled()
        assert (visitors.inside["large"], visitors.inside["small"]) == (2, 1)
        end.set()


@pytest.mark.parametrize("greets", [False, True])
async def test_however_many_polls_hang_those_at_good_servers_end(greets: bool) -> None:
    """A thousand accounts, half of them at fifty dead hosts, and the dead come first."""
    visitors = Visitors(Places(at_once=64, per_host=4, quiet=AT_ONCE_SILENT))
    end = asyncio.Event()
    end.set()
    hanging = [asyncio.ensure_future(visitors.hang(f"dead{n % 50}", greets=greets)) for n in range(500)]
    async with asyncio.TaskGroup() as group:
        for number in range(500):
            group.create_task(visitors.work(f"good{number % 50}", end))
    assert Counter(name[:4] for name in visitors.ended) == {"good": 500}
    assert not any(task.done() for task in hanging)
    assert visitors.most["dead0"] == (4 if greets else 1)
    for task in hanging:
        task.cancel()
    await asyncio.wait(hanging)


async def test_a_host_that_was_never_heard_has_one_place_and_more_once_it_is() -> None:
    places = Places(at_once=10, per_host=3, quiet=NEVER_SILENT)
    async with places.place(server("new")) as place:
        other = asyncio.ensure_future(Visitors(places).hang("new"))
        visitors = Visitors(places)
        await settled()
        third = asyncio.ensure_future(visitors.work("new", asyncio.Event()))
        await settled()
        assert visitors.inside["new"] == 0
        place.heard()
        await settled()
        assert visitors.inside["new"] == 1
    for task in (other, third):
        task.cancel()
    await asyncio.wait((other, third))


async def test_who_waits_for_a_host_that_never_spoke_is_told_so_and_others_are_not() -> None:
    places = Places(at_once=4, per_host=2, quiet=AT_ONCE_SILENT)
    visitors = Visitors(places)
    end = asyncio.Event()
    end.set()
    async with places.place(server("dead")) as place:
        waiting = [asyncio.ensure_future(visitors.work("dead", end)) for _ in range(3)]
        await settled()
        other = asyncio.ensure_future(visitors.work("good", end))
        with place.waiting():
            await settled()
    await asyncio.wait([*waiting, other])
    assert [str(task.exception()) for task in waiting] == ["dead:995 does not answer"] * 3
    assert other.exception() is None
    await visitors.work("dead", end)
    assert visitors.ended == ["good", "dead"]


async def test_a_server_that_hangs_for_one_account_turns_no_other_away() -> None:
    """It spoke to that one first, or to another since."""
    places = Places(at_once=4, per_host=1, quiet=AT_ONCE_SILENT)
    visitors = Visitors(places)
    end = asyncio.Event()
    end.set()
    async with places.place(server("host")) as place:
        waiting = asyncio.ensure_future(visitors.work("host", end))
        place.heard()
        with place.waiting():
            await settled()
    await waiting
    assert visitors.ended == ["host"]


async def test_a_server_that_only_trickles_takes_no_place_from_others_in_the_end() -> None:
    places = Places(at_once=1, per_host=1, quiet=NEVER_SILENT)
    visitors = Visitors(places)
    end = asyncio.Event()
    end.set()
    async with places.place(server("trickles")) as place:
        place._waited = NEVER_SILENT * SLOW_QUIETS
        other = asyncio.ensure_future(visitors.work("good", end))
        await settled()
        assert not other.done()
        with place.waiting():
            await settled()
            assert other.done()
    assert visitors.ended == ["good"]


async def test_what_stands_aside_is_bounded() -> None:
    visitors = Visitors(Places(at_once=2, per_host=1, quiet=AT_ONCE_SILENT))
    hanging = [asyncio.ensure_future(visitors.hang(f"dead{n}")) for n in range(100)]
    await settled()
    assert visitors.inside["all"] == 2 * SILENT_FOR_EACH + 2
    for task in hanging:
        task.cancel()
    await asyncio.wait(hanging)


async def test_after_any_ends_and_cancellations_every_place_is_free_again() -> None:
    visitors = Visitors(Places(at_once=5, per_host=2, quiet=AT_ONCE_SILENT))
    tasks = [asyncio.ensure_future(visitors.hang(f"host{n % 4}", greets=True)) for n in range(60)]
    for task in tasks[::2]:
        task.cancel()
    await settled()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    async with asyncio.timeout(60), AsyncExitStack() as stack:
        for number in range(5):
            await stack.enter_async_context(visitors.places.place(server(f"other{number}")))
    assert visitors.places._everyone.inside == 0
    assert visitors.places._silent.inside == 0
    assert all(gate.inside == 0 for gate in visitors.places._hosts.values())


async def test_a_gate_lets_in_by_order_and_passes_over_who_left() -> None:
    gate = Gate(1)
    order: list[int] = []

    async def pass_through(number: int) -> None:
        await gate.enter()
        order.append(number)
        gate.leave()

    await gate.enter()
    tasks = [asyncio.ensure_future(pass_through(number)) for number in range(4)]
    await settled()
    tasks[1].cancel()
    await settled()
    gate.leave()
    await asyncio.wait(tasks)
    assert order == [0, 2, 3]


def test_first_polls_are_spread_only_where_there_are_more_accounts_than_places() -> None:
    assert first_delay(300.0, 64, 64, 0.5) == 0.0
    assert first_delay(300.0, 65, 64, 0.5) == FIRST_SECONDS / 2
    assert first_delay(10.0, 65, 64, 1.0) == 10.0
