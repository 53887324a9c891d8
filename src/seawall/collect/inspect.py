"""What an account, its server and its destination are like, for `check` and `--dry-run`; nothing is changed."""

from dataclasses import dataclass
from datetime import UTC, datetime

from seawall.collect.journey import Journey
from seawall.collect.lookout import Look
from seawall.collect.plan import Plan
from seawall.deliver import maildir
from seawall.errors import SeawallError
from seawall.model.account import Account, KeepFor, MaildirDestination, Site
from seawall.model.envelope import Multidrop
from seawall.model.text import shown
from seawall.net.credentials import read_secret
from seawall.net.tls import expiry
from seawall.retrieve.session import Login, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What `check` found about one account, in sentences."""

    account: str
    found: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a poll would do."""

    account: str
    to: str
    fetch: tuple[tuple[str, int | None], ...] = ()
    known: int = 0
    left: int = 0
    erase: int = 0
    problem: str = ""

    def as_text(self) -> str:
        """Return it for a person."""
        if self.problem:
            return f"{self.account}: {self.problem}"
        lines = [
            f"{self.account}: {len(self.fetch)} to fetch for {self.to}, {self.known} known, {self.left} left, {self.erase} to erase"
        ]
        lines += [f"  {uidl} ({octets if octets is not None else '?'} octets)" for uidl, octets in self.fetch]
        return "\n".join(lines)

    def as_document(self) -> dict[str, object]:
        """Return it for JSON."""
        return {
            "account": self.account,
            "to": self.to,
            "fetch": [{"uidl": uidl, "octets": octets} for uidl, octets in self.fetch],
            "known": self.known,
            "left": self.left,
            "erase": self.erase,
            "problem": self.problem,
        }


async def preview(account: Account, journey: Journey) -> Preview:
    """Say what a poll of an account would do."""
    try:
        look, planned = await journey.preview()
    except SeawallError as problem:
        return Preview(account=account.name, to=account.receives, problem=str(problem))
    return _preview(account, look, planned)


def _preview(account: Account, look: Look, planned: Plan) -> Preview:
    return Preview(
        account=account.name,
        to=account.receives,
        fetch=tuple(
            (shown(listed.uidl or b"") or f"#{listed.number}", listed.octets)
            for listed in (*planned.healthy, *planned.suspects)
        ),
        known=len(look.recognition.known),
        left=len(planned.too_large) + len(planned.waiting),
        erase=len(look.erasable),
    )


async def check(account: Account, site: Site, now: float) -> Finding:
    """Connect to an account's server and try its destination."""
    found: list[str] = []
    problems: list[str] = []
    try:
        found += await _destination(account, site)
    except SeawallError as problem:
        problems.append(str(problem))
    try:
        secret = await read_secret(account.secret)
        session = await Session.open(
            Login(server=account.server, user=account.user, secret=secret, patience=account.patience)
        )
        try:
            found += await _server(account, session, now)
            await session.quit()
        finally:
            session.abort()
    except SeawallError as problem:
        problems.append(str(problem))
    return Finding(account=account.name, found=tuple(found), problems=tuple(problems))


async def _destination(account: Account, site: Site) -> list[str]:
    destination = account.destination
    if not isinstance(destination, MaildirDestination):
        return []
    mailbox = account.to.unknown if isinstance(account.to, Multidrop) else account.to
    path = maildir.directory(destination, mailbox)
    maildir.probe(path, site.min_free_octets)
    return [f"mail goes to {account.receives} alone, in {path}"]


async def _server(account: Account, session: Session, now: float) -> list[str]:
    capabilities = session.capabilities
    listing = await session.list_mails()
    found = [
        f"logged in to {account.server.host} by {session.mechanism}"
        + ("" if session.connection.tls else " without TLS"),
        f"{len(listing.entries)} mails there",
        "UIDL: yes" if listing.has_uidl else "UIDL: no; mails are told apart by their headers",
        "capabilities: " + (", ".join(sorted(capabilities.parameters)) or "not announced"),
    ]
    if not capabilities.has("PIPELINING"):
        found.append("no PIPELINING: one round trip a mail")
    if session.connection.tls is not None:
        ends = expiry(session.connection.tls)
        days = (ends - datetime.fromtimestamp(now, UTC)).days if ends else None
        found.append("certificate: pinned" if days is None else f"certificate: {days} days left")
    expires = capabilities.expire
    if expires is not None:
        found.append(f"the server itself erases after {expires / 86400:.0f} days")
        if isinstance(account.keep, KeepFor) and account.keep.seconds > expires:
            found.append("so the account's keep cannot be honoured by it")
    return found
