"""`seawall status`: what is going on, read from the ledger alone."""

import os
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from seawall.cli.options import ConfigOption, JsonOption
from seawall.cli.output import document, say

if TYPE_CHECKING:
    from seawall.cli.desk import AccountSeen


FAILED = 1


def status(*, config: ConfigOption = None, json: JsonOption = False) -> int:
    """Show each account: last poll, what came, what is wrong; and what is set aside.

    Exits 0 if all is well, 1 if an account is failing, stopped or has mail that keeps failing.
    """
    from seawall.cli.desk import overview  # noqa: PLC0415
    from seawall.config.load import find, load  # noqa: PLC0415 - keeps --help quick

    found = overview(load(find(config, os.environ)).settings)
    code = FAILED if any(account.problem or account.troubles for account in found.accounts) else 0
    if json:
        document("seawall.status/1", asdict(found))
        return code
    lines = []
    for account in found.accounts:
        state = _state(account)
        lines.append(
            f"{account.name}: {state}; last poll {moment(account.polled_at)}, "
            f"next {moment(account.next_poll_at)}; {account.delivered} delivered, {account.held} held, {account.known} known"
        )
        if account.maybe_twice:
            lines.append(
                f"  {account.maybe_twice} may be there twice: the next hop's answer to them was lost"
            )
        if account.problem:
            lines.append(f"  {account.problem} ({account.failures} in a row)")
        lines += [
            f"  mail {trouble.uidl}: {trouble.why} (tried {trouble.failures}, next {moment(trouble.retry_at)})"
            for trouble in account.troubles
        ]
    lines.append(f"held: {found.held} (seawall held list)" if found.held else "held: none")
    say("\n".join(lines))
    return code


def _state(account: "AccountSeen") -> str:
    if account.polled_at is None:
        return "not polled yet"
    if account.problem:
        return "stopped" if account.is_stopped else "failing"
    return f"well, but for {len(account.troubles)} mails" if account.troubles else "well"


def moment(at: float | None) -> str:
    """Return a moment for a person, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ") if at is not None else "never"
