"""Mails that cannot be brought: remembered, tried again ever more rarely, and reported once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from seawall.collect.plan import trouble_key, worse
from seawall.collect.report import Report
from seawall.collect.surroundings import Surroundings
from seawall.ledger import statements
from seawall.ledger.ledger import Ledger
from seawall.ledger.records import Trouble
from seawall.model.account import Account, Site
from seawall.model.mail import Listed
from seawall.model.text import shown
from seawall.model.verdict import Reason


class Troubles:
    """The troubles of one account."""

    def __init__(self, account: Account, site: Site, *, ledger: Ledger, surroundings: Surroundings) -> None:
        self._account = account
        self._site = site
        self._ledger = ledger
        self._around = surroundings

    async def note(
        self,
        account_id: int,
        listed: Listed,
        why: str,
        report: Report,
        *,
        at_once: bool = False,
        is_deferred: bool = False,
    ) -> None:
        """Remember that a mail failed; raise one alarm when it has failed too often.

        With `at_once` its first retry comes in this poll, and it counts if that fails.
        `is_deferred` says that the mail came, and a recipient could not get it.
        """
        known = await self._ledger.do(statements.trouble_of, account_id, trouble_key(listed))
        now = self._around.now()
        found = worse(known, listed, why, now, at_once=at_once)
        report.troubled += found.retry_at > now
        is_alarm = found.failures >= self._site.alarm_after and not found.is_alarmed
        found = replace(found, is_alarmed=found.is_alarmed or is_alarm, is_deferred=is_deferred)
        await self._ledger.do(statements.note_trouble, account_id, found)
        tell = self._around.log.error if is_alarm else self._around.log.warning
        tell(
            "mail-keeps-failing" if is_alarm else "mail-failed",
            account=self._account.name,
            uidl=shown(listed.uidl or b""),
            octets=listed.octets,
            failures=found.failures,
            problem=why,
        )

    async def leave(
        self, account_id: int, too_large: Sequence[Listed], troubles: Mapping[bytes, Trouble]
    ) -> None:
        """Leave what is too large on the server, and report each once."""
        for listed in too_large:
            if trouble_key(listed) in troubles:
                continue
            why = f"{listed.octets} octets are more than max_size, {self._account.max_octets}"
            found = replace(worse(None, listed, why, self._around.now()), is_alarmed=True)
            await self._ledger.do(statements.note_trouble, account_id, found)
            self._around.log.warning(
                "left",
                account=self._account.name,
                uidl=shown(listed.uidl or b""),
                octets=listed.octets,
                reason=Reason.TOO_LARGE.value,
            )

    async def end(self, account_id: int, came: Sequence[Listed], troubles: Mapping[bytes, Trouble]) -> None:
        """These came at last, if they were in trouble."""
        ended = [key for listed in came if (key := trouble_key(listed)) in troubles]
        if ended:
            await self._ledger.do(statements.end_troubles, account_id, ended)

    async def end_vanished(
        self, account_id: int, fresh: Sequence[Listed], troubles: Mapping[bytes, Trouble]
    ) -> None:
        """Forget the troubles of mails that are not waiting on the server any more."""
        gone = troubles.keys() - {trouble_key(listed) for listed in fresh}
        if gone:
            await self._ledger.do(statements.end_troubles, account_id, list(gone))
