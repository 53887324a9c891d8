import asyncio
import resource
import threading

from seawall.collect.places import SILENT_FOR_EACH
from seawall.daemon import make_room


async def test_names_that_take_long_to_resolve_leave_threads_for_all_other_polls() -> None:
    """Every poll that may be under way is in a thread at the same time: they wait for each other."""
    make_room(at_once=4)
    polls = 4 * (1 + SILENT_FOR_EACH)
    all_there = threading.Barrier(polls)
    async with asyncio.TaskGroup() as group:
        for _ in range(polls):
            group.create_task(asyncio.to_thread(all_there.wait, 60))


async def test_there_are_descriptors_for_every_poll_where_the_system_allows_it() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        make_room(at_once=64)
        found = resource.getrlimit(resource.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert found[0] >= min(64 * (1 + SILENT_FOR_EACH) * 2, hard if hard >= 0 else 10**9)
    assert found[1] == hard
