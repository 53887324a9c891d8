"""`seawall status`: what is going on, read from the ledger alone."""

import os
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from seawall.cli.options import ConfigOption, JsonOption
from seawall.cli.output import document, say
from seawall.model.text import clean

if TYPE_CHECKING:
    from seawall.cli.desk import AccountSeen


FAILED = 1


def status(
    *,
    prometheus: Annotated[
        bool, Parameter(help="Print metrics in the text format of Prometheus; exits 0 whatever they say.")
    ] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> int:
    """Show each account: last poll, what came, what is wrong; and what is set aside.

    Exits 0 if all is well, 1 if an account is failing, stopped or has mail that keeps failing. A
    storm whose breaker is open is shown, and is no failure: copies of it are set aside.
    """
    from seawall.cli.desk import measures, overview  # noqa: PLC0415
    from seawall.config.load import find, load  # noqa: PLC0415 - keeps --help quick
    from seawall.errors import Misconfigured  # noqa: PLC0415

    if prometheus and json:
        raise Misconfigured("seawall status: --prometheus and --json are two forms: choose one")
    settings = load(find(config, os.environ)).settings
    found = overview(settings)
    if prometheus:
        from seawall.cli.metrics import exposition  # noqa: PLC0415

        say(exposition(found, measures(settings)).rstrip("\n"))
        return 0
    is_wrong = (one.problem or one.troubles or one.broken_at is not None for one in found.accounts)
    code = FAILED if any(is_wrong) else 0
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
        if account.broken_at is not None:
            lines.append(f"  its breaker is open since {moment(account.broken_at)}: {account.broken_for}")
            lines.append(f"  once the cause is gone: seawall resume {account.name}")
        elif account.problem:
            lines.append(f"  {account.problem} ({account.failures} in a row)")
        lines += [
            f"  mail {trouble.uidl}: {trouble.why} (tried {trouble.failures}, next {moment(trouble.retry_at)})"
            for trouble in account.troubles
        ]
    for storm in found.storms:
        lines.append(
            f"storm {storm.storm}: open since {moment(storm.opened_at)}; {storm.copies:,} copies from {clean(storm.sender)}, "
            f'"{clean(storm.subject)}"'
        )
        lines.append(
            f"  copies are set aside; closes by itself {moment(storm.closes_at)} if no more come, or: "
            f"seawall resume --storm {storm.storm}"
        )
    lines.append(f"held: {found.held} (seawall held list)" if found.held else "held: none")
    say("\n".join(lines))
    return code


def _state(account: "AccountSeen") -> str:
    if account.broken_at is not None:
        return "stopped"
    if account.polled_at is None:
        return "not polled yet"
    if account.problem:
        return "stopped" if account.is_stopped else "failing"
    return f"well, but for {len(account.troubles)} mails" if account.troubles else "well"


def moment(at: float | None) -> str:
    """Return a moment for a person, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ") if at is not None else "never"
