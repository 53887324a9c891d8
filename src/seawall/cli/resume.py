"""`seawall resume`: close a breaker, of an account or of a storm."""

import os
from typing import Annotated

from cyclopts import Parameter

from seawall.cli.options import ConfigOption
from seawall.cli.output import say
from seawall.cli.status import moment
from seawall.model.text import clean


def resume(
    *accounts: Annotated[str, Parameter(help="An account that its breaker has stopped.")],
    storm: Annotated[
        list[int] | None, Parameter(help="The number of a storm that `status` shows; may be given again.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Close a breaker: poll an account again, deliver a storm's copies.

    What is set aside stays there until `held release` or `held drop`. A running connector notices
    by itself: a storm's at its next mail, an account's when it would next have been polled.
    """
    from seawall.cli import desk  # noqa: PLC0415 - keeps --help quick
    from seawall.config.load import find, load  # noqa: PLC0415
    from seawall.errors import Misconfigured  # noqa: PLC0415

    settings = load(find(config, os.environ)).settings
    if not (accounts or storm):
        raise Misconfigured("seawall resume: name an account, or --storm with its number; status shows both")
    closed, storms = desk.resume(settings, accounts, storm or ())
    for account in closed:
        say(
            f"{account.name} is polled again; its breaker was open since {moment(account.broken_at)}: {account.broken_for}"
        )
    for one in storms:
        say(
            f"storm {one.storm_id} is delivered again; its breaker was open since {moment(one.opened_at)}: "
            f'{one.copies:,} copies from {clean(one.sender)}, "{clean(one.subject)}"'
        )
