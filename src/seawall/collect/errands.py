"""What a person asks of a box beside the polls: what one would do, and to mark mails as seen.

Refuses to fetch, deliver and erase.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from seawall.collect.adoption import Adoption, adoption
from seawall.collect.lookout import Look, Lookout
from seawall.collect.plan import Plan, plan
from seawall.collect.surroundings import Surroundings
from seawall.ledger import statements
from seawall.ledger.ledger import Ledger
from seawall.ledger.records import AccountRecord
from seawall.model.account import Account
from seawall.net.credentials import read_secret
from seawall.retrieve.session import Login, Session


class Errands:
    """Errands to one account's box."""

    def __init__(self, account: Account, *, ledger: Ledger, surroundings: Surroundings) -> None:
        self._account = account
        self._ledger = ledger
        self._around = surroundings
        self._lookout = Lookout(account, ledger=ledger, surroundings=surroundings)

    async def preview(self) -> tuple[Look, Plan]:
        """Return what a poll would do; nothing is changed."""
        record = await self._ledger.do(statements.open_account, self._account.name)
        async with self._looking(record) as (_, look):
            fresh = look.recognition.fresh
        return look, plan(fresh, look.troubles, self._account.max_octets, self._around.now())

    async def adopt(self, seen: Collection[bytes] | None = None, *, is_sure: bool = True) -> Adoption:
        """Mark what is on the server and not known as seen, all of it or what `seen` lists; say what becomes of each.

        Where nothing in the box is in the list, `is_sure` decides whether that is believed; else
        nothing is changed and Permanent is raised.
        """
        record = await self._ledger.do(statements.open_account, self._account.name)
        async with self._looking(record) as (session, look):
            chosen = adoption(look.recognition, seen)
            if not is_sure:
                chosen.doubt()
            await self._lookout.note(record, look)
            await self._lookout.adopt(session, record, chosen.marked, None)
        return chosen

    @asynccontextmanager
    async def _looking(self, record: AccountRecord) -> AsyncIterator[tuple[Session, Look]]:
        """Log in and look into the box; the session ends with QUIT, which erases nothing, since nothing was read."""
        session = await Session.open(Login.to(self._account, await read_secret(self._account.secret)))
        try:
            yield session, await self._lookout.look(session, record)
            await session.quit()
        finally:
            session.abort()
