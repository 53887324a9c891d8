"""A POP3 mailbox → its mails, and nothing on the server changes: RETR alone, and the session ends without QUIT.

A server may erase what was retrieved once QUIT comes (EXPIRE 0, RFC 2449 §6.7, RFC 1939 §8); without QUIT it erases
nothing (RFC 1939 §6).
"""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from seawall.forensic.sources.bounds import MOST
from seawall.forensic.sources.notes import Notes
from seawall.forensic.sources.url import Mailbox
from seawall.forensic.table import RawMail
from seawall.model.mail import Listed
from seawall.model.secret import Secret
from seawall.retrieve.session import Login, NotRetrieved, Retrieved, Session
from seawall.retrieve.spool import Spool

MAX_MAIL: Final = 256 * 2**20
"""Octets of a mail that is retrieved; POP3 can't leave off in the middle of one."""
_BATCH_MAILS: Final = 100
_BATCH_OCTETS: Final = 4 * 2**20
_UNKNOWN_OCTETS: Final = 64 * 2**10


def read_pop3(mailbox: Mailbox, secret: Secret, spool: Path, notes: Notes) -> Iterator[RawMail]:
    """Yield the mails of a mailbox, in the server's order; raises the errors of a session (seawall.errors).

    `spool` is a directory for what large mails need of disk while they come.
    """
    with asyncio.Runner() as runner:
        login = Login(server=mailbox.server, user=mailbox.user, secret=secret)
        session = runner.run(Session.open(login))
        try:
            listing = runner.run(session.list_mails())
            wanted = []
            for listed in listing.entries:
                if listed.octets is not None and listed.octets > MAX_MAIL:
                    notes.leave(f"{mailbox.source}:{listed.number}", f"it has more than {MAX_MAIL} octets")
                else:
                    wanted.append(listed)
            batches = session.retrieve(_batches(wanted), max_octets=MAX_MAIL, spool=Spool(spool))

            async def following() -> tuple[Retrieved | NotRetrieved, ...] | None:
                return await anext(batches, None)

            while (batch := runner.run(following())) is not None:
                for result in batch:
                    if isinstance(result, NotRetrieved):
                        notes.leave(
                            f"{mailbox.source}:{result.listed.number}", f"the server refused it: {result.why}"
                        )
                        continue
                    try:
                        yield RawMail(
                            mailbox.source,
                            result.listed.number - 1,
                            0,
                            result.mail.head[:MOST],
                            result.mail.content.octets,
                        )
                    finally:
                        result.mail.content.close()
        finally:
            session.abort()
            # The transport closes its socket in the loop's next turn.
            runner.run(asyncio.sleep(0))


def _batches(entries: Sequence[Listed]) -> Iterator[Sequence[Listed]]:
    batch: list[Listed] = []
    octets = 0
    for listed in entries:
        batch.append(listed)
        octets += listed.octets or _UNKNOWN_OCTETS
        if len(batch) == _BATCH_MAILS or octets >= _BATCH_OCTETS:
            yield tuple(batch)
            batch, octets = [], 0
    if batch:
        yield tuple(batch)
