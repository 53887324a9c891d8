"""One run of a scenario: everybody is started, the mails are written, and it stops by itself.

Owns the start, the end, and that nothing is left: no process, no thread, no port. Refuses to know what anybody does.
"""

import asyncio
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from seawall.lab.confinement import Confinement
from seawall.lab.connectors.reading import find as find_profile
from seawall.lab.connectors.run import missing
from seawall.lab.internet import dovecot, postfix
from seawall.lab.internet.bounds import End, Meter
from seawall.lab.internet.clock import Clock
from seawall.lab.internet.isp import Isp
from seawall.lab.internet.journal import Journal
from seawall.lab.internet.letters import letter
from seawall.lab.internet.mail import Families
from seawall.lab.internet.mailing_list import Bin, MailingList
from seawall.lab.internet.mta import MailServer, Mta
from seawall.lab.internet.office import Office
from seawall.lab.internet.scenario import NONE, UNPATCHED, Letter, Scenario, Software
from seawall.lab.internet.surroundings import Surroundings

Watch = Callable[[datetime, int], None]
"""Told now and then the lab time, and how many mails there have been."""
BLOCKS: Final = ("203.0.113", "198.51.100", "192.0.2")
"""Of documentation addresses (RFC 5737): 250 servers have one each in the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run went. The journal has all that happened in it."""

    scenario: Scenario
    confinement: Confinement
    end: End
    ended_at: datetime
    mails: int
    octets: int
    journal: Journal


def absent(scenario: Scenario) -> list[str]:
    """Return what the scenario needs and is not installed here, a sentence each."""
    wanted = dict.fromkeys(stint.connector for each in scenario.organisations for stint in each.stints)
    reasons = [missing(find_profile(name)) for name in wanted if name not in (NONE, UNPATCHED)]
    if any(each.mta is Software.POSTFIX for each in scenario.organisations):
        reasons.append(postfix.unavailable())
    if any(each.box is Software.DOVECOT for each in scenario.organisations):
        reasons.append(dovecot.unavailable())
    return [reason for reason in reasons if reason]


def play(scenario: Scenario, out: Path, *, confinement: Confinement, watch: Watch | None = None) -> Outcome:
    """Run a scenario to its end; mails and the timeline are written to `out`, which is new.

    Raises Misconfigured where something cannot be started. Whatever happens, nothing that was started is left.
    """
    out.mkdir(parents=True, exist_ok=True)
    with (
        (out / "timeline.jsonl").open("w", encoding="ascii") as timeline,
        tempfile.TemporaryDirectory(prefix="seawall-lab-") as workshop,
    ):
        clock = Clock(scenario.start, scenario.speed)
        around = Surroundings(
            clock=clock,
            meter=Meter(scenario.bounds),
            journal=Journal(timeline, clock, Families()),
            transit=scenario.transit,
        )
        world = _World(scenario, around, out / "mail", Path(workshop))
        end = asyncio.run(world.run(watch))
    return Outcome(
        scenario=scenario,
        confinement=confinement,
        end=end,
        ended_at=clock.now,
        mails=around.meter.mails,
        octets=around.meter.octets,
        journal=around.journal,
    )


class _World:
    def __init__(self, scenario: Scenario, around: Surroundings, mail: Path, workshop: Path) -> None:
        # Others may pass, for a connector that refuses to work for root, but not list.
        workshop.chmod(0o711)
        self._scenario = scenario
        self._around = around
        self._mail = mail
        self._workshop = workshop
        self._offices: dict[str, Office] = {}
        self._lists: dict[str, Mta] = {}

    async def run(self, watch: Watch | None) -> End:
        clock, meter = self._around.clock, self._around.meter
        bounds = self._scenario.bounds
        is_quiet = False

        def is_over() -> bool:
            nonlocal is_quiet
            if watch:
                watch(clock.now, meter.mails)
            is_quiet = not clock.has_mail_on_its_way and all(
                office.is_done for office in self._offices.values()
            )
            return is_quiet or meter.reached is not None

        async with AsyncExitStack() as servers:
            await self._start(servers)
            try:
                async with asyncio.timeout(bounds.wall_time.total_seconds()) as wall:
                    await clock.run(clock.start + bounds.lab_time, is_over)
            except TimeoutError:
                if not wall.expired():
                    raise
                return End.WALL_TIME
        return meter.reached or (End.QUIET if is_quiet else End.LAB_TIME)

    async def _start(self, servers: AsyncExitStack) -> None:
        isp = Isp(self._around, self._workshop)
        self._address(isp.mta)
        for number, organisation in enumerate(self._scenario.organisations):
            self._offices[organisation.domain] = office = Office(
                self._around,
                organisation,
                isp,
                number=number,
                directory=self._mail / organisation.domain,
                workshop=self._workshop,
            )
            self._address(office.mta)
        servers.push_async_callback(isp.close)
        await isp.start()
        for office in self._offices.values():
            servers.push_async_callback(office.mta.close)
            await office.start()
        for each in self._scenario.lists:
            await self._start_list(each.address, each.subscribers, servers, stops_loops=each.stops_loops)
        # A real server reads once where each domain's mail goes.
        for office in self._offices.values():
            await office.mta.open()
        for number, written in enumerate(self._scenario.letters):
            self._around.clock.plan(written.at, partial(self._write, number, written))

    def _address(self, mta: MailServer) -> None:
        """Give a server the address that others' Received fields show (RFC 5737)."""
        block, last = divmod(len(self._around.addresses), 250)
        self._around.addresses[mta.name] = f"{BLOCKS[block]}.{last + 1}"

    async def _start_list(
        self, address: str, subscribers: tuple[str, ...], servers: AsyncExitStack, *, stops_loops: bool
    ) -> None:
        name, _, domain = address.partition("@")
        mta = self._lists.get(domain)
        if mta is None:
            mta = self._lists[domain] = Mta(self._around, owner=domain, name=f"mail.{domain}")
            self._address(mta)
            servers.push_async_callback(mta.close)
            await mta.start()
            self._around.routes[domain] = mta.place
            mta.domains.add(domain)
        mta.serves[address] = MailingList(
            self._around, mta, address=address, subscribers=subscribers, stops_loops=stops_loops
        )
        mta.serves[f"{name}-bounces@{domain}"] = Bin()

    async def _write(self, number: int, written: Letter) -> None:
        user, _, domain = written.author.partition("@")
        envelope = letter(
            author=written.author,
            to=written.to,
            cc=written.cc,
            subject=written.subject,
            text=written.text,
            at=self._around.clock.now,
            identity=f"{user}.genuine.{number + 1}@{domain}",
        )
        self._around.journal.families.begin(envelope.message_id)
        await self._offices[domain].submit(envelope)
