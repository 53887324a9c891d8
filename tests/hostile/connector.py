"""Runs the real connector, in this process, against a toy ISP: what it collected is what a test judges."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from seawall.collect.report import Report
from seawall.collect.schedule import Schedule
from seawall.collect.surroundings import Surroundings
from seawall.deliver.writer import Writer
from seawall.ledger.ledger import Ledger
from seawall.ledger.state import Lock, State
from seawall.model.account import Account, Keep, KeepFor, MaildirDestination, Server, Settings, Site, Tls
from seawall.model.address import Address
from seawall.model.guard import DEFAULT_ACTIONS, Action, Guard
from seawall.model.secret import PasswordFile

USER = "alice"
PASSWORD = "opensesame"
ERASE = KeepFor(0.0)
TRACE = re.compile(
    rb"\A(?:Return-Path: <[^>]*>\n)?Delivered-To: \S+\nReceived: from (?:.*\n\t)+.*\nX-Seawall-Mark: \S+\n"
)


@dataclass
class Lines:
    """The log, kept."""

    lines: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def info(self, event: str, **fields: Any) -> None:
        self.lines.append(("info", event, fields))

    def warning(self, event: str, **fields: Any) -> None:
        self.lines.append(("warning", event, fields))

    def error(self, event: str, **fields: Any) -> None:
        self.lines.append(("error", event, fields))

    def events(self, level: str) -> list[str]:
        return [event for found, event, _ in self.lines if found == level]


class Place(Protocol):
    """Where the connector calls."""

    @property
    def host(self) -> str: ...

    @property
    def port(self) -> int: ...


NOTHING_ASIDE = Guard(actions=dict.fromkeys(DEFAULT_ACTIONS, Action.DELIVER))
"""For tests of the way of all mail, such as has been sent several times."""


class Connector:
    """One installation in a directory of its own, with a clock that a test turns."""

    def __init__(self, root: Path, *, keep: Keep = ERASE, **settings: Any) -> None:
        self.root = root
        self.now = 1_800_000_000.0
        self.log = Lines()
        self._tokens = iter(range(10**9))
        (root / "password").write_text(PASSWORD + "\n")
        ordinary = Account(
            name="office",
            server=Server(host="127.0.0.1", port=0, tls=Tls.NONE),
            user=USER,
            secret=PasswordFile(str(root / "password")),
            to=Address.parse("alice@example.org"),
            destination=MaildirDestination(name="main", path=str(root / "{user}")),
            keep=keep,
            patience=1.0,
        )
        self.account = replace(ordinary, **settings)
        self.site = Site(
            domains=("example.org",),
            postmaster=Address.parse("postmaster@example.org"),
            state=str(root / "state"),
            min_free_octets=0,
        )

    def poll(self, isp: Place, **changes: Any) -> Report:
        """Poll once, as `seawall run --once` does; time passes between polls."""
        return asyncio.run(self._poll([self.at(isp, **changes)]))[0]

    def at(self, isp: Place, **changes: Any) -> Account:
        # The toy ISP has no certificate; a test of TLS names its server itself.
        server = replace(self.account.server, host=isp.host, port=isp.port)
        return replace(self.account, **({"server": server} | changes))

    async def _poll(self, accounts: Sequence[Account]) -> list[Report]:
        self.now += 100.0
        async with self.schedule(accounts, self.site) as schedule:
            return await schedule.once(accounts)

    @asynccontextmanager
    async def schedule(self, accounts: Sequence[Account], site: Site) -> AsyncIterator[Schedule]:
        state = State.make(site.state)
        ledger = Ledger.open(state.database)
        lock = Lock(state.root / "lock", "testing")
        writer = Writer(lock.descriptor)
        try:
            yield Schedule(
                Settings(site=site, accounts=tuple(accounts)),
                ledger=ledger,
                state=state,
                surroundings=Surroundings(
                    now=lambda: self.now,
                    token=lambda: f"{next(self._tokens):032x}",
                    pick=lambda numbers, most: numbers[:most],
                    chance=lambda: 0.5,
                    here="here.example.org",
                    log=self.log,
                ),
                stop=asyncio.Event(),
                writer=writer,
            )
        finally:
            writer.close()
            ledger.close()
            lock.release()

    def filed(self) -> list[bytes]:
        """The mails in the user's own `.Held` folder, with the trace."""
        return [path.read_bytes() for path in sorted((self.root / "alice" / ".Held" / "new").glob("*"))]

    def delivered(self) -> Counter[bytes]:
        """The mails in the Maildir, without the trace."""
        found: Counter[bytes] = Counter()
        for folder in ("new", "cur"):
            for path in (self.root / "alice" / folder).glob("*"):
                raw = path.read_bytes()
                top = TRACE.match(raw)
                assert top, raw[:300]
                found[raw[top.end() :]] += 1
        assert not list((self.root / "alice" / "tmp").glob("*"))
        return found


def native(*mails: bytes) -> Counter[bytes]:
    """Mails as they are delivered."""
    return Counter(mail.replace(b"\r\n", b"\n") for mail in mails)


def configuration(
    port: int,
    destination: str = 'kind = "maildir"\npath = "{user}"',
    *,
    to: str = 'to = "alice@example.org"',
    user: str = USER,
    more: str = "",
) -> str:
    """The seawall.toml of an account on this machine, with the password in a file beside it; `more` are lines behind it."""
    return f"""
[local]
domains = ["example.org"]
postmaster = "postmaster@example.org"
state = "state"
min_free = "1"
[destination.main]
{destination}
[[account]]
name = "office"
host = "127.0.0.1"
port = {port}
tls = "none"
user = "{user}"
password_file = "password"
{to}
{more}
"""


def lmtp_to(port: int) -> str:
    """The lines of a destination on this machine."""
    return f'kind = "lmtp"\nhost = "127.0.0.1"\nport = {port}'
