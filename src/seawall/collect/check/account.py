"""One account: its POP3 server, its login, and the newest of its mails by their headers.

Nothing is fetched and nothing erased: CAPA, the login, STAT, UIDL, LIST, TOP n 0 and QUIT are all that is said.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from seawall.collect.check.capabilities import about_capabilities, about_telling_apart
from seawall.collect.check.envelope import about_envelope
from seawall.collect.check.finding import Finding, Kind, Notes, counted, named
from seawall.collect.check.loops import about_loops
from seawall.collect.check.protection import about_login, about_protection
from seawall.collect.check.receivers import receivers
from seawall.deliver import program
from seawall.errors import SeawallError, ServerRefused
from seawall.model.account import Account, Site, sees_loops
from seawall.model.envelope import Multidrop
from seawall.model.secret import Secret
from seawall.net.credentials import read_secret
from seawall.retrieve.session import Login, Session

MOST_TOPS: Final = 20
"""Of the newest mails whose headers are looked at."""
PATIENCES: Final = 3
"""A look may take this many times the account's patience in all, however slowly its server talks."""


@dataclass(slots=True)
class _Tops:
    """The headers that came, and how many were asked for."""

    asked: int = 0
    came: list[bytes] = field(default_factory=list)


async def check_account(account: Account, site: Site, now: float) -> Finding:
    """Look at an account; `now` is in Unix seconds. Whatever its server does becomes a sentence."""
    notes, tops = Notes(), _Tops()
    _about_receivers(account, site, notes)
    await _about_filter(account, notes)
    limit = PATIENCES * account.patience
    try:
        # A password's command has a bound of its own, and is not to be left running.
        secret = await read_secret(account.secret)
        async with asyncio.timeout(limit), _session(account, secret) as session:
            numbers = await _about_server(account, session, now, notes)
            await _read_tops(session, numbers[-MOST_TOPS:], tops)
            await _leave(session, notes)
    except TimeoutError:
        notes.problem(f"{account.server.host} talks too slowly: it was given up after {limit:.0f} s")
    except SeawallError as problem:
        notes.problem(_reason(problem))
    about_loops(account, site.mailboxes, tops.came, notes)
    about_envelope(account, site, tops.came, notes)
    _about_tops(account, tops, notes)
    return notes.finding(Kind.ACCOUNT, account.name)


def _about_receivers(account: Account, site: Site, notes: Notes) -> None:
    where = f"by destination {account.destination.name}"
    if isinstance(account.to, Multidrop):
        everybody = named(receivers(account, site.mailboxes))
        notes.found(
            f"mail goes to whom {account.to.envelope} names, of {everybody}; what is for none of them goes to "
            f"{account.to.unknown}; {where}"
        )
    else:
        notes.found(f"mail goes to {account.to} alone, whatever it says; {where}")


async def _about_filter(account: Account, notes: Notes) -> None:
    if account.filter is None:
        return
    try:
        await asyncio.to_thread(program.probe, account.filter.argv)
    except SeawallError as problem:
        notes.problem(f"the filter cannot be asked: {problem}")
    else:
        notes.found(f"the filter {account.filter.argv[0]} is there and can be run")


@asynccontextmanager
async def _session(account: Account, secret: Secret) -> AsyncIterator[Session]:
    session = await Session.open(Login.to(account, secret))
    try:
        yield session
    finally:
        session.abort()


async def _about_server(account: Account, session: Session, now: float, notes: Notes) -> list[int]:
    """Note what the server is and has; return the numbers of its mails, which servers give by arrival."""
    tls = session.connection.tls
    about_login(account.server.host, session.mechanism, is_protected=tls is not None, notes=notes)
    about_protection(tls, now, notes)
    about_capabilities(session.capabilities, account, notes)
    listing = await session.list_mails()
    about_telling_apart(session.capabilities, notes, has_uidl=listing.has_uidl)
    newest = (
        f"; what is said of mails is about the newest {MOST_TOPS}" if len(listing.entries) > MOST_TOPS else ""
    )
    notes.found(f"{counted(listing.entries, 'mail')} there{newest}")
    return [listed.number for listed in listing.entries]


async def _read_tops(session: Session, numbers: Sequence[int], tops: _Tops) -> None:
    """Read headers, the newest first and alone: a server without TOP is not asked twenty times."""
    tops.asked = len(numbers)
    for some in (numbers[-1:], numbers[:-1]):
        async for top in session.headers(some):
            if top is not None:
                tops.came.append(top)
        if not tops.came:
            return


def _about_tops(account: Account, tops: _Tops, notes: Notes) -> None:
    """Note what could not be seen for want of headers; a warning where the account's rules depend on them."""
    needs = [
        what
        for what, is_needed in (
            ("whether mails would loop at the destination", sees_loops(account.destination)),
            ("whether the envelope's rule fits", isinstance(account.to, Multidrop)),
        )
        if is_needed
    ]
    if tops.asked and not tops.came:
        sentence = "the server shows no header without its mail (TOP)"
        if needs:
            notes.warn(f"{sentence}, so it cannot be told {' and '.join(needs)}")
        else:
            notes.found(sentence)
    elif len(tops.came) < tops.asked:
        notes.warn(f"of {tops.asked} headers the server showed {len(tops.came)}")


async def _leave(session: Session, notes: Notes) -> None:
    """Say QUIT: a server that does not answer it erases nothing (RFC 1939 §6), which is worth knowing."""
    try:
        answered = await session.quit()
    except SeawallError as problem:
        notes.warn(f"the session could not be ended, and only then does the server erase: {problem}")
        return
    if not answered:
        notes.warn("the server refused QUIT, and only then does it erase")


def _reason(problem: SeawallError) -> str:
    if isinstance(problem, ServerRefused) and problem.code == "IN-USE":
        return f"{problem} (another session has the box: another program, or Seawall itself as it runs)"
    return str(problem)
