"""What a poll of an account would do, for `--dry-run`; nothing is changed."""

from dataclasses import dataclass

from seawall.collect.errands import Errands
from seawall.collect.lookout import Look
from seawall.collect.plan import Plan
from seawall.errors import SeawallError
from seawall.model.account import Account
from seawall.model.text import shown


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


async def preview(account: Account, errands: Errands) -> Preview:
    """Say what a poll of an account would do."""
    try:
        look, planned = await errands.preview()
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
