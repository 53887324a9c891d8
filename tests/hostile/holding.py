"""An installation that has set mails aside, and what a person finds and does there."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, update

from hostile.connector import PASSWORD, USER, Connector, configuration
from hostile.delivery import POSTMASTER, catch_all
from seawall.collect.keeping import opened
from seawall.collect.release import Held
from seawall.collect.surroundings import Surroundings
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp, running
from seawall.ledger import setaside
from seawall.ledger.ledger import Ledger
from seawall.ledger.records import HeldRecord
from seawall.ledger.schema import held, storm
from seawall.ledger.state import State
from seawall.model.account import Settings

OF_POSTMASTER = 'multidrop = { envelope = "X-Original-To", isp = ["isp.example"], isp_hops = 1, unknown = "postmaster@example.org" }'


class Holding:
    """Mails that nobody's envelope names: all are held. `config` is for the commands, `held` for what stands behind."""

    def __init__(self, root: Path, mails: Sequence[bytes] = (), **settings: Any) -> None:
        self.root = root
        self.connector: Connector = catch_all(root, **settings)
        self.state = State.make(self.connector.site.state)
        self.config = root / "seawall.toml"
        mailboxes = '[mailboxes]\n"postmaster@example.org" = []\n"alice@example.org" = []\n'
        self.config.write_text(configuration(1110, to=OF_POSTMASTER) + mailboxes)
        if mails:
            self.collect(mails)

    def collect(self, mails: Sequence[bytes]) -> None:
        with running(ToyIsp({USER: (PASSWORD, Box(mails))})) as isp:
            report = self.connector.poll(isp)
            assert (report.held, report.problem) == (len(mails), "")

    def command(self, act: str, *words: str) -> list[str]:
        return ["held", act, *words, "--config", str(self.config)]

    def ask(self, statement: Any, *words: Any, **more: Any) -> Any:
        ledger = Ledger.open(self.state.database)
        try:
            return ledger.transact(statement, *words, **more)
        finally:
            ledger.close()

    def held(self) -> list[HeldRecord]:
        found: list[HeldRecord] = self.ask(setaside.held_mails)
        return found

    def raw(self, record: HeldRecord) -> bytes:
        with opened(record) as mail:
            return b"".join(mail.content.chunks())

    def act(self, name: str, *words: Any, ledger_class: type[Ledger] = Ledger) -> None:
        """Settle, then release or drop, in this process."""

        async def work() -> None:
            ledger = ledger_class.open(self.state.database)
            tokens = iter(f"{n:032x}" for n in range(10**6 * (1 + words[0] if words else 0), 10**12))
            try:
                site = self.connector.site
                work_on = Held(
                    Settings(site=site, accounts=(self.connector.account,)),
                    ledger=ledger,
                    state=self.state,
                    surroundings=Surroundings(
                        now=lambda: self.connector.now,
                        token=lambda: next(tokens),
                        pick=lambda numbers, most: numbers[:most],
                        chance=lambda: 0.5,
                        here="here.example.org",
                        log=self.connector.log,
                    ),
                )
                await work_on.settle()
                if name != "settle":
                    await getattr(work_on, name)(*words)
            finally:
                ledger.close()

        asyncio.run(work())

    def released(self) -> list[bytes]:
        """What came into the postmaster's Maildir, with the trace on top."""
        new = self.root / str(POSTMASTER.local_part) / "new"
        return [path.read_bytes() for path in new.iterdir()] if new.is_dir() else []

    def files(self) -> tuple[int, int]:
        """How many header files and bodies Held has; nothing may be half-written."""
        kept = self.state.held
        bodies = list((kept / "bodies").iterdir()) if (kept / "bodies").is_dir() else []
        assert not [path for path in bodies if path.name.startswith("tmp-")]
        assert not list((kept / "tmp").iterdir())
        return len(list((kept / "new").iterdir())), len(bodies)


def storm_of(
    connection: Connection, held_ids: Sequence[int], number: int = 3, closed_at: float | None = None
) -> None:
    """Make held mails the copies of one storm."""
    connection.execute(
        insert(storm).values(
            id=number,
            key=b"%d" % number,
            kind="storm",
            sender="robot@a.test",
            subject=f"again {number}",
            first_at=1.0,
            last_at=2.0,
            copies=len(held_ids),
            opened_at=1.0,
            closed_at=closed_at,
            sentence="copies of one mail",
        )
    )
    connection.execute(update(held).where(held.c.id.in_(held_ids)).values(storm_id=number, reason="storm"))
