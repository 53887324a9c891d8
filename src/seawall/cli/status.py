"""`seawall status`: what is going on, read from the ledger alone."""

import os
from dataclasses import asdict
from datetime import UTC, datetime

from seawall.cli.options import ConfigOption, JsonOption
from seawall.cli.output import document, say


def status(*, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Show each account: last poll, what came, what is wrong; and what is set aside."""
    from seawall.cli.desk import overview  # noqa: PLC0415
    from seawall.config.load import find, load  # noqa: PLC0415 - keeps --help quick

    found = overview(load(find(config, os.environ)).settings)
    if json:
        document("seawall.status/1", asdict(found))
        return
    lines = []
    for account in found.accounts:
        state = "stopped" if account.is_stopped else "failing" if account.problem else "well"
        lines.append(
            f"{account.name}: {state}; last poll {moment(account.polled_at)}, "
            f"next {moment(account.next_poll_at)}; {account.delivered} delivered, {account.known} known"
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


def moment(at: float | None) -> str:
    """Return a moment for a person, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ") if at is not None else "never"
