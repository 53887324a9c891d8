"""Thousands of accounts in one process, at good servers and dead ones, against real toy ISPs."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hostile.connector import PASSWORD, Connector, Lines, native
from seawall.lab.behaviour import HONEST, Behaviour, Ending, Key, Stop
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp
from seawall.model.account import Account

MAIL = b"Message-ID: <%d@many.test>\r\n\r\none of many\r\n"
HOUR = 3600.0


def hanging(at: Key) -> Behaviour:
    return Behaviour(stops=(Stop(at=at, after=0, ending=Ending.HANG),))


class Polled(Lines):
    """The log, which tells when so many accounts were polled well."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.all_polled = asyncio.Event()
        self._count = count

    def info(self, event: str, **fields: Any) -> None:
        super().info(event, **fields)
        self._count -= event == "polled"
        if self._count == 0:
            self.all_polled.set()


class Provider:
    """A toy ISP of so many users, each with one mail."""

    def __init__(self, first: int, users: int, behaviour: Behaviour = HONEST) -> None:
        self.boxes = {f"user{number}": Box([MAIL % number]) for number in range(first, first + users)}
        self.isp = ToyIsp({user: (PASSWORD, box) for user, box in self.boxes.items()}, behaviour)

    def accounts(self, connector: Connector, **changes: Any) -> list[Account]:
        return [replace(connector.at(self.isp), name=user, user=user, **changes) for user in self.boxes]


@asynccontextmanager
async def serving(providers: Sequence[Provider]) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for provider in providers:
            await stack.enter_async_context(provider.isp)
        yield


@contextmanager
def refusing_port() -> Iterator[int]:
    """A port that nobody listens at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def turns(accounts: Sequence[Sequence[Account]]) -> list[Account]:
    """One of each in turn, the first ones first."""
    return [account for row in zip(*accounts, strict=True) for account in row]


@pytest.mark.parametrize(
    "count", [pytest.param(200, id="200"), pytest.param(2000, id="2000", marks=pytest.mark.soak)]
)
async def test_each_of_many_accounts_gets_its_mail_once_within_the_limits(count: int, tmp_path: Path) -> None:
    connector = Connector(tmp_path, patience=HOUR)
    site = replace(connector.site, at_once=8, at_once_per_host=3)
    providers = [Provider(n * count // 4, count // 4) for n in range(4)]
    async with serving(providers):
        accounts = [account for provider in providers for account in provider.accounts(connector)]
        async with connector.schedule(accounts, site) as schedule:
            reports = await schedule.once(accounts)
            again = await schedule.once(accounts)
    assert all(report.went_well for report in (*reports, *again))
    assert connector.delivered() == native(*(MAIL % number for number in range(count)))
    assert all(1 < provider.isp.most_at_once <= 3 for provider in providers)


@pytest.mark.parametrize("at", [("GREETING", None), ("UIDL", None), ("RETR", 1)])
async def test_good_servers_are_polled_while_more_polls_hang_than_there_are_places(
    at: Key, tmp_path: Path
) -> None:
    """Two places for all, eight polls that hang for an hour, and they come first."""
    connector = Connector(tmp_path, patience=HOUR)
    site = replace(connector.site, at_once=2, at_once_per_host=2)
    dead = [Provider(1000 + n * 10, 5, hanging(at)) for n in range(4)]
    good = [Provider(n * 10, 5) for n in range(4)]
    connector.log = log = Polled(4 * 5)
    async with serving([*dead, *good]):
        hang = turns([provider.accounts(connector) for provider in dead])
        work = turns([provider.accounts(connector) for provider in good])
        async with connector.schedule([*hang, *work], site) as schedule:
            polls = asyncio.ensure_future(schedule.once([*hang, *work]))
            await log.all_polled.wait()
            assert not polls.done()
            assert all(0 < provider.isp.connections <= 2 for provider in dead)
            assert all(box.raws == () for provider in good for box in provider.boxes.values())
            assert all(box.raws != () for provider in dead for box in provider.boxes.values())
            polls.cancel()
            await asyncio.wait((polls,))
    assert connector.delivered().total() == 4 * 5


async def test_a_thousand_accounts_at_a_dead_server_cost_one_wait(tmp_path: Path) -> None:
    connector = Connector(tmp_path, patience=2.0)
    dead, good = Provider(1000, 1000, hanging(("GREETING", None))), Provider(0, 3)
    async with serving([dead, good]):
        accounts = [*dead.accounts(connector), *good.accounts(connector)]
        async with connector.schedule(accounts, connector.site) as schedule:
            reports = await schedule.once(accounts)
    assert Counter(report.problem for report in reports) == {
        "the server sent nothing for 2 s": 1,
        f"127.0.0.1:{dead.isp.port} does not answer": 999,
        "": 3,
    }
    assert dead.isp.connections == 1


async def test_servers_that_refuse_or_close_cost_the_others_nothing(tmp_path: Path) -> None:
    connector = Connector(tmp_path, patience=HOUR)
    site = replace(connector.site, at_once=2, at_once_per_host=1)
    closing = Provider(1000, 10, Behaviour(stops=(Stop(at=("GREETING", None), after=0),)))
    good = Provider(0, 10)
    async with serving([closing, good]):
        with refusing_port() as port:
            refused = [
                replace(account, name=f"refused-{account.name}", server=replace(account.server, port=port))
                for account in good.accounts(connector)
            ]
            accounts = turns([refused, closing.accounts(connector), good.accounts(connector)])
            async with connector.schedule(accounts, site) as schedule:
                reports = await schedule.once(accounts)
    assert [report.went_well for report in reports] == [False, False, True] * 10
    assert connector.delivered().total() == 10


async def test_who_has_not_had_a_turn_when_seawall_is_stopped_is_not_polled(tmp_path: Path) -> None:
    connector = Connector(tmp_path)
    provider = Provider(0, 50)
    async with serving([provider]):
        accounts = provider.accounts(connector)
        async with connector.schedule(accounts, connector.site) as schedule:
            schedule._stop.set()
            reports = await schedule.once(accounts)
            await schedule.forever(accounts)
    assert {report.problem for report in reports} == {"not polled: Seawall was stopped before its turn"}
    assert provider.isp.connections == 0


async def test_accounts_go_on_being_polled_for_ever_beside_a_server_that_hangs(tmp_path: Path) -> None:
    connector = Connector(tmp_path, patience=HOUR, every=0.0)
    dead, good = Provider(1000, 1, hanging(("GREETING", None))), Provider(0, 5)
    connector.log = log = Polled(5 * 3)
    site = replace(connector.site, at_once=1, at_once_per_host=1)
    async with serving([dead, good]):
        accounts = [*dead.accounts(connector), *good.accounts(connector)]
        async with connector.schedule(accounts, site) as schedule:
            polls: asyncio.Future[None] = asyncio.ensure_future(schedule.forever(accounts))
            await log.all_polled.wait()
            polls.cancel()
            await asyncio.wait((polls,))
    assert connector.delivered().total() == 5
